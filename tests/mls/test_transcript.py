"""Transcript hashes, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mls.epoch import COMMIT, PRIVATE, PUBLIC, SUITE, Epoch
from tree.members import every_suite

from mimi.codec import encode, replace
from mimi.mls.codepoints import WireFormat
from mimi.mls.framing import AuthenticatedContent
from mimi.mls.transcript import confirmed_transcript_hash, interim_transcript_hash

BEFORE = b"the interim hash before"


def opaque(octets: bytes) -> bytes:
    assert len(octets) < 0x4000
    size = len(octets)
    return (bytes([size]) if size < 64 else (0x4000 | size).to_bytes(2, "big")) + octets


def hashed(suite, message: AuthenticatedContent, before: bytes = BEFORE) -> bytes:
    signature = message.auth.signature
    return confirmed_transcript_hash(suite, before, message.wire_format, message.content, signature)


@every_suite
@pytest.mark.parametrize("wire_format", [PUBLIC, PRIVATE])
@pytest.mark.parametrize("before", [b"", BEFORE])
def test_the_hashes_are_those_of_the_specification(suite, wire_format, before):
    message = Epoch.of(suite).sign(COMMIT, wire_format=wire_format)
    covered = int(wire_format).to_bytes(2, "big") + encode(message.content)
    confirmed = hashed(suite, message, before)
    assert confirmed == suite.hash(before + covered + opaque(message.auth.signature))
    tag = message.auth.confirmation_tag
    assert interim_transcript_hash(suite, confirmed, tag) == suite.hash(confirmed + opaque(tag))
    assert len(confirmed) == suite.nh


def test_the_confirmed_hash_covers_all_but_the_confirmation_tag():
    message = Epoch.of().sign(COMMIT, wire_format=PUBLIC)
    expected = hashed(SUITE, message)
    tagless = replace(message, auth=replace(message.auth, confirmation_tag=b""))
    assert hashed(SUITE, tagless) == expected
    for other in (
        replace(message, wire_format=WireFormat.MLS_PRIVATE_MESSAGE),
        replace(message, auth=replace(message.auth, signature=b"")),
        replace(message, content=replace(message.content, epoch=9)),
        replace(message, content=replace(message.content, authenticated_data=b"")),
    ):
        assert hashed(SUITE, other) != expected
    assert hashed(SUITE, message, b"another") != expected


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_the_interim_hash_covers_the_tag(one, other):
    hashes = {interim_transcript_hash(SUITE, b"confirmed", tag) for tag in (one, other)}
    assert len(hashes) == len({one, other})
