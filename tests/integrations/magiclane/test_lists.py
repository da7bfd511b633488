"""Magic Lane's document: Get All Orders, its filters, sorting, columns and pages."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from integrations import keys
from orders.drafts import Address, Item, OrderDraft, Stop, Window
from orders.models import Order
from orders.statuses import Failure, Status
from tests.factories import Shop, make_draft, make_order, make_shop
from tests.integrations.magiclane.api import CUSTOMERS, Api, listed, make_depot, message, minimal, statements
from tests.integrations.muvx.api import put_at

FIRST = {
    "alias": "Alpha 100%", "firstName": "Amal", "lastName": "Haddad", "phoneNumber": "+1202555018",
    "address": {"country": "France", "state": "IDF", "county": "Seine", "city": "Paris", "postalCode": "75010",
                "streetName": "Rue de Rivoli", "streetNumber": "2", "extra": "Door"},
    "customData": "Ring_twice", "type": 0, "status": 0, "state": 1, "priority": 1, "timeWindow": [420, 1086],
    "serviceTime": 300, "revenue": 12, "weight": 5.1, "cube": 2.5, "numberOfPackages": 3,
}  # fmt: skip


@pytest.fixture
def numbers(api: Api, shop: Shop) -> list[int]:
    """Three orders: one with everything, one with little, one that came through Muvx."""
    depot = make_depot(shop.merchant)
    second = {"location": [-33.5, 151.25], "customerId": CUSTOMERS[1], "alias": "Beta", "type": 1}
    response = api.create(minimal(**FIRST, depotId=depot.pk), minimal(**second))
    assert response.status_code == 200, response.content
    muvx = make_order(
        shop,
        "SHOP-9",
        dropoff=Stop(
            "Sara Al Ali",
            "22210000",
            Address(
                "Salmiya, Block 3", {"city": "Kuwait", "street": "Al Muqawil", "building": "21A", "postal_code": "1"}
            ),
            lat=29.3,
            lng=48.0,
        ),
        notes="Leave it",
        window=Window(start=datetime(2025, 7, 2, 6, 30, tzinfo=UTC), end=datetime(2025, 7, 2, 9, 0, tzinfo=UTC)),
        items=(Item("A", 2, weight_kg=Decimal("0.25")), Item("B", weight_kg=Decimal(1))),
    )
    return [*(order["id"] for order in response.json()["orders"]), muvx.pk]


def places(api: Api, numbers: list[int], **asked: Any) -> list[int]:
    """Which of the three are found, in the order of the answer."""
    return [numbers.index(order["id"]) for order in listed(api.get(**asked))]


# --- Filters --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("alias", "ALPHA", [0]), ("alias", "alpha:exact", []), ("alias", "Alpha 100%:exact", [0]), ("alias", "%", [0]),
        ("alias", "_", []), ("alias", "shop-9", [2]), ("alias", "SHOP-9:exact", [2]), ("alias", "", [0, 1, 2]),
        ("firstName", "ama", [0]), ("firstName", "Sara:exact", [2]), ("firstName", "Magic", []),
        ("firstName", ":exact", [1]),
        ("lastName", "had", [0]), ("lastName", "Al Ali:exact", [2]), ("lastName", ":exact", [1]),
        ("location", "48.870852,2.356148:exact", [0]), ("location", "[48.870852, 2.35", [0]),
        ("location", "151.25", [1]), ("location", "29.3,48:exact", [2]),
        ("country", "fra", [0]), ("state", "IDF:exact", [0]), ("county", "sein", [0]), ("city", "kuw", [2]),
        ("city", ":exact", [1]), ("postalCode", "75010:exact", [0]), ("postalCode", "1:exact", [2]),
        ("streetName", "muqawil", [2]), ("streetName", "rivoli", [0]), ("streetNumber", "2", [0, 2]),
        ("extra", "door:exact", []), ("extra", "Door:exact", [0]), ("extra", "block 3", [2]), ("extra", ":exact", [1]),
        ("phoneNumber", "555", [0]), ("phoneNumber", "22210000:exact", [2]), ("phoneNumber", ":exact", [1]),
        ("type", "0", [0]), ("type", "1", [1, 2]), ("type", "x", []),
        ("status", "0", [0, 1, 2]), ("status", "1", []), ("orderState", "1", [0]), ("orderState", "0:exact", [1, 2]),
        ("timeWindowStart", "42", [0]), ("timeWindowStart", "0:exact", [1]), ("timeWindowStart", "570:exact", [2]),
        ("timeWindowEnd", "1086:exact", [0]), ("timeWindowEnd", "1439", [1]), ("timeWindowEnd", "720:exact", [2]),
        ("priority", "1", [0]), ("priority", "0", [1, 2]),
        ("customData", "g_t", [0]), ("customData", "Leave it:exact", [2]),
        ("customerId", f"{CUSTOMERS[0]}:exact", [0]), ("customerId", "8722", [1]), ("customerId", "0:exact", [2]),
        ("depotId", "0:exact", [1, 2]), ("depotId", "x:exact", []), ("id", "x:exact", []), ("id", "x", []),
        ("id", "9" * 30 + ":exact", []), ("id", "٧:exact", []),
        ("search", "alpha", [0]), ("search", "haddad", [0]), ("search", "rivoli", [0]), ("search", "555018", [0, 1]),
        ("search", "sara", [2]), ("search", "nobody", []), ("search", "", [0, 1, 2]),
        ("serviceTime", "300", [0, 1, 2]), ("latitude", "x", [0, 1, 2]), ("unheardOf", "x", [0, 1, 2]),
    ],
)  # fmt: skip
def test_filters(api: Api, numbers: list[int], name: str, value: str, found: list[int]) -> None:
    assert places(api, numbers, **{name: value}) == found


def test_filters_by_numbers_of_our_own(api: Api, numbers: list[int]) -> None:
    assert places(api, numbers, id=f"{numbers[1]}:exact") == [1]
    assert places(api, numbers, id=f"0{numbers[1]}:exact") == []
    assert places(api, numbers, id=str(numbers[1])[2:]) == [1]
    depot = Order.objects.get(pk=numbers[0]).depot_id
    assert places(api, numbers, depotId=f"{depot}:exact") == [0]
    for shown in listed(api.get()):
        assert shown["id"] in [one["id"] for one in listed(api.get(creationTime=f"{shown['creationTimestamp']}:exact"))]


def test_filters_together(api: Api, numbers: list[int]) -> None:
    assert places(api, numbers, type=1, city="kuwait") == [2]
    assert places(api, numbers, type=1, search="alpha") == []


STATES = [
    *((status, {}) for status in Status if status not in (Status.FAILED, Status.CANCELLING)),
    (Status.FAILED, {"failure": Failure.DISPATCH}),
    (Status.FAILED, {"failure": Failure.DELIVERY}),
    (Status.CANCELLING, {"status_before": "picked_up"}),
    (Status.CANCELLING, {"status_before": "failed"}),
]


@pytest.mark.parametrize(("status", "fields"), STATES)
def test_status_filters_find_what_is_shown(api: Api, shop: Shop, status: str, fields: dict[str, Any]) -> None:
    order = make_order(shop)
    put_at(order, status, **fields)
    shown = api.get(f"orders/{order.pk}").json()
    for name, value in (("status", shown["status"]), ("orderState", shown["state"])):
        for wanted in range(6):
            assert bool(listed(api.get(**{name: wanted}))) == (wanted == value)


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ({}, [0, 1439]),
        ({"start": datetime(2025, 7, 2, 20, 0, tzinfo=UTC)}, [1380, 1439]),
        ({"end": datetime(2025, 7, 2, 20, 0, tzinfo=UTC)}, [0, 1380]),
        # Over midnight in Kuwait: up to the end of the first day.
        (
            {"start": datetime(2025, 7, 2, 20, 0, tzinfo=UTC), "end": datetime(2025, 7, 2, 22, 0, tzinfo=UTC)},
            [1380, 1439],
        ),
    ],
)
def test_windows_of_orders_that_came_another_way(api: Api, shop: Shop, window: Any, shown: list[int]) -> None:
    order = make_order(shop, window=Window(**window))
    assert api.get(f"orders/{order.pk}").json()["timeWindow"] == shown
    asked = {"timeWindowStart": f"{shown[0]}:exact", "timeWindowEnd": f"{shown[1]}:exact"}
    assert [one["timeWindow"] for one in listed(api.get(**asked))] == [shown]


# --- Sorting, columns, pages ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("alias:desc", [2, 1, 0]), ("alias", [0, 1, 2]), ("type:desc,id:desc", [2, 1, 0]),
        ("type:asc,alias:desc", [0, 2, 1]),
        ("latitude:asc", [1, 2, 0]), ("longitude:desc", [1, 2, 0]), ("firstName:desc", [2, 0, 1]),
        ("lastName:asc", [1, 2, 0]), ("city:desc", [0, 2, 1]), ("phoneNumber:desc", [2, 0, 1]),
        ("timeWindowStart:desc", [2, 0, 1]), ("timeWindowEnd:asc", [2, 0, 1]), ("creationTime:desc, id:asc", [2, 0, 1]),
        ("serviceTime:desc", [0, 1, 2]), ("priority:asc", [1, 2, 0]), ("customData:desc", [0, 2, 1]),
        ("customerId:asc", [2, 0, 1]), ("depotId:desc", [0, 1, 2]), ("extra:asc", [1, 0, 2]), ("", [0, 1, 2]),
        ("country:desc", [0, 1, 2]), ("state:desc", [0, 1, 2]), ("county:desc", [0, 1, 2]),
        ("postalCode:desc", [0, 2, 1]), ("streetName:asc", [1, 2, 0]), ("streetNumber:desc", [2, 0, 1]),
    ],
)  # fmt: skip
def test_sorting(api: Api, numbers: list[int], sort: str, order: list[int]) -> None:
    assert places(api, numbers, sort=sort) == order


@pytest.mark.parametrize(
    "sort", ["nothing:asc", "alias:up", "location:asc", "alias:asc:desc", "weight:asc", "a\x00:asc"]
)
def test_sorting_by_what_is_not_there(api: Api, numbers: list[int], sort: str) -> None:
    message(api.get(sort=sort))


def test_columns(api: Api, numbers: list[int]) -> None:
    def keys_of(columns: str) -> dict[str, Any]:
        return listed(api.get(includeColumns=columns, id=f"{numbers[0]}:exact"))[0]

    assert keys_of("id, alias") == {"id": numbers[0], "alias": "Alpha 100%"}
    assert keys_of("packages,orderState,weight,cube,revenue") == {
        "state": 1, "numberOfPackages": 3, "weight": 5.1, "cube": 2.5, "revenue": 12,
    }  # fmt: skip
    assert keys_of("latitude") == {"location": [48.870852, 2.356148]}
    assert keys_of("city,extra") == {"address": {"city": "Paris", "extra": "Door"}}
    assert keys_of("timeWindowEnd") == {"timeWindow": [420, 1086]}
    assert list(keys_of("creationTime,customerId,depotId")) == ["creationTimestamp", "customerInfo", "depotId"]
    assert keys_of("customerId")["customerInfo"]["alias"] == "Magic Customer"
    names = (
        "id,alias,firstName,lastName,phoneNumber,type,timeWindowStart,timeWindowEnd,serviceTime,creationTime,packages,"
        "revenue,cube,weight,priority,status,orderState,customerId,depotId,latitude,longitude,country,state,county,city,"
        "postalCode,streetName,streetNumber,extra"
    )
    whole = api.get(f"orders/{numbers[0]}").json()
    del whole["customData"]  # no column of the document's
    assert keys_of(names) == whole
    assert "customData" in keys_of("")
    for unknown in ("nothing", "id,numberOfPackages", "location"):
        message(api.get(includeColumns=unknown))


def test_pages(api: Api) -> None:
    created = [order["id"] for order in api.create(*[minimal()] * 60).json()["orders"]]

    def page(**asked: Any) -> list[int]:
        return [order["id"] for order in listed(api.get(**asked))]

    assert page() == created
    assert page(page=1) == created[:50]
    assert page(page=2) == created[50:]
    assert page(page=3, per_page=25) == created[50:]
    assert page(per_page=7) == created[:7]
    assert page(page=4, per_page=25) == page(page=10**40, per_page=10**40) == []
    assert page(page=2, per_page=2, sort="id:desc") == [created[-3], created[-4]]


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["0", "-1", "", "x", "1.5", "٣", "00", "+1"])
def test_pages_that_are_none(api: Api, name: str, value: str) -> None:
    assert message(api.get(**{name: value})) == f"{name} must be an integer greater than 0."


def test_an_empty_list(api: Api) -> None:
    response = api.get()
    assert (b"".join(response.streaming_content), response["Content-Type"]) == (b'{"orders":[]}', "application/json")


def test_a_list_is_one_query_however_long(api: Api, shop: Shop) -> None:
    counts = []
    for size in (1, 450):
        api.create(*[minimal()] * size)
        for number in range(5):
            make_order(shop, f"SHOP-{size}-{number}", window=Window(start=datetime(2025, 7, 2, tzinfo=UTC)))
        with statements() as caught:
            assert len(listed(api.get(sort="alias:asc", city="", search=""))) >= size
        counts.append(len(caught))
    assert counts[0] == counts[1] == 1


@pytest.mark.django_db(transaction=True)
def test_a_list_outside_a_transaction(shop: Shop) -> None:
    """The cursor is the server's; the rows come as they are read."""
    api = Api(shop)
    api.create(*[minimal(alias=str(number)) for number in range(2100)])
    response = api.get()
    assert [one["alias"] for one in listed(response)] == [str(number) for number in range(2100)]


# --- Whose, and of which kind ---------------------------------------------------------------------------------------
def test_lists_show_ones_own_of_ones_own_kind(api: Api, shop: Shop, numbers: list[int]) -> None:
    _, live = keys.issue(shop.source, "magiclane", is_test=False)
    stranger = make_shop(dialect="magiclane")
    for other in (Api(stranger), Api(shop, live)):
        assert listed(other.get()) == listed(other.get(search="alpha")) == []
        assert message(other.get(f"orders/{numbers[0]}"), 404) == "Order not found in database."
        message(other.put(numbers[0], {"alias": "x"}), 404)
        message(other.delete(numbers[0]), 404)
    order = make_order(stranger)
    assert len(listed(api.get())) == 3
    assert api.get(f"orders/{order.pk}").status_code == 404


@pytest.mark.parametrize(
    ("number", "status"), [("1", 404), ("9" * 19, 404), ("9" * 40, 404), ("x", 400), ("-1", 400), ("٣", 400)]
)
def test_numbers_in_paths(api: Api, number: str, status: int) -> None:
    for method in ("GET", "PUT"):
        for path in ("orders", "customers", "misc-locations"):
            message(api.call(method, f"{path}/{quote(number)}", {}), status)


def test_wrong_methods(api: Api, numbers: list[int]) -> None:
    one = f"orders/{numbers[0]}"
    for method, path in (("PATCH", one), ("PUT", "orders"), ("DELETE", one), ("POST", one), ("OPTIONS", "orders")):
        assert message(api.call(method, path), 405) == "Incorrect method type."


# --- Orders that came another way -----------------------------------------------------------------------------------
def test_a_muvx_order(api: Api, shop: Shop, numbers: list[int]) -> None:
    shown = api.get(f"orders/{numbers[2]}").json()
    assert shown == {
        "id": numbers[2],
        "creationTimestamp": shown["creationTimestamp"],
        "customerInfo": {
            "id": 0, "alias": "", "firstName": "Store", "lastName": "",
            "address": {"country": "", "state": "", "county": "", "city": "", "postalCode": "", "streetName": "",
                        "streetNumber": "", "extra": "789 Elm St, Kuwait City"},
            "email": "", "phoneNumber": "+96500000000", "location": [0, 0], "customData": "",
        },
        "location": [29.3, 48],
        "alias": "SHOP-9",
        "firstName": "Sara",
        "lastName": "Al Ali",
        "address": {"country": "", "state": "", "county": "", "city": "Kuwait", "postalCode": "1",
                    "streetName": "Al Muqawil", "streetNumber": "21A", "extra": "Salmiya, Block 3"},
        "phoneNumber": "22210000",
        "customData": "Leave it",
        "type": 1, "status": 0, "state": 0, "priority": 0,
        "numberOfPackages": 0, "weight": 1.5, "cube": 0, "revenue": 0,
        "timeWindow": [570, 720], "serviceTime": 0, "depotId": 0,
    }  # fmt: skip
    assert listed(api.get(id=f"{numbers[2]}:exact")) == [shown]


def test_a_weight_is_known_only_if_each_item_has_one(api: Api, shop: Shop) -> None:
    items = (Item("A", weight_kg=Decimal(1)), Item("B"))
    order = make_order(shop, items=items)
    assert api.get(f"orders/{order.pk}").json()["weight"] == 0
    order = make_order(shop, "none", items=())
    assert api.get(f"orders/{order.pk}").json()["weight"] == 0


def test_a_draft_of_another_dialect_with_extras_of_the_same_name(api: Api, shop: Shop) -> None:
    draft: OrderDraft = make_draft(extras={"customer": "x", "type": 0})
    order = make_order(shop, extras=draft.extras)
    shown = api.get(f"orders/{order.pk}").json()
    assert (shown["type"], shown["customerInfo"]["id"]) == (1, 0)
    assert listed(api.get(customerId="0:exact")) == [shown]
