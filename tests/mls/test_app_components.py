"""app_data_dictionary wherever it may stand (draft-ietf-mls-extensions-10 sections 4.6 and 5.1)."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mls.attacker import OTHER_KEY, changing
from mls.inviter import client as stranger
from mls.inviter import invited, refuses, with_package
from mls.meeting import gathered
from mls.polls import (
    CAPABLE,
    COMPONENTS,
    LEAF,
    POLL,
    STRICT,
    joiner,
    member,
    package,
    polling,
    said,
)
from mls.proposals import FRESH, packed
from mls.victims import BASE, COMMON, MALLORY, check_followed, check_refused
from tree.members import NOW, SUITE, Group, content_of, refused

from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError
from mimi.mls import Client, GroupInfo, LeafChange, MLSMessage, PublicGroup, Settings
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    COMPONENT_GREASE,
    LAST_RESORT,
    ComponentID,
    app_data,
    component_of,
    dictionary,
    is_grease_component,
    is_last_resort,
    with_components,
)
from mimi.mls.errors import CapabilitiesError
from mimi.mls.grease import grease_extensions, grease_leaf
from mimi.mls.group import read_key_package
from mimi.mls.negotiation import ComponentsList, agreement, app_components, safe_aad_components
from mimi.mls.proposal import Add, GroupContextExtensions, Update
from mimi.mls.welcome import sign_group_info
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension, ExternalPub, extension, find
from mimi.tree.leaf import Capabilities, UpdateSource, sign_leaf
from mimi.tree.math import LeafIndex

BAD = {
    "unsorted": "088002 01 618001 01 62",
    "repeated": "088001 01 618001 01 61",
    "repeated and empty": "068001 008001 00",
    "cut": "058001 01 61 80",
    "too short for itself": "038001 01",
    "longer than it says": "048001 01 6100",
    "a length that is not minimal": "068001 4001 6100",
    "empty": "",
}
bad = pytest.mark.parametrize("octets", [bytes.fromhex(each) for each in BAD.values()], ids=BAD)
LISTING = replace(BASE, extensions=(COMMON, APP_DATA_DICTIONARY))


def broken(octets: bytes) -> Extension:
    return Extension(APP_DATA_DICTIONARY, octets)


# A dictionary that is none, in every place


@bad
def test_in_a_group_context_that_extensions_bring(octets):
    at, proposal = polling(required=False), GroupContextExtensions((broken(octets),))
    check_refused(at, at.attacker.send(proposal), MalformedError)
    check_refused(at, at.attacker.commit(proposal, covered=()), MalformedError)
    with pytest.raises(MalformedError):
        at.bob.commit(extensions=proposal.extensions, now=NOW)


@bad
def test_in_a_group_context_of_ones_own(octets):
    with pytest.raises(MalformedError):
        member("Ida").create_group(now=NOW, extensions=(broken(octets),))


@bad
def test_in_the_leaf_of_a_key_package(octets):
    at, key = polling(required=False), member("Heidi").signer
    leaf = content_of(package("Heidi").leaf_node, extensions=(broken(octets),))
    add = Add(packed(sign_leaf(SUITE, leaf, key), key))
    check_refused(at, at.attacker.send(add), MalformedError)
    check_refused(at, at.attacker.commit(add), MalformedError)
    with pytest.raises(MalformedError):
        at.bob.commit(add=[add.key_package], now=NOW)


@bad
def test_in_a_key_package(octets):
    at, key = polling(required=False), member("Heidi").signer
    add = Add(packed(package("Heidi").leaf_node, key, extensions=(broken(octets),)))
    check_refused(at, at.attacker.send(add), MalformedError)
    check_refused(at, at.attacker.commit(add), MalformedError)
    with pytest.raises(MalformedError):
        member("Heidi").key_package(now=NOW, extensions=(broken(octets),))


@bad
def test_in_the_leaf_of_an_update(octets):
    at = polling(required=False)
    content = content_of(
        at.mallory.leaf_node,
        extensions=(broken(octets),),
        encryption_key=FRESH.public,
        leaf_node_source=UpdateSource(),
    )
    leaf = sign_leaf(SUITE, content, at.mallory.signer, b"victims", MALLORY)
    check_refused(at, at.attacker.send(Update(leaf)), MalformedError)
    with pytest.raises(MalformedError):
        at.bob.propose_update(
            LeafChange(capabilities=CAPABLE, extensions=(broken(octets),)), now=NOW
        )


@bad
def test_in_the_leaf_of_a_committer(octets):
    at = polling(required=False)
    leaf = changing(extensions=(broken(octets),))
    check_refused(at, at.attacker.commit(leaf=leaf), MalformedError)
    change = LeafChange(capabilities=CAPABLE, extensions=(broken(octets),))
    with pytest.raises(MalformedError):
        at.bob.commit(leaf=change, now=NOW)


@bad
def test_in_the_leaf_of_who_joins_by_a_commit(octets):
    at = polling(required=False)
    newcomer, init = joiner(at)
    leaf = changing(extensions=(broken(octets),), signature_key=OTHER_KEY.public)
    wire = newcomer.commit(init, leaf=leaf, signer=OTHER_KEY)
    check_refused(at, wire, MalformedError)
    with pytest.raises(MalformedError):
        member("Heidi", (broken(octets),)).join_externally(at.alice.group_info(), now=NOW)


@bad
def test_in_a_group_info(octets):
    at = polling(required=False)
    info = decode(MLSMessage, at.alice.group_info()).body
    assert isinstance(info, GroupInfo)
    signed = sign_group_info(
        SUITE,
        info.group_context,
        (*info.extensions, broken(octets)),
        info.confirmation_tag,
        info.signer,
        at.alice.signer,
    )
    wire = encode(MLSMessage(signed))
    with pytest.raises(MalformedError):
        PublicGroup.from_group_info(wire, now=NOW)
    with pytest.raises(MalformedError):
        at.public.with_group_info(wire)
    with pytest.raises(MalformedError):
        member("Heidi").join_externally(wire, now=NOW)
    with pytest.raises(MalformedError):
        at.alice.group_info(extensions=(broken(octets),))
    with pytest.raises(MalformedError):
        at.alice.commit(add=[package("Grace")], group_info_extensions=(broken(octets),), now=NOW)


@cache
def invitation(*leaf: Extension):
    """Return who is invited and the invitation to a group whose second leaf says something."""
    who = stranger(b"Dave")
    capable = Capabilities(cipher_suites=(SUITE.code,), extensions=(APP_DATA_DICTIONARY,))
    who, offer = with_package(attrs_evolved(who, capable))
    group = Group(SUITE)
    group.tree = group.with_node(0, group.signed(LeafIndex(0), capabilities=capable))
    group.add(extensions=leaf, capabilities=capable)
    return who, invited(offer, group, path=False)


def attrs_evolved(who: Client, capabilities: Capabilities) -> Client:
    """Return the client with other capabilities, and keys of its own."""
    return Client.create(
        who.credential,
        SUITE,
        capabilities=capabilities,
        entropy=SeededEntropy(b"evolved"),
        settings=Settings(grease=False, components=COMPONENTS),
    )


@bad
def test_in_a_group_to_which_one_is_invited(octets):
    who, genuine = invitation()
    with pytest.raises(MalformedError):
        who.join(genuine.but(context={"extensions": (broken(octets),)}).wire(), now=NOW)
    with pytest.raises(MalformedError):
        who.join(genuine.but(extensions=(broken(octets),)).wire(), now=NOW)
    other, wrong = invitation(broken(octets))
    with pytest.raises(MalformedError) as caught:
        other.join(wrong.wire(), now=NOW)
    assert caught.value.path.startswith("ratchet_tree[2].")
    who.join(genuine.wire(), now=NOW)


# What was not agreed upon by updates is checked by its component


def test_a_group_is_not_created_with_what_a_component_refuses():
    with refused(ComponentRefusalError):
        member("Ida").create_group(now=NOW, extensions=(dictionary({POLL: b"no votes"}),))


def test_a_group_is_not_joined_with_what_a_component_refuses():
    """By a Welcome, by a commit, or just followed; a component that nobody knows says anything."""
    data = dictionary({POLL: b"no votes", 0x9999: b"anything"})
    who, genuine = invitation()
    wrong = genuine.but(context={"extensions": (data,)})
    refuses(who, wrong, genuine, ComponentRefusalError)
    ignorant = member("Ida", components={})
    group = ignorant.create_group(now=NOW, extensions=(data,))
    wire = group.group_info()
    with refused(ComponentRefusalError):
        PublicGroup.from_group_info(wire, now=NOW, components=COMPONENTS)
    with refused(ComponentRefusalError):
        member("Heidi").join_externally(wire, now=NOW)
    assert said(PublicGroup.from_group_info(wire, now=NOW))[0x9999] == b"anything"


# What a group info says to new members


def test_a_welcome_may_carry_data_for_those_who_join():
    room, alice, _ = gathered(2)
    capable = Capabilities(cipher_suites=(SUITE.code,), extensions=(APP_DATA_DICTIONARY,))
    carol = Client.create(
        BasicCredential(b"carol"), SUITE, capabilities=capable, entropy=SeededEntropy(b"carol")
    )
    carol, offer = carol.key_package(now=NOW)
    told = dictionary({POLL: b"for Carol alone"})
    draft = alice.group.commit(add=[offer], group_info_extensions=(told,), now=NOW)
    staged = carol.join(draft.welcome, now=NOW)
    assert component_of(staged.group_info_extensions, POLL) == b"for Carol alone"
    assert find(staged.context.extensions, APP_DATA_DICTIONARY) is None
    info = decode(MLSMessage, draft.accept().group_info(extensions=(told,))).body
    assert component_of(info.extensions, POLL) == b"for Carol alone"
    assert room.settings.grease
    assert any(map(is_grease_component, app_data(info.extensions)))


# What a leaf says of itself


def test_whoever_supports_the_dictionary_says_which_components_it_knows():
    leaf = package("Ida", leaf=()).leaf_node
    assert app_components(leaf.extensions) == {1, 2, 3, 5, *COMPONENTS}
    assert list(app_data(leaf.extensions)) == [ComponentID.APP_COMPONENTS]
    draft = member("Heidi", ()).join_externally(polling().alice.group_info(), now=NOW)
    (event,) = polling().alice.receive(draft.commit, now=NOW).events
    assert app_components(event.added[0].leaf_node.extensions) == {1, 2, 3, 5, *COMPONENTS}


def test_what_the_application_says_of_it_stands():
    leaf = package("Ida", leaf=(agreement(components=[1, 2, POLL]),)).leaf_node
    assert app_components(leaf.extensions) == {1, 2, POLL}
    other = package("Ida", leaf=(dictionary({STRICT: b"only data"}),)).leaf_node
    assert component_of(other.extensions, STRICT) == b"only data"
    assert app_components(other.extensions) == {1, 2, 3, 5, *COMPONENTS}


def test_whoever_does_not_support_it_says_nothing():
    assert package("Ida", leaf=(), capabilities=BASE).leaf_node.extensions == ()


def test_a_change_of_the_leaf_says_it_too():
    group = polling().bob
    change = LeafChange(capabilities=CAPABLE, extensions=())
    after = group.commit(leaf=change, now=NOW).accept()
    assert app_components(after.leaf_node.extensions) == {1, 2, 3, 5, *COMPONENTS}
    kept = group.commit(leaf=LeafChange(signer=OTHER_KEY), now=NOW).accept()
    assert kept.leaf_node.extensions == group.leaf_node.extensions


def test_a_key_package_of_last_resort_keeps_what_else_its_dictionary_says():
    who, wire = member("Ida").key_package(
        now=NOW, last_resort=True, extensions=(dictionary({POLL: b"said"}),)
    )
    extensions = read_key_package(wire).extensions
    assert app_data(extensions) == {POLL: b"said", ComponentID.LAST_RESORT_KEY_PACKAGE: b""}
    assert is_last_resort(extensions)
    assert LAST_RESORT.keys() == {4}
    assert len(who.key_packages) == 1


# GREASE (section 5.1)


def greased(numbers) -> set[int]:
    return set(filter(is_grease_component, numbers))


def listed(extensions, component: int) -> set[int]:
    return set(decode(ComponentsList, component_of(extensions, component)).component_ids)


def test_it_is_in_each_place_that_would_be_there_anyway():
    places = {"leaf": set(), "app_components": set(), "safe_aad": set(), "package": set()}
    who = member("Ida", grease=True)
    for _ in range(80):
        who, wire = who.key_package(now=NOW, last_resort=True)
        offer = read_key_package(wire)
        leaf = offer.leaf_node.extensions
        for place, found in (
            ("leaf", app_data(leaf)),
            ("app_components", listed(leaf, ComponentID.APP_COMPONENTS)),
            ("safe_aad", listed(leaf, ComponentID.SAFE_AAD)),
            ("package", app_data(offer.extensions)),
        ):
            assert len(greased(found)) == 1, place
            places[place] |= greased(found)
        assert APP_DATA_DICTIONARY in offer.leaf_node.capabilities.extensions
        assert len(set(offer.leaf_node.capabilities.extensions)) == len(
            offer.leaf_node.capabilities.extensions
        )
    assert all(values == set(COMPONENT_GREASE) for values in places.values())


def test_there_are_eight_values_since_the_others_are_for_private_use():
    assert [f"{value:04X}" for value in COMPONENT_GREASE] == [
        f"{digit}A{digit}A" for digit in range(8)
    ]


def test_it_is_in_no_place_that_would_not_be_there():
    offer = package("Ida", leaf=(agreement(),), grease=True)
    said_there = app_data(offer.leaf_node.extensions)
    assert set(said_there) - greased(said_there) == {ComponentID.APP_COMPONENTS}
    assert find(offer.extensions, APP_DATA_DICTIONARY) is None
    plain = package("Ida", capabilities=BASE, leaf=(), grease=True)
    assert find(plain.leaf_node.extensions, APP_DATA_DICTIONARY) is None


def test_who_has_no_dictionary_draws_what_it_has_always_drawn():
    """Stored examples depend on it: what this seed gave before there were components."""
    common, entropy = Extension(COMMON, b""), SeededEntropy(b"draws")
    random = Extension(ExtensionType(0x3A3A), bytes.fromhex("da472479ef938be5bf"))
    assert grease_extensions((common,), entropy) == (random, common)
    capabilities, extensions = grease_leaf(BASE, (common,), entropy)
    assert extensions == (common, Extension(ExtensionType(0xCACA), bytes.fromhex("f0606f22f345")))
    assert encode(capabilities).hex() == "020001040001caca04cacaf101021a1a06000100027a7a"
    assert entropy(4).hex() == "c23a57a9"


def test_a_component_that_is_there_is_not_there_twice():
    everything = dict.fromkeys(COMPONENT_GREASE, b"") | {
        ComponentID.APP_COMPONENTS: encode(
            ComponentsList(tuple(map(ComponentID, COMPONENT_GREASE)))
        )
    }
    full = (dictionary(everything),)
    capabilities, extensions = grease_leaf(LISTING, full, SeededEntropy(b"twice"))
    assert app_data(extensions) == everything
    assert capabilities.extensions.count(APP_DATA_DICTIONARY) == 1


def test_a_group_whose_members_send_it_is_a_group_like_others():
    at = polling(grease=True)
    for group in (at.alice, at.public):
        assert not greased(app_data(group.extensions))
        for each in group.members:
            assert greased(app_data(each.leaf_node.extensions))
    check_followed(at, at.bob.commit(now=NOW).commit)


def test_a_leaf_of_grease_alone_is_sound():
    at = polling(required=False)
    extensions = (dictionary(dict.fromkeys(COMPONENT_GREASE, b"\xff")),)
    check_followed(at, at.attacker.commit(leaf=changing(extensions=extensions)))


def test_it_is_not_for_the_application_to_list():
    with refused(CapabilitiesError):
        Client.create(
            BasicCredential(b"Ida"),
            capabilities=replace(LISTING, extensions=(ExtensionType(0x0A0A),)),
        )


# A dictionary as a value


@given(
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=8),
    st.dictionaries(st.integers(0, 0xFFFF), st.none() | st.binary(max_size=300), max_size=4),
    st.integers(0, 0xFFFF),
)
def test_what_changes_is_as_if_the_whole_were_written_anew(before, changes, other):
    touched = dict(zip(sorted(before)[::2], changes.values(), strict=False))
    changes = {**changes, **touched}
    expected = {at: data for at, data in {**before, **changes}.items() if data is not None}
    (made,) = with_components((dictionary(before),), changes)
    assert made == dictionary(expected)
    (fresh,) = with_components((), changes)
    assert app_data((fresh,)) == {at: data for at, data in changes.items() if data is not None}
    for component in (*before, *changes, other):
        assert component_of((made,), component) == expected.get(component)


@pytest.mark.parametrize("size", [0, 63, 64, 16_383, 16_384, 70_000])
def test_lengths_of_one_two_and_four_octets(size):
    said_there = {1: b"first", POLL: bytes(size), 0xFFFF: b"last"}
    (made,) = with_components((dictionary({1: b"first", 0xFFFF: b"last"}),), {POLL: bytes(size)})
    assert made == dictionary(said_there)
    assert component_of((made,), 0xFFFF) == b"last"
    assert with_components((made,), {POLL: None}) == (dictionary({1: b"first", 0xFFFF: b"last"}),)


def test_a_dictionary_of_any_other_extension_is_none():
    other = extension(ExtensionType.EXTERNAL_PUB, ExternalPub(b"key"))
    assert app_data((other,)) == {}
    assert component_of((other,), 1) is None
    assert safe_aad_components((other,)) is None
    assert LEAF.extension_type == APP_DATA_DICTIONARY
