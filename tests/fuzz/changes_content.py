"""How inputs are made of valid documents: items changed, moved, written another way."""

from collections.abc import Callable
from random import Random

from fuzz.changes import change_end, change_octets, invent
from fuzz.items import ARRAY, MAP, NEGATIVE, OCTETS, SPECIAL, TAG, TEXT, UNSIGNED, Item, parse

BOUNDS = (0, 1, 2, 3, 4, 5, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 64) - 1)
BOUNDS += ((1 << 53) - 1, 1 << 53, (1 << 53) - 2)
SPECIALS = [bytes.fromhex(each) for each in ("f4", "f5", "f6", "f7", "e0", "f8ff", "f93c00")]
SPECIALS += [
    bytes.fromhex(each) for each in ("f97e00", "f97e01", "fa47c35000", "fb3ff199999999999a")
]
LENGTHS = (0, 1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 4096, 4097)
HASHES = (0, 1, 2, 7, 8, 10, 33, 35, 36, 255)
CHARACTERS = "a/:;\u00e9\u6c34\U00010151"


def change_leaf(random: Random, seed: bytes, _other: bytes) -> bytes:
    """Change numbers, octets and texts, which mostly leaves the document valid."""
    root = parse(seed)
    leaves = [item for item in root.all() if item.kind <= TEXT]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        leaf = random.choice(leaves)
        if leaf.kind <= NEGATIVE:
            _change_number(random, leaf)
        elif leaf.kind == OCTETS:
            _change_octets(random, leaf)
        else:
            length = random.randrange(len(leaf.value) + 3)
            leaf.value = "".join(random.choices(CHARACTERS, k=length)).encode()
    return root.write()


def _change_number(random: Random, leaf: Item) -> None:
    number = random.choice((leaf.value + 1, leaf.value - 1, random.randrange(300), *BOUNDS))
    leaf.value = max(number, 0)
    if random.random() < 0.1:
        leaf.kind = UNSIGNED + NEGATIVE - leaf.kind


def _change_octets(random: Random, leaf: Item) -> None:
    octets = bytearray(leaf.value)
    if len(octets) == 32 and random.random() < 0.5:
        octets[0] = random.choice(HASHES)
    elif octets and random.random() < 0.7:
        octets[random.randrange(len(octets))] = random.randrange(256)
    else:
        octets = bytearray(random.randbytes(random.choice(LENGTHS)))
    leaf.value = bytes(octets)


def change_parts(random: Random, seed: bytes, other: bytes) -> bytes:
    """Repeat, drop, move and replace whole items."""
    root = parse(seed)
    for _ in range(random.randint(1, 2)):
        items = list(root.all())
        arrays = [item for item in items if item.kind == ARRAY and item.parts]
        lists = [array for array in arrays if is_part(array.parts[0])]
        array = random.choice((lists if random.random() < 0.4 else []) or arrays or [root])
        kind = random.randrange(6)
        if not array.parts or kind == 0:
            _replace(random.choice(items), _some(random, parse(other)))
        elif kind == 1:
            array.parts.append(random.choice(array.parts))
        elif kind == 2:
            array.parts.remove(random.choice(array.parts))
        elif kind == 3:
            random.shuffle(array.parts)
        elif kind == 4:
            array.parts *= random.choice((2, 3, 400)) if len(array.parts) < 8 else 1
        else:
            _replace(array, Item(ARRAY, None, [Item(**_fields(array)), Item(**_fields(array))]))
    return root.write()


def swap(random: Random, seed: bytes, other: bytes) -> bytes:
    """Replace an item by one of the same kind, and of the same length if it is an array."""
    root = parse(seed)
    items = list(root.all())[1:]
    for _ in range(random.randint(1, 3)):
        item = random.choice(items)
        like = [twin for twin in parse(other).all() if twin.kind == item.kind]
        like = [twin for twin in like if len(twin.parts) == len(item.parts) or item.kind == MAP]
        if like:
            _replace(item, random.choice(like))
    return root.write()


def nest(random: Random, seed: bytes, other: bytes) -> bytes:
    """Put parts into a MultiPart, again and again, or a reaction of two into one."""
    root = parse(seed)
    parts = [item for item in root.all() if is_part(item)]
    for _ in range(random.randint(1, 4)):
        if not parts:
            break
        part = random.choice(parts)
        twin = Item(**_fields(part))
        others = [item for item in parse(other).all() if is_part(item)] or [twin]
        head = [Item(UNSIGNED, random.randrange(9)), Item(TEXT, b""), Item(UNSIGNED, 3)]
        inner = Item(ARRAY, None, [twin, random.choice(others)])
        _replace(part, Item(ARRAY, None, [*head, Item(UNSIGNED, random.randrange(3)), inner]))
    return root.write()


def is_part(item: Item) -> bool:
    """Return whether an item looks like a NestedPart."""
    return (
        item.kind == ARRAY
        and len(item.parts) in (3, 5, 15)
        and [part.kind for part in item.parts[:3]] == [UNSIGNED, TEXT, UNSIGNED]
    )


def extend(random: Random, seed: bytes, other: bytes) -> bytes:
    """Add entries to a map, of any key and any value."""
    root = parse(seed)
    maps = [item for item in root.all() if item.kind == MAP]
    for _ in range(random.randint(1, 3)):
        if not maps:
            break
        key = random.choice(
            (
                Item(UNSIGNED, random.choice((0, 3, 4, 5, 256, 999, *BOUNDS))),
                Item(NEGATIVE, random.choice((0, 2, 5, 8, *BOUNDS))),
                Item(TEXT, random.choice((b"", b"x", b"av_metadata", b"k" * 255, b"k" * 256))),
                Item(OCTETS, b"k"),
                Item(TEXT, random.randbytes(2)),
            )
        )
        chosen = random.choice(maps)
        chosen.parts += [key, _some(random, parse(other))]
    return root.write()


def _some(random: Random, root: Item) -> Item:
    """Return any item, deep ones too."""
    item = random.choice(
        (
            *(3 * [random.choice(list(root.all()))]),
            Item(SPECIAL, random.choice(SPECIALS)),
            Item(UNSIGNED, random.choice(BOUNDS)),
            Item(TAG, random.choice((0, 2, 3, 32, 35, 1001)), [Item(UNSIGNED, 1)]),
            Item(TAG, random.choice((2, 3)), [Item(OCTETS, random.randbytes(9))]),
        )
    )
    for _ in range(random.choice((0, 0, 0, 1, 2, 3, 4, 5))):
        box = random.choice((ARRAY, TAG, MAP))
        parts = [Item(UNSIGNED, 1), item] if box == MAP else [item]
        item = Item(box, 99 if box == TAG else None, parts)
    return item


def rewrite(random: Random, seed: bytes, _other: bytes) -> bytes:
    """Write an item another way than the one: wider, open, out of order, with a key twice."""
    root = parse(seed)
    item = random.choice(list(root.all()))
    item.wide = random.choice((1, 2, 4, 8))
    item.is_open = random.random() < 0.3
    for each in root.all():
        if each.kind == MAP and random.random() < 0.3:
            each.parts = each.parts[::-1] and each.parts[-2:] + each.parts[:-2]
            each.in_order = False
        elif each.kind == MAP and each.parts and random.random() < 0.1:
            each.parts += each.parts[:2]
    return root.write()


def splice(random: Random, seed: bytes, other: bytes) -> bytes:
    """Go on with another document from anywhere."""
    return seed[: random.randrange(len(seed) + 1)] + other[random.randrange(len(other) + 1) :]


def _fields(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("kind", "value", "parts")}


def _replace(item: Item, other: Item) -> None:
    item.kind, item.value, item.parts = other.kind, other.value, list(other.parts)


Change = Callable[[Random, bytes, bytes], bytes]
CHANGES: dict[Change, int] = {
    change_leaf: 38,
    swap: 14,
    nest: 8,
    extend: 12,
    change_parts: 10,
    rewrite: 5,
    splice: 3,
    lambda random, seed, other: change_octets(random, None, seed, other): 5,
    lambda random, seed, other: change_end(random, None, seed, other): 3,
    lambda random, seed, other: invent(random, None, seed, other): 2,
}
