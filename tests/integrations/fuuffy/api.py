"""What the Fuuffy tests share: the document's samples, and the shop's program."""

import json
from pathlib import Path
from typing import Any

from django.test import Client

from orders.models import Order
from tests.factories import Shop

EXAMPLES = Path(__file__).parents[2] / "examples" / "fuuffy"
SAMPLE = (EXAMPLES / "create.json").read_bytes()


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def minimal(**changes: Any) -> dict[str, Any]:
    return {
        "sender": {"name": "Store", "phone": "+96500000000", "address": "789 Elm St"},
        "recipient": {"name": "Customer", "phone": "+96511111111", "address": "Salmiya"},
        "package": {"weight": 1},
        **changes,
    }


class Api:
    """The shop's program: every call with its key, or with `bearer`."""

    def __init__(self, shop: Shop, bearer: str = "") -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {bearer or shop.secret}"}

    def create(self, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(minimal() if body is None else body).encode()
        return self.client.post(
            "/fuuffy/v1/orders", data, content_type="application/json", headers={**self.headers, **headers}
        )

    def get(self, number: str) -> Any:
        return self.client.get(f"/fuuffy/v1/orders/{number}", headers=self.headers)

    def cancel(self, number: str, **headers: str) -> Any:
        return self.client.post(f"/fuuffy/v1/orders/{number}/cancel", headers={**self.headers, **headers})


def placed(response: Any) -> Order:
    assert response.status_code == 201, response.content
    return Order.objects.get(public_hex=response.json()["id"].removeprefix("order_"))
