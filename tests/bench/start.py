"""How long `manage.py up` takes to READY, the first time and later, and how much memory everything takes then.

    .venv/bin/python -m tests.bench.start

The packages are there already. Memory is that of `up`, web, worker and PostgreSQL together after 50 orders: the sum of
resident sets counts shared pages once for each process, the proportional one counts them once. Exits with 1 when the
first start takes 60 s or more, a later one 10 s, or the resident sets 600 MB.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.create_orders import body

ROOT = Path(__file__).resolve().parents[2]
PORT = 8494
LIMITS = {"first start": 60.0, "later start": 10.0, "resident, MB": 600.0}


def main() -> int:
    data = tempfile.mkdtemp(prefix="wasl-bench-")
    found: dict[str, float] = {}
    try:
        first, found["first start"] = up(data)
        stop(first)
        second, found["later start"] = up(data)
        assert second.stdout
        key = re.search(r"mvx_test_[\w-]+", "".join(second.lines))[0]  # type: ignore[attr-defined, index]
        for number in range(50):
            order(key, number)
        time.sleep(13)  # until they are delivered
        everything = family(second.pid)
        found["resident, MB"] = memory(everything, "Rss")
        found["proportional, MB"] = memory(everything, "Pss")
        stop(second)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    for name, value in found.items():
        limit = LIMITS.get(name)
        print(f"{name:18}{value:8.1f}" + (f"   limit {limit:.0f}, ratio {value / limit:.2f}" if limit else ""))
    return int(any(found[name] >= limit for name, limit in LIMITS.items()))


def up(data: str) -> tuple[subprocess.Popen[str], float]:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env={**os.environ, "WASL_DATA_DIR": data, "PORT": str(PORT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process.lines = []  # type: ignore[attr-defined]
    assert process.stdout
    for line in process.stdout:
        process.lines.append(line)  # type: ignore[attr-defined]
        if line.startswith("READY"):
            return process, time.monotonic() - started
    raise SystemExit("up did not get ready")


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def order(key: str, number: int) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/muvx/v1/orders", body(1, number), headers)
    urllib.request.urlopen(request, timeout=10).read()


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def memory(pids: list[int], kind: str) -> float:
    """Megabytes of "Rss" or "Pss"."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(re.search(rf"^{kind}:\s+(\d+)", one, re.MULTILINE)[1]) for one in rollups) / 1024  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
