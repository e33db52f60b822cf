"""One case of a vector file: reading its fields, and checking them by name.

A check names the field that it checks, as a path into the JSON: ``epochs[2].joiner_secret``. So
a failure says which field differs, what the file has and what we computed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from mimi.crypto import Secret, Suite, suite_of
from mimi.errors import InvalidError, MimiError

SAFE_INTEGER = (1 << 53) - 1
"""The greatest number that every JSON reader keeps exact (RFC 8259 section 6)."""


class DifferenceError(InvalidError):
    """A field of a vector is not what this implementation computes.

    Attributes:
        field: The path of the field in the case.
        expected: What the file has.
        got: What was computed, or why nothing could be.
    """

    def __init__(self, field: str, expected: str, got: str) -> None:
        super().__init__(f"{field}: expected {expected}, got {got}", field=field)
        self.field = field
        self.expected = expected
        self.got = got


@attrs.frozen
class Checked:
    """A check that was made.

    Attributes:
        field: The path of the field.
        syntax_only: Whether the field was checked for being well-formed alone: another value that
            is well-formed too goes unnoticed, or shows in a field that is computed from it.
    """

    field: str
    syntax_only: bool = False


@attrs.frozen
class Case:
    """An object of a vector file, or one inside it.

    Attributes:
        data: The JSON value.
        path: Where it is in the case.
        checked: The checks made so far, in order; shared by all parts of a case.
    """

    data: Any
    path: str = ""
    checked: list[Checked] = attrs.field(factory=list)

    def name(self, key: str | int) -> str:
        """Return the path of a part."""
        if isinstance(key, int):
            return f"{self.path}[{key}]"
        return f"{self.path}.{key}" if self.path else key

    def value(self, key: str | int) -> Any:
        """Return the JSON value of a part.

        Raises:
            DifferenceError: There is none.
        """
        if isinstance(key, int) and not isinstance(self.data, list):
            raise self._unreadable(self.path, "a list", self.data)
        if isinstance(key, str) and not isinstance(self.data, dict):
            raise self._unreadable(self.path, "an object", self.data)
        try:
            return self.data[key]
        except (KeyError, IndexError):
            raise DifferenceError(self.name(key), "a value", "nothing") from None

    def part(self, key: str | int) -> "Case":
        """Return a part, to look into."""
        return Case(self.value(key), self.name(key), self.checked)

    def parts(self, key: str, least: int = 0) -> Iterator["Case"]:
        """Yield the elements of a list, of which there must be so many at least."""
        part = self.part(key)
        length = part.length()
        if length < least:
            raise DifferenceError(part.path, f"at least {least} elements", f"{length} elements")
        for index in range(length):
            yield part.part(index)

    def entries(self, index: int) -> Iterator["Case"]:
        """Yield the elements of a list that is an element of this one."""
        inner = self.part(index)
        for at in range(inner.length()):
            yield inner.part(at)

    def length(self) -> int:
        """Return the length of this part, a list."""
        if not isinstance(self.data, list):
            raise self._unreadable(self.path, "a list", self.data)
        return len(self.data)

    def integer(self, key: str | int) -> int:
        """Return a number of at most 64 bits."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
            raise self._unreadable(self.name(key), "a number", value)
        return value

    def text(self, key: str | int) -> bytes:
        """Return a string in UTF-8, which is what labels are on the wire."""
        value = self.value(key)
        try:
            return str.encode(value)
        except (TypeError, UnicodeEncodeError):
            raise self._unreadable(self.name(key), "a string", value) from None

    def string(self, key: str | int) -> str:
        """Return a string."""
        return self.text(key).decode()

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        part = self.part(key)
        return tuple(part.string(index) for index in range(part.length()))

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self._unreadable(self.name(key), "true or false", value)
        return value

    def octets(self, key: str | int) -> bytes:
        """Return octets that are written in hexadecimal."""
        value = self.value(key)
        try:
            octets = bytes.fromhex(value)
        except (ValueError, TypeError):
            octets = None
        if octets is None or len(value) != 2 * len(octets):  # spaces are allowed in Python alone
            raise self._unreadable(self.name(key), "octets in hexadecimal", value)
        return octets

    def secret(self, key: str) -> Secret:
        """Return octets that are a secret."""
        return Secret(self.octets(key))

    def suite(self) -> Suite:
        """Return the cipher suite that the case names."""
        with self.valid("cipher_suite", syntax_only=True):
            return suite_of(self.integer("cipher_suite"))

    @staticmethod
    def _unreadable(name: str, wanted: str, value: Any) -> DifferenceError:
        return DifferenceError(name, wanted, shown(value))

    def equal(self, key: str | int, got: Any) -> None:
        """Check a field against what was computed: octets, a number, numbers, or None.

        Raises:
            DifferenceError: They differ.
        """
        expected = self.value(key)
        computed = got.hex() if isinstance(got, bytes) else got
        if isinstance(expected, str):
            expected = expected.lower()
        if not _same(expected, computed):
            raise DifferenceError(self.name(key), shown(expected), shown(computed))
        self.checked.append(Checked(self.name(key)))

    def same(self, key: str | int, got: Any) -> None:
        """Check a field, and all that is in it, against what was computed.

        Objects and lists are compared part by part; texts exactly, octets in either case.

        Raises:
            DifferenceError: They differ; the field is the first part that does.
        """
        if isinstance(got, dict):
            part = self.part(key)
            if not isinstance(part.data, dict):
                raise self._unreadable(part.path, "an object", part.data)
            for name, inner in got.items():
                part.same(name, inner)
            part.only(*got)
        elif isinstance(got, list):
            self.equal_length(key, len(got))
            part = self.part(key)
            for index, inner in enumerate(got):
                part.same(index, inner)
        elif isinstance(got, str):
            if not _same(self.value(key), got):
                raise DifferenceError(self.name(key), shown(self.value(key)), shown(got))
            self.note(key)
        else:
            self.equal(key, got)

    def only(self, *names: str) -> None:
        """Check that this part, an object, has no other fields.

        Raises:
            DifferenceError: It has.
        """
        if not isinstance(self.data, dict):
            raise self._unreadable(self.path, "an object", self.data)
        for name in self.data:
            if name not in names:
                raise DifferenceError(self.name(name), shown(self.data[name]), "nothing")

    @contextmanager
    def at(self, key: str | int) -> Iterator[None]:
        """Say of an error in the block that it is a field's.

        Raises:
            DifferenceError: The block raised an error of this library.
        """
        try:
            yield
        except DifferenceError:
            raise
        except MimiError as error:
            got = f"{type(error).__name__}: {error}"
            raise DifferenceError(self.name(key), "a valid value", got) from error

    @contextmanager
    def valid(self, key: str | int, *, syntax_only: bool = False) -> Iterator[None]:
        """Check a field by what is done in the block: an error there is the field's.

        Raises:
            DifferenceError: The block raised an error of this library.
        """
        with self.at(key):
            yield
        self.note(key, syntax_only=syntax_only)

    def equal_keys(
        self, private: str, public: str, got: bytes, proof: Callable[[], object]
    ) -> None:
        """Check that a private key has the public key that stands beside it.

        Where it has another, a third field tells which of the two is wrong.

        Args:
            private: The name of the private key.
            public: The name of the public key.
            got: The public key that the private one has.
            proof: Uses the private key, or the public key that it has, on the third field.

        Raises:
            DifferenceError: It has not. The private key is at fault if the proof fails too.
        """
        if self.octets(public) != got and not holds(proof):
            other = f"the key of {shown(got.hex())}"
            raise DifferenceError(self.name(private), f"the private key of {public}", other)
        self.equal(public, got)
        self.note(private)

    def equal_length(self, key: str | int, length: int) -> None:
        """Check that a list has as many elements as it should.

        Raises:
            DifferenceError: It has not.
        """
        got = self.part(key).length()
        if got != length:
            raise DifferenceError(self.name(key), f"{got} elements", f"{length} elements")

    def note(self, key: str | int, *, syntax_only: bool = False) -> None:
        """Record that a field was checked."""
        self.checked.append(Checked(self.name(key), syntax_only))


def holds(attempt: Callable[[], object]) -> bool:
    """Return whether an attempt succeeds: for telling which of several fields is at fault."""
    try:
        attempt()
    except MimiError:
        return False
    return True


def _same(expected: Any, computed: Any) -> bool:
    """Return whether two values are the same in JSON, where 1 is neither 1.0 nor true."""
    if type(expected) is not type(computed):
        return False
    if isinstance(expected, list):
        return len(expected) == len(computed) and all(map(_same, expected, computed))
    return bool(expected == computed)


def shown(value: Any) -> str:
    """Return a value as a failure shows it: whole, up to 200 characters."""
    try:
        text = "nothing" if value is None else str(value)
    except RecursionError:
        text = "a value that is nested too deeply to show"
    return text if len(text) <= 200 else f"{text[:150]}...{text[-20:]} ({len(text)} characters)"
