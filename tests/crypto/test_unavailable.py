"""An algorithm that the library underneath lacks, or refuses to use, is named as such."""

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from mimi.crypto import Aead, InvalidPublicKeyError, KeyAgreementError, UnavailableAlgorithmError
from mimi.crypto.curve import P256, P384, MontgomeryCurve, NistCurve
from mimi.crypto.signature import EdDSA


class Absent:
    """What the library does with keys of an algorithm that it was built without."""

    def __init__(self, octets):
        raise UnsupportedAlgorithm("not in this build")

    from_private_bytes = from_public_bytes = classmethod(lambda cls, octets: cls(octets))


class Nowhere(ec.EllipticCurve):
    name = "nowhere256"
    key_size = 256
    group_order = 1 << 250


MONTGOMERY = MontgomeryCurve("X0", 32, 32, Absent, Absent, frozenset())
NIST = NistCurve("P-0", Nowhere(), Nowhere.group_order)
SCHEME = EdDSA(0xFE00, "ed0", 32, 32, Absent, Absent)
AEAD = Aead(0xFE00, nk=32, nn=12, nt=16, cipher=Absent)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: MONTGOMERY.private_key(bytes(32)),
        lambda: MONTGOMERY.public_key(bytes(32)),
        lambda: NIST.private_key(b"\1"),
        lambda: NIST.public_key(b"\4" + bytes(64)),
        lambda: SCHEME.private_key(bytes(32)),
        lambda: SCHEME.check_public_key(bytes(32)),
        lambda: AEAD.seal(bytes(32), bytes(12), b"", b""),
        lambda: AEAD.open(bytes(32), bytes(12), b"", b""),
    ],
)
def test_an_algorithm_that_the_library_lacks(attempt):
    with pytest.raises(UnavailableAlgorithmError):
        attempt()


def test_a_public_key_that_the_library_refuses():
    odd = EdDSA(0xFE01, "ed1", 32, 31, ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)
    with pytest.raises(InvalidPublicKeyError):
        odd.check_public_key(bytes(31))


def test_keys_of_two_curves_do_not_agree():
    other = P384.public_key(P384.public_octets(P384.private_key(b"\1")))
    with pytest.raises(KeyAgreementError):
        P256.agree(P256.private_key(b"\1"), other)
