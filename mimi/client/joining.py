"""Coming into a room: by creating it, by a Welcome, or by a commit of one's own (section 5.6).

::

    found      the group in epoch 0; its group info and tree go to the hub
    welcome    Welcome and tree, from the hub
    ask        GroupInfoRequest, signed --> GroupInfoResponse, sealed
    come_in    commit from outside: a new device, one that lost the room, or a new participant
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mimi.client.changes import request_of
from mimi.client.errors import (
    GroupInfoRefusedError,
    NoRoomError,
    NoWayInError,
    RefusedError,
)
from mimi.client.state import Change, Kind, Moderated, Owner, R, RoomState, Underway
from mimi.codec import encode
from mimi.content.conversation import Conversation
from mimi.content.persistent import Trie
from mimi.crypto import HPKEPrivateKey
from mimi.errors import ForbiddenError
from mimi.identity import RoomUri
from mimi.mls import Client, ExternalDraft, Group
from mimi.mls.components import app_data
from mimi.mls.framing import PublicMessage
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Proposal, SelfRemove
from mimi.mls.tree_options import RatchetTreeOption, encoded_tree
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.propose import list_update, room_extensions, shown_link
from mimi.policy.room import Room
from mimi.policy.settings import settings_of
from mimi.policy.structures import NO_ROLE, PARTICIPANT_LIST
from mimi.protocol.errors import ProviderCredentialError
from mimi.protocol.fanout import FanoutMessage, WelcomeFanout, check_fanout
from mimi.protocol.franking import check_franking_agent, franking_agent
from mimi.protocol.groupinfo import (
    GroupInfoCode,
    GroupInfoRatchetTreeTBE,
    GroupInfoRequest,
    GroupInfoRequestTBS,
    GroupInfoResponse,
    open_group_info,
    sign_group_info_request,
)
from mimi.protocol.http import Refused
from mimi.tree.extension import Extensions, ExternalSender, external_senders
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree


@attrs.frozen(eq=False)
class Asking:
    """A request for the group info of a room, until it is answered; it is not stored.

    Attributes:
        uri: The room.
        request: What to send.
        private: What opens the answer.
    """

    uri: RoomUri
    request: GroupInfoRequest
    private: HPKEPrivateKey = attrs.field(repr=False)


def begun(
    kind: type[R], owner: Owner, uri: RoomUri, group: Group, before: RoomState | None = None
) -> R:
    """Return the room of a group, with the conversation that the device had of it before."""
    stored = Trie[bytes, Any]() if before is None else before.stored
    conversation = Conversation(str(uri)) if before is None else before.conversation
    conversation = attrs.evolve(conversation, authority=Moderated(stored))
    made = kind(owner, uri, group, conversation, group.settings, stored=stored)
    group = group.with_settings(settings_of(made.policy.policy.operational, group.settings))
    if before is None:
        return attrs.evolve(made, group=group)
    return attrs.evolve(
        made,
        group=group,
        sent=before.sent,
        unsent=before.unsent,
        waiting=tuple(each for each in before.waiting if each.epoch >= group.epoch),
        journal=before.journal,
        created=before.created,
        joined=before.joined + 1,
        version=before.version + 1,
    )


def found(
    client: Client,
    components: Iterable[Any],
    participants: Mapping[bytes, int],
    hub: ExternalSender,
    more: Iterable[tuple[int, bytes]],
    now: int,
) -> Group:
    """Return the group of a new room; the arguments are those of `Device.create_room`."""
    extensions = room_extensions(components, participants, external_senders=[hub], more=more)
    return client.create_group(now=now // 1000, extensions=extensions)


def welcome(
    kind: type[R],
    client: Client,
    owner: Owner,
    uri: RoomUri,
    fanned: FanoutMessage,
    now: int,
    before: RoomState | None,
) -> tuple[Client, R]:
    """Join by a Welcome that the hub hands on; errors are those of `Device.join`."""
    check_fanout(fanned)
    attached = fanned.attached
    if not isinstance(attached, WelcomeFanout):
        raise NoRoomError("a device joins by a Welcome")
    tree = tree_of(attached.ratchet_tree_option)
    groups = () if before is None else (before.group,)
    wire = encode(fanned.message)
    staged = client.join(wire, now=now // 1000, tree=tree, groups=groups)
    owner.judge(staged.credentials)
    check_room(owner, uri, staged.context.extensions)
    client, group = staged.accept(client)
    room = begun(kind, owner, uri, group, before)
    return client, attrs.evolve(room, opened={group.epoch: fanned.timestamp})


def tree_of(option: RatchetTreeOption) -> bytes:
    """Return the encoded tree of an option.

    Raises:
        MissingTreeError: It does not hold the tree.
    """
    return encoded_tree(option, None)


def check_room(owner: Owner, uri: RoomUri, extensions: Extensions) -> None:
    """Check that a group is the room that it should be, with its hub.

    Raises:
        NoRoomError: It is another room, or none; or the room's provider is no external sender.
        ProviderCredentialError: Another provider than the room's franks messages.
    """
    policy = RoomPolicy.of(app_data(extensions))
    if not policy.roles.roles:
        raise NoRoomError("the group is no room", room=str(uri))
    if policy.metadata is not None and policy.metadata.room_uri != str(uri).encode():
        raise NoRoomError("the group is another room", room=policy.metadata.room_uri)
    senders = external_senders(extensions)
    if not any(_is_hub(owner, uri, each) for each in senders):
        raise NoRoomError(f"{uri.provider} is no external sender", room=str(uri))
    agent = franking_agent(extensions)
    if agent is not None:
        check_franking_agent(agent, uri.provider, owner.provider_of)


def _is_hub(owner: Owner, uri: RoomUri, sender: ExternalSender) -> bool:
    try:
        return owner.provider_of(sender.credential) == uri.provider
    except ProviderCredentialError:
        return False


# By a commit of one's own


def ask(client: Client, uri: RoomUri, join_code: bytes | None) -> Asking:
    """Return a request for the group info of a room; the arguments are those of `Device.ask`."""
    suite = client.suite
    private = suite.generate_key_pair(client.entropy)
    tbs = GroupInfoRequestTBS(
        suite.code, client.signer.public, client.credential, private.public, join_code
    )
    return Asking(uri, sign_group_info_request(tbs, client.signer), private)


def come_in(
    kind: type[R],
    client: Client,
    owner: Owner,
    asking: Asking,
    response: GroupInfoResponse | Refused,
    now: int,
    *,
    before: RoomState | None,
    role: int | None,
) -> Change[R]:
    """Join by a commit of one's own; errors are those of `Device.come_in`."""
    if isinstance(response, Refused):
        raise RefusedError.of(response)
    if (code := response.code) is not GroupInfoCode.SUCCESS:
        raise GroupInfoRefusedError(code.name.lower(), room=str(asking.uri), code=code)
    uri, request = asking.uri, asking.request
    opened = open_group_info(uri, request, response, asking.private, provider_of=owner.provider_of)
    context = opened.group_info.group_context
    check_room(owner, uri, context.extensions)
    tree = tree_of(opened.ratchet_tree_option)
    resync = _old_leaf(client, tree)
    proposals = tuple(_entering(client, owner, context.extensions, asking, role))
    info = encode(MLSMessage(opened.group_info))

    def drafted(leaving: tuple[bytes, ...]) -> ExternalDraft[Group]:
        at = now // 1000
        return client.join_externally(
            info, now=at, tree=tree, resync=resync, pending=leaving, proposals=proposals
        )

    try:
        draft = drafted(self_removes(opened))
    except ForbiddenError:
        # those who leave may lack the right to take out a single client of theirs
        draft = drafted(())
    owner.judge(draft.credentials)
    group = draft.accept()
    update = request_of(draft.commit, None, group, is_partial=owner.is_partial)
    room = begun(kind, owner, uri, group, before)
    return Change(attrs.evolve(room, underway=Underway(Kind.JOIN, update)), update)


def _old_leaf(client: Client, tree: bytes) -> LeafIndex | None:
    """Return the leaf that the client has already; None where it has none."""
    members = RatchetTree.decode(client.suite, tree).members()
    return next((at for at, leaf in members if leaf.credential == client.credential), None)


def self_removes(opened: GroupInfoRatchetTreeTBE) -> tuple[bytes, ...]:
    """Return the pending SelfRemove proposals, encoded, which the commit takes along."""
    listed = (each.proposal for each in opened.pending_proposals)
    return tuple(
        encode(message)
        for message in listed
        if isinstance(message.body, PublicMessage)
        and isinstance(message.body.content.content, SelfRemove)
    )


def _entering(
    client: Client, owner: Owner, extensions: Extensions, asking: Asking, role: int | None
) -> Iterable[Proposal]:
    """Yield by what the user comes into the participant list, who is not in it.

    Raises:
        NoWayInError: The room has no role for it.
    """
    data = app_data(extensions)
    listed = Participants.decode(data.get(PARTICIPANT_LIST, b"\0"))
    if owner.user in listed.roles:
        return
    room = Room.of(RoomPolicy.of(data), listed, {})
    claims = owner.rooms.identities.claims(client.credential)
    code = asking.request.joining_code
    if role is None and code is not None:
        role = owner.rooms.join_role(code)
    if role is None:
        targets = room.policy.role(NO_ROLE).transitions.get(NO_ROLE, ())
        role = room.policy.preauthorized_role(claims) or min(targets, default=NO_ROLE)
    if role == NO_ROLE:
        raise NoWayInError("the room has no role for who joins", room=str(asking.uri))
    yield list_update(room, add={owner.user: role})
    if code is not None:
        yield shown_link(code)
