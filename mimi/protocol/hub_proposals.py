"""Proposals at the hub: all of a request or none (sections 3.5, 5.3 and 7).

What is taken is pending: the next member's commit must cover it. So nothing is taken that
contradicts what is pending already, or that no commit could cover.
"""

from collections import Counter

import attrs

from mimi.codec import encode
from mimi.errors import ForbiddenError, InvalidError
from mimi.identity import Domain
from mimi.mls import ProposalReceived, PublicGroup
from mimi.mls.codepoints import WireFormat
from mimi.mls.framing import (
    AuthenticatedContent,
    ExternalSenderIndex,
    NewMemberProposalSender,
    PublicMessage,
    Sender,
)
from mimi.mls.keypackage import key_package_ref
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import Add, Proposal, Remove, SelfRemove
from mimi.mls.protect import proposal_ref
from mimi.policy.room import Room
from mimi.protocol.fanout import fanout_of_update
from mimi.protocol.hosting import Hosting
from mimi.protocol.hub_closing import settled
from mimi.protocol.hub_expected import expected
from mimi.protocol.hub_hosted import providers_in
from mimi.protocol.hub_pending import contradiction, is_deserted
from mimi.protocol.hub_refusals import RefusedUpdate, check_source, forbidden
from mimi.protocol.message import proposer
from mimi.protocol.offers import lifetime_of
from mimi.protocol.room import Accepted, Destination, HubRoom, HubStep, Taken
from mimi.protocol.update import (
    ProposalBundle,
    UpdateRequest,
    UpdateRoomResponse,
    invalid_proposals,
    update_accepted,
)

MOST_PENDING = 64
"""How many proposals are taken of one user in an epoch, besides one for each of its clients.

Every member has to keep them, and to try what can stand together.
"""
MOST_PENDING_OCTETS = 1 << 20
"""How long the proposals of one user may be that are taken in an epoch."""
MOST_OCTETS_OF_ALL = 1 << 22
"""How long those of all users may be: who joins gets them with the tree, in one answer."""


def proposals(
    hub: Hosting, room: HubRoom, request: UpdateRequest, source: Domain, now: int, digest: bytes
) -> HubStep[UpdateRoomResponse]:
    """Take proposals; arguments and errors are those of `mimi.protocol.hub_commits.commit`."""
    bundle = request.bundle.attached
    assert isinstance(bundle, ProposalBundle)  # noqa: S101 - the caller has looked
    messages = (request.bundle.proposal_or_commit, *bundle.more_proposals)
    at, seen = room.at(now), hub.room(room)
    taking = _Taking(hub, room, seen, source)
    for message in messages:
        taking.take(message, now, at)
    known = {each.reference: each.timestamp for each in room.accepted}
    new = [each for each in taking.accepted if each.reference not in known]
    if not new:
        return HubStep(room, update_accepted(max(known[each] for each in taking.named)))
    after = attrs.evolve(
        room.remembering(digest, Taken(at, str(source).encode())),
        group=taking.group,
        accepted=tuple(taking.accepted),
        audience=room.audience.of_next(seen, seen, taking.group),
    )
    after = expected(after, taking.destinations, source)
    cut = after.audience.cut_off.union(after.wanted)
    reason = contradiction(hub, after, [each.reference for each in new], now // 1000)
    if reason is not None and not is_deserted(hub.rooms, seen, after.group, cut):
        raise forbidden(reason)
    after, effects = after.notified(room.audience.followers, fanout_of_update(request, at))
    return settled(hub, HubStep(after, update_accepted(at), effects))


@attrs.define(eq=False)
class _Taking:
    """The proposals of a request, being taken.

    Attributes:
        hub: The hub.
        room: The room before.
        seen: The same, as its policy sees it.
        source: Who sends them.
        group: The group with those that were taken so far.
        accepted: All that are pending then.
        named: The references of those in the request.
        destinations: Where Welcomes go for those who propose their own addition.
        octets: From users to how long their pending proposals are.
    """

    hub: Hosting
    room: HubRoom
    seen: Room
    source: Domain
    group: PublicGroup = attrs.field(init=False)
    accepted: list[Accepted] = attrs.field(init=False)
    named: list[bytes] = attrs.field(init=False, factory=list)
    destinations: dict[bytes, Destination] = attrs.field(init=False, factory=dict)
    octets: Counter[bytes] = attrs.field(init=False, factory=Counter)

    def __attrs_post_init__(self) -> None:
        self.group, self.accepted = self.room.group, list(self.room.accepted)
        for each in self.accepted:
            pending = self.group.state.proposals[each.reference]
            self.octets[self._user(pending.proposal, pending.sender)] += len(encode(each.message))

    def take(self, message: MLSMessage, now: int, at: int) -> None:
        """Take one of them.

        Raises:
            RefusedUpdate: It is not taken.
        """
        wire = encode(message)
        group, event = _received(self.group, message, wire, now)
        user = self._user(event.proposal, event.sender)
        check_source(user, self.source)
        self.named.append(event.reference)
        if any(each.reference == event.reference for each in self.accepted):
            return
        self._check_proposer(event, user)
        self._check_octets(user, len(wire))
        if isinstance(event.proposal, Add):
            self._expect(event.proposal, event.sender)
        self.group = group
        self.accepted.append(Accepted(message, at, event.reference))

    def _user(self, proposal: Proposal, sender: Sender) -> bytes:
        """Return whose proposal it is."""
        credential = proposer(self.group.state, proposal, sender)
        return self.hub.rooms.identities.identify(credential)

    def _check_proposer(self, event: ProposalReceived, user: bytes) -> None:
        """Check that something is taken of who proposes it.

        Of who is about to be removed, nothing is but what takes out its own clients (section 5.3).
        """
        is_other = self.source != self.hub.provider
        if isinstance(event.sender, ExternalSenderIndex) and is_other:
            self._check_present()
        if self.room.is_cut_off(user) and not self._is_own_removal(event, user):
            raise forbidden(f"{user.decode()} is about to be removed")
        self._check_number(user)

    def _check_number(self, user: bytes) -> None:
        """Check that a user has not proposed as much already as anybody needs."""
        pending = self.group.state.proposals
        if len(pending) < MOST_PENDING:
            return
        number = sum(self._user(each.proposal, each.sender) == user for each in pending.values())
        if number >= MOST_PENDING + self.seen.clients.get(user, 0):
            raise forbidden(f"{number} proposals of {user.decode()} are pending")

    def _check_octets(self, user: bytes, octets: int) -> None:
        """Check that what is pending does not become longer than anybody needs."""
        self.octets[user] += octets
        if self.octets[user] > MOST_PENDING_OCTETS:
            raise forbidden(f"the proposals of {user.decode()} are too long")
        if self.octets.total() > MOST_OCTETS_OF_ALL:
            raise forbidden("the pending proposals are too long")

    def _check_present(self) -> None:
        """Check that a provider that proposes something takes part by its users (section 7.4)."""
        if self.source not in providers_in(self.seen):
            raise forbidden(f"nobody of {self.source} takes part")

    def _is_own_removal(self, event: ProposalReceived, user: bytes) -> bool:
        if isinstance(event.proposal, Remove):
            removed = self.group.state.tree.member(event.proposal.removed)
            return self.hub.rooms.identities.identify(removed.credential) == user
        return isinstance(event.proposal, SelfRemove)

    def _expect(self, proposal: Add, sender: Sender) -> None:
        """Know where the Welcome goes of who is to be added: no commit could be taken otherwise."""
        package = proposal.key_package
        reference = key_package_ref(self.group.suite, package)
        if isinstance(sender, NewMemberProposalSender):
            not_after = lifetime_of(package).not_after
            self.destinations[reference] = Destination(self.source, not_after)
        elif reference not in self.room.destinations:
            raise forbidden("the key package was not claimed here")


def _received(
    group: PublicGroup, message: MLSMessage, wire: bytes, now: int
) -> tuple[PublicGroup, ProposalReceived]:
    try:
        step = group.receive(wire, now=now // 1000)
    except ForbiddenError as error:
        raise forbidden(error.reason) from error
    except InvalidError as error:
        named = invalid_proposals(_reference(group, message), str(error))
        raise RefusedUpdate(named) from error
    (event,) = step.events
    if not isinstance(event, ProposalReceived):
        raise forbidden("the hub cannot read the proposal")
    return step.group, event


def _reference(group: PublicGroup, message: MLSMessage) -> tuple[bytes, ...]:
    """Return the reference of a proposal that the hub does not take; nothing where it is hidden."""
    body = message.body
    if not isinstance(body, PublicMessage):
        return ()
    signed = AuthenticatedContent(WireFormat.MLS_PUBLIC_MESSAGE, body.content, body.auth)
    return (proposal_ref(group.suite, signed),)
