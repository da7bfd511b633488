"""How long an order waits, when nothing else is going on, until its carrier is called: under 100 ms is promised.

    .venv/bin/python -m tests.bench.latency

Its own PostgreSQL (durable, as in production) and one worker. Orders come over HTTP, one at a time. What is measured
goes from the order's arrival (before it is stored) to the call: the order's transaction, and two jobs, one that plans
the hand-over and one that makes the call. Exits with 1 when half of the orders take 100 ms or more.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from json import loads
from pathlib import Path

import psycopg

from config.postgres import Server
from tests.bench.create_orders import body

PORT = 8493
ORDERS = 60
LIMIT_MS = 100
WAITED = """
    SELECT extract(epoch FROM exchange.created_at - orders.created_at) * 1000
    FROM integrations_exchange AS exchange
    JOIN integrations_dispatch AS dispatch ON dispatch.id = exchange.dispatch_id
    JOIN orders_order AS orders ON orders.id = dispatch.order_id
    WHERE exchange.verb = 'book' ORDER BY exchange.id
"""


def main() -> int:
    data = Path(tempfile.mkdtemp(prefix="wasl-bench-"))
    server = Server(data)
    server.acquire()
    os.environ |= {"DATABASE_URL": server.url, "WASL_DATA_DIR": str(data), "WASL_DEMO": "0", "LOG_LEVEL": "ERROR"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    manage = [sys.executable, "-m", "django"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        subprocess.run([*manage, "migrate", "-v0"], check=True)
        made = subprocess.run([*manage, "merchant", "Bench", "--json"], check=True, capture_output=True)
        key = loads(made.stdout)["keys"]["muvx"]
        web = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "-w1", f"-b127.0.0.1:{PORT}"]
        started.append(subprocess.Popen([*web, "--no-control-socket", "--log-level", "error"]))
        started.append(subprocess.Popen([*manage, "worker"]))
        time.sleep(6)
        for number in range(ORDERS):
            send(key, body(1, number))
            time.sleep(0.63)  # not in step with the clock's own jobs
        time.sleep(1)
        with psycopg.connect(server.url) as connection:
            return report([float(row[0]) for row in connection.execute(WAITED)])
    finally:
        for process in started:
            process.terminate()
            process.wait()
        server.release()
        shutil.rmtree(data, ignore_errors=True)


def send(key: str, order: bytes) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/muvx/v1/orders", order, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def report(waited: list[float]) -> int:
    middle = statistics.median(waited)
    ordered = sorted(waited)
    print(
        f"{len(waited)} of {ORDERS} orders   p50 {middle:.1f} ms   p90 {ordered[int(len(ordered) * 0.9)]:.1f} ms   "
        f"worst {ordered[-1]:.1f} ms   (limit {LIMIT_MS} ms, ratio {middle / LIMIT_MS:.2f})"
    )
    return int(len(waited) < ORDERS or middle >= LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
