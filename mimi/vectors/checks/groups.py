"""Following a group as a client that never sends: joining, proposals, commits.

Everything goes through `mimi.mls.Client` and `mimi.mls.Group`, as an application would do it.
"""

import attrs

from mimi.codec import decode
from mimi.crypto import SeededEntropy, Suite
from mimi.mls import (
    Client,
    CommitStaged,
    Event,
    ExternalPSK,
    Group,
    KeyPackage,
    MLSMessage,
    OwnKeyPackage,
    ProposalReceived,
    Settings,
    validate_key_package,
)
from mimi.mls.errors import MissingTreeError
from mimi.tree.errors import TreeHashError
from mimi.tree.leaf import KeyPackageSource, LeafNode, LifetimePolicy
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.case import Case, DifferenceError, shown

LONGEST_LIFETIME = (1 << 64) - 1
"""The longest lifetime accepted here: all of time, which is what most published clients claim."""


@attrs.frozen
class Invited:
    """The client of a vector, and the time at which it lives."""

    client: Client
    now: int


def check_passive_client(case: Case) -> None:
    """Join a group by its Welcome, then follow it from epoch to epoch."""
    invited = _invited(case.suite(), case)
    group = _joined(invited, case)
    case.equal("initial_epoch_authenticator", group.epoch_authenticator)
    for epoch in case.parts("epochs"):
        group = _followed(group, epoch, invited.now)
        epoch.equal("epoch_authenticator", group.epoch_authenticator)


# The client


def _invited(suite: Suite, case: Case) -> Invited:
    own, now = _own_key_package(suite, case)
    client = Client.create(
        own.key_package.leaf_node.credential,
        suite,
        signer=own.signer,
        settings=Settings(maximum_lifetime=LONGEST_LIFETIME),
        entropy=SeededEntropy(b"passive-client"),
    ).with_key_package(own)
    for psk in case.parts("external_psks"):
        client = client.with_psk(ExternalPSK(psk.octets("psk_id")), psk.secret("psk"))
    return Invited(client, now)


def _own_key_package(suite: Suite, case: Case) -> tuple[OwnKeyPackage, int]:
    """Check the key package and the private keys beside it; return a time when it is valid."""
    with case.valid("key_package"):
        message = decode(MLSMessage, case.octets("key_package")).body
        if not isinstance(message, KeyPackage):
            name = type(message).__name__
            raise DifferenceError("key_package", "a key package", name)
        now = _midway(message.leaf_node)
        validate_key_package(suite, message, lifetimes=LifetimePolicy(now, LONGEST_LIFETIME))
    with case.at("init_priv"):
        init_key = suite.hpke_private_key(case.octets("init_priv"))
    with case.at("encryption_priv"):
        encryption_key = suite.hpke_private_key(case.octets("encryption_priv"))
    with case.at("signature_priv"):
        signer = suite.signature_private_key(case.octets("signature_priv"))
    for name, got, public in (
        ("init_priv", init_key.public, message.init_key),
        ("encryption_priv", encryption_key.public, message.leaf_node.encryption_key),
        ("signature_priv", signer.public, message.leaf_node.signature_key),
    ):
        if got != public:  # the public key is signed, so that the private one is at fault
            wanted = f"the private key of {shown(public.hex())}"
            raise DifferenceError(name, wanted, f"the key of {shown(got.hex())}")
        case.note(name)
    return OwnKeyPackage(message, init_key, encryption_key, signer), now


def _midway(leaf: LeafNode) -> int:
    """Return the middle of a leaf's lifetime: the time that a case takes place in.

    The lifetimes of published vectors ended years ago. Others whose key packages the case holds
    made theirs a moment earlier or later, which only shows at either end.
    """
    source = leaf.leaf_node_source
    if not isinstance(source, KeyPackageSource):
        return 0  # such a leaf is refused at any time
    return (source.lifetime.not_before + source.lifetime.not_after) // 2


# Its group


def _joined(invited: Invited, case: Case) -> Group:
    tree = None
    if case.value("ratchet_tree") is not None:
        tree = case.octets("ratchet_tree")
        with case.at("ratchet_tree"):
            RatchetTree.decode(invited.client.suite, tree)
    welcome = case.octets("welcome")
    with case.valid("welcome"):
        try:
            _, group = invited.client.join(welcome, now=invited.now, tree=tree).accept()
        except (MissingTreeError, TreeHashError) as error:
            got = f"{type(error).__name__}: {error}"
            raise DifferenceError("ratchet_tree", "the tree of the Welcome", got) from error
    case.equal("ratchet_tree", None if tree is None else group.ratchet_tree)
    return group


def _followed(group: Group, epoch: Case, now: int) -> Group:
    proposals = epoch.part("proposals")
    for index in range(proposals.length()):
        wire = proposals.octets(index)
        with proposals.valid(index):
            step = group.receive(wire, now=now)
            for event in step.events:
                if not isinstance(event, ProposalReceived):
                    raise _unexpected(proposals.name(index), "a proposal", event)
        group = step.group
    commit = epoch.octets("commit")
    with epoch.valid("commit"):
        (event,) = group.receive(commit, now=now).events
        if not isinstance(event, CommitStaged):
            raise _unexpected(epoch.name("commit"), "a commit", event)
        if event.removes_me:
            raise DifferenceError(epoch.name("commit"), "a commit to follow", "one that removes us")
        return event.accept().group


def _unexpected(field: str, wanted: str, event: Event[Group]) -> DifferenceError:
    return DifferenceError(field, wanted, shown(event))
