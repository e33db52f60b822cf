"""Own users of a hub in its room: who was removed, or may not receive messages, gets none (5.3)."""

import pytest
from protocol.hall import ALICE, ENFORCER, ROOM, USER, octets
from protocol.home import ANN, DAY, Home
from protocol.test_provider_rooms import closing
from protocol.town import Town, is_delivery_to

from mimi.codec import replace
from mimi.errors import UsageError
from mimi.mls.proposal import SelfRemove
from mimi.policy.capability import Capability
from mimi.policy.presets import COOPERATIVE
from mimi.policy.presets.cooperative import GROUP_ADMIN
from mimi.policy.presets.preset import Preset
from mimi.policy.structures import BANNED, BaseRoomPolicy, RoleData
from mimi.protocol import CommitFanout, SubmitAccepted
from mimi.protocol.deliveries import Deliver
from mimi.protocol.follower import FAREWELL

PHONE = octets(ANN.client("phone"))
PERSISTENT = COOPERATIVE.having(BaseRoomPolicy(persistent_room=True))
NAMELESS = "mimi://a.example/d/client-1"
"""A client whose URI does not say whose it is."""


def denying(role: int, *denied: Capability) -> Preset:
    """Return a kind of room in which holders of a role may not do something."""
    roles = []
    for each in COOPERATIVE.policy.roles.roles:
        able = tuple(at for at in each.role_capabilities if at not in denied)
        is_it = each.role_index == role
        roles.append(replace(each, role_capabilities=able) if is_it else each)
    return COOPERATIVE.having(RoleData(tuple(roles)))


SILENT = denying(USER, Capability.CAN_RECEIVE_MESSAGE)
"""A room in which those who are brought in may not receive messages."""
POWERLESS = denying(ENFORCER, Capability.CAN_REMOVE_PARTICIPANT, Capability.CAN_KICK)
"""One in which the hub removes nobody."""


@pytest.mark.parametrize("client", [PHONE.decode(), NAMELESS])
def test_who_is_banned_hears_of_it_and_of_nothing_after(client):
    home = Home(client=client)
    home.says()
    home.bans()
    assert home.anns == ["Welcome", "Application", "Commit"]
    assert client.encode() not in home.followed.clients
    home.says("not for Ann")
    home.commits()
    home.resumes()
    assert home.anns == []
    assert home.gaps == []


def test_who_is_away_when_it_is_banned_hears_of_it_later_and_of_nothing_after():
    home = Home()
    home.away = {PHONE}
    home.says()
    home.bans()
    for _ in range(2):
        home.says("not for Ann")
        assert PHONE not in home.sent
    home.commits()
    assert PHONE not in home.sent
    home.resumes()
    assert home.anns == ["Welcome", "Application", "Commit"]
    assert PHONE not in home.followed.clients
    assert home.gaps == []


def test_whom_a_user_of_another_provider_takes_out_hears_of_nothing_after():
    town = Town()
    alices = town.device("alice/phone")
    change = alices.room.change_roles({b"mimi://b.example/u/bob": GROUP_ADMIN}, now=town.now)
    town.send(alices._changes(change).messages)
    town.wish("alice/phone", "leave")
    town.held = is_delivery_to("alice/laptop")
    town.wish("bob/phone", "commit")
    town.wish("bob/phone", "say", text="not for Alice")
    town.wish("bob/phone", "commit")
    server, laptop = town.server("a.example"), b"mimi://a.example/d/alice/laptop"
    assert [*server.state.followed[ROOM].clients] == [laptop]
    (waiting,) = server.state.followed[ROOM].pending(laptop)
    assert isinstance(waiting.message.attached, CommitFanout)
    assert server.state.followed[ROOM].clients[laptop].until == waiting.number
    town.release()
    assert not town.device("alice/laptop").end()["member"]
    assert not server.state.followed[ROOM].clients


def test_that_a_client_was_removed_is_kept_for_a_while():
    home = Home()
    home.away = {PHONE}
    home.bans()
    home.stores(home.provider.pruned(home.state, now=home.now + FAREWELL - DAY))
    assert PHONE in home.followed.clients
    home.stores(home.provider.pruned(home.state, now=home.now + FAREWELL + DAY))
    assert [*home.followed.clients] == [octets(ALICE.client("phone"))]
    state = home.provider.pruned(home.state, now=home.now + FAREWELL + DAY)
    assert state.followed is home.state.followed


@pytest.mark.parametrize("away", [False, True])
def test_who_is_brought_in_again_begins_anew(away):
    home = Home()
    home.says()
    home.away = {PHONE} if away else set()
    home.bans()
    home.says("not for Ann")
    home.unbans()
    home.offers()
    assert home.anns == ["Welcome", "Application", *([] if away else ["Commit"])]
    home.adds()
    home.says("for Ann")
    home.resumes()
    assert home.anns == ["Welcome", "Application"]
    assert home.gaps == []
    assert home.followed.clients[PHONE].until == 0


def test_who_joins_again_begins_anew():
    home = Home()
    home.says()
    home.away = {PHONE}
    home.bans()
    home.unbans(USER)
    assert home.followed.clients[PHONE].until
    home.away = set()
    home.joins()
    home.says("for Ann")
    assert home.anns == ["Welcome", "Application", "Commit", "Application"]
    assert home.gaps == []


def test_who_was_cut_off_is_so_in_a_room_that_begins_anew():
    home = Home(PERSISTENT)
    home.proposes_to_ban()
    home.changes(home.room.propose([SelfRemove()], now=home.now))
    assert home.state.rooms[ROOM].is_vacant
    assert home.anns == ["Welcome", "Proposal", "Proposal"]
    home.room = home.founds(PERSISTENT, ann=BANNED)
    home.says("not for Ann")
    assert home.anns == []
    assert PHONE not in home.followed.clients


def test_a_commit_by_which_one_joins_again_waits_for_the_hub():
    home = Home()
    home.away = {PHONE}
    home.bans()
    again = home.followed.joined(PHONE, now=home.now, by=bytes(32))
    assert again.clients[PHONE].is_waiting
    assert PHONE not in again.refused(PHONE, bytes(32)).clients


@pytest.mark.parametrize("client", [PHONE.decode(), NAMELESS])
def test_a_commit_by_which_somebody_joined_lets_nobody_in_who_was_removed_since(client):
    home = Home(client=client)
    update = home.joins()
    home.says()
    home.bans()
    assert home.anns[-2:] == ["Application", "Commit"]
    again = home.call(ANN, update)
    assert again.response_code.name == "SUCCESS"  # as it once was
    home.says("not for Ann")
    assert home.anns == []
    assert client.encode() not in home.followed.clients


@pytest.mark.parametrize("client", [PHONE.decode(), NAMELESS])
def test_who_may_not_receive_messages_gets_commits_alone(client):
    home = Home(SILENT, client)
    for _ in range(2):
        home.says("not for Ann")
        home.says("nor this")
        home.commits()
    assert home.anns == ["Welcome", "Commit", "Commit"]
    assert home.gaps == []


def test_who_may_not_receive_messages_and_is_away_gets_commits_alone():
    home = Home(SILENT)
    home.away = {PHONE}
    for _ in range(2):
        home.says("not for Ann")
        home.commits()
    home.says("not for Ann")
    waiting = home.followed.pending(PHONE)
    assert [type(each.message.attached) for each in waiting] == [CommitFanout, CommitFanout]
    home.resumes()
    assert home.followed.clients[PHONE].floor == home.followed.number
    home.commits()
    assert home.anns == ["Welcome", "Commit", "Commit", "Commit"]
    assert home.gaps == []
    missed = home.provider.missed(
        home.state, PHONE, ROOM, number=0, group_id=home.room.group.group_id, epoch=0, now=home.now
    )
    assert all(isinstance(each, Deliver) for each in missed)


def test_of_what_was_not_for_a_client_nothing_waits_for_it():
    home = Home(SILENT)
    for number in range(40):
        home.says(f"{number}")
    place = home.followed.clients[PHONE]
    assert place.acknowledged < place.floor == home.followed.number
    assert len(home.followed.log) < 40
    home.away = {PHONE}
    home.commits()
    for number in range(40):
        home.says(f"{number} again")
    home.resumes()
    assert home.anns == ["Welcome", "Commit"]


def test_who_is_about_to_be_banned_gets_no_messages():
    home = Home()
    sent = [home.message("before"), home.message("and then")]
    home.proposes_to_ban()
    assert home.anns == ["Welcome", "Proposal"]
    for each in sent:
        assert isinstance(home.call(ALICE, each).status, SubmitAccepted)
    assert home.anns == []
    home.commits()
    assert home.anns == ["Commit"]
    assert home.gaps == []


@pytest.mark.parametrize(
    ("preset", "said"), [(COOPERATIVE, ["Proposal"]), (POWERLESS, [])], ids=["proposed", "not"]
)
def test_whom_the_hub_wants_out_gets_no_messages(preset, said):
    home = Home(preset)
    message = home.message("not for Ann")
    step = home.provider.removed(home.state, ROOM, [octets(ANN)], now=home.now)
    home.stores(step.state)
    home.delivers(step.effects)
    assert home.state.rooms[ROOM].is_cut_off(octets(ANN))
    assert home.anns == ["Welcome", *said]
    home.call(ALICE, message)
    assert home.anns == []


def test_a_room_that_is_closed_is_gone_for_the_hubs_own_clients_too():
    town = Town()
    closing(town)
    server = town.server("a.example")
    assert ROOM not in server.state.rooms
    assert not server.state.followed[ROOM].clients
    state = server.provider.pruned(server.state, now=town.now + DAY)
    assert ROOM not in state.followed


def test_what_was_said_of_a_room_that_is_closed_is_still_for_who_has_not_heard_it():
    town = Town()
    laptop = b"mimi://a.example/d/alice/laptop"
    town.lost = is_delivery_to("alice/laptop")
    for name in ("bob/phone", "cathy/phone"):
        town.wish(name, "leave")
        town.wish("alice/phone", "commit")
    town.wish("alice/phone", "leave")
    server = town.server("a.example")
    assert [*server.state.followed[ROOM].clients] == [laptop]
    waiting = server.state.followed[ROOM].pending(laptop)
    assert waiting
    state = server.provider.acknowledged(server.state, laptop, ROOM, waiting[-1].number)
    assert not state.followed[ROOM].clients
    with pytest.raises(UsageError, match="is not in"):
        state.followed[ROOM].pending(laptop)
    later = server.provider.pruned(server.state, now=town.now + FAREWELL + DAY)
    assert ROOM not in later.followed
