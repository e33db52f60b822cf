"""A room counted from what stands in its group, by nothing of `mimi.policy` that decides.

The participant list is read octet by octet, the clients are counted leaf by leaf; what the other
components say is in the JSON form that the naive evaluator takes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from naive import naive_policy
from policy.room_people import IN_PARENT, PARENT, RARE, join_role, user_named

from mimi.codec import decode
from mimi.mls import PublicState, app_data
from mimi.policy.operational import OperationalParameters
from mimi.policy.structures import (
    BASE_ROOM_POLICY,
    JOIN_LINKS,
    MLS_OPERATIONAL_POLICY,
    PARTICIPANT_LIST,
    PREAUTH_LIST,
    ROLES_LIST,
    ROOM_METADATA,
    BaseRoomPolicy,
    JoinLinksData,
    PreAuthData,
    RoleData,
    RoomMetaData,
)
from mimi.tree import BasicCredential
from mimi.vectors.policy_form import form_of


def entries_of(data: bytes) -> list[tuple[str, int]]:
    """Return the users and roles of an encoded participant list."""
    size, at = _length(data, 0)
    assert at + size == len(data)
    entries = []
    while at < len(data):
        size, at = _length(data, at)
        user, role = data[at : at + size], data[at + size : at + size + 4]
        entries.append((user.decode("ascii"), int.from_bytes(role, "big")))
        at += size + 4
    return entries


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length prefix, and where what follows begins."""
    octets = 1 << (data[at] >> 6)
    number = int.from_bytes(data[at : at + octets], "big")
    return number & ((1 << (8 * octets - 2)) - 1), at + octets


@attrs.frozen
class Recount:
    """A room, counted.

    Attributes:
        entries: The participants with their roles, in the order of the list.
        clients: How many clients each user has.
        data: The data of all components.
        roles: The definitions of the roles.
        base: The base policy.
        operational: The operational parameters.
        preauthorized: Who is preauthorised.
        links: The active joining links.
        metadata: What is shown of the room.
    """

    entries: tuple[tuple[str, int], ...]
    clients: Mapping[str, int]
    data: Mapping[int, bytes]
    roles: RoleData
    base: BaseRoomPolicy
    operational: OperationalParameters
    preauthorized: PreAuthData
    links: tuple[bytes, ...]
    metadata: RoomMetaData | None

    @classmethod
    def of(cls, state: PublicState) -> "Recount":
        """Count the room that a group is."""
        clients: Counter[str] = Counter()
        for _, leaf in state.tree.members():
            assert isinstance(leaf.credential, BasicCredential)
            clients[user_named(leaf.credential.identity)] += 1
        return cls.read(dict(app_data(state.context.extensions)), clients)

    @classmethod
    def read(cls, data: Mapping[int, bytes], clients: Mapping[str, int]) -> "Recount":
        """Count the room of some components and clients."""
        links = decode(JoinLinksData, data.get(JOIN_LINKS, b"\0")).join_links
        said, shown = data.get(MLS_OPERATIONAL_POLICY), data.get(ROOM_METADATA)
        return cls(
            tuple(entries_of(data[PARTICIPANT_LIST])),
            dict(clients),
            data,
            decode(RoleData, data[ROLES_LIST]),
            decode(BaseRoomPolicy, data[BASE_ROOM_POLICY]),
            OperationalParameters() if said is None else decode(OperationalParameters, said),
            decode(PreAuthData, data.get(PREAUTH_LIST, b"\0")),
            tuple(link.join_link for link in links),
            None if shown is None else decode(RoomMetaData, shown),
        )

    @property
    def listed(self) -> dict[str, int]:
        """The participants with their roles."""
        return dict(self.entries)

    @property
    def indexes(self) -> list[int]:
        """The indexes of the roles that are defined, but for 0."""
        return [int(role.role_index) for role in self.roles.roles if role.role_index]

    def place(self, user: str) -> int:
        """Return where a participant stands in the list."""
        return [each for each, _ in self.entries].index(user)

    def bans(self, role: int) -> bool:
        """Return whether a role is the one that bans."""
        named = {(int(each.role_index), each.role_name) for each in self.roles.roles}
        return role == 1 and (1, b"banned") in named

    def is_banned(self, user: str) -> bool:
        """Return whether a participant has the role that bans."""
        return self.bans(self.listed.get(user, 0))

    @property
    def demands_rare(self) -> bool:
        """Whether a client must support `RARE`."""
        return RARE in self.operational.mandatory_capabilities.extensions

    def counts(self) -> dict[int, tuple[int, int]]:
        """Return how many have each role, and how many of them are active."""
        had = Counter(role for _, role in self.entries)
        active = Counter(role for user, role in self.entries if self.clients.get(user))
        return {role: (number, active[role]) for role, number in had.items()}

    def case(self, base: BaseRoomPolicy | None = None) -> dict[str, Any]:
        """Return the room as the naive evaluator takes it, without actors.

        Args:
            base: The base policy that will hold; None for the present one.
        """
        then = self.base if base is None else base
        known = then.parent_room == (PARENT.encode(),)
        return {
            "roles": form_of(self.roles)["roles"],
            "preauthorized": form_of(self.preauthorized)["preauthorized_entries"],
            "base_room_policy": form_of(self.base),
            "operational": form_of(self.operational),
            "join_links": list(self.links),
            "room_metadata": self.metadata,
            "participants": [list(entry) for entry in self.entries],
            "clients": list(self.clients.items()),
            "definitions": [],
            "actors": [],
            "parent": list(IN_PARENT) if known else None,
            "join_roles": _join_roles(self.links),
        }

    def broken(self) -> set[str]:
        """Return what must hold of every room and does not."""
        return naive_policy.found(self.case())


def _join_roles(links: Iterable[bytes]) -> list[list[Any]]:
    roles = [(link, join_role(link)) for link in links]
    return [[link, role] for link, role in roles if role is not None]


def lost_minima(before: Recount, after: Recount) -> list[int]:
    """Return the roles that fell below the least number of active participants."""
    was, now = before.counts(), after.counts()
    found = []
    for role in after.roles.roles:
        index, least = int(role.role_index), role.minimum_active_participants_constraint
        active = now.get(index, (0, 0))[1]
        if index and active < min(least, was.get(index, (0, 0))[1]):
            found.append(index)
    return found
