"""iDeliver, as seen by somebody whose program is broken: never a 500, always the documented shape."""

import json
from contextlib import suppress
from functools import reduce
from operator import getitem
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destinations.models import Rider
from integrations.models import IdempotencyKey, WebhookEndpoint
from orders.models import Order, OrderEvent, OrderItem
from tests.contract import strict
from tests.factories import Shop
from tests.integrations.ideliver.api import SAMPLE, Api, example, make_zone, placed
from tests.integrations.muvx.test_hostile import anything, paths

COMPLETE = json.loads(SAMPLE)
COMPLETE["raw_payload"] = {"a": 1}
COMPLETE["standardized"] |= {
    "items": [{"name": "Cake", "quantity": 2, "price_minor": 100}],
    "vehicle_type_hint": "car",
    "rider_id": "00000000-0000-4000-8000-000000000000",
}
CODES = {
    "validation_error",
    "missing_pickup_time",
    "missing_delivery_window",
    "OUT_OF_COVERAGE_AREA",
    "duplicate_order",
}

slowly = settings(
    max_examples=250, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
quickly = settings(slowly, max_examples=80)


def check(response: Any, *good: int) -> None:
    body = strict(response.content)
    if response.status_code not in good:
        assert response.status_code in (400, 409), body
        assert body["error"] in CODES
        assert body["message"]
        assert set(body) - {"point", "lat", "lng"} <= {"error", "message", "details"}


@slowly
@given(st.lists(st.tuples(st.sampled_from(list(paths(COMPLETE))), anything), min_size=1, max_size=2), st.booleans())
def test_any_value_anywhere(api: Api, shop: Shop, changes: list[tuple[tuple[Any, ...], Any]], twice: bool) -> None:
    rider, _ = Rider.objects.get_or_create(merchant=shop.merchant, name="Tunde Bello")
    body = json.loads(json.dumps(COMPLETE))
    body["standardized"]["rider_id"] = str(rider.uuid)
    for path, value in changes:
        with suppress(KeyError, IndexError, TypeError):  # the first change may have taken the place of the second
            reduce(getitem, path[:-1], body)[path[-1]] = value
    Order.objects.all().delete()
    for _ in range(1 + twice):
        response = api.create(body, **{"Idempotency-Key": "k"} if twice else {})
        check(response, 201)
    made = int(response.status_code == 201)
    assert (Order.objects.count(), OrderEvent.objects.count()) == (made, made)
    assert made or not OrderItem.objects.exists()
    if made:
        order = placed(response)
        assert list(response.json()["order"])[:5] == list(example("created")["order"])[:5]
        assert api.read(order.uuid)["unified_json"]["status"] == "pending"
        if not twice:
            check(again := api.create(body), 200)
            assert placed(again, 200) == order
    IdempotencyKey.objects.all().delete()


@quickly
@given(anything)
def test_any_body(api: Api, body: Any) -> None:
    data = json.dumps(body).encode()
    check(api.create(data))
    check(api.call("POST", "v1/test/simulator/orders", data), 201)


@quickly
@given(st.fixed_dictionaries({}, optional={"status": anything, "payment_verified": anything, "rider_id": anything}))
def test_any_patch(api: Api, body: Any) -> None:
    order = Order.objects.first() or placed(api.create(SAMPLE))
    check(api.patch(order.uuid, body), 200)
    check(api.cancel(order.uuid, {"reason": body.get("status"), "notes": body.get("rider_id")}), 200)


@quickly
@given(st.fixed_dictionaries({}, optional={"url": anything | st.text().map("http://{}".format), "enabled": anything}))
def test_any_address(api: Api, body: Any) -> None:
    check(api.call("PATCH", "v1/me/outbound-webhook", body), 200)
    for endpoint in WebhookEndpoint.objects.all():
        assert endpoint.url.startswith(("http://", "https://"))


NAMES = ("limit", "cursor", "status", "external_order_id", "source", "is_test", "created_from", "created_to")
POINTS = ("lat", "lng", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng")
values = st.text(max_size=20) | st.integers().map(str) | st.floats().map(str)


@quickly
@given(st.dictionaries(st.sampled_from(NAMES + POINTS), values, max_size=4))
def test_any_query(api: Api, shop: Shop, query: dict[str, str]) -> None:
    if not shop.merchant.zones.exists():
        make_zone(shop)
    text = urlencode(query, errors="surrogatepass")
    for path in ("orders", "coverage/check"):
        check(api.get(f"{path}?{text}"), 200)


@pytest.mark.parametrize("number", ["1e-400", "0.0000001", "499.99999999999999999999"])
def test_numbers_at_the_edge(api: Api, number: str) -> None:
    response = api.create(SAMPLE.replace(b'"weight_kg": 3.5', f'"weight_kg": {number}'.encode()))
    check(response, 201)
    assert response.status_code == 201


@pytest.mark.parametrize(
    "query", ["%00=1", "status=%ff%fe", "cursor=%F0%9F", "limit=1&limit=x", "&&&=", "status=" + "x" * 4000]
)
def test_addresses_that_no_program_writes(api: Api, query: str) -> None:
    check(api.get(f"orders?{query}"), 200)
    check(api.get(f"coverage/check?{query}"), 200)
