"""What can be wrong at a provider whose users take part in rooms: one class for each rule."""

from mimi.protocol.errors import PROTOCOL, BodyError, ConsentError, FanoutError, KeyMaterialError
from mimi.protocol.http_errors import ContentLengthError


class KeyMaterialSourceError(KeyMaterialError):
    """Key material is not asked for by the hub of the room, or the requester's provider."""


class TooManyKeyPackagesError(KeyMaterialError):
    """A client offers more key packages than are stored."""


class ForwardError(BodyError):
    """A client asks its provider for what the provider does not forward."""

    rule = f"{PROTOCOL} sections 4.3 and 5"


class ForeignUserError(ForwardError):
    """The user is of another provider."""


class OtherUserError(ForwardError):
    """A request is made in the name of another user than whose client it comes from."""


class OtherHubError(ForwardError):
    """The room is of another hub."""


class LongNotifyError(ContentLengthError):
    """A notify request has more messages than are taken at once."""

    rule = f"{PROTOCOL} section 5.5"


class DeliveryError(FanoutError):
    """A client acknowledges what was not delivered to it."""


class NoConsentRequestError(ConsentError):
    """Consent that nobody asked for is no longer asked for."""
