"""Room policy: the data of its components, updates of its lists, and what it allows."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from mimi.codec import decode, encode
from mimi.errors import MalformedError, MimiError
from mimi.policy import errors
from mimi.policy.checks import check_component
from mimi.policy.components import with_links
from mimi.policy.constraints import check_founded
from mimi.policy.decide import decide
from mimi.policy.participants import Participants
from mimi.policy.policy import STRUCTURES
from mimi.policy.structures import (
    PARTICIPANT_LIST,
    JoinLinksData,
    JoinLinksUpdate,
    ParticipantListData,
    ParticipantListUpdate,
)
from mimi.vectors.case import Case, DifferenceError
from mimi.vectors.checks.content import check_kind
from mimi.vectors.policy_form import form_of, value_in
from mimi.vectors.policy_rows import Outcome, Scene, outcome_of, room_in, surroundings_in

T = TypeVar("T")

RULES: dict[str, type[MimiError]] = {
    "malformed": MalformedError,
    "text": errors.TextError,
    "uri": errors.PolicyUriError,
    "room-uri": errors.RoomUriError,
    "avatar-uri": errors.AvatarUriError,
    "language-tag": errors.LanguageTagError,
    "description-type": errors.DescriptionTypeError,
    "repeated-role": errors.RepeatedRoleError,
    "open-join-role": errors.OpenJoinRoleError,
    "parent-room": errors.ParentRoomError,
    "autodetect": errors.AutodetectError,
    "link-preview-proxy": errors.LinkPreviewProxyError,
    "media-type": errors.MediaTypeError,
    "upload-domain": errors.UploadDomainError,
    "domain-name": errors.DomainNameError,
    "download-type": errors.DownloadTypeError,
    "default-download": errors.DefaultDownloadError,
    "no-logging-client": errors.NoLoggingClientError,
    "logging-client": errors.LoggingClientError,
    "history-role": errors.HistoryRoleError,
    "bot-role": errors.BotRoleError,
    "expiration-duration": errors.ExpirationDurationError,
    "operational-time": errors.OperationalTimeError,
    "capability-conflict": errors.CapabilityConflictError,
    "participant-uri": errors.ParticipantUriError,
    "repeated-participant": errors.RepeatedParticipantError,
    "participant-index": errors.ParticipantIndexError,
    "role-zero": errors.RoleZeroError,
    "two-operations": errors.TwoOperationsError,
    "link-index": errors.LinkIndexError,
}
"""From the short names in vectors to the errors of those who break the rules."""

_NAMES = {error: name for name, error in RULES.items()}


def rule_of(error: MimiError) -> str:
    """Return the short name of the rule that was broken; of another error, what it is."""
    if isinstance(error, MalformedError):
        return "malformed"
    return _NAMES.get(type(error), f"{type(error).__name__}: {error}")


def judged(attempt: Callable[[], T]) -> tuple[T | None, str | None]:
    """Return what comes out, or by which rule it is refused."""
    try:
        return attempt(), None
    except MimiError as error:
        return None, rule_of(error)


# Components


def component(number: int, data: bytes) -> Any:
    """Return what a component says, if it is valid.

    Raises:
        MalformedError: It does not parse.
        PolicyDataError: It breaks a rule.
    """
    if number == PARTICIPANT_LIST:
        Participants.decode(data)
        return decode(ParticipantListData, data)
    return check_component(number, data)


def form_of_component(number: int, data: bytes) -> dict[str, Any]:
    """Return what a component says: the fields of a case beside its data."""
    value, rule = judged(lambda: component(number, data))
    return {"value": None if rule else form_of(value), "rule": rule}


def check_policy_component(case: Case) -> None:
    """Verify what the data of a component says and its encoding, or why it is refused."""
    check_kind(case, "policy-component")
    number, data = case.integer("component_id"), case.octets("data")
    _same(case, form_of_component(number, data))
    if case.value("rule") is None:
        structure = ParticipantListData if number == PARTICIPANT_LIST else STRUCTURES[number]
        with case.valid("data"):
            written = encode(value_in(case, "value", structure))
        case.equal("data", written)


# Lists and their updates


def _update_forms(structure: Any, updates: tuple[bytes, ...]) -> list[Any]:
    """Return what updates say: null for those that do not parse."""
    read = (judged(partial(decode, structure, update)) for update in updates)
    return [None if rule else form_of(value) for value, rule in read]


def form_of_participants(data: bytes, updates: tuple[bytes, ...]) -> dict[str, Any]:
    """Return what becomes of a participant list: the fields of a case beside what is given."""

    def updated() -> bytes:
        read = [decode(ParticipantListUpdate, update) for update in updates]
        return Participants.decode(data).updated(read).encode()

    after, rule = judged(updated)
    return {
        "values": _update_forms(ParticipantListUpdate, updates),
        "after": after,
        "participants": None if after is None else _entries(after),
        "rule": rule,
    }


def _entries(data: bytes) -> list[Any]:
    listed = decode(ParticipantListData, data).participants
    return [[pair.user.decode(), int(pair.role_index)] for pair in listed]


def check_policy_participants(case: Case) -> None:
    """Verify what updates make of a participant list, or why they are refused."""
    check_kind(case, "policy-participants")
    updates = _octets_list(case, "updates")
    _same(case, form_of_participants(case.octets("data"), updates))
    _check_encodings(case, ParticipantListUpdate, updates)


def form_of_join_links(data: bytes, updates: tuple[bytes, ...]) -> dict[str, Any]:
    """Return what becomes of the joining links: the fields of a case beside what is given."""
    after, rule = judged(
        lambda: with_links(data, [decode(JoinLinksUpdate, update) for update in updates])
    )
    links = None
    if after is not None:
        links = [link.join_link for link in decode(JoinLinksData, after).join_links]
    values = _update_forms(JoinLinksUpdate, updates)
    return {"values": values, "after": after, "join_links": links, "rule": rule}


def check_policy_join_links(case: Case) -> None:
    """Verify what updates make of the joining links, or why they are refused."""
    check_kind(case, "policy-join-links")
    updates = _octets_list(case, "updates")
    _same(case, form_of_join_links(case.octets("before"), updates))
    _check_encodings(case, JoinLinksUpdate, updates)


def _octets_list(case: Case, key: str) -> tuple[bytes, ...]:
    part = case.part(key)
    return tuple(part.octets(at) for at in range(part.length()))


def _check_encodings(case: Case, structure: Any, updates: tuple[bytes, ...]) -> None:
    for at, (part, update) in enumerate(zip(case.parts("values"), updates, strict=True)):
        if part.data is not None:
            with part.at(""):
                written = encode(value_in(case.part("values"), at, structure))
            if written != update:
                raise DifferenceError(case.part("updates").name(at), update.hex(), written.hex())
            case.part("updates").note(at)


def _same(case: Case, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        case.same(name, value)


# Decisions


def decided(scene: Scene, row: Case) -> Outcome:
    """Return what is decided about the commit of a row."""
    requests = scene.requests(row)
    return outcome_of(decide(scene.room, requests, scene.surroundings), requests)


def check_policy_decisions(case: Case) -> None:
    """Verify the decisions about some commits in one room."""
    check_kind(case, "policy-decisions")
    scene = Scene.of(case)
    names = {part.string("name") for part in case.parts("sentences")}
    for row in case.parts("rows", least=1):
        row.only("requests", "rules", "needed", "grounds", "by")
        _same(row, decided(scene, row))
        if row.string("by") not in names:
            raise DifferenceError(row.name("by"), "a sentence of the case", row.string("by"))


def founded(case: Case) -> list[str]:
    """Return the rules that a room breaks that is to be founded."""
    decision = check_founded(room_in(case), surroundings_in(case))
    return sorted(rule.value for rule in decision.rules)


def check_policy_founding(case: Case) -> None:
    """Verify whether a room may be founded as it is."""
    check_kind(case, "policy-founding")
    case.same("rules", founded(case))
