"""What the Muvx tests share: the shop's program, and orders brought to where a test needs them."""

import json
from typing import Any

from django.test import Client

from orders.changes import change, locked
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Failure, Status
from tests.factories import Shop


def minimal(**changes: Any) -> dict[str, Any]:
    return {
        "integration_order_id": "SHOP-1",
        "pickup": {"name": "Store", "address": "789 Elm St", "phone": "+96500000000"},
        "dropoff": {"name": "Customer", "address": {"area": "Salmiya"}, "phone": "+96511111111"},
        **changes,
    }


class Api:
    """The shop's program: every call with its key."""

    def __init__(self, shop: Shop, mount: str = "/muvx") -> None:
        self.client, self.mount = Client(), mount
        self.headers = {"Authorization": f"Bearer {shop.secret}"}

    def create(self, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(minimal() if body is None else body).encode()
        return self.client.post(
            f"{self.mount}/v1/orders", data, content_type="application/json", headers={**self.headers, **headers}
        )

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        extra.setdefault("content_type", "application/json")
        return self.client.post(f"{self.mount}/v1/{path}", data, headers=self.headers, **extra)

    def get(self, path: str) -> Any:
        return self.client.get(f"{self.mount}/v1/{path}", headers=self.headers)


def placed(response: Any) -> Order:
    assert response.status_code == 200, response.content
    return Order.objects.get(pk=int(response.json()["id"][3:]))


def put_at(order: Order, status: str, **fields: Any) -> Order:
    """The order as if a carrier had brought it there."""
    if status == Status.FAILED:
        fields = {"failure": Failure.DELIVERY, **fields}
    return change(locked(order), OrderEvent.Kind.PROGRESS, SYSTEM, status=status, **{"release_at": None, **fields})
