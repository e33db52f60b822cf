"""The message ID where providers can read it (draft-mahy-mimi-msgid-aad-02).

The component ``message_id`` of a group's safe AAD says in the clear which message is encrypted. How
the ID of a MIMI message is computed is for `mimi.content.message_id`; what else has a message ID
uses its own.
"""

from mimi.errors import InvalidError
from mimi.mls.components import ComponentID
from mimi.mls.negotiation import safe_aad, safe_aad_of
from mimi.tree.extension import Extensions


class MessageIdError(InvalidError):
    """The message ID in the authenticated data of a message is not that of its content."""

    rule = "draft-mahy-mimi-msgid-aad-02 section 3"


def message_id_aad(message_id: bytes) -> bytes:
    """Return authenticated data that says the message ID and nothing else."""
    return safe_aad([(ComponentID.MESSAGE_ID, message_id)])


def message_id_of(extensions: Extensions, aad: bytes) -> bytes | None:
    """Return the message ID that authenticated data say, None where they do not.

    For a follower who cannot read the message, it is what the sender says and no more.

    Args:
        extensions: Those of the group context of the message's epoch.
        aad: The authenticated data of the message's event.

    Raises:
        MalformedError: The group has ``safe_aad``, and it is no `SafeAAD`.
    """
    return safe_aad_of(extensions, aad).get(ComponentID.MESSAGE_ID)


def check_message_id(extensions: Extensions, aad: bytes, message_id: bytes) -> None:
    """Check that authenticated data do not say another message ID than the content has.

    Args:
        extensions: Those of the group context of the message's epoch.
        aad: The authenticated data of the message's event.
        message_id: That of the content, computed: `mimi.content.message_id`.

    Raises:
        MessageIdError: They say another.
        MalformedError: The group has ``safe_aad``, and it is no `SafeAAD`.
    """
    said = message_id_of(extensions, aad)
    if said is not None and said != message_id:
        raise MessageIdError(
            "the authenticated data name another message than they belong to",
            said=said,
            computed=message_id,
        )
