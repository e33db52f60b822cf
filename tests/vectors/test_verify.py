"""Every published file, every case, every cipher suite; and our own, as many."""

import json

import pytest
from vectors.corruption import (
    FILES,
    KIND_OF,
    OWN,
    PUBLISHED,
    cases_of,
    changed,
    replaced,
    smallest,
    steps_of,
    value_at,
)

from mimi.codec import decode, encode, replace
from mimi.crypto import Secret, SeededEntropy, suite_of
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    MemberSender,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import ExternalInit, Proposal
from mimi.mls.protect import authenticate, protect_public
from mimi.mls.welcome import (
    NewMember,
    decrypt_group_info,
    decrypt_group_secrets,
    encrypt_welcome,
    sign_group_info,
)
from mimi.vectors import (
    KINDS,
    Case,
    DifferenceError,
    checked_fields,
    kind_of,
    verify,
    verify_case,
)
from mimi.vectors.generate import GENERATED

ALL_SUITES = (1, 2, 3, 4, 5, 6, 7)

EXPECTED = {
    "crypto-basics": (7, ALL_SUITES),
    "deserialization": (14, ()),
    "key-schedule": (7, ALL_SUITES),
    "message-protection": (7, ALL_SUITES),
    "messages": (300, ()),
    "passive-client-handling-commit": (91, ALL_SUITES),
    "passive-client-random": (1, (1,)),
    "passive-client-welcome": (56, ALL_SUITES),
    "psk_secret": (77, ALL_SUITES),
    "secret-tree": (21, ALL_SUITES),
    "transcript-hashes": (7, ALL_SUITES),
    "tree-math": (10, ()),
    "tree-operations": (5, (1,)),
    "tree-validation": (98, ALL_SUITES),
    "treekem": (77, ALL_SUITES),
    "welcome": (7, ALL_SUITES),
}
"""The published files: how many cases they have, in which cipher suites."""

WITHOUT_SUITE = {"deserialization", "messages", "tree-math"}


def first_case(name):
    return smallest(FILES[f"own-{name}"])[0]


def as_file(*cases):
    return json.dumps(cases).encode()


# Files


def test_no_published_file_is_missing():
    if PUBLISHED is not None:
        assert {path.stem for path in PUBLISHED.glob("*.json")} == set(EXPECTED)


def test_no_file_of_our_own_is_missing():
    assert {path.stem for path in OWN.glob("*.json")} == set(GENERATED)
    assert set(GENERATED) == set(KIND_OF)


@pytest.mark.parametrize(("name", "path"), FILES.items(), ids=FILES)
def test_every_case_passes(name, path):
    report = verify(name, path.read_bytes())
    assert report.failures == ()
    assert report.problem == ""
    assert report.ok
    assert report.name == name
    assert report.kind == KIND_OF[path.stem].name
    assert report.passed == report.cases > 0
    assert report.failed == 0
    if name.startswith("published-"):
        assert (report.cases, report.suites) == EXPECTED[path.stem]
    else:
        assert report.suites == (() if path.stem in WITHOUT_SUITE else ALL_SUITES)


# Reports


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no JSON: "),
        (b"[", "no JSON: "),
        (b"\xff", "no JSON: "),
        (b"[" * 100_000, "no JSON: "),
        (b"[1" + b"0" * 5000 + b"]", "no JSON: "),
        (b"{}", "no array of cases"),
        (b"null", "no array of cases"),
        (b"[]", "no cases"),
        (b"[{}]", "no known kind of vector"),
        (b"[1]", "no known kind of vector"),
        (b'[{"cipher_suite": 1}]', "no known kind of vector"),
        (b'[{"a": 1, "b": 2}, {}]', "no known kind of vector"),
    ],
)
def test_what_is_wrong_with_a_whole_file(content, problem):
    report = verify("name", content)
    assert report.problem.startswith(problem)
    assert not report.ok
    assert report.kind is None
    assert report.passed == 0
    assert report.failed == report.cases
    assert report.failures == ()


def test_a_failure_says_all():
    good = first_case("welcome")
    bad = good | {"signer_pub": changed(good["signer_pub"])}
    report = verify("welcome.json", as_file(good, bad, 5))
    assert not report.ok
    assert (report.cases, report.passed, report.failed) == (3, 1, 2)
    first, second = report.failures
    assert (first.case, first.suite, first.field) == (1, good["cipher_suite"], "signer_pub")
    assert str(first).startswith("case 1, suite 1: signer_pub: expected a valid value, got Group")
    assert str(second) == "case 2: : expected an object, got 5"
    assert report.as_json() == {
        "file": "welcome.json",
        "kind": "welcome",
        "suites": [1],
        "cases": 3,
        "passed": 1,
        "failed": 2,
        "ok": False,
        "problem": "",
        "failures": [
            {
                "case": failure.case,
                "suite": failure.suite,
                "field": failure.field,
                "expected": failure.expected,
                "got": failure.got,
            }
            for failure in report.failures
        ],
    }


def test_both_values_are_shown():
    case = first_case("psk_secret")
    other = changed(case["psk_secret"])
    failure = verify_case(KIND_OF["psk_secret"], case | {"psk_secret": other}, 7)
    assert (failure.case, failure.expected, failure.got) == (7, other, case["psk_secret"])


def test_long_values_are_cut_in_the_middle():
    case = first_case("messages")
    failure = verify_case(KIND_OF["messages"], case | {"commit": "zz" * 5000})
    assert failure.got == "z" * 150 + "..." + "z" * 20 + " (10000 characters)"


def test_progress_is_told_after_every_case():
    told = []
    verify("x", as_file(*[first_case("tree-math")] * 3), lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_only_numbers_are_suites():
    case = first_case("welcome")
    cases = [case | {"cipher_suite": suite} for suite in (True, "1", 9, None, 2)]
    assert verify("x", as_file(*cases)).suites == (2, 9)


# Kinds


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_told_by_its_fields(kind):
    assert kind_of(dict.fromkeys(kind.fields)) is kind
    for missing in kind.fields if len(kind.fields) > 3 else ():
        assert kind_of(dict.fromkeys(kind.fields - {missing})) is kind


@pytest.mark.parametrize("case", [None, [], 5, "tree", {}, {"cipher_suite": 1}, {"tree": ""}])
def test_what_is_of_no_kind(case):
    assert kind_of(case) is None


def test_cases_of_two_kinds_in_one_file():
    report = verify("x", as_file(first_case("welcome"), first_case("psk_secret")))
    assert [failure.field for failure in report.failures] == ["init_priv"]


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_checked_fields_are_fields(path):
    kind = KIND_OF[path.stem]
    for case in cases_of(path)[:5]:
        fields = checked_fields(kind, case)
        assert fields
        for field, _ in fields:
            value_at(case, steps_of(field))


def test_checked_fields_are_those_of_a_good_case():
    case = first_case("psk_secret")
    assert dict(checked_fields(KIND_OF["psk_secret"], case)) == {
        "cipher_suite": True,
        "psk_secret": False,
    }
    with pytest.raises(DifferenceError) as caught:
        checked_fields(KIND_OF["psk_secret"], case | {"psk_secret": ""})
    assert caught.value.field == "psk_secret"


# Values


def test_hexadecimal_is_read_in_either_case():
    case = first_case("welcome")
    upper = case | {"key_package": case["key_package"].upper()}
    assert verify_case(KIND_OF["welcome"], upper) is None
    psk = first_case("psk_secret")
    assert (
        verify_case(KIND_OF["psk_secret"], psk | {"psk_secret": psk["psk_secret"].upper()}) is None
    )


@pytest.mark.parametrize("value", ["0", "0g", "00 00", " 00", "0x00", "００", "é", 0, None, ["00"]])  # noqa: RUF001 - wide digits
def test_other_writings_of_octets_are_refused(value):
    with pytest.raises(DifferenceError) as caught:
        Case({"field": value}).octets("field")
    assert (caught.value.field, caught.value.expected) == ("field", "octets in hexadecimal")


@pytest.mark.parametrize("value", [-1, 1 << 64, 1.0, True, "1", None, [1]])
def test_other_numbers_are_refused(value):
    with pytest.raises(DifferenceError) as caught:
        Case({"field": value}).integer("field")
    assert (caught.value.field, caught.value.expected) == ("field", "a number")


@pytest.mark.parametrize(
    ("expected", "got"),
    [(1.0, 1), (True, 1), ([True], [1]), ([1, 2], [1]), ([1], 1), (0, None), ("01", 1), ("", None)],
)
def test_equal_is_the_same_value_of_the_same_type(expected, got):
    with pytest.raises(DifferenceError):
        Case({"field": expected}).equal("field", got)


def test_an_error_in_a_difference_is_not_wrapped():
    case = Case({"outer": 1, "inner": 2})
    with pytest.raises(DifferenceError) as caught, case.valid("outer"):
        case.equal("inner", 3)
    assert caught.value.field == "inner"
    assert case.checked == []


# Whose fault it is, where several fields depend on one


def octets(case, name):
    return bytes.fromhex(case[name])


def field_that_fails(name, case):
    failure = verify_case(KIND_OF[name], case)
    return failure and failure.field


def test_a_body_of_another_kind_is_named():
    case = first_case("messages")
    for name, other in [
        ("mls_welcome", "mls_group_info"),
        ("public_message_commit", "public_message_proposal"),
        ("public_message_application", "public_message_commit"),
    ]:
        assert field_that_fails("messages", case | {name: case[other]}) == name
    case = first_case("message-protection")
    for name, other in [("proposal_pub", "commit_priv"), ("commit_priv", "commit_pub")]:
        assert field_that_fails("message-protection", case | {name: case[other]}) == name
    case = first_case("welcome")
    assert field_that_fails("welcome", case | {"welcome": case["key_package"]}) == "welcome"


def test_a_message_of_another_content_is_named():
    case = first_case("message-protection")
    swapped = case | {"proposal_pub": case["commit_pub"]}
    assert field_that_fails("message-protection", swapped) == "proposal_pub"
    swapped = case | {"application_priv": case["commit_priv"]}
    assert field_that_fails("message-protection", swapped) == "application_priv"


def test_the_keys_of_another_leaf_are_those_of_a_wrong_index():
    case = next(case for case in cases_of(FILES["own-treekem"]) if len(case["leaves_private"]) > 2)
    kind = "treekem"
    first, second, *_ = case["leaves_private"]
    swapped = replaced(case, ("leaves_private", 0), second | {"index": first["index"]})
    assert field_that_fails(kind, swapped) == "leaves_private[0].index"
    for name in ("encryption_priv", "signature_priv"):
        swapped = replaced(case, ("leaves_private", 0, name), second[name])
        assert field_that_fails(kind, swapped) == f"leaves_private[0].{name}"
    fewer = case | {"leaves_private": case["leaves_private"][1:]}
    assert field_that_fails(kind, fewer) == "leaves_private"


def test_the_path_of_another_sender_is_named():
    case = next(case for case in cases_of(FILES["own-treekem"]) if len(case["update_paths"]) > 1)
    one, two, *_ = case["update_paths"]
    for name in ("sender", "update_path"):
        swapped = replaced(case, ("update_paths", 0, name), two[name])
        assert field_that_fails("treekem", swapped) == f"update_paths[0].{name}"
    shorter = replaced(case, ("update_paths", 0, "path_secrets"), one["path_secrets"][:-1])
    assert field_that_fails("treekem", shorter) == "update_paths[0].path_secrets"


def test_a_message_from_another_leaf_is_refused():
    case = first_case("message-protection")
    suite = suite_of(case["cipher_suite"])
    names = ("group_id", "epoch", "tree_hash", "confirmed_transcript_hash")
    given = [octets(case, name) if name != "epoch" else case[name] for name in names]
    context = GroupContext(suite.code, *given)
    proposal = decode(Proposal, octets(case, "proposal"))
    content = FramedContent(context.group_id, context.epoch, MemberSender(0), b"", proposal)
    signer = suite.signature_private_key(octets(case, "signature_priv"))
    signed = authenticate(suite, WireFormat.MLS_PUBLIC_MESSAGE, content, context, signer)
    key = Secret(octets(case, "membership_key"))
    message = MLSMessage(protect_public(suite, signed, context, key))
    failure = verify_case(
        KIND_OF["message-protection"], case | {"proposal_pub": encode(message).hex()}
    )
    assert failure.field == "proposal_pub"
    assert "is not the sender of these vectors" in failure.got


def test_a_wrong_confirmation_tag_in_a_welcome_is_noticed():
    case = first_case("welcome")
    suite = suite_of(case["cipher_suite"])
    key_package = decode(MLSMessage, octets(case, "key_package")).body
    welcome = decode(MLSMessage, octets(case, "welcome")).body
    init_key = suite.hpke_private_key(octets(case, "init_priv"))
    joiner = decrypt_group_secrets(suite, welcome, key_package, init_key).joiner_secret
    no_psk = Secret(bytes(suite.nh))
    info = decrypt_group_info(suite, welcome, joiner, no_psk)
    signer = suite.generate_signature_key(SeededEntropy(1))
    for tag, field in ((info.confirmation_tag, None), (bytes(suite.nh), "welcome")):
        other = sign_group_info(
            suite, info.group_context, info.extensions, tag, info.signer, signer
        )
        sealed = encrypt_welcome(
            suite, other, joiner, no_psk, (), [NewMember(key_package)], SeededEntropy(2)
        )
        made = {"welcome": encode(MLSMessage(sealed)).hex(), "signer_pub": signer.public.hex()}
        assert field_that_fails("welcome", case | made) == field


def test_content_that_is_no_commit_has_no_transcript_hash():
    case = first_case("transcript-hashes")
    commit = decode(AuthenticatedContent, octets(case, "authenticated_content"))
    content = replace(commit.content, content=b"application data")
    auth = FramedContentAuthData(commit.auth.signature)
    other = encode(AuthenticatedContent(commit.wire_format, content, auth))
    changed_case = case | {"authenticated_content": other.hex()}
    assert field_that_fails("transcript-hashes", changed_case) == "authenticated_content"


def test_another_proposal_changes_no_tree():
    case = first_case("tree-operations")
    other = encode(ExternalInit(b""), Proposal).hex()
    assert field_that_fails("tree-operations", case | {"proposal": other}) == "proposal"
