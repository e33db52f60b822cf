"""Content kept elsewhere: encrypting it before it is uploaded, opening what was fetched.

::

    content ── AEAD(key, nonce, aad) ──> octets at the URL ── hash ──> content_hash
                                         size

Key, nonce and hash travel in the message, as an `ExternalPart` (draft-ietf-mimi-content-08
section 4.5). The draft says of the hash that it is that of the content at the target URL, and of
the size only that it is that of the content. Here both are taken of what is at the URL: the size is
then known before anything is decrypted, and bounds the download. Of others the size of what is
inside is accepted too; their hash has to be that of what is at the URL.

URL and file name are what the sender wrote: `check_fetchable` and `safe_filename` come before any
use of them.
"""

import hmac
import ipaddress
import re
import unicodedata

from mimi.content.aead import AEADS, aead_of
from mimi.content.errors import (
    AttachmentExpiredError,
    AttachmentHashError,
    AttachmentSizeError,
    AttachmentTooLargeError,
    UnfetchableURLError,
    UnknownContentHashError,
)
from mimi.content.hashes import HashAlgorithm
from mimi.content.model import AEADAlgorithm, Disposition, ExternalPart
from mimi.crypto import Entropy, draw, os_entropy
from mimi.errors import UsageError

FETCHABLE = frozenset({"http", "https"})
"""The schemes of the URLs that every client can download from (section 7.1)."""

MOST_FILENAME_OCTETS = 255
"""How long a file name may be nearly everywhere."""

_URL = re.compile(
    r"https?://"
    r"(?:(?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?|\[(?P<address>[0-9a-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?](?:[a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})*+)?"
    r"(?:\#(?:[a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})*+)?",
    re.IGNORECASE | re.ASCII,
)
"""A URL of RFC 3986 with a host as DNS and HTTP know them, and without a user or a password.

What it leaves out is understood by some and not by others, or understood in different ways: so
that one host is checked and another asked."""

_SEPARATORS = re.compile(r"[/\\]")
_RESERVED = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\xb9\xb2\xb3])(?=\s*(?:\.|$))",
    re.IGNORECASE,
)
"""What names a device on some systems, whatever comes after a dot."""


def encrypt(  # noqa: PLR0913 - each argument but the entropy is a field of the part
    content: bytes,
    *,
    url: str,
    content_type: str,
    entropy: Entropy = os_entropy,
    aead: AEADAlgorithm = AEADAlgorithm.AES_128_GCM,
    hash: HashAlgorithm = HashAlgorithm.SHA_256,  # noqa: A002 - the draft's word for it
    disposition: Disposition = Disposition.ATTACHMENT,
    language: str = "",
    filename: str = "",
    description: str = "",
    expires: int = 0,
    aad: bytes = b"",
) -> tuple[ExternalPart, bytes]:
    """Return the part to send and the octets to upload to *url*, with a key of their own.

    Args:
        content: What is to be kept there.
        url: Where it will be.
        content_type: The media type of *content*.
        entropy: Where key and nonce come from.
        aead: How to encrypt it. `AEADAlgorithm.NONE` leaves content that is not private as it is.
        hash: By which algorithm to hash what is uploaded; `HashAlgorithm.NONE` for no hash.
        disposition: What the content is meant for.
        language: Language tags (RFC 5646), separated by commas.
        filename: A suggestion of a name, for `safe_filename`.
        description: What it is, for people.
        expires: When it will be gone, in seconds since 1970; 0 for never.
        aad: Additional data, without which it is not decrypted.

    Raises:
        UsageError: An algorithm is not known, the content is too long for it, or there is
            additional data without encryption.
        EntropyError: *entropy* is broken.
    """
    key, nonce, octets = b"", b"", content
    if aead:
        algorithm = AEADS.get(aead)
        if algorithm is None:
            raise UsageError(f"no AEAD algorithm {aead}", number=int(aead))
        key = draw(entropy, algorithm.key_octets)
        nonce = draw(entropy, algorithm.nonce_octets)
        octets = algorithm.seal(key, nonce, aad, content)
    elif aad:
        raise UsageError("additional data, but no encryption")
    part = ExternalPart(
        disposition=disposition,
        language=language,
        content_type=content_type,
        url=url,
        expires=expires,
        size=len(octets),
        enc_alg=aead,
        key=key,
        nonce=nonce,
        aad=aad,
        hash_alg=hash,
        content_hash=hash.digest(octets) if hash else b"",
        description=description,
        filename=filename,
    )
    return part, octets


def decrypt(part: ExternalPart, octets: bytes, *, max_octets: int, now: int | None = None) -> bytes:
    """Return the content of which *octets*, fetched from the URL of *part*, are the encryption.

    A part that is not encrypted is checked by its size and its hash alone; one that has neither
    can be anything.

    Args:
        part: What the message says of it.
        octets: What was found at the URL.
        max_octets: How many octets local policy permits there.
        now: Seconds since 1970, to refuse what has expired; None for what was fetched in time.

    Raises:
        AttachmentExpiredError: It is no longer valid.
        AttachmentTooLargeError: It has more than *max_octets*.
        AttachmentSizeError: It has not the size announced.
        UnknownContentHashError: It was hashed by an algorithm that is not known.
        AttachmentHashError: It is not what was hashed.
        UnknownAEADError: It was encrypted by an algorithm that is not known.
        AttachmentKeySizeError: The key is of another length than the algorithm's.
        AttachmentNonceSizeError: The nonce is of another length than the algorithm's.
        AttachmentDecryptionError: It is not what was encrypted.
    """
    if now is not None:
        _check_expiry(part, now)
    _check_bound(len(octets), max_octets)
    aead = aead_of(part.enc_alg) if part.enc_alg else None
    tag_octets = aead.tag_octets if aead else 0
    if part.size and part.size not in (len(octets), len(octets) - tag_octets):
        raise AttachmentSizeError(
            f"{len(octets)} octets, {part.size} announced", size=len(octets), announced=part.size
        )
    _check_hash(part, octets)
    return aead.open(part.key, part.nonce, part.aad, octets) if aead else octets


def _check_hash(part: ExternalPart, octets: bytes) -> None:
    if not part.hash_alg and not part.content_hash:
        return
    algorithm = HashAlgorithm(part.hash_alg)
    if not algorithm.is_known:
        raise UnknownContentHashError(
            f"hashed by an unknown algorithm: {algorithm}", number=int(algorithm)
        )
    found = algorithm.digest(octets)
    if not hmac.compare_digest(found, part.content_hash):
        raise AttachmentHashError(
            "not the content that was hashed",
            content_hash=part.content_hash.hex(),
            found=found.hex(),
        )


def scheme_of(part: ExternalPart) -> str:
    """Return the scheme of the URL, in lower case; empty where there is none."""
    scheme, colon, _ = part.url.partition(":")
    return scheme.lower() if colon else ""


def fetchable(part: ExternalPart) -> bool:
    """Return whether every client can fetch it: by ``http`` or ``https`` (section 7.1).

    The URL has to be one of RFC 3986, with a host, and without a user or a password. Another scheme
    may be that of a service of one's own, or of a session to be joined.
    """
    match = _URL.fullmatch(part.url)
    if match is None or int(match["port"] or 0) >= 1 << 16:
        return False
    try:
        ipaddress.IPv6Address(match["address"] or "::")
    except ValueError:
        return False
    return True


def check_fetchable(part: ExternalPart, *, now: int, max_octets: int) -> None:
    """Check that there is a point in fetching the content of *part*.

    Where the URL leads is not checked: it may be a host or an address within one's own network, to
    which only this client has access, or redirect to one. Who fetches has to look at the addresses
    that are really connected to, above all a server that fetches for others (server-side request
    forgery). And whoever runs that host learns who fetches, when, and from which address.

    Args:
        part: What the message says of it.
        now: Seconds since 1970.
        max_octets: How many octets local policy permits at the URL.

    Raises:
        UnfetchableURLError: The URL is none of ``http`` or ``https``, has no host, has a user or
            a password, or is none of RFC 3986.
        AttachmentExpiredError: It is no longer valid.
        AttachmentTooLargeError: More than *max_octets* are announced.
    """
    if not fetchable(part):
        raise UnfetchableURLError(
            "not an http or https URL of a host and nothing before it", scheme=scheme_of(part)
        )
    _check_expiry(part, now)
    _check_bound(part.size, max_octets)


def safe_filename(part: ExternalPart) -> str:
    """Return a name for a file within one directory, from the one that the sender suggests.

    It is the last component of a path; without characters that are not shown, or change the order
    of others; without dots and spaces at either end; with ``_`` for what separates or reserves
    anything on some system, and before the name of a device; and of no more than 255 octets, of
    which an extension is kept. What kind of file it is, it does not say: ``a.png`` may be a
    program. A file of that name may exist.

    Returns:
        The name; empty where nothing of it can be used.
    """
    name = _SEPARATORS.split(part.filename)[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    name = re.sub(r"\s", " ", unicodedata.normalize("NFC", name))
    name = _RESERVED.sub("_", name).strip(". ")
    if _DEVICE.match(name):
        name = f"_{name}"
    if len(name.encode()) <= MOST_FILENAME_OCTETS:
        return name
    stem, dot, extension = name.rpartition(".")
    kept = f"{dot}{extension}" if stem and len(extension.encode()) <= 32 else ""
    most = MOST_FILENAME_OCTETS - len(kept.encode())
    stem = name.removesuffix(kept).encode()[:most].decode(errors="ignore")
    return f"{stem.rstrip('. ')}{kept}"


def _check_expiry(part: ExternalPart, now: int) -> None:
    if part.expires and now > part.expires:
        raise AttachmentExpiredError(
            f"expired {now - part.expires} seconds ago", expires=part.expires, now=now
        )


def _check_bound(size: int, max_octets: int) -> None:
    if size > max_octets:
        raise AttachmentTooLargeError(
            f"{size} octets, {max_octets} permitted", size=size, permitted=max_octets
        )
