"""Magic Lane, as seen by somebody whose program is broken: never a 500, always the documented shape."""

import copy
import json
from contextlib import suppress
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destinations.models import Customer, Depot
from integrations.magiclane import columns
from integrations.models import IdempotencyKey
from orders.models import Order, OrderEvent
from tests.contract import strict
from tests.factories import Shop
from tests.integrations.magiclane.api import CUSTOMERS, Api, example, listed, made, make_depot, message, minimal
from tests.integrations.magiclane.test_places import CUSTOMER, DEPOT
from tests.integrations.muvx.test_hostile import anything, paths

COMPLETE = example("create")[:1]
COMPLETE[0]["address"]["extra"] = ""
SHAPE = list(example("one"))
hostile = settings(
    max_examples=150, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
changes = st.lists(st.tuples(st.sampled_from(list(paths(COMPLETE[0]))), anything), min_size=1, max_size=2)


def spoilt(body: Any, found: list[tuple[tuple[Any, ...], Any]]) -> Any:
    body = copy.deepcopy(body)
    for path, value in found:
        with suppress(KeyError, IndexError, TypeError):  # the first change may have taken the place of the second
            reduce(getitem, path[:-1], body)[path[-1]] = value
    return body


def check(response: Any) -> bool:
    """Whether it was done."""
    if response.status_code == 200:
        strict(response.content)
        return True
    message(response)
    return False


@hostile
@given(changes, st.booleans())
def test_any_value_anywhere_in_a_post(api: Api, found: list[Any], twice: bool) -> None:
    body = spoilt(COMPLETE[0], found)
    Order.objects.all().delete()
    for _ in range(1 + twice):
        response = api.create(body, **{"Idempotency-Key": "k"} if twice else {})
        done = check(response)
    IdempotencyKey.objects.all().delete()
    assert (Order.objects.count(), OrderEvent.objects.count()) == (done, done)
    if done:
        shown = made(response)
        assert list(shown) == SHAPE
        assert api.get(f"orders/{shown['id']}").json() == shown
        assert listed(api.get()) == [shown]
        # What is shown is taken back as it is, and means nothing new.
        assert api.put(shown["id"], shown).json() == shown
        assert OrderEvent.objects.count() == 1


@hostile
@given(changes)
def test_any_value_anywhere_in_a_put(api: Api, found: list[Any]) -> None:
    Order.objects.all().delete()
    shown = made(api.create(minimal()))
    response = api.put(shown["id"], spoilt({**shown, **COMPLETE[0]}, found))
    if check(response):
        assert api.get(f"orders/{shown['id']}").json() == response.json()
        assert listed(api.get()) == [response.json()]
    else:
        assert api.get(f"orders/{shown['id']}").json() == shown


@hostile
@given(st.sampled_from([("customers", CUSTOMER), ("misc-locations", DEPOT)]), st.data())
def test_any_value_anywhere_in_a_place(api: Api, kind: tuple[str, Any], data: Any) -> None:
    path, sample = kind
    found = data.draw(st.lists(st.tuples(st.sampled_from(list(paths(sample))), anything), min_size=1, max_size=2))
    body = spoilt(sample, found)
    response = api.call("POST", path, [body])
    if check(response):
        [shown] = next(iter(response.json().values()))
        assert api.get(f"{path}/{shown['id']}").json() == shown
        assert check(api.call("PUT", f"{path}/{shown['id']}", shown))
        assert api.get(f"{path}/{shown['id']}").json() == shown
    Customer.objects.exclude(pk__in=CUSTOMERS).delete()
    Depot.objects.all().delete()


@hostile
@given(anything, st.sampled_from(["POST", "DELETE"]), st.sampled_from(["orders", "customers", "misc-locations"]))
def test_any_body(api: Api, body: Any, method: str, path: str) -> None:
    response = api.call(method, path, json.dumps(body).encode())
    if method == "DELETE" and response.status_code == 404:
        message(response, 404)
    else:
        check(response)


NAMES = sorted({*columns.ORDERS.columns, "search", "sort", "includeColumns", "page", "per_page", "autoAssignDepot"})
text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["%", "_", "\\", "'", '"', ":exact", "1:exact", "9" * 25, "id:asc", "-1", "\x00"]),
)


@hostile
@given(
    st.dictionaries(st.sampled_from(NAMES), text, max_size=3),
    st.sampled_from(["orders", "customers", "misc-locations"]),
)
def test_any_address(api: Api, shop: Shop, asked: dict[str, str], path: str) -> None:
    if not Order.objects.exists():
        make_depot(shop.merchant)
        api.create(*example("create"))
    response = api.get(path, **{name: value.encode("utf-8", "surrogatepass") for name, value in asked.items()})
    if response.status_code == 200:
        listed(response, "miscLocations" if path == "misc-locations" else path)
    else:
        message(response)


@pytest.mark.parametrize(
    "query", ["%00=1", "alias=%ff", "alias=%ed%a0%80", "&&&=", "alias=1&alias=2", "sort=" + "id,," * 500]
)
def test_odd_addresses(api: Api, query: str) -> None:
    assert listed(api.get(f"orders?{query}")) == []


@pytest.mark.parametrize("number", ["1e-400", "1e-99999999", "0.0000001", "99.99999999999999999999", "0.0005", "1E+2"])
def test_numbers_at_the_edge(api: Api, number: str) -> None:
    for name in ("weight", "cube", "revenue"):
        response = api.call(
            "POST", "orders", f'[{{"customerId":{CUSTOMERS[0]},"location":[1,1],"{name}":{number}}}]'.encode()
        )
        assert check(response), response.content
        shown = made(response)
        assert api.put(shown["id"], shown).json() == shown


@pytest.mark.parametrize("number", ["1e400", "9" * 400, "1" + "0" * 4000, "-1e300", "1e308"])
def test_numbers_beyond_the_edge(api: Api, number: str) -> None:
    fields = ("weight", "serviceTime", "revenue", "customerId", "depotId", "numberOfPackages")
    for body in (f'"location":[{number},1]', f'"timeWindow":[0,{number}]', *(f'"{name}":{number}' for name in fields)):
        message(api.call("POST", "orders", f'[{{"customerId":{CUSTOMERS[0]},"location":[1,1],{body}}}]'.encode()))
