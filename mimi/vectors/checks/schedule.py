"""Key schedule, pre-shared keys, transcript hashes and the secret tree."""

from mimi.codec import decode, encode
from mimi.crypto import Secret, Suite
from mimi.mls.context import GroupContext
from mimi.mls.framing import AuthenticatedContent, CommitAuthData
from mimi.mls.protect import sender_data_key
from mimi.mls.psk import ExternalPSK, PreSharedKeyID, psk_secret
from mimi.mls.schedule import EpochSecrets, joiner_secret, welcome_secret
from mimi.mls.secrets import RatchetKind, SecretTree, Window
from mimi.mls.transcript import confirmed_transcript_hash, interim_transcript_hash
from mimi.tree import math
from mimi.tree.math import LeafIndex
from mimi.vectors.case import Case, DifferenceError


def check_key_schedule(case: Case) -> None:
    """Verify the secrets of a chain of epochs, each from the one before."""
    suite = case.suite()
    init = case.secret("initial_init_secret")
    for number, epoch in enumerate(case.parts("epochs", least=1)):
        context = GroupContext(
            suite.code,
            case.octets("group_id"),
            number,
            epoch.octets("tree_hash"),
            epoch.octets("confirmed_transcript_hash"),
        )
        epoch.equal("group_context", encode(context))
        init = _check_epoch(suite, epoch, init, context)


def _check_epoch(suite: Suite, epoch: Case, init: Secret, context: GroupContext) -> Secret:
    psk = epoch.secret("psk_secret")
    joiner = joiner_secret(suite, init, epoch.secret("commit_secret"), context)
    epoch.equal("joiner_secret", joiner.reveal())
    epoch.equal("welcome_secret", welcome_secret(suite, joiner, psk).reveal())
    secrets = EpochSecrets.derive(suite, joiner, psk, context)
    for name in EPOCH_SECRETS:
        epoch.equal(name, getattr(secrets, name).reveal())
    with epoch.at("external_pub"):
        epoch.equal("external_pub", secrets.external_key_pair().public)
    exporter = epoch.part("exporter")
    label, length = exporter.text("label"), exporter.integer("length")
    with exporter.valid("length", syntax_only=True):
        exported = secrets.export(label, exporter.octets("context"), length)
    exporter.equal("secret", exported.reveal())
    return secrets.init_secret


EPOCH_SECRETS = (
    "init_secret",
    "sender_data_secret",
    "encryption_secret",
    "exporter_secret",
    "epoch_authenticator",
    "external_secret",
    "confirmation_key",
    "membership_key",
    "resumption_psk",
)
"""The secrets of an epoch, by the names that they have in a key-schedule vector and here."""


def check_psk_secret(case: Case) -> None:
    """Verify the secret of a list of external pre-shared keys."""
    suite = case.suite()
    psks = [
        (
            PreSharedKeyID(ExternalPSK(psk.octets("psk_id")), psk.octets("psk_nonce")),
            psk.secret("psk"),
        )
        for psk in case.parts("psks")
    ]
    with case.at("psks"):
        secret = psk_secret(suite, psks)
    case.equal("psk_secret", secret.reveal())


def check_transcript_hashes(case: Case) -> None:
    """Verify both transcript hashes after a commit, and its confirmation tag."""
    suite = case.suite()
    with case.valid("authenticated_content", syntax_only=True):
        message = decode(AuthenticatedContent, case.octets("authenticated_content"))
        if not isinstance(message.auth, CommitAuthData):
            raise DifferenceError(case.name("authenticated_content"), "a commit", "another")
    before = case.octets("interim_transcript_hash_before")
    confirmed = confirmed_transcript_hash(
        suite, before, message.wire_format, message.content, message.auth.signature
    )
    case.equal("confirmed_transcript_hash_after", confirmed)
    tag = message.auth.confirmation_tag
    interim = interim_transcript_hash(suite, confirmed, tag)
    case.equal("interim_transcript_hash_after", interim)
    if not suite.verify_mac(case.octets("confirmation_key"), confirmed, tag):
        raise DifferenceError(
            case.name("confirmation_key"), "the key of the confirmation tag", "another"
        )
    case.note("confirmation_key")


def check_secret_tree(case: Case) -> None:
    """Verify message keys of every leaf, taken in the order of the file."""
    suite = case.suite()
    data = case.part("sender_data")
    key = sender_data_key(suite, data.secret("sender_data_secret"), data.octets("ciphertext"))
    data.equal("key", key.key.reveal())
    data.equal("nonce", key.nonce.reveal())
    leaves = case.part("leaves")
    with case.at("leaves"):
        math.root(leaves.length())
    tree = SecretTree(suite, leaves.length(), case.secret("encryption_secret"))
    window = Window(ahead=1 << 12)
    for leaf in range(leaves.length()):
        for entry in leaves.entries(leaf):
            generation = entry.integer("generation")
            for kind in RatchetKind:
                name = kind.value.decode()
                with entry.valid("generation", syntax_only=True):
                    tree, taken = tree.take(LeafIndex(leaf), kind, generation, window)
                entry.equal(f"{name}_key", taken.key.reveal())
                entry.equal(f"{name}_nonce", taken.nonce.reveal())
