"""CCM and SIV computed from AES alone (RFC 3610, RFC 5297)."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC


def padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 16)


def counted(key: bytes, first: bytes, octets: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CTR(first)).encryptor()
    return cipher.update(octets) + cipher.finalize()


def xored(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def ccm(key: bytes, nonce: bytes, aad: bytes, content: bytes, tag_octets: int) -> bytes:
    """Encrypt with a nonce of 12 octets, so that 3 count the octets; at most 65,279 of *aad*."""
    flags = 64 * bool(aad) + 8 * ((tag_octets - 2) // 2) + 2
    blocks = bytes([flags]) + nonce + len(content).to_bytes(3)
    if aad:
        blocks += padded(len(aad).to_bytes(2) + aad)
    blocks += padded(content)
    chain = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    tag = (chain.update(blocks) + chain.finalize())[-16:][:tag_octets]
    hidden = counted(key, b"\x02" + nonce + bytes(3), bytes(16) + content)
    return hidden[16:] + xored(tag, hidden[:tag_octets])


def siv(key: bytes, nonce: bytes, aad: bytes, content: bytes) -> bytes:
    """Encrypt; *aad* and *nonce* are the two components of the associated data."""
    half = len(key) // 2
    value = s2v(key[:half], [aad, nonce], content)
    first = int.from_bytes(value) & ~((1 << 63) | (1 << 31))
    return value + counted(key[half:], first.to_bytes(16), content)


def s2v(key: bytes, components: list[bytes], content: bytes) -> bytes:
    value = cmac(key, bytes(16))
    for component in components:
        value = xored(doubled(value), cmac(key, component))
    if len(content) >= 16:
        return cmac(key, content[:-16] + xored(content[-16:], value))
    return cmac(key, xored(doubled(value), padded(content + b"\x80")))


def cmac(key: bytes, octets: bytes) -> bytes:
    code = CMAC(algorithms.AES(key))
    code.update(octets)
    return code.finalize()


def doubled(value: bytes) -> bytes:
    number = int.from_bytes(value) << 1
    if number >> 128:
        number ^= (1 << 128) | 0x87
    return number.to_bytes(16)
