"""Magic Lane's document: Update an Order, Delete Orders."""

from decimal import Decimal
from typing import Any

import pytest

from integrations import keys
from orders import actions
from orders.drafts import Parcel
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Failure, Status
from tests.factories import Shop, make_draft, make_order, make_shop
from tests.integrations.magiclane.api import (
    CUSTOMERS,
    Api,
    example,
    listed,
    made,
    make_depot,
    message,
    minimal,
    placed,
    statements,
)
from tests.integrations.muvx.api import Api as MuvxApi
from tests.integrations.muvx.api import put_at

CANNOT = "Can't delete orders because at least one of them does not exist or is used in another operation."


def kinds(order: Order) -> list[str]:
    return [event.kind for event in OrderEvent.objects.filter(order=order)]


def changed(api: Api, number: int, **values: Any) -> dict[str, Any]:
    """What a PUT of the order as it is shown, with other values, answers; a GET must say the same."""
    response = api.put(number, api.get(f"orders/{number}").json() | values)
    assert response.status_code == 200, response.content
    assert api.get(f"orders/{number}").json() == response.json()
    return response.json()


# --- Contents -------------------------------------------------------------------------------------------------------
def test_the_documents_sample(api: Api) -> None:
    shown = api.create(*example("create")).json()["orders"][0]
    sent = example("one") | {"id": shown["id"], "creationTimestamp": shown["creationTimestamp"]}
    response = api.put(shown["id"], sent)
    assert (response.status_code, response.json()) == (200, sent)
    assert list(response.json()) == list(sent)


def test_what_is_shown_sent_back_changes_nothing(api: Api, shop: Shop) -> None:
    mine = placed(api.create(minimal(weight=5.12345, cube=0.1, revenue=7.77, status=1, state=2, type=1)))
    for order in (mine, make_order(shop)):
        shown = api.get(f"orders/{order.pk}").json()
        assert changed(api, order.pk) == shown
        assert api.put(order.pk, {}).json() == shown
        assert api.put(order.pk, dict.fromkeys(shown.keys() - {"location"})).json() == shown
        assert kinds(order) == ["created"]


def test_everything_can_be_changed(api: Api, shop: Shop) -> None:
    depot = make_depot(shop.merchant)
    order = placed(api.create(minimal(firstName="A", alias="old", phoneNumber="111")))
    values = {
        "location": [48.5, 2.25], "alias": "new", "firstName": "B", "lastName": "C", "phoneNumber": "222",
        "address": {"country": "FR", "state": "", "county": "", "city": "Lyon", "postalCode": "", "streetName": "Rue",
                    "streetNumber": "1"},
        "customData": "Data", "type": 1, "priority": 1, "numberOfPackages": 4, "weight": 2.5, "cube": 0.25,
        "timeWindow": [1, 2], "serviceTime": 60, "revenue": 9, "depotId": depot.pk,
    }  # fmt: skip
    shown = changed(api, order.pk, **values)
    assert {name: shown[name] for name in values} == values
    order.refresh_from_db()
    assert (order.dropoff_name, order.dropoff_phone, order.dropoff_address) == ("B C", "222", "1 Rue, Lyon, FR")
    assert (order.dropoff_lat, order.dropoff_lng, order.notes) == (48.5, 2.25, "Data")
    assert (order.pickup_name, order.pickup_lat, order.depot) == ("Depot", 48.9, depot)
    assert (order.weight_kg, order.pieces, order.reference) == (Decimal("2.5"), 4, "new")
    assert kinds(order) == ["created", "edited"]
    for asked in (
        {"search": "lyon"},
        {"alias": "new:exact"},
        {"firstName": "B:exact"},
        {"depotId": f"{depot.pk}:exact"},
    ):
        assert listed(api.get(**asked)) == [shown]
    assert listed(api.get(firstName="A:exact")) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("location", [1, 2]), ("alias", "x"), ("firstName", "x"), ("lastName", "x"), ("phoneNumber", "333"),
        ("customData", "x"), ("type", 1), ("priority", 1), ("numberOfPackages", 9), ("weight", 9.5), ("cube", 9),
        ("timeWindow", [3, 4]), ("serviceTime", 9), ("revenue", 9.25),
        ("address", {"country": "", "state": "", "county": "", "city": "x", "postalCode": "", "streetName": "",
                     "streetNumber": "", "extra": "y"}),
    ],
)  # fmt: skip
def test_one_change_is_one_change(api: Api, shop: Shop, name: str, value: Any) -> None:
    mine = made(api.create(*example("create")))["id"]
    theirs = make_order(shop, pickup=make_draft().dropoff).pk
    for number in (mine, theirs):
        shown = api.get(f"orders/{number}").json()
        if shown[name] == value:
            continue
        assert api.put(number, {name: value}).json() == shown | {name: value}
        assert api.get(f"orders/{number}").json() == shown | {name: value}


def test_values_can_be_emptied(api: Api) -> None:
    number = made(api.create(minimal(alias="a", firstName="B", phoneNumber="111", customData="x", weight=1)))["id"]
    empty = {"alias": "", "firstName": "", "phoneNumber": "", "customData": "", "weight": 0}
    shown = changed(api, number, **empty)
    assert {name: shown[name] for name in empty} == empty
    assert Order.objects.get(pk=number).pickup_name == "Magic Customer"
    assert [one["id"] for one in listed(api.get(alias=":exact"))] == [number]


def test_the_customer_cannot_be_changed(api: Api, shop: Shop) -> None:
    order = placed(api.create(minimal()))
    before = api.get(f"orders/{order.pk}").json()
    other = before["customerInfo"] | {"id": CUSTOMERS[1], "alias": "Other"}
    assert changed(api, order.pk, customerInfo=other, customerId=CUSTOMERS[1], id=1, creationTimestamp=1) == before
    assert api.call("PUT", f"customers/{CUSTOMERS[0]}", {"alias": "Renamed"}).status_code == 200
    assert api.get(f"orders/{order.pk}").json() == before
    assert api.call("DELETE", "customers", [CUSTOMERS[0]]).status_code == 200
    assert api.get(f"orders/{order.pk}").json() == before
    assert changed(api, order.pk, alias="x") == before | {"alias": "x"}
    assert len(listed(api.get(customerId=f"{CUSTOMERS[0]}:exact"))) == 1


def test_a_depot_given_and_taken_away(api: Api, shop: Shop) -> None:
    shop.source.pickup_name = "Hub"
    shop.source.save()
    depot = make_depot(shop.merchant)
    order = placed(api.create(minimal(type=1)))
    for number, name in ((depot.pk, "Depot"), (0, "Hub")):
        assert changed(api, order.pk, depotId=number)["depotId"] == number
        order.refresh_from_db()
        assert (order.pickup_name, order.depot_id or 0) == (name, number)
    theirs = make_depot(make_shop().merchant)
    for wrong in (theirs.pk, 999, -1):
        assert message(api.put(order.pk, {"depotId": wrong})) == "depotId: Depot not found."


@pytest.mark.parametrize("body", [[], "x", 1, None, [{}]])
def test_only_an_object(api: Api, body: Any) -> None:
    number = made(api.create(minimal()))["id"]
    message(api.call("PUT", f"orders/{number}", body if body is not None else b"null"))


@pytest.mark.parametrize(("name", "value"), [("location", None), ("location", [0, 0]), ("weight", -1), ("type", 5)])
def test_what_is_refused(api: Api, name: str, value: Any) -> None:
    number = made(api.create(minimal()))["id"]
    assert message(api.put(number, {name: value})).startswith(f"{name}: ")


def test_after_the_pick_up_contents_stay(api: Api) -> None:
    order = placed(api.create(minimal()))
    put_at(order, Status.PICKED_UP)
    assert "picked up" in message(api.put(order.pk, {"alias": "x"}))
    # Nothing at all is done then.
    message(api.put(order.pk, {"alias": "x", "state": 4}))
    order.refresh_from_db()
    assert order.status == Status.PICKED_UP


def test_a_booked_order_is_booked_anew(api: Api) -> None:
    order = placed(api.create(minimal()))
    put_at(order, Status.ACCEPTED, with_carrier=True)
    changed(api, order.pk, alias="x")
    order.refresh_from_db()
    assert order.rebooking


def test_an_order_of_another_dialect_keeps_what_magic_lane_does_not_know(api: Api, shop: Shop) -> None:
    parcel = Parcel(Decimal(1), Decimal(2), Decimal(3), Decimal(4))
    order = make_order(shop, parcel=parcel, cod_amount=Decimal("3.5"), reference="R")
    raw = order.raw_payload
    shown = changed(api, order.pk, numberOfPackages=2, timeWindow=[5, 6])
    assert (shown["numberOfPackages"], shown["timeWindow"]) == (2, [5, 6])
    order.refresh_from_db()
    assert (order.cod_amount, order.height_cm, order.reference, order.raw_payload) == (Decimal("3.5"), 4, "R", raw)
    assert (order.dropoff_address, order.dropoff_parts["area"]) == ("Salmiya, Block 3", "Salmiya")
    assert (order.pickup_name, order.items.count(), order.dialect) == ("Store", 1, "muvx")
    # Its sender was the customer, and remains it when the order starts elsewhere.
    depot = make_depot(shop.merchant)
    assert changed(api, order.pk, depotId=depot.pk)["customerInfo"]["firstName"] == "Store"
    order.refresh_from_db()
    assert order.pickup_name == "Depot"


def test_what_another_dialect_changes_is_shown(api: Api) -> None:
    order = placed(api.create(minimal(type=1, firstName="A", lastName="B", phoneNumber="111", weight=1)))
    draft = make_draft()
    actions.edit_order(order, draft, SYSTEM)
    shown = api.get(f"orders/{order.pk}").json()
    assert (shown["firstName"], shown["lastName"], shown["phoneNumber"]) == ("Customer", "", "+96511111111")
    assert (shown["location"], shown["address"]["extra"]) == ([29.3, 48], "Salmiya, Block 3")
    assert shown["customerInfo"]["id"] == CUSTOMERS[0]
    for asked in (
        {"firstName": "Customer:exact"},
        {"lastName": ":exact"},
        {"extra": "salmiya"},
        {"phoneNumber": "+965"},
    ):
        assert listed(api.get(**asked)) == [shown]


def test_an_idempotency_key(api: Api) -> None:
    number = made(api.create(minimal()))["id"]
    first = api.put(number, {"alias": "A"}, **{"Idempotency-Key": "k"})
    api.put(number, {"alias": "B"})
    assert api.put(number, {"alias": "A"}, **{"Idempotency-Key": "k"}).content == first.content
    assert api.get(f"orders/{number}").json()["alias"] == "B"
    message(api.put(number, {"alias": "A"}, "?autoAssignDepot=1", **{"Idempotency-Key": "k"}), 409)


# --- Status and state -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "status", "shown"),
    [
        (0, Status.DISPATCHED, [0, 0]),
        (1, Status.IN_TRANSIT, [0, 1]),
        (2, Status.IN_TRANSIT, [0, 2]),
        (3, Status.CANCELLED, [0, 3]),
        (4, Status.DELIVERED, [0, 4]),
        (5, Status.FAILED, [0, 5]),
    ],
)
def test_a_changed_state_is_an_instruction(api: Api, state: int, status: str, shown: list[int]) -> None:
    order = placed(api.create(minimal()))
    answer = changed(api, order.pk, state=state)
    assert [answer["status"], answer["state"]] == shown
    order.refresh_from_db()
    assert order.status == status
    assert order.failure == (Failure.DELIVERY if status == Status.FAILED else "")


def test_an_unchanged_state_is_none(api: Api) -> None:
    order = placed(api.create(minimal(status=1, state=4)))
    assert changed(api, order.pk, alias="x")["state"] == 4
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


def test_what_was_said_is_shown_until_the_status_changes(api: Api) -> None:
    order = placed(api.create(minimal(state=1)))
    assert [changed(api, order.pk, status=1)[name] for name in ("status", "state")] == [1, 1]
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    put_at(order, Status.ACCEPTED)
    shown = api.get(f"orders/{order.pk}").json()
    assert [shown["status"], shown["state"]] == [1, 0]


def test_contents_and_state_at_once(api: Api) -> None:
    order = placed(api.create(minimal()))
    shown = changed(api, order.pk, alias="x", state=4)
    assert (shown["alias"], shown["state"]) == ("x", 4)
    assert kinds(order) == ["created", "edited", "status_said"]


def test_rejecting_a_booked_order(api: Api) -> None:
    order = placed(api.create(minimal()))
    put_at(order, Status.ACCEPTED, with_carrier=True)
    answer = api.put(order.pk, {"state": 3}).json()
    assert (answer["status"], answer["state"]) == (1, 3)
    order.refresh_from_db()
    assert order.status == Status.CANCELLING
    shown = api.get(f"orders/{order.pk}").json()
    assert (shown["status"], shown["state"]) == (1, 0)  # the pair before, until the carrier has agreed


def test_rejecting_what_is_delivered(api: Api) -> None:
    order = placed(api.create(minimal()))
    put_at(order, Status.DELIVERED)
    assert "delivered" in message(api.put(order.pk, {"state": 3}))


# --- Delete ---------------------------------------------------------------------------------------------------------
def test_orders_are_cancelled_and_gone(api: Api) -> None:
    orders = [order["id"] for order in api.create(*[minimal()] * 3).json()["orders"]]
    put_at(Order.objects.get(pk=orders[0]), Status.CANCELLED)
    response = api.delete(orders[0], orders[1], orders[1])
    assert (response.status_code, response.json()) == (200, {"message": "Operation done successfully"})
    assert [order["id"] for order in listed(api.get())] == [orders[2]]
    assert Order.objects.get(pk=orders[1]).status == Status.CANCELLED
    for call in (api.get(f"orders/{orders[1]}"), api.put(orders[1], {"alias": "x"})):
        message(call, 404)
    assert message(api.delete(orders[1]), 404) == CANNOT


@pytest.mark.parametrize(
    "status", [Status.PICKED_UP, Status.IN_TRANSIT, Status.DELIVERED, Status.FAILED, Status.RETURNED, Status.LOST]
)
def test_what_cannot_be_deleted_keeps_the_others(api: Api, status: str) -> None:
    orders = [order["id"] for order in api.create(*[minimal()] * 2).json()["orders"]]
    put_at(Order.objects.get(pk=orders[1]), status)
    assert message(api.delete(*orders), 404) == CANNOT
    assert message(api.delete(orders[0], 5), 404) == CANNOT
    assert message(api.delete(orders[0], 2**80), 404) == CANNOT
    assert len(listed(api.get())) == 2


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": 1}, {"ids": ["1"]}, {"ids": [True]}, {"ids": [1.5]}, [1], None]
)
def test_deleting_nothing(api: Api, body: Any) -> None:
    assert message(api.call("DELETE", "orders", b"null" if body is None else body)).startswith("ids: ")


def test_too_many_at_once(api: Api) -> None:
    assert message(api.delete(*range(10_001))) == "ids: At most 10000 in one request."
    assert message(api.delete(*range(10_000)), 404) == CANNOT


def test_deleting_many_takes_as_many_statements_as_few(api: Api) -> None:
    counts = []
    for size in (2, 100):
        orders = [order["id"] for order in api.create(*[minimal()] * size).json()["orders"]]
        with statements() as caught:
            assert api.delete(*orders).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_deleted_elsewhere_too(api: Api, shop: Shop) -> None:
    """One store: what is deleted here is cancelled there."""
    _, secret = keys.issue(shop.source, "muvx", is_test=True)
    muvx = MuvxApi(Shop(shop.merchant, shop.source, shop.destination, shop.other, shop.key, secret))
    number = made(api.create(minimal(alias="A-1")))["id"]
    assert muvx.get(f"orders/MOV{number}/status").json()["integration_order_id"] == "A-1"
    assert (
        api.delete(number, **{"Idempotency-Key": "k"}).content == api.delete(number, **{"Idempotency-Key": "k"}).content
    )
    assert muvx.get(f"orders/MOV{number}/status").json()["status"] == "cancelled"
