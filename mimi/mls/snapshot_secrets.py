"""Rows of the secret tree: one for each secret of its frontier, one for each sender.

A sender's row takes the place of the secrets on the way to it: the frontier secret that was above
is among the erased rows, what is beside the way among the written ones (RFC 9420 section 9.2).
"""

from mimi.crypto import Secret, Suite
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.rows import Fields, RowEdit, Rows, damage
from mimi.mls.secrets import (
    LAST_GENERATION,
    MessageKey,
    Ratchet,
    SecretTree,
    SenderRatchets,
)
from mimi.mls.spans import Spans, joined
from mimi.tree.math import LeafIndex, NodeIndex

_PLACE = 4
"""The octets of a generation in a list of ranges."""


def write_secrets(out: RowEdit, epoch: int, now: SecretTree, before: SecretTree | None) -> None:
    """Write the rows of an epoch's secret tree that are not those of the tree before."""
    if now is before:
        return
    if before is None:
        senders, added = tuple(sorted(now.senders)), tuple(sorted(now.frontier))
    else:
        changes = now.changes_since(before)
        senders, added = changes.senders, changes.added
        for node in changes.removed:
            out.erase(f"epoch/{epoch}/secret/{node}")
        for leaf in changes.forgotten:
            out.erase(f"epoch/{epoch}/sender/{leaf}")
    for node in added:
        payload = {"tree_node_secret": now.frontier[node].reveal()}
        out.write(f"epoch/{epoch}/secret/{node}", "secret", payload)
    for leaf in senders:
        out.write(f"epoch/{epoch}/sender/{leaf}", "sender", sender_fields(now.senders[leaf]))


def erase_secrets(out: RowEdit, epoch: int, before: SecretTree) -> None:
    """Erase all rows of an epoch's secret tree."""
    for node in sorted(before.frontier):
        out.erase(f"epoch/{epoch}/secret/{node}")
    for leaf in sorted(before.senders):
        out.erase(f"epoch/{epoch}/sender/{leaf}")


def sender_fields(sender: SenderRatchets) -> dict[str, object]:
    """Return what a sender's row says."""
    return {
        "handshake": _ratchet_fields(sender.handshake),
        "application": _ratchet_fields(sender.application),
    }


def _ratchet_fields(ratchet: Ratchet) -> dict[str, object]:
    skipped = {
        at: message.key.reveal() + message.nonce.reveal() for at, message in ratchet.skipped.items()
    }
    return {
        "skipped": skipped,
        "generation": ratchet.generation,
        "ratchet_secret": ratchet.secret.reveal(),
        "forgotten": b"".join(
            at.to_bytes(_PLACE, "big") for span in ratchet.forgotten for at in span
        ),
    }


def read_secrets(rows: Rows, suite: Suite, epoch: int, leaf_count: int) -> SecretTree:
    """Return the secret tree of an epoch.

    Raises:
        DamagedSnapshotError: The rows are none.
    """
    frontier, senders = {}, {}
    for node, fields in rows.take_numbered(f"epoch/{epoch}/secret", "secret"):
        frontier[NodeIndex(node)] = fields.secret("tree_node_secret", suite.nh)
        fields.done()
    for leaf, fields in rows.take_numbered(f"epoch/{epoch}/sender", "sender"):
        senders[LeafIndex(leaf)] = read_sender(fields, suite)
    with damage(f"epoch/{epoch}"):
        return SecretTree.restore(suite, leaf_count, frontier, senders)


def read_sender(fields: Fields, suite: Suite) -> SenderRatchets:
    """Return the ratchets of a sender.

    Raises:
        DamagedSnapshotError: They are none.
    """
    handshake = _read_ratchet(fields.within("handshake"), suite)
    application = _read_ratchet(fields.within("application"), suite)
    fields.done()
    return SenderRatchets(handshake, application)


def _read_ratchet(fields: Fields, suite: Suite) -> Ratchet:
    skipped = fields.table("skipped", suite.nk + suite.nn)
    generation = fields.number("generation")
    secret = fields.secret("ratchet_secret", suite.nh)
    forgotten = _read_spans(fields.octets("forgotten"), generation, fields.row)
    fields.done()
    if generation > LAST_GENERATION + 1 or any(at >= generation for at in skipped):
        raise DamagedSnapshotError("a ratchet has no such generation", fields.row)
    keys = {
        at: MessageKey(Secret(octets[: suite.nk]), Secret(octets[suite.nk :]))
        for at, octets in skipped.items()
    }
    return Ratchet(suite, secret, generation, keys, forgotten)


def _read_spans(octets: bytes, generation: int, row: str) -> Spans:
    """Return ranges of generations before *generation*.

    Raises:
        DamagedSnapshotError: They are none.
    """
    places = [
        int.from_bytes(octets[at : at + _PLACE], "big") for at in range(0, len(octets), _PLACE)
    ]
    spans = tuple(zip(places[::2], places[1::2], strict=False))
    in_order = all(first <= last for first, last in spans) and joined(spans) == spans
    if len(octets) % (2 * _PLACE) or not in_order or any(last >= generation for _, last in spans):
        raise DamagedSnapshotError("a ratchet has forgotten no such generations", row)
    return spans
