"""Vectors that are decoded when somebody looks, for those of which a receiver reads one element.

An element of nothing but opaque fields is laid out by the lengths in it. Where all of a vector
have the same lengths, each starts a stride behind the one before, and no other is decoded to find
it::

    | 20 kem_output[32] 30 ciphertext[48] | 20 kem_output[32] 30 ciphertext[48] | ...
    |<------------- stride ------------->|
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

import attrs

T_co = TypeVar("T_co", covariant=True)

LEAST = 8
"""From how many elements on a vector is lazy: fewer are decoded in the time that it takes."""


@attrs.frozen(eq=False, repr=False, weakref_slot=False)
class LazyTuple(Sequence[T_co]):
    """A tuple of structures that decodes an element each time that it is asked for.

    Only the decoder makes one, when it has checked that every element is well formed. It equals
    the tuple of its elements, and has its hash and its `repr`; a slice of it is a tuple.

    Attributes:
        octets: The encodings of the elements, one after the other.
        starts: Where each of them starts.
        element: Their declaration.
        decode: The compiled decoder of that.
    """

    octets: bytes
    starts: range
    element: type[Any]
    decode: Callable[[bytes, int], tuple[Any, int]]

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return tuple(self.decode(self.octets, start)[0] for start in self.starts[index])
        return self.decode(self.octets, self.starts[index])[0]

    def __iter__(self) -> Iterator[T_co]:
        for start in self.starts:
            yield self.decode(self.octets, start)[0]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyTuple):  # a value has one encoding
            return self.element is other.element and self.octets == other.octets
        if isinstance(other, tuple):
            return len(self) == len(other) and tuple(self) == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[type[tuple[T_co, ...]], tuple[tuple[T_co, ...]]]:
        return tuple, (tuple(self),)  # a compiled decoder is neither copied nor pickled
