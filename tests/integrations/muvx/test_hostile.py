"""Muvx, as seen by somebody who means no good, or whose program is broken: never a 500, always the documented shape."""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from http.client import HTTPConnection, HTTPException
from operator import getitem
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import IdempotencyKey
from orders.models import Order, OrderEvent, OrderItem
from orders.statuses import Status
from tests.contract import strict
from tests.factories import Shop, make_shop
from tests.integrations.muvx.api import Api, minimal, placed
from tests.processes import ROOT, environment, wait_until


def check(status: int, content: bytes) -> dict[str, Any]:
    """Asserts that it is one of the document's answers, or ours in its shape; returns the body."""
    body = strict(content)
    if status == 200:
        assert list(body) == ["success", "id", "status", "tracking_url", "status_url"], body
        assert body["success"] is True
    else:
        assert status in (400, 401, 404, 405, 409, 413, 415), (status, body)
        assert list(body) == ["success", "error", "message"], body
        assert body["success"] is False
        assert body["message"]
    return body


# --- Bodies ---------------------------------------------------------------------------------------------------------
def with_more(text: str) -> bytes:
    return (json.dumps(minimal())[:-1] + "," + text + "}").encode()


@pytest.mark.parametrize(
    "body",
    [
        with_more('"x":1e999'),
        with_more('"x":[-1e999]'),
        with_more('"x":1e99999999999999999999'),
        with_more('"x":1e-99999999999999999999'),
        with_more('"cod_amount":1e999'),
        with_more('"x":' + "9" * 5000),
        *(with_more('"x":' + "[" * depth + "]" * depth) for depth in (150, 960, 5000, 50_000)),
        *(with_more('"x":' + '{"a":' * depth + "1" + "}" * depth) for depth in (150, 960)),
        with_more(r'"\u0000":1'),
        with_more(r'"x":{"y":["\udc00"]}'),
        with_more('"x":"a\x00b"'),
        with_more('"x":1} {"y":2'),
        json.dumps(minimal()).encode("utf-16"),
    ],
    ids=lambda body: repr(body[-30:]),
)
def test_bodies_that_cannot_be_stored(api: Api, body: bytes) -> None:
    response = api.create(body)
    assert check(response.status_code, response.content)["message"].startswith("The request body is not valid JSON: ")
    assert response.status_code == 400
    assert not Order.objects.exists()


def test_what_python_tells_its_programmers_is_not_passed_on(api: Api) -> None:
    assert "sys." not in api.create(with_more('"x":' + "9" * 5000)).json()["message"]


def test_bodies_that_are_only_unusual(api: Api) -> None:
    deep = with_more('"x":' + "[" * 50 + "1e308" + "]" * 50 + ',"notes":"a","notes":"b"')
    assert placed(api.create(b"\xef\xbb\xbf" + deep)).notes == "b"


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 200), (1_000_001, 413)])
def test_the_limit_is_a_million_bytes(api: Api, size: int, status: int) -> None:
    body = json.dumps(minimal(x="")).encode()
    response = api.create(body.replace(b'"x": ""', b'"x": "' + b"a" * (size - len(body)) + b'"'))
    check(response.status_code, response.content)
    assert response.status_code == status


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "٢٠٩٩-07-16T15:00:00Z"])
def test_times_that_no_page_could_show(api: Api, time: str) -> None:
    response = api.create(minimal(auto_pickup=True, scheduled_pickup_time=time))
    assert response.json()["message"].startswith("Invalid field: scheduled_pickup_time: ")
    held = placed(api.create())
    assert api.post(f"orders/MOV{held.pk}/pickup", {"scheduled_pickup_time": time}).status_code == 400


def test_the_names_of_an_addresss_parts_are_limited_too(api: Api) -> None:
    dropoff = {"name": "A", "phone": "1", "address": {"k" * 1001: "x"}}
    assert api.create(minimal(dropoff=dropoff)).json()["message"].startswith("Invalid field: dropoff.address: ")


def test_the_key_is_looked_at_before_the_body(api: Api) -> None:
    assert api.create(minimal(), **{"Idempotency-Key": "k"}).status_code == 200
    response = api.create(minimal(dropoff=None), **{"Idempotency-Key": "k"})
    assert (response.status_code, response.json()["error"]) == (409, "idempotency_conflict")
    assert api.create(minimal(dropoff=None), **{"Idempotency-Key": "other"}).status_code == 400
    assert [claim.key for claim in IdempotencyKey.objects.all()] == ["k"]


def test_a_repeated_pickup_or_cancel_with_its_key_gets_the_same_answer(api: Api) -> None:
    held = placed(api.create())
    api.headers["Idempotency-Key"] = "k"
    time = {"scheduled_pickup_time": "2099-01-01T00:00:00Z"}
    assert [api.post(f"orders/MOV{held.pk}/pickup", time).json()["status"] for _ in range(2)] == ["created"] * 2
    assert api.post(f"orders/MOV{held.pk}/pickup").json()["error"] == "idempotency_conflict"
    api.headers["Idempotency-Key"] = "k2"
    assert [api.post(f"orders/MOV{held.pk}/pickup").json()["status"] for _ in range(2)] == ["dispatched"] * 2
    assert [api.post(f"orders/MOV{held.pk}/cancel").json()["status"] for _ in range(2)] == ["cancelled"] * 2
    assert [event.kind for event in held.events.all()] == ["created", "rescheduled", "released", "cancelled"]


# --- Anything at all ------------------------------------------------------------------------------------------------
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["nan", "inf", "-0", "1e5", "١٢", "MOV1", "\x00", "\ud800", "2025-07-16T15:00:00Z", "2099-02-30T00:00:00Z", ""]
    )
    | st.sampled_from([0, -1, 2**31, 2**63, 10**400, 1e308, 5e-324, 0.1 + 0.2])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from paths(one, (*path, name))


COMPLETE = minimal(
    pickup={"name": "Store", "address": "789 Elm St", "lat": 29.3, "lng": 48, "phone": "+96500000000"},
    items=[{"name": "Product A", "quantity": 2, "price": 1.25, "weight": 0.53}],
    notes="Leave at the door",
    cod_amount=3.5,
    destination_id="",
    auto_pickup=True,
    scheduled_pickup_time="2099-07-16T15:00:00Z",
)


@settings(
    max_examples=250, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(st.tuples(st.sampled_from(list(paths(COMPLETE))), anything), min_size=1, max_size=2), st.booleans())
def test_any_value_anywhere(api: Api, changes: list[tuple[tuple[Any, ...], Any]], twice: bool) -> None:
    body = json.loads(json.dumps(COMPLETE))
    for path, value in changes:
        with suppress(KeyError, IndexError, TypeError):  # the first change may have taken the place of the second
            reduce(getitem, path[:-1], body)[path[-1]] = value
    Order.objects.all().delete()
    for _ in range(1 + twice):
        response = api.create(body, **{"Idempotency-Key": "k"} if twice else {})
        check(response.status_code, response.content)
    IdempotencyKey.objects.all().delete()
    made = int(response.status_code == 200)
    assert (Order.objects.count(), OrderEvent.objects.count()) == (made, made)
    assert made or not OrderItem.objects.exists()


@settings(
    max_examples=80, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(anything)
def test_any_body(api: Api, body: Any) -> None:
    for response in (api.create(json.dumps(body).encode()), api.create(str(body).encode(errors="replace"))):
        assert response.status_code == 400
        check(response.status_code, response.content)


# --- Over the wire --------------------------------------------------------------------------------------------------
@pytest.fixture
def shop_on_air(transactional_db: None) -> Iterator[tuple[Shop, Callable[..., tuple[int, bytes]]]]:
    """A shop, and how to call the real server: `send(raw request without its end of headers, body)`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shop = make_shop()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"],
        cwd=ROOT, env=environment() | {"PORT": str(port), "LOG_LEVEL": "CRITICAL"}, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def call(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        known = {"Authorization": f"Bearer {shop.secret}", "Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body, known | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers() -> bool:
        try:
            return call("GET", "/health")[0] == 200
        except (OSError, HTTPException):
            return False

    try:
        wait_until(answers, 20, "the server answers")
        yield shop, call
    finally:
        server.terminate()
        server.wait()


def in_chunks(data: bytes) -> Iterator[bytes]:
    """http.client sends what an iterator yields as chunks."""
    for start in range(0, len(data), 100):
        yield data[start : start + 100]


def test_over_the_wire(shop_on_air: tuple[Shop, Callable[..., tuple[int, bytes]]]) -> None:
    _, call = shop_on_air
    orders = "/muvx/v1/orders"

    status, content = call("POST", orders, in_chunks(json.dumps(minimal(auto_pickup=True)).encode()))
    number = check(status, content)["id"]
    assert status == 200
    assert Order.objects.get().status == Status.DISPATCHED
    assert call("POST", orders, in_chunks(b"x" * 1_000_001))[0] == 413
    broken = {"Transfer-Encoding": "chunked"}
    status, content = call("POST", orders, b"not a size\r\n{}", **broken)
    assert (status, check(status, content)["error"]) == (400, "validation_error")

    held = check(*call("POST", orders, json.dumps(minimal(integration_order_id="2"))))["id"]
    later = in_chunks(b'{"scheduled_pickup_time": "2099-01-01T00:00:00Z"}')
    assert strict(call("POST", f"{orders}/{held}/pickup", later)[1])["status"] == "created"

    # None of these may decide which part of the path is the server's.
    assert call("GET", f"{orders}/{number}/status", SCRIPT_NAME="/muvx")[0] == 200
    status, content = call("POST", orders, json.dumps(minimal(integration_order_id="3")), SCRIPT_NAME="/muvx")
    assert "/muvx/track/" not in check(status, content)["tracking_url"]
    for method, path, wanted in [
        ("GET", "//muvx/v1/destinations", 404),
        ("GET", "/muvx//v1/destinations", 404),
        ("GET", "/muvx/x/../v1/destinations", 404),
        ("GET", "/v1/destinations%0A", 404),
        ("GET", f"{orders}/%00/status", 404),
        ("GET", f"{orders}/%FF%FE/status", 404),
        ("GET", f"{orders}/MOV%D9%A1/status", 404),
        ("GET", f"{orders}/MOV{2**63}/status", 404),
        ("BREW", orders, 405),
        ("OPTIONS", orders, 405),
        ("GET", f"{orders}/{number}/cancel", 405),
    ]:
        status, content = call(method, path)
        check(status, content)
        assert status == wanted, (method, path)

    body = json.dumps(minimal(integration_order_id="fifty"))
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: call("POST", orders, body)[0], range(50)))
        assert Counter(statuses) == {200: 1, 409: 49}
        body = json.dumps(minimal(integration_order_id="twins"))
        key = {"Idempotency-Key": "twins"}
        twins = list(pool.map(lambda _: call("POST", orders, body, **key), range(50)))
    assert {status for status, _ in twins} == {200}
    assert len({strict(content)["id"] for _, content in twins}) == 1
    assert Order.objects.count() == OrderEvent.objects.filter(kind="created").count() == 5
