"""Random policies: some of them sensible, some not, as the linter will say.

There are levels of roles, from guests to administrators, whose powers are drawn at random; and now
and then what nobody would write on purpose.
"""

from typing import Any

import attrs
from policy.room_people import HUB, PARENT, RARE, ROOM, UNKNOWN_PARENT
from simulation.dice import Dice

from mimi.mls.codepoints import WireFormat
from mimi.policy.capability import Capability
from mimi.policy.operational import ExtendedCapabilities, OperationalParameters
from mimi.policy.structures import (
    BaseRoomPolicy,
    Claim,
    ClaimId,
    JoinLink,
    JoinLinkPolicy,
    JoinLinksData,
    Optionality,
    PreAuthData,
    PreAuthRoleEntry,
    RichDescription,
    Role,
    RoleData,
    RoomMetaData,
    SingleSourceRoleChangeTargets,
    StatusNotificationPolicy,
)
from mimi.tree.codepoints import CredentialType

C = Capability
ENFORCER = 7
"""The role of the hub, where there is one."""

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE

OWN = (C.CAN_ADD_OWN_CLIENT, C.CAN_REMOVE_OWN_CLIENT, C.CAN_REMOVE_SELF, C.CAN_SEND_MESSAGE)
GUESTS = (
    *OWN,
    C.CAN_JOIN_IF_PREAUTHORIZED,
    C.CAN_CHANGE_OWN_ROLE,
    C.CAN_CHANGE_ROOM_MOOD,
    C.CAN_CHANGE_ROOM_SUBJECT,
    C.CAN_ADD_PARTICIPANT,
)
MODERATORS = (
    *GUESTS,
    C.CAN_REMOVE_PARTICIPANT,
    C.CAN_CREATE_JOIN_CODE,
    C.CAN_DELETE_JOIN_CODE,
    C.CAN_USE_JOIN_CODE,
    C.CAN_BAN,
    C.CAN_UNBAN,
    C.CAN_KICK,
    C.CAN_CHANGE_USER_ROLE,
    C.CAN_CHANGE_ROOM_NAME,
    C.CAN_CHANGE_ROOM_DESCRIPTION,
    C.CAN_CHANGE_ROOM_AVATAR,
)
ADMINISTRATORS = (
    *MODERATORS,
    C.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    C.CAN_CHANGE_ROLE_DEFINITIONS,
    C.CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE,
    C.CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
    C.CAN_SEND_MLS_REINIT_PROPOSAL,
    C.CAN_DESTROY_ROOM,
)
SWITCHABLE = tuple(capability for capability in ADMINISTRATORS if capability != C.CAN_SEND_MESSAGE)

SUBJECTS = (b"", b"lunch", b"the treaty")
LINKS = tuple(
    b"https://hub.example/join/" + last for last in (b"any", b"2", b"3", b"6", b"other", b"more")
)
CLAIMS = (
    (b"team", b"staff"),
    (b"team", b"guests"),
    (b"team", b"people"),
    (b"team", b"hubs"),
    (b"provider", b"a.example"),
    (b"provider", b"b.example"),
    (b"provider", b"hub.example"),
    (b"", HUB.encode()),
    (b"age", b"18"),
)


def chance(dice: Dice, percent: int) -> bool:
    """Return True in so many of a hundred cases; the dullest is False."""
    return dice.roll(100) >= 100 - percent


@attrs.frozen
class Charter:
    """What a room is founded on.

    Attributes:
        components: The structures of its components, but for the participants.
    """

    components: tuple[Any, ...]

    def find(self, kind: type[Any]) -> Any:
        """Return the component of a kind; None where there is none."""
        return next((each for each in self.components if isinstance(each, kind)), None)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The definitions of the roles."""
        found: RoleData = self.find(RoleData)
        return found.roles


def charter(dice: Dice) -> Charter:
    """Return what a room might be founded on, as the linter may or may not like it."""
    roles = random_roles(dice)
    indexes = [int(role.role_index) for role in roles.roles]
    parts: list[Any] = [roles, random_base(dice), RoomMetaData(ROOM.encode(), b"Lobby")]
    if chance(dice, 70):
        parts.append(random_preauthorized(dice, indexes))
    if chance(dice, 70):
        parts.append(JoinLinksData(tuple(map(JoinLink, dice.some(LINKS, 3)))))
        parts.append(JoinLinkPolicy(False, b"", True, 86400))
    if chance(dice, 50):
        parts.append(random_operational(dice))
    if chance(dice, 50):
        parts.append(random_status(dice))
    return Charter(tuple(parts))


# Roles


def random_roles(dice: Dice) -> RoleData:
    """Return definitions of roles: of nobody and of the banned, and of two to five others."""
    kept = [index for index in (3, 4, 5) if chance(dice, 60)]
    ordinary = [2, *kept, 6]
    indexes = [0, 1, *ordinary]
    roles = [_nobody(dice, ordinary), _banned(dice)]
    roles += [_member(dice, index, indexes) for index in ordinary]
    if chance(dice, 60):
        roles.append(_enforcer(dice, ordinary))
    if chance(dice, 4):
        roles.remove(dice.pick(roles))
    if chance(dice, 2):
        roles.append(roles[-1])
    return RoleData(tuple(roles))


def _held(dice: Dice, pool: tuple[Capability, ...], percent: int) -> tuple[Capability, ...]:
    return tuple(capability for capability in pool if not chance(dice, 100 - percent))


def _moves(
    dice: Dice, sources: list[int], targets: list[int], percent: int
) -> tuple[SingleSourceRoleChangeTargets, ...]:
    entries = []
    for source in sources:
        to = tuple(
            target for target in targets if target != source and not chance(dice, 100 - percent)
        )
        if to:
            entries.append(SingleSourceRoleChangeTargets(source, to))
    return tuple(entries)


def _nobody(dice: Dice, ordinary: list[int]) -> Role:
    """Return the role 0: sometimes whoever comes may join, or whoever has a link."""
    ways = _held(dice, (C.CAN_OPEN_JOIN, C.CAN_USE_JOIN_CODE), 50)
    targets = ordinary if chance(dice, 5) else [index for index in ordinary if index != 6]
    moves = _moves(dice, [0], targets, 70) if ways else ()
    most = None if chance(dice, 50) else 0
    return Role(0, b"no_role", b"", ways, 0, None, 0, most, moves)


def _banned(dice: Dice) -> Role:
    name = b"exile" if chance(dice, 8) else b"banned"
    held = (C.CAN_SEND_MESSAGE,) if chance(dice, 3) else ()
    return Role(1, name, b"", held, 0, None, 0, None if chance(dice, 30) else 0, ())


def _member(dice: Dice, index: int, indexes: list[int]) -> Role:
    """Return an ordinary role: the higher its index, the more its holders may do."""
    level = (index - 2) // 2
    held = _held(dice, (GUESTS, MODERATORS, ADMINISTRATORS)[level], (65, 75, 92)[level])
    if chance(dice, 6):
        held = (*held, dice.pick(ADMINISTRATORS))
    if chance(dice, 2):
        held = (*held, C.CAN_OPEN_JOIN)
    if chance(dice, 3):
        held = (*held, Capability(0xF0F0))
    targets = indexes if level == 2 else [each for each in indexes if each < index] + [index]
    moves = _moves(dice, indexes, targets, (40, 65, 88)[level])
    if level == 0:
        moves = tuple(each for each in moves if each.from_role_index in (0, index))
    return Role(index, b"role%d" % index, b"", held, *_bounds(dice, index), moves)


def _bounds(dice: Dice, index: int) -> tuple[int, int | None, int, int | None]:
    """Return how many may have a role, and how many of them may be active."""
    least = 1 if chance(dice, 35 if index == 6 else 8) else 0
    most = 1 + dice.roll(5) if chance(dice, 20) else None
    least_active = 1 if chance(dice, 20 if index == 6 else 8) else 0
    most_active = dice.roll(4) if chance(dice, 10) else None
    return least, most, least_active, most_active


def _enforcer(dice: Dice, ordinary: list[int]) -> Role:
    """Return the role of the hub, as the draft's examples have it, or nearly so."""
    held = _held(
        dice,
        (
            C.CAN_REMOVE_PARTICIPANT,
            C.CAN_CHANGE_USER_ROLE,
            C.CAN_BAN,
            C.CAN_UNBAN,
            C.CAN_KICK,
            C.CAN_CHANGE_ROLE_DEFINITIONS,
            C.CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            C.CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
            C.CAN_SEND_MLS_REINIT_PROPOSAL,
            C.CAN_DESTROY_ROOM,
        ),
        85,
    )
    changes = (
        SingleSourceRoleChangeTargets(0, (1,)),
        SingleSourceRoleChangeTargets(1, (0, *ordinary)),
        *_moves(dice, ordinary, [0, 1], 90),
    )
    least = 0 if chance(dice, 40) else 1
    return Role(ENFORCER, b"policy_enforcer", b"", held, least, 2, 0, 0, changes)


def changed_roles(dice: Dice, data: RoleData) -> RoleData:
    """Return definitions in which one role is another, or there is one more or less."""
    at = dice.roll(len(data.roles))
    role, kind = data.roles[at], dice.roll(12)
    before, after = data.roles[:at], data.roles[at + 1 :]
    if kind < 5:
        role = _with_switched(dice, role)
    elif kind < 7:
        indexes = [int(each.role_index) for each in data.roles]
        moves = _moves(dice, indexes, indexes, 75)
        role = attrs.evolve(role, authorized_role_changes=moves)
    elif kind < 10:
        least, most, least_active, most_active = _bounds(dice, int(role.role_index))
        role = attrs.evolve(
            role,
            minimum_participants_constraint=least,
            maximum_participants_constraint=most,
            minimum_active_participants_constraint=least_active,
            maximum_active_participants_constraint=most_active,
        )
    elif kind == 10:
        name = {b"banned": b"exile", b"exile": b"banned"}.get(role.role_name, b"renamed")
        role = attrs.evolve(role, role_name=name)
    elif chance(dice, 50):
        return RoleData((*before, *after))
    else:
        indexes = [int(each.role_index) for each in data.roles]
        free = [index for index in (3, 4, 5, 8) if index not in indexes]
        added = (_member(dice, min(free[0], 6), indexes),) if free else ()
        renumbered = tuple(attrs.evolve(each, role_index=free[0]) for each in added)
        return RoleData((*data.roles, *renumbered))
    return RoleData((*before, role, *after))


def _with_switched(dice: Dice, role: Role) -> Role:
    pool = (C.CAN_OPEN_JOIN, C.CAN_USE_JOIN_CODE) if role.role_index == 0 else SWITCHABLE
    switched, held = dice.pick(pool), role.role_capabilities
    if switched in held:
        held = tuple(capability for capability in held if capability != switched)
    else:
        held = (*held, switched)
    return attrs.evolve(role, role_capabilities=held)


# The other components


def random_base(dice: Dice) -> BaseRoomPolicy:
    """Return a base policy."""
    is_child = chance(dice, 15)
    parent = (PARENT if chance(dice, 80) else UNKNOWN_PARENT).encode()
    return BaseRoomPolicy(
        fixed_membership=chance(dice, 5),
        parent_dependant=is_child,
        parent_room=(parent,) if is_child else (),
        multi_device=not chance(dice, 15),
        max_clients=4 + dice.roll(9) if chance(dice, 25) else None,
        max_users=3 + dice.roll(5) if chance(dice, 25) else None,
        pseudonyms_allowed=chance(dice, 60),
        persistent_room=chance(dice, 50),
    )


def random_preauthorized(dice: Dice, indexes: list[int]) -> PreAuthData:
    """Return some entries of preauthorised users."""
    entries = []
    for _ in range(dice.roll(4)):
        claims = tuple(
            Claim(ClaimId(CredentialType.BASIC, at), value) for at, value in dice.some(CLAIMS, 2)
        )
        if chance(dice, 3):
            claims = ()
        target = 9 if chance(dice, 3) else dice.pick(indexes)
        entries.append(PreAuthRoleEntry(claims, target))
    return PreAuthData(tuple(entries))


def random_operational(dice: Dice) -> OperationalParameters:
    """Return operational parameters: what clients must be able to do, and what is open outside."""
    rare, nothing = ExtendedCapabilities(extensions=(RARE,)), ExtendedCapabilities()
    formats = ((), (PUBLIC,), (PUBLIC, PRIVATE))
    return OperationalParameters(
        mandatory_capabilities=rare if chance(dice, 12) else nothing,
        forbidden_capabilities=nothing,
        handshake_formats=dice.pick(formats),
        external_proposal_allowed=not chance(dice, 12),
        external_commit_allowed=not chance(dice, 12),
    )


def random_status(dice: Dice) -> StatusNotificationPolicy:
    """Return what is said of notifications."""
    kinds = tuple(Optionality)
    return StatusNotificationPolicy(dice.pick(kinds), dice.pick(kinds))


def changed_metadata(dice: Dice, data: RoomMetaData) -> RoomMetaData:
    """Return metadata in which some fields are others: rarely the room's URI."""
    fields: dict[str, Any] = {
        "room_name": b"Lobby %d" % dice.roll(5),
        "room_descriptions": (RichDescription(b"", b"en", dice.pick(SUBJECTS)),),
        "room_avatar": b"https://hub.example/avatar/%d" % dice.roll(5),
        "room_subject": dice.pick(SUBJECTS),
        "room_mood": dice.pick((b"calm", b"busy", b"")),
    }
    chosen = dice.some(sorted(fields), 3)
    changes = {name: fields[name] for name in chosen}
    if chance(dice, 6):
        changes["room_uri"] = b"mimi://hub.example/r/cellar"
    return attrs.evolve(data, **changes)
