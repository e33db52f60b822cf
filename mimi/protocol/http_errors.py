"""What HTTP has to say of a request, but for its body, and of its answer (sections 4.1 and 5).

The draft leaves most statuses open; docs/deviations.md has those that are taken here.
"""

from enum import IntEnum, StrEnum
from typing import ClassVar

from mimi.errors import InvalidError
from mimi.protocol.errors import PROTOCOL


class Method(StrEnum):
    """The methods of HTTP that the endpoints have."""

    GET = "GET"
    POST = "POST"


class Status(IntEnum):
    """The status codes that are written here; others are read, too."""

    OK = 200
    CREATED = 201
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    CONTENT_TOO_LARGE = 413
    UNSUPPORTED_MEDIA_TYPE = 415
    MISDIRECTED_REQUEST = 421
    TOO_MANY_REQUESTS = 429
    INTERNAL_SERVER_ERROR = 500
    BAD_GATEWAY = 502
    SERVICE_UNAVAILABLE = 503


class HttpError(InvalidError):
    """A request, or a response, is none of this protocol.

    Attributes:
        status: What it is answered with.
    """

    rule = f"{PROTOCOL} section 4.1"
    status: ClassVar[Status] = Status.BAD_REQUEST


class HeaderError(HttpError):
    """A header that must be there once is not there, or more than once."""


class SourceError(HttpError):
    """The header From is not ``mimi`` at a domain."""


class UnauthenticatedSourceError(HttpError):
    """The connection is not authenticated as the source that the request states."""

    status = Status.UNAUTHORIZED


class HostError(HttpError):
    """A request for a server that is not here."""

    status = Status.MISDIRECTED_REQUEST


class UnknownEndpointError(HttpError):
    """No endpoint is at the target of a request."""

    rule = f"{PROTOCOL} section 5.1"
    status = Status.NOT_FOUND


class MethodError(HttpError):
    """A method that the endpoint does not have."""

    rule = f"{PROTOCOL} section 5"
    status = Status.METHOD_NOT_ALLOWED


class PathParameterError(HttpError):
    """What an endpoint is asked about is no identifier of its kind."""

    rule = f"{PROTOCOL} section 5"


class ContentLengthError(HttpError):
    """A body is longer than is permitted here."""

    status = Status.CONTENT_TOO_LARGE


class ContentTypeError(HttpError):
    """A body is of another media type."""

    status = Status.UNSUPPORTED_MEDIA_TYPE
