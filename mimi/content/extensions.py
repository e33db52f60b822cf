"""The extensions of a message: a map from keys to any CBOR (sections 4.3, 6.2 and 6.3).

Positive keys are registered; negative ones and texts are private. A registered extension is a
class with a ``key``; whoever needs another one declares it::

    @extension("vendor/mood")
    class Mood: ...

Values are frozen: arrays are tuples, maps are `cbor2.frozendict`, tags are `cbor2.CBORTag`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar, cast

import cbor2

from mimi.codec import cbor
from mimi.codec.cddl import OutOfRangeError, Refusal, WrongTypeError
from mimi.codec.document import item_of, value_of
from mimi.content.errors import ExtensionKeyError, ExtensionTooDeepError, ExtensionValueError
from mimi.errors import MalformedError, UsageError

Key: TypeAlias = int | str

SENDER_URI = 1
ROOM_URI = 2

MOST_KEY_OCTETS = 255
LARGEST = (1 << 53) - 1
"""The largest integer n for which a double holds all of -n..n: the bound of integer keys."""
MOST_LEVELS = 4
"""How deep maps, arrays and tags nest, the map of the extensions itself counted."""

ANY_MAP = "{* (int / tstr .size (1..255)) => any}"

_SURROGATES = re.compile("[\ud800-\udfff]")
_SCALARS = frozenset({str, int, bytes, bool, type(None)})
_OTHERS = frozenset({float, cbor2.CBORSimpleValue, type(cbor2.undefined)})


class Extension(Protocol):
    """A class declared by `extension`."""

    key: ClassVar[Key]


E = TypeVar("E", bound=Any)

REGISTERED: dict[Key, Callable[[Any], object]] = {}
"""From keys to functions that make a value of an item, and raise `MalformedError`."""


def _text(item: object) -> str:
    if type(item) is not str:
        raise MalformedError("a text expected")
    return item


REGISTERED[SENDER_URI] = REGISTERED[ROOM_URI] = _text
_TEXTS = frozenset(REGISTERED)


def extension(key: Key) -> Callable[[type[E]], type[E]]:
    """Register a class, declared as CBOR or with ``from_cbor`` and ``to_cbor``, under *key*.

    From then on a message whose extension of that key has another shape is refused.

    Raises:
        UsageError: The key has an extension already, or cannot be one.
    """

    def register(declaration: type[E]) -> type[E]:
        check_key(key)
        if key in REGISTERED:
            raise UsageError(f"extension {key} is declared already")
        declaration.key = key
        REGISTERED[key] = lambda item: value_of(declaration, item)
        return declaration

    return register


def check_key(key: object) -> None:
    """Check that *key* can be one of the extensions map.

    Raises:
        UsageError: It cannot.
    """
    refusal = _key_refusal(key)
    if refusal is not None:
        raise UsageError(refusal.reason, key=key)


def _key_refusal(key: object, *, zero: bool = False) -> Refusal | None:
    if type(key) is int:
        if (key or zero) and -LARGEST <= key <= LARGEST:
            return None
        reason = "the key 0 is reserved" if not key else "a key that does not fit a double"
    elif type(key) is str:
        octets = len(key.encode(errors="surrogatepass"))
        if 1 <= octets <= MOST_KEY_OCTETS:
            if key.isascii() or not _SURROGATES.search(key):
                return None
            reason = "a key with a lone surrogate"
        else:
            reason = f"a key of {octets} octets, 1..{MOST_KEY_OCTETS} permitted"
    else:
        reason = f"a key that is neither an integer nor a text: {key!r}"
    return Refusal(ExtensionKeyError, reason)


class Extensions(Mapping[Key, Any]):
    """The extensions of a message: an immutable map in the order of its encoding."""

    cddl: ClassVar[str] = ANY_MAP
    __slots__ = ("_digest", "_items", "_plain")
    _items: dict[Key, Any]
    _plain: bool
    _digest: bytes  # set when it is needed first

    def __init__(self, items: Mapping[Any, Any]) -> None:
        try:
            frozen = {key: _frozen(key, value) for key, value in items.items()}
        except Refusal as refusal:
            raise UsageError(f"extensions{refusal.path[-1]}: {refusal.reason}") from None
        order = sorted(frozen, key=cbor.encode)
        self._items = {key: frozen[key] for key in order}
        self._plain = all(type(value) in _SCALARS for value in frozen.values())

    @classmethod
    def of(cls, given: "Extensions | Mapping[Any, Any] | Iterable[Any]") -> "Extensions":
        """Return extensions for a map, or for instances of registered classes."""
        if isinstance(given, Extensions):
            return given
        if isinstance(given, Mapping):
            return cls(given) if given else NO_EXTENSIONS
        return cls({value.key: item_of(value) for value in cast("Iterable[Any]", given)})

    @classmethod
    def from_cbor(cls, item: object) -> Self:
        """Return extensions for what was decoded, which is in order and has no key twice."""
        if type(item) is not dict:
            raise Refusal(WrongTypeError, "a map expected")
        plain, items = True, item
        for key, value in item.items():
            if key in _TEXTS and type(value) is str:
                continue  # the sender and the room of almost every message
            if items is item:
                items = item.copy()
            items[key] = frozen = _frozen(key, value)
            plain = plain and type(frozen) in _SCALARS
        made = cls.__new__(cls)
        made._items, made._plain = items, plain
        return made

    def to_cbor(self) -> dict[Key, Any]:
        """Return the map to be encoded."""
        return self._items

    @property
    def is_plain(self) -> bool:
        """Whether all values are texts, integers, octets, booleans and null."""
        return self._plain

    def __getitem__(self, key: Key) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Extensions({self._items!r})"

    def __eq__(self, other: object) -> bool:
        # By encoding: Python holds 1, 1.0 and True for the same.
        if not isinstance(other, Extensions):
            return NotImplemented
        return self._items is other._items or self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> bytes:
        """Return the hash of the encoding, which may be long and is made once."""
        try:
            return self._digest
        except AttributeError:
            octets = cbor.encode(self._items, allow_nan=True, allow_simple=True)
            self._digest = hashlib.sha256(octets).digest()
            return self._digest

    def find(self, declaration: type[E]) -> E | None:
        """Return the value of a registered extension, None where the message has none."""
        if declaration.key not in self._items:
            return None
        value: E = value_of(declaration, self._items[declaration.key])
        return value

    @property
    def sender_uri(self) -> str | None:
        """Who sent the message, by the sender's own account (key 1)."""
        return self._items.get(SENDER_URI)

    @property
    def room_uri(self) -> str | None:
        """To which room it was sent, by the sender's own account (key 2)."""
        return self._items.get(ROOM_URI)


def _frozen(
    key: object, value: object, known: Mapping[Key, Any] = REGISTERED, *, zero: bool = False
) -> Any:
    """Return the value of one extension, frozen, after all checks."""
    name = f"[{key!r}]"
    refusal = _key_refusal(key, zero=zero)
    if refusal is not None:
        raise refusal.within(name, key)
    try:
        frozen = _freeze(value, 2)
    except Refusal as inner:
        raise inner.within(name, key) from None
    registered = known.get(key)  # type: ignore[call-overload]  # checked above
    if registered is not None:
        try:
            registered(frozen)
        except MalformedError as error:
            raise Refusal(ExtensionValueError, str(error), name, key) from None
    return frozen


def _freeze(value: Any, level: int) -> Any:
    kind = type(value)
    if kind is int and not -(1 << 64) <= value < 1 << 64:
        raise Refusal(OutOfRangeError, "an integer beyond 64 bits")
    if kind in _SCALARS or kind in _OTHERS:
        return value
    if kind not in (list, tuple, cbor2.CBORTag) and not isinstance(value, Mapping):
        raise Refusal(WrongTypeError, f"{kind.__name__} has no encoding")
    if level > MOST_LEVELS:
        raise Refusal(ExtensionTooDeepError, f"more than {MOST_LEVELS} levels")
    if kind is cbor2.CBORTag:
        return cbor2.CBORTag(value.tag, _frozen_within(value.value, level, ".value", kind))
    if kind is list or kind is tuple:
        return tuple([_frozen_within(item, level, f"[{at}]", at) for at, item in enumerate(value)])
    for key in value:
        if type(key) is int and not -LARGEST <= key <= LARGEST:
            raise Refusal(ExtensionKeyError, "a key that does not fit a double")
        if type(key) not in (int, str, bytes):
            raise Refusal(ExtensionKeyError, f"a key of type {type(key).__name__}")
    return cbor2.frozendict(
        {key: _frozen_within(item, level, f"[{key!r}]", key) for key, item in value.items()}
    )


def _frozen_within(value: object, level: int, name: str, step: object) -> Any:
    try:
        return _freeze(value, level + 1)
    except Refusal as refusal:
        raise refusal.within(name, step) from None


def freeze_map(items: object) -> Mapping[Any, Any]:
    """Return a map frozen as that of the extensions is, with the same rules, but 0 as a key."""
    if not isinstance(items, Mapping):
        raise Refusal(WrongTypeError, "a map expected")
    return cbor2.frozendict(
        {key: _frozen(key, value, {}, zero=True) for key, value in items.items()}
    )


NO_EXTENSIONS = Extensions({})
