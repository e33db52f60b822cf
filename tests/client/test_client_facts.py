"""What messages do, in the words of a policy."""

import subprocess
import sys

import pytest
from client.neighbourhood import ALICE, BOB, octets

from mimi import content
from mimi.client import facts_of
from mimi.content.authority import Arrival
from mimi.content.media import GFM_MIMI
from mimi.content.model import Disposition, ExternalPart
from mimi.content.status import MEDIA_TYPE, PerMessageStatus, Status, encode_report
from mimi.crypto import SeededEntropy
from mimi.errors import MalformedError
from mimi.policy.facts import Act, AssetFacts, BotFacts, MessageFacts, Notification, Topic

ENTROPY = SeededEntropy(b"facts")
NOW = 1_800_000_000
ME, OTHER = octets(ALICE), octets(BOB)
MINE, THEIRS, LIKE, GONE = (bytes([1]) + bytes([number]) * 31 for number in range(1, 5))
PLAIN = content.text_part("Hi")


def arrival(name, sender, message):
    return Arrival(message, name, str(sender), NOW * 1000)


KNOWN = {
    MINE: arrival(MINE, ALICE, content.body(PLAIN, entropy=ENTROPY, topic_id=b"lunch")),
    THEIRS: arrival(THEIRS, BOB, content.body(PLAIN, entropy=ENTROPY)),
    LIKE: arrival(LIKE, BOB, content.reaction("❤", to=MINE, entropy=ENTROPY)),
}
LUNCH = {"topic_id": b"lunch"}


def facts(message, **options):
    return facts_of(message, sender=ME, at=NOW, find=KNOWN.get, **options)


@pytest.mark.parametrize(
    ("message", "act", "topic"),
    [
        (content.text("Hi"), Act.MESSAGE, Topic.NONE),
        (content.text("Hi", **LUNCH), Act.MESSAGE, Topic.STARTED),
        (content.reply("Hi", to=THEIRS), Act.REPLY, Topic.NONE),
        (content.reply("Hi", to=MINE, **LUNCH), Act.REPLY, Topic.REPLIED_IN),
        (content.reply("Hi", to=THEIRS, **LUNCH), Act.REPLY, Topic.STARTED),
        (content.reply("Hi", to=GONE, **LUNCH), Act.REPLY, Topic.REPLIED_IN),
        (content.reaction("❤", to=THEIRS, **LUNCH), Act.REACTION, Topic.NONE),
        (content.edit("Ho", replaces=MINE, **LUNCH), Act.EDIT_OWN_MESSAGE, Topic.NONE),
        (content.edit("Ho", replaces=MINE), Act.EDIT_OWN_MESSAGE, Topic.CHANGED),
        (content.edit(PLAIN, replaces=MINE), Act.CHANGE_OWN_TOPIC, Topic.NONE),
        (content.edit(PLAIN, replaces=THEIRS, **LUNCH), Act.CHANGE_OTHER_TOPIC, Topic.NONE),
        (content.edit("Ho", replaces=THEIRS), Act.EDIT_OTHER_MESSAGE, Topic.NONE),
        (content.edit("Ho", replaces=LIKE), Act.EDIT_OTHER_REACTION, Topic.NONE),
        (content.edit("Ho", replaces=GONE), Act.EDIT_OWN_MESSAGE, Topic.NONE),
        (content.delete(MINE), Act.DELETE_OWN_MESSAGE, Topic.NONE),
        (content.delete(THEIRS), Act.DELETE_OTHER_MESSAGE, Topic.NONE),
        (content.unlike(LIKE, in_reply_to=MINE), Act.DELETE_OTHER_REACTION, Topic.NONE),
        (content.unlike(GONE, in_reply_to=MINE), Act.DELETE_OWN_REACTION, Topic.NONE),
    ],
)
def test_what_it_is(message, act, topic):
    found = facts(message)
    assert (found.act, found.topic) == (act, topic)
    assert found.sender == ME


@pytest.mark.parametrize(
    ("statuses", "notifies"),
    [
        ([Status.READ], {Notification.READ}),
        ([Status.DELIVERED, Status.READ], {Notification.READ, Notification.DELIVERY}),
        ([Status.HIDDEN], set()),
    ],
)
def test_reports_notify(statuses, notifies):
    report = content.MessageStatusReport(
        tuple(PerMessageStatus(MINE, status) for status in statuses)
    )
    part = content.single_part(MEDIA_TYPE, encode_report(report))
    found = facts(content.body(part))
    assert found == MessageFacts(ME, Act.NOTIFICATION, notifies=frozenset(notifies))


def test_a_report_that_is_none_has_no_facts():
    with pytest.raises(MalformedError):
        facts(content.body(content.single_part(MEDIA_TYPE, b"")))


def test_files_and_other_parts():
    kept = ExternalPart(Disposition.ATTACHMENT, "", "", "https://files.b.example:8080/f/1", size=12)
    shown = ExternalPart(Disposition.RENDER, "", "image/png", "https://me@b.example/2")
    strange = ExternalPart(Disposition.RENDER, "", "audio/ogg", "urn:x")
    session = ExternalPart(Disposition.SESSION, "", "", "https://b.example/join")
    here = content.single_part("image/jpeg", b"JPEG")
    attached = content.single_part("text/csv", b"1,2", disposition=Disposition.ATTACHMENT)
    body = content.mixed(PLAIN, kept, shown, strange, session, here, attached, PLAIN)
    found = facts(content.body(body))
    assert found.assets == (
        AssetFacts("application/octet-stream", is_attachment=True, size=12, host="files.b.example"),
        AssetFacts("image/png", host="b.example"),
        AssetFacts("audio/ogg", host=""),
        AssetFacts("image/jpeg", size=4),
        AssetFacts("text/csv", is_attachment=True, size=3),
    )
    assert found.media_types == ("text/plain;charset=utf-8",)


PREVIEW = content.html_part("<p>What is there</p>", disposition=Disposition.PREVIEW)
LINKED = content.markdown_part("See [it](https://a.example)")


@pytest.mark.parametrize(
    ("body", "bare", "previewed"),
    [
        (content.text_part("https://a.example"), False, False),
        (content.markdown_part("See _it_"), False, False),
        (content.markdown_part("`[it](https://a.example)`"), False, False),
        (content.markdown_part("Hi [Bob](mimi://b.example/u/bob)"), False, False),
        (content.markdown_part("See <https://a.example>"), True, False),
        (LINKED, True, False),
        (content.html_part('<a class="x" href="https://a.example">it</a>'), True, False),
        (content.html_part("<a href=#top>it</a>"), False, False),
        (content.mixed(LINKED, PREVIEW), False, True),
        (content.mixed(LINKED, content.mixed(LINKED, PREVIEW)), True, True),
    ],
)
def test_links(body, bare, previewed):
    found = facts(content.body(body))
    assert (found.bare_links, found.previewed_links) == (bare, previewed)


def test_expiry_counts_from_when_it_is_sent_or_read():
    assert facts(content.text("Hi")).expiry is None
    assert facts(content.text("Hi", expires=content.after_reading(60))).expiry == 60
    assert facts(content.text("Hi", expires=content.at(NOW + 90))).expiry == 90


def test_bots_are_named_by_who_knows_them():
    bot = BotFacts(b"weather")
    assert facts(content.text("Rain"), bot=bot).bot == bot
    assert facts(content.delete(MINE), bot=bot).bot == bot


WITHOUT_THE_EXTRA = """
import sys
sys.modules["markdown_it"] = None
from mimi import content
from mimi.client.facts import facts_of
for source in ("Hi", "`[it](https://a.example)`"):
    found = facts_of(content.markdown(source), sender=b"", at=0, find={}.get)
    print(found.bare_links)
"""


def test_without_the_extra_what_may_be_a_link_is_one():
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "False\nTrue\n"


@pytest.mark.parametrize("piece", ["<a ", "<a href=", "](", "<x@", "www.`"])
def test_long_texts_are_no_trap(piece):
    source = (piece * 400_000)[:1_000_000].encode()
    for kind in ("text/html", GFM_MIMI):
        facts(content.body(content.single_part(kind, source)))
