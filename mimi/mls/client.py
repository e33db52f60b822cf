"""A client: who one is, before and beside one's groups (RFC 9420 sections 10 and 11)."""

from collections.abc import Iterable, Mapping
from operator import eq
from typing import Self

import attrs

from mimi.codec import encode
from mimi.crypto import (
    CipherSuite,
    Entropy,
    Secret,
    SignaturePrivateKey,
    Suite,
    draw,
    os_entropy,
    suite_of,
)
from mimi.errors import UsageError
from mimi.mls.appdata import check_group, check_group_data
from mimi.mls.apply import check_epoch
from mimi.mls.components import (
    LAST_RESORT,
    ComponentID,
    check_dictionary,
    is_last_resort,
    with_components,
)
from mimi.mls.context import GroupContext
from mimi.mls.errors import NoSecretsError, UnknownPSKError, WelcomeSuiteError
from mimi.mls.external import (
    ExternalDraft,
    propose_own_addition,
    read_group_info,
)
from mimi.mls.grease import grease_extensions, grease_leaf
from mimi.mls.group import Group, read_key_package
from mimi.mls.join import (
    Known,
    OwnKeyPackage,
    SameClient,
    StagedJoin,
    open_welcome,
    read_welcome,
)
from mimi.mls.keypackage import key_package_ref, sign_key_package
from mimi.mls.member import NOTHING, MemberState, NewEpoch, stored_as
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import Needs
from mimi.mls.outside import Joining, join_by_commit
from mimi.mls.ownleaf import (
    advertising,
    check_own_capabilities,
    check_own_support,
    default_capabilities,
    listing,
)
from mimi.mls.proposal import Add, Proposal
from mimi.mls.psk import PSK, PreSharedKeyID, ResumptionPSK
from mimi.mls.rows import Changes
from mimi.mls.safe import ClientComponent
from mimi.mls.schedule import EpochSecrets
from mimi.mls.settings import Settings
from mimi.mls.snapshot_client import PARTS, ClientParts, client_changes, load_client
from mimi.mls.state import changed, next_state, quick, read_only
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNodeContent,
    Lifetime,
    LifetimePolicy,
    check_capabilities,
    sign_leaf,
)
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import verify_bindings
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import Map

DAY = 24 * 3600
DEFAULT_LIFETIME = 80 * DAY
"""How long a key package is valid, in seconds: less than the 84 days that others accept."""

CLOCK_SKEW = DAY
"""How long before its making a key package is valid, for those whose clocks are slow."""


@quick
@attrs.frozen(eq=False, repr=False)
class Client:
    """One client: a credential, a signature key, and the key packages that it has published.

    An immutable value as `Group` is: an operation returns the next one.

    Attributes:
        suite: The cipher suite of its keys; a client of several has one value for each.
        credential: What its leaves show.
        signer: Its signature key.
        capabilities: What it supports, without GREASE.
        leaf_extensions: The extensions of its leaves, without GREASE.
        settings: How it behaves in its groups.
        entropy: The source of randomness.
        key_packages: From references to the key packages that can still be used.
        psks: From the names of pre-shared keys to their values, for joining.
    """

    suite: Suite
    credential: Credential
    signer: SignaturePrivateKey
    capabilities: Capabilities
    leaf_extensions: Extensions
    settings: Settings
    entropy: Entropy
    key_packages: Mapping[bytes, OwnKeyPackage] = NOTHING
    psks: Mapping[PSK, Secret] = NOTHING

    def __repr__(self) -> str:
        return f"Client({self.credential!r}, {len(self.key_packages)} key packages)"

    @classmethod
    def create(
        cls,
        credential: Credential,
        suite: CipherSuite | Suite = CipherSuite.X25519_AES128,
        *,
        signer: SignaturePrivateKey | None = None,
        capabilities: Capabilities | None = None,
        leaf_extensions: Extensions = (),
        settings: Settings | None = None,
        entropy: Entropy = os_entropy,
    ) -> Self:
        """Return a new client.

        Args:
            credential: What its leaves show; for X.509, of the key of *signer*.
            suite: The cipher suite.
            signer: Its signature key; None for a fresh one.
            capabilities: What it supports; None for RFC 9420, and the dictionary with its
                proposals where *settings* have components of the application.
            leaf_extensions: The extensions of its leaves; their types are in *capabilities*.
            settings: How it behaves in its groups.
            entropy: The source of randomness.

        Raises:
            CapabilitiesError: The capabilities list what clients do not list.
        """
        if capabilities is not None:
            check_own_capabilities(capabilities)
        known = suite if isinstance(suite, Suite) else suite_of(suite)
        behaviour = settings or Settings()
        return cls(
            known,
            credential,
            signer or known.generate_signature_key(entropy),
            capabilities or default_capabilities(known.code, credential, behaviour.components),
            leaf_extensions,
            behaviour,
            entropy,
        )

    # Key packages (section 10)

    def key_package(
        self,
        *,
        now: int,
        lifetime: int = DEFAULT_LIFETIME,
        last_resort: bool = False,
        extensions: Extensions = (),
    ) -> tuple[Self, bytes]:
        """Make a key package.

        Args:
            now: Seconds since 1970-01-01T00:00Z.
            lifetime: How long it is valid from now on, in seconds.
            last_resort: Whether it may be used again when all others are used.
            extensions: Further extensions of the key package; its leaf says that the client
                supports them.

        Returns:
            The client, which holds the private keys, to be stored first; and the encoded
            MLSMessage.

        Raises:
            InvalidError: The client's leaf is at odds with itself: its capabilities lack its
                credential or an extension, or its certificate is for another key.
        """
        if lifetime <= 0:
            raise UsageError(f"a key package that is valid for {lifetime} seconds")
        init_key = self.suite.generate_key_pair(self.entropy)
        encryption_key = self.suite.generate_key_pair(self.entropy)
        if last_resort:
            extensions = with_components(extensions, LAST_RESORT)
        capabilities, leaf_extensions = self.capabilities, self.leaf_extensions
        carried, known = listing(capabilities, extensions), self.settings.components
        leaf_extensions = advertising(carried, leaf_extensions, known)
        check_dictionary(extensions)
        Needs.of_leaf(leaf_extensions)
        if self.settings.grease:
            extensions = grease_extensions(extensions, self.entropy)
            capabilities, leaf_extensions = grease_leaf(capabilities, leaf_extensions, self.entropy)
        capabilities = listing(capabilities, extensions)
        valid = KeyPackageSource(Lifetime(max(now - CLOCK_SKEW, 0), now + lifetime))
        content = LeafNodeContent(
            encryption_key.public,
            self.signer.public,
            self.credential,
            capabilities,
            valid,
            leaf_extensions,
        )
        leaf = sign_leaf(self.suite, content, self.signer)
        check_capabilities(self.suite, leaf)
        verify_bindings(leaf, None)
        package = sign_key_package(self.suite, leaf, init_key, self.signer, extensions)
        own = OwnKeyPackage(package, init_key, encryption_key, self.signer)
        return self.with_key_package(own), encode(MLSMessage(package))

    def with_key_package(self, own: OwnKeyPackage) -> Self:
        """Return the client with a key package that was made before, or elsewhere.

        Raises:
            UsageError: The private keys are not those of the key package.
        """
        package = own.key_package
        keys = (own.init_key.public, own.encryption_key.public, own.signer.public)
        leaf = package.leaf_node
        if keys != (package.init_key, leaf.encryption_key, leaf.signature_key):
            raise UsageError("the private keys are not those of the key package")
        reference = key_package_ref(self.suite, package)
        return changed(self, key_packages=read_only({**self.key_packages, reference: own}))

    def without_expired(self, *, now: int) -> Self:
        """Return the client without the key packages that are valid no longer."""
        client = self
        for reference, own in self.key_packages.items():
            source = own.key_package.leaf_node.leaf_node_source
            if isinstance(source, KeyPackageSource) and source.lifetime.not_after < now:
                client = client.without_key_package(reference)
        return client

    def without_key_package(self, reference: bytes) -> Self:
        """Return the client without a key package, by its KeyPackageRef: withdrawn, or expired."""
        rest = {at: own for at, own in self.key_packages.items() if at != reference}
        return changed(self, key_packages=read_only(rest))

    def with_psk(self, psk: PSK, value: Secret) -> Self:
        """Return the client with a pre-shared key, which each group gets that it makes or joins."""
        return changed(self, psks=read_only({**self.psks, stored_as(psk): value}))

    def without_psk(self, psk: PSK) -> Self:
        """Return the client without a pre-shared key; groups have copies of their own."""
        rest = {at: value for at, value in self.psks.items() if at != stored_as(psk)}
        return changed(self, psks=read_only(rest))

    def component(self, component_id: int) -> ClientComponent:
        """Return what a component can do with one's keys (draft-ietf-mls-extensions-10 section 4).

        Raises:
            UsageError: *component_id* is no number of 16 bits.
        """
        component = ComponentID(component_id)
        return ClientComponent(component, self.suite, self.signer, self.key_packages, self.entropy)

    # Groups (section 11)

    def create_group(
        self,
        group_id: bytes | None = None,
        *,
        now: int,
        extensions: Extensions = (),
        lifetime: int = DEFAULT_LIFETIME,
    ) -> Group:
        """Create a group of one.

        Args:
            group_id: Its identifier; None for Nh random octets.
            now: Seconds since 1970-01-01T00:00Z.
            extensions: Those of the group context.
            lifetime: Of the creator's leaf, in seconds.

        Raises:
            InvalidError: The client itself does not support what the group requires.
        """
        suite = self.suite
        fresh, wire = self.key_package(now=now, lifetime=lifetime)
        package = read_key_package(wire)
        own = fresh.key_packages[key_package_ref(suite, package)]
        tree = RatchetTree.of_leaf(suite, package.leaf_node)
        check_epoch(tree, extensions, sending=True)
        check_group_data(extensions, self.settings.components)
        check_own_support(package.leaf_node, extensions, LeafIndex(0))
        if group_id is None:
            group_id = draw(self.entropy, suite.nh)
        context = GroupContext(suite.code, group_id, 0, tree.tree_hash, b"", extensions)
        secrets = EpochSecrets.of_epoch_secret(suite, Secret(draw(self.entropy, suite.nh)))
        state = next_state(context, tree, secrets.confirmation_tag(b""))
        check_group(state, self.settings.components, founded=True)
        private = PrivateTree.of_leaf(LeafIndex(0), own.encryption_key)
        epoch = NewEpoch.opened(state, private, self.signer, secrets)
        return Group.of_epoch(epoch, self.settings, self.entropy, self.psks)

    def join(
        self,
        welcome: bytes,
        *,
        now: int,
        tree: bytes | None = None,
        groups: Iterable[MemberState] = (),
        same_client: SameClient = eq,
        map: Map = map,  # noqa: A002 - it stands for the built-in function
    ) -> StagedJoin[Self, Group]:
        """Open a Welcome; nothing happens until it is accepted (section 12.4.3.1).

        Args:
            welcome: The encoded MLSMessage.
            now: Seconds since 1970-01-01T00:00Z.
            tree: The encoded ratchet tree, where the Welcome does not carry it.
            groups: The groups that the client takes part in, and those whose resumption PSKs
                may be asked for.
            same_client: How members of a successor are compared with those of the old group.
            map: How to verify the members' signatures: an executor's ``map`` uses threads.

        Raises:
            InvalidError: A rule is broken; a class for each.
            MalformedError: It does not parse.
            MissingTreeError: The tree is nowhere.
        """
        message = read_welcome(welcome)
        known_groups = {group.context.group_id: group for group in groups}
        reference = next(
            (
                entry.new_member
                for entry in message.secrets
                if entry.new_member in self.key_packages
            ),
            None,
        )
        if reference is None:
            raise NoSecretsError("the Welcome holds nothing for any key package of the client")
        own = self.key_packages[reference]

        def value(psk: PreSharedKeyID) -> Secret:
            return self.psk_value(psk.psk, known_groups)

        states = {at: group.state for at, group in known_groups.items() if not group.removed}
        known = Known(own, value, states, same_client, self.settings.components)
        lifetimes = None
        if self.settings.member_lifetimes:
            lifetimes = LifetimePolicy(now, self.settings.maximum_lifetime)
        opened = open_welcome(self.suite, message, known, tree, lifetimes, map)
        kept = is_last_resort(own.key_package.extensions)

        def accept(present: Self | None) -> tuple[Self, Group]:
            client = self if present is None else present
            group = Group.of_epoch(opened.epoch, client.settings, client.entropy, client.psks)
            return client if kept else client.without_key_package(reference), group

        return StagedJoin(
            opened.epoch.state,
            opened.epoch.private.leaf,
            opened.group_info.extensions,
            opened.group_info.signer,
            opened.psks,
            accept,
        )

    def psk_value(self, psk: PSK, groups: Mapping[bytes, MemberState]) -> Secret:
        """Return the value of a pre-shared key: the client's own, or one of *groups*.

        Raises:
            UnknownPSKError: Nobody has it.
        """
        if isinstance(psk, ResumptionPSK) and psk.psk_group_id in groups:
            return groups[psk.psk_group_id].psk_value(psk)
        value = self.psks.get(stored_as(psk))
        if value is None:
            raise UnknownPSKError(f"{psk} is not known", psk=psk)
        return value

    def join_externally(  # noqa: PLR0913 - each argument is one thing that a joiner can do
        self,
        group_info: bytes,
        *,
        now: int,
        tree: bytes | None = None,
        resync: LeafIndex | None = None,
        pending: Iterable[bytes] = (),
        psks: Iterable[PSK] = (),
        proposals: Iterable[Proposal] = (),
        groups: Iterable[MemberState] = (),
        aad: bytes = b"",
        map: Map = map,  # noqa: A002 - it stands for the built-in function
    ) -> ExternalDraft[Group]:
        """Draft a commit by which the client joins (section 12.4.3.2).

        Args:
            group_info: The encoded MLSMessage.
            now: Seconds since 1970-01-01T00:00Z.
            tree: The encoded ratchet tree, where the group info does not carry it.
            resync: The leaf that the client had before, which the commit removes.
            pending: The encoded SelfRemove proposals of members, which the commit must cover.
            psks: Pre-shared keys to bring in.
            proposals: Any `AppDataUpdate` and `AppEphemeral` that the commit carries as well.
            groups: The groups that the client takes part in, and those whose resumption PSKs
                are asked for.
            aad: Authenticated data.
            map: How to verify the members' signatures.

        Raises:
            InvalidError: A rule is broken; a class for each.
            MalformedError: It does not parse.
            MissingTreeError: The tree is nowhere.
        """
        info = read_group_info(group_info)
        self._check_suite(info.group_context)
        known = {group.context.group_id: group for group in groups}
        lists = tuple(pending), tuple(psks), tuple(proposals)
        how = Joining(now, tree, resync, *lists, known, aad, map)
        return join_by_commit(self, info, how)

    def propose_joining(
        self,
        group_info: bytes,
        *,
        now: int,
        lifetime: int = DEFAULT_LIFETIME,
        aad: bytes = b"",
    ) -> tuple[Self, bytes]:
        """Propose, from outside, that the client be added (section 12.1.8).

        Args:
            group_info: The encoded MLSMessage.
            now: Seconds since 1970-01-01T00:00Z.
            lifetime: Of the key package in the proposal, in seconds.
            aad: Authenticated data.

        Returns:
            The client with the key package of the proposal, to be stored first; and the encoded
            MLSMessage.

        Raises:
            MalformedError: The group info does not parse.
            UnexpectedMessageError: It is another message.
            WelcomeSuiteError: The group has another cipher suite.
        """
        info = read_group_info(group_info)
        self._check_suite(info.group_context)
        client, wire = self.key_package(now=now, lifetime=lifetime)
        add = Add(read_key_package(wire))
        return client, propose_own_addition(info.group_context, add, self.signer, aad)

    def _check_suite(self, context: GroupContext) -> None:
        if context.cipher_suite != self.suite.code:
            raise WelcomeSuiteError(f"a group info for {context.cipher_suite}")

    # Storing

    def save(self) -> dict[str, bytes]:
        """Return the client in rows, by their names; they hold its private keys in the clear."""
        return dict(client_changes(self._parts()).written)

    def changes_since(self, before: "Client") -> Changes:
        """Return what to do with the rows of an earlier value to have the rows of this one.

        Args:
            before: The value whose rows are stored.
        """
        return client_changes(self._parts(), before._parts())

    @classmethod
    def load(
        cls,
        rows: Mapping[str, bytes],
        *,
        entropy: Entropy = os_entropy,
        settings: Settings,
    ) -> Self:
        """Return the client of stored rows.

        Args:
            rows: All rows of the client, and no others.
            entropy: The source of randomness.
            settings: How it behaves in its groups; not among the rows.

        Raises:
            NewerSnapshotError: A row has a version that is not known here.
            DamagedSnapshotError: The rows are not what was stored; names the row.
        """
        parts = attrs.asdict(load_client(rows), recurse=False)
        return cls(settings=settings, entropy=entropy, **parts)

    def _parts(self) -> ClientParts:
        return ClientParts(**{part: getattr(self, part) for part in PARTS})
