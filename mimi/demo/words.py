"""What a message between providers says, in words."""

from typing import Any

from mimi.codec import decode
from mimi.demo.carrier import arrived
from mimi.demo.machine import Kind, Message
from mimi.demo.notes import short
from mimi.mls.message import MLSMessage
from mimi.mls.welcome import Welcome
from mimi.protocol import FORMS, Endpoint
from mimi.protocol.consent import ConsentEntry
from mimi.protocol.fanout import (
    ApplicationFanout,
    CommitFanout,
    FanoutMessage,
    ProposalFanout,
)
from mimi.protocol.groupinfo import GroupInfoRequest, GroupInfoResponse, SealedGroupInfo
from mimi.protocol.keys import KeyMaterialRequest, KeyMaterialResponse
from mimi.protocol.message import place_of
from mimi.protocol.submit import SubmitMessageRequest, SubmitMessageResponse
from mimi.protocol.update import CommitBundle, ProposalBundle, UpdateRequest, UpdateRoomResponse

_ENDPOINTS = {endpoint.value: endpoint for endpoint in Endpoint}


def first_line(message: Message) -> str:
    """Return the first line of a message of HTTP, but for the version."""
    method, target, rest = arrived(message.body).line
    if message.kind is Kind.RESPONSE:
        return f"{target} {rest}"
    return f"{method} {target}"


def said(message: Message) -> str:
    """Return what a message of HTTP says; empty where that is nothing more."""
    endpoint, found = _ENDPOINTS.get(message.name), arrived(message.body)
    if endpoint is None or not found.body or endpoint is Endpoint.PROXY_DOWNLOAD:
        return ""
    form = FORMS[endpoint]
    if message.kind is Kind.REQUEST:
        return _words(form.read(found.body))
    return _words(decode(form.response, found.body))


def _words(content: Any) -> str:
    match content:
        case KeyMaterialRequest():
            who, whom = short(content.requesting_user), short(content.target_user)
            return f"{who} wants key packages of {whom}"
        case KeyMaterialResponse():
            return f"{content.user_status.name.lower()}, {len(content.clients)} key packages"
        case UpdateRequest():
            return _update(content)
        case UpdateRoomResponse() | SubmitMessageResponse():
            details = getattr(content, "details", None) or getattr(content, "status", None)
            return type(details).__name__
        case SubmitMessageRequest():
            return f"a message by {short(content.sending_uri)}, {_place(content.app_message)}"
        case GroupInfoRequest():
            return "the group info is wanted"
        case GroupInfoResponse():
            is_given = isinstance(content.status, SealedGroupInfo)
            return "group info and tree, sealed" if is_given else type(content.status).__name__
        case ConsentEntry():
            pair = f"{short(content.requester_uri)} and {short(content.target_uri)}"
            return f"{content.consent_operation.name.lower()}, between {pair}"
        case tuple():
            return "; ".join(map(_event, content))
    return ""


def _place(message: MLSMessage) -> str:
    return f"epoch {place_of(message.body)[1]}"  # type: ignore[arg-type]  # it is of some epoch


def _update(request: UpdateRequest) -> str:
    attached, place = request.bundle.attached, _place(request.bundle.proposal_or_commit)
    if isinstance(attached, CommitBundle):
        welcome = attached.welcome
        added = f", a Welcome for {len(welcome.secrets)}" if welcome is not None else ""
        return f"a commit, {place}{added}"
    more = len(attached.more_proposals) if isinstance(attached, ProposalBundle) else 0
    return f"{1 + more} proposals, {place}"


def _event(event: FanoutMessage) -> str:
    body = event.message.body
    match event.attached:
        case ApplicationFanout():
            return f"a message, {_place(event.message)}"
        case ProposalFanout(more_proposals=more):
            return f"{1 + len(more)} proposals, {_place(event.message)}"
        case CommitFanout():
            return f"a commit, {_place(event.message)}"
    assert isinstance(body, Welcome)  # noqa: S101 - nothing else is left
    return f"a Welcome for {len(body.secrets)}"
