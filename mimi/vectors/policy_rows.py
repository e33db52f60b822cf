"""Rooms and commits in the JSON of the decision table, and decisions as its rows have them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_type_hints

import attrs

from mimi.policy.actions import (
    Action,
    Actor,
    ActorKind,
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeComponent,
    ChangeExtensions,
    ChangeIdentity,
    ChangeJoinLinks,
    ChangeMetadata,
    ChangePreauthorized,
    ChangeRole,
    ChangeRoles,
    Claims,
    Perform,
    Reinitialize,
    RemoveClient,
    RemoveComponent,
    RemoveParticipant,
    ReplaceClient,
    Request,
)
from mimi.policy.decision import Decision, Rule
from mimi.policy.operational import OperationalParameters
from mimi.policy.participants import Participants
from mimi.policy.policy import DEFAULT_BASE, NO_OPERATIONAL, RoomPolicy
from mimi.policy.room import Room, Surroundings
from mimi.policy.structures import (
    BaseRoomPolicy,
    PreAuthData,
    PreAuthRoleEntry,
    Role,
    RoleData,
    RoomMetaData,
)
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.policy_form import capability_in, name_of, structure_in, value_in

Outcome = dict[str, Any]


@attrs.frozen
class Scene:
    """A room, who acts in it, and what commits refer to by name.

    Attributes:
        room: The room.
        surroundings: What decides besides the room.
        actors: From names to those who act.
        roles: From names to other definitions of the roles.
        bases: From names to other base policies.
    """

    room: Room
    surroundings: Surroundings
    actors: Mapping[str, Actor]
    roles: Mapping[str | None, RoleData]
    bases: Mapping[str | None, BaseRoomPolicy]

    @classmethod
    def of(cls, case: Case) -> "Scene":
        """Read the scene of a case."""
        room = room_in(case)
        roles: dict[str | None, RoleData] = {None: room.policy.roles}
        bases: dict[str | None, BaseRoomPolicy] = {None: room.policy.base}
        for part in case.parts("definitions"):
            part.only("name", "roles", "base_room_policy")
            name = part.string("name")
            if part.value("roles") is not None:
                roles[name] = roles_in(part)
            if part.value("base_room_policy") is not None:
                bases[name] = structure_in(part.part("base_room_policy"), BaseRoomPolicy)
        actors = {part.string("name"): _actor(part) for part in case.parts("actors")}
        return cls(room, surroundings_in(case), actors, roles, bases)

    def requests(self, row: Case) -> tuple[Request, ...]:
        """Read the commit of a row."""
        return tuple(self._request(part) for part in row.parts("requests", least=1))

    def _request(self, part: Case) -> Request:
        actor = self.actors.get(part.string(0))
        if actor is None:
            raise DifferenceError(part.name(0), "a known actor", shown(part.value(0)))
        return Request(actor, tuple(self._action(action) for action in part.entries(1)))

    def _action(self, part: Case) -> Action:
        name, length = part.string(0), part.length()
        known = _ACTIONS.get(name)
        if known is None or length != known[0]:
            raise DifferenceError(part.path, "an action", shown(part.data))
        return known[1](part, self)


def roles_in(case: Case) -> RoleData:
    """Read the definitions of the roles."""
    return RoleData(value_in(case, "roles", tuple[Role, ...]))


def room_in(case: Case) -> Room:
    """Read the room of a case."""
    base = value_in(case, "base_room_policy", BaseRoomPolicy | None)
    operational = value_in(case, "operational", OperationalParameters | None)
    entries = value_in(case, "preauthorized", tuple[PreAuthRoleEntry, ...])
    links = case.part("join_links")
    policy = RoomPolicy(
        roles_in(case),
        PreAuthData(entries),
        DEFAULT_BASE if base is None else base,
        NO_OPERATIONAL if operational is None else operational,
        frozenset(links.octets(at) for at in range(links.length())),
        value_in(case, "room_metadata", RoomMetaData | None),
    )
    with case.at("participants"):
        participants = Participants.of(_pairs(case, "participants"))
    return Room.of(policy, participants, dict(_pairs(case, "clients")))


def _pairs(case: Case, key: str) -> list[tuple[bytes, int]]:
    return [(part.text(0), part.integer(1)) for part in case.parts(key)]


def surroundings_in(case: Case) -> Surroundings:
    """Read what decides besides the room of a case."""
    parent = None
    if case.value("parent") is not None:
        users = case.part("parent")
        parent = frozenset(users.text(at) for at in range(users.length()))
    roles = {part.octets(0): part.integer(1) for part in case.parts("join_roles")}
    return Surroundings(lambda _: parent, roles.get)


def _actor(part: Case) -> Actor:
    part.only("name", "user", "kind", "claims", "join_code")
    kinds = {kind.value: kind for kind in ActorKind}
    kind = kinds.get(part.string("kind"))
    if kind is None:
        raise DifferenceError(part.name("kind"), " or ".join(kinds), shown(part.value("kind")))
    code = None if part.value("join_code") is None else part.octets("join_code")
    return Actor(part.text("user"), kind, _claims(part), code)


def _claims(part: Case) -> Claims:
    claims = {}
    for claim in part.parts("claims"):
        values = claim.part(2)
        given = frozenset(values.octets(at) for at in range(values.length()))
        claims[claim.integer(0), claim.octets(1)] = given
    return claims


_Reader = Callable[[Case, Scene], Action]


def _known(names: Mapping[str | None, Any], part: Case) -> Any:
    name = None if part.value(1) is None else part.string(1)
    if name not in names:
        raise DifferenceError(part.name(1), "a known definition", shown(name))
    return names[name]


def _fields(part: Case) -> frozenset[str]:
    names = part.part(1)
    found = frozenset(names.string(at) for at in range(names.length()))
    unknown = found - set(get_type_hints(RoomMetaData))
    if unknown:
        raise DifferenceError(names.path, "fields of the metadata", shown(sorted(unknown)))
    return found


def _true(part: Case, at: int) -> bool:
    value: bool = value_in(part, at, bool)
    return value


_ACTIONS: dict[str, tuple[int, _Reader]] = {
    "add-participant": (3, lambda part, _: AddParticipant(part.text(1), part.integer(2))),
    "remove-participant": (2, lambda part, _: RemoveParticipant(part.text(1))),
    "change-role": (3, lambda part, _: ChangeRole(part.text(1), part.integer(2))),
    "add-client": (2, lambda part, _: AddClient(part.text(1))),
    "remove-client": (2, lambda part, _: RemoveClient(part.text(1))),
    "replace-client": (2, lambda part, _: ReplaceClient(part.text(1))),
    "change-identity": (3, lambda part, _: ChangeIdentity(part.text(1), part.text(2))),
    "change-metadata": (2, lambda part, _: ChangeMetadata(_fields(part))),
    "change-roles": (2, lambda part, scene: ChangeRoles(_known(scene.roles, part))),
    "change-preauthorized": (1, lambda _, __: ChangePreauthorized()),
    "change-base-policy": (2, lambda part, scene: ChangeBasePolicy(_known(scene.bases, part))),
    "change-join-links": (3, lambda part, _: ChangeJoinLinks(_true(part, 1), _true(part, 2))),
    "change-component": (2, lambda part, _: ChangeComponent(part.integer(1))),
    "remove-component": (2, lambda part, _: RemoveComponent(part.integer(1))),
    "change-extensions": (1, lambda _, __: ChangeExtensions()),
    "reinitialize": (1, lambda _, __: Reinitialize()),
    "perform": (2, lambda part, _: Perform(capability_in(part, 1))),
}
"""How many elements an action has in JSON, and how it is read."""

ACTIONS: tuple[str, ...] = tuple(_ACTIONS)
"""The names of actions."""


def outcome_of(decision: Decision, requests: Sequence[Request]) -> Outcome:
    """Return a decision as the fields of a row.

    ``rules`` are those that refuse; ``needed`` are, for each capability that is missing, those of
    which each would have been enough; ``grounds`` has, for each action of what is allowed, a
    capability that allows it.
    """
    missing = {
        tuple(sorted(map(name_of, refusal.capabilities)))
        for refusal in decision.refusals
        if refusal.rule is Rule.CAPABILITY
    }
    return {
        "rules": sorted(rule.value for rule in decision.rules),
        "needed": [list(names) for names in sorted(missing)],
        "grounds": _grounds(decision, requests) if decision.is_allowed else None,
    }


def _grounds(decision: Decision, requests: Iterable[Request]) -> list[str | None]:
    """Return, for each action, a capability that allows it; None for what takes none."""
    found = []
    for request in requests:
        for action in request.actions:
            grants = [grant.capability for grant in decision.grants if grant.action is action]
            held = [name_of(capability) for capability in grants if capability is not None]
            found.append(min(held, default=None))
    return found
