"""Consent that is asked for, granted and revoked between two providers (sections 5.7 and 8)."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.offering import DAY, MS, PHONE, asking, claimed, kept, offering, packages, references
from protocol.providers import (
    ALICE,
    BOB,
    CATHY,
    OTHER_ROOM,
    ROOM_ID,
    A,
    B,
    C,
    device,
    octets,
    refused,
)
from tree.members import NOW, SUITE

from mimi.codec import encode, replace
from mimi.identity import Domain, UserUri
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import RowEdit
from mimi.protocol import (
    ConsentEntry,
    ConsentOperation,
    ConsentScope,
    Directory,
    KeyMaterialUserCode,
    Listener,
    read_request,
)
from mimi.protocol.consent_pairs import Consent, Pair, Standing
from mimi.protocol.consents import (
    MOST_ROOMS,
    ConsentNotice,
    Consents,
    ConsentStep,
    EntryDropped,
    Peering,
    consent_entry,
    consent_request,
)
from mimi.protocol.consents_rows import (
    consent_changes,
    load_consents,
    name_of_pair,
    save_consents,
)
from mimi.protocol.directory import Endpoint
from mimi.protocol.errors import (
    ConsentDomainError,
    ConsentOperationError,
    IdentifierUriError,
    KeyPackageUserError,
    PathMismatchError,
    UnsuitableKeyPackageError,
)
from mimi.protocol.follower_errors import NoConsentRequestError
from mimi.protocol.keys import NO_ROOM

OPERATION = ConsentOperation
ANY = ConsentScope(octets(ALICE), octets(BOB))
HERE = replace(ANY, room_id=ROOM_ID)
THERE = replace(ANY, room_id=octets(OTHER_ROOM))
DIRECTORIES = {each: Directory.at(f"https://mimi.{each}/v1") for each in (A, B, C)}


def carried(entry: ConsentEntry, source: Domain, target: Domain) -> tuple[ConsentEntry, Any]:
    """Return an entry as it arrives by HTTP, and whom its path names."""
    request = consent_request(entry, DIRECTORIES[target], source=source, target=target)
    received = read_request(
        Listener(target, DIRECTORIES[target]),
        request.method,
        request.request_target,
        request.headers,
        request.body,
        authenticated={source},
    )
    requesting = entry.consent_operation in (OPERATION.REQUEST, OPERATION.CANCEL)
    expected = Endpoint.REQUEST_CONSENT if requesting else Endpoint.UPDATE_CONSENT
    assert (received.endpoint, received.source) == (expected, source)
    return received.content(), received.parameter


def requests(consents: Consents, entry: ConsentEntry, **changes: Any) -> ConsentStep:
    """Take what a.example asks of b.example."""
    content, path = carried(entry, A, B)
    peering = Peering({A}, {B}, path, changes.pop("hides_users", False))
    return consents.requested(content, peering, **{"now": MS, **changes})


def updates(consents: Consents, entry: ConsentEntry, **changes: Any) -> ConsentStep:
    """Take what b.example tells a.example."""
    content, path = carried(entry, B, A)
    peering = Peering({B}, {A}, path, changes.pop("hides_users", False))
    return consents.updated(content, peering, **{"now": MS, **changes})


def bobs(consents: Consents, room: bytes = ROOM_ID) -> Consent:
    """Return whether Alice may fetch Bob's key packages."""
    return consents.consent_for(ANY.requester_uri, ANY.target_uri, room)


# Minutes


def test_alice_asks_and_bob_grants():
    at_a, at_b = Consents(), Consents()
    at_a, entry = at_a.ask(ANY, now=MS)
    step = requests(at_b, entry)
    assert step.response.status == 201
    assert step.effects == (ConsentNotice(ANY.target_uri, OPERATION.REQUEST, ANY),)
    at_b = step.consents
    assert bobs(at_b) is Consent.NONE
    again = requests(at_b, entry, now=MS + 5000)
    assert (again.consents, again.response.status, again.effects) == (at_b, 201, ())

    at_b, entry = at_b.grant(ANY)
    assert bobs(at_b) is bobs(at_b, NO_ROOM) is Consent.GRANTED
    step = updates(at_a, entry)
    assert step.response.status == 201
    assert step.effects == (ConsentNotice(ANY.requester_uri, OPERATION.GRANT, ANY),)
    at_a = step.consents
    assert at_a.pair(ANY.requester_uri, ANY.target_uri) == Pair({None: Standing(is_granted=True)})
    again = updates(at_a, entry)
    assert (again.consents, again.response.status, again.effects) == (at_a, 201, ())

    at_b, entry = at_b.revoke(ANY)
    assert bobs(at_b) is Consent.NONE
    step = updates(at_a, entry)
    assert step.effects == (ConsentNotice(ANY.requester_uri, OPERATION.REVOKE, ANY),)
    assert bobs(step.consents) is Consent.NONE


def test_alice_asks_and_thinks_better_of_it():
    at_a, entry = Consents().ask(HERE, now=MS)
    at_b = requests(Consents(), entry).consents
    with refused(NoConsentRequestError, "5.7", room=None):
        at_a.cancel(ANY)
    at_a, entry = at_a.cancel(HERE)
    assert at_a.pairs == {}
    step = requests(at_b, entry)
    assert step.effects == (ConsentNotice(ANY.target_uri, OPERATION.CANCEL, HERE),)
    assert (step.response.status, step.consents.pairs) == (201, {})
    again = requests(step.consents, entry)
    assert (again.consents, again.response.status, again.effects) == (step.consents, 201, ())


def test_a_cancel_of_another_scope_does_nothing():
    at_b = requests(Consents(), consent_entry(OPERATION.REQUEST, ANY)).consents
    step = requests(at_b, consent_entry(OPERATION.CANCEL, HERE))
    assert (step.consents, step.response.status, step.effects) == (at_b, 201, ())


def test_both_connect_at_once():
    """Alice asks Bob, and grants him the same, unasked."""
    back = ConsentScope(octets(BOB), octets(ALICE))
    at_a, asked = Consents().ask(ANY, now=MS)
    at_a, granted = at_a.grant(back)
    at_b = requests(Consents(), asked).consents
    content, path = carried(granted, A, B)
    step = at_b.updated(content, Peering({A}, {B}, path), now=MS)
    assert step.effects == (ConsentNotice(octets(BOB), OPERATION.GRANT, back),)
    assert at_a.consent_for(octets(BOB), octets(ALICE)) is Consent.GRANTED
    assert bobs(step.consents) is Consent.NONE


def test_two_users_of_one_provider():
    """What they say goes through the same steps, as if it came from another provider."""
    carol = UserUri(A, "carol")
    scope, own = ConsentScope(octets(ALICE), octets(carol)), Peering({A}, {A})
    step = Consents().requested(consent_entry(OPERATION.REQUEST, scope), own, now=MS)
    assert step.effects == (ConsentNotice(octets(carol), OPERATION.REQUEST, scope),)
    step = step.consents.updated(consent_entry(OPERATION.GRANT, scope), own, now=MS)
    assert step.effects == (ConsentNotice(octets(ALICE), OPERATION.GRANT, scope),)
    assert step.consents.consent_for(octets(ALICE), octets(carol)) is Consent.GRANTED


# What is decided


def test_scopes():
    for said, here, there, nowhere in (
        ((), "NONE", "NONE", "NONE"),
        (("grant", HERE), "GRANTED", "NONE_FOR_THIS_ROOM", "NONE"),
        (("grant", ANY), "GRANTED", "GRANTED", "GRANTED"),
        (("grant", ANY, "revoke", HERE), "NONE_FOR_THIS_ROOM", "GRANTED", "GRANTED"),
        (("revoke", HERE, "grant", ANY), "NONE_FOR_THIS_ROOM", "GRANTED", "GRANTED"),
        (("revoke", HERE, "grant", ANY, "grant", HERE), "GRANTED", "GRANTED", "GRANTED"),
        (("grant", HERE, "revoke", ANY), "NONE", "NONE", "NONE"),
        (("revoke", ANY, "grant", HERE), "GRANTED", "NONE_FOR_THIS_ROOM", "NONE"),
        (("revoke", HERE), "NONE", "NONE", "NONE"),
    ):
        consents = Consents()
        for name, scope in zip(said[::2], said[1::2], strict=True):
            consents, _ = getattr(consents, name)(scope)
        found = [bobs(consents, room) for room in (ROOM_ID, octets(OTHER_ROOM), NO_ROOM)]
        assert found == [Consent[here], Consent[there], Consent[nowhere]], said
        assert consents.consent_for(octets(CATHY), octets(BOB), ROOM_ID) is Consent.NONE


def test_what_holds_where_nothing_is_decided():
    users = ANY.requester_uri, ANY.target_uri
    nothing, refused_ = Consents(), Consents().revoke(HERE)[0]
    assert nothing.consent_for(*users, otherwise=Consent.GRANTED) is Consent.GRANTED
    assert refused_.consent_for(*users, otherwise=Consent.GRANTED) is Consent.GRANTED
    assert refused_.consent_for(*users, ROOM_ID, otherwise=Consent.GRANTED) is Consent.NONE
    assert nothing.consent_for(octets(BOB), octets(BOB), ROOM_ID) is Consent.GRANTED


def test_a_decision_answers_the_requests_that_it_covers():
    asked = Consents()
    for scope in (ANY, HERE, THERE):
        asked = requests(asked, consent_entry(OPERATION.REQUEST, scope)).consents

    def pending(consents: Consents) -> set[bytes | None]:
        scopes = consents.pair(ANY.requester_uri, ANY.target_uri).scopes
        return {room for room, each in scopes.items() if each.requested is not None}

    decisions: tuple[Callable[[Consents, ConsentScope], Any], ...]
    decisions = (Consents.grant, Consents.revoke)
    for decide in decisions:
        assert pending(decide(asked, HERE)[0]) == {None, THERE.room_id}
        assert pending(decide(asked, ANY)[0]) == set()


def test_who_was_refused_is_not_heard_again():
    at_b, _ = Consents().revoke(ANY)
    for scope in (ANY, HERE):
        step = requests(at_b, consent_entry(OPERATION.REQUEST, scope))
        assert (step.consents, step.response.status) == (at_b, 201)
        assert step.effects == (EntryDropped(scope, "it was refused before"),)
    at_b, _ = at_b.grant(HERE)
    step = requests(at_b, consent_entry(OPERATION.REQUEST, HERE))
    assert step.effects == (ConsentNotice(ANY.target_uri, OPERATION.REQUEST, HERE),)


def test_requests_for_more_rooms_than_anybody_has():
    scopes = {b"%d" % each: Standing(requested=MS) for each in range(MOST_ROOMS)}
    at_b = Consents({(ANY.requester_uri, ANY.target_uri): Pair(scopes)})
    step = requests(at_b, consent_entry(OPERATION.REQUEST, HERE))
    assert (step.consents, step.response.status) == (at_b, 201)
    assert step.effects == (EntryDropped(HERE, f"something stands for {MOST_ROOMS} rooms"),)


# Statuses


@pytest.mark.parametrize("operation", OPERATION, ids=lambda operation: operation.name)
@pytest.mark.parametrize("hides_users", [False, True])
def test_users_who_are_not_there(operation, hides_users):
    takes = requests if operation in (OPERATION.REQUEST, OPERATION.CANCEL) else updates
    before, entry = Consents(), consent_entry(operation, HERE)
    step = takes(before, entry, is_known=False, hides_users=hides_users)
    assert step.response.status == (201 if hides_users else 404)
    assert (step.consents, step.response.body) == (before, b"")
    assert step.effects == (EntryDropped(HERE, "there is no such user"),)
    assert takes(before, entry).response.status == 201


def test_entries_that_are_none():
    request, grant = (consent_entry(each, ANY) for each in (OPERATION.REQUEST, OPERATION.GRANT))
    ours = Peering({A}, {B})
    with refused(ConsentOperationError, "5.7", operation=OPERATION.GRANT):
        Consents().requested(grant, ours, now=MS)
    with refused(ConsentOperationError, "5.7", operation=OPERATION.REQUEST):
        Consents().updated(request, ours, now=MS)
    with refused(ConsentDomainError, "5.7", user=octets(ALICE)):
        Consents().requested(request, Peering({C}, {B}), now=MS)
    with refused(PathMismatchError, "5.2 and 5.7"):
        Consents().requested(request, Peering({A}, {B}, CATHY), now=MS)
    for change, field in (
        ({"room_id": octets(BOB)}, "room_id"),
        ({"target_uri": ROOM_ID}, "target_uri"),
        ({"requester_uri": b""}, "requester_uri"),
    ):
        for act in (Consents.cancel, Consents.grant, Consents.revoke):
            with refused(IdentifierUriError, "5.2", field=field):
                act(Consents(), replace(ANY, **change))
        with refused(IdentifierUriError, "5.2", field=field):
            Consents().ask(replace(ANY, **change), now=MS)


# Key packages that go with a grant


def test_key_packages_of_a_grant_are_taken_once():
    store, made = offering(1, 1).granted(ANY.target_uri, [SUITE.code], now=MS)
    at_b, entry = Consents().grant(ANY, made)
    at_a = updates(Consents(), entry).consents
    users = ANY.requester_uri, ANY.target_uri
    at_a, taken = at_a.take(*users, ROOM_ID, now=MS)
    assert taken == made
    assert {store.client_of(each) for each in references(taken)} >= {PHONE}
    for consents in (at_a, updates(at_a, entry).consents):
        assert consents.take(*users, ROOM_ID, now=MS)[1] == ()
    step = claimed(store, consent=bobs(at_b))
    assert step.response.user_status is KeyMaterialUserCode.NO_COMPATIBLE_MATERIAL


def test_key_packages_for_one_room():
    users, made = (ANY.requester_uri, ANY.target_uri), packages(device(BOB), 2)
    at_a = updates(Consents(), consent_entry(OPERATION.GRANT, HERE, made[:1])).consents
    at_a = updates(at_a, consent_entry(OPERATION.GRANT, ANY, made[1:])).consents
    assert at_a.take(*users, octets(OTHER_ROOM), now=MS)[1] == (made[1],)
    assert at_a.take(*users, ROOM_ID, now=MS)[1] == tuple(made)
    late = (NOW + 400 * DAY) * 1000
    assert at_a.take(*users, ROOM_ID, now=late) == (at_a, ())
    here = updates(at_a, consent_entry(OPERATION.REVOKE, HERE)).consents
    assert here.take(*users, ROOM_ID, now=MS) == (here, ())
    assert here.take(*users, octets(OTHER_ROOM), now=MS)[1] == (made[1],)
    gone = updates(at_a, consent_entry(OPERATION.REVOKE, ANY)).consents
    again = updates(gone, consent_entry(OPERATION.GRANT, ANY, made)).consents
    assert again.take(*users, ROOM_ID, now=MS)[1] == ()
    assert repr(at_a) == "Consents(1 pairs)"
    assert at_a.pruned(MS).pairs == at_a.pairs
    assert at_a.pruned(late).pair(*users).packages == {}


def test_key_packages_that_do_not_belong_to_a_grant():
    (cathys,), (mine,) = packages(device(CATHY)), packages(device(BOB))
    before = Consents()
    with refused(KeyPackageUserError, "5.2", user=octets(BOB), found=octets(CATHY)):
        updates(before, consent_entry(OPERATION.GRANT, ANY, [mine, cathys]))
    with refused(UnsuitableKeyPackageError, "5.2", user=octets(BOB)):
        updates(before, consent_entry(OPERATION.GRANT, ANY, [mine]), now=MS + 400 * DAY * 1000)
    assert before.pairs == {}


def test_consent_decides_what_a_claim_is_answered():
    store = offering(3)
    for act, code in (
        (None, KeyMaterialUserCode.NO_CONSENT),
        (THERE, KeyMaterialUserCode.NO_CONSENT_FOR_THIS_ROOM),
        (HERE, KeyMaterialUserCode.SUCCESS),
    ):
        consents = Consents() if act is None else Consents().grant(act)[0]
        request = asking()
        consent = consents.consent_for(
            request.requesting_user, request.target_user, request.room_id
        )
        assert store.claim(request, consent=consent, now=MS).response.user_status is code


# Rows


def test_consents_in_rows():
    back = ConsentScope(octets(BOB), octets(ALICE), ROOM_ID)
    steps = [Consents().ask(back, now=MS)[0]]
    steps.append(requests(steps[-1], consent_entry(OPERATION.REQUEST, ANY)).consents)
    steps.append(steps[-1].grant(HERE)[0])
    made = packages(device(BOB), 2)
    steps.append(updates(steps[-1], consent_entry(OPERATION.GRANT, ANY, made)).consents)
    steps.append(steps[-1].take(ANY.requester_uri, ANY.target_uri, ROOM_ID, now=MS)[0])
    steps.append(steps[-1].revoke(HERE)[0])
    steps.append(steps[-1].cancel(back)[0])
    steps.append(steps[-1].pruned(MS + 400 * DAY * 1000))
    rows, before = save_consents(Consents()), Consents()
    for each in steps:
        rows = kept(rows, consent_changes(each, before))
        assert rows == save_consents(each)
        loaded = load_consents(rows)
        assert loaded.pairs == each.pairs
        assert save_consents(loaded) == rows
        before = each
    assert consent_changes(before, before).written == {}


def test_the_rows_of_one_pair_suffice():
    consents = Consents().grant(ANY)[0].grant(ConsentScope(octets(CATHY), octets(BOB)))[0]
    rows, above = save_consents(consents), name_of_pair(ANY.requester_uri, ANY.target_uri)
    some = load_consents({name: row for name, row in rows.items() if above in name})
    assert (bobs(some), len(some.pairs)) == (Consent.GRANTED, 1)


def test_rows_of_consents_that_are_damaged():
    entry = consent_entry(OPERATION.GRANT, HERE, packages(device(BOB)))
    rows = save_consents(updates(Consents(), entry).consents)
    assert len(rows) == 2
    for name in rows:
        for other in (f"{name}0", f"{name[:-1]}g", name.replace("/", "/0", 1), "stranger"):
            with pytest.raises(DamagedSnapshotError):
                load_consents({**rows, other: rows[name]})
        with pytest.raises(DamagedSnapshotError):
            load_consents({**rows, name: rows[name][:-1]})


def test_rows_of_consents_that_say_something_else():
    users = {"requester": ANY.requester_uri, "target": ANY.target_uri, "room": None}
    scope = {**users, "decision": 0, "is_requested": False, "requested": 0}
    granted = {**users, "not_after": 0, "key_package": None}
    above, made = name_of_pair(ANY.requester_uri, ANY.target_uri), RowEdit()
    made.write("consent/0/any", "consent", scope)
    made.write(f"consent/{above}/any", "consent", {**scope, "decision": 3})
    (package,) = packages(device(BOB))
    (reference,) = references([package])
    for name in (f"{above}/zz", f"{above}/", "00", f"0/{above}/00"):
        made.write(f"granted/{name}", "granted", granted)
    other = {**granted, "key_package": encode(package)}
    made.write(f"granted/{above}/00", "granted", other)
    made.write(f"granted/{above}/{reference.hex()}", "granted", {**granted, "key_package": b""})
    for name, row in made.written.items():
        with pytest.raises(DamagedSnapshotError):
            load_consents({name: row})


# Properties


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["grant", "revoke"]), st.sampled_from([ANY, HERE, THERE])),
        max_size=8,
    )
)
def test_nobody_is_added_after_a_refusal_that_still_stands(said):
    """Room by room: the last word about the room, or about any since a refusal of any."""
    consents = Consents()
    expected: dict[bytes, bool | None] = dict.fromkeys((ROOM_ID, octets(OTHER_ROOM)))
    own: dict[bytes, bool] = {}
    for name, scope in said:
        consents, _ = getattr(consents, name)(scope)
        for room in expected:
            if scope.room_id == room:
                expected[room] = own[room] = name == "grant"
            elif scope.room_id is None and not (name == "grant" and own.get(room) is False):
                expected[room] = name == "grant"
                own.pop(room, None)
    loaded = load_consents(save_consents(consents))
    assert loaded.pairs == consents.pairs
    for room, is_granted in expected.items():
        assert (bobs(loaded, room) is Consent.GRANTED) == bool(is_granted)


def test_values_are_not_changed():
    consents = Consents().grant(ANY)[0]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        consents.pairs = {}  # type: ignore[misc]
