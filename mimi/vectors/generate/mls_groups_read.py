"""Whole groups in which something happens that another reading of the drafts would judge otherwise.

What members do is what they may by the reading of this project, and what it refuses others would
accept.
"""

from collections.abc import Iterator
from typing import Any

from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy, Suite
from mimi.mls.client import Client
from mimi.mls.framing import CommitAuthData, FramedContent, PublicMessage
from mimi.mls.group import Group
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import safe_aad
from mimi.mls.proposal import Proposal, Remove, SelfRemove
from mimi.mls.protect import sign_content
from mimi.mls.sending import framed, wrapped
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSender, ExternalSenders, extension
from mimi.tree.math import LeafIndex
from mimi.tree.multicredential import BoundCredential, MultiCredential, sign_binding
from mimi.vectors.generate.mls_cast import SEMI
from mimi.vectors.generate.mls_groups import Told, committed, groups
from mimi.vectors.generate.mls_messages import PUBLIC, Voice
from mimi.vectors.generate.mls_updates import EVEN, LOG, PLAIN, ephemeral, remove, update
from mimi.vectors.generate.written import Vector

ME = SelfRemove()


def all_groups(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield groups that use the extensions."""
    yield from groups(suite, entropy)
    yield from _read_otherwise(suite, entropy)


def _read_otherwise(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield groups, whose handshakes are public, or semi-private."""
    for semi, how in ((False, "public"), (True, "semi-private")):
        joining = Told.of(suite, entropy.fork(f"references {how}".encode()), semi=semi)
        what = "what members propose on their own, and what joiners commit by reference"
        yield _references(joining, f"{how} handshakes: {what}", semi=semi)
        staying = Told.of(suite, entropy.fork(f"staying {how}".encode()), semi=semi)
        yield _staying(staying, f"{how} handshakes: members who wanted to leave stay or come back")
    told = Told.of(suite, entropy.fork(b"external sender"))
    yield _badly_bound(told, "public handshakes: an external sender whose binding does not hold")


def _references(told: Told, description: str, *, semi: bool) -> Vector:
    bob = told.cast.members[1]
    absent, _ = Voice.of(bob).said(told.suite, remove(EVEN), safe_aad(()))
    told.refuses(absent, "absent-component")
    if semi:
        _, hidden = wrapped(bob, framed(bob, ME, safe_aad(()), SEMI))
        told.refuses(hidden, "self-remove-framing")
    told.proposes(0, update(LOG, b"two."))
    told.refuses(_joining(told, (), told.proposals[-1:]), "external-commit-reference")
    told.commits(1, lambda group: group.commit(now=0))
    told.proposes(2, ephemeral(PLAIN, b"a remark"))
    told.refuses(_joining(told, (), told.proposals[-1:]), "external-commit-reference")
    told.joins((update(LOG, b"a joiner."), ephemeral(PLAIN, b"hello")))
    return told.told(description)


def _staying(told: Told, description: str) -> Vector:
    """Return a group in which leaf 2 commits instead of leaving, and somebody takes leaf 1."""
    told.proposes(2, ME)
    (own,) = told.cast.members[2].state.proposals
    told.refuses(committed(told.cast.members[2], (own,), path=told.path_of(2)), "remove-committer")
    told.commits(2, lambda group: group.commit(now=0, proposals=[update(LOG, b"staying.")]))
    told.proposes(1, ME)
    both = _joining(told, (Remove(LeafIndex(1)),), told.proposals[-1:])
    told.refuses(both, "repeated-leaf")
    told.joins(resync=1)
    told.commits(1, lambda group: group.commit(now=0))
    return told.told(description)


def _joining(told: Told, proposals: tuple[Proposal, ...], wires: list[bytes]) -> bytes:
    """Return an external commit that has proposals by value, and all of *wires* by reference.

    Its path is that of a good one; its confirmation tag is that of no epoch.
    """
    group, client = told.cast.members[0], told.cast.client()
    good = client.join_externally(group.group_info(), now=0, aad=safe_aad(()))
    body: Any = decode(MLSMessage, good.commit).body
    genuine: FramedContent = body.content
    commit: Any = genuine.content
    references = tuple(group.state.proposals)[-len(wires) :]
    listed = (*commit.proposals, *references, *proposals)
    content = replace(genuine, content=replace(commit, proposals=listed))
    return _signed(client, group, content)


def _signed(client: Client, group: Group, content: FramedContent) -> bytes:
    suite = group.suite
    signature = sign_content(suite, PUBLIC, content, group.context, client.signer)
    auth = CommitAuthData(signature, bytes(suite.nh))
    return encode(MLSMessage(PublicMessage(content, auth, None)))


def _badly_bound(told: Told, description: str) -> Vector:
    """Return a group that comes to have such an external sender, who then proposes something."""
    suite = told.suite
    binder = suite.generate_signature_key(told.cast.entropy.fork(b"binder"))
    bound = sign_binding(suite, BasicCredential(b"hub"), binder, b"another key")
    other = BoundCredential.of(BasicCredential(b"another hub"))
    credential = MultiCredential((bound, replace(bound, credential=other)))
    sender = ExternalSender(told.outside.public, credential)
    named = extension(ExtensionType.EXTERNAL_SENDERS, (sender,), ExternalSenders)
    before = told.cast.members[0].extensions
    changed = tuple(named if at.extension_type == named.extension_type else at for at in before)
    told.commits(0, lambda group: group.commit(now=0, extensions=changed))
    told.proposed_outside(update(LOG, b"from outside."))
    told.refuses(committed(told.cast.members[1], (remove(EVEN),)), "absent-component")
    told.commits(1, lambda group: group.commit(now=0))
    return told.told(description)
