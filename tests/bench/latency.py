"""How long an order waits, when nothing else is going on, until its carrier is called: under 100 ms is promised.

    .venv/bin/python -m tests.bench.latency

Its own PostgreSQL (durable, as in production) and one worker. Orders come over HTTP, one at a time. What is measured
goes from the order's arrival (before it is stored) to the call: the order's transaction, and two jobs, one that plans
the hand-over and one that makes the call. Exits with 1 when half of the orders take 100 ms or more.
"""

import statistics
import sys
import time
import urllib.request

import psycopg

from tests.bench.create_orders import body
from tests.bench.installation import WEB, installation

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
    with installation() as made:
        made.start(*WEB, "config.wsgi", port=PORT)
        made.start("-m", "django", "worker")
        time.sleep(4)
        for number in range(ORDERS):
            send(made.key, body(1, number))
            time.sleep(0.63)  # not in step with the clock's own jobs
        time.sleep(1)
        with psycopg.connect(made.url) as connection:
            return report([float(row[0]) for row in connection.execute(WAITED)])


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
