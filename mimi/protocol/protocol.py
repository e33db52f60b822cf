"""What all bodies have in common: the protocol that they are for, and identifiers (section 5).

Every structure here is of MLS 1.0, the only protocol there is: a field ``protocol`` is always that,
and what a select on it would hold stands in its place.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, TypeAlias

from mimi.codec import Bytes, CodePoint8, decode, point
from mimi.identity import (
    ClientUri,
    Domain,
    IdentifierError,
    MimiUri,
    ProviderUri,
    PseudonymUri,
    RoomUri,
    UserUri,
    parse,
)
from mimi.protocol.errors import (
    IdentifierUriError,
    IncompatibleProtocolError,
    ProviderCredentialError,
    TextError,
)
from mimi.tree.credential import BasicCredential, Credential


class Protocol(CodePoint8):
    """By what the messages of a room are encrypted (section 5)."""

    MLS10 = point(1)


IdentifierUri: TypeAlias = Annotated[bytes, Bytes("IdentifierUri")]
"""A ``mimi:`` URI in canonical form."""

UTF8String: TypeAlias = Annotated[bytes, Bytes("UTF8String")]
"""What the draft calls a ``string``."""

USERS = (UserUri, PseudonymUri)
"""What identifies a user."""
PARTICIPANTS = (UserUri, PseudonymUri, ProviderUri)
"""What can stand in the participant list of a room."""
CLIENTS = (ClientUri,)
ROOMS = (RoomUri,)


def check_protocol(body: bytes) -> None:
    """Check the protocol of a body that begins with it, before the rest is read.

    Raises:
        IncompatibleProtocolError: It is another than MLS 1.0; a request for key material is then
            answered with `KeyMaterialUserCode.INCOMPATIBLE_PROTOCOL`.
        MalformedError: There is none.
    """
    protocol = decode(Protocol, body[:1])
    if protocol != Protocol.MLS10:
        raise IncompatibleProtocolError(f"protocol {protocol}", protocol=protocol)


def identified(field: str, uri: bytes, kinds: tuple[type[MimiUri], ...]) -> MimiUri:
    """Return what the URI of a field identifies.

    Args:
        field: The field, for the error.
        uri: What it says.
        kinds: What it may identify.

    Raises:
        IdentifierUriError: It is no URI in canonical form, or identifies something else.
    """
    try:
        found, is_canonical = (_known if len(uri) <= SHORT else _read)(uri)
    except (UnicodeDecodeError, IdentifierError) as error:
        raise IdentifierUriError(
            f"{field} is no identifier: {error}", field=field, uri=uri
        ) from error
    if not isinstance(found, kinds):
        meant = " or ".join(kind.__name__ for kind in kinds)
        raise IdentifierUriError(
            f"{field} is a {type(found).__name__}, not a {meant}", field=field, uri=uri
        )
    if not is_canonical:
        raise IdentifierUriError(f"{field} is not in canonical form", field=field, uri=uri)
    return found


SHORT = 256
"""Octets of the longest text that is remembered with what it means: a few users and rooms are
named again and again, and reading a name takes half as long as signing something."""


def _read(uri: bytes) -> tuple[MimiUri, bool]:
    found = parse(uri.decode("ascii"))
    return found, str(found).encode() == uri


_known = lru_cache(4096)(_read)


def domain(name: str) -> Domain:
    """Return the domain of a name, as `Domain` does, which is remembered.

    Raises:
        IdentifierError: It is none.
    """
    return (_known_domain if len(name) <= SHORT else Domain)(name)


_known_domain: Callable[[str], Domain] = lru_cache(1024)(Domain)


def text_of(field: str, octets: bytes) -> str:
    """Return what a text for people says.

    Raises:
        TextError: It is not UTF-8.
    """
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise TextError(f"{field} is not UTF-8", field=field, at=error.start) from error


ProviderOf: TypeAlias = Callable[[Credential], Domain]
"""From a credential to the provider whose it is; it raises `ProviderCredentialError`."""


def provider_of_basic(credential: Credential) -> Domain:
    """Return the provider of a basic credential, whose identity is its ``mimi:`` URI.

    Raises:
        ProviderCredentialError: It is another credential, or its identity is no provider.
    """
    if not isinstance(credential, BasicCredential):
        raise ProviderCredentialError(f"a credential of type {credential.tag} names no provider")
    try:
        return identified("identity", credential.identity, (ProviderUri,)).provider
    except IdentifierUriError as error:
        raise ProviderCredentialError(error.reason) from error


def check_provider(
    credential: Credential, provider: Domain, provider_of: ProviderOf = provider_of_basic
) -> None:
    """Check that a credential is that of a provider, such as the hub.

    Raises:
        ProviderCredentialError: It is another's, or does not say whose it is.
    """
    found = provider_of(credential)
    if found != provider:
        raise ProviderCredentialError(
            f"a credential of {found}, not of {provider}", provider=str(found)
        )
