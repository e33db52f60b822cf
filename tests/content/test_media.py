"""Media types: how they are read, written and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.errors import ContentTypeError
from mimi.content.media import (
    COMMONMARK,
    GFM_MIMI,
    HTML,
    JPEG,
    MIMI_CONTENT,
    PNG,
    RECOMMENDED,
    REQUIRED,
    TEXT,
    MediaType,
    matches,
    recognised,
)

NAME = "abcXYZ019!#$&-^_.+"
names = st.builds(
    "{}{}".format, st.sampled_from("aZ0"), st.text(st.sampled_from(NAME), max_size=126)
)
attributes = st.text(st.sampled_from(NAME + "%'*`{|}~"), min_size=1, max_size=9)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("\t"))
media_types = st.builds(
    MediaType,
    names,
    names,
    st.lists(st.tuples(attributes, values), unique_by=lambda each: each[0].lower()).map(tuple),
)


@given(media_types)
def test_a_media_type_is_read_as_it_is_written(media_type):
    text = str(media_type)
    again = MediaType.parse(text)
    assert again == media_type
    assert (again.type, again.subtype) == (media_type.type, media_type.subtype)
    assert again.parameters == media_type.parameters
    assert str(again) == text
    assert hash(again) == hash(media_type)


@given(media_types, st.text())
def test_nothing_else_is_raised_for_any_text(media_type, text):
    for each in (text, f"{media_type}{text}", f"{media_type};a={text}"):
        found = recognised(each)
        if found is None:
            with pytest.raises(ContentTypeError) as refused:
                MediaType.parse(each)
            assert refused.value.where["content_type"] == each


def test_the_types_of_the_draft_are_written_as_published():
    assert list(map(str, REQUIRED)) == [GFM_MIMI, TEXT, MIMI_CONTENT]
    assert list(map(str, RECOMMENDED)) == [COMMONMARK, HTML, JPEG, PNG]
    assert GFM_MIMI == "text/markdown;variant=GFM-MIMI"
    assert TEXT == "text/plain;charset=utf-8"
    assert MIMI_CONTENT == "application/mimi-content"


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("a/b", ()),
        ("a/b;c=d", (("c", "d"),)),
        ("a/b \t;\t C=D", (("c", "D"),)),
        ('a/b;c="d"', (("c", "d"),)),
        ('a/b;c=""', (("c", ""),)),
        ('a/b;c="d; e=\\"f\\\\"', (("c", 'd; e="f\\'),)),
        ('a/b;c="d\te"', (("c", "d\te"),)),
        ("a/b;c={d}", (("c", "{d}"),)),
        ("a/b;title*=utf-8''x", (("title*", "utf-8''x"),)),
        ("a/b;d=1;c=2", (("d", "1"), ("c", "2"))),
    ],
)
def test_what_is_read(text, parameters):
    found = MediaType.parse(text)
    assert (found.type, found.subtype, found.parameters) == ("a", "b", parameters)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a/", "/b", "a/b/c", "a b/c", "a /b", "a/ b", " a/b", "a/b ", "a/b;", "a/b;c"),
        *("a/b;c=", "a/b;=d", "a/b;c =d", "a/b;c= d", "a/b;c=d;", "a/b;;c=d", "a/b c=d", "a/b,a/c"),
        *('a/b;c="d', 'a/b;c=d"', 'a/b;c="d"e', 'a/b;c="\\"', 'a/b;c="d\n"', 'a/b;c="\x00"'),
        *("a/b;c=ü", 'a/b;c="ü"', "ä/b", "\u212a/b", "a/b\n", "a/b;\nc=d", "a/b (comment)"),
        *("*/*", "a/*", "*/b", "-a/b", "a/.b", "a/b;c=d/e", "a" * 128 + "/b", "a/" + "b" * 128),
    ],
)
def test_what_is_no_media_type(text):
    with pytest.raises(ContentTypeError) as refused:
        MediaType.parse(text)
    assert refused.value.where["content_type"] == text
    assert recognised(text) is None
    assert not matches(text, "*/*")


def test_a_parameter_occurs_once():
    with pytest.raises(ContentTypeError) as refused:
        MediaType.parse("a/b;c=1;C=1")
    assert refused.value.where == {"content_type": "a/b;c=1;C=1", "at": 7}


def test_names_have_at_most_127_characters():
    assert MediaType.parse("a" * 127 + "/" + "b" * 127).subtype == "b" * 127


@pytest.mark.parametrize("text", ["*/b", "a*/b", "a/b*", "*", "**/*"])
def test_what_is_no_range_either(text):
    with pytest.raises(ContentTypeError) as refused:
        MediaType.parse_range(text)
    assert refused.value.where["content_type"] == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("text/plain", "text/plain;charset=utf-8"),
        ("text/plain;charset=utf-8", "text/plain; charset=UTF-8"),
        ("text/plain", "TEXT/Plain;CHARSET=Utf-8"),
        ('text/plain;charset="utf-8"', "text/plain"),
        ("text/markdown;variant=GFM-MIMI", "text/markdown;variant=gfm-mimi;charset=utf-8"),
        ("a/b;c=1;d=2", "a/b;d=2;c=1"),
        ('a/b;c="d"', "A/B;C=d"),
    ],
)
def test_types_that_are_equal(one, other):
    first, second = MediaType.parse(one), MediaType.parse(other)
    assert first == second
    assert hash(first) == hash(second)
    assert matches(one, other)
    assert matches(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("text/plain", "text/html"),
        ("text/plain", "application/plain"),
        ("text/plain", "text/plain;charset=utf-16"),
        ("text/plain", "text/plain;charset=us-ascii"),
        ("application/xml", "application/xml;charset=utf-8"),
        ("a/b;c=d", "a/b;c=D"),
        ("a/b;c=d", "a/b"),
    ],
)
def test_types_that_differ(one, other):
    assert MediaType.parse(one) != MediaType.parse(other)


def test_a_media_type_is_no_text():
    assert MediaType.parse("a/b") != "a/b"


@pytest.mark.parametrize(
    ("offered", "accepted"),
    [
        (GFM_MIMI, GFM_MIMI),
        (GFM_MIMI, "text/markdown"),
        (GFM_MIMI, "text/*"),
        (GFM_MIMI, "*/*"),
        ("text/plain;format=flowed", TEXT),
        ("text/plain;charset=US-ASCII", TEXT),
        ("text/plain;charset=us-ascii", "text/plain"),
        ("text/plain;charset=utf-16", "text/plain;charset=utf-16"),
        ("text/plain;charset=utf-16", "*/*"),
        ("image/png", "image/*"),
        ("IMAGE/PNG", "image/png"),
        ("a/b;c=d;e=f", "a/*;c=d"),
        ("application/vnd.examplevendor-fancy-im-message", "application/*"),
    ],
)
def test_what_is_accepted(offered, accepted):
    assert matches(offered, accepted)
    assert matches(MediaType.parse(offered), MediaType.parse_range(accepted))


@pytest.mark.parametrize(
    ("offered", "accepted"),
    [
        ("text/markdown", GFM_MIMI),
        (COMMONMARK, GFM_MIMI),
        (GFM_MIMI, TEXT),
        ("text/plain;charset=utf-16", TEXT),
        ("text/plain;charset=utf-16", "text/plain"),
        ("text/plain;charset=utf-16", "text/*"),
        (TEXT, "text/plain;charset=us-ascii"),
        ("image/png", "text/*"),
        ("imagery/png", "image/*"),
        ("a/b;c=D", "a/*;c=d"),
        ("", "*/*"),
    ],
)
def test_what_is_not_accepted(offered, accepted):
    assert not matches(offered, accepted)


def test_what_is_accepted_has_to_be_a_media_type_or_range():
    with pytest.raises(ContentTypeError) as refused:
        matches(TEXT, "text")
    assert refused.value.where == {"content_type": "text"}
