from enum import IntEnum, StrEnum
from typing import Any

import attrs
import cbor2
import pytest
from codec.cddl_documents import (
    SAMPLE,
    VALUES,
    Anything,
    Backwards,
    Branch,
    Chain,
    Choice,
    Codes,
    CrookedError,
    Empty,
    Graft,
    Hidden,
    Kept,
    Kind,
    Leaf,
    Mode,
    Name,
    Names,
    Numbers,
    OddError,
    Open,
    Optionals,
    Owned,
    Point,
    Record,
    Ruled,
    Sample,
    SizeError,
    Span,
    Text,
    TooDeepError,
    TooManyError,
    UnknownModeError,
    Wide,
    Wood,
)
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.codec.cbor import NotValidError
from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.codec.cddl_strategy import items
from mimi.codec.document import decode_document, encode_document, item_of
from mimi.errors import MalformedError, UsageError

LONE = "\ud800"


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    TEXT = "text"


class Octets(bytes):
    pass


class Pair(tuple[Any, ...]):
    __slots__ = ()


class Pointed(Point):
    pass


def sample(**changed: Any) -> Sample:
    return attrs.evolve(SAMPLE, **changed)


def optionals(**changed: Any) -> Optionals:
    return attrs.evolve(Optionals(None, None, None, None, None, None, None), **changed)


def tall(levels: int) -> Any:
    return Branch("", (tall(levels - 1),)) if levels else Leaf("")


WRONG: Any = WrongTypeError
REFUSED: list[tuple[Any, type[MalformedError], str]] = [
    (sample(flag=1), WRONG, "Sample.flag"),
    (sample(flag=None), WRONG, "Sample.flag"),
    (sample(number=True), WRONG, "Sample.number"),
    (sample(number=Number.ONE), WRONG, "Sample.number"),
    (sample(number=Kind(1)), WRONG, "Sample.number"),
    (sample(number=1.0), WRONG, "Sample.number"),
    (sample(number=-1), OutOfRangeError, "Sample.number"),
    (sample(number=1 << 64), OutOfRangeError, "Sample.number"),
    (sample(number=10**5000), OutOfRangeError, "Sample.number"),
    (sample(octets="abc"), WRONG, "Sample.octets"),
    (sample(octets=bytearray(3)), WRONG, "Sample.octets"),
    (sample(octets=memoryview(b"abc")), WRONG, "Sample.octets"),
    (sample(octets=Octets(3)), WRONG, "Sample.octets"),
    (sample(octets=bytes(5)), SizeError, "Sample.octets"),
    (sample(text=b"text"), WRONG, "Sample.text"),
    (sample(text=Word.TEXT), WRONG, "Sample.text"),
    (sample(text="\u00e9\u00e9\u00e9\u00e9"), OutOfRangeError, "Sample.text"),
    (sample(text=LONE), NotValidError, "Sample.text"),
    (sample(kind=True), WRONG, "Sample.kind"),
    (sample(kind=Wide(1)), WRONG, "Sample.kind"),
    (sample(kind=Number.ONE), WRONG, "Sample.kind"),
    (sample(kind=Mode.OFF), WRONG, "Sample.kind"),
    (sample(kind=None), WRONG, "Sample.kind"),
    (sample(kind="FIRST"), WRONG, "Sample.kind"),
    (sample(kind=256), OutOfRangeError, "Sample.kind"),
    (sample(kind=-(10**5000)), OutOfRangeError, "Sample.kind"),
    (sample(mode=False), WRONG, "Sample.mode"),
    (sample(mode=Kind(0)), WRONG, "Sample.mode"),
    (sample(mode=1), UnknownModeError, "Sample.mode"),
    (sample(mode=10**5000), UnknownModeError, "Sample.mode"),
    (sample(perhaps=(1, 2)), WRONG, "Sample.perhaps"),
    (sample(perhaps=Span(1, 2)), WRONG, "Sample.perhaps"),
    (sample(perhaps=Pointed(1, 2)), WRONG, "Sample.perhaps"),
    (sample(perhaps=False), WRONG, "Sample.perhaps"),
    (sample(perhaps=Point(1, 6)), OutOfRangeError, "Sample.perhaps.y"),
    (sample(points=[Point(1)]), WRONG, "Sample.points"),
    (sample(points=Pair((Point(1),))), WRONG, "Sample.points"),
    (sample(points=None), WRONG, "Sample.points"),
    (sample(points=4 * (Point(1),)), TooManyError, "Sample.points"),
    (sample(points=(Point(1), Span(1, 2))), WRONG, "Sample.points[1]"),
    (sample(points=(Point(1), Point(1, -6))), OutOfRangeError, "Sample.points[1].y"),
    (optionals(number=False), WRONG, "Optionals.number"),
    (optionals(octets=b"ab"), OutOfRangeError, "Optionals.octets"),
    (optionals(kind=True), WRONG, "Optionals.kind"),
    (optionals(even=1), OddError, "Optionals.even"),
    (optionals(even=102), OutOfRangeError, "Optionals.even"),
    (optionals(halved=3), OddError, "Optionals.halved"),
    (optionals(rows=((), [1])), WRONG, "Optionals.rows[1]"),
    (optionals(rows=((), (1, -1))), OutOfRangeError, "Optionals.rows[1][1]"),
    (Ruled(1, Kind(1), (), Point(1)), OddError, "Ruled.even"),
    (Ruled(0, Kind(0), (), Point(1)), OddError, "Ruled.kind"),
    (Ruled(0, Kind(1), (2, 4), Point(1)), OddError, "Ruled.falling"),
    (Ruled(0, Kind(1), (2, 1), Point(1)), OddError, "Ruled.falling[1]"),
    (Ruled(0, Kind(1), (), Point(0)), OddError, "Ruled.point"),
    (Span(2, 1), CrookedError, "Span"),
    (Record(True), WRONG, "Record.number"),
    (Record(1, even=3), OddError, "Record.even"),
    (Record(1, span=Span(2, 1)), CrookedError, "Record.span"),
    (Record(1, name=LONE), NotValidError, "Record.name"),
    (Open(1, {1: 2}), WRONG, "Open.others"),
    (Open(1, {True: 2}), WRONG, "Open.others"),
    (Open(1, {None: 2}), WRONG, "Open.others"),
    (Open(1, {1.5: 2}), WRONG, "Open.others"),
    (Open(1, {Number.ONE: 2}), WRONG, "Open.others"),
    (Open(1, {"k": [1]}), WRONG, "Open.others['k']"),
    (Open(1, {"k": ({"l": (1, [2])},)}), WRONG, "Open.others['k']['l']"),
    (Open(1, {"k": cbor2.CBORTag(5, [1])}), WRONG, "Open.others['k']"),
    (Open(1, {"k": 1 << 64}), WRONG, "Open.others['k']"),
    (Open(1, {"k": ({1, 2},)}), WRONG, "Open.others['k'][0]"),
    (Open(1, {LONE: 1}), WRONG, "Open.others"),
    (Numbers([1]), WRONG, "Numbers.numbers"),
    (Numbers((1, True)), WRONG, "Numbers.numbers[1]"),
    (Name(""), OutOfRangeError, "Name.text"),
    (Names((Name("a"), Name(1))), WRONG, "Names.names[1].text"),
    (Names(("a",)), WRONG, "Names.names[0]"),
    (Wood(Point(1)), WRONG, "Wood.tree"),
    (Wood(Branch("", ())), TooManyError, "Wood.tree.trees"),
    (Wood(tall(3)), TooDeepError, "Wood.tree.trees[0].trees[0].trees"),
    (Wood(Graft("", None)), WRONG, "Wood.tree.tree"),
    (Wood(Branch("", (Leaf(""), Leaf(LONE)))), NotValidError, "Wood.tree.trees[1].label"),
    (Chain(1, Chain(1, Chain("", None))), WRONG, "Chain.rest.rest.number"),
    (Owned(Backwards(""), Anything(1), None), OddError, "Owned.backwards"),
    (Owned(Backwards(LONE), Anything(1), None), WRONG, "Owned.backwards"),
    (Owned("a", Anything(1), None), WRONG, "Owned.backwards"),
    (Owned(Backwards("a"), Anything({1}), None), WRONG, "Owned.anything"),
    (Owned(Backwards("a"), Anything([{"k": {1}}]), None), WRONG, "Owned.anything[0]['k']"),
    (Owned(Backwards("a"), 1, None), WRONG, "Owned.anything"),
    (Choice(10), OutOfRangeError, "Choice.value"),
    (Choice(1.5), WRONG, "Choice.value"),
    (Choice(Number.ONE), WRONG, "Choice.value"),
    (Choice("a"), WRONG, "Choice.value"),
    (Choice(Branch("", (Leaf(""),))), WRONG, "Choice.value"),
    (Choice(Numbers((-1,))), OutOfRangeError, "Choice.value.numbers[0]"),
    (Choice(Text(LONE)), NotValidError, "Choice.value.text"),
    (Codes(Mode.ON), WRONG, "Codes.value"),
    (Codes(256), OutOfRangeError, "Codes.value"),
    (Codes([1]), WRONG, "Codes.value"),
    (Codes(None), WRONG, "Codes.value"),
    (Hidden(1, True, 1, (), None, ""), WRONG, "Hidden.refusal"),
    (Hidden(True, True, 1, (), None, LONE), NotValidError, "Hidden.i"),
    (Kept(1, LONE), NotValidError, "Kept.text"),
]


def named(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize(("value", "error", "path"), REFUSED, ids=named)
def test_what_could_not_be_decoded_is_not_encoded(
    value: Any, error: type[MalformedError], path: str
) -> None:
    with pytest.raises(UsageError) as caught:
        encode_document(value)
    assert type(caught.value) is UsageError
    assert caught.value.where == {"path": path, "rule": error}
    assert caught.value.reason.startswith(f"{path}: ")


@pytest.mark.parametrize("value", [Pointed(1, 2), None, 1, [], Sample, tuple[int, ...]])
def test_what_is_not_declared_is_not_encoded(value: Any) -> None:
    with pytest.raises(UsageError, match="not declared as CBOR"):
        encode_document(value)
    with pytest.raises(UsageError, match="not declared as CBOR"):
        decode_document(type(value), b"\0")


def test_numbers_do_for_names() -> None:
    plain = sample(kind=0, mode=7)
    assert encode_document(plain) == encode_document(SAMPLE)
    assert decode_document(Sample, encode_document(plain)) == plain == SAMPLE
    assert encode_document(Codes(9)) == encode_document(Codes(Kind(9)))


def chain(length: int) -> Chain:
    made = Chain(0, None)
    for number in range(1, length):
        made = Chain(number, made)
    return made


def test_depth_is_limited_as_it_is_for_decoding() -> None:
    octets = encode_document(chain(64))
    assert decode_document(Chain, octets) == chain(64)
    with pytest.raises(UsageError, match="too deeply"):
        encode_document(chain(65))
    longer = encode_document(chain(65), max_depth=65)
    assert decode_document(Chain, longer, max_depth=65) == chain(65)
    with pytest.raises(cbor.TooLargeError):
        decode_document(Chain, longer)
    with pytest.raises(UsageError, match="too deeply, or in itself") as caught:
        encode_document(chain(10_000))
    assert caught.value.where == {"path": "Chain"}


def test_arrays_are_counted_as_they_are_for_decoding() -> None:
    most = Names(cbor.MAX_CONTAINERS * (Name("a"),))
    assert decode_document(Names, encode_document(most)) == most
    rows = (cbor.MAX_CONTAINERS - 2) * ((),)
    full = optionals(rows=rows)
    assert decode_document(Optionals, encode_document(full)) == full
    over = optionals(rows=(*rows, ()))
    with pytest.raises(UsageError, match="nobody could decode it: too many"):
        encode_document(over)
    octets = encode_document(over, max_containers=1 << 15)
    assert decode_document(Optionals, octets, max_containers=1 << 15) == over


def test_nan_and_simple_values_are_what_the_declaration_permits() -> None:
    for item, limit in ((float("nan"), "allow_nan"), (cbor2.undefined, "allow_simple")):
        value = Owned(Backwards("a"), Anything(item), None)
        assert encode_document(value)
        with pytest.raises(UsageError, match="value"):
            encode_document(value, **{limit: False})


def test_items_of_values_are_what_is_encoded() -> None:
    assert item_of(SAMPLE) == [True, 9, b"abc", "text", 0, 7, [1, -5], [[2, 3]]]
    assert [type(item) for item in item_of(SAMPLE)[4:6]] == [int, int]
    assert item_of(Record(5, even=2)) == {-1: 3, 1: 5, 7: 2}
    assert item_of(Numbers((1,))) == cbor2.CBORTag(99, [1])
    assert item_of(Name("n")) == "n"
    assert item_of(Empty()) == []
    with pytest.raises(UsageError, match="expected"):
        item_of(sample(flag=0))


SPOILERS = st.one_of(
    items(2),
    st.sampled_from(
        [*VALUES, Number.ONE, Word.TEXT, Octets(3), Kind(1), Wide(1), Mode.ON, bytearray(3), LONE]
    ),
    st.lists(st.sampled_from(VALUES), max_size=3),
    st.lists(st.sampled_from(VALUES), max_size=3).map(tuple),
    st.integers(),
    st.sets(st.integers()),
)


@given(st.sampled_from(VALUES), st.data())
def test_a_spoiled_value_is_refused_or_decodes_to_an_equal_one(value: Any, data: Any) -> None:
    names = [field.name for field in attrs.fields(type(value)) if field.init]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    spoiled = attrs.evolve(value)
    object.__setattr__(spoiled, name, data.draw(SPOILERS))
    try:
        octets = encode_document(spoiled)
    except UsageError:
        return
    decoded = decode_document(type(value), octets)
    assert encode_document(decoded) == octets
    if "nan" not in repr(spoiled) and type(value) is not Owned:
        assert decoded == spoiled
