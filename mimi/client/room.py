"""A room on a device: every operation of its user, on an immutable value.

::

    add, remove, commit, leave ...  --> Change --> hub (section 5.3) --> answered
    send                            --> Post   --> hub (section 5.4) --> submitted
    what the hub fans out (section 5.5)                              --> receive
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import attrs

from mimi.client import changes, messages, receiving, rows
from mimi.client.changes import Material
from mimi.client.events import Passed
from mimi.client.reading import first_readable, read_by_all
from mimi.client.state import (
    Change,
    Journal,
    Moderated,
    Post,
    RoomState,
    RoomStep,
    Stored,
    stepped,
)
from mimi.codec import replace
from mimi.content.conversation import Conversation, Entries
from mimi.content.media import MediaType as ContentType
from mimi.content.model import Message, NestedPart
from mimi.mls.proposal import Proposal
from mimi.mls.rows import Changes
from mimi.policy.facts import BotFacts
from mimi.policy.propose import links_update, update_of
from mimi.policy.settings import Upkeep
from mimi.policy.structures import NO_ROLE, RoomMetaData
from mimi.protocol.abuse import AbusiveMessage
from mimi.protocol.fanout import FanoutMessage
from mimi.protocol.http import Refused
from mimi.protocol.keys import KeyMaterialRequest
from mimi.protocol.submit import SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse


@attrs.frozen(eq=False, repr=False)
class DeviceRoom(RoomState):
    """A room as one device has it: an immutable value.

    A change or a message returns the room that holds it, to be stored, and what to send then; the
    hub's answer and what it hands on make the next one. Times are in milliseconds.

    What changes the room raises, besides what is said there:

    - `NoMemberError`, `UnderwayError`, `LeavingError`: the device cannot, now;
    - a `ForbiddenError`, most often `PolicyRefusedError`: the policy does not allow it;
    - an `InvalidError`: it breaks a rule.
    """

    # Reading

    @property
    def shown(self) -> Entries:
        """What a person sees of the conversation."""
        return self.conversation.entries

    @property
    def epoch_authenticator(self) -> bytes:
        """A value that devices compare to find out that nobody sits between."""
        return self.group.epoch_authenticator

    @property
    def read_by_all(self) -> tuple[ContentType, ...]:
        """The media types that all members read: to choose from, or to add beside."""
        return read_by_all(self.group)

    @property
    def next_deadline(self) -> int | None:
        """When the first message is given up that waits for others: the time to `expire`."""
        return receiving.deadline(self.waiting, Upkeep(self.policy.policy.operational))

    def first_readable(self, *bodies: NestedPart) -> NestedPart:
        """Return the first of some bodies that all members read, to make a message of.

        Raises:
            UnreadableError: There is none.
        """
        return first_readable(self.group, bodies)

    def quoted(self, message_id: bytes) -> AbusiveMessage:
        """Return a message as a report of abuse to the hub quotes it (section 5.9).

        Raises:
            UsageError: There is no such message, it was erased, or the hub has not franked it.
        """
        return messages.quoted(self, message_id)

    # Changing the room

    def ask_key_material(self, user: bytes) -> KeyMaterialRequest:
        """Return the request for key packages of all clients of a user, for `add`."""
        return changes.ask_key_material(self, user)

    def add(self, materials: Iterable[Material], *, now: int) -> Change[Self]:
        """Add users with all their clients, in one commit.

        Raises:
            KeyMaterialError: Key material is not what was asked for.
            NoKeyPackageError: A user has given no key package; the error says why.
            RequiredMediaTypeError: A client does not read what the room requires: see `lacking`.
        """
        return changes.add(self, materials, now)

    def lacking(self, material: Material) -> tuple[bytes, ...]:
        """Return the clients that do not read what the room requires: `Material.without` them."""
        return changes.lacking(self, material)

    def remove(self, users: Iterable[bytes], *, now: int) -> Change[Self]:
        """Take participants out of the room, with all their clients.

        Raises:
            NoParticipantError: One is no participant.
        """
        return changes.remove(self, users, now)

    def kick(self, users: Iterable[bytes], *, now: int) -> Change[Self]:
        """Take the clients of participants out, who stay participants."""
        return changes.commit(self, now, remove=changes.leaves_of(self, users))

    def ban(self, users: Iterable[bytes], *, now: int) -> Change[Self]:
        """Ban users, participants or not, and take their clients out."""
        return changes.ban(self, users, now)

    def unban(self, users: Iterable[bytes], *, now: int, role: int = NO_ROLE) -> Change[Self]:
        """Let banned users come back: as participants of a role, or by whatever way is open.

        Raises:
            NoParticipantError: One is not banned.
        """
        return changes.unban(self, users, now, role)

    def change_roles(self, roles: Mapping[bytes, int], *, now: int) -> Change[Self]:
        """Give participants, or oneself, other roles.

        Raises:
            NoParticipantError: One is no participant.
        """
        return changes.change_roles(self, roles, now)

    def rename(self, name: str, *, now: int) -> Change[Self]:
        """Give the room another name."""
        return self.describe(now=now, room_name=name.encode())

    def describe(self, *, now: int, **fields: Any) -> Change[Self]:
        """Change what is shown of the room: fields of `RoomMetaData`, by their names."""
        said = self.policy.policy.metadata or RoomMetaData(self.room_id)
        return self.commit([update_of(replace(said, **fields))], now=now)

    def change_links(
        self, *, now: int, add: Iterable[bytes] = (), remove: Iterable[int] = ()
    ) -> Change[Self]:
        """Add joining links, and take some away, by their places."""
        return self.commit([links_update(add=add, remove=remove)], now=now)

    def commit(self, proposals: Iterable[Proposal] = (), *, now: int) -> Change[Self]:
        """Commit all that is pending, and further proposals; fresh keys in any case."""
        return changes.commit(self, now, proposals=proposals)

    def propose(self, proposals: Iterable[Proposal], *, now: int) -> Change[Self]:
        """Propose changes, which somebody else commits."""
        return changes.propose(self, proposals, now)

    def leave(self, *, now: int) -> Change[Self]:
        """Propose that the user leaves, with all clients: the next commit must cover it."""
        return changes.leave(self, now)

    def answered(
        self,
        response: UpdateRoomResponse | Refused,
        *,
        now: int,
        request: UpdateRequest | None = None,
    ) -> RoomStep[Self]:
        """Take the hub's answer to what is on its way, and what waited for it.

        Args:
            response: What it says; or the status that came instead.
            now: Milliseconds since 1970-01-01T00:00Z.
            request: What it answers: an answer that comes late must not be taken for that to
                another request. None where there can be no other.

        Raises:
            TextError: What it says for people is not UTF-8.
        """
        if request is not None and self.underway is not None and self.underway.request != request:
            return RoomStep(self, (Passed(),))
        return receiving.settled(changes.answered(self, response, now), now)

    # Messages

    def send(self, message: Message, *, now: int, bot: BotFacts | None = None) -> Post[Self]:
        """Encrypt a message for the room.

        Raises:
            NoMemberError: The device is not in the room.
            LeavingError: The user is leaving.
            SentTwiceError: It was sent already.
            MessageRefusedError: The room's policy does not allow it; has all reasons.
            UnreadableError: Some members cannot read it.
            PendingProposalsError: Something waits to be committed first: `commit`.
            UsageError: It cannot be encoded.
        """
        return messages.send(self, message, now, bot)

    def submitted(
        self, message_id: bytes, response: SubmitMessageResponse | Refused
    ) -> RoomStep[Self]:
        """Take the hub's answer to a message, or the status that came instead."""
        return messages.submitted(self, message_id, response)

    def forget(self, message_id: bytes) -> Self:
        """Return the room without a message that the hub did not take, which is given up.

        Raises:
            UsageError: There is none of this ID in `unsent`.
        """
        return messages.forgotten(self, message_id)

    def read(self, message_id: bytes, *, now: int) -> Self:
        """Return the room whose user has read a message.

        Raises:
            UsageError: No such message has arrived.
        """
        conversation = self.conversation.read(message_id, at=now // 1000)
        found = self.stored[message_id]
        if found.read_at is None:
            found = attrs.evolve(found, read_at=now // 1000)
        return self._noted(conversation, [found])

    def erase(self, *, now: int) -> Self:
        """Return the room without what nobody is to see any more; do it at `next_expiry`."""
        conversation, names = self.conversation.erase(now // 1000)
        if not names:
            return attrs.evolve(self, conversation=conversation)
        gone = frozenset(names)
        emptied = (each for each in conversation.arrivals if each.message_id in gone)
        kept = (attrs.evolve(self.stored[each.message_id], arrival=each) for each in emptied)
        return self._noted(conversation, kept)

    def _noted(self, conversation: Conversation, changed: Iterable[Stored]) -> Self:
        """Return the room in which messages of the conversation are others than they were."""
        stored, journal = self.stored, self.journal
        for each in changed:
            name = each.arrival.message_id
            stored, journal = stored.with_entry(name, each), Journal(name, journal)
        conversation = attrs.evolve(conversation, authority=Moderated(stored))
        return stepped(self, conversation=conversation, stored=stored, journal=journal)

    # What the hub hands on

    def receive(self, message: FanoutMessage, *, now: int) -> RoomStep[Self]:
        """Take an event of the room, and what waited for it.

        Raises:
            BodyError: It is no event of a room; nothing happened.
        """
        return receiving.receive(self, message, now)

    def expire(self, *, now: int) -> RoomStep[Self]:
        """Give up what has waited for longer than the room says."""
        return receiving.expire(self, now)

    # Storing

    def save(self) -> dict[str, bytes]:
        """Return the room in rows, by their names; they hold secrets in the clear."""
        return dict(rows.room_changes(self, None).written)

    def changes_since(self, before: "DeviceRoom") -> Changes:
        """Return what to do with the rows of an earlier value to have the rows of this one.

        The cost depends on what has changed, and not on how much was said.

        Args:
            before: The value whose rows are stored.
        """
        return rows.room_changes(self, before)
