"""What people support who are not all the same, and whether somebody fits into a group.

`misfit` says again, in the simplest way, what the drafts say on who can be a member.
"""

from collections.abc import Collection
from functools import cache

import attrs
from mls.polls import FORMAT, MARKDOWN, NOTES, PLAIN, POLL, UNHEARD_OF, Notes, Poll

from mimi.crypto import CipherSuite, SeededEntropy, Suite, suite_of
from mimi.mls import ComponentID, Group, MediaType, WireFormat, agreement
from mimi.mls.appdata import Components
from mimi.mls.builtin import BUILT_IN
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    REQUIRED_WIRE_FORMATS,
    SELF_REMOVE,
    SUPPORTED_WIRE_FORMATS,
)
from mimi.mls.external_receivers import EXTERNAL_RECEIVERS, MLS_SEMIPRIVATE_MESSAGE
from mimi.mls.negotiation import (
    Needs,
    WireFormats,
    media_types,
)
from mimi.mls.tree_options import RATCHET_TREE_SOURCE_DOMAINS
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import Extensions, extension, required_capabilities
from mimi.tree.leaf import Capabilities, LeafNode
from mimi.tree.multicredential import (
    MULTI,
    WEAK_MULTI,
    MultiCredential,
    WeakMultiCredential,
    bindings_of,
    sign_binding,
)

SEMI = MLS_SEMIPRIVATE_MESSAGE
TOPIC = ExtensionType(0xF0E1)
RARE = ComponentID(0x8006)
"""A component that not everybody has."""

ED, P256 = suite_of(CipherSuite.X25519_AES128), suite_of(CipherSuite.P256_AES128)
"""The suites of the credentials in bindings."""

COMMON_COMPONENTS: Components = {POLL: Poll(), NOTES: Notes()}
COMPONENTS: Components = {**COMMON_COMPONENTS, RARE: Notes()}

EXTENSIONS = (
    TOPIC,
    APP_DATA_DICTIONARY,
    SUPPORTED_WIRE_FORMATS,
    REQUIRED_WIRE_FORMATS,
    EXTERNAL_RECEIVERS,
    RATCHET_TREE_SOURCE_DOMAINS,
)
PROPOSALS = (APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE)


@attrs.frozen
class Trait:
    """What somebody supports, and how they show who they are.

    Attributes:
        extensions: The types of extensions.
        proposals: The types of proposals.
        components: The components of the application that they have.
        wire_formats: Those beside RFC 9420's; None for a leaf that says nothing of components.
        media_types: The media types that they read.
        credentials: The types of credentials.
        suites: Cipher suites beside the group's, for bindings.
        shows: Whether their credential is one, several, or several of which some are understood.
        bound: The suites of its bindings.
    """

    extensions: tuple[ExtensionType, ...] = EXTENSIONS
    proposals: tuple[ProposalType, ...] = PROPOSALS
    components: Components = attrs.field(default=COMPONENTS, eq=False)
    wire_formats: tuple[WireFormat, ...] | None = (SEMI, FORMAT)
    media_types: tuple[MediaType, ...] = (PLAIN, MARKDOWN)
    credentials: tuple[CredentialType, ...] = (CredentialType.BASIC, MULTI, WEAK_MULTI)
    suites: tuple[Suite, ...] = (ED, P256)
    shows: type[Credential] = BasicCredential
    bound: tuple[Suite, ...] = (ED, P256)

    def capabilities(self, suite: CipherSuite) -> Capabilities:
        """Return what a leaf says that they support."""
        return Capabilities(
            cipher_suites=(suite, *(each.code for each in self.suites)),
            extensions=self.extensions,
            proposals=self.proposals,
            credentials=self.credentials,
        )

    @property
    def leaf_extensions(self) -> Extensions:
        """What a leaf says besides, with data of a component that nobody knows."""
        if self.wire_formats is None:
            return ()
        said = agreement(
            components=(*BUILT_IN, *self.components),
            safe_aad=self.components,
            media_types=self.media_types,
            data=[(UNHEARD_OF, b"what?")],
        )
        return said, extension(SUPPORTED_WIRE_FORMATS, WireFormats(self.wire_formats))

    def credential(self, name: str, key: bytes) -> Credential:
        """Return the credential of a name, for a leaf's signature key."""
        single = BasicCredential(name.encode())
        if self.shows is BasicCredential:
            return single
        bindings = []
        for suite in self.bound:
            entropy = SeededEntropy(name.encode()).fork(suite.code.name.encode())
            signer = suite.generate_signature_key(entropy)
            bindings.append(sign_binding(suite, single, signer, key))
        made: Credential = self.shows(tuple(bindings))
        return made


FULL = Trait()
TRAITS = {
    "all": FULL,
    "no rare component": Trait(components=COMMON_COMPONENTS),
    "no semi-private messages": Trait(wire_formats=(FORMAT,)),
    "no other wire format": Trait(wire_formats=(SEMI,)),
    "no SelfRemove": Trait(proposals=PROPOSALS[:2]),
    "plain text": Trait(media_types=(PLAIN,)),
    "one suite of bindings": Trait(suites=(ED,)),
    "single credentials": Trait(credentials=(CredentialType.BASIC,), suites=()),
    "RFC 9420": Trait((TOPIC,), (), {}, None, (), (CredentialType.BASIC,), ()),
    "several credentials": Trait(shows=MultiCredential),
    "several credentials of one suite": Trait(shows=MultiCredential, bound=(ED,)),
    "some credentials": Trait(shows=WeakMultiCredential),
}


# Whether somebody fits in


def misfit(trait: Trait, name: str, group: Group) -> str | None:
    """Return what keeps somebody from being added to a group; None for nothing."""
    reasons = {
        "extensions": _lacks_types(trait, group.extensions),
        "components": _lacks_components(trait, group.extensions),
        "media types": not set(media_types(group.extensions)) <= set(trait.media_types),
        "credentials": _strange(trait, name, group),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _lacks_types(trait: Trait, extensions: Extensions) -> bool:
    needs = required_capabilities(extensions)
    used = {each.extension_type for each in extensions} - {
        ExtensionType.EXTERNAL_SENDERS,
        ExtensionType.REQUIRED_CAPABILITIES,
    }
    return not (
        used | set(needs.extension_types) <= set(trait.extensions)
        and set(needs.proposal_types) <= set(trait.proposals)
    )


def _lacks_components(trait: Trait, extensions: Extensions) -> bool:
    needs = Needs.of_group(extensions)
    silent = trait.wire_formats is None
    components = set() if silent else {*BUILT_IN, *trait.components}
    return not (
        needs.components <= components
        and needs.safe_aad <= (set() if silent else set(trait.components))
        and needs.wire_formats <= set(trait.wire_formats or ())
    )


def are_readable(one: Trait, name: str, other: Trait, other_name: str) -> bool:
    """Return whether two people understand each other's credentials."""
    suite = CipherSuite(0xF0E1)
    return _understands(one.capabilities(suite), shown(other, other_name)) and _understands(
        other.capabilities(suite), shown(one, name)
    )


@cache
def shown(trait: Trait, name: str) -> Credential:
    """Return a credential of somebody, for any key."""
    return trait.credential(name, b"any")


def _strange(trait: Trait, name: str, group: Group) -> bool:
    """Return whether somebody and the members do not understand each other's credentials."""
    capabilities, own = trait.capabilities(group.suite.code), shown(trait, name)
    return any(
        not _understands(capabilities, member.leaf_node.credential)
        or not _understands(member.leaf_node.capabilities, own)
        for member in group.members
    )


def _understands(capabilities: Capabilities, credential: Credential) -> bool:
    if credential.tag not in capabilities.credentials:
        return False
    bound = [
        each.cipher_suite in capabilities.cipher_suites
        and each.credential.credential_type in capabilities.credentials
        for each in bindings_of(credential)
    ]
    if isinstance(credential, MultiCredential):
        return all(bound)
    return not bound or any(bound)


def all_have(group: Group, component: int) -> bool:
    """Return whether all members say that they have a component."""
    return all(component in _listed(member.leaf_node) for member in group.members)


def _listed(leaf: LeafNode) -> Collection[int]:
    return Needs.of_leaf(leaf.extensions).components


def all_take(group: Group, kind: ProposalType, *, but: int | None = None) -> bool:
    """Return whether all members support a type of proposal, but one who need not."""
    return all(
        kind in member.leaf_node.capabilities.proposals
        for member in group.members
        if member.leaf_index != but
    )
