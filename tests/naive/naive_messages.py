"""The checks of vectors about messages: their syntax, their protection, and Welcome."""

from naive import naive_crypto as crypto
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, check_round_trip, checking, group_context_of, must, unhex
from naive.naive_crypto import Suite
from naive.naive_schedule import key_schedule, ratchet_key, secret_tree_leaf, sender_data_key

# Message protection


def unprotect_private(
    suite: Suite, secrets: dict[str, bytes], n_leaves: int, message: dict
) -> tuple[dict, dict]:
    """Open a private message of a group of some size: the framed content and the auth data."""
    key, nonce = sender_data_key(suite, secrets["sender_data_secret"], message["ciphertext"])
    aad = wire.encode(wire.SENDER_DATA_AAD, message)
    opened = crypto.aead_open(suite, key, nonce, aad, message["encrypted_sender_data"])
    sender_data = wire.decode(wire.SENDER_DATA, opened)
    leaf = sender_data["leaf_index"]
    leaf_secret = secret_tree_leaf(suite, secrets["encryption_secret"], n_leaves, leaf)
    kind = message["content_type"]
    ratchet = "application" if kind == wire.APPLICATION else "handshake"
    key, nonce = ratchet_key(suite, leaf_secret, ratchet, sender_data["generation"])
    guard = sender_data["reuse_guard"] + bytes(len(nonce) - 4)
    nonce = bytes(a ^ b for a, b in zip(nonce, guard, strict=True))
    aad = wire.encode(wire.PRIVATE_CONTENT_AAD, message)
    plaintext = crypto.aead_open(suite, key, nonce, aad, message["ciphertext"])
    body, auth = wire.read_private_content(kind, plaintext)
    content = {
        "group_id": message["group_id"],
        "epoch": message["epoch"],
        "sender": {"sender_type": wire.MEMBER, "leaf_index": leaf},
        "authenticated_data": message["authenticated_data"],
        "content_type": kind,
        "body": body,
    }
    return content, auth


def check_protected(suite: Suite, case: dict, name: str, kind: int) -> None:
    """Check one protected message against the raw body it is to carry."""
    octets = unhex(case[name])
    message = wire.decode(wire.MLS_MESSAGE, octets)
    agree(f"{name}, written again", wire.encode(wire.MLS_MESSAGE, message), octets)
    wanted = wire.PUBLIC_MESSAGE if name.endswith("_pub") else wire.PRIVATE_MESSAGE
    agree(f"the wire format of {name}", message["wire_format"], wanted)
    tree_hash, confirmed = unhex(case["tree_hash"]), unhex(case["confirmed_transcript_hash"])
    context = group_context_of(case, case["epoch"], tree_hash, confirmed)
    if wanted == wire.PUBLIC_MESSAGE:
        content, auth = message["body"]["content"], message["body"]["auth"]
    else:
        names = "sender_data_secret", "encryption_secret"
        secrets = {name: unhex(case[name]) for name in names}
        content, auth = unprotect_private(suite, secrets, 2, message["body"])
    agree(f"the group of {name}", content["group_id"], unhex(case["group_id"]))
    agree(f"the epoch of {name}", content["epoch"], case["epoch"])
    sender = {"sender_type": wire.MEMBER, "leaf_index": 1}
    agree(f"the sender of {name}", content["sender"], sender)
    agree(f"the content type of {name}", content["content_type"], kind)
    signed = wire.framed_content_tbs(wanted, content, context)
    public = unhex(case["signature_pub"])
    valid = crypto.verify_with_label(suite, public, "FramedContentTBS", signed, auth["signature"])
    must(f"the signature of {name} verifies", holds=valid)
    if wanted == wire.PUBLIC_MESSAGE:
        maced = signed + wire.encode(wire.auth_data(kind), auth)
        tag = crypto.mac(suite, unhex(case["membership_key"]), maced)
        agree(f"the membership tag of {name}", tag, message["body"]["membership_tag"])
    body = content["body"]
    raw = body if kind == wire.APPLICATION else wire.encode(wire.CONTENTS[kind], body)
    agree(f"the content of {name}", raw, unhex(case[name.rsplit("_", 1)[0]]))


@checking
def check_message_protection(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    public = crypto.signature_public_of(suite, unhex(case["signature_priv"]))
    agree("signature_pub", public, unhex(case["signature_pub"]))
    check_protected(suite, case, "proposal_pub", wire.PROPOSAL)
    check_protected(suite, case, "proposal_priv", wire.PROPOSAL)
    check_protected(suite, case, "commit_pub", wire.COMMIT)
    check_protected(suite, case, "commit_priv", wire.COMMIT)
    check_protected(suite, case, "application_priv", wire.APPLICATION)


# Messages


@checking
def check_messages(case: dict) -> None:
    messages = {
        "mls_welcome": (wire.WELCOME, None),
        "mls_group_info": (wire.GROUP_INFO, None),
        "mls_key_package": (wire.KEY_PACKAGE, None),
        "public_message_application": (wire.PUBLIC_MESSAGE, wire.APPLICATION),
        "public_message_proposal": (wire.PUBLIC_MESSAGE, wire.PROPOSAL),
        "public_message_commit": (wire.PUBLIC_MESSAGE, wire.COMMIT),
        "private_message": (wire.PRIVATE_MESSAGE, None),
    }
    for name, (wire_format, kind) in messages.items():
        message = check_round_trip(name, wire.MLS_MESSAGE, unhex(case[name]))
        agree(f"the wire format of {name}", message["wire_format"], wire_format)
        if kind is not None:
            content = message["body"]["content"]
            agree(f"the content type of {name}", content["content_type"], kind)
    structures = {
        "ratchet_tree": wire.RATCHET_TREE,
        "group_secrets": wire.GROUP_SECRETS,
        "add_proposal": wire.ADD_STRUCT,
        "update_proposal": wire.UPDATE_STRUCT,
        "remove_proposal": wire.REMOVE_STRUCT,
        "pre_shared_key_proposal": wire.PRE_SHARED_KEY_STRUCT,
        "re_init_proposal": wire.REINIT_STRUCT,
        "external_init_proposal": wire.EXTERNAL_INIT_STRUCT,
        "group_context_extensions_proposal": wire.GROUP_CONTEXT_EXTENSIONS_STRUCT,
        "commit": wire.COMMIT_STRUCT,
    }
    for name, codec in structures.items():
        check_round_trip(name, codec, unhex(case[name]))
    nodes = tree.read_tree(unhex(case["ratchet_tree"]))
    agree("ratchet_tree, as a tree", tree.write_tree(nodes), unhex(case["ratchet_tree"]))


# Welcome


def check_key_package(suite: Suite, package: dict) -> None:
    """Check the two signatures of a key package."""
    leaf = package["leaf_node"]
    agree("the source of the new leaf", leaf["leaf_node_source"], wire.SOURCE_KEY_PACKAGE)
    tree.check_leaf_signature(suite, leaf, b"", 0)  # group and index are not signed here
    signed = wire.encode(wire.KEY_PACKAGE_TBS, package)
    valid = crypto.verify_with_label(
        suite, leaf["signature_key"], "KeyPackageTBS", signed, package["signature"]
    )
    must("the signature of the key package verifies", holds=valid)


def open_group_secrets(suite: Suite, welcome: dict, package: dict, init_priv: bytes) -> dict:
    """Open what a Welcome holds for a key package."""
    reference = crypto.key_package_ref(suite, wire.encode(wire.KEY_PACKAGE_STRUCT, package))
    entries = [entry for entry in welcome["secrets"] if entry["new_member"] == reference]
    must("the welcome has one entry for the key package", holds=len(entries) == 1)
    sealed = entries[0]["encrypted_group_secrets"]
    pair = (sealed["kem_output"], sealed["ciphertext"])
    context = welcome["encrypted_group_info"]
    opened = crypto.decrypt_with_label(suite, init_priv, "Welcome", context, pair)
    return check_round_trip("group_secrets", wire.GROUP_SECRETS, opened)


def open_group_info(suite: Suite, welcome: dict, joiner_secret: bytes, psk_secret: bytes) -> dict:
    member_secret = crypto.extract(suite, joiner_secret, psk_secret)
    welcome_secret = crypto.derive_secret(suite, member_secret, "welcome")
    size = crypto.key_size(suite)
    key = crypto.expand_with_label(suite, welcome_secret, "key", b"", size)
    nonce = crypto.expand_with_label(suite, welcome_secret, "nonce", b"", crypto.AEAD_NONCE_SIZE)
    opened = crypto.aead_open(suite, key, nonce, b"", welcome["encrypted_group_info"])
    return check_round_trip("group_info", wire.GROUP_INFO_STRUCT, opened)


def check_group_info(suite: Suite, info: dict, public: bytes) -> None:
    """Check the signature of a group info."""
    signed = wire.encode(wire.GROUP_INFO_TBS, info)
    valid = crypto.verify_with_label(suite, public, "GroupInfoTBS", signed, info["signature"])
    must("the signature of the group info verifies", holds=valid)


@checking
def check_welcome(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    package_message = check_round_trip("key_package", wire.MLS_MESSAGE, unhex(case["key_package"]))
    welcome_message = check_round_trip("welcome", wire.MLS_MESSAGE, unhex(case["welcome"]))
    agree("the wire format of key_package", package_message["wire_format"], wire.KEY_PACKAGE)
    agree("the wire format of welcome", welcome_message["wire_format"], wire.WELCOME)
    package, welcome = package_message["body"], welcome_message["body"]
    agree("the suite of key_package", package["cipher_suite"], case["cipher_suite"])
    agree("the suite of welcome", welcome["cipher_suite"], case["cipher_suite"])
    init_priv = unhex(case["init_priv"])
    agree("init_key", crypto.hpke_public_of(suite, init_priv), package["init_key"])
    check_key_package(suite, package)

    group_secrets = open_group_secrets(suite, welcome, package, init_priv)
    agree("the pre-shared keys", group_secrets["psks"], [])
    joiner_secret, no_psk = group_secrets["joiner_secret"], bytes(crypto.hash_size(suite))
    info = open_group_info(suite, welcome, joiner_secret, no_psk)
    context = info["group_context"]
    agree("the suite of the group", context["cipher_suite"], case["cipher_suite"])
    check_group_info(suite, info, unhex(case["signer_pub"]))
    encoded = wire.encode(wire.GROUP_CONTEXT, context)
    confirmation_key = key_schedule(suite, joiner_secret, no_psk, encoded)["confirmation_key"]
    tag = crypto.mac(suite, confirmation_key, context["confirmed_transcript_hash"])
    agree("the confirmation tag", tag, info["confirmation_tag"])
