"""Room policy, decided the long way from draft-ietf-mimi-room-policy-03 and docs/deviations.md.

A room is the JSON of a case of vectors/policy, a commit is the ``requests`` of a row. Everything is
computed twice from scratch: for the room as it is and for the room as it would be. Of what nobody
could do (a role that there is not, a participant who is none, a client without a place) it is not
asked whether the actor may. The verdict is
the set of rules that refuse, of each missing capability the names that would have done, and of each
action the names that it takes, with all alternatives.
"""

import re
from typing import Any, NamedTuple

LIST_OPERATIONS = ("add-participant", "remove-participant", "change-role")
OWN_CAPABILITIES = {
    0x0024: "canChangeMlsOperationalPolicies",
    0x0025: "canChangeRoleDefinitions",
    0x0026: "canChangePreauthorizedUserList",
    0x0027: "canChangeRoomMembershipStyle",
    0x002A: "canDeleteJoinCode",
}

ESSENTIAL = (0x0022, 0x0023, 0x0025, 0x0027)
METADATA = {
    "room_name": "canChangeRoomName",
    "room_descriptions": "canChangeRoomDescription",
    "room_avatar": "canChangeRoomAvatar",
    "room_subject": "canChangeRoomSubject",
    "room_mood": "canChangeRoomMood",
}
BASE: dict[str, Any] = {
    "fixed_membership": False,
    "parent_dependant": False,
    "parent_room": [],
    "multi_device": True,
    "max_clients": None,
    "max_users": None,
    "pseudonyms_allowed": False,
}


class Verdict(NamedTuple):
    """What is decided.

    ``needed`` has an element for each capability that is missing: the names of which each would do.
    ``grounds`` has an element for each action: a list of what it takes, each a set of alternatives.
    """

    rules: set[str]
    needed: set[frozenset[str]]
    grounds: list[list[set[str]]]


class Room:
    """A room: plain lists and dicts."""

    def __init__(self, case: dict) -> None:
        self.roles = {role["role_index"]: role for role in case["roles"]}
        self.preauth = case["preauthorized"]
        self.base = BASE | (case["base_room_policy"] or {})
        operational = case["operational"] or {}
        self.takes_commits = operational.get("external_commit_allowed", True)
        self.takes_proposals = operational.get("external_proposal_allowed", True)
        self.links = list(case["join_links"])
        self.has_metadata = case["room_metadata"] is not None
        self.entries = dict(case["participants"])
        self.clients = dict(case["clients"])

    def copy(self) -> "Room":
        copy = Room.__new__(Room)
        copy.__dict__ = dict(self.__dict__)
        copy.entries, copy.clients = dict(self.entries), dict(self.clients)
        return copy

    def capabilities(self, role: int) -> list[str]:
        return self.roles[role]["role_capabilities"] if role in self.roles else []

    def names_transition(self, role: int, source: int, target: int) -> bool:
        if role not in self.roles:
            return False
        return any(
            entry["from_role_index"] == source and target in entry["target_role_indexes"]
            for entry in self.roles[role]["authorized_role_changes"]
        )

    def is_banned(self, role: int) -> bool:
        return role == 1 and 1 in self.roles and self.roles[1]["role_name"] == "banned"

    def has_banned_user(self, user: str) -> bool:
        return user in self.entries and self.is_banned(self.entries[user])

    def users(self) -> list[str]:
        return [user for user, role in self.entries.items() if not self.is_banned(role)]

    def with_role(self, role: int) -> int:
        return sum(each == role for each in self.entries.values())

    def active(self, role: int) -> int:
        return sum(
            each == role and self.clients.get(user, 0) > 0 for user, each in self.entries.items()
        )

    def preauthorized(self, claims: list) -> int:
        """The role of the first entry of which the credential makes every claim."""
        made = {(kind, name): values for kind, name, values in claims}
        for entry in self.preauth:
            if entry["target_role"] != 0 and all(
                claim["claim_value"]
                in made.get((claim["claim_id"]["credential_type"], claim["claim_id"]["id"]), [])
                for claim in entry["claimset"]
            ):
                return entry["target_role"]
        return 0

    def acting_role(self, actor: dict) -> int:
        return self.entries.get(actor["user"], 0) or self.preauthorized(actor["claims"])


def after(room: Room, requests: list, definitions: dict) -> Room:
    """The room as it would be."""
    result = room.copy()
    actions = [action for _, asked in requests for action in asked]
    for kind, *given in actions:
        if kind == "change-role" and given[0] in result.entries and given[1] != 0:
            result.entries[given[0]] = given[1]
    for kind, *given in actions:
        if kind == "remove-participant":
            result.entries.pop(given[0], None)
    for kind, *given in actions:
        if kind == "add-participant" and given[0] not in room.entries and given[1] != 0:
            result.entries[given[0]] = given[1]
    for kind, *given in actions:
        if kind == "add-client":
            result.clients[given[0]] = result.clients.get(given[0], 0) + 1
        if kind == "remove-client":
            result.clients[given[0]] = max(0, result.clients.get(given[0], 0) - 1)
        if kind == "change-roles" and given[0] is not None:
            roles = definitions[given[0]]["roles"]
            result.roles = {role["role_index"]: role for role in roles}
        if kind == "change-base-policy" and given[0] is not None:
            result.base = BASE | definitions[given[0]]["base_room_policy"]
    return result


def decide(case: dict, requests: list) -> Verdict:
    """Whether a commit is allowed in a room; requests are pairs of an actor's name and actions."""
    definitions = {each["name"]: each for each in case["definitions"]}
    actors = {each["name"]: each for each in case["actors"]}
    room = Room(case)
    commit = Commit(case, room, after(room, requests, definitions), actors, requests)
    for name, asked in requests:
        commit.judge_request(actors[name], asked)
    commit.judge_together()
    commit.judge_result()
    return Verdict(commit.rules, commit.needed, commit.grounds)


class Commit:
    """A commit that is being judged."""

    def __init__(self, case: dict, room: Room, result: Room, actors: dict, requests: list) -> None:
        self.room, self.result = room, result
        self.parent, self.join_roles = case["parent"], dict(case["join_roles"])
        self.asked = [(actors[name], action) for name, asked in requests for action in asked]
        self.rules: set[str] = set()
        self.needed: set[frozenset[str]] = set()
        self.grounds: list[list[set[str]]] = []

    def refuse(self, rule: str, *, where: bool) -> None:
        if where:
            self.rules.add(rule)

    def need(self, *names: str) -> None:
        """The actor must hold one of some capabilities."""
        self.grounds[-1].append(held := {name for name in names if name in self.held})
        if not held:
            self.rules.add("capability")
            self.needed.add(frozenset(names))

    def need_transition(self, source: int, target: int) -> None:
        named = self.room.names_transition(self.role, source, target)
        self.refuse("transition", where=not named)

    def judge_request(self, actor: dict, asked: list) -> None:
        self.actor, self.request = actor, asked
        self.role = self.room.acting_role(actor)
        self.held = self.room.capabilities(self.role)
        is_joiner, is_external = actor["kind"] == "joiner", actor["kind"] == "external"
        self.refuse("external-commit", where=is_joiner and not self.room.takes_commits)
        self.refuse("external-proposal", where=is_external and not self.room.takes_proposals)
        for kind, *given in asked:
            self.grounds.append([])
            getattr(self, kind.replace("-", "_"))(*given)

    def joins(self, user: str) -> bool:
        """Whether the request adds a user to the list."""
        return any(kind == "add-participant" and rest[0] == user for kind, *rest in self.request)

    # The participant list

    def add_participant(self, user: str, role: int) -> None:
        room = self.room
        self.refuse("role-zero", where=role == 0)
        self.refuse("unknown-role", where=role != 0 and role not in room.roles)
        self.refuse("already-participant", where=user in room.entries)
        self.refuse("fixed-membership", where=room.base["fixed_membership"])
        if role not in room.roles or role == 0:
            return
        if user == self.actor["user"]:
            self.join(role)
            return
        self.need("canAddParticipant", *(["canBan"] if room.is_banned(role) else []))
        self.need_transition(0, role)

    def join(self, role: int) -> None:
        room, code, routes = self.room, self.actor["join_code"], set()
        names_role = room.names_transition(0, 0, role)
        if "canOpenJoin" in room.capabilities(0) and names_role:
            routes.add("canOpenJoin")
        is_first = role != 0 and room.preauthorized(self.actor["claims"]) == role
        if is_first and "canJoinIfPreauthorized" in room.capabilities(role):
            routes.add("canJoinIfPreauthorized")
        may_use = "canUseJoinCode" in [*self.held, *room.capabilities(0)]
        if may_use and code in room.links:
            is_for = self.join_roles.get(code)
            if is_for == role or (is_for is None and names_role):
                routes.add("canUseJoinCode")
        self.refuse("join", where=not routes)
        self.grounds[-1].append(routes)

    def remove_participant(self, user: str) -> None:
        self.refuse("no-participant", where=user not in self.room.entries)
        self.refuse("fixed-membership", where=self.room.base["fixed_membership"])
        if user not in self.room.entries:
            return
        is_self = user == self.actor["user"]
        self.need("canRemoveSelf" if is_self else "canRemoveParticipant")
        self.need_transition(self.room.entries[user], 0)

    def change_role(self, user: str, role: int) -> None:
        room = self.room
        if user not in room.entries:
            self.refuse("no-participant", where=True)
            return
        self.refuse("role-zero", where=role == 0)
        self.refuse("unknown-role", where=role != 0 and role not in room.roles)
        if role not in room.roles or role == 0:
            return
        if user == self.actor["user"]:
            self.need("canChangeOwnRole")
            first = room.preauthorized(self.actor["claims"])
            self.refuse("preauthorized-role", where=first != role)
            return
        source = room.entries[user]
        names = ["canChangeUserRole"]
        names += ["canBan"] if room.is_banned(role) else []
        names += ["canUnBan"] if room.is_banned(source) and role != source else []
        self.need(*names)
        self.need_transition(source, role)

    # Clients

    def add_client(self, user: str) -> None:
        result = self.result
        self.refuse("client-without-participant", where=user not in result.entries)
        self.refuse("banned-client", where=result.has_banned_user(user))
        is_hidden = is_pseudonym(user) and not result.base["pseudonyms_allowed"]
        self.refuse("pseudonyms", where=is_hidden)
        if self.joins(user) or user not in result.entries or result.has_banned_user(user):
            return
        if user == self.actor["user"] or self.room.base["fixed_membership"]:
            self.need("canAddOwnClient")
        else:
            self.need("canAddParticipant")
            self.need_transition(0, result.entries[user])

    def remove_client(self, user: str) -> None:
        if user not in self.result.entries:
            return
        is_self, is_out = user == self.actor["user"], self.result.has_banned_user(user)
        if is_out and (is_self or self.bans(user)):
            return
        self.need("canRemoveOwnClient" if is_self else "canKick")

    def bans(self, user: str) -> bool:
        """Whether somebody who holds canBan bans a user in this commit."""
        return any(
            action == ["change-role", user, 1]
            and "canBan" in self.room.capabilities(self.room.acting_role(actor))
            for actor, action in self.asked
        )

    def replace_client(self, user: str) -> None:
        self.refuse("client-without-participant", where=user not in self.result.entries)
        self.refuse("banned-client", where=self.result.has_banned_user(user))

    def change_identity(self, user: str, becomes: str) -> None:
        self.refuse("identity", where=True)

    # Everything else

    def change_metadata(self, fields: list) -> None:
        for field in fields:
            if field == "room_uri":
                self.refuse("room-uri", where=self.room.has_metadata)
                if not self.room.has_metadata:
                    self.need("canChangeOtherPolicyAttribute")
            else:
                self.need(METADATA[field])

    def change_roles(self, definition: str | None) -> None:
        self.need("canChangeRoleDefinitions")

    def change_preauthorized(self) -> None:
        self.need("canChangePreauthorizedUserList")

    def change_base_policy(self, definition: str | None) -> None:
        self.need("canChangeRoomMembershipStyle")

    def change_join_links(self, adds: bool, removes: bool) -> None:
        if adds:
            self.need("canCreateJoinCode")
        if removes:
            self.need("canDeleteJoinCode")
        if not adds and not removes:
            self.need("canCreateJoinCode", "canDeleteJoinCode")

    def change_component(self, component: int) -> None:
        self.need(OWN_CAPABILITIES.get(component, "canChangeOtherPolicyAttribute"))

    def remove_component(self, component: int) -> None:
        if component in ESSENTIAL:
            self.refuse("essential-component", where=True)
        else:
            self.change_component(component)

    def change_extensions(self, forgets: bool = False) -> None:
        if not forgets:
            self.need("canChangeOtherPolicyAttribute")

    def reinitialize(self) -> None:
        self.need("canSendMLSReinitProposal")

    def perform(self, capability: str) -> None:
        self.need(capability)

    # The commit as a whole

    def kinds(self) -> list[str]:
        return [action[0] for _, action in self.asked]

    def judge_together(self) -> None:
        users = [action[1] for _, action in self.asked if action[0] in LIST_OPERATIONS]
        kinds = self.kinds()
        self.refuse("user-twice", where=len(set(users)) < len(users))
        self.refuse("roles-with-participants", where="change-roles" in kinds and bool(users))
        adds = "add-participant" in kinds or "change-role" in kinds
        is_mixed = "change-preauthorized" in kinds and adds
        self.refuse("preauthorized-with-participants", where=is_mixed)

    def judge_result(self) -> None:
        for role in self.result.roles:
            self.judge_role(role)
        if "change-roles" in self.kinds():
            used = set(self.result.entries.values())
            self.refuse("role-in-use", where=not used <= set(self.result.roles))
        if {"change-roles", "change-base-policy"} & set(self.kinds()):
            self.refuse("fixed-membership", where=adds_to_fixed(self.result))
        self.judge_bounds()
        self.judge_parent()
        self.judge_clients()

    def judge_role(self, role: int) -> None:
        if role == 0:
            return
        limits, is_new = self.result.roles[role], "change-roles" in self.kinds()
        for word, count in (("", Room.with_role), ("active_", Room.active)):
            was, number = count(self.room, role), count(self.result, role)
            least = limits[f"minimum_{word}participants_constraint"]
            most = limits[f"maximum_{word}participants_constraint"]
            rule = f"{word.replace('_', '-')}participants"
            too_many = most is not None and number > most
            self.refuse(f"maximum-{rule}", where=too_many and (is_new or number > was))
            is_stricter = is_new and (word == "" or least > self.least_active_before(role))
            self.refuse(f"minimum-{rule}", where=number < least and (is_stricter or number < was))

    def least_active_before(self, role: int) -> int:
        before = self.room.roles.get(role)
        return 0 if before is None else before["minimum_active_participants_constraint"]

    def judge_bounds(self) -> None:
        room, result = self.room, self.result
        is_new, base = "change-base-policy" in self.kinds(), result.base
        for rule, was, number in (
            ("users", len(room.users()), len(result.users())),
            ("clients", sum(room.clients.values()), sum(result.clients.values())),
        ):
            most = base[f"max_{rule}"]
            too_many = most is not None and number > most
            self.refuse(f"max-{rule}", where=too_many and (is_new or number > was))
        crowded = not base["multi_device"] and any(
            number > 1 and (is_new or number > room.clients.get(user, 0))
            for user, number in result.clients.items()
        )
        self.refuse("multi-device", where=crowded)
        hidden = any(is_pseudonym(user) and number for user, number in result.clients.items())
        forbids = is_new and not base["pseudonyms_allowed"]
        self.refuse("pseudonyms", where=forbids and hidden)

    def judge_parent(self) -> None:
        base, users = self.result.base, self.result.users()
        if not base["parent_dependant"] or self.parent is None:
            return
        is_new = "change-base-policy" in self.kinds()
        come = users if is_new else [user for user in users if user not in self.room.users()]
        strangers = [user for user in come if user not in self.parent]
        is_whole = len(users) >= len(self.parent) and (is_new or come != [])
        self.refuse("parent-room", where=bool(strangers) or is_whole)

    def judge_clients(self) -> None:
        result = self.result
        present = [user for user, number in result.clients.items() if number]
        gone = [user for user in present if user not in result.entries]
        removed = [user for user in gone if user in self.room.entries]
        self.refuse("removed-client", where=bool(removed))
        self.refuse("banned-client", where=any(map(result.has_banned_user, present)))


def adds_to_fixed(room: Room) -> bool:
    """Whether the membership is fixed and yet a role may add participants."""
    return bool(room.base["fixed_membership"]) and any(
        "canAddParticipant" in role["role_capabilities"]
        for index, role in room.roles.items()
        if index != 0 and not room.is_banned(index)
    )


def is_pseudonym(user: str) -> bool:
    return re.match("mimi://[^/]+/p/", user) is not None


def found(case: dict) -> set[str]:
    """The rules that refuse a room that is to be founded as it is."""
    room, rules = Room(case), set()
    for role in set(room.entries.values()) - set(room.roles):
        rules.add("role-zero" if role == 0 else "unknown-role")
    for index, role in room.roles.items():
        for word, number in (("", room.with_role(index)), ("active_", room.active(index))):
            most = role[f"maximum_{word}participants_constraint"]
            if index and most is not None and number > most:
                rules.add(f"maximum-{word.replace('_', '-')}participants")
        if index and room.with_role(index) < role["minimum_participants_constraint"]:
            rules.add("minimum-participants")
    present = [user for user, number in room.clients.items() if number]
    base, users = room.base, room.users()
    broken = {
        "max-users": base["max_users"] is not None and len(users) > base["max_users"],
        "max-clients": base["max_clients"] is not None
        and sum(room.clients.values()) > base["max_clients"],
        "multi-device": not base["multi_device"] and any(n > 1 for n in room.clients.values()),
        "pseudonyms": not base["pseudonyms_allowed"] and any(map(is_pseudonym, present)),
        "parent-room": base["parent_dependant"]
        and case["parent"] is not None
        and not set(users) < set(case["parent"]),
        "fixed-membership": adds_to_fixed(room),
        "client-without-participant": any(user not in room.entries for user in present),
        "banned-client": any(map(room.has_banned_user, present)),
    }
    return rules | {rule for rule, is_broken in broken.items() if is_broken}
