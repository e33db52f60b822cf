"""What comes of what is asked for: proposals and commits, those that are refused as well.

Whatever is asked for is decided by the naive evaluator, by `decide` for the hub and every member,
and by each group that is to make or take the commit; all must come to one answer. What is refused
is committed all the same by somebody who does not keep to the policy, and then nobody takes it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import attrs
from policy.room_outcomes import counted, heard, label, made, merged, refusal, same_rules
from policy.room_people import NOW, Device, Outsider
from policy.room_plans import Ask, Part, proposals, requests, verdict
from policy.room_world import World

from mimi.errors import MimiError
from mimi.mls import (
    CommitStaged,
    Group,
    Proposal,
    ProposalReceived,
    SelfRemove,
    Settings,
    propose_from_outside,
)
from mimi.mls.apply import Transition
from mimi.mls.ownleaf import UNCHANGED, LeafChange
from mimi.mls.proposal import AppEphemeral
from mimi.mls.state import changed
from mimi.policy.actions import ActorKind
from mimi.policy.capability import spelling
from mimi.policy.decision import Rule
from mimi.policy.derive import Derivation
from mimi.policy.errors import PolicyRefusedError
from mimi.policy.structures import JOIN_LINKS

BY_LEAVES = frozenset((Rule.MANDATORY_CAPABILITY, Rule.FORBIDDEN_CAPABILITY))
"""Rules of the operational parameters, which are not `decide`'s to apply."""

IMPOSSIBLE = frozenset(
    (
        "ComponentConflictError",
        "DuplicateSignatureKeyError",
        "LinkIndexError",
        "OpenJoinRoleError",
        "ReInitWithOthersError",
        "RepeatedGroupContextExtensionsError",
        "RepeatedLeafError",
        "RepeatedParticipantError",
        "RepeatedUpdateError",
        "TwoOperationsError",
    )
)
"""What can be wrong with a commit besides what the policy decides: what cannot stand together."""


@attrs.frozen
class Plan:
    """A commit that somebody wants to make.

    Attributes:
        name: What it is, for the tally.
        committer: Who commits: a device in the room.
        parts: What is asked for: by the committer by value, by others by reference.
        leaf: How the committer's leaf changes.
        path: Whether it has fresh keys even where it need not.
    """

    name: str
    committer: Device
    parts: tuple[Part, ...] = attrs.field(converter=tuple)
    leaf: LeafChange = UNCHANGED
    path: bool = False


@attrs.frozen
class Joining:
    """A commit by which a device wants to come in.

    Attributes:
        name: What it is, for the tally.
        joiner: The device.
        asks: What it asks for, beside coming in itself.
        code: The joining link that it shows.
        resync: The device whose leaf it takes: its own, or not.
        leavers: Devices that leave by a SelfRemove, which the commit covers.
    """

    name: str
    joiner: Device
    asks: tuple[Ask, ...] = ()
    code: bytes | None = None
    resync: Device | None = None
    leavers: tuple[Device, ...] = ()

    @property
    def coming(self) -> Ask:
        """What it asks for by coming in itself."""
        user, old = self.joiner.user, self.resync
        if old is None:
            return Ask(("add-client", user))
        if old.user == user:
            return Ask(("replace-client", user))
        return Ask(("change-identity", old.user, user))


Draft: TypeAlias = Any


class Commits:
    """How a world goes on.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    # By members

    def attempt(self, plan: Plan) -> bool:
        """Try a commit of a member; return whether it took effect."""
        world = self.world
        world.alone.clear()
        parts, references = [], []
        for part in plan.parts:
            if part.sender is plan.committer:
                parts.append(part)
                continue
            known = self.introduce(part)
            references += known
            introduced = [world.pending[each] for each in known]
            asks = tuple(ask for each in introduced for ask in each.asks)
            parts.append(attrs.evolve(part, asks=asks))
        if world.alone and not verdict(world.recount, plan.parts).rules:
            world.note(f"refused alone, allowed together: {', '.join(world.alone)}")
        own = [part for part in parts if part.sender is plan.committer]
        values = [each for part in own for each, _ in proposals(part, world.recount)]

        def draft(settings: Settings) -> Draft:
            group = plan.committer.here.with_settings(settings)
            return group.commit(
                now=NOW, proposals=values, references=references, leaf=plan.leaf, path=plan.path
            )

        modern = plan.committer.is_modern or not self._has_path(plan, values, references)
        outcome = self._judged(plan.name, parts, draft, modern=modern, sender=plan.committer)
        if outcome is None:
            return False
        if self._ends(outcome, plan.committer):
            self._count(plan.name, parts)
            return True
        self._follow(outcome.commit, plan.committer, outcome.accept)
        self._welcome(outcome.welcome, parts)
        self._count(plan.name, parts)
        world.entered()
        return True

    def _has_path(self, plan: Plan, values: list[Proposal], references: list[bytes]) -> bool:
        pending = plan.committer.here.state.proposals
        listed = [*values, *(pending[each].proposal for each in references)]
        needed = not listed or any(each.path_required for each in listed)
        return needed or plan.path or plan.leaf is not UNCHANGED

    def commit_pending(self, name: str, committer: Device) -> bool:
        """Let a member commit what it finds pending, as far as it can."""
        world = self.world
        if world.recount.demands_rare and not committer.is_modern:
            return False
        draft = committer.here.commit(now=NOW)
        references = {item.reference for item in draft.transition.covered}
        parts = [world.pending[each] for each in world.pending if each in references]
        judged, decision = verdict(world.recount, merged(parts)), world.decided(merged(parts))
        assert (judged.rules, decision.is_allowed) == (set(), True)
        world.note("pending: proposals left out", len(draft.left_out))
        if self._ends(draft, committer):
            self._count(name, parts)
            return True
        self._follow(draft.commit, committer, draft.accept)
        self._welcome(draft.welcome, parts)
        self._count(name, parts)
        world.entered()
        return True

    # By joiners

    def join(self, joining: Joining) -> bool:
        """Try a commit of a joiner; return whether it took effect."""
        world, device = self.world, joining.joiner
        wires, parts = [], []
        for leaver in joining.leavers:
            part = Part(leaver, [Ask(("remove-client", leaver.user), SelfRemove())])
            known = self.introduce(part, wires)
            parts += [part] if known else []
        asks = (*joining.asks, joining.coming)
        old = None if joining.resync is None else joining.resync.here.leaf_index
        own = Part(device, asks, ActorKind.JOINER, joining.code)
        listed = [each for each, _ in proposals(own, world.recount)]
        if joining.code is not None:
            listed.append(AppEphemeral(JOIN_LINKS, joining.code))
        informants = [each for each in world.inside if each is not device] or [device]
        info = informants[0].here.group_info()

        def draft(settings: Settings) -> Draft:
            client = changed(device.client, settings=settings)
            return client.join_externally(
                info, now=NOW, proposals=listed, resync=old, pending=wires
            )

        outcome = self._judged(joining.name, [own, *parts], draft, modern=device.is_modern)
        if outcome is None:
            return False
        self._follow(outcome.commit, device, outcome.accept)
        self._count(joining.name, [own, *parts])
        world.entered()
        return True

    # Deciding

    def _judged(
        self,
        name: str,
        parts: Sequence[Part],
        draft: Callable[[Settings], Draft],
        *,
        modern: bool,
        sender: Device | None = None,
    ) -> Draft | None:
        """Return the draft of a commit that is allowed; None where it is not."""
        world = self.world
        judged, decision = verdict(world.recount, parts), world.decided(parts)
        assert same_rules({rule.value for rule in decision.rules}, judged.rules), (name, decision)
        added = [ask.data for part in parts for ask in part.asks if ask.kind == "add-client"]
        comers = [each for each in added if isinstance(each, Device)]
        is_fit = modern and all(device.is_modern for device in comers)
        is_fit = is_fit or not world.recount.demands_rare
        outcome = made(lambda: draft(world.honest))
        if not isinstance(outcome, MimiError):
            assert decision.is_allowed, (name, decision)
            assert is_fit
            self._derived(outcome.transition, parts)
            return outcome
        if isinstance(outcome, PolicyRefusedError):
            rules = set(outcome.decision.rules)
            assert rules - BY_LEAVES == set(decision.rules), (name, outcome, decision)
            assert bool(rules & BY_LEAVES) == (not is_fit)
            forged = made(lambda: draft(world.cheating))
            if not isinstance(forged, MimiError):  # by no other rule
                self._refused_by_all(forged.commit, outcome, sender)
            for rule in rules:
                world.note(f"refused: {rule.value}")
        else:
            forged = made(lambda: draft(world.careless))
            if not isinstance(forged, MimiError):
                self._refused_by_all(forged.commit, outcome, sender)
            assert type(outcome).__name__ in IMPOSSIBLE, outcome
            world.note(f"invalid: {type(outcome).__name__}")
        world.note(f"move in vain: {name}")
        return None

    def _derived(self, transition: Transition, parts: Sequence[Part]) -> None:
        """Check that what is read from a commit is what was asked for."""
        world, path = self.world, transition.message.content.content.path
        leaf = None if path is None else path.leaf_node
        derivation = Derivation(world.room, world.server.state, world.rooms.identities, leaf)
        covered = [(item.proposal, item.sender) for item in transition.covered]
        read = derivation.requests(covered)
        assert counted(read) == counted(requests(merged(parts)))

    def _refused_by_all(self, wire: bytes, error: MimiError, sender: Device | None = None) -> None:
        """Check that nobody takes a message, and that nobody is changed by it.

        Args:
            wire: The message.
            error: Why the sender itself would not have sent it.
            sender: A member that sent it; None for somebody outside.
        """
        world = self.world
        groups = [each.here for each in world.inside if each is not sender]
        for group in (world.server, *groups):
            before = group.save()
            outcome = heard(group, wire)
            assert isinstance(outcome, MimiError), outcome
            assert refusal(outcome) == refusal(error), (outcome, error)
            assert group.save() == before

    # Taking

    def _ends(self, draft: Draft, committer: Device) -> bool:
        """Return whether a commit ends the group: then it is taken, and takes no effect.

        That is as if another had come before it, so that the room goes on.
        """
        if draft.transition.applied.reinit is None:
            return False
        taken = self._taken_by_all(draft.commit, committer)
        assert all(group.state.reinit is not None for _, group in taken)
        return True

    def _taken_by_all(self, wire: bytes, sender: Device) -> list[tuple[Device | None, Any]]:
        taken: list[tuple[Device | None, Any]] = []
        world = self.world
        others = [device for device in world.inside if device is not sender]
        for device, group in [(None, world.server), *((each, each.here) for each in others)]:
            outcome = heard(group, wire)
            assert isinstance(outcome, tuple), outcome
            assert isinstance(outcome[0], CommitStaged)
            taken.append((device, outcome[0].accept().group))
        return taken

    def _follow(self, wire: bytes, sender: Device, accept: Callable[[], Group]) -> None:
        """Let everybody take a commit."""
        for device, group in self._taken_by_all(wire, sender):
            if device is None:
                self.world.server = group
            else:
                device.group = None if group.removed else group
        sender.group = accept()

    def _welcome(self, welcome: bytes | None, parts: Iterable[Part]) -> None:
        added = [ask.data for part in parts for ask in part.asks if ask.kind == "add-client"]
        for device in added:
            assert welcome is not None
            device.client, device.group = device.client.join(welcome, now=NOW).accept()

    def _count(self, name: str, parts: Sequence[Part]) -> None:
        world = self.world
        world.note(f"move: {name}")
        for part in parts:
            for ask in part.asks:
                world.note(f"committed: {label(ask, part, world.recount)}")
        decision = world.last
        for grant in decision.grants:
            ground = grant.capability
            if ground is not None:
                world.note(f"granted by: {spelling(ground)}")

    # Proposing

    def introduce(self, part: Part, wires: list[bytes] | None = None) -> list[bytes]:
        """Let somebody propose what it asks for; return the references of what all have taken."""
        world, known = self.world, []
        for proposal, asks in proposals(part, world.recount):
            single = attrs.evolve(part, asks=asks)
            wire = self._proposed(single, proposal)
            if wire is None:
                continue
            reference = self._pending(single, wire)
            if reference is not None:
                world.pending[reference] = single
                known.append(reference)
                if wires is not None:
                    wires.append(wire)
        return known

    def _proposed(self, part: Part, proposal: Proposal) -> bytes | None:
        """Return what is sent; None where the sender itself refuses, and everybody else does."""
        world, sender = self.world, part.sender
        if isinstance(sender, Outsider):
            context = world.server.context
            return propose_from_outside(context, sender.number, proposal, sender.signer)
        if part.kind is ActorKind.EXTERNAL:
            info = world.inside[0].here.group_info()
            sender.client, wire = sender.client.propose_joining(info, now=NOW)
            return wire
        outcome = made(lambda: sender.here.propose(proposal, now=NOW))
        if not isinstance(outcome, MimiError):
            sender.group, wire = outcome
            return wire
        if isinstance(outcome, PolicyRefusedError):
            self._alone(part, outcome)
            cheat = sender.here.with_settings(world.cheating)
            self._refused_by_all(cheat.propose(proposal, now=NOW)[1], outcome, sender)
        else:
            world.note(f"invalid proposal: {type(outcome).__name__}")
        return None

    def _alone(self, part: Part, error: PolicyRefusedError) -> None:
        """Check that what is refused alone is refused by the naive evaluator as well."""
        world = self.world
        rules, by_leaf = set(error.decision.rules), BY_LEAVES
        judged = verdict(world.recount, [part])
        assert {rule.value for rule in rules - by_leaf} <= judged.rules, (part, error, judged)
        world.note("decisions: refused")
        world.alone += sorted(rule.value for rule in rules - by_leaf)
        for rule in rules:
            world.note(f"refused alone: {rule.value}")

    def _pending(self, part: Part, wire: bytes) -> bytes | None:
        """Let everybody receive a proposal; return its reference if they take it."""
        world, errors, references = self.world, [], set()
        sender = part.sender
        groups = [(None, world.server), *((each, each.here) for each in world.inside)]
        for device, group in groups:
            if device is sender:
                continue
            outcome = heard(group, wire)
            if isinstance(outcome, tuple):
                event, after = outcome
                assert isinstance(event, ProposalReceived), event
                references.add(event.reference)
                if device is None:
                    world.server = after
                else:
                    device.group = after
            else:
                errors.append(outcome)
        if errors:
            assert not references
            assert all(refusal(error) == refusal(errors[0]) for error in errors)
            if isinstance(errors[0], PolicyRefusedError):
                self._alone(part, errors[0])
            else:
                world.note(f"invalid proposal: {type(errors[0]).__name__}")
            return None
        (reference,) = references
        world.note(f"proposed: {part.kind.value}")
        return reference
