"""`manage.py up`: prepares, then runs web and worker and answers for them. Only the standard library, to stay small."""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from config.cluster import say
from config.postgres import Server

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
STOP_SECONDS = 12  # for a part to end by itself; the worker lets its jobs finish
PR_SET_PDEATHSIG = 1


class Stopped(Exception):
    """Somebody asked us to stop."""


class Ended(Exception):
    """A part has ended without being asked. The message says which, and how."""


def run(server: Server | None, address: str, port: int) -> int:
    """Everything from an empty or old database to READY, then until Ctrl-C, SIGTERM or the end of a part.

    `server` is the embedded one, if there is one. Returns the exit code.
    """
    parts: list[Part] = []

    def start(name: str, *command: str, stdout: int = sys.stderr.fileno()) -> Part:
        parts.append(Part(name, command, server, stdout=stdout))
        return parts[-1]

    _on_stop_signals(_raise_stopped)
    try:
        preparation = start("preparation", "manage.py", "prepare", "--welcome", stdout=subprocess.PIPE)
        welcome, _ = preparation.process.communicate()
        if preparation.process.returncode:
            return 1  # it has said why
        parts.remove(preparation)
        start("web", "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi")
        start("worker", "manage.py", "worker")
        _wait_until_ready(server, parts, address, port)
        sys.stdout.write(f"{welcome.decode()}READY http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        while True:
            _check(server, parts)
            time.sleep(0.2)
    except Stopped:
        say("Stopping …")
        return 0
    except Ended as ended:
        say(f"{ended} The rest is stopped too.")
        return 1
    finally:
        _on_stop_signals(signal.SIG_IGN)
        for part in parts:
            part.stop()


class Part:
    """A Python program, in a session of its own: Ctrl-C reaches `up` alone, which stops its parts in order."""

    def __init__(self, name: str, command: Sequence[str], server: Server | None, *, stdout: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            start_new_session=True,
            pass_fds=server.descriptors if server else (),
            preexec_fn=_end_with(os.getpid()),  # safe: we have no threads
        )

    def stop(self) -> None:
        """End it: asked first, then killed, with everything in its session that is left."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _check(server: Server | None, parts: list[Part]) -> None:
    """Raises Ended if a part or the database has ended."""
    for part in parts:
        code = part.process.poll()
        if code is not None:
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            raise Ended(f"The {part.name} has ended by itself ({how}).")
    if server and not server.is_running():
        for part in parts:
            part.process.kill()  # all they could do is wait for it
        raise Ended(f"The database has ended by itself (see {server.log}).")


def _wait_until_ready(server: Server | None, parts: list[Part], address: str, port: int) -> None:
    """Returns when the web answers that everything works; raises Ended if a part ends or it takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  (a look-up, nothing is bound)
    name = urlsplit(os.environ.get("WASL_URL", "")).netloc or f"127.0.0.1:{port}"
    status: object = "no answer"
    while time.monotonic() < deadline:
        _check(server, parts)
        web = http.client.HTTPConnection(host, port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(web):
            web.request("GET", "/health/ready", headers={"Host": name})
            status = web.getresponse().status
            if status == 200:
                return
        time.sleep(0.1)
    raise Ended(f"The web does not get ready (/health/ready after {READY_SECONDS} s: {status}).")


def _end_with(parent: int) -> Callable[[], None]:
    """To run in a child: asks the kernel to end it when `parent` ends, however that happens. Linux only."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def arrange() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _raise_stopped(*_: object) -> NoReturn:
    raise Stopped


def _on_stop_signals(action: Callable[..., Any] | signal.Handlers) -> None:
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        # nohup ignores SIGHUP for us: leave it so.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, action)
