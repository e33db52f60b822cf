"""The message ID where providers can read it (draft-mahy-mimi-msgid-aad-02).

The component ``message_id`` of a group's safe AAD says in the clear which message is encrypted. How
the ID of a MIMI message is computed, and compared with what is said here, is for
`mimi.content.message`; what else has a message ID uses its own.
"""

from mimi.mls.components import ComponentID
from mimi.mls.negotiation import safe_aad, safe_aad_of
from mimi.tree.extension import Extensions


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
