"""Muvx's create body → `OrderDraft`; an `Order` → Muvx's answers. Source: the document's sections 1 to 5."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from destinations.models import Source
from destinations.routing import Candidate
from integrations.dialect import validate
from integrations.muvx import words
from integrations.muvx.errors import refused
from orders.drafts import Address, Item, OrderDraft, Stop
from orders.models import Order


class AddressField(serializers.Field):
    """A text, or an object of texts (area, block, street, building, floor, flat …): the samples show both."""

    default_error_messages = {
        "blank": "This field may not be blank.",
        "type": "Must be a text or an object of texts.",
        "too_long": "Must not be longer than 1000 characters.",
    }
    max_length = 1000

    def to_internal_value(self, data: Any) -> Address:
        if isinstance(data, str):
            address = Address(data.strip())
        elif isinstance(data, dict):
            if not all(isinstance(part, str | int | None) for part in data.values()):
                self.fail("type")
            parts = {str(name): str(part).strip() for name, part in data.items() if part not in (None, "")}
            address = Address(_one_line(parts), parts)
        else:
            self.fail("type")
        if not address.text:
            self.fail("blank")
        if max(len(address.text), sum(map(len, address.parts))) > self.max_length:
            self.fail("too_long")
        return address


# Parts that mean little without their name.
_NAMED = {"block": "Block", "street": "Street", "building": "Building", "floor": "Floor", "flat": "Flat"}


def _one_line(parts: dict[str, str]) -> str:
    """ "Salmiya, Block 3, Street Al Muqawil, Building 21A, Floor 1, Flat 2" """
    return ", ".join(f"{_NAMED[name]} {part}" if name in _NAMED else part for name, part in parts.items() if part)


class UtcTimeField(serializers.Field):
    default_error_messages = {"invalid": "Must be a time in UTC like 2025-07-16T15:00:00Z."}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not words.UTC_TIME.fullmatch(data):
            self.fail("invalid")
        try:
            parsed = parse_datetime(data)
        except ValueError:
            parsed = None
        if parsed is None or not 1 < parsed.year < 9999:  # else some time zone could not show it
            self.fail("invalid")
        return parsed.astimezone(UTC)


class StopSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=255)
    address = AddressField()
    phone = serializers.CharField(max_length=64)
    lat = serializers.FloatField(min_value=-90, max_value=90, required=False, allow_null=True)
    lng = serializers.FloatField(min_value=-180, max_value=180, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("lat") is None) != (attrs.get("lng") is None):
            missing = "lat" if attrs.get("lat") is None else "lng"
            raise serializers.ValidationError({missing: "lat and lng belong together: give both or neither."})
        return attrs


class ItemSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=500)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)
    price = serializers.DecimalField(15, 3, min_value=0, required=False, allow_null=True)
    weight = serializers.DecimalField(None, None, min_value=0, max_value=1_000_000, required=False, allow_null=True)


class CreateOrderSerializer(serializers.Serializer):
    integration_order_id = serializers.CharField(max_length=255)
    pickup = StopSerializer()
    dropoff = StopSerializer()
    items = serializers.ListField(child=ItemSerializer(), required=False, allow_null=True, max_length=500)
    notes = serializers.CharField(max_length=2000, required=False, allow_null=True, allow_blank=True)
    cod_amount = serializers.DecimalField(15, 3, min_value=0, required=False, allow_null=True)
    destination_id = serializers.CharField(max_length=64, required=False, allow_null=True, allow_blank=True)
    auto_pickup = serializers.BooleanField(required=False, allow_null=True, default=False)
    scheduled_pickup_time = UtcTimeField(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        # The table of required fields says integrationOrderId where every body says integration_order_id. A stop that
        # is not there misses its fields, and the document's message names the field.
        if isinstance(data, dict):
            data = {**data}
            if "integration_order_id" not in data and "integrationOrderId" in data:
                data["integration_order_id"] = data["integrationOrderId"]
            for stop in ("pickup", "dropoff"):
                if data.get(stop) is None:
                    data[stop] = {}
        return super().to_internal_value(data)


class PickupSerializer(serializers.Serializer):
    scheduled_pickup_time = UtcTimeField(required=False, allow_null=True)


def draft_of(body: Any, source: Source) -> OrderDraft:
    """The body of a create. Raises `ValidationError`."""
    if not isinstance(body, dict):
        raise serializers.ValidationError("The body must be a JSON object.")
    valid = validate(CreateOrderSerializer, body)
    scheduled = valid.get("scheduled_pickup_time")
    return OrderDraft(
        dialect="muvx",
        external_id=valid["integration_order_id"],
        unique_scope=f"source:{source.pk}",
        pickup=_stop(valid["pickup"]),
        dropoff=_stop(valid["dropoff"]),
        items=tuple(
            Item(item["name"], item.get("quantity") or 1, item.get("price"), _grams(item.get("weight")))
            for item in valid.get("items") or ()
        ),
        notes=valid.get("notes") or "",
        cod_amount=valid.get("cod_amount"),
        destination=valid.get("destination_id") or None,
        hold=not valid.get("auto_pickup"),
        release_at=scheduled,
        extras={"scheduled_pickup_time": time(scheduled)} if scheduled else {},
        raw=body,
    )


def _grams(weight: Decimal | None) -> Decimal | None:
    """Kilograms to the gram: shops send what their arithmetic left over (0.30000000000000004)."""
    return None if weight is None else weight.quantize(Decimal("0.001"))


def _stop(valid: dict[str, Any]) -> Stop:
    return Stop(valid["name"], valid["phone"], valid["address"], lat=valid.get("lat"), lng=valid.get("lng"))


def time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created(order: Order, base: str) -> dict[str, Any]:
    """`base` is the address before `/v1`."""
    number = words.order_id(order)
    return {
        "success": True,
        "id": number,
        "status": "created",
        "tracking_url": order.tracking_url,
        "status_url": f"{base}/v1/orders/{number}/status",
    }


def answer(order: Order, status: str) -> dict[str, Any]:
    return {"success": True, "id": words.order_id(order), "status": status}


def status(order: Order) -> dict[str, Any]:
    return {
        "success": True,
        "id": words.order_id(order),
        "integration_order_id": order.number,
        "status": words.status_word(order),
        "last_updated": time(order.updated_at),
        **refused(order),
    }


def destination(candidate: Candidate) -> dict[str, Any]:
    return {
        "id": candidate.id,
        "name": candidate.name,
        "is_default": candidate.is_default,
        "environment": candidate.environment,
        "provider": candidate.provider,
    }
