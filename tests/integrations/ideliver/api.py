"""What the iDeliver tests share: the document's sample, and the shop's program."""

import json
from pathlib import Path
from typing import Any

from django.test import Client

from destinations.models import CoverageZone
from integrations import keys
from integrations.ideliver.serializers import TIMES
from orders.models import Order
from tests.factories import Shop

EXAMPLES = Path(__file__).parents[2] / "examples" / "ideliver"
SAMPLE = (EXAMPLES / "create.json").read_bytes()


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def minimal(number: str = "A-1", *, source: str = "api", **standardized: Any) -> dict[str, Any]:
    return {
        "schema_version": "1",
        "source": source,
        "external_order_id": number,
        "standardized": {
            "pickup_address": "12 Bode Thomas Street, Surulere, Lagos",
            "dropoff_address": "14 Awolowo Road, Ikoyi, Lagos",
            "customer_phone": "+2348011122233",
            "scheduled_pickup_at": "2099-05-01T14:00:00.000Z",
            "delivery_window_start": "2099-05-01T15:00:00.000Z",
            "delivery_window_end": "2099-05-01T18:00:00.000Z",
            **standardized,
        },
    }


def in_time(body: dict[str, Any]) -> dict[str, Any]:
    """The same body with times that are to come, in their order."""
    times = {name: value for name, value in minimal()["standardized"].items() if name in TIMES}
    return body | {"standardized": body["standardized"] | times}


def without(*names: str, **changes: Any) -> dict[str, Any]:
    body = minimal(**changes)
    for name in names:
        del body["standardized"][name]
    return body


class Api:
    """The shop's program: every call with its key, or with `bearer`."""

    def __init__(self, shop: Shop | None = None, bearer: str = "") -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {bearer or (shop and shop.secret)}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method,
            f"/ideliver/{path}",
            data,
            content_type="application/json",
            headers={**self.headers, **headers},
        )

    def create(self, body: Any = None, **headers: str) -> Any:
        return self.call("POST", "v1/orders", minimal() if body is None else body, **headers)

    def get(self, path: str) -> Any:
        return self.call("GET", f"v1/{path}")

    def read(self, number: Any) -> dict[str, Any]:
        response = self.get(f"orders/{number}")
        assert response.status_code == 200, response.content
        return response.json()["order"]

    def patch(self, number: Any, body: Any) -> Any:
        return self.call("PATCH", f"v1/orders/{number}", body)

    def cancel(self, number: Any, body: Any = None) -> Any:
        return self.call("POST", f"v1/orders/{number}/cancel", body)


def placed(response: Any, status: int = 201) -> Order:
    assert response.status_code == status, response.content
    return Order.objects.get(uuid=response.json()["order"]["id"])


def refused(response: Any, status: int = 400) -> tuple[str, str | None]:
    """The error's code, and the field that it is about."""
    assert response.status_code == status, response.content
    body = response.json()
    assert list(body)[:2] == ["error", "message"]
    assert body["message"]
    return body["error"], body.get("details", {}).get("field")


def word(api: Api, order: Order) -> str:
    return api.read(order.uuid)["unified_json"]["status"]


def make_zone(shop: Shop, name: str = "Lagos", west: float = 3, south: float = 6, **fields: Any) -> CoverageZone:
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    area = {"type": "Polygon", "coordinates": [ring]}
    zone = CoverageZone.objects.create(merchant=shop.merchant, name=name, geojson=area, **fields)
    keys._cache.clear()
    return zone
