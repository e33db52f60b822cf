"""Directories: what documents say, and what comes of their templates."""

from typing import Any

from mimi.identity import Domain, IdentifierError, PseudonymUri, RoomUri, UserUri, parse
from mimi.protocol.directory import Directory, Endpoint, Parameter
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.protocol_rules import decided, judged


def check_directory(case: Case) -> None:
    """Verify what a document says, and the URLs that its templates make."""
    check_kind(case, "protocol-directory")
    document = case.octets("document")
    directory = judged(case, lambda: Directory.parse(document))
    case.same("endpoints", None if directory is None else form_of_directory(directory))
    for part in case.parts("urls"):
        part.only("endpoint", "parameter", "url", "rule")
        endpoint, parameter = endpoint_in(part), parameter_in(part, "parameter")
        if directory is None:
            raise DifferenceError(part.path, "no URLs of what is refused", shown(part.data))
        for name, value in form_of_url(directory, endpoint, parameter).items():
            part.same(name, value)


def form_of_directory(directory: Directory) -> list[dict[str, Any]]:
    """Return what a directory says, in the order of the draft."""
    found = []
    for endpoint in Endpoint:
        each = directory.templates.get(endpoint)
        if each is not None:
            found.append(
                {
                    "endpoint": endpoint.value,
                    "template": each.text,
                    "host": str(each.host),
                    "port": each.port,
                    "variable": each.variable.name,
                }
            )
    return found


def form_of_url(directory: Directory, endpoint: Endpoint, parameter: Parameter) -> dict[str, Any]:
    """Return the URL of an endpoint, or why there is none."""
    url, rule = decided(lambda: directory.url(endpoint, parameter))
    return {"url": url, "rule": rule}


def endpoint_in(case: Case, field: str = "endpoint") -> Endpoint:
    """Return the endpoint that a case names.

    Raises:
        DifferenceError: There is none of this name.
    """
    name = case.string(field)
    for endpoint in Endpoint:
        if endpoint.value == name:
            return endpoint
    raise DifferenceError(case.name(field), "an endpoint", shown(name))


def parameter_in(case: Case, field: str) -> Parameter:
    """Return what an endpoint is asked about: by its text a user, a room, a URL, or a domain.

    Raises:
        DifferenceError: It is none of them.
    """
    text = case.string(field)
    try:
        if text.startswith("mimi:"):
            found = parse(text)
            if isinstance(found, UserUri | PseudonymUri | RoomUri):
                return found
        elif ":" in text:
            return text
        else:
            return Domain(text)
    except IdentifierError:
        pass
    raise DifferenceError(case.name(field), "a user, a room, a URL, or a domain", shown(text))
