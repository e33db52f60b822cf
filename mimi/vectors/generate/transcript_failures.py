"""What goes wrong on the way: lost, late, repeated and reordered, and how all agree in the end."""

from mimi.codec import decode
from mimi.crypto import SeededEntropy, Suite
from mimi.identity import RoomUri
from mimi.policy.presets.cooperative import COOPERATIVE, GROUP_ADMIN, POLICY_ENFORCER
from mimi.policy.structures import RoomMetaData
from mimi.protocol.fanout import FanoutMessage, WelcomeFanout
from mimi.vectors.form import Form
from mimi.vectors.generate.transcript_town import (
    MINUTE,
    Matches,
    Town,
    is_asked,
    is_delivery,
    is_notify,
    is_response,
    none,
)
from mimi.vectors.generate.written import Vector

ROOM = RoomUri.parse("mimi://a.example/r/cellar")
ANA, BO, CY = (
    b"mimi://a.example/u/ana",
    b"mimi://b.example/u/bo",
    b"mimi://c.example/u/cy",
)
HUB = b"mimi://a.example"


def failures(suite: Suite, entropy: SeededEntropy) -> Vector:
    """Return what happens in the cellar."""
    domains = dict.fromkeys(("a.example", "b.example", "c.example"), True)
    town = Town(suite, entropy, domains, "a.example")
    town.buy("ana/phone@a.example", "bo/phone@b.example", is_partial=True)
    town.buy("cy/phone@c.example", "cy/laptop@c.example")
    for act in (_begin, _return, _race, _repeat, _reorder, _late, _unanswered, _again, _behind):
        act(town)
    return town.vector(
        "A Welcome is lost, and the device comes in by a commit of its own; two commits in one"
        " epoch; a notification whose acknowledgement is lost, one that is lost itself, and one"
        " that arrives long after; deliveries in reverse order; a message of an epoch that is"
        " over; a commit and a message that are accepted while their answers are lost, and such"
        " as are sent again, whether they had been heard or not; a device that has missed a commit"
        " for good. At the end all are in one epoch."
    )


def _is_welcome_to(uri: str) -> Matches:
    def matches(message: Form) -> bool:
        if not is_delivery(uri)(message):
            return False
        return isinstance(decode(FanoutMessage, message["body"]).attached, WelcomeFanout)

    return matches


def _begin(town: Town) -> None:
    """Ana adds Bo and Cy; one of Cy's devices never gets its Welcome."""
    ana, laptop = town.phone("ana/phone"), town.phone("cy/laptop")
    components = COOPERATIVE.having(RoomMetaData(str(ROOM).encode(), b"Cellar")).components()
    participants = {ANA: GROUP_ADMIN, HUB: POLICY_ENFORCER}
    town.do(ana.founds(ROOM, components, participants, town.hub, town.now))
    town.lost = _is_welcome_to(laptop.uri)
    town.do(ana.adds(ROOM, BO, CY))
    town.lost = none
    town.do(ana.says(ROOM, town.text("Who is there?"), town.now))


def _return(town: Town) -> None:
    """The device that was not welcomed replaces its leaf."""
    laptop = town.phone("cy/laptop")
    town.do(laptop.asks(ROOM))
    town.do(laptop.says(ROOM, town.text("I am, too"), town.now))


def _race(town: Town) -> None:
    """Two commits in one epoch: the hub takes the first, and the other is made anew."""
    bo, cy = town.phone("bo/phone"), town.phone("cy/phone")
    town.do(
        bo.does(ROOM, lambda room: room.rename("Wine cellar", now=town.now), town.now),
        cy.does(ROOM, lambda room: room.rename("Coal cellar", now=town.now), town.now),
    )
    town.do(bo.does(ROOM, lambda room: room.rename("Wine cellar", now=town.now), town.now))


def _repeat(town: Town) -> None:
    """A notification is taken, but not acknowledged; another one is lost."""
    ana, bo = town.phone("ana/phone"), town.phone("bo/phone")
    town.lost = lambda each: is_response("a.example")(each) and each["from"] == "b.example"
    town.do(ana.says(ROOM, town.text("It is cold"), town.now))
    town.lost = none
    town.silence(town.last(is_notify("b.example")))
    town.wait("a.example", MINUTE)
    town.lost = is_notify("c.example")
    town.do(bo.says(ROOM, town.text("And dark"), town.now))
    town.lost = none
    town.silence(town.last(is_notify("c.example")))
    town.do(ana.says(ROOM, town.text("There was a match"), town.now))
    town.wait("a.example", MINUTE)
    town.again(town.last(is_notify("b.example")))


def _reorder(town: Town) -> None:
    """Deliveries to a device arrive in reverse order."""
    ana, bo, cy = (town.phone(name) for name in ("ana/phone", "bo/phone", "cy/phone"))
    town.held = is_delivery(cy.uri)
    town.do(bo.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.do(bo.says(ROOM, town.text("One"), town.now))
    town.do(ana.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.do(ana.says(ROOM, town.text("Two"), town.now))
    town.release(reverse=True)


def _late(town: Town) -> None:
    """A message arrives after the commit that ended its epoch."""
    ana, bo, cy = (town.phone(name) for name in ("ana/phone", "bo/phone", "cy/phone"))
    town.held = is_delivery(bo.uri)
    town.do(cy.says(ROOM, town.text("Before"), town.now))
    town.do(ana.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.release(reverse=True)


def _unanswered(town: Town) -> None:
    """The hub accepts a commit and a message, and its answers are lost."""
    bo = town.phone("bo/phone")
    town.lost = is_response("b.example")
    town.do(bo.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.silence(town.last(lambda each: "/update/" in each.get("target", "")))
    town.do(bo.says(ROOM, town.text("Hello?"), town.now))
    town.silence(town.last(lambda each: "/submitMessage/" in each.get("target", "")))
    town.lost = none


def _again(town: Town) -> None:
    """What was not answered is sent again, octet for octet: once it had been heard, once not."""
    bo = town.phone("bo/phone")
    for lost in (is_response("b.example"), is_asked("a.example", "update", "submitMessage")):
        town.held = is_delivery(bo.uri)
        commit = bo.does(ROOM, lambda room: room.commit(now=town.now), town.now)
        _ask_twice(town, commit, lost)
        _ask_twice(town, bo.says(ROOM, town.text(f"Is it {town.now}?"), town.now), lost)
        town.release()


def _ask_twice(town: Town, sent: list[Form], lost: Matches) -> None:
    """Let what a device sends be lost somewhere, and be sent again."""
    town.lost, call = lost, len(town.steps)
    town.do(sent)
    town.lost = none
    town.silence(town.last(is_asked("a.example", "update", "submitMessage")))
    town.do(town.phone("bo/phone").repeats(town.steps[call]))


def _behind(town: Town) -> None:
    """A device misses a commit for good: what comes is kept, until it comes in anew."""
    ana, bo, cy = (town.phone(name) for name in ("ana/phone", "bo/phone", "cy/phone"))
    town.lost = is_delivery(cy.uri)
    town.do(ana.does(ROOM, lambda room: room.commit(now=town.now), town.now))
    town.lost = none
    town.do(bo.says(ROOM, town.text("Cy?"), town.now))
    town.do(cy.asks(ROOM))
    town.do(cy.says(ROOM, town.text("Here I am"), town.now))
