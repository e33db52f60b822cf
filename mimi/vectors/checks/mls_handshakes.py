"""Handshakes that others read, and the group info that follows from them."""

from typing import Any

from mimi.codec import decode, encode
from mimi.crypto import HPKEPrivateKey, Secret
from mimi.mls.context import GroupContext
from mimi.mls.errors import UnknownSenderError, WrongEpochError, WrongGroupError
from mimi.mls.events import CommitStaged
from mimi.mls.framing import FramedContent, MemberSender
from mimi.mls.message import MLSMessage
from mimi.mls.protect import open_sender_data
from mimi.mls.public import PublicGroup
from mimi.mls.secrets import SecretTree, Window
from mimi.mls.semiprivate import (
    SemiPrivateMessage,
    check_semi_private,
    open_as_receiver,
    open_semi_private,
)
from mimi.mls.tree_options import (
    FullRatchetTree,
    RatchetTreeOption,
    RatchetTreeRepresentation,
    RatchetTreeURL,
    tree_url,
)
from mimi.tree.errors import TreeHashError
from mimi.tree.node import RatchetTreeNodes
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.mls_agreement import extensions_in, suite_checked
from mimi.vectors.checks.mls_data import LONGEST_LIFETIME
from mimi.vectors.checks.mls_keys import hpke_key_in
from mimi.vectors.extension_rules import broken_by, judged


def check_semi_private_message(case: Case) -> None:
    """Verify what a member and external receivers open."""
    check_kind(case, "mls-extensions-semi-private")
    context, tree = _epoch(case)
    secrets = case.secret("sender_data_secret"), case.secret("encryption_secret")
    wire = case.octets("message")

    def read() -> SemiPrivateMessage:
        body = decode(MLSMessage, wire).body
        if not isinstance(body, SemiPrivateMessage):
            raise DifferenceError("message", "a semi-private message", type(body).__name__)
        if body.group_id != context.group_id:
            raise WrongGroupError("the message is for another group")
        if body.epoch != context.epoch:
            raise WrongEpochError("the message is of another epoch")
        check_semi_private(tree.suite, context, body)
        return body

    def by_member() -> bytes:
        return encode(_opened(read(), context, tree, *secrets))

    case.same("content", judged(case, by_member, "member_rule"))
    for part in case.parts("receivers"):
        part.only("private_key", "content", "rule")
        key = hpke_key_in(part, tree.suite, "private_key")

        def by_receiver(key: HPKEPrivateKey = key) -> bytes | None:
            signed = open_as_receiver(read(), context, tree, [key])
            return None if signed is None else encode(signed.content)

        part.same("content", judged(part, by_receiver))


def _epoch(case: Case) -> tuple[GroupContext, RatchetTree]:
    """Return the group context and the tree, which belong together."""
    suite, octets = case.suite(), case.octets("group_context")
    with case.at("group_context"):
        context = decode(GroupContext, octets)
    if context.cipher_suite != suite.code:
        raise DifferenceError("cipher_suite", shown(int(suite.code)), shown(context.cipher_suite))
    nodes = case.octets("ratchet_tree")
    with case.valid("ratchet_tree"):
        tree = RatchetTree.decode(suite, nodes)
        if tree.tree_hash != context.tree_hash:
            raise TreeHashError("the tree is not that of the group context")
    return context, tree


def _opened(
    message: SemiPrivateMessage,
    context: GroupContext,
    tree: RatchetTree,
    sender_data_secret: Secret,
    encryption_secret: Secret,
) -> FramedContent:
    data = open_sender_data(tree.suite, message, sender_data_secret)
    leaf = tree.leaf(data.leaf_index)
    if leaf is None:
        raise UnknownSenderError("a blank leaf", sender=MemberSender(data.leaf_index))
    secrets = SecretTree(tree.suite, tree.leaf_count, encryption_secret)
    key, window = leaf.signature_key, Window()
    return open_semi_private(tree.suite, message, data, context, secrets, key, window)[1].content


REPRESENTATIONS = {
    RatchetTreeRepresentation.FULL: "full",
    RatchetTreeRepresentation.HTTPS_URI: "httpsUri",
    RatchetTreeRepresentation.OUT_OF_BAND: "outOfBand",
    RatchetTreeRepresentation.DISTRIBUTION_SERVICE: "distributionService",
}
"""The names of the draft."""


def check_tree_option(case: Case) -> None:
    """Verify how somebody comes by a ratchet tree."""
    suite_checked(case, "mls-extensions-tree-option")
    extensions, octets = extensions_in(case), case.octets("option")
    option: Any = broken_by(lambda: decode(RatchetTreeOption, octets))[1]

    def read() -> str | None:
        again: Any = decode(RatchetTreeOption, octets)
        return tree_url(again, extensions) if isinstance(again, RatchetTreeURL) else None

    url = judged(case, read)
    case.same("representation", None if option is None else REPRESENTATIONS[option.tag])
    case.same("url", url)
    tree = option.ratchet_tree if isinstance(option, FullRatchetTree) else None
    case.same("ratchet_tree", None if tree is None else encode(tree, RatchetTreeNodes))


def check_partial_group_info(case: Case) -> None:
    """Verify the group info that a server makes from the one before."""
    check_kind(case, "mls-extensions-partial-group-info")
    group = _followed(case)
    proposals, wire = case.part("proposals"), case.octets("commit")
    for index in range(proposals.length()):
        with proposals.valid(index):
            group = group.receive(proposals.octets(index), now=0).group
    with case.valid("commit"):
        (event,) = group.receive(wire, now=0).events
        if not isinstance(event, CommitStaged):
            raise DifferenceError("commit", "a commit", type(event).__name__)
    partial = case.octets("partial_group_info")
    after = judged(case, lambda: group.with_commit(event, partial))
    info = None if after is None else after.group_info
    case.same("group_info", None if info is None else encode(MLSMessage(info)))


def _followed(case: Case) -> PublicGroup:
    suite, octets = case.suite(), case.octets("group_info_before")
    tree = None
    if case.value("ratchet_tree_before") is not None:
        tree = case.octets("ratchet_tree_before")
        with case.valid("ratchet_tree_before"):
            RatchetTree.decode(suite, tree)
    with case.valid("group_info_before"):
        group = PublicGroup.from_group_info(octets, tree, now=0, maximum_lifetime=LONGEST_LIFETIME)
    if group.suite is not suite:
        raise DifferenceError("cipher_suite", shown(int(suite.code)), shown(int(group.suite.code)))
    return group
