"""Every base-mode case of RFC 9180 appendix A, for the algorithms that we have."""

import json

import cryptography_vectors
import pytest

from mimi.crypto import ExportOnlyError
from mimi.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, EXPORT_ONLY
from mimi.crypto.hpke import Hpke
from mimi.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
from mimi.crypto.kem import DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X448, DHKEM_X25519

KEMS = {kem.code: kem for kem in (DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X25519, DHKEM_X448)}
KDFS = {kdf.code: kdf for kdf in (HKDF_SHA256, HKDF_SHA384, HKDF_SHA512)}
AEADS = {aead.code: aead for aead in (AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, EXPORT_ONLY)}

with cryptography_vectors.open_vector_file("HPKE/test-vectors.json", "r") as file:
    ALL = json.load(file)
BASE = [case for case in ALL if case["mode"] == 0]
NAMES = ["-".join(f"{case[key]:04x}" for key in ("kem_id", "kdf_id", "aead_id")) for case in BASE]

every_case = pytest.mark.parametrize("case", BASE, ids=NAMES)


def octets(case, key):
    return bytes.fromhex(case[key])


def algorithms(case):
    return Hpke(KEMS[case["kem_id"]], KDFS[case["kdf_id"]], AEADS[case["aead_id"]])


def sender(case):
    """The sender's end, its ephemeral key made from the vector's ikmE."""
    hpke = algorithms(case)
    ikm = octets(case, "ikmE")
    return hpke.setup_sender(octets(case, "pkRm"), octets(case, "info"), lambda _: ikm)


def recipient(case):
    hpke = algorithms(case)
    private = hpke.kem.private_key(octets(case, "skRm"))
    return hpke.setup_recipient(octets(case, "enc"), private, octets(case, "info"))


def test_the_file_covers_what_it_is_known_to_cover():
    assert len(BASE) == 32
    assert {case["kem_id"] for case in BASE} == set(KEMS) - {DHKEM_P384.code}
    assert {case["kdf_id"] for case in BASE} == set(KDFS) - {HKDF_SHA384.code}
    assert {case["aead_id"] for case in BASE} == set(AEADS)
    assert all(case["exports"] for case in BASE)
    assert all(case["encryptions"] for case in BASE if case["aead_id"] != 0xFFFF)


@every_case
def test_key_pairs(case):
    kem = KEMS[case["kem_id"]]
    for end in "ER":
        pair = kem.derive_key_pair(octets(case, f"ikm{end}"))
        assert pair.reveal() == octets(case, f"sk{end}m")
        assert pair.public == octets(case, f"pk{end}m")
        assert kem.private_key(octets(case, f"sk{end}m")) == pair
        assert (kem.nsk, kem.npk) == (len(pair.reveal()), len(pair.public))


@every_case
def test_encapsulation(case):
    kem = KEMS[case["kem_id"]]
    ikm = octets(case, "ikmE")
    agreed = kem.encap(octets(case, "pkRm"), lambda _: ikm)
    assert agreed == (octets(case, "shared_secret"), octets(case, "enc"))
    private = kem.derive_key_pair(octets(case, "ikmR"))
    assert kem.decap(octets(case, "enc"), private) == octets(case, "shared_secret")
    assert (kem.nsecret, kem.nenc) == tuple(len(part) for part in agreed)


@every_case
def test_key_schedule(case):
    prepared = algorithms(case).prepare_info(octets(case, "info"))
    assert prepared.key_schedule_context == octets(case, "key_schedule_context")
    enc, sending = sender(case)
    assert enc == octets(case, "enc")
    for context in (sending, recipient(case)):
        assert context._key == octets(case, "key")
        assert context._base_nonce == octets(case, "base_nonce")
        assert context._exporter_secret == octets(case, "exporter_secret")


@every_case
def test_every_encryption_in_order(case):
    _, sending = sender(case)
    receiving = recipient(case)
    wanted = {octets(entry, "nonce"): entry for entry in case["encryptions"]}
    found = 0
    for _ in range(257 if wanted else 0):
        entry = wanted.get(sending._nonce())
        if entry is None:
            sending, skipped = sending.seal(b"", b"")
            receiving, nothing = receiving.open(b"", skipped)
            assert nothing == b""
            continue
        sending, sealed = sending.seal(octets(entry, "aad"), octets(entry, "pt"))
        assert sealed == octets(entry, "ct")
        receiving, opened = receiving.open(octets(entry, "aad"), sealed)
        assert opened == octets(entry, "pt")
        found += 1
    assert found == len(wanted)
    assert sending.sequence == receiving.sequence


@every_case
def test_every_export(case):
    hpke = algorithms(case)
    ikm, info = octets(case, "ikmE"), octets(case, "info")
    private = hpke.kem.private_key(octets(case, "skRm"))
    for entry in case["exports"]:
        context, length = octets(entry, "exporter_context"), entry["L"]
        exported = octets(entry, "exported_value")
        assert sender(case)[1].export(context, length) == exported
        assert recipient(case).export(context, length) == exported
        sent = hpke.send_export(private.public, info, context, length, lambda _: ikm)
        assert sent == (octets(case, "enc"), exported)
        assert hpke.receive_export(sent[0], private, info, context, length) == exported


@every_case
def test_the_first_message_in_one_shot(case):
    hpke = algorithms(case)
    ikm = octets(case, "ikmE")
    private = hpke.kem.private_key(octets(case, "skRm"))
    info = hpke.prepare_info(octets(case, "info"))
    if hpke.aead is EXPORT_ONLY:
        with pytest.raises(ExportOnlyError):
            hpke.seal(private.public, info, b"", b"", lambda _: ikm)
        with pytest.raises(ExportOnlyError):
            hpke.open(octets(case, "enc"), private, info, b"", b"")
        return
    first = case["encryptions"][0]
    aad, plaintext, ciphertext = (octets(first, key) for key in ("aad", "pt", "ct"))
    sealed = hpke.seal(private.public, info, aad, plaintext, lambda _: ikm)
    assert sealed == (octets(case, "enc"), ciphertext)
    assert hpke.open(sealed[0], private, info, aad, ciphertext) == plaintext
