"""Rows that are damaged: whoever keeps them is told so, not who asks for something."""

from collections.abc import Callable, Iterator, Mapping

import attrs
import pytest
from protocol.endpoint_cases import Case, asking, claim, committed, present, said, town
from protocol.providers import octets
from protocol.town import ROOM, A, B, C

from mimi.identity import UserUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import ReInit, Remove
from mimi.mls.resolve import Covered
from mimi.policy.presets import DIRECT_MESSAGE
from mimi.policy.presets.direct import PARTICIPANT
from mimi.policy.propose import room_extensions
from mimi.policy.structures import RoomMetaData
from mimi.protocol import ClaimKeys, Endpoint, Session
from mimi.protocol.http import directory_response
from mimi.protocol.hub_hosted import check_next
from mimi.protocol.hub_pending import Stand
from mimi.protocol.hub_rows import open_room, save_room
from mimi.protocol.provider_index import FIXED, found_in
from mimi.protocol.provider_rows import Scope, open_provider
from mimi.protocol.provider_scope import scope_of_answer
from mimi.protocol.provider_state import (
    Discover,
    OwnCall,
    PeerClaim,
    ProviderState,
    ProviderStep,
    Purpose,
)
from mimi.tree.math import LeafIndex


def damaged(rows: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Yield rows of which one is cut, is another's, or is not there."""
    for name, row in rows.items():
        others = {at: each for at, each in rows.items() if at != name}
        yield {**others, name: row[:-1]}
        yield {**others, name: next(iter(others.values()))}
        yield others


def times_found(case: Case, scope: Scope, act: Callable[[ProviderState], ProviderStep]) -> int:
    """Return how often damage is found; where it is not, the step must be what it is without."""
    hub, found = case.provider.hub, 0
    at_once, others = case.stored(scope)
    sound = act(open_provider(at_once, hub, lookup=others))
    for each in damaged(others):
        try:
            step = act(open_provider(at_once, hub, lookup=each))
        except DamagedSnapshotError:
            found += 1
            continue
        assert (step.error, step.response) == (None, sound.response)
        assert step.effects == sound.effects
    return found


def left() -> Case:
    """Return a proposal of Bob's, which must stand with what is pending."""
    request = town().device("bob/phone").room.leave(now=town().now).request
    return asking(Endpoint.UPDATE, ROOM, request)


REQUESTS = {
    "commit": lambda: asking(Endpoint.UPDATE, ROOM, committed()),
    "proposal": left,
    "message": lambda: asking(Endpoint.SUBMIT_MESSAGE, ROOM, said()),
    "claim": claim,
}


@pytest.mark.parametrize("what", REQUESTS)
def test_damage_is_not_the_fault_of_who_asks(what):
    case = REQUESTS[what]()

    def act(state: ProviderState) -> ProviderStep:
        return attrs.evolve(case, state=state).step()

    assert times_found(case, case.scope, act) > 3


def test_damage_contradicts_no_proposal():
    hub, room = town().server("a.example").provider.hub, present().rooms[ROOM]
    removal = Covered(Remove(LeafIndex(2)), MemberSender(LeafIndex(0)))
    rows, found = save_room(room), 0
    assert Stand(hub, room, town().now // 1000).conflict([removal]) is None
    for each in damaged(rows):
        try:
            opened = open_room(each, hub)
        except DamagedSnapshotError:  # it is read at once
            continue
        try:
            assert Stand(hub, opened, town().now // 1000).conflict([removal]) is None
        except DamagedSnapshotError:
            found += 1
    assert found >= 3


def test_damage_elsewhere_contradicts_no_group_that_is_to_come():
    hub, room = town().server("a.example").provider.hub, present().rooms[ROOM]
    two = {octets(user): PARTICIPANT for user in (UserUri(A, "alice"), UserUri(B, "bob"))}
    named = DIRECT_MESSAGE.having(RoomMetaData(octets(ROOM), b"Two"))
    listed = room_extensions(named.components(), two, external_senders=[hub.sender])
    context = room.group.context
    reinit = ReInit(b"next", context.version, context.cipher_suite, listed)
    then = hub.room(room), context.extensions, reinit
    check_next(hub, room, *then)
    torn = attrs.evolve(hub, fixed_rooms=lambda _: [found_in("fixed/two", FIXED, b"torn")])
    with pytest.raises(DamagedSnapshotError):
        check_next(torn, room, *then)


def claimed_by(device: str) -> tuple[Session, ClaimKeys]:
    owner = town().device(device).device.owner
    request = town().device(device).room.ask_key_material(octets(UserUri(C, "cathy")))
    return Session(owner.user, octets(owner.client)), ClaimKeys(request)


def purposes() -> list[Purpose]:
    """Return a claim of our own client's, and one of another provider's."""
    (session, call), (_, of_bob) = claimed_by("alice/phone"), claimed_by("bob/phone")
    wire = claim().request
    return [OwnCall(session, call, "it"), PeerClaim(of_bob.request, wire.source, "it")]


@pytest.mark.parametrize("purpose", purposes(), ids=["call", "request"])
def test_damage_is_not_the_fault_of_who_waits_for_a_directory(purpose):
    case, then = claim(), Discover(C, purpose)
    document = directory_response(town().server("c.example").provider.directory)

    def act(state: ProviderState) -> ProviderStep:
        answer = 200, document.headers, document.body
        return case.provider.answered(state, then, *answer, now=town().now)

    assert times_found(case, scope_of_answer(then, lambda _: ()), act) > 0
