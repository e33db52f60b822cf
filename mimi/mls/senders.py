"""Who sends what: the sender's key, and what its kind of sender may send (RFC 9420 section 6.1)."""

from collections.abc import Callable
from typing import TypeAlias

from mimi.mls.errors import ExternalProposalError, SenderContentError, UnknownSenderError
from mimi.mls.framing import (
    ExternalSenderIndex,
    FramedContent,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
)
from mimi.mls.proposal import Add, Commit, Proposal
from mimi.tree.extension import Extensions, external_senders
from mimi.tree.ratchet import RatchetTree

KeyOf: TypeAlias = Callable[[FramedContent], bytes]
"""From a message to its sender's signature key (section 6.1): see `signature_keys`.

For a private message, whose content is yet to be decrypted, the content is empty.
"""


def signature_keys(tree: RatchetTree, extensions: Extensions) -> KeyOf:
    """Return the function from a message to its sender's signature key (section 6.1).

    Args:
        tree: The ratchet tree of the epoch.
        extensions: Those of the group context, which name the external senders.

    The function raises `UnknownSenderError` where the sender has no key, and `MalformedError`
    where the extension external_senders does not parse.
    """

    def key_of(message: FramedContent) -> bytes:
        match message.sender, message.content:
            case MemberSender(leaf_index=index), _:
                leaf = tree.leaf(index)
                if leaf is not None:
                    return leaf.signature_key
            case ExternalSenderIndex(sender_index=index), _:
                senders = external_senders(extensions)
                if index < len(senders):
                    return senders[index].signature_key
            case NewMemberProposalSender(), Add(key_package=key_package):
                return key_package.leaf_node.signature_key
            case NewMemberCommitSender(), Commit(path=path) if path is not None:
                return path.leaf_node.signature_key
        raise UnknownSenderError(f"{message.sender} has no signature key", sender=message.sender)

    return key_of


def check_sender(content: FramedContent) -> None:
    """Check that a sender sends what its kind of sender may send (sections 6.1 and 12.1.8).

    Raises:
        SenderContentError: It does not.
        ExternalProposalError: An external sender proposes what only members may.
    """
    sender, sent = content.sender, content.content
    if isinstance(sender, MemberSender):
        return
    if isinstance(sender, ExternalSenderIndex) and isinstance(sent, Proposal):
        if not sent.external:
            raise ExternalProposalError(
                f"an external sender cannot propose {type(sent).__name__}", sender=sender
            )
        return
    allowed = (isinstance(sender, NewMemberProposalSender) and isinstance(sent, Add)) or (
        isinstance(sender, NewMemberCommitSender) and isinstance(sent, Commit)
    )
    if not allowed:
        kind = "application data" if isinstance(sent, bytes) else type(sent).__name__
        raise SenderContentError(f"a {type(sender).__name__} cannot send {kind}", sender=sender)
