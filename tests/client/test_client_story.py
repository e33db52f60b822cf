"""The draft's example flow, by devices and a hub: section 3, and what it leaves out."""

import pytest
from client.neighbourhood import (
    ALICE,
    BOB,
    CATHY,
    Neighbourhood,
    octets,
    text,
    transcript,
)

from mimi import content
from mimi.client import Joined, RemovedMe
from mimi.content import attachment
from mimi.crypto import SeededEntropy


def story(there: Neighbourhood) -> None:
    entropy = SeededEntropy(b"story")
    there.create("alice/phone")
    there.add("alice/phone", "alice", "bob")
    there.add("bob/phone", "cathy")
    assert len(there.members()) == 6
    began = there.now

    hello = there.say("cathy/phone", text("Hi evrybody", b"1"))
    answer = there.say("bob/laptop", content.reply("Hi _Cathy_", to=hello, entropy=entropy))
    there.say("alice/laptop", content.reaction("👍", to=hello, entropy=entropy))
    there.say(
        "cathy/laptop",
        content.edit(content.text_part("Hi everybody"), replaces=hello, entropy=entropy),
    )
    picture, _ = attachment.encrypt(
        b"\x89PNG", url="https://b.example/f/1", content_type="image/png", entropy=entropy
    )
    there.say("bob/phone", content.reply("Look", to=answer, attach=[picture], entropy=entropy))
    there.check_agreement()

    there.changed("bob/phone", lambda room: room.leave(now=there.now))
    assert len(there.of("bob/laptop").group.pending) == 3
    there.changed("cathy/phone", lambda room: room.commit(now=there.now))
    for name in ("bob/phone", "bob/laptop"):
        assert isinstance(there.events[name][-1], RemovedMe)
    assert len(there.members()) == 4
    there.say("alice/phone", text("Bye, Bob", b"2"))
    there.check_agreement()

    there.buy("cathy", "tablet")
    (joined,) = there.come_in("cathy/tablet")
    assert isinstance(joined, Joined)
    there.say("cathy/tablet", text("From my tablet", b"3"))
    there.check_agreement(
        "alice/phone",
        "alice/laptop",
        "cathy/phone",
        "cathy/laptop",
        "cathy/tablet",
        since=joined.accepted,
    )

    there.changed("alice/phone", lambda room: room.ban([octets(CATHY)], now=there.now))
    assert there.members() == ["alice/phone", "alice/laptop"]
    for name in ("cathy/phone", "cathy/laptop", "cathy/tablet"):
        event = there.events[name][-1]
        assert isinstance(event, RemovedMe)
        assert event.role == 1
        assert event.by == octets(ALICE)
    there.say("alice/laptop", text("Alone", b"4"))
    there.check_agreement()
    assert transcript(there.rooms["alice/phone"], began) == [
        (str(CATHY), "Hi everybody", True, None, {"👍": (str(ALICE),)}),
        (str(BOB), "Hi _Cathy_", False, None, {}),
        (str(BOB), "Look", False, None, {}),
        (str(ALICE), "Bye, Bob", False, None, {}),
        (str(CATHY), "From my tablet", False, None, {}),
        (str(ALICE), "Alone", False, None, {}),
    ]


@pytest.mark.parametrize("restoring", [False, True])
@pytest.mark.parametrize("partial", [False, True])
def test_the_example_flow(restoring, partial):
    story(Neighbourhood(restoring=restoring, partial=partial))
