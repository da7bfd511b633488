"""iDeliver: listing orders."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from destinations.models import Rider
from integrations import keys
from integrations.models import ApiKey
from orders import actions
from orders.drafts import Item
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Mark, Status
from tests.factories import Shop, make_order, make_shop
from tests.filling import copy_orders
from tests.integrations.ideliver.api import Api, minimal, placed, refused


def listed(api: Api, **query: Any) -> list[str]:
    response = api.client.get("/ideliver/v1/orders", query, headers=api.headers)
    assert response.status_code == 200, response.content
    return [one["external_order_id"] for one in response.json()["orders"]]


def test_newest_first_with_all_that_one_order_shows(api: Api, shop: Shop) -> None:
    orders = [placed(api.create(minimal(f"A-{number}"))) for number in range(3)]
    body = api.get("orders").json()
    assert list(body) == ["orders", "next_cursor"]
    assert body["next_cursor"] is None
    assert body["orders"] == [api.read(order.uuid) for order in reversed(orders)]


def test_pages_hold_each_order_once_also_when_new_ones_come(api: Api, shop: Shop) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(7):
        make_order(shop, f"A-{number}")
    Order.objects.update(created_at=moment)  # one moment: the id decides
    seen, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = api.client.get("/ideliver/v1/orders", query, headers=api.headers).json()
        seen.append([one["external_order_id"] for one in page["orders"]])
        make_order(shop, f"new-{len(seen)}")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [["A-6", "A-5", "A-4"], ["A-3", "A-2", "A-1"], ["A-0"]]


def test_limits(api: Api, shop: Shop) -> None:
    for number in range(103):
        make_order(shop, f"A-{number}")
    assert len(listed(api)) == 50
    assert len(listed(api, limit=100)) == len(listed(api, limit=101)) == len(listed(api, limit="9" * 30)) == 100
    assert len(listed(api, limit="1")) == 1


def test_filters(api: Api, shop: Shop) -> None:
    placed(api.create(minimal("A-1", source="shopify")))
    placed(api.create(minimal("A-11")))
    make_order(shop, "MUVX-1")
    assert listed(api, external_order_id="A-1") == ["A-1"]
    assert listed(api, external_order_id="1") == []
    assert listed(api, external_order_id="MUVX-1", source="muvx") == ["MUVX-1"]
    assert listed(api, source="shopify") == ["A-1"]
    assert listed(api, source="nowhere") == []
    assert listed(api, status="pending", limit=2) == ["MUVX-1", "A-11"]
    assert len(listed(api, is_test="true")) == 3
    assert listed(api, is_test="false") == []
    assert len(listed(api, unknown="x", status="", cursor="")) == 3


def test_times(api: Api, shop: Shop) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for number in range(3):
        order = make_order(shop, f"A-{number}")
        Order.objects.filter(pk=order.pk).update(created_at=moment + timedelta(hours=number))
    assert listed(api, created_from="2026-01-01T13:00:00Z") == ["A-2", "A-1"]
    assert listed(api, created_to="2026-01-01T13:00:00.000Z") == ["A-0"]
    assert listed(api, created_from="2026-01-01T14:00:00+01:00", created_to="2026-01-01T14:00:00Z") == ["A-1"]
    # A plus sign that nobody escaped.
    plus = api.get("orders?created_from=2026-01-01T15:00:00+01:00").json()["orders"]
    assert [one["external_order_id"] for one in plus] == ["A-2"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", "٣"),
        ("cursor", "x"),
        ("cursor", "é"),
        ("cursor", "MjAyNi0wMS0wMVQwMDowMDowMCAx"),  # no offset
        ("cursor", "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="),
        ("is_test", "perhaps"),
        ("created_from", "yesterday"),
        ("created_to", "2026-01-01T00:00:00"),
        ("status", "a\x00b"),
        ("source", "\x00"),
        ("external_order_id", "\x00"),
    ],
)
def test_what_cannot_be_understood(api: Api, shop: Shop, name: str, value: str) -> None:
    make_order(shop)
    response = api.client.get("/ideliver/v1/orders", {name: value}, headers=api.headers)
    assert refused(response) == ("validation_error", name)


def test_strangers_and_other_worlds_are_not_listed(api: Api, shop: Shop) -> None:
    make_order(shop, "mine")
    make_order(make_shop(), "foreign")
    _, live = keys.issue(shop.source, "ideliver", is_test=False)
    assert listed(api) == listed(api, external_order_id="mine") == ["mine"]
    assert listed(Api(shop, live)) == listed(Api(shop, live), is_test="true") == []
    assert listed(api, external_order_id="foreign") == []


def test_a_constant_number_of_statements(api: Api, shop: Shop) -> None:
    rider = Rider.objects.create(merchant=shop.merchant, name="Tunde Bello")
    ApiKey.objects.all().update(last_used_at=datetime.now(UTC) + timedelta(minutes=1))

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(api, status="pending", limit=100)
        return len(captured)

    placed(api.create())
    listed(api)
    few = statements()
    for number in range(20):
        make_order(shop, f"M-{number}", items=(Item("A"), Item("B")), rider=rider)
        placed(api.create(minimal(f"I-{number}", rider_id=str(rider.uuid))))
    assert statements() == few == 2


def test_pages_of_one_status_word(api: Api, shop: Shop) -> None:
    """The word is that of two statuses, and of what some callers have said; the page is in one order all the same."""
    for number in range(6):
        order = make_order(shop, f"A-{number}", hold=number % 3 == 0)
        if number % 3 == 1:
            actions.say_status(order, SYSTEM, dialect="ideliver", said="pending", status=None)
    put_aside = make_order(shop, "B-1")
    actions.say_status(put_aside, SYSTEM, dialect="ideliver", said="at the depot", status=None)
    assert {status for [status] in Order.objects.values_list("status")} == {Status.CREATED, Status.DISPATCHED}
    first = api.get("orders?status=pending&limit=4").json()
    assert [one["external_order_id"] for one in first["orders"]] == ["A-5", "A-4", "A-3", "A-2"]
    assert listed(api, status="pending", limit=4, cursor=first["next_cursor"]) == ["A-1", "A-0"]
    assert listed(api, status="at the depot") == ["B-1"]


COMMON, RARE = ("pending",), ("delivered", "in_transit_delayed", "at the depot", "unheard of")


@pytest.fixture
def many(shop: Shop) -> Shop:
    """20,000 orders of the merchant's, all pending but a few, and as many of another's."""
    stranger = make_shop()
    for owner in (shop, stranger):
        make_order(owner)
    copy_orders(20_000)
    for word, fields in (
        ("delivered", {"status": Status.DELIVERED}),
        ("in_transit_delayed", {"status": Status.IN_TRANSIT, "mark": Mark.DELAYED}),
        ("at the depot", {"said_status": {"ideliver": "at the depot"}}),
    ):
        order = make_order(shop, word)
        Order.objects.filter(pk=order.pk).update(**fields)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_order")
    return shop


def test_no_status_is_looked_for_in_all_orders(many: Shop, api: Api) -> None:
    api.get("orders")  # the key is in the cache
    for word in (*COMMON, *RARE):
        with CaptureQueriesContext(connection) as captured:
            api.get(f"orders?status={word}&limit=10")
        [statement] = [one["sql"] for one in captured if '"orders_order"."created_at" DESC' in one["sql"]]
        assert len(listed(api, status=word, limit=10)) == (10 if word in COMMON else int(word != "unheard of"))
        assert rows_read(statement) <= 60, word


def rows_read(statement: str) -> int:
    """How many rows the database looks at for the statement, found in the plan. None is looked for in a whole table."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [[[plan]]] = cursor.fetchall()
    scans = [node for node in walk(plan["Plan"]) if "Scan" in node["Node Type"] and "Plans" not in node]
    assert "Seq Scan" not in [node["Node Type"] for node in scans]
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans)


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from walk(inner)
