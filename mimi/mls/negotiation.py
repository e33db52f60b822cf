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

from collections.abc import Iterable
from typing import Annotated

from attrs import frozen

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
    APP_DATA_DICTIONARY,
    REQUIRED_WIRE_FORMATS,
    SUPPORTED_WIRE_FORMATS,
    ComponentID,
    check_dictionary,
    component_of,
    components_before,
    dictionary,
    is_grease_component,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, find
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex

DEFAULT_WIRE_FORMATS = frozenset(
    (
        WireFormat.MLS_PUBLIC_MESSAGE,
        WireFormat.MLS_PRIVATE_MESSAGE,
        WireFormat.MLS_WELCOME,
        WireFormat.MLS_GROUP_INFO,
        WireFormat.MLS_KEY_PACKAGE,
    )
)
"""Those of RFC 9420, which everybody supports and nobody lists."""


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


def application_framing(content: bytes, media_type: MediaType | None = None) -> bytes:
    """Return application data of a media type; None is the first that the group requires."""
    kind = MediaType(b"") if media_type is None else media_type
    return encode(ApplicationFraming(kind, content))


def agreement(
    *,
    components: Iterable[int] = (),
    safe_aad: Iterable[int] | None = None,
    media_types: Iterable[MediaType] = (),
    data: Iterable[tuple[int, bytes]] = (),
) -> Extension:
    """Return ``app_data_dictionary``: of a leaf, what it supports; of a group, what all must.

    Args:
        components: Those of ``app_components``.
        safe_aad: Those of ``safe_aad``; None for none such, in a group for AAD without framing.
        media_types: Those of ``content_media_types``; none such, where there are none.
        data: What further components say.
    """
    said = dict(data)
    said[ComponentID.APP_COMPONENTS] = encode(_listing(components))
    if safe_aad is not None:
        said[ComponentID.SAFE_AAD] = encode(_listing(safe_aad))
    kinds = tuple(media_types)
    if kinds:
        said[ComponentID.CONTENT_MEDIA_TYPES] = encode(MediaTypeList(kinds))
    return dictionary(said)


def _listing(components: Iterable[int]) -> ComponentsList:
    return ComponentsList(tuple(map(ComponentID, sorted(set(components)))))


# What leaves and groups say


def media_types(extensions: Extensions) -> tuple[MediaType, ...]:
    """Return the media types that a leaf reads, or that a group requires; none where it is silent.

    Raises:
        MalformedError: The component does not parse, or names none.
    """
    data = component_of(extensions, ComponentID.CONTENT_MEDIA_TYPES)
    if data is None:
        return ()
    listed: tuple[MediaType, ...] = decode(MediaTypeList, data).media_type_list
    if not listed:
        raise MalformedError("content_media_types names no media type", "MediaTypeList", 0)
    return listed


def app_components(extensions: Extensions) -> frozenset[int]:
    """Return the components that a leaf supports, or that a group requires."""
    return _components(extensions, ComponentID.APP_COMPONENTS) or frozenset()


def safe_aad_components(extensions: Extensions) -> frozenset[int] | None:
    """Return the components in the safe AAD that a leaf supports, or that a group requires.

    None is that there is no such component: in a group, that AAD is not framed.
    """
    return _components(extensions, ComponentID.SAFE_AAD)


def _components(extensions: Extensions, component: int) -> frozenset[int] | None:
    data = component_of(extensions, component)
    return None if data is None else frozenset(decode(ComponentsList, data).component_ids)


def wire_formats(extensions: Extensions, *, required: bool) -> frozenset[int]:
    """Return the wire formats that a leaf supports or a group requires beside the default ones."""
    data = find(extensions, REQUIRED_WIRE_FORMATS if required else SUPPORTED_WIRE_FORMATS)
    return frozenset() if data is None else frozenset(decode(WireFormats, data).wire_formats)


@frozen
class Needs:
    """What a leaf supports, or what a group requires of leaves.

    Attributes:
        components: As ``app_components`` says.
        safe_aad: As ``safe_aad`` says.
        wire_formats: As ``supported_wire_formats`` or ``required_wire_formats`` says.
    """

    components: frozenset[int]
    safe_aad: frozenset[int]
    wire_formats: frozenset[int]

    @classmethod
    def of_group(cls, extensions: Extensions) -> "Needs":
        """Return what the extensions of a group context require.

        Raises:
            MalformedError: What is said there does not parse, ``content_media_types`` included.
        """
        if _REQUIRING.isdisjoint([at.extension_type for at in extensions]):
            return SILENT
        media_types(extensions)
        formats = wire_formats(extensions, required=True) - DEFAULT_WIRE_FORMATS
        aad = safe_aad_components(extensions) or frozenset()
        return cls(app_components(extensions), aad, formats)

    @classmethod
    def of_leaf(cls, extensions: Extensions) -> "Needs":
        """Return what the extensions of a leaf support.

        GREASE values support nothing: members send them at random.

        Raises:
            MalformedError: What is said there does not parse, anywhere in the dictionary.
        """
        if _NEGOTIATING.isdisjoint([at.extension_type for at in extensions]):
            return SILENT
        check_dictionary(extensions)
        media_types(extensions)
        formats = wire_formats(extensions, required=False)
        aad = safe_aad_components(extensions) or frozenset()
        return cls(_real(app_components(extensions)), _real(aad), formats)


_NEGOTIATING = frozenset((APP_DATA_DICTIONARY, SUPPORTED_WIRE_FORMATS))
_REQUIRING = frozenset((APP_DATA_DICTIONARY, REQUIRED_WIRE_FORMATS))
SILENT = Needs(frozenset(), frozenset(), frozenset())


def _real(listed: frozenset[int]) -> frozenset[int]:
    return frozenset(number for number in listed if not is_grease_component(number))


def check_negotiated(
    leaves: Iterable[tuple[LeafIndex, LeafNode]],
    extensions: Extensions,
) -> None:
    """Check that leaves are sound, and support what the group requires by its components.

    Args:
        leaves: The members, or those that are others than before.
        extensions: Those of the group context.

    Raises:
        RequiredComponentError: A member lacks a required component.
        RequiredSafeAADError: A member lacks a required component of the safe AAD.
        RequiredWireFormatError: A member lacks a required wire format.
        MalformedError: What the group, or a leaf, says does not parse.
    """
    needs = Needs.of_group(extensions)
    for index, leaf in leaves:
        try:
            supported = Needs.of_leaf(leaf.extensions)
        except MalformedError as error:
            path = f"ratchet_tree[{2 * index}].{error.path}"
            raise MalformedError(error.reason, path, error.offset) from error
        _check_leaf(supported, needs, index)


def _check_leaf(leaf: Needs, group: Needs, index: LeafIndex) -> None:
    missing = group.components - leaf.components
    if missing:
        raise RequiredComponentError(
            f"leaf {index} lacks component {min(missing)}", leaf=index, component=min(missing)
        )
    missing = group.safe_aad - leaf.safe_aad
    if missing:
        raise RequiredSafeAADError(
            f"leaf {index} lacks component {min(missing)} in the safe AAD",
            leaf=index,
            component=min(missing),
        )
    missing = group.wire_formats - leaf.wire_formats
    if missing:
        raise RequiredWireFormatError(
            f"leaf {index} lacks wire format {min(missing)}", leaf=index, wire_format=min(missing)
        )


def same_requirements(extensions: Extensions, before: Extensions) -> bool:
    """Return whether two epochs require the same of their members' leaves, octet for octet.

    Required is what extensions and components say, and support for each extension that is there.
    """
    return extensions is before or _requirements(extensions) == _requirements(before)


def _requirements(extensions: Extensions) -> tuple[object, ...]:
    return (
        [each.extension_type for each in extensions],
        find(extensions, ExtensionType.REQUIRED_CAPABILITIES),
        find(extensions, REQUIRED_WIRE_FORMATS),
        components_before(extensions, _BEYOND_REQUIRING),
    )


_BEYOND_REQUIRING = ComponentID.CONTENT_MEDIA_TYPES + 1
"""Below it are the components that say what members must support, side by side."""


def check_media_types(leaves: Iterable[tuple[LeafIndex, LeafNode]], extensions: Extensions) -> None:
    """Check that leaves read the media types of the group: what a committer takes care of.

    Receivers do not refuse: a committer may know by other means what a member reads.

    Args:
        leaves: The members, or those that are others than before.
        extensions: Those of the group context.

    Raises:
        RequiredMediaTypeError: A member does not say that it does.
    """
    required = {_compared(kind): kind for kind in media_types(extensions)}
    for index, leaf in leaves if required else ():
        known = set(map(_compared, media_types(leaf.extensions)))
        for compared, kind in required.items():
            if compared not in known:
                name = kind.type.decode(errors="replace")
                raise RequiredMediaTypeError(
                    f"leaf {index} does not read {name}", leaf=index, media_type=kind
                )


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
    if component_of(extensions, ComponentID.SAFE_AAD) is not None:
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
    if component_of(extensions, ComponentID.SAFE_AAD) is None:
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
    """Return the media type of application data: an empty one is the group's first.

    Raises:
        FramingError: It is empty, and the group has no ``content_media_types``.
    """
    if framed.media_type.type:
        return framed.media_type
    required = media_types(extensions)
    if not required:
        raise FramingError("no media type, in a group that has none")
    return required[0]
