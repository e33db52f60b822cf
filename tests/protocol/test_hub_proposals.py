"""Proposals at the hub: taken and kept, to be committed by whoever comes next (sections 3.5, 7)."""

import pytest
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
    allowing,
    bundle_of,
    kinds,
    lawless,
    octets,
    told,
)

from mimi.codec import replace
from mimi.mls import Add, Remove, SelfRemove, safe_aad
from mimi.mls.proposal import ReInit
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update, update_of
from mimi.policy.structures import RoleData
from mimi.protocol import ProposalBundle, update_request
from mimi.protocol.hub_proposals import MOST_PENDING


@pytest.fixture
def hall():
    return Hall().furnished("alice", "bob", "cathy")


def renamed(hall, name):
    said = hall.of("alice/phone").policy.policy.metadata
    return update_of(replace(said, room_name=name))


def leaf(hall, name):
    return hall.of(name).group.leaf_index


# Leaving in three steps


def test_who_leaves_is_out_with_the_next_commit(hall):
    leave = hall.leaving("bob/phone")
    step = hall.taken(leave, B)
    assert kinds(step) == [("a", "proposals"), ("b", "proposals"), ("c", "proposals")]
    assert len(hall.room.accepted) == 3
    assert {each.timestamp for each in hall.room.accepted} == {hall.room.timestamp}

    hall.hear("cathy/phone")
    covering = hall.commit("cathy/phone")
    step = hall.taken(covering, C)
    assert kinds(step) == [("a", "commit"), ("b", "commit"), ("c", "commit")]
    assert hall.room.accepted == ()
    assert octets(BOB) not in hall.hub.room(hall.room).participants.roles
    assert octets(BOB) not in hall.hub.room(hall.room).clients


def test_more_proposals_are_handed_on_unchanged(hall):
    leave = hall.leaving("bob/phone")
    step = hall.taken(leave, B)
    for _, message in told(step):
        assert message.message == leave.bundle.proposal_or_commit
        assert message.attached.more_proposals == leave.bundle.attached.more_proposals


def test_a_commit_without_what_is_pending_is_refused(hall):
    early = hall.commit("cathy/phone")  # made before Bob asked to leave
    hall.taken(hall.leaving("bob/phone"), B)
    hall.refused(early, C, NOT_ALLOWED, "3 pending proposals are to be committed")
    hall.hear("cathy/phone")
    hall.taken(hall.commit("cathy/phone"), C)


@pytest.mark.parametrize("left_out", range(3))
def test_a_commit_of_a_part_of_a_leave_is_refused(hall, left_out):
    hall.taken(hall.leaving("bob/phone"), B)
    hall.hear("cathy/phone")
    references = [each.reference for each in hall.room.accepted]
    del references[left_out]
    group = lawless(hall.of("cathy/phone").group)
    part = hall.commit("cathy/phone", group=group, references=references)
    hall.refused(part, C, NOT_ALLOWED)


def test_who_is_about_to_leave_is_cut_off_at_once(hall):
    message, own = hall.message("bob/laptop"), hall.commit("bob/laptop")
    rename = hall.proposing("bob/laptop", renamed(hall, b"Mine"))
    remove = hall.proposing("bob/laptop", Remove(leaf(hall, "bob/phone")))
    self_remove = hall.proposing("bob/laptop", SelfRemove())
    kick = hall.proposing(
        "bob/laptop", Remove(leaf(hall, "cathy/phone")), group=lawless(hall.of("bob/laptop").group)
    )
    hall.taken(hall.leaving("bob/phone"), B)

    assert hall.asked(message, B).response.status.__class__.__name__ == "SubmitNotAllowed"
    words = "mimi://b.example/u/bob is about to be removed"
    hall.refused(own, B, NOT_ALLOWED, words)
    hall.refused(rename, B, NOT_ALLOWED, words)
    hall.refused(kick, B, NOT_ALLOWED)
    hall.taken(remove, B)
    hall.taken(self_remove, B)


def test_who_is_cut_off_gets_no_messages_and_no_group_info(hall):
    hall.buy("bob", "tablet")
    hall.taken(hall.leaving("bob/phone"), B)
    assert hall.room.audience.receivers == (A, C)
    assert hall.room.audience.followers == (A, B, C)
    _, response = hall.answer("bob/tablet")
    assert type(response.status).__name__ == "GroupInfoNotAuthorized"


def test_who_joins_need_not_cover_what_is_pending(hall):
    hall.taken(hall.leaving("bob/phone"), B)
    hall.buy("alice", "tablet")
    step = hall.taken(hall.joining("alice/tablet"), A)
    assert [kind for _, kind in kinds(step)] == ["commit"] * 3


def test_a_leave_that_a_joiner_cut_short_is_the_hubs_to_repeat(hall):
    """Bob's SelfRemove goes along; the rest is stapled to the commit, by the hub."""
    hall.taken(hall.leaving("bob/phone"), B)
    hall.buy("alice", "tablet")
    step = hall.taken(hall.joining("alice/tablet"), A)
    assert hall.room.wanted == {octets(BOB): 0}
    (stapled,) = {each.attached.external_proposals for _, each in told(step)}
    assert stapled == tuple(each.message for each in hall.room.accepted)
    assert [type(each.proposal).__name__ for each in hall.room.group.pending] == [
        "AppDataUpdate",
        "Remove",
    ]
    early = hall.commit("alice/tablet")
    hall.refused(early, A, NOT_ALLOWED, "2 pending proposals")
    hall.hear()
    hall.changed("cathy/phone", lambda room: room.commit(now=hall.now))
    assert hall.room.wanted == {}
    hall.check_agreement(
        "alice/phone", "alice/laptop", "alice/tablet", "cathy/phone", "cathy/laptop"
    )


def test_a_ban_that_a_joiner_cut_short_is_a_ban_again(hall):
    """An admin proposes a ban, and does not live to see it committed."""
    ban = list_update(hall.of("alice/phone").policy, change={octets(BOB): 1})
    leaves = [leaf(hall, name) for name in ("bob/phone", "bob/laptop")]
    hall.taken(hall.proposing("alice/phone", ban, *map(Remove, leaves)), A)
    hall.buy("cathy", "tablet")
    hall.taken(hall.joining("cathy/tablet"), C)
    assert hall.room.wanted == {octets(BOB): 1}
    hall.hear()
    hall.changed("cathy/phone", lambda room: room.commit(now=hall.now))
    assert hall.hub.room(hall.room).role_of(octets(BOB)) == 1
    assert hall.room.wanted == {}


def test_what_the_hub_wants_waits_for_what_was_proposed_before(hall):
    """Alice makes Bob an admin, whom the hub wants out: first the one, then the other."""
    promotion = list_update(hall.of("alice/phone").policy, change={octets(BOB): ADMIN})
    hall.taken(hall.proposing("alice/phone", promotion), A)
    assert hall.wanted_out(BOB).effects == ()
    assert len(hall.room.accepted) == 1
    assert hall.room.is_cut_off(octets(BOB))
    hall.hear("cathy/phone")
    step = hall.taken(hall.commit("cathy/phone"), C)
    assert [kind for _, kind in kinds(step)] == ["commit"] * 3 + ["proposals"] * 3
    assert len(hall.room.accepted) == 3


def test_the_hub_takes_out_as_many_as_it_may(hall):
    """An admin must stay, of two that are to go."""
    change = hall.of("alice/phone").change_roles({octets(BOB): ADMIN}, now=hall.now)
    hall.taken(change.request, A)
    hall.wanted_out(ALICE, BOB)
    updates = [each.proposal for each in hall.room.group.pending]
    assert [type(each).__name__ for each in updates] == ["AppDataUpdate", "Remove", "Remove"]
    assert hall.room.audience.cut_off == {octets(ALICE)}
    assert hall.room.is_cut_off(octets(BOB))


def test_a_leave_that_the_hub_may_not_repeat_is_the_users_to_repeat():
    roles = RoleData(COOPERATIVE.roles.roles[:-1])  # no enforcer
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(roles))
    hall.taken(hall.leaving("bob/phone"), B)
    hall.buy("alice", "tablet")
    hall.taken(hall.joining("alice/tablet"), A)
    assert hall.room.wanted == {}
    assert not hall.room.is_cut_off(octets(BOB))


# What cannot be committed


def test_a_committer_need_not_cover_its_own_update(hall):
    group, wire = hall.of("bob/phone").group.propose_update(now=hall.now // 1000)
    hall.taken(bundle_of([wire]), B)
    hall.taken(hall.commit("bob/phone"), B)
    assert group.epoch == 1


def test_a_committer_need_not_cover_the_removal_of_itself(hall):
    """Bob's laptop asks to go, and before it does, commits: it cannot take out itself."""
    hall.taken(hall.proposing("bob/laptop", SelfRemove()), B)
    hall.taken(hall.proposing("bob/phone", Remove(leaf(hall, "bob/laptop"))), B)
    hall.taken(hall.commit("bob/laptop"), B)
    assert hall.hub.room(hall.room).clients[octets(BOB)] == 2


def test_who_was_banned_meanwhile_need_not_be_removed(hall):
    """Bob leaves, and Alice bans him by value: what he wanted has come about."""
    hall.taken(hall.leaving("bob/phone"), B)
    hall.hear("alice/phone")
    change = hall.of("alice/phone").ban([octets(BOB)], now=hall.now)
    hall.taken(change.request, A)
    seen = hall.hub.room(hall.room)
    assert seen.role_of(octets(BOB)) == 1
    assert octets(BOB) not in seen.clients


def test_what_a_commit_brings_by_value_does_not_keep_anybody_in(hall):
    """Bob leaves; Alice would rather make him an admin."""
    hall.taken(hall.leaving("bob/phone"), B)
    hall.hear("alice/phone")
    change = hall.of("alice/phone").change_roles({octets(BOB): ADMIN}, now=hall.now)
    hall.refused(change.request, A, NOT_ALLOWED, "pending proposals are to be committed")


def test_what_was_proposed_first_goes_before_what_comes_by_value(hall):
    hall.taken(hall.proposing("bob/phone", renamed(hall, b"Bob's")), B)
    hall.hear("alice/phone")
    change = hall.of("alice/phone").rename("Alice's", now=hall.now)
    hall.refused(change.request, A, NOT_ALLOWED, "1 pending proposals are to be committed")
    hall.taken(hall.commit("alice/phone"), A)
    assert hall.hub.room(hall.room).policy.metadata.room_name == b"Bob's"


def test_what_a_user_cannot_cover_does_not_excuse_the_rest(hall):
    """Bob's phone cannot commit its own Update; what his laptop has proposed, it can."""
    _, wire = hall.of("bob/phone").group.propose_update(now=hall.now // 1000)
    hall.taken(bundle_of([wire]), B)
    hall.taken(hall.proposing("bob/laptop", renamed(hall, b"Bob's")), B)
    hall.hear("bob/phone")
    nothing = hall.commit("bob/phone", references=())
    hall.refused(nothing, B, NOT_ALLOWED, "1 pending proposals are to be committed")
    hall.taken(hall.commit("bob/phone"), B)


def test_a_removal_does_not_take_the_place_of_a_ban(hall):
    """Alice has Cathy banned; Bob would rather remove her: then she could come back."""
    policy = hall.of("alice/phone").policy
    leaves = [leaf(hall, name) for name in ("cathy/phone", "cathy/laptop")]
    ban = list_update(policy, change={octets(CATHY): 1})
    hall.taken(hall.proposing("alice/phone", ban, *map(Remove, leaves)), A)
    group = hall.of("bob/phone").group  # it has not heard of the ban
    removal = list_update(policy, remove=[octets(CATHY)])
    milder = hall.commit("bob/phone", group=group, remove=leaves, proposals=[removal])
    hall.refused(milder, B, NOT_ALLOWED, "1 pending proposals are to be committed")


def test_a_role_for_who_is_removed_is_needless(hall):
    promotion = list_update(hall.of("alice/phone").policy, change={octets(CATHY): ADMIN})
    hall.taken(hall.proposing("alice/phone", promotion), A)
    change = hall.of("bob/phone").remove([octets(CATHY)], now=hall.now)
    hall.taken(change.request, B)


def test_a_reinit_waits_for_everything_else():
    hall = Hall().furnished("bob", preset=allowing(ADMIN, "canSendMLSReinitProposal"))
    group, context = hall.of("alice/phone").group, hall.room.group.context
    reinit = ReInit(b"next", context.version, context.cipher_suite, context.extensions)
    hall.taken(hall.proposing("alice/phone", reinit, group=group), A)
    again = ReInit(b"other", context.version, context.cipher_suite, context.extensions)
    hall.refused(hall.proposing("alice/phone", again), A, NOT_ALLOWED, "reinitialised already")
    empty = hall.commit("bob/phone", references=())
    hall.refused(empty, B, NOT_ALLOWED, "1 pending proposals")
    change = hall.of("alice/phone").rename("Not yet", now=hall.now)
    hall.taken(change.request, A)


# What contradicts what is pending


def test_what_contradicts_a_leave_is_refused(hall):
    hall.taken(hall.leaving("bob/phone"), B)
    policy = hall.of("alice/phone").policy
    promote = hall.proposing("alice/phone", list_update(policy, change={octets(BOB): ADMIN}))
    hall.refused(promote, A, NOT_ALLOWED, "is changed more than once")
    again = hall.proposing("alice/phone", list_update(policy, remove=[octets(BOB)]))
    hall.refused(again, A, NOT_ALLOWED, "is changed more than once")
    other = hall.proposing("alice/phone", list_update(policy, change={octets(CATHY): ADMIN}))
    hall.taken(other, A)


def test_what_nobody_could_commit_as_it_is_is_refused(hall):
    """A user who is taken out of the list leaves with all clients, in the same request."""
    policy = hall.of("alice/phone").policy
    update = list_update(policy, remove=[octets(BOB)])
    hall.refused(
        hall.proposing("alice/phone", update), A, NOT_ALLOWED, "is removed and has 2 clients left"
    )
    phone, laptop = Remove(leaf(hall, "bob/phone")), Remove(leaf(hall, "bob/laptop"))
    hall.refused(hall.proposing("cathy/phone", phone), C, NOT_ALLOWED, "lacks canKick")
    hall.taken(hall.proposing("cathy/phone", phone, update, laptop), C)


def test_two_names_for_the_room_are_one_too_many(hall):
    hall.taken(hall.proposing("bob/phone", renamed(hall, b"Bob's")), B)
    hall.refused(
        hall.proposing("cathy/phone", renamed(hall, b"Cathy's")), C, NOT_ALLOWED, "2 updates"
    )


def test_a_second_update_of_a_leaf_is_refused(hall):
    for allowed in (True, False):
        _, wire = hall.of("bob/phone").group.propose_update(now=hall.now // 1000)
        if allowed:
            hall.taken(bundle_of([wire]), B)
        else:
            hall.refused(bundle_of([wire]), B, NOT_ALLOWED, "changed more than once")


def test_a_leaf_may_be_removed_twice(hall):
    """Bob takes out his laptop, which has asked to go already; one removal is as good as two."""
    hall.taken(hall.proposing("bob/laptop", SelfRemove()), B)
    hall.taken(hall.proposing("bob/phone", Remove(leaf(hall, "bob/laptop"))), B)
    hall.hear("alice/phone")
    hall.taken(hall.commit("alice/phone"), A)
    assert hall.hub.room(hall.room).clients[octets(BOB)] == 1


def test_the_last_admin_does_not_leave_the_others_alone(hall):
    """A role that must have somebody keeps the last one: a leave that nobody could commit."""
    leave = hall.leaving("alice/phone")
    hall.refused(leave, A, NOT_ALLOWED, "0 of at least 1 in role 3")


def test_proposals_of_one_user_are_limited(hall):
    group, wires = hall.of("bob/phone").group, []
    for aad in range(MOST_PENDING + 3):
        _, wire = group.propose(
            Remove(leaf(hall, "bob/laptop")),
            now=hall.now // 1000,
            aad=safe_aad([(0xF000 + aad, b"")]),
        )
        wires.append(wire)
    hall.refused(bundle_of(wires), B, NOT_ALLOWED, "66 proposals of mimi://b.example/u/bob")
    hall.taken(bundle_of(wires[:-1]), B)
    hall.refused(bundle_of(wires[-1:]), B, NOT_ALLOWED, "66 proposals")
    hall.taken(hall.leaving("cathy/phone"), C)
    hall.hear("alice/phone")
    hall.taken(hall.commit("alice/phone"), A)


# Who may propose, and how often


def test_all_proposals_of_a_request_or_none(hall):
    group, wires = lawless(hall.of("bob/phone").group), []
    ban = list_update(hall.of("bob/phone").policy, change={octets(CATHY): 1})
    for proposal in (SelfRemove(), ban):
        group, wire = group.propose(proposal, now=hall.now // 1000)
        wires.append(wire)
    hall.refused(bundle_of(wires), B, NOT_ALLOWED)
    assert hall.room.group.pending == ()


def test_proposals_that_come_again_are_answered_again(hall):
    leave = hall.leaving("bob/phone")
    first = hall.taken(leave, B)
    again = hall.asked(leave, B)
    assert again.response == first.response
    assert again.room is hall.room
    assert again.effects == ()


def test_proposals_that_come_again_in_other_company_are_answered_as_they_were(hall):
    leave = hall.leaving("bob/phone")
    first = hall.taken(leave, B)
    hall.taken(hall.proposing("cathy/phone", renamed(hall, b"Later")), C)
    for each in (leave.bundle.proposal_or_commit, *leave.bundle.attached.more_proposals):
        again = hall.asked(update_request(each, ProposalBundle()), B)
        assert again.response == first.response
        assert again.room is hall.room


def test_what_is_new_of_some_proposals_is_taken(hall):
    old = hall.proposing("bob/phone", renamed(hall, b"Club"))
    hall.taken(old, B)
    new = hall.proposing("bob/phone", Remove(leaf(hall, "bob/laptop")))
    messages = [old.bundle.proposal_or_commit, new.bundle.proposal_or_commit]
    both = update_request(messages[0], ProposalBundle((messages[1],)))
    step = hall.taken(both, B)
    assert [each.message for each in hall.room.accepted] == messages
    assert told(step)[0][1].attached.more_proposals == (messages[1],)


def test_proposals_of_others_come_from_their_provider(hall):
    leave = hall.leaving("bob/phone")
    hall.refused(leave, C, NOT_ALLOWED, "mimi://b.example/u/bob is of another provider")
    hall.taken(leave, B)
    hall.refused(leave, C, NOT_ALLOWED, "mimi://b.example/u/bob is of another provider")


def test_proposals_of_another_epoch(hall):
    late = hall.proposing("bob/phone", renamed(hall, b"Late"))
    hall.taken(hall.commit("alice/phone"), A)
    assert hall.refused(late, B, WRONG_EPOCH).current_epoch == 2


def test_a_proposal_that_is_invalid_is_named(hall):
    update = hall.proposing("bob/phone", renamed(hall, b"Club"))
    body = update.bundle.proposal_or_commit.body
    auth = replace(body.auth, signature=bytes(64))
    message = replace(update.bundle.proposal_or_commit, body=replace(body, auth=auth))
    details = hall.refused(update_request(message, ProposalBundle()), B, INVALID, "signature")
    (reference,) = details.invalid_proposals
    assert len(reference) == 32


def test_who_is_proposed_must_have_been_claimed(hall):
    """No commit could be taken otherwise: the hub would not know where the Welcome goes."""
    hall.buy("cathy", "tablet")
    package = hall.packages["cathy/tablet"][0]
    add = hall.proposing("cathy/phone", Add(package))
    hall.refused(add, C, NOT_ALLOWED, "the key package was not claimed here")
    hall.claimed([package], C)
    hall.taken(add, C)
    hall.hear("alice/phone")
    step = hall.taken(hall.commit("alice/phone"), A)
    assert kinds(step)[-1] == ("c", "welcome")


def test_who_proposes_to_be_added_is_welcomed_where_it_comes_from(hall):
    """Bob's tablet asks to be let in, and knows no other way."""
    hall.buy("bob", "tablet")
    client = hall.devices["bob/tablet"].client
    client, wire = client.propose_joining(
        hall.of("alice/phone").group.group_info(), now=hall.now // 1000
    )
    hall.refused(bundle_of([wire]), C, NOT_ALLOWED, "of another provider")
    hall.taken(bundle_of([wire]), B)
    hall.hear("alice/phone")
    step = hall.taken(hall.commit("alice/phone"), A)
    assert kinds(step)[-1] == ("b", "welcome")
