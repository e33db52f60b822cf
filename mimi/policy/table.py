"""A policy as people read it: who may do what, and to whom.

::

    Roles              index, name, and how many may have it
    Capabilities       one row each, with a mark under the role that has it
    Transitions        from row to column: the roles whose holders may do it
    Preauthorisation   claims and the role that they give, in the order of the entries
    Room               the base policy

A transition stands in brackets for a role that has no capability to make use of it.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from mimi.mls import ComponentID
from mimi.policy.capability import GROUPS, Capability, spelling
from mimi.policy.lint.survey import used
from mimi.policy.policy import RoomPolicy
from mimi.policy.structures import NO_ROLE, PreAuthRoleEntry, Role

Format: TypeAlias = Literal["text", "markdown"]

MARK = "x"
NAMED = range(0x0700)
"""The numbers that the registry has in groups; of others, only what is held is shown."""


@attrs.frozen
class Grid:
    """A title, what the columns are, and rows of as many cells.

    Attributes:
        title: What the rows are.
        header: What stands above the columns.
        rows: The cells, row by row.
        numbers: Whether all columns but the first are short marks, which stand in the middle.
        remarks: Sentences that follow.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: bool = False
    remarks: tuple[str, ...] = ()


def table(policy: RoomPolicy, format: Format = "text") -> str:  # noqa: A002 - what it is called
    """Return a policy as tables, in plain text or in Markdown.

    Args:
        policy: The policy.
        format: ``text`` for columns of equal width; ``markdown`` for tables as GitHub has them.
    """
    draw = _markdown if format == "markdown" else _text
    return "\n".join(draw(grid) for grid in grids(policy))


def grids(policy: RoomPolicy) -> tuple[Grid, ...]:
    """Return the tables of a policy, as cells; those without rows are left out."""
    found = [_roles(policy)]
    found += [_capabilities(policy, group, numbers) for group, numbers in GROUPS.items()]
    found += [_transitions(policy), _preauthorized(policy), _base(policy)]
    return tuple(grid for grid in found if grid.rows or grid.remarks)


# What is in them


def printable(octets: bytes) -> str:
    """Return a text that others wrote, with escapes for what would not stand in a line."""
    text = octets.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _bounds(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more" if least else "any"
    return f"{most}" if least == most else f"{least} to {most}"


def _role(role: Role) -> tuple[str, ...]:
    return (
        str(int(role.role_index)),
        printable(role.role_name),
        _bounds(role.minimum_participants_constraint, role.maximum_participants_constraint),
        _bounds(
            role.minimum_active_participants_constraint,
            role.maximum_active_participants_constraint,
        ),
        printable(role.role_description),
    )


def _roles(policy: RoomPolicy) -> Grid:
    rows = [_role(powers.role) for _, powers in sorted(policy.powers.items())]
    header = ("Role", "Name", "Participants", "Active", "Description")
    shown = len(header) if any(row[-1] for row in rows) else len(header) - 1
    return Grid("Roles", header[:shown], tuple(row[:shown] for row in rows))


def _capabilities(policy: RoomPolicy, group: str, numbers: range) -> Grid:
    """Return who has the capabilities of a group, and which of them nobody has."""
    columns = [powers.capabilities for _, powers in sorted(policy.powers.items())]
    held = sorted({each for column in columns for each in column if int(each) in numbers})
    rows = [
        (spelling(each), *(MARK if each in column else "" for column in columns)) for each in held
    ]
    unheld = [
        spelling(each)
        for number, each in sorted(Capability.known.items())
        if number in numbers and number in NAMED and each.is_named and each not in held
    ]
    remarks = (f"Nobody: {', '.join(unheld)}.",) if unheld else ()
    header = ("Role", *map(str, sorted(policy.powers)))
    return Grid(f"Capabilities: {group}", header, tuple(rows), numbers=True, remarks=remarks)


def _transitions(policy: RoomPolicy) -> Grid:
    """Return whose `authorized_role_changes` name which transition."""
    moves: dict[tuple[int, int], list[str]] = {}
    for holder, powers in sorted(policy.powers.items()):
        for source, targets in powers.transitions.items():
            for target in targets:
                name = str(holder) if used(policy, holder, source, target) else f"({holder})"
                moves.setdefault((source, target), []).append(name)
    ends = sorted({end for pair in moves for end in pair})
    rows = [
        (str(source), *(" ".join(moves.get((source, target), ())) for target in ends))
        for source in ends
        if any((source, target) in moves for target in ends)
    ]
    remarks = ("In brackets: roles that have no capability for it.",)
    is_idle = any(name.startswith("(") for names in moves.values() for name in names)
    header = ("From \\ to", *map(str, ends))
    return Grid("Transitions", header, tuple(rows), numbers=True, remarks=remarks * is_idle)


def _preauthorized(policy: RoomPolicy) -> Grid:
    rows = [
        (str(place), _claims(entry), _target(policy, entry))
        for place, entry in enumerate(policy.preauthorized.preauthorized_entries, 1)
    ]
    return Grid("Preauthorisation", ("Entry", "Claims", "Role"), tuple(rows))


def _claims(entry: PreAuthRoleEntry) -> str:
    claims = [
        f"{claim.claim_id.credential_type.name} {printable(claim.claim_id.id)} = "
        f"{printable(claim.claim_value)}"
        for claim in entry.claimset
    ]
    return " and ".join(claims) if claims else "(anybody)"


def _target(policy: RoomPolicy, entry: PreAuthRoleEntry) -> str:
    index = int(entry.target_role)
    name = printable(policy.role(index).role.role_name)
    return f"{index} {name}" if index != NO_ROLE and name else str(index)


def _base(policy: RoomPolicy) -> Grid:
    base = policy.base
    values: Mapping[str, object] = {
        "fixed_membership": base.fixed_membership,
        "parent_room": ", ".join(map(printable, base.parent_room)) or "none",
        "multi_device": base.multi_device,
        "max_clients": "any" if base.max_clients is None else int(base.max_clients),
        "max_users": "any" if base.max_users is None else int(base.max_users),
        "pseudonyms_allowed": base.pseudonyms_allowed,
        "persistent_room": base.persistent_room,
        "discoverable": base.discoverable,
        "policy_component_ids": _components(base.policy_component_ids),
    }
    rows = [(name, _word(value)) for name, value in values.items()]
    return Grid("Room", ("Base policy", "Value"), tuple(rows))


def _components(numbers: Iterable[ComponentID]) -> str:
    return ", ".join(number.name.lower() for number in numbers) or "none"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


# How they are drawn


def _text(grid: Grid) -> str:
    lines = [grid.title, "=" * len(grid.title), ""]
    if grid.rows:
        cells = (grid.header, *grid.rows)
        widths = [max(len(row[at]) for row in cells) for at in range(len(grid.header))]
        rule = tuple("-" * width for width in widths)
        lines += [_line(row, widths, grid) for row in (grid.header, rule, *grid.rows)]
        lines += [""]
    lines += [line for remark in grid.remarks for line in (*_wrapped(remark), "")]
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int], grid: Grid) -> str:
    cells = [
        cell.center(width) if grid.numbers and at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _wrapped(text: str) -> list[str]:
    """Return the lines of a sentence, as wide as most windows are."""
    return textwrap.wrap(text, 78, break_long_words=False)


def _markdown(grid: Grid) -> str:
    lines = [f"## {grid.title}", ""]
    if grid.rows:
        marks = ["---", *([":-:" if grid.numbers else "---"] * (len(grid.header) - 1))]
        lines.append(_row(map(_escaped, grid.header)))
        lines.append(_row(marks))
        lines += [_row(map(_escaped, row)) for row in grid.rows]
        lines.append("")
    lines += [line for remark in grid.remarks for line in (_escaped(remark), "")]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return a text with escapes for what Markdown would read as something else.

    An underscore between letters is one, so that names stay as they are.
    """
    return _SPECIAL.sub(r"\\\g<0>", text)


_SPECIAL = re.compile(r"[\\`*\[\]<>&~|#!]|(?<!\w)_|_(?!\w)")
