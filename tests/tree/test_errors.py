"""Every error class names the rule that it stands for."""

import re

import pytest

from mimi.errors import ForbiddenError, InvalidError, MimiError, UsageError
from mimi.mls import errors as mls_errors
from mimi.tree import errors as tree_errors

CLASSES = [
    kind
    for module in (tree_errors, mls_errors)
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__
]


STORAGE = {mls_errors.NewerSnapshotError, mls_errors.DamagedSnapshotError}
"""What is wrong with stored rows, which no RFC describes."""


@pytest.mark.parametrize(
    "kind", [kind for kind in CLASSES if kind not in STORAGE], ids=lambda kind: kind.__name__
)
def test_a_class_stands_for_one_rule(kind):
    assert issubclass(kind, InvalidError | UsageError | ForbiddenError)
    assert kind.__mro__[2] is MimiError
    assert kind.__doc__
    assert re.fullmatch(r"RFC 9420 section \d+(\.\d+)*", kind.rule)
    assert str(kind("reason", leaf=3)) == f"reason ({kind.rule})"
    assert kind("reason", leaf=3).where == {"leaf": 3}
