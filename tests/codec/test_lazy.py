"""Vectors whose elements are decoded when somebody looks, against the same vectors as tuples."""

import copy
import pickle
import sys
import tracemalloc
from typing import Annotated, Any

import attrs
import pytest
from codec.declarations import (
    Bounded,
    Empty,
    FourOctets,
    Item,
    Key,
    Parcel,
    Parcels,
    SealedKey,
    Short,
    Strings,
)
from hypothesis import example, find, given, settings
from hypothesis import strategies as st

from mimi.codec import (
    Between,
    Lazy,
    LazyTuple,
    Opaque,
    UInt8,
    annotate,
    decode,
    encode,
    increasing,
    presentation,
    read,
    struct,
)
from mimi.codec.lazy import LEAST
from mimi.codec.strategy import strategy
from mimi.codec.trace import check
from mimi.errors import MalformedError, UsageError
from mimi.tree import HPKECiphertext, UpdatePathNode

EAGER = tuple[Parcel, ...]
LAZY = Lazy[Parcel]


def eager_parcels() -> type[Any]:
    """Return the structure of the same name and fields whose vectors are all tuples."""

    @struct
    class Parcels:
        count: UInt8
        parcels: tuple[Parcel, ...]
        bounded: Annotated[tuple[Parcel, ...], Between(0, 300)]
        more: tuple[Parcel, ...] | None

    return Parcels


def alike(count: int, label: int = 1, content: int = 3, key: int = 2) -> tuple[Parcel, ...]:
    """Return parcels of these lengths, no two of them equal."""
    octets = [number.to_bytes(4, "big") for number in range(1, count + 1)]
    return tuple(
        Parcel(each[-1:] * label, (each[::-1] * content)[:content], (each[::-1] * key)[:key])
        for each in octets
    )


def lazy(parcels: tuple[Parcel, ...]) -> LazyTuple[Parcel]:
    made = decode(LAZY, encode(parcels, EAGER))
    assert type(made) is LazyTuple
    return made


def outcome(declared: Any, octets: bytes) -> Any:
    """Return the fields that *octets* decode to, or what is wrong with them, and where."""
    try:
        value = decode(declared, octets)
    except MalformedError as error:
        return str(error), error.path, error.offset
    assert encode(value, declared) == octets
    return [getattr(value, name) for name in PARCELS] if isinstance(value, STRUCTS) else value


PARCELS = [field.name for field in attrs.fields(Parcels)]
EAGER_PARCELS = eager_parcels()
STRUCTS = (Parcels, EAGER_PARCELS)
UNIFORM = Parcels(7, alike(LEAST), alike(LEAST, 0), alike(LEAST + 2, 0, 64, 0))


# When a vector is lazy.


@pytest.mark.parametrize("count", [LEAST, LEAST + 1, 100, 1000])
@pytest.mark.parametrize("lengths", [(0, 0, 0), (1, 2, 3), (255, 63, 64), (0, 16383, 16384)])
def test_elements_of_the_same_lengths_are_decoded_when_somebody_looks(count, lengths):
    parcels = alike(count, *lengths)[: 20 if sum(lengths) > 1000 else None]
    octets = encode(parcels, EAGER)
    made = decode(LAZY, octets)
    assert type(made) is LazyTuple
    assert made == parcels
    assert encode(made, LAZY) == encode(parcels, LAZY) == octets


@pytest.mark.parametrize("count", range(LEAST))
def test_few_elements_are_a_tuple(count):
    parcels = alike(count)
    made = decode(LAZY, encode(parcels, LAZY))
    assert type(made) is tuple
    assert made == parcels


@pytest.mark.parametrize("at", [0, 1, LEAST, 2 * LEAST - 1])
@pytest.mark.parametrize(
    "other", [Parcel(b"l", b"con", b"k"), Parcel(b"l", b"co", b"key"), Parcel(b"la", b"con", b"k")]
)
def test_elements_of_other_lengths_are_a_tuple(at, other):
    """Also where they have the same size: the second and the third of these have."""
    parcels = list(alike(2 * LEAST, 1, 3, 2))
    parcels[at] = other
    made = decode(LAZY, encode(tuple(parcels), LAZY))
    assert type(made) is tuple
    assert made == tuple(parcels)


def test_headers_of_another_size_are_a_tuple():
    for content in (b"c" * 64, b"c" * 62):
        parcels = (*alike(LEAST, 1, 63, 1), Parcel(b"l", content, b""), *alike(LEAST, 1, 63, 1))
        assert type(decode(LAZY, encode(parcels, LAZY))) is tuple


def test_lazy_vectors_in_structures():
    for value in (UNIFORM, attrs.evolve(UNIFORM, parcels=(), more=None)):
        octets = encode(value)
        made = decode(Parcels, octets)
        assert [type(made.parcels), type(made.bounded), type(made.more)] == [
            LazyTuple if value.parcels else tuple,
            LazyTuple,
            LazyTuple if value.more else type(None),
        ]
        assert made == value
        assert hash(made) == hash(value)
        assert repr(made) == repr(value)
        assert encode(made) == octets


def test_update_paths_are_lazy():
    sealed = tuple(HPKECiphertext(bytes([number]) * 32, bytes(48)) for number in range(200))
    octets = encode(UpdatePathNode(bytes(32), sealed))
    node = decode(UpdatePathNode, octets)
    assert type(node.encrypted_path_secret) is LazyTuple
    assert node.encrypted_path_secret[100] == sealed[100]
    assert node == UpdatePathNode(bytes(32), sealed)
    assert encode(node) == octets


# What a lazy value can do.


@pytest.fixture
def both():
    parcels = alike(LEAST + 3)
    return lazy(parcels), parcels


def test_it_is_read_as_the_tuple(both):
    made, parcels = both
    assert len(made) == len(parcels)
    assert list(made) == list(parcels)
    assert [*reversed(made)] == [*reversed(parcels)]
    assert all(made[at] == parcels[at] for at in range(-len(parcels), len(parcels)))
    assert parcels[4] in made
    assert (made.index(parcels[4]), made.count(parcels[4])) == (4, 1)
    assert repr(made) == repr(parcels)
    for at in (len(parcels), -len(parcels) - 1, 1 << 70):
        with pytest.raises(IndexError):
            made[at]
    with pytest.raises(TypeError):
        made["0"]


@pytest.mark.parametrize(
    "part", [slice(None), slice(1, 3), slice(None, None, -2), slice(-2, 99), slice(5, 2)]
)
def test_a_slice_is_a_tuple(both, part):
    made, parcels = both
    assert made[part] == parcels[part]
    assert type(made[part]) is tuple


def test_it_equals_the_tuple_and_its_like(both):
    made, parcels = both
    assert made == parcels
    assert parcels == made
    assert made == lazy(parcels)
    assert hash(made) == hash(parcels)
    assert {made, parcels, lazy(parcels)} == {parcels}
    other = attrs.evolve(parcels[2], content=b"cno")
    for differing in (parcels[:-1], (*parcels, parcels[0]), (*parcels[:2], other, *parcels[3:])):
        assert made != differing
        assert differing != made
        assert made != lazy(differing)
    for unlike in (list(parcels), 5, None, iter(parcels)):
        assert made != unlike


def test_structures_of_two_declarations_differ_though_their_octets_are_the_same(both):
    @struct
    class Letter:
        label: Short
        content: Opaque
        key: Key

    made, parcels = both
    letters = decode(Lazy[Letter], encode(made, LAZY))
    assert type(letters) is LazyTuple
    assert letters.octets == made.octets
    assert letters != made
    assert tuple(letters) != parcels


def test_it_does_not_change(both):
    made, _ = both
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.octets = b""
    with pytest.raises(TypeError):
        made[0] = made[1]


def test_a_copy_is_the_tuple(both):
    made, parcels = both
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own
        assert copied == parcels
        assert type(copied) is tuple


# What is encoded.


def test_what_was_decoded_is_encoded_with_the_header_of_its_place():
    made = lazy(alike(LEAST))
    value = Parcels(0, made, made, made)
    assert encode(value) == encode(Parcels(0, *3 * (alike(LEAST),)))
    check(Parcels, value)


def test_bounds_hold_for_lazy_values_too():
    value = attrs.evolve(UNIFORM, bounded=lazy(alike(60)))
    with pytest.raises(UsageError, match=r"^Parcels\.bounded takes 0 to 300 octets, not 540$"):
        encode(value)
    with pytest.raises(UsageError, match=r"^Parcels\.bounded takes 0 to 300 octets, not 540$"):
        encode(attrs.evolve(UNIFORM, bounded=alike(60)))


def test_lazy_values_of_another_structure_are_refused():
    sealed = decode(Lazy[HPKECiphertext], b"\x10" + bytes(16))
    assert type(sealed) is LazyTuple
    with pytest.raises(UsageError, match=r"^Parcels\.parcels takes a tuple, not \(HPKECipher"):
        encode(attrs.evolve(UNIFORM, parcels=sealed))


def test_lazy_values_in_other_vectors_are_refused():
    with pytest.raises(UsageError, match=r"^Parcel<V> takes a tuple, not \(Parcel"):
        encode(lazy(alike(LEAST)), EAGER)


@pytest.mark.parametrize("value", [[], list(alike(9)), None, b"", iter(alike(9))])
def test_what_is_neither_a_tuple_nor_lazy_is_refused(value):
    with pytest.raises(UsageError, match=r"^Parcel<V> takes a tuple, not"):
        encode(value, LAZY)


def test_elements_of_tuples_are_checked_as_ever():
    with pytest.raises(UsageError, match=r"^Parcel<V>\[1\] takes Parcel, not 5"):
        encode((alike(1)[0], 5), LAZY)


# What is refused is what tuples refuse, with the same words.


def test_every_truncation_and_every_further_octet_is_refused_alike():
    octets = encode(UNIFORM)
    assert outcome(Parcels, octets) == outcome(EAGER_PARCELS, octets)
    ends = [octets[:end] for end in range(len(octets))]
    for end in [*ends, *(octets + bytes([further]) for further in range(256))]:
        refused = outcome(Parcels, end)
        assert refused == outcome(EAGER_PARCELS, end)
        assert refused[1].startswith("Parcels")


@pytest.mark.parametrize("lengths", [(1, 3, 2), (0, 0, 0), (0, 64, 1), (3, 0, 16384)])
def test_every_octet_of_every_header_is_refused_alike_when_corrupted(lengths):
    octets = encode(alike(LEAST, *lengths), EAGER)
    headers = [span for span in read(EAGER, octets).leaves if span.kind == "length"]
    assert len(headers) == 3 * LEAST + 1
    refused = 0
    for at in {at for span in headers for at in range(span.start, span.end)}:
        for wrong in {0, 1, 2, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFF} - {octets[at]}:
            changed = octets[:at] + bytes([wrong]) + octets[at + 1 :]
            assert outcome(LAZY, changed) == outcome(EAGER, changed)
            refused += type(outcome(LAZY, changed)[0]) is str
    assert refused > 100


def test_a_length_in_the_last_element_that_is_not_minimal_is_refused():
    octets = encode(alike(LEAST, 0, 64, 0), EAGER)
    at = octets.rindex(b"\x40\x40")
    with pytest.raises(MalformedError) as caught:
        decode(LAZY, octets[:at] + b"\x40\x3f" + octets[at + 2 :])
    assert caught.value.path == f"Parcel<V>[{LEAST - 1}].content.length"
    assert caught.value.offset == at


def test_a_stride_that_does_not_end_with_the_vector_is_refused():
    octets = encode(alike(1), EAGER)[1:] * LEAST
    for wrong in range(len(octets)):
        cut = bytes([wrong]) + octets[:wrong]
        assert outcome(LAZY, cut) == outcome(EAGER, cut)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Draw elements of the same lengths most of the time, and damage to them some of the time."""
    sizes = draw(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 63, 64]), st.integers(0, 2)))
    like = st.tuples(*(st.binary(min_size=size, max_size=size) for size in sizes))
    elements = draw(st.lists(like, max_size=2 * LEAST))
    elements += draw(st.sampled_from([[], [], [(b"", b"c", b"kk")], [(b"", b"cc", b"k")]]))
    octets = bytearray(encode(tuple(Parcel(*element) for element in elements), EAGER))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(octets)))
        octets[at : at + draw(st.integers(0, 1))] = draw(st.binary(max_size=1))
    return bytes(octets)


@settings(max_examples=500)
@example(b"\x18" + bytes(24))
@given(inputs())
def test_lazy_and_eager_vectors_decode_and_refuse_the_same(octets):
    assert outcome(LAZY, octets) == outcome(EAGER, octets)


@given(strategy(Parcels))
def test_lazy_and_eager_structures_decode_the_same(value):
    octets = encode(value)
    made, eager = decode(Parcels, octets), decode(EAGER_PARCELS, octets)
    assert [getattr(made, name) for name in PARCELS] == [getattr(eager, name) for name in PARCELS]
    assert made == value
    assert encode(eager) == octets


# What it costs.


def test_the_octets_are_copied_once():
    octets = encode(alike(1000, 100, 1000, 100), EAGER)
    decode(LAZY, octets)
    tracemalloc.start()
    made = decode(LAZY, octets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(made) == 1000
    assert peak < len(octets) + 10_000


def calls_of(octets: bytes) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    decode(LAZY, octets)
    sys.setprofile(count)
    decode(LAZY, octets)
    sys.setprofile(None)
    return calls


def test_elements_are_not_decoded_one_by_one():
    few, many = (encode(alike(count), EAGER) for count in (LEAST, 1000))
    assert calls_of(few) == calls_of(many) < 50


# The other readings.


def test_it_is_shown_as_the_tuple():
    octets = encode(UNIFORM)
    assert presentation(Parcels) == presentation(EAGER_PARCELS)
    assert annotate(Parcels, octets) == annotate(EAGER_PARCELS, octets)
    assert type(read(Parcels, octets).value.parcels) is tuple
    assert read(Parcels, octets).value == decode(Parcels, octets)


def test_vectors_that_are_lazy_are_drawn():
    @settings(max_examples=2000, database=None)
    def drawn(value: object) -> bool:
        return type(decode(LAZY, encode(value, LAZY))) is LazyTuple

    always = settings(derandomize=True, database=None, deadline=None)
    assert len(find(strategy(LAZY), drawn, settings=always)) == LEAST


@struct
class Nested:
    parcel: Parcel


@struct
class Wrapped:
    sealed: SealedKey


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (Lazy[Item], "opaque fields only"),
        (Lazy[Strings], "opaque fields only"),
        (Lazy[FourOctets], "opaque fields only"),
        (Lazy[Wrapped], "opaque fields only"),
        (Lazy[Nested], "opaque fields only"),
        (Lazy[Bounded], "opaque fields only"),
        (Lazy[Opaque], "opaque fields only"),
        (Lazy[UInt8], "opaque fields only"),
        (Lazy[Empty], "elements of no octets"),
        (Annotated[Lazy[Parcel], increasing("they fall", "1")], "a lazy vector has no rules"),
    ],
)
def test_elements_that_lengths_do_not_lay_out_are_refused(declared, sentence):
    for reading in (
        lambda: decode(declared, b"\0"),
        lambda: encode((), declared),
        lambda: read(declared, b"\0"),
        lambda: strategy(declared),
    ):
        with pytest.raises(UsageError, match=sentence):
            reading()
