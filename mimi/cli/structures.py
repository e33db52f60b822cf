"""Finding declared structures by their names."""

import importlib
import pkgutil
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from types import ModuleType
from typing import Any

from mimi import codec
from mimi.codec.declare import check_declaration, shape_of
from mimi.codec.shape import Bytes, Select, Struct, Vector
from mimi.codec.trace import bounds_of, kind_of
from mimi.errors import UsageError

PACKAGES = ("mimi.tree", "mimi.mls", "mimi.protocol")
"""Where structures are declared that are sent or stored."""

DEFAULT = "MLSMessage"
"""What octets are unless somebody says otherwise."""


@cache
def structures() -> dict[str, Any]:
    """Return everything that can be decoded by itself, from names to declared types.

    That is every structure, and every choice, vector and kind of octets that has a name.
    """
    found: dict[str, Any] = {}
    for module in _modules():
        for name, value in vars(module).items():
            if name[0] != "_" and not hasattr(codec, name) and _stands_alone(value):
                found.setdefault(name, value)
    return dict(sorted(found.items()))


def _modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            yield importlib.import_module(found.name)


def _stands_alone(value: Any) -> bool:
    try:
        shape = shape_of(value)
        check_declaration(shape)
    except UsageError:
        return False
    if isinstance(shape, Bytes):
        return shape.name != "opaque"
    return isinstance(shape, Struct | Select | Vector)


def structure(name: str) -> Any:
    """Return a declared type by its name, in whatever case that is written.

    Raises:
        UsageError: There is none; says which are called almost so.
    """
    return structures()[_known(name)]


def declaration(name: str) -> str:
    """Return a declaration in the presentation language, with those that it needs above it.

    Raises:
        UsageError: No structure has the name; says which are called almost so.
    """
    name = _known(name)
    shape = shape_of(structures()[name])
    text = codec.presentation(shape)
    if isinstance(shape, Vector):  # it has its name here alone
        line = f"{kind_of(shape.element)} {name}{bounds_of(shape.header)};"
        text = f"{text}\n\n{line}".lstrip()
    return text


def _known(name: str) -> str:
    lowered = {known.lower(): known for known in structures()}
    known = lowered.get(name.lower())
    if known is not None:
        return known
    close = [lowered[match] for match in get_close_matches(name.lower(), lowered)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(f"no structure is called {name}{hint}", name=name)
