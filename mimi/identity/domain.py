"""Domains, as which providers are known (draft-ietf-mimi-protocol-06 section 3).

A domain has two forms: one in ASCII, which is compared, and one for people::

    xn--bcher-kva.example     A-labels, of lower-case letters, digits and hyphens
    bücher.example            U-labels, internationalised (RFC 5890)

Nothing is mapped but capitals of ASCII: a text that is not yet a U-label is refused (RFC 5891
section 4). So is what may be read as an IP address, and the dot after the last label.
"""

import re
import unicodedata

import attrs
import idna

from mimi.identity.errors import (
    AddressError,
    BidiDomainError,
    DomainTooLongError,
    EmptyLabelError,
    LabelError,
    LabelTooLongError,
    NoHostError,
)
from mimi.identity.percent import Decoded, plain

LONGEST_DOMAIN = 253
LONGEST_LABEL = 63

ORDINARY = re.compile(r"(?!.*--)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?")
"""Domains about which only lengths are left to be checked."""

NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label for which others take a domain for an IPv4 address (WHATWG URL section 3.5)."""


def _ascii_of(text: str) -> str:
    return _ascii(plain(text))


@attrs.frozen(cache_hash=True)  # it is what tables of providers are looked up by
class Domain:
    """The domain of a provider, made from a text in either form.

    Attributes:
        ascii: Its form in ASCII and lower case.

    Raises:
        IdentifierError: The text is no domain: one of the errors of `read`.
    """

    ascii: str = attrs.field(converter=_ascii_of)

    @classmethod
    def read(cls, decoded: Decoded) -> "Domain":
        """Return the domain that is part of an identifier.

        Raises:
            NoHostError: There is nothing.
            EmptyLabelError: There is nothing before, between or after dots.
            AddressError: It is, or may be read as, an IP address.
            LabelTooLongError: A label has more than 63 octets.
            LabelError: A label is not valid.
            BidiDomainError: Labels of which some are read from the right do not keep apart.
            DomainTooLongError: There are more than 253 octets.
        """
        return cls(_ascii(decoded))

    @property
    def unicode(self) -> str:
        """The form for people, with U-labels."""
        return ".".join(map(idna.ulabel, self.ascii.split(".")))

    def __str__(self) -> str:
        return self.ascii


def domain_of(domain: Domain | str) -> Domain:
    """Return a domain that is given as such, or as a text.

    Raises:
        IdentifierError: The text is no domain: one of the errors of `Domain.read`.
    """
    return domain if isinstance(domain, Domain) else Domain(domain)


def _ascii(decoded: Decoded) -> str:
    """Return the ASCII form of a domain; errors are those of `Domain.read`."""
    text, places = _lowered(decoded.text), decoded.places
    if not text:
        raise NoHostError("no domain", places[0])
    if text.startswith("["):
        raise AddressError("an IP address is no provider", places[0])
    if len(text) > LONGEST_DOMAIN:  # the form in ASCII is longer, if it is another
        raise DomainTooLongError(f"a domain of {len(text)} characters", places[0])
    labels = _labels(text, places)
    if not ORDINARY.fullmatch(text):
        last, at = labels[-1]
        if NUMBER.fullmatch(last):
            raise AddressError("the last label is a number", at)
        text = ".".join(_alabel(label, at) for label, at in labels)
        _check_bidi(text, labels)
    if len(text) > LONGEST_DOMAIN:
        raise DomainTooLongError(f"a domain of {len(text)} octets", places[0])
    return text


def _lowered(text: str) -> str:
    """Return *text* with the capitals of ASCII alone in lower case, and as long as it was."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)


def _labels(text: str, places: tuple[int, ...]) -> list[tuple[str, int]]:
    """Return the labels of a domain, each with its place."""
    labels, index = [], 0
    for label in text.split("."):
        if not label:
            raise EmptyLabelError("a dot beside which there is no label", places[index])
        if len(label) > LONGEST_LABEL:
            raise LabelTooLongError(f"a label of {len(label)} characters", places[index])
        labels.append((label, places[index]))
        index += len(label) + 1
    return labels


def _alabel(label: str, at: int) -> str:
    """Return the ASCII form of a label."""
    if not label.isascii():
        length = len("xn--") + len(label.encode("punycode", "surrogatepass"))
        if length > LONGEST_LABEL:
            raise LabelTooLongError(f"a label of {length} octets", at)
    try:
        unicode = idna.ulabel(label)
        ascii_label = idna.alabel(unicode).decode("ascii")
        (unicode, ascii_label).index(label)  # or else it is a third form (RFC 5891 section 5.3)
    except idna.IDNABidiError as error:
        raise BidiDomainError(f"{error}", at) from error
    except ValueError as error:  # which IDNAError is
        raise LabelError(f"a label that is not valid: {error}", at) from error
    return ascii_label


def _check_bidi(domain: str, labels: list[tuple[str, int]]) -> None:
    unicode = [idna.ulabel(label) for label in domain.split(".")]
    classes = {unicodedata.bidirectional(letter) for label in unicode for letter in label}
    if classes.isdisjoint({"R", "AL", "AN"}):
        return
    for label, (_, at) in zip(unicode, labels, strict=True):
        try:
            idna.check_bidi(label, check_ltr=True)
        except idna.IDNABidiError as error:
            raise BidiDomainError(f"{error}", at) from error


LOCAL = Domain("local.invalid")
"""What stands where there is no domain (draft-mahy-mimi-identity-05 section 4)."""
