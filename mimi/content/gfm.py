"""The grammar of GFM-MIMI, and nothing besides (section 7.1.1).

::

    GFM-MIMI = the core of CommonMark, without raw HTML
             + tables + task list items + strikethrough
             - the Autolink extension: www.example.com is text, <https://example.com> a link

Strikethrough is between one or two tildes, as in the reference implementation of GFM: the 2019
text of its specification knows two only, the present one both.

Destinations with one of the schemes javascript, vbscript, file and data make no link and no
image, but for data: with a PNG, GIF, JPEG or WebP picture. All other schemes make links, so that
a new scheme needs no new release. Which of them may be *opened*, and whether pictures may be
fetched, is for the application to say.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from mimi.content.gfm_errors import TooComplexError

NESTING = 20
"""How deeply block quotes (one level each) and lists (two levels each) are told apart.

The time that a parser needs is a product of the text's length and this depth. What is nested
more deeply is read as the text that it is, so that nothing of a message is lost.
"""

SCANS = 100_000
"""How many lines may be looked at, all told, for the ends of block quotes.

The library looks for an end as far as the next blank line, but may find one much earlier: behind
a code block in a quote, for instance. So without this bound the time that it needs would grow
with the square of the length. Quotes beyond it are text as well.
"""

GRAMMAR = (
    *("normalize", "block", "inline", "text_join"),
    *("code", "fence", "blockquote", "hr", "list", "reference", "heading", "lheading"),
    *("paragraph", "table"),
    *("text", "newline", "escape", "backticks", "emphasis", "link", "image", "autolink"),
    *("entity", "strikethrough", "balance_pairs", "fragments_join"),
)
"""The rules of the library that make up GFM-MIMI."""

CHECKED = "checked"
"""Where the token of a list item says whether its task is done; absent if it is no task."""

_TASK = re.compile(r"\[([ xX])\][ \t\v\f]+")
_ALIGNED = "text-align:"

_SILENTLY = True
"""Rules are asked whether they apply, and change nothing."""

_BlockRule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]


class Dialect(MarkdownIt):
    """A parser of GFM-MIMI, and its rendering as HTML as the specification of GFM prints it.

    Arguments:
        refuse: What is beyond `NESTING` or `SCANS` raises `TooComplexError`, instead of being text.
    """

    def __init__(self, *, refuse: bool = False) -> None:
        options = {
            "html": False,
            "xhtmlOut": True,
            # no block reaches it: beyond it the library drops what it parses
            "maxNesting": NESTING + 2,
            "strikethrough_single_tilde": True,
        }
        super().__init__("zero", options, renderer_cls=_Renderer)
        self.enable(GRAMMAR)
        # what each may end, as the library has it
        above = ["paragraph", "reference", "blockquote"]
        quotes = _bounded(_counted(blockquote, refuse=refuse), refuse=refuse)
        self.block.ruler.at("blockquote", quotes, {"alt": [*above, "list"]})
        self.block.ruler.at("list", _bounded(list_block, refuse=refuse), {"alt": above})
        self.core.ruler.after("block", "tasks", _tasks)


class _Renderer(RendererHTML):
    """HTML as the specification of GFM prints it, where the library differs."""

    def s_open(self, *_: object) -> str:
        return "<del>"

    def s_close(self, *_: object) -> str:
        return "</del>"

    def list_item_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        opening = self.renderToken(tokens, idx, options, env)
        if CHECKED not in tokens[idx].meta:
            return opening
        checked = 'checked="" ' if tokens[idx].meta[CHECKED] else ""
        item = opening.removesuffix("\n")
        return f'{item}<input type="checkbox" {checked}disabled="" /> {opening[len(item) :]}'

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # an attribute rather than a style, which a content security policy may refuse
        style = tokens[idx].attrs.get("style")
        if style is None:
            return self.renderToken(tokens, idx, options, env)
        return f'<{tokens[idx].tag} align="{str(style).removeprefix(_ALIGNED)}">'

    td_open = th_open


def _bounded(rule: _BlockRule, *, refuse: bool) -> _BlockRule:
    """Return *rule*, but for blocks that are nested too deeply."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
        if state.level < NESTING:
            return rule(state, start, end, silent)
        if refuse and rule(state, start, end, _SILENTLY):
            raise TooComplexError(f"blocks nested more than {NESTING} deep", line=start)
        return False

    return bounded


def _counted(rule: _BlockRule, *, refuse: bool) -> _BlockRule:
    """Return the *rule* of block quotes, until it has looked at too many lines."""

    def counted(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
        if not rule(state, start, end, _SILENTLY):
            return False
        left = state.env.get("scans", SCANS)
        if left > 0:
            if not silent:
                lines = range(start, min(end, start + left))
                blank = next((line for line in lines if state.isEmpty(line)), lines.stop)
                state.env["scans"] = left - (blank - start)
            return rule(state, start, end, silent)
        if refuse:
            raise TooComplexError("block quotes whose ends are too far away", line=start)
        return False

    return counted


def _tasks(state: StateCore) -> None:
    """Take the boxes of task list items from their text (GFM section 5.3).

    This happens before the text is parsed, in which a reference ``[x]: ...`` could make a link of
    the box.
    """
    tokens = state.tokens
    for item, paragraph, text in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open":
            continue
        if box := _TASK.match(text.content):
            item.meta[CHECKED] = box[1] != " "
            text.content = text.content[box.end() :]
