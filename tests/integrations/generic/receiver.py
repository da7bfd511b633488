"""A receiver of signed JSON, as somebody else would write it: with the program that our documentation gives."""

import json
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.generic.protocol import SAMPLE
from orders.statuses import Mark

SECRET = "a secret between us two"
PATH = "/receive"

documented: dict[str, Any] = {}
exec(compile(SAMPLE, "the documentation", "exec"), documented)


@dataclass
class Parcel:
    """What it has taken, with the names that the contract asks for."""

    reference: str
    body: dict[str, Any]
    status: str = "accepted"
    more: str = ""

    @property
    def order(self) -> dict[str, Any]:
        return self.body["order"]

    @property
    def dropoff_name(self) -> str:
        return self.order["dropoff"]["name"]

    @property
    def dropoff_phone(self) -> str:
        return self.order["dropoff"]["phone"]

    @property
    def dropoff_address(self) -> str:
        return self.order["dropoff"]["address"]["text"]

    @property
    def notes(self) -> str:
        return self.order["notes"]

    @property
    def cod_amount(self) -> Decimal | None:
        return self.order["cod_amount"] and Decimal(self.order["cod_amount"])


@dataclass
class Receiver:
    server: HTTPServer
    secret: str = SECRET
    parcels: dict[str, Parcel] = field(default_factory=dict)
    heard: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server.expect_request(PATH, method="POST").respond_with_handler(self.receive)

    @property
    def url(self) -> str:
        return self.server.url_for(PATH)

    def receive(self, request: Request) -> Response:
        body = request.get_data()
        if not documented["is_genuine"](self.secret, request.headers, body):
            return answer(401, {"message": "not signed by you"})
        asked = json.loads(body)
        assert asked["schema"] == "wasl.order.1"
        with self.lock:
            self.heard.append((asked, dict(request.headers)))
            match asked["action"]:
                case "check":
                    return answer(200, {})
                case "book":
                    assert request.headers["Idempotency-Key"] == asked["key"]
                    known = asked["key"] in self.parcels
                    parcel = self.parcels.setdefault(asked["key"], Parcel(f"P-{len(self.parcels) + 1}", asked))
                    found = {"reference": parcel.reference, "tracking_url": f"https://carrier.example/{asked['key']}"}
                    return answer(409 if known else 200, found)
                case _:
                    parcel = self.parcels[asked["key"]]
                    assert asked["reference"] == parcel.reference
                    if asked["action"] == "cancel":
                        if parcel.status == "delivered":
                            return answer(409, {"message": "It has been delivered."})
                        parcel.status = "cancelled"
                    return answer(200, {"status": parcel.status, "text": parcel.more})

    def bring(self, status: str, mark: str = "") -> None:
        [parcel] = self.alive
        parcel.status = f"{status}+{Mark(mark)}" if mark else status

    @property
    def alive(self) -> list[Parcel]:
        return [parcel for parcel in self.parcels.values() if parcel.status != "cancelled"]


def answer(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
