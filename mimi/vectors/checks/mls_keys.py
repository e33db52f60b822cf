"""What components do with a group's keys: signing, encrypting, exporting, pre-shared keys."""

from mimi.codec import encode
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls.components import APPLICATION_PSK, ComponentID
from mimi.mls.exporter import ExporterTree
from mimi.mls.psk import ApplicationPSK, ExternalPSK, PreSharedKeyID, psk_secret
from mimi.mls.safe import (
    component_operation_label,
    safe_decrypt_with_label,
    safe_encrypt_with_label,
    safe_sign_with_label,
    safe_verify_with_label,
)
from mimi.mls.schedule import EpochSecrets
from mimi.tree.path import HPKECiphertext
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.extension_rules import judged


def component_in(case: Case) -> ComponentID:
    """Return the component that a case, or a part of it, names."""
    number = case.integer("component_id")
    with case.at("component_id"):
        return ComponentID(number)


def signer_in(case: Case, suite: Suite, field: str) -> SignaturePrivateKey:
    """Return a private key for signing."""
    octets = case.octets(field)
    with case.at(field):
        return suite.signature_private_key(octets)


def hpke_key_in(case: Case, suite: Suite, field: str) -> HPKEPrivateKey:
    """Return a private key for HPKE."""
    octets = case.octets(field)
    with case.at(field):
        return suite.hpke_private_key(octets)


def check_signing(case: Case) -> None:
    """Verify a component's signature, and its label."""
    check_kind(case, "mls-extensions-signing")
    suite, component, label = case.suite(), component_in(case), case.octets("label")
    private = signer_in(case, suite, "signature_priv")
    content, signature = case.octets("content"), case.octets("signature")
    case.same("operation_label", component_operation_label(component, label))

    def verify(octets: bytes = signature) -> None:
        safe_verify_with_label(suite, private.public, component, label, content, octets)

    case.equal_keys("signature_priv", "signature_pub", private.public, verify)
    judged(case, verify)
    with case.at("signature_priv"):
        verify(safe_sign_with_label(suite, private, component, label, content))


def check_encryption(case: Case) -> None:
    """Verify what somebody encrypted for a component, and the label."""
    check_kind(case, "mls-extensions-encryption")
    suite, component, label = case.suite(), component_in(case), case.octets("label")
    private = hpke_key_in(case, suite, "private_key")
    context = case.octets("context")
    sealed = HPKECiphertext(case.octets("kem_output"), case.octets("ciphertext"))
    case.same("operation_label", component_operation_label(component, label))

    def decrypt() -> bytes:
        return safe_decrypt_with_label(suite, private, component, label, context, sealed)

    case.equal_keys("private_key", "public_key", private.public, decrypt)
    plaintext = judged(case, decrypt)
    case.same("plaintext", plaintext)
    with case.at("private_key"):
        entropy, again = SeededEntropy(b"encryption"), plaintext or b""
        sealed = safe_encrypt_with_label(
            suite, private.public, component, label, context, again, entropy
        )
        if decrypt() != again:
            raise DifferenceError("plaintext", shown(again.hex()), "what was encrypted otherwise")


def check_export(case: Case) -> None:
    """Verify the exports of several components, one after the other."""
    check_kind(case, "mls-extensions-export")
    suite = case.suite()
    secrets = EpochSecrets.of_epoch_secret(suite, case.secret("epoch_secret"))
    root = secrets.application_export_secret
    assert root is not None  # noqa: S101 - the tree was not opened yet
    case.same("application_export_secret", root.reveal())
    tree = ExporterTree.of(suite, root)
    for export in case.parts("exports", least=1):
        export.only("component_id", "secret", "rule")
        component = component_in(export)
        taken: tuple[ExporterTree, Secret] | None = judged(
            export,
            lambda tree=tree, component=component: tree.export(component),  # type: ignore[misc]  # the defaults bind the loop's variables
        )
        if taken is None:
            export.same("secret", None)
            continue
        tree, secret = taken
        export.same("secret", secret.reveal())


def check_psks(case: Case) -> None:
    """Verify the names of pre-shared keys, and what they make."""
    check_kind(case, "mls-extensions-psk")
    suite, psks = case.suite(), list[tuple[PreSharedKeyID, Secret]]()
    for part in case.parts("psks"):
        part.only("psk_type", "component_id", "psk_id", "psk_nonce", "psk", "pre_shared_key_id")
        named = PreSharedKeyID(_psk(part), part.octets("psk_nonce"))
        part.same("pre_shared_key_id", encode(named))
        psks.append((named, part.secret("psk")))
    secret = judged(case, lambda: psk_secret(suite, psks))
    case.same("psk_secret", None if secret is None else secret.reveal())


def _psk(part: Case) -> ApplicationPSK | ExternalPSK:
    kind, psk_id = part.integer("psk_type"), part.octets("psk_id")
    if kind == APPLICATION_PSK:
        return ApplicationPSK(component_in(part), psk_id)
    part.same("psk_type", 1)
    part.same("component_id", None)
    return ExternalPSK(psk_id)
