"""Rows of the extensions of a group context: pieces, named by their hashes.

::

    encoded extensions    piece | piece | piece | ...       context/<hash of the piece>

A room's participant list is in its group context: of 10,000 participants some 400 KiB. Where one
changes, so does its piece, and the first one, in which lengths stand; the others are found again
wherever they have moved to. A piece never changes under its name, and may be kept at hand for ever.
"""

import hashlib
from collections.abc import Iterable
from itertools import pairwise

from mimi.codec import decode, encode, replace
from mimi.mls.context import GroupContext
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.open_rows import OpenRows
from mimi.mls.rows import RowEdit, damage
from mimi.tree.extension import Extensions

KIND = "context"
PIECE = 8 << 10
"""The most octets of a piece."""
LEAST = 1 << 10
"""What is shorter is joined to the piece before it, unless that makes it too long."""
HASH = 32
NOTHING = b"\0"
"""Extensions of which there are none: they have no pieces."""


class Pieces:
    """In what pieces the extensions of an epoch are stored, worked out when it is asked.

    It is no part of a group's value: whatever the pieces are, they say the same.

    Args:
        extensions: The extensions; None where no pieces are known.
        pieces: Their pieces, or those of an epoch before.
        known: Whether the pieces are theirs.
    """

    __slots__ = ("_state",)

    def __init__(
        self,
        extensions: Extensions | None = None,
        pieces: tuple[bytes, ...] = (),
        *,
        known: bool = False,
    ) -> None:
        self._state = extensions, pieces, known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pieces)

    def __hash__(self) -> int:
        return hash(Pieces)

    def after(self, extensions: Extensions) -> "Pieces":
        """Return the pieces of the next epoch: those of this one, where its extensions stay."""
        mine, pieces, _ = self._state
        return self if extensions is mine else Pieces(extensions, pieces)

    def of(self, extensions: Extensions) -> tuple[bytes, ...]:
        """Return the pieces of extensions, as far as it can be those of the epoch before."""
        mine, pieces, known = self._state
        if not known or extensions is not mine:
            octets = encode(extensions, Extensions)
            pieces = () if octets == NOTHING else tuple(divided(octets, pieces))
            self._state = extensions, pieces, True
        return pieces


def piece_name(name: bytes) -> str:
    """Return the name of the row of a piece."""
    return f"context/{name.hex()}"


def divided(octets: bytes, old: Iterable[bytes]) -> list[bytes]:
    """Return octets in pieces, of which as many as possible are old ones."""
    pieces: list[bytes] = []
    at = 0
    for piece in old:
        found = at if octets.startswith(piece, at) else octets.find(piece, at)
        if found >= 0:
            _append(pieces, octets[at:found])
            pieces.append(piece)
            at = found + len(piece)
    _append(pieces, octets[at:])
    return pieces


def _append(pieces: list[bytes], octets: bytes) -> None:
    """Append octets that are in no old piece."""
    if not octets:
        return
    if len(octets) < LEAST and pieces and len(pieces[-1]) + len(octets) <= PIECE:
        pieces[-1] += octets
        return
    count = -(-len(octets) // PIECE)
    ends = [len(octets) * number // count for number in range(count + 1)]
    pieces += [octets[start:end] for start, end in pairwise(ends)]


def hashes_of(pieces: Iterable[bytes]) -> list[bytes]:
    """Return the hashes by which pieces are named."""
    return [hashlib.sha256(piece).digest() for piece in pieces]


def context_fields(context: GroupContext, pieces: Pieces) -> dict[str, object]:
    """Return what a row says of the group context: all but its extensions, and their pieces."""
    hashes = hashes_of(pieces.of(context.extensions))
    bare = encode(replace(context, extensions=()))
    return {"group_context": bare, "extensions": b"".join(hashes)}


def write_pieces(out: RowEdit, new: tuple[bytes, ...], old: tuple[bytes, ...]) -> None:
    """Write the pieces that were none before, and erase those that are none any more."""
    if new is old:
        return
    kept, staying = set(old), set(new)
    for piece in dict.fromkeys(new):
        if piece not in kept:
            (name,) = hashes_of((piece,))
            out.write(piece_name(name), KIND, {"octets": piece})
    for name in hashes_of(piece for piece in dict.fromkeys(old) if piece not in staying):
        out.erase(piece_name(name))


def hashes_in(octets: bytes, row: str) -> list[bytes]:
    """Return the names of the pieces.

    Raises:
        DamagedSnapshotError: They are none.
    """
    if len(octets) % HASH:
        raise DamagedSnapshotError("the name of a piece is cut", row)
    return [octets[at : at + HASH] for at in range(0, len(octets), HASH)]


def open_context(
    rows: OpenRows, row: str, bare: bytes, hashes: Iterable[bytes]
) -> tuple[GroupContext, tuple[bytes, ...]]:
    """Return the group context, with the pieces of its extensions.

    Args:
        rows: The rows.
        row: The name of that which says the rest.
        bare: The encoded group context without its extensions.
        hashes: The names of their pieces.

    Raises:
        DamagedSnapshotError: It does not parse, or a piece is missing or damaged.
    """
    pieces: list[bytes] = []
    for name in hashes:
        pieces += rows.octets(piece_name(name), KIND, "octets")
    if not bare.endswith(NOTHING):
        raise DamagedSnapshotError("the group context has extensions of its own", row)
    octets = bare[: -len(NOTHING)] + (b"".join(pieces) or NOTHING)
    with damage(row):
        return decode(GroupContext, octets), tuple(pieces)
