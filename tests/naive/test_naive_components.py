"""The naive functions for the extensions of MLS, against values that were written by hand."""

import hashlib
from collections.abc import Callable

import pytest
from naive import naive_components as components
from naive import naive_crypto as crypto
from naive import naive_extensions as ext
from naive import naive_multicredential as multicredential
from naive import naive_negotiation as negotiation
from naive import naive_semiprivate as semiprivate
from naive import naive_tree_options as options
from naive import naive_wire as wire
from naive.naive_extensions import Refused
from naive.naive_logics import LOGICS, Call, next_extensions
from naive.naive_schedule import ratchet_key, secret_tree_leaf, sender_data_key
from naive.naive_wire import GROUP_CONTEXT_EXTENSIONS, decode, encode, write_opaque

SUITES = [1, 2, 3, 7]
PRIVATE = bytes(range(1, 33))


def refusal(rule: str, work: Callable[[], object]) -> None:
    with pytest.raises(Refused) as caught:
        work()
    assert caught.value.rule == rule


def extension(extension_type: int, data: str) -> dict:
    return {"extension_type": extension_type, "extension_data": bytes.fromhex(data)}


# Labels, keys and secrets


def test_label_is_that_of_the_draft() -> None:
    octets = components.component_operation_label(0x8001, b"vote")
    assert octets == b"\x0dMLS Component\x80\x01\x04vote"


def test_info_of_hpke_has_the_label_of_mls_around_it() -> None:
    operation = components.component_operation_label(1, b"x")
    label = b"MLS 1.0 " + operation
    expected = bytes([len(label)]) + label + b"\x02cc"
    assert components.hpke_info(1, b"x", b"cc") == expected


@pytest.mark.parametrize("number", SUITES)
def test_what_a_component_signs_no_other_verifies(number: int) -> None:
    suite = crypto.suite_of(number)
    private = PRIVATE if number != 7 else PRIVATE.rjust(48, b"\0")
    public = crypto.signature_public_of(suite, private)
    signature = components.safe_sign_with_label(suite, private, 7, b"l", b"content")
    verify = components.safe_verify_with_label
    assert verify(suite, public, 7, b"l", b"content", signature)
    assert not verify(suite, public, 8, b"l", b"content", signature)
    assert not verify(suite, public, 7, b"m", b"content", signature)
    assert not verify(suite, public, 7, b"l", b"contend", signature)
    assert not crypto.verify_with_label(suite, public, "l", b"content", signature)


@pytest.mark.parametrize("number", SUITES)
def test_what_is_sealed_for_a_component_no_other_opens(number: int) -> None:
    suite = crypto.suite_of(number)
    private, public = crypto.derive_key_pair(suite, PRIVATE)
    sealed = components.safe_encrypt_with_label(suite, public, 7, b"l", b"c", b"secret")
    opened = components.safe_decrypt_with_label(suite, private, 7, b"l", b"c", sealed)
    assert opened == b"secret"
    for component_id, label, context in ((8, b"l", b"c"), (7, b"m", b"c"), (7, b"l", b"d")):
        refusal(
            "decryption",
            lambda c=component_id, m=label, x=context: components.safe_decrypt_with_label(
                suite, private, c, m, x, sealed
            ),
        )
    no_key = (bytes(len(sealed[0])), sealed[1])
    refusal(
        "public-key",
        lambda: components.safe_decrypt_with_label(suite, private, 7, b"l", b"c", no_key),
    )


@pytest.mark.parametrize("number", SUITES)
def test_exported_secret_is_sixteen_steps_below_the_root(number: int) -> None:
    suite = crypto.suite_of(number)
    root = components.application_export_secret(suite, PRIVATE)
    assert root == crypto.derive_secret(suite, PRIVATE, "application_export")
    for component_id in (0, 5, 0x8001, 0xFFFF):
        secret = root
        for bit in range(15, -1, -1):
            side = b"right" if component_id >> bit & 1 else b"left"
            size = crypto.hash_size(suite)
            secret = crypto.expand_with_label(suite, secret, "tree", side, size)
        assert components.safe_export_secret(suite, root, component_id) == secret
        assert components.ExporterTree(suite, root).export(component_id) == secret


def test_exporter_tree_keeps_nothing_of_what_it_gave() -> None:
    suite = crypto.suite_of(1)
    exporter = components.ExporterTree(suite, PRIVATE)
    given = {one: exporter.export(one) for one in (4, 5, 6)}
    assert len(set(given.values())) == 3
    assert not set(given.values()) & set(exporter.secrets.values())
    assert PRIVATE not in exporter.secrets.values()
    refusal("component-secret-consumed", lambda: exporter.export(5))
    assert exporter.export(7) == components.safe_export_secret(suite, PRIVATE, 7)


def test_application_psk_has_its_component_before_its_name() -> None:
    psk_id = components.application_psk_id(0x8001, b"name", b"nonce")
    octets = bytes.fromhex("03") + b"\x80\x01\x04name\x05nonce"
    assert encode(ext.PRE_SHARED_KEY_ID, psk_id) == octets
    assert decode(ext.PRE_SHARED_KEY_ID, octets) == psk_id


# Dictionaries


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("06000200000100", id="not sorted"),
        pytest.param("06000100000100", id="a component twice"),
        pytest.param("0300010161", id="ends early"),
        pytest.param("0300010000", id="octets behind"),
    ],
)
def test_malformed_dictionaries(octets: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        components.read_dictionary(bytes.fromhex(octets))


def update(component_id: int, data: bytes) -> dict:
    body = {"component_id": component_id, "op": ext.UPDATE_OPERATION, "update": data}
    return {"proposal_type": ext.APP_DATA_UPDATE, "body": body}


def removal(component_id: int) -> dict:
    body = {"component_id": component_id, "op": ext.REMOVE_OPERATION}
    return {"proposal_type": ext.APP_DATA_UPDATE, "body": body}


def ephemeral(component_id: int, data: bytes) -> dict:
    body = {"component_id": component_id, "data": data}
    return {"proposal_type": ext.APP_EPHEMERAL, "body": body}


KNOWN = {0x8001: LOGICS["append"], 0x8002: LOGICS["counter"], 0x8003: LOGICS["replace"]}
BEFORE = [extension(0xFF00, "aa"), extension(ext.APP_DATA_DICTIONARY, "0b800101618002040000fffe")]


def test_updates_of_a_commit() -> None:
    proposals = [
        update(0x8003, b"z"),
        update(0x8001, b"b"),
        update(0x8002, bytes.fromhex("00000001")),
        ephemeral(0x8003, b"now"),
        update(0x8001, b"c"),
        update(0x8002, bytes.fromhex("00000001")),
    ]
    after, calls = next_extensions(BEFORE, proposals, KNOWN)
    data = "11" + "800103616263" + "80020400010000" + "8003017a"
    assert after == [BEFORE[0], extension(ext.APP_DATA_DICTIONARY, data)]
    one = bytes.fromhex("00000001")
    assert calls == [
        Call(0x8003, "ephemeral", [b"now"]),
        Call(0x8001, "update", [b"b", b"c"]),
        Call(0x8002, "update", [one, one]),
        Call(0x8003, "update", [b"z"]),
    ]


def test_removal_leaves_a_dictionary_without_the_component() -> None:
    proposals = [removal(0x8002), removal(0x8001)]
    after, calls = next_extensions(BEFORE, proposals, KNOWN)
    assert after == [BEFORE[0], extension(ext.APP_DATA_DICTIONARY, "00")]
    assert calls == [Call(0x8001, "remove", []), Call(0x8002, "remove", [])]


def test_first_dictionary_stands_behind_the_other_extensions() -> None:
    after, _ = next_extensions([extension(0xFF00, "")], [update(0x8003, b"z")], KNOWN)
    assert after == [extension(0xFF00, ""), extension(ext.APP_DATA_DICTIONARY, "048003017a")]


@pytest.mark.parametrize(
    ("rule", "proposals"),
    [
        ("unknown-component", [update(0x8004, b"")]),
        ("unknown-component", [removal(0x8004)]),
        ("unknown-component", [ephemeral(0x8004, b"")]),
        ("absent-component", [removal(0x8003)]),
        ("component-conflict", [removal(0x8001), removal(0x8001)]),
        ("component-conflict", [update(0x8001, b""), removal(0x8001)]),
        ("component-refusal", [update(0x8002, b"three")]),
        ("component-refusal", [update(0x8002, bytes.fromhex("ffff0002"))]),
        ("component-refusal", [ephemeral(0x8002, b"")]),
    ],
)
def test_refused_updates(rule: str, proposals: list[dict]) -> None:
    refusal(rule, lambda: next_extensions(BEFORE, proposals, KNOWN))


def test_required_app_data_update_keeps_extensions_from_the_dictionary() -> None:
    required = extension(ext.REQUIRED_CAPABILITIES, "0002000800")
    before = [required, *BEFORE]
    for after in ([required], [required, extension(ext.APP_DATA_DICTIONARY, "00")]):
        body = {"extensions": after}
        proposals = [{"proposal_type": GROUP_CONTEXT_EXTENSIONS, "body": body}]
        refusal("dictionary-changed", lambda p=proposals: next_extensions(before, p, KNOWN))
        assert next_extensions(BEFORE, proposals, KNOWN)[0] == after
    body = {"extensions": BEFORE[::-1]}
    kept = [{"proposal_type": GROUP_CONTEXT_EXTENSIONS, "body": body}]
    assert next_extensions(before, kept, KNOWN)[0] == BEFORE[::-1]


def test_operation_zero_is_malformed() -> None:
    for octets in ("0008800100", "0008800103"):
        with pytest.raises(ValueError, match="none of"):
            decode(ext.PROPOSAL, bytes.fromhex(octets))


# Authenticated data, negotiation, media types and AppAck

FRAMED = [extension(ext.APP_DATA_DICTIONARY, "0400020100")]


def test_safe_aad_is_all_of_the_authenticated_data() -> None:
    assert components.aad_items(BEFORE, b"anything") is None
    assert components.aad_items(FRAMED, b"\0") == []
    item = {"component_id": 0x40, "aad_item_data": b"id"}
    assert components.aad_items(FRAMED, bytes.fromhex("050040026964")) == [item]
    for octets in ("", "0000", "06004100004000", "06004000004000"):
        with pytest.raises(ValueError, match=r"\w"):
            components.aad_items(FRAMED, bytes.fromhex(octets))


def test_grease_is_no_support() -> None:
    group = [extension(ext.APP_DATA_DICTIONARY, "080001050480018a8a")]
    leaf = [extension(ext.APP_DATA_DICTIONARY, "0a0001070680010a0a8a8a")]
    assert negotiation.missing_components(group, leaf, ext.APP_COMPONENTS) == []
    assert negotiation.missing_components(group, [], ext.APP_COMPONENTS) == [0x8001, 0x8A8A]
    greased = [extension(ext.APP_DATA_DICTIONARY, "0600010302" + "0a0a")]
    assert negotiation.missing_components(greased, leaf, ext.APP_COMPONENTS) == [0x0A0A]


def test_wire_formats_of_mls_are_supported_by_all() -> None:
    group = [extension(ext.REQUIRED_WIRE_FORMATS, "040001f501")]
    assert negotiation.missing_wire_formats(group, []) == [0xF501]
    leaf = [extension(ext.SUPPORTED_WIRE_FORMATS, "02f501")]
    assert negotiation.missing_wire_formats(group, leaf) == []


def media_type(name: bytes, *parameters: tuple[bytes, bytes]) -> dict:
    listed = [{"parameter_name": one, "parameter_value": value} for one, value in parameters]
    return {"type": name, "parameters": listed}


def test_media_types_are_compared_as_they_mean() -> None:
    plain = media_type(b"text/plain", (b"charset", b"UTF-8"), (b"format", b"flowed"))
    same = media_type(b"Text/Plain", (b"FORMAT", b"flowed"), (b"charset", b"UTF-8"))
    assert negotiation.same_media_type(plain, same)
    other = media_type(b"text/plain", (b"charset", b"utf-8"), (b"format", b"flowed"))
    assert negotiation.missing_media_types([plain], [other]) == [plain]


def test_empty_media_type_is_the_first_of_the_group() -> None:
    required = [media_type(b"a/b"), media_type(b"c/d")]
    framed = negotiation.frame(media_type(b""), b"content")
    assert framed == b"\0\0\x07content"
    assert negotiation.unframe(framed, required) == (required[0], b"content")
    framed = negotiation.frame(required[1], b"content")
    assert negotiation.unframe(framed, required) == (required[1], b"content")
    with pytest.raises(ValueError, match="no media types"):
        negotiation.read_media_types(b"\0")


def test_acknowledged_and_lost() -> None:
    received = {3: [5, 0, 1], 1: [7]}
    own = negotiation.acknowledged(received)
    span = negotiation.range_of
    assert own == [span(1, 7, 7), span(3, 0, 1), span(3, 5, 5)]
    claims = [[span(3, 4, 9), span(1, 7, 7)], [span(3, 1, 4), span(2, 0, 2**32 - 1)]]
    lost = negotiation.lost(received, claims)
    assert lost == [span(2, 0, 2**32 - 1), span(3, 2, 4), span(3, 6, 9)]
    with pytest.raises(ValueError, match="before it begins"):
        negotiation.read_app_ack(bytes.fromhex("0c000000010000000200000001"))


# Multi-credentials


def bound(signature_key: bytes, suite: int = 1, kind: int = 1) -> dict:
    binding = {
        "cipher_suite": suite,
        "credential": {"credential_type": kind, "data": b"handle"},
        "credential_key": crypto.signature_public_of(crypto.suite_of(suite), PRIVATE),
    }
    signature = multicredential.sign_binding(PRIVATE, binding, signature_key)
    return {**binding, "signature": signature}


def client(*suites: int, types: tuple[int, ...] = (1, 3, 4)) -> dict:
    return {"cipher_suites": list(suites), "credentials": list(types)}


def found(kind: int, bindings: list[dict], members: list[dict], own: dict | None) -> set:
    credential = {"credential_type": kind, "bindings": bindings}
    assert decode(ext.CREDENTIAL, encode(ext.CREDENTIAL, credential)) == credential
    return set(multicredential.faults(credential, b"key", members, own))


def test_each_member_supports_each_binding_or_one() -> None:
    bindings, both, one = [bound(b"key", 1), bound(b"key", 2)], client(1, 2), client(2)
    assert found(ext.MULTI, bindings, [both], both) == set()
    assert found(ext.MULTI, bindings, [both, one], both) == {("unsupported-binding", 1)}
    assert found(ext.WEAK_MULTI, bindings, [both, one], both) == set()
    none = client(3)
    assert found(ext.WEAK_MULTI, bindings, [none, one], one) == {("unsupported-binding", 0)}
    untyped = client(1, 2, types=(1, 4))
    assert found(ext.MULTI, bindings, [untyped], both) == {("unsupported-credential", 0)}


def test_binding_is_for_the_key_of_the_leaf() -> None:
    bindings, both, one = [bound(b"key", 1), bound(b"other", 2)], client(1, 2), client(1)
    wrong = {("binding-signature", None)}
    assert found(ext.MULTI, bindings, [both], both) == wrong
    assert found(ext.WEAK_MULTI, bindings, [both], both) == wrong
    assert found(ext.WEAK_MULTI, bindings, [one], one) == set()
    assert found(ext.WEAK_MULTI, bindings, [one], None) == wrong


def test_form_of_multi_credentials() -> None:
    both = client(1, types=(1, 3, 4))
    assert ("empty-multi-credential", None) in found(ext.MULTI, [], [both], both)
    nested = found(ext.MULTI, [bound(b"key", kind=ext.WEAK_MULTI)], [both], both)
    assert nested == {("nested-multi-credential", None)}


def test_grease_supports_no_binding() -> None:
    grease = client(1, types=(0x1A1A, 4))
    bindings = [bound(b"key", kind=0x1A1A)]
    assert found(ext.WEAK_MULTI, bindings, [grease], grease) == {("unsupported-binding", 0)}


# SemiPrivateMessage

GROUP, EPOCH, CONTEXT = b"group", 3, b"the group context"
SECRETS = {"sender_data_secret": bytes([1]) * 32, "encryption_secret": bytes([2]) * 32}


def receiver_of(suite: crypto.Suite, ikm: bytes) -> tuple[bytes, dict]:
    private, public = crypto.derive_key_pair(suite, ikm)
    credential = {"credential_type": 1, "identity": ikm}
    return private, {"external_receiver_public_key": public, "credential": credential}


def agreed(receivers: list[dict]) -> list[dict]:
    octets = encode(semiprivate.EXTERNAL_RECEIVERS, receivers)
    return [
        extension(ext.REQUIRED_WIRE_FORMATS, "02f501"),
        extension(ext.EXTERNAL_RECEIVERS, octets.hex()),
    ]


def sealed_message(suite: crypto.Suite, receivers: list[dict], private: bytes) -> dict:
    """Seal a SelfRemove, as the simplest body there is, of the member at leaf 1."""
    leaf_secret = secret_tree_leaf(suite, SECRETS["encryption_secret"], 2, 1)
    key, nonce = ratchet_key(suite, leaf_secret, "handshake", 4)
    content = {
        "group_id": GROUP,
        "epoch": EPOCH,
        "sender": {"sender_type": wire.MEMBER, "leaf_index": 1},
        "authenticated_data": b"aad",
        "content_type": wire.PROPOSAL,
        "body": {"proposal_type": ext.SELF_REMOVE, "body": {}},
    }
    signed = ext.framed_content_tbs(ext.SEMI_PRIVATE_MESSAGE, content, CONTEXT)
    signature = crypto.sign_with_label(suite, private, "FramedContentTBS", signed)
    plaintext = b"\x00\x0a" + write_opaque(signature) + bytes(5)
    guard = b"\x09\x08\x07\x06"
    keys = {"key": key, "nonce": nonce, "reuse_guard": guard, "sender_leaf_index": 1}
    message = {
        **content,
        "partial_context_hash": hashlib.sha256(b"\0\0\0\x01" + nonce).digest(),
        "framed_content_tbs_hash": hashlib.sha256(signed).digest(),
    }
    message["keys_for_external_receivers"] = [
        semiprivate.seal_key_and_nonces(suite, one, message, keys) for one in receivers
    ]
    aad = encode(ext.SEMI_PRIVATE_CONTENT_AAD, message)
    cipher = crypto.AESGCM(key)
    message["ciphertext"] = cipher.encrypt(semiprivate.guarded(nonce, guard), plaintext, aad)
    sender_data = encode(wire.SENDER_DATA, {"leaf_index": 1, "generation": 4, "reuse_guard": guard})
    key, nonce = sender_data_key(suite, SECRETS["sender_data_secret"], message["ciphertext"])
    aad = encode(wire.SENDER_DATA_AAD, message)
    message["encrypted_sender_data"] = crypto.AESGCM(key).encrypt(nonce, sender_data, aad)
    octets = encode(ext.SEMI_PRIVATE_MESSAGE_STRUCT, message)
    return decode(ext.SEMI_PRIVATE_MESSAGE_STRUCT, octets)


NODES = [{}, None, {}]


def test_members_and_receivers_open_the_same() -> None:
    suite = crypto.suite_of(1)
    ones = [receiver_of(suite, bytes([one]) * 32) for one in (3, 4)]
    receivers = [receiver for _, receiver in ones]
    public = crypto.signature_public_of(suite, PRIVATE)
    message = sealed_message(suite, receivers, PRIVATE)
    semiprivate.check_message(suite, agreed(receivers), message)
    opened = semiprivate.open_as_member(suite, SECRETS, NODES, message)
    semiprivate.check_content(suite, message, opened, CONTEXT, public)
    for private, receiver in ones:
        assert semiprivate.receiver_of(suite, agreed(receivers), private) == receiver
        same = semiprivate.open_as_receiver(suite, private, receiver, NODES, message)
        assert same == opened
    differing = {**message, "framed_content_tbs_hash": bytes(32)}
    refusal(
        "content-differs",
        lambda: semiprivate.check_content(suite, differing, opened, CONTEXT, public),
    )
    refusal(
        "content-decryption",
        lambda: semiprivate.open_as_member(suite, SECRETS, NODES, differing),
    )


def test_semi_private_messages_are_agreed_upon() -> None:
    suite = crypto.suite_of(1)
    receivers = [receiver_of(suite, bytes([one]) * 32)[1] for one in (3, 4)]
    message = sealed_message(suite, receivers, PRIVATE)
    check = semiprivate.check_message
    for extensions in (agreed([]), agreed(receivers)[1:], agreed(receivers)[:1]):
        refusal("semi-private-not-agreed", lambda e=extensions: check(suite, e, message))
    for others in (receivers[:1], [*receivers, receivers[0]]):
        refusal("receiver-list", lambda r=others: check(suite, agreed(r), message))
    application = {**message, "content_type": wire.APPLICATION}
    refusal("semi-private-application", lambda: check(suite, agreed(receivers), application))


# Ratchet trees


@pytest.mark.parametrize(
    ("octets", "representation"),
    [("0203612f62" + "00", 2), ("0300", 3), ("0302aabb", 3), ("04", 4)],
)
def test_tree_options(octets: str, representation: int) -> None:
    assert options.read_option(bytes.fromhex(octets))["representation"] == representation


@pytest.mark.parametrize("octets", ["00", "05", "0100", "0203612f62", "03", "0400"])
def test_malformed_tree_options(octets: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        options.read_option(bytes.fromhex(octets))


def domains(*names: bytes) -> list[dict]:
    octets = write_opaque(b"".join(write_opaque(name) for name in names))
    return [extension(ext.RATCHET_TREE_SOURCE_DOMAINS, octets.hex())]


def test_tree_comes_from_a_domain_of_the_group() -> None:
    group = domains(b"a.example", b"B.example.")
    for url in (b"https://a.example/t", b"HTTPS://b.Example:8443", b"https://A.EXAMPLE.?q"):
        assert options.check_url(group, url) == url.decode()
    for url in (b"https://c.example/t", b"https://x.a.example/", b"https://example/a.example"):
        refusal("ratchet-tree-domain", lambda u=url: options.check_url(group, u))
        assert options.check_url([], url)
    for url in (
        b"http://a.example/",
        b"https:///a.example",
        b"https://u@a.example/",
        b"https://a.example@b.example/",
        b"a.example",
        b"https://192.0.2.1/",
        b"https://[2001:db8::1]/",
        b"https://a.example:x/",
        b"",
    ):
        refusal("ratchet-tree-url", lambda u=url: options.check_url(group, u))
    with pytest.raises(ValueError, match="no domains"):
        options.source_domains(domains())


@pytest.mark.parametrize(
    ("had", "presence", "fits"),
    [
        (had, presence, (presence in {1, 2}) == had)
        for had in (True, False)
        for presence in range(4)
    ],
)
def test_presence_of_the_tree(had: bool, presence: int, fits: bool) -> None:
    before = {"extensions": [extension(ext.RATCHET_TREE, "00")] if had else []}
    if fits:
        options.check_presence(before, presence)
    else:
        refusal("tree-presence", lambda: options.check_presence(before, presence))
