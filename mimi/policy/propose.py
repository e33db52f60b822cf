"""Building rooms, and what members propose to them.

::

    extensions = room_extensions([roles, base, metadata], {alice: ADMIN})
    group = client.create_group(now=now, extensions=extensions)
    group.commit(add=[package], proposals=[list_update(room, add={bob: USER})], now=now)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mimi.codec import encode
from mimi.errors import UsageError
from mimi.mls import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    SELF_REMOVE,
    AppDataUpdate,
    AppEphemeral,
    ComponentID,
    RemoveData,
    UpdateData,
    agreement,
)
from mimi.policy.participants import Participants
from mimi.policy.policy import number_of, room_data
from mimi.policy.room import Room
from mimi.policy.structures import (
    JOIN_LINKS,
    PARTICIPANT_LIST,
    JoinLink,
    JoinLinksData,
    JoinLinksUpdate,
    ParticipantListUpdate,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import (
    Extension,
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)


def room_extensions(
    components: Iterable[Any],
    participants: Mapping[bytes, int],
    *,
    external_senders: Sequence[ExternalSender] = (),
    more: Iterable[tuple[int, bytes]] = (),
) -> Extensions:
    """Return the extensions of the group context of a new room.

    All members must support what the room is made of, and nobody changes it but by AppDataUpdate.

    Args:
        components: What the room's components say, as structures: roles and base policy at least,
            and the metadata, which name the room.
        participants: From users to their roles, the creator among them.
        external_senders: Who may propose from outside: the hub (draft-ietf-mimi-protocol-06
            section 7.4).
        more: Further components that all members must support, with their data.

    Raises:
        ParticipantListError: A user is no participant's URI, or has the role 0.
    """
    data = room_data(components)
    data[int(PARTICIPANT_LIST)] = Participants.of(participants.items()).encode()
    data |= dict(more)
    proposals = (APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE)
    required = RequiredCapabilities((APP_DATA_DICTIONARY,), proposals)
    made: list[Extension] = [extension(ExtensionType.REQUIRED_CAPABILITIES, required)]
    if external_senders:
        senders = tuple(external_senders)
        made.append(extension(ExtensionType.EXTERNAL_SENDERS, senders, ExternalSenders))
    made.append(agreement(components=sorted(data), data=sorted(data.items())))
    return tuple(made)


def list_update(
    room: Room,
    *,
    add: Mapping[bytes, int] | None = None,
    remove: Iterable[bytes] = (),
    change: Mapping[bytes, int] | None = None,
) -> AppDataUpdate:
    """Return the proposal that changes the participant list.

    Args:
        room: The room in the epoch in which it will be committed: places are those of its list.
        add: From users who come to their roles.
        remove: Who goes.
        change: From participants to their new roles.

    Raises:
        NoParticipantError: Who goes or changes is no participant.
    """
    index = room.participants.index
    update = ParticipantListUpdate(
        tuple(UserindexRolePair(index(user), role) for user, role in (change or {}).items()),
        tuple(map(index, remove)),
        tuple(UserRolePair(user, role) for user, role in (add or {}).items()),
    )
    return AppDataUpdate(PARTICIPANT_LIST, UpdateData(encode(update)))


def update_of(structure: Any) -> AppDataUpdate:
    """Return the proposal that replaces what a component says.

    Args:
        structure: What it is to say: a `RoleData`, a `RoomMetaData`, ...

    Raises:
        UsageError: It is not what an update replaces as a whole.
    """
    if isinstance(structure, JoinLinksData):
        raise UsageError("joining links are changed by links_update")
    if isinstance(structure, JoinLinksData):
        raise UsageError("joining links are changed by their places: see links_update")
    ((number, data),) = room_data([structure]).items()
    return AppDataUpdate(ComponentID(number), UpdateData(data))


def removal_of(kind: type) -> AppDataUpdate:
    """Return the proposal that takes away what a component says.

    Args:
        kind: Its structure.

    Raises:
        UsageError: It is no component's of a room.
    """
    number = number_of(kind)
    return AppDataUpdate(ComponentID(number), RemoveData())


def links_update(*, add: Iterable[bytes] = (), remove: Iterable[int] = ()) -> AppDataUpdate:
    """Return the proposal that changes the joining links.

    Args:
        add: The links that come.
        remove: The places of those that go, in the list of the epoch.
    """
    update = JoinLinksUpdate(tuple(remove), tuple(map(JoinLink, add)))
    return AppDataUpdate(JOIN_LINKS, UpdateData(encode(update)))


def shown_link(link: bytes) -> AppEphemeral:
    """Return the proposal by which who joins shows a joining link: the draft does not say how."""
    return AppEphemeral(JOIN_LINKS, link)
