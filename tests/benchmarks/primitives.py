"""The bare primitives of cipher suite 1, and what an operation needs of them as a formula in N.

A floor is a list of (primitive, how often), made from a formula that is written here by hand from
the RFC, not counted in our own calls. Keys are objects already, as the caller's would be; a cipher
object belongs to the floor, since each key encrypts once.
"""

import hashlib
import hmac
from collections.abc import Callable
from math import ceil, log2

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Work = list[tuple[Callable[[], object], int]]

SECRET, INFO, NONCE = bytes(range(32)), bytes(40), bytes(12)


class Primitives:
    """Bare calls, each on inputs of the size that the operation has."""

    def __init__(self) -> None:
        self.signer = Ed25519PrivateKey.from_private_bytes(SECRET)
        self.verifier = self.signer.public_key()
        self.static = X25519PrivateKey.from_private_bytes(SECRET)
        self.peer = X25519PrivateKey.from_private_bytes(bytes(31) + b"\1").public_key()

    def sign(self, size: int) -> Callable[[], object]:
        content, sign = bytes(size), self.signer.sign
        return lambda: sign(content)

    def verify(self, size: int) -> Callable[[], object]:
        content, verify = bytes(size), self.verifier.verify
        signature = self.signer.sign(content)
        return lambda: verify(signature, content)

    def expand(self) -> object:
        """KDF.Expand, and KDF.Extract too: one HMAC of a short input."""
        return hmac.digest(SECRET, INFO, "sha256")

    def mac(self, size: int) -> Callable[[], object]:
        content = bytes(size)
        return lambda: hmac.digest(SECRET, content, "sha256")

    def hash(self, size: int) -> Callable[[], object]:
        content = bytes(size)
        return lambda: hashlib.sha256(content).digest()

    def seal(self, size: int) -> Callable[[], object]:
        content = bytes(size)
        return lambda: AESGCM(SECRET[:16]).encrypt(NONCE, content, INFO)

    def open(self, size: int) -> Callable[[], object]:
        sealed = AESGCM(SECRET[:16]).encrypt(NONCE, bytes(size), INFO)
        return lambda: AESGCM(SECRET[:16]).decrypt(NONCE, sealed, INFO)

    def exchange(self) -> object:
        return self.static.exchange(self.peer)

    def key_pair(self) -> object:
        """A private key from octets, and its public one."""
        return X25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw()

    def public_key(self) -> object:
        """A public key from octets."""
        return X25519PublicKey.from_public_bytes(SECRET)

    # What RFC 9180 makes of them

    def derive_key_pair(self) -> Work:
        """DeriveKeyPair: one extract, one expand."""
        return [(self.expand, 2), (self.key_pair, 1)]

    def hpke(self, *, seal: bool) -> Work:
        """One encryption or decryption of 32 octets, without the hash of info.

        The shared secret: extract, expand. The key schedule: hash of the PSK's identifier, secret,
        key, nonce. The other's key is an object in an encryption, whose recipient is known; in a
        decryption it arrives as octets.
        """
        work: Work = [(self.exchange, 1), (self.expand, 2 + 4)]
        if seal:
            return [*work, *self.derive_key_pair(), (self.seal(32), 1)]
        return [*work, (self.public_key, 1), (self.open(48), 1)]


P = Primitives()


def times(work: Work, count: int) -> Work:
    """Return *work* so many times over."""
    return [(call, count * often) for call, often in work]


def call(work: Work) -> Callable[[], None]:
    """Return a function that does *work*."""
    plain = [(run, range(often)) for run, often in work if often > 0]

    def floor() -> None:
        for run, often in plain:
            for _ in often:
                run()

    return floor


def depth(members: int) -> int:
    """The nodes of a direct path in a full tree: ceil(log2 N)."""
    return ceil(log2(members))


def key_schedule() -> Work:
    """From commit_secret to the secrets of an epoch (section 8).

    Extract, joiner, extract, epoch secret; nine secrets of table 4, and the one that components
    export from (draft-ietf-mls-extensions-10 section 4.4). Beside them the two transcript
    hashes (the larger is counted with the message), and the confirmation tag.
    """
    return [(P.expand, 4 + 10 + 1), (P.hash(64), 1)]


def encrypt(data: int) -> Work:
    """A private message: signature; key, nonce, next secret; sender data key and nonce; two AEADs.

    Signed are the content and the group context, some 200 octets.
    """
    return [(P.sign(200 + data), 1), (P.expand, 5), (P.seal(data + 70), 1), (P.seal(12), 1)]


def decrypt(data: int) -> Work:
    """The same, opened."""
    return [(P.verify(200 + data), 1), (P.expand, 5), (P.open(data + 70), 1), (P.open(12), 1)]


def create_commit(members: int, recipients: int, message: int) -> Work:
    """A commit with a path of d nodes and r recipients, its message of m octets.

    Leaf key; for each node two secrets and a key pair, and the commit secret; parent hashes; the
    hashes of d + 1 nodes; the leaf's signature and the commit's; r encryptions and the hash of
    their info; transcript hash, membership tag; key schedule.
    """
    d = depth(members)
    return [
        *times(P.derive_key_pair(), 1 + d),
        (P.expand, 2 * d + 1),
        (P.hash(110), d),
        (P.hash(150), d + 1),
        (P.sign(300), 1),
        (P.sign(message), 1),
        *times(P.hpke(seal=True), recipients),
        (P.mac(200), 1),
        (P.hash(message), 1),
        (P.mac(message), 1),
        *key_schedule(),
    ]


def process_commit(members: int, message: int, shared: int) -> Work:
    """A commit received by a member that shares s nodes of the path with its sender.

    Membership tag; the message's signature and the leaf's; parent hashes and hashes of nodes; one
    decryption and the hash of its info; for each shared node two secrets and a key pair; transcript
    hash; key schedule.
    """
    d = depth(members)
    return [
        (P.mac(message), 1),
        (P.verify(message), 1),
        (P.verify(300), 1),
        (P.hash(110), d),
        (P.hash(150), d + 1),
        (P.mac(200), 1),
        *P.hpke(seal=False),
        *times(P.derive_key_pair(), shared),
        (P.expand, 2 * shared),
        (P.hash(message), 1),
        *key_schedule(),
    ]


def key_schedule_in(context: int) -> Work:
    """The key schedule of an epoch whose group context has c octets, which count.

    The context goes into the joiner_secret and the epoch_secret; and one secret more is derived
    than RFC 9420 has, application_export (draft-ietf-mls-extensions-10 section 4.4).
    """
    return [(P.expand, 2 + 9 + 1 + 1), (P.mac(context), 2), (P.hash(64), 1)]


def create_update(context: int, message: int) -> Work:
    """A public commit without a path in a group context of c octets, its message of m octets.

    Content and context are signed, and tagged with the membership key; transcript hash; key
    schedule.
    """
    return [
        (P.sign(context + message), 1),
        (P.mac(context + message), 1),
        (P.hash(message), 1),
        *key_schedule_in(context),
    ]


def process_update(context: int, message: int) -> Work:
    """The same, received by a member."""
    return [
        (P.verify(context + message), 1),
        (P.mac(context + message), 1),
        (P.hash(message), 1),
        *key_schedule_in(context),
    ]


def follow_update(context: int, message: int) -> Work:
    """The same, received by who has no secrets: signature and the two transcript hashes."""
    return [(P.verify(context + message), 1), (P.hash(message), 1), (P.hash(64), 1)]


def join(members: int, group_info: int) -> Work:
    """A Welcome for a full tree of N members with a group info of g octets.

    One decryption and the hash of its info, which is the encrypted group info; welcome secret, key
    and nonce; the group info; its signature and N leaves'; 2N - 1 hashes of nodes and N - 1 parent
    hashes; the keys of the path; key schedule.
    """
    d = depth(members)
    return [
        *P.hpke(seal=False),
        (P.mac(group_info), 1),
        (P.expand, 4),
        (P.open(group_info), 1),
        (P.verify(group_info), 1),
        (P.verify(300), members),
        (P.hash(300), members),
        (P.hash(150), members - 1),
        (P.hash(110), members - 1),
        *times(P.derive_key_pair(), d),
        (P.expand, 2 * d),
        *key_schedule(),
    ]
