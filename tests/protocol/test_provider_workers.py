"""Workers without a memory of their own: whatever comes between a read and a swap, all agree."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest
from protocol.town import EVERYBODY, ROOM, A, Town

from mimi import content
from mimi.crypto import Entropy, SeededEntropy
from mimi.identity import Domain
from mimi.protocol import (
    Answer,
    Endpoint,
    Provider,
    ProviderState,
    ProviderStep,
    Session,
    SubmitAccepted,
    SubmitMessage,
    SubmitMessageRequest,
    UpdateRoom,
    request_to,
)
from mimi.protocol.http import HttpRequest, read_response
from mimi.protocol.outbox import PATIENCE
from mimi.protocol.provider_rows import (
    Scope,
    load_provider,
    open_provider,
    part_of,
    prefixes,
    provider_changes,
    save_provider,
    with_dependents,
)
from mimi.protocol.provider_scope import scope_of_call, scope_of_request

Act = Callable[[ProviderState], ProviderStep]


class Store:
    """Rows, and a version for each part."""

    def __init__(self, state: ProviderState) -> None:
        self.rows: Mapping[str, bytes] = save_provider(state)
        self.versions: dict[str, int] = {}
        self.conflicts = 0

    def below(self, scope: Scope) -> dict[str, bytes]:
        while True:
            chosen = (*prefixes(scope), "peer/")
            found = {name: row for name, row in self.rows.items() if name.startswith(chosen)}
            wider = with_dependents(scope, found)
            if wider is scope:
                return found
            scope = wider

    def swap(self, changes: Any, versions: Mapping[str, int]) -> bool:
        parts = {part_of(name) for name in (*changes.written, *changes.erased)}
        if any(self.versions.get(part, 0) != versions.get(part, 0) for part in parts):
            self.conflicts += 1
            return False
        kept = {name: row for name, row in self.rows.items() if name not in changes.erased}
        self.rows = {**kept, **changes.written}
        self.versions |= {part: self.versions.get(part, 0) + 1 for part in parts}
        return True


def worker(
    store: Store, provider: Provider, scope: Scope, act: Act
) -> Generator[None, None, ProviderStep]:
    """Take a step; whatever others do is done where it yields."""
    while True:
        rows, versions = store.rows, dict(store.versions)
        before = open_provider(store.below(scope), provider.hub, lookup=rows)
        step = act(before)
        changes = provider_changes(step.state, before)
        yield
        if store.swap(changes, versions):
            return step


def all_at_once(
    workers: Mapping[str, Generator[None, None, ProviderStep]], entropy: Entropy
) -> dict[str, ProviderStep]:
    """Let workers go on in any order, until all have done their step."""
    running, done = dict(workers), {}
    while running:
        name = sorted(running)[int.from_bytes(entropy(4)) % len(running)]
        try:
            next(running[name])
        except StopIteration as stop:
            done[name] = stop.value
            del running[name]
    return done


def asks(
    town: Town, store: Store, name: str, call: Any, endpoint: Endpoint, body: Any
) -> Generator[None, None, ProviderStep]:
    """Return the worker that does what a device wants: its own provider's, or the other's."""
    provider, now = town.server("a.example").provider, town.now
    owner = town.device(name).device.owner
    source = owner.client.provider
    if source == A:
        session = Session(owner.user, str(owner.client).encode())

        def act(state: ProviderState) -> ProviderStep:
            return provider.call(state, session, call, now=now)

        return worker(store, provider, scope_of_call(session, call), act)
    wire = request_to(provider.directory, endpoint, ROOM, body, source=source, target=A)
    return worker(store, provider, *_handled(provider, wire, source, now))


def _handled(provider: Provider, wire: HttpRequest, source: Domain, now: int) -> tuple[Scope, Act]:
    said = str(wire.method), wire.request_target, wire.headers, wire.body

    def act(state: ProviderState) -> ProviderStep:
        return provider.handle(state, *said, authenticated={source}, now=now)

    return scope_of_request(provider, *said, authenticated={source}), act


def content_of(step: ProviderStep, endpoint: Endpoint) -> Any:
    """Return how somebody was answered."""
    if step.response is None:
        return next(each.content for each in step.effects if isinstance(each, Answer))
    response = step.response
    return read_response(endpoint, response.status, response.headers, response.body, now=0).content  # type: ignore[union-attr]  # it was taken


def goes_on(town: Town, store: Store) -> None:
    """Let a.example begin with what is stored, and everybody hear what they have not heard."""
    server = town.server("a.example")
    server.state = load_provider(store.rows, server.provider.hub)
    town.begins("a.example")
    town.wait(PATIENCE)


@pytest.mark.parametrize("seed", range(6))
def test_messages_at_once_are_all_accepted_in_one_order(seed):
    town, entropy = Town(), SeededEntropy(bytes([seed]))
    store = Store(town.server("a.example").state)
    workers = {}
    for name in EVERYBODY:
        handset = town.device(name)
        for number in range(3):
            message = content.text(f"{name} {number}", entropy=entropy)
            post = handset.room.send(message, now=town.now)
            handset._room = post.room
            wire = post.request.app_message
            body = SubmitMessageRequest(wire, handset.device.owner.user)
            workers[f"{name} {number}"] = asks(
                town, store, name, SubmitMessage(ROOM, wire), Endpoint.SUBMIT_MESSAGE, body
            )
    steps = all_at_once(workers, entropy)
    assert store.conflicts > len(workers) // 2
    statuses = [content_of(step, Endpoint.SUBMIT_MESSAGE).status for step in steps.values()]
    assert all(isinstance(status, SubmitAccepted) for status in statuses)
    times = {name: each.accepted_timestamp for name, each in zip(steps, statuses, strict=True)}
    assert len(set(times.values())) == len(workers)

    goes_on(town, store)
    town.agree(*EVERYBODY)
    shown = [entry.text for entry in town.device("cathy/phone").room.shown]
    assert shown == sorted(workers, key=times.__getitem__)


@pytest.mark.parametrize("seed", range(6))
def test_of_commits_at_once_one_is_accepted(seed):
    town, entropy = Town(), SeededEntropy(bytes([seed]))
    store = Store(town.server("a.example").state)
    workers = {}
    for name in EVERYBODY:
        handset = town.device(name)
        change = handset.room.commit(now=town.now)
        handset._room = change.room
        call = UpdateRoom(ROOM, change.request)
        workers[name] = asks(town, store, name, call, Endpoint.UPDATE, change.request)
    epoch = town.server("a.example").state.rooms[ROOM].group.epoch
    steps = all_at_once(workers, entropy)
    codes = [content_of(step, Endpoint.UPDATE).response_code.name for step in steps.values()]
    assert sorted(codes) == ["SUCCESS", *["WRONG_EPOCH"] * 5]

    goes_on(town, store)
    assert town.server("a.example").state.rooms[ROOM].group.epoch == epoch + 1
    town.agree(*EVERYBODY)
