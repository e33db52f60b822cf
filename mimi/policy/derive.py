"""From proposals to requests: what those who propose ask of the room.

::

    Add, Remove, SelfRemove     clients          AppDataUpdate   participants, roles, metadata, ...
    Update, a commit's path     the same user    ReInit, ...     what the room is
"""

from collections.abc import Iterable, Iterator

import attrs

from mimi.codec import decode
from mimi.mls import ComponentID
from mimi.mls.framing import (
    ExternalSenderIndex,
    MemberSender,
    NewMemberCommitSender,
    NewMemberProposalSender,
    Sender,
)
from mimi.mls.proposal import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    Update,
    UpdateData,
)
from mimi.mls.state import PublicState
from mimi.policy.actions import (
    METADATA,
    Action,
    Actor,
    ActorKind,
    AddClient,
    AddParticipant,
    ChangeBasePolicy,
    ChangeComponent,
    ChangeExtensions,
    ChangeIdentity,
    ChangeJoinLinks,
    ChangeMetadata,
    ChangePreauthorized,
    ChangeRole,
    ChangeRoles,
    Reinitialize,
    RemoveClient,
    RemoveComponent,
    RemoveParticipant,
    ReplaceClient,
    Request,
)
from mimi.policy.errors import UnnamedClientError
from mimi.policy.identities import Identities
from mimi.policy.room import Room
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    FRANKING_AGENT,
    JOIN_LINKS,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    BaseRoomPolicy,
    JoinLinksUpdate,
    ParticipantListUpdate,
    RoleData,
    RoomMetaData,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import Credential
from mimi.tree.extension import Extensions, external_senders
from mimi.tree.leaf import LeafNode, LeafNodeContent
from mimi.tree.math import LeafIndex

OTHER_COMPONENTS = frozenset(
    (
        ComponentID.APP_COMPONENTS,
        ComponentID.SAFE_AAD,
        ComponentID.CONTENT_MEDIA_TYPES,
        FRANKING_AGENT,
    )
)
"""Components that belong to what the room agrees on, and have no capability of their own."""


_FIELDS = ("room_uri", *METADATA)


@attrs.frozen(eq=False)
class Derivation:
    """How proposals are read as requests.

    Attributes:
        room: The room in the epoch of the proposals.
        state: The group.
        identities: How credentials are read.
        joiner: The new leaf of who joins by the commit; None where nobody does.
    """

    room: Room
    state: PublicState
    identities: Identities
    joiner: LeafNode | LeafNodeContent | None = None

    def requests(self, proposals: Iterable[tuple[Proposal, Sender]]) -> tuple[Request, ...]:
        """Return what the proposals ask for, one request for each sender.

        Those who propose their own addition are all called the same: each has a request to itself.

        Raises:
            UnnamedClientError: A credential does not say whose it is.
            MalformedError: An update of a component does not parse.
            ParticipantIndexError: An update of the participant list has an index that is none.
        """
        asked: dict[tuple[Sender, int], list[Action]] = {}
        links: dict[tuple[Sender, int], bytes] = {}
        packages: dict[tuple[Sender, int], Add] = {}
        for number, (proposal, sender) in enumerate(proposals):
            who = (sender, number if isinstance(sender, NewMemberProposalSender) else 0)
            actions = asked.setdefault(who, [])
            actions += self._actions(proposal, sender)
            if isinstance(proposal, Add):
                packages[who] = proposal
            if isinstance(proposal, AppEphemeral) and proposal.component_id == JOIN_LINKS:
                links[who] = proposal.data
        made = []
        for who, actions in asked.items():
            sender = who[0]
            if isinstance(sender, NewMemberCommitSender):
                actions = list(self._joining(actions))  # noqa: PLW2901 - what it amounts to
            if actions:
                actor = self._actor(sender, packages.get(who), links.get(who))
                made.append(Request(actor, tuple(actions)))
        return tuple(made)

    def identity_kept(
        self, sender: Sender, leaf: LeafNode | LeafNodeContent
    ) -> tuple[Request, ...]:
        """Return the request that a member's new leaf makes: none, where it keeps its user."""
        changes = tuple(self._identity(sender, leaf.credential))
        return (Request(self._actor(sender, None, None), changes),) if changes else ()

    def _credential(self, sender: Sender, add: Add | None) -> tuple[Credential, ActorKind]:
        if isinstance(sender, MemberSender):
            return self.state.tree.member(sender.leaf_index).credential, ActorKind.MEMBER
        if isinstance(sender, ExternalSenderIndex):
            listed = external_senders(self.state.context.extensions)
            return listed[sender.sender_index].credential, ActorKind.EXTERNAL
        if isinstance(sender, NewMemberCommitSender):
            assert self.joiner is not None  # noqa: S101 - such a commit has a path
            return self.joiner.credential, ActorKind.JOINER
        assert add is not None  # noqa: S101 - a new member proposes an Add and nothing else
        return add.key_package.leaf_node.credential, ActorKind.EXTERNAL

    def _actor(self, sender: Sender, add: Add | None, link: bytes | None) -> Actor:
        credential, kind = self._credential(sender, add)
        identities = self.identities
        return Actor(
            identities.identify(credential), kind, identities.claims(credential), join_code=link
        )

    def _user_at(self, leaf: int) -> bytes:
        return self.identities.identify(self.state.tree.member(LeafIndex(leaf)).credential)

    def _actions(self, proposal: Proposal, sender: Sender) -> Iterator[Action]:
        match proposal:
            case Add(key_package=package):
                yield AddClient(self.identities.identify(package.leaf_node.credential))
            case Remove(removed=leaf):
                yield RemoveClient(self._user_at(leaf))
            case SelfRemove() if isinstance(sender, MemberSender):
                yield RemoveClient(self._user_at(sender.leaf_index))
            case Update(leaf_node=leaf_node):
                yield from self._identity(sender, leaf_node.credential)
            case GroupContextExtensions(extensions=extensions):
                yield ChangeExtensions(forgets=self._forgets(extensions))
            case ReInit():
                yield Reinitialize()
            case AppDataUpdate(component_id=number, change=UpdateData(update=data)):
                yield from self._update(number, data)
            case AppDataUpdate(component_id=number):
                if number == PARTICIPANT_LIST or self._concerns_room(number):
                    yield RemoveComponent(int(number))

    def _forgets(self, new: Extensions) -> bool:
        """Return whether nothing changes but that external senders go of whom nobody takes part."""
        old, kind = self.state.context.extensions, ExtensionType.EXTERNAL_SENDERS
        before, then = ([each for each in at if each.extension_type != kind] for at in (old, new))
        if before != then:
            return False
        listed, left = external_senders(old), external_senders(new)
        gone = [each for each in listed if each not in left]
        if not gone or left != tuple(each for each in listed if each not in gone):
            return False
        roles = self.room.participants.roles.items()
        present = {_provider_of(user) for user, role in roles if not self.room.is_banned(role)}
        return all(self._named(each.credential) not in present for each in gone)

    def _named(self, credential: Credential) -> bytes | None:
        """Return whose a credential is; None where it does not say."""
        try:
            return self.identities.identify(credential)
        except UnnamedClientError:
            return None

    def _identity(self, sender: Sender, credential: Credential) -> Iterator[Action]:
        if isinstance(sender, MemberSender):
            old = self.state.tree.member(sender.leaf_index).credential
            if old != credential:
                was, becomes = self.identities.identify(old), self.identities.identify(credential)
                if was != becomes:
                    yield ChangeIdentity(was, becomes)

    def _joining(self, actions: Iterable[Action]) -> Iterator[Action]:
        """Return what who joins by a commit does: it replaces its own leaf, or brings in a new one.

        A Remove by it is of its own old leaf (RFC 9420 section 12.4.3.2): of nobody else's.
        """
        assert self.joiner is not None  # noqa: S101 - such a commit has a path
        me, came = self.identities.identify(self.joiner.credential), False
        for action in actions:
            if isinstance(action, RemoveClient):
                came = True
                same = action.user == me
                yield ReplaceClient(me) if same else ChangeIdentity(action.user, me)
            else:
                yield action
        if not came:
            yield AddClient(me)

    def _concerns_room(self, number: int) -> bool:
        return self.room.policy.is_policy(number) or number in OTHER_COMPONENTS

    def _update(self, number: int, data: bytes) -> Iterator[Action]:
        if number == PARTICIPANT_LIST:
            yield from self._listed(decode(ParticipantListUpdate, data))
        elif number == ROOM_METADATA:
            yield ChangeMetadata(self._fields(decode(RoomMetaData, data)))
        elif number == ROLES_LIST:
            yield ChangeRoles(decode(RoleData, data))
        elif number == PREAUTH_LIST:
            yield ChangePreauthorized()
        elif number == BASE_ROOM_POLICY:
            yield ChangeBasePolicy(decode(BaseRoomPolicy, data))
        elif number == JOIN_LINKS:
            update = decode(JoinLinksUpdate, data)
            yield ChangeJoinLinks(
                adds=bool(update.added_links), removes=bool(update.removed_indices)
            )
        elif self._concerns_room(number):
            yield ChangeComponent(int(number))

    def _fields(self, new: RoomMetaData) -> frozenset[str]:
        """Return the fields of the metadata that change."""
        old = self.room.policy.metadata or RoomMetaData(b"")
        return frozenset(name for name in _FIELDS if getattr(new, name) != getattr(old, name))

    def _listed(self, update: ParticipantListUpdate) -> Iterator[Action]:
        for change in update.changed_role_participants:
            yield ChangeRole(self.room.participants.user(change.user_index), int(change.role_index))
        for index in update.removed_indices:
            yield RemoveParticipant(self.room.participants.user(index))
        for pair in update.added_participants:
            yield AddParticipant(pair.user, int(pair.role_index))


def _provider_of(user: bytes) -> bytes:
    """Return the URI of a participant's provider: ``mimi://b.example``."""
    return b"/".join(user.split(b"/", 3)[:3])
