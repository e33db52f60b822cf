"""What members agree to understand (draft-ietf-mls-extensions-10 sections 5 and 6.2)."""

from typing import Any

import pytest
from mls.attacker import OTHER_KEY, Attacker, Deviation, changing
from mls.inviter import invited, refuses, wire_of, with_package
from mls.polls import (
    CAPABLE,
    FORMAT,
    FORMATS,
    KNOWING,
    KNOWN,
    LEAF,
    MARKDOWN,
    NOTES,
    PLAIN,
    POLL,
    UPDATES,
    joiner,
    member,
    package,
    polling,
    update,
)
from mls.proposals import FRESH
from mls.victims import MALLORY, SENDERS, check_followed, check_refused, followed
from tree.members import NOW, SUITE, Group, content_of, refused

from mimi.codec import decode, encode, replace
from mimi.errors import MalformedError, MimiError
from mimi.mls import LeafChange, PublicGroup
from mimi.mls.codepoints import WireFormat
from mimi.mls.component_errors import (
    RequiredComponentError,
    RequiredMediaTypeError,
    RequiredSafeAADError,
    RequiredWireFormatError,
)
from mimi.mls.components import (
    COMPONENT_GREASE,
    REQUIRED_WIRE_FORMATS,
    SUPPORTED_WIRE_FORMATS,
    ComponentID,
    app_data,
    dictionary,
)
from mimi.mls.negotiation import (
    ApplicationFraming,
    ComponentsList,
    MediaType,
    MediaTypeList,
    Needs,
    Parameter,
    WireFormats,
    agreement,
    app_components,
    check_media_types,
    check_negotiated,
    media_types,
    safe_aad,
    same_requirements,
    wire_formats,
)
from mimi.mls.proposal import Add, GroupContextExtensions, Update
from mimi.tree.extension import Extension, Extensions, extension
from mimi.tree.leaf import LeafNode, UpdateSource, sign_leaf
from mimi.tree.math import LeafIndex

REQUIRED_FORMAT = extension(REQUIRED_WIRE_FORMATS, WireFormats((FORMAT,)))

Case = tuple[Extension, Extensions, type[MimiError], dict[str, Any]]

LACKING: dict[str, Case] = {
    "a component": (
        agreement(components=(POLL,)),
        (agreement(components=(NOTES,), safe_aad=(POLL,)), FORMATS),
        RequiredComponentError,
        {"component": POLL},
    ),
    "all components": (
        agreement(components=(POLL,)),
        (agreement(components=()), FORMATS),
        RequiredComponentError,
        {"component": POLL},
    ),
    "a component in the safe AAD": (
        agreement(safe_aad=(POLL, NOTES)),
        (agreement(components=KNOWN, safe_aad=(POLL,)), FORMATS),
        RequiredSafeAADError,
        {"component": NOTES},
    ),
    "safe AAD": (
        agreement(safe_aad=(POLL,)),
        (agreement(components=KNOWN),),
        RequiredSafeAADError,
        {"component": POLL},
    ),
    "a wire format": (
        REQUIRED_FORMAT,
        (LEAF, extension(SUPPORTED_WIRE_FORMATS, WireFormats((WireFormat(0xF1F2),)))),
        RequiredWireFormatError,
        {"wire_format": FORMAT},
    ),
    "all wire formats": (
        REQUIRED_FORMAT,
        (LEAF,),
        RequiredWireFormatError,
        {"wire_format": FORMAT},
    ),
}
lacking = pytest.mark.parametrize(
    ("required", "leaf", "kind", "where"), LACKING.values(), ids=LACKING
)

ITEMS = safe_aad([(POLL, b"said beside")])
SAFE = Deviation(aad=ITEMS)
"""An attacker who keeps to the framing of authenticated data."""

GREASE = tuple(map(ComponentID, COMPONENT_GREASE))


def context(required: Extension) -> Extensions:
    """Return the group's extensions when it requires something."""
    return (SENDERS, UPDATES, required)


# Who lacks what is required


@lacking
def test_nobody_creates_a_group_that_requires_what_it_lacks(required, leaf, kind, where):
    with refused(kind, leaf=0, **where):
        member("Ida", leaf).create_group(now=NOW, extensions=(required,))
    member("Ida").create_group(now=NOW, extensions=(required,))


@lacking
def test_nobody_is_added_who_lacks_it(required, leaf, kind, where):
    at, add = polling(required), Add(package("Ida", leaf=leaf))
    check_refused(at, at.attacker.commit(add, aad=ITEMS), kind, leaf=3, **where)
    with refused(kind, leaf=3, **where):
        at.bob.commit(add=[add.key_package], now=NOW)
    at = at.heard(
        at.attacker.send(add, how=SAFE)
    )  # alone it is no fault: the group may ask for less
    assert [item.proposal for item in at.bob.commit(now=NOW).left_out] == [add]


@lacking
def test_nobody_updates_to_what_lacks_it(required, leaf, kind, where):
    at = polling(required)
    content = content_of(
        at.mallory.leaf_node,
        extensions=leaf,
        encryption_key=FRESH.public,
        leaf_node_source=UpdateSource(),
    )
    signed = sign_leaf(SUITE, content, at.mallory.signer, b"victims", MALLORY)
    at = at.heard(at.attacker.send(Update(signed), how=SAFE))
    (reference,) = at.alice.state.proposals
    wire = Attacker.inside(at.bob).commit(reference, aad=ITEMS)
    check_refused(at, wire, kind, leaf=MALLORY, **where)
    assert len(at.bob.commit(now=NOW).left_out) == 1


@lacking
def test_nobody_commits_and_lacks_it(required, leaf, kind, where):
    at = polling(required)
    wire = at.attacker.commit(leaf=changing(extensions=leaf), aad=ITEMS)
    check_refused(at, wire, kind, leaf=MALLORY, **where)
    change = LeafChange(capabilities=CAPABLE, extensions=leaf)
    with refused(kind, leaf=1, **where):
        at.bob.commit(leaf=change, now=NOW)


@lacking
def test_nobody_joins_by_a_commit_and_lacks_it(required, leaf, kind, where):
    at = polling(required)
    newcomer, init = joiner(at)
    attack = changing(extensions=leaf, signature_key=OTHER_KEY.public)
    check_refused(
        at, newcomer.commit(init, leaf=attack, signer=OTHER_KEY, aad=ITEMS), kind, leaf=3, **where
    )
    with refused(kind, leaf=3, **where):
        member("Ida", leaf).join_externally(at.alice.group_info(), now=NOW)


@lacking
def test_no_group_asks_for_what_a_member_lacks(required, leaf, kind, where):
    """By GroupContextExtensions, or by AppDataUpdate where it is a component."""
    at, ida = polling(required=False), member("Ida", leaf)
    draft = at.bob.commit(add=[ida.key_package(now=NOW)[1]], now=NOW)
    extended = [
        GroupContextExtensions((SENDERS, required)),
        *(update(number, data) for number, data in app_data((required,)).items() if data != b"\0"),
    ]
    groups = followed(at.alice, draft.commit), followed(at.public, draft.commit)
    bob = draft.accept()
    for proposal in extended:
        wire = Attacker.inside(bob).commit(proposal, how=KNOWING)
        for group in groups:
            with refused(kind, leaf=3, **where):
                group.receive(wire, now=NOW)
        with refused(kind, leaf=3, **where):
            bob.commit(proposals=[proposal], now=NOW)


@lacking
def test_no_group_is_joined_whose_members_lack_it(required, leaf, kind, where):
    """By a Welcome, by a commit, and by who just follows: the inviter may be an attacker."""
    who, offer = with_package(member("Ida"))
    group = Group(SUITE)
    first = group.signed(LeafIndex(0), capabilities=CAPABLE, extensions=(LEAF, FORMATS))
    group.tree = group.with_node(0, first)
    group.add(extensions=leaf, capabilities=CAPABLE)
    genuine = invited(offer, group, path=False)
    wrong = genuine.but(context={"extensions": (required,)})
    refuses(who, wrong, genuine, kind, leaf=1, **where)
    info = wire_of(wrong.group_info())
    with refused(kind, leaf=1, **where):
        PublicGroup.from_group_info(info, now=NOW)
    with refused(kind, leaf=1, **where):
        member("Heidi").join_externally(info, now=NOW)


@lacking
def test_whoever_has_it_does_all_that(required, leaf, kind, where):
    at = polling(required)
    draft = at.bob.commit(add=[package("Grace")], now=NOW)
    check_followed(at, draft.commit)
    newcomer, init = joiner(at)
    check_followed(at, newcomer.commit(init, aad=ITEMS))
    erin = at.erin.propose_update(now=NOW)[1]
    after = at.heard(erin)
    check_followed(after, after.bob.commit(now=NOW).commit)


# What counts


def test_grease_is_ignored_and_is_no_support():
    """Even if everybody lists a value, and even in the group's own list."""
    everything = agreement(components=(*KNOWN, *GREASE), safe_aad=(POLL, NOTES, *GREASE))
    needs = Needs.of_leaf((everything, FORMATS))
    assert needs == Needs.of_leaf((LEAF, FORMATS))
    with refused(RequiredComponentError, leaf=0, component=GREASE[0]):
        member("Ida", (everything,)).create_group(
            now=NOW, extensions=(agreement(components=GREASE[:1]),)
        )
    with refused(RequiredSafeAADError, leaf=0, component=GREASE[3]):
        member("Ida", (everything,)).create_group(
            now=NOW, extensions=(agreement(safe_aad=GREASE[3:4]),)
        )


def test_numbers_that_nobody_knows_do_no_harm():
    unknown = ComponentID(0x7B7B), ComponentID(0x8A8A)  # the second for private use
    at = polling(agreement(components=(POLL,)))
    leaf = agreement(components=(*KNOWN, *unknown), safe_aad=unknown, data=[(0x7B7B, b"?")])
    draft = at.bob.commit(add=[package("Ida", leaf=(leaf, FORMATS))], now=NOW)
    check_followed(at, draft.commit)
    member("Ida", (leaf,)).create_group(now=NOW, extensions=(agreement(components=unknown),))


def test_default_wire_formats_are_not_listed_and_always_there():
    default = extension(REQUIRED_WIRE_FORMATS, WireFormats((WireFormat.MLS_PRIVATE_MESSAGE,)))
    assert member("Ida", (LEAF,)).create_group(now=NOW, extensions=(default,)).epoch == 0


def test_a_group_may_ask_for_less():
    at = polling(agreement(components=(POLL, NOTES)), required=False)
    less = GroupContextExtensions((SENDERS, agreement(components=(NOTES,))))
    add = Add(package("Ida", leaf=(agreement(components=(NOTES,)),)))
    after = check_followed(at, at.attacker.commit(less, add))
    assert len(after.members) == 5


def test_only_leaves_that_change_are_looked_at_while_nothing_else_is_required():
    """A walk of the whole tree for every commit would cost more than the commit."""

    class Leaf:
        """A leaf that must not be read."""

        extensions = property(lambda self: pytest.fail("read"))

    at = polling(agreement(components=(POLL,)))
    assert same_requirements(at.alice.extensions, at.alice.extensions)
    changed = polling(agreement(components=(POLL,)), Extension(REQUIRED_WIRE_FORMATS, b"\0"))
    assert not same_requirements(at.alice.extensions, changed.alice.extensions)
    other = polling(agreement(components=(POLL,), data=[(NOTES, b"x")]))
    assert same_requirements(at.alice.extensions, other.alice.extensions)
    with pytest.raises(pytest.fail.Exception):
        check_negotiated([(LeafIndex(0), Leaf())], at.alice.extensions)
    check_negotiated([], at.alice.extensions)


# What does not parse

MALFORMED: dict[str, Extension] = {
    "app_components": dictionary({1: b"\1\0"}),
    "app_components with more": dictionary({1: b"\2\0\1\0"}),
    "safe_aad": dictionary({2: b""}),
    "content_media_types": dictionary({3: b"\3abc"}),
    "no media type": dictionary({3: b"\0"}),
}
malformed = pytest.mark.parametrize("wrong", MALFORMED.values(), ids=MALFORMED)
IN_LEAVES = {
    **MALFORMED,
    "supported_wire_formats": Extension(SUPPORTED_WIRE_FORMATS, b"\1\0"),
}


@pytest.mark.parametrize("wrong", IN_LEAVES.values(), ids=IN_LEAVES)
def test_a_leaf_whose_lists_do_not_parse(wrong):
    """It is refused when it comes, not when the group asks for something."""
    at = polling()
    check_refused(at, at.attacker.commit(leaf=changing(extensions=(wrong,))), MalformedError)
    newcomer, init = joiner(at)
    attack = changing(extensions=(wrong,), signature_key=OTHER_KEY.public)
    check_refused(at, newcomer.commit(init, leaf=attack, signer=OTHER_KEY), MalformedError)
    with pytest.raises(MalformedError):
        member("Ida", (wrong,)).key_package(now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [*MALFORMED.values(), Extension(REQUIRED_WIRE_FORMATS, b"\1\0")],
    ids=[*MALFORMED, "required_wire_formats"],
)
def test_a_group_whose_lists_do_not_parse(wrong):
    at = polling(required=False)
    proposal = GroupContextExtensions((wrong,))
    check_refused(at, at.attacker.send(proposal), MalformedError)
    check_refused(at, at.attacker.commit(proposal), MalformedError)
    with pytest.raises(MalformedError):
        member("Ida").create_group(now=NOW, extensions=(wrong,))


# Media types (section 6.2)


def kind(text: str) -> MediaType:
    """Return a media type, as text/plain;charset=UTF-8."""
    name, *parameters = text.split(";")
    pairs = (each.split("=") for each in parameters)
    return MediaType(
        name.encode(), tuple(Parameter(at.encode(), value.encode()) for at, value in pairs)
    )


def reading(*kinds: str) -> Extensions:
    return (agreement(media_types=map(kind, kinds)),)


def leaf_of(extensions: Extensions) -> LeafNode:
    return replace(package("Grace").leaf_node, extensions=extensions)


@pytest.mark.parametrize(
    ("required", "read", "agreed"),
    [
        (["text/plain"], ["text/plain"], True),
        (["text/plain"], ["TEXT/Plain"], True),
        (["text/plain;charset=UTF-8"], ["text/plain;CharSet=UTF-8"], True),
        (["text/plain;charset=UTF-8"], ["text/plain;charset=utf-8"], False),
        (["text/plain;charset=UTF-8"], ["text/plain"], False),
        (["text/plain"], ["text/plain;charset=UTF-8"], False),
        (["a/b;x=1;y=2"], ["a/b;y=2;x=1"], True),
        (["text/plain", "image/png"], ["image/png", "text/plain", "a/b"], True),
        (["text/plain", "image/png"], ["image/png"], False),
        (["text/plain"], [], False),
        ([], ["text/plain"], True),
    ],
)
def test_media_types_are_compared_without_case_but_for_values(required, read, agreed):
    leaves = [(LeafIndex(7), leaf_of(reading(*read)))]
    if agreed:
        check_media_types(leaves, reading(*required))
    else:
        with refused(RequiredMediaTypeError, leaf=7):
            check_media_types(leaves, reading(*required))


def test_a_committer_takes_care_that_all_read_the_media_types():
    at = polling(agreement(media_types=(PLAIN,)))
    mute = package("Ida", leaf=(agreement(components=KNOWN),))
    with refused(RequiredMediaTypeError, leaf=3, media_type=PLAIN):
        at.bob.commit(add=[mute], now=NOW)
    heard = at.heard(at.attacker.send(Add(mute)))
    assert [item.proposal for item in heard.bob.commit(now=NOW).left_out] == [Add(mute)]
    with refused(RequiredMediaTypeError, leaf=0):
        at.bob.commit(proposals=[update(3, encode(MediaTypeList((kind("a/b"),))))], now=NOW)
    with refused(RequiredMediaTypeError, leaf=0):
        member("Ida", ()).create_group(now=NOW, extensions=(agreement(media_types=(PLAIN,)),))
    with refused(RequiredMediaTypeError, leaf=3):
        member("Ida", ()).join_externally(at.alice.group_info(), now=NOW)


def test_a_receiver_does_not_for_the_committer_may_know_more():
    """And whoever commits next is not kept from it by a leaf that was there before."""
    at = polling(agreement(media_types=(PLAIN,)))
    mute = Add(package("Ida", leaf=(agreement(components=KNOWN),)))
    wire = at.attacker.commit(mute)
    alice, public = check_followed(at, wire), followed(at.public, wire)
    draft = alice.commit(now=NOW)
    assert followed(public, draft.commit).context == draft.accept().context


def test_the_media_types_of_leaves_and_groups():
    assert media_types((LEAF,)) == (PLAIN, MARKDOWN)
    assert media_types(()) == ()
    assert media_types((dictionary({}),)) == ()
    assert app_components((LEAF,)) == frozenset(KNOWN)
    assert wire_formats((FORMATS,), required=False) == {FORMAT}
    assert wire_formats((FORMATS,), required=True) == frozenset()


def test_the_structures_on_the_wire():
    """The draft's example of text/plain, and the lists."""
    assert encode(kind("text/plain;charset=UTF-8")) == (
        b"\x0atext/plain" + b"\x0e" + b"\7charset" + b"\5UTF-8"
    )
    assert encode(ApplicationFraming(MediaType(b""), b"hi")) == b"\0\0\2hi"
    assert encode(ComponentsList((ComponentID(1), POLL))) == b"\4\0\1\x80\1"
    assert encode(WireFormats((FORMAT,))) == b"\2\xf1\xf1"
    assert decode(MediaTypeList, encode(MediaTypeList((PLAIN,)))).media_type_list == (PLAIN,)
    assert agreement(components=(POLL, 1), safe_aad=()).extension_data == (
        b"\x0c" + b"\0\1\5\4\0\1\x80\1" + b"\0\2\1\0"
    )
