"""What the Modon tests share: the document's samples, and the shop's program."""

import json
from pathlib import Path
from typing import Any

from django.test import Client

from orders.models import Order
from tests.factories import Shop, make_shop

EXAMPLES = Path(__file__).parents[2] / "examples" / "modon"
CALLS = "/modon/v1/merchant/"
RECEIPT = "/modon/merchant/print-single-tcpdf"
NO_ACCESS = {"status": False, "errNum": "21", "msg": "ليس لديك صلاحية الوصول"}


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def order_fields(**changes: Any) -> dict[str, Any]:
    return {**example("create"), **changes}


def make_modon_shop(*, is_test: bool = True, **merchant: Any) -> Shop:
    """Of the documents' own: fee 4000, and a pick-up point."""
    profile = {"currency": "IQD", "country": "IQ", "timezone": "Asia/Baghdad", "delivery_fee": 4000} | merchant
    shop = make_shop(dialect="modon", is_test=is_test, **profile)
    shop.source.pickup_name, shop.source.pickup_phone = "متجر دجلة", "+9647700000000"
    shop.source.pickup_address = "بغداد, المنصور"
    shop.source.save()
    shop.key.source.refresh_from_db()
    return shop


class Api:
    """The shop's program: every call with its token in the query, bodies as multipart forms as in the document."""

    def __init__(self, shop: Shop, token: str | None = None) -> None:
        self.client = Client()
        self.token = shop.secret if token is None else token

    def get(self, call: str, **query: Any) -> Any:
        return self.client.get(CALLS + call, {"token": self.token, **query})

    def post(self, call: str, fields: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.post(CALLS + call, fields or {}, query_params={"token": self.token}, headers=headers)

    def post_json(self, call: str, fields: Any, **headers: str) -> Any:
        return self.client.post(
            CALLS + call,
            json.dumps(fields),
            content_type="application/json",
            query_params={"token": self.token},
            headers=headers,
        )

    def create(self, **changes: Any) -> Order:
        """An order like the document's."""
        return Order.objects.get(pk=data(self.post("create-order", order_fields(**changes)))[0]["qr_id"])


def body_of(response: Any) -> Any:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert response["Content-Type"] == "application/json"
    return json.loads(content)


def data(response: Any) -> Any:
    """What a successful answer has."""
    body = body_of(response)
    assert response.status_code == 200, body
    assert list(body) == ["status", "errNum", "msg", "data"]
    assert (body["status"], body["errNum"], body["msg"]) == (True, "S000", "ok")
    return body["data"]


def refused(response: Any, status: int = 400) -> str:
    """The text of an answer with errNum "999"."""
    body = body_of(response)
    assert response.status_code == status, body
    assert list(body) == ["status", "errNum", "msg"]
    assert (body["status"], body["errNum"]) == (False, "999")
    assert isinstance(body["msg"], str)
    assert body["msg"]
    assert not any(word in body["msg"].lower() for word in ("token", "login", "auth", "دخول"))
    return body["msg"]


def denied(response: Any) -> None:
    assert (response.status_code, body_of(response)) == (400, NO_ACCESS)
