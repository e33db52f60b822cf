"""Messages, reports and derived values against CDDL: that of the declarations, and the drafts'."""

from typing import Any

import pytest
from cddl_verifier import Validator, schema_diagnostics
from content.broken import DERIVED, MESSAGES, REPORTS, Row
from content.samples import CONTENT, FORMATS, IS_PUBLISHED, STATUS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimi.codec.cddl import OutOfRangeError, WrongTypeError
from mimi.codec.cddl_text import cddl
from mimi.content.errors import (
    MessageIdSizeError,
    SaltSizeError,
    TooFewPartsError,
    TopicTooLongError,
    UnknownCardinalityError,
    UnknownSemanticsError,
)

TEXTS = {name: cddl(declared) for name, (declared, *_) in FORMATS.items()}
OURS = {name: Validator(text) for name, text in TEXTS.items()}
ROOTS = {name: declared.__name__ for name, (declared, *_) in FORMATS.items()}
DRAFT_ROOTS = ROOTS | {"message": "mimiContent"}


def draft_texts() -> dict[str, str]:
    """Return the CDDL of the drafts, where MIMI_PUBLISHED_VECTORS names their folder."""
    if not IS_PUBLISHED:
        return {}
    folder, status = CONTENT[0].parent, STATUS[0].parent
    content = [folder / "mimi-content.cddl", folder / "more-extensions.cddl"]
    paths = {"message": content, "derived": [folder / "implied.cddl"]}
    paths["status"] = [status / "status.cddl"]
    return {
        name: "\n".join(path.read_text(encoding="utf-8") for path in files)
        for name, files in paths.items()
    }


DRAFTS = {name: Validator(text) for name, text in draft_texts().items()}

SHAPES = {
    *(WrongTypeError, OutOfRangeError, SaltSizeError, MessageIdSizeError, TopicTooLongError),
    *(UnknownCardinalityError, UnknownSemanticsError, TooFewPartsError),
}
"""The rules that CDDL can say."""
OPEN = ("Message.extensions", "MessageDerivedValues.hub_accepted_timestamp")
"""The fields of classes that read and write themselves: of these CDDL need not say everything."""


def test_there_is_cddl_of_the_drafts_where_the_environment_says_so() -> None:
    assert set(DRAFTS) == (set(FORMATS) if IS_PUBLISHED else set())


@pytest.mark.parametrize("name", FORMATS)
def test_declarations_are_cddl(name: str) -> None:
    assert list(schema_diagnostics(TEXTS[name])) == []
    assert TEXTS[name].startswith(f"{ROOTS[name]} = [")


def test_the_names_are_those_of_the_draft() -> None:
    text = TEXTS["message"]
    for line in (
        "salt: bstr .size 16,",
        "topicId: bstr .size (0..4096),",
        "inReplyTo: null / bstr .size 32,",
        "nestedPart: NullPart / SinglePart / ExternalPart / MultiPart,",
        "cardinality: 3,",
        "encAlg: AEADAlgorithm,",
        "chooseOne: 0,",
        "sha256_128: 2,",
    ):
        assert f"  {line}" in text
    assert "[* PerMessageStatus]" in TEXTS["status"]
    assert "  hubAcceptedTimestamp: uint / " in TEXTS["derived"]


def test_published_examples_are_as_both_say() -> None:
    for path in [*CONTENT, *STATUS]:
        name = "derived" if path.stem.startswith("implied") else "message"
        name = "status" if path in STATUS else name
        octets = path.with_suffix(".cbor").read_bytes()
        assert OURS[name].validate(octets, root_type=ROOTS[name]).valid, path.stem
        assert DRAFTS[name].validate(octets, root_type=DRAFT_ROOTS[name]).valid, path.stem


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
@given(st.data(), st.sampled_from(list(FORMATS)))
def test_what_is_encoded_is_as_both_say(data: Any, name: str) -> None:
    _, strategy, encode, _ = FORMATS[name]
    octets = encode(data.draw(strategy))
    assert OURS[name].validate(octets, root_type=ROOTS[name]).valid
    if name in DRAFTS:
        found = DRAFTS[name].validate(octets, root_type=DRAFT_ROOTS[name])
        assert found.valid, found.diagnostics


@pytest.mark.parametrize(
    ("name", "rows"),
    [("message", MESSAGES), ("status", REPORTS), ("derived", DERIVED)],
    ids=["message", "status", "derived"],
)
def test_what_has_another_shape_is_not_as_the_declaration_says(name: str, rows: list[Row]) -> None:
    others = [row for row in rows if row[1] in SHAPES and not row[2].startswith(OPEN)]
    assert len(others) > 10
    for octets, _, path, _ in others:
        assert not OURS[name].validate(octets, root_type=ROOTS[name]).valid, path
        if name in DRAFTS and path != "Message.topic_id":  # its length is a rule of the text
            assert not DRAFTS[name].validate(octets, root_type=DRAFT_ROOTS[name]).valid, path
