"""What is wrong with semi-private messages and external receivers, one class for each rule."""

from mimi.errors import InvalidError, UsageError


class ExternalReceiverKeyError(InvalidError):
    """The key of an external receiver is none: nobody could send semi-private messages."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3"


class SemiPrivateNotAgreedError(InvalidError):
    """A semi-private message in a group that does not require them, or has nobody to read them."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3"


class SemiPrivateApplicationError(InvalidError):
    """Application data in a semi-private message."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3.1"


class ReceiverListError(InvalidError):
    """A semi-private message does not hold its key once for each external receiver of the group."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3"


class PartialContextHashError(InvalidError):
    """A semi-private message names another sender or nonce than it was encrypted with."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3.2"


class ReceiverKeysError(InvalidError):
    """What a semi-private message holds for an external receiver does not decrypt to keys."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3.3"


class ContentDiffersError(InvalidError):
    """A semi-private message has another content here than the one that all agree on."""

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3.1"


class SemiPrivateUnavailableError(UsageError):
    """Semi-private messages cannot be sent: not required in the group, or nobody would read them.

    `Settings.handshake` is for the application to choose group by group.
    """

    rule = "draft-mahy-mls-semiprivatemessage-07 section 3"
