"""Shops in Baghdad, one program for each dialect: the same order in each one's words, over real HTTP."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.sides import Side

PHONE = "+9647701234567"
LAT, LNG = 33.3152, 44.3661
PRICE = 25_000

WORDS: dict[str, dict[str, Any]] = {
    "muvx": {"delivered": "delivered", "cancelled": "cancelled"},
    "ideliver": {"delivered": "delivered", "cancelled": "cancelled"},
    "fuuffy": {"delivered": "delivered", "cancelled": "cancelled"},
    "magiclane": {"delivered": (1, 4), "cancelled": (0, 3)},
    "modon": {"delivered": "4", "cancelled": "0"},
}
DIALECTS = tuple(WORDS)


@dataclass
class Shop:
    """A merchant's programs. `name` of an order is its customer's, by which it is found again on the other side."""

    side: Side
    keys: dict[str, Any]
    source: int

    def place(self, dialect: str, name: str, number: str) -> str:
        """Sends an order; what the dialect calls it."""
        method, path, body = getattr(self, f"_{dialect}")(name, number)
        status, answer = self.ask(dialect, method, path, body)
        assert 200 <= status < 300, (dialect, status, answer)
        return {
            "muvx": lambda: answer["id"],
            "ideliver": lambda: answer["order"]["id"],
            "fuuffy": lambda: answer["id"],
            "magiclane": lambda: str(answer["orders"][0]["id"]),
            "modon": lambda: answer["data"][0]["id"],
        }[dialect]()

    def status(self, dialect: str, number: str) -> Any:
        """The status word of an order, None when the dialect shows it no longer."""
        path = {
            "muvx": f"/v1/orders/{number}/status",
            "ideliver": f"/v1/orders/{number}",
            "fuuffy": f"/v1/orders/{number}",
            "magiclane": f"/v1/orders/{number}",
            "modon": f"/v1/merchant/get-orders-by-ids-bulk?ids={number}",
        }[dialect]
        status, answer = self.ask(dialect, "GET", path)
        if status == 404:
            return None
        assert status == 200, (dialect, status, answer)
        if dialect == "modon":
            return answer["data"][0]["status_id"] if answer["data"] else None
        if dialect == "magiclane":
            return answer["status"], answer["state"]
        return answer["order"]["unified_json"]["status"] if dialect == "ideliver" else answer["status"]

    def cancel(self, dialect: str, number: str) -> None:
        method, path, body = {
            "muvx": ("POST", f"/v1/orders/{number}/cancel", {}),
            "ideliver": ("POST", f"/v1/orders/{number}/cancel", {"reason": "changed my mind"}),
            "fuuffy": ("POST", f"/v1/orders/{number}/cancel", {}),
            "magiclane": ("DELETE", "/v1/orders", {"ids": [int(number) if number.isdigit() else 0]}),
            "modon": ("POST", "/v1/merchant/delete_orders", {"qr_ids": number}),
        }[dialect]
        status, answer = self.ask(dialect, method, path, body)
        assert status == 200, (dialect, status, answer)

    def ask(self, dialect: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        key, headers = self.keys[dialect], {}
        if dialect == "fuuffy":  # a static key works too; the token is the document's way
            key = key["client_secret"] if isinstance(key, dict) else key
        if dialect == "magiclane":
            headers["Authorization"] = key
        elif dialect == "modon":
            path += ("&" if "?" in path else "?") + f"token={quote(key)}"
        else:
            headers["Authorization"] = f"Bearer {key}"
        return self.side.ask(method, f"/{dialect}{path}", body, headers)

    # --- Bodies: method, path, body -----------------------------------------------------------------------------
    def _muvx(self, name: str, number: str) -> tuple[str, str, Any]:
        body = {
            "integration_order_id": number,
            "pickup": {"name": "Dijla Shop", "address": "المنصور, بغداد", "phone": PHONE},
            "dropoff": {
                "name": name,
                "address": {"city": "بغداد", "area": "شارع فلسطين", "building": "7"},
                "phone": PHONE,
                "lat": LAT,
                "lng": LNG,
            },
            "items": [{"name": "Lamp", "quantity": 1, "price": PRICE}],
            "cod_amount": PRICE,
            "auto_pickup": True,
        }
        return "POST", "/v1/orders", body

    def _ideliver(self, name: str, number: str) -> tuple[str, str, Any]:
        standardized = {
            "pickup_address": "المنصور, بغداد",
            "dropoff_address": "شارع فلسطين, بغداد",
            "customer_phone": PHONE,
            "customer_name": name,
            "dropoff_lat": LAT,
            "dropoff_lng": LNG,
            "scheduled_pickup_at": "2099-05-01T14:00:00.000Z",
            "delivery_window_start": "2099-05-01T15:00:00.000Z",
            "delivery_window_end": "2099-05-01T18:00:00.000Z",
            "cod_amount_minor": PRICE * 1000,
            "cod_currency": "IQD",
        }
        body = {"schema_version": "1", "source": "api", "external_order_id": number, "standardized": standardized}
        return "POST", "/v1/orders", body | {"raw_payload": {}}

    def _fuuffy(self, name: str, number: str) -> tuple[str, str, Any]:
        place = {"phone": PHONE, "city": "Baghdad", "country": "IQ"}
        body = {
            "sender": {"name": "Dijla Shop", "address": "Al Mansour", **place},
            "recipient": {"name": name, "address": "شارع فلسطين 7", **place},
            "package": {"weight": 1.5},
            "reference": number,
        }
        return "POST", "/v1/orders", body

    def _magiclane(self, name: str, number: str) -> tuple[str, str, Any]:
        if "customer" not in self.keys:
            wanted = {"alias": "Dijla", "location": [LAT, LNG], "phoneNumber": PHONE}
            self.keys["customer"] = self.ask("magiclane", "POST", "/v1/customers", [wanted])[1]["customers"][0]["id"]
        first, _, last = name.partition(" ")
        order = {
            "customerId": self.keys["customer"],
            "location": [LAT, LNG],
            "alias": number,
            "firstName": first,
            "lastName": last,
            "address": {"city": "بغداد", "streetName": "شارع فلسطين", "streetNumber": "7"},
            "phoneNumber": PHONE,
            "type": 1,
        }
        return "POST", "/v1/orders", [order]

    def _modon(self, name: str, number: str) -> tuple[str, str, Any]:
        body = {
            "client_name": name,
            "client_mobile": PHONE,
            "city_id": "1",
            "region_id": "1",
            "location": "near the market",
            "type_name": "ملابس",
            "items_number": "1",
            "price": str(PRICE),
            "package_size": "1",
            "replacement": "0",
            "company_order_id": number,
        }
        return "POST", "/v1/merchant/create-order", body


def open_shop(side: Side, name: str) -> Shop:
    made = side.manage("merchant", name, "--currency", "IQD", "--country", "IQ", "--timezone", "Asia/Baghdad")
    keys = made["keys"] | {"login": {"username": made["username"], "password": made["password"]}}
    return Shop(side, keys, made["source"])


def credentials(keys: dict[str, Any], provider: str) -> Any:
    """What the other side has printed, as we log in with it."""
    found = keys["login" if provider == "modon" else provider]
    return found if isinstance(found, dict) else {"api_key": found}
