"""Maps that share buckets, against dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimi.mls.numbermap import SHIFT, NumberMap

keys = st.integers(0, 300)


@given(
    st.dictionaries(keys, st.integers()),
    st.lists(st.tuples(keys, st.dictionaries(keys, st.integers(), max_size=4)), max_size=20),
)
def test_buckets_are_a_map(entries, changes):
    ours, naive, versions = NumberMap.of(entries), dict(entries), []
    for key, added in changes:
        versions.append((ours, dict(naive)))
        if key in naive:
            ours = ours.replacing(key, added)
            del naive[key]
            naive |= added
        else:
            ours = ours.with_entry(key, key)
            naive[key] = key
        assert ours == naive
        assert len(ours) == len(naive) == len(list(ours))
        assert all(ours[each] == ours.find(each) == naive[each] for each in naive)
        assert all(each not in ours for each in (key, 301, -1) if each not in naive)
    for version, content in versions:
        assert version == content


@given(st.dictionaries(keys, st.integers(0, 2)), st.dictionaries(keys, st.integers(0, 2)))
def test_changes_make_the_one_map_of_the_other(before, after):
    values = [object(), object(), object()]
    old, new = ({key: values[at] for key, at in each.items()} for each in (before, after))
    written, erased = NumberMap.of(new).changes_since(NumberMap.of(old))
    assert list(written) == sorted(key for key in new if old.get(key) is not new[key])
    assert list(erased) == sorted(old.keys() - new.keys())


def test_what_is_not_there_is_not_found():
    empty, one = NumberMap.of({}), NumberMap.of({3: "three"})
    assert not empty
    for missing in (4, 300, -1):
        assert one.find(missing) is None
        assert one.get(missing) is None
        with pytest.raises(KeyError):
            one[missing]
        with pytest.raises(KeyError):
            one.replacing(missing, {})
    assert repr(one) == "NumberMap({3: 'three'})"


def test_a_change_copies_one_bucket():
    before = NumberMap.of(dict.fromkeys(range(10_000), "old"))
    after = before.with_entry(4321, "new")
    numbers = [
        number for number, one in after._buckets.items() if one is not before._buckets[number]
    ]
    assert numbers == [4321 >> SHIFT]
    assert after.changes_since(before) == ((4321,), ())
    assert before.changes_since(after) == ((4321,), ())


def test_no_empty_bucket_stays():
    one = NumberMap.of({0: "here", 1000: "there"})
    assert set(one.replacing(1000, {})._buckets) == {0}
    assert set(one.replacing(1000, {2000: "elsewhere"})._buckets) == {0, 2000 >> SHIFT}
    assert one.replacing(0, {0: "again"}) == {0: "again", 1000: "there"}
