"""``python -m mimi.cli``: the command, where it is not installed as ``mimi``."""

from mimi.cli import main

main()
