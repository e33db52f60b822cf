"""A group without its secrets in rows, which need not all be read to follow it.

::

    public_group        the group context but for its extensions, and how large the rest is
    context/<hash>      a piece of the extensions
    tree/<band>/<place> a branch of the ratchet tree
    keys/<n>            encryption keys, and whose they are
    signers/<n>         signature keys, and whose they are
    capabilities        what members support, counted
    proposal/<reference> a pending proposal
    group_info          the epoch's group info, but for the group context and the tree
    contents            which proposals there are, and whether there is a group info

`docs/persistence.md` says what to do with them.
"""

from collections.abc import Mapping
from struct import Struct
from typing import TypeAlias

import attrs

from mimi.codec import decode, encode, replace
from mimi.crypto import suite_of
from mimi.mls.context import GroupContext
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.framing import Sender
from mimi.mls.open_rows import OpenRows
from mimi.mls.proposal import Proposal, ReInit
from mimi.mls.rows import Changes, RowEdit, Rows, compare, damage, is_same
from mimi.mls.snapshot_branches import OpenTree, write_branches
from mimi.mls.snapshot_context import (
    Pieces,
    context_fields,
    hashes_in,
    open_context,
    piece_name,
    write_pieces,
)
from mimi.mls.snapshot_epoch import placed, proposal_fields, reinit_field
from mimi.mls.snapshot_keys import open_index, write_index
from mimi.mls.snapshot_tree import check_width
from mimi.mls.state import PendingProposal, PublicState, changed, next_state, read_only
from mimi.mls.welcome import GroupInfo, check_group_info
from mimi.tree import math
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, find
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree

HEAD, CONTENTS, INFO, CAPABILITIES = "public_group", "contents", "group_info", "capabilities"


@attrs.frozen(eq=False)
class BareInfo:
    """A group info whose extension ratchet_tree is empty here: it holds the tree of the group.

    Attributes:
        info: The rest of it.
    """

    info: GroupInfo

    def whole(self, tree: RatchetTree) -> GroupInfo:
        """Return the group info with the tree, which is that of its epoch."""
        return replace(self.info, extensions=_with_tree(self.info.extensions, tree.encode()))


KeptInfo: TypeAlias = GroupInfo | BareInfo
"""A group info, with or without the tree that is known anyway."""

Kept: TypeAlias = tuple[PublicState, KeptInfo | None, Pieces]
"""What a follower without secrets keeps of a group, and in what pieces it is stored."""


# Writing


def public_changes(now: Kept, before: Kept | None = None) -> Changes:
    """Return what a group without secrets has otherwise than what is stored.

    Args:
        now: Its state, the epoch's group info, and the pieces of its extensions.
        before: Those whose rows are stored; None where none are.

    Raises:
        UsageError: The tree is too wide to be stored.
    """
    (state, info, pieces), (old, old_info, old_pieces) = now, before or (None, None, Pieces())
    out = RowEdit()
    check_width(state.tree.leaf_count)
    if old is None or not is_same(_head(state), _head(old)):
        out.write(HEAD, HEAD, _head_fields(state, pieces))
    contents = _contents(state, info)
    if old is None or contents != _contents(old, old_info):
        out.write(CONTENTS, CONTENTS, contents)
    stored = () if old is None else old_pieces.of(old.context.extensions)
    write_pieces(out, pieces.of(state.context.extensions), stored)
    if old is None or state.tree is not old.tree:
        write_branches(out, state.tree, None if old is None else old.tree)
        index = None if old is None else old.tree.stored_index()
        write_index(out, state.tree.stored_index(), index)
    if old is None or state.proposals is not old.proposals:
        out.write_table("proposal", placed(state), placed(old), proposal_fields)
    if info is not None and info is not old_info:
        out.write(INFO, INFO, _info_fields(info, state.tree))
    if info is None and old_info is not None:
        out.erase(INFO)
    return out.changes()


def _head(state: PublicState) -> tuple[object, ...]:
    """Return what the row ``public_group`` depends on."""
    return (state.context, state.interim_transcript_hash, state.confirmation_tag, state.reinit)


def _head_fields(state: PublicState, pieces: Pieces) -> dict[str, object]:
    nodes, leaves = state.tree.stored_index().shards
    return {
        **context_fields(state.context, pieces),
        "interim_transcript_hash": state.interim_transcript_hash,
        "confirmation_tag": state.confirmation_tag,
        "reinit": reinit_field(state) or b"",
        "sizes": _SIZES.pack(state.tree.leaf_count, len(nodes), len(leaves)),
    }


def _contents(state: PublicState, info: KeptInfo | None) -> dict[str, object]:
    kept = b"" if info is None else b"\1"
    return {"proposals": b"".join(state.proposals), "group_info": kept}


def _info_fields(kept: KeptInfo, tree: RatchetTree) -> dict[str, object]:
    """Return what the row of a group info says: a tree that is the group's is not said again."""
    known = kept if isinstance(kept, BareInfo) else _without_tree(kept, tree)
    info = known.info if isinstance(known, BareInfo) else known
    return {
        "extensions": encode(info.extensions, Extensions),
        "ratchet_tree": b"" if known is info else b"\1",
        "signer": info.signer.to_bytes(4, "big"),
        "signature": info.signature,
    }


def _without_tree(info: GroupInfo, tree: RatchetTree) -> KeptInfo:
    """Return a group info without its tree; as it is where it has none, or another."""
    carried = find(info.extensions, ExtensionType.RATCHET_TREE)
    if carried is None or carried != tree.encode():
        return info
    return BareInfo(replace(info, extensions=_with_tree(info.extensions, b"")))


def _with_tree(extensions: Extensions, octets: bytes) -> Extensions:
    kind = ExtensionType.RATCHET_TREE
    return tuple(Extension(kind, octets) if at.extension_type == kind else at for at in extensions)


# Reading


def open_public(rows: OpenRows) -> Kept:
    """Return the state of a group, and the epoch's group info; the tree is read when it is asked.

    Raises:
        RowNeededError: A row is not there yet.
        DamagedSnapshotError: What was read is not what was stored.
        NewerSnapshotError: A row has a newer version.
    """
    with damage(HEAD):  # what is not the damage of another row
        rows.expect((HEAD, CONTENTS, CAPABILITIES))
        sizes, reinit, extensions, bare, tag, interim = rows.octets(HEAD, HEAD, *HEAD_FIELDS)
        hashes = hashes_in(extensions, HEAD)
        listed, kept = rows.octets(CONTENTS, CONTENTS, "proposals", "group_info")
        has_info = _flag(kept, CONTENTS)
        references = _references(listed, bare)
        names = [*map(piece_name, hashes), *(f"proposal/{at.hex()}" for at in references)]
        rows.expect([*names, INFO] if has_info else names)
        context, pieces = open_context(rows, HEAD, bare, hashes)
        tree = _open_tree(rows, sizes, context)
        proposals = {
            reference: _open_proposal(rows, reference, place)
            for place, reference in enumerate(references)
        }
        state = _state(context, tree, tag, reinit, proposals)
        if state.interim_transcript_hash != interim:
            raise DamagedSnapshotError("the transcript hash is not that of the epoch", HEAD)
        info = _open_info(rows, state) if has_info else None
        return state, info, Pieces(context.extensions, pieces, known=True)


HEAD_FIELDS = (
    *("sizes", "reinit", "extensions", "group_context", "confirmation_tag"),
    "interim_transcript_hash",
)
_SIZES = Struct(">III")
"""How many leaves there are, how many nodes, and how many members."""


def _flag(octets: bytes, row: str) -> bool:
    if octets not in (b"", b"\1"):
        raise DamagedSnapshotError("neither yes nor no", row)
    return bool(octets)


def _references(listed: bytes, bare: bytes) -> list[bytes]:
    """Return the references of the pending proposals, in their order."""
    if not listed:
        return []
    size = suite_of(decode(GroupContext, bare).cipher_suite).nh
    if len(listed) % size:
        raise DamagedSnapshotError("a reference is cut", CONTENTS)
    return [listed[at : at + size] for at in range(0, len(listed), size)]


def _state(
    context: GroupContext,
    tree: RatchetTree,
    tag: bytes,
    reinit: bytes,
    proposals: Mapping[bytes, PendingProposal],
) -> PublicState:
    ended = decode(Proposal, reinit) if reinit else None
    if not isinstance(ended, ReInit | None):
        raise DamagedSnapshotError("what ended the group is no ReInit", HEAD)
    state = next_state(context, tree, tag, ended)
    return changed(state, proposals=read_only(proposals))


def _open_tree(rows: OpenRows, sizes: bytes, context: GroupContext) -> RatchetTree:
    if len(sizes) != _SIZES.size:
        raise DamagedSnapshotError("so many sizes are not those of a tree", HEAD)
    leaf_count, nodes, members = _SIZES.unpack(sizes)
    with damage(HEAD):
        check_width(leaf_count)
        suite = suite_of(context.cipher_suite)
        width = math.node_width(math.root(leaf_count) + 1)
    if not 0 < members <= min(leaf_count, nodes) <= nodes <= width:
        raise DamagedSnapshotError("so many members do not go with the tree", HEAD)
    stored = OpenTree(rows, suite, leaf_count, context.tree_hash)
    return RatchetTree.of_stored(suite, leaf_count, stored, open_index(rows, nodes, members))


def _open_proposal(rows: OpenRows, reference: bytes, place: int) -> PendingProposal:
    fields = rows.take(f"proposal/{reference.hex()}", "proposal")
    if fields.number("place") != place:
        raise DamagedSnapshotError("the place is that of another proposal", fields.row)
    with damage(fields.row):
        proposal: Proposal = decode(Proposal, fields.octets("proposal"))
        sender: Sender = decode(Sender, fields.octets("sender"))
    fields.done()
    return PendingProposal(reference, proposal, sender)


def _open_info(rows: OpenRows, state: PublicState) -> KeptInfo:
    fields = ("signer", "signature", "extensions", "ratchet_tree")
    signer, signature, octets, elided = rows.octets(INFO, INFO, *fields)
    if len(signer) != 4:
        raise DamagedSnapshotError("no leaf has signed it", INFO)
    with damage(INFO):
        extensions: Extensions = decode(Extensions, octets)
    tag, leaf = state.confirmation_tag, LeafIndex(int.from_bytes(signer, "big"))
    info = GroupInfo(state.context, extensions, tag, leaf, signature)
    return BareInfo(info) if _flag(elided, INFO) else info


def load_public(stored: Mapping[str, bytes]) -> Kept:
    """Return the state of a group without secrets, and the epoch's group info, checked in full.

    Raises:
        DamagedSnapshotError: The rows are not those of such a group.
        NewerSnapshotError: A row has a newer version.
    """
    Rows(stored)
    state, info, pieces = open_public(OpenRows(stored, partial=False))
    for keys in state.tree.stored_index().shards:
        for number in range(keys.width):
            keys.shard(number)
    with damage("tree"):
        tree = RatchetTree.of_nodes(state.suite, state.tree.nodes)
    if tree.leaf_count != state.tree.leaf_count or tree.tree_hash != state.context.tree_hash:
        raise DamagedSnapshotError("the tree is not that of the group context", "tree")
    loaded = PublicState(
        state.context,
        tree,
        state.interim_transcript_hash,
        state.confirmation_tag,
        state.proposals,
        state.reinit,
    )
    if info is not None:
        with damage(INFO):
            check_group_info(tree, info.whole(tree) if isinstance(info, BareInfo) else info)
    with damage("tree"):
        written = public_changes((loaded, info, pieces)).written
    compare(stored, written)
    return loaded, info, pieces
