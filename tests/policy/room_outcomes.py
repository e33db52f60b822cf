"""What comes of an attempt, so that it can be compared, and what to call it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import attrs
from policy.room_people import NOW
from policy.room_plans import Ask, Part
from policy.room_recount import Recount

from mimi.errors import ForbiddenError, InvalidError, MalformedError, MimiError
from mimi.mls import Group, PublicGroup, SelfRemove
from mimi.policy.actions import Action, ActorKind, ChangeMetadata, Request
from mimi.policy.errors import PolicyRefusedError

T = TypeVar("T")

REFUSALS = (MalformedError, InvalidError, ForbiddenError)
UNDECIDED = frozenset(("user-twice", "roles-with-participants"))


def made(draft: Callable[[], T]) -> T | MimiError:
    """Return what is made, or why it is not."""
    try:
        return draft()
    except REFUSALS as error:
        return error


def heard(group: Group | PublicGroup, wire: bytes) -> Any:
    """Return what a group makes of a message: an event with the group after it, or an error."""
    try:
        step: Any = group.receive(wire, now=NOW)
    except REFUSALS as error:
        return error
    (event,) = step.events
    return event, step.group


def refusal(error: MimiError) -> tuple[object, ...]:
    """Return what two errors must have in common to be the same."""
    refusals = error.decision.refusals if isinstance(error, PolicyRefusedError) else ()
    return type(error), dict(error.where), refusals


def same_rules(one: set[str], other: set[str]) -> bool:
    """Return whether two have decided alike.

    Of what cannot be done together nobody can say what would come of it, and what that would break.
    """
    apart = one & UNDECIDED
    if apart:
        return apart == other & UNDECIDED
    return _without_implied(one) == _without_implied(other)


def _without_implied(rules: set[str]) -> set[str]:
    """Return rules without what says the same twice: who is no participant can have no client."""
    return rules - ({"removed-client"} if "client-without-participant" in rules else set())


def counted(asked: Iterable[Request]) -> list[object]:
    """Return requests so that they can be compared in any order."""
    return sorted((repr(each.actor), sorted(map(_shown, each.actions))) for each in asked)


def _shown(action: Action) -> str:
    if isinstance(action, ChangeMetadata):
        return f"ChangeMetadata({sorted(action.fields)})"
    return repr(action)


def merged(parts: Sequence[Part]) -> list[Part]:
    """Return parts of which each sender has one."""
    found: dict[str, Part] = {}
    for part in parts:
        old = found.get(part.name)
        asks = part.asks if old is None else (*old.asks, *part.asks)
        found[part.name] = attrs.evolve(part, asks=asks)
    return list(found.values())


def label(ask: Ask, part: Part, before: Recount) -> str:
    """Return what an ask is, for the tally."""
    kind, user = ask.kind, part.naive_actor()["user"]
    if kind == "change-role" and before.bans(ask.form[2]):
        kind = "ban"
    elif kind == "change-role" and before.is_banned(ask.form[1]):
        kind = "unban"
    elif kind == "remove-client" and isinstance(ask.data, SelfRemove):
        kind = "remove-client by SelfRemove"
    if kind in OF_SOMEBODY:
        kind += ", of oneself" if ask.form[1] == user else ", of another"
    return kind + FROM[part.kind]


OF_SOMEBODY = frozenset(
    ("add-participant", "remove-participant", "change-role", "add-client", "remove-client")
)
FROM = {
    ActorKind.MEMBER: "",
    ActorKind.JOINER: ", by a joiner",
    ActorKind.EXTERNAL: ", from outside",
}
