"""Key packages that are stored, claimed, and remembered for Welcomes (section 5.2)."""

from typing import Any

import attrs
import pytest
from protocol.offering import (
    DAY,
    LAPTOP,
    MS,
    PHONE,
    TABLET,
    asking,
    claimed,
    given_of,
    offering,
    packages,
    references,
)
from protocol.providers import (
    ALICE,
    BOB,
    CATHY,
    LIFETIMES,
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
from mimi.crypto import CipherSuite, suite_of
from mimi.errors import MalformedError, UsageError
from mimi.identity import ClientUri, PseudonymUri
from mimi.mls import KeyPackage
from mimi.protocol import (
    KeyMaterialClientCode,
    KeyMaterialRequest,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    Protocol,
    check_key_material_response,
)
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.errors import (
    ClientUriError,
    IdentifierUriError,
    KeyMaterialSignatureError,
    KeyPackageUserError,
    PathMismatchError,
    RepeatedKeyPackageError,
    UnsuitableKeyPackageError,
)
from mimi.protocol.follower_errors import KeyMaterialSourceError, TooManyKeyPackagesError
from mimi.protocol.keys import NO_ROOM
from mimi.protocol.keystore import MOST_OFFERS, Claimed, Discretion, KeyStore, read_claim
from mimi.tree.codepoints import ExtensionType
from mimi.tree.errors import LifetimeError
from mimi.tree.extension import RequiredCapabilities

CODE, CLIENT = KeyMaterialUserCode, KeyMaterialClientCode
USER = octets(BOB)
OTHER_SUITE = suite_of(CipherSuite.P256_AES128)
LACKING = RequiredCapabilities((ExtensionType(0xF0F0),))


def statuses(step: Claimed) -> dict[bytes, KeyMaterialClientCode]:
    """Return what is said of each client."""
    return {each.client_uri: each.client_status for each in step.response.clients}


def checked(step: Claimed, request: KeyMaterialRequest) -> None:
    """Check an answer as the requester does."""
    found = check_key_material_response(step.response, request, lifetimes=LIFETIMES)
    assert found == step.references


# Minutes


def test_alice_claims_bobs_key_packages_until_none_is_left():
    store = offering(2, 1)
    phone = device(BOB)
    (last,) = packages(phone, last_resort=True)
    store = store.stored(USER, PHONE, [last], now=MS)
    assert [store.available(USER, each, now=MS) for each in (PHONE, LAPTOP)] == [2, 1]

    first = claimed(store)
    assert first.response.user_status is CODE.SUCCESS
    assert list(statuses(first)) == [LAPTOP, PHONE]
    checked(first, asking())
    assert [first.store.available(USER, each, now=MS) for each in (PHONE, LAPTOP)] == [1, 0]

    second = claimed(first.store)
    assert second.response.user_status is CODE.PARTIAL_SUCCESS
    assert statuses(second) == {LAPTOP: CLIENT.KEY_MATERIAL_EXHAUSTED, PHONE: CLIENT.SUCCESS}
    checked(second, asking())
    assert last not in given_of(first) + given_of(second)

    third, fourth = claimed(second.store), claimed(claimed(second.store).store)
    assert given_of(third) == given_of(fourth) == [last]

    ordinary = references(given_of(first) + given_of(second))
    assert len(set(ordinary)) == 3
    (again,) = references([last])
    store = fourth.store.used([*ordinary, again])
    assert {store.client_of(each) for each in ordinary} == {None}
    assert store.client_of(again) == PHONE


def test_a_client_that_says_it_again_is_not_given_again():
    made = packages(device(BOB), 2)
    store = KeyStore().stored(USER, PHONE, made, now=MS).stored(USER, PHONE, made, now=MS)
    step = claimed(store)
    (chosen,) = given_of(step)
    assert step.store.stored(USER, PHONE, made, now=MS).available(USER, PHONE, now=MS) == 1
    used = step.store.used(references([chosen])).stored(USER, PHONE, [chosen], now=MS)
    (other,) = given_of(claimed(used))
    assert other != chosen


# Every code


def test_every_user_code_through_the_store():
    store = offering(1)
    gone = store.deleted(octets(CATHY))
    no_consent, not_here = Consent.NONE, Consent.NONE_FOR_THIS_ROOM
    answers = [
        claimed(store),
        claimed(offering(1, 0)),
        claimed(offering(0)),
        claimed(KeyStore()),
        claimed(store, consent=no_consent),
        claimed(store, consent=not_here),
        claimed(gone, asking(target=CATHY)),
    ]
    other = read_claim(b"\x09" + encode(asking())[1:], target=BOB, source=A)
    assert isinstance(other, KeyMaterialResponse)
    assert [*(each.response.user_status for each in answers), other.user_status] == [
        CODE.SUCCESS,
        CODE.PARTIAL_SUCCESS,
        CODE.NO_COMPATIBLE_MATERIAL,
        CODE.USER_UNKNOWN,
        CODE.NO_CONSENT,
        CODE.NO_CONSENT_FOR_THIS_ROOM,
        CODE.USER_DELETED,
        CODE.INCOMPATIBLE_PROTOCOL,
    ]
    assert other.protocol == Protocol(9)
    assert [len(each.response.clients) for each in answers] == [1, 2, 1, 0, 0, 0, 0]
    for each in answers[:-1]:
        checked(each, asking())
    checked(answers[-1], asking(target=CATHY))


def test_a_user_without_clients_is_known():
    step = claimed(KeyStore().opened(USER))
    assert step.response == KeyMaterialResponse(Protocol.MLS10, CODE.NO_COMPATIBLE_MATERIAL, USER)


def test_every_client_code_through_the_store():
    request = asking()
    (other,) = packages(device(BOB, "tablet", OTHER_SUITE))
    store = offering(1, 0).stored(USER, TABLET, [other], now=MS)
    step = claimed(store)
    assert statuses(step) == {
        LAPTOP: CLIENT.KEY_MATERIAL_EXHAUSTED,
        PHONE: CLIENT.SUCCESS,
        TABLET: CLIENT.NOTHING_COMPATIBLE,
    }
    assert step.response.clients[2].material == other.leaf_node.capabilities
    checked(step, request)
    discreet = claimed(store, discretion=Discretion(hides_capabilities=True))
    assert discreet.response.clients[2].material is None
    checked(discreet, request)


def test_what_a_provider_does_not_tell():
    store = offering(1).deleted(octets(CATHY))
    cathy, nobody = asking(target=CATHY), asking(target=ALICE)

    def code(request: KeyMaterialRequest, consent: Consent = Consent.NONE, **hides: bool) -> Any:
        step = claimed(store, request, consent=consent, discretion=Discretion(**hides))
        assert step.store is store
        return step.response.user_status

    assert code(cathy, hides_deleted=True) is CODE.USER_UNKNOWN
    assert code(cathy, hides_users=True) is code(nobody, hides_users=True) is CODE.NO_CONSENT
    assert code(asking(), hides_users=True) is CODE.NO_CONSENT
    assert code(asking(), Consent.NONE_FOR_THIS_ROOM, hides_rooms=True) is CODE.NO_CONSENT


# Which key package


def test_the_requesters_first_suite_that_a_client_has():
    mine, other = packages(device(BOB)), packages(device(BOB, suite=OTHER_SUITE))
    store = KeyStore().stored(USER, PHONE, [*mine, *other], now=MS)
    both = (SUITE.code, OTHER_SUITE.code)
    assert given_of(claimed(store, asking(acceptable_ciphersuites=both))) == mine
    preferring = asking(suite=OTHER_SUITE, acceptable_ciphersuites=(*both[::-1], both[1]))
    assert given_of(claimed(store, preferring)) == other
    unknown = (CipherSuite(0x0A0A), SUITE.code)
    assert given_of(claimed(store, asking(acceptable_ciphersuites=unknown))) == mine


def test_the_last_resort_comes_after_every_suite():
    (last,) = packages(device(BOB), last_resort=True)
    (other,) = packages(device(BOB, suite=OTHER_SUITE))
    store = KeyStore().stored(USER, PHONE, [last, other], now=MS)
    request = asking(acceptable_ciphersuites=(SUITE.code, OTHER_SUITE.code))
    step = claimed(store, request)
    assert given_of(step) == [other]
    assert given_of(claimed(step.store, request)) == [last]


def test_the_one_that_expires_first():
    phone = device(BOB)
    late, early = (packages(phone, lifetime=days * DAY)[0] for days in (50, 10))
    store = KeyStore().stored(USER, PHONE, [late, early], now=MS)
    step = claimed(store)
    assert [given_of(step), given_of(claimed(step.store))] == [[early], [late]]


def test_required_capabilities():
    step = claimed(offering(1), asking(required_capabilities=LACKING))
    assert step.response.user_status is CODE.NO_COMPATIBLE_MATERIAL
    assert statuses(step) == {PHONE: CLIENT.NOTHING_COMPATIBLE}
    assert step.references == {}


def test_expired_ones_are_never_given_and_then_forgotten():
    (ordinary,), (last,) = packages(device(BOB)), packages(device(BOB), last_resort=True)
    store = KeyStore().stored(USER, PHONE, [ordinary, last], now=MS)
    given_before = claimed(store).store
    end = ordinary.leaf_node.leaf_node_source.lifetime.not_after  # type: ignore[union-attr]
    assert claimed(store, now=end * 1000 + 999).response.user_status is CODE.SUCCESS
    late = claimed(store, now=(end + 1) * 1000)
    assert statuses(late) == {PHONE: CLIENT.KEY_MATERIAL_EXHAUSTED}
    assert given_before.pruned(end * 1000).client_of(*references([ordinary])) == PHONE
    forgotten = given_before.pruned((end + 1) * 1000)
    assert forgotten.client_of(*references([ordinary])) is None
    assert (forgotten.users[USER].clients, forgotten.given) == ({PHONE: ()}, {})
    with refused(UnsuitableKeyPackageError, "5.2", user=USER):
        forgotten.stored(USER, PHONE, [ordinary], now=(end + 1) * 1000)


def test_one_that_is_not_valid_yet_waits():
    (early,) = packages(device(BOB), now=NOW + 9 * DAY)
    store = KeyStore().stored(USER, PHONE, [early], now=MS)
    assert statuses(claimed(store)) == {PHONE: CLIENT.KEY_MATERIAL_EXHAUSTED}
    assert store.available(USER, PHONE, now=MS) == 0
    assert given_of(claimed(store, now=MS + 9 * DAY * 1000)) == [early]


def test_a_last_resort_takes_the_place_of_an_earlier_one():
    phone, other = device(BOB), packages(device(BOB, suite=OTHER_SUITE), last_resort=True)
    first, second = packages(phone, 2, last_resort=True)
    store = KeyStore().stored(USER, PHONE, [first, *other], now=MS)
    given_first = claimed(store).store
    later = given_first.stored(USER, PHONE, [second], now=MS)
    assert given_of(claimed(later)) == [second]
    assert later.client_of(*references([first])) == PHONE
    request = asking(suite=OTHER_SUITE)
    assert given_of(claimed(later, request)) == other


# What is not stored


def test_what_is_not_a_users_key_package():
    (cathys,), (mine,) = packages(device(CATHY)), packages(device(BOB))
    with refused(KeyPackageUserError, "5.2", user=USER, found=octets(CATHY)):
        KeyStore().stored(USER, PHONE, [cathys], now=MS)
    with refused(UnsuitableKeyPackageError, "5.2", user=USER):
        KeyStore().stored(USER, PHONE, [replace(mine, signature=b"broken")], now=MS)
    (old,) = packages(device(BOB), now=NOW - 100 * DAY)
    (long,) = packages(device(BOB), lifetime=400 * DAY)
    for wrong in (old, long):
        with refused(UnsuitableKeyPackageError, "5.2", user=USER) as caught:
            KeyStore().stored(USER, PHONE, [wrong], now=MS)
        assert type(caught.value.__cause__) is LifetimeError


def test_a_leaf_that_is_of_no_key_package():
    (mine,) = packages(device(BOB))
    group = device(BOB).create_group(b"room", now=NOW)
    leaf = group.commit(now=NOW, path=True).accept().state.tree.member(group.leaf_index)
    with refused(UnsuitableKeyPackageError, "5.2", user=USER):
        KeyStore().stored(USER, PHONE, [replace(mine, leaf_node=leaf)], now=MS)


def test_a_key_package_of_another_client():
    made = packages(device(BOB))
    store = KeyStore().stored(USER, PHONE, made, now=MS)
    for each in (store, claimed(store).store):
        with refused(RepeatedKeyPackageError, "5.2", client=LAPTOP):
            each.stored(USER, LAPTOP, made, now=MS)


def test_clients_and_users_that_are_none():
    with refused(ClientUriError, "5.2", client=PHONE):
        KeyStore().stored(octets(CATHY), PHONE, now=MS)
    with refused(IdentifierUriError, "5.2", field="client"):
        KeyStore().stored(USER, USER, now=MS)
    with refused(IdentifierUriError, "5.2", field="user"):
        KeyStore().opened(ROOM_ID)
    for of_nobody in (b"mimi://b.example/d/phone", PHONE):
        with pytest.raises(UsageError, match="is not known"):
            KeyStore().withdrawn(USER, of_nobody)
    with pytest.raises(UsageError, match="there is no"):
        KeyStore().granted(USER, [SUITE.code], now=MS)


def test_a_client_that_offers_too_much():
    (last,) = packages(device(BOB), last_resort=True)
    store = KeyStore().stored(USER, PHONE, [last], now=MS)
    (offer,) = store.users[USER].clients[PHONE]
    numbered = [attrs.evolve(offer, reference=b"%d" % each) for each in range(MOST_OFFERS)]
    full = attrs.evolve(
        store, users={USER: attrs.evolve(store.users[USER], clients={PHONE: tuple(numbered)})}
    )
    with refused(TooManyKeyPackagesError, "5.2", client=PHONE):
        full.stored(USER, PHONE, packages(device(BOB)), now=MS)


# Clients and users that go


def test_a_client_that_is_withdrawn_gives_nothing_and_gets_nothing():
    step = claimed(offering(2, 1))
    on_phone = step.response.clients[1].material
    assert isinstance(on_phone, KeyPackage)
    store = step.store.withdrawn(USER, PHONE)
    assert list(statuses(claimed(store))) == [LAPTOP]
    assert store.client_of(*references([on_phone])) is None
    again = store.stored(USER, PHONE, [on_phone], now=MS)
    assert statuses(claimed(again))[PHONE] is CLIENT.KEY_MATERIAL_EXHAUSTED


def test_a_deleted_user_does_not_come_back():
    step = claimed(offering(2, 1))
    store = step.store.deleted(USER)
    assert claimed(store).response.user_status is CODE.USER_DELETED
    assert {store.client_of(each) for each in step.references} == {None}
    for again in (lambda: store.opened(USER), lambda: store.stored(USER, PHONE, now=MS)):
        with pytest.raises(UsageError, match="was deleted"):
            again()
    with pytest.raises(UsageError, match="there is no"):
        store.granted(USER, [SUITE.code], now=MS)


def test_a_pseudonyms_clients_name_nobody():
    koala = PseudonymUri(B, "koala")
    client = octets(ClientUri(B, "d1"))
    made = packages(device(BOB, identity=octets(koala)))
    store = KeyStore().stored(octets(koala), client, made, now=MS)
    request = replace(asking(), target_user=octets(koala))
    assert claimed(store, request).references == dict.fromkeys(references(made), client)


# With a grant of consent


def test_key_packages_that_go_with_a_grant_are_valid():
    phone = device(BOB)
    (early,), (late,) = packages(phone, lifetime=2 * DAY), packages(phone, lifetime=50 * DAY)
    store = KeyStore().stored(USER, PHONE, [early, late], now=MS)
    assert store.granted(USER, [SUITE.code], now=MS)[1] == (early,)
    assert store.granted(USER, [SUITE.code], now=MS + 3 * DAY * 1000)[1] == (late,)
    assert store.granted(USER, [SUITE.code], now=MS + 60 * DAY * 1000)[1] == ()


def test_key_packages_that_go_with_a_grant():
    (other,) = packages(device(BOB, "tablet", OTHER_SUITE))
    (last,) = packages(device(BOB, "laptop"), last_resort=True)
    store = offering(1).stored(USER, LAPTOP, [last], now=MS).stored(USER, TABLET, [other], now=MS)
    after, given_ = store.granted(USER, [SUITE.code], now=MS)
    (reference,) = references(given_)
    assert after.client_of(reference) == PHONE
    assert after.granted(USER, [SUITE.code], now=MS)[1] == ()
    assert statuses(claimed(after))[PHONE] is CLIENT.KEY_MATERIAL_EXHAUSTED
    _, preferred = store.granted(USER, [OTHER_SUITE.code, SUITE.code], now=MS)
    assert [each.cipher_suite for each in preferred] == [SUITE.code, OTHER_SUITE.code]


# Requests as they come


def test_a_claim_comes_from_the_hub_of_its_room():
    request = asking(CATHY)
    assert read_claim(encode(request), target=BOB, source=A) == request
    for source in (B, C):
        with refused(KeyMaterialSourceError, "5.2", source=str(source)):
            read_claim(encode(request), target=BOB, source=source)


def test_a_claim_for_no_room_comes_from_the_requesters_provider():
    request = asking(CATHY, room_id=NO_ROOM)
    assert read_claim(encode(request), target=BOB, source=C) == request
    with refused(KeyMaterialSourceError, "5.2", source="a.example"):
        read_claim(encode(request), target=BOB, source=A)


def test_claims_that_are_none():
    request = encode(asking())
    for octets_ in (b"", request[:-1], request + b"\0"):
        with pytest.raises(MalformedError):
            read_claim(octets_, target=BOB, source=A)
    with refused(PathMismatchError, "5.2 and 5.7"):
        read_claim(request, target=CATHY, source=A)
    forged = replace(asking(), key_material_request_signature=b"")
    with refused(KeyMaterialSignatureError, "5.2"):
        read_claim(encode(forged), target=BOB, source=A)
