"""How tree and group info come to joiners (draft-mahy-mls-ratchet-tree-options-03)."""

import pytest
from mls.meeting import NAMES, PUBLIC, Room
from mls.receivers import (
    HubRoom,
    gathered_with_hub,
    group_info_with,
    receiver,
    refused_by,
    some_suites,
)
from mls.snapshot import whole
from tree.members import NOW, SUITE

from mimi.codec import decode, encode, replace
from mimi.errors import MalformedError, UsageError
from mimi.mls import GroupInfo, MLSMessage, PublicGroup, Settings
from mimi.mls.errors import (
    ClosedGroupError,
    GroupInfoSignatureError,
    MissingTreeError,
    StaleDraftError,
)
from mimi.mls.external_receivers import with_receivers
from mimi.mls.state import changed
from mimi.mls.tree_options import (
    RATCHET_TREE_SOURCE_DOMAINS,
    DomainList,
    FullRatchetTree,
    MissingGroupInfoError,
    OutOfBandRatchetTree,
    PartialGroupInfo,
    RatchetTreeDomainError,
    RatchetTreeOption,
    RatchetTreePresence,
    RatchetTreeURL,
    RatchetTreeURLError,
    ServedRatchetTree,
    TreeExtensionError,
    TreePresenceError,
    domains_extension,
    encoded_tree,
    full_tree,
    has_tree,
    source_domains,
    tree_at,
    tree_url,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, find

DOMAINS = (domains_extension(["trees.example", "Hub.Example."]),)
PLACE = "https://trees.example/of/a-meeting?epoch=1"


# Options


@some_suites
def test_a_tree_comes_in_full(suite):
    _, alice, _ = gathered_with_hub(2, suite)
    option = full_tree(alice.group.ratchet_tree)
    octets = encode(option, RatchetTreeOption)
    assert octets[0] == 1
    assert octets[1:] == alice.group.ratchet_tree
    assert encoded_tree(decode(RatchetTreeOption, octets)) == alice.group.ratchet_tree


@pytest.mark.parametrize(
    ("option", "octets"),
    [
        (RatchetTreeURL(b"https://a.example"), b"\x02\x11https://a.example\x00"),
        (RatchetTreeURL(b"u", b"sig"), b"\x02\x01u\x03sig"),
        (OutOfBandRatchetTree(), b"\x03\x00"),
        (OutOfBandRatchetTree(b"sig"), b"\x03\x03sig"),
        (ServedRatchetTree(), b"\x04"),
        (FullRatchetTree(()), b"\x01\x00"),
    ],
    ids=repr,
)
def test_how_options_are_encoded(option, octets):
    assert encode(option, RatchetTreeOption) == octets
    assert decode(RatchetTreeOption, octets) == option


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x05", b"\xff", b"\x04\x00", b"\x03"])
def test_what_is_no_option_is_malformed(octets):
    with pytest.raises(MalformedError):
        decode(RatchetTreeOption, octets)


def test_where_the_option_has_no_tree_it_comes_otherwise():
    room, alice, _ = gathered_with_hub(2, tree_in_welcome=False)
    (carol,) = room.enter("Carol")
    info = alice.group.group_info(tree=False)
    for option in (tree_at(PLACE, ()), OutOfBandRatchetTree(), ServedRatchetTree()):
        with refused_by(MissingTreeError):
            encoded_tree(option)
        tree = encoded_tree(option, alice.group.ratchet_tree)
        assert carol.client.join_externally(info, now=NOW, tree=tree).leaf_index == 2


# URLs and domains


def test_a_tree_is_fetched_from_the_domains_of_the_group():
    for url in (PLACE, "HTTPS://TREES.example./", "https://hub.example:8443/x#y"):
        option = tree_at(url, DOMAINS)
        assert tree_url(option, DOMAINS) == url
        assert option.tree_signature == b""
    assert tree_url(RatchetTreeURL(b"https://anywhere.example"), ()) == "https://anywhere.example"
    assert source_domains(DOMAINS) == (b"trees.example", b"Hub.Example.")
    assert source_domains(()) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/of",
        "https://sub.trees.example/",
        "https://trees.example.evil.example/",
        "https://xtrees.example/",
        "https://example/",
    ],
)
def test_a_tree_is_fetched_from_nowhere_else(url):
    host = url.split("/")[2]
    for check in (lambda: tree_at(url, DOMAINS), lambda: tree_url(of_url(url), DOMAINS)):
        with refused_by(RatchetTreeDomainError, domain=host):
            check()


def of_url(url: str) -> RatchetTreeURL:
    return RatchetTreeURL(url.encode())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://trees.example/",
        "trees.example",
        "https:trees.example",
        "https:///trees.example",
        "https://",
        "https://user@trees.example/",
        "https://trees.example@evil.example/",
        "https://evil.example\\@trees.example/",
        "https://trees.example\\evil",
        "https://trees.example:80:90/",
        "https://trees.example:x/",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7F000001:443/",
        "https://trees.example.0x/",
        "https://trees.example /",
        "https://trees.example/a b",
        "https://trees.example/\n",
        " https://trees.example/",
        "https://-trees.example/",
        "https://tr\u00e9es.example/",
        "ftp://trees.example/",
        "https://trees.example/<>",
    ],
)
def test_what_is_no_https_url_is_refused(url):
    for extensions in ((), DOMAINS):
        with refused_by(RatchetTreeURLError):
            tree_url(of_url(url), extensions)
        with refused_by(RatchetTreeURLError):
            tree_at(url, extensions)


def test_octets_that_are_no_text_are_no_url():
    with refused_by(RatchetTreeURLError):
        tree_url(RatchetTreeURL(b"https://\xff.example"), ())


def test_a_list_of_domains_has_at_least_one():
    with pytest.raises(MalformedError, match="there is no domain") as caught:
        decode(DomainList, b"\x00")
    assert caught.value.path == "DomainList.domains"
    with pytest.raises(UsageError, match="at least one"):
        domains_extension([])
    assert 0xF000 <= RATCHET_TREE_SOURCE_DOMAINS <= 0xFFFF


@pytest.mark.parametrize("content", [b"\x00", b"", b"\x05"])
def test_a_group_whose_domains_do_not_parse_is_refused(content):
    broken = (Extension(RATCHET_TREE_SOURCE_DOMAINS, content),)
    _, alice, _ = gathered_with_hub(2)
    (carol,) = HubRoom().enter("Carol")
    with pytest.raises(MalformedError, match="omain"):
        carol.client.create_group(now=NOW, extensions=broken)
    with pytest.raises(MalformedError, match="omain"):
        alice.group.commit(now=NOW, extensions=broken)
    info = group_info_with(alice.group, broken)
    with pytest.raises(MalformedError, match="omain"):
        PublicGroup.from_group_info(info, now=NOW)
    with pytest.raises(MalformedError, match="omain"):
        carol.client.join_externally(info, now=NOW)


def test_a_group_agrees_on_its_domains():
    room, alice, bob = gathered_with_hub(2)
    alice.commits(extensions=with_receivers(DOMAINS, [receiver(SUITE)]))
    assert source_domains(bob.group.extensions) == source_domains(room.follower.context.extensions)
    with refused_by(RatchetTreeDomainError, domain="elsewhere.example"):
        tree_at("https://elsewhere.example/", bob.group.extensions)
    room.agrees()


# Partial group infos


def followed(size: int = 2, suite=SUITE, *, tree: bool = True, handshake=PUBLIC):
    """Return people, and a server that follows them with group infos that carry the tree or not."""
    if handshake != PUBLIC:
        room, *people = gathered_with_hub(size, suite)
        server = room.follower
    else:
        room = Room(suite, handshake=PUBLIC)
        people = room.enter(*NAMES[:size])
        people[0].founds()
        people[0].commits(add=people[1:])
        server = room.follower
    group = people[0].group
    server = server.with_group_info(group.group_info(tree=tree))
    return server, people


def staged(server: PublicGroup, wire: bytes):
    (event,) = server.receive(wire, now=NOW).events
    return event


@some_suites
@pytest.mark.parametrize("handshake", [PUBLIC, None], ids=["public", "semi-private"])
@pytest.mark.parametrize("before", [True, False], ids=["tree before", "no tree before"])
@pytest.mark.parametrize("now", [True, False], ids=["tree now", "no tree now"])
def test_a_server_makes_the_group_info(suite, handshake, before, now):
    server, (alice, bob) = followed(2, suite, tree=before, handshake=handshake)
    draft = bob.group.commit(now=NOW)
    after = draft.accept()
    partial = after.partial_group_info(before=before, tree=now)
    presence = decode(PartialGroupInfo, partial).ratchet_tree_presence
    assert (
        presence
        == {
            (False, False): RatchetTreePresence.NO_RATCHET_TREE,
            (True, True): RatchetTreePresence.PRESENT,
            (True, False): RatchetTreePresence.REMOVED,
            (False, True): RatchetTreePresence.ADDED,
        }[before, now]
    )
    assert int(presence) == partial[0]
    followed_on = server.with_commit(staged(server, draft.commit), partial)
    info = followed_on.group_info
    assert isinstance(info, GroupInfo)
    assert info.signer == bob.leaf
    assert has_tree(info) is now
    assert info.group_context == after.context
    assert followed_on.tree.encode() == after.ratchet_tree
    # and with it one joins
    carol = Room(suite).enter("Carol")[0] if handshake == PUBLIC else carol_of(suite)
    wire = encode(MLSMessage(info))
    joining = carol.client.join_externally(
        wire, now=NOW, tree=None if now else followed_on.ratchet_tree
    )
    (event,) = after.receive(joining.commit, now=NOW).events
    assert event.accept().group.epoch_authenticator == joining.accept().epoch_authenticator
    assert (
        PublicGroup.from_group_info(
            wire, None if now else followed_on.ratchet_tree, now=NOW
        ).context
        == after.context
    )
    assert alice.group.epoch == 1


def carol_of(suite):
    (carol,) = HubRoom(suite).enter("Carol")
    return carol


def test_a_server_goes_on_from_one_to_the_next():
    server, (alice, bob) = followed()
    for person, other in ((alice, bob), (bob, alice), (alice, bob)):
        draft = person.group.commit(now=NOW)
        person.group = draft.accept()
        partial = person.group.partial_group_info(before=True)
        server = server.with_commit(staged(server, draft.commit), partial)
        other.group = staged(other.group, draft.commit).accept().group
    assert server.epoch == 4
    assert PublicGroup.load(server.save()).group_info == server.group_info


def test_a_joiner_by_a_commit_sends_one_too():
    server, (alice, _) = followed()
    (carol,) = Room().enter("Carol")
    draft = carol.client.join_externally(alice.group.group_info(), now=NOW)
    partial = draft.accept().partial_group_info(before=True, tree=False, external_pub=False)
    after = server.with_commit(staged(server, draft.commit), partial)
    assert after.group_info.signer == draft.leaf_index
    assert find(after.group_info.extensions, ExtensionType.EXTERNAL_PUB) is None


def test_what_the_extensions_hold_is_up_to_the_committer():
    server, (alice, _) = followed()
    quiet = alice.group.with_settings(Settings(handshake=PUBLIC, grease=False))
    draft = quiet.commit(now=NOW)
    partial = draft.accept().partial_group_info(before=True, external_pub=False)
    assert decode(PartialGroupInfo, partial).group_info_extensions == ()
    info = server.with_commit(staged(server, draft.commit), partial).group_info
    assert [each.extension_type for each in info.extensions] == [ExtensionType.RATCHET_TREE]


@pytest.fixture(scope="module")
def scene():
    """A server, a commit of Bob's, and its partial group info."""
    server, (_, bob) = followed()
    draft = bob.group.commit(now=NOW)
    partial = decode(PartialGroupInfo, draft.accept().partial_group_info(before=True))
    return server, draft, partial


def refuses(scene, kind, **changes) -> None:
    server, draft, partial = scene
    before, event = whole(server), staged(server, draft.commit)
    with pytest.raises(kind) if kind is MalformedError else refused_by(kind):
        server.with_commit(event, encode(replace(partial, **changes)))
    assert whole(server) == before


def test_the_extensions_leave_out_the_tree(scene):
    _, draft, partial = scene
    tree = Extension(ExtensionType.RATCHET_TREE, draft.accept().ratchet_tree)
    both = (tree, *partial.group_info_extensions)
    refuses(scene, TreeExtensionError, group_info_extensions=both)
    refuses(
        scene,
        TreeExtensionError,
        group_info_extensions=both,
        ratchet_tree_presence=RatchetTreePresence.REMOVED,
    )


@pytest.mark.parametrize("presence", [0, 3])
def test_the_presence_says_what_was_before(scene, presence):
    refuses(scene, TreePresenceError, ratchet_tree_presence=RatchetTreePresence(presence))


@pytest.mark.parametrize("presence", [4, 255])
def test_no_other_presence_is_known(scene, presence):
    refuses(scene, MalformedError, ratchet_tree_presence=RatchetTreePresence(presence))


def test_a_name_may_have_digits_at_its_end():
    for url in ("https://trees.example1/", "https://0x7f.example/", "https://127.0.0.1.example/"):
        assert tree_url(of_url(url), ()) == url


def test_an_address_is_no_domain_even_if_it_is_named():
    named = (domains_extension(["192.0.2.1"]),)
    with refused_by(RatchetTreeURLError):
        tree_url(of_url("https://192.0.2.1/"), named)


@pytest.mark.parametrize("presence", [1, 2])
def test_the_presence_says_what_was_not_before(presence):
    server, (_, bob) = followed(tree=False)
    draft = bob.group.commit(now=NOW)
    partial = decode(PartialGroupInfo, draft.accept().partial_group_info(before=False))
    scene = server, draft, partial
    refuses(scene, TreePresenceError, ratchet_tree_presence=RatchetTreePresence(presence))


def test_the_signature_is_the_committers(scene):
    refuses(scene, GroupInfoSignatureError, signature=b"")
    refuses(scene, GroupInfoSignatureError, group_info_extensions=())
    refuses(scene, GroupInfoSignatureError, ratchet_tree_presence=RatchetTreePresence.REMOVED)
    other = Room(place=b"elsewhere")
    (mallory,) = other.enter("Mallory")
    mallory.founds()
    foreign = decode(PartialGroupInfo, mallory.group.partial_group_info(before=True))
    refuses(scene, GroupInfoSignatureError, signature=foreign.signature)


def test_another_members_signature_will_not_do():
    server, (alice, bob) = followed()
    draft = bob.group.commit(now=NOW)
    follower = staged(alice.group, draft.commit).accept().group
    partial = follower.partial_group_info(before=True)
    with refused_by(GroupInfoSignatureError, leaf=bob.leaf):
        server.with_commit(staged(server, draft.commit), partial)


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01\x00", b"\x01\x00\x00\x00"])
def test_what_is_no_partial_group_info_is_malformed(scene, octets):
    server, draft, _ = scene
    with pytest.raises(MalformedError):
        server.with_commit(staged(server, draft.commit), octets)


def test_there_must_be_a_group_info_to_go_on_from(scene):
    server, draft, partial = scene
    without = changed(server, _info=None)
    with refused_by(MissingGroupInfoError):
        without.with_commit(staged(without, draft.commit), encode(partial))


def test_the_commit_must_be_of_the_epoch(scene):
    server, draft, partial = scene
    event = staged(server, draft.commit)
    later = server.with_commit(event, encode(partial))
    with refused_by(StaleDraftError):
        later.with_commit(event, encode(partial))


def test_who_was_removed_signs_nothing():
    _, alice, bob = gathered_with_hub(2)
    alice.commits(remove=[bob])
    with refused_by(ClosedGroupError):
        bob.group.partial_group_info(before=True)
