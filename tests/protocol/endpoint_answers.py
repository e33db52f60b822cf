"""What each endpoint can answer: statuses, and the codes in bodies."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from mimi.codec import ClosedEnum8, decode
from mimi.protocol import (
    FORMS,
    ConsentOperation,
    Endpoint,
    GroupInfoNoSuchRoom,
    GroupInfoNotAuthorized,
    GroupInfoResponse,
    HttpResponse,
    IdentifierResponse,
    KeyMaterialResponse,
    SealedGroupInfo,
    SubmitAccepted,
    SubmitEpochTooOld,
    SubmitMessageResponse,
    SubmitNotAllowed,
    UpdateRoomResponse,
)
from mimi.protocol.consent import REQUESTING, UPDATING
from mimi.protocol.groupinfo import GroupInfoCode
from mimi.protocol.http_errors import Status
from mimi.protocol.identifiers import IdentifierQueryCode
from mimi.protocol.keys import KeyMaterialClientCode, KeyMaterialUserCode
from mimi.protocol.submit import SubmitResponseCode
from mimi.protocol.update import UpdateResponseCode

Outcome: TypeAlias = ClosedEnum8 | Status


def called(outcome: Outcome) -> str:
    """Return the name of a code or a status: codes of different kinds may be equal."""
    return f"{type(outcome).__name__}.{outcome.name}"


CODES: Mapping[Endpoint, tuple[Outcome, ...]] = {
    Endpoint.KEY_MATERIAL: (*KeyMaterialUserCode, *KeyMaterialClientCode),
    Endpoint.UPDATE: (*UpdateResponseCode,),
    Endpoint.NOTIFY: (),
    Endpoint.SUBMIT_MESSAGE: (*SubmitResponseCode,),
    Endpoint.GROUP_INFO: (*GroupInfoCode,),
    Endpoint.REQUEST_CONSENT: (*REQUESTING,),
    Endpoint.UPDATE_CONSENT: (*UPDATING,),
    Endpoint.IDENTIFIER_QUERY: (*IdentifierQueryCode,),
    Endpoint.REPORT_ABUSE: (),
    Endpoint.PROXY_DOWNLOAD: (),
}
"""What the body of an answer of each endpoint can say; and what consent can be about."""

OF_HTTP = {
    Status.BAD_REQUEST,
    Status.UNAUTHORIZED,
    Status.NOT_FOUND,
    Status.METHOD_NOT_ALLOWED,
    Status.CONTENT_TOO_LARGE,
    Status.UNSUPPORTED_MEDIA_TYPE,
    Status.MISDIRECTED_REQUEST,
}
"""What every endpoint can answer before its body is read; a download has no media type."""

FURTHER: Mapping[Endpoint, set[Status]] = {
    Endpoint.KEY_MATERIAL: {Status.FORBIDDEN, Status.BAD_GATEWAY},
    Endpoint.NOTIFY: {Status.FORBIDDEN, Status.TOO_MANY_REQUESTS},
    Endpoint.PROXY_DOWNLOAD: {Status.BAD_GATEWAY},
}
"""What only some endpoints can answer."""

GOOD = {
    called(each)
    for each in (
        Status.OK,
        Status.CREATED,
        KeyMaterialUserCode.SUCCESS,
        KeyMaterialUserCode.PARTIAL_SUCCESS,
        KeyMaterialClientCode.SUCCESS,
        KeyMaterialClientCode.KEY_MATERIAL_EXHAUSTED,
        UpdateResponseCode.SUCCESS,
        SubmitResponseCode.ACCEPTED,
        GroupInfoCode.SUCCESS,
        IdentifierQueryCode.SUCCESS,
        *ConsentOperation,
    )
}
"""What refuses nothing, or not everything."""


def written(endpoint: Endpoint) -> set[Status]:
    """Return every status that an endpoint can answer."""
    without = (
        set[Status]() if FORMS[endpoint].request is not None else {Status.UNSUPPORTED_MEDIA_TYPE}
    )
    return {FORMS[endpoint].success, *OF_HTTP, *FURTHER.get(endpoint, ())} - without


# What answers say

SUBMIT_CODES: Mapping[type, SubmitResponseCode] = {
    SubmitAccepted: SubmitResponseCode.ACCEPTED,
    SubmitNotAllowed: SubmitResponseCode.NOT_ALLOWED,
    SubmitEpochTooOld: SubmitResponseCode.EPOCH_TOO_OLD,
}
GROUP_INFO_CODES: Mapping[type, GroupInfoCode] = {
    SealedGroupInfo: GroupInfoCode.SUCCESS,
    GroupInfoNotAuthorized: GroupInfoCode.NOT_AUTHORIZED,
    GroupInfoNoSuchRoom: GroupInfoCode.NO_SUCH_ROOM,
}


def outcomes(endpoint: Endpoint, response: HttpResponse) -> set[str]:
    """Return the names of status and codes of an answer."""
    found = {called(Status(response.status))}
    form = FORMS[endpoint]
    if response.status != form.success or form.response is None:
        return found
    return found | set(map(called, codes_of(decode(form.response, response.body))))


def codes_of(answer: Any) -> list[Outcome]:
    """Return the codes of the body of an answer."""
    match answer:
        case KeyMaterialResponse():
            return [answer.user_status, *(each.client_status for each in answer.clients)]
        case UpdateRoomResponse():
            return [answer.response_code]
        case SubmitMessageResponse(status=status):
            return [SUBMIT_CODES[type(status)]]
        case GroupInfoResponse(status=status):
            return [GROUP_INFO_CODES[type(status)]]
        case IdentifierResponse():
            return [answer.response_code]
    raise AssertionError(answer)


def is_refusal(endpoint: Endpoint, response: HttpResponse) -> bool:
    """Return whether an answer refuses all that was asked for."""
    codes = outcomes(endpoint, response) - {called(Status.OK), called(Status.CREATED)}
    return response.status >= Status.BAD_REQUEST or (bool(codes) and not codes & GOOD)
