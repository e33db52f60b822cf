"""Group infos and Welcomes: what joiners get, and what they refuse."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mls.epoch import SUITE
from mls.invitation import MADE, SIGNER, Invitation
from tree.members import every_suite, person, refused

from mimi.codec import decode, encode, encode_as, replace
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite, Secret, SeededEntropy, SuiteMismatchError, suite_of
from mimi.errors import InvalidError, MalformedError
from mimi.mls.errors import (
    GroupInfoError,
    GroupInfoSignatureError,
    GroupSecretsError,
    NoSecretsError,
    WelcomeSuiteError,
)
from mimi.mls.keypackage import key_package_ref
from mimi.mls.psk import ExternalPSK
from mimi.mls.schedule import welcome_secret
from mimi.mls.welcome import (
    GroupInfo,
    GroupInfoTBS,
    GroupSecrets,
    PathSecret,
    Welcome,
    decrypt_group_secrets,
    sign_group_info,
    verify_group_info,
)
from mimi.tree.path import HPKECiphertext


@every_suite
def test_new_members_learn_what_they_need(suite):
    made = Invitation.of(suite)
    welcome = decode(Welcome, encode(made.welcome))
    assert welcome == made.welcome
    for at, path_secret in ((0, PathSecret(Secret(b"\7" * suite.nh))), (1, None)):
        secrets = made.secrets(at, welcome)
        assert secrets.joiner_secret == made.joiner
        assert secrets.path_secret == path_secret
        assert [psk_id.psk for psk_id in secrets.psks] == [ExternalPSK(b"psk")]
        info = made.info(welcome, secrets.joiner_secret)
        assert info == made.group_info
        verify_group_info(suite, info, made.signer.public)


@settings(deadline=None)
@given(info=strategy(GroupInfo))
def test_what_is_signed_is_the_declared_structure(info):
    fields = [field.name for field in attrs.fields(GroupInfoTBS)]
    expected = encode(GroupInfoTBS(*(getattr(info, name) for name in fields)))
    assert encode_as(GroupInfoTBS, info) == expected
    encoded = encode(info)
    assert encode_as(GroupInfoTBS, info) == expected
    assert encode_as(GroupInfoTBS, decode(GroupInfo, encoded)) == expected


@every_suite
def test_a_group_info_is_signed_by_the_member_that_it_names(suite):
    made = Invitation.of(suite)
    verify_group_info(suite, made.group_info, made.signer.public)
    another = person(SeededEntropy(5), suite).signer.public
    for wrong in (another, b"", another[:-1]):
        with refused(GroupInfoSignatureError, leaf=SIGNER):
            verify_group_info(suite, made.group_info, wrong)


def test_every_field_of_a_group_info_is_signed():
    info = MADE.group_info
    changes = {
        "group_context": replace(info.group_context, epoch=9),
        "extensions": (),
        "confirmation_tag": b"",
        "signer": SIGNER + 1,
        "signature": bytes(64),
    }
    assert set(changes) == {field.name for field in attrs.fields(GroupInfo)} - {"_octets"}
    for name, value in changes.items():
        with refused(GroupInfoSignatureError):
            verify_group_info(SUITE, replace(info, **{name: value}), MADE.signer.public)


def test_one_signs_a_group_info_with_a_key_of_the_suite():
    other = suite_of(CipherSuite.P256_AES128)
    with refused(SuiteMismatchError):
        sign_group_info(other, MADE.group_info.group_context, (), b"", SIGNER, MADE.signer)


def test_a_welcome_is_for_those_whose_key_packages_it_names():
    assert [entry.new_member for entry in MADE.welcome.secrets] == [
        key_package_ref(SUITE, package) for package in MADE.packages[:2]
    ]
    with refused(NoSecretsError):
        MADE.secrets(2)
    with refused(NoSecretsError):
        MADE.secrets(0, replace(MADE.welcome, secrets=MADE.welcome.secrets[1:]))
    with refused(NoSecretsError):
        MADE.secrets(0, replace(MADE.welcome, secrets=()))


def test_a_welcome_is_for_the_suite_of_the_key_package():
    other = CipherSuite.X25519_CHACHA20
    with refused(WelcomeSuiteError):
        MADE.secrets(0, replace(MADE.welcome, cipher_suite=other))
    with refused(WelcomeSuiteError):
        decrypt_group_secrets(suite_of(other), MADE.welcome, MADE.packages[0], MADE.keys[0])
    with refused(WelcomeSuiteError):
        package = replace(MADE.packages[0], cipher_suite=other)
        decrypt_group_secrets(SUITE, MADE.welcome, package, MADE.keys[0])


@pytest.mark.parametrize(
    "change",
    [
        {"kem_output": b""},
        {"kem_output": bytes(32)},
        {"kem_output": bytes(33)},
        {"ciphertext": b""},
        {"ciphertext": bytes(16)},
        {"ciphertext": bytes(100)},
    ],
    ids=str,
)
def test_group_secrets_that_do_not_decrypt_are_refused(change):
    sealed = replace(MADE.welcome.secrets[0].encrypted_group_secrets, **change)
    with refused(GroupSecretsError):
        MADE.secrets(0, MADE.with_entry(sealed))
    assert MADE.secrets(1, MADE.with_entry(sealed)).joiner_secret == MADE.joiner


def test_group_secrets_are_for_one_receiver():
    with refused(GroupSecretsError):
        decrypt_group_secrets(SUITE, MADE.welcome, MADE.packages[0], MADE.keys[1])
    with refused(GroupSecretsError):
        MADE.secrets(0, MADE.with_entry(MADE.welcome.secrets[1].encrypted_group_secrets))


def test_group_secrets_are_bound_to_the_group_info():
    other = MADE.welcome.encrypted_group_info[:-1] + b"\0"
    with refused(GroupSecretsError):
        MADE.secrets(0, replace(MADE.welcome, encrypted_group_info=other))


def test_group_secrets_that_do_not_parse_are_malformed():
    genuine = encode(GroupSecrets(MADE.joiner, None, ()))

    def sealed(octets: bytes) -> HPKECiphertext:
        return HPKECiphertext(
            *SUITE.encrypt_with_label(
                MADE.packages[0].init_key,
                b"Welcome",
                MADE.welcome.encrypted_group_info,
                octets,
                SeededEntropy(3),
            )
        )

    assert MADE.secrets(0, MADE.with_entry(sealed(genuine))).joiner_secret == MADE.joiner
    for wrong in (b"", genuine[:-1], genuine + b"\0"):
        with pytest.raises(MalformedError):
            MADE.secrets(0, MADE.with_entry(sealed(wrong)))


def test_a_group_info_needs_joiner_secret_and_psk_secret():
    assert MADE.info() == MADE.group_info
    for change in ({"joiner": Secret(bytes(32))}, {"psk": Secret(bytes(32))}):
        with refused(GroupInfoError):
            MADE.info(**change)
    for wrong in (b"", bytes(15), bytes(100)):
        with refused(GroupInfoError):
            MADE.info(replace(MADE.welcome, encrypted_group_info=wrong))


def test_a_group_info_that_does_not_parse_is_malformed():
    secret = welcome_secret(SUITE, MADE.joiner, MADE.psk).reveal()
    key = SUITE.expand_with_label(secret, b"key", b"", SUITE.nk)
    nonce = SUITE.expand_with_label(secret, b"nonce", b"", SUITE.nn)
    genuine = encode(MADE.group_info)
    for octets in (genuine, b"", genuine[:-1], genuine + b"\0"):
        sealed = SUITE.aead_seal(key, nonce, b"", octets)
        welcome = replace(MADE.welcome, encrypted_group_info=sealed)
        if octets == genuine:
            assert MADE.info(welcome) == MADE.group_info
        else:
            with pytest.raises(MalformedError):
                MADE.info(welcome)


@settings(deadline=None, max_examples=150)
@given(at=st.integers(0), bit=st.integers(0, 7))
def test_no_changed_bit_of_a_welcome_goes_unnoticed(at, bit):
    octets = bytearray(encode(MADE.welcome))
    octets[at % len(octets)] ^= 1 << bit
    with pytest.raises((InvalidError, MalformedError)):
        join_twice(bytes(octets))


def join_twice(octets: bytes) -> None:
    welcome = decode(Welcome, octets)
    for receiver in (0, 1):
        assert MADE.secrets(receiver, welcome).joiner_secret == MADE.joiner
    MADE.info(welcome)


def test_secrets_are_not_shown():
    secrets = MADE.secrets(0)
    for octets in (MADE.joiner.reveal(), b"\7" * SUITE.nh):
        assert repr(octets) not in repr(secrets)


def test_every_truncation_is_malformed():
    for value in (MADE.welcome, MADE.group_info):
        octets = encode(value)
        for length in range(0, len(octets), 3):
            with pytest.raises(MalformedError):
                decode(type(value), octets[:length])
        with pytest.raises(MalformedError):
            decode(type(value), octets + b"\0")
