"""Three providers, their users and a room: what the bodies between providers are made of.

Everything follows from a seed. The hub is a.example; Alice is its user, Bob of b.example is in the
room, Cathy of c.example is not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import attrs
import pytest
from tree.members import NOW, SUITE

from mimi.codec import decode
from mimi.crypto import CipherSuite, SeededEntropy, Suite
from mimi.errors import MimiError
from mimi.identity import Domain, RoomUri, UserUri
from mimi.mls import (
    Client,
    Group,
    GroupInfo,
    KeyPackage,
    MLSMessage,
    PartialGroupInfo,
    Remove,
    Settings,
    Welcome,
    WireFormat,
    full_tree,
    propose_from_outside,
)
from mimi.protocol import CommitBundle, Frank, FullGroupInfo, KeyMaterialRequest
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.leaf import LifetimePolicy
from mimi.tree.math import LeafIndex

A, B, C = (Domain(f"{letter}.example") for letter in "abc")
ALICE, BOB, CATHY = UserUri(A, "alice"), UserUri(B, "bob"), UserUri(C, "cathy")
ROOM, OTHER_ROOM = RoomUri(A, "clubhouse"), RoomUri(A, "attic")
ROOM_ID = str(ROOM).encode()
ENTROPY = SeededEntropy(b"providers")
LIFETIMES = LifetimePolicy(NOW)
ACCEPTED = 1_700_000_000_123
"""When the hub accepted something, in milliseconds."""

HUB_SIGNER = SUITE.generate_signature_key(ENTROPY.fork(b"hub"))
HUB = ExternalSender(HUB_SIGNER.public, BasicCredential(b"mimi://a.example"))

CREDENTIAL = BasicCredential(b"me")
FRANK = Frank(b"\x0f" * 32, CipherSuite(1), b"sig")
REQUEST = KeyMaterialRequest(
    b"mimi://a",
    b"mimi://b",
    b"",
    (CipherSuite(1),),
    RequiredCapabilities(),
    b"key",
    CREDENTIAL,
    b"sig",
)
"""What has the right form, and nothing else."""

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE


@contextmanager
def refused(
    kind: type[MimiError], section: str, /, **where: object
) -> Iterator[pytest.ExceptionInfo[MimiError]]:
    """Expect exactly this error, with these values, citing these sections of the draft."""
    with pytest.raises(MimiError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind, error
    assert where.items() <= error.where.items()
    plural = "s" if " " in section else ""
    assert kind.rule == f"draft-ietf-mimi-protocol-06 section{plural} {section}"
    assert str(error).endswith(f" ({kind.rule})")
    assert "None" not in error.reason


def octets(uri: object) -> bytes:
    """Return an identifier as it stands in a body."""
    return str(uri).encode()


def device(
    user: UserUri, name: str = "phone", suite: Suite = SUITE, identity: bytes | None = None
) -> Client:
    """Return a client of a user, which may say of itself that it is somebody else."""
    return Client.create(
        BasicCredential(octets(user.client(name)) if identity is None else identity),
        suite,
        settings=Settings(handshake=PUBLIC, grease=False),
        entropy=ENTROPY.fork(f"{user}/{name}/{suite}".encode()),
    )


def package(client: Client, now: int = NOW, **options: Any) -> KeyPackage:
    """Return a key package of a client."""
    _, wire = client.key_package(now=now, **options)
    return body(wire, KeyPackage)


def body(wire: bytes, kind: Any) -> Any:
    """Return what an encoded MLSMessage carries, which is of this kind."""
    found = decode(MLSMessage, wire).body
    assert isinstance(found, kind)
    return found


def message(wire: bytes) -> MLSMessage:
    """Return an encoded MLSMessage as a value."""
    return decode(MLSMessage, wire)


@attrs.frozen
class Scene:
    """The room's group in two epochs, and what was sent in it.

    Attributes:
        alice: The group in epoch 1, as Alice has it.
        bob: As Bob has it.
        application: A message of Alice in that epoch.
        proposals: Two proposals of Bob.
        hidden: One that followers cannot read.
        commit: A commit of Alice that adds Cathy, to epoch 2.
        welcome: Cathy's Welcome.
        info: The group info of epoch 1, without tree.
        next_info: That of epoch 2.
        partial: What is left of it where the hub makes the rest.
        tree: The tree of epoch 2.
        external: A commit by which Cathy joins on her own, in epoch 1.
        removals: The hub's proposals to remove Bob, in epoch 1 and in epoch 2.
        late: A proposal of Bob in epoch 0 of another group.
    """

    alice: Group
    bob: Group
    application: MLSMessage
    proposals: tuple[MLSMessage, ...]
    hidden: MLSMessage
    commit: MLSMessage
    welcome: Welcome
    info: GroupInfo
    next_info: GroupInfo
    partial: PartialGroupInfo
    tree: bytes
    external: MLSMessage
    removals: tuple[MLSMessage, ...]
    late: MLSMessage

    @property
    def bundle(self) -> CommitBundle:
        """What goes with the commit."""
        return CommitBundle(self.welcome, FullGroupInfo(self.next_info), full_tree(self.tree))


@cache
def scene() -> Scene:
    """Return what happens in the room."""
    hub = extension(ExtensionType.EXTERNAL_SENDERS, (HUB,), ExternalSenders)
    alice = device(ALICE).create_group(b"clubhouse", now=NOW, extensions=(hub,))
    bobs, wire = device(BOB).key_package(now=NOW)
    added = alice.commit(add=[wire], now=NOW)
    alice = added.accept()
    _, bob = bobs.join(added.welcome, now=NOW).accept()
    bob, first = bob.propose_update(now=NOW)
    bob, second = bob.propose_remove(LeafIndex(0), now=NOW)
    hiding = bob.with_settings(Settings(handshake=PRIVATE, grease=False))
    _, hidden = hiding.propose(Remove(LeafIndex(0)), now=NOW)
    _, said = alice.protect(b"hello")
    draft = alice.commit(add=[package(device(CATHY))], now=NOW)
    after = draft.accept()
    info = alice.group_info()
    external = device(CATHY).join_externally(info, now=NOW)
    removal = Remove(bob.leaf_index)
    removals = [
        propose_from_outside(context, 0, removal, HUB_SIGNER)
        for context in (alice.context, after.context)
    ]
    _, late = device(BOB).create_group(b"attic", now=NOW).propose_update(now=NOW)
    return Scene(
        alice,
        bob,
        message(said),
        (message(first), message(second)),
        message(hidden),
        message(draft.commit),
        body(draft.welcome, Welcome),
        body(alice.group_info(tree=False), GroupInfo),
        body(after.group_info(tree=False), GroupInfo),
        decode(PartialGroupInfo, after.partial_group_info(before=False, tree=False)),
        after.ratchet_tree,
        message(external.commit),
        tuple(map(message, removals)),
        message(late),
    )
