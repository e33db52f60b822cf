"""Message IDs and salts: the published ones, the formula by hand, and what makes none."""

import hashlib
import hmac

import cbor2
import pytest
from content.published import PUBLISHED, PUBLISHED_IDS
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec.cbor import NotWellFormedError
from mimi.content.errors import MessageIdMismatchError
from mimi.content.hashes import HashAlgorithm
from mimi.content.message import (
    MESSAGE_ID_COMPONENT,
    check_message_id_component,
    decode,
    encode,
    exported_salt,
    message_id,
    random_salt,
)
from mimi.content.model import Disposition, Message, NullPart, SinglePart
from mimi.crypto import EntropyError, Secret, SeededEntropy
from mimi.errors import UsageError

SENDER = "mimi://example.com/u/alice-smith"
ROOM = "mimi://example.com/r/engineering_team"
MESSAGE = Message(bytes(range(16)), None, b"", None, None, {}, NullPart())
every_example = pytest.mark.parametrize("name", PUBLISHED)


def uris(octets):
    """Give the sender and the room that an example names in its extensions."""
    extensions = cbor2.loads(octets)[5]
    return extensions[1], extensions[2]


def hashed(octets, sender, room, digest=hashlib.sha256):
    """Give the hash over which a message ID is taken, written down by hand."""
    sender, room = sender.encode(), room.encode()
    lengths = len(sender).to_bytes(2, "big"), len(room).to_bytes(2, "big")
    salt = cbor2.loads(octets)[0]
    return digest(lengths[0] + sender + lengths[1] + room + octets + salt).digest()


def test_there_are_fourteen_examples():
    assert len(PUBLISHED) == 14
    assert PUBLISHED.keys() == PUBLISHED_IDS.keys()


@every_example
def test_the_published_ids_come_out(name):
    octets = PUBLISHED[name]
    sender, room = uris(octets)
    assert message_id(octets, sender, room) == PUBLISHED_IDS[name]
    assert message_id(decode(octets), sender, room) == PUBLISHED_IDS[name]
    assert PUBLISHED_IDS[name] == b"\x01" + hashed(octets, sender, room)[:31]


@every_example
def test_ids_of_the_draft_before_do_not(name):
    # draft-ietf-mimi-content-07 had no lengths before the URIs: two pairs of them had one ID.
    octets = PUBLISHED[name]
    sender, room = uris(octets)
    salt = cbor2.loads(octets)[0]
    old = hashlib.sha256(sender.encode() + room.encode() + octets + salt).digest()
    assert message_id(octets, sender, room) != b"\x01" + old[:31]
    shifted = sender + room[:1], room[1:]
    assert message_id(octets, *shifted) != message_id(octets, sender, room)


@pytest.mark.parametrize(
    ("number", "digest"),
    [
        (1, hashlib.sha256),
        (7, hashlib.sha384),
        (8, hashlib.sha512),
        (10, hashlib.sha3_256),
        (11, hashlib.sha3_384),
        (12, hashlib.sha3_512),
        (33, hashlib.blake2s),
        (34, lambda data: hashlib.blake2b(data, digest_size=32)),
        (35, hashlib.blake2b),
    ],
)
def test_other_algorithms_are_named_in_the_first_octet(number, digest):
    octets = encode(MESSAGE)
    expected = bytes([number]) + hashed(octets, SENDER, ROOM, digest)[:31]
    assert message_id(octets, SENDER, ROOM, HashAlgorithm(number)) == expected
    assert len(expected) == 32


@pytest.mark.parametrize("number", [0, 2, 3, 4, 5, 6, 9, 13, 36, 255])
def test_an_algorithm_of_fewer_than_31_octets_or_unknown_makes_none(number):
    with pytest.raises(UsageError):
        message_id(MESSAGE, SENDER, ROOM, HashAlgorithm(number))


@given(
    sender=st.text(max_size=50), room=st.text(max_size=50), salt=st.binary(min_size=16, max_size=16)
)
def test_any_uris_and_any_salt(sender, room, salt):
    octets = encode(Message(salt, None, b"", None, None, {}, NullPart()))
    assert message_id(octets, sender, room) == b"\x01" + hashed(octets, sender, room)[:31]


@pytest.mark.parametrize("uri", ["a" * 65535, "\u00e9" * 32767 + "e"])
def test_a_uri_has_up_to_65535_octets(uri):
    octets = encode(MESSAGE)
    assert message_id(octets, uri, ROOM) == b"\x01" + hashed(octets, uri, ROOM)[:31]
    assert message_id(octets, SENDER, uri) == b"\x01" + hashed(octets, SENDER, uri)[:31]
    for pair in [(uri + "a", ROOM), (SENDER, uri + "a")]:
        with pytest.raises(UsageError) as caught:
            message_id(octets, *pair)
        assert type(caught.value) is UsageError


@pytest.mark.parametrize("pair", [("\ud800", ROOM), (SENDER, "a\udfff")])
def test_a_uri_is_utf_8(pair):
    with pytest.raises(UsageError) as caught:
        message_id(MESSAGE, *pair)
    assert caught.value.where in ({"uri": "\ud800"}, {"uri": "a\udfff"})


def test_octets_that_are_no_message_have_no_id():
    with pytest.raises(NotWellFormedError):
        message_id(encode(MESSAGE) + b"\0", SENDER, ROOM)


def test_a_message_larger_than_usual_has_an_id():
    part = SinglePart(Disposition.RENDER, "", "image/png", bytes(1 << 20))
    large = Message(bytes(16), None, b"", None, None, {}, part)
    octets = encode(large, max_octets=1 << 21)
    expected = b"\x01" + hashed(octets, SENDER, ROOM)[:31]
    assert message_id(octets, SENDER, ROOM) == expected
    assert message_id(large, SENDER, ROOM) == expected
    assert message_id(decode(octets, max_octets=1 << 21), SENDER, ROOM) == expected


def test_the_id_depends_on_everything():
    octets = encode(MESSAGE)
    salted = encode(Message(bytes(16), None, b"", None, None, {}, NullPart()))
    ids = {
        message_id(octets, SENDER, ROOM),
        message_id(octets, ROOM, SENDER),
        message_id(octets, SENDER + "a", ROOM),
        message_id(octets, SENDER, ROOM + "a"),
        message_id(salted, SENDER, ROOM),
    }
    assert len(ids) == 5


# Salts (section 9.2 of the draft)


def hmac_by_hand(key, data):
    """Give HMAC-SHA-256 as RFC 2104 writes it, for keys of up to 64 octets."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in key) + data).digest()
    return hashlib.sha256(bytes(octet ^ 0x5C for octet in key) + inner).digest()


@given(secret=st.binary(min_size=1, max_size=64), nonce=st.binary(max_size=40))
def test_an_exported_salt_is_half_of_an_hmac(secret, nonce):
    salt = exported_salt(Secret(secret), nonce)
    assert salt == hmac_by_hand(secret, nonce)[:16]
    assert salt == hmac.digest(secret, nonce, "sha256")[:16]


def test_a_random_salt_is_drawn():
    entropy = SeededEntropy(1)
    first, second = random_salt(entropy), random_salt(entropy)
    assert first + second == SeededEntropy(1)(32)
    assert encode(Message(first, None, b"", None, None, {}, NullPart()))
    with pytest.raises(EntropyError):
        random_salt(lambda size: b"")


# What providers see (draft-mahy-mimi-msgid-aad)


def test_the_component_beside_a_message_names_it():
    assert MESSAGE_ID_COMPONENT == 0x0040
    identifier = message_id(MESSAGE, SENDER, ROOM)
    check_message_id_component(identifier, identifier)


@pytest.mark.parametrize(
    "change", [lambda i: b"", lambda i: i[:31], lambda i: i + b"\0", bytes.swapcase]
)
def test_a_component_that_names_another_message_is_refused(change):
    identifier = b"\x01" + b"abcdefghijklmnopqrstuvwxyz01234"
    with pytest.raises(MessageIdMismatchError) as caught:
        check_message_id_component(change(identifier), identifier)
    assert caught.value.where == {
        "named": change(identifier).hex(),
        "message_id": identifier.hex(),
    }
