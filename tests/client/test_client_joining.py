"""Ways into a room, and groups that are not the room that they should be."""

import attrs
import pytest
from client.neighbourhood import (
    ALICE,
    BOB,
    ENFORCER,
    NOW,
    ROOM,
    Neighbourhood,
    octets,
    text,
)

from mimi.client import Joined, Passed
from mimi.client.errors import GroupInfoRefusedError, NoRoomError, NoWayInError, RefusedError
from mimi.codec import replace
from mimi.errors import ForbiddenError, UsageError
from mimi.identity import RoomUri
from mimi.mls.errors import (
    CredentialRefusedError,
    DuplicateGroupError,
    MissingTreeError,
    NoSecretsError,
)
from mimi.mls.tree_options import ServedRatchetTree
from mimi.mls.welcome import Welcome
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.presets import ANNOUNCEMENT_CHANNEL, COOPERATIVE, MODERATED
from mimi.policy.presets.announcement import OWNER, READER, WRITER
from mimi.policy.presets.moderated import ATTENDEE, GUEST, MODERATOR
from mimi.policy.structures import Claim, ClaimId, PreAuthData, PreAuthRoleEntry, RoomMetaData
from mimi.protocol.errors import GroupInfoRoomError, ProviderCredentialError
from mimi.protocol.fanout import WelcomeFanout
from mimi.protocol.groupinfo import (
    GroupInfoCode,
    GroupInfoNoSuchRoom,
    GroupInfoNotAuthorized,
    GroupInfoResponse,
)
from mimi.protocol.http import Refused
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSender


def welcomes(there, *users):
    """Let Alice add users, whose devices do not hear of it yet; return one of the Welcomes."""
    materials = [there.material("alice/phone", user) for user in users]
    change = there.of("alice/phone").add(materials, now=there.now)
    there.put("alice/phone", change.room)
    response = there.update("alice/phone", change.request)
    there.note("alice/phone", there.of("alice/phone").answered(response, now=there.now))
    return next(
        message for message in there.inbox["bob/phone"] if isinstance(message.message.body, Welcome)
    )


@pytest.fixture
def there():
    there = Neighbourhood()
    there.create("alice/phone")
    return there


def test_whoever_likes_joins_an_open_room():
    there = Neighbourhood()
    there.create("alice/phone", ANNOUNCEMENT_CHANNEL, OWNER)
    for name in ("bob/phone", "bob/laptop"):
        (event,) = there.come_in(name)
        assert isinstance(event, Joined)
    assert there.of("alice/phone").policy.role_of(octets(BOB)) == READER
    assert there.events["alice/phone"][0].joined == ((octets(BOB), READER),)
    there.say("alice/phone", text("Welcome", b"1"))
    there.check_agreement()


def test_who_is_preauthorised_joins_in_its_role():
    claim = Claim(ClaimId(CredentialType.BASIC, b""), octets(BOB.client("phone")))
    said = PreAuthData((PreAuthRoleEntry((claim,), WRITER),))
    there = Neighbourhood()
    there.create("alice/phone", ANNOUNCEMENT_CHANNEL.having(said), OWNER)
    there.come_in("bob/phone")
    assert there.of("alice/phone").policy.role_of(octets(BOB)) == WRITER
    there.say("bob/phone", text("I write", b"1"))
    there.check_agreement()


@pytest.mark.parametrize("role", [None, ATTENDEE])
def test_who_has_a_link_joins_by_it(role):
    there, link = Neighbourhood(), b"mimi://a.example/join/1"
    there.create("alice/phone", MODERATED, MODERATOR)
    asking, response = there.answer("bob/phone", link)
    assert isinstance(response.status, GroupInfoNotAuthorized)
    there.changed("alice/phone", lambda room: room.change_links(add=[link], now=there.now))
    asking, response = there.answer("bob/phone")
    assert isinstance(response.status, GroupInfoNotAuthorized)
    with pytest.raises(GroupInfoRefusedError) as caught:
        there.devices["bob/phone"].come_in(asking, response, now=there.now)
    assert caught.value.where["code"] is GroupInfoCode.NOT_AUTHORIZED
    there.come_in("bob/phone", link, role=role)
    assert there.of("alice/phone").policy.role_of(octets(BOB)) == (role or GUEST)
    there.changed("alice/phone", lambda room: room.change_links(remove=[0], now=there.now))
    there.check_agreement()


@pytest.mark.parametrize(("status", "is_final"), [(404, True), (403, True), (503, False)])
def test_a_group_info_that_nobody_gives(there, status, is_final):
    """The device is told whose no it is; it has what it had, and may ask again."""
    device, before = there.devices["alice/phone"], there.of("alice/phone")
    asking = device.ask(ROOM)
    gone = GroupInfoResponse(octets(ROOM), GroupInfoNoSuchRoom())
    with pytest.raises(GroupInfoRefusedError) as caught:
        device.come_in(asking, gone, now=there.now, before=before)
    assert caught.value.where == {"room": str(ROOM), "code": GroupInfoCode.NO_SUCH_ROOM}
    with pytest.raises(RefusedError) as caught:
        device.come_in(asking, Refused(status, 60), now=there.now, before=before)
    said = {"status": status, "is_final": is_final, "retry_after": 60}
    assert caught.value.where == said
    assert isinstance(caught.value, ForbiddenError)
    there.come_in("alice/phone")


def test_there_is_no_way_into_a_room_that_gives_none(there):
    asking, response = there.answer("bob/phone")
    assert isinstance(response.status, GroupInfoNotAuthorized)
    with pytest.raises(NoWayInError):
        there.devices["bob/phone"].come_in(asking, _resealed(there, asking), now=there.now)


def _resealed(there, asking):
    """Return what a hub would answer that does not ask its policy."""
    from mimi.mls.tree_options import full_tree
    from mimi.protocol.groupinfo import GroupInfoRatchetTreeTBE, seal_group_info

    group, hub = there.room.group, there.hub
    answer = GroupInfoRatchetTreeTBE(group.group_info, full_tree(group.ratchet_tree))
    return seal_group_info(ROOM, asking.request, answer, hub.sender, hub.signer, hub.entropy)


def test_the_policy_is_asked_before_a_device_joins(there):
    asking = there.devices["bob/phone"].ask(ROOM)
    response = _resealed(there, asking)
    with pytest.raises(PolicyRefusedError):
        there.devices["bob/phone"].come_in(asking, response, now=there.now, role=2)


def test_an_answer_is_for_the_room_that_was_asked_for(there):
    asking = there.devices["alice/laptop"].ask(RoomUri("a.example", "attic"))
    with pytest.raises(GroupInfoRoomError):
        there.devices["alice/laptop"].come_in(asking, _resealed(there, asking), now=there.now)
    with pytest.raises(UsageError):
        there.devices["alice/laptop"].come_in(
            asking, _resealed(there, asking), now=there.now, before=there.of("alice/phone")
        )


def test_a_welcome_is_for_a_key_package_and_taken_once(there):
    welcome = welcomes(there, "alice", "bob")
    with pytest.raises(NoSecretsError):
        there.devices["cathy/phone"].join(ROOM, welcome, now=there.now)
    there.hear()
    with pytest.raises(NoSecretsError):
        there.devices["bob/phone"].join(ROOM, welcome, now=there.now)
    assert there.of("bob/phone").receive(welcome, now=there.now).events == (Passed(),)


def test_a_welcome_needs_the_tree_and_is_for_its_room(there):
    welcome = welcomes(there, "bob")
    device = there.devices["bob/phone"]
    other = RoomUri("a.example", "attic")
    with pytest.raises(NoRoomError) as caught:
        device.join(other, welcome, now=there.now)
    assert caught.value.where["room"] == octets(ROOM)
    bare = replace(welcome, attached=WelcomeFanout(ServedRatchetTree()))
    with pytest.raises(MissingTreeError):
        device.join(ROOM, bare, now=there.now)
    with pytest.raises(NoRoomError):
        device.join(ROOM, next(m for m in there.inbox["alice/phone"]), now=there.now)


def test_a_last_resort_key_package_does_not_join_twice(there):
    there.packages["bob/phone"] = there.packages["bob/phone"][-1:]
    welcome = welcomes(there, "bob")
    there.hear()
    with pytest.raises(DuplicateGroupError):
        there.devices["bob/phone"].join(ROOM, welcome, now=there.now, before=there.of("bob/phone"))


def test_a_room_is_its_provider_s(there):
    device = there.devices["alice/phone"]
    hub = ExternalSender(there.hub.signer.public, BasicCredential(b"mimi://b.example"))
    metadata = RoomMetaData(octets(ROOM))
    components = COOPERATIVE.having(metadata).components()
    participants = {octets(ALICE): 3, b"mimi://b.example": ENFORCER}
    with pytest.raises(NoRoomError):
        device.create_room(ROOM, components, participants, hub=hub, now=NOW)
    nameless = replace(hub, credential=BasicCredential(b"hub"))
    with pytest.raises(NoRoomError):
        device.create_room(ROOM, components, participants, hub=nameless, now=NOW)
    with pytest.raises(ProviderCredentialError):
        device.create_room(
            ROOM,
            components,
            participants,
            hub=there.hub.sender,
            now=NOW,
            franking=replace(there.agent, credential=BasicCredential(b"mimi://b.example")),
        )


def test_credentials_are_judged_before_somebody_comes_in():
    def judge(checks):
        for each in checks:
            if b"bob" in each.credential.identity:
                raise CredentialRefusedError("not Bob", credential=each.credential)

    there = Neighbourhood()
    there.buy("alice", "phone", judge=judge)
    there.create("alice/phone")
    with pytest.raises(CredentialRefusedError):
        there.add("alice/phone", "bob")
    there.buy("cathy", "phone", judge=judge)
    there.add("alice/phone", "cathy")
    there.add("cathy/laptop", "bob")
    for name in ("alice/phone", "cathy/phone"):
        event = there.events[name][-1]
        assert type(event.reason) is CredentialRefusedError
    there.check_agreement("cathy/laptop", "bob/phone", "bob/laptop")


def test_who_begins_a_room_anew_goes_on_with_its_conversation(there):
    there.say("alice/phone", text("One", b"1"))
    before = there.of("alice/phone")
    there.create("alice/phone", before=before)
    room = there.of("alice/phone")
    assert room.group.group_id != before.group.group_id
    assert (room.group.epoch, room.created, room.joined) == (0, before.created, before.joined + 1)
    there.say("alice/phone", text("Two", b"2"))
    assert [each.text for each in there.of("alice/phone").shown] == ["One", "Two"]
    with pytest.raises(UsageError, match="is another room"):
        there.create("alice/phone", before=attrs.evolve(before, uri=RoomUri("b.example", "other")))
