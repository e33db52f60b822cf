"""Credentials that are several: what a binding says, for which leaf, and who understands it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree.certificates import KEYS, certificate, signature_key
from tree.drafts import refused_by, some_suites
from tree.members import NOW, SUITE, content_of, every_suite, fresh, person, signed

from mimi.codec import decode, encode, replace
from mimi.codec.strategy import strategy
from mimi.crypto import CipherSuite, SeededEntropy, SuiteMismatchError, suite_of
from mimi.errors import MalformedError
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, Certificate, Credential, X509Credential
from mimi.tree.errors import UnlistedCredentialError, UnsupportedCredentialError
from mimi.tree.leaf import Capabilities, GroupNeeds, LifetimePolicy, check_capabilities
from mimi.tree.multicredential import (
    MULTI,
    WEAK_MULTI,
    BoundCredential,
    CredentialBinding,
    CredentialBindingTBS,
    MultiCredential,
    WeakMultiCredential,
    bindings_of,
    check_bindings,
    is_supported,
    sign_binding,
    verify_bindings,
)
from mimi.tree.multicredential_errors import (
    BindingKeyError,
    BindingSignatureError,
    EmptyMultiCredentialError,
    NestedMultiCredentialError,
    UnsupportedBindingError,
)
from mimi.tree.ratchet import RatchetTree
from mimi.tree.validate import check_group_support, validate_tree

ENTROPY = SeededEntropy(b"multi")
OTHER = suite_of(CipherSuite.P256_AES128)
ALIAS = BasicCredential(b"alice")
BASIC, X509 = CredentialType.BASIC, CredentialType.X509
UNKNOWN, UNREAD = CipherSuite(0xF00D), CredentialType(0xF00D)
LEAF = person(ENTROPY).leaf
KINDS = [MultiCredential, WeakMultiCredential]
SUPPORT = Capabilities(
    cipher_suites=(SUITE.code, OTHER.code), credentials=(BASIC, X509, MULTI, WEAK_MULTI)
)

every_kind = pytest.mark.parametrize("kind", KINDS)


def bound(suite: Any = SUITE, credential: Credential = ALIAS, key: bytes = LEAF.signature_key):
    """Return the binding of a credential to a leaf."""
    signer = suite.generate_signature_key(ENTROPY.fork(suite.code.name.encode()))
    return sign_binding(suite, credential, signer, key)


def showing(credential: Credential) -> Any:
    """Return what the leaf says with another credential."""
    return content_of(LEAF, credential=credential)


def but(**capabilities: Any) -> Capabilities:
    return replace(SUPPORT, **capabilities)


# What is written


def test_a_credential_is_its_type_and_its_bindings():
    binding = CredentialBinding(SUITE.code, BoundCredential.of(ALIAS), b"key", b"sig")
    octets = b"\0\1\0\1\5alice\3key\3sig"
    assert encode(binding) == octets
    for kind, code in ((MultiCredential, b"\0\3"), (WeakMultiCredential, b"\0\4")):
        assert encode(kind((binding,)), Credential) == code + b"\x12" + octets
        assert decode(Credential, code + b"\x12" + octets) == kind((binding,))
        assert str(kind.tag) == {3: "MULTI", 4: "WEAK_MULTI"}[kind.tag]
    tbs = CredentialBindingTBS(SUITE.code, BoundCredential.of(ALIAS), b"key", b"leaf")
    assert encode(tbs) == b"\0\1\0\1\5alice\3key\4leaf"


@given(strategy(MultiCredential) | strategy(WeakMultiCredential))
def test_any_of_them_comes_back(credential):
    assert decode(Credential, encode(credential, Credential)) == credential
    assert bindings_of(credential) == credential.bindings


@given(strategy(BasicCredential) | strategy(X509Credential) | strategy(MultiCredential))
def test_a_credential_can_be_bound_and_read(credential):
    assert BoundCredential.of(credential).read() == credential


def test_a_credential_that_cannot_be_read_can_be_kept():
    strange = BoundCredential(UNREAD, b"whatever")
    binding = CredentialBinding(SUITE.code, strange, b"", b"")
    assert decode(CredentialBinding, encode(binding)) == binding
    for broken in (strange, BoundCredential(X509, b"\5cut")):
        with pytest.raises(MalformedError):
            broken.read()


def test_nesting_however_deep_is_read_without_going_deep():
    octets = encode(ALIAS, Credential)
    for _ in range(3000):
        binding = CredentialBinding(SUITE.code, decode(BoundCredential, octets), b"", b"")
        octets = encode(MultiCredential((binding,)), Credential)
    with refused_by("6.5", NestedMultiCredentialError, leaf=2, binding=0):
        check_bindings(decode(Credential, octets), 2)


# Bindings and leaves


@every_suite
@every_kind
def test_a_binding_is_signed_as_the_draft_has_it(suite, kind):
    binding = bound(suite)
    tbs = (
        suite.code.to_bytes(2, "big")
        + b"\0\1\5alice"
        + encode(replace(BoundCredential.of(ALIAS), content=binding.credential_key))[2:]
        + encode(replace(BoundCredential.of(ALIAS), content=LEAF.signature_key))[2:]
    )
    key = binding.credential_key
    suite.verify_with_label(key, b"CredentialBindingTBS", tbs, binding.signature)
    leaf = showing(kind((binding, bound(OTHER))))
    check_bindings(leaf.credential)
    verify_bindings(leaf, None)
    verify_bindings(leaf, but(cipher_suites=(suite.code,)))


@some_suites
@every_kind
def test_a_binding_holds_for_its_leaf_alone(suite, kind):
    good = bound(suite)
    wrong = {
        "leaf": bound(suite, key=b"another"),
        "suite": replace(good, cipher_suite=CipherSuite(2 if suite.code == 1 else 1)),
        "credential": replace(good, credential=BoundCredential.of(BasicCredential(b"bob"))),
        "type": replace(good, credential=replace(good.credential, credential_type=UNREAD)),
        "credential key": replace(good, credential_key=b"no key"),
        "signature": replace(good, signature=b""),
        "signed by the leaf": replace(good, credential_key=LEAF.signature_key),
    }
    able = but(cipher_suites=tuple(map(CipherSuite, range(1, 8))), credentials=(BASIC, UNREAD))
    for binding in wrong.values():
        leaf = showing(kind((good, binding)))
        for capabilities in (None, able):
            with refused_by("6.5", BindingSignatureError, leaf=4, binding=1):
                verify_bindings(leaf, capabilities, 4)
    verify_bindings(showing(kind((good,))), able, 4)


@pytest.mark.parametrize("name", KEYS)
@every_kind
def test_a_certificate_in_a_binding_is_for_its_key(name, kind):
    suites = {"Ed25519": 1, "P-256": 2, "Ed448": 4, "P-521": 5, "P-384": 7}
    suite, key = suite_of(suites[name]), KEYS[name]
    raw = signature_key(key)
    signer = suite.generate_signature_key(ENTROPY)
    chain = X509Credential((certificate(key.public_key()),))
    binding = sign_binding(suite, chain, signer, LEAF.signature_key)
    able = but(cipher_suites=(suite.code,))
    for capabilities in (None, able):
        with refused_by("6.5", BindingKeyError, leaf=0, binding=0):
            verify_bindings(showing(kind((binding,))), capabilities, 0)
        with refused_by("6.5", BindingSignatureError, leaf=0, binding=0):
            mine = replace(binding, credential_key=raw)
            verify_bindings(showing(kind((mine,))), capabilities, 0)
    own = suite.signature_private_key(private_octets(key))
    assert own.public == raw
    verify_bindings(showing(kind((sign_binding(suite, chain, own, LEAF.signature_key),))), able)


def private_octets(key: Any) -> bytes:
    if hasattr(key, "private_bytes_raw"):
        return key.private_bytes_raw()
    number = key.private_numbers().private_value
    return number.to_bytes((key.key_size + 7) // 8, "big")


@pytest.mark.parametrize("content", [b"", encode(Certificate(b"garbage"))])
@every_kind
def test_a_certificate_in_a_binding_is_one(kind, content):
    binding = replace(bound(), credential=BoundCredential(X509, content))
    with refused_by("6.5", BindingKeyError, leaf=1, binding=0):
        verify_bindings(showing(kind((binding,))), SUPPORT, 1)


@every_kind
def test_a_credential_in_a_binding_parses(kind):
    leaf = showing(kind((replace(bound(), credential=BoundCredential(X509, b"\5cut")),)))
    for capabilities in (None, SUPPORT):
        with pytest.raises(MalformedError) as caught:
            verify_bindings(leaf, capabilities)
        assert type(caught.value) is MalformedError
    unread = but(credentials=(BASIC,))
    if kind is WeakMultiCredential:
        verify_bindings(leaf, unread)


def test_of_a_weak_one_only_what_is_supported_is_verified():
    good, wrong = bound(), replace(bound(OTHER), signature=b"wrong")
    leaf = showing(WeakMultiCredential((wrong, good)))
    verify_bindings(leaf, but(cipher_suites=(SUITE.code,)))
    verify_bindings(leaf, but(credentials=(MULTI,)))
    for capabilities in (SUPPORT, None):
        with refused_by("6.5", BindingSignatureError, leaf=3, binding=0):
            verify_bindings(leaf, capabilities, 3)
    strong = showing(MultiCredential((wrong, good)))
    with refused_by("6.5", BindingSignatureError, leaf=3, binding=0):
        verify_bindings(strong, but(cipher_suites=(SUITE.code,)), 3)


def test_a_cipher_suite_that_is_not_known_cannot_be_verified():
    strange, good = replace(bound(), cipher_suite=UNKNOWN), bound()
    able = but(cipher_suites=(SUITE.code, UNKNOWN))
    with refused_by("6.5", UnsupportedBindingError, leaf=1, binding=1):
        verify_bindings(showing(MultiCredential((good, strange))), able, 1)
    for leaf in map(showing, (MultiCredential((strange,)), WeakMultiCredential((strange,)))):
        verify_bindings(leaf, None)
    verify_bindings(showing(WeakMultiCredential((strange, good))), able)


def test_an_ordinary_credential_has_no_bindings():
    for credential in (ALIAS, X509Credential(())):
        assert bindings_of(credential) == ()
        check_bindings(credential)
        verify_bindings(showing(credential), SUPPORT)


def test_a_key_of_another_suite_binds_nothing():
    with pytest.raises(SuiteMismatchError):
        sign_binding(SUITE, ALIAS, OTHER.generate_signature_key(ENTROPY), b"")


# What a leaf says of itself


@every_kind
def test_a_leaf_shows_one_binding_at_least_and_none_within_another(kind):
    inner = bound(credential=MultiCredential((bound(),)))
    weak = bound(credential=WeakMultiCredential((bound(),)))
    for credential, error in (
        (kind(()), EmptyMultiCredentialError),
        (kind((bound(), inner)), NestedMultiCredentialError),
        (kind((weak,)), NestedMultiCredentialError),
    ):
        leaf = fresh(0, credential=credential, capabilities=SUPPORT)
        with refused_by("6.5", error, leaf=0):
            check_capabilities(SUITE, leaf, 0)
    check_capabilities(SUITE, fresh(0, credential=kind((bound(),)), capabilities=SUPPORT), 0)
    unlisted = fresh(0, credential=kind((bound(),)), capabilities=but(credentials=(BASIC,)))
    with pytest.raises(UnlistedCredentialError):
        check_capabilities(SUITE, unlisted, 0)


# What members must support


def of(*leaves: tuple[Credential, Capabilities]) -> RatchetTree:
    nodes: list[Any] = []
    for at, (credential, capabilities) in enumerate(leaves):
        nodes += [fresh(at, credential=credential, capabilities=capabilities), None]
    return RatchetTree.of_nodes(SUITE, tuple(nodes[:-1]))


def check(tree: RatchetTree) -> None:
    check_group_support(tree, GroupNeeds.of(()))


BOTH = (bound(), bound(OTHER, X509Credential(())))


def test_everybody_supports_all_bindings_of_a_multi_credential():
    check(of((MultiCredential(BOTH), SUPPORT), (ALIAS, SUPPORT)))
    for lacking in (
        {"cipher_suites": (SUITE.code,)},
        {"cipher_suites": (OTHER.code,)},
        {"credentials": (BASIC, MULTI)},
        {"credentials": (X509, MULTI)},
    ):
        if BASIC in lacking.get("credentials", (BASIC,)):
            with refused_by("6.5", UnsupportedBindingError, leaf=1):
                check(of((MultiCredential(BOTH), SUPPORT), (MultiCredential(BOTH), but(**lacking))))
        with refused_by("6.5", UnsupportedBindingError, leaf=0):
            check(of((MultiCredential(BOTH), but(**lacking)), (MultiCredential(BOTH), SUPPORT)))


@every_kind
def test_everybody_supports_the_type_that_holds_them(kind):
    others = tuple(each.tag for each in KINDS if each is not kind)
    tree = of((kind((bound(),)), SUPPORT), (ALIAS, but(credentials=(BASIC, *others))))
    with pytest.raises(UnsupportedCredentialError) as caught:
        check(tree)
    assert caught.value.where["leaf"] == 1


def test_everybody_supports_one_binding_of_a_weak_multi_credential():
    weak = WeakMultiCredential(BOTH)
    one = but(cipher_suites=(SUITE.code,), credentials=(BASIC, WEAK_MULTI))
    other = but(cipher_suites=(OTHER.code,), credentials=(BASIC, X509, WEAK_MULTI))
    crossed = but(cipher_suites=(OTHER.code,), credentials=(BASIC, WEAK_MULTI))
    check(of((weak, SUPPORT), (ALIAS, one), (ALIAS, other)))
    with refused_by("6.5", UnsupportedBindingError, leaf=2):
        check(of((weak, SUPPORT), (ALIAS, one), (ALIAS, crossed)))
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        check(of((ALIAS, crossed), (weak, SUPPORT)))
    check(of((ALIAS, crossed), (ALIAS, one)))


@every_kind
def test_one_supports_ones_own_bindings(kind):
    lacking = but(cipher_suites=(OTHER.code,))
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        check(of((kind((bound(),)), lacking)))


@every_kind
def test_grease_is_nobodys_support(kind):
    suite, credential = CipherSuite(0x0A0A), CredentialType(0x1A1A)
    listed = but(cipher_suites=(SUITE.code, suite), credentials=(BASIC, kind.tag, credential))
    for strange in (
        replace(bound(), cipher_suite=suite),
        replace(bound(), credential=BoundCredential(credential, b"")),
    ):
        assert not is_supported(strange, listed)
        with refused_by("6.5", UnsupportedBindingError, leaf=0):
            check(of((kind((strange,)), listed)))
    assert is_supported(bound(), listed)


pairs = st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from([BASIC, X509, UNREAD]))
bindings = st.lists(pairs, min_size=1, max_size=3).map(
    lambda drawn: tuple(
        CredentialBinding(CipherSuite(suite), BoundCredential(kind, b""), b"", b"")
        for suite, kind in drawn
    )
)
credentials = st.just(ALIAS) | bindings.flatmap(
    lambda drawn: st.sampled_from([kind(drawn) for kind in KINDS])
)
capabilities = st.builds(
    lambda suites, types: but(
        cipher_suites=tuple(map(CipherSuite, suites)),
        credentials=(BASIC, MULTI, WEAK_MULTI, *types),
    ),
    st.lists(st.sampled_from([1, 2, 3])),
    st.lists(st.sampled_from([X509, UNREAD])),
)


@settings(deadline=None)
@given(st.lists(st.tuples(credentials, capabilities), min_size=1, max_size=5))
def test_support_is_what_the_draft_says(leaves):
    supported = all(
        (all if isinstance(credential, MultiCredential) else any)(
            is_supported(binding, listed) for binding in credential.bindings
        )
        for credential, _ in leaves
        if credential is not ALIAS
        for _, listed in leaves
    )
    if supported:
        check(of(*leaves))
    else:
        with refused_by("6.5", UnsupportedBindingError):
            check(of(*leaves))


# A received tree


@every_kind
def test_a_tree_is_checked_in_full(kind):
    who = person(ENTROPY.fork(b"tree"))
    mine = bound(key=who.leaf.signature_key)

    def validate(credential: Credential, support: Capabilities | None = SUPPORT) -> None:
        leaf = signed(who.leaf, who.signer, credential=credential, capabilities=SUPPORT)
        options = {"tree_hash": None, "lifetimes": LifetimePolicy(NOW), "capabilities": support}
        validate_tree(RatchetTree.of_leaf(SUITE, leaf), b"group", (), **options)

    for support in (None, SUPPORT):
        validate(kind((mine,)), support)
        for wrong, error in (
            (kind((bound(),)), BindingSignatureError),
            (kind(()), EmptyMultiCredentialError),
            (
                kind((bound(credential=kind(()), key=who.leaf.signature_key),)),
                NestedMultiCredentialError,
            ),
            (kind((replace(mine, cipher_suite=CipherSuite(7)),)), UnsupportedBindingError),
        ):
            with refused_by("6.5", error, leaf=0):
                validate(wrong, support)
