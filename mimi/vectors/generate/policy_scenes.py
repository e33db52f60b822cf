"""Scenes of the decision table, and the commits in them, put down in short.

Users are named by their names at ``a.example``; what begins with ``mimi:`` is a whole URI.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from mimi.policy.actions import ActorKind
from mimi.policy.operational import OperationalParameters
from mimi.policy.structures import (
    BaseRoomPolicy,
    Claim,
    ClaimId,
    PreAuthRoleEntry,
    RoleData,
    RoomMetaData,
)
from mimi.tree.codepoints import CredentialType
from mimi.vectors.case import Case
from mimi.vectors.checks.policy import decided
from mimi.vectors.generate.policy_sentences import SENTENCES
from mimi.vectors.generate.written import Vector
from mimi.vectors.policy_form import form_of
from mimi.vectors.policy_rows import Outcome, Scene

Asked: TypeAlias = list[Any]
"""An action, or a request: an actor's name and actions."""

HUB = "mimi://hub.example"
METADATA = RoomMetaData(room_uri=b"mimi://hub.example/r/table", room_name=b"Table")
CREDENTIAL = CredentialType.X509
CLAIM = b"\x06\x03\x55\x04\x0c"
"""The OID of the attribute title, as an example of a claim."""


def uri(name: str) -> str:
    """Return the URI of a user."""
    return name if name.startswith("mimi:") else f"mimi://a.example/u/{name}"


# Actions


def add(name: str, role: int) -> Asked:
    """Put a user into the list."""
    return ["add-participant", uri(name), role]


def remove(name: str) -> Asked:
    """Take a user out of the list."""
    return ["remove-participant", uri(name)]


def change(name: str, role: int) -> Asked:
    """Give a participant another role."""
    return ["change-role", uri(name), role]


def come(name: str) -> Asked:
    """Bring a client in."""
    return ["add-client", uri(name)]


def go(name: str) -> Asked:
    """Take a client out."""
    return ["remove-client", uri(name)]


def perform(capability: str) -> Asked:
    """Do something that changes no state."""
    return ["perform", capability]


def metadata(*fields: str) -> Asked:
    """Change fields of the metadata."""
    return ["change-metadata", sorted(fields)]


# Rows


@attrs.frozen
class Row:
    """A commit.

    Attributes:
        requests: Who asks for what.
        by: The name of the sentence that decides it; empty for that which follows from what is
            decided.
    """

    requests: list[Asked]
    by: str = ""


def row(actor: str, *actions: Asked, by: str = "") -> Row:
    """Return a commit of one request."""
    return Row([[actor, list(actions)]], by)


def rows(*requests: tuple[str, Iterable[Asked]], by: str = "") -> Row:
    """Return a commit of several requests."""
    return Row([[actor, list(actions)] for actor, actions in requests], by)


# Scenes


@attrs.frozen
class Cast:
    """A room and who acts in it, as it is put down.

    Attributes:
        description: What is remarkable about it.
        roles: The definitions of the roles.
        participants: From names to roles.
        clients: From names to how many clients they have.
        actors: From the names of actors to what they are but for their names; see `actor`.
        preauthorized: Who is preauthorised.
        base: The base policy; None where the room has none.
        operational: The operational parameters; None where the room has none.
        join_links: The active joining links.
        room_metadata: What is shown of the room; None for nothing.
        parent: The participants of the parent room; None where they are not known.
        join_roles: For which roles joining links are.
        definitions: From names to other roles and base policies.
    """

    description: str
    roles: RoleData
    participants: Mapping[str, int]
    clients: Mapping[str, int]
    actors: Mapping[str, Mapping[str, Any]]
    preauthorized: tuple[PreAuthRoleEntry, ...] = ()
    base: BaseRoomPolicy | None = None
    operational: OperationalParameters | None = None
    join_links: tuple[bytes, ...] = ()
    room_metadata: RoomMetaData | None = METADATA
    parent: tuple[str, ...] | None = None
    join_roles: Mapping[bytes, int] = attrs.field(factory=dict)
    definitions: Mapping[str, RoleData | BaseRoomPolicy] = attrs.field(factory=dict)

    def room(self) -> Vector:
        """Return the fields that say what the room is."""
        return {
            "roles": form_of(self.roles.roles),
            "preauthorized": form_of(self.preauthorized),
            "base_room_policy": form_of(self.base),
            "operational": form_of(self.operational),
            "join_links": [link.hex() for link in self.join_links],
            "room_metadata": form_of(self.room_metadata),
            "participants": [[uri(name), role] for name, role in self.participants.items()],
            "clients": [[uri(name), number] for name, number in self.clients.items()],
            "parent": None if self.parent is None else list(map(uri, self.parent)),
            "join_roles": [[link.hex(), role] for link, role in self.join_roles.items()],
        }

    def case(self, commits: Iterable[Row]) -> Vector:
        """Return the case of some commits, with what is decided about each."""
        start = {"kind": "policy-decisions", "description": self.description}
        fields = start | self.room() | {"actors": self._actors(), "definitions": self._defined()}
        scene, decisions, named = Scene.of(Case(fields)), [], dict[str, None]()
        for commit in commits:
            outcome = decided(scene, Case({"requests": commit.requests}))
            by = commit.by or sentence_of(commit.requests, outcome)
            named[by] = None
            decisions.append({"requests": commit.requests} | outcome | {"by": by})
        sentences = [
            {"name": name, "section": SENTENCES[name][0], "sentence": SENTENCES[name][1]}
            for name in named
        ]
        return fields | {"sentences": sentences, "rows": decisions}

    def _actors(self) -> list[Vector]:
        return [{"name": name, **given} for name, given in self.actors.items()]

    def _defined(self) -> list[Vector]:
        return [
            {
                "name": name,
                "roles": form_of(given.roles) if isinstance(given, RoleData) else None,
                "base_room_policy": form_of(given) if isinstance(given, BaseRoomPolicy) else None,
            }
            for name, given in self.definitions.items()
        ]


def actor(
    name: str, kind: ActorKind = ActorKind.MEMBER, title: str = "", code: bytes | None = None
) -> dict[str, Any]:
    """Return who acts.

    Args:
        name: Of the user.
        kind: From where.
        title: The claim that the credential makes; empty for none.
        code: The joining link that is shown.
    """
    claims = [[int(CREDENTIAL), CLAIM.hex(), [title.encode().hex()]]] if title else []
    shown = None if code is None else code.hex()
    return {"user": uri(name), "kind": kind.value, "claims": claims, "join_code": shown}


def member(name: str, title: str = "") -> dict[str, Any]:
    """Return a member that acts."""
    return actor(name, title=title)


def joiner(name: str, title: str = "", code: bytes | None = None) -> dict[str, Any]:
    """Return a joiner."""
    return actor(name, ActorKind.JOINER, title, code)


def external(name: str = HUB, title: str = "") -> dict[str, Any]:
    """Return an external sender."""
    return actor(name, ActorKind.EXTERNAL, title)


def titled(title: str, role: int) -> PreAuthRoleEntry:
    """Preauthorise those whose credential has a title."""
    claim = Claim(ClaimId(CREDENTIAL, CLAIM), title.encode())
    return PreAuthRoleEntry((claim,), role)


# Sentences

_FIRST = (
    *("user-twice", "roles-with-participants", "preauthorized-with-participants", "identity"),
    *("role-zero", "unknown-role", "already-participant", "no-participant", "room-uri"),
    *("essential-component", "fixed-membership", "external-commit", "external-proposal", "join"),
    *("capability", "transition", "preauthorized-role", "client-without-participant"),
    *("removed-client", "banned-client", "pseudonyms", "role-in-use", "parent-room"),
    *("max-users", "max-clients", "multi-device"),
    *("maximum-participants", "minimum-participants"),
    *("maximum-active-participants", "minimum-active-participants"),
)
"""Of several rules that refuse, the one whose sentence is quoted."""

_ALLOWED: dict[str, Callable[[Asked], str]] = {
    "add-client": lambda _: "add-client",
    "remove-client": lambda _: "remove-client",
    "replace-client": lambda _: "replace-client",
}
"""Which sentence allows what takes no capability."""


def sentence_of(requests: list[Asked], outcome: Outcome) -> str:
    """Return the name of the sentence that decides a commit, where none is chosen by hand."""
    actions = [action for _, asked in requests for action in asked]
    if outcome["rules"]:
        rule = min(outcome["rules"], key=_FIRST.index)
        if rule == "capability":
            return str(outcome["needed"][0][0])
        names = [f"{rule} {action[0]}" for action in actions]
        return next((name for name in names if name in SENTENCES), rule)
    named = [name for name in outcome["grounds"] if name is not None]
    return str(named[0]) if named else _ALLOWED[actions[0][0]](actions[0])
