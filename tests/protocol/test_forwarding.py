"""What a provider checks before it asks another in the name of its users (section 4.3)."""

import pytest
from protocol.followers import Device, RoomOfAlice
from protocol.offering import asking
from protocol.providers import (
    ALICE,
    BOB,
    CATHY,
    ENTROPY,
    OTHER_ROOM,
    ROOM,
    ROOM_ID,
    A,
    B,
    C,
    device,
    message,
    octets,
    package,
    refused,
    scene,
)
from tree.members import SUITE

from mimi.codec import decode, encode, replace
from mimi.identity import Domain, UserUri
from mimi.mls import Add
from mimi.mls.external import propose_own_addition
from mimi.protocol import (
    CommitBundle,
    Directory,
    FullGroupInfo,
    GroupInfoRequest,
    HttpRequest,
    Listener,
    ProposalBundle,
    Received,
    SubmitMessageRequest,
    read_request,
    sign_group_info_request,
    update_request,
)
from mimi.protocol.directory import Endpoint
from mimi.protocol.errors import (
    GroupInfoRequestSignatureError,
    HandshakeError,
    IdentifierUriError,
    KeyMaterialSignatureError,
    NotApplicationError,
)
from mimi.protocol.follower_errors import (
    ForeignUserError,
    KeyMaterialSourceError,
    OtherHubError,
    OtherUserError,
)
from mimi.protocol.forwarding import Forwarding, claim, newcomer, relayed_claim, to_hub
from mimi.protocol.groupinfo import GroupInfoRequestTBS
from mimi.protocol.keys import NO_ROOM
from mimi.tree.credential import BasicCredential

SECTIONS = "4.3 and 5"
DIRECTORIES = {each: Directory.at(f"https://mimi.{each}/v1") for each in (A, B, C)}


class Speaker(Forwarding):
    """A provider that sends what it has checked."""

    def update(self, room, request, user, directory):
        self.check_update(request, user)
        return to_hub(directory, Endpoint.UPDATE, room, request, user)

    def message(self, room, message, user, directory):
        request = self.check_message(message, user)
        return to_hub(directory, Endpoint.SUBMIT_MESSAGE, room, request, user)

    def group_info(self, room, request, user, directory):
        self.check_group_info(request, user)
        return to_hub(directory, Endpoint.GROUP_INFO, room, request, user)

    def key_material(self, request, user, directory):
        return claim(request, directory, self.check_claim(request, user))

    def relayed_key_material(self, request, source, directory):
        self.check_relayed(request, source)
        return relayed_claim(request, directory)


AT_A, AT_B, AT_C = (Speaker(each) for each in (A, B, C))
HUB = DIRECTORIES[A]


def arrives(request: HttpRequest) -> Received:
    """Return a request as its target reads it."""
    directory = DIRECTORIES[request.target]
    return read_request(
        Listener(request.target, directory),
        request.method,
        request.request_target,
        request.headers,
        request.body,
        authenticated={request.source},
    )


def where(received: Received) -> tuple[Endpoint, object, Domain, Domain]:
    return received.endpoint, received.parameter, received.source, received.target


def asks_for_group_info(user: UserUri = BOB) -> GroupInfoRequest:
    client = device(user)
    key = SUITE.generate_key_pair(ENTROPY.fork(b"group info")).public
    asked = GroupInfoRequestTBS(SUITE.code, client.signer.public, client.credential, key, None)
    return sign_group_info_request(asked, client.signer)


def test_a_members_update_goes_to_the_hub():
    for request in (
        update_request(scene().commit, scene().bundle),
        update_request(scene().proposals[0], ProposalBundle(scene().proposals[1:])),
    ):
        received = arrives(AT_B.update(ROOM, request, octets(BOB), HUB))
        assert where(received) == (Endpoint.UPDATE, ROOM, B, A)
        assert received.content() == request


def test_who_joins_is_who_asks():
    joining = update_request(
        scene().external,
        CommitBundle(None, FullGroupInfo(scene().next_info), scene().bundle.ratchet_tree_option),
    )
    assert newcomer(scene().external) == device(CATHY).credential
    assert where(arrives(AT_C.update(ROOM, joining, octets(CATHY), HUB)))[0] is Endpoint.UPDATE
    daisy = UserUri(C, "daisy")
    with refused(OtherUserError, SECTIONS, user=octets(CATHY)):
        AT_C.update(ROOM, joining, octets(daisy), HUB)


def test_who_proposes_to_be_added_is_who_asks():
    cathy = package(device(CATHY))
    context = scene().alice.context
    proposal = message(propose_own_addition(context, Add(cathy), device(CATHY).signer))
    request = update_request(scene().proposals[0], ProposalBundle((proposal,)))
    assert newcomer(proposal) == device(CATHY).credential
    assert arrives(AT_C.update(ROOM, request, octets(CATHY), HUB)).content() == request
    with refused(OtherUserError, SECTIONS, user=octets(CATHY)):
        AT_B.update(ROOM, request, octets(BOB), HUB)


def test_a_credential_that_names_nobody():
    nobody = Device(CATHY)
    nobody.client = device(CATHY, identity=b"nobody")
    external = RoomOfAlice().lets_in(nobody)
    request = update_request(
        external.message,
        CommitBundle(None, FullGroupInfo(scene().info), scene().bundle.ratchet_tree_option),
    )
    with refused(OtherUserError, SECTIONS, user=None):
        AT_C.update(ROOM, request, octets(CATHY), HUB)


def test_an_update_that_is_none():
    with refused(HandshakeError, "5.3, 5.5 and 5.6"):
        AT_B.update(ROOM, update_request(scene().hidden), octets(BOB), HUB)


def test_a_message_is_submitted_in_its_senders_name():
    received = arrives(AT_B.message(ROOM, scene().application, octets(BOB), HUB))
    assert where(received) == (Endpoint.SUBMIT_MESSAGE, ROOM, B, A)
    assert received.content() == SubmitMessageRequest(scene().application, octets(BOB))
    with refused(NotApplicationError, "5.4 and 5.5"):
        AT_B.message(ROOM, scene().commit, octets(BOB), HUB)


def test_a_request_for_the_group_info():
    request = asks_for_group_info()
    received = arrives(AT_B.group_info(ROOM, request, octets(BOB), HUB))
    assert where(received) == (Endpoint.GROUP_INFO, ROOM, B, A)
    assert received.content() == request
    with refused(OtherUserError, SECTIONS, user=octets(BOB)):
        AT_B.group_info(ROOM, request, octets(UserUri(B, "ben")), HUB)
    with refused(GroupInfoRequestSignatureError, "5.6"):
        AT_B.group_info(ROOM, replace(request, signature=b""), octets(BOB), HUB)


def test_users_of_other_providers():
    wanted = asking(BOB, CATHY)
    for forward in (
        lambda user: AT_B.update(ROOM, update_request(scene().commit, scene().bundle), user, HUB),
        lambda user: AT_B.message(ROOM, scene().application, user, HUB),
        lambda user: AT_B.group_info(ROOM, asks_for_group_info(), user, HUB),
        lambda user: AT_B.key_material(wanted, user, HUB),
    ):
        with refused(ForeignUserError, SECTIONS, user=octets(CATHY)):
            forward(octets(CATHY))
        with refused(IdentifierUriError, "5.2", field="user"):
            forward(ROOM_ID)


def test_a_provider_of_several_domains():
    both = Speaker(B, (Domain("bee.example"),))
    bea = octets(UserUri("bee.example", "bea"))
    received = arrives(both.message(ROOM, scene().application, bea, HUB))
    assert received.source == Domain("bee.example")
    assert received.content().sending_uri == bea
    assert arrives(both.message(ROOM, scene().application, octets(BOB), HUB)).source == B


def test_a_claim_goes_by_the_hub_to_the_targets_provider():
    """Bob claims Cathy's key packages for a room of a.example."""
    wanted = asking(BOB, CATHY)
    first = arrives(AT_B.key_material(wanted, octets(BOB), HUB))
    assert where(first) == (Endpoint.KEY_MATERIAL, CATHY, B, A)
    second = arrives(AT_A.relayed_key_material(first.content(), first.source, DIRECTORIES[C]))
    assert where(second) == (Endpoint.KEY_MATERIAL, CATHY, A, C)
    assert second.content() == wanted


def test_a_claim_for_no_room_goes_straight():
    wanted = asking(BOB, CATHY, room_id=NO_ROOM)
    received = arrives(AT_B.key_material(wanted, octets(BOB), DIRECTORIES[C]))
    assert where(received) == (Endpoint.KEY_MATERIAL, CATHY, B, C)
    with refused(OtherHubError, SECTIONS):
        AT_A.relayed_key_material(wanted, B, DIRECTORIES[C])


def test_claims_that_are_not_forwarded():
    wanted = asking(BOB, CATHY)
    with refused(OtherUserError, SECTIONS, user=octets(BOB)):
        AT_B.key_material(wanted, octets(UserUri(B, "ben")), HUB)
    with refused(KeyMaterialSignatureError, "5.2"):
        AT_B.key_material(replace(wanted, room_id=octets(OTHER_ROOM)), octets(BOB), HUB)


def test_claims_that_are_not_relayed():
    wanted = asking(BOB, CATHY)
    with refused(KeyMaterialSourceError, "5.2", source="c.example"):
        AT_A.relayed_key_material(wanted, C, DIRECTORIES[C])
    with refused(OtherHubError, SECTIONS, room=str(ROOM)):
        AT_C.relayed_key_material(wanted, B, DIRECTORIES[C])
    with refused(KeyMaterialSignatureError, "5.2"):
        AT_A.relayed_key_material(
            replace(wanted, key_material_request_signature=b""), B, DIRECTORIES[C]
        )


def test_who_is_no_newcomer():
    for each in (scene().commit, scene().application, scene().removals[0]):
        assert newcomer(each) is None


@pytest.mark.parametrize("identity", [octets(ALICE), octets(ALICE.client("phone"))])
def test_a_credential_names_user_or_client(identity):
    request = asks_for_group_info(ALICE)
    client = device(ALICE, identity=identity)
    tbs = decode(GroupInfoRequestTBS, encode(request, GroupInfoRequestTBS))
    asked = replace(
        tbs,
        requesting_credential=BasicCredential(identity),
        requesting_signature_key=client.signer.public,
    )
    signed = sign_group_info_request(asked, client.signer)
    assert AT_A.group_info(ROOM, signed, octets(ALICE), HUB).target == A
