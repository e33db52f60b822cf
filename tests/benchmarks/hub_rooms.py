"""Rooms of any size at their hub: users of three providers, one client each, in a full tree.

The room is the cooperative one of the presets. What the hub is asked is an empty commit with a
path, whose group info comes in part, and an application message, with a franking tag or without.
"""

from functools import cache

import attrs
from benchmarks.large import NOW, SETTINGS, SUITE, Many, bulk_added, filled

from mimi.codec import decode, encode
from mimi.crypto import Secret, SeededEntropy
from mimi.identity import Domain, RoomUri
from mimi.mls import Group, MLSMessage, agreement, safe_aad
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    SELF_REMOVE,
    ComponentID,
)
from mimi.mls.negotiation import ComponentsList
from mimi.mls.tree_options import PartialGroupInfo, ServedRatchetTree, partial_group_info
from mimi.policy.components import room_components
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import room_extensions
from mimi.policy.structures import FRANKING_AGENT, RoomMetaData
from mimi.protocol import (
    FRANK_AAD,
    FrankingAgent,
    FrankingAgentData,
    SubmitMessageRequest,
    frank_aad,
    update_request,
)
from mimi.protocol.hub import Hub
from mimi.protocol.room import HubRoom
from mimi.protocol.update import CommitBundle, PartialGroupInfoOption, UpdateRequest
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extensions
from mimi.tree.leaf import Capabilities

PROVIDERS = tuple(Domain(f"{letter}.example") for letter in "abc")
URI = RoomUri(PROVIDERS[0], "clubhouse")
MILLISECONDS = NOW * 1000

SIGNER = SUITE.generate_signature_key(SeededEntropy(b"hub"))
CREDENTIAL = BasicCredential(b"mimi://a.example")
HUB = Hub(PROVIDERS[0], SIGNER, CREDENTIAL, Secret(bytes(32)))
COMPONENTS = {**room_components(HUB.rooms), int(FRANKING_AGENT): FrankingAgent()}
MEMBERS = attrs.evolve(SETTINGS, components=COMPONENTS)
CAPABLE = Capabilities(
    cipher_suites=(SUITE.code,),
    extensions=(APP_DATA_DICTIONARY,),
    proposals=(APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE),
)


def provider(number: int) -> Domain:
    return PROVIDERS[number % len(PROVIDERS)]


def user(number: int) -> bytes:
    return f"mimi://{provider(number)}/u/member-{number}".encode()


def client(number: int) -> bytes:
    return f"mimi://{provider(number)}/d/member-{number}/phone".encode()


def context_of(members: int, *, franking: bool = False) -> Extensions:
    """Return the extensions of the group context; everybody is an ordinary user."""
    listed = {user(number): 2 for number in range(members)} | {HUB.user: 5}
    listed[user(0)] = 3
    more: list[tuple[int, bytes]] = []
    if franking:
        more.append((int(FRANKING_AGENT), encode(FrankingAgentData(SIGNER.public, CREDENTIAL))))
        numbers = ComponentsList((FRANK_AAD,))
        more.append((int(ComponentID.SAFE_AAD), encode(numbers)))
    said = (*COOPERATIVE.components(), RoomMetaData(str(URI).encode(), b"The clubhouse"))
    return room_extensions(said, listed, external_senders=[HUB.sender], more=more)


@cache
def full_room(members: int) -> Many:
    """Return the members of a room, each of whom has committed."""
    known = sorted({*COMPONENTS, ComponentID.SAFE_AAD, FRANK_AAD})
    leaf = agreement(components=known, safe_aad=(FRANK_AAD,))
    return filled(bulk_added(members, CAPABLE, (leaf,), client))


class HubScene:
    """A room of a size, as its hub has it, and what it is asked."""

    def __init__(self, members: int, *, franking: bool = False) -> None:
        self.members, many = members, full_room(members)
        extensions = context_of(members, franking=franking)
        self.number = members // 3
        self.committer: Group = many.group(self.number, extensions, MEMBERS)
        info = many.group(0, extensions, MEMBERS).group_info(tree=False)
        tree = self.committer.ratchet_tree
        self.warm: HubRoom = HUB.create(URI, info, tree, now=MILLISECONDS)
        self.source = provider(self.number)
        self.update = self._update()
        self.submission = self._submission(franking=franking)
        self.context = len(encode(self.committer.context))
        self.rows: dict[str, bytes] = {}

    def _update(self) -> UpdateRequest:
        draft = self.committer.commit(now=NOW)
        self.commit = draft.commit
        partial: PartialGroupInfo = partial_group_info(
            draft.accept(), before=False, now=False, external_pub=True
        )
        bundle = CommitBundle(None, PartialGroupInfoOption(partial), ServedRatchetTree())
        return update_request(decode(MLSMessage, draft.commit), bundle)

    def _submission(self, *, franking: bool) -> SubmitMessageRequest:
        aad = safe_aad([frank_aad(bytes(32))]) if franking else b""
        _, wire = self.committer.protect(bytes(100), aad)
        return SubmitMessageRequest(decode(MLSMessage, wire), user(self.number))
