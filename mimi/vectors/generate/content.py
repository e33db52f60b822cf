"""What messages carry: proposals of every kind, and commits."""

from collections.abc import Iterator
from enum import Enum

import attrs

from mimi.crypto import Entropy, Suite, draw
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.proposal import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from mimi.mls.psk import PSK, ExternalPSK, PreSharedKeyID, ResumptionPSK
from mimi.tree.codepoints import (
    DEFAULT_EXTENSIONS,
    DEFAULT_PROPOSALS,
    CredentialType,
    ExtensionType,
    ProtocolVersion,
)
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.clients import BARE, FULL, ORDINARY, Profile, credential_of
from mimi.vectors.generate.group import Group
from mimi.vectors.generate.written import below

UINT32_MAX = (1 << 32) - 1
UINT64_MAX = (1 << 64) - 1

EMPTY_COMMIT = Commit((), None)


class Flavour(Enum):
    """What structures are filled with: the ordinary, as little as possible, or all there is."""

    PLAIN = ORDINARY
    BARE = BARE
    FULL = FULL

    @property
    def profile(self) -> Profile:
        """What clients say of themselves."""
        return self.value


@attrs.frozen
class Contents:
    """Proposals and commits of one flavour, in and for a group."""

    group: Group
    flavour: Flavour

    @property
    def suite(self) -> Suite:
        """The group's cipher suite."""
        return self.group.suite

    @property
    def entropy(self) -> Entropy:
        """The group's source of randomness."""
        return self.group.entropy

    def add(self) -> Add:
        """Return the addition of a new client."""
        return Add(self.group.client(self.flavour.profile).key_package)

    def update(self, sender: int) -> Update:
        """Return a new leaf for a member."""
        return Update(self.group.updated_leaf(sender)[0])

    def remove(self) -> Remove:
        """Return a removal: of the greatest leaf there can be, in the full flavour."""
        removed = {Flavour.PLAIN: 1, Flavour.BARE: 0, Flavour.FULL: UINT32_MAX}
        return Remove(LeafIndex(removed[self.flavour]))

    def psk_ids(self) -> tuple[PreSharedKeyID, ...]:
        """Return names of pre-shared keys: of every sort, in the full flavour."""
        psks: tuple[PSK, ...] = (ExternalPSK(draw(self.entropy, 20)),)
        if self.flavour is Flavour.BARE:
            psks = (ExternalPSK(b""),)
        if self.flavour is Flavour.FULL:
            group_id = draw(self.entropy, 80)
            psks += tuple(
                ResumptionPSK(usage, group_id, UINT64_MAX) for usage in ResumptionPSKUsage
            )
        return tuple(PreSharedKeyID(psk, draw(self.entropy, self.suite.nh)) for psk in psks)

    def psk(self) -> PreSharedKey:
        """Return a pre-shared key: a resumption PSK of any use, in the full flavour."""
        psk_ids = self.psk_ids()[self.flavour is Flavour.FULL :]
        return PreSharedKey(psk_ids[below(self.entropy, len(psk_ids))])

    def reinit(self) -> ReInit:
        """Return the end of the group."""
        group_id = b"" if self.flavour is Flavour.BARE else draw(self.entropy, 80)
        return ReInit(
            group_id, ProtocolVersion.MLS10, self.suite.code, self.context_extensions()[:1]
        )

    def external_init(self) -> ExternalInit:
        """Return the init secret of a joiner, for a group with a random key."""
        public = self.suite.generate_key_pair(self.entropy).public
        return ExternalInit(self.suite.send_external_init(public, self.entropy)[0])

    def group_context_extensions(self) -> GroupContextExtensions:
        """Return new extensions for the group."""
        return GroupContextExtensions(self.context_extensions())

    def context_extensions(self) -> Extensions:
        """Return extensions that a group context may have; never GREASE (section 13.5)."""
        if self.flavour is Flavour.BARE:
            return ()
        required = RequiredCapabilities(credential_types=(CredentialType.BASIC,))
        profile = self.flavour.profile
        if self.flavour is Flavour.FULL:
            extensions, proposals = sorted(DEFAULT_EXTENSIONS), sorted(DEFAULT_PROPOSALS)
            credentials = CredentialType.BASIC, CredentialType.X509
            required = RequiredCapabilities(tuple(extensions), tuple(proposals), credentials)
        return (
            extension(ExtensionType.REQUIRED_CAPABILITIES, required),
            extension(ExtensionType.EXTERNAL_SENDERS, (self._sender(profile),), ExternalSenders),
        )

    def _sender(self, profile: Profile) -> ExternalSender:
        key = self.suite.generate_signature_key(self.entropy)
        credential = credential_of(self.suite, self.entropy, key, 100, profile)
        return ExternalSender(key.public, credential)

    def members_proposals(self, sender: int) -> Iterator[Proposal]:
        """Yield one proposal of every type that a member may send, in the order of the types."""
        yield self.add()
        yield self.update(sender)
        yield self.remove()
        yield self.psk()
        yield self.reinit()
        yield self.group_context_extensions()

    def commit(self, sender: int) -> Commit:
        """Return a commit: empty, or with two references and a path, or with all there is.

        The full one is valid in no group: a reinitialisation stands alone, and a committer does
        not update itself.
        """
        if self.flavour is Flavour.BARE:
            return EMPTY_COMMIT
        references = tuple(draw(self.entropy, self.suite.nh) for _ in range(2))
        values: tuple[Proposal, ...] = (self.psk(),)
        if self.flavour is Flavour.FULL:
            values = (*self.members_proposals(sender), self.external_init())
        mixed: tuple[Proposal | bytes, ...] = (references[0], *values, references[1])
        return Commit(mixed, self.group.path(sender).update_path)

    def external_commit(self, joiner: int) -> Commit:
        """Return the commit of a member that is new, or has lost its state."""
        return Commit((self.external_init(), self.psk()), self.group.path(joiner).update_path)
