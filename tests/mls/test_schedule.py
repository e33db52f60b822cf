"""The key schedule against the drawing of RFC 9420 section 8, and the exporter."""

import pickle

import attrs
import pytest
from mls.epoch import SUITE, Epoch
from tree.members import every_suite, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import OutputLengthError, Secret, SecretExposureError
from mimi.errors import MalformedError, UsageError
from mimi.mls.context import GroupContext
from mimi.mls.errors import ConfirmationTagError
from mimi.mls.exporter import ExporterTree
from mimi.mls.schedule import EpochSecrets, joiner_secret, welcome_secret
from mimi.mls.secrets import SecretTree
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension

LABELS = {
    "init_secret": b"init",
    "sender_data_secret": b"sender data",
    "encryption_secret": b"encryption",
    "exporter_secret": b"exporter",
    "external_secret": b"external",
    "confirmation_key": b"confirm",
    "membership_key": b"membership",
    "resumption_psk": b"resumption",
    "epoch_authenticator": b"authentication",
    "application_export_secret": b"application_export",
}


@every_suite
def test_one_epoch_follows_from_another(suite):
    nh, context = suite.nh, Epoch.of(suite).context
    init, commit, psk = (bytes([octet]) * nh for octet in (1, 2, 3))
    joiner = suite.expand_with_label(suite.extract(init, commit), b"joiner", encode(context), nh)
    assert joiner_secret(suite, Secret(init), Secret(commit), context).reveal() == joiner
    member = suite.extract(joiner, psk)
    welcome = suite.expand_with_label(member, b"welcome", b"", nh)
    assert welcome_secret(suite, Secret(joiner), Secret(psk)).reveal() == welcome
    epoch = suite.expand_with_label(member, b"epoch", encode(context), nh)
    made = EpochSecrets.derive(suite, Secret(joiner), Secret(psk), context)
    assert made == EpochSecrets.of_epoch_secret(suite, Secret(epoch))
    for name, label in LABELS.items():
        expected = suite.expand_with_label(epoch, label, b"", nh)
        assert getattr(made, name).reveal() == expected
    assert made.external_key_pair() == suite.derive_key_pair(made.external_secret.reveal())


def test_every_part_of_the_context_changes_every_secret():
    epoch = Epoch.of()
    context, joiner, psk = epoch.context, Secret(bytes(32)), Secret(bytes(32))
    changes = {
        "cipher_suite": type(context.cipher_suite)(3),
        "group_id": b"another",
        "epoch": 4,
        "tree_hash": b"",
        "confirmed_transcript_hash": b"",
        "extensions": (Extension(ExtensionType.APPLICATION_ID, b""),),
    }
    before = EpochSecrets.derive(SUITE, joiner, psk, context)
    for name, value in changes.items():
        changed = replace(context, **{name: value})
        after = EpochSecrets.derive(SUITE, joiner, psk, changed)
        for label in LABELS:
            assert getattr(after, label) != getattr(before, label)
        one = joiner_secret(SUITE, joiner, psk, context)
        assert joiner_secret(SUITE, joiner, psk, changed) != one


def test_init_and_commit_secret_have_each_their_place():
    context, one, two = Epoch.of().context, Secret(b"\1" * 32), Secret(b"\2" * 32)
    assert joiner_secret(SUITE, one, two, context) != joiner_secret(SUITE, two, one, context)
    assert welcome_secret(SUITE, one, two) != welcome_secret(SUITE, two, one)


@every_suite
def test_the_exporter_hashes_its_context(suite):
    secrets = Epoch.of(suite).secrets
    for label, context, length in ((b"label", b"context", 16), (b"", b"", 32), (b"x", b"y", 0)):
        derived = suite.expand_with_label(secrets.exporter_secret.reveal(), label, b"", suite.nh)
        hashed = suite.hash(context)
        expected = suite.expand_with_label(derived, b"exported", hashed, length)
        assert secrets.export(label, context, length).reveal() == expected
        unhashed = suite.expand_with_label(derived, b"exported", context, length)
        assert not length or expected != unhashed


def test_exports_differ_by_label_context_and_length():
    secrets = Epoch.of().secrets
    exports = [
        secrets.export(label, context, length).reveal()[:16]
        for label in (b"", b"a", b"ab")
        for context in (b"", b"b", b"ab")
        for length in (16, 17)
    ]
    assert len(set(exports)) == len(exports)


@every_suite
def test_an_export_has_a_longest_length(suite):
    secrets = Epoch.of(suite).secrets
    assert len(secrets.export(b"label", b"", 255 * suite.nh)) == 255 * suite.nh
    for length in (255 * suite.nh + 1, -1):
        with refused(OutputLengthError):
            secrets.export(b"label", b"", length)


@every_suite
def test_a_confirmation_tag_is_for_its_transcript(suite):
    secrets = Epoch.of(suite).secrets
    tag = secrets.confirmation_tag(b"transcript")
    assert tag == suite.mac(secrets.confirmation_key.reveal(), b"transcript")
    secrets.check_confirmation_tag(b"transcript", tag)
    for transcript, wrong in (
        (b"another", tag),
        (b"transcript", b""),
        (b"transcript", bytes(suite.nh)),
        (b"transcript", tag[:-1]),
        (b"transcript", tag + b"\0"),
    ):
        with refused(ConfirmationTagError):
            secrets.check_confirmation_tag(transcript, wrong)


@every_suite
def test_the_trees_take_the_secrets_away_from_which_they_grow(suite):
    secrets = Epoch.of(suite).secrets
    kept, tree, exporter = secrets.open_trees(4)
    assert tree == SecretTree(suite, 4, secrets.encryption_secret)
    assert exporter == ExporterTree.of(suite, secrets.application_export_secret)
    gone = {"encryption_secret", "application_export_secret"}
    for field in attrs.fields_dict(type(secrets)):
        assert getattr(kept, field) == (None if field in gone else getattr(secrets, field))
    with pytest.raises(UsageError, match="open already"):
        kept.open_trees(4)


@every_suite
@pytest.mark.parametrize("gone", ["encryption_secret", "application_export_secret"])
def test_trees_are_not_opened_where_one_was_before(suite, gone):
    secrets = attrs.evolve(Epoch.of(suite).secrets, **{gone: None})
    with pytest.raises(UsageError, match="open already"):
        secrets.open_trees(4)


def test_secrets_are_neither_shown_nor_pickled():
    secrets = Epoch.of().secrets
    for name in LABELS:
        secret = getattr(secrets, name)
        assert secret.reveal().hex() not in repr(secrets)
        assert repr(secret.reveal()) not in repr(secrets)
        with pytest.raises(SecretExposureError):
            pickle.dumps(secret)


def test_a_group_context_is_of_this_version():
    context = Epoch.of().context
    octets = encode(context)
    assert octets[:4] == b"\0\1\0\1"
    assert decode(GroupContext, octets) == context
    for version in (0, 2, 0x0A0A):
        with pytest.raises(MalformedError):
            decode(GroupContext, version.to_bytes(2, "big") + octets[2:])
