"""The verifier replays transcripts: whatever is changed in one, it notices, and says in which step.

That files have the fields that they should, are written again from the seed and pass is tested with
all other sets.
"""

import json
import re
from functools import cache

import pytest
from vectors.changes import WRONG, others
from vectors.corruption import (
    is_hex,
    is_leaf,
    parts_of,
    path_of,
    pattern_of,
    replaced,
    spread,
    steps_of,
    value_at,
)
from vectors.resumed import Resumable
from vectors.sets import PROTOCOL

from mimi.codec import decode, encode
from mimi.crypto import suite_of
from mimi.policy.components import Rooms
from mimi.protocol.groupinfo import (
    GroupInfoNoSuchRoom,
    GroupInfoNotAuthorized,
    GroupInfoResponse,
    SealedGroupInfo,
)
from mimi.protocol.keys import KeyMaterialResponse, KeyMaterialUserCode
from mimi.protocol.update import UpdateRequest
from mimi.vectors import Case, checked_fields, verify_case
from mimi.vectors.kinds import PROTOCOL_KINDS
from mimi.vectors.transcript_device import Listener, OutOfPlaceError, device_of, form_of_end
from mimi.vectors.transcript_epochs import OwnSecretError
from mimi.vectors.transcript_form import SECRETS, STEPS, check_form
from mimi.vectors.transcript_provider import Station, provider_in

(KIND,) = (kind for kind in PROTOCOL_KINDS if kind.name == "protocol-transcript")

LIMIT = dict.fromkeys(KIND.files, 1) | {"transcript-example": 2}
"""How many fields of a pattern are changed: each time everything is replayed."""

every_transcript = pytest.mark.parametrize("name", KIND.files)


def case_of(name):
    (case,) = PROTOCOL.cases_of(name)
    return case


def steps(case, **fields):
    """The steps that have some fields, by their numbers."""
    return [
        at
        for at, step in enumerate(case["steps"])
        if all(step.get(name) == value for name, value in fields.items())
    ]


@cache
def resumable(name):
    return Resumable(KIND, case_of(name))


def failure_of(case, *path, to):
    """What the verifier says of a transcript in which something else stands at a path."""
    whole = [name for name in KIND.files if case_of(name) is case]
    kind = resumable(*whole).kind if whole else KIND
    return verify_case(kind, replaced(case, path, to))


# Whatever is changed

UNNOTICED = {
    "description": "it is for people",
    "providers[].is_open": "nobody asks there for key packages",
    "steps[].at": "what is late by a millisecond may be late enough",
    "steps[].is_lost": "nothing may come of an answer, whether it arrives or not",
}
"""Given fields of which another value may be as good, and why."""


def test_the_exceptions_matter_somewhere():
    for pattern in set(UNNOTICED) - {"description"}:
        noticed = (
            failure_of(case, *steps_of(field), to=other) is not None
            for case in map(case_of, KIND.files)
            for field in fields_of(case)
            if pattern_of(field) == pattern
            for other in others(value_at(case, steps_of(field)))
        )
        assert any(noticed), pattern


def fields_of(case):
    return [path_of(path) for path, value in parts_of(case) if is_leaf(value)]


@every_transcript
def test_a_checked_field_that_is_changed_is_named(name):
    case, wrong = case_of(name), []
    checked = [field for field, syntax in checked_fields(KIND, case) if not syntax]
    for field in spread(checked, KIND.files.index(name), LIMIT[name]):
        for other in others(value_at(case, steps_of(field))):
            failure = failure_of(case, *steps_of(field), to=other)
            if failure is None or failure.field != field:
                wrong.append((field, failure and str(failure)))
    assert wrong == []


@every_transcript
def test_what_is_said_from_the_change_on_is_what_is_said_of_the_whole(name):
    case, said = case_of(name), []
    for field in spread(fields_of(case), KIND.files.index(name), 1)[::12]:
        path = steps_of(field)
        for other in others(value_at(case, path))[:1]:
            said.append(failure_of(case, *path, to=other))
            assert said[-1] == verify_case(KIND, replaced(case, path, other)), field
    assert any(said)


@every_transcript
def test_every_field_that_is_changed_is_noticed(name):
    case = case_of(name)
    chosen = spread(fields_of(case), KIND.files.index(name), LIMIT[name])
    unnoticed = [
        (field, other)
        for field in chosen
        if pattern_of(field) not in UNNOTICED
        for other in others(value_at(case, steps_of(field)))
        if failure_of(case, *steps_of(field), to=other) is None
    ]
    assert unnoticed == []


def test_a_value_of_the_wrong_type_is_named():
    whole = case_of("transcript-example")
    case = whole | {"steps": whole["steps"][:30]}
    fields = [path_of(path) for path, _ in parts_of(case)]
    for field in spread(fields, 0, 1):
        value = value_at(case, steps_of(field))
        for other in WRONG:
            if type(value) is type(other) and not is_hex(value) and other != "\ud800":
                continue  # it may be in place
            failure = failure_of(case, *steps_of(field), to=other)
            assert failure is not None, (field, other)
            assert failure.field == field or failure.field.startswith(f"{field}."), str(failure)


# The course of things


def test_a_step_before_the_one_before_it():
    case = case_of("transcript-example")
    failure = failure_of(case, "steps", 7, "at", to=case["steps"][5]["at"])
    assert failure.field == "steps[7].at"


def test_what_nobody_has_sent():
    case = case_of("transcript-failures")
    (again,) = [at for at, step in enumerate(case["steps"]) if step.get("repeats") is not None]
    failure = failure_of(case, "steps", again, "repeats", to=None)
    assert failure.field == f"steps[{again}].from"
    failure = failure_of(case, "steps", again, "repeats", to=again)
    assert failure.field == f"steps[{again}].repeats"


def test_what_is_sent_twice_or_too_early():
    case = case_of("transcript-example")
    at = next(at for at in steps(case, kind="request") if len(case["steps"][at]["sends"]) > 1)
    sends = case["steps"][at]["sends"]
    for other in (sends[0], at, len(case["steps"])):
        failure = failure_of(case, "steps", at, "sends", 1, to=other)
        assert failure.field == f"steps[{at}].sends[1]"
    failure = failure_of(case, "steps", at, "sends", to=sends[:1])
    assert failure.field == f"steps[{at}].sends"


def test_who_is_there_twice_or_nowhere():
    case = case_of("transcript-example")
    for lists, name in (("providers", "domain"), ("devices", "uri")):
        failure = failure_of(case, lists, 1, name, to=case[lists][0][name])
        assert failure.field == f"{lists}[1].{name}"
    failure = failure_of(case, "devices", 1, "uri", to="mimi://z.example/d/zoe/phone")
    assert failure.field == "devices[1].uri"


def test_who_is_nobody():
    case = case_of("transcript-example")
    call = steps(case, kind="call")[0]
    failure = failure_of(case, "steps", call, "from", to="mimi://a.example/d/alice/watch")
    assert failure.field == f"steps[{call}].from"
    failure = failure_of(case, "steps", call, "to", to="b.example")
    assert failure.field == f"steps[{call}].to"
    clock = steps(case_of("transcript-failures"), kind="clock")[0]
    failure = failure_of(case_of("transcript-failures"), "steps", clock, "from", to="b.example")
    assert failure.field == f"steps[{clock}].from"


def test_silence_where_nothing_was_asked():
    case = case_of("transcript-failures")
    silence = next(at for at in steps(case, kind="silence") if case["steps"][at]["sends"])
    failure = failure_of(case, "steps", silence, "exchange", to=9999)
    assert failure.field == f"steps[{silence}].sends"


def test_an_outcome_of_what_is_lost():
    case = case_of("transcript-failures")
    lost = steps(case, kind="delivery", is_lost=True)[0]
    failure = failure_of(case, "steps", lost, "events", to=["messageShown"])
    assert failure.field == f"steps[{lost}].events"


def test_an_answer_to_nothing():
    case = case_of("transcript-example")
    answer = next(at for at in steps(case, kind="answer") if case["steps"][at]["rooms"])
    other = {**case["steps"][answer], "call": 99}
    failure = failure_of(case, "steps", answer, to=other)
    assert failure.field == f"steps[{answer}].call"


# What a device alone knows


def commits(case):
    """The steps in which devices send commits that they believe in."""
    found = steps(case, kind="call", name="update")
    return [at for at in found if case["steps"][at]["secrets"]["joiner_secret"] is not None]


@pytest.mark.parametrize("field", ["encryption_priv", "path_secret", "joiner_secret"])
def test_a_commit_with_a_path_has_secrets(field):
    case = case_of("transcript-example")
    for at in commits(case)[-1:]:
        failure = failure_of(case, "steps", at, "secrets", field, to="00" * 32)
        assert failure.field == f"steps[{at}].secrets.{field}"
    failure = failure_of(case, "steps", commits(case)[0], "secrets", "path_secret", to=None)
    assert failure.field == f"steps[{commits(case)[0]}].secrets.path_secret"


def test_the_init_secret_is_of_who_joins():
    case = case_of("transcript-example")
    *_, member, joiner = commits(case)
    failure = failure_of(case, "steps", member, "secrets", "init_secret", to="00" * 32)
    assert failure.field == f"steps[{member}].secrets.init_secret"
    for other in (None, "00" * 32):
        failure = failure_of(case, "steps", joiner, "secrets", "init_secret", to=other)
        assert failure.field == f"steps[{joiner}].secrets.init_secret"


def test_what_the_device_does_not_believe_in_has_no_secrets():
    case = case_of("transcript-policy")
    update = steps(case, kind="call", name="update")
    dared = [at for at in update if at not in commits(case)]
    assert len(dared) == 3  # two commits, and proposals
    for at in dared:
        failure = failure_of(case, "steps", at, "secrets", "path_secret", to="00")
        assert failure.field == f"steps[{at}].secrets.path_secret"


def test_fewer_private_keys_than_key_packages():
    case = case_of("transcript-example")
    offer = steps(case, kind="call", name="offerKeys")[0]
    failure = failure_of(case, "steps", offer, "secrets", "key_packages", to=[])
    assert failure.field == f"steps[{offer}].secrets.key_packages"


def test_a_group_info_for_somebody_else():
    case = case_of("transcript-failures")
    first, *_, second = [at for at, step in enumerate(case["steps"]) if step.get("opened")]
    other = case["steps"][first]["body"]
    failure = failure_of(case, "steps", second, "body", to=other)
    assert failure.field == f"steps[{second}].body"
    answer = steps(case, kind="response", exchange=case["steps"][second]["exchange"])[0]
    failure = failure_of(case, "steps", answer, "opened", to="00")
    assert failure is not None


# What the transcripts show


def test_every_answer_to_an_update_and_to_a_message():
    shown = {}
    for name in KIND.files:
        case = case_of(name)
        calls = {
            (step["from"], step["call"]): step["name"]
            for step in case["steps"]
            if step["kind"] == "call"
        }
        for step in case["steps"]:
            if step["kind"] == "answer" and step["status"] == 200 and step["body"]:
                place = {"update": slice(0, 2), "submitMessage": slice(2, 4)}
                call = calls[step["to"], step["call"]]
                if call in place:
                    shown.setdefault(call, set()).add(step["body"][place[call]])
    assert shown == {
        "update": {"00", "01", "02", "03"},
        "submitMessage": {"00", "01", "02"},
    }


def test_answers_with_and_without_key_packages_and_group_infos():
    case, codes, infos = case_of("transcript-services"), set(), set()
    calls = {
        (step["from"], step["call"]): step["name"]
        for step in case["steps"]
        if step["kind"] == "call"
    }
    for step in case["steps"]:
        called = calls.get((step["to"], step.get("call")))
        if step["kind"] == "answer" and called == "keyMaterial":
            codes.add(decode(KeyMaterialResponse, bytes.fromhex(step["body"])).user_status)
        if step["kind"] == "answer" and called == "groupInfo":
            infos.add(type(decode(GroupInfoResponse, bytes.fromhex(step["body"])).status))
    assert codes == set(KeyMaterialUserCode) - {
        KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL,
        KeyMaterialUserCode.USER_DELETED,
    }
    assert infos == {SealedGroupInfo, GroupInfoNotAuthorized, GroupInfoNoSuchRoom}
    assert [step["closed"] for step in case["steps"] if step.get("closed")]


def test_every_event_of_devices_that_has_to_do_with_failures():
    case = case_of("transcript-failures")
    events = {event for step in case["steps"] for event in step.get("events", [])}
    assert {"joined", "kept", "passed", "changeRefused", "messageShown", "roomChanged"} <= events


@every_transcript
def test_who_is_in_a_room_at_the_end_is_in_one_epoch(name):
    ends = {}
    for end in case_of(name)["end"]:
        if end["member"]:
            ends.setdefault(end["room"], set()).add((end["epoch"], end["epoch_authenticator"]))
    assert ends
    assert all(len(each) == 1 for each in ends.values())


# Each role alone


def taken_by(case, role):
    """The steps that come to somebody, octets as bytes."""
    plain = enumerate(check_form(Case(case)))
    return [(at, step) for at, step in plain if step["to"] == role and not step.get("is_lost")]


def in_json(value):
    return json.loads(json.dumps(value, default=bytes.hex))


@every_transcript
def test_every_provider_replays_its_part_alone(name):
    case = case_of(name)
    suite = suite_of(case["cipher_suite"])
    for header in case["providers"]:
        station = Station(provider_in(Case(header), suite, Rooms()))
        for at, step in taken_by(case, header["domain"]):
            taken = station.take(step, step["at"])
            sent = [case["steps"][place] for place in step["sends"]]
            assert len(taken.messages) == len(sent), at
            for message, arrives in zip(taken.messages, sent, strict=True):
                if arrives.get("opened") is None:
                    assert message["body"].hex() == arrives["body"], at
            assert in_json(taken.hosted) == case["steps"][at]["hosted"]


@every_transcript
def test_every_device_replays_its_part_alone(name):
    case = case_of(name)
    suite = suite_of(case["cipher_suite"])
    plain = check_form(Case(case))
    for header in case["devices"]:
        uri, key = header["uri"], bytes.fromhex(header["signature_priv"])
        listener = Listener(device_of(uri, suite, suite.signature_private_key(key), Rooms()))
        for step in plain:
            own = step["kind"] == "call" and step["from"] == uri
            told = step["kind"] in ("answer", "delivery") and step["to"] == uri
            if own or (told and not step["is_lost"]):
                listener.take(step, step["at"])
        shown = [form_of_end(uri, room) for room in listener.rooms.values()]
        wanted = [end for end in case["end"] if end["device"] == uri]
        assert in_json(shown) == wanted


def taken_so_far(name, uri, count):
    """A device that has taken its part of so many steps."""
    case = case_of(name)
    suite = suite_of(case["cipher_suite"])
    (header,) = [each for each in case["devices"] if each["uri"] == uri]
    key = suite.signature_private_key(bytes.fromhex(header["signature_priv"]))
    listener = Listener(device_of(uri, suite, key, Rooms()))
    for step in check_form(Case(case))[:count]:
        own = step["kind"] == "call" and step["from"] == uri
        if own or (step["kind"] in ("answer", "delivery") and step["to"] == uri):
            listener.take(step, step["at"])
    return listener


def test_what_has_no_place_in_the_course_of_a_device():
    case = case_of("transcript-example")
    plain = check_form(Case(case))
    uri = "mimi://c.example/d/cathy/tablet"
    entry, *_ = [at for at in steps(case, kind="call", name="update") if plain[at]["from"] == uri]
    listener = taken_so_far("transcript-example", uri, entry)
    strange = plain[entry] | {"call": 99, "kind": "answer", "status": 200}
    with pytest.raises(OutOfPlaceError, match="nobody has asked"):
        listener.take(strange, plain[entry]["at"])
    elsewhere = plain[entry] | {"about": "mimi://a.example/r/elsewhere"}
    with pytest.raises(OutOfPlaceError, match="no group info"):
        listener.take(elsewhere, plain[entry]["at"])
    (message,) = [
        at for at in steps(case, kind="call", name="submitMessage") if plain[at]["from"] == uri
    ]
    with pytest.raises(OutOfPlaceError, match="in no such room"):
        listener.take(plain[message], plain[message]["at"])


def test_what_a_device_cannot_have_sent():
    case = case_of("transcript-example")
    plain = check_form(Case(case))
    uri = "mimi://c.example/d/cathy/phone"
    calls = [at for at in steps(case, kind="call") if plain[at]["from"] == uri]
    first, second, *_ = (at for at in calls if plain[at]["name"] == "submitMessage")
    commit = next(at for at in calls if plain[at]["name"] == "update")
    listener = taken_so_far("transcript-example", uri, first)
    for body in (plain[second]["body"], message_in(plain[commit]["body"])):
        with pytest.raises(OwnSecretError) as raised:
            listener.take(plain[first] | {"body": body}, plain[first]["at"])
        assert raised.value.field == "body"


@pytest.mark.parametrize("field", ["content", "message_id"])
def test_a_message_that_is_sent_again_says_the_same(field):
    case = case_of("transcript-failures")
    sent = steps(case, kind="call", name="submitMessage")
    bodies = [case["steps"][at]["body"] for at in sent]
    again = [at for place, at in enumerate(sent) if bodies[place] in bodies[:place]]
    assert len(again) == 2
    for at in again:
        failure = failure_of(case, "steps", at, "secrets", field, to="00")
        assert failure.field == f"steps[{at}].secrets.{field}"


def message_in(body):
    """The commit of an update, as if it were a message."""
    return encode(decode(UpdateRequest, body).bundle.proposal_or_commit)


# README.md


@every_transcript
def test_the_readme_says_how_large_a_transcript_is(name):
    case, (suite, parties, count, _) = case_of(name), PROTOCOL.table("## Transcripts")[name]
    assert suite == str(case["cipher_suite"])
    assert parties == f"{len(case['providers'])}, {len(case['devices'])}"
    assert count == str(len(case["steps"]))


def test_the_readme_explains_every_field_kind_and_call():
    section = PROTOCOL.section("## Transcripts")
    listed = set(
        re.findall("^- `([a-z_]+)`", PROTOCOL.section("### protocol-transcript"), re.MULTILINE)
    )
    assert listed == KIND.fields - {"kind", "description"}
    names = {name for kind in STEPS.values() for name in kind} | set(STEPS) | set(SECRETS)
    names |= {name for secrets in SECRETS.values() for name in secrets}
    assert [name for name in sorted(names) if f"`{name}`" not in section] == []


@every_transcript
def test_the_readme_explains_every_event(name):
    section = PROTOCOL.section("### Replaying a device")
    events = {event for step in case_of(name)["steps"] for event in step.get("events", [])}
    assert [event for event in sorted(events) if f"`{event}`" not in section] == []
