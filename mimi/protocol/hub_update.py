"""Updates of a room at its hub: one at a time, in the order in which they come (section 5.3).

::

    again     the same octets of the same provider    the same answer
    place     the room's group, the present epoch     wrongEpoch
    commit    see mimi.protocol.hub_commits
    proposals see mimi.protocol.hub_proposals
"""

from hashlib import sha256
from typing import TypeAlias

import attrs

from mimi.codec import encode
from mimi.identity import Domain
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_commits import commit
from mimi.protocol.hub_proposals import proposals
from mimi.protocol.hub_refusals import RefusedUpdate, forbidden
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
        _check_place(room, request)
        step = take(hub, reading, request, source, now, digest)
    except RefusedUpdate as refused:
        return HubStep(room, refused.response)
    return HubStep(room, step.response) if step.room is reading else step


def _digest(request: UpdateRequest) -> bytes:
    """Return by what an update is known that comes again: by what its sender has signed."""
    bundle = request.bundle
    more = bundle.attached.more_proposals if isinstance(bundle.attached, ProposalBundle) else ()
    return sha256(b"".join(map(encode, (bundle.proposal_or_commit, *more)))).digest()


def _check_place(room: HubRoom, request: UpdateRequest) -> None:
    group = room.group
    body = request.bundle.proposal_or_commit.body
    group_id, epoch = place_of(body)  # type: ignore[arg-type]  # the request was checked
    if group_id != group.group_id:
        raise forbidden("the room has another group")
    if epoch != group.epoch:
        raise RefusedUpdate(wrong_epoch(group.epoch))
    if room.is_vacant:
        raise forbidden("nobody is in the room")
    if group.reinit is not None:
        raise forbidden("the group was reinitialised")
