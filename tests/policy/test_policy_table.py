import re

import attrs
import pytest
from hypothesis import given
from policy.appendix import APPENDIX, REGISTRY, capabilities, examples, registry
from policy.lint_room import (
    ADMIN,
    ADULT,
    BANNED,
    NOBODY,
    STAFF,
    USER,
    claim,
    entry,
    moving,
    named,
    preauthorized,
    raw,
    room,
)

from mimi.codec.strategy import strategy
from mimi.policy.capability import Capability
from mimi.policy.policy import RoomPolicy
from mimi.policy.presets import DIRECT_MESSAGE, PRESETS
from mimi.policy.structures import BaseRoomPolicy, PreAuthData, RoleData
from mimi.policy.table import grids, table

SMALL = room(
    USER, moving(ADMIN, {0: (2,), 2: (0, 3)}), parts=(preauthorized(entry(2, STAFF, ADULT)),)
)

TEXT = r"""
Roles
=====

Role  Name     Participants  Active
----  -------  ------------  ------
0     no_role  any           any
1     banned   any           0
2     user     any           any
3     admin    1 or more     any

Capabilities: Membership
========================

Role                  0  1  2  3
--------------------  -  -  -  -
canAddParticipant              x
canRemoveParticipant           x
canRemoveSelf               x  x
canBan                         x
canUnBan                       x
canChangeUserRole              x

Nobody: canAddOwnClient, canRemoveOwnClient, canOpenJoin,
canJoinIfPreauthorized, canCreateJoinCode, canDeleteJoinCode, canUseJoinCode,
canKick, canKnock, canAcceptKnock, canChangeOwnRole, canCreateSubgroup.
"""

MARKDOWN = r"""
## Transitions

| From \\ to | 0 | 2 | 3 |
| --- | :-: | :-: | :-: |
| 0 |  | 3 |  |
| 2 | 2 3 |  | 3 |

## Preauthorisation

| Entry | Claims | Role |
| --- | --- | --- |
| 1 | 0xF0F0 team = staff and 0xF0F0 adult = yes | 2 user |

## Room

| Base policy | Value |
| --- | --- |
| fixed_membership | no |
| parent_room | none |
| multi_device | yes |
| max_clients | any |
| max_users | any |
| pseudonyms_allowed | no |
| persistent_room | no |
| discoverable | no |
| policy_component_ids | roles_list, preauth_list |
"""


def cells(text: str, title: str) -> dict[str, list[str]]:
    """Return the rows of a Markdown table by their first cells."""
    section = text.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    split = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row[1:] for row in split}


def test_a_policy_in_text():
    assert table(SMALL).startswith(TEXT.lstrip())


def test_a_policy_in_markdown():
    assert table(SMALL, format="markdown").endswith(MARKDOWN.lstrip())


def test_text_is_the_default():
    assert table(SMALL) == table(SMALL, format="text") != table(SMALL, format="markdown")


# What the examples are, read back from their tables


@pytest.mark.parametrize("name", APPENDIX)
def test_capabilities_read_back(name):
    roles = examples(name)
    text = table(PRESETS[name].policy, "markdown")
    order = sorted(roles.values(), key=lambda role: role.index)
    held: dict[str, set[int]] = {role.name: set() for role in order}
    for title in re.findall(r"^## (Capabilities: .*)$", text, re.MULTILINE):
        for spelled, marks in cells(text, title).items():
            if spelled.startswith("can"):
                for role, mark in zip(order, marks, strict=True):
                    if mark == "x":
                        held[role.name].add(registry()[spelled.lower()])
    assert held == {role.name: capabilities(roles, role.name) for role in order}


@pytest.mark.parametrize("name", APPENDIX)
def test_every_capability_is_named_once(name):
    words = re.findall(r"can[A-Z]\w+", table(PRESETS[name].policy))
    assert sorted(words) == sorted(word for word in REGISTRY.split() if word.startswith("can"))


@pytest.mark.parametrize("name", APPENDIX)
def test_transitions_read_back(name):
    rows = cells(table(PRESETS[name].policy, "markdown"), "Transitions")
    targets = [int(each) for each in rows.pop("From \\\\ to")]
    del rows["---"]
    moves = {
        (int(holder), int(source), target)
        for source, row in rows.items()
        for target, holders in zip(targets, row, strict=True)
        for holder in re.findall(r"\d+", holders)
    }
    assert moves == {
        (role.index, source, target)
        for role in examples(name).values()
        for source, ends in role.moves.items()
        for target in ends
    }


@pytest.mark.parametrize("name", APPENDIX)
def test_roles_read_back(name):
    words = {"0..*": "any", "1..*": "1 or more", "1..2": "1 to 2", "1..3": "1 to 3", "0..0": "0"}
    rows = cells(table(PRESETS[name].policy, "markdown"), "Roles")
    for role in examples(name).values():
        assert rows[str(role.index)] == [role.name, words[role.participants], words[role.active]]


# Transitions, base policy, what is left out


def test_a_transition_without_the_capability_is_in_brackets():
    policy = room(moving(USER, {2: (0,), 0: (2,)}))
    assert cells(table(policy, "markdown"), "Transitions")["0"] == ["", "", "(2) 3", "3"]
    assert "In brackets: roles that have no capability for it." in table(policy)
    assert "In brackets" not in table(room())


def test_tables_without_rows_are_left_out():
    titles = [grid.title for grid in grids(DIRECT_MESSAGE.policy)]
    assert titles == [
        "Roles",
        "Capabilities: Membership",
        "Capabilities: Messages",
        "Capabilities: Assets and links",
        "Capabilities: Metadata",
        "Capabilities: Real-time media",
        "Capabilities: Disruptive changes",
        "Capabilities: MLS",
        "Room",
    ]


def test_the_base_policy():
    base = BaseRoomPolicy(
        fixed_membership=True,
        parent_dependant=True,
        parent_room=(b"mimi://a.example/r/x",),
        multi_device=False,
        max_clients=7,
        max_users=0,
        pseudonyms_allowed=True,
    )
    rows = cells(table(RoomPolicy(RoleData(()), base=base), "markdown"), "Room")
    assert rows["fixed_membership"] == ["yes"]
    assert rows["parent_room"] == ["mimi://a.example/r/x"]
    assert rows["multi_device"] == ["no"]
    assert rows["max_clients"] == ["7"]
    assert rows["max_users"] == ["0"]
    assert rows["pseudonyms_allowed"] == ["yes"]
    assert rows["policy_component_ids"] == ["none"]


def test_descriptions_are_shown_where_there_are_any():
    rows = cells(
        table(raw(NOBODY, attrs.evolve(USER, role_description=b"Who is in")), "markdown"), "Roles"
    )
    assert rows["Role"] == ["Name", "Participants", "Active", "Description"]
    assert rows["2"] == ["user", "any", "any", "Who is in"]


def test_private_capabilities_are_shown_where_somebody_has_them():
    pinning = attrs.evolve(USER, role_capabilities=(Capability(0xF0AB), Capability(0x0700)))
    text = table(raw(NOBODY, pinning), "markdown")
    assert cells(text, "Capabilities: Private use")["0xF0AB"] == ["", "x"]
    assert cells(text, "Capabilities: Unregistered")["0x0700"] == ["", "x"]
    assert "Private use" not in table(raw(NOBODY, USER))


def test_entries_for_everybody_and_for_no_role():
    policy = room(parts=(preauthorized(entry(2), entry(0, ADULT), entry(9, STAFF)),))
    rows = cells(table(policy, "markdown"), "Preauthorisation")
    assert rows["1"] == ["(anybody)", "2 user"]
    assert [rows[place][1] for place in ("2", "3")] == ["0", "9"]


# What others wrote


@pytest.mark.parametrize(
    ("name", "text", "markdown"),
    [
        (b"two\nlines", "two\\nlines", "two\\\\nlines"),
        (b"\x1b[31m", "\\x1b[31m", "\\\\x1b\\[31m"),
        (b"\xff", "\\xff", "\\\\xff"),
        ("\u202enimda".encode(), "\\u202enimda", "\\\\u202enimda"),
        (b"a|b", "a|b", "a\\|b"),
        (b"<b>*x*</b>", "<b>*x*</b>", "\\<b\\>\\*x\\*\\</b\\>"),
        (b"group_admin", "group_admin", "group_admin"),
        (b"_admin_", "_admin_", "\\_admin\\_"),
        ("Führung".encode(), "Führung", "Führung"),
    ],
)
def test_names_are_written_so_that_they_stay_in_their_cells(name, text, markdown):
    policy = raw(NOBODY, BANNED, named(USER, name))
    assert f"\n2     {text}" in table(policy)
    assert f"\n| 2 | {markdown} |" in table(policy, "markdown")


def test_claims_are_escaped_too():
    policy = room(parts=(preauthorized(entry(2, claim(b"te|am", b"\n"))),))
    rows = table(policy, "markdown")
    assert "| 1 | 0xF0F0 te\\|am = \\\\n | 2 user |" in rows


@given(strategy(RoleData), strategy(PreAuthData), strategy(BaseRoomPolicy))
def test_whatever_a_policy_says_its_tables_are_rectangles(roles, entries, base):
    policy = RoomPolicy(roles, entries, base)
    for grid in grids(policy):
        assert {len(row) for row in grid.rows} <= {len(grid.header)}
    for line in (*table(policy).splitlines(), *table(policy, "markdown").splitlines()):
        assert line.isprintable()
