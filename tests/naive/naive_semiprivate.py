"""SemiPrivateMessage (draft-mahy-mls-semiprivatemessage-07), for members and external receivers."""

from naive import naive_crypto as crypto
from naive import naive_extensions as ext
from naive import naive_wire as wire
from naive.naive_crypto import Suite
from naive.naive_extensions import Refused, hold
from naive.naive_schedule import ratchet_key, secret_tree_leaf, sender_data_key
from naive.naive_tree import Tree
from naive.naive_wire import OPAQUE, U32, U64, decode, encode, fixed, struct, vector

RECEIVER_LABEL = "SemiPrivateMessageReceiver"

# Section "Syntax and Usage"

EXTERNAL_RECEIVER = struct(("external_receiver_public_key", OPAQUE), ("credential", ext.CREDENTIAL))
EXTERNAL_RECEIVERS = vector(EXTERNAL_RECEIVER)

PER_MESSAGE_KEY_AND_NONCES = struct(
    ("key", OPAQUE), ("nonce", OPAQUE), ("reuse_guard", fixed(4)), ("sender_leaf_index", U32)
)
SEMI_PRIVATE_MESSAGE_CONTEXT = struct(
    ("group_id", OPAQUE), ("epoch", U64), ("partial_context_hash", OPAQUE)
)


def receivers_in(extensions: list[dict]) -> list[dict]:
    """List the external receivers of a group; without an extension there are none."""
    octets = ext.find(extensions, ext.EXTERNAL_RECEIVERS)
    return [] if octets is None else decode(EXTERNAL_RECEIVERS, octets)


def check_allowed(extensions: list[dict]) -> None:
    """Check that a group may use SemiPrivateMessage: it requires it, and has a receiver."""
    octets = ext.find(extensions, ext.REQUIRED_WIRE_FORMATS)
    required = [] if octets is None else decode(ext.WIRE_FORMATS, octets)
    listed = ext.SEMI_PRIVATE_MESSAGE in required
    hold("semi-private-not-agreed", "the group does not require it", holds=listed)
    hold("semi-private-not-agreed", "there are no receivers", holds=bool(receivers_in(extensions)))


# Section "Encryption of a SemiPrivateMessage"


def external_receiver_ref(suite: Suite, receiver: dict) -> bytes:
    return crypto.hash_of(suite, encode(EXTERNAL_RECEIVER, receiver))


def partial_context_hash(suite: Suite, sender_leaf_index: int, nonce: bytes) -> bytes:
    """Hash the leaf index and the nonce, as it is before the reuse guard."""
    return crypto.hash_of(suite, U32.write(sender_leaf_index) + nonce)


def guarded(nonce: bytes, reuse_guard: bytes) -> bytes:
    guard = reuse_guard + bytes(len(nonce) - len(reuse_guard))
    return bytes(a ^ b for a, b in zip(nonce, guard, strict=True))


def seal_key_and_nonces(suite: Suite, receiver: dict, message: dict, key_and_nonces: dict) -> dict:
    """Seal for a receiver the key of a message of which group, epoch and hash are known."""
    kem_output, ciphertext = crypto.encrypt_with_label(
        suite,
        receiver["external_receiver_public_key"],
        RECEIVER_LABEL,
        encode(SEMI_PRIVATE_MESSAGE_CONTEXT, message),
        encode(PER_MESSAGE_KEY_AND_NONCES, key_and_nonces),
    )
    return {
        "external_receiver_ref": external_receiver_ref(suite, receiver),
        "encrypted_keys_and_nonces": {"kem_output": kem_output, "ciphertext": ciphertext},
    }


def check_receivers(suite: Suite, message: dict, receivers: list[dict]) -> None:
    """Check that the key is sealed "once for each external receiver"."""
    refs = [one["external_receiver_ref"] for one in message["keys_for_external_receivers"]]
    wanted = [external_receiver_ref(suite, one) for one in receivers]
    each_once = sorted(refs) == sorted(wanted)
    hold("receiver-list", "the receivers are not those of the group", holds=each_once)


def open_sealed(
    rule: str, suite: Suite, key: bytes, nonce: bytes, aad: bytes, sealed: bytes
) -> bytes:
    try:
        return crypto.aead_open(suite, key, nonce, aad, sealed)
    except ValueError as error:
        raise Refused(rule, "the AEAD does not open") from error


def open_content(suite: Suite, message: dict, keys: dict) -> dict:
    """Open the ciphertext with PerMessageKeyAndNonces: the framed content and the auth data.

    The nonce is that of the ratchet; the partial context hash is verified with it.
    """
    sender, nonce = keys["sender_leaf_index"], keys["nonce"]
    same = partial_context_hash(suite, sender, nonce) == message["partial_context_hash"]
    hold("partial-context-hash", "it is another one", holds=same)
    aad = encode(ext.SEMI_PRIVATE_CONTENT_AAD, message)
    used = guarded(nonce, keys["reuse_guard"])
    sealed = message["ciphertext"]
    plaintext = open_sealed("content-decryption", suite, keys["key"], used, aad, sealed)
    body, auth = ext.read_private_content(message["content_type"], plaintext)
    content = {
        "group_id": message["group_id"],
        "epoch": message["epoch"],
        "sender": {"sender_type": wire.MEMBER, "leaf_index": sender},
        "authenticated_data": message["authenticated_data"],
        "content_type": message["content_type"],
        "body": body,
    }
    return {"wire_format": ext.SEMI_PRIVATE_MESSAGE, "content": content, "auth": auth}


def check_content(
    suite: Suite, message: dict, opened: dict, group_context: bytes, signature_key: bytes
) -> None:
    """Check the hash of the FramedContentTBS, then the signature."""
    signed = ext.framed_content_tbs(ext.SEMI_PRIVATE_MESSAGE, opened["content"], group_context)
    same = crypto.hash_of(suite, signed) == message["framed_content_tbs_hash"]
    hold("content-differs", "the content is not the same for all", holds=same)
    valid = crypto.verify_with_label(
        suite, signature_key, "FramedContentTBS", signed, opened["auth"]["signature"]
    )
    hold("message-signature", "the signature does not verify", holds=valid)


# Section "Decryption of SemiPrivateMessage as a member"


def sender_data_of(suite: Suite, sender_data_secret: bytes, message: dict) -> dict:
    key, nonce = sender_data_key(suite, sender_data_secret, message["ciphertext"])
    aad = encode(wire.SENDER_DATA_AAD, message)
    sealed = message["encrypted_sender_data"]
    return decode(wire.SENDER_DATA, open_sealed("sender-data", suite, key, nonce, aad, sealed))


def open_as_member(suite: Suite, secrets: dict[str, bytes], nodes: Tree, message: dict) -> dict:
    """Open a message with the sender data secret and the encryption secret of its epoch."""
    sender_data = sender_data_of(suite, secrets["sender_data_secret"], message)
    leaf = sender_data["leaf_index"]
    check_sender(nodes, leaf)
    n_leaves = (len(nodes) + 1) // 2
    leaf_secret = secret_tree_leaf(suite, secrets["encryption_secret"], n_leaves, leaf)
    key, nonce = ratchet_key(suite, leaf_secret, "handshake", sender_data["generation"])
    guard = sender_data["reuse_guard"]
    keys = {"key": key, "nonce": nonce, "reuse_guard": guard, "sender_leaf_index": leaf}
    return open_content(suite, message, keys)


# Section "Decryption of SemiPrivateMessage as an external receiver"


def open_key_and_nonces(suite: Suite, private: bytes, receiver: dict, message: dict) -> dict:
    reference = external_receiver_ref(suite, receiver)
    keys = message["keys_for_external_receivers"]
    sealed = next(
        one["encrypted_keys_and_nonces"]
        for one in keys
        if one["external_receiver_ref"] == reference
    )
    context = encode(SEMI_PRIVATE_MESSAGE_CONTEXT, message)
    pair = (sealed["kem_output"], sealed["ciphertext"])
    try:
        opened = crypto.decrypt_with_label(suite, private, RECEIVER_LABEL, context, pair)
    except ValueError as error:
        raise Refused("receiver-keys", str(error)) from error
    found = decode(PER_MESSAGE_KEY_AND_NONCES, opened)
    sizes = (len(found["key"]), len(found["nonce"]))
    fit = sizes == (crypto.key_size(suite), crypto.AEAD_NONCE_SIZE)
    hold("receiver-keys", "key and nonce are none of the suite", holds=fit)
    return found


def open_as_receiver(
    suite: Suite, private: bytes, receiver: dict, nodes: Tree, message: dict
) -> dict:
    keys = open_key_and_nonces(suite, private, receiver, message)
    check_sender(nodes, keys["sender_leaf_index"])
    return open_content(suite, message, keys)


# Both


def check_sender(nodes: Tree, leaf: int) -> None:
    present = 2 * leaf < len(nodes) and nodes[2 * leaf] is not None
    hold("unknown-sender", f"leaf {leaf} is no member", holds=present)


def check_message(suite: Suite, extensions: list[dict], message: dict) -> None:
    """Check what needs no key."""
    handshake = message["content_type"] in {wire.PROPOSAL, wire.COMMIT}
    hold("semi-private-application", "application messages are not included", holds=handshake)
    check_allowed(extensions)
    check_receivers(suite, message, receivers_in(extensions))


def receiver_of(suite: Suite, extensions: list[dict], private: bytes) -> dict | None:
    """Find the external receiver whose private key it is."""
    public = crypto.hpke_public_of(suite, private)
    for one in receivers_in(extensions):
        if one["external_receiver_public_key"] == public:
            return one
    return None
