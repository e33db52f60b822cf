"""A room with its devices and a hub that follows it, and what must hold of it at any time."""

from collections import Counter
from collections.abc import Sequence

from policy.room_people import (
    HUB,
    NOW,
    PEOPLE,
    SUITE,
    Device,
    Outsider,
    careless,
    cheating,
    devices,
    honest,
    new_rooms,
)
from policy.room_plans import Part, requests
from policy.room_policies import ENFORCER, Charter, chance, charter
from policy.room_recount import Recount, lost_minima
from simulation.dice import Dice

from mimi.crypto import SeededEntropy
from mimi.mls import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    Group,
    PublicGroup,
    PublicState,
    agreement,
)
from mimi.mls.components import APP_EPHEMERAL, SELF_REMOVE
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.decision import Decision
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.lint import is_acceptable, lint
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy, room_data
from mimi.policy.room import Room
from mimi.policy.structures import PARTICIPANT_LIST
from mimi.tree import BasicCredential, ExtensionType
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
    external_senders,
)


def room_of(found: Room | None) -> Room:
    """Return the room that a group is, which it must be."""
    assert found is not None
    return found


def readable(room: Room) -> tuple[object, ...]:
    """Return all that a room says, to be compared with what another says."""
    policy = room.policy
    return (
        list(room.participants),
        dict(room.clients),
        {role: count for role, count in room.counts.items() if count.participants},
        room.members,
        policy.roles,
        policy.base,
        policy.preauthorized,
        policy.operational,
        policy.join_links,
        policy.metadata,
        dict(policy.others),
    )


class World:
    """A room, and all who may take part.

    Attributes:
        tally: What was asked for, and what came of it.
        devices: All devices.
        server: The room as the hub follows it.
        pending: What was proposed in this epoch, by references.
        alone: By which rules proposals were refused before they could be committed.
        last: What was decided last.
        recount: The room, counted.
    """

    def __init__(self, dice: Dice, seed: bytes | int = 0) -> None:
        self.tally: Counter[str] = Counter()
        self.entropy = SeededEntropy(seed)
        self.rooms, self.fresh = new_rooms(), new_rooms()
        self.honest = honest(self.rooms)
        self.cheating, self.careless = cheating(self.rooms), careless(self.rooms)
        self.devices = devices(self.honest, self.entropy)
        signer = SUITE.generate_signature_key(self.entropy.fork(b"hub"))
        other = SUITE.generate_signature_key(self.entropy.fork(b"b.example"))
        self.outsiders = (Outsider(0, HUB, signer), Outsider(1, "mimi://b.example", other))
        self.pending: dict[bytes, Part] = {}
        self.alone: list[str] = []
        self.last = Decision(())
        self.server: PublicGroup
        self._founded(dice)
        self.recount = Recount.of(self.server.state)
        self.check()

    def note(self, kind: str, number: int = 1) -> None:
        """Count something."""
        self.tally[kind] += number

    # Founding

    def _founded(self, dice: Dice) -> None:
        while True:
            drawn = charter(dice)
            self.note("policies: drawn")
            if is_acceptable(lint(RoomPolicy.of(room_data(drawn.components)))):
                self.note("policies: accepted by the linter")
                for _ in range(4):
                    if self._found(drawn, dice):
                        return

    def _found(self, drawn: Charter, dice: Dice) -> bool:
        """Try to found a room; return whether it could be."""
        entries = founders(drawn, dice)
        data = room_data(drawn.components)
        pairs = [(user.encode(), role) for user, role in entries]
        data[PARTICIPANT_LIST] = Participants.of(pairs).encode()
        creator = entries[0][0]
        device = dice.pick([device for device in self.devices if device.user == creator])
        wrong = Recount.read(data, {creator: 1}).broken()
        extensions = (*self.extensions(), agreement(components=list(data), data=data.items()))
        try:
            device.group = device.client.create_group(b"room", now=NOW, extensions=extensions)
        except PolicyRefusedError as error:
            self.note("founding: refused")
            found = {rule.value for rule in error.decision.rules}
        else:
            self.note("founding: done")
            found = set()
        assert found == wrong
        if device.group is None:
            return False
        self.server = self.followed(device.group)
        return True

    def extensions(self, senders: int = 1) -> Extensions:
        """Return the group's extensions, but for what the components say.

        Args:
            senders: How many external senders there are: the hub, and another provider.
        """
        listed: ExternalSenders = tuple(
            ExternalSender(each.signer.public, BasicCredential(each.user.encode()))
            for each in self.outsiders[:senders]
        )
        proposals = APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE
        needs = RequiredCapabilities((APP_DATA_DICTIONARY,), proposals)
        return (
            extension(ExtensionType.REQUIRED_CAPABILITIES, needs),
            extension(ExtensionType.EXTERNAL_SENDERS, listed, ExternalSenders),
        )

    def followed(self, group: Group) -> PublicGroup:
        """Return the room as somebody sees it who begins to follow it."""
        components = self.honest.components
        return PublicGroup.from_group_info(group.group_info(), now=NOW, components=components)

    # Who is where

    @property
    def inside(self) -> list[Device]:
        """The devices in the room."""
        return [device for device in self.devices if device.group is not None]

    @property
    def spare(self) -> list[Device]:
        """The devices that are not."""
        return [device for device in self.devices if device.group is None]

    def of_user(self, user: str) -> list[Device]:
        """Return a user's devices in the room."""
        return [device for device in self.inside if device.user == user]

    def spare_of(self, user: str) -> list[Device]:
        """Return a user's devices outside."""
        return [device for device in self.spare if device.user == user]

    @property
    def room(self) -> Room:
        """The room as the hub knows it."""
        return room_of(self.rooms.room(self.server.state))

    @property
    def senders(self) -> int:
        """How many external senders the group has."""
        return len(external_senders(self.server.context.extensions))

    @property
    def groups(self) -> list[Group | PublicGroup]:
        """The group as everybody has it who is there."""
        return [self.server, *(device.here for device in self.inside)]

    # Deciding

    def decided(self, parts: Sequence[Part]) -> Decision:
        """Return what the hub decides, and every member."""
        asked = requests(parts)
        decisions = [self.decided_by(group.state, asked) for group in self.groups]
        assert all(decision == decisions[0] for decision in decisions[1:])
        self.last = decisions[0]
        self.note("decisions: granted" if self.last.is_allowed else "decisions: refused")
        return decisions[0]

    def decided_by(self, state: PublicState, asked: Sequence[object]) -> Decision:
        room = room_of(self.rooms.room(state))
        return decide(room, asked, self.rooms.surroundings)

    # What must hold

    def entered(self) -> None:
        """Count the room of the epoch that everybody has come into."""
        self.pending.clear()
        before, self.recount = self.recount, Recount.of(self.server.state)
        assert lost_minima(before, self.recount) == []

    def check(self) -> None:
        """Check that all agree, and that the room is as rooms must be."""
        state, room, recount = self.server.state, self.room, self.recount
        seen = readable(room)
        for device in self.inside:
            assert device.here.context == state.context
            assert device.here.state.tree.tree_hash == state.tree.tree_hash
            assert readable(room_of(self.rooms.room(device.here.state))) == seen
        assert readable(self.fresh.read(state)) == seen
        assert seen[0] == [(user.encode(), role) for user, role in recount.entries]
        assert seen[1] == {user.encode(): number for user, number in recount.clients.items()}
        counts = {role: (had.participants, had.active) for role, had in room.counts.items()}
        assert {role: had for role, had in counts.items() if had != (0, 0)} == recount.counts()
        assert seen[3] == len(self.inside) == sum(recount.clients.values())
        assert seen[4:8] == (
            recount.roles,
            recount.base,
            recount.preauthorized,
            recount.operational,
        )
        assert seen[8:10] == (frozenset(recount.links), recount.metadata)
        users = Counter(device.user for device in self.inside)
        assert dict(users) == recount.clients
        assert not any(map(recount.is_banned, users))
        assert users.keys() <= recount.listed.keys()
        assert recount.broken() == set()
        assert check_founded(room, self.rooms.surroundings).is_allowed


def founders(drawn: Charter, dice: Dice) -> list[tuple[str, int]]:
    """Return with whom a room might be founded, its creator first."""
    roles = {int(role.role_index): role for role in drawn.roles if role.role_index > 1}
    people, entries = list(PEOPLE), []
    creators = [index for index in roles if index != ENFORCER]
    first = 6 if 6 in roles and chance(dice, 85) else dice.pick(creators)
    chosen = people.pop(0) if chance(dice, 70) else people.pop(dice.roll(len(people)))
    entries.append((chosen, first))
    if ENFORCER in roles:
        entries.append((HUB, ENFORCER))
    for index, role in roles.items():
        had = [each for _, each in entries].count(index)
        missing = range(role.minimum_participants_constraint - had)
        entries += [(people.pop(dice.roll(len(people))), index) for _ in missing]
    more = range(dice.roll(3))
    return entries + [(people.pop(dice.roll(len(people))), dice.pick(creators)) for _ in more]
