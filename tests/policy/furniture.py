"""What the rooms of the tests are made of: roles, components, and what is proposed."""

from collections.abc import Iterable, Mapping
from typing import Any

from policy.scenes import ADMIN, ALICE, HUB, NONE, USER, C, a_role
from tree.members import SUITE

from mimi.codec import encode
from mimi.crypto import SeededEntropy
from mimi.mls import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    agreement,
)
from mimi.mls.components import ComponentID
from mimi.mls.proposal import AppDataUpdate, AppEphemeral, RemoveData, UpdateData
from mimi.policy.participants import Participants
from mimi.policy.policy import room_data
from mimi.policy.structures import (
    JOIN_LINKS,
    PARTICIPANT_LIST,
    BaseRoomPolicy,
    JoinLink,
    JoinLinksData,
    ParticipantListUpdate,
    Role,
    RoleData,
    RoomMetaData,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extension,
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)

ENTROPY = SeededEntropy(b"a house")
HUB_KEY = SUITE.generate_signature_key(ENTROPY)
ENFORCER = 5
URI = b"mimi://a.example/r/house"


def senders(*keys: bytes, credential: bytes = HUB) -> Extension:
    """Return the extension external_senders with the hub."""
    listed = tuple(ExternalSender(key, BasicCredential(credential)) for key in keys)
    return extension(ExtensionType.EXTERNAL_SENDERS, listed, ExternalSenders)


REQUIRED = extension(
    ExtensionType.REQUIRED_CAPABILITIES,
    RequiredCapabilities((APP_DATA_DICTIONARY,), (APP_DATA_UPDATE,)),
)

USER_CAPABILITIES = (
    *(C.CAN_ADD_OWN_CLIENT, C.CAN_REMOVE_SELF, C.CAN_SEND_MESSAGE, C.CAN_CHANGE_ROOM_NAME),
    *(C.CAN_JOIN_IF_PREAUTHORIZED,),
)
ADMIN_CAPABILITIES = (
    *(C.CAN_ADD_PARTICIPANT, C.CAN_REMOVE_PARTICIPANT, C.CAN_ADD_OWN_CLIENT),
    *(C.CAN_REMOVE_OWN_CLIENT, C.CAN_REMOVE_SELF, C.CAN_BAN, C.CAN_UNBAN, C.CAN_KICK),
    *(C.CAN_CHANGE_USER_ROLE, C.CAN_CHANGE_ROOM_NAME, C.CAN_CHANGE_ROLE_DEFINITIONS),
    *(C.CAN_CHANGE_PREAUTHORIZED_USER_LIST, C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE),
    *(C.CAN_CREATE_JOIN_CODE, C.CAN_DELETE_JOIN_CODE, C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE),
    *(C.CAN_CHANGE_MLS_OPERATIONAL_POLICIES, C.CAN_SEND_MLS_REINIT_PROPOSAL),
)


def roles(*others: Role) -> RoleData:
    """Return the roles of the house; those among *others* are as they say."""
    listed = {
        NONE: a_role(NONE),
        1: a_role(1, maximum_active_participants_constraint=0),
        USER: a_role(USER, USER_CAPABILITIES, {USER: [NONE]}),
        ADMIN: a_role(
            ADMIN,
            ADMIN_CAPABILITIES,
            {NONE: [1, USER, ADMIN], 1: [NONE, USER], USER: [NONE, 1, ADMIN], ADMIN: [NONE, USER]},
            minimum_participants_constraint=1,
        ),
        ENFORCER: a_role(
            ENFORCER,
            [C.CAN_BAN, C.CAN_REMOVE_PARTICIPANT],
            {USER: [NONE, 1], ADMIN: [1]},
            maximum_active_participants_constraint=0,
        ),
    }
    listed |= {int(role.role_index): role for role in others}
    return RoleData(tuple(listed[at] for at in sorted(listed)))


# What is proposed


def update(component: int, change: Any) -> AppDataUpdate:
    """Return the proposal of an update, given as a structure or as octets."""
    data = change if isinstance(change, bytes) else encode(change)
    return AppDataUpdate(ComponentID(component), UpdateData(data))


def removal(component: int) -> AppDataUpdate:
    """Return the proposal that a component's data be removed."""
    return AppDataUpdate(ComponentID(component), RemoveData())


def listed(
    changes: Mapping[int, int] | None = None,
    removed: Iterable[int] = (),
    **added: Any,
) -> AppDataUpdate:
    """Return an update of the participant list.

    Args:
        changes: From places in the list to new roles.
        removed: Places in the list.
        added: From names, such as ``bob``, to roles.
    """
    moved = tuple(UserindexRolePair(at, role) for at, role in (changes or {}).items())
    new = tuple(UserRolePair(user(name), role) for name, role in added.items())
    return update(PARTICIPANT_LIST, ParticipantListUpdate(moved, tuple(removed), new))


def code(link: bytes) -> AppEphemeral:
    """Return a joining link as a joiner shows it."""
    return AppEphemeral(JOIN_LINKS, link)


def links(*each: bytes) -> JoinLinksData:
    """Return the data of join_links."""
    return JoinLinksData(tuple(map(JoinLink, each)))


def user(name: str) -> bytes:
    """Return the user of a client: ``bob`` and ``bob_tablet`` are the same."""
    return b"mimi://a.example/u/" + name.partition("_")[0].encode()


def device(name: str) -> bytes:
    """Return the URI of a client."""
    who, _, which = name.partition("_")
    return f"mimi://a.example/d/{who}/{which or 'phone'}".encode()


# A house that is founded


def founding_data(
    *others: Any, people: Mapping[bytes, int] | None = None, role_data: RoleData | None = None
) -> dict[int, bytes]:
    """Return the components of the house: *others* are besides, or instead of, the usual ones."""
    known = [roles() if role_data is None else role_data, BaseRoomPolicy()]
    known.append(RoomMetaData(URI, b"House"))
    data = room_data(known) | room_data(others)
    usual = {ALICE: ADMIN, HUB: ENFORCER}
    data[PARTICIPANT_LIST] = Participants.of((usual if people is None else people).items()).encode()
    return data


def founding_extensions(data: Mapping[int, bytes]) -> Extensions:
    """Return the extensions of the group context."""
    agreed = agreement(components=list(data), data=list(data.items()))
    return REQUIRED, senders(HUB_KEY.public), agreed
