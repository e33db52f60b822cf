"""Rooms to decide about: who is in them, and what the role of the one who asks may do.

::

    Alice   role 3    the one who asks, where nothing else is said; one client
    Bob     role 2    one client
    Carol   role 2    no client
    Mallory role 1    banned
    Dave              not in the list

A test gives Alice's role what it takes, and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from mimi.codec import replace
from mimi.policy.actions import Action, Actor, ActorKind, Claims, Request, claims_of
from mimi.policy.capability import Capability
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.decision import Decision, Refusal, Rule
from mimi.policy.operational import OperationalParameters
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import NO_SURROUNDINGS, Room, Surroundings
from mimi.policy.structures import (
    BANNED_NAME,
    BaseRoomPolicy,
    Claim,
    ClaimId,
    PreAuthData,
    PreAuthRoleEntry,
    Role,
    RoleData,
    RoomMetaData,
    SingleSourceRoleChangeTargets,
)
from mimi.tree.codepoints import CredentialType

C = Capability

ALICE, BOB, CAROL, MALLORY, DAVE, ERIN = (
    f"mimi://a.example/u/{name}".encode()
    for name in ("alice", "bob", "carol", "mallory", "dave", "erin")
)
PSEUDONYM = b"mimi://a.example/p/somebody"
HUB = b"mimi://hub.example"

NONE, BANNED, USER, ADMIN, GUEST = range(5)

LISTED = {ALICE: ADMIN, BOB: USER, CAROL: USER, MALLORY: BANNED}
PRESENT = {ALICE: 1, BOB: 1}
METADATA = RoomMetaData(b"mimi://a.example/r/room", b"A room")

Changes = Mapping[int, Iterable[int]]
"""From roles to those to which somebody may move others from them."""


def a_role(
    index: int,
    capabilities: Iterable[int] = (),
    changes: Changes | None = None,
    name: bytes | None = None,
    **constraints: Any,
) -> Role:
    """Return a role; role 1 bans, if nothing else is said."""
    if name is None:
        name = BANNED_NAME if index == BANNED else b"role %d" % index
    listed = {} if changes is None else changes
    targets = tuple(SingleSourceRoleChangeTargets(at, tuple(listed[at])) for at in sorted(listed))
    held = tuple(Capability(each) for each in capabilities)
    return Role(index, name, b"", held, authorized_role_changes=targets, **constraints)


def roles_of(
    capabilities: Iterable[int] = (),
    changes: Changes | None = None,
    others: Iterable[Role] = (),
) -> RoleData:
    """Return the roles 0 to 4; those among *others* are as they say."""
    roles = {at: a_role(at) for at in (NONE, BANNED, USER, GUEST)}
    roles[ADMIN] = a_role(ADMIN, capabilities, changes)
    roles |= {int(role.role_index): role for role in others}
    return RoleData(tuple(roles[at] for at in sorted(roles)))


def a_room(
    capabilities: Iterable[int] = (),
    changes: Changes | None = None,
    *others: Role,
    people: Mapping[bytes, int] | None = None,
    clients: Mapping[bytes, int] | None = None,
    links: Iterable[bytes] = (),
    **policy: Any,
) -> Room:
    """Return a room.

    Args:
        capabilities: What role 3 may do.
        changes: To which roles it may move others.
        others: Roles besides those that may do nothing, or instead of them.
        people: Who is in the list; None for the usual ones.
        clients: How many clients they have; None for the usual ones.
        links: The joining links.
        policy: More fields of `RoomPolicy`.
    """
    known = RoomPolicy(
        roles_of(capabilities, changes, others),
        join_links=frozenset(links),
        **{"metadata": METADATA, **policy},
    )
    listed = Participants.of((LISTED if people is None else people).items())
    return Room.of(known, listed, PRESENT if clients is None else clients)


# Who is preauthorised

BASIC = CredentialType.BASIC


def entry(role: int, **claims: bytes) -> PreAuthRoleEntry:
    """Return an entry for who claims something; a claim's name is its id."""
    claimset = tuple(Claim(ClaimId(BASIC, name.encode()), value) for name, value in claims.items())
    return PreAuthRoleEntry(claimset, role)


def preauthorizing(*entries: PreAuthRoleEntry) -> PreAuthData:
    """Return who is preauthorised."""
    return PreAuthData(entries)


def claiming(**values: bytes) -> Claims:
    """Return the claims of a credential."""
    return claims_of(BASIC, {name.encode(): (value,) for name, value in values.items()})


# Requests, and what comes of them


def by(user: bytes, *actions: Action, kind: ActorKind = ActorKind.MEMBER, **more: Any) -> Request:
    """Return what somebody asks for."""
    return Request(Actor(user, kind, **more), actions)


def joining(user: bytes, *actions: Action, **more: Any) -> Request:
    """Return what somebody asks for who joins by a commit."""
    return by(user, *actions, kind=ActorKind.JOINER, **more)


def decided(room: Room, *requests: Request, around: Surroundings = NO_SURROUNDINGS) -> Decision:
    """Return the decision about requests."""
    return decide(room, requests, around)


def refused(
    room: Room,
    requests: Request | Sequence[Request],
    rule: Rule,
    around: Surroundings = NO_SURROUNDINGS,
    **what: Any,
) -> Refusal:
    """Return the one refusal of requests, which has this rule and says this.

    A single request's actor is named, with the role in which it acts.
    """
    listed = [requests] if isinstance(requests, Request) else requests
    decision = decide(room, listed, around)
    (refusal,) = decision.refusals
    assert refusal.rule is rule, refusal
    assert not decision.is_allowed
    assert decision.rules == (rule,)
    assert refusal.reason
    if len(listed) == 1:
        actor = listed[0].actor
        expected = {"actor": actor, "role": room.acting_role(actor), **what}
    else:
        expected = what
    said = {name: getattr(refusal, name) for name in expected}
    assert said == expected
    unsaid = {"capabilities": (), "transition": None, "bound": None}
    for name in unsaid.keys() - expected.keys():
        assert getattr(refusal, name) == unsaid[name], refusal
    return refusal


def granted(
    room: Room, *requests: Request, around: Surroundings = NO_SURROUNDINGS
) -> tuple[Capability | None, ...]:
    """Return by what each action of requests is granted, all of which are.

    An action that takes several capabilities has a grant for each.
    """
    decision = decide(room, requests, around)
    assert decision.is_allowed, decision
    assert decision.rules == ()
    asked = [action for request in requests for action in request.actions]
    seen = [grant.action for grant in decision.grants]
    assert [at for at, _ in groupby(seen)] == [at for at, _ in groupby(asked)]
    return tuple(grant.capability for grant in decision.grants)


def founded(room: Room, around: Surroundings = NO_SURROUNDINGS, *, minima: bool = True) -> Decision:
    """Return what a room breaks as it is."""
    return check_founded(room, around, minima=minima)


def base(**fields: Any) -> BaseRoomPolicy:
    """Return a base policy."""
    return replace(BaseRoomPolicy(), **fields)


def operational(**fields: Any) -> OperationalParameters:
    """Return operational parameters."""
    return replace(OperationalParameters(), **fields)


def around(parent: Iterable[bytes] | None = None, **join_roles: int) -> Surroundings:
    """Return what decides besides the room.

    Args:
        parent: Who takes part in the parent room.
        join_roles: From joining links to the roles that they are for.
    """
    known = {link.encode(): role for link, role in join_roles.items()}
    others = None if parent is None else frozenset(parent)
    return Surroundings(lambda _: others, known.get)


PARENT = (ALICE, BOB, CAROL, DAVE)
CHILD = base(parent_dependant=True, parent_room=(b"mimi://a.example/r/parent",))
