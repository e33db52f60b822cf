"""What the members of a room can read (draft-ietf-mls-extensions-10 section 6.2).

A client says in its leaf which media types it reads; who does not say reads what every client must
be able to receive (draft-ietf-mimi-content-08 section 7.1).
"""

from collections.abc import Iterable

from mimi.client.errors import UnknownContentError, UnreadableError
from mimi.codec import decode, encode
from mimi.content.choose import Receiver, choose
from mimi.content.media import MIMI_CONTENT, REQUIRED, recognised
from mimi.content.media import MediaType as ContentType
from mimi.content.model import (
    Disposition,
    ExternalPart,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
)
from mimi.mls import Group, MediaType, Parameter
from mimi.mls.components import ComponentID, component_of
from mimi.mls.negotiation import ApplicationFraming, MediaTypeList, media_type_of, media_types
from mimi.tree.extension import Extensions

CONTENT = MediaType(MIMI_CONTENT.encode())
"""What a MIMI message is framed as."""

_MEMO = "mimi.client.reading"


def content_type(media_type: MediaType) -> ContentType | None:
    """Return a media type of a leaf as those of parts are compared; None where it is none."""
    text = media_type.type.decode("ascii", "replace")
    for each in media_type.parameters:
        name, value = (
            octets.decode("ascii", "replace")
            for octets in (each.parameter_name, each.parameter_value)
        )
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        text += f';{name}="{quoted}"'
    return recognised(text)


def leaf_type(kind: ContentType) -> MediaType:
    """Return a media type of parts as leaves and groups name it."""
    parameters = (Parameter(name.encode(), value.encode()) for name, value in kind.parameters)
    return MediaType(f"{kind.type}/{kind.subtype}".encode(), tuple(parameters))


def read_by_all(group: Group) -> tuple[ContentType, ...]:
    """Return the media types that all members read, in the order of the first one's list."""
    known: tuple[ContentType, ...] | None = group.state.memo.get(_MEMO)
    if known is None:
        known = group.state.memo[_MEMO] = _read_by_all(group)
    return known


def _read_by_all(group: Group) -> tuple[ContentType, ...]:
    said: dict[bytes | None, None] = {}
    for _, leaf in group.state.tree.members():
        said[component_of(leaf.extensions, ComponentID.CONTENT_MEDIA_TYPES)] = None
    common: tuple[ContentType, ...] | None = None
    for data in said:
        listed = REQUIRED if data is None else _listed(data)
        common = listed if common is None else tuple(kind for kind in common if kind in listed)
    return common or ()


def _listed(data: bytes) -> tuple[ContentType, ...]:
    listed = decode(MediaTypeList, data).media_type_list
    return tuple(filter(None, map(content_type, listed)))


def check_readable(group: Group, body: NestedPart) -> None:
    """Check that all members can read a body: all parts of it, or one of the alternatives.

    Attachments are files for other programs, and count for readable.

    Raises:
        UnreadableError: Some members cannot.
    """
    first_readable(group, (body,))


def first_readable(group: Group, bodies: Iterable[NestedPart]) -> NestedPart:
    """Return the first of some bodies that all members can read; see `check_readable`.

    Raises:
        UnreadableError: There is none.
    """
    receiver = Receiver(read_by_all(group))
    found = next((body for body in bodies if _is_readable(body, receiver)), None)
    if found is None:
        raise UnreadableError(
            "not all members read it", media_types=tuple(map(str, receiver.media_types))
        )
    return found


def _is_readable(part: NestedPart, receiver: Receiver) -> bool:
    if isinstance(part, NullPart):
        return True
    if isinstance(part, MultiPart):
        readable = (_is_readable(each, receiver) for each in part.parts)
        is_choice = part.part_semantics is PartSemantics.CHOOSE_ONE
        return any(readable) if is_choice else all(readable)
    if part.disposition == Disposition.ATTACHMENT or isinstance(part, ExternalPart):
        return True
    return bool(choose(part, receiver).remaining)


# Framing


def framed(group: Group, octets: bytes) -> tuple[bytes, MediaType | None]:
    """Return a MIMI message as application data of a group, and what it is framed as.

    Raises:
        UnreadableError: The group does not require its members to read MIMI content.
    """
    required = media_types(group.extensions)
    if not required:
        return octets, None
    if CONTENT not in required:
        raise UnreadableError("the room does not require MIMI content")
    media_type = MediaType(b"") if required[0] == CONTENT else CONTENT
    return application_data(octets, media_type), media_type


def application_data(octets: bytes, media_type: MediaType | None) -> bytes:
    """Return a MIMI message with its framing; as it is, where it has none."""
    return octets if media_type is None else encode(ApplicationFraming(media_type, octets))


def unframed(extensions: Extensions, data: bytes) -> tuple[bytes, MediaType | None]:
    """Return the MIMI message in application data, and what it is framed as.

    Args:
        extensions: Those of the group context of the message's epoch.
        data: What was decrypted.

    Raises:
        UnknownContentError: It is something else.
        MalformedError: It does not parse.
    """
    if not media_types(extensions):
        return data, None
    read = decode(ApplicationFraming, data)
    kind = content_type(media_type_of(extensions, read))
    if kind is None or str(kind) != MIMI_CONTENT:
        raise UnknownContentError(f"application data of the type {kind}")
    return read.inner_application_content, read.media_type
