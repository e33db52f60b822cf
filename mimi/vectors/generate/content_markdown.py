"""Markdown as people write it, what is sent of it, and its links."""

from collections.abc import Iterator

from mimi.vectors.checks.markdown import judged
from mimi.vectors.generate.content_parts import ALICE, BOB
from mimi.vectors.generate.written import Vector

HTML: tuple[tuple[str, str], ...] = (
    ("plain words", "Hi everyone, we just shipped release 2.0. __Good work__!"),
    ("no text", ""),
    ("an open tag", "a <b>bold"),
    ("a closing tag", "bold</b> a"),
    ("a tag with attributes", "<a href=\"https://example.com\" title='x' y=z w>"),
    ("a tag over two lines", '<a\nhref="https://example.com">'),
    ("a tag that closes itself", "one<br/>two<br />three"),
    ("a tag of a vendor", "<x-vendor-7>"),
    ("a script", "<script>alert(1)</script>"),
    ("a comment", "a <!-- comment --> b"),
    ("a comment that never ends", "<!-- comment"),
    ("a processing instruction", "a <?php echo 1; ?> b"),
    ("a declaration", "a <!ELEMENT br EMPTY> b"),
    ("a document type", "<!DOCTYPE html>"),
    ("a CDATA section", "a <![CDATA[>&<]]> b"),
    ("an HTML block", "<div>\n*not emphasis in HTML*\n</div>"),
    ("an HTML block that never ends", "<pre>\ntext"),
    ("an HTML block within a list", "- <table>\n  <tr>"),
    ("tags within emphasis", "*a <i>b</i> c*"),
    ("tags within a table", "| <b> | b |\n|---|---|\n| <i> | `<u>` |"),
    ("tags within a heading", "# <h1>"),
    ("tags one in another", "<<b>b>"),
    ("no tag: comparisons", "1 < 2 and 3<4, x < y > z"),
    ("no tag: a heart", "I <3 you"),
    ("no tag: a name that begins with a digit", "<1a>"),
    ("no tag: an unknown letter", "<\u00e9>"),
    ("no tag: a space after the bracket", "< b>"),
    ("escaped", "\\<b> &lt;b&gt;"),
    ("an escaped backslash before a tag", "\\\\<b>"),
    ("code", "`<b>` and ``a `<i>` b``"),
    ("code that never ends", "`<b>"),
    ("indented code", "    <b>"),
    ("fenced code", "```html\n<b>\n```\n<i>"),
    ("an autolink", "<https://example.com/> and <im:a@example.com>"),
    ("an address", "<a@example.com>"),
    ("a tag in a label", "[<b>](https://example.com/)"),
    ("a destination in brackets", "[a](<b c>)"),
    ("a reference definition", "[a]: <b>\n\n[a] <b>"),
    ("strikethrough and a task", "- [x] ~~<s>done</s>~~\n- [ ] to do"),
    ("beyond ASCII", "\U0001f600<b>\u4f8b</b>"),
    ("a null character", "a\0<b>"),
    ("lines ended by carriage returns", "<b>\r\n<i>\r<u>"),
)
"""What is remarkable about a text, and the text."""

LINKS: tuple[tuple[str, str], ...] = (
    ("the text is the target", "[https://example.com/foobar](https://example.com/foobar)"),
    ("the text lacks the scheme", "[example.com/foobar](https://example.com/foobar)"),
    (
        "the text has the default port",
        "[https://example.com:443/foobar](https://example.com/foobar)",
    ),
    ("another host", "[https://example.com/foobar](https://spearphishers.example/foobar)"),
    ("a scheme downgraded", "[https://example.com/foobar](http://example.com/foobar)"),
    ("another text", "[the release notes](https://example.com/notes)"),
    ("a text that names another host", "[see example.com](https://example.net/)"),
    ("another place on the same host", "[https://example.com/a](https://example.com/b)"),
    ("another scheme", "[http://example.com/](https://example.com/)"),
    ("case and percent-encoding", "[HTTPS://EXAMPLE.com/%61](https://example.com/a)"),
    ("dot segments", "[https://example.com/a/../b](https://example.com/b)"),
    ("a user name that looks like a host", "[x](https://example.com@evil.example/)"),
    ("a host of mixed scripts", "[x](https://ex\u0430mple.com/)"),
    ("invisible characters", "[https://example.com/\u200b](https://example.com/%E2%80%8B)"),
    ("a relative target", "[x](/a)"),
    ("a script for a target", "[x](javascript:alert(1))"),
    ("a data URL for a target", "[x](data:text/html,1)"),
    ("a mention without a text", f"<{ALICE}>"),
    ("a mention by URI", f"[{ALICE}]({ALICE})"),
    ("a mention by handle", f"[@AliceSmith]({ALICE})"),
    ("a mention by first name", f"[Alice]({ALICE})"),
    ("a user who is no member", f"[Bob]({BOB})"),
    ("a member in other letters", "[A](MIMI://example.com/u/alice-smith)"),
    ("an autolink", "<https://example.com/>"),
    ("no autolink extension", "https://example.com/ www.example.com a@example.com"),
    ("an image", "![a cat](https://example.com/cat.png)"),
    ("an image of the message", "![a cat](cid:2@local.invalid)"),
    ("a link by reference", '[a]\n\n[a]: https://example.com/ "title"'),
    ("emphasis in a label", "[*https://example.com/*](https://example.com/)"),
    ("several", "[a](https://a.example/) <https://b.example/> ![c](https://c.example/)"),
    ("a link in code", "`[x](https://example.com/)`"),
    ("HTML that would have been a link", '<a href="https://example.com/">x</a>'),
    ("a conference", "[Join](https://example.com/join/12345)"),
    ("an address to write to", "[a@example.com](mailto:a@example.com)"),
    ("a host beyond ASCII", "[https://xn--r8jz45g.jp/](https://\u4f8b\u3048.jp/)"),
    ("a picture for a text", "[![https://evil.example/](x.png)](https://evil.example/)"),
    ("a picture in a text", "[![a](x.png) https://example.com/](https://example.com/)"),
    ("a picture for a member", f"[![Alice](cid:2@local.invalid)]({ALICE})"),
    ("a host with what looks like a slash", "<https://example.com\u29f8login.evil.example/>"),
    ("a host with a stroke for a slash", "<https://example.com\u30fclogin.evil.example/>"),
    ("a host with a dotless letter", "<https://g\u0131thub.com/>"),
    ("a host with a small capital", "<https://\u0262ithub.com/>"),
    ("a host of Greek letters that look like Latin", "<https://\u03bf\u03bf.example/>"),
    ("a host of Greek letters", "<https://\u03b5\u03bb\u03bb\u03ac\u03b4\u03b1.example/>"),
    ("a host of kana", "<https://\u30e9\u30fc\u30e1\u30f3.example/>"),
    ("an invisible letter", "[https://example.com/\u3164](https://example.com/%E3%85%A4)"),
    ("a scheme that does something", "<search-ms:query=a>"),
    ("a scheme that is not known", "<x-vendor://example.com/>"),
    ("a telephone number", "<tel:+1-201-555-0123>"),
    ("a provider, with and without a slash", "[mimi://example.com/](mimi://example.com)"),
)


def texts() -> Iterator[Vector]:
    """Yield all cases; Alice is the one member of the group.

    Raises:
        MissingExtraError: The packages of the extra ``markdown`` are not installed.
    """
    from mimi.content.gfm_mimi import without_html  # noqa: PLC0415 - the extra may be missing

    for description, source in (*HTML, *LINKS):
        sent = without_html(source)
        yield {
            "kind": "content-markdown",
            "description": description,
            "source": source,
            "without_html": sent,
            "members": [ALICE],
            "links": judged(sent, (ALICE,)),
        }
