"""A room with followers: a hub that fans out, providers that keep rows, and devices that listen.

Everything is what it is in the room but the hub's judgement: what Alice's device commits is taken.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from protocol.offering import MS, asking, claimed, given_of, kept
from protocol.providers import (
    ALICE,
    BOB,
    HUB,
    HUB_SIGNER,
    ROOM,
    A,
    B,
    body,
    device,
    message,
    octets,
)
from tree.members import NOW

from mimi.codec import encode
from mimi.identity import Domain, UserUri
from mimi.mls import (
    ApplicationMessage,
    Client,
    CommitStaged,
    Group,
    Held,
    KeyPackage,
    MLSMessage,
    Proposal,
    Welcome,
    full_tree,
    propose_from_outside,
)
from mimi.mls.errors import WrongEpochError
from mimi.mls.tree_options import encoded_tree
from mimi.protocol import (
    ApplicationFanout,
    CommitFanout,
    FanoutMessage,
    HttpResponse,
    ProposalFanout,
    WelcomeFanout,
    notify_body,
)
from mimi.protocol.deliveries import LIMITS, Deliver, FollowerEffect, Limits, Resync
from mimi.protocol.follower import FollowerRoom
from mimi.protocol.follower_notify import FollowerStep, notify
from mimi.protocol.follower_rows import (
    follower_changes,
    load_follower,
    open_follower,
    save_follower,
)
from mimi.protocol.keystore import KeyStore
from mimi.protocol.keystore_rows import key_changes, load_keys, save_keys
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import ExternalSenders, extension


class Device:
    """A user's device: what it has read, and how far it is.

    Attributes:
        uri: Its URI.
        client: Its MLS client.
        group: The room's group, once it is in.
        number: Up to which number it has had everything.
        gaps: The deliveries before which something was missing.
        read: What was said, in order.
        removed: Whether it knows that it was removed.
    """

    def __init__(self, user: UserUri, name: str = "phone") -> None:
        self.uri = octets(user.client(name))
        self.user = user
        self.client: Client = device(user, name)
        self.group: Group | None = None
        self.number = 0
        self.gaps: list[Deliver] = []
        self.read: list[bytes] = []
        self.removed = False
        self._later: list[bytes] = []

    @property
    def agrees_on(self) -> bytes:
        """What members of an epoch have in common."""
        assert self.group is not None
        return self.group.epoch_authenticator

    def offers(self, count: int = 1) -> list[KeyPackage]:
        """Return new key packages, whose private keys it keeps."""
        made = []
        for _ in range(count):
            self.client, wire = self.client.key_package(now=NOW)
            made.append(body(wire, KeyPackage))
        return made

    def takes(self, delivery: Deliver) -> None:
        """Take a delivery, unless it was had before, or something before it was not."""
        assert delivery.client == self.uri
        if delivery.number <= self.number:
            return
        if delivery.after not in (0, self.number):
            self.gaps.append(delivery)
            return
        self.number = delivery.number
        attached = delivery.message.attached
        if isinstance(attached, WelcomeFanout):
            tree = encoded_tree(attached.ratchet_tree_option)
            wire = encode(delivery.message.message)
            self.client, self.group = self.client.join(wire, now=NOW, tree=tree).accept()
            self._tries_again()
            return
        more: tuple[MLSMessage, ...] = ()
        if isinstance(attached, ProposalFanout):
            more = attached.more_proposals
        elif isinstance(attached, CommitFanout):
            more = attached.external_proposals
        for each in (delivery.message.message, *more):
            self._hears(encode(each))

    def _hears(self, wire: bytes) -> None:
        if self.group is None or self.removed:
            return
        try:
            step = self.group.receive(wire, now=NOW)
        except WrongEpochError:
            return
        self.group = step.group
        for event in step.events:
            if isinstance(event, Held):
                self._later.append(wire)
            elif isinstance(event, ApplicationMessage):
                self.read.append(event.data)
            elif isinstance(event, CommitStaged):
                self.removed = event.removes_me
                self.group = event.accept(self.group).group
                self._tries_again()

    def _tries_again(self) -> None:
        later, self._later = self._later, []
        for wire in later:
            self._hears(wire)


class RoomOfAlice:
    """The hub's side: what Alice commits and says is taken, stamped, and fanned out."""

    def __init__(self) -> None:
        hub = extension(ExtensionType.EXTERNAL_SENDERS, (HUB,), ExternalSenders)
        self.group = device(ALICE).create_group(b"clubhouse", now=NOW, extensions=(hub,))
        self.time = MS

    def stamp(self) -> int:
        """Return when the hub takes the next thing: no two at one time."""
        self.time += 1
        return self.time

    def says(self, data: bytes) -> FanoutMessage:
        """Alice sends a message."""
        self.group, wire = self.group.protect(data)
        return FanoutMessage(self.stamp(), message(wire), ApplicationFanout())

    def commits(
        self, *given: KeyPackage, remove: Iterable["Device"] = ()
    ) -> tuple[FanoutMessage, ...]:
        """Alice commits; return what members get, and what those get whom she adds."""
        gone = {each.uri for each in remove}
        indices = [
            index
            for index, leaf in self.group.state.tree.members()
            if getattr(leaf.credential, "identity", None) in gone
        ]
        draft = self.group.commit(add=given, remove=indices, now=NOW)
        self.group, at = draft.accept(), self.stamp()
        commit = FanoutMessage(at, message(draft.commit), CommitFanout())
        if draft.welcome is None:
            return (commit,)
        tree = WelcomeFanout(full_tree(self.group.ratchet_tree))
        return commit, FanoutMessage(at, MLSMessage(body(draft.welcome, Welcome)), tree)

    def lets_in(self, newcomer: "Device", *, anew: bool = False) -> FanoutMessage:
        """A device joins by an external commit; return what the hub fans out."""
        old = newcomer.group.leaf_index if anew and newcomer.group is not None else None
        draft = newcomer.client.join_externally(self.group.group_info(), now=NOW, resync=old)
        newcomer.group = draft.accept()
        made = FanoutMessage(self.stamp(), message(draft.commit), CommitFanout())
        self.hears(made)
        return made

    def proposes(self, *proposals: Proposal) -> tuple[MLSMessage, ...]:
        """The hub proposes something in the present epoch; Alice hears it."""
        wires = [
            propose_from_outside(self.group.context, 0, each, HUB_SIGNER) for each in proposals
        ]
        for wire in wires:
            self.group = self.group.receive(wire, now=NOW).group
        return tuple(map(message, wires))

    def hears(self, fanned: FanoutMessage) -> None:
        """Alice processes a commit of somebody else."""
        step = self.group.receive(encode(fanned.message), now=NOW)
        (event,) = step.events
        assert isinstance(event, CommitStaged)
        self.group = event.accept(step.group).group


class Follower:
    """A provider: its users' key packages, its room, and the devices that are connected.

    Nothing but rows is kept from one step to the next.
    """

    def __init__(self, domain: Domain, *devices: Device, limits: Limits = LIMITS) -> None:
        self.domain = domain
        self.devices: dict[bytes, Device] = {}
        self.limits = limits
        self.keys = save_keys(KeyStore())
        for each in devices:
            self.meets(each)
        self.rows: dict[str, bytes] = {}
        self.offline: set[bytes] = set()
        self.now = MS

    @property
    def store(self) -> KeyStore:
        """The key packages, from rows."""
        return load_keys(self.keys)

    @property
    def room(self) -> FollowerRoom | None:
        """The room, from rows that are read as they are needed."""
        return open_follower(self.rows, limits=self.limits) if self.rows else None

    @property
    def known(self) -> FollowerRoom:
        """The room, which is known."""
        return load_follower(self.rows, limits=self.limits)

    def meets(self, newcomer: Device) -> None:
        """A device signs in, and offers key packages."""
        self.devices[newcomer.uri] = newcomer
        before = self.store
        made = newcomer.offers(2)
        after = before.stored(octets(newcomer.user), newcomer.uri, made, now=MS)
        self.keys = kept(self.keys, key_changes(after, before))

    def gives(self, user: UserUri, *, only: Device | None = None) -> list[KeyPackage]:
        """Alice claims a key package of each client of a user; return them, or that of one."""
        store = self.store
        step = claimed(store, asking(target=user))
        self.keys = kept(self.keys, key_changes(step.store, store))
        key = None if only is None else only.client.signer.public
        return [each for each in given_of(step) if key in (None, each.leaf_node.signature_key)]

    def keeps(self, room: FollowerRoom) -> None:
        """Store the room: what is written is what changed, and is read again as it was."""
        changes = follower_changes(room, self.room)
        self.rows = kept(self.rows, changes)
        assert self.rows == save_follower(room) == save_follower(self.known)

    def step(self, octets_: bytes, source: Domain = A) -> FollowerStep:
        """Return the outcome of a notification, of which nothing is stored."""
        return notify(
            self.room,
            octets_,
            uri=ROOM,
            source=source,
            client_of=self.store.client_of,
            now=self.now,
            limits=self.limits,
        )

    def stores(self, step: FollowerStep) -> None:
        """Store the outcome of a notification, and deliver nothing yet."""
        if step.room is not None:
            self.keeps(step.room)
        store = self.store
        self.keys = kept(self.keys, key_changes(store.used(step.welcomed), store))

    def delivers(self, effects: Iterable[FollowerEffect]) -> list[FollowerEffect]:
        """Deliver to whom is connected; return what else is to be done."""
        others = []
        for each in effects:
            if not isinstance(each, Deliver):
                others.append(each)
            elif each.client not in self.offline:
                self.devices[each.client].takes(each)
        return others

    def notified(self, *messages: FanoutMessage, source: Domain = A) -> HttpResponse:
        """Take a notification, and deliver at once; nobody acknowledges."""
        step = self.step(notify_body(messages), source)
        self.stores(step)
        self.delivers(step.effects)
        return step.response

    def starts_again(self) -> None:
        """Deliver again what is not acknowledged, after a failure."""
        if self.room is not None:
            self.delivers(self.known.undelivered())

    def acknowledges(self) -> None:
        """All who are connected acknowledge what they have."""
        for client in self.known.clients:
            if client not in self.offline and self.devices[client].number:
                self.keeps(self.known.acknowledged(client, self.devices[client].number))

    def misses(self, uri: bytes) -> tuple[Deliver, ...] | Resync:
        """A device reports what it has."""
        found = self.devices[uri]
        assert found.group is not None
        number, group_id, epoch = found.number, found.group.group_id, found.group.epoch
        return self.known.missed(uri, number=number, group_id=group_id, epoch=epoch, now=self.now)


def is_known(room: FollowerRoom, octets_: bytes) -> bool:
    """Return whether a notification is known again."""
    return hashlib.sha256(octets_).digest() in room.bodies


def meeting(**limits: Any) -> tuple[RoomOfAlice, Follower, Device, Device]:
    """Return a room in which Bob's phone and laptop are, and his provider."""
    room, phone, laptop = RoomOfAlice(), Device(BOB), Device(BOB, "laptop")
    at_b = Follower(B, phone, laptop, limits=Limits(**limits))
    commit, welcome = room.commits(*at_b.gives(BOB))
    at_b.notified(commit)
    at_b.notified(welcome)
    at_b.acknowledges()
    return room, at_b, phone, laptop


def agreed(room: RoomOfAlice, *devices: Device) -> bool:
    """Return whether devices are in Alice's epoch, as she is."""
    return {each.agrees_on for each in devices} == {room.group.epoch_authenticator}
