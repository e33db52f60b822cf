"""A meeting with an external receiver: handshakes are semi-private, and a hub outside reads them.

In the room of `mls.meeting`, the hub takes the follower's seat, and a stranger sits beside it, who
sees what goes by and can open nothing. `forged` is what a member could send who keeps to no rule.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from mls.meeting import NAMES, Person, Room
from mls.snapshot import whole
from tree.members import NOW, SUITE

from mimi.codec import encode, replace
from mimi.crypto import CipherSuite, HPKEPrivateKey, SeededEntropy, Suite, suite_of
from mimi.errors import MimiError
from mimi.mls import Group, MLSMessage, PublicGroup
from mimi.mls.codepoints import ContentType, WireFormat
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    REQUIRED_WIRE_FORMATS,
    SELF_REMOVE,
    SUPPORTED_WIRE_FORMATS,
)
from mimi.mls.external_receivers import (
    EXTERNAL_RECEIVERS,
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceiver,
    external_receivers,
    receiver_ref,
    with_receivers,
)
from mimi.mls.framing import (
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    PrivateProposal,
    SenderData,
    SenderDataAAD,
)
from mimi.mls.negotiation import WireFormats
from mimi.mls.proposal import Proposal
from mimi.mls.protect import sender_data_key
from mimi.mls.secrets import RatchetKind
from mimi.mls.semiprivate import (
    RECEIVER_LABEL,
    KeyForExternalReceiver,
    PerMessageKeyAndNonces,
    SemiPrivateContentAAD,
    SemiPrivateMessage,
    SemiPrivateMessageContext,
    framed_content_tbs_hash,
    partial_context_hash,
)
from mimi.mls.settings import Settings
from mimi.mls.state import changed
from mimi.mls.tree_options import RATCHET_TREE_SOURCE_DOMAINS
from mimi.mls.welcome import sign_group_info
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension, Extensions, extension
from mimi.tree.leaf import Capabilities
from mimi.tree.path import HPKECiphertext

SEMI = MLS_SEMIPRIVATE_MESSAGE
ENTROPY = SeededEntropy(b"receivers")
HUB_NAME, ARCHIVE_NAME = b"mimi://hub.example", b"mimi://archive.example"

some_suites = pytest.mark.parametrize(
    "suite", [suite_of(CipherSuite(code)) for code in (1, 2, 3, 7)], ids=lambda each: each.code.name
)


@contextmanager
def refused_by(kind: type[MimiError], **where: object) -> Iterator[pytest.ExceptionInfo[MimiError]]:
    """Expect exactly this error, with these values, citing its specification."""
    with pytest.raises(MimiError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind, error
    assert where.items() <= error.where.items()
    assert kind.rule.startswith(("RFC ", "draft-"))
    assert " section" in kind.rule
    assert "None" not in error.reason


def hpke_key(suite: Suite, name: bytes) -> HPKEPrivateKey:
    """Return the key with which somebody reads semi-private messages."""
    return suite.generate_key_pair(ENTROPY.fork(name))


def receiver(suite: Suite, name: bytes = HUB_NAME) -> ExternalReceiver:
    """Return somebody as the group context names them."""
    return ExternalReceiver(hpke_key(suite, name).public, BasicCredential(name))


def supporting(suite: Suite, *formats: WireFormat) -> tuple[Capabilities, Extensions]:
    """Return what a leaf says that supports all that the drafts have, and some wire formats."""
    capabilities = Capabilities(
        cipher_suites=(suite.code,),
        extensions=(
            APP_DATA_DICTIONARY,
            SUPPORTED_WIRE_FORMATS,
            REQUIRED_WIRE_FORMATS,
            EXTERNAL_RECEIVERS,
            RATCHET_TREE_SOURCE_DOMAINS,
        ),
        proposals=(APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE),
        credentials=(CredentialType.BASIC, CredentialType.X509),
    )
    return capabilities, (extension(SUPPORTED_WIRE_FORMATS, WireFormats(formats)),)


class HubRoom(Room):
    """A room whose hub is an external receiver.

    Args:
        suite: The cipher suite.
        settings: How everybody behaves.

    Attributes:
        stranger: Somebody who follows the group and is no receiver.
    """

    def __init__(self, suite: Suite = SUITE, **settings: Any) -> None:
        super().__init__(suite, **{"handshake": SEMI, **settings})
        self.stranger: PublicGroup | None = None

    def enter(self, *names: str) -> tuple[Person, ...]:
        """Let people in, whose leaves say that they read semi-private messages."""
        people = super().enter(*names)
        capabilities, extensions = supporting(self.suite, SEMI)
        for person in people:
            person.client = changed(
                person.client, capabilities=capabilities, leaf_extensions=extensions
            )
        return people

    def is_founded(self, by: Person, extensions: Extensions = ()) -> None:
        """Let somebody create the group, and the hub follow it."""
        by.founds(extensions=with_receivers(extensions, [receiver(self.suite)]))
        self.follow(by.group)

    def follow(self, group: Group) -> None:
        """Let the hub and the stranger follow a group from now on."""
        self.stranger = PublicGroup.from_group_info(group.group_info(), now=NOW)
        self.follower = self.stranger.with_receivers(hpke_key(self.suite, HUB_NAME))


def gathered_with_hub(size: int, suite: Suite = SUITE, **settings: Any) -> tuple[Any, ...]:
    """Return a room with a hub, and the people of a group of a size, all added by Alice."""
    room = HubRoom(suite, **settings)
    people = room.enter(*NAMES[:size])
    room.is_founded(people[0])
    if size > 1:
        people[0].commits(add=people[1:])
        room.follow(people[0].group)
    return (room, *people)


def with_handshake(person: Person, handshake: WireFormat) -> None:
    """Let somebody send handshakes in another way from now on."""
    person.group = person.group.with_settings(Settings(handshake=handshake))


# What somebody sends who keeps to no rule


def forged(
    group: Group,
    sent: Proposal,
    *,
    leaf: int | None = None,
    kind: ContentType = ContentType.PROPOSAL,
    aad: bytes = b"",
    signer: Any = None,
    plaintext: bytes | None = None,
    key: bytes | None = None,
    partial: bytes | None = None,
    tbs_hash: bytes | None = None,
    told: dict[str, Any] | None = None,
    seal: Any = None,
    listed: Any = None,
) -> bytes:
    """Return a semi-private message with a proposal, genuine but for what is given.

    Args:
        group: The sender's.
        sent: The proposal.
        leaf: The leaf in whose name it is sent.
        kind: The content type.
        aad: Authenticated data.
        signer: What it is signed with.
        plaintext: What is encrypted.
        key: What the content is encrypted with.
        partial: The partial_context_hash.
        tbs_hash: The framed_content_tbs_hash.
        told: Changes of what the receivers are told.
        seal: From an ExternalReceiver and what it would be told to its HPKECiphertext.
        listed: From the keys for external receivers to others.
    """
    suite, context = group.suite, group.context
    place = group.leaf_index if leaf is None else leaf
    _, generation, taken = group.message_keys.next_key(place, RatchetKind.HANDSHAKE)
    content = FramedContent(context.group_id, context.epoch, MemberSender(place), aad, sent)
    tbs = encode(FramedContentTBS(SEMI, content, context))
    signature = suite.sign_with_label(signer or group.signer, b"FramedContentTBS", tbs)
    if plaintext is None:
        plaintext = encode(PrivateProposal(sent, FramedContentAuthData(signature), 0))
    given = PerMessageKeyAndNonces(taken.key, taken.nonce, bytes(4), place)
    if partial is None:
        partial = partial_context_hash(suite, place, taken.nonce.reveal())
    where = encode(SemiPrivateMessageContext(context.group_id, context.epoch, partial))
    said = encode(replace(given, **(told or {})))

    def sealed(at: ExternalReceiver) -> HPKECiphertext:
        if seal is not None:
            return seal(at, said)
        public = at.external_receiver_public_key
        return HPKECiphertext(
            *suite.encrypt_with_label(public, RECEIVER_LABEL, where, said, ENTROPY.fork(b"seal"))
        )

    keys = tuple(
        KeyForExternalReceiver(receiver_ref(suite, at), sealed(at)) for at in named_in(group)
    )
    bound = SemiPrivateContentAAD(
        context.group_id,
        context.epoch,
        kind,
        aad,
        partial,
        keys if listed is None else tuple(listed(keys)),
        tbs_hash or framed_content_tbs_hash(suite, content, context),
    )
    ciphertext = suite.aead_seal(
        key or taken.key.reveal(), taken.nonce.reveal(), encode(bound), plaintext
    )
    of_sender = sender_data_key(suite, group.secrets.sender_data_secret, ciphertext)
    data = suite.aead_seal(
        of_sender.key.reveal(),
        of_sender.nonce.reveal(),
        encode(bound, SenderDataAAD),
        encode(SenderData(place, generation, bytes(4))),
    )
    fields = {field.name: getattr(bound, field.name) for field in attrs.fields(type(bound))}
    message = SemiPrivateMessage(**fields, encrypted_sender_data=data, ciphertext=ciphertext)
    return encode(MLSMessage(message))


def named_in(group: Group) -> Iterable[ExternalReceiver]:
    """Return the external receivers of a group, whether or not it has agreed on them."""
    return external_receivers(group.extensions)


def group_info_with(group: Group, extensions: Extensions) -> bytes:
    """Return a group info whose group context has other extensions."""
    context = replace(group.context, extensions=extensions)
    tree = Extension(ExtensionType.RATCHET_TREE, group.ratchet_tree)
    state = group.state
    info = sign_group_info(
        group.suite, context, (tree,), state.confirmation_tag, group.leaf_index, group.signer
    )
    return encode(MLSMessage(info))


def refuses(who: Group | PublicGroup, wire: bytes, kind: type[MimiError], **where: object) -> None:
    """Check that somebody refuses octets and is as before."""
    before = whole(who)
    with refused_by(kind, **where):
        who.receive(wire, now=NOW)
    assert whole(who) == before
