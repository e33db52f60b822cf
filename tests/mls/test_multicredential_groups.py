"""Credentials that are several, wherever a leaf comes into a group (draft-ietf-mls-extensions 6.5).

Alice supports the group's cipher suite alone, Bob and the others another one as well. Mallory, who
supports both, sends what it likes.
"""

from functools import cache
from typing import Any

import pytest
from mls.attacker import Attacker, changing
from mls.inviter import Invitation, invited, with_package
from mls.snapshot import whole
from mls.storage import reloaded
from mls.victims import followed, proposed
from tree.drafts import refused_by, some_suites
from tree.members import NOW, SUITE, content_of
from tree.members import Group as Members

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, SeededEntropy, Suite, suite_of
from mimi.mls import (
    Add,
    Client,
    CommitStaged,
    CredentialCheck,
    Group,
    LeafChange,
    Predecessor,
    PublicGroup,
    Role,
    Settings,
    Update,
    WireFormat,
)
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import sign_key_package
from mimi.mls.message import MLSMessage
from mimi.mls.state import changed
from mimi.tree import (
    BasicCredential,
    Capabilities,
    Credential,
    CredentialType,
    ExtensionType,
    ExternalPub,
    MultiCredential,
    WeakMultiCredential,
    bindings_of,
    sign_binding,
    sign_leaf,
)
from mimi.tree.errors import UnsupportedCredentialError
from mimi.tree.extension import extension
from mimi.tree.leaf import UpdateSource
from mimi.tree.multicredential_errors import (
    BindingSignatureError,
    EmptyMultiCredentialError,
    NestedMultiCredentialError,
    UnsupportedBindingError,
)

KINDS = [MultiCredential, WeakMultiCredential]
TYPES = (CredentialType.BASIC, MultiCredential.tag, WeakMultiCredential.tag)
OTHER = suite_of(CipherSuite.P521_AES256)
ENTROPY = SeededEntropy(b"credentials")

every_kind = pytest.mark.parametrize("kind", KINDS)


def able(*suites: Suite, types: tuple[CredentialType, ...] = TYPES) -> Capabilities:
    return Capabilities(cipher_suites=tuple(each.code for each in suites), credentials=types)


def binding(suite: Suite, key: bytes, name: bytes = b"alias") -> Any:
    """Return the binding of a basic credential to a leaf's key."""
    signer = suite.generate_signature_key(ENTROPY.fork(name + suite.code.name.encode()))
    return sign_binding(suite, BasicCredential(name), signer, key)


def client(name: str, *suites: Suite, suite: Suite = SUITE, **options: Any) -> Client:
    """Return a client; *show* makes its credential of its signature key."""
    entropy = ENTROPY.fork(name.encode() + suite.code.name.encode())
    signer = suite.generate_signature_key(entropy)
    show = options.pop("show", lambda key: BasicCredential(name.encode()))
    settings = options.pop("settings", Settings(handshake=WireFormat.MLS_PUBLIC_MESSAGE))
    options.setdefault("capabilities", able(suite, *suites))
    shown = show(signer.public)
    return Client.create(shown, suite, signer=signer, settings=settings, entropy=entropy, **options)


@cache
def scene(suite: Suite = SUITE) -> tuple[Group, Group, Group, PublicGroup]:
    """Return a group as Alice, Bob and Mallory have it, and a follower."""
    group = client("Alice", suite=suite).create_group(b"bound", now=NOW)
    ready = [client(name, OTHER, suite=suite).key_package(now=NOW) for name in ("Bob", "Mallory")]
    draft = group.commit(add=[package for _, package in ready], now=NOW)
    bob, mallory = (each.join(draft.welcome, now=NOW).accept()[1] for each, _ in ready)
    alice = draft.accept()
    return alice, bob, mallory, PublicGroup.from_group_info(alice.group_info(), now=NOW)


def refuses(group: Any, wire: bytes, error: type[Any], **where: Any) -> None:
    """Check that a message is refused, and changes nothing."""
    before = whole(group)
    with refused_by("6.5", error, **where):
        group.receive(wire, now=NOW)
    assert whole(group) == before


def wrong_for(kind: type[Any]) -> dict[str, tuple[Any, Any]]:
    """Return credentials that are wrong for whatever leaf shows them, and the errors."""
    good = binding(SUITE, b"another leaf")
    nested = sign_binding(SUITE, kind((good,)), SUITE.generate_signature_key(ENTROPY), b"")
    return {
        "another leaf's": (kind((good,)), BindingSignatureError),
        "empty": (kind(()), EmptyMultiCredentialError),
        "nested": (kind((nested,)), NestedMultiCredentialError),
    }


WRONG = [
    pytest.param(credential, error, id=f"{kind.__name__}: {name}")
    for kind in KINDS
    for name, (credential, error) in wrong_for(kind).items()
]
wrong = pytest.mark.parametrize(("credential", "error"), WRONG)


# What is right


@some_suites
@every_kind
def test_a_group_of_them_works(suite, kind):
    def show(key: bytes) -> Credential:
        return kind((binding(suite, key, b"one"), binding(suite, key, b"two")))

    people = {name: client(name, suite=suite, show=show) for name in ("Alice", "Bob", "Carol")}
    alice = people["Alice"].create_group(b"many", now=NOW)
    follower = PublicGroup.from_group_info(alice.group_info(), now=NOW)
    bob, package = people["Bob"].key_package(now=NOW)
    draft = alice.commit(add=[package], now=NOW)
    follower, alice = followed(follower, draft.commit), draft.accept()
    _, bob = bob.join(draft.welcome, now=NOW).accept()
    outside = people["Carol"].join_externally(alice.group_info(), now=NOW)
    carol = outside.accept()
    alice, bob, follower = (followed(each, outside.commit) for each in (alice, bob, follower))
    bob, wire = bob.propose_update(now=NOW)
    alice, carol, follower = (proposed(each, wire) for each in (alice, carol, follower))
    draft = alice.commit(now=NOW)
    bob, carol, follower = (followed(each, draft.commit) for each in (bob, carol, follower))
    alice = draft.accept()
    assert alice.epoch_authenticator == bob.epoch_authenticator == carol.epoch_authenticator
    assert follower.context == reloaded(alice).context == alice.context
    assert [len(bindings_of(member.leaf_node.credential)) for member in alice.members] == [2] * 3
    shown = follower.credentials
    assert [check.bindings for check in shown] == [check.credential.bindings for check in shown]
    assert [each.credential.read().identity for each in shown[1].bindings] == [b"one", b"two"]


@every_kind
def test_by_default_a_client_supports_its_own_credential(kind):
    def show(key: bytes) -> Credential:
        return kind((binding(OTHER, key),))

    alone = client("Alone", show=show, capabilities=None)
    assert alone.capabilities == able(SUITE, OTHER, types=(kind.tag, CredentialType.BASIC))
    group = alone.create_group(now=NOW)
    (member,) = group.members
    assert member.leaf_node.credential == alone.credential
    assert Client.load(alone.save(), settings=alone.settings).credential == alone.credential


def test_an_application_sees_what_a_leaf_showed_before_and_shows_now():
    alice, bob, _, public = scene()
    key = bob.leaf_node.signature_key
    strong, weak = (kind((binding(SUITE, key),)) for kind in KINDS)
    for credential in (strong, weak):
        draft = bob.commit(now=NOW, leaf=LeafChange(credential=credential))
        for group in (alice, public):
            (event,) = group.receive(draft.commit, now=NOW).events
            before = Predecessor(bob.leaf_node.credential, key)
            check = CredentialCheck(Role.COMMITTER, credential, key, bob.leaf_index, before)
            assert event.credentials == (check,)
            assert event.credentials[0].bindings == (binding(SUITE, key),)


# Where a leaf comes in


def keyed(credential: Credential, name: str = "Dave") -> bytes:
    """Return a key package that shows a credential, as no client of ours makes it."""
    own = client(name, OTHER)
    package = read_key_package(own.key_package(now=NOW)[1])
    content = content_of(package.leaf_node, credential=credential)
    leaf = sign_leaf(SUITE, content, own.signer)
    init = SUITE.generate_key_pair(ENTROPY.fork(b"init"))
    return encode(MLSMessage(sign_key_package(SUITE, leaf, init, own.signer, package.extensions)))


def updated(credential: Credential) -> Update:
    """Return an Update of Mallory's that shows a credential."""
    mallory = scene()[2]
    key = SUITE.generate_key_pair(ENTROPY.fork(b"update")).public
    changes = {"encryption_key": key, "leaf_node_source": UpdateSource()}
    content = content_of(mallory.leaf_node, credential=credential, **changes)
    return Update(sign_leaf(SUITE, content, mallory.signer, b"bound", mallory.leaf_index))


@wrong
def test_it_is_refused_in_an_add(credential, error):
    alice, _, mallory, public = scene()
    package = read_key_package(keyed(credential))
    attacker = Attacker.inside(mallory)
    for group in (alice, public):
        refuses(group, attacker.send(Add(package)), error)
        refuses(group, attacker.commit(Add(package), path=False), error)
    with refused_by("6.5", error):
        alice.commit(add=[package], now=NOW)
    with refused_by("6.5", error):
        alice.propose_add(package, now=NOW)


@wrong
def test_it_is_refused_in_an_update(credential, error):
    alice, _, mallory, public = scene()
    wire = Attacker.inside(mallory).send(updated(credential))
    for group in (alice, public):
        refuses(group, wire, error, leaf=mallory.leaf_index)


@wrong
def test_it_is_refused_in_a_commit(credential, error):
    alice, _, mallory, public = scene()
    wire = Attacker.inside(mallory).commit(leaf=changing(credential=credential))
    for group in (alice, public):
        refuses(group, wire, error, leaf=mallory.leaf_index)


@wrong
def test_it_is_refused_in_an_external_commit(credential, error):
    alice, _, _, public = scene()
    attacker, init = Attacker.joining(client("Dave", OTHER), alice)
    wire = attacker.commit(init, leaf=changing(credential=credential))
    for group in (alice, public):
        refuses(group, wire, error, leaf=3)


def with_leaf(credential: Credential, *, path: bool = True) -> tuple[Client, Invitation]:
    """Return somebody, and the invitation to a group with a member who shows a credential."""
    joiner, package = with_package(client("Dave"))
    group = Members(seed=b"bound")
    both = able(SUITE, OTHER)
    group.tree = group.tree.update(
        0, group.signed(0, capabilities=both, leaf_node_source=UpdateSource())
    )
    group.add(credential=credential, capabilities=both)
    return joiner, invited(package, group, path=path)


@wrong
def test_it_is_refused_in_a_tree_that_one_joins(credential, error):
    joiner, invitation = with_leaf(credential)
    with refused_by("6.5", error, leaf=1):
        joiner.join(invitation.wire(), now=NOW)
    public = extension(ExtensionType.EXTERNAL_PUB, ExternalPub(b"never looked at"))
    info = encode(MLSMessage(invitation.but(extensions=(public,)).group_info()))
    with refused_by("6.5", error, leaf=1):
        joiner.join_externally(info, now=NOW)
    with refused_by("6.5", error, leaf=1):
        PublicGroup.from_group_info(info, now=NOW)


@wrong
def test_one_does_not_show_it_oneself(credential, error):
    _, bob, _, _ = scene()
    lying = client("Liar", show=lambda key: credential)
    with refused_by("6.5", error):
        lying.key_package(now=NOW)
    with refused_by("6.5", error):
        lying.create_group(now=NOW)
    with refused_by("6.5", error):
        lying.join_externally(bob.group_info(), now=NOW)
    change = LeafChange(credential=credential)
    with refused_by("6.5", error, leaf=bob.leaf_index):
        bob.commit(now=NOW, leaf=change)
    with refused_by("6.5", error, leaf=bob.leaf_index):
        bob.propose_update(change, now=NOW)


# What members support


def dave_with(kind: type[Any]) -> bytes:
    """Return a key package whose credential Bob and Mallory understand, and Alice does not."""
    own = client("Dave", OTHER)
    return keyed(kind((binding(OTHER, own.signer.public),)))


@every_kind
def test_an_add_whose_bindings_a_member_does_not_support_is_not_committed(kind):
    alice, bob, mallory, public = scene()
    package = read_key_package(dave_with(kind))
    attacker = Attacker.inside(mallory)
    wire = attacker.send(Add(package))
    for group in (alice, bob, public):
        pending = proposed(group, wire)
        if isinstance(pending, Group):  # it is left out, as all that cannot be committed
            assert len(pending.commit(now=NOW).left_out) == 1
    for group in (alice, bob, public):
        refuses(group, attacker.commit(Add(package)), UnsupportedBindingError, leaf=0)
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        bob.commit(add=[package], now=NOW)
    draft = bob.commit(add=[package], remove=[alice.leaf_index], now=NOW)
    for group in (mallory, public):
        assert len(followed(group, draft.commit).members) == 3


@every_kind
def test_nobody_comes_to_show_what_a_member_does_not_support(kind):
    alice, bob, mallory, public = scene()
    shown = kind((binding(OTHER, mallory.leaf_node.signature_key),))
    attacker = Attacker.inside(mallory)
    wire = attacker.commit(leaf=changing(credential=shown))
    for group in (alice, bob, public):
        refuses(group, wire, UnsupportedBindingError, leaf=0)
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        mallory.commit(now=NOW, leaf=LeafChange(credential=shown))
    update = attacker.send(updated(shown))
    alice, bob, public = (proposed(each, update) for each in (alice, bob, public))
    reference = alice.pending[0].reference
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        bob.commit(now=NOW, references=[reference])
    with_it = Attacker.inside(changed(bob, state=alice.state)).commit(reference)
    for group in (alice, public):
        refuses(group, with_it, UnsupportedBindingError, leaf=0)


def test_of_a_weak_one_a_member_verifies_what_it_supports():
    alice, bob, mallory, public = scene()
    key = mallory.leaf_node.signature_key
    good, forged = binding(SUITE, key), replace(binding(OTHER, key), signature=b"forged")
    weak = changing(credential=WeakMultiCredential((good, forged)))
    wire = Attacker.inside(mallory).commit(leaf=weak)
    assert followed(alice, wire).epoch == alice.epoch + 1
    for group in (bob, public):
        refuses(group, wire, BindingSignatureError, leaf=mallory.leaf_index, binding=1)
    forged_too = changing(credential=WeakMultiCredential((replace(good, signature=b""), forged)))
    wire = Attacker.inside(mallory).commit(leaf=forged_too)
    for group in (alice, bob, public):
        refuses(group, wire, BindingSignatureError, leaf=mallory.leaf_index, binding=0)


def test_a_joiner_verifies_what_it_supports():
    good_for_nobody = binding(OTHER, b"another")
    joiner, package = with_package(client("Dave"))
    group = Members(seed=b"weak")
    both = able(SUITE, OTHER)
    group.tree = group.tree.update(
        0, group.signed(0, capabilities=both, leaf_node_source=UpdateSource())
    )
    first = group.members[0]
    mine = binding(SUITE, first.signer.public)
    weak = WeakMultiCredential((mine, good_for_nobody))
    group.tree = group.tree.update(0, group.signed(0, credential=weak))
    invitation = invited(package, group, path=False)
    _, joined = joiner.join(invitation.wire(), now=NOW).accept()
    assert joined.members[0].leaf_node.credential == weak
    public = SUITE.generate_key_pair(ENTROPY).public
    carried = extension(ExtensionType.EXTERNAL_PUB, ExternalPub(public))
    info = encode(MLSMessage(invitation.but(extensions=(carried,)).group_info()))
    (shown, _) = client("Erin").join_externally(info, now=NOW).credentials
    assert shown.credential == weak
    for join in (client("Erin", OTHER).join_externally, PublicGroup.from_group_info):
        with refused_by("6.5", BindingSignatureError, leaf=0, binding=1):
            join(info, now=NOW)
    other, package = with_package(client("Dave", OTHER))
    again = invited(package, group_of(group), path=False)
    with refused_by("6.5", BindingSignatureError, leaf=0, binding=1):
        other.join(again.wire(), now=NOW)


def group_of(group: Members) -> Members:
    group.tree = group.tree.remove(1)
    return group


@every_kind
def test_a_tree_whose_members_do_not_understand_each_other_is_not_joined(kind):
    joiner, package = with_package(client("Dave", OTHER))
    group = Members(seed=b"lacking")
    key = group.members[0].signer.public
    shown = kind((binding(OTHER, key),))
    lacking = able(SUITE)
    change = {"credential": shown, "capabilities": lacking, "leaf_node_source": UpdateSource()}
    group.tree = group.tree.update(0, group.signed(0, **change))
    with refused_by("6.5", UnsupportedBindingError, leaf=0):
        joiner.join(invited(package, group, path=False).wire(), now=NOW)


@every_kind
def test_everybody_supports_the_type_itself(kind):
    alice, _, mallory, public = scene()
    package = read_key_package(
        client("Eve", capabilities=able(SUITE, types=(CredentialType.BASIC,))).key_package(now=NOW)[
            1
        ]
    )
    shown = kind((binding(SUITE, mallory.leaf_node.signature_key),))
    wire = Attacker.inside(mallory).commit(Add(package), leaf=changing(credential=shown))
    for group in (alice, public):
        with pytest.raises(UnsupportedCredentialError) as caught:
            group.receive(wire, now=NOW)
        assert caught.value.where["leaf"] == 3
    (staged,) = alice.receive(
        Attacker.inside(mallory).commit(leaf=changing(credential=shown)), now=NOW
    ).events
    assert isinstance(staged, CommitStaged)
