"""What each endpoint takes and gives (section 5)."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs

from mimi.codec import decode, encode
from mimi.errors import MalformedError
from mimi.protocol.abuse import AbuseReport
from mimi.protocol.consent import ConsentEntry
from mimi.protocol.directory import Endpoint
from mimi.protocol.fanout import FanoutMessage, notify_body, read_notify
from mimi.protocol.groupinfo import GroupInfoRequest, GroupInfoResponse
from mimi.protocol.http_errors import Method, Status
from mimi.protocol.identifiers import IdentifierRequest, IdentifierResponse
from mimi.protocol.keys import (
    KeyMaterialRequest,
    KeyMaterialResponse,
    read_key_material_request,
)
from mimi.protocol.protocol import check_protocol
from mimi.protocol.submit import SubmitMessageRequest, SubmitMessageResponse
from mimi.protocol.update import UpdateRequest, UpdateRoomResponse


@attrs.frozen
class Form:
    """The requests and responses of an endpoint.

    Attributes:
        method: The method.
        request: The structure of the request's body; None for none.
        response: That of the response's body; None for none, or one that has no structure.
        success: The status of success.
        accepted: The statuses that are taken for success.
        read: From the body of a request to what it holds.
        write: The other way round.
    """

    method: Method
    request: Any
    response: Any
    success: Status
    accepted: Collection[int]
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def _read_checked(structure: Any, body: bytes) -> Any:
    check_protocol(body)
    return decode(structure, body)


def _nothing(body: bytes) -> None:
    if body:
        raise MalformedError(f"{len(body)} octets in the body of a GET request", "", 0)


def _write(structure: Any, value: Any) -> bytes:
    return encode(value, structure)


def _post(request: Any, response: Any, read: Callable[[bytes], Any] | None = None) -> Form:
    success = Status.CREATED if response is None else Status.OK
    read, write = read or partial(decode, request), partial(_write, request)
    return Form(Method.POST, request, response, success, (success,), read, write)


FORMS: Mapping[Endpoint, Form] = MappingProxyType(
    {
        Endpoint.KEY_MATERIAL: _post(
            KeyMaterialRequest, KeyMaterialResponse, read_key_material_request
        ),
        Endpoint.UPDATE: _post(UpdateRequest, UpdateRoomResponse),
        Endpoint.NOTIFY: Form(
            Method.POST,
            FanoutMessage,
            None,
            Status.CREATED,
            (Status.CREATED,),
            read_notify,
            notify_body,
        ),
        Endpoint.SUBMIT_MESSAGE: _post(
            SubmitMessageRequest,
            SubmitMessageResponse,
            partial(_read_checked, SubmitMessageRequest),
        ),
        Endpoint.GROUP_INFO: _post(
            GroupInfoRequest, GroupInfoResponse, partial(_read_checked, GroupInfoRequest)
        ),
        Endpoint.REQUEST_CONSENT: _post(ConsentEntry, None),
        Endpoint.UPDATE_CONSENT: _post(ConsentEntry, None),
        Endpoint.IDENTIFIER_QUERY: _post(IdentifierRequest, IdentifierResponse),
        Endpoint.REPORT_ABUSE: attrs.evolve(_post(AbuseReport, None), accepted=range(200, 300)),
        Endpoint.PROXY_DOWNLOAD: Form(
            Method.GET, None, None, Status.OK, (Status.OK,), _nothing, lambda _: b""
        ),
    }
)
"""What each endpoint takes and gives. A response without a body is 201, as the draft has it for
notify and consent; one with a body is 200. For a report of abuse the draft names no status: any of
success is taken."""
