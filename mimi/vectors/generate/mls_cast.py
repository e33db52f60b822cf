"""Groups whose members support all that the drafts define, and act in turn.

They are members of the public interface, each with a state of its own.
"""

from collections.abc import Callable, Iterable, Mapping

import attrs

from mimi.codec import encode
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, Suite
from mimi.mls import CommitStaged, Draft
from mimi.mls.appdata import Component
from mimi.mls.client import Client
from mimi.mls.codepoints import WireFormat
from mimi.mls.components import SUPPORTED_WIRE_FORMATS, ComponentID, dictionary
from mimi.mls.external_receivers import (
    MLS_SEMIPRIVATE_MESSAGE,
    ExternalReceiver,
)
from mimi.mls.group import Group
from mimi.mls.negotiation import MediaType, MediaTypeList, WireFormats
from mimi.mls.psk import ApplicationPSK
from mimi.mls.settings import Settings
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extensions, extension
from mimi.vectors.generate.clients import name_of
from mimi.vectors.generate.mls_leaves import all_capabilities

FOR_EVER = (1 << 64) - 1
PUBLIC, SEMI = WireFormat.MLS_PUBLIC_MESSAGE, MLS_SEMIPRIVATE_MESSAGE

READ = (MediaType(b"text/plain"), MediaType(b"application/mimi-content"))

SUPPORTED = (
    extension(SUPPORTED_WIRE_FORMATS, WireFormats((SEMI,))),
    dictionary({int(ComponentID.CONTENT_MEDIA_TYPES): encode(MediaTypeList(READ))}),
)
"""What their leaves say: which wire formats and media types they read."""


@attrs.define
class Cast:
    """The members of a group, and those who may still join.

    Attributes:
        suite: The cipher suite.
        entropy: The source of all randomness; every client forks it.
        components: What they know, by numbers.
        handshake: How they send handshakes.
        psks: What application PSKs they hold.
        members: From leaves to members.
        seen: How many clients there have been.
    """

    suite: Suite
    entropy: SeededEntropy
    components: Mapping[int, Component] = attrs.field(factory=dict)
    handshake: WireFormat = PUBLIC
    psks: Mapping[ApplicationPSK, Secret] = attrs.field(factory=dict)
    members: dict[int, Group] = attrs.field(factory=dict)
    seen: int = 0

    def client(self) -> Client:
        """Return a new client."""
        number, entropy = self.seen, self.entropy.fork(b"client %d" % self.seen)
        self.seen += 1
        client = Client.create(
            BasicCredential(f"mimi://a.example/d/{name_of(number)}".encode()),
            self.suite,
            capabilities=all_capabilities(self.suite.code),
            leaf_extensions=SUPPORTED,
            settings=Settings(
                handshake=self.handshake, maximum_lifetime=FOR_EVER, components=self.components
            ),
            entropy=entropy,
        )
        for psk, value in self.psks.items():
            client = client.with_psk(psk, value)
        return client

    def gather(self, size: int, extensions: Extensions = ()) -> None:
        """Let somebody create a group, and add others."""
        founder = self.client()
        self.members[0] = founder.create_group(
            self.entropy(16), now=0, extensions=extensions, lifetime=FOR_EVER
        )
        if size > 1:
            self.add(0, [self.client() for _ in range(size - 1)])

    def add(self, committer: int, clients: Iterable[Client]) -> Draft[Group]:
        """Let a member add clients."""
        waiting = [client.key_package(now=0, lifetime=FOR_EVER) for client in clients]
        draft = self.commit(
            committer, lambda group: group.commit(now=0, add=[package for _, package in waiting])
        )
        assert draft.welcome is not None  # noqa: S101 - somebody is added
        for client, _ in waiting:
            _, group = client.join(draft.welcome, now=0).accept()
            self.members[group.leaf_index] = group
        return draft

    def propose(self, sender: int, make: Callable[[Group], tuple[Group, bytes]]) -> bytes:
        """Let a member propose something to all."""
        self.members[sender], wire = make(self.members[sender])
        self.tell(wire, sender)
        return wire

    def tell(self, wire: bytes, sender: int | None = None) -> None:
        """Let all but the sender receive a proposal."""
        for leaf, group in self.members.items():
            if leaf != sender:
                self.members[leaf] = group.receive(wire, now=0).group

    def commit(self, committer: int, make: Callable[[Group], Draft[Group]]) -> Draft[Group]:
        """Let a member commit, and the others follow."""
        draft = make(self.members[committer])
        self.follow(draft.commit, draft.accept())
        return draft

    def follow(self, commit: bytes, own: Group) -> None:
        """Let the members follow the commit of a member or of a joiner."""
        followed = {int(own.leaf_index): own}
        for leaf, group in self.members.items():
            if leaf == own.leaf_index:
                continue
            (event,) = group.receive(commit, now=0).events
            assert isinstance(event, CommitStaged)  # noqa: S101 - members here send what is good
            if not event.removes_me:
                followed[leaf] = event.accept().group
        self.members = dict(sorted(followed.items()))

    def receiver(self, name: bytes) -> tuple[ExternalReceiver, HPKEPrivateKey]:
        """Return somebody who reads semi-private messages, and the private key."""
        key = self.suite.generate_key_pair(self.entropy.fork(name))
        return ExternalReceiver(key.public, BasicCredential(name)), key
