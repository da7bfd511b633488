"""Whole installations for tests: each with its own data folder, database, web and worker processes, on a free port."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from config.postgres import Server
from tests.processes import ROOT

# What the tests' own database and settings say must not reach an installation of its own.
_NOT_INHERITED = ("DATABASE_URL", "PGHOST", "WASL_DB_POOL", "WASL_URL")


class Side:
    """A running Wasl, made of the parts that `up` runs, so that each of them can be killed. Leave it with `stop`."""

    def __init__(self, **environment: str) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="wasl-side-"))
        self.port = free_port()
        self.server = Server(self.data, throwaway=True)
        self.server.acquire()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in _NOT_INHERITED},
            "DATABASE_URL": self.server.url,
            "WASL_DATA_DIR": str(self.data),
            "WASL_DEMO": "0",
            "WASL_ALLOW_LOOPBACK": "1",
            "PORT": str(self.port),
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **environment,
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.parts: dict[str, subprocess.Popen[bytes]] = {}
        try:
            subprocess.run(self._python("-m", "django", "prepare"), cwd=ROOT, env=self.environment, check=True)
            self.start("web", "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi")
            self.start("worker", "-m", "django", "worker")
            wait_for(lambda: self.ask("GET", "/health")[0] == 200, 30, "the web answers")
        except BaseException:
            self.stop()
            raise

    def start(self, part: str, *command: str) -> None:
        self.parts[part] = subprocess.Popen(self._python(*command), cwd=ROOT, env=self.environment)

    def kill(self, part: str) -> None:
        self.parts[part].kill()
        self.parts[part].wait()

    def manage(self, *words: str) -> Any:
        """A command's JSON."""
        done = subprocess.run(
            self._python("-m", "django", *words, "--json"),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of a call; (0, None) when nobody answers."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except (OSError, ValueError):
            return 0, None

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.server.url) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def stop(self) -> None:
        for part in self.parts.values():
            part.kill()
        for part in self.parts.values():
            part.wait()
        with contextlib.suppress(OSError):
            self.server.release()
        shutil.rmtree(self.data, ignore_errors=True)

    def _python(self, *words: str) -> list[str]:
        return [sys.executable, *words]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """What `true` gives as soon as it is true; fails after so many seconds."""
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found
