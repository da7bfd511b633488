"""Modon, as seen by somebody whose program is broken: never a 500, always the envelope."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import IdempotencyKey
from integrations.modon import words
from orders.models import Order, OrderEvent, OrderItem
from tests.contract import strict
from tests.integrations.modon.api import CALLS, NO_ACCESS, RECEIPT, Api, data, example, order_fields
from tests.integrations.muvx.test_hostile import anything

FIELDS = [*example("create"), "company_order_id", "promo_code", "qr_id", "ids", "token", "username", "password"]
POSTS = ["create-order", "edit-order", "delete_orders", "get-orders-by-ids-bulk", "login", "citys"]
GETS = ["merchant-orders", "get-orders-by-ids-bulk", "regions", "get_merchant_invoice_orders"]
hard = settings(
    max_examples=150, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("unlimited")


def check(response: Any) -> bool:
    """Whether it was accepted; anything but an answer in the documented shape fails."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    body = strict(content)
    if response.status_code == 200:
        assert list(body) == ["status", "errNum", "msg", "data"]
        return True
    assert response.status_code in (400, 405, 413, 429), body
    if body != NO_ACCESS:
        assert list(body) == ["status", "errNum", "msg"]
        assert (body["status"], body["errNum"]) == (False, "999")
        assert not any(word in body["msg"].lower() for word in words.MISLEADING)
    return False


@hard
@given(st.lists(st.tuples(st.sampled_from(FIELDS), anything), min_size=1, max_size=2), st.booleans())
def test_any_value_in_a_json_body(api: Api, changes: list[tuple[str, Any]], twice: bool) -> None:
    body = {**order_fields(), **dict(changes)}
    Order.objects.all().delete()
    for _ in range(1 + twice):
        response = api.post_json("create-order", body, **{"Idempotency-Key": "k"} if twice else {})
        made = check(response)
    IdempotencyKey.objects.all().delete()
    assert (Order.objects.count(), OrderEvent.objects.count(), OrderItem.objects.count()) == (made, made, made)
    if made:
        [answer] = response.json()["data"]
        [row] = data(api.get("merchant-orders"))
        assert {name: row[name] for name in row if name in answer and name not in ("package_size", "qr_id")} == {
            name: answer[name] for name in row if name in answer and name not in ("package_size", "qr_id")
        }
        assert check(api.post_json("edit-order", {**body, "qr_id": answer["qr_id"]}))
        response = Client().get(RECEIPT, {"id": answer["id"], "token": api.token})
        assert response.content.startswith(b"%PDF")


@hard
@given(st.sampled_from(POSTS), st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30), max_size=4))
def test_any_text_in_a_form(api: Api, call: str, fields: dict[str, str]) -> None:
    encoded = urlencode({name: value.encode("utf-8", "replace") for name, value in fields.items()}).encode()
    path = f"{CALLS}{call}?token={api.token}"
    check(Client().post(path, encoded, content_type="application/x-www-form-urlencoded"))
    check(api.post(call, {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}))


@hard
@given(st.sampled_from(POSTS), anything, st.sampled_from(["application/json", "text/plain", "multipart/form-data"]))
def test_any_json(api: Api, call: str, body: Any, content_type: str) -> None:
    check(Client().post(f"{CALLS}{call}?token={api.token}", json.dumps(body), content_type=content_type))
    check(Client().post(f"{CALLS}{call}", json.dumps(body), content_type=content_type))


@hard
@given(
    st.sampled_from(POSTS),
    st.binary(max_size=60),
    st.sampled_from(["", "multipart/form-data; boundary=b", "application/json; charset=utf-16", "multipart/form-data"]),
    st.booleans(),
)
def test_any_bytes(api: Api, call: str, body: bytes, content_type: str, parted: bool) -> None:
    sent = b"--b\r\nContent-Disposition: form-data; " + body if parted else body
    check(Client().generic("POST", f"{CALLS}{call}?token={api.token}", sent, content_type=content_type))


@hard
@given(st.sampled_from(GETS), st.dictionaries(st.sampled_from(["ids", "id", "city_id", "invoice_id"]), st.text()))
def test_any_query(api: Api, call: str, query: dict[str, str]) -> None:
    api.create()
    check(api.get(call, **{name: value.encode("utf-8", "replace") for name, value in query.items()}))
    Order.objects.all().delete()


@hard
@given(st.text())
def test_any_token(db: None, token: str) -> None:
    for path in (CALLS + "statuses", CALLS + "citys", RECEIPT):
        check(Client().get(path, {"token": token.encode("utf-8", "replace"), "id": "1"}))
