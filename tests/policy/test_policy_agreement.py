"""The library and the naive evaluator come to one answer about any commit in any room."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from naive.naive_policy import decide
from policy.tables import cases, commits

from mimi.vectors.case import Case
from mimi.vectors.checks.policy import decided
from mimi.vectors.policy_rows import Scene

SENSELESS = {"already-participant", "role-zero", "user-twice", "no-participant"}
SENSELESS |= {"roles-with-participants"}
"""Where an action has no meaning, what would come of it has none."""


def is_comparable(requests: list[Any]) -> bool:
    """Whether nothing is replaced twice, which components refuse."""
    kinds = [action[0] for _, asked in requests for action in asked]
    return kinds.count("change-roles") < 2 and kinds.count("change-base-policy") < 2


def without_echo(rules: set[str]) -> set[str]:
    """Rules without that of a removed user's clients where one would be brought in."""
    return rules - {"removed-client"} if "client-without-participant" in rules else rules


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_both_implementations_agree_about_any_commit(data: st.DataObject) -> None:
    case = data.draw(cases())
    scene = Scene.of(Case(case))
    for _ in range(4):
        requests = data.draw(commits(case).filter(is_comparable))
        ours = decided(scene, Case({"requests": requests}))
        naive = decide(case, requests)
        rules = set(ours["rules"])
        assert bool(rules) == bool(naive.rules)
        if not SENSELESS & (rules | naive.rules):
            assert without_echo(rules) == without_echo(naive.rules)
            assert ours["needed"] == sorted(map(sorted, naive.needed))
