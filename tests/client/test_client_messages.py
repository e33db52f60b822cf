"""Messages: the policy on both sides, franks, message IDs, order of times, what all can read."""

import attrs
import pytest
from client.neighbourhood import ALICE, BOB, ENFORCER, ROOM, Neighbourhood, octets, text

from mimi import content
from mimi.client import MessageRefused, MessageShown, Next, NotSent, Passed
from mimi.client.errors import SentTwiceError, TimeOrderError, UnknownContentError, UnreadableError
from mimi.client.reading import CONTENT
from mimi.codec import decode, replace
from mimi.content.errors import (
    DuplicateMessageIdError,
    MessageIdMismatchError,
    SenderUriError,
    TimestampInFutureError,
)
from mimi.content.media import GFM_MIMI
from mimi.content.media import MediaType as ContentType
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError, UsageError
from mimi.mls import MediaType, application_framing, safe_aad
from mimi.mls.component_errors import RequiredMediaTypeError
from mimi.mls.components import ComponentID
from mimi.mls.message import MLSMessage
from mimi.mls.negotiation import media_types, safe_aad_components
from mimi.policy.capability import Capability
from mimi.policy.errors import MessageRefusedError
from mimi.policy.facts import MessageRule
from mimi.policy.presets import ANNOUNCEMENT_CHANNEL, COOPERATIVE
from mimi.policy.presets.announcement import OWNER, READER, WRITER
from mimi.policy.structures import (
    ExpirationDurations,
    MessageExpiration,
    Optionality,
)
from mimi.protocol.abuse import verify_abusive_message
from mimi.protocol.errors import FrankingTagError, FrankSignatureError
from mimi.protocol.fanout import ApplicationFanout, FanoutMessage
from mimi.protocol.franking import frank_aad, franking_tag
from mimi.protocol.http import Refused
from mimi.protocol.submit import SubmitMessageResponse, SubmitNotAllowed

ENTROPY = SeededEntropy(b"messages")


@pytest.fixture
def there():
    return begun()


def begun(preset=COOPERATIVE, **options):
    there = Neighbourhood()
    there.create("alice/phone", preset, **options)
    there.add("alice/phone", "alice", "bob")
    return there


def heard(there, name, data, aad, *, stamp=None, at=None):
    """Let Bob's phone hear what Alice's encrypted by itself."""
    room = there.of("alice/phone")
    group, wire = room.group.protect(data, aad)
    message = FanoutMessage(
        there.tick() if at is None else at, decode(MLSMessage, wire), ApplicationFanout(stamp)
    )
    there.put("alice/phone", attrs.evolve(room, group=group))
    (event,) = there.take(name, message)
    return event


def named(words, seed, sender=ALICE):
    return text(words, seed, sender=str(sender), room=str(ROOM))


def aad_of(message, *, sender=ALICE, tag=None):
    data = application_framing(content.encode(message))
    name = content.message_id(message, str(sender), str(ROOM))
    items = [frank_aad(franking_tag(message.salt, data) if tag is None else tag)]
    return data, safe_aad([*items, (ComponentID.MESSAGE_ID, name)])


# What is heard


def test_what_another_library_sends_is_shown(there):
    message = named("Hi", b"1")
    event = heard(there, "bob/phone", *aad_of(message))
    assert isinstance(event, MessageShown)
    assert (event.message, event.sender) == (message, octets(ALICE))
    assert event.reception.permissions.receives


def test_a_message_that_names_another_sender_is_refused(there):
    event = heard(there, "bob/phone", *aad_of(named("Hi", b"1", BOB)))
    assert type(event.error) is SenderUriError
    assert (event.sender, event.accepted) == (octets(ALICE), there.now)
    assert there.of("bob/phone").shown[:] == ()


def test_an_aad_that_names_another_message_is_refused(there):
    message = named("Hi", b"1")
    data, _ = aad_of(message)
    aad = safe_aad([(ComponentID.MESSAGE_ID, b"\x01" + bytes(31))])
    assert type(heard(there, "bob/phone", data, aad).error) is MessageIdMismatchError


def test_a_message_comes_into_the_conversation_once(there):
    message = named("Hi", b"1")
    heard(there, "bob/phone", *aad_of(message))
    assert type(heard(there, "bob/phone", *aad_of(message)).error) is DuplicateMessageIdError


def test_what_is_no_mimi_content_is_refused(there):
    aad = safe_aad(())
    other = application_framing(b"{}", MediaType(b"application/json"))
    assert type(heard(there, "bob/phone", other, aad).error) is UnknownContentError
    broken = application_framing(b"{}")
    assert isinstance(heard(there, "bob/phone", broken, aad).error, MalformedError)


def test_times_are_those_of_the_epoch(there):
    before = there.of("bob/phone").opened[1] - 1
    event = heard(there, "bob/phone", *aad_of(named("Hi", b"1")), at=before)
    assert type(event.error) is TimeOrderError
    assert event.error.where["opened"] == before + 1
    late = there.now + 3_600_000
    event = heard(there, "bob/phone", *aad_of(named("Hi", b"2")), at=late)
    assert type(event.error) is TimestampInFutureError


def test_franks_are_verified(there):
    there.say("bob/laptop", text("A frank, please", b"0"))
    (stored,) = there.of("bob/phone").stored.values()
    message = named("Hi", b"1")
    data, aad = aad_of(message)
    event = heard(there, "bob/phone", data, aad, stamp=stored.frank)
    assert type(event.error) is FrankSignatureError
    data, aad = aad_of(message, tag=bytes(32))
    event = heard(there, "bob/phone", data, aad, stamp=stored.frank)
    assert type(event.error) is FrankingTagError


def test_a_franked_message_can_be_reported(there):
    message_id = there.say("bob/laptop", text("Rubbish", b"0"))
    for name in ("alice/phone", "bob/laptop"):
        quoted = there.of(name).quoted(message_id)
        context = verify_abusive_message(
            quoted,
            abuser=BOB,
            room=ROOM,
            hub_key=there.hub.hub_key,
            signature_key=there.hub.signer.public,
            framed=True,
        )
        assert context.sender_uri == octets(BOB)
    with pytest.raises(UsageError):
        there.of("bob/phone").quoted(bytes(32))


# What the policy says


def test_the_policy_is_asked_before_a_message_is_sent(there):
    message_id = there.say("alice/phone", text("Mine", b"1"))
    with pytest.raises(MessageRefusedError) as caught:
        there.of("bob/phone").send(content.delete(message_id), now=there.now)
    (refusal,) = caught.value.decision.refusals
    assert refusal.capability is Capability.CAN_DELETE_OTHER_MESSAGE
    with pytest.raises(MessageRefusedError) as caught:
        there.of("bob/phone").send(content.edit("Yours", replaces=message_id), now=there.now)
    assert caught.value.decision.rules == (MessageRule.EDIT_OTHER,)


def test_and_when_it_has_come(there):
    message_id = there.say("bob/phone", text("Mine", b"1"))
    edit = content.edit(
        "Yours", replaces=message_id, entropy=ENTROPY, sender=str(ALICE), room=str(ROOM)
    )
    event = heard(there, "bob/laptop", *aad_of(edit))
    assert type(event.error) is MessageRefusedError
    assert event.error.decision.rules == (MessageRule.EDIT_OTHER,)
    assert there.of("bob/laptop").shown[0].refused == ()


def test_moderators_withdraw_what_others_wrote_on_every_device(there):
    message_id = there.say("bob/phone", text("Rubbish", b"1"))
    there.say("alice/phone", content.delete(message_id, entropy=ENTROPY))
    for name in there.members():
        (entry,) = there.of(name).shown
        assert entry.deleted_by == str(ALICE)
    there.check_agreement()


def test_a_message_is_judged_by_the_policy_of_its_epoch(there):
    post = there.of("bob/phone").send(text("Last words", b"1"), now=there.now)
    there.put("bob/phone", post.room)
    step = there.hub.submit(there.room, post.request, BOB.provider, now=there.tick())
    there.room = step.room
    there.changed("alice/phone", lambda room: room.ban([octets(BOB)], now=there.now))
    there.notify(step.effects)
    there.hear("alice/phone", "alice/laptop")
    assert [entry.text for entry in there.of("alice/laptop").shown] == ["Last words"]
    there.check_agreement()


def test_readers_read():
    there = Neighbourhood()
    there.create("alice/phone", ANNOUNCEMENT_CHANNEL, OWNER)
    there.add("alice/phone", "bob")
    assert there.of("bob/phone").policy.role_of(octets(BOB)) == READER
    there.say("alice/phone", text("News", b"1"))
    with pytest.raises(MessageRefusedError) as caught:
        there.of("bob/phone").send(text("Spam", b"2"), now=there.now)
    assert caught.value.decision.rules == (MessageRule.CAPABILITY,)
    assert [entry.text for entry in there.of("bob/laptop").shown] == ["News"]


def test_what_must_expire_expires():
    durations = ExpirationDurations(60, 3600)
    there = begun(COOPERATIVE.having(MessageExpiration(Optionality.REQUIRED, durations)))
    with pytest.raises(MessageRefusedError) as caught:
        there.of("bob/phone").send(text("For ever", b"1"), now=there.now)
    assert caught.value.decision.rules == (MessageRule.EXPIRY_REQUIRED,)
    there.say("bob/phone", text("For now", b"2", expires=content.at(there.now // 1000 + 600)))
    for name in there.members():
        room = there.of(name).erase(now=there.now + 600_000)
        there.put(name, room)
        assert room.shown[0].is_expired
        assert room.shown[0].text == ""
    there.check_agreement()


# The hub's answers


def test_a_message_that_the_hub_does_not_take_is_forgotten(there):
    post = there.of("bob/phone").send(text("Hi", b"1"), now=there.now)
    refused = SubmitMessageResponse(SubmitNotAllowed())
    step = post.room.submitted(post.message_id, refused)
    (event,) = step.events
    assert isinstance(event, NotSent)
    assert event.next is Next.GIVE_UP
    assert step.room.sent == {}
    assert step.room.submitted(post.message_id, refused).events == (Passed(),)


def test_a_message_that_the_hub_does_not_take_is_kept_until_somebody_decides(there):
    """A device that fails before it has told its user still has what the user wrote."""
    there.post("bob/phone", text("Hi", b"1"))
    post = there.of("bob/phone").send(text("Hello", b"2"), now=there.now)
    refused = SubmitMessageResponse(SubmitNotAllowed())
    step = post.room.submitted(post.message_id, refused)
    (event,) = there.note("bob/phone", step)
    there.restoring = True
    room = there.of("bob/phone")
    assert room.unsent == {post.message_id: event.message}
    anew = room.send(event.message, now=there.now)
    assert (anew.message_id, anew.room.unsent) == (post.message_id, {})
    assert post.message_id in anew.room.sent
    forgotten = room.forget(post.message_id)
    assert forgotten.unsent == {}
    there.put("bob/phone", forgotten)
    for name in (post.message_id, next(iter(room.sent))):  # the hub may still take the other
        with pytest.raises(UsageError, match="no such message"):
            there.of("bob/phone").forget(name)


def test_what_was_not_taken_comes_along_where_a_device_comes_back(there):
    post = there.of("bob/phone").send(text("Hi", b"1"), now=there.now)
    there.put("bob/phone", post.room.submitted(post.message_id, Refused(403)).room)
    there.come_in("bob/phone")
    room = there.of("bob/phone")
    assert there.say("bob/phone", room.unsent[post.message_id]) == post.message_id
    there.check_agreement()


def test_a_status_in_place_of_an_answer_keeps_a_message_or_drops_it(there):
    post = there.of("bob/phone").send(text("Hi", b"1"), now=there.now)
    step = post.room.submitted(post.message_id, Refused(503, 60))
    (event,) = step.events
    assert (type(event), event.next) == (NotSent, Next.SEND_AGAIN)
    assert step.room.sent[post.message_id].request == post.request
    step = step.room.submitted(post.message_id, Refused(403))
    (event,) = step.events
    assert (type(event), event.next) == (NotSent, Next.GIVE_UP)
    assert step.room.sent == {}


def test_a_message_is_sent_once(there):
    message = text("Hi", b"1")
    post = there.of("bob/phone").send(message, now=there.now)
    with pytest.raises(SentTwiceError):
        post.room.send(message, now=there.now)
    there.say("alice/phone", message)
    with pytest.raises(SentTwiceError):
        there.of("alice/phone").send(message, now=there.now)
    with pytest.raises(UsageError):
        there.of("alice/phone").send(named("Hi", b"2", BOB), now=there.now)


def test_a_wrong_frank_of_the_hub_is_not_kept(there):
    there.say("bob/phone", text("First", b"1"))
    (stored,) = there.of("bob/phone").stored.values()
    message_id, response = there.post("bob/phone", text("Second", b"2"))
    status = replace(response.status, frank=stored.frank)
    step = there.of("bob/phone").submitted(message_id, replace(response, status=status))
    assert [type(event) for event in step.events] == [MessageRefused, MessageShown]
    assert step.room.stored[message_id].frank is None


# What all members can read


def test_what_not_all_members_read_is_not_sent():
    there = Neighbourhood()
    there.buy("bob", "watch", reads=(ContentType.parse("text/plain"), ContentType.parse(GFM_MIMI)))
    there.create("alice/phone")
    there.add("alice/phone", "alice", "bob")
    room = there.of("alice/phone")
    assert [str(each) for each in room.read_by_all][:1] == ["application/mimi-content"]
    with pytest.raises(UnreadableError):
        room.send(content.html("<p>Hi</p>"), now=there.now)
    rich, plain = content.html_part("<p>Hi</p>"), content.text_part("Hi")
    assert room.first_readable(rich, plain) is plain
    with pytest.raises(UnreadableError):
        room.first_readable(rich)
    both = content.alternatives(rich, plain)
    there.say("alice/phone", content.body(both, entropy=ENTROPY))
    there.check_agreement()
    there.changed("alice/phone", lambda room: room.kick([octets(BOB)], now=there.now))
    assert there.of("alice/phone").first_readable(rich, plain) is rich
    there.say("alice/phone", content.html("<p>Hi</p>", entropy=ENTROPY))


def test_clients_that_do_not_read_what_they_must_are_not_added():
    there = Neighbourhood()
    poll = ContentType.parse("application/x-poll")
    for user in ("alice", "bob"):
        there.buy(user, "phone", reads=(poll,))
    there.create("alice/phone", media_types=(CONTENT, MediaType(b"application/x-poll")))
    material = there.material("alice/phone", "bob")
    with pytest.raises(RequiredMediaTypeError) as caught:
        there.of("alice/phone").add([material], now=there.now)
    assert caught.value.where["media_type"] == MediaType(b"application/x-poll")

    lacking = there.of("alice/phone").lacking(material)
    assert lacking == (octets(there.devices["bob/laptop"].owner.client),)
    able = attrs.evolve(material, without=lacking)
    assert there.of("alice/phone").lacking(able) == ()
    there.changed("alice/phone", lambda room: room.add([able], now=there.now))
    there.say(
        "bob/phone", content.body(content.single_part("application/x-poll", b"?"), entropy=ENTROPY)
    )
    there.check_agreement("alice/phone", "bob/phone")


def test_a_room_requires_mimi_content_and_message_ids_where_nothing_else_is_said():
    there = Neighbourhood()
    founding = there.devices["alice/phone"].create_room(
        ROOM,
        COOPERATIVE.components(),
        {octets(ALICE): 3, there.hub.user: ENFORCER},
        hub=there.hub.sender,
        now=there.now,
    )
    extensions = founding.room.group.extensions
    assert media_types(extensions) == (CONTENT,)
    assert safe_aad_components(extensions) == {ComponentID.MESSAGE_ID}


def test_a_room_without_framing_franks_and_ids():
    there = begun(franking=None, media_types=(), safe_aad=())
    message_id = there.say("bob/phone", text("Plain", b"1"))
    there.check_agreement()
    with pytest.raises(UsageError):
        there.of("bob/phone").quoted(message_id)


def test_a_room_that_does_not_require_mimi_content_takes_none():
    there = Neighbourhood()
    there.create("alice/phone", media_types=(MediaType(b"image/png"),))
    with pytest.raises(UnreadableError):
        there.of("alice/phone").send(text("Hi", b"1"), now=there.now)
    there = Neighbourhood()
    there.create("alice/phone", media_types=(MediaType(b"image/png"), CONTENT))
    there.add("alice/phone", "bob")
    there.say("alice/phone", text("Hi", b"1"))
    assert (
        there.of("bob/phone").stored[there.of("bob/phone").shown[0].message_id].media_type
        == CONTENT
    )
    there.check_agreement()


def test_reactions_of_others_are_for_moderators_too():
    there = Neighbourhood()
    there.create("alice/phone", ANNOUNCEMENT_CHANNEL, OWNER)
    there.add("alice/phone", "bob")
    news = there.say("alice/phone", text("News", b"1"))
    there.changed(
        "alice/phone", lambda room: room.change_roles({octets(BOB): WRITER}, now=there.now)
    )
    like = there.say("bob/phone", content.reaction("❤", to=news, entropy=ENTROPY))
    assert there.of("alice/phone").shown[0].tally == {"❤": (str(BOB),)}
    there.say("alice/phone", content.unlike(like, in_reply_to=news, entropy=ENTROPY))
    assert there.of("bob/laptop").shown[0].tally == {}
    assert there.of("bob/laptop").erase(now=there.now).version > there.of("bob/laptop").version
    there.check_agreement()


def test_there_may_be_nothing_to_erase(there):
    there.say("alice/phone", text("Hi", b"1"))
    assert there.of("bob/phone").erase(now=there.now).stored is there.of("bob/phone").stored
