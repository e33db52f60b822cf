"""Files of vectors in which some values are replaced by anything at all."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from vectors.corruption import LARGEST, parts_of, replaced

from mimi.vectors import Report, verify

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 40)
    | st.integers()
    | st.sampled_from([LARGEST, LARGEST + 1, 1 << 32, 10**4000])
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "", "00", "zz", "ff" * 300])
    | st.binary().map(bytes.hex)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@st.composite
def vandalised(draw: Callable[..., Any], cases: st.SearchStrategy[dict[str, Any]]) -> list[Any]:
    """A file of a good case in which some values are replaced by anything."""
    case = draw(cases)
    places = [steps for steps, _ in parts_of(case)]
    for steps in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        try:
            case = replaced(case, steps, draw(values))
        except (TypeError, AttributeError, LookupError):
            continue  # what the place lay in is replaced already
    return [case, draw(values)] if draw(st.booleans()) else [case]


def verify_anything(content: bytes) -> Report:
    """Verify a file of which nothing is known, and the report on it."""
    report = verify("some.json", content)
    json.dumps(report.as_json())
    assert all(str(failure) for failure in report.failures)
    assert report.passed + report.failed == report.cases
    return report


def verify_vandalised(cases: list[Any]) -> None:
    """Verify a vandalised file: a failure of its case says where it is."""
    report = verify_anything(json.dumps(cases).encode())
    if not report.problem:
        assert all(failure.field for failure in report.failures if failure.case == 0)
