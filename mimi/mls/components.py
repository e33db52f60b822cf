"""Application components and what they keep (draft-ietf-mls-extensions-10 sections 4.1 and 4.6).

The extension ``app_data_dictionary`` keeps the data of each component under its number, in a group
context, a leaf, a key package or a group info. What the data means is the component's business:
here it stays octets, so that changing one component never reads another.

All code points that the draft suggests are here.
"""

from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from typing import Annotated, TypeAlias

from mimi.codec import (
    GREASE_VALUES,
    CodePoint16,
    Opaque,
    decode,
    encode_length,
    increasing_by,
    point,
    struct,
)
from mimi.errors import MalformedError
from mimi.mls.codepoints import PSKType
from mimi.tree.codepoints import ExtensionType, ProposalType
from mimi.tree.extension import Extension, Extensions, extension, find

APP_DATA_DICTIONARY = ExtensionType.declare("APP_DATA_DICTIONARY", 0x0006)
SUPPORTED_WIRE_FORMATS = ExtensionType.declare("SUPPORTED_WIRE_FORMATS", 0x0007)
REQUIRED_WIRE_FORMATS = ExtensionType.declare("REQUIRED_WIRE_FORMATS", 0x0008)
EARLIER_LAST_RESORT = ExtensionType(0x000A)

APP_DATA_UPDATE = ProposalType.declare("APP_DATA_UPDATE", 0x0008)
APP_EPHEMERAL = ProposalType.declare("APP_EPHEMERAL", 0x0009)
SELF_REMOVE = ProposalType.declare("SELF_REMOVE", 0x000A)

APPLICATION_PSK = PSKType.declare("APPLICATION", 3)


class ComponentID(CodePoint16):
    """Application components (section 7.5 of the draft)."""

    APP_COMPONENTS = point(0x0001)
    SAFE_AAD = point(0x0002)
    CONTENT_MEDIA_TYPES = point(0x0003)
    LAST_RESORT_KEY_PACKAGE = point(0x0004)
    APP_ACK = point(0x0005)
    MESSAGE_ID = point(0x0040)


COMPONENT_GREASE = tuple(value for value in GREASE_VALUES if value < 0x8000)
"""The GREASE values of components: those above are for private use."""


def is_grease_component(component: int) -> bool:
    """Return whether a number is a GREASE value of components."""
    return component in COMPONENT_GREASE


@struct
class ComponentData:
    """What one component says."""

    component_id: ComponentID
    data: Opaque


@struct
class AppDataDictionary:
    """The contents of the extension ``app_data_dictionary``: each component at most once."""

    component_data: Annotated[
        tuple[ComponentData, ...],
        increasing_by(
            "component_id",
            "components do not increase",
            "draft-ietf-mls-extensions-10 section 4.6",
        ),
    ]


AppData: TypeAlias = Mapping[int, bytes]
"""From the numbers of components to what they say."""


def app_data(extensions: Extensions) -> dict[int, bytes]:
    """Return what the components say in *extensions*; nothing, where there is no dictionary.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse.
    """
    data = find(extensions, APP_DATA_DICTIONARY)
    if data is None:
        return {}
    listed = decode(AppDataDictionary, data).component_data
    return {int(item.component_id): item.data for item in listed}


def dictionary(data: AppData | Iterable[tuple[int, bytes]]) -> Extension:
    """Return the extension ``app_data_dictionary`` that says *data*."""
    items = sorted(dict(data).items())
    listed = tuple(ComponentData(ComponentID(number), content) for number, content in items)
    return extension(APP_DATA_DICTIONARY, AppDataDictionary(listed))


def check_dictionary(extensions: Extensions) -> None:
    """Check that the dictionary of *extensions*, if there is one, is as it should be throughout.

    Raises:
        MalformedError: It does not parse, is unsorted, or has a component twice.
    """
    data = find(extensions, APP_DATA_DICTIONARY)
    if data is not None:
        decode(AppDataDictionary, data)


# A dictionary that was checked once is not decoded again, however large it is: its entries are
# stepped over, up to the one that is asked for, and what changes is put between those that stay.


def component_of(extensions: Extensions, component: int) -> bytes | None:
    """Return what a component says in *extensions*, None for nothing.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse, as far as it is read.
    """
    data = find(extensions, APP_DATA_DICTIONARY)
    if data is None:
        return None
    begin, start, end = _place(data, component, _first(data))
    return None if begin == end else data[start:end]


def components_before(extensions: Extensions, component: int) -> bytes:
    """Return the entries of all components below a number, as they are encoded in *extensions*.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse, as far as it is read.
    """
    data = find(extensions, APP_DATA_DICTIONARY)
    if data is None:
        return b""
    first = _first(data)
    return data[first : _place(data, component, first)[0]]


def with_components(extensions: Extensions, changes: Mapping[int, bytes | None]) -> Extensions:
    """Return *extensions* in which some components say something else.

    Args:
        extensions: Their dictionary, where there is none, is added at the end.
        changes: From the numbers of components to what they say; None for nothing any more.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse, as far as it is read.
    """
    return rewritten(extensions, changes, lambda component, _: changes[component])


def rewritten(
    extensions: Extensions,
    components: Iterable[int],
    change: Callable[[int, bytes | None], bytes | None],
) -> Extensions:
    """Return *extensions* in which some components say what becomes of what they said.

    Args:
        extensions: Their dictionary, where there is none, is added at the end.
        components: The numbers of the components.
        change: From a component and what it says to what it says then; None for nothing. It is
            called for each in the order of the numbers.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse, as far as it is read.
    """
    present = find(extensions, APP_DATA_DICTIONARY)
    data = b"\0" if present is None else present
    view, kept, pieces = memoryview(data), _first(data), list[bytes | memoryview]()
    for component in sorted(components):
        begin, start, end = _place(data, component, kept)
        said = change(component, None if begin == end else data[start:end])
        pieces.append(view[kept:begin])
        if said is not None:
            pieces += (component.to_bytes(2, "big"), encode_length(len(said)), said)
        kept = end
    pieces.append(view[kept:])
    length = encode_length(sum(map(len, pieces)))
    made = Extension(APP_DATA_DICTIONARY, b"".join((length, *pieces)))
    if present is None:
        return (*extensions, made)
    return tuple(made if at.extension_type == made.extension_type else at for at in extensions)


def _place(data: bytes, component: int, at: int) -> tuple[int, int, int]:
    """Return where a component's entry begins, its data begins, and both end.

    All three are the same, where it has none: where it would stand.

    Args:
        data: The encoded dictionary.
        component: The component.
        at: Where an entry begins that is not behind it.
    """
    octets, at = len(data), _near(data, component, at)
    try:
        while at < octets:
            number, first = data[at] << 8 | data[at + 1], data[at + 2]
            if number > component:
                break
            if first < 0x40:
                start = at + 3
                end = start + first
            elif first < 0x80:
                start = at + 4
                end = start + ((first & 0x3F) << 8 | data[at + 3])
            else:
                start = at + 6
                end = start + (int.from_bytes(data[at + 2 : start], "big") & 0x3FFFFFFF)
            if number == component and end <= octets:
                return at, start, end
            at = end
    except IndexError:
        at = octets + 1
    if at > octets:
        raise MalformedError("a component ends behind the dictionary", "AppDataDictionary", octets)
    return at, at, at


def _near(data: bytes, component: int, at: int) -> int:
    """Return where an entry begins at or before a component's place: a few steps are left.

    It steps over entries as fast as can be, by four octets at a time, which the last may not have.
    """
    last, read = len(data) - 4, _NUMBER_AND_LENGTH
    while at <= last:
        number, head = read(data, at)
        if number >= component:
            break
        if head < 0x4000:
            at += 3 + (head >> 8)
        elif head < 0x8000:
            at += head - 0x3FFC  # 4 + (head & 0x3FFF), for which there is a whole dictionary to do
        else:
            at += 6 + (int.from_bytes(data[at + 2 : at + 6], "big") & 0x3FFFFFFF)
    return at


_NUMBER_AND_LENGTH = Struct(">HH").unpack_from


def _first(data: bytes) -> int:
    """Return where the first entry of an encoded dictionary begins."""
    if not data:
        raise MalformedError("a dictionary without its length", "AppDataDictionary", 0)
    return (1, 2, 4, 4)[data[0] >> 6]


# Last-resort key packages (section 6.4). Earlier drafts had an extension of its own for the mark,
# which deployed implementations still write: it is read, and not written.


LAST_RESORT: Mapping[int, bytes | None] = {ComponentID.LAST_RESORT_KEY_PACKAGE: b""}
"""What the extensions of a key package of last resort say."""


def is_last_resort(extensions: Extensions) -> bool:
    """Return whether the extensions of a key package mark it as one of last resort.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse.
    """
    if find(extensions, EARLIER_LAST_RESORT) is not None:
        return True
    return ComponentID.LAST_RESORT_KEY_PACKAGE in app_data(extensions)
