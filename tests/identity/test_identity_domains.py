"""Domains: one in two forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.identity import LOCAL, Domain, ProviderUri, errors
from mimi.identity.percent import decode, encode, plain


@pytest.mark.parametrize(
    ("text", "ascii_form", "unicode"),
    [
        ("a.example", "a.example", "a.example"),
        ("A.Example", "a.example", "a.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("XN--Bcher-Kva.example", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("stra\u00dfe.example", "xn--strae-oqa.example", "stra\u00dfe.example"),
        ("local.invalid", "local.invalid", "local.invalid"),
        ("3com.example", "3com.example", "3com.example"),
        ("\u05d0\u05d1.\u05d2", "xn--4dbc.xn--6db", "\u05d0\u05d1.\u05d2"),
    ],
)
def test_both_forms_are_the_same_domain(text, ascii_form, unicode):
    domain = Domain(text)
    assert (domain.ascii, domain.unicode, str(domain)) == (ascii_form, unicode, ascii_form)
    assert domain == Domain(ascii_form) == Domain(unicode)
    assert ProviderUri(text) == ProviderUri(domain)


@pytest.mark.parametrize(
    ("text", "error", "at"),
    [
        ("", errors.NoHostError, 0),
        (".", errors.EmptyLabelError, 0),
        ("a..b", errors.EmptyLabelError, 2),
        ("a.example.", errors.EmptyLabelError, 10),
        ("a.b_c", errors.LabelError, 2),
        ("a.-b", errors.LabelError, 2),
        ("a.ab--c", errors.LabelError, 2),
        ("B\u00dcCHER.example", errors.LabelError, 0),
        ("\u212aelvin.example", errors.LabelError, 0),
        ("a\u3002b", errors.LabelError, 0),
        ("xn--BCHER\u00dc.example", errors.LabelError, 0),
        ("a.xn--0", errors.LabelError, 2),
        ("\ud800.example", errors.LabelError, 0),
        ("a.\u0378", errors.LabelError, 2),
        ("192.0.2.1", errors.AddressError, 8),
        ("0x", errors.AddressError, 0),
        ("[::1]", errors.AddressError, 0),
        ("a." + "b" * 64, errors.LabelTooLongError, 2),
        ("\u00fc" * 60, errors.LabelTooLongError, 0),
        (".".join(["a" * 63] * 4), errors.DomainTooLongError, 0),
        (".".join(["\u00fc" * 20] * 11), errors.DomainTooLongError, 0),
        ("1a.\u05d0", errors.BidiDomainError, 0),
        ("a.\u05d0a", errors.BidiDomainError, 2),
        ("\u05d0.1b", errors.BidiDomainError, 2),
    ],
)
def test_what_is_no_domain(text, error, at):
    with pytest.raises(error) as raised:
        Domain(text)
    assert type(raised.value) is error
    assert raised.value.at == at


def test_domains_as_long_as_they_may_be():
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert Domain(longest).ascii == longest
    assert Domain("x" * 63).ascii == "x" * 63


def test_labels_of_what_is_too_long_are_not_looked_at():
    with pytest.raises(errors.DomainTooLongError):
        Domain("a_." * 100 + "b")


def test_what_stands_for_no_domain():
    assert LOCAL.ascii == "local.invalid"


@given(st.text(max_size=10), st.integers(0, 5))
def test_percent_encoding_keeps_texts_and_places(text, at):
    if any("\ud800" <= character <= "\udfff" for character in text):
        with pytest.raises(errors.CharacterError):
            encode(text)
        return
    decoded = decode(encode(text), frozenset(encode(text)) - {"%"}, at)
    assert decoded.text == text
    assert len(decoded.places) == len(text) + 1
    assert decoded.places[0] == at
    assert decoded.places[-1] == at + len(encode(text))
    assert plain(text, at).places == tuple(range(at, at + len(text) + 1))
