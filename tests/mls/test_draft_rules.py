"""Demands of drafts that no other test breaks, or that demand that something is accepted."""

import pytest
from mls.attacker import PRIVATE, Deviation, changing, zeros
from mls.polls import (
    LEAF,
    ME,
    NOTES,
    PLAIN,
    member,
    package,
    polling,
)
from mls.snapshot import whole
from mls.victims import (
    MALLORY,
    check_followed,
    check_refused,
    check_unharmed,
    proposed,
)
from tree.members import NOW, SUITE, refused

from mimi.codec import encode
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError
from mimi.mls import (
    ApplicationFraming,
    Client,
    ComponentID,
    KnownIdentities,
    PublicGroup,
    Settings,
    agreement,
    app_data,
    application_framing,
    safe_aad,
    safe_aad_of,
)
from mimi.mls.components import COMPONENT_GREASE, component_of, dictionary
from mimi.mls.errors import CredentialRefusedError, MessageSignatureError
from mimi.mls.negotiation import MediaType, Parameter, app_components, safe_aad_components
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential
from mimi.tree.leaf import Capabilities
from mimi.tree.multicredential import MultiCredential, WeakMultiCredential, sign_binding

# Components anywhere (sections 5.1 and 7.5)

ANYWHERE = (*(ComponentID(number) for number in range(8)), NOTES, ComponentID(0x7B7B))
"""Components of the draft, of the application and of nobody, each with data that means nothing."""
LISTS = {1, 2, 3}
"""Those whose data the draft itself reads in leaves and groups."""


def anything(components: tuple[ComponentID, ...] = ANYWHERE) -> dict[int, bytes]:
    return {int(at): b"anything" for at in components if at not in LISTS}


@pytest.mark.parametrize(
    "components", [ANYWHERE, tuple(map(ComponentID, COMPONENT_GREASE))], ids=["any", "GREASE"]
)
def test_unknown_components_are_ignored_wherever_they_may_stand(components):
    """In the lists of a leaf, and in the dictionaries of leaf, key package and group info."""
    known = app_components((LEAF,))
    leaf = agreement(
        components={*known, *components}, safe_aad=components, data=anything(components).items()
    )
    beside = dictionary(anything(components))
    at = polling()
    ida, wire = member("Ida", (leaf,)).key_package(now=NOW, extensions=(beside,))
    draft = at.bob.commit(add=[wire], group_info_extensions=(beside,), now=NOW)
    alice = check_followed(at, draft.commit)
    _, group = ida.join(draft.welcome, now=NOW).accept()
    assert group.epoch_authenticator == alice.epoch_authenticator
    said = app_data(alice.members[3].leaf_node.extensions)
    assert anything(components).items() <= said.items()
    info = draft.accept().group_info(extensions=(beside,))
    for joined in (member("Heidi").join_externally(info, now=NOW).accept(), group):
        assert set(components) <= app_components(joined.members[3].leaf_node.extensions)
    assert PublicGroup.from_group_info(info, now=NOW).context == group.context


def test_a_component_may_stand_anywhere():
    """The registry says where each is meant to stand, which is for applications to enforce."""
    at = polling(dictionary(anything((ComponentID(5), ComponentID(0x7B7B)))), required=False)
    assert component_of(at.alice.extensions, 0x7B7B) == b"anything"
    leaf, beside = agreement(data=anything().items()), dictionary(anything())
    add = package("Ida", leaf=(leaf,))
    draft = at.bob.commit(add=[add], group_info_extensions=(beside,), now=NOW)
    check_followed(at, draft.commit)
    wire = at.attacker.commit(leaf=changing(extensions=(leaf,)))
    assert component_of(check_followed(at, wire).members[MALLORY].leaf_node.extensions, 4)
    for number in (*ANYWHERE, *map(ComponentID, COMPONENT_GREASE)):
        alice, bob = at.alice.component(number), at.bob.component(number)
        bob.verify(at.alice.leaf_index, b"label", b"content", alice.sign(b"label", b"content"))
        sealed = alice.encrypt_to(at.bob.leaf_index, b"label", b"", b"content")
        assert bob.decrypt(b"label", b"", sealed) == b"content"
        (_, one), (_, other) = at.alice.safe_export(number), at.bob.safe_export(number)
        assert one.reveal() == other.reveal()
    items = anything((*ANYWHERE, ComponentID(0x0A0A)))
    safe = polling(agreement(safe_aad=()))
    _, wire = safe.bob.protect(b"data", safe_aad(items.items()))
    (event,) = safe.alice.receive(wire, now=NOW).events
    assert safe_aad_of(safe.alice.extensions, event.aad) == items
    assert safe_aad_components(safe.alice.extensions) == frozenset()


# Framing (section 6.2.4)

FRAMED = agreement(media_types=(PLAIN,))
KIND = MediaType(b"text/plain", (Parameter(b"charset", b"UTF-8"),))


@pytest.mark.parametrize(
    "data",
    [
        b"\x0atext/plain\x03\x01a\x01b\0",
        b"\x0atext/plain\x02\x01a\x01b\0",
        application_framing(b"hello", KIND)[:-1],
        application_framing(b"hello", KIND) + b"\0",
    ],
    ids=["a parameter too long", "a name alone", "cut", "something behind"],
)
def test_application_data_is_framed_to_the_octet(data):
    at = polling(FRAMED)
    wire = at.attacker.send(data, PRIVATE)
    before = whole(at.alice)
    with pytest.raises(MalformedError) as caught:
        at.alice.receive(wire, now=NOW)
    assert type(caught.value) is MalformedError
    assert caught.value.path.startswith("ApplicationFraming")
    assert whole(at.alice) == before
    check_unharmed(at, at.alice)
    good = at.attacker.send(encode(ApplicationFraming(KIND, b"hello")), PRIVATE)
    assert at.alice.receive(good, now=NOW).events[0].data == application_framing(b"hello", KIND)


# SelfRemove (section 6.3.1)


def test_a_service_validates_a_self_remove():
    """All but the membership tag, which it cannot."""
    at = polling()
    forged = at.attacker.send(ME, how=Deviation(signature=zeros))
    check_refused(at, forged, MessageSignatureError)
    untagged = at.attacker.send(ME, how=Deviation(membership=zeros))
    assert [item.proposal for item in proposed(at.public, untagged).pending] == [ME]


# Multi-credentials (section 6.5.2)


@pytest.mark.parametrize("kind", [MultiCredential, WeakMultiCredential])
def test_bindings_are_shown_to_who_judges_credentials(kind):
    """Where they come in: in a group that one joins, and to those who are there."""
    entropy = SeededEntropy(b"judged")
    signer = SUITE.generate_signature_key(entropy)
    named = SUITE.generate_signature_key(entropy.fork(b"named"))
    binding = sign_binding(SUITE, BasicCredential(b"Eve"), named, signer.public)
    able = Capabilities(cipher_suites=(SUITE.code,), credentials=(CredentialType.BASIC, kind.tag))
    plain = Settings(grease=False)

    def client(credential, **options) -> Client:
        return Client.create(
            credential, SUITE, capabilities=able, settings=plain, entropy=entropy, **options
        )

    alice = client(BasicCredential(b"Alice")).create_group(now=NOW)
    public = PublicGroup.from_group_info(alice.group_info(), now=NOW)
    join = client(kind((binding,)), signer=signer).join_externally(alice.group_info(), now=NOW)
    joined = client(BasicCredential(b"Bob")).join_externally(join.accept().group_info(), now=NOW)
    judge = KnownIdentities().with_key(b"Eve", signer.public)
    judge = judge.with_key(b"Alice", alice.leaf_node.signature_key)
    for checks in (
        *(group.receive(join.commit, now=NOW).events[0].credentials for group in (alice, public)),
        joined.credentials,
    ):
        shown = [check for check in checks if check.bindings]
        assert [check.bindings for check in shown] == [(binding,)]
        with refused(CredentialRefusedError, role=shown[0].role, leaf=1):
            judge.check(checks)
