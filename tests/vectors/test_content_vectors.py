"""The vectors of MIMI content: what they cover, and what is said of them."""

import subprocess
import sys
from collections import Counter

import pytest
from cmarkgfm import cmark
from vectors.corruption import parts_of
from vectors.sets import CONTENT

from mimi.content.aead import AEADS
from mimi.content.hashes import IDENTIFYING, HashAlgorithm
from mimi.content.model import Disposition
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

cases_of = CONTENT.cases_of


# What they cover


def rules_in(name: str) -> Counter[str]:
    return Counter(case["rule"] for case in cases_of(name))


def test_there_are_as_many_cases_as_announced():
    accepted = len(cases_of("messages")) + len(cases_of("status")) + len(cases_of("derived"))
    assert len(cases_of("messages")) >= 60
    assert len(cases_of("refused")) >= 100
    assert accepted + len(cases_of("refused")) >= 150
    assert sum(len(cases_of(name)) for name in CONTENT.files) >= 1000


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
    found = {case.get("rule") for name in CONTENT.files for case in cases_of(name)}
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


def test_the_readme_explains_every_rule():
    rows = CONTENT.table("## Rules")
    assert set(rows) == set(RULES)
    for name, error in RULES.items():
        assert rows[name][-1] == error.rule.replace("draft-ietf-mimi-content-08 ", ""), name


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
    paths = [str(CONTENT.folder / f"{name}.json") for name in ("markdown", "messages")]
    command = [sys.executable, "-c", WITHOUT_EXTRA, *paths]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    markdown, messages = ended.stdout.splitlines()
    assert markdown.startswith("False content-markdown 0 mimi.content.")
    assert markdown.endswith("needs more packages: pip install 'mimi[markdown]'")
    assert messages == f"True content-message {len(cases_of('messages'))} "
