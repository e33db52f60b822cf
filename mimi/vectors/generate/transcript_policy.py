"""A moderated room: who speaks, who is banned, and everything that a hub refuses."""

from mimi import content
from mimi.client import Change, DeviceRoom
from mimi.client.changes import leaves_of, request_of
from mimi.crypto import SeededEntropy, Suite
from mimi.identity import RoomUri
from mimi.mls.proposal import Remove
from mimi.policy.presets.moderated import (
    ATTENDEE,
    MODERATED,
    MODERATOR,
    POLICY_ENFORCER,
    SPEAKER,
)
from mimi.policy.propose import list_update
from mimi.policy.structures import RoomMetaData
from mimi.vectors.generate.transcript_town import Town, is_delivery
from mimi.vectors.generate.written import Vector

ROOM = RoomUri.parse("mimi://b.example/r/panel")
MIA, SAM, ANNA, DORA = (
    b"mimi://b.example/u/mia",
    b"mimi://a.example/u/sam",
    b"mimi://c.example/u/anna",
    b"mimi://d.example/u/dora",
)
HUB = b"mimi://b.example"


def policy(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Return what happens on the panel."""
    domains = dict.fromkeys(("a.example", "b.example", "c.example", "d.example"), True)
    town = Town(suite, entropy, domains, "b.example")
    town.buy("mia/phone@b.example", "sam/phone@a.example", "dora/phone@d.example")
    town.buy("anna/phone@c.example", "anna/laptop@c.example")
    for act in (_begin, _raise, _miss, _doubt, _ban, _leave):
        act(town)
    return town.vector(
        "A moderated room of four providers: an attendee may not speak until she is made a speaker;"
        " messages and commits of an old epoch, a commit of a proposal that the hub does not know,"
        " one that the policy forbids, one that leaves out what is pending; a ban, a refused group"
        " info, a message that is withdrawn, the end of the ban; a user who leaves is cut off at"
        " once."
    )


def _begin(town: Town) -> None:
    mia = town.phone("mia/phone")
    components = MODERATED.having(RoomMetaData(str(ROOM).encode(), b"Panel")).components()
    participants = {MIA: MODERATOR, HUB: POLICY_ENFORCER}
    town.do(mia.founds(ROOM, components, participants, town.hub, town.now))
    town.do(mia.adds(ROOM, SAM, DORA, role=SPEAKER))
    town.do(mia.adds(ROOM, ANNA, role=ATTENDEE))
    town.do(town.phone("sam/phone").says(ROOM, town.text("Good morning"), town.now))


def _raise(town: Town) -> None:
    """Anna speaks without leave; then she may."""
    mia, anna = town.phone("mia/phone"), town.phone("anna/phone")
    town.do(anna.shouts(ROOM, town.text("May I?"), town.now))
    raised = {ANNA: SPEAKER}
    town.do(mia.does(ROOM, lambda room: room.change_roles(raised, now=town.now), town.now))
    town.do(anna.says(ROOM, town.text("Thank you"), town.now))
    town.do(mia.does(ROOM, lambda room: room.rename("Panel 1", now=town.now), town.now))


def _miss(town: Town) -> None:
    """Sam has not heard of the latest epoch."""
    mia, sam = town.phone("mia/phone"), town.phone("sam/phone")
    town.held = is_delivery(sam.uri)
    town.do(mia.does(ROOM, lambda room: room.rename("Panel 2", now=town.now), town.now))
    town.do(sam.says(ROOM, town.text("As I was saying"), town.now))
    town.do(sam.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.release()
    town.do(sam.says(ROOM, town.text("As I was going to say"), town.now))
    town.do(sam.does(ROOM, lambda room: room.commit(now=town.now), town.now))


def _unheard(room: DeviceRoom, now: int) -> Change[DeviceRoom]:
    """Return a commit of a proposal that nobody was sent."""
    group = room.group
    for proposal in (list_update(room.policy, remove=[SAM]), *map(Remove, leaves_of(room, [SAM]))):
        group, _ = group.propose(proposal, now=now // 1000)
    draft = group.commit(now=now // 1000)
    request = request_of(draft.commit, draft.welcome, draft.accept())
    return Change(room, request)


def _doubt(town: Town) -> None:
    """Sam, who is no moderator, does what he may not; Mia commits what nobody knows."""
    mia, sam = town.phone("mia/phone"), town.phone("sam/phone")
    town.do(sam.dares(ROOM, lambda room: room.ban([DORA], now=town.now)))
    town.do(mia.dares(ROOM, lambda room: _unheard(room, town.now)))


def _ban(town: Town) -> None:
    mia, dora = town.phone("mia/phone"), town.phone("dora/phone")
    town.do(dora.says(ROOM, town.text("Buy my tokens!"), town.now))
    town.do(mia.does(ROOM, lambda room: room.ban([DORA], now=town.now), town.now))
    town.do(dora.gone(ROOM))
    town.do(dora.asks(ROOM))
    spam, drawn = dora.said[-1], town.entropy.fork(b"withdrawal")
    town.do(mia.says(ROOM, content.delete(spam, entropy=drawn), town.now))
    town.do(mia.does(ROOM, lambda room: room.unban([DORA], now=town.now), town.now))
    town.do(mia.adds(ROOM, DORA, role=ATTENDEE))


def _leave(town: Town) -> None:
    """Anna leaves; what her other device and Mia do before they have heard of it is refused."""
    mia, anna, laptop = (town.phone(name) for name in ("mia/phone", "anna/phone", "anna/laptop"))
    town.held = is_delivery(mia.uri, laptop.uri)
    town.do(anna.does(ROOM, lambda room: room.leave(now=town.now), town.now))
    town.do(laptop.says(ROOM, town.text("Am I still here?"), town.now))
    town.do(mia.does(ROOM, lambda room: room.rename("Panel 3", now=town.now), town.now))
    town.release()
    town.do(mia.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.do(anna.gone(ROOM), laptop.gone(ROOM))
    town.do(mia.says(ROOM, town.text("Let us close"), town.now))
