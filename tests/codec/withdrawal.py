"""Cases that tests declare, and take back: other tests draw from all that are declared."""

from typing import Any

from mimi.codec.decoder import _cases


def withdraw(declaration: Any) -> None:
    """Undo that a case joined its choice, which is that of the whole process."""
    del declaration.select.cases[declaration.tag]
    _cases(declaration.select).pop(declaration.tag, None)
