"""Private messages: keys, nonces, forgeries and padding (RFC 9420 sections 6.3 and 9)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import (
    ALICE,
    BOB,
    COMMIT,
    EPOCH,
    MEMBER,
    PRIVATE,
    PROPOSALS,
    REMOVE,
    SUITE,
    Epoch,
    flipped,
)
from tree.members import every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import (
    EntropyError,
    Secret,
    SeededEntropy,
)
from mimi.errors import InvalidError, MalformedError, MimiError, UsageError
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    ContentDecryptionError,
    GenerationTooFarError,
    KeyConsumedError,
    LeafOutsideError,
    MessageSignatureError,
    SenderDataError,
)
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    FramedContentAuthData,
    MemberSender,
    PrivateApplication,
    PrivateCommit,
    PrivateContentAAD,
    PrivateMessage,
    SenderData,
)
from mimi.mls.proposal import (
    Commit,
    PreSharedKey,
    ReInit,
)
from mimi.mls.protect import (
    open_sender_data,
    protect_private,
    sender_data_key,
    unprotect_private,
)
from mimi.mls.secrets import RatchetKind, Window

# Nonces and keys (sections 6.3.1 and 9.1)


def parts(message: PrivateMessage) -> SenderData:
    return open_sender_data(SUITE, message, EPOCH.secrets.sender_data_secret)


def test_the_reuse_guard_changes_the_first_four_octets_of_the_nonce():
    _, first = EPOCH.private(b"hello", entropy=1)
    _, second = EPOCH.private(b"hello", entropy=2)
    assert parts(first).generation == parts(second).generation == 0
    assert parts(first).reuse_guard != parts(second).reuse_guard
    assert first.ciphertext != second.ciphertext
    _, key = EPOCH.tree.take(BOB, RatchetKind.APPLICATION, 0, Window())
    for message in (first, second):
        guard, nonce = parts(message).reuse_guard, key.nonce.reveal()
        head = int.from_bytes(nonce[:4], "big") ^ int.from_bytes(guard, "big")
        aad = encode(
            PrivateContentAAD(message.group_id, message.epoch, ContentType.APPLICATION, b"aad")
        )
        plaintext = SUITE.aead_open(
            key.key.reveal(), head.to_bytes(4, "big") + nonce[4:], aad, message.ciphertext
        )
        assert decode(PrivateApplication, plaintext).content == b"hello"
        assert EPOCH.open(message)[1] == EPOCH.sign(b"hello")


def test_the_reuse_guard_is_drawn_anew_for_every_message():
    drawn = []
    source = SeededEntropy(1)

    def entropy(size):
        drawn.append(size)
        return source(size)

    tree = EPOCH.tree
    guards = set()
    for _ in range(5):
        tree, message = EPOCH.private(b"hello", tree, entropy)
        guards.add(parts(message).reuse_guard)
    assert drawn == [4] * 5
    assert len(guards) == 5


def test_a_broken_source_of_randomness_is_noticed():
    with pytest.raises(EntropyError):
        EPOCH.private(b"hello", entropy=lambda size: bytes(size - 1))


def test_every_message_has_a_generation_of_its_own():
    tree, generations = EPOCH.tree, []
    for sent in (b"one", b"two", REMOVE, b"three", COMMIT):
        tree, message = EPOCH.private(sent, tree)
        generations.append((message.content_type, parts(message).generation))
    assert [generation for _, generation in generations] == [0, 1, 0, 2, 1]


def test_messages_arrive_in_any_order_and_once():
    tree, messages = EPOCH.tree, []
    for number in range(4):
        tree, message = EPOCH.private(b"%d" % number, tree)
        messages.append(message)
    receiving = EPOCH.tree
    for number in (2, 0, 3, 1):
        receiving, opened = EPOCH.open(messages[number], receiving)
        assert opened.content.content == b"%d" % number
    for number, message in enumerate(messages):
        with refused(KeyConsumedError, generation=number):
            EPOCH.open(message, receiving)


def test_a_sender_cannot_open_its_own_message_with_its_own_tree():
    tree, message = EPOCH.private(b"hello")
    with refused(KeyConsumedError, generation=0):
        EPOCH.open(message, tree)


@pytest.mark.parametrize("generation", [11, 2**31, 2**32 - 1])
def test_a_message_drives_the_ratchet_only_so_far(generation):
    _, genuine = EPOCH.private(b"hello")
    far = EPOCH.addressed(genuine, SenderData(BOB, generation, bytes(4)))
    with refused(GenerationTooFarError, generation=generation):
        EPOCH.open(far, window=Window(ahead=10))
    near = EPOCH.addressed(genuine, SenderData(BOB, 10, bytes(4)))
    with refused(ContentDecryptionError, leaf=BOB, generation=10):
        EPOCH.open(near, window=Window(ahead=10))


# Forgeries


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_forged_copy_costs_the_genuine_message_nothing(data):
    receiving = EPOCH.tree
    receiving, _ = EPOCH.open(EPOCH.private(REMOVE)[1], receiving)
    state = repr(receiving), receiving
    _, genuine = EPOCH.private(b"hello", padding=3)
    octets = bytearray(encode(genuine))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((InvalidError, MalformedError)):
        EPOCH.open(decode(PrivateMessage, bytes(octets)), receiving)
    assert (repr(receiving), receiving) == state
    after, opened = EPOCH.open(genuine, receiving)
    assert opened == EPOCH.sign(b"hello")
    with refused(KeyConsumedError):
        EPOCH.open(genuine, after)


def test_one_member_cannot_speak_for_another():
    """Alice knows all secrets of the epoch, but not Bob's signature key."""
    alice = EPOCH.signers[MemberSender(ALICE)]
    forged = EPOCH.sign(b"I am Bob", signer=alice)
    plaintext = encode(PrivateApplication(b"I am Bob", forged.auth, 0))
    receiving = EPOCH.tree
    with refused(MessageSignatureError, sender=MEMBER):
        EPOCH.open(EPOCH.sealed(plaintext), receiving)
    genuine = encode(PrivateApplication(b"I am Bob", EPOCH.sign(b"I am Bob").auth, 0))
    assert EPOCH.open(EPOCH.sealed(genuine), receiving)[1].content.sender == MEMBER


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(1000)])
def test_an_application_message_needs_a_signature(signature):
    plaintext = encode(PrivateApplication(b"hello", FramedContentAuthData(signature), 0))
    with refused(MessageSignatureError, sender=MEMBER):
        EPOCH.open(EPOCH.sealed(plaintext))


def test_a_message_cannot_be_taken_to_another_epoch_of_the_same_keys():
    _, message = EPOCH.private(b"hello")
    other = replace(EPOCH.context, confirmed_transcript_hash=b"a fork")
    with refused(MessageSignatureError):
        EPOCH.open(message, context=other)


@pytest.mark.parametrize("field", ["authenticated_data", "content_type"])
def test_what_is_in_the_open_is_authenticated(field):
    _, message = EPOCH.private(REMOVE)
    value = {"authenticated_data": b"other", "content_type": ContentType.COMMIT}[field]
    kind = ContentDecryptionError if field == "authenticated_data" else SenderDataError
    with refused(kind):
        EPOCH.open(replace(message, **{field: value}))


def test_the_content_type_is_bound_to_the_content_too():
    """Even someone who can encrypt sender data cannot turn a proposal into a commit."""
    _, message = EPOCH.private(REMOVE)
    relabelled = replace(message, content_type=ContentType.COMMIT)
    with refused(ContentDecryptionError, leaf=BOB, generation=0):
        EPOCH.open(EPOCH.addressed(relabelled, parts(message)))


def test_sender_data_under_another_key_is_refused():
    _, message = EPOCH.private(b"hello")
    with refused(SenderDataError):
        unprotect_private(
            SUITE, message, EPOCH.context, EPOCH.tree, Secret(bytes(32)), EPOCH.key_of
        )
    for wrong in (b"", bytes(15), flipped(message.encrypted_sender_data)):
        with refused(SenderDataError):
            EPOCH.open(replace(message, encrypted_sender_data=wrong))


def test_sender_data_is_bound_to_the_beginning_of_the_ciphertext():
    _, message = EPOCH.private(b"hello")
    with refused(SenderDataError):
        EPOCH.open(replace(message, ciphertext=flipped(message.ciphertext, SUITE.nh - 1)))
    with refused(ContentDecryptionError):
        EPOCH.open(replace(message, ciphertext=flipped(message.ciphertext, SUITE.nh)))


@every_suite
@pytest.mark.parametrize("length", [0, 1, 15, 16, 31])
def test_a_ciphertext_shorter_than_a_hash_is_its_own_sample(suite, length):
    epoch = Epoch.of(suite)
    secret, ciphertext = epoch.secrets.sender_data_secret, bytes(range(length))
    key = sender_data_key(suite, secret, ciphertext)
    expected = suite.expand_with_label(secret.reveal(), b"key", ciphertext, suite.nk)
    assert key.key.reveal() == expected
    _, message = epoch.private(b"hello")
    short = replace(message, ciphertext=ciphertext)
    data = SenderData(BOB, 0, bytes(4))
    with refused(ContentDecryptionError, leaf=BOB):
        epoch.open(epoch.addressed(short, data))


@every_suite
def test_the_sample_is_no_longer_than_a_hash(suite):
    secret, ciphertext = Secret(bytes(suite.nh)), bytes(range(200))
    key = sender_data_key(suite, secret, ciphertext)
    assert key == sender_data_key(suite, secret, ciphertext[: suite.nh])
    assert key != sender_data_key(suite, secret, ciphertext[: suite.nh - 1])
    expected = suite.expand_with_label(bytes(suite.nh), b"nonce", ciphertext[: suite.nh], suite.nn)
    assert key.nonce.reveal() == expected


@pytest.mark.parametrize("octets", [b"", bytes(11), bytes(13)])
def test_sender_data_that_does_not_parse_is_malformed(octets):
    _, message = EPOCH.private(b"hello")
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.addressed(message, octets))


def test_a_sender_is_in_the_tree():
    _, message = EPOCH.private(b"hello")
    for leaf in (2, 2**32 - 1):
        addressed = EPOCH.addressed(message, SenderData(leaf, 0, bytes(4)))
        with refused(LeafOutsideError, leaf=leaf):
            unprotect_private(
                SUITE,
                addressed,
                EPOCH.context,
                EPOCH.tree,
                EPOCH.secrets.sender_data_secret,
                lambda _: b"any key",
            )
        with pytest.raises(UsageError, match="there is no"):
            EPOCH.open(addressed)


# Content and padding


@pytest.mark.parametrize("padding", [1, 2, 500])
def test_padding_adds_to_the_length_and_is_zeros(padding):
    (_, plain), (_, padded) = EPOCH.private(b"hello"), EPOCH.private(b"hello", padding=padding)
    assert len(padded.ciphertext) == len(plain.ciphertext) + padding
    assert EPOCH.open(padded)[1] == EPOCH.open(plain)[1]
    auth = EPOCH.sign(b"hello").auth
    octets = encode(PrivateApplication(b"hello", auth, padding))
    assert EPOCH.open(EPOCH.sealed(octets))[1] == EPOCH.sign(b"hello")
    for at in (-1, -padding):
        with pytest.raises(MalformedError, match="padding"):
            EPOCH.open(EPOCH.sealed(flipped(octets, at)))


def test_padding_is_a_number_of_octets():
    with pytest.raises(UsageError):
        EPOCH.private(b"hello", padding=-1)


def test_content_that_does_not_parse_is_malformed():
    genuine = encode(PrivateApplication(b"hello", EPOCH.sign(b"hello").auth, 0))
    for length in range(len(genuine)):
        with pytest.raises(MalformedError):
            EPOCH.open(EPOCH.sealed(genuine[:length]))
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.sealed(genuine, ContentType.COMMIT))


def test_a_commit_in_private_has_a_confirmation_tag():
    signed = EPOCH.sign(COMMIT)
    genuine = encode(PrivateCommit(COMMIT, signed.auth, 0))
    opened = EPOCH.open(EPOCH.sealed(genuine, ContentType.COMMIT))[1]
    assert opened.auth == signed.auth
    assert isinstance(opened.auth, CommitAuthData)
    without = encode(COMMIT) + encode(FramedContentAuthData(signed.auth.signature))
    with pytest.raises(MalformedError):
        EPOCH.open(EPOCH.sealed(without, ContentType.COMMIT))


def test_parts_that_do_not_go_together_are_not_protected():
    signed = EPOCH.sign(COMMIT)
    wrong = AuthenticatedContent(PRIVATE, signed.content, FramedContentAuthData(b""))
    with pytest.raises(UsageError):
        protect_private(
            SUITE, wrong, EPOCH.tree, EPOCH.secrets.sender_data_secret, SeededEntropy(1)
        )


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from(list(ContentType)))
def test_no_plaintext_makes_another_error(plaintext, kind):
    with pytest.raises(MimiError):
        EPOCH.open(EPOCH.sealed(plaintext, kind))


def test_a_commit_with_an_empty_list_is_content_like_any():
    empty = Commit((), None)
    assert EPOCH.open(EPOCH.private(empty)[1])[1].content.content == empty
    assert EPOCH.open_public(EPOCH.public(empty)).content.content == empty


def test_reinit_is_a_proposal_like_any():
    for proposal in (PROPOSALS[ReInit], PROPOSALS[PreSharedKey]):
        assert EPOCH.open(EPOCH.private(proposal)[1])[1].content.content == proposal
