"""The entries of a participant list in blocks, of which a change makes one anew.

::

    list     block | block | block | ...
    block    entry, entry, ...           a user with its length, a role of four octets

A block is its octets: who is in it is read when somebody asks. So a list of ten thousand costs
nothing to open, and a user's role is found in it by a search of octets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mimi.codec import encode, encode_length
from mimi.policy.structures import UserRolePair

BLOCK = 128
"""How many participants stand together, so that a change copies no more than that."""
_ROLE = 4


class Block:
    """Some consecutive participants: a value.

    Args:
        data: Their encoded entries, which are well-formed.
        count: How many they are.
    """

    __slots__ = ("_users", "count", "data")

    def __init__(self, data: bytes, count: int, users: tuple[bytes, ...] | None = None) -> None:
        self.data = data
        self.count = count
        self._users = users

    @classmethod
    def of(cls, pairs: Sequence[UserRolePair]) -> "Block":
        """Return the block of some entries."""
        users = tuple(pair.user for pair in pairs)
        return cls(b"".join(map(encode, pairs)), len(users), users)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"Block({self.count} users)"

    @property
    def users(self) -> tuple[bytes, ...]:
        """Who they are."""
        if self._users is None:
            data = self.data
            self._users = tuple(data[start:end] for start, end in _places(data))
        return self._users

    def role_of(self, user: bytes) -> int | None:
        """Return a participant's role; None for who is not in the block."""
        prefix = encode_length(len(user))
        data, entry = self.data, prefix + user
        at = data.find(entry)
        while at >= 0:
            end = at + len(entry)
            if any(start == at + len(prefix) and last == end for start, last in _places(data)):
                return int.from_bytes(data[end : end + _ROLE], "big")
            at = data.find(entry, at + 1)  # it was within another's entry
        return None

    def entries(self) -> Iterator[tuple[bytes, int]]:
        """Return the participants with their roles."""
        data = self.data
        for start, end in _places(data):
            yield data[start:end], int.from_bytes(data[end : end + _ROLE], "big")

    def replaced(self, at: int, entry: UserRolePair | None) -> "Block":
        """Return the block in which an entry is another one, or None for one that goes."""
        users = self.users
        begin = _size(users[:at])
        end = begin + _size(users[at : at + 1])
        new, data = ((), b"") if entry is None else ((entry.user,), encode(entry))
        kept = (*users[:at], *new, *users[at + 1 :])
        return Block(b"".join((self.data[:begin], data, self.data[end:])), len(kept), kept)

    def joined(self, more: "Block") -> "Block":
        """Return the block of these participants and others after them."""
        users = self.users + more.users
        return Block(self.data + more.data, len(users), users)


def _size(users: Sequence[bytes]) -> int:
    """Return the octets of entries."""
    lengths = [*map(len, users)]
    longer = sum(len(encode_length(each)) - 1 for each in lengths if each >= 64)
    return sum(lengths) + (1 + _ROLE) * len(lengths) + longer


def _places(data: bytes) -> Iterator[tuple[int, int]]:
    """Return where each user begins and ends; what is cut short ends behind the data."""
    at, size = 0, len(data)
    while at < size:
        first = data[at]
        if first < 64:  # by far most
            start, length = at + 1, first
        else:
            start = at + (1 << (first >> 6))
            length = int.from_bytes(data[at:start], "big") & (1 << 8 * (start - at) - 2) - 1
        yield start, start + length
        at = start + length + _ROLE


def blocks_of(pairs: Sequence[UserRolePair]) -> Iterator[Block]:
    """Return entries in blocks."""
    return (Block.of(pairs[at : at + BLOCK]) for at in range(0, len(pairs), BLOCK))


def body_of(data: bytes) -> bytes | None:
    """Return the encoded entries of the data of a list; None where its length is not theirs."""
    body = data[1 << (data[0] >> 6) :] if data else b""
    return body if data == encode_length(len(body)) + body else None


def stored_blocks(data: bytes) -> tuple[Block, ...] | None:
    """Return the blocks of a list that was checked before; None where it does not parse."""
    body = body_of(data)
    if body is None:
        return None
    blocks: list[Block] = []
    begin = count = at = 0
    for _, end in _places(body):
        at, count = end + _ROLE, count + 1
        if count == BLOCK:
            blocks.append(Block(body[begin:at], count))
            begin, count = at, 0
    if at != len(body):
        return None
    if count:
        blocks.append(Block(body[begin:], count))
    return tuple(blocks)


class Roles(Mapping[bytes, int]):
    """From participants to their roles, as they stand in blocks.

    The first few are searched for; if more are asked for, or all, they are read.

    Args:
        blocks: The blocks.
    """

    __slots__ = ("_asked", "_count", "_read", "blocks")

    SEARCHED = 8
    """For so many a search is the quicker way."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks
        self._asked = 0
        self._count = sum(block.count for block in blocks)
        self._read: dict[bytes, int] | None = None

    @property
    def is_read(self) -> bool:
        """Whether all of them were read."""
        return self._read is not None

    @property
    def table(self) -> dict[bytes, int]:
        """All of them, not to be changed."""
        if self._read is None:
            self._read = {user: role for block in self.blocks for user, role in block.entries()}
        return self._read

    def _find(self, user: bytes) -> int | None:
        if self._read is None and self._asked < self.SEARCHED:
            self._asked += 1
            found = (block.role_of(user) for block in self.blocks)
            return next((role for role in found if role is not None), None)
        return self.table.get(user)

    def get(self, user: bytes, default: Any = None) -> Any:
        """Return a participant's role."""
        role = self._find(user)
        return default if role is None else role

    def __getitem__(self, user: bytes) -> int:
        role = self._find(user)
        if role is None:
            raise KeyError(user)
        return role

    def __contains__(self, user: Any) -> bool:
        return self._find(user) is not None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.table)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Roles({len(self)} users)"
