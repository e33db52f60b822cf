"""What the vectors of the protocol cover: every structure, every code, every rule and status."""

import re
from collections import defaultdict

import pytest
from vectors.corruption import parts_of
from vectors.sets import PROTOCOL

from mimi.codec import ClosedEnum, ClosedEnum8
from mimi.protocol import Endpoint, SubmitResponseCode
from mimi.protocol import errors as protocol_errors
from mimi.protocol.consent import ConsentOperation
from mimi.protocol.groupinfo import GroupInfoCode
from mimi.protocol.http_errors import HttpError, Status
from mimi.protocol.identifiers import FieldSource, IdentifierQueryCode, SearchIdentifierType
from mimi.protocol.keys import KeyMaterialClientCode, KeyMaterialUserCode
from mimi.protocol.update import UpdateResponseCode
from mimi.vectors.checks.protocol_checks import CHECKS
from mimi.vectors.protocol_form import BODIES, spelled
from mimi.vectors.protocol_rules import DIRECTORY_RULES, HTTP_RULES, PROTOCOL_RULES

KINDS_OF_CASES = {
    "bodies": "structure",
    "checks": "check",
    "requests": "endpoint",
    "responses": "endpoint",
}
OWN_FILES = [name for name in PROTOCOL.files if "transcript" not in name]


def grouped(name, field):
    """The cases of a file by the values of a field."""
    found = defaultdict(list)
    for case in PROTOCOL.cases_of(name):
        found[case[field]].append(case)
    return found


def test_every_structure_is_there_and_damaged_everywhere():
    cases = grouped("bodies", "structure")
    assert set(cases) == set(BODIES)
    for name, each in cases.items():
        good = [case for case in each if case["at"] is None]
        places = {case["at"] for case in each} - {None}
        assert good, name
        if name != "NotifyRequest":
            assert "" in places
            fields = set(good[0]["value"].get("bundle", good[0]["value"]))
            assert fields <= places, name


def test_every_length_of_a_field_is_one_octet_too_short_somewhere():
    for name, each in grouped("bodies", "structure").items():
        whole = {case["octets"] for case in each if case["at"] is None}
        cut = [case for case in each if case["description"].startswith("ends within")]
        assert cut, name
        assert all(any(octets.startswith(case["octets"]) for octets in whole) for case in cut), name


CODES: list[tuple[str, str, type[ClosedEnum]]] = [
    ("KeyMaterialResponse", "user_status", KeyMaterialUserCode),
    ("KeyMaterialResponse", "client_status", KeyMaterialClientCode),
    ("UpdateRoomResponse", "response_code", UpdateResponseCode),
    ("SubmitMessageResponse", "code", SubmitResponseCode),
    ("GroupInfoResponse", "code", GroupInfoCode),
    ("ConsentEntry", "consent_operation", ConsentOperation),
    ("IdentifierRequest", "search_type", SearchIdentifierType),
    ("IdentifierResponse", "response_code", IdentifierQueryCode),
    ("IdentifierResponse", "field_source", FieldSource),
]


@pytest.mark.parametrize(("structure", "field", "codes"), CODES, ids=str)
def test_every_code_is_there(structure, field, codes):
    assert issubclass(codes, ClosedEnum8)
    found = {
        value
        for case in grouped("bodies", "structure")[structure]
        for steps, value in parts_of(case)
        if steps and steps[-1] == field and isinstance(value, str)
    }
    assert found == {spelled(code) for code in codes}


def test_every_kind_of_event_is_there_in_each_form():
    events = grouped("bodies", "structure")["FanoutMessage"]
    attached = [case["value"]["attached"] for case in events if case["value"]]
    names = {tuple(each) if each is not None else None for each in attached}
    assert names == {
        ("frank",),
        ("ratchet_tree_option",),
        ("more_proposals",),
        ("external_proposals",),
        None,
    }


def rules_of(*names):
    return {
        part["rule"]
        for name in names
        for case in PROTOCOL.cases_of(name)
        for part in (case, *case.get("urls", ()))
        if part.get("rule")
    }


def test_every_rule_is_broken():
    assert rules_of("directories") == set(DIRECTORY_RULES)
    assert set(HTTP_RULES) <= rules_of("requests", "responses")
    others = [name for name in OWN_FILES if name != "bodies"]
    assert rules_of(*others) == set(PROTOCOL_RULES)


ELSEWHERE = {"DirectorySizeError"}  # a limit of ours


def test_every_error_of_a_body_has_a_rule():
    kinds = {
        kind
        for kind in vars(protocol_errors).values()
        if isinstance(kind, type) and kind.__module__ == protocol_errors.__name__
    }
    leaves = {kind for kind in kinds if not any(kind in other.__bases__ for other in kinds)}
    hubs = {kind for kind in leaves if issubclass(kind, protocol_errors.HubError)}
    ours = {kind.__name__ for kind in leaves - hubs} - ELSEWHERE
    assert ours <= {kind.__name__ for kind in PROTOCOL_RULES.values()}
    assert set(HttpError.__subclasses__()) == set(HTTP_RULES.values())


def test_every_endpoint_is_asked_and_answers():
    names = {endpoint.value for endpoint in Endpoint}
    assert set(grouped("requests", "endpoint")) == {*names, None}
    assert set(grouped("responses", "endpoint")) == {*names, "directory"}
    sent = [case for case in PROTOCOL.cases_of("requests") if case["url"] is not None]
    assert {case["endpoint"] for case in sent} == names
    assert {case["check"] for case in PROTOCOL.cases_of("checks")} == set(CHECKS)


def test_every_status_is_there():
    written = {case["status"] for case in PROTOCOL.cases_of("requests")} - {None}
    assert written == {400, 401, 404, 405, 413, 415, 421}
    read = {case["status"] for case in PROTOCOL.cases_of("responses")}
    assert {int(status) for status in Status} <= read


@pytest.mark.parametrize("name", OWN_FILES)
def test_every_check_has_good_cases_and_bad_ones(name):
    field = KINDS_OF_CASES.get(name, "kind")
    for value, each in grouped(name, field).items():
        broken = [case for case in each if case.get("rule", case.get("at")) is not None]
        if value is not None:
            assert len(broken) < len(each), value
        if name != "requests" and value != "proxyDownload":
            assert broken or name == "responses", value


# README.md


def test_the_readme_describes_every_rule_structure_and_check():
    assert set(PROTOCOL.table("## Rules")) == set(PROTOCOL_RULES)
    assert set(PROTOCOL.table("## Structures")) == set(BODIES)
    assert set(PROTOCOL.table("### protocol-check")) == set(CHECKS)


def test_the_readme_says_what_a_check_depends_on():
    for name, (_, given, _) in PROTOCOL.table("### protocol-check").items():
        assert set(re.findall("`([a-z_]+)`", given)) == set(CHECKS[name].given), name


@pytest.mark.parametrize("name", OWN_FILES)
def test_the_readme_describes_every_field(name):
    kind = PROTOCOL.kind_of[name]
    fields = set(re.findall("^- `([a-z_]+)`", PROTOCOL.section(f"### {kind.name}"), re.MULTILINE))
    assert fields == kind.fields - {"kind", "description"}


def test_the_readme_counts_the_cases():
    for name in OWN_FILES:
        kind, count = PROTOCOL.kind_of[name].name, len(PROTOCOL.cases_of(name))
        assert f"\n| `{name}.json` | `{kind}` | {count} |" in PROTOCOL.readme
