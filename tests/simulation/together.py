"""Groups that use all of the drafts together, with members who are not all the same.

The world is that of `simulation.world`; what is here is what such groups do otherwise. What the
dictionary must hold is worked out a second time, from the proposals that commits cover.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
from mls.meeting import PUBLIC
from mls.polls import FORMAT, MARKDOWN, NOTES, PLAIN, POLL, UNHEARD_OF, written_by
from mls.receivers import receiver
from simulation import hub
from simulation.dice import Dice
from simulation.hub import Hub
from simulation.person import Parcel, Person
from simulation.proposing import arrived, brought, decided, proposed, proposed_outside
from simulation.service import Handshake, identity_of, name_of
from simulation.traits import (
    COMPONENTS,
    FULL,
    PROPOSALS,
    RARE,
    SEMI,
    TOPIC,
    TRAITS,
    Trait,
    are_readable,
    misfit,
)
from simulation.world import WORDS, World

from mimi.crypto import Secret, SignaturePrivateKey
from mimi.mls import (
    PSK,
    AppDataUpdate,
    ApplicationPSK,
    Client,
    CommitStaged,
    Group,
    GroupContextExtensions,
    Proposal,
    SelfRemove,
    UpdateData,
    WireFormat,
    agreement,
    app_data,
    application_framing,
    safe_aad,
)
from mimi.mls.appack import acks_of
from mimi.mls.builtin import BUILT_IN
from mimi.mls.component_errors import (
    AbsentComponentError,
    DictionaryChangedError,
    RepeatedSelfRemoveError,
    RequiredComponentError,
    RequiredMediaTypeError,
    RequiredSafeAADError,
    RequiredWireFormatError,
)
from mimi.mls.components import APP_DATA_DICTIONARY, APP_DATA_UPDATE, REQUIRED_WIRE_FORMATS
from mimi.mls.errors import UnsupportedProposalError
from mimi.mls.external_receivers import agreed_receivers, with_receivers
from mimi.mls.negotiation import (
    WireFormats,
    app_components,
    media_types,
    safe_aad_components,
    wire_formats,
)
from mimi.mls.resolve import Covered
from mimi.mls.tree_options import domains_extension
from mimi.tree.codepoints import ExtensionType
from mimi.tree.credential import Credential
from mimi.tree.errors import (
    RequiredCapabilityError,
    UnsupportedCredentialError,
    UnsupportedExtensionError,
)
from mimi.tree.extension import (
    Extension,
    Extensions,
    RequiredCapabilities,
    extension,
    find,
    required_capabilities,
)
from mimi.tree.multicredential_errors import UnsupportedBindingError

T = TypeVar("T")

MISFITS = (
    RequiredCapabilityError,
    UnsupportedExtensionError,
    RequiredComponentError,
    RequiredSafeAADError,
    RequiredWireFormatError,
    RequiredMediaTypeError,
    UnsupportedCredentialError,
    UnsupportedBindingError,
)
"""With what a group is refused in which somebody would lack something."""

UNABLE = (
    *MISFITS,
    UnsupportedProposalError,
    DictionaryChangedError,
    AbsentComponentError,
    RepeatedSelfRemoveError,
)
"""With what people are refused who try what does not fit their group as it is."""


class Together(World):
    """A simulation of a group that uses all of the drafts.

    Attributes:
        traits: What people support, by their names.
        said: From epochs to what the dictionary must hold.
        taken: Who has taken which component's secret, in which group and epoch.
        exported: The secrets of components.
    """

    formats = (PUBLIC, SEMI)
    words: tuple[PSK, ...] = (
        *WORDS,
        *(ApplicationPSK(at, b"word %d" % number) for at in (POLL, NOTES) for number in range(2)),
    )

    def __init__(self, dice: Dice, seed: bytes | int = 0) -> None:
        self.traits: dict[str, Trait] = {}
        self.said: dict[int, Mapping[int, bytes] | None] = {}
        self.taken: set[tuple[str, bytes, int, int]] = set()
        self.exported: dict[tuple[bytes, int, int], Secret] = {}
        World.__init__(self, dice, seed)

    def _person(self, name: str, dice: Dice) -> Person:
        trait = TRAITS[dice.pick(tuple(TRAITS))] if self.traits else FULL
        if dice.one_in(2):
            trait = FULL
        self.traits[name] = trait
        entropy = self.entropy.fork(name.encode())
        signer = self.suite.generate_signature_key(entropy)
        client = Client.create(
            trait.credential(name, signer.public),
            self.suite,
            signer=signer,
            capabilities=trait.capabilities(self.suite.code),
            leaf_extensions=trait.leaf_extensions,
            settings=self.settings_of(dice, components=trait.components),
            entropy=entropy,
        )
        return Person(name, self, client)

    def opens(self, founder: Person, group: Group) -> None:
        self.said = {group.epoch: said_in(group.extensions)}
        World.opens(self, founder, group)

    def following(self, group: Group) -> Hub:
        return Hub.receiving(self.service, group, COMPONENTS)

    @property
    def hub(self) -> Hub:
        """Who reads every handshake."""
        assert isinstance(self.follower, Hub)
        return self.follower

    def submit(self, person: Person, parcel: Parcel, dice: Dice) -> None:
        World.submit(self, person, parcel, dice)
        while self.hub.follow(dice):
            pass

    # What groups agree on

    def extensions(self, topic: int, *, required: bool, before: Extensions = ()) -> Extensions:
        plain = World.extensions(self, topic, required=False)
        said = self._dictionary(topic, before)
        chosen = plain if said is None else (*plain, said)
        if topic % 8 != 3:
            chosen = with_receivers(chosen, [receiver(self.suite, b"hub")])
        if topic % 7 == 2:
            formats = wire_formats(chosen, required=True) | {FORMAT}
            chosen = tuple(at for at in chosen if at.extension_type != REQUIRED_WIRE_FORMATS)
            listed = WireFormats(tuple(sorted(formats)))
            chosen = (*chosen, extension(REQUIRED_WIRE_FORMATS, listed))
        if topic % 5 == 4:
            chosen = (*chosen, domains_extension(["a.example"]))
        if required:
            needed = RequiredCapabilities((TOPIC,), PROPOSALS[: topic % 4])
            chosen = (*chosen, extension(ExtensionType.REQUIRED_CAPABILITIES, needed))
        return chosen

    def _dictionary(self, topic: int, before: Extensions) -> Extension | None:
        """Return what components say after GroupContextExtensions; None for nothing."""
        present = find(before, APP_DATA_DICTIONARY)
        kept = present is not None and topic % 6 != 1
        if kept or APP_DATA_UPDATE in required_capabilities(before).proposal_types:
            return None if present is None else Extension(APP_DATA_DICTIONARY, present)
        if topic % 9 == 5:
            return None
        return agreement(
            components=[POLL, NOTES, *([RARE] if topic % 4 == 1 else [])][: topic % 4],
            safe_aad=(POLL,) if topic % 2 else None,
            media_types=(PLAIN, MARKDOWN)[: topic % 3],
            data=[(POLL, bytes(4)), (UNHEARD_OF, b"%d" % topic)],
        )

    def able(self, group: Group) -> Group:
        wanted = self.handshake or self.formats[group.leaf_index % 2]
        possible = wanted if agreed_receivers(group.extensions) else PUBLIC
        return group if group.settings.handshake == possible else self.sending(group, possible)

    def sending(self, group: Group, handshake: WireFormat) -> Group:
        """Return a group in which handshakes are sent in another way."""
        mine = self.named(name_of(group.leaf_node)).client.settings
        return group.with_settings(attrs.evolve(mine, handshake=handshake))

    def framed(self, group: Group, data: bytes) -> bytes:
        kinds = media_types(group.extensions)
        if not kinds:
            return data
        return application_framing(data, kinds[-1] if len(data) % 2 else None)

    def aad(self, group: Group, aad: bytes) -> bytes:
        if safe_aad_components(group.extensions) is None:
            return aad
        self.note("safe AAD: sent")
        return safe_aad([(NOTES, aad), (POLL, b"")] if aad else [])

    # Who somebody is

    def credential_of(self, group: Group, signer: SignaturePrivateKey) -> Credential | None:
        name = name_of(group.leaf_node)
        return self.traits[name].credential(name, signer.public)

    def strangers(self, founder: Person) -> list[Person]:
        own = self.traits[founder.name], founder.name
        return [
            person
            for person in self.outside
            if are_readable(self.traits[person.name], person.name, *own)
        ]

    def announced(self, group: Group, extensions: Extensions) -> Extensions:
        return group.extensions

    def same_client(self, one: Credential, other: Credential) -> bool:
        return identity_of(one) == identity_of(other)

    # What people do

    def proposes(self, group: Group, dice: Dice) -> tuple[Group, bytes] | None:
        return proposed(self, group, dice) if dice.roll(2) else None

    def proposes_outside(self, group: Group, dice: Dice) -> Proposal | None:
        return proposed_outside(self, group, dice) if dice.roll(2) else None

    def decides(self, group: Group, dice: Dice) -> dict[str, Any]:
        return decided(self, group, dice) if dice.roll(3) else {}

    def brings(self, person: Person, group: Group, dice: Dice) -> dict[str, Any]:
        return brought(self, person, group, dice)

    def fitting(self, people: list[Person], group: Group) -> list[Person]:
        chosen: list[Person] = []
        for person in people:
            trait = self.traits[person.name]
            others = [(self.traits[other.name], other.name) for other in chosen]
            alike = all(are_readable(trait, person.name, *other) for other in others)
            if alike and misfit(trait, person.name, group) is None:
                chosen.append(person)
        return chosen

    def info_of(self, informant: Person, dice: Dice) -> tuple[bytes, bytes | None]:
        if dice.roll(2):
            return World.info_of(self, informant, dice)
        self.note("hub: group info given to a joiner")
        return self.hub.info(informant.cursor)

    def tries(self, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except UNABLE as error:
            self.note(f"unable: {type(error).__name__}")
            return None

    # What must hold

    def compares(self, person: Person, wire: bytes, event: object) -> None:
        assert person.group is not None
        hub.compared(self.hub, person.group, person.cursor, wire, event)
        if isinstance(event, CommitStaged):
            self._finds_lost(person, person.group, event)

    def _finds_lost(self, person: Person, group: Group, event: CommitStaged[Group]) -> None:
        """Check what of others is found lost by the AppAcks of a commit."""
        claimed = {
            (each.sender, at)
            for leaf, acks in acks_of(event).items()
            for ack in acks
            if leaf != group.leaf_index
            for each in ack.received_ranges
            for at in range(each.first_generation, each.last_generation + 1)
            if each.sender != group.leaf_index
        }
        lost = {
            (each.sender, at)
            for each in group.lost(event)
            for at in range(each.first_generation, each.last_generation + 1)
        }
        assert lost == claimed - arrived(person, group)
        self.note("AppAck: heard, nothing lost", claimed and not lost)
        self.note("AppAck: heard, letters found lost", lost)

    def entered(self, person: Person) -> None:
        World.entered(self, person)
        group = person.group
        assert group is not None
        assert said_in(group.extensions) == self.said[group.epoch]
        assert group.message_keys is not None
        self.note("dictionary: as worked out", self.said[group.epoch] is not None)

    def _count(self, handshake: Handshake) -> None:
        World._count(self, handshake)
        change = handshake.transition
        if change is None:
            return
        epoch = change.before.context.epoch
        takes_along = any(isinstance(item.proposal, SelfRemove) for item in change.covered)
        self.note("SelfRemove: committed by a joiner", handshake.joins and takes_along)
        self.said[epoch + 1] = after(self.said[epoch], change.covered)
        before, now = change.before.context.extensions, change.applied.extensions
        for what, then, since in zip(RAISED, needs(before), needs(now), strict=True):
            self.note(f"required {what}: raised", since - then)
            self.note(f"required {what}: lowered", then - since)

    def with_psks(self, value: Any) -> Any:
        for word in self.words:
            value = value.with_psk(word, Secret(word.psk_id * 4 + type(word).__name__.encode()))
        return World.with_psks(self, value)


RAISED = ("components", "safe AAD", "wire formats", "media types")
"""Of what the kinds of requirements are."""


def needs(extensions: Extensions) -> tuple[frozenset[Any], ...]:
    """Return what a group requires, by its kinds."""
    return (
        app_components(extensions),
        safe_aad_components(extensions) or frozenset(),
        wire_formats(extensions, required=True),
        frozenset(media_types(extensions)),
    )


def said_in(extensions: Extensions) -> Mapping[int, bytes] | None:
    """Return what components say in a group; None where there is no dictionary."""
    if find(extensions, APP_DATA_DICTIONARY) is None:
        return None
    return {int(at): data for at, data in app_data(extensions).items()}


def after(
    before: Mapping[int, bytes] | None, covered: tuple[Covered, ...]
) -> Mapping[int, bytes] | None:
    """Return what components say after a commit."""
    said = before
    for item in covered:
        if isinstance(item.proposal, GroupContextExtensions):
            said = said_in(item.proposal.extensions)
    known = dict(said or {})
    for item in covered:
        proposal = item.proposal
        if not isinstance(proposal, AppDataUpdate):
            continue
        number, change = int(proposal.component_id), proposal.change
        if not isinstance(change, UpdateData):
            del known[number]
        elif number in BUILT_IN:
            known[number] = change.update
        elif number == POLL:
            votes = bytearray(known.get(number, bytes(4)))
            votes[min(change.update[0], 3)] += 1
            known[number] = bytes(votes)
        else:
            line = f"{written_by(item.sender)}:".encode() + change.update
            earlier = known.get(number)
            known[number] = earlier + b"|" + line if earlier else line
        said = known
    return said
