"""A hub that does everything several times: at hand, from rows that are loaded, looked up, fetched.

After each step the rows are changed by what the step says; they must be those of the room as it is
then, and the rooms that were made from them must have done the same.
"""

from collections.abc import Callable
from typing import Any

import attrs
from mls.opened import Looked, fetching

from mimi.mls.rows import Changes
from mimi.protocol.audience import Audience, provider_of_user
from mimi.protocol.hub import Hub
from mimi.protocol.hub_rows import load_room, open_room, room_changes, save_room
from mimi.protocol.room import HubRoom, Notify


def applied(rows: dict[str, bytes], changes: Changes) -> dict[str, bytes]:
    """Return rows after changes, which erase nothing that was not there."""
    assert set(changes.erased) <= rows.keys()
    assert not set(changes.erased) & changes.written.keys()
    kept = {name: row for name, row in rows.items() if name not in changes.erased}
    return kept | changes.written


def audience_seen(room: HubRoom, hub: Hub) -> tuple[Any, ...]:
    """Return who gets what, by looking at everybody in turn."""
    seen, cut = hub.room(room), room.audience.cut_off
    followers = {provider_of_user(user) for user in seen.clients}
    receive = {
        provider_of_user(user)
        for user in seen.clients
        if user not in cut
        and any(
            each.name == "CAN_RECEIVE_MESSAGE"
            for each in seen.policy.role(seen.role_of(user)).capabilities
        )
    }
    return tuple(sorted(followers, key=str)), tuple(sorted(receive, key=str))


def of_audience(audience: Audience) -> tuple[Any, ...]:
    present = {at: dict(roles) for at, roles in audience.present.items()}
    return audience.followers, audience.receivers, audience.cut_off, present


FIELDS: dict[str, Callable[[Any], Any]] = {
    "uri": str,
    "group": lambda group: (group.context, group.group_info, group.ratchet_tree, group.pending),
    "accepted": tuple,
    "destinations": dict,
    "numbers": lambda numbers: {at: number for at, number in numbers.items() if number},
    "timestamp": int,
    "wanted": dict,
    "audience": of_audience,
    "recent": lambda recent: tuple(recent.items()),
    "is_vacant": bool,
}
"""From the fields of a room to what must be the same of them when it is made from its rows."""


def said(room: HubRoom, hub: Hub) -> dict[str, Any]:
    """Return all that a room says, and how its policy sees it."""
    seen = hub.room(room)
    return {
        **{
            each.name: FIELDS[each.name](getattr(room, each.name)) for each in attrs.fields(HubRoom)
        },
        "participants": list(seen.participants),
        "clients": dict(seen.clients),
        "counts": dict(seen.counts),
        "members": seen.members,
        "roles": seen.policy.roles,
        "base": seen.policy.base,
    }


@attrs.frozen(eq=False)
class StoringHub(Hub):
    """A hub whose rooms are stored after each step."""

    stored: dict[str, bytes] = attrs.field(factory=dict)
    rooms_kept: list[HubRoom] = attrs.field(factory=list)

    @classmethod
    def of(cls, hub: Hub) -> "StoringHub":
        """Return the same hub, storing."""
        fields = attrs.fields(Hub)
        return cls(**{each.name: getattr(hub, each.name) for each in fields if each.init})

    def create(self, *arguments: Any, **options: Any) -> HubRoom:
        return self.kept(Hub.create(self, *arguments, **options), None)

    def expecting(self, room: HubRoom, packages: Any, provider: Any) -> HubRoom:
        packages = list(packages)
        return self.done(room, lambda each: Hub.expecting(self, each, packages, provider))

    def update(self, room: HubRoom, request: Any, source: Any, *, now: int) -> Any:
        return self.done(room, lambda each: Hub.update(self, each, request, source, now=now))

    def submit(self, room: HubRoom, request: Any, source: Any, *, now: int) -> Any:
        return self.done(room, lambda each: Hub.submit(self, each, request, source, now=now))

    def remove(self, room: HubRoom, users: Any, *, now: int) -> Any:
        users = list(users)
        return self.done(room, lambda each: Hub.remove(self, each, users, now=now))

    def done(self, room: HubRoom, work: Callable[[HubRoom], Any]) -> Any:
        """Do something in every way; return what comes of it at hand."""
        if not self.rooms_kept or room is not self.rooms_kept[-1]:
            self.kept(room, None)
        rows, result = dict(self.stored), work(room)
        after = result if isinstance(result, HubRoom) else result.room
        self.kept(after, room)
        for make in (
            lambda: self._changed(rows, load_room(rows, self), work),
            lambda: self._changed(rows, open_room(Looked(rows), self), work),
            lambda: fetching(
                rows, lambda some: self._changed(rows, open_room(some, self, partial=True), work)
            )[0],
        ):
            again, stored = make()
            assert stored == self.stored
            if not isinstance(result, HubRoom):
                assert again.response == result.response
                assert list(map(effect, again.effects)) == list(map(effect, result.effects))
        return result

    def _changed(
        self, rows: dict[str, bytes], before: HubRoom, work: Callable[[HubRoom], Any]
    ) -> tuple[Any, dict[str, bytes]]:
        result = work(before)
        after = result if isinstance(result, HubRoom) else result.room
        return result, applied(rows, room_changes(after, before))

    def kept(self, room: HubRoom, before: HubRoom | None) -> HubRoom:
        """Store a room by what has changed, and look at what is stored."""
        if before is None:
            self.stored.clear()
        changes = room_changes(room, before)
        stored = applied(self.stored, changes)
        self.stored.clear()
        self.stored.update(stored)
        assert stored == save_room(room)
        here = said(room, self)
        assert said(load_room(stored, self), self) == here
        assert said(open_room(Looked(stored), self), self) == here
        assert here["audience"][:2] == audience_seen(room, self)
        self.rooms_kept[:] = [room]
        return room


def effect(each: Any) -> Any:
    return (each.provider, each.number, each.message) if isinstance(each, Notify) else each
