"""Where the tests with mls-rs must run, and which version they run with."""

from importlib.metadata import version

import pytest
from interop.conftest import collect_ignore_glob
from interop.platforms import HERE, NAME, ROOT, has_wheel, is_asked_for, requirement

WITH_WHEEL = [
    ("linux", "x86_64", "glibc"),
    ("darwin", "arm64", ""),
    ("darwin", "x86_64", ""),
    ("win32", "AMD64", ""),
]
WITHOUT = [
    ("linux", "aarch64", "glibc"),
    ("linux", "i686", "glibc"),
    ("win32", "ARM64", ""),
    ("freebsd14", "amd64", ""),
]


@pytest.mark.parametrize("platform", WITH_WHEEL, ids=" ".join)
def test_mls_rs_is_asked_for_where_it_has_a_wheel(platform):
    system, machine, _ = platform
    assert is_asked_for(system, machine)
    assert has_wheel(*platform)


@pytest.mark.parametrize("platform", WITHOUT, ids=" ".join)
def test_it_is_not_asked_for_where_it_has_none(platform):
    system, machine, _ = platform
    assert not is_asked_for(system, machine)
    assert not has_wheel(*platform)


@pytest.mark.parametrize("libc", ["", "musl"])
def test_it_has_no_wheel_for_musl(libc):
    assert not has_wheel("linux", "x86_64", libc)


def test_nothing_is_left_out_where_there_is_a_wheel():
    assert bool(collect_ignore_glob) is not has_wheel(*HERE)


def test_one_version_is_asked_for_and_the_page_names_it():
    (pinned,) = requirement().specifier
    assert pinned.operator == "=="
    page = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
    assert f"`{NAME}` {pinned.version}" in page


def test_that_version_is_installed_where_there_is_a_wheel():
    (pinned,) = requirement().specifier
    assert not has_wheel(*HERE) or version(NAME) == pinned.version
