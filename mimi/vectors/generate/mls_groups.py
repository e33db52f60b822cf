"""Whole groups that use the extensions: what a member hears that only listens, and a follower."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from mimi.codec import decode, encode
from mimi.crypto import HPKEPrivateKey, Secret, SeededEntropy, SignaturePrivateKey, Suite
from mimi.mls import Draft
from mimi.mls.appack import AppAck, MessageRange
from mimi.mls.appdata import Component
from mimi.mls.components import APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE, ComponentID, dictionary
from mimi.mls.external import propose_from_outside
from mimi.mls.external_receivers import with_receivers
from mimi.mls.framing import AuthenticatedContent, CommitAuthData
from mimi.mls.group import Group
from mimi.mls.message import MLSMessage
from mimi.mls.message_id import message_id_aad
from mimi.mls.negotiation import ComponentsList, MediaType, MediaTypeList, safe_aad
from mimi.mls.proposal import Commit, Proposal, Remove, SelfRemove
from mimi.mls.protect import sign_content
from mimi.mls.psk import ApplicationPSK
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.math import LeafIndex
from mimi.tree.path import UpdatePath
from mimi.vectors.generate.mls_cast import FOR_EVER, PUBLIC, SEMI, Cast
from mimi.vectors.generate.mls_messages import PUBLIC as PUBLIC_MESSAGE
from mimi.vectors.generate.mls_messages import Voice, spoiled
from mimi.vectors.generate.mls_updates import (
    COUNTER,
    EVEN,
    KNOWN,
    LOG,
    PLAIN,
    UNKNOWN,
    ephemeral,
    remove,
    update,
)
from mimi.vectors.generate.written import Vector
from mimi.vectors.logic import LOGICS

PSK = ApplicationPSK(ComponentID(LOG), b"team password")
"""What a component has all members agree on."""

HUB = BasicCredential(b"mimi://hub.example")


@attrs.define
class Told:
    """A group, and what a listener and a follower are told of it.

    Attributes:
        cast: The group.
        outside: The key of an external sender.
        psks: The application PSKs that all hold.
        vector: What the listener begins with.
        receiver: The key of the external receiver, where there is one.
        proposals: What was proposed in the epoch.
        refused: What is to be refused in it.
        epochs: The epochs that have passed.
    """

    cast: Cast
    outside: SignaturePrivateKey
    vector: Vector = attrs.field(factory=dict)
    receiver: HPKEPrivateKey | None = None
    proposals: list[bytes] = attrs.field(factory=list)
    refused: list[Vector] = attrs.field(factory=list)
    epochs: list[Vector] = attrs.field(factory=list)

    @classmethod
    def of(cls, suite: Suite, entropy: SeededEntropy, *, semi: bool = False) -> "Told":
        """Return a group of four that agrees on much, and the last of them listens."""
        psks = {PSK: Secret(entropy(32))}
        known: dict[int, Component] = {number: LOGICS[logic] for number, logic in KNOWN.items()}
        known[UNKNOWN] = LOGICS["replace"]
        cast = Cast(suite, entropy, known, SEMI if semi else PUBLIC, psks)
        told = cls(cast, suite.generate_signature_key(entropy))
        extensions = told.agreed()
        if semi:
            receiver, told.receiver = cast.receiver(b"mimi://hub.example")
            extensions = with_receivers(extensions, [receiver])
        cast.gather(3, extensions)
        told.invite()
        return told

    @property
    def suite(self) -> Suite:
        """The cipher suite."""
        return self.cast.suite

    def agreed(self) -> Extensions:
        """Return what the group agrees on."""
        required = RequiredCapabilities(
            proposal_types=(APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE)
        )
        said = {
            1: encode(ComponentsList((ComponentID(PLAIN), ComponentID(LOG)))),
            2: encode(ComponentsList(())),
            3: encode(MediaTypeList((MediaType(b"text/plain"),))),
            LOG: b"one.",
            UNKNOWN: b"of an application that not everybody has",
        }
        return (
            extension(ExtensionType.REQUIRED_CAPABILITIES, required),
            extension(
                ExtensionType.EXTERNAL_SENDERS,
                (ExternalSender(self.outside.public, HUB),),
                ExternalSenders,
            ),
            dictionary(said),
        )

    def invite(self) -> None:
        """Let a client in that knows all but one component, and begin its vector."""
        cast, known = self.cast, dict(self.cast.components)
        del known[UNKNOWN]
        cast.components = known
        client = cast.client()
        cast.components = {**known, UNKNOWN: LOGICS["replace"]}
        client, package = client.key_package(now=0, lifetime=FOR_EVER)
        (own,) = client.key_packages.values()
        draft = cast.commit(0, lambda group: group.commit(now=0, add=[package]))
        assert draft.welcome is not None  # noqa: S101 - somebody is added
        _, group = client.join(draft.welcome, now=0).accept()
        cast.members[group.leaf_index] = group
        self.vector = {
            "components": [
                {"component_id": number, "logic": logic} for number, logic in KNOWN.items()
            ],
            "psks": [
                {"component_id": psk.component_id, "psk_id": psk.psk_id, "psk": value.reveal()}
                for psk, value in cast.psks.items()
            ],
            "key_package": package,
            "signature_priv": own.signer.reveal(),
            "encryption_priv": own.encryption_key.reveal(),
            "init_priv": own.init_key.reveal(),
            "welcome": draft.welcome,
            "receiver_priv": None if self.receiver is None else self.receiver.reveal(),
            "group_info": cast.members[0].group_info(),
            "initial_epoch_authenticator": group.epoch_authenticator,
        }

    # What happens

    def proposes(self, sender: int, proposal: Proposal, aad: bytes = b"") -> bytes:
        """Let a member propose something."""
        made = self.cast.propose(sender, lambda group: group.propose(proposal, now=0, aad=aad))
        self.proposals.append(made)
        return made

    def updates_itself(self, sender: int) -> None:
        """Let a member propose a new leaf."""
        made = self.cast.propose(sender, lambda group: group.propose_update(now=0))
        self.proposals.append(made)

    def proposed_outside(self, proposal: Proposal) -> None:
        """Let the external sender propose something."""
        context = self.cast.members[0].context
        wire = propose_from_outside(context, 0, proposal, self.outside, safe_aad(()))
        self.cast.tell(wire)
        self.proposals.append(wire)

    def refuses(self, message: bytes, rule: str) -> None:
        """Have something refused in this epoch."""
        self.refused.append({"message": message, "rule": rule})

    def commits(self, committer: int, make: Callable[[Group], Draft[Group]]) -> None:
        """Let a member commit."""
        self.passed(self.cast.commit(committer, make).commit)

    def joins(self, proposals: tuple[Proposal, ...] = (), resync: int | None = None) -> None:
        """Let a client join by a commit, which takes along who leaves."""
        group = self.cast.members[min(self.cast.members)]
        leaving = [wire for wire in self.proposals if self._leaves(wire)]
        draft = self.cast.client().join_externally(
            group.group_info(),
            now=0,
            pending=leaving,
            proposals=proposals,
            resync=None if resync is None else LeafIndex(resync),
            aad=safe_aad(((0x8001, b"hello"),)),
        )
        self.cast.follow(draft.commit, draft.accept())
        self.passed(draft.commit)

    def path_of(self, committer: int) -> UpdatePath:
        """Return the path of a commit by which a member would go on with all that is proposed."""
        group = self.cast.members[committer]
        public = group.with_settings(attrs.evolve(group.settings, handshake=PUBLIC))
        body: Any = decode(MLSMessage, public.commit(now=0).commit).body
        path: UpdatePath = body.content.content.path
        return path

    def _leaves(self, wire: bytes) -> bool:
        pending = self.cast.members[min(self.cast.members)].pending
        place = self.proposals.index(wire)
        return isinstance(pending[place].proposal, SelfRemove)

    def passed(self, commit: bytes) -> None:
        """Write down the epoch that has ended."""
        group = self.cast.members[min(self.cast.members)]
        self.epochs.append(
            {
                "refused": self.refused,
                "proposals": self.proposals,
                "commit": commit,
                "epoch_authenticator": group.epoch_authenticator,
                "group_context": encode(group.context),
            }
        )
        self.refused, self.proposals = [], []

    def told(self, description: str) -> Vector:
        """Return the vector."""
        return {
            "kind": "mls-extensions-group",
            "description": description,
            "cipher_suite": self.suite.code,
            **self.vector,
            "epochs": self.epochs,
        }


def groups(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield groups, whose handshakes are public, or semi-private."""
    for semi, how in ((False, "public"), (True, "semi-private")):
        with_updates = Told.of(suite, entropy.fork(f"updates {how}".encode()), semi=semi)
        yield updating(with_updates, f"{how} handshakes: components change their data")
        with_leaving = Told.of(suite, entropy.fork(f"leaving {how}".encode()), semi=semi)
        yield leaving(with_leaving, f"{how} handshakes: members leave, and others join by commits")


def updating(told: Told, description: str) -> Vector:
    """Return a group whose components change their data."""
    _refuse_updates(told)
    told.commits(
        1,
        lambda group: group.commit(
            now=0, path=False, proposals=[update(PLAIN, b"first"), update(LOG, b"two.")]
        ),
    )
    told.proposes(2, update(COUNTER, b"\0\0\0\7"))
    told.proposes(0, ephemeral(LOG, b"a remark"), message_id_aad(b"\1" * 32))
    told.proposed_outside(update(LOG, b"from outside."))
    told.proposed_outside(ephemeral(PLAIN, b""))
    told.commits(2, lambda group: group.commit(now=0, aad=safe_aad(((0x40, b"id"), (0xF000, b"")))))
    ack = encode(AppAck((MessageRange(0, 0, 4), MessageRange(2, 1, 1))))
    told.commits(
        0,
        lambda group: group.commit(
            now=0,
            psks=[PSK],
            proposals=[ephemeral(5, ack), remove(LOG), update(COUNTER, b"\0\0\1\0")],
        ),
    )
    before = told.cast.members[0].extensions
    told.updates_itself(1)
    told.commits(
        0,
        lambda group: group.commit(
            now=0, extensions=before[:1] + before[2:], proposals=[update(EVEN, b"even")]
        ),
    )
    told.joins((update(LOG, b"the joiner."), ephemeral(PLAIN, b"hello")))
    return told.told(description)


def _refuse_updates(told: Told) -> None:
    """Have proposals and commits refused that members send who know more, or keep to no rule."""
    for rule, proposals in (
        ("unknown-component", (update(UNKNOWN, b"x"),)),
        ("unknown-component", (update(LOG, b"x"), ephemeral(UNKNOWN, b"x"))),
        ("component-conflict", (remove(LOG), update(LOG, b"x"))),
        ("absent-component", (remove(EVEN),)),
        ("component-refusal", (update(EVEN, b"odd"),)),
        ("component-refusal", (ephemeral(COUNTER, b"\0"),)),
        ("component-refusal", (update(PLAIN, b"x"), update(3, b"\0"))),
    ):
        told.refuses(committed(told.cast.members[1], proposals), rule)
    plain = (update(PLAIN, b"x"),)
    for aad in (b"", b"no SafeAAD", b"\6\x80\2\0\x80\1\0"):
        told.refuses(committed(told.cast.members[1], plain, aad), "malformed")
    told.refuses(committed(told.cast.members[1], plain, damaged=True), "message-signature")


def committed(
    group: Group,
    proposals: tuple[Proposal | bytes, ...],
    aad: bytes = b"\0",
    *,
    path: UpdatePath | None = None,
    damaged: bool = False,
) -> bytes:
    """Return a commit of a member, with the confirmation tag of no epoch: it is not looked at."""
    voice = Voice.of(group)
    content = voice.content(Commit(proposals, path), aad)
    tag = bytes(group.suite.nh)
    signature = sign_content(group.suite, PUBLIC_MESSAGE, content, group.context, group.signer)
    auth = CommitAuthData(signature, tag)
    signed = AuthenticatedContent(PUBLIC_MESSAGE, content, auth)
    return voice.wrapped(group.suite, spoiled(signed) if damaged else signed)


def _refuse_removals(told: Told) -> None:
    """Have commits refused that treat the SelfRemove of leaf 1 in wrong ways.

    Their paths are those of a commit that treats it well.
    """
    group = told.cast.members[0]
    (reference,) = group.state.proposals
    path = told.path_of(0)
    for rule, proposals in (
        ("self-remove-by-value", (SelfRemove(),)),
        ("repeated-leaf", (reference, Remove(LeafIndex(1)))),
        ("repeated-leaf", (Remove(LeafIndex(1)), reference)),
    ):
        told.refuses(committed(group, proposals, path=path), rule)


def leaving(told: Told, description: str) -> Vector:
    """Return a group that members leave, while others join."""
    me = SelfRemove()
    told.proposes(1, me)
    second, _ = Voice.of(told.cast.members[1]).said(told.suite, me, safe_aad(((1, b"again"),)))
    told.refuses(second, "repeated-self-remove")
    _refuse_removals(told)
    told.commits(0, lambda group: group.commit(now=0, proposals=[update(LOG, b"two.")]))
    told.proposes(2, me)
    told.proposes(0, update(LOG, b"left behind."))
    told.joins()
    told.joins((update(LOG, b"another joiner."),))
    told.proposes(1, me)
    told.proposes(2, me)
    told.proposes(0, ephemeral(LOG, b"both"))
    told.commits(0, lambda group: group.commit(now=0))
    told.proposes(0, me)
    told.joins()
    return told.told(description)
