"""The vectors of room policy, checked by the naive implementation."""

from typing import Any

from naive.naive_agree import agree, must, unhex
from naive.naive_policy import decide, found
from naive.naive_policy_data import component
from naive.naive_policy_wire import (
    COMPONENTS,
    LINKS_UPDATE,
    PARTICIPANT_UPDATE,
    Refused,
    updated_links,
    updated_participants,
    write,
)


def check_component(case: dict) -> None:
    number = case["component_id"]
    try:
        value, rule = component(number, unhex(case["data"])), None
    except Refused as refused:
        value, rule = None, refused.rule
    agree("rule", rule, case["rule"])
    agree("value", value, case["value"])
    if rule is None:
        agree("data", write(COMPONENTS[number], case["value"]), unhex(case["data"]))


def check_participants(case: dict) -> None:
    updates = [unhex(update) for update in case["updates"]]
    try:
        listed, rule = updated_participants(unhex(case["data"]), updates), None
    except Refused as refused:
        listed, rule = None, refused.rule
    agree("rule", rule, case["rule"])
    agree("participants", listed, case["participants"])
    if listed is not None:
        pairs = [{"user": user, "role_index": role} for user, role in listed]
        agree("after", write(COMPONENTS[0x22], {"participants": pairs}), unhex(case["after"]))
    check_updates(PARTICIPANT_UPDATE, case)


def check_join_links(case: dict) -> None:
    updates = [unhex(update) for update in case["updates"]]
    try:
        links, rule = updated_links(unhex(case["before"]), updates), None
    except Refused as refused:
        links, rule = None, refused.rule
    agree("rule", rule, case["rule"])
    agree("join_links", links, case["join_links"])
    if links is not None:
        listed = [{"join_link": link} for link in links]
        agree("after", write(COMPONENTS[0x2A], {"join_links": listed}), unhex(case["after"]))
    check_updates(LINKS_UPDATE, case)


def check_updates(structure: Any, case: dict) -> None:
    for value, update in zip(case["values"], case["updates"], strict=True):
        if value is not None:
            agree("update", write(structure, value), unhex(update))


def check_row(case: dict, row: dict) -> None:
    verdict = decide(case, row["requests"])
    agree("rules", sorted(verdict.rules), row["rules"])
    agree("needed", sorted(map(sorted, verdict.needed)), row["needed"])
    if row["rules"]:
        agree("grounds", None, row["grounds"])
        return
    for ground, needs in zip(row["grounds"], verdict.grounds, strict=True):
        alternatives = set[str]().union(*needs)
        must(f"{ground} is a ground", holds=ground in alternatives if needs else ground is None)


def check_decisions(case: dict) -> None:
    for at, row in enumerate(case["rows"]):
        try:
            check_row(case, row)
        except AssertionError as error:
            raise AssertionError(f"row {at}: {error}") from error


def check_founding(case: dict) -> None:
    agree("rules", sorted(found(case)), case["rules"])


CHECKS = {
    "policy-component": check_component,
    "policy-participants": check_participants,
    "policy-join-links": check_join_links,
    "policy-decisions": check_decisions,
    "policy-founding": check_founding,
}
