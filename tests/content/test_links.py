import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.gfm_errors import NEEDED
from mimi.content.links import (
    Doubtful,
    Members,
    Mention,
    Reason,
    SameLink,
    display,
    judge,
    normal_form,
)

ALICE = "mimi://example.com/u/alice-smith"
FOOBAR = "https://example.com/foobar"
MEMBERS = Members.of([ALICE, "im:bob@b.example"])


# The examples of section 9.6


@pytest.mark.parametrize("text", ["example.com/foobar", FOOBAR, "https://example.com:443/foobar"])
def test_a_text_that_matches_needs_no_confirmation(text):
    assert judge(text, FOOBAR) == SameLink(FOOBAR)


@pytest.mark.parametrize(
    ("target", "host", "reason"),
    [
        ("https://spearphishers.example/foobar", "spearphishers.example", Reason.OTHER_HOST),
        ("http://example.com/foobar", "example.com", Reason.DOWNGRADED),
    ],
)
def test_another_or_a_downgraded_target_needs_a_warning(target, host, reason):
    assert judge(FOOBAR, target) == Doubtful(target, host, (reason,))


@pytest.mark.parametrize("text", [ALICE, "@AliceSmith", "Alice", ""])
def test_a_link_to_a_member_is_a_mention(text):
    assert judge(text, ALICE, MEMBERS) == Mention(ALICE)


def test_a_link_to_another_user_is_a_link():
    carol = "mimi://example.com/u/carol"
    assert judge(carol, carol, MEMBERS) == SameLink(carol)
    assert judge("Carol", carol, MEMBERS) == Doubtful(carol, "example.com", (Reason.OTHER_TEXT,))
    assert judge("Alice", ALICE) == Doubtful(ALICE, "example.com", (Reason.OTHER_TEXT,))


# Equality


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        # syntax-based normalisation, RFC 3986 section 6.2.2
        ("MIMI://EXAMPLE.com/u/%61lice%2Dsmith", ALICE),
        ("mimi://example.com/./u/x/../alice-smith", ALICE),
        ("mimi://a.example/%c3%bc%2f", "mimi://a.example/%C3%BC%2F"),
        ("mimi://a.example/\xfc", "mimi://a.example/%C3%BC"),
        ("mimi://B\xdcCHER.example/u", "mimi://xn--bcher-kva.example/u"),
        ("mimi://b%C3%BCcher.example/u", "mimi://xn--bcher-kva.example/u"),
        ("mimi://a.example", "mimi://a.example/"),
        ("mimi://U:p@A.example:99?q#f", "mimi://U:p@a.example:99/?q#f"),
        ("IM:Bob@B.Example", "im:Bob@b.example"),
        ("im:bob@b%C3%BCcher.example", "im:bob@xn--bcher-kva.example"),
        ("https://A.example:443", "https://a.example/"),
        ("http://a.example:080/%7e%2f", "http://a.example/~%2F"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("https://[::0001]/", "https://[::1]/"),
        # what is distinct stays so
        ("mimi://a.example:443/u", "mimi://a.example:443/u"),
        ("mimi://a.example/U", "mimi://a.example/U"),
        ("mimi:///u/a", "mimi:///u/a"),
        ("im:bob@b.example/x", "im:bob@b.example/x"),
        ("sip:bob@b.example:5060", "sip:bob@b.example:5060"),
        ("im:bob@b|.example", "im:bob@b|.example"),
        ("cid:A@B", "cid:A@B"),
        # what is no absolute URI is left alone
        ("a b", "a b"),
        ("/u/alice", "/u/alice"),
        ("https://", "https://"),
        ("\ud800", "\ud800"),
    ],
)
def test_the_normal_form(uri, normal):
    assert normal_form(uri) == normal
    assert normal_form(normal) == normal


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *["https:", "http:", "mimi:", "im:", "mailto:", "//", "/", "\\", "@", ":", "?", "#"],
            *[
                "a",
                "A.example",
                "b.example",
                "xn--",
                "%",
                "%41",
                "%2f",
                "%2e",
                "%C3",
                ".",
                "..",
                ";",
            ],
            *["\xfc", "\u0430", "\u200b", " ", "\t", "\0", "443", "[::1]", "0x7f.1", "\U0001f600"],
        ]
    ),
    max_size=9,
).map("".join)
URIS = st.one_of(st.text(), FRAGMENTS)


@given(URIS)
def test_a_normal_form_is_its_own(uri):
    assert normal_form(normal_form(uri)) == normal_form(uri)


@given(URIS, URIS)
def test_every_link_is_judged(text, target):
    verdict = judge(text, target)
    match verdict:
        case SameLink(target=place):
            assert place == normal_form(target)
        case Doubtful(reasons=reasons):
            assert len(set(reasons)) == len(reasons) >= 1
    assert judge(text, target, Members.of([target])) in {
        Mention(normal_form(target)),
        Doubtful(target, "", (Reason.NOT_ABSOLUTE,)),
    }


@given(URIS, URIS)
def test_a_link_is_the_same_only_if_its_text_leads_there(text, target):
    if isinstance(judge(text, target), SameLink):
        forms = {normal_form(scheme + text.strip()) for scheme in ("", "https://", "mailto:")}
        assert normal_form(target) in forms


@pytest.mark.parametrize(
    "uri",
    [
        *["mimi://example.com/u/alice", "mimi://example.com/u/Alice-Smith", "u/alice-smith"],
        *[f"{ALICE}/", f"{ALICE}?", f"{ALICE}#", f"{ALICE}?a", "https://example.com/u/alice-smith"],
        *["mimi://example.com:1/u/alice-smith", "mimi://a@example.com/u/alice-smith"],
        *["mimi:///u/alice-smith", "mimi://example.com//u/alice-smith", "mimi:u/alice-smith"],
        *["im:Bob@b.example", "im:bob@b.example@c.example", "im:bob%40b.example"],
        *["im:bob@b.example/x", "im:alice-smith@example.com"],
    ],
)
def test_what_is_no_member(uri):
    assert not isinstance(judge("Alice", uri, MEMBERS), Mention)


def test_members_are_whoever_the_caller_says():
    assert judge("a", "xmpp:A@B.example", Members.of(["xmpp:A@b.example"])) == Mention(
        "xmpp:A@b.example"
    )
    assert judge("a", "A@b.example", Members.of(["A@b.example"])) == Doubtful(
        "A@b.example", "", (Reason.NOT_ABSOLUTE,)
    )


# Texts


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        (" example.com\n", "https://example.com"),
        ("example.com:443/a", "https://example.com/a"),
        ("example.com:8443/a", "https://example.com:8443/a"),
        ("localhost", "https://localhost/"),
        ("[::1]:99/a", "https://[::1]:99/a"),
        ("https://example.com/%7ea?b=%2f#c", "https://example.com/~a?b=%2F#c"),
        ("b\xfccher.example/\xfc", "https://xn--bcher-kva.example/%C3%BC"),
        ("xn--bcher-kva.example", "https://B\xdcCHER.example"),
        ("http://1.2.3.4", "http://1.2.3.4:80/"),
        ("a@b.example", "mailto:a@B.example"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("tel:+1-2", "tel:+1-2"),
        ("cid:1@local.invalid", "cid:1@local.invalid"),
        ("\u65e5\u672c\u30e9\u30c6x.example", "https://\u65e5\u672c\u30e9\u30c6x.example"),
    ],
)
def test_canonically_equivalent_texts(text, target):
    assert judge(text, target) == SameLink(normal_form(target))


EVIL = "https://evil.example/"


@pytest.mark.parametrize(
    ("text", "target", "reasons"),
    [
        # another text
        ("Click here", EVIL, [Reason.OTHER_TEXT]),
        ("Click", EVIL, [Reason.OTHER_TEXT]),
        ("", EVIL, [Reason.OTHER_TEXT]),
        ("@example.com", "https://example.com/", [Reason.OTHER_TEXT]),
        ("see evil.example", EVIL, [Reason.OTHER_TEXT]),
        ("https://evil. example", EVIL, [Reason.OTHER_TEXT]),
        # another URL
        ("example.com", EVIL, [Reason.OTHER_HOST]),
        ("1.2.3.4", EVIL, [Reason.OTHER_HOST]),
        ("https://localhost", EVIL, [Reason.OTHER_HOST]),
        ("see https://example.com, now", EVIL, [Reason.OTHER_HOST]),
        ("your bank (bank.example)", EVIL, [Reason.OTHER_HOST]),
        ("https://evil.example/a", EVIL, [Reason.OTHER_PLACE]),
        ("evil.example:99", EVIL, [Reason.OTHER_PLACE]),
        ("https://evil.example./", EVIL, [Reason.OTHER_HOST]),
        ("mimi://evil.example/", EVIL, [Reason.OTHER_SCHEME]),
        ("http://evil.example", EVIL, [Reason.OTHER_SCHEME]),
        ("mimi://a.example/", EVIL, [Reason.OTHER_SCHEME, Reason.OTHER_HOST]),
        # a downgrade, also of what a browser would complete with https
        ("https://a.example", "http://a.example", [Reason.DOWNGRADED]),
        ("a.example", "http://a.example", [Reason.DOWNGRADED]),
        ("wss://a.example", "ws://a.example", [Reason.DOWNGRADED]),
        ("https://a.example", "http://b.example", [Reason.DOWNGRADED, Reason.OTHER_HOST]),
        # a name that passes for a host
        ("https://example.com", "https://example.com@evil.example", None),
        ("https://example.com", "https://example.com:a@evil.example", None),
        ("https://example.com", "https:\\\\example.com@evil.example", None),
        ("https://a@b.example", "https://a@b.example", [Reason.CREDENTIALS]),
        ("mimi://a@b.example/", "mimi://a@b.example/", [Reason.CREDENTIALS]),
        # letters that look like others
        ("g\u043e\u043egle.com", "https://g\u043e\u043egle.com", [Reason.LOOKALIKE]),
        ("\u0430\u0440\u0440\u04cf\u0435.com", "https://xn--80ak6aa92e.com/", [Reason.LOOKALIKE]),
        ("mimi://\u0430bc.example/", "mimi://\u0430bc.example/", [Reason.LOOKALIKE]),
        ("apple.com", "https://xn--80ak6aa92e.com/", [Reason.LOOKALIKE, Reason.OTHER_HOST]),
        # characters that are not seen
        ("https://exam\u200bple.com", "https://example.com", [Reason.HIDDEN]),
        ("https://example.com/\u202e", "https://example.com/%E2%80%AE", [Reason.HIDDEN]),
        # what is run instead of visited
        ("javascript:a", "javascript:a", [Reason.SCRIPTED]),
        (" Click", "\x01JavaScript:a", [Reason.SCRIPTED, Reason.OTHER_TEXT]),
        ("java", "java\nscript:a", [Reason.SCRIPTED, Reason.OTHER_TEXT]),
        ("data:,a", "data:,a", [Reason.SCRIPTED]),
        ("file:///a", "file:///a", [Reason.SCRIPTED]),
        # what leads nowhere
        ("a", "a", [Reason.NOT_ABSOLUTE]),
        ("example.com", "example.com", [Reason.NOT_ABSOLUTE]),
        ("//a.example", "//a.example", [Reason.NOT_ABSOLUTE]),
        ("https://a b/", "https://a b/", [Reason.NOT_ABSOLUTE]),
        ("", "", [Reason.NOT_ABSOLUTE]),
    ],
)
def test_doubtful_links(text, target, reasons):
    verdict = judge(text, target)
    assert isinstance(verdict, Doubtful)
    if reasons is None:
        assert verdict.host == "evil.example"
        reasons = [Reason.CREDENTIALS, Reason.OTHER_HOST]
    assert list(verdict.reasons) == reasons
    assert verdict.target == normal_form(target)


def test_a_mention_of_a_lookalike_is_none():
    assert judge("Alice", "mimi://ex\u0430mple.com/u/alice-smith", MEMBERS) == Doubtful(
        "mimi://xn--exmple-4nf.com/u/alice-smith",
        "xn--exmple-4nf.com",
        (Reason.LOOKALIKE, Reason.OTHER_TEXT),
    )


# What to show for a mention


def test_an_acceptable_hint_is_shown():
    policy = {"Alice", "@AliceSmith"}.__contains__
    assert display("Alice", "Alice Smith", policy) == "Alice"
    assert display(" @AliceSmith\n", "Alice Smith", policy) == "@AliceSmith"


@pytest.mark.parametrize("hint", ["Bob", ALICE, "alice"])
def test_otherwise_the_canonical_form_is_shown(hint):
    assert display(hint, "Alice Smith", {"Alice"}.__contains__) == "Alice Smith"


def test_an_empty_hint_is_never_acceptable():
    assert display(" ", "Alice Smith", {"", " "}.__contains__) == "Alice Smith"


# The extra


def test_without_the_packages_of_the_extra():
    assert "ada_url" in NEEDED
    code = "import sys; sys.modules['ada_url'] = None; import mimi.content.links"
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.stderr.endswith(
        "MissingExtraError: mimi.content.links needs more packages: pip install 'mimi[markdown]'\n"
    )
