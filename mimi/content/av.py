"""What is known of sounds, images and videos before they are fetched (draft-mahy-mimi-av-metadata).

The extension ``"av_metadata"`` is a list of entries, each of which describes one part of the
message; parts are counted depth first from 0, which is the body itself. Section numbers are those
of draft-mahy-mimi-av-metadata-01.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, TypeAlias

import attrs
import cbor2

from mimi.codec import CodePoint, point
from mimi.codec.cddl import (
    Holds,
    Key,
    Others,
    OutOfRangeError,
    Range,
    Refusal,
    WrongTypeError,
    bare,
    entries,
)
from mimi.content.errors import PartReferenceError
from mimi.content.extensions import extension
from mimi.content.model import (
    Disposition,
    Message,
    MultiPart,
    NestedPart,
    PartSemantics,
)
from mimi.content.parts import Leaf, listed_at, parts

UInt16: TypeAlias = Annotated[int, Range(0, 0xFFFF)]


class MediaKind(CodePoint, octets=8):
    """Whether it is heard or looked at: the type of a media type, as a number."""

    __slots__ = ()
    AUDIO = point(1)
    IMAGE = point(2)
    VIDEO = point(3)


class Orientation(Enum):
    """How an image or a video is oriented, by its width and height (section 3)."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"


def _is_rotation(degrees: int) -> bool:
    return degrees in (0, 90, 180, 270)


@entries
class MetadataEntry:
    """What is known of one part (section 3).

    Attributes:
        part_index: Which part it is: a SinglePart or an ExternalPart.
        type: Whether it is heard or looked at.
        width: In pixels.
        height: In pixels.
        duration: In milliseconds.
        preview_index: Which part is a preview of it: an image, or alternatives of images.
        accessibility_text: What to render where it cannot be seen or heard.
        rotation: By how many degrees it is to be turned clockwise to be seen correctly.
        others: Entries of extensions, under integers and texts.
    """

    part_index: Annotated[UInt16, Key(1)]
    type: Annotated[MediaKind, Key(2)]
    width: Annotated[int | None, Key(3)] = None
    height: Annotated[int | None, Key(4)] = None
    duration: Annotated[int | None, Key(5)] = None
    preview_index: Annotated[int | None, Range(0, 0xFFFF), Key(6)] = None
    accessibility_text: Annotated[str | None, Key(7)] = None
    rotation: Annotated[
        int | None,
        Holds(_is_rotation, OutOfRangeError, "a rotation by other than 0, 90, 180, 270"),
        Key(8),
    ] = None
    others: Annotated[Mapping[int | str, Any], Others()] = attrs.field(
        default=cbor2.frozendict(), converter=cbor2.frozendict
    )

    def refusal(self) -> Refusal | None:
        """Return what is wrong with the fields together, if anything."""
        for key in self.others:
            if type(key) not in (int, str):
                return Refusal(WrongTypeError, f"an entry under the key {key!r}")
        return None

    @property
    def orientation(self) -> Orientation | None:
        """Landscape where it is wider than high, portrait where it is higher; else None."""
        if self.width is None or self.height is None or self.width == self.height:
            return None
        return Orientation.LANDSCAPE if self.width > self.height else Orientation.PORTRAIT


@extension("av_metadata")
@bare
class AVMetadata:
    """What is known of the sounds, images and videos of a message (section 3)."""

    entries: tuple[MetadataEntry, ...]


def check_av_metadata(message: Message) -> None:
    """Check that the AV metadata of a message, if it has any, are of parts that it has.

    Nothing else is an offence. The draft says of what `width` and `duration` are, not that they
    occur nowhere else: an animated image has a duration. Nor does it say that a part is described
    once, or that its content type is of the same type: ``application/ogg`` may be heard. All of it
    is for laying out what is not there yet; what is shown depends on the content type.

    Raises:
        PartReferenceError: An entry describes a part that is not there, or none that has content;
            or its preview is something else than an image to be previewed, or alternatives of
            such images.
    """
    metadata = message.extensions.find(AVMetadata)
    if metadata is None:
        return
    listed = parts(message.nested_part)
    previews: set[int] = set()  # a choice of many is looked at once, however many entries name it
    for entry in metadata.entries:
        if not isinstance(listed_at(listed, entry.part_index), Leaf):
            raise PartReferenceError("metadata of a part without content", index=entry.part_index)
        index = entry.preview_index
        if index is None or index in previews:
            continue
        preview = listed_at(listed, index)
        if not _is_preview(preview) and not _is_choice_of_previews(preview):
            raise PartReferenceError("a preview that is no image", index=index)
        previews.add(index)


def _is_preview(part: NestedPart) -> bool:
    return (
        isinstance(part, Leaf)
        and part.disposition == Disposition.PREVIEW
        and part.content_type.lower().startswith("image/")
    )


def _is_choice_of_previews(part: NestedPart) -> bool:
    return (
        isinstance(part, MultiPart)
        and part.part_semantics is PartSemantics.CHOOSE_ONE
        and all(map(_is_preview, part.parts))
    )
