"""How inputs are made of valid encodings: changed in part, or grown."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import attrs

from mimi.codec import Span, read
from mimi.codec.source import LENGTH


@attrs.define
class Node:
    """An item of an encoding with its parts, to be changed and written again."""

    span: Span
    octets: bytes
    parts: list["Node"]

    def is_measured(self) -> bool:
        """Return whether a length stands before the parts."""
        return bool(self.parts) and self.parts[0].span.kind == "length"

    def write(self) -> bytes:
        """Return the encoding, with right lengths."""
        if not self.parts:
            return self.octets
        written = [part.write() for part in self.parts]
        if self.is_measured():
            written[0] = self._length(sum(map(len, written[1:])))
        return b"".join(written)

    def _length(self, length: int) -> bytes:
        if ".." not in self.span.kind:
            return LENGTH[length]
        width = len(self.parts[0].octets)
        return min(length, (1 << 8 * width) - 1).to_bytes(width, "big")

    def all(self) -> Iterator["Node"]:
        """Yield this item, and all within it."""
        yield self
        for part in self.parts:
            yield from part.all()


def tree_of(declared: Any, octets: bytes) -> Node:
    """Return the items of an encoding."""
    around: list[Node] = []
    for span in read(declared, octets).spans:
        node = Node(span, octets[span.start : span.end], [])
        del around[span.depth :]
        if around:
            around[-1].parts.append(node)
        around.append(node)
    return around[0]


def change_content(random: Random, declared: Any, seed: bytes, _other: bytes) -> bytes:
    """Change a leaf, and keep its length."""
    leaves = [leaf for leaf in read(declared, seed).leaves if leaf.end > leaf.start]
    contents = [leaf for leaf in leaves if leaf.kind.startswith(("opaque", "uint"))]
    if not contents:
        return seed
    leaf = random.choice(contents)
    octets = bytearray(seed)
    for _ in range(random.randint(1, 4)):
        octets[random.randrange(leaf.start, leaf.end)] = random.randrange(256)
    return bytes(octets)


def change_tree(random: Random, declared: Any, seed: bytes, other: bytes) -> bytes:
    """Repeat, drop, move or replace whole items, and write the lengths that this makes."""
    root = tree_of(declared, seed)
    measured = [node for node in root.all() if node.is_measured()]
    if not measured:
        return seed
    for _ in range(random.randint(1, 2)):
        node = random.choice(measured)
        elements = node.parts[1:]
        kind = random.randrange(5)
        if not elements or kind == 0:
            leaf = random.choice(list(node.all()))
            leaf.octets, leaf.parts = random.randbytes(random.choice((1, 4, 32, 70))), []
        elif kind == 1:
            node.parts.append(random.choice(elements))
        elif kind == 2:
            node.parts.remove(random.choice(elements))
        elif kind == 3:
            random.shuffle(elements)
            node.parts[1:] = elements
        else:
            like = [twin for twin in tree_of(declared, other).all() if twin.is_measured()]
            like = [twin for twin in like if twin.span.kind == node.span.kind]
            node.parts = random.choice(like).parts if like else node.parts
    return root.write()


def change_length(random: Random, declared: Any, seed: bytes, _other: bytes) -> bytes:
    """Change a length only."""
    lengths = [leaf for leaf in read(declared, seed).leaves if leaf.kind == "length"]
    if not lengths:
        return seed
    leaf = random.choice(lengths)
    length = max(leaf.value + random.choice((-64, -2, -1, 0, 1, 2, 64)), 0)
    header = random.choice(
        (
            LENGTH[length],
            LENGTH[random.choice((0, 63, 64, 16383, 16384, (1 << 30) - 1))],
            (0x4000 | length & 0x3FFF).to_bytes(2, "big"),
            (0x80000000 | length).to_bytes(4, "big"),
            (0xC000000000000000 | length).to_bytes(8, "big"),
        )
    )
    return seed[: leaf.start] + header + seed[leaf.end :]


def change_octets(random: Random, _declared: Any, seed: bytes, _other: bytes) -> bytes:
    """Flip bits, and set, insert and delete octets."""
    octets = bytearray(seed)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        at = random.randrange(len(octets) + 1)
        kind = random.randrange(4)
        if kind == 0 and at < len(octets):
            octets[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            octets[at : at + 1] = random.choice((b"\0", b"\1", b"\x3f", b"\x40", b"\x80", b"\xff"))
        elif kind == 2:
            octets[at:at] = random.randbytes(random.randint(1, 4))
        else:
            del octets[at : at + random.randint(1, 4)]
    return bytes(octets)


def change_end(random: Random, _declared: Any, seed: bytes, _other: bytes) -> bytes:
    """Cut the end off, or append to it."""
    if random.random() < 0.5:
        return seed[: random.randrange(len(seed) + 1)]
    return seed + random.randbytes(random.randint(1, 40))


def splice(random: Random, declared: Any, seed: bytes, other: bytes) -> bytes:
    """Go on with another seed, from where an item starts or from anywhere."""
    if random.random() < 0.5:
        return seed[: random.randrange(len(seed) + 1)] + other[random.randrange(len(other) + 1) :]
    start = random.choice(read(declared, seed).spans).start
    return seed[:start] + other[random.choice(read(declared, other).spans).start :]


def invent(random: Random, _declared: Any, seed: bytes, _other: bytes) -> bytes:
    """Take no seed at all, but for its length."""
    return random.randbytes(random.randrange(len(seed) + 8))


Change = Callable[[Random, Any, bytes, bytes], bytes]
CHANGES: dict[Change, int] = {
    change_content: 35,
    change_tree: 20,
    change_length: 10,
    change_octets: 15,
    change_end: 7,
    splice: 8,
    invent: 5,
}


def grown(declared: Any, seed: bytes, size: int) -> dict[str, bytes]:
    """Return *seed* with one of its vectors and opaque fields grown to *size* octets, for each."""
    count = sum(node.is_measured() for node in tree_of(declared, seed).all())
    inputs = {}
    for index in range(count):
        root = tree_of(declared, seed)
        node = [node for node in root.all() if node.is_measured()][index]
        elements = node.parts[1:]
        if not elements and node.span.value == b"":
            elements = [Node(node.span, b"\0", [])]
        if elements:
            least = min(elements, key=lambda element: len(element.write()))
            node.parts += [least] * (size // len(least.write()))
            inputs[f"{node.span.path}: {node.span.kind}"] = root.write()
    return inputs
