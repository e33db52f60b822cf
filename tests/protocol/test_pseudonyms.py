"""Credentials in rooms of minimal metadata (section 6)."""

import re

import pytest
from protocol.providers import BOB, ENTROPY, device, octets, refused
from tree.certificates import KEYS, certificate
from tree.members import NOW, SUITE, every_suite

from mimi.codec import decode, encode, replace
from mimi.mls import Client, Settings
from mimi.policy.errors import UnnamedClientError
from mimi.protocol import (
    IdentityLinkTBE,
    PseudonymousCredential,
    PseudonymousCredentialTBS,
    check_pseudonyms,
    link_identity,
    random_uuid,
    user_of_pseudonymous,
    verify_identity_link,
)
from mimi.protocol.errors import (
    IdentityLinkError,
    NestedPseudonymError,
    PseudonymFormError,
    PseudonymKeyError,
)
from mimi.protocol.pseudonyms import PSEUDONYMOUS
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, X509Credential

CLIENT_ID, USER_ID = random_uuid(ENTROPY.fork(b"client")), random_uuid(ENTROPY.fork(b"user"))
CLIENT, USER = f"mimi://b.example/d/{CLIENT_ID}".encode(), f"mimi://b.example/p/{USER_ID}".encode()


def hidden(suite=SUITE):
    """Return Bob's device, the key that it uses under a pseudonym, and what it shows."""
    bob = device(BOB, suite=suite)
    key = suite.generate_signature_key(ENTROPY.fork(b"pseudonymous key"))
    pseudonyms = PseudonymousCredentialTBS(CLIENT, USER, key.public)
    link = link_identity(suite, pseudonyms, bob.credential, bob.signer)
    ciphertext = b"sealed by a scheme that is the application's"
    return bob, key, PseudonymousCredential(CLIENT, USER, key.public, ciphertext), link


def test_pseudonyms_are_random():
    shape = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    drawn = [random_uuid(ENTROPY.fork(bytes([number]))) for number in range(50)]
    assert all(map(shape.fullmatch, drawn))
    assert len(set(drawn)) == 50
    assert random_uuid(lambda size: b"\xff" * size) == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert random_uuid(bytes) == "00000000-0000-4000-8000-000000000000"


@every_suite
def test_the_link_to_an_identity(suite):
    bob, _, credential, link = hidden(suite)
    link = decode(IdentityLinkTBE, encode(link))
    verify_identity_link(suite, credential, link, bob.signer.public)
    for changed in (
        replace(credential, user_pseudonym=CLIENT),
        replace(credential, client_pseudonym=USER),
        replace(credential, signature_public_key=b"another"),
    ):
        with refused(IdentityLinkError, "6.1"):
            verify_identity_link(suite, changed, link, bob.signer.public)
    with refused(IdentityLinkError, "6.1"):
        forged = replace(link, pseudonymous_credential_signature=b"")
        verify_identity_link(suite, credential, forged, bob.signer.public)


def test_a_link_by_another_key():
    _, key, credential, link = hidden()
    with refused(IdentityLinkError, "6.1"):
        verify_identity_link(SUITE, credential, link, key.public)
    stolen = replace(
        link, client_credential=X509Credential((certificate(KEYS["P-256"].public_key()),))
    )
    with refused(IdentityLinkError, "6.1"):
        verify_identity_link(SUITE, credential, stolen, key.public)


def test_a_pseudonym_of_a_pseudonym():
    bob, _, credential, link = hidden()
    with refused(NestedPseudonymError, "6.1"):
        link_identity(SUITE, credential, credential, bob.signer)
    nested = replace(link, client_credential=credential)
    with refused(NestedPseudonymError, "6.1"):
        verify_identity_link(SUITE, credential, nested, bob.signer.public)


def test_pseudonyms_in_a_leaf():
    _, key, credential, _ = hidden()
    assert octets(check_pseudonyms(credential, key.public)) == USER
    assert user_of_pseudonymous(credential) == USER
    with pytest.raises(UnnamedClientError):
        user_of_pseudonymous(BasicCredential(USER))
    with refused(PseudonymKeyError, "6.1"):
        check_pseudonyms(credential, b"another")


@pytest.mark.parametrize(
    ("client", "user"),
    [
        (USER, USER),
        (CLIENT, CLIENT),
        (CLIENT, b"mimi://a.example/p/" + USER_ID.encode()),
        (CLIENT, b"mimi://b.example/u/" + USER_ID.encode()),
        (CLIENT, b"mimi://b.example/p/koala"),
        (CLIENT, b"mimi://b.example/p/" + USER_ID.upper().encode()),
        (b"mimi://b.example/d/bob/" + CLIENT_ID.encode(), USER),
        (b"mimi://b.example/d/phone", USER),
        (b"", USER),
        (CLIENT, b"mimi://b.example/p/00000000-0000-1000-8000-000000000000"),
    ],
)
def test_what_is_no_pseudonym(client, user):
    _, key, credential, _ = hidden()
    changed = replace(credential, client_pseudonym=client, user_pseudonym=user)
    with refused(PseudonymFormError, "6.1"):
        check_pseudonyms(changed, key.public)


def test_a_group_of_pseudonyms():
    _, key, credential, _ = hidden()
    assert credential.tag == PSEUDONYMOUS == CredentialType(0xF503)
    client = Client.create(
        credential, SUITE, signer=key, settings=Settings(grease=False), entropy=ENTROPY
    )
    group = client.create_group(b"masks", now=NOW)
    leaf = group.leaf_node
    assert leaf.credential == credential
    assert octets(check_pseudonyms(leaf.credential, leaf.signature_key)) == USER
