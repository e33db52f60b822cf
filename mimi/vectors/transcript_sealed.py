"""Group infos on their way to a joiner: what is in them, for those who have the joiner's key."""

from collections.abc import Sequence

from mimi.codec import encode
from mimi.crypto import HPKEPrivateKey, Suite
from mimi.crypto.errors import DecryptionError
from mimi.errors import MimiError
from mimi.protocol.groupinfo import (
    ENCRYPTION_LABEL,
    RESPONSE_LABEL,
    GroupInfoResponse,
    GroupInfoResponseTBS,
    SealedGroupInfo,
)


def unsealed(suite: Suite, response: GroupInfoResponse, private: Sequence[HPKEPrivateKey]) -> bytes:
    """Return what is in an answer that the hub has signed: an encoded `GroupInfoRatchetTreeTBE`.

    Args:
        suite: The cipher suite of the request.
        response: The answer.
        private: The private keys of those who have asked, the latest last.

    Raises:
        MimiError: Nothing is in it, the signature is not the hub's, or nobody can open it.
    """
    status, room_id = response.status, response.room_id
    if not isinstance(status, SealedGroupInfo):
        raise DecryptionError("nothing is encrypted")
    sealed, hub = status.encrypted_groupinfo_and_tree, status.hub_sender
    tbs = encode(GroupInfoResponseTBS(room_id, status.cipher_suite, hub, sealed))
    suite.verify_with_label(hub.signature_key, RESPONSE_LABEL, tbs, status.signature)
    for key in reversed(private):
        try:
            return suite.decrypt_with_label(
                key, ENCRYPTION_LABEL, room_id, sealed.kem_output, sealed.ciphertext
            )
        except MimiError:
            continue
    raise DecryptionError("nobody can open it")
