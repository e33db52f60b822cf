"""How a member's own leaf comes about and changes (RFC 9420 sections 7.2 and 13.5)."""

from collections.abc import Iterable

import attrs

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, Entropy, SignaturePrivateKey
from mimi.errors import UsageError
from mimi.mls.appdata import Components
from mimi.mls.builtin import BUILT_IN
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    SELF_REMOVE,
    ComponentID,
    component_of,
    with_components,
)
from mimi.mls.errors import CapabilitiesError
from mimi.mls.grease import grease_leaf, without_grease
from mimi.mls.negotiation import ComponentsList
from mimi.tree.codepoints import DEFAULT_EXTENSIONS, DEFAULT_PROPOSALS
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    Capabilities,
    CommitSource,
    GroupNeeds,
    LeafNode,
    LeafNodeContent,
    check_group_needs,
)
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import bindings_of


@attrs.frozen(repr=False)
class LeafChange:
    """What a member's leaf shall say from now on; what is None stays.

    Attributes:
        credential: The credential.
        signer: The signature key; the public half goes into the leaf.
        capabilities: What the client supports, without GREASE.
        extensions: The leaf's extensions, without GREASE.
    """

    credential: Credential | None = None
    signer: SignaturePrivateKey | None = None
    capabilities: Capabilities | None = None
    extensions: Extensions | None = None

    def __repr__(self) -> str:
        changed = [
            name
            for name in ("credential", "signer", "capabilities", "extensions")
            if getattr(self, name) is not None
        ]
        return f"LeafChange({', '.join(changed) or 'nothing'})"

    def of(
        self, leaf: LeafNode, entropy: Entropy | None, components: Iterable[int] = ()
    ) -> LeafNodeContent:
        """Return what the new leaf says; encryption key and source are for others to set.

        Args:
            leaf: The present leaf.
            entropy: The source of GREASE for new lists; None for none.
            components: Those that the application knows.

        Raises:
            CapabilitiesError: The capabilities list what clients do not list.
            UsageError: Capabilities change without extensions, or the other way round, although
                the present ones hold GREASE values that belong together.
        """
        capabilities, extensions = self.capabilities, self.extensions
        if capabilities is not None:
            check_own_capabilities(capabilities)
        if (capabilities is None) != (extensions is None):
            raise UsageError("capabilities and extensions change together")
        if capabilities is None or extensions is None:
            capabilities, extensions = leaf.capabilities, leaf.extensions
        else:
            extensions = advertising(capabilities, extensions, components)
        if self.extensions is not None and entropy is not None:
            capabilities, extensions = grease_leaf(capabilities, extensions, entropy)
        return LeafNodeContent(
            leaf.encryption_key,
            leaf.signature_key if self.signer is None else self.signer.public,
            leaf.credential if self.credential is None else self.credential,
            capabilities,
            leaf.leaf_node_source,
            extensions,
        )


UNCHANGED = LeafChange()


def new_leaf(
    credential: Credential,
    signer: SignaturePrivateKey,
    capabilities: Capabilities,
    extensions: Extensions,
    entropy: Entropy | None,
) -> LeafNodeContent:
    """Return what the leaf of a joiner says; encryption key and source are for others to set."""
    if entropy is not None:
        capabilities, extensions = grease_leaf(capabilities, extensions, entropy)
    return LeafNodeContent(
        b"", signer.public, credential, capabilities, CommitSource(b""), extensions
    )


def check_own_capabilities(capabilities: Capabilities) -> None:
    """Check what an application says that its client supports (sections 7.2 and 13.5).

    Raises:
        CapabilitiesError: A default type is listed, or a GREASE value.
    """
    extensions = DEFAULT_EXTENSIONS.intersection(capabilities.extensions)
    for kind in (*extensions, *DEFAULT_PROPOSALS.intersection(capabilities.proposals)):
        raise CapabilitiesError(f"{kind!r} is supported by everybody, and not listed", listed=kind)
    if without_grease(capabilities) != capabilities:
        raise CapabilitiesError("GREASE values are for the library to add, and not supported")


def check_own_support(leaf: LeafNode, extensions: Extensions, index: LeafIndex) -> None:
    """Check that this client itself supports what a group uses and requires (section 13.5).

    The GREASE values that it sent in its leaf are no support, whoever else sent the same.

    Raises:
        RequiredCapabilityError: It lacks something required.
        UnsupportedExtensionError: It does not support an extension in use.
    """
    needs = GroupNeeds.of(extensions)
    if needs:
        real = replace(leaf, capabilities=without_grease(leaf.capabilities))
        check_group_needs(real, needs, index)


def advertising(
    capabilities: Capabilities, extensions: Extensions, components: Iterable[int]
) -> Extensions:
    """Return the extensions of a leaf, which say what components its client knows.

    Whoever supports ``app_data_dictionary`` must say so (draft-ietf-mls-extensions-10 section
    4.6). Where the application says it itself, nothing is added.

    Args:
        capabilities: What the client supports.
        extensions: Those of the leaf so far.
        components: Those that the application knows.
    """
    if APP_DATA_DICTIONARY not in capabilities.extensions:
        return extensions
    if component_of(extensions, ComponentID.APP_COMPONENTS) is not None:
        return extensions
    listed = tuple(map(ComponentID, sorted(components)))
    return with_components(extensions, {ComponentID.APP_COMPONENTS: encode(ComponentsList(listed))})


def listing(capabilities: Capabilities, extensions: Extensions) -> Capabilities:
    """Return capabilities that list the types of a key package's extensions (section 10)."""
    carried = (extension.extension_type for extension in extensions)
    missing = (kind for kind in carried if kind not in DEFAULT_EXTENSIONS)
    known = capabilities.extensions
    return replace(
        capabilities, extensions=(*known, *(kind for kind in missing if kind not in known))
    )


def default_capabilities(
    suite: CipherSuite, credential: Credential, components: Components = BUILT_IN
) -> Capabilities:
    """Return the capabilities of a client that supports RFC 9420 and its own credential.

    Where the application has components of its own, it supports what they need, too: the
    dictionary, and the proposals of draft-ietf-mls-extensions-10.
    """
    suites, types = {suite: None}, {credential.tag: None}
    for binding in bindings_of(credential):
        suites[binding.cipher_suite] = None
        types[binding.credential.credential_type] = None
    real = Capabilities(cipher_suites=tuple(suites), credentials=tuple(types))
    if dict(components) == dict(BUILT_IN):
        return real
    proposals = (APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE)
    return replace(real, extensions=(APP_DATA_DICTIONARY,), proposals=proposals)
