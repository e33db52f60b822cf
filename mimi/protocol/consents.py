"""What users have consented to, as their providers keep it (sections 5.7 and 8).

::

    our user asks       ask, cancel      --ConsentEntry-->  requested   their user is told
    our user decides    grant, revoke    --ConsentEntry-->  updated     their user is told

A scope is a requester, a target, and one room or any. What is decided for any room is decided for
all rooms; but a room that was refused stays refused until that room is granted, so that nobody is
added where they said no. For a pair of users the same value serves both sides: to the target's
provider it decides, to the requester's it says what it was told.

Pairs are independent of each other: a store may hold those that somebody has to do with now.
`mimi.protocol.consents_rows` says in which rows it is stored.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Self, TypeAlias, cast

import attrs

from mimi.crypto import suite_of
from mimi.identity import Domain, MimiUri
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.policy.identities import Identify, user_of_basic
from mimi.protocol.consent import (
    REQUESTING,
    UPDATING,
    ConsentEntry,
    ConsentOperation,
    ConsentScope,
    check_consent,
    check_granted,
)
from mimi.protocol.consent_pairs import STRANGERS, Consent, GrantedPackage, Pair
from mimi.protocol.directory import Directory, Endpoint, User
from mimi.protocol.follower_errors import NoConsentRequestError
from mimi.protocol.http import HttpRequest, HttpResponse, refusal, request_to, respond
from mimi.protocol.http_errors import Status
from mimi.protocol.keys import NO_ROOM
from mimi.protocol.offers import lifetime_of
from mimi.protocol.protocol import ROOMS, USERS, identified
from mimi.tree.leaf import LifetimePolicy

MOST_ROOMS = 1000
"""For how many rooms of a pair of users something is kept: who says more is not heard."""
MOST_PACKAGES = 500
"""How many key packages of a pair of users are kept that came with grants."""


@attrs.frozen
class ConsentNotice:
    """One of our users is to be told of consent.

    Attributes:
        user: Who.
        operation: What somebody does.
        scope: With which consent.
    """

    user: bytes
    operation: ConsentOperation
    scope: ConsentScope


@attrs.frozen
class EntryDropped:
    """What another provider says of consent is not passed on, and perhaps it is not told so.

    Attributes:
        scope: Which consent.
        reason: Why, for a log.
    """

    scope: ConsentScope
    reason: str


ConsentEffect: TypeAlias = ConsentNotice | EntryDropped


@attrs.frozen
class ConsentStep:
    """The outcome of a request.

    Attributes:
        consents: What stands after it.
        response: What to answer.
        effects: What else to do.
    """

    consents: "Consents"
    response: HttpResponse
    effects: tuple[ConsentEffect, ...] = ()


@attrs.frozen
class Peering:
    """Two providers, one of which sends something about consent.

    Attributes:
        sender: The domains of the one that sends it.
        receiver: Our own domains.
        path: Whom the path of the request names; None where it is not known.
        hides_users: Whether the sender is not told that there is no such user.
    """

    sender: Collection[Domain]
    receiver: Collection[Domain]
    path: MimiUri | Domain | None = None
    hides_users: bool = False


@attrs.frozen(eq=False, repr=False)
class Consents:
    """What stands between users, one of each pair ours.

    Attributes:
        pairs: From requesters and targets to what stands between them.
    """

    pairs: Mapping[tuple[bytes, bytes], Pair] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"Consents({len(self.pairs)} pairs)"

    def pair(self, requester: bytes, target: bytes) -> Pair:
        """Return what stands between a requester and a target."""
        return self.pairs.get((requester, target), STRANGERS)

    def consent_for(
        self,
        requester: bytes,
        target: bytes,
        room: bytes = NO_ROOM,
        *,
        otherwise: Consent = Consent.NONE,
    ) -> Consent:
        """Return whether a requester may fetch the key packages of a target.

        Args:
            requester: Who asks.
            target: Whose key packages; one's own are always granted.
            room: For which room; `NO_ROOM` for none.
            otherwise: What holds where the target has decided nothing.
        """
        if requester == target:
            return Consent.GRANTED
        pair = self.pair(requester, target)
        is_granted = pair.decided(room or None)
        if is_granted:
            return Consent.GRANTED
        others = (each.is_granted for each in pair.scopes.values())
        if is_granted is None and otherwise is not Consent.NONE:
            return otherwise
        return Consent.NONE_FOR_THIS_ROOM if room and any(others) else Consent.NONE

    # What comes from other providers

    def requested(
        self, entry: ConsentEntry, peering: Peering, *, now: int, is_known: bool = True
    ) -> ConsentStep:
        """Take a request for consent, or the end of one (section 5.7).

        Who has refused already is not asked again.

        Args:
            entry: What was received at requestConsent.
            peering: Who sends it to whom.
            now: Milliseconds since 1970-01-01T00:00Z.
            is_known: Whether there is such a target.

        Raises:
            ConsentError: The entry breaks a rule; see `check_consent`.
            IdentifierUriError: A URI is not that of a user, or of a room.
            PathMismatchError: The path names somebody else.
        """
        _check(entry, REQUESTING, peering)
        if not is_known:
            return self._unknown(entry, peering)
        scope = entry.scope
        pair = self.pair(scope.requester_uri, scope.target_uri)
        standing, reason = pair.standing(scope.room_id), None
        if entry.consent_operation is ConsentOperation.CANCEL:
            standing = attrs.evolve(standing, requested=None)
        else:
            reason = _why_not_asked(pair, scope.room_id)
            if standing.requested is None:
                standing = attrs.evolve(standing, requested=now)
        return self._taken(entry, pair.with_standing(scope.room_id, standing), reason)

    def updated(
        self,
        entry: ConsentEntry,
        peering: Peering,
        *,
        now: int,
        is_known: bool = True,
        identify: Identify = user_of_basic,
    ) -> ConsentStep:
        """Take a grant or a revocation, asked for or not (section 5.7).

        Args:
            entry: What was received at updateConsent.
            peering: Who sends it to whom.
            now: Milliseconds since 1970-01-01T00:00Z.
            is_known: Whether there is such a requester.
            identify: Whose a credential is.

        Raises:
            ConsentError: The entry breaks a rule; see `check_consent`.
            IdentifierUriError: A URI is not that of a user, or of a room.
            PathMismatchError: The path names somebody else.
            UnsuitableKeyPackageError: A key package is not valid.
            KeyPackageUserError: A key package is of another user than the target.
        """
        _check(entry, UPDATING, peering)
        packages = check_granted(entry, lifetimes=LifetimePolicy(now // 1000), identify=identify)
        if not is_known:
            return self._unknown(entry, peering)
        scope = entry.scope
        before = self.pair(scope.requester_uri, scope.target_uri)
        reason = None if scope.room_id is None else _too_many(before, scope.room_id)
        is_granted = entry.consent_operation is ConsentOperation.GRANT
        pair = before.with_decision(scope.room_id, is_granted=is_granted)
        return self._taken(entry, _with_packages(pair, scope.room_id, packages), reason)

    # What our own users do, where the other is not ours: between two of ours an entry goes through
    # `requested` or `updated`, as if it came from another provider.

    def ask(self, scope: ConsentScope, *, now: int) -> tuple[Self, ConsentEntry]:
        """Return what stands after our user asks for consent, and what to send.

        Args:
            scope: Which consent.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
        """
        pair = self._checked(scope)
        standing = attrs.evolve(pair.standing(scope.room_id), requested=now)
        after = self._with(scope, pair.with_standing(scope.room_id, standing))
        return after, consent_entry(ConsentOperation.REQUEST, scope)

    def cancel(self, scope: ConsentScope) -> tuple[Self, ConsentEntry]:
        """Return what stands after our user no longer asks for consent, and what to send.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
            NoConsentRequestError: The user has not asked for just that, or it is decided.
        """
        pair = self._checked(scope)
        standing = pair.standing(scope.room_id)
        if standing.requested is None:
            raise NoConsentRequestError("there is no such request", room=scope.room_id)
        standing = attrs.evolve(standing, requested=None)
        after = self._with(scope, pair.with_standing(scope.room_id, standing))
        return after, consent_entry(ConsentOperation.CANCEL, scope)

    def grant(
        self, scope: ConsentScope, packages: Iterable[KeyPackage] = ()
    ) -> tuple[Self, ConsentEntry]:
        """Return what stands after our user consents, and what to send.

        Args:
            scope: To what.
            packages: Key packages of the user, from `KeyStore.granted`. They have not gone through
                a hub: they serve in rooms of the requester's own provider.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
        """
        pair = self._checked(scope).with_decision(scope.room_id, is_granted=True)
        return self._with(scope, pair), consent_entry(ConsentOperation.GRANT, scope, packages)

    def revoke(self, scope: ConsentScope) -> tuple[Self, ConsentEntry]:
        """Return what stands after our user refuses consent; and what to send, which need not be.

        Raises:
            IdentifierUriError: A URI is not that of a user, or of a room.
        """
        pair = self._checked(scope).with_decision(scope.room_id, is_granted=False)
        return self._with(scope, pair), consent_entry(ConsentOperation.REVOKE, scope)

    def take(
        self, requester: bytes, target: bytes, room: bytes, *, now: int
    ) -> tuple[Self, tuple[KeyPackage, ...]]:
        """Return the key packages that came with grants for a room, which are not given again.

        Args:
            requester: Our user, who adds somebody to the room.
            target: Who is added.
            room: The room.
            now: Milliseconds since 1970-01-01T00:00Z.
        """
        pair, seconds = self.pair(requester, target), now // 1000
        taken = {
            at: each
            for at, each in pair.packages.items()
            if each.package and each.room in (None, room) and each.not_after >= seconds
        }
        if not taken or not pair.decided(room):
            return self, ()
        emptied = {at: attrs.evolve(each, package=None) for at, each in taken.items()}
        packages = MappingProxyType({**pair.packages, **emptied})
        scope = ConsentScope(requester, target)
        after = self._with(scope, attrs.evolve(pair, packages=packages))
        return after, tuple(each.package for each in taken.values() if each.package)

    def pruned(self, now: int) -> Self:
        """Return what stands without key packages that have expired; now in milliseconds."""
        consents, seconds = self, now // 1000
        for (requester, target), pair in self.pairs.items():
            kept = {at: each for at, each in pair.packages.items() if each.not_after >= seconds}
            if len(kept) < len(pair.packages):
                after = attrs.evolve(pair, packages=MappingProxyType(kept))
                consents = consents._with(ConsentScope(requester, target), after)
        return consents

    # Within

    def _checked(self, scope: ConsentScope) -> Pair:
        identified("requester_uri", scope.requester_uri, USERS)
        identified("target_uri", scope.target_uri, USERS)
        if scope.room_id is not None:
            identified("room_id", scope.room_id, ROOMS)
        return self.pair(scope.requester_uri, scope.target_uri)

    def _with(self, scope: ConsentScope, pair: Pair) -> Self:
        pairs = {**self.pairs, (scope.requester_uri, scope.target_uri): pair}
        if pair == STRANGERS:
            del pairs[scope.requester_uri, scope.target_uri]
        return attrs.evolve(self, pairs=MappingProxyType(pairs))

    def _unknown(self, entry: ConsentEntry, peering: Peering) -> ConsentStep:
        endpoint, _ = receiving(entry)
        answer = respond(endpoint) if peering.hides_users else refusal(Status.NOT_FOUND)
        return ConsentStep(self, answer, (EntryDropped(entry.scope, "there is no such user"),))

    def _taken(self, entry: ConsentEntry, pair: Pair, reason: str | None) -> ConsentStep:
        """Return what comes of an entry.

        Args:
            entry: What was received.
            pair: What stands after it; where that is what stood, nobody is told.
            reason: Why it is dropped; None where it is not.
        """
        scope, (endpoint, user) = entry.scope, receiving(entry)
        response = respond(endpoint)
        if reason is not None:
            return ConsentStep(self, response, (EntryDropped(scope, reason),))
        if pair == self.pair(scope.requester_uri, scope.target_uri):
            return ConsentStep(self, response)
        notice = ConsentNotice(user, entry.consent_operation, scope)
        return ConsentStep(self._with(scope, pair), response, (notice,))


def _check(entry: ConsentEntry, operations: Collection[ConsentOperation], peering: Peering) -> None:
    sender, receiver = peering.sender, peering.receiver
    check_consent(entry, operations, sender=sender, receiver=receiver, path=peering.path)


def receiving(entry: ConsentEntry) -> tuple[Endpoint, bytes]:
    """Return the endpoint that takes an entry, and the user to whose provider it goes."""
    if entry.consent_operation in REQUESTING:
        return Endpoint.REQUEST_CONSENT, entry.target_uri
    return Endpoint.UPDATE_CONSENT, entry.requester_uri


def consent_entry(
    operation: ConsentOperation, scope: ConsentScope, packages: Iterable[KeyPackage] = ()
) -> ConsentEntry:
    """Return an operation on consent.

    Args:
        operation: The operation.
        scope: On which consent.
        packages: In a grant, key packages of the target.
    """
    listed = tuple(packages) if operation is ConsentOperation.GRANT else None
    return ConsentEntry(operation, scope.requester_uri, scope.target_uri, scope.room_id, listed)


def _why_not_asked(pair: Pair, room: bytes | None) -> str | None:
    """Return why a target is not asked for consent; None where it is."""
    if pair.decided(room) is False:
        return "it was refused before"
    return _too_many(pair, room)


def _too_many(pair: Pair, room: bytes | None) -> str | None:
    """Return why nothing is kept of a further room; None where it is."""
    if room not in pair.scopes and len(pair.scopes) >= MOST_ROOMS:
        return f"something stands for {len(pair.scopes)} rooms"
    return None


def _with_packages(pair: Pair, room: bytes | None, packages: Iterable[KeyPackage]) -> Pair:
    kept = dict(pair.packages)
    for package in packages:
        suite = suite_of(package.cipher_suite)
        granted = GrantedPackage(room, lifetime_of(package).not_after, package)
        if len(kept) < MOST_PACKAGES:
            kept.setdefault(key_package_ref(suite, package), granted)
    return attrs.evolve(pair, packages=MappingProxyType(kept))


def consent_request(
    entry: ConsentEntry, directory: Directory, *, source: Domain, target: Domain
) -> HttpRequest:
    """Return the request that brings an entry to the other user's provider, by no hub.

    Args:
        entry: What to send.
        directory: The other provider's.
        source: Our own domain.
        target: The other provider's domain.

    Raises:
        IdentifierUriError: A URI is not that of a user.
        MissingEndpointError: The other provider does not take it.
    """
    endpoint, uri = receiving(entry)
    user = cast(User, identified("user", uri, USERS))
    return request_to(directory, endpoint, user, entry, source=source, target=target)
