"""An `Order`, wherever it came from → iDeliver's answers. Shapes: the document's "Response"; the rest is ours."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from destinations import money
from destinations.models import Rider
from integrations.ideliver import words
from integrations.ideliver.errors import refused
from orders.models import Order, OrderItem
from orders.statuses import Mark

# In the order of the document.
_NAMES = (
    "pickup_address", "dropoff_address", "customer_phone", "customer_name", "pickup_lat", "pickup_lng", "dropoff_lat",
    "dropoff_lng", "scheduled_pickup_at", "delivery_window_start", "delivery_window_end", "notes", "cod_amount_minor",
    "cod_currency", "weight_kg", "length_cm", "width_cm", "height_cm", "is_fragile", "vehicle_type_hint", "items",
    "rider_id",
)  # fmt: skip
# What only its sender knows: it has no column.
_SENT_ONLY = {"cod_currency", "is_fragile", "vehicle_type_hint", "items"}


def time(moment: datetime) -> str:
    """2026-05-01T14:00:00.000Z"""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def order(order: Order, status: str | None = None) -> dict[str, Any]:
    """`status`: said instead of the order's own. Reads `rider`, and the items of all but fresh orders."""
    sent = (order.raw_payload if order.dialect == words.DIALECT else None) or {}
    told = {"status_text": order.status_text} if order.status_text and order.mark in _TROUBLE else {}
    return {
        "id": str(order.uuid),
        "merchant_id": str(order.merchant_id),
        "source": order.channel or order.dialect,
        "external_order_id": order.number,
        "is_test": order.is_test,
        "unified_json": {
            "schema_version": words.SCHEMA_VERSION,
            "status": status or words.status_word(order),
            **told,
            "standardized": _standardized(order, sent),
            "raw_payload": sent.get("raw_payload") or {},
        },
        "customer_tracking_url": _tracking_url(order),
        "tracking_token": order.tracking_token,
        "payment_verified": order.payment_verified,
        **refused(order),
        **({"rider": rider(order.rider)} if order.rider else {}),
        "created_at": time(order.created_at),
        "updated_at": time(order.updated_at),
    }


_TROUBLE = (Mark.ATTEMPT_FAILED, Mark.RETURNING)


def rider(rider: Rider) -> dict[str, Any]:
    return {"id": str(rider.uuid), "name": rider.name, "phone": rider.phone, "vehicle_type": rider.vehicle_type}


def _tracking_url(order: Order) -> str | None:
    base = settings.TRACKING_PUBLIC_BASE_URL
    return f"{base}/track/{order.tracking_token}" if base else None


def _standardized(order: Order, sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, and over it what is known now: an order may have been edited through another dialect since."""
    known = _known(order)
    part = sent.get("standardized") or {}
    kept = {name: part[name] for name in part if name in _SENT_ONLY or name not in _NAMES or not part[name]}
    # Fresh orders have what was sent, and need no query for it.
    if order.dialect != words.DIALECT or order.updated_at != order.created_at:
        kept |= _items(order, part.get("items") or [])
    both = kept | known
    return {name: both[name] for name in _NAMES if name in both} | both


def _known(order: Order) -> dict[str, Any]:
    values = {
        "pickup_address": order.pickup_address,
        "dropoff_address": order.dropoff_address,
        "customer_phone": order.dropoff_phone,
        "customer_name": order.dropoff_name,
        "pickup_lat": _number(order.pickup_lat),
        "pickup_lng": _number(order.pickup_lng),
        "dropoff_lat": _number(order.dropoff_lat),
        "dropoff_lng": _number(order.dropoff_lng),
        "scheduled_pickup_at": order.pickup_at and time(order.pickup_at),
        "delivery_window_start": order.window_start and time(order.window_start),
        "delivery_window_end": order.window_end and time(order.window_end),
        "notes": order.notes,
        "weight_kg": _number(order.weight_kg),
        "length_cm": _number(order.length_cm),
        "width_cm": _number(order.width_cm),
        "height_cm": _number(order.height_cm),
        "vehicle_type_hint": order.extras.get("vehicle_type_hint"),
        "rider_id": order.rider and str(order.rider.uuid),
    }
    if order.cod_amount is not None:
        values |= {"cod_amount_minor": minor(order.cod_amount, order.currency), "cod_currency": order.currency}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _items(order: Order, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """The items as they were sent, with all that their sender calls them, unless others have taken their place."""
    rows = list(order.items.all())
    names = [("" if one.get("name") is None else str(one["name"]).strip(), one.get("quantity") or 1) for one in sent]
    if not rows or [(name, int(quantity)) for name, quantity in names if name] == [
        (row.name, row.quantity) for row in rows
    ]:
        return {}
    return {"items": [_item(row, order.currency) for row in rows]}


def _item(item: OrderItem, currency: str) -> dict[str, Any]:
    price = {} if item.price is None else {"price_minor": minor(item.price, currency)}
    return {"name": item.name, "quantity": item.quantity, **price}


def minor(amount: Decimal, currency: str) -> int:
    """In the currency's smallest unit, as ISO 4217 has it."""
    return int(amount.scaleb(money.exponent(currency)))


def _number(value: Decimal | float | None) -> int | float | None:
    """30, not 30.0: as it was sent."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)
