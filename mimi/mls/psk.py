"""Pre-shared keys: secrets from elsewhere in the key schedule (RFC 9420 section 8.4).

::

             0                               0    = psk_secret_[0]
             |                               |
    psk --> Extract --> "derived psk" --> Extract = psk_secret_[1] --> ...
"""

from collections.abc import Iterable

from mimi.codec import Choice, Opaque, UInt16, UInt64, encode, struct
from mimi.crypto import Secret, Suite
from mimi.mls.codepoints import PSKType, ResumptionPSKUsage
from mimi.mls.components import APPLICATION_PSK, ComponentID
from mimi.mls.errors import PSKCountError, PSKNonceError


class PSK(Choice, tag=PSKType):
    """Which pre-shared key is meant. Declare further types as cases of this choice."""

    __slots__ = ()


@struct(case=PSKType.EXTERNAL)
class ExternalPSK(PSK):
    """One that the application provides, under the application's name for it."""

    psk_id: Opaque


@struct(case=PSKType.RESUMPTION)
class ResumptionPSK(PSK):
    """The resumption_psk of an epoch of a group."""

    usage: ResumptionPSKUsage
    psk_group_id: Opaque
    psk_epoch: UInt64


@struct(case=APPLICATION_PSK)
class ApplicationPSK(PSK):
    """One that a component provides, under its own name (draft-ietf-mls-extensions-10 section 4.5).

    Whatever other components call theirs, it is another one, as an `ExternalPSK` of the same name
    is. What it stands for need be no key: members who enter the epoch agree on the octets.
    """

    component_id: ComponentID
    psk_id: Opaque


@struct
class PreSharedKeyID:
    """A pre-shared key and the nonce that makes this use of it unlike any other."""

    psk: PSK
    psk_nonce: Opaque


@struct
class PSKLabel:
    """The place of a pre-shared key among those of a commit."""

    id: PreSharedKeyID
    index: UInt16
    count: UInt16


def check_psk_nonce(suite: Suite, psk_id: PreSharedKeyID) -> None:
    """Check the length of a nonce.

    Raises:
        PSKNonceError: It is not Nh octets.
    """
    if len(psk_id.psk_nonce) != suite.nh:
        raise PSKNonceError(f"a psk_nonce of {len(psk_id.psk_nonce)} octets, not {suite.nh}")


def psk_secret(suite: Suite, psks: Iterable[tuple[PreSharedKeyID, Secret]]) -> Secret:
    """Return the psk_secret of a list of pre-shared keys, Nh octets; all zeros for none.

    Args:
        suite: The cipher suite.
        psks: The keys with their names, in the order of the commit.

    Raises:
        PSKCountError: They are more than 65535.
        PSKNonceError: A nonce is not Nh octets.
    """
    listed = tuple(psks)
    if len(listed) > 0xFFFF:
        raise PSKCountError(f"{len(listed)} pre-shared keys are more than 65535")
    zeros = bytes(suite.nh)
    secret = zeros
    for index, (psk_id, psk) in enumerate(listed):
        check_psk_nonce(suite, psk_id)
        extracted = suite.extract(zeros, psk.reveal())
        label = encode(PSKLabel(psk_id, index, len(listed)))
        psk_input = suite.expand_with_label(extracted, b"derived psk", label, suite.nh)
        secret = suite.extract(psk_input, secret)
    return Secret(secret)
