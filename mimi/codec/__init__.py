"""The TLS presentation language, as declarations (RFC 8446 section 3, RFC 9420 section 2.1).

Declare a structure once; encoder, decoder, presentation text, annotated view and test strategy
come from the declaration::

    @struct
    class Lifetime:
        not_before: UInt64
        not_after: UInt64

    encode(Lifetime(0, 1))          # the one encoding
    decode(Lifetime, octets)        # the value, or MalformedError with path and offset
    presentation(Lifetime)          # struct { uint64 not_before; uint64 not_after; } Lifetime;
    annotate(Lifetime, octets)      # every octet with the field that it belongs to
"""

from mimi.codec.codepoint import (
    GREASE_VALUES,
    ClosedEnum,
    ClosedEnum8,
    ClosedEnum16,
    CodePoint,
    CodePoint8,
    CodePoint16,
    CodePoint32,
    is_grease,
    point,
)
from mimi.codec.declare import Choice, is_struct, replace, struct
from mimi.codec.describe import annotate, presentation
from mimi.codec.lazy import LazyTuple
from mimi.codec.shape import (
    Between,
    Bytes,
    Fixed,
    Given,
    Lazy,
    Opaque,
    Padding,
    Rule,
    Select,
    UInt8,
    UInt16,
    UInt24,
    UInt32,
    UInt64,
    increasing,
    increasing_by,
    unique_by,
)
from mimi.codec.tls import (
    decode,
    decode_all,
    decode_length,
    encode,
    encode_all,
    encode_as,
    encode_length,
    field_encoder,
)
from mimi.codec.trace import Span, Traced, read

__all__ = [
    "GREASE_VALUES",
    "Between",
    "Bytes",
    "Choice",
    "ClosedEnum",
    "ClosedEnum8",
    "ClosedEnum16",
    "CodePoint",
    "CodePoint8",
    "CodePoint16",
    "CodePoint32",
    "Fixed",
    "Given",
    "Lazy",
    "LazyTuple",
    "Opaque",
    "Padding",
    "Rule",
    "Select",
    "Span",
    "Traced",
    "UInt8",
    "UInt16",
    "UInt24",
    "UInt32",
    "UInt64",
    "annotate",
    "decode",
    "decode_all",
    "decode_length",
    "encode",
    "encode_all",
    "encode_as",
    "encode_length",
    "field_encoder",
    "increasing",
    "increasing_by",
    "is_grease",
    "is_struct",
    "point",
    "presentation",
    "read",
    "replace",
    "struct",
    "unique_by",
]
