"""What was accepted lately, should it come again (sections 5.3 and 5.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Recent(Mapping[bytes, V], Generic[V]):
    """From digests of what was accepted to what was answered, oldest first: a value.

    Args:
        known: What was answered, oldest first; None where that is read when somebody asks for it.
        read: From a digest to what was answered.
    """

    __slots__ = ("_known", "_read")

    def __init__(
        self, known: dict[bytes, V | None], read: Callable[[bytes], V] | None = None
    ) -> None:
        self._known = known
        self._read = read

    @classmethod
    def of(cls, entries: Mapping[bytes, V]) -> "Recent[V]":
        """Return what a mapping says, oldest first."""
        return entries if isinstance(entries, Recent) else cls(dict(entries))

    @classmethod
    def stored(cls, order: Iterable[bytes], read: Callable[[bytes], V]) -> "Recent[V]":
        """Return what is stored of some digests, oldest first."""
        return cls(dict.fromkeys(order), read)

    def __getitem__(self, digest: bytes) -> V:
        known = self._known[digest]
        if known is None:
            assert self._read is not None  # noqa: S101 - else all are known
            known = self._known[digest] = self._read(digest)
        return known

    def __contains__(self, digest: Any) -> bool:
        return digest in self._known

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"Recent({len(self)} entries)"

    def remembering(self, digest: bytes, answered: V, most: int) -> "Recent[V]":
        """Return what was accepted lately, and this; the oldest are forgotten beyond so many."""
        known = self._known.copy()
        known.pop(digest, None)
        known[digest] = answered
        while len(known) > most:
            del known[next(iter(known))]
        return Recent(known, self._read)
