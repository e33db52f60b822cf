"""What the rows of groups say of an epoch: its public state, and what a member knows beside it."""

from collections.abc import Mapping

from mimi.codec import decode, encode
from mimi.crypto import Secret, SignaturePrivateKey, Suite, suite_of
from mimi.mls.context import GroupContext
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.exporter import ExporterTree
from mimi.mls.framing import Sender
from mimi.mls.member import HeldCommit, NewEpoch, OwnUpdate, PastEpoch
from mimi.mls.proposal import Proposal, ReInit
from mimi.mls.rows import STRANGE, Fields, RowEdit, Rows, damage
from mimi.mls.schedule import EpochSecrets
from mimi.mls.secrets import SecretTree
from mimi.mls.snapshot_secrets import read_secrets, read_sender, sender_fields
from mimi.mls.snapshot_tree import check_tree_hash, check_width, read_node
from mimi.mls.state import PendingProposal, PublicState, next_state
from mimi.tree import math
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree

SECRETS = (
    "init_secret",
    "sender_data_secret",
    "exporter_secret",
    "external_secret",
    "confirmation_key",
    "membership_key",
    "resumption_psk",
    "epoch_authenticator",
)
"""The secrets of an epoch that are kept: the roots of its two trees are consumed at once."""


# What everybody knows


def public_fields(state: PublicState) -> dict[str, object]:
    """Return what a row says of the public state, tree and pending proposals excepted."""
    return {
        "group_context": encode(state.context),
        "interim_transcript_hash": state.interim_transcript_hash,
        "confirmation_tag": state.confirmation_tag,
        "reinit": reinit_field(state),
    }


def reinit_field(state: PublicState) -> bytes | None:
    """Return what a row says of the ReInit that ended the group."""
    return None if state.reinit is None else encode(state.reinit, Proposal)


def read_context(fields: Fields) -> tuple[Suite, GroupContext]:
    """Take the group context, with its cipher suite.

    Raises:
        DamagedSnapshotError: It does not parse, or the cipher suite is not known.
    """
    with damage(fields.row):
        context = decode(GroupContext, fields.octets("group_context"))
        return suite_of(context.cipher_suite), context


def read_public(
    fields: Fields,
    context: GroupContext,
    tree: RatchetTree,
    proposals: Mapping[bytes, PendingProposal],
) -> PublicState:
    """Take the rest of a public state.

    Raises:
        DamagedSnapshotError: It is at odds with itself.
    """
    tag, interim = fields.octets("confirmation_tag"), fields.octets("interim_transcript_hash")
    reinit = _read_reinit(fields)
    state = next_state(context, tree, tag, reinit)
    if state.interim_transcript_hash != interim:
        raise DamagedSnapshotError("the transcript hash is not that of the epoch", fields.row)
    return PublicState(context, tree, interim, tag, proposals, reinit)


def _read_reinit(fields: Fields) -> ReInit | None:
    octets = fields.octets_or_none("reinit")
    if octets is None:
        return None
    with damage(fields.row):
        proposal = decode(Proposal, octets)
    if not isinstance(proposal, ReInit):
        raise DamagedSnapshotError("what ended the group is no ReInit", fields.row)
    return proposal


Placed = tuple[int, PendingProposal]
"""A pending proposal, and how many came before it."""


def placed(state: PublicState | None) -> dict[str, Placed]:
    """Return the pending proposals, by what their rows are named."""
    pending = () if state is None else state.proposals.values()
    return {item.reference.hex(): (place, item) for place, item in enumerate(pending)}


def proposal_fields(entry: Placed) -> dict[str, object]:
    """Return what a pending proposal's row says."""
    place, pending = entry
    return {
        "place": place,
        "sender": encode(pending.sender, Sender),
        "proposal": encode(pending.proposal, Proposal),
    }


def read_reference(name: str, suite: Suite, row: str) -> bytes:
    """Return the ProposalRef whose hexadecimal form the last part of a row's name is.

    Raises:
        DamagedSnapshotError: It is none, or another form.
    """
    try:
        reference = bytes.fromhex(name)
    except ValueError as error:
        raise DamagedSnapshotError(STRANGE, row) from error
    if reference.hex() != name or len(reference) != suite.nh:
        raise DamagedSnapshotError(STRANGE, row)
    return reference


def read_proposals(rows: Rows, suite: Suite, count: int) -> dict[bytes, PendingProposal]:
    """Take the pending proposals, in the order in which they came.

    Raises:
        DamagedSnapshotError: One is missing, or damaged.
    """
    found: dict[int, PendingProposal] = {}
    for last, fields in rows.take_below("proposal", "proposal"):
        reference, place = read_reference(last, suite, fields.row), fields.number("place")
        if place in found:
            raise DamagedSnapshotError("the place is that of another proposal", fields.row)
        with damage(fields.row):
            proposal = decode(Proposal, fields.octets("proposal"))
            sender = decode(Sender, fields.octets("sender"))
        fields.done()
        found[place] = PendingProposal(reference, proposal, sender)
    if count != len(found) or sorted(found) != list(range(len(found))):
        raise DamagedSnapshotError("a pending proposal is missing", "proposal")
    return {found[place].reference: found[place] for place in sorted(found)}


# What a member knows


def member_fields(
    private: PrivateTree, signer: SignaturePrivateKey, secrets: EpochSecrets
) -> dict[str, object]:
    """Return what a row says of a member's keys and the secrets of an epoch."""
    kept: dict[str, Secret] = {name: getattr(secrets, name) for name in SECRETS}
    return {
        "leaf_index": private.leaf,
        "private_keys": {at: private.keys[at].reveal() for at in sorted(private.keys)},
        "signature_private_key": signer.reveal(),
        **{name: secret.reveal() for name, secret in kept.items()},
    }


def read_member(
    fields: Fields, state: PublicState
) -> tuple[PrivateTree, SignaturePrivateKey, EpochSecrets]:
    """Take a member's keys and the secrets of an epoch.

    Raises:
        DamagedSnapshotError: They do not belong to the tree, or to the epoch.
    """
    suite, tree, leaf = state.suite, state.tree, LeafIndex(fields.number("leaf_index"))
    secrets = {name: fields.secret(name, suite.nh) for name in SECRETS}
    epoch = EpochSecrets(suite, encryption_secret=None, application_export_secret=None, **secrets)
    with damage(fields.row):
        signer = suite.signature_private_key(fields.octets("signature_private_key"))
        keys = {
            NodeIndex(at): suite.hpke_private_key(octets)
            for at, octets in fields.table("private_keys").items()
        }
        private = PrivateTree(leaf, keys)
        private.check(tree)
        own = tree.member(leaf)
        epoch.check_confirmation_tag(
            state.context.confirmed_transcript_hash, state.confirmation_tag
        )
    if math.node_of(leaf) not in keys or own.signature_key != signer.public:
        raise DamagedSnapshotError("the keys of one's own leaf are missing or wrong", fields.row)
    return private, signer, epoch


def exporter_fields(exporter: ExporterTree) -> dict[str, object]:
    """Return what a row says of an epoch's exporter tree."""
    frontier = exporter.frontier
    return {"exporter_tree": {at: frontier[at].reveal() for at in sorted(frontier)}}


def read_exporter(fields: Fields, suite: Suite) -> ExporterTree:
    """Take the exporter tree of an epoch.

    Raises:
        DamagedSnapshotError: It is missing, or none.
    """
    with damage(fields.row):
        return ExporterTree.restore(suite, fields.table("exporter_tree"))


def update_fields(update: OwnUpdate) -> dict[str, object]:
    """Return what the row of one's own Update says."""
    return {
        "encryption_private_key": update.encryption_key.reveal(),
        "signature_private_key": update.signer.reveal(),
    }


def read_updates(rows: Rows, suite: Suite, count: int) -> dict[bytes, OwnUpdate]:
    """Take the private keys of one's own Updates.

    Raises:
        DamagedSnapshotError: One is missing, or damaged.
    """
    updates = {}
    for last, fields in rows.take_below("update", "update"):
        with damage(fields.row):
            update = OwnUpdate(
                suite.hpke_private_key(fields.octets("encryption_private_key")),
                suite.signature_private_key(fields.octets("signature_private_key")),
            )
        fields.done()
        updates[read_reference(last, suite, fields.row)] = update
    if len(updates) != count:
        raise DamagedSnapshotError("an Update of one's own is missing", "update")
    return updates


Replaced = Mapping[LeafIndex, LeafNode | None]


def _replaced_fields(replaced: Replaced) -> dict[int, bytes | None]:
    return {
        at: None if leaf is None else encode(leaf)
        for at, leaf in sorted(replaced.items(), key=lambda item: item[0])
    }


def _read_replaced(fields: Fields) -> Replaced:
    leaves: dict[LeafIndex, LeafNode | None] = {}
    for at, octets in fields.table_with_none("replaced").items():
        with damage(fields.row):
            leaves[LeafIndex(at)] = None if octets is None else decode(LeafNode, octets)
    return leaves


# Epochs that are gone, and one that may come


def write_past(out: RowEdit, past: PastEpoch) -> None:
    """Write the head of a past epoch."""
    payload = {
        "replaced": _replaced_fields(past.replaced),
        "leaf_count": past.message_keys.leaf_count,
        "group_context": encode(past.context),
        "sender_data_secret": past.sender_data_secret.reveal(),
    }
    out.write(f"epoch/{past.context.epoch}", "epoch", payload)


def read_past(rows: Rows, present: GroupContext, epoch: int) -> PastEpoch:
    """Take a past epoch.

    Args:
        rows: The rows.
        present: The group context of the present epoch.
        epoch: The number of the past one.

    Raises:
        DamagedSnapshotError: It is missing, damaged, or of another group.
    """
    fields = rows.take(f"epoch/{epoch}", "epoch")
    suite, context = read_context(fields)
    check_epoch_of(context, present, epoch, fields.row)
    leaf_count = fields.number("leaf_count")
    with damage(fields.row):
        check_width(leaf_count)
    secret = fields.secret("sender_data_secret", suite.nh)
    replaced = _read_replaced(fields)
    fields.done()
    return PastEpoch(context, secret, read_secrets(rows, suite, epoch, leaf_count), replaced)


def check_epoch_of(context: GroupContext, present: GroupContext, epoch: int, row: str) -> None:
    """Check that a context is that of another epoch of the same group.

    Raises:
        DamagedSnapshotError: It is not.
    """
    found = (context.group_id, context.cipher_suite, context.epoch)
    if found != (present.group_id, present.cipher_suite, epoch):
        raise DamagedSnapshotError(f"not epoch {epoch} of the group", row)


def write_held(out: RowEdit, held: HeldCommit, tree: RatchetTree) -> None:
    """Write a commit that waits to be confirmed, with the epoch that it opens.

    Of the tree of that epoch there is what differs from the present one.
    """
    new = held.epoch
    state, keys = new.state, new.message_keys
    nodes = ((at, state.tree.node(at)) for at in state.tree.differences(tree))
    width = math.node_width(state.tree.leaf_count)
    epoch = {
        **public_fields(state),
        **member_fields(new.private, new.signer, new.secrets),
        **exporter_fields(new.exporter),
        "leaf_count": state.tree.leaf_count,
        "nodes": {at: None if node is None else encode(node) for at, node in nodes if at < width},
        "frontier": {at: keys.frontier[at].reveal() for at in sorted(keys.frontier)},
        "senders": {at: sender_fields(keys.senders[at]) for at in sorted(keys.senders)},
        "replaced": _replaced_fields(new.replaced),
    }
    out.write("held", "held", {"commit": held.wire, "welcome": held.welcome, "epoch": epoch})


def read_held(rows: Rows, state: PublicState) -> HeldCommit:
    """Take a commit that waits to be confirmed.

    Args:
        rows: The rows.
        state: The present epoch.

    Raises:
        DamagedSnapshotError: It is missing or damaged.
    """
    fields = rows.take("held", "held")
    wire, welcome = fields.octets("commit"), fields.octets_or_none("welcome")
    epoch = _read_new_epoch(fields.within("epoch"), state)
    fields.done()
    return HeldCommit(wire, welcome, epoch)


def _read_new_epoch(fields: Fields, present: PublicState) -> NewEpoch:
    suite, context = read_context(fields)
    check_epoch_of(context, present.context, present.context.epoch + 1, fields.row)
    leaf_count = fields.number("leaf_count")
    nodes = {
        NodeIndex(at): None if octets is None else read_node(at, octets, fields.row)
        for at, octets in fields.table_with_none("nodes").items()
    }
    with damage(fields.row):
        check_width(leaf_count)
        tree = present.tree.with_nodes(leaf_count, nodes)
    check_tree_hash(tree, context.tree_hash, fields.row)
    state = read_public(fields, context, tree, {})
    private, signer, secrets = read_member(fields, state)
    exporter = read_exporter(fields, suite)
    frontier = fields.table("frontier")
    senders = {
        LeafIndex(at): read_sender(each, suite) for at, each in fields.tables("senders").items()
    }
    with damage(fields.row):
        keys = SecretTree.restore(
            suite,
            leaf_count,
            {NodeIndex(at): Secret(octets) for at, octets in frontier.items()},
            senders,
        )
    replaced = _read_replaced(fields)
    fields.done()
    return NewEpoch(state, private, signer, secrets, keys, exporter, replaced)
