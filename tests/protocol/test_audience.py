"""Who gets what, by counts that go along with the room: always what a look at everybody gives."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.hall import Hall

from mimi.codec import replace
from mimi.identity import Domain
from mimi.mls import PublicGroup
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.presets import COOPERATIVE
from mimi.policy.room import Room
from mimi.policy.structures import RoleData
from mimi.protocol.audience import (
    audience_of,
    gone_between,
    left_between,
    provider_of_user,
)

USERS = tuple(f"mimi://{letter}.example/u/{name}".encode() for letter in "abcd" for name in "xyz")

participants = st.dictionaries(st.sampled_from(USERS), st.integers(1, 5))
clients = st.dictionaries(st.sampled_from(USERS), st.integers(1, 3))
policies = st.sets(st.integers(2, 5))
"""Who may not receive messages."""


@cache
def deaf(roles: frozenset[int], *, bans: bool) -> RoomPolicy:
    """Return a policy in which some roles do not receive messages, and one may ban or not."""
    defined = []
    for each in COOPERATIVE.policy.roles.roles:
        able = tuple(at for at in each.role_capabilities if at.name != "CAN_RECEIVE_MESSAGE")
        role = replace(each, role_capabilities=able) if each.role_index in roles else each
        defined.append(role)
    if not bans:
        defined[1] = replace(defined[1], role_name=b"guest")
    return RoomPolicy(RoleData(tuple(defined)))


@cache
def group() -> PublicGroup:
    """Return a group in which nothing is pending."""
    return Hall().furnished().room.group


rooms = st.builds(
    lambda listed, present, roles, bans: Room.of(
        deaf(frozenset(roles), bans=bans), Participants.of(listed.items()), present
    ),
    participants,
    clients,
    policies,
    st.booleans(),
)


def by_looking(room: Room) -> tuple[list[str], list[str]]:
    """Return followers and receivers, user by user."""
    followers, receivers = set(), set()
    for user in room.clients:
        provider = str(provider_of_user(user))
        followers.add(provider)
        powers = room.policy.role(room.role_of(user))
        if any(each.name == "CAN_RECEIVE_MESSAGE" for each in powers.capabilities):
            receivers.add(provider)
    return sorted(followers), sorted(receivers)


@given(st.lists(rooms, min_size=2, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_audience_goes_along(each):
    room, *then = each
    audience = audience_of(room, group())
    for after in then:
        audience = audience.of_next(room, after, group())
        room = after
        again = audience_of(room, group())
        assert audience.present == again.present
        found = [list(map(str, at)) for at in (audience.followers, audience.receivers)]
        assert found == list(by_looking(room))


@given(rooms, rooms)
@settings(max_examples=150, deadline=None)
def test_who_left(before, after):
    def takes_part(room: Room, user: bytes) -> bool:
        role = dict(room.participants).get(user, 0)
        return role > 1 or (role == 1 and room.policy.powers[1].role.role_name != b"banned")

    gone = [user for user in USERS if takes_part(before, user) and not takes_part(after, user)]
    assert left_between(before, after) == tuple(sorted(gone))
    assert left_between(before, before) == ()


@given(rooms, st.sets(st.sampled_from("abcd")))
@settings(max_examples=150, deadline=None)
def test_whether_all_may_receive(room, letters):
    audience, providers = audience_of(room, group()), [Domain(f"{at}.example") for at in letters]
    users = [user for user in room.clients if provider_of_user(user) in providers]
    able = {
        user: any(
            each.name == "CAN_RECEIVE_MESSAGE"
            for each in room.policy.role(room.role_of(user)).capabilities
        )
        for user in users
    }
    assert {user: audience.may_receive(user) for user in users} == able
    assert audience.all_may_receive(providers) is all(able.values())


@given(rooms, rooms)
@settings(max_examples=150, deadline=None)
def test_who_has_no_clients_any_more(before, after):
    expected = {user for user in before.clients if user not in after.clients}
    assert gone_between(before, after) == expected
    assert gone_between(before, before) == frozenset()


@given(rooms, rooms)
@settings(max_examples=150, deadline=None)
def test_who_differs(before, after):
    def of(room: Room, user: bytes) -> tuple[int, int]:
        return dict(room.participants).get(user, 0), dict(room.clients).get(user, 0)

    expected = {user for user in USERS if of(before, user) != of(after, user)}
    assert after.differing(before) == expected


def test_a_change_of_a_room_is_what_differs():
    room = Room.of(deaf(frozenset(), bans=True), Participants.of([(USERS[0], 2)]), {USERS[0]: 2})
    for more in ({USERS[1]: 1}, {USERS[0]: -1}, {USERS[0]: -2}, {USERS[2]: 0}):
        after = room.after(clients=more)
        assert after.differing(room) == {user for user, number in more.items() if number}
        assert after.members == sum(after.clients.values())


def test_providers_of_users():
    for user in (b"mimi://a.example/u/x", b"mimi://a.example", b"mimi://a.example/p/x"):
        assert str(provider_of_user(user)) == "a.example"
