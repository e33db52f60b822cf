"""A component that judges who comes into a group: a doorkeeper, and a group that has one."""

import attrs
from mls.meeting import PUBLIC
from mls.polls import COMPONENTS, NOTES
from mls.victims import SENDERS
from tree.members import NOW, SUITE

from mimi.crypto import SeededEntropy
from mimi.errors import ForbiddenError
from mimi.mls import (
    Client,
    CommitStaged,
    Group,
    ProposalReceived,
    PublicGroup,
    SelfRemove,
    Settings,
)
from mimi.mls.appdata import Change, Component, Components, Proposed
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import ComponentID, component_of
from mimi.mls.framing import (
    NewMemberCommitSender,
    Sender,
)
from mimi.mls.negotiation import agreement
from mimi.mls.proposal import (
    Add,
    Proposal,
    Remove,
)
from mimi.mls.state import PublicState
from mimi.tree.credential import BasicCredential
from mimi.tree.leaf import LeafNode, LeafNodeContent

HOUSE = ComponentID(0x8100)
"""The component that judges; its data are the names of who must not come."""


class UnwantedError(ForbiddenError):
    """Somebody is to come who must not."""

    rule = "draft-of-our-own section 2"


class CrowdedError(ForbiddenError):
    """More are to come at once than the door lets through."""

    rule = "draft-of-our-own section 3"


def name_of(leaf: LeafNode | LeafNodeContent) -> bytes:
    assert isinstance(leaf.credential, BasicCredential)
    return leaf.credential.identity.rpartition(b"/")[2]


@attrs.define(eq=False)
class Doorkeeper(Component):
    """A component that lets nobody in whom the group has named, and two at a time.

    Attributes:
        seen: What it was asked about, in the order in which it was asked.
        counted: How often it counted from the beginning how many there are.
    """

    seen: list[object] = attrs.field(factory=list)
    counted: int = 0

    def updated(self, before: bytes | None, updates: list[Proposed], state: PublicState) -> bytes:
        return updates[-1].data

    def number(self, state: PublicState) -> int:
        """How many members there are: remembered, or counted."""
        if self not in state.memo:
            self.counted += 1
            state.memo[self] = len(state.members())
        found: int = state.memo[self]
        return found

    def check_name(self, state: PublicState, leaf: LeafNode | LeafNodeContent) -> None:
        unwanted = component_of(state.context.extensions, HOUSE) or b""
        if name_of(leaf) in unwanted.split(b","):
            raise UnwantedError("somebody who must not come", name=name_of(leaf))

    def check_group(self, state: PublicState, *, founded: bool) -> None:
        self.seen.append(("group", state.context.epoch, founded))
        for member in state.members():
            self.check_name(state, member.leaf_node)

    def check_proposal(
        self,
        proposal: Proposal,
        sender: Sender,
        state: PublicState,
        wire_format: WireFormat,
        now: int,
    ) -> None:
        self.seen.append(("proposal", type(proposal), sender, wire_format, now))
        assert state.context.group_id == b"judged"
        if isinstance(proposal, Add):
            self.check_name(state, proposal.key_package.leaf_node)

    def check_commit(self, change: Change) -> None:
        self.seen.append(change)
        joins = isinstance(change.sender, NewMemberCommitSender)
        leaves = [
            each.key_package.leaf_node for each, _ in change.proposals if isinstance(each, Add)
        ]
        if joins:
            assert change.leaf is not None
            leaves.append(change.leaf)
        for leaf in leaves:
            self.check_name(change.before, leaf)
        if len(leaves) > 2:
            raise CrowdedError("one after the other", number=len(leaves))
        gone = sum(isinstance(each, Remove | SelfRemove) for each, _ in change.proposals)
        change.memo[self] = self.number(change.before) + len(leaves) - gone

    @property
    def changes(self) -> list[Change]:
        return [each for each in self.seen if isinstance(each, Change)]


class Blind(Doorkeeper):
    """A doorkeeper who lets everybody in."""

    def check_name(self, state: PublicState, leaf: LeafNode | LeafNodeContent) -> None:
        """Say nothing."""

    def check_commit(self, change: Change) -> None:
        """Say nothing."""


def known_to(door: Doorkeeper) -> Components:
    return {HOUSE: door, NOTES: COMPONENTS[NOTES]}


def settings_of(door: Doorkeeper) -> Settings:
    return Settings(handshake=PUBLIC, grease=False, components=known_to(door))


def client(name: str, door: Doorkeeper) -> Client:
    return Client.create(
        BasicCredential(f"mimi://a.example/d/{name}".encode()),
        SUITE,
        settings=settings_of(door),
        entropy=SeededEntropy(b"door").fork(name.encode()),
    )


def package(name: str) -> bytes:
    return client(name, Doorkeeper()).key_package(now=NOW)[1]


@attrs.define(eq=False)
class Scene:
    """Alice's group with Bob in it, followed by a server; each has a doorkeeper of its own."""

    alice: Group
    bob: Group
    public: PublicGroup
    doors: dict[str, Doorkeeper]

    @property
    def everybody(self) -> dict[str, Group | PublicGroup]:
        return {"alice": self.alice, "bob": self.bob, "public": self.public}

    def hears(self, wire: bytes, *, but: str = "") -> None:
        for name, group in self.everybody.items():
            if name != but:
                (event,) = group.receive(wire, now=NOW).events
                if isinstance(event, CommitStaged):
                    after = event.accept().group
                else:
                    assert isinstance(event, ProposalReceived)
                    after = group.receive(wire, now=NOW).group
                setattr(self, name, after)

    def forget(self) -> None:
        for door in self.doors.values():
            door.seen.clear()
            door.counted = 0

    def numbers(self) -> set[int]:
        return {self.doors[name].number(group.state) for name, group in self.everybody.items()}


def scene(unwanted: bytes = b"eve") -> Scene:
    doors = {name: Doorkeeper() for name in ("alice", "bob", "public")}
    agreed = agreement(components=(HOUSE, NOTES), data=[(HOUSE, unwanted)])
    alice = client("alice", doors["alice"]).create_group(
        b"judged", now=NOW, extensions=(agreed, SENDERS)
    )
    bob, offered = client("bob", doors["bob"]).key_package(now=NOW)
    draft = alice.commit(add=[offered], now=NOW)
    alice = draft.accept()
    bob, joined = bob.join(draft.welcome, now=NOW).accept()
    known = known_to(doors["public"])
    public = PublicGroup.from_group_info(alice.group_info(), now=NOW, components=known)
    return Scene(alice, joined, public, doors)
