"""What must hold of a room when everything is done: numbers, lists and clients."""

from collections.abc import Iterator, Sequence

import attrs

from mimi.policy.actions import Request
from mimi.policy.decision import Decision, Refusal, Rule
from mimi.policy.outcome import Outcome
from mimi.policy.participants import is_pseudonym
from mimi.policy.policy import adding_roles
from mimi.policy.room import NO_SURROUNDINGS, Count, Room, Surroundings
from mimi.policy.structures import BANNED, NO_ROLE, BaseRoomPolicy, Role


def check_outcome(
    outcome: Outcome, requests: Sequence[Request], surroundings: Surroundings
) -> Iterator[Refusal]:
    """Return what the outcome of requests breaks.

    A refusal names the actor if there is only one; otherwise several may have had a part.
    """
    actor = requests[0].actor if len(requests) == 1 else None
    for refusal in _broken(outcome, surroundings):
        if actor is None:
            yield refusal
        else:
            role = outcome.room.acting_role(actor)
            yield attrs.evolve(refusal, actor=actor, role=role)


def _broken(outcome: Outcome, surroundings: Surroundings) -> Iterator[Refusal]:
    yield from _together(outcome)
    yield from _numbers(outcome)
    yield from _clients(outcome)
    yield from _base(outcome, surroundings)
    if outcome.definitions is not None:
        yield from _definitions(outcome)


def _together(outcome: Outcome) -> Iterator[Refusal]:
    """Return what must not stand in one commit."""
    for user in outcome.twice:
        reason = f"more than one operation on {user.decode()}"
        yield Refusal(Rule.USER_TWICE, reason)
    if outcome.definitions is not None and outcome.is_list_changed:
        reason = "roles are not defined beside a change of the participant list"
        yield Refusal(Rule.ROLES_WITH_PARTICIPANTS, reason)
    if outcome.preauthorized and outcome.is_list_extended:
        reason = "who is preauthorised changes beside removals of participants alone"
        yield Refusal(Rule.PREAUTHORIZED_WITH_PARTICIPANTS, reason)


# How many have a role (section 3)


def _numbers(outcome: Outcome) -> Iterator[Refusal]:
    if outcome.definitions is not None:
        return  # every number is checked against the new definitions
    for index, (before, then) in sorted(outcome.counts().items()):
        powers = outcome.room.policy.powers.get(index)
        if powers is not None:
            for rule, reason, bound in _passed(powers.role, then, before):
                yield Refusal(rule, reason, bound=bound)


def _passed(role: Role, then: Count, before: Count | None) -> Iterator[tuple[Rule, str, int]]:
    """Return the bounds of a role that are passed, by a number that moved towards them.

    Args:
        role: Its definition.
        then: How many have it.
        before: How many had it; None to hold every bound, but the minimum of the active.
    """
    index = role.role_index
    listed, active = then.participants, then.active
    was = Count() if before is None else before
    low, high = role.minimum_participants_constraint, role.maximum_participants_constraint
    if listed < low and (before is None or listed < was.participants):
        yield Rule.MINIMUM_PARTICIPANTS, f"{listed} of at least {low} in role {index}", low
    if high is not None and listed > high and (before is None or listed > was.participants):
        yield Rule.MAXIMUM_PARTICIPANTS, f"{listed} of at most {high} in role {index}", high
    low = role.minimum_active_participants_constraint
    high = role.maximum_active_participants_constraint
    if before is not None and active < low and active < was.active:
        reason = f"{active} of at least {low} active in role {index}"
        yield Rule.MINIMUM_ACTIVE_PARTICIPANTS, reason, low
    if high is not None and active > high and (before is None or active > was.active):
        reason = f"{active} of at most {high} active in role {index}"
        yield Rule.MAXIMUM_ACTIVE_PARTICIPANTS, reason, high


# Whose clients are in the group


def _clients(outcome: Outcome) -> Iterator[Refusal]:
    room = outcome.room
    for user in outcome.roles:
        then = outcome.role(user)
        banned = outcome.is_banned(then)
        if then != NO_ROLE and not banned:
            continue
        left = outcome.number(user)
        if left > 0 and user in room.clients:  # those that come are refused one by one
            rule = Rule.BANNED_CLIENT if banned else Rule.REMOVED_CLIENT
            state = "banned" if banned else "removed"
            reason = f"{user.decode()} is {state} and has {left} clients left"
            yield Refusal(rule, reason)


# The base policy (section 5)


def _base(outcome: Outcome, surroundings: Surroundings) -> Iterator[Refusal]:
    base, anew = outcome.base_then, outcome.base is not None
    if outcome.roles or anew or outcome.definitions is not None:
        before, then = outcome.users
        if base.max_users is not None and then > base.max_users and (anew or then > before):
            reason = f"{then} of at most {base.max_users} users"
            yield Refusal(Rule.MAX_USERS, reason, bound=base.max_users)
        yield from _parent(outcome, surroundings)
    if outcome.clients or anew:
        before, then = outcome.members
        if base.max_clients is not None and then > base.max_clients and (anew or then > before):
            reason = f"{then} of at most {base.max_clients} clients"
            yield Refusal(Rule.MAX_CLIENTS, reason, bound=base.max_clients)
        if not base.multi_device:
            yield from _single_device(outcome)
    if anew:
        for each in _pseudonyms(base, outcome):
            yield Refusal(Rule.PSEUDONYMS, each)
    if (anew or outcome.definitions is not None) and base.fixed_membership:
        for index in adding_roles(powers.role for powers in outcome.powers()):
            reason = f"role {index} can add participants, who are fixed"
            yield Refusal(Rule.FIXED_MEMBERSHIP, reason)


def _single_device(outcome: Outcome) -> Iterator[Refusal]:
    anew = outcome.base is not None
    users = {**outcome.room.clients, **outcome.clients} if anew else outcome.clients
    for user in sorted(users):
        then = outcome.number(user)
        if then > 1 and (anew or then > outcome.room.clients.get(user, 0)):
            reason = f"{user.decode()} would have {then} clients"
            yield Refusal(Rule.MULTI_DEVICE, reason, bound=1)


def _parent(outcome: Outcome, surroundings: Surroundings) -> Iterator[Refusal]:
    base = outcome.base_then
    if not (base.parent_dependant and base.parent_room):
        return
    parent = surroundings.parents(base.parent_room[0])
    if parent is None:
        return
    coming = list(outcome.admitted())
    if outcome.base is not None:
        listed = outcome.room.participants.roles
        coming += [user for user, at in listed.items() if not outcome.is_banned(at)]
    for user in dict.fromkeys(coming):
        if user not in parent:
            reason = f"{user.decode()} does not take part in the parent room"
            yield Refusal(Rule.PARENT_ROOM, reason)
    if coming and outcome.users[1] >= len(parent):
        reason = "the participants are no strict subset of the parent room's"
        yield Refusal(Rule.PARENT_ROOM, reason, bound=len(parent) - 1)


def _pseudonyms(base: BaseRoomPolicy, outcome: Outcome) -> Iterator[str]:
    """Return who has clients under a pseudonym; those that come are refused one by one."""
    if not base.pseudonyms_allowed:
        for user in sorted(outcome.room.clients):
            if is_pseudonym(user) and outcome.number(user) > 0:
                yield f"{user.decode()} is a pseudonym"


# New definitions of the roles (section 3)


def _definitions(outcome: Outcome) -> Iterator[Refusal]:
    room, moved = outcome.room, outcome.counts()
    then = {index: count for index, count in room.counts.items() if count.participants}
    then |= {index: count for index, (_, count) in moved.items()}
    new = {int(each.role.role_index): each for each in outcome.powers()}
    for index, count in sorted(then.items()):
        if index not in new and count.participants:
            reason = f"{count.participants} participants have role {index}"
            yield Refusal(Rule.ROLE_IN_USE, reason)
    new.pop(NO_ROLE, None)  # it is nobody's
    for index, powers in new.items():
        count, defined = then.get(index, Count()), powers.role
        for rule, reason, bound in _passed(defined, count, None):
            yield Refusal(rule, reason, bound=bound)
        low = defined.minimum_active_participants_constraint
        old = room.policy.role(index).role.minimum_active_participants_constraint
        if count.active < low and (low > old or count.active < room.count(index).active):
            reason = f"{count.active} of at least {low} active in role {index}"
            yield Refusal(Rule.MINIMUM_ACTIVE_PARTICIPANTS, reason, bound=low)
        if index == BANNED and outcome.has_banned and count.active:
            reason = f"{count.active} participants who would be banned have clients"
            yield Refusal(Rule.BANNED_CLIENT, reason)


# A room that is founded, or looked at for the first time


def check_founded(
    room: Room, surroundings: Surroundings = NO_SURROUNDINGS, *, minima: bool = True
) -> Decision:
    """Return what a room breaks as it is.

    Minima of active participants are not asked for: in a new room nobody but its creator has
    clients.

    Args:
        room: The room.
        surroundings: What decides besides the room.
        minima: Whether the minima of participants must hold, as they must when it is founded.
    """
    refusals = [*_founded(room), *_founded_numbers(room, minima=minima)]
    outcome = Outcome(room, base=room.policy.base)
    refusals += _base(outcome, surroundings)
    return Decision(tuple(refusals))


def _founded(room: Room) -> Iterator[Refusal]:
    for index in room.counts:
        if index not in room.policy.powers:
            yield Refusal(Rule.UNKNOWN_ROLE, f"there is no role {index}")
    for user in sorted(room.clients):
        role = room.role_of(user)
        if role == NO_ROLE:
            yield Refusal(Rule.CLIENT_WITHOUT_PARTICIPANT, f"{user.decode()} is no participant")
        elif room.is_banned(role):
            yield Refusal(Rule.BANNED_CLIENT, f"{user.decode()} is banned")


def _founded_numbers(room: Room, *, minima: bool) -> Iterator[Refusal]:
    for index, powers in room.policy.powers.items():
        if index == NO_ROLE:
            continue
        for rule, reason, bound in _passed(powers.role, room.count(index), None):
            if minima or rule is not Rule.MINIMUM_PARTICIPANTS:
                yield Refusal(rule, reason, bound=bound)
