"""Groups in rows: what is stored, what a step changes in it, and how it is loaded again.

::

    group                   what a commit changes: context, secrets, private keys
    tree/<band>/<place>     the ratchet tree, five levels a row
    epoch/<n>               an epoch that is gone, for messages that come late
    epoch/<n>/exporter      the frontier of the present epoch's exporter tree
    epoch/<n>/secret/<node> the frontier of an epoch's secret tree
    epoch/<n>/sender/<leaf> the ratchets of a sender
    sent                    how much this member has encrypted
    proposal/<reference>    a pending proposal
    update/<reference>      the private keys of one's own Update
    psk/<name>              a pre-shared key
    held                    one's own commit that waits to be confirmed
    contents                how many rows there are of those that could go missing unnoticed

`docs/persistence.md` says what to do with them. Everything is written by what it differs from what
is stored, where to save a group is to differ from nothing. Parts are compared by identity: versions
of a group share what a step did not touch.
"""

from collections.abc import Mapping
from typing import Any

from mimi.crypto import Secret
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.member import MemberState
from mimi.mls.rows import Changes, Fields, RowEdit, Rows, damage, is_same
from mimi.mls.secrets import SecretTree
from mimi.mls.snapshot_epoch import (
    exporter_fields,
    member_fields,
    placed,
    proposal_fields,
    public_fields,
    read_context,
    read_exporter,
    read_held,
    read_member,
    read_past,
    read_proposals,
    read_public,
    read_updates,
    update_fields,
    write_held,
    write_past,
)
from mimi.mls.snapshot_psk import read_psks, write_psks
from mimi.mls.snapshot_secrets import erase_secrets, read_secrets, write_secrets
from mimi.mls.snapshot_tree import read_tree, write_tree
from mimi.mls.state import PublicState

# A member's group


def member_changes(now: MemberState, before: MemberState | None = None) -> Changes:
    """Return what a group has otherwise than what is stored.

    Args:
        now: The group.
        before: The group whose rows are stored; None where none are.

    Raises:
        UsageError: The tree is too wide to be stored.
    """
    out = RowEdit()
    if before is None or not is_same(_head(now), _head(before)):
        out.write("group", "group", _head_fields(now))
    if before is None or now.sent_octets != before.sent_octets:
        out.write("sent", "sent", {"sent_octets": now.sent_octets})
    if before is None or _contents(now) != _contents(before):
        out.write("contents", "contents", _contents(now))
    _write_public(out, now.state, None if before is None else before.state)
    if before is None or now.updates is not before.updates:
        old = {} if before is None else before.updates
        out.write_table("update", _by_hex(now.updates), _by_hex(old), update_fields)
    write_psks(out, now.psks, None if before is None else before.psks)
    _write_epochs(out, now, before)
    _write_held(out, now, before)
    return out.changes()


def _head(group: MemberState) -> tuple[object, ...]:
    """Return what the row ``group`` depends on."""
    return (
        *_public_head(group.state),
        group.private,
        group.signer,
        group.secrets,
        group.resumption,
        group.own_commits,
        len(group.past),
        group.removed,
    )


def _public_head(state: PublicState) -> tuple[object, ...]:
    return (state.context, state.interim_transcript_hash, state.confirmation_tag, state.reinit)


def _head_fields(group: MemberState) -> dict[str, object]:
    resumption = {epoch: group.resumption[epoch].reveal() for epoch in sorted(group.resumption)}
    return {
        **public_fields(group.state),
        **member_fields(group.private, group.signer, group.secrets),
        "past_epochs": len(group.past),
        "resumption_psks": resumption,
        "own_commits": list(group.own_commits),
        "removed": group.removed,
    }


def _contents(group: MemberState) -> dict[str, object]:
    return {
        "psks": len(group.psks),
        "updates": len(group.updates),
        "proposals": len(group.state.proposals),
        "held": group.held is not None,
    }


def _by_hex(table: Mapping[bytes, Any]) -> dict[str, Any]:
    return {key.hex(): value for key, value in table.items()}


def _write_public(out: RowEdit, now: PublicState, before: PublicState | None) -> None:
    write_tree(out, now.tree, None if before is None else before.tree)
    if before is None or now.proposals is not before.proposals:
        out.write_table("proposal", placed(now), placed(before), proposal_fields)


def _secret_trees(group: MemberState | None) -> dict[int, SecretTree]:
    """Return the secret trees of the present and the past epochs, by their numbers."""
    if group is None:
        return {}
    past = {epoch.context.epoch: epoch.message_keys for epoch in group.past}
    return {group.context.epoch: group.message_keys, **past}


def _write_epochs(out: RowEdit, now: MemberState, before: MemberState | None) -> None:
    trees, stored = _secret_trees(now), _secret_trees(before)
    for epoch, tree in trees.items():
        write_secrets(out, epoch, tree, stored.get(epoch))
    for epoch, tree in stored.items():
        if epoch not in trees:
            erase_secrets(out, epoch, tree)
    heads = {} if before is None else {past.context.epoch: past for past in before.past}
    for past in now.past:
        old = heads.pop(past.context.epoch, None)
        parts = (past.context, past.sender_data_secret, past.replaced)
        if old is None or not is_same(parts, (old.context, old.sender_data_secret, old.replaced)):
            write_past(out, past)
    for epoch in heads:
        out.erase(f"epoch/{epoch}")
    _write_exporter(out, now, before)


def _write_exporter(out: RowEdit, now: MemberState, before: MemberState | None) -> None:
    if before is not None and now.exporter is before.exporter:
        return
    epoch = now.context.epoch
    out.write(f"epoch/{epoch}/exporter", "exporter", exporter_fields(now.exporter))
    if before is not None and before.context.epoch != epoch:
        out.erase(f"epoch/{before.context.epoch}/exporter")


def _write_held(out: RowEdit, now: MemberState, before: MemberState | None) -> None:
    held = None if before is None else before.held
    if now.held is None:
        if held is not None:
            out.erase("held")
    elif held is not now.held or before is None or now.state.tree is not before.state.tree:
        write_held(out, now.held, now.state.tree)


def load_member(stored: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the fields of a group, all but its settings and its source of randomness.

    Raises:
        DamagedSnapshotError: The rows are not those of a group.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        rows = Rows(stored)
        contents, sent = rows.take("contents", "contents"), rows.take("sent", "sent")
        fields = rows.take("group", "group")
        suite, context = read_context(fields)
        exported = rows.take(f"epoch/{context.epoch}/exporter", "exporter")
        tree = read_tree(rows, suite, context.tree_hash)
        proposals = read_proposals(rows, suite, contents.number("proposals"))
        state = read_public(fields, context, tree, proposals)
        private, signer, secrets = read_member(fields, state)
        past = _read_past(rows, state, fields.number("past_epochs"))
        loaded = {
            "state": state,
            "private": private,
            "signer": signer,
            "secrets": secrets,
            "message_keys": read_secrets(rows, suite, context.epoch, tree.leaf_count),
            "exporter": read_exporter(exported, suite),
            "sent_octets": sent.number("sent_octets"),
            "past": past,
            "updates": read_updates(rows, suite, contents.number("updates")),
            "psks": read_psks(rows, contents.number("psks")),
            "resumption": _read_resumption(fields, suite.nh),
            "held": read_held(rows, state) if contents.flag("held") else None,
            "own_commits": fields.octet_strings("own_commits"),
            "removed": fields.flag("removed"),
        }
        for each in (contents, sent, exported, fields):
            each.done()
        rows.done()
        return loaded


def _read_past(rows: Rows, state: PublicState, count: int) -> tuple[Any, ...]:
    epoch = state.context.epoch
    if count > epoch:
        raise DamagedSnapshotError(f"{count} epochs before epoch {epoch}", "group")
    return tuple(read_past(rows, state.context, epoch - back) for back in range(1, count + 1))


def _read_resumption(fields: Fields, size: int) -> dict[int, Secret]:
    table = fields.table("resumption_psks", size)
    return {epoch: Secret(octets) for epoch, octets in table.items()}
