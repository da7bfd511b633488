"""What happens before Django: packages, then a database, then Django itself. Only the standard library.

On a fresh machine it makes `.venv` from the hash-pinned lock and runs itself again in there. Without DATABASE_URL it
holds the embedded server of the data folder for as long as the command runs.
"""

import fcntl
import hashlib
import importlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from config import supervisor
from config.cluster import DatabaseTrouble, program_folder, say
from config.postgres import Server

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "wasl.stamp"  # the locks that are installed, as "name sha256" lines; empty while at work
LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"  # holds all of the other
# Not the one that gives the work its name alone: many a Python has pytest, or an old Django, and nothing else of ours.
MODULES = ("django", "rest_framework", "procrastinate", "psycopg_pool")
TEST_MODULES = ("pytest", "pytest_django", "playwright")
NO_DATABASE = {"", "help", "version", "makemessages", "compilemessages", "collectstatic"}
AGAIN = "WASL_VENV_REMADE"

server: Server | None = None
"""The embedded server that this process holds, if it holds one."""


def main(argv: Sequence[str]) -> NoReturn:
    """Run a command as `manage.py` was called. Never returns; a trouble is one sentence and exit code 1."""
    command = next((word for word in argv[1:] if not word.startswith("-")), "")
    try:
        sys.exit(_run(command, list(argv)))
    except DatabaseTrouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)


def _run(command: str, argv: list[str]) -> int:
    global server
    _tidy_environment()
    if command == "test":
        ensure_packages((*MODULES, *TEST_MODULES), TEST_LOCK, argv)
        os.chdir(ROOT)
        words = argv[argv.index("test") + 1 :]
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])
    ensure_packages(MODULES, LOCK, argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if command in NO_DATABASE or "--help" in argv:
        return _execute(argv)
    if command == "up":
        listen_on = check_port()
    if "DATABASE_URL" not in os.environ:
        server = Server(Path(os.environ["WASL_DATA_DIR"]))
        server.acquire()
        os.environ["DATABASE_URL"] = server.url
        # For `dbshell`, and for `pg_dump` and the like started by a command.
        os.environ["PGHOST"] = str(server.socket_folder)
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{program_folder()}"
    try:
        return supervisor.run(server, *listen_on) if command == "up" else _execute(argv)
    finally:
        if server:
            server.release()


def _execute(argv: list[str]) -> int:
    # Not at the top: at first Django may not be there.
    importlib.import_module("django.core.management").execute_from_command_line(argv)
    return 0


def _tidy_environment() -> None:
    for name in [name for name, value in os.environ.items() if not value]:
        if name.startswith("WASL_") or name in ("PORT", "DATABASE_URL"):  # compose files pass on what is not set as ""
            del os.environ[name]
    # Absolute, because the processes that `up` starts work in another folder.
    os.environ["WASL_DATA_DIR"] = str(Path(os.environ.get("WASL_DATA_DIR", ROOT / ".data")).expanduser().resolve())


def ensure_packages(modules: Sequence[str], lock: str, argv: list[str]) -> None:
    """Return if `modules` can be imported and the packages are those of the lock; else make it so and start again."""
    inside = Path(sys.prefix).resolve() == VENV
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    present = not missing
    if present and (not inside or not STAMP.exists() or _is_current(lock)):
        return
    with _one_at_a_time():
        if not inside or not _is_current(lock):
            _fill_venv(lock)
        elif not present and AGAIN not in os.environ:  # it looks complete and is not
            os.environ[AGAIN] = "1"
            STAMP.unlink()
            _fill_venv(lock)
        elif not present:
            sys.exit(f"{missing[0]} is missing from {VENV} even after installing it: remove that folder and try again.")
    sys.stdout.flush()
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *argv])


def _fill_venv(lock: str) -> None:
    if _is_current(lock):
        return
    uv = shutil.which("uv")
    if not VENV_PYTHON.exists() or not _is_sound("django" if uv else "django, pip"):
        _make_venv(uv)
    # What an interrupted installation leaves looks installed to the next one: an empty stamp says not to trust it.
    STAMP.touch()
    STAMP.write_text("")
    say(f"Installing the packages of {lock} with {'uv' if uv else 'pip'} …")
    if uv:
        installer = [uv, "pip", "install", "--python", str(VENV_PYTHON)]
    else:
        installer = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if _call([*installer, "--require-hashes", "-r", str(ROOT / lock)]):
        sys.exit("The packages could not be installed (see above): check the network, then run the same command again.")
    done = (LOCK, TEST_LOCK) if lock == TEST_LOCK else (LOCK,)
    STAMP.write_text("".join(f"{name} {_digest(name)}\n" for name in done))


def _make_venv(uv: str | None) -> None:
    # Not from the `.venv` that is about to be removed, should it be the one we run in.
    python = getattr(sys, "_base_executable", None) or sys.executable
    if not uv and (importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None):
        sys.exit(
            "This Python cannot make virtual environments: install the missing part (on Debian and Ubuntu: "
            f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv), or install uv, and run the same "
            "command again."
        )
    say(f"Making {VENV} …")
    shutil.rmtree(VENV, ignore_errors=True)
    if _call([uv, "venv", "--python", python, str(VENV)] if uv else [python, "-m", "venv", str(VENV)]):
        sys.exit(f"{VENV} could not be made (see above): see that {ROOT} is writable, then run the same command again.")


def _is_sound(modules: str) -> bool:
    """Whether a `.venv` can be built upon: one that was finished, or somebody's own, and `modules` load in it."""
    if STAMP.exists() and not STAMP.read_text():
        return False
    return subprocess.run([VENV_PYTHON, "-c", f"import {modules}"], check=False, capture_output=True).returncode == 0


def _is_current(lock: str) -> bool:
    return STAMP.exists() and VENV_PYTHON.exists() and f"{lock} {_digest(lock)}\n" in STAMP.read_text()


def _digest(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def _call(command: Sequence[str]) -> int:
    """Exit code; what the program prints goes to stderr, because stdout belongs to the command that was asked for."""
    return subprocess.run(command, check=False, stdout=sys.stderr.fileno(), close_fds=False).returncode


class _one_at_a_time:
    """Two processes that start together on a fresh machine: one makes `.venv`, the other waits. Locks the folder."""

    def __enter__(self) -> None:
        self.descriptor = os.open(ROOT, os.O_RDONLY)
        os.set_inheritable(self.descriptor, True)  # an installer whose parent was killed still works in there
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def check_port() -> tuple[str, int]:
    """The address and the port to listen on; exits with a sentence if they cannot be had."""
    port, address = os.environ.get("PORT", "8000"), os.environ.get("WASL_BIND", "127.0.0.1")
    if not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {port!r}.")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(port)))
            probe.listen()
        except PermissionError:
            sys.exit(f"Port {port} is reserved for the administrator: choose one from 1024 on, for example PORT=8000.")
        except OSError as error:
            other = int(port) % 65535 + 1
            sys.exit(
                f"Cannot listen on {address}:{port} ({error.strerror}): stop the program that uses it, or choose "
                f"another port, for example PORT={other} python3 manage.py up."
            )
    return address, int(port)
