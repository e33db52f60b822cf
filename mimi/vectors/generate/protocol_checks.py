"""Bodies that keep the rules that need no room and no key, and bodies that break each of them.

What they break is written beside them, and they are typed octet by octet; key packages in grants
are real.
"""

from collections.abc import Iterator
from typing import Any

from mimi.codec import encode
from mimi.crypto import SeededEntropy, suite_of
from mimi.mls.keypackage import KeyPackage
from mimi.vectors.generate.protocol_checks_rooms import ROOMS
from mimi.vectors.generate.protocol_octets import (
    ALICE,
    BOB,
    CATHY,
    EXTENSIONS,
    FRANK,
    KEY_PACKAGE,
    NONE,
    ROOM,
    opaque,
    some,
    u8,
    u64,
    vector,
)
from mimi.vectors.generate.protocol_packages import NOW, key_package
from mimi.vectors.generate.written import Vector

Checked = tuple[str, str, bytes, dict[str, Any], Any, str | None]
"""A description, what is checked, a body, circumstances, what comes of it, and the broken rule."""


def checks(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield well-formed bodies, good and bad ones."""
    suite = suite_of(1)
    package = key_package(suite, entropy, BOB)
    others = key_package(suite, entropy, CATHY)
    every = (
        *_OTHER_PROTOCOLS,
        *ROOMS,
        *_CONSENT,
        *_granted(package, others),
        *_QUERIES,
        *_REPORTS,
        *_DOWNLOADS,
    )
    for description, check, body, given, result, rule in (*every, *_PSEUDONYMS):
        yield {
            "kind": "protocol-check",
            "description": description,
            "check": check,
            "body": body,
            "given": given,
            "result": result,
            "rule": rule,
        }


# Requests of another protocol (section 5.2)


def _other_protocol(description: str, body: bytes) -> Checked:
    answer = body[:1] + u8(2) + opaque(BOB) + NONE if body else None
    rule = None if body else "malformed"
    return description, "other-protocol", body, {"target": BOB}, answer and answer.hex(), rule


_OTHER_PROTOCOLS: tuple[Checked, ...] = (
    _other_protocol("protocol 2, and anything at all", b"\2whatever it may be"),
    _other_protocol("the reserved protocol", b"\0"),
    _other_protocol("protocol 255", b"\xff"),
    _other_protocol("no protocol", b""),
)


# Consent (section 5.7)


def _entry(
    operation: int, by: str = ALICE, whose: str = BOB, room: bytes = NONE, packages: bytes = b""
) -> bytes:
    return u8(operation) + opaque(by) + opaque(whose) + room + packages + NONE


def _consent(
    description: str, body: bytes, rule: str | None = None, **given: Any
) -> tuple[str, str, bytes, dict[str, Any], Any, str | None]:
    """Return what b.example checks that comes from a.example, unless something else is said."""
    circumstances = {
        "endpoint": "requestConsent",
        "sender": ["a.example"],
        "receiver": ["b.example"],
        "path": BOB,
        "now": NOW,
    } | given
    return description, "consent", body, circumstances, None if rule else 0, rule


_UPDATING: dict[str, Any] = {
    "endpoint": "updateConsent",
    "sender": ["b.example"],
    "receiver": ["a.example"],
    "path": ALICE,
}
_OF_ROOM = some(opaque(ROOM))
_PSEUDONYM = "mimi://a.example/p/3e671687-395b-41f5-a30f-a58921a69b79"

_CONSENT: tuple[Checked, ...] = (
    _consent("a request for any room", _entry(1)),
    _consent("a request for a room", _entry(1, room=_OF_ROOM)),
    _consent("a cancel", _entry(0)),
    _consent("a path with the target's domain", _entry(1), path="b.example"),
    _consent("a requester with a pseudonym", _entry(1, by=_PSEUDONYM)),
    _consent("a provider of several domains", _entry(1), receiver=["x.example", "b.example"]),
    _consent("a grant", _entry(2, packages=vector()), **_UPDATING),
    _consent(
        "a revoke, and the requester's domain", _entry(3), **_UPDATING | {"path": "a.example"}
    ),
    _consent("a grant where consent is requested", _entry(2, packages=NONE), "consent-operation"),
    _consent("a revoke where consent is requested", _entry(3), "consent-operation"),
    _consent("a request where consent is updated", _entry(1), "consent-operation", **_UPDATING),
    _consent("a cancel where consent is updated", _entry(0), "consent-operation", **_UPDATING),
    _consent("a requester who is a room", _entry(1, by=ROOM), "identifier-uri"),
    _consent("a target who is a provider", _entry(1, whose="mimi://b.example"), "identifier-uri"),
    _consent("a room that is a user", _entry(1, room=some(opaque(BOB))), "identifier-uri"),
    _consent("a URI in capitals", _entry(1, by="mimi://A.example/u/alice"), "identifier-uri"),
    _consent("a requester of another provider", _entry(1, by=CATHY), "consent-domain"),
    _consent("a target of another provider", _entry(1, whose=CATHY), "consent-domain"),
    _consent(
        "a requester of another provider, in a grant",
        _entry(2, by=CATHY, packages=NONE),
        "consent-domain",
        **_UPDATING,
    ),
    _consent("a path with another user", _entry(1), "path-mismatch", path="mimi://b.example/u/dan"),
    _consent("a path with another domain", _entry(1), "path-mismatch", path="c.example"),
    _consent(
        "a path with the other user",
        _entry(2, packages=NONE),
        "path-mismatch",
        **_UPDATING | {"path": BOB},
    ),
)


def _granted(package: KeyPackage, others: KeyPackage) -> Iterator[Checked]:
    """Yield grants with key packages."""
    late, early = {"now": NOW + 86_401}, {"now": NOW - 1}
    for description, packages, rule, given in (
        ("a grant with a key package", [package], None, {}),
        ("a key package before its time", [package], "unsuitable-key-package", early),
        ("an expired key package", [package], "unsuitable-key-package", late),
        ("a key package of another user", [package, others], "key-package-user", {}),
    ):
        body = _entry(2, packages=vector(*map(encode, packages)))
        _, check, _, circumstances, _, _ = _consent("", body, rule, **_UPDATING | given)
        yield description, check, body, circumstances, None if rule else len(packages), rule
    body = _entry(2, packages=vector(KEY_PACKAGE))
    yield _consent("a key package of no keys", body, "unsuitable-key-package", **_UPDATING)


# Queries (section 5.8)


def _query(description: str, *elements: bytes, rule: str | None = None) -> Checked:
    return description, "identifier-request", vector(*elements) + NONE, {}, None, rule


def _element(search_type: int, value: bytes, name: bytes | None = None) -> bytes:
    return u8(search_type) + (b"" if name is None else opaque(name)) + opaque(value)


def _found(
    description: str,
    code: int,
    users: bytes = NONE,
    profiles: bytes = NONE,
    rule: str | None = None,
) -> Checked:
    """Return what a.example checks that b.example answers."""
    body = u8(code) + users + profiles + NONE
    return description, "identifier-response", body, {"asked": ["b.example"]}, None, rule


_BOB = vector(opaque(BOB))
_PROFILE = vector(opaque(BOB) + vector(u8(8) + opaque("ORG") + opaque(b"\xff")))
_UNREADABLE = vector(opaque(BOB) + vector(u8(8) + opaque(b"\xff") + opaque("Bakery")))

_QUERIES: tuple[Checked, ...] = (
    _query("one element", _element(2, b"bob")),
    _query("several elements", _element(2, b"bob"), _element(8, b"Bakery", b"ORG")),
    _query("no elements", rule="empty-query"),
    _query("an empty value", _element(2, b"bob"), _element(1, b""), rule="empty-query"),
    _query("an empty name", _element(8, b"Bakery", b""), rule="empty-query"),
    _query("a value that is not UTF-8", _element(2, b"\xff"), rule="query-text"),
    _query("a name that is not UTF-8", _element(7, b"x", b"\xff"), rule="query-text"),
    _found("a user", 0, _BOB),
    _found("a profile whose field has any octets", 0, NONE, _PROFILE),
    _found("nobody", 1),
    _found("too many", 2),
    _found("not allowed to ask", 3),
    _found("a field that cannot be searched", 4),
    _found("success, and nobody", 0, rule="query-result"),
    _found("notFound, and a user", 1, _BOB, rule="query-result"),
    _found("ambiguous, and a profile", 2, NONE, _PROFILE, rule="query-result"),
    _found("forbidden, and a user", 3, _BOB, rule="query-result"),
    _found("unsupportedField, and a user", 4, _BOB, rule="query-result"),
    _found("a user of another provider", 0, vector(opaque(CATHY)), rule="found-user"),
    _found("a profile of another's user", 0, NONE, vector(opaque(CATHY) + NONE), "found-user"),
    _found("a room", 0, vector(opaque(ROOM)), rule="identifier-uri"),
    _found("no URI", 0, vector(opaque("bob")), rule="identifier-uri"),
    _found("a name of a field that is not UTF-8", 0, NONE, _UNREADABLE, rule="text"),
)


# Reports (section 5.9)


def _report(
    description: str,
    by: str = ALICE,
    about: str = BOB,
    note: bytes = b"spam",
    rule: str | None = None,
    messages: bytes = NONE,
    more: bytes = NONE,
) -> Checked:
    body = opaque(by) + opaque(about) + u8(0) + opaque(note) + messages + more
    return description, "report", body, {}, None if rule else note.decode(), rule


_REPORTS: tuple[Checked, ...] = (
    _report("a report"),
    _report("nobody says who reports", by=""),
    _report("no note", note=b""),
    _report("a note beyond ASCII", note="Gr\u00fc\u00dfe".encode()),
    _report(
        "a message, and what components add",
        messages=vector(opaque(b"data") + FRANK + u64(NOW * 1000)),
        more=EXTENSIONS,
    ),
    _report("a pseudonym", about=_PSEUDONYM),
    _report("a note that is not UTF-8", note=b"\xff", rule="text"),
    _report("a reporter who is a room", by=ROOM, rule="identifier-uri"),
    _report("an abuser who is nobody", about="", rule="identifier-uri"),
    _report(
        "an abuser who is a client", about="mimi://b.example/d/bob/phone", rule="identifier-uri"
    ),
    _report(
        "an abuser in another spelling", about="mimi://b.example/u/%62ob", rule="identifier-uri"
    ),
)


# Downloads (section 5.10)


def _download(url: str, rule: str | None = None, ports: tuple[int, ...] = (443,)) -> Checked:
    given = {"url": url, "domains": ["assets.b.example", "c.example"], "ports": list(ports)}
    host = "c.example" if "c.example" in url else "assets.b.example"
    return f"download {url}", "download", b"", given, None if rule else host, rule


_DOWNLOADS: tuple[Checked, ...] = (
    *map(
        _download,
        (
            "https://assets.b.example/1.png?x=1",
            "HTTPS://ASSETS.B.example:443",
            "https://c.example./%20",
            "https://c.example?x",
            "https://c.example:/x",
        ),
    ),
    _download("https://c.example:8443/x", ports=(443, 8443)),
    _download("https://c.example:8443/x", "download-port"),
    _download("https://c.example:80/x", "download-port"),
    _download("https://c.example/x", "download-port", ()),
    _download("https://b.example/1.png", "asset-domain"),
    _download("https://x.assets.b.example/1.png", "asset-domain"),
    _download("https://c.example.evil.example/x", "asset-domain"),
    *(
        (_download(url, "download-url"))
        for url in (
            "http://c.example/x",
            "c.example/x",
            "https:///x",
            "https://c.example@evil.example/x",
            "https://user:password@c.example/x",
            "https://c.example/x#fragment",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://c.example/a b",
            "https://c.example\\@evil.example/x",
            "",
        )
    ),
)


# Rooms of minimal metadata (section 6.1)

_CLIENT = "mimi://a.example/d/f81d4fae-7dec-41d0-a765-00a0c91e6bf6"


def _pseudonym(
    description: str,
    client: str = _CLIENT,
    user: str = _PSEUDONYM,
    rule: str | None = None,
    key: bytes = b"signature key",
) -> Checked:
    body = opaque(client) + opaque(user) + opaque(key) + opaque(b"ciphertext")
    given = {"signature_key": b"signature key".hex()}
    return description, "pseudonym", body, given, None if rule else user, rule


_FORM = "pseudonym-form"
_PSEUDONYMS: tuple[Checked, ...] = (
    _pseudonym("pseudonyms"),
    _pseudonym("a name", user="mimi://a.example/p/fox", rule=_FORM),
    _pseudonym("a UUID in capitals", user=_PSEUDONYM.replace("f5", "F5"), rule=_FORM),
    _pseudonym("a UUID of version 1", user=_PSEUDONYM.replace("41f5", "11f5"), rule=_FORM),
    _pseudonym("a UUID of another variant", user=_PSEUDONYM.replace("a30f", "730f"), rule=_FORM),
    _pseudonym("a user instead of a pseudonym", user=ALICE, rule=_FORM),
    _pseudonym("a client that names its user", _CLIENT.replace("/d/", "/d/alice/"), rule=_FORM),
    _pseudonym("a client that is a pseudonym", _PSEUDONYM, rule=_FORM),
    _pseudonym("two providers", _CLIENT.replace("a.example", "b.example"), rule=_FORM),
    _pseudonym("another key", key=b"another key", rule="pseudonym-key"),
)
