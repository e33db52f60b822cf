"""The directory: where the endpoints of a provider are (section 5.1).

::

    GET https://a.example/.well-known/mimi-protocol-directory

    {"update": "https://mimi.a.example/v1/update/{roomId}", ...}

Each place is a URI template (RFC 6570, level 1) with one variable. An identifier stands there as a
whole URI, with everything encoded but letters, digits, and ``-._~``::

    https://mimi.a.example/v1/update/mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse
"""

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Self, TypeAlias

import attrs

from mimi.identity import Domain, IdentifierError, MimiUri, PseudonymUri, RoomUri, UserUri, parse
from mimi.identity.errors import OtherTypeError
from mimi.identity.percent import PCHAR, decode, encode
from mimi.protocol.errors import (
    DirectoryError,
    DirectorySizeError,
    EndpointParameterError,
    MissingEndpointError,
    RepeatedNameError,
    RepeatedTemplateError,
    TemplateError,
)
from mimi.protocol.protocol import SHORT, domain

WELL_KNOWN = "/.well-known/mimi-protocol-directory"
MOST_OCTETS = 1 << 16
"""How long a directory document may be."""

User: TypeAlias = UserUri | PseudonymUri
Parameter: TypeAlias = User | RoomUri | Domain | str
"""What an endpoint is asked about: a user, a room, a domain, or a URL to be downloaded."""


class Endpoint(Enum):
    """What providers ask each other for; values are the directory's names."""

    KEY_MATERIAL = "keyMaterial"
    UPDATE = "update"
    NOTIFY = "notify"
    SUBMIT_MESSAGE = "submitMessage"
    GROUP_INFO = "groupInfo"
    REQUEST_CONSENT = "requestConsent"
    UPDATE_CONSENT = "updateConsent"
    IDENTIFIER_QUERY = "identifierQuery"
    REPORT_ABUSE = "reportAbuse"
    PROXY_DOWNLOAD = "proxyDownload"


def _user(text: str) -> User:
    found = parse(text)
    if not isinstance(found, UserUri | PseudonymUri):
        raise OtherTypeError(f"{type(found).__name__} where a user is meant", 0)
    return found


@attrs.frozen
class Variable:
    """A variable of the templates.

    Attributes:
        name: Its name.
        kinds: What may stand there.
        read: From the decoded text to that; it raises `IdentifierError`.
        write: From that to the text.
    """

    name: str
    kinds: tuple[type[Any], ...]
    read: Callable[[str], Parameter]
    write: Callable[[Any], str] = str


def _domain_of(value: MimiUri | Domain) -> str:
    return str(value.provider if isinstance(value, MimiUri) else value)


TARGET_USER = Variable("targetUser", (UserUri, PseudonymUri), _user)
REQUESTER_USER = Variable("requesterUser", (UserUri, PseudonymUri), _user)
TARGET_DOMAIN = Variable("targetDomain", (Domain, UserUri, PseudonymUri), domain, _domain_of)
REQUESTER_DOMAIN = Variable("requesterDomain", (Domain, UserUri, PseudonymUri), domain, _domain_of)
ROOM_ID = Variable("roomId", (RoomUri,), RoomUri.parse)
DOMAIN = Variable("domain", (Domain,), domain)
DOWNLOAD_URL = Variable("downloadUrl", (str,), str)

VARIABLES: Mapping[Endpoint, tuple[Variable, ...]] = MappingProxyType(
    {
        Endpoint.KEY_MATERIAL: (TARGET_USER,),
        Endpoint.UPDATE: (ROOM_ID,),
        Endpoint.NOTIFY: (ROOM_ID,),
        Endpoint.SUBMIT_MESSAGE: (ROOM_ID,),
        Endpoint.GROUP_INFO: (ROOM_ID,),
        Endpoint.REQUEST_CONSENT: (TARGET_USER, TARGET_DOMAIN),
        Endpoint.UPDATE_CONSENT: (REQUESTER_USER, REQUESTER_DOMAIN),
        Endpoint.IDENTIFIER_QUERY: (DOMAIN,),
        Endpoint.REPORT_ABUSE: (ROOM_ID,),
        Endpoint.PROXY_DOWNLOAD: (DOWNLOAD_URL,),
    }
)
"""The variables that each template may have, the one that we write first. The draft has users in
the directory, and domains where it describes consent: a provider's own directory decides."""

_CHARACTER = r"(?:[!$&-;=?-Z_a-z~\[\]]|%[0-9A-Fa-f]{2})"
_TEMPLATE = re.compile(
    r"(?ai:https)://(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    rf"(?P<before>[/?]{_CHARACTER}*)\{{(?P<variable>[A-Za-z0-9_]+)\}}(?P<after>{_CHARACTER}*)"
)


@attrs.frozen
class Template:
    """The place of an endpoint.

    Attributes:
        text: The template, with the scheme in lower case.
        host: The domain of its server, which need not be the provider's.
        port: The port; None for that of https.
        before: What comes before the variable, from the path on, as in the target of a request.
        variable: The variable.
        after: What comes after it.
    """

    text: str
    host: Domain
    port: int | None
    before: str
    variable: Variable
    after: str

    @classmethod
    def parse(cls, endpoint: Endpoint, text: str) -> Self:
        """Return the template that a text is.

        Raises:
            TemplateError: It is no https URI template with a variable of the endpoint.
        """
        name, found = endpoint.value, _TEMPLATE.fullmatch(text)
        if found is None:
            raise TemplateError(f"{text!r} is no https URI template with one variable", name)
        named = {variable.name: variable for variable in VARIABLES[endpoint]}
        variable = named.get(found["variable"])
        if variable is None:
            raise TemplateError(f"{text!r} has not the variable {' or '.join(named)}", name)
        port = None if found["port"] is None else int(found["port"])
        if port is not None and not 0 < port < 1 << 16:
            raise TemplateError(f"there is no port {port}", name)
        before = _in_origin_form(found["before"])
        try:
            host = Domain(found["host"])
        except IdentifierError as error:
            raise TemplateError(f"{text!r} has no host name: {error}", name) from error
        lowered = f"https{text[len('https') :]}"  # the scheme may be in any letters
        return cls(lowered, host, port, before, variable, found["after"])

    def url(self, parameter: Parameter) -> str:
        """Return the URL for a certain user, room, domain or download.

        Raises:
            EndpointParameterError: The place is for something else.
        """
        if not isinstance(parameter, self.variable.kinds):
            raise EndpointParameterError(
                f"{{{self.variable.name}}} is no {type(parameter).__name__}",
                variable=self.variable.name,
            )
        before, _, after = self.text.partition(f"{{{self.variable.name}}}")
        return f"{before}{encode(self.variable.write(parameter))}{after}"

    def match(self, target: str) -> str | None:
        """Return what stands for the variable, encoded, in the target of a request.

        None is that it is another place. Nothing that stands there has a ``/`` or a ``?``.
        """
        before, after, target = self.before, self.after, _in_origin_form(target)
        found = target[len(before) : len(target) - len(after)]
        if not found or target != f"{before}{found}{after}" or not _ENCODED.isdisjoint(found):
            return None
        return found


def _in_origin_form(target: str) -> str:
    """Return path and query as they are sent: an empty path is ``/`` (RFC 9112 section 3.2.1)."""
    return f"/{target}" if target.startswith("?") else target


_ENCODED = frozenset("/?#")
"""What is encoded where it stands in a variable."""


def _fixed(templates: Mapping[Endpoint, Template]) -> Mapping[Endpoint, Template]:
    return MappingProxyType(dict(templates))


@attrs.frozen
class Directory:
    """Where the endpoints of a provider are; it need not offer them all.

    Attributes:
        templates: The place of each endpoint that it offers.
    """

    templates: Mapping[Endpoint, Template] = attrs.field(converter=_fixed, hash=False)

    def __attrs_post_init__(self) -> None:
        places: dict[tuple[Domain, str, str], Endpoint] = {}
        for endpoint, each in self.templates.items():
            other = places.setdefault((each.host, each.before, each.after), endpoint)
            if other is not endpoint:
                raise RepeatedTemplateError(f"{other.value} is at the same place", endpoint.value)

    @classmethod
    def at(cls, base: str) -> Self:
        """Return a directory of all endpoints, below a URL and called by their own names.

        Raises:
            TemplateError: The URL is no https URL.
        """
        below = base.removesuffix("/")
        return cls(
            {
                endpoint: Template.parse(
                    endpoint, f"{below}/{endpoint.value}/{{{variables[0].name}}}"
                )
                for endpoint, variables in VARIABLES.items()
            }
        )

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Return the directory that a document is; names that nobody knows are passed over.

        Raises:
            DirectorySizeError: It is longer than `MOST_OCTETS`.
            RepeatedNameError: It has a name twice.
            TemplateError: A place is no https URI template with the endpoint's variable.
            RepeatedTemplateError: Two endpoints are at the same place.
            DirectoryError: It is no JSON object, or a place is no text.
        """
        if len(document) > MOST_OCTETS:
            raise DirectorySizeError(f"{len(document)} octets, {MOST_OCTETS} permitted")
        try:
            read = json.loads(document.decode(), object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise DirectoryError(f"no JSON document: {error}") from error
        if not isinstance(read, dict):
            raise DirectoryError("no JSON object")
        templates = {}
        for endpoint in Endpoint:
            if endpoint.value in read:
                text = read[endpoint.value]
                if not isinstance(text, str):
                    raise DirectoryError("a place is a text", endpoint.value)
                templates[endpoint] = Template.parse(endpoint, text)
        return cls(templates)

    def encode(self) -> bytes:
        """Return the document."""
        places = {
            each.value: self.templates[each].text for each in Endpoint if each in self.templates
        }
        return json.dumps(places, indent=2).encode()

    def template(self, endpoint: Endpoint) -> Template:
        """Return the place of an endpoint.

        Raises:
            MissingEndpointError: The provider does not offer it.
        """
        found = self.templates.get(endpoint)
        if found is None:
            raise MissingEndpointError(f"there is no {endpoint.value}", endpoint=endpoint)
        return found

    def url(self, endpoint: Endpoint, parameter: Parameter) -> str:
        """Return the URL of an endpoint for a certain user, room, domain or download.

        Raises:
            MissingEndpointError: The provider does not offer it.
            EndpointParameterError: The endpoint is for something else.
        """
        return self.template(endpoint).url(parameter)

    @property
    def hosts(self) -> frozenset[Domain]:
        """The domains of the servers that the endpoints are at."""
        return frozenset(each.host for each in self.templates.values())

    def match(self, host: Domain, target: str) -> tuple[Endpoint, str] | None:
        """Return what a request to one of one's own endpoints is about.

        Args:
            host: The domain of the request's host.
            target: Its path and query, as they were sent: what decodes them loses the parameter.

        Returns:
            The endpoint, and what stands for its variable, to be read by `parameter_of`; None
            where there is no endpoint. Of several that match, that with most before the variable.
        """
        matches = [
            (len(each.before), endpoint.value, found)
            for endpoint, each in self.templates.items()
            if each.host == host and (found := each.match(target)) is not None
        ]
        if not matches:
            return None
        _, name, found = max(matches)
        return Endpoint(name), found

    def parameter_of(self, endpoint: Endpoint, encoded: str) -> Parameter:
        """Return what stands for the variable of an endpoint.

        Raises:
            IdentifierError: It is nothing that can stand there.
        """
        read = self.template(endpoint).variable.read
        return (_known if len(encoded) <= SHORT else _parameter)(read, encoded)


def _parameter(read: Callable[[str], Parameter], encoded: str) -> Parameter:
    return read(decode(encoded, PCHAR).text)


_known = lru_cache(4096)(_parameter)


def directory_url(provider: Domain) -> str:
    """Return where the directory of a provider is."""
    return f"https://{provider}{WELL_KNOWN}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RepeatedNameError("a name that stands there twice", name[:80])
        found[name] = value
    return found
