"""Test vectors: verifying published ones, and writing our own.

::

    report = verify("treekem.json", content)
    report.ok, report.cases, report.passed
    for failure in report.failures:
        print(failure)          # case 3, suite 1: update_paths[0].commit_secret: expected ...
"""

from mimi.vectors.case import Case, DifferenceError
from mimi.vectors.kinds import (
    CONTENT_KINDS,
    EXTENSION_KINDS,
    KINDS,
    MLS_KINDS,
    POLICY_KINDS,
    PROTOCOL_KINDS,
    Kind,
    kind_of,
)
from mimi.vectors.verify import Failure, Report, checked_fields, verify, verify_case

__all__ = [
    "CONTENT_KINDS",
    "EXTENSION_KINDS",
    "KINDS",
    "MLS_KINDS",
    "POLICY_KINDS",
    "PROTOCOL_KINDS",
    "Case",
    "DifferenceError",
    "Failure",
    "Kind",
    "Report",
    "checked_fields",
    "kind_of",
    "verify",
    "verify_case",
]
