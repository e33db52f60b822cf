"""The vectors of the MLS extensions: what they cover, and what is said of them."""

import re

import pytest
from vectors.corruption import parts_of
from vectors.extension_changes import rules_of
from vectors.sets import EXTENSIONS

from mimi.codec import decode
from mimi.errors import MalformedError
from mimi.mls.codepoints import ContentType
from mimi.mls.components import ComponentID
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppDataUpdate, AppEphemeral, GroupContextExtensions, Proposal
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.tree_options import RatchetTreeOption
from mimi.vectors.extension_rules import EXTENSION_RULES
from mimi.vectors.logic import LOGICS

cases_of = EXTENSIONS.cases_of
KIND_OF = EXTENSIONS.kind_of
SUITES = EXTENSIONS.suites


# What they cover


@EXTENSIONS.every_file
@pytest.mark.parametrize("suite", SUITES)
def test_every_mechanism_has_what_is_accepted_and_what_is_refused(name, suite):
    cases = [case for case in cases_of(name) if case["cipher_suite"] == suite]
    assert len(cases) == len(cases_of(name)) / len(SUITES)
    rules = set[str | None]().union(*map(rules_of, cases))
    assert rules > {None} or name == "groups"
    assert rules - {None}


def test_all_cipher_suites_have_the_same_cases():
    for name in EXTENSIONS.files:
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
    assert len(EXTENSIONS.files) == 18
    assert sum(len(cases_of(name)) for name in EXTENSIONS.files) == 1908
    refused = sum(rules_of(case) != {None} for name in KIND_OF for case in cases_of(name))
    assert refused == REFUSED


REFUSED = 1132


def test_every_rule_of_the_extensions_is_broken_in_every_suite():
    for suite in SUITES:
        found = set[str | None]().union(
            *(
                rules_of(case)
                for name in EXTENSIONS.files
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


@EXTENSIONS.every_file
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


def test_the_readme_of_extensions_explains_every_rule():
    rows = EXTENSIONS.table("## Rules")
    assert list(rows) == list(EXTENSION_RULES)
    for name, error in EXTENSION_RULES.items():
        assert len(rows[name]) == 2
        assert rows[name][-1] == error.rule or name == "malformed", name


@EXTENSIONS.every_file
def test_the_readme_describes_what_lies_deeper(name):
    section = EXTENSIONS.section(f"### {KIND_OF[name].name}")
    inner = {key for case in cases_of(name) for at, _ in parts_of(case) for key in at[1:]}
    for key in inner - {"type", "parameters"}:
        assert isinstance(key, int) or f"`{key}`" in section, key


def test_the_readme_explains_every_logic():
    section = EXTENSIONS.readme.split("\nBy `logic`:\n", 1)[1].split("\n###", 1)[0]
    assert set(re.findall("^[|] `([a-z-]+)`", section, re.MULTILINE)) == set(LOGICS)
