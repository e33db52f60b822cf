"""Multi-credentials (draft-ietf-mls-extensions-10, section "Multi-Credentials").

A client is what it supports: ``{"cipher_suites", "credentials"}``, as in its capabilities. Whether
a credential is valid to the Authentication Service is not asked here.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from naive import naive_crypto as crypto
from naive import naive_extensions as ext
from naive.naive_wire import OPAQUE, decode, encode, vector, write_opaque


def binding_tbs(binding: dict, signature_key: bytes) -> bytes:
    """Give the octets that a binding signs (section "Credential Bindings")."""
    return encode(ext.CREDENTIAL_BINDING_TBS, {**binding, "signature_key": signature_key})


def sign_binding(private: bytes, binding: dict, signature_key: bytes) -> bytes:
    suite = crypto.suite_of(binding["cipher_suite"])
    signed = binding_tbs(binding, signature_key)
    return crypto.sign_with_label(suite, private, "CredentialBindingTBS", signed)


def signature_holds(binding: dict, signature_key: bytes) -> bool:
    """Say whether the signature is that of credential_key over the leaf's signature_key."""
    signed, key = binding_tbs(binding, signature_key), binding["credential_key"]
    try:
        suite = crypto.suite_of(binding["cipher_suite"])
        return crypto.verify_with_label(
            suite, key, "CredentialBindingTBS", signed, binding["signature"]
        )
    except ValueError:  # no suite, or the key is none of it
        return False


def supports(client: dict, binding: dict) -> bool:
    """Say whether a client supports a binding (section "Verifying a Multi-Credential").

    What is supported is a suite and a type; GREASE is neither (RFC 9420, section 13.5).
    """
    suite, kind = binding["cipher_suite"], binding["credential"]["credential_type"]
    if ext.is_grease(suite) or ext.is_grease(kind):
        return False
    return suite in client["cipher_suites"] and kind in client["credentials"]


def faults_of_form(credential: dict) -> Iterator[str]:
    """Name what holds of neither type: no bindings, and bindings of bindings."""
    if not credential["bindings"]:
        yield "empty-multi-credential"
    for binding in credential["bindings"]:
        if binding["credential"]["credential_type"] in {ext.MULTI, ext.WEAK_MULTI}:
            yield "nested-multi-credential"


def certificate_key(credential: dict) -> bytes | None:
    """Give the public key in the first certificate, as MLS writes it; None where there is none."""
    try:
        certificates = decode(vector(OPAQUE), write_opaque(credential["data"]))
        key = x509.load_der_x509_certificate(certificates[0]).public_key()
    except (ValueError, IndexError):
        return None
    return crypto.public_octets(key)


def faults_of_binding(binding: dict, signature_key: bytes) -> Iterator[str]:
    """Name what is wrong with a binding "in the context of a given LeafNode"."""
    if not signature_holds(binding, signature_key):
        yield "binding-signature"
    credential, key = binding["credential"], binding["credential_key"]
    if credential["credential_type"] == ext.X509 and certificate_key(credential) != key:
        yield "binding-key"


def concerns(credential: dict, binding: dict, own: dict | None) -> bool:
    """Say whether the client ``own`` verifies a binding.

    Of type multi it verifies all. Of weak-multi it verifies those that it supports; who only
    follows the group has no capabilities, and takes for its own whatever suite it knows.
    """
    if own is None:
        return binding["cipher_suite"] in crypto.SUITES
    return credential["credential_type"] == ext.MULTI or supports(own, binding)


class Fault(NamedTuple):
    """A rule that is broken, and the member that lacks support where that is it."""

    rule: str
    member: int | None


def faults_of_support(credential: dict, members: list[dict]) -> Iterator[Fault]:
    """Name who does not support the type (RFC 9420, section 7.3), and who not the bindings."""
    kind = credential["credential_type"]
    enough = all if kind == ext.MULTI else any
    for index, member in enumerate(members):
        if kind not in member["credentials"]:
            yield Fault("unsupported-credential", index)
        if kind in {ext.MULTI, ext.WEAK_MULTI} and not enough(
            supports(member, binding) for binding in credential["bindings"]
        ):
            yield Fault("unsupported-binding", index)


def faults(
    credential: dict, signature_key: bytes, members: list[dict], own: dict | None
) -> list[Fault]:
    """List what is wrong with a member's credential.

    Its form comes first, then who supports it, then its bindings: where one of these is at fault,
    what comes after is not looked at.
    """
    bindings = credential.get("bindings", [])
    multi = credential["credential_type"] in {ext.MULTI, ext.WEAK_MULTI}
    found = [Fault(rule, None) for rule in faults_of_form(credential)] if multi else []
    found = found or list(faults_of_support(credential, members))
    return found or [
        Fault(rule, None)
        for binding in bindings
        if concerns(credential, binding, own)
        for rule in faults_of_binding(binding, signature_key)
    ]
