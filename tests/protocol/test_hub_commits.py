"""Commits at the hub: one in an epoch, with all that the hub needs (sections 5.2, 5.3 and 7)."""

import attrs
import pytest
from mls.attacker import Attacker
from protocol.hall import (
    ALICE,
    BOB,
    CATHY,
    INVALID,
    NOT_ALLOWED,
    ROOM,
    USER,
    WRONG_EPOCH,
    A,
    B,
    C,
    Hall,
    changed_bundle,
    kinds,
    lawless,
    octets,
    told,
)

from mimi.codec import decode, replace
from mimi.mls import (
    Add,
    MLSMessage,
    PartialGroupInfo,
    Remove,
    SelfRemove,
    Welcome,
    full_tree,
)
from mimi.mls.tree_options import ServedRatchetTree
from mimi.mls.welcome import sign_group_info
from mimi.policy.operational import OperationalParameters
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update
from mimi.protocol import Cascade, CommitBundle, FullGroupInfo, update_request
from mimi.protocol.room import RECENT
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, ExternalPub, extension


@pytest.fixture
def hall():
    return Hall().furnished("alice", "bob")


# One after another


def test_of_two_commits_in_an_epoch_the_first_is_taken(hall):
    first, second = hall.commit("bob/phone"), hall.commit("alice/phone")
    step = hall.taken(first, B)
    assert step.response.details.accepted_timestamp == hall.room.timestamp
    assert hall.refused(second, A, WRONG_EPOCH).current_epoch == 2


def test_a_commit_that_comes_again_is_answered_again(hall):
    commit = hall.commit("bob/phone")
    first = hall.taken(commit, B)
    for name in ("alice/laptop", "alice/phone"):
        again = hall.asked(commit, B)
        assert again.response == first.response
        assert again.room is hall.room
        assert again.effects == ()
        hall.taken(hall.commit(name, group=followed(hall, name)), A)


def followed(hall, name):
    hall.hear(name)
    return hall.of(name).group


def test_a_commit_that_another_provider_repeats_is_of_another_epoch(hall):
    commit = hall.commit("bob/phone")
    hall.taken(commit, B)
    hall.refused(commit, A, WRONG_EPOCH)


def test_what_was_accepted_long_ago_is_forgotten(hall):
    commit, older = hall.commit("bob/phone"), len(hall.room.recent)
    hall.taken(commit, B)
    hall.hear("bob/laptop")
    while len(hall.room.recent) < RECENT:
        hall.taken(hall.message("bob/laptop", str(hall.now)), B)
    assert hall.asked(commit, B).room is hall.room
    for _ in range(older + 1):
        hall.taken(hall.message("bob/laptop", str(hall.now)), B)
        assert len(hall.room.recent) == RECENT
    hall.refused(commit, B, WRONG_EPOCH)


def test_times_go_on_though_the_clock_goes_back(hall):
    hall.taken(hall.commit("bob/phone"), B)
    before = hall.room.timestamp
    hall.hear("alice/laptop")
    step = hall.taken(hall.commit("alice/laptop"), A, now=0)
    assert step.response.details.accepted_timestamp == before + 1


def test_a_commit_for_another_group(hall):
    other = Hall()
    other.create("alice/laptop")
    hall.refused(other.commit("alice/laptop"), A, NOT_ALLOWED, "the room has another group")


def test_a_commit_of_an_epoch_that_is_yet_to_come(hall):
    group = hall.of("bob/phone").group
    ahead = group.commit(now=hall.now // 1000).accept()
    early = hall.commit("bob/phone", group=ahead)
    assert hall.refused(early, B, WRONG_EPOCH).current_epoch == 1


def test_a_commit_of_unknown_proposals(hall):
    group, _ = hall.of("bob/phone").group.propose(SelfRemove(), now=hall.now // 1000)
    group, _ = group.propose(Remove(hall.of("bob/laptop").group.leaf_index), now=hall.now // 1000)
    unknown = hall.commit("bob/phone", group=group)
    (reference,) = hall.refused(unknown, B, INVALID, "does not have them").invalid_proposals
    assert reference in group.state.proposals


def test_a_commit_that_removes_its_own_committer_names_why(hall):
    """What the committer must not cover is named, so that it can leave it out."""
    removal = hall.proposing("alice/phone", Remove(hall.of("bob/phone").group.leaf_index))
    hall.taken(removal, A)
    hall.hear("bob/phone")
    group = hall.of("bob/phone").group
    (pending,) = group.pending
    attacker = Attacker.inside(group)
    wire = attacker.commit(
        pending.reference, covered=(), components=group.settings.components, aad=b"\0"
    )
    request = update_request(
        decode(MLSMessage, wire),
        CommitBundle(None, FullGroupInfo(info_of(hall, group)), ServedRatchetTree()),
    )
    details = hall.refused(request, B, INVALID, "removes itself")
    assert details.invalid_proposals == (pending.reference,)
    hall.taken(hall.commit("bob/phone"), B)


def info_of(hall, group):
    """Return a group info of the next epoch of which nothing else is right."""
    context = replace(group.context, epoch=group.epoch + 1)
    return sign_group_info(group.suite, context, (), b"tag", group.leaf_index, group.signer)


def test_a_commit_comes_from_its_users_provider(hall):
    hall.refused(hall.commit("bob/phone"), A, NOT_ALLOWED, "is of another provider")


def test_a_commit_that_the_policy_forbids(hall):
    ban = list_update(hall.of("bob/phone").policy, change={octets(ALICE): 1})
    leaves = [hall.of(name).group.leaf_index for name in ("alice/phone", "alice/laptop")]
    forbidden = hall.commit(
        "bob/phone", group=lawless(hall.of("bob/phone").group), remove=leaves, proposals=[ban]
    )
    hall.refused(forbidden, B, NOT_ALLOWED, "lacks canBan")


# Who hears of it


def test_those_who_are_removed_hear_of_it(hall):
    change = hall.of("alice/phone").remove([octets(BOB)], now=hall.now)
    step = hall.taken(change.request, A)
    assert kinds(step) == [("a", "commit"), ("b", "commit")]
    assert hall.room.audience.followers == (A,)
    assert step.effects[-1] == Cascade(ROOM, (octets(BOB),))


def test_who_joins_by_a_commit_hears_of_it_too(hall):
    """Bob is a participant without clients; his provider is told of his own commit."""
    hall.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=hall.now))
    assert hall.room.audience.followers == (A,)
    hall.buy("bob", "tablet")
    step = hall.taken(hall.joining("bob/tablet"), B)
    assert kinds(step) == [("a", "commit"), ("b", "commit")]


def test_notifications_are_numbered_for_each_provider(hall):
    hall.taken(hall.commit("bob/phone"), B)
    step = hall.taken(hall.commit("alice/phone", group=followed(hall, "alice/phone")), A)
    numbers = {str(each.provider): each.number for each in step.effects}
    assert numbers == {str(at): each - 1 for at, each in hall.room.numbers.items()}
    assert all(each.room == ROOM for each in step.effects)


# Key packages and Welcomes


def added(hall, packages, **options):
    return hall.commit(
        "alice/phone",
        add=packages,
        proposals=[list_update(hall.of("alice/phone").policy, add={octets(CATHY): USER})],
        **options,
    )


def test_a_welcome_goes_where_the_key_packages_came_from(hall):
    packages = hall.claimed(hall.packages_of("cathy"), C)
    step = hall.taken(added(hall, packages), A)
    assert kinds(step) == [("a", "commit"), ("b", "commit"), ("c", "commit"), ("c", "welcome")]
    to, welcome = told(step)[-1]
    assert to == "c.example"
    assert welcome.attached.ratchet_tree_option == full_tree(hall.room.group.ratchet_tree)
    assert C not in {each.provider for each in hall.room.destinations.values()}


def test_key_packages_that_somebody_else_claimed_are_as_good(hall):
    """Bob claims them for the room, Alice uses them: the hub remembers them for the room."""
    material = hall.material("bob/phone", "cathy")
    packages = [each.material for each in material.response.clients]
    step = hall.taken(added(hall, packages), A)
    assert kinds(step)[-1] == ("c", "welcome")


def test_key_packages_that_were_claimed_elsewhere(hall):
    unclaimed = added(hall, hall.packages_of("cathy"))
    hall.refused(unclaimed, A, NOT_ALLOWED, "2 key packages were not claimed here")


def test_key_packages_are_forgotten_when_they_are_used_or_over(hall):
    cathys = hall.claimed(hall.packages_of("cathy"), C)
    device, short = hall.devices["bob/phone"].key_packages(
        1, now=hall.now, last_resort=False, lifetime=3600
    )
    hall.put_device("bob/phone", device)
    hall.claimed(short, B)
    assert known(hall) == [A, B, C, C]  # one of Alice's was not needed
    hall.taken(added(hall, cathys[:1]), A)
    assert known(hall) == [A, B, C]
    hall.now += 7_200_000
    hall.hear("bob/laptop")
    hall.taken(hall.commit("bob/laptop"), B)
    assert known(hall) == [A, B, C]
    hall.claimed([cathys[1]], C)
    assert known(hall) == [A, C]  # Bob's is over, and Cathy's the same


def known(hall):
    """Return from which providers the hub knows key packages."""
    return sorted((each.provider for each in hall.room.destinations.values()), key=str)


def test_who_is_proposed_is_not_forgotten(hall):
    """While somebody is to be added, the hub knows where the Welcome goes, whatever the time is."""
    device, packages = hall.devices["bob/phone"].key_packages(
        1, now=hall.now, last_resort=False, lifetime=3600
    )
    hall.buy("bob", "tablet")
    device, packages = hall.devices["bob/tablet"].key_packages(
        1, now=hall.now, last_resort=False, lifetime=3600
    )
    hall.put_device("bob/tablet", device)
    hall.claimed(packages, B)
    hall.taken(hall.proposing("bob/phone", Add(packages[0])), B)
    hall.hear("alice/phone")
    hall.now += 7_200_000
    hall.room = attrs.evolve(hall.room, timestamp=hall.now)
    hall.claimed(hall.packages_of("cathy")[:1], C)
    step = hall.taken(hall.commit("alice/phone"), A)
    assert kinds(step)[-1] == ("b", "welcome")


def test_a_commit_that_adds_has_a_welcome(hall):
    request = added(hall, hall.claimed(hall.packages_of("cathy"), C))
    words = "the Welcome is not for those whom the commit adds"
    hall.refused(changed_bundle(request, welcome=None), A, NOT_ALLOWED, words)


def test_who_is_added_joins_by_the_tree_that_the_hub_makes(hall):
    change = hall.of("alice/phone").add([hall.material("alice/phone", "cathy")], now=hall.now)
    step = hall.taken(changed_bundle(change.request, ratchet_tree_option=ServedRatchetTree()), A)
    _, welcome = told(step)[-1]
    assert welcome.attached.ratchet_tree_option == full_tree(hall.room.group.ratchet_tree)
    hall.hear("cathy/phone")
    assert hall.of("cathy/phone").group.epoch == hall.room.group.epoch


def test_a_welcome_for_others(hall):
    cathys = hall.claimed(hall.packages_of("cathy"), C)
    request, other = added(hall, cathys[:1]), added(hall, cathys)
    words = "the Welcome is not for those whom the commit adds"
    welcome = other.bundle.attached.welcome
    hall.refused(changed_bundle(request, welcome=welcome), A, NOT_ALLOWED, words)
    own = request.bundle.attached.welcome
    hall.refused(changed_bundle(other, welcome=own), A, NOT_ALLOWED, words)
    twice = replace(own, secrets=own.secrets * 2)
    hall.refused(changed_bundle(request, welcome=twice), A, NOT_ALLOWED, words)
    none = hall.commit("bob/phone")
    hall.refused(changed_bundle(none, welcome=own), B, NOT_ALLOWED, words)


def test_a_welcome_for_nobody(hall):
    request = hall.commit("bob/phone")
    nobody = Welcome(hall.room.group.suite.code, (), b"")
    hall.refused(changed_bundle(request, welcome=nobody), B, NOT_ALLOWED, "for nobody")


def test_a_welcome_of_another_cipher_suite(hall):
    request = added(hall, hall.claimed(hall.packages_of("cathy"), C))
    welcome = replace(request.bundle.attached.welcome, cipher_suite=3)
    hall.refused(changed_bundle(request, welcome=welcome), A, NOT_ALLOWED, "another cipher suite")


# Group info and tree


def test_the_group_info_is_that_of_the_next_epoch(hall):
    request, other = hall.commit("bob/phone"), hall.commit("bob/phone")
    info = other.bundle.attached.group_info_option
    false = changed_bundle(request, group_info_option=info)
    hall.refused(false, B, NOT_ALLOWED, "the group info is not that of the epoch")


def signed_by(hall, name, request, **changes):
    """Return an update whose group info somebody has signed anew."""
    group = hall.of(name).group
    info = request.bundle.attached.group_info_option.group_info
    fields = {
        "group_context": info.group_context,
        "extensions": info.extensions,
        "confirmation_tag": info.confirmation_tag,
        **changes,
    }
    signed = sign_group_info(group.suite, *fields.values(), group.leaf_index, group.signer)
    return changed_bundle(request, group_info_option=FullGroupInfo(signed))


def test_the_group_info_is_signed(hall):
    request = hall.commit("bob/phone")
    info = request.bundle.attached.group_info_option.group_info
    false = FullGroupInfo(replace(info, signature=bytes(64)))
    request = changed_bundle(request, group_info_option=false)
    hall.refused(request, B, NOT_ALLOWED, "group info: ")


def test_the_group_info_is_the_committers(hall):
    request = signed_by(hall, "alice/phone", hall.commit("bob/phone"))
    hall.refused(request, B, NOT_ALLOWED, "the group info is not the committer's")


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (Extension(ExtensionType.EXTERNAL_PUB, b"\xff"),),
        (extension(ExtensionType.EXTERNAL_PUB, ExternalPub(b"key")),),
        (extension(ExtensionType.EXTERNAL_PUB, ExternalPub(bytes(32))),),
    ],
    ids=["no key", "malformed", "no key of the suite", "a key of small order"],
)
def test_one_can_join_with_the_group_info(hall, extensions):
    request = signed_by(hall, "bob/phone", hall.commit("bob/phone"), extensions=extensions)
    hall.refused(request, B, NOT_ALLOWED, "nobody could join with the group info")


def test_nobody_need_join_a_room_that_is_closed():
    closed = OperationalParameters(external_commit_allowed=False)
    hall = Hall().furnished("bob", preset=COOPERATIVE.having(closed))
    hall.taken(signed_by(hall, "bob/phone", hall.commit("bob/phone"), extensions=()), B)


def test_the_tree_is_that_of_the_group(hall):
    request = hall.commit("bob/phone")
    genuine = hall.of("bob/phone").group.commit(now=hall.now // 1000).accept()
    false = full_tree(hall.room.group.ratchet_tree)
    hall.refused(
        changed_bundle(request, ratchet_tree_option=false), B, NOT_ALLOWED, "the ratchet tree"
    )
    assert genuine.ratchet_tree


def test_the_hub_makes_the_group_info_of_a_part(hall):
    """A device sends what only it knows; a new device joins with what the hub has made of it."""
    partial = Hall(partial=True).furnished("alice", "bob")
    request = partial.of("bob/phone").commit(now=partial.now).request
    assert isinstance(
        request.bundle.attached.group_info_option.partial_group_info, PartialGroupInfo
    )
    partial.taken(request, B)
    assert partial.room.group.group_info.group_context == partial.room.group.context
    partial.buy("bob", "tablet")
    partial.taken(partial.joining("bob/tablet"), B)


def test_a_part_that_does_not_make_a_group_info(hall):
    partial = Hall(partial=True).furnished("alice", "bob")
    request = partial.of("bob/phone").commit(now=partial.now).request
    option = request.bundle.attached.group_info_option
    false = replace(option.partial_group_info, signature=bytes(64))
    request = changed_bundle(request, group_info_option=replace(option, partial_group_info=false))
    partial.refused(request, B, NOT_ALLOWED, "group info: ")
