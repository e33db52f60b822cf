"""Changing a room: commits and proposals on their way to the hub, and what comes of them.

The update of section 5.3, from the side of who asks for it::

    commit  --> Change(room with the draft held, UpdateRequest)
    answered:  success      the epoch that the commit opens
               wrongEpoch   what was missed decides: it may have been one's own commit
               else         the draft is dropped; where it has missed a proposal, it is made anew
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from mimi.client.errors import NoKeyPackageError, RefusedError
from mimi.client.events import ChangeRefused, Event, Joined, Next, Passed, RoomChanged
from mimi.client.state import (
    Change,
    Kind,
    R,
    RoomState,
    RoomStep,
    Underway,
    check_free,
    ended,
    room_of,
    stepped,
)
from mimi.codec import decode, encode
from mimi.mls import Group, KeyPackage
from mimi.mls.component_errors import RequiredMediaTypeError
from mimi.mls.events import OwnCommitConfirmed
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import check_media_types
from mimi.mls.proposal import Proposal, Remove, SelfRemove
from mimi.mls.tree_options import PartialGroupInfo, ServedRatchetTree, full_tree
from mimi.mls.welcome import GroupInfo, Welcome
from mimi.policy.errors import NoParticipantError
from mimi.policy.propose import list_update
from mimi.policy.room import Room
from mimi.policy.settings import settings_of
from mimi.policy.structures import BANNED, NO_ROLE
from mimi.protocol.http import Refused
from mimi.protocol.keys import (
    KeyMaterialClientCode,
    KeyMaterialRequest,
    KeyMaterialRequestTBS,
    KeyMaterialResponse,
    check_key_material_response,
    sign_key_material_request,
)
from mimi.protocol.update import (
    CommitBundle,
    FullGroupInfo,
    GroupInfoOption,
    PartialGroupInfoOption,
    ProposalBundle,
    UpdateAccepted,
    UpdateInvalidProposals,
    UpdateRequest,
    UpdateRoomResponse,
    UpdateWrongEpoch,
    check_update_response,
    update_request,
)
from mimi.tree.extension import required_capabilities
from mimi.tree.leaf import LifetimePolicy
from mimi.tree.math import LeafIndex

# Commits


def commit(
    room: R,
    now: int,
    *,
    add: Iterable[KeyPackage] = (),
    remove: Iterable[LeafIndex] = (),
    proposals: Iterable[Proposal] = (),
) -> Change[R]:
    """Draft a commit that covers all that is pending besides.

    Raises:
        NoMemberError: The device is not in the room.
        UnderwayError: Another change is on its way.
        LeavingError: The user is leaving.
        ForbiddenError: The policy does not allow it; or somebody's credential is refused.
        InvalidError: It breaks a rule; a class for each.
    """
    check_free(room)
    group = room.group
    draft = group.commit(now=now // 1000, add=add, remove=remove, proposals=proposals)
    room.owner.judge(draft.credentials)
    request = request_of(
        draft.commit, draft.welcome, draft.accept(), is_partial=room.owner.is_partial
    )
    held = stepped(room, group=draft.hold(), underway=of_commit(group, request))
    return Change(held, request)


def of_commit(group: Group, request: UpdateRequest) -> Underway:
    """Return a commit as it is on its way, which covers what is pending as far as it can."""
    known = tuple(each.reference for each in group.pending)
    return Underway(Kind.COMMIT, request, known)


def request_of(
    wire: bytes, welcome: bytes | None, after: Group, *, is_partial: bool = False
) -> UpdateRequest:
    """Return the request that brings a commit to the hub.

    The tree goes with it where somebody needs it who is added; the hub makes it otherwise.

    Args:
        wire: The encoded commit.
        welcome: The encoded Welcome; None for none.
        after: The group in the epoch that the commit opens.
        is_partial: Whether the hub makes the group info, as far as it can.
    """
    option: GroupInfoOption
    if is_partial:
        partial = after.partial_group_info(before=False, tree=False)
        option = PartialGroupInfoOption(decode(PartialGroupInfo, partial))
    else:
        option = FullGroupInfo(_body(after.group_info(tree=False), GroupInfo))
    if welcome is None:
        bundle = CommitBundle(None, option, ServedRatchetTree())
    else:
        bundle = CommitBundle(_body(welcome, Welcome), option, full_tree(after.ratchet_tree))
    return update_request(decode(MLSMessage, wire), bundle)


def _body(wire: bytes, kind: type[Any]) -> Any:
    body = decode(MLSMessage, wire).body
    assert isinstance(body, kind)  # noqa: S101 - it was made as one
    return body


# People


def _answer(response: KeyMaterialResponse | Refused) -> KeyMaterialResponse:
    if isinstance(response, Refused):
        raise RefusedError.of(response)
    return response


@attrs.frozen
class Material:
    """Key packages of a user who is to be added.

    Attributes:
        request: What was asked.
        response: What was answered; it raises `RefusedError` if that is a status.
        role: The user's role, where it is no participant; None for the first that one may give.
        without: Clients of the user that are not to be added, by their URIs.
    """

    request: KeyMaterialRequest
    response: KeyMaterialResponse = attrs.field(converter=_answer)
    role: int | None = None
    without: Collection[bytes] = ()

    @property
    def left_out(self) -> Mapping[bytes, KeyMaterialClientCode]:
        """The user's clients that cannot be added, by their URIs: they gave no key package."""
        return {
            each.client_uri: each.client_status
            for each in self.response.clients
            if not isinstance(each.material, KeyPackage)
        }

    @property
    def packages(self) -> Mapping[bytes, KeyPackage]:
        """The key packages of the clients that are to be added, by their URIs."""
        return {
            each.client_uri: each.material
            for each in self.response.clients
            if isinstance(each.material, KeyPackage) and each.client_uri not in self.without
        }


def ask_key_material(room: RoomState, user: bytes) -> KeyMaterialRequest:
    """Return the signed request for the key packages of a user's clients, for this room."""
    group = room.group
    tbs = KeyMaterialRequestTBS(
        room.owner.user,
        user,
        room.room_id,
        (group.suite.code,),
        required_capabilities(group.extensions),
        group.signer.public,
        group.leaf_node.credential,
    )
    return sign_key_material_request(group.suite, tbs, group.signer)


def add(room: R, materials: Iterable[Material], now: int) -> Change[R]:
    """Add users with all their clients, in one commit; see `commit` too.

    Raises:
        KeyMaterialError: Key material is not what was asked for.
        NoKeyPackageError: A user has given no key package.
        RequiredMediaTypeError: A client does not read what the room requires: see `lacking`.
    """
    check_free(room)
    policy, rooms, group = room.policy, room.owner.rooms, room.group
    lifetimes = LifetimePolicy(now // 1000, group.settings.maximum_lifetime)
    packages: list[KeyPackage] = []
    coming: dict[bytes, int] = {}
    for each in materials:
        check_key_material_response(
            each.response, each.request, lifetimes=lifetimes, identify=rooms.identities.identify
        )
        user, given = each.request.target_user, each.packages
        if not given:
            status = each.response.user_status
            raise NoKeyPackageError(f"{status.name.lower()}", user=user, status=status)
        present = {group.state.tree.member(leaf).credential for leaf in leaves_of(room, [user])}
        packages += [
            package for package in given.values() if package.leaf_node.credential not in present
        ]
        if policy.role_of(user) == NO_ROLE:
            coming[user] = first_role(room) if each.role is None else each.role
    proposals = [list_update(policy, add=coming)] if coming else []
    return commit(room, now, add=packages, proposals=proposals)


def lacking(room: RoomState, material: Material) -> tuple[bytes, ...]:
    """Return the clients that do not read what the room requires."""
    found: list[bytes] = []
    for client, package in material.packages.items():
        try:
            check_media_types([(LeafIndex(0), package.leaf_node)], room.group.extensions)
        except RequiredMediaTypeError:
            found.append(client)
    return tuple(found)


def first_role(room: RoomState) -> int:
    """Return the first role in which one may bring in somebody; 0 where there is none."""
    policy = room.policy
    targets = policy.policy.role(policy.role_of(room.owner.user)).transitions.get(NO_ROLE, ())
    return min((role for role in targets if not policy.is_banned(role)), default=NO_ROLE)


def leaves_of(room: RoomState, users: Iterable[bytes]) -> list[LeafIndex]:
    """Return the leaves of users' clients."""
    wanted, identify = frozenset(users), room.owner.rooms.identities.identify
    members = room.group.state.tree.members()
    return [index for index, leaf in members if identify(leaf.credential) in wanted]


def remove(room: R, users: Iterable[bytes], now: int) -> Change[R]:
    """Take users out of the room, with all their clients; see `commit` too.

    Raises:
        NoParticipantError: One is no participant.
    """
    gone = tuple(users)
    update = list_update(room.policy, remove=gone)
    return commit(room, now, remove=leaves_of(room, gone), proposals=[update])


def change_roles(room: R, roles: Mapping[bytes, int], now: int) -> Change[R]:
    """Give participants other roles; who is banned loses all clients; errors as in `remove`."""
    policy = room.policy
    update = list_update(policy, change=roles)
    banned = [user for user, role in roles.items() if policy.is_banned(role)]
    return commit(room, now, remove=leaves_of(room, banned), proposals=[update])


def ban(room: R, users: Iterable[bytes], now: int) -> Change[R]:
    """Ban users, participants or not; errors are those of `commit`."""
    policy, all_users = room.policy, tuple(users)
    listed = policy.participants.roles
    change = {user: BANNED for user in all_users if user in listed}
    coming = {user: BANNED for user in all_users if user not in listed}
    update = list_update(policy, change=change, add=coming)
    return commit(room, now, remove=leaves_of(room, all_users), proposals=[update])


def unban(room: R, users: Iterable[bytes], now: int, role: int = NO_ROLE) -> Change[R]:
    """Let banned users come back: as participants of a role, or by whatever way is open.

    Raises:
        NoParticipantError: One is not banned; others are those of `commit`.
    """
    policy, all_users = room.policy, tuple(users)
    for user in all_users:
        if not policy.is_banned(policy.role_of(user)):
            raise NoParticipantError(f"{user.decode()} is not banned", user=user)
    if role == NO_ROLE:
        update = list_update(policy, remove=all_users)
    else:
        update = list_update(policy, change=dict.fromkeys(all_users, role))
    return commit(room, now, proposals=[update])


# Leaving (section 3.5: in three steps)


def leave(room: R, now: int) -> Change[R]:
    """Propose that the user leaves, with all clients: what the next commit must cover.

    Raises:
        NoMemberError: The device is not in the room.
        UnderwayError: Another change is on its way.
        LeavingError: The user is leaving already.
        ForbiddenError: The policy does not let the user leave.
    """
    check_free(room)
    group, user = room.group, room.owner.user
    others = [leaf for leaf in leaves_of(room, [user]) if leaf != group.leaf_index]
    proposals: list[Proposal] = [list_update(room.policy, remove=[user]), SelfRemove()]
    return propose(room, [*proposals, *map(Remove, others)], now)


def propose(room: R, proposals: Iterable[Proposal], now: int) -> Change[R]:
    """Propose changes, which somebody else commits; errors are those of `commit`."""
    check_free(room)
    group, wires = room.group, []
    for proposal in proposals:
        group, wire = group.propose(proposal, now=now // 1000)
        wires.append(decode(MLSMessage, wire))
    known = room.group.state.proposals
    references = tuple(each for each in group.state.proposals if each not in known)
    request = update_request(wires[0], ProposalBundle(tuple(wires[1:])))
    after = stepped(
        room,
        group=group,
        underway=Underway(Kind.PROPOSALS, request, references),
    )
    return Change(after, request)


# What comes of it


def answered(room: R, response: UpdateRoomResponse | Refused, now: int) -> RoomStep[R]:
    """Take the hub's answer to what is on its way.

    Raises:
        TextError: What it says for people is not UTF-8.
    """
    if isinstance(response, Refused):
        return ended(room, _refused(room, response), now)
    details = response.details
    at = details.accepted_timestamp if isinstance(details, UpdateAccepted) else now
    return ended(room, _answered(room, response, now), at)


def _answered(room: R, response: UpdateRoomResponse, now: int) -> RoomStep[R]:
    reason = check_update_response(response)
    if room.underway is None:
        return RoomStep(room, (Passed(),))
    match response.details:
        case UpdateAccepted(accepted_timestamp=accepted):
            return taken(room, accepted, now)
        case UpdateWrongEpoch(current_epoch=current):
            return _wrong_epoch(room, current, reason)
        case UpdateInvalidProposals(invalid_proposals=references):
            return _dropped(room, Next.GIVE_UP, reason, references)
    # what was proposed while the commit was on its way, it has missed: with that, it may be allowed
    following = Next.TRY_AGAIN if _has_missed(room, room.underway) else Next.GIVE_UP
    return _dropped(room, following, reason)


def _has_missed(room: RoomState, underway: Underway) -> bool:
    """Return whether a commit is on its way that was made before something that is pending."""
    pending = (each.reference for each in room.group.pending)
    return underway.kind is Kind.COMMIT and any(each not in underway.references for each in pending)


def _refused(room: R, refused: Refused) -> RoomStep[R]:
    """Take a status that is no answer: the request is dropped, or to be sent again as it is."""
    reason = f"status {refused.status}"
    if room.underway is None:
        return RoomStep(room, (Passed(),))
    if refused.is_final:
        return _dropped(room, Next.GIVE_UP, reason)
    return RoomStep(room, (ChangeRefused(Next.SEND_AGAIN, reason),))


def taken(room: R, accepted: int, now: int, *, is_exact: bool = True) -> RoomStep[R]:
    """Let what was on its way take effect, which the hub accepted.

    Args:
        room: The room.
        accepted: When; what came later, where that is not known exactly.
        now: Milliseconds since 1970-01-01T00:00Z.
        is_exact: Whether it is.
    """
    underway = room.underway
    assert underway is not None  # noqa: S101 - the caller has looked
    if underway.kind is Kind.PROPOSALS:
        return RoomStep(stepped(room, underway=None))
    if underway.kind is Kind.JOIN:
        opened = with_opened(room, room.group, accepted)
        after = stepped(room, underway=None, opened=opened)
        return RoomStep(after, (Joined(room.group.epoch, accepted),))
    wire = encode(underway.request.bundle.proposal_or_commit)
    step = room.group.receive(wire, now=now // 1000)
    assert isinstance(step.events[0], OwnCommitConfirmed)  # noqa: S101 - it is the one that is held
    into = advanced(room, step.group, room.owner.user, accepted)
    return into if is_exact else RoomStep(attrs.evolve(into.room, opened=room.opened), into.events)


def _wrong_epoch(room: R, current: int, reason: str) -> RoomStep[R]:
    underway = room.underway
    assert underway is not None  # noqa: S101 - the caller has looked
    if underway.kind is Kind.JOIN:
        return _dropped(room, Next.JOIN_AGAIN, reason)
    if current > room.group.epoch:
        # the first answer may have been lost: what comes next says whether it was taken
        return RoomStep(room, (ChangeRefused(Next.CATCH_UP, reason),))
    return _dropped(room, Next.RESYNC, reason)


def _dropped(room: R, following: Next, reason: str, invalid: Iterable[bytes] = ()) -> RoomStep[R]:
    """Drop what was on its way, and the pending proposals that the hub takes for invalid."""
    underway, group = room.underway, room.group
    assert underway is not None  # noqa: S101 - the caller has looked
    if underway.kind is Kind.JOIN:
        return RoomStep(room, (ChangeRefused(following, reason),))
    forgotten = [each for each in invalid if each in group.state.proposals]
    if underway.kind is Kind.PROPOSALS:
        forgotten += (each for each in underway.references if each in group.state.proposals)
    elif forgotten:
        following = Next.TRY_AGAIN
    for reference in dict.fromkeys(forgotten):
        group = group.without_proposal(reference)
    after = stepped(room, group=group.without_held(), underway=None)
    return RoomStep(after, (ChangeRefused(following, reason),))


# The next epoch


def with_opened(room: RoomState, group: Group, accepted: int) -> dict[int, int]:
    """Return when epochs were opened, as far back as messages are read."""
    first = group.epoch - len(group.past)
    kept = {epoch: at for epoch, at in room.opened.items() if epoch >= first}
    return {**kept, group.epoch: accepted}


def advanced(room: R, group: Group, by: bytes, accepted: int) -> RoomStep[R]:
    """Return the room in the epoch that a commit has opened, and what it changed.

    Args:
        room: The room before.
        group: The group in the next epoch.
        by: The user who committed it.
        accepted: When the hub accepted it.
    """
    before, then = room.policy, room_of(room.owner.rooms, group)
    said = then.policy.operational
    if said != before.policy.operational:
        group = group.with_settings(settings_of(said, room.settings))
    after = stepped(
        room,
        group=group,
        underway=None,
        opened=with_opened(room, group, accepted),
    )
    return RoomStep(after, (difference(before, then, group.epoch, accepted, by),))


def difference(before: Room, then: Room, epoch: int, accepted: int, by: bytes) -> Event:
    """Return what a commit changed."""
    old, new = before.participants.roles, then.participants.roles
    joined: tuple[tuple[bytes, int], ...] = ()
    left: tuple[bytes, ...] = ()
    roles: tuple[tuple[bytes, int, int], ...] = ()
    if old is not new:
        joined = tuple((user, role) for user, role in new.items() if user not in old)
        left = tuple(user for user in old if user not in new)
        roles = tuple(
            (user, old[user], role)
            for user, role in new.items()
            if user in old and old[user] != role
        )
    clients: tuple[tuple[bytes, int, int], ...] = ()
    if before.clients is not then.clients:
        had, have = before.clients, then.clients
        clients = tuple(
            (user, had.get(user, 0), have.get(user, 0))
            for user in {**had, **have}
            if had.get(user, 0) != have.get(user, 0)
        )
    changed = before.policy is not then.policy
    return RoomChanged(epoch, accepted, by, joined, left, roles, clients, changed)
