"""Application state that a group agrees on (draft-ietf-mls-extensions-10 sections 4.7 and 4.8).

::

    default proposals --> AppEphemeral --> AppDataUpdate
         (RFC 9420)        each in turn     by component

What an update means is the component's to say: it is given the data that it has and the updates
that a commit covers, in their order, and returns the new data or refuses. A component of one's own
is a subclass of `Component`, handed to clients and followers in `Settings.components`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mimi.mls.codepoints import WireFormat
from mimi.mls.component_errors import (
    AbsentComponentError,
    ComponentConflictError,
    ComponentRefusalError,
    DictionaryChangedError,
    UnknownComponentError,
)
from mimi.mls.components import (
    APP_DATA_DICTIONARY,
    APP_DATA_UPDATE,
    app_data,
    component_of,
    rewritten,
)
from mimi.mls.framing import Sender
from mimi.mls.proposal import (
    AppDataUpdate,
    AppEphemeral,
    Proposal,
    RemoveData,
    UpdateData,
)
from mimi.tree.extension import Extensions, find, required_capabilities
from mimi.tree.leaf import LeafNode, LeafNodeContent

if TYPE_CHECKING:
    from mimi.mls.state import PublicState


@attrs.frozen
class Proposed:
    """What somebody proposes to a component.

    Attributes:
        data: The update, or the ephemeral data.
        sender: Who proposes it: a member, an external sender, or a joiner by its own commit.
    """

    data: bytes
    sender: Sender


@attrs.frozen(eq=False)
class Change:
    """A commit as a whole, before its path is looked at: what a component may judge.

    Attributes:
        before: The group in the epoch in which it is sent.
        sender: Who commits: a member, or a joiner.
        proposals: All that it covers, in its order, with who proposed each.
        extensions: Those of the group context of the next epoch.
        leaf: What the committer's new leaf says; None where it keeps its leaf.
        wire_format: How the commit is sent.
        now: Seconds since 1970-01-01T00:00Z.
        memo: What components work out about the next epoch, for `PublicState.memo` there.
    """

    before: "PublicState"
    sender: Sender
    proposals: tuple[tuple[Proposal, Sender], ...]
    extensions: Extensions
    leaf: LeafNode | LeafNodeContent | None
    wire_format: WireFormat
    now: int
    memo: dict[Any, Any] = attrs.field(factory=dict)


class Component:
    """The logic of a component: what may be proposed to it, and what comes of it.

    A subclass overrides what it supports; by default everything is refused. The methods are pure:
    they are called on every member and follower, and for a commit more than once. They refuse by
    raising `ComponentRefusalError`, or a class of their own below `InvalidError` or
    `ForbiddenError`; a `MalformedError` of what they decode refuses as well. Everybody must come
    to the same result, or the group falls apart. Any other exception is passed on to the caller,
    whose group is as it was.
    """

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: "PublicState"
    ) -> bytes:
        """Return the component's data after the updates of one commit, in its order.

        Args:
            before: The data in the group context; None where it has none.
            updates: What is proposed, and by whom; at least one.
            state: The group in the epoch in which the commit was sent.
        """
        raise ComponentRefusalError(f"{type(self).__name__} takes no updates")

    def check_removal(self, before: bytes, sender: Sender, state: "PublicState") -> None:
        """Check that somebody may remove the component's data; by default everybody may."""

    def check_ephemeral(self, proposed: Proposed, state: "PublicState") -> None:
        """Check data that goes with a commit and is kept nowhere."""
        raise ComponentRefusalError(f"{type(self).__name__} takes no ephemeral data")

    def check_data(self, data: bytes) -> None:
        """Check data that did not come by updates.

        It is that of a group which is created or joined, or that GroupContextExtensions bring.
        """

    # For components that judge more than their own data: the policy of a room is one.

    def check_group(self, state: "PublicState", *, founded: bool) -> None:
        """Check a group that is created, joined, or begun to be followed.

        Args:
            state: The group.
            founded: Whether it is just created.
        """

    def check_proposal(
        self,
        proposal: Proposal,
        sender: Sender,
        state: "PublicState",
        wire_format: WireFormat,
        now: int,
    ) -> None:
        """Check a proposal of any type when it arrives or is made, as far as it can be alone.

        Args:
            proposal: What is proposed.
            sender: Who proposes it.
            state: The group.
            wire_format: How it is sent by itself.
            now: Seconds since 1970-01-01T00:00Z.
        """

    def check_commit(self, change: Change) -> None:
        """Check a commit as a whole, whether or not it concerns the component."""

    def party(self, sender: Sender, state: "PublicState") -> Hashable:
        """Return for whom somebody proposes, if the component judges commits.

        Who commits covers what is proposed for one party together, or not: such as what the
        clients of one user propose.
        """
        return sender


Components: TypeAlias = Mapping[int, Component]
"""From the numbers of components to their logic: what the application knows."""


def check_commit(change: Change, components: Components) -> dict[Any, Any]:
    """Let the components judge a commit as a whole; return what they remember of it.

    Raises:
        InvalidError: A component refuses it.
        ForbiddenError: A component forbids it.
    """
    for component in components.values():
        if type(component).check_commit is not Component.check_commit:
            component.check_commit(change)
    return change.memo


def judge_of(components: Components) -> Component | None:
    """Return the component that judges commits as a whole, the first of several; None for none."""
    base = Component.check_commit
    judges = (each for each in components.values() if type(each).check_commit is not base)
    return next(judges, None)


def check_group(state: "PublicState", components: Components, *, founded: bool = False) -> None:
    """Let the components judge a group that is created, joined, or begun to be followed.

    Raises:
        InvalidError: A component refuses it.
        ForbiddenError: A component forbids it.
    """
    for component in components.values():
        if type(component).check_group is not Component.check_group:
            component.check_group(state, founded=founded)


def check_proposed(
    state: "PublicState",
    proposal: Proposal,
    sender: Sender,
    wire_format: WireFormat,
    components: Components,
    now: int,
) -> None:
    """Let the components judge a proposal by itself, when it arrives or is made.

    Raises:
        InvalidError: A component refuses it.
        ForbiddenError: A component forbids it.
    """
    for component in components.values():
        if type(component).check_proposal is not Component.check_proposal:
            component.check_proposal(proposal, sender, state, wire_format, now)


def check_app_data_proposal(
    proposal: Proposal, extensions: Extensions, components: Components
) -> None:
    """Check an AppDataUpdate or an AppEphemeral by itself.

    Args:
        proposal: Any proposal.
        extensions: Those of the group context.
        components: What the application knows.

    Raises:
        UnknownComponentError: The application does not have the component.
        AbsentComponentError: It removes what is not there, and nothing else in the same commit
            could put it there.
        MalformedError: The extension required_capabilities does not parse.
    """
    if not isinstance(proposal, (AppDataUpdate, AppEphemeral)):
        return
    if proposal.component_id not in components:
        raise UnknownComponentError(
            f"component {proposal.component_id} is not known", component=proposal.component_id
        )
    if (
        isinstance(proposal, AppDataUpdate)
        and isinstance(proposal.change, RemoveData)
        and component_of(extensions, proposal.component_id) is None
        and _is_update_required(extensions)
    ):
        raise absent(proposal.component_id)


def absent(component: int) -> AbsentComponentError:
    """Return the error that a component has no state."""
    return AbsentComponentError(f"component {component} has no state", component=component)


def _is_update_required(extensions: Extensions) -> bool:
    """Return whether AppDataUpdate alone changes app_data_dictionary."""
    return APP_DATA_UPDATE in required_capabilities(extensions).proposal_types


def check_group_data(
    extensions: Extensions, components: Components, before: Extensions = ()
) -> None:
    """Check what components say in a group context, where it did not come from them.

    Args:
        extensions: Those of the group context.
        components: What the application knows: what others say is not looked at.
        before: Those of the epoch before, whose data was checked.

    Raises:
        InvalidError: A component refuses its data.
        ForbiddenError: A component forbids it.
        MalformedError: The dictionary does not parse.
    """
    if find(extensions, APP_DATA_DICTIONARY) == find(before, APP_DATA_DICTIONARY):
        return
    known = app_data(before)
    for number, data in app_data(extensions).items():
        if number in components and known.get(number) != data:
            components[number].check_data(data)


def check_dictionary_kept(extensions: Extensions, new: Extensions) -> None:
    """Check GroupContextExtensions in a group that requires AppDataUpdate.

    Raises:
        DictionaryChangedError: They add, remove or change app_data_dictionary.
        MalformedError: The extension required_capabilities does not parse.
    """
    present, proposed = (find(each, APP_DATA_DICTIONARY) for each in (extensions, new))
    if proposed != present and _is_update_required(extensions):
        raise DictionaryChangedError("app_data_dictionary is for AppDataUpdate to change")


def with_app_data_applied(
    state: "PublicState",
    extensions: Extensions,
    proposals: Iterable[tuple[Proposal, Sender]],
    components: Components,
) -> Extensions:
    """Return the extensions of the next group context.

    Args:
        state: The epoch in which the commit was sent.
        extensions: Those after the default proposals.
        proposals: All that the commit covers, in its order, with their senders.
        components: What the application knows.

    Raises:
        InvalidError: A component is not known, or refuses; or the list is invalid.
        ForbiddenError: A component forbids it.
    """
    if extensions is not state.context.extensions:
        check_group_data(extensions, components, state.context.extensions)
    listed = [each for each in proposals if isinstance(each[0], (AppDataUpdate, AppEphemeral))]
    for proposal, sender in listed:
        check_app_data_proposal(proposal, extensions, components)
        if isinstance(proposal, AppEphemeral):
            known = components[proposal.component_id]
            known.check_ephemeral(Proposed(proposal.data, sender), state)
    changes = _by_component(listed)

    def change(number: int, before: bytes | None) -> bytes | None:
        return _changed(before, number, changes[number], components[number], state)

    return rewritten(extensions, changes, change) if changes else extensions


_Listed: TypeAlias = list[tuple[AppDataUpdate, Sender]]


def _by_component(listed: Iterable[tuple[Proposal, Sender]]) -> dict[int, _Listed]:
    groups: dict[int, _Listed] = {}
    for proposal, sender in listed:
        if isinstance(proposal, AppDataUpdate):
            groups.setdefault(int(proposal.component_id), []).append((proposal, sender))
    return groups


def _changed(
    before: bytes | None,
    number: int,
    updates: _Listed,
    component: Component,
    state: "PublicState",
) -> bytes | None:
    """Return what a component says after the updates of one commit; None for nothing any more."""
    removals = [item for item in updates if isinstance(item[0].change, RemoveData)]
    if removals and len(updates) > 1:
        raise ComponentConflictError(
            f"component {number} is removed, and changed or removed again", component=number
        )
    if removals:
        if before is None:
            raise absent(number)
        component.check_removal(before, removals[0][1], state)
        return None
    proposed = tuple(
        Proposed(proposal.change.update, sender)
        for proposal, sender in updates
        if isinstance(proposal.change, UpdateData)
    )
    return component.updated(before, proposed, state)
