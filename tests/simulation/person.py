"""Somebody with a client: what is kept in the storage, what is in memory, and what is to be sent.

change --> store it, with what is to be sent --> send --> forget what was sent
       ^                                     ^       ^
       crash: it never happened              |       crash: sent again
                                             crash: sent later
"""

from typing import TYPE_CHECKING

import attrs
from mls.storage import Stored
from simulation.dice import Dice
from simulation.reading import Reading
from simulation.service import Handshake, Letter
from tree.members import NOW

from mimi.mls import Client, ExternalDraft, Group

if TYPE_CHECKING:
    from simulation.world import World

Parcel = Handshake | Letter


class Storage(Stored):
    """Rows that are kept up to date by nothing but what has changed; compared now and then."""

    kept = 0

    def keep(self, value: Client | Group) -> None:
        self.kept += 1
        if self.kept % 4 == 0:
            super().keep(value)
            return
        changes = value.changes_since(self.value)
        self.rows |= changes.written
        for name in changes.erased:
            del self.rows[name]
        self.value = value


@attrs.define(eq=False)
class Person:
    """Somebody who is a member, was one, or may become one.

    Attributes:
        name: Their name.
        world: Where they live.
        client: Their client, in memory.
        group: Their group, in memory; None until they join, and after they lose it.
        outbox: What is stored to be sent, and was perhaps sent before.
        cursor: How many handshakes of the log they have processed.
        since: The epoch in which they joined.
        draft: Their external commit, which nothing stores.
        welcomes: The Welcomes that they got, each with the epoch that it is for.
        own: Their own commits since they joined, the latest first.
        said: How many letters they have written in each epoch.
        readings: How far they have read each sender in each epoch.
        heard: The letters that they have read.
    """

    name: str
    world: "World"
    client: Client
    group: Group | None = None
    outbox: list[Parcel] = attrs.field(factory=list)
    cursor: int = 0
    since: int = 0
    draft: ExternalDraft[Group] | None = None
    welcomes: list[tuple[bytes, int]] = attrs.field(factory=list)
    own: list[bytes] = attrs.field(factory=list)
    said: dict[int, int] = attrs.field(factory=dict)
    readings: dict[tuple[int, int], Reading] = attrs.field(factory=dict)
    heard: set[Letter] = attrs.field(factory=set)
    _sent: set[Parcel] = attrs.field(factory=set)
    _stored_client: Storage = attrs.field(init=False)
    _stored_group: Storage | None = None

    def __attrs_post_init__(self) -> None:
        self._stored_client = Storage(self.client)

    def __repr__(self) -> str:
        return f"{self.name}: {self.group}"

    @property
    def is_inside(self) -> bool:
        """Whether they take part in the group, as far as they know."""
        return self.group is not None and self.group.is_active

    @property
    def is_present(self) -> bool:
        """Whether they take part in the group, and will after all that was accepted."""
        return (
            self.group is not None
            and not self.group.removed
            and self.world.service.here.since.get(self.name) == self.since
        )

    # Storing

    def store(self) -> None:
        """Store what has changed, and find that the rows are those of the value."""
        if self._stored_client.value is not self.client:
            self._stored_client.keep(self.client)
        if self.group is None:
            self._stored_group = None
        elif self._stored_group is None:
            self._stored_group = Storage(self.group)
        else:
            self._stored_group.keep(self.group)

    def restart(self) -> None:
        """Lose what is in memory alone, and go on from what is stored."""
        self.draft = None
        self.client = self._stored_client.value = self._stored_client.loaded()
        if self._stored_group is not None:
            self.group = self._stored_group.value = self._stored_group.loaded()
        self.world.note("storage: saved and loaded")

    def offers(self, dice: Dice) -> bytes:
        """Publish a key package."""
        last_resort = dice.one_in(4)
        self.client, package = self.client.key_package(now=NOW, last_resort=last_resort)
        self.store()
        return package

    # Coming and going

    def enters(self, group: Group, cursor: int) -> None:
        """Take part in a group from its present epoch on."""
        self.group, self.cursor, self.since = group, cursor, group.epoch
        self._stored_group = self.draft = None
        self.own, self.said, self.readings = [], {}, {}
        self.outbox.clear()
        self.world.entered(self)
        self.store()

    def loses_everything(self) -> None:
        """Lose the group: it must be joined again."""
        self.group = self._stored_group = self.draft = None
        self.outbox.clear()
        self.welcomes.clear()

    # Sending

    @property
    def unsent(self) -> list[Parcel]:
        """What is stored to be sent and certainly was not."""
        return [parcel for parcel in self.outbox if parcel not in self._sent]

    def posts(self, group: Group, parcel: Parcel, dice: Dice) -> bool:
        """Store a change and what is to be sent because of it; perhaps send it.

        Returns:
            Whether it was stored: before that, a crash undoes it.
        """
        fate = dice.roll(12)
        if fate == 11:
            self.world.note("crash: before storing what is to be sent")
            self.restart()
            return False
        self.group = group
        if isinstance(parcel, Letter):
            self.said[parcel.epoch] = parcel.generation + 1
        self.outbox.append(parcel)
        self.store()
        if fate == 10:
            self.world.note("crash: between storing and sending")
            self.restart()
        elif fate < 8:
            self.sends(dice)
        return True

    def sends(self, dice: Dice) -> None:
        """Send what waits, in order; after a crash it is sent again."""
        sent = list(self.outbox)
        self._sent.update(sent)
        for parcel in sent:
            self.world.submit(self, parcel, dice)
        if sent and dice.one_in(10):
            self.world.note("crash: between sending and storing that it was sent")
            self.restart()
        else:
            self.outbox = [parcel for parcel in self.outbox if parcel not in sent]
            self._sent.clear()

    def reading(self, letter: Letter) -> Reading:
        """Return how far they have read the sender of a letter in its epoch."""
        key = letter.epoch, letter.leaf
        if key not in self.readings:
            self.readings[key] = Reading(self.client.settings.window)
        return self.readings[key]
