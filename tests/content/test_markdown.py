import subprocess
import sys

import pytest
from content.gfm_samples import WORDS, assert_safe, documents, reference
from hypothesis import given
from hypothesis import strategies as st

from mimi.content import gfm
from mimi.content.gfm_errors import (
    NEEDED,
    MissingExtraError,
    TooComplexError,
    TooLongError,
    extra_for,
)
from mimi.content.gfm_mimi import (
    LIMIT,
    PICTURE,
    Link,
    has_html,
    links,
    to_html,
    to_text,
    without_html,
)
from mimi.content.links import Doubtful, Reason, judge

MENTION = "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith) for making the release happen!"


# Section 5.4, and the examples of section 9.6


def test_the_mention_of_the_draft():
    target = "mimi://example.com/u/alice-smith"
    assert links(MENTION) == (Link("@Alice Smith", target),)
    assert f'<a href="{target}">@Alice Smith</a> for making' in to_html(MENTION)
    assert to_text(MENTION).startswith(f"Kudos to @Alice Smith ({target}) for making")
    assert without_html(MENTION) == MENTION


def test_the_links_of_the_draft():
    target = "mimi://example.com/u/alice-smith"
    source = f"<{target}>\n[{target}]({target})\n[@AliceSmith]({target})\n[Alice]({target})"
    assert links(source) == (
        Link(target, target, is_autolink=True),
        Link(target, target),
        Link("@AliceSmith", target),
        Link("Alice", target),
    )
    assert to_text(source).splitlines() == [
        target,
        target,
        f"@AliceSmith ({target})",
        f"Alice ({target})",
    ]


# The grammar of section 7.1.1


def test_the_grammar_is_gfm_mimi_and_nothing_besides():
    rules = gfm.Dialect().get_active_rules()
    assert {name for names in rules.values() for name in names} == {*gfm.GRAMMAR, "tasks"}
    assert not {"linkify", "html_block", "html_inline", "replacements"} & {*gfm.GRAMMAR}


QUOTE = "<blockquote>\n"


def row(*cells):
    return "".join(["<tr>\n", *(f"{cell}\n" for cell in cells), "</tr>\n"])


def head(*cells):
    return f"<thead>\n{row(*cells)}</thead>\n"


def left(tag, text):
    return f'<{tag} align="left">{text}</{tag}>'


def middle(tag, text):
    return f'<{tag} align="center">{text}</{tag}>'


BOX = '<input type="checkbox" disabled="" /> '
DONE = '<input type="checkbox" checked="" disabled="" /> '


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a *b* **c** `d`", "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>"),
        ("a\\\nb  \nc\nd", "<p>a<br />\nb<br />\nc\nd</p>"),
        ("# a\n\nb\n---", "<h1>a</h1>\n<h2>b</h2>"),
        ("***", "<hr />"),
        ("    a < b", "<pre><code>a &lt; b\n</code></pre>"),
        ("```c\na\n```", '<pre><code class="language-c">a\n</code></pre>'),
        ("> a\n>> b", f"{QUOTE}<p>a</p>\n{QUOTE}<p>b</p>\n</blockquote>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3) a\n4) b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("[a](/u 't')", '<p><a href="/u" title="t">a</a></p>'),
        ("![a](cid:1@local.invalid)", '<p><img src="cid:1@local.invalid" alt="a" /></p>'),
        ("[a]\n\n[a]: /u", '<p><a href="/u">a</a></p>'),
        ("&lt;b&gt; &copy; \\<b>", "<p>&lt;b&gt; © &lt;b&gt;</p>"),
        # core autolinks, but not those of the extension
        ("<https://a.example>", '<p><a href="https://a.example">https://a.example</a></p>'),
        ("<a@b.example>", '<p><a href="mailto:a@b.example">a@b.example</a></p>'),
        ("www.a.example https://a.example", "<p>www.a.example https://a.example</p>"),
        # strikethrough
        ("~a~ ~~b~~ ~~~c~~~", "<p><del>a</del> <del>b</del> ~~~c~~~</p>"),
        ("~~a~", "<p>~~a~</p>"),
        # task list items
        ("- [ ] a\n- [x] b", f"<ul>\n<li>{BOX}a</li>\n<li>{DONE}b</li>\n</ul>"),
        ("- [ ]\ta\n  1. [X]  b", f"<ul>\n<li>{BOX}a\n<ol>\n<li>{DONE}b</li>\n</ol>\n</li>\n</ul>"),
        ("- [x] a\n\n  b", f"<ul>\n<li>{DONE}\n<p>a</p>\n<p>b</p>\n</li>\n</ul>"),
        ("- [x] a\n\n[x]: /u", f"<ul>\n<li>{DONE}a</li>\n</ul>"),
        ("- [x]a\n- # [x] b", "<ul>\n<li>[x]a</li>\n<li>\n<h1>[x] b</h1>\n</li>\n</ul>"),
        # tables
        ("| a |\n|---|", f"<table>\n{head('<th>a</th>')}</table>"),
        (
            "| a | b |\n|:--|:-:|\n| `\\|` | c |\n| d",
            (
                f"<table>\n{head(left('th', 'a'), middle('th', 'b'))}<tbody>\n"
                f"{row(left('td', '<code>|</code>'), middle('td', 'c'))}"
                f"{row(left('td', 'd'), middle('td', ''))}</tbody>\n</table>"
            ),
        ),
        # no HTML
        ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"),
        ("<div>\n*a*\n</div>", "<p>&lt;div&gt;\n<em>a</em>\n&lt;/div&gt;</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        # none of the extensions of others
        ("(c) -- ^b^ :+1: $x$ [^1] ==d==", "<p>(c) -- ^b^ :+1: $x$ [^1] ==d==</p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_received_as_html(source, html):
    assert to_html(source) == (f"{html}\n" if html else "")


@given(documents(WORDS))
def test_the_reference_implementation_renders_the_same(source):
    source += "\n\n[r]: /r\n"
    assert to_html(source) == reference(source)


@pytest.mark.parametrize(
    ("source", "ours", "theirs"),
    [
        # a dangerous destination makes no link, rather than one that leads nowhere
        ("[a](file:b)", "<p>[a](file:b)</p>", '<p><a href="">a</a></p>'),
        # CommonMark 0.31 counts symbols as punctuation
        ("\U0001f600_a_", "<p>\U0001f600<em>a</em></p>", "<p>\U0001f600_a_</p>"),
        # a box without text, and one behind another mark
        ("- [ ] ", "<ul>\n<li>[ ]</li>\n</ul>", f"<ul>\n<li>{BOX}</li>\n</ul>"),
        (
            "> - [ ] a",
            f"{QUOTE}<ul>\n<li>{BOX}a</li>\n</ul>\n</blockquote>",
            f"{QUOTE}<ul>\n<li>[ ] a</li>\n</ul>\n</blockquote>",
        ),
        # a table of one column whose first row has no pipe
        ("a\n|-|", "<p>a\n|-|</p>", f"<table>\n{head('<th>a</th>')}</table>"),
    ],
)  # fmt: skip
def test_where_the_reference_implementation_differs(source, ours, theirs):
    assert (to_html(source), reference(source)) == (f"{ours}\n", f"{theirs}\n")


# Links

EMPTY = Link("", "")
EVIL = "https://evil.example/"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a", ()),
        ("[*a* `b`\nc ~~d~~ &lt;](/u)", (Link("a b\nc d <", "/u"),)),
        ("[![i](s)](t)", (Link(PICTURE, "t"), Link("i", "s", is_image=True))),
        ("[a![i](s) *![](r)*](t)", (
            Link(f"a{PICTURE} {PICTURE}", "t"),
            Link("i", "s", is_image=True),
            Link("", "r", is_image=True),
        )),
        ("![a ![b](c) [d](e)](f)", (Link("a b d", "f", is_image=True),)),
        ("![](s)[](t)", (Link("", "s", is_image=True), Link("", "t"))),
        ("<a@b.example>", (Link("a@b.example", "mailto:a@b.example", is_autolink=True),)),
        ("# [a](b)\n- [c]\n\n[c]: d\n\n|[]()|\n|-|", (Link("a", "b"), Link("c", "d"), EMPTY)),
        ("[a](https://b\xfccher.example/\xfc)", (Link("a", "https://xn--bcher-kva.example/%C3%BC"),)),
        ("`[a](b)` \\[a](b) www.a.example", ()),
    ],
)  # fmt: skip
def test_links(source, found):
    assert links(source) == found


def test_a_picture_of_the_target_does_not_say_where_a_link_leads():
    link, image = links(f"[![{EVIL}](x.png)]({EVIL})")
    assert (link.text, image.text) == (PICTURE, EVIL)
    assert judge(link.text, link.target) == Doubtful(EVIL, "evil.example", (Reason.PICTURE,))


# Plain text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("# a *b*\n\nc\nd\\\ne **f** `g` ~~h~~ &amp; <b>", "a b\n\nc\nd\ne f g ~~h~~ & <b>"),
        ("- a\n- [ ] b\n  1. [x] c\n     d\n  2. e", "- a\n- [ ] b\n  1. [x] c\n     d\n  2. e"),
        ("9) a\n   b\n8) c\n   - d", "9. a\n   b\n10. c\n    - d"),
        ("- a\n\n  b\n\n- c", "- a\n\n  b\n\n- c"),
        ("-\n- a\n\n1. b", "-\n- a\n\n1. b"),
        ("> a\nb\n> - c\n>\n>   > d\n\n>", "> a\n> b\n>\n> - c\n>\n>   > d\n\n>"),
        ("```x\na\n\n b\n```\n\n    c", "    a\n\n     b\n\n    c"),
        ("> ```\n> a\n> ```", ">     a"),
        ("a\n\n***\n\nb\n---", "a\n\n---\n\nb"),
        ("|a|**b**|\n|-|:-:|\n|[c](d)|\n|e|f|g|", "a | b\n--- | ---\nc (d) | \ne | f"),
        ("- |a|\n  |-|\n  |b|", "- a\n  ---\n  b"),
        ("[a](b) [c](c) [](d) <https://e.example>", "a (b) c d https://e.example"),
        ("<a@b.example> [a@b.example](c)", "a@b.example a@b.example (c)"),
        ("![a](b) ![](c) [![d](e)](f)", "a c d (f)"),
        ("[example.com](https://example.com)", "example.com (https://example.com)"),
    ],
)  # fmt: skip
def test_received_as_plain_text(source, text):
    assert to_text(source) == text


@given(st.lists(st.sampled_from(["a", "b c", "- d", "> e", "1. f"]), min_size=1))
def test_plain_text_is_its_own_plain_text(lines):
    text = to_text("\n\n".join(lines))
    assert to_text(text) == text


# Bounds


@pytest.mark.parametrize("function", [without_html, has_html, to_html, to_text, links])
def test_a_text_beyond_the_limit_is_refused(function):
    function("a" * 10, limit=10)
    with pytest.raises(TooLongError) as caught:
        function("a" * 11, limit=10)
    assert type(caught.value) is TooLongError
    assert caught.value.where == {"length": 11, "limit": 10}
    with pytest.raises(TooLongError):
        function("a" * (LIMIT + 1))


def test_what_is_nested_too_deeply_is_text():
    source = "> " * gfm.NESTING + "> - a"
    assert to_html(source).count("<blockquote>") == gfm.NESTING
    assert "<p>&gt; - a</p>" in to_html(source)
    assert to_text(source) == source
    assert to_text("- " * 30 + "a").replace(" ", "") == "-" * 30 + "a"


@pytest.mark.parametrize("function", [without_html, has_html])
def test_what_is_nested_too_deeply_is_not_sent(function):
    deepest = "> " * gfm.NESTING + "a < b"
    assert not function(deepest) or without_html(deepest) == deepest
    for block in (f"> {deepest}", "> " * gfm.NESTING + "- <", "> a\n" + "> " * gfm.NESTING + "> <"):
        with pytest.raises(TooComplexError) as caught:
            function(block)
        assert type(caught.value) is TooComplexError
        assert caught.value.where == {"line": block.count("\n")}


def test_the_ends_of_quotes_are_not_searched_for_ever():
    assert to_html("> ```\nb\n" * 100).count("<blockquote>") == 100
    source = "> ```\nb\n" * 1000
    assert to_html(source).count("<blockquote>") < 100
    assert to_text(source).count("b") == 1000
    assert to_html(f"{source}\n> a").endswith("<p>&gt; a</p>\n")
    for function in (without_html, has_html):
        assert function("> ```\nb\n" * 100 + "<") is not True
        with pytest.raises(TooComplexError) as caught:
            function(f"{source}<")
        assert caught.value.where["line"] < 200


NASTY = [
    *["[", "]", "![", "[a](", "[a](<b", "](", "[a][", "*", "*a ", "**a *b ", "_", "~", "~~a", "`"],
    *["``a`", "<", "<!--", "<?", "<![CDATA[", "<!a", "<a ", '<a b="', "<b>", "</a", "<a:", "<x a="],
    *["&", "&#x", "\\", "> ", ">", "- ", "1. ", "* * a\n", "> - ", "[a]: b\n", "[a]:\n", "[\n"],
    *["|", "-|", "a|a\n-|-\n", "|\n|-\n", "\n", "\r", "\t", " ", "    a\n", "```\n", "> ```\n"],
    *["#", "---\n", "a\n", "a\n\n", "<div\n", "<!--\n\n", "\0"],
]


@pytest.mark.parametrize("unit", NASTY)
def test_long_runs_are_read(unit):
    source = (unit * 1500)[:1500]
    assert_safe(to_html(source))
    assert len(to_text(source)) <= len(source) * (gfm.NESTING + 2)
    assert isinstance(links(source + "]()" * 100), tuple)


def test_nesting_does_not_exhaust_the_stack():
    nested = "> " * gfm.NESTING + "![" * 100 + "[" * 100 + "a" + "](b)" * 200
    code = f"""
import sys
from mimi.content.gfm_mimi import has_html, to_html, to_text
sys.setrecursionlimit(250)
to_html({nested!r}), to_text({nested!r}), has_html({nested!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# The extra


@pytest.mark.parametrize("missing", ["markdown_it", "mdurl"])
def test_without_the_packages_of_the_extra(missing):
    assert missing in NEEDED
    code = f"""
import sys
sys.modules[{missing!r}] = None
import mimi.content
from mimi.content.gfm_errors import MissingExtraError
try:
    import mimi.content.gfm_mimi
except ImportError as error:
    assert type(error) is MissingExtraError
    assert error.where == dict(module="mimi.content.gfm_mimi", missing={missing!r})
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == (
        "mimi.content.gfm_mimi needs more packages: pip install 'mimi[markdown]'"
    )


def test_the_missing_package_is_named():
    with pytest.raises(MissingExtraError) as caught, extra_for("mimi.a"):
        raise ModuleNotFoundError(name="mdurl.parse")
    assert caught.value.where == {"module": "mimi.a", "missing": "mdurl"}
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("name", ["attrs", None])
def test_another_missing_package_is_no_matter_of_the_extra(name):
    with pytest.raises(ModuleNotFoundError) as caught, extra_for("mimi.a"):
        raise ModuleNotFoundError(name=name)
    assert caught.value.name == name
