"""How a check says that a vector and the text of RFC 9420 disagree."""

import functools
from collections.abc import Callable
from typing import Any

from naive import naive_wire as wire
from naive.naive_wire import Codec

Check = Callable[[dict], None]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def agree(what: str, computed: Any, given: Any) -> None:
    if computed != given:
        shown = [one.hex() if isinstance(one, bytes) else repr(one) for one in (computed, given)]
        raise AssertionError(f"{what}: computed {shown[0]}, the vector says {shown[1]}")


def must(what: str, *, holds: bool) -> None:
    if not holds:
        raise AssertionError(what)


def checking(check: Check) -> Check:
    """Turn the errors that malformed input gives rise to into disagreement."""

    @functools.wraps(check)
    def checked(case: dict) -> None:
        try:
            check(case)
        except (ValueError, LookupError, TypeError) as error:
            raise AssertionError(f"{check.__name__}: {type(error).__name__}: {error}") from error

    return checked


def check_round_trip(name: str, codec: Codec, octets: bytes) -> Any:
    try:
        value = wire.decode(codec, octets)
    except ValueError as error:
        raise AssertionError(f"{name} does not decode: {error}") from error
    agree(f"{name}, written again", wire.encode(codec, value), octets)
    return value


def group_context_of(case: dict, epoch: int, tree_hash: bytes, confirmed: bytes) -> bytes:
    """Encode a group context without extensions."""
    return wire.encode(
        wire.GROUP_CONTEXT,
        {
            "version": wire.MLS10,
            "cipher_suite": case["cipher_suite"],
            "group_id": unhex(case["group_id"]),
            "epoch": epoch,
            "tree_hash": tree_hash,
            "confirmed_transcript_hash": confirmed,
            "extensions": [],
        },
    )
