"""Telling others which messages arrived (draft-ietf-mls-extensions-10 section 6.1).

An AppAck goes with a commit, as ephemeral data of the component ``app_ack``, so that a delivery
service which drops messages cannot hide it: who drops the AppAck drops the commit.

::

    message keys of the epoch --> received --> AppAck --> AppEphemeral --> commit
                                     |                                       |
                                     +---- what is claimed there, not here --+--> lost

What a member has received it reads from the keys that are used up. What somebody claims is the
word of a member, who can claim what nobody ever sent: nothing follows from it by itself.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from mimi.codec import Rule, UInt32, decode, encode, struct
from mimi.mls.components import ComponentID
from mimi.mls.errors import StaleDraftError
from mimi.mls.framing import MemberSender
from mimi.mls.proposal import AppEphemeral
from mimi.mls.secrets import RatchetKind, SecretTree
from mimi.mls.spans import Span, Spans, joined, without
from mimi.tree.math import LeafIndex

if TYPE_CHECKING:
    from mimi.mls.events import CommitStaged
    from mimi.mls.member import MemberState


@struct
class MessageRange:
    """Messages of one sender without a gap, from the first generation to the last, inclusive."""

    sender: UInt32
    first_generation: UInt32
    last_generation: UInt32


def _are_ranges(ranges: tuple[MessageRange, ...]) -> bool:
    return all(each.first_generation <= each.last_generation for each in ranges)


@struct
class AppAck:
    """The application messages of the epoch that the sender received."""

    received_ranges: Annotated[
        tuple[MessageRange, ...],
        Rule(
            _are_ranges,
            "a range ends before it begins",
            "draft-ietf-mls-extensions-10 section 6.1",
            lambda ranges: tuple(each for each in ranges if _are_ranges((each,))),
        ),
    ]


Received: TypeAlias = Mapping[int, Spans]
"""From the leaves of senders to the generations of their application messages that arrived."""


def received(keys: SecretTree, own: LeafIndex) -> Received:
    """Return what has arrived in an epoch, from its secret tree.

    Args:
        keys: The secret tree.
        own: One's own leaf, whose messages do not arrive.
    """
    arrived = {}
    for leaf in sorted(keys.senders):
        ratchet = keys.senders[leaf].application
        if leaf == own or not ratchet.generation:
            continue
        # what is kept is younger than what is forgotten
        missing = joined((*ratchet.forgotten, *((at, at) for at in ratchet.skipped)))
        arrived[int(leaf)] = without(((0, ratchet.generation - 1),), missing)
    return arrived


def app_ack(arrived: Received) -> AppAck:
    """Return the AppAck for what has arrived."""
    return AppAck(
        tuple(
            MessageRange(sender, first, last)
            for sender, spans in sorted(arrived.items())
            for first, last in spans
        )
    )


def app_ack_proposal(ack: AppAck) -> AppEphemeral:
    """Return the proposal that conveys an AppAck."""
    return AppEphemeral(ComponentID.APP_ACK, encode(ack))


def lost(acks: Iterable[AppAck], arrived: Received) -> tuple[MessageRange, ...]:
    """Return what others acknowledge and what has not arrived.

    The work is proportional to the ranges claimed and those of `arrived`, whatever they stand for:
    ranges that overlap are taken together first.
    """
    claimed: dict[int, list[Span]] = {}
    for ack in acks:
        for each in ack.received_ranges:
            span = each.first_generation, each.last_generation
            claimed.setdefault(each.sender, []).append(span)
    missing = (
        (sender, without(joined(sorted(spans)), arrived.get(sender, ())))
        for sender, spans in sorted(claimed.items())
    )
    return tuple(
        MessageRange(sender, first, last) for sender, spans in missing for first, last in spans
    )


# What a commit says to a member


def acks_of(commit: "CommitStaged[Any]") -> dict[LeafIndex, list[AppAck]]:
    """Return the AppAcks that a commit conveys, by the leaves of the members who sent them."""
    acks: dict[LeafIndex, list[AppAck]] = {}
    for proposal, sender in commit.proposals:
        if (
            isinstance(proposal, AppEphemeral)
            and proposal.component_id == ComponentID.APP_ACK
            and isinstance(sender, MemberSender)
        ):
            acks.setdefault(sender.leaf_index, []).append(decode(AppAck, proposal.data))
    return acks


def lost_messages(group: "MemberState", commit: "CommitStaged[Any]") -> tuple[MessageRange, ...]:
    """Return the messages of others that have arrived elsewhere and not here.

    Claims for leaves without a member are left out: nobody could have sent these.

    Args:
        group: The group, before the commit is accepted or after.
        commit: A commit of the group.

    Raises:
        StaleDraftError: The keys of the commit's epoch are not kept, or it is another group's.
    """
    own, tree = group.leaf_index, commit.transition.before.tree
    acks = (ack for leaf, sent in acks_of(commit).items() if leaf != own for ack in sent)
    missing = lost(acks, received(_keys_of(group, commit), own))
    return tuple(
        each
        for each in missing
        if each.sender != own and tree.leaf(LeafIndex(each.sender)) is not None
    )


def undelivered_messages(
    group: "MemberState", commit: "CommitStaged[Any]"
) -> dict[LeafIndex, Spans]:
    """Return, for each member whose AppAck a commit conveys, which of one's own it does not name.

    They may have been under way when the AppAck was made.

    Args:
        group: The group, before the commit is accepted or after.
        commit: A commit of the group.

    Raises:
        StaleDraftError: The keys of the commit's epoch are not kept, or it is another group's.
    """
    own = group.leaf_index
    count = _keys_of(group, commit).next_generation(own, RatchetKind.APPLICATION)
    sent: Spans = ((0, count - 1),) if count else ()
    result = {}
    for leaf, acks in acks_of(commit).items():
        if leaf != own:
            ranges = (each for ack in acks for each in ack.received_ranges if each.sender == own)
            named = sorted((each.first_generation, each.last_generation) for each in ranges)
            result[leaf] = without(sent, joined(named))
    return result


def _keys_of(group: "MemberState", commit: "CommitStaged[Any]") -> SecretTree:
    context = commit.transition.before.context
    if context == group.context:
        return group.message_keys
    for past in group.past:
        if past.context == context:
            return past.message_keys
    raise StaleDraftError("the commit is of another group, or of an epoch whose keys are gone")
