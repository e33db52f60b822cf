"""The dictionary of components in its places, and what the proposals of a commit make of it."""

from collections.abc import Callable, Iterator

from mimi.codec import GREASE_VALUES, encode
from mimi.crypto import Entropy, SeededEntropy, Suite, draw
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    ComponentID,
    app_data,
    dictionary,
)
from mimi.mls.context import GroupContext
from mimi.mls.keypackage import sign_key_package
from mimi.mls.welcome import sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.mls_leaves import signed_leaf
from mimi.vectors.generate.written import Vector

UNKNOWN_EXTENSION = Extension(ExtensionType(0xF0F0), b"kept as it is")


def group_context(
    suite: Suite, entropy: Entropy, extensions: Extensions, epoch: int = 7
) -> GroupContext:
    """Return a group context."""
    group_id, tree_hash, confirmed = (draw(entropy, size) for size in (16, suite.nh, suite.nh))
    return GroupContext(suite.code, group_id, epoch, tree_hash, confirmed, extensions)


# Dictionaries


def _item(component: int, data: bytes) -> bytes:
    return encode(ComponentID(component), ComponentID) + bytes((len(data),)) + data


def _raw(*items: tuple[int, bytes]) -> Extension:
    octets = b"".join(_item(*item) for item in items)
    return Extension(APP_DATA_DICTIONARY, bytes((len(octets),)) + octets)


_GREASE = {value: b"grease" for value in GREASE_VALUES if value < 0x8000}

_GOOD: dict[str, Extensions] = {
    "no dictionary": (),
    "an empty dictionary": (dictionary({}),),
    "one component without data": (dictionary({4: b""}),),
    "several components": (dictionary({1: b"\2\x80\1", 0x8001: b"votes", 0xFFFF: bytes(70)}),),
    "GREASE components among others": (dictionary({**_GREASE, 0x8001: b"votes"}),),
    "a component that nobody knows": (dictionary({0: b"reserved", 0x7FFF: b"?"}),),
    "a dictionary between others": (
        UNKNOWN_EXTENSION,
        dictionary({0x8001: b"votes"}),
        Extension(ExtensionType(0xF0F1), b""),
    ),
}

_BAD: dict[str, Extensions] = {
    "components that do not increase": (_raw((0x8002, b"b"), (0x8001, b"a")),),
    "a component twice": (_raw((0x8001, b"a"), (0x8001, b"b")),),
    "a component twice, with the same data": (_raw((0x8001, b"a"), (0x8001, b"a")),),
    "components in the order of little-endian numbers": (_raw((0x0100, b""), (0x0001, b"")),),
    "an octet behind it": (Extension(APP_DATA_DICTIONARY, b"\0\0"),),
    "data that end too early": (Extension(APP_DATA_DICTIONARY, b"\4\x80\1\5a"),),
    "a length that is longer than needed": (Extension(APP_DATA_DICTIONARY, b"\x40\0"),),
    "nothing at all": (Extension(APP_DATA_DICTIONARY, b""),),
}


def dictionaries(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield dictionaries, good and bad ones, in each place."""
    for place, build in _PLACES.items():
        for listed, rule in ((_GOOD, None), (_BAD, "malformed")):
            for what, extensions in listed.items():
                made, key = build(suite, entropy, extensions)
                yield {
                    "kind": "mls-extensions-dictionary",
                    "description": f"{'valid' if rule is None else 'refused'}: {what}",
                    "cipher_suite": suite.code,
                    "place": place,
                    "object": made,
                    "signature_key": key,
                    "components": None if rule else _listed(extensions),
                    "rule": rule,
                }


def _listed(extensions: Extensions) -> list[Vector]:
    return [{"component_id": at, "data": data} for at, data in app_data(extensions).items()]


_Built = tuple[bytes, bytes | None]


def _in_group_context(suite: Suite, entropy: Entropy, extensions: Extensions) -> _Built:
    return encode(group_context(suite, entropy, extensions)), None


def _in_leaf_node(suite: Suite, entropy: Entropy, extensions: Extensions) -> _Built:
    leaf, signer = signed_leaf(suite, entropy, extensions)
    return encode(leaf), signer.public


def _in_key_package(suite: Suite, entropy: Entropy, extensions: Extensions) -> _Built:
    leaf, signer = signed_leaf(suite, entropy, (dictionary({0x9999: b"of the leaf"}),))
    init_key = suite.generate_key_pair(entropy)
    return encode(sign_key_package(suite, leaf, init_key, signer, extensions)), signer.public


def _in_group_info(suite: Suite, entropy: Entropy, extensions: Extensions) -> _Built:
    context = group_context(suite, entropy, (dictionary({0x9999: b"of the group"}),))
    signer, tag = suite.generate_signature_key(entropy), draw(entropy, suite.nh)
    info = sign_group_info(suite, context, extensions, tag, LeafIndex(3), signer)
    return encode(info), signer.public


_PLACES: dict[str, Callable[[Suite, Entropy, Extensions], _Built]] = {
    "group_context": _in_group_context,
    "leaf_node": _in_leaf_node,
    "key_package": _in_key_package,
    "group_info": _in_group_info,
}
