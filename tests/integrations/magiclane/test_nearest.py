"""`autoAssignDepot`, with a routing server of our own on this machine, good and bad."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection

from integrations import http
from integrations.magiclane import nearest
from orders.statuses import Status
from tests.factories import Shop, make_shop
from tests.integrations.magiclane.api import Api, made, make_depot, message, minimal, placed
from tests.integrations.muvx.api import put_at

HERE = (48.870852, 2.356148)


class Server:
    """Answers every GET with what `answer` makes of it: status, headers, body; remembers the paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda request: reply(request, b"{}")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                outer.answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def reply(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    server = Server()
    settings.ROUTING_URL = server.url
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def order(api: Api) -> int:
    return made(api.create(minimal()))["id"]


def table(*seconds: float | None) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: reply(request, json.dumps({"code": "Ok", "durations": [[0, *seconds]]}).encode())


# --- By line --------------------------------------------------------------------------------------------------------
def test_the_nearest_depot_by_line(api: Api, shop: Shop, order: int) -> None:
    make_depot(shop.merchant, "far", lat=49.5)
    near = make_depot(shop.merchant, "near", lat=48.88)
    make_depot(shop.merchant, "no depot", lat=48.870852, lng=2.356148, is_depot=False)
    make_depot(make_shop().merchant, "theirs", lat=48.870852, lng=2.356148)
    shown = api.get(f"orders/{order}").json()
    response = api.put(order, shown, "?autoAssignDepot=1")
    assert (response.status_code, response.json()) == (200, shown | {"depotId": near.pk})
    assert api.get(f"orders/{order}").json()["depotId"] == near.pk


@pytest.mark.parametrize("query", ["", "?autoAssignDepot=0", "?other=1"])
def test_only_when_asked(api: Api, shop: Shop, order: int, query: str) -> None:
    make_depot(shop.merchant)
    assert api.put(order, {}, query).json()["depotId"] == 0


@pytest.mark.parametrize("value", ["", "2", "true", "x"])
def test_other_values(api: Api, order: int, value: str) -> None:
    assert message(api.put(order, {}, f"?autoAssignDepot={value}")) == "autoAssignDepot: Must be 0 or 1."


def test_the_new_location_counts(api: Api, shop: Shop, order: int) -> None:
    make_depot(shop.merchant, "Paris")
    kuwait = make_depot(shop.merchant, "Kuwait", lat=29.3, lng=48)
    assert api.put(order, {"location": [29.4, 47.9]}, "?autoAssignDepot=1").json()["depotId"] == kuwait.pk


def test_without_depots_the_body_decides(api: Api, shop: Shop, order: int) -> None:
    place = make_depot(shop.merchant, is_depot=False)
    assert api.put(order, {"depotId": place.pk}, "?autoAssignDepot=1").json()["depotId"] == place.pk


def test_across_the_date_line(shop: Shop) -> None:
    west = make_depot(shop.merchant, "west", lat=0, lng=-179.9)
    make_depot(shop.merchant, "east", lat=0, lng=179)
    assert nearest.nearest_depot(shop.merchant, (0, 179.9)) == west.pk


def test_not_once_it_has_been_picked_up(api: Api, shop: Shop) -> None:
    make_depot(shop.merchant)
    order = placed(api.create(minimal()))
    put_at(order, Status.PICKED_UP)
    assert "picked up" in message(api.put(order.pk, {}, "?autoAssignDepot=1"))


# --- By road --------------------------------------------------------------------------------------------------------
def test_the_routing_server_decides(api: Api, shop: Shop, order: int, server: Server) -> None:
    make_depot(shop.merchant, "near", lat=48.88)
    quick = make_depot(shop.merchant, "quick", lat=49)
    server.answer = table(900.5, 60)
    assert api.put(order, {}, "?autoAssignDepot=1").json()["depotId"] == quick.pk
    path = "/table/v1/driving/2.356148,48.870852;2.400000,48.880000;2.400000,49.000000"
    assert server.paths == [f"{path}?sources=0&annotations=duration"]


def test_where_no_road_leads(shop: Shop, server: Server) -> None:
    make_depot(shop.merchant, "island", lat=48.88)
    road = make_depot(shop.merchant, "road", lat=49)
    server.answer = table(None, 5000)
    assert nearest.nearest_depot(shop.merchant, HERE) == road.pk


def test_at_most_25_are_asked_about(shop: Shop, server: Server) -> None:
    for number in range(30):
        make_depot(shop.merchant, str(number), lat=50 + number)
    server.answer = table(*[1.0] * 25)
    nearest.nearest_depot(shop.merchant, HERE)
    assert server.paths[0].count(";") == 25
    assert "74.000000" in server.paths[0]
    assert "75.000000" not in server.paths[0]


def test_nobody_is_asked_about_one_depot(shop: Shop, server: Server) -> None:
    depot = make_depot(shop.merchant)
    assert nearest.nearest_depot(shop.merchant, HERE) == depot.pk
    assert server.paths == []


@pytest.mark.django_db(transaction=True)
def test_the_server_is_asked_outside_of_any_transaction(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(dialect="magiclane")
    api = Api(shop)
    customer = api.call("POST", "customers", [{"location": [1, 1]}]).json()["customers"][0]["id"]
    number = made(api.create(minimal(customerId=customer)))["id"]
    make_depot(shop.merchant, "near", lat=48.88)
    far = make_depot(shop.merchant, "far", lat=49)
    seen = []

    def ask(url: str, timeout: float) -> Any:
        seen.append((connection.in_atomic_block, timeout))
        return {"code": "Ok", "durations": [[0, 2, 1]]}

    monkeypatch.setattr(http, "get_json", ask)
    response = api.put(number, {}, "?autoAssignDepot=1", **{"Idempotency-Key": "k"})
    assert response.json()["depotId"] == far.pk
    assert seen == [(False, 3)]


# --- Bad servers ----------------------------------------------------------------------------------------------------
def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        try:
            request.wfile.write(b" ")
            request.wfile.flush()
        except OSError:
            return
        time.sleep(0.05)


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(1000):
            request.wfile.write(b" " * 10_000)
    except OSError:
        pass


BAD: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "silent": lambda request: time.sleep(1),
    "dripping": drip,
    "endless": endless,
    "broken off": lambda request: request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "no HTTP": lambda request: request.wfile.write(b"hello\r\n\r\n"),
    "an error": lambda request: reply(request, b"{}", 500),
    "a redirect": lambda request: reply(request, b"", 302, Location="/elsewhere"),
    "no JSON": lambda request: reply(request, b"<html>"),
    "no text": lambda request: reply(request, b"\xff\xfe"),
    "not really zipped": lambda request: reply(request, b"zip", 200, **{"Content-Encoding": "gzip"}),
    "deep": lambda request: reply(request, b"[" * 100_000),
    "NaN": lambda request: reply(request, b'{"code":"Ok","durations":[[0,NaN,1]]}'),
    "not ok": lambda request: reply(request, b'{"code":"NoTable","durations":[[0,2,1]]}'),
    "too few": table(1),
    "too many": table(3, 2, 1),
    "negative": table(5, -1),
    "words": table(5, "1"),  # type: ignore[arg-type]
    "truth": table(5, True),
    "a list": lambda request: reply(request, b"[[0, 2, 1]]"),
    "nothing": lambda request: reply(request, b""),
    "no table": lambda request: reply(request, b'{"code":"Ok","durations":{"0":1}}'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_server_leaves_the_line(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    near = make_depot(shop.merchant, "near", lat=48.88)
    make_depot(shop.merchant, "far", lat=49)
    server.answer = BAD[name]
    monkeypatch.setattr(nearest, "TIMEOUT", 0.4)
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        assert nearest.nearest_depot(shop.merchant, HERE) == near.pk
    assert time.monotonic() - started < 2
    assert "the straight line decides" in caplog.text
    assert len(server.paths) == 1  # no redirect was followed, and nobody was asked twice


def test_no_server_at_all(shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.ROUTING_URL = "http://127.0.0.1:9"
    near = make_depot(shop.merchant, "near", lat=48.88)
    make_depot(shop.merchant, "far", lat=49)
    assert nearest.nearest_depot(shop.merchant, HERE) == near.pk
    assert "could not be asked" in caplog.text


def test_everything_unreachable_leaves_the_line(shop: Shop, server: Server) -> None:
    near = make_depot(shop.merchant, "near", lat=48.88)
    make_depot(shop.merchant, "far", lat=49)
    server.answer = table(None, None)
    assert nearest.nearest_depot(shop.merchant, HERE) == near.pk


def test_the_environments_proxies_do_not_count(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answer = lambda request: reply(request, b'{"a": 1}')
    assert http.get_json(server.url, 3) == {"a": 1}
