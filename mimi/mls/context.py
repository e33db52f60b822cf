"""The group context: what a group agrees on in an epoch (RFC 9420 section 8.1)."""

from typing import ClassVar

from mimi.codec import Opaque, UInt64, struct
from mimi.crypto import CipherSuite
from mimi.tree.codepoints import ProtocolVersion
from mimi.tree.extension import Extensions


@struct(cached=True)
class GroupContext:
    """The state of a group that every key of an epoch is bound to."""

    version: ClassVar[ProtocolVersion] = ProtocolVersion.MLS10
    cipher_suite: CipherSuite
    group_id: Opaque
    epoch: UInt64
    tree_hash: Opaque
    confirmed_transcript_hash: Opaque
    extensions: Extensions = ()
