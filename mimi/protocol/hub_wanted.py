"""What the hub itself wants: proposed in every epoch anew, until it is so (sections 5.5 and 7.4).

::

    users whose account is gone, or who left the parent room      list update, Remove
    users whose removal or ban an external commit has cut short   list update, Remove
    senders of providers that take part no more                   GroupContextExtensions

What the policy does not let the hub do is left to others: meanwhile nothing is taken from those
users.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs

from mimi.codec import decode
from mimi.mls import ProposalReceived, PublicGroup
from mimi.mls.external import propose_from_outside
from mimi.mls.framing import ExternalSenderIndex
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import GroupContextExtensions, Proposal, Remove
from mimi.mls.resolve import removed_by
from mimi.policy.actions import (
    Action,
    Actor,
    ActorKind,
    ChangeRole,
    RemoveClient,
    RemoveParticipant,
    Request,
)
from mimi.policy.decide import decide
from mimi.policy.derive import Derivation
from mimi.policy.propose import list_update
from mimi.policy.room import Room
from mimi.policy.structures import BANNED, NO_ROLE
from mimi.protocol.audience import roles_of_cut_off, takes_part
from mimi.protocol.fanout import FanoutMessage, ProposalFanout
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_closing import settled
from mimi.protocol.hub_hosted import provider_of, strangers_among
from mimi.protocol.hub_pending import contradiction, covered_of
from mimi.protocol.room import Accepted, Cascade, HubRoom, HubStep
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
    """Propose that users leave the room; see `mimi.protocol.hub.Hub.remove`.

    Of others nothing is remembered: they would be cut off as soon as somebody brings them in. But
    the room has changed in any case, so that who brings them in at this moment finds that it has.
    """
    seen = hub.room(room)
    leaving = dict.fromkeys((each for each in users if takes_part(seen, each)), NO_ROLE)
    room = attrs.evolve(room, wanted=MappingProxyType({**leaving, **room.wanted}))
    if room.is_vacant:  # those who begin it anew do so without them
        gone = tuple(sorted(leaving.keys() - room.audience.cut_off))
        room = attrs.evolve(room, timestamp=room.at(now))
        return HubStep(room, None, (Cascade(room.uri, gone),) if gone else ())
    after, made = proposed(hub, room, now)
    if not made:
        return settled(hub, HubStep(attrs.evolve(after, timestamp=room.at(now)), None))
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


def only_possible(before: HubRoom, room: HubRoom) -> Wanted:
    """Return whom the hub wants out, without those whom others wanted out and it cannot propose.

    Who is to be banned may have to stay where the ban would make a second room of the others.

    Args:
        before: The room before the commit.
        room: The room after it, in which the hub has proposed what can stand.
    """
    if not room.wanted:
        return room.wanted
    cut = room.audience.cut_off
    kept = {
        user: role for user, role in room.wanted.items() if user in before.wanted or user in cut
    }
    return MappingProxyType(kept)


# Proposing


def proposed(hub: Hosting, room: HubRoom, now: int) -> tuple[HubRoom, tuple[Accepted, ...]]:
    """Return the room in which the hub has proposed what it wants, and the new proposals.

    What contradicts others' proposals of the epoch has to wait for the next one; where users cannot
    all go together, as many go as can.
    """
    if room.group.reinit is not None:
        return room, ()  # nothing comes after it
    seen = hub.room(room)
    at, users = room.at(now), _going(hub, room, seen)
    room, made = _with(hub, room, tuple(_removals(hub, room, seen, users)), at)
    if not made and len(users) > 1:
        for user, role in users.items():
            room, more = _with(hub, room, tuple(_removals(hub, room, seen, {user: role})), at)
            made += more
    room, more = _with(hub, room, tuple(_without_strangers(hub, room, seen)), at)
    made += more
    if not made:
        return room, ()
    audience = room.audience.of_next(seen, seen, room.group)
    return attrs.evolve(room, timestamp=at, audience=audience), tuple(made)


def _with(
    hub: Hosting, room: HubRoom, wishes: Sequence[Proposal], at: int
) -> tuple[HubRoom, list[Accepted]]:
    """Return the room in which the hub has proposed something, where it can stand."""
    if not wishes:
        return room, []
    group, index, made = room.group, hub.sender_index(room.group.extensions), list[Accepted]()
    for proposal in wishes:
        wire = propose_from_outside(group.context, index, proposal, hub.signer)
        step = group.receive(wire, now=at // 1000)
        (event,) = step.events
        assert isinstance(event, ProposalReceived)  # noqa: S101 - it is the hub's own
        group = step.group
        made.append(Accepted(decode(MLSMessage, wire), at, event.reference))
    after = attrs.evolve(room, group=group, accepted=(*room.accepted, *made))
    if contradiction(hub, after, [each.reference for each in made], at // 1000) is not None:
        return room, []
    return after, made


def _going(hub: Hosting, room: HubRoom, seen: Room) -> Wanted:
    """Return whom the hub wants out and may take out, of whom it is not proposed yet."""
    cut = room.audience.cut_off
    left = {
        user: role
        for user, role in sorted(room.wanted.items())
        if user not in cut and takes_part(seen, user)
    }
    return _permitted(hub, seen, left)


def _removals(hub: Hosting, room: HubRoom, seen: Room, users: Wanted) -> Iterator[Proposal]:
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
    if not strangers:
        return
    kept = tuple(each for each in senders if each not in strangers)
    proposal = GroupContextExtensions(_with_senders(extensions, kept))
    derivation = Derivation(seen, room.group.state, hub.rooms.identities)
    own = ExternalSenderIndex(hub.sender_index(extensions))
    asked = derivation.requests([(proposal, own)])
    if decide(seen, asked, hub.rooms.surroundings).is_allowed:
        yield proposal


def _is_about_extensions(proposal: Proposal) -> bool:
    return isinstance(proposal, GroupContextExtensions)


def _with_senders(extensions: Extensions, senders: tuple[ExternalSender, ...]) -> Extensions:
    kind = ExtensionType.EXTERNAL_SENDERS
    made = extension(kind, senders, ExternalSenders)
    return tuple(made if each.extension_type == kind else each for each in extensions)
