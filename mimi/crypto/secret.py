"""Octets that must not be printed, compared in the open, or kept longer than needed."""

import hmac
from typing import ClassVar, NoReturn, Self

from mimi.crypto.errors import SecretExposureError


class Secret:
    """Octets that somebody else must not learn.

    A secret shows only its length, compares in constant time and with other secrets only, and
    can be neither hashed, indexed, iterated, changed nor pickled. ``reveal()`` or ``bytes()``
    give the octets, so that every place that handles them in the clear is easy to find.

    What this cannot do is erase. CPython's ``bytes`` are immutable and cannot be overwritten;
    dropping the last reference hands the memory back to the allocator with its content, and
    copies may live on in temporaries of the interpreter, in the library underneath, in swap
    and in core dumps. Dropping secrets as early as the deletion schedule of RFC 9420
    section 9.2 asks for makes them unreachable for the program; whoever must defend against a
    reader of the process's memory needs the protection of the operating system as well.

    Args:
        octets: The value. Mutable buffers are copied.
    """

    __slots__ = ("_octets",)
    __hash__: ClassVar[None]  # type: ignore[assignment] # no key of a dictionary
    _octets: bytes

    def __init__(self, octets: bytes) -> None:
        _hold(self, octets if type(octets) is bytes else bytes(octets))

    def reveal(self) -> bytes:
        """Return the octets, for a computation or for storage under the caller's protection."""
        return self._octets

    def __bytes__(self) -> bytes:
        return self._octets

    def __len__(self) -> int:
        return len(self._octets)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._octets, other._octets)

    def __repr__(self) -> str:
        return f"Secret({len(self._octets)} octets)"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise SecretExposureError("a secret cannot be changed", attribute=name)

    def __delattr__(self, name: str) -> NoReturn:
        raise SecretExposureError("a secret cannot be changed", attribute=name)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise SecretExposureError("a secret is not pickled; store what reveal() returns")


_hold = vars(Secret)["_octets"].__set__
"""Sets the slot in spite of `Secret.__setattr__`, in half the time of ``object.__setattr__``."""
