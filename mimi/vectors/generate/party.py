"""A group of clients that know no more than what they are sent: what a passive client follows.

In `mimi.vectors.generate.group` one value holds all members. Here every member has a state of its
own, sends through it, and receives what the others send, as applications do.
"""

from collections.abc import Callable

import attrs

from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey, Suite, draw
from mimi.mls import (
    PSK,
    Add,
    Client,
    CommitStaged,
    Draft,
    ExternalPSK,
    Group,
    Proposal,
    Settings,
    WireFormat,
    propose_from_outside,
)
from mimi.mls.external import propose_own_addition
from mimi.mls.group import read_key_package
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.leaf import Capabilities
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.clients import CERTIFIED, ORDINARY, credential_of
from mimi.vectors.generate.written import Vector

NOW = 0
FOR_EVER = (1 << 64) - 1
"""Counted from a clock that stands at 0, this gives key packages that no clock refuses."""

FORMATS = (WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE)

PSK_SIZES = ((20, 32), (70, 100), (0, 1))
"""The octets of the names and values of external pre-shared keys."""

SENDER_NUMBER = 100
"""By which the external sender is named: no client comes so far."""

Propose = Callable[[Group], tuple[Group, bytes]]
Commit = Callable[[Group], Draft[Group]]


@attrs.frozen
class Manner:
    """How clients behave.

    Attributes:
        formats: How handshake messages are sent: clients take turns.
        tree_in_welcome: Whether a Welcome carries the ratchet tree.
        is_certified: Whether every other client shows certificates.
        psks: How many external pre-shared keys all clients hold.
    """

    formats: tuple[WireFormat, ...] = FORMATS
    tree_in_welcome: bool = True
    is_certified: bool = False
    psks: int = 0


@attrs.define
class Party:
    """A group with its members, and what goes by.

    Attributes:
        suite: The cipher suite.
        entropy: The source of all randomness; every client forks it.
        manner: How clients behave.
        psks: The external pre-shared keys that they hold.
        sender: The key of an external sender.
        members: From leaves to members.
        outside: From signature keys to clients that have offered a key package.
        seen: How many clients there have been.
        proposals: What was proposed in this epoch, to all members.
        epochs: The epochs that have passed, as vectors have them.
        listener: The leaf of the passive client.
    """

    suite: Suite
    entropy: SeededEntropy
    manner: Manner
    psks: dict[PSK, Secret]
    sender: SignaturePrivateKey
    members: dict[LeafIndex, Group] = attrs.field(factory=dict)
    outside: dict[bytes, Client] = attrs.field(factory=dict)
    seen: int = 0
    proposals: list[bytes] = attrs.field(factory=list)
    epochs: list[Vector] = attrs.field(factory=list)
    listener: LeafIndex | None = None

    @classmethod
    def start(
        cls, suite: Suite, entropy: SeededEntropy, manner: Manner, extensions: Extensions = ()
    ) -> "Party":
        """Return a group of one."""
        psks: dict[PSK, Secret] = {
            ExternalPSK(draw(entropy, name)): Secret(draw(entropy, value))
            for name, value in PSK_SIZES[: manner.psks]
        }
        party = cls(suite, entropy, manner, psks, suite.generate_signature_key(entropy))
        group_id = draw(entropy, 16)
        founder = party.client()
        party.members[LeafIndex(0)] = founder.create_group(
            group_id, now=NOW, extensions=extensions, lifetime=FOR_EVER
        )
        return party

    # Clients

    def client(self) -> Client:
        """Return a new client."""
        number, manner = self.seen, self.manner
        self.seen += 1
        entropy = self.entropy.fork(number.to_bytes(2, "big"))
        signer = self.suite.generate_signature_key(entropy)
        profile = CERTIFIED if manner.is_certified and number % 2 else ORDINARY
        client = Client.create(
            credential_of(self.suite, entropy, signer, number, profile),
            self.suite,
            signer=signer,
            capabilities=Capabilities(
                cipher_suites=(self.suite.code,),
                credentials=(CredentialType.BASIC, CredentialType.X509),
            ),
            settings=Settings(
                handshake=manner.formats[number % len(manner.formats)],
                maximum_lifetime=FOR_EVER,
                tree_in_welcome=manner.tree_in_welcome,
            ),
            entropy=entropy,
        )
        for psk, value in self.psks.items():
            client = client.with_psk(psk, value)
        return client

    def offer(self) -> bytes:
        """Return the key package of a new client."""
        return self.offered(self.client())

    def offered(self, client: Client) -> bytes:
        """Return a key package of a client, which will join when it is added."""
        client, package = client.key_package(now=NOW, lifetime=FOR_EVER)
        self.outside[client.signer.public] = client
        return package

    def extensions(self) -> Extensions:
        """Return extensions for the group context, the external sender among them."""
        credential = credential_of(self.suite, self.entropy, self.sender, SENDER_NUMBER, ORDINARY)
        senders = (ExternalSender(self.sender.public, credential),)
        required = RequiredCapabilities(credential_types=(CredentialType.X509,))
        return (
            extension(ExtensionType.REQUIRED_CAPABILITIES, required),
            extension(ExtensionType.EXTERNAL_SENDERS, senders, ExternalSenders),
        )

    # What happens

    def propose(self, sender: int, make: Propose) -> None:
        """Let a member propose something."""
        leaf = LeafIndex(sender)
        proposed, wire = make(self.members.pop(leaf))
        self._tell(wire)
        self.members[leaf] = proposed

    def propose_from_outside(self, proposal: Proposal) -> None:
        """Let the external sender propose something."""
        self._tell(propose_from_outside(self._anyone().context, 0, proposal, self.sender))

    def propose_joining(self) -> None:
        """Let a new client propose its own addition."""
        client = self.client()
        add = Add(read_key_package(self.offered(client)))
        self._tell(propose_own_addition(self._anyone().context, add, client.signer))

    def commit(self, committer: int, make: Commit) -> Draft[Group]:
        """Let a member commit, and let those join whom it adds."""
        draft = make(self.members.pop(LeafIndex(committer)))
        own = draft.accept()
        self._follow(draft.commit, own)
        tree = None if self.manner.tree_in_welcome else own.ratchet_tree
        for index, package in draft.transition.applied.added:
            client = self.outside.pop(package.leaf_node.signature_key)
            assert draft.welcome is not None  # noqa: S101 - somebody is added
            _, self.members[index] = client.join(draft.welcome, now=NOW, tree=tree).accept()
        return draft

    def join_externally(self, resync: int | None = None) -> None:
        """Let a new client join by a commit; *resync* is the leaf of whom it replaces."""
        old = None if resync is None else LeafIndex(resync)
        info = self._anyone().group_info()
        draft = self.client().join_externally(info, now=NOW, resync=old, psks=self.psks)
        self._follow(draft.commit, draft.accept())

    def _anyone(self) -> Group:
        return self.members[min(self.members)]

    def _tell(self, wire: bytes) -> None:
        """Let the members receive a proposal."""
        for leaf, group in self.members.items():
            self.members[leaf] = group.receive(wire, now=NOW).group
        self.proposals.append(wire)

    def _follow(self, commit: bytes, own: Group) -> None:
        """Let the members, without the committer, follow a commit that ends the epoch."""
        followed = {own.leaf_index: own}
        for leaf, group in self.members.items():
            (event,) = group.receive(commit, now=NOW).events
            assert isinstance(event, CommitStaged)  # noqa: S101 - members here send what is good
            if not event.removes_me:
                followed[leaf] = event.accept().group
        self.members = followed
        passed: Vector = {
            "proposals": self.proposals,
            "commit": commit,
            "epoch_authenticator": own.epoch_authenticator,
        }
        self.epochs.append(passed)
        self.proposals = []

    # The passive client

    def invite(self, committer: int, make: Callable[[bytes], Commit]) -> Vector:
        """Add the client that will only listen, and return its vector.

        What it hears from then on joins the vector as it happens.

        Args:
            committer: The member that adds it.
            make: From the client's key package to the commit.
        """
        client = self.client()
        package = self.offered(client)
        (own,) = self.outside[client.signer.public].key_packages.values()
        draft = self.commit(committer, make(package))
        group = self.members[LeafIndex(committer)]
        self.epochs = []
        self.listener = next(
            leaf for leaf, group in self.members.items() if group.signer is own.signer
        )
        return {
            "cipher_suite": self.suite.code,
            "external_psks": self._known_psks(),
            "key_package": package,
            "signature_priv": own.signer.reveal(),
            "encryption_priv": own.encryption_key.reveal(),
            "init_priv": own.init_key.reveal(),
            "welcome": draft.welcome,
            "ratchet_tree": None if self.manner.tree_in_welcome else group.ratchet_tree,
            "initial_epoch_authenticator": group.epoch_authenticator,
            "epochs": self.epochs,
        }

    def _known_psks(self) -> list[Vector]:
        return [
            {"psk_id": psk.psk_id, "psk": value.reveal()}
            for psk, value in self.psks.items()
            if isinstance(psk, ExternalPSK)
        ]
