"""Combined commits at the bounds of a room: how many, who at all, and with what."""

import attrs

from mimi.codec import replace
from mimi.policy.presets import role
from mimi.policy.structures import BaseRoomPolicy
from mimi.vectors.generate.policy_club import (
    CLIENTS,
    GUEST_ROLE,
    LINK,
    MEMBER_ROLE,
    MODERATOR_ROLE,
    NOBODY_ROLE,
    OWNER_ROLE,
    PARTICIPANTS,
    ROLES,
    with_roles,
    without_roles,
)
from mimi.vectors.generate.policy_scenes import (
    HUB,
    Cast,
    Row,
    add,
    change,
    come,
    external,
    go,
    joiner,
    member,
    metadata,
    remove,
    row,
    rows,
    titled,
    uri,
)

Scenes = tuple[tuple[Cast, tuple[Row, ...]], ...]

_ACTORS = {name: member(name) for name in ("olga", "mona", "mia", "gus", "gwen")} | {
    "hub": external(),
    "invited": joiner("nina", code=LINK),
    "idle": joiner("idle"),
}
_NINA = come("nina")

# How many have a role

_BOUNDED = with_roles(
    replace(
        GUEST_ROLE,
        maximum_participants_constraint=3,
        maximum_active_participants_constraint=2,
    ),
    replace(MODERATOR_ROLE, maximum_participants_constraint=2),
    replace(OWNER_ROLE, minimum_active_participants_constraint=1),
)
_FULL = {"olga": 5, "mona": 4, "max": 4, "mia": 3, "gus": 2, "gwen": 2, "gil": 2, HUB: 6}
FULL = Cast(
    "a club where some roles are as full as they may be, and others as empty",
    _BOUNDED,
    _FULL,
    {"olga": 1, "mona": 1, "max": 1, "mia": 1, "gus": 1, "gwen": 1},
    _ACTORS | {"max": member("max"), "gil": joiner("gil")},
    join_links=(LINK,),
)
_AT_BOUNDS = (
    row("mona", add("nina", 2)),
    row("mona", add("nina", 3), _NINA, by="no-maximum"),
    row("mona", add("nina", 2), change("gil", 3), by="maximum-participants"),
    row("mona", add("nina", 2), _NINA, change("gus", 3), by="maximum-active-participants"),
    row("mona", add("nina", 2), _NINA, change("gil", 3), by="maximum-active-participants"),
    row("mona", add("nina", 2), remove("gil"), by="maximum-participants"),
    row("mona", add("nina", 2), add("nora", 2), remove("gil")),
    rows(("mona", [add("nina", 2)]), ("mia", [remove("gil")]), by="maximum-participants"),
    row("invited", add("nina", 2), _NINA),
    rows(("invited", [add("nina", 2), _NINA]), ("mia", [remove("gus"), go("gus")]), by="join-code"),
    row("gil", come("gil")),
    row("gus", come("gus"), by="maximum-active-participants"),
    rows(("gil", [come("gil")]), ("gus", [go("gus")]), by="maximum-active-participants"),
    row("mona", change("mia", 2), by="maximum-participants change-role"),
    row("mona", change("mia", 2), change("gus", 3), by="canChangeUserRole"),
    row("olga", change("mia", 4), by="maximum-participants change-role"),
    row("olga", change("mia", 4), change("max", 3), by="maximum-participants change-role"),
    row("olga", change("mia", 4), remove("max"), go("max"), by="canChangeUserRole"),
    row("olga", remove("mona"), go("mona"), by="minimum-participants"),
    row("olga", remove("mona"), go("mona"), change("max", 3), by="minimum-participants"),
    row("olga", change("mona", 3), change("max", 3)),
    row("olga", change("mona", 3), change("max", 3), change("gus", 4), by="minimum-participants"),
    rows(("mona", [remove("mona"), go("mona")]), ("max", [remove("max"), go("max")])),
    row("olga", remove("olga"), go("olga")),
    row("olga", remove("olga"), go("olga"), change("mia", 5), by="minimum-participants"),
    row("olga", remove("olga"), go("olga"), change("gil", 5)),
    row("olga", go("olga")),
    row("olga", go("olga"), come("olga"), by="minimum-active-participants"),
    row("olga", add("otto", 5), come("otto"), go("olga"), by="minimum-active-participants"),
    row("olga", remove(HUB)),
    row("hub", change("max", 1), go("max"), by="minimum-participants"),
    row("hub", change("max", 1), change("mona", 1), go("max"), go("mona")),
    row("olga", add("mimi://other.example", 6), by="maximum-participants"),
    row("olga", add("mimi://other.example", 6), add("mimi://third.example", 6)),
    row("olga", come(HUB), by="no-active"),
)

OVER = attrs.evolve(
    FULL,
    description="a club that breaks its own bounds, as one that was joined may do",
    participants=_FULL | {"gaby": 2, "glen": 2, "mark": 4} | {"olga": 3},
    clients={"mona": 1, "max": 1, "mia": 1, "gus": 1, "gwen": 1, "gaby": 1},
    actors={name: member(name) for name in ("mona", "mia", "gus")} | {"gil": joiner("gil")},
)
_OVER_BOUNDS = (
    row("mona", add("nina", 3), _NINA, by="maximum-participants"),
    row("mona", add("nina", 2), by="maximum-participants"),
    row("mona", remove("gil"), by="maximum-participants"),
    row("mona", remove("gil"), add("nina", 2), by="maximum-participants"),
    row("mona", remove("gil"), remove("glen"), add("nina", 2), by="maximum-participants"),
    row("gus", come("gus"), by="maximum-active-participants"),
    row("gil", come("gil"), by="maximum-active-participants"),
    row("mona", change("gus", 3), change("mia", 2), by="maximum-participants change-role"),
    row("mona", metadata("room_name"), by="canChangeRoomName"),
)

_FEW = replace(
    MODERATOR_ROLE,
    minimum_participants_constraint=4,
    minimum_active_participants_constraint=4,
)
UNDER = attrs.evolve(
    FULL,
    description="a club with fewer moderators than there should be",
    roles=with_roles(_FEW),
    actors=FULL.actors,
)
_UNDER_BOUNDS = (
    row("olga", change("mia", 4), by="canChangeUserRole"),
    row("olga", add("nina", 4), _NINA, by="canAddParticipant"),
    row("olga", change("max", 3), by="minimum-participants change-role"),
    row("olga", go("max"), by="minimum-active-participants"),
    row("olga", come("max"), by="canAddParticipant"),
)

# How many in all

_BASE = BaseRoomPolicy(max_users=5, max_clients=5, multi_device=False)
COUNTED = Cast(
    "a club with as many users and clients as there may be, one client for each",
    ROLES,
    {"olga": 5, "mona": 4, "mia": 3, "gus": 2, HUB: 6, "bert": 1, "bob": 1},
    {"olga": 1, "mona": 1, "mia": 2, "gus": 1},
    _ACTORS,
    base=_BASE,
    join_links=(LINK,),
)
_COUNTED = (
    row("mona", add("nina", 2)),
    row("mona", add("nina", 2), remove("gus"), go("gus"), by="max-users"),
    row("mona", add("nina", 2), change("gus", 1), go("gus"), by="max-users"),
    row("mona", add("troll", 1), by="max-users"),
    row("mona", change("bert", 2)),
    row("mona", change("bert", 2), change("gus", 1), go("gus"), by="max-users"),
    row("mona", change("bert", 2), remove("gus"), go("gus"), by="max-users"),
    row("invited", add("nina", 2), _NINA),
    rows(("invited", [add("nina", 2), _NINA]), ("mia", [remove("gus"), go("gus")]), by="max-users"),
    row("gus", come("gus")),
    row("gus", come("gus"), go("gus"), by="multi-device"),
    rows(("gus", [come("gus")]), ("mia", [go("mia")]), by="multi-device"),
    row("mia", come("mia")),
    row("mia", go("mia"), come("mia"), by="multi-device"),
    row("mia", go("mia"), go("mia"), come("mia"), by="multi-device"),
    row("mona", metadata("room_name"), by="max-clients"),
    row("gus", ["replace-client", uri("gus")], by="max-clients"),
    rows(("gus", [["replace-client", uri("gus")]]), ("mia", [go("mia")]), by="multi-device"),
)

# Pseudonyms

PSEUDONYM = "mimi://a.example/p/fox"
HIDDEN = Cast(
    "a club that takes long-term identifiers alone",
    ROLES,
    PARTICIPANTS | {"mimi://a.example/p/wolf": 2},
    CLIENTS | {"mimi://a.example/p/wolf": 1},
    _ACTORS | {"fox": joiner(PSEUDONYM, code=LINK), "wolf": member("mimi://a.example/p/wolf")},
    base=BaseRoomPolicy(pseudonyms_allowed=False),
    join_links=(LINK,),
)
_HIDDEN = (
    row("mona", add(PSEUDONYM, 2), come(PSEUDONYM)),
    row("mona", add(PSEUDONYM, 2), by="pseudonyms"),
    row("fox", add(PSEUDONYM, 2), come(PSEUDONYM)),
    row("wolf", come("mimi://a.example/p/wolf")),
    row("mona", go("mimi://a.example/p/wolf"), by="canKick"),
)
SHOWN = attrs.evolve(
    HIDDEN,
    description="a club that takes pseudonyms",
    base=BaseRoomPolicy(pseudonyms_allowed=True),
)

# Fixed membership

_FIXED_ROLES = with_roles(
    role(0, "nobody", NOBODY_ROLE.role_capabilities, {0: (2,)}),
    replace(
        MODERATOR_ROLE,
        role_capabilities=tuple(c for c in MODERATOR_ROLE.role_capabilities if c != 0),
    ),
)
FIXED = Cast(
    "a club whose participants are those of its creation",
    _FIXED_ROLES,
    PARTICIPANTS,
    CLIENTS,
    _ACTORS | {"manager": joiner("nina", "manager"), "mute": member("mute")},
    (titled("manager", 3),),
    base=BaseRoomPolicy(fixed_membership=True),
    join_links=(LINK,),
    definitions={"open": BaseRoomPolicy()},
)
FIXING = attrs.evolve(
    FIXED,
    description="a club whose participants are to be fixed",
    base=None,
    definitions={"fixed": BaseRoomPolicy(fixed_membership=True)},
)
_FIXING = (
    row("olga", ["change-base-policy", "fixed"], by="canChangeRoomMembershipStyle"),
    row(
        "olga",
        ["change-base-policy", "fixed"],
        *(remove("gus"), go("gus"), go("gus")),
        by="canRemoveParticipant",
    ),
    rows(
        ("olga", [["change-base-policy", "fixed"]]),
        ("invited", [add("nina", 2), _NINA]),
        by="canUseJoinCode",
    ),
    row("olga", ["change-base-policy", "fixed"], come("gwen"), by="canAddParticipant"),
)
_FIXED = (
    row("olga", add("nina", 2), _NINA),
    row("invited", add("nina", 2), _NINA),
    row("manager", add("nina", 3), _NINA),
    row("mona", remove("gus"), go("gus"), go("gus")),
    row("gus", remove("gus"), go("gus"), go("gus")),
    row("gus", go("gus"), go("gus"), by="fixed-membership remove-participant"),
    row("gus", come("gus"), by="fixed-clients"),
    row("idle", come("idle"), by="fixed-clients"),
    row("mia", come("gus"), by="fixed-clients"),
    row("gus", come("mona"), by="fixed-clients"),
    row("mute", come("gus"), by="fixed-clients"),
    row("gus", come("nina"), by="client-without-participant"),
    row("mona", change("gus", 1), go("gus"), go("gus"), by="canBan"),
    row("mona", change("bert", 2), by="canUnBan"),
    row("mona", change("gus", 3), by="canChangeUserRole"),
    row("mona", go("gus"), by="canKick"),
    row("olga", ["change-base-policy", "open"], remove("gus"), go("gus"), go("gus")),
    rows(("olga", [["change-base-policy", "open"]]), ("invited", [add("nina", 2), _NINA])),
)

# A room in another

_PARENT = ("olga", "mona", "mia", "gus", "bert", HUB, "nina", "peter")
_IN_IT = {"olga": 5, "mona": 4, "mia": 3, "gus": 2, "bert": 1, "bob": 1, HUB: 6}
CHILD = Cast(
    "a club inside another room",
    ROLES,
    _IN_IT,
    {"olga": 1, "mona": 1, "mia": 1, "gus": 1},
    _ACTORS,
    base=BaseRoomPolicy(parent_dependant=True, parent_room=(b"mimi://hub.example/r/parent",)),
    parent=_PARENT,
    join_links=(LINK,),
)
_CHILD = (
    row("mona", add("nina", 2), _NINA, by="parent-room"),
    row("mona", add("stranger", 2), by="parent-room"),
    row("mona", add("nina", 2), add("stranger", 2), by="parent-room"),
    row("mona", add("nina", 2), add("peter", 2), by="parent-room"),
    row("mona", add("nina", 2), add("peter", 2), change("bert", 2), by="parent-room"),
    row("mona", add("nina", 2), add("peter", 2), remove("gus"), go("gus"), by="parent-room"),
    row("mona", add("nina", 2), add("peter", 2), change("gus", 1), go("gus"), by="parent-room"),
    row("mona", change("bert", 2), by="parent-room"),
    row("mona", change("bob", 2), by="parent-room"),
    row("mona", add("stranger", 1), by="parent-room"),
    row("invited", add("nina", 2), _NINA, by="parent-room"),
    row("mona", change("gus", 3), by="canChangeUserRole"),
    row("mona", remove("gus"), go("gus"), by="canRemoveParticipant"),
)
STRAYED = attrs.evolve(
    CHILD,
    description="a club inside another room, with somebody who has left that one",
    parent=tuple(name for name in _PARENT if name != "gus"),
)
_STRAYED = (
    row("mona", change("gus", 3), by="parent-room"),
    row("gus", come("gus"), by="parent-room"),
    row("mona", remove("gus"), go("gus"), by="parent-room"),
    row("mona", add("nina", 2), by="parent-room"),
    row("mona", metadata("room_name"), by="parent-room"),
)
FAR = attrs.evolve(
    CHILD, description="a club inside a room that is not known to who decides", parent=None
)
_FAR = (
    row("mona", add("stranger", 2), by="parent-room"),
    row("mona", change("bob", 2), by="parent-room"),
)

# Roles that are not what they seem

OUTCASTS = Cast(
    "a club where role 1 is not called banned",
    with_roles(role(1, "outcast")),
    PARTICIPANTS,
    CLIENTS | {"bert": 1},
    _ACTORS | {"wanda": member("wanda"), "bert": member("bert")},
    base=BaseRoomPolicy(max_users=10),
)
_OUTCASTS = (
    row("mona", change("gus", 1), by="banned-name"),
    row("mona", change("gus", 1), go("gus"), go("gus"), by="banned-name"),
    row("wanda", change("gus", 1), by="banned-name"),
    row("wanda", change("gus", 1), go("gus"), by="banned-name"),
    row("hub", change("gus", 1), go("gus"), go("gus"), by="ban-transition"),
    row("hub", change("bert", 2), by="banned-name"),
    row("mona", come("bert"), by="banned-name"),
    row("mia", add("troll", 1), by="banned-name"),
    row("hub", add("troll", 1), by="banned-name"),
    row("mona", add("troll", 1), by="max-users"),
)

MISNAMED = Cast(
    "a club where role 3 is called banned",
    with_roles(role(1, "outcast"), replace(MEMBER_ROLE, role_name=b"banned")),
    PARTICIPANTS,
    CLIENTS,
    _ACTORS,
)
_MISNAMED = (
    row("mia", come("mia"), by="banned-name"),
    row("mona", change("gus", 3), by="banned-name"),
    row("mona", add("nina", 3), _NINA, by="banned-name"),
    row("hub", change("gus", 3), by="banned-name"),
)

UNDEFINED = Cast(
    "a club that has lost the definition of a role and of nobody",
    without_roles(0, 3),
    PARTICIPANTS,
    CLIENTS,
    _ACTORS | {"nobody": joiner("nina")},
    join_links=(LINK,),
)
_UNDEFINED = (
    row("mia", add("nina", 2), _NINA, by="no-participant"),
    row("mia", ["perform", "canSendMessage"], by="no-participant"),
    row("mona", change("mia", 2), by="transition change-role"),
    row("mona", change("gus", 3)),
    row("mona", remove("mia"), go("mia"), by="canRemoveParticipant"),
    row("invited", add("nina", 2), _NINA, by="canUseJoinCode"),
    row("nobody", add("nina", 2), _NINA, by="canOpenJoin"),
)

BOUNDS: Scenes = (
    (FULL, _AT_BOUNDS),
    (OVER, _OVER_BOUNDS),
    (UNDER, _UNDER_BOUNDS),
    (COUNTED, _COUNTED),
    (HIDDEN, _HIDDEN),
    (SHOWN, _HIDDEN),
    (FIXED, _FIXED),
    (FIXING, _FIXING),
    (CHILD, _CHILD),
    (STRAYED, _STRAYED),
    (FAR, _FAR),
    (OUTCASTS, _OUTCASTS),
    (MISNAMED, _MISNAMED),
    (UNDEFINED, _UNDEFINED),
)
