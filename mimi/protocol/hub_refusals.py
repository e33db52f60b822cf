"""Why a hub takes no update, on its way to the answer (section 5.3)."""

from mimi.identity import Domain
from mimi.protocol.audience import provider_of_user
from mimi.protocol.update import UpdateRoomResponse, not_allowed


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
