"""A club: the roles of the combined commits, and who is in the room."""

from mimi.policy.capability import Capability
from mimi.policy.presets import capabilities, role
from mimi.policy.structures import Claim, ClaimId, PreAuthRoleEntry, Role, RoleData
from mimi.vectors.generate.policy_scenes import CLAIM, CREDENTIAL, HUB, titled

LINK = b"https://hub.example/join/1"
STAFF_LINK = b"https://hub.example/join/staff"
OLD_LINK = b"https://hub.example/join/old"
STRANGE_LINK = b"https://hub.example/join/strange"
PIN = 0xF001

NOBODY, BANNED, GUEST, MEMBER, MODERATOR, OWNER, ENFORCER, WARDEN, MUTE = range(9)

_GUEST = capabilities(
    """
    canRemoveSelf canAddOwnClient canRemoveOwnClient canChangeOwnRole canJoinIfPreauthorized
    canSendMessage canReceiveMessage
    """
)
_MEMBER = capabilities(_GUEST, "canAddParticipant canRemoveParticipant canChangeRoomSubject")
_MODERATOR = capabilities(_MEMBER, "canBan canUnBan canKick canChangeUserRole canChangeRoomName")
_OWNER = capabilities(
    _MODERATOR,
    """
    canChangeRoomMembershipStyle canChangeRoleDefinitions canChangePreauthorizedUserList
    canChangeRoomDescription canChangeRoomAvatar canChangeRoomMood canDestroyRoom
    canSendMLSReinitProposal canCreateJoinCode canDeleteJoinCode canChangeOtherPolicyAttribute
    canChangeMlsOperationalPolicies
    """,
)
_EVERY = {source: tuple(range(7)) for source in range(7)}

NOBODY_ROLE = role(NOBODY, "nobody", capabilities("canUseJoinCode"), {0: (2,)})
BANNED_ROLE = role(BANNED, "banned", active=(0, 0))
GUEST_ROLE = role(GUEST, "guest", _GUEST, {2: (0,)})
MEMBER_ROLE = role(MEMBER, "member", _MEMBER, {0: (2,), 2: (0,), 3: (0,)})
MODERATOR_ROLE = role(
    MODERATOR,
    "moderator",
    _MODERATOR,
    {0: (1, 2, 3), 1: (0, 2, 3), 2: (0, 1, 3), 3: (0, 1, 2), 4: (0,)},
    participants=(1, None),
)
OWNER_ROLE = role(OWNER, "owner", _OWNER, _EVERY, participants=(1, None))
ENFORCER_ROLE = role(
    ENFORCER,
    "enforcer",
    capabilities("canRemoveParticipant canBan canUnBan canDestroyRoom"),
    {0: (1,), 1: (0, 2), 2: (0, 1), 3: (0, 1), 4: (0, 1)},
    participants=(1, 2),
    active=(0, 0),
)
WARDEN_ROLE = role(
    WARDEN, "warden", capabilities("canChangeUserRole"), {1: (2,), 2: (1, 3), 3: (2,)}
)
MUTE_ROLE = role(MUTE, "mute", capabilities("canReceiveMessage"))

ROLES = RoleData(
    (
        NOBODY_ROLE,
        BANNED_ROLE,
        GUEST_ROLE,
        MEMBER_ROLE,
        MODERATOR_ROLE,
        OWNER_ROLE,
        ENFORCER_ROLE,
        WARDEN_ROLE,
        MUTE_ROLE,
    )
)

PARTICIPANTS = {
    "olga": OWNER,
    "mona": MODERATOR,
    "mia": MEMBER,
    "gus": GUEST,
    "gwen": GUEST,
    "bert": BANNED,
    "idle": MEMBER,
    HUB: ENFORCER,
    "wanda": WARDEN,
    "mute": MUTE,
}
CLIENTS = {"olga": 1, "mona": 1, "mia": 1, "gus": 2, "gwen": 1, "wanda": 1, "mute": 1}


def with_roles(*changed: Role) -> RoleData:
    """Return the club's roles with some changed, and others added."""
    roles = {role.role_index: role for role in ROLES.roles}
    roles |= {role.role_index: role for role in changed}
    return RoleData(tuple(roles.values()))


def without_roles(*indexes: int) -> RoleData:
    """Return the club's roles without some."""
    return RoleData(tuple(role for role in ROLES.roles if role.role_index not in indexes))


PINNER = role(MUTE, "pinner", (Capability(PIN),))
"""A role with a private capability and no other."""

DEPARTMENT = b"\x06\x03\x55\x04\x0b"


def both(title: str, department: str, target: int) -> PreAuthRoleEntry:
    """Preauthorise those whose credential has a title and a department."""
    claims = tuple(
        Claim(ClaimId(CREDENTIAL, claim), value.encode())
        for claim, value in ((CLAIM, title), (DEPARTMENT, department))
    )
    return PreAuthRoleEntry(claims, target)


PREAUTHORIZED = (
    both("manager", "events", OWNER),
    titled("temporary", NOBODY),
    titled("temporary", GUEST),
    titled("manager", MODERATOR),
    titled("manager", MEMBER),
    titled("ghost", 99),
    titled("ghost", GUEST),
    titled("mute", MUTE),
    titled("member", MEMBER),
)


def everybody() -> PreAuthRoleEntry:
    """Preauthorise everybody as a guest."""
    return PreAuthRoleEntry((), GUEST)
