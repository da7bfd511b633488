"""Muvx, section 1: Create Order."""

import json
import re
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from destinations.models import Destination, Environment, Source
from integrations import keys
from orders.models import Order, OrderEvent
from orders.statuses import Status
from tests.contract import DialectContract, strict
from tests.factories import DestinationFactory, Shop, make_shop
from tests.integrations.muvx.api import Api, minimal, placed

SAMPLE = (Path(__file__).parents[2] / "examples" / "muvx" / "create.json").read_bytes()


class TestContract(DialectContract):
    create_path = "/muvx/v1/orders"
    unknown_path = "/muvx/v1/nothing/here"
    sample = minimal()

    def headers(self, shop: Shop) -> dict[str, str]:
        return {"Authorization": f"Bearer {shop.secret}"}

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/json"
        body = strict(response.content)
        assert set(body) == {"success", "error", "message"}
        assert body["success"] is False
        assert re.fullmatch(r"[a-z_]+", body["error"])
        assert body["message"]
        return body


class TestDefaultDialect(TestContract):
    """Muvx also answers at the root."""

    create_path = "/v1/orders"
    unknown_path = "/v1/nothing"


# --- 1. Create Order ------------------------------------------------------------------------------------------------
def test_the_documents_sample_byte_for_byte(shop: Shop, api: Api) -> None:
    later = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    sent = SAMPLE.replace(b"ks7fzcatg65zdv4b1plihw0qz57q5qcs", shop.other.public_id.encode())
    sent = sent.replace(b"2025-07-16T15:00:00Z", later)
    response = api.create(sent)
    order = placed(response)
    assert strict(response.content) == {
        "success": True,
        "id": f"MOV{order.pk}",
        "status": "created",
        "tracking_url": f"http://127.0.0.1:8000/track/{order.tracking_token}",
        "status_url": f"http://127.0.0.1:8000/muvx/v1/orders/MOV{order.pk}/status",
    }
    assert list(response.json()) == ["success", "id", "status", "tracking_url", "status_url"]
    assert (order.external_id, order.dialect, order.is_test) == ("SHOP123456", "muvx", True)
    assert (order.pickup_name, order.pickup_address) == ("Store Name", "789 Elm St, Kuwait City")
    assert (order.pickup_lat, order.pickup_lng, order.pickup_phone) == (29.3375, 48.0286, "+96500000000")
    assert order.dropoff_address == "Salmiya, Block 3, Street Al Muqawil, Building 21A, Floor 1, Flat 2"
    assert order.dropoff_parts == {
        "area": "Salmiya", "block": "3", "street": "Al Muqawil", "building": "21A", "floor": "1", "flat": "2",
    }  # fmt: skip
    assert (order.dropoff_lat, order.dropoff_lng, order.dropoff_phone) == (29.3759, 47.9774, "+96511111111")
    [item] = order.items.all()
    assert (item.name, item.quantity, item.price, item.weight_kg) == ("Product A", 2, Decimal("1.25"), Decimal("0.53"))
    assert (order.notes, order.cod_amount, order.currency) == ("Leave at the door", Decimal("3.5"), "KWD")
    assert order.destination == shop.other
    assert order.status == Status.CREATED
    assert order.release_at is not None
    assert order.raw_payload == json.loads(sent)


def test_without_destination_id_the_sources_default_is_used(shop: Shop, api: Api) -> None:
    assert placed(api.create()).destination == shop.destination


@pytest.mark.parametrize("address", ["Block 3, Salmiya", {"area": "Salmiya", "block": 3, "floor": None}])
@pytest.mark.parametrize("stop", ["pickup", "dropoff"])
def test_either_address_may_be_a_text_or_an_object(api: Api, stop: str, address: Any) -> None:
    body = minimal()
    body[stop]["address"] = address
    order = placed(api.create(body))
    assert getattr(order, f"{stop}_address") in ("Block 3, Salmiya", "Salmiya, Block 3")


def test_auto_pickup_false_is_stored_and_not_dispatched(api: Api) -> None:
    order = placed(api.create(minimal(auto_pickup=False, scheduled_pickup_time="2020-01-01T00:00:00Z")))
    assert order.status == Status.CREATED
    assert order.is_held


@pytest.mark.parametrize("body", [minimal(), minimal(auto_pickup=None)])
def test_auto_pickup_defaults_to_false(api: Api, body: Any) -> None:
    assert placed(api.create(body)).is_held


def test_auto_pickup_true_is_dispatched_at_once(api: Api) -> None:
    response = api.create(minimal(auto_pickup=True))
    assert response.json()["status"] == "created"
    assert placed(response).status == Status.DISPATCHED


def test_a_scheduled_order_is_held_until_its_time(api: Api) -> None:
    order = placed(api.create(minimal(auto_pickup=True, scheduled_pickup_time="2099-07-16T15:00:00Z")))
    assert order.status == Status.CREATED
    assert order.release_at.isoformat() == "2099-07-16T15:00:00+00:00"


def test_a_scheduled_time_in_the_past_is_due_now(api: Api) -> None:
    order = placed(api.create(minimal(auto_pickup=True, scheduled_pickup_time="2025-07-16T15:00:00Z")))
    assert order.status == Status.DISPATCHED


@pytest.mark.parametrize(
    "time",
    ["2099-07-16T15:00:00", "2099-07-16T15:00:00+03:00", "2099-07-16", "soon", 1752678000, "2099-13-40T15:00:00Z"],
)
def test_a_scheduled_time_must_be_iso_8601_in_utc(api: Api, time: Any) -> None:
    response = api.create(minimal(auto_pickup=True, scheduled_pickup_time=time))
    assert response.status_code == 400
    assert response.json() == {
        "success": False,
        "error": "validation_error",
        "message": "Invalid field: scheduled_pickup_time: Must be a time in UTC like 2025-07-16T15:00:00Z.",
    }


def test_the_sources_hold_keeps_everything_back(db: None) -> None:
    shop = make_shop(hold=True)
    assert placed(Api(shop).create(minimal(auto_pickup=True))).is_held


REQUIRED = (
    "integration_order_id", "pickup.name", "pickup.address", "pickup.phone",
    "dropoff.name", "dropoff.address", "dropoff.phone",
)  # fmt: skip


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", ["absent", None, "", "  "])
def test_required_fields(api: Api, field: str, value: Any) -> None:
    body = minimal()
    *parents, name = field.split(".")
    inner = body[parents[0]] if parents else body
    if value == "absent":
        del inner[name]
    else:
        inner[name] = value
    response = api.create(body)
    assert response.status_code == 400
    assert response.json() == {
        "success": False,
        "error": "validation_error",
        "message": f"Missing required field: {field}",
    }
    assert not Order.objects.exists()


@pytest.mark.parametrize("value", ["absent", None])
def test_a_missing_stop_misses_its_fields(api: Api, value: Any) -> None:
    body = minimal(dropoff=None)
    if value == "absent":
        del body["dropoff"]
    assert api.create(body).json()["message"] == "Missing required field: dropoff.name"


def test_the_tables_spelling_of_the_id_is_accepted(api: Api) -> None:
    body = minimal()
    body["integrationOrderId"] = body.pop("integration_order_id")
    assert placed(api.create(body)).external_id == "SHOP-1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pickup": "Store"}, "pickup"),
        ({"dropoff": {"name": "A", "address": ["x"], "phone": "1"}}, "dropoff.address"),
        ({"dropoff": {"name": "A", "address": {"area": {"a": 1}}, "phone": "1"}}, "dropoff.address"),
        ({"dropoff": {"name": "A", "address": "x" * 1001, "phone": "1"}}, "dropoff.address"),
        ({"dropoff": {"name": "A", "address": "x", "phone": "1", "lat": 91, "lng": 0}}, "dropoff.lat"),
        ({"dropoff": {"name": "A", "address": "x", "phone": "1", "lat": "north", "lng": 0}}, "dropoff.lat"),
        ({"dropoff": {"name": "A", "address": "x", "phone": "1", "lat": 1}}, "dropoff.lng"),
        *(
            ({"dropoff": {"name": "A", "address": "x", "phone": "1", "lat": lat, "lng": lat}}, "dropoff.lat")
            for lat in ("nan", "-inf", "1e999", 10**400)
        ),
        ({"items": "many"}, "items"),
        ({"items": [{"name": "A"}, {"quantity": 1, "name": "B", "price": "much"}]}, "items.1.price"),
        ({"items": [{"name": "A", "quantity": 0}]}, "items.0.quantity"),
        ({"items": [{"name": "A", "quantity": 10**30}]}, "items.0.quantity"),
        ({"items": [{"name": "A", "price": 1.2345}]}, "items.0.price"),
        ({"cod_amount": -1}, "cod_amount"),
        ({"cod_amount": 1.2345}, "cod_amount"),
        ({"cod_amount": 10**30}, "cod_amount"),
        ({"cod_amount": "1e999999"}, "cod_amount"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": {"a": 1}}, "notes"),
        ({"auto_pickup": "perhaps"}, "auto_pickup"),
        ({"integration_order_id": "x" * 256}, "integration_order_id"),
        ({"destination_id": "x" * 65}, "destination_id"),
    ],
)
def test_a_wrong_value_names_its_field(api: Api, change: dict[str, Any], field: str) -> None:
    response = api.create(minimal(**change))
    assert response.status_code == 400, response.content
    assert response.json()["error"] == "validation_error"
    assert response.json()["message"].startswith(f"Invalid field: {field}: ")
    assert not Order.objects.exists()


def test_cod_has_the_decimals_of_its_currency(db: None) -> None:
    api = Api(make_shop(currency="NGN", country="NG", timezone="Africa/Lagos"))
    assert api.create(minimal(cod_amount=2500.55)).status_code == 200
    response = api.create(minimal(integration_order_id="2", cod_amount=2500.555))
    assert response.json()["message"] == "Invalid field: cod_amount: NGN has at most 2 decimals."


def test_optional_fields_may_be_null(api: Api) -> None:
    nothing = {"items": None, "notes": None, "cod_amount": None, "destination_id": None, "scheduled_pickup_time": None}
    order = placed(api.create(minimal(**nothing)))
    assert (order.notes, order.cod_amount, order.items.count()) == ("", None, 0)


def test_a_weight_is_kept_to_the_gram(api: Api) -> None:
    order = placed(api.create(minimal(items=[{"name": "A", "weight": 0.30000000000000004}])))
    assert order.items.get().weight_kg == Decimal("0.3")


def test_unknown_fields_are_ignored_and_kept(api: Api) -> None:
    order = placed(api.create(minimal(gift_wrap={"colour": "red"}, price=1.10)))
    assert order.raw_payload["gift_wrap"] == {"colour": "red"}
    assert order.raw_payload["price"] == 1.1


def test_errors_are_english_whatever_is_accepted(api: Api) -> None:
    response = api.create(minimal(cod_amount="much"), **{"Accept-Language": "ar"})
    assert response.json()["message"] == "Invalid field: cod_amount: A valid number is required."


def test_a_repeated_id_is_a_conflict(api: Api) -> None:
    assert api.create().status_code == 200
    response = api.create(minimal(notes="another"))
    assert response.status_code == 409
    assert response.json() == {
        "success": False,
        "error": "duplicate_order",
        "message": "An order with this integration_order_id already exists.",
    }
    assert Order.objects.count() == 1


def test_another_sources_id_is_no_conflict(shop: Shop, api: Api) -> None:
    assert api.create().status_code == 200
    assert Api(make_shop()).create().status_code == 200


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one_order() -> None:
    api = Api(make_shop())
    statuses: list[int] = []
    ready = threading.Barrier(50)

    def send() -> None:
        ready.wait()
        try:
            statuses.append(api.create(minimal(auto_pickup=True)).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 49
    assert Order.objects.count() == 1
    assert OrderEvent.objects.count() == 1


# --- Which destination ----------------------------------------------------------------------------------------------
def refused_destination(api: Api, public_id: str) -> str:
    response = api.create(minimal(destination_id=public_id))
    assert response.status_code == 400
    assert response.json()["error"] == "validation_error"
    assert not Order.objects.exists()
    return response.json()["message"]


def test_an_unknown_destination_and_another_merchants_are_alike(api: Api) -> None:
    foreign = make_shop().destination.public_id
    unknown = "a" * 32
    assert refused_destination(api, foreign).replace(foreign, unknown) == refused_destination(api, unknown)
    assert refused_destination(api, unknown).startswith("Invalid field: destination_id: There is no destination")


def test_an_inactive_destination_is_refused(shop: Shop, api: Api) -> None:
    Destination.objects.filter(pk=shop.other.pk).update(is_active=False)
    assert refused_destination(api, shop.other.public_id).endswith("is not active.")


def test_a_destination_that_is_not_the_sources_is_refused(shop: Shop, api: Api) -> None:
    refused_destination(api, DestinationFactory(merchant=shop.merchant).public_id)


def test_a_test_key_never_reaches_production(shop: Shop, api: Api) -> None:
    Destination.objects.filter(pk=shop.other.pk).update(environment=Environment.PRODUCTION)
    assert "is a production destination" in refused_destination(api, shop.other.public_id)
    Destination.objects.filter(pk=shop.destination.pk).update(environment=Environment.PRODUCTION)
    response = api.create()
    assert response.status_code == 400
    assert "is a production destination" in response.json()["message"]


def test_a_live_key_reaches_production(db: None) -> None:
    shop = make_shop(is_test=False)
    Destination.objects.filter(pk=shop.destination.pk).update(environment=Environment.PRODUCTION)
    assert not placed(Api(shop).create()).is_test


def test_a_source_without_destinations_says_so(shop: Shop) -> None:
    lonely = Source.objects.create(merchant=shop.merchant, name="Lonely")
    key, secret = keys.issue(lonely, "muvx", is_test=True)
    response = Api(Shop(shop.merchant, lonely, shop.destination, shop.other, key, secret)).create()
    assert response.status_code == 400
    assert "no default destination" in response.json()["message"]
