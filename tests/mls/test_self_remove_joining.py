"""Joining by a commit that takes along who leaves (draft-ietf-mls-extensions-10 section 6.3)."""

from collections.abc import Callable

import pytest
from mls.attacker import (
    PRIVATE,
    Attacker,
    Deviation,
    zeros,
)
from mls.polls import ME, POLL, leaving, member, polling, removed
from mls.victims import (
    ALICE,
    BOB,
    ERIN,
    MALLORY,
    Scene,
    check_followed,
    check_refused,
    followed,
    proposed,
)
from tree.members import NOW, refused

from mimi.codec import decode, replace
from mimi.errors import MalformedError
from mimi.mls import (
    ExternalDraft,
    Group,
    Held,
    MissingProposals,
    Role,
)
from mimi.mls.component_errors import (
    RepeatedSelfRemoveError,
    SelfRemoveFramingError,
)
from mimi.mls.errors import (
    ExternalProposalError,
    MessageSignatureError,
    RepeatedLeafError,
    UnexpectedMessageError,
    UnknownSenderError,
    WrongEpochError,
    WrongGroupError,
)
from mimi.mls.framing import MemberSender
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import agreement
from mimi.mls.proposal import (
    Commit,
    Remove,
)
from mimi.tree.errors import UnrotatedKeyError


def heidi(at: Scene, *wires: bytes, **options) -> ExternalDraft[Group]:
    """Return the commit by which Heidi joins and takes along who leaves."""
    return member("Heidi").join_externally(at.alice.group_info(), pending=wires, now=NOW, **options)


def test_a_joiner_takes_along_who_leaves():
    at, first = leaving()
    at, second = leaving("mallory", at)
    draft = heidi(at, first, second)
    after, group = check_followed(at, draft.commit), draft.accept()
    assert group.epoch_authenticator == after.epoch_authenticator
    assert removed(group) == [ALICE, BOB, MALLORY]  # Heidi is at Mallory's leaf
    commit = decode(MLSMessage, draft.commit).body.content.content
    assert isinstance(commit, Commit)
    assert list(commit.proposals[1:]) == list(at.alice.state.proposals)


def test_who_leaves_is_not_taken_for_the_joiners_earlier_self():
    at, wire = leaving()
    (event,) = at.alice.receive(heidi(at, wire).commit, now=NOW).events
    (check,) = event.credentials
    assert check.role is Role.JOINER
    assert check.predecessor is None


def test_everybody_may_leave_when_somebody_joins():
    at = polling()
    groups = {name: getattr(at, name) for name in ("alice", "bob", "mallory", "erin")}
    wires = [group.propose(ME, now=NOW)[1] for group in groups.values()]
    draft = heidi(at, *wires)
    group = draft.accept()
    assert removed(group) == [ALICE]
    alice = groups["alice"]
    for wire in wires:
        alice = proposed(alice, wire)
    (event,) = alice.receive(draft.commit, now=NOW).events
    assert event.removes_me
    public = at.public
    for wire in wires:
        public = proposed(public, wire)
    assert followed(public, draft.commit).context == group.context


def test_without_the_proposal_a_commit_waits():
    at, wire = leaving()
    draft = heidi(at, wire)
    for group in (polling().alice, polling().public):
        step = group.receive(draft.commit, now=NOW)
        assert step.events == (Held(MissingProposals(tuple(at.alice.state.proposals))),)
        assert step.group is group
        assert followed(proposed(group, wire), draft.commit).epoch == group.epoch + 1


def test_the_same_message_twice_is_one_proposal():
    at, wire = leaving()
    draft = heidi(at, wire, wire)
    assert [item.proposal for item in draft.transition.covered][1:] == [ME]
    check_followed(at, draft.commit)


def test_whoever_comes_back_may_have_wanted_to_leave():
    """The Remove of its old leaf is invalid beside the SelfRemove, and left out by the joiner."""
    at, wire = leaving()
    client = member("Erin")
    draft = client.join_externally(at.alice.group_info(), resync=ERIN, pending=[wire], now=NOW)
    assert [type(item.proposal).__name__ for item in draft.transition.covered] == [
        "ExternalInit",
        "SelfRemove",
    ]
    after = check_followed(at, draft.commit)
    assert after.members[-1].leaf_node.credential == client.credential
    newcomer, init = Attacker.joining(client, at.alice)
    (reference,) = at.alice.state.proposals
    bare = newcomer._covered((init, reference))
    wire = newcomer.commit(init, reference, Remove(ERIN), covered=bare)
    check_refused(at, wire, RepeatedLeafError, leaf=ERIN)


def test_a_resync_beside_somebody_elses_leaving():
    at, wire = leaving("mallory")
    draft = member("Erin").join_externally(
        at.alice.group_info(), resync=ERIN, pending=[wire], now=NOW
    )
    after = check_followed(at, draft.commit)
    assert removed(after) == [ALICE, BOB, MALLORY]
    (event,) = at.alice.receive(draft.commit, now=NOW).events
    assert event.credentials == ()  # Erin shows what it showed before


def test_a_joiner_does_not_come_back_with_the_key_of_a_leaf_that_leaves():
    at, _ = leaving()
    (reference,) = at.alice.state.proposals
    newcomer, init = Attacker.joining(member("Erin"), at.alice)
    key = at.erin.leaf_node.encryption_key
    commit = newcomer.commit(init, reference, signed=lambda leaf: replace(leaf, encryption_key=key))
    check_refused(at, commit, UnrotatedKeyError, leaf=ERIN)


def told(**how: object) -> Callable[[Scene], bytes]:
    """Return Mallory's SelfRemove with something wrong about it."""
    return lambda at: at.attacker.send(ME, how=Deviation(**how))


def of_the_next_epoch(at: Scene) -> bytes:
    return followed(at.erin, at.bob.commit(now=NOW).commit).propose(ME, now=NOW)[1]


def of_another_group(_: Scene) -> bytes:
    return member("Erin").create_group(b"another", now=NOW).propose(ME, now=NOW)[1]


WRONG = {
    "signature": (told(signature=zeros), MessageSignatureError),
    "another's name": (told(sender=MemberSender(BOB)), MessageSignatureError),
    "nobody's name": (told(sender=MemberSender(3)), UnknownSenderError),
    "another epoch": (of_the_next_epoch, WrongEpochError),
    "another group": (of_another_group, WrongGroupError),
    "another proposal": (lambda at: at.attacker.send(Remove(BOB)), UnexpectedMessageError),
    "a commit": (lambda at: at.attacker.commit(), UnexpectedMessageError),
    "private": (lambda at: at.attacker.send(ME, PRIVATE), SelfRemoveFramingError),
    "no message of a group": (lambda at: at.alice.group_info(), SelfRemoveFramingError),
    "from outside": (lambda at: at.server.send(ME), ExternalProposalError),
}


@pytest.mark.parametrize(("make", "kind"), WRONG.values(), ids=WRONG)
def test_a_joiner_checks_what_it_takes_along(make, kind):
    at = polling()
    with refused(kind):
        heidi(at, make(at))


def test_a_joiner_refuses_two_of_one_member():
    at, first = leaving("mallory")
    second = at.attacker.send(ME, how=Deviation(aad=b"second"))
    with refused(RepeatedSelfRemoveError, sender=MemberSender(MALLORY)):
        heidi(at, first, second)


def test_a_joiner_cannot_check_the_membership_tag():
    """Whoever knows it to be wrong refuses the commit's reference: the proposal never came."""
    at = polling()
    wire = at.attacker.send(ME, how=Deviation(membership=zeros))
    draft = heidi(at, wire)
    (event,) = at.alice.receive(draft.commit, now=NOW).events
    assert isinstance(event, Held)


def test_octets_that_are_none_do_not_parse():
    with pytest.raises(MalformedError):
        heidi(polling(), b"\0\1\0\1")


def test_a_joiner_checks_its_authenticated_data_too():
    at = polling(agreement(safe_aad=(POLL,)))
    with pytest.raises(MalformedError):
        heidi(at, at.attacker.send(ME))
    _, wire = at.erin.propose(ME, now=NOW)
    assert heidi(at, wire).transition.applied.removed == (ERIN,)


# Storing


def test_a_pending_one_is_stored():
    at, _ = leaving()
    alice = Group.load(at.alice.save(), settings=at.alice.settings)
    assert alice.pending == at.alice.pending
    assert alice.save() == at.alice.save()
    assert [item.proposal for item in alice.commit(now=NOW).transition.covered] == [ME]
