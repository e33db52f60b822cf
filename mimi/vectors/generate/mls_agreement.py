"""What groups have agreed on: the framing of messages, and what members must support."""

from collections.abc import Iterator

from mimi.codec import GREASE_VALUES, encode, encode_length
from mimi.content.message import encode as encode_message
from mimi.content.message import message_id
from mimi.crypto import Entropy, SeededEntropy, Suite, draw
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    REQUIRED_WIRE_FORMATS,
    SUPPORTED_WIRE_FORMATS,
    ComponentID,
    dictionary,
)
from mimi.mls.message_id import message_id_aad
from mimi.mls.negotiation import (
    ComponentsList,
    MediaType,
    MediaTypeList,
    Parameter,
    WireFormats,
    agreement,
    application_framing,
    safe_aad,
)
from mimi.tree.extension import Extension, Extensions, extension
from mimi.vectors.generate.content_parts import message, says
from mimi.vectors.generate.mls_leaves import signed_leaf
from mimi.vectors.generate.written import Vector

PLAIN, MARKDOWN = MediaType(b"text/plain"), MediaType(b"text/markdown")
UTF8 = MediaType(b"text/plain", (Parameter(b"charset", b"UTF-8"),))
MIMI = MediaType(b"application/mimi-content")

UNFRAMED = (agreement(components=(0x8001,)),)
SAFE = (agreement(safe_aad=()),)
SAFE_WITH_SOME = (agreement(safe_aad=(0x40, 0x8001)),)


def _case(kind: str, suite: Suite, what: str, fields: Vector, rule: str | None = None) -> Vector:
    return {
        "kind": f"mls-extensions-{kind}",
        "description": f"{'refused' if rule else 'valid'}: {what}",
        "cipher_suite": suite.code,
        **fields,
        "rule": rule,
    }


# Authenticated data


def _items(*items: tuple[int, bytes]) -> bytes:
    octets = b"".join(
        component.to_bytes(2, "big") + bytes((len(data),)) + data for component, data in items
    )
    return encode_length(len(octets)) + octets


_AAD_BAD: dict[str, bytes] = {
    "components that do not increase": _items((0x8001, b"a"), (0x40, b"b")),
    "a component twice": _items((0x40, b"a"), (0x40, b"a")),
    "nothing at all": b"",
    "an octet behind it": b"\0\0",
    "an item that ends too early": b"\4\0\x40\5a",
    "data without framing": b"anything",
    "a length that is longer than needed": b"\x40\0",
}


def safe_aads(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield authenticated data in groups that frame them, and in others."""
    long = draw(entropy, 100)
    for extensions, items, what in (
        (SAFE, {}, "no items"),
        (SAFE, {0x40: b"id"}, "an item of a component that the group does not require"),
        (SAFE_WITH_SOME, {0x8001: b"", 0x40: long}, "items of several components"),
        (SAFE_WITH_SOME, {0: b"0", 0x0A0A: b"grease", 0xFFFF: b"last"}, "unknown components"),
    ):
        listed = [{"component_id": at, "data": data} for at, data in sorted(items.items())]
        yield _case("safe-aad", suite, what, _aad(extensions, safe_aad(items.items()), listed))
    others: tuple[Extensions, ...] = (UNFRAMED, ())
    for unframed in others:
        for octets in (b"", b"anything", _AAD_BAD["a component twice"]):
            what = f"{octets!r} in a group without safe_aad"
            yield _case("safe-aad", suite, what, _aad(unframed, octets, None, framed=False))
    for what, octets in _AAD_BAD.items():
        for extensions in (SAFE, SAFE_WITH_SOME):
            yield _case("safe-aad", suite, what, _aad(extensions, octets, None), "malformed")


def _aad(
    extensions: Extensions, aad: bytes, items: list[Vector] | None, *, framed: bool = True
) -> Vector:
    return {
        "extensions": encode(extensions, Extensions),
        "authenticated_data": aad,
        "framed": framed,
        "items": items,
    }


SENDER, ROOM = "mimi://a.example/u/alice", "mimi://hub.example/r/vectors"


def message_ids(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield message IDs beside messages."""
    octets = encode_message(message(entropy, says("Providers can tell this one from others")))
    own = message_id(octets, SENDER, ROOM)
    for what, aad, stated, rule in _stated(octets, own):
        extensions = UNFRAMED if "without safe_aad" in what else SAFE_WITH_SOME
        fields = {
            "extensions": encode(extensions, Extensions),
            "authenticated_data": aad,
            "content": octets,
            "sender_uri": SENDER,
            "room_uri": ROOM,
            "message_id": own,
            "stated": stated,
        }
        yield _case("message-id", suite, what, fields, rule)


def _stated(octets: bytes, own: bytes) -> Iterator[tuple[str, bytes, bytes | None, str | None]]:
    yield "the message ID alone", message_id_aad(own), own, None
    others = safe_aad(((2, b"before"), (0x40, own), (0x8001, b"behind")))
    yield "the message ID between others", others, own, None
    yield "no message ID", safe_aad(()), None, None
    yield "no message ID, but others", safe_aad(((0x41, own),)), None, None
    what = "authenticated data that look like one, without safe_aad"
    yield what, message_id_aad(own[::-1]), None, None
    for what, other in (
        ("that of another message", message_id(octets, SENDER, f"{ROOM}2")),
        ("cut short", own[:31]),
        ("empty", b""),
        ("with an octet more", own + b"\0"),
    ):
        yield f"a message ID {what}", message_id_aad(other), other, "message-id"
    yield "the message ID without framing", own, None, "malformed"
    yield "the message ID twice", _items((0x40, own), (0x40, own)), None, "malformed"
    other = message_id(octets, SENDER, f"{ROOM}2")
    what = "two message IDs, the first of which is right"
    yield what, _items((0x40, own), (0x40, other)), None, "malformed"


# Application data


FRAMED = (agreement(media_types=(UTF8, MARKDOWN)),)


def framings(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield application data in groups that frame them, and in others."""
    content = draw(entropy, 30)
    for what, data, media_type in _framed(content):
        inner = b"" if what == "empty content" else content
        yield _case("framing", suite, what, _framing(FRAMED, data, media_type, inner))
    others: tuple[Extensions, ...] = ((), SAFE)
    for extensions in others:
        what = "data without framing, in a group without content_media_types"
        yield _case("framing", suite, what, _framing(extensions, content, None, content))
    good = application_framing(content, MARKDOWN)
    for what, data in (
        ("data without framing", b"\x15plain text of somebody"),
        ("nothing at all", b""),
        ("an octet behind it", good + b"\0"),
        ("cut short", good[:-1]),
        ("no parameters", b"\0"),
    ):
        yield _case("framing", suite, what, _framing(FRAMED, data, None, None), "malformed")


def _framing(
    extensions: Extensions, data: bytes, media_type: Vector | None, content: bytes | None
) -> Vector:
    return {
        "extensions": encode(extensions, Extensions),
        "application_data": data,
        "framed": extensions is FRAMED,
        "media_type": media_type,
        "content": content,
    }


def _framed(content: bytes) -> Iterator[tuple[str, bytes, Vector]]:
    first = {"type": "text/plain", "parameters": [["charset", "UTF-8"]]}
    markdown = {"type": "text/markdown", "parameters": []}
    yield "a media type", application_framing(content, MARKDOWN), markdown
    yield "an empty media type is the group's first", application_framing(content), first
    quoted = MediaType(b"text/x", (Parameter(b"a", b'say "hi" \\ "bye"'), Parameter(b"b", b"")))
    yield (
        "parameters are without quotation marks and escapes",
        application_framing(content, quoted),
        {"type": "text/x", "parameters": [["a", 'say "hi" \\ "bye"'], ["b", ""]]},
    )
    yield (
        "a media type that the group does not require",
        application_framing(content, MIMI),
        {"type": "application/mimi-content", "parameters": []},
    )
    yield "empty content", application_framing(b""), first


# Members

GREASE = tuple(value for value in GREASE_VALUES if value < 0x8000)
PRIVATE = tuple(value for value in GREASE_VALUES if value >= 0x8000)
"""What would be GREASE elsewhere, and is for private use among components."""


def _components(*components: int) -> bytes:
    return encode(ComponentsList(tuple(map(ComponentID, components))))


def _kinds(*kinds: MediaType) -> bytes:
    return encode(MediaTypeList(kinds))


def _formats(listed: tuple[int, ...], *, required: bool = False) -> Extension:
    kind = REQUIRED_WIRE_FORMATS if required else SUPPORTED_WIRE_FORMATS
    return extension(kind, WireFormats(tuple(map(WireFormat, listed))))


_Leaves = tuple[Extensions, ...]


def negotiations(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield groups and the leaves of their members."""
    for what, group, leaves in _agreeing():
        yield _negotiated(suite, entropy, f"valid: {what}", group, leaves)
        if "media" not in what:
            again = f"valid, for a committer too: {what}"
            yield _negotiated(suite, entropy, again, group, leaves, role="committer")
    for what, group, leaves in _reading():
        again = f"valid, for a committer too: {what}"
        yield _negotiated(suite, entropy, again, group, leaves, role="committer")
    for what, group, leaves, rule, lacking in _lacking():
        refused = f"refused: {what}"
        yield _negotiated(suite, entropy, refused, group, leaves, rule=rule, value=lacking)
    for what, group, leaves, value in _not_reading():
        yield _negotiated(
            suite,
            entropy,
            f"refused by a committer: {what}",
            group,
            leaves,
            role="committer",
            rule="required-media-type",
            value=encode(value),
        )
        unseen = f"valid, since receivers do not look: {what}"
        yield _negotiated(suite, entropy, unseen, group, leaves)
    for what, group, leaves in _unreadable():
        refused = f"refused: {what}"
        yield _negotiated(suite, entropy, refused, group, leaves, rule="malformed")
    group = leaf = (dictionary({1: _components(*PRIVATE)}),)
    what = "components for private use in the form of GREASE, which they are not"
    yield _negotiated(suite, entropy, f"valid: {what}", group, (leaf, leaf))
    for kind, rule in ((1, "required-component"), (2, "required-safe-aad")):
        group = leaf = (dictionary({kind: _components(0x7A7A)}),)
        what = f"refused: a leaf has the last GREASE component in its list {kind}, as has the group"
        yield _negotiated(suite, entropy, what, group, (leaf,), rule=rule, value=0x7A7A)
    group, leaf = (_formats((0x2A2A,), required=True),), (_formats((0x2A2A,)),)
    what = "valid: a wire format in the form of GREASE, of which wire formats have none"
    yield _negotiated(suite, entropy, what, group, (leaf,))


def _negotiated(
    suite: Suite,
    entropy: Entropy,
    description: str,
    group: Extensions,
    leaves: _Leaves,
    *,
    role: str = "receiver",
    rule: str | None = None,
    value: int | bytes | None = None,
) -> Vector:
    made = [encode(signed_leaf(suite, entropy, extensions)[0]) for extensions in leaves]
    return {
        "kind": "mls-extensions-negotiation",
        "description": description,
        "cipher_suite": suite.code,
        "extensions": encode(group, Extensions),
        "leaves": made,
        "role": role,
        "leaf": None if value is None else len(leaves) - 1,
        "value": value,
        "rule": rule,
    }


def _agreeing() -> Iterator[tuple[str, Extensions, _Leaves]]:
    all_of_it = (dictionary({1: _components(0x8001, 2, *GREASE), 2: _components(0x40)}),)
    yield "nothing is required, and nothing said", (), ((), ())
    yield "required components", (dictionary({1: _components(0x8001)}),), (all_of_it, all_of_it)
    yield "an empty list is required", (dictionary({1: b"\0"}),), ((), all_of_it)
    yield "required safe AAD", (dictionary({2: _components(0x40)}),), (all_of_it,)
    yield "an empty list of safe AAD", (dictionary({2: b"\0"}),), ((), all_of_it)
    yield "components in any order", (dictionary({1: _components(0x8001, 2)}),), (all_of_it,)
    yield "a component several times", (dictionary({1: _components(2, 2)}),), (all_of_it,)
    yield (
        "wire formats of RFC 9420 are not listed",
        (_formats((1, 2, 3, 4, 5), required=True),),
        ((), (_formats(()),)),
    )
    yield (
        "a required wire format, and others that nobody knows",
        (_formats((0xF501,), required=True),),
        ((_formats((0x0A0A, 0xF501, 0xF7F7)),),),
    )
    yield (
        "GREASE and unknown data in leaves",
        (),
        ((dictionary({1: _components(*GREASE), 0x3A3A: b"?", 0x7001: b"??"}),),),
    )
    yield "required media types, as a receiver sees it", (dictionary({3: _kinds(PLAIN)}),), ((),)


def _reading() -> Iterator[tuple[str, Extensions, _Leaves]]:
    loud = MediaType(b"TEXT/Plain", (Parameter(b"CharSet", b"UTF-8"),))
    one, other = Parameter(b"charset", b"UTF-8"), Parameter(b"format", b"flowed")
    for what, required, supported in (
        ("the same types", (PLAIN, MARKDOWN), (MIMI, MARKDOWN, PLAIN)),
        ("types and names of parameters without regard to case", (UTF8,), (loud,)),
        (
            "parameters in another order",
            (MediaType(b"text/plain", (one, other)),),
            (MediaType(b"text/plain", (other, one)),),
        ),
    ):
        said = (dictionary({3: _kinds(*supported)}),)
        yield what, (dictionary({3: _kinds(*required)}),), (said, said)


def _lacking() -> Iterator[tuple[str, Extensions, _Leaves, str, int]]:
    some = (dictionary({1: _components(0x8001, 0x8003), 2: _components(0x40)}),)
    for what, wanted, said, lacking in (
        ("a component", (0x8001, 0x8002), some, 0x8002),
        ("components, the least of which is named", (0x8002, 0x8000), some, 0x8000),
        ("all components, since it says nothing", (0x8001,), (), 0x8001),
        ("a component that it has for safe AAD only", (0x40,), some, 0x40),
        ("GREASE, which is no support", (0x1A1A,), (dictionary({1: _components(0x1A1A)}),), 0x1A1A),
    ):
        group = (dictionary({1: _components(*wanted)}),)
        rich = (dictionary({1: _components(*wanted, 0x1A1B)}),)
        leaves = (said,) if lacking == 0x1A1A else (rich, said)
        yield f"a leaf lacks {what}", group, leaves, "required-component", lacking
    rule = "required-safe-aad"
    group = (dictionary({2: _components(0x40, 0x8001)}),)
    full = (dictionary({2: _components(0x8001, 0x40)}),)
    yield "a leaf lacks a component in the safe AAD", group, (full, some), rule, 0x8001
    group = (dictionary({2: _components(0x8001)}),)
    yield "a leaf has a component, and not in the safe AAD", group, (full, some), rule, 0x8001
    rule = "required-wire-format"
    group = (_formats((2, 0xF501), required=True),)
    for what, extensions in (
        ("lacks a wire format", (_formats((0xF502,)),)),
        ("says nothing of wire formats", ()),
        ("has a wire format among its components only", (dictionary({1: _components(0xF501)}),)),
    ):
        yield f"a leaf {what}", group, ((_formats((0xF501,)),), extensions), rule, 0xF501


def _not_reading() -> Iterator[tuple[str, Extensions, _Leaves, MediaType]]:
    all_of_it = (dictionary({3: _kinds(PLAIN, UTF8, MARKDOWN, MIMI)}),)
    small = MediaType(b"text/plain", (Parameter(b"charset", b"utf-8"),))
    for what, required, supported, lacking in (
        ("a leaf lacks a media type", (PLAIN, MARKDOWN), (PLAIN,), MARKDOWN),
        ("a leaf lacks several, the first of which is named", (MIMI, PLAIN), (MARKDOWN,), MIMI),
        ("a leaf has the type without the parameter", (UTF8,), (PLAIN,), UTF8),
        ("a leaf has the type with a parameter more", (PLAIN,), (UTF8,), PLAIN),
        ("a leaf has the value of a parameter in another case", (UTF8,), (small,), UTF8),
        (
            "a leaf has a media type of the same beginning",
            (PLAIN,),
            (MediaType(b"text/plain2"),),
            PLAIN,
        ),
    ):
        group, said = (dictionary({3: _kinds(*required)}),), (dictionary({3: _kinds(*supported)}),)
        yield what, group, (all_of_it, said), lacking
    group = (dictionary({3: _kinds(PLAIN)}),)
    yield "a leaf names no media types", group, (all_of_it, ()), PLAIN


def _unreadable() -> Iterator[tuple[str, Extensions, _Leaves]]:
    cut, good = b"\3\0\1\0", (dictionary({1: _components(0x8001)}),)
    unsorted = Extension(APP_DATA_DICTIONARY, b"\6\x80\2\0\x80\1\0")
    for what, extensions in (
        ("app_components that are no list", (dictionary({1: cut}),)),
        ("safe_aad that is no list", (dictionary({2: b""}),)),
        ("an empty list of media types", (dictionary({3: b"\0"}),)),
    ):
        yield f"{what}, in the group", extensions, (good,)
        yield f"{what}, in a leaf", (), (good, extensions)
    yield "components that do not increase, in a leaf", (), (good, (unsorted,))
    broken = Extension(REQUIRED_WIRE_FORMATS, b"\3\0\1\0")
    yield "required_wire_formats that are no list", (broken,), (good,)
    broken = Extension(SUPPORTED_WIRE_FORMATS, b"")
    yield "supported_wire_formats that are no list", (), (good, (broken,))
