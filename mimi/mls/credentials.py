"""Credentials for the application to judge, as data (RFC 9420 section 5.3.1).

The library knows what form a credential has, not whether it is true. Every step that brings a
credential, or a new key for one, into a group lists it as a `CredentialCheck`; the application
looks at the list before it accepts the step.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType

import attrs

from mimi.mls.apply import Transition
from mimi.mls.errors import CredentialRefusedError
from mimi.mls.framing import MemberSender
from mimi.mls.keypackage import KeyPackage
from mimi.mls.proposal import Add, GroupContextExtensions, Proposal, Remove, Update
from mimi.mls.state import PublicState
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import Extensions, external_senders
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import CredentialBinding, bindings_of
from mimi.tree.ratchet import RatchetTree


class Role(Enum):
    """In which role a credential is shown."""

    MEMBER = "member"
    """Somebody in a group that one is about to join."""
    ADDED = "added"
    """A new member that a member adds."""
    JOINER = "joiner"
    """A new member that adds itself."""
    UPDATED = "updated"
    """A member that replaces its leaf by an Update."""
    COMMITTER = "committer"
    """A member that replaces its leaf by a commit."""
    EXTERNAL_SENDER = "external sender"
    """Somebody outside who may propose."""


@attrs.frozen
class Predecessor:
    """What a credential replaces.

    Attributes:
        credential: The old credential.
        signature_key: The old key.
    """

    credential: Credential
    signature_key: bytes


@attrs.frozen
class CredentialCheck:
    """A credential for the application to judge.

    Attributes:
        role: In which role it is shown.
        credential: The credential.
        signature_key: The key that it is to vouch for.
        leaf_index: The leaf that shows it; None for an external sender.
        predecessor: What it replaces. The application must find that the new credential stands
            for the same client (sections 5.3.1 and 12.2).
    """

    role: Role
    credential: Credential
    signature_key: bytes
    leaf_index: LeafIndex | None = None
    predecessor: Predecessor | None = None

    @property
    def bindings(self) -> tuple[CredentialBinding, ...]:
        """The credentials within it, each to be judged for its own credential_key; mostly none.

        Of a `WeakMultiCredential` those are verified that this client supports, and no others (see
        `mimi.tree.multicredential.is_supported`); of an external sender none are, since nothing
        says what they would be bound to (draft-ietf-mls-extensions-10 section 6.5).
        """
        return bindings_of(self.credential)


def _check(
    role: Role, index: LeafIndex, leaf: LeafNode, before: LeafNode | None = None
) -> CredentialCheck | None:
    """Return the check of a leaf, None where it keeps credential and key."""
    if before is None:
        return CredentialCheck(role, leaf.credential, leaf.signature_key, index)
    if leaf.signature_key == before.signature_key and leaf.credential == before.credential:
        return None
    old = Predecessor(before.credential, before.signature_key)
    return CredentialCheck(role, leaf.credential, leaf.signature_key, index, old)


def checks_of_transition(transition: Transition) -> tuple[CredentialCheck, ...]:
    """Return the credentials that a commit brings, in the order of its effects."""
    before, applied, tree = transition.before.tree, transition.applied, transition.tree
    checks: list[CredentialCheck | None] = []
    if any(isinstance(item.proposal, GroupContextExtensions) for item in transition.covered):
        checks += checks_of_senders(applied.extensions, transition.before.context.extensions)
    for index in applied.updated:
        checks.append(_check(Role.UPDATED, index, applied.tree.member(index), before.leaf(index)))
    for index, package in applied.added:
        checks.append(_check(Role.ADDED, index, package.leaf_node))
    if transition.merged is not None:
        committer = transition.committer
        if isinstance(transition.message.content.sender, MemberSender):
            role, old = Role.COMMITTER, before.leaf(committer)
        else:
            role, old = Role.JOINER, None
            for item in transition.covered:
                if isinstance(item.proposal, Remove):  # its own leaf; a SelfRemove is another's
                    old = before.leaf(item.proposal.removed)
        checks.append(_check(role, committer, tree.member(committer), old))
    return tuple(check for check in checks if check is not None)


def checks_of_senders(
    extensions: Extensions, before: Extensions = ()
) -> tuple[CredentialCheck, ...]:
    """Return the external senders of *extensions* that are not among those of *before*."""
    known = set(external_senders(before))
    return tuple(
        CredentialCheck(Role.EXTERNAL_SENDER, sender.credential, sender.signature_key)
        for sender in external_senders(extensions)
        if sender not in known
    )


def checks_of_tree(
    tree: RatchetTree, extensions: Extensions, but: LeafIndex | None = None
) -> tuple[CredentialCheck, ...]:
    """Return the credentials of a group that is about to be joined, all but one's own."""
    members = tuple(
        CredentialCheck(Role.MEMBER, leaf.credential, leaf.signature_key, index)
        for index, leaf in tree.members()
        if index != but
    )
    return members + checks_of_senders(extensions)


def checks_of_proposal(
    state: PublicState, proposal: Proposal, sender: object
) -> tuple[CredentialCheck, ...]:
    """Return the credentials that a proposal would bring, for a first look."""
    match proposal:
        case GroupContextExtensions(extensions=extensions):
            return checks_of_senders(extensions, state.context.extensions)
        case Update(leaf_node=leaf) if isinstance(sender, MemberSender):
            index = sender.leaf_index
            check = _check(Role.UPDATED, index, leaf, state.tree.leaf(index))
            return () if check is None else (check,)
        case Add(key_package=KeyPackage(leaf_node=leaf)):
            return (CredentialCheck(Role.ADDED, leaf.credential, leaf.signature_key),)
    return ()


def _read_only(keys: Mapping[bytes, frozenset[bytes]]) -> Mapping[bytes, frozenset[bytes]]:
    return MappingProxyType(dict(keys))


@attrs.frozen
class KnownIdentities:
    """A simple policy for basic credentials: an identity is believed for the keys known for it.

    Attributes:
        keys: From identities to the signature keys that are theirs.
    """

    keys: Mapping[bytes, frozenset[bytes]] = attrs.field(factory=dict, converter=_read_only)

    def with_key(self, identity: bytes, signature_key: bytes) -> "KnownIdentities":
        """Return the policy that believes an identity for one key more."""
        known = self.keys.get(identity, frozenset())
        return KnownIdentities({**self.keys, identity: known | {signature_key}})

    def check(self, checks: Iterable[CredentialCheck]) -> None:
        """Judge the credentials of a step.

        Raises:
            CredentialRefusedError: One is no basic credential, its identity is not known for its
                key, or it is for another identity than the one that it replaces.
        """
        for check in checks:
            credential = check.credential
            where = {"role": check.role, "leaf": check.leaf_index}
            at = "" if check.leaf_index is None else f" at leaf {check.leaf_index}"
            who = check.role.value + at
            if not isinstance(credential, BasicCredential):
                raise CredentialRefusedError(f"{who}: no basic credential", **where)
            identity, old = credential.identity, check.predecessor
            if old is not None and old.credential != credential:
                raise CredentialRefusedError(f"{who}: {identity!r} replaces somebody else", **where)
            if check.signature_key not in self.keys.get(identity, ()):
                raise CredentialRefusedError(
                    f"{who}: the key is not known for {identity!r}", **where
                )
