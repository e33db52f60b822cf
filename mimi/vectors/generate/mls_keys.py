"""What components do with a group's keys: signing, encrypting, exporting, pre-shared keys."""

from collections.abc import Iterator

from mimi.codec import encode
from mimi.crypto import Entropy, Secret, SeededEntropy, Suite, draw
from mimi.mls.components import ComponentID
from mimi.mls.exporter import ComponentSecretConsumedError, ExporterTree
from mimi.mls.psk import ApplicationPSK, ExternalPSK, PreSharedKeyID, psk_secret
from mimi.mls.safe import (
    component_operation_label,
    safe_encrypt_with_label,
    safe_sign_with_label,
)
from mimi.mls.schedule import EpochSecrets
from mimi.vectors.generate.written import Vector

COMPONENTS = (0, 1, 0x8000, 0xFFFF)
"""The first and the last component, one of the draft's and one for private use."""


def changed(octets: bytes) -> bytes:
    """Return octets with one bit changed, in the middle."""
    middle = len(octets) // 2
    return octets[:middle] + bytes((octets[middle] ^ 1,)) + octets[middle + 1 :]


# Signing


def signing(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield signatures that hold, and others."""
    ordinary = b"poll result"
    for component, label, size, what in (
        (0x8001, ordinary, 40, "a component for private use"),
        (0, b"", 0, "component 0, an empty label and empty content"),
        (1, b"app_components", 1, "a component of the draft"),
        (0xFFFF, b"a label of 64 octets" + bytes(44), 300, "the last component, a long label"),
    ):
        yield _signed(suite, entropy, component, label, size, f"valid: {what}")
    good = _signed(suite, entropy, 0x8001, ordinary, 40, "")
    signer = suite.signature_private_key(good["signature_priv"])
    content = good["content"]
    others = {
        "by another component": safe_sign_with_label(suite, signer, 0x8002, ordinary, content),
        "for another label": safe_sign_with_label(suite, signer, 0x8001, b"poll", content),
        "of other content": safe_sign_with_label(suite, signer, 0x8001, ordinary, b""),
        "by MLS itself, with the label alone": suite.sign_with_label(signer, ordinary, content),
        "of another signer": safe_sign_with_label(
            suite, suite.generate_signature_key(entropy), 0x8001, ordinary, content
        ),
        "damaged": changed(good["signature"]),
        "empty": b"",
    }
    for what, signature in others.items():
        description = f"refused: a signature {what}"
        yield good | {"description": description, "signature": signature, "rule": "signature"}


def _signed(
    suite: Suite, entropy: Entropy, component: int, label: bytes, size: int, description: str
) -> Vector:
    signer, content = suite.generate_signature_key(entropy), draw(entropy, size)
    return {
        "kind": "mls-extensions-signing",
        "description": description,
        "cipher_suite": suite.code,
        "component_id": component,
        "label": label,
        "operation_label": component_operation_label(component, label),
        "content": content,
        "signature_priv": signer.reveal(),
        "signature_pub": signer.public,
        "signature": safe_sign_with_label(suite, signer, component, label, content),
        "rule": None,
    }


# Encryption


def encryption(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield ciphertexts that decrypt, and others."""
    for component, label, sizes, what in (
        (0x8001, b"ballot", (20, 40), "a component for private use"),
        (0, b"", (0, 0), "component 0, with everything empty"),
        (0xFFFF, b"ballot", (300, 1000), "the last component, long inputs"),
    ):
        yield _encrypted(suite, entropy, component, label, sizes, f"valid: {what}")
    good = _encrypted(suite, entropy, 0x8001, b"ballot", (20, 40), "")
    public, context, label = good["public_key"], good["context"], b"ballot"
    plaintext = good["plaintext"]

    def sealed(component: int, label: bytes, context: bytes) -> Vector:
        made = safe_encrypt_with_label(suite, public, component, label, context, plaintext, entropy)
        return {"kem_output": made.kem_output, "ciphertext": made.ciphertext}

    kem_output, ciphertext = suite.encrypt_with_label(public, label, context, plaintext, entropy)
    another = suite.generate_key_pair(entropy)
    others: dict[str, Vector] = {
        "for another component": sealed(0x8002, label, context),
        "for another label": sealed(0x8001, b"vote", context),
        "for another context": sealed(0x8001, label, b""),
        "by MLS itself, with the label alone": {"kem_output": kem_output, "ciphertext": ciphertext},
        "to another key": {"private_key": another.reveal(), "public_key": another.public},
        "damaged": {"ciphertext": changed(good["ciphertext"])},
        "cut short": {"ciphertext": good["ciphertext"][:8]},
    }
    refused = {"plaintext": None, "rule": "decryption"}
    for what, changes in others.items():
        yield good | {"description": f"refused: a ciphertext {what}"} | changes | refused
    cut = {"kem_output": good["kem_output"][:-1], "plaintext": None, "rule": "public-key"}
    yield good | {"description": "refused: a KEM output that is no public key"} | cut


def _encrypted(
    suite: Suite,
    entropy: Entropy,
    component: int,
    label: bytes,
    sizes: tuple[int, int],
    description: str,
) -> Vector:
    private = suite.generate_key_pair(entropy)
    context, plaintext = (draw(entropy, size) for size in sizes)
    made = safe_encrypt_with_label(
        suite, private.public, component, label, context, plaintext, entropy
    )
    return {
        "kind": "mls-extensions-encryption",
        "description": description,
        "cipher_suite": suite.code,
        "component_id": component,
        "label": label,
        "operation_label": component_operation_label(component, label),
        "context": context,
        "private_key": private.reveal(),
        "public_key": private.public,
        "kem_output": made.kem_output,
        "ciphertext": made.ciphertext,
        "plaintext": plaintext,
        "rule": None,
    }


# Exporting


def exports(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield exports in a row."""
    for listed, what in (
        (COMPONENTS, "several components"),
        (tuple(reversed(COMPONENTS)), "the same in another order"),
        ((0x8000, 0x8001, 0x8003, 0x7FFF), "neighbours in the tree"),
        ((5, 5), "a component that exports twice in a row"),
        ((0, 1, 0xFFFF, 0, 0xFFFF, 2, 1), "components that export again after others"),
    ):
        yield _exported(suite, entropy, listed, what)


def _exported(suite: Suite, entropy: Entropy, listed: tuple[int, ...], what: str) -> Vector:
    epoch_secret = Secret(draw(entropy, suite.nh))
    root = EpochSecrets.of_epoch_secret(suite, epoch_secret).application_export_secret
    assert root is not None  # noqa: S101 - the tree was not opened yet
    tree, made = ExporterTree.of(suite, root), list[Vector]()
    for component in listed:
        try:
            tree, secret = tree.export(component)
        except ComponentSecretConsumedError:
            rule = "component-secret-consumed"
            made.append({"component_id": component, "secret": None, "rule": rule})
        else:
            made.append({"component_id": component, "secret": secret.reveal(), "rule": None})
    return {
        "kind": "mls-extensions-export",
        "description": what,
        "cipher_suite": suite.code,
        "epoch_secret": epoch_secret.reveal(),
        "application_export_secret": root.reveal(),
        "exports": made,
    }


# Pre-shared keys


def psks(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield lists of pre-shared keys."""
    for components, what in (
        ((0x8001,), "one of a component"),
        ((0, 1, 0x8000, 0xFFFF), "one of each of several components"),
        ((0x8001, 0x8001), "two of one component"),
        ((0x8001, 0x8002), "two components with one name and value"),
        ((None, 0x8001, None), "one of a component among external ones"),
        ((None, 0x8001), "one of a component, and an external one of its name and value"),
    ):
        yield _psks(suite, entropy, components, what, same="one name" in what or "its" in what)
    for size in (0, suite.nh - 1, suite.nh + 1):
        what = f"refused: a psk_nonce of {size} octets"
        yield _psks(suite, entropy, (0x8001, None), what, nonce=size)


def _psks(
    suite: Suite,
    entropy: Entropy,
    components: tuple[int | None, ...],
    what: str,
    *,
    same: bool = False,
    nonce: int | None = None,
) -> Vector:
    size = suite.nh if nonce is None else nonce
    shared, listed = (b"team password", draw(entropy, 32)), list[tuple[PreSharedKeyID, Secret]]()
    vectors = []
    for place, component in enumerate(components):
        psk_id, psk = shared if same else (f"psk {place}".encode(), draw(entropy, 16 + 40 * place))
        kind = ExternalPSK(psk_id)
        named = kind if component is None else ApplicationPSK(ComponentID(component), psk_id)
        psk_nonce = draw(entropy, size if place == 0 else suite.nh)
        whole = PreSharedKeyID(named, psk_nonce)
        listed.append((whole, Secret(psk)))
        vectors.append(
            {
                "psk_type": 1 if component is None else 3,
                "component_id": component,
                "psk_id": psk_id,
                "psk_nonce": psk_nonce,
                "psk": psk,
                "pre_shared_key_id": encode(whole),
            }
        )
    return {
        "kind": "mls-extensions-psk",
        "description": what,
        "cipher_suite": suite.code,
        "psks": vectors,
        "psk_secret": psk_secret(suite, listed).reveal() if nonce is None else None,
        "rule": None if nonce is None else "psk-nonce",
    }
