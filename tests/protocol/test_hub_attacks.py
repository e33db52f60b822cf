"""What a malicious provider sends, and a malicious client: the hub takes nothing of it.

Whatever is refused, by an answer or by an error, leaves the room the same value.
"""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from mls.attacker import Attacker, Deviation
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    INVALID,
    NOT_ALLOWED,
    WRONG_EPOCH,
    A,
    B,
    C,
    Hall,
    bundle_of,
    changed_bundle,
    lawless,
    octets,
)

from mimi.codec import decode, encode, replace
from mimi.errors import InvalidError, MalformedError
from mimi.identity import Domain
from mimi.mls import MLSMessage, Remove, SelfRemove, WireFormat, safe_aad
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.policy.propose import list_update
from mimi.policy.structures import PARTICIPANT_LIST
from mimi.protocol import (
    FullGroupInfo,
    SubmitMessageRequest,
    SubmitNotAllowed,
    UpdateResponseCode,
    update_request,
)
from mimi.protocol.errors import (
    EmbeddedTreeError,
    ForeignSenderError,
    HandshakeError,
    MoreProposalsError,
    NextGroupInfoError,
    NotApplicationError,
)
from mimi.tree.math import LeafIndex

Made = Callable[[Hall], tuple[Any, Any]]
"""From a room to a request and the provider that sends it."""

ATTACKS: dict[str, tuple[Made, Any]] = {}
"""What is sent, and what the hub says: a code, a status or the class of an error."""


def attack(outcome: Any) -> Callable[[Made], Made]:
    """Note an attack with its outcome, by the name of the function."""

    def noted(made: Made) -> Made:
        ATTACKS[made.__name__.replace("_", " ")] = made, outcome
        return made

    return noted


def furnished() -> Hall:
    """Return a room with Alice, Bob and Cathy, in which Bob's name for it is pending."""
    hall = Hall().furnished("alice", "bob", "cathy")
    hall.buy("cathy", "tablet")
    return hall


# In the name of others


@attack(NOT_ALLOWED)
def a_commit_of_another_providers_user(hall):
    return hall.commit("bob/phone"), C


@attack(NOT_ALLOWED)
def proposals_of_another_providers_user(hall):
    return hall.proposing("bob/phone", SelfRemove()), C


@attack(ForeignSenderError)
def a_message_of_another_providers_user(hall):
    return hall.message("bob/phone"), C


@attack(SubmitNotAllowed)
def a_message_of_another_user_in_its_own_users_name(hall):
    request = hall.message("bob/phone")
    hall.taken(request, B)
    return replace(request, sending_uri=octets(CATHY)), C


@attack(INVALID)
def a_proposal_that_the_hub_did_not_make(hall):
    signer, _ = hall.sender(C)
    return hall.outside(signer, Remove(LeafIndex(0))), A


@attack(INVALID)
def a_proposal_of_an_external_sender_that_there_is_not(hall):
    signer, _ = hall.sender(C)
    return hall.outside(signer, Remove(LeafIndex(0)), index=7), C


@attack(NOT_ALLOWED)
def what_the_hub_proposed_sent_back_to_it(hall):
    """By it a follower would have the hub take for the follower's own what is the hub's."""
    hall.wanted_out(BOB)
    return bundle_of([encode(each.message) for each in hall.room.accepted]), C


@attack(NOT_ALLOWED)
def what_another_provider_proposed_sent_again(hall):
    leave = hall.leaving("bob/phone")
    hall.taken(leave, B)
    return leave, C


@attack(INVALID)
def a_commit_that_somebody_has_changed(hall):
    request = hall.commit("bob/phone")
    message = request.bundle.proposal_or_commit
    content = replace(message.body.content, authenticated_data=safe_aad([(0xF000, b"x")]))
    changed = replace(message, body=replace(message.body, content=content))
    return update_request(changed, request.bundle.attached), B


@attack(INVALID)
def a_commit_signed_by_somebody_else(hall):
    group = hall.of("cathy/phone").group
    attacker = Attacker.inside(group)
    alice = MemberSender(hall.of("alice/phone").group.leaf_index)
    wire = attacker.commit(sender=alice, components=group.settings.components, aad=safe_aad(()))
    return with_info(hall, "cathy/phone", wire), A


def with_info(hall, name, wire):
    """Return a commit with a group info that would be taken, were the commit."""
    request = hall.commit(name)
    return update_request(decode(MLSMessage, wire), request.bundle.attached)


# Joining where one may not


@attack(NOT_ALLOWED)
def a_stranger_who_joins_by_a_commit(hall):
    hall.changed("alice/phone", lambda room: room.remove([octets(CATHY)], now=hall.now))
    return hall.intruding("cathy/tablet"), C


@attack(NOT_ALLOWED)
def a_stranger_who_brings_itself_into_the_list(hall):
    hall.changed("alice/phone", lambda room: room.remove([octets(CATHY)], now=hall.now))
    update = list_update(hall.hub.room(hall.room), add={octets(CATHY): ADMIN})
    return hall.intruding("cathy/tablet", proposals=[update]), C


@attack(NOT_ALLOWED)
def who_is_banned_and_comes_back(hall):
    hall.changed("alice/phone", lambda room: room.ban([octets(CATHY)], now=hall.now))
    return hall.intruding("cathy/tablet"), C


@attack(NOT_ALLOWED)
def who_joins_in_place_of_another_user(hall):
    leaf = hall.of("bob/phone").group.leaf_index
    return hall.intruding("cathy/tablet", resync=leaf), C


@attack(NOT_ALLOWED)
def who_joins_and_makes_itself_an_admin(hall):
    update = list_update(hall.hub.room(hall.room), change={octets(CATHY): ADMIN})
    return hall.intruding("cathy/tablet", proposals=[update]), C


@attack(NOT_ALLOWED)
def who_is_cut_off_and_joins_with_another_device(hall):
    hall.taken(hall.leaving("cathy/phone"), C)
    return hall.intruding("cathy/tablet"), C


@attack(NOT_ALLOWED)
def who_joins_with_the_help_of_another_provider(hall):
    return hall.intruding("cathy/tablet"), B


@attack(INVALID)
def who_joins_by_a_commit_that_somebody_has_changed(hall):
    request = hall.intruding("cathy/tablet")
    message = request.bundle.proposal_or_commit
    auth = replace(message.body.auth, signature=bytes(64))
    false = replace(message, body=replace(message.body, auth=auth))
    return update_request(false, request.bundle.attached), C


# More than one may


@attack(NOT_ALLOWED)
def a_user_who_makes_itself_an_admin(hall):
    group = lawless(hall.of("bob/phone").group)
    update = list_update(hall.of("bob/phone").policy, change={octets(BOB): ADMIN})
    return hall.commit("bob/phone", group=group, proposals=[update]), B


@attack(NOT_ALLOWED)
def a_user_who_proposes_to_ban_an_admin(hall):
    group = lawless(hall.of("bob/phone").group)
    update = list_update(hall.of("bob/phone").policy, change={octets(ALICE): 1})
    return hall.proposing("bob/phone", update, group=group), B


@attack(NOT_ALLOWED)
def clients_that_stay_when_their_user_is_removed(hall):
    group = lawless(hall.of("alice/phone").group)
    update = list_update(hall.of("alice/phone").policy, remove=[octets(BOB)])
    return hall.commit("alice/phone", group=group, proposals=[update]), A


@attack(MalformedError)
def an_update_of_the_list_that_is_none(hall):
    garbage = AppDataUpdate(PARTICIPANT_LIST, UpdateData(b"\xff\xff"))
    attacker = Attacker.inside(hall.of("bob/phone").group)
    return bundle_of([attacker.send(garbage, how=Deviation(aad=safe_aad(())))]), B


@attack(MalformedError)
def data_of_no_component_beside_a_message(hall):
    request = hall.message("bob/phone")
    body = replace(request.app_message.body, authenticated_data=b"\xff")
    return replace(request, app_message=replace(request.app_message, body=body)), B


@attack(NOT_ALLOWED)
def key_packages_that_were_claimed_elsewhere(hall):
    _, packages = hall.devices["cathy/tablet"].key_packages(1, now=hall.now)
    return hall.commit("cathy/phone", add=packages[:1]), C


@attack(NOT_ALLOWED)
def a_welcome_that_is_not_for_those_who_are_added(hall):
    hall.claimed(hall.packages["cathy/tablet"], C)
    adding = hall.commit("cathy/phone", add=hall.packages["cathy/tablet"][:1])
    other = hall.commit("cathy/phone", add=hall.packages["cathy/tablet"][1:2])
    return changed_bundle(adding, welcome=other.bundle.attached.welcome), C


@attack(NOT_ALLOWED)
def a_welcome_with_a_commit_that_adds_nobody(hall):
    hall.claimed(hall.packages["cathy/tablet"], C)
    adding = hall.commit("cathy/phone", add=hall.packages["cathy/tablet"][:1])
    welcome = adding.bundle.attached.welcome
    return changed_bundle(hall.commit("cathy/phone"), welcome=welcome), C


@attack(NOT_ALLOWED)
def more_proposals_than_anybody_needs(hall):
    group, wires = hall.of("bob/phone").group, []
    leaf = hall.of("bob/laptop").group.leaf_index
    for number in range(500):
        aad = safe_aad([(0xF000 + number, b"")])
        _, wire = group.propose(Remove(leaf), now=hall.now // 1000, aad=aad)
        wires.append(wire)
    return bundle_of(wires), B


# Out of place


@attack(WRONG_EPOCH)
def a_commit_that_was_accepted_already(hall):
    commit = hall.commit("bob/phone")
    hall.taken(commit, B)
    return commit, C


@attack(NOT_ALLOWED)
def who_was_banned_and_asks_how_far_the_room_is(hall):
    commit = hall.commit("bob/phone")
    hall.changed("alice/phone", lambda room: room.ban([octets(BOB)], now=hall.now))
    return commit, B


@attack(SubmitNotAllowed)
def who_was_banned_and_asks_it_by_a_message(hall):
    message = hall.message("bob/phone")
    hall.changed("alice/phone", lambda room: room.ban([octets(BOB)], now=hall.now))
    return message, B


@attack(NOT_ALLOWED)
def who_was_banned_and_asks_it_as_if_to_join(hall):
    joining = hall.intruding("cathy/tablet")
    hall.changed("alice/phone", lambda room: room.ban([octets(CATHY)], now=hall.now))
    return joining, C


@attack(NOT_ALLOWED)
def a_stranger_that_asks_how_far_the_room_is(hall):
    joining = hall.intruding("cathy/tablet")
    hall.changed("alice/phone", lambda room: room.commit(now=hall.now))
    return joining, Domain("z.example")


@attack(SubmitNotAllowed)
def a_stranger_that_asks_it_by_a_message(hall):
    message = hall.message("cathy/phone")
    hall.changed("alice/phone", lambda room: room.commit(now=hall.now))
    return replace(message, sending_uri=b"mimi://z.example/u/nobody"), Domain("z.example")


@attack(WRONG_EPOCH)
def proposals_of_an_epoch_that_is_over(hall):
    leave = hall.leaving("bob/phone")
    hall.taken(hall.commit("alice/phone"), A)
    return leave, B


@attack(MoreProposalsError)
def proposals_of_two_epochs(hall):
    before = hall.proposing("bob/phone", SelfRemove()).bundle.proposal_or_commit
    hall.changed("bob/phone", lambda room: room.commit(now=hall.now))
    after = hall.proposing("bob/phone", SelfRemove()).bundle.proposal_or_commit
    return bundle_of([encode(after), encode(before)]), B


@attack(NextGroupInfoError)
def the_group_info_of_this_epoch(hall):
    request = hall.commit("bob/phone")
    return changed_bundle(request, group_info_option=FullGroupInfo(hall.room.group.group_info)), B


@attack(NextGroupInfoError)
def the_group_info_of_another_room(hall):
    other = Hall()
    other.create("alice/laptop")
    info = other.commit("alice/laptop").bundle.attached.group_info_option
    return changed_bundle(hall.commit("bob/phone"), group_info_option=info), B


@attack(EmbeddedTreeError)
def a_group_info_with_the_tree_in_it(hall):
    group = hall.of("bob/phone").group.commit(now=hall.now // 1000).accept()
    info = decode(MLSMessage, group.group_info()).body
    return changed_bundle(hall.commit("bob/phone"), group_info_option=FullGroupInfo(info)), B


@attack(HandshakeError)
def a_message_in_place_of_an_update(hall):
    return update_request(hall.message("bob/phone").app_message), B


@attack(HandshakeError)
def a_commit_that_the_hub_cannot_read(hall):
    group = hall.of("bob/phone").group
    hiding = group.with_settings(
        attrs.evolve(group.settings, handshake=WireFormat.MLS_PRIVATE_MESSAGE)
    )
    request = hall.commit("bob/phone")
    wire = hiding.commit(now=hall.now // 1000).commit
    return update_request(decode(MLSMessage, wire), request.bundle.attached), B


@attack(NotApplicationError)
def an_update_in_place_of_a_message(hall):
    commit = hall.commit("bob/phone").bundle.proposal_or_commit
    return SubmitMessageRequest(commit, octets(BOB)), B


@attack(SubmitNotAllowed)
def a_message_from_the_future(hall):
    request = hall.message("bob/phone")
    body = replace(request.app_message.body, epoch=2**64 - 1)
    return replace(request, app_message=replace(request.app_message, body=body)), B


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_changes_nothing(name):
    made, outcome = ATTACKS[name]
    hall = furnished()
    request, source = made(hall)
    before = hall.room
    if isinstance(outcome, type) and issubclass(outcome, (InvalidError, MalformedError)):
        with pytest.raises((InvalidError, MalformedError)) as caught:
            hall.asked(request, source)
        assert type(caught.value) is outcome
        assert hall.room is before
        return
    step = hall.asked(request, source)
    assert step.room is before
    assert step.effects == ()
    if isinstance(outcome, UpdateResponseCode):
        assert step.response.response_code is outcome, step.response.error_description
    else:
        assert type(step.response.status) is outcome


@pytest.mark.parametrize("name", ATTACKS)
def test_the_room_goes_on_after_an_attack(name):
    made, _ = ATTACKS[name]
    hall = furnished()
    made(hall)
    hall.hear("alice/laptop")
    hall.taken(hall.commit("alice/laptop"), A)
