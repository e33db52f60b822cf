"""The checks of vectors about what components do with the keys and the state of a group.

What each field of a case means is in the README beside the vectors. A check raises
``AssertionError`` where the text and the case disagree.
"""

from collections.abc import Callable
from typing import Any

from naive import naive_components as components
from naive import naive_content
from naive import naive_crypto as crypto
from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_negotiation as negotiation
from naive import naive_wire as wire
from naive.naive_agree import agree, check_round_trip, must, unhex
from naive.naive_extensions import Refused
from naive.naive_logics import LOGICS, ComponentLogic, next_extensions
from naive.naive_wire import EXTENSIONS, decode, encode

MESSAGE_ID = 0x40


def outcome(work: Callable[[], Any]) -> tuple[Any, str | None]:
    """Give what work results in and None, or None and the rule for which it is refused."""
    try:
        return work(), None
    except Refused as refused:
        return None, refused.rule
    except ValueError:
        return None, "malformed"


def hexed(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


def extensions_of(case: dict) -> list[dict]:
    return decode(EXTENSIONS, unhex(case["extensions"]))


# Safe signing and encryption, exports and PSKs


def check_signing(case: dict) -> None:
    suite, component_id = crypto.suite_of(case["cipher_suite"]), case["component_id"]
    label, content = unhex(case["label"]), unhex(case["content"])
    operation = components.component_operation_label(component_id, label)
    agree("operation_label", operation, unhex(case["operation_label"]))
    fields = decode(ext.COMPONENT_OPERATION_LABEL, operation)
    agree("the component in the label", fields["component_id"], component_id)
    private, public = unhex(case["signature_priv"]), unhex(case["signature_pub"])
    agree("signature_pub", crypto.signature_public_of(suite, private), public)

    def verified(signature: bytes) -> bool:
        return components.safe_verify_with_label(
            suite, public, component_id, label, content, signature
        )

    rule = None if verified(unhex(case["signature"])) else "signature"
    agree("rule", rule, case["rule"])
    again = components.safe_sign_with_label(suite, private, component_id, label, content)
    must("a signature made again verifies", holds=verified(again))


def check_encryption(case: dict) -> None:
    suite, component_id = crypto.suite_of(case["cipher_suite"]), case["component_id"]
    label, context = unhex(case["label"]), unhex(case["context"])
    operation = components.component_operation_label(component_id, label)
    agree("operation_label", operation, unhex(case["operation_label"]))
    private = crypto.full_private_key(suite, unhex(case["private_key"]))
    public = unhex(case["public_key"])
    agree("public_key", crypto.hpke_public_of(suite, private), public)

    def opened(sealed: tuple[bytes, bytes]) -> bytes:
        return components.safe_decrypt_with_label(
            suite, private, component_id, label, context, sealed
        )

    sealed = (unhex(case["kem_output"]), unhex(case["ciphertext"]))
    plaintext, rule = outcome(lambda: opened(sealed))
    agree("rule", rule, case["rule"])
    agree("plaintext", hexed(plaintext), case["plaintext"])
    if plaintext is not None:
        again = components.safe_encrypt_with_label(
            suite, public, component_id, label, context, plaintext
        )
        agree("plaintext, sealed again", opened(again), plaintext)


def check_export(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    root = components.application_export_secret(suite, unhex(case["epoch_secret"]))
    agree("application_export_secret", root, unhex(case["application_export_secret"]))
    exporter = components.ExporterTree(suite, root)
    for number, one in enumerate(case["exports"]):
        component_id = one["component_id"]
        secret, rule = outcome(lambda component_id=component_id: exporter.export(component_id))
        agree(f"rule of export {number}", rule, one["rule"])
        agree(f"secret of export {number}", hexed(secret), one["secret"])
        if secret is not None:
            straight = components.safe_export_secret(suite, root, component_id)
            agree(f"secret of export {number}, from the root", straight, secret)


def psk_id_of(one: dict) -> dict:
    psk_id, nonce = unhex(one["psk_id"]), unhex(one["psk_nonce"])
    if one["psk_type"] == ext.APPLICATION_PSK:
        return components.application_psk_id(one["component_id"], psk_id, nonce)
    agree("component_id of an external PSK", None, one["component_id"])
    return {"psktype": one["psk_type"], "psk_id": psk_id, "psk_nonce": nonce}


def check_psk(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    psks = [(psk_id_of(one), unhex(one["psk"])) for one in case["psks"]]
    for (psk_id, _), one in zip(psks, case["psks"], strict=True):
        octets = unhex(one["pre_shared_key_id"])
        agree("pre_shared_key_id", encode(ext.PRE_SHARED_KEY_ID, psk_id), octets)
        agree("pre_shared_key_id, read", decode(ext.PRE_SHARED_KEY_ID, octets), psk_id)

    def mixed() -> bytes:
        for psk_id, _ in psks:
            fits = len(psk_id["psk_nonce"]) == crypto.hash_size(suite)
            ext.hold("psk-nonce", "it is not as long as a hash", holds=fits)
        return components.psk_secret_of(suite, psks)

    secret, rule = outcome(mixed)
    agree("rule", rule, case["rule"])
    agree("psk_secret", hexed(secret), case["psk_secret"])


# Dictionaries and their updates

GROUP_CONTEXT, LEAF_NODE = "group_context", "leaf_node"
PLACES = {
    GROUP_CONTEXT: wire.GROUP_CONTEXT,
    LEAF_NODE: ext.LEAF_NODE,
    "key_package": ext.KEY_PACKAGE,
    "group_info": wire.GROUP_INFO_STRUCT,
}


def check_object_signature(suite: crypto.Suite, place: str, value: dict, key: bytes) -> None:
    if place == LEAF_NODE:
        agree("the key of the leaf", value["signature_key"], key)
        extended_tree.check_leaf_signature(suite, value, b"", 0)
    elif place == "key_package":
        agree("the key of the leaf", value["leaf_node"]["signature_key"], key)
        extended_tree.check_key_package(suite, value)
    else:
        signed, signature = encode(wire.GROUP_INFO_TBS, value), value["signature"]
        valid = crypto.verify_with_label(suite, key, "GroupInfoTBS", signed, signature)
        must("the signature of the group info verifies", holds=valid)


def listed(entries: list[dict] | None, data: str) -> list[dict]:
    return [{"component_id": one["component_id"], "data": one[data].hex()} for one in entries or []]


def check_dictionary(case: dict) -> None:
    suite, place = crypto.suite_of(case["cipher_suite"]), case["place"]
    value = check_round_trip("object", PLACES[place], unhex(case["object"]))
    if place == GROUP_CONTEXT:
        agree("signature_key", None, case["signature_key"])
    else:
        check_object_signature(suite, place, value, unhex(case["signature_key"]))
    entries, rule = outcome(lambda: components.dictionary_in(value["extensions"]))
    agree("rule", rule, case["rule"])
    agree("components", None if rule else listed(entries, "data"), case["components"])
    if entries is not None:
        octets = ext.find(value["extensions"], ext.APP_DATA_DICTIONARY)
        agree("the dictionary, written again", components.write_dictionary(entries), octets)


def known_in(case: dict) -> dict[int, ComponentLogic]:
    return {one["component_id"]: LOGICS[one["logic"]] for one in case["components"]}


def check_update(case: dict) -> None:
    context = check_round_trip("group_context", wire.GROUP_CONTEXT, unhex(case["group_context"]))
    agree("cipher_suite", context["cipher_suite"], case["cipher_suite"])

    def applied() -> tuple[list[dict], list]:
        proposals = [decode(ext.PROPOSAL, unhex(one)) for one in case["proposals"]]
        return next_extensions(context["extensions"], proposals, known_in(case))

    result, rule = outcome(applied)
    agree("rule", rule, case["rule"])
    if result is None:
        agree("calls and extensions", (None, None), (case["calls"], case["extensions"]))
        return
    extensions, calls = result
    said = [
        {"component_id": one.component_id, "call": one.call, "data": [x.hex() for x in one.data]}
        for one in calls
    ]
    agree("calls", said, case["calls"])
    agree("extensions", encode(EXTENSIONS, extensions), unhex(case["extensions"]))


# Authenticated data and framing


def check_safe_aad(case: dict) -> None:
    data = unhex(case["authenticated_data"])
    items, rule = outcome(lambda: components.aad_items(extensions_of(case), data))
    agree("rule", rule, case["rule"])
    framed = rule is not None or items is not None
    agree("framed", framed, case["framed"])
    said = None if items is None else listed(items, "aad_item_data")
    agree("items", said, case["items"])
    if items is not None:
        by_component = {one["component_id"]: one["aad_item_data"] for one in items}
        agree("items, written again", components.write_safe_aad(by_component), data)


def check_message_id(case: dict) -> None:
    content = unhex(case["content"])
    computed = naive_content.message_id(content, case["sender_uri"], case["room_uri"])
    agree("message_id", computed, unhex(case["message_id"]))
    data = unhex(case["authenticated_data"])
    items, rule = outcome(lambda: components.aad_items(extensions_of(case), data))
    found = [one for one in items or [] if one["component_id"] == MESSAGE_ID]
    stated = found[0]["aad_item_data"] if found else None
    if stated not in {None, computed}:
        rule = "message-id"
    agree("rule", rule, case["rule"])
    agree("stated", hexed(stated), case["stated"])


def check_framing(case: dict) -> None:
    data = unhex(case["application_data"])
    required, fault = outcome(lambda: negotiation.media_types(extensions_of(case)))
    agree("the media types of the group", fault, None)
    agree("framed", required is not None, case["framed"])
    media_type, content, rule = None, data, None
    if required is not None:
        result, rule = outcome(lambda: negotiation.unframe(data, required))
        media_type, content = result or (None, None)
    agree("rule", rule, case["rule"])
    agree("content", hexed(content), case["content"])
    agree("media_type", media_type, read_media_type(case["media_type"]))


def read_media_type(said: dict | None) -> dict | None:
    if said is None:
        return None
    parameters = [
        {"parameter_name": name.encode(), "parameter_value": value.encode()}
        for name, value in said["parameters"]
    ]
    return {"type": said["type"].encode(), "parameters": parameters}


# What members support, and what arrived


def first_lack(extensions: list[dict], leaves: list[dict], role: str) -> tuple[str, int, Any]:
    """Name the first rule that a leaf breaks, the leaf and what it lacks."""
    for leaf, one in enumerate(leaves):
        own = one["extensions"]
        lists = {
            "required-component": negotiation.missing_components(
                extensions, own, ext.APP_COMPONENTS
            ),
            "required-safe-aad": negotiation.missing_components(extensions, own, ext.SAFE_AAD),
            "required-wire-format": negotiation.missing_wire_formats(extensions, own),
        }
        required, supported = negotiation.media_types(extensions), negotiation.media_types(own)
        if role == "committer":
            missing = negotiation.missing_media_types(required or [], supported or [])
            lists["required-media-type"] = [encode(ext.MEDIA_TYPE, one).hex() for one in missing]
        for rule, lacks in lists.items():
            if lacks:
                return rule, leaf, lacks[0]
    return None, None, None


def check_negotiation(case: dict) -> None:
    suite = crypto.suite_of(case["cipher_suite"])
    leaves = [check_round_trip("a leaf", ext.LEAF_NODE, unhex(one)) for one in case["leaves"]]
    for one in leaves:
        extended_tree.check_leaf_signature(suite, one, b"", 0)
    found, fault = outcome(lambda: first_lack(extensions_of(case), leaves, case["role"]))
    rule, leaf, value = found or (fault, None, None)
    agree("rule", rule, case["rule"])
    agree("leaf", leaf, case["leaf"])
    agree("value", value, case["value"])


def check_app_ack(case: dict) -> None:
    received = {one["sender"]: one["generations"] for one in case["received"]}
    own = encode(ext.APP_ACK_STRUCT, negotiation.acknowledged(received))
    agree("app_ack", own, unhex(case["app_ack"]))

    def found() -> list[dict]:
        claims = [negotiation.read_app_ack(unhex(one)) for one in case["claims"]]
        return negotiation.lost(received, claims)

    lost, rule = outcome(found)
    agree("rule", rule, case["rule"])
    agree("lost", lost, case["lost"])
