"""What MLS wraps around a value before it is signed, encrypted to, derived from or hashed.

Each use of a key names its purpose, so that nothing made for one can pass for another
(RFC 9420 sections 5.1.2, 5.1.3, 5.2 and 8). All of these are declared structures with a label
in front; ``"MLS 1.0 "`` precedes the label everywhere but in a hash reference, whose label is
given in full.
"""

from functools import lru_cache

from mimi.codec import Opaque, UInt16, UInt32, encode, struct

PREFIX = b"MLS 1.0 "


@struct
class KDFLabel:
    """What a secret is expanded to (RFC 9420 section 8)."""

    length: UInt16
    label: Opaque
    context: Opaque


@struct
class SignContent:
    """What a signature covers (RFC 9420 section 5.1.2)."""

    label: Opaque
    content: Opaque


@struct
class EncryptContext:
    """What a public key encryption is bound to, as HPKE's info (RFC 9420 section 5.1.3)."""

    label: Opaque
    context: Opaque


@struct
class RefHashInput:
    """What a hash reference is the hash of (RFC 9420 section 5.2)."""

    label: Opaque
    value: Opaque


@struct
class TreePosition:
    """The context of DeriveTreeSecret (RFC 9420 section 9.1)."""

    generation: UInt32


@lru_cache(maxsize=256)
def kdf_label_head(length: int, label: bytes, size: int) -> bytes:
    """Return the encoding of a KDFLabel up to its context of *size* octets.

    The context comes last: whatever it is, what stands before it depends on its length alone. MLS
    has a score or so of labels, most of them for contexts of one length.
    """
    whole = encode(KDFLabel(length, PREFIX + label, bytes(size)))
    return whole[: len(whole) - size]


def kdf_label(length: int, label: bytes, context: bytes) -> bytes:
    """Return the encoding of the KDFLabel for *length* octets under *label*."""
    return kdf_label_head(length, label, len(context)) + context


@lru_cache(maxsize=64)
def derive_secret_labels(nh: int, wanted: tuple[bytes, ...]) -> tuple[tuple[bytes, int], ...]:
    """Return the KDFLabels that DeriveSecret expands one secret to, each with its length."""
    return tuple((kdf_label(nh, label, b""), nh) for label in wanted)


@lru_cache(maxsize=1024)
def _sign_content_head(label: bytes, size: int) -> bytes:
    """Return the encoding of a SignContent up to its content of *size* octets, as above."""
    whole = encode(SignContent(PREFIX + label, bytes(size)))
    return whole[: len(whole) - size]


def sign_content(label: bytes, content: bytes) -> bytes:
    """Return the encoding of the SignContent for *content* under *label*."""
    return _sign_content_head(label, len(content)) + content


@lru_cache(maxsize=1024)
def _encrypt_context_head(label: bytes, size: int) -> bytes:
    """Return the encoding of an EncryptContext up to its context of *size* octets, as above."""
    whole = encode(EncryptContext(PREFIX + label, bytes(size)))
    return whole[: len(whole) - size]


def encrypt_context(label: bytes, context: bytes) -> bytes:
    """Return the encoding of the EncryptContext for *context* under *label*."""
    return _encrypt_context_head(label, len(context)) + context


def ref_hash_input(label: bytes, value: bytes) -> bytes:
    """Return the encoding of the RefHashInput for *value* under the full *label*."""
    return encode(RefHashInput(label, value))


def tree_position(generation: int) -> bytes:
    """Return the encoding of the TreePosition of *generation*, which is that of its one field."""
    return encode(generation, UInt32)
