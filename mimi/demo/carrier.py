"""HTTP/1.1 on the wire, as far as the demonstration needs it (RFC 9112)."""

import attrs

from mimi.errors import MalformedError
from mimi.protocol import HttpRequest, HttpResponse
from mimi.protocol.http import Headers

_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}


@attrs.frozen
class Arrived:
    """A request, or a response, as it arrived.

    Attributes:
        line: The three parts of its first line.
        headers: Names and values.
        body: The body.
    """

    line: tuple[str, str, str]
    headers: Headers
    body: bytes

    @property
    def status(self) -> int:
        """The status, of a response."""
        return int(self.line[1])


def request_octets(request: HttpRequest) -> bytes:
    """Return a request as it is sent."""
    return octets_of(
        f"{request.method} {request.request_target} HTTP/1.1", request.headers, request.body
    )


def response_octets(response: HttpResponse) -> bytes:
    """Return a response as it is sent."""
    reason = _REASONS.get(response.status, "Error" if response.status >= 400 else "Success")
    line = f"HTTP/1.1 {int(response.status)} {reason}"
    return octets_of(line, response.headers, response.body)


def octets_of(line: str, headers: Headers, body: bytes) -> bytes:
    """Return a message as it is sent, by its first line, its other headers and its body."""
    stated = (*headers, ("Content-Length", str(len(body))))
    lines = (line, *(f"{name}: {value}" for name, value in stated), "", "")
    return "\r\n".join(lines).encode("ascii") + body


def arrived(octets: bytes) -> Arrived:
    """Return what octets say.

    Raises:
        MalformedError: They are no request and no response.
    """
    head, found, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if not found or len(parts) != 3:
        raise MalformedError("no HTTP message", "", 0)
    headers = tuple(
        (name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)
    )
    if dict(headers).get("Content-Length") != str(len(body)):
        raise MalformedError("a body of another length", "", len(octets) - len(body))
    return Arrived((parts[0], parts[1], parts[2]), headers, body)
