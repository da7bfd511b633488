"""How many orders a second each dialect creates and reads, beside Muvx in the same run, measured in turns.

    .venv/bin/python -m tests.bench.dialects

Its own PostgreSQL (durable, as in production), gunicorn as `up` runs it, 8 connections, no worker running, limits on
calls lifted (what counts them stays). Exits with 1 when a dialect's create or read is under 70 % of Muvx's.
"""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.bench import create_orders, load
from tests.bench.installation import WEB, installation

PORT = 8496
ROUNDS = 3
WANTED = 0.7
EXAMPLES = Path(__file__).parents[1] / "examples"


class Program:
    """What a dialect's programs send: its document's sample, each time as another order."""

    path = ""
    bearer = True

    def __init__(self, key: Any, run: str) -> None:
        self.secret = key["client_secret"] if isinstance(key, dict) else key
        self.run = run
        self.headers = {"Content-Type": "application/json", "Authorization": self.authorization()}

    def authorization(self) -> str:
        return f"Bearer {self.secret}"

    def prepare(self) -> None:
        """What must be there before the first order."""

    def body(self, number: int) -> bytes:
        raise NotImplementedError

    def read_path(self, answer: Any) -> str:
        raise NotImplementedError

    def create(self, number: int) -> bytes:
        return load.post(self.path, self.body(number), self.headers)

    def call(self, path: str, body: bytes) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, self.headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def read(self) -> Callable[[int], bytes]:
        path = self.read_path(self.call(self.path, self.body(-1)))
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items() if name == "Authorization"]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n"
        return lambda number: request


class Muvx(Program):
    path = "/muvx/v1/orders"

    def body(self, number: int) -> bytes:
        return create_orders.body(int(self.run), number)

    def read_path(self, answer: Any) -> str:
        return f"/muvx/v1/orders/{answer['id']}/status"


class IDeliver(Program):
    path = "/ideliver/v1/orders"

    def body(self, number: int) -> bytes:
        sample = json.loads((EXAMPLES / "ideliver" / "create.json").read_bytes())
        now = datetime.now(UTC)
        times = ("scheduled_pickup_at", "delivery_window_start", "delivery_window_end")
        for hours, name in enumerate(times, start=2):
            sample["standardized"][name] = (now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return json.dumps(sample | {"external_order_id": f"B-{self.run}-{number}"}).encode()

    def read_path(self, answer: Any) -> str:
        return f"/ideliver/v1/orders/{answer['order']['id']}"


class Fuuffy(Program):
    path = "/fuuffy/v1/orders"
    sample = (EXAMPLES / "fuuffy" / "create.json").read_bytes()

    def body(self, number: int) -> bytes:
        return self.sample

    def read_path(self, answer: Any) -> str:
        return f"/fuuffy/v1/orders/{answer['id']}"


class MagicLane(Program):
    path = "/magiclane/v1/orders"
    customer = 0

    def authorization(self) -> str:
        return self.secret

    def prepare(self) -> None:
        customer = [{"alias": "Magic Customer", "location": [48.870852, 2.356148], "phoneNumber": "+1202555018"}]
        made = self.call("/magiclane/v1/customers", json.dumps(customer).encode())
        self.customer = made["customers"][0]["id"]

    def body(self, number: int) -> bytes:
        [first, *_] = json.loads((EXAMPLES / "magiclane" / "create.json").read_bytes())
        return json.dumps([first | {"customerId": self.customer}]).encode()

    def read_path(self, answer: Any) -> str:
        return f"/magiclane/v1/orders/{answer['orders'][0]['id']}"


class Modon(Program):
    def __init__(self, key: Any, run: str) -> None:
        super().__init__(key, run)
        self.query = f"?token={quote(self.secret)}"
        self.path = f"/modon/v1/merchant/create-order{self.query}"

    def body(self, number: int) -> bytes:
        return (EXAMPLES / "modon" / "create.json").read_bytes()

    def read_path(self, answer: Any) -> str:
        number = answer["data"][0]["qr_id"]
        return f"/modon/v1/merchant/get-orders-by-ids-bulk{self.query}&ids={number}"


PROGRAMS: dict[str, type[Program]] = {
    "muvx": Muvx, "ideliver": IDeliver, "fuuffy": Fuuffy, "magiclane": MagicLane, "modon": Modon,
}  # fmt: skip


def main() -> int:
    os.environ |= {"FUUFFY_RATE_LIMIT": "100000000", "MODON_RATE_LIMIT": "100000000"}
    with installation() as made:
        made.start(*WEB, "config.wsgi:application", port=PORT)
        return measure({name: make(made.keys[name], str(int(time.time()))) for name, make in PROGRAMS.items()})


def measure(programs: dict[str, Program]) -> int:
    calls: dict[tuple[str, str], Callable[[int], bytes]] = {}
    for name, program in programs.items():
        program.prepare()
        calls["create", name], calls["read", name] = program.create, program.read()
    rates: dict[tuple[str, str], list[float]] = {which: [] for which in calls}
    number = 0
    for turn in range(ROUNDS + 1):
        for (what, name), request in calls.items():
            number += 1_000_000  # no order twice
            result = load.run(
                PORT, lambda one, request=request, base=number: request(base + one), seconds=4 if turn else 1
            )
            if turn:  # the first turn warms up
                rates[what, name].append(result.rate)
                print(f"{what:7}{name:10}{result}", flush=True)
    print()
    bad = False
    for (what, name), found in rates.items():
        middle, muvx = (sorted(each)[len(each) // 2] for each in (found, rates[what, "muvx"]))
        bad |= middle < WANTED * muvx
        print(f"{what:7}{name:10}{middle:6.0f} /s   {middle / muvx:5.0%} of Muvx (wanted: {WANTED:.0%})")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
