"""Updates of a room at its hub: one at a time, in the order in which they come (section 5.3).

::

    again     the same octets of the same provider    the same answer
    place     the room's group, the present epoch     wrongEpoch, for who is or may come in
    commit    see mimi.protocol.hub_commits
    proposals see mimi.protocol.hub_proposals
    length    of all that followers are told          413
"""

from hashlib import sha256
from typing import TypeAlias

import attrs

from mimi.codec import encode
from mimi.identity import Domain
from mimi.mls.framing import PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppEphemeral, Commit
from mimi.policy.structures import JOIN_LINKS
from mimi.protocol.forwarding import newcomer
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_commits import commit
from mimi.protocol.hub_groupinfo import may_know
from mimi.protocol.hub_proposals import proposals
from mimi.protocol.hub_refusals import RefusedUpdate, check_lengths, forbidden
from mimi.protocol.message import place_of
from mimi.protocol.room import HubRoom, HubStep
from mimi.protocol.update import (
    CommitBundle,
    ProposalBundle,
    UpdateRequest,
    UpdateRoomResponse,
    check_update_request,
    update_accepted,
    wrong_epoch,
)

UpdateStep: TypeAlias = HubStep[UpdateRoomResponse]


def update(
    hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain, now: int
) -> UpdateStep:
    """Take a proposal or a commit, or refuse it; see `mimi.protocol.hub.Hub.update`."""
    check_update_request(request)
    digest = _digest(request)
    known = room.recent.get(digest)
    if known is not None and known.by == str(source).encode():
        return HubStep(room, update_accepted(known.timestamp))
    if room.group.receivers != hub.receivers:
        group = room.group.with_receivers(*hub.receivers)
        reading = attrs.evolve(room, group=group)
    else:
        reading = room
    take = commit if isinstance(request.bundle.attached, CommitBundle) else proposals
    try:
        _check_place(hub, room, request, source)
        step = take(hub, reading, request, source, now, digest)
    except RefusedUpdate as refused:
        return HubStep(room, refused.response)
    check_lengths(step.effects)
    return HubStep(room, step.response) if step.room is reading else step


def _digest(request: UpdateRequest) -> bytes:
    """Return by what an update is known that comes again: by what its sender has signed."""
    bundle = request.bundle
    more = bundle.attached.more_proposals if isinstance(bundle.attached, ProposalBundle) else ()
    return sha256(b"".join(map(encode, (bundle.proposal_or_commit, *more)))).digest()


def _check_place(hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain) -> None:
    group, message = room.group, request.bundle.proposal_or_commit
    group_id, epoch = place_of(message.body)  # type: ignore[arg-type]  # the request was checked
    if group_id != group.group_id:
        raise forbidden("the room has another group")
    if epoch != group.epoch:
        if source not in room.audience.followers and not _may_come_in(hub, room, message, source):
            raise forbidden(f"nobody of {source} is in the room, or may come in")
        raise RefusedUpdate(wrong_epoch(group.epoch))
    if room.is_vacant:
        raise forbidden("nobody is in the room")
    if group.reinit is not None:
        raise forbidden("the group was reinitialised")


def _may_come_in(hub: Hosting, room: HubRoom, message: MLSMessage, source: Domain) -> bool:
    """Return whether an update is of who may join: such a one may know the epoch, and all else."""
    credential = newcomer(message)
    return credential is not None and may_know(hub, room, credential, _link(message), source)


def _link(message: MLSMessage) -> bytes | None:
    """Return the joining link that an external commit shows, if it does."""
    body = message.body
    if not isinstance(body, PublicMessage) or not isinstance(body.content.content, Commit):
        return None
    shown = [each for each in body.content.content.proposals if isinstance(each, AppEphemeral)]
    return next((each.data for each in shown if each.component_id == JOIN_LINKS), None)
