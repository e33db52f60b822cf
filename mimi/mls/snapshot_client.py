"""Clients in rows.

::

    client                     credential, signature key, what its leaves say
    key_package/<reference>    a key package with its private keys
    psk/<name>                 a pre-shared key
    contents                   how many of each there are
"""

from collections.abc import Mapping

import attrs

from mimi.codec import decode, encode
from mimi.crypto import Secret, SignaturePrivateKey, Suite, suite_of
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.join import OwnKeyPackage
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.mls.psk import PSK
from mimi.mls.rows import Changes, Fields, RowEdit, Rows, damage, is_same
from mimi.mls.snapshot_psk import read_psks, write_psks
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import Capabilities


@attrs.frozen(eq=False, repr=False)
class ClientParts:
    """What is stored of a client: all but its settings and its source of randomness."""

    suite: Suite
    credential: Credential
    signer: SignaturePrivateKey
    capabilities: Capabilities
    leaf_extensions: Extensions
    key_packages: Mapping[bytes, OwnKeyPackage]
    psks: Mapping[PSK, Secret]


PARTS = tuple(field.name for field in attrs.fields(ClientParts))


def client_changes(now: ClientParts, before: ClientParts | None = None) -> Changes:
    """Return what a client has otherwise than what is stored.

    Args:
        now: The client.
        before: The client whose rows are stored; None where none are.
    """
    out = RowEdit()
    if before is None or not is_same(_head(now), _head(before)):
        out.write("client", "client", _head_fields(now))
    if before is None or _contents(now) != _contents(before):
        out.write("contents", "contents", _contents(now))
    if before is None or now.key_packages is not before.key_packages:
        old = {} if before is None else _named(before.key_packages)
        out.write_table("key_package", _named(now.key_packages), old, _key_package_fields)
    write_psks(out, now.psks, None if before is None else before.psks)
    return out.changes()


def _head(client: ClientParts) -> tuple[object, ...]:
    return (
        client.suite,
        client.credential,
        client.signer,
        client.capabilities,
        client.leaf_extensions,
    )


def _head_fields(client: ClientParts) -> dict[str, object]:
    return {
        "cipher_suite": int(client.suite.code),
        "credential": encode(client.credential, Credential),
        "signature_private_key": client.signer.reveal(),
        "capabilities": encode(client.capabilities),
        "extensions": encode(client.leaf_extensions, Extensions),
    }


def _contents(client: ClientParts) -> dict[str, object]:
    return {"psks": len(client.psks), "key_packages": len(client.key_packages)}


def _named(packages: Mapping[bytes, OwnKeyPackage]) -> dict[str, OwnKeyPackage]:
    return {reference.hex(): own for reference, own in packages.items()}


def _key_package_fields(own: OwnKeyPackage) -> dict[str, object]:
    return {
        "key_package": encode(own.key_package, KeyPackage),
        "init_private_key": own.init_key.reveal(),
        "encryption_private_key": own.encryption_key.reveal(),
        "signature_private_key": own.signer.reveal(),
    }


def load_client(stored: Mapping[str, bytes]) -> ClientParts:
    """Return what is stored of a client.

    Raises:
        DamagedSnapshotError: The rows are not those of a client.
        NewerSnapshotError: A row has a newer version.
    """
    with damage():
        rows = Rows(stored)
        contents, fields = rows.take("contents", "contents"), rows.take("client", "client")
        with damage(fields.row):
            suite = suite_of(fields.number("cipher_suite"))
            credential = decode(Credential, fields.octets("credential"))
            signer = suite.signature_private_key(fields.octets("signature_private_key"))
            capabilities = decode(Capabilities, fields.octets("capabilities"))
            extensions = decode(Extensions, fields.octets("extensions"))
        packages = {}
        for last, each in rows.take_below("key_package", "key_package"):
            own = _read_key_package(each, suite, last)
            packages[bytes.fromhex(last)] = own
        if len(packages) != contents.number("key_packages"):
            raise DamagedSnapshotError("a key package is missing", "key_package")
        psks = read_psks(rows, contents.number("psks"))
        contents.done()
        fields.done()
        rows.done()
        return ClientParts(suite, credential, signer, capabilities, extensions, packages, psks)


def _read_key_package(fields: Fields, suite: Suite, reference: str) -> OwnKeyPackage:
    with damage(fields.row):
        package = decode(KeyPackage, fields.octets("key_package"))
        own = OwnKeyPackage(
            package,
            suite.hpke_private_key(fields.octets("init_private_key")),
            suite.hpke_private_key(fields.octets("encryption_private_key")),
            suite.signature_private_key(fields.octets("signature_private_key")),
        )
    fields.done()
    if package.cipher_suite != suite.code or key_package_ref(suite, package).hex() != reference:
        raise DamagedSnapshotError("the name is not that of the key package", fields.row)
    leaf = package.leaf_node
    keys = (own.init_key.public, own.encryption_key.public, own.signer.public)
    if keys != (package.init_key, leaf.encryption_key, leaf.signature_key):
        raise DamagedSnapshotError("the keys are not those of the key package", fields.row)
    return own
