"""The naive reading of the drafts on MIMI content, against published examples and itself."""

import hashlib
import os
import re
from pathlib import Path

import cbor2
import pytest
from naive.naive_cbor import TRUE, Item, Refused, integer, read, write
from naive.naive_content import (
    HASHES,
    decode_message,
    encode_message,
    message_id,
    part_of_cid,
    parts,
)
from naive.naive_content_cases import check_case
from naive.naive_reception import (
    DECODERS,
    decode_derived,
    decode_status,
    encode_derived,
    encode_status,
)
from naive.naive_samples import (
    ACCEPTED,
    ID,
    REFUSED,
    REFUSED_DERIVED,
    REFUSED_STATUS,
    STAMP,
    array,
    content,
    derived,
    extensions,
    external,
    multi,
    single,
)

OCTET_SLUGS = {"well-formed", "valid", "deterministic", "permitted", "too-large", "type", "range"}
MESSAGE_SLUGS = {
    *("salt-size", "message-id-size", "hash-algorithm", "topic-size", "cardinality"),
    *("part-semantics", "multipart-minimum", "parts-maximum", "part-depth", "unencrypted"),
    *("extension-key", "extension-depth", "extension-value", "part-reference"),
}


def numbered(cases: list) -> list:
    """Name cases by rule and number: their octets would make long names."""
    return [pytest.param(*case, id=f"{case[-2]}-{at}") for at, case in enumerate(cases)]


@pytest.mark.parametrize(("slug", "octets"), numbered(REFUSED))
def test_messages_that_break_a_rule_are_refused_for_it(slug: str, octets: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode_message(octets)
    assert refused.value.slug == slug


def test_every_rule_is_broken_by_some_message() -> None:
    assert {slug for slug, _ in REFUSED} == OCTET_SLUGS | MESSAGE_SLUGS


@pytest.mark.parametrize(
    ("kind", "slug", "octets"),
    numbered(
        [("status", *case) for case in REFUSED_STATUS]
        + [("implied", *case) for case in REFUSED_DERIVED]
    ),
)
def test_reports_and_derived_values_are_refused_too(kind: str, slug: str, octets: bytes) -> None:
    with pytest.raises(Refused) as refused:
        DECODERS[kind](octets)
    assert refused.value.slug == slug


@pytest.mark.parametrize("octets", ACCEPTED, ids=range(len(ACCEPTED)))
def test_what_is_just_within_the_rules_is_accepted(octets: bytes) -> None:
    assert encode_message(decode_message(octets)) == octets
    assert write(read(octets)) == octets


def test_one_octet_more_than_the_size_is_too_large() -> None:
    decode_message(content(), len(content()))
    with pytest.raises(Refused, match="too-large"):
        decode_message(content(), len(content()) - 1)


def test_of_several_faults_of_the_octets_the_first_is_named() -> None:
    for octets, slug in (("a2f97e01f661ff", "well-formed"), ("820061ff", "valid")):
        with pytest.raises(Refused, match=slug):
            read(bytes.fromhex(octets))
    with pytest.raises(Refused, match="deterministic"):
        read(bytes.fromhex("82f97e011800"))


def test_a_changed_bit_is_refused_or_kept() -> None:
    octets = content(
        replaces=ID,
        expires=array(TRUE, integer(86400)),
        extensions=extensions((1, ("text", "mimi://a.example/u/a")), (3, STAMP)),
        body=multi(single(), external(hash_alg=integer(1))),
    )
    kept = 0
    for bit in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            message = decode_message(bytes(changed))
        except Refused:
            continue
        assert encode_message(message) == changed
        assert len(cbor2.loads(bytes(changed))) == 7
        kept += 1
    assert 0 < kept < 8 * len(octets)


@pytest.mark.parametrize(
    ("octets", "item"),
    [
        ("1bffffffffffffffff", ("uint", (1 << 64) - 1)),
        ("3bffffffffffffffff", ("nint", -(1 << 64))),
        ("c249010000000000000000", ("tag", (2, ("bytes", b"\x01" + bytes(8))))),
        ("f98000", ("float", bytes.fromhex("f98000"))),
        ("fa47c35000", ("float", bytes.fromhex("fa47c35000"))),
        ("fb3ff199999999999a", ("float", bytes.fromhex("fb3ff199999999999a"))),
        ("fb7e37e43c8800759c", ("float", bytes.fromhex("fb7e37e43c8800759c"))),
        ("f97c00", ("float", bytes.fromhex("f97c00"))),
        ("f7", ("simple", 23)),
        ("f8ff", ("simple", 255)),
        ("64f0908591", ("text", "\U00010151")),
        ("826161a161626163", array(("text", "a"), extensions(("b", ("text", "c"))))),
    ],
)
def test_examples_of_rfc_8949_are_read(octets: str, item: Item) -> None:
    assert read(bytes.fromhex(octets)) == item
    assert write(item).hex() == octets


# Message IDs, parts and references


@pytest.mark.parametrize("algorithm", HASHES)
def test_message_ids_name_their_hash(algorithm: int) -> None:
    identifier = message_id(content(), "a:\u00e9", "b:", algorithm)
    hashed = b"\x00\x04a:\xc3\xa9\x00\x02b:" + content() + bytes(16)
    assert identifier == bytes([algorithm]) + HASHES[algorithm](hashed)[:31]
    assert len(identifier) == 32


HASH_NAMES = {1: "sha256", 7: "sha384", 8: "sha512", 10: "sha3_256", 11: "sha3_384", 12: "sha3_512"}


def test_hashes_have_the_numbers_of_their_registry() -> None:
    for number, name in HASH_NAMES.items():
        assert HASHES[number](b"x") == hashlib.new(name, b"x").digest()
    blake = {33: hashlib.blake2s(b"x"), 35: hashlib.blake2b(b"x")}
    blake[34] = hashlib.blake2b(b"x", digest_size=32)
    for number, state in blake.items():
        assert HASHES[number](b"x") == state.digest()
    assert set(HASHES) == {*HASH_NAMES, *blake}


def test_message_ids_need_a_known_hash_and_uris_of_16_bit_lengths() -> None:
    with pytest.raises(Refused, match="hash-algorithm"):
        message_id(content(), "a:", "b:", 2)
    message_id(content(), "a" * 65535, "")
    with pytest.raises(ValueError, match="65535"):
        message_id(content(), "", "a" * 65536)


def test_parts_are_counted_depth_first() -> None:
    inner = multi(single("image/a"), single("image/b"))
    message = decode_message(content(body=multi(inner, single("image/c"))))
    assert [one.get("content_type") for one in parts(message)] == [
        *(None, None, "image/a", "image/b", "image/c")
    ]
    assert part_of_cid(message, "cid:4@local.invalid") == 4
    assert part_of_cid(message, "cid:4@b.c") is None
    for uri in ("cid:0@local.invalid", "cid:5@local.invalid", "cid:04@local.invalid"):
        with pytest.raises(Refused, match="part-reference"):
            part_of_cid(message, uri)


# Vectors

ORIGINAL = bytes.fromhex(
    "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20178206d696d693a2f2f6578616d706c652e636f6d2f752f"
    "616c6963652d736d6974680278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f"
    "7465616d85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d4958394869206576"
    "6572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f"
    "726b5f5f21"
)
ORIGINAL_ID = "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"
ALICE = "mimi://example.com/u/alice-smith"
TEAM = "mimi://example.com/r/engineering_team"

MESSAGE_CASE = {
    "kind": "content-message",
    "content": ORIGINAL.hex(),
    "sender_uri": ALICE,
    "room_uri": TEAM,
    "message_id": ORIGINAL_ID,
    "message": decode_message(ORIGINAL),
    "parts": 1,
}
STATUS = write(array(array(ID, integer(2)), array(ID, integer(255))))
STATUS_CASE = {
    "kind": "content-status",
    "content": STATUS.hex(),
    "report": [[ID[1].hex(), 2], [ID[1].hex(), 255]],
}
DERIVED_CASE = {
    "kind": "content-derived",
    "content": derived().hex(),
    "derived": decode_derived(derived()),
    "milliseconds": 1644387225019,
}
REFUSED_CASE = {
    "kind": "content-refused",
    "format": "message",
    "max_octets": 1 << 20,
    "content": ORIGINAL[:-1].hex(),
    "rule": "well-formed",
}


@pytest.mark.parametrize(
    "case",
    [
        MESSAGE_CASE,
        STATUS_CASE,
        DERIVED_CASE,
        REFUSED_CASE,
        REFUSED_CASE | {"format": "status", "content": "8100", "rule": "type"},
        REFUSED_CASE | {"format": "implied", "content": "80", "rule": "type"},
    ],
)
def test_vectors_agree(case: dict) -> None:
    check_case(case)


@pytest.mark.parametrize(
    "case",
    [
        MESSAGE_CASE | {"content": ORIGINAL.hex().replace("5eed", "5eee")},
        MESSAGE_CASE | {"content": ORIGINAL[:-1].hex()},
        MESSAGE_CASE | {"sender_uri": TEAM},
        MESSAGE_CASE | {"room_uri": ALICE},
        MESSAGE_CASE | {"message_id": "07" + ORIGINAL_ID[2:]},
        MESSAGE_CASE | {"message_id": "02" + ORIGINAL_ID[2:]},
        MESSAGE_CASE | {"message": MESSAGE_CASE["message"] | {"topic_id": "00"}},
        MESSAGE_CASE | {"parts": 2},
        STATUS_CASE | {"report": [[ID[1].hex(), 2]]},
        STATUS_CASE | {"content": STATUS.hex() + "00"},
        DERIVED_CASE | {"milliseconds": 0},
        DERIVED_CASE | {"derived": DERIVED_CASE["derived"] | {"sender_leaf_index": 5}},
        REFUSED_CASE | {"content": ORIGINAL.hex()},
        REFUSED_CASE | {"rule": "valid"},
    ],
)
def test_spoiled_vectors_disagree(case: dict) -> None:
    with pytest.raises(AssertionError):
        check_case(case)


# Published examples

EXAMPLES: list[Path] = []
if "MIMI_PUBLISHED_VECTORS" in os.environ:
    PUBLISHED = Path(os.environ["MIMI_PUBLISHED_VECTORS"])
    EXAMPLES = sorted((PUBLISHED / "mimi-content").glob("*.edn"))
MESSAGES = [path for path in EXAMPLES if path.stem != "implied-original"]


def test_all_published_examples_are_there_where_the_environment_says_so() -> None:
    assert len(MESSAGES) == (14 if "MIMI_PUBLISHED_VECTORS" in os.environ else 0)


def test_published_messages_have_the_ids_of_their_comments() -> None:
    found = {"original": message_id(ORIGINAL, ALICE, TEAM).hex()}
    given = {"original": ORIGINAL_ID}
    for path in MESSAGES:
        octets = path.with_suffix(".cbor").read_bytes()
        message = decode_message(octets)
        assert encode_message(message) == octets
        uris = {}
        for key, value in message["extensions"]:
            uris[key] = read(bytes.fromhex(value))[1]
        found[path.stem] = message_id(octets, uris[1], uris[2]).hex()
        comment = re.search(
            r"message ID = h'([0-9a-f]{32})\n#\s+([0-9a-f]{32})'", path.read_text(encoding="utf-8")
        )
        assert comment is not None, path.name
        given[path.stem] = comment[1] + comment[2]
    assert found == given


def test_published_report_and_derived_values_are_written_again() -> None:
    for path in EXAMPLES:
        if path.stem == "implied-original":
            octets = path.with_suffix(".cbor").read_bytes()
            assert encode_derived(decode_derived(octets)) == octets
            assert decode_derived(octets)["sender_leaf_index"] == 4
            octets = (PUBLISHED / "mimi-message-status" / "status.cbor").read_bytes()
            assert encode_status(decode_status(octets)) == octets
            assert [status for _, status in decode_status(octets)] == [2, 2, 0, 3]
