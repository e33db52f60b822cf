"""What the members of a group have agreed to understand (draft-ietf-mls-extensions-10 section 5).

::

    where                           in a leaf: what it supports    in the group: what all must
    extension supported_ /          wire formats                   wire formats
              required_wire_formats
    component app_components        components                     components
    component safe_aad              components in the safe AAD     the same, and: AAD is SafeAAD
    component content_media_types   media types it reads           the same, and: application data
                                                                   is ApplicationFraming

A leaf's values that nobody knows, GREASE among them, are no support and do no harm.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, TypeVar

from mimi.codec import Opaque, decode, encode, increasing_by, struct
from mimi.errors import MalformedError
from mimi.mls.codepoints import WireFormat
from mimi.mls.component_errors import (
    FramingError,
    RequiredComponentError,
    RequiredMediaTypeError,
    RequiredSafeAADError,
    RequiredWireFormatError,
)
from mimi.mls.components import (
    REQUIRED_WIRE_FORMATS,
    SUPPORTED_WIRE_FORMATS,
    ComponentID,
    component_of,
)
from mimi.tree.extension import Extensions, find
from mimi.tree.math import LeafIndex
from mimi.tree.ratchet import RatchetTree

T = TypeVar("T")


@struct
class WireFormats:
    """The contents of ``supported_wire_formats`` and ``required_wire_formats``."""

    wire_formats: tuple[WireFormat, ...]


@struct
class ComponentsList:
    """The data of the components ``app_components`` and ``safe_aad``."""

    component_ids: tuple[ComponentID, ...]


@struct
class Parameter:
    """A parameter of a media type: its value without quotation marks and escapes."""

    parameter_name: Opaque
    parameter_value: Opaque


@struct
class MediaType:
    """A media type and its parameters (section 6.2.2).

    Attributes:
        type: Type, "/", and subtype; empty in `ApplicationFraming` for the group's first one.
        parameters: Its parameters.
    """

    type: Opaque
    parameters: tuple[Parameter, ...] = ()


@struct
class MediaTypeList:
    """The data of the component ``content_media_types``: at least one."""

    media_type_list: tuple[MediaType, ...]


@struct
class ApplicationFraming:
    """Application data in a group that has ``content_media_types`` (section 6.2.4)."""

    media_type: MediaType
    inner_application_content: Opaque


@struct
class SafeAADItem:
    """What one component adds to the authenticated data of a message."""

    component_id: ComponentID
    aad_item_data: Opaque


@struct
class SafeAAD:
    """The authenticated data of a message in a group that has ``safe_aad`` (section 4.9)."""

    aad_items: Annotated[
        tuple[SafeAADItem, ...],
        increasing_by(
            "component_id",
            "components do not increase",
            "draft-ietf-mls-extensions-10 section 4.9",
        ),
    ]


def safe_aad(items: Iterable[tuple[int, bytes]]) -> bytes:
    """Return authenticated data for the components of *items*, in the order of their numbers."""
    listed = sorted(dict(items).items())
    return encode(SafeAAD(tuple(SafeAADItem(ComponentID(at), data) for at, data in listed)))


def framing(content: bytes, media_type: MediaType | None = None) -> bytes:
    """Return application data of a media type; None is the first that the group requires."""
    kind = MediaType(b"") if media_type is None else media_type
    return encode(ApplicationFraming(kind, content))


# What leaves and groups say. Leaves of one application say the same, so that few are read.


@lru_cache(maxsize=1024)
def _components_list(data: bytes) -> frozenset[int]:
    return frozenset(map(int, decode(ComponentsList, data).component_ids))


@lru_cache(maxsize=1024)
def _media_types(data: bytes) -> tuple[MediaType, ...]:
    listed: tuple[MediaType, ...] = decode(MediaTypeList, data).media_type_list
    if not listed:
        raise MalformedError("content_media_types names no media type")
    return listed


@lru_cache(maxsize=1024)
def _wire_formats(data: bytes) -> frozenset[int]:
    return frozenset(map(int, decode(WireFormats, data).wire_formats))


def _listed(extensions: Extensions, component: int, read: Callable[[bytes], T]) -> T | None:
    data = component_of(extensions, component)
    return None if data is None else read(data)


def media_types(extensions: Extensions) -> tuple[MediaType, ...]:
    """Return the media types that a leaf reads, or that a group requires; none where it is silent.

    Raises:
        MalformedError: The component does not parse, or names none.
    """
    return _listed(extensions, ComponentID.CONTENT_MEDIA_TYPES, _media_types) or ()


def app_components(extensions: Extensions) -> frozenset[int]:
    """Return the components that a leaf supports, or that a group requires."""
    found = _listed(extensions, ComponentID.APP_COMPONENTS, _components_list)
    return frozenset() if found is None else found


def safe_aad_components(extensions: Extensions) -> frozenset[int] | None:
    """Return the components in the safe AAD that a leaf supports, or that a group requires.

    None is that there is no such component: in a group, that AAD is not framed.
    """
    return _listed(extensions, ComponentID.SAFE_AAD, _components_list)


def wire_formats(extensions: Extensions, *, required: bool) -> frozenset[int]:
    """Return the wire formats that a leaf supports or a group requires beside the default ones."""
    data = find(extensions, REQUIRED_WIRE_FORMATS if required else SUPPORTED_WIRE_FORMATS)
    return frozenset() if data is None else _wire_formats(data)


def check_negotiated(tree: RatchetTree, extensions: Extensions) -> None:
    """Check that every member supports what the group requires by its components.

    Raises:
        RequiredComponentError: A member lacks a required component.
        RequiredSafeAADError: A member lacks a required component of the safe AAD.
        RequiredWireFormatError: A member lacks a required wire format.
        MalformedError: What the group, or a leaf, says does not parse.
    """
    components = app_components(extensions)
    aad = safe_aad_components(extensions) or frozenset()
    formats = wire_formats(extensions, required=True)
    media_types(extensions)
    if not (components or aad or formats):
        return
    for index, leaf in tree.members():
        check_leaf_negotiated(leaf.extensions, components, aad, formats, index)


def check_leaf_negotiated(
    leaf: Extensions,
    components: frozenset[int],
    aad: frozenset[int],
    formats: frozenset[int],
    index: LeafIndex,
) -> None:
    """Check that one leaf supports what the group requires; see `check_negotiated`."""
    missing = components - app_components(leaf)
    if missing:
        raise RequiredComponentError(
            f"leaf {index} lacks component {min(missing)}", leaf=index, component=min(missing)
        )
    missing = aad - (safe_aad_components(leaf) or frozenset())
    if missing:
        raise RequiredSafeAADError(
            f"leaf {index} lacks component {min(missing)} in the safe AAD",
            leaf=index,
            component=min(missing),
        )
    missing = formats - wire_formats(leaf, required=False)
    if missing:
        raise RequiredWireFormatError(
            f"leaf {index} lacks wire format {min(missing)}", leaf=index, wire_format=min(missing)
        )


def check_media_types(tree: RatchetTree, extensions: Extensions) -> None:
    """Check that every member reads the media types of the group: what a committer takes care of.

    Receivers do not refuse: a committer may know by other means what a member reads.

    Raises:
        RequiredMediaTypeError: A member does not say that it does.
    """
    required = {_compared(kind) for kind in media_types(extensions)}
    if not required:
        return
    for index, leaf in tree.members():
        missing = required - {_compared(kind) for kind in media_types(leaf.extensions)}
        if missing:
            name = min(missing)[0].decode(errors="replace")
            raise RequiredMediaTypeError(f"leaf {index} does not read {name}", leaf=index)


def _compared(kind: MediaType) -> tuple[bytes, frozenset[tuple[bytes, bytes]]]:
    """Return a media type as it is compared: type and names of parameters without case."""
    parameters = ((at.parameter_name.lower(), at.parameter_value) for at in kind.parameters)
    return kind.type.lower(), frozenset(parameters)


# Messages


def check_aad(extensions: Extensions, aad: bytes) -> None:
    """Check the authenticated data of a message of the group.

    Raises:
        MalformedError: The group has ``safe_aad``, and it is no `SafeAAD`.
    """
    if safe_aad_components(extensions) is not None:
        decode(SafeAAD, aad)


def safe_aad_of(extensions: Extensions, aad: bytes) -> dict[int, bytes]:
    """Return what the components say in the authenticated data of a message of the group.

    Args:
        extensions: Those of the group context of the message's epoch.
        aad: The authenticated data of any event.

    Returns:
        From the numbers of components to their data; nothing where the group has no ``safe_aad``.

    Raises:
        MalformedError: The group has ``safe_aad``, and it is no `SafeAAD`.
    """
    if safe_aad_components(extensions) is None:
        return {}
    items = decode(SafeAAD, aad).aad_items
    return {int(item.component_id): item.aad_item_data for item in items}


def check_framing(extensions: Extensions, data: bytes) -> None:
    """Check application data of the group.

    Raises:
        MalformedError: The group has ``content_media_types``, and it is no `ApplicationFraming`.
    """
    if component_of(extensions, ComponentID.CONTENT_MEDIA_TYPES) is not None:
        decode(ApplicationFraming, data)


def own_aad(extensions: Extensions, aad: bytes) -> bytes:
    """Return the authenticated data that a message of our own has: no items where there is none.

    Raises:
        FramingError: The group has ``safe_aad``, and *aad* is no `SafeAAD`.
    """
    if safe_aad_components(extensions) is None:
        return aad
    if not aad:
        return safe_aad(())
    try:
        decode(SafeAAD, aad)
    except MalformedError as error:
        raise FramingError(f"the group wants safe AAD: {error}") from error
    return aad


def check_own_framing(extensions: Extensions, data: bytes) -> None:
    """Check application data of our own.

    Raises:
        FramingError: The group has ``content_media_types``, and it is no `ApplicationFraming`.
    """
    try:
        check_framing(extensions, data)
    except MalformedError as error:
        raise FramingError(f"the group wants framed application data: {error}") from error


def media_type_of(extensions: Extensions, framed: ApplicationFraming) -> MediaType:
    """Return the media type of application data: an empty one is the group's first."""
    return framed.media_type if framed.media_type.type else media_types(extensions)[0]
