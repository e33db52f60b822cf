"""Hash algorithms by number, against hashlib; algorithms of one's own; hashes that are cut."""

import hashlib

import pytest

from mimi.content.errors import UnknownHashError
from mimi.content.hashes import IDENTIFYING, LEAST, HashAlgorithm
from mimi.content.message import decode, encode, message_id
from mimi.content.model import Message, NullPart
from mimi.errors import UsageError

# The registry: number, name, what hashlib calls it, octets
TABLE = [
    (1, "SHA_256", hashlib.sha256, 32),
    (2, "SHA_256_128", hashlib.sha256, 16),
    (3, "SHA_256_120", hashlib.sha256, 15),
    (4, "SHA_256_96", hashlib.sha256, 12),
    (5, "SHA_256_64", hashlib.sha256, 8),
    (6, "SHA_256_32", hashlib.sha256, 4),
    (7, "SHA_384", hashlib.sha384, 48),
    (8, "SHA_512", hashlib.sha512, 64),
    (9, "SHA3_224", hashlib.sha3_224, 28),
    (10, "SHA3_256", hashlib.sha3_256, 32),
    (11, "SHA3_384", hashlib.sha3_384, 48),
    (12, "SHA3_512", hashlib.sha3_512, 64),
    (33, "BLAKE2S_256", hashlib.blake2s, 32),
    (34, "BLAKE2B_256", lambda data: hashlib.blake2b(data, digest_size=32), 32),
    (35, "BLAKE2B_512", hashlib.blake2b, 64),
]
NUMBERS = [row[0] for row in TABLE]
MESSAGE = Message(bytes(16), None, b"", None, None, {}, NullPart())


@pytest.mark.parametrize(("number", "name", "function", "octets"), TABLE)
@pytest.mark.parametrize("data", [b"", b"abc", bytes(1000)])
def test_a_number_is_its_algorithm(number, name, function, octets, data):
    algorithm = HashAlgorithm(number)
    assert algorithm.name == name
    assert algorithm == getattr(HashAlgorithm, name)
    assert algorithm.is_known
    digest = algorithm.digest(data)
    assert digest == function(data).digest()[:octets]
    assert len(digest) == octets


# RFC 6234, FIPS 202 and RFC 7693: hashes of "abc"
@pytest.mark.parametrize(
    ("number", "digest"),
    [
        (1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (6, "ba7816bf"),
        (10, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (33, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
        (34, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
    ],
)
def test_known_answers(number, digest):
    assert HashAlgorithm(number).digest(b"abc").hex() == digest


def test_those_and_no_others_are_known():
    assert [number for number in range(256) if HashAlgorithm(number).is_known] == NUMBERS


def test_31_octets_and_more_make_message_ids():
    assert LEAST == 31
    assert {row[0] for row in TABLE if row[3] >= 31} == IDENTIFYING


@pytest.mark.parametrize("number", sorted(set(range(256)) - set(NUMBERS)))
def test_nothing_is_hashed_by_an_unknown_algorithm(number):
    with pytest.raises(UsageError):
        HashAlgorithm(number).digest(b"")


@pytest.fixture
def registry():
    """Leave the registry as it was."""
    functions, identifying = dict(HashAlgorithm.functions), set(IDENTIFYING)
    known, names = dict(HashAlgorithm.known), dict(HashAlgorithm._names)
    yield
    for table, before in [
        (HashAlgorithm.functions, functions),
        (HashAlgorithm.known, known),
        (HashAlgorithm._names, names),
    ]:
        table.clear()
        table.update(before)
    IDENTIFYING.clear()
    IDENTIFYING.update(identifying)


def test_an_algorithm_that_the_registry_gained_makes_message_ids(registry):
    replaces = b"\xc8" + bytes(31)
    octets = encode(MESSAGE).replace(b"\xf6\x40", b"\x58\x20" + replaces + b"\x40", 1)
    with pytest.raises(UnknownHashError):
        decode(octets)

    def double(data):
        return hashlib.sha256(hashlib.sha256(data).digest()).digest()

    algorithm = HashAlgorithm.register("SHA_256_TWICE", 200, double)
    assert (algorithm, algorithm.name, algorithm.is_known) == (200, "SHA_256_TWICE", True)
    assert algorithm.digest(b"abc") == double(b"abc")
    assert decode(octets).replaces == replaces
    hashed = b"\0\1a\0\1b" + encode(MESSAGE) + bytes(16)
    assert message_id(MESSAGE, "a", "b", algorithm) == b"\xc8" + double(hashed)[:31]


def test_one_of_fewer_octets_hashes_but_makes_no_message_ids(registry):
    algorithm = HashAlgorithm.register(
        "SHORT", 200, lambda data: hashlib.sha256(data).digest()[:30]
    )
    assert algorithm.is_known
    assert 200 not in IDENTIFYING
    with pytest.raises(UsageError):
        message_id(MESSAGE, "a", "b", algorithm)


def test_one_of_31_octets_is_enough(registry):
    HashAlgorithm.register("JUST", 200, lambda data: hashlib.sha256(data).digest()[:31])
    assert 200 in IDENTIFYING


@pytest.mark.parametrize("number", [0, 1, 2, 35, -1, 256])
def test_no_number_is_registered_that_is_taken_or_none_or_out_of_range(registry, number):
    functions, identifying = dict(HashAlgorithm.functions), set(IDENTIFYING)
    with pytest.raises(UsageError):
        HashAlgorithm.register("ANOTHER", number, lambda data: data)
    assert (HashAlgorithm.functions, IDENTIFYING) == (functions, identifying)


@pytest.mark.parametrize("name", ["SHA_256", "NONE", "BLAKE2B_512"])
def test_no_name_is_registered_that_is_taken(registry, name):
    before = HashAlgorithm.functions.copy(), set(IDENTIFYING), HashAlgorithm.known.copy()
    with pytest.raises(UsageError) as caught:
        HashAlgorithm.register(name, 200, lambda data: hashlib.sha256(data).digest())
    assert caught.value.where == {"name": name}
    assert (HashAlgorithm.functions, IDENTIFYING, HashAlgorithm.known) == before


def fail(data):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("function", "error"),
    [(fail, ZeroDivisionError), (lambda data: None, UsageError), (lambda data: b"", UsageError)],
)
def test_a_function_that_does_not_hash_leaves_nothing_behind(registry, function, error):
    before = HashAlgorithm.functions.copy(), set(IDENTIFYING), HashAlgorithm.known.copy()
    with pytest.raises(error):
        HashAlgorithm.register("ANOTHER", 201, function)
    assert (HashAlgorithm.functions, IDENTIFYING, HashAlgorithm.known) == before
    assert not HashAlgorithm(201).is_known


def test_the_registry_is_as_it_was():
    assert [number for number in range(256) if HashAlgorithm(number).is_known] == NUMBERS
    assert HashAlgorithm(200).name == "0xC8"
