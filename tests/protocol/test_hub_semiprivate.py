"""Handshakes that other providers do not read, and the hub does (section 5.3)."""

import attrs
import pytest
from mls.receivers import supporting
from protocol.hall import (
    ADMIN,
    ALICE,
    BOB,
    ENFORCER,
    INVALID,
    NOT_ALLOWED,
    ROOM,
    USER,
    A,
    B,
    Hall,
    allowing,
    bundle_of,
    kinds,
    octets,
)

from mimi.client.changes import request_of
from mimi.codec import decode, replace
from mimi.mls import MLSMessage, agreement
from mimi.mls.external_receivers import (
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceiver,
    with_receivers,
)
from mimi.mls.proposal import GroupContextExtensions
from mimi.mls.semiprivate import SemiPrivateMessage
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update, room_extensions, update_of
from mimi.policy.structures import RoomMetaData
from mimi.protocol import update_request
from mimi.protocol.errors import HubReceiverError
from mimi.tree.credential import BasicCredential

HUB = b"mimi://a.example"
PRESET = allowing(ADMIN, "canChangeOtherPolicyAttribute", preset=COOPERATIVE)
METADATA = RoomMetaData(octets(ROOM), b"Clubhouse")


class Cellar(Hall):
    """A room whose handshakes its hub alone can read, besides its members."""

    def __init__(self):
        super().__init__()
        self.key = self.hub.signer and _suite(self).generate_key_pair(self.entropy)
        self.hub = attrs.evolve(self.hub, receivers=(self.key,))
        self.clients = {}

    def client(self, name):
        """Return a client that sends and reads such handshakes."""
        if name not in self.clients:
            client = self.devices[name].client
            capabilities, extensions = supporting(client.suite, MLS_SEMIPRIVATE_MESSAGE)
            known = agreement(components=client.settings.components)
            settings = attrs.evolve(client.settings, handshake=MLS_SEMIPRIVATE_MESSAGE)
            self.clients[name] = attrs.evolve(
                client,
                capabilities=capabilities,
                leaf_extensions=(*extensions, known),
                settings=settings,
            )
        return self.clients[name]

    def extensions(self, *keys):
        listed = room_extensions(
            PRESET.having(METADATA).components(),
            {octets(ALICE): ADMIN, HUB: ENFORCER},
            external_senders=[self.hub.sender],
        )
        readers = [ExternalReceiver(key, BasicCredential(HUB)) for key in keys]
        return with_receivers(listed, readers)

    def begin(self):
        group = self.client("alice/phone").create_group(
            now=self.now // 1000, extensions=self.extensions(self.key.public)
        )
        info, tree = group.group_info(tree=False), group.ratchet_tree
        self.room = self.hub.create(ROOM, info, tree, now=self.now)
        return group


def _suite(hall):
    return hall.devices["alice/phone"].client.suite


@pytest.fixture
def cellar():
    return Cellar()


def test_the_hub_reads_what_other_providers_do_not(cellar):
    """Alice adds Bob, whose provider does not learn of whom else there is; then Bob renames."""
    alice = cellar.begin()
    bob, wire = cellar.client("bob/phone").key_package(now=cellar.now // 1000)
    cellar.claimed([decode(MLSMessage, wire).body], B)
    update = list_update(cellar.hub.room(cellar.room), add={octets(BOB): USER})
    draft = alice.commit(now=cellar.now // 1000, add=[wire], proposals=[update])
    request = request_of(draft.commit, draft.welcome, draft.accept())
    assert isinstance(request.bundle.proposal_or_commit.body, SemiPrivateMessage)
    step = cellar.taken(request, A)
    assert kinds(step) == [("a", "commit"), ("b", "commit"), ("b", "welcome")]
    assert cellar.asked(request, A).room is cellar.room

    tree = cellar.room.group.ratchet_tree
    _, group = bob.join(draft.welcome, now=cellar.now // 1000, tree=tree).accept()
    _, wire = group.propose(
        update_of(replace(METADATA, room_name=b"Cellar")), now=cellar.now // 1000
    )
    cellar.taken(bundle_of([wire]), B)
    assert len(cellar.room.accepted) == 1


def test_a_proposal_that_the_hub_cannot_read(cellar):
    group = cellar.begin()
    rename = update_of(replace(METADATA, room_name=b"Cellar"))
    _, wire = group.propose(rename, now=cellar.now // 1000)
    cellar.hub = attrs.evolve(cellar.hub, receivers=())
    cellar.refused(bundle_of([wire]), A, NOT_ALLOWED, "the hub cannot read the proposal")
    draft = group.commit(now=cellar.now // 1000)
    request = request_of(draft.commit, None, draft.accept())
    cellar.refused(request, A, NOT_ALLOWED, "the hub cannot read the commit")


def test_a_commit_that_somebody_has_changed(cellar):
    group = cellar.begin()
    draft = group.commit(now=cellar.now // 1000)
    request = request_of(draft.commit, None, draft.accept())
    message = request.bundle.proposal_or_commit
    false = replace(message.body, ciphertext=bytes(len(message.body.ciphertext)))
    changed = update_request(replace(message, body=false), request.bundle.attached)
    assert cellar.refused(changed, A, INVALID).invalid_proposals == ()

    _, wire = group.propose(update_of(METADATA), now=cellar.now // 1000)
    message = decode(MLSMessage, wire)
    false = replace(message.body, ciphertext=bytes(len(message.body.ciphertext)))
    changed = update_request(replace(message, body=false))
    assert cellar.refused(changed, A, INVALID).invalid_proposals == ()


def test_nobody_but_the_hub_reads_them(cellar):
    other = _suite(cellar).generate_key_pair(cellar.entropy)
    client = cellar.client("alice/phone")
    for keys in ([other.public], [cellar.key.public, other.public]):
        group = client.create_group(now=cellar.now // 1000, extensions=cellar.extensions(*keys))
        info, tree = group.group_info(tree=False), group.ratchet_tree
        with pytest.raises(HubReceiverError):
            cellar.hub.create(ROOM, info, tree, now=cellar.now)


def test_nobody_else_comes_to_read_them(cellar):
    """Not by a proposal either: nobody could commit it."""
    other = _suite(cellar).generate_key_pair(cellar.entropy)
    group = cellar.begin()
    proposal = GroupContextExtensions(
        with_receivers(
            group.extensions, [ExternalReceiver(other.public, BasicCredential(octets(BOB)))]
        )
    )
    request = cellar.proposing("alice/phone", proposal, group=group)
    cellar.refused(request, A, NOT_ALLOWED, "an external receiver of the group is not the hub")
    draft = group.commit(now=cellar.now // 1000, proposals=[proposal])
    request = request_of(draft.commit, None, draft.accept())
    cellar.refused(request, A, NOT_ALLOWED, "an external receiver of the group is not the hub")
