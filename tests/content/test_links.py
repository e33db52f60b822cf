import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.content.gfm_errors import NEEDED
from mimi.content.links import (
    ORDINARY,
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
        ("mimi://a.example", "mimi://a.example"),
        ("mimi://A.example/", "mimi://a.example"),
        ("mimi://a.example:/", "mimi://a.example"),
        ("mimi://a.example/./u/./%62", "mimi://a.example/u/b"),
        ("mimi://a.example/u/%40%2f", "mimi://a.example/u/%40%2F"),
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
        ("mimi://a.example", "mimi://A.example/"),
        ("matrix:u/a:a.example", "matrix:u/a:a.example"),
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
        ("wss://a.example", "ws://a.example", [Reason.UNUSUAL_SCHEME, Reason.DOWNGRADED]),
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
        # what other programs do
        ("wss://a.example/", "wss://a.example/", [Reason.UNUSUAL_SCHEME]),
        ("cid:1@local.invalid", "cid:1@local.invalid", [Reason.UNUSUAL_SCHEME]),
        ("Click", "MS-MSDT:/id", [Reason.UNUSUAL_SCHEME, Reason.OTHER_TEXT]),
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


# Lookalikes


def hosts_judged(host):
    """Give the verdicts on a link that says where it leads, in both forms of the host."""
    target = f"https://{host}/"
    return judge(target, target), judge(target, normal_form(target))


@pytest.mark.parametrize(
    "host",
    [
        # what looks like the end of the host
        "example.com\u29f8login.evil.example",
        "example.com\u2215login.evil.example",
        "example.com\u2571login.evil.example",
        "example.com\ua4fflogin.evil.example",
        "example.com\u30fclogin.evil.example",
        "example.com\u30ce.evil.example",
        "example.com\u3033login.evil.example",
        "example.com\u4e3flogin.evil.example",
        "example.com\u30fc\u30fclogin.evil.example",
        "a\u4e00b.example",
        "\u30fbb\u30ab.example",
        # what looks like Latin
        "g\u0131thub.com",
        "\u0262ithub.com",
        "githu\u0299.com",
        "\u0251pple.com",
        "\u03bf\u03bf.example",
        "\u0455\u0441\u043e\u0440\u0435.example",
        "p\u03b1ypal.example",
        # what is no letter, mark or digit, or only to browsers
        "i\u2764.example",
        "\u06f1a.example",
        # longer than any label
        "\u00fc" * 64 + ".example",
    ],
)
def test_hosts_that_may_pass_for_others(host):
    for verdict in hosts_judged(host):
        assert verdict == Doubtful(
            normal_form(f"https://{host}/"), verdict.host, (Reason.LOOKALIKE,)
        )


@pytest.mark.parametrize(
    "host",
    [
        *["b\u00fccher.example", "stra\u00dfe.example", "caf\u00e9.example", "a_b.example"],
        *["\u043f\u0440\u0438\u043c\u0435\u0440.example", "l\u00b7l.example"],
        *["\u03b5\u03bb\u03bb\u03ac\u03b4\u03b1.example", "\u4f8b\u3048.jp"],
        *["\u30e9\u30fc\u30e1\u30f3.example", "\u30ab\u30fc\u30fbx\u30bb.example"],
        *["x\u30ab\u30fcx.example", "\u4e00\u756a.example", "\u756a\u4e00x.example"],
        *["\u0643\u062a\u0627\u0628.example", "\u05db\u05dc.example", "[::1]", "1.2.3.4"],
        *["\ud55c\uad6d.example", "\u0e44\u0e17\u0e22.example"],
        *["\u0939\u093f\u0928\u094d\u0926\u0940.example", "\u00fc" * 40 + ".example"],
    ],
)
def test_hosts_that_are_what_they_are(host):
    for verdict in hosts_judged(host):
        assert verdict == SameLink(normal_form(f"https://{host}/"))


@pytest.mark.parametrize(
    "target",
    [
        *["mailto:a@ex\u0430mple.com", "im:a@g\u0131thub.com", "sip:a@\u0262ithub.com:5060"],
        *["mailto:a@ex\u0430mple.com,b@c.example", "xmpp:a@ex\u0430mple.com/b"],
        *["mimi://bank.example\u29f8.xn--a.example/", "mimi://\u0430.xn--a/u/b"],
    ],
)
def test_hosts_of_other_schemes_that_may_pass_for_others(target):
    verdict = judge(target, target)
    assert isinstance(verdict, Doubtful)
    assert verdict.reasons == (Reason.LOOKALIKE,)


def test_addresses_are_what_they_are():
    for target in ("mailto:a%20b@b\u00fccher.example", "im:a@b.example/%20", "sip:a@b.example:1"):
        assert judge(target, target) == SameLink(normal_form(target))


def test_a_mention_of_a_lookalike_is_none():
    assert judge("Alice", "mimi://ex\u0430mple.com/u/alice-smith", MEMBERS) == Doubtful(
        "mimi://xn--exmple-4nf.com/u/alice-smith",
        "xn--exmple-4nf.com",
        (Reason.LOOKALIKE, Reason.OTHER_TEXT),
    )


# Pictures

PICTURE = "\N{OBJECT REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (PICTURE, [Reason.PICTURE]),
        (f" {PICTURE}{PICTURE} ", [Reason.PICTURE]),
        (f"{PICTURE} {EVIL}", [Reason.PICTURE]),
        (f"{PICTURE}bank.example", [Reason.PICTURE, Reason.OTHER_HOST]),
        (f"Click {PICTURE}", [Reason.PICTURE, Reason.OTHER_TEXT]),
    ],
)
def test_a_picture_may_show_anything(text, reasons):
    assert judge(text, EVIL) == Doubtful(EVIL, "evil.example", tuple(reasons))


def test_a_picture_of_a_member_is_a_mention():
    assert judge(PICTURE, ALICE, MEMBERS) == Mention(ALICE)


# Schemes


@pytest.mark.parametrize(
    "target",
    [
        *["feed:https://a.example/", "view-source:https://a.example/", "ms-msdt:/id", "shell:a"],
        *["ms-word:ofe|u|https://a.example/b", "search-ms:query=a", "intent:a#Intent;end"],
        *[
            "jar:https://a.example!/b",
            "filesystem:https://a.example/b",
            "ftp://a.example/",
            "x-y:z",
        ],
    ],
)
def test_a_scheme_that_is_not_known_may_do_anything(target):
    verdict = judge(target, target)
    assert isinstance(verdict, Doubtful)
    assert verdict.reasons == (Reason.UNUSUAL_SCHEME,)
    scheme = target.partition(":")[0]
    assert judge(target, target, schemes=ORDINARY | {scheme}) == SameLink(normal_form(target))


@pytest.mark.parametrize("target", ["javascript:a", "data:,a", "file:///a", "blob:a"])
def test_no_caller_makes_a_script_ordinary(target):
    schemes = {target.partition(":")[0]}
    verdict = judge(target, target, schemes=schemes)
    assert verdict == Doubtful(normal_form(target), "", (Reason.SCRIPTED,))


def test_a_caller_may_follow_less():
    assert judge("tel:1", "tel:1") == SameLink("tel:1")
    assert judge("tel:1", "tel:1", schemes={"https"}) == Doubtful(
        "tel:1", "", (Reason.UNUSUAL_SCHEME,)
    )


# What is not seen


@pytest.mark.parametrize(
    "hidden", [*"\u034f\u3164\u2800\ufe0f\u200b\u202e\xad\u115f\U000e0041\U000e0100\x7f"]
)
def test_what_is_not_seen_is_found(hidden):
    text = f"https://a.example/{hidden}a"
    assert judge(text, text) == Doubtful(normal_form(text), "a.example", (Reason.HIDDEN,))


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


@pytest.mark.parametrize("missing", ["confusable_homoglyphs", "fontTools"])
def test_without_the_packages_of_the_other_extra(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; import mimi.content.links"
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.stderr.endswith("needs more packages: pip install 'mimi[identity]'\n")
