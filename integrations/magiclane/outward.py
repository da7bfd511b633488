"""An order and its customer as the document has them, for a Magic Lane carrier."""

import hashlib
from typing import Any

from destinations import geometry
from integrations.carrier import CarrierError
from integrations.magiclane import fields, serializers, words
from integrations.magiclane.places import address
from integrations.translation import Ledger, items_of, one_line, weight_of
from orders.models import Order
from orders.search import normalise

_NAME, _CUSTOM_DATA = 127, 10_000
_CM3 = 1_000_000  # in a cubic metre
# Said of an order in this dialect by its sender, and known here too.
_OURS = ("priority", "cube", "serviceTime", "timeWindow")
_SAID_ELSEWHERE = ("type", "firstName", "lastName", "phoneNumber", "stopName", "stopPhone")


def order_body(key: str, order: Order, ledger: Ledger) -> dict[str, Any]:
    """The order as a delivery, but for its customer."""
    ours = order.extras.get(words.DIALECT, {})
    first, last = _names(order.dropoff_name)
    lat, lng, warning = _destination(order, ledger)
    weight, cube = weight_of(order), ours.get("cube") or _cube(order)
    body = {
        "location": [fields.number(lat), fields.number(lng)],
        "alias": key,
        "firstName": first,
        "lastName": last,
        "address": _address(order, "dropoff"),
        "phoneNumber": order.dropoff_phone,
        "customData": "",
        "type": words.DELIVERY,
        "status": 0,
        "state": 0,
        "priority": ours.get("priority", 0),
        "numberOfPackages": order.pieces or 0,
        "weight": fields.number(weight) if weight else 0,
        "cube": cube,
        "revenue": 0,
        "timeWindow": ours.get("timeWindow") or _window(order),
        "serviceTime": ours.get("serviceTime", 0),
        "depotId": 0,
    }
    ledger.kept("dropoff.name", "dropoff.phone", "dropoff.address", "dropoff.address.*", "dropoff.location")
    ledger.kept("parcel.pieces", "parcel.weight_kg")
    ledger.kept(*(f"extras.{words.DIALECT}.{name}" for name in (*_OURS, *_SAID_ELSEWHERE)))
    words_of_it = ledger.in_words("external_id", "cod_amount", "dropoff.email", "window.pickup_at")
    items = ", ".join(f"{item.quantity} × {item.name}" for item in items_of(order))
    ledger.as_text("items")
    dated = ledger.in_words("window.start", "window.end", "parcel.dimensions")
    ledger.as_text("cod_amount", note="text only")
    ledger.as_text(f"extras.{words.DIALECT}.alias")
    if weight and order.weight_kg is None:
        ledger.kept("items.weight_kg", note="their sum")
    if order.window_start or order.window_end:
        _clipped(order, ledger)
    if cube and not ours.get("cube"):
        ledger.kept("parcel.dimensions", note=f"{cube:g} m³")
    whole = order.dropoff_name if " ".join((first, last)).strip() != order.dropoff_name.strip() else ""
    said = filter(None, (warning, order.notes, words_of_it, items, dated, whole))
    body["customData"] = "\n".join(said)[:_CUSTOM_DATA]
    ledger.kept("notes")
    return body


def _destination(order: Order, ledger: Ledger) -> tuple[float, float, str]:
    """Where it goes, and a warning when nobody has said where that is."""
    if order.dropoff_lat is not None and order.dropoff_lng is not None:
        return order.dropoff_lat, order.dropoff_lng, ""
    for lat, lng, whose in (
        (order.pickup_lat, order.pickup_lng, "the pick-up"),
        (order.source.pickup_lat, order.source.pickup_lng, "the source's pick-up point"),
        (*geometry.city_of(order.merchant.timezone), "the merchant's city"),
    ):
        if lat is not None and lng is not None:
            ledger.defaulted("dropoff.location", f"not known: that of {whose}; the driver is told to use the address")
            return lat, lng, "PLACE UNKNOWN: go by the address."
    raise CarrierError("The coordinates are not set.", permanent=True, path="dropoff.location")


def _window(order: Order) -> list[int]:
    start, end = serializers.window(order)
    return [start, max(start, end)]


def _clipped(order: Order, ledger: Ledger) -> None:
    """Minutes of the merchant's day, without a date: that is in the text."""
    start, end = serializers.window(order)
    ledger.kept("window.start", note=f"minute {start} of the day; the date as text")
    tz = order.merchant.tz
    days = {moment.astimezone(tz).date() for moment in (order.window_start, order.window_end) if moment}
    if len(days) > 1:
        ledger.defaulted("window.end", f"minute {end}: clipped to one day; the date as text")
    else:
        ledger.kept("window.end", note=f"minute {end} of the day; the date as text")


def customer_body(order: Order, ledger: Ledger) -> dict[str, Any]:
    """The party that the order is picked up from."""
    first, last = _names(order.pickup_name)
    lat, lng = order.pickup_lat, order.pickup_lng
    ledger.kept("pickup.name", "pickup.phone", "pickup.email", "pickup.address", "pickup.address.*", "pickup.location")
    if lat is None or lng is None:
        lat, lng, whose = order.source.pickup_lat, order.source.pickup_lng, "the source's pick-up point"
        if lat is None or lng is None:
            lat, lng, whose = *_destination(order, Ledger(order))[:2], "the drop-off"
        ledger.defaulted("pickup.location", f"a customer needs one: that of {whose}")
    return {
        "alias": alias_of(order),
        "firstName": first,
        "lastName": last,
        "address": _address(order, "pickup"),
        "email": order.pickup_email,
        "phoneNumber": order.pickup_phone,
        "location": [fields.number(lat or 0), fields.number(lng or 0)],
        "customData": "",
    }


def who(order: Order) -> str:
    """The party at the pick-up, told from others: normalised, at most 255 characters."""
    said = [getattr(order, f"pickup_{part}") for part in ("name", "phone", "email", "address", "lat", "lng")]
    name = normalise(" | ".join(str(value) for value in said if value not in (None, "")))
    return name if len(name) <= 255 else f"{name[:190]} {hashlib.sha256(name.encode()).hexdigest()}"


def alias_of(order: Order) -> str:
    """The same for the same party, so that it is found again."""
    return f"wasl-{hashlib.sha256(who(order).encode()).hexdigest()[:20]}"


def _names(name: str) -> tuple[str, str]:
    first, last = serializers.split(name.strip())
    return first[:_NAME], last[:_NAME]


def _address(order: Order, end: str) -> dict[str, str]:
    parts = address(getattr(order, f"{end}_parts"), one_line(order, end))
    return {name: value[: fields.MAX_PART] for name, value in parts.items()}


def _cube(order: Order) -> float:
    """In cubic metres; 0 when a side is missing."""
    length, width, height = order.length_cm, order.width_cm, order.height_cm
    return round(float(length * width * height / _CM3), 9) if length and width and height else 0
