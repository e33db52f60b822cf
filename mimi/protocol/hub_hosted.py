"""What a room may become at its hub: what is hosted, with the external senders it needs (7.4).

::

    the hub      is an external sender, always
    a follower   may become one while users of it take part, and is one until the last has left

Whether that is so is asked of what is proposed, with all that is pending, and again of the commit:
what the hub has taken, somebody must be able to commit.
"""

from collections.abc import Iterable

from mimi.errors import ForbiddenError, InvalidError, MalformedError
from mimi.identity import Domain
from mimi.mls.components import app_data
from mimi.mls.errors import DamagedSnapshotError
from mimi.mls.proposal import ReInit
from mimi.policy.checks import check_policy
from mimi.policy.constraints import check_founded
from mimi.policy.participants import Participants
from mimi.policy.policy import RoomPolicy
from mimi.policy.room import Room
from mimi.policy.structures import PARTICIPANT_LIST, ROLES_LIST
from mimi.protocol.audience import provider_of_user
from mimi.protocol.errors import (
    FollowerSenderError,
    ProviderCredentialError,
    RestartError,
    StrangerSenderError,
)
from mimi.protocol.hosting import Hosting, participants_of
from mimi.protocol.room import HubRoom
from mimi.tree.extension import Extensions, ExternalSender, external_senders


def check_next(
    hub: Hosting, room: HubRoom, then: Room, extensions: Extensions, reinit: ReInit | None
) -> None:
    """Check that a room is still one that this provider hosts, after a commit.

    Args:
        hub: The hub.
        room: The room.
        then: The room after the commit, as its policy sees it.
        extensions: The extensions of the group then.
        reinit: The ReInit that the commit covers; None for none.

    Raises:
        StrangerSenderError: An external sender comes of whom nobody takes part.
        FollowerSenderError: That of a provider goes which takes part.
        RestartError: No room could go on as the ReInit says.
        HubError: It is not hosted: see `Hosting.check_group` and `Hosting.check_hosted`.
    """
    if reinit is not None:
        _check_successor(hub, room, reinit)
    was = room.group.extensions
    if extensions is was:
        return  # nothing of it has changed
    before = hub.room(room)
    hub.check_group(extensions)
    hub.check_hosted(room.uri, then, before)
    old, new = external_senders(was), external_senders(extensions)
    if old != new:
        # who leaves by the same commit is a follower still: the hub proposes that it goes next
        taking_part = providers_in(before), providers_in(then)
        coming = [each for each in new if each not in old]
        check_senders(hub, coming, taking_part[0] | taking_part[1])
        gone = {provider_of(hub, each) for each in old} - {provider_of(hub, each) for each in new}
        if not gone.isdisjoint(taking_part[0] & taking_part[1]):
            raise FollowerSenderError("the external sender of a provider goes that takes part")


def check_senders(
    hub: Hosting, senders: Iterable[ExternalSender], present: frozenset[Domain]
) -> None:
    """Check that external senders are of providers that take part, but for the hub.

    Raises:
        StrangerSenderError: One is not.
    """
    for sender in senders:
        if sender != hub.sender and provider_of(hub, sender) not in present:
            raise StrangerSenderError("an external sender is of no provider that takes part")


def _check_successor(hub: Hosting, room: HubRoom, reinit: ReInit) -> None:
    """Check that a group as a ReInit says can take the room's place: there is no way back."""
    if reinit.group_id == room.group.group_id:
        raise RestartError("a new group has another identifier", group_id=reinit.group_id)
    before, extensions = hub.room(room), reinit.extensions
    try:
        data = app_data(extensions)
        if ROLES_LIST not in data:
            raise RestartError("the group that is to come is no room")
        listed = Participants.decode(data.get(PARTICIPANT_LIST, b"\0"), trusted=False)
        then = Room.of(RoomPolicy.of(data), listed, {})
        check_policy(then.policy)
        check_founded(then, hub.rooms.surroundings, minima=False).check()
        hub.check_group(extensions)
        hub.check_hosted(room.uri, then, before)
        check_senders(hub, external_senders(extensions), providers_in(then))
    except DamagedSnapshotError:
        raise
    except (InvalidError, ForbiddenError, MalformedError) as error:
        raise RestartError(f"the group that is to come: {error}") from error


def strangers_among(
    hub: Hosting, senders: Iterable[ExternalSender], seen: Room
) -> tuple[ExternalSender, ...]:
    """Return the external senders of providers of which nobody takes part, but for the hub."""
    others = [each for each in senders if each != hub.sender]
    if not others:
        return ()
    present = providers_in(seen)
    return tuple(each for each in others if provider_of(hub, each) not in present)


def providers_in(seen: Room) -> frozenset[Domain]:
    """Return the providers whose users take part in a room, with clients or without."""
    return frozenset(map(provider_of_user, participants_of(seen)))


def provider_of(hub: Hosting, sender: ExternalSender) -> Domain | None:
    """Return the provider that an external sender is; None for nobody's."""
    try:
        return hub.provider_of(sender.credential)
    except ProviderCredentialError:
        return None
