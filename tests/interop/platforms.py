"""Where mls-rs can be installed: the requirement of the test extra, and what it cannot say."""

import platform
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
NAME = "agentvault-mls-rs-uniffi"
HERE = (sys.platform, platform.machine(), platform.libc_ver()[0])
"""This platform: system, machine, C library."""


def requirement() -> Requirement:
    """Return what the test extra asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = (
        found
        for found in map(Requirement, project["optional-dependencies"]["test"])
        if found.name == NAME
    )
    return wanted


def is_asked_for(system: str, machine: str) -> bool:
    """Return whether the test extra installs it."""
    marker = requirement().marker
    assert marker is not None
    return marker.evaluate({"sys_platform": system, "platform_machine": machine})


def has_wheel(system: str, machine: str, libc: str) -> bool:
    """Return whether there is a wheel: none is for musl, of which markers know nothing."""
    return is_asked_for(system, machine) and (system != "linux" or libc == "glibc")
