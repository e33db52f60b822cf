"""Directories, requests and responses of draft-ietf-mimi-protocol-06, sections 4.1 and 5."""

import calendar
import json
import re
from datetime import UTC, datetime
from typing import Any

from naive import naive_identity as identity
from naive.naive_agree import agree, unhex
from naive.naive_extensions import Refused, hold
from naive.naive_protocol_wire import Unreadable, read_body

# Section 5.1: names of endpoints, what may stand in their templates, and what that is

VARIABLES = {
    "keyMaterial": ["targetUser"],
    "update": ["roomId"],
    "notify": ["roomId"],
    "submitMessage": ["roomId"],
    "groupInfo": ["roomId"],
    "requestConsent": ["targetUser", "targetDomain"],
    "updateConsent": ["requesterUser", "requesterDomain"],
    "identifierQuery": ["domain"],
    "reportAbuse": ["roomId"],
    "proxyDownload": ["downloadUrl"],
}
USERS = {"user", "pseudonym"}
TYPES = {
    "targetUser": USERS,
    "requesterUser": USERS,
    "targetDomain": {*USERS, "domain"},
    "requesterDomain": {*USERS, "domain"},
    "roomId": {"room"},
    "domain": {"domain"},
    "downloadUrl": {"url"},
}

# RFC 6570, level 1: literals of RFC 3986 around one variable
LITERAL = r"(?:[A-Za-z0-9\-._~:/?@\[\]!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
TEMPLATE = re.compile(
    rf"https://([A-Za-z0-9.\-]+)(?::([0-9]{{1,5}}))?([/?]{LITERAL})\{{([A-Za-z0-9_]+)\}}({LITERAL})",
    re.IGNORECASE | re.ASCII,
)


def once(pairs: list[tuple[str, Any]]) -> dict:
    names = [name for name, _ in pairs]
    hold("repeated-name", f"{names}", holds=len(set(names)) == len(names))
    return dict(pairs)


def domain_of(text: str) -> str:
    """Give the ASCII form of a domain."""
    try:
        return identity.read_domain([(one, at) for at, one in enumerate(text)], 0, len(text))[0]
    except identity.Refused as refused:
        raise ValueError(f"{text!r} is no domain: {refused}") from refused


def read_template(endpoint: str, text: str) -> dict:
    found = TEMPLATE.fullmatch(text)
    hold("template", f"{text!r} has not its form", holds=found is not None and text.isascii())
    assert found is not None
    host, port, before, variable, after = found.groups()
    hold("template", f"{variable} is not its variable", holds=variable in VARIABLES[endpoint])
    hold("template", f"port {port}", holds=port is None or 0 < int(port) < 65536)
    try:
        host = domain_of(host)
    except ValueError as error:
        raise Refused("template", f"{error}") from error
    return {
        "endpoint": endpoint,
        "template": "https" + text[5:],
        "host": host,
        "port": None if port is None else int(port),
        "variable": variable,
        "parts": (sent(before), after),
    }


def sent(target: str) -> str:
    """Give path and query as they are sent: an empty path is "/" (RFC 9112, section 3.2.1)."""
    return "/" + target if target.startswith("?") else target


def read_directory(document: bytes) -> list[dict]:
    """Give the endpoints of a document, in the order of the draft."""
    try:
        read = json.loads(document.decode(), object_pairs_hook=once)
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused("directory", f"{error}") from error
    hold("directory", "it is no object", holds=isinstance(read, dict))
    found = []
    for endpoint in VARIABLES:
        if endpoint in read:
            hold("directory", "a place is text", holds=isinstance(read[endpoint], str))
            found.append(read_template(endpoint, read[endpoint]))
    places = [(each["host"], each["parts"]) for each in found]
    hold("repeated-template", "two are at one place", holds=len(set(places)) == len(places))
    return found


def type_of(parameter: str) -> str:
    if parameter.startswith("mimi:"):
        return identity.fields_of_uri(parameter)["type"]
    return "url" if ":" in parameter else "domain"


def url_of(endpoints: list[dict], endpoint: str, parameter: str) -> str:
    places = [each for each in endpoints if each["endpoint"] == endpoint]
    hold("missing-endpoint", f"there is no {endpoint}", holds=bool(places))
    variable, kind = places[0]["variable"], type_of(parameter)
    hold("endpoint-parameter", f"a {kind} in {{{variable}}}", holds=kind in TYPES[variable])
    value = parameter
    if "domain" in TYPES[variable] and kind != "domain":
        value = identity.fields_of_uri(parameter)["provider"]
    encoded = identity.percent(value, identity.UNRESERVED)
    return places[0]["template"].replace(f"{{{variable}}}", encoded)


def check_directory(case: dict) -> None:
    try:
        endpoints, rule = read_directory(unhex(case["document"])), None
    except Refused as refused:
        endpoints, rule = None, refused.rule
    agree("rule", rule, case["rule"])
    shown = endpoints and [{k: v for k, v in each.items() if k != "parts"} for each in endpoints]
    agree("endpoints", shown, case["endpoints"])
    for each in case["urls"]:
        assert endpoints is not None
        try:
            url, rule = url_of(endpoints, each["endpoint"], each["parameter"]), None
        except Refused as refused:
            url, rule = None, refused.rule
        agree("url", (url, rule), (each["url"], each["rule"]))


# Requests

STATUSES = {
    "unauthenticated-source": 401,
    "unknown-endpoint": 404,
    "method": 405,
    "content-length": 413,
    "content-type": 415,
    "host": 421,
}
"""What a rule is answered with, if not with 400."""

REQUESTS = {
    "keyMaterial": "KeyMaterialRequest",
    "update": "UpdateRequest",
    "notify": "NotifyRequest",
    "submitMessage": "SubmitMessageRequest",
    "groupInfo": "GroupInfoRequest",
    "requestConsent": "ConsentEntry",
    "updateConsent": "ConsentEntry",
    "identifierQuery": "IdentifierRequest",
    "reportAbuse": "AbuseReport",
}
OCTETS = "application/octet-stream"
ONE_OF_EACH = ("host", "from", "content-type", "retry-after")


def headers_of(pairs: list[list[str]]) -> dict[str, str]:
    found = {}
    for name, value in pairs:
        known = name.lower()
        hold("header", f"{known} twice", holds=known not in found or known not in ONE_OF_EACH)
        found[known] = value.strip(" \t")
    return found


def check_media_type(headers: dict[str, str], wanted: str) -> None:
    if "content-type" in headers:
        stated = headers["content-type"].split(";")[0].strip(" \t").lower()
        hold("content-type", f"{stated!r}", holds=stated == wanted)


def named(rule: str, text: str) -> str:
    try:
        return domain_of(text)
    except ValueError as error:
        raise Refused(rule, f"{error}") from error


def parameter_of(variable: str, encoded: str) -> str:
    """Read what stands for a variable."""
    try:
        text = identity.text_of(identity.unpercent(encoded, 0, identity.PCHAR))
        if TYPES[variable] == {"url"}:
            return text
        if "domain" in TYPES[variable]:
            return domain_of(text)
        found = identity.read_uri(text)
    except (identity.Refused, ValueError) as error:
        raise Refused("path-parameter", f"{error}") from error
    hold("path-parameter", f"{text!r} is another", holds=found["type"] in TYPES[variable])
    return found["canonical"]


def find_endpoint(endpoints: list[dict], host: str, target: str) -> tuple[dict, str]:
    """Find the endpoint of a target, that with most before its variable, and what stands there."""
    found = []
    for each in endpoints:
        before, after = each["parts"]
        inner = target[len(before) : len(target) - len(after)]
        fits = target == before + inner + after and re.fullmatch("[^/?#]+", inner)
        if each["host"] == host and fits:
            found.append((len(before), each, inner))
    hold("unknown-endpoint", "nothing is there", holds=bool(found))
    _, each, inner = max(found, key=lambda one: one[0])
    return each, inner


def read_request(case: dict) -> dict:
    endpoints = read_directory(case["directory"].encode())
    headers, body = headers_of(case["headers"]), unhex(case["body"])
    hold("content-length", "it is too long", holds=len(body) <= case["most_octets"])
    hold("header", "no From", holds="from" in headers)
    local, _, name = headers["from"].partition("@")
    hold("source", "not mimi@", holds=local == "mimi" and "@" in headers["from"])
    source = named("source", name)
    known = source in case["authenticated"]
    hold("unauthenticated-source", f"{source}", holds=known)
    hold("header", "no Host", holds="host" in headers)
    host = named("host", headers["host"].split(":")[0])
    hold("host", f"{host}", holds=host in {each["host"] for each in endpoints})
    each, inner = find_endpoint(endpoints, host, case["target"])
    endpoint = each["endpoint"]
    method = "POST" if endpoint in REQUESTS else "GET"
    if case["method"] != method:
        refused = Refused("method", f"{method} is meant")
        refused.allow = method
        raise refused
    parameter = parameter_of(each["variable"], inner)
    if endpoint in REQUESTS:
        check_media_type(headers, OCTETS)
        check_body(endpoint, body)
    else:
        hold("malformed", "GET has no body", holds=not body)
    return {"endpoint": endpoint, "parameter": parameter, "source": source}


def check_body(endpoint: str, body: bytes) -> None:
    if endpoint in {"keyMaterial", "submitMessage", "groupInfo"}:
        hold("malformed", "no protocol", holds=bool(body))
        hold("incompatible-protocol", f"{body[0]}", holds=body[0] == 1)
    hold("empty-notify", "no message", holds=endpoint != "notify" or bool(body))
    try:
        read_body(REQUESTS[endpoint], body)
    except Unreadable as error:
        raise Refused("malformed", f"{error}") from error


def check_request(case: dict) -> None:
    try:
        about = read_request(case) | {"rule": None, "status": None, "allow": None}
    except Refused as refused:
        about = dict.fromkeys(("endpoint", "parameter", "source")) | {"rule": refused.rule}
        about["status"] = STATUSES.get(refused.rule, 400)
        about["allow"] = getattr(refused, "allow", None)
    for name, value in about.items():
        agree(name, value, case[name])
    if case["url"] is not None:
        url = url_of(
            read_directory(case["directory"].encode()), case["endpoint"], case["parameter"]
        )
        agree("url", url, case["url"])
        host = re.fullmatch("https://([^/?]*)(.*)", url)
        assert host is not None
        agree("target", sent(host[2]), case["target"])
        written = [["Host", host[1]], ["From", f"mimi@{case['source']}"]]
        written += [["Content-Type", OCTETS]] if case["method"] == "POST" else []
        agree("headers", written, case["headers"])


# Responses

RESPONSES = {
    "keyMaterial": "KeyMaterialResponse",
    "update": "UpdateRoomResponse",
    "submitMessage": "SubmitMessageResponse",
    "groupInfo": "GroupInfoResponse",
    "identifierQuery": "IdentifierResponse",
}
NOT_FINAL = {401, 408, 421, 425, 429}


def accepts(endpoint: str, status: int) -> bool:
    if endpoint == "reportAbuse":
        return 200 <= status < 300
    return status == (201 if endpoint in {"notify", "requestConsent", "updateConsent"} else 200)


def seconds_until(guidance: str | None, now: int) -> int | None:
    """Read Retry-After (RFC 9110, sections 10.2.3 and 5.6.7): seconds, or an IMF-fixdate."""
    if guidance is None:
        return None
    if re.fullmatch("[0-9]{1,10}", guidance):
        return int(guidance)
    if not re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", guidance):
        return None
    leap = guidance[23:25] == "60"
    text = f"{guidance[5:23]}59" if leap else guidance[5:25]
    try:
        date = datetime.strptime(text, "%d %b %Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(calendar.timegm(date.timetuple()) + leap - now, 0)


def read_response(case: dict) -> dict:
    endpoint, status, body = case["endpoint"], case["status"], unhex(case["body"])
    found: dict[str, Any] = dict.fromkeys(("structure", "retry_after", "is_final"))
    if endpoint == "directory":
        if status == 200:
            check_media_type(headers_of(case["headers"]), "application/json")
            read_directory(body)
            return found | {"outcome": "answered"}
        return found | {"outcome": "refused", "is_final": is_final(status)}
    headers = headers_of(case["headers"])
    if not accepts(endpoint, status):
        retry = seconds_until(headers.get("retry-after"), case["now"])
        return found | {
            "outcome": "refused",
            "retry_after": retry,
            "is_final": is_final(status),
        }
    hold("content-length", "it is too long", holds=len(body) <= case["most_octets"])
    if endpoint in RESPONSES:
        check_media_type(headers, OCTETS)
        found["structure"] = RESPONSES[endpoint]
        try:
            read_body(RESPONSES[endpoint], body)
        except Unreadable as error:
            raise Refused("malformed", f"{error}") from error
    return found | {"outcome": "answered"}


def is_final(status: int) -> bool:
    """Say whether the same request is refused again: who sent it is at fault, and stays so."""
    return 400 <= status < 500 and status not in NOT_FINAL


def check_response(case: dict) -> None:
    names = "outcome", "structure", "retry_after", "is_final"
    try:
        found = read_response(case) | {"rule": None}
    except Refused as refused:
        found = dict.fromkeys(names) | {"rule": refused.rule}
    for name in (*names, "rule"):
        agree(name, found[name], case[name])
