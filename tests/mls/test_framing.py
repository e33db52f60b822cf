"""Framing on the wire: which parts there are depends on content and sender."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import (
    COMMIT,
    EXTERNAL,
    JOINER,
    MEMBER,
    PROPOSALS,
    PROPOSER,
    PUBLIC,
    Epoch,
)

from mimi.codec import decode, encode, replace
from mimi.codec.strategy import strategy
from mimi.errors import MalformedError, UsageError
from mimi.mls.framing import (
    AuthenticatedContent,
    AuthenticatedContentTBM,
    CommitAuthData,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    PrivateApplication,
    PrivateCommit,
    PrivateMessage,
    PrivateProposal,
    PublicMessage,
    Sender,
    SenderData,
)
from mimi.mls.proposal import Remove

EPOCH = Epoch.of()
REMOVE = PROPOSALS[Remove]
HEAD = b"\x14a group of the tests" + (3).to_bytes(8, "big")

every_sender = pytest.mark.parametrize(
    ("sender", "octets"),
    [
        pytest.param(MEMBER, b"\1\0\0\0\1", id="member"),
        pytest.param(EXTERNAL, b"\2\0\0\0\0", id="external"),
        pytest.param(PROPOSER, b"\3", id="new member, proposal"),
        pytest.param(JOINER, b"\4", id="new member, commit"),
    ],
)

every_content = pytest.mark.parametrize(
    ("sent", "written"),
    [
        pytest.param(b"hello", b"\1\5hello", id="application"),
        pytest.param(REMOVE, b"\2\0\3\0\0\0\1", id="proposal"),
        pytest.param(COMMIT, b"\3" + encode(COMMIT), id="commit"),
    ],
)


@every_sender
@every_content
def test_a_framed_content_names_sender_and_content(sender, octets, sent, written):
    content = EPOCH.content(sent, sender)
    assert encode(content) == HEAD + octets + b"\3aad" + written
    assert decode(FramedContent, encode(content)) == content


@every_sender
def test_senders_on_the_wire(sender, octets):
    assert encode(sender, Sender) == octets
    assert decode(Sender, octets) == sender


@pytest.mark.parametrize("kind", [0, 5, 255])
def test_an_unknown_sender_is_malformed(kind):
    with pytest.raises(MalformedError):
        decode(Sender, bytes([kind]) + b"\0\0\0\0")


@pytest.mark.parametrize("kind", [0, 4, 255])
def test_an_unknown_content_is_malformed(kind):
    octets = encode(EPOCH.content(b"hello"))
    with pytest.raises(MalformedError):
        decode(FramedContent, octets.replace(b"\1\5hello", bytes([kind]) + b"\5hello"))


def test_only_members_and_joiners_sign_the_group_context():
    context = encode(EPOCH.context)
    for sender, covers in ((MEMBER, True), (JOINER, True), (EXTERNAL, False), (PROPOSER, False)):
        content = EPOCH.content(REMOVE, sender)
        tbs = FramedContentTBS(PUBLIC, content, EPOCH.context if covers else None)
        assert encode(tbs) == b"\0\1\0\1" + encode(content) + (context if covers else b"")
        other = replace(tbs, context=None if covers else EPOCH.context)
        with pytest.raises(UsageError):
            encode(other)


def test_only_a_commit_has_a_confirmation_tag():
    plain, commit = FramedContentAuthData(b"signature"), CommitAuthData(b"signature", b"tag")
    for sent, auth in ((REMOVE, plain), (COMMIT, commit)):
        message = AuthenticatedContent(PUBLIC, EPOCH.content(sent), auth)
        octets = encode(message)
        assert octets == b"\0\1" + encode(EPOCH.content(sent)) + encode(auth)
        assert decode(AuthenticatedContent, octets) == message
    with pytest.raises(UsageError):
        encode(AuthenticatedContent(PUBLIC, EPOCH.content(COMMIT), plain))
    assert encode(commit) == encode(plain) + b"\3tag"


def test_the_membership_tag_covers_what_is_signed_and_the_authentication():
    tbs = FramedContentTBS(PUBLIC, EPOCH.content(COMMIT), EPOCH.context)
    auth = CommitAuthData(b"signature", b"tag")
    assert encode(AuthenticatedContentTBM(tbs, auth)) == encode(tbs) + encode(auth)


def test_only_a_member_has_a_membership_tag():
    message = EPOCH.public(REMOVE)
    octets = encode(message)
    assert octets.endswith(bytes([len(message.membership_tag)]) + message.membership_tag)
    assert decode(PublicMessage, octets) == message
    without = octets[: -1 - len(message.membership_tag)]
    with pytest.raises(MalformedError, match="membership_tag"):
        decode(PublicMessage, without)
    with pytest.raises(UsageError):
        encode(replace(message, membership_tag=None))
    outside = EPOCH.public(REMOVE, EXTERNAL)
    assert outside.membership_tag is None
    assert decode(PublicMessage, encode(outside)) == outside
    with pytest.raises(MalformedError):
        decode(PublicMessage, encode(outside) + b"\0")
    with pytest.raises(UsageError):
        encode(replace(outside, membership_tag=b"tag"))


@pytest.mark.parametrize(
    ("declared", "content", "auth"),
    [
        (PrivateApplication, b"hello", FramedContentAuthData(b"s")),
        (PrivateProposal, REMOVE, FramedContentAuthData(b"s")),
        (PrivateCommit, COMMIT, CommitAuthData(b"s", b"tag")),
    ],
    ids=["application", "proposal", "commit"],
)
@pytest.mark.parametrize("padding", [0, 1, 1000])
def test_padding_is_zeros_to_the_end(declared, content, auth, padding):
    value = declared(content, auth, padding)
    octets = encode(value)
    assert decode(declared, octets) == value
    assert octets == encode(declared(content, auth, 0)) + bytes(padding)
    for at in {0, padding // 2, padding - 1} & set(range(padding)):
        wrong = bytearray(octets)
        wrong[len(octets) - padding + at] = 1
        with pytest.raises(MalformedError, match="padding"):
            decode(declared, bytes(wrong))


def test_sender_data_is_twelve_octets():
    data = SenderData(1, 2, b"abcd")
    assert encode(data) == b"\0\0\0\1\0\0\0\2abcd"
    for wrong in (b"abc", b"abcde"):
        with pytest.raises(UsageError):
            encode(replace(data, reuse_guard=wrong))


@pytest.mark.parametrize("declared", [AuthenticatedContent, PublicMessage, PrivateMessage])
def test_messages_round_trip(declared):
    @settings(deadline=None, max_examples=40)
    @given(message=strategy(declared), data=st.data())
    def check(message, data):
        octets = encode(message)
        assert decode(declared, octets) == message
        with pytest.raises(MalformedError):
            decode(declared, octets[: data.draw(st.integers(0, len(octets) - 1))])
        with pytest.raises(MalformedError):
            decode(declared, octets + b"\0")

    check()
