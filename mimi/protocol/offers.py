"""Key packages that wait to be claimed, and those that were given (section 5.2)."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import attrs

from mimi.crypto import CipherSuite
from mimi.mls.keypackage import KeyPackage
from mimi.tree.leaf import KeyPackageSource, Lifetime


def lifetime_of(package: KeyPackage) -> Lifetime:
    """Return the lifetime of a valid key package."""
    source = package.leaf_node.leaf_node_source
    assert isinstance(source, KeyPackageSource)  # noqa: S101 - that of a valid key package is
    return source.lifetime


@attrs.frozen
class Offer:
    """A key package that can be claimed.

    Attributes:
        reference: Its KeyPackageRef.
        package: The key package.
        is_last_resort: Whether it is given again and again, where nothing else suits.
    """

    reference: bytes
    package: KeyPackage
    is_last_resort: bool

    def is_valid_at(self, seconds: int) -> bool:
        """Return whether it can be used at a time, in seconds since 1970-01-01T00:00Z."""
        lifetime = lifetime_of(self.package)
        return lifetime.not_before <= seconds <= lifetime.not_after


@attrs.frozen
class Given:
    """A key package that was given to somebody.

    Attributes:
        client: Whose it is.
        user: Whose client that is.
        not_after: When it expires, in seconds since 1970-01-01T00:00Z.
        is_last_resort: Whether several Welcomes may be for it.
        is_used: Whether no Welcome is expected for it any more.
    """

    client: bytes
    user: bytes
    not_after: int
    is_last_resort: bool
    is_used: bool = False


@attrs.frozen
class UserKeys:
    """What the store knows of a user.

    Attributes:
        clients: From clients to what they offer.
        is_deleted: Whether there was such a user once.
    """

    clients: Mapping[bytes, tuple[Offer, ...]] = MappingProxyType({})
    is_deleted: bool = False


def ranks_of(suites: Iterable[CipherSuite]) -> Mapping[int, int]:
    """Return the places of cipher suites in order of preference; the first of several counts."""
    return {suite: rank for rank, suite in reversed(list(enumerate(suites)))}


def preference(ranks: Mapping[int, int]) -> Callable[[Offer], tuple[bool, int, int, bytes]]:
    """Return by what offers are ordered, the one that is given first."""

    def order(offer: Offer) -> tuple[bool, int, int, bytes]:
        not_after = lifetime_of(offer.package).not_after
        rank = ranks[offer.package.cipher_suite]
        return offer.is_last_resort, rank, not_after, offer.reference

    return order
