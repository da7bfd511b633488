"""A program for each dialect, which does what programs do: places an order, reads it, lists, cancels. Each knows the
words of its own document only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.test import Client

from destinations.models import Customer, Source
from integrations import keys
from orders.models import Order
from tests.integrations.fuuffy import api as fuuffy
from tests.integrations.ideliver import api as ideliver
from tests.integrations.modon import api as modon
from tests.integrations.muvx import api as muvx

Call = tuple[str, str, Any]  # method, path, body


@dataclass(frozen=True)
class Caller:
    """`number`: what the dialect calls an order. `create`: path and body of a new order of a source, `made` its number
    in the answer. `read`, `cancel`: the calls about an order of this number. `status` finds the status word in what
    `read` was answered; it is `pending` for an order on its way out and `cancelled` for a cancelled one. `listing`: the
    path that lists the orders, None where the dialect has none, `listings` the same with what narrows or sorts it, and
    `listed` finds the numbers in the answer. `gone` tells whether an answer to `read` means that there is no such
    order. `forgets`: a deleted order is gone. `complete` puts what only a shop can know (a customer, a date to
    come) into a body that was made up for `create`. `sign` puts the key into the call."""

    number: Callable[[Order], str]
    create: tuple[str, Callable[[Source], Any]]
    made: Callable[[Any], str]
    read: Callable[[str], Call]
    status: Callable[[Any], Any]
    cancel: Callable[[str], Call]
    pending: Any
    cancelled: Any
    listing: str | None = None
    listings: tuple[str, ...] = ()
    listed: Callable[[Any], list[str]] = lambda answer: []
    gone: Callable[[int, Any], bool] = lambda status, answer: status == 404
    forgets: bool = False
    complete: Callable[[Source, Any], Any] = lambda source, body: body
    sign: Callable[[str, str], tuple[str, dict[str, str]]] = lambda secret, path: (
        path,
        {"Authorization": f"Bearer {secret}"},
    )


CALLERS = {
    "muvx": Caller(
        number=lambda order: f"MOV{order.pk}",
        create=("/muvx/v1/orders", lambda source: muvx.minimal(auto_pickup=True)),
        made=lambda answer: answer["id"],
        read=lambda number: ("get", f"/muvx/v1/orders/{number}/status", None),
        status=lambda answer: answer["status"],
        cancel=lambda number: ("post", f"/muvx/v1/orders/{number}/cancel", None),
        pending="dispatched",
        cancelled="cancelled",
    ),
    "ideliver": Caller(
        number=lambda order: str(order.uuid),
        create=("/ideliver/v1/orders", lambda source: ideliver.minimal()),
        made=lambda answer: answer["order"]["id"],
        read=lambda number: ("get", f"/ideliver/v1/orders/{number}", None),
        status=lambda answer: answer["order"]["unified_json"]["status"],
        cancel=lambda number: ("post", f"/ideliver/v1/orders/{number}/cancel", None),
        pending="pending",
        cancelled="cancelled",
        listing="/ideliver/v1/orders",
        listings=("/ideliver/v1/orders?limit=100", "/ideliver/v1/orders?status=pending&limit=100"),
        listed=lambda answer: [order["id"] for order in answer["orders"]],
        complete=lambda source, body: ideliver.in_time(body),
    ),
    "fuuffy": Caller(
        number=lambda order: f"order_{order.public_hex}",
        create=("/fuuffy/v1/orders", lambda source: fuuffy.minimal()),
        made=lambda answer: answer["id"],
        read=lambda number: ("get", f"/fuuffy/v1/orders/{number}", None),
        status=lambda answer: answer["status"],
        cancel=lambda number: ("post", f"/fuuffy/v1/orders/{number}/cancel", None),
        pending="pending",
        cancelled="cancelled",
    ),
    "magiclane": Caller(
        number=lambda order: str(order.pk),
        create=("/magiclane/v1/orders", lambda source: [magiclane_order(source)]),
        made=lambda answer: str(answer["orders"][0]["id"]),
        read=lambda number: ("get", f"/magiclane/v1/orders/{number}", None),
        status=lambda answer: (answer["status"], answer["state"]),
        cancel=lambda number: ("delete", "/magiclane/v1/orders", {"ids": [int(number)]}),
        pending=(0, 0),
        cancelled=(0, 3),
        listing="/magiclane/v1/orders",
        listings=tuple(
            f"/magiclane/v1/orders?{query}"
            for query in (
                "page=1",
                "page=3&per_page=20&sort=creationTime:desc",
                "page=1&sort=lastName:asc,id:desc",
                "page=1&search=Customer",
                "page=1&alias=SHOP-1-7:exact",
                "page=1&city=x&phoneNumber=965",
                "includeColumns=id,orderState",
            )
        ),
        listed=lambda answer: [str(order["id"]) for order in answer["orders"]],
        forgets=True,
        complete=lambda source, body: [{**one, **known_to(source)} for one in body],
        sign=lambda secret, path: (path, {"Authorization": secret}),
    ),
    "modon": Caller(
        number=lambda order: str(order.pk),
        create=("/modon/v1/merchant/create-order", lambda source: modon.order_fields()),
        made=lambda answer: answer["data"][0]["id"],
        read=lambda number: ("get", f"/modon/v1/merchant/get-orders-by-ids-bulk?ids={number}", None),
        status=lambda answer: answer["data"][0]["status_id"],
        cancel=lambda number: ("post", "/modon/v1/merchant/delete_orders", {"qr_ids": number}),
        pending="1",
        cancelled="0",
        listing="/modon/v1/merchant/merchant-orders",
        listed=lambda answer: [order["id"] for order in answer["data"]],
        gone=lambda status, answer: status == 200 and answer["data"] == [],
        forgets=True,
        sign=lambda secret, path: (f"{path}{'&' if '?' in path else '?'}token={quote(secret)}", {}),
    ),
}


def known_to(source: Source) -> dict[str, Any]:
    """An order needs a customer that there is."""
    customer = Customer.objects.create(merchant=source.merchant, alias="Magic Customer", lat=48.87, lng=2.35)
    return {"customerId": customer.pk, "depotId": 0}


def magiclane_order(source: Source) -> dict[str, Any]:
    return {"location": [48.870852, 2.356148], "firstName": "Magic", "type": 1} | known_to(source)


class Program:
    """A caller with a key of its own for one source."""

    def __init__(self, dialect: str, source: Source, *, is_test: bool = True) -> None:
        self.dialect, self.caller, self.source = dialect, CALLERS[dialect], source
        _, self.secret = keys.issue(source, dialect, is_test=is_test)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        path, headers = self.caller.sign(self.secret, path)
        return Client().generic(method.upper(), path, data, content_type="application/json", headers=headers)

    def place(self) -> str:
        """The new order's number."""
        path, body = self.caller.create
        response = self.send("post", path, body(self.source))
        assert 200 <= response.status_code < 300, response.content
        return self.caller.made(response.json())

    def listed(self) -> list[str]:
        """The numbers of the orders that this program sees."""
        assert self.caller.listing
        response = self.send("get", self.caller.listing)
        assert response.status_code == 200
        return self.caller.listed(json.loads(response.getvalue()))

    def gone(self, response: Any) -> bool:
        return self.caller.gone(response.status_code, response.json())
