"""Who has a key, and what the members have in common (RFC 9420 sections 7.3 and 12.4.2).

::

    encryption key      ->  the node, leaf or parent, that has it
    signature key       ->  the leaf that has it
    credential type     ->  how many members show a credential of that type
    list, code point    ->  how many members name it in that list of their capabilities

An index is a value, as the tree is. The index of a tree some changes later is derived at the cost
of those changes: keys and counts are in many small dicts, of which only the touched ones are
copied.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from operator import attrgetter
from typing import Generic, Literal, TypeAlias, TypeVar, cast

import attrs

from mimi.errors import InvalidError
from mimi.tree.errors import DuplicateEncryptionKeyError, DuplicateSignatureKeyError
from mimi.tree.leaf import LeafNode
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.node import ParentNode
from mimi.tree.shards import Shards

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
N = TypeVar("N", bound=LeafNode | ParentNode)

Listing: TypeAlias = Literal["extensions", "proposals", "credentials"]
"""A list of code points in `Capabilities`. What every leaf must list itself is not counted."""

Change: TypeAlias = tuple[int, LeafNode | ParentNode | None, LeafNode | ParentNode | None]
"""A position, and what it held before and holds after; None where it was or is blank."""

encryption_key_of: Callable[[LeafNode | ParentNode], bytes] = attrgetter("encryption_key")
signature_key_of: Callable[[LeafNode], bytes] = attrgetter("signature_key")

FULL = 32
"""How many entries a bucket has at most after a map was spread; half of that at least."""


class KeyMap(Generic[K, V]):
    """An immutable map in small dicts; the hash of a key says in which.

    With 256 of them for 8,000 entries, a change copies a tuple of 256 and a dict of 32. A map whose
    dicts are too full or too empty is spread anew before its next change, which no reader notices.
    """

    __slots__ = ("_buckets", "_length")

    def __init__(self, items: dict[K, V]) -> None:
        self._buckets: tuple[dict[K, V], ...] = (items,)
        self._length = len(items)

    @classmethod
    def _of(cls, buckets: tuple[dict[K, V], ...], length: int) -> "KeyMap[K, V]":
        made = cls.__new__(cls)
        made._buckets = buckets
        made._length = length
        return made

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._buckets)

    def items(self) -> Iterator[tuple[K, V]]:
        """Yield the keys with their values, in no order."""
        return chain.from_iterable(bucket.items() for bucket in self._buckets)

    def find(self, key: K) -> V | None:
        """Return the value of a key, None where there is none."""
        buckets = self._buckets
        return buckets[hash(key) & len(buckets) - 1].get(key)

    def find_first(self, keys: Iterable[K]) -> V | None:
        """Return the value of the first of *keys* that there is, None for none."""
        buckets, mask = self._buckets, len(self._buckets) - 1
        for key in keys:
            value = buckets[hash(key) & mask].get(key)
            if value is not None:
                return value
        return None

    def edit(self) -> "Edit[K, V]":
        """Return a copy to be changed."""
        width, fit = len(self._buckets), 1 << max(0, (self._length - 1) // FULL).bit_length()
        if fit >= 4 * width or width >= 4 * fit:
            self._spread(fit)
        return Edit(self)

    def moved(
        self, gone: Iterable[K], come: Iterable[tuple[K, V]]
    ) -> tuple["KeyMap[K, V]", tuple[V, V] | None]:
        """Return the map without the keys *gone* and with the entries *come*.

        Returns:
            The map; and where a key that comes is there already, its value and the new one, None
            otherwise.
        """
        edit = self.edit()
        before, copied = edit.before, edit.copied
        mask = len(before) - 1
        for key in gone:
            at = hash(key) & mask
            bucket = copied.get(at)
            if bucket is None:
                bucket = copied[at] = before[at].copy()
            del bucket[key]
        for key, value in come:
            at = hash(key) & mask
            bucket = copied.get(at)
            if bucket is None:
                bucket = copied[at] = before[at].copy()
            first = bucket.setdefault(key, value)
            if first is not value and first != value:
                return self, (first, value)
        return edit.done(), None

    def _spread(self, width: int) -> None:
        buckets: tuple[dict[K, V], ...] = tuple({} for _ in range(width))
        for bucket in self._buckets:
            for key, value in bucket.items():
                buckets[hash(key) & width - 1][key] = value
        self._buckets = buckets


class Edit(Generic[K, V]):
    """A changed copy of a map in the making: a bucket is copied when it is first touched."""

    __slots__ = ("before", "copied", "length")

    def __init__(self, base: KeyMap[K, V]) -> None:
        self.before = base._buckets
        self.copied: dict[int, dict[K, V]] = {}
        self.length = len(base)

    def bucket(self, key: K) -> dict[K, V]:
        """Return the dict in which a key is or would be, to be changed until the map is done."""
        at = hash(key) & len(self.before) - 1
        bucket = self.copied.get(at)
        if bucket is None:
            bucket = self.copied[at] = self.before[at].copy()
        return bucket

    def done(self) -> KeyMap[K, V]:
        """Return the changed map."""
        before, after, more = self.before, list(self.before), 0
        for at, bucket in self.copied.items():
            more += len(bucket) - len(before[at])
            after[at] = bucket
        return KeyMap._of(tuple(after), self.length + more)


Places: TypeAlias = KeyMap[bytes, int] | Shards[int]
"""From keys to where they are."""


@attrs.frozen(eq=False, repr=False)
class TreeIndex:
    """The keys of a tree and what its members support; see `RatchetTree.index`."""

    _nodes: Places
    _leaves: Places
    _types: Mapping[int, int]
    _listed: KeyMap[tuple[Listing, int], int]

    @classmethod
    def of(cls, nodes: Sequence[LeafNode | ParentNode | None]) -> "TreeIndex":
        """Return the index of the tree with these nodes, from left to right.

        Raises:
            DuplicateSignatureKeyError: Two leaves have one signature key.
            DuplicateEncryptionKeyError: Two nodes have one encryption key.
        """
        places = cast("Sequence[LeafNode | None]", nodes[0::2])
        leaves = [leaf for leaf in places if leaf is not None]
        signers = {leaf.signature_key: at for at, leaf in enumerate(places) if leaf is not None}
        if len(signers) != len(leaves):
            raise _same_signature_key(*_repeated(enumerate(places), signature_key_of))
        present = [node for node in nodes if node is not None]
        holders = {node.encryption_key: at for at, node in enumerate(nodes) if node is not None}
        if len(holders) != len(present):
            leaves_first = sorted(enumerate(nodes), key=lambda place: place[0] & 1)
            raise _same_encryption_key(*_repeated(leaves_first, encryption_key_of))
        types: Counter[int] = Counter([leaf.credential.tag for leaf in leaves])
        return cls(KeyMap(holders), KeyMap(signers), types, KeyMap(_tally(leaves)))

    def changed(self, changes: Sequence[Change]) -> "TreeIndex":
        """Return the index of the tree after *changes*, each to a position of its own.

        What leaves the tree is taken out before anything is put in, so that a key may move.

        Raises:
            DuplicateSignatureKeyError: A leaf comes with the signature key of another.
            DuplicateEncryptionKeyError: A node comes with the encryption key of another.
        """
        leaves = [(at >> 1, _leaf(old), _leaf(new)) for at, old, new in changes if not at & 1]
        signers = _moved(self._leaves, leaves, signature_key_of, _same_signature_key)
        holders = _moved(self._nodes, changes, encryption_key_of, _same_encryption_key)
        differing = [(old, new) for _, old, new in leaves if not _alike(old, new)]
        if not differing:
            return TreeIndex(holders, signers, self._types, self._listed)
        gone = [old for old, _ in differing if old is not None]
        come = [new for _, new in differing if new is not None]
        types = Counter(self._types)
        types.subtract([leaf.credential.tag for leaf in gone])
        types.update([leaf.credential.tag for leaf in come])
        listed = _recounted(self._listed, _tally(come), _tally(gone))
        return TreeIndex(holders, signers, +types, listed)

    # As it is stored

    @classmethod
    def stored(
        cls,
        nodes: Shards[int],
        leaves: Shards[int],
        types: Mapping[int, int],
        listed: Mapping[tuple[Listing, int], int],
    ) -> "TreeIndex":
        """Return an index from its parts: see `shards` and `counts`."""
        return cls(nodes, leaves, types, KeyMap(dict(listed)))

    @property
    def in_shards(self) -> bool:
        """Whether its keys are in shards."""
        return isinstance(self._nodes, Shards)

    def sharded(self) -> "TreeIndex":
        """Return the index with its keys in shards."""
        nodes, leaves = (
            places if isinstance(places, Shards) else Shards.of(places.items())
            for places in (self._nodes, self._leaves)
        )
        return TreeIndex(nodes, leaves, self._types, self._listed)

    @property
    def shards(self) -> tuple[Shards[int], Shards[int]]:
        """The nodes' encryption keys and the leaves' signature keys, where they are in shards."""
        nodes, leaves = self._nodes, self._leaves
        assert isinstance(nodes, Shards)  # noqa: S101 - the caller has looked
        assert isinstance(leaves, Shards)  # noqa: S101 - as said above
        return nodes, leaves

    @property
    def counts(self) -> tuple[Mapping[int, int], dict[tuple[Listing, int], int]]:
        """How many members show a credential of a type, and name a code point in a list."""
        return self._types, dict(self._listed.items())

    def has_counts_of(self, other: "TreeIndex") -> bool:
        """Return whether the counts are the same objects as another's."""
        return self._types is other._types and self._listed is other._listed

    @property
    def members(self) -> int:
        """The number of members."""
        return len(self._leaves)

    @property
    def credential_types(self) -> AbstractSet[int]:
        """The types of the members' credentials."""
        return self._types.keys()

    def encryption_keys(self) -> Iterator[bytes]:
        """Yield the encryption keys of all nodes, in no order."""
        return iter(self._nodes)

    def node_with(self, encryption_key: bytes) -> NodeIndex | None:
        """Return the node that has an encryption key, None where none has."""
        at = self._nodes.find(encryption_key)
        return None if at is None else NodeIndex(at)

    def first_with(self, encryption_keys: Iterable[bytes]) -> NodeIndex | None:
        """Return the node that has the first of the keys that any node has, None for none."""
        at = self._nodes.find_first(encryption_keys)
        return None if at is None else NodeIndex(at)

    def leaf_with(self, signature_key: bytes) -> LeafIndex | None:
        """Return the leaf that has a signature key, None where none has."""
        at = self._leaves.find(signature_key)
        return None if at is None else LeafIndex(at)

    def supporters(self, listing: Listing, code: int) -> int:
        """Return how many members name a code point in a list of their capabilities."""
        return self._listed.find((listing, code)) or 0

    def all_support(self, listing: Listing, codes: Iterable[int]) -> bool:
        """Return whether every member names every one of the code points in that list."""
        members = self.members
        return all(self.supporters(listing, code) == members for code in codes)


def _same_signature_key(first: int, second: int) -> InvalidError:
    return DuplicateSignatureKeyError(
        f"leaves {first} and {second} have one signature key", leaf=second
    )


def _same_encryption_key(first: int, second: int) -> InvalidError:
    return DuplicateEncryptionKeyError(
        f"nodes {first} and {second} have one encryption key", node=second
    )


def _repeated(
    places: Iterable[tuple[int, N | None]], key_of: Callable[[N], bytes]
) -> tuple[int, int]:
    """Return the first place whose key was seen before, behind the place where it was."""
    seen: dict[bytes, int] = {}
    keys = [(at, key_of(node)) for at, node in places if node is not None]
    return next((seen[key], at) for at, key in keys if seen.setdefault(key, at) != at)


def _moved(
    places: Places,
    changes: Iterable[tuple[int, N | None, N | None]],
    key_of: Callable[[N], bytes],
    error: Callable[[int, int], InvalidError],
) -> Places:
    """Return where the keys are after *changes*."""
    gone, come = [], []
    for at, old, new in changes:
        before = None if old is None else key_of(old)
        after = None if new is None else key_of(new)
        if before != after:
            if before is not None:
                gone.append(before)
            if after is not None:
                come.append((after, at))
    if not gone and not come:
        return places
    moved, clash = places.moved(gone, come)
    if clash is not None:
        raise error(*clash)
    return moved


def _leaf(node: LeafNode | ParentNode | None) -> LeafNode | None:
    return node if isinstance(node, LeafNode) else None


def _alike(old: LeafNode | None, new: LeafNode | None) -> bool:
    """Return whether what is counted of two leaves is the same."""
    if old is None or new is None:
        return old is new
    return old.capabilities == new.capabilities and old.credential.tag == new.credential.tag


def _tally(leaves: Iterable[LeafNode]) -> dict[tuple[Listing, int], int]:
    """Count in how many leaves each code point is listed.

    Leaves that share their lists, as those do that were decoded, are counted together. They are
    told by identity: the hash of a tuple of numbers is one that an attacker can choose.
    """
    every = [leaf.capabilities for leaf in leaves]
    lists = [(id(each.extensions), id(each.proposals), id(each.credentials)) for each in every]
    sharing = dict(zip(lists, every, strict=True))
    counts: dict[tuple[Listing, int], int] = {}
    for shared, times in Counter(lists).items():
        one = sharing[shared]
        each_list: tuple[tuple[Listing, tuple[int, ...]], ...] = (
            ("extensions", one.extensions),
            ("proposals", one.proposals),
            ("credentials", one.credentials),
        )
        for listing, codes in each_list:
            for code in frozenset(codes):  # one that is listed twice counts once
                counts[listing, code] = counts.get((listing, code), 0) + times
    return counts


def _recounted(
    counts: KeyMap[tuple[Listing, int], int],
    come: Mapping[tuple[Listing, int], int],
    gone: Mapping[tuple[Listing, int], int],
) -> KeyMap[tuple[Listing, int], int]:
    """Return the counts with some more and some less, without those that come to nothing."""
    edit = counts.edit()
    for code in come.keys() | gone.keys():
        more = come.get(code, 0) - gone.get(code, 0)
        if more:
            bucket = edit.bucket(code)
            bucket[code] = bucket.get(code, 0) + more
            if not bucket[code]:
                del bucket[code]
    return edit.done()
