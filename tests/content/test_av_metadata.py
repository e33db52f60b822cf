"""What is known of sounds, images and videos, and of which parts of a message."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.codec import cbor
from mimi.content.av import AVMetadata, MediaKind, MetadataEntry, Orientation, check_av_metadata
from mimi.content.errors import ExtensionValueError, PartReferenceError
from mimi.content.extensions import Extensions
from mimi.content.message import decode, encode
from mimi.content.model import (
    Disposition,
    ExternalPart,
    Message,
    MultiPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.errors import UsageError

AUDIO, IMAGE, VIDEO = MediaKind.AUDIO, MediaKind.IMAGE, MediaKind.VIDEO


def message(body, *entries):
    extensions = Extensions.of([AVMetadata(entries)])
    return Message(bytes(16), None, b"", None, None, extensions, body)


def octets_with(value):
    fields = [bytes(16), None, b"", None, None, {"av_metadata": value}, [1, "", 0]]
    return cbor.encode(fields, allow_nan=True, allow_simple=True)


def single(content_type="image/png", disposition=Disposition.PREVIEW):
    return SinglePart(disposition, "", content_type, b"")


def kept(content_type="image/png", disposition=Disposition.PREVIEW):
    return ExternalPart(disposition, "", content_type, "https://example.com/1")


def multi(*parts, semantics=PartSemantics.PROCESS_ALL):
    return MultiPart(Disposition.RENDER, "", semantics, parts)


def choice(*parts):
    return multi(*parts, semantics=PartSemantics.CHOOSE_ONE)


# The draft's example: a video of puppies, a preview image, and an audio clip
PUPPIES = (
    MetadataEntry(
        2,
        VIDEO,
        width=1920,
        height=1080,
        duration=37000,
        preview_index=4,
        accessibility_text="two golden retriever puppies playing in"
        "overgrown grass lit with low sunlight",
    ),
    MetadataEntry(4, IMAGE, width=1920, height=1080),
    MetadataEntry(7, AUDIO, duration=9450, accessibility_text="uproarious laughter"),
)
BODY = multi(
    multi(single("video/mp4"), single(), single()),
    multi(NullPart(), single("audio/opus")),
)


def test_the_drafts_example():
    made = message(BODY, *PUPPIES)
    assert encode(made)[22:].startswith(
        bytes.fromhex("a1 6b")
        + b"av_metadata"
        + bytes.fromhex("83 a7 0102 0203 03190780 04190438 05199088 0604 07784c")
        + b"two golden retriever puppies playing inovergrown grass lit with low sunlight"
        + bytes.fromhex("a4 0104 0202 03190780 04190438")
        + bytes.fromhex("a4 0107 0201 051924ea 0773")
        + b"uproarious laughter"
    )
    received = decode(encode(made))
    assert received == made
    assert received.extensions.find(AVMetadata) == AVMetadata(PUPPIES)
    check_av_metadata(received)


numbers = st.none() | st.integers(0, (1 << 64) - 1)
indexes = st.integers(0, 0xFFFF)


@given(
    st.builds(
        MetadataEntry,
        part_index=indexes,
        type=st.integers(0, (1 << 64) - 1).map(MediaKind),
        width=numbers,
        height=numbers,
        duration=numbers,
        preview_index=st.none() | indexes,
        accessibility_text=st.none() | st.text(max_size=9),
        rotation=st.sampled_from([None, 0, 90, 180, 270]),
        others=st.dictionaries(
            st.integers(-9, 0) | st.integers(9, 99) | st.text(max_size=3),
            st.none() | st.integers(0, 9) | st.text(max_size=3),
            max_size=3,
        ),
    )
)
def test_any_entry_returns(entry):
    received = decode(encode(message(NullPart(), entry)))
    assert received.extensions.find(AVMetadata) == AVMetadata((entry,))


def test_entries_of_extensions_are_kept():
    octets = octets_with([{1: 0, 2: 200, 9: [1, 2], -1: 1.5, "fps": 25}])
    received = decode(octets)
    (entry,) = received.extensions.find(AVMetadata).entries
    assert (entry.type, entry.type.name) == (200, "0x00000000000000C8")
    assert entry.others == {9: (1, 2), -1: 1.5, "fps": 25}
    assert encode(message(NullPart(), entry)) == octets


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "an array expected"),
        ({1: 0, 2: 2}, "an array expected"),
        ([[0, 2]], "a map expected"),
        ([{2: 2}], "the map lacks the key 1"),
        ([{1: 0}], "the map lacks the key 2"),
        ([{1: 0x10000, 2: 2}], "65536 is not in 0..65535"),
        ([{1: -1, 2: 2}], "-1 is not in 0..65535"),
        ([{1: 0, 2: -1}], "-1 is not in 0"),
        ([{1: 0, 2: "image"}], "an integer expected"),
        ([{1: 0, 2: 2, 3: -1}], "-1 is not in 0"),
        ([{1: 0, 2: 2, 4: 1.5}], "an integer expected"),
        ([{1: 0, 2: 2, 5: -1}], "-1 is not in 0"),
        ([{1: 0, 2: 2, 6: 0x10000}], "65536 is not in 0..65535"),
        ([{1: 0, 2: 2, 7: b"a"}], "a text expected"),
        ([{1: 0, 2: 2, 8: 45}], "a rotation by other than"),
        ([{1: 0, 2: 2, 8: 360}], "a rotation by other than"),
        ([{1: 0, 2: 2, 8: -90}], "is not in 0"),
        ([{1: 0, 2: 2, 8: None}], "an integer expected"),
        ([{1: 0, 2: 2, b"a": 1}], "an entry under the key b'a'"),
    ],
)
def test_another_shape_is_not_decoded(value, reason):
    with pytest.raises(ExtensionValueError) as caught:
        decode(octets_with(value))
    assert caught.value.path == "Message.extensions['av_metadata']"
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "entry",
    [
        MetadataEntry(0x10000, IMAGE),
        MetadataEntry(0, -1),
        MetadataEntry(0, IMAGE, width=-1),
        MetadataEntry(0, IMAGE, preview_index=0x10000),
        MetadataEntry(0, IMAGE, rotation=1),
        MetadataEntry(0, IMAGE, others={8: 1}),
        MetadataEntry(0, IMAGE, others={1: 0}),
        MetadataEntry(0, IMAGE, others={b"a": 1}),
        MetadataEntry(0, IMAGE, others={True: 1}),
    ],
)
def test_what_could_not_be_decoded_is_no_extension(entry):
    with pytest.raises(UsageError):
        message(NullPart(), entry)


@pytest.mark.parametrize(
    ("width", "height", "orientation"),
    [
        (1920, 1080, Orientation.LANDSCAPE),
        (1080, 1920, Orientation.PORTRAIT),
        (1080, 1080, None),
        (1080, None, None),
        (None, 1080, None),
        (None, None, None),
        (1, 0, Orientation.LANDSCAPE),
    ],
)
def test_what_is_wider_than_high_is_landscape(width, height, orientation):
    entry = MetadataEntry(0, IMAGE, width=width, height=height, rotation=90)
    assert entry.orientation is orientation


def test_what_the_entries_hold_is_frozen():
    entry = MetadataEntry(0, IMAGE, others={"fps": 25})
    assert isinstance(entry.others, cbor2.frozendict)
    hash(entry)


# Which parts they are of


def test_a_message_without_metadata_has_nothing_to_check():
    check_av_metadata(Message(bytes(16), None, b"", None, None, {}, NullPart()))
    check_av_metadata(message(NullPart()))


@pytest.mark.parametrize(
    ("body", "index"),
    [(single(), 0), (kept(), 0), (BODY, 2), (BODY, 3), (BODY, 4), (BODY, 7)],
)
def test_a_part_with_content_is_described(body, index):
    check_av_metadata(message(body, MetadataEntry(index, IMAGE)))


@pytest.mark.parametrize(
    ("body", "index"),
    [(single(), 1), (NullPart(), 0), (BODY, 0), (BODY, 1), (BODY, 5), (BODY, 6), (BODY, 8)],
)
def test_a_part_that_is_not_there_or_has_no_content_is_not(body, index):
    with pytest.raises(PartReferenceError) as caught:
        check_av_metadata(message(body, MetadataEntry(0xFFFF, IMAGE)))
    assert caught.value.where["index"] == 0xFFFF
    with pytest.raises(PartReferenceError) as caught:
        check_av_metadata(message(body, MetadataEntry(index, IMAGE)))
    assert type(caught.value) is PartReferenceError
    assert caught.value.where["index"] == index


@pytest.mark.parametrize(
    "preview",
    [
        single(),
        kept(),
        single("IMAGE/GIF"),
        single("image/svg+xml;charset=utf-8"),
        choice(single(), kept("image/gif")),
    ],
)
def test_a_preview_is_an_image_or_a_choice_of_images(preview):
    body = multi(single("video/mp4"), preview)
    check_av_metadata(message(body, MetadataEntry(1, VIDEO, preview_index=2)))


@pytest.mark.parametrize(
    "preview",
    [
        NullPart(Disposition.PREVIEW),
        single("video/mp4"),
        single("text/html"),
        single("imagery/png"),
        single("image"),
        single(disposition=Disposition.RENDER),
        kept(""),
        kept(disposition=Disposition.ATTACHMENT),
        choice(single(), single("video/mp4")),
        choice(single(), single(disposition=Disposition.INLINE)),
        choice(single(), NullPart(Disposition.PREVIEW)),
        choice(single(), choice(single(), single())),
        multi(single(), single(), semantics=PartSemantics.SINGLE_UNIT),
        multi(single(), single(), semantics=PartSemantics.PROCESS_ALL),
    ],
)
def test_a_preview_is_nothing_else(preview):
    body = multi(single("video/mp4"), preview)
    with pytest.raises(PartReferenceError) as caught:
        check_av_metadata(message(body, MetadataEntry(1, VIDEO, preview_index=2)))
    assert type(caught.value) is PartReferenceError
    assert caught.value.where == {"index": 2}


def test_a_preview_that_is_not_there():
    with pytest.raises(PartReferenceError) as caught:
        check_av_metadata(message(single(), MetadataEntry(0, VIDEO, preview_index=1)))
    assert caught.value.where["index"] == 1


def test_each_entry_is_checked():
    entries = MetadataEntry(2, VIDEO), MetadataEntry(7, AUDIO), MetadataEntry(5, AUDIO)
    with pytest.raises(PartReferenceError) as caught:
        check_av_metadata(message(BODY, *entries))
    assert caught.value.where["index"] == 5


def test_what_the_draft_does_not_forbid_is_no_offence():
    check_av_metadata(message(single("image/gif"), MetadataEntry(0, IMAGE, duration=900)))
    check_av_metadata(message(single("audio/ogg"), MetadataEntry(0, AUDIO, width=1, height=1)))
    check_av_metadata(message(single("application/ogg"), MetadataEntry(0, AUDIO)))
    check_av_metadata(message(single(), MetadataEntry(0, IMAGE), MetadataEntry(0, IMAGE)))


class Counted(tuple):
    """Parts that count how often somebody goes through them."""

    times = 0

    def __iter__(self):
        Counted.times += 1
        return super().__iter__()

    def __reversed__(self):
        Counted.times += 1
        return (self[at] for at in range(len(self) - 1, -1, -1))


def test_parts_are_gone_through_once_however_many_entries_there_are():
    previews = MultiPart(
        Disposition.PREVIEW, "", PartSemantics.CHOOSE_ONE, Counted([single()] * 1000)
    )
    body = MultiPart(
        Disposition.RENDER, "", PartSemantics.PROCESS_ALL, Counted([single("video/mp4"), previews])
    )
    made = message(body, *[MetadataEntry(1, VIDEO, preview_index=2)] * 1000)
    Counted.times = 0
    check_av_metadata(made)
    assert Counted.times == 3  # each to be numbered, and the previews once more
