"""Addresses of XMPP (RFC 7622) and their URIs (RFC 5122).

::

    a.example                    a provider
    juliet@a.example             a user            xmpp:juliet@a.example
    juliet@a.example/balcony     a client          xmpp:juliet@a.example/balcony

Local parts are in lower case and both they and resources in a form of Unicode that PRECIS
(RFC 8265) prescribes. That of ASCII is known here; for other characters the extra ``identity`` is
needed. A bare address may be a room as well as a user: XMPP does not tell, and here it is a user.
"""

import re
import string
from typing import Self

import attrs

from mimi.identity.domain import Domain, domain_of
from mimi.identity.errors import (
    FragmentError,
    IdentifierError,
    InexpressibleTypeError,
    NameCharacterError,
    QueryError,
    extra_for,
)
from mimi.identity.foreign import (
    Foreign,
    after_scheme,
    check_name,
    no_such_name,
    no_such_type,
    owner,
    text_of,
)
from mimi.identity.percent import PCHAR, UNRESERVED, Decoded, decode, encode, plain
from mimi.identity.uri import ClientUri, MimiUri, Part, ProviderUri, UserUri, domain_at

LONGEST_PART = 1023
"""Octets of a local part or a resource (RFC 7622 section 3)."""

EXCLUDED = re.compile("""["&'/:<>@]""")
"""What local parts may not contain, though it may be in other user names (section 3.3.1)."""

NODE = UNRESERVED | frozenset("!$()*+,;=")
"""What a local part in a URI may contain as it is (RFC 5122 section 2.2)."""

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _local(local: str | None) -> str | None:
    return None if local is None else _enforced_local(plain(local))


def _resource(resource: str | None) -> str | None:
    return None if resource is None else _enforced_resource(plain(resource))


@attrs.frozen
class Jid(Foreign):
    """An address of XMPP: of a provider, a user or a client.

    Attributes:
        domain: The domain.
        local: The name of a user; None for a provider.
        resource: The name of a client; None for a user or a provider.

    Raises:
        IdentifierError: A part is not allowed.
        MissingExtraError: A part is not of ASCII, and the extra ``identity`` is not installed.
    """

    form = "jid"

    domain: Domain = attrs.field(converter=domain_of)
    local: str | None = attrs.field(converter=_local, default=None)
    resource: str | None = attrs.field(converter=_resource, default=None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a text is.

        Raises:
            IdentifierError: It is none; the class says which rule it breaks.
        """
        bare, slash, resource = text.partition("/")
        local, separator, domain = bare.rpartition("@")
        if "@" in local:
            raise NameCharacterError("a second @", bare.index("@", bare.index("@") + 1))
        at = len(local) + len(separator)
        return cls(
            Domain.read(plain(domain, at)),
            _enforced_local(plain(local)) if separator else None,
            _enforced_resource(plain(resource, len(bare) + 1)) if slash else None,
        )

    def to_mimi(self, provider: Domain | str | None = None) -> MimiUri:
        """Return the provider, user or client; see `Foreign.to_mimi`."""
        domain = owner(self.domain, provider)
        try:
            match self.local, self.resource:
                case None, None:
                    return ProviderUri(domain)
                case str() as local, None:
                    return UserUri(domain, local)
                case str() as local, str() as resource:
                    return ClientUri(domain, resource, local)
        except IdentifierError as error:
            raise no_such_name(error, type(self)) from error
        raise InexpressibleTypeError(f"{self} is a client of no user", jid=str(self))

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the address of a provider, user or client; see `Foreign.from_mimi`."""
        local = resource = None
        match uri:
            case ProviderUri():
                pass
            case UserUri(user=user) | ClientUri(user=user) if user is not None:
                local = text_of(user)
                resource = text_of(uri.client) if isinstance(uri, ClientUri) else None
            case _:
                raise no_such_type(uri, cls)
        domain = owner(uri.provider, provider)
        try:
            jid = cls(domain, local, resource)
        except IdentifierError as error:
            raise no_such_name(error, cls) from error
        if (jid.local, jid.resource) != (local, resource):
            raise no_such_name(NameCharacterError("a name that is another one in XMPP", 0), cls)
        return jid

    @property
    def parts(self) -> tuple[Part, ...]:
        """The domain, for people, and the names."""
        names = (("user", self.local), ("client", self.resource))
        given = ((what, name) for what, name in names if name is not None)
        return ("provider", self.domain.unicode), *given

    def __str__(self) -> str:
        local = "" if self.local is None else f"{self.local}@"
        resource = "" if self.resource is None else f"/{self.resource}"
        return f"{local}{self.domain.unicode}{resource}"


@attrs.frozen
class XmppUri(Jid):
    """The URI of an address of XMPP: ``xmpp:juliet@a.example``."""

    form = "xmpp"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a URI names.

        Raises:
            QueryError: It says what to do at the address.
            FragmentError: It has a fragment.
            IdentifierError: It is none; the class says which rule it breaks.
        """
        body, at = after_scheme(text, "xmpp:")
        end = re.search("[?#]", body)
        if end is not None:
            error = FragmentError if end[0] == "#" else QueryError
            raise error("more than an address", at + end.start())
        bare, slash, resource = body.partition("/")
        local, separator, domain = bare.rpartition("@")
        behind = at + len(bare) + 1
        return cls(
            domain_at(domain, at + len(local) + len(separator)),
            _enforced_local(decode(local, NODE, at)) if separator else None,
            _enforced_resource(decode(resource, PCHAR, behind)) if slash else None,
        )

    def __str__(self) -> str:
        local = "" if self.local is None else f"{encode(self.local, NODE)}@"
        resource = "" if self.resource is None else f"/{encode(self.resource, PCHAR - {'@'})}"
        return f"xmpp:{local}{encode(self.domain.unicode)}{resource}"


def _enforced_local(decoded: Decoded) -> str:
    """Return a local part in the form that all its spellings share."""
    name = _enforced(decoded, "UsernameCaseMapped", name_pattern=r"[\x21-\x7e]*")
    match = EXCLUDED.search(name)
    if match is not None:
        raise NameCharacterError(f"{match[0]!a} in a local part", _place(decoded, match.start()))
    return name.translate(LOWER)


def _enforced_resource(decoded: Decoded) -> str:
    """Return a resource in the form that all its spellings share."""
    return _enforced(decoded, "OpaqueString", name_pattern=r"[\x20-\x7e]*")


def _enforced(decoded: Decoded, profile: str, *, name_pattern: str) -> str:
    """Return a text as a profile of PRECIS prescribes, but for capitals of ASCII.

    Args:
        decoded: The text.
        profile: The profile.
        name_pattern: What of ASCII it allows.
    """
    check_name(decoded.text, decoded.places[0])
    text = decoded.text
    if text.isascii():
        match = re.match(name_pattern, text)
        end = 0 if match is None else match.end()
        if end < len(text):
            raise NameCharacterError(f"{text[end]!a} cannot stand here", decoded.places[end])
    else:
        text = _by_library(decoded, profile)
    check_name(text, decoded.places[0], LONGEST_PART)
    return text


def _by_library(decoded: Decoded, profile: str) -> str:
    with extra_for("an XMPP address beyond ASCII"):
        import precis_i18n  # noqa: PLC0415 - needed for few addresses, and not always there
    try:
        return precis_i18n.get_profile(profile).enforce(decoded.text)
    except UnicodeEncodeError as error:
        what = f"PRECIS does not allow it: {error.reason}"
        raise NameCharacterError(what, _place(decoded, error.start)) from error


def _place(decoded: Decoded, index: int) -> int:
    """Return the place of a character; the last one's, if normalising made the text longer."""
    return decoded.places[min(index, len(decoded.places) - 1)]
