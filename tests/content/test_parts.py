"""Indexes of parts, and references by content ID."""

import pytest
from content.published import PUBLISHED
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.errors import PartReferenceError
from mimi.content.message import decode
from mimi.content.model import (
    Disposition,
    ExternalPart,
    MultiPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.parts import (
    check_references,
    content_id,
    index_of,
    part_at,
    parts,
    referenced,
    references,
)
from mimi.errors import UsageError

NESTED = decode(PUBLISHED["multipart-3"]).nested_part
RENDER = Disposition.RENDER
LINK = ExternalPart(RENDER, "", "", "https://example.com")
TEXT = SinglePart(RENDER, "", "text/plain", b"text")


def together(*members):
    return MultiPart(RENDER, "", PartSemantics.PROCESS_ALL, members)


bodies = st.recursive(
    st.sampled_from([NullPart(), TEXT, LINK]),
    lambda inner: st.lists(inner, min_size=2, max_size=4).map(lambda each: together(*each)),
    max_leaves=12,
)


def naive_parts(part):
    inner = part.parts if isinstance(part, MultiPart) else ()
    return [part, *(each for member in inner for each in naive_parts(member))]


@given(bodies)
def test_indexes_are_depth_first(body):
    assert list(parts(body)) == naive_parts(body)


def test_the_published_example_has_eleven_parts_in_the_published_order():
    languages = [each.language for each in parts(NESTED)]
    assert languages == ["", "", "", "en", "fr", "", "", "", "en", "fr", ""]
    assert part_at(NESTED, 0) is NESTED
    assert part_at(NESTED, 5).content_type == "image/gif"
    assert part_at(NESTED, 10).content_type == "image/png"


def test_the_references_of_the_published_example_are_its_images():
    for index, image in ((3, 5), (4, 5), (8, 10), (9, 10)):
        assert references(part_at(NESTED, index).content.decode()) == (image,)
        found = referenced(NESTED, content_id(image))
        assert found == (image, part_at(NESTED, image))


def test_parts_nested_however_deeply_are_counted():
    body = TEXT
    for _ in range(5000):
        body = together(NullPart(), body)
    assert len(parts(body)) == 10_001


@pytest.mark.parametrize("index", [-1, 11, 1 << 70])
def test_an_index_that_no_part_has_is_refused(index):
    with pytest.raises(PartReferenceError) as refused:
        part_at(NESTED, index)
    assert refused.value.where == {"index": index, "parts": 11}


def test_a_content_id_is_written_as_published():
    assert content_id(5) == "cid:5@local.invalid"
    assert content_id(0) == "cid:0@local.invalid"
    assert content_id(1023) == "cid:1023@local.invalid"


@pytest.mark.parametrize("index", [-1, 1024])
def test_there_is_no_content_id_of_a_part_that_cannot_be(index):
    with pytest.raises(UsageError) as refused:
        content_id(index)
    assert type(refused.value) is UsageError
    assert refused.value.where == {"index": index}


@given(st.integers(0, 1023))
def test_a_content_id_is_read_as_it_is_written(index):
    assert index_of(content_id(index)) == index
    assert references(f"![]({content_id(index)})") == (index,)


OTHERS = [
    "https://example.com/5@local.invalid",
    "cid:5@example.com",
    "cid:5",
    "cid:foo4*foo1@bar.net",
    "CID:5@local.invalid",
    "cid:5@LOCAL.INVALID",
    "cid:5%40local.invalid",
    "cid:5@local.invalid#top",
    " cid:5@local.invalid",
    "mid:5@local.invalid",
    "",
]


@pytest.mark.parametrize("uri", OTHERS)
def test_other_uris_mean_no_part(uri):
    assert index_of(uri) is None
    with pytest.raises(PartReferenceError) as refused:
        referenced(NESTED, uri)
    assert refused.value.where == {"uri": uri}


@pytest.mark.parametrize(
    "index", ["", "05", "00", "+5", "-5", " 5", "5 ", "5.0", "0x5", "\u0665", "1024", "9" * 5000]
)
def test_a_content_id_without_a_part_index_is_refused(index):
    uri = f"cid:{index}@local.invalid"
    with pytest.raises(PartReferenceError) as refused:
        index_of(uri)
    assert refused.value.where == {"uri": uri}


@pytest.mark.parametrize("index", [0, 1, 2, 6, 7])
def test_a_reference_names_no_part_that_consists_of_parts(index):
    with pytest.raises(PartReferenceError) as refused:
        referenced(NESTED, content_id(index))
    assert refused.value.where == {"uri": content_id(index), "index": index}


def test_a_reference_names_no_part_without_content():
    body = together(TEXT, NullPart(), LINK)
    with pytest.raises(PartReferenceError) as refused:
        referenced(body, content_id(2))
    assert refused.value.where == {"uri": content_id(2), "index": 2}
    assert referenced(body, content_id(1)) == (1, TEXT)
    assert referenced(body, content_id(3)) == (3, LINK)


def test_a_reference_names_a_part_that_is_there():
    with pytest.raises(PartReferenceError) as refused:
        referenced(NESTED, content_id(11))
    assert refused.value.where == {"index": 11, "parts": 11}


def test_a_body_of_one_part_may_be_named():
    assert referenced(TEXT, content_id(0)) == (0, TEXT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<img src="cid:5@local.invalid" alt=""/>', (5,)),
        ("![a](cid:5@local.invalid)\n\n![b](<cid:12@local.invalid>)", (5, 12)),
        ("[a]: cid:5@local.invalid 'title'", (5,)),
        ("cid:5@local.invalid cid:1@local.invalid cid:5@local.invalid", (5, 1)),
        ("PHOTO:cid:5@local.invalid\r\n", (5,)),
        ("See cid:5@local.invalid.", (5,)),
        ("cid:5@local.invalid#top", (5,)),
        ("<!-- cid:5@local.invalid -->", (5,)),
        ("«cid:5@local.invalid»", (5,)),
        ("cid:1023@local.invalid", (1023,)),
        ("cid:1024@local.invalid", ()),
        (f"cid:{'9' * 5000}@local.invalid", ()),
        ("cid:05@local.invalid", ()),
        ("cid:5@local.invalid.example", ()),
        ("cid:5@local.invalid-example", ()),
        ("cid:5@local.invalidexample", ()),
        ("cid:5@local.invalid/6", ()),
        ("xcid:5@local.invalid", ()),
        ("x-cid:5@local.invalid", ()),
        ("cid:5@example.com", ()),
        ("cid:5&#64;local.invalid", ()),
        ("cid:\r\n 5@local.invalid", ()),
        ("", ()),
    ],
)
def test_which_texts_refer_to_parts(text, found):
    assert references(text) == found


@given(st.text())
def test_any_text_can_be_searched(text):
    assert references(text + "cid:1@local.invalid")[-1:] in {(1,), ()}


def test_references_of_a_received_body_can_be_checked():
    check_references(NESTED)
    page = SinglePart(RENDER, "", "text/html; charset=UTF-8", b"<img src='cid:2@local.invalid'>")
    check_references(together(page, TEXT))
    with pytest.raises(PartReferenceError) as refused:
        check_references(page)
    assert refused.value.where == {"index": 2, "parts": 1}
    with pytest.raises(PartReferenceError) as refused:
        check_references(together(page, NullPart()))
    assert refused.value.where == {"index": 2, "parts": 3}
    check_references(SinglePart(RENDER, "", "?!", page.content))


@given(bodies, st.text())
def test_the_references_of_any_text_can_be_checked(body, text):
    check_references(
        together(body, SinglePart(RENDER, "", "text/markdown", f"{text} cid:".encode()))
    )
