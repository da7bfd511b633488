"""An order's whole way: over HTTP, through a real worker, to a carrier, and back to whoever asks."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Exchange
from orders.models import Order
from tests.factories import Shop, make_shop
from tests.processes import wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return make_shop(settings={"scenario": "accept", "pace": 6})


def call(live_server, shop: Shop, path: str, body: dict | None = None) -> dict:
    request = urllib.request.Request(
        f"{live_server.url}/muvx/v1/{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {shop.secret}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def body(external_id: str = "SHOP-1", **changes) -> dict:
    return {
        "integration_order_id": external_id,
        "pickup": {"name": "Store", "address": "789 Elm St, Kuwait City", "phone": "+96500000000"},
        "dropoff": {"name": "Customer", "address": {"area": "Salmiya", "block": "3"}, "phone": "+96511111111"},
        "items": [{"name": "Product A", "quantity": 2, "price": 1.25}],
        "cod_amount": 3.5,
        "auto_pickup": True,
    } | changes


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_from_the_shop_to_the_door_and_back(live_server, shop):
    with worker():
        created = call(live_server, shop, "orders", body())
        assert created["success"] is True
        seen = []

        def delivered() -> bool:
            status = call(live_server, shop, f"orders/{created['id']}/status")["status"]
            if status not in seen:
                seen.append(status)
            return status == "delivered"

        wait_until(delivered, 20, "delivered")
    assert seen[-4:] == ["accepted", "picked_up", "in_transit", "delivered"]
    order = Order.objects.get()
    told = [(event.kind, event.actor_kind, event.to_status) for event in order.events.all()]
    assert told == [
        ("created", "key", "dispatched"),
        ("booked", "carrier", "accepted"),
        ("progress", "carrier", "picked_up"),
        ("progress", "carrier", "in_transit"),
        ("progress", "carrier", "delivered"),
    ]
    said = Exchange.objects.get()
    assert (said.verb, said.status_code) == ("book", 201)
    assert json.loads(said.request)["dropoff"]["name"] == "Customer"
    assert order.carrier_reference in said.response
    assert order.routing


def test_a_scheduled_order_goes_out_by_itself(live_server, shop):
    with worker():
        due = time.time() + 4
        created = call(live_server, shop, "orders", body(scheduled_pickup_time=in_seconds(4)))
        assert created["status"] == "created"
        order = Order.objects.get()
        wait_until(lambda: Order.objects.get().status != "created", 12, "sent out")
        assert Order.objects.get().events.get(kind="released").created_at >= order.release_at
        wait_until(lambda: Order.objects.get().status == "accepted", 5, "accepted")
        assert time.time() < due + 5


def test_a_scheduled_order_whose_time_came_while_nobody_worked(live_server, shop):
    call(live_server, shop, "orders", body(scheduled_pickup_time=in_seconds(1)))
    time.sleep(2.5)
    assert Order.objects.get().status == "created"
    with worker():
        wait_until(lambda: Order.objects.get().status == "delivered", 12, "delivered after the restart")


def test_a_held_order_waits_for_its_word(live_server, shop):
    with worker():
        number = call(live_server, shop, "orders", body(auto_pickup=False))["id"]
        time.sleep(3)
        assert Order.objects.get().status == "created"
        assert call(live_server, shop, f"orders/{number}/pickup", {})["status"] == "dispatched"
        wait_until(lambda: Order.objects.get().status == "delivered", 12, "delivered")


def test_a_cancel_on_the_way(live_server):
    shop = make_shop(settings={"scenario": "accept", "pace": 60})
    with worker():
        number = call(live_server, shop, "orders", body())["id"]
        wait_until(lambda: Order.objects.get().status == "accepted", 10, "accepted")
        answer = call(live_server, shop, f"orders/{number}/cancel", {})
        assert answer == {"success": True, "id": number, "status": "cancelled"}
        wait_until(lambda: Order.objects.get().status == "cancelled", 5, "cancelled by the carrier")
    assert [event.kind for event in Order.objects.get().events.all()] == [
        "created",
        "booked",
        "cancel_requested",
        "cancelled",
    ]
