"""Random values where receivers must ignore what they do not know (RFC 9420 section 13.5).

What a client supports is a list without them; they join the list when it is sent.
"""

from typing import TypeVar

from mimi.codec import GREASE_VALUES, decode, encode, is_grease, replace
from mimi.crypto import CipherSuite, Entropy, draw
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    COMPONENT_GREASE,
    ComponentID,
    component_of,
    with_components,
)
from mimi.mls.negotiation import ComponentsList
from mimi.tree.codepoints import CredentialType, ExtensionType, ProposalType
from mimi.tree.extension import Extension, Extensions, find
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
    """Return the extensions of a key package or a group info with a random one, of random size.

    The dictionary of components, if they have one, gets a random component as well.
    """
    kind = ExtensionType(grease_value(entropy))
    if any(extension.extension_type == kind for extension in extensions):
        return _with_component(extensions, entropy)
    content = draw(entropy, draw(entropy, 1)[0] % 16)
    greased = _inserted(extensions, Extension(kind, content), entropy)
    return _with_component(greased, entropy)


# In a dictionary of a leaf, a key package or a group info, where there is one
# (draft-ietf-mls-extensions-10 section 5.1)


def _with_component(extensions: Extensions, entropy: Entropy) -> Extensions:
    """Return *extensions* with a random component in the dictionary that they have."""
    if find(extensions, APP_DATA_DICTIONARY) is None:
        return extensions
    component = _component(entropy)
    if component_of(extensions, component) is not None:
        return extensions
    content = draw(entropy, draw(entropy, 1)[0] % 16)
    return with_components(extensions, {component: content})


def _with_listed(extensions: Extensions, entropy: Entropy) -> Extensions:
    """Return a leaf's extensions with a random component in each list of components."""
    for place in (ComponentID.APP_COMPONENTS, ComponentID.SAFE_AAD):
        said = component_of(extensions, place)
        if said is not None:
            listed, component = decode(ComponentsList, said).component_ids, _component(entropy)
            if component not in listed:
                greased = ComponentsList(_inserted(listed, component, entropy))
                extensions = with_components(extensions, {place: encode(greased)})
    return extensions


def _component(entropy: Entropy) -> ComponentID:
    return ComponentID(COMPONENT_GREASE[draw(entropy, 1)[0] % len(COMPONENT_GREASE)])


def grease_leaf(
    capabilities: Capabilities, extensions: Extensions, entropy: Entropy
) -> tuple[Capabilities, Extensions]:
    """Return a leaf's capabilities and extensions with random values.

    The extension's type is listed in the capabilities, too, since section 7.3 wants the two
    consistent.
    """
    greased = grease_extensions(extensions, entropy)
    listed = capabilities.extensions
    types = {extension.extension_type for extension in extensions}
    for extension in greased:
        if extension.extension_type not in types:
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
        _with_listed(greased, entropy),
    )
