"""Key packages of a provider's own users: stored by their clients, claimed by others (section 5.2).

::

    stored(user, client, packages)  -->  offers  --claim-->  given  --used, or expired-->  forgotten

An ordinary key package is given once: what was given is remembered until it expires, so that it is
not taken again either. One of last resort is given where nothing else suits (RFC 9420 section
16.8). References of what was given say to which client a Welcome goes.

Users are independent of each other: a store may hold all of them, or one, or those that somebody
has to do with now. `mimi.protocol.keystore_rows` says in which rows it is stored.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self, TypeVar

import attrs

from mimi.crypto import CipherSuite
from mimi.errors import UsageError
from mimi.identity import Domain, MimiUri
from mimi.mls.components import is_last_resort
from mimi.mls.keypackage import KeyPackage, key_package_ref
from mimi.policy.identities import Identify, user_of_basic
from mimi.protocol.consent_pairs import Consent
from mimi.protocol.errors import (
    ClientUriError,
    IncompatibleProtocolError,
    RepeatedKeyPackageError,
)
from mimi.protocol.follower_errors import KeyMaterialSourceError, TooManyKeyPackagesError
from mimi.protocol.keys import (
    NO_ROOM,
    ClientKeyMaterial,
    KeyMaterialClientCode,
    KeyMaterialRequest,
    KeyMaterialResponse,
    KeyMaterialUserCode,
    check_key_material_request,
    check_key_package,
    incompatible_protocol,
    is_client_of,
    read_key_material_request,
    suits,
)
from mimi.protocol.offers import Given, Offer, UserKeys, lifetime_of, preference, ranks_of
from mimi.protocol.protocol import CLIENTS, ROOMS, USERS, Protocol, identified
from mimi.tree.leaf import KeyPackageSource, LifetimePolicy

K = TypeVar("K")
V = TypeVar("V")

MOST_OFFERS = 500
"""How many key packages of one client are stored."""


@attrs.frozen
class Discretion:
    """What a provider does not tell of its users (section 5.2).

    Attributes:
        hides_users: Who there is: where there is nobody, there is no consent.
        hides_deleted: Who there was: a deleted user is unknown.
        hides_rooms: For which rooms there is consent: where there is none for one, there is none.
        hides_capabilities: What clients support whose key packages do not suit.
    """

    hides_users: bool = False
    hides_deleted: bool = False
    hides_rooms: bool = False
    hides_capabilities: bool = False


@attrs.frozen
class Claimed:
    """The outcome of a claim.

    Attributes:
        store: The store after it, to be kept before the answer is sent.
        response: What to answer.
        references: From the references of what is given to the clients whose it is.
    """

    store: "KeyStore"
    response: KeyMaterialResponse
    references: Mapping[bytes, bytes] = MappingProxyType({})


def read_claim(
    body: bytes, *, target: MimiUri, source: Domain, identify: Identify = user_of_basic
) -> KeyMaterialRequest | KeyMaterialResponse:
    """Return the request for key material that a body is; or at once the answer to it.

    It comes from the hub of the room that it is for, which else could not route the Welcome; or
    for no certain room from the requester's provider.

    Args:
        body: The body.
        target: The user in the path.
        source: The provider that sends it.
        identify: Whose a credential is.

    Raises:
        MalformedError: It does not parse.
        KeyMaterialSourceError: Another provider sends it.
        BodyError: It breaks a rule; see `check_key_material_request`.
    """
    try:
        request = read_key_material_request(body)
    except IncompatibleProtocolError:
        return incompatible_protocol(body, target)
    check_key_material_request(request, target=target, identify=identify)
    if request.room_id == NO_ROOM:
        sender = identified("requesting_user", request.requesting_user, USERS).provider
    else:
        sender = identified("room_id", request.room_id, ROOMS).provider
    if sender != source:
        raise KeyMaterialSourceError(f"{source} asks, not {sender}", source=str(source))
    return request


def _with(table: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**table, key: value})


@attrs.frozen(eq=False, repr=False)
class KeyStore:
    """The key packages of users' clients.

    Attributes:
        users: From users to what they offer.
        given: From references to what was given.
    """

    users: Mapping[bytes, UserKeys] = MappingProxyType({})
    given: Mapping[bytes, Given] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"KeyStore({len(self.users)} users, {len(self.given)} given)"

    # Accounts

    def opened(self, user: bytes) -> Self:
        """Return a store that knows a user, who need not have clients yet.

        Raises:
            IdentifierUriError: It is no user.
            UsageError: The user was deleted.
        """
        identified("user", user, USERS)
        keys = self.users.get(user)
        if keys is None:
            return attrs.evolve(self, users=_with(self.users, user, UserKeys()))
        if keys.is_deleted:
            raise UsageError(f"{user.decode()} was deleted")
        return self

    def deleted(self, user: bytes) -> Self:
        """Return a store in which a user is deleted, clients and all."""
        opened = self if user in self.users else self.opened(user)
        for client in opened.users[user].clients:
            opened = opened.withdrawn(user, client)
        return attrs.evolve(opened, users=_with(opened.users, user, UserKeys(is_deleted=True)))

    def withdrawn(self, user: bytes, client: bytes) -> Self:
        """Return a store without a client: nothing of it is given, and no Welcome goes there.

        Raises:
            UsageError: The user has no such client.
        """
        clients = dict(self._clients(user, client))
        del clients[client]
        given = {
            reference: attrs.evolve(each, is_used=True) if each.client == client else each
            for reference, each in self.given.items()
        }
        return attrs.evolve(self._with_clients(user, clients), given=MappingProxyType(given))

    # Offers

    def stored(
        self,
        user: bytes,
        client: bytes,
        packages: Iterable[KeyPackage] = (),
        *,
        now: int,
        identify: Identify = user_of_basic,
    ) -> Self:
        """Return a store with a client and what it offers.

        What is there already, and what was given already, is passed over: a client that does not
        know whether it was heard may say it again. A key package of last resort takes the place of
        an earlier one of its cipher suite. One may be stored before it is valid.

        Args:
            user: Whose client it is.
            client: The client.
            packages: Its key packages.
            now: Milliseconds since 1970-01-01T00:00Z.
            identify: Whose a credential is.

        Raises:
            IdentifierUriError: User or client are none.
            ClientUriError: The client is none of the user's.
            UnsuitableKeyPackageError: A key package is invalid, expired, or valid for too long.
            KeyPackageUserError: One is another user's.
            RepeatedKeyPackageError: One is another client's.
            TooManyKeyPackagesError: It offers more than `MOST_OFFERS`.
            UsageError: The user was deleted.
        """
        opened = self.opened(user)
        owner, device = identified("user", user, USERS), identified("client", client, CLIENTS)
        if not is_client_of(device, owner):
            raise ClientUriError(f"{device} is no client of {owner}", client=client)
        clients = opened.users[user].clients
        others = {offer.reference for each in clients if each != client for offer in clients[each]}
        offers = {each.reference: each for each in clients.get(client, ())}
        for package in packages:
            offer = _offer(user, package, now // 1000, identify)
            elsewhere = self.given.get(offer.reference)
            if offer.reference in others or (elsewhere and elsewhere.client != client):
                raise RepeatedKeyPackageError("a key package of another client", client=client)
            if elsewhere is None and offer.reference not in offers:
                offers = {at: each for at, each in offers.items() if not _replaces(offer, each)}
                offers[offer.reference] = offer
        if len(offers) > MOST_OFFERS:
            raise TooManyKeyPackagesError(f"{len(offers)}, {MOST_OFFERS} permitted", client=client)
        return opened._with_clients(user, {**clients, client: tuple(offers.values())})

    def available(self, user: bytes, client: bytes, *, now: int) -> int:
        """Return how many claims a client can still answer without its last resort.

        Args:
            user: Whose client it is.
            client: The client, which stores more when there are few.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            UsageError: The user has no such client.
        """
        offers, seconds = self._clients(user, client)[client], now // 1000
        return sum(each.is_valid_at(seconds) and not each.is_last_resort for each in offers)

    # Claims

    def claim(
        self,
        request: KeyMaterialRequest,
        *,
        consent: Consent,
        now: int,
        discretion: Discretion = Discretion(),
    ) -> Claimed:
        """Give a key package of each client of a user, or say why not.

        Of a client's key packages that suit, one is given whose cipher suite the requester named
        first; of these the one that expires first. One of last resort is given where no other
        suits.

        Args:
            request: What is asked for, from `read_claim`.
            consent: Whether the requester may have it.
            now: Milliseconds since 1970-01-01T00:00Z.
            discretion: What is not told.
        """
        user = request.target_user
        keys, protocol = self.users.get(user), Protocol.MLS10
        refused = _refusal(keys, consent, discretion)
        if refused is not None:
            return Claimed(self, KeyMaterialResponse(protocol, refused, user))
        assert keys is not None  # noqa: S101 - who is not there is refused
        taken: dict[bytes, Offer] = {}
        answers = []
        for client in sorted(keys.clients):
            answer, offer = _answer(client, keys.clients[client], request, now // 1000, discretion)
            answers.append(answer)
            if offer is not None:
                taken[client] = offer
        code = _code(len(taken), len(answers))
        response = KeyMaterialResponse(protocol, code, user, tuple(answers))
        references = {offer.reference: client for client, offer in taken.items()}
        return Claimed(self._given(user, taken), response, MappingProxyType(references))

    def granted(
        self, user: bytes, suites: Iterable[CipherSuite], *, now: int
    ) -> tuple[Self, tuple[KeyPackage, ...]]:
        """Give a key package of each client of a user who has one, to go with a grant of consent.

        Those of last resort stay here.

        Args:
            user: The user who grants it.
            suites: Cipher suites of which they may be, the preferred one first.
            now: Milliseconds since 1970-01-01T00:00Z.

        Raises:
            UsageError: There is no such user.
        """
        keys, ranks, seconds = self.users.get(user), ranks_of(suites), now // 1000
        if keys is None or keys.is_deleted:
            raise UsageError(f"there is no {user.decode()}")
        taken = {}
        for client, offers in sorted(keys.clients.items()):
            fit = [
                each
                for each in offers
                if not each.is_last_resort
                and each.package.cipher_suite in ranks
                and each.is_valid_at(seconds)
            ]
            if fit:
                taken[client] = min(fit, key=preference(ranks))
        return self._given(user, taken), tuple(each.package for each in taken.values())

    def has_key(self, user: bytes, key: bytes) -> bool:
        """Return whether a user's client offers key packages with a signature key."""
        clients = self.users.get(user, UserKeys()).clients.values()
        return any(each.package.leaf_node.signature_key == key for at in clients for each in at)

    # Welcomes

    def client_of(self, reference: bytes) -> bytes | None:
        """Return to which client a Welcome goes that names a key package; None to none here."""
        given = self.given.get(reference)
        return None if given is None or given.is_used else given.client

    def used(self, references: Iterable[bytes]) -> Self:
        """Return a store that expects no further Welcome for key packages but of last resort."""
        given = dict(self.given)
        for reference in references:
            found = given.get(reference)
            if found is not None and not found.is_last_resort and not found.is_used:
                given[reference] = attrs.evolve(found, is_used=True)
        return attrs.evolve(self, given=MappingProxyType(given))

    def pruned(self, now: int) -> Self:
        """Return a store without what has expired; now in milliseconds."""
        seconds, users = now // 1000, dict(self.users)
        for user, keys in self.users.items():
            clients = {
                client: tuple(
                    each for each in offers if lifetime_of(each.package).not_after >= seconds
                )
                for client, offers in keys.clients.items()
            }
            if any(len(clients[client]) < len(keys.clients[client]) for client in clients):
                users[user] = UserKeys(MappingProxyType(clients))
        given = {at: each for at, each in self.given.items() if each.not_after >= seconds}
        return attrs.evolve(self, users=MappingProxyType(users), given=MappingProxyType(given))

    # Within

    def _clients(self, user: bytes, client: bytes) -> Mapping[bytes, tuple[Offer, ...]]:
        keys = self.users.get(user)
        if keys is None or client not in keys.clients:
            raise UsageError(f"{client.decode()} is not known", client=client)
        return keys.clients

    def _with_clients(self, user: bytes, clients: Mapping[bytes, tuple[Offer, ...]]) -> Self:
        keys = UserKeys(MappingProxyType(dict(clients)))
        return attrs.evolve(self, users=_with(self.users, user, keys))

    def _given(self, user: bytes, taken: Mapping[bytes, Offer]) -> Self:
        """Return the store that has given an offer of some clients of a user."""
        if not taken:
            return self
        clients, given = dict(self.users[user].clients), dict(self.given)
        for client, offer in taken.items():
            if not offer.is_last_resort:
                clients[client] = tuple(each for each in clients[client] if each is not offer)
            if offer.reference not in given:
                not_after = lifetime_of(offer.package).not_after
                given[offer.reference] = Given(client, user, not_after, offer.is_last_resort)
        after = self._with_clients(user, clients)
        return attrs.evolve(after, given=MappingProxyType(given))


def _offer(user: bytes, package: KeyPackage, seconds: int, identify: Identify) -> Offer:
    """Return what is stored of a key package: judged as at the time from which it is valid."""
    source = package.leaf_node.leaf_node_source
    start = source.lifetime.not_before if isinstance(source, KeyPackageSource) else 0
    lifetimes = LifetimePolicy(max(seconds, start))
    suite = check_key_package(package, user, lifetimes=lifetimes, identify=identify)
    return Offer(key_package_ref(suite, package), package, is_last_resort(package.extensions))


def _replaces(offer: Offer, earlier: Offer) -> bool:
    both = offer.is_last_resort and earlier.is_last_resort
    return both and offer.package.cipher_suite == earlier.package.cipher_suite


def _refusal(
    keys: UserKeys | None, consent: Consent, discretion: Discretion
) -> KeyMaterialUserCode | None:
    """Return why a user's key packages are not given at all; None where they are."""
    if keys is None or keys.is_deleted:
        if discretion.hides_users:
            return KeyMaterialUserCode.NO_CONSENT
        if keys is None or discretion.hides_deleted:
            return KeyMaterialUserCode.USER_UNKNOWN
        return KeyMaterialUserCode.USER_DELETED
    if consent is Consent.GRANTED:
        return None
    if consent is Consent.NONE_FOR_THIS_ROOM and not discretion.hides_rooms:
        return KeyMaterialUserCode.NO_CONSENT_FOR_THIS_ROOM
    return KeyMaterialUserCode.NO_CONSENT


def _code(given: int, asked: int) -> KeyMaterialUserCode:
    if not given:
        return KeyMaterialUserCode.NO_COMPATIBLE_MATERIAL
    if given < asked:
        return KeyMaterialUserCode.PARTIAL_SUCCESS
    return KeyMaterialUserCode.SUCCESS


def _answer(
    client: bytes,
    offers: tuple[Offer, ...],
    request: KeyMaterialRequest,
    seconds: int,
    discretion: Discretion,
) -> tuple[ClientKeyMaterial, Offer | None]:
    valid = [each for each in offers if each.is_valid_at(seconds)]
    if not valid:
        return ClientKeyMaterial(KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED, client), None
    fit = [each for each in valid if suits(each.package, request)]
    if fit:
        chosen = min(fit, key=preference(ranks_of(request.acceptable_ciphersuites)))
        return ClientKeyMaterial(KeyMaterialClientCode.SUCCESS, client, chosen.package), chosen
    newest = max(valid, key=lambda each: lifetime_of(each.package).not_after)
    told = None if discretion.hides_capabilities else newest.package.leaf_node.capabilities
    return ClientKeyMaterial(KeyMaterialClientCode.NOTHING_COMPATIBLE, client, told), None
