"""`manage.py up` and its neighbours as a user runs them: real processes, each test with data folders of its own."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from django.conf import settings

from config import bootstrap
from config.cluster import DatabaseTrouble
from config.postgres import Server

pytestmark = pytest.mark.usefixtures("no_process_left")
started: list[subprocess.Popen[str]] = []


def manage(*words: str, data: Path, **environment: str) -> subprocess.Popen[str]:
    inherited = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "PGHOST", "WASL_DB_POOL")
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env=inherited | {"WASL_DATA_DIR": str(data), "WASL_DEMO": "0"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    return process


def run(*words: str, data: Path, **environment: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command."""
    process = manage(*words, data=data, **environment)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


class Up:
    """`manage.py up` on a free port, from READY on."""

    def __init__(self, data: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = manage("up", data=data, PORT=str(self.port), **environment)

    def wait_until_ready(self) -> str:
        """All that was printed, the READY line last."""
        printed = ""
        for line in self.process.stdout or ():
            printed += line
            if line.startswith("READY "):
                return printed
        raise AssertionError(self.process.communicate())

    def health(self) -> int:
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(web):
            web.request("GET", "/health/ready")
            return web.getresponse().status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def must_end_when_killed(self, word: str, words: str) -> None:
        """Kills the child with `word` in its command line: all must end, with exit code 1 and `words`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        part = next(int(child) for child in children if word in Path(f"/proc/{child}/cmdline").read_text())
        os.kill(part, signal.SIGKILL)
        _, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 1
        assert words in err
        assert "Traceback" not in err


def processes_of(data: Path) -> list[str]:
    """The command lines of the processes that name `data` in their arguments, their environment or as their folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            traces = command + (entry / "environ").read_bytes() + os.readlink(entry / "cwd").encode()
            if command and str(data).encode() in traces:
                found.append(command.replace(b"\0", b" ").decode())
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def no_process_left(tmp_path: Path) -> Iterator[None]:
    yield
    while started:
        process = started.pop()
        process.kill()
        process.communicate()
    assert wait_for(lambda: not processes_of(tmp_path)), processes_of(tmp_path)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to copy: a database with tables, which skips the disk's guarantees to save time."""
    server = Server(tmp_path_factory.mktemp("migrated") / "data", throwaway=True)
    server.acquire()
    code, _, err = run("migrate", data=server.data)
    assert code == 0, err
    server.release()
    return server.data


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-a", migrated, tmp_path], check=True)
    return tmp_path / migrated.name


@pytest.fixture
def up(data: Path) -> Iterator[Up]:
    running = Up(data)
    running.wait_until_ready()
    yield running
    if running.process.poll() is None:
        running.stop()


def test_from_an_empty_folder_to_sigterm_with_a_command_beside(tmp_path: Path) -> None:
    data = tmp_path / "data"
    up = Up(data)
    assert up.wait_until_ready().endswith(f"READY http://127.0.0.1:{up.port}\n")
    assert up.health() == 200
    assert data.stat().st_mode & 0o066 == 0
    assert (data / "postgres").stat().st_mode & 0o077 == 0

    code, out, err = run("shell", "-v0", "-c", "print('beside')", data=data)
    assert (code, out) == (0, "beside\n"), err
    assert up.health() == 200

    assert up.stop() == 0
    assert not Server(data).is_running()


def test_two_side_by_side_of_which_one_is_killed_and_started_again(up: Up, migrated: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-a", migrated, tmp_path / "other"], check=True)
    other = Up(tmp_path / "other")
    other.wait_until_ready()
    other.stop(signal.SIGKILL)
    assert wait_for(lambda: not processes_of(tmp_path / "other")), processes_of(tmp_path / "other")
    assert up.health() == 200

    again = Up(tmp_path / "other")
    again.wait_until_ready()
    assert again.health() == 200
    again.must_end_when_killed("manage.py", "The worker has ended by itself (killed by signal 9).")
    assert up.stop(signal.SIGINT) == 0


def test_the_web_dying_stops_the_rest(up: Up) -> None:
    up.must_end_when_killed("gunicorn", "The web has ended by itself (killed by signal 9).")


def test_the_database_dying_stops_the_rest(up: Up, data: Path) -> None:
    os.kill(int((data / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    _, err = up.process.communicate(timeout=20)
    assert up.process.returncode == 1
    assert "The database has ended by itself" in err


def test_a_command_alone_starts_the_server_and_stops_it(data: Path) -> None:
    asks = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT current_database()'); print(*k)"
    code, out, err = run("shell", "-v0", "-c", asks, data=data)
    assert (code, out) == (0, "('wasl',)\n"), err
    assert not Server(data).is_running()


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, err = run("up", data=tmp_path / "data", PORT=str(taken.getsockname()[1]))
    assert code == 1
    assert "another port" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def without_version(data: Path) -> None:
    (data / "postgres/PG_VERSION").unlink()


def of_another_version(data: Path) -> None:
    (data / "postgres/PG_VERSION").write_text("9.6\n")


def with_rubbish_inside(data: Path) -> None:
    (data / "postgres/global/pg_control").write_bytes(os.urandom(8192))


def a_file_instead(data: Path) -> None:
    data.rename(data.with_name("away"))
    data.write_text("not a folder")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without_version, "is damaged, or not a PostgreSQL data folder"),
        (of_another_version, "says PostgreSQL '9.6'"),
        (with_rubbish_inside, "does not start with"),
        (a_file_instead, "is not a folder"),
    ],
)
def test_a_damaged_data_folder_is_one_sentence(data: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(data)
    code, _, err = run("migrate", "--check", data=data)
    assert code == 1
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_made_is_one_sentence() -> None:
    with pytest.raises(DatabaseTrouble, match=r"cannot be used: .* name another folder in WASL_DATA_DIR"):
        Server(Path("/dev/null/data")).acquire()


def test_the_last_user_stops_the_server(data: Path) -> None:
    first, second = Server(data), Server(data)
    first.acquire()
    second.acquire()
    first.release()
    assert second.is_running()
    second.release()
    assert not second.is_running()


def test_a_killed_user_does_not_count(data: Path) -> None:
    process = manage("shell", "-v0", "-c", "print(1, flush=True); import time; time.sleep(60)", data=data)
    assert next(iter(process.stdout or ())) == "1\n"
    server = Server(data)
    server.acquire()
    process.kill()
    process.wait()
    time.sleep(2)
    assert server.is_running()
    server.release()
    assert not server.is_running()


def test_after_a_power_cut(data: Path) -> None:
    """The file with the process id is still there, and another program has that id by now."""
    (data / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n{data}/postgres\n1\n5432\n{data}\n\n1 2\nready\n")
    server = Server(data)
    assert not server.is_running()
    server.acquire()
    server.release()


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    server = Server(tmp_path / ("long " * 15) / "data, or so", throwaway=True)
    server.acquire()
    try:
        assert server.socket_folder.stat().st_mode & 0o077 == 0
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT current_user").fetchone()
        assert row == ("wasl",)
        assert unquote(server.url).endswith(str(server.socket_folder))
    finally:
        server.release()
        server.socket_folder.rmdir()


def test_python_without_venv_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"apt install python3\.\d+-venv"):
        bootstrap._make_venv(uv=None)


def test_an_interrupted_installation_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = tmp_path / "stamp"
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", Path(sys.executable))
    assert bootstrap._is_sound("django")  # somebody's own
    stamp.write_text("")
    assert not bootstrap._is_sound("django")
    stamp.write_text(f"{bootstrap.LOCK} {bootstrap._digest(bootstrap.LOCK)}\n")
    assert bootstrap._is_sound("django")
    assert bootstrap._is_current(bootstrap.LOCK)
    assert not bootstrap._is_current(bootstrap.TEST_LOCK)
