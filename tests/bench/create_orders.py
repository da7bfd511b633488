"""How many orders a second `POST /muvx/v1/orders` takes, beside this machine's floor, measured in turns.

    .venv/bin/python -m tests.bench.create_orders

Its own PostgreSQL (durable, as in production), gunicorn as `up` runs it, 8 connections, no worker running. Exits with
1 when the rate is under 60 % of the floor, or p99 is 10 × p50 or more.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.postgres import Server
from tests.bench import load

PORTS = {"floor": 8491, "muvx": 8492}
SERVERS = {"floor": "tests.bench.floor:application", "muvx": "config.wsgi:application"}
ROUNDS = 3


def body(run: int, number: int) -> bytes:
    """The document's own create sample."""
    return json.dumps(
        {
            "integration_order_id": f"SHOP-{run}-{number}",
            "pickup": {
                "name": "Store Name",
                "address": "789 Elm St, Kuwait City",
                "lat": 29.3375,
                "lng": 48.0286,
                "phone": "+96500000000",
            },
            "dropoff": {
                "name": "Customer Name",
                "address": {
                    "area": "Salmiya",
                    "block": "3",
                    "street": "Al Muqawil",
                    "building": "21A",
                    "floor": "1",
                    "flat": "2",
                },
                "lat": 29.3759,
                "lng": 47.9774,
                "phone": "+96511111111",
            },
            "items": [{"name": "Product A", "quantity": 2, "price": 1.25, "weight": 0.53}],
            "notes": "Leave at the door",
            "cod_amount": 3.5,
            "auto_pickup": True,
        }
    ).encode()


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
        key = json.loads(made.stdout)["keys"]["muvx"]
        for name, application in SERVERS.items():
            command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", application]
            started.append(subprocess.Popen(command, env=os.environ | {"PORT": str(PORTS[name])}))
        for port in PORTS.values():
            _wait_for(port)
        return measure(key)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        server.release()
        shutil.rmtree(data, ignore_errors=True)


def measure(key: str) -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    paths = {"floor": "/floor", "muvx": "/muvx/v1/orders"}
    results: dict[str, list[load.Result]] = {name: [] for name in paths}
    for turn in range(ROUNDS + 1):
        for name, path in paths.items():
            run = int(time.time() * 1000)
            result = load.run(
                PORTS[name],
                lambda number, path=path, run=run: load.post(path, body(run, number), headers),
                seconds=6 if turn else 2,
            )
            if turn:  # the first turn warms up
                results[name].append(result)
                print(f"{name:6}{result}", flush=True)
    best = {name: sorted(found, key=lambda result: result.rate)[len(found) // 2] for name, found in results.items()}
    ratio = best["muvx"].rate / best["floor"].rate
    spread = best["muvx"].p99 / best["muvx"].p50
    print(f"\nmuvx is {ratio:.0%} of the floor (wanted: 60 %); p99 is {spread:.1f} × p50 (wanted: under 10)")
    return 0 if ratio >= 0.6 and spread < 10 else 1


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise SystemExit(f"Nothing answers on port {port}.")


if __name__ == "__main__":
    sys.exit(main())
