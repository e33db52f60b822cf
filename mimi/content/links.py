"""Links and mentions: which to follow, which to doubt (sections 5.4 and 9.6).

::

    judge(text, target, members)
      |-- Mention    the target is the IM URI of a user who has a client in the group
      |-- SameLink   the text says where the link leads: follow it when it is selected
      '-- Doubtful   show where it leads, and ask

Texts and targets come from wherever links do: `mimi.content.gfm_mimi.links` finds those of
Markdown. HTML is not parsed by this library; those who parse it ask here about its links.

URLs are parsed as browsers do (https://url.spec.whatwg.org), for what counts is where a browser
would go. They are equal if their normal forms are: scheme and host in lower case, hosts in their
ASCII form, no default port, no dot segments, "/" for an empty path, percent-encoding in capitals
and only where it is needed. Sections are those of draft-ietf-mimi-content-08.

It needs the extra ``markdown``.
"""

import enum
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from attrs import frozen

from mimi.content.gfm_errors import extra_for

with extra_for(__name__):
    import ada_url

SCRIPTED = frozenset({"javascript", "vbscript", "data", "file", "blob"})
"""Schemes whose targets run in the page, or read from the reader's own disk."""

SECURED = {"https": "http", "wss": "ws"}
"""Schemes, and what remains of each when it is downgraded."""

SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp", "file"})
"""Schemes that browsers recognise without slashes after the colon."""

ADDRESSED = frozenset({"im", "pres", "xmpp", "sip", "sips", "mailto"})
"""Schemes of the form ``scheme:user@host``."""

EAST_ASIAN = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that words of one language mix."""

CYRILLIC_LIKE_LATIN = frozenset("асԁеһіјӏорԛѕԝхуъЬҽпгѵѡ")
"""Letters of which browsers show no host that consists of them alone."""


class Reason(enum.Enum):
    """Why a link is doubtful."""

    NOT_ABSOLUTE = "the target is no absolute URL"
    SCRIPTED = "the target has a scheme whose targets are run or read, not visited"
    CREDENTIALS = "the target has a user name before its host, which may pass for the host"
    LOOKALIKE = "the host mixes scripts, or consists of letters that look like others"
    HIDDEN = "the text has characters that are not visible"
    DOWNGRADED = "the text is of a secure scheme, the target is not"
    OTHER_SCHEME = "the text is a URL of another scheme"
    OTHER_HOST = "the text is a URL of another host, or contains one"
    OTHER_PLACE = "the text is a URL of another place on the same host"
    OTHER_TEXT = "the text is no URL"


@frozen
class Mention:
    """A link to a user who has a client in the group; `display` says what to show for it."""

    uri: str
    """The normal form of the user's IM URI."""


@frozen
class SameLink:
    """A link whose text matches its target: no confirmation is needed."""

    target: str


@frozen
class Doubtful:
    """A link about which the user should be warned before it is followed.

    Attributes:
        target: Where it leads, in its normal form if it is a URL.
        host: Where it leads, in ASCII; empty if the target names no host.
        reasons: What speaks against it, at least one.
    """

    target: str
    host: str
    reasons: tuple[Reason, ...]


Verdict: TypeAlias = Mention | SameLink | Doubtful


@frozen
class Members:
    """The users who have a client in the group, by the normal forms of their IM URIs.

    The URIs may have whatever scheme the application takes for instant messaging.
    """

    uris: frozenset[str] = frozenset()

    @classmethod
    def of(cls, uris: Iterable[str]) -> "Members":
        """Return the members with these *uris*, given in whatever form."""
        return cls(frozenset(map(normal_form, uris)))


NOBODY = Members()


@frozen
class _Url:
    """A URL as a browser understands it, in its normal form."""

    scheme: str
    host: str
    href: str
    has_credentials: bool


def judge(text: str, target: str, members: Members = NOBODY) -> Verdict:
    """Tell what a link with this *text* to this *target* is (section 9.6).

    A text without a scheme is taken for a URL of the scheme https, as browsers do; or for an
    address, if the target is one of mailto. A text that says http where the target says https is
    another text all the same.
    """
    url = _parsed(target)
    if url is None:
        return Doubtful(target, "", (Reason.NOT_ABSOLUTE,))
    if url.href in members.uris:
        return Mention(url.href)
    reasons = (*_against_target(url), *_against_text(text, target, url))
    return Doubtful(url.href, url.host, reasons) if reasons else SameLink(url.href)


def display(text: str, canonical: str, acceptable: Callable[[str], bool]) -> str:
    """Return what to show for a mention: its *text*, or the *canonical* form of the user.

    The text is a hint by the sender. Whether it is an acceptable representation of the user is a
    matter of local policy: *acceptable* is asked, but not about an empty hint.
    """
    hint = text.strip()
    return hint if hint and acceptable(hint) else canonical


def normal_form(uri: str) -> str:
    """Return the form of *uri* that all its equivalents share; itself if it is no absolute URI."""
    url = _parsed(uri)
    return uri if url is None else url.href


def _parsed(text: str) -> _Url | None:
    try:
        url = ada_url.URL(text)
    except ValueError:
        return None
    scheme = url.protocol.removesuffix(":")
    user = url.username or url.password
    if scheme in SPECIAL:
        return _Url(scheme, url.hostname, _decoded(url.href), bool(user))
    path = _decoded(url.pathname)
    rest = _decoded(url.href[len(re.split("[?#]", url.href, maxsplit=1)[0]) :])
    if not url.hostname:
        if scheme in ADDRESSED:
            name, at, domain = path.rpartition("@")
            path = f"{name}{at}{_host(domain)}"
        slashes = "//" if url.href.startswith(f"{scheme}://") else ""
        return _Url(scheme, "", f"{scheme}:{slashes}{path}{rest}", has_credentials=False)
    host = _host(url.hostname)
    port = f":{url.port}" if url.port else ""
    userinfo = f"{_decoded(url.username)}:{_decoded(url.password)}@" if user else ""
    return _Url(scheme, host, f"{scheme}://{userinfo}{host}{port}{path or '/'}{rest}", bool(user))


def _host(host: str) -> str:
    """Return the ASCII form of a host of a scheme whose hosts browsers leave as they are."""
    if re.search(r"[/\\?#@:]", host):
        return host  # more than a host, of which the rest would be lost
    try:
        return ada_url.URL(f"https://{host}").hostname
    except ValueError:
        return host


def _decoded(text: str) -> str:
    """Return *text* with nothing percent-encoded that need not be, the rest in capitals."""
    return re.sub("%([0-9A-Fa-f]{2})", _octet, text)


def _octet(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    unreserved = character.isascii() and (character.isalnum() or character in "-._~")
    return character if unreserved else match[0].upper()


def _against_target(url: _Url) -> Iterator[Reason]:
    if url.scheme in SCRIPTED:
        yield Reason.SCRIPTED
    if url.has_credentials:
        yield Reason.CREDENTIALS
    if any(map(_is_lookalike, ada_url.idna.decode(url.host).split("."))):
        yield Reason.LOOKALIKE


def _is_lookalike(label: str) -> bool:
    """Tell whether the *label* of a host, in Unicode, may pass for another.

    The script of a letter is the first word of its name, which is precise enough for those that
    resemble each other: Latin, Greek and Cyrillic.
    """
    letters = [letter for letter in label if letter.isalpha()]
    scripts = {unicodedata.name(letter, "?").split()[0].split("-")[0] for letter in letters}
    mixed = len(scripts) > 1 and not scripts <= EAST_ASIAN
    return mixed or (bool(letters) and CYRILLIC_LIKE_LATIN.issuperset(letters))


def _against_text(text: str, target: str, url: _Url) -> Iterator[Reason]:
    words = text.split()
    shown = _shown(words[0], url) if len(words) == 1 else None
    if text == target or (shown is not None and shown.href == url.href):
        if any(unicodedata.category(character) in {"Cc", "Cf"} for character in text.strip()):
            yield Reason.HIDDEN
    elif shown is None or not (_is_written(words[0]) or _is_domain(shown.host)):
        named = (_shown(word.strip("\"'()<>[]{},.;:!?"), url) for word in words)
        others = (other for other in named if other is not None and _is_domain(other.host))
        yield (
            Reason.OTHER_TEXT
            if all(other.host == url.host for other in others)
            else (Reason.OTHER_HOST)
        )
    else:
        yield from _differences(shown, url)


def _differences(shown: _Url, url: _Url) -> Iterator[Reason]:
    if SECURED.get(shown.scheme) == url.scheme:
        yield Reason.DOWNGRADED
    elif shown.scheme != url.scheme:
        yield Reason.OTHER_SCHEME
    if shown.host != url.host:
        yield Reason.OTHER_HOST
    elif shown.scheme == url.scheme:
        yield Reason.OTHER_PLACE


def _shown(word: str, url: _Url) -> _Url | None:
    """Return the URL that readers take *word* for, beside the target *url*."""
    scheme, colon, rest = word.partition(":")
    if colon and (rest.startswith(("/", "\\")) or scheme.lower() in SPECIAL | {url.scheme}):
        return _parsed(word)
    if not word[:1].isalnum() and not word.startswith("["):
        return None
    return _parsed(f"mailto:{word}" if url.scheme == "mailto" else f"https://{word}")


def _is_written(word: str) -> bool:
    """Tell whether *word* is beyond doubt meant as a URL."""
    return "://" in word


def _is_domain(host: str) -> bool:
    """Tell whether *host* looks like a domain or an address, rather than like any word."""
    return re.search(r"\.([a-z]{2,}|xn--[a-z0-9-]+|[0-9]+)\.?$|^\[", host) is not None
