"""Deciding in a room of 10,000 participants, and changing its list, against a bare verification.

Last what the judgement of a commit adds to following it in a room of 1,000 members, measured by the
same commit with and without. A commit without a path costs the follower little more than its
signature: there the judgement weighs most.
"""

from collections.abc import Callable, Iterator
from functools import cache
from time import perf_counter_ns  # noqa: TID251 - a benchmark measures time

import attrs
import pytest
from benchmarks.large import NOW, SETTINGS, SUITE, Many, bulk_added
from benchmarks.primitives import P

from mimi.codec import decode, encode
from mimi.mls import APP_DATA_DICTIONARY, APP_DATA_UPDATE, PublicGroup, agreement
from mimi.mls.appdata import Components
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.mls.settings import with_built_in
from mimi.policy.actions import (
    Actor,
    AddClient,
    AddParticipant,
    ChangeMetadata,
    ChangeRole,
    Perform,
    RemoveClient,
    RemoveParticipant,
    Request,
)
from mimi.policy.capability import Capability
from mimi.policy.components import ParticipantList, PolicyComponent, Rooms, room_components
from mimi.policy.decide import decide
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.room import Room
from mimi.policy.structures import (
    BANNED,
    BANNED_NAME,
    NO_ROLE,
    PARTICIPANT_LIST,
    ROLES_LIST,
    BaseRoomPolicy,
    ParticipantListUpdate,
    Role,
    RoleData,
    RoomMetaData,
    SingleSourceRoleChangeTargets,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities

ROLES = 10
PRIVILEGED = ROLES // 2
"""From this role on, holders may do everything; below, nothing but to send messages."""

EVERYTHING = tuple(
    Capability(each)
    for each in sorted(Capability.known)
    if each != Capability.CAN_OPEN_JOIN and each < 0xF000
)
MESSAGES = (Capability.CAN_SEND_MESSAGE, Capability.CAN_RECEIVE_MESSAGE)
EVERYWHERE = tuple(
    SingleSourceRoleChangeTargets(at, tuple(to for to in range(ROLES) if to != at))
    for at in range(ROLES)
)
NEW, STRANGER = b"mimi://b.example/u/new", b"mimi://b.example/u/stranger"


def role(index: int) -> Role:
    if index == BANNED:
        return Role(index, BANNED_NAME, maximum_active_participants_constraint=0)
    capabilities = EVERYTHING if index >= PRIVILEGED else MESSAGES
    return Role(index, b"role", b"", capabilities, authorized_role_changes=EVERYWHERE)


DEFINED = RoleData((Role(NO_ROLE, b"none"), *map(role, range(1, ROLES))))


def user(number: int) -> bytes:
    return f"mimi://a.example/u/member-{number}".encode()


@cache
def listed(count: int) -> Participants:
    """Return so many participants, whose roles take turns."""
    return Participants.of((user(number), 2 + number % (ROLES - 2)) for number in range(count))


@cache
def room(count: int) -> Room:
    """Return a room in which every participant has two clients."""
    return Room.of(RoomPolicy(DEFINED), listed(count), {user(at): 2 for at in range(count)})


@pytest.fixture
def count(request) -> int:
    """How many participants there are; few where nothing is timed."""
    return 10_000 if request.config.option.benchmark_enable else 40


ABLE, UNABLE, OTHER = user(7), user(0), user(20)

REMOVAL = (RemoveParticipant(OTHER), RemoveClient(OTHER), RemoveClient(OTHER))
ASKED = {
    "an addition": (AddParticipant(NEW, 3), AddClient(NEW)),
    "a removal": REMOVAL,
    "a change of role": (ChangeRole(OTHER, 9),),
    "a ban": (ChangeRole(OTHER, BANNED), RemoveClient(OTHER), RemoveClient(OTHER)),
    "a kick": (RemoveClient(OTHER),),
    "metadata": (ChangeMetadata(frozenset({"room_name"})),),
    "a message": (Perform(Capability.CAN_SEND_MESSAGE),),
}


@pytest.mark.parametrize(("by", "allowed"), [(ABLE, True), (UNABLE, False)], ids=["yes", "no"])
@pytest.mark.parametrize("asked", ASKED)
def test_decide(measure, count, asked, by, allowed):
    where, request = room(count), (Request(Actor(by), ASKED[asked]),)
    decision = decide(where, request)
    assert decision.is_allowed is (allowed or asked == "a message")
    title = f"decide {asked}: {'yes' if decision.is_allowed else 'no'}"
    measure(title, lambda: decide(where, request), P.verify(100), 0.25, 500)


CHANGES = {
    "a change of role": ParticipantListUpdate((UserindexRolePair(20, 9),)),
    "a removal": ParticipantListUpdate((), (20,)),
    "an addition": ParticipantListUpdate((), (), (UserRolePair(NEW, 3),)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", ["begin", "middle", "end"])
def test_update_the_list(measure, count, change, place):
    """From the update's octets to those of the component."""
    before, octets = listed(count), encode(_moved(CHANGES[change], place, count))

    def update() -> bytes:
        return before.updated([decode(ParticipantListUpdate, octets)]).encode()

    expected = Participants.decode(update())
    assert abs(len(expected) - count) <= 1
    title = f"update the list: {change} ({place})"
    measure(title, update, P.verify(100), 5, 5)


def _moved(change: ParticipantListUpdate, place: str, count: int) -> ParticipantListUpdate:
    at = {"begin": 0, "middle": count // 2, "end": count - 1}[place]
    roles = tuple(
        UserindexRolePair(at, pair.role_index) for pair in change.changed_role_participants
    )
    removed = tuple(at for _ in change.removed_indices)
    return ParticipantListUpdate(roles, removed, change.added_participants)


# What the judgement of a commit adds

REQUIRED = extension(
    ExtensionType.REQUIRED_CAPABILITIES,
    RequiredCapabilities((APP_DATA_DICTIONARY,), (APP_DATA_UPDATE,)),
)
CAPABLE = Capabilities(
    cipher_suites=(SUITE.code,), extensions=(APP_DATA_DICTIONARY,), proposals=(APP_DATA_UPDATE,)
)


def unjudged(rooms: Rooms) -> Components:
    """Return the components of rooms without what judges commits."""
    return {
        **room_components(rooms),
        ROLES_LIST: PolicyComponent(int(ROLES_LIST)),
        PARTICIPANT_LIST: ParticipantList(rooms),
    }


@cache
def members(count: int, numbers: tuple[int, ...]) -> Many:
    return bulk_added(count, CAPABLE, (agreement(components=numbers),))


def components_of(count: int) -> dict[int, bytes]:
    known = [DEFINED, BaseRoomPolicy(), RoomMetaData(b"mimi://a.example/r/room", b"Room")]
    data = room_data(known)
    data[int(PARTICIPANT_LIST)] = listed(count).encode()
    return data


def commits(count: int) -> Iterator[tuple[str, list[AppDataUpdate], list[int], bool]]:
    """Yield what is committed, whom it removes, and whether with a path."""

    def change(what: ParticipantListUpdate) -> list[AppDataUpdate]:
        return [AppDataUpdate(PARTICIPANT_LIST, UpdateData(encode(what)))]

    yield "an empty commit", [], [], True
    yield "a kick", [], [count // 2], True
    gone = ParticipantListUpdate((), (count // 2,))
    yield "a removal", change(gone), [count // 2], True
    moved = change(_moved(CHANGES["a change of role"], "middle", count))
    yield "a change of role", moved, [], True
    yield "a change of role without a path", moved, [], False


@pytest.mark.parametrize("at", range(5))
def test_what_the_judgement_adds(report, request, at):
    timed = request.config.option.benchmark_enable
    count = 1000 if timed else 24
    rooms, data = Rooms(), components_of(count)
    title, proposals, remove, path = list(commits(count))[at]
    many = members(count, tuple(data))
    agreed = agreement(components=tuple(data), data=data.items())
    judging = with_built_in(room_components(rooms))
    settings = attrs.evolve(SETTINGS, components=judging)
    group = many.group(7, (REQUIRED, agreed), settings)
    draft = group.commit(proposals=proposals, remove=remove, path=path, now=NOW)
    info = group.group_info()
    with_it = PublicGroup.from_group_info(info, now=NOW, components=judging)
    without = attrs.evolve(with_it, components=with_built_in(unjudged(rooms)))
    pair = followed(with_it, draft.commit), followed(without, draft.commit)
    if timed:
        ratio = ratio_of(*pair)
        report(f"follow {title} with the judgement and without", ratio, 1.15 if path else 1.4)
    assert pair[0]().context == pair[1]().context


def followed(group: PublicGroup, wire: bytes) -> Callable[[], PublicGroup]:
    def follow() -> PublicGroup:
        (event,) = group.receive(wire, now=NOW).events
        return event.accept().group

    return follow


def ratio_of(operation: Callable[[], object], floor: Callable[[], object]) -> float:
    """Return the ratio of what two take at least, who take turns."""
    pairs = [(_taken(operation), _taken(floor)) for _ in range(80)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def _taken(call: Callable[[], object]) -> int:
    start = perf_counter_ns()
    for _ in range(5):
        call()
    return perf_counter_ns() - start
