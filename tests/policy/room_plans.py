"""What somebody wants to be done in a room, in three languages.

::

    Ask ── proposal, or part of one          for the group
        ── action of `mimi.policy`           to be asked beforehand
        ── action of the naive evaluator     to know what must come of it
"""

from collections.abc import Sequence
from typing import Any

import attrs
from naive import naive_policy
from policy.room_people import (
    NOW,
    SUITE,
    WORD,
    Device,
    Outsider,
    claims_made,
    user_named,
)
from policy.room_recount import Recount

from mimi.codec import encode
from mimi.mls import (
    Add,
    AppDataUpdate,
    ComponentID,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyID,
    Proposal,
    ReInit,
    Remove,
    RemoveData,
    SelfRemove,
    UpdateData,
)
from mimi.mls.group import read_key_package
from mimi.policy import actions
from mimi.policy.actions import Action, Actor, ActorKind, Request, claims_of
from mimi.policy.policy import STRUCTURES
from mimi.policy.presets.preset import capabilities
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    BaseRoomPolicy,
    JoinLinksUpdate,
    ParticipantListUpdate,
    RoleData,
    RoomMetaData,
    UserindexRolePair,
    UserRolePair,
)
from mimi.tree.codepoints import CredentialType, ProtocolVersion
from mimi.tree.extension import Extensions
from mimi.tree.math import LeafIndex
from mimi.vectors.policy_form import form_of

NUMBERS = {kind: ComponentID(number) for number, kind in STRUCTURES.items()}


@attrs.frozen
class Ask:
    """One thing that somebody asks for.

    Attributes:
        form: The action as the naive evaluator has it.
        data: What the proposal needs besides: a device, a leaf, a structure.
    """

    form: tuple[Any, ...]
    data: Any = None

    @property
    def kind(self) -> str:
        """What kind of action it is."""
        return str(self.form[0])


def add_participant(user: str, role: int) -> Ask:
    return Ask(("add-participant", user, role))


def remove_participant(user: str) -> Ask:
    return Ask(("remove-participant", user))


def change_role(user: str, role: int) -> Ask:
    return Ask(("change-role", user, role))


def add_client(device: Device) -> Ask:
    return Ask(("add-client", device.user), device)


def remove_client(device: Device) -> Ask:
    return Ask(("remove-client", device.user), device.here.leaf_index)


def remove_oneself(device: Device) -> Ask:
    """Ask for a SelfRemove."""
    return Ask(("remove-client", device.user), SelfRemove())


def change_component(data: Any, before: Recount) -> Ask:
    """Ask for other data of a component: a structure, or an update of the joining links."""
    if isinstance(data, RoomMetaData):
        old = before.metadata
        names = [each.name for each in attrs.fields(RoomMetaData)]
        fields = [name for name in names if getattr(data, name) != getattr(old, name, None)]
        return Ask(("change-metadata", fields), data)
    if isinstance(data, RoleData):
        return Ask(("change-roles", "roles"), data)
    if isinstance(data, BaseRoomPolicy):
        return Ask(("change-base-policy", "base"), data)
    if isinstance(data, JoinLinksUpdate):
        both = bool(data.added_links), bool(data.removed_indices)
        return Ask(("change-join-links", *both), data)
    if NUMBERS[type(data)] == PREAUTH_LIST:
        return Ask(("change-preauthorized",), data)
    return Ask(("change-component", int(NUMBERS[type(data)])), data)


def remove_component(number: int) -> Ask:
    return Ask(("remove-component", int(number)))


def change_extensions(extensions: Extensions, *, forgets: bool) -> Ask:
    return Ask(("change-extensions", forgets), extensions)


REINITIALIZE = Ask(("reinitialize",))


# Who asks


@attrs.frozen
class Part:
    """What one sender asks for.

    Attributes:
        sender: A device in the room or outside, or an external sender.
        asks: What it asks for.
        kind: From where it acts.
        code: The joining link that a joiner shows.
        word: Whether it brings in the pre-shared key that everybody knows.
    """

    sender: Device | Outsider
    asks: tuple[Ask, ...] = attrs.field(converter=tuple)
    kind: ActorKind = ActorKind.MEMBER
    code: bytes | None = None
    word: bool = False

    @property
    def identity(self) -> bytes:
        """What the sender's credential says."""
        if isinstance(self.sender, Outsider):
            return self.sender.user.encode()
        return self.sender.identity

    @property
    def name(self) -> str:
        """By what the naive evaluator tells senders apart."""
        return f"{self.kind.value} {self.identity.decode()} {self.sender.number}"

    def naive_actor(self) -> dict[str, Any]:
        """Return the actor as the naive evaluator has it."""
        claims = _claims(self.identity)
        user = user_named(self.identity)
        return {
            "name": self.name,
            "user": user,
            "kind": self.kind.value,
            "claims": claims,
            "join_code": self.code,
        }

    def request(self) -> Request:
        """Return the request as `mimi.policy` has it."""
        user = user_named(self.identity).encode()
        claims = claims_of(CredentialType.BASIC, claims_made(self.identity))
        actor = Actor(user, self.kind, claims, self.code)
        return Request(actor, [action_of(ask) for ask in self.asks])


def _claims(identity: bytes) -> list[list[Any]]:
    return [
        [int(CredentialType.BASIC), at.hex(), [value.hex() for value in values]]
        for at, values in claims_made(identity).items()
    ]


def preauthorized_role(recount: Recount, identity: bytes) -> int:
    """Return the role for which a credential is preauthorised; 0 where it is for none."""
    return naive_policy.Room(recount.case()).preauthorized(_claims(identity))


def action_of(ask: Ask) -> Action:
    """Return an action as `mimi.policy` has it."""
    kind, *given = ask.form
    made = getattr(actions, kind.replace("-", " ").title().replace(" ", ""))
    if kind in ("change-roles", "change-base-policy"):
        given = [ask.data]
    elif kind == "perform":
        given = list(capabilities(*given))
    action: Action = made(*(each.encode() if isinstance(each, str) else each for each in given))
    return action


def verdict(recount: Recount, parts: Sequence[Part]) -> naive_policy.Verdict:
    """Return what the naive evaluator says of parts of a commit."""
    asks = [ask for part in parts for ask in part.asks]
    bases = [ask.data for ask in asks if ask.kind == "change-base-policy"]
    roles = [ask.data for ask in asks if ask.kind == "change-roles"]
    case = recount.case(bases[-1] if bases else None)
    case["definitions"] = [
        *({"name": "roles", "roles": form_of(each)["roles"]} for each in roles),
        *({"name": "base", "base_room_policy": form_of(each)} for each in bases),
    ]
    case["actors"] = [part.naive_actor() for part in parts]
    requests = [[part.name, [list(ask.form) for ask in part.asks]] for part in parts if part.asks]
    return naive_policy.decide(case, requests)


def requests(parts: Sequence[Part]) -> list[Request]:
    """Return the requests of parts of a commit."""
    return [part.request() for part in parts if part.asks]


# Proposals


def proposals(part: Part, recount: Recount) -> list[tuple[Proposal, tuple[Ask, ...]]]:
    """Return the proposals of what a sender asks for, each with that; of the list there is one.

    What a joiner does by its commit itself needs none.
    """
    made: list[tuple[Proposal, tuple[Ask, ...]]] = []
    operations = tuple(ask for ask in part.asks if ask.kind in LIST_OPERATIONS)
    if operations:
        made.append((updated(PARTICIPANT_LIST, _merged(operations, recount)), operations))
    for ask in part.asks:
        proposal = _proposal(ask)
        if proposal is not None:
            made.append((proposal, (ask,)))
    if part.word:
        made.append((PreSharedKey(PreSharedKeyID(WORD, bytes(SUITE.nh))), ()))
    return made


LIST_OPERATIONS = frozenset(("add-participant", "remove-participant", "change-role"))


def _merged(operations: Sequence[Ask], recount: Recount) -> ParticipantListUpdate:
    listed = [_listed(ask, recount) for ask in operations]
    return ParticipantListUpdate(
        tuple(pair for update in listed for pair in update.changed_role_participants),
        tuple(index for update in listed for index in update.removed_indices),
        tuple(pair for update in listed for pair in update.added_participants),
    )


def updated(number: int, data: Any) -> Proposal:
    """Return the proposal to update a component."""
    return AppDataUpdate(ComponentID(number), UpdateData(encode(data)))


def _listed(ask: Ask, recount: Recount) -> ParticipantListUpdate:
    kind, *given = ask.form
    places = {user: at for at, (user, _) in enumerate(recount.entries)}
    if kind == "add-participant":
        pair = UserRolePair(given[0].encode(), given[1])
        return ParticipantListUpdate(added_participants=(pair,))
    if kind == "remove-participant":
        return ParticipantListUpdate(removed_indices=(places[given[0]],))
    if kind == "change-role":
        change = UserindexRolePair(places[given[0]], given[1])
        return ParticipantListUpdate(changed_role_participants=(change,))
    return ParticipantListUpdate()


_UPDATED = {
    "change-metadata": ROOM_METADATA,
    "change-roles": ROLES_LIST,
    "change-preauthorized": PREAUTH_LIST,
    "change-base-policy": BASE_ROOM_POLICY,
    "change-join-links": JOIN_LINKS,
}


def _proposal(ask: Ask) -> Proposal | None:
    kind, data = ask.kind, ask.data
    if kind in _UPDATED:
        return updated(_UPDATED[kind], data)
    if kind == "change-component":
        return updated(ask.form[1], data)
    if kind == "remove-component":
        return AppDataUpdate(ComponentID(ask.form[1]), RemoveData())
    if kind == "add-client" and isinstance(data, Device):
        data.client, package = data.client.key_package(now=NOW)
        return Add(read_key_package(package))
    if kind == "remove-client":
        return Remove(LeafIndex(data)) if isinstance(data, int) else SelfRemove()
    if kind == "change-extensions":
        return GroupContextExtensions(data)
    if kind == "reinitialize":
        return ReInit(b"the next room", ProtocolVersion.MLS10, SUITE.code, ())
    return None
