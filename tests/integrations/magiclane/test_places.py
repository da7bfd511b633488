"""Magic Lane's customers and misc. locations."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from destinations.models import Customer, Depot
from integrations import keys
from orders.models import Order
from tests.factories import Shop, make_shop
from tests.integrations.magiclane.api import (
    CUSTOMERS,
    Api,
    listed,
    made,
    make_depot,
    message,
    minimal,
    placed,
    statements,
)

ADDRESS = {
    "country": "France", "state": "Île-de-France", "county": "Paris", "city": "Paris", "postalCode": "75010",
    "streetName": "Rue Gustave Goublier", "streetNumber": "2",
}  # fmt: skip
CUSTOMER = {
    "alias": "Magic Customer", "firstName": "Magic", "lastName": "Customer", "address": {**ADDRESS, "extra": "B"},
    "email": "magiccustomer@example.com", "phoneNumber": "+1202555018", "location": [48.870852, 2.356148],
    "customData": "x",
}  # fmt: skip
DEPOT = {"isDepot": True, "alias": "Depot 1", "location": [48.870569, 2.356448], "address": ADDRESS}
KINDS = [("customers", "customers", CUSTOMER), ("misc-locations", "miscLocations", DEPOT)]
both = pytest.mark.parametrize(("path", "name", "sample"), KINDS)


@pytest.fixture
def shop(db: None) -> Shop:
    """Without customers."""
    return make_shop(dialect="magiclane")


def add(api: Api, path: str, *bodies: Any, **headers: str) -> Any:
    return api.call("POST", path, list(bodies), **headers)


# --- Both -----------------------------------------------------------------------------------------------------------
@both
def test_added_and_read(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    second = {"location": [1, 2]}
    response = add(api, path, sample, second)
    found = response.json()[name]
    assert (response.status_code, list(response.json())) == (200, [name])
    assert found[0] == {"id": found[0]["id"], **sample}
    assert list(found[0]) == ["id", *sample]
    assert found[1]["location"] == [1, 2]
    assert found[1]["address"] == dict.fromkeys(ADDRESS, "")
    assert listed(api.get(path), name) == found
    for one in found:
        assert api.get(f"{path}/{one['id']}").json() == one


@both
def test_changed(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    number = add(api, path, sample).json()[name][0]["id"]
    for change in ({"alias": "New"}, {"location": [3, 4.5]}, {"address": {**ADDRESS, "city": "Lyon"}}, {"alias": None}):
        response = api.call("PUT", f"{path}/{number}", change)
        assert (response.status_code, response.json()) == (200, {"message": "Operation done successfully"})
    expected = {**sample, "id": number, "alias": "New", "location": [3, 4.5], "address": {**ADDRESS, "city": "Lyon"}}
    assert api.get(f"{path}/{number}").json() == expected
    assert api.call("PUT", f"{path}/{number}", {**sample, "id": 5}).status_code == 200
    assert api.get(f"{path}/{number}").json() == {"id": number, **sample}


@both
def test_deleted_with_a_bare_array(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    numbers = [one["id"] for one in add(api, path, sample, sample, sample).json()[name]]
    text = message(api.call("DELETE", path, [numbers[0], 999_999]), 404)
    assert text == f"Can't delete {name} because at least one of them does not exist or is used in another operation."
    response = api.call("DELETE", path, [numbers[0], numbers[1], numbers[1]])
    assert (response.status_code, response.json()) == (200, {"message": "Operation done successfully"})
    assert [one["id"] for one in listed(api.get(path), name)] == numbers[2:]
    message(api.get(f"{path}/{numbers[0]}"), 404)
    message(api.call("DELETE", path, [numbers[0]]), 404)
    for body in ({"ids": numbers}, [], ["1"], 1, [None]):
        assert message(api.call("DELETE", path, body)).startswith("ids: ")


@both
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"location": None}, "location"),
        ({"location": [0, 0]}, "location"),
        ({"location": [100, 0]}, "location"),
        ({"alias": 1}, "alias"),
        ({"address": []}, "address"),
    ],
)
def test_what_is_refused(
    api: Api, path: str, name: str, sample: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    assert message(add(api, path, sample, {**sample, **change})).startswith(f"{name}[1].{field}: ")
    assert listed(api.get(path), name) == []
    number = add(api, path, sample).json()[name][0]["id"]
    assert message(api.call("PUT", f"{path}/{number}", change)).startswith(f"{field}: ")
    bare = {key: value for key, value in sample.items() if key != "location"}
    assert message(add(api, path, bare)) == f"{name}[0].location: The coordinates are not set."
    for body in (sample, {}, [], [1], "x"):
        message(api.call("POST", path, body))
    assert len(listed(api.get(path), name)) == 1


@both
def test_a_stranger_sees_nothing(api: Api, shop: Shop, path: str, name: str, sample: dict[str, Any]) -> None:
    number = add(api, path, sample).json()[name][0]["id"]
    stranger = Api(make_shop(dialect="magiclane"))
    message(stranger.get(f"{path}/{number}"), 404)
    message(stranger.call("PUT", f"{path}/{number}", {"alias": "x"}), 404)
    message(stranger.call("DELETE", path, [number]), 404)
    assert listed(stranger.get(path), name) == []
    message(Api(shop, "wrong").get(path), 401)
    # A live key sees the same ones.
    _, live = keys.issue(shop.source, "magiclane", is_test=False)
    assert listed(Api(shop, live).get(path), name) == listed(api.get(path), name) == [{"id": number, **sample}]


@both
def test_the_other_list_has_other_ids(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    number = add(api, path, sample).json()[name][0]["id"]
    other = next(other for other, _, _ in KINDS if other != path)
    message(api.get(f"{other}/{number}"), 404)


@both
def test_an_idempotency_key(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    first = add(api, path, sample, **{"Idempotency-Key": "k"})
    assert add(api, path, sample, **{"Idempotency-Key": "k"}).content == first.content
    assert len(listed(api.get(path), name)) == 1
    message(add(api, path, sample, sample, **{"Idempotency-Key": "k"}), 409)


@both
def test_as_many_statements_for_many_as_for_one(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    counts = []
    for size in (1, 100):  # Django deletes by the hundred
        with statements() as caught:
            found = add(api, path, *[sample] * size).json()[name]
            assert len(listed(api.get(path), name)) >= size
            assert api.call("DELETE", path, [one["id"] for one in found]).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]


# --- Lists ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"alias": "magic"}, [0]), ({"alias": "Magic Customer:exact"}, [0]), ({"alias": "magic:exact"}, []),
        ({"email": "EXAMPLE.com"}, [0]), ({"phoneNumber": "555"}, [0]), ({"customData": "x:exact"}, [0]),
        ({"city": "par"}, [0]), ({"extra": "B:exact"}, [0]), ({"location": "1,2:exact"}, [1]),
        ({"firstName": ":exact"}, [1]), ({"search": "goublier"}, [0]), ({"search": "zzz"}, []), ({"search": "%"}, []),
        ({"sort": "alias:asc"}, [1, 0]), ({"sort": "latitude:desc"}, [0, 1]), ({"sort": "city:desc,id:asc"}, [0, 1]),
        ({"page": 2, "per_page": 1}, [1]), ({"isDepot": "true"}, [0, 1]), ({"unheardOf": "x"}, [0, 1]),
    ],
)  # fmt: skip
def test_customers_are_found(api: Api, asked: dict[str, Any], found: list[int]) -> None:
    numbers = [one["id"] for one in add(api, "customers", CUSTOMER, {"location": [1, 2]}).json()["customers"]]
    assert [numbers.index(one["id"]) for one in listed(api.get("customers", **asked), "customers")] == found
    assert [one["id"] for one in listed(api.get("customers", id=f"{numbers[1]}:exact"), "customers")] == numbers[1:]


@pytest.mark.parametrize(("value", "found"), [("true", [0]), ("1", [0]), ("FALSE:exact", [1]), ("0", [1]), ("x", [])])
def test_depots_among_misc_locations(api: Api, value: str, found: list[int]) -> None:
    response = add(api, "misc-locations", DEPOT, {**DEPOT, "isDepot": False})
    numbers = [one["id"] for one in response.json()["miscLocations"]]
    shown = listed(api.get("misc-locations", isDepot=value), "miscLocations")
    assert [numbers.index(one["id"]) for one in shown] == found


@both
def test_columns_and_mistakes(api: Api, path: str, name: str, sample: dict[str, Any]) -> None:
    number = add(api, path, sample).json()[name][0]["id"]
    assert listed(api.get(path, includeColumns="id,city,latitude"), name) == [
        {"id": number, "location": sample["location"], "address": {"city": "Paris"}}
    ]
    for asked in ({"sort": "weight"}, {"includeColumns": "weight"}, {"page": 0}, {"per_page": "x"}, {"alias": "\x00"}):
        message(api.get(path, **asked))


# --- Rules of each --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("email", ["x", "a@", "@example.com", "a b@example.com", "a" * 250 + "@x.com"])
def test_an_email_in_the_wrong_format(api: Api, email: str) -> None:
    assert message(add(api, "customers", {**CUSTOMER, "email": email})).startswith("customers[0].email: ")


def test_a_phone_in_the_wrong_format(api: Api) -> None:
    assert message(add(api, "customers", {**CUSTOMER, "phoneNumber": "x"})).startswith("customers[0].phoneNumber: ")


def test_is_depot_is_a_boolean_and_true_unless_said(api: Api) -> None:
    assert message(add(api, "misc-locations", {**DEPOT, "isDepot": 1})).startswith("miscLocations[0].isDepot: ")
    assert add(api, "misc-locations", {"location": [1, 2]}).json()["miscLocations"][0]["isDepot"] is True


def test_a_deleted_depot_is_0_in_its_orders(api: Api, shop: Shop) -> None:
    customer = Customer.objects.create(merchant=shop.merchant, lat=1, lng=1)
    depot = make_depot(shop.merchant)
    order = placed(api.create(minimal(customerId=customer.pk, depotId=depot.pk, type=1)))
    assert api.call("DELETE", "misc-locations", [depot.pk]).status_code == 200
    assert api.get(f"orders/{order.pk}").json()["depotId"] == 0
    order.refresh_from_db()
    assert order.pickup_name == "Depot"  # it starts there all the same
    assert not Depot.objects.exists()


def test_new_customers_take_orders(api: Api) -> None:
    number = add(api, "customers", CUSTOMER).json()["customers"][0]["id"]
    shown = made(api.create(minimal(customerId=number)))
    assert shown["customerInfo"] == {"id": number, **CUSTOMER}
    assert Order.objects.get().customer_id == number
    assert message(api.create(minimal(customerId=CUSTOMERS[0]))) == "orders[0].customerId: Customer not found."


def test_the_database_knows_the_earth(shop: Shop) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_depot(shop.merchant, lat=91)
