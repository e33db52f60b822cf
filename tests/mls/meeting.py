"""A meeting: people by their names, and a room that carries octets from one to all.

A person has a client and, once in a group, a group. Whatever anybody sends is octets, and everybody
in the room receives them, the sender too. Where handshake messages are public, a follower without
secrets sits in the room and must see the same as the members.
"""

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from tree.certificates import certificate
from tree.members import NOW, SUITE

from mimi.crypto import CipherSuite, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls import (
    ApplicationMessage,
    Client,
    CommitStaged,
    Draft,
    Event,
    Group,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    PublicGroup,
    Settings,
    WireFormat,
)
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, Credential, X509Credential
from mimi.tree.leaf import Capabilities

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE
NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi")

CURVES: dict[CipherSuite, Callable[[], ec.EllipticCurve]] = {
    CipherSuite.P256_AES128: ec.SECP256R1,
    CipherSuite.P384_AES256: ec.SECP384R1,
    CipherSuite.P521_AES256: ec.SECP521R1,
}


def basic(name: str, suite: Suite, signer: SignaturePrivateKey) -> Credential:
    """Return a basic credential of a name."""
    return BasicCredential(f"mimi://a.example/d/{name}".encode())


def certified(name: str, suite: Suite, signer: SignaturePrivateKey) -> Credential:
    """Return a certificate of a signature key."""
    if suite.code in CURVES:
        curve = CURVES[suite.code]()
        public = ec.EllipticCurvePublicKey.from_encoded_point(curve, signer.public)
    elif len(signer.public) == 32:
        public = ed25519.Ed25519PublicKey.from_public_bytes(signer.public)
    else:
        public = ed448.Ed448PublicKey.from_public_bytes(signer.public)
    return X509Credential((certificate(public),))


def mixed(name: str, suite: Suite, signer: SignaturePrivateKey) -> Credential:
    """Return a basic credential for Alice, and a certificate for everybody else."""
    return (basic if name == "Alice" else certified)(name, suite, signer)


@attrs.define(eq=False)
class Person:
    """Somebody in the room.

    Attributes:
        name: How the others call them.
        room: Where they are.
        client: Their client.
        group: Their group; None until they are in it.
        elsewhere: Groups of other rooms that they take part in.
    """

    name: str
    room: "Room"
    client: Client
    group: Group | None = None
    elsewhere: list[Group] = attrs.field(factory=list)

    @property
    def leaf(self):
        """The leaf that they have in the group."""
        return self.group.leaf_index

    def offers(self, **options: Any) -> bytes:
        """Publish a key package."""
        self.client, wire = self.client.key_package(now=NOW, **options)
        return wire

    def founds(self, group_id: bytes = b"a meeting", **options: Any) -> None:
        """Create the group."""
        self.opens(self.client.create_group(group_id, now=NOW, **options))

    def opens(self, group: Group) -> None:
        """Bring a group into the room, and seat a follower where it can follow."""
        self.group = group
        if self.room.settings.handshake == PUBLIC:
            self.room.follower = PublicGroup.from_group_info(group.group_info(), now=NOW)

    def opens_after(self, draft: Draft[Group], *others: "Person") -> None:
        """Bring a successor or a branch into the room, where the others join."""
        self.opens(draft.accept())
        for person in others:
            person.joins(draft.welcome, by=self)

    def proposes(self, kind: Callable[..., tuple[Group, bytes]], *what: Any, **options: Any):
        """Propose something to everybody: *kind* is a method of `Group`; return the reference."""
        self.group, wire = kind(self.group, *what, now=NOW, **options)
        events = self.room.hears(wire)
        assert events.pop(self) == OwnMessageEchoed(self.group.epoch)
        assert all(isinstance(event, ProposalReceived) for event in events.values())
        return self.group.pending[-1].reference

    def commits(
        self,
        *,
        add: Iterable["Person"] = (),
        remove: Iterable["Person"] = (),
        joining: Iterable["Person"] = (),
        **options: Any,
    ) -> dict["Person", Event[Group]]:
        """Commit, and let everybody follow; those who are added join.

        Args:
            add: Whom to add, who publish key packages for it.
            remove: Whom to remove.
            joining: Whom proposals by reference add.
            options: Those of `Group.commit`.
        """
        added = tuple(add)
        draft = self.group.commit(
            now=NOW,
            add=[person.offers() for person in added],
            remove=[person.leaf for person in remove],
            **options,
        )
        self.group = draft.hold()
        events = self.room.hears(draft.commit)
        epoch = draft.transition.before.context.epoch
        assert events[self] == OwnCommitConfirmed(epoch, draft.welcome)
        for person in (*added, *joining):
            person.joins(draft.welcome, by=self)
        return events

    def joins(self, welcome: bytes, *, by: "Person") -> None:
        """Join by a Welcome; the tree comes with it or, in another way, from who sent it."""
        tree = None if self.room.settings.tree_in_welcome else by.group.ratchet_tree
        staged = self.client.join(welcome, now=NOW, tree=tree, groups=self.elsewhere)
        assert staged.inviter == by.leaf
        self.client, self.group = staged.accept()

    def joins_from_outside(self, by: "Person", **options: Any) -> dict["Person", Event[Group]]:
        """Join by a commit, with the group info that a member provides."""
        with_tree = self.room.settings.tree_in_welcome
        draft = self.client.join_externally(
            by.group.group_info(tree=with_tree),
            now=NOW,
            tree=None if with_tree else by.group.ratchet_tree,
            **options,
        )
        self.group = None
        events = self.room.hears(draft.commit)
        self.group = draft.accept()
        return events

    def says(self, data: bytes, aad: bytes = b"") -> bytes:
        """Send application data; everybody else must read it."""
        self.group, wire = self.group.protect(data, aad)
        for person, event in self.room.hears(wire).items():
            if person is self:
                assert event == OwnMessageEchoed(self.group.epoch)
            else:
                assert isinstance(event, ApplicationMessage), event
                assert (event.sender, event.data, event.aad) == (self.leaf, data, aad)
                assert event.leaf_node == self.group.leaf_node
        return wire

    def hears(self, wire: bytes) -> Event[Group]:
        """Receive octets; a commit takes effect."""
        step = self.group.receive(wire, now=NOW)
        (event,) = step.events
        self.group = event.accept().group if isinstance(event, CommitStaged) else step.group
        return event


class Room:
    """Where a group meets.

    Args:
        suite: The cipher suite.
        credential: From a name, the suite and a signature key to a credential.
        place: Which room it is: the same people have other keys in another.
        settings: How everybody behaves: fields of `Settings`.
    """

    def __init__(
        self,
        suite: Suite = SUITE,
        credential: Any = basic,
        place: bytes = b"room",
        **settings: Any,
    ) -> None:
        self.suite, self.credential, self.place = suite, credential, place
        self.settings = Settings(**settings)
        self.people: list[Person] = []
        self.follower: PublicGroup | None = None

    def enter(self, *names: str) -> tuple[Person, ...]:
        """Let people in, who are in no group yet."""
        entered = []
        for name in names:
            entropy = SeededEntropy(self.place).fork(name.encode())
            signer = self.suite.generate_signature_key(entropy)
            both = Capabilities(
                cipher_suites=(self.suite.code,),
                credentials=(CredentialType.BASIC, CredentialType.X509),
            )
            client = Client.create(
                self.credential(name, self.suite, signer),
                self.suite,
                signer=signer,
                capabilities=both,
                settings=self.settings,
                entropy=entropy,
            )
            entered.append(Person(name, self, client))
        self.people += entered
        return tuple(entered)

    @property
    def members(self) -> list[Person]:
        """Those who are in the group, in the order in which they came into the room."""
        return [person for person in self.people if person.group and not person.group.removed]

    def hears(self, wire: bytes) -> dict[Person, Event[Group]]:
        """Deliver octets to everybody in the group; return what each makes of them."""
        events = {person: person.hears(wire) for person in self.members}
        if self.follower is not None:
            step = self.follower.receive(wire, now=NOW)
            (event,) = step.events
            taken = event.accept() if isinstance(event, CommitStaged) else step
            self.follower = taken.group
        return events

    def agrees(self, speakers: Iterable[Person] | None = None) -> None:
        """Check that all members share an epoch, and that each hears what each other says.

        Args:
            speakers: Who speaks; None for everybody.
        """
        first = self.members[0].group
        exported = first.export(b"a label", b"a context", 32)
        for group in (person.group for person in self.members):
            assert group.epoch_authenticator == first.epoch_authenticator
            assert group.export(b"a label", b"a context", 32) == exported
            assert group.context == first.context
            assert group.ratchet_tree == first.ratchet_tree
            assert not group.pending
        assert [member.leaf_index for member in first.members] == sorted(
            person.leaf for person in self.members
        )
        if self.follower is not None:
            assert self.follower.context == first.context
            assert self.follower.tree.encode() == first.ratchet_tree
            assert self.follower.pending == ()
            self.follower = self.follower.with_group_info(first.group_info())
        for person in self.members if speakers is None else speakers:
            person.says(f"{person.name} speaks".encode(), b"minutes")


def gathered(size: int, **options: Any) -> tuple[Any, ...]:
    """Return a room and the people of a group of a size: Alice founds it and adds the others."""
    room = Room(**options)
    people = room.enter(*NAMES[:size])
    people[0].founds()
    if size > 1:
        people[0].commits(add=people[1:])
    return (room, *people)
