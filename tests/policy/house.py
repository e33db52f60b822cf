"""A room that is an MLS group: its members, a hub that may propose, a follower without secrets.

Whatever somebody sends is octets that all the others receive, the follower too. After each commit
everybody's room is the same, and the same as when it is read anew. What is forbidden is asked of an
honest client, which must not send it, and is sent by a deviant one, from which nobody must take it:
all for the same reasons.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import pytest
from policy.furniture import (
    ENTROPY,
    HUB_KEY,
    device,
    founding_data,
    founding_extensions,
    listed,
    user,
)
from policy.scenes import USER
from tree.members import NOW, SUITE, refused

from mimi.errors import MalformedError, MimiError
from mimi.mls import (
    Client,
    CommitStaged,
    Group,
    ProposalReceived,
    PublicGroup,
    Settings,
    WireFormat,
    propose_from_outside,
)
from mimi.mls.appdata import Component, Components, Proposed
from mimi.mls.ownleaf import UNCHANGED, LeafChange
from mimi.mls.proposal import Proposal
from mimi.mls.state import PublicState, changed
from mimi.policy.components import Rooms, room_components
from mimi.policy.decision import Decision
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.policy import STRUCTURES
from mimi.policy.room import Room
from mimi.policy.structures import (
    PARTICIPANT_LIST,
)
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extensions,
)


class Lenient(Component):
    """A deviant's component, which takes everything."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        return b"".join(each.data for each in updates)

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        """Take it."""


LENIENT: Components = dict.fromkeys((*range(6), *STRUCTURES, PARTICIPANT_LIST), Lenient())


def facts(room: Room | None) -> Any:
    """Return all that a room says, to be compared."""
    assert room is not None
    counts = {role: count for role, count in room.counts.items() if count.participants}
    policy = room.policy
    fields = [getattr(policy, at.name) for at in attrs.fields(type(policy)) if at.name != "powers"]
    return list(room.participants), dict(room.clients), counts, room.members, fields


@attrs.define(eq=False)
class House:
    """The room.

    Attributes:
        settings: How everybody behaves.
        rooms: How the group is read as a room.
        clients: By their names.
        groups: Those of members, by their names.
        follower: Who has no secrets.
    """

    settings: Settings
    rooms: Rooms
    clients: dict[str, Client] = attrs.field(factory=dict)
    groups: dict[str, Group] = attrs.field(factory=dict)
    follower: Any = None

    # Who is there

    def client(self, name: str, **options: Any) -> Client:
        """Return a client, made where it is not known yet."""
        if name not in self.clients:
            self.clients[name] = Client.create(
                BasicCredential(device(name)),
                SUITE,
                settings=self.settings,
                entropy=ENTROPY.fork(name.encode()),
                **options,
            )
        return self.clients[name]

    def founds(self, name: str, extensions: Extensions) -> None:
        """Create the group; a follower begins to follow it."""
        group = self.client(name).create_group(b"house", now=NOW, extensions=extensions)
        self.groups[name] = group
        self.follows(group)

    def follows(self, group: Group) -> None:
        known = self.settings.components
        self.follower = PublicGroup.from_group_info(group.group_info(), now=NOW, components=known)

    @property
    def room(self) -> Room:
        """The room, as the follower knows it."""
        found = self.rooms.room(self.follower.state)
        assert found is not None
        return found

    @property
    def present(self) -> list[str]:
        """The clients in the group, by their names."""
        return [name for name, group in self.groups.items() if not group.removed]

    def offer(self, name: str) -> bytes:
        self.clients[name], package = self.client(name).key_package(now=NOW)
        return package

    def leaf(self, name: str) -> int:
        return self.groups[name].leaf_index

    def place(self, name: str) -> int:
        """Return a user's place in the list."""
        return self.room.participants.index(user(name))

    # What happens

    def hears(self, wire: bytes) -> None:
        """Deliver octets to the follower and to all members but who sent them."""
        for name in self.present:
            self.groups[name] = heard(self.groups[name], wire)
        self.follower = heard(self.follower, wire)

    def proposes(self, name: str, *proposals: Proposal) -> None:
        """Propose something, which everybody takes."""
        for proposal in proposals:
            group, wire = self.groups[name].propose(proposal, now=NOW)
            self.groups[name] = group
            for other in self.present:
                if other != name:
                    self.groups[other] = heard(self.groups[other], wire)
            self.follower = heard(self.follower, wire)

    def hub_proposes(self, *proposals: Proposal) -> None:
        """Propose something from outside."""
        for proposal in proposals:
            self.hears(self.from_hub(proposal))

    def from_hub(self, proposal: Proposal, key: Any = HUB_KEY) -> bytes:
        return propose_from_outside(self.follower.context, 0, proposal, key)

    def commits(
        self,
        name: str,
        *proposals: Proposal,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        **options: Any,
    ) -> Any:
        """Commit, and let everybody follow; those who are added join."""
        new = tuple(add)
        draft = self.groups[name].commit(
            proposals=proposals,
            add=[self.offer(each) for each in new],
            remove=[self.leaf(each) for each in remove],
            now=NOW,
            **options,
        )
        self.groups[name] = draft.accept()
        for other in self.present:
            if other != name:
                self.groups[other] = heard(self.groups[other], draft.commit)
        self.follower = heard(self.follower, draft.commit)
        for each in new:
            staged = self.clients[each].join(draft.welcome, now=NOW)
            self.clients[each], self.groups[each] = staged.accept()
        self.agrees()
        return draft

    def joins(
        self, name: str, *proposals: Proposal, resync: int | None = None, **more: Any
    ) -> None:
        """Join by a commit, which everybody takes."""
        info = self.groups[self.present[0]].group_info()
        draft = self.client(name).join_externally(
            info, now=NOW, proposals=proposals, resync=resync, **more
        )
        self.groups.pop(name, None)
        self.hears(draft.commit)
        self.groups[name] = draft.accept()
        self.agrees()

    def agrees(self) -> None:
        """Check that everybody is in the same room, remembered or read anew."""
        expected = facts(self.room)
        for group in (self.follower, *(self.groups[name] for name in self.present)):
            assert group.context == self.follower.context
            assert self.rooms in group.state.memo or group.epoch == 0
            assert facts(self.rooms.room(group.state)) == expected
            anew = attrs.evolve(self.rooms)
            assert facts(anew.room(group.state)) == expected
        assert self.room.members == len(self.present)
        assert self.room.clients.keys() <= self.room.participants.roles.keys()

    # What must not happen

    @property
    def lenient(self) -> Settings:
        """How a deviant behaves."""
        return attrs.evolve(self.settings, components=LENIENT)

    def refuses(
        self,
        name: str,
        *proposals: Proposal,
        error: type[MimiError] = PolicyRefusedError,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        leaf: LeafChange = UNCHANGED,
        **where: Any,
    ) -> Any:
        """Check that a commit is refused: not made by who is honest, and taken by nobody.

        Returns:
            The decision, or the error of another class.
        """
        packages = [self.offer(each) for each in add]
        leaves = [self.leaf(each) for each in remove]
        known = {
            "add": packages,
            "remove": leaves,
            "proposals": proposals,
            "leaf": leaf,
            "now": NOW,
        }
        group = self.groups[name]
        said = [refusal(error, where, group, lambda: group.commit(**known, references=()))]
        wire = group.with_settings(self.lenient).commit(**known, references=()).commit
        return self.all_refuse(wire, error, where, said, but=name)

    def refuses_proposal(
        self,
        name: str,
        proposal: Proposal,
        error: type[MimiError] = PolicyRefusedError,
        **where: Any,
    ) -> Any:
        """Check that a proposal is refused: not made by who is honest, and taken by nobody."""
        group = self.groups[name]
        said = [refusal(error, where, group, lambda: group.propose(proposal, now=NOW))]
        wire = group.with_settings(self.lenient).propose(proposal, now=NOW)[1]
        return self.all_refuse(wire, error, where, said, but=name)

    def refuses_update(
        self, name: str, leaf: LeafChange, error: type[MimiError] = PolicyRefusedError
    ) -> Any:
        """Check that a member's new leaf is refused as a proposal."""
        group = self.groups[name]
        said = [refusal(error, {}, group, lambda: group.propose_update(leaf, now=NOW))]
        wire = group.with_settings(self.lenient).propose_update(leaf, now=NOW)[1]
        return self.all_refuse(wire, error, {}, said, but=name)

    def refuses_joiner(
        self,
        name: str,
        *proposals: Proposal,
        error: type[MimiError] = PolicyRefusedError,
        resync: int | None = None,
        **where: Any,
    ) -> Any:
        """Check that somebody cannot join by a commit."""
        client, info = self.client(name), self.groups[self.present[0]].group_info()
        how = {"now": NOW, "proposals": proposals, "resync": resync}
        said = [refusal(error, where, None, lambda: client.join_externally(info, **how))]
        deviant = changed(client, settings=self.lenient)
        wire = deviant.join_externally(info, **how).commit
        return self.all_refuse(wire, error, where, said)

    def all_refuse(
        self,
        wire: bytes,
        error: type[MimiError],
        where: Mapping[str, Any],
        said: list[Any],
        but: str = "",
    ) -> Any:
        """Check that octets are refused by everybody but one, in the same words."""
        receivers = [self.follower, *(self.groups[name] for name in self.present if name != but)]
        said += [refusal(error, where, group, receiving(group, wire)) for group in receivers]
        assert len(said) > 1
        assert all(each == said[0] for each in said)
        self.agrees()
        return said[0]


def receiving(group: Any, wire: bytes) -> Callable[[], object]:
    return lambda: group.receive(wire, now=NOW)


def refusal(
    error: type[MimiError], where: Mapping[str, Any], group: Any, call: Callable[[], object]
) -> Any:
    """Return why something is refused: the decision, or else the words of the error."""
    before = None if group is None else group.save()
    parsing = error is MalformedError
    with pytest.raises(error) if parsing else refused(error, **where) as caught:
        call()
    if group is not None:
        assert group.save() == before
    raised = caught.value
    return raised.decision if isinstance(raised, PolicyRefusedError) else str(raised)


def heard(group: Any, wire: bytes) -> Any:
    """Return a group that has received a proposal, or a commit that took effect."""
    (event,) = group.receive(wire, now=NOW).events
    if isinstance(event, CommitStaged):
        return event.accept().group
    assert isinstance(event, ProposalReceived), event
    return group.receive(wire, now=NOW).group


def rules_of(decision: Decision) -> list[str]:
    """Return the rules that forbid, in words."""
    return [each.rule.value for each in decision.refusals]


# Houses


def settings_with(rooms: Rooms, **options: Any) -> Settings:
    how = {"handshake": WireFormat.MLS_PUBLIC_MESSAGE, "grease": False, **options}
    return Settings(components=room_components(rooms), **how)


def a_house(
    *others: Any, rooms: Rooms | None = None, required: bool = True, **options: Any
) -> House:
    """Return a house that Alice has founded.

    Args:
        others: Structures of components, besides the usual ones or instead of them.
        rooms: How the group is read as a room.
        required: Whether AppDataUpdate is required.
        options: Those of `founding_data`.
    """
    known = Rooms() if rooms is None else rooms
    house = House(settings_with(known), known)
    extensions = founding_extensions(founding_data(*others, **options))
    house.founds("alice", extensions if required else extensions[1:])
    return house


def with_bob(*others: Any, **options: Any) -> House:
    """Return a house to which Alice has added Bob, who has role 2."""
    house = a_house(*others, **options)
    house.commits("alice", listed(bob=USER), add=["bob"])
    return house


def with_three(*others: Any, **options: Any) -> House:
    """Return a house to which Alice has added Bob with two devices, and Carol."""
    house = a_house(*others, **options)
    house.commits("alice", listed(bob=USER, carol=USER), add=["bob", "bob_tablet", "carol"])
    return house
