"""The naive reading of what surrounds MIMI content: times, attachments, rules of reception."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from naive.naive_attachment import AEADS, open_attachment
from naive.naive_cbor import NULL, Refused, integer
from naive.naive_content import decode_message
from naive.naive_reception import decode_derived, encode_derived, milliseconds, received
from naive.naive_samples import HALF, content, extended, external

CONTEXT_SLUGS = {
    *("sender-not-member", "duplicate-message-id", "timestamp-future", "timestamp-before-format"),
    *("timestamp-before-room", "expires-past", "expires-future"),
}


@pytest.mark.parametrize(
    ("pairs", "time"),
    [
        ([], 7000),
        ([(-3, integer(9))], 7009),
        ([(-3, integer(1009))], 8009),
        ([(-6, integer(9999))], 7009),
        ([(-9, integer(999_999_999))], 7999),
        ([(-12, integer(10**9))], 7001),
        ([(-15, integer(10**12))], 7001),
        ([(-18, integer(10**15))], 7001),
        ([(-1, integer(0)), (-99, NULL), ("x", HALF)], 7000),
        ([(-1, integer(1))], None),
        ([(2, NULL)], None),
    ],
)
def test_extended_times_are_milliseconds(pairs: list, time: int | None) -> None:
    octets = extended((1, integer(7)), *pairs)
    assert milliseconds(decode_derived(octets)["hub_accepted_timestamp"]) == time
    assert encode_derived(decode_derived(octets)) == octets


def attachment(**changed: Any) -> dict:
    """Give the part of an attachment as it was published, with other fields as named."""
    message = decode_message(content(body=external(enc_alg=integer(1))))
    sizes = {"key": "00" * 16, "nonce": "00" * 12, "hash_alg": 1}
    return message["nested_part"] | sizes | changed


def opened(part: dict, octets: bytes, now: int | None = None, most: int = 1 << 20) -> bytes:
    return open_attachment(part, octets, now, most)


def test_aeads_have_keys_of_their_sizes() -> None:
    sizes = {1: 16, 2: 32, 3: 16, 4: 32, 15: 32, 16: 48, 17: 64, 18: 16, 19: 32}
    sizes |= {20: 16, 23: 24, 26: 32, 29: 32, 30: 16, 31: 32}
    assert {number: row[0] for number, row in AEADS.items()} == sizes


def test_what_is_not_encrypted_is_given_as_it_is() -> None:
    part = attachment(enc_alg=0, key="", nonce="", hash_alg=0)
    assert opened(part, b"seven octets") == b"seven octets"


@pytest.mark.parametrize("number", [number for number in AEADS if number not in (15, 16, 17)])
def test_attachments_are_opened(number: int) -> None:
    key_size, tag_size, _, make = AEADS[number]
    part = attachment(enc_alg=number, key="07" * key_size, aad="09")
    fetched = make(bytes([7]) * key_size).encrypt(bytes(12), b"seven octets", b"\x09")
    part |= {"content_hash": hashlib.sha256(fetched).hexdigest(), "size": len(fetched)}
    assert opened(part, fetched) == b"seven octets"
    assert opened(part | {"size": len(fetched) - tag_size}, fetched) == b"seven octets"
    with pytest.raises(Refused, match="attachment-hash"):
        opened(part | {"size": 0}, fetched[:-1])
    with pytest.raises(Refused, match="attachment-decryption"):
        opened(part | {"aad": ""}, fetched)


def test_aes_128_gcm_is_what_its_authors_say() -> None:
    part = attachment(hash_alg=0)
    fetched = bytes.fromhex("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf")
    assert opened(part, fetched) == bytes(16)


def test_aes_siv_is_what_rfc_5297_says_with_a_nonce() -> None:
    # appendix A.2 has two strings of additional data; ours are one, and its own nonce the second
    aead = AESSIV(bytes(range(32)))
    part = attachment(hash_alg=0, enc_alg=15, key=bytes(range(32)).hex(), aad="01", nonce="02")
    assert opened(part, aead.encrypt(b"seven octets", [b"\1", b"\2"])) == b"seven octets"


@pytest.mark.parametrize(
    ("slug", "changed"),
    [
        ("attachment-hash-algorithm", {"hash_alg": 13}),
        ("attachment-hash-algorithm", {"hash_alg": 0, "content_hash": "00"}),
        ("attachment-hash", {}),
        ("attachment-size", {"size": 13}),
        ("attachment-aead", {"hash_alg": 0, "enc_alg": 14}),
        ("attachment-nonce-size", {"hash_alg": 0, "nonce": "00" * 13}),
        ("attachment-key-size", {"hash_alg": 0, "key": "00" * 32}),
        ("attachment-decryption", {"hash_alg": 0}),
        ("attachment-expired", {"expires": 6}),
        ("attachment-too-large", {"expires": 7}),
    ],
)
def test_attachments_that_break_a_rule_are_refused_for_it(slug: str, changed: dict) -> None:
    most = 11 if slug == "attachment-too-large" else 12
    with pytest.raises(Refused) as refused:
        opened(attachment(**changed), b"seven octets", 7, most)
    assert refused.value.slug == slug


NOW = 1_800_000_000
YEAR = 31_536_000
CONTEXT = {
    "now": NOW,
    "accepted": NOW * 1000,
    "room_created": NOW - 60,
    "format_published": NOW - YEAR,
    "sender_is_member": True,
    "known": set(),
    "message_id": "01" * 32,
}
CONTEXTS: list[tuple[str | None, dict, tuple[bool, int] | None]] = [
    (None, {}, None),
    (None, {"room_created": None, "accepted": (NOW - YEAR) * 1000}, None),
    (None, {"accepted": (NOW + 300) * 1000}, (False, NOW + YEAR)),
    (None, {"accepted": (NOW - 60) * 1000}, (False, NOW - YEAR)),
    (None, {}, (True, YEAR)),
    ("sender-not-member", {"sender_is_member": False}, None),
    ("duplicate-message-id", {"known": {"01" * 32}}, None),
    ("timestamp-future", {"accepted": (NOW + 300) * 1000 + 1}, None),
    ("timestamp-before-format", {"accepted": (NOW - YEAR) * 1000 - 1}, None),
    ("timestamp-before-room", {"accepted": (NOW - 60) * 1000 - 1}, None),
    ("expires-past", {}, (False, NOW - YEAR - 1)),
    ("expires-future", {}, (False, NOW + YEAR + 1)),
    ("expires-future", {}, (True, YEAR + 1)),
]


@pytest.mark.parametrize(("slug", "changed", "expires"), CONTEXTS)
def test_messages_are_received_or_refused(slug: str | None, changed: dict, expires: Any) -> None:
    message = decode_message(content())
    if expires is not None:
        message["expires"] = {"relative": expires[0], "time": expires[1]}
    assert received(message, CONTEXT | changed) == slug


def test_every_rule_of_reception_is_broken() -> None:
    assert {slug for slug, _, _ in CONTEXTS} - {None} == CONTEXT_SLUGS
