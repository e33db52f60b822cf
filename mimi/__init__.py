"""More Instant Messaging Interoperability (MIMI), and Messaging Layer Security under it.

The front door: encoding, decoding and looking at structures, and the families of errors. The rest
is in `mimi.crypto`, `mimi.tree`, `mimi.mls` and `mimi.vectors`.
"""

from importlib.metadata import version

from mimi.codec import annotate, decode, encode, presentation
from mimi.errors import ForbiddenError, InvalidError, MalformedError, MimiError, UsageError

__version__ = version("mimi")

__all__ = [
    "ForbiddenError",
    "InvalidError",
    "MalformedError",
    "MimiError",
    "UsageError",
    "__version__",
    "annotate",
    "decode",
    "encode",
    "presentation",
]
