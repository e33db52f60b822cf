"""What machines tell each other: messages of octets, whatever they are.

::

    person --WISH--> device --CALL--> provider --REQUEST--> provider
                            <-ANSWER-          <-RESPONSE--
                            <-DELIVERY-
                            --RECEIPT-->

Between providers goes HTTP, octet for octet. Between a device and its provider goes what the
protocol leaves to the vendor: here a structure of the protocol, and what else is to be said of it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import attrs

from mimi.codec import Opaque, UInt64, struct


class Kind(StrEnum):
    """What a message is."""

    WISH = "wish"
    CALL = "call"
    ANSWER = "answer"
    DELIVERY = "delivery"
    RECEIPT = "receipt"
    REQUEST = "request"
    RESPONSE = "response"


@attrs.frozen
class Message:
    """A message from one machine to another.

    Attributes:
        sender: Which machine sends it; for a wish, which person.
        receiver: Which machine gets it.
        kind: What it is.
        name: What it is about.
        head: What else is said of it: texts, numbers and lists of them.
        body: Its octets.
    """

    sender: str
    receiver: str
    kind: Kind
    name: str
    head: Mapping[str, Any] = attrs.field(factory=dict)
    body: bytes = b""


@attrs.frozen
class Output:
    """What a machine does about a message.

    Attributes:
        messages: What it sends, in order.
        notes: What a person would notice.
    """

    messages: tuple[Message, ...] = ()
    notes: tuple[str, ...] = ()


class Machine(Protocol):
    """Whoever takes part: it has a name, and does something about every message that it gets."""

    name: str

    def take(self, message: Message, now: int) -> Output:
        """Take a message; now in milliseconds since 1970-01-01T00:00Z."""

    def end(self) -> dict[str, Any]:
        """Return in what state it is: texts, numbers and lists of them."""


@struct
class Delivered:
    """What a provider delivers to a device.

    Attributes:
        number: Its number.
        after: The number of what came before it; 0 for nothing.
        event: The encoded `FanoutMessage`.
    """

    number: UInt64
    after: UInt64
    event: Opaque
