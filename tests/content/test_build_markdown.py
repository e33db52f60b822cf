"""Markdown that is built: raw HTML in it, and mentions."""

import re
import subprocess
import sys

import pytest
from content.published import PUBLISHED_IDS
from hypothesis import example, given
from hypothesis import strategies as st

from mimi.content import build
from mimi.content.build import edit, markdown, mention, reply
from mimi.content.gfm import Dialect
from mimi.content.gfm_escape import html_starts
from mimi.errors import UsageError

ALICE = "mimi://example.com/u/alice-smith"
ORIGINAL = PUBLISHED_IDS["original"]


# Raw HTML in Markdown


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("a <b>bold</b> move", "a &lt;b>bold&lt;/b> move"),
        ("<!-- hidden -->", "&lt;!-- hidden -->"),
        ("<script>", "&lt;script>"),
        ("`<b>`", "`<b>`"),
        ("I <3 you, 1 < 2", "I <3 you, 1 < 2"),
        (f"<{ALICE}>", f"<{ALICE}>"),
    ],
)
def test_raw_html_is_sent_as_text(source, sent):
    assert markdown(source).nested_part.content == sent.encode()
    assert reply(source, to=ORIGINAL).nested_part.content == sent.encode()
    assert edit(source, replaces=ORIGINAL).nested_part.content == sent.encode()


WITHOUT_THE_EXTRA = """
import sys
sys.modules["markdown_it"] = None
from mimi.content.build import markdown, mention
from mimi.content.gfm_errors import MissingExtraError
for source in ("*Hi*", "I <3 you", "1 < 2", mention("im:a"), mention("im:a", "a <3 b")):
    assert markdown(source).nested_part.content == source.encode()
try:
    markdown("<b>")
except MissingExtraError as error:
    print(error.where["missing"])
"""


REFERENCES_WITHOUT_THE_EXTRA = """
import sys
sys.modules["markdown_it"] = None
from mimi.content.build import markdown
from mimi.content.gfm_errors import MissingExtraError
assert markdown("![](cid:0@local.invalid)")
try:
    markdown("cid:1@local.invalid")
except MissingExtraError as error:
    print(error.where["missing"])
"""


def test_good_references_need_no_extra():
    command = [sys.executable, "-c", REFERENCES_WITHOUT_THE_EXTRA]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("markdown_it")


def test_markdown_without_html_needs_no_extra():
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("markdown_it")


MARKUP = st.text(st.sampled_from("<>/!?-[]()aZ1.: \n\t\"'=`\\&;#*\x00\u212a\xa0"))


@given(MARKUP | st.text())
@example("<a")
@example("<a\nb>")
@example("<script")
@example("<pre\t")
@example("<a\x0bb>")
def test_what_cannot_be_html_is_not(source):
    if build._MAY_BE_HTML.search(source) is None:
        assert html_starts(source) == []


# Mentions


def test_a_mention_is_written_as_published():
    assert mention(ALICE, "@Alice Smith") == f"[@Alice Smith]({ALICE})"
    assert mention(ALICE, ALICE) == f"[mimi://example.com/u/alice-smith]({ALICE})"
    assert mention(ALICE, "@AliceSmith") == f"[@AliceSmith]({ALICE})"
    assert mention(ALICE, "Alice") == f"[Alice]({ALICE})"
    assert mention(ALICE) == mention(ALICE, " ") == mention(ALICE, "\n") == f"<{ALICE}>"


@pytest.mark.parametrize(("before", "kind"), [("Hi! ", "link_open"), ("Hi!", "image")])
def test_a_mention_directly_after_an_exclamation_mark_is_an_image(before, kind):
    _, inline, _ = Dialect().parse(before + mention(ALICE, "Alice"))
    assert inline.children[1].type == kind


def test_names_and_uris_are_escaped():
    assert mention(ALICE, "a]b*c_d`e<f&g|h~i\\j\nk") == (
        rf"[a\]b\*c\_d&#96;e&lt;f\&g\|h\~i\\j k]({ALICE})"
    )
    assert mention("ab:c(d)?e&amp;f", "x") == r"[x](ab:c\(d\)?e\&amp;f)"
    assert mention("ab:c(d)?e&amp;f") == "<ab:c(d)?e&amp;f>"


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "",
            "mimi:",
            "mimi",
            "m:x",
            "1a:x",
            "a" * 33 + ":x",
            "mimi://a b",
            "mimi://a\n",
            "mimi://<",
        ),
        *("mimi://a>b", "mimi://a\\b", "mimi://a`b", "mimi://ü", 'mimi://"', "//example.com"),
    ],
)
def test_who_is_mentioned_has_a_uri(uri):
    for name in ("", "x"):
        with pytest.raises(UsageError) as refused:
            mention(uri, name)
        assert type(refused.value) is UsageError
        assert refused.value.where == {"uri": uri}


URI = st.from_regex(r"mimi://a\.example/[a-z0-9.~:/?#@!$&'()*+,;=_-]{1,20}", fullmatch=True)
NAME = st.text(
    st.sampled_from("aZ1 @#.-_*~`[]()<>!|\\&;:/^$\"'\n\xa0") | st.characters(codec="utf-8")
)
SURROUNDINGS = st.sampled_from(
    ["{}", "Hi {}, hi", "# {}", "- {}", "> {}", "**{}**", "`a` {} `", "~{}~"]
)


@given(URI, NAME, SURROUNDINGS)
@example("mimi://a.example/&copy;(", "`", "` {}")
def test_a_mention_is_one_link_with_the_name_wherever_it_stands(uri, name, surroundings):
    tokens = Dialect().parse(surroundings.format(mention(uri, name)))
    inline = [child for token in tokens for child in token.children or ()]
    (start,) = (at for at, each in enumerate(inline) if each.type == "link_open")
    (end,) = (at for at, each in enumerate(inline) if each.type == "link_close")
    shown = re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", name)
    assert all(each.type == "text" for each in inline[start + 1 : end])
    written = "".join(each.content for each in inline[start + 1 : end])
    assert written == (shown if shown.strip() else uri)
    assert inline[start].attrs["href"] == Dialect().normalizeLink(uri)
