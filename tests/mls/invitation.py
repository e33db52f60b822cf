"""A Welcome for two new members, with all that its maker and its receivers know."""

import attrs
from mls.epoch import SUITE, Epoch, offer
from tree.members import person

from mimi.codec import replace
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls.keypackage import KeyPackage
from mimi.mls.psk import ExternalPSK, PreSharedKeyID
from mimi.mls.welcome import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    NewMember,
    Welcome,
    decrypt_group_info,
    decrypt_group_secrets,
    encrypt_welcome,
    sign_group_info,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension
from mimi.tree.path import HPKECiphertext

SIGNER = 2


@attrs.frozen
class Invitation:
    """A Welcome for two, with all that its maker and its receivers know."""

    suite: Suite
    signer: SignaturePrivateKey
    group_info: GroupInfo
    joiner: Secret
    psk: Secret
    packages: tuple[KeyPackage, ...]
    keys: tuple[HPKEPrivateKey, ...]
    welcome: Welcome

    @classmethod
    def of(cls, suite=SUITE):
        entropy = SeededEntropy(b"welcome")
        offers = [offer(entropy, suite) for _ in range(3)]
        packages = tuple(package for package, _ in offers)
        keys = tuple(suite.derive_key_pair(member.key.reveal()) for _, member in offers)
        signer = person(entropy, suite).signer
        context = Epoch.of(suite).context
        extensions = (Extension(ExtensionType.EXTERNAL_PUB, b"\3key"),)
        info = sign_group_info(suite, context, extensions, b"tag", SIGNER, signer)
        joiner, psk = Secret(entropy(suite.nh)), Secret(entropy(suite.nh))
        ids = (PreSharedKeyID(ExternalPSK(b"psk"), entropy(suite.nh)),)
        members = (
            NewMember(packages[0], Secret(b"\7" * suite.nh)),
            NewMember(packages[1]),
        )
        welcome = encrypt_welcome(suite, info, joiner, psk, ids, members, entropy)
        return cls(suite, signer, info, joiner, psk, packages, keys, welcome)

    def secrets(self, at=0, welcome=None) -> GroupSecrets:
        return decrypt_group_secrets(
            self.suite, welcome or self.welcome, self.packages[at], self.keys[at]
        )

    def info(self, welcome=None, joiner=None, psk=None) -> GroupInfo:
        return decrypt_group_info(
            self.suite, welcome or self.welcome, joiner or self.joiner, psk or self.psk
        )

    def with_entry(self, sealed: HPKECiphertext) -> Welcome:
        """Return the Welcome with other secrets for the first receiver."""
        entry = EncryptedGroupSecrets(self.welcome.secrets[0].new_member, sealed)
        return replace(self.welcome, secrets=(entry, *self.welcome.secrets[1:]))


MADE = Invitation.of()
