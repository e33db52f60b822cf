"""Finding and reading files."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def vector_files(paths: Iterable[Path]) -> Iterator[Path | OSError]:
    """Yield each file once: those that are named, and in folders every ``*.json``, sorted.

    Where a folder cannot be read, the error takes the place of what may be in it.
    """
    seen: set[str] = set()
    for path in paths:
        for file in files_below(path) if path.is_dir() else [path]:
            if isinstance(file, OSError):
                yield file
            elif os.path.realpath(file) not in seen:
                seen.add(os.path.realpath(file))
                yield file


def files_below(folder: Path) -> list[Path | OSError]:
    """Return every ``*.json`` in a folder, sorted, and the errors of folders in it."""
    failures: list[OSError] = []
    files = [
        Path(where, name)
        for where, _, names in os.walk(folder, onerror=failures.append)
        for name in names
        if name.endswith(".json") and not _is_special(Path(where, name))
    ]
    return [*sorted(files), *failures]


def _is_special(path: Path) -> bool:
    """Return whether a name below a folder is a pipe, a socket or a device: nothing to read."""
    return path.exists() and not path.is_file()


def octets_of(text: str) -> bytes | None:
    """Return the octets that a text states in hexadecimal, spaced as it may be; None for no such.

    Raises:
        ValueError: It is hexadecimal, but half an octet is left over.
    """
    digits = "".join(text.split())
    if not digits or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return None
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hexadecimal digits are not a whole number of octets")
    return bytes.fromhex(digits)


def octets_in(content: bytes) -> bytes:
    """Return the octets that a file holds, as they are or in hexadecimal.

    Raises:
        ValueError: They are hexadecimal, but half an octet is left over.
    """
    stated = octets_of(content.decode()) if content.isascii() else None
    return content if stated is None else stated
