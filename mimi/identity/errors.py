"""What is wrong with an identifier, one class for each rule; sections are those of the RFCs."""

import contextlib
from collections.abc import Iterator

from mimi.errors import InvalidError, MalformedError, UsageError

NEEDED = ("confusable_homoglyphs", "fontTools", "precis_i18n")
"""The packages of the extra ``identity``."""


class IdentifierError(MalformedError):
    """A text is no identifier of the form that was asked for.

    Attributes:
        at: The character that breaks the rule, counted from 0; where something is missing, the
            place where it should be, which may be the end of the text.
    """

    def __init__(self, reason: str, at: int, **where: object) -> None:
        super().__init__(reason)
        self.at = at
        self.where = {"at": at, **where}

    def __str__(self) -> str:
        return f"at character {self.at}: {super().__str__()}"


class UriTooLongError(IdentifierError):
    """A URI of more than 65,535 octets, the longest that a message ID can cover."""

    rule = "draft-ietf-mimi-content-08 section 3.3"


class CharacterError(IdentifierError):
    """A character that cannot stand where it does."""

    rule = "RFC 3986 section 2"


class NameCharacterError(IdentifierError):
    """A character that the form does not allow in a name."""

    rule = "RFC 6531 section 3.3, RFC 7622 section 3, Matrix appendix 4.2"


class PercentError(IdentifierError):
    """A percent sign without two hexadecimal digits after it."""

    rule = "RFC 3986 section 2.1"


class EncodingError(IdentifierError):
    """Percent-encoded octets that are not UTF-8."""

    rule = "RFC 3986 section 2.5"


class SchemeError(IdentifierError):
    """A text without the scheme of its form."""

    rule = "RFC 3986 section 3.1"


class AuthorityError(IdentifierError):
    """A ``mimi:`` URI without an authority, or a URI of another scheme that has one."""

    rule = "RFC 3986 section 3.2"


class UserinfoError(IdentifierError):
    """A user before the host of a ``mimi:`` URI, or a password."""

    rule = "RFC 3986 section 3.2.1"


class PortError(IdentifierError):
    """A port: providers are domains, not servers."""

    rule = "draft-ietf-mimi-protocol-06 section 3"


class AddressError(IdentifierError):
    """An IP address, or what others read as one, in place of a domain."""

    rule = "draft-ietf-mimi-protocol-06 section 3"


class QueryError(IdentifierError):
    """A query or parameters: an identifier has none."""

    rule = "RFC 3986 section 3.4"


class FragmentError(IdentifierError):
    """A fragment: an identifier has none."""

    rule = "RFC 3986 section 3.5"


class NoHostError(IdentifierError):
    """No domain where there must be one."""

    rule = "draft-ietf-mimi-protocol-06 section 3"


class EmptyLabelError(IdentifierError):
    """A domain with nothing before, between or after its dots."""

    rule = "RFC 1123 section 2.1"


class LabelTooLongError(IdentifierError):
    """A label of more than 63 octets in its ASCII form."""

    rule = "RFC 1035 section 2.3.4"


class DomainTooLongError(IdentifierError):
    """A domain of more than 253 octets in its ASCII form."""

    rule = "RFC 1035 section 2.3.4"


class LabelError(IdentifierError):
    """A label that is neither of letters, digits and hyphens nor internationalised."""

    rule = "RFC 5891 section 4"


class BidiDomainError(IdentifierError):
    """A label that would change its place or look in a domain that is read from the right."""

    rule = "RFC 5893 section 2"


class EmptySegmentError(IdentifierError):
    """A path segment with nothing in it."""

    rule = "RFC 3986 section 3.3"


class DotSegmentError(IdentifierError):
    """A path segment that is ``.`` or ``..``: it would name another resource."""

    rule = "RFC 3986 section 3.3"


class UnknownTypeError(IdentifierError):
    """A first path segment that is not the letter of a type of identifiers."""

    rule = "draft-mahy-mimi-identity-05 section 4"


class SegmentCountError(IdentifierError):
    """More or fewer path segments than the type has."""

    rule = "draft-mahy-mimi-identity-05 section 4"


class OtherTypeError(IdentifierError):
    """An identifier, but of another type than was asked for: a room for a user."""

    rule = "draft-mahy-mimi-identity-05 section 4"


class GroupIdError(IdentifierError):
    """A group whose name is not the base64url of a group ID."""

    rule = "RFC 4648 section 5"


class SeparatorError(IdentifierError):
    """Nothing that separates a name from its domain."""

    rule = "draft-mahy-mimi-identity-05 section 3"


class SigilError(IdentifierError):
    """A text without the sign that its form begins with."""

    rule = "draft-mahy-mimi-identity-05 section 3"


class NoNameError(IdentifierError):
    """A name with nothing in it."""

    rule = "draft-mahy-mimi-identity-05 section 3"


class NameTooLongError(IdentifierError):
    """A name of more octets than its form allows."""

    rule = "RFC 5321 section 4.5.3.1, RFC 7622 section 3, Matrix appendix 4.2"


class LocalPartError(IdentifierError):
    """The local part of a mailbox that is neither atoms with dots between nor a quoted string."""

    rule = "RFC 5321 section 4.1.2"


class NumberError(IdentifierError):
    """A telephone number that is not global, or has not 1 to 15 digits of which 0 is not first."""

    rule = "E.164 section 6"


class InexpressibleError(InvalidError):
    """An identifier that has no equal in the other form."""

    rule = "draft-mahy-mimi-identity-05 section 4"


class InexpressibleTypeError(InexpressibleError):
    """The other form has no identifiers of this type."""


class InexpressibleNameError(InexpressibleError):
    """The other form allows no such name; the cause says why."""


class InexpressibleEncodingError(InexpressibleError):
    """A name with a needless percent-encoding, which the other form cannot keep."""


class NoDomainError(InexpressibleError):
    """The other form needs a domain, and ``local.invalid`` stands for none."""


class OtherProviderError(InexpressibleError):
    """An identifier of another provider than the one that the other form leaves out."""


class MissingExtraError(UsageError, ImportError):
    """Something was asked for that needs packages which are not installed."""


@contextlib.contextmanager
def extra_for(purpose: str) -> Iterator[None]:
    """Say which extra to install where *purpose* finds no package that it imports.

    Raises:
        MissingExtraError: A package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in NEEDED:
            raise
        raise MissingExtraError(
            f"{purpose} needs more packages: pip install 'mimi[identity]'",
            purpose=purpose,
            missing=error.name,
        ) from error
