"""Requests for group infos, what answers them, and what is wrong with others.

Bodies are typed octet by octet; keys, signatures and ciphertexts are made with the primitives of a
cipher suite.
"""

from collections.abc import Iterator

import attrs

from mimi.crypto import SeededEntropy, SignaturePrivateKey, Suite
from mimi.vectors.generate.protocol_keys import UNREADABLE, basic
from mimi.vectors.generate.protocol_octets import (
    ALICE,
    NONE,
    ROOM,
    SERVED_TREE,
    group_context,
    hidden,
    opaque,
    public,
    some,
    u8,
    u16,
    u32,
    u64,
    vector,
)
from mimi.vectors.generate.written import Vector

# Requests for group infos (section 5.6)


def _asked(
    suite: int, key: bytes, public_key: bytes, code: bytes = NONE, credential: bytes | None = None
) -> bytes:
    shown = basic("mimi://c.example/d/cathy/phone") if credential is None else credential
    return u8(1) + u16(suite) + opaque(key) + shown + opaque(public_key) + code


_CODE = some(opaque(b"let me in"))


def group_info_requests(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield requests for group infos."""
    signer, sign = suite.generate_signature_key(entropy), suite.sign_with_label
    key, own = signer.public, int(suite.code)
    reader = suite.generate_key_pair(entropy).public
    plain, other = _asked(own, key, reader), suite.generate_signature_key(entropy)
    coded, unreadable = (
        _asked(own, key, reader, _CODE),
        _asked(own, key, reader, credential=UNREADABLE),
    )
    cases = (
        ("a request", plain, None),
        ("a joining code", coded, None),
        ("an empty joining code", _asked(own, key, reader, some(opaque(b""))), None),
        ("a key to encrypt to that is none", _asked(own, key, reader[1:]), "group-info-key"),
        ("a suite that nobody knows", _asked(0xF00F, key, reader), "unknown-cipher-suite"),
        ("an unreadable certificate", unreadable, "group-info-credential"),
    )
    for description, tbs, rule in cases:
        yield _request(description, suite, signer, tbs, sign(signer, _LABEL, tbs), rule)
    for description, tbs, signature in (
        ("a joining code that is not signed", coded, sign(signer, _LABEL, plain)),
        ("signed with another label", plain, sign(signer, b"GroupInfoResponseTBS", plain)),
        ("signed with another key", plain, sign(other, _LABEL, plain)),
        ("no signature", plain, b""),
    ):
        rule = "group-info-request-signature"
        yield _request(description, suite, signer, tbs, signature, rule)


_LABEL = b"GroupInfoRequestTBS"


def _request(
    description: str,
    suite: Suite,
    signer: SignaturePrivateKey,
    tbs: bytes,
    signature: bytes,
    rule: str | None,
) -> Vector:
    return {
        "kind": "protocol-group-info-request",
        "description": description,
        "cipher_suite": suite.code,
        "signature_priv": signer.reveal(),
        "request": tbs + opaque(signature),
        "tbs": tbs,
        "rule": rule,
    }


# And what answers them


@attrs.frozen
class Answer:
    """What a hub answers, and how it is wrong.

    Attributes:
        opened: What is encrypted.
        room: The room that it is said to be of.
        context: The context of the encryption; None for the room.
        hub: The identity of the hub.
        suite: The cipher suite that is said; None for that of the request.
        label: The label of the encryption.
        signature_label: That of the signature.
        rule: The rule that is broken.
    """

    opened: bytes
    room: str = ROOM
    context: str | None = None
    hub: str = "mimi://a.example"
    suite: int | None = None
    label: bytes = b"GroupInfo and ratchet_tree encryption"
    signature_label: bytes = b"GroupInfoResponseTBS"
    rule: str | None = None


_AT = u64(1_700_000_000_123)
_REMOVE = u16(3) + u32(1)


def _group_info(senders: bytes, extensions: bytes = NONE) -> bytes:
    context = group_context(5)[:-1] + vector(u16(5) + opaque(senders))
    return context + extensions + opaque(b"confirmation") + u32(0) + opaque(b"signature")


def _answers(hub: bytes) -> dict[str, Answer]:
    """Return answers: right ones, and ones that are sealed or signed wrongly.

    Args:
        hub: The hub, as the group's external senders name it.
    """
    info, pending = _group_info(vector(hub)), public(2, _REMOVE) + _AT
    good, among = Answer(info + SERVED_TREE + vector()), _group_info(vector(_OTHER, hub))
    length = chr(len(ROOM))
    return {
        "an answer": good,
        "the hub among other senders": Answer(among + SERVED_TREE + vector()),
        "pending proposals": Answer(info + SERVED_TREE + vector(pending, pending)),
        "another room": attrs.evolve(good, room=_ATTIC, rule="group-info-room"),
        "another suite": attrs.evolve(good, suite=0xF00F, rule="group-info-suite"),
        "another provider's": attrs.evolve(
            good, hub="mimi://b.example", rule="provider-credential"
        ),
        "a user's": attrs.evolve(good, hub=ALICE, rule="provider-credential"),
        "signed with another label": attrs.evolve(
            good, signature_label=b"GroupInfoRequestTBS", rule="group-info-response-signature"
        ),
        "encrypted for another room": attrs.evolve(good, context=_ATTIC, rule="sealed-group-info"),
        "encrypted with the room's length before it": attrs.evolve(
            good, context=length + ROOM, rule="sealed-group-info"
        ),
        "encrypted with another label": attrs.evolve(
            good, label=b"GroupInfo", rule="sealed-group-info"
        ),
    }


_OTHER = opaque(b"key") + basic("mimi://a.example")
_ATTIC = "mimi://a.example/r/attic"


def _wrong_contents(hub: bytes) -> dict[str, Answer]:
    """Return answers that break a rule by what is encrypted."""
    info, pending = _group_info(vector(hub)), public(2, _REMOVE) + _AT
    tree = _group_info(vector(hub), vector(u16(2) + opaque(vector())))
    in_group = public(2, _REMOVE).replace(b"clubhouse", b"clubhaus!") + _AT
    earlier = public(2, _REMOVE, 4) + _AT
    commit = public(3, NONE * 2) + _AT

    def broken(rule: str, group_info: bytes, *proposals: bytes) -> Answer:
        return Answer(group_info + SERVED_TREE + vector(*proposals), rule=rule)

    return {
        "an octet more within": Answer(info + SERVED_TREE + vector() + b"\0", rule="malformed"),
        "the hub is no external sender": broken("hub-sender", _group_info(vector(_OTHER))),
        "a tree in the group info": broken("embedded-tree", tree),
        "a pending proposal that is hidden": broken("handshake", info, hidden(2) + _AT),
        "a pending commit": broken("handshake", info, commit),
        "a pending proposal of another epoch": broken("pending-proposal", info, pending, earlier),
        "a pending proposal of another group": broken("pending-proposal", info, in_group),
    }


def group_info_responses(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield answers with group infos."""
    signer, reader = suite.generate_signature_key(entropy), suite.generate_key_pair(entropy)
    joiner = suite.generate_signature_key(entropy)
    request = _asked(suite.code, joiner.public, reader.public)
    named = opaque(signer.public) + basic("mimi://a.example")
    for description, answer in {**_answers(named), **_wrong_contents(named)}.items():
        context = (answer.room if answer.context is None else answer.context).encode()
        sealed = suite.encrypt_with_label(
            reader.public, answer.label, context, answer.opened, entropy
        )
        code = suite.code if answer.suite is None else answer.suite
        hub = opaque(signer.public) + basic(answer.hub)
        tbs = u8(1) + opaque(answer.room) + u8(1) + u16(code) + hub + b"".join(map(opaque, sealed))
        signature = suite.sign_with_label(signer, answer.signature_label, tbs)
        yield {
            "kind": "protocol-group-info-response",
            "description": description,
            "cipher_suite": suite.code,
            "room": ROOM,
            "request": request,
            "private_key": reader.reveal(),
            "response": tbs + opaque(signature),
            "tbs": tbs,
            "opened": None if answer.rule else answer.opened,
            "rule": answer.rule,
        }
