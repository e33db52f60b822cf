"""The vectors of MIMI content: what they cover, and that the verifier notices every change."""

import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
from cli.command import run
from cmarkgfm import cmark
from vectors.content_files import FOLDER, KIND_OF, cases_of, every_file
from vectors.corruption import parts_of

from mimi.content.aead import AEADS
from mimi.content.hashes import IDENTIFYING, HashAlgorithm
from mimi.content.model import Disposition
from mimi.errors import UsageError
from mimi.vectors import kind_of, verify
from mimi.vectors.case import SAFE_INTEGER
from mimi.vectors.generate import GENERATED_CONTENT, SETS, generate, generate_kind
from mimi.vectors.rules import (
    ATTACHMENT,
    DERIVED,
    MESSAGE,
    OCTETS,
    RECEIVED,
    REFERENCE,
    RULES,
    SHAPE,
)

README = (FOLDER / "README.md").read_text(encoding="utf-8")

WITHOUT_SEED = {"markdown"}


@cache
def generated(name: str, seed: int) -> bytes:
    return generate_kind(name, seed, "content")


# The files


@every_file
def test_the_files_are_those_of_seed_1(name):
    assert (FOLDER / f"{name}.json").read_bytes() == generated(name, 1)


@every_file
def test_the_same_seed_gives_the_same_octets_and_another_one_others(name):
    assert generate_kind(name, 2, "content") == generated(name, 2)
    assert (generated(name, 2) == generated(name, 1)) == (name in WITHOUT_SEED)


@every_file
def test_every_seed_gives_good_vectors(name):
    report = verify(name, generated(name, 2))
    assert report.ok, [str(failure) for failure in report.failures[:3]] or report.problem
    assert report.kind == KIND_OF[name].name


def test_the_files_are_all_there_is():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(GENERATED_CONTENT) == set(KIND_OF)
    assert set(generate(2, "content")) == {f"{name}.json" for name in GENERATED_CONTENT}


def test_an_unknown_set_or_kind_is_the_callers_mistake():
    with pytest.raises(UsageError, match="treekem"):
        generate_kind("treekem", 1, "content")
    with pytest.raises(UsageError, match=", ".join(SETS)):
        generate(1, "poetry")


@every_file
def test_every_case_passes(name):
    report = verify(name, (FOLDER / f"{name}.json").read_bytes())
    assert report.failures == ()
    assert report.ok
    assert report.kind == KIND_OF[name].name
    assert report.passed == report.cases == len(cases_of(name))


@every_file
def test_the_fields_are_those_of_the_format(name):
    kind = KIND_OF[name]
    for case in cases_of(name):
        assert set(case) == kind.fields
        assert list(case) == list(cases_of(name)[0])
        assert case["kind"] == kind.name
        assert kind_of(case) is kind
        assert case["description"]


@every_file
def test_every_json_reader_keeps_the_numbers(name):
    numbers = [
        value
        for case in cases_of(name)
        for _, value in parts_of(case)
        if isinstance(value, int | float)
    ]
    assert all(isinstance(number, int) and abs(number) <= SAFE_INTEGER for number in numbers)


# What they cover


def rules_in(name: str) -> Counter[str]:
    return Counter(case["rule"] for case in cases_of(name))


def test_there_are_as_many_cases_as_announced():
    accepted = len(cases_of("messages")) + len(cases_of("status")) + len(cases_of("derived"))
    assert len(cases_of("messages")) >= 60
    assert len(cases_of("refused")) >= 100
    assert accepted + len(cases_of("refused")) >= 150
    assert sum(len(cases_of(name)) for name in GENERATED_CONTENT) >= 1000


def test_every_rule_is_broken_several_times():
    found = rules_in("refused")
    assert set(found) == {*OCTETS, *SHAPE, *MESSAGE, *DERIVED}
    assert min(found.values()) >= 2
    assert min(found[rule] for rule in found if rule != "topic-size") >= 3


@pytest.mark.parametrize("form", ["message", "status", "implied"])
def test_every_format_breaks_all_rules_of_octets_and_shape(form):
    found = {case["rule"] for case in cases_of("refused") if case["format"] == form}
    assert found >= {*SHAPE, "well-formed", "deterministic", "too-large"}
    if form == "message":
        assert found == {*OCTETS, *SHAPE, *MESSAGE}


def test_every_rule_outside_of_decoding_is_broken():
    assert set(rules_in("received")) == {*RECEIVED, None}
    assert set(rules_in("attachments")) == {*ATTACHMENT, None}
    assert set(rules_in("references")) == {*REFERENCE, None}
    assert set(rules_in("extensions")) == {"extension-value", *REFERENCE, None}


def test_no_rule_is_without_a_case():
    found = {case.get("rule") for name in GENERATED_CONTENT for case in cases_of(name)}
    assert found - {None} == set(RULES)


def test_messages_have_all_that_there_is():
    messages = [case["message"] for case in cases_of("messages")]
    identifying = {case["message_id"][:2] for case in cases_of("messages")}
    assert identifying == {f"{number:02x}" for number in IDENTIFYING}
    parts = [
        value
        for message in messages
        for _, value in parts_of(message)
        if isinstance(value, dict) and "cardinality" in value
    ]
    assert {part["cardinality"] for part in parts} == {"null", "single", "external", "multi"}
    for cardinality in ("null", "single", "external"):
        dispositions = {part["disposition"] for part in parts if part["cardinality"] == cardinality}
        assert dispositions >= {int(each) for each in Disposition.known}
    assert {part["disposition"] for part in parts} >= {9, 128, 255}
    majors = {
        int(octets[:2], 16) >> 5 for message in messages for _, octets in message["extensions"]
    }
    assert majors == set(range(8))
    assert max(case["parts"] for case in cases_of("messages")) == 1024


def test_attachments_have_all_algorithms():
    opened = [case["part"] for case in cases_of("attachments") if case["rule"] is None]
    assert {part["enc_alg"] for part in opened} == {0, *AEADS}
    assert {part["hash_alg"] for part in opened} == {0, *HashAlgorithm.functions}


# README.md


def rows_of(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = README.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_the_readme_explains_every_rule():
    rows = rows_of("## Rules")
    assert set(rows) == set(RULES)
    for name, error in RULES.items():
        assert rows[name][-1] == error.rule.replace("draft-ietf-mimi-content-08 ", ""), name


def test_the_readme_describes_every_file_and_field():
    rows = rows_of("## Files")
    assert set(rows) == {f"{name}.json" for name in GENERATED_CONTENT}
    for name, kind in KIND_OF.items():
        described, count, *_ = rows[f"{name}.json"]
        assert described == f"`{kind.name}`"
        assert int(count) == len(cases_of(name)), name
        section = README.split(f"\n### {kind.name}\n", 1)[1].split("\n##", 1)[0]
        fields = set(re.findall("^- `([a-z_]+)`", section, re.MULTILINE))
        assert fields == kind.fields - {"kind", "description"}, name


def test_every_choice_has_the_vectors_that_it_names():
    rows = README.split("\n## Where the drafts leave a choice\n", 1)[1].splitlines()
    named = [
        found for row in rows for found in re.findall(r'(\w+): "([^"]+)"', row.split("|")[-2:][0])
    ]
    assert len(named) >= 15
    for name, description in named:
        wanted = description.removesuffix(" ...")
        assert any(wanted in case["description"] for case in cases_of(name)), (name, wanted)


# The command


def test_the_command_writes_the_set(tmp_path):
    result = run("vectors", "generate", tmp_path / "new", "--seed", "1", "--set", "content")
    assert result.exit_code == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert written == {f"{name}.json": generated(name, 1) for name in GENERATED_CONTENT}
    assert len(result.stdout.splitlines()) == len(GENERATED_CONTENT)


def test_the_command_knows_its_sets(tmp_path):
    result = run("vectors", "generate", tmp_path / "new", "--seed", "1", "--set", "poetry")
    assert result.exit_code == 2
    assert "'poetry' is none of mls, content" in result.stderr
    assert not (tmp_path / "new").exists()


# Markdown, by the reference implementation of GFM


def test_what_is_sent_has_no_html_for_the_reference_implementation_either():
    omitted = "<!-- raw HTML omitted -->"
    found = 0
    for case in cases_of("markdown"):
        rendered = cmark.github_flavored_markdown_to_html(case["without_html"])
        assert omitted not in rendered, case["source"]
        assert ("<" in case["source"]) or case["source"] == case["without_html"]
        found += omitted in cmark.github_flavored_markdown_to_html(case["source"])
    assert found >= 20


# Without the extra

WITHOUT_EXTRA = """
import sys
sys.modules["markdown_it"] = None
from pathlib import Path
from mimi.vectors import verify
for path in sys.argv[1:]:
    report = verify(path, Path(path).read_bytes())
    print(report.ok, report.kind, report.passed, report.problem)
"""


def test_markdown_needs_the_extra_and_says_so():
    paths = [str(FOLDER / f"{name}.json") for name in ("markdown", "messages")]
    command = [sys.executable, "-c", WITHOUT_EXTRA, *paths]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    markdown, messages = ended.stdout.splitlines()
    assert markdown.startswith("False content-markdown 0 mimi.content.")
    assert markdown.endswith("needs more packages: pip install 'mimi[markdown]'")
    assert messages == f"True content-message {len(cases_of('messages'))} "
