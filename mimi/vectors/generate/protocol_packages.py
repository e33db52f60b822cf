"""Key packages of users."""

from typing import Any

from mimi.crypto import SeededEntropy, Suite
from mimi.mls.keypackage import KeyPackage, sign_key_package
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential
from mimi.tree.leaf import (
    Capabilities,
    KeyPackageSource,
    LeafNodeContent,
    Lifetime,
    sign_leaf,
)

NOW = 1_700_000_000
"""The present of these vectors, in seconds."""

DAY = 86_400


def device_of(user: str, name: str) -> str:
    """Return the URI of a user's client."""
    return f"{user.replace('/u/', '/d/')}/{name}"


def key_package(
    suite: Suite,
    entropy: SeededEntropy,
    user: str,
    name: str = "phone",
    *,
    lifetime: Lifetime | None = None,
    **capabilities: Any,
) -> KeyPackage:
    """Return a key package of a client, which is valid for a day from `NOW` on.

    Args:
        suite: The cipher suite.
        entropy: The source of all keys: the same for the same client, suite and lifetime.
        user: The user.
        name: The name of the client.
        lifetime: From when to when it is valid.
        capabilities: What the client supports besides.
    """
    valid = lifetime or Lifetime(NOW, NOW + DAY)
    own = entropy.fork(f"{user} {name} {suite.code} {valid}".encode())
    signer, init_key = suite.generate_signature_key(own), suite.generate_key_pair(own)
    supported = {"cipher_suites": (suite.code,), "credentials": (CredentialType.BASIC,)}
    content = LeafNodeContent(
        suite.generate_key_pair(own).public,
        signer.public,
        BasicCredential(device_of(user, name).encode()),
        Capabilities(**(supported | capabilities)),
        KeyPackageSource(valid),
        (),
    )
    return sign_key_package(suite, sign_leaf(suite, content, signer), init_key, signer, ())
