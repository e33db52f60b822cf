"""The vectors of the MLS extensions: what they cover, and what is said of them."""

import re
from functools import cache

import pytest
from cli.command import run
from vectors.corruption import parts_of
from vectors.extension_files import FOLDER, KIND_OF, cases_of, every_file, rules_of

from mimi.codec import decode
from mimi.errors import MalformedError
from mimi.mls.codepoints import ContentType
from mimi.mls.components import ComponentID
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppDataUpdate, AppEphemeral, GroupContextExtensions, Proposal
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.tree_options import RatchetTreeOption
from mimi.vectors import kind_of, verify
from mimi.vectors.case import SAFE_INTEGER
from mimi.vectors.extension_rules import EXTENSION_RULES
from mimi.vectors.generate import GENERATED_EXTENSIONS, generate, generate_kind
from mimi.vectors.logic import LOGICS

README = (FOLDER / "README.md").read_text(encoding="utf-8")

SUITES = (1, 2, 3, 7)


@cache
def generated(name: str, seed: int) -> bytes:
    return generate_kind(name, seed, "mls-extensions")


# The files


@every_file
def test_the_extension_files_are_those_of_seed_1(name):
    assert (FOLDER / f"{name}.json").read_bytes() == generated(name, 1)


@every_file
def test_another_seed_gives_other_vectors_that_are_good(name):
    assert generate_kind(name, 2, "mls-extensions") == generated(name, 2)
    assert (generated(name, 2) == generated(name, 1)) == (name == "app-acks")
    report = verify(name, generated(name, 2))
    assert report.ok, [str(failure) for failure in report.failures[:3]] or report.problem
    assert report.kind == KIND_OF[name].name


def test_the_extension_files_are_all_there_is():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(GENERATED_EXTENSIONS)
    assert set(GENERATED_EXTENSIONS) == set(KIND_OF)
    assert set(generate(1, "mls-extensions")) == {f"{name}.json" for name in GENERATED_EXTENSIONS}


@every_file
def test_every_case_of_the_extensions_passes(name):
    report = verify(name, (FOLDER / f"{name}.json").read_bytes())
    assert report.failures == ()
    assert report.ok
    assert report.kind == KIND_OF[name].name
    assert report.passed == report.cases == len(cases_of(name))
    assert report.suites == SUITES


@every_file
def test_the_fields_of_extensions_are_those_of_the_format(name):
    kind = KIND_OF[name]
    for case in cases_of(name):
        assert set(case) == kind.fields
        assert list(case) == list(cases_of(name)[0])
        assert list(case)[:3] == ["kind", "description", "cipher_suite"]
        assert case["kind"] == kind.name
        assert kind_of(case) is kind
        numbers = [value for _, value in parts_of(case) if isinstance(value, int | float)]
        assert all(type(number) in (int, bool) for number in numbers)
        assert max(numbers) <= SAFE_INTEGER


def test_the_command_writes_the_set_of_extensions(tmp_path):
    result = run("vectors", "generate", tmp_path / "new", "--seed", "1", "--set", "mls-extensions")
    assert result.exit_code == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert written == {f"{name}.json": generated(name, 1) for name in GENERATED_EXTENSIONS}
    result = run("vectors", "verify", tmp_path / "new")
    assert result.exit_code == 0


# What they cover


@every_file
@pytest.mark.parametrize("suite", SUITES)
def test_every_mechanism_has_what_is_accepted_and_what_is_refused(name, suite):
    cases = [case for case in cases_of(name) if case["cipher_suite"] == suite]
    assert len(cases) == len(cases_of(name)) / len(SUITES)
    rules = set[str | None]().union(*map(rules_of, cases))
    assert rules > {None} or name == "groups"
    assert rules - {None}


def test_all_cipher_suites_have_the_same_cases():
    for name in GENERATED_EXTENSIONS:
        described = [
            [
                re.sub("[0-9]+ octets", "", case["description"])
                for case in cases_of(name)
                if case["cipher_suite"] == suite
            ]
            for suite in SUITES
        ]
        assert described.count(described[0]) == len(SUITES), name


def test_there_are_as_many_cases_of_extensions_as_announced():
    assert len(GENERATED_EXTENSIONS) == 18
    assert sum(len(cases_of(name)) for name in GENERATED_EXTENSIONS) == 1908
    refused = sum(rules_of(case) != {None} for name in KIND_OF for case in cases_of(name))
    assert refused == REFUSED


REFUSED = 1132


def test_every_rule_of_the_extensions_is_broken_in_every_suite():
    for suite in SUITES:
        found = set[str | None]().union(
            *(
                rules_of(case)
                for name in GENERATED_EXTENSIONS
                for case in cases_of(name)
                if case["cipher_suite"] == suite
            )
        )
        assert found - {None} == set(EXTENSION_RULES), suite


RULES_OF = {
    "signing": "signature",
    "encryption": "decryption public-key",
    "exports": "component-secret-consumed",
    "psks": "psk-nonce",
    "dictionaries": "malformed",
    "updates": "unknown-component absent-component component-conflict component-refusal"
    " dictionary-changed malformed",
    "safe-aad": "malformed",
    "message-ids": "message-id malformed",
    "framing": "malformed",
    "negotiation": "required-component required-safe-aad required-wire-format"
    " required-media-type malformed",
    "app-acks": "malformed",
    "self-removes": "self-remove-framing unexpected-message self-remove-sender"
    " repeated-self-remove unknown-sender message-signature wrong-epoch wrong-group membership-tag"
    " malformed",
    "last-resort": "malformed key-package-signature",
    "multi-credentials": "empty-multi-credential nested-multi-credential binding-signature"
    " binding-key unsupported-binding unsupported-credential",
    "semi-private": "semi-private-application semi-private-not-agreed receiver-list"
    " partial-context-hash receiver-keys content-decryption content-differs message-signature"
    " unknown-sender sender-data malformed",
    "tree-options": "ratchet-tree-url ratchet-tree-domain malformed",
    "partial-group-infos": "tree-extension tree-presence group-info-signature malformed",
    "groups": "unknown-component absent-component component-conflict component-refusal"
    " self-remove-by-value self-remove-framing repeated-self-remove repeated-leaf remove-committer"
    " external-commit-reference message-signature malformed",
}


@every_file
def test_a_mechanism_has_its_rules(name):
    found = set[str | None]().union(*map(rules_of, cases_of(name)))
    assert found - {None} == set(RULES_OF[name].split())


def test_exports_are_of_the_first_and_the_last_component():
    exported = {part["component_id"] for case in cases_of("exports") for part in case["exports"]}
    assert exported >= {0, 1, 0x8000, 0xFFFF}


@pytest.mark.parametrize("place", ["group_context", "leaf_node", "key_package", "group_info"])
def test_a_dictionary_is_in_each_place_good_and_bad(place):
    rules = [case["rule"] for case in cases_of("dictionaries") if case["place"] == place]
    assert rules.count(None) == 7 * len(SUITES)
    assert rules.count("malformed") == 8 * len(SUITES)


def test_updates_have_all_logics_proposals_and_calls():
    cases = cases_of("updates")
    assert {part["logic"] for case in cases for part in case["components"]} == set(LOGICS)
    kinds, called, broken = set(), set(), 0
    for case in cases:
        called |= {(call["call"], call["component_id"]) for call in case["calls"] or ()}
        for octets in map(bytes.fromhex, case["proposals"]):
            try:
                kinds.add(type(decode(Proposal, octets)))
            except MalformedError:
                broken += 1
    assert kinds == {AppDataUpdate, AppEphemeral, GroupContextExtensions}
    assert broken == 5 * len(SUITES)
    assert {call for call, _ in called} == {"update", "remove", "ephemeral"}
    assert {at for _, at in called} == {1, 2, 3, 5, 0x8001, 0x8002, 0x8003, 0x8004, 0x8A8A}


def test_semi_private_messages_hold_proposals_and_commits_and_no_more():
    kinds = set()
    for case in cases_of("semi-private"):
        if case["member_rule"] != "malformed":
            body = decode(MLSMessage, bytes.fromhex(case["message"])).body
            assert isinstance(body, SemiPrivateMessage)
            kinds.add((body.content_type, case["member_rule"] is None))
    proposal, commit, application = (
        ContentType.PROPOSAL,
        ContentType.COMMIT,
        ContentType.APPLICATION,
    )
    assert kinds >= {(proposal, True), (commit, True), (proposal, False), (application, False)}
    assert (application, True) not in kinds


def test_tree_options_have_every_representation():
    found = {case["representation"] for case in cases_of("tree-options") if case["rule"] is None}
    assert found == {"full", "httpsUri", "outOfBand", "distributionService"}
    tags = {
        decode(RatchetTreeOption, bytes.fromhex(case["option"])).tag
        for case in cases_of("tree-options")
        if case["representation"] is not None
    }
    assert tags == {1, 2, 3, 4}


def test_groups_are_followed_with_public_and_with_semi_private_handshakes():
    for case in cases_of("groups"):
        kinds = {
            decode(MLSMessage, bytes.fromhex(epoch["commit"])).body.tag for epoch in case["epochs"]
        }
        is_semi = case["receiver_priv"] is not None
        assert (0xF501 in kinds) == is_semi
        assert len(case["epochs"]) >= 2
        assert {part["component_id"] for part in case["components"]} >= {1, ComponentID.APP_ACK}


# README.md


def rows_of(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = README.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_the_readme_of_extensions_explains_every_rule():
    rows = rows_of("## Rules")
    assert list(rows) == list(EXTENSION_RULES)
    for name, error in EXTENSION_RULES.items():
        assert len(rows[name]) == 2
        assert rows[name][-1] == error.rule or name == "malformed", name


def test_the_readme_of_extensions_describes_every_file_and_field():
    rows = rows_of("## Files")
    assert set(rows) == {f"{name}.json" for name in GENERATED_EXTENSIONS}
    for name, kind in KIND_OF.items():
        described, count, *_ = rows[f"{name}.json"]
        assert described == f"`{kind.name}`"
        assert int(count) == len(cases_of(name)), name
        section = README.split(f"\n### {kind.name}\n", 1)[1].split("\n##", 1)[0]
        fields = set(re.findall("^- `([a-z_]+)`", section, re.MULTILINE))
        assert fields == kind.fields - {"kind", "description"}, name
        inner = {key for case in cases_of(name) for at, _ in parts_of(case) for key in at[1:]}
        for key in inner - {"type", "parameters"}:
            assert isinstance(key, int) or f"`{key}`" in section, (name, key)


def test_the_readme_explains_every_logic():
    section = README.split("\nBy `logic`:\n", 1)[1].split("\n###", 1)[0]
    assert set(re.findall("^[|] `([a-z-]+)`", section, re.MULTILINE)) == set(LOGICS)


def test_every_reading_has_the_vectors_that_it_names():
    rows = README.split("\n## Where the drafts leave a choice\n", 1)[1].splitlines()
    named = [
        found
        for row in rows
        for found in re.findall(r'([\w-]+): "([^"]+)"', row.split("|")[-2:][0])
    ]
    assert len(named) >= 20
    for name, description in named:
        assert any(description in case["description"] for case in cases_of(name)), (
            name,
            description,
        )
