"""Joining a group by a Welcome (RFC 9420 section 12.4.3.1)."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import attrs

from mimi.codec import decode
from mimi.crypto import HPKEPrivateKey, Secret, SignaturePrivateKey, Suite
from mimi.mls.appdata import Components, check_group, check_group_data
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.context import GroupContext
from mimi.mls.credentials import CredentialCheck, checks_of_tree
from mimi.mls.errors import (
    BranchMismatchError,
    DuplicateGroupError,
    MissingTreeError,
    NotInTreeError,
    ReInitMismatchError,
    ResumptionPSKCountError,
    SuccessorEpochError,
    SuccessorMembersError,
    UnexpectedMessageError,
)
from mimi.mls.external_receivers import check_external_receivers
from mimi.mls.keypackage import KeyPackage
from mimi.mls.member import NewEpoch
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import check_negotiated
from mimi.mls.ownleaf import check_own_support
from mimi.mls.psk import PreSharedKeyID, ResumptionPSK, psk_secret
from mimi.mls.rules import NO_COMPONENTS
from mimi.mls.schedule import EpochSecrets
from mimi.mls.state import Member, PublicState, next_state
from mimi.mls.tree_options import source_domains
from mimi.mls.welcome import (
    GroupInfo,
    GroupSecrets,
    Welcome,
    check_group_info,
    decrypt_group_info,
    decrypt_group_secrets,
)
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions, external_senders, find
from mimi.tree.leaf import Capabilities, LifetimePolicy
from mimi.tree.math import LeafIndex
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import Map, validate_tree

C = TypeVar("C")
G = TypeVar("G")

SameClient = Callable[[Credential, Credential], bool]
"""Whether two credentials stand for the same client, according to the application."""


@attrs.frozen(repr=False)
class OwnKeyPackage:
    """A key package of one's own, with its private keys.

    Attributes:
        key_package: What was published.
        init_key: The private key of its init_key.
        encryption_key: That of its leaf's encryption_key.
        signer: That of its leaf's signature_key.
    """

    key_package: KeyPackage
    init_key: HPKEPrivateKey
    encryption_key: HPKEPrivateKey
    signer: SignaturePrivateKey


@attrs.frozen(eq=False, repr=False)
class Known:
    """What a client knows before it joins.

    Attributes:
        own: The key package that the Welcome is for.
        psk_values: From the names of pre-shared keys to their values.
        groups: From identifiers to the client's groups: their states, by `PublicState`.
        same_client: How members of a successor are compared with those of the old group.
        components: The components that the application knows.
    """

    own: OwnKeyPackage
    psk_values: Callable[[PreSharedKeyID], Secret]
    groups: Mapping[bytes, PublicState]
    same_client: SameClient
    components: Components = NO_COMPONENTS


@attrs.frozen(eq=False, repr=False)
class StagedJoin(Generic[C, G]):
    """A group that can be joined, to be looked at: dropped, it has cost nothing.

    Attributes:
        state: The group's public state.
        leaf_index: The leaf that the client has there.
        group_info_extensions: The extensions of the group info, unknown ones included.
        inviter: The member who signed the Welcome.
        psks: The pre-shared keys that the group's epoch depends on.
    """

    state: PublicState
    leaf_index: LeafIndex
    group_info_extensions: Extensions
    inviter: LeafIndex
    psks: tuple[PreSharedKeyID, ...]
    _accept: Callable[[C | None], tuple[C, G]]

    def __repr__(self) -> str:
        context = self.state.context
        return f"StagedJoin({context.group_id!r}, epoch {context.epoch}, leaf {self.leaf_index})"

    def accept(self, client: C | None = None) -> tuple[C, G]:
        """Join: return the client without the key package that was used, and the group.

        Args:
            client: The client as it is now; None where nothing happened since the Welcome was
                opened: key packages made meanwhile would be forgotten.
        """
        return self._accept(client)

    @property
    def context(self) -> GroupContext:
        """The group context."""
        return self.state.context

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, this client included, in the order of their leaves."""
        return self.state.members()

    @property
    def credentials(self) -> tuple[CredentialCheck, ...]:
        """The credentials to judge before joining."""
        return checks_of_tree(self.state.tree, self.state.context.extensions, self.leaf_index)


@attrs.frozen(eq=False, repr=False)
class Opened:
    """A Welcome, opened and checked."""

    group_info: GroupInfo
    psks: tuple[PreSharedKeyID, ...]
    epoch: NewEpoch


def read_welcome(wire: bytes) -> Welcome:
    """Return the Welcome of an encoded MLSMessage.

    Raises:
        MalformedError: It does not parse.
        UnexpectedMessageError: It is another message.
    """
    body = decode(MLSMessage, wire).body
    if not isinstance(body, Welcome):
        raise UnexpectedMessageError(f"a {type(body).__name__} is no Welcome")
    return body


def open_welcome(
    suite: Suite,
    welcome: Welcome,
    known: Known,
    tree: bytes | None,
    lifetimes: LifetimePolicy | None,
    map: Map = map,  # noqa: A002 - it stands for the built-in function
) -> Opened:
    """Open a Welcome and check everything that it leads to.

    Args:
        suite: The cipher suite.
        welcome: What was received.
        known: What the client knows.
        tree: The encoded ratchet tree, where the Welcome does not carry it.
        lifetimes: How members' lifetimes are judged; None not at all.
        map: How to verify the members' signatures.

    Raises:
        InvalidError: A rule of section 12.4.3.1 is broken; a class for each.
        MalformedError: What decrypts does not parse.
        MissingTreeError: The tree is nowhere.
    """
    own = known.own
    secrets = decrypt_group_secrets(suite, welcome, own.key_package, own.init_key)
    check_resumption_count(secrets.psks)
    psks = psk_secret(suite, ((psk, known.psk_values(psk)) for psk in secrets.psks))
    info = decrypt_group_info(suite, welcome, secrets.joiner_secret, psks)
    context = info.group_context
    if context.group_id in known.groups:
        raise DuplicateGroupError("the client takes part in the group", group_id=context.group_id)
    mine = own.key_package.leaf_node.capabilities
    state = validated_info(suite, info, tree, lifetimes, map, mine, known.components)
    private = _private_tree(state.tree, own, secrets, info.signer)
    check_own_support(own.key_package.leaf_node, context.extensions, private.leaf)
    epoch_secrets = EpochSecrets.derive(suite, secrets.joiner_secret, psks, context)
    epoch_secrets.check_confirmation_tag(context.confirmed_transcript_hash, info.confirmation_tag)
    check_successor(state, secrets.psks, known)
    return Opened(info, secrets.psks, NewEpoch.opened(state, private, own.signer, epoch_secrets))


def tree_of(suite: Suite, info: GroupInfo, tree: bytes | None) -> RatchetTree:
    """Return the ratchet tree of a group info, or the one that came out of band.

    Raises:
        MissingTreeError: There is neither.
        MalformedError: It does not parse.
        InvalidError: It is no tree; see `mimi.tree.RatchetTree.of_nodes`.
    """
    encoded = find(info.extensions, ExtensionType.RATCHET_TREE)
    if encoded is None:
        encoded = tree
    if encoded is None:
        raise MissingTreeError("the group info has no ratchet tree, and the caller gave none")
    return RatchetTree.decode(suite, encoded)


def _private_tree(
    tree: RatchetTree, own: OwnKeyPackage, secrets: GroupSecrets, signer: LeafIndex
) -> PrivateTree:
    """Return the joiner's private keys.

    Raises:
        NotInTreeError: The tree does not hold the leaf of the key package.
        PrivateKeyError: The path secret is not that of the tree.
    """
    mine = own.key_package.leaf_node
    index = tree.index.leaf_with(mine.signature_key)
    if index is None or tree.leaf(index) != mine:
        raise NotInTreeError("the tree does not hold the leaf of the key package")
    private = PrivateTree.of_leaf(index, own.encryption_key)
    if secrets.path_secret is None:
        return private
    shared = math.common_ancestor(math.node_of(index), math.node_of(signer))
    return private.with_path_secret(tree, shared, secrets.path_secret.path_secret)


# Successors and branches (sections 11.2 and 11.3)


def is_founding(psk: PreSharedKeyID) -> bool:
    """Return whether a pre-shared key founds a successor or a branch."""
    name = psk.psk
    return isinstance(name, ResumptionPSK) and name.usage is not ResumptionPSKUsage.APPLICATION


def check_resumption_count(psks: tuple[PreSharedKeyID, ...]) -> None:
    """Check that at most one resumption PSK is for reinitialisation or branching.

    Raises:
        ResumptionPSKCountError: More are.
    """
    count = sum(map(is_founding, psks))
    if count > 1:
        raise ResumptionPSKCountError(f"{count} resumption PSKs for reinitialisation or branching")


def check_successor(state: PublicState, psks: tuple[PreSharedKeyID, ...], known: Known) -> None:
    """Check a group that follows from another, or says so (section 12.4.3.1, at the end).

    Raises:
        SuccessorEpochError: Its epoch is not 1.
        ReInitMismatchError: It is not what the ReInit of the old group announced, or takes the
            place of the announced group without that group's resumption PSK.
        BranchMismatchError: It has another cipher suite than the old group.
        SuccessorMembersError: Its members are not the right ones.
    """
    founding = next((psk.psk for psk in psks if is_founding(psk)), None)
    if not isinstance(founding, ResumptionPSK):
        for old in known.groups.values():
            if old.reinit is not None and old.reinit.group_id == state.context.group_id:
                raise ReInitMismatchError("the announced group without the old group's PSK")
        return
    if state.context.epoch != 1:
        raise SuccessorEpochError(f"a successor or branch of epoch {state.context.epoch}, not 1")
    old_state = known.groups.get(founding.psk_group_id)
    if old_state is None:
        raise SuccessorMembersError("the old group is not among those that the client knows")
    if founding.usage is ResumptionPSKUsage.REINIT:
        _check_reinit(state, old_state, founding)
        check_members(old_state.tree, state.tree, known.same_client)
        return
    if old_state.context.cipher_suite != state.context.cipher_suite:
        raise BranchMismatchError("a branch has the cipher suite of the group it branches from")
    check_members(state.tree, old_state.tree, known.same_client)


def _check_reinit(state: PublicState, old: PublicState, name: ResumptionPSK) -> None:
    announced = old.reinit
    if announced is None or name.psk_epoch != old.context.epoch:
        raise ReInitMismatchError("the last commit of the old group has no ReInit")
    context = state.context
    found = (context.group_id, context.version, context.cipher_suite, context.extensions)
    wanted = (
        announced.group_id,
        announced.version,
        announced.cipher_suite,
        announced.extensions,
    )
    if found != wanted:
        raise ReInitMismatchError("the successor is not the group that the ReInit announced")


def check_members(few: RatchetTree, many: RatchetTree, same: SameClient) -> None:
    """Check that all clients of one tree are in another, according to the application.

    Raises:
        SuccessorMembersError: One is not; names its leaf in *few*.
    """
    others = [leaf.credential for _, leaf in many.members()]
    exact = set(others)
    for index, leaf in few.members():
        mine = leaf.credential
        if mine not in exact and not any(same(mine, other) for other in others):
            raise SuccessorMembersError(f"leaf {index} has no match in the other group", leaf=index)


def validated_info(
    suite: Suite,
    info: GroupInfo,
    tree: bytes | None,
    lifetimes: LifetimePolicy | None,
    map: Map = map,  # noqa: A002 - it stands for the built-in function
    capabilities: Capabilities | None = None,
    components: Components = NO_COMPONENTS,
) -> PublicState:
    """Return the public state of a group info that is checked in full, but for its tag.

    Raises:
        InvalidError: The tree or the signature is invalid, a member lacks what the group requires,
            or a component refuses what the group says; a class for each rule.
        MalformedError: The tree does not parse, or an extension of the group context.
        MissingTreeError: The tree is nowhere.
    """
    ratchet_tree = tree_of(suite, info, tree)
    check_group_info(ratchet_tree, info)
    context = info.group_context
    external_senders(context.extensions)  # or every later look at them would fail
    source_domains(context.extensions)
    check_external_receivers(suite, context.extensions)
    validate_tree(
        ratchet_tree,
        context.group_id,
        context.extensions,
        tree_hash=None,
        lifetimes=lifetimes,
        capabilities=capabilities,
        map=map,
    )
    check_negotiated(ratchet_tree.members(), context.extensions)
    check_group_data(context.extensions, components)
    state = next_state(context, ratchet_tree, info.confirmation_tag)
    check_group(state, components)
    return state
