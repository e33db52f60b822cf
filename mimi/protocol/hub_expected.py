"""Where Welcomes go for key packages that were claimed through a hub (section 5.2).

That is forgotten once a Welcome has used a key package, or its time is over.
"""

from collections.abc import Iterator, Mapping
from heapq import nsmallest

import attrs

from mimi.identity import Domain
from mimi.mls import PublicGroup
from mimi.mls.keypackage import key_package_ref
from mimi.mls.proposal import Add
from mimi.protocol.room import Destination, HubRoom
from mimi.tree.table import Table

MOST_EXPECTED = 1 << 13
"""How many key packages of one provider a room knows of; they are half a MiB at its hub."""


def expected(room: HubRoom, made: Mapping[bytes, Destination], provider: Domain) -> HubRoom:
    """Return a room that knows of further key packages.

    Of a provider that has given too many, those go that expire first: but not those that have just
    come, so that whoever claimed them can go on, nor those of who is proposed already.

    Args:
        room: The room.
        made: Where the Welcomes for them go.
        provider: Where they came from.
    """
    if not made:
        return room
    known, coming = Table.of(room.destinations), dict(list(made.items())[-MOST_EXPECTED:])
    kept, now = {*_proposed(room.group), *coming}, room.timestamp // 1000
    gone, theirs = list[bytes](), list[tuple[int, bytes]]()
    for reference, each in known.items():
        if reference in kept:
            continue
        if each.not_after < now:
            gone.append(reference)
        elif each.provider == provider:
            theirs.append((each.not_after, reference))
    excess = max(0, len(theirs) + len(coming) - MOST_EXPECTED)
    gone += (reference for _, reference in nsmallest(excess, theirs))
    return attrs.evolve(room, destinations=known.changed(coming, gone))


def _proposed(group: PublicGroup) -> Iterator[bytes]:
    """Return the references of the key packages of those who are to be added."""
    for each in group.pending:
        if isinstance(each.proposal, Add):
            yield key_package_ref(group.suite, each.proposal.key_package)
