"""The command ``mimi`` in this process."""

from click.testing import CliRunner

from mimi.cli.commands import cli


def run(*arguments, stdin=None):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)
