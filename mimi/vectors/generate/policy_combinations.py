"""Combined commits: several actions, several people, joiners and senders from outside."""

from collections.abc import Iterator
from typing import Any

from mimi.policy.operational import OperationalParameters
from mimi.policy.presets import capabilities
from mimi.policy.presets import role as role_of
from mimi.vectors.generate.policy_bounds import BOUNDS
from mimi.vectors.generate.policy_club import (
    CLIENTS,
    DEPARTMENT,
    LINK,
    OLD_LINK,
    PARTICIPANTS,
    PINNER,
    PREAUTHORIZED,
    ROLES,
    STAFF_LINK,
    STRANGE_LINK,
    everybody,
    with_roles,
)
from mimi.vectors.generate.policy_definitions import DEFINITIONS
from mimi.vectors.generate.policy_scenes import (
    CREDENTIAL,
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
    rows,
    uri,
)
from mimi.vectors.generate.written import Vector

_MEMBERS = {name: member(name) for name in CLIENTS}
_MEMBERS["idle"] = joiner("idle")

TOGETHER = Cast(
    "a club: several actions, by one and by several",
    ROLES,
    PARTICIPANTS,
    CLIENTS,
    _MEMBERS | {"hub": external(), "bert": joiner("bert")},
    base=None,
)

_TOGETHER = (
    # people come and go
    row("mona", add("nina", 2), come("nina")),
    row("mona", add("nina", 2), come("nina"), come("nina"), by="add-client"),
    row("mona", add("nina", 2), come("nina"), remove("gus"), go("gus"), go("gus")),
    row("mona", add("nina", 2), add("nora", 3), change("gus", 3), remove("gwen"), go("gwen")),
    row("mona", add("nina", 2), add("nora", 4), by="transition add-participant"),
    row("mia", add("nina", 2), come("nina"), change("gus", 3), by="separately"),
    row("mia", add("nina", 3), come("nina")),
    row("gus", add("nina", 2), come("nina")),
    row("mia", add("nina", 2), by="inactive"),
    row("mia", come("nina")),
    rows(("mona", [add("nina", 2)]), ("mia", [come("nina")]), by="canAddParticipant"),
    rows(("mona", [add("nina", 3)]), ("mia", [come("nina")]), by="transition add-participant"),
    rows(("mona", [add("nina", 2)]), ("gus", [come("nina")])),
    row("mia", come("gus"), by="canAddParticipant"),
    row("mia", come("idle"), by="transition add-participant"),
    row("gus", come("idle")),
    row("gus", come("gus"), by="other-own-client"),
    row("gus", go("gus"), come("gus"), by="canAddOwnClient"),
    row("mute", come("mute")),
    row("mute", go("mute")),
    row("idle", come("idle"), by="canAddOwnClient"),
    # removing and leaving
    row("mia", remove("gus"), go("gus"), go("gus"), by="remove-client"),
    row("mia", remove("gus"), go("gus")),
    row("mia", remove("gus")),
    row("mia", remove("idle")),
    row("mia", remove("mona"), go("mona")),
    row("gus", remove("gus"), go("gus"), go("gus")),
    row("gus", remove("gus"), go("gus"), by="leave-clients"),
    row("mute", remove("mute"), go("mute")),
    rows(("gus", [remove("gus")]), ("mia", [go("gus"), go("gus")]), by="leave-clients"),
    rows(("gus", [remove("gus"), go("gus")]), ("gwen", [go("gus")]), by="remove-client"),
    row("mona", go("gus"), go("gwen"), by="canKick"),
    row("mia", go("gus"), go("mia"), by="canKick"),
    row("mia", remove("nobody-there")),
    rows(("gus", [go("gus")]), ("gwen", [go("gwen")]), by="canRemoveOwnClient"),
    # one operation for each user
    row("mona", change("gus", 3), remove("gus"), go("gus"), go("gus")),
    row("mona", change("gus", 3), change("gus", 3)),
    rows(("mona", [change("gus", 3)]), ("olga", [change("gus", 3)])),
    rows(("mona", [change("gus", 3)]), ("olga", [change("gwen", 3)]), by="canChangeUserRole"),
    rows(("mona", [remove("gus"), go("gus"), go("gus")]), ("gus", [remove("gus")])),
    row("mona", add("nina", 2), add("nina", 3)),
    # who is banned
    row("mona", change("gus", 1), go("gus"), go("gus"), by="banned-client"),
    row("mona", change("gus", 1)),
    row("mona", change("gus", 1), go("gus")),
    row("mona", change("gus", 1), change("gwen", 1), go("gus"), go("gus"), go("gwen"), by="canBan"),
    row("hub", change("gus", 1), go("gus"), go("gus"), by="canBan"),
    row("hub", change("gus", 1), go("gus"), change("gwen", 1), go("gwen")),
    row("hub", change("olga", 1), go("olga"), by="transition change-role"),
    row("wanda", change("gus", 1), go("gus"), go("gus"), by="ban-and-kick"),
    row("wanda", change("idle", 1), by="transition change-role"),
    row("wanda", change("idle", 2), by="canChangeUserRole"),
    rows(("wanda", [change("gwen", 1)]), ("mona", [go("gwen")]), by="ban-and-kick"),
    rows(("wanda", [change("gwen", 1)]), ("mia", [go("gwen")]), by="ban-and-kick"),
    rows(("mona", [change("gwen", 1)]), ("mia", [go("gwen")]), by="banned-client"),
    rows(("wanda", [change("gwen", 1)]), ("gwen", [go("gwen")]), by="banned-client"),
    rows(("olga", [change("mute", 1)]), ("mute", [go("mute")]), by="transition change-role"),
    row("mona", change("mona", 1), go("mona"), by="preauthorized-role"),
    row("mona", add("troll", 1), by="canAddParticipant"),
    row("hub", add("troll", 1), by="canBan"),
    row("hub", add("troll", 1), come("troll")),
    row("hub", add("nina", 2), come("nina"), by="enforcer"),
    row("wanda", add("troll", 1), by="canBan"),
    # and no more
    row("mona", change("bert", 2), by="canChangeUserRole"),
    row("mona", change("bert", 2), come("bert"), by="unban-clients"),
    row("hub", change("bert", 2), by="canUnBan"),
    row("hub", change("bert", 2), come("bert"), by="unban-clients"),
    row("hub", change("bert", 3), by="unban-source"),
    row("wanda", change("bert", 2), by="canChangeUserRole"),
    row("hub", change("gus", 3), by="canChangeUserRole"),
    row("hub", remove("bert")),
    row("bert", come("bert")),
    row("bert", remove("bert"), by="canRemoveSelf"),
    row("mia", change("bert", 2), by="canChangeUserRole"),
    # what may not share a commit with what
    row("olga", ["change-roles", None], add("nina", 2)),
    row("olga", ["change-roles", None], change("gus", 3)),
    rows(("olga", [["change-roles", None]]), ("mona", [remove("idle")])),
    row("olga", ["change-roles", None], go("gus"), come("mia"), by="canChangeRoleDefinitions"),
    row("olga", ["change-preauthorized"], add("nina", 2)),
    row("olga", ["change-preauthorized"], change("gus", 3)),
    row("olga", ["change-preauthorized"], remove("idle"), by="preauthorized-with-participants"),
    rows(("olga", [["change-preauthorized"]]), ("gus", [remove("gus"), go("gus"), go("gus")])),
    row("olga", ["change-roles", None], ["change-preauthorized"]),
    row("olga", ["change-base-policy", None], add("nina", 2), come("nina")),
    row(
        "olga",
        ["change-join-links", True, False],
        ["change-component", 0x2B],
        metadata("room_name"),
    ),
    row("mona", ["change-join-links", True, False], metadata("room_name"), by="reserved"),
    row("olga", ["change-join-links", False, False], by="reserved"),
    row("gus", ["change-join-links", False, False], by="reserved"),
    # what belongs to the room
    row("olga", metadata("room_name", "room_subject", "room_avatar", "room_descriptions")),
    row("mona", metadata("room_name", "room_subject", "room_avatar", "room_mood")),
    row("olga", metadata("room_uri", "room_name")),
    row("mia", metadata("room_uri", "room_name")),
    *(
        row("olga", ["remove-component", component], by="essential-component")
        for component in (0x22, 0x23, 0x25, 0x27)
    ),
    *(row("olga", ["remove-component", component]) for component in (0x24, 0x26, 0x2A, 0x2B, 0x2F)),
    *(row("mona", ["remove-component", component]) for component in (0x24, 0x26, 0x2A, 0x2B, 0x2F)),
    *(row("mona", ["change-component", component]) for component in (0x24, 0x28, 0x30)),
    row("olga", ["change-extensions"], by="reserved"),
    row("mona", ["change-extensions"], by="reserved"),
    row("gus", ["change-identity", uri("gus"), uri("gwen")]),
    row("olga", ["change-identity", uri("olga"), uri("new-olga")], perform("canSendMessage")),
    row("gus", perform("canSendMessage"), perform("canStartCall"), by="canStartCall"),
    row("mute", perform("canSendMLSUpdateProposal")),
    row("mute", perform("canSendMLSExternalCommit")),
    row("bert", perform("canReceiveMessage"), by="no-capabilities"),
    row("hub", perform("canDestroyRoom"), by="canDestroyRoom"),
)

_PIN_ROLES = with_roles(PINNER)
PRIVATE = Cast(
    "a club with a role that has a private capability alone, and nothing else to show",
    _PIN_ROLES,
    PARTICIPANTS,
    CLIENTS,
    {"mute": member("mute"), "olga": member("olga"), "hub": external("mimi://other.example")},
    room_metadata=None,
)
_PRIVATE = (
    row("mute", perform("0xF001"), by="private-capability"),
    row("olga", perform("0xF001"), by="private-capability"),
    row("mute", perform("canSendMessage"), add("nina", 2), by="private-capability"),
    row("hub", perform("canSendMessage"), by="no-participant"),
    row("olga", metadata("room_uri"), by="reserved"),
    row("mute", metadata("room_uri"), by="reserved"),
    row("mute", metadata("room_uri", "room_name")),
)


def _claims(*claims: tuple[bytes, str]) -> dict[str, Any]:
    return {"claims": [[int(CREDENTIAL), at.hex(), [to.encode().hex()]] for at, to in claims]}


JOINING = Cast(
    "a club that is joined: by a joining link, and by what a credential says",
    ROLES,
    PARTICIPANTS,
    CLIENTS,
    _MEMBERS
    | {
        "nobody": joiner("nina"),
        "invited": joiner("nina", code=LINK),
        "invited staff": joiner("nina", code=STAFF_LINK),
        "late": joiner("nina", code=OLD_LINK),
        "guessing": joiner("nina", code=STRANGE_LINK),
        "manager": joiner("nina", "manager"),
        "temporary": joiner("nina", "temporary"),
        "ghost": joiner("nina", "ghost"),
        "organizer": joiner("nina", "manager")
        | _claims((bytes.fromhex("060355040c"), "manager"), (DEPARTMENT, "events")),
        "new mute": joiner("nina", "mute"),
        "invited member": joiner("nina", "member", STAFF_LINK),
        "manager from outside": external("nina", "manager"),
        "stranger from outside": external("nina"),
        "bert, manager": joiner("bert", "manager", LINK),
        "idle, manager": joiner("idle", "manager"),
        "gus, manager": member("gus", "manager"),
        "gus, member": member("gus", "member"),
        "mona, member": member("mona", "member"),
        "mute, member": member("mute", "member"),
    },
    PREAUTHORIZED,
    join_links=(LINK, STAFF_LINK, STRANGE_LINK),
    join_roles={STAFF_LINK: 3, OLD_LINK: 2, STRANGE_LINK: 99},
)

_NINA = come("nina")
_JOINING = (
    row("nobody", add("nina", 2), _NINA),
    row("nobody", _NINA, by="client-without-participant"),
    row("invited", add("nina", 2), _NINA, by="join-code"),
    row("invited", add("nina", 3), _NINA, by="join-code"),
    row("invited", add("nina", 1), by="join-code"),
    row("invited staff", add("nina", 3), _NINA, by="join-code"),
    row("invited staff", add("nina", 2), _NINA, by="join-code"),
    row("late", add("nina", 2), _NINA, by="join-code"),
    row("guessing", add("nina", 2), _NINA, by="join-code"),
    row("guessing", add("nina", 99), _NINA),
    row("manager", add("nina", 4), _NINA, by="canJoinIfPreauthorized"),
    row("manager", add("nina", 3), _NINA, by="preauthorized-role"),
    row("manager", add("nina", 2), _NINA, by="preauthorized-role"),
    row("organizer", add("nina", 5), _NINA, by="preauthorized-role"),
    row("organizer", add("nina", 4), _NINA, by="preauthorized-role"),
    row("temporary", add("nina", 2), _NINA, by="canJoinIfPreauthorized"),
    row("ghost", add("nina", 2), _NINA, by="preauthorized-role"),
    row("ghost", add("nina", 99), _NINA),
    row("new mute", add("nina", 8), _NINA, by="canJoinIfPreauthorized"),
    row("invited member", add("nina", 3), _NINA, by="join-preauthorized"),
    row("manager from outside", add("nina", 4), by="consulted"),
    row("manager from outside", remove("gus"), go("gus"), go("gus"), by="consulted"),
    row("manager from outside", change("gus", 1), go("gus"), go("gus"), by="consulted"),
    row("manager from outside", change("olga", 1), go("olga"), by="transition change-role"),
    row("stranger from outside", remove("gus"), go("gus"), go("gus"), by="no-participant"),
    row("manager", add("nina", 4), _NINA, remove("gus"), go("gus"), go("gus")),
    row("manager", add("nina", 4), _NINA, remove("gus")),
    row("invited", add("nina", 2), _NINA, remove("gus"), go("gus"), go("gus")),
    row("invited", add("nina", 2), _NINA, add("nora", 2)),
    row("bert, manager", add("bert", 4), by="banned-rejoin"),
    row("bert, manager", come("bert"), by="banned-rejoin"),
    row("bert, manager", change("bert", 4), by="banned-rejoin"),
    row("bert, manager", change("gus", 3), by="banned-rejoin"),
    row("idle, manager", come("idle"), by="canAddOwnClient"),
    row("idle, manager", change("gus", 3), by="consulted"),
    row("idle, manager", change("idle", 4), come("idle"), by="own-role"),
    row("gus, manager", change("gus", 4), by="own-role"),
    row("gus, manager", change("gus", 3), by="preauthorized-role"),
    row("gus, manager", change("gwen", 3), by="consulted"),
    row("gus, member", change("gus", 3), by="own-role"),
    row("gus", change("gus", 3), by="preauthorized-role"),
    row("mona, member", change("mona", 3)),
    row("mona, member", change("mona", 2), by="preauthorized-role"),
    row("mute, member", change("mute", 3), by="canChangeOwnRole"),
    rows(("gus, member", [change("gus", 3)]), ("manager", [add("nina", 4), _NINA]), by="own-role"),
    rows(("mona", [add("nina", 2)]), ("nobody", [_NINA]), by="canAddOwnClient"),
    row("mona", add("nina", 4), by="transition add-participant"),
)

OPEN = Cast(
    "a club that is open to everybody, and preauthorises everybody as a guest",
    with_roles(role_of(0, "nobody", capabilities("canOpenJoin canSendMessage"), {0: (2, 3)})),
    PARTICIPANTS,
    CLIENTS,
    {"nobody": joiner("nina"), "from outside": external("nina"), "bert": joiner("bert")},
    (everybody(),),
)
_OPEN = (
    row("nobody", add("nina", 2), _NINA, by="join-open"),
    row("nobody", add("nina", 2), _NINA, _NINA, by="join-open"),
    row("nobody", add("nina", 3), _NINA, by="join-open"),
    row("nobody", add("nina", 4), _NINA, by="join-open"),
    row("nobody", add("nora", 2), come("nora"), by="canAddParticipant"),
    row("nobody", add("nina", 2), _NINA, add("nora", 2), come("nora"), by="canAddParticipant"),
    row("from outside", add("nina", 3), by="canOpenJoin"),
    row("nobody", perform("canSendMessage"), by="canSendMessage"),
    row("bert", perform("canSendMessage"), by="canSendMessage"),
    row("bert", come("bert"), by="banned-client"),
)

_CLOSED_ACTORS = {
    "olga": member("olga"),
    "hub": external(),
    "manager": joiner("nina", "manager"),
    "manager from outside": external("nina", "manager"),
    "idle": joiner("idle"),
    "gus": joiner("gus"),
    "bert": joiner("bert"),
    "nobody": joiner("nina"),
}


def _closed(description: str, operational: OperationalParameters) -> Cast:
    return Cast(
        description,
        ROLES,
        PARTICIPANTS,
        CLIENTS,
        _CLOSED_ACTORS,
        PREAUTHORIZED,
        operational=operational,
    )


NO_COMMITS = _closed(
    "a club that nobody joins by a commit", OperationalParameters(external_commit_allowed=False)
)
NO_PROPOSALS = _closed(
    "a club to which nobody outside proposes",
    OperationalParameters(external_proposal_allowed=False),
)
_FROM_OUTSIDE = (
    row("manager", add("nina", 4), _NINA),
    row("manager from outside", add("nina", 4), by="consulted"),
    row("hub", change("gus", 1), go("gus"), go("gus")),
    row("idle", come("idle")),
    row("olga", come("idle")),
    rows(("olga", [add("nora", 2)]), ("hub", [change("gwen", 1), go("gwen")])),
    row("gus", ["replace-client", uri("gus")]),
)
REPLACING = _closed("a club to which clients come back", OperationalParameters())
_REPLACING = (
    row("gus", ["replace-client", uri("gus")]),
    row("bert", ["replace-client", uri("bert")], by="banned-client"),
    row("nobody", ["replace-client", uri("nina")], by="client-without-participant"),
    rows(("gus", [["replace-client", uri("gus")]]), ("olga", [add("nora", 2)])),
    rows(
        ("gus", [["replace-client", uri("gus")]]), ("olga", [remove("gus"), go("gus"), go("gus")])
    ),
)


def combinations() -> Iterator[Vector]:
    """Yield combined commits."""
    pairs: tuple[tuple[Cast, tuple[Row, ...]], ...] = (
        (TOGETHER, _TOGETHER),
        (PRIVATE, _PRIVATE),
        (JOINING, _JOINING),
        (OPEN, _OPEN),
        (NO_COMMITS, _FROM_OUTSIDE),
        (NO_PROPOSALS, _FROM_OUTSIDE),
        (REPLACING, _REPLACING),
        *BOUNDS,
        *DEFINITIONS,
    )
    for cast, commits in pairs:
        yield cast.case(commits)
