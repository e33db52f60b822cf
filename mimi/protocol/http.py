"""Requests and responses of HTTP, as values (sections 4.1 and 5).

::

    request_to(...)  --HttpRequest-->  [any HTTP client and server]  --> read_request(...)
    read_response(...) <--HttpResponse--                             <-- respond(...), refuse(...)

Source and target are providers: the source stands in the header From as ``mimi@a.example`` and is
what the client certificate of the connection is for; the target is whose directory it is, wherever
its servers are.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from mimi.codec import decode, encode
from mimi.errors import ForbiddenError, InvalidError, MalformedError, MimiError, UsageError
from mimi.identity import Domain, IdentifierError
from mimi.protocol.directory import Directory, Endpoint, Parameter, directory_url
from mimi.protocol.endpoints import FORMS
from mimi.protocol.http_errors import (
    ContentLengthError,
    ContentTypeError,
    HeaderError,
    HostError,
    HttpError,
    Method,
    MethodError,
    PathParameterError,
    SourceError,
    Status,
    UnauthenticatedSourceError,
    UnknownEndpointError,
)
from mimi.protocol.protocol import domain
from mimi.protocol.retry import retry_after

MEDIA_TYPE = "application/octet-stream"
"""The media type of bodies, for which the draft has none."""
JSON = "application/json"
LOCAL_PART = "mimi"
MOST_OCTETS = 1 << 24
"""How long a body may be unless the caller says otherwise."""


Headers: TypeAlias = tuple[tuple[str, str], ...]


# Requests


@attrs.frozen
class HttpRequest:
    """A request to be sent.

    Attributes:
        method: The method.
        url: Where to.
        source: The provider that sends it.
        target: The provider that it is for.
        body: The body.
        media_type: That of the body; None where there is none.
        place: The endpoint and what it is asked about, which another directory has elsewhere; None
            where no directory says where it is.
    """

    method: Method
    url: str
    source: Domain
    target: Domain
    body: bytes = b""
    media_type: str | None = None
    place: tuple[Endpoint, Parameter] | None = None

    @property
    def host(self) -> str:
        """The header Host, with the port if the URL has one."""
        return self.url.removeprefix("https://").partition("/")[0].partition("?")[0]

    @property
    def request_target(self) -> str:
        """Path and query, as the request line has them (RFC 9112 section 3.2.1)."""
        target = self.url.removeprefix("https://").removeprefix(self.host)
        return target if target.startswith("/") else f"/{target}"

    @property
    def headers(self) -> Headers:
        """The headers that the protocol demands; those of the connection are the carrier's."""
        headers = (("Host", self.host), ("From", f"{LOCAL_PART}@{self.source}"))
        if self.media_type is None:
            return headers
        return (*headers, ("Content-Type", self.media_type))


def directory_request(*, source: Domain, target: Domain) -> HttpRequest:
    """Return the request for a provider's directory."""
    return HttpRequest(Method.GET, directory_url(target), source, target)


def request_to(
    directory: Directory,
    endpoint: Endpoint,
    parameter: Parameter,
    content: Any = None,
    *,
    source: Domain,
    target: Domain,
) -> HttpRequest:
    """Return a request to an endpoint.

    Args:
        directory: The target's.
        endpoint: The endpoint.
        parameter: What it is asked about.
        content: The structure in its body; for notify, all messages; None for a download.
        source: The provider that sends it.
        target: The provider that it is for.

    Raises:
        MissingEndpointError: The target does not offer the endpoint.
        EndpointParameterError: The endpoint is for something else.
        UsageError: The content is none for the endpoint.
    """
    form, url, place = FORMS[endpoint], directory.url(endpoint, parameter), (endpoint, parameter)
    if form.request is None:
        return HttpRequest(form.method, url, source, target, place=place)
    return HttpRequest(form.method, url, source, target, form.write(content), MEDIA_TYPE, place)


@attrs.frozen
class Received:
    """A request that arrived, before its body is read.

    Attributes:
        endpoint: Its endpoint.
        parameter: What it is about.
        source: The provider that sent it.
        target: The provider that it is for.
        body: The body, as it came: by it repeated notify requests are known.
        domains: All domains that the source has, as far as its certificate says.
    """

    endpoint: Endpoint
    parameter: Parameter
    source: Domain
    target: Domain
    body: bytes
    domains: frozenset[Domain] = frozenset()

    def content(self) -> Any:
        """Return what the body holds; for notify, all messages; for a download None.

        Raises:
            IncompatibleProtocolError: It is of another protocol.
            EmptyNotifyError: A notify request has no message.
            MalformedError: It does not parse.
        """
        return FORMS[self.endpoint].read(self.body)


@attrs.frozen
class Listener:
    """Who receives requests.

    Attributes:
        provider: One's own domain.
        directory: One's own directory.
        most_octets: How long a body may be.
    """

    provider: Domain
    directory: Directory
    most_octets: int = MOST_OCTETS


def read_request(
    listener: Listener,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    authenticated: Collection[Domain],
) -> Received:
    """Return what a request that arrived is about.

    Args:
        listener: Who receives it.
        method: Its method.
        target: Its path and query, as they were sent.
        headers: Names and values.
        body: The body.
        authenticated: For which domains the certificate of the other side is.

    Raises:
        HttpError: It is none of the protocol; `refuse` answers it.
    """
    found = _headers(headers)
    if len(body) > listener.most_octets:
        raise ContentLengthError(
            f"{len(body)} octets, {listener.most_octets} permitted", octets=len(body)
        )
    source = _source(found, authenticated)
    match = listener.directory.match(_host(found, listener), target)
    if match is None:
        raise UnknownEndpointError("no endpoint is there", target=target)
    endpoint, encoded = match
    form = FORMS[endpoint]
    if method != form.method:
        raise MethodError(f"{endpoint.value} has no method {method!a}", allow=form.method)
    try:
        parameter = listener.directory.parameter_of(endpoint, encoded)
    except IdentifierError as error:
        raise PathParameterError(f"{error}", target=target) from error
    if form.request is not None:
        _check_media_type(found.get("content-type"), MEDIA_TYPE)
    domains = frozenset(authenticated)
    return Received(endpoint, parameter, source, listener.provider, body, domains)


_ONCE = frozenset(("host", "from", "content-type", "retry-after"))


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered in found and lowered in _ONCE:
            raise HeaderError(f"the header {lowered} twice", header=lowered)
        found[lowered] = value.strip(" \t")
    return found


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if value is None:
        raise HeaderError(f"no header {name}", header=name)
    return value


def _source(headers: Mapping[str, str], authenticated: Collection[Domain]) -> Domain:
    local, at, name = _required(headers, "from").partition("@")
    if (local, at) != (LOCAL_PART, "@"):
        raise SourceError("the header From is not mimi at a domain")
    try:
        source = domain(name)
    except IdentifierError as error:
        raise SourceError(f"the header From has no domain: {error}") from error
    if source not in authenticated:
        raise UnauthenticatedSourceError(f"not authenticated as {source}", source=str(source))
    return source


def _host(headers: Mapping[str, str], listener: Listener) -> Domain:
    """Return the host of a request; its port does not matter."""
    name = _required(headers, "host").partition(":")[0]
    try:
        host = domain(name)
    except IdentifierError as error:
        raise HostError(f"{name!a} is no domain: {error}") from error
    if host not in listener.directory.hosts:
        raise HostError(f"{host} is not here", host=str(host))
    return host


def _check_media_type(stated: str | None, expected: str) -> None:
    """Check a media type; one that is not stated is taken for what is expected."""
    if stated is None:
        return
    kind = stated.partition(";")[0].strip(" \t").lower()
    if kind != expected:
        raise ContentTypeError(f"{kind!a}, not {expected}", media_type=kind)


# Responses


@attrs.frozen
class HttpResponse:
    """A response.

    Attributes:
        status: Its status.
        body: The body.
        media_type: That of the body; None where there is none.
        retry_after: In how many seconds to ask again, if it says so.
        allow: With status 405, the method that there is.
    """

    status: int
    body: bytes = b""
    media_type: str | None = None
    retry_after: int | None = None
    allow: Method | None = None

    @property
    def headers(self) -> Headers:
        """The headers that say what is not in status and body."""
        stated = (
            ("Content-Type", self.media_type),
            ("Retry-After", self.retry_after),
            ("Allow", self.allow),
        )
        return tuple((name, str(value)) for name, value in stated if value is not None)


def respond(endpoint: Endpoint, content: Any = None) -> HttpResponse:
    """Return the response of an endpoint that took a request.

    Args:
        endpoint: The endpoint, but for a download: see `asset_response`.
        content: The structure in its body; None where there is none.

    Raises:
        UsageError: The content is none for the endpoint.
    """
    form = FORMS[endpoint]
    if form.request is None:
        raise UsageError("a download is answered by what is downloaded")
    if form.response is None:
        if content is not None:
            raise UsageError(f"a response of {endpoint.value} has no body")
        return HttpResponse(form.success)
    return HttpResponse(form.success, encode(content, form.response), MEDIA_TYPE)


def directory_response(directory: Directory) -> HttpResponse:
    """Return the response that is a directory."""
    return HttpResponse(Status.OK, directory.encode(), JSON)


_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_STATED = re.compile(rf'{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|"[ !#-\[\]-~]*"))*')
"""A media type with its parameters (RFC 9110 section 8.3.1), without escapes in quotes."""


def asset_response(content: bytes, media_type: str = MEDIA_TYPE) -> HttpResponse:
    """Return the response that is what was downloaded.

    Args:
        content: The octets.
        media_type: What the other server says that they are; what is no media type is not told on.
    """
    stated = media_type if _STATED.fullmatch(media_type) else MEDIA_TYPE
    return HttpResponse(Status.OK, content, stated)


def refusal(status: Status, *, retry_after: int | None = None) -> HttpResponse:
    """Return a response that is a status alone: no one there, too many requests, no room to work.

    Args:
        status: From 400 on.
        retry_after: In how many seconds to ask again.

    Raises:
        UsageError: The status is none of refusal.
    """
    if status < Status.BAD_REQUEST:
        raise UsageError(f"{status.value} refuses nothing", status=status)
    return HttpResponse(status, retry_after=retry_after)


def refuse(error: MimiError) -> HttpResponse:
    """Return the response to a request that is refused: it does not say why.

    What does not parse or breaks a rule is the sender's fault, 400; what policy forbids is 403; a
    mistake of our own is 500. An `HttpError` has its own status.
    """
    if isinstance(error, MethodError):
        return HttpResponse(error.status, allow=Method(str(error.where["allow"])))
    if isinstance(error, HttpError):
        return HttpResponse(error.status)
    if isinstance(error, MalformedError | InvalidError):
        return HttpResponse(Status.BAD_REQUEST)
    if isinstance(error, ForbiddenError):
        return HttpResponse(Status.FORBIDDEN)
    return HttpResponse(Status.INTERNAL_SERVER_ERROR)


@attrs.frozen
class Answered:
    """The other side took a request.

    Attributes:
        content: The structure in the response; None where it has none; of a download the octets.
    """

    content: Any


@attrs.frozen
class Refused:
    """The other side did not take a request.

    Attributes:
        status: Its status.
        retry_after: In how many seconds it wants to be asked again, if it says so.
    """

    status: int
    retry_after: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether the same request will be refused again: its sender is at fault."""
        return 400 <= self.status < 500 and self.status not in _PASSING


_PASSING = (401, 408, 421, 425, 429)
"""Statuses of the sender's fault that go by: not known yet, too slow, too early, too often."""


def read_response(
    endpoint: Endpoint,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    now: int,
    most_octets: int = MOST_OCTETS,
) -> Answered | Refused:
    """Return what a response says.

    Args:
        endpoint: What was asked.
        status: Its status.
        headers: Names and values.
        body: The body.
        now: Seconds since 1970-01-01T00:00Z, for guidance that is a date.
        most_octets: How long a body may be.

    Raises:
        ContentLengthError: The body is too long.
        ContentTypeError: The body is of another media type.
        HeaderError: A header is there twice.
        MalformedError: The body does not parse, or stands where there should be none.
    """
    form, found = FORMS[endpoint], _headers(headers)
    if status not in form.accepted:
        return Refused(status, retry_after(found.get("retry-after"), now))
    if len(body) > most_octets:
        raise ContentLengthError(f"{len(body)} octets, {most_octets} permitted", octets=len(body))
    if form.request is None:
        return Answered(body)
    if form.response is None:
        return Answered(None)
    _check_media_type(found.get("content-type"), MEDIA_TYPE)
    return Answered(decode(form.response, body))


def read_directory(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Directory | int:
    """Return the directory that a response is; or its status, where it is none.

    Raises:
        ContentTypeError: The body is of another media type than JSON.
        HeaderError: A header is there twice.
        DirectoryError: It is no directory; the class says why.
    """
    if status != Status.OK:
        return status
    _check_media_type(_headers(headers).get("content-type"), JSON)
    return Directory.parse(body)
