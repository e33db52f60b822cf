"""A cipher suite that writes down whatever it encrypts: to see that no key is used twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import attrs

from mimi.codec import decode
from mimi.crypto import CipherSuite, Suite, register, suite_of
from mimi.crypto.aead import Aead
from mimi.mls import MLSMessage, PrivateMessage

CODE = CipherSuite(0xF0E1)


class Ledger:
    """What was encrypted in one simulation, and what of it was sent."""

    def __init__(self) -> None:
        self._sealed: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
        self._keys: dict[bytes, bytes] = {}
        self._sent: dict[bytes, bytes] = {}

    def note(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes, sealed: bytes) -> None:
        """Write down an encryption; a pair of key and nonce is for one plaintext alone."""
        assert self._sealed.setdefault((key, nonce), (aad, plaintext)) == (aad, plaintext)
        self._keys[sealed] = key

    def send(self, wire: bytes) -> None:
        """Write down that something is sent; a key is for one private message that is sent.

        That is more than the above: the reuse guard would hide a key that is used twice. It does
        not hold for what never leaves the sender, such as a draft that is dropped.
        """
        body = decode(MLSMessage, wire).body
        if isinstance(body, PrivateMessage):
            key = self._keys[body.ciphertext]
            assert self._sent.setdefault(key, wire) == wire

    @property
    def size(self) -> int:
        """How many pairs of key and nonce were used."""
        return len(self._sealed)


@attrs.frozen
class RecordingAead(Aead):
    """An AEAD that keeps the books of the simulation that is under way."""

    ledgers: list[Ledger] = attrs.field(factory=list, eq=False, repr=False)

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        sealed = Aead.seal(self, key, nonce, aad, plaintext)
        self.ledgers[-1].note(key, nonce, aad, plaintext, sealed)
        return sealed


@cache
def _recorded() -> tuple[Suite, list[Ledger]]:
    plain = suite_of(CipherSuite.X25519_AES128)
    ledgers = [Ledger()]
    old = plain.aead
    aead = RecordingAead(old.code, old.nk, old.nn, old.nt, old.cipher, ledgers)
    suite = attrs.evolve(plain, code=CODE, aead=aead)
    register(suite)
    return suite, ledgers


@contextmanager
def unrecorded() -> Iterator[None]:
    """Write down nothing: for those who keep to no rule, and use a key as often as they like."""
    ledgers = _recorded()[1]
    ledgers.append(Ledger())
    yield
    ledgers.pop()


def recording_suite() -> tuple[Suite, Ledger]:
    """Return the suite that records, and a new ledger that takes the place of the last one."""
    suite, ledgers = _recorded()
    ledgers[:] = [Ledger()]
    return suite, ledgers[0]
