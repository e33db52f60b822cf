"""A room is never stuck: whatever its members propose, each who may commit can (section 3.5).

Members propose this and that, much of it contradictory; the hub takes some of it. After each
proposal every device that hears all commits what it finds can stand together, as the library
chooses it: the hub must take it, whoever commits.
"""

from collections.abc import Iterator

import pytest
from protocol.hall import ADMIN, ALICE, ALLOWED, BOB, CATHY, USER, Hall, bundle_of, octets

from mimi.codec import replace
from mimi.crypto import SeededEntropy, draw
from mimi.errors import ForbiddenError, InvalidError
from mimi.mls import Add, Proposal, Remove, SelfRemove
from mimi.policy.propose import list_update, update_of
from mimi.protocol import UpdateRequest

NAMES = tuple(
    f"{user}/{kind}" for user in ("alice", "bob", "cathy") for kind in ("phone", "laptop")
)
USERS = tuple(map(octets, (ALICE, BOB, CATHY)))


class Chance:
    """What comes next, by a seed."""

    def __init__(self, seed: int) -> None:
        self.entropy = SeededEntropy(f"lives {seed}".encode())

    def pick(self, among):
        return among[int.from_bytes(draw(self.entropy, 4)) % len(among)]


def proposals(hall: Hall, name: str, chance: Chance) -> list[Proposal]:
    """Return something that a device might propose."""
    room = hall.of(name)
    policy, leaves = room.policy, [each.leaf_index for each in room.group.members]
    listed = [user for user in USERS if user in policy.participants.roles]
    user, own = chance.pick(listed), hall.owner_of(name)
    others = [
        leaf
        for leaf in leaves
        if room.owner.rooms.identities.identify(room.group.state.tree.member(leaf).credential)
        == user
    ]
    kinds = {
        "self": [SelfRemove()],
        "remove": [Remove(chance.pick(leaves))],
        "list": [list_update(policy, remove=[user])],
        "out": [list_update(policy, remove=[user]), *map(Remove, others)],
        "role": [list_update(policy, change={user: chance.pick((USER, ADMIN))})],
        "ban": [list_update(policy, change={user: 1}), *map(Remove, others)],
        "name": [update_of(replace(policy.policy.metadata, room_name=name.encode()))],
        "add": [Add(chance.pick(hall.packages[chance.pick(NAMES)]))],
        "leave": [list_update(policy, remove=[octets(own)]), SelfRemove()]
        if octets(own) in listed
        else [SelfRemove()],
    }
    return kinds[chance.pick(tuple(kinds))]


def proposed(hall: Hall, name: str, chance: Chance) -> UpdateRequest | None:
    """Return what a device proposes, if its own library lets it."""
    group = hall.of(name).group
    if chance.pick(range(8)) == 0:
        _, wire = group.propose_update(now=hall.now // 1000)
        return bundle_of([wire])
    try:
        return hall.proposing(name, *proposals(hall, name, chance))
    except (InvalidError, ForbiddenError):
        return None


def able(hall: Hall) -> Iterator[str]:
    """Return the devices that may commit."""
    for name in hall.members():
        if not hall.room.is_cut_off(octets(hall.owner_of(name))):
            yield name


@pytest.mark.parametrize("seed", range(8))
def test_whoever_may_commit_can(seed):
    chance, hall = Chance(seed), Hall().furnished("alice", "bob", "cathy")
    for user in ("alice", "bob", "cathy"):
        name = hall.buy(user, "tablet")
        hall.claimed(hall.packages[name], hall.owner_of(name).provider)
    for _ in range(14):
        members = list(able(hall))
        if not members:
            break
        request = proposed(hall, name := chance.pick(members), chance)
        if request is None:
            continue
        step = hall.asked(request, hall.owner_of(name).provider)
        hall.room = step.room
        hall.notify(step.effects)
        hall.hear()
        for each in able(hall):
            answer = hall.asked(hall.commit(each), hall.owner_of(each).provider)
            assert answer.response.response_code is ALLOWED, (
                each,
                answer.response.error_description,
            )
