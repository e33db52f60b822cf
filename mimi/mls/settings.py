"""What an application chooses for its side of a group; nobody else needs to know.

Everything has a default that a messenger can live with.
"""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from mimi.errors import UsageError
from mimi.mls.appdata import Components
from mimi.mls.builtin import BUILT_IN, with_built_in
from mimi.mls.codepoints import WireFormat
from mimi.mls.external_receivers import MLS_SEMIPRIVATE_MESSAGE
from mimi.mls.secrets import Window, at_least
from mimi.tree.leaf import DEFAULT_MAXIMUM_LIFETIME

PaddingPolicy: TypeAlias = Callable[[int], int]
"""From the length of a content to the number of zeros that are added to it (section 15.1)."""


def no_padding(length: int) -> int:  # noqa: ARG001 - a policy takes the length
    """Add nothing: the ciphertext shows the exact length."""
    return 0


@attrs.frozen
class StepPadding:
    """Pad to the next multiple of a step.

    Attributes:
        step: The multiple, in octets.
    """

    step: int = attrs.field(default=256, validator=at_least(1))

    def __call__(self, length: int) -> int:
        """Return the zeros for a content of *length* octets."""
        return -length % self.step


def padme(length: int) -> int:
    """Pad so that a length shows O(log log n) bits, at a cost of at most 12 %.

    This is Padmé (Nikitin and others, "Reducing Metadata Leakage from Encrypted Files", 2019): a
    length keeps about as many significant bits as its exponent has.
    """
    if length < 2:
        return 0
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return -length & mask


HANDSHAKES = (
    WireFormat.MLS_PUBLIC_MESSAGE,
    WireFormat.MLS_PRIVATE_MESSAGE,
    MLS_SEMIPRIVATE_MESSAGE,
)


def _is_handshake_format(_: object, __: object, value: WireFormat) -> None:
    if value not in HANDSHAKES:
        raise UsageError("proposals and commits are sent in public or (semi-)private messages")


_at_least_0 = at_least(0)


@attrs.frozen
class Settings:
    """How a client behaves in its groups.

    Attributes:
        handshake: How proposals and commits are sent; all ways are received. A server that
            follows the group (`mimi.mls.PublicGroup`) needs public messages, or to be one of the
            external receivers of semi-private ones, on which the group must have agreed. A
            SelfRemove is always public.
        padding: How private messages are padded.
        window: How far messages of one sender may be out of order.
        past_epochs: How many epochs are kept for messages that come late.
        resumption_epochs: How many past epochs' resumption PSKs are kept.
        maximum_lifetime: The longest lifetime of a key package that is accepted, in seconds.
        member_lifetimes: Whether a group is joined only if no member's lifetime has ended. Off,
            since RFC 9420 section 7.3 recommends against refusing: nobody could join any more.
        octets_per_epoch: How much is encrypted in one epoch. Every message has a key of its own,
            so that AES-GCM's bound of one key, 2^39.5 blocks at a chance of 2^-50
            (draft-irtf-cfrg-aead-limits section 5.1), is kept by far even if all were one key.
        tree_in_welcome: Whether a Welcome carries the ratchet tree.
        grease: Whether random values are sent where receivers must ignore them (section 13.5).
        components: The logic of the application's components, by their numbers: who follows a group
            that has them must know them all (draft-ietf-mls-extensions-10 section 4.7).
    """

    handshake: WireFormat = attrs.field(
        default=WireFormat.MLS_PRIVATE_MESSAGE, validator=_is_handshake_format
    )
    padding: PaddingPolicy = padme
    window: Window = attrs.field(factory=Window)
    past_epochs: int = attrs.field(default=2, validator=_at_least_0)
    resumption_epochs: int = attrs.field(default=8, validator=_at_least_0)
    maximum_lifetime: int = attrs.field(default=DEFAULT_MAXIMUM_LIFETIME, validator=_at_least_0)
    member_lifetimes: bool = False
    octets_per_epoch: int = attrs.field(default=1 << 43, validator=_at_least_0)
    tree_in_welcome: bool = True
    grease: bool = True
    components: Components = attrs.field(default=BUILT_IN, converter=with_built_in, eq=False)
