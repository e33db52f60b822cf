"""A room of two, and what Alice would send to it."""

from typing import Any

import attrs

from mimi.policy.capability import Capability
from mimi.policy.facts import (
    AssetFacts,
    MessageDecision,
    MessageFacts,
    MessageRule,
)
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.room import Room
from mimi.policy.structures import (
    DownloadPrivacyType,
    ExpirationDurations,
    MessageExpiration,
    Optionality,
    Role,
    RoleData,
)

OPTIONAL, REQUIRED, FORBIDDEN = Optionality
DIRECT, HUB_PROXY, OHTTP = DownloadPrivacyType
C = Capability

ALICE = b"mimi://a.example/u/alice"
BOB = b"mimi://b.example/u/bob"
STRANGER = b"mimi://c.example/u/carol"
ALL = tuple(each for each in Capability.known.values() if 0x0100 <= each < 0x0300)
HI = MessageFacts(ALICE)
LARGE = 1 << 40


def room(*components: Any, alice: tuple[Capability, ...] = ALL, bob: Any = ALL) -> Room:
    roles = RoleData((Role(0, b""), Role(2, b"a", b"", alice), Role(3, b"b", b"", tuple(bob))))
    policy = RoomPolicy.of(room_data([roles, *components]))
    people = Participants.of([(ALICE, 2), (BOB, 3)])
    return Room.of(policy, people, {ALICE: 1, BOB: 1})


def without(*capabilities: Capability) -> tuple[Capability, ...]:
    return tuple(each for each in ALL if each not in capabilities)


def message(**facts: Any) -> MessageFacts:
    return attrs.evolve(HI, **facts)


def rules(decision: MessageDecision) -> list[MessageRule]:
    return [refusal.rule for refusal in decision.refusals]


IMAGE = AssetFacts("image/png")


def expiring(said: Optionality, *durations: int) -> MessageExpiration:
    return MessageExpiration(said, ExpirationDurations(*durations) if durations else None)
