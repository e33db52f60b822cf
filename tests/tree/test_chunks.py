"""Chunks behave as the tuple of their items, and no version changes another."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mimi.tree.chunks import SIZE, Chunks

LONG = 3 * SIZE + 5


class Versions(RuleBasedStateMachine):
    """All versions made so far, each with the tuple that it should be."""

    def __init__(self):
        super().__init__()
        self.versions = []

    @initialize(length=st.integers(0, LONG))
    def begin(self, length):
        items = tuple(range(length))
        self.versions.append((Chunks(items), items))

    def pick(self, data):
        return self.versions[data.draw(st.integers(0, len(self.versions) - 1))]

    @rule(data=st.data(), more=st.integers(0, 2 * SIZE))
    def extend(self, data, more):
        chunks, model = self.pick(data)
        self.versions.append((chunks.extend(iter(range(more))), model + tuple(range(more))))

    @rule(data=st.data())
    def truncate(self, data):
        chunks, model = self.pick(data)
        length = data.draw(st.integers(0, len(model)))
        self.versions.append((chunks.truncate(length), model[:length]))

    @rule(data=st.data(), item=st.text(max_size=2))
    def replace(self, data, item):
        chunks, model = self.pick(data)
        if not model:
            return
        places = data.draw(st.sets(st.integers(0, len(model) - 1), max_size=5))
        changes = {at: f"{item}{at}" for at in places}
        changed = tuple(changes.get(at, old) for at, old in enumerate(model))
        self.versions.append((chunks.replace(changes), changed))

    @invariant()
    def every_version_is_what_it_was(self):
        for chunks, model in self.versions:
            assert len(chunks) == len(model)
            assert tuple(chunks) == model


TestVersions = Versions.TestCase
TestVersions.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)


@pytest.mark.parametrize("length", [0, 1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, LONG])
def test_every_item_is_found_at_its_place(length):
    chunks = Chunks(range(length))
    assert [chunks[at] for at in range(length)] == list(range(length))
    with pytest.raises(IndexError):
        chunks[length]


def test_what_is_not_replaced_is_shared():
    before = Chunks(range(LONG))
    after = before.replace({SIZE: "new"})
    shared = [a is b for a, b in zip(before.chunks, after.chunks, strict=True)]
    assert shared == [True, False, True, True]
    assert before.extend([1]).chunks[:3] == before.chunks[:3]
    assert all(a is b for a, b in zip(before.truncate(SIZE).chunks, before.chunks, strict=False))
