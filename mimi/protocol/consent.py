"""Consent: who may fetch the key packages of whom (sections 5.7 and 8).

::

    at requestConsent   request, cancel    by the requester's provider, to the target's
    at updateConsent    grant, revoke      by the target's provider, to the requester's
"""

from collections.abc import Collection
from typing import Annotated

from mimi.codec import ClosedEnum8, Given, struct
from mimi.identity import Domain, MimiUri
from mimi.mls.components import AppDataDictionary
from mimi.mls.keypackage import KeyPackage
from mimi.policy.identities import Identify, user_of_basic
from mimi.protocol.errors import ConsentDomainError, ConsentOperationError, PathMismatchError
from mimi.protocol.keys import check_key_package
from mimi.protocol.protocol import ROOMS, USERS, IdentifierUri, identified
from mimi.tree.leaf import LifetimePolicy

NO_EXTENSIONS = AppDataDictionary(())
"""The extensions of a body that has none."""


class ConsentOperation(ClosedEnum8):
    """What becomes of consent."""

    CANCEL = 0
    REQUEST = 1
    GRANT = 2
    REVOKE = 3


REQUESTING = frozenset({ConsentOperation.REQUEST, ConsentOperation.CANCEL})
"""The operations of the endpoint requestConsent."""
UPDATING = frozenset({ConsentOperation.GRANT, ConsentOperation.REVOKE})
"""Those of updateConsent."""


@struct
class ConsentScope:
    """Who consents to what: by it a cancel finds its request.

    Attributes:
        requester_uri: Who would fetch key packages.
        target_uri: Whose.
        room_id: For which room; None for any.
    """

    requester_uri: IdentifierUri
    target_uri: IdentifierUri
    room_id: IdentifierUri | None = None


@struct
class ConsentEntry:
    """An operation on consent; the first fields but one are those of its `ConsentScope`.

    Attributes:
        client_key_packages: In a grant: key packages of the target's clients, perhaps none.
        consent_extensions: What components add.
    """

    consent_operation: ConsentOperation
    requester_uri: IdentifierUri
    target_uri: IdentifierUri
    room_id: IdentifierUri | None = None
    client_key_packages: Annotated[
        tuple[KeyPackage, ...] | None,
        Given("consent_operation", {ConsentOperation.GRANT: tuple[KeyPackage, ...]}),
    ] = None
    consent_extensions: AppDataDictionary = NO_EXTENSIONS

    @property
    def scope(self) -> ConsentScope:
        """Who consents to what."""
        return ConsentScope(self.requester_uri, self.target_uri, self.room_id)


def check_consent(
    entry: ConsentEntry,
    operations: Collection[ConsentOperation],
    *,
    sender: Collection[Domain],
    receiver: Collection[Domain],
    path: MimiUri | Domain | None = None,
) -> None:
    """Check a received entry.

    Args:
        entry: What was received.
        operations: Those of the endpoint: `REQUESTING` or `UPDATING`.
        sender: The domains of the provider that it comes from.
        receiver: One's own.
        path: Whom the path names; None where it is not known.

    Raises:
        ConsentOperationError: The operation is one of the other endpoint.
        IdentifierUriError: A URI is not that of a user, or of a room.
        ConsentDomainError: A user is not of the provider whose user it must be.
        PathMismatchError: The path names somebody else.
    """
    operation = entry.consent_operation
    if operation not in operations:
        raise ConsentOperationError(f"{operation} at the other endpoint", operation=operation)
    requester = identified("requester_uri", entry.requester_uri, USERS)
    target = identified("target_uri", entry.target_uri, USERS)
    if entry.room_id is not None:
        identified("room_id", entry.room_id, ROOMS)
    ours, theirs = (target, requester) if operation in REQUESTING else (requester, target)
    for user, domains in ((ours, receiver), (theirs, sender)):
        if user.provider not in domains:
            raise ConsentDomainError(f"{user} is of another provider", user=str(user).encode())
    if path not in (None, ours, ours.provider):
        raise PathMismatchError("the path names somebody else", path=str(path))


def check_granted(
    entry: ConsentEntry,
    *,
    lifetimes: LifetimePolicy | None,
    identify: Identify = user_of_basic,
) -> tuple[KeyPackage, ...]:
    """Check the key packages of a grant, and return them; none where it has none.

    Args:
        entry: What was received.
        lifetimes: The present, and how long key packages may be valid.
        identify: Whose a credential is.

    Raises:
        UnsuitableKeyPackageError: A key package is not valid.
        KeyPackageUserError: A key package is of another user than the target.
    """
    packages = entry.client_key_packages or ()
    for package in packages:
        check_key_package(package, entry.target_uri, lifetimes=lifetimes, identify=identify)
    return packages
