"""Modon's lists, look-ups, edits and deletions; and its reference data."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations.models import City
from integrations.modon import rows, words
from orders import actions, reports
from orders.drafts import Address, Item, Parcel, Stop
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Failure, Mark, Status
from tests.factories import Shop, make_order
from tests.integrations.modon.api import RECEIPT, Api, data, example, make_modon_shop, order_fields, refused


def look_up(api: Api, order: Order) -> dict[str, Any]:
    [found] = data(api.get("get-orders-by-ids-bulk", ids=order.pk))
    return found


# --- Rows -----------------------------------------------------------------------------------------------------------
def test_a_row_is_as_documented(api: Api) -> None:
    order = api.create(merchant_notes="")
    Order.objects.update(
        status=Status.PICKED_UP,
        created_at=datetime(2023, 8, 13, 19, 12, 18, tzinfo=UTC),
        updated_at=datetime(2024, 6, 22, 8, 28, 53, 999, tzinfo=UTC),
    )
    [expected] = example("orders")["data"]
    expected |= {
        "region_name": "شارع فلسطين", "price": "25000", "city_id": "1", "region_id": "1", "id": str(order.pk),
        "delivery_price": "4000", "qr_id": str(order.pk),
    }  # fmt: skip
    for call in (api.get("merchant-orders"), api.get("get-orders-by-ids-bulk", ids=order.pk)):
        [row] = data(call)
        assert row == expected
        assert list(row) == [*example("orders")["data"][0], "qr_id"]
        assert {name for name, value in row.items() if type(value) is int} == {
            "has_merchant_fin_record", "deliver_confirmed_fin",
        }  # fmt: skip


def test_an_order_of_another_dialect_is_shown_with_what_is_known(api: Api, shop: Shop) -> None:
    parts = {"city": "البصرة", "area": "اخرى", "street": "5"}
    address = Address("البصرة, اخرى, شارع 5", parts)
    order = make_order(
        shop,
        dropoff=Stop("سارة", "+9647801112223", address, lat=30.5, lng=47.8),
        items=(Item("Lamp", 2), Item("كرسي", 1)),
        cod_amount=Decimal("12.5"),
        currency="KWD",
        notes="بسرعة",
    )
    row = look_up(api, order)
    assert row | {
        "client_name": "سارة", "client_mobile": "+9647801112223", "client_mobile2": "", "items_number": "3",
        "type_name": "Lamp, كرسي", "city_name": "البصرة", "city_id": "5", "region_name": "اخرى", "region_id": "5429",
        "location": "البصرة, اخرى, شارع 5", "price": "12.500", "delivery_price": "0", "currency": "KWD",
        "package_size": "", "replacement": "0", "merchant_notes": "بسرعة", "issue_notes": "لا یوجد",
    } == row  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({}, ("", "0", "", "0")),
        ({"area": "Salmiya"}, ("", "0", "Salmiya", "0")),
        ({"city": "Kuwait City", "area": "اخرى"}, ("Kuwait City", "0", "اخرى", "0")),
        ({"city": "بغداد", "region": "nowhere"}, ("بغداد", "1", "nowhere", "0")),
        ({"city": "بغداد", "region": "المنصور"}, ("بغداد", "1", "المنصور", "508")),
    ],
)
def test_places_by_name(api: Api, shop: Shop, parts: dict[str, str], shown: tuple[str, ...]) -> None:
    order = make_order(shop, dropoff=Stop("A", "1", Address("somewhere", parts)), items=())
    row = look_up(api, order)
    assert (row["city_name"], row["city_id"], row["region_name"], row["region_id"]) == shown
    assert (row["items_number"], row["type_name"], row["price"]) == ("0", "", "0")
    assert "currency" not in row


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({"city_id": "5"}, ("", "0", "", "0", "x")),
        ({"city_id": "5", "region_id": "5429"}, ("", "0", "", "0", "x")),
        ({"city": "البصرة", "city_id": "z", "region": "اخرى", "region_id": "", "location": "y"},
         ("البصرة", "5", "اخرى", "5429", "x")),
        ({"city": "بغداد", "city_id": "1", "region": "y", "region_id": "9", "location": "", "flat": "3"},
         ("بغداد", "1", "y", "0", "x")),
    ],
)  # fmt: skip
def test_an_address_with_modons_names_is_not_taken_for_modons(
    api: Api, shop: Shop, parts: dict[str, str], shown: tuple[str, ...]
) -> None:
    order = make_order(shop, dropoff=Stop("A", "1", Address("x", parts)))
    names = ("city_name", "city_id", "region_name", "region_id", "location")
    assert tuple(look_up(api, order)[name] for name in names) == shown
    [row] = data(api.get("merchant-orders"))
    assert tuple(row[name] for name in names) == shown
    assert Client().get(RECEIPT, {"id": order.pk, "token": api.token}).content.startswith(b"%PDF")


def test_what_another_dialect_has_edited_is_shown_as_it_is_now(api: Api) -> None:
    order = api.create()
    moved = Stop("Other", "+1", Address("Basra, 5", {"city": "البصرة"}))
    draft = mock_draft(order, dropoff=moved, items=(Item("Desk", 4),))
    actions.edit_order(order, draft, SYSTEM)
    row = look_up(api, order)
    assert (row["client_name"], row["city_id"], row["region_id"]) == ("Other", "5", "0")
    assert (row["location"], row["items_number"], row["type_name"]) == ("Basra, 5", "4", "Desk")


def mock_draft(order: Order, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "dialect": "muvx",
        "pickup": Stop(order.pickup_name, order.pickup_phone, Address(order.pickup_address)),
        "currency": "IQD",
        "cod_amount": order.cod_amount,
    }
    return actions.OrderDraft(**(fields | changes))


# --- Statuses -------------------------------------------------------------------------------------------------------
def at(status: str, **fields: Any) -> int:
    return words.status_id(Order(status=status, **fields))


def test_every_status_has_its_number() -> None:
    expected = {
        Status.CREATED: 1, Status.DISPATCHED: 1, Status.ACCEPTED: 1, Status.PICKED_UP: 2, Status.IN_TRANSIT: 3,
        Status.DELIVERED: 4, Status.CANCELLED: 0, Status.RETURNED: 17, Status.LOST: 0,
    }  # fmt: skip
    for status, number in expected.items():
        assert at(status) == number
        assert at(Status.CANCELLING, status_before=status) == number
    assert at(Status.FAILED, failure=Failure.DISPATCH) == 1
    assert at(Status.FAILED, failure=Failure.DELIVERY) == 32
    assert at(Status.CANCELLING, status_before=Status.FAILED) == 32
    assert at(Status.IN_TRANSIT, mark=Mark.DELAYED) == 29
    assert at(Status.IN_TRANSIT, mark=Mark.ATTEMPT_FAILED) == 25
    assert at(Status.IN_TRANSIT, mark=Mark.RETURNING) == 16
    assert at(Status.DELIVERED, extras={"replacement": "1"}) == 21
    assert at(Status.DELIVERED, extras={"replacement": "0"}) == 4
    every = itertools.product(Status, ["", *Mark], ["", *Failure])
    assert {at(s, mark=m, failure=f, status_before=Status.ACCEPTED) for s, m, f in every} <= set(words.STATUSES)


def test_every_number_of_a_carrier_means_something() -> None:
    assert set(words.IN) == set(range(45)) - {18}
    assert words.IN[16] == (Status.IN_TRANSIT, Mark.RETURNING)
    assert words.IN[31] == (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED)
    assert {words.IN[number][0] for number in (4, 20, 21)} == {Status.DELIVERED}


def test_the_statuses_are_listed(api: Api) -> None:
    found = data(api.get("statuses"))
    assert [one["id"] for one in found] == [str(number) for number in range(45)]
    assert found[1] == {"id": "1", "status": "فعال ( قيد التجهير)"}
    assert found[44]["status"] == "اخراج من المخزن وارسالة الى الفرز"


def test_what_is_wrong_is_in_the_issue_notes(api: Api) -> None:
    order = api.create()
    for status, mark, text, number, note in (
        (Status.IN_TRANSIT, "", "on the road", "3", "لا یوجد"),
        (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED, "لا يرد على الهاتف", "25", "لا يرد على الهاتف"),
        (Status.FAILED, "", "refused", "32", "refused"),
        (Status.LOST, "", "", "0", "فقد الطلب"),
    ):
        Order.objects.update(mark="", failure="", status=Status.PICKED_UP)
        order.refresh_from_db()
        reports.record_progress(order, SYSTEM, status=status, mark=mark, text=text)
        row = look_up(api, order)
        assert (row["status_id"], row["status"]) == (number, words.STATUSES[int(number)])
        assert row["issue_notes"] == note


# --- Lists ----------------------------------------------------------------------------------------------------------
def test_the_whole_list_newest_first(api: Api, shop: Shop) -> None:
    orders = [api.create() for _ in range(3)] + [make_order(shop, "M-1")]
    orders[0].created_at += timedelta(hours=1)
    orders[0].save()
    gone = api.create()
    data(api.post("delete_orders", {"qr_ids": gone.pk}))
    response = api.get("merchant-orders")
    assert response.streaming
    assert [int(row["id"]) for row in data(response)] == [orders[n].pk for n in (0, 3, 2, 1)]


def test_an_empty_list(api: Api) -> None:
    assert data(api.get("merchant-orders")) == []


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1300])
def test_any_number_of_orders_takes_the_same_queries(api: Api, shop: Shop, count: int) -> None:
    order, cities = api.create(), City.objects.values_list("name", flat=True)
    places = [Address("x", {"city": city, "area": "اخرى"}) for city in cities]
    drafts = [mock_draft(order, dropoff=Stop("A", "1", place)) for place in places]
    actions.place_orders(shop.source, (drafts * count)[: count - 1], actor=SYSTEM, is_test=True)
    with CaptureQueriesContext(connection) as queries:
        found = data(api.get("merchant-orders"))
    assert len({row["id"] for row in found}) == count
    # The key, the count of calls, the orders, cities, regions and sizes.
    assert len(queries) <= 6


def test_a_failure_on_the_way_is_no_whole_list(api: Api, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_BATCH", 2)
    for _ in range(3):
        api.create()
    whole = rows.row
    with mock.patch.object(rows, "row", side_effect=[{}, {}, RuntimeError("broken")]):
        response = api.get("merchant-orders")
        parts = iter(response.streaming_content)
        sent = next(parts)
        with pytest.raises(RuntimeError):
            next(parts)
    with pytest.raises(ValueError):
        json.loads(sent)
    monkeypatch.setattr(rows, "row", whole)
    assert len(data(api.get("merchant-orders"))) == 3
    with mock.patch.object(rows, "row", side_effect=RuntimeError("broken")):
        refused(api.get("merchant-orders"), 500)


# --- Look-ups -------------------------------------------------------------------------------------------------------
def test_orders_by_their_numbers(api: Api, shop: Shop) -> None:
    orders = [api.create() for _ in range(3)]
    stranger = Api(make_modon_shop()).create()
    gone = api.create()
    data(api.post("delete_orders", {"qr_ids": gone.pk}))
    ids = f" {orders[1].pk},{orders[0].pk}, ,1,x,{stranger.pk},{gone.pk},{orders[1].pk},{'9' * 30},"
    for response in (
        api.get("get-orders-by-ids-bulk", ids=ids),
        api.post("get-orders-by-ids-bulk", {"ids": ids}),
        api.post_json("get-orders-by-ids-bulk", {"ids": ids}),
        api.post_json("get-orders-by-ids-bulk", {"ids": [orders[1].pk, str(orders[0].pk)]}),
    ):
        assert [int(row["id"]) for row in data(response)] == [orders[1].pk, orders[0].pk]
    assert [row["id"] for row in data(api.post_json("get-orders-by-ids-bulk", {"ids": orders[2].pk}))] == [
        str(orders[2].pk)
    ]
    for nothing in ("", ",", " "):
        refused(api.get("get-orders-by-ids-bulk", ids=nothing))


def test_the_twenty_sixth_number_is_discarded(api: Api) -> None:
    orders = [str(api.create().pk) for _ in range(27)]
    with CaptureQueriesContext(connection) as queries:
        found = data(api.get("get-orders-by-ids-bulk", ids=",".join(orders)))
    assert [row["id"] for row in found] == orders[:25]
    assert len(queries) <= 5
    assert data(api.get("get-orders-by-ids-bulk", ids=",".join(["1"] * 30 + orders[:1]))) != []
    assert data(api.get("get-orders-by-ids-bulk", ids=",".join([*map(str, range(25)), orders[0]]))) == []


# --- Edits ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["qr_id", "id", "order_id", "qr_ids", "ids"])
def test_an_edit(api: Api, name: str) -> None:
    order = api.create(company_order_id="A-7", promo_code="SUMMER")
    changes = {
        "client_name": "new name", "client_mobile": "+9647812345678", "client_mobile2": "", "city_id": "5",
        "region_id": "5429", "location": "", "items_number": "3", "type_name": "كتب", "price": "1200000",
        "package_size": "2", "merchant_notes": "لا یوجد", "replacement": "1",
    }  # fmt: skip
    [answer] = data(api.post("edit-order", {**changes, name: order.pk}))
    [created] = example("created")["data"]
    assert list(answer) == list(created)
    shown = {**changes, "merchant_notes": "لا یوجد"}
    del shown["replacement"]
    assert shown.items() <= answer.items()
    assert (answer["qr_id"], answer["cash_fee"], answer["merchant_price"]) == (order.pk, 1250, 1_196_000)
    row = look_up(api, order)
    assert {**shown, "package_size": "متوسط", "replacement": "1"}.items() <= row.items()
    order.refresh_from_db()
    assert (order.reference, order.pickup_name, order.extras["promo_code"]) == ("A-7", "متجر دجلة", "")
    assert order.dropoff_address == "البصرة, اخرى"
    assert order.events.filter(kind="edited").exists()


def test_an_edit_that_is_refused(api: Api) -> None:
    order = api.create()
    assert "qr_id" in refused(api.post("edit-order", order_fields()))
    assert "qr_id" in refused(api.post("edit-order", order_fields(qr_ids=f"{order.pk},{api.create().pk}")))
    refused(api.post("edit-order", order_fields(qr_id="1")))
    refused(api.post("edit-order", order_fields(qr_id="x")))
    assert "price" in refused(api.post("edit-order", order_fields(qr_id=order.pk, price="x")))
    Order.objects.filter(pk=order.pk).update(status=Status.PICKED_UP)
    assert "status is 1" in refused(api.post("edit-order", order_fields(qr_id=order.pk)))
    row = look_up(api, order)
    assert (row["price"], row["status_id"]) == ("25000", "2")


def test_an_edit_of_another_dialects_order_keeps_what_modon_cannot_say(api: Api, shop: Shop) -> None:
    order = make_order(shop, parcel=Parcel(weight_kg=Decimal("1.5"), pieces=2), cod_amount=Decimal(5000))
    data(api.post("edit-order", order_fields(qr_id=order.pk)))
    order.refresh_from_db()
    assert (order.weight_kg, order.pieces, order.pickup_name) == (Decimal("1.5"), 2, "Store")
    assert (order.external_id, order.dialect, order.cod_amount) == ("SHOP-1", "muvx", 25000)
    foreign = make_order(shop, "SHOP-2", currency="KWD", cod_amount=Decimal("1.25"))
    assert "KWD" in refused(api.post("edit-order", order_fields(qr_id=foreign.pk)))
    foreign.refresh_from_db()
    assert foreign.cod_amount == Decimal("1.25")


# --- Deletions ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("call", ["delete_orders", "delete-order"])
@pytest.mark.parametrize("name", ["qr_ids", "ids", "order_id", "qr_id"])
def test_a_deletion(api: Api, call: str, name: str) -> None:
    orders = [api.create() for _ in range(3)]
    assert data(api.post(call, {name: f"{orders[0].pk}, {orders[1].pk}"})) == []
    assert [row["id"] for row in data(api.get("merchant-orders"))] == [str(orders[2].pk)]
    assert data(api.post_json(call, {name: orders[2].pk})) == []
    assert data(api.get("merchant-orders")) == []
    assert data(api.get("get-orders-by-ids-bulk", ids=orders[0].pk)) == []
    refused(api.post(call, {name: orders[0].pk}))
    refused(api.post("edit-order", order_fields(qr_id=orders[0].pk)))
    assert {order.status for order in Order.objects.all()} == {Status.CANCELLED}


def test_a_booked_order_is_gone_until_its_carrier_refuses_to_cancel(api: Api) -> None:
    order = api.create()
    Order.objects.update(status=Status.ACCEPTED, with_carrier=True)
    data(api.post("edit-order", order_fields(qr_id=order.pk, price="30000")))
    order.refresh_from_db()
    assert (order.rebooking, order.cod_amount, look_up(api, order)["status_id"]) == (True, 30000, "1")
    data(api.post("delete_orders", {"qr_ids": order.pk}))
    assert data(api.get("merchant-orders")) == []
    order.refresh_from_db()
    assert order.status == Status.CANCELLING
    reports.record_cancel_refused(order, SYSTEM, detail="too late")
    assert look_up(api, order)["status_id"] == "1"


def test_all_orders_are_deleted_or_none(api: Api) -> None:
    first, second = api.create(), api.create()
    stranger = Api(make_modon_shop()).create()
    for other in ("1", "x", str(stranger.pk)):
        refused(api.post("delete_orders", {"qr_ids": f"{first.pk},{other}"}))
    Order.objects.filter(pk=second.pk).update(status=Status.PICKED_UP)
    assert "status is 1" in refused(api.post("delete_orders", {"qr_ids": f"{first.pk},{second.pk}"}))
    for nothing in ({}, {"qr_ids": ""}, {"qr_ids": ","}, {"qr_ids": ",".join(map(str, range(1001)))}):
        refused(api.post("delete_orders", nothing))
    assert not Order.objects.exclude(deleted_at=None).exists()


# --- Reference data -------------------------------------------------------------------------------------------------
def test_cities_regions_and_sizes(api: Api) -> None:
    cities = data(api.get("citys"))
    assert len(cities) == 18
    assert cities[0] == {"id": "1", "city_name": "بغداد"}
    assert data(api.get("regions", city_id=1)) == [
        {"id": "1", "region_name": "شارع فلسطين"},
        {"id": "508", "region_name": "المنصور"},
        {"id": "509", "region_name": "العلاوي"},
        {"id": "510", "region_name": "شارع حيفا"},
        {"id": "5755", "region_name": "اخرى"},
    ]
    for city in cities:
        assert data(api.get("regions", city_id=city["id"]))[-1]["region_name"] == "اخرى"
    assert data(api.get("package-sizes"))[0] == {"id": "1", "size": "عادي"}
    assert data(api.get("regions", city_id=99)) == []
    for wrong in ({}, {"city_id": ""}, {"city_id": "x"}, {"city_id": "-1"}, {"city_id": "9" * 30}):
        assert "city_id" in refused(api.get("regions", **wrong))


# --- Invoices -------------------------------------------------------------------------------------------------------
def test_there_are_no_invoices_yet(api: Api) -> None:
    assert data(api.get("get_merchant_invoices")) == []
    for call in ("get_merchant_invoice_orders", "receive_merchant_invoice"):
        for query in ({}, {"invoice_id": ""}, {"invoice_id": "3"}, {"invoice_id": "x"}):
            assert "invoice_id" in refused(api.get(call, **query))


def test_each_call_looks_where_its_document_puts_the_number(api: Api) -> None:
    """Fields of other calls are unknown ones, and are ignored."""
    order, other = api.create(), api.create()
    others = {"qr_ids": "1", "ids": "1", "order_id": "1", "id": "1"}
    assert data(api.post("edit-order", order_fields(**{**others, "qr_id": order.pk})))[0]["qr_id"] == order.pk
    [row] = data(api.post("get-orders-by-ids-bulk", {**others, "ids": str(order.pk)}))
    assert row["id"] == str(order.pk)
    data(api.post("delete_orders", {**others, "qr_ids": str(order.pk)}))
    assert [row["id"] for row in data(api.get("merchant-orders"))] == [str(other.pk)]
