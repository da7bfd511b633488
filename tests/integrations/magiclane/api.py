"""What the Magic Lane tests share: the document's samples, and the shop's program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations.models import Customer, Depot, Merchant
from orders.models import Order
from tests.contract import strict
from tests.factories import Shop

EXAMPLES = Path(__file__).parents[2] / "examples" / "magiclane"
# The ids of the document's sample.
CUSTOMERS = (1838721, 1838722)


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def make_customers(merchant: Merchant) -> None:
    """The customers of the document's sample, as its answer shows them."""
    for order in example("created")["orders"]:
        shown = order["customerInfo"]
        Customer.objects.create(
            pk=shown["id"],
            merchant=merchant,
            alias=shown["alias"],
            first_name=shown["firstName"],
            last_name=shown["lastName"],
            email=shown["email"],
            phone=shown["phoneNumber"],
            lat=shown["location"][0],
            lng=shown["location"][1],
        )


def make_depot(merchant: Merchant, alias: str = "Depot", lat: float = 48.9, lng: float = 2.4, **fields: Any) -> Depot:
    return Depot.objects.create(merchant=merchant, alias=alias, lat=lat, lng=lng, **fields)


def minimal(**changes: Any) -> dict[str, Any]:
    return {"customerId": CUSTOMERS[0], "location": [48.870852, 2.356148], **changes}


class Api:
    """The shop's program: every call with its key."""

    def __init__(self, shop: Shop, secret: str = "") -> None:
        self.client = Client()
        self.headers = {"Authorization": secret or shop.secret}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method, f"/magiclane/v1/{path}", data, "application/json", headers={**self.headers, **headers}
        )

    def create(self, *orders: Any, **headers: str) -> Any:
        return self.call("POST", "orders", list(orders), **headers)

    def get(self, path: str = "orders", **asked: Any) -> Any:
        return self.call("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def put(self, number: Any, body: Any, query: str = "", **headers: str) -> Any:
        return self.call("PUT", f"orders/{number}{query}", body, **headers)

    def delete(self, *numbers: Any, **headers: str) -> Any:
        return self.call("DELETE", "orders", {"ids": list(numbers)}, **headers)


def made(response: Any) -> dict[str, Any]:
    """The first order of an answer."""
    assert response.status_code == 200, response.content
    return response.json()["orders"][0]


def placed(response: Any) -> Order:
    return Order.objects.get(pk=made(response)["id"])


def listed(response: Any, name: str = "orders") -> list[dict[str, Any]]:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200, body
    found = strict(body)
    assert list(found) == [name]
    return found[name]


def message(response: Any, status: int = 400) -> str:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = strict(response.content)
    assert list(body) == ["message"]
    assert body["message"]
    return body["message"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile, but for the key, which each process knows for a while."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as caught:
        yield found
    found += [query["sql"] for query in caught if "apikey" not in query["sql"] and "SAVEPOINT" not in query["sql"]]
