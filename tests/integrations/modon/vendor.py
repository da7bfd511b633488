"""The vendor as its document describes it: every call is answered with the document's sample."""

import json
from copy import deepcopy
from typing import Any

import pytest

from destinations.models import Destination
from integrations import accounts, http
from integrations.http import Reply
from tests.factories import Shop, make_shop
from tests.integrations.modon.api import example

OK = {"status": True, "errNum": "S000", "msg": "ok"}
REGIONS = {"1": {"508": "المنصور", "520": "الكرادة", "5755": "اخرى"}, "5": {"600": "العشار", "5429": "اخرى"}}


class Vendor:
    """`answers` by the last part of the path; `calls` are those parts, in their order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: dict[str, Any] = {
            "login": {**OK, "data": {"token": "@@token"}},
            "citys": {**OK, "data": [{"id": "1", "city_name": "بغداد"}, {"id": "5", "city_name": "البصرة"}]},
            "statuses": {**OK, "data": []},
            "create-order": example("created"),
            "merchant-orders": deepcopy(example("orders")),
            "get-orders-by-ids-bulk": deepcopy(example("orders")),
            "delete_orders": {**OK, "data": []},
        }

    def __call__(self, method: str, url: str, **options: Any) -> Reply:
        path, _, query = url.partition("?")
        call = path.rpartition("/")[2]
        self.calls.append(call)
        if call == "regions":
            found = REGIONS[query.partition("city_id=")[2].partition("&")[0]]
            body: Any = {**OK, "data": [{"id": one, "region_name": name} for one, name in found.items()]}
        else:
            body = self.answers[call]
        return Reply(400 if body.get("status") is False else 200, {}, json.dumps(body).encode())


def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    made = Vendor()
    monkeypatch.setattr(http, "send", made)
    return made


def connected(**options: Any) -> tuple[Shop, Destination]:
    shop = make_shop(currency="IQD", country="IQ", timezone="Asia/Baghdad")
    account = {"base_url": "https://vendor.example", "credentials": {"username": "u", "password": "p"}, **options}
    shop.destination = accounts.connect(shop.source, "modon", name="مودن", default=True, **account)
    return shop, shop.destination
