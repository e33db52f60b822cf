"""What the rows of a follower's room say: numbers above all, in as few octets as they need.

A number is in groups of seven bits, the least significant first; all but the last have a bit more.
"""

from collections.abc import Iterable, Mapping

from mimi.mls.errors import DamagedSnapshotError
from mimi.protocol.deliveries import Place
from mimi.protocol.kept import BLOCK, Note

DIGEST_BLOCK = 16
"""How many digests of notifications are in one row."""
_DIGEST = 32
_TO_ALL_BUT_SOME = 2
_MOST_BITS = 70


def _number(out: bytearray, *numbers: int) -> None:
    for each in numbers:
        left = each
        while left > 0x7F:
            out.append(left & 0x7F | 0x80)
            left >>= 7
        out.append(left)


class _Reader:
    """What a row says, from its beginning."""

    __slots__ = ("_at", "_octets", "_row")

    def __init__(self, row: str, octets: bytes) -> None:
        self._row, self._octets, self._at = row, octets, 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._octets)

    def number(self) -> int:
        found = bits = 0
        while self._at < len(self._octets) and bits < _MOST_BITS:
            octet = self._octets[self._at]
            self._at += 1
            found |= (octet & 0x7F) << bits
            if octet < 0x80:
                return found
            bits += 7
        raise self.wrong("a number is cut")

    def octets(self, length: int) -> bytes:
        found = self._octets[self._at : self._at + length]
        self._at += length
        if len(found) != length:
            raise self.wrong("octets are cut")
        return found

    def wrong(self, what: str) -> DamagedSnapshotError:
        return DamagedSnapshotError(what, self._row)


# Clients


def places_octets(shard: Mapping[bytes, Place]) -> bytes:
    """Return a shard of clients, as it is stored: what is before each begins as the one before."""
    out, last = bytearray(), b""
    base = min((_least(place) for place in shard.values()), default=0)
    _number(out, base)
    for client in sorted(shard):
        same = _alike(last, client)
        _number(out, same, len(client) - same)
        out += client[same:]
        _place(out, shard[client], base)
        last = client
    return bytes(out)


def _alike(one: bytes, another: bytes) -> int:
    """Return how many octets two begin with that are the same."""
    shorter = min(len(one), len(another))
    return next((at for at in range(shorter) if one[at] != another[at]), shorter)


def _least(place: Place) -> int:
    dropped = place.dropped or place.since
    return min(place.since, place.acknowledged, place.alone, dropped, place.came)


def _place(out: bytearray, place: Place, base: int) -> None:
    dropped = place.dropped - base + 1 if place.dropped else 0
    came = 0 if place.came == place.since else place.came - base + 1
    is_more = bool(place.skipped or place.until or place.user)
    _number(out, place.since - base, place.acknowledged - base, place.alone - base)
    _number(out, dropped, came, 4 * len(place.by) + 2 * is_more + place.is_waiting)
    out += place.by
    if is_more:
        skipped, before, until = (
            each - base + 1 if each else 0 for each in (place.skipped, place.before, place.until)
        )
        _number(out, skipped, before, until, len(place.user))
        out += place.user


def read_places(row: str, octets: bytes) -> dict[bytes, Place]:
    """Return a shard of clients; errors are of what the row's octets are not."""
    reader, found, last = _Reader(row, octets), dict[bytes, Place](), b""
    base = reader.number()
    while not reader.is_over:
        same = reader.number()
        last = last[:same] + reader.octets(reader.number())
        found[last] = _read_place(reader, base)
    return found


def _read_place(reader: _Reader, base: int) -> Place:
    since, acknowledged, alone = (base + reader.number() for _ in range(3))
    dropped, came, rest = (reader.number() for _ in range(3))
    by, skipped, before, until, user = reader.octets(rest // 4), 0, 0, 0, b""
    if rest & 2:
        skipped, before, until = (reader.number() for _ in range(3))
        user = reader.octets(reader.number())
    return Place(
        since,
        acknowledged,
        alone,
        _above(base, dropped),
        by,
        _above(base, came) if came else since,
        bool(rest & 1),
        _above(base, skipped),
        _above(base, before),
        _above(base, until),
        user,
    )


def _above(base: int, number: int) -> int:
    """Return a number that is stored as one more than how far it is above another; 0 for none."""
    return base + number - 1 if number else 0


def counts_octets(counts: Mapping[int, int]) -> bytes:
    """Return how many have each number, as it is stored: each with how far it is from the last."""
    out, last = bytearray(), 0
    for number in sorted(counts):
        _number(out, number - last, counts[number])
        last = number
    return bytes(out)


def read_counts(row: str, octets: bytes) -> dict[int, int]:
    """Return how many have each number."""
    reader, found, last = _Reader(row, octets), dict[int, int](), 0
    while not reader.is_over:
        last += reader.number()
        found[last] = reader.number()
    return found


# Messages


def gaps_octets(numbers: Iterable[int]) -> bytes:
    """Return numbers in ascending order, as they are stored: how far each is from the last."""
    out, last = bytearray(), 0
    for number in numbers:
        _number(out, number - last)
        last = number
    return bytes(out)


def read_gaps(row: str, octets: bytes) -> tuple[int, ...]:
    """Return numbers in ascending order."""
    reader, found, last = _Reader(row, octets), list[int](), 0
    while not reader.is_over:
        last += reader.number()
        found.append(last)
    return tuple(found)


def blocks_of_notes(index: Iterable[Note]) -> dict[int, bytes]:
    """Return the rows of an index, by the numbers of its blocks."""
    found: dict[int, bytearray] = {}
    for note in index:
        out = found.setdefault(note.number // BLOCK, bytearray())
        epoch = 0 if note.epoch is None else note.epoch + 1
        to_whom = note.to_all + note.but_some
        _number(out, note.number % BLOCK, note.octets, note.timestamp, epoch, to_whom)
    return {block: bytes(out) for block, out in found.items()}


def read_notes(row: str, block: int, octets: bytes) -> list[Note]:
    """Return a block of an index."""
    reader, found = _Reader(row, octets), list[Note]()
    while not reader.is_over:
        number, length, timestamp, epoch = (reader.number() for _ in range(4))
        to_whom = reader.number()
        if number >= BLOCK or to_whom > _TO_ALL_BUT_SOME:
            raise reader.wrong("no such message is kept")
        at, but_some = block * BLOCK + number, to_whom == _TO_ALL_BUT_SOME
        when = timestamp, epoch - 1 if epoch else None
        found.append(Note(at, length, *when, bool(to_whom), but_some))
    return found


# Notifications


def blocks_of_bodies(bodies: Mapping[bytes, int]) -> dict[int, bytes]:
    """Return the rows of the last notifications, by the numbers of their blocks."""
    found: dict[int, bytes] = {}
    for digest, number in sorted(bodies.items(), key=lambda each: each[1]):
        found[number // DIGEST_BLOCK] = found.get(number // DIGEST_BLOCK, b"") + digest
    return found


def read_bodies(row: str, octets: bytes, first: int) -> dict[bytes, int]:
    """Return a block of digests with their numbers, which begin with the first."""
    if len(octets) % _DIGEST:
        raise DamagedSnapshotError("a digest is cut", row)
    starts = range(0, len(octets), _DIGEST)
    return {octets[at : at + _DIGEST]: first + n for n, at in enumerate(starts)}
