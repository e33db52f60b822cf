"""Identifiers of other systems, read and written the long way from their specifications.

An identifier of whatever form is read into its type, its domain in both forms and its names; what
is written is made of these again.
"""

import re
import unicodedata
from collections.abc import Callable

from naive.naive_identity import (
    PCHAR,
    SUB,
    UNRESERVED,
    Placed,
    Refused,
    percent,
    placed_from,
    read_domain,
    read_host,
    read_uri,
    text_of,
    unpercent,
)

LOCAL = "local.invalid"
SIP = UNRESERVED + "!*'()&=+$,;?/"
MAIL = UNRESERVED + "!$'*+"
NODE = UNRESERVED + "!$()*+,;="
ATEXT = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x9f])"
ATOMS = rf"{ATEXT}+(?:\.{ATEXT}+)*"

Found = tuple[str, tuple[str, str] | None, list[str]]
"""A type, a domain in both forms (none in forms without), and names."""


def scheme(text: str, name: str) -> str:
    if text[: len(name) + 1].lower() != f"{name}:":
        raise Refused("scheme", 0)
    if text[len(name) + 1 :].startswith("//"):
        raise Refused("authority", len(name) + 1)
    return text[len(name) + 1 :]


def plain_domain(text: str, at: int) -> tuple[str, str]:
    if text.startswith("["):
        raise Refused("ip-address", at)
    return read_domain(placed_from(text, at), at, at + len(text))


def unquoted(placed: Placed, at: int) -> str:
    """Give the name that a local part is (RFC 5321 section 4.1.2)."""
    text = text_of(placed)
    if text in {"", '""'}:
        raise Refused("name-empty", at)
    if text[0] == '"':
        inside = re.fullmatch(r'"((?:[ !#-\[\]-~]|[^\x00-\x9f]|\\[ -~])*)"', text)
        if inside is None:
            raise Refused("local-part", at)
        return re.sub(r"\\(.)", r"\1", inside[1])
    right = re.match(ATOMS, text)
    end = right.end() if right else 0
    if end < len(text):
        raise Refused("local-part", placed[end][1])
    return text


def quoted(name: str) -> str:
    if re.fullmatch(ATOMS, name):
        return name
    if re.search(r"[\x00-\x1f\x7f-\x9f]", name):
        raise Refused("inexpressible-name")
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read_at_uri(name: str, allowed: str, mailbox: bool) -> Callable[[str], Found]:
    def read(text: str) -> Found:
        body = scheme(text, name)
        at = len(name) + 1
        if "@" not in body:
            raise Refused("separator", len(text))
        user, host = body.split("@", 1)
        if ":" in user:
            raise Refused("userinfo", at + user.index(":"))
        placed = unpercent(user, at, allowed)
        local = unquoted(placed, at) if mailbox else text_of(placed)
        if not local:
            raise Refused("name-empty", at)
        at += len(user) + 1
        for index, character in enumerate(host):
            if character in "?;#":
                raise Refused("fragment" if character == "#" else "query", at + index)
        return "user", read_host(host, at), [local]

    return read


def read_email(text: str) -> Found:
    if "@" not in text:
        raise Refused("separator", len(text))
    local, domain = text.rsplit("@", 1)
    name = unquoted(placed_from(local, 0), 0)
    found = plain_domain(domain, len(local) + 1)
    check_email(quoted(name), found[0])
    return "user", found, [name]


def check_email(local: str, domain: str) -> None:
    if len(local.encode()) > 64 or len(f"{local}@{domain}".encode()) > 254:
        raise Refused("name-length", 0)


# XMPP


def node(placed: Placed, at: int) -> str:
    """Give a local part as UsernameCaseMapped has it, as far as the vectors go."""
    part(placed, at)
    wide = "".join(
        unicodedata.normalize("NFKC", letter)
        if unicodedata.east_asian_width(letter) in "FH"
        else letter
        for letter, _ in placed
    )
    name = unicodedata.normalize("NFC", wide.lower())
    for index, letter in enumerate(name):
        is_letter = unicodedata.category(letter) in {"Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"}
        if letter in "\"&'/:<>@" or not (is_letter or "!" <= letter <= "~"):
            raise Refused("name-character", placed[index][1])
    return name


def resource(placed: Placed, at: int) -> str:
    """Give a resource as OpaqueString has it."""
    part(placed, at)
    text = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter, _ in placed)
    for index, letter in enumerate(text):
        if unicodedata.category(letter) == "Cc":
            raise Refused("name-character", placed[index][1])
    return unicodedata.normalize("NFC", text)


def part(placed: Placed, at: int) -> None:
    if not placed:
        raise Refused("name-empty", at)
    if len(text_of(placed).encode()) > 1023:
        raise Refused("name-length", at)


def read_jid(text: str) -> Found:
    bare, *rest = text.split("/", 1)
    if bare.count("@") > 1:
        raise Refused("name-character", bare.index("@", bare.index("@") + 1))
    user, domain = bare.split("@") if "@" in bare else (None, bare)
    at = len(bare) - len(domain)
    return jid(
        plain_domain(domain, at),
        None if user is None else node(placed_from(user, 0), 0),
        resource(placed_from(rest[0], len(bare) + 1), len(bare) + 1) if rest else None,
    )


def read_xmpp(text: str) -> Found:
    body = scheme(text, "xmpp")
    tail = re.search("[?#]", body)
    if tail:
        raise Refused("query" if tail[0] == "?" else "fragment", 5 + tail.start())
    bare, *rest = body.split("/", 1)
    user, domain = bare.rsplit("@", 1) if "@" in bare else (None, bare)
    behind = 5 + len(bare) + 1
    return jid(
        read_host(domain, 5 + len(bare) - len(domain)),
        None if user is None else node(unpercent(user, 5, NODE), 5),
        resource(unpercent(rest[0], behind, PCHAR), behind) if rest else None,
    )


def jid(domain: tuple[str, str], user: str | None, client: str | None) -> Found:
    names = [name for name in (user, client) if name is not None]
    kind = ["provider", "user", "client"][len(names)]
    return ("resource" if user is None and client is not None else kind), domain, names


# Matrix, handles, numbers


def read_matrix(sigil: str, kind: str) -> Callable[[str], Found]:
    wrong = r"[\x00:]" if sigil == "#" else "[^!-9;-~]"

    def read(text: str) -> Found:
        if text[:1] != sigil:
            raise Refused("sigil", 0)
        name, *server = text[1:].split(":", 1)
        if not name:
            raise Refused("name-empty", 1)
        bad = re.search(wrong, name)
        if bad:
            raise Refused("name-character", 1 + bad.start())
        if not server:
            raise Refused("separator", len(text))
        at = len(name) + 2
        if server[0].startswith("["):
            raise Refused("ip-address", at)
        for index, character in enumerate(server[0]):
            if not character.isascii():
                raise Refused("name-character", at + index)
            if character == ":":
                raise Refused("port", at + index)
        domain = plain_domain(server[0], at)
        if len(text.encode()) > 255:
            raise Refused("name-length", 0)
        return kind, domain, [f"!{name}" if sigil == "!" else name]

    return read


def handle(name: str, at: int) -> None:
    if not name:
        raise Refused("name-empty", at)
    for index, character in enumerate(name, at):
        category = unicodedata.category(character)
        if character in "@/:" or category in {"Zs", "Zl", "Zp", "Cc", "Cf"}:
            raise Refused("name-character", index)


def read_scoped(text: str) -> Found:
    if text[:1] != "@":
        raise Refused("sigil", 0)
    name, *domain = text[1:].split("@", 1)
    handle(name, 1)
    if not domain:
        raise Refused("separator", len(text))
    return "user", plain_domain(domain[0], len(name) + 2), [name]


def read_unscoped(text: str) -> Found:
    if text[:1] != "@":
        raise Refused("sigil", 0)
    handle(text[1:], 1)
    return "user", None, [text[1:]]


def read_number(text: str, at: int = 0) -> Found:
    digits = text[1:]
    if text[:1] != "+" or not 1 <= len(digits) <= 15 or digits.strip("0123456789"):
        raise Refused("number", at)
    if digits[0] == "0":
        raise Refused("number", at)
    return "user", None, [text]


def read_tel(text: str) -> Found:
    body = scheme(text, "tel")
    tail = re.search("[?;#]", body)
    if tail:
        raise Refused("fragment" if tail[0] == "#" else "query", 4 + tail.start())
    return read_number(re.sub("[-.()]", "", body), 4)


READERS: dict[str, Callable[[str], Found]] = {
    "im": read_at_uri("im", UNRESERVED + SUB, True),
    "pres": read_at_uri("pres", UNRESERVED + SUB, True),
    "sip": read_at_uri("sip", SIP, False),
    "sips": read_at_uri("sips", SIP, False),
    "acct": read_at_uri("acct", UNRESERVED + SUB, False),
    "email": read_email,
    "jid": read_jid,
    "xmpp": read_xmpp,
    "matrix-user": read_matrix("@", "user"),
    "matrix-room": read_matrix("!", "room"),
    "matrix-alias": read_matrix("#", "room"),
    "scoped-handle": read_scoped,
    "unscoped-handle": read_unscoped,
    "e164": read_number,
    "tel": read_tel,
}


def write(form: str, domain: tuple[str, str], names: list[str]) -> str:
    """Write an identifier in a form."""
    name = names[0] if names else ""
    match form:
        case "im" | "pres":
            return f"{form}:{percent(quoted(name), MAIL)}@{domain[0]}"
        case "sip" | "sips":
            return f"{form}:{percent(name, SIP.replace('/', ''))}@{domain[0]}"
        case "acct":
            return f"acct:{percent(name, UNRESERVED + SUB)}@{domain[0]}"
        case "email":
            return f"{quoted(name)}@{domain[0]}"
        case "jid":
            client = f"/{names[1]}" if len(names) == 2 else ""
            return f"{name}@{domain[1]}{client}" if name else domain[1]
        case "xmpp":
            client = f"/{percent(names[1], PCHAR.replace('@', ''))}" if len(names) == 2 else ""
            user = f"{percent(name, NODE)}@" if name else ""
            return f"xmpp:{user}{percent(domain[1], UNRESERVED)}{client}"
        case "matrix-room":
            return f"{name}:{domain[0]}"
        case "matrix-user" | "matrix-alias":
            return f"{'@' if form == 'matrix-user' else '#'}{name}:{domain[0]}"
        case "scoped-handle":
            return f"@{name}@{domain[0]}"
    return {"unscoped-handle": "@", "tel": "tel:", "e164": ""}[form] + name


WITHOUT_DOMAIN = {"unscoped-handle", "e164", "tel"}
KINDS = {"jid": ("provider", "user", "client"), "xmpp": ("provider", "user", "client")}
KINDS |= {"matrix-room": ("room",), "matrix-alias": ("room",)}
LETTERS = {"user": "u", "client": "d", "room": "r"}


def to_mimi(form: str, text: str, provider: str | None) -> dict:
    """Give the fields of a vector for a text in a form."""
    fields = dict.fromkeys(("canonical", "mimi", "rule", "at"))
    try:
        kind, domain, names = READERS[form](text)
    except Refused as refused:
        return fields | {"rule": refused.slug, "at": refused.at}
    if kind == "resource":
        return fields | {"canonical": text, "rule": "inexpressible-type"}
    ascii_form, people = domain or (provider or LOCAL, provider or LOCAL)
    fields["canonical"] = write(form, (ascii_form, people), names)
    if domain is not None and ascii_form == LOCAL:
        return fields | {"rule": "no-domain"}
    if names and (names[0] in {".", ".."} or (form == "matrix-alias" and names[0][0] == "!")):
        return fields | {"rule": "inexpressible-name"}
    segments = [LETTERS[kind], *(percent(name, PCHAR) for name in names)] if names else []
    return fields | {"mimi": "/".join([f"mimi://{ascii_form}", *segments])}


def from_mimi(form: str, mimi: str, provider: str | None) -> dict:
    """Give the fields of a vector for a ``mimi:`` URI in a form."""
    fields = dict.fromkeys(("canonical", "rule", "at"))
    try:
        return fields | {"canonical": written(form, read_uri(mimi), provider)}
    except Refused as refused:
        return fields | {"rule": refused.slug}


def written(form: str, uri: dict, provider: str | None) -> str:
    names = uri["names"]
    if uri["type"] not in KINDS.get(form, ("user",)) or (uri["type"], len(names)) == ("client", 1):
        raise Refused("inexpressible-type")
    segments = uri["canonical"].split("/")[4:]
    if segments != [percent(name, PCHAR) for name in names]:
        raise Refused("inexpressible-encoding")
    domain = uri["canonical"].split("/")[2]
    wanted = provider and provider.lower()
    if form in WITHOUT_DOMAIN:
        if domain != (wanted or LOCAL):
            raise Refused("other-provider")
    elif domain == LOCAL:
        raise Refused("no-domain")
    elif wanted not in {None, domain}:
        raise Refused("other-provider")
    if form.startswith("matrix-r") != (uri["type"] == "room" and names[0][0] == "!"):
        raise Refused("inexpressible-name")
    try:
        text = write(form, (domain, uri["provider"]), names)
        kept = READERS[form](text)[2]
    except Refused:
        raise Refused("inexpressible-name") from None
    if kept != names:
        raise Refused("inexpressible-name")
    return text
