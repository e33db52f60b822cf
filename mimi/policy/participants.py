"""The participant list (draft-ietf-mimi-protocol-06 section 7.5).

::

    update      changed: index, role     removed: index     added: user, role
    list        every index is a place in the list of the epoch before;
                roles change, then participants go, then others come at the end

A `Participants` keeps its entries encoded, in blocks. A change makes one block anew: among ten
thousand it takes less than checking a few signatures.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from mimi.codec import decode, encode_length
from mimi.identity import IdentifierError, ProviderUri, PseudonymUri, UserUri, parse
from mimi.policy.blocks import BLOCK, Block, Roles, blocks_of, stored_blocks
from mimi.policy.errors import (
    NoParticipantError,
    ParticipantIndexError,
    ParticipantUriError,
    RepeatedParticipantError,
    RoleZeroError,
    TwoOperationsError,
)
from mimi.policy.structures import (
    NO_ROLE,
    ParticipantListData,
    ParticipantListUpdate,
    UserRolePair,
)


def check_user(user: bytes) -> None:
    """Check that octets name a participant: a canonical URI of a user, a pseudonym or a provider.

    A provider, such as the hub, takes part without clients: to enforce policy.

    Raises:
        ParticipantUriError: They do not.
    """
    try:
        text = user.decode("ascii")
        uri = parse(text)
    except (UnicodeDecodeError, IdentifierError) as error:
        raise ParticipantUriError(f"{user!r} is no identifier: {error}", user=user) from error
    if not isinstance(uri, UserUri | PseudonymUri | ProviderUri):
        raise ParticipantUriError(f"{text} is a {type(uri).__name__}", user=user)
    if str(uri) != text:
        raise ParticipantUriError(f"{text} is to be written {uri}", user=user)


def is_pseudonym(user: bytes) -> bool:
    """Return whether a participant, whose URI is canonical, goes by a pseudonym."""
    return user.split(b"/", 4)[3:4] == [b"p"]


@attrs.frozen
class ListChange:
    """What updates of the list come to, in the terms of users.

    Attributes:
        changed: From users to their new roles.
        removed: Who goes.
        added: From users who come to their roles.
        places: The places in the list of those who change or go.
    """

    changed: Mapping[bytes, int]
    removed: tuple[bytes, ...]
    added: Mapping[bytes, int]
    places: Mapping[bytes, int] = attrs.field(eq=False, repr=False)


class Participants:
    """The participants of a room with their roles: an immutable value.

    Args:
        blocks: The entries, in the order of the list; or what returns them when they are asked for.
        roles: From participants to their roles, where they are known already.
    """

    __slots__ = ("_source", "blocks", "roles")
    blocks: tuple[Block, ...]
    """The entries, in the order of the list."""
    roles: Mapping[bytes, int]
    """From participants to their roles."""

    def __init__(
        self,
        blocks: tuple[Block, ...] | Callable[[], tuple[Block, ...]],
        roles: Mapping[bytes, int] | None = None,
    ) -> None:
        if isinstance(blocks, tuple):
            self.blocks = blocks
        else:
            self._source = blocks
        if roles is not None:
            self.roles = roles

    def __getattr__(self, name: str) -> Any:
        """Work out what is not known yet: so what is known costs no call."""
        if name == "blocks":
            self.blocks = self._source()
            return self.blocks
        if name == "roles":
            self.roles = Roles(self.blocks)
            return self.roles
        raise AttributeError(name)

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, int]] = ()) -> "Participants":
        """Return the list of users and their roles.

        Raises:
            ParticipantListError: A user is no participant's URI, comes twice, or has the role 0.
        """
        return cls._checked(tuple(UserRolePair(user, role) for user, role in pairs))

    @classmethod
    def _checked(cls, pairs: tuple[UserRolePair, ...]) -> "Participants":
        seen: set[bytes] = set()
        for pair in pairs:
            _check_entry(pair)
            if pair.user in seen:
                raise RepeatedParticipantError(f"{pair.user!r} is listed twice", user=pair.user)
            seen.add(pair.user)
        return cls._kept(pairs)

    @classmethod
    def _kept(cls, pairs: tuple[UserRolePair, ...]) -> "Participants":
        roles = {pair.user: int(pair.role_index) for pair in pairs}
        return cls(tuple(blocks_of(pairs)), MappingProxyType(roles))

    @classmethod
    def decode(cls, data: bytes, *, trusted: bool = False) -> "Participants":
        """Return the list that is encoded.

        Args:
            data: The data of the component.
            trusted: Whether it was checked before, as what stands in a group's context was.

        Raises:
            MalformedError: It does not parse.
            ParticipantListError: It breaks a rule.
        """
        if trusted:
            blocks = stored_blocks(data)
            if blocks is not None:
                return cls(blocks)
        pairs = decode(ParticipantListData, data).participants
        return cls._checked(pairs)

    def encode(self) -> bytes:
        """Return the data of the component."""
        pieces = [block.data for block in self.blocks]
        return b"".join((encode_length(sum(map(len, pieces))), *pieces))

    def __len__(self) -> int:
        return len(self.roles)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Participants) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Return the participants with their roles, in the order of the list."""
        return ((user, self.roles[user]) for block in self.blocks for user in block.users)

    def __repr__(self) -> str:
        return f"Participants({len(self)} users)"

    @property
    def users(self) -> tuple[bytes, ...]:
        """The participants, in the order of the list."""
        return tuple(user for block in self.blocks for user in block.users)

    def user(self, index: int) -> bytes:
        """Return who is at a place in the list, from 0.

        Raises:
            ParticipantIndexError: Nobody is.
        """
        at, within = self._find(index)
        return self.blocks[at].users[within]

    def _find(self, index: int) -> tuple[int, int]:
        """Return the block of a place, and the place within it."""
        left = index
        for at, block in enumerate(self.blocks):
            if 0 <= left < block.count:
                return at, left
            left -= block.count
        raise ParticipantIndexError(f"{index} of {len(self)} participants", index=index)

    def index(self, user: bytes) -> int:
        """Return a participant's place in the list, from 0.

        Raises:
            NoParticipantError: The user is none.
        """
        before = 0
        for block in self.blocks:
            if user in block.users:
                return before + block.users.index(user)
            before += len(block.users)
        raise NoParticipantError(f"{user!r} is no participant", user=user)

    def read(self, updates: Iterable[ParticipantListUpdate]) -> ListChange:
        """Return what the updates of one commit come to.

        Raises:
            ParticipantIndexError: An index is not that of a participant.
            TwoOperationsError: A user is added, removed or changed more than once.
            RepeatedParticipantError: Who is added is in the list.
            RoleZeroError: A participant would have the role 0.
            ParticipantUriError: Who is added is no participant's URI.
        """
        changed: dict[bytes, int] = {}
        removed: list[bytes] = []
        added: dict[bytes, int] = {}
        places: dict[bytes, int] = {}
        for update in updates:
            for change in update.changed_role_participants:
                user = self._once(change.user_index, places)
                if change.role_index == NO_ROLE:
                    raise RoleZeroError(f"{user!r} would have the role 0", user=user)
                changed[user] = int(change.role_index)
            removed += [self._once(index, places) for index in update.removed_indices]
            for pair in update.added_participants:
                _check_entry(pair)
                if pair.user in added:
                    raise TwoOperationsError(f"{pair.user!r} is added twice", user=pair.user)
                added[pair.user] = int(pair.role_index)
        for user in added:
            if user in places:
                raise TwoOperationsError(f"{user!r} is added and changed", user=user)
            if user in self.roles:
                raise RepeatedParticipantError(f"{user!r} is a participant", user=user)
        return ListChange(changed, tuple(removed), added, places)

    def _once(self, index: int, places: dict[bytes, int]) -> bytes:
        user = self.user(index)
        if user in places:
            raise TwoOperationsError(f"{user!r} is changed more than once", user=user)
        places[user] = index
        return user

    def changed(self, change: ListChange) -> "Participants":
        """Return the list after a change that `read` has returned."""
        blocks = list(self.blocks)
        for user, role in change.changed.items():
            at, within = self._find(change.places[user])
            blocks[at] = blocks[at].replaced(within, UserRolePair(user, role))
        # from the end, so that the places of those before stay what they were
        for user in sorted(change.removed, key=change.places.__getitem__, reverse=True):
            at, within = self._find(change.places[user])
            blocks[at] = blocks[at].replaced(within, None)
        pairs = [UserRolePair(user, role) for user, role in change.added.items()]
        if blocks and pairs and blocks[-1].count < BLOCK:
            fitting = BLOCK - blocks[-1].count
            blocks.append(blocks.pop().joined(Block.of(pairs[:fitting])))
            del pairs[:fitting]
        blocks += blocks_of(pairs)
        kept = tuple(block for block in blocks if block.count)
        return Participants(kept, self._roles_after(change))

    def _roles_after(self, change: ListChange) -> Mapping[bytes, int] | None:
        """Return the roles after a change; None where nobody has read those before it."""
        known = self.roles
        if isinstance(known, Roles):
            if not known.is_read:
                return None
            roles = known.table.copy()
        else:
            roles = known.copy()  # type: ignore[attr-defined]  # a mappingproxy has it, and it is quick
        roles.update(change.changed)
        for user in change.removed:
            del roles[user]
        roles.update(change.added)
        return MappingProxyType(roles)

    def differing(self, before: "Participants") -> set[bytes]:
        """Return who has another role than before; the cost is that of the blocks that differ."""
        if self is before:
            return set()
        mine, theirs = set(map(id, self.blocks)), set(map(id, before.blocks))
        blocks = [block for block in self.blocks if id(block) not in theirs]
        blocks += [block for block in before.blocks if id(block) not in mine]
        users = {user for block in blocks for user in block.users}
        return {user for user in users if self.roles.get(user) != before.roles.get(user)}

    def updated(self, updates: Iterable[ParticipantListUpdate]) -> "Participants":
        """Return the list after the updates of one commit; errors are those of `read`."""
        return self.changed(self.read(updates))


def _check_entry(pair: UserRolePair) -> None:
    check_user(pair.user)
    if pair.role_index == NO_ROLE:
        raise RoleZeroError(f"{pair.user!r} would have the role 0", user=pair.user)
