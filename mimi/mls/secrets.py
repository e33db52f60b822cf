"""The secret tree: a key and a nonce for every message (RFC 9420 section 9).

::

                encryption_secret            derived on the way to a leaf, then dropped
               .--------+--------.
             left              right         what was not on the way stays: the frontier
           .---+---.
         leaf     leaf                       opened: a sender
         |  |
         |  +-- application ratchet: secret[j] -> key[j], nonce[j], secret[j+1]
         +----- handshake ratchet

Of the tree there is only its frontier, the secrets from which all unopened leaves follow, and
beside it the ratchets of the senders that were opened. Every leaf is below exactly one secret of
the frontier, or a sender.

All values are immutable. Whoever takes a key gets the tree without it, and keeps that one only if
the message proves genuine: so a forged message costs the genuine one nothing. Versions share what
they have in common, and `SecretTree.changes_since` says what they have not, for a storage that
keeps one row for each secret of the frontier and one for each sender.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

import attrs

from mimi.crypto import Secret, Suite
from mimi.errors import UsageError
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    GenerationExhaustedError,
    GenerationTooFarError,
    KeyConsumedError,
    LeafOutsideError,
)
from mimi.mls.frontier import without_leaf
from mimi.mls.numbermap import NumberMap
from mimi.mls.spans import Span, Spans, joined
from mimi.tree import math
from mimi.tree.math import LeafIndex, NodeIndex

LAST_GENERATION = (1 << 32) - 1


class SecretTreeError(UsageError):
    """Stored parts are no secret tree."""

    rule = "RFC 9420 section 9"


class RatchetKind(Enum):
    """Which of a sender's two ratchets."""

    HANDSHAKE = b"handshake"
    APPLICATION = b"application"

    @classmethod
    def of(cls, content_type: ContentType) -> "RatchetKind":
        """Return the ratchet that encrypts a type of content."""
        return cls.APPLICATION if content_type is ContentType.APPLICATION else cls.HANDSHAKE


def at_least(bound: int) -> Callable[[object, "attrs.Attribute[int]", int], None]:
    """Return the validator of a number that an application chooses.

    It raises:
        UsageError: The number is less than *bound*.
    """

    def check(_: object, field: "attrs.Attribute[int]", value: int) -> None:
        if value < bound:
            raise UsageError(f"{field.name} must be >= {bound}, not {value}")

    return check


@attrs.frozen
class Window:
    """How far messages of one sender may be out of order.

    A key that is kept for a message that never comes opens that message to whoever steals the
    state. The library has no clock, so that age is counted in generations: the sender's own
    messages are what makes a key old.

    Attributes:
        ahead: How many generations a single message may skip.
        kept: How many keys of skipped generations are kept for messages that come late.
        behind: How many generations older than the newest the keys that are kept may be. By
            default as many as *ahead*: a message is believed as late as it is believed early. A
            delivery service that lets a sender's next thousand messages of the same kind pass
            before has lost it.
    """

    ahead: int = attrs.field(default=1000, validator=at_least(0))
    kept: int = attrs.field(default=64, validator=at_least(0))
    behind: int = attrs.field(default=1000, validator=at_least(0))


@attrs.frozen
class MessageKey:
    """The key and the nonce of one message, Nk and Nn octets."""

    key: Secret
    nonce: Secret


def _plain(declaration: type[Any]) -> Any:
    """Return a class of the same slots, whose instances are filled and then made the real one.

    That costs a third of what the constructor of a frozen class does; see `mimi.codec.decoder`.
    """
    return type(f"Plain{declaration.__name__}", (), {"__slots__": declaration.__slots__})


NOTHING_SKIPPED: Mapping[int, MessageKey] = MappingProxyType({})

MOST_FORGOTTEN = 256
"""How many ranges of generations a ratchet tells apart that no message has used nor can use."""


@attrs.frozen(init=False, weakref_slot=False)
class Ratchet:
    """One hash ratchet (section 9.1).

    Attributes:
        suite: The cipher suite.
        secret: The ratchet secret of the next generation.
        generation: The next generation.
        skipped: The keys of earlier generations that no message has used yet, oldest first.
        forgotten: Earlier generations that no message has used and whose keys are no longer kept:
            messages that are lost. Beyond `MOST_FORGOTTEN` ranges the oldest count as one, with
            what is between them.
    """

    suite: Suite
    secret: Secret
    generation: int
    skipped: MappingProxyType[int, MessageKey]
    forgotten: Spans

    def __init__(
        self,
        suite: Suite,
        secret: Secret,
        generation: int = 0,
        skipped: Mapping[int, MessageKey] = NOTHING_SKIPPED,
        forgotten: Spans = (),
    ) -> None:
        in_order = MappingProxyType({at: skipped[at] for at in sorted(skipped)})
        self.__attrs_init__(suite, secret, generation, in_order, forgotten)

    def _at(
        self,
        generation: int,
        secret: Secret,
        skipped: MappingProxyType[int, MessageKey],
        forgotten: Spans,
    ) -> "Ratchet":
        """Return the ratchet at another generation; *skipped* is shared, not copied."""
        plain = _PlainRatchet()
        plain.suite, plain.secret = self.suite, secret
        plain.generation, plain.skipped, plain.forgotten = generation, skipped, forgotten
        plain.__class__ = Ratchet
        ratchet: Ratchet = plain
        return ratchet

    def next_key(self) -> tuple["Ratchet", int, MessageKey]:
        """Take the key of the next generation, for sending.

        Returns:
            The ratchet without it, the generation, and the key.

        Raises:
            GenerationExhaustedError: All 2^32 generations are used.
        """
        generation = self.generation
        if generation > LAST_GENERATION:
            raise GenerationExhaustedError("the ratchet has used all its generations")
        key, following = _derived(self.suite, self.secret, generation)
        return self._at(generation + 1, following, self.skipped, self.forgotten), generation, key

    def take(self, generation: int, window: Window) -> tuple["Ratchet", MessageKey]:
        """Take the key of any generation, for receiving.

        Returns:
            The ratchet without it, and the key.

        Raises:
            KeyConsumedError: It was taken before, or is too old to be kept.
            GenerationTooFarError: It is more than the window ahead.
        """
        if generation < self.generation:
            return self._take_skipped(generation)
        if generation - self.generation > window.ahead:
            raise GenerationTooFarError(
                f"generation {generation} is over {window.ahead} ahead of {self.generation}",
                generation=generation,
            )
        secret, skipped, forgotten = self._skip_to(generation, window)
        key, following = _derived(self.suite, secret, generation)
        return self._at(generation + 1, following, skipped, forgotten), key

    def _take_skipped(self, generation: int) -> tuple["Ratchet", MessageKey]:
        rest = self.skipped.copy()
        key = rest.pop(generation, None)
        if key is None:
            raise KeyConsumedError(
                f"generation {generation} is used or no longer kept", generation=generation
            )
        skipped = MappingProxyType(rest)
        return self._at(self.generation, self.secret, skipped, self.forgotten), key

    def _skip_to(
        self, generation: int, window: Window
    ) -> tuple[Secret, MappingProxyType[int, MessageKey], Spans]:
        """Return the secret of a generation; what is kept and what is forgotten once it is taken.

        What is forgotten is older than all that is kept, whatever the windows were, so that it
        follows on what was forgotten before.
        """
        secret, skipped, suite = self.secret, self.skipped, self.suite
        oldest = generation - window.behind
        if generation == self.generation and (
            not skipped or (len(skipped) <= window.kept and next(iter(skipped)) >= oldest)
        ):
            return secret, skipped, self.forgotten
        new: dict[int, MessageKey] = {}
        first = min(generation, max(self.generation, oldest, generation - window.kept))
        for at in range(self.generation, first):
            secret = Secret(suite.derive_tree_secret(secret.reveal(), b"secret", at, suite.nh))
        for at in range(first, generation):
            new[at], secret = _derived(suite, secret, at)
        old = [at for at in skipped if at >= oldest]
        surplus = max(len(old) + len(new) - window.kept, 0)
        kept = {at: skipped[at] for at in old[surplus:]}
        gone = [(at, at) for at in skipped if at not in kept]
        if first > self.generation:
            gone.append((self.generation, first - 1))
        return secret, MappingProxyType(kept | new), _with_forgotten(self.forgotten, gone)


def _with_forgotten(before: Spans, gone: list[Span]) -> Spans:
    if not gone:
        return before
    spans = joined((*before, *gone))
    surplus = len(spans) - MOST_FORGOTTEN
    return spans if surplus <= 0 else ((spans[0][0], spans[surplus][1]), *spans[surplus + 1 :])


_PlainRatchet = _plain(Ratchet)


def _derived(suite: Suite, secret: Secret, generation: int) -> tuple[MessageKey, Secret]:
    """Return the key of a generation, and the secret of the next one."""
    key, nonce, following = suite.derive_generation(secret.reveal(), generation)
    return MessageKey(Secret(key), Secret(nonce)), Secret(following)


@attrs.frozen
class SenderRatchets:
    """The two ratchets of one sender."""

    handshake: Ratchet
    application: Ratchet

    @classmethod
    def of_leaf_secret(cls, suite: Suite, secret: Secret) -> "SenderRatchets":
        """Return the ratchets that start from the secret of a leaf of the secret tree."""
        handshake, application = suite.derive_ratchets(secret.reveal())
        return cls(Ratchet(suite, Secret(handshake)), Ratchet(suite, Secret(application)))

    def ratchet(self, kind: RatchetKind) -> Ratchet:
        """Return the ratchet of a kind."""
        return self.handshake if kind is RatchetKind.HANDSHAKE else self.application

    def with_ratchet(self, kind: RatchetKind, ratchet: Ratchet) -> "SenderRatchets":
        """Return the ratchets with one replaced."""
        if kind is RatchetKind.HANDSHAKE:
            return SenderRatchets(ratchet, self.application)
        return SenderRatchets(self.handshake, ratchet)


@attrs.frozen
class TreeChanges:
    """What a secret tree has otherwise than an earlier one, each in increasing order.

    A storage with one row for each sender and each secret of the frontier writes `senders` and
    `added`, and erases `removed` and `forgotten`.

    Attributes:
        senders: The leaves of the senders that are new or whose ratchets changed.
        forgotten: Those of the senders that are gone: none where one tree follows from the other.
        added: The nodes of the secrets of the frontier that are new.
        removed: Those of the secrets of the frontier that are gone.
    """

    senders: tuple[LeafIndex, ...]
    forgotten: tuple[LeafIndex, ...]
    added: tuple[NodeIndex, ...]
    removed: tuple[NodeIndex, ...]


@attrs.frozen(init=False, weakref_slot=False)
class SecretTree:
    """The message keys of one epoch (section 9).

    Args:
        suite: The cipher suite.
        leaf_count: The number of leaves, as in the ratchet tree of the epoch.
        encryption_secret: The secret of the root.

    Attributes:
        suite: The cipher suite.
        leaf_count: The number of leaves.
        frontier: The secrets from which the unopened leaves follow, by their nodes.
        senders: The ratchets of the opened leaves.

    Raises:
        TreeIndexError: *leaf_count* is not a power of two.
    """

    suite: Suite
    leaf_count: int
    frontier: NumberMap[NodeIndex, Secret]
    senders: NumberMap[LeafIndex, SenderRatchets]

    def __init__(self, suite: Suite, leaf_count: int, encryption_secret: Secret) -> None:
        # in another tree than a full one, leaves would share keys: the root raises
        frontier = NumberMap.of_one(math.root(leaf_count), encryption_secret)
        self.__attrs_init__(suite, leaf_count, frontier, NumberMap({}))

    @classmethod
    def _of(
        cls,
        suite: Suite,
        leaf_count: int,
        frontier: NumberMap[NodeIndex, Secret],
        senders: NumberMap[LeafIndex, SenderRatchets],
    ) -> "SecretTree":
        plain = _PlainTree()
        plain.suite, plain.leaf_count = suite, leaf_count
        plain.frontier, plain.senders = frontier, senders
        plain.__class__ = cls
        tree: SecretTree = plain
        return tree

    @classmethod
    def restore(
        cls,
        suite: Suite,
        leaf_count: int,
        frontier: Mapping[NodeIndex, Secret],
        senders: Mapping[LeafIndex, SenderRatchets],
    ) -> "SecretTree":
        """Return the tree of stored parts.

        Args:
            suite: The cipher suite.
            leaf_count: The number of leaves, as in the ratchet tree of the epoch.
            frontier: What `frontier` was.
            senders: What `senders` was.

        Raises:
            TreeIndexError: *leaf_count* is not a power of two.
            SecretTreeError: Some leaf is below no part or below two, or a secret does not have Nh
                octets.
        """
        math.root(leaf_count)
        _check_tiling(leaf_count, frontier, senders)
        ratchets = (
            each for pair in senders.values() for each in (pair.handshake, pair.application)
        )
        for secret in (*frontier.values(), *(ratchet.secret for ratchet in ratchets)):
            if len(secret) != suite.nh:
                raise SecretTreeError(f"a secret of {len(secret)} octets", size=len(secret))
        return cls._of(suite, leaf_count, NumberMap.of(frontier), NumberMap.of(senders))

    def changes_since(self, before: "SecretTree") -> TreeChanges:
        """Return what is to be stored anew where *before* is stored.

        The cost depends on what has changed and hardly on the size of the tree. What two trees
        share is told by identity: of trees of which none follows from the other, all differs.
        """
        senders, forgotten = self.senders.changes_since(before.senders)
        added, removed = self.frontier.changes_since(before.frontier)
        return TreeChanges(senders, forgotten, added, removed)

    def next_key(self, leaf: LeafIndex, kind: RatchetKind) -> tuple["SecretTree", int, MessageKey]:
        """Take the next key of a leaf's ratchet, for sending.

        Returns:
            The tree without it, the generation, and the key.

        Raises:
            LeafOutsideError: The leaf is not in the tree.
            GenerationExhaustedError: All generations are used.
        """
        frontier, ratchets = self._reached(leaf)
        ratchet, generation, key = ratchets.ratchet(kind).next_key()
        return self._with(frontier, leaf, ratchets.with_ratchet(kind, ratchet)), generation, key

    def take(
        self, leaf: LeafIndex, kind: RatchetKind, generation: int, window: Window
    ) -> tuple["SecretTree", MessageKey]:
        """Take the key of a generation of a leaf's ratchet, for receiving.

        Returns:
            The tree without it, and the key.

        Raises:
            LeafOutsideError: The leaf is not in the tree.
            KeyConsumedError: The key was taken before, or is too old to be kept.
            GenerationTooFarError: It is more than the window ahead.
        """
        frontier, ratchets = self._reached(leaf)
        ratchet, key = ratchets.ratchet(kind).take(generation, window)
        return self._with(frontier, leaf, ratchets.with_ratchet(kind, ratchet)), key

    def next_generation(self, leaf: LeafIndex, kind: RatchetKind) -> int:
        """Return how many generations of a sender's ratchet were reached, in either direction."""
        ratchets = self.senders.find(leaf)
        return 0 if ratchets is None else ratchets.ratchet(kind).generation

    def _with(
        self, frontier: NumberMap[NodeIndex, Secret], leaf: LeafIndex, ratchets: SenderRatchets
    ) -> "SecretTree":
        senders = self.senders.with_entry(leaf, ratchets)
        return self._of(self.suite, self.leaf_count, frontier, senders)

    def _reached(self, leaf: LeafIndex) -> tuple[NumberMap[NodeIndex, Secret], SenderRatchets]:
        """Return the ratchets of a leaf, and the frontier of the tree in which it is open."""
        ratchets = self.senders.find(leaf)
        return (self.frontier, ratchets) if ratchets is not None else self._opened(leaf)

    def _opened(self, leaf: LeafIndex) -> tuple[NumberMap[NodeIndex, Secret], SenderRatchets]:
        """Return the ratchets of a leaf, and the frontier without the way to it (section 9.2)."""
        if not 0 <= leaf < self.leaf_count:
            raise LeafOutsideError(f"leaf {leaf} is not in the secret tree", leaf=leaf)
        depth = self.leaf_count.bit_length() - 1
        found = without_leaf(self.suite, self.frontier, leaf, depth)
        assert found is not None  # noqa: S101 - what is no sender is below the frontier
        return found[0], SenderRatchets.of_leaf_secret(self.suite, found[1])


_PlainTree = _plain(SecretTree)


def _check_tiling(
    leaf_count: int,
    frontier: Mapping[NodeIndex, Secret],
    senders: Mapping[LeafIndex, SenderRatchets],
) -> None:
    """Check that every leaf is below one secret of the frontier, or is a sender, and not both."""
    width = math.node_width(leaf_count)
    nodes = [*frontier, *map(math.node_of, senders)]
    for node in nodes:
        if not 0 <= node < width:
            raise SecretTreeError(f"node {node} is not in the secret tree", node=node)
    following = 0
    for below in sorted(map(math.leaves_below, nodes), key=lambda leaves: leaves.start):
        if below.start != following:
            leaf = min(below.start, following)
            raise SecretTreeError(f"there are no or two secrets for leaf {leaf}", leaf=leaf)
        following = below.stop
    if following != leaf_count:
        raise SecretTreeError(f"there is no secret for leaf {following}", leaf=following)
