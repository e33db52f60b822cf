"""Those who may take part in a simulated room, their devices, and how they judge what they get.

Users have pseudonyms beside them, and there is a hub, which has no client. A credential is a basic
one; what it claims is read from its identity: the provider, and the team to which the user belongs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from mimi.crypto import CipherSuite, Secret, SeededEntropy, SignaturePrivateKey, suite_of
from mimi.mls import (
    Client,
    Component,
    ExternalPSK,
    Group,
    PublicState,
    Settings,
    WireFormat,
)
from mimi.mls.appdata import Proposed
from mimi.policy.components import PolicyComponent, Rooms, room_components
from mimi.policy.identities import Identities
from mimi.policy.structures import ROLES_LIST
from mimi.tree import BasicCredential
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.credential import Credential

NOW = 1_800_000_000
SUITE = suite_of(CipherSuite.X25519_AES128)
HUB = "mimi://hub.example"
ROOM = "mimi://hub.example/r/lobby"
PARENT = "mimi://hub.example/r/building"
UNKNOWN_PARENT = "mimi://hub.example/r/elsewhere"
WORD = ExternalPSK(b"the word that everybody knows")

TEAMS = {
    "mimi://a.example/u/alice": "staff",
    "mimi://a.example/u/bob": "guests",
    "mimi://b.example/u/carol": "staff",
    "mimi://b.example/u/dave": "guests",
    "mimi://c.example/u/erin": "staff",
    "mimi://c.example/u/frank": "guests",
    "mimi://c.example/p/owl": "nobody",
    "mimi://a.example/p/moth": "nobody",
    HUB: "hubs",
}
"""All who may take part, and their teams."""

PEOPLE = tuple(user for user in TEAMS if user != HUB)
IN_PARENT = tuple(user for user in PEOPLE if user != "mimi://c.example/u/frank")
"""Who takes part in the parent room that is known."""

RARE = ExtensionType(0xF0AA)
"""An extension that not every device supports: rooms may demand it, or forbid it."""

PER_USER = 3


def provider_of(user: str) -> str:
    return user.split("/")[2]


def identity_of(user: str, number: int) -> bytes:
    """Return what the credential of a user's device says."""
    _, _, provider, kind, name = user.split("/")
    return (f"mimi://{provider}/d/{name}/device{number}" if kind == "u" else user).encode()


def user_named(identity: bytes) -> str:
    """Return whose a credential is: a second time, and in the simplest way."""
    parts = identity.decode().split("/")
    if len(parts) > 3 and parts[3] == "d":
        return f"mimi://{parts[2]}/u/{parts[4]}"
    return identity.decode()


def claims_made(identity: bytes) -> dict[bytes, tuple[bytes, ...]]:
    """Return what a credential claims, of a few things."""
    user = user_named(identity)
    return {
        b"": (identity,),
        b"provider": (provider_of(user).encode(),),
        b"team": (TEAMS.get(user, "strangers").encode(), b"people"),
    }


def _extract(credential: Credential) -> Mapping[bytes, Iterable[bytes]]:
    assert isinstance(credential, BasicCredential)
    return claims_made(credential.identity)


def parents(room: bytes) -> Collection[bytes] | None:
    """Return who takes part in a parent room; None where that is not known."""
    known = [user.encode() for user in IN_PARENT]
    return known if room == PARENT.encode() else None


def join_role(link: bytes) -> int | None:
    """Return the role that a joining link is for: it says so itself, or does not."""
    said = link.rsplit(b"/", 1)[-1]
    return int(said) if said.isdigit() else None


def new_rooms() -> Rooms:
    """Return how the tests' groups are read as rooms."""
    identities = Identities(extractors={int(CredentialType.BASIC): _extract})
    return Rooms(identities, join_role=join_role, parents=parents)


class Blind(Component):
    """A component that takes everything, and makes nothing of it."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        return b"\0" if before is None else before

    def check_ephemeral(self, proposed: Proposed, state: PublicState) -> None:
        """Take it."""


def honest(rooms: Rooms) -> Settings:
    """Return how a client behaves that keeps to the policy."""
    components = room_components(rooms)
    return Settings(handshake=WireFormat.MLS_PUBLIC_MESSAGE, components=components)


def cheating(rooms: Rooms) -> Settings:
    """Return how one behaves that knows what the components hold, and judges nothing by them."""
    components = {**room_components(rooms), int(ROLES_LIST): PolicyComponent(int(ROLES_LIST))}
    return Settings(handshake=WireFormat.MLS_PUBLIC_MESSAGE, components=components)


def careless(rooms: Rooms) -> Settings:
    """Return how one behaves that does not even look at what it sends."""
    components = dict.fromkeys(room_components(rooms), Blind())
    return Settings(handshake=WireFormat.MLS_PUBLIC_MESSAGE, components=components)


@attrs.define(eq=False)
class Device:
    """A device, in the room or not.

    Attributes:
        user: Whose it is.
        number: Which of the user's.
        client: What it is in all groups.
        group: What it knows of the room; None where it is not in it.
        is_modern: Whether it supports `RARE`.
    """

    user: str
    number: int
    client: Client
    is_modern: bool
    group: Group | None = None

    @property
    def here(self) -> Group:
        """The group of a device that is in it."""
        assert self.group is not None
        return self.group

    @property
    def identity(self) -> bytes:
        assert isinstance(self.client.credential, BasicCredential)
        return self.client.credential.identity


def devices(settings: Settings, entropy: SeededEntropy) -> tuple[Device, ...]:
    """Return all devices of all people; the first of each is modern, the last is not."""
    return tuple(
        _device(user, number, settings, entropy) for user in PEOPLE for number in range(PER_USER)
    )


def _device(user: str, number: int, settings: Settings, entropy: SeededEntropy) -> Device:
    own = entropy.fork(f"{user} {number}".encode())
    credential = BasicCredential(identity_of(user, number))
    plain = Client.create(credential, SUITE, settings=settings, entropy=own)
    listed, is_modern = plain.capabilities, number < PER_USER - 1
    if is_modern:
        wider = attrs.evolve(listed, extensions=(*listed.extensions, RARE))
        plain = Client.create(
            credential,
            SUITE,
            signer=plain.signer,
            capabilities=wider,
            settings=settings,
            entropy=own,
        )
    return Device(user, number, plain.with_psk(WORD, Secret(b"word" * 8)), is_modern)


@attrs.frozen
class Outsider:
    """An external sender: its place in the extension, its name, and its key."""

    number: int
    user: str
    signer: SignaturePrivateKey
