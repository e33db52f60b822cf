"""A policy whose components are decoded when somebody asks for them."""

import attrs
import pytest

from mimi.policy.policy import RoomPolicy
from mimi.policy.presets import PRESETS
from mimi.policy.structures import BASE_ROOM_POLICY, ROLES_LIST

ASKED = ("roles", "preauthorized", "base", "operational", "join_links", "metadata", "others")


@pytest.mark.parametrize("name", PRESETS)
def test_it_says_the_same(name):
    data = PRESETS[name].data()
    stored, eager = RoomPolicy.stored(data.get), RoomPolicy.of(data)
    for each in ASKED:
        assert getattr(stored, each) == getattr(eager, each)
    assert stored.powers.keys() == eager.powers.keys()
    assert stored.has_banned == eager.has_banned


def test_what_nobody_asks_for_is_not_read():
    data, asked = PRESETS["cooperative"].data(), []

    def read(number: int) -> bytes | None:
        asked.append(number)
        return data.get(number)

    policy = RoomPolicy.stored(read)
    assert policy.base.max_users is None
    assert policy.base is policy.base
    assert asked == [BASE_ROOM_POLICY]
    changed = attrs.evolve(policy, join_links=frozenset({b"x"}))
    assert changed.roles == policy.roles
    assert asked.count(ROLES_LIST) == 1
    with pytest.raises(AttributeError):
        policy.nothing  # noqa: B018 - it is asked for
