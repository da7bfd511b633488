"""Chromium for the browser's tests; without one they are skipped, and one line says so."""

import os
import shutil
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
REASON = "no Chromium on the PATH: the browser's tests cannot run (on Debian: apt-get install chromium)"
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
# Playwright runs an event loop in this thread, which Django takes for an asynchronous program.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    if CHROMIUM:
        return
    if os.environ.get("WASL_REQUIRE_BROWSER") == "1":
        pytest.fail(REASON)
    pytest.skip(REASON)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": _FLAGS.split()}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(f"SKIPPED: {REASON}", yellow=True)
