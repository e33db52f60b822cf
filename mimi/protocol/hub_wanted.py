"""What the hub itself wants: proposed in every epoch anew, until it is so (sections 5.5 and 7.4).

::

    users whose account is gone, or who left the parent room      list update, Remove
    users whose removal or ban an external commit has cut short   list update, Remove
    senders of providers that take part no more                   GroupContextExtensions

What the policy does not let the hub do is left to others: meanwhile nothing is taken from those
users.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import attrs

from mimi.codec import decode
from mimi.identity import Domain
from mimi.mls import ProposalReceived, PublicGroup
from mimi.mls.external import propose_from_outside
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import GroupContextExtensions, Proposal, Remove
from mimi.mls.resolve import removed_by
from mimi.policy.actions import (
    Action,
    Actor,
    ActorKind,
    ChangeExtensions,
    ChangeRole,
    RemoveClient,
    RemoveParticipant,
    Request,
)
from mimi.policy.decide import decide
from mimi.policy.propose import list_update
from mimi.policy.room import Room
from mimi.policy.structures import BANNED, NO_ROLE
from mimi.protocol.audience import provider_of_user, roles_of_cut_off, takes_part
from mimi.protocol.errors import ProviderCredentialError
from mimi.protocol.fanout import FanoutMessage, ProposalFanout
from mimi.protocol.hosting import Hosting, participants_of
from mimi.protocol.hub_closing import settled
from mimi.protocol.hub_pending import contradiction, covered_of
from mimi.protocol.room import Accepted, HubRoom, HubStep
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    extension,
    external_senders,
)
from mimi.tree.math import LeafIndex

Wanted = Mapping[bytes, int]


def want_out(hub: Hosting, room: HubRoom, users: Iterable[bytes], now: int) -> HubStep[None]:
    """Propose that users leave the room; see `mimi.protocol.hub.Hub.remove`."""
    wanted = MappingProxyType({**dict.fromkeys(users, NO_ROLE), **room.wanted})
    room = attrs.evolve(room, wanted=wanted)
    if room.is_vacant:
        return HubStep(room, None)  # those who begin it anew do so without them
    after, made = proposed(hub, room, now)
    if not made:
        return settled(hub, HubStep(after, None))
    first, *more = (each.message for each in made)
    message = FanoutMessage(after.timestamp, first, ProposalFanout(tuple(more)))
    after, effects = after.notified(room.audience.followers, message)
    return settled(hub, HubStep(after, None, effects))


def still_wanted(hub: Hosting, room: HubRoom, before: Room, then: Room) -> Wanted:
    """Return whom the hub wants out after a commit.

    Who was to be removed or banned by what was pending is so in the eyes of the hub, which took it
    (section 7.1): where the commit could not cover it, and the hub may, it proposes it anew.

    Args:
        hub: The hub.
        room: The room before the commit.
        before: The same, as its policy sees it.
        then: The room after it.
    """
    wanted = {user: role for user, role in room.wanted.items() if takes_part(then, user)}
    for user, role in roles_of_cut_off(before, room.group).items():
        if user not in wanted and takes_part(then, user) and _may(hub, then, {user: role}):
            wanted[user] = role
    return MappingProxyType(wanted)


# Proposing


def proposed(hub: Hosting, room: HubRoom, now: int) -> tuple[HubRoom, tuple[Accepted, ...]]:
    """Return the room in which the hub has proposed what it wants, and the new proposals.

    What contradicts others' proposals of the epoch has to wait for the next one.
    """
    if room.group.reinit is not None:
        return room, ()  # nothing comes after it
    seen = hub.room(room)
    proposals = [*_removals(hub, room, seen), *_without_strangers(hub, room, seen)]
    if not proposals:
        return room, ()
    group, index, at = room.group, hub.sender_index(room.group), room.at(now)
    made = []
    for proposal in proposals:
        wire = propose_from_outside(group.context, index, proposal, hub.signer)
        step = group.receive(wire, now=now // 1000)
        (event,) = step.events
        assert isinstance(event, ProposalReceived)  # noqa: S101 - it is the hub's own
        group = step.group
        made.append(Accepted(decode(MLSMessage, wire), at, event.reference))
    new = [each.reference for each in made]
    if contradiction(group, new, now // 1000) is not None:
        return room, ()
    after = attrs.evolve(
        room,
        group=group,
        accepted=(*room.accepted, *made),
        timestamp=at,
        audience=room.audience.of_next(seen, seen, group),
    )
    return after, tuple(made)


def _removals(hub: Hosting, room: HubRoom, seen: Room) -> Iterator[Proposal]:
    cut = room.audience.cut_off
    left = {
        user: role
        for user, role in sorted(room.wanted.items())
        if user not in cut and takes_part(seen, user)
    }
    users = _permitted(hub, seen, left)
    if not users:
        return
    remove = [user for user, role in users.items() if role == NO_ROLE]
    yield list_update(seen, remove=remove, change={at: BANNED for at in users if at not in remove})
    yield from (Remove(leaf) for leaf in _leaves(hub, room.group, users))


def _leaves(hub: Hosting, group: PublicGroup, users: Wanted) -> Iterator[LeafIndex]:
    """Return the leaves of users' clients that nobody has proposed to remove yet."""
    removed = {removed_by(covered_of(each)) for each in group.pending}
    identify = hub.rooms.identities.identify
    for index, leaf in group.state.tree.members():
        if index not in removed and identify(leaf.credential) in users:
            yield index


def _permitted(hub: Hosting, seen: Room, wanted: Wanted) -> Wanted:
    """Return those whom the hub may take out together: all, or one after another as many as go."""
    if not wanted or _may(hub, seen, wanted):
        return wanted
    chosen: dict[bytes, int] = {}
    for user, role in wanted.items():
        if _may(hub, seen, {**chosen, user: role}):
            chosen[user] = role
    return chosen


def _may(hub: Hosting, seen: Room, wanted: Wanted) -> bool:
    """Return whether the hub may take users out, with all their clients."""
    actions: list[Action] = []
    for user, role in wanted.items():
        actions.append(RemoveParticipant(user) if role == NO_ROLE else ChangeRole(user, role))
        actions += [RemoveClient(user)] * seen.clients.get(user, 0)
    request = Request(_actor(hub), tuple(actions))
    return decide(seen, [request], hub.rooms.surroundings).is_allowed


def _actor(hub: Hosting) -> Actor:
    claims = hub.rooms.identities.claims(hub.credential)
    return Actor(hub.user, ActorKind.EXTERNAL, claims)


# External senders (section 7.4)


def _without_strangers(hub: Hosting, room: HubRoom, seen: Room) -> Iterator[Proposal]:
    """Propose that the group forgets the senders of providers that take part no more."""
    extensions, senders = room.group.extensions, external_senders(room.group.extensions)
    if len(senders) == 1 or any(_is_about_extensions(each.proposal) for each in room.group.pending):
        return
    absent = [each for each in senders if provider_of(hub, each) not in room.audience.followers]
    strangers = strangers_among(hub, absent, seen)
    allowed = decide(seen, [Request(_actor(hub), (ChangeExtensions(),))], hub.rooms.surroundings)
    if strangers and allowed.is_allowed:
        kept = tuple(each for each in senders if each not in strangers)
        yield GroupContextExtensions(_with_senders(extensions, kept))


def _is_about_extensions(proposal: Proposal) -> bool:
    return isinstance(proposal, GroupContextExtensions)


def _with_senders(extensions: Extensions, senders: tuple[ExternalSender, ...]) -> Extensions:
    kind = ExtensionType.EXTERNAL_SENDERS
    made = extension(kind, senders, ExternalSenders)
    return tuple(made if each.extension_type == kind else each for each in extensions)


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
