"""Where raw HTML begins in Markdown: the positions of the ``<`` to be replaced by ``&lt;``.

The parser of `Dialect` runs with rules for raw HTML that take note of it and otherwise treat its
``<`` as the text that it is about to be. So what follows it is parsed as it will be after the
replacement: a back quote in an attribute, say, begins a code span then.

The library does not tell where in the source an inline token stands. But the prefixes of its
lines (indentation, ``>``, bullets and numbers) contain no ``<``, and only the end of a table's
row is ever dropped. So the n-th ``<`` of a token is the n-th of the lines that it stands on::

    source      > - a < b        inline   a < b
                >   <i> c                 <i> c
    "<"             0   1                 0   1
"""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, cast

from markdown_it.common.html_re import close_tag, open_tag
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.html_block import HTML_SEQUENCES
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from mimi.content.gfm import Dialect

ROUNDS = 8
"""How often a replaced text is looked through again, before all that is left is replaced."""

_TAG = re.compile(f"{open_tag}|{close_tag}")
_LETTERS = re.compile("<![A-Za-z]")


class Found:
    """Where raw HTML begins: lines on which an HTML block does, and positions in a token."""

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self.positions: set[int] = set()
        self.offset = 0
        """Where the text that is parsed begins in the token: the description of an image does."""
        self._last: dict[tuple[str, str], int] = {}

    def ends(self, text: str, end: str, start: int) -> bool:
        """Tell whether *end* stands in *text* anywhere from *start*, in constant time."""
        if (text, end) not in self._last:
            self._last[text, end] = text.rfind(end)
        return self._last[text, end] >= start


class Finder(Dialect):
    """A parser that takes note of raw HTML, in the ``env`` that it is given."""

    def __init__(self) -> None:
        super().__init__(refuse=True)
        # their text is parsed token by token, each with a Found of its own
        self.core.ruler.disable(["inline", "text_join"])
        above = ["paragraph", "reference", "blockquote"]
        self.block.ruler.at("html_block", _html_block, {"alt": above})
        self.inline.ruler.at("html_inline", _html_inline)
        self.inline.ruler.at("image", _image)
        self.enable(["html_block", "html_inline"])


def without_html(source: str) -> str:
    """Return *source* with ``&lt;`` for each ``<`` that begins raw HTML.

    A replacement can reveal raw HTML that was none before: ``<x a=<b>`` has one tag, and then
    another, for only now has the attribute a value. So the text is looked through until none is
    found.
    """
    for _ in range(ROUNDS):
        found = html_starts(source)
        if not found:
            return source
        parts, start = [], 0
        for position in found:
            parts += [source[start:position], "&lt;"]
            start = position + 1
        source = "".join([*parts, source[start:]])
    # a text written for the purpose; each round would cost as much as the first
    return source.replace("<", "&lt;")


def html_starts(source: str) -> list[int]:
    """Return the positions in *source* of the ``<`` that begin raw HTML, in order."""
    angles = [match.start() for match in re.finditer("<", source)]
    if not angles:
        return []
    env: dict[str, Any] = {"found": Found()}
    state = StateCore(source, _FINDER, env)
    _FINDER.core.process(state)
    lines = state.src.split("\n")
    before = list(accumulate((line.count("<") for line in lines), initial=0))
    starts = {before[line] for line in env["found"].lines}
    for first, token in _inline(state.tokens, before):
        found = env["found"] = Found()
        if "<" in token.content:
            _FINDER.inline.parse(token.content, _FINDER, env, [])
        starts |= {first + token.content.count("<", 0, at) for at in found.positions}
    return [angles[index] for index in sorted(starts)]


def _inline(tokens: list[Token], before: list[int]) -> Iterator[tuple[int, Token]]:
    """Yield the inline tokens, each with the number of ``<`` that stand before it."""
    row, used = -1, 0
    for token in tokens:
        if token.type != "inline":
            continue
        line = cast(list[int], token.map)[0]
        used = used if line == row else 0  # the cells of a row share their line
        yield before[line] + used, token
        row, used = line, used + token.content.count("<")


def _html_block(state: StateBlock, start: int, _end: int, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
    """Take note of the line *start* if an HTML block begins there (GFM section 4.6)."""
    if state.is_code_block(start):
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not line.startswith("<"):
        return False
    for opening, _, interrupts in HTML_SEQUENCES:
        if opening.search(line):
            if interrupts or not silent:
                cast(Found, state.env["found"]).lines.add(start)
            break
    return False


def _html_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
    """Take note of a ``<`` that begins an HTML tag (GFM section 6.10), and pass it by as text."""
    found = cast(Found, state.env["found"])
    if state.src[state.pos] != "<" or not _begins_tag(state.src, state.pos, found):
        return False
    if not silent:
        found.positions.add(found.offset + state.pos)
        state.append_pending("<")
    state.pos += 1
    return True


def _begins_tag(text: str, at: int, found: Found) -> bool:
    """Tell whether the ``<`` at *at* begins an HTML tag.

    Where GFM 0.29 and CommonMark 0.31 differ on comments, whatever either takes for one counts.
    """
    if text.startswith("<!--", at):
        return text.startswith(("<!-->", "<!--->"), at) or found.ends(text, "-->", at + 4)
    if text.startswith("<![CDATA[", at):
        return found.ends(text, "]]>", at + 9)
    if text.startswith("<?", at):
        return found.ends(text, "?>", at + 2)
    if _LETTERS.match(text, at):
        return found.ends(text, ">", at + 3)
    return _TAG.match(text, at) is not None


def _image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
    """Parse an image, whose description the library parses as a text of its own."""
    found = cast(Found, state.env["found"])
    outer = found.offset
    found.offset += state.pos + len("![")
    try:
        return image(state, silent)
    finally:
        found.offset = outer


_FINDER = Finder()
