"""Identifiers of other systems, and what they are as ``mimi:`` URIs.

::

    ImUri.parse("im:juliet@a.example").to_mimi()      mimi://a.example/u/juliet
    ImUri.from_mimi(UserUri("a.example", "juliet"))   im:juliet@a.example
    convert(jid, EmailAddress)                        from one form to another

A conversion loses nothing: there and back again is the same identifier. What another form cannot
express raises an error rather than an identifier that is nearly the same. Forms without a domain
(`@juliet`, telephone numbers) take that of a provider from the caller; without one, they belong to
``local.invalid``, which the other forms refuse.
"""

import abc
from typing import ClassVar, Self, TypeVar

from mimi.identity.domain import LOCAL, Domain, domain_of
from mimi.identity.errors import (
    AuthorityError,
    IdentifierError,
    InexpressibleEncodingError,
    InexpressibleNameError,
    InexpressibleTypeError,
    NameCharacterError,
    NameTooLongError,
    NoDomainError,
    NoNameError,
    OtherProviderError,
    SchemeError,
)
from mimi.identity.segment import Segment
from mimi.identity.uri import MimiUri, Part, UserUri


class Foreign(abc.ABC):
    """An identifier of another system; immutable, and compared by its canonical form.

    `str` gives the canonical form.
    """

    __slots__ = ()

    form: ClassVar[str]
    """What the form is called."""

    @classmethod
    @abc.abstractmethod
    def parse(cls, text: str) -> Self:
        """Return the identifier that a text is.

        Raises:
            IdentifierError: It is none of this form; the class says which rule it breaks.
        """

    @abc.abstractmethod
    def to_mimi(self, provider: Domain | str | None = None) -> MimiUri:
        """Return the same identifier as a ``mimi:`` URI.

        Args:
            provider: Whose identifier it is. A form without a domain needs it, or belongs to
                ``local.invalid``; a form with one must have the same.

        Raises:
            NoDomainError: The domain is ``local.invalid``, which stands for none.
            OtherProviderError: The domain is not that of *provider*.
            InexpressibleError: No URI is the same.
        """

    @classmethod
    @abc.abstractmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return what a ``mimi:`` URI is in this form.

        Args:
            uri: The URI.
            provider: Whose identifier it must be. A form without a domain leaves it out.

        Raises:
            InexpressibleTypeError: This form has no identifiers of the URI's type.
            InexpressibleNameError: It allows no such name.
            InexpressibleEncodingError: It cannot keep a needless percent-encoding.
            NoDomainError: It needs a domain, and ``local.invalid`` is none.
            OtherProviderError: The URI is not one of *provider*.
        """

    @property
    @abc.abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """The texts that a reader may be shown."""


Identifier = TypeVar("Identifier", bound=MimiUri | Foreign)


def convert(
    identifier: MimiUri | Foreign, to: type[Identifier], provider: Domain | str | None = None
) -> Identifier:
    """Return an identifier in another form.

    Args:
        identifier: The identifier, in whatever form.
        to: The class of the other form.
        provider: Whose identifier it is; see `Foreign.to_mimi`.

    Raises:
        InexpressibleError: The other form cannot express it.
    """
    uri = identifier if isinstance(identifier, MimiUri) else identifier.to_mimi(provider)
    result: object = to.from_mimi(uri, provider) if issubclass(to, Foreign) else uri
    if not isinstance(result, to):
        raise InexpressibleTypeError(f"{type(uri).__name__} is no {to.__name__}", uri=str(uri))
    return result


def after_scheme(text: str, scheme: str) -> tuple[str, int]:
    """Return what comes after the scheme of a URI, and where.

    Raises:
        SchemeError: It has another scheme, or none.
        AuthorityError: An authority comes after it.
    """
    if text[: len(scheme)].lower() != scheme:
        raise SchemeError(f"no {scheme} URI", 0)
    if text.startswith("//", len(scheme)):
        raise AuthorityError(f"a {scheme} URI has no authority", len(scheme))
    return text[len(scheme) :], len(scheme)


def check_name(name: str, at: int, longest: int | None = None) -> None:
    """Check that there is a name, and that it is not too long.

    Args:
        name: The name.
        at: Where it stands.
        longest: How many octets of UTF-8 it may have.

    Raises:
        NoNameError: It is empty.
        NameTooLongError: It has more octets.
        NameCharacterError: It contains half of a surrogate pair.
    """
    if not name:
        raise NoNameError("an empty name", at)
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise NameCharacterError("half of a surrogate pair", at + error.start) from error
    if longest is not None and length > longest:
        raise NameTooLongError(f"a name of {length} octets where {longest} are allowed", at)


def owner(domain: Domain, provider: Domain | str | None) -> Domain:
    """Return a domain that is one, and that of *provider* if that is given.

    Raises:
        NoDomainError: It is ``local.invalid``.
        OtherProviderError: It is not that of *provider*.
    """
    if domain == LOCAL:
        raise NoDomainError(f"{LOCAL} stands for no domain", domain=str(domain))
    if provider is not None and domain != domain_of(provider):
        raise OtherProviderError(f"{domain} is not {provider}", domain=str(domain))
    return domain


def left_out(uri: MimiUri, provider: Domain | str | None) -> None:
    """Check that a URI is one of the provider whose domain a form leaves out.

    Raises:
        OtherProviderError: It is not.
    """
    expected = LOCAL if provider is None else domain_of(provider)
    if uri.provider != expected:
        raise OtherProviderError(
            f"the form would lose the domain {uri.provider}", domain=str(uri.provider)
        )


def user_of(uri: MimiUri, form: type[Foreign]) -> str:
    """Return the name of the user that a URI is, for a form that has only users.

    Raises:
        InexpressibleTypeError: It is no user.
        InexpressibleEncodingError: Something in the name is needlessly encoded.
    """
    if not isinstance(uri, UserUri):
        raise no_such_type(uri, form)
    return text_of(uri.user)


def no_such_type(uri: MimiUri, form: type[Foreign]) -> InexpressibleTypeError:
    """Return the error that a form has no identifiers of the type of a URI."""
    what = f"{form.__name__} cannot express a {type(uri).__name__}"
    return InexpressibleTypeError(what, uri=str(uri))


def text_of(name: Segment) -> str:
    """Return a name as a text that becomes the same segment again.

    Raises:
        InexpressibleEncodingError: Something in it is needlessly encoded.
    """
    if not name.is_plain:
        raise InexpressibleEncodingError(f"{name} would not be kept", name=str(name))
    return name.text


def no_such_name(error: IdentifierError, form: type[Foreign]) -> InexpressibleNameError:
    """Return the error that a form does not allow a name, or that a URI does not."""
    return InexpressibleNameError(f"not between {form.__name__} and mimi:: {error}", at=error.at)
