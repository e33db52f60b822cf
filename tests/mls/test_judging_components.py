"""Components that judge more than their own data: whole commits, proposals, groups."""

import attrs
import pytest
from mls.doorkeeper import (
    HOUSE,
    Blind,
    CrowdedError,
    Doorkeeper,
    UnwantedError,
    client,
    name_of,
    package,
    scene,
    settings_of,
)
from mls.meeting import PUBLIC
from mls.polls import COMPONENTS, NOTES, POLL, polling, update
from mls.snapshot import whole
from mls.victims import SERVER
from tree.members import NOW, refused

from mimi.mls import (
    Group,
    PublicGroup,
    SelfRemove,
    propose_from_outside,
)
from mimi.mls.appdata import Change, Components, judge_of
from mimi.mls.builtin import BUILT_IN, with_built_in
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import ComponentID, component_of
from mimi.mls.framing import (
    ExternalSenderIndex,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
)
from mimi.mls.group import read_key_package
from mimi.mls.negotiation import agreement
from mimi.mls.proposal import (
    Add,
    AppDataUpdate,
    ExternalInit,
    GroupContextExtensions,
    Update,
)

# Groups


def test_a_group_is_judged_when_it_is_created_joined_and_followed():
    at = scene()
    assert at.doors["alice"].seen[0] == ("group", 0, True)
    assert at.doors["bob"].seen == [("group", 1, False)]
    assert at.doors["public"].seen == [("group", 1, False)]


def test_a_group_that_is_refused():
    """Nobody is anywhere then."""
    at = scene()
    door = Doorkeeper()
    agreed = agreement(components=(HOUSE,), data=[(HOUSE, b"alice")])
    with refused(UnwantedError, name=b"alice"):
        client("alice", door).create_group(now=NOW, extensions=(agreed,))
    blind = client("alice", Blind())
    group = blind.create_group(now=NOW, extensions=(agreed,))
    info = group.group_info()
    with refused(UnwantedError, name=b"alice"):
        PublicGroup.from_group_info(info, now=NOW, components={HOUSE: door})
    with refused(UnwantedError, name=b"alice"):
        client("bob", door).join_externally(info, now=NOW)
    bob, offered = client("bob", door).key_package(now=NOW)
    draft = group.commit(add=[offered], now=NOW)
    with refused(UnwantedError, name=b"alice"):
        bob.join(draft.welcome, now=NOW)
    assert [each for each in door.seen if isinstance(each, tuple)][-1] == ("group", 1, False)
    assert at.numbers() == {2}


# Proposals


def test_proposals_are_judged_when_they_are_made_and_when_they_arrive():
    at = scene()
    at.forget()
    at.bob, wire = at.bob.propose_update(now=NOW)
    at.hears(wire, but="bob")
    outside = propose_from_outside(at.public.context, 0, update(NOTES, b"x"), SERVER)
    at.hears(outside)
    info = at.alice.group_info()
    _, joining = client("carol", Doorkeeper()).propose_joining(info, now=NOW)
    at.hears(joining)
    expected = [
        ("proposal", Update, MemberSender(1), PUBLIC, NOW),
        ("proposal", AppDataUpdate, ExternalSenderIndex(0), PUBLIC, NOW),
        ("proposal", Add, NewMemberProposalSender(), PUBLIC, NOW),
    ]
    for name, times in {"alice": 2, "bob": 2, "public": 2}.items():
        seen = [each for each in at.doors[name].seen if not isinstance(each, Change)]
        assert list(dict.fromkeys(seen)) == expected
        assert len(seen) in (3 * times, 3 * times - 1)


def test_a_proposal_that_is_refused():
    at = scene()
    eve = package("eve")
    before = {name: whole(group) for name, group in at.everybody.items()}
    with refused(UnwantedError, name=b"eve"):
        at.bob.propose_add(eve, now=NOW)
    blind = at.bob.with_settings(settings_of(Blind()))
    _, wire = blind.propose_add(eve, now=NOW)
    for group in (at.alice, at.public):
        with refused(UnwantedError, name=b"eve"):
            group.receive(wire, now=NOW)
    assert {name: whole(group) for name, group in at.everybody.items()} == before


# Commits


def test_a_commit_is_judged_as_a_whole():
    at = scene()
    at.bob, wire = at.bob.propose(update(NOTES, b"of Bob"), now=NOW)
    at.hears(wire, but="bob")
    at.forget()
    draft = at.alice.commit(proposals=[update(HOUSE, b"")], aad=b"", now=NOW)
    at.hears(draft.commit, but="alice")
    for name in at.doors:
        change = at.doors[name].changes[-1]
        assert change.sender == MemberSender(0)
        assert [(type(each), who) for each, who in change.proposals] == [
            (AppDataUpdate, MemberSender(1)),
            (AppDataUpdate, MemberSender(0)),
        ]
        assert change.wire_format == PUBLIC
        assert change.now == NOW
        assert component_of(change.extensions, HOUSE) == b""
        assert component_of(change.before.context.extensions, HOUSE) == b"eve"
        assert change.leaf is not None
        assert name_of(change.leaf) == b"alice"
    assert at.doors["public"].changes[0].before.context.epoch == 1


def test_a_commit_without_a_path_has_no_leaf():
    at = scene()
    at.forget()
    draft = at.alice.commit(add=[package("carol")], path=False, now=NOW)
    at.hears(draft.commit, but="alice")
    for door in at.doors.values():
        assert door.changes[-1].leaf is None
        assert [type(each) for each, _ in door.changes[-1].proposals] == [Add]


def test_an_empty_commit_is_judged_too():
    at = scene()
    at.forget()
    at.hears(at.alice.commit(now=NOW).commit, but="alice")
    assert [len(door.changes) for door in at.doors.values()] == [1, 1, 1]
    assert at.doors["bob"].changes[0].proposals == ()


def test_who_joins_by_a_commit_is_judged_by_its_leaf():
    at = scene()
    door = Doorkeeper()
    draft = client("carol", door).join_externally(at.alice.group_info(), now=NOW)
    at.forget()
    at.hears(draft.commit)
    for each in (door, *at.doors.values()):
        change = each.changes[-1]
        assert change.sender == NewMemberCommitSender()
        assert change.leaf is not None
        assert name_of(change.leaf) == b"carol"
        assert [type(proposal) for proposal, _ in change.proposals] == [ExternalInit]
    carol = draft.accept()
    assert carol.state.memo == {door: 3}
    assert at.numbers() == {3}


@pytest.mark.parametrize(
    ("names", "error", "where"),
    [
        (["eve"], UnwantedError, {"name": b"eve"}),
        (["carol", "eve"], UnwantedError, {"name": b"eve"}),
        (["carol", "dave", "erin"], CrowdedError, {"number": 3}),
    ],
)
def test_a_commit_that_is_refused(names, error, where):
    """By who would make it, by members and by followers; all stay where they are."""
    at = scene()
    packages = [package(name) for name in names]
    before = {name: group.save() for name, group in at.everybody.items()}
    with refused(error, **where):
        at.alice.commit(add=packages, now=NOW)
    blind = at.alice.with_settings(settings_of(Blind()))
    wire = blind.commit(add=packages, now=NOW).commit
    for group in (at.bob, at.public):
        with refused(error, **where):
            group.receive(wire, now=NOW)
    assert {name: group.save() for name, group in at.everybody.items()} == before


def test_a_joiner_that_is_refused():
    at = scene()
    info = at.alice.group_info()
    with refused(UnwantedError, name=b"eve"):
        client("eve", Doorkeeper()).join_externally(info, now=NOW)
    wire = client("eve", Blind()).join_externally(info, now=NOW).commit
    for group in at.everybody.values():
        with refused(UnwantedError, name=b"eve"):
            group.receive(wire, now=NOW)


def test_its_own_data_come_first():
    """What a component refuses to be told is refused before the commit is judged."""

    class Deaf(Doorkeeper):
        def updated(self, before, updates, state):
            raise ComponentRefusalError("not to be told")

    at = scene()
    deaf = Deaf()
    group = at.alice.with_settings(settings_of(deaf))
    with refused(ComponentRefusalError):
        group.commit(proposals=[update(HOUSE, b"")], now=NOW)
    assert deaf.changes == []


def test_every_component_judges():
    first, second = Doorkeeper(), Doorkeeper()
    at = scene()
    both: Components = {HOUSE: first, ComponentID(0x8101): second}
    group = at.alice.with_settings(attrs.evolve(at.alice.settings, components=both))
    with refused(UnwantedError):
        group.commit(add=[package("eve")], now=NOW)
    assert (len(first.changes), len(second.changes)) == (1, 0)
    group.commit(add=[package("carol")], now=NOW)
    assert (len(first.changes), len(second.changes)) == (2, 1)


def test_which_components_judge_commits():
    assert judge_of(BUILT_IN) is None
    assert judge_of(with_built_in(COMPONENTS)) is None
    assert judge_of({POLL: COMPONENTS[POLL], HOUSE: Doorkeeper()})


# What is remembered


def test_what_is_remembered_goes_from_epoch_to_epoch():
    at = scene()
    assert at.numbers() == {2}
    assert [door.counted for door in at.doors.values()] == [1, 1, 1]
    at.forget()
    for name in ("carol", "dave"):
        draft = at.alice.commit(add=[package(name)], now=NOW)
        at.alice = draft.accept()
        at.hears(draft.commit, but="alice")
    assert at.numbers() == {4}
    draft = at.bob.commit(remove=[2], now=NOW)
    at.hears(draft.commit, but="bob")
    at.bob = draft.accept()
    assert at.numbers() == {3}
    assert [door.counted for door in at.doors.values()] == [0, 0, 0]


def test_a_draft_that_is_dropped_leaves_nothing_behind():
    at = scene()
    at.numbers()
    for _ in range(2):
        at.alice.commit(add=[package("carol")], now=NOW)
    at.bob.receive(at.alice.commit(remove=[1], now=NOW).commit, now=NOW)
    assert at.numbers() == {2}


def test_a_commit_that_comes_back_opens_the_epoch_that_was_judged():
    at = scene()
    draft = at.alice.commit(add=[package("carol")], now=NOW)
    held = draft.hold()
    step = held.receive(draft.commit, now=NOW)
    assert step.group.state.memo == {at.doors["alice"]: 3}


def test_pending_proposals_belong_to_the_same_epoch():
    at = scene()
    at.numbers()
    group, _ = at.alice.propose_update(now=NOW)
    assert group.state.memo is at.alice.state.memo


def test_what_is_remembered_is_not_stored_and_worked_out_anew():
    at = scene()
    at.numbers()
    door = at.doors["alice"]
    loaded = Group.load(at.alice.save(), settings=settings_of(door))
    followed = PublicGroup.load(at.public.save(), components=with_built_in({HOUSE: door}))
    assert (loaded.state.memo, followed.state.memo) == ({}, {})
    door.counted = 0
    draft = at.bob.commit(add=[package("carol")], now=NOW)
    for group in (loaded, followed):
        (event,) = group.receive(draft.commit, now=NOW).events
        assert event.accept().group.state.memo == {door: 3}
    assert door.counted == 2


def test_a_component_that_only_knows_its_data_remembers_nothing():
    at = polling()
    assert at.alice.state.memo == {}
    assert at.public.state.memo == {}


# Which pending proposals are committed


def test_what_one_sender_proposes_is_tried_together():
    """Two of Bob's guests and two of the server's are too many: those of one are committed."""
    at = scene()
    for name in ("carol", "dave"):
        at.bob, wire = at.bob.propose_add(package(name), now=NOW)
        at.hears(wire, but="bob")
    for name in ("erin", "frank"):
        add = Add(read_key_package(package(name)))
        at.hears(propose_from_outside(at.public.context, 0, add, SERVER))
    draft = at.alice.commit(now=NOW)
    assert {each.sender for each in draft.left_out} == {ExternalSenderIndex(0)}
    assert len(draft.left_out) == 2


def test_what_is_too_much_of_one_sender_is_taken_apart():
    at = scene()
    for name in ("carol", "dave", "erin"):
        at.bob, wire = at.bob.propose_add(package(name), now=NOW)
        at.hears(wire, but="bob")
    draft = at.alice.commit(now=NOW)
    assert len(draft.left_out) == 1
    assert len(draft.transition.covered) == 2


def test_what_a_judge_forbids_does_not_hold_up_a_leave():
    at = scene()
    at.bob, leave = at.bob.propose(SelfRemove(), now=NOW)
    at.hears(leave, but="bob")
    for name in ("carol", "dave", "erin"):
        add = Add(read_key_package(package(name)))
        at.hears(propose_from_outside(at.public.context, 0, add, SERVER))
    draft = at.alice.commit(now=NOW)
    assert SelfRemove() not in [each.proposal for each in draft.left_out]
    assert len(draft.left_out) == 1


def test_extensions_are_judged_with_the_rest():
    at = scene()
    at.forget()
    extensions = at.alice.extensions
    at.hears(at.alice.commit(extensions=extensions, now=NOW).commit, but="alice")
    assert [type(each) for each, _ in at.doors["bob"].changes[0].proposals] == [
        GroupContextExtensions
    ]
