"""Reading CBOR diagnostic notation (RFC 8949 section 8), as far as the published examples use it.

Two of them end an array with a comma, and one lacks a comma between two elements: commas are
read as white space here.
"""

import re
from typing import Any

TOKENS = re.compile(
    r"""(?:\s | \#[^\n]* | /[^/]*/ | ,)*
    (?: h'(?P<hex>[^']*)'
      | '(?P<octets>(?:[^'\\] | \\.)*)'
      | "(?P<text>(?:[^"\\] | \\.)*)"
      | (?P<number>-?\d+)
      | (?P<name>true | false | null)
      | (?P<sign>[\[\]{}:+])
      | (?P<end>\Z) )""",
    re.VERBOSE,
)
NAMES = {"true": True, "false": False, "null": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def read_edn(text: str) -> Any:
    """Return the value that is written in diagnostic notation."""
    reader = _Reader(text)
    value = reader.value()
    assert reader.kind == "end", reader.word
    return value


class _Reader:
    """A text, and the word that comes next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 0
        self.move()

    def move(self) -> None:
        found = TOKENS.match(self.text, self.end)
        assert found is not None, self.text[self.end : self.end + 40]
        self.end = found.end()
        self.kind = str(found.lastgroup)
        self.word = found[self.kind]

    def value(self) -> Any:
        kind, word = self.kind, self.word
        self.move()
        match kind:
            case "number":
                return int(word)
            case "name":
                return NAMES[word]
            case "sign" if word == "[":
                return self.array()
            case "sign" if word == "{":
                return self.map()
        made = _string(kind, word)
        while (self.kind, self.word) == ("sign", "+"):
            self.move()
            made += _string(self.kind, self.word)
            self.move()
        return made

    def array(self) -> list[Any]:
        made = []
        while not self.closes("]"):
            made.append(self.value())
        return made

    def map(self) -> dict[Any, Any]:
        made = {}
        while not self.closes("}"):
            key = self.value()
            assert self.word == ":"
            self.move()
            made[key] = self.value()
        return made

    def closes(self, sign: str) -> bool:
        if (self.kind, self.word) != ("sign", sign):
            return False
        self.move()
        return True


def _string(kind: str, word: str) -> Any:
    if kind == "hex":
        return bytes.fromhex(re.sub(r"#[^\n]*", "", word))
    plain = re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), word)
    return {"octets": plain.encode(), "text": plain}[kind]
