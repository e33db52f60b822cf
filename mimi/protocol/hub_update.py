"""Proposals and commits at the hub (sections 5.3, 5.5 and 7).

::

    commit       of this epoch, by a user of its provider, allowed by the policy; a member's covers
                 all that is pending; with the group info of the next epoch, and a Welcome for
                 exactly those whom it adds
    proposals    all of them or none
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.codec import decode, encode
from mimi.errors import ForbiddenError, InvalidError
from mimi.identity import Domain
from mimi.mls import CommitStaged, Held, ProposalReceived, PublicGroup
from mimi.mls.external import propose_from_outside
from mimi.mls.framing import (
    ExternalSenderIndex,
    MemberSender,
    NewMemberCommitSender,
    PublicMessage,
)
from mimi.mls.keypackage import key_package_ref
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Proposal, Remove, SelfRemove
from mimi.mls.tree_options import FullRatchetTree, full_tree
from mimi.mls.welcome import Welcome
from mimi.policy.actions import Actor, ActorKind, RemoveParticipant, Request
from mimi.policy.decide import alone, decide
from mimi.policy.propose import list_update
from mimi.policy.room import Room
from mimi.policy.structures import NO_ROLE
from mimi.protocol.fanout import FanoutMessage, ProposalFanout, WelcomeFanout, fanout_of_update
from mimi.protocol.hosting import Hosting
from mimi.protocol.message import place_of
from mimi.protocol.room import (
    Accepted,
    Cascade,
    Effect,
    HubRoom,
    HubStep,
    audience_of,
    provider_of_user,
)
from mimi.protocol.update import (
    CommitBundle,
    FullGroupInfo,
    PartialGroupInfoOption,
    ProposalBundle,
    UpdateRequest,
    UpdateRoomResponse,
    check_update_request,
    invalid_proposals,
    not_allowed,
    update_accepted,
    wrong_epoch,
)
from mimi.tree.extension import external_senders

UpdateStep: TypeAlias = HubStep[UpdateRoomResponse]


class _RefusedError(Exception):
    """What to answer instead; it never leaves this module."""

    def __init__(self, response: UpdateRoomResponse) -> None:
        super().__init__()
        self.response = response


def update(
    hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain, now: int
) -> UpdateStep:
    """Take a proposal or a commit, or refuse it; see `mimi.protocol.hub.Hub.update`."""
    check_update_request(request)
    attached = request.bundle.attached
    try:
        _check_place(room, request)
        if isinstance(attached, CommitBundle):
            return _commit(hub, room, request, source, now)
        assert isinstance(attached, ProposalBundle)  # noqa: S101 - the request was checked
        messages = (request.bundle.proposal_or_commit, *attached.more_proposals)
        return _proposals(hub, room, request, messages, source, now)
    except _RefusedError as refused:
        return HubStep(room, refused.response)


def _check_place(room: HubRoom, request: UpdateRequest) -> None:
    body = request.bundle.proposal_or_commit.body
    group_id, epoch = place_of(body)  # type: ignore[arg-type]  # the request was checked
    if group_id != room.group.group_id:
        raise _RefusedError(not_allowed("the room has another group"))
    if epoch != room.group.epoch:
        raise _RefusedError(wrong_epoch(room.group.epoch))


def _check_source(user: bytes, source: Domain) -> None:
    if provider_of_user(user) != source:
        raise _RefusedError(not_allowed(f"{user.decode()} is of another provider"))


# Commits


def _commit(
    hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain, now: int
) -> UpdateStep:
    bundle = request.bundle.attached
    assert isinstance(bundle, CommitBundle)  # noqa: S101 - the caller has looked
    staged = _staged(room, request.bundle.proposal_or_commit, now)
    leaf = staged.transition.tree.member(staged.committer)
    user = hub.rooms.identities.identify(leaf.credential)
    _check_source(user, source)
    if user in room.audience.cut_off:
        raise _RefusedError(not_allowed(f"{user.decode()} is about to be removed"))
    if isinstance(staged.sender, MemberSender):
        _check_covers_pending(room, staged)
    group = _followed(hub, room, staged, bundle)
    welcomed = _welcomed(room, staged, bundle.welcome)
    return _committed(hub, room, request, group, welcomed, now)


def _staged(room: HubRoom, message: MLSMessage, now: int) -> CommitStaged[PublicGroup]:
    try:
        step = room.group.receive(encode(message), now=now // 1000)
    except ForbiddenError as error:
        raise _RefusedError(not_allowed(error.reason)) from error
    except InvalidError as error:
        raise _RefusedError(invalid_proposals((), str(error))) from error
    (event,) = step.events
    if isinstance(event, Held):
        references = getattr(event.reason, "references", ())
        raise _RefusedError(invalid_proposals(references, "the hub does not have them"))
    if not isinstance(event, CommitStaged):
        raise _RefusedError(not_allowed("the hub cannot read the commit"))
    return event


def _check_covers_pending(room: HubRoom, staged: CommitStaged[PublicGroup]) -> None:
    """Check that a member's commit covers all that is pending: so who wants to leave does."""
    covered = {item.reference for item in staged.transition.covered}
    missing = [each for each in room.accepted if each.reference not in covered]
    if missing:
        raise _RefusedError(not_allowed(f"{len(missing)} pending proposals are to be committed"))


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
        hub.sender_index(group)
    except InvalidError as error:
        raise _RefusedError(not_allowed(f"group info: {error}")) from error
    if isinstance(tree, FullRatchetTree) and tree != full_tree(group.ratchet_tree):
        raise _RefusedError(not_allowed("the ratchet tree is not that of the group"))
    return group


def _welcomed(
    room: HubRoom, staged: CommitStaged[PublicGroup], welcome: Welcome | None
) -> frozenset[bytes]:
    """Return the key packages of those whom a commit adds: a Welcome is for all, and no others."""
    suite = room.group.suite
    added = frozenset(key_package_ref(suite, package) for package in staged.key_packages)
    named = {each.new_member for each in welcome.secrets} if welcome is not None else set()
    if added != named:
        raise _RefusedError(not_allowed("the Welcome is not for those whom the commit adds"))
    unknown = [reference for reference in added if reference not in room.destinations]
    if unknown:
        raise _RefusedError(not_allowed(f"{len(unknown)} key packages were not claimed here"))
    return added


def _committed(
    hub: Hosting,
    room: HubRoom,
    request: UpdateRequest,
    group: PublicGroup,
    welcomed: frozenset[bytes],
    now: int,
) -> UpdateStep:
    """Return the room after a commit that is taken, with all that follows from it."""
    bundle, at = request.bundle.attached, room.at(now)
    assert isinstance(bundle, CommitBundle)  # noqa: S101 - the caller has looked
    before, then = hub.room(room), hub.room_of(group)
    left = [user for user in before.participants.roles if not _takes_part(then, user)]
    effects: list[Effect] = []
    kept = {at: each for at, each in room.destinations.items() if at not in welcomed}
    opened = attrs.evolve(
        room,
        group=group,
        accepted=(),
        destinations=MappingProxyType(kept),
        timestamp=at,
        wanted=frozenset(user for user in room.wanted if _takes_part(then, user)),
        audience=audience_of(then, group),
    )
    opened, wanted = _wanted_out(hub, opened, now)
    made = tuple(each.message for each in wanted)
    joins = _is_of_joiner(request.bundle.proposal_or_commit)
    message = fanout_of_update(request, at, made if joins else ())
    everybody = dict.fromkeys((*room.audience.followers, *opened.audience.followers))
    opened, notes = opened.notified(everybody, message)
    effects += notes
    if bundle.welcome is not None:
        routes = dict.fromkeys(room.destinations[each].provider for each in sorted(welcomed))
        tree = WelcomeFanout(bundle.ratchet_tree_option)
        welcome = FanoutMessage(at, MLSMessage(bundle.welcome), tree)
        opened, notes = opened.notified(routes, welcome)
        effects += notes
    if made and not joins:
        later = FanoutMessage(opened.timestamp, made[0], ProposalFanout(made[1:]))
        opened, notes = opened.notified(opened.audience.followers, later)
        effects += notes
    if left:
        effects.append(Cascade(room.uri, tuple(left)))
    return HubStep(opened, update_accepted(at), tuple(effects))


def _is_of_joiner(commit: MLSMessage) -> bool:
    """Return whether a commit is of who joins by it: only such a one has proposals stapled."""
    body = commit.body
    return isinstance(body, PublicMessage) and isinstance(
        body.content.sender, NewMemberCommitSender
    )


def _takes_part(room: Room, user: bytes) -> bool:
    role = room.role_of(user)
    return role != NO_ROLE and not room.is_banned(role)


# Proposals


def _proposals(
    hub: Hosting,
    room: HubRoom,
    request: UpdateRequest,
    messages: Iterable[MLSMessage],
    source: Domain,
    now: int,
) -> UpdateStep:
    at, group, accepted = room.at(now), room.group, list(room.accepted)
    for message in messages:
        group, event = _received(group, message, now)
        if all(each.reference != event.reference for each in accepted):
            _check_proposer(hub, room, event, source)
            accepted.append(Accepted(message, at, event.reference))
    if len(accepted) == len(room.accepted):
        return HubStep(room, update_accepted(room.timestamp))
    after = attrs.evolve(
        room,
        group=group,
        accepted=tuple(accepted),
        timestamp=at,
        audience=audience_of(hub.room(room), group),
    )
    after, effects = after.notified(room.audience.followers, fanout_of_update(request, at))
    return HubStep(after, update_accepted(at), effects)


def _received(
    group: PublicGroup, message: MLSMessage, now: int
) -> tuple[PublicGroup, ProposalReceived]:
    try:
        step = group.receive(encode(message), now=now // 1000)
    except ForbiddenError as error:
        raise _RefusedError(not_allowed(error.reason)) from error
    except InvalidError as error:
        raise _RefusedError(invalid_proposals((), str(error))) from error
    (event,) = step.events
    if not isinstance(event, ProposalReceived):
        raise _RefusedError(not_allowed("the hub cannot read the proposal"))
    return step.group, event


def _check_proposer(hub: Hosting, room: HubRoom, event: ProposalReceived, source: Domain) -> None:
    """Check that a proposal comes from its user's provider, and from whom something is taken.

    Of who is about to be removed, nothing is but what takes out its own clients (section 5.3).
    """
    identities, tree = hub.rooms.identities, room.group.state.tree
    match event.sender:
        case MemberSender(leaf_index=index):
            credential = tree.member(index).credential
        case ExternalSenderIndex(sender_index=index):
            credential = external_senders(room.group.extensions)[index].credential
        case _:
            assert isinstance(event.proposal, Add)  # noqa: S101 - a new member proposes nothing else
            credential = event.proposal.key_package.leaf_node.credential
    user = identities.identify(credential)
    _check_source(user, source)
    if user not in room.audience.cut_off or isinstance(event.proposal, SelfRemove):
        return
    if isinstance(event.proposal, Remove):
        removed = tree.member(event.proposal.removed)
        if identities.identify(removed.credential) == user:
            return
    raise _RefusedError(not_allowed(f"{user.decode()} is about to be removed"))


# What the hub itself wants


def want_out(hub: Hosting, room: HubRoom, users: Iterable[bytes], now: int) -> HubStep[None]:
    """Propose that users leave the room; see `mimi.protocol.hub.Hub.remove`."""
    wanted = room.wanted | frozenset(users)
    after, made = _wanted_out(hub, attrs.evolve(room, wanted=wanted), now)
    if not made:
        return HubStep(after, None)
    first, *more = (each.message for each in made)
    message = FanoutMessage(after.timestamp, first, ProposalFanout(tuple(more)))
    after, effects = after.notified(room.audience.followers, message)
    return HubStep(after, None, effects)


def _wanted_out(hub: Hosting, room: HubRoom, now: int) -> tuple[HubRoom, tuple[Accepted, ...]]:
    """Return the room in which the hub has proposed what it wants, and the new proposals.

    What the policy does not allow the hub is left: somebody else has to ask for it.
    """
    policy, group = hub.room(room), room.group
    actor = Actor(hub.user, ActorKind.EXTERNAL, hub.rooms.identities.claims(hub.credential))
    users = [
        user
        for user in sorted(room.wanted - room.audience.cut_off)
        if user in policy.participants.roles and _is_authorized(policy, actor, user)
    ]
    if not users:
        return room, ()
    identify, tree = hub.rooms.identities.identify, group.state.tree
    leaves = [index for index, leaf in tree.members() if identify(leaf.credential) in users]
    proposals: list[Proposal] = [list_update(policy, remove=users), *map(Remove, leaves)]
    index, at = hub.sender_index(group), room.at(now)
    accepted = []
    for proposal in proposals:
        wire = propose_from_outside(group.context, index, proposal, hub.signer)
        step = group.receive(wire, now=now // 1000)
        (event,) = step.events
        assert isinstance(event, ProposalReceived)  # noqa: S101 - it is the hub's own
        group = step.group
        accepted.append(Accepted(decode(MLSMessage, wire), at, event.reference))
    after = attrs.evolve(
        room,
        group=group,
        accepted=(*room.accepted, *accepted),
        timestamp=at,
        audience=audience_of(policy, group),
    )
    return after, tuple(accepted)


def _is_authorized(policy: Room, actor: Actor, user: bytes) -> bool:
    """Return whether the hub may remove a user, as far as nobody else's proposals matter."""
    removal = Request(actor, (RemoveParticipant(user),))
    return not alone(policy, decide(policy, [removal]))
