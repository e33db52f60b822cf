"""What groups have agreed on: the framing of messages, and what members must support."""

from typing import Any

from mimi.codec import decode, encode
from mimi.content.message import check_message_id_component, message_id
from mimi.errors import MalformedError
from mimi.mls.components import ComponentID, component_of
from mimi.mls.message_id import message_id_of
from mimi.mls.negotiation import (
    ApplicationFraming,
    MediaType,
    check_media_types,
    check_negotiated,
    media_type_of,
    safe_aad_components,
    safe_aad_of,
)
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode, verify_leaf_signature
from mimi.tree.math import LeafIndex
from mimi.vectors.case import Case, DifferenceError, shown
from mimi.vectors.checks.content import check_kind
from mimi.vectors.extension_rules import broken_by, judged


def extensions_in(case: Case) -> Extensions:
    """Return the extensions of the group context that a case has."""
    octets = case.octets("extensions")
    with case.at("extensions"):
        listed: Extensions = decode(Extensions, octets)
    return listed


def suite_checked(case: Case, kind: str) -> None:
    """Check the fields that every case has."""
    check_kind(case, kind)
    case.suite()


# Messages


def check_safe_aad(case: Case) -> None:
    """Verify what the components say in authenticated data."""
    suite_checked(case, "mls-extensions-safe-aad")
    extensions, aad = extensions_in(case), case.octets("authenticated_data")
    framed = safe_aad_components(extensions) is not None
    case.same("framed", framed)
    items = judged(case, lambda: safe_aad_of(extensions, aad))
    if items is None or not framed:
        case.same("items", None)
        return
    case.same("items", [{"component_id": at, "data": data} for at, data in items.items()])


def check_message_id(case: Case) -> None:
    """Verify the message ID that authenticated data state."""
    suite_checked(case, "mls-extensions-message-id")
    extensions, aad = extensions_in(case), case.octets("authenticated_data")
    content, sender, room = (
        case.octets("content"),
        case.string("sender_uri"),
        case.string("room_uri"),
    )
    with case.at("sender_uri"):
        own = message_id(content, sender, room)
    case.same("message_id", own)
    read = broken_by(lambda: message_id_of(extensions, aad))
    stated = read[1]
    case.same("stated", stated)

    def compare() -> None:
        if read[2] is not None:
            raise read[2]
        if stated is not None:
            check_message_id_component(stated, own)

    judged(case, compare)


def check_framing(case: Case) -> None:
    """Verify application data and its media type."""
    suite_checked(case, "mls-extensions-framing")
    extensions, data = extensions_in(case), case.octets("application_data")
    framed = component_of(extensions, ComponentID.CONTENT_MEDIA_TYPES) is not None
    case.same("framed", framed)

    def read() -> tuple[Any, bytes]:
        if not framed:
            return None, data
        message = decode(ApplicationFraming, data)
        kind = media_type_of(extensions, message)
        return _form_of_type(kind), message.inner_application_content

    media_type, content = judged(case, read) or (None, None)
    case.same("media_type", media_type)
    case.same("content", content)


def _form_of_type(kind: MediaType) -> dict[str, Any]:
    try:
        parameters = [
            [at.parameter_name.decode(), at.parameter_value.decode()] for at in kind.parameters
        ]
        return {"type": kind.type.decode(), "parameters": parameters}
    except UnicodeDecodeError as error:
        raise MalformedError("a media type that is no UTF-8", "MediaType") from error


# Members


def check_negotiation(case: Case) -> None:
    """Verify whether leaves support what a group requires."""
    check_kind(case, "mls-extensions-negotiation")
    leaves, extensions, role = leaves_in(case), extensions_in(case), case.string("role")
    if role not in ("receiver", "committer"):
        raise DifferenceError("role", "receiver or committer", shown(role))

    def compare() -> None:
        check_negotiated(leaves, extensions)
        if role == "committer":
            check_media_types(leaves, extensions)

    rule, _, error = broken_by(compare)
    case.same("rule", rule)
    where = {} if error is None else error.where
    lacking: Any = where.get("component", where.get("wire_format", where.get("media_type")))
    leaf: Any = where.get("leaf")
    case.same("leaf", None if leaf is None else int(leaf))
    if lacking is not None:
        lacking = encode(lacking) if isinstance(lacking, MediaType) else int(lacking)
    case.same("value", lacking)


def leaves_in(case: Case) -> list[tuple[LeafIndex, LeafNode]]:
    """Return the leaves of a case, whose signatures are verified: they are of key packages."""
    suite, listed, leaves = case.suite(), case.part("leaves"), []
    for index in range(listed.length()):
        octets = listed.octets(index)
        with listed.valid(index):
            leaf = decode(LeafNode, octets)
            verify_leaf_signature(suite, leaf, b"", LeafIndex(index))
        leaves.append((LeafIndex(index), leaf))
    return leaves
