"""Those who follow without secrets where handshakes are semi-private, and what they must see alike.

The hub is an external receiver: it reads every handshake, takes a partial group info with each
commit, and knows the group at every place of the log. The stranger is no receiver: a semi-private
commit loses it the group, and it starts again from the hub's group info.

A member and a follower may come to different ends where one of them sees what the other cannot:

- the membership tag and the confirmation tag, the path secrets, pre-shared keys: the member alone;
- the sender data, and which keys are used up, of semi-private messages: the member alone;
- the key that a semi-private message holds for the receiver: the receiver alone;
- semi-private messages at all: members and receivers.
"""

from typing import Any

import attrs
from mls.receivers import hpke_key
from mls.storage import Stored
from simulation.dice import Dice
from simulation.follower import Follower
from simulation.hearing import spoiled, unharmed
from simulation.service import Handshake, Service
from tree.members import NOW

from mimi.codec import decode, encode, replace
from mimi.crypto import Suite
from mimi.errors import ForbiddenError, InvalidError, MalformedError, MimiError
from mimi.mls import (
    CommitStaged,
    Group,
    Held,
    MemberSender,
    MissingProposals,
    MLSMessage,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    PrivateMessage,
    ProposalReceived,
    PublicGroup,
)
from mimi.mls.appdata import Components
from mimi.mls.errors import (
    ConfirmationTagError,
    ContentDecryptionError,
    GenerationTooFarError,
    KeyConsumedError,
    MembershipTagError,
    OwnEchoError,
    SenderDataError,
    UnknownPSKError,
    WrongEpochError,
)
from mimi.mls.events import EncryptedMessage
from mimi.mls.external import external_pub
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.mls.semiprivate_errors import PartialContextHashError, ReceiverKeysError
from mimi.mls.state import changed
from mimi.mls.tree_options import has_tree
from mimi.mls.welcome import GroupInfo
from mimi.tree.errors import PathSecretError

SECRET = (
    MembershipTagError,
    ConfirmationTagError,
    UnknownPSKError,
    PathSecretError,
    SenderDataError,
    KeyConsumedError,
    GenerationTooFarError,
    OwnEchoError,
)
"""With what a member refuses because of what it alone knows."""

SEALED = (SenderDataError, ContentDecryptionError, ReceiverKeysError, PartialContextHashError)
"""With what a semi-private message is refused that somebody has changed on its way."""

REFUSALS = (MalformedError, InvalidError, ForbiddenError)


def seen(group: Group | PublicGroup, wire: bytes) -> Any:
    """Return what comes of a message: an event or an error."""
    try:
        (event,) = group.receive(wire, now=NOW).events
    except REFUSALS as error:
        return error
    return event


def hub_key(suite: Suite) -> Any:
    """Return the key with which the hub reads semi-private messages."""
    return hpke_key(suite, b"hub")


def agree(member: Group, event: object, other: object, wire: bytes) -> None:
    """Check that a follower comes to the same end as a member, where it can.

    Args:
        member: The member's group before the message.
        event: What it makes of it.
        other: What a follower of the same state makes of it.
        wire: The message.
    """
    if isinstance(event, MimiError):
        _agree_on_refusal(event, other, wire)
    elif isinstance(other, Held) and isinstance(other.reason, MissingProposals):
        missing = _not_proposed_by(member, other.reason.references)
        if missing:
            assert event == Held(MissingProposals(missing))
    elif isinstance(other, EncryptedMessage):
        assert not isinstance(_body(wire), MalformedError)
    elif isinstance(event, OwnMessageEchoed):
        _agree_on_echo(other, wire)
    elif isinstance(event, OwnCommitConfirmed):
        if event.epoch < member.epoch:
            assert type(other) is WrongEpochError, other
            return
        assert isinstance(other, CommitStaged), other
        assert member.held is not None
        assert other.transition.after().context == member.held.epoch.state.context
    elif isinstance(event, CommitStaged):
        assert isinstance(other, CommitStaged), other
        mine, theirs = event.transition.after(), other.transition.after()
        assert mine.context == theirs.context
        assert mine.confirmation_tag == theirs.confirmation_tag
        assert mine.tree.encode() == theirs.tree.encode()
        assert event.credentials == other.credentials
        assert (event.committer, event.sender) == (other.committer, other.sender)
    else:
        assert isinstance(event, ProposalReceived | Held), event
        assert event == other, (event, other)


def _agree_on_echo(other: object, wire: bytes) -> None:
    """Check what a follower makes of what a member knows to be its own, by the sender data alone.

    The member has no key any more with which it could see that the rest was changed.
    """
    semi = isinstance(_body(wire), SemiPrivateMessage)
    if not (semi and isinstance(other, (*SEALED, MalformedError))):
        assert isinstance(other, ProposalReceived), other


def _not_proposed_by(member: Group, references: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return references without those of what a member proposed, and what has not come back yet."""
    known, mine = member.state.proposals, MemberSender(member.leaf_index)
    return tuple(at for at in references if at not in known or known[at].sender != mine)


def _agree_on_refusal(event: MimiError, other: object, wire: bytes) -> None:
    if isinstance(event, SECRET) or isinstance(other, EncryptedMessage):
        return
    body = _body(wire)
    assert isinstance(other, MimiError), (event, other)
    if isinstance(body, SemiPrivateMessage) and isinstance(event, SEALED):
        # who does not decrypt comes to see what is in the clear
        assert isinstance(other, (*SEALED, MalformedError)), (event, other)
        return
    assert type(event) is type(other), (event, other)
    if not isinstance(event, MalformedError):
        assert event.where == other.where, (event, other)


def _body(wire: bytes) -> Any:
    try:
        return decode(MLSMessage, wire).body
    except MalformedError as error:
        return error


@attrs.define(eq=False)
class Hub(Follower):
    """A follower that is an external receiver.

    Attributes:
        components: The components that it has.
        history: What it knew at each place of the log.
        stranger: What somebody knows who is no receiver.
        stranger_at: How many handshakes of the log the stranger has processed.
    """

    components: Components = attrs.field(factory=dict)
    history: list[PublicGroup] = attrs.field(factory=list)
    stranger: PublicGroup | None = None
    stranger_at: int = 0

    @classmethod
    def receiving(cls, service: Service, group: Group, components: Components) -> "Hub":
        """Return a hub from the first epoch on."""
        info = group.group_info()
        public = PublicGroup.from_group_info(info, now=NOW, components=components)
        known = public.with_receivers(hub_key(group.suite))
        return cls(service, known, components=components, history=[known], stranger=public)

    def follow(self, dice: Dice) -> bool:
        """Process the next handshake of the log; return whether there was one."""
        if self.cursor == len(self.service.log):
            return self._estranged()
        wire = self.service.log[self.cursor].wire
        if dice.one_in(6):
            self._hear_spoiled(wire, dice)
        if self.cursor and dice.one_in(8):
            self._hear_again(dice)
        self._advance()
        if dice.one_in(3):
            self._estranged()
        if dice.one_in(10):
            self._reload()
        return True

    def at(self, cursor: int) -> PublicGroup:
        """Return what it knows at a place of the log."""
        while self.cursor < cursor:
            self._advance()
        return self.history[cursor]

    def learn(self, info: bytes, epoch: int) -> None:
        """Take the group info that a member provides."""
        Follower.learn(self, info, epoch)
        self.history[-1] = self.group

    def _advance(self) -> None:
        handshake, note = self.service.log[self.cursor], self.service.effects
        event = seen(self.group, handshake.wire)
        if isinstance(event, CommitStaged):
            self.group = self._with_commit(event, handshake)
            note["follower: commit followed"] += 1
        else:
            assert isinstance(event, ProposalReceived), event
            self.group = self.group.receive(handshake.wire, now=NOW).group
            note["follower: proposal followed"] += 1
        semi = isinstance(_body(handshake.wire), SemiPrivateMessage)
        note["hub: semi-private handshake read"] += semi
        self.cursor += 1
        self._agree()
        self._stored.keep(self.group)
        self.history.append(self.group)

    def _with_commit(self, event: CommitStaged[PublicGroup], handshake: Handshake) -> PublicGroup:
        """Take a commit with its partial group info, after one that is not the committer's."""
        assert handshake.opens is not None
        before, opened = self.group, handshake.opens()
        assert before.group_info is not None
        had, wanted = has_tree(before.group_info), opened.epoch % 3 != 0
        partial = opened.partial_group_info(before=had, tree=wanted)
        for wrong in (partial[:-1], partial[:-1] + bytes([partial[-1] ^ 1])):
            with unharmed(before):
                try:
                    before.with_commit(event, wrong)
                except REFUSALS:
                    continue
                raise AssertionError("took another's partial group info")
        after = before.with_commit(event, partial)
        assert has_tree(self._info(after)) == wanted
        assert after.tree.encode() == opened.ratchet_tree
        key = external_pub(self._info(after).extensions)
        assert key == opened.secrets.external_key_pair().public
        self.service.effects["hub: partial group info taken"] += 1
        return after

    @staticmethod
    def _info(group: PublicGroup) -> GroupInfo:
        assert group.group_info is not None
        return group.group_info

    def info(self, cursor: int) -> tuple[bytes, bytes | None]:
        """Return the group info at a place of the log and, where it lacks the tree, the tree."""
        group = self.at(cursor)
        info = self._info(group)
        return encode(MLSMessage(info)), None if has_tree(info) else group.tree.encode()

    def _hear_spoiled(self, wire: bytes, dice: Dice) -> None:
        group = self.group
        changed_wire, at = spoiled(wire, dice)
        with unharmed(group):
            event = seen(group, changed_wire)
        if isinstance(event, CommitStaged | ProposalReceived):
            body = _body(changed_wire)
            if isinstance(body, SemiPrivateMessage):
                genuine = _body(wire).encrypted_sender_data
                assert replace(body, encrypted_sender_data=genuine) == _body(wire)
            else:
                assert at >= len(wire) - 66  # the tags, with their lengths
            return
        known = isinstance(event, MimiError)
        self.service.effects["follower: corrupted copy, refused"] += known

    def _reload(self) -> None:
        loaded = PublicGroup.load(self._stored.rows, components=self.components)
        assert loaded.save() == self._stored.rows
        self.group = loaded.with_receivers(*self.group.receivers)
        self._stored = Stored(self.group)
        self.history[-1] = self.group
        self.service.effects["follower: saved and loaded"] += 1

    # The stranger

    def _estranged(self) -> bool:
        """Let the stranger process the next handshake; return whether there was one."""
        if self.stranger_at >= self.cursor:
            return False
        known, note = self.history[self.stranger_at], self.service.effects
        stranger, handshake = self.stranger, self.service.log[self.stranger_at]
        assert stranger is not None
        assert stranger.context == known.context
        event = seen(stranger, handshake.wire)
        self.stranger_at += 1
        if isinstance(event, EncryptedMessage):
            assert isinstance(_body(handshake.wire), SemiPrivateMessage)
            note["stranger: semi-private handshake not read"] += 1
            if handshake.transition is not None:
                self._starts_again()
        elif isinstance(event, Held):
            assert isinstance(event.reason, MissingProposals)
            note["stranger: lost for proposals that it did not read"] += 1
            self._starts_again()
        else:
            self._follows(stranger, event, handshake)
        return True

    def _follows(self, stranger: PublicGroup, event: Any, handshake: Handshake) -> None:
        if isinstance(event, CommitStaged):
            self.stranger = event.accept().group
        else:
            assert isinstance(event, ProposalReceived), event
            self.stranger = stranger.receive(handshake.wire, now=NOW).group
        known = self.history[self.stranger_at]
        assert self.stranger.context == known.context
        assert set(self.stranger.state.proposals) <= set(known.state.proposals)
        self.service.effects["stranger: handshake followed"] += 1

    def _starts_again(self) -> None:
        """Take the group info of the epoch that has just begun."""
        info, tree = self.info(self.stranger_at)
        self.stranger = PublicGroup.from_group_info(info, tree, now=NOW, components=self.components)
        self.service.effects["stranger: started again from a group info"] += 1


def compared(hub: Hub, member: Group, cursor: int, wire: bytes, event: object) -> None:
    """Check that the hub, and somebody who is no receiver, agree with a member on a message.

    They have the components that the member has: what is unknown to one is unknown to all.
    """
    at = hub.at(cursor)
    if at.epoch != member.epoch or member.removed:
        return
    assert at.context == member.context
    same = changed(at, components=member.settings.components)
    blind = changed(same, receivers=())
    if isinstance(_body(wire), PrivateMessage):
        return
    for follower in (same, blind):
        with unharmed(follower):
            other = seen(follower, wire)
        agree(member, event, other, wire)
    kind = "event" if not isinstance(event, MimiError) else "refusal"
    hub.service.effects[f"agreed: {kind}"] += 1
