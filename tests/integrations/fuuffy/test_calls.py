"""Reading and cancelling through Fuuffy, and one store behind it and Muvx."""

from decimal import Decimal
from typing import Any

import pytest

from integrations import keys
from orders.drafts import Parcel
from orders.models import Order
from orders.statuses import Failure, Status
from tests.contract import strict
from tests.factories import Shop, make_order, make_shop
from tests.integrations.fuuffy.api import SAMPLE, Api, placed
from tests.integrations.muvx.api import Api as MuvxApi
from tests.integrations.muvx.api import put_at


@pytest.fixture
def muvx(shop: Shop) -> MuvxApi:
    _, secret = keys.issue(shop.source, "muvx", is_test=True)
    return MuvxApi(Shop(shop.merchant, shop.source, shop.destination, shop.other, shop.key, secret))


def number(order: Order) -> str:
    return f"order_{order.public_hex}"


# --- Reading --------------------------------------------------------------------------------------------------------
def test_an_order_is_found_by_both_its_numbers(api: Api) -> None:
    made = api.create(SAMPLE).json()
    assert api.get(made["id"]).json() == api.get(made["tracking_number"]).json() == made


@pytest.mark.parametrize(
    "wrong", ["order_", "order_0123456789ab", "FUF1", "FUF01", "MOV1000000", "FUF" + "9" * 18, "x"]
)
def test_what_is_not_found(api: Api, wrong: str) -> None:
    api.create()
    response = api.get(wrong)
    assert (response.status_code, response.json()) == (
        404,
        {"error": {"code": "404000", "code_reason": "NOT_FOUND", "message": "Order not found"}},
    )


def test_a_number_has_one_spelling(api: Api) -> None:
    order = placed(api.create())
    assert api.get(f"FUF{order.pk:010d}").status_code == 404
    assert api.get(number(order).upper()).status_code == 404


def test_others_and_other_worlds_are_not_found(api: Api, shop: Shop) -> None:
    order = placed(api.create())
    stranger = Api(make_shop(dialect="fuuffy"))
    _, live = keys.issue(shop.source, "fuuffy", is_test=False)
    for other in (stranger, Api(shop, live)):
        assert other.get(number(order)).status_code == 404
        assert other.cancel(f"FUF{order.pk:09d}").status_code == 404
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


@pytest.mark.parametrize(
    ("status", "fields", "word"),
    [
        (Status.CREATED, {}, "pending"),
        (Status.DISPATCHED, {}, "pending"),
        (Status.ACCEPTED, {}, "pending"),
        (Status.PICKED_UP, {}, "picked_up"),
        (Status.IN_TRANSIT, {}, "in_transit"),
        (Status.DELIVERED, {}, "delivered"),
        (Status.CANCELLED, {}, "cancelled"),
        (Status.CANCELLING, {"status_before": "picked_up"}, "picked_up"),
        (Status.CANCELLING, {"status_before": "failed"}, "in_transit"),
        (Status.FAILED, {"failure": Failure.DISPATCH}, "pending"),
        (Status.FAILED, {"failure": Failure.DELIVERY}, "in_transit"),
        (Status.RETURNED, {}, "cancelled"),
        (Status.LOST, {}, "cancelled"),
    ],
)
def test_status_words(api: Api, shop: Shop, status: str, fields: dict[str, Any], word: str) -> None:
    order = make_order(shop)
    put_at(order, status, **fields)
    assert api.get(number(order)).json()["status"] == word


# --- Cancelling -----------------------------------------------------------------------------------------------------
def test_cancel_and_cancel_again(api: Api) -> None:
    made = api.create(SAMPLE).json()
    for name in (made["id"], made["tracking_number"]):
        response = api.cancel(name)
        answer = response.json()
        assert response.status_code == 200
        assert answer == made | {"status": "cancelled", "updated_at": answer["updated_at"]}
    assert api.get(made["id"]).json()["status"] == "cancelled"


def test_a_booked_order_is_answered_cancelled_and_read_as_it_was(api: Api) -> None:
    order = placed(api.create())
    put_at(order, Status.PICKED_UP, with_carrier=True)
    assert api.cancel(number(order)).json()["status"] == "cancelled"
    assert api.get(number(order)).json()["status"] == "picked_up"
    order.refresh_from_db()
    assert order.status == Status.CANCELLING


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.RETURNED, Status.LOST])
def test_what_cannot_be_cancelled(api: Api, status: str) -> None:
    order = placed(api.create())
    put_at(order, status)
    response = api.cancel(number(order))
    assert response.status_code == 409
    error = strict(response.content)["error"]
    assert (error["code"], error["code_reason"]) == ("409000", "CONFLICT")
    assert status in error["message"]


def test_a_repeated_cancel_with_its_key(api: Api) -> None:
    order = placed(api.create())
    first = api.cancel(number(order), **{"Idempotency-Key": "k"})
    assert api.cancel(number(order), **{"Idempotency-Key": "k"}).content == first.content


def test_wrong_methods(api: Api) -> None:
    order = placed(api.create())
    for method, path in (("put", number(order)), ("get", f"{number(order)}/cancel"), ("options", number(order))):
        response = getattr(api.client, method)(f"/fuuffy/v1/orders/{path}", headers=api.headers)
        assert (response.status_code, response.json()["error"]["code"]) == (405, "405000")


# --- One store ------------------------------------------------------------------------------------------------------
def test_a_muvx_order_through_fuuffy(api: Api, muvx: MuvxApi) -> None:
    body = {
        "integration_order_id": "SHOP-7",
        "pickup": {"name": "Store", "address": "789 Elm St", "phone": "+96500000000"},
        "dropoff": {"name": "Customer", "address": {"area": "Salmiya", "city": "Kuwait"}, "phone": "22210000"},
        "items": [{"name": "A", "quantity": 2, "weight": 0.25}, {"name": "B", "weight": 1}],
        "notes": "Ring",
        "cod_amount": 3.5,
    }
    order = Order.objects.get(pk=int(muvx.create(body).json()["id"][3:]))
    answer = api.get(number(order)).json()
    assert answer == {
        "id": number(order),
        "tracking_number": f"FUF{order.pk:09d}",
        "status": "pending",
        "sender": {"name": "Store", "phone": "+96500000000", "address": "789 Elm St"},
        "recipient": {"name": "Customer", "phone": "22210000", "address": "Salmiya, Kuwait", "city": "Kuwait"},
        "package": {"weight": 1.5, "description": "2 × A, 1 × B"},
        "reference": "SHOP-7",
        "notes": "Ring",
        "created_at": answer["created_at"],
        "updated_at": answer["updated_at"],
    }
    assert api.cancel(f"FUF{order.pk:09d}").json()["status"] == "cancelled"
    assert muvx.get(f"orders/MOV{order.pk}/status").json()["status"] == "cancelled"


def test_a_fuuffy_order_through_muvx(api: Api, muvx: MuvxApi) -> None:
    order = placed(api.create(SAMPLE))
    answer = muvx.get(f"orders/MOV{order.pk}/status").json()
    assert (answer["id"], answer["integration_order_id"], answer["status"]) == (
        f"MOV{order.pk}",
        "ORDER-12345",
        "dispatched",
    )
    assert muvx.post(f"orders/MOV{order.pk}/cancel").json()["status"] == "cancelled"
    assert api.get(number(order)).json()["status"] == "cancelled"


def test_what_is_not_known_is_left_out(api: Api, shop: Shop) -> None:
    bare = api.get(number(make_order(shop, "A", items=()))).json()
    assert bare["package"] == {}
    assert not {"service_type", "estimated_delivery", "notes"} & set(bare)
    order = make_order(shop, "B", items=(), parcel=Parcel(Decimal("1.5"), Decimal(3), Decimal(2)))
    assert api.get(number(order)).json()["package"] == {"weight": 1.5}
    measured = Parcel(None, Decimal(3), Decimal(2), Decimal("1.5"))
    order = make_order(shop, "C", items=(), parcel=measured)
    assert api.get(number(order)).json()["package"] == {"dimensions": {"length": 3, "width": 2, "height": 1.5}}
