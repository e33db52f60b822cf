"""The checks of vectors about secrets: crypto basics, key schedule, pre-shared keys, transcripts.

The secret tree is here as well.
"""

import itertools

from naive import naive_crypto as crypto
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree, checking, group_context_of, must, unhex
from naive.naive_crypto import Suite

# Crypto basics


def check_derivations(suite: Suite, case: dict) -> None:
    one = case["ref_hash"]
    computed = crypto.ref_hash(suite, one["label"], unhex(one["value"]))
    agree("ref_hash", computed, unhex(one["out"]))

    one = case["expand_with_label"]
    computed = crypto.expand_with_label(
        suite, unhex(one["secret"]), one["label"], unhex(one["context"]), one["length"]
    )
    agree("expand_with_label", computed, unhex(one["out"]))

    one = case["derive_secret"]
    computed = crypto.derive_secret(suite, unhex(one["secret"]), one["label"])
    agree("derive_secret", computed, unhex(one["out"]))

    one = case["derive_tree_secret"]
    computed = crypto.derive_tree_secret(
        suite, unhex(one["secret"]), one["label"], one["generation"], one["length"]
    )
    agree("derive_tree_secret", computed, unhex(one["out"]))


@checking
def check_crypto_basics(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    check_derivations(suite, case)

    one = case["sign_with_label"]
    private, public, content = unhex(one["priv"]), unhex(one["pub"]), unhex(one["content"])
    agree("sign_with_label.pub", crypto.signature_public_of(suite, private), public)
    for signature in (
        unhex(one["signature"]),
        crypto.sign_with_label(suite, private, one["label"], content),
    ):
        valid = crypto.verify_with_label(suite, public, one["label"], content, signature)
        must("the signature of sign_with_label verifies", holds=valid)

    one = case["encrypt_with_label"]
    private, public, context = unhex(one["priv"]), unhex(one["pub"]), unhex(one["context"])
    plaintext = unhex(one["plaintext"])
    agree("encrypt_with_label.pub", crypto.hpke_public_of(suite, private), public)
    for sealed in (
        (unhex(one["kem_output"]), unhex(one["ciphertext"])),
        crypto.encrypt_with_label(suite, public, one["label"], context, plaintext),
    ):
        opened = crypto.decrypt_with_label(suite, private, one["label"], context, sealed)
        agree("encrypt_with_label.plaintext", opened, plaintext)


# Key schedule, pre-shared keys, transcript hashes


def key_schedule(
    suite: Suite, joiner_secret: bytes, psk_secret: bytes, group_context: bytes
) -> dict[str, bytes]:
    """Derive the secrets of an epoch from the joiner secret on."""
    member_secret = crypto.extract(suite, joiner_secret, psk_secret)
    epoch_secret = crypto.expand_with_label(
        suite, member_secret, "epoch", group_context, crypto.hash_size(suite)
    )
    labels = {
        "init_secret": "init",
        "sender_data_secret": "sender data",
        "encryption_secret": "encryption",
        "exporter_secret": "exporter",
        "epoch_authenticator": "authentication",
        "external_secret": "external",
        "confirmation_key": "confirm",
        "membership_key": "membership",
        "resumption_psk": "resumption",
    }
    secrets = {name: crypto.derive_secret(suite, epoch_secret, labels[name]) for name in labels}
    secrets["welcome_secret"] = crypto.derive_secret(suite, member_secret, "welcome")
    return secrets


@checking
def check_key_schedule(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    size = crypto.hash_size(suite)
    init_secret = unhex(case["initial_init_secret"])
    for number, epoch in enumerate(case["epochs"]):
        tree_hash = unhex(epoch["tree_hash"])
        confirmed = unhex(epoch["confirmed_transcript_hash"])
        context = group_context_of(case, number, tree_hash, confirmed)
        agree(f"group_context of epoch {number}", context, unhex(epoch["group_context"]))
        mixed = crypto.extract(suite, init_secret, unhex(epoch["commit_secret"]))
        joiner_secret = crypto.expand_with_label(suite, mixed, "joiner", context, size)
        agree(f"joiner_secret of epoch {number}", joiner_secret, unhex(epoch["joiner_secret"]))
        psk = epoch.get("psk_secret")
        psk_secret = bytes(size) if psk is None else unhex(psk)
        secrets = key_schedule(suite, joiner_secret, psk_secret, context)
        for name, secret in secrets.items():
            if name == "external_secret" and name not in epoch:
                continue  # the text lists only external_pub
            agree(f"{name} of epoch {number}", secret, unhex(epoch[name]))
        _, external_pub = crypto.derive_key_pair(suite, secrets["external_secret"])
        agree(f"external_pub of epoch {number}", external_pub, unhex(epoch["external_pub"]))

        one = epoch["exporter"]
        exported = crypto.expand_with_label(
            suite,
            crypto.derive_secret(suite, secrets["exporter_secret"], one["label"]),
            "exported",
            crypto.hash_of(suite, unhex(one["context"])),
            one["length"],
        )
        agree(f"exporter.secret of epoch {number}", exported, unhex(one["secret"]))
        init_secret = secrets["init_secret"]


def psk_secret_of(suite: Suite, psks: list[tuple[dict, bytes]]) -> bytes:
    """Mix pre-shared keys, each with its PreSharedKeyID (RFC 9420, section 8.4)."""
    size = crypto.hash_size(suite)
    secret = bytes(size)
    for index, (psk_id, psk) in enumerate(psks):
        label = wire.encode(wire.PRE_SHARED_KEY_ID, psk_id)
        label += wire.U16.write(index) + wire.U16.write(len(psks))
        extracted = crypto.extract(suite, bytes(size), psk)
        mixed = crypto.expand_with_label(suite, extracted, "derived psk", label, size)
        secret = crypto.extract(suite, mixed, secret)
    return secret


@checking
def check_psk_secret(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    psks = []
    for psk in case["psks"]:
        psk_id = {
            "psktype": 1,
            "psk_id": unhex(psk["psk_id"]),
            "psk_nonce": unhex(psk["psk_nonce"]),
        }
        psks.append((psk_id, unhex(psk["psk"])))
    agree("psk_secret", psk_secret_of(suite, psks), unhex(case["psk_secret"]))


def transcript_hash(suite: Suite, interim: bytes, authenticated: dict) -> bytes:
    """Give the confirmed transcript hash after a commit."""
    return crypto.hash_of(
        suite,
        interim
        + wire.U16.write(authenticated["wire_format"])
        + wire.encode(wire.FRAMED_CONTENT, authenticated["content"])
        + wire.write_opaque(authenticated["auth"]["signature"]),
    )


@checking
def check_transcript_hashes(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    octets = unhex(case["authenticated_content"])
    authenticated = wire.decode(wire.AUTHENTICATED_CONTENT, octets)
    agree("authenticated_content", wire.encode(wire.AUTHENTICATED_CONTENT, authenticated), octets)
    content, auth = authenticated["content"], authenticated["auth"]
    must("the content is a commit", holds=content["content_type"] == wire.COMMIT)
    before = unhex(case["interim_transcript_hash_before"])
    confirmed = transcript_hash(suite, before, authenticated)
    agree("confirmed_transcript_hash", confirmed, unhex(case["confirmed_transcript_hash_after"]))
    tag = crypto.mac(suite, unhex(case["confirmation_key"]), confirmed)
    agree("confirmation_tag", tag, auth["confirmation_tag"])
    interim = crypto.hash_of(suite, confirmed + wire.write_opaque(tag))
    agree("interim_transcript_hash", interim, unhex(case["interim_transcript_hash_after"]))


# Secret tree


def secret_tree_leaf(suite: Suite, encryption_secret: bytes, n_leaves: int, leaf: int) -> bytes:
    """Derive the secret of a leaf in a secret tree of at least ``n_leaves`` leaves."""
    capacity = 1
    while capacity < n_leaves:
        capacity *= 2
    secret = encryption_secret
    way = tree.search(2 * leaf, tree.node_width(capacity))
    for above, below in itertools.pairwise(way):
        side = b"left" if below < above else b"right"
        size = crypto.hash_size(suite)
        secret = crypto.expand_with_label(suite, secret, "tree", side, size)
    return secret


def ratchet_key(
    suite: Suite, leaf_secret: bytes, ratchet: str, generation: int
) -> tuple[bytes, bytes]:
    """Give key and nonce of a generation of the handshake or the application ratchet."""
    size = crypto.hash_size(suite)
    secret = crypto.expand_with_label(suite, leaf_secret, ratchet, b"", size)
    for before in range(generation):
        secret = crypto.derive_tree_secret(suite, secret, "secret", before, size)
    return (
        crypto.derive_tree_secret(suite, secret, "key", generation, crypto.key_size(suite)),
        crypto.derive_tree_secret(suite, secret, "nonce", generation, crypto.AEAD_NONCE_SIZE),
    )


def sender_data_key(suite: Suite, secret: bytes, ciphertext: bytes) -> tuple[bytes, bytes]:
    sample = ciphertext[: crypto.hash_size(suite)]
    return (
        crypto.expand_with_label(suite, secret, "key", sample, crypto.key_size(suite)),
        crypto.expand_with_label(suite, secret, "nonce", sample, crypto.AEAD_NONCE_SIZE),
    )


@checking
def check_secret_tree(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    one = case["sender_data"]
    key, nonce = sender_data_key(suite, unhex(one["sender_data_secret"]), unhex(one["ciphertext"]))
    agree("sender_data.key", key, unhex(one["key"]))
    agree("sender_data.nonce", nonce, unhex(one["nonce"]))
    root_secret = unhex(case["encryption_secret"])
    n_leaves = len(case["leaves"])
    for leaf, generations in enumerate(case["leaves"]):
        leaf_secret = secret_tree_leaf(suite, root_secret, n_leaves, leaf)
        for one in generations:
            generation = one["generation"]
            for ratchet in ("handshake", "application"):
                key, nonce = ratchet_key(suite, leaf_secret, ratchet, generation)
                where = f"of generation {generation} of leaf {leaf}"
                agree(f"{ratchet}_key {where}", key, unhex(one[f"{ratchet}_key"]))
                agree(f"{ratchet}_nonce {where}", nonce, unhex(one[f"{ratchet}_nonce"]))
