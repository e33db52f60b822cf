"""Language tags, ranges and lookup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.language import (
    is_language_list,
    is_language_range,
    is_language_tag,
    lookup,
    tags_of,
    within,
)

# RFC 5646 appendix A, and the grandfathered tags of section 2.1
TAGS = [
    *("de", "fr", "ja", "i-enochian", "zh-Hant", "zh-Hans", "sr-Cyrl", "sr-Latn", "zh-cmn-Hans-CN"),
    *("cmn-Hans-CN", "zh-yue-HK", "yue-HK", "zh-Hans-CN", "sr-Latn-RS", "sl-rozaj"),
    *("sl-rozaj-biske", "sl-nedis", "de-CH-1901", "sl-IT-nedis", "hy-Latn-IT-arevela", "de-DE"),
    *("en-US", "es-419", "de-CH-x-phonebk", "az-Arab-x-AZE-derbend", "x-whatever"),
    *("qaa-Qaaa-QM-x-southern", "de-Qaaa", "sr-Latn-QM", "sr-Qaaa-RS", "en-US-u-islamcal"),
    *("zh-CN-a-myext-x-private", "en-a-myext-b-another", "ar-a-aaa-b-bbb-a-ccc", "x-y", "abcd"),
    *("abcdefgh", "aa-bbb-ccc-ddd", "de-1996", "en-0-ab", "i-klingon", "I-Klingon", "en-GB-oed"),
    *("i-ami", "i-bnn", "i-default", "i-hak", "i-lux", "i-mingo", "i-navajo", "i-pwn", "i-tao"),
    *("i-tay", "i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE", "art-lojban", "cel-gaulish"),
    *("no-bok", "no-nyn", "zh-guoyu", "zh-hakka", "zh-min", "zh-min-nan", "zh-xiang"),
]
NO_TAGS = [
    *("", "a", "a-DE", "1", "12", "e1", "abcdefghi", "de-419-DE", "en_US", "en-", "-en", "en--US"),
    *(
        "en-a",
        "en-x",
        "x",
        "x-",
        "x-abcdefghi",
        "i-unknown",
        "en-a-b",
        "aa-bbb-ccc-ddd-eee",
        "de-19",
    ),
    *(
        "de-abcd-efgh",
        "en us",
        " en",
        "en ",
        "en\n",
        "*",
        "en-*",
        "\u212aa",
        "dé",
        "en-US-u-",
        "de,fr",
    ),
]


@pytest.mark.parametrize("tag", TAGS)
def test_a_well_formed_tag(tag):
    assert is_language_tag(tag)
    assert is_language_tag(tag.upper())
    assert is_language_list(f"{tag},en")


@pytest.mark.parametrize("tag", NO_TAGS)
def test_no_well_formed_tag(tag):
    assert not is_language_tag(tag)
    assert not is_language_list(f"{tag},en") or tag == "de,fr"


def test_what_the_language_of_a_part_can_be():
    assert is_language_list("")
    assert is_language_list("en")
    assert is_language_list("en,fr-CA,i-klingon")
    for wrong in ("en,", ",en", "en,,fr", "en, fr", "en;fr", " "):
        assert not is_language_list(wrong)


def test_the_tags_of_a_part_are_whatever_was_sent():
    assert tags_of("") == tags_of(" ") == tags_of(",") == ()
    assert tags_of("en, fr ,,?!") == ("en", "fr", "?!")


@pytest.mark.parametrize(
    "text", ["*", "en", "en-*", "*-CH", "de-*-DE", "x-y", "zh-Hant-CN-x-private1"]
)
def test_a_language_range(text):
    assert is_language_range(text)


@pytest.mark.parametrize(
    "text", ["", "-", "en-", "e1", "en_US", "**", "en-abcdefghi", "en\n", "en,fr"]
)
def test_no_language_range(text):
    assert not is_language_range(text)


def test_lookup_shortens_the_range_as_published():
    """The example of RFC 4647 section 3.4."""
    wanted = "zh-Hant-CN-x-private1-private2"
    steps = [
        "zh-Hant-CN-x-private1-private2",
        "zh-Hant-CN-x-private1",
        "zh-Hant-CN",
        "zh-Hant",
        "zh",
    ]
    for at, tag in enumerate(steps):
        assert lookup([wanted], list(reversed(steps[at:]))) == tag
    assert lookup([wanted], ["zh-Hant-CN-x"]) is None


def test_single_letters_and_digits_go_with_what_follows():
    assert lookup(["en-a-bbb"], ["en-a", "en"]) == "en"
    assert lookup(["en-1-bbb"], ["en-1", "en"]) == "en"
    assert lookup(["en-a-b-ccc"], ["en-a-b", "en-a", "en"]) == "en"
    assert lookup(["i-klingon"], ["i"]) is None


def test_each_range_is_shortened_before_the_next_one_is_tried():
    """The example of RFC 4647 section 3.4: "fr-FR; en"."""
    assert lookup(["fr-FR", "en"], ["en", "fr"]) == "fr"
    assert lookup(["fr-FR", "en"], ["en", "de"]) == "en"


def test_a_range_is_as_special_as_a_tag_may_be():
    assert lookup(["de"], ["de-CH"]) is None
    assert lookup(["de-CH"], ["de-AT"]) is None


def test_the_wildcard_is_passed_over():
    assert lookup(["*", "fr"], ["en", "fr"]) == "fr"
    assert lookup(["*"], ["en"]) is None
    assert lookup(["fr", "*"], ["en"], default="en") == "en"


def test_extended_ranges_are_made_basic():
    assert lookup(["de-*-DE"], ["de", "de-DE"]) == "de-DE"
    assert lookup(["*-DE"], ["de-DE", "de"]) is None


def test_case_does_not_matter_and_the_tag_is_as_it_was_spelled():
    assert lookup(["EN-us"], ["fr", "En-US", "en-us"]) == "En-US"


def test_the_default_is_for_when_nothing_else_is():
    assert lookup([], ["en"]) is None
    assert lookup([], ["en"], "x") == "x"
    assert lookup(["en"], [], "x") == "x"
    assert lookup(["en"], ["en"], "x") == "en"


@given(st.lists(st.sampled_from(TAGS)), st.lists(st.sampled_from(TAGS + NO_TAGS)))
def test_lookup_is_what_its_section_says(ranges, tags):
    assert lookup(ranges, tags) == naive_lookup(ranges, tags)


def naive_lookup(ranges, tags):
    for each in ranges:
        wanted = each.lower()
        while wanted:
            found = [tag for tag in tags if tag.lower() == wanted]
            if found:
                return found[0]
            wanted = wanted.rpartition("-")[0]
            if len(wanted.rpartition("-")[2]) == 1:
                wanted = wanted.rpartition("-")[0]
    return None


def test_a_tag_within_a_range():
    assert within("de", "de")
    assert within("DE", "de-ch")
    assert within("de-CH", "de-ch-1996")
    assert within("*", "de")
    assert not within("de", "deu")
    assert not within("de-CH", "de")
    assert not within("de-DE", "de-Latn-DE")
