"""The kinds of vector files of the protocol between providers (vectors/protocol/README.md)."""

from collections.abc import Callable

from mimi.vectors.case import Case
from mimi.vectors.checks import (
    protocol_bodies,
    protocol_checks,
    protocol_directory,
    protocol_franks,
    protocol_http,
    protocol_keys,
    transcripts,
)
from mimi.vectors.kind import Kind, kind_with


def _protocol_kind(name: str, fields: str, check: Callable[[Case], None], *files: str) -> Kind:
    return kind_with(f"protocol-{name}", f"kind description {fields}", check, files)


PROTOCOL_KINDS: tuple[Kind, ...] = (
    _protocol_kind("body", "structure octets value at", protocol_bodies.check_body, "bodies"),
    _protocol_kind("check", "check body given result rule", protocol_checks.check_rules, "checks"),
    _protocol_kind(
        "directory",
        "document endpoints urls rule",
        protocol_directory.check_directory,
        "directories",
    ),
    _protocol_kind(
        "request",
        "provider directory most_octets method target headers body authenticated url endpoint"
        " parameter source rule status allow",
        protocol_http.check_request,
        "requests",
    ),
    _protocol_kind(
        "response",
        "endpoint status headers body now most_octets outcome structure retry_after is_final rule",
        protocol_http.check_response,
        "responses",
    ),
    _protocol_kind(
        "key-material-request",
        "cipher_suite signature_priv target request tbs verified_by rule",
        protocol_keys.check_request_for_key_material,
        "key-material-requests",
    ),
    _protocol_kind(
        "key-material-response",
        "cipher_suite request now response references rule",
        protocol_keys.check_answer_with_key_material,
        "key-material-responses",
    ),
    _protocol_kind(
        "frank",
        "cipher_suite hub_key franking_agent application_data framed sender_uri room_uri"
        " accepted_timestamp franking_tag frank salt context server_frank tbs rule",
        protocol_franks.check_frank,
        "franks",
    ),
    _protocol_kind(
        "franking-agent",
        "cipher_suite updates after rule",
        protocol_franks.check_agent,
        "franking-agents",
    ),
    _protocol_kind(
        "group-info-request",
        "cipher_suite signature_priv request tbs rule",
        protocol_keys.check_request_for_group_info,
        "group-info-requests",
    ),
    _protocol_kind(
        "group-info-response",
        "cipher_suite room request private_key response tbs opened rule",
        protocol_keys.check_answer_with_group_info,
        "group-info-responses",
    ),
    _protocol_kind(
        "report",
        "cipher_suite hub_key signature_pub message framed abuser room franking_tag context rule",
        protocol_franks.check_reported,
        "reports",
    ),
    _protocol_kind(
        "identity-link",
        "cipher_suite credential link signature_pub tbs rule",
        protocol_keys.check_link,
        "identity-links",
    ),
    _protocol_kind(
        "transcript",
        "cipher_suite providers devices steps end",
        transcripts.check_transcript,
        "transcript-example",
        "transcript-policy",
        "transcript-failures",
        "transcript-services",
    ),
)
"""The kinds of the set ``protocol``."""
