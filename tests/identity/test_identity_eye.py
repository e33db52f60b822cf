"""Dangers to the eye: what is found, where, and what is not."""

import unicodedata

import pytest
from confusable_homoglyphs import confusables
from hypothesis import given
from hypothesis import strategies as st

from mimi.identity import Domain, ImUri, RoomUri, UserUri, parse
from mimi.identity.eye import BIDI_CONTROLS, Danger, Finding, is_lookalike, look, look_at
from mimi.identity.scripts import first_foreign, is_ignorable, skeleton


def dangers(text, known=()):
    return {finding.danger for finding in look(text, known)}


@given(st.text(max_size=30))
def test_whatever_is_found_is_in_the_text(text):
    for finding in look(text):
        assert 0 <= finding.at < len(text)
        assert finding.text == text


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;="))
def test_names_of_ascii_are_never_dangerous(text):
    assert look(text) == ()


@given(st.text(max_size=10), st.sampled_from(sorted(BIDI_CONTROLS)), st.text(max_size=10))
def test_a_character_that_changes_the_order_is_always_found(before, control, after):
    found = look(before + control + after)
    assert any(
        finding.danger is Danger.BIDI_CONTROL and finding.at <= len(before) for finding in found
    )


@given(st.text(max_size=10), st.characters(categories=["Cc"]), st.text(max_size=10))
def test_a_control_character_is_always_found(before, control, after):
    assert Danger.CONTROL in dangers(before + control + after)


@given(st.text(max_size=20))
def test_a_skeleton_is_its_own_skeleton_but_for_order(text):
    once = skeleton(text)
    assert skeleton(once) == once


@given(
    st.text("rnmlI10Oaboe\u0430\u043e\u0435\u03bf", max_size=8),
    st.text("rnmlI10Oa\u0430", max_size=8),
)
def test_looking_alike_is_mutual(one, other):
    assert is_lookalike(one, other) is is_lookalike(other, one)
    assert not is_lookalike(one, one)


def test_the_data_has_the_form_that_is_relied_on():
    """Each character stands for others, or looks like one that stands for others, or neither."""
    data = confusables.confusables_data
    order = {key: at for at, key in enumerate(data)}
    for key, alike in data.items():
        for other in alike:
            assert key in [back["c"] for back in data[other["c"]]]
        if len(alike) > 1:
            assert all(len(data[other["c"]]) == 1 for other in alike)
        elif len(key.strip("\u200e")) > 1:
            assert order[alike[0]["c"]] < order[key]


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("rnicrosoft", "microsoft", True),
        ("paypa1", "paypal", True),
        ("\u0440\u0430\u0443\u0440\u0430\u04cf", "paypai", True),
        ("al\u200bice", "alice", True),
        ("O0", "0O", True),
        ("alice", "alicia", False),
        ("Alice", "alice", False),
        ("jos\u00e9", "jose", False),
        ("jos\u00e9", "jose\u0301", True),
    ],
)
def test_names_that_look_alike(one, other, is_alike):
    assert is_lookalike(one, other) is is_alike


def test_a_known_name_is_named():
    finding = Finding(Danger.LOOKALIKE, 0, "", "rnike", "mike")
    assert look("rnike", ["alice", "mike", "rnike"]) == (finding,)
    assert look("mike", ["mike"]) == ()
    room = RoomUri("a.example", "rnike")
    assert [found.part for found in look_at(room, iter(["mike", "a.exarnple"]))] == ["room"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("alice", None),
        ("\u65e5\u672c\u8a9e abc \u30ab\u30ca\u3072\u3089", None),
        ("\ud55c\u6f22abc", None),
        ("\u4e2d\u3105abc", None),
        ("abc\u30fc", None),
        ("\u30ab\u3105", 1),
        ("\ud55c\u3042", 1),
        ("a\u0430", 1),
        ("\u0430a", 1),
        ("\u65e5a\u0430", 2),
        ("\u0430\u65e5", 1),
        ("1\u0430", None),
        ("\u0915\u0951", None),
    ],
)
def test_scripts_that_belong_together(text, at):
    assert first_foreign(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "\u0440\u043e\u0441\u0441\u0438\u044f",
        "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
        "Nguy\u1ec5n",
        "Fran\u00e7ois",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\uc11c\uc6b8",
    ],
)
def test_names_of_all_peoples_are_not_dangerous(text):
    assert look(text) == ()


def test_every_part_of_an_identifier_is_looked_at():
    uri = parse("mimi://xn--80ak6aa92e.xn--bcher-kva.example/d/a%2Fb/%E2%80%AEx")
    assert [(finding.danger, finding.part, finding.at) for finding in look_at(uri)] == [
        (Danger.HOMOGRAPH, "provider", 0),
        (Danger.DELIMITER, "user", 1),
        (Danger.BIDI_CONTROL, "client", 0),
    ]
    assert look_at(UserUri("a.example", "alice")) == ()


def test_labels_of_a_domain_may_be_of_different_scripts():
    assert look_at(Domain("\u65e5\u672c.\u0440\u043e\u0441\u0441\u0438\u044f.example")) == ()
    assert [finding.text for finding in look_at(Domain("p\u0430y.example"))] == ["p\u0430y"] * 2


def test_identifiers_of_other_systems_are_looked_at():
    found = look_at(ImUri.parse("im:p%D0%B0y@a.example"))
    assert {finding.danger for finding in found} == {Danger.MIXED_SCRIPTS, Danger.HOMOGRAPH}


def test_what_is_ignorable_is_what_unicode_calls_so():
    """Formatting characters that are shown are few: signs of numbers in some scripts."""
    shown = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    shown = {character for character in shown if not is_ignorable(character)}
    prepended = {"\u0600", "\u0601", "\u0602", "\u0603", "\u0604", "\u0605", "\u06dd", "\u070f"}
    assert prepended <= shown
    assert len(shown) < 40
    assert not any(character.isalpha() for character in shown)


def test_half_of_a_surrogate_pair_is_unknown():
    assert dangers("\ud800") == {Danger.UNKNOWN}
