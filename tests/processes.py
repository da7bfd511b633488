"""Real processes for tests: a worker, against the tests' own database."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, str]:
    """This process's, with the database that the tests are using now."""
    name = connection.settings_dict["NAME"]
    # Only its name: where the server is may be said in any of a URL's parts.
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings", "WASL_DB_POOL": "3"}


@contextmanager
def worker(**extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running worker; ended, if it still runs, when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment() | extra, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Returns how many seconds it took; fails after so many."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
