"""Content kept elsewhere: by all algorithms, and spoiled in every way."""

from collections.abc import Iterator

import attrs

from mimi.codec import replace
from mimi.content.aead import AEADS
from mimi.content.attachment import encrypt
from mimi.content.hashes import HashAlgorithm
from mimi.content.message import encode
from mimi.content.model import AEADAlgorithm, ExternalPart
from mimi.crypto import Entropy, draw
from mimi.vectors.form import form_of_part
from mimi.vectors.generate.content_parts import message
from mimi.vectors.generate.written import Vector

URL = "https://example.com/storage/8ksB4bSrrRE.mp4"
TEXT = b"What is kept elsewhere is encrypted first."
MOST = 1 << 20
NOW = 1_800_000_000

NO_AEAD = AEADAlgorithm.NONE
NO_HASH = HashAlgorithm.NONE


@attrs.frozen
class _Fetched:
    """What a message says of its content, and what was found at the URL."""

    part: ExternalPart
    octets: bytes
    plaintext: bytes

    @classmethod
    def of(
        cls,
        entropy: Entropy,
        aead: AEADAlgorithm = AEADAlgorithm.AES_128_GCM,
        hash_alg: HashAlgorithm = HashAlgorithm.SHA_256,
        plaintext: bytes = TEXT,
        aad: bytes = b"",
    ) -> "_Fetched":
        part, octets = encrypt(
            plaintext,
            url=URL,
            content_type="video/mp4",
            entropy=entropy,
            aead=aead,
            hash=hash_alg,
            aad=aad,
        )
        return cls(part, octets, plaintext)

    def saying(self, **changed: object) -> "_Fetched":
        """Return it with other words in the message."""
        return replace(self, part=replace(self.part, **changed))

    def found(self, octets: bytes) -> "_Fetched":
        """Return it with other octets at the URL, of which the message knows the hash."""
        algorithm = HashAlgorithm(self.part.hash_alg)
        content_hash = algorithm.digest(octets) if algorithm else b""
        return replace(self.saying(size=0, content_hash=content_hash), octets=octets)


def attachments(entropy: Entropy) -> Iterator[Vector]:
    """Yield all cases."""

    def case(
        description: str,
        fetched: _Fetched,
        rule: str | None = None,
        *,
        now: int | None = None,
        most: int = MOST,
    ) -> Vector:
        return {
            "kind": "content-attachment",
            "description": description,
            "content": encode(message(entropy, fetched.part)),
            "part": form_of_part(fetched.part),
            "fetched": fetched.octets,
            "now": now,
            "max_octets": most,
            "plaintext": None if rule else fetched.plaintext,
            "rule": rule,
        }

    for description, fetched in (*_algorithms(entropy), *_shapes(entropy)):
        yield case(description, fetched)
    for rule, description, fetched in (*_spoiled(entropy), *_mistaken(entropy)):
        yield case(description, fetched, rule)
    fetched = _Fetched.of(entropy).saying(expires=NOW)
    yield case("on the second of its expiry", fetched, now=NOW)
    yield case("a second after its expiry", fetched, "attachment-expired", now=NOW + 1)
    yield case("content that never expires", _Fetched.of(entropy), now=(1 << 40))
    size = len(fetched.octets)
    yield case("as many octets as are permitted", fetched, most=size)
    yield case("an octet more than permitted", fetched, "attachment-too-large", most=size - 1)


def _algorithms(entropy: Entropy) -> Iterator[tuple[str, _Fetched]]:
    for number in sorted(AEADS):
        algorithm = AEADAlgorithm(number)
        yield f"encrypted by algorithm {number}", _Fetched.of(entropy, algorithm)
        some = draw(entropy, 20)
        described = f"encrypted by algorithm {number}, with additional data"
        yield described, _Fetched.of(entropy, algorithm, aad=some)
    for number in sorted(HashAlgorithm.functions):
        hashed = _Fetched.of(entropy, hash_alg=HashAlgorithm(number))
        yield f"hashed by algorithm {number}", hashed
    yield "not hashed", _Fetched.of(entropy, hash_alg=NO_HASH)
    yield "not encrypted", _Fetched.of(entropy, NO_AEAD)
    yield "neither encrypted nor hashed", _Fetched.of(entropy, NO_AEAD, NO_HASH)


def _shapes(entropy: Entropy) -> Iterator[tuple[str, _Fetched]]:
    for size in (0, 1, 16, 4097):
        fetched = _Fetched.of(entropy, plaintext=draw(entropy, size))
        yield f"content of {size} octets", fetched
    yield "nothing at the URL, as was said", _Fetched.of(entropy, NO_AEAD, plaintext=b"")
    fetched = _Fetched.of(entropy)
    yield "a size that is not known", fetched.saying(size=0)
    yield "the size of what was encrypted", fetched.saying(size=len(TEXT))


def _changed(octets: bytes, at: int) -> bytes:
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)


Spoiled = tuple[str, str, _Fetched]


def _spoiled(entropy: Entropy) -> Iterator[Spoiled]:
    """Yield what was changed on its way."""
    fetched = _Fetched.of(entropy)
    octets, part = fetched.octets, fetched.part
    for description, other in (
        ("the first octet changed", _changed(octets, 0)),
        ("the last octet changed", _changed(octets, -1)),
        ("an octet missing", octets[:-1]),
        ("an octet more", octets + b"\0"),
        ("no octets", b""),
    ):
        unsized = replace(fetched.saying(size=0), octets=other)
        yield "attachment-hash", f"{description}, where a hash tells", unsized
        yield "attachment-decryption", f"{description}, and hashed so", fetched.found(other)
    yield (
        "attachment-hash",
        "another hash",
        fetched.saying(content_hash=_changed(part.content_hash, 31)),
    )
    yield "attachment-hash", "a hash cut short", fetched.saying(content_hash=part.content_hash[:16])
    yield "attachment-hash", "no hash", fetched.saying(content_hash=b"")
    plain = _Fetched.of(entropy, NO_AEAD)
    changed = replace(plain, octets=_changed(plain.octets, 3))
    yield "attachment-hash", "an octet changed of what is not encrypted", changed
    for number in sorted(AEADS):
        sealed = _Fetched.of(entropy, AEADAlgorithm(number), NO_HASH)
        changed = replace(sealed, octets=_changed(sealed.octets, 5))
        yield "attachment-decryption", f"an octet changed, by algorithm {number}", changed


def _mistaken(entropy: Entropy) -> Iterator[Spoiled]:
    """Yield what the message says otherwise than it is."""
    fetched = _Fetched.of(entropy, aad=b"additional")
    part, size = fetched.part, len(fetched.octets)
    rule = "attachment-decryption"
    yield rule, "another key", fetched.saying(key=_changed(part.key, 0))
    yield rule, "another nonce", fetched.saying(nonce=_changed(part.nonce, 0))
    yield rule, "other additional data", fetched.saying(aad=b"Additional")
    yield rule, "no additional data", fetched.saying(aad=b"")
    yield rule, "another algorithm with such keys", fetched.saying(enc_alg=AEADAlgorithm(3))
    for octets in (0, 15, 17, 32):
        found = fetched.saying(key=draw(entropy, octets))
        yield "attachment-key-size", f"a key of {octets} octets", found
    for octets in (0, 11, 13, 16):
        found = fetched.saying(nonce=draw(entropy, octets))
        yield "attachment-nonce-size", f"a nonce of {octets} octets", found
    for announced in (1, len(TEXT) - 1, len(TEXT) + 1, size - 1, size + 1):
        found = fetched.saying(size=announced)
        yield "attachment-size", f"{announced} octets announced, {size} there", found
    for number in (13, 32, 64, 255):
        found = fetched.saying(hash_alg=HashAlgorithm(number))
        yield "attachment-hash-algorithm", f"hashed by algorithm {number}", found
    none = fetched.saying(hash_alg=NO_HASH)
    yield "attachment-hash-algorithm", "a hash by algorithm 0", none
    for number in (5, 9, 21, 32, 32768, 65535):
        found = fetched.saying(enc_alg=AEADAlgorithm(number))
        yield "attachment-aead", f"encrypted by algorithm {number}", found
