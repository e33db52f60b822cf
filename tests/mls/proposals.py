"""Proposals of an attacker's making, each signed as it should be, whatever it says."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from mls.victims import BASE, BLANK, MALLORY, client, offer, scene
from tree.certificates import certificate
from tree.members import SUITE, content_of

from mimi.codec import encode
from mimi.crypto import SeededEntropy, SignaturePrivateKey
from mimi.mls.codepoints import ResumptionPSKUsage
from mimi.mls.keypackage import KeyPackage, KeyPackageTBS
from mimi.mls.proposal import PreSharedKey, ReInit
from mimi.mls.psk import ExternalPSK, PreSharedKeyID, ResumptionPSK
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.credential import X509Credential
from mimi.tree.leaf import KeyPackageSource, LeafNode, Lifetime, UpdateSource, sign_leaf
from mimi.tree.math import LeafIndex

GRACE = offer("Grace")
GRACES_KEY = client("Grace").signer
FRESH = SUITE.generate_key_pair(SeededEntropy(b"fresh"))
REINIT = ReInit(b"next", ProtocolVersion.MLS10, SUITE.code, ())


def packed(leaf: LeafNode, signer: SignaturePrivateKey = GRACES_KEY, **changes: Any) -> KeyPackage:
    """Return a key package of any parts, signed."""
    parts = {
        "version": ProtocolVersion.MLS10,
        "cipher_suite": SUITE.code,
        "init_key": GRACE.init_key,
        "leaf_node": leaf,
        "extensions": (),
    }
    tbs = KeyPackageTBS(**parts | changes)
    fields = (tbs.version, tbs.cipher_suite, tbs.init_key, tbs.leaf_node, tbs.extensions)
    return KeyPackage(*fields, SUITE.sign_with_label(signer, b"KeyPackageTBS", encode(tbs)))


def graces(**changes: Any) -> LeafNode:
    """Return Grace's leaf with changes, signed."""
    content = content_of(GRACE.leaf_node, **changes)
    return sign_leaf(SUITE, content, GRACES_KEY, b"victims", BLANK)


def certified() -> KeyPackage:
    """Return Grace's key package with a certificate as its credential."""
    public = ed25519.Ed25519PublicKey.from_public_bytes(GRACES_KEY.public)
    return packed(graces(credential=X509Credential((certificate(public),)), capabilities=BASE))


def lasting(start: int, end: int) -> KeyPackageSource:
    return KeyPackageSource(Lifetime(start, end))


def psk(nonce: int = SUITE.nh, name: Any = None) -> PreSharedKey:
    """Return a PreSharedKey whose nonce has a length."""
    return PreSharedKey(PreSharedKeyID(name or ExternalPSK(b"psk"), bytes(nonce)))


def resumption(usage: ResumptionPSKUsage) -> ResumptionPSK:
    """Return the name of the present epoch's resumption PSK."""
    return ResumptionPSK(usage, b"victims", scene().alice.epoch)


def updated(
    leaf: LeafIndex = MALLORY,
    group_id: bytes = b"victims",
    signer: SignaturePrivateKey | None = None,
    **changes: Any,
) -> LeafNode:
    """Return Mallory's leaf as an Update may bring it, with changes, signed for a place."""
    mine, signer = scene().mallory, signer or scene().mallory.signer
    parts = {
        "encryption_key": FRESH.public,
        "leaf_node_source": UpdateSource(),
        "signature_key": signer.public,
    }
    content = content_of(mine.leaf_node, **parts | changes)
    return sign_leaf(SUITE, content, signer, group_id, leaf)
