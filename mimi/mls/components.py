"""Application components, as far as key packages need them (draft-ietf-mls-extensions-10).

A key package of last resort is marked by the component ``last_resort_key_package`` in the extension
``app_data_dictionary`` (sections 4.6 and 6.4). Earlier drafts had an extension of its own for it,
which deployed implementations still write: it is read, and not written.
"""

from typing import Annotated

from mimi.codec import CodePoint16, Opaque, decode, increasing_by, point, struct
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, extension, find

APP_DATA_DICTIONARY = ExtensionType(0x0006)
EARLIER_LAST_RESORT = ExtensionType(0x000A)


class ComponentID(CodePoint16):
    """Application components (section 7.5 of the draft)."""

    APP_COMPONENTS = point(0x0001)
    SAFE_AAD = point(0x0002)
    CONTENT_MEDIA_TYPES = point(0x0003)
    LAST_RESORT_KEY_PACKAGE = point(0x0004)
    APP_ACK = point(0x0005)


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


def last_resort_extension() -> Extension:
    """Return the extension that marks a key package of last resort."""
    marked = AppDataDictionary((ComponentData(ComponentID.LAST_RESORT_KEY_PACKAGE, b""),))
    return extension(APP_DATA_DICTIONARY, marked)


def is_last_resort(extensions: Extensions) -> bool:
    """Return whether the extensions of a key package mark it as one of last resort.

    Raises:
        MalformedError: The extension app_data_dictionary does not parse.
    """
    if find(extensions, EARLIER_LAST_RESORT) is not None:
        return True
    data = find(extensions, APP_DATA_DICTIONARY)
    if data is None:
        return False
    listed = decode(AppDataDictionary, data).component_data
    return any(item.component_id == ComponentID.LAST_RESORT_KEY_PACKAGE for item in listed)
