"""create-order, as the document has it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations.models import PackageSize, Region
from orders.models import Order
from orders.statuses import Status
from tests.contract import DialectContract
from tests.factories import Shop
from tests.integrations.modon.api import (
    CALLS,
    Api,
    body_of,
    data,
    denied,
    example,
    make_modon_shop,
    order_fields,
    refused,
)


class TestContract(DialectContract):
    create_path = CALLS + "create-order"
    unknown_path = CALLS + "nothing"
    sample = example("create")
    wrong_type_status = 400

    @pytest.fixture
    def shop(self, db: None) -> Shop:
        return make_modon_shop()

    def headers(self, shop: Shop) -> dict[str, str]:
        return {"Authorization": f"Bearer {shop.secret}"}

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        if status == 401:
            denied(response)
        else:
            refused(response, status)
        return body_of(response)


# --- The answer -----------------------------------------------------------------------------------------------------
def test_the_sample(api: Api, shop: Shop) -> None:
    then = datetime(2024, 8, 10, 20, 59, 59, tzinfo=UTC)
    with mock.patch("orders.actions.timezone.now", return_value=then):
        response = api.post("create-order", order_fields())
    answer = body_of(response)
    order = Order.objects.get()
    expected = example("created")
    [made] = expected["data"]
    token = answer["data"][0]["qr_link"].rpartition("=")[2]
    made |= {
        "city_id": "1",
        "region_id": "1",
        "merchant_id": str(shop.merchant.pk),
        "current_city": "0",
        "merchant_city": "0",
        "qr_id": order.pk,
        "pickup_id": "0",
        "pickup_created_at": "0000-00-00 00:00:00",
        "id": str(order.pk),
        "qr_link": f"http://127.0.0.1:8000/modon/merchant/print-single-tcpdf?id={order.pk}&token={token}",
    }
    assert response.status_code == 200
    assert list(answer["data"][0]) == list(made)
    assert answer == expected
    assert {name: type(value) for name, value in answer["data"][0].items() if type(value) is not str} == dict.fromkeys(
        ["type_id", "cash_fee", "company_price", "merchant_price", "qr_id"], int
    )
    assert shop.secret not in json.dumps(answer)


def test_what_is_stored(api: Api, shop: Shop) -> None:
    order = api.create(company_order_id="A-7", promo_code="SUMMER", something="else", replacement="1")
    assert (order.merchant, order.source, order.is_test, order.dialect) == (shop.merchant, shop.source, True, "modon")
    assert (order.reference, order.external_id, order.currency, order.cod_amount) == ("A-7", "", "IQD", 25000)
    assert (order.dropoff_name, order.dropoff_phone) == ("client name", "+9647700000000")
    assert order.dropoff_address == "بغداد, شارع فلسطين, market"
    assert order.dropoff_parts == {
        "city": "بغداد", "city_id": "1", "region": "شارع فلسطين", "region_id": "1", "location": "market",
    }  # fmt: skip
    assert (order.pickup_name, order.pickup_phone) == ("متجر دجلة", "+9647700000000")
    assert [(item.name, item.quantity) for item in order.items.all()] == [("ملابس", 1)]
    assert order.extras == {
        "client_mobile2": "+9647700000000", "package_size": "1", "replacement": "1", "promo_code": "SUMMER",
    }  # fmt: skip
    assert order.raw_payload["something"] == "else"
    assert "token" not in order.raw_payload
    assert order.status == Status.DISPATCHED
    assert order.notes == "عدم فتح القطعة"


def test_the_object_for_programs_that_only_understand_it(api: Api, shop: Shop) -> None:
    shop.source.settings = {"modon_create_reply": "object"}
    shop.source.save()
    made = data(api.post("create-order", order_fields()))
    assert list(made) == list(example("created")["data"][0])
    edited = data(api.post("edit-order", order_fields(qr_id=made["qr_id"], location="elsewhere")))
    assert edited["location"] == "elsewhere"


@pytest.mark.parametrize(
    ("price", "fee"), [(1_000_000, 0), (1_000_001, 1250), (1_250_000, 1250), (1_250_001, 1500), (5_000_000, 5000)]
)
def test_the_cash_fee_of_much_money(api: Api, price: int, fee: int) -> None:
    [made] = data(api.post("create-order", order_fields(price=str(price))))
    assert (made["cash_fee"], made["merchant_price"]) == (fee, price - 4000)


def test_the_fee_of_a_merchant_with_another_currency(db: None) -> None:
    shop = make_modon_shop(currency="KWD", country="KW", delivery_fee=Decimal("1.5"))
    [made] = data(Api(shop).post("create-order", order_fields()))
    assert (made["company_price"], made["merchant_price"]) == (5000, 20000)
    assert Order.objects.get().delivery_fee == 5000


def test_a_small_price_and_none_at_all(api: Api) -> None:
    [made] = data(api.post("create-order", order_fields(price="0")))
    assert (made["price"], made["merchant_price"]) == ("0", -4000)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+9647712345678", "07712345678"), ("009647712345678", "07712345678"), ("07712345678", "07712345678"), ("", "")],
)
def test_the_merchants_mobile_is_in_its_national_form(api: Api, shop: Shop, phone: str, shown: str) -> None:
    shop.source.pickup_phone = phone
    shop.source.save()
    assert data(api.post("create-order", order_fields()))[0]["merchant_mobile"] == shown


def test_optional_fields(api: Api) -> None:
    fields = order_fields(client_mobile2="", merchant_notes="لا يوجد")
    del fields["location"]
    [made] = data(api.post("create-order", fields))
    assert (made["location"], made["client_mobile2"], made["merchant_notes"]) == ("", "", "لا یوجد")
    assert made["merchant_notes"].encode() == "لا یوجد".encode()
    assert Order.objects.get().notes == ""


# --- What is refused ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(set(example("create")) - {"client_mobile2", "location", "merchant_notes"}))
def test_required_fields(api: Api, name: str) -> None:
    fields = order_fields()
    del fields[name]
    assert refused(api.post("create-order", fields)).startswith(f"{name}: ")
    assert refused(api.post("create-order", order_fields(**{name: ""}))).startswith(f"{name}: ")
    assert refused(api.post_json("create-order", order_fields(**{name: None}))).startswith(f"{name}: ")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_mobile", "07700000000"),
        ("client_mobile", "+964770000000"),
        ("client_mobile", "+96477000000001"),
        ("client_mobile", "+9647٧00000000"),
        ("client_mobile", "+9647700000000\n1"),
        ("city_id", "99"),
        ("city_id", "x"),
        ("city_id", "99999999999"),
        ("region_id", "5407"),  # of city 2
        ("region_id", "123456"),
        ("package_size", "99"),
        ("price", "-1"),
        ("price", "2500.5"),
        ("price", "25,000"),
        ("price", "1000000000000"),
        ("items_number", "0"),
        ("items_number", "2147483648"),
        ("replacement", "2"),
        ("client_name", "x" * 256),
        ("location", "x" * 1001),
        ("type_name", "x" * 501),
        ("merchant_notes", "x" * 2001),
        ("company_order_id", "x" * 256),
    ],
)
def test_refused_values(api: Api, name: str, value: str) -> None:
    assert refused(api.post("create-order", order_fields(**{name: value}))).startswith(f"{name}: ")
    assert not Order.objects.exists()


# --- Bodies of any kind ---------------------------------------------------------------------------------------------
def send(shop: Shop, body: bytes, content_type: str | None) -> Any:
    extra: dict[str, Any] = {} if content_type is None else {"content_type": content_type}
    return Client().generic("POST", CALLS + "create-order", body, query_params={"token": shop.secret}, **extra)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/plain", "", "nonsense"],
)
def test_every_kind_of_body_under_every_content_type(shop: Shop, content_type: str) -> None:
    fields = order_fields()
    multipart = "".join(
        f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    for body in (urlencode(fields), json.dumps(fields), "\ufeff" + json.dumps(fields), multipart + "--xYz--\r\n"):
        [made] = data(send(shop, body.encode(), content_type))
        assert (made["type_name"], made["merchant_notes"]) == ("ملابس", "عدم فتح القطعة")


def test_json_numbers_and_texts_are_the_same(api: Api) -> None:
    fields = order_fields(city_id=1, region_id=1, items_number=2, price=25000.0, package_size=1, replacement=False)
    [made] = data(api.post_json("create-order", fields))
    assert (made["items_number"], made["price"], made["package_size"], made["city_id"]) == ("2", "25000", "1", "1")


def test_files_are_read_past(shop: Shop) -> None:
    parts = [
        *(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in order_fields().items()),
        'Content-Disposition: form-data; name="photo"; filename="../x.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01',
    ]
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    data(send(shop, body.encode(), "multipart/form-data; boundary=b"))
    assert "photo" not in Order.objects.get().raw_payload


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=%00", "application/x-www-form-urlencoded"),
        (b"a=1&" * 101, "application/x-www-form-urlencoded"),
        (b"{", "text/plain"),
        (b'{"a": "\\u0000"}', "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\n\x00", "multipart/form-data; boundary=" + "b" * 300),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\x00\r\n--b--\r\n', "multipart/form-data"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            b"=\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
        (
            b"".join(b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n' % n for n in range(101))
            + b"--b--",
            "multipart/form-data; boundary=b",
        ),
        (b"", ""),
    ],
)
def test_unreadable_bodies(shop: Shop, body: bytes, content_type: str) -> None:
    refused(send(shop, body, content_type))


# --- Once -----------------------------------------------------------------------------------------------------------
def test_the_same_key_gets_the_same_answer(api: Api) -> None:
    first, second = (api.post("create-order", order_fields(), **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert data(first) == data(second)
    assert Order.objects.count() == 1
    refused(api.post("create-order", order_fields(price="1"), **{"Idempotency-Key": "k1"}))
    refused(api.post("create-order", order_fields(), **{"Idempotency-Key": "k" * 256}))
    # A program that has got itself a new token is still the same shop.
    assert data(api.post("create-order", order_fields(token="old"), **{"Idempotency-Key": "k1"})) == data(first)


def test_it_takes_few_statements(api: Api) -> None:
    api.create()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        api.create()
    assert len([one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) - 1 <= 8
    with CaptureQueriesContext(connection) as queries:
        api.post("create-order", order_fields())
    assert len([one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) <= 8


def test_places_of_an_operator(api: Api) -> None:
    Region.objects.create(pk=9001, city_id=5, name="العشار")
    PackageSize.objects.create(pk=7, name="ثلاجة")
    order = api.create(city_id="5", region_id="9001", package_size="7")
    [row] = data(api.get("get-orders-by-ids-bulk", ids=order.pk))
    assert (row["city_name"], row["region_name"], row["package_size"]) == ("البصرة", "العشار", "ثلاجة")
