"""Room policy: components, updates of lists, decisions, and rooms that are founded.

What a vector says is computed; nothing depends on a seed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from mimi.codec import encode, encode_length
from mimi.policy.policy import STRUCTURES
from mimi.policy.structures import (
    PARTICIPANT_LIST,
    JoinLink,
    JoinLinksData,
    JoinLinksUpdate,
    ParticipantListData,
    ParticipantListUpdate,
    UserindexRolePair,
    UserRolePair,
)
from mimi.vectors.checks.policy import (
    form_of_component,
    form_of_join_links,
    form_of_participants,
)
from mimi.vectors.generate.policy_combinations import combinations
from mimi.vectors.generate.policy_definitions import foundings
from mimi.vectors.generate.policy_presets import decisions
from mimi.vectors.generate.policy_scenes import HUB, uri
from mimi.vectors.generate.policy_values import BROKEN, VALUES
from mimi.vectors.generate.written import Vector

_NUMBERS: dict[Any, int] = {structure: number for number, structure in STRUCTURES.items()}
_NUMBERS[ParticipantListData] = int(PARTICIPANT_LIST)

ATOMS: tuple[tuple[str, int, str], ...] = (
    ("a bool that is 2", 0x27, "0200000100000000000000"),
    ("optionality 3", 0x28, "0003"),
    ("a presence octet that is 2", 0x27, "0000000102000000000000"),
    ("a strategy that is 3", 0x24, "00" * 30 + "00" + "0101" + "03"),
    ("a forbidden policy that has details", 0x2E, "0200000000"),
    ("a required policy without details", 0x2E, "01"),
    ("an upload location that is 3", 0x2C, "03"),
    ("a length that is not minimal", 0x2A, "400100"),
    ("a length of three octets' kind", 0x2A, "c0000000"),
    ("a length beyond the end", 0x2A, "05"),
    ("a vector that ends within an element", 0x26, "0100"),
    ("a list whose elements fill it not", 0x22, "0201"),
)
"""Data that do not parse, by hand."""


def components() -> Iterator[Vector]:
    """Yield data of components: valid, malformed, and breaking a rule."""
    for description, value in VALUES:
        data = encode(value)
        number = _NUMBERS[type(value)]
        yield _component(description, number, data)
        yield _component(f"{description}; an octet more", number, data + b"\0")
        yield _component(f"{description}; an octet less", number, data[:-1])
    for description, value in BROKEN:
        yield _component(description, _NUMBERS[type(value)], encode(value))
    for description, number, octets in ATOMS:
        yield _component(description, number, bytes.fromhex(octets))
    for number in sorted({*_NUMBERS.values()}):
        yield _component("no octets at all", number, b"")


def _component(description: str, number: int, data: bytes) -> Vector:
    start = {"kind": "policy-component", "description": description}
    return start | {"component_id": number, "data": data} | form_of_component(number, data)


# The participant list

_LIST = ParticipantListData(
    tuple(
        UserRolePair(uri(name).encode(), role)
        for name, role in (("alice", 4), ("bob", 3), ("cathy", 2), ("dan", 1), (HUB, 5))
    )
)
_MANY = ParticipantListData(tuple(UserRolePair(uri(f"user{at}").encode(), 2) for at in range(600)))


def _update(
    changed: Iterable[tuple[int, int]] = (),
    removed: Iterable[int] = (),
    added: Iterable[tuple[str, int]] = (),
) -> bytes:
    return encode(
        ParticipantListUpdate(
            tuple(UserindexRolePair(index, role) for index, role in changed),
            tuple(removed),
            tuple(UserRolePair(uri(name).encode(), role) for name, role in added),
        )
    )


_UPDATES: tuple[tuple[str, ParticipantListData, tuple[bytes, ...]], ...] = (
    ("nothing changes", _LIST, (_update(),)),
    ("somebody comes, at the end", _LIST, (_update(added=[("eve", 2)]),)),
    ("into an empty list", ParticipantListData(()), (_update(added=[("eve", 2)]),)),
    ("somebody goes, and others move up", _LIST, (_update(removed=[1]),)),
    ("indices in any order", _LIST, (_update(removed=[3, 0, 2]),)),
    ("everybody goes", _LIST, (_update(removed=range(5)),)),
    ("a role changes", _LIST, (_update(changed=[(1, 2)]),)),
    ("to the role that it was", _LIST, (_update(changed=[(1, 3)]),)),
    ("to the greatest role", _LIST, (_update(changed=[(4, (1 << 32) - 1)]),)),
    ("all three", _LIST, (_update([(2, 3)], [0], [("eve", 2), ("fay", 1)]),)),
    (
        "several updates, all of places before",
        _LIST,
        (_update(removed=[0]), _update(removed=[1]), _update([(2, 4)], added=[("eve", 2)])),
    ),
    (
        "who comes by the first is before who comes by the second",
        _LIST,
        (_update(added=[("zoe", 2)]), _update(added=[("eve", 2)])),
    ),
    (
        "a pseudonym and a provider come",
        _LIST,
        (_update(added=[("mimi://a.example/p/fox", 2), ("mimi://b.example", 5)]),),
    ),
    ("one of many goes, and one comes", _MANY, (_update(removed=[500], added=[("eve", 2)]),)),
    # refused
    ("an index beyond the end, to change", _LIST, (_update(changed=[(5, 2)]),)),
    ("an index beyond the end, to remove", _LIST, (_update(removed=[5]),)),
    ("the greatest index", _LIST, (_update(removed=[(1 << 32) - 1]),)),
    ("an index of who comes", _LIST, (_update(changed=[(5, 3)], added=[("eve", 2)]),)),
    (
        "an index of who came by the update before",
        _LIST,
        (_update(added=[("eve", 2)]), _update(changed=[(5, 3)])),
    ),
    ("an index of an empty list", ParticipantListData(()), (_update(removed=[0]),)),
    ("an index twice, to remove", _LIST, (_update(removed=[1, 1]),)),
    ("an index twice, to change", _LIST, (_update(changed=[(1, 2), (1, 2)]),)),
    ("changed and removed", _LIST, (_update([(1, 2)], [1]),)),
    (
        "changed by one update, removed by another",
        _LIST,
        (_update(changed=[(1, 2)]), _update(removed=[1])),
    ),
    ("removed by both", _LIST, (_update(removed=[1]), _update(removed=[1]))),
    ("added twice", _LIST, (_update(added=[("eve", 2), ("eve", 3)]),)),
    ("added by both", _LIST, (_update(added=[("eve", 2)]), _update(added=[("eve", 2)]))),
    ("removed and added again", _LIST, (_update(removed=[1], added=[("bob", 2)]),)),
    ("changed and added", _LIST, (_update([(1, 2)], added=[("bob", 2)]),)),
    ("added who is there", _LIST, (_update(added=[("bob", 2)]),)),
    ("added with role 0", _LIST, (_update(added=[("eve", 0)]),)),
    ("changed to role 0", _LIST, (_update(changed=[(1, 0)]),)),
    ("a URI in capitals is added", _LIST, (_update(added=[("mimi://A.example/u/eve", 2)]),)),
    ("a URI with a needless escape", _LIST, (_update(added=[("mimi://a.example/u/%65ve", 2)]),)),
    ("a provider with a slash", _LIST, (_update(added=[("mimi://b.example/", 5)]),)),
    ("a client is added", _LIST, (_update(added=[("mimi://a.example/d/eve/1", 2)]),)),
    ("a room is added", _LIST, (_update(added=[("mimi://a.example/r/eve", 2)]),)),
    ("an update with an octet more", _LIST, (_update(removed=[1]) + b"\0",)),
    ("an update with an octet less", _LIST, (_update(removed=[1])[:-1],)),
    ("half an index", _LIST, (b"\0" + encode_length(2) + b"\0\1" + b"\0",)),
)


def participants() -> Iterator[Vector]:
    """Yield updates of participant lists."""
    for description, listed, updates in _UPDATES:
        data = encode(listed)
        start = {"kind": "policy-participants", "description": description, "data": data}
        given = {"updates": [update.hex() for update in updates]}
        yield start | given | form_of_participants(data, updates)


# Joining links


def _links(*links: bytes) -> JoinLinksData:
    return JoinLinksData(tuple(map(JoinLink, links)))


def _links_update(removed: Iterable[int] = (), added: Iterable[bytes] = ()) -> bytes:
    return encode(JoinLinksUpdate(tuple(removed), tuple(map(JoinLink, added))))


_THREE = _links(b"https://a.example/1", b"https://a.example/2", b"\xff")
_LINK_UPDATES: tuple[tuple[str, JoinLinksData, tuple[bytes, ...]], ...] = (
    ("nothing changes", _THREE, (_links_update(),)),
    ("a link comes, at the end", _THREE, (_links_update(added=[b"new"]),)),
    ("the first link", _links(), (_links_update(added=[b"new"]),)),
    ("links go, in any order", _THREE, (_links_update(removed=[2, 0]),)),
    ("a link goes, another comes", _THREE, (_links_update([1], [b"new"]),)),
    (
        "several updates, all of places before",
        _THREE,
        (_links_update([0], [b"new"]), _links_update([1], [b"newer"])),
    ),
    ("a link that is there comes again", _THREE, (_links_update(added=[b"\xff"]),)),
    ("an index beyond the end", _THREE, (_links_update(removed=[3]),)),
    ("an index twice", _THREE, (_links_update(removed=[1, 1]),)),
    ("removed by both", _THREE, (_links_update(removed=[1]), _links_update(removed=[1]))),
    (
        "an index of a link that comes",
        _THREE,
        (_links_update(added=[b"new"]), _links_update(removed=[3])),
    ),
    ("an index of an empty list", _links(), (_links_update(removed=[0]),)),
    ("an update with an octet more", _THREE, (_links_update() + b"\0",)),
    ("an update with an octet less", _THREE, (_links_update(removed=[1])[:-1],)),
)


def join_links() -> Iterator[Vector]:
    """Yield updates of joining links."""
    for description, links, updates in _LINK_UPDATES:
        data = encode(links)
        start = {"kind": "policy-join-links", "description": description, "before": data}
        given = {"updates": [update.hex() for update in updates]}
        yield start | given | form_of_join_links(data, updates)


__all__ = ["combinations", "components", "decisions", "foundings", "join_links", "participants"]
