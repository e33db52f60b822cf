"""Random rooms and commits in the JSON of the decision table, for comparing implementations."""

from typing import Any

from hypothesis import strategies as st

CAPABILITIES = (
    *("canAddParticipant", "canRemoveParticipant", "canAddOwnClient", "canRemoveOwnClient"),
    *("canOpenJoin", "canJoinIfPreauthorized", "canRemoveSelf", "canUseJoinCode", "canBan"),
    *("canUnBan", "canKick", "canChangeUserRole", "canChangeOwnRole", "canCreateJoinCode"),
    *("canDeleteJoinCode", "canSendMessage", "canChangeRoomName", "canChangeRoomAvatar"),
    *("canChangeRoomMembershipStyle", "canChangeRoleDefinitions"),
    *("canChangePreauthorizedUserList", "canChangeOtherPolicyAttribute"),
    *("canChangeMlsOperationalPolicies", "canSendMLSReinitProposal", "0xF001"),
)
USERS = tuple(f"mimi://a.example/{name}" for name in ("u/a", "u/b", "u/c", "u/d", "p/e", "u/f"))
ROLES = (0, 1, 2, 3)
UNKNOWN_ROLE = 9
CODES = ("aa", "bb")
OID = "06"
FIELDS = ("room_name", "room_avatar", "room_uri")
CHANGEABLE = (0x24, 0x2B, 0x2C)
COMPONENTS = (0x22, 0x24, 0x25, 0x26, 0x2A, 0x2B)

few = st.sampled_from((0, 0, 0, 0, 0, 1, 2))
bound = st.sampled_from((None, None, None, None, None, 1, 2, 3))
often = st.sampled_from((True, True, True, False))
seldom = st.sampled_from((False, False, False, True))


@st.composite
def roles(draw: st.DrawFn) -> list[Any]:
    """Definitions of some roles, mostly of all."""
    indexes = [index for index in ROLES if index == 2 or draw(often)]
    return [draw(role(index)) for index in indexes]


@st.composite
def role(draw: st.DrawFn, index: int) -> dict[str, Any]:
    lacking = draw(st.sets(st.sampled_from(CAPABILITIES), max_size=4 if index else 18))
    held = [each for each in CAPABILITIES if each not in lacking]
    if index != 0 and "canOpenJoin" in held:
        held.remove("canOpenJoin")
    targets = st.lists(st.sampled_from(ROLES), unique=True, min_size=2)
    moves = [(source, draw(targets)) for source in ROLES if draw(often)]
    moves += draw(st.lists(st.tuples(st.sampled_from(ROLES), targets), max_size=1))
    names = {1: draw(st.sampled_from(("banned", "banned", "banished")))}
    return {
        "role_index": index,
        "role_name": names.get(index, f"role {index}"),
        "role_description": "",
        "role_capabilities": held,
        "minimum_participants_constraint": draw(few),
        "maximum_participants_constraint": draw(bound),
        "minimum_active_participants_constraint": draw(few),
        "maximum_active_participants_constraint": draw(bound),
        "authorized_role_changes": [
            {"from_role_index": source, "target_role_indexes": moved} for source, moved in moves
        ],
    }


@st.composite
def base(draw: st.DrawFn) -> dict[str, Any]:
    is_dependent = draw(seldom)
    return {
        "fixed_membership": draw(seldom),
        "parent_dependant": is_dependent,
        "parent_room": ["mimi://a.example/r/parent"] if is_dependent else [],
        "multi_device": draw(often),
        "max_clients": draw(bound),
        "max_users": draw(bound),
        "pseudonyms_allowed": draw(often),
        "persistent_room": False,
        "discoverable": False,
        "policy_component_ids": [],
    }


@st.composite
def actors(draw: st.DrawFn, listed: list[str]) -> list[Any]:
    found = []
    for name, user in zip("abcdef", USERS, strict=True):
        kinds = ("member", "external") if user in listed else ("joiner", "external")
        kind = draw(st.sampled_from((*kinds, "joiner")))
        claims = [[2, OID, [draw(st.sampled_from(("01", "02")))]]] if draw(st.booleans()) else []
        code = draw(st.sampled_from((None, *CODES)))
        found.append(
            {"name": name, "user": user, "kind": kind, "claims": claims, "join_code": code}
        )
    return found


@st.composite
def preauthorized(draw: st.DrawFn) -> list[Any]:
    entries = st.tuples(st.sampled_from(("01", "02", None)), st.sampled_from((0, 1, 2, 3, 9)))
    return [
        {
            "claimset": []
            if value is None
            else [{"claim_id": {"credential_type": 2, "id": OID}, "claim_value": value}],
            "target_role": target,
        }
        for value, target in draw(st.lists(entries, max_size=3))
    ]


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A room with who acts in it."""
    defined = draw(roles())
    indexes = [each["role_index"] for each in defined if each["role_index"]]
    listed = draw(st.lists(st.sampled_from(USERS), unique=True, max_size=5))
    participants = [[user, draw(st.sampled_from(indexes))] for user in listed]
    banned = [each["role_index"] for each in defined if each["role_name"] == "banned"]
    clients = [
        [user, draw(st.integers(1, 2))]
        for user, index in participants
        if index not in banned and draw(often)
    ]
    rooms = {"room_uri": "mimi://a.example/r/room", "room_name": "", "room_descriptions": []}
    rooms |= {"room_avatar": "", "room_subject": "", "room_mood": ""}
    return {
        "roles": defined,
        "preauthorized": draw(preauthorized()),
        "base_room_policy": draw(st.none() | base()),
        "operational": None,
        "join_links": draw(st.lists(st.sampled_from(CODES), unique=True)),
        "room_metadata": draw(st.sampled_from((None, rooms))),
        "participants": participants,
        "clients": clients,
        "parent": draw(st.none() | st.lists(st.sampled_from(USERS), unique=True, min_size=3)),
        "join_roles": [[code, draw(st.sampled_from(ROLES))] for code in CODES if draw(seldom)],
        "actors": draw(actors(listed)),
        "definitions": [
            {"name": "roles", "roles": draw(roles()), "base_room_policy": None},
            {"name": "base", "roles": None, "base_room_policy": draw(base())},
        ],
    }


@st.composite
def action(draw: st.DrawFn, actor: dict[str, Any], present: dict[str, int]) -> list[Any]:
    """Something that an actor asks for; *present* are the clients that are left to be removed."""
    user = draw(st.sampled_from((*USERS, actor["user"])))
    target = draw(st.sampled_from((*ROLES[1:], *ROLES[1:], *ROLES[1:], 0, UNKNOWN_ROLE)))
    removable = [each for each, number in present.items() if number]
    kinds = [
        *(["add-participant", user, target], ["remove-participant", user]),
        *(["change-role", user, target], ["add-client", user]),
        *(["add-participant", user, 2], ["change-role", user, 1]),
    ]
    others = [
        *(["change-metadata", draw(st.lists(st.sampled_from(FIELDS), unique=True, min_size=1))],),
        *(["change-roles", draw(st.sampled_from((None, "roles")))], ["change-preauthorized"]),
        *(["change-base-policy", draw(st.sampled_from((None, "base")))], ["reinitialize"]),
        *(["change-join-links", draw(st.booleans()), True], ["change-extensions"]),
        *(["change-component", draw(st.sampled_from(CHANGEABLE))],),
        *(["remove-component", draw(st.sampled_from(COMPONENTS))],),
        *(["perform", draw(st.sampled_from(CAPABILITIES))], ["change-identity", user, USERS[0]]),
    ]
    if removable:
        gone = draw(st.sampled_from(removable))
        kinds += [["remove-client", gone], ["remove-client", gone]]
    chosen = draw(st.sampled_from((*kinds, *kinds, *others)))
    if chosen[0] == "remove-client":
        present[chosen[1]] -= 1
    return chosen


@st.composite
def commits(draw: st.DrawFn, case: dict[str, Any]) -> list[Any]:
    """What some actors ask for in a room, together."""
    present = dict(case["clients"])
    chosen = draw(st.lists(st.sampled_from(case["actors"]), unique_by=id, min_size=1, max_size=2))
    return [
        [each["name"], [draw(action(each, present)) for _ in range(draw(st.integers(1, 3)))]]
        for each in chosen
    ]
