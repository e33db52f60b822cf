"""The key schedule: from one epoch's secrets to the next one's (RFC 9420 section 8).

::

                    init_secret[n-1]
                          |
    commit_secret --> Extract --> "joiner", GroupContext[n] --> joiner_secret
                                                                      |
                                                  psk_secret --> Extract --> "welcome"
                                                                      |
                                            "epoch", GroupContext[n] -+-> epoch_secret
                                                                              |
              init[n], sender data, encryption, exporter, external, confirm, -+
              membership, resumption, authentication,
              application export (draft-ietf-mls-extensions-10 section 4.4)
"""

import attrs

from mimi.codec import encode
from mimi.crypto import HPKEPrivateKey, Secret, Suite
from mimi.errors import UsageError
from mimi.mls.context import GroupContext
from mimi.mls.errors import ConfirmationTagError
from mimi.mls.exporter import ExporterTree
from mimi.mls.secrets import SecretTree


def joiner_secret(
    suite: Suite, init_secret: Secret, commit_secret: Secret, context: GroupContext
) -> Secret:
    """Return the joiner_secret of the epoch that *context* describes, Nh octets."""
    extracted = suite.extract(init_secret.reveal(), commit_secret.reveal())
    return Secret(suite.expand_with_label(extracted, b"joiner", encode(context), suite.nh))


def welcome_secret(suite: Suite, joiner: Secret, psk_secret: Secret) -> Secret:
    """Return the welcome_secret, from which a Welcome's key and nonce come, Nh octets."""
    return Secret(suite.derive_secret(_member_secret(suite, joiner, psk_secret), b"welcome"))


def _member_secret(suite: Suite, joiner: Secret, psk_secret: Secret) -> bytes:
    return suite.extract(joiner.reveal(), psk_secret.reveal())


LABELS = (
    b"init",
    b"sender data",
    b"encryption",
    b"exporter",
    b"external",
    b"confirm",
    b"membership",
    b"resumption",
    b"authentication",
    b"application_export",
)
"""The labels of table 4, in the order of the fields of `EpochSecrets`; the last is the draft's."""


@attrs.frozen
class EpochSecrets:
    """The secrets of one epoch, Nh octets each (section 8, table 4).

    The encryption_secret and the application_export_secret are None once the trees that grow from
    them are open: see `open_trees`.
    """

    suite: Suite
    init_secret: Secret
    sender_data_secret: Secret
    encryption_secret: Secret | None
    exporter_secret: Secret
    external_secret: Secret
    confirmation_key: Secret
    membership_key: Secret
    resumption_psk: Secret
    epoch_authenticator: Secret
    application_export_secret: Secret | None

    @classmethod
    def derive(
        cls, suite: Suite, joiner: Secret, psk_secret: Secret, context: GroupContext
    ) -> "EpochSecrets":
        """Return the secrets of the epoch that *context* describes.

        Args:
            suite: The cipher suite.
            joiner: The joiner_secret, computed or from a Welcome.
            psk_secret: From `mimi.mls.psk.psk_secret`.
            context: The epoch's group context.
        """
        member = _member_secret(suite, joiner, psk_secret)
        epoch = suite.expand_with_label(member, b"epoch", encode(context), suite.nh)
        return cls.of_epoch_secret(suite, Secret(epoch))

    @classmethod
    def of_epoch_secret(cls, suite: Suite, epoch_secret: Secret) -> "EpochSecrets":
        """Return what follows from an epoch_secret: a group's creator draws one at random."""
        return cls(suite, *map(Secret, suite.derive_secrets(epoch_secret.reveal(), LABELS)))

    def external_key_pair(self) -> HPKEPrivateKey:
        """Return the key pair of the whole group, for joining by an external commit."""
        return self.suite.derive_key_pair(self.external_secret.reveal())

    def confirmation_tag(self, confirmed_transcript_hash: bytes) -> bytes:
        """Return the tag that confirms the epoch (section 6.1)."""
        return self.suite.mac(self.confirmation_key.reveal(), confirmed_transcript_hash)

    def check_confirmation_tag(self, confirmed_transcript_hash: bytes, tag: bytes) -> None:
        """Check that *tag* confirms the epoch (section 6.1), in constant time.

        Raises:
            ConfirmationTagError: It does not.
        """
        hashed, suite = confirmed_transcript_hash, self.suite
        if not suite.verify_mac(self.confirmation_key.reveal(), hashed, tag):
            raise ConfirmationTagError("the confirmation tag is not that of the epoch")

    def open_trees(self, leaf_count: int) -> tuple["EpochSecrets", SecretTree, ExporterTree]:
        """Return the secrets without the roots of two trees, the secret tree and the exporter tree.

        As long as the encryption_secret and the application_export_secret are kept, every message
        key and every exported secret of the epoch can be derived from them again: keep what this
        returns, and drop the value that it was called on (section 9.2, and section 4.4 of
        draft-ietf-mls-extensions-10).

        Args:
            leaf_count: The number of leaves in the ratchet tree of the epoch.

        Raises:
            UsageError: The trees were opened before.
        """
        encryption, application_export = self.encryption_secret, self.application_export_secret
        if encryption is None or application_export is None:
            raise UsageError("the trees of the epoch are open already")
        kept = type(self)(
            self.suite,
            self.init_secret,
            self.sender_data_secret,
            None,
            self.exporter_secret,
            self.external_secret,
            self.confirmation_key,
            self.membership_key,
            self.resumption_psk,
            self.epoch_authenticator,
            None,
        )
        tree = SecretTree(self.suite, leaf_count, encryption)
        return kept, tree, ExporterTree.of(self.suite, application_export)

    def export(self, label: bytes, context: bytes, length: int) -> Secret:
        """Return MLS-Exporter(label, context, length), *length* octets (section 8.5).

        Raises:
            OutputLengthError: *length* is over 255 times Nh.
        """
        suite = self.suite
        secret = suite.derive_secret(self.exporter_secret.reveal(), label)
        return Secret(suite.expand_with_label(secret, b"exported", suite.hash(context), length))
