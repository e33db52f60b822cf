"""Rooms of minimal metadata: credentials that hide who somebody is (section 6).

::

    PseudonymousCredential          in the leaf: pseudonyms of user and client, and a key
      identity_link_ciphertext ---> IdentityLinkTBE, for the participants and not the hub
                                      the client's real credential
                                      its signature over pseudonyms and key

How that is encrypted, and how participants come by the key, the draft does not say: the ciphertext
is the application's. The draft leaves the code point of the credential type open as well.
"""

import re

from mimi.codec import Opaque, encode, encode_as, struct
from mimi.crypto import (
    Entropy,
    InvalidPublicKeyError,
    SignatureError,
    SignaturePrivateKey,
    Suite,
    draw,
)
from mimi.identity import ClientUri, MimiUri, PseudonymUri
from mimi.policy.errors import UnnamedClientError
from mimi.protocol.errors import (
    IdentifierUriError,
    IdentityLinkError,
    NestedPseudonymError,
    PseudonymFormError,
    PseudonymKeyError,
)
from mimi.protocol.protocol import IdentifierUri, identified
from mimi.tree.codepoints import CredentialType
from mimi.tree.credential import Credential, check_credential_key
from mimi.tree.errors import CredentialKeyError

PSEUDONYMOUS = CredentialType.declare("PSEUDONYMOUS", 0xF503)

SIGNATURE_LABEL = b"PseudonymousCredentialTBS"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A random UUID (RFC 9562 section 5.4)."""


@struct
class PseudonymousCredentialTBS:
    """What the client's real key signs.

    Attributes:
        client_pseudonym: Which client: ``mimi://a.example/d/<UUID>``.
        user_pseudonym: Whose: ``mimi://a.example/p/<UUID>``, the same for all clients of a user
            in a room, as in its participant list.
        signature_public_key: The key of the leaf.
    """

    client_pseudonym: IdentifierUri
    user_pseudonym: IdentifierUri
    signature_public_key: Opaque


@struct(case=PSEUDONYMOUS)
class PseudonymousCredential(PseudonymousCredentialTBS, Credential):
    """A credential that says who somebody is to those who can decrypt it."""

    identity_link_ciphertext: Opaque


@struct
class IdentityLinkTBE:
    """Who is behind a pseudonym."""

    pseudonymous_credential_signature: Opaque
    client_credential: Credential


def random_uuid(entropy: Entropy) -> str:
    """Return a random UUID, as which a pseudonym is named."""
    number = int.from_bytes(draw(entropy, 16), "big")
    number = number & ~(0xF << 76) | 4 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def link_identity(
    suite: Suite,
    pseudonyms: PseudonymousCredentialTBS,
    credential: Credential,
    signer: SignaturePrivateKey,
) -> IdentityLinkTBE:
    """Return what links pseudonyms to a client, to be encrypted.

    Args:
        suite: The cipher suite.
        pseudonyms: The pseudonyms, and the key that is used with them.
        credential: The client's real credential.
        signer: The private key that this credential is for.

    Raises:
        NestedPseudonymError: The credential is a pseudonymous one itself.
    """
    _check_real(credential)
    tbs = encode(pseudonyms, PseudonymousCredentialTBS)
    return IdentityLinkTBE(suite.sign_with_label(signer, SIGNATURE_LABEL, tbs), credential)


def verify_identity_link(
    suite: Suite,
    credential: PseudonymousCredential,
    link: IdentityLinkTBE,
    signature_key: bytes,
) -> None:
    """Check that a client stands behind the pseudonyms of a credential.

    Args:
        suite: The cipher suite.
        credential: The pseudonymous credential.
        link: What its ``identity_link_ciphertext`` holds.
        signature_key: The key of the real credential: a basic one does not say it.

    Raises:
        NestedPseudonymError: The real credential is a pseudonymous one itself.
        IdentityLinkError: It is for another key, or that key did not sign the pseudonyms.
    """
    _check_real(link.client_credential)
    tbs = encode_as(PseudonymousCredentialTBS, credential)
    signature = link.pseudonymous_credential_signature
    try:
        check_credential_key(link.client_credential, signature_key)
        suite.verify_with_label(signature_key, SIGNATURE_LABEL, tbs, signature)
    except (CredentialKeyError, SignatureError, InvalidPublicKeyError) as error:
        raise IdentityLinkError(error.reason) from error


def _check_real(credential: Credential) -> None:
    if isinstance(credential, PseudonymousCredential):
        raise NestedPseudonymError("a pseudonym for a pseudonym")


def check_pseudonyms(credential: PseudonymousCredential, signature_key: bytes) -> PseudonymUri:
    """Check a pseudonymous credential in a leaf; return the user's pseudonym.

    Args:
        credential: The credential.
        signature_key: The key of the leaf.

    Raises:
        PseudonymFormError: A pseudonym is not a random UUID with the domain of the provider.
        PseudonymKeyError: It is for another key than the leaf's.
    """
    client = _pseudonym("client_pseudonym", credential.client_pseudonym, ClientUri)
    user = _pseudonym("user_pseudonym", credential.user_pseudonym, PseudonymUri)
    if client.provider != user.provider or not isinstance(user, PseudonymUri):
        raise PseudonymFormError("client and user are of different providers")
    if credential.signature_public_key != signature_key:
        raise PseudonymKeyError("the credential is for another key than signature_key")
    return user


def _pseudonym(field: str, uri: bytes, kind: type[MimiUri]) -> MimiUri:
    try:
        found = identified(field, uri, (kind,))
    except IdentifierUriError as error:
        raise PseudonymFormError(error.reason, **error.where) from error
    names = found.names
    if len(names) != 1 or not _UUID.fullmatch(names[0][1].encoded):
        raise PseudonymFormError(f"{field} is no random UUID", field=field, uri=uri)
    return found


def user_of_pseudonymous(credential: Credential) -> bytes:
    """Return the participant of a leaf in a room of minimal metadata, where all have pseudonyms.

    Raises:
        UnnamedClientError: It is another credential.
    """
    if not isinstance(credential, PseudonymousCredential):
        raise UnnamedClientError(f"a credential of type {credential.tag} is no pseudonymous one")
    return credential.user_pseudonym
