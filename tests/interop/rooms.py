"""Groups of four, two members of either kind, and in which variants they are tried."""

import pytest
from interop.mlsrs import Ours, Room, Theirs

from mimi.mls import WireFormat

PUBLIC, PRIVATE = WireFormat.MLS_PUBLIC_MESSAGE, WireFormat.MLS_PRIVATE_MESSAGE
both_formats = pytest.mark.parametrize("handshake", [PUBLIC, PRIVATE], ids=lambda it: it.name)
tree_in_or_beside = pytest.mark.parametrize("tree_in_welcome", [True, False])
with_or_without_path = pytest.mark.parametrize("path", [True, False])


def room_of_ours(handshake=PRIVATE, **how):
    """Return a group that we created, of two of each kind, with ours first and last."""
    ann, bob = Ours(b"ann", handshake=handshake), Theirs(b"bob")
    cid, dan = Theirs(b"cid"), Ours(b"dan", handshake=handshake)
    return Room(ann, bob, cid, dan, **how), ann, bob, cid, dan


def room_of_theirs(handshake=PRIVATE):
    """Return a group that mls-rs created, of two of each kind, with theirs first and last."""
    ann, bob = Ours(b"ann", handshake=handshake), Theirs(b"bob")
    cid, dan = Theirs(b"cid"), Ours(b"dan", handshake=handshake)
    return Room(bob, ann, dan, cid), ann, bob, cid, dan


either_founder = pytest.mark.parametrize("made", [room_of_ours, room_of_theirs])
