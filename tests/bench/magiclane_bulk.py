"""How long 500 orders in one Magic Lane request take: under two seconds is promised.

    .venv/bin/python -m tests.bench.magiclane_bulk

Its own PostgreSQL (durable, as in production) and gunicorn as `up` runs it, over HTTP. Also measured: the whole list
of what was made, to its first byte and to its last. Exits with 1 when half of the requests take two seconds or more.
"""

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import Any

from tests.bench.installation import WEB, installation

PORT = 8494
ORDERS = 500
ROUNDS = 10
LIMIT = 2.0
ISSUE = """
from destinations.models import Source
from integrations import keys
print(keys.issue(Source.objects.get(), "magiclane", is_test=True)[1])
"""


def call(method: str, path: str, key: str, body: Any = None) -> Any:
    headers = {"Authorization": key, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/magiclane/v1/{path}", data, headers, method=method)
    return urllib.request.urlopen(request, timeout=60)


def main() -> int:
    with installation() as made:
        shell = [sys.executable, "-m", "django", "shell", "-v0", "-c", ISSUE]
        key = subprocess.run(shell, check=True, capture_output=True, text=True).stdout.split()[-1]
        made.start(*WEB, "config.wsgi:application", port=PORT)
        return measure(key)


def measure(key: str) -> int:
    customers = json.load(call("POST", "customers", key, [{"location": [48.87, 2.35]}] * 20))["customers"]
    depot = json.load(call("POST", "misc-locations", key, [{"location": [48.9, 2.4]}]))["miscLocations"][0]["id"]
    order = {
        "alias": "Magic Order", "firstName": "Magic", "lastName": "Order", "location": [48.870852, 2.356148],
        "address": {"city": "Paris", "streetName": "Rue Gustave Goublier", "streetNumber": "2", "postalCode": "75010"},
        "phoneNumber": "+1202555018", "type": 1, "numberOfPackages": 3, "weight": 5.1, "cube": 2.5, "revenue": 12,
        "timeWindow": [420, 1086], "depotId": depot,
    }  # fmt: skip
    took = []
    for _ in range(ROUNDS + 1):
        orders = [{**order, "customerId": customers[number % 20]["id"]} for number in range(ORDERS)]
        started = time.perf_counter()
        answer = json.load(call("POST", "orders", key, orders))
        took.append(time.perf_counter() - started)
        assert len(answer["orders"]) == ORDERS
    middle = statistics.median(took[1:])  # the first warms up
    print(f"{ORDERS} orders   p50 {middle:.2f} s   worst {max(took[1:]):.2f} s   (limit {LIMIT} s)")

    started = time.perf_counter()
    with call("GET", "orders", key) as response:
        response.read(1)
        first = time.perf_counter() - started
        size = len(response.read()) + 1
    last = time.perf_counter() - started
    print(f"{ORDERS * len(took)} orders listed, {size / 1e6:.1f} MB   first byte {first:.2f} s   last {last:.2f} s")
    return int(middle >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
