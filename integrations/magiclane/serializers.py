"""An order's body → `OrderDraft`; an `Order`, wherever it came from → the documented object.

What the core has no column for is in `extras`: under "customer" the customer as it was, under "magiclane" the rest,
with `stopName` and `stopPhone`, which tell whether the stop is still the one that these words were said of.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from destinations.models import Customer, Depot, Source
from integrations.dialect import validate
from integrations.idempotency import body_digest
from integrations.magiclane import words
from integrations.magiclane.errors import refused
from integrations.magiclane.fields import (
    AddressField,
    Identifier,
    Integer,
    Location,
    Number,
    Phone,
    Text,
    TimeWindow,
    Weight,
    number,
)
from integrations.magiclane.places import address, is_ours
from integrations.magiclane.places import customer as show_customer
from orders.drafts import Address, OrderDraft, Parcel, Stop, Window
from orders.models import Order

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- In -------------------------------------------------------------------------------------------------------------
class OrderSerializer(serializers.Serializer):
    """What a PUT may change. What the store alone decides (id, creationTimestamp, customerInfo) is ignored."""

    location = Location()
    alias = Text(255)
    firstName = Text(127)
    lastName = Text(127)
    address = AddressField()
    phoneNumber = Phone()
    customData = Text(10_000)
    type = Integer(0, 1)
    status = Integer(0, 1)
    state = Integer(0, 5)
    priority = Integer(0, 1)
    numberOfPackages = Integer(0, words.MAX_PACKAGES)
    weight = Weight(0, words.MAX_WEIGHT)
    cube = Number(0, words.MAX_CUBE)
    revenue = Number(-words.MAX_REVENUE, words.MAX_REVENUE)
    timeWindow = TimeWindow()
    serviceTime = Integer(0, words.MAX_SERVICE_SECONDS)
    depotId = Identifier()


class NewOrderSerializer(OrderSerializer):
    customerId = Identifier(required=True)
    location = Location(required=True)


DEFAULTS: dict[str, Any] = {
    "alias": "",
    "firstName": "",
    "lastName": "",
    "address": dict.fromkeys(words.ADDRESS, ""),
    "phoneNumber": "",
    "customData": "",
    "type": 0,
    "priority": 0,
    "numberOfPackages": 0,
    "weight": 0,
    "cube": 0,
    "revenue": 0,
    "timeWindow": words.ANY_TIME,
    "serviceTime": 0,
    "depotId": 0,
}
# What has no column of its own.
_EXTRAS = (
    "alias", "firstName", "lastName", "phoneNumber", "type", "priority", "cube", "revenue", "timeWindow", "serviceTime",
)  # fmt: skip


def read(serializer: type[serializers.Serializer], body: Any, place: str = "") -> dict[str, Any]:
    """The values that were sent, checked. Raises DRF's `ValidationError`, below `place` ("orders[1]")."""
    try:
        if not isinstance(body, dict):
            raise ValidationError("Must be an object.")
        # A null is a value that was not sent, but a location that is null is one that is not set.
        return validate(serializer, {name: body[name] for name in body if body[name] is not None or name == "location"})
    except ValidationError as error:
        raise (ValidationError({place: error.detail}) if place else error) from None


def differing(body: Any, shown: dict[str, Any]) -> Any:
    """What of a body is not as the order is shown. A program may send back all that it was shown, and what another
    dialect has put there (no place, a long name) need not be as this one asks."""
    if not isinstance(body, dict):
        return body
    return {
        name: value
        for name, value in body.items()
        if name not in shown or body_digest(value) != body_digest(shown[name])
    }


def read_all(serializer: type[serializers.Serializer], body: Any, name: str, **required: str) -> list[dict[str, Any]]:
    """The same of each element of an array, which must not be empty; `required` names fields, with what is said of
    one that is missing."""
    if not isinstance(body, list) or not body:
        raise ValidationError(f"The body must be an array of {name}.")
    found = [read(serializer, element, f"{name}[{number}]") for number, element in enumerate(body)]
    for position, element in enumerate(found):
        for field, problem in required.items():
            if field not in element:
                raise ValidationError({f"{name}[{position}]": {field: problem}})
    return found


def draft_of(body: Any, source: Source) -> OrderDraft:
    """One order, or the first of an array of them, as its form has it: a customer or a depot that the merchant does not
    have is one of whom nothing is known. Raises `ValidationError`."""
    bodies = body if isinstance(body, list) else [body]
    valid = read_all(NewOrderSerializer, bodies, "orders")[0]
    merchant, number = source.merchant, valid["customerId"]
    customer = Customer.objects.filter(merchant=merchant, pk=number).first() or Customer(pk=number, lat=0, lng=0)
    depot = Depot.objects.filter(merchant=merchant, pk=valid["depotId"]).first() if valid.get("depotId") else None
    return new_draft(valid, bodies[0], customer, depot, source)


def new_draft(valid: dict[str, Any], body: Any, customer: Customer, depot: Depot | None, source: Source) -> OrderDraft:
    wanted = {**DEFAULTS, **valid}
    snapshot = show_customer(customer)
    here = _here(wanted, snapshot)
    there = _there(depot, source)
    pickup, dropoff = (here, there) if wanted["type"] == words.PICKUP else (there, here)
    said = (valid.get("status", 0), valid.get("state", 0)) if valid.keys() & {"status", "state"} else ()
    return OrderDraft(
        dialect=words.DIALECT,
        external_id=wanted["alias"],
        pickup=pickup,
        dropoff=dropoff,
        parcel=Parcel(_decimal(wanted["weight"]), pieces=wanted["numberOfPackages"] or None),
        notes=wanted["customData"],
        customer=customer,
        depot=depot,
        said_status={words.DIALECT: list(said)} if said else {},
        extras={
            "customer": snapshot,
            words.DIALECT: {name: wanted[name] for name in _EXTRAS} | {"stopName": here.name, "stopPhone": here.phone},
        },
        raw=body,
        search_terms=_terms(here, wanted["type"]),
    )


def changed_draft(
    order: Order, shown: dict[str, Any], changes: dict[str, Any], body: Any, depot: Depot | None
) -> OrderDraft:
    """The order as it is with `changes` made to it, which are those fields that differ from what is `shown`. What the
    dialect does not know (items, cash, a foreign address) stays."""
    wanted = {**shown, **changes}
    was_here, was_there = words.ends(shown["type"])
    here, there = _stop(order, was_here), _stop(order, was_there)
    fresh = _here(wanted, shown["customerInfo"])
    ours = dict(order.extras.get(words.DIALECT, {})) | {name: wanted[name] for name in _EXTRAS if name in changes}
    if changes.keys() & {"firstName", "lastName"}:
        here = replace(here, name=fresh.name)
        ours |= {name: wanted[name] for name in ("firstName", "lastName")} | {"stopName": fresh.name}
    if "phoneNumber" in changes:
        here = replace(here, phone=fresh.phone)
        ours["stopPhone"] = fresh.phone
    if "location" in changes:
        here = replace(here, lat=fresh.lat, lng=fresh.lng)
    if "address" in changes or ("location" in changes and is_ours(here.address.parts)):
        here = replace(here, address=fresh.address)
    if changes.keys() & {"depotId", "type"}:
        there = _there(depot, order.source)
    pickup, dropoff = (here, there) if wanted["type"] == words.PICKUP else (there, here)
    weight = _decimal(wanted["weight"]) if "weight" in changes else order.weight_kg
    pieces = wanted["numberOfPackages"] or None if "numberOfPackages" in changes else order.pieces
    return OrderDraft(
        dialect=words.DIALECT,
        pickup=pickup,
        dropoff=dropoff,
        reference=wanted["alias"] if "alias" in changes else order.reference,
        parcel=Parcel(weight, order.length_cm, order.width_cm, order.height_cm, pieces),
        notes=wanted["customData"],
        currency=order.currency,
        cod_amount=order.cod_amount,
        window=_moved(order, changes.get("timeWindow")),
        customer=order.customer,
        depot=depot,
        rider=order.rider,
        extras={"customer": shown["customerInfo"], words.DIALECT: ours},
        raw=body,
        search_terms=_terms(here, wanted["type"]),
    )


def _moved(order: Order, minutes: list[int] | None) -> Window:
    """The order's window, at these minutes of its day if it has one: what another dialect dated stays on that date."""
    if minutes is None or order.window_start is None or order.window_end is None:
        return Window(order.pickup_at, order.window_start, order.window_end)
    tz = order.merchant.tz
    midnight = datetime.combine(order.window_start.astimezone(tz).date(), time(), tz)
    start, end = ((midnight + timedelta(minutes=minute)).astimezone(UTC) for minute in minutes)
    return Window(order.pickup_at, start, end)


def _here(wanted: dict[str, Any], customer: dict[str, Any]) -> Stop:
    """Where the order's location is. A carrier needs somebody to ask for: without names, it is the customer."""
    lat, lng = wanted["location"]
    parts = wanted["address"]
    text = _one_line(parts) or f"{lat}, {lng}"
    phone = wanted["phoneNumber"] or customer["phoneNumber"]
    return Stop(_name(wanted) or _name(customer) or customer["alias"], phone, Address(text, parts), lat=lat, lng=lng)


def _there(depot: Depot | None, source: Source) -> Stop:
    """The other end: the depot, or without one the source's pick-up point."""
    name, phone = source.pickup_name or source.name, source.pickup_phone
    if depot is None:
        return Stop(name, phone, Address(source.pickup_address), lat=source.pickup_lat, lng=source.pickup_lng)
    parts = {name: str(value) for name, value in depot.address.items()}
    text = _one_line(parts) or f"{number(depot.lat)}, {number(depot.lng)}"
    return Stop(depot.alias or name, phone, Address(text, parts), lat=depot.lat, lng=depot.lng)


def _stop(order: Order, end: str) -> Stop:
    name, phone, email, text, parts, lat, lng = (
        getattr(order, f"{end}_{part}") for part in ("name", "phone", "email", "address", "parts", "lat", "lng")
    )
    return Stop(name, phone, Address(text, parts), email=email, lat=lat, lng=lng)


def _one_line(parts: dict[str, str]) -> str:
    """ "2 Rue Gustave Goublier, 75010 Paris, Île-de-France, France" """
    pairs = [("streetNumber", "streetName"), ("postalCode", "city"), ("county",), ("state",), ("country",), ("extra",)]
    lines = (" ".join(part for name in pair if (part := parts.get(name, "").strip())) for pair in pairs)
    return ", ".join(dict.fromkeys(filter(None, lines)))


def _name(person: dict[str, Any]) -> str:
    return f"{person['firstName']} {person['lastName']}".strip()


def _terms(here: Stop, kind: int) -> tuple[str, ...]:
    """An order is found by who is at its location; the drop-off is searched anyway."""
    return (here.name, here.phone, here.address.text) if kind == words.PICKUP else ()


def _decimal(kilograms: float) -> Decimal | None:
    return Decimal(str(kilograms)) if kilograms else None


# --- Out ------------------------------------------------------------------------------------------------------------
def order(order: Order, said: tuple[int, int] | None = None) -> dict[str, Any]:
    """The documented object. `said`: status and state instead of the order's own."""
    ours = order.extras.get(words.DIALECT, {})
    kind = ours.get("type", words.DELIVERY)
    here = _stop(order, words.ends(kind)[0])
    first, last = split(here.name)
    if ours.get("stopName") == here.name:
        first, last = ours["firstName"], ours["lastName"]
    status, state = said or words.pair(order)
    return {
        "id": order.pk,
        "creationTimestamp": (order.created_at - _EPOCH) // timedelta(milliseconds=1),
        "customerInfo": _customer(order),
        "location": _point(here),
        "alias": ours.get("alias", order.number),
        "firstName": first,
        "lastName": last,
        "address": address(here.address.parts, here.address.text),
        "phoneNumber": ours["phoneNumber"] if ours.get("stopPhone") == here.phone else here.phone,
        "customData": order.notes,
        "type": kind,
        "status": status,
        "state": state,
        "priority": ours.get("priority", 0),
        "numberOfPackages": order.pieces or 0,
        "weight": _weight(order),
        "cube": ours.get("cube", 0),
        "revenue": ours.get("revenue", 0),
        "timeWindow": ours.get("timeWindow") or window(order),
        "serviceTime": ours.get("serviceTime", 0),
        "depotId": order.depot_id or 0,
        **refused(order),
    }


def _customer(order: Order) -> dict[str, Any]:
    if words.DIALECT in order.extras and (saved := order.extras.get("customer")):
        # The store keeps names in an order of its own; here they are in the document's.
        names = ("id", "alias", "firstName", "lastName", "address", "email", "phoneNumber", "location", "customData")
        return {name: saved[name] for name in names} | {"address": address(saved["address"])}
    pickup = _stop(order, "pickup")
    first, last = split(pickup.name)
    return {
        "id": 0,
        "alias": "",
        "firstName": first,
        "lastName": last,
        "address": address(pickup.address.parts, pickup.address.text),
        "email": pickup.email,
        "phoneNumber": pickup.phone,
        "location": _point(pickup),
        "customData": "",
    }


def split(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last


def _point(stop: Stop) -> list[int | float]:
    return [0, 0] if stop.lat is None or stop.lng is None else [number(stop.lat), number(stop.lng)]


def _weight(order: Order) -> int | float:
    """The parcel's, else that of the items if each has one: lists bring it along as `items_weight`."""
    weight = order.weight_kg
    if weight is None:
        weight = order.items_weight if hasattr(order, "items_weight") else _items_weight(order)
    return number(weight) if weight else 0


def _items_weight(order: Order) -> Decimal | None:
    if order.dialect == words.DIALECT:  # which knows no items
        return None
    items = order.items.values_list("weight_kg", "quantity")
    weights = [weight * quantity for weight, quantity in items if weight is not None]
    return sum(weights, Decimal(0)) if len(weights) == len(items) else None


def window(order: Order) -> list[int]:
    """The minutes of the merchant's day of a window that has a date, up to the end of its first day."""
    start = order.window_start and order.window_start.astimezone(order.merchant.tz)
    end = order.window_end and order.window_end.astimezone(order.merchant.tz)
    first = start.hour * 60 + start.minute if start else 0
    same_day = end and (start is None or start.date() == end.date())
    return [first, end.hour * 60 + end.minute if end and same_day else words.ANY_TIME[1]]
