"""Requests for key material, links to identities, and what is wrong with others.

Bodies are typed octet by octet; keys and signatures are made with the primitives of a cipher suite.
"""

from collections.abc import Iterator

import attrs

from mimi.crypto import SeededEntropy, SignaturePrivateKey, Suite
from mimi.vectors.generate.protocol_octets import (
    ALICE,
    BOB,
    CATHY,
    NONE,
    REQUIRED,
    ROOM,
    opaque,
    u8,
    u16,
    vector,
)
from mimi.vectors.generate.written import Vector

NOTHING_REQUIRED = NONE * 3
ALICES_PHONE = "mimi://a.example/d/alice/phone"


def basic(identity: str) -> bytes:
    """Return a basic credential."""
    return u16(1) + opaque(identity)


UNREADABLE = u16(2) + vector(opaque(b"no certificate"))
"""A credential whose certificate nobody can read."""

OTHER_SCHEME = {1: 2, 2: 1, 3: 2, 4: 1, 5: 1, 6: 1, 7: 1}
"""From cipher suites to one with another signature scheme."""


# Requests for key material (section 5.2)


@attrs.frozen
class KeyMaterialAsked:
    """A request of Alice for the key packages of Bob."""

    suites: tuple[int, ...]
    user: str = ALICE
    target: str = BOB
    room: str = ROOM
    required: bytes = NOTHING_REQUIRED
    credential: bytes = basic(ALICES_PHONE)

    def tbs(self, key: bytes) -> bytes:
        """Return what is signed.

        Args:
            key: The requester's.
        """
        users = opaque(self.user) + opaque(self.target) + opaque(self.room)
        suites = vector(*map(u16, self.suites))
        return u8(1) + users + suites + self.required + opaque(key) + self.credential


_LABEL = b"KeyMaterialRequestTBS"


def key_material_requests(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield requests for key material."""
    signer, own = suite.generate_signature_key(entropy), int(suite.code)
    for description, asked in _kept(own).items():
        yield _key_material_request(description, suite, signer, asked, asked, verified_by=own)
    good, rule = KeyMaterialAsked((own,)), "key-material-signature"
    for description, signed in (
        ("signed for another room", attrs.evolve(good, room="")),
        ("signed for another user", attrs.evolve(good, target=CATHY)),
    ):
        yield _key_material_request(description, suite, signer, good, signed, rule=rule)
    for description, (asked, broken) in _broken(own).items():
        yield _key_material_request(description, suite, signer, asked, asked, rule=broken)
    label, sign = b"GroupInfoRequestTBS", suite.sign_with_label
    other = suite.generate_signature_key(entropy)
    for description, signature in (
        ("signed with another label", sign(signer, label, good.tbs(signer.public))),
        ("signed with another key", sign(other, _LABEL, good.tbs(signer.public))),
        ("no signature", b""),
    ):
        yield _signed_request(description, suite, signer, good, signature, rule=rule)


def _kept(own: int) -> dict[str, KeyMaterialAsked]:
    return {
        "a request": KeyMaterialAsked((own,)),
        "a request for no certain room": KeyMaterialAsked((own,), room=""),
        "capabilities are required": KeyMaterialAsked((own,), required=REQUIRED),
        "suites that nobody knows before": KeyMaterialAsked((0x0A0A, 0xF00F, own)),
        "a suite of another scheme before": KeyMaterialAsked((OTHER_SCHEME[own], own)),
        "a credential that names the user": KeyMaterialAsked((own,), credential=basic(ALICE)),
    }


def _broken(own: int) -> dict[str, tuple[KeyMaterialAsked, str]]:
    """Return requests that break a rule, though they are signed as they should be."""
    good, credential, uri = KeyMaterialAsked((own,)), "requester-credential", "identifier-uri"
    other = KeyMaterialAsked((OTHER_SCHEME[own],))
    return {
        "no suite": (KeyMaterialAsked(()), "no-acceptable-suite"),
        "only a suite of another scheme": (other, "requester-key"),
        "only suites that nobody knows": (KeyMaterialAsked((0x0A0A, 0xF00F)), "requester-key"),
        "a credential of another user": (_by(good, basic(BOB)), credential),
        "a credential that names nobody": (_by(good, basic("alice")), credential),
        "an unreadable certificate": (_by(good, UNREADABLE), credential),
        "a requesting user who is a room": (attrs.evolve(good, user=ROOM), uri),
        "a target who is a client": (attrs.evolve(good, target=ALICES_PHONE), uri),
        "a room that is a user": (attrs.evolve(good, room=BOB), uri),
        "another user than in the path": (attrs.evolve(good, target=CATHY), "path-mismatch"),
    }


def _by(asked: KeyMaterialAsked, credential: bytes) -> KeyMaterialAsked:
    return attrs.evolve(asked, credential=credential)


def _key_material_request(
    description: str,
    suite: Suite,
    signer: SignaturePrivateKey,
    asked: KeyMaterialAsked,
    signed: KeyMaterialAsked,
    *,
    rule: str | None = None,
    verified_by: int | None = None,
) -> Vector:
    signature = suite.sign_with_label(signer, _LABEL, signed.tbs(signer.public))
    return _signed_request(
        description, suite, signer, asked, signature, rule=rule, verified_by=verified_by
    )


def _signed_request(
    description: str,
    suite: Suite,
    signer: SignaturePrivateKey,
    asked: KeyMaterialAsked,
    signature: bytes,
    *,
    rule: str | None = None,
    verified_by: int | None = None,
) -> Vector:
    tbs = asked.tbs(signer.public)
    return {
        "kind": "protocol-key-material-request",
        "description": description,
        "cipher_suite": suite.code,
        "signature_priv": signer.reveal(),
        "target": BOB,
        "request": tbs + opaque(signature),
        "tbs": tbs,
        "verified_by": verified_by,
        "rule": rule,
    }


# Links to identities (section 6.1)

_CLIENT = "mimi://a.example/d/f81d4fae-7dec-41d0-a765-00a0c91e6bf6"
_USER = "mimi://a.example/p/3e671687-395b-41f5-a30f-a58921a69b79"


def identity_links(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield links between pseudonyms and clients."""
    signer, leaf = suite.generate_signature_key(entropy), suite.generate_signature_key(entropy)
    tbs, sign = opaque(_CLIENT) + opaque(_USER) + opaque(leaf.public), suite.sign_with_label
    label, real = b"PseudonymousCredentialTBS", basic(ALICES_PHONE)
    nested = u16(0xF503) + tbs + opaque(b"")
    other = tbs.replace(b"3e671687", b"3e671688")
    for description, credential, signature, rule in (
        ("a link", real, sign(signer, label, tbs), None),
        ("by the key of the leaf", real, sign(leaf, label, tbs), "identity-link"),
        ("for other pseudonyms", real, sign(signer, label, other), "identity-link"),
        ("with another label", real, sign(signer, b"LeafNodeTBS", tbs), "identity-link"),
        ("no signature", real, b"", "identity-link"),
        ("an unreadable certificate", UNREADABLE, sign(signer, label, tbs), "identity-link"),
        ("a pseudonym for a pseudonym", nested, sign(signer, label, tbs), "nested-pseudonym"),
    ):
        yield {
            "kind": "protocol-identity-link",
            "description": description,
            "cipher_suite": suite.code,
            "credential": tbs + opaque(b"the link, encrypted"),
            "link": opaque(signature) + credential,
            "signature_pub": signer.public,
            "tbs": tbs,
            "rule": rule,
        }
