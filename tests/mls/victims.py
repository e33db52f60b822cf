"""A group of four with an attacker among them, and how its members take what the attacker sends.

::

    leaf   0      1    2        3        4
           Alice  Bob  Mallory  (blank)  Erin

Dave was at leaf 3 and was removed. A server outside may propose, a follower without secrets sees
the public messages. Everybody has committed, so that no parent is blank but those above leaf 3.
"""

from functools import cache
from typing import Any

import attrs
import pytest
from mls.attacker import NOW, PRIVATE, PUBLIC, Attacker, external
from mls.snapshot import whole
from tree.members import SUITE, refused

from mimi.codec import decode, replace
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError, MimiError
from mimi.mls import (
    Client,
    CommitStaged,
    Group,
    ProposalReceived,
    PublicGroup,
    Settings,
)
from mimi.mls.framing import PublicMessage
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import KeyPackage
from mimi.mls.message import MLSMessage
from mimi.mls.state import changed
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extension,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.leaf import Capabilities
from mimi.tree.math import LeafIndex

ALICE, BOB, MALLORY, BLANK, ERIN = map(LeafIndex, range(5))

COMMON = ExtensionType(0xF101)
"""An extension that all members support, but not everybody outside."""
RARE = ExtensionType(0xF102)
"""One that only Mallory supports."""

ENTROPY = SeededEntropy(b"victims")
SERVER = SUITE.generate_signature_key(ENTROPY)
SENDERS = extension(
    ExtensionType.EXTERNAL_SENDERS,
    (ExternalSender(SERVER.public, BasicCredential(b"mimi://a.example")),),
    ExternalSenders,
)

BASE = Capabilities(
    cipher_suites=(SUITE.code,),
    extensions=(COMMON,),
    credentials=(CredentialType.BASIC, CredentialType.X509),
)

WIDE = replace(BASE, extensions=(COMMON, RARE), proposals=(ProposalType(0xF103),))
"""Mallory's capabilities."""

both_formats = pytest.mark.parametrize("wire_format", [PUBLIC, PRIVATE], ids=["public", "private"])


def requiring(**what: Any) -> Extension:
    """Return the extension required_capabilities."""
    return extension(ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities(**what))


def client(name: str, capabilities: Capabilities = BASE, **options: Any) -> Client:
    """Return a client."""
    settings = Settings(handshake=PUBLIC, grease=False)
    return Client.create(
        BasicCredential(f"mimi://a.example/d/{name}".encode()),
        SUITE,
        capabilities=capabilities,
        settings=settings,
        entropy=ENTROPY.fork(name.encode()),
        **options,
    )


@cache
def offer(name: str, number: int = 0, capabilities: Capabilities = BASE) -> KeyPackage:
    """Return a key package of somebody who is no member."""
    return read_key_package(client(name, capabilities).key_package(now=NOW + number)[1])


@attrs.frozen(eq=False)
class Scene:
    """The group as everybody sees it.

    Attributes:
        guest: The key package of somebody who can be added; None for one of `offer`.
    """

    alice: Group
    bob: Group
    mallory: Group
    erin: Group
    public: PublicGroup
    guest: KeyPackage | None = None

    @property
    def attacker(self) -> Attacker:
        """Mallory."""
        return Attacker.inside(self.mallory)

    @property
    def server(self) -> Attacker:
        """The external sender."""
        return Attacker.outside(self.public, SERVER, external())

    def heard(self, *wires: bytes) -> "Scene":
        """Return the scene after proposals that Alice, Bob and the follower received.

        Mallory counts them as received, too, whatever its client would say to its own.
        """
        alice, bob, public = self.alice, self.bob, self.public
        for wire in wires:
            alice, bob = proposed(alice, wire), proposed(bob, wire)
            if isinstance(decode(MLSMessage, wire).body, PublicMessage):
                public = proposed(public, wire)
        mallory = changed(self.mallory, state=alice.state)
        return attrs.evolve(self, alice=alice, bob=bob, mallory=mallory, public=public)


def proposed(group: Any, wire: bytes) -> Any:
    """Return a group that received a proposal."""
    step = group.receive(wire, now=NOW)
    (event,) = step.events
    assert isinstance(event, ProposalReceived), event
    return step.group


def followed(group: Any, wire: bytes) -> Any:
    """Return a group that followed a commit."""
    step = group.receive(wire, now=NOW)
    (event,) = step.events
    assert isinstance(event, CommitStaged), event
    assert step.group is group
    return event.accept().group


@cache
def scene(*extensions: Extension) -> Scene:
    """Return the group; *extensions* are those that it has besides the external senders."""
    names = ("Alice", "Bob", "Mallory", "Dave", "Erin")
    clients = [client(name, WIDE if name == "Mallory" else BASE) for name in names]
    return staged(clients, (SENDERS, *extensions))


def staged(
    clients: list[Client], extensions: tuple[Extension, ...], guest: KeyPackage | None = None
) -> Scene:
    """Return the group of five clients, the fourth of whom is removed in the end."""
    group = clients[0].create_group(b"victims", now=NOW, extensions=extensions)
    known = clients[0].settings.components
    public = PublicGroup.from_group_info(group.group_info(), now=NOW, components=known)
    offers, ready = [], []
    for other in clients[1:]:
        kept, package = other.key_package(now=NOW)
        ready.append(kept)
        offers.append(package)
    draft = group.commit(add=offers, now=NOW)
    groups = [draft.accept()]
    groups += (kept.join(draft.welcome, now=NOW).accept()[1] for kept in ready)
    public = followed(public, draft.commit)
    for committer in (1, 2, 4, 0):
        remove = [BLANK] if committer == 0 else []
        draft = groups[committer].commit(now=NOW, remove=remove)
        public = followed(public, draft.commit)
        groups = [
            draft.accept() if at == committer else followed(group, draft.commit)
            for at, group in enumerate(groups)
        ]
    del groups[BLANK]
    return Scene(*groups, public, guest)


@cache
def genuine(at: Scene) -> tuple[bytes, bytes]:
    """Return a genuine commit of Bob's, and the epoch that it opens."""
    draft = at.bob.commit(now=NOW, add=[at.guest or offer("Grace")], references=())
    return draft.commit, draft.accept().epoch_authenticator


def check_unharmed(at: Scene, group: Group | PublicGroup) -> None:
    """Check that a group still follows a genuine commit."""
    commit, authenticator = genuine(at)
    after = followed(group, commit)
    if isinstance(after, Group):
        assert after.epoch_authenticator == authenticator
    assert after.epoch == group.epoch + 1
    assert after.pending == ()


def check_refused(
    at: Scene,
    wire: bytes,
    kind: type[MimiError],
    *,
    public: bool = True,
    **where: object,
) -> None:
    """Check that Alice refuses a message, and the follower too, and that nothing changes.

    Args:
        at: The group.
        wire: What they receive.
        kind: The error, exactly.
        public: Whether the follower can see it.
        where: Values of the error.
    """
    receivers: tuple[Any, ...] = (at.alice, at.public) if public else (at.alice,)
    for group in receivers:
        before = whole(group)
        if kind is MalformedError:
            with pytest.raises(MalformedError) as caught:
                group.receive(wire, now=NOW)
            assert type(caught.value) is MalformedError
        else:
            with refused(kind, **where):
                group.receive(wire, now=NOW)
        assert whole(group) == before
        check_unharmed(at, group)


def check_followed(at: Scene, wire: bytes, *, public: bool = True) -> Group:
    """Check that Alice and the follower follow a commit; return Alice's group."""
    after = followed(at.alice, wire)
    if public:
        assert followed(at.public, wire).context == after.context
    return after
