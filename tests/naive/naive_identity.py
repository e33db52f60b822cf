"""``mimi:`` URIs and domains, read the long way from RFC 3986 and RFC 5890 to 5893.

Whatever breaks a rule raises ``Refused`` with the short name of the rule, and where. A text that is
being read is a list of characters, each with its place.
"""

import re
import unicodedata

Placed = list[tuple[str, int]]

ALPHA = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNRESERVED = ALPHA + "0123456789-._~"
SUB = "!$&'()*+,;="
PCHAR = UNRESERVED + SUB + ":@"
URI_CHARACTERS = UNRESERVED + SUB + ":/?#[]@%"
TYPES = {"u": "user", "p": "pseudonym", "d": "client", "r": "room", "g": "group", "t": "team"}
MOST_OCTETS = 65535


class Refused(Exception):  # noqa: N818 - what happened, not what went wrong
    """A rule is broken."""

    def __init__(self, slug: str, at: int | None = None) -> None:
        super().__init__(slug, at)
        self.slug = slug
        self.at = at


# Percent-encoding


def unpercent(text: str, at: int, allowed: str) -> Placed:
    """Decode a part of a URI that begins at a place, character by character."""
    octets: list[tuple[int, int]] = []
    while text:
        if text[0] == "%":
            if not re.match("%[0-9A-Fa-f]{2}", text):
                raise Refused("percent", at)
            octets.append((int(text[1:3], 16), at))
            text, at = text[3:], at + 3
        elif text[0] in allowed:
            octets.append((ord(text[0]), at))
            text, at = text[1:], at + 1
        else:
            raise Refused("character", at)
    placed: Placed = []
    while octets:
        for length in (1, 2, 3, 4):
            try:
                character = bytes(octet for octet, _ in octets[:length]).decode()
            except UnicodeDecodeError:
                continue
            if len(character) == 1:
                placed.append((character, octets[0][1]))
                octets = octets[length:]
                break
        else:
            raise Refused("utf-8", octets[0][1])
    return placed


def text_of(placed: Placed) -> str:
    return "".join(character for character, _ in placed)


def placed_from(text: str, at: int) -> Placed:
    return [(character, at + index) for index, character in enumerate(text)]


def percent(text: str, allowed: str) -> str:
    """Encode every octet but those of allowed characters."""
    return "".join(
        character
        if character in allowed
        else "".join(f"%{octet:02X}" for octet in character.encode())
        for character in text
    )


def normal(segment: str) -> str:
    """Encode as RFC 3986 section 6.2.2 says, knowing that the segment is right."""

    def one(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if character in UNRESERVED else match[0].upper()

    return re.sub("%..", one, segment)


# Domains


def is_pvalid(character: str) -> bool:
    """Tell whether RFC 5892 derives PVALID for a character, contextual ones aside."""
    if character in "-0123456789abcdefghijklmnopqrstuvwxyz\xdf\u03c2\u06fd\u06fe\u0f0b\u3007":
        return True
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    if unicodedata.normalize("NFKC", folded) != character:
        return False
    return unicodedata.category(character) in {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}


def is_u_label(label: str) -> bool:
    """Tell whether a label may be internationalised as it is (RFC 5891 section 4.2)."""
    if unicodedata.normalize("NFC", label) != label or label[0] == "-" or label[-1] == "-":
        return False
    if label[2:4] == "--" or unicodedata.category(label[0]).startswith("M"):
        return False
    for index, character in enumerate(label):
        if character in "\u200c\u200d":
            if index == 0 or unicodedata.combining(label[index - 1]) != 9:
                return False
        elif not is_pvalid(character):
            return False
    return True


def keeps_direction(label: str) -> bool:
    """Tell whether a label keeps the rule of RFC 5893 section 2."""
    directions = [unicodedata.bidirectional(character) for character in label]
    while directions and directions[-1] == "NSM":
        directions.pop()
    if not directions:
        return False
    present = set(directions)
    if directions[0] in {"R", "AL"}:
        allowed = {"R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        ends = directions[-1] in {"R", "AL", "EN", "AN"}
        return present <= allowed and ends and not {"EN", "AN"} <= present
    allowed = {"L", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
    return directions[0] == "L" and present <= allowed and directions[-1] in {"L", "EN"}


def u_label(label: str, at: int) -> str:
    """Give the form of a label for people."""
    label = "".join(letter.lower() if letter.isascii() else letter for letter in label)
    if label.startswith("xn--"):
        try:
            unicode = label[4:].encode().decode("punycode")
        except UnicodeError:
            raise Refused("label", at) from None
        if not unicode or unicode.isascii() or a_label(unicode) != label:
            raise Refused("label", at)
        label = unicode
    if not is_u_label(label):
        raise Refused("label", at)
    return label


def a_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def read_domain(placed: Placed, at: int, end: int) -> tuple[str, str]:
    """Give the ASCII form of a domain, which is between two places, and the one for people."""
    text = text_of(placed)
    if not text:
        raise Refused("host", at)
    labels: list[tuple[str, int]] = []
    for dotted in re.finditer(r"([^.]*)(\.|$)", text):
        if dotted.start() == len(text) and not text.endswith("."):
            break
        place = placed[dotted.start()][1] if dotted.start() < len(text) else end
        if not dotted[1]:
            raise Refused("label-empty", place)
        if len(a_label(dotted[1])) > 63:
            raise Refused("label-length", place)
        labels.append((dotted[1], place))
    if re.fullmatch("[0-9]+|0[xX][0-9a-fA-F]*", labels[-1][0]):
        raise Refused("ip-address", labels[-1][1])
    people = [(u_label(label, place), place) for label, place in labels]
    ascii_form = ".".join(a_label(label) for label, _ in people)
    if any(
        unicodedata.bidirectional(character) in {"R", "AL", "AN"}
        for label, _ in people
        for character in label
    ):
        for label, place in people:
            if not keeps_direction(label):
                raise Refused("domain-bidi", place)
    if len(ascii_form) > 253:
        raise Refused("domain-length", at)
    return ascii_form, ".".join(label for label, _ in people)


def read_host(host: str, at: int) -> tuple[str, str]:
    """Read the host of a URI."""
    if host.startswith("["):
        raise Refused("ip-address", at)
    if ":" in host:
        raise Refused("port", at + host.index(":"))
    return read_domain(unpercent(host, at, UNRESERVED + SUB), at, at + len(host))


# URIs


def read_uri(text: str) -> dict:
    """Give the fields of a vector for a ``mimi:`` URI that is accepted."""
    if len(text.encode()) > MOST_OCTETS:
        raise Refused("uri-length", MOST_OCTETS)
    for at, character in enumerate(text):
        if character not in URI_CHARACTERS:
            raise Refused("character", at)
    if text[:5].lower() != "mimi:":
        raise Refused("scheme", 0)
    if text[5:7] != "//":
        raise Refused("authority", 5)
    for at, character in enumerate(text):
        if character in "?#":
            raise Refused("query" if character == "?" else "fragment", at)
    host, _, path = text[7:].partition("/")
    if "@" in host:
        raise Refused("userinfo", 7)
    ascii_form, people = read_host(host, 7)
    segments = read_path(path, 7 + len(host) + 1) if path else []
    kind, names = read_type(segments, len(text)) if segments else ("provider", [])
    canonical = "/".join([f"mimi://{ascii_form}", *(segment for segment, _, _ in segments)])
    return {
        "type": kind,
        "canonical": canonical,
        "provider": people,
        "names": names,
        "path_segment": percent(canonical, UNRESERVED),
        "iri": "/".join([f"mimi://{people}", *map(for_people, [s for s, _, _ in segments])]),
        "rule": None,
        "at": None,
    }


def read_path(path: str, at: int) -> list[tuple[str, str, int]]:
    """Give the segments of a path: in normal form, decoded, and where."""
    segments = []
    for segment in path.split("/"):
        name = text_of(unpercent(segment, at, PCHAR))
        if not segment:
            raise Refused("segment-empty", at)
        if name in {".", ".."}:
            raise Refused("segment-dots", at)
        segments.append((normal(segment), name, at))
        at += len(segment) + 1
    return segments


def read_type(segments: list[tuple[str, str, int]], end: int) -> tuple[str, list[str]]:
    letter, _, at = segments[0]
    if letter not in TYPES:
        raise Refused("type", at)
    names = segments[1:]
    most = 2 if letter == "d" else 1
    if not names:
        raise Refused("segment-count", end)
    if len(names) > most:
        raise Refused("segment-count", names[most][2])
    return TYPES[letter], [name for _, name, _ in names]


def for_people(segment: str) -> str:
    """Show what is printable beyond ASCII, unless a delimiter is encoded in the segment."""
    name = text_of(unpercent(segment, 0, PCHAR))
    if percent(name, PCHAR) != segment:
        return segment
    return "".join(
        character
        if character >= "\xa0" and character.isprintable() and not character.isspace()
        else percent(character, PCHAR)
        for character in name
    )


def fields_of_uri(text: str) -> dict:
    """Give the fields of a vector for any text."""
    try:
        return read_uri(text)
    except Refused as refused:
        names = ("type", "canonical", "provider", "names", "path_segment", "iri")
        return dict.fromkeys(names) | {"rule": refused.slug, "at": refused.at}
