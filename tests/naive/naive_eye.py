"""What may mislead a reader, found the long way: as far as the vectors go.

Scripts are told by the names of characters, and characters that look alike are in a short list, so
that nothing here comes from the data of packages.
"""

import re
import unicodedata

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HIDDEN = "\xad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\u180e\ufeff\u180b\u180c\u180d"
EAST_ASIAN = {
    "CJK": {"Jpan", "Hanb", "Kore"},
    "HIRAGANA": {"Jpan"},
    "KATAKANA": {"Jpan"},
    "KATAKANA-HIRAGANA": {"Jpan"},
    "HANGUL": {"Kore"},
    "BOPOMOFO": {"Hanb"},
}

LOOKS = {
    **dict(zip("\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456", "aeopcxyi", strict=True)),
    **dict(zip("\u03bf\u03bd\u03c5\u03b1\u0391\u0392\u0395", "ovuaABE", strict=True)),
    "\u04cf": "i",
    "\u0555": "O",
    "\u0131": "i",
    "\u0251": "a",
    "\u0406": "l",
    "\u041e": "O",
    "1": "l",
    "I": "l",
    "0": "O",
    "m": "rn",
    "\ufb01": "fi",
    "\U0001d41a": "a",
    "\u2215": "/",
    "\u2044": "/",
    "\u2236": ":",
    "\uff41": "a",
    "\u0661": "l",
    "\u06f1": "l",
    "\uff43": "c",
    "\U0001d41b": "b",
}


def is_hidden(character: str) -> bool:
    code = ord(character)
    variation = 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF
    return character in HIDDEN or variation or unicodedata.category(character) == "Cf"


def looks(text: str) -> str:
    """Give what all texts that look like this one have in common."""
    plain = unicodedata.normalize("NFD", text)
    visible = (letter for letter in plain if letter == "\u2800" or not is_hidden(letter))
    return unicodedata.normalize("NFD", "".join(LOOKS.get(letter, letter) for letter in visible))


def script(character: str) -> str | None:
    """Give the first word of the name of a letter; nothing for what all scripts share."""
    if character in "\u061c\u2800":
        return "ARABIC" if character == "\u061c" else "BRAILLE"
    name = unicodedata.name(character, "").removeprefix("FULLWIDTH ").split(" ")[0]
    if unicodedata.category(character)[0] != "L" or name == "MATHEMATICAL":
        return None
    return name


def systems(name: str) -> set[str]:
    """Give the writing systems that have a script."""
    alone = {"KATAKANA", "HIRAGANA"} if name == "KATAKANA-HIRAGANA" else {name}
    return alone | EAST_ASIAN.get(name, set())


def mixed_scripts(text: str) -> int | None:
    for end in range(1, len(text) + 1):
        names = [systems(name) for name in map(script, text[:end]) if name]
        others = [name for name in names if "LATIN" not in name]
        one = set.intersection(*names) if names else {"any"}
        beside = set.intersection(*others) & {"Jpan", "Hanb", "Kore"} if others else {"any"}
        if not one and not beside:
            return end - 1
    return None


def mixed_directions(text: str) -> int | None:
    seen = ""
    for at, character in enumerate(text):
        direction = unicodedata.bidirectional(character).replace("AL", "R")
        if character not in BIDI and direction in {"L", "R"}:
            if seen not in {"", direction}:
                return at
            seen = direction
    return None


def marks(text: str) -> int | None:
    plain = unicodedata.normalize("NFD", text)
    signs = "".join("m" if unicodedata.category(c) in {"Mn", "Me"} else "." for c in plain)
    found = [0] if signs.startswith("m") else []
    found += [match.start() + 4 for match in re.finditer("m{5}", signs)]
    found += [at for at in range(1, len(plain)) if signs[at] == "m" and plain[at] == plain[at - 1]]
    return min(*found, len(text) - 1) if found else None


def homograph(text: str) -> int | None:
    at = first(
        text, lambda c: not c.isascii() and unicodedata.category(c)[0] in "LN" and not is_hidden(c)
    )
    shown = looks(text)
    bare = "".join(letter for letter in shown if unicodedata.category(letter) != "Mn")
    is_latin = all(script(letter) in {None, "LATIN"} for letter in text)
    return at if bare.isascii() and (shown.isascii() or not is_latin) else None


def mixed_numbers(text: str) -> int | None:
    digits = [(at, c) for at, c in enumerate(text) if unicodedata.category(c) == "Nd"]
    zeros = [ord(c) - int(c) for _, c in digits]
    different = [at for (at, _), zero in zip(digits, zeros, strict=True) if zero != zeros[0]]
    return different[0] if different else None


def decomposed(text: str) -> int | None:
    normal = unicodedata.normalize("NFC", text)
    at = 0
    while at < min(len(text), len(normal)) and text[at] == normal[at]:
        at += 1
    return None if normal == text else at


def first(text: str, wrong) -> int | None:
    found = [at for at, character in enumerate(text) if wrong(character)]
    return found[0] if found else None


def category(*wanted: str):
    return lambda text: first(text, lambda c: unicodedata.category(c).startswith(wanted))


RULES = {
    "control": category("Cc"),
    "bidi-control": lambda text: first(text, lambda c: c in BIDI),
    "mixed-directions": mixed_directions,
    "invisible": lambda text: first(text, lambda c: c not in BIDI and is_hidden(c)),
    "space": category("Z"),
    "unknown": category("Cn", "Co", "Cs"),
    "delimiter": lambda text: first(text, lambda c: set(looks(c)) & set(":/?#[]@%\\")),
    "marks": marks,
    "decomposed": decomposed,
    "compatibility": lambda text: first(
        text, lambda c: unicodedata.normalize("NFKD", c) != unicodedata.normalize("NFD", c)
    ),
    "mixed-scripts": mixed_scripts,
    "mixed-numbers": mixed_numbers,
    "homograph": homograph,
}


def dangers(text: str, known: list[str]) -> list[dict]:
    found = [(danger, rule(text), None) for danger, rule in RULES.items()]
    like = [
        ("lookalike", 0, other) for other in known if other != text and looks(other) == looks(text)
    ]
    return [
        {"danger": danger, "at": at, "known": other}
        for danger, at, other in [*found, *like]
        if at is not None
    ]
