"""Rooms that are found by something else than their names: in a state, and in rows, alike."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from protocol.hall import (
    ALICE,
    ALLOWED,
    BOB,
    CATHY,
    NOT_ALLOWED,
    ROOM,
    USER,
    A,
    B,
    C,
    octets,
)
from protocol.hub_storage import applied
from protocol.test_hub_dependent import BOARD, EVERYBODY, Club
from protocol.test_provider_workers import Store, worker

from mimi.codec import replace
from mimi.demo.room import components
from mimi.identity import Domain, RoomUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.proposal import SelfRemove
from mimi.mls.rows import RowEdit, RowNeededError
from mimi.policy.components import Rooms
from mimi.policy.presets import COOPERATIVE, DIRECT_MESSAGE
from mimi.policy.presets.preset import BANNED_ROLE, capabilities, no_role, role
from mimi.policy.propose import list_update
from mimi.policy.structures import (
    AssetPolicy,
    BaseRoomPolicy,
    ProviderAssetUploadDomains,
    RoleData,
)
from mimi.protocol import (
    CreateRoom,
    Endpoint,
    Fetch,
    FetchAsset,
    Provider,
    ProviderState,
    ProviderStep,
    Session,
    UpdateRoom,
    request_to,
)
from mimi.protocol.assets import peer_domains
from mimi.protocol.errors import (
    AssetDomainError,
    FixedRoomError,
    ParentHubError,
    ParentSubsetError,
)
from mimi.protocol.provider_index import id_of_room, name_of_fixed
from mimi.protocol.provider_rows import (
    Scope,
    load_provider,
    open_provider,
    part_of,
    prefixes,
    provider_changes,
    save_provider,
    with_dependents,
)
from mimi.protocol.provider_scope import scope_of_call, scope_of_request

ATTIC = RoomUri(A, "attic")
PAIR = {octets(ALICE): 2, octets(BOB): 2}
ROOM_OF_FOUR = RoomUri(A, "four")
SESSION = Session(octets(ALICE), octets(ALICE.client("tablet")))


@attrs.frozen(eq=False, repr=False)
class InRows(Provider):
    """A provider whose steps fetch the rows that they need, of all that are stored."""

    def step(
        self, full: ProviderState, scope: Scope, act: Callable[[ProviderState], ProviderStep]
    ) -> ProviderStep:
        rows, there = save_provider(full), dict[str, bytes]()
        while True:
            stored = {name: row for name, row in rows.items() if name.startswith(prefixes(scope))}
            wider = with_dependents(scope, stored)
            if wider is scope:
                break
            scope = wider
        while True:
            try:
                before = open_provider(stored, self.hub, lookup=there, partial=True)
                step = act(before)
                changes = provider_changes(step.state, before)
                break
            except RowNeededError as error:
                there |= {name: rows.get(name, b"") for name in error.names}
        return attrs.evolve(step, state=load_provider(applied(rows, changes), self.hub))

    def call(
        self, state: ProviderState, session: Session, call: Any, **options: Any
    ) -> ProviderStep:
        def act(part: ProviderState) -> ProviderStep:
            return super(InRows, self).call(part, session, call, **options)

        return self.step(state, scope_of_call(session, call), act)

    def handle(self, state: ProviderState, *request: Any, **options: Any) -> ProviderStep:
        def act(part: ProviderState) -> ProviderStep:
            return super(InRows, self).handle(part, *request, **options)

        scope = scope_of_request(self, *request, authenticated=options["authenticated"])
        return self.step(state, scope, act)


@pytest.fixture(params=[Provider, InRows])
def club(request):
    """A provider with a room; it knows of others what it hosts, and devices know nothing."""
    club = Club(request.param, Rooms())
    club.found(ROOM, EVERYBODY)
    return club


# Rooms of fixed membership

DIRECT = BaseRoomPolicy(fixed_membership=True)
BANNING = DIRECT_MESSAGE.having(
    RoleData(
        (
            no_role(),
            BANNED_ROLE,
            role(2, "some", capabilities("canBan canRemoveOwnClient"), {2: (1,)}),
        )
    ),
    DIRECT,
)


def found_pair(club, uri, users=(ALICE, BOB), preset=BANNING):
    club.found(uri, dict.fromkeys(map(octets, users), 2), preset=preset)


def test_there_is_one_room_of_fixed_membership_for_the_same_participants(club):
    found_pair(club, BOARD, preset=DIRECT_MESSAGE)
    with pytest.raises(FixedRoomError) as caught:
        found_pair(club, ATTIC, preset=DIRECT_MESSAGE)
    assert caught.value.where == {"room": str(BOARD)}
    assert ATTIC not in club.state.rooms
    found_pair(club, ATTIC, (ALICE, CATHY), DIRECT_MESSAGE)


def test_participants_whose_room_of_fixed_membership_is_gone_may_have_another(club):
    found_pair(club, BOARD)
    club.update(BOARD, lambda room: room.propose([SelfRemove()], now=club.hall.now))
    assert BOARD not in club.state.rooms
    found_pair(club, ATTIC)
    assert ATTIC in club.state.rooms


def test_by_a_ban_a_room_of_fixed_membership_becomes_one_of_others(club):
    found_pair(club, BOARD, (ALICE, BOB, CATHY))
    club.update(BOARD, lambda room: room.ban([octets(CATHY)], now=club.hall.now))
    with pytest.raises(FixedRoomError):
        found_pair(club, ATTIC)
    found_pair(club, ATTIC, (ALICE, BOB, CATHY))
    # and no second one of the same
    change = club.rooms[ATTIC].ban([octets(CATHY)], now=club.hall.now)
    answer, _ = club.call(UpdateRoom(ATTIC, change.request))
    assert answer.response_code is NOT_ALLOWED
    assert answer.error_description.startswith(b"mimi://a.example/r/board has the same")


def test_what_a_vendor_knows_counts_besides_what_is_stored(club):
    hub = attrs.evolve(club.provider.hub, fixed_rooms=lambda _: ())
    club.provider = attrs.evolve(club.provider, hub=hub)
    found_pair(club, BOARD)
    with pytest.raises(FixedRoomError):
        found_pair(club, ATTIC)


def test_of_workers_that_create_the_same_room_at_once_one_does():
    club = Club(Provider, Rooms())
    store, made = Store(club.state), {}
    for uri in (BOARD, ATTIC):
        founding = club.founding(uri, PAIR, preset=DIRECT_MESSAGE)
        call = CreateRoom(uri, founding.group_info, founding.ratchet_tree)

        def act(state, call=call):
            return club.provider.call(state, SESSION, call, now=club.hall.now)

        made[uri] = worker(store, club.provider, scope_of_call(SESSION, call), act)
        next(made[uri])  # it has decided, and not stored yet
    with pytest.raises(StopIteration):
        next(made[ATTIC])
    with pytest.raises(FixedRoomError, match="attic has the same participants"):
        next(made[BOARD])
    assert store.conflicts == 1
    assert load_provider(store.rows, club.provider.hub).rooms.keys() == {ATTIC}


def test_participants_whose_rooms_change_places():
    club = Club(Provider, Rooms())
    found_pair(club, BOARD)
    found_pair(club, ATTIC, (ALICE, CATHY))
    one, other = club.state.rooms[BOARD], club.state.rooms[ATTIC]
    swapped = {BOARD: attrs.evolve(other, uri=BOARD), ATTIC: attrs.evolve(one, uri=ATTIC)}
    after = attrs.evolve(club.state, rooms=swapped)
    rows = applied(save_provider(club.state), provider_changes(after, club.state))
    assert rows == save_provider(after)


# Rooms that depend on others


def dependent_on(*parents):
    parent_room = tuple(map(octets, parents))
    return attrs.evolve(COOPERATIVE.base, parent_dependant=True, parent_room=parent_room)


SOME = {at: role for at, role in EVERYBODY.items() if at != octets(CATHY)}
ZOE = b"mimi://b.example/u/zoe"


def test_a_room_depends_on_one_that_is_there(club):
    with pytest.raises(ParentHubError) as caught:
        club.found(BOARD, SOME, base=dependent_on(RoomUri(A, "never-was")))
    assert caught.value.where == {"parent": b"mimi://a.example/r/never-was"}
    with pytest.raises(ParentHubError):
        club.found(BOARD, SOME, base=dependent_on(RoomUri(B, "clubhouse")))
    with pytest.raises(ParentHubError):
        club.found(BOARD, SOME, base=dependent_on(BOARD))
    assert BOARD not in club.state.rooms


def test_in_a_dependent_room_are_some_of_its_parent(club):
    base = dependent_on(ROOM)
    with pytest.raises(ParentSubsetError) as caught:
        club.found(BOARD, {**SOME, ZOE: USER}, base=base)
    assert caught.value.where == {"parent": octets(ROOM), "user": ZOE}
    with pytest.raises(ParentSubsetError, match="no strict subset"):
        club.found(BOARD, EVERYBODY, base=base)
    club.found(BOARD, SOME, base=base)
    assert BOARD in club.state.rooms


def added(club, user):
    """Return what the hub says to it that Alice brings a user into the dependent room."""
    room = club.rooms[BOARD]
    change = room.commit([list_update(room.policy, add={user: USER})], now=club.hall.now)
    return club.call(UpdateRoom(BOARD, change.request))[0]


def test_who_comes_into_a_dependent_room_is_in_its_parent(club):
    club.found(ROOM_OF_FOUR, {**EVERYBODY, b"mimi://c.example/u/dan": USER})
    club.found(BOARD, SOME, base=dependent_on(ROOM_OF_FOUR))
    answer = added(club, ZOE)
    assert answer.response_code is NOT_ALLOWED
    assert b"zoe does not take part in mimi://a.example/r/four" in answer.error_description
    assert added(club, octets(CATHY)).response_code is ALLOWED


def test_nobody_comes_into_a_room_whose_parent_is_gone(club):
    club.found(BOARD, SOME, base=dependent_on(ROOM))
    rooms = {BOARD: club.state.rooms[BOARD]}
    club.state = attrs.evolve(club.state, rooms=rooms, followed={}, outbox={})
    answer = added(club, octets(CATHY))
    assert answer.response_code is NOT_ALLOWED
    assert answer.error_description.startswith(b"mimi://a.example/r/clubhouse is not hosted here")
    # what goes on in it goes on
    club.update(BOARD, lambda room: room.remove([octets(BOB)], now=club.hall.now))


def test_who_leaves_the_parent_while_proposed_for_a_dependent_room_holds_up_nobody(club):
    club.found(BOARD, SOME, base=dependent_on(ROOM))
    cathy, now = octets(CATHY), club.hall.now
    answer = proposed(club, lambda room: list_update(room.policy, add={cathy: USER}))
    assert answer.response_code is NOT_ALLOWED  # there would be no strict subset
    club.found(ROOM_OF_FOUR, {**EVERYBODY, ZOE: USER})
    club.found(ATTIC, SOME, base=dependent_on(ROOM_OF_FOUR))
    answer = proposed(club, lambda room: list_update(room.policy, add={cathy: USER}), ATTIC)
    assert answer.response_code is ALLOWED
    club.update(ROOM_OF_FOUR, lambda room: room.remove([cathy], now=now))
    change = club.rooms[ATTIC].commit(now=now)
    answer, _ = club.call(UpdateRoom(ATTIC, change.request))
    assert b"cathy does not take part in mimi://a.example/r/four" in answer.error_description
    club.rooms[ATTIC] = change.room.answered(answer, now=now).room
    club.update(ATTIC, lambda room: room.commit(now=now))
    assert cathy not in club.listed(ATTIC)


def proposed(club, make, uri=BOARD):
    """Return what the hub says to a proposal of Alice's, who notes it."""
    room = club.rooms[uri]
    change = room.propose([make(room)], now=club.hall.now)
    answer, _ = club.call(UpdateRoom(uri, change.request))
    club.rooms[uri] = change.room.answered(answer, now=club.hall.now).room
    return answer


# Servers for assets


def policy_of(*listed):
    """Return an asset policy: providers, and the servers of each."""
    assets = next(each for each in components(ROOM) if isinstance(each, AssetPolicy))
    domains = tuple(ProviderAssetUploadDomains(at, names) for at, names in listed)
    return replace(assets, upload_domains=domains)


def test_the_servers_that_are_a_providers_own():
    policy = policy_of(
        (b"b.example", (b"b.example", b"assets.b.example", b"evilb.example", b"example")),
        (b"c.example", (b"assets.c.example", b"assets.b.example")),
    )
    assert peer_domains(policy, (B,)) == {B, Domain("assets.b.example")}
    assert peer_domains(policy, (C,)) == {Domain("assets.c.example")}
    assert peer_domains(policy, ()) == frozenset()


LISTED = policy_of(
    (b"a.example", (b"assets.a.example", b"intranet.corp.example")),
    (b"b.example", (b"assets.b.example",)),
)


@pytest.fixture(params=[Provider, InRows])
def archive(request):
    """A provider with a room of its own users alone, whose policy names servers of others."""
    club = Club(request.param, Rooms())
    club.found(ROOM, EVERYBODY, preset=COOPERATIVE.having(LISTED))
    return club


def download(club, host):
    provider = club.provider
    url = f"https://{host}/it"
    wire = request_to(provider.directory, Endpoint.PROXY_DOWNLOAD, url, None, source=B, target=A)
    said = str(wire.method), wire.request_target, wire.headers, wire.body
    return provider.handle(club.state, *said, authenticated={B}, now=club.hall.now)


def fetches(club, host):
    """Return whether the hub fetches from a host for a provider, and for a client of its own."""
    step = download(club, host)
    assert (step.response is None) == bool(step.effects)
    call = FetchAsset(ROOM, f"https://{host}/it")
    try:
        own = club.provider.call(club.state, SESSION, call, now=club.hall.now)
    except AssetDomainError:
        return bool(step.effects), False
    return bool(step.effects), isinstance(own.effects[0], Fetch)


def test_the_hub_fetches_from_servers_of_who_takes_part_alone(archive):
    assert fetches(archive, "assets.a.example") == (True, True)
    assert fetches(archive, "intranet.corp.example") == (False, False)
    assert fetches(archive, "assets.b.example") == (False, False)  # Bob has no client here
    assert fetches(archive, "assets.c.example") == (False, False)


def test_a_vendor_may_know_of_other_servers(archive):
    known = [Domain("intranet.corp.example"), Domain("cdn.example")]
    archive.provider = attrs.evolve(archive.provider, asset_servers=lambda: known)
    assert fetches(archive, "intranet.corp.example") == (True, True)
    assert fetches(archive, "cdn.example") == (True, False)  # the room does not name it
    assert fetches(archive, "assets.a.example") == (False, True)


def test_servers_go_with_their_rooms(archive):
    archive.update(ROOM, lambda room: room.leave(now=archive.hall.now))
    assert ROOM not in archive.state.rooms
    assert not download(archive, "assets.a.example").effects


# Rows


def rows_of_club():
    club = Club(Provider, Rooms())
    club.found(ROOM, EVERYBODY, preset=COOPERATIVE.having(LISTED))
    club.found(BOARD, SOME, base=dependent_on(ROOM))
    found_pair(club, ATTIC)
    return club, save_provider(club.state)


def test_parts_of_rows_by_which_rooms_are_found():
    _, rows = rows_of_club()
    attic = name_of_fixed([octets(BOB), octets(ALICE)])
    found = {name: part_of(name) for name in rows if name.startswith(("dep", "fix", "ass"))}
    assert found == {
        f"dependent/{id_of_room(ROOM)}/{id_of_room(BOARD)}": f"room/{id_of_room(BOARD)}",
        f"assets/assets.a.example/{id_of_room(ROOM)}": f"room/{id_of_room(ROOM)}",
        attic: attic,
    }


@pytest.mark.parametrize("kind", ["dependent", "fixed", "assets"])
def test_rows_that_lead_to_other_rooms_are_damaged(kind):
    club, rows = rows_of_club()
    hub = club.provider.hub
    (name,) = [each for each in rows if each.startswith(kind)]
    out = RowEdit()
    out.write(name, kind, {"room": b"mimi://a.example/r/other"})
    lost = {at: row for at, row in rows.items() if at != name}
    for bad in ({**rows, **out.written}, {**rows, name: rows[name][:-1]}, lost):
        with pytest.raises(DamagedSnapshotError):
            load_provider(bad, hub)


def test_a_server_under_the_name_of_another_room():
    club, rows = rows_of_club()
    out = RowEdit()
    name = f"assets/assets.a.example/{id_of_room(BOARD)}"
    out.write(name, "assets", {"room": octets(ROOM)})
    stored = {at: row for at, row in rows.items() if at.startswith("assets/")}
    assert open_provider(stored, club.provider.hub).beyond.asset_servers
    with pytest.raises(DamagedSnapshotError):
        open_provider({**stored, **out.written}, club.provider.hub)
