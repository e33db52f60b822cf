import copy

import pytest
from codec.declarations import Colour, Kind, Nameless, Side, Tiny, Wide
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import GREASE_VALUES, CodePoint16, is_grease, point
from mimi.errors import UsageError


def test_a_code_point_is_a_number_with_a_name():
    assert Kind.FIRST == 1
    assert isinstance(Kind.FIRST, Kind)
    assert Kind.FIRST.name == str(Kind.FIRST) == f"{Kind.FIRST}" == "FIRST"
    assert repr(Kind.FIRST) == "Kind.FIRST"
    assert {Kind.FIRST: "x"}[1] == "x"  # type: ignore[index]


def test_a_number_nobody_has_heard_of_is_a_code_point_too():
    assert Kind(0xBEEF) == 0xBEEF
    assert repr(Kind(0xBEEF)) == "Kind.0xBEEF"
    assert (Tiny(3).name, Wide(3).name) == ("0x03", "0x00000003")


def test_unknown_numbers_are_not_kept():
    known = len(Kind.known)
    assert [Kind.known[number] for number in range(100, 200)] == list(range(100, 200))
    assert len(Kind.known) == known
    assert set(Nameless.known) <= set(GREASE_VALUES)


@pytest.mark.parametrize(
    ("registry", "number"),
    [(Tiny, 256), (Tiny, -1), (Kind, 65536), (Kind, -1), (Wide, 1 << 32)],
)
def test_a_number_that_is_too_wide_is_refused(registry, number):
    with pytest.raises(UsageError, match=f"{number} is no {registry.__name__}: [0-9]+ bits"):
        registry(number)


def test_widths():
    assert (Tiny.octets, Kind.octets, Wide.octets) == (1, 2, 4)
    assert (Tiny(255), Kind(65535), Wide(0xFFFFFFFF)) == (255, 65535, 0xFFFFFFFF)


def test_a_user_names_a_number():
    class Theirs(CodePoint16):
        ONE = point(1)

    before = Theirs(0xF001)
    assert before.name == "0xF001"
    assert Theirs.declare("example", 0xF001) == 0xF001
    assert before.name == Theirs(0xF001).name == "example"
    assert Theirs.known[0xF001] == 0xF001


def test_the_first_name_of_a_number_stays():
    class Aliased(CodePoint16):
        OLD = point(5)
        NEW = point(5)

    assert Aliased.OLD == Aliased.NEW
    assert Aliased.NEW.name == "OLD"
    Aliased.declare("newer", 5)
    assert Aliased(5).name == "OLD"


def test_a_declared_number_must_fit():
    with pytest.raises(UsageError, match="65536 is no Kind"):
        Kind.declare("far", 65536)


def test_names_outside_of_a_registry_are_refused():
    class NoRegistry:
        ONE = point(1)

    with pytest.raises(UsageError, match="NoRegistry is no open registry"):
        _ = NoRegistry.ONE


def test_registries_do_not_share_names():
    assert Kind(2).name == "SECOND"
    assert Nameless(2).name == "0x0002"
    assert Tiny(2).name == "TWO"


def test_code_points_survive_a_copy():
    for code in (Kind.FIRST, Kind(0xBEEF)):
        copied = copy.deepcopy(code)
        assert (copied, type(copied)) == (code, Kind)


def test_a_closed_member_shows_its_name():
    assert (str(Side.LEFT), f"{Colour.GREEN}") == ("LEFT", "GREEN")


def test_grease_is_the_fifteen_values_of_rfc_9420_section_13_5():
    assert GREASE_VALUES == (
        0x0A0A, 0x1A1A, 0x2A2A, 0x3A3A, 0x4A4A, 0x5A5A, 0x6A6A, 0x7A7A,
        0x8A8A, 0x9A9A, 0xAAAA, 0xBABA, 0xCACA, 0xDADA, 0xEAEA,
    )  # fmt: skip


def test_grease_is_no_bit_pattern():
    found = [number for number in range(1 << 16) if is_grease(number)]
    assert found == list(GREASE_VALUES)
    assert not is_grease(0xFFFF)
    assert not is_grease(0xFAFA)
    assert not is_grease(0x0A1A)


@given(st.integers(0, 0xFFFF))
def test_a_code_point_knows_whether_it_is_grease(number):
    assert Nameless(number).is_grease == (number in GREASE_VALUES)
    assert Nameless(number).name.startswith("GREASE_") == (number in GREASE_VALUES)


def test_a_grease_value_has_a_name_of_its_own_unless_it_is_named():
    assert Kind(0x0A0A).name == "GREASE_0A0A"
    assert Kind(0x1A1A).name == "GREASY"
    assert Kind(0x1A1A).is_grease
