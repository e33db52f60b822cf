"""What a provider delivers to its users' clients, and how far these are (section 5.5)."""

from typing import TypeAlias

import attrs

from mimi.identity import RoomUri
from mimi.protocol.fanout import FanoutMessage


@attrs.frozen
class Deliver:
    """A message goes to a client.

    A client that has had this number, or a later one, passes it over. One that has not had the
    number that came before it has missed something, and asks for it: see `FollowerRoom.missed`.

    Attributes:
        client: The client.
        room: The room.
        number: Its number, by which the client acknowledges it and all before.
        after: The number of what came to the client before it; 0 for nothing, where it is new in
            the room or anew.
        message: As the hub sent it.
    """

    client: bytes
    room: RoomUri
    number: int
    after: int
    message: FanoutMessage


@attrs.frozen
class Unrouted:
    """A Welcome names key packages of no client here: of other providers, expired, or used.

    Attributes:
        room: The room.
        references: Which.
        is_for_nobody: Whether no client here gets the Welcome at all, which is somebody's mistake.
    """

    room: RoomUri
    references: tuple[bytes, ...]
    is_for_nobody: bool


@attrs.frozen
class Resync:
    """A client has missed what nobody here has any more: it must join the room anew.

    It asks for the group info (section 5.6) and replaces itself by an external commit.

    Attributes:
        client: The client.
        room: The room.
        epoch: The latest epoch of the group that was heard of.
    """

    client: bytes
    room: RoomUri
    epoch: int


FollowerEffect: TypeAlias = Deliver | Unrouted


@attrs.frozen
class Entry:
    """A message that is kept for clients.

    Attributes:
        number: Its number.
        message: As the hub sent it.
        clients: To whom it goes; None to all who were in the room when it came.
        octets: How long it is.
        but: To whom it does not go, of all these: clients whose users may not receive it.
    """

    number: int
    message: FanoutMessage
    clients: frozenset[bytes] | None
    octets: int
    but: frozenset[bytes] = frozenset()


@attrs.frozen
class Place:
    """How far a client in the room is.

    Attributes:
        since: The number of what came just before the client was in the room.
        acknowledged: Up to which number it has had everything.
        alone: The last number that not everybody has; `since` where there is none.
        dropped: The last of these that was dropped before it was acknowledged; 0 for none.
        by: By which commit the client joins: the first 16 octets of SHA-256 of it; empty where it
            was welcomed.
        came: The number of what came just before the client was in the room for the first time.
        is_waiting: Whether the hub has not let the client in yet, so that nothing is delivered.
        skipped: The last number that went to all others, and not to the client; 0 for none.
        before: The last number for the client before that one.
        until: The last number for the client, which is in the room no more; 0 while it is.
        user: Whose client it is; empty where its URI says so, or nobody knows.
    """

    since: int
    acknowledged: int
    alone: int
    dropped: int = 0
    by: bytes = b""
    came: int = attrs.field(default=attrs.Factory(lambda place: place.since, takes_self=True))
    is_waiting: bool = False
    skipped: int = 0
    before: int = 0
    until: int = 0
    user: bytes = b""

    @property
    def floor(self) -> int:
        """Up to which number nothing waits for the client."""
        return max(self.acknowledged, self.skipped if self.acknowledged >= self.before else 0)


@attrs.frozen
class Limits:
    """How much is kept.

    Attributes:
        bodies: How many notifications are known again.
        recent: How many messages that everybody has are kept, for clients whose Welcome is late.
        recent_octets: How long they may be together.
        entries: How many messages are kept at most; older ones are lost to clients that stay away.
        octets: How long they may be together, unless one alone is longer.
    """

    bodies: int = 256
    recent: int = 32
    recent_octets: int = 1 << 20
    entries: int = 4096
    octets: int = 1 << 26


LIMITS = Limits()
