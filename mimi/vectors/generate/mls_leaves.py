"""Leaves of members by themselves, and what they support."""

from mimi.crypto import CipherSuite, Entropy, SignaturePrivateKey, Suite
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    REQUIRED_WIRE_FORMATS,
    SELF_REMOVE,
    SUPPORTED_WIRE_FORMATS,
)
from mimi.mls.external_receivers import EXTERNAL_RECEIVERS
from mimi.mls.tree_options import RATCHET_TREE_SOURCE_DOMAINS
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNode,
    LeafNodeContent,
    sign_leaf,
)
from mimi.vectors.generate.clients import ALWAYS

EXTENSIONS = (
    APP_DATA_DICTIONARY,
    SUPPORTED_WIRE_FORMATS,
    REQUIRED_WIRE_FORMATS,
    EXTERNAL_RECEIVERS,
    RATCHET_TREE_SOURCE_DOMAINS,
)
PROPOSALS = (APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE)


def all_capabilities(
    *suites: CipherSuite, credentials: tuple[CredentialType, ...] = (CredentialType.BASIC,)
) -> Capabilities:
    """Return the capabilities of somebody who supports all that the drafts define."""
    return Capabilities(
        cipher_suites=suites,
        extensions=EXTENSIONS,
        proposals=PROPOSALS,
        credentials=credentials,
    )


def signed_leaf(
    suite: Suite,
    entropy: Entropy,
    extensions: Extensions = (),
    *,
    credential: Credential | None = None,
    capabilities: Capabilities | None = None,
    signer: SignaturePrivateKey | None = None,
) -> tuple[LeafNode, SignaturePrivateKey]:
    """Return the leaf of a key package, and its signature key.

    Args:
        suite: The cipher suite.
        entropy: The source of its keys.
        extensions: What it says besides.
        credential: Who it is.
        capabilities: What it supports; None for all that the drafts define.
        signer: Its signature key; None for a fresh one.
    """
    signer = signer or suite.generate_signature_key(entropy)
    content = LeafNodeContent(
        suite.generate_key_pair(entropy).public,
        signer.public,
        credential or BasicCredential(b"mimi://a.example/d/alice"),
        capabilities or all_capabilities(suite.code),
        KeyPackageSource(ALWAYS),
        extensions,
    )
    return sign_leaf(suite, content, signer), signer
