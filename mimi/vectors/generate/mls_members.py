"""What members say: what they received, that they leave, that they can be added again."""

from collections.abc import Callable, Iterator

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
from mimi.mls.proposal import AppDataUpdate, Proposal, Remove, SelfRemove, UpdateData
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
    info = cast.members[0].group_info()
    bob = Voice.of(cast.members[1])

    def case(
        what: str,
        message: bytes,
        taken: tuple[int, bytes] | None = None,
        *,
        rule: str | None = None,
        member_rule: str | None = None,
        pending: tuple[bytes, ...] = (),
    ) -> Vector:
        return {
            "kind": "mls-extensions-self-remove",
            "description": f"{'refused' if taken is None else 'valid'}: {what}",
            "cipher_suite": suite.code,
            "group_info": info,
            "pending": list(pending),
            "message": message,
            "membership_key": bob.membership_key.reveal(),
            "leaf_index": taken and taken[0],
            "proposal_ref": taken and taken[1],
            "rule": rule,
            "member_rule": member_rule or rule,
        }

    def said(voice: Voice, proposal: Proposal, aad: bytes = b"", **changes: object) -> bytes:
        return voice.said(suite, proposal, aad, **changes)[0]  # type: ignore[arg-type]  # passed on

    me, first = SelfRemove(), bob.said(suite, SelfRemove())
    yield case("a member leaves", first[0], (1, first[1]))
    spoken = bob.said(suite, me, b"good-bye")
    yield case("a member leaves, with authenticated data", spoken[0], (1, spoken[1]))
    founder = Voice.of(cast.members[0]).said(suite, me)
    yield case("the member at leaf 0 leaves", founder[0], (0, founder[1]))
    yield case("another member leaves as well", founder[0], (0, founder[1]), pending=(first[0],))
    yield case("the same message again", first[0], (1, first[1]), pending=(first[0],))
    other = said(Voice.of(cast.members[2]), Remove(LeafIndex(1)))
    yield case("somebody proposes to remove it, too", first[0], (1, first[1]), pending=(other,))
    wrong = said(bob, me, tag=bytes(suite.nh))
    yield case("the membership tag is wrong", wrong, member_rule="membership-tag")
    second = "repeated-self-remove"
    yield case("a second one in the epoch", spoken[0], rule=second, pending=(first[0],))
    yield from _refused_leaves(suite, cast, case, said, outside)


Case = Callable[..., Vector]
Said = Callable[..., bytes]


def _refused_leaves(
    suite: Suite, cast: Cast, case: Case, said: Said, outside: SignaturePrivateKey
) -> Iterator[Vector]:
    group, me = cast.members[1], SelfRemove()
    bob = Voice.of(group)
    _, private = wrapped(group, framed(group, me, b"", WireFormat.MLS_PRIVATE_MESSAGE))
    yield case("a private message", private, rule="self-remove-framing")
    for what, proposal in (
        ("a Remove of its sender", Remove(LeafIndex(1))),
        ("a Remove of another", Remove(LeafIndex(2))),
        ("an AppDataUpdate", AppDataUpdate(ComponentID(1), UpdateData(b"\0"))),
    ):
        yield case(f"{what}, no SelfRemove", said(bob, proposal), rule="unexpected-message")
    for what, sender in (
        ("an external sender", ExternalSenderIndex(0)),
        ("a client that proposes its addition", NewMemberProposalSender()),
    ):
        voice = Voice.of(group, sender=sender, signer=outside)
        yield case(f"a SelfRemove of {what}", said(voice, me), rule="self-remove-sender")
    for what, leaf in (("that is blank", 3), ("outside of the tree", 99)):
        voice = Voice.of(group, sender=member(leaf))
        yield case(f"a SelfRemove of a leaf {what}", said(voice, me), rule="unknown-sender")
    rule = "message-signature"
    impostor = Voice.of(group, sender=member(2))
    yield case("a SelfRemove in the name of another member", said(impostor, me), rule=rule)
    signed = spoiled(bob.signed(suite, bob.content(me)))
    yield case("a damaged signature", bob.wrapped(suite, signed), rule=rule)
    for epoch in (group.epoch - 1, group.epoch + 1):
        yield case(f"a SelfRemove of epoch {epoch}", said(bob, me, epoch=epoch), rule="wrong-epoch")
    yield case("another group", said(bob, me, group_id=b"another"), rule="wrong-epoch")
    good = said(bob, me)
    for what, octets in (("an octet behind it", good + b"\0"), ("cut short", good[:-1])):
        yield case(what, octets, rule="malformed")


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
