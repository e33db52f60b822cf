"""The components by which vectors show what an application's logic may do, and a whole commit.

A logic says three things: what its data may be, what becomes of updates, what it takes as
ephemeral data. It is given octets only; what is refused raises ``Refused``.
"""

from collections.abc import Callable
from typing import NamedTuple

from naive import naive_components as components
from naive import naive_extensions as ext
from naive.naive_extensions import Refused, hold
from naive.naive_negotiation import read_app_ack, read_media_types
from naive.naive_wire import GROUP_CONTEXT_EXTENSIONS, decode

Judge = Callable[[bytes], None]


class ComponentLogic(NamedTuple):
    """How a component behaves; ``joins`` makes new data of the old and the updates."""

    data: Judge
    update: Judge
    joins: Callable[[bytes | None, list[bytes]], bytes]
    ephemeral: Judge


def refused(sentence: str) -> Refused:
    return Refused("component-refusal", sentence)


def anything(_: bytes) -> None:
    return


def nothing(_: bytes) -> None:
    raise refused("the component takes no such data")


def four_octets(octets: bytes) -> None:
    hold("component-refusal", "a counter has four octets", holds=len(octets) == 4)


def even(octets: bytes) -> None:
    hold("component-refusal", "the octets are odd in number", holds=len(octets) % 2 == 0)


def well_formed(read: Callable[[bytes], object]) -> Judge:
    def judge(octets: bytes) -> None:
        try:
            read(octets)
        except ValueError as error:
            raise refused(str(error)) from error

    return judge


def last(_: bytes | None, updates: list[bytes]) -> bytes:
    return updates[-1]


def behind(data: bytes | None, updates: list[bytes]) -> bytes:
    return (data or b"") + b"".join(updates)


def total(data: bytes | None, updates: list[bytes]) -> bytes:
    number = int.from_bytes(data or b"", "big") + sum(int.from_bytes(one, "big") for one in updates)
    hold("component-refusal", "the sum is too large", holds=number < 1 << 32)
    return number.to_bytes(4, "big")


COMPONENTS_LIST = well_formed(lambda octets: decode(ext.COMPONENTS_LIST, octets))
MEDIA_TYPES = well_formed(read_media_types)
APP_ACK = well_formed(read_app_ack)

LOGICS = {
    "replace": ComponentLogic(anything, anything, last, anything),
    "append": ComponentLogic(anything, anything, behind, anything),
    "counter": ComponentLogic(four_octets, four_octets, total, nothing),
    "refuse-odd": ComponentLogic(even, even, last, even),
    "components-list": ComponentLogic(COMPONENTS_LIST, COMPONENTS_LIST, last, nothing),
    "media-type-list": ComponentLogic(MEDIA_TYPES, MEDIA_TYPES, last, nothing),
    "app-ack": ComponentLogic(anything, nothing, last, APP_ACK),
}


class Call(NamedTuple):
    """What a component was given."""

    component_id: int
    call: str
    data: list[bytes]


def known_logic(known: dict[int, ComponentLogic], component_id: int) -> ComponentLogic:
    is_known = component_id in known
    hold("unknown-component", f"component {component_id} is not known", holds=is_known)
    return known[component_id]


def offer_ephemeral(known: dict[int, ComponentLogic], proposal: dict) -> Call:
    """Give an AppEphemeral to its component (section "Attaching Application Data to a Commit")."""
    component_id, data = proposal["component_id"], proposal["data"]
    known_logic(known, component_id).ephemeral(data)
    return Call(component_id, "ephemeral", [data])


def update_logic(logic: ComponentLogic) -> components.Logic:
    def apply(data: bytes | None, updates: list[bytes]) -> bytes:
        for one in updates:
            logic.update(one)
        return logic.joins(data, updates)

    return apply


def call_of(updates: list[dict], component_id: int) -> Call:
    own = [one for one in updates if one["component_id"] == component_id]
    if own[0]["op"] == ext.REMOVE_OPERATION:
        return Call(component_id, "remove", [])
    return Call(component_id, "update", [one["update"] for one in own])


def next_extensions(
    extensions: list[dict], proposals: list[dict], known: dict[int, ComponentLogic]
) -> tuple[list[dict], list[Call]]:
    """Apply what proposals of a commit do to the extensions of a group, and list the calls.

    The order is that of section "Updating Application Data in the GroupContext": proposals of
    RFC 9420, then AppEphemeral, then AppDataUpdate.
    """
    after = extensions
    for one in proposals:
        if one["proposal_type"] == GROUP_CONTEXT_EXTENSIONS:
            after = one["body"]["extensions"]
            components.check_group_context_extensions(extensions, after)
            check_brought(after, known)
    ephemeral = [one["body"] for one in proposals if one["proposal_type"] == ext.APP_EPHEMERAL]
    calls = [offer_ephemeral(known, one) for one in ephemeral]
    updates = [one["body"] for one in proposals if one["proposal_type"] == ext.APP_DATA_UPDATE]
    if updates:
        logics = {component_id: update_logic(logic) for component_id, logic in known.items()}
        entries = components.apply_updates(components.dictionary_in(after), updates, logics)
        after = components.with_dictionary(after, entries)
        calls += [call_of(updates, one) for one in sorted({u["component_id"] for u in updates})]
    return after, calls


def check_brought(extensions: list[dict], known: dict[int, ComponentLogic]) -> None:
    """Check that the data which GroupContextExtensions bring may be those of their components."""
    for one in components.dictionary_in(extensions) or []:
        if one["component_id"] in known:
            known[one["component_id"]].data(one["data"])
