"""What members say: what they received, that they leave, that they can be added again."""

from collections.abc import Iterator

import attrs

from mimi.codec import encode, replace
from mimi.crypto import Entropy, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls.appack import AppAck, MessageRange
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    EARLIER_LAST_RESORT,
    ComponentID,
    dictionary,
)
from mimi.mls.framing import ExternalSenderIndex, NewMemberProposalSender
from mimi.mls.keypackage import sign_key_package
from mimi.mls.message import MLSMessage
from mimi.mls.proposal import AppDataUpdate, Remove, SelfRemove, UpdateData
from mimi.mls.sending import framed, wrapped
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extension,
    Extensions,
    ExternalSender,
    ExternalSenders,
    extension,
)
from mimi.tree.math import LeafIndex
from mimi.vectors.generate.mls_cast import Cast
from mimi.vectors.generate.mls_leaves import signed_leaf
from mimi.vectors.generate.mls_messages import Voice, member, spoiled
from mimi.vectors.generate.written import Vector

# AppAck

Ranges = list[tuple[int, int, int]]


def app_acks(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield what arrived, and what others say has."""
    del entropy  # nothing here is random
    for what, received, ranges, claims, missing in _received():
        yield _acked(suite, f"valid: {what}", received, ranges, claims, missing)
    received, ranges = {1: [0, 1]}, [(1, 0, 1)]
    good = encode(_ack([(1, 0, 5)]))
    for what, octets in (
        ("a range that ends before it begins", b"\x0c" + bytes(7) + b"\2" + bytes(3) + b"\1"),
        ("a claim that ends too early", good[:-1]),
        ("a claim with an octet behind it", good + b"\0"),
        ("half a range", b"\6" + bytes(6)),
        ("nothing at all", b""),
    ):
        yield _acked(suite, f"refused: {what}", received, ranges, [good, octets], None)


def _received() -> Iterator[tuple[str, dict[int, list[int]], Ranges, list[Ranges], Ranges]]:
    yield "nothing arrived, and nobody claims anything", {}, [], [], []
    yield "an AppAck without ranges", {1: [0]}, [(1, 0, 0)], [[]], []
    yield "all arrived", {1: [0, 1, 2]}, [(1, 0, 2)], [[(1, 0, 2)]], []
    yield (
        "messages that arrived in another order",
        {2: [3, 0, 2, 1], 0: [5, 4]},
        [(0, 4, 5), (2, 0, 3)],
        [[(0, 4, 5)], [(2, 1, 2)]],
        [],
    )
    yield (
        "gaps in what arrived",
        {1: [0, 2, 3, 7]},
        [(1, 0, 0), (1, 2, 3), (1, 7, 7)],
        [[(1, 0, 7)]],
        [(1, 1, 1), (1, 4, 6)],
    )
    yield "the end was dropped", {1: [0, 1]}, [(1, 0, 1)], [[(1, 0, 4)]], [(1, 2, 4)]
    yield "all of a sender was dropped", {1: [0]}, [(1, 0, 0)], [[(3, 0, 2)]], [(3, 0, 2)]
    yield from _claimed_oddly()


def _claimed_oddly() -> Iterator[tuple[str, dict[int, list[int]], Ranges, list[Ranges], Ranges]]:
    last = (1 << 32) - 1
    yield (
        "claims that overlap, touch and repeat",
        {1: [4]},
        [(1, 4, 4)],
        [[(1, 2, 3), (1, 0, 1)], [(1, 1, 6), (1, 1, 6), (1, 7, 7)]],
        [(1, 0, 3), (1, 5, 7)],
    )
    yield (
        "several senders, in any order",
        {0: [0], 5: [1]},
        [(0, 0, 0), (5, 1, 1)],
        [[(5, 0, 1), (0, 0, 1)], [(2, 9, 9)]],
        [(0, 1, 1), (2, 9, 9), (5, 0, 0)],
    )
    yield (
        "the greatest numbers there are",
        {last: [last]},
        [(last, last, last)],
        [[(last, 0, last)]],
        [(last, 0, last - 1)],
    )


def _ack(ranges: Ranges) -> AppAck:
    return AppAck(tuple(MessageRange(*each) for each in ranges))


def _acked(
    suite: Suite,
    description: str,
    received: dict[int, list[int]],
    ranges: Ranges,
    claims: list[Ranges] | list[bytes],
    missing: Ranges | None,
) -> Vector:
    names = "sender", "first_generation", "last_generation"
    return {
        "kind": "mls-extensions-app-ack",
        "description": description,
        "cipher_suite": suite.code,
        "received": [{"sender": at, "generations": each} for at, each in received.items()],
        "app_ack": encode(_ack(ranges)),
        "claims": [each if isinstance(each, bytes) else encode(_ack(each)) for each in claims],
        "lost": None
        if missing is None
        else [dict(zip(names, each, strict=True)) for each in missing],
        "rule": "malformed" if missing is None else None,
    }


# SelfRemove


def self_removes(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield members who leave, and others who cannot."""
    cast = Cast(suite, entropy)
    outside = suite.generate_signature_key(entropy)
    named = ExternalSender(outside.public, BasicCredential(b"mimi://hub.example"))
    senders = extension(ExtensionType.EXTERNAL_SENDERS, (named,), ExternalSenders)
    cast.gather(5, (senders, dictionary({})))
    cast.commit(0, lambda group: group.commit(now=0, remove=[LeafIndex(3)]))
    info, key = cast.members[0].group_info(), cast.members[0].secrets.membership_key.reveal()
    for each in (*_leaves(cast), *_refused_leaves(cast, outside)):
        leaf, reference = each.taken or (None, None)
        yield {
            "kind": "mls-extensions-self-remove",
            "description": f"{'valid' if each.taken else 'refused'}: {each.what}",
            "cipher_suite": suite.code,
            "group_info": info,
            "pending": list(each.pending),
            "message": each.message,
            "membership_key": key,
            "leaf_index": leaf,
            "proposal_ref": reference,
            "rule": each.rule,
            "member_rule": each.member_rule or each.rule,
        }


@attrs.frozen
class Leaving:
    """A message, and whether it is a SelfRemove that is taken along.

    Attributes:
        what: What is remarkable.
        message: The message.
        taken: The leaf and the reference; None where it is refused.
        pending: What was proposed before.
        rule: What is broken, as joiners see it.
        member_rule: What is broken that only members see.
    """

    what: str
    message: bytes
    taken: tuple[int, bytes] | None = None
    pending: tuple[bytes, ...] = ()
    rule: str | None = None
    member_rule: str | None = None


def _leaves(cast: Cast) -> Iterator[Leaving]:
    suite, me = cast.suite, SelfRemove()
    alice, bob, carol = (Voice.of(cast.members[at]) for at in range(3))
    wire, reference = bob.said(suite, me)
    yield Leaving("a member leaves", wire, (1, reference))
    again, other = bob.said(suite, me, b"good-bye")
    yield Leaving("a member leaves, with authenticated data", again, (1, other))
    founder, first = alice.said(suite, me)
    yield Leaving("the member at leaf 0 leaves", founder, (0, first))
    yield Leaving("another member leaves as well", founder, (0, first), (wire,))
    yield Leaving("the same message again", wire, (1, reference), (wire,))
    remove, _ = carol.said(suite, Remove(LeafIndex(1)))
    yield Leaving("somebody proposes to remove it, too", wire, (1, reference), (remove,))
    wrong, _ = bob.said(suite, me, tag=bytes(suite.nh))
    yield Leaving("the membership tag is wrong", wrong, member_rule="membership-tag")
    rule = "repeated-self-remove"
    yield Leaving("a second one in the epoch", again, pending=(wire,), rule=rule)


def _refused_leaves(cast: Cast, outside: SignaturePrivateKey) -> Iterator[Leaving]:
    suite, group, me = cast.suite, cast.members[1], SelfRemove()
    bob = Voice.of(group)
    _, private = wrapped(group, framed(group, me, b"", WireFormat.MLS_PRIVATE_MESSAGE))
    yield Leaving("a private message", private, rule="self-remove-framing")
    for what, proposal in (
        ("a Remove of its sender", Remove(LeafIndex(1))),
        ("a Remove of another", Remove(LeafIndex(2))),
        ("an AppDataUpdate", AppDataUpdate(ComponentID(1), UpdateData(b"\0"))),
    ):
        wire, _ = bob.said(suite, proposal)
        yield Leaving(f"{what}, no SelfRemove", wire, rule="unexpected-message")
    for sender, signer, what, rule in (
        (ExternalSenderIndex(0), outside, "an external sender", "self-remove-sender"),
        (NewMemberProposalSender(), outside, "a client to be added", "self-remove-sender"),
        (member(3), None, "a leaf that is blank", "unknown-sender"),
        (member(99), None, "a leaf outside of the tree", "unknown-sender"),
        (member(2), None, "another member, who did not sign it", "message-signature"),
    ):
        wire, _ = Voice.of(group, sender, signer).said(suite, me)
        yield Leaving(f"a SelfRemove of {what}", wire, rule=rule)
    signed = spoiled(bob.signed(suite, bob.content(me)))
    rule = "message-signature"
    yield Leaving("a damaged signature", bob.wrapped(suite, signed), rule=rule)
    for epoch in (group.epoch - 1, group.epoch + 1):
        wire, _ = bob.said(suite, me, epoch=epoch)
        yield Leaving(f"a SelfRemove of epoch {epoch}", wire, rule="wrong-epoch")
    wire, _ = bob.said(suite, me, group_id=b"another")
    yield Leaving("another group", wire, rule="wrong-group")
    wire, _ = bob.said(suite, me)
    yield Leaving("an octet behind it", wire + b"\0", rule="malformed")
    yield Leaving("cut short", wire[:-1], rule="malformed")


# Last-resort key packages


def last_resorts(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield key packages."""
    earlier = Extension(EARLIER_LAST_RESORT, b"")
    good: tuple[tuple[str, Extensions, bool], ...] = (
        ("an ordinary key package", (), False),
        ("one of last resort", (dictionary({4: b""}),), True),
        (
            "one of last resort, with other components",
            (dictionary({2: b"", 4: b"", 5: b""}),),
            True,
        ),
        ("one with other components only", (dictionary({3: b"", 5: b"", 0x4A4A: b"?"}),), False),
        ("one of last resort by an earlier draft", (earlier,), True),
        ("one of last resort by both", (earlier, dictionary({4: b""})), True),
        ("one with an empty dictionary", (dictionary({}),), False),
    )
    for what, extensions, expected in good:
        yield _last_resort(suite, entropy, f"valid: {what}", extensions, last_resort=expected)
    of_leaf = "valid: one whose leaf has the component, which does not count there"
    yield _last_resort(suite, entropy, of_leaf, (), (dictionary({4: b""}),), last_resort=False)
    for what, octets in (
        ("the component twice", b"\6\0\4\0\0\4\0"),
        ("components that do not increase", b"\6\0\5\0\0\4\0"),
        ("a dictionary with an octet behind it", b"\3\0\4\0\0"),
    ):
        broken = (Extension(APP_DATA_DICTIONARY, octets),)
        yield _last_resort(suite, entropy, f"refused: {what}", broken, rule="malformed")
    what = "refused: the mark was added after signing"
    rule = "key-package-signature"
    yield _last_resort(suite, entropy, what, (), added=(dictionary({4: b""}),), rule=rule)
    for what, marked in (
        ("its component has data, which change nothing", dictionary({4: b"data"})),
        ("its extension has data, which change nothing", replace(earlier, extension_data=b"data")),
    ):
        valid = f"valid: one of last resort, and {what}"
        yield _last_resort(suite, entropy, valid, (marked,), last_resort=True)


def _last_resort(
    suite: Suite,
    entropy: Entropy,
    description: str,
    extensions: Extensions,
    of_leaf: Extensions = (),
    *,
    added: Extensions = (),
    last_resort: bool | None = None,
    rule: str | None = None,
) -> Vector:
    leaf, signer = signed_leaf(suite, entropy, of_leaf)
    init_key = suite.generate_key_pair(entropy)
    package = sign_key_package(suite, leaf, init_key, signer, extensions)
    if added:
        package = replace(package, extensions=added)
    return {
        "kind": "mls-extensions-last-resort",
        "description": description,
        "cipher_suite": suite.code,
        "key_package": encode(MLSMessage(package)),
        "last_resort": last_resort,
        "rule": rule,
    }
