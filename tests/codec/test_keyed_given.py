"""A select that looks into an earlier field by a function, and values back to back."""

from enum import Enum
from typing import Annotated, Any

import pytest
from codec.declarations import Empty, FourOctets, Item, Kind, Left, Right
from hypothesis import given

from mimi.codec import (
    Given,
    Opaque,
    Select,
    UInt8,
    UInt16,
    annotate,
    decode,
    decode_all,
    encode,
    encode_all,
    field_encoder,
    presentation,
    struct,
)
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError, UsageError


class Temper(Enum):
    CALM = 1
    CROSS = 2
    ODD = 3


@struct
class Letter:
    kind: Kind
    words: Opaque


def temper(letter: Letter) -> Temper:
    if letter.kind == Kind.FIRST:
        return Temper.CROSS if b"!" in letter.words else Temper.CALM
    return Temper.ODD


ANSWERS = {Temper.CALM: Item, Temper.CROSS: UInt16}


@struct
class Mail:
    letter: Letter
    answer: Annotated[Item | int | None, Given("letter", ANSWERS, key=temper)]


@struct
class Certain:
    letter: Letter
    answer: Annotated[Any, Given("letter.words", {3: Left}, Right, key=len)]


CALM, CROSS, ODD = Letter(Kind.FIRST, b"hm"), Letter(Kind.FIRST, b"hm!"), Letter(Kind(9), b"")


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (Mail(CALM, Item(Kind.SECOND, b"yes")), "0001 02686d 0002 03796573"),
        (Mail(CROSS, 0x0102), "0001 03686d21 0102"),
        (Mail(ODD, None), "0009 00"),
        (Certain(CROSS, Left(7)), "0001 03686d21 00000007"),
        (Certain(CALM, Right()), "0001 02686d"),
    ],
)
def test_what_the_function_finds_gives_the_type(value, octets):
    assert encode(value).hex() == octets.replace(" ", "")
    assert decode(type(value), bytes.fromhex(octets)) == value


@given(strategy(Mail))
def test_values_of_every_case_are_drawn_and_read(value):
    assert decode(Mail, encode(value)) == value


def test_another_case_is_refused():
    with pytest.raises(UsageError, match=r"Mail\.answer takes uint16, not Item\("):
        encode(Mail(CROSS, Item(Kind.FIRST, b"")))
    with pytest.raises(UsageError, match=r"Mail\.answer takes None, given letter"):
        encode(Mail(ODD, 1))
    with pytest.raises(UsageError, match=r"Mail\.letter takes Letter, not b'hm'"):
        encode(Mail(b"hm", None))  # type: ignore[arg-type]


def test_where_it_ends_too_soon():
    with pytest.raises(MalformedError) as caught:
        decode(Mail, bytes.fromhex("0001 03686d21 01"))
    assert (caught.value.path, caught.value.offset) == ("Mail.answer", 6)


def test_the_name_of_the_function_stands_for_it():
    assert presentation(Mail).endswith(
        "    select (Mail.letter.temper) {\n"
        "        case calm: Item answer;\n"
        "        case cross: uint16 answer;\n"
        "        default: struct {};\n"
        "    };\n"
        "} Mail;"
    )
    assert "answer: uint16 = 258" in annotate(Mail, bytes.fromhex("0001 03686d21 0102"))


def test_such_a_structure_is_not_encoded_from_its_fields_alone():
    with pytest.raises(UsageError, match="Mail is not encoded from its fields alone"):
        field_encoder(Mail)


# Values back to back

PAIR = (Item(Kind.FIRST, b"a"), Item(Kind(7), b""))


def test_values_stand_one_behind_the_other():
    octets = encode_all(PAIR)
    assert octets.hex() == "00010161000700"
    assert decode_all(Item, octets) == PAIR
    assert decode_all(Item, bytearray(octets)) == PAIR
    assert decode_all(Item, b"") == ()
    assert encode_all(()) == b""
    assert decode_all(UInt8, b"\1\2") == (1, 2)
    chosen = Annotated[Any, Select(Kind, {Kind.FIRST: Left, Kind.SECOND: Right})]
    assert decode_all(chosen, encode_all([Right(), Left(1)], chosen)) == (Right(), Left(1))


@given(strategy(tuple[Mail, ...]))
def test_they_are_what_a_vector_holds(values):
    assert decode_all(Mail, encode_all(values)) == values


@pytest.mark.parametrize("end", range(1, 7))
def test_no_end_but_after_a_value(end):
    octets = encode_all(PAIR)[:end]
    if end == 4:
        assert decode_all(Item, octets) == PAIR[:1]
        return
    with pytest.raises(MalformedError) as caught:
        decode_all(Item, octets)
    assert caught.value.path.startswith(f"Item[{int(end > 4)}].")
    assert caught.value.offset <= end


def test_the_second_is_malformed():
    with pytest.raises(MalformedError) as caught:
        decode_all(Item, bytes.fromhex("00010161 0007c0"))
    assert (caught.value.path, caught.value.offset) == ("Item[1].data.length", 6)
    with pytest.raises(MalformedError) as caught:
        decode_all(FourOctets, bytes(7))
    assert (caught.value.path, caught.value.offset) == ("FourOctets[1].four", 4)


def test_values_of_no_octets_have_no_last_one():
    with pytest.raises(UsageError, match="a Empty of no octets"):
        decode_all(Empty, b"\0")


def test_only_octets_are_read():
    with pytest.raises(UsageError):
        decode_all(Item, "text")  # type: ignore[call-overload]
