"""A request for each answer of each endpoint: for every code and every status that there is.

All are requests to a.example, the hub of the town's room, four acts into the example flow.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import attrs
from protocol import offering, providers
from protocol.carried import ASKED
from protocol.endpoint_answers import Outcome, called
from protocol.town import ROOM, A, B, C, Town

from mimi import content
from mimi.codec import replace
from mimi.crypto import SeededEntropy
from mimi.identity import Domain, RoomUri, UserUri
from mimi.protocol import (
    FORMS,
    AbuseReport,
    AbuseType,
    ConsentEntry,
    ConsentOperation,
    Endpoint,
    FanoutMessage,
    HttpRequest,
    HttpResponse,
    IdentifierQueryCode,
    IdentifierRequest,
    IdentifierResponse,
    Method,
    ProposalBundle,
    ProposalFanout,
    QueryElement,
    SearchIdentifierType,
    SubmitMessageRequest,
    UpdateRequest,
)
from mimi.protocol.consent import ConsentScope
from mimi.protocol.groupinfo import GroupInfoCode
from mimi.protocol.http_errors import Status
from mimi.protocol.keys import KeyMaterialClientCode, KeyMaterialUserCode
from mimi.protocol.provider import Provider
from mimi.protocol.provider_rooms import MOST_EMPTY
from mimi.protocol.provider_rows import Scope, prefixes, save_provider, with_dependents
from mimi.protocol.provider_scope import scope_of_request
from mimi.protocol.provider_state import Fetch, ProviderState, ProviderStep, Reply, SendHttp
from mimi.protocol.submit import SubmitResponseCode
from mimi.protocol.update import UpdateResponseCode
from mimi.tree.extension import RequiredCapabilities

ALICE, BOB = UserUri(A, "alice"), UserUri(B, "bob")
NOBODY = UserUri(A, "nobody")
NOWHERE = RoomUri(A, "nowhere")
ABROAD = RoomUri(B, "attic")
QUERY = IdentifierRequest((QueryElement(SearchIdentifierType.NICK, None, b"alice"),))
ASSET = "https://assets.b.example/x"


def octets(uri: object) -> bytes:
    return str(uri).encode()


@cache
def town(acts: int = 4) -> Town:
    """Return the town after some acts; nobody may change it."""
    return Town(acts=acts)


def provider() -> Provider:
    return town().server("a.example").provider


def present() -> ProviderState:
    return town().server("a.example").state


@attrs.frozen
class Case:
    """What a provider is asked, and how it is as it hears it.

    Attributes:
        request: The request.
        state: What the provider has.
        provider: What it is.
        carried: How the request arrives, where that is otherwise than it was sent.
        later: What answers it, where the provider has to ask others first.
    """

    request: HttpRequest
    state: ProviderState = attrs.field(factory=present)
    provider: Provider = attrs.field(factory=provider)
    carried: Mapping[str, Any] = MappingProxyType({})
    later: Callable[["Case", ProviderStep], HttpResponse] | None = None

    def options(self) -> dict[str, Any]:
        """Return how the request arrives."""
        return {
            "method": str(self.request.method),
            "target": self.request.request_target,
            "headers": self.request.headers,
            "body": self.request.body,
            "authenticated": {self.request.source},
            "now": town().now,
            "ticket": "it",
            **self.carried,
        }

    def step(self) -> ProviderStep:
        """Return what the provider does about the request."""
        return self.provider.handle(self.state, **self.options())

    @property
    def scope(self) -> Scope:
        """What the request has to do with."""
        options = self.options()
        arrived = (options[name] for name in ("method", "target", "headers", "body"))
        return scope_of_request(self.provider, *arrived, authenticated=options["authenticated"])

    def stored(self, scope: Scope) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return the rows of a scope, which are read at once, and the others."""
        rows, chosen = save_provider(self.state), (*prefixes(scope), "peer/")
        found = {name: row for name, row in rows.items() if name.startswith(chosen)}
        wider = with_dependents(scope, found)
        if wider is not scope:
            return self.stored(wider)
        return found, {name: row for name, row in rows.items() if name not in found}

    def answer(self) -> HttpResponse:
        """Return what it answers, at once or later."""
        step = self.step()
        if self.later is not None:
            assert step.response is None
            return self.later(self, step)
        assert step.response is not None
        return step.response


CASES: dict[tuple[Endpoint, str], Callable[[], Case]] = {}
"""From endpoints and the names of what they answer."""


def case(endpoint: Endpoint, *outcomes: Outcome) -> Callable[..., Callable[[], Case]]:
    """Make a function the maker of the case of an endpoint that has these outcomes."""

    def registered(make: Callable[[], Case]) -> Callable[[], Case]:
        for outcome in outcomes:
            assert CASES.setdefault((endpoint, called(outcome)), make) is make
        return make

    return registered


def asking(endpoint: Endpoint, parameter: Any = None, sent: Any = None, /, **changes: Any) -> Case:
    """Return what b.example, or another source, asks at an endpoint; by default what is usual."""
    usual, usually, _ = ASKED[endpoint]
    body = changes.pop("body", None)
    source = changes.pop("source", B)
    request = town().request(endpoint, parameter or usual, sent or usually)
    request = attrs.evolve(request, source=source, body=request.body if body is None else body)
    return Case(request, **changes)


# What HTTP says of every endpoint


def _all_endpoints(outcome: Outcome, made: Callable[[Endpoint], Case]) -> None:
    for endpoint in Endpoint:
        if outcome is not Status.UNSUPPORTED_MEDIA_TYPE or FORMS[endpoint].request is not None:
            CASES[endpoint, called(outcome)] = lambda endpoint=endpoint: made(endpoint)


def _carried(name: str, value: Callable[[HttpRequest], Any]) -> Callable[[Endpoint], Case]:
    def made(endpoint: Endpoint) -> Case:
        asked = asking(endpoint)
        return attrs.evolve(asked, carried={name: value(asked.request)})

    return made


def with_header(request: HttpRequest, name: str, value: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request, one of which has another value, or is added."""
    others = (header for header in request.headers if header[0] != name)
    return (*others, (name, value))


def other_method(request: HttpRequest) -> str:
    return "GET" if request.method is Method.POST else "POST"


_all_endpoints(Status.BAD_REQUEST, _carried("headers", lambda asked: asked.headers[:1]))
_all_endpoints(Status.UNAUTHORIZED, _carried("authenticated", lambda _: {C}))
_all_endpoints(Status.METHOD_NOT_ALLOWED, _carried("method", other_method))
_all_endpoints(Status.CONTENT_TOO_LARGE, _carried("body", lambda _: bytes((1 << 24) + 1)))
_all_endpoints(Status.NOT_FOUND, _carried("target", lambda _: "/elsewhere"))
_all_endpoints(
    Status.UNSUPPORTED_MEDIA_TYPE,
    _carried("headers", lambda asked: with_header(asked, "Content-Type", "text/html")),
)
_all_endpoints(
    Status.MISDIRECTED_REQUEST,
    _carried("headers", lambda asked: with_header(asked, "Host", "c.example")),
)


# Key material: Bob wants key packages of users of the hub, for the room


def claim(target: UserUri = ALICE, state: ProviderState | None = None, /, **changes: Any) -> Case:
    """Return a claim of Bob's, with changes before it is signed."""
    request = offering.asking(providers.BOB, target, **changes)
    return asking(Endpoint.KEY_MATERIAL, target, request, state=state or present())


def consenting(room: RoomUri | None = ROOM) -> ProviderState:
    """Return the state in which Alice has consented, for a room or for any."""
    scope = ConsentScope(octets(BOB), octets(ALICE), None if room is None else octets(room))
    consents, _ = present().consents.grant(scope)
    return attrs.evolve(present(), consents=consents)


def _with_idle_client() -> ProviderState:
    """Return the state in which Alice has consented, and has a client without key packages."""
    state = consenting()
    tablet = octets(ALICE.client("tablet"))
    return attrs.evolve(state, keys=state.keys.stored(octets(ALICE), tablet, now=town().now))


@case(Endpoint.KEY_MATERIAL, Status.OK, KeyMaterialUserCode.SUCCESS, KeyMaterialClientCode.SUCCESS)
def _key_packages() -> Case:
    return claim(ALICE, consenting())


@case(
    Endpoint.KEY_MATERIAL,
    KeyMaterialUserCode.PARTIAL_SUCCESS,
    KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED,
)
def _some_key_packages() -> Case:
    return claim(ALICE, _with_idle_client())


@case(Endpoint.KEY_MATERIAL, KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL)
def _another_protocol() -> Case:
    return asking(Endpoint.KEY_MATERIAL, ALICE, body=b"\x07")


@case(
    Endpoint.KEY_MATERIAL,
    KeyMaterialUserCode.NO_COMPATIBLE_MATERIAL,
    KeyMaterialClientCode.NOTHING_COMPATIBLE,
)
def _unheard_of_capabilities() -> Case:
    unheard_of = RequiredCapabilities(extension_types=(0xF7F7,))  # type: ignore[arg-type]
    return claim(ALICE, consenting(), required_capabilities=unheard_of)


@case(Endpoint.KEY_MATERIAL, KeyMaterialUserCode.USER_UNKNOWN)
def _key_packages_of_nobody() -> Case:
    return claim(NOBODY)


@case(Endpoint.KEY_MATERIAL, KeyMaterialUserCode.NO_CONSENT)
def _key_packages_without_consent() -> Case:
    return claim()


@case(Endpoint.KEY_MATERIAL, KeyMaterialUserCode.NO_CONSENT_FOR_THIS_ROOM)
def _key_packages_for_another_room() -> Case:
    return claim(ALICE, consenting(ABROAD))


@case(Endpoint.KEY_MATERIAL, KeyMaterialUserCode.USER_DELETED)
def _key_packages_of_the_deleted() -> Case:
    keys = present().keys.deleted(octets(ALICE))
    return claim(ALICE, attrs.evolve(present(), keys=keys))


@case(Endpoint.KEY_MATERIAL, Status.FORBIDDEN)
def _key_packages_for_a_stranger() -> Case:
    mallory = UserUri(B, "mallory")
    request = offering.asking(mallory, ALICE)
    return asking(Endpoint.KEY_MATERIAL, ALICE, request)


@case(Endpoint.KEY_MATERIAL, Status.BAD_GATEWAY)
def _key_packages_that_cannot_be_had() -> Case:
    def unanswered(asked: Case, step: ProviderStep) -> HttpResponse:
        (effect,) = step.effects
        assert isinstance(effect, SendHttp)
        (reply,) = asked.provider.unanswered(step.state, effect.then, now=town().now).effects
        assert isinstance(reply, Reply)
        return reply.response

    return attrs.evolve(claim(UserUri(C, "cathy")), later=unanswered)


# Updates


def committed(acts: int = 4) -> UpdateRequest:
    """Return a commit of Bob's."""
    made = town(acts)
    return made.device("bob/phone").room.commit(now=made.now).request


@case(Endpoint.UPDATE, Status.OK, UpdateResponseCode.SUCCESS)
def _a_commit() -> Case:
    return asking(Endpoint.UPDATE, ROOM, committed())


@case(Endpoint.UPDATE, UpdateResponseCode.WRONG_EPOCH)
def _a_commit_of_the_last_epoch() -> Case:
    return asking(Endpoint.UPDATE, ROOM, committed(acts=3))


@case(Endpoint.UPDATE, UpdateResponseCode.NOT_ALLOWED)
def _a_commit_by_another_provider() -> Case:
    return asking(Endpoint.UPDATE, ROOM, committed(), source=C)


@case(Endpoint.UPDATE, UpdateResponseCode.INVALID_PROPOSAL)
def _a_commit_of_a_proposal_that_the_hub_has_not() -> Case:
    left = town().device("bob/phone").room.leave(now=town().now).request.bundle
    assert isinstance(left.attached, ProposalBundle)
    more = ProposalFanout(left.attached.more_proposals)
    fanned = FanoutMessage(town().now, left.proposal_or_commit, more)
    heard = town().device("cathy/phone").room.receive(fanned, now=town().now).room
    return asking(Endpoint.UPDATE, ROOM, heard.commit(now=town().now).request, source=C)


# Notifications: of a room of b.example


@case(Endpoint.NOTIFY, Status.CREATED)
def _a_notification() -> Case:
    return asking(Endpoint.NOTIFY, ABROAD)


@case(Endpoint.NOTIFY, Status.FORBIDDEN)
def _a_notification_by_another_than_the_hub() -> Case:
    return asking(Endpoint.NOTIFY, ROOM)


@case(Endpoint.NOTIFY, Status.TOO_MANY_REQUESTS)
def _a_notification_about_one_more_room_without_users() -> Case:
    state = present()
    for number in range(MOST_EMPTY):
        asked = asking(Endpoint.NOTIFY, RoomUri(B, str(number)), state=state)
        state = asked.step().state
    return asking(Endpoint.NOTIFY, ABROAD, state=state)


# Messages


def said(acts: int = 4, user: UserUri = BOB) -> SubmitMessageRequest:
    """Return a message of Bob's, which is said to be somebody's."""
    made = town(acts)
    post = made.device("bob/phone").room.send(content.text("Hi"), now=made.now)
    return replace(post.request, sending_uri=octets(user))


@case(Endpoint.SUBMIT_MESSAGE, Status.OK, SubmitResponseCode.ACCEPTED)
def _a_message() -> Case:
    return asking(Endpoint.SUBMIT_MESSAGE, ROOM, said())


@case(Endpoint.SUBMIT_MESSAGE, SubmitResponseCode.NOT_ALLOWED)
def _a_message_of_a_stranger() -> Case:
    return asking(Endpoint.SUBMIT_MESSAGE, ROOM, said(user=UserUri(B, "mallory")))


@case(Endpoint.SUBMIT_MESSAGE, SubmitResponseCode.EPOCH_TOO_OLD)
def _a_message_of_the_last_epoch() -> Case:
    return asking(Endpoint.SUBMIT_MESSAGE, ROOM, said(acts=3))


# Group infos


def _group_info(room: RoomUri, **changes: Any) -> Case:
    asked = town().device("bob/phone").device.ask(room)
    return asking(Endpoint.GROUP_INFO, room, asked.request, **changes)


@case(Endpoint.GROUP_INFO, Status.OK, GroupInfoCode.SUCCESS)
def _a_group_info() -> Case:
    sealing = attrs.evolve(provider().hub, entropy=SeededEntropy(b"sealing"))
    return _group_info(ROOM, provider=attrs.evolve(provider(), hub=sealing))


@case(Endpoint.GROUP_INFO, GroupInfoCode.NOT_AUTHORIZED)
def _a_group_info_by_another_provider() -> Case:
    return _group_info(ROOM, source=C)


@case(Endpoint.GROUP_INFO, GroupInfoCode.NO_SUCH_ROOM)
def _the_group_info_of_no_room() -> Case:
    return _group_info(NOWHERE)


# Consent


def _entry(operation: ConsentOperation, requester: UserUri, target: UserUri) -> ConsentEntry:
    packages = () if operation is ConsentOperation.GRANT else None
    return ConsentEntry(operation, octets(requester), octets(target), None, packages)


@case(Endpoint.REQUEST_CONSENT, Status.CREATED, ConsentOperation.REQUEST)
def _consent_is_asked_for() -> Case:
    entry = _entry(ConsentOperation.REQUEST, BOB, ALICE)
    return asking(Endpoint.REQUEST_CONSENT, ALICE, entry)


@case(Endpoint.REQUEST_CONSENT, ConsentOperation.CANCEL)
def _consent_is_no_longer_asked_for() -> Case:
    state = _consent_is_asked_for().step().state
    entry = _entry(ConsentOperation.CANCEL, BOB, ALICE)
    return asking(Endpoint.REQUEST_CONSENT, ALICE, entry, state=state)


@case(Endpoint.UPDATE_CONSENT, Status.CREATED, ConsentOperation.GRANT)
def _consent_is_granted() -> Case:
    entry = _entry(ConsentOperation.GRANT, ALICE, BOB)
    return asking(Endpoint.UPDATE_CONSENT, ALICE, entry)


@case(Endpoint.UPDATE_CONSENT, ConsentOperation.REVOKE)
def _consent_is_revoked() -> Case:
    entry = _entry(ConsentOperation.REVOKE, ALICE, BOB)
    return asking(Endpoint.UPDATE_CONSENT, ALICE, entry)


# Queries


def _finding(code: IdentifierQueryCode) -> Callable[[], Case]:
    found = (octets(ALICE),) if code is IdentifierQueryCode.SUCCESS else ()

    def profiles(_: IdentifierRequest, source: Domain) -> IdentifierResponse:
        assert source == B
        return IdentifierResponse(code, found)

    knowing = attrs.evolve(provider(), profiles=profiles)
    return lambda: asking(Endpoint.IDENTIFIER_QUERY, A, QUERY, provider=knowing)


CASES[Endpoint.IDENTIFIER_QUERY, called(Status.OK)] = _finding(IdentifierQueryCode.SUCCESS)
for _code in IdentifierQueryCode:
    CASES[Endpoint.IDENTIFIER_QUERY, called(_code)] = _finding(_code)


# Abuse and assets


@case(Endpoint.REPORT_ABUSE, Status.CREATED)
def _a_report() -> Case:
    report = AbuseReport(octets(BOB), octets(ALICE), AbuseType(0))
    return asking(Endpoint.REPORT_ABUSE, ROOM, report)


def _fetched(content: bytes | None) -> Callable[[Case, ProviderStep], HttpResponse]:
    def later(asked: Case, step: ProviderStep) -> HttpResponse:
        (fetch,) = step.effects
        assert isinstance(fetch, Fetch)
        reply = asked.provider.fetched(fetch, content)
        assert isinstance(reply, Reply)
        return reply.response

    return later


@case(Endpoint.PROXY_DOWNLOAD, Status.OK)
def _a_download() -> Case:
    return asking(Endpoint.PROXY_DOWNLOAD, ASSET, later=_fetched(b"PNG"))


@case(Endpoint.PROXY_DOWNLOAD, Status.BAD_GATEWAY)
def _a_download_that_fails() -> Case:
    return asking(Endpoint.PROXY_DOWNLOAD, ASSET, later=_fetched(None))


def case_names(cases: Iterable[tuple[Endpoint, str]]) -> list[str]:
    """Return how cases are called, in their order."""
    return [f"{endpoint.value} {outcome}" for endpoint, outcome in cases]
