"""A room at its hub, and what is asked of it: by genuine devices, and by who sends what it likes.

::

    hall.asked(request, B)                  what the hub would do; nothing is stored
    hall.taken(request, B)                  what it does, and must take
    hall.refused(request, B, NOT_ALLOWED)   what it must not take: the room stays the same value
"""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from client.neighbourhood import (
    ADMIN,
    ALICE,
    BOB,
    CATHY,
    ENFORCER,
    ROOM,
    SUITE,
    SUPER,
    USER,
    A,
    B,
    C,
    Neighbourhood,
    octets,
    text,
)

from mimi.client import Founding
from mimi.client.changes import request_of
from mimi.codec import decode, encode, replace
from mimi.crypto import SeededEntropy, SignaturePrivateKey
from mimi.identity import Domain, RoomUri
from mimi.mls import Group, KeyPackage, MLSMessage, Proposal, Settings
from mimi.mls.external import propose_from_outside
from mimi.policy.components import PolicyComponent
from mimi.policy.presets import COOPERATIVE
from mimi.policy.presets.preset import Preset, capabilities
from mimi.policy.structures import ROLES_LIST, RoleData, RoomMetaData
from mimi.protocol import (
    CommitFanout,
    FanoutMessage,
    HubRoom,
    HubStep,
    Notify,
    ProposalBundle,
    ProposalFanout,
    SubmitMessageRequest,
    UpdateRequest,
    UpdateResponseCode,
    WelcomeFanout,
    update_request,
)
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import ExternalSender

__all__ = [
    "ADMIN",
    "ALICE",
    "ALLOWED",
    "BOB",
    "CATHY",
    "ENFORCER",
    "INVALID",
    "NOT_ALLOWED",
    "ROOM",
    "SUPER",
    "USER",
    "WRONG_EPOCH",
    "A",
    "B",
    "C",
    "Hall",
    "allowing",
    "bundle_of",
    "changed_bundle",
    "kinds",
    "lawless",
    "octets",
    "told",
]

ALLOWED, NOT_ALLOWED = UpdateResponseCode.SUCCESS, UpdateResponseCode.NOT_ALLOWED
WRONG_EPOCH, INVALID = UpdateResponseCode.WRONG_EPOCH, UpdateResponseCode.INVALID_PROPOSAL


def told(step: HubStep[Any]) -> list[tuple[str, FanoutMessage]]:
    """Return who is told what, in order."""
    return [
        (str(effect.provider), effect.message)
        for effect in step.effects
        if isinstance(effect, Notify)
    ]


_KINDS = {CommitFanout: "commit", ProposalFanout: "proposals", WelcomeFanout: "welcome"}


def kinds(step: HubStep[Any]) -> list[tuple[str, str]]:
    """Return which provider is told what kind of thing, by its first letter."""
    return [(to[0], _KINDS.get(type(each.attached), "message")) for to, each in told(step)]


def allowing(role: int, *names: str, preset: Preset = COOPERATIVE) -> Preset:
    """Return a kind of room in which holders of a role may do more than they could."""
    roles = tuple(
        replace(each, role_capabilities=capabilities(each.role_capabilities, *names))
        if each.role_index == role
        else each
        for each in preset.policy.roles.roles
    )
    return preset.having(RoleData(roles))


def lawless(group: Group) -> Group:
    """Return the group of a member whose client asks no policy."""
    return group.with_settings(lawless_settings(group.settings))


def lawless_settings(settings: Settings) -> Settings:
    """Return how a client behaves that asks no policy."""
    number = int(ROLES_LIST)
    components = {**settings.components, number: PolicyComponent(number)}
    return attrs.evolve(settings, components=components)


def bundle_of(wires: Sequence[bytes]) -> UpdateRequest:
    """Return the update of encoded proposals."""
    first, *more = (decode(MLSMessage, each) for each in wires)
    return update_request(first, ProposalBundle(tuple(more)))


def changed_bundle(request: UpdateRequest, **changes: Any) -> UpdateRequest:
    """Return an update whose commit comes with something else."""
    bundle = request.bundle
    attached = attrs.evolve(bundle.attached, **changes)
    return UpdateRequest(attrs.evolve(bundle, attached=attached))


class Hall(Neighbourhood):
    """The neighbourhood's room at its hub."""

    def furnished(self, *users: str, **options: Any) -> "Hall":
        """Create the room, by Alice, and bring in users."""
        self.create("alice/phone", **options)
        if users:
            self.add("alice/phone", *users)
        return self

    def founded(
        self,
        name: str,
        preset: Preset,
        participants: dict[bytes, int],
        uri: RoomUri = ROOM,
        **options: Any,
    ) -> HubRoom:
        """Return what the hub makes of a room that a device creates; neither is stored."""
        founding = self.founding(name, preset, participants, uri)
        return self.hub.create(
            uri, founding.group_info, founding.ratchet_tree, now=self.tick(), **options
        )

    def founding(
        self, name: str, preset: Preset, participants: dict[bytes, int], uri: RoomUri = ROOM
    ) -> Founding:
        """Return a room that a device creates, as it is given to the hub."""
        components = preset.having(RoomMetaData(octets(uri), b"Clubhouse")).components()
        return self.devices[name].create_room(
            uri, components, participants, hub=self.hub.sender, franking=self.agent, now=self.now
        )

    # What the hub is asked

    def asked(self, request: Any, source: Domain, **options: Any) -> HubStep[Any]:
        """Return what the hub does; nothing is stored."""
        options.setdefault("now", self.tick())
        room = options.pop("room", self.room)
        submits = isinstance(request, SubmitMessageRequest)
        return (self.hub.submit if submits else self.hub.update)(room, request, source, **options)

    def taken(self, request: Any, source: Domain, **options: Any) -> HubStep[Any]:
        """Return what the hub does, which must take it; it is stored, and devices are to hear."""
        step = self.asked(request, source, **options)
        if isinstance(request, UpdateRequest):
            assert step.response.response_code is ALLOWED, step.response.error_description
        assert step.room is not self.room
        self.room = step.room
        self.notify(step.effects)
        return step

    def refused(
        self, request: Any, source: Domain, code: Any, words: str = "", **options: Any
    ) -> Any:
        """Check that the hub does not take an update; return what its answer has to tell."""
        before = self.room
        step = self.asked(request, source, **options)
        assert step.response.response_code is code, step.response.error_description
        assert words in step.response.error_description.decode()
        assert step.room is before
        assert step.effects == ()
        return step.response.details

    def wanted_out(self, *users: object) -> HubStep[Any]:
        """Let the hub want that users leave."""
        step = self.hub.remove(self.room, map(octets, users), now=self.tick())
        self.room = step.room
        self.notify(step.effects)
        return step

    # What is asked of it

    def commit(self, name: str, *, group: Group | None = None, **options: Any) -> UpdateRequest:
        """Return a commit by a device, which does not hold it."""
        group = self.of(name).group if group is None else group
        draft = group.commit(now=self.now // 1000, **options)
        return request_of(draft.commit, draft.welcome, draft.accept())

    def proposing(
        self, name: str, *proposals: Proposal, group: Group | None = None
    ) -> UpdateRequest:
        """Return proposals by a device, which does not remember them."""
        group, wires = self.of(name).group if group is None else group, []
        for proposal in proposals:
            group, wire = group.propose(proposal, now=self.now // 1000)
            wires.append(wire)
        return bundle_of(wires)

    def outside(
        self, signer: Any, *proposals: Proposal, index: int = 0, context: Any = None
    ) -> UpdateRequest:
        """Return proposals by an external sender."""
        context = self.room.group.context if context is None else context
        return bundle_of([propose_from_outside(context, index, each, signer) for each in proposals])

    def leaving(self, name: str) -> UpdateRequest:
        """Return by what a user leaves with all devices; the device remembers it."""
        change = self.of(name).leave(now=self.now)
        self.put(name, change.room)
        return change.request

    def joining(self, name: str, code: bytes | None = None, **options: Any) -> UpdateRequest:
        """Return the commit by which a device joins; it is in the room when it is answered."""
        asking, response = self.answer(name, code)
        device = self.devices[name]
        change = device.come_in(
            asking, response, now=self.now, before=self.rooms.get(name), **options
        )
        self.put(name, change.room)
        return change.request

    def intruding(self, name: str, **options: Any) -> UpdateRequest:
        """Return the commit by which a client joins that asks no policy."""
        client, group = self.devices[name].client, self.room.group
        client = attrs.evolve(client, settings=lawless_settings(client.settings))
        draft = client.join_externally(
            encode(MLSMessage(group.group_info)),
            now=self.now // 1000,
            tree=group.ratchet_tree,
            **options,
        )
        return request_of(draft.commit, None, draft.accept())

    def message(self, name: str, words: str = "hello") -> SubmitMessageRequest:
        """Return an application message by a device, which remembers that it has sent it."""
        post = self.of(name).send(text(words, f"{name} {words}".encode()), now=self.now)
        self.put(name, post.room)
        return post.request

    def packages_of(self, user: str) -> list[KeyPackage]:
        """Return a key package of each device of a user, which nobody has claimed."""
        return [
            packages[0] for name, packages in self.packages.items() if name.startswith(f"{user}/")
        ]

    def claimed(self, packages: Iterable[KeyPackage], provider: Domain) -> list[KeyPackage]:
        """Let the hub see that key packages are claimed for the room."""
        given = list(packages)
        self.room = self.hub.expecting(self.room, given, provider)
        return given

    def sender(self, provider: Domain) -> tuple[SignaturePrivateKey, ExternalSender]:
        """Return the private key of a provider, and it as an external sender."""
        signer = SUITE.generate_signature_key(SeededEntropy(str(provider).encode()))
        credential = BasicCredential(octets(f"mimi://{provider}"))
        return signer, ExternalSender(signer.public, credential)
