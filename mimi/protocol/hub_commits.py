"""Commits at the hub (sections 5.3, 5.5 and 7).

::

    commit   of this epoch, by a user of its provider, allowed by the policy and hosted here;
             a member's covers all that is pending and can be covered;
             with the group info of the next epoch by the committer itself,
             and a Welcome for exactly those whom it adds
"""

from collections.abc import Mapping

import attrs

from mimi.codec import encode, replace
from mimi.crypto import InvalidPublicKeyError, suite_of
from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.identity import Domain
from mimi.mls import CommitStaged, Held, PublicGroup
from mimi.mls.commit import is_own
from mimi.mls.external import external_pub
from mimi.mls.framing import MemberSender, NewMemberCommitSender, PublicMessage
from mimi.mls.keypackage import key_package_ref
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Commit
from mimi.mls.tree_options import FullRatchetTree, ServedRatchetTree, full_tree
from mimi.mls.welcome import GroupInfo, Welcome
from mimi.protocol.audience import left_between
from mimi.protocol.errors import HubError
from mimi.protocol.fanout import (
    FanoutMessage,
    ProposalFanout,
    fanout_of_update,
    fanout_of_welcome,
)
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_hosted import check_next
from mimi.protocol.hub_pending import Stand, covered_of, missing, unfit
from mimi.protocol.hub_refusals import RefusedUpdate, check_source, forbidden
from mimi.protocol.hub_wanted import only_possible, proposed, still_wanted
from mimi.protocol.message import sender_of
from mimi.protocol.room import (
    Cascade,
    Destination,
    Effect,
    HubRoom,
    HubStep,
    Taken,
)
from mimi.protocol.update import (
    CommitBundle,
    FullGroupInfo,
    PartialGroupInfoOption,
    UpdateRequest,
    UpdateRoomResponse,
    invalid_proposals,
    update_accepted,
    update_request,
)
from mimi.tree.table import Table

MOST_INFO_OCTETS = 1 << 16
"""How long the extensions of a group info may be: who joins gets it with the tree and all else."""


def commit(
    hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain, now: int, digest: bytes
) -> HubStep[UpdateRoomResponse]:
    """Take a commit.

    Args:
        hub: The hub.
        room: The room, in the commit's epoch.
        request: The update, which was checked.
        source: The provider that sends it.
        now: Milliseconds since 1970-01-01T00:00Z.
        digest: By what the update is known should it come again.

    Raises:
        RefusedUpdate: It is not taken.
        MalformedError: Something within it does not parse.
    """
    bundle = request.bundle.attached
    assert isinstance(bundle, CommitBundle)  # noqa: S101 - the caller has looked
    staged = _staged(hub, room, request.bundle.proposal_or_commit, now)
    leaf = staged.transition.tree.member(staged.committer)
    user = hub.rooms.identities.identify(leaf.credential)
    check_source(user, source)
    if room.is_cut_off(user):
        raise forbidden(f"{user.decode()} is about to be removed")
    if isinstance(staged.sender, MemberSender):
        _check_covers_pending(hub, room, staged, now)
    group = _followed(hub, room, staged, bundle)
    welcomed = _welcomed(room, staged, bundle.welcome)
    _check_hosted(hub, room, staged, group, now)
    taken = Taken(room.at(now), str(source).encode())
    remembering = room.remembering(digest, taken)
    return _committed(hub, remembering, request, group, welcomed, now)


def _staged(
    hub: Hosting, room: HubRoom, message: MLSMessage, now: int
) -> CommitStaged[PublicGroup]:
    try:
        step = room.group.receive(encode(message), now=now // 1000)
    except ForbiddenError as error:
        culprits = _culprits(hub, room, message, now)
        if culprits:  # without them it may be allowed
            raise RefusedUpdate(invalid_proposals(culprits, error.reason)) from error
        raise forbidden(error.reason) from error
    except InvalidError as error:
        culprits = _culprits(hub, room, message, now)
        raise RefusedUpdate(invalid_proposals(culprits, str(error))) from error
    (event,) = step.events
    if isinstance(event, Held):
        references = getattr(event.reason, "references", ())
        raise RefusedUpdate(invalid_proposals(references, "the hub does not have them"))
    if not isinstance(event, CommitStaged):
        raise forbidden("the hub cannot read the commit")
    return event


def _culprits(hub: Hosting, room: HubRoom, message: MLSMessage, now: int) -> tuple[bytes, ...]:
    """Return the references in a commit that its committer must not cover, or nobody any more."""
    body = message.body
    if not isinstance(body, PublicMessage) or not isinstance(body.content.content, Commit):
        return ()
    sender = body.content.sender
    if not isinstance(sender, MemberSender):
        return ()
    named = frozenset(each for each in body.content.content.proposals if isinstance(each, bytes))
    own = (
        each.reference
        for each in room.group.pending
        if each.reference in named and is_own(covered_of(each), sender.leaf_index)
    )
    stand = Stand(hub, room, now // 1000, sender.leaf_index)
    return (*own, *unfit(stand, named))


def _check_covers_pending(
    hub: Hosting, room: HubRoom, staged: CommitStaged[PublicGroup], now: int
) -> None:
    """Check that a member's commit covers all that is pending: so who wants to leave does."""
    left = missing(hub, room, staged, now // 1000)
    if left:
        raise forbidden(f"{len(left)} pending proposals are to be committed")


# What comes with it


def _followed(
    hub: Hosting, room: HubRoom, staged: CommitStaged[PublicGroup], bundle: CommitBundle
) -> PublicGroup:
    """Return the group of the next epoch with its group info, which the committer provides."""
    option, tree = bundle.group_info_option, bundle.ratchet_tree_option
    try:
        if isinstance(option, FullGroupInfo):
            info = encode(MLSMessage(option.group_info))
            group = staged.accept(room.group).group.with_group_info(info)
        else:
            assert isinstance(option, PartialGroupInfoOption)  # noqa: S101 - it was decoded
            group = room.group.with_commit(staged, encode(option.partial_group_info))
    except InvalidError as error:
        raise forbidden(f"group info: {error}") from error
    found = group.group_info
    assert found is not None  # noqa: S101 - it was just given
    if found.signer != staged.committer:
        raise forbidden("the group info is not the committer's")
    if sum(len(each.extension_data) for each in found.extensions) > MOST_INFO_OCTETS:
        raise forbidden("the extensions of the group info are too long")
    if hub.room_of(group).policy.operational.external_commit_allowed:
        _check_open(found)
    if isinstance(tree, FullRatchetTree) and tree != full_tree(group.ratchet_tree):
        raise forbidden("the ratchet tree is not that of the group")
    return group


def _check_open(info: GroupInfo) -> None:
    """Check that one can join with a group info: or who cannot follow a commit could never again.

    Whether the key is that of the epoch, members alone can tell; any will do for who comes in.
    """
    suite = suite_of(info.group_context.cipher_suite)
    try:
        suite.check_hpke_public_key(external_pub(info.extensions))
    except (InvalidError, MalformedError, InvalidPublicKeyError) as error:
        raise forbidden(f"nobody could join with the group info: {error}") from error


def _welcomed(
    room: HubRoom, staged: CommitStaged[PublicGroup], welcome: Welcome | None
) -> Mapping[bytes, Destination]:
    """Return where the Welcome goes: it is for all whom the commit adds, and no others."""
    suite = room.group.suite
    added = {key_package_ref(suite, package) for package in staged.key_packages}
    named = [] if welcome is None else [each.new_member for each in welcome.secrets]
    if len(named) != len(added) or added != set(named):
        raise forbidden("the Welcome is not for those whom the commit adds")
    if welcome is not None and (not named or welcome.cipher_suite != suite.code):
        raise forbidden("the Welcome is for nobody, or of another cipher suite")
    unknown = [reference for reference in added if reference not in room.destinations]
    if unknown:
        raise forbidden(f"{len(unknown)} key packages were not claimed here")
    return {each: room.destinations[each] for each in sorted(added)}


def _check_hosted(
    hub: Hosting,
    room: HubRoom,
    staged: CommitStaged[PublicGroup],
    group: PublicGroup,
    now: int,
) -> None:
    """Check that the room is still one that this provider hosts, with the senders that it needs."""
    try:
        check_next(hub, room, hub.room_of(group), group.extensions, group.reinit)
    except HubError as error:
        transition = staged.transition
        referred = [item.reference for item in transition.covered if item.reference is not None]
        stand = Stand(hub, room, now // 1000, staged.committer, transition.message.wire_format)
        if culprits := unfit(stand, referred):
            raise RefusedUpdate(invalid_proposals(culprits, error.reason)) from error
        raise forbidden(error.reason) from error


# What follows from it


def _committed(
    hub: Hosting,
    room: HubRoom,
    request: UpdateRequest,
    group: PublicGroup,
    welcomed: Mapping[bytes, Destination],
    now: int,
) -> HubStep[UpdateRoomResponse]:
    """Return the room after a commit that is taken, with all that follows from it."""
    at = room.timestamp
    before, then = hub.room(room), hub.room_of(group)
    opened = attrs.evolve(
        room,
        group=group,
        accepted=(),
        destinations=Table.of(room.destinations).changed({}, welcomed),
        wanted=still_wanted(hub, room, before, then),
        audience=room.audience.of_next(before, then, group),
    )
    opened, wanted = proposed(hub, opened, now)
    opened = attrs.evolve(opened, wanted=only_possible(room, opened))
    made = tuple(each.message for each in wanted)
    joins = _is_of_joiner(request.bundle.proposal_or_commit)
    message = fanout_of_update(request, at, made if joins else ())
    everybody = dict.fromkeys((*room.audience.followers, *opened.audience.followers))
    opened, notes = opened.notified(everybody, message)
    effects: list[Effect] = list(notes)
    welcome = fanout_of_welcome(_with_tree(request, group), at)
    if welcome is not None:
        routes = dict.fromkeys(each.provider for each in welcomed.values())
        opened, notes = opened.notified(routes, welcome)
        effects += notes
    if made and not joins:
        later = FanoutMessage(opened.timestamp, made[0], ProposalFanout(made[1:]))
        opened, notes = opened.notified(opened.audience.followers, later)
        effects += notes
    left = left_between(before, then)
    if left:
        effects.append(Cascade(room.uri, left))
    return HubStep(opened, update_accepted(at), tuple(effects))


def _with_tree(request: UpdateRequest, group: PublicGroup) -> UpdateRequest:
    """Return a commit with the tree, where it leaves it to the hub: those whom it adds need it."""
    bundle = request.bundle.attached
    assert isinstance(bundle, CommitBundle)  # noqa: S101 - it is a commit's
    if bundle.welcome is None or not isinstance(bundle.ratchet_tree_option, ServedRatchetTree):
        return request
    whole = replace(bundle, ratchet_tree_option=full_tree(group.ratchet_tree))
    return update_request(request.bundle.proposal_or_commit, whole)


def _is_of_joiner(message: MLSMessage) -> bool:
    """Return whether a commit is of who joins by it: only such a one has proposals stapled."""
    return isinstance(sender_of(message), NewMemberCommitSender)
