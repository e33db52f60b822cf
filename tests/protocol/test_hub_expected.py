"""Where Welcomes go for key packages that were claimed, as long as a hub knows (section 5.2)."""

import pytest
from protocol.hall import NOT_ALLOWED, A, B, C, Hall, kinds

from mimi.mls import Add
from mimi.mls.keypackage import key_package_ref
from mimi.protocol.hub_expected import MOST_EXPECTED, expected
from mimi.protocol.room import Destination

LATER = 10**11
"""When what is claimed expires at the earliest: after all that devices make."""


@pytest.fixture
def hall():
    hall = Hall().furnished("bob")
    hall.buy("cathy", "tablet")
    return hall


def flood(hall, provider, number, begins=0):
    """Let so many key packages of a provider be claimed, each to expire later than the last."""
    made = {
        bytes(28) + each.to_bytes(4, "big"): Destination(provider, LATER + each)
        for each in range(begins, begins + number)
    }
    hall.room = expected(hall.room, made, provider)
    return list(made)


def reference(hall, package):
    return key_package_ref(hall.room.group.suite, package)


def test_those_of_a_provider_that_gives_too_many_are_forgotten_that_expire_first(hall):
    early = flood(hall, B, MOST_EXPECTED)
    late = flood(hall, B, 10, begins=MOST_EXPECTED)
    assert set(hall.room.destinations) == {*early[10:], *late}
    many = flood(hall, B, 2 * MOST_EXPECTED)
    assert set(hall.room.destinations) == set(many[-MOST_EXPECTED:])


def test_who_has_just_claimed_can_add_whatever_else_was_claimed(hall):
    """They expire before all others of the provider, and are used at once."""
    flood(hall, C, MOST_EXPECTED)
    (package, *_) = hall.claimed(hall.packages["cathy/tablet"][:1], C)
    assert len(hall.room.destinations) == MOST_EXPECTED
    hall.add("alice/phone", "cathy")
    assert reference(hall, package) not in hall.room.destinations
    hall.taken(hall.message("cathy/phone"), C)


def test_a_provider_that_gives_too_many_is_nobody_elses_trouble(hall):
    packages = hall.claimed(hall.packages["cathy/tablet"][:1], C)
    flood(hall, B, 2 * MOST_EXPECTED)
    assert hall.room.destinations[reference(hall, packages[0])].provider == C
    assert len(hall.room.destinations) == MOST_EXPECTED + 1


def test_who_is_proposed_already_is_not_forgotten(hall):
    hall.add("alice/phone", "cathy")
    hall.buy("cathy", "watch")
    (package,) = hall.claimed(hall.packages["cathy/watch"][:1], C)
    other = hall.claimed(hall.packages["cathy/watch"][1:2], C)
    hall.taken(hall.proposing("cathy/phone", Add(package)), C)
    flood(hall, C, MOST_EXPECTED)
    hall.refused(hall.proposing("cathy/phone", Add(other[0])), C, NOT_ALLOWED, "not claimed here")
    hall.hear("alice/phone")
    step = hall.taken(hall.commit("alice/phone"), A)
    assert kinds(step)[-1] == ("c", "welcome")
