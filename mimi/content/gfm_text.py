"""Plain text that says what Markdown says, for those who do not render it.

::

    heading             its text, on a line of its own
    paragraph           its lines; a blank line stands between blocks
    list                "- " or "1. " before each item, its further lines indented as far
    task                "[ ] " or "[x] " after that
    block quote         "> " before each line
    code block          each line indented by four spaces
    table               a line for each row, its cells apart by " | ", "--- | ---" under the head
    thematic break      ---
    emphasis            its text alone
    strikethrough       ~~text~~, for without its mark it would say the opposite
    code span           its text alone
    link                its text, and the target in parentheses unless the text is the target
    image               its description, or where to find it if there is none
    HTML                the text that it is

Columns are not aligned: padding would let a short message grow without bound.
"""

from collections.abc import Sequence

from attrs import define, field
from markdown_it.token import Token

from mimi.content.gfm import CHECKED

INDENTATION = "    "
"""What stands before the lines of a code block."""


@define
class _Container:
    """A block of other blocks, as far as they have been written."""

    first: str = ""
    """What stands before its first line."""
    rest: str = ""
    """What stands before its other lines."""
    is_loose: bool = True
    """A blank line stands between its blocks."""
    number: int | None = None
    """The number of the next item, in an ordered list."""
    blocks: list[str] = field(factory=list)

    def text(self) -> str:
        lines = ("\n\n" if self.is_loose else "\n").join(self.blocks).split("\n")
        before = [self.first, *[self.rest] * (len(lines) - 1)]
        pairs = zip(before, lines, strict=True)
        return "\n".join(start + line if line else start.rstrip() for start, line in pairs)


@define
class _Writer:
    """The containers that are open, from the outermost, and the cells of a table's row."""

    stack: list[_Container] = field(factory=lambda: [_Container()])
    cells: list[str] = field(factory=list)
    in_cell: bool = False

    def take(self, token: Token) -> None:
        """Write what *token* adds; those that add nothing are emphasis and the like."""
        match token.type:
            case "inline" if self.in_cell:
                self.cells.append(inline_text(token.children or ()))
                self.in_cell = False
            case "inline":
                self.write(inline_text(token.children or ()))
            case "code_block" | "fence":
                lines = token.content.removesuffix("\n").split("\n")
                self.write("\n".join(INDENTATION + line if line else line for line in lines))
            case "hr":
                self.write("---")
            case "paragraph_open":
                self.stack[-1].is_loose |= not token.hidden
            case "th_open" | "td_open":
                self.in_cell = True
            case "tr_open":
                self.cells = []
            case "tr_close":
                self.write(" | ".join(self.cells))
            case "thead_close":
                self.write(" | ".join(["---"] * len(self.cells)))
            case _:
                self.take_container(token)

    def take_container(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self.stack.append(_Container("> ", "> "))
            case "table_open" | "bullet_list_open":
                self.stack.append(_Container(is_loose=False))
            case "ordered_list_open":
                number = int(token.attrs.get("start", 1))
                self.stack.append(_Container(is_loose=False, number=number))
            case "list_item_open":
                self.stack.append(self.item(token))
            case "list_item_close":
                is_loose = self.stack[-1].is_loose
                self.close()
                self.stack[-1].is_loose |= is_loose
            case "blockquote_close" | "table_close" | "bullet_list_close" | "ordered_list_close":
                self.close()

    def item(self, token: Token) -> _Container:
        """Return a new item of the innermost list."""
        around = self.stack[-1]
        mark = "- "
        if around.number is not None:
            mark = f"{around.number}. "
            around.number += 1
        task = f"[{'x' if token.meta[CHECKED] else ' '}] " if CHECKED in token.meta else ""
        return _Container(mark + task, " " * len(mark), is_loose=False)

    def write(self, block: str) -> None:
        self.stack[-1].blocks.append(block)

    def close(self) -> None:
        block = self.stack.pop().text()
        self.write(block)


def text_of(tokens: Sequence[Token]) -> str:
    """Return the blocks that *tokens* make up as plain text, without a newline at the end."""
    writer = _Writer()
    for token in tokens:
        writer.take(token)
    return writer.stack[0].text()


def inline_text(tokens: Sequence[Token]) -> str:
    """Return the text of a block, with what links point to."""
    parts: list[str] = []
    start = 0
    target = ""
    for token in tokens:
        match token.type:
            case "link_open":
                start, target = len(parts), str(token.attrs["href"])
            case "link_close":
                label = "".join(parts[start:])
                if not label:
                    parts.append(target)
                elif label != target and token.info != "auto":
                    parts.append(f" ({target})")
            case "s_open" | "s_close":
                parts.append("~~")
            case _:
                parts.append(_plain(token))
    return "".join(parts)


def label_of(tokens: Sequence[Token]) -> str:
    """Return the text that a reader sees of *tokens*, without what links point to."""
    return "".join(map(_plain, tokens))


def _plain(token: Token) -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "image":
            return label_of(token.children or ()) or str(token.attrs["src"])
        case _:
            return ""
