"""Members with several credentials, and those who have to support them."""

from collections.abc import Iterator

import attrs

from mimi.codec import GREASE_VALUES, encode, replace
from mimi.crypto import CipherSuite, SeededEntropy, SignaturePrivateKey, Suite, suite_of
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, Certificate, Credential, X509Credential
from mimi.tree.leaf import Capabilities, LeafNode
from mimi.tree.multicredential import (
    MULTI,
    SIGNATURE_LABEL,
    WEAK_MULTI,
    BoundCredential,
    CredentialBinding,
    CredentialBindingTBS,
    MultiCredential,
    WeakMultiCredential,
    sign_binding,
)
from mimi.vectors.generate.clients import CERTIFIED, credential_of
from mimi.vectors.generate.mls_keys import changed
from mimi.vectors.generate.mls_leaves import signed_leaf
from mimi.vectors.generate.written import Vector

BASIC, X509 = CredentialType.BASIC, CredentialType.X509
UNREAD, UNHEARD = CredentialType(0xF00D), CipherSuite(0xF00D)
GREASE = GREASE_VALUES[3]

ALIAS, STAFF = BasicCredential(b"alice@a.example"), BasicCredential(b"alice of Example Ltd")


@attrs.frozen
class Identities:
    """Who makes leaves and bindings in a cipher suite, and another cipher suite for bindings."""

    suite: Suite
    entropy: SeededEntropy

    @property
    def other(self) -> Suite:
        """Another cipher suite, which the group does not have."""
        return suite_of(CipherSuite(2 if self.suite.code != 2 else 1))

    def supporting(self, **changes: tuple[int, ...]) -> Capabilities:
        """Return the capabilities of somebody who supports all that there is, but for changes."""
        whole = Capabilities(
            cipher_suites=(self.suite.code, self.other.code),
            credentials=(BASIC, X509, MULTI, WEAK_MULTI),
        )
        return replace(whole, **changes)

    def bound(
        self, key: bytes, credential: Credential = ALIAS, suite: Suite | None = None
    ) -> CredentialBinding:
        """Return a binding to a leaf's signature key, with a fresh key of the credential."""
        known = suite or self.suite
        signer = known.generate_signature_key(self.entropy)
        return sign_binding(known, credential, signer, key)

    def certified(self, key: bytes) -> CredentialBinding:
        """Return a binding of a certificate."""
        signer = self.suite.generate_signature_key(self.entropy)
        credential = credential_of(self.suite, self.entropy, signer, 0, CERTIFIED)
        return sign_binding(self.suite, credential, signer, key)

    def strange(self, key: bytes) -> CredentialBinding:
        """Return a binding with a type and a cipher suite that nobody here knows."""
        good = self.bound(key)
        strange = BoundCredential(UNREAD, b"of another world")
        return replace(good, cipher_suite=UNHEARD, credential=strange)

    def leaf(
        self,
        credential: Credential | None = None,
        capabilities: Capabilities | None = None,
        signer: SignaturePrivateKey | None = None,
    ) -> LeafNode:
        """Return a leaf."""
        return signed_leaf(
            self.suite,
            self.entropy,
            credential=credential or BasicCredential(b"bob"),
            capabilities=capabilities or self.supporting(),
            signer=signer,
        )[0]


Kinds = type[MultiCredential] | type[WeakMultiCredential]


def multi_credentials(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield groups in which somebody has several credentials."""
    made = Identities(suite, entropy)
    for kind, name in ((MultiCredential, "multi"), (WeakMultiCredential, "weak-multi")):
        for what, leaves, own in _accepted(made, kind):
            yield _case(suite, f"valid: {name}: {what}", leaves, own)
        for what, leaves, own, rule, leaf in _refused(made, kind):
            yield _case(suite, f"refused: {name}: {what}", leaves, own, rule, leaf)
    for what, leaves, own in _weakly_accepted(made):
        yield _case(suite, f"valid: {what}", leaves, own)
    for what, leaves, own, rule, leaf in _kind_refused(made):
        yield _case(suite, f"refused: {what}", leaves, own, rule, leaf)
    yield from _greased(made)


def _case(
    suite: Suite,
    description: str,
    leaves: list[LeafNode],
    own: int | None,
    rule: str | None = None,
    leaf: int | None = None,
) -> Vector:
    return {
        "kind": "mls-extensions-multi-credential",
        "description": description,
        "cipher_suite": suite.code,
        "leaves": [encode(each) for each in leaves],
        "own_leaf": own,
        "leaf": leaf,
        "rule": rule,
    }


Accepted = tuple[str, list[LeafNode], int | None]
Refused = tuple[str, list[LeafNode], int | None, str, int]


def _accepted(made: Identities, kind: Kinds) -> Iterator[Accepted]:
    signer = made.suite.generate_signature_key(made.entropy)
    key = signer.public
    one = made.bound(key)
    both = (one, made.bound(key, STAFF, made.other))
    for what, bindings in (
        ("one binding", (one,)),
        ("bindings of two cipher suites", both),
        ("a certificate among the bindings", (one, made.certified(key))),
        ("the same binding twice", (one, one)),
    ):
        yield what, [made.leaf(kind(bindings), signer=signer), made.leaf()], 1
    alice = made.leaf(kind(both), signer=signer)
    yield "the member itself judges", [made.leaf(), alice], 1
    yield "a follower judges", [made.leaf(), alice], None
    second = made.suite.generate_signature_key(made.entropy)
    bob = made.leaf(kind((made.bound(second.public, STAFF),)), signer=second)
    yield "two members have several", [alice, bob, made.leaf()], 2


def _refused(made: Identities, kind: Kinds) -> Iterator[Refused]:
    signer = made.suite.generate_signature_key(made.entropy)
    key, binder = signer.public, made.suite.generate_signature_key(made.entropy)
    good = sign_binding(made.suite, ALIAS, binder, key)

    def alice(*bindings: CredentialBinding) -> list[LeafNode]:
        return [made.leaf(), made.leaf(kind(bindings), signer=signer)]

    yield "no bindings", alice(), 0, "empty-multi-credential", 1
    for inner in (MultiCredential((good,)), WeakMultiCredential((good,))):
        nested = sign_binding(made.suite, inner, binder, key)
        what = f"a binding holds a {type(inner).__name__}"
        yield what, alice(good, nested), 0, "nested-multi-credential", 1
    yield from _badly_signed(made, alice, key, good)
    certified = made.certified(key)
    other = made.suite.generate_signature_key(made.entropy)
    chain = credential_of(made.suite, made.entropy, other, 1, CERTIFIED)
    wrong = made.bound(key, chain)
    yield "a certificate for another key", alice(certified, wrong), 0, "binding-key", 1
    broken = made.bound(key, X509Credential((Certificate(b"no certificate"),)))
    yield "a certificate that is none", alice(broken), 0, "binding-key", 1
    yield from _badly_supported(made, kind, signer)


def _badly_signed(
    made: Identities, alice: object, key: bytes, good: CredentialBinding
) -> Iterator[Refused]:
    assert callable(alice)  # noqa: S101 - it makes leaves
    for what, binding in (
        ("for another leaf's key", made.bound(b"another key")),
        ("damaged", replace(good, signature=changed(good.signature))),
        ("for another credential", replace(good, credential=BoundCredential.of(STAFF))),
        ("by another key", replace(good, credential_key=made.bound(key).credential_key)),
        ("with the leaf's key as credential_key", replace(good, credential_key=key)),
        ("for another cipher suite", replace(good, cipher_suite=made.other.code)),
    ):
        rule = "binding-signature"
        yield f"a binding signed {what}", alice(good, binding), 0, rule, 1
    stale = replace(good, signature=changed(good.signature))
    yield "a follower finds a bad signature", alice(good, stale), None, "binding-signature", 1


def _badly_supported(
    made: Identities, kind: Kinds, signer: SignaturePrivateKey
) -> Iterator[Refused]:
    key = signer.public
    alice = made.leaf(kind((made.bound(key, STAFF, made.other),)), signer=signer)
    rule = "unsupported-binding"
    for what, capabilities in (
        ("the cipher suite", made.supporting(cipher_suites=(made.suite.code,))),
        (
            "the cipher suite, and the type of another binding",
            made.supporting(cipher_suites=(made.suite.code, UNHEARD), credentials=(*_ALL, UNREAD)),
        ),
    ):
        leaves = [made.leaf(), made.leaf(capabilities=capabilities), alice]
        yield f"a member lacks {what}", leaves, 0, rule, 1
    certified = made.leaf(kind((made.certified(key),)), signer=signer)
    poor = made.supporting(credentials=(BASIC, MULTI, WEAK_MULTI))
    leaves = [made.leaf(), made.leaf(capabilities=poor), certified]
    yield "a member lacks the type of the credential", leaves, 0, rule, 1
    binder = made.suite.generate_signature_key(made.entropy)
    bound = sign_binding(made.suite, ALIAS, binder, key)
    grease = _signed(made.suite, BoundCredential(CredentialType(GREASE), b""), binder, key)
    loud = made.supporting(credentials=(*_ALL, GREASE))
    leaves = [made.leaf(kind((grease,)), loud, signer)]
    yield "a binding of a GREASE type", leaves, 0, rule, 0
    poor = made.supporting(credentials=(BASIC, X509))
    leaves = [made.leaf(kind((bound,)), signer=signer), made.leaf(capabilities=poor)]
    rule = "unsupported-credential"
    yield "a member does not support such credentials", leaves, 0, rule, 1


_ALL = (BASIC, X509, MULTI, WEAK_MULTI)


def _signed(
    suite: Suite,
    bound: BoundCredential,
    binder: SignaturePrivateKey,
    key: bytes,
    code: CipherSuite | None = None,
) -> CredentialBinding:
    """Return a binding of a type, or of a cipher suite, that need not be known."""
    code = suite.code if code is None else code
    tbs = encode(CredentialBindingTBS(code, bound, binder.public, key))
    signature = suite.sign_with_label(binder, SIGNATURE_LABEL, tbs)
    return CredentialBinding(code, bound, binder.public, signature)


def _greased(made: Identities) -> Iterator[Vector]:
    """Yield bindings that nobody can support, since what they are of is GREASE."""
    suite, binder = made.suite, made.suite.generate_signature_key(made.entropy)
    signer = suite.generate_signature_key(made.entropy)
    key, alias = signer.public, BoundCredential.of(ALIAS)
    loud = made.supporting(
        cipher_suites=(suite.code, GREASE), credentials=(BASIC, MULTI, WEAK_MULTI, GREASE)
    )
    odd = _signed(suite, alias, binder, key, CipherSuite(GREASE))
    of_type = _signed(suite, BoundCredential(CredentialType(GREASE), b""), binder, key)
    for kind, name in ((MultiCredential, "multi"), (WeakMultiCredential, "weak-multi")):
        leaves = [made.leaf(kind((odd,)), loud, signer)]
        what, rule = "a binding of a GREASE cipher suite", "unsupported-binding"
        yield _case(suite, f"refused: {name}: {what}", leaves, 0, rule, 0)
    both = sign_binding(suite, ALIAS, binder, key), of_type
    leaves = [made.leaf(MultiCredential(both), loud, signer)]
    what = "a binding of a GREASE type, beside one that all support"
    yield _case(suite, f"refused: multi: {what}", leaves, 0, "unsupported-binding", 0)
    leaves = [made.leaf(WeakMultiCredential(both), loud, signer)]
    yield _case(suite, f"valid: weak-multi: {what}", leaves, 0)


def _weakly_accepted(made: Identities) -> Iterator[Accepted]:
    signer = made.suite.generate_signature_key(made.entropy)
    key = signer.public
    mixed = (made.certified(key), made.bound(key, STAFF, made.other), made.strange(key))
    alice = made.leaf(WeakMultiCredential(mixed), signer=signer)
    certified = made.leaf(
        capabilities=made.supporting(
            cipher_suites=(made.suite.code,), credentials=(BASIC, X509, WEAK_MULTI)
        )
    )
    plain = made.leaf(capabilities=made.supporting(credentials=(BASIC, WEAK_MULTI)))
    for own in (0, 1, 2, None):
        what = "members support different bindings, and nobody one of them"
        who = "a follower" if own is None else f"leaf {own}"
        yield f"weak-multi: {what}: {who} judges", [alice, certified, plain], own
    bad = replace(mixed[1], signature=changed(mixed[1].signature))
    spoiled = made.leaf(WeakMultiCredential((mixed[0], bad)), signer=signer)
    what = "weak-multi: a binding that does not hold, of a cipher suite that who judges lacks"
    yield what, [spoiled, certified], 1
    spoiled = made.leaf(MultiCredential((made.bound(key),)), signer=signer)
    again = made.suite.generate_signature_key(made.entropy)
    weak = made.leaf(WeakMultiCredential((made.bound(again.public),)), signer=again)
    yield "one member with multi, another with weak-multi", [spoiled, weak, made.leaf()], 2


def _kind_refused(made: Identities) -> Iterator[Refused]:
    signer = made.suite.generate_signature_key(made.entropy)
    key = signer.public
    mixed = (made.certified(key), made.bound(key, STAFF, made.other))
    strict = made.leaf(MultiCredential(mixed), signer=signer)
    poor = made.leaf(capabilities=made.supporting(cipher_suites=(made.suite.code,)))
    rule = "unsupported-binding"
    yield "multi: a member supports one of two bindings", [strict, made.leaf(), poor], 1, rule, 2
    bad = replace(mixed[1], signature=changed(mixed[1].signature))
    spoiled = made.leaf(WeakMultiCredential((mixed[0], bad)), signer=signer)
    rule, what = "binding-signature", "weak-multi: a binding that does not hold, and is supported"
    yield what, [spoiled, made.leaf(), poor], 1, rule, 0
    yield f"{what}, as a follower sees it", [spoiled, made.leaf(), poor], None, rule, 0
