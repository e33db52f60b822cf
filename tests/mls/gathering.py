"""A meeting of people who are not all the same, in a group that uses all of the drafts together.

A hub follows as an external receiver, and takes the committer's partial group info with each
commit; a stranger is no receiver, and reads what is public.
"""

from typing import Any

import attrs
from mls.meeting import Person, Room
from mls.polls import NOTES, PLAIN, POLL
from mls.receivers import HUB_NAME, hpke_key, receiver
from mls.storage import reloaded
from simulation.traits import COMPONENTS, PROPOSALS, SEMI, TOPIC, TRAITS, Trait
from tree.members import NOW, SUITE

from mimi.codec import replace
from mimi.crypto import Secret, SeededEntropy, Suite
from mimi.mls import (
    Client,
    CommitStaged,
    Event,
    Group,
    Held,
    ProposalReceived,
    PublicGroup,
    agreement,
    application_framing,
    safe_aad,
)
from mimi.mls.events import EncryptedMessage
from mimi.mls.external_receivers import with_receivers
from mimi.mls.negotiation import media_types, safe_aad_components
from mimi.mls.tree_options import has_tree
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import (
    Extensions,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
    extension,
)

PEOPLE = {
    "Alice": "all",
    "Bob": "several credentials",
    "Carol": "no rare component",
    "Dave": "some credentials",
    "Erin": "no SelfRemove",
    "Frank": "no semi-private messages",
    "Grace": "RFC 9420",
    "Heidi": "plain text",
}
"""What people support: see `simulation.traits`."""


class Attendee(Person):
    """Somebody who frames what they say as the group wants it."""

    room: "Hall"

    @property
    def trait(self) -> Trait:
        """What they support."""
        return TRAITS[PEOPLE[self.name]]

    def founds(self, group_id: bytes = b"a meeting", **options: Any) -> None:
        """Create the group, which requires what everybody has who is to come."""
        options.setdefault("extensions", self.room.agreed())
        Person.founds(self, group_id, **options)

    def opens(self, group: Group) -> None:
        """Bring a group into the room, and let the hub and the stranger follow it."""
        self.group = group
        self.room.follow(group)

    def says(self, data: bytes, aad: bytes = b"") -> bytes:
        """Say something as the group wants it."""
        extensions = self.group.extensions
        if media_types(extensions):
            data = application_framing(data)
        if safe_aad_components(extensions) is not None:
            aad = safe_aad([(POLL, aad)])
        return Person.says(self, data, aad)

    def joins_from_outside(self, by: Person, **options: Any) -> dict[Person, Event[Group]]:
        """Join by a commit, and give the hub the group info."""
        events = Person.joins_from_outside(self, by, **options)
        self.room.follower = self.room.follower.with_group_info(self.group.group_info())
        return events

    def restarts(self) -> None:
        """Go on from what is stored."""
        self.client = reloaded(self.client)
        if self.group is not None:
            self.group = reloaded(self.group)


class Hall(Room):
    """A room with a hub, for people who are not all the same.

    Attributes:
        stranger: Somebody who follows and is no receiver; None after losing the group.
        moderator: The key of an external sender.
    """

    def __init__(self, suite: Suite = SUITE, **settings: Any) -> None:
        options = {"handshake": SEMI, "components": COMPONENTS, **settings}
        super().__init__(suite, **options)
        self.stranger: PublicGroup | None = None
        self.moderator = suite.generate_signature_key(SeededEntropy(b"moderator"))

    def enter(self, *names: str) -> tuple[Attendee, ...]:
        """Let people in, each with what they support."""
        entered = tuple(self._attendee(name) for name in names)
        self.people += entered
        return entered

    def _attendee(self, name: str) -> Attendee:
        trait, entropy = TRAITS[PEOPLE[name]], SeededEntropy(self.place).fork(name.encode())
        signer = self.suite.generate_signature_key(entropy)
        capabilities = trait.capabilities(self.suite.code)
        suites = tuple(dict.fromkeys(capabilities.cipher_suites))
        client = Client.create(
            trait.credential(name, signer.public),
            self.suite,
            signer=signer,
            capabilities=replace(capabilities, cipher_suites=suites),
            leaf_extensions=trait.leaf_extensions,
            settings=attrs.evolve(self.settings, components=trait.components),
            entropy=entropy,
        )
        return Attendee(name, self, client)

    def agreed(self, *, required: bool = True) -> Extensions:
        """Return the extensions of a group in which everything is used.

        Args:
            required: Whether the proposals of the drafts are, so that AppDataUpdate alone changes
                the dictionary.
        """
        moderator = ExternalSender(self.moderator.public, BasicCredential(b"moderator"))
        said = agreement(components=(POLL, NOTES), safe_aad=(POLL,), media_types=(PLAIN,))
        chosen = (
            said,
            extension(ExtensionType.EXTERNAL_SENDERS, (moderator,), ExternalSenders),
        )
        if required:
            needed = RequiredCapabilities((TOPIC,), PROPOSALS[:2])
            chosen += (extension(ExtensionType.REQUIRED_CAPABILITIES, needed),)
        return with_receivers(chosen, [receiver(self.suite)])

    def follow(self, group: Group) -> None:
        """Let the hub and the stranger follow a group from now on."""
        self.stranger = PublicGroup.from_group_info(
            group.group_info(), now=NOW, components=COMPONENTS
        )
        self.follower = self.stranger.with_receivers(hpke_key(self.suite, HUB_NAME))

    def hears(self, wire: bytes) -> dict[Person, Event[Group]]:
        """Deliver octets to everybody, to the hub and to the stranger."""
        before = {person: person.group for person in self.members}
        events = {person: person.hears(wire) for person in before}
        (event,) = self.follower.receive(wire, now=NOW).events
        if isinstance(event, CommitStaged):
            self.follower = self._after(event)
        elif not isinstance(event, EncryptedMessage):
            assert isinstance(event, ProposalReceived), event
            self.follower = self.follower.receive(wire, now=NOW).group
        self._estranges(wire)
        return events

    def _after(self, event: CommitStaged[PublicGroup]) -> PublicGroup:
        """Return what the hub knows after a commit, with the committer's partial group info."""
        for person in self.members:
            group = person.group
            if group.context == event.transition.after().context and (
                group.leaf_index == event.committer
            ):
                partial = group.partial_group_info(
                    before=has_tree(self.follower.group_info), tree=group.epoch % 2 == 0
                )
                hub = self.follower.with_commit(event, partial)
                assert hub.tree.encode() == group.ratchet_tree
                return hub
        return event.accept().group

    def _estranges(self, wire: bytes) -> None:
        if self.stranger is None:
            return
        step = self.stranger.receive(wire, now=NOW)
        (event,) = step.events
        if isinstance(event, Held):
            self.stranger = None  # for want of a semi-private proposal
            return
        self.stranger = event.accept().group if isinstance(event, CommitStaged) else step.group
        if self.stranger.epoch != self.follower.epoch:
            assert isinstance(event, EncryptedMessage)
            self.stranger = None

    def agrees(self, speakers: Any = None) -> None:
        """Check that all agree, those who follow and those who go on from storage too."""
        super().agrees(speakers)
        for person in self.members:
            person.restarts()
        public = self.follower
        loaded = PublicGroup.load(public.save(), components=COMPONENTS)
        self.follower = loaded.with_receivers(*public.receivers)
        if self.stranger is not None:
            assert self.stranger.context == public.context
        one, another = (person.group.safe_export(NOTES) for person in self.members[:1] * 2)
        assert one[1] == another[1]
        for person in self.members:
            person.group, secret = person.group.safe_export(NOTES)
            assert secret == one[1]
        self.exported = one[1]

    exported: Secret | None = None


def assembled(size: int, suite: Suite = SUITE, **settings: Any) -> tuple[Any, ...]:
    """Return a hall and the people of a group of a size, all added by Alice."""
    hall = Hall(suite, **settings)
    people = hall.enter(*tuple(PEOPLE)[:size])
    people[0].founds()
    if size > 1:
        people[0].commits(add=people[1:])
    return (hall, *people)
