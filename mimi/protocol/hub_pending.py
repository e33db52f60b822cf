"""Which proposals can stand together, and which of them a commit must cover (sections 3.5 and 7).

::

    admission   what is proposed must stand with all that is pending    so a commit can cover it all
    commit      what is pending must be covered, as far as it can be    so who wants to leave does

What is pending goes before what a commit brings by value. Exempt is what the committer cannot
cover: its own removal or Update, a pre-shared key that it may not have, a ReInit beside others; and
what the commit has made needless, such as the removal of who was banned by it.
"""

from collections.abc import Hashable, Iterable, Sequence

import attrs

from mimi.codec import decode
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.mls import CommitStaged, PublicGroup
from mimi.mls.appdata import judge_of
from mimi.mls.apply import apply, check_epoch, judge
from mimi.mls.codepoints import WireFormat
from mimi.mls.commit import is_own, without_repeated
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import (
    AppDataUpdate,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    Update,
    UpdateData,
)
from mimi.mls.resolve import Covered, check_list, removed_by
from mimi.mls.rules import Rules
from mimi.mls.state import GroupView, PendingProposal
from mimi.policy.components import Rooms
from mimi.policy.room import Room
from mimi.policy.structures import PARTICIPANT_LIST, ParticipantListUpdate
from mimi.protocol.audience import takes_part
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_hosted import check_next
from mimi.protocol.room import HubRoom
from mimi.tree.leaf import LifetimePolicy
from mimi.tree.math import LeafIndex

NOBODY = LeafIndex(2**32 - 1)
"""The leaf of no member: a committer that nothing is about."""


@attrs.frozen
class Stand:
    """When, by whom and how proposals would be committed.

    Attributes:
        hub: The hub.
        room: The room.
        now: Seconds since 1970-01-01T00:00Z.
        committer: The committer's leaf.
        wire_format: How the commit would be sent.
    """

    hub: Hosting
    room: HubRoom
    now: int
    committer: LeafIndex = NOBODY
    wire_format: WireFormat = WireFormat.MLS_PUBLIC_MESSAGE

    def holds(self, covered: Sequence[Covered]) -> bool:
        """Return whether proposals can be committed together."""
        return self.conflict(covered) is None

    def holds_with(self, referred: Sequence[Covered], item: Covered) -> bool:
        """Return whether a proposal can be committed beside others, and is not needless there."""
        kept = together((*referred, item))
        return item in kept and self.holds(kept)

    def conflict(self, covered: Sequence[Covered]) -> str | None:
        """Return why proposals cannot be committed together; None where they can."""
        group, sender = self.room.group, MemberSender(self.committer)
        state, components = group.state, group.components
        rules = Rules(LifetimePolicy(self.now, group.maximum_lifetime), components)
        try:
            check_list(state, covered, sender, has_path=True)
            applied = apply(state, covered, components)
            memo = judge(state, sender, covered, applied, None, self.wire_format, rules)
            check_epoch(applied.tree, applied.extensions, state, applied.touched, sending=True)
            then = memo[self.hub.rooms]
            check_next(self.hub, self.room, then, applied.extensions, applied.reinit)
        except DamagedSnapshotError:
            raise
        except (InvalidError, ForbiddenError, MalformedError) as error:
            return str(error)
        return None


def covered_of(pending: PendingProposal) -> Covered:
    """Return a pending proposal as a commit would cover it."""
    return Covered(pending.proposal, pending.sender, pending.reference)


def together(pending: Iterable[Covered]) -> tuple[Covered, ...]:
    """Return pending proposals without those that others of them make needless.

    A ReInit is committed alone, and does not count either.
    """
    listed = without_repeated(pending)
    return tuple(item for item in listed if not isinstance(item.proposal, ReInit))


# Admission


def contradiction(hub: Hosting, room: HubRoom, new: Sequence[bytes], now: int) -> str | None:
    """Return why proposals cannot stand with those that are pending already; None where they can.

    Only removals may be proposed more than once: whoever comes first, the leaf is removed.

    Args:
        hub: The hub.
        room: The room, with everything pending that is to stand.
        new: The references of what comes.
        now: Seconds since 1970-01-01T00:00Z.
    """
    listed, stand = tuple(map(covered_of, room.group.pending)), Stand(hub, room, now)
    reinits = _reinits(listed)
    if any(item.reference in new for item in reinits):
        if len(reinits) > 1:
            return "the group is to be reinitialised already"
        reason = stand.conflict(reinits)
        if reason is not None:
            return reason
    return stand.conflict(together(listed))


def _reinits(listed: Iterable[Covered]) -> list[Covered]:
    return [item for item in listed if isinstance(item.proposal, ReInit)]


def is_deserted(rooms: Rooms, room: Room, group: GroupView, cut: Iterable[bytes]) -> bool:
    """Return whether no client is left that would stay: all are to be removed, or cut off.

    Args:
        rooms: How groups are read as rooms.
        room: The room as its policy sees it.
        group: Its group, with what is pending.
        cut: Whose clients do not count.
    """
    gone = frozenset(cut)
    number = sum(room.clients.get(user, 0) for user in gone)
    removed = {removed_by(covered_of(each)) for each in group.pending}
    for leaf in removed:
        if leaf is None:
            continue
        user = rooms.identities.identify(group.state.tree.member(leaf).credential)
        number += user not in gone
    return number >= room.members


# Commits


def missing(
    hub: Hosting, room: HubRoom, staged: CommitStaged[PublicGroup], now: int
) -> tuple[bytes, ...]:
    """Return the references of what is pending that a member's commit should cover and does not.

    Args:
        hub: The hub.
        room: The room.
        staged: The commit.
        now: Seconds since 1970-01-01T00:00Z.
    """
    transition, group = staged.transition, room.group
    referred = tuple(item for item in transition.covered if item.reference is not None)
    known = {item.reference for item in referred}
    rest = [each for each in map(covered_of, group.pending) if each.reference not in known]
    if not rest:
        return ()
    before, then = hub.room(room), hub.rooms.room(transition.after())
    assert then is not None  # noqa: S101 - a room stays one
    removed = frozenset(transition.applied.removed)
    stand = Stand(hub, room, now, transition.committer, transition.message.wire_format)
    wanted: list[Covered] = []
    for bundle in _parties(group, rest):
        kept = together((*referred, *bundle))
        if stand.holds(kept):
            wanted += (item for item in bundle if item in kept)
        else:
            wanted += (item for item in bundle if stand.holds_with(referred, item))
    if not transition.covered:
        wanted += (each for each in rest if _reinits([each]) and stand.holds((each,)))
    return tuple(
        item.reference
        for item in wanted
        if item.reference is not None and not _is_needless(before, then, removed, item)
    )


def unfit(stand: Stand, referred: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the references in a commit to what cannot be committed any more, with all the rest.

    All could be when it was taken. But a hub judges by more than the room: another one may have the
    same participants meanwhile, a user may have left the parent room, a lifetime may be over.

    Args:
        stand: By whom it would be committed.
        referred: What the commit refers to.
    """
    pending = map(covered_of, stand.room.group.pending)
    listed = [item for item in pending if not is_own(item, stand.committer)]
    lost = [item for item in _reinits(listed) if not stand.holds([item])]
    kept, rest, before = tuple[Covered, ...](), together(listed), -1
    while rest and before < len(kept):
        # what came too early may stand beside what was kept later
        before = len(kept)
        for bundle in (rest, *_parties(stand.room.group, rest), *((item,) for item in rest)):
            more = tuple(item for item in bundle if item not in kept)
            if more and stand.holds((*kept, *more)):
                kept = (*kept, *more)
        rest = tuple(item for item in rest if item not in kept)
    named = frozenset(referred)
    return tuple(at.reference for at in (*lost, *rest) if at.reference in named and at.reference)


def _is_needless(before: Room, then: Room, removed: frozenset[LeafIndex], item: Covered) -> bool:
    """Return whether a commit has brought about what a proposal wants, or may not do it."""
    proposal, sender = item.proposal, item.sender
    match proposal:
        case PreSharedKey():
            return True
        case Remove() | SelfRemove():
            return removed_by(item) in removed
        case Update() if isinstance(sender, MemberSender):
            return sender.leaf_index in removed
        case AppDataUpdate(component_id=number, change=UpdateData(update=data)):
            return number == PARTICIPANT_LIST and _is_done(before, then, data)
    return False


def _is_done(before: Room, then: Room, data: bytes) -> bool:
    """Return whether all is so already that an update of the list wants; a ban is no removal."""
    update, user = decode(ParticipantListUpdate, data), before.participants.user
    for each in update.changed_role_participants:
        named, role = user(each.user_index), each.role_index
        is_gone = not takes_part(then, named) and not before.is_banned(role)
        if then.role_of(named) != role and not is_gone:
            return False
    removed = map(user, update.removed_indices)
    return not update.added_participants and not any(takes_part(then, each) for each in removed)


def _parties(group: PublicGroup, rest: Iterable[Covered]) -> Iterable[tuple[Covered, ...]]:
    """Return proposals by those for whom they were made: who leaves does so by several."""
    judging = judge_of(group.components)
    parties: dict[Hashable, tuple[Covered, ...]] = {}
    for item in rest:
        party = item.sender if judging is None else judging.party(item.sender, group.state)
        parties[party] = (*parties.get(party, ()), item)
    return parties.values()
