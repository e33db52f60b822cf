"""Content kept elsewhere: encrypting it, opening it, and every reason not to."""

import hashlib

import attrs
import pytest
from content.published import PUBLISHED
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.aead import AEADS
from mimi.content.attachment import (
    check_fetchable,
    decrypt,
    encrypt,
    fetchable,
    safe_filename,
    scheme_of,
)
from mimi.content.errors import (
    AttachmentDecryptionError,
    AttachmentExpiredError,
    AttachmentHashError,
    AttachmentKeySizeError,
    AttachmentNonceSizeError,
    AttachmentSizeError,
    AttachmentTooLargeError,
    UnfetchableURLError,
    UnknownAEADError,
    UnknownContentHashError,
)
from mimi.content.hashes import HashAlgorithm
from mimi.content.message import decode, encode
from mimi.content.model import AEADAlgorithm, Disposition, ExternalPart, Message
from mimi.crypto import EntropyError, SeededEntropy
from mimi.errors import UsageError

URL = "https://example.com/storage/8ksB4bSrrRE"
CONTENT = b"two golden retriever puppies"
MOST = 1 << 20


def kept(content=CONTENT, **changed):
    """Give a part and what is at its URL."""
    fields = {"url": URL, "content_type": "image/png", "entropy": SeededEntropy(1)} | changed
    return encrypt(content, **fields)


def open_changed(**changed):
    part, octets = kept()
    return decrypt(attrs.evolve(part, **changed), octets, max_octets=MOST)


# Encrypting


def test_every_field_says_what_was_done():
    drawn = SeededEntropy(1)
    key, nonce = drawn(16), drawn(12)
    octets = AESGCM(key).encrypt(nonce, CONTENT, b"")
    assert kept(
        disposition=Disposition.INLINE,
        language="en",
        filename="puppies.png",
        description="puppies",
        expires=1_700_000_000,
    ) == (
        ExternalPart(
            disposition=Disposition.INLINE,
            language="en",
            content_type="image/png",
            url=URL,
            expires=1_700_000_000,
            size=len(CONTENT) + 16,
            enc_alg=AEADAlgorithm.AES_128_GCM,
            key=key,
            nonce=nonce,
            aad=b"",
            hash_alg=HashAlgorithm.SHA_256,
            content_hash=hashlib.sha256(octets).digest(),
            description="puppies",
            filename="puppies.png",
        ),
        octets,
    )


def test_defaults_are_an_attachment_that_stays():
    part, _ = kept()
    assert part.disposition == Disposition.ATTACHMENT
    assert (part.language, part.filename, part.description, part.expires) == ("", "", "", 0)


def test_each_content_has_a_key_and_a_nonce_of_its_own():
    entropy = SeededEntropy(1)
    parts = [kept(entropy=entropy)[0] for _ in range(20)]
    assert len({part.key for part in parts}) == 20
    assert len({part.nonce for part in parts}) == 20


@pytest.mark.parametrize("aead", AEADS)
@pytest.mark.parametrize("hash_alg", [0, 1, 2, 6, 7, 12, 35])
def test_what_was_encrypted_is_decrypted(aead, hash_alg):
    part, octets = kept(
        aead=AEADAlgorithm(aead), hash=HashAlgorithm(hash_alg), aad=b"room 7", expires=10
    )
    assert part.size == len(octets)
    assert CONTENT not in octets
    assert decrypt(part, octets, max_octets=len(octets), now=10) == CONTENT


@given(content=st.binary(max_size=300), aad=st.binary(max_size=30), seed=st.integers(0))
def test_any_content_returns_by_way_of_a_message(content, aad, seed):
    part, octets = kept(content, aad=aad, entropy=SeededEntropy(seed))
    message = Message(bytes(16), None, b"", None, None, {}, part)
    received = decode(encode(message)).nested_part
    assert received == part
    assert decrypt(received, octets, max_octets=MOST) == content


def test_content_that_is_not_private_is_only_hashed():
    part, octets = kept(aead=AEADAlgorithm.NONE)
    assert octets == CONTENT
    assert (part.enc_alg, part.key, part.nonce, part.aad) == (0, b"", b"", b"")
    assert (part.size, part.content_hash) == (len(CONTENT), hashlib.sha256(CONTENT).digest())
    assert decrypt(part, octets, max_octets=MOST) == CONTENT
    with pytest.raises(AttachmentHashError):
        decrypt(part, octets[::-1], max_octets=MOST)


@pytest.mark.parametrize(
    "changed",
    [
        {"aead": AEADAlgorithm(5)},
        {"aead": AEADAlgorithm(0xFFFF)},
        {"aead": AEADAlgorithm.NONE, "aad": b"room 7"},
        {"hash": HashAlgorithm(255)},
        {"aead": AEADAlgorithm.AES_128_CCM_8, "content": bytes(1 << 24)},
    ],
)
def test_what_cannot_be_done_is_the_callers_mistake(changed):
    with pytest.raises(UsageError) as caught:
        kept(**changed)
    assert type(caught.value) is UsageError


def test_broken_entropy_encrypts_nothing():
    with pytest.raises(EntropyError):
        kept(entropy=lambda size: bytes(size - 1))


def test_a_key_is_not_printed():
    part, _ = kept()
    assert repr(part.key) not in repr(part)
    assert part.key.hex() not in repr(part)


# Decrypting


@pytest.mark.parametrize("aead", [0, 1, 18])
def test_the_size_is_that_of_the_octets_or_of_the_content_or_unknown(aead):
    part, octets = kept(aead=AEADAlgorithm(aead))
    for size in range(len(octets) + 20):
        announced = attrs.evolve(part, size=size)
        if size in (0, len(CONTENT), len(octets)):
            assert decrypt(announced, octets, max_octets=MOST) == CONTENT
            continue
        with pytest.raises(AttachmentSizeError) as caught:
            decrypt(announced, octets, max_octets=MOST)
        assert caught.value.where == {"size": len(octets), "announced": size}


def test_no_more_octets_are_taken_than_local_policy_permits():
    part, octets = kept()
    with pytest.raises(AttachmentTooLargeError) as caught:
        decrypt(part, octets, max_octets=len(octets) - 1)
    assert caught.value.where == {"size": len(octets), "permitted": len(octets) - 1}


def test_the_hash_is_that_of_what_is_at_the_url():
    part, octets = kept()
    changed = bytes([octets[0] ^ 1]) + octets[1:]
    with pytest.raises(AttachmentHashError) as caught:
        decrypt(part, changed, max_octets=MOST)
    assert caught.value.where == {
        "content_hash": hashlib.sha256(octets).hexdigest(),
        "found": hashlib.sha256(changed).hexdigest(),
    }
    with pytest.raises(AttachmentHashError):
        open_changed(content_hash=hashlib.sha256(CONTENT).digest())


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_hash_that_is_cut_or_longer_is_another_hash(size):
    digest = (kept()[0].content_hash + b"\0")[:size]
    with pytest.raises(AttachmentHashError):
        open_changed(content_hash=digest)


@pytest.mark.parametrize("number", [0, 13, 32, 255])
def test_a_hash_that_cannot_be_verified_is_not_trusted(number):
    with pytest.raises(UnknownContentHashError) as caught:
        open_changed(hash_alg=HashAlgorithm(number))
    assert caught.value.where == {"number": number}


def test_without_a_hash_the_encryption_vouches_alone():
    assert open_changed(hash_alg=HashAlgorithm.NONE, content_hash=b"") == CONTENT
    part, octets = kept(hash=HashAlgorithm.NONE)
    with pytest.raises(AttachmentDecryptionError):
        decrypt(part, octets[::-1], max_octets=MOST)


def test_without_hash_and_encryption_anything_will_do():
    part = ExternalPart(Disposition.ATTACHMENT, "", "image/png", URL)
    assert decrypt(part, b"anything", max_octets=MOST) == b"anything"


@pytest.mark.parametrize(
    ("changed", "error", "where"),
    [
        ({"enc_alg": AEADAlgorithm(5)}, UnknownAEADError, {"number": 5}),
        ({"enc_alg": AEADAlgorithm(0x8000)}, UnknownAEADError, {"number": 0x8000}),
        ({"key": bytes(15)}, AttachmentKeySizeError, {"size": 15}),
        ({"key": bytes(32)}, AttachmentKeySizeError, {"size": 32}),
        ({"enc_alg": AEADAlgorithm.AES_256_GCM}, AttachmentKeySizeError, {"size": 16}),
        ({"nonce": b""}, AttachmentNonceSizeError, {"size": 0}),
        ({"nonce": bytes(16)}, AttachmentNonceSizeError, {"size": 16}),
        ({"key": bytes(16)}, AttachmentDecryptionError, {"size": 44}),
        ({"nonce": bytes(12)}, AttachmentDecryptionError, {"size": 44}),
        ({"aad": b"room 8"}, AttachmentDecryptionError, {"size": 44}),
        ({"enc_alg": AEADAlgorithm.AES_128_CCM}, AttachmentDecryptionError, {"size": 44}),
    ],
)
def test_each_parameter_has_to_be_that_of_the_encryption(changed, error, where):
    with pytest.raises(error) as caught:
        open_changed(**changed)
    assert type(caught.value) is error
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("expires", "now"), [(0, 1 << 40), (100, None), (100, 0), (100, 100), (0, None)]
)
def test_content_is_valid_until_it_expires(expires, now):
    part, octets = kept(expires=expires)
    assert decrypt(part, octets, max_octets=MOST, now=now) == CONTENT


def test_content_is_invalid_afterwards():
    part, octets = kept(expires=100)
    with pytest.raises(AttachmentExpiredError) as caught:
        decrypt(part, octets, max_octets=MOST, now=101)
    assert caught.value.where == {"expires": 100, "now": 101}


# Fetching


@pytest.mark.parametrize(
    ("url", "scheme", "is_fetchable"),
    [
        ("https://example.com/1", "https", True),
        ("http://example.com/1", "http", True),
        ("HTTPS://EXAMPLE.COM/1", "https", True),
        ("ftp://example.com/1", "ftp", False),
        ("file:///etc/passwd", "file", False),
        ("javascript:alert(1)", "javascript", False),
        ("data:text/plain,a", "data", False),
        ("mimi://example.com/1", "mimi", False),
        (" https://example.com/1", " https", False),
        ("https://a.example", "https", True),
        ("https://a.example./?a=b/c#d?e", "https", True),
        ("https://a_b.example:443/%7E", "https", True),
        ("http://1.2.3.4:65535", "http", True),
        ("http://[::1]:80/", "http", True),
        ("http://[::ffff:1.2.3.4]", "http", True),
        # without a host
        ("https:", "https", False),
        ("https://", "https", False),
        ("https:///a", "https", False),
        ("https://?a", "https", False),
        ("https://:443/", "https", False),
        ("https:example.com", "https", False),
        ("http:/example.com", "http", False),
        ("https://a..example/", "https", False),
        ("https://.example/", "https", False),
        # with something before it
        ("https://a@b.example/", "https", False),
        ("https://a:b@c.example/", "https", False),
        ("https://@b.example/", "https", False),
        # what some understand, each in another way
        ("https:\\\\a.example", "https", False),
        ("https://a.example\\@b.example/", "https", False),
        ("https://a.example/\\b", "https", False),
        ("https://a.example/ b", "https", False),
        ("https://a.example/\n", "https", False),
        ("https://a.example\n", "https", False),
        ("ht\ntps://a.example/", "ht\ntps", False),
        ("https://a.example/\xe4", "https", False),
        ("https://\xe4.example/", "https", False),
        ("https://a\u212a.example/", "https", False),
        ("https://a%2eexample/", "https", False),
        ("https://a.example/%", "https", False),
        ("https://a.example/%2x", "https", False),
        ("https://a.example/[b]", "https", False),
        ("https://a.example:/", "https", False),
        ("https://a.example:65536/", "https", False),
        ("https://a.example:99:1/", "https", False),
        ("https://a.example:\u0661/", "https", False),
        ("http://[::1/", "http", False),
        ("http://[1.2.3.4]/", "http", False),
        ("http://[::1%25eth0]/", "http", False),
        ("http://[:::]/", "http", False),
        ("http://[]/", "http", False),
        ("https", "", False),
        ("//example.com/1", "", False),
        ("", "", False),
    ],
)
def test_every_client_fetches_by_http_and_https(url, scheme, is_fetchable):
    part, _ = kept(url=url)
    assert scheme_of(part) == scheme
    assert fetchable(part) is is_fetchable
    if is_fetchable:
        check_fetchable(part, now=0, max_octets=MOST)
        return
    with pytest.raises(UnfetchableURLError) as caught:
        check_fetchable(part, now=0, max_octets=MOST)
    assert caught.value.where == {"scheme": scheme}


def test_a_long_url_is_read_in_time():
    part, _ = kept(url="https://" + "a." * 50_000 + "!/" + "%41" * 50_000)
    assert not fetchable(part)
    part, _ = kept(url="https://a/" + "%41a" * 50_000 + "%")
    assert not fetchable(part)


def test_nothing_is_fetched_that_is_announced_as_too_large():
    part, octets = kept()
    check_fetchable(part, now=0, max_octets=len(octets))
    with pytest.raises(AttachmentTooLargeError) as caught:
        check_fetchable(part, now=0, max_octets=len(octets) - 1)
    assert caught.value.where == {"size": len(octets), "permitted": len(octets) - 1}


def test_nothing_is_fetched_that_has_expired():
    part, _ = kept(expires=100)
    check_fetchable(part, now=100, max_octets=MOST)
    with pytest.raises(AttachmentExpiredError):
        check_fetchable(part, now=101, max_octets=MOST)


def test_the_published_attachment_can_be_fetched_and_is_not_just_anything():
    part = decode(PUBLISHED["attachment"]).nested_part
    assert (part.enc_alg, len(part.key), len(part.nonce), part.aad) == (1, 16, 12, b"")
    check_fetchable(part, now=1_700_000_000, max_octets=1 << 30)
    with pytest.raises(AttachmentSizeError) as caught:
        decrypt(part, bytes(100), max_octets=MOST)
    assert caught.value.where == {"size": 100, "announced": 708_234_961}
    with pytest.raises(AttachmentHashError):
        decrypt(attrs.evolve(part, size=0), bytes(100), max_octets=MOST)


def test_the_published_conference_is_a_service_without_anything_to_verify():
    part = decode(PUBLISHED["conferencing"]).nested_part
    assert part.disposition == Disposition.SESSION
    assert (part.enc_alg, part.hash_alg, part.size) == (0, 0, 0)


# File names


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("puppies.png", "puppies.png"),
        ("two puppies (1).tar.gz", "two puppies (1).tar.gz"),
        ("\u4f8b\u3048.png", "\u4f8b\u3048.png"),
        ("e\u0301.png", "\xe9.png"),
        # paths
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.dll", "a.dll"),
        ("C:\\a/b.txt", "b.txt"),
        ("C:a.txt", "C_a.txt"),
        ("a.txt:stream", "a.txt_stream"),
        ("a/", ""),
        # dots and spaces
        (".bashrc", "bashrc"),
        ("...a", "a"),
        (". .a", "a"),
        ("a.exe. .", "a.exe"),
        ("..", ""),
        (".", ""),
        ("", ""),
        # what is not seen
        ("a\0b\n.p\x7fng", "ab.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\u200b.png\ue000\U000e0041\uffff", "a.png"),
        ("\u200b.a", "a"),
        ("a\u2028\xa0b", "a  b"),
        # what some systems reserve
        ('a<b>|"?*.txt', "a_b_____.txt"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("aux .tar.gz", "_aux .tar.gz"),
        ("CONSOLE.txt", "CONSOLE.txt"),
        # lengths
        ("a" * 300, "a" * 255),
        ("a" * 300 + ".png", "a" * 251 + ".png"),
        ("\xe9" * 200, "\xe9" * 127),
        ("\xe9" * 200 + ".png", "\xe9" * 125 + ".png"),
        ("a." + "b" * 300, "a." + "b" * 253),
        ("a" * 250 + " . b.png", "a" * 250 + ".png"),
        ("a" * 222 + "." + "b" * 33, "a" * 222 + "." + "b" * 32),
        ("a..png", "a..png"),
        ("e\u200b\u0301.png", "\xe9.png"),
    ],
)
def test_a_file_name_stays_in_its_directory(filename, safe):
    assert safe_filename(attrs.evolve(kept()[0], filename=filename)) == safe


@given(
    st.text()
    | st.lists(st.sampled_from([*"./\\ :\0aA\u202e\xe9", "con", "." * 99, "b" * 99])).map("".join)
)
def test_any_file_name_is_made_safe(filename):
    part = attrs.evolve(kept()[0], filename=filename)
    name = safe_filename(part)
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\<>:"|?*\0\u202e')
    assert name == name.strip(". ")
    assert safe_filename(attrs.evolve(part, filename=name)) == name
