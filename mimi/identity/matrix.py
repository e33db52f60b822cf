"""Identifiers of Matrix (specification, appendix 4.2).

::

    @juliet:a.example      MatrixUser     mimi://a.example/u/juliet
    !opaque:a.example      MatrixRoom     mimi://a.example/r/!opaque
    #verona:a.example      MatrixAlias    mimi://a.example/r/verona

The name of a room keeps its ``!``, so that a room and its alias stay apart. Rooms since version 12
have no domain and are no rooms of a provider: they are refused, and so are ports and IP addresses.
"""

import re
from typing import ClassVar, Self

import attrs

from mimi.identity.domain import Domain, domain_of
from mimi.identity.errors import (
    AddressError,
    IdentifierError,
    InexpressibleNameError,
    NameCharacterError,
    NameTooLongError,
    PortError,
    SeparatorError,
    SigilError,
)
from mimi.identity.foreign import (
    Foreign,
    check_name,
    no_such_name,
    no_such_type,
    owner,
    text_of,
    user_of,
)
from mimi.identity.percent import plain
from mimi.identity.uri import MimiUri, Part, RoomUri, UserUri

LONGEST = 255
"""Octets of a whole identifier."""


@attrs.frozen
class MatrixId(Foreign):
    """An identifier of Matrix.

    Attributes:
        domain: The server's name.
        name: What stands between the sign and the colon.

    Raises:
        IdentifierError: The form allows no such domain or name.
    """

    sigil: ClassVar[str]
    forbidden: ClassVar[re.Pattern[str]] = re.compile(r"[^\x21-\x39\x3b-\x7e]")
    what: ClassVar[str]

    domain: Domain = attrs.field(converter=domain_of)
    name: str

    def __attrs_post_init__(self) -> None:
        check_name(self.name, 0)
        self._check_characters(self.name, 0)
        length = len(str(self).encode())
        if length > LONGEST:
            raise NameTooLongError(f"an identifier of {length} octets", 0)

    @classmethod
    def _check_characters(cls, name: str, at: int) -> None:
        match = cls.forbidden.search(name)
        if match is not None:
            raise NameCharacterError(f"{match[0]!a} cannot stand here", at + match.start())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the identifier that a text is.

        Raises:
            SigilError: It does not begin with the sign of its kind.
            SeparatorError: No colon comes before a domain.
            PortError: A port comes after the domain.
            IdentifierError: The name or the domain is not right.
        """
        if not text.startswith(cls.sigil):
            raise SigilError(f"no {cls.sigil} before the name", 0)
        name, separator, server = text[1:].partition(":")
        check_name(name, 1)
        cls._check_characters(name, 1)
        if not separator:
            raise SeparatorError("no colon before a domain", len(text))
        at = len(name) + 2
        if server.startswith("["):
            raise AddressError("an IP address is no provider", at)
        if ":" in server:
            raise PortError("a provider has no port", at + server.index(":"))
        foreign = re.search(r"[^\x00-\x7f]", server)
        if foreign is not None:
            raise NameCharacterError(
                f"{foreign[0]!a} in the name of a server", at + foreign.start()
            )
        return cls(Domain.read(plain(server, at)), name)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The domain, for people, and the name."""
        return ("provider", self.domain.unicode), (self.what, self.name)

    def __str__(self) -> str:
        return f"{self.sigil}{self.name}:{self.domain}"


@attrs.frozen
class MatrixUser(MatrixId):
    """A user of Matrix; names of the older, wider grammar are allowed."""

    form = "matrix-user"
    sigil = "@"
    what = "user"

    def to_mimi(self, provider: Domain | str | None = None) -> UserUri:
        """Return the user; see `Foreign.to_mimi`."""
        domain = owner(self.domain, provider)
        try:
            return UserUri(domain, self.name)
        except IdentifierError as error:
            raise no_such_name(error, type(self)) from error

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the user; see `Foreign.from_mimi`."""
        name, domain = user_of(uri, cls), owner(uri.provider, provider)
        try:
            return cls(domain, name)
        except IdentifierError as error:
            raise no_such_name(error, cls) from error


@attrs.frozen
class MatrixRoom(MatrixId):
    """A room of Matrix, by its ID."""

    form = "matrix-room"
    sigil = "!"
    what = "room"

    def to_mimi(self, provider: Domain | str | None = None) -> RoomUri:
        """Return the room; see `Foreign.to_mimi`."""
        return RoomUri(owner(self.domain, provider), f"!{self.name}")

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the room whose name begins with ``!``; see `Foreign.from_mimi`."""
        name, domain = _room(uri, cls), owner(uri.provider, provider)
        if not name.startswith("!"):
            raise InexpressibleNameError("the name is that of an alias", name=name)
        try:
            return cls(domain, name[1:])
        except IdentifierError as error:
            raise no_such_name(error, cls) from error


@attrs.frozen
class MatrixAlias(MatrixId):
    """A name that people give to a room of Matrix."""

    form = "matrix-alias"
    sigil = "#"
    what = "room"
    forbidden = re.compile("[\x00:]")

    def to_mimi(self, provider: Domain | str | None = None) -> RoomUri:
        """Return the room; see `Foreign.to_mimi`."""
        domain = owner(self.domain, provider)
        if self.name.startswith("!"):
            raise InexpressibleNameError("the name would be that of a room ID", name=self.name)
        try:
            return RoomUri(domain, self.name)
        except IdentifierError as error:
            raise no_such_name(error, type(self)) from error

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the alias for a room; see `Foreign.from_mimi`."""
        name, domain = _room(uri, cls), owner(uri.provider, provider)
        if name.startswith("!"):
            raise InexpressibleNameError("the name is that of a room ID", name=name)
        try:
            return cls(domain, name)
        except IdentifierError as error:
            raise no_such_name(error, cls) from error


def _room(uri: MimiUri, form: type[Foreign]) -> str:
    if not isinstance(uri, RoomUri):
        raise no_such_type(uri, form)
    return text_of(uri.room)
