"""Semi-private messages: genuine ones, and what a member could send who keeps to no rule."""

from collections.abc import Callable, Iterator

import attrs

from mimi.codec import encode, replace
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls.codepoints import ContentType
from mimi.mls.components import REQUIRED_WIRE_FORMATS, ComponentID
from mimi.mls.context import GroupContext
from mimi.mls.external_receivers import (
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceiver,
    external_receivers,
    receiver_ref,
    with_receivers,
)
from mimi.mls.framing import (
    CommitAuthData,
    FramedContent,
    FramedContentAuthData,
    FramedContentTBS,
    MemberSender,
    PrivateApplication,
    PrivateCommit,
    PrivateProposal,
    SenderData,
    SenderDataAAD,
)
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppEphemeral, Commit, Proposal, Remove
from mimi.mls.protect import SIGNATURE_LABEL, sender_data_key
from mimi.mls.secrets import RatchetKind, SecretTree
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
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extensions
from mimi.tree.math import LeafIndex
from mimi.tree.path import HPKECiphertext
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.generate.mls_data import group_context
from mimi.vectors.generate.mls_keys import changed
from mimi.vectors.generate.mls_leaves import signed_leaf
from mimi.vectors.generate.written import Vector

SEMI = MLS_SEMIPRIVATE_MESSAGE
SENDER = LeafIndex(1)

HUB, ARCHIVE = b"mimi://hub.example", b"mimi://archive.example"

_Listed = tuple[KeyForExternalReceiver, ...]


@attrs.frozen
class Epoch:
    """An epoch of a group, with all its secrets.

    Attributes:
        suite: The cipher suite.
        entropy: The source of randomness.
        context: The group context.
        tree: The ratchet tree: leaf 2 is blank.
        signers: The members' keys, by their leaves.
        receivers: The private keys of those who could be external receivers.
        sender_data_secret: That of the epoch.
        encryption_secret: That of the epoch.
    """

    suite: Suite
    entropy: SeededEntropy
    context: GroupContext
    tree: RatchetTree
    signers: dict[int, SignaturePrivateKey]
    receivers: tuple[HPKEPrivateKey, ...]
    sender_data_secret: Secret
    encryption_secret: Secret

    @classmethod
    def made(cls, suite: Suite, entropy: SeededEntropy) -> "Epoch":
        """Return a group of three with two external receivers."""
        first, signer = signed_leaf(suite, entropy)
        tree, signers = RatchetTree.of_leaf(suite, first), {0: signer}
        for _ in range(3):
            leaf, signer = signed_leaf(suite, entropy)
            tree, index = tree.add(leaf)
            signers[index] = signer
        tree = tree.remove(LeafIndex(2))
        keys = tuple(suite.generate_key_pair(entropy) for _ in range(3))
        named = [
            ExternalReceiver(key.public, BasicCredential(name))
            for key, name in zip(keys, (HUB, ARCHIVE), strict=False)
        ]
        extensions = with_receivers((), named)
        context = replace(group_context(suite, entropy, extensions), tree_hash=tree.tree_hash)
        secrets = Secret(entropy(suite.nh)), Secret(entropy(suite.nh))
        return cls(suite, entropy, context, tree, signers, keys, *secrets)

    def with_extensions(self, extensions: Extensions) -> "Epoch":
        """Return the epoch of a group that has agreed on something else."""
        return attrs.evolve(self, context=replace(self.context, extensions=extensions))


@attrs.frozen
class Sent:
    """What is sent, genuine but for what is given.

    Attributes:
        said: The proposal, the commit or the application data.
        aad: Authenticated data.
        leaf: The leaf in whose name it is sent.
        signer: The leaf whose key signs it.
        padding: The octets behind the content.
        key: From the key of the content to the one that is used.
        partial: From the partial_context_hash to the one that is named.
        tbs_hash: From the framed_content_tbs_hash to the one that is named.
        told: From what receivers are told to what each is, by its place.
        listed: From the keys for receivers to those that are sent.
        ended: From the ciphertext and the sender data to those that are sent.
    """

    said: Proposal | Commit | bytes
    aad: bytes = b""
    leaf: int = SENDER
    signer: int = SENDER
    padding: bytes = b""
    key: Callable[[bytes], bytes] = bytes
    partial: Callable[[bytes], bytes] = bytes
    tbs_hash: Callable[[bytes], bytes] = bytes
    told: Callable[[int, PerMessageKeyAndNonces], PerMessageKeyAndNonces | bytes] = (
        lambda _, given: given
    )
    listed: Callable[[_Listed], _Listed] = lambda keys: keys
    ended: Callable[[bytes, bytes], tuple[bytes, bytes]] = lambda *both: both


def sent(at: Epoch, how: Sent) -> tuple[bytes, bytes]:
    """Return an encoded MLSMessage with a semi-private message, and the FramedContent in it."""
    suite, context, leaf = at.suite, at.context, LeafIndex(how.leaf)
    content = FramedContent(context.group_id, context.epoch, MemberSender(leaf), how.aad, how.said)
    secrets = SecretTree(suite, at.tree.leaf_count, at.encryption_secret)
    _, generation, taken = secrets.next_key(leaf, RatchetKind.HANDSHAKE)
    guard = at.entropy(4)
    given = PerMessageKeyAndNonces(taken.key, taken.nonce, guard, leaf)
    partial = how.partial(partial_context_hash(suite, leaf, taken.nonce.reveal()))
    bound = SemiPrivateContentAAD(
        context.group_id,
        context.epoch,
        _kind_of(how.said),
        how.aad,
        partial,
        how.listed(_keys(at, how, given, partial)),
        how.tbs_hash(framed_content_tbs_hash(suite, content, context)),
    )
    nonce = bytes(
        a ^ b for a, b in zip(taken.nonce.reveal(), guard.ljust(suite.nn, b"\0"), strict=True)
    )
    plaintext = _plaintext(at, how, content) + how.padding
    ciphertext = suite.aead_seal(how.key(taken.key.reveal()), nonce, encode(bound), plaintext)
    of_sender = sender_data_key(suite, at.sender_data_secret, ciphertext)
    data = suite.aead_seal(
        of_sender.key.reveal(),
        of_sender.nonce.reveal(),
        encode(bound, SenderDataAAD),
        encode(SenderData(leaf, generation, guard)),
    )
    ciphertext, data = how.ended(ciphertext, data)
    head = (
        bound.group_id,
        bound.epoch,
        bound.content_type,
        bound.authenticated_data,
        bound.partial_context_hash,
        bound.keys_for_external_receivers,
        bound.framed_content_tbs_hash,
    )
    message = SemiPrivateMessage(*head, data, ciphertext)
    return encode(MLSMessage(message)), encode(content)


def _kind_of(said: Proposal | Commit | bytes) -> ContentType:
    if isinstance(said, bytes):
        return ContentType.APPLICATION
    return ContentType.COMMIT if isinstance(said, Commit) else ContentType.PROPOSAL


def _keys(at: Epoch, how: Sent, given: PerMessageKeyAndNonces, partial: bytes) -> _Listed:
    """Return the keys for the external receivers."""
    context, made = at.context, list[KeyForExternalReceiver]()
    where = encode(SemiPrivateMessageContext(context.group_id, context.epoch, partial))
    for place, receiver in enumerate(external_receivers(context.extensions)):
        told = how.told(place, given)
        sealed = at.suite.encrypt_with_label(
            receiver.external_receiver_public_key,
            RECEIVER_LABEL,
            where,
            told if isinstance(told, bytes) else encode(told),
            at.entropy,
        )
        named = receiver_ref(at.suite, receiver)
        made.append(KeyForExternalReceiver(named, HPKECiphertext(*sealed)))
    return tuple(made)


def _plaintext(at: Epoch, how: Sent, content: FramedContent) -> bytes:
    tbs = encode(FramedContentTBS(SEMI, content, at.context))
    signature = at.suite.sign_with_label(at.signers[how.signer], SIGNATURE_LABEL, tbs)
    said = how.said
    if isinstance(said, Commit):
        tag = bytes(at.suite.nh)  # whether it is right, only who follows the commit can say
        return encode(PrivateCommit(said, CommitAuthData(signature, tag), 0))
    if isinstance(said, bytes):
        return encode(PrivateApplication(said, FramedContentAuthData(signature), 0))
    return encode(PrivateProposal(said, FramedContentAuthData(signature), 0))


# Cases

REMOVE = Remove(LeafIndex(3))
NOTE = AppEphemeral(ComponentID(0x8001), b"a note")

Rules = tuple[str | None, ...]


def semi_private(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield semi-private messages, as members and external receivers see them."""
    at = Epoch.made(suite, entropy)
    for what, how in _genuine():
        yield _case(at, f"valid: {what}", how)
    for what, how, member, receivers in _forged(at):
        yield _case(at, f"refused: {what}", how, member, receivers)
    yield from _not_agreed(at)
    yield from _cut(at)


def _case(
    at: Epoch,
    description: str,
    how: Sent,
    member: str | None = None,
    receivers: Rules = (None, None),
    message: bytes | None = None,
) -> Vector:
    wire, content = sent(at, how)
    named = {
        each.external_receiver_public_key for each in external_receivers(at.context.extensions)
    }
    listed = []
    for place, key in enumerate(at.receivers):
        rule = (
            receivers[min(place, len(receivers) - 1)] if place < 2 or len(receivers) == 1 else None
        )
        opens = rule is None and key.public in named
        listed.append(
            {
                "private_key": key.reveal(),
                "content": content if opens else None,
                "rule": rule,
            }
        )
    return {
        "kind": "mls-extensions-semi-private",
        "description": description,
        "cipher_suite": at.suite.code,
        "group_context": encode(at.context),
        "ratchet_tree": at.tree.encode(),
        "sender_data_secret": at.sender_data_secret.reveal(),
        "encryption_secret": at.encryption_secret.reveal(),
        "message": message or wire,
        "content": None if member else content,
        "member_rule": member,
        "receivers": listed,
    }


def _genuine() -> Iterator[tuple[str, Sent]]:
    yield "a proposal", Sent(REMOVE)
    yield (
        "a proposal with authenticated data and padding",
        Sent(NOTE, b"in the clear", padding=bytes(100)),
    )
    yield "a commit", Sent(Commit((REMOVE, NOTE), None))
    yield "a commit without proposals", Sent(Commit((), None))
    yield "the member at leaf 3", Sent(NOTE, leaf=3, signer=3)
    yield "the keys for receivers in another order", Sent(NOTE, listed=lambda keys: keys[::-1])


Forged = tuple[str, Sent, str | None, Rules]


def _forged(at: Epoch) -> Iterator[Forged]:
    for what, how, rule in _SPOILED:
        yield what, how, rule, (rule, rule)
    what = "damaged sender data, which receivers do not read"
    yield what, Sent(REMOVE, ended=lambda c, d: (c, changed(d))), "sender-data", (None, None)
    rule = "semi-private-application"
    yield "application data", Sent(b"hello"), rule, (rule,)
    strange = bytes(at.suite.nh)
    for what, listed in (
        ("no keys for receivers", lambda _: ()),
        ("a receiver left out", lambda keys: keys[:1]),
        ("a receiver twice", lambda keys: (*keys, keys[0])),
        ("a receiver twice instead of another", lambda keys: (keys[0], keys[0])),
        (
            "a key for somebody else",
            lambda keys: (*keys, replace(keys[0], external_receiver_ref=strange)),
        ),
    ):
        yield what, Sent(REMOVE, listed=listed), "receiver-list", ("receiver-list",)
    for what, told, rule in _TOLD:
        yield f"a receiver is told {what}", Sent(REMOVE, told=_second(told)), None, (None, rule)
    rule, what = "receiver-keys", "a receiver's key is damaged before all is encrypted"
    yield what, Sent(REMOVE, listed=_second_damaged), None, (None, rule)
    what = "receivers are told each other's keys"
    yield what, Sent(REMOVE, listed=_exchanged), None, (rule, rule)


_SPOILED: tuple[tuple[str, Sent, str], ...] = (
    (
        "another hash of the content is named",
        Sent(REMOVE, tbs_hash=changed),
        "content-differs",
    ),
    (
        "another partial context hash is named",
        Sent(REMOVE, partial=changed),
        "partial-context-hash",
    ),
    ("signed by another member", Sent(REMOVE, signer=0), "message-signature"),
    ("in the name of a blank leaf", Sent(REMOVE, leaf=2), "unknown-sender"),
    ("padding that is not zeros", Sent(REMOVE, padding=b"\0\1"), "malformed"),
    (
        "encrypted with another key than that of the ratchet",
        Sent(REMOVE, key=changed),
        "content-decryption",
    ),
    (
        "a damaged ciphertext, whose beginning is the same",
        Sent(REMOVE, ended=lambda c, d: (c[:-1] + bytes((c[-1] ^ 1,)), d)),
        "content-decryption",
    ),
)
"""What member and receivers refuse for one rule."""

Telling = Callable[[PerMessageKeyAndNonces], PerMessageKeyAndNonces | bytes]


def _second(
    change: Telling,
) -> Callable[[int, PerMessageKeyAndNonces], PerMessageKeyAndNonces | bytes]:
    return lambda place, given: change(given) if place else given


_TOLD: tuple[tuple[str, Telling, str], ...] = (
    (
        "another key",
        lambda given: replace(given, key=Secret(changed(given.key.reveal()))),
        "content-decryption",
    ),
    (
        "another nonce",
        lambda given: replace(given, nonce=Secret(changed(given.nonce.reveal()))),
        "partial-context-hash",
    ),
    (
        "another reuse guard",
        lambda given: replace(given, reuse_guard=changed(given.reuse_guard)),
        "content-decryption",
    ),
    (
        "another sender",
        lambda given: replace(given, sender_leaf_index=LeafIndex(0)),
        "partial-context-hash",
    ),
    (
        "a key that is too short",
        lambda given: replace(given, key=Secret(given.key.reveal()[:-1])),
        "receiver-keys",
    ),
    ("something with an octet behind it", lambda given: encode(given) + b"\0", "malformed"),
)
"""What one of the receivers is told, and refuses."""


def _second_damaged(keys: _Listed) -> _Listed:
    sealed = keys[1].encrypted_keys_and_nonces
    damaged = HPKECiphertext(sealed.kem_output, changed(sealed.ciphertext))
    return keys[0], replace(keys[1], encrypted_keys_and_nonces=damaged)


def _exchanged(keys: _Listed) -> _Listed:
    first, second = keys
    return (
        replace(first, external_receiver_ref=second.external_receiver_ref),
        replace(second, external_receiver_ref=first.external_receiver_ref),
    )


def _not_agreed(at: Epoch) -> Iterator[Vector]:
    extensions, rule = at.context.extensions, "semi-private-not-agreed"
    for what, left in (
        (
            "a group that does not require the wire format",
            tuple(each for each in extensions if each.extension_type != REQUIRED_WIRE_FORMATS),
        ),
        (
            "a group without external receivers",
            tuple(each for each in extensions if each.extension_type == REQUIRED_WIRE_FORMATS),
        ),
        ("a group with an empty list of them", with_receivers((), ())),
    ):
        yield _case(at.with_extensions(left), f"refused: {what}", Sent(REMOVE), rule, (rule,))


def _cut(at: Epoch) -> Iterator[Vector]:
    good, _ = sent(at, Sent(REMOVE))
    for what, octets in (("an octet behind it", good + b"\0"), ("cut short", good[:-1])):
        yield _case(at, f"refused: {what}", Sent(REMOVE), "malformed", ("malformed",), octets)
