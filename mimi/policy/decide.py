"""Whether something may be done in a room (draft-ietf-mimi-room-policy-03 section 8).

::

    Room + what each actor asks for --> Decision: granted, with the ground of each action,
                                        or refused, with every reason

Who may do what is decided by the policy as it is before; what must hold of numbers, clients and
lists is decided on the outcome of all requests together. Members, hubs and followers call the same
function on the same values, so that they come to the same answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from mimi.policy.actions import (
    METADATA,
    Action,
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
    Perform,
    Reinitialize,
    RemoveClient,
    RemoveComponent,
    RemoveParticipant,
    ReplaceClient,
    Request,
)
from mimi.policy.capability import Capability, spelling
from mimi.policy.constraints import check_outcome
from mimi.policy.decision import Decision, Grant, Refusal, Rule
from mimi.policy.outcome import Outcome
from mimi.policy.participants import is_pseudonym
from mimi.policy.policy import Powers
from mimi.policy.room import NO_SURROUNDINGS, Room, Surroundings
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    NO_ROLE,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
)

_SPELLED = {number: spelling(Capability(number)) for number in Capability.known}

ESSENTIAL = frozenset((PARTICIPANT_LIST, ROLES_LIST, BASE_ROOM_POLICY, ROOM_METADATA))
"""The components that nobody can take away."""


def decide(
    room: Room, requests: Sequence[Request], surroundings: Surroundings = NO_SURROUNDINGS
) -> Decision:
    """Return whether all requests may be granted together.

    Args:
        room: The room before.
        requests: What each actor asks for.
        surroundings: What decides besides the room.
    """
    outcome = Outcome.of(room, requests)
    cases = [Case(room, outcome, surroundings, request) for request in requests]
    refusals: list[Refusal] = []
    grants: list[Grant] = []
    for case in cases:
        case.judge()
        refusals += case.refusals
        grants += case.grants
    refusals += check_outcome(outcome, requests, surroundings)
    return Decision(tuple(refusals), tuple(grants))


MENDABLE = frozenset(
    (
        Rule.CLIENT_WITHOUT_PARTICIPANT,
        Rule.REMOVED_CLIENT,
        Rule.BANNED_CLIENT,
        Rule.MINIMUM_PARTICIPANTS,
        Rule.MAXIMUM_PARTICIPANTS,
        Rule.MINIMUM_ACTIVE_PARTICIPANTS,
        Rule.MAXIMUM_ACTIVE_PARTICIPANTS,
        Rule.MAX_USERS,
        Rule.MAX_CLIENTS,
        Rule.MULTI_DEVICE,
        Rule.PARENT_ROOM,
    )
)
"""What other requests in the same commit can set right."""


def alone(room: Room, decision: Decision) -> tuple[Refusal, ...]:
    """Return the reasons against a single proposal that no others beside it could remove.

    Args:
        room: The room.
        decision: The decision on what the proposal asks for.
    """
    return tuple(each for each in decision.refusals if not _is_mendable(room, each))


def _is_mendable(room: Room, refusal: Refusal) -> bool:
    if refusal.rule in MENDABLE:
        return True
    if isinstance(refusal.action, AddClient):
        return refusal.rule is Rule.TRANSITION  # the user may be given another role
    if not isinstance(refusal.action, RemoveClient) or refusal.actor is None:
        return False
    own = refusal.actor.user == refusal.action.user
    ways = _LEAVING if own else _EJECTING
    return not ways.isdisjoint(room.policy.role(refusal.role).capabilities)


_LEAVING = frozenset((Capability.CAN_REMOVE_SELF,))
_EJECTING = frozenset((Capability.CAN_REMOVE_PARTICIPANT, Capability.CAN_BAN))


@attrs.define(eq=False)
class Case:
    """One request, being judged.

    Attributes:
        room: The room before.
        outcome: What becomes of it.
        surroundings: What decides besides the room.
        request: What is asked for.
        role: The role in which the actor acts.
        powers: Those of the role.
        refusals: The reasons against it so far.
        grants: The grounds for it so far.
    """

    room: Room
    outcome: Outcome
    surroundings: Surroundings
    request: Request
    role: int = attrs.field(init=False)
    powers: Powers = attrs.field(init=False)
    refusals: list[Refusal] = attrs.field(init=False, factory=list)
    grants: list[Grant] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.role = self.room.acting_role(self.request.actor)
        self.powers = self.room.policy.role(self.role)

    def judge(self) -> None:
        """Judge every action."""
        operational, kind = self.room.policy.operational, self.request.actor.kind
        if kind is ActorKind.JOINER and not operational.external_commit_allowed:
            self.refuse(Rule.EXTERNAL_COMMIT, "nobody joins by a commit here")
        if kind is ActorKind.EXTERNAL and not operational.external_proposal_allowed:
            self.refuse(Rule.EXTERNAL_PROPOSAL, "nobody proposes from outside here")
        for action in self.request.actions:
            refused, granted = len(self.refusals), len(self.grants)
            _HANDLERS[type(action)](self, action)
            if len(self.refusals) > refused:
                del self.grants[granted:]
            elif len(self.grants) == granted:
                self.grants.append(Grant(action, None))

    def refuse(self, rule: Rule, reason: str, action: Action | None = None, **more: Any) -> None:
        """Note a reason against the request."""
        actor = self.request.actor
        self.refusals.append(Refusal(rule, reason, action, actor, self.role, **more))

    def is_own(self, user: bytes) -> bool:
        """Return whether the actor is the user."""
        return user == self.request.actor.user

    def grant(self, action: Action, capability: Capability) -> None:
        """Note a ground for an action."""
        self.grants.append(Grant(action, capability))

    def need(self, action: Action, *capabilities: Capability) -> None:
        """Grant an action by the first of some capabilities that the actor has, or refuse it."""
        for capability in capabilities:
            if capability in self.powers.capabilities:
                self.grant(action, capability)
                return
        names = " or ".join([_SPELLED.get(each) or spelling(each) for each in capabilities])
        who = self.request.actor.user.decode()
        self.refuse(
            Rule.CAPABILITY,
            f"{who} has role {self.role}, which lacks {names}",
            action,
            capabilities=capabilities,
        )

    def need_transition(self, action: Action, source: int, target: int) -> None:
        """Refuse, unless the actor's role may move others from a role to another."""
        if not self.powers.may_move(source, target):
            self.refuse(
                Rule.TRANSITION,
                f"role {self.role} does not move from role {source} to {target}",
                action,
                transition=(source, target),
            )

    def is_role_given(self, action: Action, role: int) -> bool:
        """Return whether a role can be given to a participant; refuse, if not."""
        if role == NO_ROLE:
            self.refuse(Rule.ROLE_ZERO, "a participant cannot have role 0", action)
        elif role not in self.room.policy.powers:
            self.refuse(Rule.UNKNOWN_ROLE, f"there is no role {role}", action)
        else:
            return True
        return False

    def is_listed(self, action: Action, user: bytes) -> bool:
        """Return whether a user is a participant; refuse, if not."""
        if user in self.room.participants.roles:
            return True
        self.refuse(Rule.NO_PARTICIPANT, f"{user.decode()} is no participant", action)
        return False

    def need_movable(self, action: Action) -> None:
        """Refuse, where participants neither come nor go."""
        if self.room.policy.base.fixed_membership:
            self.refuse(Rule.FIXED_MEMBERSHIP, "the participants are fixed", action)


# Participants (sections 8.1.1 to 8.1.3)


def _add_participant(case: Case, action: AddParticipant) -> None:
    room, user, role = case.room, action.user, action.role
    case.need_movable(action)
    if user in room.participants.roles:
        case.refuse(Rule.ALREADY_PARTICIPANT, f"{user.decode()} is a participant", action)
    if not case.is_role_given(action, role):
        return
    if case.is_own(user):
        _join(case, action)
        return
    case.need_transition(action, NO_ROLE, role)
    banning = (Capability.CAN_BAN,) if room.is_banned(role) else ()
    case.need(action, *banning, Capability.CAN_ADD_PARTICIPANT)


def _join(case: Case, action: AddParticipant) -> None:
    """Grant by what the actor may put itself into the list; refuse, if by nothing."""
    way = _way_in(case, action.role)
    if way is not None:
        case.grant(action, way)
        return
    case.refuse(
        Rule.JOIN,
        f"{action.user.decode()} has no way into role {action.role}",
        action,
        capabilities=_WAYS_IN,
        transition=(NO_ROLE, action.role),
    )


def _way_in(case: Case, role: int) -> Capability | None:
    policy, actor = case.room.policy, case.request.actor
    everyone = policy.role(NO_ROLE)
    is_open = everyone.may_move(NO_ROLE, role)
    if Capability.CAN_OPEN_JOIN in everyone.capabilities and is_open:
        return Capability.CAN_OPEN_JOIN
    if policy.preauthorized_role(actor.claims) == role:
        joining = Capability.CAN_JOIN_IF_PREAUTHORIZED
        if joining in policy.role(role).capabilities:
            return joining
    if actor.join_code is not None and actor.join_code in policy.join_links:
        using = Capability.CAN_USE_JOIN_CODE
        target = case.surroundings.join_role(actor.join_code)
        is_meant = is_open if target is None else target == role
        if is_meant and (using in case.powers.capabilities or using in everyone.capabilities):
            return using
    return None


_WAYS_IN = (
    Capability.CAN_OPEN_JOIN,
    Capability.CAN_JOIN_IF_PREAUTHORIZED,
    Capability.CAN_USE_JOIN_CODE,
)


def _remove_participant(case: Case, action: RemoveParticipant) -> None:
    case.need_movable(action)
    if case.is_listed(action, action.user):
        own, others = Capability.CAN_REMOVE_SELF, Capability.CAN_REMOVE_PARTICIPANT
        case.need_transition(action, case.room.role_of(action.user), NO_ROLE)
        case.need(action, own if case.is_own(action.user) else others)


def _change_role(case: Case, action: ChangeRole) -> None:
    room, user, role = case.room, action.user, action.role
    if not (case.is_listed(action, user) and case.is_role_given(action, role)):
        return
    if case.is_own(user):
        if room.policy.preauthorized_role(case.request.actor.claims) != role:
            reason = f"the claims do not give role {role} first"
            case.refuse(Rule.PREAUTHORIZED_ROLE, reason, action)
        case.need(action, Capability.CAN_CHANGE_OWN_ROLE)
        return
    present = room.role_of(user)
    case.need_transition(action, present, role)
    enough = [Capability.CAN_CHANGE_USER_ROLE]
    if room.is_banned(role):
        enough.insert(0, Capability.CAN_BAN)
    elif room.is_banned(present):
        enough.insert(0, Capability.CAN_UNBAN)
    case.need(action, *enough)


# Clients (sections 8.1.1 and 8.1.2)


def _is_admissible(case: Case, action: AddClient | ReplaceClient) -> bool:
    """Return whether a user can have clients when all is done; refuse, if not."""
    user, role = action.user, case.outcome.role(action.user)
    if role == NO_ROLE:
        reason = f"{user.decode()} is no participant"
        case.refuse(Rule.CLIENT_WITHOUT_PARTICIPANT, reason, action)
    elif case.outcome.is_banned(role):
        case.refuse(Rule.BANNED_CLIENT, f"{user.decode()} is banned", action)
    else:
        return True
    return False


def _add_client(case: Case, action: AddClient) -> None:
    user = action.user
    if not case.outcome.base_then.pseudonyms_allowed and is_pseudonym(user):
        case.refuse(Rule.PSEUDONYMS, f"{user.decode()} is a pseudonym", action)
    is_added = any(
        isinstance(each, AddParticipant) and each.user == user for each in case.request.actions
    )
    if not _is_admissible(case, action) or is_added:
        return
    if case.is_own(user) or case.room.policy.base.fixed_membership:
        case.need(action, Capability.CAN_ADD_OWN_CLIENT)
    else:
        case.need_transition(action, NO_ROLE, case.outcome.role(user))
        case.need(action, Capability.CAN_ADD_PARTICIPANT)


def _remove_client(case: Case, action: RemoveClient) -> None:
    user, outcome = action.user, case.outcome
    role, own = outcome.role(user), case.is_own(user)
    must_go = role == NO_ROLE or user in outcome.lawful_bans or (own and outcome.is_banned(role))
    if not must_go:
        case.need(action, Capability.CAN_REMOVE_OWN_CLIENT if own else Capability.CAN_KICK)


def _replace_client(case: Case, action: ReplaceClient) -> None:
    _is_admissible(case, action)


def _change_identity(case: Case, action: ChangeIdentity) -> None:
    case.refuse(
        Rule.IDENTITY,
        f"a client of {action.user.decode()} goes on as {action.becomes.decode()}",
        action,
    )


# What the room is (sections 8.2 and 8.6)


def _change_metadata(case: Case, action: ChangeMetadata) -> None:
    for field in sorted(action.fields):
        if field in METADATA:
            case.need(action, METADATA[field])
        elif case.room.policy.metadata is None:
            case.need(action, Capability.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE)
        else:
            case.refuse(Rule.ROOM_URI, "the URI of a room does not change", action)


def _change_join_links(case: Case, action: ChangeJoinLinks) -> None:
    creating, deleting = Capability.CAN_CREATE_JOIN_CODE, Capability.CAN_DELETE_JOIN_CODE
    if action.adds:
        case.need(action, creating)
    if action.removes:
        case.need(action, deleting)
    if not (action.adds or action.removes):
        case.need(action, creating, deleting)


_COMPONENT_CAPABILITIES = {
    int(ROLES_LIST): Capability.CAN_CHANGE_ROLE_DEFINITIONS,
    int(PREAUTH_LIST): Capability.CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    int(BASE_ROOM_POLICY): Capability.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    int(MLS_OPERATIONAL_POLICY): Capability.CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
    int(JOIN_LINKS): Capability.CAN_DELETE_JOIN_CODE,
}


def _change_component(case: Case, action: ChangeComponent | RemoveComponent) -> None:
    if isinstance(action, RemoveComponent) and action.component_id in ESSENTIAL:
        reason = f"component {action.component_id} makes the group a room"
        case.refuse(Rule.ESSENTIAL_COMPONENT, reason, action)
    else:
        other = Capability.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE
        case.need(action, _COMPONENT_CAPABILITIES.get(action.component_id, other))


def _change_extensions(case: Case, action: ChangeExtensions) -> None:
    if not action.forgets:  # draft-ietf-mimi-protocol-06 section 7.4: these MUST be removed
        case.need(action, Capability.CAN_CHANGE_OTHER_POLICY_ATTRIBUTE)


def _needs(capability: Capability) -> Callable[[Case, Any], None]:
    """Return the judgement of what takes a capability and nothing else."""
    return lambda case, action: case.need(action, capability)


def _perform(case: Case, action: Perform) -> None:
    case.need(action, action.capability)


_HANDLERS: dict[type, Callable[[Case, Any], None]] = {
    AddParticipant: _add_participant,
    RemoveParticipant: _remove_participant,
    ChangeRole: _change_role,
    AddClient: _add_client,
    RemoveClient: _remove_client,
    ReplaceClient: _replace_client,
    ChangeIdentity: _change_identity,
    ChangeMetadata: _change_metadata,
    ChangeRoles: _needs(Capability.CAN_CHANGE_ROLE_DEFINITIONS),
    ChangePreauthorized: _needs(Capability.CAN_CHANGE_PREAUTHORIZED_USER_LIST),
    ChangeBasePolicy: _needs(Capability.CAN_CHANGE_ROOM_MEMBERSHIP_STYLE),
    ChangeJoinLinks: _change_join_links,
    ChangeComponent: _change_component,
    RemoveComponent: _change_component,
    ChangeExtensions: _change_extensions,
    Reinitialize: _needs(Capability.CAN_SEND_MLS_REINIT_PROPOSAL),
    Perform: _perform,
}
