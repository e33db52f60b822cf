"""Groups of members by mimi and by mls-rs; nothing but octets goes from one to another.

::

    Room      the members of one group; hands a message to all, compares what they derive
    Ours      a member by `mimi.mls`: Client and Group
    Theirs    a member by mls-rs

A member of either kind drafts a commit, which takes effect when it comes back.
"""

import time  # noqa: TID251 - mls-rs reads the clock by itself, so that ours must agree with it
from enum import Enum

import attrs
import mls_rs_uniffi as mls_rs

from mimi.mls import (
    ApplicationMessage,
    Client,
    CommitStaged,
    Held,
    OwnCommitConfirmed,
    OwnMessageEchoed,
    ProposalReceived,
    Settings,
)
from mimi.tree import BasicCredential

LABEL, CONTEXT = b"interop", b"a context"
SUITE = mls_rs.CipherSuite.CURVE25519_AES128
YEAR = 366 * 24 * 3600
"""The key packages of mls-rs last 365 days."""


def now() -> int:
    return int(time.time())


class Seen(Enum):
    """What a message was for a member; application data stand for themselves."""

    PROPOSAL = "proposal"
    EPOCH = "next epoch"
    REMOVED = "removed"
    ENDED = "reinitialised"
    ECHO = "own message"
    HELD = "not yet"


@attrs.frozen
class Sent:
    """A commit, what goes to those whom it adds, and the tree, where that goes by itself."""

    commit: bytes
    welcome: bytes | None
    tree: bytes | None = None


class Ours:
    """A member by mimi."""

    def __init__(self, name, *, capabilities=None, leaf_extensions=(), **settings):
        self.name = name
        self.client = Client.create(
            BasicCredential(name),
            capabilities=capabilities,
            leaf_extensions=leaf_extensions,
            settings=Settings(**{"maximum_lifetime": YEAR} | settings),
        )
        self.staged = None

    def create(self, group_id, **how):
        self.group = self.client.create_group(group_id, now=now(), **how)

    def key_package(self, **how):
        self.client, wire = self.client.key_package(now=now(), **how)
        return wire

    def join(self, welcome, tree=None):
        self.client, self.group = self.client.join(welcome, now=now(), tree=tree).accept()

    def join_externally(self, group_info, **how):
        """Return the commit, as if it had been taken already."""
        draft = self.client.join_externally(group_info, now=now(), **how)
        self.group = draft.accept()
        return draft.commit

    def receive(self, wire):
        step = self.group.receive(wire, now=now())
        (event,) = step.events
        match event:
            case CommitStaged():
                step = event.accept()
                self.staged, seen = event, Seen.REMOVED if event.removes_me else Seen.EPOCH
                if event.reinit is not None:
                    seen = Seen.ENDED
            case OwnCommitConfirmed():
                seen = Seen.EPOCH if step.group.reinit is None else Seen.ENDED
            case ApplicationMessage(data=seen):
                pass
            case ProposalReceived():
                seen = Seen.PROPOSAL
            case OwnMessageEchoed():
                seen = Seen.ECHO
            case Held():
                seen = Seen.HELD
        self.group = step.group
        return seen

    def draft(self, add=(), remove=(), **how):
        leaves = [self.leaf_of(other) for other in remove]
        draft = self.group.commit(now=now(), add=add, remove=leaves, **how)
        self.group = draft.hold()
        beside = None if self.group.settings.tree_in_welcome else draft.accept().ratchet_tree
        return Sent(draft.commit, draft.welcome, beside)

    def propose(self, operation, *args):
        """Propose by the method of `mimi.mls.Group` that *operation* names."""
        self.group, wire = getattr(self.group, f"propose_{operation}")(*args, now=now())
        return wire

    def propose_add(self, key_package):
        return self.propose("add", key_package)

    def propose_remove(self, other):
        return self.propose("remove", self.leaf_of(other))

    def say(self, data, aad=b""):
        self.group, wire = self.group.protect(data, aad)
        return wire

    def leaf_of(self, other):
        (leaf,) = (
            member.leaf_index
            for member in self.group.members
            if member.leaf_node.credential == BasicCredential(other.name)
        )
        return leaf

    def secret(self):
        return self.group.export(LABEL, CONTEXT, 32).reveal()

    def tree(self):
        return self.group.ratchet_tree


class Theirs:
    """A member by mls-rs."""

    def __init__(self, name, *, tree_in_welcome=True):
        self.name = name
        keys = mls_rs.generate_signature_keypair(SUITE)
        # Clients that share a store read each other's groups.
        store = mls_rs.client_config_default().group_state_storage
        self.client = mls_rs.Client(
            name,
            keys,
            mls_rs.ClientConfig(
                group_state_storage=store, use_ratchet_tree_extension=tree_in_welcome
            ),
        )

    def create(self, group_id):
        self.group = self.client.create_group(group_id)

    def key_package(self):
        return self.client.generate_key_package_message().to_bytes()

    def join(self, welcome, tree=None):
        beside = None if tree is None else mls_rs.RatchetTree(bytes=tree)
        self.group = self.client.join_group(beside, mls_rs.Message.from_bytes(welcome)).group

    def receive(self, wire):
        got = self.group.process_incoming_message(mls_rs.Message.from_bytes(wire))
        if got.is_application_message():
            return got.data
        if got.is_received_proposal():
            return Seen.PROPOSAL
        assert got.is_commit()
        if got.effect.is_removed():
            return Seen.REMOVED
        return Seen.ENDED if got.effect.is_re_init() else Seen.EPOCH

    def draft(self, add=(), remove=()):
        """Draft a commit, which covers all proposals that mls-rs has received as well."""
        if add:
            made = self.group.add_members([mls_rs.Message.from_bytes(wire) for wire in add])
        elif remove:
            made = self.group.remove_members([identity(other.name) for other in remove])
        else:
            made = self.group.commit()
        welcome, tree = made.welcome_message, made.ratchet_tree
        return Sent(
            made.commit_message.to_bytes(),
            None if welcome is None else welcome.to_bytes(),
            None if tree is None else tree.bytes,
        )

    def propose_add(self, key_package):
        (made,) = self.group.propose_add_members([mls_rs.Message.from_bytes(key_package)])
        return made.to_bytes()

    def propose_remove(self, other):
        (made,) = self.group.propose_remove_members([identity(other.name)])
        return made.to_bytes()

    def say(self, data):
        return self.group.encrypt_application_message(data).to_bytes()

    def secret(self):
        return self.group.export_secret(LABEL, CONTEXT, 32)

    def tree(self):
        return self.group.export_tree().bytes


def identity(name):
    """Return how mls-rs names a member: by its credential, whatever the key."""
    return Theirs(name).client.signing_identity()


class Room:
    """The members of one group."""

    def __init__(self, founder, *others, **how):
        founder.create(b"room", **how)
        self.members = [founder]
        if others:
            self.commit(founder, add=others)

    def hand(self, wire, by=None):
        """Hand a message to all but *by*, and return what it was for them."""
        return [member.receive(wire) for member in self.members if member is not by]

    def propose(self, by, wire):
        """Hand around a proposal."""
        assert set(self.hand(wire, by)) <= {Seen.PROPOSAL}

    def commit(self, by, *, add=(), joining=(), **how):
        """Let a member commit and everybody follow; return who leaves.

        Args:
            by: The committer.
            add: Whom it adds by value.
            joining: Whom it adds because somebody has proposed it.
            how: What else it does.
        """
        sent = by.draft(add=[other.key_package() for other in add], **how)
        left = self.follow(sent.commit)
        for other in (*joining, *add):
            other.join(sent.welcome, sent.tree)
            self.members.append(other)
        self.agree()
        return left

    def follow(self, commit):
        """Let everybody process a commit, its sender as well; return who leaves."""
        seen = dict(zip(self.members, self.hand(commit), strict=True))
        assert set(seen.values()) <= {Seen.EPOCH, Seen.REMOVED}
        left = [member for member in self.members if seen[member] is Seen.REMOVED]
        self.members = [member for member in self.members if member not in left]
        return left

    def agree(self):
        """Compare what the members derive: one exported secret, one encoded tree."""
        assert len({member.secret() for member in self.members}) == 1
        assert len({member.tree() for member in self.members}) == 1

    def talk(self):
        """Let every member say something, and everybody else read it."""
        for member in self.members:
            wire = member.say(b"this is " + member.name)
            assert set(self.hand(wire, member)) <= {b"this is " + member.name}
