"""What refusals say whose rule stands in a draft."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mimi.crypto import CipherSuite, suite_of
from mimi.errors import MimiError

EXTENSIONS = "draft-ietf-mls-extensions-10 section "

some_suites = pytest.mark.parametrize(
    "suite", [suite_of(CipherSuite(code)) for code in (1, 2, 3, 7)], ids=lambda each: each.code.name
)


@contextmanager
def refused_by(
    section: str, kind: type[MimiError], **where: object
) -> Iterator[pytest.ExceptionInfo[MimiError]]:
    """Expect exactly this error, with these values, citing this section of the draft."""
    with pytest.raises(MimiError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind
    assert where.items() <= error.where.items()
    assert kind.rule == EXTENSIONS + section
    assert "None" not in error.reason
