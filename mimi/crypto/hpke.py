"""Hybrid public key encryption in base mode (RFC 9180).

::

    info --------> info_hash ------+
                                   v
    shared_secret -> secret -> key, base_nonce, exporter_secret
                                |       |             |
                          seal / open (sequence)   export

Base mode is the one that MLS uses: anybody encrypts to a public key. The pre-shared key of the
other modes is empty here, so its hash and everything else that depends only on the algorithms
is computed once. What depends on ``info`` can be computed once too (``prepare_info``), for a
commit encrypts to many recipients under one.
"""

from typing import Self

import attrs

from mimi.crypto.aead import Aead
from mimi.crypto.entropy import Entropy
from mimi.crypto.errors import MessageLimitError, SuiteMismatchError
from mimi.crypto.kdf import Kdf
from mimi.crypto.kem import VERSION, HPKEPrivateKey, Kem

MODE_BASE = b"\x00"


@attrs.frozen
class PreparedInfo:
    """An ``info``, hashed already, for use with many recipients of one suite.

    Attributes:
        suite_id: Of the algorithms that it was prepared for.
        key_schedule_context: mode || psk_id_hash || info_hash (RFC 9180 section 5.1).
        key_label: What the key is expanded from.
        nonce_label: What the base nonce is expanded from.
    """

    suite_id: bytes
    key_schedule_context: bytes
    key_label: bytes = attrs.field(repr=False)
    nonce_label: bytes = attrs.field(repr=False)


Info = bytes | PreparedInfo


@attrs.frozen
class Hpke:
    """The three algorithms that HPKE is made of, and what can be done with them.

    Attributes:
        kem: Agrees on a secret.
        kdf: Derives keys from it; not necessarily that of the KEM.
        aead: Encrypts with them.
        suite_id: "HPKE" and the three identifiers, 10 octets.
    """

    kem: Kem
    kdf: Kdf
    aead: Aead
    suite_id: bytes = attrs.field(init=False)
    _labelled: bytes = attrs.field(init=False, repr=False)
    _secret_label: bytes = attrs.field(init=False, repr=False)
    _psk_id_hash: bytes = attrs.field(init=False, repr=False)

    @suite_id.default
    def _suite_id(self) -> bytes:
        codes = (self.kem.code, self.kdf.code, self.aead.code)
        return b"HPKE" + b"".join(code.to_bytes(2, "big") for code in codes)

    @_labelled.default
    def _label_all(self) -> bytes:
        return VERSION + self.suite_id

    @_secret_label.default
    def _label_secret(self) -> bytes:
        return VERSION + self.suite_id + b"secret"

    @_psk_id_hash.default
    def _hash_psk_id(self) -> bytes:
        return self.kdf.extract(b"", VERSION + self.suite_id + b"psk_id_hash")

    def prepare_info(self, info: bytes) -> PreparedInfo:
        """Return what every recipient under *info* has in common; accepted in its place."""
        info_hash = self.kdf.extract(b"", self._labelled + b"info_hash" + info)
        context = MODE_BASE + self._psk_id_hash + info_hash
        return PreparedInfo(
            self.suite_id,
            context,
            self._expand_label(b"key", context, self.aead.nk),
            self._expand_label(b"base_nonce", context, self.aead.nn),
        )

    def _expand_label(self, label: bytes, context: bytes, length: int) -> bytes:
        """Return the input of LabeledExpand (RFC 9180 section 4)."""
        return length.to_bytes(2, "big") + self._labelled + label + context

    def _prepared(self, info: Info) -> PreparedInfo:
        if not isinstance(info, PreparedInfo):
            return self.prepare_info(info)
        if info.suite_id != self.suite_id:
            raise SuiteMismatchError("the info was prepared for other algorithms")
        return info

    def _key_and_nonce(self, shared_secret: bytes, info: PreparedInfo) -> tuple[bytes, bytes]:
        """Return what a single message needs of the key schedule: no exporter secret."""
        secret = self.kdf.extract(shared_secret, self._secret_label)
        wanted = (info.key_label, self.aead.nk), (info.nonce_label, self.aead.nn)
        key, nonce = self.kdf.expand_each(secret, wanted)
        return key, nonce

    def _exporter_secret(self, shared_secret: bytes, info: PreparedInfo) -> bytes:
        secret = self.kdf.extract(shared_secret, self._secret_label)
        label = self._expand_label(b"exp", info.key_schedule_context, self.kdf.nh)
        return self.kdf.expand(secret, label, self.kdf.nh)

    def export(self, exporter_secret: bytes, context: bytes, length: int) -> bytes:
        """Return *length* octets derived from an exporter secret (RFC 9180 section 5.3).

        Raises:
            OutputLengthError: *length* exceeds 255 times Nh.
        """
        self.kdf.check_length(length)
        label = self._expand_label(b"sec", context, length)
        return self.kdf.expand(exporter_secret, label, length)

    def seal(
        self, public: bytes, info: Info, aad: bytes, plaintext: bytes, entropy: Entropy
    ) -> tuple[bytes, bytes]:
        """Return ``enc`` and the ciphertext of one message to the owner of *public*.

        Raises:
            InvalidPublicKeyError: *public* is no public key, or one of small order.
        """
        prepared = self._prepared(info)
        shared_secret, enc = self.kem.encap(public, entropy)
        key, nonce = self._key_and_nonce(shared_secret, prepared)
        return enc, self.aead.seal(key, nonce, aad, plaintext)

    def open(
        self, enc: bytes, private: HPKEPrivateKey, info: Info, aad: bytes, ciphertext: bytes
    ) -> bytes:
        """Return the plaintext of one message.

        Raises:
            InvalidPublicKeyError: *enc* is no encapsulated key.
            DecryptionError: The message is not for this key, info and associated data.
        """
        prepared = self._prepared(info)
        key, nonce = self._key_and_nonce(self.kem.decap(enc, private), prepared)
        return self.aead.open(key, nonce, aad, ciphertext)

    def send_export(
        self, public: bytes, info: Info, context: bytes, length: int, entropy: Entropy
    ) -> tuple[bytes, bytes]:
        """Return ``enc`` and *length* octets known to the owner of *public* only.

        Raises:
            InvalidPublicKeyError: *public* is no public key, or one of small order.
            OutputLengthError: *length* exceeds 255 times Nh.
        """
        prepared = self._prepared(info)
        shared_secret, enc = self.kem.encap(public, entropy)
        return enc, self.export(self._exporter_secret(shared_secret, prepared), context, length)

    def receive_export(
        self, enc: bytes, private: HPKEPrivateKey, info: Info, context: bytes, length: int
    ) -> bytes:
        """Return the octets that the sender of *enc* exported.

        Raises:
            InvalidPublicKeyError: *enc* is no encapsulated key.
            OutputLengthError: *length* exceeds 255 times Nh.
        """
        prepared = self._prepared(info)
        shared_secret = self.kem.decap(enc, private)
        return self.export(self._exporter_secret(shared_secret, prepared), context, length)

    def setup_sender(
        self, public: bytes, info: Info, entropy: Entropy
    ) -> tuple[bytes, "SenderContext"]:
        """Return ``enc`` and the context for a series of messages to the owner of *public*."""
        prepared = self._prepared(info)
        shared_secret, enc = self.kem.encap(public, entropy)
        key, nonce = self._key_and_nonce(shared_secret, prepared)
        return enc, SenderContext(self, key, nonce, self._exporter_secret(shared_secret, prepared))

    def setup_recipient(
        self, enc: bytes, private: HPKEPrivateKey, info: Info
    ) -> "RecipientContext":
        """Return the context for the series of messages that *enc* begins."""
        prepared = self._prepared(info)
        shared_secret = self.kem.decap(enc, private)
        key, nonce = self._key_and_nonce(shared_secret, prepared)
        return RecipientContext(self, key, nonce, self._exporter_secret(shared_secret, prepared))


@attrs.frozen(eq=False)
class _Context:
    """One end of a series of messages; sealing or opening one returns the end after it.

    Attributes:
        hpke: The algorithms.
        sequence: How many messages came before.
    """

    hpke: Hpke
    _key: bytes = attrs.field(repr=False)
    _base_nonce: bytes = attrs.field(repr=False)
    _exporter_secret: bytes = attrs.field(repr=False)
    sequence: int = 0

    def export(self, context: bytes, length: int) -> bytes:
        """Return *length* octets that both ends know, bound to *context*.

        Raises:
            OutputLengthError: *length* exceeds 255 times Nh.
        """
        return self.hpke.export(self._exporter_secret, context, length)

    def _nonce(self) -> bytes:
        """Return base_nonce XOR sequence, unless the last sequence number is reached."""
        size = self.hpke.aead.nn
        if size and self.sequence >= (1 << 8 * size) - 1:
            raise MessageLimitError("no sequence number is left", sequence=self.sequence)
        nonce = int.from_bytes(self._base_nonce, "big") ^ self.sequence
        return nonce.to_bytes(size, "big")

    def _next(self) -> Self:
        return attrs.evolve(self, sequence=self.sequence + 1)


class SenderContext(_Context):
    """The sending end of a series of messages."""

    __slots__ = ()

    def seal(self, aad: bytes, plaintext: bytes) -> tuple[Self, bytes]:
        """Return the context after this message, and the ciphertext.

        Sealing twice with the same context uses a nonce twice: go on with the returned one.

        Raises:
            MessageLimitError: No sequence number is left.
            ExportOnlyError: The suite does not encrypt.
        """
        aead = self.hpke.aead
        return self._next(), aead.seal(self._key, self._nonce(), aad, plaintext)


class RecipientContext(_Context):
    """The receiving end of a series of messages."""

    __slots__ = ()

    def open(self, aad: bytes, ciphertext: bytes) -> tuple[Self, bytes]:
        """Return the context after this message, and the plaintext.

        Raises:
            DecryptionError: It is not the next message; the context remains usable.
            MessageLimitError: No sequence number is left.
            ExportOnlyError: The suite does not encrypt.
        """
        aead = self.hpke.aead
        return self._next(), aead.open(self._key, self._nonce(), aad, ciphertext)
