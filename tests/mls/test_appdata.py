"""AppDataUpdate and AppEphemeral in a group (draft-ietf-mls-extensions-10 sections 4.7, 4.8)."""

import pytest
from mls.attacker import PRIVATE, PUBLIC
from mls.polls import (
    COMPONENTS,
    FAULTY,
    KNOWING,
    LENIENT,
    NOTES,
    POLL,
    STRICT,
    UNHEARD_OF,
    UPDATES,
    VOTES,
    ClosedPollError,
    FaultyError,
    Notes,
    committed,
    ephemeral,
    joiner,
    member,
    polling,
    removal,
    said,
    update,
)
from mls.snapshot import whole
from mls.victims import (
    COMMON,
    SENDERS,
    SERVER,
    check_followed,
    check_refused,
    check_unharmed,
    requiring,
    scene,
)
from tree.members import NOW, refused

from mimi.codec import encode
from mimi.errors import MalformedError
from mimi.mls import PublicGroup, Settings, propose_from_outside
from mimi.mls.appdata import check_group_data
from mimi.mls.component_errors import (
    AbsentComponentError,
    ComponentConflictError,
    ComponentRefusalError,
    DictionaryChangedError,
    UnknownComponentError,
)
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    component_of,
    dictionary,
    with_components,
)
from mimi.mls.errors import (
    MissingPathError,
    UnsupportedProposalError,
)
from mimi.mls.proposal import (
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    Proposal,
)
from mimi.tree.extension import Extension, find

by_value_or_not = pytest.mark.parametrize("by_value", [True, False], ids=["value", "reference"])


# What updates do


@by_value_or_not
@pytest.mark.parametrize("path", [True, False])
def test_updates_of_a_component_are_given_to_it_in_their_order(by_value, path):
    proposals = [update(NOTES, b"one"), update(POLL, b"\2"), update(NOTES, b"two")]
    at, wire = committed(polling(), *proposals, by_value=by_value, path=path, components=COMPONENTS)
    after = check_followed(at, wire)
    assert said(after) == {POLL: b"\0\0\1\0", NOTES: b"2:one|2:two"}


def test_updates_of_different_senders_by_reference_and_by_value():
    at = polling()
    bob, first = at.bob.propose(update(NOTES, b"of Bob"), now=NOW)
    second = at.attacker.send(update(NOTES, b"of Mallory"))
    third = propose_from_outside(at.alice.context, 0, update(NOTES, b"of the server"), SERVER)
    at = at.heard(first, second, third)
    references = list(at.alice.state.proposals)
    listed = [references[2], update(NOTES, b"of the committer"), references[0], references[1]]
    after = check_followed(at, at.attacker.commit(*listed, how=KNOWING))
    assert said(after)[NOTES] == (
        b"ExternalSenderIndex:of the server|2:of the committer|1:of Bob|2:of Mallory"
    )
    assert bob.pending[0].proposal == update(NOTES, b"of Bob")


def test_a_dictionary_is_added_at_the_end_of_the_extensions():
    at = polling()
    assert find(at.alice.extensions, APP_DATA_DICTIONARY) is None
    after = check_followed(at, at.attacker.commit(update(POLL, b"\0"), how=KNOWING))
    made = dictionary({POLL: b"\1\0\0\0"})
    assert after.extensions == (SENDERS, UPDATES, made)
    assert made.extension_data.hex() == "0780010401000000"


def test_a_dictionary_stays_where_it_is_and_sorted():
    kept = {1: b"\0", 0x8000: b"before", 0x9000: b"behind"}
    group = member("Ida").create_group(now=NOW, extensions=(dictionary(kept), UPDATES, SENDERS))
    draft = group.commit(now=NOW, proposals=[update(NOTES, b"x"), update(POLL, b"\1")])
    after = draft.accept()
    assert [at.extension_type for at in after.extensions] == [
        APP_DATA_DICTIONARY,
        UPDATES.extension_type,
        SENDERS.extension_type,
    ]
    assert list(said(after).items()) == [
        (1, b"\0"),
        (0x8000, b"before"),
        (POLL, b"\0\1\0\0"),
        (NOTES, b"0:x"),
        (0x9000, b"behind"),
    ]


@by_value_or_not
def test_data_that_is_removed_is_gone_and_an_empty_dictionary_is_kept(by_value):
    at, wire = committed(polling(VOTES), removal(POLL), by_value=by_value, components=COMPONENTS)
    after = check_followed(at, wire)
    assert after.extensions == (SENDERS, UPDATES, Extension(APP_DATA_DICTIONARY, b"\0"))


def test_of_several_built_in_updates_the_last_one_counts():
    group = member("Ida").create_group(now=NOW)
    proposals = [update(1, b"\x02\0\1"), update(1, b"\x02\0\2")]
    assert said(group.commit(now=NOW, proposals=proposals).accept()) == {1: b"\x02\0\2"}


def test_only_the_component_that_changes_is_looked_at():
    """What is behind it need not even parse: nobody decodes what others say."""
    (before,), entry = (dictionary({POLL: bytes(4), STRICT: bytes(20_000)}),), b"\x80\1\4"
    place = before.extension_data.index(entry) + 7
    noise = b"\xff" * (len(before.extension_data) - place)
    broken = (Extension(APP_DATA_DICTIONARY, before.extension_data[:place] + noise),)
    (after,) = with_components(broken, {POLL: b"\1\0\0\0"})
    assert after.extension_data == before.extension_data[: place - 4] + b"\1\0\0\0" + noise
    assert component_of(broken, POLL) == bytes(4)
    with pytest.raises(MalformedError):
        component_of(broken, 0xFFFF)


# What is refused


@by_value_or_not
@pytest.mark.parametrize(
    "proposal", [update(UNHEARD_OF, b""), removal(UNHEARD_OF), ephemeral(UNHEARD_OF)], ids=str
)
def test_a_component_that_the_application_does_not_have(proposal, by_value):
    at = polling(dictionary({UNHEARD_OF: b"of a component that others have"}))
    attacker = at.attacker
    wire = attacker.commit(proposal, components=LENIENT) if by_value else attacker.send(proposal)
    check_refused(at, wire, UnknownComponentError, component=UNHEARD_OF)
    with refused(UnknownComponentError, component=UNHEARD_OF):
        at.bob.propose(proposal, now=NOW)
    with refused(UnknownComponentError, component=UNHEARD_OF):
        at.bob.commit(proposals=[proposal], now=NOW)


@by_value_or_not
@pytest.mark.parametrize("extensions", [(), (VOTES,)], ids=["no dictionary", "another component"])
def test_removal_of_what_is_not_there(extensions, by_value):
    at = polling(*extensions)
    attacker, proposal = at.attacker, removal(NOTES)
    wire = attacker.commit(proposal, covered=()) if by_value else attacker.send(proposal)
    check_refused(at, wire, AbsentComponentError, component=NOTES)


def test_removal_of_what_is_not_there_yet_where_other_proposals_may_bring_it():
    """AppDataUpdate is not required: GroupContextExtensions of the same commit bring the data."""
    at = polling(required=False)
    at = at.heard(at.attacker.send(removal(POLL)))
    (reference,) = at.alice.state.proposals
    check_refused(
        at, at.attacker.commit(reference, covered=()), AbsentComponentError, component=POLL
    )
    brought = GroupContextExtensions((SENDERS, VOTES))
    after = check_followed(at, at.attacker.commit(reference, brought, how=KNOWING))
    assert said(after) == {}


CONFLICTS = {
    "removed twice": (removal(POLL), removal(POLL)),
    "updated, then removed": (update(POLL, b"\0"), removal(POLL)),
    "removed, then updated": (removal(POLL), update(POLL, b"\0")),
    "others between": (removal(POLL), update(NOTES, b"x"), removal(POLL)),
}


@by_value_or_not
@pytest.mark.parametrize("proposals", CONFLICTS.values(), ids=CONFLICTS)
def test_removal_beside_anything_else_for_the_component(proposals, by_value):
    at, wire = committed(polling(VOTES), *proposals, by_value=by_value, covered=())
    check_refused(at, wire, ComponentConflictError, component=POLL)
    with refused(ComponentConflictError, component=POLL):
        at.bob.commit(proposals=proposals, now=NOW)


REFUSALS = {
    "invalid": ((update(POLL, b"\7"),), ComponentRefusalError, {"option": b"\7"}),
    "forbidden": ((update(POLL, b"\x09"), update(POLL, b"\0")), ClosedPollError, {}),
    "no updates at all": ((update(5, b""),), ComponentRefusalError, {}),
    "malformed": ((update(STRICT, b"\0"),), MalformedError, {}),
    "a bad remark": ((ephemeral(NOTES, b"bad"),), ComponentRefusalError, {}),
    "no remarks at all": ((ephemeral(POLL),), ComponentRefusalError, {}),
    "no AppAck": ((ephemeral(5, b"\1"),), ComponentRefusalError, {}),
    "no list of components": ((update(1, b"\1\0"),), ComponentRefusalError, {}),
    "no list for safe AAD": ((update(2, b""),), ComponentRefusalError, {}),
    "no media types": ((update(3, b"\0"),), ComponentRefusalError, {}),
}


@by_value_or_not
@pytest.mark.parametrize(("proposals", "kind", "where"), REFUSALS.values(), ids=REFUSALS)
def test_a_components_own_refusal(proposals, kind, where, by_value):
    at, wire = committed(polling(VOTES), *proposals, by_value=by_value, components=LENIENT)
    check_refused(at, wire, kind, **where)
    with pytest.raises(kind):
        at.bob.commit(proposals=proposals, now=NOW)
    if len(proposals) == 1:
        with pytest.raises(kind):
            at.bob.propose(proposals[0], now=NOW)


def test_a_component_may_refuse_its_removal():
    at = polling(dictionary({NOTES: b"kept"}))
    wire = propose_from_outside(at.alice.context, 0, removal(NOTES), SERVER)
    at = at.heard(wire)
    (reference,) = at.alice.state.proposals
    check_refused(at, at.attacker.commit(reference, covered=()), ComponentRefusalError)
    after = check_followed(at, at.attacker.commit(removal(NOTES), how=KNOWING))
    assert said(after) == {}


@pytest.mark.parametrize("proposal", [update(FAULTY, b"x"), ephemeral(FAULTY)], ids=str)
def test_any_other_exception_of_a_component_is_its_authors(proposal):
    """It comes through, and the group is as it was: also in a draft, where nothing is left out."""
    at = polling()
    wire = at.attacker.commit(proposal, components=LENIENT)
    for group in (at.alice, at.public):
        before = whole(group)
        with pytest.raises(FaultyError):
            group.receive(wire, now=NOW)
        assert whole(group) == before
        check_unharmed(at, group)
    heard = at.heard(at.attacker.send(proposal))
    with pytest.raises(FaultyError):
        heard.bob.commit(now=NOW)
    with pytest.raises(FaultyError):
        at.bob.propose(proposal, now=NOW)


@pytest.mark.parametrize(
    "pending",
    [update(POLL, b"\7"), update(STRICT, b""), ephemeral(NOTES, b"bad"), removal(STRICT)],
    ids=str,
)
def test_who_commits_leaves_out_what_a_component_refuses(pending):
    """Invalid, forbidden or malformed: nobody keeps the group from going on by proposing it."""
    at = polling(VOTES, required=False)
    closing = [update(POLL, b"\x09"), update(POLL, b"\1"), update(NOTES, b"fine")]
    wires = [at.attacker.send(each) for each in (pending, *closing)]
    at = at.heard(*wires)
    draft = at.bob.commit(now=NOW)
    assert [item.proposal for item in draft.left_out] == [pending, update(POLL, b"\1")]
    after = check_followed(at, draft.commit)
    assert after.epoch_authenticator == draft.accept().epoch_authenticator
    assert said(after) == {POLL: b"\0\0\0\1", NOTES: b"2:fine"}


@pytest.mark.parametrize("kind", [AppDataUpdate, AppEphemeral])
def test_every_member_must_support_the_proposal(kind):
    """Nobody of the plain group does: a member's commit, and a joiner's."""
    at, proposal = scene(), update(POLL, b"\0") if kind is AppDataUpdate else ephemeral(NOTES)
    alice = at.alice.with_settings(Settings(handshake=PUBLIC, grease=False, components=COMPONENTS))
    rows = at.public.save()
    public = PublicGroup.load(rows, components=COMPONENTS)
    newcomer, init = joiner(at)
    for wire in (
        at.attacker.commit(proposal, how=KNOWING),
        newcomer.commit(init, proposal, how=KNOWING),
    ):
        for group in (alice, public):
            before = whole(group)
            with refused(UnsupportedProposalError, leaf=0):
                group.receive(wire, now=NOW)
            assert whole(group) == before


# With other proposals


def test_extensions_may_change_beside_updates_and_come_first():
    """In whatever order the commit has them: updates are applied to the new extensions."""
    at = polling(VOTES)
    changed = GroupContextExtensions((SENDERS, VOTES, Extension(COMMON, b"new"), UPDATES))
    vote = update(POLL, b"\1")
    for listed in ((changed, vote), (vote, changed)):
        after = check_followed(at, at.attacker.commit(*listed, how=KNOWING))
        assert after.extensions == (
            SENDERS,
            dictionary({POLL: b"\0\1\0\0"}),
            Extension(COMMON, b"new"),
            UPDATES,
        )


CHANGES = {
    "changed": (VOTES, dictionary({POLL: b"\1\1\1\0"})),
    "removed": (VOTES, None),
    "added": (None, VOTES),
    "added empty": (None, dictionary({})),
}


@by_value_or_not
@pytest.mark.parametrize(("present", "wanted"), CHANGES.values(), ids=CHANGES)
def test_extensions_must_leave_the_dictionary_where_updates_are_required(present, wanted, by_value):
    at = polling(*filter(None, (present,)))
    proposal = GroupContextExtensions((SENDERS, UPDATES, *filter(None, (wanted,))))
    attacker = at.attacker
    wire = attacker.commit(proposal, covered=()) if by_value else attacker.send(proposal)
    check_refused(at, wire, DictionaryChangedError)
    with refused(DictionaryChangedError):
        at.bob.commit(extensions=proposal.extensions, now=NOW)


def test_extensions_must_leave_it_even_where_they_end_the_requirement():
    at = polling(VOTES)
    proposal = GroupContextExtensions((SENDERS, requiring(), dictionary({})))
    check_refused(at, at.attacker.commit(proposal, covered=()), DictionaryChangedError)
    proposal = GroupContextExtensions((SENDERS, requiring(), VOTES))
    after = check_followed(at, at.attacker.commit(proposal))
    assert APP_DATA_UPDATE not in after.extensions


@pytest.mark.parametrize(("present", "wanted"), CHANGES.values(), ids=CHANGES)
def test_extensions_may_change_the_dictionary_where_updates_are_not_required(present, wanted):
    at = polling(*filter(None, (present,)), required=False)
    extensions = (SENDERS, UPDATES, *filter(None, (wanted,)))
    after = check_followed(at, at.attacker.commit(GroupContextExtensions(extensions)))
    assert after.extensions == extensions


@by_value_or_not
def test_a_component_may_refuse_what_extensions_bring(by_value):
    at = polling(required=False)
    proposal = GroupContextExtensions((dictionary({POLL: b"no votes"}),))
    at, wire = committed(at, proposal, by_value=by_value, components=LENIENT)
    check_refused(at, wire, ComponentRefusalError)
    if not by_value:
        draft = at.bob.commit(now=NOW)
        assert [item.proposal for item in draft.left_out] == [proposal]


def test_a_component_need_not_like_what_was_there_before():
    """Data that stays is not judged again."""
    at = polling(dictionary({NOTES: b"x"}), required=False)
    extensions = (dictionary({NOTES: b"x", UNHEARD_OF: b"whatever"}),)
    after = check_followed(at, at.attacker.commit(GroupContextExtensions(extensions), how=KNOWING))
    assert said(after) == {NOTES: b"x", UNHEARD_OF: b"whatever"}
    before, new = (dictionary({POLL: b"no votes", NOTES: each}) for each in (b"1", b"2"))
    check_group_data((new,), COMPONENTS, (before,))
    with refused(ComponentRefusalError):
        check_group_data((new,), COMPONENTS)


class Recording(Notes):
    """Notes that tell in which order they are asked."""

    def __init__(self):
        self.asked = []

    def updated(self, before, updates, state):
        self.asked.append(("update", [each.data for each in updates], state.context.epoch))
        return super().updated(before, updates, state)

    def check_ephemeral(self, proposed, state):
        self.asked.append(("ephemeral", proposed.data, state.context.epoch))


def test_ephemeral_data_comes_before_updates_in_the_order_of_the_commit():
    at, recording = polling(), Recording()
    listed = [
        update(NOTES, b"one"),
        ephemeral(NOTES, b"first"),
        update(NOTES, b"two"),
        ephemeral(NOTES, b"second"),
    ]
    wire = at.attacker.commit(*listed, how=KNOWING)
    components = {**COMPONENTS, NOTES: recording}
    settings = Settings(handshake=PUBLIC, components=components)
    step = at.alice.with_settings(settings).receive(wire, now=NOW)
    (event,) = step.events
    epoch = at.alice.epoch
    assert recording.asked == [
        ("ephemeral", b"first", epoch),
        ("ephemeral", b"second", epoch),
        ("update", [b"one", b"two"], epoch),
    ]
    assert [proposal for proposal, _ in event.proposals] == listed
    assert said(event.accept().group)[NOTES] == b"2:one|2:two"


@pytest.mark.parametrize("proposal", [update(POLL, b"\0"), ephemeral(NOTES)], ids=str)
def test_neither_needs_a_path(proposal):
    at = polling()
    after = check_followed(at, at.attacker.commit(proposal, path=False, how=KNOWING))
    draft = at.bob.commit(proposals=[proposal], path=False, now=NOW)
    assert draft.transition.merged is None
    assert after.epoch == check_followed(at, draft.commit).epoch
    assert not AppDataUpdate.path_required
    assert not AppEphemeral.path_required


def test_with_something_that_needs_one_there_must_be_one():
    at = polling()
    listed = update(POLL, b"\0"), GroupContextExtensions((SENDERS, UPDATES))
    check_refused(at, at.attacker.commit(*listed, path=False, covered=()), MissingPathError)


def test_ephemeral_data_changes_nothing():
    at = polling(VOTES)
    after = check_followed(at, at.attacker.commit(ephemeral(NOTES, b"hello"), how=KNOWING))
    assert after.extensions == at.alice.extensions


@pytest.mark.parametrize("wire_format", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_both_go_in_private_messages_too(wire_format):
    at = polling()
    listed = update(POLL, b"\0"), ephemeral(NOTES)
    wire = at.attacker.commit(*listed, wire_format=wire_format, how=KNOWING)
    assert said(check_followed(at, wire, public=wire_format == PUBLIC))[POLL] == b"\1\0\0\0"


# The structures


@pytest.mark.parametrize(
    ("proposal", "octets"),
    [
        (update(POLL, b"\7"), "0008 8001 01 01 07"),
        (removal(POLL), "0008 8001 02"),
        (ephemeral(NOTES, b"hi"), "0009 8002 02 6869"),
    ],
    ids=str,
)
def test_the_proposals_on_the_wire(proposal, octets):
    assert encode(proposal, Proposal) == bytes.fromhex(octets)


@pytest.mark.parametrize("operation", [0, 3, 255])
def test_no_other_operation_is_known(operation):
    at = polling(VOTES)
    wire = at.attacker.send(removal(POLL))
    place = wire.index(bytes.fromhex("0008 8001 02"))
    broken = wire[: place + 4] + bytes([operation]) + wire[place + 5 :]
    check_refused(at, broken, MalformedError)
