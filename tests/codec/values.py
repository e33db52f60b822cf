"""Values of the declared structures, one or more of each shape."""

from codec.declarations import (
    Bird,
    Codes,
    Colour,
    Fish,
    Givens,
    Inner,
    Item,
    Kind,
    Left,
    Nameless,
    Numbers,
    Right,
    Sealed,
    Selects,
    Side,
    Strings,
    Tiny,
    Vectors,
    Wide,
)

NUMBERS = Numbers(1, 2, 3, 4, 5, True, 6, 7)
VECTORS = Vectors(
    small=(1, 2),
    kinds=(Kind.FIRST, Kind(9)),
    sides=(Side.LEFT,),
    colours=(Colour.RED, Colour.GREEN),
    thirds=(0x010203,),
    wide=(1,),
    flags=(True, False),
    hashes=(bytes(32),),
    keys=(b"k", b""),
    items=(Item(Kind.FIRST, b""), Item(Kind.SECOND, b"")),
    ascending=(1, 5),
    even=(1, 1),
    nested=((), (1,)),
    options=(None, 7),
)
SELECTS = Selects(
    aside=Left(1),
    creature=Bird((b"f",), Right()),
    outer=Fish(2),
    creatures=(Fish(3),),
    perhaps=Right(),
    sealed=Sealed(b"s"),
)
GIVENS = Givens(Inner(Left(9), Colour.GREEN), b"given", 77, 0, b"00")
INNER = Inner(Left(1), Colour.RED)
STRINGS = Strings(b"a", b"", Sealed(b"xyz"), b"s", b"l", b"four")
CODES = Codes(Tiny.ONE, Kind.FIRST, Wide(2), Nameless(0xFFFF), Side.RIGHT, Colour.RED)
