"""Markdown to be drawn, the reference implementation, and what its HTML may consist of."""

import re
from html.parser import HTMLParser

from cmarkgfm import cmark
from hypothesis import strategies as st


def reference(source, unsafe=False):
    """Return the HTML of the reference implementation, with raw HTML if *unsafe*."""
    options = cmark.Options.CMARK_OPT_UNSAFE if unsafe else 0
    return cmark.markdown_to_html_with_extensions(
        source, options, extensions=["table", "strikethrough", "tasklist"]
    )


WORDS = st.sampled_from(
    [
        *[
            "a",
            "é",
            "日本",
            "*b*",
            "**c**",
            "_d_",
            "***e***",
            "~f~",
            "~~g *h*~~",
            "`i < j`",
            "&amp;",
        ],
        *["[k](/u)", "[*l*](mimi://a.example/u/b 't')", "![m](/i)", "<https://a.example>"],
        *["<n@b.example>", "www.a.example", "x < y", "2 * 3", "a_b_c", "[r]", "[r][]", "[t][r]"],
        *["&#65;", "&nope;", "\\", "~", "\\*"],
    ]
)
TAGS = st.sampled_from(
    [
        *["<b>", "</b>", "<a href='x'>", "<br/>", "<!-- a -->", "<?php ?>", "<!A b>"],
        *["<![CDATA[a]]>", "`<b>`", "\\<b>", "<b", "<b c='", "x<y>z", "[k](<b>)", "![<i>](/i)"],
        *['<a b="`"> `<c>`', "<x a=<y>", "&lt;b>"],
    ]
)
SCRIPTS = [
    *["javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)"],
    *["javascript&colon;a", "java&Tab;script:a", "java&#10;script:a", "&#1;javascript:a"],
    *["&#x20;javascript:a", "\x01javascript:a", "java\\script:a", "javascript\\:a"],
    *["%6aavascript:a", "\u2028javascript:a", "\xa0javascript:a", "javascript:\"onclick='a'"],
    *["vbscript:a", "VBSCRIPT:a", "file:///etc/passwd", "data:text/html;base64,PHNjcmlwdD4="],
    *["data:image/svg+xml,<svg/onload=a>", "data:,a", "DATA:a", "data&colon;a"],
]
MARKUP = st.lists(
    st.one_of(
        TAGS,
        st.sampled_from(
            [
                *["<", ">", "<!--", "-->", "<?", "?>", "<![CDATA[", "]]>", "<div", "<script>"],
                *['<a b="', "'", '"', "`", "``", "\\", "\n", "\n\n", " ", "a", "[", "](", ")"],
                *["[a]:", "[a]", "![", "](<", "=", "/", "> ", "- ", "1. ", "\n    ", "|"],
                *["\n|-|-|\n", "|a|b|", "\n```\n", "\t", "*", "~~", "# ", "\r\n", "\n---\n"],
                *["\n===", "&", "\0", "<https://a.example>", "\n<x>\n"],
            ]
        ),
    ),
    max_size=16,
).map("".join)
"""Fragments in any order, too few to be nested too deeply."""


def documents(words):
    """Return a strategy for Markdown on which parsers are known to agree, made from *words*."""
    line = st.lists(words, min_size=1, max_size=5).map(lambda found: f"a {' '.join(found)} b")
    row = st.tuples(line, line).map(lambda cells: f"| {' | '.join(cells)} |")
    table = st.lists(row, min_size=1, max_size=3).map(
        lambda rows: "\n".join([rows[0], "|:-:|---|", *rows[1:]])
    )
    leaf = st.one_of(
        st.lists(line, min_size=1, max_size=3).map("\n".join),
        st.tuples(st.sampled_from(["# ", "### "]), line).map("".join),
        line.map(lambda text: f"```\n{text}\n```"),
        line.map(lambda text: f"~~~ info\n{text}\n~~~"),
        line.map(lambda text: f"a\n{text}\n==="),
        line.map(lambda text: f"***\n\n    {text}"),
        table,
    )
    block = st.recursive(leaf, _nested, max_leaves=6)
    # the reference implementation finds no tasks in block quotes
    mark = st.sampled_from(["- [ ] a\n\n", "* [x] b\n\n"])
    task = st.tuples(mark, block).map(lambda found: _prefixed(found[0][:2], "".join(found)[2:]))
    return st.lists(st.one_of(block, task), min_size=1, max_size=4).map("\n\n___\n\n".join)


def _nested(blocks):
    inner = st.lists(blocks, min_size=1, max_size=3).map("\n\n".join)
    marks = st.sampled_from(["> ", "- ", "* ", "12. ", "1) "])
    return st.tuples(marks, inner).map(lambda found: _prefixed(*found))


def _prefixed(mark, text):
    rest = "> " if mark == "> " else " " * len(mark)
    first, *lines = text.split("\n")
    return "\n".join([mark + first, *(rest + line for line in lines)])


class _Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.found.append(("comment", {}))

    handle_decl = handle_pi = unknown_decl = handle_comment


BARE = "p em strong del pre blockquote ul li hr br h1 h2 h3 h4 h5 h6 table thead tbody tr"
ALLOWED = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
    "input": {"type", "checked", "disabled"},
}


def assert_safe(html):
    """Fail unless *html* consists of elements of GFM, and no destination is run."""
    elements = _Elements()
    elements.feed(html)
    elements.close()
    for tag, attributes in elements.found:
        assert tag in ALLOWED or tag in BARE.split()
        assert set(attributes) <= ALLOWED.get(tag, set())
        url = attributes.get("href") or attributes.get("src") or ""
        # browsers drop these before they look at the scheme
        scheme = re.sub(r"[\x00-\x20]", "", url).lower().partition(":")[0]
        assert scheme not in {"javascript", "vbscript", "file"}
        assert scheme != "data" or re.match("data:image/(png|gif|jpeg|webp);", url)
