"""Those outside a group who read its handshakes (draft-mahy-mls-semiprivatemessage-07 section 3).

The extension ``external_receivers`` of the group context names them, as ``external_senders`` names
those who may propose. The draft leaves its code points open, and the one that it suggests for the
extension belongs to ``required_wire_formats``: those here are for private use.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from mimi.codec import decode, encode, struct
from mimi.crypto import InvalidPublicKeyError, Suite
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import REQUIRED_WIRE_FORMATS
from mimi.mls.negotiation import WireFormats, wire_formats
from mimi.mls.semiprivate_errors import ExternalReceiverKeyError
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import Credential
from mimi.tree.extension import Extension, Extensions, HPKEPublicKey, extension, find

MLS_SEMIPRIVATE_MESSAGE = WireFormat.declare("MLS_SEMIPRIVATE_MESSAGE", 0xF501)
EXTERNAL_RECEIVERS = ExtensionType.declare("EXTERNAL_RECEIVERS", 0xF501)


@struct
class ExternalReceiver:
    """Someone outside the group who reads its semi-private messages."""

    external_receiver_public_key: HPKEPublicKey
    credential: Credential


ExternalReceivers: TypeAlias = tuple[ExternalReceiver, ...]
"""The contents of the extension: ``ExternalReceiver external_receivers<V>``."""


def external_receivers(extensions: Extensions) -> tuple[ExternalReceiver, ...]:
    """Return the external receivers that *extensions* name, in their order.

    Raises:
        MalformedError: The extension does not parse.
    """
    data = find(extensions, EXTERNAL_RECEIVERS)
    return () if data is None else _receivers(data)


@lru_cache(maxsize=256)
def _receivers(data: bytes) -> tuple[ExternalReceiver, ...]:
    listed: tuple[ExternalReceiver, ...] = decode(ExternalReceivers, data)
    return listed


def check_external_receivers(suite: Suite, extensions: Extensions) -> None:
    """Check the external receivers of a group context.

    Raises:
        ExternalReceiverKeyError: The key of one is none; names its place.
        MalformedError: The extension does not parse.
    """
    for place, receiver in enumerate(external_receivers(extensions)):
        try:
            suite.check_hpke_public_key(receiver.external_receiver_public_key)
        except InvalidPublicKeyError as error:
            raise ExternalReceiverKeyError(
                f"external receiver {place}: {error.reason}", receiver=place
            ) from error


def agreed_receivers(extensions: Extensions) -> tuple[ExternalReceiver, ...]:
    """Return who reads semi-private messages of a group; nobody where it has not agreed on them.

    Raises:
        MalformedError: An extension does not parse.
    """
    required = MLS_SEMIPRIVATE_MESSAGE in wire_formats(extensions, required=True)
    return external_receivers(extensions) if required else ()


def receiver_ref(suite: Suite, receiver: ExternalReceiver) -> bytes:
    """Return the ExternalReceiverRef by which a message names a receiver, Nh octets.

    It is the plain hash, without the label that the references of RFC 9420 section 5.2 have.
    """
    return suite.hash(encode(receiver))


def receivers_extension(receivers: Iterable[ExternalReceiver]) -> Extension:
    """Return the extension of a group context that names *receivers*."""
    return extension(EXTERNAL_RECEIVERS, tuple(receivers), ExternalReceivers)


def with_receivers(extensions: Extensions, receivers: Iterable[ExternalReceiver]) -> Extensions:
    """Return the extensions of a group context in which *receivers* read semi-private messages.

    Args:
        extensions: What the group context has otherwise.
        receivers: All of them; those of *extensions* are replaced.

    Raises:
        MalformedError: The extension required_wire_formats does not parse.
    """
    replaced = (EXTERNAL_RECEIVERS, REQUIRED_WIRE_FORMATS)
    others = tuple(each for each in extensions if each.extension_type not in replaced)
    formats = sorted({*wire_formats(extensions, required=True), MLS_SEMIPRIVATE_MESSAGE})
    required = WireFormats(tuple(map(WireFormat, formats)))
    return (
        *others,
        extension(REQUIRED_WIRE_FORMATS, required),
        receivers_extension(receivers),
    )
