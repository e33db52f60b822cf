"""Why a hub takes no update, on its way to the answer (section 5.3); and how long all may be."""

from collections.abc import Iterable

from mimi.codec import encode
from mimi.identity import Domain
from mimi.protocol.audience import provider_of_user
from mimi.protocol.http import MOST_OCTETS
from mimi.protocol.http_errors import ContentLengthError
from mimi.protocol.room import Effect, Notify
from mimi.protocol.update import UpdateRoomResponse, not_allowed

MOST_ADDED = 1 << 13
"""How many octets a hub adds at most to a message that it hands on: its time, and its stamp."""
MOST_MESSAGE = MOST_OCTETS - MOST_ADDED
"""How long a PrivateMessage may be that is handed on."""


class RefusedUpdate(Exception):  # noqa: N818 - it is an answer, and no error of anybody's caller
    """What to answer instead; it never leaves `mimi.protocol.hub_update`."""

    def __init__(self, response: UpdateRoomResponse) -> None:
        super().__init__()
        self.response = response


def forbidden(reason: str) -> RefusedUpdate:
    """Return the refusal of what policy or authorisation forbids."""
    return RefusedUpdate(not_allowed(reason))


def check_source(user: bytes, source: Domain) -> None:
    """Check that an update comes from its user's provider.

    Raises:
        RefusedUpdate: It does not.
    """
    if provider_of_user(user) != source:
        raise forbidden(f"{user.decode()} is of another provider")


def too_long(octets: int) -> ContentLengthError:
    """Return the refusal of what followers would not take: nothing later would reach them else."""
    return ContentLengthError(f"{octets} octets, {MOST_OCTETS} can be handed on", octets=octets)


def check_lengths(effects: Iterable[Effect]) -> None:
    """Check that followers take all that an update has the hub tell them.

    Raises:
        ContentLengthError: They do not.
    """
    told = (effect.message for effect in effects if isinstance(effect, Notify))
    for message in {id(each): each for each in told}.values():
        octets = len(encode(message))
        if octets > MOST_OCTETS:
            raise too_long(octets)
