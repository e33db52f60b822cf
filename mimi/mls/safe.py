"""What components may do with a group's keys (draft-ietf-mls-extensions-10 sections 4.1 to 4.5).

::

    ComponentOperationLabel("MLS Component", component_id, label)
          |                                    |
    SafeSignWithLabel = SignWithLabel    SafeEncryptWithLabel = EncryptWithLabel
    with the leaf's signature_key        to a leaf, a key package, or the whole group

Every operation names the component, so that nothing that one makes passes for what another makes,
or MLS itself. The functions take any component and any key. What is handed to a component is a
`GroupComponent` or a `ClientComponent`: it signs and decrypts for that component alone, while it
verifies what others signed and encrypts what others read.

The key of the tree's root is not offered: the group's external key does the same and is replaced
in every epoch.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs

from mimi.codec import Opaque, encode, struct
from mimi.crypto import Entropy, HPKEPrivateKey, Secret, SignaturePrivateKey, Suite
from mimi.errors import UsageError
from mimi.mls.components import ComponentID
from mimi.mls.errors import MissingExternalPubError
from mimi.mls.external import external_pub
from mimi.mls.join import OwnKeyPackage
from mimi.mls.keypackage import KeyPackage
from mimi.mls.member import MemberState
from mimi.mls.psk import ApplicationPSK
from mimi.mls.state import PublicState, changed
from mimi.mls.welcome import GroupInfo
from mimi.tree import math
from mimi.tree.math import LeafIndex
from mimi.tree.path import HPKECiphertext

G = TypeVar("G", bound=MemberState)

BASE_LABEL = b"MLS Component"


class UnknownKeyPackageError(UsageError):
    """The client does not hold the key package, or has used it up."""

    rule = "draft-ietf-mls-extensions-10 section 4.2"


@struct
class ComponentOperationLabel:
    """What a component does with a key: the label of the operation (section 4.1)."""

    base_label: Opaque
    component_id: ComponentID
    label: Opaque


def component_operation_label(component_id: int, label: bytes) -> bytes:
    """Return the encoded ComponentOperationLabel.

    It takes the place of a label in RFC 9420, and is the ``info`` of HPKE where a component uses
    that directly, as for exporting or in PSK mode (section 4.2).

    Raises:
        UsageError: *component_id* is no number of 16 bits.
    """
    return encode(ComponentOperationLabel(BASE_LABEL, ComponentID(component_id), label))


def safe_sign_with_label(
    suite: Suite, private: SignaturePrivateKey, component_id: int, label: bytes, content: bytes
) -> bytes:
    """Return SafeSignWithLabel (section 4.3).

    Raises:
        SuiteMismatchError: The key is for another signature scheme.
    """
    return suite.sign_with_label(private, component_operation_label(component_id, label), content)


def safe_verify_with_label(
    suite: Suite, public: bytes, component_id: int, label: bytes, content: bytes, signature: bytes
) -> None:
    """Return if SafeVerifyWithLabel holds (section 4.3).

    Raises:
        InvalidPublicKeyError: *public* is no public key.
        SignatureError: Its owner did not sign this for the component and the label.
    """
    operation = component_operation_label(component_id, label)
    suite.verify_with_label(public, operation, content, signature)


def safe_encrypt_with_label(
    suite: Suite,
    public: bytes,
    component_id: int,
    label: bytes,
    context: bytes,
    plaintext: bytes,
    entropy: Entropy,
) -> HPKECiphertext:
    """Return SafeEncryptWithLabel (section 4.2).

    Raises:
        InvalidPublicKeyError: *public* is no public key, or one of small order.
    """
    operation = component_operation_label(component_id, label)
    sealed = suite.encrypt_with_label(public, operation, context, plaintext, entropy)
    return HPKECiphertext(*sealed)


def safe_decrypt_with_label(
    suite: Suite,
    private: HPKEPrivateKey,
    component_id: int,
    label: bytes,
    context: bytes,
    ciphertext: HPKECiphertext,
) -> bytes:
    """Return SafeDecryptWithLabel: the plaintext (section 4.2).

    Raises:
        InvalidPublicKeyError: The kem_output is no encapsulated key.
        DecryptionError: The ciphertext is not for this key, component, label and context.
    """
    operation = component_operation_label(component_id, label)
    kem_output, octets = ciphertext.kem_output, ciphertext.ciphertext
    return suite.decrypt_with_label(private, operation, context, kem_output, octets)


@attrs.frozen(eq=False, repr=False)
class PublicComponent:
    """What a component can do with a group's public keys; see `mimi.mls.PublicGroup.component`.

    Attributes:
        component_id: The component.
    """

    component_id: ComponentID
    _state: PublicState
    _entropy: Entropy
    _info: GroupInfo | None = None

    def __repr__(self) -> str:
        context = self._state.context
        return f"{type(self).__name__}({self.component_id!r}, {context.group_id!r})"

    def verify(
        self,
        leaf: LeafIndex,
        label: bytes,
        content: bytes,
        signature: bytes,
        *,
        signed_by: int | None = None,
    ) -> None:
        """Check a member's signature (section 4.3).

        Args:
            leaf: The member's leaf.
            label: What the signature is for.
            content: What was signed.
            signature: The signature.
            signed_by: The component that signed; None for this one.

        Raises:
            BlankLeafError: There is no such member.
            SignatureError: The member's component did not sign this.
        """
        public = self._state.tree.member(leaf).signature_key
        component = self.component_id if signed_by is None else signed_by
        safe_verify_with_label(self._state.suite, public, component, label, content, signature)

    def encrypt_to(
        self,
        leaf: LeafIndex,
        label: bytes,
        context: bytes,
        plaintext: bytes,
        *,
        read_by: int | None = None,
    ) -> HPKECiphertext:
        """Encrypt to a member, who can decrypt it as long as its leaf keeps the key (section 4.2).

        Args:
            leaf: The member's leaf.
            label: What the encryption is for.
            context: What it is bound to.
            plaintext: What to encrypt.
            read_by: The component that can decrypt it; None for this one.

        Raises:
            BlankLeafError: There is no such member.
            InvalidPublicKeyError: The member's key has small order.
        """
        public = self._state.tree.member(leaf).encryption_key
        return self._encrypted(public, label, context, plaintext, read_by)

    def encrypt_to_group(
        self, label: bytes, context: bytes, plaintext: bytes, *, read_by: int | None = None
    ) -> HPKECiphertext:
        """Encrypt to all members, who can decrypt it until the epoch ends (section 4.2).

        Args:
            label: What the encryption is for.
            context: What it is bound to.
            plaintext: What to encrypt.
            read_by: The component that can decrypt it; None for this one.

        Raises:
            MissingExternalPubError: Nobody has said what the group's external key is.
            InvalidPublicKeyError: It is none, or has small order.
        """
        return self._encrypted(self._external_pub(), label, context, plaintext, read_by)

    def _external_pub(self) -> bytes:
        if self._info is None:
            raise MissingExternalPubError("no group info of the epoch is known")
        return external_pub(self._info.extensions)

    def _encrypted(
        self, public: bytes, label: bytes, context: bytes, plaintext: bytes, read_by: int | None
    ) -> HPKECiphertext:
        component = self.component_id if read_by is None else read_by
        return safe_encrypt_with_label(
            self._state.suite, public, component, label, context, plaintext, self._entropy
        )

    def psk_id(self, psk_id: bytes) -> ApplicationPSK:
        """Return by what a pre-shared key of this component is known (section 4.5)."""
        return ApplicationPSK(self.component_id, psk_id)


@attrs.frozen(eq=False, repr=False)
class GroupComponent(PublicComponent, Generic[G]):
    """What a component can do with the keys of a member; see `mimi.mls.Group.component`.

    It belongs to one value of the group, as a draft does: take a new one when the group changes.
    """

    _group: G = attrs.field(kw_only=True)

    @classmethod
    def of(cls, group: G, component_id: int) -> "GroupComponent[G]":
        """Return what a component can do with a member's group.

        Raises:
            UsageError: *component_id* is no number of 16 bits.
        """
        return cls(ComponentID(component_id), group.state, group.entropy, group=group)

    def sign(self, label: bytes, content: bytes) -> bytes:
        """Sign with the signature key of one's own leaf (section 4.3).

        Args:
            label: What the signature is for.
            content: What to sign.
        """
        group = self._group
        return safe_sign_with_label(group.suite, group.signer, self.component_id, label, content)

    def decrypt(self, label: bytes, context: bytes, ciphertext: HPKECiphertext) -> bytes:
        """Return what somebody encrypted to one's own leaf for this component (section 4.2).

        Args:
            label: What the encryption is for.
            context: What it is bound to.
            ciphertext: What was received.

        Raises:
            InvalidPublicKeyError: The kem_output is no encapsulated key.
            DecryptionError: It is for another key, component, label or context.
        """
        private = self._group.private
        key = private.keys[math.node_of(private.leaf)]
        return self._decrypted(key, label, context, ciphertext)

    def decrypt_for_group(self, label: bytes, context: bytes, ciphertext: HPKECiphertext) -> bytes:
        """Return what somebody encrypted to the group in this epoch; otherwise as `decrypt`."""
        key = self._group.secrets.external_key_pair()
        return self._decrypted(key, label, context, ciphertext)

    def _decrypted(
        self, key: HPKEPrivateKey, label: bytes, context: bytes, ciphertext: HPKECiphertext
    ) -> bytes:
        return safe_decrypt_with_label(
            self._group.suite, key, self.component_id, label, context, ciphertext
        )

    def _external_pub(self) -> bytes:
        return self._group.secrets.external_key_pair().public

    def export_secret(self) -> tuple[G, Secret]:
        """Take the component's secret of the epoch (section 4.4).

        Returns:
            The group without the secret, to be stored before the secret is used; and the secret,
            Nh octets.

        Raises:
            ComponentSecretConsumedError: It was taken before.
        """
        exporter, secret = self._group.exporter.export(self.component_id)
        return changed(self._group, exporter=exporter), secret


@attrs.frozen(eq=False, repr=False)
class ClientComponent:
    """What a component can do with the keys of a client; see `mimi.mls.Client.component`.

    Attributes:
        component_id: The component.
    """

    component_id: ComponentID
    _suite: Suite
    _signer: SignaturePrivateKey
    _key_packages: Mapping[bytes, OwnKeyPackage]
    _entropy: Entropy

    def __repr__(self) -> str:
        return f"ClientComponent({self.component_id!r})"

    def sign(self, label: bytes, content: bytes) -> bytes:
        """Sign with the client's signature key; otherwise as `GroupComponent.sign`."""
        return safe_sign_with_label(self._suite, self._signer, self.component_id, label, content)

    def encrypt_to(
        self,
        key_package: KeyPackage,
        label: bytes,
        context: bytes,
        plaintext: bytes,
        *,
        read_by: int | None = None,
    ) -> HPKECiphertext:
        """Encrypt to the owner of a key package, until it is used (section 4.2).

        Args:
            key_package: A valid key package, for the client's cipher suite.
            label: What the encryption is for.
            context: What it is bound to.
            plaintext: What to encrypt.
            read_by: The component that can decrypt it; None for this one.

        Raises:
            InvalidPublicKeyError: The key is none of the cipher suite, or has small order.
        """
        component = self.component_id if read_by is None else read_by
        return safe_encrypt_with_label(
            self._suite,
            key_package.init_key,
            component,
            label,
            context,
            plaintext,
            self._entropy,
        )

    def decrypt(
        self, reference: bytes, label: bytes, context: bytes, ciphertext: HPKECiphertext
    ) -> bytes:
        """Return what somebody encrypted to a key package for this component (section 4.2).

        Args:
            reference: The KeyPackageRef of one's own key package.
            label: What the encryption is for.
            context: What it is bound to.
            ciphertext: What was received.

        Raises:
            UnknownKeyPackageError: The client does not hold it, or no longer.
            InvalidPublicKeyError: The kem_output is no encapsulated key.
            DecryptionError: It is for another key, component, label or context.
        """
        own = self._key_packages.get(reference)
        if own is None:
            raise UnknownKeyPackageError("no key package has this reference", reference=reference)
        return safe_decrypt_with_label(
            self._suite, own.init_key, self.component_id, label, context, ciphertext
        )
