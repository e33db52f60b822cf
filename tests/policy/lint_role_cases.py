"""Cases of what the linter finds in the definitions of roles and in their powers."""

import attrs
from policy.lint_room import (
    ADMIN,
    ADULT,
    BANNED,
    HUB,
    NOBODY,
    STAFF,
    USER,
    base,
    case,
    entry,
    less,
    limited,
    more,
    moving,
    named,
    operational,
    preauthorized,
    raw,
    room,
)

from mimi.policy.capability import Capability
from mimi.policy.lint import LintRule as R
from mimi.policy.lint import Severity
from mimi.policy.presets import capabilities, role
from mimi.policy.structures import SingleSourceRoleChangeTargets

ERROR, NOTE = Severity.ERROR, Severity.NOTE
SOUND = room()

CHIEF = role(4, "chief", capabilities("canRemoveSelf canSendMessage"), {4: (0,)})
"""A fourth role, which nobody gives."""
TO_CHIEF = moving(ADMIN, {0: (2, 3, 4), 1: (0, 2), 2: (0, 1, 3), 3: (0, 2)})
FREE_ADMIN = limited(ADMIN)
"""Who may leave, be there one or not."""
STUCK_ADMIN = less(FREE_ADMIN, "canRemoveSelf")
CLERK = more(USER, "canChangeUserRole")
ENFORCER = role(
    4, "hub", capabilities("canChangeRoleDefinitions"), participants=(1, 1), active=(0, 0)
)
SENDERS = preauthorized(entry(4, STAFF))
CLOSED = operational(external_proposal_allowed=False, external_commit_allowed=False)
SEATED = preauthorized(entry(3, STAFF), entry(2, ADULT))

ROLES = [
    case(
        "one index for two roles",
        R.REPEATED_ROLE,
        (2,),
        raw(NOBODY, BANNED, USER, USER, ADMIN),
        raw(NOBODY, BANNED, USER, ADMIN),
        ERROR,
    ),
    case(
        "a role without a name",
        R.ROLE_NAME,
        (2,),
        room(named(USER, b"")),
        room(named(USER, b"u")),
        NOTE,
    ),
    case(
        "one name for two roles",
        R.ROLE_NAME,
        (2, 3),
        room(named(USER, b"admin")),
        room(named(USER, b"Admin")),
    ),
    case(
        "a transition to no role",
        R.UNDEFINED_ROLE,
        (3, 7),
        room(moving(ADMIN, {0: (2, 7), 2: (0, 1), 1: (2,)})),
        room(moving(ADMIN, {0: (2,)})),
    ),
    case(
        "a transition from no role",
        R.UNDEFINED_ROLE,
        (2, 8),
        room(moving(USER, {2: (0,), 8: (0,)})),
        room(moving(USER, {2: (0,), 0: (2,)}), without=(0,)),
    ),
    case(
        "a capability twice",
        R.REPEATED_CAPABILITY,
        (2,),
        room(attrs.evolve(USER, role_capabilities=(*USER.role_capabilities, Capability(0x0100)))),
        SOUND,
        NOTE,
    ),
    case(
        "a capability that nobody knows",
        R.UNKNOWN_CAPABILITY,
        (2,),
        room(attrs.evolve(USER, role_capabilities=(*USER.role_capabilities, Capability(0xF0FF)))),
        room(more(USER, "canKnock")),
        NOTE,
    ),
    case(
        "two entries for a source role",
        R.REPEATED_TRANSITION,
        (3,),
        room(
            attrs.evolve(
                ADMIN,
                authorized_role_changes=(
                    *ADMIN.authorized_role_changes,
                    SingleSourceRoleChangeTargets(2, (3,)),
                ),
            )
        ),
        SOUND,
        NOTE,
    ),
    case(
        "a minimum over the maximum",
        R.CONTRADICTORY_CONSTRAINTS,
        (2,),
        room(limited(USER, (3, 2))),
        room(limited(USER, (2, 2))),
        ERROR,
    ),
    case(
        "an active minimum over the active maximum",
        R.CONTRADICTORY_CONSTRAINTS,
        (2,),
        room(limited(USER, (0, None), (2, 1))),
        room(limited(USER, (0, None), (1, 1))),
        ERROR,
    ),
    case(
        "an active minimum over the maximum",
        R.CONTRADICTORY_CONSTRAINTS,
        (2,),
        room(limited(USER, (0, 2), (3, None))),
        room(limited(USER, (0, 2), (2, None))),
        ERROR,
    ),
    case(
        "an active maximum over the maximum",
        R.USELESS_CONSTRAINT,
        (2,),
        room(limited(USER, (0, 2), (0, 3))),
        room(limited(USER, (0, 2), (0, 2))),
        NOTE,
    ),
    case(
        "bounds of role 0",
        R.USELESS_CONSTRAINT,
        (0,),
        room(limited(NOBODY, (3, 2))),
        room(limited(NOBODY, (0, None), (0, 0))),
        NOTE,
    ),
    case(
        "minima over max_users",
        R.IMPOSSIBLE_MINIMA,
        (2, 3),
        room(limited(USER, (2, None)), parts=(base(max_users=2),)),
        room(limited(USER, (2, None)), parts=(base(max_users=3),)),
        ERROR,
    ),
    case(
        "no place for the creator",
        R.IMPOSSIBLE_MINIMA,
        (4,),
        room(HUB, limited(ADMIN), parts=(base(max_users=1),)),
        room(HUB, limited(ADMIN), parts=(base(max_users=2),)),
        ERROR,
    ),
    case(
        "minima over max_clients",
        R.IMPOSSIBLE_MINIMA,
        (2, 3),
        room(limited(USER, (0, None), (2, None)), parts=(base(max_clients=1),)),
        room(limited(USER, (0, None), (2, None)), parts=(base(max_clients=2),)),
        ERROR,
    ),
    case(
        "nobody can have clients",
        R.NOBODY_TAKES_PART,
        (2, 3),
        room(limited(USER, active=(0, 0)), limited(ADMIN, (1, None), (0, 0))),
        room(limited(USER, active=(0, 0))),
        ERROR,
    ),
    case(
        "no clients at all",
        R.NOBODY_TAKES_PART,
        (),
        room(parts=(base(max_clients=0),)),
        room(parts=(base(max_clients=1),)),
        ERROR,
    ),
    case(
        "no users at all",
        R.NOBODY_TAKES_PART,
        (),
        room(parts=(base(max_users=0),)),
        room(parts=(base(max_users=1),)),
        ERROR,
    ),
    case(
        "no roles at all",
        R.NOBODY_TAKES_PART,
        (),
        raw(NOBODY, BANNED),
        raw(NOBODY, BANNED, USER),
        ERROR,
    ),
    case(
        "role 1 of another name",
        R.BANNED_NAME,
        (1,),
        room(named(BANNED, b"Banned")),
        SOUND,
    ),
    case(
        "another role named banned",
        R.BANNED_NAME,
        (4,),
        room(named(CHIEF, b"Banned"), TO_CHIEF),
        room(CHIEF, TO_CHIEF),
    ),
    case(
        "a banned role with a capability",
        R.BANNED_CAPABILITIES,
        (1,),
        room(more(BANNED, "canRemoveSelf")),
        room(named(more(BANNED, "canRemoveSelf"), b"guest")),
    ),
    case(
        "somebody must be banned",
        R.BANNED_CONSTRAINT,
        (1,),
        room(limited(BANNED, (1, None))),
        SOUND,
    ),
    case(
        "only some can be banned",
        R.BANNED_CONSTRAINT,
        (1,),
        room(limited(BANNED, (0, 10))),
        room(limited(BANNED, (0, None), (0, 10))),
    ),
    case(
        "no banned role to ban with",
        R.NO_BANNED_ROLE,
        (3,),
        room(without=(1,)),
        room(less(ADMIN, "canBan canUnban"), without=(1,)),
    ),
]

POWERS = [
    case(
        "a role that nobody gives",
        R.UNREACHABLE_ROLE,
        (4,),
        room(CHIEF),
        room(CHIEF, TO_CHIEF),
    ),
    case(
        "a role that must be filled at the beginning",
        R.UNREACHABLE_ROLE,
        (4,),
        room(limited(CHIEF, (0, 1))),
        room(limited(CHIEF, (1, 1))),
    ),
    case(
        "a role by a transition without the capability",
        R.UNREACHABLE_ROLE,
        (4,),
        room(CHIEF, less(TO_CHIEF, "canAddParticipant")),
        room(more(CHIEF, "canJoinIfPreauthorized"), parts=(preauthorized(entry(4, STAFF)),)),
    ),
    case(
        "a role of senders from outside",
        R.UNREACHABLE_ROLE,
        (4,),
        room(CHIEF, parts=(SENDERS, CLOSED)),
        room(CHIEF, parts=(SENDERS,)),
    ),
    case(
        "nobody bans",
        R.UNREACHABLE_ROLE,
        (1,),
        room(moving(ADMIN, {0: (2, 3)})),
        SOUND,
    ),
    case(
        "a role that its own holders give",
        R.FOUNDERS_ROLE,
        (4,),
        room(moving(more(CHIEF, "canAddParticipant"), {0: (4,)})),
        room(limited(moving(more(CHIEF, "canAddParticipant"), {0: (4,)}), (1, None))),
        NOTE,
    ),
    case(
        "nobody changes roles",
        R.NO_ADMINISTRATOR,
        (),
        room(less(ADMIN, "canChangeRoleDefinitions")),
        SOUND,
    ),
    case(
        "who could change roles is a founder at best",
        R.NO_ADMINISTRATOR,
        (),
        room(less(ADMIN, "canChangeRoleDefinitions"), more(CHIEF, "canChangeRoleDefinitions")),
        room(
            less(ADMIN, "canChangeRoleDefinitions"),
            limited(more(CHIEF, "canChangeRoleDefinitions"), (1, None)),
        ),
    ),
    case(
        "an enforcer who cannot propose",
        R.NO_ADMINISTRATOR,
        (),
        room(
            less(ADMIN, "canChangeRoleDefinitions"),
            ENFORCER,
            parts=(operational(external_proposal_allowed=False),),
        ),
        room(less(ADMIN, "canChangeRoleDefinitions"), ENFORCER),
    ),
    case(
        "nobody changes roles, and nobody comes",
        R.NO_ADMINISTRATOR,
        (),
        raw(NOBODY, USER, fixed_membership=True),
        raw(NOBODY, more(USER, "canChangeRoleDefinitions"), fixed_membership=True),
        NOTE,
    ),
    case(
        "the last administrator may leave",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(FREE_ADMIN),
        room(STUCK_ADMIN),
    ),
    case(
        "a minimum keeps the last administrator",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(FREE_ADMIN),
        room(limited(ADMIN, (0, None), (1, None))),
    ),
    case(
        "without the transition it may not",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(FREE_ADMIN),
        room(moving(FREE_ADMIN, {0: (2, 3), 1: (2,), 2: (0, 1), 3: (2,)})),
    ),
    case(
        "where nobody leaves it may not",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(FREE_ADMIN),
        raw(NOBODY, USER, FREE_ADMIN, fixed_membership=True),
    ),
    case(
        "another role demotes the last administrator",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(STUCK_ADMIN, moving(CLERK, {3: (2,)})),
        room(STUCK_ADMIN, moving(CLERK, {2: (3,)})),
    ),
    case(
        "the last administrator may take another role",
        R.LAST_ADMINISTRATOR,
        (3,),
        room(more(STUCK_ADMIN, "canChangeOwnRole"), parts=(preauthorized(entry(2, STAFF)),)),
        room(more(STUCK_ADMIN, "canChangeOwnRole"), parts=(SEATED,)),
    ),
    case(
        "who makes itself an administrator",
        R.SELF_ESCALATION,
        (2,),
        room(more(USER, "canChangeOwnRole canChangePreauthorizedUserList")),
        room(more(USER, "canChangePreauthorizedUserList")),
    ),
    case(
        "who makes others administrators",
        R.ESCALATION,
        (2, 3),
        room(moving(CLERK, {2: (3,)})),
        room(moving(USER, {2: (3,)})),
        NOTE,
    ),
    case(
        "who demotes administrators",
        R.ADMINISTRATOR_REMOVABLE,
        (2, 3),
        room(moving(CLERK, {3: (2,)})),
        room(moving(CLERK, {2: (1,)})),
        NOTE,
    ),
    *(
        case(
            f"{name} without a transition",
            R.CAPABILITY_WITHOUT_TRANSITION,
            (2,),
            room(moving(more(less(USER, "canRemoveSelf"), name), idle)),
            room(moving(more(less(USER, "canRemoveSelf"), name), of_use)),
        )
        for name, idle, of_use in (
            ("canAddParticipant", {3: (2,)}, {0: (2,)}),
            ("canRemoveParticipant", {3: (2,)}, {3: (0,)}),
            ("canChangeUserRole", {0: (2,)}, {2: (1,)}),
            ("canBan", {2: (3,)}, {2: (1,)}),
            ("canUnban", {1: (0,)}, {1: (2,)}),
            ("canRemoveSelf", {2: (1,), 3: (0,)}, {2: (0,)}),
        )
    ),
    case(
        "canOpenJoin without a transition",
        R.CAPABILITY_WITHOUT_TRANSITION,
        (0,),
        room(more(NOBODY, "canOpenJoin")),
        room(moving(more(NOBODY, "canOpenJoin"), {0: (2,)})),
    ),
    case(
        "a transition without a capability",
        R.UNUSED_TRANSITION,
        (2,),
        room(moving(USER, {2: (0,), 0: (2,)})),
        room(moving(more(USER, "canAddParticipant"), {2: (0,), 0: (2,)})),
        NOTE,
    ),
    case(
        "a transition of role 0 for who has a link",
        R.UNUSED_TRANSITION,
        (0,),
        room(moving(NOBODY, {0: (2,)})),
        room(moving(NOBODY, {0: (2,)}), more(USER, "canUseJoinCode")),
        NOTE,
    ),
    case(
        "a transition that is none",
        R.UNUSED_TRANSITION,
        (2,),
        room(moving(CLERK, {2: (0, 2)})),
        room(moving(CLERK, {2: (0, 1)})),
        NOTE,
    ),
    case(
        "messages without clients",
        R.CLIENTLESS_CAPABILITIES,
        (4,),
        room(more(HUB, "canSendMessage")),
        room(HUB),
    ),
    case(
        "clients of its own without clients",
        R.CLIENTLESS_CAPABILITIES,
        (4,),
        room(more(HUB, "canAddOwnClient")),
        room(limited(more(HUB, "canAddOwnClient"), (1, 1), (0, 1))),
    ),
    case(
        "neither clients nor proposals",
        R.CANNOT_ACT,
        (4,),
        room(HUB, parts=(operational(external_proposal_allowed=False),)),
        room(HUB),
    ),
    case(
        "a member who cannot leave",
        R.NO_LEAVING,
        (2,),
        room(less(USER, "canRemoveSelf")),
        SOUND,
        NOTE,
    ),
    case(
        "nobody sends",
        R.NOBODY_SENDS,
        (),
        room(less(USER, "canSendMessage"), less(ADMIN, "canSendMessage")),
        room(less(ADMIN, "canSendMessage")),
    ),
]
