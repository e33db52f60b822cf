"""What compiled documents call: refusals, and the items of maps that nobody declared."""

import reprlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import cbor2

from mimi.codec import cbor
from mimi.codec.cddl_shape import HIGHEST, KINDS, LOWEST, Refusal, WrongTypeError
from mimi.errors import MalformedError, UsageError

NO_TEXT = "a text with a lone surrogate"


def wrong_type(expected: str, item: object) -> Refusal:
    """Return the refusal of an item that should have been something else."""
    return Refusal(WrongTypeError, f"{expected} expected, {_described(item)} found")


def _described(item: object) -> str:
    match item:
        case None:
            return "null"
        case list() | tuple():
            return f"an array of {len(item)}"
        case Mapping() | cbor2.frozendict():
            return "a map"
        case cbor2.CBORTag():
            return f"tag {item.tag}"
        case float():
            return "a float"
        case cbor2.CBORSimpleValue():
            return f"simple value {item.value}"
        case cbor2.undefined:
            return "undefined"
    return KINDS.get(type(item), f"a {type(item).__name__}")


def refuse_key(entries: Mapping[Any, Any]) -> Refusal:
    """Return the refusal of what is left of a map when all its fields are taken."""
    return Refusal(WrongTypeError, f"the key {reprlib.repr(next(iter(entries)))} is not expected")


def refuse_size(error: type[MalformedError], size: int, least: int, most: int) -> Refusal:
    """Return the refusal of octets or a text of another length."""
    permitted = str(least) if least == most else f"{least}..{most}"
    return Refusal(error, f"{size} octets, {permitted} permitted")


def refuse_range(error: type[MalformedError], number: int, least: int, most: int) -> Refusal:
    """Return the refusal of a number out of bounds."""
    return Refusal(error, f"{_shown(number)} is not in {least}..{most}")


def refuse_case(error: type[MalformedError], number: int, known: Iterable[int]) -> Refusal:
    """Return the refusal of a number that is none of those."""
    return Refusal(error, f"{_shown(number)} is none of {', '.join(map(str, known))}")


def _shown(number: int) -> str:
    # Python writes no numbers of thousands of digits.
    return str(int(number)) if LOWEST <= number <= HIGHEST else "a number beyond 64 bits"


def is_text(text: str) -> bool:
    """Return whether a text can be encoded: it has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_item(item: object) -> None:
    """Check that what somebody else has made can be encoded.

    Raises:
        Refusal: It cannot.
    """
    try:
        cbor.encode(item, allow_nan=True, allow_simple=True)
    except UsageError as error:
        place = str(error.where["path"])
        reason = error.reason.removeprefix(f"value{place}: ")
        raise Refusal(WrongTypeError, reason, place) from None


def freeze(item: Any) -> Any:
    """Return a decoded item with tuples for lists, and with immutable maps."""
    match item:
        case list() | tuple():
            return tuple(map(freeze, item))
        case dict() | cbor2.frozendict():
            return cbor2.frozendict({key: freeze(value) for key, value in item.items()})
        case cbor2.CBORTag():
            return cbor2.CBORTag(item.tag, freeze(item.value))
    return item


def others_of(items: object, own: Collection[object]) -> dict[Any, Any]:
    """Return what is to be written for the entries of a map under keys that have no field.

    Raises:
        Refusal: There is a key of a field, one that could not be read, or a list.
    """
    if not isinstance(items, Mapping):
        raise wrong_type("a mapping", items)
    for key in items:
        if key in own:
            raise Refusal(WrongTypeError, f"the key {key!r} has a field")
    _check_frozen(items)
    return dict(items)


def _check_frozen(item: object) -> None:
    match item:
        case list():
            raise wrong_type("a tuple", item)
        case tuple():
            for element in item:
                _check_frozen(element)
        case cbor2.CBORTag():
            _check_frozen(item.value)
        case Mapping() | cbor2.frozendict():
            for key, value in item.items():
                if type(key) not in (int, bytes, str):
                    raise Refusal(WrongTypeError, f"a key of type {type(key).__name__}")
                try:
                    _check_frozen(value)
                except Refusal as refusal:
                    raise refusal.within(f"[{reprlib.repr(key)}]", key) from None


CALLED = {
    "MalformedError": MalformedError,
    "NO_TEXT": NO_TEXT,
    "NotValidError": cbor.NotValidError,
    "Refusal": Refusal,
    "Tag": cbor2.CBORTag,
    "WrongTypeError": WrongTypeError,
    "check_item": check_item,
    "freeze": freeze,
    "frozendict": cbor2.frozendict,
    "is_text": is_text,
    "others_of": others_of,
    "refuse_case": refuse_case,
    "refuse_key": refuse_key,
    "refuse_range": refuse_range,
    "refuse_size": refuse_size,
    "wrong_type": wrong_type,
}
"""The names that the lines of every compiled function may use."""
