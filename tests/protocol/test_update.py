"""Updates of a room, messages for it, and their fan-out (sections 5.3 to 5.5)."""

from typing import Any

import pytest
from protocol.providers import (
    ACCEPTED,
    ALICE,
    BOB,
    ROOM_ID,
    A,
    B,
    octets,
    refused,
    scene,
)

from mimi.codec import decode, encode, replace
from mimi.errors import UsageError
from mimi.mls import (
    ContentType,
    FramedContent,
    FramedContentAuthData,
    GroupInfo,
    MemberSender,
    MLSMessage,
    OutOfBandRatchetTree,
    PrivateMessage,
    PublicMessage,
    SemiPrivateMessage,
    full_tree,
)
from mimi.mls.tree_options import RatchetTreePresence
from mimi.protocol import (
    ApplicationFanout,
    CommitBundle,
    CommitFanout,
    FanoutMessage,
    FullGroupInfo,
    HandshakeBundle,
    MessageKind,
    PartialGroupInfoOption,
    ProposalBundle,
    ProposalFanout,
    SubmitMessageRequest,
    UpdateRequest,
    WelcomeFanout,
    check_fanout,
    check_submit_request,
    check_update_request,
    check_update_response,
    content_kind,
    fanout_of_message,
    fanout_of_update,
    fanout_of_welcome,
    not_allowed,
    notify_body,
    read_notify,
    update_request,
)
from mimi.protocol.errors import (
    EmbeddedTreeError,
    EmptyNotifyError,
    FannedOutError,
    ForeignSenderError,
    HandshakeError,
    IdentifierUriError,
    MoreProposalsError,
    NextGroupInfoError,
    NotApplicationError,
    StapledProposalsError,
    TextError,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension
from mimi.tree.math import LeafIndex

SCENE = scene()
GROUP, EPOCH = b"clubhouse", 1
WELCOME, INFO = MLSMessage(SCENE.welcome), MLSMessage(SCENE.info)
PACKAGE = MLSMessage(SCENE.commit.body.content.content.proposals[0].key_package)
OPEN = MLSMessage(
    PublicMessage(
        FramedContent(GROUP, EPOCH, MemberSender(LeafIndex(0)), b"", b"hello"),
        FramedContentAuthData(b""),
        b"",
    )
)
"""Application data in a PublicMessage, as only an attacker sends it."""


def semi_private(kind: ContentType, group: bytes = GROUP, epoch: int = EPOCH) -> MLSMessage:
    """Return the outside of a semi-private message."""
    return MLSMessage(SemiPrivateMessage(group, epoch, kind, b"", b"", (), b"", b"", b""))


SEMI_PROPOSAL, SEMI_COMMIT = (
    semi_private(kind) for kind in (ContentType.PROPOSAL, ContentType.COMMIT)
)
HIDDEN_COMMIT = MLSMessage(PrivateMessage(GROUP, EPOCH, ContentType.COMMIT, b"", b"", b""))


def through(value: Any) -> Any:
    """Return what the other side reads."""
    return decode(type(value), encode(value))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (SCENE.application, MessageKind.APPLICATION),
        (OPEN, MessageKind.APPLICATION),
        (SCENE.proposals[0], MessageKind.PROPOSAL),
        (SCENE.hidden, MessageKind.PROPOSAL),
        (SEMI_PROPOSAL, MessageKind.PROPOSAL),
        (SCENE.commit, MessageKind.COMMIT),
        (SCENE.external, MessageKind.COMMIT),
        (SEMI_COMMIT, MessageKind.COMMIT),
        (HIDDEN_COMMIT, MessageKind.COMMIT),
        (WELCOME, MessageKind.WELCOME),
        (INFO, MessageKind.OTHER),
        (PACKAGE, MessageKind.OTHER),
    ],
)
def test_what_a_message_holds(message, kind):
    assert content_kind(message) is kind


# Updates


@pytest.mark.parametrize(
    "request_",
    [
        update_request(SCENE.commit, SCENE.bundle),
        update_request(
            SCENE.commit,
            CommitBundle(None, PartialGroupInfoOption(SCENE.partial), OutOfBandRatchetTree()),
        ),
        update_request(SCENE.external, SCENE.bundle),
        update_request(SEMI_COMMIT, SCENE.bundle),
        update_request(SCENE.proposals[0]),
        update_request(SCENE.proposals[0], ProposalBundle((SCENE.proposals[1], SEMI_PROPOSAL))),
        update_request(SEMI_PROPOSAL, ProposalBundle(SCENE.proposals)),
        update_request(SCENE.removals[0]),
    ],
)
def test_updates_that_the_hub_looks_at(request_):
    received = through(request_)
    assert received == request_
    check_update_request(received)


@pytest.mark.parametrize(
    ("message", "kind", "body"),
    [
        (SCENE.application, MessageKind.APPLICATION, "PrivateMessage"),
        (OPEN, MessageKind.APPLICATION, "PublicMessage"),
        (WELCOME, MessageKind.WELCOME, "Welcome"),
        (INFO, MessageKind.OTHER, "GroupInfo"),
        (PACKAGE, MessageKind.OTHER, "KeyPackage"),
    ],
)
def test_what_is_no_handshake(message, kind, body):
    received = through(UpdateRequest(HandshakeBundle(message, None)))
    with refused(HandshakeError, "5.3, 5.5 and 5.6", kind=kind, body=body):
        check_update_request(received)


@pytest.mark.parametrize(
    ("message", "attached"),
    [(SCENE.hidden, ProposalBundle()), (HIDDEN_COMMIT, SCENE.bundle)],
)
def test_a_handshake_that_the_hub_cannot_read(message, attached):
    with refused(HandshakeError, "5.3, 5.5 and 5.6", body="PrivateMessage"):
        check_update_request(through(update_request(message, attached)))


def test_what_goes_with_a_commit_does_not_go_with_a_proposal():
    with pytest.raises(UsageError):
        encode(update_request(SCENE.commit))
    with pytest.raises(UsageError):
        encode(update_request(SCENE.proposals[0], SCENE.bundle))


def test_more_proposals_that_are_none():
    for other in (SCENE.commit, SCENE.hidden, SCENE.application, WELCOME):
        with refused(HandshakeError, "5.3, 5.5 and 5.6"):
            check_update_request(update_request(SCENE.proposals[0], ProposalBundle((other,))))


@pytest.mark.parametrize(
    "other",
    [
        SCENE.late,
        SCENE.removals[1],
        semi_private(ContentType.PROPOSAL, group=b"attic"),
        semi_private(ContentType.PROPOSAL, epoch=2),
    ],
)
def test_more_proposals_of_another_group_or_epoch(other):
    more = ProposalBundle((SCENE.proposals[1], other))
    with refused(MoreProposalsError, "5.3 and 5.5", index=1):
        check_update_request(update_request(SCENE.proposals[0], more))


TREE = (Extension(ExtensionType.RATCHET_TREE, SCENE.tree),)


def beside(option: Any) -> UpdateRequest:
    return update_request(SCENE.commit, replace(SCENE.bundle, group_info_option=option))


def test_a_group_info_that_holds_the_tree():
    info = replace(SCENE.next_info, extensions=(*TREE, *SCENE.next_info.extensions))
    with refused(EmbeddedTreeError, "5.3 and 5.6"):
        check_update_request(beside(FullGroupInfo(info)))
    partial = replace(SCENE.partial, group_info_extensions=TREE)
    with refused(EmbeddedTreeError, "5.3 and 5.6"):
        check_update_request(beside(PartialGroupInfoOption(partial)))


@pytest.mark.parametrize("presence", RatchetTreePresence.known.values())
def test_a_partial_group_info_of_one_that_holds_the_tree(presence):
    partial = replace(SCENE.partial, ratchet_tree_presence=presence)
    sent = beside(PartialGroupInfoOption(partial))
    if presence in (RatchetTreePresence.NO_RATCHET_TREE, RatchetTreePresence.REMOVED):
        check_update_request(sent)
    else:
        with refused(EmbeddedTreeError, "5.3 and 5.6", presence=presence):
            check_update_request(sent)


def test_a_group_info_of_another_epoch_or_group():
    other = replace(
        SCENE.next_info, group_context=replace(SCENE.next_info.group_context, group_id=b"attic")
    )
    for info, epoch in ((SCENE.info, 1), (other, 2)):
        with refused(NextGroupInfoError, "5.3", epoch=epoch):
            check_update_request(beside(FullGroupInfo(info)))


def test_what_an_answer_tells_people():
    assert check_update_response(not_allowed("too läte")) == "too läte"
    broken = replace(not_allowed(), error_description=b"no\xff")
    with refused(TextError, "5", field="error_description", at=2):
        check_update_response(broken)


# Messages


def submitted(message: MLSMessage = SCENE.application, sender: bytes = octets(ALICE)):
    return through(SubmitMessageRequest(message, sender))


def test_a_message_and_its_sender():
    assert check_submit_request(submitted(), {A}) == (SCENE.application.body, ALICE)
    for uri in (b"mimi://a.example/p/koala", b"mimi://a.example"):
        _, sender = check_submit_request(submitted(sender=uri), {A, B})
        assert octets(sender) == uri


@pytest.mark.parametrize(
    "message", [OPEN, SCENE.proposals[0], SCENE.hidden, SEMI_COMMIT, HIDDEN_COMMIT, WELCOME, INFO]
)
def test_only_application_data_in_private_messages_is_submitted(message):
    with refused(NotApplicationError, "5.4 and 5.5", body=type(message.body).__name__):
        check_submit_request(submitted(message), {A})


@pytest.mark.parametrize("uri", [b"", ROOM_ID, octets(ALICE.client("phone")), b"mimi://a.example/"])
def test_a_sender_who_cannot_be_a_participant(uri):
    with refused(IdentifierUriError, "5.2", field="sending_uri", uri=uri):
        check_submit_request(submitted(sender=uri), {A})


def test_a_sender_of_another_provider():
    with refused(ForeignSenderError, "5.4", user=octets(BOB)):
        check_submit_request(submitted(sender=octets(BOB)), {A})


# Fan-out


def test_an_update_is_fanned_out_as_it_came():
    sent = update_request(SCENE.proposals[0], ProposalBundle(SCENE.proposals[1:]))
    fanned = fanout_of_update(sent, ACCEPTED)
    assert fanned == FanoutMessage(
        ACCEPTED, SCENE.proposals[0], ProposalFanout(SCENE.proposals[1:])
    )
    assert fanout_of_welcome(sent, ACCEPTED) is None
    sent = update_request(SCENE.commit, SCENE.bundle)
    assert fanout_of_update(sent, ACCEPTED) == FanoutMessage(ACCEPTED, SCENE.commit, CommitFanout())
    assert fanout_of_welcome(sent, ACCEPTED) == FanoutMessage(
        ACCEPTED, WELCOME, WelcomeFanout(full_tree(SCENE.tree))
    )
    assert fanout_of_message(submitted(), ACCEPTED) == FanoutMessage(
        ACCEPTED, SCENE.application, ApplicationFanout()
    )


def test_nobody_is_added():
    alone = replace(SCENE.bundle, welcome=None)
    assert fanout_of_welcome(update_request(SCENE.commit, alone), ACCEPTED) is None


STAPLED = fanout_of_update(
    update_request(SCENE.external, SCENE.bundle), ACCEPTED, (SCENE.removals[1],)
)
FANNED = (
    fanout_of_message(submitted(), ACCEPTED),
    FanoutMessage(ACCEPTED + 1, SCENE.proposals[0], ProposalFanout((SEMI_PROPOSAL,))),
    FanoutMessage(ACCEPTED + 1, SCENE.removals[0], ProposalFanout()),
    FanoutMessage(ACCEPTED + 2, SCENE.commit, CommitFanout()),
    FanoutMessage(ACCEPTED + 2, SEMI_COMMIT, CommitFanout()),
    FanoutMessage(ACCEPTED + 2, WELCOME, WelcomeFanout(full_tree(SCENE.tree))),
    STAPLED,
)


def test_a_notify_request_is_messages_back_to_back():
    body = notify_body(FANNED)
    assert body == b"".join(map(encode, FANNED))
    assert read_notify(body) == FANNED
    assert read_notify(notify_body(FANNED[:1])) == FANNED[:1]
    for message in FANNED:
        check_fanout(message)


def test_a_notify_request_without_a_message():
    with refused(EmptyNotifyError, "5.5"):
        read_notify(b"")
    with pytest.raises(UsageError):
        notify_body(())


@pytest.mark.parametrize("message", [INFO, PACKAGE])
def test_what_is_never_fanned_out(message):
    with refused(FannedOutError, "5.5"):
        check_fanout(through(FanoutMessage(ACCEPTED, message, None)))


@pytest.mark.parametrize(
    ("message", "attached"),
    [(SCENE.hidden, ProposalFanout()), (HIDDEN_COMMIT, CommitFanout())],
)
def test_a_handshake_that_is_hidden_is_not_fanned_out(message, attached):
    with refused(FannedOutError, "5.5", body="PrivateMessage"):
        check_fanout(FanoutMessage(ACCEPTED, message, attached))


def test_application_data_in_the_open_is_not_fanned_out():
    with refused(NotApplicationError, "5.4 and 5.5", body="PublicMessage"):
        check_fanout(FanoutMessage(ACCEPTED, OPEN, ApplicationFanout()))


def test_proposals_with_a_proposal_are_of_its_epoch():
    mixed = FanoutMessage(ACCEPTED, SCENE.proposals[0], ProposalFanout((SCENE.removals[1],)))
    with refused(MoreProposalsError, "5.3 and 5.5", index=0, epoch=2):
        check_fanout(mixed)


@pytest.mark.parametrize("commit", [SCENE.commit, SEMI_COMMIT])
def test_proposals_with_the_commit_of_a_member(commit):
    with refused(StapledProposalsError, "5.5"):
        check_fanout(FanoutMessage(ACCEPTED, commit, CommitFanout((SCENE.removals[1],))))


def test_proposals_with_an_external_commit_are_the_hubs_for_the_next_epoch():
    stale = replace(STAPLED, attached=CommitFanout((SCENE.removals[0],)))
    with refused(MoreProposalsError, "5.3 and 5.5", index=0, epoch=1):
        check_fanout(stale)
    others = replace(STAPLED, attached=CommitFanout((semi_private(ContentType.PROPOSAL, epoch=2),)))
    with refused(StapledProposalsError, "5.5", index=0):
        check_fanout(others)
    told = replace(STAPLED, attached=CommitFanout((SCENE.commit,)))
    with refused(HandshakeError, "5.3, 5.5 and 5.6"):
        check_fanout(told)


def test_the_scene_is_what_it_says():
    assert isinstance(SCENE.info, GroupInfo)
    assert SCENE.alice.epoch == EPOCH
    assert SCENE.next_info.group_context.epoch == EPOCH + 1
