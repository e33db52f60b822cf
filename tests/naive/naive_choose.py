"""What of a body a receiver processes (draft-ietf-mimi-content-08, section 4.4), the long way.

The draft leaves open how a receiver chooses among alternatives. The vectors choose as their README
says: by what is understood, by language, by the receiver's order of media types, and by the
sender's order.
"""

import re
from typing import Any

from naive.naive_content import parts

WHOLE, PARTIAL, EMPTY, NONE = range(4)  # how much of a part is understood

CONTAINERS = ["text/html", "text/markdown", "text/vcard", "text/calendar"]
CONTAINERS += ["application/xhtml+xml", "image/svg+xml"]


# Media types (RFC 2045, section 5.1), as far as the vectors have them


def read_type(text: str) -> tuple[str, str, dict] | None:
    words = [word.strip() for word in text.split(";")]
    names = words[0].lower().split("/")
    if len(names) != 2 or not all(names):
        return None
    parameters = {"charset": "utf-8"} if names[0] == "text" else {}
    for word in words[1:]:
        name, value = word.split("=")
        name, value = name.lower(), value.strip('"')
        parameters[name] = value.lower() if name in ("charset", "variant") else value
    return names[0], names[1], parameters


def is_understood(offered: str, accepted: str) -> bool:
    given, wanted = read_type(offered), read_type(accepted)
    if given is None or wanted is None:
        return False
    if wanted[0] not in ("*", given[0]) or wanted[1] not in ("*", given[1]):
        return False
    if given[2].get("charset") == "us-ascii":
        given[2]["charset"] = "utf-8"
    return all(given[2].get(name) == value for name, value in wanted[2].items())


def rank_of(part: dict, media_types: list[str]) -> int | None:
    """Give the place of the first media type or range that is the part's."""
    if part["cardinality"] == "external" and not part["content_type"]:
        return len(media_types)
    for rank, accepted in enumerate(media_types):
        if is_understood(part["content_type"], accepted):
            return rank
    return None


# Languages (RFC 4647, section 3.4)


def best_language(ranges: list[str], tags: list[str]) -> str | None:
    """Give the tag that a reader likes best; where none suits, one that is more special."""
    for wanted in ranges:
        subtags = [] if wanted == "*" else wanted.lower().split("-")
        while subtags:
            if "-".join(subtags) in tags:
                return "-".join(subtags)
            subtags.pop()
            if subtags and len(subtags[-1]) == 1:
                subtags.pop()
    for wanted in ranges:
        for tag in tags:
            if tag.startswith(wanted.lower() + "-"):
                return tag
    return None


# Choosing


def choose(message: dict, media_types: list[str], languages: list[str]) -> list[int]:
    """List the indexes of the parts that are processed, in their order."""
    listed = parts(message)
    for index, part in enumerate(listed):
        part["index"] = index
    found = evaluate(message["nested_part"], media_types, languages)
    return processed(found["leaves"], listed)


def evaluate(part: dict, media_types: list[str], languages: list[str]) -> dict[str, Any]:
    """Say how much of a part is understood, and what would be processed of it."""
    own = [tag.strip().lower() for tag in part["language"].split(",") if tag.strip()]
    result: dict[str, Any] = {"support": EMPTY, "leaves": [], "ranks": [], "languages": own}
    if part["cardinality"] == "null":
        return result
    if part["cardinality"] != "multi":
        rank = rank_of(part, media_types)
        if rank is None:
            return result | {"support": NONE}
        return result | {"support": WHOLE, "leaves": [part], "ranks": [rank]}
    inner = [evaluate(one, media_types, languages) for one in part["parts"]]
    if part["part_semantics"] == "chooseOne":
        result = best_of(inner, languages)
    else:
        result = all_of(inner, part["part_semantics"])
    return result | {"languages": own or result["languages"]}


def best_of(alternatives: list[dict], languages: list[str]) -> dict:
    support = min(one["support"] for one in alternatives)
    left = [one for one in alternatives if one["support"] == support]
    tags = [tag for one in left for tag in one["languages"]]
    best = best_language(languages, tags)
    if best is not None:
        left = [one for one in left if best in one["languages"]]
    elif languages:
        left = [one for one in left if not one["languages"]] or left
    return min(left, key=lambda one: one["ranks"])


def all_of(inner: list[dict], semantics: str) -> dict:
    """Take parts together: those of a unit need each other, those of a list do not."""
    supports = {one["support"] for one in inner}
    if semantics == "singleUnit":
        support = NONE if NONE in supports else PARTIAL if PARTIAL in supports else min(supports)
    else:
        supports = supports - {EMPTY} or {EMPTY}
        support = PARTIAL if len(supports) > 1 else min(supports)
    together: dict[str, Any] = {"support": support, "leaves": [], "ranks": [], "languages": []}
    for one in inner:
        if one["support"] != NONE and support != NONE:
            for name in ("leaves", "ranks", "languages"):
                together[name] += one[name]
    return together


# References (section 4.4): what a part shows is not processed once more


def processed(leaves: list[dict], listed: list[dict]) -> list[int]:
    by_index = {leaf["index"]: leaf for leaf in leaves}
    chosen: list[int] = []
    shown: set[int] = set()
    for index, leaf in by_index.items():
        if index in shown:
            continue
        chosen.append(index)
        for other in reached_from(leaf, by_index, len(listed)):
            if other not in chosen:
                shown.add(other)
    return chosen


def reached_from(leaf: dict, by_index: dict[int, dict], count: int) -> set[int]:
    """Find the parts that a part refers to, and those that these refer to."""
    reached: set[int] = set()
    waiting = [leaf]
    while waiting:
        for index in references_of(waiting.pop()):
            if index < count and index not in reached:
                reached.add(index)
                waiting += [by_index[index]] if index in by_index else []
    return reached


def references_of(leaf: dict) -> list[int]:
    given = read_type(leaf["content_type"])
    if leaf["cardinality"] != "single" or given is None or "/".join(given[:2]) not in CONTAINERS:
        return []
    text = bytes.fromhex(leaf["content"]).decode(errors="replace")
    return [int(digits) for digits in re.findall("cid:([0-9]+)@local[.]invalid", text)]
