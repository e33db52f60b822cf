"""Builders: the published messages octet for octet, and what they refuse at once."""

import inspect

import pytest
from content.published import PUBLISHED, PUBLISHED_IDS

from mimi.content import build
from mimi.content.build import (
    after_reading,
    alternatives,
    at,
    body,
    conference,
    delete,
    edit,
    html,
    html_part,
    markdown,
    markdown_part,
    mention,
    mixed,
    reaction,
    reactions,
    reply,
    single_part,
    single_unit,
    text,
    text_part,
    unlike,
)
from mimi.content.companions import Subject
from mimi.content.hashes import HashAlgorithm
from mimi.content.message import decode, encode, message_id
from mimi.content.model import (
    AEADAlgorithm,
    Disposition,
    Expiration,
    ExternalPart,
    Message,
    MultiPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.parts import content_id, part_at
from mimi.content.received import YEAR
from mimi.crypto import SeededEntropy
from mimi.errors import UsageError

ALICE = "mimi://example.com/u/alice-smith"
BOB = "mimi://example.com/u/bob-jones"
CATHY = "mimi://example.com/u/cathy-washington"
TEAM = "mimi://example.com/r/engineering_team"
ORIGINAL = PUBLISHED_IDS["original"]
SALT = bytes(16)
VENDOR = "application/vnd.examplevendor-fancy-im-message"
GIF = bytes.fromhex("dc861ebaa718fd7c3ca159f71a2001a7")
PNG = bytes.fromhex("fa444237451a05a72bb0f67037cc1669")


def salt(digits):
    return bytes.fromhex(digits)


def welcome(title, image, index):
    return (
        f"<html><body><h1>{title}!</h1>\n"
        f'<img src="{content_id(index)}" alt="{image}"/>\n</body></html>'
    )


def illustrated(content_type, image, index):
    return mixed(
        alternatives(
            html_part(welcome("Welcome", "Welcome image", index), language="en"),
            html_part(welcome("Bienvenue", "Image bienvenue", index), language="fr"),
        ),
        single_part(content_type, image, disposition=Disposition.INLINE),
    )


VIDEO = ExternalPart(
    Disposition.ATTACHMENT,
    "en",
    "video/mp4",
    "https://example.com/storage/8ksB4bSrrRE.mp4",
    size=708234961,
    enc_alg=AEADAlgorithm.AES_128_GCM,
    key=bytes.fromhex("21399320958a6f4c745dde670d95e0d8"),
    nonce=bytes.fromhex("c86cf2c33f21527d1dd76f5b"),
    hash_alg=HashAlgorithm.SHA_256,
    content_hash=bytes.fromhex("9ab17a8cf0890baaae7ee016c7312fcc080ba46498389458ee44f0276e783163"),
    description="2 hours of key signing video",
    filename="bigfile.mp4",
)

BUILT = {
    "original": markdown(
        "Hi everyone, we just shipped release 2.0. __Good  work__!",
        salt=salt("5eed9406c2545547ab6f09f20a18b003"),
        sender=ALICE,
        room=TEAM,
    ),
    "reply": reply(
        "Right on! _Congratulations_ 'all!",
        to=ORIGINAL,
        salt=salt("11a458c73b8dd2cf404db4b378b8fe4d"),
        sender=BOB,
        room=TEAM,
    ),
    "reaction": reaction(
        "\u2764",
        to=ORIGINAL,
        salt=salt("d37bc0e6a8b4f04e9e6382375f587bf6"),
        sender=CATHY,
        room=TEAM,
    ),
    "mention": markdown(
        f"Kudos to {mention(ALICE, '@Alice Smith')} for making the release happen!",
        in_reply_to=ORIGINAL,
        salt=salt("04f290e215d0f82d1750bfa8b7dc089d"),
        sender=CATHY,
        room=TEAM,
    ),
    "mention-html": html(
        f'<p>Kudos to <a href="{ALICE}">@Alice Smith</a> for making the release happen!</p>',
        in_reply_to=ORIGINAL,
        salt=salt("15d9705fd5bf5e02b0af47c85f8b98fe"),
        sender=CATHY,
        room=TEAM,
    ),
    "edit": edit(
        "Right on! _Congratulations_ y'all!",
        replaces=PUBLISHED_IDS["reply"],
        in_reply_to=ORIGINAL,
        salt=salt("b8c2e6d8800ecf45df39be6c45f4c042"),
        sender=BOB,
        room=TEAM,
    ),
    "delete": delete(
        PUBLISHED_IDS["reply"],
        in_reply_to=ORIGINAL,
        salt=salt("0a590d73b2c7761c39168be5ebf7f2e6"),
        sender=BOB,
        room=TEAM,
    ),
    "unlike": unlike(
        PUBLISHED_IDS["reaction"],
        in_reply_to=ORIGINAL,
        salt=salt("c5ba86dc9fd272e58ca52ec805b79199"),
        sender=CATHY,
        room=TEAM,
    ),
    "expiring": markdown(
        "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.",
        expires=at(1644390004),
        salt=salt("33be993eb39f418f9295afc2ae160d2d"),
        sender=ALICE,
        room=TEAM,
    ),
    "attachment": body(VIDEO, salt=salt("18fac6371e4e53f1aeaf8a013155c166"), sender=BOB, room=TEAM),
    "conferencing": conference(
        "https://example.com/join/12345",
        "Join the Foo 118 conference",
        topic_id=b"Foo 118",
        salt=salt("678ac6cd54de049c3e9665cd212470fa"),
        sender=ALICE,
        room=TEAM,
    ),
    "multipart-1": body(
        alternatives(
            markdown_part("# Welcome!"),
            single_part(VENDOR, bytes.fromhex("dc861ebaa718fd7c3ca159f71a2001")),
        ),
        salt=salt("261c953e178af653fe3d42641b91d814"),
        sender=ALICE,
        room=TEAM,
    ),
    "multipart-2": reactions(
        ["\u2764", "\U0001f973", "\U0001f91e"],
        to=None,
        salt=salt("8528dc2d92e4f1944d62042907ab94d0"),
        sender=ALICE,
        room=TEAM,
    ),
    "multipart-3": body(
        alternatives(illustrated("image/gif", GIF, 5), illustrated("image/png", PNG, 10)),
        salt=salt("b8362793168d18c049b882d4642a2274"),
        sender=ALICE,
        room=TEAM,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_published_message_is_built_octet_for_octet(name):
    message = BUILT[name]
    assert encode(message) == PUBLISHED[name]
    assert message == decode(PUBLISHED[name])
    sender, room = message.extensions.sender_uri, message.extensions.room_uri
    assert message_id(message, sender, room) == PUBLISHED_IDS[name]


def test_fourteen_messages_were_published():
    assert len(PUBLISHED) == 14
    assert BUILT.keys() == PUBLISHED.keys() == PUBLISHED_IDS.keys()


# What all builders have in common

BUILDERS = [
    lambda **common: text("Hi", **common),
    lambda **common: markdown("Hi", **common),
    lambda **common: html("Hi", **common),
    lambda **common: body(NullPart(), **common),
    lambda **common: edit("Hi", replaces=ORIGINAL, **common),
    lambda **common: delete(ORIGINAL, **common),
    lambda **common: unlike(ORIGINAL, **common),
    lambda **common: conference("https://example.com", **common),
]
REPLIES = [
    lambda **common: reply("Hi", to=ORIGINAL, **common),
    lambda **common: reaction("+1", to=ORIGINAL, **common),
    lambda **common: reactions(["+1", "-1"], to=ORIGINAL, **common),
]


@pytest.mark.parametrize("make", BUILDERS + REPLIES)
def test_every_builder_takes_what_can_be_said_of_any_message(make):
    message = make(
        entropy=SeededEntropy(7),
        topic_id=b"topic",
        expires=after_reading(60),
        extensions=[Subject("Lunch")],
        sender=BOB,
        room=TEAM,
    )
    assert isinstance(message, Message)
    assert message.salt == SeededEntropy(7)(16)
    assert message.topic_id == b"topic"
    assert message.expires == Expiration(relative=True, time=60)
    assert message.extensions.find(Subject) == Subject("Lunch")
    assert message.extensions.sender_uri == BOB
    assert message.extensions.room_uri == TEAM
    assert decode(encode(message)) == message
    assert make(salt=SALT).salt == SALT


@pytest.mark.parametrize("make", BUILDERS)
def test_every_builder_makes_a_reply(make):
    assert make().in_reply_to is None
    assert make(in_reply_to=ORIGINAL).in_reply_to == ORIGINAL


def test_salts_are_random():
    assert len({text("Hi").salt for _ in range(9)}) == 9
    assert len(text("Hi").salt) == 16


def test_nothing_is_said_that_was_not_given():
    message = text("Hi", salt=SALT)
    part = SinglePart(Disposition.RENDER, "", "text/plain;charset=utf-8", b"Hi")
    assert message == Message(SALT, None, b"", None, None, {}, part)


def test_every_builder_has_its_errors_documented():
    made = [
        value
        for name, value in vars(build).items()
        if inspect.isfunction(value) and value.__module__ == build.__name__ and name[0] != "_"
    ]
    made.append(mention)
    assert len(made) == 21
    assert all("Raises:" in value.__doc__ for value in made)


def test_an_extension_is_given_once():
    given = {1: ALICE, "vendor": 7}
    assert dict(text("Hi", extensions=given).extensions) == given
    assert dict(text("Hi", extensions=given, sender=ALICE).extensions) == given
    with pytest.raises(UsageError) as refused:
        text("Hi", extensions=given, sender=BOB)
    assert type(refused.value) is UsageError
    assert refused.value.where == {"key": 1}
    with pytest.raises(UsageError) as refused:
        text("Hi", extensions={2: TEAM}, room=ALICE)
    assert refused.value.where == {"key": 2}


# What is refused at once


def refused_at_once(make, **where):
    with pytest.raises(UsageError) as refused:
        make()
    assert type(refused.value) is UsageError
    assert refused.value.where.items() >= where.items()


@pytest.mark.parametrize("language", ["en_US", "en, fr", "?", "en,"])
@pytest.mark.parametrize(
    "make",
    [
        text_part,
        markdown_part,
        html_part,
        lambda source, language: single_part("image/png", source, language=language),
        text,
        markdown,
        html,
        conference,
        lambda source, language: reply(source, ORIGINAL, language=language),
        lambda source, language: edit(source, ORIGINAL, language=language),
        lambda _, language: body(NullPart(Disposition.RENDER, language)),
        lambda _, language: body(alternatives(NullPart(), NullPart(Disposition.RENDER, language))),
        lambda _, language: alternatives(NullPart(), NullPart(), language=language),
        lambda _, language: single_unit(NullPart(), NullPart(), language=language),
        lambda _, language: mixed(NullPart(), NullPart(), language=language),
    ],
)
def test_a_malformed_language_is_refused_at_once(make, language):
    refused_at_once(lambda: make("Hi", language=language), language=language)


@pytest.mark.parametrize("content_type", ["text", "text/plain;", "image/*", "image/png\n"])
def test_a_malformed_content_type_is_refused_at_once(content_type):
    single = SinglePart(Disposition.RENDER, "", content_type, b"")
    external = ExternalPart(Disposition.RENDER, "", content_type, "https://example.com")
    refused_at_once(lambda: single_part(content_type, b""), content_type=content_type)
    for part in (single, external, mixed(NullPart(), single), mixed(external, NullPart())):
        refused_at_once(lambda part=part: body(part), content_type=content_type)


def test_only_what_is_elsewhere_may_have_no_content_type():
    refused_at_once(lambda: body(SinglePart(Disposition.RENDER, "", "", b"")), content_type="")
    assert body(ExternalPart(Disposition.SESSION, "", "", "https://example.com"))


@pytest.mark.parametrize("make", [text_part, markdown_part, html_part, text, markdown, html])
def test_a_text_has_an_encoding(make):
    refused_at_once(lambda: make("Hi \ud800"), at=3)


@pytest.mark.parametrize("make", [alternatives, single_unit, mixed])
def test_less_than_two_parts_are_refused_at_once(make):
    refused_at_once(make, parts=0)
    refused_at_once(lambda: make(NullPart()), parts=1)


def test_reactions_are_not_empty_and_not_one_text():
    refused_at_once(lambda: reaction("", to=ORIGINAL))
    refused_at_once(lambda: reactions([], to=ORIGINAL))
    refused_at_once(lambda: reactions(["+1", ""], to=ORIGINAL))
    refused_at_once(lambda: reactions("+-", to=ORIGINAL))


def test_plain_text_stays_plain_text():
    for make in (reply, edit):
        assert make(text_part("2 * 3 * 4"), ORIGINAL).nested_part == text_part("2 * 3 * 4")


@pytest.mark.parametrize("make", [reply, edit])
def test_a_part_has_a_language_of_its_own(make):
    assert make(text_part("Hi", language="fr"), ORIGINAL).nested_part.language == "fr"
    refused_at_once(lambda: make(text_part("Hi"), ORIGINAL, language="fr"), language="fr")


def test_what_receivers_refuse_is_refused_when_it_is_encoded():
    deep = NullPart()
    for _ in range(4):
        deep = mixed(NullPart(), deep)
    many = mixed(*[NullPart()] * 1024)
    for message, path in (
        (text("Hi", salt=bytes(15)), "Message.salt"),
        (text("Hi", topic_id=bytes(4097)), "Message.topic_id"),
        (reply("Hi", to=bytes(32)), "Message.in_reply_to"),
        (delete(ORIGINAL[:-1]), "Message.replaces"),
        (body(deep), "Message.nested_part.parts[1].parts[1].parts[1].parts"),
        (body(many), "Message.nested_part"),
    ):
        with pytest.raises(UsageError) as refused:
            encode(message)
        assert refused.value.where["path"].startswith(path)


# Parts together


def test_parts_together_are_what_they_are_called():
    one, two = text_part("1"), text_part("2")
    for make, semantics in (
        (alternatives, PartSemantics.CHOOSE_ONE),
        (single_unit, PartSemantics.SINGLE_UNIT),
        (mixed, PartSemantics.PROCESS_ALL),
    ):
        assert make(one, two) == MultiPart(Disposition.RENDER, "", semantics, (one, two))
        named = make(one, two, disposition=Disposition.INLINE, language="en,fr")
        assert (named.disposition, named.language) == (Disposition.INLINE, "en,fr")


def test_a_reply_with_attachments_processes_all_and_refers_to_them_by_index():
    picture = single_part("image/png", PNG, disposition=Disposition.INLINE)
    message = reply(f"![]({content_id(2)})", to=ORIGINAL, attach=[picture, VIDEO], language="en")
    part = message.nested_part
    assert message.in_reply_to == ORIGINAL
    assert (part.disposition, part.language) == (Disposition.RENDER, "")
    assert part.part_semantics == PartSemantics.PROCESS_ALL
    assert part.parts == (markdown_part(f"![]({content_id(2)})", language="en"), picture, VIDEO)
    assert part_at(part, 2) is picture


def test_a_single_reaction_is_a_single_part():
    one = reactions(["+1"], to=ORIGINAL, salt=SALT)
    assert one == reaction("+1", to=ORIGINAL, salt=SALT)
    assert isinstance(one.nested_part, SinglePart)


# Expiry


def test_an_expiry_fits_what_receivers_accept():
    assert after_reading(YEAR) == Expiration(relative=True, time=YEAR)
    assert after_reading(0) == Expiration(relative=True, time=0)
    assert at(0) == Expiration(relative=False, time=0)
    assert at((1 << 32) - 1) == Expiration(relative=False, time=(1 << 32) - 1)
    for seconds in (-1, YEAR + 1):
        refused_at_once(lambda seconds=seconds: after_reading(seconds), seconds=seconds)
    for time in (-1, 1 << 32):
        refused_at_once(lambda time=time: at(time), time=time)
    for value in (3.5, True, "60", None):
        refused_at_once(lambda value=value: after_reading(value), type=type(value).__name__)
        refused_at_once(lambda value=value: at(value), type=type(value).__name__)
