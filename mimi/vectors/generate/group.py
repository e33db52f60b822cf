"""A group whose members are all in one place: what the trees of the vectors come from.

Nothing in a tree is made up: members join, leave, update and commit, and every private key and
path secret is kept with the members that know it.
"""

from collections.abc import Collection, Iterable, Mapping

import attrs

from mimi.codec import encode
from mimi.crypto import Entropy, Secret, SignaturePrivateKey, Suite, draw
from mimi.mls.context import GroupContext
from mimi.tree import math
from mimi.tree.extension import Extensions
from mimi.tree.leaf import LeafNode, LeafNodeContent, UpdateSource, sign_leaf
from mimi.tree.math import LeafIndex, NodeIndex
from mimi.tree.path import CreatedPath, create_update_path
from mimi.tree.private import PrivateTree
from mimi.tree.ratchet import RatchetTree
from mimi.vectors.generate.clients import ORDINARY, Client, Profile, new_client


@attrs.frozen
class Member:
    """A member with its private keys.

    Attributes:
        signer: Its key for signing.
        private: Its keys in the tree.
        path_secrets: The path secrets from which those above the leaf come.
    """

    signer: SignaturePrivateKey
    private: PrivateTree
    path_secrets: Mapping[NodeIndex, Secret]

    def remembering(self, tree: RatchetTree) -> "Member":
        """Return the member without what *tree* has made useless."""
        private = self.private.without_blanks(tree)
        secrets = {at: secret for at, secret in self.path_secrets.items() if at in private.keys}
        return Member(self.signer, private, secrets)

    def learning(self, created: CreatedPath) -> "Member":
        """Return the member after another one's commit: with the keys of the nodes they share."""
        me = math.node_of(self.private.leaf)
        shared = [node for node in created.path_secrets if math.is_below(me, node)]
        private = self.private.with_keys({node: created.private.keys[node] for node in shared})
        secrets = {node: created.path_secrets[node] for node in shared}
        learnt = Member(self.signer, private, {**self.path_secrets, **secrets})
        return learnt.remembering(created.tree)


@attrs.frozen
class Group:
    """A group as the sum of its members.

    Attributes:
        tree: The ratchet tree.
        members: From leaves to members.
        group_id: The group's identifier.
        epoch: How many commits there were.
        confirmed_transcript_hash: Random octets in its place: no tree depends on it.
        entropy: The source of all randomness.
        seen: How many clients have joined so far.
    """

    tree: RatchetTree
    members: Mapping[LeafIndex, Member]
    group_id: bytes
    epoch: int
    confirmed_transcript_hash: bytes
    entropy: Entropy
    seen: int = 1

    @classmethod
    def start(cls, suite: Suite, entropy: Entropy, profile: Profile = ORDINARY) -> "Group":
        """Return a group of one."""
        group_id = b"" if profile.is_bare else draw(entropy, 16)
        client = new_client(suite, entropy, 0, profile)
        tree = RatchetTree.of_leaf(suite, client.key_package.leaf_node)
        first = LeafIndex(0)
        return cls(tree, {first: _member(client, first)}, group_id, 0, b"", entropy)

    @classmethod
    def grown(
        cls, suite: Suite, entropy: Entropy, count: int, profile: Profile = ORDINARY
    ) -> "Group":
        """Return a group of *count* members, each of whom committed the addition of the next.

        That is ``get_tree(count)`` of the specification of the vectors.
        """
        group = cls.start(suite, entropy, profile)
        for leaf in range(count - 1):
            group = group.commit(leaf, add=1, profile=profile)
        return group

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self.tree.suite

    def context(self, tree_hash: bytes, extensions: Extensions = ()) -> GroupContext:
        """Return the group context of the current epoch with a tree hash."""
        head = self.suite.code, self.group_id, self.epoch
        return GroupContext(*head, tree_hash, self.confirmed_transcript_hash, extensions)

    def client(self, profile: Profile = ORDINARY) -> Client:
        """Return the client that would join next."""
        return new_client(self.suite, self.entropy, self.seen, profile)

    # Proposals

    def join(self, client: Client) -> tuple["Group", LeafIndex]:
        """Add a client; return its leaf beside the group."""
        tree, leaf = self.tree.add(client.key_package.leaf_node)
        members = {**self.members, leaf: _member(client, leaf)}
        return attrs.evolve(self, tree=tree, members=members, seen=self.seen + 1), leaf

    def add(self, count: int = 1, profile: Profile = ORDINARY) -> "Group":
        """Add new clients; without a commit they remain unmerged."""
        group = self
        for _ in range(count):
            group, _ = group.join(group.client(profile))
        return group

    def remove(self, leaves: Iterable[int]) -> "Group":
        """Remove members."""
        tree, members = self.tree, dict(self.members)
        for leaf in map(LeafIndex, leaves):
            tree = tree.remove(leaf)
            del members[leaf]
        return self._with_tree(tree, members)

    def updated_leaf(self, sender: int) -> tuple[LeafNode, PrivateTree]:
        """Return the leaf of an Update from a member, and its private key."""
        leaf = LeafIndex(sender)
        old, key = self.tree.member(leaf), self.suite.generate_key_pair(self.entropy)
        content = LeafNodeContent(
            key.public,
            old.signature_key,
            old.credential,
            old.capabilities,
            UpdateSource(),
            old.extensions,
        )
        signer = self.members[leaf].signer
        signed = sign_leaf(self.suite, content, signer, self.group_id, leaf)
        return signed, PrivateTree.of_leaf(leaf, key)

    def update(self, sender: int) -> "Group":
        """Give a member a new leaf, which blanks what is above it."""
        leaf = LeafIndex(sender)
        signed, private = self.updated_leaf(leaf)
        member = Member(self.members[leaf].signer, private, {})
        return self._with_tree(self.tree.update(leaf, signed), {**self.members, leaf: member})

    def _with_tree(self, tree: RatchetTree, members: Mapping[LeafIndex, Member]) -> "Group":
        kept = {leaf: member.remembering(tree) for leaf, member in members.items()}
        return attrs.evolve(self, tree=tree, members=kept)

    # Commits

    def path(self, sender: int, added: Collection[LeafIndex] = ()) -> CreatedPath:
        """Return an update path from a member."""
        leaf = LeafIndex(sender)
        return create_update_path(
            self.tree,
            leaf,
            self.tree.member(leaf),
            self.members[leaf].signer,
            self.group_id,
            lambda tree_hash: encode(self.context(tree_hash)),
            self.entropy,
            added=added,
        )

    def commit(
        self,
        sender: int,
        *,
        add: int = 0,
        remove: Iterable[int] = (),
        update: Iterable[int] = (),
        profile: Profile = ORDINARY,
    ) -> "Group":
        """Commit proposals with a path, in the order in which they are applied."""
        group = self
        for leaf in update:
            group = group.update(leaf)
        before = group.remove(remove)
        group = before.add(add, profile)
        added = [leaf for leaf in group.members if leaf not in before.members]
        created = group.path(sender, added)
        return group.merged(LeafIndex(sender), created)

    def merged(self, sender: LeafIndex, created: CreatedPath) -> "Group":
        """Return the group in the next epoch, in which all know what *created* tells them."""
        members = {leaf: member.learning(created) for leaf, member in self.members.items()}
        members[sender] = Member(self.members[sender].signer, created.private, created.path_secrets)
        confirmed = draw(self.entropy, self.suite.nh)
        return attrs.evolve(
            self,
            tree=created.tree,
            members=members,
            epoch=self.epoch + 1,
            confirmed_transcript_hash=confirmed,
        )


def _member(client: Client, leaf: LeafIndex) -> Member:
    return Member(client.signer, PrivateTree.of_leaf(leaf, client.leaf_key), {})
