"""Joining a group by a commit of one's own (RFC 9420 section 12.4.3.2).

The joiner takes along who wants to leave: members' pending SelfRemove proposals, by reference
(draft-ietf-mls-extensions-10 section 6.3).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from mimi.codec import decode
from mimi.crypto import Secret, draw
from mimi.mls.component_errors import SelfRemoveFramingError
from mimi.mls.errors import (
    DuplicateGroupError,
    UnexpectedMessageError,
)
from mimi.mls.external import ExternalDraft, Joiner, commit_from_outside, external_pub
from mimi.mls.framing import PublicMessage
from mimi.mls.group import Group
from mimi.mls.join import validated_info
from mimi.mls.member import MemberState
from mimi.mls.message import MLSMessage
from mimi.mls.ownleaf import advertising, new_leaf
from mimi.mls.proposal import Proposal, SelfRemove
from mimi.mls.protect import unprotect_public
from mimi.mls.psk import PSK, PreSharedKeyID, psk_secret
from mimi.mls.receive import check_framed, receive_proposal
from mimi.mls.rules import Rules
from mimi.mls.senders import signature_keys
from mimi.mls.state import PublicState, changed
from mimi.mls.welcome import GroupInfo
from mimi.tree.leaf import LifetimePolicy
from mimi.tree.math import LeafIndex
from mimi.tree.validate import Map

if TYPE_CHECKING:
    from mimi.mls.client import Client


@attrs.frozen
class Joining:
    """How a client joins; the arguments of `Client.join_externally`."""

    now: int
    tree: bytes | None
    resync: LeafIndex | None
    pending: tuple[bytes, ...]
    psks: tuple[PSK, ...]
    proposals: tuple[Proposal, ...]
    groups: Mapping[bytes, MemberState]
    aad: bytes
    map: Map


def join_by_commit(client: "Client", info: GroupInfo, how: Joining) -> ExternalDraft[Group]:
    """Draft the commit.

    Raises:
        DuplicateGroupError: The client takes part in the group.
        InvalidError: A rule is broken; a class for each.
        MissingTreeError: The tree is nowhere.
    """
    suite, settings, known = client.suite, client.settings, client.settings.components
    rules = Rules(LifetimePolicy(how.now, settings.maximum_lifetime), known)
    judged = rules.lifetimes if settings.member_lifetimes else None
    group_id = info.group_context.group_id
    present = how.groups.get(group_id)
    if how.resync is None and present is not None and not present.removed:
        raise DuplicateGroupError("the client takes part in the group", group_id=group_id)
    state = validated_info(suite, info, how.tree, judged, how.map, client.capabilities, known)
    for wire in how.pending:
        state = with_self_remove(state, wire, rules)
    named = tuple(PreSharedKeyID(psk, draw(client.entropy, suite.nh)) for psk in how.psks)
    values: Iterable[tuple[PreSharedKeyID, Secret]] = (
        (psk, client.psk_value(psk.psk, how.groups)) for psk in named
    )
    grease = client.entropy if settings.grease else None
    extensions = advertising(client.capabilities, client.leaf_extensions, known)
    leaf = new_leaf(client.credential, client.signer, client.capabilities, extensions, grease)
    secret = psk_secret(suite, values)
    joiner = Joiner(leaf, client.signer, how.resync, named, secret, how.aad, rules, how.proposals)
    commit, transition, concluded = commit_from_outside(
        state, external_pub(info.extensions), joiner, client.entropy
    )

    def accept() -> Group:
        group = Group.of_epoch(concluded.epoch, settings, client.entropy, client.psks)
        return changed(group, own_commits=(suite.hash(commit),))

    return ExternalDraft(commit, transition, accept)


def with_self_remove(state: PublicState, wire: bytes, rules: Rules) -> PublicState:
    """Return the state with a member's SelfRemove pending, as somebody from outside checks it.

    The membership tag is not checked: nobody outside the group can.

    Raises:
        UnexpectedMessageError: It is no SelfRemove.
        SelfRemoveFramingError: It is no public message.
        WrongGroupError: It is for another group.
        WrongEpochError: It is of another epoch.
        InvalidError: It breaks a rule; a class for each.
        MalformedError: It does not parse.
    """
    message = decode(MLSMessage, wire).body
    if not isinstance(message, PublicMessage):
        raise SelfRemoveFramingError(f"a {type(message).__name__} is no public SelfRemove")
    proposal = message.content.content
    if not isinstance(proposal, SelfRemove):
        raise UnexpectedMessageError("the public message is no SelfRemove")
    context = state.context
    key_of = signature_keys(state.tree, context.extensions)
    signed = unprotect_public(state.suite, message, context, None, key_of)
    check_framed(context, signed.content)
    return receive_proposal(state, signed, proposal, rules)[0]
