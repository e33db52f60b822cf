"""Handles and telephone numbers: what people print on their cards.

::

    @juliet@a.example     ScopedHandle       mimi://a.example/u/juliet
    @juliet               UnscopedHandle     mimi://local.invalid/u/juliet, or of a given provider
    +15551234567          PhoneNumber        mimi://local.invalid/u/+15551234567, likewise
    tel:+1-555-123-4567   TelUri             the same

The syntax of handles is nowhere specified: a name here has neither spaces nor invisible
characters, nor "@", "/" or ":". Numbers are checked for their form alone (E.164): which of them
are in use changes every month.
"""

import re
import unicodedata
from typing import Self

import attrs

from mimi.identity.domain import LOCAL, Domain, domain_of
from mimi.identity.errors import (
    FragmentError,
    IdentifierError,
    NameCharacterError,
    NumberError,
    QueryError,
    SeparatorError,
    SigilError,
)
from mimi.identity.foreign import (
    Foreign,
    after_scheme,
    check_name,
    left_out,
    no_such_name,
    user_of,
)
from mimi.identity.mailbox import AtDomain
from mimi.identity.percent import plain
from mimi.identity.uri import MimiUri, Part, UserUri

NUMBER = re.compile(r"\+[1-9][0-9]{0,14}")
SEPARATORS = str.maketrans("", "", "-.()")
"""What may be between the digits of a telephone number in a URI (RFC 3966 section 3)."""


def check_handle(name: str, at: int) -> None:
    """Check the name in a handle that begins at the character *at*.

    Raises:
        NoNameError: It is empty.
        NameCharacterError: It contains what a handle cannot.
    """
    check_name(name, at)
    for index, character in enumerate(name, at):
        category = unicodedata.category(character)
        if character in "@/:" or category[0] == "Z" or category in {"Cc", "Cf"}:
            raise NameCharacterError(f"{character!a} cannot stand in a handle", index)


@attrs.frozen
class ScopedHandle(AtDomain):
    """A handle with a domain: ``@juliet@a.example``."""

    form = "scoped-handle"

    def __attrs_post_init__(self) -> None:
        check_handle(self.name, 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the handle that a text is.

        Raises:
            SigilError: It does not begin with "@".
            SeparatorError: No second "@" comes before a domain.
            IdentifierError: The name or the domain is not right.
        """
        name, separator, domain = _after_sigil(text).partition("@")
        check_handle(name, 1)
        if not separator:
            raise SeparatorError("no @ before a domain", len(text))
        return cls(Domain.read(plain(domain, len(name) + 2)), name)

    def __str__(self) -> str:
        return f"@{self.name}@{self.domain}"


@attrs.frozen
class WithoutDomain(Foreign):
    """A name that is one of some provider, and does not say of which."""

    name: str

    def to_mimi(self, provider: Domain | str | None = None) -> UserUri:
        """Return the user, of *provider* or of ``local.invalid``; see `Foreign.to_mimi`."""
        domain = LOCAL if provider is None else domain_of(provider)
        try:
            return UserUri(domain, self.name)
        except IdentifierError as error:
            raise no_such_name(error, type(self)) from error

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the form of a user, of *provider* or of ``local.invalid``."""
        name = user_of(uri, cls)
        left_out(uri, provider)
        try:
            return cls(name)
        except IdentifierError as error:
            raise no_such_name(error, cls) from error

    @property
    def parts(self) -> tuple[Part, ...]:
        """The name."""
        return (("user", self.name),)


@attrs.frozen
class UnscopedHandle(WithoutDomain):
    """A handle without a domain: ``@juliet``.

    Attributes:
        name: What comes after the "@".

    Raises:
        IdentifierError: There is no such handle.
    """

    form = "unscoped-handle"

    def __attrs_post_init__(self) -> None:
        check_handle(self.name, 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the handle that a text is.

        Raises:
            SigilError: It does not begin with "@".
            IdentifierError: The name is not right.
        """
        name = _after_sigil(text)
        check_handle(name, 1)
        return cls(name)

    def __str__(self) -> str:
        return f"@{self.name}"


@attrs.frozen
class PhoneNumber(WithoutDomain):
    """A telephone number in its international form: ``+15551234567``.

    Attributes:
        name: A plus sign and 1 to 15 digits.

    Raises:
        NumberError: It is something else.
    """

    form = "e164"

    def __attrs_post_init__(self) -> None:
        _check_number(self.name, 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number that a text is.

        Raises:
            NumberError: It is none, or it is written with spaces or the like.
        """
        return cls(text)

    def __str__(self) -> str:
        return self.name


@attrs.frozen
class TelUri(PhoneNumber):
    """The URI of a global telephone number (RFC 3966): ``tel:+15551234567``."""

    form = "tel"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number that a URI names.

        Raises:
            NumberError: It is not a global number.
            QueryError: Parameters come after it, or a query.
            IdentifierError: It is no such URI.
        """
        body, at = after_scheme(text, "tel:")
        end = re.search("[?;#]", body)
        if end is not None:
            error = FragmentError if end[0] == "#" else QueryError
            raise error("more than a number", at + end.start())
        number = body.translate(SEPARATORS)
        _check_number(number, at)
        return cls(number)

    def __str__(self) -> str:
        return f"tel:{self.name}"


def _after_sigil(text: str) -> str:
    if not text.startswith("@"):
        raise SigilError("no @ before the name", 0)
    return text[1:]


def _check_number(number: str, at: int) -> None:
    if not NUMBER.fullmatch(number):
        raise NumberError("no international number of 1 to 15 digits", at)
