"""A group of `mls.victims` whose application has components: a poll, notes, and faulty ones."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from mls.attacker import Attacker, Deviation
from mls.meeting import PUBLIC
from mls.victims import BASE, COMMON, ENTROPY, SENDERS, Scene, requiring, staged
from tree.members import NOW, SUITE

from mimi.codec import UInt32, decode, replace, struct
from mimi.errors import ForbiddenError
from mimi.mls import Client, Group, PublicGroup, Settings
from mimi.mls.appdata import Component, Components, Proposed
from mimi.mls.builtin import with_built_in
from mimi.mls.codepoints import WireFormat
from mimi.mls.component_errors import ComponentRefusalError
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    APP_EPHEMERAL,
    REQUIRED_WIRE_FORMATS,
    SELF_REMOVE,
    SUPPORTED_WIRE_FORMATS,
    ComponentID,
    app_data,
    dictionary,
)
from mimi.mls.framing import MemberSender, Sender
from mimi.mls.group import read_key_package
from mimi.mls.keypackage import KeyPackage
from mimi.mls.negotiation import MediaType, WireFormats, agreement
from mimi.mls.proposal import (
    AppDataUpdate,
    AppEphemeral,
    Proposal,
    RemoveData,
    SelfRemove,
    UpdateData,
)
from mimi.mls.state import PublicState
from mimi.tree.credential import BasicCredential
from mimi.tree.extension import Extension, extension

POLL, NOTES, FAULTY, STRICT, ODD = map(ComponentID, range(0x8001, 0x8006))
"""The application's components."""
UNHEARD_OF = ComponentID(0x8FFF)
"""One that it does not have."""

FORMAT = WireFormat(0xF1F1)
PLAIN, MARKDOWN = MediaType(b"text/plain"), MediaType(b"text/markdown")


class ClosedPollError(ForbiddenError):
    """Somebody votes in a poll that is closed."""

    rule = "draft-of-our-own section 1"


class Poll(Component):
    """Votes for three options; 9 closes the poll, after which voting is forbidden."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        votes = bytearray(before or bytes(4))
        for update in updates:
            if votes[3]:
                raise ClosedPollError("the poll is closed")
            if update.data not in (b"\0", b"\1", b"\2", b"\x09"):
                raise ComponentRefusalError("no such option", option=update.data)
            votes[min(update.data[0], 3)] += 1
        return bytes(votes)

    def check_data(self, data: bytes) -> None:
        if len(data) != 4:
            raise ComponentRefusalError("no votes")


class Notes(Component):
    """A record of who proposed what, in its order; only members may erase it."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        lines = [f"{written_by(each.sender)}:".encode() + each.data for each in updates]
        return b"|".join([*([before] if before else []), *lines])

    def check_removal(self, before: bytes, sender: Sender, state: PublicState) -> None:
        if not isinstance(sender, MemberSender):
            raise ComponentRefusalError("only members erase notes")

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        if proposed.data == b"bad":
            raise ComponentRefusalError("a bad remark")


def written_by(sender: Sender) -> str:
    """Return a member's leaf, or what else a sender is."""
    return str(sender.leaf_index) if isinstance(sender, MemberSender) else type(sender).__name__


class FaultyError(Exception):
    """What a component raises whose author made a mistake."""


class Faulty(Component):
    """A component whose author made a mistake."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        raise FaultyError("division by zero, say")

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        raise FaultyError("as well")


@struct
class Number:
    """What `Strict` wants to be told."""

    number: UInt32


class Strict(Component):
    """A component that decodes what it is told, and lets the error go through."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        for update in updates:
            decode(Number, update.data)
        return updates[-1].data


class Lenient(Component):
    """An attacker's component, which takes everything."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        return b"".join(update.data for update in updates)

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        """Take it."""


COMPONENTS: Components = {POLL: Poll(), NOTES: Notes(), FAULTY: Faulty(), STRICT: Strict()}
LENIENT: Components = dict.fromkeys((*range(6), *COMPONENTS, UNHEARD_OF), Lenient())

CAPABLE = replace(
    BASE,
    extensions=(COMMON, APP_DATA_DICTIONARY, SUPPORTED_WIRE_FORMATS, REQUIRED_WIRE_FORMATS),
    proposals=(APP_DATA_UPDATE, APP_EPHEMERAL, SELF_REMOVE),
)
KNOWN = (1, 2, 3, 5, POLL, NOTES, FAULTY, STRICT)
"""The components in the leaves of the group."""
LEAF = agreement(components=KNOWN, safe_aad=(POLL, NOTES), media_types=(PLAIN, MARKDOWN))
FORMATS = extension(SUPPORTED_WIRE_FORMATS, WireFormats((FORMAT,)))

UPDATES = requiring(proposal_types=(APP_DATA_UPDATE,))
"""The requirement under which AppDataUpdate alone changes the dictionary."""


def member(
    name: str,
    leaf: tuple[Extension, ...] = (LEAF, FORMATS),
    capabilities: Any = CAPABLE,
    **settings: Any,
) -> Client:
    """Return a client of the application."""
    options = {"handshake": PUBLIC, "grease": False, "components": COMPONENTS, **settings}
    return Client.create(
        BasicCredential(f"mimi://a.example/d/{name}".encode()),
        SUITE,
        capabilities=capabilities,
        leaf_extensions=leaf,
        settings=Settings(**options),
        entropy=ENTROPY.fork(b"polls " + name.encode()),
    )


@cache
def package(name: str, **options: Any) -> KeyPackage:
    """Return a key package of somebody who is no member."""
    return read_key_package(member(name, **options).key_package(now=NOW)[1])


@cache
def polling(*extensions: Extension, required: bool = True, **settings: Any) -> Scene:
    """Return the group; AppDataUpdate is required in it, or everybody just supports it."""
    names = ("Alice", "Bob", "Mallory", "Dave", "Erin")
    clients = [member(name, **settings) for name in names]
    wanted = (UPDATES,) if required else ()
    return staged(clients, (SENDERS, *wanted, *extensions), package("Grace"))


def joiner(at: Scene, name: str = "Heidi") -> tuple[Attacker, Proposal]:
    """Return an attacker who joins by a commit, and the ExternalInit that it needs."""
    return Attacker.joining(member(name), at.alice)


def update(component: int, data: bytes) -> AppDataUpdate:
    return AppDataUpdate(ComponentID(component), UpdateData(data))


def removal(component: int) -> AppDataUpdate:
    return AppDataUpdate(ComponentID(component), RemoveData())


def ephemeral(component: int, data: bytes = b"") -> AppEphemeral:
    return AppEphemeral(ComponentID(component), data)


VOTES = dictionary({POLL: bytes(4)})
KNOWING = Deviation(components=with_built_in(COMPONENTS))


def said(group: Group | PublicGroup) -> dict[int, bytes]:
    return app_data(group.extensions)


def committed(
    at: Scene, *proposals: Proposal, by_value: bool = True, **deviation: Any
) -> tuple[Scene, bytes]:
    """Return a scene and Mallory's commit of proposals, as it sends them there."""
    if by_value:
        return at, at.attacker.commit(*proposals, **deviation)
    for number, proposal in enumerate(proposals):
        how = Deviation(aad=b"%d" % number)
        at = at.heard(at.attacker.send(proposal, how=how))
    return at, at.attacker.commit(*at.alice.state.proposals, **deviation)


ME = SelfRemove()


def leaving(who: str = "erin", at: Scene | None = None) -> tuple[Scene, bytes]:
    """Return the scene after a member has proposed to remove itself, and its message."""
    at = at or polling()
    _, wire = getattr(at, who).propose(ME, now=NOW)
    return at.heard(wire), wire


def removed(group: Group) -> list[int]:
    """Return the leaves of the present members."""
    return [each.leaf_index for each in group.members]
