"""Who is away, or refuses what it is told: when it is told again (section 5.5)."""

import attrs
import pytest
from protocol.hall import ROOM as HALL
from protocol.hall import Hall
from protocol.providers import octets
from protocol.town import ROOM, A, B, C, Town

from mimi.demo.machine import Kind
from mimi.identity import RoomUri, UserUri
from mimi.protocol import (
    AbuseReport,
    AbuseType,
    Directory,
    Endpoint,
    Provider,
    ProviderState,
    SendHttp,
    Session,
    SubmitMessage,
)
from mimi.protocol.outbox import PATIENCE, Line, Outgoing
from mimi.protocol.provider_rows import load_provider, save_provider

ALICE, CATHY = UserUri(A, "alice"), UserUri(C, "cathy")
REPORT = AbuseReport(b"", octets(ALICE), AbuseType(0))
AT = 1 << 40
"""When the line was sent last."""
SENT = attrs.evolve(Line([Outgoing(0, b"x"), Outgoing(1, b"y")]), attempts=12).sent(AT)
PAUSED = SENT.refused(1, None, AT)
"""The line of somebody who has been away for more than an hour."""
HOUR = 3_600_000


@pytest.fixture(scope="module")
def town():
    return Town()


def after(town, line, now, *, request=None, to=B, status=201):
    """Return a line of a.example's after it was asked for something, as it is stored."""
    server = town.server("a.example")
    stored = server.state.with_line(ROOM, to, line)
    wire = request or town.request(Endpoint.REPORT_ABUSE, ROOM, REPORT)
    step = town.asked(wire, state=stored, authenticated={B}, now=now)
    assert status is None or step.response.status == status
    loaded = load_provider(save_provider(step.state), server.provider.hub)
    assert loaded.outbox == step.state.outbox
    return step.state.outbox[ROOM, to]


def test_a_provider_that_was_away_and_asks_is_told_at_once(town):
    assert PAUSED.at == AT + HOUR
    for now in (AT + PATIENCE, AT + HOUR - 1):
        assert after(town, PAUSED, now) == attrs.evolve(PAUSED, at=now)
    # nothing is sent earlier than it would be, nor later
    assert after(town, PAUSED, AT + HOUR) == after(town, PAUSED, AT + 2 * HOUR) == PAUSED


def test_it_is_told_once_a_minute_however_often_it_asks(town):
    for now in (AT, AT + PATIENCE - 1):
        assert after(town, PAUSED, now).at == AT + PATIENCE
    again = PAUSED.heard(AT + PATIENCE).sent(AT + PATIENCE).refused(1, None, AT + PATIENCE)
    assert again.at == AT + PATIENCE + HOUR
    assert after(town, again, AT + PATIENCE + 1).at == AT + 2 * PATIENCE
    soon = attrs.evolve(SENT, attempts=3).refused(1, None, AT)
    assert after(town, soon, AT).at == soon.at == AT + 4000


def test_what_is_on_its_way_is_not_sent_beside_itself(town):
    for line in (SENT, attrs.evolve(PAUSED, at=AT).sent(AT, unaddressed=True)):
        assert after(town, line, AT + 1) == line


@pytest.mark.parametrize(
    ("wished", "soonest"), [(86_400, 24 * HOUR), (7200, 2 * HOUR), (600, 600_000), (5, PATIENCE)]
)
def test_it_is_not_told_before_the_time_that_it_has_wished(town, wished, soonest):
    line = SENT.refused(1, wished, AT)
    assert line.at == AT + max(HOUR, soonest)
    assert after(town, line, AT + 1).at == AT + soonest


def test_who_claims_key_packages_for_the_room_is_there(town):
    claim = town.device("bob/phone").room.ask_key_material
    for user in (ALICE, CATHY):  # the hub's own, and one of whom another provider is to be asked
        wire = town.request(Endpoint.KEY_MATERIAL, user, claim(octets(user)))
        line = after(town, PAUSED, AT + HOUR // 2, request=wire, status=None)
        assert line.at == AT + HOUR // 2


def test_who_asks_for_something_else_is_not_told_of_the_room(town):
    now, elsewhere = AT + HOUR // 2, RoomUri(A, "elsewhere")
    assert after(town, PAUSED, now, to=C) == PAUSED
    wire = town.request(Endpoint.REPORT_ABUSE, elsewhere, REPORT)
    assert after(town, PAUSED, now, request=wire, status=404) == PAUSED
    # what is refused for what it says changes nothing
    wrong = attrs.evolve(REPORT, reporting_user=octets(CATHY))
    wire = town.request(Endpoint.REPORT_ABUSE, ROOM, wrong)
    assert after(town, PAUSED, now, request=wire, status=400) == PAUSED


def living(later=0):
    """Return a room in which Alice and Bob are, which began some milliseconds later."""
    hall = Hall()
    hall.now += later
    return hall.furnished("bob")


def said_in(provider, state, hall, *, now):
    """Return the state after Alice has said something, and what is sent to Bob's provider."""
    call = SubmitMessage(HALL, hall.message("alice/phone", str(now)).app_message)
    session = Session(octets(ALICE), octets(ALICE.client("phone")))
    step = provider.call(state, session, call, now=now)
    return step.state, [each for each in step.effects if isinstance(each, SendHttp)]


def test_a_late_answer_about_a_room_that_was_closed_is_none_about_its_successor():
    former = living()
    now = began = former.now
    provider = Provider(former.hub, Directory.at("https://mimi.a.example"))
    state = ProviderState(peers={B: Directory.at("https://mimi.b.example")})
    state, (first,) = said_in(provider, state.with_room(former.room), former, now=now)
    # nobody has answered: it is sent again, and taken both times
    now += PATIENCE
    step = provider.due(state, now=now)
    (late,) = step.effects
    assert late.then == first.then
    state = provider.answered(step.state, first.then, 201, (), b"", now=now).state
    assert state.outbox == {}
    # all leave, and somebody creates a room of this name
    latter = living(later=now - began)
    state, on_its_way = attrs.evolve(state, rooms={}).with_room(latter.room), []
    while len(on_its_way) < 20:
        now += 1000
        state, (sent,) = said_in(provider, state, latter, now=now)
        on_its_way.append(sent.then)
        heard = provider.answered(state, late.then, 201, (), b"", now=now).state
        assert heard.outbox == state.outbox
        state = provider.answered(state, sent.then, 201, (), b"", now=now).state
    assert state.outbox == {}


def test_what_was_refused_is_not_sent_again_because_a_directory_comes():
    town = Town()
    server, now = town.server("a.example"), town.now
    first = Line([Outgoing(0, b"x")]).sent(now)
    busy, gone = (first.refused(0, guidance, now) for guidance in (7200, None))
    others = {RoomUri(A, "busy"): busy, RoomUri(A, "gone"): gone, RoomUri(A, "sent"): first}
    state = attrs.evolve(server.state, peers={})
    for room, line in others.items():
        state = state.with_line(room, B, line)
    server.state = state
    town.lost = lambda message: message.kind is Kind.RESPONSE
    town.wish("alice/phone", "say", text="Hello")
    to_b = next(iter(server.asked.values()))
    document = town.server("b.example").provider.directory.encode()
    for status, body, messages in ((200, document, 1), (500, b"", 0)):
        step = server.provider.answered(server.state, to_b, status, (), body, now=now)
        assert [each.then.room for each in step.effects] == [ROOM] * messages
        for room, line in others.items():
            assert step.state.outbox[room, B] == line
