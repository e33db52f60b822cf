"""The linter takes for possible what `decide` allows, and nothing else."""

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from policy.room_policies import charter
from simulation.dice import SeededDice

from mimi.policy.actions import (
    Action,
    Actor,
    ActorKind,
    AddParticipant,
    ChangeRole,
    RemoveParticipant,
    Request,
)
from mimi.policy.capability import Capability
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.decision import Rule
from mimi.policy.lint import LintRule, is_acceptable, lint
from mimi.policy.lint.survey import Survey, can_act, can_be_active, can_be_had, used
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.presets import PRESETS
from mimi.policy.room import Room
from mimi.policy.structures import PreAuthData, Role, RoleData

ALONE = {Capability.CAN_REMOVE_SELF, Capability.CAN_OPEN_JOIN, Capability.CAN_USE_JOIN_CODE}
"""What one does to itself."""
FORBIDDING = {Rule.CAPABILITY, Rule.TRANSITION, Rule.FIXED_MEMBERSHIP, Rule.JOIN}
"""The rules about who may do what; constraints are not the linter's to count."""

NEWCOMER = b"mimi://a.example/u/newcomer"


def drawn(seed: int) -> RoomPolicy:
    return RoomPolicy.of(room_data(charter(SeededDice(seed)).components))


rooms = st.one_of(
    st.sampled_from(sorted(PRESETS)).map(lambda name: PRESETS[name].policy),
    st.integers(min_value=0).map(drawn),
)


def user(role: int, which: str = "a") -> bytes:
    return f"mimi://a.example/u/{which}{role}".encode()


def inhabited(policy: RoomPolicy) -> tuple[Room, list[int]]:
    """Return a room with two participants of each role, and nobody preauthorised."""
    policy = attrs.evolve(policy, preauthorized=PreAuthData(()))
    indexes = [index for index in sorted(policy.powers) if index]
    pairs = [(user(index, which), index) for index in indexes for which in "ab"]
    return Room.of(policy, Participants.of(pairs), {}), indexes


def is_possible(room: Room, actor: Actor, action: Action) -> bool:
    """Return whether nothing about who may do what forbids an action."""
    return not FORBIDDING & set(decide(room, [Request(actor, (action,))]).rules)


def member(role: int) -> Actor:
    return Actor(user(role) if role else b"mimi://a.example/u/nobody", ActorKind.MEMBER)


def moved(source: int, target: int) -> Action:
    """Return what takes another user from a role to another."""
    if not source:
        return AddParticipant(NEWCOMER, target)
    if not target:
        return RemoveParticipant(user(source, "b"))
    return ChangeRole(user(source, "b"), target)


@given(rooms)
@settings(max_examples=60)
def test_transitions_are_used_exactly_where_they_are_granted(policy):
    room, indexes = inhabited(policy)
    for holder in [0, *indexes]:
        powers = policy.role(holder)
        for source, target in [(s, t) for s in [0, *indexes] for t in [0, *indexes] if s != t]:
            ways = set(used(policy, holder, source, target)) - ALONE
            expected = powers.may_move(source, target) and bool(ways)
            assert is_possible(room, member(holder), moved(source, target)) == expected


@given(rooms)
@settings(max_examples=60)
def test_leaving_and_joining_are_possible_exactly_where_they_are_granted(policy):
    room, indexes = inhabited(policy)
    joiner = Actor(NEWCOMER, ActorKind.JOINER)
    for index in indexes:
        leaves = Capability.CAN_REMOVE_SELF in used(policy, index, index, 0)
        expected = leaves and policy.role(index).may_move(index, 0)
        assert is_possible(room, member(index), RemoveParticipant(user(index))) == expected
        joins = Capability.CAN_OPEN_JOIN in used(policy, 0, 0, index)
        expected = joins and policy.role(0).may_move(0, index)
        assert is_possible(room, joiner, AddParticipant(NEWCOMER, index)) == expected


@given(rooms)
@settings(max_examples=60)
@example(drawn(348228))  # whose role 6 could be given by its holders, who have no clients
def test_nobody_is_given_a_role_that_is_unreachable(policy):
    """Not by holders of any role that somebody can have and act in."""
    room, indexes = inhabited(policy)
    unreachable = {
        role
        for finding in lint(policy)
        if finding.rule is LintRule.UNREACHABLE_ROLE
        for role in finding.roles
    }
    for target in unreachable:
        for holder in Survey.of(policy).roles:
            acts = can_be_had(policy, holder) and can_act(policy, holder)
            for source in {0, *indexes} - {target} if acts else ():
                assert not is_possible(room, member(holder), moved(source, target))


def without(policy: RoomPolicy, index: int, capability: Capability) -> RoomPolicy:
    """Return a policy in which a role lacks a capability."""
    roles: list[Role] = []
    for role in policy.roles.roles:
        held = tuple(each for each in role.role_capabilities if each != capability)
        roles.append(
            attrs.evolve(role, role_capabilities=held) if role.role_index == index else role
        )
    return attrs.evolve(policy, roles=RoleData(tuple(roles)))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_to_drop_a_capability_that_does_nothing_changes_nothing(name):
    policy = PRESETS[name].policy
    room, indexes = inhabited(policy)
    for finding in lint(policy):
        if finding.rule is LintRule.CAPABILITY_WITHOUT_TRANSITION:
            (index,) = finding.roles
            less, _ = inhabited(without(policy, index, Capability.CAN_UNBAN))
            for source, target in [(s, t) for s in [0, *indexes] for t in [0, *indexes] if s != t]:
                action = moved(source, target)
                before = is_possible(room, member(index), action)
                assert before == is_possible(less, member(index), action)


# A room that the linter accepts can be founded


def founded(policy: RoomPolicy) -> Room:
    """Return a room as small as it can be: with the minima, and with a creator who has a client."""
    pairs = [
        (user(index, f"m{number}-"), index)
        for index in sorted(policy.powers)
        for number in range(policy.role(index).role.minimum_participants_constraint)
        if index
    ]
    creators = [who for who, index in pairs if can_be_active(policy, index)]
    if not creators:
        role = next(index for index in Survey.of(policy).roles if can_be_active(policy, index))
        creators = [user(role)]
        pairs.append((user(role), role))
    return Room.of(policy, Participants.of(pairs), {creators[0]: 1})


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_can_be_founded(name):
    assert check_founded(founded(PRESETS[name].policy)).refusals == ()


@given(rooms)
def test_a_policy_without_errors_can_be_founded(policy):
    if is_acceptable(lint(policy)):
        assert check_founded(founded(policy)).refusals == ()
