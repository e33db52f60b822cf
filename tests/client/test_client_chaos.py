"""Whatever is delayed, repeated, mixed up or not answered: all devices end in agreement."""

from client.neighbourhood import Neighbourhood, text
from hypothesis import given, settings
from hypothesis import strategies as st

from mimi.client import MessageRefused, NeedsResync
from mimi.client.errors import LeavingError, NoMemberError, UnderwayError
from mimi.mls.errors import PendingProposalsError
from mimi.policy.errors import NoParticipantError
from mimi.policy.operational import AppMessagePolicy, OperationalParameters
from mimi.policy.presets import COOPERATIVE

PATIENT = OperationalParameters(app_message_policy=AppMessagePolicy(epoch_tolerance=64))
BUSY = (LeavingError, NoMemberError, UnderwayError, PendingProposalsError, NoParticipantError)

DEVICES = ("alice/phone", "alice/laptop", "bob/phone", "bob/laptop", "cathy/phone", "cathy/laptop")
STEPS = st.tuples(
    st.sampled_from(("say", "say", "hear", "hear", "again", "commit", "propose", "restore")),
    st.sampled_from(DEVICES),
    st.integers(0, 7),
)


def step(there, number, action, name, choice):
    """Let something happen to a device, if it can; an even choice loses the hub's answer."""
    room, inbox = there.of(name), there.inbox[name]
    if action == "hear" and inbox:
        there.take(name, inbox.pop(choice % len(inbox)))
    elif action == "again" and inbox:
        there.take(name, inbox[choice % len(inbox)])
    elif action == "say":
        message_id, response = there.post(name, text(f"Message {number}", b"%d" % number))
        if choice % 2:
            there.note(name, there.of(name).submitted(message_id, response))
    elif action in ("commit", "propose"):
        make = room.commit if action == "commit" else room.leave
        change = make(now=there.now)
        there.put(name, change.room)
        response = there.update(name, change.request)
        if choice % 2:
            there.note(name, there.of(name).answered(response, now=there.now))
    elif action == "restore":
        there.kept[name] = there.rooms[name] = there.devices[name].load_room(there.stored[name])


def settle(there):
    """Let everybody hear all, send again what was not answered, and commit what is pending."""
    there.hear()
    for name in tuple(there.rooms):
        room = there.of(name)
        if room.underway is not None:
            response = there.update(name, room.underway.request)
            there.note(name, room.answered(response, now=there.now))
    there.hear()
    name = there.members()[0]
    there.changed(name, lambda room: room.commit(now=there.now))
    there.hear()


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=40))
def test_all_devices_end_in_agreement(steps):
    there = Neighbourhood()
    there.create("alice/phone", COOPERATIVE.having(PATIENT))
    there.add("alice/phone", "alice", "bob", "cathy")
    for number, (action, name, choice) in enumerate(steps):
        if action == "propose" and name.startswith("alice"):
            continue
        try:
            step(there, number, action, name, choice)
        except BUSY:
            there.hear(name)
    settle(there)
    for name, events in there.events.items():
        assert not any(isinstance(each, NeedsResync | MessageRefused) for each in events), name
    there.check_agreement()
