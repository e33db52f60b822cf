"""Forms of a name, "@" and a domain: e-mail, ``im:``, ``pres:``, ``sip:``, ``acct:``.

::

    juliet@a.example     im:juliet@a.example       sip:juliet@a.example     acct:juliet@a.example
    "j c"@a.example      im:%22j%20c%22@a.example  sip:j%20c@a.example      acct:j%20c@a.example

Each is a user, ``mimi://domain/u/name``: the name without quotes and not encoded. Capitals make a
difference in names. Ports, passwords, parameters and headers are refused: they say how to reach
somebody, not who it is.
"""

import re
import string
from typing import ClassVar, Self

import attrs

from mimi.identity.domain import Domain, domain_of
from mimi.identity.errors import (
    FragmentError,
    IdentifierError,
    LocalPartError,
    NameCharacterError,
    NameTooLongError,
    NoNameError,
    QueryError,
    SeparatorError,
    UserinfoError,
)
from mimi.identity.foreign import (
    Foreign,
    after_scheme,
    check_name,
    no_such_name,
    owner,
    user_of,
)
from mimi.identity.percent import SUB_DELIMS, UNRESERVED, Decoded, decode, encode, plain
from mimi.identity.uri import MimiUri, Part, UserUri, domain_at

ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\xa0-\ud7ff\ue000-\U0010ffff]+"
DOT_ATOM = re.compile(rf"{ATOM}(?:\.{ATOM})*")
"""A local part that needs no quotes (RFC 5321 section 4.1.2, RFC 6531 section 3.3)."""
QUOTED = re.compile(r'"((?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff"\\]|\\[\x20-\x7e])+)"')
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
TAIL = re.compile("[?;#]")

LONGEST_LOCAL_PART = 64
LONGEST_MAILBOX = 254
"""Octets (RFC 5321 section 4.5.3.1: a path has at most 256, with its angle brackets)."""

SIP_USER = frozenset(string.ascii_letters + string.digits + "-_.!~*'()" + "&=+$,;?/")
"""What a user in a SIP URI may contain as it is (RFC 3261 section 25.1)."""
SIP_WRITTEN = SIP_USER - {"/"}
"""What is written as it is: two slashes at the beginning would be those of an authority."""


@attrs.frozen
class AtDomain(Foreign):
    """A name at a domain.

    Attributes:
        domain: The domain.
        name: The name, neither encoded nor quoted.

    Raises:
        IdentifierError: The form allows no such domain or name.
    """

    domain: Domain = attrs.field(converter=domain_of)
    name: str

    def __attrs_post_init__(self) -> None:
        check_name(self.name, 0)

    def to_mimi(self, provider: Domain | str | None = None) -> UserUri:
        """Return the user; see `Foreign.to_mimi`."""
        domain = owner(self.domain, provider)
        try:
            return UserUri(domain, self.name)
        except IdentifierError as error:
            raise no_such_name(error, type(self)) from error

    @classmethod
    def from_mimi(cls, uri: MimiUri, provider: Domain | str | None = None) -> Self:
        """Return the form of a user; see `Foreign.from_mimi`."""
        name, domain = user_of(uri, cls), owner(uri.provider, provider)
        try:
            return cls(domain, name)
        except IdentifierError as error:
            raise no_such_name(error, cls) from error

    @property
    def parts(self) -> tuple[Part, ...]:
        """The domain, for people, and the name."""
        return ("provider", self.domain.unicode), ("user", self.name)


@attrs.frozen
class AtDomainUri(AtDomain):
    """A URI of a scheme, a name and a domain."""

    allowed: ClassVar[frozenset[str]] = UNRESERVED | SUB_DELIMS
    """What the name may contain as it is when it is read."""
    written: ClassVar[frozenset[str]] = allowed
    """What of it is as it is when it is written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the identifier that a URI is.

        Raises:
            SeparatorError: There is no "@" in it.
            QueryError: Parameters or headers come after the domain.
            FragmentError: A fragment does.
            UserinfoError: A password stands before the "@".
            IdentifierError: The scheme, the name or the domain is not right.
        """
        body, at = after_scheme(text, f"{cls.form}:")
        user, separator, host = body.partition("@")
        if not separator:
            raise SeparatorError("no @ before a domain", len(text))
        if ":" in user:
            raise UserinfoError("a password in an identifier", at + user.index(":"))
        name = cls._name_in(decode(user, cls.allowed, at))
        at += len(user) + 1
        tail = TAIL.search(host)
        if tail is not None:
            error = FragmentError if tail[0] == "#" else QueryError
            raise error("more than a name and a domain", at + tail.start())
        return cls(domain_at(host, at), name)

    @classmethod
    def _name_in(cls, decoded: Decoded) -> str:
        check_name(decoded.text, decoded.places[0])
        return decoded.text

    def __str__(self) -> str:
        return f"{self.form}:{encode(self._local_part, self.written)}@{self.domain}"

    @property
    def _local_part(self) -> str:
        return self.name


@attrs.frozen
class AcctUri(AtDomainUri):
    """An account (RFC 7565): ``acct:juliet@a.example``."""

    form = "acct"


@attrs.frozen
class SipUri(AtDomainUri):
    """An address of record of SIP (RFC 3261): ``sip:juliet@a.example``."""

    form = "sip"
    allowed = SIP_USER
    written = SIP_WRITTEN


@attrs.frozen
class SipsUri(AtDomainUri):
    """An address of record of SIP, to be reached over TLS alone: ``sips:juliet@a.example``."""

    form = "sips"
    allowed = SIP_USER
    written = SIP_WRITTEN


@attrs.frozen
class _OfMailbox(AtDomainUri):
    """A URI with a mailbox, whose name may need quotes."""

    written = UNRESERVED | frozenset("!$'*+")  # what is no delimiter in RFC 6068 either

    def __attrs_post_init__(self) -> None:
        check_printable(self.name)

    @classmethod
    def _name_in(cls, decoded: Decoded) -> str:
        return local_part(decoded)

    @property
    def _local_part(self) -> str:
        return quoted(self.name)


@attrs.frozen
class ImUri(_OfMailbox):
    """An instant inbox (RFC 3860): ``im:juliet@a.example``."""

    form = "im"


@attrs.frozen
class PresUri(_OfMailbox):
    """A presentity (RFC 3859): ``pres:juliet@a.example``."""

    form = "pres"


@attrs.frozen
class EmailAddress(AtDomain):
    """A mailbox (RFC 5321, RFC 6531): ``juliet@a.example``."""

    form = "email"

    def __attrs_post_init__(self) -> None:
        check_printable(self.name)
        local = quoted(self.name)
        check_name(local, 0, LONGEST_LOCAL_PART)
        if len(f"{local}@{self.domain}".encode()) > LONGEST_MAILBOX:
            raise NameTooLongError(f"an address of more than {LONGEST_MAILBOX} octets", 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a text is.

        Raises:
            SeparatorError: There is no "@" in it.
            AddressError: The domain is an IP address.
            LocalPartError: The local part is neither atoms with dots between nor quoted.
            IdentifierError: The name or the domain is not right.
        """
        local, separator, domain = text.rpartition("@")
        if not separator:
            raise SeparatorError("no @ before a domain", len(text))
        name = local_part(plain(local))
        return cls(Domain.read(plain(domain, len(local) + 1)), name)

    def __str__(self) -> str:
        return f"{quoted(self.name)}@{self.domain}"


def local_part(decoded: Decoded) -> str:
    """Return the name that a local part is, without quotes.

    Raises:
        NoNameError: It is empty.
        LocalPartError: It is neither atoms with dots between nor a quoted string.
    """
    text, places = decoded.text, decoded.places
    if text in ("", '""'):
        raise NoNameError("an empty name", places[0])
    if text.startswith('"'):
        match = QUOTED.fullmatch(text)
        if match is None:
            raise LocalPartError("quotes that are not as they should be", places[0])
        return re.sub(r"\\(.)", r"\1", match[1])
    match = DOT_ATOM.match(text)
    end = match.end() if match is not None else 0
    if end != len(text):
        raise LocalPartError("a local part that needs quotes", places[end])
    return text


def quoted(name: str) -> str:
    """Return the local part for a name, with quotes where it needs them."""
    if DOT_ATOM.fullmatch(name):
        return name
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'


def check_printable(name: str) -> None:
    """Check that a name can be a local part.

    Raises:
        NoNameError: It is empty.
        NameCharacterError: It contains a control character, which cannot be quoted.
    """
    check_name(name, 0)
    match = CONTROL.search(name)
    if match is not None:
        raise NameCharacterError(f"{match[0]!a} cannot stand in a mailbox", match.start())
