"""How many orders a second `POST /muvx/v1/orders` takes, beside this machine's floor, measured in turns.

    .venv/bin/python -m tests.bench.create_orders

Its own PostgreSQL (durable, as in production), gunicorn as `up` runs it, 8 connections, no worker running. Exits with
1 when the rate is under 60 % of the floor, or p99 is 10 × p50 or more.
"""

import json
import sys
import time
from pathlib import Path

from tests.bench import load
from tests.bench.installation import WEB, installation

PORTS = {"floor": 8491, "muvx": 8492}
SERVERS = {"floor": "tests.bench.floor:application", "muvx": "config.wsgi:application"}
ROUNDS = 3
# Of no destination in particular, and due now.
SAMPLE = json.loads((Path(__file__).parents[1] / "examples" / "muvx" / "create.json").read_bytes())
for _name in ("destination_id", "scheduled_pickup_time"):
    del SAMPLE[_name]


def body(run: int, number: int) -> bytes:
    """The document's own create sample."""
    sample = {**SAMPLE, "integration_order_id": f"SHOP-{run}-{number}", "auto_pickup": True}
    return json.dumps(sample).encode()


def main() -> int:
    with installation() as made:
        for name, application in SERVERS.items():
            made.start(*WEB, application, port=PORTS[name])
        return measure(made.key)


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


if __name__ == "__main__":
    sys.exit(main())
