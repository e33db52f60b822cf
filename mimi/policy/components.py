"""The components of a room, as every client, hub and follower registers them.

::

    settings = Settings(components=room_components())

Each component judges its own data; that of the roles judges whole commits as well, so that no
member creates or accepts what the policy forbids, and no hub or follower does. All of them ask
`mimi.policy.decide`.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs

from mimi.codec import decode, encode
from mimi.mls import APP_DATA_DICTIONARY, Component, app_data, component_of
from mimi.mls.appdata import Change, Proposed
from mimi.mls.codepoints import WireFormat
from mimi.mls.component_errors import DictionaryChangedError
from mimi.mls.framing import MemberSender, NewMemberCommitSender, Sender
from mimi.mls.proposal import (
    Add,
    AppDataUpdate,
    GroupContextExtensions,
    Proposal,
    SelfRemove,
    Update,
    UpdateData,
)
from mimi.mls.state import PublicState
from mimi.policy.actions import Request
from mimi.policy.checks import check_component, check_policy
from mimi.policy.clients import Clients
from mimi.policy.constraints import check_founded
from mimi.policy.decide import alone, decide
from mimi.policy.decision import Decision, Refusal
from mimi.policy.derive import Derivation
from mimi.policy.errors import (
    JoinCodeError,
    LateRoomError,
    LinkIndexError,
    RepeatedUpdateError,
)
from mimi.policy.identities import Identities
from mimi.policy.outcome import Outcome
from mimi.policy.participants import ListChange, Participants
from mimi.policy.policy import STRUCTURES, RoomPolicy
from mimi.policy.room import (
    JoinRoles,
    Parents,
    Room,
    Surroundings,
    any_role,
    no_parents,
)
from mimi.policy.settings import handshake_refusals, leaf_refusals
from mimi.policy.structures import (
    JOIN_LINKS,
    PARTICIPANT_LIST,
    ROLES_LIST,
    JoinLinksData,
    JoinLinksUpdate,
    ParticipantListUpdate,
)
from mimi.tree.extension import find


@attrs.frozen(eq=False)
class Rooms:
    """How the groups of an application are read as rooms.

    Attributes:
        identities: How credentials are read.
        join_role: For which role a joining link is.
        parents: Who takes part in a parent room.
    """

    identities: Identities = attrs.field(factory=Identities)
    join_role: JoinRoles = any_role
    parents: Parents = no_parents

    def room(self, state: PublicState) -> Room | None:
        """Return the room that a group is; None where it is none."""
        if self not in state.memo:
            if component_of(state.context.extensions, ROLES_LIST) is None:
                return None
            state.memo[self] = self._read(state, trusted=True)
        found: Room = state.memo[self]
        return found

    def read(self, state: PublicState) -> Room:
        """Return the room that a group is, with its participant list checked.

        Raises:
            MalformedError: A component does not parse.
            ParticipantListError: The participant list breaks a rule.
            UnnamedClientError: A member's credential does not say whose it is.
        """
        room = state.memo[self] = self._read(state, trusted=False)
        return room

    def known(self, state: PublicState, room: Room) -> Room:
        """Return a room after taking it for that which a group is, instead of looking through it.

        Args:
            state: The group.
            room: What is known of it, such as from rows.
        """
        state.memo[self] = room
        return room

    def _read(self, state: PublicState, *, trusted: bool) -> Room:
        data = app_data(state.context.extensions)
        participants = Participants.decode(data.get(PARTICIPANT_LIST, b"\0"), trusted=trusted)
        identify = self.identities.identify
        users = (identify(leaf.credential) for _, leaf in state.tree.members())
        return Room.of(RoomPolicy.of(data), participants, Clients.counted(users))

    def listed(
        self, room: Room, state: PublicState, updates: Sequence[bytes]
    ) -> tuple[ListChange, Participants]:
        """Return what updates of the list come to: worked out once, though asked for twice.

        Args:
            room: The room that the group is.
            state: The group.
            updates: Those of one commit, encoded.

        Raises:
            MalformedError: An update does not parse.
            ParticipantListError: They break a rule.
        """
        place, asked = (self, PARTICIPANT_LIST), tuple(updates)
        known = state.memo.get(place)
        if known is None or known[0] != asked:
            read = [decode(ParticipantListUpdate, data) for data in updates]
            change = room.participants.read(read)
            known = state.memo[place] = (asked, change, room.participants.changed(change))
        found: tuple[ListChange, Participants] = known[1:]
        return found

    @property
    def surroundings(self) -> Surroundings:
        """What decides about rooms besides what stands in them."""
        return Surroundings(self.parents, self.join_role)


def room_components(rooms: Rooms | None = None) -> Mapping[int, Component]:
    """Return the components of rooms, for `Settings.components`.

    Args:
        rooms: How groups are read as rooms; the same for everybody in a room. By default users are
            named by basic credentials.
    """
    known = Rooms() if rooms is None else rooms
    made: dict[int, Component] = {int(at): PolicyComponent(int(at)) for at in STRUCTURES}
    made[PARTICIPANT_LIST] = ParticipantList(known)
    made[JOIN_LINKS] = JoinLinks()
    made[ROLES_LIST] = Roles(known)
    return MappingProxyType(made)


class PolicyComponent(Component):
    """A component whose update replaces its data.

    Args:
        number: Its number.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        """Return the update; of several in one commit none is the whole."""
        if len(updates) > 1:
            raise RepeatedUpdateError(
                f"{len(updates)} updates of component {self.number}", component=self.number
            )
        self.check_data(updates[0].data)
        return updates[0].data

    def check_data(self, data: bytes) -> None:
        """Check that data is of the component's structure, and consistent in itself."""
        check_component(self.number, data)


class ParticipantList(Component):
    """The participant list: updates name participants by their places in it.

    Args:
        rooms: How groups are read as rooms.
    """

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        """Return the list after all updates, whose places are those before."""
        room, data = self.rooms.room(state), [update.data for update in updates]
        if room is None or component_of(state.context.extensions, PARTICIPANT_LIST) != before:
            listed = Participants.decode(b"\0" if before is None else before)
            return listed.updated([decode(ParticipantListUpdate, each) for each in data]).encode()
        return self.rooms.listed(room, state, data)[1].encode()

    def check_data(self, data: bytes) -> None:
        """Check that data is a participant list."""
        Participants.decode(data)


class JoinLinks(Component):
    """The joining links: updates name them by their places in the list."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        """Return the links after all updates, whose places are those before."""
        read = [decode(JoinLinksUpdate, update.data) for update in updates]
        return with_links(b"\0" if before is None else before, read)

    def check_data(self, data: bytes) -> None:
        """Check that data is a list of links."""
        check_component(int(JOIN_LINKS), data)

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        """Check the joining link that somebody shows who joins by a commit."""
        if not isinstance(proposed.sender, NewMemberCommitSender):
            raise JoinCodeError("a joining link is shown by who joins by a commit")


def with_links(before: bytes, updates: Sequence[JoinLinksUpdate]) -> bytes:
    """Return the data of join_links after the updates of one commit.

    Args:
        before: The data before; all places are of its list.
        updates: The updates, in the order of the commit.

    Raises:
        LinkIndexError: A place is none, or is named twice.
        MalformedError: The data does not parse.
    """
    links = decode(JoinLinksData, before).join_links
    removed: set[int] = set()
    for index in (at for update in updates for at in update.removed_indices):
        if index >= len(links) or index in removed:
            raise LinkIndexError(f"{index} of {len(links)} links", index=index)
        removed.add(index)
    kept = [link for at, link in enumerate(links) if at not in removed]
    kept += [link for update in updates for link in update.added_links]
    data = encode(JoinLinksData(tuple(kept)))
    check_component(int(JOIN_LINKS), data)
    return data


class Roles(PolicyComponent):
    """The roles; and with them the judgement of all that happens in the room.

    Args:
        rooms: How groups are read as rooms.
    """

    def __init__(self, rooms: Rooms) -> None:
        super().__init__(int(ROLES_LIST))
        self.rooms = rooms

    def check_group(self, state: PublicState, *, founded: bool) -> None:
        """Check a room that is founded, joined, or begun to be followed."""
        if component_of(state.context.extensions, ROLES_LIST) is not None:
            room = self.rooms.read(state)
            check_policy(room.policy)
            check_founded(room, self.rooms.surroundings, minima=founded).check()

    def check_proposal(
        self,
        proposal: Proposal,
        sender: Sender,
        state: PublicState,
        wire_format: WireFormat,
        now: int,
    ) -> None:
        """Check a proposal by itself: whether no others could make it what the policy allows."""
        room = self.rooms.room(state)
        if room is not None:
            _check_dictionary_kept(state, proposal)
            _check_update(room, state, proposal)
            derivation = Derivation(room, state, self.rooms.identities)
            requests = derivation.requests([(proposal, sender)])
            decision = decide(room, requests, self.rooms.surroundings)
            leaf = _leaf_refusals(room, [(proposal, sender)])
            form = _format_refusals(room, sender, wire_format, proposal)
            Decision((*alone(room, decision), *leaf, *form)).check()

    def check_commit(self, change: Change) -> None:
        """Check a commit, and remember the room after it."""
        room = self.rooms.room(change.before)
        if room is None:
            if component_of(change.extensions, ROLES_LIST) is not None:
                raise LateRoomError("a group does not become a room")
            return
        requests = self._requests(room, change)
        decision = decide(room, requests, self.rooms.surroundings)
        more = tuple(_commit_refusals(room, change))
        Decision((*decision.refusals, *more), decision.grants).check()
        after = _after(self.rooms, room, requests, change)
        if after.policy is not room.policy:
            check_policy(after.policy)
        change.memo[self.rooms] = after

    def party(self, sender: Sender, state: PublicState) -> Hashable:
        """Return the user of a member: what its clients propose belongs together."""
        if not isinstance(sender, MemberSender):
            return sender
        return self.rooms.identities.identify(state.tree.member(sender.leaf_index).credential)

    def _requests(self, room: Room, change: Change) -> tuple[Request, ...]:
        joins = isinstance(change.sender, NewMemberCommitSender)
        identities = self.rooms.identities
        joiner = change.leaf if joins else None
        derivation = Derivation(room, change.before, identities, joiner)
        for proposal, _ in change.proposals:
            _check_dictionary_kept(change.before, proposal)
        requests = derivation.requests(change.proposals)
        if change.leaf is not None and not joins:
            requests += derivation.identity_kept(change.sender, change.leaf)
        return requests


def _check_dictionary_kept(state: PublicState, proposal: Proposal) -> None:
    """Check that nobody changes a room's components but by updates, which are judged."""
    if isinstance(proposal, GroupContextExtensions):
        present = find(state.context.extensions, APP_DATA_DICTIONARY)
        if find(proposal.extensions, APP_DATA_DICTIONARY) != present:
            raise DictionaryChangedError("the components of a room are for AppDataUpdate to change")


def _check_update(room: Room, state: PublicState, proposal: Proposal) -> None:
    """Check an update by itself, before it is asked whether the sender may make it."""
    if not (isinstance(proposal, AppDataUpdate) and isinstance(proposal.change, UpdateData)):
        return
    number, data = int(proposal.component_id), proposal.change.update
    if number == PARTICIPANT_LIST:
        room.participants.read([decode(ParticipantListUpdate, data)])
    elif number == JOIN_LINKS:
        before = component_of(state.context.extensions, JOIN_LINKS)
        with_links(b"\0" if before is None else before, [decode(JoinLinksUpdate, data)])
    elif number in STRUCTURES:
        check_component(number, data)


def _leaf_refusals(room: Room, proposals: Sequence[tuple[Proposal, Sender]]) -> Iterator[Refusal]:
    for proposal, _ in proposals:
        if isinstance(proposal, Add):
            yield from leaf_refusals(room.policy.operational, proposal.key_package.leaf_node)
        elif isinstance(proposal, Update):
            yield from leaf_refusals(room.policy.operational, proposal.leaf_node)


def _commit_refusals(room: Room, change: Change) -> Iterator[Refusal]:
    """Return what the operational parameters have against a commit."""
    parameters = room.policy.operational
    yield from _leaf_refusals(room, change.proposals)
    if change.leaf is not None:
        yield from leaf_refusals(parameters, change.leaf)
    yield from _format_refusals(room, change.sender, change.wire_format)


def _format_refusals(
    room: Room, sender: Sender, wire_format: WireFormat, proposal: Proposal | None = None
) -> Iterator[Refusal]:
    """Return what the room has against how a member sends a proposal, or None for a commit."""
    if isinstance(sender, MemberSender):
        leaving = isinstance(proposal, SelfRemove)
        yield from handshake_refusals(room.policy.operational, wire_format, is_self_remove=leaving)


def _after(rooms: Rooms, room: Room, requests: Sequence[Request], change: Change) -> Room:
    """Return the room after a commit that was allowed."""
    updates = [
        (proposal.component_id, proposal.change.update)
        for proposal, _ in change.proposals
        if isinstance(proposal, AppDataUpdate) and isinstance(proposal.change, UpdateData)
    ]
    removed = any(
        isinstance(proposal, AppDataUpdate) and not isinstance(proposal.change, UpdateData)
        for proposal, _ in change.proposals
    )
    asked = [data for at, data in updates if at == PARTICIPANT_LIST]
    policy = None
    if removed or any(at in STRUCTURES for at, _ in updates):
        policy = RoomPolicy.of(app_data(change.extensions))
    clients = Outcome.of(room, requests).clients
    if not (asked or policy or any(clients.values())):
        return room
    listed = rooms.listed(room, change.before, asked) if asked else None
    return room.after(listed, clients, policy)
