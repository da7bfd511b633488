"""Real processes for tests: a worker, against the tests' own database."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, str]:
    """This process's, with the database that the tests are using now."""
    database = connection.settings_dict
    where = {"host": database["HOST"], "port": str(database["PORT"]), "password": database["PASSWORD"]}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in where.items() if value)
    # In the query string, because a host may be the path of a socket's folder.
    url = f"postgresql://{quote(database['USER'])}@/{quote(database['NAME'])}?{query}"
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}


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
