"""docs/validation.md, made from the inventory: python tests/validation/document.py > the page."""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from validation.rules import KINDS, Rule, demands, rules

HEAD = """# Validation

Every rule of RFC 9420: each MUST, MUST NOT and REQUIRED, and the lists that they introduce, in the
order of the text; and those of six drafts, with what they demand in plain sentences. The source is
`tests/validation/inventory.toml` and its neighbours `inventory_*.toml`; from them this page is made
by `python tests/validation/document.py`.

A rule for receivers names the error that breaking it earns, and the test that breaks it; what the
policy of a room forbids is one error, `PolicyRefusedError` or `MessageRefusedError`, whose decision
names the `Rule` or the `MessageRule`; and what a hub does not take is answered with a code of its
endpoint, `RefusedUpdate`, made by `forbidden` where the code is notAllowed. A duty of
ours names the code that does it. Where nothing can be raised, the reason stands in its place.
draft-ietf-mimi-arch-02 has no MUST; that providers choose which rooms they host is among our own.
"""

DISABLED = """## Checks taken out

`python tests/validation/disable.py` takes out the check of every rule in turn, by rewriting the
function that raises its error, and runs the test that is named for it, which must fail then. CI
does this with some of the rules. With all of them it was last run on {date} with version {version}:
{outcome},
and with `--each` the raises one by one: 223 before those of rooms, then 123 of these, then 171 of
those between providers.
"""

RUN = {
    "date": "2026-11-23",
    "version": "0.1.0",
    "outcome": "the tests of 626 rules noticed all 436 checks that were taken out",
}


def code(text: str) -> str:
    """Return a name of the code as Markdown shows it."""
    return f"`{text}`" if text else ""


def row(rule: Rule) -> str:
    """Return one line of a table."""
    test = rule.test.rpartition("::")[2]
    if rule.kind == "sender":
        what = code(rule.where)
    elif rule.kind == "uncheckable":
        what = rule.why
    else:
        what = code(rule.error_name)
    if rule.kind == "own":
        what = f"{what}: {rule.why}"
    return f"| {rule.text} | {rule.kind} | {what} | {code(test)} |"


COLUMNS = (
    "| | MUST, MUST NOT, REQUIRED, SHALL | in sections | rules for receivers | duties of ours"
    " | nobody can check | our own | tests that break them |"
)


def totals(listed: list[Rule]) -> str:
    """Return the table that counts the rules of each document."""
    lines = [COLUMNS, "|---" * 8 + "|"]
    for document, sections in demands().items():
        of_document = [rule for rule in listed if rule.document == document]
        kinds = Counter(rule.kind for rule in of_document)
        numbers = (
            sum(sections.values()),
            sum(map(bool, sections.values())),
            *(kinds[kind] for kind in KINDS),
            len({rule.test for rule in of_document if rule.test}),
        )
        lines.append(f"| {document} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page."""
    listed = rules()
    parts = [HEAD, totals(listed), DISABLED.format(**RUN)]
    for document in demands():
        of_document = [rule for rule in listed if rule.document == document]
        parts.append(f"## {document}\n")
        sections = dict.fromkeys(rule.section for rule in of_document)
        for section in sorted(sections, key="own".__eq__):
            title = "Rules of ours" if section == "own" else f"Section {section}"
            lines = [
                f"### {title}\n",
                "| Rule | Kind | Error, place or reason | Test |",
                "|---|---|---|---|",
            ]
            lines += [row(rule) for rule in of_document if rule.section == section]
            parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
