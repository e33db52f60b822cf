"""Whose a credential is, and what it claims: for each type of credential the caller knows."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.identity import (
    ClientUri,
    IdentifierError,
    MimiUri,
    ProviderUri,
    PseudonymUri,
    UserUri,
    parse,
)
from mimi.policy.actions import NO_CLAIMS, Claims, claims_of
from mimi.policy.errors import UnnamedClientError
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import BasicCredential, Credential

Identify: TypeAlias = Callable[[Credential], bytes]
"""From a credential to the canonical URI of the user, pseudonym or provider whose it is.

It raises `UnnamedClientError` where the credential does not say. Everybody must come to the same
answer.
"""

Extract: TypeAlias = Callable[[Credential], Mapping[bytes, Iterable[bytes]]]
"""From a credential to its claims: from each `ClaimId.id` to the values that it has."""


def user_of_basic(credential: Credential) -> bytes:
    """Return the participant of a basic credential, whose identity is a ``mimi:`` URI.

    That of a client names the user (``/d/alice/phone``); that of a user, a pseudonym or a provider
    is the participant itself.

    Raises:
        UnnamedClientError: It is another credential, or its identity does not name a user.
    """
    if not isinstance(credential, BasicCredential):
        raise UnnamedClientError(f"a credential of type {credential.tag} names no user")
    return _user_of(credential.identity)


@lru_cache(maxsize=4096)
def _user_of(identity: bytes) -> bytes:
    """Return whose an identity is; the same few ask for most."""
    try:
        uri: MimiUri | None = parse(identity.decode("ascii"))
    except (UnicodeDecodeError, IdentifierError) as error:
        raise UnnamedClientError(f"{identity!r} is no identifier: {error}") from error
    if isinstance(uri, ClientUri):
        uri = uri.user_uri
    if not isinstance(uri, UserUri | PseudonymUri | ProviderUri):
        raise UnnamedClientError(f"{identity!r} does not name a user")
    return str(uri).encode()


def identity_claim(credential: Credential) -> Mapping[bytes, Iterable[bytes]]:
    """Return the one claim of a basic credential: its identity, under the empty id."""
    return {b"": (credential.identity,)} if isinstance(credential, BasicCredential) else {}


_BASIC: Mapping[int, Extract] = MappingProxyType({int(CredentialType.BASIC): identity_claim})


@attrs.frozen
class Identities:
    """How credentials are read.

    Attributes:
        identify: Whose a credential is.
        extractors: From credential types to what claims such credentials make; a credential of
            another type makes none.
    """

    identify: Identify = user_of_basic
    extractors: Mapping[int, Extract] = attrs.field(default=_BASIC, eq=False)

    def claims(self, credential: Credential) -> Claims:
        """Return what a credential claims."""
        kind = CredentialType(credential.tag)
        extract = self.extractors.get(int(kind))
        return NO_CLAIMS if extract is None else claims_of(kind, extract(credential))
