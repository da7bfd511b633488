"""iDeliver's document: creating an order."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from destinations.models import Rider, Source
from integrations import keys
from integrations.ideliver import words
from integrations.models import ApiKey
from orders.models import Order, OrderEvent
from orders.statuses import Status
from tests.contract import DialectContract, strict
from tests.factories import Shop, make_shop
from tests.integrations.ideliver.api import SAMPLE, Api, example, make_zone, minimal, placed, refused, without

STANDARDIZED = "standardized."


class TestContract(DialectContract):
    create_path = "/ideliver/v1/orders"
    unknown_path = "/ideliver/v1/nothing/here"
    sample = minimal()

    @pytest.fixture
    def shop(self, db: None) -> Shop:
        return make_shop(dialect="ideliver")

    def headers(self, shop: Shop) -> dict[str, str]:
        return {"Authorization": f"Bearer {shop.secret}"}

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/json"
        body = strict(response.content)
        assert list(body) in (["error", "message"], ["error", "message", "details"])
        assert isinstance(body["error"], str)
        assert body["message"]
        return body

    def test_documented_codes(self, client: Any, shop: Shop) -> None:
        unauthorized = {"error": "unauthorized", "message": "Missing or invalid API key."}
        assert self.post(client, self.create_path, self.sample).json() == unauthorized
        assert client.get(self.unknown_path).json()["error"] == "not_found"


# --- The sample -----------------------------------------------------------------------------------------------------
def test_the_documents_sample(api: Api, shop: Shop) -> None:
    response = api.create(SAMPLE)
    order = placed(response)
    expected = example("created")
    created = order.created_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{order.created_at.microsecond // 1000:03d}Z"
    expected["order"] |= {
        "id": str(order.uuid),
        "merchant_id": str(shop.merchant.pk),
        "tracking_token": order.tracking_token,
        "created_at": created,
        "updated_at": created,
    }
    assert strict(response.content) == expected
    standardized = response.json()["order"]["unified_json"]["standardized"]
    assert list(standardized) == list(expected["order"]["unified_json"]["standardized"])
    assert b'"length_cm":30,' in response.content
    assert api.read(order.uuid) == expected["order"]

    assert (order.channel, order.external_id, order.status) == ("api", "store-order-8842", Status.DISPATCHED)
    assert (order.pickup_name, order.pickup_phone) == ("Shop", "")
    assert (order.dropoff_name, order.dropoff_phone) == ("Amara Obi", "+2348011122233")
    assert (order.dropoff_lat, order.dropoff_lng) == (6.4474, 3.4296)
    assert (order.cod_amount, order.currency) == (Decimal("2500"), "NGN")
    assert (order.weight_kg, order.length_cm, order.width_cm, order.height_cm) == (Decimal("3.5"), 30, 20, 15)
    assert order.pickup_at == datetime(2099, 5, 1, 14, tzinfo=UTC)
    assert (order.window_start.hour, order.window_end.hour) == (15, 18)
    assert (order.notes, order.release_at) == ("Gate code 1234", None)


def test_the_pickup_is_the_sources(api: Api, shop: Shop) -> None:
    Source.objects.filter(pk=shop.source.pk).update(pickup_name="Depot", pickup_phone="+2348000000000")
    keys._cache.clear()
    order = placed(api.create())
    assert (order.pickup_name, order.pickup_phone) == ("Depot", "+2348000000000")


def test_the_least_that_is_needed(api: Api) -> None:
    answer = api.create(minimal()).json()["order"]
    assert answer["unified_json"]["standardized"] == minimal()["standardized"]
    assert answer["unified_json"]["raw_payload"] == {}


def test_unknown_fields_are_kept_and_shown(api: Api) -> None:
    body = minimal(gift={"wrap": 1.5}, notes=None) | {"raw_payload": {"id": 7, "tags": ["a"]}, "extra": True}
    order = placed(api.create(body))
    answer = api.read(order.uuid)["unified_json"]
    assert answer["standardized"] == body["standardized"]
    assert answer["raw_payload"] == body["raw_payload"]
    assert order.raw_payload["extra"] is True


def test_a_tracking_page_when_it_is_configured(api: Api, settings: Any) -> None:
    settings.TRACKING_PUBLIC_BASE_URL = "https://go.example"
    order = placed(api.create())
    assert api.read(order.uuid)["customer_tracking_url"] == f"https://go.example/track/{order.tracking_token}"


# --- What is required -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["absent", None, ""])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("scheduled_pickup_at", "missing_pickup_time"),
        ("delivery_window_start", "missing_delivery_window"),
        ("delivery_window_end", "missing_delivery_window"),
    ],
)
def test_missing_times_have_codes_of_their_own(api: Api, name: str, code: str, value: Any) -> None:
    body = without(name) if value == "absent" else minimal(**{name: value})
    assert refused(api.create(body)) == (code, STANDARDIZED + name)
    assert not Order.objects.exists()


def test_without_anything_the_pickup_time_is_missed_first(api: Api) -> None:
    for nothing in ({}, None):
        assert refused(api.create(minimal() | {"standardized": nothing}))[0] == "missing_pickup_time"
    body = minimal()
    del body["standardized"]
    assert refused(api.create(body)) == ("missing_pickup_time", "standardized.scheduled_pickup_at")


@pytest.mark.parametrize("name", ["pickup_address", "dropoff_address", "customer_phone"])
@pytest.mark.parametrize("value", ["absent", None, "", "  ", {}, []])
def test_required_texts(api: Api, name: str, value: Any) -> None:
    body = without(name) if value == "absent" else minimal(**{name: value})
    assert refused(api.create(body)) == ("validation_error", STANDARDIZED + name)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema_version": None}, "schema_version"),
        ({"schema_version": "2"}, "schema_version"),
        ({"schema_version": 1}, "schema_version"),
        ({"source": ""}, "source"),
        ({"source": "x" * 129}, "source"),
        ({"external_order_id": None}, "external_order_id"),
        ({"external_order_id": "x" * 256}, "external_order_id"),
        ({"raw_payload": "text"}, "raw_payload"),
        ({"raw_payload": []}, "raw_payload"),
        ({"standardized": []}, "standardized"),
        ({"standardized": "text"}, "standardized"),
    ],
)
def test_core_fields(api: Api, changes: dict[str, Any], field: str) -> None:
    assert refused(api.create(minimal() | changes)) == ("validation_error", field)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pickup_lat": 6.4}, "pickup_lng"),
        ({"dropoff_lng": 3.4}, "dropoff_lat"),
        ({"pickup_lat": 91, "pickup_lng": 3}, "pickup_lat"),
        ({"pickup_lat": 6, "pickup_lng": -180.1}, "pickup_lng"),
        ({"pickup_lat": "nan", "pickup_lng": 3}, "pickup_lat"),
        ({"pickup_lat": True, "pickup_lng": 3}, "pickup_lat"),
        ({"weight_kg": 0}, "weight_kg"),
        ({"weight_kg": -1}, "weight_kg"),
        ({"weight_kg": 500.001}, "weight_kg"),
        ({"weight_kg": "3"}, "weight_kg"),
        ({"length_cm": 500.5}, "length_cm"),
        ({"width_cm": 0}, "width_cm"),
        ({"height_cm": 501}, "height_cm"),
        ({"is_fragile": "yes"}, "is_fragile"),
        ({"is_fragile": 1}, "is_fragile"),
        ({"vehicle_type_hint": "drone"}, "vehicle_type_hint"),
        ({"vehicle_type_hint": ["car"]}, "vehicle_type_hint"),
        ({"cod_amount_minor": -1}, "cod_amount_minor"),
        ({"cod_amount_minor": 0.5}, "cod_amount_minor"),
        ({"cod_amount_minor": 10**30}, "cod_amount_minor"),
        ({"cod_amount_minor": "250000"}, "cod_amount_minor"),
        ({"cod_currency": "naira"}, "cod_currency"),
        ({"cod_currency": "NGNX"}, "cod_currency"),
        ({"cod_currency": "ngn"}, "cod_currency"),
        ({"notes": {"a": 1}}, "notes"),
        ({"items": "one"}, "items"),
        ({"items": ["one"]}, "items.0"),
        ({"items": [{"name": "A"}, {"quantity": 0}]}, "items.1.quantity"),
        ({"items": [{"price_minor": -1}]}, "items.0.price_minor"),
        ({"rider_id": "7"}, "rider_id"),
        ({"rider_id": "00000000-0000-4000-8000-000000000000"}, "rider_id"),
        ({"scheduled_pickup_at": "2099-05-01T14:00:00"}, "scheduled_pickup_at"),  # whose clock?
        ({"scheduled_pickup_at": "2099-05-01"}, "scheduled_pickup_at"),
        ({"scheduled_pickup_at": 4081320000}, "scheduled_pickup_at"),
        ({"scheduled_pickup_at": "2099-02-30T14:00:00Z"}, "scheduled_pickup_at"),
        ({"delivery_window_end": "9999-12-31T23:59:59-12:00"}, "delivery_window_end"),
        ({"scheduled_pickup_at": "2020-05-01T14:00:00Z"}, "scheduled_pickup_at"),
        ({"delivery_window_start": "2099-05-01T18:00:00.000Z"}, "delivery_window_start"),
        ({"delivery_window_start": "2099-05-01T19:00:00Z"}, "delivery_window_start"),
        ({"scheduled_pickup_at": "2099-05-01T18:00:00.000Z"}, "scheduled_pickup_at"),
    ],
    ids=str,
)
def test_a_wrong_value_names_its_field(api: Api, changes: dict[str, Any], field: str) -> None:
    assert refused(api.create(minimal(**changes))) == ("validation_error", STANDARDIZED + field)
    assert not Order.objects.exists()


def test_the_most_and_least_that_is_allowed(api: Api) -> None:
    most = {
        "weight_kg": 500,
        "length_cm": 500,
        "width_cm": 0.1,
        "height_cm": 500.0,
        "pickup_lat": -90,
        "pickup_lng": 180,
    }
    placed(api.create(minimal(**most)))


def test_the_pickup_must_be_in_the_future_and_may_be_within_the_window(api: Api) -> None:
    moment = datetime(2099, 5, 1, 14, tzinfo=UTC)
    with mock.patch("django.utils.timezone.now", return_value=moment):
        assert refused(api.create(minimal())) == ("validation_error", "standardized.scheduled_pickup_at")
        placed(api.create(minimal(scheduled_pickup_at="2099-05-01T17:59:00Z")))


@pytest.mark.parametrize("text", ["2099-05-01T15:00:00+01:00", "2099-05-01T14:00Z", "2099-05-01T19:30:00.000+0530"])
def test_times_with_an_offset_are_shown_in_utc(api: Api, text: str) -> None:
    order = placed(api.create(minimal(scheduled_pickup_at=text)))
    assert api.read(order.uuid)["unified_json"]["standardized"]["scheduled_pickup_at"] == "2099-05-01T14:00:00.000Z"


# --- Money and goods ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (250000, "NGN", "2500"),
        (1234, "KWD", "1.234"),
        (25_000_000, "IQD", "25000"),
        (500, "JPY", "500"),
        (0, "USD", "0"),
    ],
)
def test_minor_units(api: Api, minor: int, currency: str, amount: str) -> None:
    order = placed(api.create(minimal(cod_amount_minor=minor, cod_currency=currency)))
    assert (order.cod_amount, order.currency) == (Decimal(amount), currency)
    shown = api.read(order.uuid)["unified_json"]["standardized"]
    assert (shown["cod_amount_minor"], shown["cod_currency"]) == (minor, currency)


def test_without_a_currency_it_is_the_merchants(api: Api) -> None:
    order = placed(api.create(minimal(cod_amount_minor=199)))
    assert (order.cod_amount, order.currency) == (Decimal("1.99"), "NGN")


def test_items_are_kept_as_they_are_and_understood_as_far_as_they_can_be(api: Api) -> None:
    items = [{"name": "Cake", "quantity": 2, "price_minor": 1050, "sku": "C"}, {"sku": "no name"}, {"name": "Card"}]
    order = placed(api.create(minimal(items=items)))
    assert [(item.name, item.quantity, item.price) for item in order.items.all()] == [
        ("Cake", 2, Decimal("10.5")),
        ("Card", 1, None),
    ]
    assert api.read(order.uuid)["unified_json"]["standardized"]["items"] == items


# --- Vehicles -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("measures", "vehicle"),
    [
        ({}, None),
        ({"is_fragile": True}, None),
        ({"weight_kg": 20}, "motorcycle"),
        ({"weight_kg": 20.1}, "car"),
        ({"weight_kg": 20, "is_fragile": True}, "car"),
        ({"height_cm": 60}, "motorcycle"),
        ({"height_cm": 60.5}, "car"),
        ({"weight_kg": 1, "length_cm": 151}, "van"),
        ({"weight_kg": 100, "length_cm": 150, "is_fragile": True}, "van"),
        ({"weight_kg": 300.5}, "truck"),
        ({"weight_kg": 500, "is_fragile": True}, "truck"),
        ({"weight_kg": 1, "vehicle_type_hint": "truck"}, "truck"),
        ({"weight_kg": 400, "vehicle_type_hint": "motorcycle", "is_fragile": True}, "motorcycle"),
        ({"weight_kg": 1, "vehicle_type_hint": None}, "motorcycle"),
    ],
    ids=str,
)
def test_a_vehicle_is_suggested(api: Api, measures: dict[str, Any], vehicle: str | None) -> None:
    order = placed(api.create(minimal(**measures)))
    assert api.read(order.uuid)["unified_json"]["standardized"].get("vehicle_type_hint") == vehicle


def test_the_vehicle_table_grows_up_to_what_is_allowed() -> None:
    limits = [(weight, side) for _, weight, side in words.VEHICLES]
    assert limits == sorted(limits)
    assert limits[-1] == (words.MAX_WEIGHT_KG, words.MAX_SIDE_CM)


# --- Riders and zones -----------------------------------------------------------------------------------------------
def test_a_rider_from_the_start(api: Api, shop: Shop) -> None:
    rider = Rider.objects.create(merchant=shop.merchant, name="Tunde Bello", phone="+2348099999999")
    answer = api.create(minimal(rider_id=str(rider.uuid))).json()["order"]
    assert answer["rider"] == {
        "id": str(rider.uuid),
        "name": "Tunde Bello",
        "phone": "+2348099999999",
        "vehicle_type": "motorcycle",
    }
    assert answer["unified_json"]["standardized"]["rider_id"] == str(rider.uuid)


def test_a_strangers_or_inactive_rider_is_unknown(api: Api, shop: Shop) -> None:
    for owner, active in ((make_shop().merchant, True), (shop.merchant, False)):
        rider = Rider.objects.create(merchant=owner, name="Tunde Bello", is_active=active)
        assert refused(api.create(minimal(rider_id=str(rider.uuid)))) == ("validation_error", "standardized.rider_id")


def test_a_stop_outside_the_zones_is_refused(api: Api, shop: Shop) -> None:
    make_zone(shop)
    inside, outside = {"lat": 6.5, "lng": 3.35}, {"lat": 9.0, "lng": 7.4}
    for end in ("pickup", "dropoff"):
        response = api.create(minimal(**{f"{end}_{name}": value for name, value in outside.items()}))
        assert response.status_code == 400
        body = response.json()
        assert body["error"] == "OUT_OF_COVERAGE_AREA"
        assert body["details"] == {"point": end, **outside}
        assert body | {"point": end, **outside} == body
    placed(api.create(minimal(**{f"pickup_{name}": value for name, value in inside.items()})))
    placed(api.create(minimal("without coordinates")))


# --- Once -----------------------------------------------------------------------------------------------------------
def test_the_same_pair_and_payload_is_the_same_order(api: Api) -> None:
    body = minimal(weight_kg=3.50, note=1e2) | {"raw_payload": {"a": 1, "b": True, "big": 2**60 + 1}}
    first = api.create(body)
    turned = dict(reversed(body.items()))
    for again in (api.create(body), api.create(turned)):
        assert placed(again, 200) == placed(first)
        assert again.json() == first.json() | {"idempotent": True}
    assert first.json()["idempotent"] is False
    assert Order.objects.count() == OrderEvent.objects.count() == 1


@pytest.mark.parametrize("raw", [{"a": 1, "b": 1, "big": 2**60}, {"a": 1, "b": True, "big": 2**60 + 2}, {}])
def test_the_same_pair_with_another_payload_is_a_conflict(api: Api, raw: dict[str, Any]) -> None:
    placed(api.create(minimal() | {"raw_payload": {"a": 1, "b": True, "big": 2**60}}))
    assert refused(api.create(minimal() | {"raw_payload": raw}), 409) == ("duplicate_order", "external_order_id")
    assert Order.objects.count() == 1


def test_the_same_number_of_another_source_or_world_is_another_order(api: Api, shop: Shop) -> None:
    _, live = keys.issue(shop.source, "ideliver", is_test=False)
    stranger = make_shop(dialect="ideliver")
    made = {placed(api.create()), placed(api.create(minimal(source="shopify")))}
    made |= {placed(Api(shop, live).create()), placed(Api(stranger).create())}
    assert len(made) == 4


def test_an_order_is_answered_again_when_its_time_has_come_and_its_zone_has_gone(api: Api, shop: Shop) -> None:
    here = {"pickup_lat": 6.5, "pickup_lng": 3.35}
    order = placed(api.create(minimal(**here)))
    make_zone(shop, west=50)
    with mock.patch("django.utils.timezone.now", return_value=datetime(2100, 1, 1, tzinfo=UTC)):
        assert placed(api.create(minimal(**here)), 200) == order
        assert refused(api.create(minimal()), 409)[0] == "duplicate_order"
        assert refused(api.create(minimal("other", **here)))[0] == "validation_error"


def test_the_header_comes_before_the_natural_key(api: Api) -> None:
    first = api.create(minimal(), **{"Idempotency-Key": "k"})
    again = api.create(minimal(), **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (201, first.json() | {"idempotent": True})
    assert first.json()["idempotent"] is False
    for other in (minimal(notes="x"), minimal("A-2")):
        assert refused(api.create(other, **{"Idempotency-Key": "k"}), 409) == ("idempotency_conflict", None)
    assert placed(api.create(minimal(), **{"Idempotency-Key": "k2"}), 200) == placed(first)
    assert refused(api.create(minimal(notes="x"), **{"Idempotency-Key": "k3"}), 409)[0] == "duplicate_order"
    placed(api.create(minimal("A-3"), **{"Idempotency-Key": "k3"}))


def test_a_bad_idempotency_key(api: Api) -> None:
    assert refused(api.create(minimal(), **{"Idempotency-Key": "k" * 256})) == ("validation_error", "Idempotency-Key")
    placed(api.create(minimal(), **{"Idempotency-Key": "k" * 255}))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("header", [{}, {"Idempotency-Key": "k"}])
def test_fifty_at_once_make_one_order(header: dict[str, str]) -> None:
    api = Api(make_shop(dialect="ideliver"))
    answers: list[Any] = []
    ready = threading.Barrier(50)

    def send() -> None:
        ready.wait()
        try:
            answers.append(api.create(minimal(), **header))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {201: 50} if header else {201: 1, 200: 49}
    assert Counter(answer.status_code for answer in answers) == expected
    assert Counter(answer.json()["idempotent"] for answer in answers) == {True: 49, False: 1}
    assert len({answer.json()["order"]["id"] for answer in answers}) == 1
    assert Order.objects.count() == OrderEvent.objects.count() == 1


# --- What it costs --------------------------------------------------------------------------------------------------
def test_a_create_costs_no_more_than_eight_statements(api: Api, shop: Shop, django_assert_max_num_queries: Any) -> None:
    rider = Rider.objects.create(merchant=shop.merchant, name="Tunde Bello")
    make_zone(shop)
    ApiKey.objects.update(last_used_at=timezone.now() + timedelta(minutes=1))
    placed(api.create(SAMPLE))
    everything = minimal(items=[{"name": "Cake"}], rider_id=str(rider.uuid), pickup_lat=6.5, pickup_lng=3.35)
    with django_assert_max_num_queries(8):  # two of them are the savepoint's
        response = api.create(everything)
    placed(response)


def test_no_default_destination_is_explained(shop: Shop) -> None:
    lonely = Source.objects.create(merchant=shop.merchant, name="Lonely")
    _, secret = keys.issue(lonely, "ideliver", is_test=True)
    response = Api(shop, secret).create()
    assert refused(response) == ("validation_error", None)
    assert "no default destination" in response.json()["message"]
