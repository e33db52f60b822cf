"""The library and the naive reading agree about whatever is put together from tricky pieces."""

from hypothesis import given, settings
from hypothesis import strategies as st
from naive.naive_foreign import READERS, to_mimi
from naive.naive_identity import fields_of_uri

from mimi.vectors.checks.identity import form_of_foreign, form_of_uri

PIECES = [
    *("mimi://", "MIMI:", "//", "/", "a.example", "b", "u", "d", "r", ".", "..", "%", "%41", "%2f"),
    *("%C3%A9", "%ff", "@", ":", "?", "#", "[", "xn--bcher-kva", "xn--", "-", "_", "~", "é", " "),
    *("%C3%BC", "1", "0x1", "%D7%90", "%2E", "%E2%80%8D", "%CC%81", "A", "!", "x" * 64),
]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.booleans())
def test_both_implementations_agree_about_any_uri(text: str, is_begun: bool) -> None:
    uri = f"mimi://a.example/{text}" if is_begun else text
    naive = fields_of_uri(uri)
    ours = form_of_uri(uri)
    assert (naive["rule"] is None) == (ours["rule"] is None)
    if naive["rule"] is None:
        assert naive == ours


PARTS = [
    "juliet",
    "J",
    "@",
    ":",
    "/",
    ".",
    "a.example",
    "b",
    "%40",
    "%20",
    '"',
    " ",
    "#",
    "!",
    "+1",
]


@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from(sorted(READERS)),
    st.lists(st.sampled_from(PARTS), max_size=6).map("".join),
    st.booleans(),
)
def test_both_implementations_agree_about_any_identifier(
    form: str, text: str, is_begun: bool
) -> None:
    start = {"unscoped-handle": "@", "scoped-handle": "@", "matrix-user": "@", "matrix-room": "!"}
    start |= {"matrix-alias": "#", "e164": "+", "email": "", "jid": ""}
    whole = f"{start.get(form, f'{form}:')}{text}" if is_begun else text
    naive, ours = to_mimi(form, whole, None), form_of_foreign(form, whole, None)
    assert (naive["rule"] is None) == (ours["rule"] is None)
    if naive["rule"] is None:
        assert naive == ours
