"""The command ``mimi demo``: three providers in one room, and each machine again alone."""

import json
import subprocess
import sys

import attrs
import pytest
from cli.command import run

from mimi.content import Conversation
from mimi.demo import World, play, scenario
from mimi.demo.scenario import ACTS, ROOM, check

MACHINES = {
    "a.example",
    "b.example",
    "c.example",
    "assets.a.example",
    "assets.b.example",
    "assets.c.example",
    "alice/phone",
    "alice/laptop",
    "bob/phone",
    "bob/laptop",
    "cathy/phone",
    "cathy/laptop",
    "cathy/tablet",
}
STAYING = ("alice/phone", "alice/laptop", "cathy/phone", "cathy/laptop", "cathy/tablet")
SAID = ["Hi everybody", "Hi _Cathy_", "Look", "Bye, Bob", "From my new tablet"]


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trace") / "new"
    result = run("demo", "--seed", "1", "--json", "--trace", folder)
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.output)


def test_the_transcript_says_who_tells_whom_and_what_devices_show():
    result = run("demo", "--seed", "1")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    for title, _, _ in ACTS:
        assert title in lines
    for expected in (
        "a.example -> c.example",
        "notify  a commit, epoch 2; a Welcome for 2",
        "bob/laptop     removed by alice",
        "cathy/laptop   opens clubhouse.png: 2056 octets",
        "bob/phone      not let in: GroupInfoNotAuthorized",
        "a.example      abuse by mimi://b.example/u/bob: 1 of 1 messages verified",
        "cathy: Hi everybody (edited) 👍1",
        "bob: Look [clubhouse.png]",
        "alice/phone: in the room, epoch 7, ",
        "bob/phone: removed by alice, last in epoch 6, ",
    ):
        assert any(expected in line for line in lines), expected
    assert lines[-1].endswith(": all agree")


def part_of(lines, name):
    """Return the lines of what a device shows in the end, but for the authenticator's."""
    last = lines[lines.index("What each device shows") :]
    (start,) = (at for at, line in enumerate(last) if line.startswith(f"  {name}: "))
    after = last[start + 1 :]
    end = next(at for at, line in enumerate(after) if not line.startswith("      "))
    return [line.strip() for line in after[:end]]


def test_the_transcript_says_since_when_a_device_shows_everything():
    lines = run("demo", "--seed", "1").output.splitlines()
    everything = part_of(lines, "alice/phone")
    assert len(everything) == 7
    for name in ("alice/laptop", "cathy/phone", "cathy/laptop"):
        assert part_of(lines, name) == everything
    assert part_of(lines, "cathy/tablet") == ["(since epoch 5)", *everything[-3:]]
    for name in ("bob/phone", "bob/laptop"):
        assert part_of(lines, name) == [*everything[:3], "(since epoch 6)", everything[5]]


def test_everything_is_shown_where_that_is_asked_for():
    lines = run("demo", "--seed", "1", "--all").output.splitlines()
    assert any("[delivery] event" in line for line in lines)
    assert any("[receipt] had" in line for line in lines)


def test_devices_agree_and_the_removed_do_not(traced):
    _, document = traced
    assert document["ok"] is True
    ends = document["ends"]
    assert ends.keys() == MACHINES
    last = document["checkpoints"][-1]
    assert (set(last["members"]), set(last["others"])) == (
        set(STAYING),
        {"bob/phone", "bob/laptop"},
    )
    assert {ends[name]["authenticator"] for name in STAYING} == {last["authenticator"]}
    for name in ("bob/phone", "bob/laptop"):
        assert not ends[name]["member"]
        assert ends[name]["authenticator"] != last["authenticator"]
        assert ends[name]["removed_by"] == "mimi://a.example/u/alice"
    assert {ends[name]["removed_by"] for name in STAYING} == {None}
    shown = [entry["text"] for entry in ends["alice/phone"]["conversation"]]
    assert shown[: len(SAID)] == SAID
    for name in ("alice/laptop", "cathy/phone", "cathy/laptop"):
        assert ends[name]["conversation"] == ends["alice/phone"]["conversation"]
    # it joined when the others had talked
    assert ends["cathy/tablet"]["conversation"] == ends["alice/phone"]["conversation"][-3:]
    assert ends["cathy/tablet"]["conversation"][0]["text"] == SAID[-1]


def test_providers_agree_with_them_and_have_told_everything(traced):
    _, document = traced
    ends = document["ends"]
    room = "mimi://a.example/r/clubhouse"
    assert ends["a.example"]["rooms"][room]["epoch"] == 7
    followed = {each: ends[f"{each}.example"]["followed"][room] for each in "abc"}
    assert followed["b"] == []
    assert sorted((*followed["a"], *followed["c"])) == sorted(STAYING)
    assert [ends[f"{each}.example"]["untold"] for each in "abc"] == [0, 0, 0]


def test_the_same_seed_says_the_same_and_another_does_not(traced):
    _, document = traced
    again = run("demo", "--seed", "1", "--json")
    assert json.loads(again.output) == document
    other = run("demo", "--seed", "2", "--json")
    assert other.exit_code == 0
    assert json.loads(other.output)["ends"] != document["ends"]


def test_without_a_seed_one_is_drawn_and_told():
    documents = [json.loads(run("demo", "--json").output) for _ in range(2)]
    assert documents[0]["seed"] != documents[1]["seed"]
    again = run("demo", "--json", "--seed", documents[0]["seed"])
    assert json.loads(again.output) == documents[0]


def test_a_trace_has_a_file_for_every_message_with_octets(traced):
    folder, document = traced
    manifest = json.loads(folder.joinpath("manifest.json").read_bytes())
    assert manifest["seed"] == "1"
    assert len(manifest["messages"]) == len(document["messages"])
    assert [each["number"] for each in manifest["messages"]] == list(
        range(1, len(document["messages"]) + 1)
    )
    files = {each["file"]: each["octets"] for each in manifest["messages"] if each["file"]}
    assert {path.name for path in folder.iterdir()} == {*files, "manifest.json"}
    for name, octets in files.items():
        assert folder.joinpath(name).stat().st_size == octets


def test_each_machine_alone_reaches_the_same_end(traced):
    folder, _ = traced
    result = run("replay", folder)
    assert result.exit_code == 0
    ended = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert ended.keys() == MACHINES
    idle = {"assets.a.example", "assets.c.example"}
    for name, line in ended.items():
        assert line.endswith("nothing to do" if name in idle else "the same end")
        assert (line.split()[0] == "0") == (name in idle)


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_a_machine_alone_in_a_process_of_its_own(traced, name):
    folder, _ = traced
    command = [sys.executable, "-m", "mimi.cli", "replay", str(folder), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{name} ")
    assert done.stdout.endswith(("the same end\n", "nothing to do\n"))
    assert done.stdout.count("\n") == 1


def copied(folder, to, change=lambda _: None):
    """Copy a trace; what is in its manifest is changed. Return the manifest."""
    for path in folder.iterdir():
        to.joinpath(path.name).write_bytes(path.read_bytes())
    manifest = json.loads(folder.joinpath("manifest.json").read_bytes())
    change(manifest)
    to.joinpath("manifest.json").write_text(json.dumps(manifest))
    return manifest


def test_a_trace_that_was_changed_does_not_replay(traced, tmp_path):
    manifest = copied(traced[0], tmp_path)
    file = next(
        each["file"]
        for each in manifest["messages"]
        if (each["from"], each["name"], each["kind"]) == ("b.example", "update", "request")
    )
    octets = bytearray(tmp_path.joinpath(file).read_bytes())
    octets[-1] ^= 1
    tmp_path.joinpath(file).write_bytes(octets)
    for name in ("a.example", "b.example"):
        result = run("replay", tmp_path, name)
        assert result.exit_code == 1
        assert "the same end" not in result.output
    assert run("replay", tmp_path, "cathy/phone").exit_code == 0


@pytest.mark.parametrize("name", ["a.example", "cathy/phone", "assets.b.example"])
def test_a_machine_that_reaches_another_end(traced, tmp_path, name):
    def change(manifest):
        manifest["ends"][name] = {**manifest["ends"][name], "epoch": 1000}

    copied(traced[0], tmp_path, change)
    result = run("replay", tmp_path, name)
    assert result.exit_code == 1
    assert result.output.endswith("  another end\n")


@pytest.mark.parametrize("name", ["a.example", "cathy/phone", "assets.b.example"])
def test_a_machine_that_says_more_than_it_said(traced, tmp_path, name):
    def change(manifest):
        *_, last = (each for each in manifest["messages"] if each["from"] == name)
        manifest["messages"].remove(last)

    copied(traced[0], tmp_path, change)
    result = run("replay", tmp_path, name)
    assert result.exit_code == 1
    assert result.output.endswith("  1 messages more\n")


def test_what_is_no_trace(traced, tmp_path):
    folder, _ = traced
    assert run("replay", tmp_path).exit_code == 1
    tmp_path.joinpath("manifest.json").write_text("{}")
    result = run("replay", tmp_path)
    assert result.exit_code == 1
    assert "no trace" in result.output
    assert run("replay", folder, "mallory/phone").exit_code == 2


def test_a_trace_that_cannot_be_written_is_found_before_anything_happens(tmp_path):
    tmp_path.joinpath("manifest.json").mkdir()
    tmp_path.joinpath("file").touch()
    for folder, named in ((tmp_path, "manifest.json"), (tmp_path / "file" / "new", "file")):
        result = run("demo", "--seed", "1", "--trace", folder)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert named in result.output
        assert ACTS[0][0] not in result.output


def test_a_message_of_a_trace_that_cannot_be_written(traced, tmp_path):
    name = min(path.name for path in traced[0].iterdir())
    tmp_path.joinpath(name).mkdir()
    result = run("demo", "--seed", "1", "--trace", tmp_path)
    assert result.exit_code == 1
    assert name in result.output
    # what is there is no trace
    assert run("replay", tmp_path).exit_code == 1


def test_a_seed_that_is_no_text():
    assert run("demo", "--seed", "\udcff").exit_code == 2


def test_disagreement_is_found():
    world = World(b"1")
    play(world)
    assert check(world, "as it is", *STAYING).problems == ()
    assert check(world, "with Bob", *STAYING, "bob/phone").problems == (
        "bob/phone is not in the room",
    )
    assert check(world, "without Cathy", "alice/phone", "alice/laptop").problems == (
        "cathy/phone is still in the room",
        "cathy/laptop is still in the room",
        "cathy/tablet is still in the room",
    )
    world.buy("b.example", "bob/tablet")
    assert check(world, "with Bob's tablet", *STAYING, "bob/tablet").problems == (
        "bob/tablet is not in the room",
    )
    laptop = world.device("alice/laptop")
    laptop._room = attrs.evolve(laptop.room, conversation=Conversation(ROOM))
    assert check(world, "as it is", *STAYING).problems == (
        "alice/laptop does not show what alice/phone shows",
    )


def test_the_exit_status_says_that_devices_do_not_agree(monkeypatch):
    title, happens, members = ACTS[0]
    expected = ((title, happens, (*members, "cathy/phone")),)
    monkeypatch.setattr(scenario, "ACTS", expected)
    result = run("demo", "--seed", "1")
    assert result.exit_code == 1
    assert "cathy/phone is not in the room" in result.output
    assert result.output.endswith("they do NOT agree\n")
