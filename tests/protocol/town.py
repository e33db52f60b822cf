"""The demonstration's machines, with a network between them that loses, repeats and delays."""

from collections.abc import Callable, Iterable
from typing import Any

from protocol.restoring import from_rows, restart_handset

from mimi.demo.carrier import arrived
from mimi.demo.handset import Handset
from mimi.demo.machine import Kind, Message, Output
from mimi.demo.scenario import ACTS, check
from mimi.demo.server import Server
from mimi.demo.world import World
from mimi.identity import Domain, RoomUri
from mimi.protocol import Endpoint, HttpRequest, request_to
from mimi.protocol.http import MEDIA_TYPE
from mimi.protocol.http_errors import Method
from mimi.protocol.outbox import Line
from mimi.protocol.provider_state import (
    Acknowledge,
    Fetch,
    ProviderEffect,
    ProviderState,
    ProviderStep,
    SendHttp,
)

A, B, C = (Domain(f"{letter}.example") for letter in "abc")
ROOM = RoomUri(A, "clubhouse")
ALICES = ("alice/phone", "alice/laptop")
BOBS = ("bob/phone", "bob/laptop")
CATHYS = ("cathy/phone", "cathy/laptop")
EVERYBODY = (*ALICES, *BOBS, *CATHYS)

Matches = Callable[[Message], bool]


def nothing(_: Message) -> bool:
    return False


def is_notify_to(provider: str) -> Matches:
    return lambda message: (
        (message.name, message.kind, message.receiver) == ("notify", Kind.REQUEST, provider)
    )


def is_answer_to_notify(provider: str) -> Matches:
    """Return what matches that a provider has taken a notification."""
    return lambda message: (
        (message.name, message.kind, message.sender) == ("notify", Kind.RESPONSE, provider)
    )


def is_delivery_to(device: str) -> Matches:
    return lambda message: (message.kind, message.receiver) == (Kind.DELIVERY, device)


def is_called(name: str, kind: Kind = Kind.REQUEST) -> Matches:
    return lambda message: (message.kind, message.name) == (kind, name)


class Town(World):
    """The three providers after some acts of the example flow, and what becomes of messages.

    Attributes:
        lost: What is lost from now on.
        held: What is kept back, until `release`.
        twice: What arrives twice.
        fails: After what a machine fails, once: it has stored, and sends nothing.
        restarting: Whether all machines are made from their rows after each step.
    """

    lost: Matches = staticmethod(nothing)
    held: Matches = staticmethod(nothing)
    twice: Matches = staticmethod(nothing)
    fails: Matches = staticmethod(nothing)
    restarting = False

    def __init__(self, acts: int = 4, seed: bytes = b"town") -> None:
        super().__init__(seed)
        self.kept: list[Message] = []
        for _, act, _ in ACTS[:acts]:
            act(self)

    def carried(self, message: Message) -> Iterable[Message]:
        if self.lost(message):
            return ()
        if self.held(message):
            self.kept.append(message)
            return ()
        return (message, message) if self.twice(message) else (message,)

    def sent(self, message: Message, output: Output) -> Iterable[Message]:
        """Let a machine fail that has stored what came of a message, and not sent anything."""
        if self.restarting:
            self.restarts(message.receiver)
        if not self.fails(message):
            return output.messages
        self.fails = nothing
        self.restarts(message.receiver)
        return ()

    # What becomes of machines

    def restarts(self, name: str) -> None:
        """Let a machine forget all but what it has stored."""
        found = self.machines[name]
        if isinstance(found, Server):
            found.state = from_rows(found.state, found.provider.hub)
        elif isinstance(found, Handset):
            restart_handset(found)

    def begins(self, provider: str) -> None:
        """Let a provider begin that has failed: what was asked is answered by nobody."""
        server = self.server(provider)
        server.asked.clear()
        self.does(provider, *server.provider.resumed(server.state))

    def gives_up(self, provider: str) -> None:
        """Let a provider wait no longer for answers."""
        server = self.server(provider)
        asked, server.asked = server.asked, {}
        for then in asked.values():
            assert not isinstance(then, Fetch)
            step = server.provider.unanswered(server.state, then, now=self.now)
            self.send(server.done(step).messages)

    def does_not_wait(self, provider: str, *order: int) -> None:
        """Let a.example's notifications to a provider come all at once, each alone, in an order.

        Our hub waits for one answer before it sends the next; others need not.
        """
        server, to = self.server("a.example"), Domain(provider)
        line = server.state.outbox[ROOM, to]
        directory = server.state.peers[to]
        for place in order:
            waiting = line.waiting[place]
            url = directory.url(Endpoint.NOTIFY, ROOM)
            request = HttpRequest(Method.POST, url, A, to, waiting.body, MEDIA_TYPE)
            self.does("a.example", SendHttp(request, Acknowledge(ROOM, to, waiting.number)))
        server.state = server.state.with_line(ROOM, to, Line())

    def release(self, *, reverse: bool = False) -> None:
        """Let arrive what was kept back."""
        kept, self.kept, self.held = self.kept, [], nothing
        self.send(reversed(kept) if reverse else kept)

    def wait(self, milliseconds: int) -> None:
        """Let time pass, and every provider do what is due then."""
        self.now += milliseconds
        for provider in ("a.example", "b.example", "c.example"):
            self.send([Message("clock", provider, Kind.WISH, "due")])

    def does(self, provider: str, *effects: ProviderEffect) -> None:
        """Let a provider do something."""
        server = self.server(provider)
        self.send(server.done(ProviderStep(server.state, None, effects)).messages)

    def server(self, provider: str) -> Server:
        found = self.machines[provider]
        assert isinstance(found, Server)
        return found

    def agree(self, *members: str) -> None:
        found = check(self, "here", *members)
        assert found.problems == ()

    def notes(self, name: str) -> list[str]:
        """Return what was noticed by somebody so far."""
        return [
            note for each in self.records if each.message.receiver == name for note in each.notes
        ]

    def heard(self, name: str, kind: Kind, what: str) -> list[Message]:
        """Return what somebody has got of some kind."""
        return [
            each.message
            for each in self.records
            if (each.message.receiver, each.message.kind, each.message.name) == (name, kind, what)
        ]

    def statuses(self, name: str, what: str) -> list[int]:
        """Return how somebody's requests were answered."""
        return [arrived(each.body).status for each in self.heard(name, Kind.RESPONSE, what)]

    # Requests that nobody's machine makes

    def asked(
        self,
        request: HttpRequest,
        *,
        to: str = "a.example",
        state: ProviderState | None = None,
        **changes: Any,
    ) -> ProviderStep:
        """Return what a provider does about a request, as it is or in a state; none is stored."""
        server = self.server(to)
        options: dict[str, Any] = {
            "method": str(request.method),
            "target": request.request_target,
            "headers": request.headers,
            "body": request.body,
            "authenticated": {request.source},
            "now": self.now,
            **changes,
        }
        return server.provider.handle(server.state if state is None else state, **options)

    def request(self, endpoint: Endpoint, parameter: Any, content: Any) -> HttpRequest:
        """Return a request of b.example to a.example."""
        directory = self.server("a.example").provider.directory
        return request_to(directory, endpoint, parameter, content, source=B, target=A)
