"""How fast orders are handed over, and what a carrier that hangs or is down costs the others.

    .venv/bin/python -m tests.bench.dispatch

A carrier in a process of its own, on loopback, answers each call after 20 ms; another one never does. One PostgreSQL
(durable, as in production), one worker with its usual settings. Three parts:

1. rate: orders that wait when the worker starts; at least 100 are handed over per second.
2. hang: the same while another carrier hangs and has orders too: it makes no difference.
3. down: 10,000 orders wait for a carrier that is down: what the worker burns in the meantime, and how fast they go out
   when it is back.
"""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from tests.bench.installation import installation
from tests.sides import free_port

ORDERS, WAITING = 1500, 10_000
ANSWER_SECONDS = 0.02
LIMIT = 100
_TICKS = os.sysconf("SC_CLK_TCK")

_PLACE = """
import django; django.setup()
import sys
from destinations.models import Source
from tests.factories import make_draft
from orders import actions
from orders.events import SYSTEM
source = Source.objects.get(name=sys.argv[1])
for start in range(0, int(sys.argv[2]), 500):
    numbers = range(start, min(start + 500, int(sys.argv[2])))
    drafts = [make_draft(f"{sys.argv[3]}-{number}", unique_scope=f"source:{source.pk}") for number in numbers]
    actions.place_orders(source, drafts, actor=SYSTEM, is_test=True)
"""
_CONNECT = """
import django; django.setup()
import sys
from destinations.actions import create_source
from destinations.models import Merchant
from integrations import accounts
for name, port in zip(sys.argv[1::2], sys.argv[2::2]):
    source = create_source(Merchant.objects.get(), name, [])
    accounts.connect(source, "muvx", name=name, base_url=f"http://127.0.0.1:{port}", credentials={"api_key": "k"},
                     poll_seconds=86400)
"""


def carrier(port: int, hangs: bool) -> None:
    """Answers like Muvx, after a while or never."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        asked = json.loads(await reader.readexactly(length) or b"{}")
        await asyncio.sleep(3600 if hangs else ANSWER_SECONDS)
        number = f"MOV{abs(hash(asked.get('integration_order_id'))) + 1}"[:18]
        body = json.dumps({"success": True, "id": number, "status": "created", "status_url": "http://x.example/"})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
        writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000) as server:
            await server.serve_forever()

    asyncio.run(main())


def main() -> int:
    fast, slow, down = free_port(), free_port(), free_port()
    others = [start_carrier(fast, False), start_carrier(slow, True)]
    os.environ["WASL_ALLOW_LOOPBACK"] = "1"
    failed = 0
    try:
        with installation() as made:
            python(_CONNECT, "fast", str(fast), "slow", str(slow), "down", str(down))
            place("fast", ORDERS, "a")
            worker = start_worker(made)
            alone = drained(made.url, "fast", ORDERS)
            burnt = cpu(worker.pid)
            print(f"rate   {ORDERS} orders: {alone:.0f} a second (wanted {LIMIT}), worker's processor {burnt:.1f} s")
            failed += alone < LIMIT
            stop(made)
            place("slow", 200, "s")
            place("fast", ORDERS, "b")
            start_worker(made)
            beside = drained(made.url, "fast", 2 * ORDERS, of=ORDERS)
            print(f"hang   beside a carrier that hangs: {beside:.0f} a second, {beside / alone:.0%} of alone")
            failed += beside < alone * 0.5
            stop(made)
            with psycopg.connect(made.url, autocommit=True) as connection:
                connection.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
                connection.execute("UPDATE integrations_dispatch SET next_at = NULL, is_waiting = false")
            place("down", WAITING, "d")
            worker = start_worker(made)
            wait_for_planned(made.url)
            before = cpu(worker.pid)
            time.sleep(30)
            idle = (cpu(worker.pid) - before) / 30
            print(f"down   {WAITING} orders wait: {idle:.1%} of a processor")
            failed += idle > 0.25
            others.append(start_carrier(down, False))
            rate = drained(made.url, "down", WAITING)
            print(f"back   {rate:.0f} a second, {rate / alone:.0%} of the rate without waiting")
            failed += rate < LIMIT
    finally:
        for process in others:
            process.kill()
    return int(failed > 0)


def start_carrier(port: int, hangs: bool) -> multiprocessing.Process:
    process = multiprocessing.Process(target=carrier, args=(port, hangs), daemon=True)
    process.start()
    return process


def python(program: str, *words: str) -> None:
    subprocess.run([sys.executable, "-c", program, *words], check=True)


def place(name: str, count: int, prefix: str) -> None:
    python(_PLACE, name, str(count), prefix)


def start_worker(made):
    made.start("-m", "django", "worker")
    return made.processes[-1]


def stop(made) -> None:
    process = made.processes.pop()
    process.kill()
    process.wait()


def booked(url: str, name: str) -> int:
    query = (
        "SELECT count(*) FROM integrations_dispatch d JOIN destinations_destination x ON x.id = d.destination_id "
        "WHERE x.name = %s AND d.reference <> ''"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(query, [name]).fetchone()[0]


def wait_for_planned(url: str) -> None:
    while True:
        with psycopg.connect(url) as connection:
            left = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%relay_event'")
            if not left.fetchone()[0]:
                return
        time.sleep(1)


def drained(url: str, name: str, until: int, of: int | None = None) -> float:
    """Orders a second between the first tenth and the last of them, so that starting does not count."""
    of = of or until
    while booked(url, name) < until - of + of // 10:
        time.sleep(0.05)
    began, first = time.monotonic(), booked(url, name)
    while (now := booked(url, name)) < until:
        if time.monotonic() - began > 600:
            raise SystemExit(f"{now} of {until} after ten minutes")
        time.sleep(0.1)
    return (until - first) / (time.monotonic() - began)


def cpu(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main())
