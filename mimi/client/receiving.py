"""What the hub hands on: events of the room, in the order of its acceptance (section 5.5).

::

    application message  --> conversation
    proposals            --> pending
    commit               --> next epoch, and what waited for it
    of a later epoch     --> kept, within the room's bounds
    what was missed, or nobody can process --> NeedsResync
"""

from collections.abc import Iterable, Iterator
from typing import Any

from mimi.client.changes import advanced, taken
from mimi.client.events import (
    ChangeRefused,
    Event,
    Joined,
    Kept,
    LeaveLost,
    MessageRefused,
    NeedsResync,
    Next,
    Passed,
    Proposed,
    RemovedMe,
)
from mimi.client.messages import heard, own_echo
from mimi.client.state import Kind, R, RoomState, RoomStep, Waiting, ended, joins, stepped
from mimi.codec import encode
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.mls import (
    ApplicationMessage,
    CommitStaged,
    Held,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
)
from mimi.mls.errors import (
    HandshakeAfterEndError,
    KeyConsumedError,
    WrongEpochError,
)
from mimi.mls.events import FutureEpoch, MissingProposals
from mimi.mls.framing import MemberSender, NewMemberCommitSender
from mimi.mls.message import MLSMessage
from mimi.policy.errors import UnnamedClientError
from mimi.policy.settings import Upkeep
from mimi.protocol.audience import cut_off, list_updates
from mimi.protocol.fanout import (
    ApplicationFanout,
    CommitFanout,
    FanoutMessage,
    ProposalFanout,
    check_fanout,
)
from mimi.protocol.message import MessageKind, content_kind, place_of, proposer, sender_of

MOST_WAITING = 1024
"""How many messages are kept for later where the room does not say."""


def receive(room: R, fanned: FanoutMessage, now: int) -> RoomStep[R]:
    """Take an event of the room, and what waited for it.

    Args:
        room: The room.
        fanned: What the hub hands on.
        now: Milliseconds since 1970-01-01T00:00Z.

    Raises:
        BodyError: It is no event of a room; nothing happened.
    """
    check_fanout(fanned)
    return settled(_one(room, fanned, now, now), now)


def settled(step: RoomStep[R], now: int) -> RoomStep[R]:
    """Return a step with what waited for it: each message is tried once for each state."""
    room, events, tried = step.room, list(step.events), list[tuple[FanoutMessage, int, int]]()
    while True:
        place = room.group.epoch, len(room.group.pending)
        ready = next((each for each in room.waiting if _is_ready(room, each, tried, place)), None)
        if ready is None:
            return RoomStep(room, tuple(events))
        tried.append((ready.message, *place))
        rest = tuple(each for each in room.waiting if each is not ready)
        step = _one(stepped(room, waiting=rest), ready.message, now, ready.arrived)
        room = step.room
        events += (event for event in step.events if not isinstance(event, Kept))


def _is_ready(
    room: RoomState,
    waiting: Waiting,
    tried: list[tuple[FanoutMessage, int, int]],
    place: tuple[int, int],
) -> bool:
    """Return whether what waits is to be tried again: its epoch has come."""
    known = any(each is waiting.message and (at, by) == place for each, at, by in tried)
    return waiting.epoch <= room.group.epoch and not known


def _one(room: R, fanned: FanoutMessage, now: int, arrived: int) -> RoomStep[R]:
    attached = fanned.attached
    if not isinstance(attached, ApplicationFanout | ProposalFanout | CommitFanout):
        return RoomStep(room, (Passed(),))  # a Welcome to where one is
    step = _message(room, fanned, fanned.message, now, arrived)
    more: tuple[MLSMessage, ...] = ()
    if isinstance(attached, ProposalFanout):
        more = attached.more_proposals
    elif isinstance(attached, CommitFanout):
        more = attached.external_proposals
    if any(isinstance(event, Kept) for event in step.events):
        return step  # kept with what goes with it
    events = list(step.events)
    for message in more:
        step = _message(step.room, fanned, message, now, arrived)
        events += step.events
    return ended(room, RoomStep(step.room, tuple(events)), fanned.timestamp)


def _message(
    room: R, fanned: FanoutMessage, message: MLSMessage, now: int, arrived: int
) -> RoomStep[R]:
    """Take one message of an event."""
    try:
        step = room.group.receive(encode(message), now=now // 1000)
    except (WrongEpochError, KeyConsumedError, HandshakeAfterEndError) as error:
        return RoomStep(room, (Passed(error),))
    except (InvalidError, MalformedError, ForbiddenError) as error:
        if content_kind(message) is MessageKind.COMMIT:
            return RoomStep(room, (NeedsResync(error),))
        return RoomStep(room, (MessageRefused(error, None, fanned.timestamp),))
    (event,) = step.events
    read = isinstance(event, ApplicationMessage | ProposalReceived | CommitStaged)
    if read and joins(room) and _is_proof(message):
        joined = stepped(room, underway=None)
        step_in = _message(joined, fanned, message, now, arrived)
        coming = Joined(room.group.epoch, fanned.timestamp)
        return RoomStep(step_in.room, (coming, *step_in.events))
    match event:
        case ApplicationMessage():
            return heard(_with_group(room, step.group), event, fanned, now)
        case OwnMessageEchoed():
            return _own_proposal(room, message, fanned, now) or own_echo(room, fanned)
        case ProposalReceived():
            by = _proposer(room, event)
            proposed = Proposed(event.reference, event.proposal, by, fanned.timestamp)
            return RoomStep(_with_group(room, step.group), (proposed,))
        case CommitStaged():
            return _commit(room, event, fanned)
        case OwnCommitConfirmed():
            return _own_commit(room, message, fanned, now)
        case Held(reason=reason):
            return _ahead(room, fanned, message, now) or _kept(room, fanned, reason, arrived)
    raise AssertionError(event)  # a member sees no other events


def _with_group(room: R, group: Any) -> R:
    return room if group is room.group else stepped(room, group=group)


def _proposer(room: RoomState, event: ProposalReceived) -> bytes | None:
    """Return the participant who proposes something; None where it has no name."""
    credential = proposer(room.group.state, event.proposal, event.sender)
    try:
        return room.owner.rooms.identities.identify(credential)
    except UnnamedClientError:
        return None


# Commits


def _commit(room: R, staged: CommitStaged[Any], fanned: FanoutMessage) -> RoomStep[R]:
    owner = room.owner
    try:
        owner.judge(staged.credentials)
    except (ForbiddenError, InvalidError) as error:
        return RoomStep(room, (NeedsResync(error),))
    leaf = staged.transition.tree.member(staged.committer)
    by = owner.rooms.identities.identify(leaf.credential)
    group = staged.accept(room.group).group
    lost = tuple(_lost(room, staged))
    if staged.removes_me:
        role = _role_after(room, staged)
        after = stepped(room, group=group, underway=None, waiting=())
        return RoomStep(after, (*lost, RemovedMe(by, fanned.timestamp, role)))
    step = advanced(room, group, by, fanned.timestamp)
    return RoomStep(step.room, (*step.events, *lost))


def _role_after(room: RoomState, staged: CommitStaged[Any]) -> int:
    """Return the role of the user after a commit that removes the device."""
    state = staged.transition.after()
    found = room.owner.rooms.room(state)
    return 0 if found is None else found.role_of(room.owner.user)


def _lost(room: RoomState, staged: CommitStaged[Any]) -> Iterator[Event]:
    """Yield what another's commit makes of what was on its way."""
    underway, removed = room.underway, staged.removes_me
    wanted_out = not removed and _wanted_out(room)
    if underway is not None and underway.kind is Kind.COMMIT:
        yield ChangeRefused(Next.GIVE_UP if removed else Next.TRY_AGAIN)
    elif underway is not None and not removed and not wanted_out:
        covered = {each.reference for each in staged.transition.covered}
        if not covered.issuperset(underway.references):
            yield ChangeRefused(Next.TRY_AGAIN)
    if wanted_out:
        yield LeaveLost(room.group.epoch)


def _wanted_out(room: RoomState) -> bool:
    """Return whether a client of the user has proposed that the user leaves."""
    user, identify = room.owner.user, room.owner.rooms.identities.identify
    senders = [pending.sender for pending, _ in list_updates(room.group)]
    leaves = [each.leaf_index for each in senders if isinstance(each, MemberSender)]
    members = map(room.group.state.tree.member, leaves)
    is_own = any(identify(leaf.credential) == user for leaf in members)
    return is_own and user in cut_off(room.policy, room.group)


def _own_commit(room: R, message: MLSMessage, fanned: FanoutMessage, now: int) -> RoomStep[R]:
    """Take a commit of one's own that comes back, perhaps instead of its answer."""
    underway = room.underway
    if underway is None or underway.request.bundle.proposal_or_commit != message:
        return RoomStep(room, (Passed(),))
    return taken(room, fanned.timestamp, now)


def _own_proposal(
    room: R, message: MLSMessage, fanned: FanoutMessage, now: int
) -> RoomStep[R] | None:
    """Take proposals of one's own that come back, perhaps instead of their answer; None if none."""
    underway = room.underway
    if underway is None or underway.kind is not Kind.PROPOSALS:
        return None
    if underway.request.bundle.proposal_or_commit != message:
        return None
    return RoomStep(taken(room, fanned.timestamp, now).room, (Passed(),))


def _ahead(room: R, fanned: FanoutMessage, message: MLSMessage, now: int) -> RoomStep[R] | None:
    """Return the step that a message makes in the epoch of one's own commit, which nobody answered.

    Who is in that epoch proves that the hub has taken the commit. None where nobody does.
    """
    if room.underway is None or room.underway.kind is not Kind.COMMIT:
        return None
    _, epoch = place_of(message.body)  # type: ignore[arg-type]  # it was received
    if epoch != room.group.epoch + 1 or not _is_proof(message):
        return None
    took = taken(room, fanned.timestamp, now, is_exact=False)
    step = _message(took.room, fanned, message, now, now)
    if any(map(_is_unread, step.events)):
        return None
    return RoomStep(step.room, (*took.events, *step.events))


def _is_proof(message: MLSMessage) -> bool:
    """Return whether only members of an epoch can make a message that is understood in it.

    What an external sender proposes is signed, and says of which epoch it is: of anybody's.
    """
    sender = sender_of(message)
    return sender is None or isinstance(sender, MemberSender | NewMemberCommitSender)


def _is_unread(event: Event) -> bool:
    """Return whether a message was not understood as one of the epoch."""
    refused = isinstance(event, MessageRefused) and event.sender is None
    return refused or isinstance(event, NeedsResync | Kept)


# What cannot be processed yet


def _kept(
    room: R, fanned: FanoutMessage, reason: FutureEpoch | MissingProposals, arrived: int
) -> RoomStep[R]:
    epoch = reason.epoch if isinstance(reason, FutureEpoch) else room.group.epoch
    if any(each.message == fanned for each in room.waiting):
        return RoomStep(room, (Passed(),))
    upkeep = Upkeep(room.policy.policy.operational)
    count = len(room.waiting)
    if not upkeep.may_buffer(count) or count >= MOST_WAITING:
        return RoomStep(room, (NeedsResync(),))
    waiting = sorted((*room.waiting, Waiting(fanned, arrived)), key=lambda each: each.accepted)
    return RoomStep(stepped(room, waiting=tuple(waiting)), (Kept(epoch),))


def expire(room: R, now: int) -> RoomStep[R]:
    """Give up what has waited for longer than the room says.

    Args:
        room: The room.
        now: Milliseconds since 1970-01-01T00:00Z.
    """
    upkeep = Upkeep(room.policy.policy.operational)
    kept = tuple(each for each in room.waiting if not _is_over(upkeep, each, now))
    if len(kept) == len(room.waiting):
        return RoomStep(room)
    return RoomStep(stepped(room, waiting=kept), (NeedsResync(),))


def _is_over(upkeep: Upkeep, waiting: Waiting, now: int) -> bool:
    latest = upkeep.buffered_message(waiting.arrived // 1000).latest
    return latest is not None and now // 1000 >= latest


def deadline(waiting: Iterable[Waiting], upkeep: Upkeep) -> int | None:
    """Return when the next message is given up, in milliseconds; None for never."""
    latest = (upkeep.buffered_message(each.arrived // 1000).latest for each in waiting)
    return min((each * 1000 for each in latest if each is not None), default=None)
