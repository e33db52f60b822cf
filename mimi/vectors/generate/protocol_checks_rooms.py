"""Bodies about rooms that keep the rules, and bodies that break each of them."""

from typing import Any

from mimi.vectors.generate.protocol_bodies_events import BY_A_JOINER, BY_THE_HUB
from mimi.vectors.generate.protocol_octets import (
    ALICE,
    APPLICATION,
    BOB,
    COMMIT,
    FRANK,
    FULL_TREE,
    GROUP_INFO_FORMAT,
    KEY_PACKAGE,
    KEY_PACKAGE_FORMAT,
    NONE,
    PROPOSAL,
    REMOVE,
    ROOM,
    SERVED_TREE,
    TREE,
    WELCOME,
    WELCOMING,
    group_info,
    hidden,
    message,
    opaque,
    public,
    semi_private,
    some,
    u8,
    u16,
    u32,
    u64,
    vector,
)

AT = u64(1_700_000_000_123)

Checked = tuple[str, str, bytes, dict[str, Any], Any, str | None]

# Updates (section 5.3)


def _update(description: str, body: bytes, rule: str | None = None) -> Checked:
    return description, "update-request", body, {}, None, rule


_TREE_EXTENSION = vector(u16(2) + opaque(TREE))
_OTHER_GROUP = PROPOSAL.replace(b"clubhouse", b"clubhaus!")
_APPLICATION_IN_PUBLIC = public(1, opaque(b"hello"))


def _full(epoch: int, extensions: bytes = NONE) -> bytes:
    return u8(1) + group_info(epoch, extensions)


def _partial(presence: int, extensions: bytes = NONE) -> bytes:
    return u8(2) + u8(presence) + extensions + opaque(b"signature")


_UPDATES: tuple[Checked, ...] = (
    _update("a proposal", PROPOSAL + vector()),
    _update("proposals, some semi-private", PROPOSAL + vector(semi_private(2), PROPOSAL)),
    _update("a commit", COMMIT + some(WELCOME) + _full(6) + FULL_TREE),
    _update("a semi-private commit", semi_private(3) + NONE + _partial(0) + SERVED_TREE),
    _update("a partial group info of a removed tree", COMMIT + NONE + _partial(2) + SERVED_TREE),
    _update("an external commit", BY_A_JOINER + NONE + _full(6) + SERVED_TREE),
    _update("application data", APPLICATION, "handshake"),
    _update("application data in a PublicMessage", _APPLICATION_IN_PUBLIC, "handshake"),
    _update("a Welcome", WELCOMING, "handshake"),
    _update("a key package", message(KEY_PACKAGE_FORMAT, KEY_PACKAGE), "handshake"),
    _update("a group info", message(GROUP_INFO_FORMAT, group_info(5)), "handshake"),
    _update("a proposal in a PrivateMessage", hidden(2) + vector(), "handshake"),
    _update("a commit in a PrivateMessage", hidden(3) + NONE + _full(6) + SERVED_TREE, "handshake"),
    _update("a commit among more proposals", PROPOSAL + vector(COMMIT), "handshake"),
    _update("a hidden one among more proposals", PROPOSAL + vector(hidden(2)), "handshake"),
    _update("a message among more proposals", PROPOSAL + vector(APPLICATION), "handshake"),
    _update(
        "more proposals of another epoch",
        PROPOSAL + vector(PROPOSAL, public(2, REMOVE, 6)),
        "more-proposals",
    ),
    _update("more proposals of another group", PROPOSAL + vector(_OTHER_GROUP), "more-proposals"),
    _update(
        "a tree in the group info",
        COMMIT + NONE + _full(6, _TREE_EXTENSION) + SERVED_TREE,
        "embedded-tree",
    ),
    _update(
        "a tree in the extensions of a partial group info",
        COMMIT + NONE + _partial(0, _TREE_EXTENSION) + SERVED_TREE,
        "embedded-tree",
    ),
    _update(
        "a partial one with the tree", COMMIT + NONE + _partial(1) + SERVED_TREE, "embedded-tree"
    ),
    _update(
        "a partial one that adds it", COMMIT + NONE + _partial(3) + SERVED_TREE, "embedded-tree"
    ),
    _update(
        "the group info of the epoch before",
        COMMIT + NONE + _full(5) + SERVED_TREE,
        "next-group-info",
    ),
    _update(
        "the group info of another group",
        COMMIT + NONE + _full(6).replace(b"clubhouse", b"clubhaus!") + SERVED_TREE,
        "next-group-info",
    ),
    (
        "an answer for people",
        "update-response",
        u8(2) + opaque("nicht erw\u00fcnscht"),
        {},
        "nicht erw\u00fcnscht",
        None,
    ),
    ("an answer that says nothing", "update-response", u8(0) + NONE + AT, {}, "", None),
    ("an answer that is not UTF-8", "update-response", u8(2) + opaque(b"\xff"), {}, None, "text"),
)

# Messages (section 5.4)


def _submit(
    description: str, sent: bytes, by: str = BOB, rule: str | None = None, protocol: int = 1
) -> Checked:
    """Return what a.example checks that comes from b.example."""
    given = {"sender": ["b.example", "bb.example"]}
    body = u8(protocol) + sent + opaque(by)
    return description, "submit-request", body, given, None if rule else by, rule


_MESSAGES: tuple[Checked, ...] = (
    _submit("a message", APPLICATION),
    _submit("a message of the provider's other domain", APPLICATION, "mimi://bb.example/u/eve"),
    _submit("a message under a pseudonym", APPLICATION, "mimi://b.example/p/fox"),
    _submit("a message of a provider", APPLICATION, "mimi://b.example"),
    _submit("another protocol", APPLICATION, rule="incompatible-protocol", protocol=2),
    _submit("a proposal", PROPOSAL, rule="not-application"),
    _submit("a hidden proposal", hidden(2), rule="not-application"),
    _submit("a hidden commit", hidden(3), rule="not-application"),
    _submit("application data in a PublicMessage", _APPLICATION_IN_PUBLIC, rule="not-application"),
    _submit("a Welcome", WELCOMING, rule="not-application"),
    _submit("a sender who is a room", APPLICATION, ROOM, "identifier-uri"),
    _submit("a client", APPLICATION, "mimi://b.example/d/bob/phone", "identifier-uri"),
    _submit("no sender", APPLICATION, "", "identifier-uri"),
    _submit(
        "a sender in another spelling", APPLICATION, "MIMI://b.example/u/bob", "identifier-uri"
    ),
    _submit("a sender of another provider", APPLICATION, ALICE, "foreign-sender"),
)

# Fan-out (section 5.5)


def _notify(
    description: str, *messages: bytes, kinds: str = "", rule: str | None = None
) -> Checked:
    result = None if rule else kinds.split()
    return description, "notify", b"".join(AT + each for each in messages), {}, result, rule


_STAPLED = "stapled-proposals"
_BY_ANOTHER_MEMBER = public(2, REMOVE, 6)
_HUBS_IN_THIS_EPOCH = public(2, REMOVE, 5, u8(2) + u32(0))

_EVENTS: tuple[Checked, ...] = (
    _notify("a message", APPLICATION + some(FRANK), kinds="application"),
    _notify("a Welcome", WELCOMING + FULL_TREE, kinds="welcome"),
    _notify("proposals", PROPOSAL + vector(semi_private(2)), kinds="proposal"),
    _notify("a commit", COMMIT + NONE, kinds="commit"),
    _notify("a semi-private commit", semi_private(3) + NONE, kinds="commit"),
    _notify("an external commit", BY_A_JOINER + vector(BY_THE_HUB), kinds="commit"),
    _notify("the last commit that there can be", semi_private(3, 2**64 - 2) + NONE, kinds="commit"),
    _notify(
        "several events",
        PROPOSAL + NONE,
        COMMIT + NONE,
        WELCOMING + SERVED_TREE,
        APPLICATION + NONE,
        kinds="proposal commit welcome application",
    ),
    _notify("no message", rule="empty-notify"),
    _notify("a key package", message(KEY_PACKAGE_FORMAT, KEY_PACKAGE), rule="fanned-out"),
    _notify("a group info", message(GROUP_INFO_FORMAT, group_info(5)), rule="fanned-out"),
    _notify("a hidden proposal", hidden(2) + NONE, rule="fanned-out"),
    _notify("a hidden commit", hidden(3) + NONE, rule="fanned-out"),
    _notify("the second of two is none", APPLICATION + NONE, hidden(3) + NONE, rule="fanned-out"),
    _notify(
        "application data in a PublicMessage", _APPLICATION_IN_PUBLIC + NONE, rule="not-application"
    ),
    _notify("more proposals that are hidden", PROPOSAL + vector(hidden(2)), rule="handshake"),
    _notify(
        "more proposals of another epoch",
        PROPOSAL + vector(public(2, REMOVE, 6)),
        rule="more-proposals",
    ),
    _notify("a commit of the last epoch", semi_private(3, 2**64 - 1) + NONE, rule="last-epoch"),
    _notify("proposals with a member's commit", COMMIT + vector(BY_THE_HUB), rule=_STAPLED),
    _notify(
        "proposals with a semi-private commit", semi_private(3) + vector(BY_THE_HUB), rule=_STAPLED
    ),
    _notify(
        "a member's proposal with an external commit",
        BY_A_JOINER + vector(_BY_ANOTHER_MEMBER),
        rule=_STAPLED,
    ),
    _notify(
        "a semi-private proposal with an external commit",
        BY_A_JOINER + vector(semi_private(2, 6)),
        rule=_STAPLED,
    ),
    _notify(
        "proposals of the epoch that ends",
        BY_A_JOINER + vector(_HUBS_IN_THIS_EPOCH),
        rule="more-proposals",
    ),
)

ROOMS = (*_UPDATES, *_MESSAGES, *_EVENTS)
"""Descriptions, what is checked, bodies, circumstances, results and rules."""
