"""What a draft says about an order, as the fields of its row: the same for a new order and an edited one."""

import json
from decimal import Decimal
from typing import Any

from django.utils import timezone

from destinations import coverage, money
from destinations.models import Merchant, Source
from orders.drafts import Item, OrderDraft, Stop
from orders.errors import InvalidDraft, OutOfCoverage
from orders.models import JSONEncoder, Order, OrderItem
from orders.search import searchable


def contents(draft: OrderDraft, merchant: Merchant) -> dict[str, Any]:
    """The fields of the order. Raises `InvalidDraft` for an amount that its currency does not have, and
    `OutOfCoverage` for a stop outside the merchant's coverage zones."""
    currency = draft.currency or merchant.currency
    _check_amount(draft.cod_amount, currency, "cod_amount")
    for number, item in enumerate(draft.items):
        _check_amount(item.price, currency, f"items.{number}.price")
    return {
        "reference": draft.reference,
        **_stop_fields("pickup", draft.pickup, merchant),
        **_stop_fields("dropoff", draft.dropoff, merchant),
        "weight_kg": draft.parcel.weight_kg,
        "length_cm": draft.parcel.length_cm,
        "width_cm": draft.parcel.width_cm,
        "height_cm": draft.parcel.height_cm,
        "pieces": draft.parcel.pieces,
        "pickup_at": draft.window.pickup_at,
        "window_start": draft.window.start,
        "window_end": draft.window.end,
        "customer": draft.customer,
        "depot": draft.depot,
        "rider": draft.rider,
        "notes": draft.notes,
        "currency": currency,
        "cod_amount": draft.cod_amount,
        "search_text": searchable(
            [
                draft.external_id,
                draft.reference,
                draft.dropoff.name,
                draft.dropoff.phone,
                draft.dropoff.address.text,
                *draft.search_terms,
            ]
        ),
    }


def new_item(order: Order, position: int, item: Item) -> OrderItem:
    return OrderItem(
        order=order,
        position=position,
        name=item.name,
        quantity=item.quantity,
        price=item.price,
        weight_kg=item.weight_kg,
    )


def unsaved(draft: OrderDraft, source: Source) -> Order:
    """The order that the draft would make, with its items as `unsaved_items`: to look at, nothing is stored. Raises
    like `contents`."""
    now = timezone.now()
    order = Order(
        merchant=source.merchant,
        source=source,
        dialect=draft.dialect,
        channel=draft.channel or draft.dialect,
        external_id=draft.external_id,
        **contents(draft, source.merchant),
        # As they come out of the store again.
        extras=json.loads(json.dumps(draft.extras, cls=JSONEncoder)),
        raw_payload=draft.raw,
        created_at=now,
        updated_at=now,
    )
    order.unsaved_items = [  # type: ignore[attr-defined]
        new_item(order, position, item) for position, item in enumerate(draft.items)
    ]
    return order


def _stop_fields(end: str, stop: Stop, merchant: Merchant) -> dict[str, Any]:
    if stop.lat is not None and stop.lng is not None and not coverage.covers(merchant, stop.lat, stop.lng):
        raise OutOfCoverage(
            f"The {end} point lies outside all active coverage zones.", path=end, lat=stop.lat, lng=stop.lng
        )
    return {
        f"{end}_name": stop.name,
        f"{end}_phone": stop.phone,
        f"{end}_email": stop.email,
        f"{end}_address": stop.address.text,
        f"{end}_parts": stop.address.parts,
        f"{end}_lat": stop.lat,
        f"{end}_lng": stop.lng,
    }


def _check_amount(amount: Decimal | None, currency: str, path: str) -> None:
    if amount is None:
        return
    if amount < 0:
        raise InvalidDraft("An amount cannot be negative.", path=path)
    if amount > money.MAX_AMOUNT:
        raise InvalidDraft("The amount is too large.", path=path)
    if not money.fits(amount, currency):
        raise InvalidDraft(f"{currency} has at most {money.exponent(currency)} decimals.", path=path)
