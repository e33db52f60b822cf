"""Keys and where they are, in shards that can be stored one by one.

A key's shard follows from its checksum and from how many entries there are: with w shards, from
the last bits of the checksum, so many as w - 1 has, or one less where that shard does not exist yet
(linear hashing). One entry more or fewer splits or joins one shard at most, in whatever order keys
come and go::

    w = 5:   0 00   01   10   11   1 00        the next to be split is 01

Who chooses keys can choose their shard, whatever the hash: with so few bits, by trying. All that
comes of it is one shard that is longer, by what that member has in the tree.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from zlib import crc32

FULL = 16
"""How many entries there are for each shard, on the average."""

V = TypeVar("V")

Shard: TypeAlias = dict[bytes, int]


def address(key: bytes, width: int) -> int:
    """Return the number of the shard, of so many, in which a key is or would be."""
    mask = (1 << (width - 1).bit_length()) - 1
    at = crc32(key) & mask
    return at if at < width else at & mask >> 1


def width_of(entries: int) -> int:
    """Return how many shards so many entries have."""
    return max(1, -(-entries // FULL))


def _elder(number: int) -> int:
    """Return the shard that was split when this one came."""
    return number - (1 << number.bit_length() - 1)


class ShardSource(Protocol[V]):
    """Where shards are stored that were not read yet."""

    def shard(self, number: int) -> dict[bytes, V]:
        """Return a shard, the same object every time."""

    def find(self, number: int, key: bytes) -> V | None:
        """Return the place of a key that is or would be in a shard, None where there is none."""

    def lost(self, key: bytes, number: int) -> Exception:
        """Return the error that a key is not in the shard where it must be."""


class Nowhere:
    """The source of shards that are all there."""

    def shard(self, number: int) -> dict[bytes, Any]:
        """Return a shard: there is none to be read."""
        raise IndexError(number)

    def find(self, number: int, key: bytes) -> Any:
        """Return the place of a key: none is here."""
        raise IndexError(number, key)

    def lost(self, key: bytes, number: int) -> Exception:
        """Return the error that a key is not there."""
        return KeyError(key, number)


_State: TypeAlias = tuple[tuple[dict[bytes, V] | None, ...], frozenset[bytes], Mapping[bytes, V]]
"""The shards, None for one that is as it is stored; which keys go from them, and which come."""

NO_KEYS: frozenset[bytes] = frozenset()
NO_ENTRIES: Mapping[bytes, Any] = MappingProxyType({})


class Shards(Generic[V]):
    """An immutable map from keys to places, or what else there is of them, in shards.

    It is a `mimi.tree.index.KeyMap` for storing.

    A change is noted, and made when the next one comes or the shards are asked for: until then the
    shards from which keys go need not be read.
    """

    __slots__ = ("_length", "_state", "source")

    def __init__(self, source: ShardSource[V], length: int, state: _State[V]) -> None:
        self.source = source
        self._length = length
        self._state = state

    @classmethod
    def of(cls, entries: Iterable[tuple[bytes, V]]) -> "Shards[V]":
        """Return a map of some entries."""
        listed = dict(entries)
        width = width_of(len(listed))
        shards: tuple[dict[bytes, V], ...] = tuple({} for _ in range(width))
        for key, place in listed.items():
            shards[address(key, width)][key] = place
        return cls(Nowhere(), len(listed), (shards, NO_KEYS, NO_ENTRIES))

    @classmethod
    def stored(cls, source: ShardSource[V], length: int) -> "Shards[V]":
        """Return a map of so many entries whose shards are read as far as they are asked for."""
        return cls(source, length, ((None,) * width_of(length), NO_KEYS, NO_ENTRIES))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.width):
            yield from self.shard(number)

    def items(self) -> Iterator[tuple[bytes, V]]:
        """Yield the keys with their places, in no order."""
        for number in range(self.width):
            yield from self.shard(number).items()

    def find(self, key: bytes) -> V | None:
        """Return the place of a key, None where there is none."""
        shards, gone, come = self._state
        if come or gone:
            place = come.get(key)
            if place is not None or key in gone:
                return place
        number = address(key, len(shards))
        shard = shards[number]
        return self.source.find(number, key) if shard is None else shard.get(key)

    def find_first(self, keys: Iterable[bytes]) -> V | None:
        """Return the place of the first of *keys* that there is, None for none."""
        return next((place for key in keys if (place := self.find(key)) is not None), None)

    def moved(
        self, gone: Iterable[bytes], come: Iterable[tuple[bytes, V]]
    ) -> tuple["Shards[V]", tuple[V, V] | None]:
        """Return the map without the keys *gone* and with the entries *come*.

        Returns:
            The map; and where a key that comes is there already, its place and the new one, None
            otherwise.
        """
        shards, leaving, entries = self._settled(), frozenset(gone), dict[bytes, V]()
        for key, place in come:
            first = entries.get(key)
            if first is None and key not in leaving:
                first = self.find(key)
            if first is not None and first != place:
                return self, (first, place)
            entries[key] = place
        length = self._length - len(leaving) + len(entries)
        return Shards(self.source, length, (shards, leaving, entries)), None

    # As shards

    @property
    def width(self) -> int:
        """How many shards there are."""
        return width_of(self._length)

    def shard(self, number: int) -> dict[bytes, V]:
        """Return a shard, not to be changed."""
        return self._read(self._settled(), number)

    def differences(self, before: "Shards[V]") -> Iterator[int]:
        """Yield the numbers of the shards that are others than before, or that were none."""
        mine, theirs = self._settled(), before._settled()
        for number, shard in enumerate(mine):
            if number < len(theirs):
                old = theirs[number]
                if shard is old and (shard is not None or self.source is before.source):
                    continue
                if self.shard(number) == before.shard(number):
                    continue
            yield number

    def _read(self, shards: tuple[dict[bytes, V] | None, ...], number: int) -> dict[bytes, V]:
        shard = shards[number]
        return self.source.shard(number) if shard is None else shard

    def _settled(self) -> tuple[dict[bytes, V] | None, ...]:
        """Return the shards, after making the change that was noted."""
        shards, gone, come = self._state
        if gone or come:
            shards = self._changed(shards, gone, come)
            self._state = shards, NO_KEYS, NO_ENTRIES
        return shards

    def _changed(
        self,
        before: tuple[dict[bytes, V] | None, ...],
        gone: Iterable[bytes],
        come: Mapping[bytes, V],
    ) -> tuple[dict[bytes, V] | None, ...]:
        shards, copied, width = list(before), set[int](), len(before)

        def edited(number: int) -> dict[bytes, V]:
            shard = self.source.shard(number) if shards[number] is None else shards[number]
            assert shard is not None  # noqa: S101 - said for the type checker
            if number not in copied:
                copied.add(number)
                shard = shards[number] = shard.copy()
            return shard

        for key in gone:
            number = address(key, width)
            if edited(number).pop(key, None) is None:
                raise self.source.lost(key, number)
        for key, place in come.items():
            edited(address(key, width))[key] = place
        for number in range(width, self.width):
            elder = edited(_elder(number))
            shards.append(
                {key: at for key, at in elder.items() if address(key, number + 1) == number}
            )
            copied.add(number)
            for key in edited(number):
                del elder[key]
        for number in reversed(range(self.width, width)):
            edited(_elder(number)).update(edited(number))
            shards.pop()
        return tuple(shards)
