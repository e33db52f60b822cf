"""Showing declared CBOR documents to people, as CDDL (RFC 8610)."""

import re
from typing import Any

import cbor2

from mimi.codec.cddl import entries_of, form_of
from mimi.codec.cddl_shape import (
    HIGHEST,
    LOWEST,
    Cases,
    Constant,
    Document,
    Entry,
    Many,
    Maybe,
    OneOf,
    Own,
    Range,
    Registered,
    Rest,
    Ruled,
    Scalar,
    Shape,
    Size,
)
from mimi.codec.codepoint import CodePoint
from mimi.errors import UsageError

_WORDS: dict[object, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    bytes: "bstr",
    str: "tstr",
    float: "float",
    list: "[* any]",
    tuple: "[* any]",
    dict: "{* any => any}",
    cbor2.frozendict: "{* any => any}",
    cbor2.CBORTag: "#6",
}


def cddl(*declared: type[Any]) -> str:
    """Return the rules of declared classes, and after each those of the classes that it needs.

    Names are the specification's, in camelCase. What CDDL cannot say, a rule of a value, is a
    comment; what the fields of a class must be together is not said::

        Expiration = [
          relative: bool,
          time: 0..4294967295,
        ]

    Raises:
        UsageError: A class is not declared as CBOR, or two have the same name.
    """
    rules = _Rules()
    for each in declared:
        rules.document(each)
    return "\n\n".join(rules.texts.values())


class _Rules:
    """The rules so far, by name, each in the place where it was needed first."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.classes: dict[str, type[Any]] = {}

    def is_new(self, declaration: type[Any]) -> bool:
        """Take the name of a class; return whether its rule is to be written."""
        name = declaration.__name__
        if self.classes.setdefault(name, declaration) is not declaration:
            raise UsageError(f"two classes are {name}")
        if name in self.texts:
            return False
        self.texts[name] = ""
        return True

    def document(self, declaration: type[Any]) -> str:
        """Write the rule of a class; return its name."""
        name, form = declaration.__name__, form_of(declaration)
        if not self.is_new(declaration):
            return name
        fields = entries_of(declaration)
        if form == "array":
            self.texts[name] = _block(name, "[]", [self.element(field) for field in fields])
        elif form == "map":
            self.texts[name] = _block(name, "{}", [self.entry(field) for field in fields])
        else:
            inner = self.words(fields[0].shape)
            written = inner if form == "bare" else f"#6.{form}({inner})"
            self.texts[name] = f"{name} = {written}{_never(fields[0].shape)}"
        return name

    def element(self, field: Entry) -> str:
        """Return the line of a field of an array."""
        return f"{camel(field.name)}: {self.words(field.shape)},{_never(field.shape)}"

    def entry(self, field: Entry) -> str:
        """Return the line of a field of a map."""
        if isinstance(field.shape, Rest):
            return "* (int / bstr / tstr) => any,"
        label = f"&({camel(field.name)}: {field.key})"
        if isinstance(field.key, str):
            label = _quoted(field.key)
        perhaps = "? " if field.optional else ""
        return f"{perhaps}{label} ^ => {self.words(field.shape)},{_never(field.shape)}"

    def words(self, shape: Shape) -> str:
        """Return the words for a shape; write the rules that they need."""
        match shape:
            case Scalar():
                return _scalar(shape)
            case Constant():
                return str(shape.value)
            case Registered():
                return self.registry(shape)
            case Maybe():
                return f"null / {self.words(shape.value)}"
            case Many():
                return self.many(shape)
            case Document():
                return self.document(shape.declaration)
            case Cases():
                return " / ".join(map(self.document, shape.declarations.values()))
            case OneOf():
                return " / ".join(map(self.words, shape.shapes))
            case Own():
                return self.own(shape.declaration)
            case Ruled():
                return self.words(shape.value)
            case Rest():
                return "{* any => any}"

    def registry(self, shape: Registered) -> str:
        """Write the rule of a registry: of its names, and where it is open of all its numbers."""
        registry: Any = shape.registry
        if self.is_new(registry):
            is_open = issubclass(registry, CodePoint)
            members = registry.known.values() if is_open else registry
            named = [each for each in members if not is_open or not each.is_grease]
            lines = "".join(f"  {camel(each.name.lower())}: {int(each)},\n" for each in named)
            choices = [f"&(\n{lines})"] if named else []
            if is_open:
                choices.append(_between(0, (1 << 8 * registry.octets) - 1))
            self.texts[registry.__name__] = f"{registry.__name__} = {' / '.join(choices)}"
        name: str = registry.__name__
        return name

    def many(self, shape: Many) -> str:
        """Return the words for an array."""
        least, most = shape.count.least, shape.count.most
        occurs = f"{least or ''}*{'' if most is None else most}"
        element = self.words(shape.element)
        return f"[{occurs} ({element})]" if " / " in element else f"[{occurs} {element}]"

    def own(self, declaration: type[Any]) -> str:
        """Write what a class says of itself; of one that says nothing, it may be anything."""
        text = getattr(declaration, "cddl", None)
        if text is None:
            kinds: tuple[object, ...] = getattr(declaration, "cbor_types", ())
            return " / ".join(dict.fromkeys(map(_word, kinds))) or "any"
        if self.is_new(declaration):
            self.texts[declaration.__name__] = f"{declaration.__name__} = {text}"
        return declaration.__name__


def _word(kind: object) -> str:
    return f"#6.{kind}(any)" if isinstance(kind, int) else _WORDS[kind]


def _block(name: str, brackets: str, lines: list[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"{name} = {brackets[0]}\n{body}{brackets[1]}" if lines else f"{name} = {brackets}"


def _never(shape: Shape) -> str:
    """Return a comment for what CDDL cannot say."""
    inner = shape.value if isinstance(shape, Maybe) else shape
    if not isinstance(inner, Ruled):
        return ""
    return f" ; never: {'; '.join(rule.sentence for rule in inner.rules)}"


def _scalar(shape: Scalar) -> str:
    match shape.bounds:
        case Range(least=least, most=most):
            return _between(least, most)
        case Size(least=least, most=most):
            size = str(least) if least == most else f"({least}..{most})"
            return f"{_WORDS[shape.kind]} .size {size}"
    return _WORDS[shape.kind]


def _between(least: int, most: int) -> str:
    if most == HIGHEST and least in (0, LOWEST):
        return "int" if least else "uint"
    return str(least) if least == most else f"{least}..{most}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def camel(name: str) -> str:
    """Return a name of Python's in the case of CDDL: ``topicId``, ``sha256_128``."""
    # Between digits a line stays: without it, 256_128 would be another number.
    return re.sub(r"(?<=[^_\d])_+(\w)|(?<=\d)_+([^\W\d])", lambda m: (m[1] or m[2]).upper(), name)
