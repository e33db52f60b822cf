"""What holds for every set of vectors: what is written, by which seed, in which format."""

import re
from functools import cache

import pytest
from cli.command import run
from vectors.corruption import parts_of
from vectors.sets import (
    CONTENT,
    EVERY_SET,
    EXTENSIONS,
    IDENTITY,
    MLS,
    OWN_FORMATS,
    POLICY,
    PROTOCOL,
    each_of,
    every_file_of,
)

from mimi.errors import UsageError
from mimi.vectors import KINDS, kind_of, verify
from mimi.vectors.case import SAFE_INTEGER
from mimi.vectors.generate import SETS, generate, generate_kind

every_set = each_of(*EVERY_SET)
every_set_of_ours = each_of(*OWN_FORMATS)
every_file = every_file_of(*EVERY_SET)
every_file_of_ours = every_file_of(*OWN_FORMATS)


@cache
def generated(of: str, name: str) -> bytes:
    """A file of another seed than that of the files that are there."""
    return generate_kind(name, 2, of)


# The files


@every_file
def test_the_files_are_those_of_seed_1(of, name):
    assert of.octets_of(name) == generate_kind(name, 1, of.name)


@every_file
def test_another_seed_gives_other_vectors_that_are_good(of, name):
    assert generate_kind(name, 2, of.name) == generated(of.name, name)
    assert (generated(of.name, name) == of.octets_of(name)) == (name in of.without_seed)
    report = verify(name, generated(of.name, name))
    assert report.ok, [str(failure) for failure in report.failures[:3]] or report.problem
    assert report.kind == of.kind_of[name].name
    assert report.suites == of.suites_of(name)


def test_the_sets_are_all_there_are():
    assert tuple(of.name for of in EVERY_SET) == SETS
    assert tuple(kind for of in EVERY_SET for kind in of.kinds) == KINDS


@every_set
def test_the_files_are_all_there_is(of):
    assert {path.stem for path in of.folder.glob("*.json")} == set(of.files) == set(of.kind_of)


@every_set
def test_a_whole_set_is_that_of_all_its_files(of):
    assert generate(2, of.name) == {f"{name}.json": generated(of.name, name) for name in of.files}


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (MLS, "passive-client"),
        (CONTENT, "treekem"),
        (IDENTITY, "messages"),
        (EXTENSIONS, "decisions"),
        (POLICY, "groups"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_an_unknown_file_is_the_callers_mistake(of, name):
    with pytest.raises(UsageError, match=name) as caught:
        generate_kind(name, 1, of.name)
    assert caught.value.where == {"kind": name}


def test_an_unknown_set_is_the_callers_mistake():
    with pytest.raises(UsageError, match=", ".join(SETS)) as caught:
        generate(1, "poetry")
    assert caught.value.where == {"set": "poetry"}


@every_file_of_ours  # those of MLS are verified beside the published ones
def test_every_case_of_ours_passes(of, name):
    report = verify(name, of.octets_of(name))
    assert report.failures == ()
    assert report.ok
    assert report.kind == of.kind_of[name].name
    assert report.passed == report.cases == len(of.cases_of(name))
    assert report.suites == of.suites_of(name)


@every_file
def test_the_fields_are_those_of_the_format(of, name):
    kind = of.kind_of[name]
    for case in of.cases_of(name):
        assert set(case) == kind.fields
        assert list(case) == list(of.cases_of(name)[0])
        assert tuple(case)[: len(of.first_fields)] == of.first_fields
        assert kind_of(case) is kind


@every_file_of_ours
def test_every_case_says_its_kind_and_what_is_remarkable(of, name):
    for case in of.cases_of(name):
        assert case["kind"] == of.kind_of[name].name
        assert case["description"]


@every_file
def test_every_json_reader_keeps_the_numbers(of, name):
    numbers = [
        value
        for case in of.cases_of(name)
        for _, value in parts_of(case)
        if isinstance(value, int | float)
    ]
    assert all(isinstance(number, int) and abs(number) <= SAFE_INTEGER for number in numbers)


# README.md


@each_of(CONTENT, EXTENSIONS, POLICY, PROTOCOL)
def test_the_readme_names_every_file(of):
    assert re.findall(r"^\| `([^`]+)\.json` \|", of.readme, re.MULTILINE) == list(of.files)
    for name, kind in of.kind_of.items():
        assert f"\n| `{name}.json` | `{kind.name}` | {len(of.cases_of(name))} |" in of.readme


@every_file_of(CONTENT, EXTENSIONS)
def test_the_readme_describes_every_field(of, name):
    kind = of.kind_of[name]
    fields = set(re.findall("^- `([a-z_]+)`", of.section(f"### {kind.name}"), re.MULTILINE))
    assert fields == kind.fields - {"kind", "description"}


READINGS = {CONTENT: 15, EXTENSIONS: 20, PROTOCOL: 30}
"""As many vectors at least are named where drafts leave a choice."""


@each_of(*READINGS)
def test_every_reading_has_the_vectors_that_it_names(of):
    rows = of.section("## Where the drafts leave a choice").splitlines()
    named = [
        found
        for row in rows
        for found in re.findall(r'([\w-]+): "([^"]+)"', row.split("|")[-2:][0])
    ]
    assert len(named) >= READINGS[of]
    for name, description in named:
        wanted = description.removesuffix(" ...")
        assert any(wanted in case["description"] for case in of.cases_of(name)), (name, wanted)


# The command


@every_set_of_ours  # for that of MLS, see test_generating
def test_the_command_writes_the_set(of, tmp_path):
    result = run("vectors", "generate", tmp_path / "new", "--seed", "1", "--set", of.name)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(of.files)
    written = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert written == {f"{name}.json": of.octets_of(name) for name in of.files}
    assert run("vectors", "verify", tmp_path / "new").exit_code == 0


def test_the_command_knows_its_sets(tmp_path):
    result = run("vectors", "generate", tmp_path / "new", "--seed", "1", "--set", "poetry")
    assert result.exit_code == 2
    assert "'poetry' is none of mls, content" in result.stderr
    assert not (tmp_path / "new").exists()
