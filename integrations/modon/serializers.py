"""Modon's form fields → `OrderDraft`; an order just created or edited → Modon's answer about it."""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from destinations import rates
from destinations.models import Source
from integrations.dialect import validate
from integrations.modon import words
from integrations.modon.auth import DIALECT, receipt_token
from integrations.modon.places import places
from orders.drafts import Address, Item, OrderDraft, Parcel, Stop, Window
from orders.models import Order

_MAX_INTEGER = 2_147_483_647
_MAX_PRICE = 999_999_999_999
_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0{1,9})?")
_MOBILE = re.compile(r"\+9647[0-9]{9}")
_IRAQI_MOBILE = re.compile(r"(?:\+|00)?964(7[0-9]{9})")


# --- In -------------------------------------------------------------------------------------------------------------
class TextField(serializers.CharField):
    """A form's text, or a JSON text or number."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, Decimal):
            data = str(data)
        return super().to_internal_value(data)


class MobileField(TextField):
    default_error_messages = {"mobile": "It must look like +9647XXXXXXXXX."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _MOBILE.fullmatch(text):
            self.fail("mobile")
        return text


class WholeField(TextField):
    """A whole number in a text."""

    default_error_messages = {"whole": "It must be a whole number from {least} to {most}."}

    def __init__(self, least: int, most: int, **options: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:  # type: ignore[override]
        match = _WHOLE.fullmatch(super().to_internal_value(data))
        if not match or not self.least <= int(match[1]) <= self.most:
            self.fail("whole", least=self.least, most=self.most)
        return int(match[1])


class FlagField(TextField):
    default_error_messages = {"flag": "It must be 0 or 1."}

    def to_internal_value(self, data: Any) -> str:
        text = str(int(data)) if isinstance(data, bool) else super().to_internal_value(data)
        if text not in ("0", "1"):
            self.fail("flag")
        return text


class NotesField(TextField):
    """What our own lists write where there are no notes is no note either."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return "" if text in words.NONES else text


_optional: dict[str, Any] = {"required": False, "allow_null": True, "allow_blank": True}


class OrderSerializer(serializers.Serializer):
    """The fields of create-order and edit-order."""

    client_name = TextField(max_length=255)
    client_mobile = MobileField()
    client_mobile2 = TextField(max_length=64, **_optional)
    city_id = WholeField(0, _MAX_INTEGER)
    region_id = WholeField(0, _MAX_INTEGER)
    location = TextField(max_length=1000, **_optional)
    type_name = TextField(max_length=500)
    items_number = WholeField(1, _MAX_INTEGER)
    price = WholeField(0, _MAX_PRICE)
    package_size = WholeField(0, _MAX_INTEGER)
    merchant_notes = NotesField(max_length=2000, **_optional)
    replacement = FlagField()
    company_order_id = TextField(max_length=255, **_optional)
    promo_code = TextField(max_length=255, **_optional)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = places()
        if attrs["city_id"] not in known.cities:
            raise serializers.ValidationError({"city_id": "There is no such city."})
        if known.regions.get(attrs["region_id"], (None, ""))[0] != attrs["city_id"]:
            raise serializers.ValidationError({"region_id": "There is no such region in this city."})
        if attrs["package_size"] not in known.sizes:
            raise serializers.ValidationError({"package_size": "There is no such package size."})
        return attrs


def draft_of(body: Any, source: Source) -> OrderDraft:
    """The fields of a create. Raises `ValidationError`."""
    if not isinstance(body, dict):
        raise serializers.ValidationError("The request body must have fields")
    return new_draft(validate(OrderSerializer, body), body, source)


def new_draft(valid: dict[str, Any], fields: dict[str, Any], source: Source) -> OrderDraft:
    """The pick-up is the source's."""
    pickup = Stop(
        source.pickup_name or source.merchant.name,
        source.pickup_phone,
        Address(source.pickup_address),
        lat=source.pickup_lat,
        lng=source.pickup_lng,
    )
    return _draft(valid, fields, pickup)


def edited_draft(valid: dict[str, Any], fields: dict[str, Any], order: Order) -> OrderDraft:
    """What Modon's fields do not speak of stays as the order has it."""
    if order.currency != words.CURRENCY:
        raise serializers.ValidationError(f"The order is in {order.currency} and cannot be edited here.")
    pickup = Stop(
        order.pickup_name,
        order.pickup_phone,
        Address(order.pickup_address, order.pickup_parts),
        order.pickup_email,
        order.pickup_lat,
        order.pickup_lng,
    )
    draft = _draft(valid, fields, pickup)
    dropoff = replace(draft.dropoff, email=order.dropoff_email)
    if dropoff.address.parts == order.dropoff_parts:  # then its point is still right
        dropoff = replace(dropoff, lat=order.dropoff_lat, lng=order.dropoff_lng)
    return replace(
        draft,
        dropoff=dropoff,
        parcel=Parcel(order.weight_kg, order.length_cm, order.width_cm, order.height_cm, order.pieces),
        window=Window(order.pickup_at, order.window_start, order.window_end),
        customer=order.customer,
        depot=order.depot,
        rider=order.rider,
    )


def _draft(valid: dict[str, Any], fields: dict[str, Any], pickup: Stop) -> OrderDraft:
    parts = places().parts(valid["region_id"], valid.get("location") or "")
    line = ", ".join(filter(None, (parts["city"], parts["region"], parts["location"])))
    return OrderDraft(
        dialect=DIALECT,
        reference=valid.get("company_order_id") or "",
        pickup=pickup,
        dropoff=Stop(valid["client_name"], valid["client_mobile"], Address(line, parts)),
        items=(Item(valid["type_name"], valid["items_number"]),),
        notes=valid.get("merchant_notes") or "",
        currency=words.CURRENCY,
        cod_amount=Decimal(valid["price"]),
        # Each is named, so that an edit takes away what it leaves out.
        extras={
            "client_mobile2": valid.get("client_mobile2") or "",
            "package_size": str(valid["package_size"]),
            "replacement": valid["replacement"],
            "promo_code": valid.get("promo_code") or "",
        },
        raw=fields,
    )


# --- Out ------------------------------------------------------------------------------------------------------------
def time(moment: datetime) -> str:
    return moment.astimezone(words.TIME_ZONE).replace(tzinfo=None).isoformat(" ", "seconds")


def receipt_link(order: Order) -> str:
    return f"{settings.WASL_URL}/modon/merchant/print-single-tcpdf?id={order.pk}&token={receipt_token(order)}"


def national(phone: str) -> str:
    """+9647700000000 → 07700000000; anything else as it is."""
    match = _IRAQI_MOBILE.fullmatch(phone)
    return f"0{match[1]}" if match else phone


def placed(order: Order, valid: dict[str, Any]) -> dict[str, Any]:
    """The answer to create-order and edit-order, with the document's own mixture of texts and numbers. Nobody has
    picked the order up: there is no pick-up to speak of."""
    price, fee = valid["price"], int(order.delivery_fee)
    return {
        "client_name": order.dropoff_name,
        "client_mobile": order.dropoff_phone,
        "client_mobile2": order.extras["client_mobile2"],
        "city_id": order.dropoff_parts["city_id"],
        "region_id": order.dropoff_parts["region_id"],
        "type_id": 1,
        "merchant_mobile": national(order.pickup_phone),
        "items_number": str(valid["items_number"]),
        "price": str(price),
        "package_size": order.extras["package_size"],
        "cash_fee": int(rates.cash_fee(Decimal(price), words.CURRENCY)),
        "location": order.dropoff_parts["location"],
        "merchant_id": str(order.merchant_id),
        "current_city": "0",
        "merchant_city": "0",
        "company_price": fee,
        "merchant_price": price - fee,
        "type_name": valid["type_name"],
        "merchant_created_at": time(order.created_at),
        "merchant_notes": order.notes or words.NONE,
        "qr_id": order.pk,
        "pickup_id": "0",
        "pickup_created_at": words.UNSET_TIME,
        "id": str(order.pk),
        "qr_link": receipt_link(order),
    }
