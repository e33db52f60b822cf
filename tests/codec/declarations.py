"""A zoo: every shape of the presentation language, alone and inside of every other."""

from typing import Annotated, Any, ClassVar, TypeAlias

from mimi.codec import (
    Between,
    Bytes,
    Choice,
    ClosedEnum8,
    ClosedEnum16,
    CodePoint8,
    CodePoint16,
    CodePoint32,
    Fixed,
    Given,
    Lazy,
    Opaque,
    Padding,
    Rule,
    Select,
    UInt8,
    UInt16,
    UInt24,
    UInt32,
    UInt64,
    increasing,
    point,
    struct,
    unique_by,
)


class Tiny(CodePoint8):
    ONE = point(1)
    TWO = point(2)


class Kind(CodePoint16):
    FIRST = point(0x0001)
    SECOND = point(0x0002)
    GREASY = point(0x1A1A)


class Wide(CodePoint32):
    MILLION = point(1_000_000)


class Nameless(CodePoint16):
    """An open registry in which nothing is registered."""


class Side(ClosedEnum8):
    LEFT = 1
    RIGHT = 2


class Colour(ClosedEnum16):
    RED = 0x0100
    GREEN = 0x0101


class Sealed:
    """Octets in a class of their own, neither hashable nor bytes."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __repr__(self) -> str:
        return f"Sealed({self.octets!r})"

    def __bytes__(self) -> bytes:
        return self.octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.octets == self.octets


Key: TypeAlias = Annotated[bytes, Bytes("HPKEPublicKey")]
SealedKey: TypeAlias = Annotated[Sealed, Bytes("SealedKey", wrap=Sealed)]
Short: TypeAlias = Annotated[Opaque, Between(0, 255)]
Long: TypeAlias = Annotated[bytes, Bytes("Cookie", Between(1, 65535))]


@struct
class Empty:
    pass


@struct
class Numbers:
    """Integers of every width, in runs and alone."""

    one: UInt8
    two: UInt16
    three: UInt24
    four: UInt32
    eight: UInt64
    flag: bool
    last: UInt32
    very_last: UInt64


@struct
class Codes:
    tiny: Tiny
    kind: Kind
    wide: Wide
    nameless: Nameless
    side: Side
    colour: Colour


@struct
class Strings:
    plain: Opaque
    key: Key
    sealed: SealedKey
    short: Short
    long: Long
    four: Annotated[bytes, Fixed(4)]


@struct
class FourOctets:
    """A structure of nothing but opaque octets: its encoding is its only field."""

    four: Annotated[bytes, Fixed(4)]


@struct
class Item:
    kind: Kind
    data: Opaque


Items: TypeAlias = Annotated[
    tuple[Item, ...], unique_by("kind", "two items have the same kind", "section 1")
]
Ascending: TypeAlias = Annotated[
    tuple[UInt32, ...], increasing("numbers do not increase", "section 2")
]


def _is_even(value: tuple[int, ...]) -> bool:
    return sum(value) % 2 == 0


@struct
class Vectors:
    small: tuple[UInt8, ...]
    kinds: tuple[Kind, ...]
    sides: tuple[Side, ...]
    colours: tuple[Colour, ...]
    thirds: tuple[UInt24, ...]
    wide: tuple[UInt64, ...]
    flags: tuple[bool, ...]
    hashes: tuple[Annotated[bytes, Fixed(32)], ...]
    keys: tuple[Key, ...]
    items: Items
    ascending: Ascending
    even: Annotated[tuple[UInt8, ...], Rule(_is_even, "the sum is odd", "section 3")]
    nested: tuple[tuple[UInt16, ...], ...]
    options: tuple[UInt8 | None, ...]


@struct
class Bounded:
    """Vectors ``<floor..ceiling>``, of elements of one size and of many sizes."""

    pairs: Annotated[tuple[UInt16, ...], Between(2, 8)]
    names: Annotated[tuple[Opaque, ...], Between(3, 300)]
    many: Annotated[tuple[UInt32, ...], Between(0, 0xFFFFFF)]
    rising: Annotated[Ascending, Between(4, 64)]


@struct
class Parcel:
    """A structure that its lengths lay out: they are of fixed and of variable size."""

    label: Short
    content: Opaque
    key: Key


@struct
class Parcels:
    """Vectors that are lazy where their elements are alike: alone, bounded, optional."""

    count: UInt8
    parcels: Lazy[Parcel]
    bounded: Annotated[Lazy[Parcel], Between(0, 300)]
    more: Lazy[Parcel] | None


@struct
class Options:
    number: UInt16 | None
    octets: Opaque | None
    item: Item | None
    items: Items | None
    forward: "Versioned | None"


@struct
class Versioned:
    """What never changes: a number in a run of numbers, and a closed code alone."""

    version: ClassVar[UInt16] = 7  # type: ignore[assignment]
    after: UInt16
    side: ClassVar[Side] = Side.RIGHT
    kind: ClassVar[Kind] = Kind.SECOND
    name: Opaque


@struct
class Left:
    index: UInt32


@struct
class Right:
    pass


Aside: TypeAlias = Annotated[
    Left | Right, Select(Side, {Side.LEFT: Left, Side.RIGHT: Right}, "Aside")
]


class Creature(Choice, tag=Kind):
    """An open choice; `test_declare` declares further cases, as a user of the library does."""


@struct(case=Kind.FIRST)
class Fish(Creature):
    fins: UInt8


@struct(case=Kind.SECOND)
class Bird(Creature):
    feathers: tuple[Opaque, ...]
    perch: Aside


Outer: TypeAlias = Annotated[
    Any, Select(Tiny, {Tiny.ONE: Creature, Tiny.TWO: Item, Tiny(3): Opaque}, "Outer")
]


@struct
class Selects:
    aside: Aside
    creature: Creature
    outer: Outer
    creatures: tuple[Creature, ...]
    perhaps: Aside | None
    sealed: Annotated[Any, Select(Side, {Side.LEFT: SealedKey, Side.RIGHT: Empty}, "MaybeSealed")]


@struct
class Inner:
    aside: Aside
    colour: Colour


@struct
class Givens:
    """Fields whose types earlier fields give: by class, by value, behind a dot."""

    inner: Inner
    by_class: Annotated[Any, Given("inner.aside", {Left: Opaque})]
    by_value: Annotated[Any, Given("inner.colour", {Colour.RED: Item, Colour.GREEN: UInt16})]
    count: UInt8
    by_number: Annotated[Any, Given("count", {0: Annotated[bytes, Fixed(2)]}, Empty)]


@struct(cached=True)
class Kept:
    """A structure that keeps its encoding."""

    name: Opaque
    inner: Inner


@struct
class Keeper:
    kept: Kept
    more: tuple[Kept, ...]


@struct
class Unsigned:
    """What is signed: `Signed` adds the signature."""

    version: ClassVar[Kind] = Kind.FIRST
    content: Opaque
    number: UInt8


@struct
class Signed(Unsigned):
    signature: Opaque


@struct(cached=True)
class KeptSigned(Unsigned):
    aside: Aside
    signature: Opaque


@struct
class Padded:
    """A content of its own, with padding to the end of the input."""

    content: Opaque
    padding: Annotated[int, Padding()]


@struct
class Everything:
    """Structures in structures in structures, the later declared ones by name."""

    options: "Options"
    selects: "tuple[Selects, ...]"
    givens: Givens
    keeper: Keeper | None
    end: "End"


@struct
class End:
    vectors: Vectors
    empty: Empty


STRUCTURES: tuple[type[Any], ...] = (
    Empty,
    Numbers,
    Codes,
    Strings,
    FourOctets,
    Item,
    Vectors,
    Bounded,
    Parcel,
    Parcels,
    Options,
    Versioned,
    Left,
    Right,
    Fish,
    Bird,
    Selects,
    Inner,
    Givens,
    Kept,
    Keeper,
    Unsigned,
    Signed,
    KeptSigned,
    Padded,
    Everything,
    End,
)

ALIASES: dict[str, Any] = {
    "bool": bool,
    "UInt24": UInt24,
    "Kind": Kind,
    "Side": Side,
    "Opaque": Opaque,
    "Key": Key,
    "SealedKey": SealedKey,
    "Short": Short,
    "Long": Long,
    "Fixed": Annotated[bytes, Fixed(4)],
    "Items": Items,
    "Ascending": Ascending,
    "optional": Item | None,
    "optional items": tuple[Item | None, ...],
    "Aside": Aside,
    "Creature": Creature,
    "Outer": Outer,
    "asides": tuple[Aside, ...],
    "small": tuple[UInt8, ...],
    "colours": Annotated[tuple[Colour, ...], Between(0, 255)],
}

ZOO: dict[str, Any] = {kind.__name__: kind for kind in STRUCTURES} | ALIASES
