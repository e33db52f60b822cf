"""No room is locked: whatever a hub has taken, every member that is to stay finds a commit."""

from contextlib import suppress

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol.hall import (
    ADMIN,
    ALICE,
    ALLOWED,
    BOB,
    CATHY,
    ENFORCER,
    USER,
    A,
    B,
    C,
    Hall,
    allowing,
    bundle_of,
    lawless,
    octets,
)

from mimi.client.events import ChangeRefused, Next
from mimi.codec import replace
from mimi.errors import ForbiddenError, InvalidError, UsageError
from mimi.identity import RoomUri
from mimi.mls import Add, Remove, SelfRemove
from mimi.mls.proposal import GroupContextExtensions, ReInit
from mimi.policy.capability import Capability
from mimi.policy.presets import COOPERATIVE
from mimi.policy.propose import list_update, update_of
from mimi.policy.structures import (
    BANNED,
    BaseRoomPolicy,
    Claim,
    ClaimId,
    PreAuthData,
    PreAuthRoleEntry,
    RoleData,
)
from mimi.protocol import Closed
from mimi.protocol.hosting import participants_of
from mimi.tree.codepoints import CredentialType, ExtensionType
from mimi.tree.extension import ExternalSenders, extension, external_senders

OTHER = RoomUri(A, "other")
PEOPLE = (ALICE, BOB, CATHY)
NAMES = tuple(
    f"{user}/{kind}" for user in ("alice", "bob", "cathy") for kind in ("phone", "laptop")
)
POWERS = (
    *("canChangeOtherPolicyAttribute", "canChangeRoomMembershipStyle", "canChangeRoomName"),
    *("canChangeRoleDefinitions", "canSendMLSReinitProposal", "canSendMLSUpdateProposal"),
    *("canAddParticipant", "canRemoveParticipant", "canRemoveSelf", "canRemoveOwnClient"),
    *("canKick", "canBan", "canUnban", "canChangeUserRole", "canChangePreauthorizedUserList"),
)
BASES = (
    BaseRoomPolicy(fixed_membership=True),
    BaseRoomPolicy(max_users=3),
    BaseRoomPolicy(persistent_room=True),
    BaseRoomPolicy(parent_dependant=True, parent_room=(b"mimi://b.example/r/parent",)),
    BaseRoomPolicy(parent_dependant=True, parent_room=(b"mimi://a.example/r/parent",)),
    BaseRoomPolicy(),
)
MONTH = 30 * 86_400_000
ENVELOPE = {b"Bad": "no bad rooms"}

ACTIONS = (
    *("member", "member", "member", "follower", "hub", "commit", "join"),
    *("others", "later"),
)
STEPS = st.tuples(
    st.sampled_from(ACTIONS),
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 5)), min_size=1, max_size=3),
)


class Crowd(Hall):
    """A room in which all may do almost everything, and some of it at odds with the rest."""

    def __init__(self, *, is_fixed):
        super().__init__()
        self.rooms_of = {}
        self.is_closed = False
        preset = COOPERATIVE
        for role in (USER, ADMIN, ENFORCER):
            preset = allowing(role, *POWERS, preset=preset)
        claims = [
            Claim(ClaimId(CredentialType.BASIC, b""), f"mimi://{at}".encode()) for at in (B, C)
        ]
        trusted = PreAuthData(tuple(PreAuthRoleEntry((each,), ENFORCER) for each in claims))
        self.furnished("alice", "bob", "cathy", preset=preset.having(trusted))
        for user in ("alice", "bob", "cathy"):
            self.buy(user, "tablet")
        listed = GroupContextExtensions(self.with_senders(B, C))
        self.changed("alice/phone", lambda room: room.commit([listed], now=self.now))
        if is_fixed:
            roles = without_adding(self.of("alice/phone").policy.policy.roles)
            change = [update_of(roles), update_of(BASES[0])]
            self.changed("alice/phone", lambda room: room.commit(change, now=self.now))
        self.hub = attrs.evolve(
            self.hub,
            envelope=lambda policy: ENVELOPE.get(policy.metadata.room_name),
            fixed_rooms=lambda users: self.rooms_of.get(users, ()),
        )

    def with_senders(self, *providers, hub=True):
        kind = ExtensionType.EXTERNAL_SENDERS
        senders = [self.hub.sender] if hub else []
        senders += [self.sender(provider)[1] for provider in providers]
        made = extension(kind, tuple(senders), ExternalSenders)
        present = self.room.group.extensions
        return tuple(made if each.extension_type == kind else each for each in present)

    @property
    def is_over(self):
        return self.is_closed or self.room.is_vacant or self.room.group.reinit is not None

    # What is proposed

    def leaves(self, user):
        identify = self.hub.rooms.identities.identify
        members = self.room.group.state.tree.members()
        return [Remove(at) for at, leaf in members if identify(leaf.credential) == user]

    def proposals(self, kind, choice):
        """Yield what somebody proposes; it raises where there is nothing of the kind."""
        seen, user = self.hub.room(self.room), octets(PEOPLE[choice % 3])
        context, policy = self.room.group.context, seen.policy
        match kind:
            case 0:
                names = (b"One", b"Two", b"Bad")
                yield update_of(replace(policy.metadata, room_name=names[choice % 3]))
            case 1:
                yield list_update(seen, remove=[user])
                yield from self.leaves(user)
            case 2:
                yield list_update(seen, change={user: BANNED})
                yield from self.leaves(user)
            case 3:
                yield list_update(seen, change={user: (USER, ADMIN)[choice // 3]})
            case 4:
                wishes = ((), (B,), (C,), (B, C), (B,), ())
                yield GroupContextExtensions(self.with_senders(*wishes[choice], hub=choice < 4))
            case 5:
                yield self.leaves(user)[0]
            case 6:
                yield update_of(BASES[choice])
            case 7:
                yield update_of(without_adding(policy.roles))
            case 8:
                dave = f"mimi://{'abc'[choice % 3]}.example/u/dave".encode()
                yield list_update(seen, add={dave: (USER, BANNED)[choice // 3]})
            case 9:
                extensions = (context.extensions, (), self.with_senders(B, C))[choice % 3]
                group_id = b"next" if choice else context.group_id
                yield ReInit(group_id, context.version, context.cipher_suite, extensions)
            case 10:
                yield SelfRemove()
            case _:
                name = f"{('alice', 'bob', 'cathy')[choice % 3]}/tablet"
                package = self.packages[name][choice // 3]
                yield from map(Add, self.claimed([package], self.owner_of(name).provider))

    # What happens

    def step(self, action, name, wishes):
        """Let something happen; it raises where there is no such thing."""
        provider, (kind, choice) = self.owner_of(name).provider, wishes[0]
        proposals = [each for wish in wishes for each in self.proposals(*wish)]
        match action:
            case "member" if kind == 10 and choice % 2:
                group, wire = self.of(name).group.propose_update(now=self.now // 1000)
                if self.tell(bundle_of([wire]), provider):
                    self.put(name, attrs.evolve(self.of(name), group=group))
            case "member":
                group = lawless(self.of(name).group)
                self.tell(self.proposing(name, *proposals, group=group), provider)
            case "follower":
                provider = (B, C)[choice % 2]
                signer, sender = self.sender(provider)
                index = external_senders(self.room.group.extensions).index(sender)
                self.tell(self.outside(signer, *proposals, index=index), provider)
            case "hub":
                self.told(self.hub.remove(self.room, [octets(PEOPLE[choice % 3])], now=self.tick()))
            case "others":
                gone = octets(PEOPLE[choice % 3])
                users = participants_of(self.hub.room(self.room)) - (
                    {gone} if choice > 2 else set()
                )
                self.rooms_of[users] = [OTHER] if kind % 2 else []
            case "later":
                self.tick(MONTH * (choice + 1))
            case "commit" if name in self.able():
                change, step = self.found(name)
                self.put(name, change.room)
                self.note(name, self.of(name).answered(step.response, now=self.now))
                self.told(step)
            case "join" if name in self.able():
                self.hear()
                self.come_in(name)

    def tell(self, request, provider):
        return self.told(self.asked(request, provider))

    def told(self, step):
        self.room = step.room
        for effect in step.effects:  # who is welcomed hears what comes after that
            self.notify([effect])
            self.hear()
        self.is_closed = self.is_closed or any(isinstance(each, Closed) for each in step.effects)
        code = getattr(step.response, "response_code", None)
        return code is ALLOWED

    def able(self):
        """Return the members from whom commits are taken."""
        return [
            name for name in self.members() if not self.room.is_cut_off(octets(self.owner_of(name)))
        ]

    def found(self, name):
        """Return a commit that the hub takes, as its answers lead a device, and what it does."""
        room = self.of(name)
        assert room.group.epoch == self.room.group.epoch
        for _ in range(4):
            change = room.commit(now=self.now)
            step = self.asked(change.request, self.owner_of(name).provider)
            if step.response.response_code is ALLOWED:
                return change, step
            answered = change.room.answered(step.response, now=self.now)
            (event,) = answered.events
            assert isinstance(event, ChangeRefused)
            assert event.next is Next.TRY_AGAIN, event.reason
            room = answered.room
        raise AssertionError(step.response.error_description)


def without_adding(roles):
    """Return roles for a room of fixed membership, in which nobody adds anybody."""
    adding = Capability.CAN_ADD_PARTICIPANT
    return RoleData(
        tuple(
            replace(
                each, role_capabilities=tuple(at for at in each.role_capabilities if at != adding)
            )
            for each in roles.roles
        )
    )


NOTHING = (ForbiddenError, InvalidError, UsageError, IndexError, ValueError)
"""There is nothing of the kind to propose, or the device sees that itself."""


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=12))
def test_whatever_is_pending_everybody_finds_a_commit(is_fixed, steps):
    crowd = Crowd(is_fixed=is_fixed)
    for each in steps:
        if crowd.is_over:
            return
        with suppress(*NOTHING):
            crowd.step(*each)
    able = crowd.able()
    assert able or crowd.is_over
    for name in able if not crowd.is_over else ():
        crowd.found(name)
