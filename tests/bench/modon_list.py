"""How long Modon's merchant-orders takes for 50,000 orders: the first byte in under 1 s, all of it in under 5 s.

    .venv/bin/python -m tests.bench.modon_list

Its own PostgreSQL (durable, as in production) and gunicorn as `up` runs it. Also says how much memory the web processes
took for it. Exits with 1 when a limit is broken.
"""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg

from tests.bench.installation import WEB, installation

PORT = 8494
ORDERS = 50_000
FIRST_BYTE_S, WHOLE_S = 1, 5
BODY = json.dumps(
    {
        "client_name": "محمد علي", "client_mobile": "+9647712345678", "city_id": "1", "region_id": "1",
        "location": "قرب مول المنصور، الطابق الثالث", "type_name": "ملابس", "items_number": "2", "price": "25000",
        "package_size": "1", "replacement": "0", "merchant_notes": "عدم فتح القطعة",
    }
).encode()  # fmt: skip
# Copies of one order that came over HTTP: same shape, other keys.
COPIES = """
    INSERT INTO orders_order ({columns})
    SELECT {values} FROM orders_order AS one, generate_series(1, {count}) AS number
"""
ITEMS = """
    INSERT INTO orders_orderitem (order_id, position, name, quantity)
    SELECT orders.id, 0, item.name, item.quantity FROM orders_order AS orders, orders_orderitem AS item
    WHERE orders.id <> item.order_id
"""
OWN = {
    "uuid": "gen_random_uuid()",
    "tracking_token": "md5(number::text)",
    "public_hex": "lpad(to_hex(number), 12, '0')",
    "created_at": "one.created_at - number * interval '1 minute'",
}


def main() -> int:
    with installation() as made:
        made.start(*WEB, "config.wsgi", port=PORT)
        command = [sys.executable, "-m", "django", "merchant", "Dijla", "--currency", "IQD", "--json"]
        merchant = subprocess.run(command, check=True, capture_output=True)
        token = json.loads(merchant.stdout)["keys"]["modon"]
        create = f"http://127.0.0.1:{PORT}/modon/v1/merchant/create-order?token={token}"
        with urllib.request.urlopen(urllib.request.Request(create, BODY), timeout=10) as answer:
            answer.read()
        with psycopg.connect(made.url, autocommit=True) as connection:
            multiply(connection)
        pids = [process.pid for process in made.processes]
        url = f"http://127.0.0.1:{PORT}/modon/v1/merchant/merchant-orders?token={token}"
        results = [measure(url) for _ in range(4)]
        print(f"web processes: {memory(pids[0]):.0f} MB at most")
    first, whole = (max(one) for one in zip(*results, strict=True))
    return int(first >= FIRST_BYTE_S or whole >= WHOLE_S)


def multiply(connection: psycopg.Connection) -> None:
    names = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders_order' AND column_name <> 'id'"
    )
    columns = [name for [name] in connection.execute(names)]
    values = ", ".join(OWN.get(name, f'one."{name}"') for name in columns)
    quoted = ", ".join(f'"{name}"' for name in columns)
    connection.execute(COPIES.format(columns=quoted, values=values, count=ORDERS - 1))
    connection.execute(ITEMS)
    connection.execute("ANALYZE")


def measure(url: str) -> tuple[float, float]:
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        body = answer.read(1)
        first = time.perf_counter() - started
        body += answer.read()
    whole = time.perf_counter() - started
    found = len(json.loads(body)["data"])
    print(f"{found} orders, {len(body) / 1e6:.1f} MB   first byte {first:.2f} s   all {whole:.2f} s", flush=True)
    assert found == ORDERS
    return first, whole


def memory(master: int) -> float:
    """The highest that any of gunicorn's processes took, in MB."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    peaks = [Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0] for pid in [master, *children]]
    return max(map(int, peaks)) / 1024


if __name__ == "__main__":
    sys.exit(main())
