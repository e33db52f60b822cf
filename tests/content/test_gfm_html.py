import re

import pytest
from content.gfm_samples import MARKUP, SCRIPTS, TAGS, WORDS, assert_safe, documents, reference
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mimi.content import gfm
from mimi.content.gfm_mimi import Link, has_html, links, to_html, without_html

# No HTML is sent (section 7.1.1)


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        # the kinds of HTML tags of GFM section 6.10
        ("a <b> c", "a &lt;b> c"),
        ("a </b > c", "a &lt;/b > c"),
        ("a <b c='d' e=\"f\" g=h i/>", "a &lt;b c='d' e=\"f\" g=h i/>"),
        ("a <b\nc>", "a &lt;b\nc>"),
        ("a <!-- b -->", "a &lt;!-- b -->"),
        ("a <!--> b", "a &lt;!--> b"),
        ("a <?b?>", "a &lt;?b?>"),
        ("a <!B c>", "a &lt;!B c>"),
        ("a <![CDATA[b]]>", "a &lt;![CDATA[b]]>"),
        # HTML blocks that are no tags
        ("<div", "&lt;div"),
        ("<!-- a\n\nb", "&lt;!-- a\n\nb"),
        ("<?a", "&lt;?a"),
        ("<script\na", "&lt;script\na"),
        ("<div>\n`<b>`\n*a*", "&lt;div>\n`<b>`\n*a*"),
        # wherever they stand
        ("# <b>\n\n<i>\n===", "# &lt;b>\n\n&lt;i>\n==="),
        ("> - a < b\n>   <i> c", "> - a < b\n>   &lt;i> c"),
        ("- > <div\nlazy <b>", "- > &lt;div\nlazy &lt;b>"),
        ("- [ ] <b>", "- [ ] &lt;b>"),
        ("|a|<b>|\n|-|-|\n|x<y|<i>|dropped <b>|", "|a|&lt;b>|\n|-|-|\n|x<y|&lt;i>|dropped <b>|"),
        ("|a\\|<b>|\n|-|", "|a\\|&lt;b>|\n|-|"),
        ("*<b>* ~~<i>~~ [<u>](/u)", "*&lt;b>* ~~&lt;i>~~ [&lt;u>](/u)"),
        ("a < b ![c ![d <b>](e) <i>](<f>) <u>", "a < b ![c ![d &lt;b>](e) &lt;i>](<f>) &lt;u>"),
        ("<a>\r\n<b>\r\n\r<c>\n\x00<d>", "&lt;a>\r\n&lt;b>\r\n\r&lt;c>\n\x00&lt;d>"),
        # one replacement reveals another tag
        ('<a b="`"> `<c>`', '&lt;a b="`"> `&lt;c>`'),
        ("<x a=<y>", "&lt;x a=&lt;y>"),
        ('[f]:\n<div>"`\n<x>`', '[f]:\n&lt;div>"`\n&lt;x>`'),
    ],
)
def test_tags_are_replaced_before_sending(source, sent):
    assert without_html(source) == sent
    assert has_html(source)
    assert not has_html(sent)


@pytest.mark.parametrize(
    "source",
    [
        *["", "a < b", "a <3 b", "<", "`<b>`", "``<b> ` <i>``", "    <b>", "```\n<b>\n```"],
        *[
            "~~~ <b>\n~~~",
            "<https://a.example>",
            "<mimi://a.example/u/b>",
            "<a@b.example>",
            "\\<b>",
        ],
        *["&lt;b>", "<1>", "[a](<b c>)", "![a](<b>)", "[a]\n\n[a]: <b>", "[a]\n\n[a]:\n<b>\n'<i>'"],
        *["[a](b '<i>')", "a <b", "a <!-- b", "a <?b", "a <![CDATA[b", "<b*c>", "a\n<b c='"],
        *["> > `<b\n> > >`", "a <!", "a <!>", "a <!b", "a <?>", "> a\n     <div"],
    ],
)
def test_other_angle_brackets_stay(source):
    assert without_html(source) == source
    assert not has_html(source)


def test_a_text_written_to_reveal_tag_after_tag_loses_them_all():
    assert without_html("<x a=" * 5 + "<b> `<c>`") == "&lt;x a=" * 5 + "&lt;b> `<c>`"
    assert without_html("<x a=" * 50 + "<b> `<c>`") == "&lt;x a=" * 50 + "&lt;b> `&lt;c>`"


def stock_parser(html):
    options = {"html": html, "maxNesting": gfm.NESTING + 2}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def kinds(tokens):
    return {token.type for token in tokens}.union(
        *(kinds(token.children or ()) for token in tokens)
    )


def raw_html(source):
    return {"html_inline", "html_block"} & kinds(stock_parser(html=True).parse(source))


@given(MARKUP)
def test_what_is_sent_has_no_html_and_is_otherwise_unchanged(source):
    sent = without_html(source)
    assert sent.replace("&lt;", "<") == source.replace("&lt;", "<")
    assert without_html(sent) == sent
    assert has_html(source) is (sent != source)
    assert not raw_html(sent)
    assert raw_html(source) or sent == source
    assert stock_parser(html=True).render(sent) == stock_parser(html=False).render(sent)


@given(documents(st.one_of(WORDS, TAGS)))
def test_the_reference_implementation_finds_no_html_either(source):
    sent = without_html(source)
    assert reference(sent, unsafe=True) == reference(sent)


# Nothing dangerous comes out


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    "place",
    [
        *[
            "[x]({})",
            "[x](<{}>)",
            "[x](< {}>)",
            "[x]( {} 'title')",
            "![x]({})",
            "![x](<{}>)",
            "<{}>",
        ],
        *["[![x]({})]({})", "[x]\n\n[x]: {}", "[x][y]\n\n[y]: <{}>", "![x]\n\n[x]: {} 't'"],
        *["- [ ] [x]({})", "|[x]({})|\n|-|", "> [x]({})"],
    ],
)
def test_scripts_make_no_links(script, place):
    source = place.replace("{}", script)
    assert_safe(to_html(source))
    for link in links(source):
        # no scheme, but a relative reference
        assert not re.match("[A-Za-z][A-Za-z0-9+.-]*:", link.target)


@pytest.mark.parametrize(
    "source",
    [
        *["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>"],
        *["<!-- a -->", "a <b onclick='x'>", "![<script>](x)", "![\"onerror='a'](x)"],
        *['[x](a "\'onclick=b")', "# <script>", "[x](\"onclick='a')", "[x](<\"onclick='a>)"],
        *['``` "><script>\na\n```', "|<script>|\n|-|\n|<img>|", "`<script>`", "    <script>"],
        *["<?php ?>", "<!DOCTYPE html>", "<![CDATA[<script>]]>", "<a:\"onclick='b'>"],
        *["&lt;script&gt;", "- [ ] <input onfocus=a>", "~~<script>~~", "[<script>](x)"],
        *["[x]: <script>\n\n[x] <style>a</style>", "![a](x 'b\"onerror=\"c')"],
    ],
)
def test_html_is_shown_as_text(source):
    assert_safe(to_html(source))


@given(st.one_of(MARKUP, documents(st.one_of(WORDS, TAGS, st.sampled_from(SCRIPTS)))))
def test_nothing_dangerous_comes_out(source):
    assert_safe(to_html(source))


def test_other_schemes_make_links():
    targets = ["mimi://a.example/u/b", "im:b@a.example", "https://a.example", "tel:1", "x-y:z"]
    assert [link.target for link in links("".join(f"<{at}>" for at in targets))] == targets
    picture = "data:image/png;base64,AAAA"
    assert links(f"![a]({picture})") == (Link("a", picture, is_image=True),)


# Images that would be fetched

PIXEL = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("![a *b*](/c 'd')", '<p><a href="/c">a b</a></p>'),
        ("![](/c)", '<p><a href="/c">/c</a></p>'),
        ("![<b>&](/c)", '<p><a href="/c">&lt;b&gt;&amp;</a></p>'),
        ("![a [b](c) ![d](e)](/f)", '<p><a href="/f">a b d</a></p>'),
        ("[x ![a](/c) y](/d) ![b](/e)", None),
        ("[![](/c)](/d)", '<p><a href="/d">/c</a></p>'),
        ("- ![a](/b)", '<ul>\n<li><a href="/b">a</a></li>\n</ul>'),
        ("![a](cid:1@local.invalid)", '<p><img src="cid:1@local.invalid" alt="a" /></p>'),
        (f"![a]({PIXEL})", f'<p><img src="{PIXEL}" alt="a" /></p>'),
        ("`![a](/b)` [c](/d)", '<p><code>![a](/b)</code> <a href="/d">c</a></p>'),
    ],
)
def test_images_are_links_where_none_are_wanted(source, html):
    html = html or '<p><a href="/d">x a y</a> <a href="/e">b</a></p>'
    assert to_html(source, images=False) == html + "\n"


@given(st.one_of(MARKUP, documents(st.one_of(WORDS, TAGS))))
def test_nothing_is_fetched_where_no_images_are_wanted(source):
    html = to_html(source, images=False)
    assert_safe(html)
    assert not re.search('<img src="(?!data:|cid:)', html)
    if "<img" not in to_html(source):
        assert html == to_html(source)
