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
              membership, resumption, authentication
"""

import attrs

from mimi.codec import encode
from mimi.crypto import HPKEPrivateKey, Secret, Suite
from mimi.mls.context import GroupContext


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


@attrs.frozen
class EpochSecrets:
    """The secrets of one epoch, Nh octets each (section 8, table 4)."""

    suite: Suite
    init_secret: Secret
    sender_data_secret: Secret
    encryption_secret: Secret
    exporter_secret: Secret
    external_secret: Secret
    confirmation_key: Secret
    membership_key: Secret
    resumption_psk: Secret
    epoch_authenticator: Secret

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

        def derived(label: bytes) -> Secret:
            return Secret(suite.derive_secret(epoch_secret.reveal(), label))

        return cls(
            suite,
            init_secret=derived(b"init"),
            sender_data_secret=derived(b"sender data"),
            encryption_secret=derived(b"encryption"),
            exporter_secret=derived(b"exporter"),
            external_secret=derived(b"external"),
            confirmation_key=derived(b"confirm"),
            membership_key=derived(b"membership"),
            resumption_psk=derived(b"resumption"),
            epoch_authenticator=derived(b"authentication"),
        )

    def external_key_pair(self) -> HPKEPrivateKey:
        """Return the key pair of the whole group, for joining by an external commit."""
        return self.suite.derive_key_pair(self.external_secret.reveal())

    def confirmation_tag(self, confirmed_transcript_hash: bytes) -> bytes:
        """Return the tag that confirms the epoch (section 6.1)."""
        return self.suite.mac(self.confirmation_key.reveal(), confirmed_transcript_hash)

    def verify_confirmation_tag(self, confirmed_transcript_hash: bytes, tag: bytes) -> bool:
        """Return whether *tag* confirms the epoch, in constant time."""
        key = self.confirmation_key.reveal()
        return self.suite.verify_mac(key, confirmed_transcript_hash, tag)

    def export(self, label: bytes, context: bytes, length: int) -> Secret:
        """Return MLS-Exporter(label, context, length), *length* octets (section 8.5).

        Raises:
            OutputLengthError: *length* is over 255 times Nh.
        """
        suite = self.suite
        secret = suite.derive_secret(self.exporter_secret.reveal(), label)
        return Secret(suite.expand_with_label(secret, b"exported", suite.hash(context), length))
