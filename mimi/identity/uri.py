"""``mimi:`` URIs, typed (draft-ietf-mimi-protocol-06 section 3, draft-mahy-mimi-identity-05).

::

    mimi://a.example                     ProviderUri
    mimi://a.example/u/alice             UserUri
    mimi://a.example/p/crazykoala75      PseudonymUri
    mimi://a.example/d/ClientA1          ClientUri
    mimi://a.example/d/alice/ClientA1    ClientUri, of a user
    mimi://a.example/r/clubhouse         RoomUri
    mimi://a.example/g/TII9t5viBrXiXc    GroupUri
    mimi://a.example/t/engineering       TeamUri

The drafts give examples and no grammar. This is the one implemented, on top of RFC 3986::

    mimi-URI = "mimi://" domain [ "/" ]
             / "mimi://" domain "/" type 1*2( "/" 1*pchar )

There is no user, no port, no query and no fragment. A URI has one canonical form, which `str`
gives and by which it is compared: scheme and domain in lower case, the domain of A-labels; in
names, unreserved characters as they are and capitals in what is encoded. Delimiters in names stay
as they are written, for ``%40`` is not ``@`` (section 2.2). Names are compared by their octets:
they are not normalised as Unicode, since only their provider knows which are the same.
"""

import abc
import base64
import binascii
import re
import sys
from typing import ClassVar, Self, TypeAlias

import attrs

from mimi.identity.domain import Domain, domain_of
from mimi.identity.errors import (
    AddressError,
    AuthorityError,
    CharacterError,
    FragmentError,
    GroupIdError,
    OtherTypeError,
    PortError,
    QueryError,
    SchemeError,
    SegmentCountError,
    UnknownTypeError,
    UriTooLongError,
    UserinfoError,
)
from mimi.identity.percent import (
    FIRST_OUTSIDE_URIS,
    PCHAR,
    REG_NAME,
    URI,
    decode,
    encode,
)
from mimi.identity.segment import Name, Segment, segment_of

SCHEME = "mimi:"
LONGEST_URI = 65_535
"""Octets: message IDs cover the length of a URI in 16 bits."""

_ALLOWED = re.escape("".join(sorted(URI)))
NO_URI = re.compile(f"[^{_ALLOWED}]")
NO_IRI = re.compile(f"[^{_ALLOWED}{chr(FIRST_OUTSIDE_URIS)}-{chr(sys.maxunicode)}]")
BEHIND_PATH = re.compile("[?#]")

Part: TypeAlias = tuple[str, str]
"""What a part of an identifier is called, and its text as a reader sees it."""


@attrs.frozen
class MimiUri(abc.ABC):
    """A ``mimi:`` URI of any type.

    Attributes:
        provider: The domain whose identifier it is.
    """

    letter: ClassVar[str] = ""
    """The first path segment."""

    provider: Domain = attrs.field(converter=domain_of)

    def __attrs_post_init__(self) -> None:
        length = len(str(self))
        if length > LONGEST_URI:
            raise UriTooLongError(f"a URI of {length} octets", LONGEST_URI)

    @property
    @abc.abstractmethod
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The names after the type, each with what it is the name of."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the identifier that a URI is; of a class of one type, only one of that type.

        Raises:
            OtherTypeError: It is an identifier of another type.
            IdentifierError: It is none; the class says which rule it breaks.
        """
        return cls._parsed(text, iri=False)

    @classmethod
    def from_iri(cls, text: str) -> Self:
        """Return the identifier that is written with characters beyond ASCII (RFC 3987).

        Errors are those of `parse`.
        """
        return cls._parsed(text, iri=True)

    @classmethod
    def from_path_segment(cls, segment: str) -> Self:
        """Return the identifier that is a segment of the path of an HTTP request.

        Raises:
            IdentifierError: It is none. Places are those in the decoded segment, but for what
                is wrong with its encoding.
        """
        return cls.parse(decode(segment, PCHAR).text)

    @classmethod
    def _parsed(cls, text: str, *, iri: bool) -> Self:
        uri, at = _read(text, iri=iri)
        if not isinstance(uri, cls):
            raise OtherTypeError(f"{type(uri).__name__} where {cls.__name__} is meant", at)
        return uri

    @property
    def provider_uri(self) -> "ProviderUri":
        """The provider whose identifier it is."""
        return ProviderUri(self.provider)

    @property
    def path_segment(self) -> str:
        """The URI as a segment of the path of an HTTP request: ``{roomId}``, ``{targetUser}``."""
        return encode(str(self))

    @property
    def iri(self) -> str:
        """The form for people, with characters beyond ASCII as they are (RFC 3987 section 3.2).

        What is not printable, and formatting characters in particular, stays encoded. Whether
        the form can be told from that of others is for `mimi.identity.eye` to say.
        """
        paths = "".join(f"/{_for_people(segment)}" for segment in self._path)
        return f"{SCHEME}//{self.provider.unicode}{paths}"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The texts that a reader may be shown."""
        names = ((what, segment.text) for what, segment in self.names)
        return ("provider", self.provider.unicode), *names

    @property
    def _path(self) -> tuple[str, ...]:
        names = tuple(segment.encoded for _, segment in self.names)
        return (self.letter, *names) if names else ()

    def __str__(self) -> str:
        return f"{SCHEME}//{self.provider}" + "".join(f"/{segment}" for segment in self._path)


def _optional(name: Name | None) -> Segment | None:
    return None if name is None else segment_of(name)


def _for_people(encoded: str) -> str:
    characters = decode(encoded, PCHAR).text
    if encode(characters, PCHAR) != encoded:
        return encoded  # delimiters that are encoded would be lost
    shown = PCHAR.union(
        letter
        for letter in characters
        if ord(letter) >= FIRST_OUTSIDE_URIS and letter.isprintable() and not letter.isspace()
    )
    return encode(characters, shown)


@attrs.frozen
class ProviderUri(MimiUri):
    """A provider: a domain."""

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """None: a provider is only a domain."""
        return ()


@attrs.frozen
class UserUri(MimiUri):
    """A user, by handle or by account.

    Attributes:
        user: The name that the provider knows the user by.
    """

    letter: ClassVar[str] = "u"

    user: Segment = attrs.field(converter=segment_of)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The user's name."""
        return (("user", self.user),)

    def client(self, client: Name) -> "ClientUri":
        """Return the client of this user that has such a name.

        Raises:
            IdentifierError: There can be none of that name.
        """
        return ClientUri(self.provider, client, self.user)


@attrs.frozen
class PseudonymUri(MimiUri):
    """A user who conceals who it is.

    Attributes:
        pseudonym: The name that the provider knows the user by.
    """

    letter: ClassVar[str] = "p"

    pseudonym: Segment = attrs.field(converter=segment_of)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The pseudonym."""
        return (("pseudonym", self.pseudonym),)


@attrs.frozen
class ClientUri(MimiUri):
    """A client, which is a device or a program of a user.

    Attributes:
        client: The name of the client: among all of the provider, or among those of the user.
        user: The name of the user, in the form ``/d/user/client``; None in the form ``/d/client``.
    """

    letter: ClassVar[str] = "d"

    client: Segment = attrs.field(converter=segment_of)
    user: Segment | None = attrs.field(converter=_optional, default=None)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The names of the user, if it is known, and of the client."""
        client = ("client", self.client)
        return (client,) if self.user is None else (("user", self.user), client)

    @property
    def user_uri(self) -> UserUri | None:
        """Whose client it is; None where the URI does not say."""
        return None if self.user is None else UserUri(self.provider, self.user)


@attrs.frozen
class RoomUri(MimiUri):
    """A room.

    Attributes:
        room: The name that the hub knows the room by.
    """

    letter: ClassVar[str] = "r"

    room: Segment = attrs.field(converter=segment_of)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The room's name."""
        return (("room", self.room),)


@attrs.frozen
class GroupUri(MimiUri):
    """An MLS group.

    In MLS a group ID is octets. A URI names the group by their base64url, without padding; a
    provider that makes the URI itself the group ID may take any name.

    Attributes:
        group: The name of the group.
    """

    letter: ClassVar[str] = "g"

    group: Segment = attrs.field(converter=segment_of)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The group's name."""
        return (("group", self.group),)

    @classmethod
    def of_group_id(cls, provider: Domain | str, group_id: bytes) -> "GroupUri":
        """Return the URI of the group with an MLS group ID.

        Raises:
            EmptySegmentError: The group ID has no octets.
        """
        return cls(provider, base64.urlsafe_b64encode(group_id).rstrip(b"=").decode("ascii"))

    @property
    def group_id(self) -> bytes:
        """The MLS group ID that the name is the base64url of.

        Raises:
            GroupIdError: It is that of none.
        """
        text = self.group.encoded
        at = len(str(self)) - len(text)
        try:
            octets = base64.b64decode(f"{text}{'=' * (-len(text) % 4)}", b"-_", validate=True)
        except binascii.Error as error:
            raise GroupIdError(f"no base64url: {error}", at) from error
        if base64.urlsafe_b64encode(octets).rstrip(b"=") != text.encode("ascii"):
            raise GroupIdError("base64url that has another form", at)
        return octets


@attrs.frozen
class TeamUri(MimiUri):
    """A team, workspace or tenant: a set of users.

    Attributes:
        team: The name that the provider knows the team by.
    """

    letter: ClassVar[str] = "t"

    team: Segment = attrs.field(converter=segment_of)

    @property
    def names(self) -> tuple[tuple[str, Segment], ...]:
        """The team's name."""
        return (("team", self.team),)


Participant: TypeAlias = UserUri | PseudonymUri
"""Who can be in a room: local policy decides which of the two a pseudonym is."""

_NAMED: dict[str, type[UserUri | PseudonymUri | RoomUri | GroupUri | TeamUri]] = {
    kind.letter: kind for kind in (UserUri, PseudonymUri, RoomUri, GroupUri, TeamUri)
}

TYPES: dict[str, type[MimiUri]] = {"": ProviderUri, ClientUri.letter: ClientUri, **_NAMED}
"""The types by their letters."""

_Placed: TypeAlias = tuple[Segment, int]


def _read(text: str, *, iri: bool) -> tuple[MimiUri, int]:
    """Return what a URI is, and where its type stands."""
    body = len(SCHEME) + len("//")
    _check_form(text, iri=iri)
    authority, slash, path = text[body:].partition("/")
    provider = _authority(authority, body, iri=iri)
    if not path:
        return ProviderUri(provider), body + len(authority)
    segments, at = [], body + len(authority) + len(slash)
    for segment in path.split("/"):
        segments.append((Segment.read(segment, at, iri=iri), at))
        at += len(segment) + 1
    return _typed(provider, segments, len(text)), segments[0][1]


def _check_form(text: str, *, iri: bool) -> None:
    """Check what a URI has and what it must not have, before it is taken apart."""
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_URI:
        raise UriTooLongError(f"a URI of more than {LONGEST_URI} octets", LONGEST_URI)
    foreign = (NO_IRI if iri else NO_URI).search(text)
    if foreign is not None:
        raise CharacterError(f"{foreign[0]!a} cannot stand in a URI", foreign.start())
    if text[: len(SCHEME)].lower() != SCHEME:
        raise SchemeError("no mimi: URI", 0)
    if not text.startswith("//", len(SCHEME)):
        raise AuthorityError("no // after the scheme", len(SCHEME))
    end = BEHIND_PATH.search(text)
    if end is not None and end[0] == "?":
        raise QueryError("an identifier has no query", end.start())
    if end is not None:
        raise FragmentError("an identifier has no fragment", end.start())


def _authority(authority: str, at: int, *, iri: bool) -> Domain:
    if "@" in authority:
        raise UserinfoError("a user or a password before the domain", at)
    return domain_at(authority, at, iri=iri)


def domain_at(host: str, at: int, *, iri: bool = False) -> Domain:
    """Return the domain that is the host of a URI, from the character *at* on.

    Raises:
        AddressError: It is an IP address.
        PortError: A port comes after it.
        IdentifierError: It is no domain: one of the errors of `Domain.read`.
    """
    if host.startswith("["):
        raise AddressError("an IP address is no provider", at)
    if ":" in host:
        raise PortError("a provider has no port", at + host.index(":"))
    return Domain.read(decode(host, REG_NAME, at, iri=iri))


def _typed(provider: Domain, segments: list[_Placed], end: int) -> MimiUri:
    (letter, at), *names = segments
    most = 2 if letter.encoded == ClientUri.letter else 1
    kind = _NAMED.get(letter.encoded)
    if kind is None and most == 1:
        raise UnknownTypeError(f"no type {letter.encoded!r}", at)
    if not names:
        raise SegmentCountError("a type without a name", end)
    if len(names) > most:
        raise SegmentCountError(f"more than {most} after the type", names[most][1])
    if kind is not None:
        return kind(provider, names[0][0])
    user = names[0][0] if len(names) == 2 else None
    return ClientUri(provider, names[-1][0], user)


def parse(text: str) -> MimiUri:
    """Return the identifier that a URI is, as an instance of the class of its type.

    Raises:
        IdentifierError: It is none; the class says which rule it breaks.
    """
    return MimiUri.parse(text)


def canonical(text: str) -> str:
    """Return the canonical form of a ``mimi:`` URI.

    Raises:
        IdentifierError: It is none; the class says which rule it breaks.
    """
    return str(parse(text))


def is_equivalent(first: str, second: str) -> bool:
    """Return whether two ``mimi:`` URIs are the same identifier.

    Raises:
        IdentifierError: One of them is none; the class says which rule it breaks.
    """
    return parse(first) == parse(second)


__all__ = [
    "LONGEST_URI",
    "TYPES",
    "ClientUri",
    "GroupUri",
    "MimiUri",
    "Part",
    "Participant",
    "ProviderUri",
    "PseudonymUri",
    "RoomUri",
    "TeamUri",
    "UserUri",
    "canonical",
    "domain_at",
    "is_equivalent",
    "parse",
]
