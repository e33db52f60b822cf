"""Where there is no wheel of mls-rs its tests are left out, and the end of the run says so.

Everywhere else they are collected, and fail to import where mls-rs is not installed.
"""

from interop.platforms import HERE, NAME, has_wheel

collect_ignore_glob = [] if has_wheel(*HERE) else ["test_mls_rs*.py"]


def pytest_terminal_summary(terminalreporter):
    if collect_ignore_glob:
        terminalreporter.section("interop")
        terminalreporter.write_line(f"not run with mls-rs: no wheel of {NAME} for {HERE}")
