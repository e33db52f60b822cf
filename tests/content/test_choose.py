"""What a receiver processes of a body: alternatives, units, lists, and references between parts."""

import pytest
from content.published import PUBLISHED
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.build import alternatives, html_part, mixed, single_unit
from mimi.content.choose import CONTAINERS, Receiver, choose
from mimi.content.media import GFM_MIMI, HTML, PNG, TEXT
from mimi.content.message import decode
from mimi.content.model import (
    Disposition,
    ExternalPart,
    MultiPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.parts import content_id, part_at
from mimi.errors import UsageError

GIF = "image/gif"
VENDOR = "application/vnd.examplevendor-fancy-im-message"
NESTED = decode(PUBLISHED["multipart-3"]).nested_part
LINK = ExternalPart(Disposition.SESSION, "", "", "https://example.com/join/12345")


def single(content_type, language="", content=b""):
    return SinglePart(Disposition.RENDER, language, content_type, content)


def processed(part, *media_types, languages=()):
    receiver = Receiver(media_types or (GFM_MIMI, TEXT, HTML, PNG), languages)
    return [each.index for each in choose(part, receiver)]


# The published examples


@pytest.mark.parametrize(
    ("media_types", "languages", "indexes"),
    [
        ((HTML, PNG), ("fr",), [9]),
        ((HTML, PNG), ("en",), [8]),
        ((HTML, GIF), ("fr",), [4]),
        ((HTML, GIF, PNG), ("en",), [3]),
        ((HTML, PNG, GIF), ("en",), [8]),
        ((HTML, "image/*"), (), [3]),
        ((HTML, "*/*"), ("de", "fr-CA"), [4]),
        ((HTML,), ("fr",), [4]),
        ((PNG,), ("fr",), [10]),
        ((TEXT,), ("fr",), []),
    ],
)
def test_the_nested_example_has_one_answer_for_each_receiver(media_types, languages, indexes):
    assert processed(NESTED, *media_types, languages=languages) == indexes


def test_the_image_of_the_nested_example_remains_and_is_not_processed_again():
    choice = choose(NESTED, Receiver((HTML, PNG), ("fr",)))
    html, image = choice.remaining
    assert (html.index, html.references, html.referenced_by) == (9, (10,), None)
    assert (image.index, image.references, image.referenced_by) == (10, (), 9)
    assert image.part is part_at(NESTED, 10)
    assert list(choice) == [html]
    assert len(choice) == 1


def test_a_proprietary_alternative_is_for_who_knows_it():
    welcome = decode(PUBLISHED["multipart-1"]).nested_part
    assert processed(welcome) == [1]
    assert processed(welcome, GFM_MIMI, VENDOR) == [1]
    assert processed(welcome, VENDOR, GFM_MIMI) == [2]


def test_all_reactions_are_processed():
    assert processed(decode(PUBLISHED["multipart-2"]).nested_part) == [1, 2, 3]


@pytest.mark.parametrize("name", ["delete", "unlike"])
def test_a_withdrawal_has_nothing_to_process(name):
    choice = choose(decode(PUBLISHED[name]).nested_part, Receiver())
    assert len(choice) == 0
    assert choice.remaining == ()


def test_a_conference_without_a_content_type_is_processed():
    (link,) = choose(decode(PUBLISHED["conferencing"]).nested_part, Receiver(media_types=()))
    assert link.index == 0
    assert link.disposition == Disposition.SESSION


def test_a_receiver_understands_what_is_required_and_recommended_unless_it_says_otherwise():
    for name in ("original", "mention", "mention-html", "reaction"):
        assert len(choose(decode(PUBLISHED[name]).nested_part, Receiver())) == 1
    assert len(choose(decode(PUBLISHED["attachment"]).nested_part, Receiver())) == 0


# Single parts


@pytest.mark.parametrize("content_type", ["", "?!", VENDOR, "text/plain;charset=utf-16"])
def test_a_part_that_is_not_understood_is_not_processed(content_type):
    assert processed(single(content_type)) == []


def test_an_external_part_is_understood_by_its_content_type():
    assert processed(ExternalPart(Disposition.ATTACHMENT, "", PNG, "https://e.example")) == [0]
    assert processed(ExternalPart(Disposition.ATTACHMENT, "", GIF, "https://e.example")) == []


def test_an_unknown_disposition_is_treated_as_render():
    (unknown,) = choose(SinglePart(Disposition(200), "", TEXT, b""), Receiver())
    assert unknown.disposition == Disposition.RENDER
    (known,) = choose(SinglePart(Disposition.ICON, "", TEXT, b""), Receiver())
    assert known.disposition == Disposition.ICON
    (unspecified,) = choose(SinglePart(Disposition.UNSPECIFIED, "", TEXT, b""), Receiver())
    assert unspecified.disposition == Disposition.UNSPECIFIED


# Alternatives


def test_support_decides_before_language():
    options = alternatives(single(VENDOR, "fr"), single(TEXT, "en"))
    assert processed(options, languages=["fr"]) == [2]


def test_language_decides_before_media_type():
    options = alternatives(single(GFM_MIMI, "en"), single(TEXT, "fr"))
    assert processed(options, languages=["fr"]) == [2]


def test_media_type_decides_before_the_senders_order():
    options = alternatives(single(TEXT, "fr"), single(GFM_MIMI, "fr"))
    assert processed(options, languages=["fr"]) == [2]


def test_the_senders_order_decides_last():
    options = alternatives(single(TEXT, "fr"), single(TEXT, "fr"))
    assert processed(options, languages=["fr"]) == [1]
    assert processed(options) == [1]


def test_media_types_are_compared_part_by_part():
    gif, png = mixed(html_part(""), single(GIF)), mixed(html_part(""), single(PNG))
    assert processed(alternatives(gif, png), HTML, PNG, GIF) == [5, 6]
    assert processed(alternatives(gif, png), HTML, GIF, PNG) == [2, 3]


def test_whole_support_is_better_than_partial():
    options = alternatives(mixed(single(TEXT), single(GIF)), mixed(single(TEXT), single(PNG)))
    assert processed(options) == [5, 6]
    assert processed(options, TEXT) == [2]


def test_partial_support_is_better_than_nothing():
    assert processed(alternatives(NullPart(), mixed(single(TEXT), single(GIF)))) == [3]


def test_a_null_part_is_chosen_if_nothing_else_is_understood():
    options = alternatives(NullPart(), single(TEXT, "en"))
    assert processed(options, languages=["fr"]) == [2]
    assert processed(options, VENDOR) == []
    # it is understood, so that a unit with it is
    assert processed(single_unit(options, single(VENDOR)), VENDOR) == [4]


def test_a_link_of_unknown_type_is_the_last_choice():
    assert processed(alternatives(LINK, single(PNG))) == [2]
    assert processed(alternatives(LINK, single(GIF))) == [1]


def test_of_nothing_that_is_understood_nothing_is_chosen():
    assert processed(alternatives(single(GIF), single(VENDOR))) == []


@pytest.mark.parametrize(
    ("languages", "wanted", "index"),
    [
        (["en", "fr"], ["fr"], 2),
        (["en", "fr"], ["fr-CA"], 2),
        (["en", "fr"], ["de", "fr"], 2),
        (["en", "FR"], ["fr"], 2),
        (["en", "de,fr"], ["fr"], 2),
        (["en", "de, fr"], ["fr"], 2),
        (["fr", "en,fr-CA"], ["fr-CA"], 2),
        (["en", "fr-CA"], ["fr"], 2),
        (["de-AT", "fr-CA", "fr-FR"], ["nl", "fr"], 2),
        (["en", ""], ["fr"], 2),
        (["en", "de"], ["fr"], 1),
        (["en", "de"], ["*"], 1),
        (["en", "fr"], ["*", "fr"], 2),
        (["en", "fr"], [], 1),
        (["", "fr"], [], 1),
        (["?!", "fr"], ["fr"], 2),
        (["en-x-fr", "fr"], ["en-x-de"], 1),
    ],
)
def test_the_best_language_is_looked_up(languages, wanted, index):
    options = alternatives(*(single(TEXT, language) for language in languages))
    assert processed(options, languages=wanted) == [index]


def test_the_language_of_parts_together_is_that_of_what_is_processed_of_them():
    english = mixed(single(TEXT, "en"), single(PNG))
    french = mixed(alternatives(single(TEXT, "fr"), single(VENDOR, "en")), single(PNG))
    assert processed(alternatives(french, english), languages=["fr"]) == [3, 5]
    assert processed(alternatives(french, english), languages=["en"]) == [7, 8]


def test_a_language_of_its_own_counts_for_parts_together():
    one = mixed(single(TEXT, "en"), single(PNG), language="fr")
    other = mixed(single(TEXT, "fr"), single(PNG), language="en")
    assert processed(alternatives(one, other), languages=["en"]) == [5, 6]


def test_the_language_of_what_is_not_understood_does_not_count():
    one = mixed(single(TEXT, "de"), alternatives(single(VENDOR), single(GIF), language="fr"))
    other = mixed(single(TEXT, "fr"), alternatives(single(VENDOR), single(GIF), language="de"))
    assert processed(alternatives(one, other), languages=["fr"]) == [7]


# Units and lists


def test_a_unit_is_processed_as_a_whole_or_not_at_all():
    assert processed(single_unit(single(TEXT), single(PNG))) == [1, 2]
    assert processed(single_unit(single(TEXT), single(GIF))) == []
    assert processed(mixed(single(TEXT), single_unit(single(PNG), single(GIF)))) == [1]


def test_of_a_list_as_much_as_possible_is_processed():
    assert processed(mixed(single(TEXT), single(GIF), single(PNG))) == [1, 3]
    assert processed(mixed(single(GIF), single(VENDOR))) == []


def test_a_list_that_is_understood_in_part_does_not_spoil_its_unit():
    unit = single_unit(single(TEXT), mixed(single(GIF), single(PNG)))
    assert processed(unit) == [1, 4]
    # but the unit is not wholly understood
    assert processed(alternatives(unit, single(PNG))) == [6]
    whole = single_unit(single(TEXT), mixed(single(PNG), single(PNG)))
    assert processed(alternatives(whole, single(PNG))) == [2, 4, 5]
    assert processed(single_unit(single(TEXT), mixed(single(GIF), single(VENDOR)))) == []


def test_null_parts_spoil_nothing():
    assert processed(single_unit(single(TEXT), NullPart())) == [1]
    assert processed(mixed(NullPart(), single(TEXT))) == [2]
    # nothing but them is understood, though there is nothing to do
    for together in (mixed, single_unit):
        empty = together(NullPart(), NullPart())
        assert processed(alternatives(empty, single(GIF))) == []
        assert processed(alternatives(empty, single(TEXT))) == [4]
        assert processed(single_unit(empty, single(TEXT))) == [4]
    # a list of which only they are understood is not
    assert processed(single_unit(mixed(NullPart(), single(GIF)), single(TEXT))) == []


# References


def document(*indexes, content_type=HTML):
    return single(content_type, content=" ".join(map(content_id, indexes)).encode())


def test_a_part_that_an_earlier_one_shows_is_passed_over_whatever_its_disposition():
    image = SinglePart(Disposition.ATTACHMENT, "", PNG, b"")
    assert processed(mixed(document(2), image)) == [1]
    external = ExternalPart(Disposition.ATTACHMENT, "", PNG, "https://example.com")
    assert processed(mixed(document(2), external)) == [1]


def test_a_part_that_was_processed_before_stays_processed():
    assert processed(mixed(single(PNG), document(1))) == [1, 2]


def test_what_is_shown_shows_what_it_refers_to():
    body = mixed(document(3), single(PNG), document(4), document(1, 2), single(PNG))
    choice = choose(body, Receiver())
    assert [each.referenced_by for each in choice.remaining] == [None, 1, 1, 1, None]


def test_documents_that_refer_to_each_other_are_processed_once():
    assert processed(mixed(document(2), document(1))) == [1]
    assert processed(mixed(document(1), document(1))) == [1, 2]


def test_references_to_what_is_not_there_are_no_references():
    body = mixed(document(0, 1, 3, 4, 9, 2), single(PNG), NullPart(), mixed(single(TEXT), LINK))
    first, *others = choose(body, Receiver()).remaining
    assert first.references == (1, 2)
    assert [each.referenced_by for each in others] == [1, None, None]


def test_a_part_that_was_not_chosen_is_referred_to_and_shows_nothing():
    body = mixed(document(3), alternatives(document(4, content_type=GIF), document(5)), LINK)
    first, *others = choose(body, Receiver((HTML,))).remaining
    assert first.references == (3,)
    assert [(each.index, each.referenced_by) for each in others] == [(4, None), (5, 4)]


@pytest.mark.parametrize("content_type", [*CONTAINERS, GFM_MIMI, "TEXT/HTML"])
def test_documents_refer_to_parts(content_type):
    body = mixed(document(2, content_type=content_type), single(PNG))
    assert processed(body, "*/*") == [1]


@pytest.mark.parametrize("content_type", [TEXT, PNG, VENDOR, "text/html;charset=utf-16"])
def test_what_is_no_document_refers_to_nothing(content_type):
    body = mixed(document(2, content_type=content_type), single(PNG))
    assert processed(body, "*/*") == [1, 2]


def test_an_external_part_refers_to_nothing():
    page = ExternalPart(Disposition.RENDER, "", HTML, content_id(2))
    assert processed(mixed(page, single(PNG))) == [1, 2]


def test_which_documents_refer_to_parts_is_for_the_receiver_to_say():
    body = mixed(document(2, content_type=VENDOR), single(PNG))
    assert len(choose(body, Receiver((VENDOR, PNG), containers=(VENDOR,)))) == 1
    assert len(choose(body, Receiver((VENDOR, PNG)))) == 2


def test_a_document_need_not_be_utf_8():
    body = mixed(single(HTML, content=b"\xff " + content_id(2).encode()), single(PNG))
    assert processed(body) == [1]


# Receivers


@pytest.mark.parametrize("media_type", ["", "text", "*/html", "text/plain;"])
def test_a_receiver_understands_media_types_and_ranges(media_type):
    for named in ({"media_types": [media_type]}, {"containers": [media_type]}):
        with pytest.raises(UsageError) as refused:
            Receiver(**named)
        assert type(refused.value) is UsageError
        assert refused.value.where["content_type"] == media_type


@pytest.mark.parametrize("language", ["", "en_US", "en;q=0.5", "en,fr"])
def test_a_receiver_likes_language_ranges(language):
    with pytest.raises(UsageError) as refused:
        Receiver(languages=["en", language])
    assert type(refused.value) is UsageError
    assert refused.value.where == {"language": language}


# Properties

leaves = st.builds(single, st.sampled_from([TEXT, HTML, PNG, GIF, ""]), st.sampled_from(["", "fr"]))
documents = st.builds(document, st.integers(0, 9), st.integers(0, 9))
bodies = st.recursive(
    leaves | documents | st.just(NullPart()) | st.just(LINK),
    lambda inner: st.builds(
        lambda make, members: make(*members),
        st.sampled_from([alternatives, single_unit, mixed]),
        st.lists(inner, min_size=2, max_size=4),
    ),
    max_leaves=10,
)


def most_leaves(part):
    if not isinstance(part, MultiPart):
        return 0 if isinstance(part, NullPart) else 1
    most = [most_leaves(each) for each in part.parts]
    return max(most) if part.part_semantics == PartSemantics.CHOOSE_ONE else sum(most)


@given(bodies)
def test_each_part_is_processed_once_in_order_or_shown_by_one_that_is(body):
    choice = choose(body, Receiver())
    indexes = [each.index for each in choice.remaining]
    assert indexes == sorted(set(indexes))
    assert all(part_at(body, each.index) is each.part for each in choice.remaining)
    assert len(indexes) <= most_leaves(body)
    handled = [each.index for each in choice]
    assert len(choice) == len(handled)
    for each in choice.remaining:
        assert each.referenced_by is None or each.referenced_by in handled
        assert each.referenced_by is None or each.referenced_by < each.index
