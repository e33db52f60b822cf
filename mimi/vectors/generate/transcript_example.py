"""The draft's example flow (draft-ietf-mimi-protocol-06 section 3)."""

from mimi import content
from mimi.crypto import SeededEntropy, Suite
from mimi.identity import RoomUri
from mimi.policy.presets.cooperative import COOPERATIVE, GROUP_ADMIN, POLICY_ENFORCER
from mimi.policy.structures import RoomMetaData
from mimi.vectors.generate.transcript_town import Town
from mimi.vectors.generate.written import Vector

ROOM = RoomUri.parse("mimi://a.example/r/clubhouse")
ALICE, BOB, CATHY = (
    b"mimi://a.example/u/alice",
    b"mimi://b.example/u/bob",
    b"mimi://c.example/u/cathy",
)
HUB = b"mimi://a.example"


def example(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Return what happens in the clubhouse."""
    domains = dict.fromkeys(("a.example", "b.example", "c.example"), True)
    town = Town(suite, entropy, domains, "a.example")
    town.buy("alice/phone@a.example", "alice/laptop@a.example")
    town.buy("bob/phone@b.example", "cathy/phone@c.example")
    _gather(town)
    _talk(town)
    _leave(town)
    _arrive(town)
    return town.vector(
        "Alice creates a room and adds Bob, Bob adds Cathy; a message, a reply, a reaction and an"
        " edit; Bob leaves in three steps; Cathy has a new device, which joins by a commit."
    )


def _gather(town: Town) -> None:
    alice, bob = town.phone("alice/phone"), town.phone("bob/phone")
    components = COOPERATIVE.having(RoomMetaData(str(ROOM).encode(), b"Clubhouse")).components()
    participants = {ALICE: GROUP_ADMIN, HUB: POLICY_ENFORCER}
    town.do(alice.founds(ROOM, components, participants, town.hub, town.now))
    town.do(alice.adds(ROOM, ALICE, BOB))
    town.do(bob.adds(ROOM, CATHY))


def _talk(town: Town) -> None:
    alice, bob, cathy = (town.phone(name) for name in ("alice/laptop", "bob/phone", "cathy/phone"))
    drawn = town.entropy.fork(b"salts")
    town.do(cathy.says(ROOM, content.text("Hi evrybody", entropy=drawn), town.now))
    hello = cathy.said[-1]
    town.do(bob.says(ROOM, content.reply("Hi _Cathy_", to=hello, entropy=drawn), town.now))
    town.do(alice.says(ROOM, content.reaction("👍", to=hello, entropy=drawn), town.now))
    corrected = content.text_part("Hi everybody")
    town.do(cathy.says(ROOM, content.edit(corrected, replaces=hello, entropy=drawn), town.now))


def _leave(town: Town) -> None:
    alice, bob, cathy = (town.phone(name) for name in ("alice/phone", "bob/phone", "cathy/phone"))
    drawn = town.entropy.fork(b"more salts")
    town.do(bob.does(ROOM, lambda room: room.leave(now=town.now), town.now))
    town.do(cathy.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.do(bob.gone(ROOM))
    town.do(alice.says(ROOM, content.text("Bye, Bob", entropy=drawn), town.now))


def _arrive(town: Town) -> None:
    town.buy("cathy/tablet@c.example", count=1)
    tablet, drawn = town.phone("cathy/tablet"), town.entropy.fork(b"last salts")
    town.do(tablet.asks(ROOM))
    town.do(tablet.says(ROOM, content.text("From my new tablet", entropy=drawn), town.now))
