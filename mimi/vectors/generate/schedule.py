"""Key schedule, pre-shared keys, transcript hashes and the secret tree."""

from collections.abc import Iterator

import attrs

from mimi.codec import encode
from mimi.crypto import Entropy, Secret, Suite, draw
from mimi.mls.codepoints import WireFormat
from mimi.mls.context import GroupContext
from mimi.mls.framing import (
    AuthenticatedContent,
    CommitAuthData,
    FramedContent,
    MemberSender,
    NewMemberCommitSender,
    Sender,
)
from mimi.mls.proposal import Commit
from mimi.mls.protect import sender_data_key, sign_content
from mimi.mls.psk import ExternalPSK, PreSharedKeyID, psk_secret
from mimi.mls.schedule import EpochSecrets, joiner_secret, welcome_secret
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.mls.transcript import confirmed_transcript_hash, interim_transcript_hash
from mimi.tree.math import LeafIndex
from mimi.vectors.checks.schedule import EPOCH_SECRETS
from mimi.vectors.generate.content import EMPTY_COMMIT, Contents, Flavour
from mimi.vectors.generate.group import Group
from mimi.vectors.generate.written import Vector, below

# Key schedule


@attrs.frozen
class Export:
    """What an epoch's exporter is asked for; the context by its length in octets."""

    label: str
    context: int
    length: int

    def of(self, secrets: EpochSecrets, context: bytes) -> Vector:
        """Return what an epoch's exporter gives."""
        return {
            "label": self.label,
            "context": context,
            "length": self.length,
            "secret": secrets.export(self.label.encode(), context, self.length).reveal(),
        }


EXPORTS = (
    Export("exporter", 32, 32),
    Export("nothing to go with it", 0, 1),
    Export("long context", 300, 64),
    Export("a label that does not fit into a KDFLabel header of one octet, being long", 16, 255),
)


def key_schedule(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield chains of epochs: one with all inputs, one that lacks what an epoch may lack."""
    for lacking in (False, True):
        group_id = b"" if lacking else draw(entropy, 70)
        init = initial = Secret(draw(entropy, suite.nh))
        epochs = []
        for number, export in enumerate(EXPORTS[lacking:]):
            epoch, init = _epoch(suite, entropy, (group_id, number), init, export, lacking=lacking)
            epochs.append(epoch)
        yield {
            "cipher_suite": suite.code,
            "group_id": group_id,
            "initial_init_secret": initial.reveal(),
            "epochs": epochs,
        }


def _epoch(
    suite: Suite,
    entropy: Entropy,
    head: tuple[bytes, int],
    init: Secret,
    export: Export,
    *,
    lacking: bool,
) -> tuple[Vector, Secret]:
    """Return an epoch, and its init_secret.

    In the chain that lacks things, even epochs have no path and odd ones no pre-shared keys, and
    no commit led to the first.
    """
    nh, number = suite.nh, head[1]
    has_path, has_psks = not lacking or number % 2 == 1, not lacking or number % 2 == 0
    commit_secret = draw(entropy, nh) if has_path else bytes(nh)
    psk = draw(entropy, nh) if has_psks else bytes(nh)
    confirmed = b"" if lacking and number == 0 else draw(entropy, nh)
    context = GroupContext(suite.code, *head, draw(entropy, nh), confirmed)
    joiner = joiner_secret(suite, init, Secret(commit_secret), context)
    secrets = EpochSecrets.derive(suite, joiner, Secret(psk), context)
    epoch = {
        "tree_hash": context.tree_hash,
        "commit_secret": commit_secret,
        "psk_secret": psk,
        "confirmed_transcript_hash": confirmed,
        "group_context": encode(context),
        "joiner_secret": joiner.reveal(),
        "welcome_secret": welcome_secret(suite, joiner, Secret(psk)).reveal(),
        **{name: getattr(secrets, name).reveal() for name in EPOCH_SECRETS},
        "external_pub": secrets.external_key_pair().public,
        "exporter": export.of(secrets, draw(entropy, export.context)),
    }
    return epoch, secrets.init_secret


# Pre-shared keys


def psk_secrets(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield the secrets of 0 to 10 external pre-shared keys, with names and keys of any size."""
    for count in range(11):
        psks = []
        for _ in range(count):
            psk_id, psk = draw(entropy, below(entropy, 40)), draw(entropy, below(entropy, 70))
            psks.append((PreSharedKeyID(ExternalPSK(psk_id), draw(entropy, suite.nh)), Secret(psk)))
        yield {
            "cipher_suite": suite.code,
            "psks": [_psk(*psk) for psk in psks],
            "psk_secret": psk_secret(suite, psks).reveal(),
        }


def _psk(name: PreSharedKeyID, psk: Secret) -> Vector:
    assert isinstance(name.psk, ExternalPSK)  # noqa: S101 - the format knows no others
    return {"psk_id": name.psk.psk_id, "psk": psk.reveal(), "psk_nonce": name.psk_nonce}


# Secret tree

IN_ORDER = ((0, 1, 15), (0,), (1,), (15,))
"""Generations of the leaves, in turn."""

OUT_OF_ORDER = ((1, 0), (15, 0, 14), (3, 2, 1, 0), (0, 40, 7))
"""The same for messages that come late."""


def secret_tree(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield message keys of trees of 1, 8 and 32 leaves, and of 2 with messages out of order."""
    for leaves, generations in (
        (1, ((0, 1, 2, 15, 100),)),
        (2, OUT_OF_ORDER[:2]),
        (8, IN_ORDER[:2] + OUT_OF_ORDER[2:]),
        (32, IN_ORDER[1:]),
    ):
        # shorter than the sample that the key is derived from, as long, and longer
        ciphertext = draw(entropy, {1: suite.nh - 1, 2: suite.nh}.get(leaves, suite.nh + leaves))
        data_secret = draw(entropy, suite.nh)
        data = sender_data_key(suite, Secret(data_secret), ciphertext)
        secret = draw(entropy, suite.nh)
        tree = SecretTree(suite, leaves, Secret(secret))
        yield {
            "cipher_suite": suite.code,
            "sender_data": {
                "sender_data_secret": data_secret,
                "ciphertext": ciphertext,
                "key": data.key.reveal(),
                "nonce": data.nonce.reveal(),
            },
            "encryption_secret": secret,
            "leaves": [
                _leaf(tree, LeafIndex(leaf), generations[leaf % len(generations)])
                for leaf in range(leaves)
            ],
        }


def _leaf(tree: SecretTree, leaf: LeafIndex, generations: tuple[int, ...]) -> list[Vector]:
    entries = []
    for generation in generations:
        entry: Vector = {"generation": generation}
        for kind in RatchetKind:
            _, taken = tree.take(leaf, kind, generation, Window())
            entry[f"{kind.value.decode()}_key"] = taken.key.reveal()
            entry[f"{kind.value.decode()}_nonce"] = taken.nonce.reveal()
        entries.append(entry)
    return entries


# Transcript hashes


def transcript_hashes(suite: Suite, entropy: Entropy) -> Iterator[Vector]:
    """Yield transcripts after the first commit of a group, a private one and a joiner's."""
    group = Group.grown(suite, entropy, 3)
    member = MemberSender(LeafIndex(2))
    plain = Contents(group, Flavour.PLAIN)
    before = interim_transcript_hash(suite, b"", draw(entropy, suite.nh))
    yield _transcript(group, WireFormat.MLS_PUBLIC_MESSAGE, member, EMPTY_COMMIT, before)
    before = draw(entropy, suite.nh)
    yield _transcript(group, WireFormat.MLS_PRIVATE_MESSAGE, member, plain.commit(2), before)
    before, joining = draw(entropy, suite.nh), NewMemberCommitSender()
    external = plain.external_commit(2)
    yield _transcript(group, WireFormat.MLS_PUBLIC_MESSAGE, joining, external, before)


def _transcript(
    group: Group, wire_format: WireFormat, sender: Sender, commit: Commit, before: bytes
) -> Vector:
    suite, entropy = group.suite, group.entropy
    context = group.context(group.tree.tree_hash)
    data = draw(entropy, below(entropy, 80))
    content = FramedContent(group.group_id, group.epoch, sender, data, commit)
    signer = group.members[LeafIndex(2)].signer
    signature = sign_content(suite, wire_format, content, context, signer)
    key = draw(entropy, suite.nh)
    confirmed = confirmed_transcript_hash(suite, before, wire_format, content, signature)
    tag = suite.mac(key, confirmed)
    message = AuthenticatedContent(wire_format, content, CommitAuthData(signature, tag))
    return {
        "cipher_suite": suite.code,
        "confirmation_key": key,
        "authenticated_content": encode(message),
        "interim_transcript_hash_before": before,
        "confirmed_transcript_hash_after": confirmed,
        "interim_transcript_hash_after": interim_transcript_hash(suite, confirmed, tag),
    }
