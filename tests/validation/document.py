"""docs/validation.md, made from the inventory: python tests/validation/document.py > the page."""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from validation.rules import Rule, demands, rules

HEAD = """# Validation

Every rule of RFC 9420: each MUST, MUST NOT and REQUIRED, and the lists that they introduce, in the
order of the text. The source is `tests/validation/inventory.toml`; this page is made from it by
`python tests/validation/document.py`.

A rule for receivers names the error that breaking it earns, and the test that breaks it. A duty of
ours names the code that does it. Where nothing can be raised, the reason stands in its place.
"""

DISABLED = """## Checks taken out

`python tests/validation/disable.py` takes out the check of every rule in turn, by rewriting the
function that raises its error, and runs the test that is named for it, which must fail then. CI
does this with some of the rules. With all of them it was last run on {date} with version {version}:
{outcome}, and with `--each` all 160 raises, one by one.
"""

RUN = {
    "date": "2026-11-23",
    "version": "0.1.0",
    "outcome": "the tests of 238 rules noticed all 134 checks that were taken out",
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


def totals(listed: list[Rule]) -> str:
    """Return the sentence that counts the rules."""
    counts = Counter(rule.kind for rule in listed)
    tests = len({rule.test for rule in listed if rule.test})
    return (
        f"RFC 9420 says MUST, MUST NOT, REQUIRED or SHALL {sum(demands().values())} times in"
        f" {sum(map(bool, demands().values()))} sections.\nThere are {counts['receiver']} rules for"
        f" receivers, {counts['sender']} duties of ours and {counts['uncheckable']} that nobody can"
        f" check;\n{counts['own']} more are our own. {tests} tests break them.\n"
    )


def page() -> str:
    """Return the page."""
    listed = rules()
    parts = [HEAD, totals(listed), DISABLED.format(**RUN)]
    sections = dict.fromkeys(rule.section for rule in listed)
    for section in sections:
        title = "Rules of ours" if section == "own" else f"Section {section}"
        lines = [
            f"## {title}\n",
            "| Rule | Kind | Error, place or reason | Test |",
            "|---|---|---|---|",
        ]
        lines += [row(rule) for rule in listed if rule.section == section]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
