"""Writing straight-line functions: what the compilers of decoders and encoders share."""

from collections.abc import Callable
from functools import partial
from struct import Struct as Packed
from typing import Any

SHORT = 1 << 6
MEDIUM = 1 << 14
LONGEST = (1 << 30) - 1
"""The largest length that RFC 9420 section 2.1.2 can write."""

FORMAT = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""The `struct` format of an unsigned integer of so many octets."""


class BrokenError(Exception):
    """A compiled function met what it does not accept; the tracing one will say what.

    It never leaves `mimi.codec`.
    """


class Source:
    """A function in the making: its lines, and the objects that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"BrokenError": BrokenError}
        self.depth = 1

    def line(self, text: str) -> None:
        """Add a line at the current depth."""
        self.lines.append("    " * self.depth + text)

    def bind(self, value: Any, hint: str) -> str:
        """Return a name by which the function can refer to *value*."""
        name = f"{hint}_{len(self.names)}"
        self.names[name] = value
        return name

    def local(self, hint: str) -> str:
        """Return a fresh local name."""
        return self.bind(None, hint.lower())

    def function(self, signature: str, title: str) -> Callable[..., Any]:
        """Compile the lines."""
        text = "\n".join([f"def compiled({signature}):", *self.lines])
        exec(compile(text, f"<{title}>", "exec"), self.names)  # noqa: S102 - our own lines only
        made: Callable[..., Any] = self.names["compiled"]
        return made


class _Lengths(dict[int, bytes]):
    """From a length to its variable-size header; the short ones are kept."""

    def __missing__(self, length: int) -> bytes:
        if length < SHORT:
            return length.to_bytes(1, "big")
        if length < MEDIUM:
            return (length | 0x4000).to_bytes(2, "big")
        if length <= LONGEST:
            return (length | 0x80000000).to_bytes(4, "big")
        raise BrokenError


LENGTH: dict[int, bytes] = _Lengths()
LENGTH.update({length: LENGTH[length] for length in range(1024)})


def long_length(octets: bytes, at: int) -> tuple[int, int]:
    """Read a variable-size header of more than two octets; return the length and what follows."""
    if octets[at] >= 0xC0:
        raise BrokenError
    length = int.from_bytes(octets[at : at + 4], "big") & LONGEST
    if length < MEDIUM:
        raise BrokenError
    return length, at + 4


class Packers(dict[int, Callable[..., bytes]]):
    """From a count to the function that packs so many integers behind their length."""

    def __init__(self, octets: int) -> None:
        super().__init__()
        self.octets = octets

    def __missing__(self, count: int) -> Callable[..., bytes]:
        header = LENGTH[count * self.octets]
        pack = Packed(f">{len(header)}s{count}{FORMAT[self.octets]}").pack
        packer = partial(pack, header)
        if count <= 64:
            self[count] = packer
        return packer


class Unpackers(dict[int, Callable[[bytes], tuple[int, ...]]]):
    """From a length in octets to the function that unpacks so many octets of integers."""

    def __init__(self, octets: int) -> None:
        super().__init__()
        self.octets = octets

    def __missing__(self, length: int) -> Callable[[bytes], tuple[int, ...]]:
        count, odd = divmod(length, self.octets)
        if odd:
            raise BrokenError
        if count > 64:
            return lambda octets: self._many(count, octets)
        self[length] = Packed(f">{count}{FORMAT[self.octets]}").unpack
        return self[length]

    def _many(self, count: int, octets: bytes) -> tuple[int, ...]:
        if len(octets) != count * self.octets:
            raise BrokenError
        return Packed(f">{count}{FORMAT[self.octets]}").unpack(octets)


PACKERS = {octets: Packers(octets) for octets in FORMAT}
UNPACKERS = {octets: Unpackers(octets) for octets in FORMAT}
