"""The embedded PostgreSQL: one server for each data folder, up for as long as some process uses it.

Only the standard library, because it runs before Django and, as the *keeper*, beside it.

Whoever uses the server holds a shared lock on `postgres.users`. The kernel takes a lock back however a process ends, so
a killed one counts no more. The last user stops the server on its way out; the keeper, a small process which is the
server's parent, does it for users that were killed. Starting and stopping happen under `postgres.lock`.
"""

import fcntl
import hashlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from config import cluster
from config.cluster import DatabaseTrouble, Owner, say

ROOT = Path(__file__).resolve().parent.parent
LOG_LIMIT = 5_000_000  # bytes; a longer log is put aside at the next start, in the place of the one before
SOCKET_PATH_LIMIT = 100  # bytes; the smallest that a supported system allows is 103
STOP_SECONDS = 20


class Server:
    """The server of one data folder. `acquire()` returns when it answers; every user calls `release()` when done.

    `throwaway` makes a cluster that trades safety for speed: for tests.
    """

    def __init__(self, data: Path, *, throwaway: bool = False) -> None:
        self.data = data.expanduser().resolve()
        self.cluster = self.data / "postgres"
        self.log = self.data / "postgres.log"
        self.throwaway = throwaway
        self._hold: int | None = None

    @property
    def url(self) -> str:
        """For DATABASE_URL. The folder of the socket is in the query string: it has no other place in a URL."""
        return f"postgresql://{cluster.NAME}@/{cluster.NAME}?host={quote(str(self.socket_folder), safe='')}"

    @property
    def socket_folder(self) -> Path:
        """The cluster itself, which only its owner can enter; a private folder elsewhere if that path is too long."""
        socket = self.cluster / ".s.PGSQL.5432"
        if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT and "," not in str(socket):
            return self.cluster
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        return Path(tempfile.gettempdir()).resolve() / f"wasl-{digest}"

    def acquire(self) -> None:
        """Use the server: makes the cluster if there is none, starts it if it is down, waits until it answers.

        Raises DatabaseTrouble.
        """
        try:
            owner = Owner()
            self._prepare_folder(owner)
            with self._one_at_a_time():
                self._hold = _lock(self.data / "postgres.users", fcntl.LOCK_SH)
                if self.cluster.exists():
                    cluster.check(self.cluster)
                else:
                    cluster.make(self.cluster, owner, throwaway=self.throwaway)
                self._ensure_running(owner)
        except OSError as error:
            self.release()
            raise DatabaseTrouble(
                f"The data folder {self.data} cannot be used: {error.strerror} ({error.filename}). "
                "Mend that, or name another folder in WASL_DATA_DIR."
            ) from error
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Use it no more; the last user stops the server and returns when it is down."""
        if self._hold is None:
            return
        with self._one_at_a_time():
            os.close(self._hold)
            self._hold = None
            self._stop_if_unused()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To pass on to child processes that use the server too: it stays up for as long as one of them lives."""
        return () if self._hold is None else (self._hold,)

    def is_running(self) -> bool:
        return self._status() is not None

    def keep(self, program: str) -> None:
        """The keeper's work: run the server, stop it when nobody uses it, end with it."""
        ended, held_by_server = os.pipe()
        folder = str(self.socket_folder).replace('"', '""')
        server = subprocess.Popen(
            [
                *[program, "-D", str(self.cluster), "-c", "listen_addresses="],
                *["-c", f'unix_socket_directories="{folder}"', "-c", "unix_socket_permissions=0700"],
            ],
            stdin=subprocess.DEVNULL,
            pass_fds=[held_by_server],
            **Owner().popen(),
        )
        os.close(held_by_server)
        while not select.select([ended], [], [], 1)[0]:  # readable when the last server process has closed its end
            try:
                with self._one_at_a_time(fcntl.LOCK_NB):
                    self._stop_if_unused()
            except BlockingIOError:
                pass  # somebody is starting, and waiting for us
        server.wait()

    @contextmanager
    def _one_at_a_time(self, how: int = 0) -> Iterator[None]:
        descriptor = _lock(self.data / "postgres.lock", fcntl.LOCK_EX | how)
        try:
            yield
        finally:
            os.close(descriptor)

    def _stop_if_unused(self) -> None:
        try:
            descriptor = _lock(self.data / "postgres.users", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            self._stop()
        finally:
            os.close(descriptor)

    def _stop(self) -> None:
        if (status := self._status()) is None:
            return
        pid = status[0]
        kind = signal.SIGINT  # "fast": open transactions are rolled back, then a checkpoint
        deadline = 0.0
        while _works_in(pid, self.cluster):
            if time.monotonic() > deadline:
                os.kill(pid, kind)
                kind = signal.SIGQUIT  # at once; the next start recovers from the write-ahead log
                deadline = time.monotonic() + STOP_SECONDS
            time.sleep(0.02)

    def _status(self) -> tuple[int, str] | None:
        """The running server's (process id, state), from the file that it keeps; None if it does not run."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None
        # After a power cut the file stays, and its number may by now be another program's.
        if not _works_in(pid, self.cluster):
            return None
        return pid, lines[7].strip() if len(lines) > 7 else "starting"

    def _prepare_folder(self, owner: Owner) -> None:
        if self.data.exists() and not self.data.is_dir():
            raise DatabaseTrouble(f"{self.data} is not a folder: move it away, or name another one in WASL_DATA_DIR.")
        if not self.data.exists():
            self.data.mkdir(parents=True)
            self.data.chmod(0o711 if owner.is_other else 0o700)
        if not os.access(self.data, os.R_OK | os.W_OK | os.X_OK):
            raise DatabaseTrouble(
                f"The data folder {self.data} is not writable for this user: change its owner, or name another folder "
                "in WASL_DATA_DIR."
            )
        owner.let_pass(self.cluster)

    def _ensure_running(self, owner: Owner) -> None:
        keeper: subprocess.Popen[bytes] | None = None
        log_start = 0
        patience = time.monotonic() + 10
        while (status := self._status()) is None or status[1] != "ready":
            if status is None and keeper is None:
                self._clear_the_way(owner)
                log_start = self.log.stat().st_size if self.log.exists() else 0
                keeper = self._start_keeper(owner)
            elif keeper and keeper.poll() is not None:
                raise DatabaseTrouble(
                    f"PostgreSQL does not start with {self.cluster}: {_reason(self.log, log_start)} More is in "
                    f"{self.log}. If the folder is damaged, put back a backup of it, or move it away (then a new, "
                    "empty database is made)."
                )
            if time.monotonic() > patience:
                say("PostgreSQL is still starting; after a power cut it repairs itself first …")
                patience += 10
            time.sleep(0.02)

    def _clear_the_way(self, owner: Owner) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.old"))
        leftover = self.cluster / "postmaster.pid"
        # PostgreSQL deals with a number that nobody has; at one that another program has by now it would give up.
        if leftover.exists() and (number := leftover.read_text().split("\n")[0]).isdigit() and _lives(int(number)):
            leftover.unlink()
        owner.take(self.socket_folder)

    def _start_keeper(self, owner: Owner) -> subprocess.Popen[bytes]:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                [sys.executable, "-E", "-S", "-m", __name__, str(self.data), cluster.program("postgres", owner)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,  # Ctrl-C is for the program in front; this one ends when nobody needs it
            )
        finally:
            os.close(log)


def _lock(path: Path, how: int) -> int:
    """A locked file descriptor; closing it, or the end of the process, unlocks. Raises BlockingIOError (LOCK_NB)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _works_in(pid: int, folder: Path) -> bool:
    """Whether process `pid` lives and works in `folder`; on a system without /proc, whether it lives."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == folder
    except PermissionError:
        return False
    except FileNotFoundError:
        return _lives(pid) and not Path("/proc/self").exists()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _reason(log: Path, start: int) -> str:
    """The first grave line in the log since `start`, as a sentence."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read(100_000).decode(errors="replace").splitlines()
    grave = [line.split(":  ", 1)[1] for line in lines if "FATAL:  " in line or "PANIC:  " in line]
    return (grave or lines[-1:] or ["it gave no reason"])[0].rstrip(".") + "."


if __name__ == "__main__":
    Server(Path(sys.argv[1])).keep(sys.argv[2])
