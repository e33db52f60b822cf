"""What stands between a requester and a target of consent (sections 5.7 and 8)."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

import attrs

from mimi.mls.keypackage import KeyPackage


class Consent(Enum):
    """Whether a requester may fetch the key packages of a target."""

    GRANTED = 1
    NONE = 2
    NONE_FOR_THIS_ROOM = 3
    """There is consent for something else."""


@attrs.frozen
class Standing:
    """What is asked and decided in a scope.

    Attributes:
        is_granted: What was decided; None where nothing was.
        requested: When consent was asked for that is not decided, in milliseconds since
            1970-01-01T00:00Z; None where it was not.
    """

    is_granted: bool | None = None
    requested: int | None = None


@attrs.frozen
class GrantedPackage:
    """A key package that came with a grant.

    Attributes:
        room: For which room it may be used; None for any.
        not_after: When it expires, in seconds since 1970-01-01T00:00Z.
        package: The key package; None once it is taken: it is remembered, in case that the grant
            comes again.
    """

    room: bytes | None
    not_after: int
    package: KeyPackage | None


@attrs.frozen
class Pair:
    """A requester and a target.

    Attributes:
        scopes: From rooms, None for any, to what stands there.
        packages: From references to key packages of the target that the requester may use.
    """

    scopes: Mapping[bytes | None, Standing] = MappingProxyType({})
    packages: Mapping[bytes, GrantedPackage] = MappingProxyType({})

    def standing(self, room: bytes | None) -> Standing:
        """Return what stands in a scope."""
        return self.scopes.get(room, _NOTHING)

    def decided(self, room: bytes | None) -> bool | None:
        """Return what is decided about a room, or about any; None where nothing is."""
        own = self.standing(room).is_granted
        return self.standing(None).is_granted if own is None else own

    def with_standing(self, room: bytes | None, standing: Standing) -> "Pair":
        """Return a pair for which something else stands in a scope."""
        scopes = {**self.scopes, room: standing}
        if standing == _NOTHING:
            del scopes[room]
        return attrs.evolve(self, scopes=MappingProxyType(scopes))

    def with_decision(self, room: bytes | None, *, is_granted: bool) -> "Pair":
        """Return a pair after a grant or a revocation: that answers all requests that it covers."""
        if room is not None:
            after = self.with_standing(room, Standing(is_granted))
        else:
            kept: dict[bytes | None, Standing] = {
                each: Standing(is_granted=False)
                for each, standing in self.scopes.items()
                if is_granted and each is not None and standing.is_granted is False
            }
            scopes: dict[bytes | None, Standing] = {**kept, None: Standing(is_granted)}
            after = attrs.evolve(self, scopes=MappingProxyType(scopes))
        if is_granted:
            return after
        packages = {
            at: attrs.evolve(each, package=None) if room in (None, each.room) else each
            for at, each in after.packages.items()
        }
        return attrs.evolve(after, packages=MappingProxyType(packages))


_NOTHING = Standing()
STRANGERS = Pair()
