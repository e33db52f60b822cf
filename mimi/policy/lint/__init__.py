"""A linter for policies: what their author may not have meant.

::

    for finding in lint(policy):
        print(finding)      # warning last-administrator: ...
    is_acceptable(lint(policy))

Only what keeps a room from working, or what draft-ietf-mimi-room-policy-03 forbids, is an error;
everything else is for people to judge.
"""

from collections.abc import Callable, Iterable, Iterator

from mimi.policy.lint import base as base
from mimi.policy.lint import claims as claims
from mimi.policy.lint import joining as joining
from mimi.policy.lint import others as others
from mimi.policy.lint import powers as powers
from mimi.policy.lint import roles as roles
from mimi.policy.lint.finding import Finding as Finding
from mimi.policy.lint.finding import LintRule as LintRule
from mimi.policy.lint.finding import Severity as Severity
from mimi.policy.lint.survey import Survey
from mimi.policy.policy import RoomPolicy

_CHECKS: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    *roles.CHECKS,
    *powers.CHECKS,
    *joining.CHECKS,
    *claims.CHECKS,
    *base.CHECKS,
    *others.CHECKS,
)

_ORDER = {severity: place for place, severity in enumerate(Severity)}


def lint(policy: RoomPolicy) -> tuple[Finding, ...]:
    """Return what there is to say of a policy, the worst first."""
    survey = Survey.of(policy)
    found = [finding for check in _CHECKS for finding in check(survey)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))


def is_acceptable(findings: Iterable[Finding]) -> bool:
    """Return whether there is no error among findings."""
    return all(finding.severity is not Severity.ERROR for finding in findings)
