"""Commits that define roles or the base policy anew, and rooms that are founded."""

from collections.abc import Iterator

import attrs

from mimi.codec import replace
from mimi.policy.presets import capabilities, role
from mimi.policy.structures import BaseRoomPolicy, SingleSourceRoleChangeTargets
from mimi.vectors.case import Case
from mimi.vectors.checks.policy import founded
from mimi.vectors.generate.policy_bounds import Scenes
from mimi.vectors.generate.policy_club import (
    CLIENTS,
    GUEST_ROLE,
    MEMBER_ROLE,
    MUTE_ROLE,
    OWNER_ROLE,
    PARTICIPANTS,
    ROLES,
    with_roles,
    without_roles,
)
from mimi.vectors.generate.policy_scenes import (
    HUB,
    Cast,
    add,
    change,
    come,
    external,
    go,
    member,
    remove,
    row,
    rows,
)
from mimi.vectors.generate.policy_sentences import SENTENCES
from mimi.vectors.generate.written import Vector

_ACTORS = {name: member(name) for name in ("olga", "mona", "gus")} | {"hub": external()}

_ROLES = {
    "without mute": without_roles(8),
    "with another": with_roles(role(9, "bot")),
    "with another, to be filled": with_roles(role(9, "bot", participants=(1, None))),
    "one guest": with_roles(replace(GUEST_ROLE, maximum_participants_constraint=1)),
    "two guests": with_roles(replace(GUEST_ROLE, maximum_participants_constraint=2)),
    "three owners": with_roles(replace(OWNER_ROLE, minimum_participants_constraint=3)),
    "one active guest": with_roles(replace(GUEST_ROLE, maximum_active_participants_constraint=1)),
    "two active guests": with_roles(replace(GUEST_ROLE, minimum_active_participants_constraint=2)),
    "two active members": with_roles(
        replace(MEMBER_ROLE, minimum_active_participants_constraint=2)
    ),
    "nobody banned": with_roles(role(1, "outcast", active=(0, 0))),
    "mute banned": with_roles(role(8, "mute", active=(0, 0))),
}

DEFINING = Cast(
    "a club whose roles are defined anew",
    ROLES,
    PARTICIPANTS,
    CLIENTS,
    _ACTORS,
    base=BaseRoomPolicy(max_users=9),
    definitions=_ROLES,
)
_DEFINING = (
    row("olga", ["change-roles", "without mute"]),
    row("olga", ["change-roles", "with another"]),
    row("mona", ["change-roles", "with another"]),
    row("hub", ["change-roles", "with another"]),
    row("olga", ["change-roles", "with another, to be filled"], by="minimum-participants"),
    row("olga", ["change-roles", "one guest"], by="maximum-participants"),
    row("olga", ["change-roles", "two guests"], by="maximum-participants"),
    row("olga", ["change-roles", "three owners"], by="minimum-participants"),
    row("olga", ["change-roles", "one active guest"], by="maximum-active-participants"),
    row("olga", ["change-roles", "one active guest"], go("gwen"), by="maximum-active-participants"),
    row("olga", ["change-roles", "two active guests"], by="minimum-active-participants"),
    row("olga", ["change-roles", "two active guests"], go("gwen")),
    row("olga", ["change-roles", "two active members"], by="minimum-active-participants"),
    row("olga", ["change-roles", "two active members"], come("idle")),
    row("olga", ["change-roles", "mute banned"], by="no-active"),
    row("olga", ["change-roles", "mute banned"], go("mute"), by="no-active"),
    row("olga", ["change-roles", "nobody banned"], by="max-users"),
    row("olga", ["change-roles", "with another"], add("bot", 9), come("bot")),
    row("olga", ["change-roles", "without mute"], remove("mute"), go("mute")),
    rows(("olga", [["change-roles", "with another"]]), ("gus", [come("gus"), go("gus")])),
    row("mona", ["change-roles", "without mute"]),
)

IDLE = attrs.evolve(
    DEFINING,
    description="a club with fewer active members than there should be",
    roles=_ROLES["two active members"],
    definitions={
        "one more": with_roles(replace(MEMBER_ROLE, minimum_active_participants_constraint=3)),
        "as many": with_roles(
            replace(MEMBER_ROLE, minimum_active_participants_constraint=2),
            replace(MUTE_ROLE, role_description=b"says nothing"),
        ),
    },
)
_IDLE = (
    row("olga", ["change-roles", "as many"], by="minimum-active-participants"),
    row("olga", ["change-roles", "as many"], go("mia"), by="minimum-active-participants"),
    row("olga", ["change-roles", "one more"], by="minimum-active-participants"),
    row("olga", ["change-roles", "one more"], come("idle"), by="minimum-active-participants"),
    row("olga", go("mia"), by="minimum-active-participants"),
    row("olga", come("mia"), by="minimum-active-participants"),
)

_OUTCAST = attrs.evolve(
    DEFINING,
    description="a club whose outcasts are to be banned",
    roles=with_roles(role(1, "outcast")),
    participants=PARTICIPANTS | {"boris": 1},
    clients=CLIENTS | {"boris": 2},
    definitions={"banned": with_roles(role(1, "banned"))},
)
_BANNING = (
    row("olga", ["change-roles", "banned"], by="banned-client"),
    row("olga", ["change-roles", "banned"], go("boris"), by="banned-client"),
    row("olga", ["change-roles", "banned"], go("boris"), go("boris"), by="banned-client"),
)

_PARENT = (b"mimi://hub.example/r/parent",)
_BASES = {
    "nine users": BaseRoomPolicy(max_users=9),
    "eight users": BaseRoomPolicy(max_users=8),
    "eight clients": BaseRoomPolicy(max_clients=8),
    "seven clients": BaseRoomPolicy(max_clients=7),
    "one device": BaseRoomPolicy(multi_device=False),
    "dependent": BaseRoomPolicy(parent_dependant=True, parent_room=_PARENT),
    "fixed": BaseRoomPolicy(fixed_membership=True),
    "no more": BaseRoomPolicy(max_users=0, max_clients=0, multi_device=False),
}
REBASED = Cast(
    "a club whose base policy is changed",
    ROLES,
    PARTICIPANTS,
    CLIENTS,
    _ACTORS,
    parent=("olga", "mona", "mia", "gus", "gwen", "idle", HUB, "wanda", "mute", "peter"),
    definitions=_BASES,
)
_REBASED = (
    row("olga", ["change-base-policy", "nine users"]),
    row("olga", ["change-base-policy", "eight users"], by="max-users"),
    row("olga", ["change-base-policy", "eight users"], remove("idle"), by="max-users"),
    row("olga", ["change-base-policy", "eight users"], change("idle", 1), by="max-users"),
    row("olga", ["change-base-policy", "nine users"], add("nina", 2), by="max-users"),
    row("olga", ["change-base-policy", "nine users"], add("troll", 1), by="max-users"),
    row("olga", ["change-base-policy", "eight clients"]),
    row("olga", ["change-base-policy", "eight clients"], come("mia"), by="max-clients"),
    row("olga", ["change-base-policy", "seven clients"], by="max-clients"),
    row("olga", ["change-base-policy", "seven clients"], go("gus"), by="max-clients"),
    row("olga", ["change-base-policy", "one device"], by="multi-device"),
    row("olga", ["change-base-policy", "one device"], go("gus"), by="multi-device"),
    row("olga", ["change-base-policy", "dependent"], by="parent-room"),
    row("olga", ["change-base-policy", "dependent"], add("peter", 2), by="parent-room"),
    row("olga", ["change-base-policy", "dependent"], add("nina", 2), by="parent-room"),
    row("olga", ["change-base-policy", "fixed"], by="fixed-membership"),
    row("olga", ["change-base-policy", "no more"], by="max-users"),
    row("mona", ["change-base-policy", "nine users"]),
    row("hub", ["change-base-policy", "eight users"], by="canChangeRoomMembershipStyle"),
    rows(
        ("olga", [["change-base-policy", "seven clients"]]), ("gus", [go("gus")]), by="max-clients"
    ),
)

_SEVERAL = replace(
    GUEST_ROLE,
    role_capabilities=capabilities("canChangeUserRole canAddParticipant"),
    authorized_role_changes=(
        SingleSourceRoleChangeTargets(0, (2,)),
        SingleSourceRoleChangeTargets(3, (2,)),
        SingleSourceRoleChangeTargets(0, (3,)),
        SingleSourceRoleChangeTargets(3, ()),
    ),
)
UNION = Cast(
    "a club where a role has several entries for transitions from one role",
    with_roles(_SEVERAL),
    PARTICIPANTS,
    CLIENTS,
    _ACTORS,
)
_UNION = (
    row("gus", add("nina", 2), come("nina"), by="transition add-participant"),
    row("gus", add("nina", 3), come("nina"), by="transition add-participant"),
    row("gus", add("nina", 4), come("nina"), by="transition add-participant"),
    row("gus", change("mia", 2), by="transition change-role"),
)

DEFINITIONS: Scenes = (
    (DEFINING, _DEFINING),
    (IDLE, _IDLE),
    (_OUTCAST, _BANNING),
    (REBASED, _REBASED),
    (UNION, _UNION),
)

# Rooms that are founded

_NEW = Cast("", ROLES, {"olga": 5, "mona": 4, HUB: 6, "mia": 3}, {"olga": 1}, {})
_CREATED = {
    "it may be founded": ("no-minimum", _NEW),
    "an administrator is missing": (
        "minimum-participants",
        attrs.evolve(_NEW, participants={"olga": 5, HUB: 6}),
    ),
    "nobody enforces the policy": (
        "minimum-participants",
        attrs.evolve(_NEW, participants={"olga": 5, "mona": 4}),
    ),
    "too many have a role": (
        "maximum-participants",
        attrs.evolve(
            _NEW,
            participants=dict(_NEW.participants) | {"mimi://b.example": 6, "mimi://c.example": 6},
        ),
    ),
    "too many are active": (
        "no-active",
        attrs.evolve(
            _NEW,
            roles=with_roles(replace(OWNER_ROLE, maximum_active_participants_constraint=0)),
        ),
    ),
    "who should be active is not yet there": (
        "inactive",
        attrs.evolve(
            _NEW,
            roles=with_roles(replace(MEMBER_ROLE, minimum_active_participants_constraint=1)),
        ),
    ),
    "a role is not defined": (
        "unknown-role",
        attrs.evolve(_NEW, participants=dict(_NEW.participants) | {"gus": 9}),
    ),
    "too many users": ("max-users", attrs.evolve(_NEW, base=BaseRoomPolicy(max_users=3))),
    "users are enough": ("max-users", attrs.evolve(_NEW, base=BaseRoomPolicy(max_users=4))),
    "who is banned is no user": (
        "max-users",
        attrs.evolve(
            _NEW,
            base=BaseRoomPolicy(max_users=4),
            participants=dict(_NEW.participants) | {"bert": 1},
        ),
    ),
    "too many clients": (
        "max-clients",
        attrs.evolve(_NEW, base=BaseRoomPolicy(max_clients=1), clients={"olga": 2}),
    ),
    "several devices": (
        "multi-device",
        attrs.evolve(_NEW, base=BaseRoomPolicy(multi_device=False), clients={"olga": 2}),
    ),
    "a pseudonym": (
        "pseudonyms",
        attrs.evolve(
            _NEW,
            base=BaseRoomPolicy(),
            participants=dict(_NEW.participants) | {"mimi://a.example/p/fox": 2},
            clients={"olga": 1, "mimi://a.example/p/fox": 1},
        ),
    ),
    "in the parent room": (
        "parent-room",
        attrs.evolve(
            _NEW,
            base=_BASES["dependent"],
            parent=("olga", "mona", HUB, "mia", "peter"),
        ),
    ),
    "all of the parent room": (
        "parent-room",
        attrs.evolve(_NEW, base=_BASES["dependent"], parent=("olga", "mona", HUB, "mia")),
    ),
    "a stranger to the parent room": (
        "parent-room",
        attrs.evolve(
            _NEW,
            base=_BASES["dependent"],
            parent=("olga", "mona", HUB, "peter", "paul", "petra"),
        ),
    ),
    "a parent room that is not known": (
        "parent-room",
        attrs.evolve(_NEW, base=_BASES["dependent"]),
    ),
    "a fixed membership to which some may add": (
        "fixed-membership",
        attrs.evolve(_NEW, base=_BASES["fixed"]),
    ),
    "a client of nobody": (
        "client-without-participant",
        attrs.evolve(_NEW, clients={"olga": 1, "nina": 1}),
    ),
    "a client of who is banned": (
        "banned-client",
        attrs.evolve(
            _NEW,
            participants=dict(_NEW.participants) | {"bert": 1},
            clients={"olga": 1, "bert": 1},
            roles=with_roles(role(1, "banned")),
        ),
    ),
}


def foundings() -> Iterator[Vector]:
    """Yield rooms that are to be founded."""
    for description, (by, cast) in _CREATED.items():
        fields = {"kind": "policy-founding", "description": description} | cast.room()
        section, sentence = SENTENCES[by]
        yield fields | {
            "rules": founded(Case(fields)),
            "section": section,
            "sentence": sentence,
        }
