"""Transcript hashes: the running hash over all commits (RFC 9420 section 8.2).

::

    interim[n-1] -> confirmed[n] = Hash(interim[n-1] || wire_format, content, signature)
                 -> interim[n]   = Hash(confirmed[n] || confirmation_tag)
"""

from mimi.codec import Opaque, field_encoder, struct
from mimi.crypto import Suite
from mimi.mls.codepoints import WireFormat
from mimi.mls.framing import MAC, FramedContent


@struct
class ConfirmedTranscriptHashInput:
    """The part of a commit that its own confirmation tag covers."""

    wire_format: WireFormat
    content: FramedContent
    signature: Opaque


@struct
class InterimTranscriptHashInput:
    """The part of a commit that only the next commit covers."""

    confirmation_tag: MAC


_confirmed_input = field_encoder(ConfirmedTranscriptHashInput)
_interim_input = field_encoder(InterimTranscriptHashInput)


def confirmed_transcript_hash(
    suite: Suite,
    interim_before: bytes,
    wire_format: WireFormat,
    content: FramedContent,
    signature: bytes,
) -> bytes:
    """Return the confirmed transcript hash of the epoch that a commit opens.

    Args:
        suite: The cipher suite.
        interim_before: The interim transcript hash of the epoch in which the commit was sent. In
            epoch 0 it is `interim_transcript_hash` of nothing and the creator's confirmation tag.
        wire_format: How the commit was sent.
        content: The commit as framed.
        signature: Its signature.
    """
    return suite.hash(interim_before + _confirmed_input(wire_format, content, signature))


def interim_transcript_hash(suite: Suite, confirmed: bytes, confirmation_tag: bytes) -> bytes:
    """Return the interim transcript hash of an epoch from its confirmed one and its tag."""
    return suite.hash(confirmed + _interim_input(confirmation_tag))
