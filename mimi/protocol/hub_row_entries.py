"""What stands in the rows of a room at its hub, in octets; see `mimi.protocol.hub_rows`."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct, error
from types import MappingProxyType

import attrs

from mimi.codec import Opaque, UInt32, UInt64, decode_all, encode_all, struct
from mimi.identity import RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import damage
from mimi.policy.blocks import Block
from mimi.policy.room import Count
from mimi.protocol.audience import domain_of
from mimi.protocol.room import Destination

HEAD, PARTICIPANTS, RECENT, ACCEPTED = "hub_room", "participants", "recent", "accepted"
CLIENTS, PROVIDERS, DESTINATIONS, WANTED = "clients", "providers", "destinations", "wanted"

# Sizes

_SIZES = Struct(">QIIIII")


@attrs.frozen
class Sizes:
    """How far a room is, and how large the tables are.

    Attributes:
        timestamp: When something was accepted last, in milliseconds since 1970-01-01T00:00Z.
        members: How many clients there are.
        clients: How many users have them.
        providers: Of how many providers something is kept.
        destinations: How many key packages may be welcomed.
        wanted: How many users the hub wants to have another role.
    """

    timestamp: int
    members: int
    clients: int
    providers: int
    destinations: int
    wanted: int

    def octets(self) -> bytes:
        """Return them as they are stored."""
        return _SIZES.pack(*attrs.astuple(self))

    @classmethod
    def read(cls, octets: bytes) -> "Sizes":
        """Return what was stored.

        Raises:
            DamagedSnapshotError: It is something else.
        """
        if len(octets) != _SIZES.size:
            raise DamagedSnapshotError("so many sizes are not those of a room", HEAD)
        return cls(*_SIZES.unpack(octets))


# How many have each role

_COUNT = Struct(">III")


def count_octets(counts: Mapping[int, Count]) -> bytes:
    """Return how many have each role, as it is stored."""
    return b"".join(
        _COUNT.pack(role, counts[role].participants, counts[role].active) for role in sorted(counts)
    )


def read_counts(octets: bytes) -> Mapping[int, Count]:
    """Return how many have each role.

    Raises:
        DamagedSnapshotError: The octets do not say so.
    """
    if len(octets) % _COUNT.size:
        raise DamagedSnapshotError("a count is cut", HEAD)
    return MappingProxyType(
        {role: Count(listed, active) for role, listed, active in _COUNT.iter_unpack(octets)}
    )


# The participant list

_BLOCK = Struct(">HI")


def block_octets(blocks: Iterable[Block]) -> bytes:
    """Return how a participant list is divided: of each block how many there are, and octets."""
    return b"".join(_BLOCK.pack(block.count, len(block.data)) for block in blocks)


def divided(body: bytes, octets: bytes) -> tuple[Block, ...]:
    """Return the blocks of a participant list.

    Args:
        body: Its encoded entries.
        octets: What `block_octets` has returned.

    Raises:
        DamagedSnapshotError: It is not so long.
    """
    if len(octets) % _BLOCK.size:
        raise DamagedSnapshotError("a block is cut", PARTICIPANTS)
    blocks, at = [], 0
    for count, size in _BLOCK.iter_unpack(octets):
        blocks.append(Block(body[at : at + size], count))
        at += size
    if at != len(body):
        raise DamagedSnapshotError("the participant list has another length", PARTICIPANTS)
    return tuple(blocks)


# Entries of tables


@struct
class NumberEntry:
    """A user, and how many clients it has or which role it is to have."""

    user: Opaque
    number: UInt32


@struct
class DestinationEntry:
    """A claimed key package."""

    reference: Opaque
    provider: Opaque
    not_after: UInt64


@attrs.frozen
class Presence:
    """What is kept of a provider.

    Attributes:
        number: The number of its next notification.
        users: From roles to how many of its users have clients.
    """

    number: int
    users: Mapping[int, int]


def number_octets(shard: Mapping[bytes, int]) -> bytes:
    """Return a shard of users with numbers, as it is stored."""
    return encode_all(NumberEntry(user, shard[user]) for user in sorted(shard))


def read_numbers(row: str, octets: bytes) -> dict[bytes, int]:
    """Return a shard of users with numbers; errors are of what the row's octets are not."""
    with damage(row):
        return {each.user: int(each.number) for each in decode_all(NumberEntry, octets)}


def destination_octets(shard: Mapping[bytes, Destination]) -> bytes:
    """Return a shard of destinations, as it is stored."""
    return encode_all(
        DestinationEntry(at, shard[at].provider.ascii.encode(), UInt64(shard[at].not_after))
        for at in sorted(shard)
    )


def read_destinations(row: str, octets: bytes) -> dict[bytes, Destination]:
    """Return a shard of destinations."""
    with damage(row):
        return {
            each.reference: Destination(domain_of(each.provider), int(each.not_after))
            for each in decode_all(DestinationEntry, octets)
        }


# provider, its length before it; number; how many roles; role, users, and so on. Read with every
# message and every commit, and so without values in between.
_PRESENCE, _USERS = Struct(">QH"), Struct(">II")


def presence_octets(shard: Mapping[bytes, Presence]) -> bytes:
    """Return a shard of providers, as it is stored."""
    pieces: list[bytes] = []
    for provider in sorted(shard):
        users = shard[provider].users
        pieces += (bytes((len(provider),)), provider)
        pieces.append(_PRESENCE.pack(shard[provider].number, len(users)))
        pieces += (_USERS.pack(role, users[role]) for role in sorted(users))
    return b"".join(pieces)


def read_presences(row: str, octets: bytes) -> dict[bytes, Presence]:
    """Return a shard of providers."""
    found: dict[bytes, Presence] = {}
    at = 0
    try:
        while at < len(octets):
            start, at = at + 1, at + 1 + octets[at]
            number, roles = _PRESENCE.unpack_from(octets, at)
            provider, at = octets[start:at], at + _PRESENCE.size
            end = at + roles * _USERS.size
            found[provider] = Presence(number, dict(_USERS.iter_unpack(octets[at:end])))
            at = end
    except error:
        at = -1
    if at != len(octets):
        raise DamagedSnapshotError("a provider is cut", row)
    return found


@lru_cache(maxsize=4096)
def room_of(octets: bytes) -> RoomUri:
    """Return the room whose URI octets are; it raises `IdentifierError`."""
    return RoomUri.parse(octets.decode("ascii", "replace"))
