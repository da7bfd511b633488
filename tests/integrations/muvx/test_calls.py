"""Muvx, sections 2 to 5 (cancel, status, pickup, destinations), and what is ours."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from destinations.models import Destination, Source
from integrations import keys
from integrations.models import ApiKey, IdempotencyKey
from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Status
from tests.factories import DestinationFactory, Shop, make_shop
from tests.integrations.muvx.api import Api, minimal, placed, put_at

NOT_FOUND = {"success": False, "error": "not_found", "message": "Order not found"}


# --- Idempotency-Key (ours) -----------------------------------------------------------------------------------------
def test_the_same_key_and_body_get_the_same_answer(api: Api) -> None:
    first = api.create(minimal(), **{"Idempotency-Key": "k1"})
    same_otherwise_written = json.dumps(dict(reversed(minimal().items())), indent=2).encode()
    again = api.create(same_otherwise_written, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert Order.objects.count() == 1


def test_the_same_key_with_another_body_conflicts(api: Api) -> None:
    api.create(minimal(), **{"Idempotency-Key": "k1"})
    response = api.create(minimal(notes="other"), **{"Idempotency-Key": "k1"})
    assert response.status_code == 409
    assert response.json()["error"] == "idempotency_conflict"


def test_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    bad = minimal(destination_id="a" * 32)
    assert api.create(bad, **{"Idempotency-Key": "k1"}).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert api.create(minimal(), **{"Idempotency-Key": "k1"}).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    assert api.create(minimal(), **{"Idempotency-Key": key}).json()["error"] == "validation_error"


def test_another_merchants_key_is_another_key(api: Api) -> None:
    api.create(minimal(), **{"Idempotency-Key": "k1"})
    assert Api(make_shop()).create(minimal(), **{"Idempotency-Key": "k1"}).status_code == 200
    assert Order.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_twins_with_one_key_make_one_order_and_get_one_answer() -> None:
    api = Api(make_shop())
    answers: list[Any] = []
    ready = threading.Barrier(10)

    def send() -> None:
        ready.wait()
        try:
            response = api.create(minimal(), **{"Idempotency-Key": "twins"})
            answers.append((response.status_code, response.json()))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 10
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 200
    assert Order.objects.count() == 1


# --- 2. Cancel Order ------------------------------------------------------------------------------------------------
def test_cancel(api: Api) -> None:
    order = placed(api.create(minimal(auto_pickup=True)))
    response = api.post(f"orders/MOV{order.pk}/cancel")
    assert (response.status_code, response.json()) == (
        200,
        {"success": True, "id": f"MOV{order.pk}", "status": "cancelled"},
    )
    order.refresh_from_db()
    assert order.status == Status.CANCELLED


def test_a_repeated_cancel_gets_the_same_answer(api: Api) -> None:
    order = placed(api.create())
    first = api.post(f"orders/MOV{order.pk}/cancel")
    again = api.post(f"orders/MOV{order.pk}/cancel")
    assert (again.status_code, again.json()) == (200, first.json())


def test_cancel_of_a_booked_order_answers_cancelled_and_shows_the_word_before(api: Api) -> None:
    order = put_at(placed(api.create(minimal(auto_pickup=True))), Status.ACCEPTED, with_carrier=True)
    assert api.post(f"orders/MOV{order.pk}/cancel").json()["status"] == "cancelled"
    order.refresh_from_db()
    assert order.status == Status.CANCELLING
    assert api.get(f"orders/MOV{order.pk}/status").json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("status", "word"), [(Status.DELIVERED, "delivered"), (Status.RETURNED, "returned"), (Status.LOST, "lost")]
)
def test_cancel_is_refused_at_the_end(api: Api, status: str, word: str) -> None:
    order = put_at(placed(api.create()), status)
    response = api.post(f"orders/MOV{order.pk}/cancel")
    assert (response.status_code, response.json()) == (
        400,
        {
            "success": False,
            "error": "invalid_action",
            "message": f"Cannot cancel an order that has already been {word}.",
        },
    )


# --- 3. Get Order Status --------------------------------------------------------------------------------------------
def test_status(api: Api) -> None:
    order = put_at(placed(api.create(minimal(auto_pickup=True))), Status.IN_TRANSIT)
    response = api.get(f"orders/MOV{order.pk}/status")
    assert response.json() == {
        "success": True,
        "id": f"MOV{order.pk}",
        "integration_order_id": "SHOP-1",
        "status": "in_transit",
        "last_updated": order.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    assert list(response.json()) == ["success", "id", "integration_order_id", "status", "last_updated"]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("created", "created"), ("dispatched", "dispatched"), ("accepted", "accepted"), ("picked_up", "picked_up"),
        ("in_transit", "in_transit"), ("delivered", "delivered"), ("cancelled", "cancelled"), ("failed", "failed"),
        ("returned", "failed"), ("lost", "failed"),
    ],
)  # fmt: skip
def test_every_status_has_its_word(api: Api, status: str, word: str) -> None:
    order = put_at(placed(api.create()), status)
    assert api.get(f"orders/MOV{order.pk}/status").json()["status"] == word


# --- 4. Trigger Pickup ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("held", [minimal(), minimal(auto_pickup=True, scheduled_pickup_time="2099-01-01T00:00:00Z")])
def test_pickup_dispatches_now(api: Api, held: Any) -> None:
    order = placed(api.create(held))
    response = api.post(f"orders/MOV{order.pk}/pickup")
    assert (response.status_code, response.json()) == (
        200,
        {"success": True, "id": f"MOV{order.pk}", "status": "dispatched"},
    )
    order.refresh_from_db()
    assert (order.status, order.release_at) == (Status.DISPATCHED, None)


def test_pickup_with_a_time_reschedules(api: Api) -> None:
    order = placed(api.create())
    response = api.post(f"orders/MOV{order.pk}/pickup", {"scheduled_pickup_time": "2099-01-01T00:00:00Z"})
    assert response.json() == {"success": True, "id": f"MOV{order.pk}", "status": "created"}
    order.refresh_from_db()
    assert order.release_at.isoformat() == "2099-01-01T00:00:00+00:00"
    bad = api.post(f"orders/MOV{order.pk}/pickup", {"scheduled_pickup_time": "tomorrow"})
    assert (bad.status_code, bad.json()["error"]) == (400, "validation_error")


@pytest.mark.parametrize("status", ["dispatched", "accepted", "picked_up", "in_transit", "delivered", "cancelled"])
def test_pickup_is_refused_once_the_order_has_gone_out(api: Api, status: str) -> None:
    order = put_at(placed(api.create()), status)
    for body in (None, {"scheduled_pickup_time": "2099-01-01T00:00:00Z"}):
        response = api.post(f"orders/MOV{order.pk}/pickup", body)
        assert (response.status_code, response.json()) == (
            400,
            {
                "success": False,
                "error": "invalid_status",
                "message": f"Pickup cannot be triggered. Current status: {status}",
            },
        )


@pytest.mark.parametrize("call", ["cancel", "pickup"])
@pytest.mark.parametrize("sent", [(b"", "text/plain"), (b"not json", "application/json"), (b"<a/>", "application/xml")])
def test_calls_without_a_documented_body_ignore_it(api: Api, call: str, sent: tuple[bytes, str]) -> None:
    order = placed(api.create())
    response = api.client.post(
        f"/muvx/v1/orders/MOV{order.pk}/{call}", sent[0], content_type=sent[1], headers=api.headers
    )
    assert response.status_code == 200


# --- Found through its merchant -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "call"), [("post", "cancel"), ("get", "status"), ("post", "pickup")])
class TestNotFound:
    def ask(self, api: Api, method: str, number: str, call: str) -> Any:
        response = getattr(api, method)(f"orders/{number}/{call}")
        assert (response.status_code, response.json()) == (404, NOT_FOUND)

    def test_unknown(self, api: Api, method: str, call: str) -> None:
        for number in ("MOV123", "123", "MOV0", "MOVx", "mov1000000", "MOV" + "9" * 18, "MOV" + "9" * 40, "%00"):
            self.ask(api, method, number, call)

    def test_a_strangers(self, api: Api, method: str, call: str) -> None:
        order = placed(api.create())
        self.ask(Api(make_shop()), method, f"MOV{order.pk}", call)
        order.refresh_from_db()
        assert order.status == Status.CREATED

    def test_a_live_key_sees_no_test_orders(self, shop: Shop, api: Api, method: str, call: str) -> None:
        order = placed(api.create())
        live, secret = keys.issue(shop.source, "muvx", is_test=False)
        self.ask(Api(Shop(shop.merchant, shop.source, shop.destination, shop.other, live, secret)), method,
                 f"MOV{order.pk}", call)  # fmt: skip

    def test_another_source_of_the_merchant_may(self, shop: Shop, api: Api, method: str, call: str) -> None:
        order = placed(api.create())
        source = Source.objects.create(merchant=shop.merchant, name="Second shop")
        key, secret = keys.issue(source, "muvx", is_test=True)
        other = Api(Shop(shop.merchant, source, shop.destination, shop.other, key, secret))
        assert getattr(other, method)(f"orders/MOV{order.pk}/{call}").status_code == 200


# --- 5. Destinations List -------------------------------------------------------------------------------------------
def test_destinations(shop: Shop, api: Api) -> None:
    Destination.objects.filter(pk=shop.other.pk).update(name="autobot test", environment="production")
    DestinationFactory(merchant=shop.merchant)  # not linked to the source
    assert api.get("destinations").json() == {
        "success": True,
        "destinations": [
            {
                "id": shop.destination.public_id,
                "name": shop.destination.name,
                "is_default": True,
                "environment": "sandbox",
                "provider": "simulator",
            },
            {
                "id": shop.other.public_id,
                "name": "autobot test",
                "is_default": False,
                "environment": "production",
                "provider": "simulator",
            },
        ],
    }


def test_only_active_destinations_are_listed(shop: Shop, api: Api) -> None:
    Destination.objects.filter(pk=shop.other.pk).update(is_active=False)
    assert [one["id"] for one in api.get("destinations").json()["destinations"]] == [shop.destination.public_id]


# --- Ours -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mount", ["/muvx", ""])
def test_the_key_may_come_in_either_header_and_the_dialect_at_either_place(shop: Shop, mount: str) -> None:
    api = Api(shop, mount)
    api.headers = {"X-API-Key": shop.secret}
    response = api.create()
    assert response.json()["status_url"] == f"http://127.0.0.1:8000{mount}/v1/orders/{response.json()['id']}/status"
    assert api.get(f"orders/{response.json()['id']}/status").status_code == 200


def test_an_order_costs_at_most_eight_statements(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything: a key that nobody has used lately, items, and an Idempotency-Key."""
    api.create()
    keys._cache.clear()
    ApiKey.objects.update(last_used_at=None)
    body = minimal(integration_order_id="2", auto_pickup=True, items=[{"name": "A"}] * 5)
    answered: list[int] = []
    with CaptureQueriesContext(connection) as asked:
        write_uses = keys.write_uses
        monkeypatch.setattr(keys, "write_uses", lambda: (answered.append(len(asked.captured_queries)), write_uses()))
        assert api.create(body, **{"Idempotency-Key": "key-2"}).status_code == 200
    statements = [
        query["sql"]
        for query in asked.captured_queries[: answered[0]]
        if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) <= 8, statements
    assert not any("last_used_at" in sql and sql.startswith("UPDATE") for sql in statements)
    assert ApiKey.objects.get().last_used_at is not None


def test_the_key_is_not_stored_and_its_use_is_noted(shop: Shop, api: Api) -> None:
    api.create()
    shop.key.refresh_from_db()
    assert shop.key.last_used_at is not None
    assert shop.secret not in str(shop.key.__dict__)
    assert shop.key.digest != shop.secret


def test_history_names_the_key(api: Api) -> None:
    order = placed(api.create())
    [event] = order.events.all()
    assert (event.kind, event.actor_kind, event.to_status) == ("created", "key", "created")
    assert event.actor.startswith("Muvx · ")
    actions.release_order(order, SYSTEM)
    assert [event.kind for event in order.events.all()] == ["created", "released"]
