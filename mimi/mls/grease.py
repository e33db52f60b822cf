"""Random values where receivers must ignore what they do not know (RFC 9420 section 13.5).

What a client supports is a list without them; they join the list when it is sent.
"""

from typing import TypeVar

from mimi.codec import GREASE_VALUES, is_grease, replace
from mimi.crypto import CipherSuite, Entropy, draw
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.extension import Extension, Extensions
from mimi.tree.leaf import Capabilities

T = TypeVar("T")
P = TypeVar("P", bound=int)


def grease_value(entropy: Entropy) -> int:
    """Return one of the reserved values."""
    return GREASE_VALUES[draw(entropy, 1)[0] % len(GREASE_VALUES)]


def without_grease(capabilities: Capabilities) -> Capabilities:
    """Return what a client supports, without the random values that it sent."""
    return replace(
        capabilities,
        cipher_suites=_real(capabilities.cipher_suites),
        extensions=_real(capabilities.extensions),
        proposals=_real(capabilities.proposals),
        credentials=_real(capabilities.credentials),
    )


def _real(listed: tuple[P, ...]) -> tuple[P, ...]:
    return tuple(kind for kind in listed if not is_grease(kind))


def _inserted(items: tuple[T, ...], item: T, entropy: Entropy) -> tuple[T, ...]:
    """Return *items* with another at a random place."""
    at = draw(entropy, 1)[0] % (len(items) + 1)
    return (*items[:at], item, *items[at:])


def grease_extensions(extensions: Extensions, entropy: Entropy) -> Extensions:
    """Return the extensions of a key package or a group info with a random one, of random size."""
    kind = ExtensionType(grease_value(entropy))
    if any(extension.extension_type == kind for extension in extensions):
        return extensions
    content = draw(entropy, draw(entropy, 1)[0] % 16)
    return _inserted(extensions, Extension(kind, content), entropy)


def grease_leaf(
    capabilities: Capabilities, extensions: Extensions, entropy: Entropy
) -> tuple[Capabilities, Extensions]:
    """Return a leaf's capabilities and extensions with random values.

    The extension's type is listed in the capabilities, too, since section 7.3 wants the two
    consistent.
    """
    greased = grease_extensions(extensions, entropy)
    listed = capabilities.extensions
    for extension in greased:
        if extension not in extensions:
            listed = _inserted(listed, extension.extension_type, entropy)
    return (
        replace(
            capabilities,
            cipher_suites=_inserted(
                capabilities.cipher_suites, CipherSuite(grease_value(entropy)), entropy
            ),
            extensions=listed,
            proposals=_inserted(
                capabilities.proposals, ProposalType(grease_value(entropy)), entropy
            ),
            credentials=_inserted(
                capabilities.credentials, CredentialType(grease_value(entropy)), entropy
            ),
        ),
        greased,
    )
