"""A commit with one AppDataUpdate against the primitives that it needs in a large group context.

It has no path (draft-ietf-mls-extensions-10 section 4.7): what costs is the group context, which is
signed, tagged and hashed into the key schedule as a whole. See `primitives` for the formulas.
"""

from collections.abc import Sequence
from functools import cache

import attrs
import pytest
from benchmarks import primitives
from benchmarks.large import NOW, SETTINGS, SUITE, Many, bulk_added

from mimi.codec import encode
from mimi.mls import CommitStaged, PublicGroup
from mimi.mls.appdata import Component, Proposed
from mimi.mls.components import APP_DATA_DICTIONARY, APP_DATA_UPDATE, ComponentID, app_data
from mimi.mls.negotiation import agreement
from mimi.mls.proposal import AppDataUpdate, UpdateData
from mimi.mls.settings import with_built_in
from mimi.mls.state import PublicState
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extensions, RequiredCapabilities, extension
from mimi.tree.leaf import Capabilities

CHANGED = ComponentID(0x8064)
"""The component that is updated, among those that are not."""

NEW = b"\1" * 512
UPDATE = AppDataUpdate(CHANGED, UpdateData(NEW))


class Replaced(Component):
    """A component that takes what it is told, and does not read what it had."""

    def updated(
        self, before: bytes | None, updates: Sequence[Proposed], state: PublicState
    ) -> bytes:
        return updates[-1].data


DATA = {
    "one component of 100 KiB": {CHANGED: bytes(512), CHANGED + 1: bytes(100 * 1024 - 512)},
    "200 components of 512 octets": {0x8000 + number: bytes(512) for number in range(200)},
}
data_sizes = pytest.mark.parametrize("data", DATA.values(), ids=DATA)

REQUIRED = extension(
    ExtensionType.REQUIRED_CAPABILITIES,
    RequiredCapabilities((APP_DATA_DICTIONARY,), (APP_DATA_UPDATE,)),
)
CAPABLE = Capabilities(
    cipher_suites=(SUITE.code,), extensions=(APP_DATA_DICTIONARY,), proposals=(APP_DATA_UPDATE,)
)
LEAF = agreement(components=(1, 2, CHANGED), safe_aad=(CHANGED,))


@cache
def members(count: int) -> Many:
    """Return a group whose leaves say what they support."""
    return bulk_added(count, CAPABLE, (LEAF,))


@pytest.fixture
def group_of(request):
    """Return a function to a member of a group of 100; of a small one where nothing is timed."""
    count = 100 if request.config.option.benchmark_enable else 10
    settings = attrs.evolve(SETTINGS, components=with_built_in({CHANGED: Replaced()}))

    def group(leaf: int, data: dict[int, bytes]):
        extensions: Extensions = (
            REQUIRED,
            agreement(components=(CHANGED,), safe_aad=(), data=data.items()),
        )
        return members(count).group(leaf, extensions, settings)

    return group


def update_of(group):
    return group.commit(proposals=[UPDATE], path=False, aad=b"\0", now=NOW)


@data_sizes
def test_create(measure, group_of, data):
    group = group_of(0, data)
    draft = update_of(group)
    after = draft.accept()
    assert app_data(after.extensions)[CHANGED] == NEW
    work = primitives.create_update(len(encode(group.context)), len(draft.commit))
    title = f"create an AppDataUpdate's commit, {len(data)} components"
    measure(title, lambda: update_of(group), primitives.call(work), 1.5, 1)


@data_sizes
def test_process(measure, group_of, data):
    group, wire = group_of(1, data), update_of(group_of(0, data)).commit

    def process() -> object:
        (event,) = group.receive(wire, now=NOW).events
        assert isinstance(event, CommitStaged)
        return event.accept()

    work = primitives.process_update(len(encode(group.context)), len(wire))
    title = f"process an AppDataUpdate's commit, {len(data)} components"
    measure(title, process, primitives.call(work), 1.5, 1)


@data_sizes
def test_follow(measure, group_of, data):
    """Less than half of the floor of a member: our own part weighs more."""
    group = group_of(0, data)
    wire = update_of(group).commit
    known = group.settings.components
    public = PublicGroup.from_group_info(group.group_info(), now=NOW, components=known)

    def process() -> object:
        (event,) = public.receive(wire, now=NOW).events
        return event.accept()

    work = primitives.follow_update(len(encode(group.context)), len(wire))
    title = f"follow an AppDataUpdate's commit, {len(data)} components"
    measure(title, process, primitives.call(work), 1.5, 1)
