"""Franking: a hub's stamp on messages that it cannot read (section 5.4.1).

::

    sender     franking_tag = HMAC(salt, application_data)      in the AAD, component frank_aad
    hub        server_frank = HMAC(hub_key, franking_tag || context)
               signature over (server_frank, cipher suite, context)     by the franking agent
    receiver   verifies the tag and the signature, and keeps both with the message
    hub        on a report: makes all of it again, from the message's content

HMAC is with SHA-256, whatever the cipher suite. Application data is the whole, with the framing
that a group with ``content_media_types`` puts around the content.
"""

import hmac
from collections.abc import Sequence
from typing import Annotated

import attrs

from mimi import content
from mimi.codec import Fixed, UInt64, decode, encode, field_encoder, struct
from mimi.crypto import (
    CipherSuite,
    HmacSha256,
    InvalidPublicKeyError,
    Secret,
    SignatureError,
    SignaturePrivateKey,
    Suite,
)
from mimi.errors import MalformedError
from mimi.identity import Domain
from mimi.mls.appdata import Component, Proposed
from mimi.mls.components import ComponentID, component_of
from mimi.mls.negotiation import (
    ApplicationFraming,
    SafeAAD,
    SafeAADItem,
    safe_aad_components,
    safe_aad_of,
)
from mimi.mls.state import PublicState
from mimi.policy.structures import FRANKING_AGENT
from mimi.protocol.errors import (
    FrankedContentError,
    FrankedRoomError,
    FrankedSenderError,
    FrankingKeyError,
    FrankingTagError,
    FrankSignatureError,
    FrankSuiteError,
    RepeatedFrankingAgentError,
    ServerFrankError,
)
from mimi.protocol.protocol import IdentifierUri, ProviderOf, check_provider, provider_of_basic
from mimi.protocol.submit import Frank
from mimi.tree.credential import Credential, SignaturePublicKey, check_credential_key
from mimi.tree.errors import CredentialKeyError
from mimi.tree.extension import Extensions

FRANK_AAD = ComponentID.declare("FRANK_AAD", 0x0020)

SIGNATURE_LABEL = b"FrankingIntegrityTBS"


@struct
class FrankAAD:
    """What the component ``frank_aad`` adds to the authenticated data of a message: 32 octets."""

    franking_tag: Annotated[bytes, Fixed(32)]


@struct
class FrankingAgentData:
    """The component ``franking_agent`` of a group context: whose franks are genuine.

    Attributes:
        franking_signature_key: Of the signature scheme of the group's cipher suite.
        credential: The hub's.
    """

    franking_signature_key: SignaturePublicKey
    credential: Credential


@struct
class ServerFrankingContext:
    """What a frank says of a message.

    Attributes:
        sender_uri: The user who sent it.
        room_uri: The room.
        accepted_timestamp: When the hub accepted it, in milliseconds since 1970-01-01T00:00Z.
    """

    sender_uri: IdentifierUri
    room_uri: IdentifierUri
    accepted_timestamp: UInt64


@struct
class FrankingIntegrityTBS:
    """What the hub's signature of a frank covers."""

    server_frank: Annotated[bytes, Fixed(32)]
    franking_signature_ciphersuite: CipherSuite
    context: ServerFrankingContext


# Senders


def franking_tag(salt: bytes, application_data: bytes) -> bytes:
    """Return the tag by which a sender commits to a message: 32 octets.

    Args:
        salt: The salt of the message.
        application_data: All that is encrypted.
    """
    return hmac.digest(salt, application_data, "sha256")


def frank_aad(tag: bytes) -> tuple[ComponentID, bytes]:
    """Return the item that a tag is in the safe AAD, for `mimi.mls.safe_aad`."""
    return FRANK_AAD, encode(FrankAAD(tag))


def franking_tag_of(extensions: Extensions, aad: bytes) -> bytes | None:
    """Return the tag in the authenticated data of a message; None where there is none.

    Args:
        extensions: Those of the group context of the message's epoch.
        aad: The authenticated data.

    Raises:
        MalformedError: The group has ``safe_aad`` and it is none, or the tag has not 32 octets.
    """
    data = safe_aad_of(extensions, aad).get(FRANK_AAD)
    return None if data is None else decode(FrankAAD, data).franking_tag


@attrs.frozen
class FrankedContent:
    """What a message says of itself, to be compared with what is said of it.

    Attributes:
        salt: Its salt.
        sender_uri: Who sent it.
        room_uri: To which room.
    """

    salt: bytes
    sender_uri: bytes
    room_uri: bytes


def franked_content(application_data: bytes, *, framed: bool) -> FrankedContent:
    """Return what a MIMI message says of itself.

    Args:
        application_data: All that was encrypted.
        framed: Whether the group has ``content_media_types``, so that it is framed.

    Raises:
        FrankedContentError: It is no MIMI message, or does not name its sender and its room.
    """
    try:
        inner = application_data
        if framed:
            inner = decode(ApplicationFraming, application_data).inner_application_content
        message = content.decode(inner, max_octets=len(inner))
    except MalformedError as error:
        raise FrankedContentError(f"{error}") from error
    sender, room = message.extensions.sender_uri, message.extensions.room_uri
    if sender is None or room is None:
        raise FrankedContentError("the message does not name its sender and its room")
    return FrankedContent(message.salt, sender.encode(), room.encode())


# The hub


def franking_agent(extensions: Extensions) -> FrankingAgentData | None:
    """Return the franking agent of a group; None where it has none, so that nothing is franked.

    Raises:
        MalformedError: The component does not parse.
    """
    data = component_of(extensions, FRANKING_AGENT)
    return None if data is None else decode(FrankingAgentData, data)


@attrs.frozen
class FrankingTerms:
    """What a group has agreed on about franks.

    Attributes:
        agent: Its franking agent.
        has_safe_aad: Whether messages say something in safe AAD, so that they may have tags.
    """

    agent: FrankingAgentData
    has_safe_aad: bool

    def tag(self, aad: bytes) -> bytes | None:
        """Return the tag in the authenticated data of a message: see `franking_tag_of`."""
        if not self.has_safe_aad:
            return None
        if len(aad) == _ALONE and aad.startswith(_HEAD):
            return aad[len(_HEAD) :]
        for item in decode(SafeAAD, aad).aad_items:
            if item.component_id == FRANK_AAD:
                tag = item.aad_item_data
                return tag if len(tag) == _TAG else decode(FrankAAD, tag).franking_tag
        return None


_TAG = 32
"""How long a tag is."""
_HEAD = encode(SafeAAD((SafeAADItem(FRANK_AAD, bytes(_TAG)),)))[:-_TAG]
"""What is before a tag that is all that the authenticated data say: most messages'."""
_ALONE = len(_HEAD) + _TAG
_TERMS = "franking terms"


def franking_terms(state: PublicState) -> FrankingTerms | None:
    """Return what a group has agreed on about franks, worked out once an epoch.

    None is that nothing is franked. Errors are those of `franking_agent`.
    """
    memo = state.memo
    if _TERMS not in memo:
        extensions = state.context.extensions
        agent = franking_agent(extensions)
        listed = safe_aad_components(extensions)
        terms = None if agent is None else FrankingTerms(agent, listed is not None)
        memo[_TERMS] = terms
    found: FrankingTerms | None = memo[_TERMS]
    return found


def server_frank(hub_key: Secret, tag: bytes, context: ServerFrankingContext) -> bytes:
    """Return what only the hub can make, 32 octets, and so recognise.

    Args:
        hub_key: The hub's secret.
        tag: The franking tag of the message.
        context: What the hub vouches for.
    """
    return hmac.digest(hub_key.reveal(), tag + encode(context), "sha256")


def frank(
    suite: Suite,
    signer: SignaturePrivateKey,
    franking_key: HmacSha256,
    tag: bytes,
    context: ServerFrankingContext,
) -> Frank:
    """Return the frank of a message that the hub accepts.

    Args:
        suite: The group's cipher suite.
        signer: The private key of the group's franking agent.
        franking_key: The hub's secret, set up.
        tag: The franking tag of the message.
        context: What the hub vouches for.

    Raises:
        SuiteMismatchError: The signer's key is of another signature scheme than the group's.
    """
    return frank_encoded(suite, signer, franking_key, tag, encode(context))


encode_franking_context = field_encoder(ServerFrankingContext)
"""From the fields of a ServerFrankingContext to its encoding, with no value in between."""


def frank_encoded(
    suite: Suite, signer: SignaturePrivateKey, franking_key: HmacSha256, tag: bytes, context: bytes
) -> Frank:
    """Return what `frank` does, of a context that is encoded already."""
    made = franking_key.digest(tag + context)
    # what FrankingIntegrityTBS is, whose context is encoded already
    tbs = b"".join((made, suite.code.to_bytes(2, "big"), context))
    return Frank(made, suite.code, suite.sign_with_label(signer, SIGNATURE_LABEL, tbs))


def verify_server_frank(
    hub_key: Secret, tag: bytes, context: ServerFrankingContext, made: bytes
) -> None:
    """Check, as the hub, a server frank of one's own.

    Raises:
        ServerFrankError: It was not made with this key over this tag and context.
    """
    if not hmac.compare_digest(server_frank(hub_key, tag, context), made):
        raise ServerFrankError("the hub did not frank this")


# Receivers


def check_franking_agent(
    agent: FrankingAgentData, hub: Domain, provider_of: ProviderOf = provider_of_basic
) -> None:
    """Check that the franking agent of a group is its hub.

    Raises:
        ProviderCredentialError: Its credential is another provider's, or does not say whose.
    """
    check_provider(agent.credential, hub, provider_of)


def check_franking_tag(tag: bytes, salt: bytes, application_data: bytes) -> None:
    """Check that a tag is that of a message.

    Raises:
        FrankingTagError: It is not.
    """
    if not hmac.compare_digest(franking_tag(salt, application_data), tag):
        raise FrankingTagError("the franking tag is not that of the message")


def verify_frank(
    suite: Suite, signature_key: bytes, stamp: Frank, context: ServerFrankingContext
) -> None:
    """Check the signature of a frank.

    Args:
        suite: The cipher suite that it must be of.
        signature_key: That of the franking agent.
        stamp: The frank.
        context: What it should say of the message.

    Raises:
        FrankSuiteError: It is of another cipher suite.
        FrankSignatureError: The signature is not by that key over this.
    """
    code = stamp.franking_signature_ciphersuite
    if code != suite.code:
        raise FrankSuiteError(f"a frank of {code}, not {suite.code}", cipher_suite=code)
    tbs = encode(FrankingIntegrityTBS(stamp.server_frank, code, context))
    signature = stamp.franking_integrity_signature
    try:
        suite.verify_with_label(signature_key, SIGNATURE_LABEL, tbs, signature)
    except (SignatureError, InvalidPublicKeyError) as error:
        raise FrankSignatureError(error.reason) from error


@attrs.frozen
class FrankedMessage:
    """A franked message that was decrypted.

    Attributes:
        application_data: All that was encrypted.
        tag: The franking tag in its authenticated data.
        frank: The hub's stamp.
        accepted_timestamp: When the hub accepted it, in milliseconds since 1970-01-01T00:00Z.
        sender: The canonical URI of the user whose client's leaf signed it.
        room: The canonical URI of the room that it came in.
    """

    application_data: bytes
    tag: bytes
    frank: Frank
    accepted_timestamp: int
    sender: bytes
    room: bytes


def verify_received(
    suite: Suite, agent: FrankingAgentData, message: FrankedMessage, *, framed: bool
) -> ServerFrankingContext:
    """Check a franked message as its receiver; return what to keep beside it.

    Args:
        suite: The group's cipher suite.
        agent: The group's franking agent, after `check_franking_agent`.
        message: What was received.
        framed: Whether the group has ``content_media_types``.

    Raises:
        FrankError: Something does not agree; the class says what.
    """
    said = franked_content(message.application_data, framed=framed)
    check_franking_tag(message.tag, said.salt, message.application_data)
    if said.sender_uri != message.sender:
        raise FrankedSenderError("the message names another sender", named=said.sender_uri)
    if said.room_uri != message.room:
        raise FrankedRoomError("the message names another room", named=said.room_uri)
    context = ServerFrankingContext(message.sender, message.room, message.accepted_timestamp)
    verify_frank(suite, agent.franking_signature_key, message.frank, context)
    return context


class FrankingAgent(Component):
    """The component ``franking_agent``: an update replaces it.

    Who may change it is for the room's policy to say. A new key in a living group makes franks
    ambiguous: the draft wants a new group instead, by ReInit.
    """

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        """Return the update; of several in one commit none is the whole."""
        if len(updates) > 1:
            raise RepeatedFrankingAgentError(f"{len(updates)} updates of the franking agent")
        _check_agent(updates[0].data, state.suite)
        return updates[0].data

    def check_data(self, data: bytes) -> None:
        """Check that data is a franking agent."""
        decode(FrankingAgentData, data)

    def check_group(self, state: PublicState, *, founded: bool) -> None:
        """Check the franking agent of a group that is created, joined, or begun to be followed."""
        data = component_of(state.context.extensions, FRANKING_AGENT)
        if data is not None:
            _check_agent(data, state.suite)


def _check_agent(data: bytes, suite: Suite) -> None:
    agent = decode(FrankingAgentData, data)
    try:
        suite.check_signature_public_key(agent.franking_signature_key)
        check_credential_key(agent.credential, agent.franking_signature_key)
    except (InvalidPublicKeyError, CredentialKeyError) as error:
        raise FrankingKeyError(error.reason) from error
