"""An order that was edited through Modon or Magic Lane, as the dialect that it came through and all others show it."""

import json
from typing import Any

import pytest

from integrations import registry
from orders.models import Order
from tests.factories import make_order, make_shop
from tests.integrations.callers import Program
from tests.integrations.fuuffy import api as fuuffy
from tests.integrations.modon.api import order_fields

pytestmark = pytest.mark.django_db
DIALECTS = tuple(registry.DIALECTS)
IRAQ = {"currency": "IQD", "country": "IQ", "timezone": "Asia/Baghdad"}
ADDRESS = {"country": "Iraq", "city": "البصرة", "postalCode": "61001", "streetName": "Corniche", "streetNumber": "5"}
LINE = "5 Corniche, 61001 البصرة, Iraq"


def placed_through(dialect: str, body: Any = None) -> Order:
    shop = make_shop(dialect=dialect, **IRAQ)
    program = Program(dialect, shop.source)
    if body is None:
        program.place()
    else:
        assert program.send("post", program.caller.create[0], body).status_code < 300
    return Order.objects.get()


def edit(order: Order, dialect: str, body: dict[str, Any]) -> Any:
    program = Program(dialect, order.source)
    if dialect == "modon":
        response = program.send("post", "/modon/v1/merchant/edit-order", {**body, "qr_id": str(order.pk)})
    else:
        response = program.send("put", f"/magiclane/v1/orders/{order.pk}", body)
    assert response.status_code == 200, response.content
    order.refresh_from_db()
    return response.json()


def shown(order: Order, dialect: str) -> Any:
    reader = Program(dialect, order.source)
    answer = reader.send(*reader.caller.read(reader.caller.number(order)))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return {"ideliver": lambda: body["order"], "modon": lambda: body["data"][0]}.get(dialect, lambda: body)()


def picked(found: dict[str, Any], *names: str) -> list[Any]:
    return [found.get(name) for name in names]


@pytest.mark.parametrize("through", DIALECTS)
def test_through_modon(through: str) -> None:
    order = placed_through(through)
    number = order.external_id or "CO-9"
    fields = order_fields(client_name="New Person", price="99000", company_order_id="CO-9", type_name="Shoes")
    edit(order, "modon", fields)
    line = f"بغداد, شارع فلسطين, {fields['location']}"
    assert shown(order, "muvx")["integration_order_id"] == number
    ideliver = shown(order, "ideliver")
    assert ideliver["external_order_id"] == number
    standard = ideliver["unified_json"]["standardized"]
    assert picked(standard, "customer_name", "customer_phone", "dropoff_address", "notes", "cod_amount_minor") == [
        "New Person", fields["client_mobile"], line, fields["merchant_notes"], 99_000_000,
    ]  # fmt: skip
    assert [item["name"] for item in standard["items"]] == ["Shoes"]
    received = shown(order, "fuuffy")
    assert received["recipient"] == {
        "name": "New Person", "phone": fields["client_mobile"], "address": line, "city": "بغداد",
    }  # fmt: skip
    assert received["package"]["description"] == "1 × Shoes"
    assert (received["reference"], received["notes"]) == (number, fields["merchant_notes"])
    lane = shown(order, "magiclane")
    assert picked(lane, "firstName", "lastName", "phoneNumber", "location") == [
        "New", "Person", fields["client_mobile"], [0, 0],
    ]  # fmt: skip
    assert (lane["address"]["city"], lane["address"]["extra"]) == ("بغداد", line)
    row = shown(order, "modon")
    assert picked(row, "client_name", "price", "type_name", "city_id") == ["New Person", "99000", "Shoes", "1"]


@pytest.mark.parametrize("through", DIALECTS)
def test_through_magic_lane(through: str) -> None:
    order = placed_through(through)
    change = {
        "firstName": "New", "lastName": "Person", "phoneNumber": "+9647711111111", "location": [30.5, 47.8],
        "address": ADDRESS, "weight": 7.5, "customData": "Ring twice", "numberOfPackages": 4, "timeWindow": [600, 700],
    }  # fmt: skip
    answer = edit(order, "magiclane", change)
    lane = shown(order, "magiclane")
    assert answer == lane
    full = {"country": "", "state": "", "county": "", **ADDRESS}
    assert {name: lane[name] for name in change} == {**change, "address": {**lane["address"], **full}}
    standard = shown(order, "ideliver")["unified_json"]["standardized"]
    names = ("customer_name", "customer_phone", "dropoff_address", "dropoff_lat", "dropoff_lng", "notes", "weight_kg")
    assert picked(standard, *names) == ["New Person", "+9647711111111", LINE, 30.5, 47.8, "Ring twice", 7.5]
    received = shown(order, "fuuffy")
    assert received["recipient"] == {  # "Iraq" is no code, and there is no other word for a country here
        "name": "New Person", "phone": "+9647711111111", "address": LINE, "city": "البصرة", "postal_code": "61001",
    }  # fmt: skip
    assert (received["package"]["weight"], received["notes"]) == (7.5, "Ring twice")
    row = shown(order, "modon")
    assert picked(row, "client_name", "client_mobile", "city_name", "city_id", "location", "merchant_notes") == [
        "New Person", "+9647711111111", "البصرة", "5", LINE, "Ring twice",
    ]  # fmt: skip


def test_what_nobody_edited_is_echoed_as_it_was_sent() -> None:
    sent = fuuffy.example("create") | {"unknown": 1}
    order = placed_through("fuuffy", sent)
    edit(order, "magiclane", {"priority": 1})
    found = shown(order, "fuuffy")
    assert {name: found[name] for name in ("sender", "recipient", "package")} == {
        name: sent[name] for name in ("sender", "recipient", "package")
    }
    edit(order, "magiclane", {"phoneNumber": "+12025550000"})
    found = shown(order, "fuuffy")
    assert found["recipient"] == {**sent["recipient"], "phone": "+12025550000"}
    assert (found["sender"], found["package"]) == (sent["sender"], sent["package"])
    edit(order, "magiclane", {"weight": 3})
    assert shown(order, "fuuffy")["package"] == {**sent["package"], "weight": 3}


def test_a_changed_time_window_stays_on_its_date() -> None:
    order = placed_through("ideliver")
    before = shown(order, "ideliver")["unified_json"]["standardized"]
    assert before["delivery_window_start"] == "2099-05-01T15:00:00.000Z"
    edit(order, "magiclane", {"timeWindow": [600, 1440]})
    after = shown(order, "ideliver")["unified_json"]["standardized"]
    assert after == {  # 10:00 to 24:00 in Baghdad, of the day on which it is 15:00 UTC
        **before,
        "delivery_window_start": "2099-05-01T07:00:00.000Z",
        "delivery_window_end": "2099-05-01T21:00:00.000Z",
    }


@pytest.mark.parametrize("through", DIALECTS)
def test_a_magic_lane_program_sends_back_what_it_was_shown(through: str) -> None:
    """It changes one name of the whole object: what the other dialect left unknown is no mistake of its own."""
    order = placed_through(through)
    Order.objects.filter(pk=order.pk).update(dropoff_address="x" * 900, dropoff_parts={}, dropoff_phone="ask for Ali")
    order.refresh_from_db()
    whole = shown(order, "magiclane")
    assert edit(order, "magiclane", whole) == whole
    assert order.updated_at == order.created_at
    assert edit(order, "magiclane", {**whole, "customData": "Ring twice"}) == {**whole, "customData": "Ring twice"}
    assert order.dropoff_address == "x" * 900


def test_an_edit_of_the_price_leaves_the_place_where_it_is() -> None:
    order = placed_through("modon")
    edit(order, "magiclane", {"location": [33.3, 44.4]})
    edit(order, "modon", order_fields(price="1000"))
    assert shown(order, "magiclane")["location"] == [33.3, 44.4]
    edit(order, "modon", order_fields(location="elsewhere"))
    assert shown(order, "magiclane")["location"] == [0, 0]


def test_an_id_that_need_not_be_unique_is_shown_and_found_as_any_other() -> None:
    order = make_order(make_shop(), "", reference="CO-7", dialect="modon")
    assert shown(order, "muvx")["integration_order_id"] == "CO-7"
    assert shown(order, "ideliver")["external_order_id"] == "CO-7"
    reader = Program("ideliver", order.source)
    for asked, found in (("CO-7", [str(order.uuid)]), ("CO", [])):
        answer = reader.send("get", f"/ideliver/v1/orders?external_order_id={asked}")
        assert reader.caller.listed(json.loads(answer.content)) == found
