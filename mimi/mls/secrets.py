"""The secret tree: a key and a nonce for every message (RFC 9420 section 9).

::

                encryption_secret            derived on the way to a leaf, then dropped
               .--------+--------.
             left              right         what was not on the way stays
           .---+---.
         leaf     leaf
         |  |
         |  +-- application ratchet: secret[j] -> key[j], nonce[j], secret[j+1]
         +----- handshake ratchet

All values are immutable. Whoever takes a key gets the tree without it, and keeps that one only if
the message proves genuine: so a forged message costs the genuine one nothing.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

import attrs

from mimi.crypto import Secret, Suite
from mimi.mls.codepoints import ContentType
from mimi.mls.errors import (
    GenerationExhaustedError,
    GenerationTooFarError,
    KeyConsumedError,
    LeafOutsideError,
)
from mimi.tree import math
from mimi.tree.math import LeafIndex

LAST_GENERATION = (1 << 32) - 1


class RatchetKind(Enum):
    """Which of a sender's two ratchets."""

    HANDSHAKE = b"handshake"
    APPLICATION = b"application"

    @classmethod
    def of(cls, content_type: ContentType) -> "RatchetKind":
        """Return the ratchet that encrypts a type of content."""
        return cls.APPLICATION if content_type is ContentType.APPLICATION else cls.HANDSHAKE


@attrs.frozen
class Window:
    """How far messages of one sender may be out of order.

    Attributes:
        ahead: How many generations a single message may skip.
        kept: How many keys of skipped generations are kept for messages that come late.
    """

    ahead: int = attrs.field(default=1000, validator=attrs.validators.ge(0))
    kept: int = attrs.field(default=64, validator=attrs.validators.ge(0))


@attrs.frozen
class MessageKey:
    """The key and the nonce of one message, Nk and Nn octets."""

    key: Secret
    nonce: Secret


def _read_only(keys: Mapping[int, MessageKey]) -> Mapping[int, MessageKey]:
    return MappingProxyType(dict(keys))


@attrs.frozen
class Ratchet:
    """One hash ratchet (section 9.1).

    Attributes:
        suite: The cipher suite.
        secret: The ratchet secret of the next generation.
        generation: The next generation.
        skipped: The keys of earlier generations that no message has used yet.
    """

    suite: Suite
    secret: Secret
    generation: int = 0
    skipped: Mapping[int, MessageKey] = attrs.field(factory=dict, converter=_read_only)

    def next_key(self) -> tuple["Ratchet", int, MessageKey]:
        """Take the key of the next generation, for sending.

        Returns:
            The ratchet without it, the generation, and the key.

        Raises:
            GenerationExhaustedError: All 2^32 generations are used.
        """
        if self.generation > LAST_GENERATION:
            raise GenerationExhaustedError("the ratchet has used all its generations")
        key = self._key(self.secret, self.generation)
        following = self._following(self.secret, self.generation)
        ratchet = Ratchet(self.suite, following, self.generation + 1, self.skipped)
        return ratchet, self.generation, key

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
        skipped = dict(self.skipped)
        secret = self.secret
        for at in range(self.generation, generation):
            if generation - at <= window.kept:
                skipped[at] = self._key(secret, at)
            secret = self._following(secret, at)
        for old in sorted(skipped)[: max(len(skipped) - window.kept, 0)]:
            del skipped[old]
        taken, following = self._key(secret, generation), self._following(secret, generation)
        return Ratchet(self.suite, following, generation + 1, skipped), taken

    def _take_skipped(self, generation: int) -> tuple["Ratchet", MessageKey]:
        key = self.skipped.get(generation)
        if key is None:
            raise KeyConsumedError(
                f"generation {generation} is used or no longer kept", generation=generation
            )
        rest = {at: kept for at, kept in self.skipped.items() if at != generation}
        return Ratchet(self.suite, self.secret, self.generation, rest), key

    def _following(self, secret: Secret, generation: int) -> Secret:
        suite = self.suite
        octets = secret.reveal()
        return Secret(suite.derive_tree_secret(octets, b"secret", generation, suite.nh))

    def _key(self, secret: Secret, generation: int) -> MessageKey:
        suite, octets = self.suite, secret.reveal()
        return MessageKey(
            Secret(suite.derive_tree_secret(octets, b"key", generation, suite.nk)),
            Secret(suite.derive_tree_secret(octets, b"nonce", generation, suite.nn)),
        )


@attrs.frozen
class SenderRatchets:
    """The two ratchets of one sender."""

    handshake: Ratchet
    application: Ratchet

    @classmethod
    def of_leaf_secret(cls, suite: Suite, secret: Secret) -> "SenderRatchets":
        """Return the ratchets that start from the secret of a leaf of the secret tree."""
        return cls(*(_first_ratchet(suite, secret, kind) for kind in RatchetKind))

    def ratchet(self, kind: RatchetKind) -> Ratchet:
        """Return the ratchet of a kind."""
        return self.handshake if kind is RatchetKind.HANDSHAKE else self.application

    def with_ratchet(self, kind: RatchetKind, ratchet: Ratchet) -> "SenderRatchets":
        """Return the ratchets with one replaced."""
        if kind is RatchetKind.HANDSHAKE:
            return SenderRatchets(ratchet, self.application)
        return SenderRatchets(self.handshake, ratchet)


def _first_ratchet(suite: Suite, secret: Secret, kind: RatchetKind) -> Ratchet:
    return Ratchet(suite, Secret(suite.derive_secret(secret.reveal(), kind.value)))


@attrs.frozen
class Branch:
    """A node of the secret tree whose own secret is consumed: its two subtrees."""

    left: "Subtree"
    right: "Subtree"


Subtree: TypeAlias = Secret | Branch | SenderRatchets
"""A part of the secret tree: a secret from which all below follows, or what became of it."""


@attrs.frozen
class SecretTree:
    """The message keys of one epoch (section 9).

    Attributes:
        suite: The cipher suite.
        leaf_count: The number of leaves, as in the ratchet tree of the epoch.
        top: The secret of the root, or what became of it.

    Raises:
        TreeIndexError: *leaf_count* is not a power of two.
    """

    suite: Suite
    leaf_count: int
    top: Subtree

    def __attrs_post_init__(self) -> None:
        math.root(self.leaf_count)  # in another tree than a full one, leaves would share keys

    def next_key(self, leaf: LeafIndex, kind: RatchetKind) -> tuple["SecretTree", int, MessageKey]:
        """Take the next key of a leaf's ratchet, for sending.

        Returns:
            The tree without it, the generation, and the key.

        Raises:
            LeafOutsideError: The leaf is not in the tree.
            GenerationExhaustedError: All generations are used.
        """
        ratchets = self._ratchets(leaf)
        ratchet, generation, key = ratchets.ratchet(kind).next_key()
        return self._with(leaf, ratchets.with_ratchet(kind, ratchet)), generation, key

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
        ratchets = self._ratchets(leaf)
        ratchet, key = ratchets.ratchet(kind).take(generation, window)
        return self._with(leaf, ratchets.with_ratchet(kind, ratchet)), key

    def _ratchets(self, leaf: LeafIndex) -> SenderRatchets:
        if not 0 <= leaf < self.leaf_count:
            raise LeafOutsideError(f"leaf {leaf} is not in the secret tree", leaf=leaf)
        part, size = self.top, self.leaf_count
        while not isinstance(part, SenderRatchets):
            if isinstance(part, Secret):
                part = self._opened(part, size)
            else:
                size //= 2
                part = part.right if leaf & size else part.left
        return part

    def _opened(self, secret: Secret, size: int) -> Branch | SenderRatchets:
        """Return what follows from the secret of a subtree of *size* leaves."""
        if size == 1:
            return SenderRatchets.of_leaf_secret(self.suite, secret)
        suite, octets = self.suite, secret.reveal()
        left, right = (
            Secret(suite.expand_with_label(octets, b"tree", side, suite.nh))
            for side in (b"left", b"right")
        )
        return Branch(left, right)

    def _with(self, leaf: LeafIndex, ratchets: SenderRatchets) -> "SecretTree":
        top = self._replaced(self.top, self.leaf_count, leaf, ratchets)
        return SecretTree(self.suite, self.leaf_count, top)

    def _replaced(
        self, part: Subtree, size: int, leaf: LeafIndex, ratchets: SenderRatchets
    ) -> Subtree:
        if size == 1:
            return ratchets
        branch = self._opened(part, size) if isinstance(part, Secret) else part
        assert isinstance(branch, Branch)  # noqa: S101 - ratchets stand at leaves alone
        size //= 2
        if leaf & size:
            return Branch(branch.left, self._replaced(branch.right, size, leaf, ratchets))
        return Branch(self._replaced(branch.left, size, leaf, ratchets), branch.right)
