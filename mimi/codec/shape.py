"""What a declaration says: the shapes of the TLS presentation language.

A shape is the meaning of one type annotation. `mimi.codec.declare` reads annotations into
shapes; the decoder, the encoder, the tracing reader, the presentation text and the test strategy
are five readings of the same shapes (RFC 8446 section 3, RFC 9420 section 2.1)::

    UInt8 .. UInt64          uint8 .. uint64
    bool                     one octet, 0 or 1
    ExtensionType            a code point of an open registry
    SenderType               a value of a closed enum
    Opaque                   opaque x<V>
    Fixed(4)                 opaque x[4]
    tuple[T, ...]            T x<V>
    Lazy[T]                  T x<V>, decoded when somebody looks: see there
    T | None                 optional<T>
    a class under @struct    that structure
    Select, Given, Choice    select: see each
"""

from collections.abc import Callable, Mapping
from operator import attrgetter, lt
from typing import Annotated, Any, TypeAlias, TypeVar

import attrs

from mimi.codec.codepoint import ClosedEnum, ClosedEnum16, CodePoint
from mimi.codec.lazy import LazyTuple

T = TypeVar("T")


@attrs.frozen
class UInt:
    """``uint8`` to ``uint64``: *octets* octets, most significant first."""

    octets: int


@attrs.frozen
class Bool:
    """One octet: 0 or 1, nothing else."""


@attrs.frozen
class Code:
    """A number of a registry, open or closed."""

    registry: type[CodePoint | ClosedEnum]

    @property
    def octets(self) -> int:
        """The width on the wire."""
        if issubclass(self.registry, CodePoint):
            return self.registry.octets
        return 2 if issubclass(self.registry, ClosedEnum16) else 1

    @property
    def is_open(self) -> bool:
        """Whether unknown numbers are kept."""
        return issubclass(self.registry, CodePoint)

    @property
    def table(self) -> dict[int, Any]:
        """From numbers to members; that of an open registry makes what it does not hold."""
        if issubclass(self.registry, CodePoint):
            return self.registry.known
        return {int(member): member for member in self.registry}


@attrs.frozen
class Between:
    """The header of ``T x<floor..ceiling>``: a length of fixed size, bounds in octets."""

    floor: int
    ceiling: int

    @property
    def octets(self) -> int:
        """The size of the length field: as many octets as the ceiling needs."""
        return (self.ceiling.bit_length() + 7) // 8


@attrs.frozen
class Bytes:
    """``opaque x<V>``, or with *header* ``opaque x<floor..ceiling>``.

    Attributes:
        name: The specification's name of the type, where it has one.
        header: The bounds of a length of fixed size; None is the variable-size length.
        wrap: The class that holds the octets, made by ``wrap(octets)`` and read by ``bytes()``; it
            refuses octets with `ValueError`.
    """

    name: str = "opaque"
    header: Between | None = None
    wrap: Callable[[bytes], Any] | None = None


@attrs.frozen
class Fixed:
    """``opaque x[length]``."""

    length: int


@attrs.frozen
class Padding:
    """``opaque padding[length_of_padding]``: zeros to the end of the input; the value is a count.

    RFC 9420 section 6.3.1. It can only stand last in a structure that is decoded by itself.
    """


@attrs.frozen
class Rule:
    """A condition on a field that makes an encoding malformed when it does not hold.

    Attributes:
        holds: From the decoded value to whether the rule holds.
        sentence: What is wrong when it does not.
        section: The specification that says so.
        repair: From any elements to some of them, in an order in which the rule holds: with it
            the test strategy need not draw until the rule holds by chance.
    """

    holds: Callable[[Any], bool]
    sentence: str
    section: str
    repair: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = None


@attrs.frozen
class Vector:
    """``T x<V>``, or with *header* ``T x<floor..ceiling>``; bounds count octets.

    Attributes:
        element: The shape of each element.
        header: The bounds of a length of fixed size; None is the variable-size length.
        rules: What must hold of the elements.
        lazy: Whether elements that are all laid out alike are decoded when somebody looks.
    """

    element: "Shape"
    header: Between | None = None
    rules: tuple[Rule, ...] = ()
    lazy: bool = False


@attrs.frozen
class Uniform:
    """The mark of a vector that is lazy where its elements are laid out alike: see `Lazy`."""


@attrs.frozen
class Optional:
    """``optional<T>``: an octet 0, or an octet 1 and the value."""

    value: "Shape"


@attrs.frozen
class Struct:
    """A structure declared under ``@struct``."""

    declaration: type[Any]


@attrs.frozen(eq=False)
class Select:
    """A select on a tag that stands right before it: a union of classes.

    As metadata of a field: ``Annotated[A | B, Select(SenderType, {SenderType.MEMBER: A, ...})]``.
    An unknown tag is malformed.

    Attributes:
        registry: The registry of the tag.
        cases: From tags to the types of the cases; those of a `Choice` grow as cases are declared.
        name: The name of the choice.
    """

    registry: type[CodePoint | ClosedEnum]
    cases: Mapping[Any, Any]
    name: str = ""

    @property
    def tag(self) -> Code:
        """The shape of the tag."""
        return Code(self.registry)


@attrs.frozen(eq=False)
class Given:
    """A select on an earlier field of the same structure: nothing of the choice is encoded.

    As metadata of a field: ``Annotated[T | None, Given("content.sender", {MemberSender: T})]``.

    Attributes:
        path: The earlier field, with dots.
        cases: From that field's class (for a union) or value (for a number), or from what *key*
            makes of it, to this one's type.
        otherwise: The type in all other cases; None is ``struct {}``, whose value is None.
        key: Where the select looks deeper into the earlier field than a path leads: the function
            from any value of that field to what the cases are told apart by. Its name stands for
            it in the presentation.
    """

    path: str
    cases: Mapping[Any, Any]
    otherwise: Any = None
    key: Callable[[Any], Any] | None = None

    @property
    def by_class(self) -> bool:
        """Whether cases are told apart by the class of the earlier field."""
        return self.key is None and all(isinstance(key, type) for key in self.cases)

    @property
    def chooser(self) -> Callable[[Any], Any] | None:
        """From the earlier field to the key of a case; None where the field itself is the key."""
        return type if self.by_class else self.key


Shape: TypeAlias = (
    UInt | Bool | Code | Bytes | Fixed | Padding | Vector | Optional | Struct | Select | Given
)

UInt8: TypeAlias = Annotated[int, UInt(1)]
UInt16: TypeAlias = Annotated[int, UInt(2)]
UInt24: TypeAlias = Annotated[int, UInt(3)]
UInt32: TypeAlias = Annotated[int, UInt(4)]
UInt64: TypeAlias = Annotated[int, UInt(8)]
Opaque: TypeAlias = Annotated[bytes, Bytes()]

Lazy: TypeAlias = Annotated[tuple[T, ...] | LazyTuple[T], Uniform()]
"""A vector of structures of opaque fields, of which a receiver reads few.

It is decoded to a `LazyTuple` where its elements are at least `mimi.codec.lazy.LEAST` and have the
same lengths in them, to a tuple otherwise. Either can be encoded; the octets are those of
``tuple[T, ...]``.
"""


def unique_by(attribute: str, sentence: str, section: str) -> Rule:
    """Return the rule that no two elements of a vector have the same *attribute*."""
    key = attrgetter(attribute)

    def holds(elements: tuple[Any, ...]) -> bool:
        count = len(elements)
        if count == 2:  # what most lists are
            return bool(key(elements[0]) != key(elements[1]))
        return count < 2 or len(set(map(key, elements))) == count

    def repair(elements: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple({key(element): element for element in elements}.values())

    return Rule(holds, sentence, section, repair)


def increasing_by(attribute: str, sentence: str, section: str) -> Rule:
    """Return the rule that the elements of a vector increase strictly in *attribute*."""
    key = attrgetter(attribute)

    def holds(elements: tuple[Any, ...]) -> bool:
        keys = tuple(map(key, elements))
        return all(map(lt, keys, keys[1:]))

    def repair(elements: tuple[Any, ...]) -> tuple[Any, ...]:
        unique = {key(element): element for element in elements}
        return tuple(unique[each] for each in sorted(unique))

    return Rule(holds, sentence, section, repair)


def increasing(sentence: str, section: str) -> Rule:
    """Return the rule that the elements of a vector increase strictly."""

    def holds(elements: tuple[Any, ...]) -> bool:
        return len(elements) < 2 or all(map(lt, elements, elements[1:]))

    def repair(elements: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(sorted(set(elements)))

    return Rule(holds, sentence, section, repair)
