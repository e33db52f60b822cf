"""The naive reading of the drafts against the transcripts of the project."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from naive.naive_protocol_http import RESPONSES
from naive.naive_protocol_wire import read_body, write_body
from naive.naive_resumed import Resumable
from naive.naive_transcript import check_transcript

VECTORS = Path(__file__).parents[2] / "vectors" / "protocol"
NAMES = ("example", "policy", "failures", "services")

every_transcript = pytest.mark.parametrize("name", NAMES)


@cache
def case_of(name: str) -> dict:
    (case,) = json.loads((VECTORS / f"transcript-{name}.json").read_text(encoding="utf-8"))
    return case


def test_these_are_all_transcripts() -> None:
    assert {path.stem for path in VECTORS.glob("transcript-*.json")} == {
        f"transcript-{name}" for name in NAMES
    }


@every_transcript
def test_transcripts_agree(name: str) -> None:
    check_transcript(case_of(name))


@every_transcript
def test_there_are_three_providers_and_their_devices(name: str) -> None:
    case = case_of(name)
    assert len(case["providers"]) >= 3
    homes = {one["uri"].removeprefix("mimi://").partition("/")[0] for one in case["devices"]}
    assert homes == {one["domain"] for one in case["providers"]}


def test_each_transcript_is_in_a_cipher_suite_of_its_own() -> None:
    assert len({case_of(name)["cipher_suite"] for name in NAMES}) == len(NAMES)


def replaced(value: Any, path: tuple, other: Any) -> Any:
    """A copy in which something else stands at a path; everything else is shared."""
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], other)
    return copy


def flipped(octets: str) -> str:
    if not octets:
        return "00"
    half = len(octets) // 4 * 2
    return octets[:half] + f"{int(octets[half : half + 2], 16) ^ 1:02x}" + octets[half + 2 :]


@cache
def resumable(name: str) -> Resumable:
    return Resumable(case_of(name))


def check_damaged(case: dict) -> None:
    """Check a case in which something is damaged, from there on; cipher suites tell which it is."""
    (name,) = (name for name in NAMES if case_of(name)["cipher_suite"] == case["cipher_suite"])
    resumable(name).check(case)


def is_noticed(case: dict) -> bool:
    try:
        check_damaged(case)
    except AssertionError:
        return True
    return False


def steps_with(case: dict, name: str) -> list[int]:
    """Some steps in which a list is not empty: the first ones and the last."""
    found = [at for at, step in enumerate(case["steps"]) if step.get(name)]
    return sorted({*found[:4], *found[-2:]})


@every_transcript
@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ("hosted", "tree_hash"),
        ("hosted", "confirmed_transcript_hash"),
        ("rooms", "tree_hash"),
        ("rooms", "confirmed_transcript_hash"),
        ("rooms", "epoch_authenticator"),
        ("messages", "message_id"),
        ("messages", "content"),
    ],
)
def test_another_outcome_is_noticed(name: str, lists: str, field: str) -> None:
    for at in steps_with(case_of(name), lists):
        known = case_of(name)["steps"][at][lists][0][field]
        path = ("steps", at, lists, 0, field)
        assert is_noticed(replaced(case_of(name), path, flipped(known))), at


@every_transcript
@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ("rooms", "epoch"),
        ("rooms", "pending"),
        ("rooms", "waiting"),
        ("hosted", "pending"),
        ("messages", "accepted"),
    ],
)
def test_another_number_is_noticed(name: str, lists: str, field: str) -> None:
    for at in steps_with(case_of(name), lists):
        known = case_of(name)["steps"][at][lists][0][field]
        path = ("steps", at, lists, 0, field)
        assert is_noticed(replaced(case_of(name), path, known + 1)), at


NOT_READ = ("keyMaterial", "identifierQuery", "reportAbuse", "requestConsent", "updateConsent")
"""What is asked for at these is not read here beyond its form."""


def is_decided(step: dict) -> bool:
    """Whether a step is a request of a message, a commit or a notification that arrives."""
    if step["kind"] != "request" or step["is_lost"] or not step["body"]:
        return False
    return not any(endpoint in step["target"] for endpoint in (*NOT_READ, "groupInfo"))


@every_transcript
def test_another_body_is_noticed(name: str) -> None:
    steps = case_of(name)["steps"]
    chosen = [at for at, step in enumerate(steps) if is_decided(step)]
    for at in chosen[:: max(1, len(chosen) // 12)]:
        other = flipped(steps[at]["body"])
        assert is_noticed(replaced(case_of(name), ("steps", at, "body"), other)), at


@every_transcript
def test_a_notification_that_is_missing_is_noticed(name: str) -> None:
    """What was accepted is told to every provider that takes part: by no other name."""
    steps = case_of(name)["steps"]
    chosen = [
        at
        for at, step in enumerate(steps)
        if step["kind"] == "request" and "/notify/" in step["target"] and not step["is_lost"]
    ]
    for at in chosen[:: max(1, len(chosen) // 8)]:
        other = steps[at]["target"].replace("notify", "update")
        assert is_noticed(replaced(case_of(name), ("steps", at, "target"), other)), at


@every_transcript
def test_another_delivery_by_the_hub_is_noticed(name: str) -> None:
    """The host of a room tells its own devices what it tells other providers."""
    steps = case_of(name)["steps"]
    chosen = [
        at
        for at, step in enumerate(steps)
        if step["kind"] == "delivery" and step["about"].startswith(f"mimi://{step['from']}/")
    ]
    assert chosen
    for at in chosen[:: max(1, len(chosen) // 8)]:
        other = flipped(steps[at]["body"])
        damaged = replaced(case_of(name), ("steps", at, "body"), other)
        assert why_refused(damaged).startswith(f"step {at}: "), at


@every_transcript
def test_another_update_of_a_device_is_noticed(name: str) -> None:
    """With the tree and the group info that come with a commit, where they come whole."""
    accepted = {
        (step["to"], step["call"])
        for step in case_of(name)["steps"]
        if step["kind"] == "answer" and step["body"].startswith("00")
    }
    for at in steps_of(name, ("update",), "call"):
        step = case_of(name)["steps"][at]
        body = step["body"]
        if (step["from"], step["call"]) in accepted:
            assert is_noticed(everywhere(case_of(name), body, flipped(body))), at


# What is asked for and answered beside


def why_refused(case: dict) -> str:
    """What is said of a transcript that is damaged."""
    with pytest.raises(AssertionError) as caught:
        check_damaged(case)
    return str(caught.value)


def endpoint_of(case: dict, at: int) -> str:
    """The endpoint that a step asks, or that it answers; empty for others."""
    step = case["steps"][at]
    if step["kind"] == "call":
        return step["name"]
    if step["kind"] == "request":
        return step["target"].split("/")[2] if step["body"] else ""
    number, asks = {"answer": ("call", "call"), "response": ("exchange", "request")}.get(
        step["kind"], ("", "")
    )
    for before in reversed(range(at)):
        asked = case["steps"][before]
        if asks == asked["kind"] and step["to"] == asked["from"] and step[number] == asked[number]:
            return endpoint_of(case, before)
    return ""


def steps_of(name: str, endpoints: tuple[str, ...], *kinds: str) -> list[int]:
    case = case_of(name)
    steps = enumerate(case["steps"])
    found = [at for at, step in steps if step["kind"] in kinds and step["body"]]
    return [at for at in found if endpoint_of(case, at) in endpoints]


def everywhere(case: dict, body: str, other: str) -> dict:
    """A copy in which whoever sends a body, or hands it on, sends another."""
    steps = [{**one, "body": other} if one.get("body") == body else one for one in case["steps"]]
    return {**case, "steps": steps}


def with_last_flipped(octets: str) -> str:
    return octets[:-2] + f"{int(octets[-2:], 16) ^ 1:02x}"


@every_transcript
def test_what_is_checked_from_the_damage_on_is_what_is_checked_in_the_whole(name: str) -> None:
    """Of each kind of step, the body of one in the middle."""
    case = case_of(name)
    for kind in ("call", "request", "response", "answer", "delivery"):
        found = [at for at, step in enumerate(case["steps"]) if step["kind"] == kind]
        at = found[len(found) // 2]
        damaged = replaced(case, ("steps", at, "body"), flipped(case["steps"][at]["body"]))
        with pytest.raises(AssertionError) as caught:
            check_transcript(damaged)
        assert why_refused(damaged) == str(caught.value), at


@every_transcript
def test_another_signature_of_a_request_is_noticed(name: str) -> None:
    """A signature for key material ends its request, and that for a group info does so, too."""
    asked = steps_of(name, ("keyMaterial", "groupInfo"), "call")
    assert asked
    for at in asked:
        body = case_of(name)["steps"][at]["body"]
        other = everywhere(case_of(name), body, with_last_flipped(body))
        assert "signature" in why_refused(other), at


@every_transcript
def test_a_request_that_no_device_makes_is_noticed(name: str) -> None:
    for at in steps_of(name, ("keyMaterial", "groupInfo", "reportAbuse"), "request"):
        body = case_of(name)["steps"][at]["body"]
        path = ("steps", at, "body")
        assert is_noticed(replaced(case_of(name), path, with_last_flipped(body))), at


@every_transcript
def test_another_answer_is_noticed(name: str) -> None:
    """An answer with key packages or a group info, by whomever it is given or handed on."""
    answered = steps_of(name, ("keyMaterial", "groupInfo"), "answer", "response")
    assert answered
    for at in answered:
        body = case_of(name)["steps"][at]["body"]
        for other in {flipped(body), with_last_flipped(body)}:
            damaged = replaced(case_of(name), ("steps", at, "body"), other)
            assert why_refused(damaged).startswith(f"step {at}: "), at


@pytest.mark.parametrize("name", ["example", "failures", "services"])
def test_another_group_info_is_noticed(name: str) -> None:
    case = case_of(name)
    opened = steps_with(case, "opened")
    assert opened
    for at in opened:
        for other in (flipped(case["steps"][at]["opened"]), None):
            damaged = replaced(case, ("steps", at, "opened"), other)
            assert why_refused(damaged).startswith(f"step {at}: "), at


@every_transcript
def test_a_group_info_where_there_is_none_is_noticed(name: str) -> None:
    case = case_of(name)
    answers = steps_of(name, ("keyMaterial", "groupInfo", "update"), "answer", "response")
    for at in [at for at in answers if case["steps"][at]["opened"] is None][:4]:
        damaged = replaced(case, ("steps", at, "opened"), "00")
        assert why_refused(damaged).startswith(f"step {at}: "), at


def test_other_reports_and_closed_rooms_are_noticed() -> None:
    case = case_of("services")
    (reported,), (closed,) = steps_with(case, "reported"), steps_with(case, "closed")
    (report,) = case["steps"][reported]["reported"]
    for other in ([], [[]], [[not one for one in report]], [[True, True]]):
        damaged = replaced(case, ("steps", reported, "reported"), other)
        assert f"step {reported}: AssertionError: reported: " in why_refused(damaged), other
    for rooms in ([], ["mimi://a.example/r/library"]):
        damaged = replaced(case, ("steps", closed, "closed"), rooms)
        assert "which rooms are closed" in why_refused(damaged), rooms
    early = replaced(case, ("steps", closed, "closed"), [])
    early = replaced(early, ("steps", 0, "closed"), case["steps"][closed]["closed"])
    assert is_noticed(early)


@every_transcript
def test_other_events_are_noticed(name: str) -> None:
    for at in steps_with(case_of(name), "events"):
        known = case_of(name)["steps"][at]["events"]
        for other in ([], [*known, "passed"], ["needsResync", *known[1:]]):
            damaged = replaced(case_of(name), ("steps", at, "events"), other)
            assert why_refused(damaged).startswith(f"step {at}: "), at


# What the hub refuses


def other_answers(endpoint: str, body: str) -> list[str]:
    """Every other code that an answer may have, with details that fit."""
    structure = RESPONSES[endpoint]
    read = read_body(structure, bytes.fromhex(body))
    if endpoint == "update":
        details = {
            "success": {"accepted_timestamp": 1 << 41},
            "wrongEpoch": {"current_epoch": 1},
            "notAllowed": None,
            "invalidProposal": {"invalid_proposals": ["00" * 32]},
        }
        known = read.pop("response_code")
        forms = [
            {"response_code": code, "error_description": "", "details": held}
            for code, held in details.items()
            if code != known
        ]
    else:
        accepted = {"code": "accepted", "accepted_timestamp": 1 << 41, "frank": None}
        old = {"code": "epochTooOld", "current_epoch": 1}
        statuses = [accepted, old, {"code": "notAllowed"}]
        known = read["status"]["code"]
        forms = [{**read, "status": one} for one in statuses if one["code"] != known]
    return [write_body(structure, form).hex() for form in forms]


def decisions(name: str) -> list[tuple[int, str]]:
    """Answers of the hub to updates and messages: all refusals, and some others."""
    case, found = case_of(name), list[tuple[int, str]]()
    for endpoint, codes in (("update", ("00",)), ("submitMessage", ("0100",))):
        steps = [
            at
            for at in steps_of(name, (endpoint,), "answer", "response")
            if case["steps"][at]["repeats"] is None
        ]
        bodies = [(at, case["steps"][at]["body"]) for at in steps]
        taken = [at for at, body in bodies if body.startswith(codes)]
        refused = [at for at, body in bodies if not body.startswith(codes)]
        found += [(at, endpoint) for at in (*refused, *taken[:2])]
    return found


@every_transcript
def test_another_decision_is_noticed(name: str) -> None:
    for at, endpoint in decisions(name):
        step = case_of(name)["steps"][at]
        for other in other_answers(endpoint, step["body"]):
            damaged = replaced(case_of(name), ("steps", at, "body"), other)
            assert why_refused(damaged).startswith(f"step {at}: "), at


def test_all_refusals_are_there() -> None:
    codes = {
        (endpoint, case_of(name)["steps"][at]["body"][: 2 if endpoint == "update" else 4])
        for name in NAMES
        for at, endpoint in decisions(name)
    }
    assert codes == {
        *(("update", code) for code in ("00", "01", "02", "03")),
        *(("submitMessage", code) for code in ("0100", "0101", "0102")),
    }


# The end


def is_end_noticed(name: str, end: list[dict]) -> bool:
    try:
        resumable(name).whole.check_end(end)
    except AssertionError:
        return True
    return False


OTHERS: dict[str, Any] = {
    "message_id": "01" + "00" * 31,
    "author": "mimi://a.example/u/nobody",
    "accepted": 1,
    "text": "Something else",
    "in_reply_to": "01" + "00" * 31,
    "reactions": [["!", ["mimi://a.example/u/nobody"]]],
    "files": ["another"],
}


@every_transcript
def test_another_conversation_is_noticed(name: str) -> None:
    end = case_of(name)["end"]
    assert not is_end_noticed(name, end)
    for at, one in enumerate(end):
        listed = one["conversation"]
        for other in ([*listed, listed[0]] if listed else [{}], listed[1:], listed[::-1]):
            if other != listed:
                assert is_end_noticed(name, replaced(end, (at, "conversation"), other)), at
        for place, entry in enumerate(listed):
            flags = {key: not entry[key] for key in ("is_edited", "is_deleted")}
            for key, value in {**OTHERS, **flags}.items():
                path = (at, "conversation", place, key)
                assert is_end_noticed(name, replaced(end, path, value)), path


@every_transcript
def test_a_device_that_is_missing_at_the_end_is_noticed(name: str) -> None:
    end = case_of(name)["end"]
    for at in range(len(end)):
        assert is_end_noticed(name, end[:at] + end[at + 1 :]), at
