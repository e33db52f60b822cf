"""Code points: the numbers of a registry, open or closed.

An *open* registry grows while programs run: a number nobody has heard of is kept, compared and
sent on as it came (RFC 9420 section 13, GREASE). It is a subclass of `CodePoint8`, `CodePoint16`
or `CodePoint32`::

    class ExtensionType(CodePoint16):
        APPLICATION_ID = point(0x0001)

    ExtensionType.declare("example", 0xF001)      # named by a user of the library

A *closed* registry decides how the octets that follow are read, so that an unknown number ends
the decoding. It is a subclass of `ClosedEnum8` or `ClosedEnum16`, ordinary integer enums.
"""

from enum import IntEnum
from typing import Any, ClassVar, Self, TypeVar

from mimi.errors import UsageError

C = TypeVar("C", bound="CodePoint")

GREASE_VALUES: tuple[int, ...] = tuple(0x0A0A + 0x1010 * i for i in range(15))
"""The values of RFC 9420 section 13.5; 0xFAFA is private use, and no GREASE."""


class point:  # noqa: N801 - reads as a declaration, like attrs.field
    """Name one value of an open registry, in the body of its class."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __get__(self, instance: object, owner: type[C]) -> C:
        raise UsageError(f"{owner.__name__} is no open registry")


class _Table(dict[int, Any]):
    """From a number to its code point; unknown numbers are made, not kept."""

    def __init__(self, registry: "type[CodePoint]") -> None:
        super().__init__()
        self.registry = registry

    def __missing__(self, value: int) -> "CodePoint":
        return int.__new__(self.registry, value)


class CodePoint(int):
    """A number of an open registry: an int that knows its name.

    Attributes:
        octets: How many octets the number has on the wire.
        known: From numbers to code points; those without a name are made when looked up.
    """

    __slots__ = ()
    octets: ClassVar[int] = 0
    known: ClassVar[dict[int, Any]] = {}
    _names: ClassVar[dict[int, str]] = {}

    def __init_subclass__(cls, octets: int | None = None) -> None:
        if octets is not None:
            cls.octets = octets
        cls.known = _Table(cls)
        cls._names = {}
        for name, member in list(vars(cls).items()):
            if isinstance(member, point):
                setattr(cls, name, cls.declare(name, member.value))
        if cls.octets == 2:  # made once: they are unknown to everyone and seen everywhere
            cls.known.update({value: cls(value) for value in GREASE_VALUES})

    def __new__(cls, value: int) -> Self:
        """Return the code point *value*, named or not.

        Raises:
            UsageError: It does not fit the registry's width.
        """
        if not 0 <= value < 1 << 8 * cls.octets:
            raise UsageError(f"{value} is no {cls.__name__}: {8 * cls.octets} bits")
        return int.__new__(cls, value)

    @classmethod
    def declare(cls, name: str, value: int) -> Self:
        """Give *value* a name, as a user of the library does for what a registry gained.

        The first name stays; a later one is an alias.
        """
        code = cls(value)
        cls._names.setdefault(int(code), name)
        cls.known.setdefault(int(code), code)
        return code

    @property
    def name(self) -> str:
        """The registered name, ``GREASE_0A0A``, or the number in hexadecimal."""
        known = self._names.get(int(self))
        if known is not None:
            return known
        digits = f"{int(self):0{2 * self.octets}X}"
        return f"GREASE_{digits}" if self.is_grease else f"0x{digits}"

    @property
    def is_grease(self) -> bool:
        """Whether the number is one of the fifteen that RFC 9420 section 13.5 reserves."""
        return is_grease(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __str__(self) -> str:
        return self.name


class CodePoint8(CodePoint, octets=1):
    """An open registry of one octet."""

    __slots__ = ()


class CodePoint16(CodePoint, octets=2):
    """An open registry of two octets, as all of MLS's."""

    __slots__ = ()


class CodePoint32(CodePoint, octets=4):
    """An open registry of four octets."""

    __slots__ = ()


class ClosedEnum(IntEnum):
    """The root of the closed registries."""

    def __str__(self) -> str:
        return self.name


class ClosedEnum8(ClosedEnum):
    """A closed registry of one octet: ``enum { ..., (255) }``."""


class ClosedEnum16(ClosedEnum):
    """A closed registry of two octets: ``enum { ..., (65535) }``."""


def is_grease(value: int) -> bool:
    """Return whether *value* is a GREASE value: one of fifteen, not a bit pattern."""
    return value in GREASE_VALUES
