"""CBOR as a tree of items that can be changed, and written again, rightly or wrongly."""

from collections.abc import Iterator
from typing import Any

import attrs

UNSIGNED, NEGATIVE, OCTETS, TEXT, ARRAY, MAP, TAG, SPECIAL = range(8)
UNKNOWN = 31
"""In the head: the length is not told, a break follows the last part."""


@attrs.define(eq=False)
class Item:
    """One item.

    Attributes:
        kind: The major type.
        value: The number, the octets, the number of the tag, or all octets of a special item.
        parts: What is inside: of a map keys and values in turn.
        wide: How many octets the argument has at least: 0 for the shortest form.
        is_open: Whether it is written with an indefinite length.
        in_order: Whether the keys of a map are sorted when it is written.
    """

    kind: int
    value: Any = None
    parts: list["Item"] = attrs.Factory(list)
    wide: int = 0
    is_open: bool = False
    in_order: bool = True

    def write(self) -> bytes:
        """Return the encoding."""
        if self.kind == SPECIAL:
            return bytes(self.value)
        if self.kind in (UNSIGNED, NEGATIVE):
            return self.head(self.value)
        if self.kind in (OCTETS, TEXT):
            content = self.head(len(self.value)) + self.value
            return (
                bytes([self.kind << 5 | UNKNOWN]) + content + b"\xff" if self.is_open else content
            )
        written = [part.write() for part in self.parts]
        if self.kind == TAG:
            return self.head(self.value) + b"".join(written)
        if self.kind == MAP:
            pairs = list(zip(written[::2], written[1::2], strict=True))
            if self.in_order:
                pairs.sort(key=lambda pair: pair[0])
            written = [key + value for key, value in pairs]
        if self.is_open:
            return bytes([self.kind << 5 | UNKNOWN]) + b"".join(written) + b"\xff"
        return self.head(len(written)) + b"".join(written)

    def head(self, argument: int) -> bytes:
        """Return the head of the item, with a wider argument than it needs if so told."""
        argument = min(argument, (1 << 64) - 1)
        if argument < 24 and not self.wide:
            return bytes([self.kind << 5 | argument])
        size = next(
            size for size in (1, 2, 4, 8) if size >= self.wide and argument >> 8 * size == 0
        )
        code = 24 + (1, 2, 4, 8).index(size)
        return bytes([self.kind << 5 | code]) + argument.to_bytes(size, "big")

    def all(self) -> Iterator["Item"]:
        """Yield this item, and all within it."""
        yield self
        for part in self.parts:
            yield from part.all()


def parse(octets: bytes) -> Item:
    """Return the items of a deterministic encoding."""
    item, end = _parse(octets, 0)
    assert end == len(octets)
    return item


def _parse(octets: bytes, pos: int) -> tuple[Item, int]:
    kind, code = octets[pos] >> 5, octets[pos] & 31
    size = 1 << code - 24 if 24 <= code < 28 else 0
    end = pos + 1 + size
    if kind == SPECIAL:
        return Item(kind, octets[pos:end]), end
    argument = int.from_bytes(octets[pos + 1 : end], "big") if size else code
    if kind in (UNSIGNED, NEGATIVE):
        return Item(kind, argument), end
    if kind in (OCTETS, TEXT):
        return Item(kind, octets[end : end + argument]), end + argument
    made = Item(kind, argument if kind == TAG else None)
    for _ in range({ARRAY: argument, MAP: 2 * argument, TAG: 1}[kind]):
        part, end = _parse(octets, end)
        made.parts.append(part)
    return made, end
