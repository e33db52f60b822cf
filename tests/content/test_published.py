"""The examples of the drafts, which are checked where MIMI_PUBLISHED_VECTORS names their folder."""

import re
from pathlib import Path

import attrs
import pytest
from content.edn import read_edn
from content.samples import CONTENT, IS_PUBLISHED, STATUS

from mimi.codec import cbor
from mimi.content.derived import decode_derived, encode_derived
from mimi.content.message import decode, encode, message_id
from mimi.content.model import NestedPart, NullPart, PartSemantics, SinglePart, count
from mimi.content.status import Status, decode_report, encode_report

MESSAGES = [path for path in CONTENT if path.stem != "implied-original"]
IMPLIED = [path for path in CONTENT if path.stem == "implied-original"]
NAMES = {
    *("attachment", "conferencing", "delete", "edit", "expiring", "mention", "mention-html"),
    *("multipart-1", "multipart-2", "multipart-3", "original", "reaction", "reply", "unlike"),
}


def octets_of(path: Path) -> bytes:
    return path.with_suffix(".cbor").read_bytes()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_all_examples_are_there_where_the_environment_says_so() -> None:
    assert {path.stem for path in MESSAGES} == (NAMES if IS_PUBLISHED else set())
    assert len(IMPLIED) == len(STATUS) == (1 if IS_PUBLISHED else 0)


def test_a_message_is_written_as_it_was_read() -> None:
    for path in MESSAGES:
        message = decode(octets_of(path))
        assert encode(message) == encode(attrs.evolve(message)) == octets_of(path)
        assert decode(encode(attrs.evolve(message))) == message


def test_a_message_is_what_its_notation_says() -> None:
    for path in MESSAGES:
        assert cbor.encode(read_edn(text_of(path))) == octets_of(path)


def test_a_message_has_the_id_of_its_comment() -> None:
    for path in MESSAGES:
        comment = re.search(r"message ID = h'([0-9a-f]{32})\n#\s+([0-9a-f]{32})'", text_of(path))
        assert comment is not None
        message = decode(octets_of(path))
        sender, room = message.extensions.sender_uri, message.extensions.room_uri
        assert sender is not None
        assert room is not None
        expected = comment[1] + comment[2]
        assert message_id(message, sender, room).hex() == expected
        assert message_id(octets_of(path), sender, room).hex() == expected


def test_ends_of_a_message_are_where_they_are() -> None:
    for path in MESSAGES:
        octets = octets_of(path)
        for end in [
            *(octets[:end] for end in range(len(octets))),
            octets + b"\0",
            octets + b"\xff",
        ]:
            with pytest.raises(cbor.NotWellFormedError):
                decode(end)


def parts_of(part: NestedPart) -> list[NestedPart]:
    return [part, *(inner for each in getattr(part, "parts", ()) for inner in parts_of(each))]


def test_messages_hold_what_the_draft_describes() -> None:
    messages = {path.stem: decode(octets_of(path)) for path in MESSAGES}
    if not IS_PUBLISHED:
        assert messages == {}
        return
    assert messages["original"].nested_part.content.startswith(b"Hi everyone, we just shipped")
    assert messages["reaction"].nested_part.content.decode() == "\u2764"
    assert isinstance(messages["delete"].nested_part, NullPart)
    assert isinstance(messages["unlike"].nested_part, NullPart)
    assert messages["edit"].replaces == messages["delete"].replaces
    assert messages["expiring"].expires.time == 1644390004
    assert not messages["expiring"].expires.relative
    assert messages["conferencing"].topic_id == b"Foo 118"
    assert messages["attachment"].nested_part.filename == "bigfile.mp4"
    assert messages["attachment"].nested_part.size == 708234961
    nested = messages["multipart-3"].nested_part
    assert nested.part_semantics is PartSemantics.CHOOSE_ONE
    assert count(nested) == len(parts_of(nested)) == 11
    single = [part for part in parts_of(nested) if isinstance(part, SinglePart)]
    assert [part.language for part in single] == ["en", "fr", "", "en", "fr", ""]


def test_derived_values_but_for_an_older_message_id_are_those_of_the_notation() -> None:
    for path in IMPLIED:
        octets = octets_of(path)
        derived = decode_derived(octets)
        assert encode_derived(derived) == octets
        notation = read_edn(text_of(path))
        original = next(each for each in MESSAGES if each.stem == "original")
        assert notation[0].hex() in re.sub(r"[\s#']", "", text_of(original))
        assert notation[1:] == list(attrs.astuple(derived))[1:]
        assert derived.message_id != notation[0]
        assert encode_derived(attrs.evolve(derived, message_id=notation[0])) == cbor.encode(
            notation
        )
        assert derived.accepted == 1644387225019
        assert derived.sender_leaf_index == 4


def test_the_status_report_is_what_its_notation_says() -> None:
    for path in STATUS:
        octets = octets_of(path)
        report = decode_report(octets)
        assert encode_report(report) == octets == cbor.encode(read_edn(text_of(path)))
        assert [entry.status for entry in report.statuses] == [
            Status.READ,
            Status.READ,
            Status.UNREAD,
            Status.EXPIRED,
        ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("h'00 ff\n  a0'", b"\0\xff\xa0"),
        ("h'00 # a comment\n ff'", b"\0\xff"),
        (r"'y\'all \\ \n' + ' \"' + h'00'", b"y'all \\ \n \"\0"),
        (r'"a\"b" + "c"', 'a"bc'),
        ("[1, -2, true, false, null,] # end", [1, -2, True, False, None]),
        ("/ a / [ / b / 1 /c/ 2 ]", [1, 2]),
        ('{1: "a", "b": {}}', {1: "a", "b": {}}),
    ],
)
def test_diagnostic_notation_is_read(text: str, value: object) -> None:
    assert read_edn(text) == value


@pytest.mark.parametrize("text", ["", "[1", "1 2", "{1 2}", "]", "'a", "nil", "'a' + 1"])
def test_what_is_no_notation_is_not_read(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        read_edn(text)
