"""The documents' samples, sent with curl to a running server, and its answers laid beside the documents', field by
field.

    python3 manage.py merchant "Samples" --json | .venv/bin/python -m tests.bench.samples http://127.0.0.1:8000

Samples are sent byte for byte, but for ids of the vendor's own (destinations, customers) and dates that are over. For
each field: whether it is there, is of the same type, and has the same value, form (letters and digits in the same
places) or order of magnitude. Exits with 1 when a field is missing, strange, or of another type.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes()


@dataclass
class Server:
    """One merchant's programs at one address."""

    url: str
    keys: dict[str, Any]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def send(self, room: str, method: str, path: str, body: bytes = b"", *, key: bool = True) -> tuple[int, Any]:
        command = ["curl", "-sS", "-X", method, "-w", "\n%{http_code}", "--data-binary", "@-"]
        command += ["-H", "Content-Type: application/json"] if body else []
        secret = self.keys[room]["client_secret"] if isinstance(self.keys[room], dict) else self.keys[room]
        if key and room == "modon":
            path += f"{'&' if '?' in path else '?'}token={quote(secret)}"
        elif key:
            command += ["-H", f"Authorization: {secret if room == 'magiclane' else f'Bearer {secret}'}"]
        if not body:
            command.remove("--data-binary")
            command.remove("@-")
        done = subprocess.run([*command, f"{self.url}/{room}{path}"], input=body, capture_output=True, check=True)
        text, _, status = done.stdout.rpartition(b"\n")
        return int(status), json.loads(text)

    def lay(self, title: str, wanted: tuple[int, str], got: tuple[int, Any]) -> Any:
        """Notes how an answer compares with the document's; returns the answer."""
        status, document = wanted
        self.rows.append((title, "HTTP", str(status), str(got[0]), "same" if status == got[0] else "DIFFERS"))
        for path, theirs, ours, verdict in compare(json.loads(example(document)), got[1]):
            self.rows.append((title, path, theirs, ours, verdict))
        return got[1]


# --- Comparing ------------------------------------------------------------------------------------------------------
def compare(document: Any, ours: Any, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Path, the document's value, ours, verdict: of each leaf."""
    if isinstance(document, dict) and isinstance(ours, dict):
        for name in [*document, *(name for name in ours if name not in document)]:
            inner = f"{path}.{name}".lstrip(".")
            if name not in ours:
                yield inner, shown(document[name]), "", "MISSING"
            elif name not in document:
                yield inner, "", shown(ours[name]), "added"
            else:
                yield from compare(document[name], ours[name], inner)
    elif isinstance(document, list) and isinstance(ours, list) and document and isinstance(document[0], dict):
        if ours:  # one element stands for all
            yield from compare(document[0], ours[0], f"{path}[0]")
        else:
            yield path, shown(document), "[]", "EMPTY"
    else:
        yield path, shown(document), shown(ours), verdict(document, ours)


def verdict(document: Any, ours: Any) -> str:
    if document == ours and type(document) is type(ours):
        return "same"
    numbers = isinstance(document, int | float) and isinstance(ours, int | float)
    if numbers and not isinstance(document, bool) and not isinstance(ours, bool):
        return "magnitude" if document and ours and 0.02 < ours / document < 50 else "OTHER MAGNITUDE"
    if type(document) is not type(ours):
        return "TYPE"
    return "form" if form(document) == form(ours) else "text"


def form(value: Any) -> str:
    """A value with its digits as 9 and its words as a."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "9", str(value)))


def shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]


# --- The rooms ------------------------------------------------------------------------------------------------------
def muvx(server: Server) -> None:
    call, lay = server.send, server.lay
    destinations = lay("destinations", (200, "muvx/destinations"), call("muvx", "GET", "/v1/destinations"))
    own = destinations["destinations"][0]["id"].encode()
    sample = example("muvx/create").replace(b"ks7fzcatg65zdv4b1plihw0qz57q5qcs", own)
    number = lay("create", (200, "muvx/created"), call("muvx", "POST", "/v1/orders", sample))["id"]
    lay("create again", (409, "muvx/error_duplicate"), call("muvx", "POST", "/v1/orders", sample))
    without = json.loads(sample)
    del without["dropoff"]["phone"]
    answer = call("muvx", "POST", "/v1/orders", json.dumps(without).encode())
    lay("create without phone", (400, "muvx/error_missing"), answer)
    lay("status", (200, "muvx/status"), call("muvx", "GET", f"/v1/orders/{number}/status"))
    lay("pickup too late", (400, "muvx/error_invalid_status"), call("muvx", "POST", f"/v1/orders/{number}/pickup"))
    held = json.dumps(json.loads(sample) | {"integration_order_id": "SHOP2", "auto_pickup": False}).encode()
    second = call("muvx", "POST", "/v1/orders", held)[1]["id"]
    lay("pickup", (200, "muvx/dispatched"), call("muvx", "POST", f"/v1/orders/{second}/pickup"))
    lay("cancel", (200, "muvx/cancelled"), call("muvx", "POST", f"/v1/orders/{second}/cancel"))
    lay("cancel unknown", (404, "muvx/error_not_found"), call("muvx", "POST", "/v1/orders/MOV9/cancel"))


def ideliver(server: Server) -> None:
    sample = json.loads(example("ideliver/create"))
    times = ("scheduled_pickup_at", "delivery_window_start", "delivery_window_end")
    for hours, name in enumerate(times, start=2):
        moment = datetime.now(UTC) + timedelta(hours=hours)
        sample["standardized"][name] = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    body = json.dumps(sample).encode()
    server.lay("create", (201, "ideliver/created"), server.send("ideliver", "POST", "/v1/orders", body))
    server.lay("create again", (200, "ideliver/created"), server.send("ideliver", "POST", "/v1/orders", body))


def fuuffy(server: Server) -> None:
    sample = example("fuuffy/create")
    server.lay("create", (201, "fuuffy/created"), server.send("fuuffy", "POST", "/v1/orders", sample))
    wrong = json.loads(sample)
    del wrong["sender"]["phone"]
    wrong["package"]["weight"] = 0
    answer = server.send("fuuffy", "POST", "/v1/orders", json.dumps(wrong).encode())
    server.lay("create, two fields wrong", (400, "fuuffy/error_400"), answer)
    answer = server.send("fuuffy", "POST", "/v1/orders", sample, key=False)
    server.lay("create without key", (401, "fuuffy/error_401"), answer)


def magiclane(server: Server) -> None:
    call, lay = server.send, server.lay
    created = json.loads(example("magiclane/created"))
    customers = [order["customerInfo"] for order in created["orders"]]
    made = call("magiclane", "POST", "/v1/customers", json.dumps(customers).encode())[1]["customers"]
    sample = example("magiclane/create")
    for document, ours in zip(customers, made, strict=True):
        sample = sample.replace(str(document["id"]).encode(), str(ours["id"]).encode())
    answer = lay("create", (200, "magiclane/created"), call("magiclane", "POST", "/v1/orders", sample))
    ids = [order["id"] for order in answer["orders"]]
    lay("list", (200, "magiclane/created"), call("magiclane", "GET", "/v1/orders?alias=Magic%20Order:exact"))
    lay("one", (200, "magiclane/one"), call("magiclane", "GET", f"/v1/orders/{ids[0]}"))
    update = example("magiclane/one")
    answer = call("magiclane", "PUT", f"/v1/orders/{ids[0]}", update)
    lay("update", (200, "magiclane/one"), answer)
    # New ones: what a courier has picked up meanwhile cannot be deleted.
    ids = [order["id"] for order in call("magiclane", "POST", "/v1/orders", sample)[1]["orders"]]
    answer = call("magiclane", "DELETE", "/v1/orders", json.dumps({"ids": ids}).encode())
    lay("delete", (200, "magiclane/deleted"), answer)


def modon(server: Server) -> None:
    call, lay, base = server.send, server.lay, "/v1/merchant"
    lay("cities", (200, "modon/cities"), call("modon", "GET", f"{base}/citys", key=False))
    lay("regions", (200, "modon/regions"), call("modon", "GET", f"{base}/regions?city_id=1", key=False))
    lay("sizes", (200, "modon/sizes"), call("modon", "GET", f"{base}/package-sizes", key=False))
    answer = call("modon", "POST", f"{base}/create-order", example("modon/create"))
    number = lay("create", (200, "modon/created"), answer)["data"][0]["id"]
    lay("list", (200, "modon/orders"), call("modon", "GET", f"{base}/merchant-orders"))
    answer = call("modon", "POST", f"{base}/get-orders-by-ids-bulk", json.dumps({"ids": number}).encode())
    lay("by ids", (200, "modon/orders"), answer)


ROOMS: dict[str, Callable[[Server], None]] = {
    "muvx": muvx, "ideliver": ideliver, "fuuffy": fuuffy, "magiclane": magiclane, "modon": modon,
}  # fmt: skip


def main() -> int:
    keys = json.load(sys.stdin)["keys"]
    bad = 0
    for name, replay in ROOMS.items():
        server = Server(sys.argv[1].rstrip("/"), keys)
        replay(server)
        print(f"\n## {name}\n\n| call | field | the document's | ours | |\n|---|---|---|---|---|")
        for row in server.rows:
            print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
        wrong = [row for row in server.rows if row[-1].isupper()]
        bad += len(wrong)
        print(f"\n{len(server.rows)} fields, {len(wrong)} to look at")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
