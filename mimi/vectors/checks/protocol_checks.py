"""Bodies that are well-formed: whether they keep the rules that need no room and no key."""

from collections.abc import Callable
from typing import Any

import attrs

from mimi.codec import decode, encode
from mimi.identity import Domain
from mimi.protocol.abuse import AbuseReport, check_report
from mimi.protocol.assets import check_download
from mimi.protocol.consent import (
    REQUESTING,
    UPDATING,
    ConsentEntry,
    check_consent,
    check_granted,
)
from mimi.protocol.fanout import check_fanout, read_notify
from mimi.protocol.identifiers import (
    IdentifierRequest,
    IdentifierResponse,
    check_identifier_request,
    check_identifier_response,
)
from mimi.protocol.keys import incompatible_protocol
from mimi.protocol.message import content_kind
from mimi.protocol.protocol import check_protocol
from mimi.protocol.pseudonyms import PseudonymousCredential, check_pseudonyms
from mimi.protocol.submit import SubmitMessageRequest, check_submit_request
from mimi.protocol.update import (
    UpdateRequest,
    UpdateRoomResponse,
    check_update_request,
    check_update_response,
)
from mimi.tree.leaf import LifetimePolicy
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.checks.mls_data import LONGEST_LIFETIME
from mimi.vectors.checks.protocol_directory import parameter_in
from mimi.vectors.checks.protocol_http import domain_in
from mimi.vectors.checks.protocol_keys import uri_in
from mimi.vectors.protocol_rules import judged


@attrs.frozen
class Check:
    """What is checked of a body.

    Attributes:
        given: The names of the circumstances that it depends on.
        run: From the body and the circumstances to what comes of it; it raises `MimiError`.
    """

    given: tuple[str, ...]
    run: Callable[[bytes, Case], Any]


def check_rules(case: Case) -> None:
    """Verify what comes of a body, or for which rule it is refused."""
    check_kind(case, "protocol-check")
    name, body, given = case.string("check"), case.octets("body"), case.part("given")
    check = CHECKS.get(name)
    if check is None:
        raise DifferenceError("check", " or ".join(CHECKS), shown(name))
    given.only(*check.given)
    for each in check.given:
        given.value(each)
    result = judged(case, lambda: check.run(body, given))
    case.same("result", result)


def _domains(given: Case, field: str) -> tuple[Domain, ...]:
    names = given.part(field)
    return tuple(domain_in(names, at) for at in range(names.length()))


def _other_protocol(body: bytes, given: Case) -> str:
    """Return what answers a request for key material of another protocol."""
    target = uri_in(given, "target")
    return encode(incompatible_protocol(body, target)).hex()


def _update_request(body: bytes, _: Case) -> None:
    check_update_request(decode(UpdateRequest, body))


def _update_response(body: bytes, _: Case) -> str:
    return check_update_response(decode(UpdateRoomResponse, body))


def _submit_request(body: bytes, given: Case) -> str:
    sender = _domains(given, "sender")
    check_protocol(body)
    return str(check_submit_request(decode(SubmitMessageRequest, body), sender)[1])


def _notify(body: bytes, _: Case) -> list[str]:
    kinds = []
    for message in read_notify(body):
        check_fanout(message)
        kinds.append(content_kind(message.message).name.lower())
    return kinds


_OPERATIONS = {"requestConsent": REQUESTING, "updateConsent": UPDATING}


def _consent(body: bytes, given: Case) -> int:
    sender, receiver = _domains(given, "sender"), _domains(given, "receiver")
    path, now, endpoint = (
        parameter_in(given, "path"),
        given.integer("now"),
        given.string("endpoint"),
    )
    if endpoint not in _OPERATIONS:
        raise DifferenceError(given.name("endpoint"), " or ".join(_OPERATIONS), shown(endpoint))
    if isinstance(path, str):
        raise DifferenceError(given.name("path"), "a user or a domain", shown(path))
    entry = decode(ConsentEntry, body)
    check_consent(entry, _OPERATIONS[endpoint], sender=sender, receiver=receiver, path=path)
    return len(check_granted(entry, lifetimes=LifetimePolicy(now, LONGEST_LIFETIME)))


def _identifier_request(body: bytes, _: Case) -> None:
    check_identifier_request(decode(IdentifierRequest, body))


def _identifier_response(body: bytes, given: Case) -> None:
    asked = _domains(given, "asked")
    check_identifier_response(decode(IdentifierResponse, body), asked)


def _report(body: bytes, _: Case) -> str:
    return check_report(decode(AbuseReport, body))


def _download(_: bytes, given: Case) -> str:
    url, domains, ports = given.string("url"), _domains(given, "domains"), given.part("ports")
    permitted = [ports.integer(at) for at in range(ports.length())]
    return str(check_download(url, domains, permitted).host)


def _pseudonym(body: bytes, given: Case) -> str:
    key = given.octets("signature_key")
    return str(check_pseudonyms(decode(PseudonymousCredential, body), key))


CHECKS: dict[str, Check] = {
    "other-protocol": Check(("target",), _other_protocol),
    "update-request": Check((), _update_request),
    "update-response": Check((), _update_response),
    "submit-request": Check(("sender",), _submit_request),
    "notify": Check((), _notify),
    "consent": Check(("endpoint", "sender", "receiver", "path", "now"), _consent),
    "identifier-request": Check((), _identifier_request),
    "identifier-response": Check(("asked",), _identifier_response),
    "report": Check((), _report),
    "download": Check(("url", "domains", "ports"), _download),
    "pseudonym": Check(("signature_key",), _pseudonym),
}
"""What is checked, by its name."""
