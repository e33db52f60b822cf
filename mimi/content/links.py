"""Links and mentions: which to follow, which to doubt (sections 5.4 and 9.6).

::

    judge(text, target, members)
      |-- Mention    the target is the IM URI of a user who has a client in the group
      |-- SameLink   the text says where the link leads: follow it when it is selected
      '-- Doubtful   show where it leads, and ask

Texts and targets come from wherever links do: `mimi.content.gfm_mimi.links` finds those of
Markdown. HTML is not parsed by this library; those who parse it ask here about its links. Either
way a picture in a text is the character U+FFFC.

URLs are parsed as browsers do (https://url.spec.whatwg.org), for what counts is where a browser
would go. They are equal if their normal forms are: scheme and host in lower case, hosts in their
ASCII form, no default port, no dot segments, "/" for an empty path, percent-encoding in capitals
and only where it is needed. Those of ``mimi:`` have the canonical form of `mimi.identity.uri`.
Sections are those of draft-ietf-mimi-content-08.

It needs the extra ``markdown``.
"""

import enum
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator
from typing import TypeAlias

from attrs import frozen

from mimi.content.gfm_errors import extra_for
from mimi.identity.domain import LONGEST_LABEL, Domain
from mimi.identity.errors import IdentifierError
from mimi.identity.uri import canonical

with extra_for(__name__):
    import ada_url

    from mimi.identity.eye import BLANK, look
    from mimi.identity.scripts import is_ignorable

ORDINARY = frozenset(
    {"http", "https", "mailto", "tel", "im", "pres", "sip", "sips", "xmpp", "mimi", "matrix"}
)
"""Schemes whose targets are visited, or are people to be contacted."""

SCRIPTED = frozenset({"javascript", "vbscript", "data", "file", "blob"})
"""Schemes whose targets run in the page, or read from the reader's own disk."""

SECURED = {"https": "http", "wss": "ws"}
"""Schemes, and what remains of each when it is downgraded."""

SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp", "file"})
"""Schemes that browsers recognise without slashes after the colon."""

ADDRESSED = frozenset({"im", "pres", "xmpp", "sip", "sips", "mailto"})
"""Schemes of the form ``scheme:user@host``."""

PICTURE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for a picture in a text."""

_ADDRESSES = re.compile("@([^@/?#;,:]*)")
"""The hosts in a URI with one of the schemes `ADDRESSED`."""

_STROKES = re.compile(
    "(?<![\u3041-\u30ff\u3400-\u9fff])"
    "[\u30fb\u30fc\u4e00\u4e28\u4e36\u4e3f]++"
    "(?![\u3041-\u30ff\u3400-\u9fff])"
)
"""Dots, dashes and strokes of East Asian scripts that stand beside no other character of these."""


class Reason(enum.Enum):
    """Why a link is doubtful."""

    NOT_ABSOLUTE = "the target is no absolute URL"
    SCRIPTED = "the target has a scheme whose targets are run or read, not visited"
    CREDENTIALS = "the target has a user name before its host, which may pass for the host"
    LOOKALIKE = "the host has characters that may pass for others"
    UNUSUAL_SCHEME = "the target has a scheme that may do anything"
    PICTURE = "the text has a picture, which may show anything"
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


def judge(
    text: str, target: str, members: Members = NOBODY, *, schemes: Container[str] = ORDINARY
) -> Verdict:
    """Tell what a link with this *text* to this *target* is (section 9.6).

    Args:
        text: What the reader sees, with `PICTURE` for each picture.
        target: Where it leads.
        members: Who can be mentioned.
        schemes: Those, in lower case, that are followed without a warning; `SCRIPTED` never are.
            There are programs that do things for other schemes, without asking.

    A text without a scheme is taken for a URL of the scheme https, as browsers do; or for an
    address, if the target is one of mailto. A text that says http where the target says https is
    another text all the same.
    """
    url = _parsed(target)
    if url is None:
        return Doubtful(target, "", (Reason.NOT_ABSOLUTE,))
    if url.href in members.uris:
        return Mention(url.href)
    reasons = (*_against_target(url, schemes), *_against_text(text, target, url))
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
    href = f"{scheme}://{userinfo}{host}{port}{path or '/'}{rest}"
    if scheme == "mimi":
        href = _canonical(text) or _canonical(href) or href
    return _Url(scheme, host, href, bool(user))


def _canonical(uri: str) -> str:
    """Return the canonical form of an identifier; empty if it is none."""
    try:
        return canonical(uri)
    except IdentifierError:
        return ""


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


def _against_target(url: _Url, schemes: Container[str]) -> Iterator[Reason]:
    if url.scheme in SCRIPTED:
        yield Reason.SCRIPTED
    elif url.scheme not in schemes:
        yield Reason.UNUSUAL_SCHEME
    if url.has_credentials:
        yield Reason.CREDENTIALS
    hosts = _ADDRESSES.findall(url.href) if url.scheme in ADDRESSED else [url.host]
    labels = [label for host in hosts for label in ada_url.idna.decode(host).split(".")]
    if any(map(_is_lookalike, labels)):
        yield Reason.LOOKALIKE


def _is_lookalike(label: str) -> bool:
    """Tell whether the *label* of a host, in Unicode, may pass for another.

    Browsers know more characters in hosts than those of IDNA 2008 (RFC 5892), and what they know
    besides are symbols, which may pass for delimiters. Small capitals are missing from the data
    of characters that look alike.
    """
    if label.isascii():
        return "%" in label  # what has no ASCII form
    if len(label) > LONGEST_LABEL or not _is_label(label) or look(label):
        return True
    names = (unicodedata.name(character, "") for character in label)
    return any("SMALL CAPITAL" in name for name in names) or bool(_STROKES.search(label))


def _is_label(label: str) -> bool:
    try:
        Domain(label)
    except IdentifierError:
        return False
    return True


def _against_text(text: str, target: str, url: _Url) -> Iterator[Reason]:
    if PICTURE in text:
        yield Reason.PICTURE
        text = text.replace(PICTURE, " ").strip()
        if not text:
            return
    words = text.split()
    shown = _shown(words[0], url) if len(words) == 1 else None
    if text == target or (shown is not None and shown.href == url.href):
        if any(map(_is_hidden, text.strip())):
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


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {"Cc", "Cf"} or character in BLANK or is_ignorable(character)


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
