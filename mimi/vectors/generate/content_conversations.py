"""Conversations: what several people say, and what is seen of it in the end."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from mimi.codec import replace
from mimi.content.conversation import Conversation
from mimi.content.message import encode, message_id
from mimi.content.model import (
    Expiration,
    Message,
    NestedPart,
    NullPart,
    SinglePart,
)
from mimi.content.status import (
    MEDIA_TYPE,
    MessageStatusReport,
    PerMessageStatus,
    Status,
    encode_report,
)
from mimi.crypto import SeededEntropy
from mimi.vectors.checks.conversations import moderated, seen
from mimi.vectors.form import form_of_report
from mimi.vectors.generate.content_parts import (
    ALICE,
    BOB,
    CATHY,
    CHOOSE_ONE,
    HTML,
    PLAIN,
    PROCESS_ALL,
    REACTION,
    RENDER,
    ROOM,
    external,
    image,
    message,
    multi,
    reacts,
    says,
    some_id,
)
from mimi.vectors.generate.written import Vector, below

START = 1_700_000_000
ERIN = "mimi://example.com/u/erin"
HEART, THUMB = "\u2764", "\U0001f44d"

GONE = NullPart()
UNLIKE = NullPart(REACTION)


@attrs.define
class Script:
    """What happens in a room: each line a second after the one before."""

    entropy: SeededEntropy
    arrivals: list[tuple[Message, bytes, str, int]] = attrs.field(factory=list)
    reports: list[tuple[MessageStatusReport, str, int]] = attrs.field(factory=list)
    readings: list[tuple[bytes, int]] = attrs.field(factory=list)
    moderators: tuple[str, ...] = ()
    now: int | None = None

    def send(
        self, sender: str, part: NestedPart, *, accepted: int | None = None, **behaviour: Any
    ) -> bytes:
        """Let somebody send a message; return its ID."""
        sent = message(self.entropy, part, **behaviour)
        when = (START + len(self.arrivals)) * 1000 if accepted is None else accepted
        name = message_id(sent, sender, ROOM)
        self.arrivals.append((sent, name, sender, when))
        return name

    def say(self, sender: str, text: str, **behaviour: Any) -> bytes:
        """Let somebody send a text; return its ID."""
        return self.send(sender, says(text, PLAIN), **behaviour)

    def react(self, sender: str, emoji: str, to: bytes, **behaviour: Any) -> bytes:
        """Let somebody react to a message; return the ID of the reaction."""
        return self.send(sender, reacts(emoji), in_reply_to=to, **behaviour)

    def report(self, sender: str, *statuses: tuple[bytes, Status], accepted: int) -> None:
        """Let somebody report, by another way than as a message of the room."""
        self.reports.append((_report(*statuses), sender, accepted))

    def vector(self, description: str) -> Vector:
        """Return the case, with what is seen in the end."""
        conversation = Conversation(ROOM, moderated(self.moderators))
        for sent, _, sender, accepted in self.arrivals:
            conversation = conversation.add(sent, sender=sender, accepted=accepted)
        for report, sender, accepted in self.reports:
            conversation = conversation.report(report, sender=sender, accepted=accepted)
        for name, at in self.readings:
            conversation = conversation.read(name, at=at)
        if self.now is not None:
            conversation = conversation.at(self.now)
        return {
            "kind": "content-conversation",
            "description": description,
            "room_uri": ROOM,
            "moderators": list(self.moderators),
            "arrivals": [
                {"content": encode(sent), "message_id": name, "sender": who, "accepted": when}
                for sent, name, who, when in self.arrivals
            ],
            "reports": [
                {"report": form_of_report(report), "sender": who, "accepted": when}
                for report, who, when in self.reports
            ],
            "readings": [{"message_id": name, "at": at} for name, at in self.readings],
            "now": self.now,
            "orders": self._orders(),
            "view": seen(conversation),
        }

    def _orders(self) -> list[list[int]]:
        """Return three orders of arrival: as it was sent, backwards, and any."""
        sent = list(range(len(self.arrivals)))
        left, mixed = list(sent), []
        while left:
            mixed.append(left.pop(below(self.entropy, len(left))))
        orders = [sent, sent[::-1], mixed]
        return [order for at, order in enumerate(orders) if order not in orders[:at]]


def _report(*statuses: tuple[bytes, Status]) -> MessageStatusReport:
    return MessageStatusReport(tuple(PerMessageStatus(*each) for each in statuses))


def conversations(entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield all cases."""
    for act in ACTS:
        script = Script(entropy.fork(act.__name__.encode()))
        act(script)
        yield script.vector((act.__doc__ or "").removesuffix("."))


# What happens; the first line of each says what it is about


def _talk(script: Script) -> None:
    """Messages, replies, and a reply to a reply."""
    hello = script.say(ALICE, "Hi everyone")
    reply = script.say(BOB, "Hi Alice", in_reply_to=hello)
    script.say(CATHY, "Hi Bob", in_reply_to=reply)
    script.say(CATHY, "Hi Alice", in_reply_to=hello)
    script.say(ALICE, "So many!")


def _same_time(script: Script) -> None:
    """Messages that are accepted in the same millisecond stand in the order of their IDs."""
    for text in "abcdef":
        script.say(ALICE, text, accepted=START * 1000)


def _reactions(script: Script) -> None:
    """Reactions: one twice, one exchanged, one taken back, one by somebody else."""
    hello = script.say(ALICE, "Hi everyone")
    script.react(BOB, HEART, hello)
    script.react(CATHY, HEART, hello)
    script.react(CATHY, HEART, hello)
    changed = script.react(ERIN, HEART, hello)
    script.send(ERIN, reacts(THUMB), in_reply_to=hello, replaces=changed)
    taken = script.react(ALICE, THUMB, hello)
    script.send(ALICE, UNLIKE, in_reply_to=hello, replaces=taken)
    kept = script.react(ALICE, HEART, hello)
    script.send(BOB, UNLIKE, in_reply_to=hello, replaces=kept)


def _several_reactions(script: Script) -> None:
    """A reaction of several parts is several reactions."""
    hello = script.say(ALICE, "Hi everyone")
    several = multi(PROCESS_ALL, reacts(HEART), reacts(THUMB), disposition=REACTION)
    script.send(BOB, several, in_reply_to=hello)
    picture = SinglePart(REACTION, "", "image/png", b"...")
    script.send(CATHY, picture, in_reply_to=hello)


def _reaction_to_nothing(script: Script) -> None:
    """A reaction to nothing is a message; one to a message that never arrives is not seen."""
    script.send(ALICE, reacts(HEART))
    script.react(BOB, HEART, some_id(script.entropy))


def _reaction_to_reaction(script: Script) -> None:
    """A reply and a reaction to a reaction."""
    hello = script.say(ALICE, "Hi everyone")
    heart = script.react(BOB, HEART, hello)
    script.react(CATHY, THUMB, heart)
    script.say(CATHY, "Me too", in_reply_to=heart)


def _edits(script: Script) -> None:
    """Two edits of one message: the last one counts."""
    hello = script.say(ALICE, "Hi evryone")
    script.say(ALICE, "Hi everyone", replaces=hello)
    script.say(BOB, "Hi")
    script.say(ALICE, "Hi everybody", replaces=hello)


def _edit_of_edit(script: Script) -> None:
    """An edit must name the first version."""
    hello = script.say(ALICE, "Hi evryone")
    edit = script.say(ALICE, "Hi everyone", replaces=hello)
    again = script.say(ALICE, "Hi everybody", replaces=edit)
    script.send(ALICE, GONE, replaces=again)


def _foreign_edits(script: Script) -> None:
    """Nobody edits or withdraws what others wrote."""
    hello = script.say(ALICE, "Hi everyone")
    script.say(BOB, "Go away", replaces=hello)
    script.send(CATHY, GONE, replaces=hello)
    script.say(ALICE, "Hello everyone", replaces=hello)


def _only_the_body(script: Script) -> None:
    """An edit changes the body, but no topic, no expiry, no reply."""
    first = script.say(ALICE, "Lunch?", topic_id=b"lunch")
    second = script.say(BOB, "At noon", in_reply_to=first, topic_id=b"lunch")
    script.now = START + 100
    expires = Expiration(relative=False, time=START + 50)
    script.say(BOB, "At one", replaces=second, topic_id=b"dinner", expires=expires)
    script.say(BOB, "At two", replaces=second, in_reply_to=second)


def _withdrawn(script: Script) -> None:
    """A message is withdrawn, with a reply and a reaction; an edit comes too late."""
    hello = script.say(ALICE, "Hi everyone")
    script.say(BOB, "Hi Alice", in_reply_to=hello)
    script.react(BOB, HEART, hello)
    script.send(ALICE, GONE, replaces=hello)
    script.say(ALICE, "Hi again", replaces=hello)
    script.send(ALICE, GONE, replaces=hello)


def _moderated(script: Script) -> None:
    """A moderator withdraws what others wrote, and edits nothing of it."""
    script.moderators = (ERIN,)
    rude = script.say(BOB, "Something rude")
    hello = script.say(ALICE, "Hi everyone")
    script.say(ERIN, "Something nice", replaces=rude)
    script.send(ERIN, GONE, replaces=rude)
    script.say(BOB, "Something ruder", replaces=rude)
    script.say(ERIN, "Bye everyone", replaces=hello)
    heart = script.react(BOB, HEART, hello)
    script.send(ERIN, UNLIKE, replaces=heart, in_reply_to=hello)


def _early_edit(script: Script) -> None:
    """An edit is accepted before its original, by the hub's account."""
    original = message(script.entropy, says("Hi evryone", PLAIN))
    name = message_id(original, ALICE, ROOM)
    script.say(ALICE, "Hi everyone", replaces=name)
    script.say(BOB, "Hi Alice", in_reply_to=name)
    script.arrivals.append((original, name, ALICE, (START + 10) * 1000))


def _missing_original(script: Script) -> None:
    """Edits of a message that never arrives stand for it, one for each of their senders."""
    missing = some_id(script.entropy)
    script.say(ALICE, "Hi everyone", replaces=missing)
    script.say(ALICE, "Hi everybody", replaces=missing)
    script.say(BOB, "Go away", replaces=missing)
    script.say(CATHY, "Hi", in_reply_to=missing)
    script.react(CATHY, HEART, missing)


def _withdrawn_unseen(script: Script) -> None:
    """The withdrawal of a message that never arrives, and that of one known by an edit alone."""
    script.send(ALICE, GONE, replaces=some_id(script.entropy))
    missing = some_id(script.entropy)
    script.say(BOB, "Hi", replaces=missing)
    script.send(BOB, GONE, replaces=missing)
    script.send(CATHY, GONE, replaces=missing)


def _versions(script: Script) -> None:
    """Replies and reactions to versions of a message count for the message."""
    hello = script.say(ALICE, "Bob, can I borow a pen?")
    script.react(BOB, THUMB, hello)
    edit = script.say(ALICE, "Bob, can I borrow your Ferrari?", replaces=hello)
    script.say(BOB, "No!", in_reply_to=edit)
    script.react(CATHY, HEART, edit)


def _unknown_target(script: Script) -> None:
    """A reply to a message that never arrives."""
    script.say(ALICE, "Yes please.", in_reply_to=some_id(script.entropy))


def _topics(script: Script) -> None:
    """Topics: two of them, and a message of none."""
    lunch = script.say(ALICE, "Lunch?", topic_id=b"lunch")
    script.say(BOB, "Pizza!", topic_id=b"lunch", in_reply_to=lunch)
    script.say(CATHY, "The printer is on fire", topic_id=b"\0\xff")
    script.say(ERIN, "Hi")


def _until(now: int) -> Callable[[Script], None]:
    def act(script: Script) -> None:
        expires = Expiration(relative=False, time=START + 60)
        going = script.say(ALICE, "The lift stops in a minute", expires=expires)
        script.react(BOB, HEART, going)
        script.say(ALICE, "The lift stops in one minute", replaces=going)
        script.react(CATHY, THUMB, script.say(BOB, "Hi"), expires=expires)
        script.now = START + now

    act.__name__ = f"_until_{now}"
    act.__doc__ = f"An absolute expiry, {60 - now} seconds before it."
    return act


def _after_reading(script: Script) -> None:
    """A relative expiry counts from the first reading of any version, and not without one."""
    expires = Expiration(relative=True, time=30)
    read = script.say(ALICE, "Psst", expires=expires)
    edit = script.say(ALICE, "Pssst", replaces=read)
    script.say(BOB, "Nobody reads this", expires=expires)
    late = script.say(CATHY, "Read later", expires=expires)
    gone = script.say(CATHY, "Gone when it is read", expires=Expiration(relative=True, time=0))
    script.readings += [(edit, START + 20), (read, START + 25), (late, START + 21), (gone, START)]
    script.now = START + 50


def _no_clock(script: Script) -> None:
    """Without a time nothing has expired."""
    expires = Expiration(relative=False, time=0)
    script.say(ALICE, "Expired in 1970", expires=expires)
    script.readings.append((script.say(BOB, "Hi"), START))


def _statuses(script: Script) -> None:
    """Reports as messages: the last that makes sense counts, for each version and recipient."""
    hello = script.say(ALICE, "Hi evryone")
    edit = script.say(ALICE, "Hi everyone", replaces=hello)
    for who, statuses in (
        (BOB, ((hello, Status.DELIVERED), (edit, Status.DELIVERED))),
        (CATHY, ((hello, Status.ERROR),)),
        (BOB, ((hello, Status.READ), (hello, Status.DELIVERED))),
        (BOB, ((edit, Status.UNREAD),)),
        (CATHY, ((hello, Status.DELIVERED), (edit, Status.HIDDEN))),
        (ERIN, ((hello, Status.DELETED), (edit, Status(77)), (some_id(script.entropy), Status(0)))),
        (ERIN, ((hello, Status.READ), (edit, Status.EXPIRED))),
        (ERIN, ((edit, Status.READ),)),
    ):
        octets = encode_report(_report(*statuses))
        script.send(who, SinglePart(RENDER, "", MEDIA_TYPE, octets))


def _reports(script: Script) -> None:
    """Reports that come by another way, not in the order in which they were accepted."""
    hello = script.say(ALICE, "Hi everyone")
    script.report(BOB, (hello, Status.READ), accepted=(START + 5) * 1000)
    script.report(BOB, (hello, Status.DELIVERED), accepted=(START + 4) * 1000)
    script.report(CATHY, (hello, Status.DELETED), accepted=(START + 5) * 1000)
    script.report(CATHY, (hello, Status.READ), accepted=(START + 6) * 1000)
    other = script.say(BOB, "Hi Alice")
    script.report(CATHY, (other, Status.READ), accepted=(START + 7) * 1000 + 1)
    script.report(CATHY, (other, Status.HIDDEN), accepted=(START + 7) * 1000)
    script.report(ERIN, (some_id(script.entropy), Status.READ), accepted=START * 1000)


def _bodies(script: Script) -> None:
    """The texts of bodies of several parts, of attachments, and of what is no text."""
    script.send(ALICE, multi(CHOOSE_ONE, says("<b>Hi</b>", HTML), says("*Hi*")))
    script.send(ALICE, multi(PROCESS_ALL, says("See:"), image(b"..."), says("Nice!", PLAIN)))
    script.send(BOB, replace(external(), description="A party"))
    script.send(BOB, image(b"..."))
    script.send(CATHY, GONE)


def _crowd(script: Script) -> None:
    """Thirty messages, of which many refer to others."""
    names: list[bytes] = []
    people = (ALICE, BOB, CATHY)
    for number in range(30):
        sender = people[below(script.entropy, 3)]
        target = names[below(script.entropy, len(names))] if names else None
        match below(script.entropy, 6):
            case 0:
                names.append(script.say(sender, f"{number}", replaces=target))
            case 1:
                script.send(sender, GONE, replaces=target)
            case 2 if target:
                names.append(script.react(sender, (HEART, THUMB)[number % 2], target))
            case _:
                names.append(script.say(sender, f"{number}", in_reply_to=target))


def _read_by_others(script: Script) -> None:
    """A relative expiry does not count from what others report to have read."""
    expires = Expiration(relative=True, time=30)
    read = script.say(ALICE, "Read here later", expires=expires)
    unread = script.say(ALICE, "Not read here yet", expires=expires)
    for name in (read, unread):
        script.report(BOB, (name, Status.READ), accepted=(START + 5) * 1000)
    script.readings.append((read, START + 40))
    script.now = START + 50


ACTS: tuple[Callable[[Script], None], ...] = (
    _talk,
    _same_time,
    _reactions,
    _several_reactions,
    _reaction_to_nothing,
    _reaction_to_reaction,
    _edits,
    _edit_of_edit,
    _foreign_edits,
    _only_the_body,
    _withdrawn,
    _moderated,
    _early_edit,
    _missing_original,
    _withdrawn_unseen,
    _versions,
    _unknown_target,
    _topics,
    _until(59),
    _until(60),
    _until(61),
    _after_reading,
    _no_clock,
    _statuses,
    _reports,
    _bodies,
    _crowd,
    _read_by_others,
)
