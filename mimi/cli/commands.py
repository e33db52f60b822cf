"""The commands, and what their arguments mean."""

import json
import sys
from importlib import metadata
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mimi.cli import report as shown
from mimi.cli.demo import demo, replay_trace
from mimi.cli.files import octets_in, octets_of, vector_files
from mimi.cli.structures import DEFAULT, declaration, structure, structures
from mimi.codec import annotate
from mimi.errors import MalformedError, UsageError
from mimi.vectors import Report, verify


def _version() -> str:
    try:
        return metadata.version("mimi")
    except metadata.PackageNotFoundError:
        return "(not installed)"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="mimi")
def cli() -> None:
    """MLS and MIMI from the command line."""


@cli.group()
def vectors() -> None:
    """Verify test vectors, or write some."""


@vectors.command("verify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, no table.")
@click.option("--all-failures", is_flag=True, help=f"Show more than {shown.SHOWN} in a file.")
@click.pass_context
def verify_vectors(
    context: click.Context, /, *, paths: tuple[Path, ...], as_json: bool, all_failures: bool
) -> None:
    """Verify vector files: of MLS, in the formats of its working group, and of MIMI content.

    A PATH is a file, or a folder in which every file *.json is verified. The exit status is 0 if
    there are files and all their cases pass, or else 1.
    """
    reports = _verified(paths)
    if as_json:
        click.echo(json.dumps(shown.as_json(reports), indent=2))
    else:
        limit = None if all_failures else shown.SHOWN
        shown.console().print(shown.table(reports))
        for line in shown.failures(reports, limit):
            click.echo(line)
        click.echo(f"\n{shown.summary(reports)}")
    context.exit(0 if shown.is_good(reports) else 1)


def _verified(paths: tuple[Path, ...]) -> list[Report]:
    """Verify all files, with a progress bar where somebody sees it."""
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    reports = []
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        for file in vector_files(paths):
            if isinstance(file, OSError):
                reports.append(_unreadable(str(file.filename), file))
                continue
            task = progress.add_task(shown.printable(file.name), total=None)

            def advance(done: int, cases: int) -> None:
                progress.update(task, completed=done, total=cases)  # noqa: B023 - called at once

            try:
                reports.append(verify(str(file), file.read_bytes(), advance))
            except OSError as error:
                reports.append(_unreadable(str(file), error))
            progress.remove_task(task)
    return reports


def _unreadable(name: str, error: OSError) -> Report:
    return Report(name, problem=f"cannot be read: {error.strerror}")


@vectors.command("generate")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", required=True, type=click.IntRange(min=0), help="What they depend on.")
@click.option(
    "--set",
    "of",
    default="mls",
    show_default=True,
    help="mls, content, identity, mls-extensions, policy or protocol.",
)
def generate_vectors(folder: Path, seed: int, of: str) -> None:
    """Write a set of test vectors to the folder DIR: the same for the same seed."""
    from mimi.vectors.generate import SETS, generate  # noqa: PLC0415 - no other command needs it

    if of not in SETS:
        raise click.BadParameter(f"{of!r} is none of {', '.join(SETS)}", param_hint="--set")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in generate(seed, of).items():
            folder.joinpath(name).write_bytes(content)
            click.echo(f"{len(content):9d}  {folder / name}")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


@cli.command()
@click.option("--type", "name", default=DEFAULT, show_default=True, help="What the octets are.")
@click.argument("source", metavar="[HEX|FILE|-]", default="-")
def inspect(name: str, source: str) -> None:
    """Show every octet of a message with the field that it belongs to.

    The octets are an argument in hexadecimal, or the content of a file, or of the standard input;
    there in hexadecimal or as they are. `mimi presentation` lists what --type can be. A file whose
    name is hexadecimal too is ./NAME.
    """
    octets = _octets(source)
    try:
        view = annotate(structure(name), octets)
    except UsageError as error:
        raise click.BadParameter(error.reason) from error
    except MalformedError as error:
        raise click.ClickException(shown.printable(str(error))) from error
    click.echo(view)


def _octets(source: str) -> bytes:
    """Return the octets that an argument means: what is hexadecimal is no file's name."""
    try:
        if source == "-":
            return octets_in(sys.stdin.buffer.read())
        stated = octets_of(source)
        return octets_in(Path(source).read_bytes()) if stated is None else stated
    except FileNotFoundError as error:
        raise click.BadParameter(f"{source!r} is neither hexadecimal nor a file") from error
    except OSError as error:
        raise click.ClickException(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@cli.command()
@click.argument("name", required=False)
def presentation(name: str | None) -> None:
    """Print the declaration of NAME in the TLS presentation language, or all names."""
    try:
        click.echo("\n".join(structures()) if name is None else declaration(name))
    except UsageError as error:
        raise click.BadParameter(error.reason) from error


cli.add_command(demo)
cli.add_command(replay_trace)
