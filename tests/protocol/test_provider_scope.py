"""What a step has to do with: the rows of its scope are all that it needs, and changes."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from protocol.carried import ASKED, HUB, URL, asked, every_endpoint
from protocol.providers import (
    ACCEPTED,
    ALICE,
    BOB,
    OTHER_ROOM,
    ROOM,
    A,
    B,
    device,
    octets,
    package,
    scene,
)

from mimi.crypto import SeededEntropy
from mimi.demo.scenario import play
from mimi.demo.server import Server, provider_of
from mimi.demo.world import World
from mimi.identity import Domain, RoomUri
from mimi.mls.keypackage import key_package_ref
from mimi.mls.message import MLSMessage
from mimi.protocol import (
    ClaimGroupInfo,
    ClaimKeys,
    ConsentOperation,
    ConsentScope,
    CreateRoom,
    DecideConsent,
    Endpoint,
    FanoutMessage,
    FetchAsset,
    FindUser,
    OfferKeys,
    Provider,
    ProviderState,
    ProviderStep,
    ReportAbuse,
    Session,
    SubmitMessage,
    UpdateRoom,
    WelcomeFanout,
    request_to,
    update_request,
)
from mimi.protocol.assets import host_of
from mimi.protocol.consents_rows import name_of_pair
from mimi.protocol.directory import WELL_KNOWN
from mimi.protocol.http import HttpRequest
from mimi.protocol.keystore_rows import name_of
from mimi.protocol.provider_rows import (
    Scope,
    id_of_room,
    load_provider,
    open_provider,
    part_of,
    prefixes,
    provider_changes,
    with_dependents,
)
from mimi.protocol.provider_scope import (
    NOTHING,
    scope_of_answer,
    scope_of_call,
    scope_of_request,
)
from mimi.protocol.provider_state import (
    Acknowledge,
    Addressed,
    Discover,
    HandOn,
    HandOnKeys,
    HandOnUpdate,
    Moved,
    OwnCall,
    PeerClaim,
    ToClient,
)

SCENE = scene()
SERVING = attrs.evolve(provider_of(A, SeededEntropy(b"scope")), directory=HUB)
CLAIM = attrs.evolve(
    ASKED[Endpoint.KEY_MATERIAL][1],
    requesting_user=octets(BOB),
    target_user=octets(ALICE),
    room_id=octets(ROOM),
)
PAIR = (octets(BOB), octets(ALICE))
OF_CLAIM = Scope(rooms=(ROOM,), users=(octets(ALICE),), pairs=(PAIR,), cascades=False)
OF_CONSENT = Scope(users=PAIR, pairs=(PAIR,))
SESSION = Session(octets(BOB), octets(BOB.client("phone")))
COMMIT = update_request(SCENE.commit, SCENE.bundle)
WELCOMED = tuple(each.new_member for each in SCENE.welcome.secrets)


# All of the example flow, each step with the rows of its scope


@attrs.frozen(eq=False, repr=False)
class Narrow(Provider):
    """A provider whose steps have the rows of their scopes, and no others."""

    rows: dict[str, bytes] = attrs.field(factory=dict)

    def step(self, scope: Scope, act: Callable[[ProviderState], ProviderStep]) -> ProviderStep:
        rows = self.rows
        wider = scope
        while True:
            chosen = (*prefixes(wider), "peer/")
            stored = {name: row for name, row in rows.items() if name.startswith(chosen)}
            scope, wider = wider, with_dependents(wider, stored)
            if wider is scope:
                break
        before = open_provider(stored, self.hub, lookup=rows)
        step = act(before)
        changes = provider_changes(step.state, before)
        changed = {part_of(name) for name in (*changes.written, *changes.erased)}
        assert {each for each in changed if not each.startswith(("given/", "peer/"))} <= {
            *(f"room/{id_of_room(room)}" for room in scope.rooms),
            *(f"user/{name_of(user)}" for user in scope.users),
            *(f"pair/{name_of_pair(*pair)}" for pair in scope.pairs),
        }
        rows.update(changes.written)
        for name in changes.erased:
            del rows[name]
        return attrs.evolve(step, state=load_provider(rows, self.hub))

    def handle(self, _: ProviderState, *request: Any, **options: Any) -> ProviderStep:
        known = options["authenticated"]
        scope = scope_of_request(self, *request, authenticated=known)
        return self.step(
            scope, lambda state: super(Narrow, self).handle(state, *request, **options)
        )

    def call(self, _: ProviderState, session: Session, call: Any, **options: Any) -> ProviderStep:
        scope = scope_of_call(session, call)
        return self.step(
            scope, lambda state: super(Narrow, self).call(state, session, call, **options)
        )

    def answered(self, full: ProviderState, then: Any, *answer: Any, now: int) -> ProviderStep:
        def waiting(provider: Domain) -> list[RoomUri]:
            return [room for room, to in full.outbox if to == provider]

        scope = scope_of_answer(then, waiting)
        return self.step(
            scope, lambda state: super(Narrow, self).answered(state, then, *answer, now=now)
        )

    def acknowledged(self, _: ProviderState, *what: Any) -> ProviderState:
        return self._changed(what[1], lambda state: super(Narrow, self).acknowledged(state, *what))

    def left(self, _: ProviderState, *what: Any, **options: Any) -> ProviderState:
        return self._changed(
            what[1], lambda state: super(Narrow, self).left(state, *what, **options)
        )

    def _changed(
        self, room: RoomUri, change: Callable[[ProviderState], ProviderState]
    ) -> ProviderState:
        return self.step(Scope(rooms=(room,)), lambda state: ProviderStep(change(state))).state


def played(kind: type[Provider]) -> tuple[list[Any], list[Any]]:
    """Return what was said in the example flow, and what went wrong."""
    world = World(b"scope")
    for machine in world.machines.values():
        if isinstance(machine, Server):
            had = {name: getattr(machine.provider, name) for name in attrs.fields_dict(Provider)}
            machine.provider = kind(**had)
    outcome = play(world)
    problems = [each.problems for each in outcome.checkpoints if each.problems]
    return [record.message for record in world.records], problems


def test_the_example_flow_needs_no_more_than_scopes_name():
    narrow, problems = played(Narrow)
    assert problems == []
    wide, _ = played(Provider)
    assert narrow == wide


# Requests


def scope_of(request: HttpRequest, **changes: Any) -> Scope:
    options: dict[str, Any] = {
        "method": str(request.method),
        "target": request.request_target,
        "headers": request.headers,
        "body": request.body,
        "authenticated": {B},
        **changes,
    }
    return scope_of_request(SERVING, **options)


IN_ROOM = Scope(rooms=(ROOM,), cascades=False)
EXPECTED = {
    Endpoint.UPDATE: Scope(rooms=(ROOM,)),
    Endpoint.KEY_MATERIAL: Scope(
        cascades=False,
        users=(
            ASKED[Endpoint.KEY_MATERIAL][1].target_user,
            ASKED[Endpoint.KEY_MATERIAL][1].requesting_user,
        ),
        pairs=(
            (
                ASKED[Endpoint.KEY_MATERIAL][1].requesting_user,
                ASKED[Endpoint.KEY_MATERIAL][1].target_user,
            ),
        ),
    ),
    Endpoint.REQUEST_CONSENT: OF_CONSENT,
    Endpoint.UPDATE_CONSENT: Scope(users=PAIR[::-1], pairs=(PAIR[::-1],)),
    Endpoint.IDENTIFIER_QUERY: NOTHING,
    Endpoint.PROXY_DOWNLOAD: Scope(servers=(host_of(URL),)),
}


@every_endpoint
def test_what_a_request_has_to_do_with(endpoint):
    assert scope_of(asked(endpoint)) == EXPECTED.get(endpoint, IN_ROOM)


@every_endpoint
def test_a_request_that_is_refused_has_to_do_with_nothing(endpoint):
    assert scope_of(asked(endpoint), authenticated=()) == NOTHING
    if asked(endpoint).body and endpoint not in (
        Endpoint.SUBMIT_MESSAGE,
        Endpoint.GROUP_INFO,
        Endpoint.REPORT_ABUSE,
    ):
        assert scope_of(asked(endpoint), body=b"\xff") == NOTHING


def test_a_directory_is_for_everybody():
    assert scope_of_request(SERVING, "GET", WELL_KNOWN, (), b"", authenticated=()) == NOTHING


def test_whose_welcomes_come():
    note = FanoutMessage(
        ACCEPTED, MLSMessage(SCENE.welcome), WelcomeFanout(SCENE.bundle.ratchet_tree_option)
    )
    request = request_to(HUB, Endpoint.NOTIFY, ROOM, (note,), source=B, target=A)
    assert scope_of(request) == attrs.evolve(IN_ROOM, references=WELCOMED)
    request = request_to(HUB, Endpoint.UPDATE, ROOM, COMMIT, source=B, target=A)
    assert scope_of(request) == Scope(rooms=(ROOM,), references=WELCOMED)


# Calls


@pytest.mark.parametrize(
    ("call", "scope"),
    [
        (ClaimKeys(CLAIM), OF_CLAIM),
        (CreateRoom(ROOM, b"", b""), IN_ROOM),
        (UpdateRoom(ROOM, update_request(SCENE.proposals[0])), Scope(rooms=(ROOM,))),
        (UpdateRoom(ROOM, COMMIT), Scope(rooms=(ROOM,), references=WELCOMED)),
        (SubmitMessage(ROOM, SCENE.application), IN_ROOM),
        (ClaimGroupInfo(ROOM, ASKED[Endpoint.GROUP_INFO][1]), IN_ROOM),
        (DecideConsent(ConsentOperation.REQUEST, ConsentScope(*PAIR)), OF_CONSENT),
        (FindUser(A, ASKED[Endpoint.IDENTIFIER_QUERY][1]), NOTHING),
        (ReportAbuse(ROOM, ASKED[Endpoint.REPORT_ABUSE][1]), IN_ROOM),
        (FetchAsset(ROOM, URL), IN_ROOM),
        (ClaimKeys(attrs.evolve(CLAIM, room_id=b"mimi://a.example/u/alice")), NOTHING),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_call_has_to_do_with(call, scope):
    assert scope_of_call(SESSION, call) == scope


def test_what_an_offer_has_to_do_with():
    given = package(device(BOB))
    reference = key_package_ref(device(BOB).suite, given)
    expected = Scope(users=(octets(BOB),), references=(reference,))
    assert scope_of_call(SESSION, OfferKeys((given,))) == expected
    unknown = attrs.evolve(given, cipher_suite=0xF0F0)
    assert scope_of_call(SESSION, OfferKeys((unknown,))) == Scope(users=(octets(BOB),))


# Answers

WIRE = asked(Endpoint.UPDATE)
UPDATED = Addressed(WIRE, HUB, HandOnUpdate(None, ROOM))


@pytest.mark.parametrize(
    ("then", "scope"),
    [
        (Acknowledge(ROOM, B, 0), IN_ROOM),
        (HandOn(None, Endpoint.GROUP_INFO), NOTHING),
        (HandOnUpdate(None, ROOM), IN_ROOM),
        (HandOnKeys(ToClient(None), CLAIM), OF_CLAIM),
        (UPDATED, IN_ROOM),
        (Discover(B), NOTHING),
        (Discover(B, Moved(UPDATED, 404)), IN_ROOM),
        (Discover(B, OwnCall(SESSION, SubmitMessage(ROOM, SCENE.application), None)), IN_ROOM),
        (Discover(B, PeerClaim(CLAIM, B, None)), OF_CLAIM),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_an_answer_has_to_do_with(then, scope):
    assert scope_of_answer(then, lambda _: ()) == scope


def test_a_directory_is_waited_for_by_notifications():
    waiting = {B: (ROOM, OTHER_ROOM)}.__getitem__
    expected = Scope(rooms=(ROOM, OTHER_ROOM), cascades=False)
    assert scope_of_answer(Discover(B), waiting) == expected
    moved = Discover(B, Moved(UPDATED, 404))
    assert scope_of_answer(moved, waiting) == expected
    assert scope_of_answer(Acknowledge(ROOM, B, 0), waiting) == IN_ROOM
