"""CBOR (RFC 8949), read and written by hand; what is written is deterministic (section 4.2.1).

An item is a pair, its kind and its value::

    ("uint", 7)  ("nint", -7)  ("bytes", b"seven")  ("text", "seven")  ("simple", 22)
    ("array", [item, ...])  ("map", [(item, item), ...])  ("tag", (number, item))
    ("float", octets with their head)

Reading goes on after a fault that leaves no doubt where the item ends, so that the octets as a
whole are refused for the first of the faults in the order of ``FAULTS``.
"""

import math
import struct
import sys
from typing import Any

Item = tuple[str, Any]

FALSE: Item = ("simple", 20)
TRUE: Item = ("simple", 21)
NULL: Item = ("simple", 22)

KEY_KINDS = ("uint", "nint", "bytes", "text")

FAULTS = ("valid", "deterministic", "permitted")  # after "well-formed", which ends the reading

MAJOR_TYPES = {"uint": 0, "nint": 1, "bytes": 2, "text": 3, "array": 4, "map": 5, "tag": 6}
BREAK = 0xFF
FLOATS = {3: "e", 5: "f", 9: "d"}  # by the number of octets, head included
FLOAT_HEADS = {"e": b"\xf9", "f": b"\xfa", "d": b"\xfb"}
QUIET_NAN = bytes.fromhex("f97e00")


class Refused(ValueError):  # noqa: N818 - said of the octets, which are what is in error
    """A rule is broken: which one, by its short name."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def read(octets: bytes) -> Item:
    """Read one item, which is all there is (sections 5.3.1, 4.2.1)."""
    reader = Reader(octets)
    limit = sys.getrecursionlimit()
    # one octet begins an array, which two calls read
    sys.setrecursionlimit(limit + 3 * len(octets))
    try:
        item = reader.item()
        if reader.at != len(octets):
            raise Refused("well-formed")
        for fault in FAULTS:
            if fault in reader.faults:
                raise Refused(fault)
    finally:
        sys.setrecursionlimit(limit)
    return item


class Reader:
    """Octets, how far they have been read, and the faults so far (appendix C)."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0
        self.faults: set[str] = set()

    def take(self, count: int) -> bytes:
        if count > len(self.octets) - self.at:
            raise Refused("well-formed")
        self.at += count
        return self.octets[self.at - count : self.at]

    def at_break(self) -> bool:
        """Say whether a break is next, and step over it (section 3.2.1)."""
        if self.take(1)[0] == BREAK:
            return True
        self.at -= 1
        return False

    def head(self) -> tuple[int, int, int | None]:
        """Read the major type, the additional information and the argument (section 3)."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info < 28:
            argument = int.from_bytes(self.take(1 << (info - 24)), "big")
            if major != 7 and argument < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
                self.faults.add("deterministic")
            return major, info, argument
        if info == 31:
            return major, info, None
        raise Refused("well-formed")

    def item(self) -> Item:
        """Read an item of any major type (section 3.1)."""
        start = self.at
        major, info, argument = self.head()
        if major == 7:
            return self.simple_or_float(start, info, argument)
        if argument is None:
            if major in (0, 1, 6):
                raise Refused("well-formed")
            self.faults.add("deterministic")
        if major == 2:
            return "bytes", b"".join(self.chunks(major, argument))
        if major == 3:
            return "text", self.text(self.chunks(major, argument))
        if major == 4:
            return self.array(argument)
        if major == 5:
            return self.map(argument)
        assert argument is not None
        if major == 0:
            return "uint", argument
        if major == 1:
            return "nint", -1 - argument
        return self.tag(argument)

    def chunks(self, major: int, count: int | None) -> list[bytes]:
        """Read the octets of a string, or of the strings it is made of (section 3.2.3)."""
        if count is not None:
            return [self.take(count)]
        chunks = []
        while not self.at_break():
            inner, _, size = self.head()
            if inner != major or size is None:
                raise Refused("well-formed")
            chunks.append(self.take(size))
        return chunks

    def text(self, chunks: list[bytes]) -> str:
        """Decode a text, of which each part is UTF-8 by itself (section 3.2.3)."""
        for chunk in chunks:
            try:
                chunk.decode()
            except UnicodeDecodeError:
                self.faults.add("valid")
        return b"".join(chunks).decode(errors="surrogateescape")

    def array(self, count: int | None) -> Item:
        items: list[Item] = []
        while not (self.at_break() if count is None else len(items) == count):
            items.append(self.item())
        return "array", items

    def map(self, count: int | None) -> Item:
        """Read pairs whose keys differ and ascend as octets do (sections 4.2.1 and 5.6)."""
        pairs: list[tuple[Item, Item]] = []
        found: list[bytes] = []
        while not (self.at_break() if count is None else len(pairs) == count):
            start = self.at
            key = self.item()
            found.append(self.octets[start : self.at])
            if key[0] not in KEY_KINDS:
                self.faults.add("permitted")
            pairs.append((key, self.item()))
        if found != sorted(found):
            self.faults.add("deterministic")
        # 1 and 1 in two octets are one key, however they are written
        if len({write(key) for key, _ in pairs}) < len(pairs):
            self.faults.add("valid")
        return "map", pairs

    def tag(self, number: int) -> Item:
        """Read what a tag is put on; an integer of 64 bits is no bignum (section 3.4.3)."""
        inner = self.item()
        if number in (2, 3) and inner[0] == "bytes":
            magnitude = inner[1]
            if len(magnitude) <= 8 or magnitude[0] == 0:
                self.faults.add("deterministic")
        return "tag", (number, inner)

    def simple_or_float(self, start: int, info: int, argument: int | None) -> Item:
        """Read major type 7 (section 3.3)."""
        if argument is None:
            raise Refused("well-formed")  # a break where an item should be
        if info == 24 and argument < 32:
            raise Refused("well-formed")
        if info <= 24:
            return "simple", argument
        octets = self.octets[start : self.at]
        (number,) = struct.unpack(">" + FLOATS[len(octets)], octets[1:])
        if math.isnan(number):
            if octets != QUIET_NAN:
                self.faults.add("permitted")
            return "float", octets
        shortest = write_float(number)
        if shortest != octets:
            self.faults.add("deterministic")
        return "float", shortest


def write_float(number: float) -> bytes:
    """Write a number in the shortest of three forms that gives it back (section 4.2.1)."""
    for letter in "efd":
        try:
            octets = struct.pack(">" + letter, number)
        except OverflowError:
            continue
        if struct.unpack(">" + letter, octets) == (number,):
            return FLOAT_HEADS[letter] + octets
    raise ValueError(f"{number!r} is no number")


def write_head(major: int, argument: int) -> bytes:
    """Write a head, with the argument in as few octets as hold it (section 4.2.1)."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise ValueError(f"{argument} needs more than 64 bits")


def write(item: Item) -> bytes:
    """Write an item, the keys of maps in the order of their octets (section 4.2.1)."""
    kind, value = item
    if kind == "float":
        return value
    if kind == "simple":
        return bytes([0xE0 | value]) if value < 24 else bytes([0xF8, value])
    major = MAJOR_TYPES[kind]
    if kind == "uint":
        return write_head(major, value)
    if kind == "nint":
        return write_head(major, -1 - value)
    if kind == "bytes":
        return write_head(major, len(value)) + value
    if kind == "text":
        octets = value.encode(errors="surrogateescape")
        return write_head(major, len(octets)) + octets
    if kind == "tag":
        return write_head(major, value[0]) + write(value[1])
    written = write_head(major, len(value))
    if kind == "array":
        for one in value:
            written += write(one)
        return written
    pairs = []
    for key, one in value:
        pairs.append((write(key), write(one)))
    for key_octets, octets in sorted(pairs):
        written += key_octets + octets
    return written


def integer(number: int) -> Item:
    """Give the item of an integer of at most 64 bits."""
    return ("uint", number) if number >= 0 else ("nint", number)
