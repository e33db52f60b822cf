"""Messages, reports and derived values, by the rule they break, and messages that just keep all."""

from naive.naive_cbor import FALSE, NULL, TRUE, Item, integer, read, write

ID: Item = ("bytes", b"\x01" + bytes(31))
EMPTY: Item = ("bytes", b"")
NO_TEXT: Item = ("text", "")


def array(*items: Item) -> Item:
    return "array", list(items)


def extensions(*pairs: tuple[int | str | bytes, Item]) -> Item:
    return "map", [(integer(k) if isinstance(k, int) else text_or_bytes(k), v) for k, v in pairs]


def text_or_bytes(key: str | bytes) -> Item:
    return ("text", key) if isinstance(key, str) else ("bytes", key)


def content(**changed: Item) -> bytes:
    """Give a message of an empty body, with other fields as named."""
    items = {
        "salt": ("bytes", bytes(16)),
        "replaces": NULL,
        "topic": EMPTY,
        "expires": NULL,
        "reply": NULL,
        "extensions": extensions(),
        "body": part(0),
    }
    assert not set(changed) - set(items)
    return write(array(*(items | changed).values()))


def part(cardinality: int, *items: Item, disposition: int = 1) -> Item:
    return array(integer(disposition), NO_TEXT, integer(cardinality), *items)


def single(content_type: str = "image/png", disposition: int = 8) -> Item:
    return part(1, ("text", content_type), EMPTY, disposition=disposition)


def multi(*inner: Item, semantics: int = 0) -> Item:
    return part(3, integer(semantics), array(*inner))


EXTERNAL = {
    "content_type": ("text", "video/mp4"),
    "url": ("text", "https://example.com/1"),
    "expires": integer(0),
    "size": integer(0),
    "enc_alg": integer(0),
    "key": EMPTY,
    "nonce": EMPTY,
    "aad": EMPTY,
    "hash_alg": integer(0),
    "content_hash": EMPTY,
    "description": NO_TEXT,
    "filename": NO_TEXT,
}


def external(**changed: Item) -> Item:
    return part(2, *(EXTERNAL | changed).values())


def nested(depth: int) -> Item:
    """Give a body with parts down to a level."""
    return part(0) if depth == 1 else multi(part(0), nested(depth - 1))


def value(item: Item, key: int | str | bytes = "x") -> bytes:
    return content(extensions=extensions((key, item)))


def boxes(depth: int, inner: Item = NULL) -> Item:
    return inner if depth == 0 else array(boxes(depth - 1, inner))


def boxed_otherwise(inner: Item) -> Item:
    """Put an item two levels deeper, in a map and a tag."""
    return extensions(("x", ("tag", (32, inner))))


def raw(item: str, key: str = "6178") -> bytes:
    """Give a message whose one extension has a value in these octets, and perhaps such a key."""
    return content().replace(b"\xa0\x83", bytes.fromhex("a1" + key + item) + b"\x83")


def av(entry: dict[int, int], *others: tuple[Item, Item], body: Item | None = None) -> bytes:
    pairs = [(integer(key), integer(number)) for key, number in entry.items()]
    extension = extensions(("av_metadata", array(("map", [*pairs, *others]))))
    return content(extensions=extension, body=body or single())


def derived(**changed: Item) -> bytes:
    items = {
        "id": ID,
        "time": integer(1644387225019),
        "group": EMPTY,
        "leaf": integer(4),
        "client": NO_TEXT,
        "user": NO_TEXT,
        "room": NO_TEXT,
    }
    return write(array(*(items | changed).values()))


def extended(*pairs: tuple[int | str | bytes, Item]) -> bytes:
    return derived(time=("tag", (1001, extensions(*pairs))))


HALF: Item = ("float", bytes.fromhex("f93800"))
TAGGED: Item = ("tag", (32, ("text", "a:")))
TOO_LARGE_KEY = 1 << 53
STAMP = extensions((1, integer(1)))


def changed_stamp(*pairs: tuple[int | str | bytes, Item]) -> bytes:
    return value(extensions((1, integer(1)), *pairs), 3)


REFUSED = [
    # octets
    ("well-formed", b""),
    ("well-formed", content()[:-1]),
    ("well-formed", content() + b"\x00"),
    ("well-formed", raw("1c")),
    ("well-formed", raw("ff")),
    ("well-formed", raw("f818")),
    ("well-formed", raw("f81f")),
    ("well-formed", raw("1f")),
    ("well-formed", raw("3f")),
    ("well-formed", raw("dfff")),
    ("well-formed", raw("5f6161ff")),
    ("well-formed", raw("5f5f4161ffff")),
    ("well-formed", raw("bf01ff")),
    ("well-formed", raw("9bffffffffffffffff")),
    ("well-formed", b"\x81" * 20000),
    ("valid", raw("61ff")),
    ("valid", raw("63eda080")),
    ("valid", raw("7f61c361a4ff")),
    ("valid", raw("a201010101")),
    ("valid", raw("a20101180101")),
    ("deterministic", raw("1800")),
    ("deterministic", raw("1b00000000ffffffff")),
    ("deterministic", raw("3817")),
    ("deterministic", raw("580161")),
    ("deterministic", raw("d81700")),
    ("deterministic", raw("9fff")),
    ("deterministic", raw("7f6161ff")),
    ("deterministic", raw("a261610020f6")),
    ("deterministic", raw("a220f60000")),
    ("deterministic", raw("fa3f800000")),
    ("deterministic", raw("fb3ff0000000000000")),
    ("deterministic", raw("fb7ff0000000000000")),
    ("deterministic", raw("c240")),
    ("deterministic", raw("c248ffffffffffffffff")),
    ("deterministic", raw("c34a00ffffffffffffffffff")),
    ("permitted", raw("f97e01")),
    ("permitted", raw("fa7fc00000")),
    ("permitted", raw("a1f4f6")),
    ("permitted", raw("a1f93c00f6")),
    ("permitted", raw("f6", key="c100")),
    ("permitted", raw("f6", key="80")),
    ("type", content(salt=HALF)),
    ("type", content(replaces=("simple", 23))),
    ("type", content(topic=("simple", 16))),
    ("type", content(body=("tag", (32, part(0))))),
    ("type", content(body=external(url=TAGGED))),
    ("too-large", content(body=part(1, NO_TEXT, ("bytes", bytes(1 << 20))))),
    # types and ranges
    ("type", b"\x81" * 20000 + b"\x00"),
    ("type", write(array(*read(content())[1], NULL))),
    ("type", write(NULL)),
    ("type", content(salt=NULL)),
    ("type", content(salt=("text", "0123456789abcdef"))),
    ("type", content(replaces=FALSE)),
    ("type", content(topic=NULL)),
    ("type", content(expires=array(NULL, integer(1)))),
    ("type", content(expires=array(TRUE))),
    ("type", content(expires=array(integer(1), integer(1)))),
    ("type", content(extensions=NULL)),
    ("type", content(body=array(integer(1), NO_TEXT))),
    ("type", content(body=part(0, NULL))),
    ("type", content(body=part(1, NO_TEXT))),
    ("type", content(body=part(1, NO_TEXT, NO_TEXT))),
    ("type", content(body=part(2, NO_TEXT, EMPTY))),
    ("type", content(body=external(filename=EMPTY))),
    ("type", content(body=part(3, integer(0), NULL))),
    ("range", content(expires=array(TRUE, integer(1 << 32)))),
    ("range", content(expires=array(FALSE, integer(-1)))),
    ("range", content(body=part(0, disposition=256))),
    ("range", content(body=part(0, disposition=-1))),
    ("range", content(body=external(expires=integer(1 << 32)))),
    ("range", content(body=external(size=integer(-1)))),
    ("range", content(body=external(enc_alg=integer(1 << 16)))),
    ("range", content(body=external(hash_alg=integer(256)))),
    # messages
    ("salt-size", content(salt=("bytes", bytes(15)))),
    ("salt-size", content(salt=("bytes", bytes(17)))),
    ("message-id-size", content(replaces=("bytes", ID[1][:31]))),
    ("message-id-size", content(reply=EMPTY)),
    ("hash-algorithm", content(reply=("bytes", bytes(32)))),
    ("hash-algorithm", content(replaces=("bytes", b"\x02" + bytes(31)))),
    ("topic-size", content(topic=("bytes", bytes(4097)))),
    ("cardinality", content(body=part(4))),
    ("cardinality", content(body=part(-1))),
    ("part-semantics", content(body=multi(part(0), part(0), semantics=3))),
    ("multipart-minimum", content(body=multi(part(0)))),
    ("multipart-minimum", content(body=multi())),
    ("parts-maximum", content(body=multi(*[part(0)] * 1024))),
    ("part-depth", content(body=nested(5))),
    ("unencrypted", content(body=external(key=("bytes", bytes(16))))),
    ("unencrypted", content(body=external(nonce=("bytes", bytes(12))))),
    ("unencrypted", content(body=external(aad=("bytes", bytes(1))))),
    # extensions
    ("extension-key", value(NULL, 0)),
    ("extension-key", value(NULL, "")),
    ("extension-key", value(NULL, "\u00e9" * 128)),
    ("extension-key", value(NULL, b"x")),
    ("extension-key", value(NULL, TOO_LARGE_KEY)),
    ("extension-key", value(NULL, -TOO_LARGE_KEY)),
    ("extension-key", value(extensions((TOO_LARGE_KEY, NULL)))),
    ("extension-depth", value(boxes(4))),
    ("extension-depth", value(boxes(3, TAGGED))),
    ("extension-depth", value(boxes(3, extensions()))),
    ("extension-depth", value(boxed_otherwise(boxed_otherwise(array())))),
    ("extension-depth", raw("81" * 5000 + "f6")),
    ("extension-value", value(NULL, 1)),
    ("extension-value", value(EMPTY, 2)),
    ("extension-value", value(integer(1), 3)),
    ("extension-value", value(extensions(), 3)),
    ("extension-value", value(extensions((1, integer(-1))), 3)),
    ("extension-value", changed_stamp((-3, integer(1000)))),
    ("extension-value", changed_stamp((-6, integer(1000000)))),
    ("extension-value", changed_stamp((-9, integer(-1)))),
    ("extension-value", changed_stamp((-3, integer(0)), (-6, integer(0)))),
    ("extension-value", changed_stamp(("note", NULL))),
    ("extension-value", changed_stamp((b"note", NULL))),
    ("extension-value", value(array(EMPTY), 4)),
    ("extension-value", value(array(NO_TEXT, NO_TEXT), 4)),
    ("extension-value", value(array(EMPTY, integer(0)), 4)),
    ("extension-value", value(array(EMPTY, ("tag", (33, NO_TEXT))), 4)),
    ("extension-value", value(NO_TEXT, 5)),
    ("extension-value", value(("text", "\u00e9" * 2049), 5)),
    ("extension-value", value(ID, 256)),
    ("extension-value", value(array(ID, array(EMPTY, integer(1))), 256)),
    ("extension-value", value(array(EMPTY), 256)),
    ("extension-value", value(array(("bytes", bytes(32))), 256)),
    ("extension-value", value(array(*[array(EMPTY, integer(1))] * 65536), 256)),
    ("extension-value", value(NULL, "av_metadata")),
    ("extension-value", value(array(array()), "av_metadata")),
    ("extension-value", av({1: 0})),
    ("extension-value", av({2: 2})),
    ("extension-value", av({1: 65536, 2: 2})),
    ("extension-value", av({1: 0, 2: -1})),
    ("extension-value", av({1: 0, 2: 2, 6: 65536})),
    *(("extension-value", av({1: 0, 2: 2, key: -1})) for key in (3, 4, 5, 6)),
    ("extension-value", av({1: 0, 2: 2, 7: 1})),
    ("extension-value", av({1: 0, 2: 2, 8: 45})),
    ("extension-value", av({1: 0, 2: 2}, (EMPTY, NULL))),
    ("part-reference", av({1: 1, 2: 2})),
    ("part-reference", av({1: 0, 2: 2}, body=part(0))),
    ("part-reference", av({1: 0, 2: 2}, body=multi(single(), single()))),
    ("part-reference", av({1: 0, 2: 3, 6: 1})),
    ("part-reference", av({1: 0, 2: 3, 6: 0}, body=single(disposition=1))),
    ("part-reference", av({1: 0, 2: 3, 6: 0}, body=single("video/mp4"))),
    ("part-reference", av({1: 1, 2: 3, 6: 0}, body=multi(single(), part(0, disposition=8)))),
    ("part-reference", av({1: 1, 2: 3, 6: 0}, body=multi(single(), single(), semantics=1))),
]

REFUSED_STATUS = [
    ("well-formed", b"\x81"),
    ("type", write(array(array(ID, HALF)))),
    ("type", write(array(array(ID)))),
    ("type", write(NULL)),
    ("range", write(array(array(ID, integer(256))))),
    ("message-id-size", write(array(array(EMPTY, integer(1))))),
    ("hash-algorithm", write(array(array(("bytes", bytes(32)), integer(1))))),
]

REFUSED_DERIVED = [
    ("type", write(array())),
    ("type", derived(time=NULL)),
    ("range", derived(time=integer(-1))),
    ("range", derived(leaf=integer(1 << 32))),
    ("message-id-size", derived(id=EMPTY)),
    ("type", derived(time=("tag", (1, integer(1))))),
    ("type", derived(room=TAGGED)),
    ("type", derived(time=("tag", (1001, integer(1))))),
    ("extended-time", extended()),
    ("extended-time", extended((1, integer(1)), (4, NULL))),
    ("extended-time", extended((4, NULL), (5, NULL))),
    ("extended-time", extended((1, integer(1)), (-18, HALF))),
    ("extended-time", extended((1, HALF))),
    ("extended-time", extended((1, integer(1)), (-3, integer(1)), (-6, integer(1)))),
    ("extended-time", extended((1, integer(1)), (-3, integer(-1)))),
    ("extension-key", extended((1, integer(1)), ("", NULL))),
    ("extension-key", extended((1, integer(1)), (b"x", NULL))),
]

ACCEPTED = [
    content(replaces=ID, reply=("bytes", b"\x23" + bytes(31))),
    content(topic=("bytes", bytes(4096)), expires=array(TRUE, integer((1 << 32) - 1))),
    content(body=part(0, disposition=255)),
    content(body=external(hash_alg=integer(255), size=integer((1 << 64) - 1))),
    content(body=external(enc_alg=integer(65535), key=("bytes", bytes(3)))),
    content(body=multi(*[part(0)] * 1023)),
    content(body=nested(4)),
    value(boxes(3)),
    value(boxes(2, TAGGED)),
    value(boxed_otherwise(array())),
    value(NULL, TOO_LARGE_KEY - 1),
    value(NULL, 1 - TOO_LARGE_KEY),
    value(NULL, "\u00e9" * 127 + "e"),
    value(extensions((0, NULL), ("", HALF), (b"", ("simple", 23)))),
    *(
        raw(octets)
        for octets in (
            "f97e00",
            "f8ff",
            "c249010000000000000000",
            "c34901ffffffffffffffff",
            "1818",
            "f820",
        )
    ),
    value(STAMP, 3),
    changed_stamp((-3, integer(999))),
    changed_stamp((-9, integer(999999999))),
    value(array(EMPTY, TAGGED), 4),
    value(array(EMPTY, NO_TEXT), 4),
    changed_stamp((-6, integer(999999))),
    value(("text", "e"), 5),
    value(("text", "\u00e9" * 2048), 5),
    value(array(), 256),
    value(array(*[array(EMPTY, integer(1))] * 65535), 256),
    value(array(ID, ID), 256),
    value(array(array(EMPTY, TAGGED), array(EMPTY, integer(1))), 256),
    av({1: 0, 2: 9, 3: 1, 4: 1, 5: 0, 6: 0, 8: 270, 99: 1}, (("text", "x"), HALF)),
    *(av({1: 0, 2: 1, 8: degrees}) for degrees in (0, 90, 180)),
    av({1: 1, 2: 3, 6: 0}, body=multi(single("IMAGE/gif"), single(), semantics=0)),
]
