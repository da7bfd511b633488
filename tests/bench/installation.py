"""A Wasl of a bench's own: a durable PostgreSQL as in production, a merchant with a key, processes that end with it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.postgres import Server

WEB = ("-m", "gunicorn", "--config", "python:config.gunicorn")


@dataclass
class Installation:
    """`keys` are the merchant's, by dialect, `key` the one for Muvx; `url` is the database's."""

    url: str
    keys: dict[str, Any]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.keys["muvx"]

    def start(self, *command: str, port: int | None = None) -> None:
        """Runs a Python program until the bench ends; returns when its port, if it has one, is open."""
        environment = os.environ | ({"PORT": str(port)} if port else {})
        self.processes.append(subprocess.Popen([sys.executable, *command], env=environment))
        for _ in range(150 if port else 0):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.2)
        if port:
            raise SystemExit(f"Nothing answers on port {port}.")


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    data = Path(tempfile.mkdtemp(prefix="wasl-bench-"))
    server = Server(data)
    server.acquire()
    os.environ |= {
        "DATABASE_URL": server.url,
        "WASL_DATA_DIR": str(data),
        "WASL_DEMO": "0",
        "LOG_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    made: Installation | None = None
    try:
        manage = [sys.executable, "-m", "django"]
        subprocess.run([*manage, "migrate", "-v0"], check=True)
        merchant = subprocess.run([*manage, "merchant", "Bench", "--json"], check=True, capture_output=True)
        made = Installation(server.url, json.loads(merchant.stdout)["keys"])
        yield made
    finally:
        for process in made.processes if made else ():
            process.terminate()
            process.wait()
        server.release()
        shutil.rmtree(data, ignore_errors=True)
