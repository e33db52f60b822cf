"""Messages and octets: decoding, encoding, message IDs and salts.

A message ID names a message for everybody (draft-ietf-mimi-content-08 section 3.3)::

    hash = H( uint16 length || sender URI || uint16 length || room URI || message || salt )
    message ID = number of H || the first 31 octets of hash
"""

import hmac
from typing import overload

from mimi.codec import cbor
from mimi.codec.document import decode_document, encode_document
from mimi.content.errors import MessageIdMismatchError
from mimi.content.hashes import IDENTIFYING, HashAlgorithm
from mimi.content.model import ID_OCTETS, SALT_OCTETS, Message
from mimi.crypto import Entropy, Secret, draw
from mimi.errors import UsageError

MOST_OCTETS = 1 << 20
MOST_CONTAINERS = (1 << 17) + (1 << 12)
"""How many arrays, maps and tags a message has: room for the longest `LastSeen` there may be, each
an array with a tag in it, and for all parts."""


def decode(octets: bytes, *, max_octets: int = MOST_OCTETS) -> Message:
    """Return the message of which *octets* are the one encoding.

    Args:
        octets: An application/mimi-content document, and nothing else.
        max_octets: How large a message local policy permits.

    Raises:
        MalformedError: They are none; each rule has its class, in `mimi.content.errors` and
            `mimi.codec.cbor`.
    """
    return decode_document(
        Message,
        octets,
        max_octets=max_octets,
        max_containers=MOST_CONTAINERS,
        allow_tags=cbor.ANY_TAG,
        allow_nan=True,
        allow_simple=True,
    )


def encode(message: Message, *, max_octets: int = MOST_OCTETS) -> bytes:
    """Return the one encoding of *message*.

    Raises:
        UsageError: It breaks a rule, so that nobody could decode it, or is larger than
            *max_octets*; ``where["path"]`` is the field.
    """
    octets = _encoded(message)
    if len(octets) > max_octets:
        raise UsageError(f"a message of {len(octets)} octets, {max_octets} permitted")
    return octets


@overload
def message_id(
    message: Message, sender: str, room: str, algorithm: HashAlgorithm = ...
) -> bytes: ...
@overload
def message_id(message: bytes, sender: str, room: str, algorithm: HashAlgorithm = ...) -> bytes: ...
def message_id(
    message: Message | bytes,
    sender: str,
    room: str,
    algorithm: HashAlgorithm = HashAlgorithm.SHA_256,
) -> bytes:
    """Return the ID of a message: 32 octets (section 3.3).

    Args:
        message: The message, or its encoding.
        sender: The URI of the user who sent it, who vouches for it in the group.
        room: The URI of the room.
        algorithm: By which algorithm; SHA-256 is everybody's default.

    Raises:
        MalformedError: The octets are no message.
        UsageError: A URI is longer than 65,535 octets or is no UTF-8, the algorithm makes no
            message IDs, or the message cannot be encoded.
    """
    if isinstance(message, bytes):
        message = decode(message, max_octets=len(message))
    if algorithm not in IDENTIFYING:
        raise UsageError(f"{algorithm} makes no message IDs")
    # How large a message may be is not asked again: whoever has it has permitted it.
    octets = _encoded(message)
    digest = algorithm.digest(_prefixed(sender) + _prefixed(room) + octets + message.salt)
    return bytes([algorithm]) + digest[: ID_OCTETS - 1]


def _encoded(message: Message) -> bytes:
    return encode_document(
        message, max_containers=MOST_CONTAINERS, allow_nan=True, allow_simple=True
    )


def _prefixed(uri: str) -> bytes:
    try:
        octets = uri.encode()
    except UnicodeEncodeError:
        raise UsageError("a URI with a lone surrogate", uri=uri) from None
    if len(octets) > 0xFFFF:
        raise UsageError(f"a URI of {len(octets)} octets, 65535 permitted")
    return len(octets).to_bytes(2) + octets


def random_salt(entropy: Entropy) -> bytes:
    """Return a salt of 16 random octets."""
    return draw(entropy, SALT_OCTETS)


def exported_salt(salt_base_secret: Secret, nonce: bytes) -> bytes:
    """Return a salt from a secret of the group and a nonce of one's own (section 9.2).

    Args:
        salt_base_secret: Exported from the MLS key schedule with the label
            ``"salt_base_secret"``.
        nonce: Octets that were not used with this secret before.
    """
    return hmac.digest(salt_base_secret.reveal(), nonce, "sha256")[:SALT_OCTETS]


MESSAGE_ID_COMPONENT = 0x0040
"""The component of the safe AAD that names a message (draft-mahy-mimi-msgid-aad-02 section 3)."""


def check_message_id_component(data: bytes, message_id: bytes) -> None:
    """Check what a sender put beside an encrypted message for providers to see.

    Args:
        data: The data of the component `MESSAGE_ID_COMPONENT`: the message ID as it is.
        message_id: The ID of the message that was inside.

    Raises:
        MessageIdMismatchError: They differ.
    """
    if data != message_id:
        raise MessageIdMismatchError(
            "the AAD names another message", named=data.hex(), message_id=message_id.hex()
        )
