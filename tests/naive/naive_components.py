"""What components of an application may do (draft-ietf-mls-extensions-10), one function a rule.

A dictionary is a list of ``{"component_id", "data"}``, as it is written, or None where there is
no extension. A component's logic is a function of its data, None where it has none yet, and the
updates in their order; it gives the new data or raises ``Refused``.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from naive import naive_crypto as crypto
from naive import naive_extensions as ext
from naive import naive_schedule as schedule
from naive import naive_tree as tree
from naive.naive_crypto import Suite
from naive.naive_extensions import Refused, hold
from naive.naive_wire import U16, decode, encode, write_opaque

Logic = Callable[[bytes | None, list[bytes]], bytes]
Dictionary = list[dict]

# Section "Component IDs"


def component_operation_label(component_id: int, label: bytes) -> bytes:
    fields = {"base_label": b"MLS Component", "component_id": component_id, "label": label}
    return encode(ext.COMPONENT_OPERATION_LABEL, fields)


# Section "Hybrid Public Key Encryption (HPKE) Keys". The label of EncryptWithLabel is no text
# here, so that the functions of RFC 9420, sections 5.1.2 and 5.1.3, are written out once more.


def hpke_info(component_id: int, label: bytes, context: bytes) -> bytes:
    operation = component_operation_label(component_id, label)
    return write_opaque(b"MLS 1.0 " + operation) + write_opaque(context)


def safe_encrypt_with_label(
    suite: Suite, public: bytes, component_id: int, label: bytes, context: bytes, plaintext: bytes
) -> tuple[bytes, bytes]:
    """Give the KEM output and the ciphertext."""
    hpke = crypto.hpke_suite(suite)
    info = hpke_info(component_id, label, context)
    enc, sender = hpke.create_sender_context(hpke.kem.deserialize_public_key(public), info)
    return enc, sender.seal(plaintext)


def check_public_key(suite: Suite, public: bytes) -> None:
    """Check that octets are a public key (RFC 9420, section 5.1.1): a point of large order."""
    compressed = suite.kem in crypto.NIST_KEMS and public[:1] != b"\x04"
    hold("public-key", "it is no uncompressed point", holds=not compressed)
    try:
        if suite.kem == crypto.X25519_KEM:
            key = x25519.X25519PublicKey.from_public_bytes(public)
            x25519.X25519PrivateKey.from_private_bytes(bytes(range(32))).exchange(key)
        else:
            ec.EllipticCurvePublicKey.from_encoded_point(crypto.NIST_KEMS[suite.kem][0], public)
    except ValueError as error:
        raise Refused("public-key", "octets are no public key") from error


def safe_decrypt_with_label(
    suite: Suite,
    private: bytes,
    component_id: int,
    label: bytes,
    context: bytes,
    sealed: tuple[bytes, bytes],
) -> bytes:
    hpke = crypto.hpke_suite(suite)
    info = hpke_info(component_id, label, context)
    kem_output, ciphertext = sealed
    check_public_key(suite, kem_output)
    try:
        key = hpke.kem.deserialize_private_key(private)
        return hpke.create_recipient_context(kem_output, key, info).open(ciphertext)
    except crypto.PyHPKEError as error:
        raise Refused("decryption", f"nothing opens for {component_id}") from error


# Section "Signature Keys"


def safe_sign_content(component_id: int, label: bytes, content: bytes) -> bytes:
    operation = component_operation_label(component_id, label)
    return write_opaque(b"MLS 1.0 " + operation) + write_opaque(content)


def safe_sign_with_label(
    suite: Suite, private: bytes, component_id: int, label: bytes, content: bytes
) -> bytes:
    key = crypto.load_private_signature_key(suite, private)
    signed = safe_sign_content(component_id, label, content)
    if suite.signature in crypto.CURVES:
        return key.sign(signed, ec.ECDSA(crypto.CURVES[suite.signature][1]))
    return key.sign(signed)


def safe_verify_with_label(
    suite: Suite, public: bytes, component_id: int, label: bytes, content: bytes, signature: bytes
) -> bool:
    key = crypto.load_public_signature_key(suite, public)
    signed = safe_sign_content(component_id, label, content)
    try:
        if suite.signature in crypto.CURVES:
            key.verify(signature, signed, ec.ECDSA(crypto.CURVES[suite.signature][1]))
        else:
            key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


# Section "Exported Secrets"

EXPORTER_LEAVES = 1 << 16


def application_export_secret(suite: Suite, epoch_secret: bytes) -> bytes:
    return crypto.derive_secret(suite, epoch_secret, "application_export")


def safe_export_secret(suite: Suite, export_secret: bytes, component_id: int) -> bytes:
    """Give the secret at a component's leaf, from the root on."""
    return schedule.secret_tree_leaf(suite, export_secret, EXPORTER_LEAVES, component_id)


class ExporterTree:
    """The secrets of nodes that are still there; an export deletes those on its way.

    That is RFC 9420, section 9.2: a secret from which another one was derived is deleted, once
    the siblings on the way are kept.
    """

    def __init__(self, suite: Suite, export_secret: bytes) -> None:
        self.suite = suite
        width = tree.node_width(EXPORTER_LEAVES)
        self.width = width
        self.secrets = {tree.root(width): export_secret}

    def export(self, component_id: int) -> bytes:
        size = crypto.hash_size(self.suite)
        way = tree.search(2 * component_id, self.width)
        held = [node for node in way if node in self.secrets]
        consumed = f"component {component_id} has exported before"
        hold("component-secret-consumed", consumed, holds=bool(held))
        node = held[-1]
        while not tree.is_leaf(node):
            secret = self.secrets.pop(node)
            for child, side in ((tree.left(node), b"left"), (tree.right(node), b"right")):
                self.secrets[child] = crypto.expand_with_label(
                    self.suite, secret, "tree", side, size
                )
            node = tree.left(node) if 2 * component_id < node else tree.right(node)
        return self.secrets.pop(node)


# Section "Pre-Shared Keys (PSKs)", and RFC 9420, section 8.4


def application_psk_id(component_id: int, psk_id: bytes, psk_nonce: bytes) -> dict:
    return {
        "psktype": ext.APPLICATION_PSK,
        "component_id": component_id,
        "psk_id": psk_id,
        "psk_nonce": psk_nonce,
    }


def psk_secret_of(suite: Suite, psks: list[tuple[dict, bytes]]) -> bytes:
    """Mix pre-shared keys of any type, each with its PreSharedKeyID."""
    size = crypto.hash_size(suite)
    secret = bytes(size)
    for index, (psk_id, psk) in enumerate(psks):
        label = encode(ext.PRE_SHARED_KEY_ID, psk_id) + U16.write(index) + U16.write(len(psks))
        extracted = crypto.extract(suite, bytes(size), psk)
        mixed = crypto.expand_with_label(suite, extracted, "derived psk", label, size)
        secret = crypto.extract(suite, mixed, secret)
    return secret


# Section "Attaching Application Data to MLS Messages"


def read_dictionary(octets: bytes) -> Dictionary:
    """Read a dictionary; its entries are sorted, and no component has two."""
    entries = decode(ext.APP_DATA_DICTIONARY_STRUCT, octets)
    check_increasing([one["component_id"] for one in entries])
    return entries


def write_dictionary(entries: Dictionary) -> bytes:
    check_increasing([one["component_id"] for one in entries])
    return encode(ext.APP_DATA_DICTIONARY_STRUCT, entries)


def check_increasing(numbers: list[int]) -> None:
    if numbers != sorted(set(numbers)):
        raise ValueError(f"the components {numbers} do not increase")


def dictionary_in(extensions: list[dict]) -> Dictionary | None:
    octets = ext.find(extensions, ext.APP_DATA_DICTIONARY)
    return None if octets is None else read_dictionary(octets)


def component_data(entries: Dictionary | None, component_id: int) -> bytes | None:
    for one in entries or []:
        if one["component_id"] == component_id:
            return one["data"]
    return None


# Section "Updating Application Data in the GroupContext"


def apply_updates(
    entries: Dictionary | None, updates: list[dict], logics: dict[int, Logic]
) -> Dictionary | None:
    """Apply the AppDataUpdate proposals of a commit, in their order, by component."""
    for component_id in sorted({one["component_id"] for one in updates}):
        known = component_id in logics
        hold("unknown-component", f"component {component_id} is not known", holds=known)
        own = [one for one in updates if one["component_id"] == component_id]
        entries = apply_to_component(entries, component_id, own, logics[component_id])
    return entries


def apply_to_component(
    entries: Dictionary | None, component_id: int, own: list[dict], logic: Logic
) -> Dictionary:
    others = [one for one in entries or [] if one["component_id"] != component_id]
    data = component_data(entries, component_id)
    if any(one["op"] == ext.REMOVE_OPERATION for one in own):
        alone = len(own) == 1
        hold("component-conflict", f"{component_id} is not only removed once", holds=alone)
        hold("absent-component", f"{component_id} has no data", holds=data is not None)
        return others
    new_data = logic(data, [one["update"] for one in own])
    added = {"component_id": component_id, "data": new_data}
    return sorted([*others, added], key=lambda one: one["component_id"])


def with_dictionary(extensions: list[dict], entries: Dictionary | None) -> list[dict]:
    """Put a dictionary in its place, or at the end of extensions that have none."""
    if entries is None:
        return extensions
    put = {"extension_type": ext.APP_DATA_DICTIONARY, "extension_data": write_dictionary(entries)}
    if ext.find(extensions, ext.APP_DATA_DICTIONARY) is None:
        return [*extensions, put]
    return [put if one["extension_type"] == put["extension_type"] else one for one in extensions]


def requires_app_data_update(extensions: list[dict]) -> bool:
    octets = ext.find(extensions, ext.REQUIRED_CAPABILITIES)
    if octets is None:
        return False
    required = decode(ext.REQUIRED_CAPABILITIES_STRUCT, octets)
    return ext.APP_DATA_UPDATE in required["proposal_types"]


def check_group_context_extensions(before: list[dict], after: list[dict]) -> None:
    """Check that a GroupContextExtensions proposal leaves the dictionary to AppDataUpdate."""
    if requires_app_data_update(before):
        kept = ext.find(before, ext.APP_DATA_DICTIONARY) == ext.find(after, ext.APP_DATA_DICTIONARY)
        hold("dictionary-changed", "the dictionary changes", holds=kept)


# Section "Safe Additional Authenticated Data (AAD)"


def read_safe_aad(octets: bytes) -> list[dict]:
    """Read the entire authenticated_data: items in the order of their components."""
    items = decode(ext.SAFE_AAD_STRUCT, octets)
    check_increasing([one["component_id"] for one in items])
    return items


def write_safe_aad(items: dict[int, bytes]) -> bytes:
    listed = [{"component_id": one, "aad_item_data": items[one]} for one in sorted(items)]
    return encode(ext.SAFE_AAD_STRUCT, listed)


def aad_items(extensions: list[dict], authenticated_data: bytes) -> list[dict] | None:
    """Give the items of a message; None in a group whose GroupContext has no safe_aad."""
    if component_data(dictionary_in(extensions), ext.SAFE_AAD) is None:
        return None
    return read_safe_aad(authenticated_data)
