"""The receipt: who may see it, and what is on it. (How Arabic looks was judged by eye: here is what a machine can.)"""

import logging
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import segno
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pypdf import PageObject, PdfReader

from integrations import keys
from integrations.modon import auth, receipt
from orders.models import Order
from tests.factories import Shop, make_order
from tests.integrations.modon.api import RECEIPT, Api, data, denied, make_modon_shop, order_fields, refused


def page_of(response: Any) -> PageObject:
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")
    [page] = PdfReader(BytesIO(response.content)).pages
    return page


def ask(order: Order | int, token: str) -> Any:
    return Client().get(RECEIPT, {"id": order.pk if isinstance(order, Order) else order, "token": token})


def follow(link: str) -> Any:
    assert link.startswith("http://127.0.0.1:8000/modon/merchant/print-single-tcpdf?id=")
    return Client().get(link.removeprefix(settings.WASL_URL))


def test_the_link_of_the_answer_opens_the_receipt(api: Api) -> None:
    [made] = data(api.post("create-order", order_fields(client_name="Ali Kareem", price="1250000")))
    response = follow(made["qr_link"])
    page = page_of(response)
    text = page.extract_text().replace("\u200e", "")
    for shown in (
        str(made["qr_id"]),
        "Ali Kareem",
        "+9647700000000",
        "1,250,000",
        "market",
        made["merchant_created_at"],
    ):
        assert shown in text
    assert [float(side) for side in page.mediabox[2:]] == pytest.approx([297.64, 419.53], abs=0.1)
    assert response["Content-Disposition"] == f'inline; filename="receipt-{made["qr_id"]}.pdf"'
    fonts = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert len(fonts) == 2
    assert all("NotoSansArabic" in name for name in fonts)


def test_the_qr_code_is_the_orders(api: Api) -> None:
    order = api.create()
    [image] = page_of(ask(order, api.token)).images
    expected = [list(row) for row in segno.make(str(order.pk), error="m", micro=False).matrix_iter(scale=8, border=4)]
    picture = image.image.convert("L")
    assert picture.size == (len(expected), len(expected))
    found = [[int(picture.getpixel((x, y)) < 128) for x in range(picture.width)] for y in range(picture.height)]
    assert found == expected


def test_who_may_see_it(api: Api, shop: Shop) -> None:
    order, other = api.create(), api.create()
    link = parse_qs(urlsplit(data(api.post("create-order", order_fields()))[0]["qr_link"]).query)
    assert set(link) == {"id", "token"}
    assert shop.secret not in link["token"]
    page_of(ask(order, shop.secret))
    page_of(ask(order, auth.receipt_token(order)))
    stranger = make_modon_shop()
    _, live = keys.issue(shop.source, "modon", is_test=False)
    for token in ("", "x", auth.receipt_token(other), stranger.secret[:-1]):
        denied(ask(order, token))
    for token in (stranger.secret, live):
        refused(ask(order, token))
    refused(ask(1, shop.secret))
    denied(Client().get(RECEIPT))
    denied(Client().get(RECEIPT, {"id": "x", "token": "x"}))
    refused(Client().get(RECEIPT, {"id": "x", "token": shop.secret}))
    # It opens nothing else.
    denied(Api(shop, auth.receipt_token(order)).get("statuses"))
    data(api.post("delete_orders", {"qr_ids": order.pk}))
    for token in (shop.secret, auth.receipt_token(order)):
        refused(ask(order, token))


def test_both_forms_of_the_path(api: Api) -> None:
    page_of(Client().get(f"{RECEIPT}/", {"id": api.create().pk, "token": api.token}))


def test_an_order_of_another_dialect(shop: Shop) -> None:
    order = make_order(shop, currency="KWD", cod_amount=Decimal("3.5"))
    text = page_of(ask(order, shop.secret)).extract_text()
    for shown in ("3.500 KWD", "Product A", "Customer", "Salmiya, Block 3"):
        assert shown in text


HOSTILE = [
    "x" * 1000,
    "و" * 1000,
    "قرب جامع الرحمن " * 60,
    "😀👨‍👩‍👧‍👦 \u202eabc\u2066 \u200f\u0007\x1b[31m",
    "\u0301" * 200,
    "漢字 ไทย हिन्दी",
    "a\r\n\tb\u2028c\ufffd\U0010ffff",
    "+9647700000000 (هاتف) 5:30 — “(”",
    "<b>x</b> **y** __z__ {nb} \\ %s",
    "\u00ad",
    "ـ",
    "+",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(api: Api, text: str, caplog: pytest.LogCaptureFixture) -> None:
    order = api.create()
    fields = {"dropoff_name": text[:255], "notes": (text * 3)[:2000], "dropoff_phone": text[:64], "pickup_name": text}
    fields["pickup_name"] = text[:255]
    order.dropoff_parts = {**order.dropoff_parts, "location": text, "city": text, "region": text}
    order.items.update(name=text[:500])
    for name, value in fields.items():
        setattr(order, name, value)
    order.save()
    with caplog.at_level(logging.WARNING):
        assert str(order.pk) in page_of(ask(order, api.token)).extract_text()
    assert not caplog.records


def test_what_has_no_shape_is_left_out() -> None:
    assert receipt.printable("a\x00\u202e\u2066b\n\n c😀漢 \u064e") == "ab c?? \u064e"
    assert receipt.printable("می\u200cخواهم") == "می\u200cخواهم"


def test_a_phone_in_a_text_is_not_mirrored() -> None:
    assert receipt.Line("", "هاتف +9647700000000").text == "هاتف \u200e+9647700000000"
    assert receipt.Line("", "+9647700000000", ltr=True).text == "+9647700000000"


def test_a_long_address_is_all_there(api: Api) -> None:
    words = [f"w{number}w" for number in range(150)]
    order = api.create(location=" ".join(words))
    text = page_of(ask(order, api.token)).extract_text()
    assert [word for word in words if word not in text] == []


def test_the_fonts_are_there_before_the_first_receipt(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.STATIC_ROOT, settings.DEMO = tmp_path, tmp_path / "static", False
    call_command("prepare")
    assert len(list((tmp_path / "fonts").glob("*.ttf"))) == 2


def test_the_fonts_are_made_once(api: Api) -> None:
    made = {style: receipt.font(style).stat().st_mtime_ns for style in ("", "B")}
    page_of(ask(api.create(), api.token))
    assert {style: receipt.font(style).stat().st_mtime_ns for style in ("", "B")} == made
    assert not list(receipt.font("").parent.glob("*.part"))
