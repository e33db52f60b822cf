"""How many clients users have in a group."""

from collections.abc import Iterable, Mapping
from typing import Self

from mimi.tree.table import Table


class Clients(Table[int]):
    """From users to how many clients each of them has in the group, at least one: a value."""

    __slots__ = ()

    @classmethod
    def counted(cls, users: Iterable[bytes]) -> Self:
        """Return how many clients each user has, from the user of each client."""
        numbers: dict[bytes, int] = {}
        for user in users:
            numbers[user] = numbers.get(user, 0) + 1
        return cls.of(numbers)

    def with_more(self, more: Mapping[bytes, int]) -> Self:
        """Return what they have when some have more.

        Args:
            more: From users to how many clients more they have; negative for fewer.
        """
        then = {user: self.get(user, 0) + number for user, number in more.items() if number}
        come = {user: number for user, number in then.items() if number > 0}
        return self.changed(come, then.keys() - come.keys())
