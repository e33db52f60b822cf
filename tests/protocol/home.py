"""A provider whose own users are in a room that it hosts; nothing but rows stays between steps."""

from typing import Any

from client.neighbourhood import text
from protocol.hall import ADMIN, ALICE, ENFORCER, ROOM, USER, Hall, octets
from protocol.offering import kept

from mimi.client import Device, DeviceRoom, Material
from mimi.client.changes import leaves_of
from mimi.identity import UserUri
from mimi.mls.proposal import Remove
from mimi.policy.presets import COOPERATIVE
from mimi.policy.presets.preset import Preset
from mimi.policy.propose import list_update
from mimi.policy.structures import BANNED, NO_ROLE, RoomMetaData
from mimi.protocol import (
    Answer,
    ClaimGroupInfo,
    ClaimKeys,
    Consent,
    CreateRoom,
    Deliver,
    Directory,
    FollowerRoom,
    OfferKeys,
    Provider,
    ProviderState,
    Session,
    SubmitMessage,
    UpdateRoom,
)
from mimi.protocol.provider_rows import load_provider, provider_changes, save_provider

ANN = UserUri(ALICE.provider, "ann")
DAY = 86_400_000


class Home:
    """Alice, who does everything, and Ann, whose client hears it unless it is away.

    Attributes:
        state: What the provider has.
        room: The room, as Alice's phone has it.
        away: The clients that hear nothing.
        had: From clients to up to which number they have had everything.
        heard: From clients to what they were delivered, by kind.
        sent: The clients to which something was sent last, and may have come or not.
        gaps: Deliveries before which something was missing.
    """

    def __init__(self, preset: Preset = COOPERATIVE, client: str = "mimi://a.example/d/ann/phone"):
        hall = Hall()
        self.provider = Provider(
            hall.hub, Directory.at("https://mimi.a.example/v1"), consent=lambda *_: Consent.GRANTED
        )
        self.state, self.now = ProviderState(), hall.now
        self.rows: dict[str, bytes] = {}
        self.devices = {user: Device.create(user.client("phone")) for user in (ALICE, ANN)}
        self.clients = {ALICE: octets(ALICE.client("phone")), ANN: client.encode()}
        self.away: set[bytes] = set()
        self.had: dict[bytes, int] = {}
        self.heard: dict[bytes, list[str]] = {each: [] for each in self.clients.values()}
        self.gaps: list[Deliver] = []
        self.sent: set[bytes] = set()
        self.offers()
        self.room = self.founds(preset)
        self.adds()

    @property
    def followed(self) -> FollowerRoom:
        return self.state.followed[ROOM]

    @property
    def anns(self) -> list[str]:
        """What Ann's client has been delivered since this was asked."""
        client = self.clients[ANN]
        heard, self.heard[client] = self.heard[client], []
        return heard

    def stores(self, state: ProviderState) -> None:
        """Store what has changed, and read it again."""
        changes = provider_changes(state, self.state)
        self.rows = kept(self.rows, changes)
        self.state = load_provider(self.rows, self.provider.hub)
        assert save_provider(self.state) == self.rows

    def call(self, user: UserUri, what: Any) -> Any:
        """Let the provider do what a user's client asks for; return its answer."""
        self.now += 1000
        session = Session(octets(user), self.clients[user])
        step = self.provider.call(self.state, session, what, now=self.now)
        self.stores(step.state)
        (content,) = [each.content for each in step.effects if isinstance(each, Answer)]
        self.delivers(step.effects)
        return content

    def delivers(self, effects: Any) -> None:
        """Let clients have what is for them, and acknowledge it."""
        self.sent = {each.client for each in effects if isinstance(each, Deliver)}
        for each in effects:
            if isinstance(each, Deliver) and each.client not in self.away:
                had = self.had.get(each.client, 0)
                if each.number <= had:
                    continue
                if each.after not in (0, had):
                    self.gaps.append(each)
                self.had[each.client] = each.number
                kind = type(each.message.attached).__name__.removesuffix("Fanout")
                self.heard[each.client].append(kind)
                state = self.provider.acknowledged(self.state, each.client, ROOM, each.number)
                self.stores(state)

    def resumes(self) -> None:
        """Deliver again what nobody has acknowledged, to whom has come back."""
        self.away = set()
        self.delivers(self.provider.resumed(self.state))

    # What Ann does

    def joins(self) -> UpdateRoom:
        """Ann joins by a commit of her own, which Alice hears; return what she sends."""
        asking = self.devices[ANN].ask(ROOM)
        response = self.call(ANN, ClaimGroupInfo(ROOM, asking.request))
        change = self.devices[ANN].come_in(asking, response, now=self.now)
        update = UpdateRoom(ROOM, change.request)
        self.call(ANN, update)
        (commit,) = [each.message for each in self.followed.log[-1:]]
        self.room = self.room.receive(commit, now=self.now).room
        return update

    # What Alice does

    def founds(self, preset: Preset, **others: int) -> DeviceRoom:
        """Alice creates the room, or begins it anew; others are there by their names."""
        listed = {octets(UserUri(ALICE.provider, name)): role for name, role in others.items()}
        hub = self.provider.hub
        founding = self.devices[ALICE].create_room(
            ROOM,
            preset.having(RoomMetaData(octets(ROOM), b"Home")).components(),
            {octets(ALICE): ADMIN, hub.user: ENFORCER} | listed,
            hub=hub.sender,
            now=self.now,
        )
        self.call(ALICE, CreateRoom(ROOM, founding.group_info, founding.ratchet_tree))
        return founding.room

    def changes(self, change: Any) -> None:
        response = self.call(ALICE, UpdateRoom(ROOM, change.request))
        self.room = change.room.answered(response, now=self.now).room

    def offers(self) -> None:
        self.devices[ANN], packages = self.devices[ANN].key_packages(2, now=self.now)
        self.call(ANN, OfferKeys(packages))

    def adds(self) -> None:
        """Alice brings Ann in."""
        request = self.room.ask_key_material(octets(ANN))
        material = self.call(ALICE, ClaimKeys(request))
        self.changes(self.room.add([Material(request, material, USER)], now=self.now))

    def bans(self) -> None:
        self.changes(self.room.ban([octets(ANN)], now=self.now))

    def unbans(self, role: int = NO_ROLE) -> None:
        self.changes(self.room.unban([octets(ANN)], now=self.now, role=role))

    def proposes_to_ban(self) -> None:
        removing = map(Remove, leaves_of(self.room, [octets(ANN)]))
        listed = list_update(self.room.policy, change={octets(ANN): BANNED})
        self.changes(self.room.propose([listed, *removing], now=self.now))

    def commits(self) -> None:
        self.changes(self.room.commit(now=self.now))

    def message(self, words: str = "hello") -> SubmitMessage:
        """Return a message of Alice, which she remembers."""
        post = self.room.send(text(words, b"%d" % self.followed.number), now=self.now)
        self.room = post.room
        return SubmitMessage(ROOM, post.request.app_message)

    def says(self, words: str = "hello") -> None:
        self.call(ALICE, self.message(words))
