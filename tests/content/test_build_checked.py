"""What builders look at before they build: types, references between parts, and reactions."""

import pytest
from content.published import PUBLISHED_IDS

from mimi.content.build import (
    alternatives,
    body,
    edit,
    html,
    html_part,
    markdown,
    markdown_part,
    mixed,
    reaction,
    reactions,
    reply,
    single_part,
    text,
    text_part,
)
from mimi.content.model import Disposition, ExternalPart, NullPart
from mimi.content.parts import content_id
from mimi.errors import UsageError

ORIGINAL = PUBLISHED_IDS["original"]
PICTURE = ExternalPart(Disposition.INLINE, "", "image/png", "https://example.com/1.png")


def refused_at_once(make, **where):
    with pytest.raises(UsageError) as refused:
        make()
    assert type(refused.value) is UsageError
    assert refused.value.where == where


@pytest.mark.parametrize("make", [text_part, markdown_part, html_part, text, markdown, html])
@pytest.mark.parametrize("source", [b"Hi", None, 7])
def test_a_text_is_a_text(make, source):
    refused_at_once(lambda: make(source), type=type(source).__name__)


@pytest.mark.parametrize("content", [None, 7, [72, 105]])
def test_content_is_text_or_octets(content):
    refused_at_once(lambda: single_part("image/png", content), type=type(content).__name__)


@pytest.mark.parametrize(
    "make",
    [
        body,
        lambda part: body(mixed(text_part("Hi"), part)),
        lambda part: reply("Hi", ORIGINAL, attach=[part]),
        lambda part: edit(alternatives(part, text_part("Hi")), ORIGINAL),
    ],
)
@pytest.mark.parametrize("part", ["hello", b"hello", None, text_part])
def test_a_body_consists_of_parts(make, part):
    refused_at_once(lambda: make(part), type=type(part).__name__)


@pytest.mark.parametrize("make", [html_part, markdown_part])
def test_documents_refer_to_parts_with_content(make):
    def document(index):
        return make(f'![](cid:{index}@local.invalid "src=cid:{index}@local.invalid")')

    def referring(index):
        return mixed(document(index), alternatives(text_part("a"), PICTURE), NullPart())

    for index in (1, 3, 4):
        assert body(referring(index))
    for index in (0, 2, 5, 6, 1023):
        refused_at_once(lambda index=index: body(referring(index)), index=index, parts=6)
    refused_at_once(lambda: reply(document(2), ORIGINAL), index=2, parts=1)
    assert reply(document(2), ORIGINAL, attach=[PICTURE])


def test_what_is_no_document_refers_to_nothing():
    source = f"see {content_id(9)}"
    for part in (
        text_part(source),
        markdown_part(source),
        markdown_part(f"`{source}` \\[a]({content_id(9)}) ![](cid:9@a.example)"),
        single_part("application/json", source),
    ):
        assert body(part).nested_part == part
    refused_at_once(lambda: body(html_part(source)), index=9, parts=1)
    refused_at_once(
        lambda: body(markdown_part(f"{source} <{content_id(8)}>, {content_id(7)}")),
        index=8,
        parts=1,
    )
    refused_at_once(
        lambda: body(single_part("TEXT/HTML", f"\xe4{source}".encode("latin-1"))), index=9, parts=1
    )


# Reactions


@pytest.mark.parametrize(
    "emoji",
    [
        # each of them is one
        "\u2764",
        "\u2764\ufe0f",
        "\U0001f44d\U0001f3fd",
        "\U0001f469\U0001f3fd\u200d\u2695\ufe0f",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
        "\U0001f1e9\U0001f1ea",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "1\ufe0f\u20e3",
        # and what is no emoji may be a word
        "+1",
        "100 %",
        "well done \U0001f44d",
        ":party_parrot:",
        "\u2606\u2606\u2606",
        "(\u256f\xb0\u25a1\xb0)\u256f\ufe35 \u253b\u2501\u253b",
    ],
)
def test_one_reaction_in_one_text(emoji):
    assert reaction(emoji, ORIGINAL).nested_part.content == emoji.encode()


@pytest.mark.parametrize(
    "emoji",
    [
        "\U0001f44d\U0001f973",
        "\U0001f44d \U0001f973",
        "\U0001f44d\U0001f3fd\U0001f44d",
        "\u2764\ufe0f\u2764\ufe0f",
        "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
        "\U0001f469\u200d\u2695\ufe0f\U0001f469",
        "yes\u2b50no\u2b50",
    ],
)
def test_no_ensemble_of_reactions_in_one_text(emoji):
    refused_at_once(lambda: reaction(emoji, ORIGINAL))
    refused_at_once(lambda: reactions(["+1", emoji], ORIGINAL))
