"""What each role of each preset may do: every capability of the registry, one change at a time.

In a preset's room every role has participants, the hub is the one that enforces the policy, and who
joins from outside has a credential or a joining link that says for which role.
"""

from collections.abc import Iterator

import attrs

from mimi.policy.presets import PRESETS, Preset
from mimi.policy.structures import BANNED, NO_ROLE, Role
from mimi.vectors.generate.policy_scenes import (
    HUB,
    Asked,
    Cast,
    Row,
    add,
    change,
    come,
    external,
    go,
    joiner,
    member,
    metadata,
    perform,
    remove,
    row,
    titled,
)
from mimi.vectors.generate.written import Vector
from mimi.vectors.policy_form import NAMES

LINK = b"https://hub.example/join/1"
NEWCOMER = "newcomer"
FIRST = 2
"""The first role that is neither that of nobody nor that of the banned."""

COMPONENT = 0x2B
OPERATIONAL = 0x24

_FIELDS = {
    "canChangeRoomName": "room_name",
    "canChangeRoomDescription": "room_descriptions",
    "canChangeRoomAvatar": "room_avatar",
    "canChangeRoomSubject": "room_subject",
    "canChangeRoomMood": "room_mood",
}
_ROOM: dict[str, Asked] = {
    "canCreateJoinCode": ["change-join-links", True, False],
    "canDeleteJoinCode": ["change-join-links", False, True],
    "canChangeRoomMembershipStyle": ["change-base-policy", None],
    "canChangeRoleDefinitions": ["change-roles", None],
    "canChangePreauthorizedUserList": ["change-preauthorized"],
    "canChangeOtherPolicyAttribute": ["change-component", COMPONENT],
    "canChangeMlsOperationalPolicies": ["change-component", OPERATIONAL],
    "canSendMLSReinitProposal": ["reinitialize"],
}
_ROOM |= {capability: metadata(field) for capability, field in _FIELDS.items()}


@attrs.frozen
class Stage:
    """A preset's room.

    Attributes:
        preset: The preset.
    """

    preset: Preset

    @property
    def roles(self) -> dict[int, Role]:
        """The definitions of the roles, by their indexes."""
        return {int(role.role_index): role for role in self.preset.roles.roles}

    def ordinary(self) -> list[int]:
        """Return the roles that can have clients and do not ban."""
        return [index for index in self.roles if index >= FIRST and self.is_active(index)]

    def is_active(self, index: int) -> bool:
        """Return whether participants of a role can have clients."""
        return self.roles[index].maximum_active_participants_constraint != 0

    def name(self, index: int) -> str:
        """Return the participant of a role that acts."""
        if index == NO_ROLE:
            return NEWCOMER
        if index >= FIRST and not self.is_active(index):
            return HUB
        return self.roles[index].role_name.decode()

    def victim(self, index: int, role: int) -> str:
        """Return a participant of a role to whom something happens that another role does."""
        return f"{self.name(index)}2" if index == role else self.name(index)

    def cast(self) -> Cast:
        """Return the room with who acts in it."""
        present = {self.name(index): index for index in self.roles if index != NO_ROLE}
        present |= {f"{self.name(index)}2": index for index in self.ordinary()}
        return Cast(
            f"{self.preset.name}: what each role may do",
            self.preset.roles,
            present,
            {name: 1 for name, index in present.items() if self.is_active(index)},
            self._actors(),
            tuple(titled(self.name(index), index) for index in self.ordinary()),
            self.preset.base,
            join_links=(LINK,),
        )

    def _actors(self) -> dict[str, dict[str, object]]:
        actors = {NEWCOMER: joiner(NEWCOMER), "invited": joiner(NEWCOMER, code=LINK)}
        for index in self.roles:
            name = self.name(index)
            if index == BANNED:
                actors |= {name: joiner(name), "banned, forgiven": joiner(name, self.name(FIRST))}
            elif name == HUB:
                actors |= {"hub": external()}
            elif index != NO_ROLE:
                actors[name] = member(name)
                actors[f"{name}, to become"] = member(name, self.name(self.next(index)))
                actors[f"{name}, to be"] = joiner(NEWCOMER, name)
        return actors

    def next(self, index: int) -> int:
        """Return another ordinary role, where there is one."""
        others = [other for other in self.ordinary() if other != index]
        return next((other for other in others if other > index), (others or [index])[0])

    def by(self, index: int) -> str:
        """Return the name of the actor who has a role."""
        return "hub" if self.name(index) == HUB else self.name(index)

    def move(self, role: int, sources: tuple[int, int], targets: tuple[int, int]) -> list[int]:
        """Return a transition within bounds that a role names; one that makes sense, for none."""
        for entry in self.roles[role].authorized_role_changes:
            for target in entry.target_role_indexes:
                source = int(entry.from_role_index)
                if sources[0] <= source <= sources[1] and targets[0] <= target <= targets[1]:
                    return [source, int(target)]
        return [max(sources[0], min(FIRST, sources[1])), min(targets[1], self.next(FIRST))]

    def single(self, capability: str, role: int) -> Row:
        """Return the commit in which a role needs a capability."""
        makers = {
            "canAddParticipant": self._add,
            "canRemoveParticipant": self._remove,
            "canAddOwnClient": lambda at: row(self.by(at), come(self.name(at))),
            "canRemoveOwnClient": self._remove_own,
            "canRemoveSelf": lambda at: row(self.by(at), *self._leave(self.name(at), at)),
            "canOpenJoin": lambda at: row(NEWCOMER, *self._join(at)),
            "canJoinIfPreauthorized": self._join_preauthorized,
            "canUseJoinCode": self._join_invited,
            "canBan": self._ban,
            "canUnBan": self._unban,
            "canKick": lambda at: row(self.by(at), go(self.victim(FIRST, at))),
            "canChangeUserRole": self._change_other,
            "canChangeOwnRole": self._change_own,
        }
        if capability in makers:
            return makers[capability](role)
        return row(self.by(role), _ROOM.get(capability, perform(capability)))

    def _join(self, role: int) -> list[Asked]:
        clients = [come(NEWCOMER)] if role in self.ordinary() else []
        return [add(NEWCOMER, role), *clients]

    def _add(self, role: int) -> Row:
        _, target = self.move(role, (0, 0), (FIRST, 99))
        adder = "hub" if self.name(role) == HUB else self.by(role)
        name = "guest-of-nobody" if role == NO_ROLE else NEWCOMER
        return row(adder, add(name, target), come(name))

    def _leave(self, name: str, role: int) -> list[Asked]:
        return [remove(name), *([go(name)] if role in self.ordinary() else [])]

    def _remove(self, role: int) -> Row:
        source, _ = self.move(role, (FIRST, 99), (0, 0))
        return row(self.by(role), *self._leave(self.victim(source, role), source))

    def _remove_own(self, role: int) -> Row:
        name = self.name(role)
        asked = go(name) if role in self.ordinary() else perform("canRemoveOwnClient")
        return row(self.by(role), asked)

    def _join_preauthorized(self, role: int) -> Row:
        if role not in self.ordinary():
            return row(self.by(role), perform("canJoinIfPreauthorized"))
        return row(f"{self.name(role)}, to be", *self._join(role))

    def _join_invited(self, role: int) -> Row:
        if role == NO_ROLE:
            return row(NEWCOMER, perform("canUseJoinCode"))
        return row("invited", *self._join(role))

    def _ban(self, role: int) -> Row:
        source, _ = self.move(role, (FIRST, 99), (BANNED, BANNED))
        name = self.victim(source, role)
        return row(self.by(role), change(name, BANNED), go(name))

    def _unban(self, role: int) -> Row:
        if BANNED not in self.roles:
            return row(self.by(role), perform("canUnBan"))
        _, target = self.move(role, (BANNED, BANNED), (FIRST, 99))
        return row(self.by(role), change(self.name(BANNED), target))

    def _change_other(self, role: int) -> Row:
        source, target = self.move(role, (FIRST, 99), (FIRST, 99))
        return row(self.by(role), change(self.victim(source, role), target))

    def _change_own(self, role: int) -> Row:
        if role == BANNED:
            return row("banned, forgiven", change(self.name(BANNED), FIRST), by="banned-rejoin")
        if role not in self.ordinary():
            return row(self.by(role), perform("canChangeOwnRole"))
        name = self.name(role)
        return row(f"{name}, to become", change(name, self.next(role)))

    def singles(self) -> Iterator[Row]:
        """Yield a commit for each capability and each role."""
        for role in self.roles:
            for capability in NAMES.values():
                yield self.single(capability, role)

    def transitions(self) -> Iterator[Row]:
        """Yield every transition of another participant, and every addition, by each role."""
        for role in self.roles:
            for target in self.roles:
                if target != NO_ROLE:
                    yield row(self.by(role), add("other-newcomer", target))
            for source in self.roles:
                yield from self._from(role, source)

    def _from(self, role: int, source: int) -> Iterator[Row]:
        if source == NO_ROLE:
            return
        name = self.victim(source, role)
        leaves = [go(name)] if source in self.ordinary() else []
        if name not in self.cast().participants:
            return
        for target in self.roles:
            if target == NO_ROLE:
                yield row(self.by(role), remove(name), *leaves)
            elif target != source:
                yield row(self.by(role), change(name, target), *(leaves if target == 1 else []))


WITH_TRANSITIONS = ("cooperative", "multi-organization")
"""The presets of which every transition is in the table."""


def decisions() -> Iterator[Vector]:
    """Yield what each role of each preset may do."""
    for preset in PRESETS.values():
        stage = Stage(preset)
        yield stage.cast().case(_once(stage.singles()))
    for name in WITH_TRANSITIONS:
        stage = Stage(PRESETS[name])
        cast = attrs.evolve(stage.cast(), description=f"{name}: whom each role may move")
        yield cast.case(stage.transitions())


def _once(commits: Iterator[Row]) -> list[Row]:
    """Return commits without those that came before."""
    found: list[Row] = []
    for commit in commits:
        if all(commit.requests != other.requests for other in found):
            found.append(commit)
    return found
