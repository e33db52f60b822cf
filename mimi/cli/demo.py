"""The command ``mimi demo``: the draft's example flow, played and shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mimi.cli.report import printable
from mimi.crypto import os_entropy
from mimi.demo import Kind, Outcome, Record, World, manifest_of, play, replay
from mimi.demo.notes import short
from mimi.demo.replay import file_of
from mimi.demo.scenario import Checkpoint
from mimi.demo.words import first_line, said

MANIFEST = "manifest.json"
"""The name of the file that says what a trace is."""


@click.command()
@click.option("--seed", help="What all keys depend on: the same seed, the same octets.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, no transcript.")
@click.option("--all", "everything", is_flag=True, help="Show what devices and providers say, too.")
@click.option(
    "--trace",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write every message to a file in this folder, and manifest.json.",
)
@click.pass_context
def demo(
    context: click.Context,
    /,
    *,
    seed: str | None,
    as_json: bool,
    everything: bool,
    trace: Path | None,
) -> None:
    """Let users of three providers meet in a room, in this process, through octets only.

    Alice, Bob and Cathy have several devices each. Everything that providers say to each other is
    HTTP, and is read again on the other side. The exit status is 0 if in the end, and whenever it
    was looked, all devices in the room have the same epoch authenticator and show the same, each
    what came since it joined, and those that were removed do not; or else 1.
    """
    drawn = os_entropy(8).hex() if seed is None else _seed(seed)
    if trace is not None:
        _prepare(trace)
    shown = Transcript(everything=everything)
    world = World(drawn.encode(), (lambda _: None) if as_json else shown.record)
    if not as_json:
        click.echo(f"seed {printable(drawn)}: with --seed it happens again, octet for octet")
    outcome = play(world, (lambda _: None) if as_json else shown.told)
    if trace is not None:
        _write(trace, world, outcome)
    if as_json:
        click.echo(json.dumps(_as_json(drawn, world, outcome), indent=2))
    else:
        shown.ends(world, outcome)
    context.exit(0 if outcome.is_good else 1)


@click.command("replay")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.argument("names", metavar="[MACHINE]...", nargs=-1)
@click.pass_context
def replay_trace(context: click.Context, /, *, folder: Path, names: tuple[str, ...]) -> None:
    """Replay machines of a trace, each alone: all of them, or those that are named.

    DIR is what `mimi demo --trace DIR` has written. A machine gets the octets that it got, and must
    say what it said, octet for octet, and reach the same end. The exit status is 0 if all do.
    """
    try:
        manifest = json.loads(folder.joinpath(MANIFEST).read_bytes())
        unknown = [name for name in names if name not in manifest["machines"]]
        if unknown:
            raise click.BadParameter(f"{', '.join(unknown)}: not in the trace")
        good = True
        for name in names or manifest["machines"]:
            found = replay(manifest, lambda file: folder.joinpath(file).read_bytes(), name)
            good = good and found.problem is None
            same = "the same end" if found.taken or found.sent else "nothing to do"
            result = same if found.problem is None else found.problem
            click.echo(f"{name:18s} {found.taken:4d} taken {found.sent:4d} sent  {result}")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{folder / MANIFEST}: no trace") from error
    context.exit(0 if good else 1)


def _seed(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("no text in UTF-8", param_hint="--seed") from error
    return text


def _prepare(folder: Path) -> None:
    """Make the folder of a trace, and an empty manifest: there is no trace until all is written.

    Raises:
        ClickException: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath(MANIFEST).write_bytes(b"")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _write(folder: Path, world: World, outcome: Outcome) -> None:
    """Write what was said, each message to a file of its own.

    Raises:
        ClickException: It cannot be written.
    """
    try:
        for record in world.records:
            if record.message.body:
                name = file_of(record.number, record.message)
                folder.joinpath(name).write_bytes(record.message.body)
        text = json.dumps(manifest_of(world, outcome), indent=1)
        folder.joinpath(MANIFEST).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _as_json(seed: str, world: World, outcome: Outcome) -> dict[str, Any]:
    return {
        "ok": outcome.is_good,
        "seed": seed,
        "checkpoints": [
            {
                "after": each.name,
                "epoch": each.epoch,
                "authenticator": each.authenticator,
                "members": each.members,
                "others": each.others,
                "problems": each.problems,
            }
            for each in outcome.checkpoints
        ],
        "messages": [
            {
                "number": each.number,
                "now": each.now,
                "from": each.message.sender,
                "to": each.message.receiver,
                "kind": each.message.kind.value,
                "name": each.message.name,
                "octets": len(each.message.body),
                "notes": each.notes,
            }
            for each in world.records
        ],
        "ends": outcome.ends,
    }


class Transcript:
    """What is shown while it happens.

    Args:
        everything: Whether that is all, and not what a reader of the draft looks for.
    """

    def __init__(self, *, everything: bool) -> None:
        self.everything = everything

    def told(self, what: str | Checkpoint) -> None:
        """Show the title of an act, or whether devices agree after it."""
        if isinstance(what, str):
            click.echo(f"\n{what}\n{'-' * len(what)}")
            return
        out = f", {len(what.others)} outside do not" if what.others else ""
        agree = f"{len(what.members)} devices agree{out}" if not what.problems else "no agreement"
        click.echo(f"  => epoch {what.epoch}, {what.authenticator[:16]}...: {agree}")
        for problem in what.problems:
            click.echo(f"     {problem}")

    def record(self, record: Record) -> None:
        """Show a message, and what was noticed of it."""
        message = record.message
        route = f"  {message.sender} -> {message.receiver}"
        size = f"{len(message.body):6d} B"
        if message.kind is Kind.WISH:
            click.echo(f"  {message.receiver}: {message.name} {_wish(message.head)}".rstrip())
        elif message.kind in (Kind.REQUEST, Kind.RESPONSE):
            line = f"{first_line(message)[:24]:24s}" if message.kind is Kind.RESPONSE else ""
            name = message.name if message.kind is Kind.REQUEST else ""
            click.echo(f"{route:32s} {size}  {name}{line.strip():s}  {said(message)}".rstrip())
        elif self.everything:
            click.echo(f"{route:32s} {size}  [{message.kind.value}] {message.name}")
        for note in record.notes:
            click.echo(f"      {message.receiver:14s} {printable(note)}")

    def ends(self, world: World, outcome: Outcome) -> None:
        """Show what each device shows in the end, and how much was said."""
        click.echo("\nWhat each device shows\n----------------------")
        ends = {each.name: outcome.ends[each.name] for each in world.devices}
        times = {each["accepted"] for end in ends.values() for each in _conversation(end)}
        for name, end in ends.items():
            click.echo(f"  {name}: {_place(end)}")
            for line in _shown(end, times):
                click.echo(f"      {line}")
        sizes = [
            len(each.message.body)
            for each in world.records
            if each.message.kind in (Kind.REQUEST, Kind.RESPONSE)
        ]
        result = "all agree" if outcome.is_good else "they do NOT agree"
        click.echo(f"\n{len(sizes)} HTTP messages, {sum(sizes)} octets: {result}")


_UNSAID = frozenset(("to", "octets", "type"))


def _wish(head: Mapping[str, Any]) -> str:
    """Return what else a person says of a wish; URIs by their last names."""
    values = (value for name, value in head.items() if name not in _UNSAID)
    listed = (each for value in values for each in (value if isinstance(value, list) else [value]))
    return printable(", ".join(short(each) if "mimi:" in each else each for each in listed))


def _place(end: dict[str, Any]) -> str:
    """Return whether a device is in the room, in which epoch, and by what that can be told."""
    if "epoch" not in end:
        return "was never in the room"
    epoch = f"epoch {end['epoch']}, {end['authenticator'][:16]}..."
    if end["member"]:
        return f"in the room, {epoch}"
    by = end["removed_by"]
    return f"removed by {short(by)}, last in {epoch}" if by is not None else f"out, {epoch}"


def _conversation(end: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = end.get("conversation", [])
    return found


def _shown(end: dict[str, Any], times: set[int]) -> list[str]:
    """Return what a device shows, and from where on that is all, if others had more before.

    Args:
        end: The state of the device.
        times: When everything was accepted that any device shows.
    """
    conversation = _conversation(end)
    lines = [_entry(each) for each in conversation]
    since = end.get("since", 0)
    before = [each["accepted"] for each in conversation if each["accepted"] < since]
    if any(time < since for time in times.difference(before)):
        lines.insert(len(before), f"(since epoch {end['joined']})")
    return lines


def _entry(entry: dict[str, Any]) -> str:
    author = entry["from"].rpartition("/")[2]
    files = "".join(f" [{name}]" for name in entry["files"])
    edited = " (edited)" if entry["edited"] else ""
    reactions = "".join(f" {emoji}{len(users)}" for emoji, users in entry["reactions"].items())
    return printable(f"{author}: {entry['text']}{files}{edited}{reactions}")
