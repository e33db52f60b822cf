"""The vectors of MIMI content, checked against the naive reading of the drafts."""

from typing import Any

from naive.naive_agree import Check, agree, checking
from naive.naive_attachment import open_attachment
from naive.naive_cbor import Item, Refused, read, write
from naive.naive_choose import choose
from naive.naive_content import (
    decode_message,
    encode_message,
    message_id,
    part_of_cid,
    parts,
)
from naive.naive_reception import (
    DECODERS,
    decode_derived,
    decode_status,
    encode_derived,
    encode_status,
    milliseconds,
    received,
    salt_of,
)
from naive.naive_timeline import timeline

LARGEST_IN_JSON = (1 << 53) - 1

AV_NAMES = {1: "part_index", 2: "type", 3: "width", 4: "height", 5: "duration"}
AV_NAMES |= {6: "preview_index", 7: "accessibility_text", 8: "rotation"}


def in_json(value: Any) -> Any:
    """Give a value with its large numbers as digits."""
    if isinstance(value, dict):
        return {name: in_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [in_json(inner) for inner in value]
    if isinstance(value, int) and abs(value) > LARGEST_IN_JSON:
        return str(value)
    return value


def octets_of(case: dict, name: str = "content") -> bytes:
    return bytes.fromhex(case[name])


def agree_on_id(case: dict) -> None:
    algorithm = octets_of(case, "message_id")[0]
    uris = case["sender_uri"], case["room_uri"]
    identifier = message_id(octets_of(case), *uris, algorithm)
    agree("message_id", identifier, octets_of(case, "message_id"))


@checking
def check_message(case: dict) -> None:
    octets = octets_of(case)
    message = decode_message(octets)
    agree("message", in_json(message), case["message"])
    agree("content, from the octets", encode_message(message), octets)
    agree("content, from the message", encode_message(case["message"]), octets)
    agree("parts", len(parts(message)), case["parts"])
    agree_on_id(case)


@checking
def check_status(case: dict) -> None:
    octets = octets_of(case)
    agree("report", decode_status(octets), case["report"])
    agree("content", encode_status(case["report"]), octets)


@checking
def check_derived(case: dict) -> None:
    octets = octets_of(case)
    derived = decode_derived(octets)
    agree("derived", in_json(derived), case["derived"])
    agree("content", encode_derived(derived), octets)
    time = milliseconds(derived["hub_accepted_timestamp"])
    agree("milliseconds", in_json(time), case["milliseconds"])


@checking
def check_refused(case: dict) -> None:
    try:
        DECODERS[case["format"]](octets_of(case), case["max_octets"])
    except Refused as refused:
        agree("rule", refused.slug, case["rule"])
    else:
        raise AssertionError(f"accepted, although it breaks {case['rule']}")


@checking
def check_received(case: dict) -> None:
    agree_on_id(case)
    agree("rule", received(decode_message(octets_of(case)), case), case["rule"])


@checking
def check_reference(case: dict) -> None:
    message = decode_message(octets_of(case))
    index, rule = None, None
    try:
        index = part_of_cid(message, case["uri"])
    except Refused as refused:
        rule = refused.slug
    agree("index and rule", (index, rule), (case["index"], case["rule"]))
    agree("part", None if index is None else in_json(parts(message)[index]), case["part"])


@checking
def check_salt(case: dict) -> None:
    salt = salt_of(octets_of(case, "salt_base_secret"), octets_of(case, "nonce"))
    agree("salt", salt, octets_of(case, "salt"))


@checking
def check_attachment(case: dict) -> None:
    part = decode_message(octets_of(case))["nested_part"]
    agree("part", in_json(part), case["part"])
    plaintext, rule = None, None
    try:
        fetched = octets_of(case, "fetched")
        plaintext = open_attachment(part, fetched, case["now"], case["max_octets"]).hex()
    except Refused as refused:
        rule = refused.slug
    agree("plaintext and rule", (plaintext, rule), (case["plaintext"], case["rule"]))


# Extensions of draft-mimi-content-more-extensions and draft-mahy-mimi-av-metadata


@checking
def check_extension(case: dict) -> None:
    value, rule = None, None
    try:
        message = decode_message(octets_of(case))
        value = meaning(case["key"], read(bytes.fromhex(dict(message["extensions"])[case["key"]])))
    except Refused as refused:
        rule = refused.slug
    agree("value and rule", (in_json(value), rule), (case["value"], case["rule"]))


def meaning(key: int | str, item: Item) -> Any:
    if key == 3:
        return timestamp_of(item)
    if key == 4:
        return external_id_of(item)
    if key == 5:
        return item[1]
    if key == 256:
        return [one[1].hex() if one[0] == "bytes" else external_id_of(one) for one in item[1]]
    return [av_entry_of(entry) for entry in item[1]]


def timestamp_of(item: Item) -> dict:
    entries = {key[1]: value[1] for key, value in item[1]}
    nanoseconds = entries[1] * 10**9
    for key, unit in ((-3, 10**6), (-6, 10**3), (-9, 1)):
        nanoseconds += entries.get(key, 0) * unit
    return {
        "seconds": entries[1],
        "millisecs": entries.get(-3),
        "microsecs": entries.get(-6),
        "nanosecs": entries.get(-9),
        "nanoseconds": nanoseconds,
    }


def external_id_of(item: Item) -> dict:
    native, (kind, scope) = item[1]
    if kind == "tag":
        return {"native_id": native[1].hex(), "scope": {"uri": scope[1][1]}}
    name = "domain" if kind == "text" else "pen"
    return {"native_id": native[1].hex(), "scope": {name: scope}}


def av_entry_of(item: Item) -> dict:
    entry = dict.fromkeys(AV_NAMES.values())
    others = []
    for key, value in item[1]:
        if key[1] in AV_NAMES:
            entry[AV_NAMES[key[1]]] = value[1]
        else:
            others.append([key[1], write(value).hex()])
    wide, high = entry["width"], entry["height"]
    oriented = wide is not None and high is not None and wide != high
    orientation = ("landscape" if wide > high else "portrait") if oriented else None
    return entry | {"orientation": orientation, "others": others}


# Bodies


@checking
def check_choice(case: dict) -> None:
    message = decode_message(octets_of(case))
    chosen = choose(message, case["media_types"], case["languages"])
    agree("chosen", chosen, case["chosen"])


# Conversations


@checking
def check_conversation(case: dict) -> None:
    arrivals = []
    for arrival in case["arrivals"]:
        octets, sender = octets_of(arrival), arrival["sender"]
        identifier = message_id(octets, sender, case["room_uri"])
        agree("message_id", identifier, octets_of(arrival, "message_id"))
        arrivals.append(arrival | {"message": decode_message(octets)})
    for order in case["orders"]:
        agree("the messages of an order", sorted(order), list(range(len(arrivals))))
        view = timeline(case | {"arrivals": [arrivals[index] for index in order]})
        for entry in view["entries"]:
            for version in entry["versions"]:
                version["statuses"] = [list(pair) for pair in sorted(version["statuses"].items())]
        agree("view", in_json(view), case["view"])


CASES: dict[str, Check] = {
    "content-message": check_message,
    "content-refused": check_refused,
    "content-status": check_status,
    "content-derived": check_derived,
    "content-received": check_received,
    "content-reference": check_reference,
    "content-salt": check_salt,
    "content-extension": check_extension,
    "content-attachment": check_attachment,
    "content-choose": check_choice,
    "content-conversation": check_conversation,
}


def check_case(case: dict) -> None:
    """Raise ``AssertionError`` where a vector and the drafts disagree."""
    CASES[case["kind"]](case)
