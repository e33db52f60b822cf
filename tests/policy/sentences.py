"""Whether the sentences that decide rows of the decision table stand in the drafts.

::

    python tests/policy/sentences.py draft-ietf-mimi-room-policy.md [MORE.md...]

The first text is that of the room policy, the others are known by their names: those of the
protocol and of the architecture. White space and the marks of Markdown make no difference. Each
sentence must stand in the section that is named with it.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "vectors" / "policy"
TABLES = ("decisions", "combinations", "foundings")
DOCUMENTS = ("protocol", "arch")

Sections = dict[str, str]
Row = tuple[str, str, str]
"""File, section and sentence."""


def plain(text: str) -> str:
    """A text without the marks of Markdown, with single blanks."""
    return " ".join(re.sub(r"[`*]|^\s*>", "", text, flags=re.MULTILINE).split())


def sections_of(markdown: str) -> Sections:
    """The plain text of each numbered section, without that of the sections in it."""
    numbers: list[int] = []
    lines: dict[str, list[str]] = {}
    is_code = False
    for line in markdown.partition("--- middle")[2].partition("--- back")[0].splitlines():
        is_code ^= line.startswith(("~~~", "```"))
        heading = None if is_code else re.match("(#+) ", line)
        if heading:
            depth = len(heading[1])
            numbers = [*numbers, *([0] * depth)][:depth]
            numbers[-1] += 1
        lines.setdefault(".".join(map(str, numbers)), []).append(line)
    return {number: plain("\n".join(text)) for number, text in lines.items()}


def rows() -> Iterator[Row]:
    """Every row of the decision table."""
    for table in TABLES:
        for case in json.loads((FOLDER / f"{table}.json").read_bytes()):
            sentences = {each["name"]: each for each in case.get("sentences", ())}
            named = [sentences[row["by"]] for row in case["rows"]] if sentences else [case]
            for each in named:
                yield table, each["section"], each["sentence"]


def is_there(documents: dict[str, Sections], section: str, sentence: str) -> bool:
    """Whether a sentence stands in a section, such as ``8.1.2`` or ``protocol 7.5``."""
    *document, number = section.split(" ")
    text = documents.get("".join(document), {}).get(number, "")
    return bool(sentence) and plain(sentence) in text


def documents_of(paths: list[Path]) -> dict[str, Sections]:
    """The drafts, by the names that sections have before their numbers."""
    documents = {"": sections_of(paths[0].read_text("utf-8"))}
    for path in paths[1:]:
        name = next(name for name in DOCUMENTS if name in path.name)
        documents[name] = sections_of(path.read_text("utf-8"))
    return documents


def main(arguments: list[str], table_rows: Iterable[Row]) -> int:
    """Print how many rows name a sentence that is there, and those that do not."""
    all_rows = list(table_rows)
    documents = documents_of([Path(argument) for argument in arguments])
    found, missing = Counter[str](), Counter[tuple[str, str]]()
    for table, section, sentence in all_rows:
        if is_there(documents, section, sentence):
            found[table] += 1
        else:
            missing[section, sentence] += 1
    for table in TABLES:
        print(f"{table}: {found[table]} rows whose sentence is there")
    print(f"{len({(section, sentence) for _, section, sentence in all_rows})} different sentences")
    for (section, sentence), number in missing.items():
        print(f"not in section {section}, {number} rows: {sentence}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], rows()))
