"""Magic Lane's document: Create Order."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from destinations.models import CoverageZone, Customer, Merchant
from integrations import keys
from integrations.models import IdempotencyKey
from orders.models import Order, OrderEvent
from orders.statuses import Status
from tests.contract import DialectContract
from tests.factories import Shop, make_shop
from tests.integrations.magiclane.api import (
    CUSTOMERS,
    Api,
    example,
    made,
    make_customers,
    make_depot,
    message,
    minimal,
    placed,
    statements,
)

DOCUMENTED = datetime(2025, 7, 2, 8, 38, 51, 350_000, tzinfo=UTC)


class TestContract(DialectContract):
    create_path = "/magiclane/v1/orders"
    unknown_path = "/magiclane/v1/nothing/here"
    sample = example("create")

    @pytest.fixture
    def shop(self, db: None) -> Shop:
        shop = make_shop(dialect="magiclane")
        make_customers(shop.merchant)
        return shop

    def headers(self, shop: Shop) -> dict[str, str]:
        return {"Authorization": shop.secret}

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        message(response, status)
        return response.json()


# --- The sample -----------------------------------------------------------------------------------------------------
def test_the_documents_sample(api: Api) -> None:
    with mock.patch("django.utils.timezone.now", return_value=DOCUMENTED):
        response = api.create(*example("create"))
    expected = example("created")
    numbers = [order["id"] for order in response.json()["orders"]]
    for order, number in zip(expected["orders"], numbers, strict=True):
        order["id"] = number
    assert response.json() == expected
    assert numbers[1] == numbers[0] + 1
    # The order of the names too; a GET answers the same.
    first = response.json()["orders"][0]
    assert list(first) == list(expected["orders"][0])
    assert list(first["customerInfo"]) == list(expected["orders"][0]["customerInfo"])
    for order in expected["orders"]:
        assert api.get(f"orders/{order['id']}").json() == order
        assert b'"revenue":1' in api.get(f"orders/{order['id']}").content
    assert b".0," not in response.content  # 12 is not 12.0


def test_what_is_stored(api: Api, shop: Shop) -> None:
    depot = make_depot(shop.merchant, "North", address={"city": "Paris", "country": "France"})
    address = {"streetName": "Rue de Rivoli", "streetNumber": "1", "city": "Paris", "extra": "Door 3"}
    order = placed(
        api.create(
            minimal(
                alias="A-1", firstName="Amal", lastName="Haddad", phoneNumber="+1202555018", address=address, type=1,
                numberOfPackages=3, weight=5.1, customData="Ring twice", depotId=depot.pk, unheardOf=[1],
            )
        )
    )  # fmt: skip
    assert (order.external_id, order.unique_scope, order.notes) == ("A-1", None, "Ring twice")
    assert (order.dropoff_name, order.dropoff_phone) == ("Amal Haddad", "+1202555018")
    assert order.dropoff_address == "1 Rue de Rivoli, Paris, Door 3"
    assert (order.dropoff_lat, order.dropoff_lng) == (48.870852, 2.356148)
    assert (order.pickup_name, order.pickup_address, order.pickup_lat) == ("North", "Paris, France", 48.9)
    assert (order.weight_kg, order.pieces, order.cod_amount) == (Decimal("5.1"), 3, None)
    assert (order.customer_id, order.depot, order.source) == (CUSTOMERS[0], depot, shop.source)
    assert (order.status, order.is_test, order.dialect) == (Status.DISPATCHED, True, "magiclane")
    assert order.raw_payload["unheardOf"] == [1]


def test_type_0_is_collected_and_goes_to_the_depot_or_the_sources_point(api: Api, shop: Shop) -> None:
    source = shop.source
    source.pickup_name, source.pickup_phone, source.pickup_address = "Hub", "+96522222222", "Shuwaikh"
    source.pickup_lat, source.pickup_lng = 29.3, 47.9
    source.save()
    order = placed(api.create(minimal(type=0, firstName="Amal")))
    assert (order.pickup_name, order.pickup_lat) == ("Amal", 48.870852)
    assert (order.dropoff_name, order.dropoff_phone, order.dropoff_address) == ("Hub", "+96522222222", "Shuwaikh")
    assert (order.dropoff_lat, order.dropoff_lng) == (29.3, 47.9)
    depot = make_depot(shop.merchant)
    order = placed(api.create(minimal(type=0, depotId=depot.pk)))
    assert (order.dropoff_name, order.dropoff_address, order.dropoff_phone) == ("Depot", "48.9, 2.4", "+96522222222")


def test_defaults(api: Api) -> None:
    shown = made(api.create(minimal()))
    expected = {
        "location": [48.870852, 2.356148], "alias": "", "firstName": "", "lastName": "",
        "address": {"country": "", "state": "", "county": "", "city": "", "postalCode": "", "streetName": "",
                    "streetNumber": ""},
        "phoneNumber": "", "customData": "", "type": 0, "status": 0, "state": 0, "priority": 0, "numberOfPackages": 0,
        "weight": 0, "cube": 0, "revenue": 0, "timeWindow": [0, 1439], "serviceTime": 0, "depotId": 0,
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert made(api.create(minimal(**dict.fromkeys(expected.keys() - {"location"})))) == shown | {
        "id": shown["id"] + 1,
        "creationTimestamp": mock.ANY,
    }


def test_without_names_the_carrier_asks_for_the_customer(api: Api) -> None:
    response = api.create(minimal())
    order = placed(response)
    assert (order.pickup_name, order.pickup_phone) == ("Magic Customer", "+1202555018")
    assert (order.pickup_address, order.weight_kg, order.pieces) == ("48.870852, 2.356148", None, None)
    assert (made(response)["firstName"], made(response)["phoneNumber"]) == ("", "")


def test_everything_is_echoed(api: Api, shop: Shop) -> None:
    depot = make_depot(shop.merchant)
    sent = minimal(
        alias="x" * 255, firstName="ليلى", lastName="الصباح ", phoneNumber="+1 (202) 555-018",
        address={"country": "FR", "state": "IDF", "county": "75", "city": "Paris", "postalCode": "75010",
                 "streetName": "Rue", "streetNumber": "2", "extra": "B"},
        customData='{"a": 1}', type=1, status=1, state=2, priority=1, numberOfPackages=1_000_000, weight=12.125,
        cube=1e-3, revenue=-3.75, timeWindow=[0, 1440], serviceTime=86_400, depotId=depot.pk,
    )  # fmt: skip
    shown = made(api.create(sent))
    del sent["customerId"]
    assert {name: shown[name] for name in sent} == sent
    assert api.get(f"orders/{shown['id']}").json() == shown


def test_what_is_said_of_the_status_moves_nothing(api: Api) -> None:
    for state in range(6):
        response = api.create(minimal(status=1, state=state))
        assert placed(response).status == Status.DISPATCHED
        assert (made(response)["status"], made(response)["state"]) == (1, state)


# --- Rules ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"customerId": 999}, "customerId: Customer not found."),
        ({"customerId": -5}, "customerId: Customer not found."),
        ({"customerId": 10**30}, "customerId: Customer not found."),
        ({"customerId": "1838721"}, "customerId: Must be an integer."),
        ({"customerId": True}, "customerId: Must be an integer."),
        ({"location": None}, "location: The coordinates are not set."),
        ({"location": []}, "location: The coordinates are not set."),
        ({"location": [0, 0]}, "location: The coordinates are not set."),
        ({"location": [0.0, -0.0]}, "location: The coordinates are not set."),
        ({"location": [91, 0]}, "location: Must be [latitude, longitude], in degrees."),
        ({"location": [0, 180.1]}, "location: Must be [latitude, longitude], in degrees."),
        ({"location": [1]}, "location: Must be [latitude, longitude], in degrees."),
        ({"location": [1, 2, 3]}, "location: Must be [latitude, longitude], in degrees."),
        ({"location": ["1", "2"]}, "location: Must be [latitude, longitude], in degrees."),
        ({"location": {"lat": 1}}, "location: Must be [latitude, longitude], in degrees."),
        ({"timeWindow": [420]}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": [1086, 420]}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": [-1, 420]}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": [0, 1441]}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": ["07:00", "18:00"]}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": {"start": 1}}, "timeWindow: The time window has the wrong format"),
        ({"timeWindow": [True, 420]}, "timeWindow: The time window has the wrong format"),
        ({"numberOfPackages": -1}, "numberOfPackages: Must not be less than 0."),
        ({"numberOfPackages": 1_000_001}, "numberOfPackages: Must not be greater than 1000000."),
        ({"numberOfPackages": 1.5}, "numberOfPackages: Must be an integer."),
        ({"weight": -0.1}, "weight: Must not be less than 0."),
        ({"weight": 1_000_000.5}, "weight: Must not be greater than 1000000."),
        ({"weight": "5"}, "weight: Must be a number."),
        ({"cube": -1}, "cube: Must not be less than 0."),
        ({"cube": 1_000_001}, "cube: Must not be greater than 1000000."),
        ({"phoneNumber": "call me"}, "phoneNumber: The phone number has the wrong format"),
        ({"phoneNumber": "12"}, "phoneNumber: The phone number has the wrong format"),
        ({"phoneNumber": 1202555018}, "phoneNumber: Must be a text."),
        ({"type": 2}, "type: Must not be greater than 1."),
        ({"status": 2}, "status: Must not be greater than 1."),
        ({"state": 6}, "state: Must not be greater than 5."),
        ({"priority": "high"}, "priority: Must be an integer."),
        ({"serviceTime": -1}, "serviceTime: Must not be less than 0."),
        ({"revenue": "1"}, "revenue: Must be a number."),
        ({"address": "Paris"}, "address: Must be an object."),
        ({"address": {"city": 1}}, "address: city must be a text."),
        ({"address": {"extra": "x" * 256}}, "address: extra must not be longer than 255 characters."),
        ({"alias": "x" * 256}, "alias: Must not be longer than 255 characters."),
        ({"depotId": 77}, "depotId: Depot not found."),
        ({"depotId": -1}, "depotId: Depot not found."),
    ],
)
def test_what_is_refused(api: Api, change: dict[str, Any], expected: str) -> None:
    response = api.create(minimal(), minimal(**change))
    assert message(response).startswith(f"orders[1].{expected}")
    assert not Order.objects.exists()


@pytest.mark.parametrize(("missing", "text"), [("customerId", "required"), ("location", "coordinates are not set")])
def test_what_is_required(api: Api, missing: str, text: str) -> None:
    body = minimal()
    del body[missing]
    found = message(api.create(body))
    assert found.startswith(f"orders[0].{missing}: ")
    assert text in found


@pytest.mark.parametrize("body", [{}, minimal(), [[]], [1], [None], ["a"]])
def test_only_an_array_of_objects(api: Api, body: Any) -> None:
    message(api.call("POST", "orders", body))
    assert not Order.objects.exists()


def test_others_customers_and_depots_are_not_found(api: Api, shop: Shop) -> None:
    other = make_shop(dialect="magiclane")
    theirs = Customer.objects.create(merchant=other.merchant, lat=1, lng=1)
    depot = make_depot(other.merchant)
    assert message(api.create(minimal(customerId=theirs.pk))) == "orders[0].customerId: Customer not found."
    assert message(api.create(minimal(depotId=depot.pk))) == "orders[0].depotId: Depot not found."


def test_a_point_outside_all_zones_names_its_element(api: Api, shop: Shop) -> None:
    square = [[[2, 48], [3, 48], [3, 49], [2, 49], [2, 48]]]
    CoverageZone.objects.create(
        merchant=shop.merchant, name="Paris", geojson={"type": "Polygon", "coordinates": square}
    )
    assert Merchant.objects.get(pk=shop.merchant.pk).zones_version
    depot = make_depot(shop.merchant, lat=50)
    assert message(api.create(minimal(), minimal(location=[40, 2]))).startswith("orders[1].location: ")
    assert message(api.create(minimal(depotId=depot.pk))).startswith("orders[0].depotId: ")
    order = made(api.create(minimal()))
    assert message(api.put(order["id"], {"location": [40, 2]})).startswith("location: ")


def test_no_destination(api: Api, shop: Shop) -> None:
    shop.source.routes.all().delete()
    assert "no default destination" in message(api.create(minimal()))


# --- Keys -----------------------------------------------------------------------------------------------------------
def test_the_key_stands_alone(shop: Shop) -> None:
    for text in (f"Bearer {shop.secret}", shop.secret + "x", "", " "):
        response = Api(shop, text or "\t").create(minimal())
        assert message(response, 401) == "API key is missing or invalid."
        assert response["WWW-Authenticate"] == "ApiKey"
    _, muvx = keys.issue(shop.source, "muvx", is_test=True)
    assert Api(shop, muvx).create(minimal()).status_code == 401


def test_an_idempotency_key(api: Api) -> None:
    first = api.create(minimal(), **{"Idempotency-Key": "k"})
    again = api.create(minimal(), **{"Idempotency-Key": "k"})
    assert (first.content, Order.objects.count()) == (again.content, 1)
    assert "another body" in message(api.create(minimal(alias="B"), **{"Idempotency-Key": "k"}), 409)
    assert message(api.create({}, **{"Idempotency-Key": "bad"}))
    assert [claim.key for claim in IdempotencyKey.objects.all()] == ["k"]
    assert message(api.create(minimal(), **{"Idempotency-Key": "k" * 256})).startswith("Idempotency-Key: ")


@pytest.mark.django_db(transaction=True)
def test_a_customer_that_is_deleted_at_the_same_moment() -> None:
    shop = make_shop(dialect="magiclane")
    gone = Customer(pk=5, merchant=shop.merchant, lat=1, lng=1)
    with mock.patch("integrations.magiclane.views.Orders._found", return_value={5: gone}):
        assert "just been deleted" in message(Api(shop).create(minimal(customerId=5)))
    assert not Order.objects.exists()


# --- Many -----------------------------------------------------------------------------------------------------------
def test_five_hundred_take_as_many_statements_as_one(api: Api, shop: Shop) -> None:
    depot = make_depot(shop.merchant)
    counts = []
    for size in (1, 500):
        orders = [minimal(customerId=CUSTOMERS[number % 2], depotId=depot.pk) for number in range(size)]
        with statements() as caught:
            assert len(api.create(*orders).json()["orders"]) == size
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 8
    assert OrderEvent.objects.count() == 501


def test_all_or_nothing(api: Api) -> None:
    message(api.create(*[minimal()] * 50, minimal(customerId=1)))
    assert not Order.objects.exists()
