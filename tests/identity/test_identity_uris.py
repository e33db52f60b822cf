"""``mimi:`` URIs: what they are, how they are made, and which are the same."""

import itertools
import os
import string
import subprocess
import sys
import typing

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.errors import MalformedError
from mimi.identity import (
    ClientUri,
    Domain,
    GroupUri,
    MimiUri,
    Participant,
    ProviderUri,
    PseudonymUri,
    RoomUri,
    Segment,
    TeamUri,
    UserUri,
    canonical,
    errors,
    is_equivalent,
    parse,
)
from mimi.identity.uri import LONGEST_URI, TYPES

EXAMPLES = {
    "mimi://a.example": ProviderUri("a.example"),
    "mimi://a.example/u/alice": UserUri("a.example", "alice"),
    "mimi://a.example/p/crazykoala75": PseudonymUri("a.example", "crazykoala75"),
    "mimi://a.example/d/ClientA1": ClientUri("a.example", "ClientA1"),
    "mimi://a.example/d/alice/ClientA1": ClientUri("a.example", "ClientA1", "alice"),
    "mimi://a.example/r/clubhouse": RoomUri("a.example", "clubhouse"),
    "mimi://a.example/g/TII9t5viBrXiXc": GroupUri("a.example", "TII9t5viBrXiXc"),
    "mimi://a.example/t/engineering": TeamUri("a.example", "engineering"),
}


def names():
    """Any name but the two that are none."""
    characters = st.characters(exclude_categories=["Cs"])
    return st.text(characters, min_size=1, max_size=20).filter(lambda name: name not in {".", ".."})


def domains():
    label = st.from_regex("[a-z]([a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
    international = st.sampled_from(["b\u00fccher", "\u4f8b\u5b50", "stra\u00dfe"])
    return st.lists(label | international, min_size=1, max_size=3).map(".".join)


@st.composite
def uris(draw):
    kind = draw(st.sampled_from(list(TYPES.values())))
    segments = [draw(names()) for _ in attrs.fields(kind)[1:]]
    if kind is ClientUri and draw(st.booleans()):
        segments.pop()
    return kind(draw(domains()), *segments)


@pytest.mark.parametrize(("text", "uri"), EXAMPLES.items())
def test_every_type_is_read_and_written(text, uri):
    assert parse(text) == uri
    assert type(parse(text)) is type(uri)
    assert type(uri).parse(text) == uri
    assert str(uri) == text


def test_a_uri_of_one_type_is_none_of_another():
    for text, kind in itertools.product(EXAMPLES, TYPES.values()):
        if type(EXAMPLES[text]) is kind:
            continue
        with pytest.raises(errors.OtherTypeError) as error:
            kind.parse(text)
        assert error.value.at == len("mimi://a.example" if len(text) == 16 else "mimi://a.example/")


def test_no_type_is_another_for_type_checkers_either():
    for one, other in itertools.permutations(TYPES.values(), 2):
        assert not issubclass(one, other)
    assert typing.get_args(Participant) == (UserUri, PseudonymUri)


def test_identifiers_of_two_types_differ_even_with_the_same_names():
    same = [kind("a.example", "x") for kind in TYPES.values() if kind is not ProviderUri]
    assert len(set(same)) == len(same)


def test_all_types_together_are_abstract():
    with pytest.raises(TypeError):
        MimiUri("a.example")


def test_a_uri_does_not_change():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        UserUri("a.example", "alice").user = Segment("bob")


@given(uris())
def test_what_is_written_is_read_again(uri):
    assert parse(str(uri)) == uri
    assert hash(parse(str(uri))) == hash(uri)
    assert canonical(str(uri)) == str(uri)
    assert str(uri).isascii()


@given(uris())
def test_the_form_for_people_is_the_same_identifier(uri):
    assert MimiUri.from_iri(uri.iri) == uri


@given(uris())
def test_a_path_segment_is_the_same_identifier_and_has_no_delimiters(uri):
    assert type(uri).from_path_segment(uri.path_segment) == uri
    assert set(uri.path_segment) <= {*string.ascii_letters, *string.digits, *"-._~%"}


@given(uris(), st.data())
def test_every_way_of_encoding_what_need_not_be_encoded_is_the_same(uri, data):
    start = "mimi://"
    rest = str(uri)[len(start) :]
    written = []
    at = 0
    while at < len(rest):
        part = rest[at : at + 3] if rest[at] == "%" else rest[at]
        if len(part) == 3:
            written.append(data.draw(st.sampled_from([part, part.lower()])))
        elif part.isalnum() or part in "-._~":
            written.append(data.draw(st.sampled_from([part, f"%{ord(part):02x}"])))
        else:
            written.append(part)
        at += len(part)
    assert parse(start + "".join(written)) == uri


@given(st.text(max_size=30) | st.text(max_size=20).map("mimi://a.example/u/{}".format))
def test_whatever_is_read_is_an_identifier_or_an_error_with_a_place(text):
    for read in (parse, MimiUri.from_iri, MimiUri.from_path_segment, Domain, Segment.of, Segment):
        error = refused(read, text)
        if error is not None:
            assert 0 <= error.at <= len(text)
            assert error.rule
            assert error.where["at"] == error.at


def refused(read, text):
    try:
        read(text)
    except errors.IdentifierError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mimi://A.example/u/%61lice", "MIMI://a.example/u/alice", True),
        ("mimi://a.example/", "mimi://a.example", True),
        ("mimi://b%C3%BCcher.example/", "mimi://XN--bcher-kva.example", True),
        ("mimi://a.example/u/Alice", "mimi://a.example/u/alice", False),
        ("mimi://a.example/u/a@b", "mimi://a.example/u/a%40b", False),
        ("mimi://a.example/u/Jos%C3%A9", "mimi://a.example/u/Jose%CC%81", False),
        ("mimi://a.example/u/alice", "mimi://a.example/p/alice", False),
    ],
)
def test_uris_are_compared_by_their_canonical_form(one, other, same):
    assert is_equivalent(one, other) is same
    assert (canonical(one) == canonical(other)) is same


def test_names_are_texts_and_are_encoded_where_they_must_be():
    user = UserUri("a.example", "a/b?c#d%e @:!\u00e9")
    assert str(user) == "mimi://a.example/u/a%2Fb%3Fc%23d%25e%20@:!%C3%A9"
    assert user.user.text == "a/b?c#d%e @:!\u00e9"
    assert user.user.is_plain


def test_a_segment_may_keep_what_is_needlessly_encoded():
    user = parse("mimi://a.example/u/a%40b")
    assert user == UserUri("a.example", Segment("a%40b"))
    assert user != UserUri("a.example", "a@b")
    assert user.user.text == "a@b"
    assert not user.user.is_plain


@pytest.mark.parametrize(
    ("name", "error", "at"),
    [
        ("", errors.EmptySegmentError, 0),
        (".", errors.DotSegmentError, 0),
        ("..", errors.DotSegmentError, 0),
        ("a\ud800", errors.CharacterError, 1),
    ],
)
def test_names_that_no_segment_can_be(name, error, at):
    for build in (RoomUri, UserUri, ClientUri):
        with pytest.raises(error) as raised:
            build("a.example", name)
        assert type(raised.value) is error
        assert raised.value.at == at


def test_a_segment_made_by_hand_is_checked():
    for encoded, error in (
        ("a/b", errors.CharacterError),
        ("%", errors.PercentError),
        ("%ff", errors.EncodingError),
        ("%2e", errors.DotSegmentError),
    ):
        with pytest.raises(error):
            Segment(encoded)
    assert Segment("%61%c3%a9") == Segment("a%C3%A9")


def test_the_longest_uri():
    begin = "mimi://a.example/r/"
    name = "x" * (LONGEST_URI - len(begin))
    assert str(parse(begin + name)) == str(RoomUri("a.example", name)) == begin + name
    for build in (lambda: RoomUri("a.example", f"{name}x"), lambda: parse(f"{begin}{name}x")):
        with pytest.raises(errors.UriTooLongError) as error:
            build()
        assert error.value.at == LONGEST_URI
    for text in (begin + "\u00e9" * 20_000, " " * (LONGEST_URI + 1)):
        with pytest.raises(errors.UriTooLongError):
            MimiUri.from_iri(text)


def test_an_error_says_which_rule_and_where():
    with pytest.raises(errors.PortError) as error:
        parse("mimi://a.example:443/u/alice")
    assert error.value.at == 16
    assert isinstance(error.value, MalformedError)
    assert str(error.value) == (
        "at character 16: a provider has no port (draft-ietf-mimi-protocol-06 section 3)"
    )


def test_places_in_iris_are_those_of_the_text():
    with pytest.raises(errors.CharacterError) as error:
        MimiUri.from_iri("mimi://b\u00fccher.example/u/\u00e9[")
    assert error.value.at == 25
    with pytest.raises(errors.LabelError) as label:
        MimiUri.from_iri("mimi://\u4f8b\u5b50.\u2665.example")
    assert label.value.at == 10


@pytest.mark.parametrize("character", ["\u0080", "\u009f", "\ud800"])
def test_iris_have_neither_controls_nor_halves_of_pairs(character):
    with pytest.raises(errors.CharacterError) as error:
        MimiUri.from_iri(f"mimi://a.example/u/a{character}")
    assert error.value.at == 20


def test_the_form_for_people_hides_nothing():
    assert (
        parse("mimi://xn--bcher-kva.example/u/%C3%A9").iri == "mimi://b\u00fccher.example/u/\u00e9"
    )
    for name in ("a\u202eb", "a\u00a0b", "a\u200bb", "a b", "a\x00"):
        assert name not in UserUri("a.example", name).iri
    assert parse("mimi://a.example/u/%C3%A9%40").iri == "mimi://a.example/u/%C3%A9%40"


def test_path_segments_are_decoded_once():
    room = RoomUri("a.example", "x")
    assert room.path_segment == "mimi%3A%2F%2Fa.example%2Fr%2Fx"
    assert MimiUri.from_path_segment("mimi:%2F%2Fa.example%2Fr%2Fx") == room
    for segment, error in (
        ("mimi%253A%252F%252Fa.example%252Fr%252Fx", errors.SchemeError),
        ("mimi://a.example/r/x", errors.CharacterError),
        ("a.example%2Fr%2Fx", errors.SchemeError),
    ):
        with pytest.raises(error):
            RoomUri.from_path_segment(segment)
    with pytest.raises(errors.OtherTypeError):
        UserUri.from_path_segment(room.path_segment)


def test_clients_and_their_users():
    alice = UserUri("a.example", "alice")
    assert alice.client("ClientA1") == ClientUri("a.example", "ClientA1", "alice")
    assert alice.client("ClientA1").user_uri == alice
    assert ClientUri("a.example", "ClientA1").user_uri is None
    assert alice.provider_uri == ProviderUri("a.example")
    encoded = parse("mimi://a.example/d/a%40b/x")
    assert encoded.user_uri == parse("mimi://a.example/u/a%40b")


@given(st.binary(min_size=1, max_size=40))
def test_a_group_carries_its_group_id(group_id):
    group = GroupUri.of_group_id("a.example", group_id)
    assert parse(str(group)).group_id == group_id


@pytest.mark.parametrize("name", ["clubhouse", "TII9t5viBrXiXc", "a+b/", "AA==", "\u00e9", "A"])
def test_a_group_may_have_a_name_that_is_no_group_id(name):
    group = GroupUri("a.example", name)
    with pytest.raises(errors.GroupIdError) as error:
        _ = group.group_id
    assert error.value.at == len("mimi://a.example/g/")


def test_an_empty_group_id_has_no_uri():
    with pytest.raises(errors.EmptySegmentError):
        GroupUri.of_group_id("a.example", b"")


def test_parts_are_what_a_reader_sees():
    uri = ClientUri("b\u00fccher.example", "a/b", "alice")
    assert uri.parts == (("provider", "b\u00fccher.example"), ("user", "alice"), ("client", "a/b"))


def test_a_package_that_is_missing_is_named():
    with pytest.raises(errors.MissingExtraError) as error, errors.extra_for("looking"):
        raise ModuleNotFoundError(name="fontTools.unicodedata")
    assert error.value.where == {"purpose": "looking", "missing": "fontTools.unicodedata"}
    with pytest.raises(ModuleNotFoundError) as other, errors.extra_for("looking"):
        raise ModuleNotFoundError(name="elsewhere")
    assert type(other.value) is ModuleNotFoundError


def test_identifiers_need_no_extra():
    script = (
        "import sys; import mimi.identity\n"
        "extra = {'fontTools', 'confusable_homoglyphs', 'precis_i18n'}\n"
        "assert not extra & set(sys.modules)\n"
        "sys.modules.update(dict.fromkeys(extra))\n"
        "assert str(mimi.identity.Jid.parse('Juliet@a.example/x')) == 'juliet@a.example/x'\n"
        "from mimi.identity.errors import MissingExtraError\n"
        "for attempt in (lambda: __import__('mimi.identity.eye'),\n"
        "                lambda: mimi.identity.Jid.parse('\\u00e9@a.example')):\n"
        "    try: attempt()\n"
        "    except MissingExtraError as error: assert 'mimi[identity]' in str(error)\n"
        "    else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | {"PYTHONUTF8": "1"})
