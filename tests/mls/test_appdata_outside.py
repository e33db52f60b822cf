"""Application data from outside the group, and from a store (draft-ietf-mls-extensions-10)."""

import pytest
from mls.attacker import PROPOSER, PUBLIC, Deviation, external
from mls.polls import (
    COMPONENTS,
    KNOWING,
    NOTES,
    POLL,
    STRICT,
    UNHEARD_OF,
    VOTES,
    ephemeral,
    joiner,
    member,
    polling,
    removal,
    said,
    update,
)
from mls.victims import (
    SERVER,
    check_followed,
    check_refused,
    followed,
)
from tree.members import NOW, refused

from mimi.mls import Group, PublicGroup, Settings, propose_from_outside
from mimi.mls.component_errors import (
    AbsentComponentError,
    ComponentConflictError,
    ComponentRefusalError,
    UnknownComponentError,
)
from mimi.mls.components import (
    dictionary,
)
from mimi.mls.errors import (
    ExternalCommitReferenceError,
    SenderContentError,
)

# From outside


@pytest.mark.parametrize("proposal", [update(NOTES, b"x"), ephemeral(NOTES)], ids=str)
def test_external_senders_may_send_both(proposal):
    at = polling()
    wire = propose_from_outside(at.alice.context, 0, proposal, SERVER)
    at = at.heard(wire)
    assert at.alice.pending[0].sender == external()
    assert at.public.pending == at.alice.pending
    draft = at.bob.commit(now=NOW, path=False)
    assert draft.left_out == ()
    check_followed(at, draft.commit)


def test_who_proposes_its_own_addition_may_not():
    at = polling()
    wire = at.server.send(update(NOTES, b"x"), how=Deviation(sender=PROPOSER))
    check_refused(at, wire, SenderContentError)


def test_external_commits_may_carry_both():
    at = polling(VOTES)
    newcomer, init = joiner(at)
    listed = init, update(POLL, b"\1"), ephemeral(NOTES, b"hi"), update(NOTES, b"here")
    after = check_followed(at, newcomer.commit(*listed, how=KNOWING))
    assert said(after) == {POLL: b"\0\1\0\0", NOTES: b"NewMemberCommitSender:here"}


@pytest.mark.parametrize("proposal", [update(NOTES, b"x"), ephemeral(NOTES)], ids=str)
def test_external_commits_may_not_refer_to_them(proposal):
    at = polling()
    at = at.heard(at.attacker.send(proposal))
    newcomer, init = joiner(at)
    (reference,) = at.alice.state.proposals
    check_refused(at, newcomer.commit(init, reference, how=KNOWING), ExternalCommitReferenceError)


@pytest.mark.parametrize(
    ("proposals", "kind"),
    [
        ([update(UNHEARD_OF, b"")], UnknownComponentError),
        ([removal(STRICT)], AbsentComponentError),
        ([update(POLL, b"\7")], ComponentRefusalError),
        ([removal(NOTES)], ComponentRefusalError),
        ([removal(POLL), update(POLL, b"\0")], ComponentConflictError),
    ],
    ids=str,
)
def test_external_commits_are_judged_alike(proposals, kind):
    at = polling(dictionary({POLL: bytes(4), NOTES: b"x"}))
    newcomer, init = joiner(at)
    bare = newcomer._covered((init,))
    check_refused(at, newcomer.commit(init, *proposals, covered=bare), kind)
    client = member("Heidi")
    with pytest.raises(kind):
        client.join_externally(at.alice.group_info(), proposals=proposals, now=NOW)


def test_a_client_joins_and_says_something():
    at = polling(VOTES)
    proposals = [update(POLL, b"\2"), ephemeral(NOTES, b"hello")]
    draft = member("Heidi").join_externally(at.alice.group_info(), proposals=proposals, now=NOW)
    after, group = check_followed(at, draft.commit), draft.accept()
    assert group.epoch_authenticator == after.epoch_authenticator
    assert said(group) == {POLL: b"\0\0\1\0"}


# Storing


def test_a_group_is_loaded_with_the_components_that_the_application_has():
    at = polling(VOTES)
    at = at.heard(at.attacker.send(update(POLL, b"\1")))
    settings = at.alice.settings
    alice = Group.load(at.alice.save(), settings=settings)
    public = PublicGroup.load(at.public.save(), components=COMPONENTS)
    (reference,) = alice.state.proposals
    wire = at.attacker.commit(reference, update(NOTES, b"x"), how=KNOWING)
    for group in (alice, public):
        assert said(followed(group, wire)) == {POLL: b"\0\1\0\0", NOTES: b"2:x"}


def test_components_are_not_among_the_rows():
    """Loaded without them, everybody refuses what the group goes on with, and commits the rest."""
    at = polling(VOTES)
    at = at.heard(at.attacker.send(update(POLL, b"\1")))
    bare = Settings(handshake=PUBLIC, grease=False)
    alice = Group.load(at.alice.save(), settings=bare)
    public = PublicGroup.load(at.public.save())
    wire = at.attacker.commit(update(POLL, b"\0"), how=KNOWING)
    for group in (alice, public):
        with refused(UnknownComponentError, component=POLL):
            group.receive(wire, now=NOW)
    assert [item.proposal for item in alice.commit(now=NOW).left_out] == [update(POLL, b"\1")]
