"""Every Python example of README and docs runs, in the order of its page."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page):
    """A page is one program, in a process of its own: examples declare code points."""
    text = page.read_text()
    lines = []
    for block in BLOCK.finditer(text):
        lines += [""] * (text[: block.start(1)].count("\n") - len(lines))
        lines += block.group(1).splitlines()
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input="\n".join(lines),
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(CODE.sub("", page.read_text())):
        assert (page.parent / target).exists(), target


COUNTED = {6: "six", 12: "twelve", 16: "sixteen", 18: "eighteen"}
VECTORS = ROOT / "vectors"


def test_the_readme_counts_decisions():
    cases = [
        case
        for name in ("decisions", "combinations")
        for case in json.loads((VECTORS / "policy" / f"{name}.json").read_bytes())
    ]
    decisions = sum(len(case["rows"]) for case in cases)
    assert re.findall(r"\b([\d,]+) decisions", README) == [f"{decisions:,}"]


@pytest.mark.parametrize(
    ("page", "words", "folder"),
    [
        ("README.md", r"all (\w+) published vector files", "mls"),
        ("CHANGELOG.md", r"a set of (\w+) files of vectors for all seven suites", "mls"),
        ("docs/vectors.md", r"those of the MLS extensions, (\w+) files", "mls-extensions"),
        *(
            (f"vectors/{folder}/README.md", r"^([A-Z]\w+) files ", folder)
            for folder in ("content", "mls", "mls-extensions", "policy")
        ),
    ],
)
def test_pages_count_files(page, words, folder):
    (said,) = re.findall(words, (ROOT / page).read_text(), re.MULTILINE)
    assert said.lower() == COUNTED[len(list((VECTORS / folder).glob("*.json")))]


def test_readme_has_examples():
    assert len(BLOCK.findall(README)) >= 5
