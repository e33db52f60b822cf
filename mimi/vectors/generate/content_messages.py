"""Messages that are accepted: what people send, every field, and all limits from within."""

from collections.abc import Iterator
from typing import Any

import attrs
import cbor2

from mimi.codec import replace
from mimi.content.hashes import IDENTIFYING, HashAlgorithm
from mimi.content.message import encode, message_id
from mimi.content.model import (
    AEADAlgorithm,
    Disposition,
    Expiration,
    ExternalPart,
    Message,
    NestedPart,
    NullPart,
    SinglePart,
)
from mimi.content.parts import parts
from mimi.crypto import Entropy, draw
from mimi.vectors.form import form_of_message
from mimi.vectors.generate.content_parts import (
    ALICE,
    BOB,
    CATHY,
    CHOOSE_ONE,
    HTML,
    INLINE,
    MARKDOWN,
    NULL,
    PLAIN,
    PROCESS_ALL,
    REACTION,
    RENDER,
    ROOM,
    SINGLE_UNIT,
    external,
    image,
    message,
    multi,
    nested,
    reacts,
    says,
    some_id,
)
from mimi.vectors.generate.content_values import VALUES, keyed
from mimi.vectors.generate.written import Vector

UINT32_MAX = (1 << 32) - 1

Described = tuple[str, Message]


@attrs.frozen
class Sent:
    """A message and what its ID depends on besides."""

    description: str
    message: Message
    sender: str = ALICE
    room: str = ROOM
    algorithm: HashAlgorithm = HashAlgorithm.SHA_256

    def vector(self) -> Vector:
        """Return the case."""
        octets = encode(self.message)
        return {
            "kind": "content-message",
            "description": self.description,
            "content": octets,
            "sender_uri": self.sender,
            "room_uri": self.room,
            "message_id": message_id(octets, self.sender, self.room, self.algorithm),
            "message": form_of_message(self.message),
            "parts": len(parts(self.message.nested_part)),
        }


def accepted(entropy: Entropy) -> Iterator[Vector]:
    """Yield all cases."""
    for sent in (
        *_conversation(entropy),
        *_richer(entropy),
        *_identified(entropy),
        *_of(_fields(entropy)),
        *_of(_dispositions(entropy)),
        *_of(_contents(entropy)),
        *_of(_external_parts(entropy)),
        *_of(_multi_parts(entropy)),
        *_of(_values(entropy)),
        *_of(_keys(entropy)),
    ):
        yield sent.vector()


def _of(described: Iterator[Described]) -> Iterator[Sent]:
    return (Sent(description, sent) for description, sent in described)


# What people send: the draft's examples in other words


def _conversation(entropy: Entropy) -> Iterator[Sent]:
    def sent(description: str, sender: str, part: NestedPart, **behaviour: Any) -> Sent:
        uris = {1: sender, 2: ROOM}
        return Sent(description, message(entropy, part, uris, **behaviour), sender)

    def id_of(one: Sent) -> bytes:
        return message_id(one.message, one.sender, ROOM)

    original = sent("a message", ALICE, says("Release 3.1 is *out*. __Thank you all!__"))
    reply = sent("a reply", BOB, says("Cngrats!"), in_reply_to=id_of(original))
    like = sent("a reaction", CATHY, reacts("\u2764"), in_reply_to=id_of(original))
    yield from (original, reply, like)
    mention = says(f"Without [@Alice Smith]({ALICE}) there was no release.")
    yield sent("a mention in Markdown", CATHY, mention, in_reply_to=id_of(original))
    mention = says(f'<p>Without <a href="{ALICE}">@Alice Smith</a> there was none.</p>', HTML)
    yield sent("a mention in HTML", CATHY, mention, in_reply_to=id_of(original))
    both = {"replaces": id_of(reply), "in_reply_to": id_of(original)}
    yield sent("an edit of the reply", BOB, says("_Congratulations_!"), **both)
    yield sent("the reply withdrawn", BOB, NULL, **both)
    both = {"replaces": id_of(like), "in_reply_to": id_of(original)}
    yield sent("the reaction taken back", CATHY, NullPart(REACTION), **both)


def _richer(entropy: Entropy) -> Iterator[Sent]:
    def sent(description: str, part: NestedPart, **behaviour: Any) -> Sent:
        return Sent(description, message(entropy, part, {1: ALICE, 2: ROOM}, **behaviour))

    expires = Expiration(relative=False, time=1644390004)
    text = says("__*Lift out of order*__ in ten minutes, for ten minutes.")
    yield Sent("an expiring message", message(entropy, text, {1: ALICE}, expires=expires))
    yield sent("an encrypted attachment", _attachment(entropy))
    url = "https://example.com/join/12345"
    conference = ExternalPart(Disposition.SESSION, "", "", url, description="Join the stand-up")
    yield sent("a conference within a topic", conference, topic_id=b"Stand-up")
    vendor = "application/vnd.examplevendor-fancy-im-message"
    fancy = SinglePart(RENDER, "", vendor, draw(entropy, 15))
    yield sent("a common and a vendor's format", multi(CHOOSE_ONE, says("# Welcome!"), fancy))
    emoji = map(reacts, "\u2764\U0001f973\U0001f91e")
    several = multi(PROCESS_ALL, *emoji, disposition=REACTION)
    yield sent("several reactions at once", several, in_reply_to=some_id(entropy))
    yield sent("images and languages to choose from", illustrated(entropy))


def _attachment(entropy: Entropy) -> ExternalPart:
    return ExternalPart(
        Disposition.ATTACHMENT,
        "en",
        "video/mp4",
        "https://example.com/storage/8ksB4bSrrRE.mp4",
        size=708_234_961,
        enc_alg=AEADAlgorithm.AES_128_GCM,
        key=draw(entropy, 16),
        nonce=draw(entropy, 12),
        hash_alg=HashAlgorithm.SHA_256,
        content_hash=draw(entropy, 32),
        description="Two hours of keys being signed",
        filename="party.mp4",
    )


def illustrated(entropy: Entropy) -> NestedPart:
    """Return eleven parts: an image of two types, each with a page in two languages."""

    def page(title: str, language: str, index: int) -> SinglePart:
        html = f'<h1>{title}</h1><img src="cid:{index}@local.invalid"/>'
        return says(html, HTML, language)

    def with_image(index: int, subtype: str) -> NestedPart:
        pages = page("Welcome!", "en", index), page("Bienvenue !", "fr", index)
        return multi(PROCESS_ALL, multi(CHOOSE_ONE, *pages), image(draw(entropy, 16), subtype))

    return multi(CHOOSE_ONE, with_image(5, "gif"), with_image(10, "png"))


# IDs


def _identified(entropy: Entropy) -> Iterator[Sent]:
    for number in sorted(IDENTIFYING):
        algorithm = HashAlgorithm(number)
        other = message(
            entropy,
            says("Noted."),
            replaces=some_id(entropy, number),
            in_reply_to=some_id(entropy, number),
        )
        yield Sent(f"message IDs by algorithm {number}", other, BOB, ROOM, algorithm)
    for description, sender, room in (
        ("a sender and a room in the ID that the message does not name", BOB, ROOM),
        (
            "URIs beyond ASCII, whose lengths are counted in octets",
            "im:z\u00fcrich@\u4f8b.example",
            ROOM,
        ),
        ("empty URIs", "", ""),
        ("a sender's URI of 65535 octets", f"{'im:':x<65535}", ROOM),
        ("a room's URI of 65535 octets", ALICE, f"{'im:':y<65535}"),
    ):
        sent = message(entropy, says("Here."), {1: CATHY} if sender == BOB else {})
        yield Sent(description, sent, sender, room)


# Every field


def _fields(entropy: Entropy) -> Iterator[Described]:
    zeros, ones = bytes(16), b"\xff" * 16
    yield "nothing but a salt", message(entropy)
    yield "a salt of zeros", replace(message(entropy), salt=zeros)
    yield "a salt of ones", replace(message(entropy), salt=ones)
    unknown = some_id(entropy)
    yield "a version of a message that is not known", message(entropy, NULL, replaces=unknown)
    yield (
        "a version of an unknown message and a reply to it",
        message(entropy, says("?"), replaces=unknown, in_reply_to=unknown),
    )
    yield "a topic of one octet", message(entropy, topic_id=b"\0")
    yield "a topic that is a message ID", message(entropy, topic_id=some_id(entropy))
    yield "a topic of 4096 octets", message(entropy, topic_id=draw(entropy, 4096))
    for relative in (True, False):
        for time in (0, 1, UINT32_MAX):
            expires = Expiration(relative, time)
            counted = "after it is read" if relative else "after 1970"
            yield f"expiry {time} seconds {counted}", message(entropy, says("!"), expires=expires)


def _dispositions(entropy: Entropy) -> Iterator[Described]:
    known = [Disposition(number) for number in range(9)]
    single = (SinglePart(each, "", PLAIN, str(int(each)).encode()) for each in known)
    yield "single parts of all known dispositions", message(entropy, multi(PROCESS_ALL, *single))
    null = map(NullPart, known)
    yield "null parts of all known dispositions", message(entropy, multi(PROCESS_ALL, *null))
    elsewhere = (replace(external(), disposition=each) for each in known)
    yield "external parts of all of them", message(entropy, multi(PROCESS_ALL, *elsewhere))
    for number in (9, 23, 24, 255):
        each = Disposition(number)
        yield f"disposition {number}, a null part", message(entropy, NullPart(each))
        some = SinglePart(each, "", PLAIN, b"render me")
        yield f"disposition {number}, a single part", message(entropy, some)
    both = multi(SINGLE_UNIT, NULL, NULL, disposition=Disposition(128))
    yield "disposition 128, several parts", message(entropy, both)


LANGUAGES = (
    "en",
    "en,fr-CA",
    "sl-rozaj-biske-1994",
    "i-klingon,x-private",
    "not a language tag",
    "\u00e9l\u00e8ve",
    ",",
)
TYPES = (
    "",
    "text/plain",
    'TEXT/PLAIN; Charset="UTF-8"',
    "application/vnd.example.unknown",
    "no media type",
    "message/\u00fc",
)
TEXTS = (
    ("none at all", ""),
    ("a null character", "\0"),
    ("a byte order mark", "\ufefftext"),
    ("combining marks, decomposed", "e\u0301"),
    ("the same, composed", "\u00e9"),
    ("right to left, with overrides", "\u202eabc\u202c \u0627\u0644\u0633\u0644\u0627\u0645"),
    ("joined emoji", "\U0001f469\u200d\U0001f469\u200d\U0001f467"),
    ("the last code points of each length", "\x7f\u07ff\uffff\U0010ffff"),
    ("noncharacters and private use", "\ufdd0\ue000\U0001fffe"),
)
SIZES = (0, 1, 23, 24, 255, 256, 65535, 65536)


def _contents(entropy: Entropy) -> Iterator[Described]:
    for language in LANGUAGES:
        yield f"language {language!a}", message(entropy, says("?", PLAIN, language))
    for content_type in TYPES:
        yield f"content type {content_type!a}", message(entropy, says("?", content_type))
    for name, text in TEXTS:
        every = SinglePart(RENDER, text, text, text.encode())
        yield f"text of every kind: {name}", message(entropy, every, {1: text, "\u00e9": text})
    for size in SIZES:
        content = SinglePart(INLINE, "", "application/octet-stream", draw(entropy, size))
        yield f"content of {size} octets", message(entropy, content)


def _external_parts(entropy: Entropy) -> Iterator[Described]:
    def sent(what: str, /, **fields: object) -> Described:
        return what, message(entropy, replace(external(), **fields))

    yield sent("external content of which only the URL is known", content_type="")
    yield sent("a URL of no known scheme", url="vendor:1")
    yield sent("an empty URL", url="")
    yield sent("content that is gone in 2106", expires=UINT32_MAX)
    for size in (1, UINT32_MAX, (1 << 53) - 1, 1 << 53, (1 << 64) - 1):
        yield sent(f"a size of {size} octets", size=size)
    everything = {"key": draw(entropy, 16), "nonce": draw(entropy, 12), "aad": draw(entropy, 99)}
    yield sent("a key, a nonce and additional data", enc_alg=AEADAlgorithm(1), **everything)
    yield sent("encrypted by an unknown algorithm", enc_alg=AEADAlgorithm(65535), **everything)
    yield sent("encrypted with empty key and nonce", enc_alg=AEADAlgorithm(2))
    for number in (0, 2, 9, 254, 255):
        hashed = {"hash_alg": HashAlgorithm(number), "content_hash": draw(entropy, 16)}
        yield sent(f"a hash by algorithm {number}", **hashed)
    name = "\u202egpj.exe \U0001f4ce"
    yield sent("a description and a file name beyond ASCII", description=name, filename=name)


def _multi_parts(entropy: Entropy) -> Iterator[Described]:
    for semantics in (CHOOSE_ONE, SINGLE_UNIT, PROCESS_ALL):
        two = multi(semantics, NULL, says("."))
        yield f"two parts, {semantics.name.lower()}", message(entropy, two)
    mixed = multi(PROCESS_ALL, NULL, says("."), external(), multi(SINGLE_UNIT, NULL, NULL))
    yield "parts of all four kinds", message(entropy, mixed)
    for levels in (2, 3, 4):
        yield f"{levels} levels of parts", message(entropy, nested(levels, external()))
    yield "1024 parts", message(entropy, multi(PROCESS_ALL, *[NULL] * 1023))
    quarter = multi(SINGLE_UNIT, *[NULL] * 254)
    spread = multi(PROCESS_ALL, *[quarter] * 4, NULL, NULL, NULL)
    yield "1024 parts at three levels", message(entropy, spread)


# Extensions


def _values(entropy: Entropy) -> Iterator[Described]:
    for description, value in VALUES:
        yield f"an extension: {description}", message(entropy, NULL, {"x": value})
    long = draw(entropy, 4097)
    yield "an extension of more than 4095 octets", message(entropy, NULL, {-1: long})


def _keys(entropy: Entropy) -> Iterator[Described]:
    for description, extensions in keyed():
        yield f"extensions: {description}", message(entropy, NULL, extensions)
    unregistered = {6: cbor2.undefined, 255: -1, 257: "", (1 << 32): None}
    yield "extensions: registered to nobody yet", message(entropy, NULL, unregistered)
    yield "extensions: beside a body", message(entropy, says("Hello"), {1: ALICE, MARKDOWN: []})
