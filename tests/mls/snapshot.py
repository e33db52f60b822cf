"""All that a group's value holds, as octets and plain values: to see that nothing has changed."""

from collections.abc import Mapping
from typing import Any

import attrs

from mimi.codec import encode, is_struct
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls import Group, PublicGroup
from mimi.tree.ratchet import RatchetTree


def snapshot(value: Any) -> Any:
    """Return *value* in full, its secrets in the clear, so that two of them can be compared."""
    match value:
        case RatchetTree():
            return value.encode(), value.leaf_count, value.tree_hash
        case Secret() | HPKEPrivateKey() | SignaturePrivateKey():
            return type(value).__name__, value.reveal()
        case Suite():
            return value.code
        case SeededEntropy():  # so that a refusal draws nothing
            return repr(value)
        case Mapping():
            return {key: snapshot(item) for key, item in value.items()}
        case tuple():
            return tuple(map(snapshot, value))
    if is_struct(type(value)):
        return type(value).__name__, encode(value)
    if attrs.has(type(value)):
        return {
            field.name: snapshot(getattr(value, field.name)) for field in attrs.fields(type(value))
        }
    return value


def whole(group: Group | PublicGroup) -> Any:
    """Return all that a group holds, and what it says when it is saved."""
    taken = snapshot(group)
    assert taken.keys() >= {"state"}
    save = getattr(group, "save", None)
    return taken, None if save is None else save()
