"""A component's secret against KDF.Expand: 16 levels of a tree, two children each."""

import hashlib
import hmac

import pytest

from mimi.crypto import CipherSuite, Secret, suite_of
from mimi.mls.components import ComponentID
from mimi.mls.exporter import ComponentSecretConsumedError, ExporterTree

SUITES = (
    CipherSuite.X25519_AES128,
    CipherSuite.P256_AES128,
    CipherSuite.X25519_CHACHA20,
    CipherSuite.P384_AES256,
)
INFO = b"\0\x20\x0cMLS 1.0 tree\x04left\1"
"""What is expanded here, an HKDF-Expand of one block: KDFLabel of the left child."""


@pytest.mark.parametrize("code", SUITES, ids=lambda code: f"suite {int(code)}")
def test_first_safe_export_of_an_epoch(measure, code) -> None:
    suite = suite_of(code)
    tree = ExporterTree.of(suite, Secret(bytes(suite.nh)))
    component, secret = ComponentID(0x8001), bytes(suite.nh)
    name = {32: "sha256", 48: "sha384", 64: "sha512"}[suite.nh]
    assert (
        hmac.digest(secret, INFO, name) == hmac.new(secret, INFO, getattr(hashlib, name)).digest()
    )
    measure(
        f"safe export, first of its epoch, suite {int(code)}",
        lambda: tree.export(component),
        lambda: hmac.digest(secret, INFO, name),
        45.0,
        200,
    )
    after, _ = tree.export(component)
    with pytest.raises(ComponentSecretConsumedError):
        after.export(component)
