"""What can go wrong around Markdown and links, and the packages that they need.

Nothing here needs the extra ``markdown``, so that its absence can be reported.
"""

import contextlib
from collections.abc import Iterator

from mimi.errors import InvalidError
from mimi.identity.errors import MissingExtraError as MissingExtraError

NEEDED = ("ada_url", "markdown_it", "mdurl")
"""The packages of the extra."""


class TooLongError(InvalidError):
    """A text of more characters than the limit that our caller set for what it costs to read.

    It carries the *length* and the *limit*.
    """

    rule = "draft-ietf-mimi-content-08 section 7.1.1"


class TooComplexError(InvalidError):
    """Block quotes and lists beyond the bounds within which `mimi.content.gfm` tells them apart.

    Other parsers have other bounds, or none, and could find HTML in them. It carries the *line*.
    """

    rule = "draft-ietf-mimi-content-08 section 7.1.1"


@contextlib.contextmanager
def extra_for(module: str) -> Iterator[None]:
    """Say which extra to install where *module* finds no package that it imports.

    Raises:
        MissingExtraError: a package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in NEEDED:
            raise
        raise MissingExtraError(
            f"{module} needs more packages: pip install 'mimi[markdown]'",
            module=module,
            missing=missing,
        ) from error
