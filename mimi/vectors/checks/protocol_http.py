"""Requests and responses of HTTP: who is asked what, and what an answer means."""

from typing import Any

import attrs

from mimi.errors import MimiError
from mimi.identity import Domain, IdentifierError
from mimi.protocol.directory import Directory, Endpoint
from mimi.protocol.endpoints import FORMS
from mimi.protocol.http import (
    Answered,
    HttpRequest,
    HttpResponse,
    Listener,
    Received,
    Refused,
    read_directory,
    read_request,
    read_response,
    refuse,
    request_to,
)
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.protocol_directory import endpoint_in
from mimi.vectors.protocol_rules import decided, protocol_rule_of

DIRECTORY = "directory"
"""What stands for an endpoint where a directory is asked for."""

Headers = tuple[tuple[str, str], ...]


@attrs.frozen
class Arrival:
    """A request as it arrives: the arguments of `read_request`."""

    listener: Listener
    method: str
    target: str
    headers: Headers
    body: bytes
    authenticated: tuple[Domain, ...]

    def read(self) -> Received:
        """Return what it is about.

        Raises:
            MimiError: It is refused.
        """
        where = self.listener, self.method, self.target, self.headers, self.body
        return read_request(*where, authenticated=self.authenticated)


def form_of_arrival(arrival: Arrival) -> dict[str, Any]:
    """Return what a request is about, or how it is refused."""
    try:
        received = arrival.read()
        received.content()
    except MimiError as error:
        answer = refuse(error)
        refused = {"rule": protocol_rule_of(error), "status": int(answer.status)}
        return (
            dict.fromkeys(("endpoint", "parameter", "source")) | refused | {"allow": _allow(answer)}
        )
    about = {"parameter": str(received.parameter), "source": str(received.source)}
    accepted: dict[str, Any] = {"rule": None, "status": None, "allow": None}
    return {"endpoint": received.endpoint.value} | about | accepted


def _allow(answer: HttpResponse) -> str | None:
    return None if answer.allow is None else str(answer.allow)


def sent(arrival: Arrival) -> HttpRequest:
    """Return the request that somebody sends who wants what an arrival is."""
    received = arrival.read()
    return request_to(
        arrival.listener.directory,
        received.endpoint,
        received.parameter,
        received.content(),
        source=received.source,
        target=received.target,
    )


def check_request(case: Case) -> None:
    """Verify what a request is about and how it is written, or how it is refused."""
    check_kind(case, "protocol-request")
    arrival = _arrival(case)
    for name, value in form_of_arrival(arrival).items():
        case.same(name, value)
    if case.value("url") is None:
        return
    with case.at("url"):
        request = sent(arrival)
    case.same("url", request.url)
    case.same("method", str(request.method))
    case.same("headers", [list(pair) for pair in request.headers])
    if arrival.target != request.request_target:
        raise DifferenceError("url", f"one with the target {shown(arrival.target)}", request.url)


def _arrival(case: Case) -> Arrival:
    document, most_octets = case.text("directory"), case.integer("most_octets")
    with case.at("directory"):
        directory = Directory.parse(document)
    listener = Listener(domain_in(case, "provider"), directory, most_octets)
    method, target, headers = case.string("method"), case.string("target"), headers_in(case)
    body, names = case.octets("body"), case.part("authenticated")
    authenticated = tuple(domain_in(names, at) for at in range(names.length()))
    return Arrival(listener, method, target, headers, body, authenticated)


def domain_in(case: Case, key: str | int) -> Domain:
    """Return the domain that a field names.

    Raises:
        DifferenceError: It names none.
    """
    try:
        return Domain(case.string(key))
    except IdentifierError:
        raise DifferenceError(case.name(key), "a domain", shown(case.value(key))) from None


def headers_in(case: Case) -> Headers:
    """Return the headers of a case, each a pair.

    Raises:
        DifferenceError: One is none.
    """
    found = []
    for part in case.parts("headers"):
        if part.length() != 2:
            raise DifferenceError(part.path, "a name and a value", shown(part.data))
        found.append((part.string(0), part.string(1)))
    return tuple(found)


# Responses


@attrs.frozen
class Answer:
    """A response as it arrives: the arguments of `read_response`."""

    endpoint: Endpoint | None
    status: int
    headers: Headers
    body: bytes
    now: int
    most_octets: int

    def read(self) -> Answered | Refused:
        """Return what it says.

        Raises:
            MimiError: It cannot be read.
        """
        if self.endpoint is None:
            found = read_directory(self.status, self.headers, self.body)
            return Refused(found) if isinstance(found, int) else Answered(found)
        return read_response(
            self.endpoint,
            self.status,
            self.headers,
            self.body,
            now=self.now,
            most_octets=self.most_octets,
        )


def form_of_answer(answer: Answer) -> dict[str, Any]:
    """Return what a response means."""
    found, rule = decided(answer.read)
    form: dict[str, Any] = dict.fromkeys(("outcome", "structure", "retry_after", "is_final"))
    if isinstance(found, Refused):
        form |= {"outcome": "refused", "retry_after": found.retry_after}
        form["is_final"] = found.is_final
    elif isinstance(found, Answered):
        structure = answer.endpoint and FORMS[answer.endpoint].response
        form |= {"outcome": "answered", "structure": structure and structure.__name__}
    return form | {"rule": rule}


def check_response(case: Case) -> None:
    """Verify what a response means."""
    check_kind(case, "protocol-response")
    endpoint = None if case.string("endpoint") == DIRECTORY else endpoint_in(case)
    status, headers, body = case.integer("status"), headers_in(case), case.octets("body")
    now, most_octets = case.integer("now"), case.integer("most_octets")
    answer = Answer(endpoint, status, headers, body, now, most_octets)
    for name, value in form_of_answer(answer).items():
        case.same(name, value)
