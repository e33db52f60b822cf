"""What a role may do: the registry of draft-ietf-mimi-room-policy-03 section 10.2.

Names are the draft's, in Python's case; `spelling` has them as the draft writes them. Numbers from
0xF000 are for private use: declare one with ``Capability.declare("CAN_PIN_MESSAGE", 0xF001)``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mimi.codec import CodePoint16, point
from mimi.errors import UsageError


class Capability(CodePoint16):
    """An element of `Role.role_capabilities`; unknown numbers are kept and allow nothing."""

    CAN_ADD_PARTICIPANT = point(0x0000)
    CAN_REMOVE_PARTICIPANT = point(0x0001)
    CAN_ADD_OWN_CLIENT = point(0x0002)
    CAN_REMOVE_OWN_CLIENT = point(0x0003)
    CAN_OPEN_JOIN = point(0x0004)
    CAN_JOIN_IF_PREAUTHORIZED = point(0x0005)
    CAN_REMOVE_SELF = point(0x0006)
    CAN_CREATE_JOIN_CODE = point(0x0007)
    CAN_DELETE_JOIN_CODE = point(0x0008)
    CAN_USE_JOIN_CODE = point(0x0009)
    CAN_BAN = point(0x000A)
    CAN_UNBAN = point(0x000B)
    CAN_KICK = point(0x000C)
    CAN_KNOCK = point(0x000D)
    CAN_ACCEPT_KNOCK = point(0x000E)
    CAN_CHANGE_USER_ROLE = point(0x000F)
    CAN_CHANGE_OWN_ROLE = point(0x0010)
    CAN_CREATE_SUBGROUP = point(0x0011)

    CAN_SEND_MESSAGE = point(0x0100)
    CAN_RECEIVE_MESSAGE = point(0x0101)
    CAN_COPY_MESSAGE = point(0x0102)
    CAN_REPORT_ABUSE = point(0x0103)
    CAN_REPLY_TO_MESSAGE = point(0x0104)
    CAN_REACT_TO_MESSAGE = point(0x0105)
    CAN_EDIT_REACTION = point(0x0106)
    CAN_DELETE_OWN_REACTION = point(0x0107)
    CAN_DELETE_OTHER_REACTION = point(0x0108)
    CAN_EDIT_OWN_MESSAGE = point(0x0109)
    CAN_DELETE_OWN_MESSAGE = point(0x010A)
    CAN_DELETE_OTHER_MESSAGE = point(0x010B)
    CAN_START_TOPIC = point(0x010C)
    CAN_REPLY_IN_TOPIC = point(0x010D)
    CAN_EDIT_OWN_TOPIC = point(0x010E)
    CAN_EDIT_OTHER_TOPIC = point(0x010F)
    CAN_SEND_DIRECT_MESSAGE = point(0x0110)
    CAN_TARGET_MESSAGE = point(0x0111)

    CAN_UPLOAD_IMAGE = point(0x0200)
    CAN_UPLOAD_AUDIO = point(0x0201)
    CAN_UPLOAD_VIDEO = point(0x0202)
    CAN_UPLOAD_ATTACHMENT = point(0x0203)
    CAN_DOWNLOAD_IMAGE = point(0x0204)
    CAN_DOWNLOAD_AUDIO = point(0x0205)
    CAN_DOWNLOAD_VIDEO = point(0x0206)
    CAN_DOWNLOAD_ATTACHMENT = point(0x0207)
    CAN_SEND_LINK = point(0x0208)
    CAN_SEND_LINK_PREVIEW = point(0x0209)
    CAN_FOLLOW_LINK = point(0x020A)
    CAN_COPY_LINK = point(0x020B)

    CAN_CHANGE_ROOM_NAME = point(0x0300)
    CAN_CHANGE_ROOM_DESCRIPTION = point(0x0301)
    CAN_CHANGE_ROOM_AVATAR = point(0x0302)
    CAN_CHANGE_ROOM_SUBJECT = point(0x0303)
    CAN_CHANGE_ROOM_MOOD = point(0x0304)
    CAN_CHANGE_OWN_NAME = point(0x0380)
    CAN_CHANGE_OWN_PRESENCE = point(0x0381)
    CAN_CHANGE_OWN_MOOD = point(0x0382)
    CAN_CHANGE_OWN_AVATAR = point(0x0383)

    CAN_START_CALL = point(0x0400)
    CAN_JOIN_CALL = point(0x0401)
    CAN_SEND_AUDIO = point(0x0402)
    CAN_RECEIVE_AUDIO = point(0x0403)
    CAN_SEND_VIDEO = point(0x0404)
    CAN_RECEIVE_VIDEO = point(0x0405)
    CAN_SHARE_SCREEN = point(0x0406)
    CAN_VIEW_SHARED_SCREEN = point(0x0407)

    CAN_CREATE_ROOM = point(0x0500)
    CAN_DESTROY_ROOM = point(0x0501)
    CAN_CHANGE_ROOM_MEMBERSHIP_STYLE = point(0x0502)
    CAN_CHANGE_ROLE_DEFINITIONS = point(0x0503)
    CAN_CHANGE_PREAUTHORIZED_USER_LIST = point(0x0504)
    CAN_CHANGE_OTHER_POLICY_ATTRIBUTE = point(0x0505)

    CAN_CHANGE_MLS_OPERATIONAL_POLICIES = point(0x0600)
    CAN_SEND_MLS_REINIT_PROPOSAL = point(0x0601)
    CAN_SEND_MLS_UPDATE_PROPOSAL = point(0x0602)
    CAN_SEND_MLS_PSK_PROPOSAL = point(0x0603)
    CAN_SEND_MLS_EXTERNAL_PROPOSAL = point(0x0604)
    CAN_SEND_MLS_EXTERNAL_COMMIT = point(0x0605)

    @property
    def is_named(self) -> bool:
        """Whether the number is in the registry, or was declared."""
        return int(self) in self._names


_SPELLINGS = {
    Capability.CAN_UNBAN: "canUnBan",
    Capability.CAN_SEND_MLS_REINIT_PROPOSAL: "canSendMLSReinitProposal",
    Capability.CAN_SEND_MLS_UPDATE_PROPOSAL: "canSendMLSUpdateProposal",
    Capability.CAN_SEND_MLS_PSK_PROPOSAL: "canSendMLSPSKProposal",
    Capability.CAN_SEND_MLS_EXTERNAL_PROPOSAL: "canSendMLSExternalProposal",
    Capability.CAN_SEND_MLS_EXTERNAL_COMMIT: "canSendMLSExternalCommit",
}
"""Those of which the capitals do not follow from the words."""

GROUPS: Mapping[str, range] = MappingProxyType(
    {
        "Membership": range(0x0100),
        "Messages": range(0x0100, 0x0200),
        "Assets and links": range(0x0200, 0x0300),
        "Metadata": range(0x0300, 0x0400),
        "Real-time media": range(0x0400, 0x0500),
        "Disruptive changes": range(0x0500, 0x0600),
        "MLS": range(0x0600, 0x0700),
        "Unregistered": range(0x0700, 0xF000),
        "Private use": range(0xF000, 0x10000),
    }
)
"""How the registry is ordered: its numbers by what they are about."""


def spelling(capability: Capability) -> str:
    """Return the name of a capability as the registry writes it, such as ``canAddParticipant``.

    One without a name is a number, such as ``0xF001``. The registry's ``canUnBan`` is what section
    8.1.3 calls ``canUnban``.
    """
    special = _SPELLINGS.get(capability)
    if special is not None:
        return special
    if not (capability.is_named and capability.name.isupper()):
        return capability.name
    first, *others = capability.name.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


def spelled(name: str) -> Capability:
    """Return the capability of which this is the `spelling`; large and small letters are one.

    Raises:
        UsageError: The registry has no such name, and none was declared.
    """
    capability: Capability
    for capability in Capability.known.values():
        if capability.is_named and spelling(capability).lower() == name.lower():
            return capability
    raise UsageError(f"{name} is no capability")
