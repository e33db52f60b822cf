"""The command ``mimi``: verifying and writing test vectors, and looking into messages.

::

    mimi vectors verify vectors/            # a table, and why what fails fails
    mimi vectors generate out/ --seed 1
    mimi inspect 00010005...                # every octet with the field that it belongs to
    mimi presentation KeyPackage

It needs the extra ``cli``. Nothing of a protocol is decided here: the commands read and write
files, call the library, and show what it says.
"""

import sys

NEEDED = ("click", "rich")
"""The packages of the extra."""


def main() -> None:
    """Run the command; end the process with its exit status."""
    try:
        from mimi.cli.commands import cli  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in NEEDED:
            raise
        sys.stderr.write("mimi: this command needs more packages: pip install 'mimi[cli]'\n")
        sys.exit(2)
    cli(prog_name="mimi")
