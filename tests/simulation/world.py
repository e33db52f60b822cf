"""Everybody and everything in a simulation: people, their service, a follower, and the tally."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from mls.meeting import NAMES, PRIVATE, PUBLIC
from simulation.dice import Dice
from simulation.follower import Follower
from simulation.ledger import recording_suite
from simulation.person import Parcel, Person
from simulation.service import Handshake, Letter, Service
from tree.members import NOW

from mimi.crypto import Secret, SeededEntropy, SignaturePrivateKey
from mimi.mls import (
    PSK,
    Client,
    ExternalPSK,
    ExternalSenderIndex,
    Group,
    MemberSender,
    NewMemberProposalSender,
    PreSharedKey,
    Proposal,
    ResumptionPSK,
    ResumptionPSKUsage,
    Settings,
    Window,
)
from mimi.mls.apply import Transition
from mimi.mls.resolve import Covered
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import BasicCredential, Credential
from mimi.tree.extension import (
    Extension,
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)
from mimi.tree.leaf import Capabilities

WINDOW = Window(ahead=8, kept=4, behind=6)
TOPIC = ExtensionType(0xF0E1)
WORDS: tuple[PSK, ...] = tuple(ExternalPSK(b"word %d" % number) for number in range(3))
"""Pre-shared keys of the application, which people learn when they need them."""

V = TypeVar("V", Client, Group)
T = TypeVar("T")


class World:
    """A simulation.

    Args:
        dice: What decides.
        seed: What all keys come from.

    Attributes:
        effects: How often each kind of action took effect.
        handshake: How handshakes are sent; None for everybody as they like.
        ledger: What was encrypted.
        people: All who are or may be members.
        moderator: The key of an external sender.
        service: The delivery service.
        follower: Who follows where all handshakes are public.
        groups: How many groups there were.
        words: The pre-shared keys of the application.
    """

    words = WORDS
    formats = (PUBLIC, PRIVATE)
    """How handshakes can be sent."""

    def __init__(self, dice: Dice, seed: bytes | int = 0) -> None:
        self.effects: Counter[str] = Counter()
        self.suite, self.ledger = recording_suite()
        self.entropy = SeededEntropy(seed)
        self.moderator = self.suite.generate_signature_key(self.entropy)
        self.handshake = dice.pick((*self.formats, None))
        self.tree_in_welcome = not dice.one_in(4)
        self.people = [self._person(name, dice) for name in NAMES]
        self.groups = 0
        founder = self.people[0]
        extensions = self.extensions(0, required=dice.one_in(3))
        self.opens(founder, founder.client.create_group(b"0", now=NOW, extensions=extensions))

    def _person(self, name: str, dice: Dice) -> Person:
        settings = self.settings_of(dice)
        capabilities = Capabilities(
            cipher_suites=(self.suite.code,),
            extensions=(TOPIC,),
            credentials=(CredentialType.BASIC,),
        )
        client = Client.create(
            BasicCredential(name.encode()),
            self.suite,
            capabilities=capabilities,
            settings=settings,
            entropy=self.entropy.fork(name.encode()),
        )
        return Person(name, self, client)

    def settings_of(self, dice: Dice, **more: Any) -> Settings:
        """Return how somebody behaves."""
        return Settings(
            handshake=self.handshake or dice.pick(self.formats),
            window=WINDOW,
            tree_in_welcome=self.tree_in_welcome,
            **more,
        )

    def note(self, kind: str, took_effect: object = True) -> None:
        """Count an action that took effect."""
        self.effects[kind] += bool(took_effect)

    def opens(self, founder: Person, group: Group) -> None:
        """Go on with a new group."""
        self.groups += 1
        self.service = Service.of(group, self.effects)
        founder.enters(group, 0)
        self.follower = self.following(group)

    def following(self, group: Group) -> Follower | None:
        """Return who follows a new group without its secrets; None for nobody."""
        return Follower.of(self.service, group) if self.handshake == PUBLIC else None

    def extensions(self, topic: int, *, required: bool, before: Extensions = ()) -> Extensions:
        """Return extensions of a group context: a topic, the moderator, what is required.

        Args:
            topic: A number, of which all depends that is not required.
            required: Whether capabilities are required.
            before: The present extensions.
        """
        moderator = ExternalSender(self.moderator.public, BasicCredential(b"moderator"))
        chosen = (
            Extension(TOPIC, b"%d" % topic),
            extension(ExtensionType.EXTERNAL_SENDERS, (moderator,), ExternalSenders),
        )
        if not required:
            return chosen
        needed = RequiredCapabilities(extension_types=(TOPIC,))
        return (*chosen, extension(ExtensionType.REQUIRED_CAPABILITIES, needed))

    # What groups that use more than RFC 9420 do otherwise: see `simulation.together`

    def able(self, group: Group) -> Group:
        """Return a group in which a handshake can be sent."""
        return group

    def framed(self, group: Group, data: bytes) -> bytes:
        """Return what one says as the group wants it."""
        return data

    def aad(self, group: Group, aad: bytes) -> bytes:
        """Return authenticated data as the group wants it."""
        return aad

    def credential_of(self, group: Group, signer: SignaturePrivateKey) -> Credential | None:
        """Return the credential of a member that has a new signature key; None for the old one."""
        return None

    def proposes(self, group: Group, dice: Dice) -> tuple[Group, bytes] | None:
        """Propose what not every group can."""
        return None

    def proposes_outside(self, group: Group, dice: Dice) -> Proposal | None:
        """Return what an external sender proposes, where not every group can."""
        return None

    def decides(self, group: Group, dice: Dice) -> dict[str, Any]:
        """Return the options of a commit that not every group can have."""
        return {}

    def brings(self, person: Person, group: Group, dice: Dice) -> dict[str, Any]:
        """Return the options of a joiner's commit that not every group can have."""
        return {}

    def fitting(self, people: list[Person], group: Group) -> list[Person]:
        """Return those of some people who can be added to a group together."""
        return people

    def info_of(self, informant: Person, dice: Dice) -> tuple[bytes, bytes | None]:
        """Return a group info and, where it does not carry the tree, the tree."""
        group = informant.group
        assert group is not None
        tree = None if self.tree_in_welcome else group.ratchet_tree
        return group.group_info(tree=self.tree_in_welcome), tree

    def tries(self, make: Callable[[], T]) -> T | None:
        """Return what somebody makes; None where it is refused, as it may be."""
        return make()

    def compares(self, person: Person, wire: bytes, event: object) -> None:
        """Compare what a member makes of a message with what others make of it."""

    def strangers(self, founder: Person) -> list[Person]:
        """Return who is no member, and could be in a group with somebody."""
        return self.outside

    def announced(self, group: Group, extensions: Extensions) -> Extensions:
        """Return the extensions of a successor, which all members must support."""
        return extensions

    def same_client(self, one: Credential, other: Credential) -> bool:
        """Return whether two credentials are of the same person."""
        return one == other

    # Who is where

    def named(self, name: str) -> Person:
        """Return a person by name."""
        return self.people[NAMES.index(name)]

    @property
    def inside(self) -> list[Person]:
        """Those who take part as far as they know."""
        return [person for person in self.people if person.is_inside]

    @property
    def present(self) -> list[Person]:
        """Those who take part, and will after all that was accepted."""
        return [person for person in self.people if person.is_present]

    @property
    def outside(self) -> list[Person]:
        """Those whom the service does not count as members."""
        return [person for person in self.people if person.name not in self.service.names]

    @property
    def lost(self) -> list[Person]:
        """Those whom the service counts as members, and who do not know the group."""
        names = self.service.names
        return [person for person in self.people if person.name in names and not person.is_present]

    def others(self, person: Person) -> list[Person]:
        """Return who is present beside somebody."""
        return [other for other in self.present if other is not person]

    # What is sent

    def submit(self, person: Person, parcel: Parcel, dice: Dice) -> None:
        """Give the service what somebody sends."""
        if isinstance(parcel, Letter):
            self.ledger.send(parcel.wire)
            self.service.distribute(parcel, dice)
            self.note("letter: sent")
            return
        if parcel.joins:
            self._submit_external(person, parcel)
            return
        if parcel.leaf is not None:
            self.ledger.send(parcel.wire)
        if self.service.submit(parcel):
            self._count(parcel)

    def _submit_external(self, person: Person, parcel: Handshake) -> None:
        draft = person.draft
        if draft is not None and draft.commit != parcel.wire:
            draft = None
        if draft is None and not self.others(person):
            return  # nobody would be left who knows the group
        if not self.service.submit(parcel):
            return
        self._count(parcel)
        if draft is None:
            self.note("crash: before storing a group that was joined by a commit")
            return
        person.enters(draft.accept(), len(self.service.log))
        person.own.append(parcel.wire)

    def _count(self, handshake: Handshake) -> None:
        """Count what a handshake does that the service has accepted."""
        change = handshake.transition
        if change is None:
            self.note("proposal: accepted")
            return
        applied = change.applied
        self.note("commit: accepted")
        self.note("commit: with a path", change.merged is not None)
        self.note("commit: without a path", change.merged is None)
        self.note("commit: of nothing", not change.covered)
        self.note("commit: adds several", len(applied.added) > 1)
        self.note("commit: with a new signature key", handshake.rotates)
        resync = handshake.joins and bool(applied.removed)
        self.note("member: joined by a commit", handshake.joins and not resync)
        self.note("member: joined again by a commit", resync)
        for item in change.covered:
            self._count_covered(item, change)

    def _count_covered(self, item: Covered, change: Transition) -> None:
        kind = type(item.proposal).__name__
        if isinstance(item.proposal, PreSharedKey):
            kind = type(item.proposal.psk.psk).__name__
        match item.sender:
            case MemberSender(leaf_index=leaf):
                way = "by value" if item.reference is None else "by reference"
                self.note(f"proposal: {kind} {way}")
                if leaf in change.applied.updated and kind == "Update":
                    old, new = change.before.tree.member(leaf), change.tree.member(leaf)
                    rotated = old.signature_key != new.signature_key
                    self.note("proposal: Update with a new signature key", rotated)
            case ExternalSenderIndex():
                self.note(f"proposal: {kind} by an external sender")
            case NewMemberProposalSender():
                self.note("proposal: Add by a new member")
            case _:
                self.note(f"proposal: {kind} in an external commit")

    def invite(self, handshake: Handshake, welcome: bytes | None) -> None:
        """Send a Welcome to whom a commit adds."""
        assert (welcome is None) == (not handshake.added)
        for name in handshake.added:
            assert welcome is not None
            self.named(name).welcomes.append((welcome, handshake.epoch + 1))

    # What is known beside the messages

    def entered(self, person: Person) -> None:
        """Check that somebody who has come into an epoch agrees with all others.

        Nothing is left of what was pending, and of earlier epochs there is what the settings say.
        """
        group = person.group
        assert group is not None
        epoch, usage = self.service.epochs[group.epoch], ResumptionPSKUsage.APPLICATION
        epoch.agrees_with(group)
        assert epoch.roster[group.leaf_index] == person.name
        assert (group.pending, dict(group.updates), group.held) == ((), {}, None)
        first = max(person.since, group.epoch - group.settings.resumption_epochs)
        for at in range(first, group.epoch + 1):
            psk = group.psk_value(ResumptionPSK(usage, group.group_id, at))
            assert psk == self.service.epochs[at].resumption
        assert len(group.resumption) <= group.settings.resumption_epochs
        assert len(group.past) <= group.settings.past_epochs

    def tree_of(self, epoch: int) -> bytes | None:
        """Return the encoded tree of an epoch, where Welcomes do not carry it."""
        return None if self.tree_in_welcome else self.service.epochs[epoch].tree

    def resumable(self, group: Group) -> list[PSK]:
        """Return the resumption PSKs that all members of a group's epoch hold."""
        since = self.service.epochs[group.epoch].since
        first = max(0, *since.values(), group.epoch - group.settings.resumption_epochs)
        usage, group_id = ResumptionPSKUsage.APPLICATION, group.group_id
        return [ResumptionPSK(usage, group_id, at) for at in range(first, group.epoch + 1)]

    def with_psks(self, value: V) -> V:
        """Return a client or a group that has learned all pre-shared keys."""
        for word in self.words:
            value = value.with_psk(word, Secret(word.psk_id * 4))
        if isinstance(value, Client):
            usage = ResumptionPSKUsage.APPLICATION
            for at, epoch in self.service.epochs.items():
                if epoch.resumption is not None:
                    name = ResumptionPSK(usage, self.service.group_id, at)
                    value = value.with_psk(name, epoch.resumption)
        return value
