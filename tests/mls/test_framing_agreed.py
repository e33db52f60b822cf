"""SafeAAD and ApplicationFraming, where a group has agreed on them.

draft-ietf-mls-extensions-10 sections 4.9 and 6.2.4.
"""

import pytest
from mls.attacker import PRIVATE, PROPOSER, PUBLIC, Attacker, Deviation
from mls.polls import MARKDOWN, NOTES, PLAIN, POLL, joiner, member, package, polling, update
from mls.snapshot import whole
from mls.victims import (
    SERVER,
    both_formats,
    check_followed,
    check_refused,
    check_unharmed,
    followed,
    proposed,
)
from tree.members import NOW, refused

from mimi.codec import decode, encode
from mimi.errors import MalformedError
from mimi.mls import (
    ApplicationMessage,
    CommitStaged,
    EncryptedMessage,
    MLSMessage,
    OwnMessageEchoed,
    ProposalReceived,
    PublicGroup,
    propose_from_outside,
)
from mimi.mls.component_errors import FramingError
from mimi.mls.negotiation import (
    ApplicationFraming,
    MediaType,
    SafeAAD,
    agreement,
    application_framing,
    media_type_of,
    safe_aad,
    safe_aad_of,
)
from mimi.mls.proposal import Add

SAFE = agreement(safe_aad=(POLL,))
FRAMED = agreement(media_types=(PLAIN, MARKDOWN))
ITEMS = safe_aad([(NOTES, b"second"), (POLL, b"first")])

WRONG = {
    "none at all": b"",
    "other octets": b"aad",
    "unsorted": bytes.fromhex("088002 01 618001 01 62"),
    "repeated": bytes.fromhex("088001 01 618001 01 62"),
    "something behind": ITEMS + b"\0",
    "cut": ITEMS[:-1],
}
wrong = pytest.mark.parametrize("aad", WRONG.values(), ids=WRONG)


def said_by(how: bytes) -> Deviation:
    return Deviation(aad=how)


# The authenticated data of what others send


@both_formats
@wrong
def test_a_proposal_without_safe_aad(aad, wire_format):
    at = polling(SAFE)
    wire = at.attacker.send(update(NOTES, b"x"), wire_format, said_by(aad))
    check_refused(at, wire, MalformedError, public=True)
    good = at.attacker.send(update(NOTES, b"x"), wire_format, said_by(ITEMS))
    assert proposed(at.alice, good).pending


@both_formats
@wrong
def test_a_commit_without_safe_aad(aad, wire_format):
    at = polling(SAFE)
    wire = at.attacker.commit(wire_format=wire_format, aad=aad)
    check_refused(at, wire, MalformedError, public=True)
    good = at.attacker.commit(wire_format=wire_format, aad=ITEMS)
    check_followed(at, good, public=wire_format == PUBLIC)


@wrong
def test_an_application_message_without_safe_aad(aad):
    """Refused, it costs nobody a key: the copy that is right is read."""
    at = polling(SAFE)
    wire = at.attacker.send(b"data", PRIVATE, said_by(aad))
    check_refused(at, wire, MalformedError)
    good = at.attacker.send(b"data", PRIVATE, said_by(ITEMS))
    (event,) = at.alice.receive(good, now=NOW).events
    assert isinstance(event, ApplicationMessage)
    assert event.aad == ITEMS
    assert safe_aad_of(at.alice.extensions, event.aad) == {POLL: b"first", NOTES: b"second"}
    (seen,) = at.public.receive(good, now=NOW).events
    assert isinstance(seen, EncryptedMessage)
    assert seen.aad == ITEMS


@wrong
def test_a_late_message_is_judged_as_its_epoch_was(aad):
    """The group gives up safe AAD: what was sent before still has it, what comes after has not."""
    at = polling(SAFE, required=False)
    late = at.attacker.send(b"late", PRIVATE, said_by(aad))
    good = at.attacker.send(b"late", PRIVATE, said_by(ITEMS))
    draft = at.bob.commit(extensions=(), now=NOW)
    alice = followed(at.alice, draft.commit)
    before = whole(alice)
    with pytest.raises(MalformedError):
        alice.receive(late, now=NOW)
    assert whole(alice) == before
    (event,) = alice.receive(good, now=NOW).events
    assert (event.data, event.epoch) == (b"late", at.alice.epoch)
    _, free = draft.accept().protect(b"free", aad)
    assert alice.receive(free, now=NOW).events[0].aad == aad


def test_a_late_message_from_before_there_was_safe_aad():
    at = polling(required=False)
    late = at.attacker.send(b"late", PRIVATE, said_by(b"free"))
    alice = followed(at.alice, at.bob.commit(extensions=(SAFE,), now=NOW).commit)
    assert alice.receive(late, now=NOW).events[0].aad == b"free"


@wrong
def test_what_comes_from_outside_without_safe_aad(aad):
    at = polling(SAFE)
    newcomer, init = joiner(at)
    added = Attacker.outside(at.public, member("Ida").signer, PROPOSER)
    for wire in (
        at.server.send(update(NOTES, b"x"), how=said_by(aad)),
        newcomer.commit(init, aad=aad),
        added.send(Add(package("Ida")), how=said_by(aad)),
    ):
        check_refused(at, wire, MalformedError)


def test_who_follows_does_not_judge_what_is_not_of_its_epoch():
    at = polling(SAFE)
    old = at.attacker.send(b"data", PRIVATE, said_by(b"whatever"))
    public = followed(at.public, at.bob.commit(now=NOW).commit)
    (event,) = public.receive(old, now=NOW).events
    assert event.aad == b"whatever"


# The authenticated data of what one sends


@pytest.mark.parametrize("aad", [b"", ITEMS, safe_aad([])], ids=["none", "items", "no items"])
def test_what_one_sends_has_it(aad):
    at, expected = polling(SAFE), aad or b"\0"
    info = at.alice.group_info()
    messages = {
        "application data": at.bob.protect(b"data", aad)[1],
        "proposal": at.bob.propose(update(NOTES, b"x"), now=NOW, aad=aad)[1],
        "commit": at.bob.commit(now=NOW, aad=aad).commit,
        "joining": member("Ida").join_externally(info, now=NOW, aad=aad).commit,
        "external": propose_from_outside(at.alice.context, 0, update(NOTES, b"x"), SERVER, aad),
        "addition": member("Ida").propose_joining(info, now=NOW, aad=aad)[1],
    }
    for name, wire in messages.items():
        (event,) = at.alice.receive(wire, now=NOW).events
        assert isinstance(event, ApplicationMessage | ProposalReceived | CommitStaged), name
        assert event.aad == expected, name
        (seen,) = at.public.receive(wire, now=NOW).events
        assert seen.aad == expected, name
    assert decode(SafeAAD, expected) is not None


@pytest.mark.parametrize("aad", list(WRONG.values())[1:], ids=list(WRONG)[1:])
def test_one_cannot_send_anything_else(aad):
    at = polling(SAFE)
    info = at.alice.group_info()
    sendings = (
        lambda: at.bob.protect(b"data", aad),
        lambda: at.bob.propose(update(NOTES, b"x"), now=NOW, aad=aad),
        lambda: at.bob.commit(now=NOW, aad=aad),
        lambda: member("Ida").join_externally(info, now=NOW, aad=aad),
        lambda: propose_from_outside(at.alice.context, 0, update(NOTES, b"x"), SERVER, aad),
        lambda: member("Ida").propose_joining(info, now=NOW, aad=aad),
    )
    before = at.bob.save()
    for sending in sendings:
        with refused(FramingError):
            sending()
    assert at.bob.save() == before


def test_without_safe_aad_anything_goes():
    at = polling()
    for aad in WRONG.values():
        _, wire = at.bob.protect(b"data", aad)
        (event,) = at.alice.receive(wire, now=NOW).events
        assert event.aad == aad
        assert safe_aad_of(at.alice.extensions, event.aad) == {}


def test_an_empty_list_of_components_is_enough():
    at = polling(agreement(safe_aad=()))
    wire = at.attacker.send(b"data", PRIVATE, said_by(b"aad"))
    check_refused(at, wire, MalformedError)


def test_ones_own_message_comes_back():
    at = polling(SAFE)
    bob, wire = at.bob.propose(update(NOTES, b"x"), now=NOW)
    assert bob.receive(wire, now=NOW).events == (OwnMessageEchoed(bob.epoch),)


# Application data

UNFRAMED = {
    "nothing": b"",
    "bare data": b"hello",
    "no content": b"\x0atext/plain\0",
    "something behind": application_framing(b"hello") + b"\0",
}


@pytest.mark.parametrize("data", UNFRAMED.values(), ids=UNFRAMED)
def test_application_data_without_framing(data):
    at = polling(FRAMED)
    wire = at.attacker.send(data, PRIVATE)
    before = whole(at.alice)
    with pytest.raises(MalformedError):
        at.alice.receive(wire, now=NOW)
    assert whole(at.alice) == before
    check_unharmed(at, at.alice)
    assert at.public.receive(wire, now=NOW).events  # who cannot read it
    with refused(FramingError):
        at.bob.protect(data)
    free = polling()
    assert free.alice.receive(free.attacker.send(data, PRIVATE), now=NOW).events[0].data == data


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (None, PLAIN),
        (MediaType(b""), PLAIN),
        (PLAIN, PLAIN),
        (MARKDOWN, MARKDOWN),
        (MediaType(b"image/png"), MediaType(b"image/png")),
    ],
)
def test_framed_application_data(kind, read):
    at = polling(FRAMED)
    _, wire = at.bob.protect(application_framing(b"hello", kind))
    (event,) = at.alice.receive(wire, now=NOW).events
    framed = decode(ApplicationFraming, event.data)
    assert framed.inner_application_content == b"hello"
    assert media_type_of(at.alice.extensions, framed) == read


def test_a_late_message_is_framed_as_its_epoch_was():
    at = polling(FRAMED, required=False)
    bare = at.attacker.send(b"bare", PRIVATE)
    _, good = at.bob.protect(application_framing(b"late"))
    alice = followed(at.alice, at.bob.commit(extensions=(), now=NOW).commit)
    with pytest.raises(MalformedError):
        alice.receive(bare, now=NOW)
    assert alice.receive(good, now=NOW).events[0].data == application_framing(b"late")


def test_without_a_group_an_empty_media_type_means_nothing():
    with refused(FramingError):
        media_type_of((), ApplicationFraming(MediaType(b""), b"hello"))
    with refused(FramingError):
        media_type_of((SAFE,), ApplicationFraming(MediaType(b""), b"hello"))
    assert media_type_of((), ApplicationFraming(PLAIN, b"")) == PLAIN


def test_both_at_once():
    at = polling(agreement(safe_aad=(POLL,), media_types=(PLAIN,)))
    _, wire = at.bob.protect(application_framing(b"hello"), ITEMS)
    (event,) = at.alice.receive(wire, now=NOW).events
    assert (event.aad, event.data) == (ITEMS, encode(ApplicationFraming(MediaType(b""), b"hello")))
    loaded = PublicGroup.load(at.public.save())
    with pytest.raises(MalformedError):
        loaded.receive(at.attacker.send(application_framing(b"x"), PRIVATE), now=NOW)
    assert decode(MLSMessage, wire).body.authenticated_data == ITEMS
