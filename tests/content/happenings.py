"""Arbitrary things that happen in a room, most of which refer to one another."""

from content.minutes import START, Event, Reading, named, text_part, uri
from hypothesis import strategies as st

from mimi.content.authority import Arrival, Right
from mimi.content.model import (
    Disposition,
    Expiration,
    ExternalPart,
    Message,
    MultiPart,
    NestedPart,
    NullPart,
    PartSemantics,
    SinglePart,
)
from mimi.content.status import (
    MEDIA_TYPE,
    MessageStatusReport,
    PerMessageStatus,
    Status,
    encode_report,
)

PEOPLE = ("alice", "bob", "mallory")
MODERATOR = "bob"
RIGHTS = st.frozensets(st.sampled_from(Right), min_size=1)
NAMES = tuple(f"m{number}" for number in range(8))
LATEST = 6
"""Messages are accepted, read and expire within so many seconds after START."""

DISPOSITIONS = st.sampled_from((Disposition.RENDER, Disposition.REACTION))
LEAF_DISPOSITIONS = DISPOSITIONS | st.sampled_from(
    (Disposition.INLINE, Disposition.ATTACHMENT, Disposition.PREVIEW, Disposition(99))
)
CONTENT_TYPES = st.sampled_from(
    (
        *("text/plain", "Text/Plain; Charset=ISO-8859-1", "text/plain;charset=us-ascii"),
        *("text/plain;charset=x-unknown", "text/markdown;variant=GFM-MIMI", "text/markdown"),
        *("text/html", "text/vcard", "image/png", "application/pdf"),
    )
)
LEAVES = st.builds(
    SinglePart,
    LEAF_DISPOSITIONS,
    st.sampled_from(("", "de", "en")),
    CONTENT_TYPES,
    st.sampled_from((b"caf\xe9", b"<b>tea</b>", b"see cid:1@local.invalid", b"")),
) | st.builds(
    ExternalPart,
    LEAF_DISPOSITIONS,
    st.just(""),
    st.sampled_from(("", "image/png", "video/mp4")),
    st.just("https://example.com/"),
    description=st.sampled_from(("", "A film")),
)
BODIES: st.SearchStrategy[NestedPart] = st.recursive(
    LEAVES | st.builds(NullPart, DISPOSITIONS),
    lambda inner: st.builds(
        MultiPart,
        LEAF_DISPOSITIONS,
        st.just(""),
        st.sampled_from(PartSemantics),
        st.lists(inner, min_size=2, max_size=3).map(tuple),
    ),
    max_leaves=6,
)
"""Arbitrary bodies, of at most four levels."""
REPORTS = st.lists(
    st.builds(
        PerMessageStatus,
        st.sampled_from([*map(named, NAMES[:4]), named("unknown")]),
        st.integers(0, 7).map(Status),
    ),
    max_size=3,
).map(lambda told: MessageStatusReport(tuple(told)))


@st.composite
def parts(draw: st.DrawFn, name: str) -> NestedPart:
    """Draw the body of a message."""
    disposition = draw(DISPOSITIONS)
    texts = text_part(f"{name}, first", disposition), text_part(f"{name}, second", disposition)
    kinds = ("text", "text", "text", "null", "null", "report", "multi", "url", "any")
    match draw(st.sampled_from(kinds)):
        case "null":
            return NullPart(disposition)
        case "report":
            return SinglePart(disposition, "", MEDIA_TYPE, encode_report(draw(REPORTS)))
        case "any":
            return draw(BODIES)
        case "multi":
            return MultiPart(disposition, "", draw(st.sampled_from(PartSemantics)), texts)
        case "url":
            return ExternalPart(
                disposition, "", "image/png", "https://example.com/", description=name
            )
    return texts[0]


@st.composite
def arrivals(draw: st.DrawFn, name: str, others: tuple[str, ...]) -> Arrival:
    """Draw a message of that name, which may refer to itself and to others."""
    references = st.none() | st.sampled_from([*map(named, (*others, name, "unknown"))])
    time = draw(st.integers(0, LATEST))
    return Arrival(
        Message(
            name.encode().ljust(16, b"\1"),
            draw(references),
            draw(st.sampled_from((b"", b"", b"t1", b"t2"))),
            draw(
                st.none()
                | st.builds(Expiration, relative=st.just(value=True), time=st.just(time))
                | st.builds(Expiration, relative=st.just(value=False), time=st.just(START + time))
            ),
            draw(references),
            draw(st.sampled_from(({}, {"mood": "sad"}, {"mood": "glad"}))),
            draw(parts(name)),
        ),
        named(name),
        uri(draw(st.sampled_from(PEOPLE))),
        (START + draw(st.integers(0, LATEST))) * 1000,
    )


READINGS = st.builds(
    Reading,
    st.sampled_from([*map(named, NAMES[:4]), named("unknown")]),
    st.integers(START, START + LATEST),
)


@st.composite
def happenings(draw: st.DrawFn, least: int = 1, most: int = len(NAMES)) -> list[Event]:
    """Draw some messages and readings."""
    count = draw(st.integers(least, most))
    readings = draw(st.lists(READINGS, max_size=min(2, count - 1)))
    names = NAMES[: count - len(readings)]
    return [*readings, *(draw(arrivals(name, names)) for name in names)]
