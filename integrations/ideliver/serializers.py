"""iDeliver's bodies → checked values and `OrderDraft`s. Source: the document's "Core fields" and "Required body"."""

import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from rest_framework import serializers

from destinations import money
from destinations.models import Merchant, Rider, Source, Vehicle
from integrations.dialect import validate
from integrations.ideliver import words
from integrations.idempotency import body_digest
from orders.drafts import Address, Item, OrderDraft, Parcel, Stop, Window
from orders.errors import InvalidDraft

_GRAM = Decimal("0.001")
# In minor units: exact in every JSON library, and bearable in every currency.
_MAX_MINOR = int(money.MAX_AMOUNT)
TIMES = ("scheduled_pickup_at", "delivery_window_start", "delivery_window_end")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})", re.ASCII)


# --- Fields ---------------------------------------------------------------------------------------------------------
def _optional(limit: int) -> Any:
    return serializers.CharField(max_length=limit, required=False, allow_null=True, allow_blank=True)


class TimeField(serializers.Field):
    """ISO-8601 with an offset or `Z` → UTC."""

    default_error_messages = {"invalid": "Must be an ISO-8601 time with an offset, like 2026-05-01T14:00:00.000Z."}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _TIME.fullmatch(data):
            self.fail("invalid")
        try:
            parsed = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not 1 < parsed.year < 9999:  # else some time zone could not show it
            self.fail("invalid")
        return parsed.astimezone(UTC)


class NumberField(serializers.Field):
    """A JSON number between two others, which are allowed unless it must be `above` the lower one."""

    default_error_messages = {
        "invalid": "Must be a number.",
        "whole": "Must be a whole number.",
        "above": "Must be greater than {limit}.",
        "low": "Must not be less than {limit}.",
        "high": "Must not be more than {limit}.",
    }

    def __init__(self, low: int, high: int, *, above: bool = False, whole: bool = False, **options: Any) -> None:
        self.low, self.high, self.above, self.whole = low, high, above, whole
        super().__init__(required=False, allow_null=True, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("invalid")
        if data < self.low or (self.above and data == self.low):
            self.fail("above" if self.above else "low", limit=self.low)
        if data > self.high:
            self.fail("high", limit=self.high)
        if self.whole and data != int(data):
            self.fail("whole")
        return Decimal(data)


class YesNoField(serializers.Field):
    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class VersionField(serializers.Field):
    default_error_messages = {"invalid": f'Must be "{words.SCHEMA_VERSION}".'}

    def to_internal_value(self, data: Any) -> str:
        if data != words.SCHEMA_VERSION:
            self.fail("invalid")
        return data


class UuidField(serializers.Field):
    default_error_messages = {"invalid": "Must be an id."}

    def to_internal_value(self, data: Any) -> uuid.UUID:
        found = words.order_uuid(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid")
        return found


class ObjectField(serializers.Field):
    default_error_messages = {"invalid": "Must be an object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data


# --- Bodies ---------------------------------------------------------------------------------------------------------
class ItemSerializer(serializers.Serializer):
    """The document leaves items open: these are understood, all else is kept."""

    name = _optional(500)
    quantity = NumberField(1, 1_000_000, whole=True)
    price_minor = NumberField(0, _MAX_MINOR, whole=True)


class TimesSerializer(serializers.Serializer):
    scheduled_pickup_at = TimeField()
    delivery_window_start = TimeField()
    delivery_window_end = TimeField()


class ContentsSerializer(serializers.Serializer):
    pickup_address = serializers.CharField(max_length=1000)
    dropoff_address = serializers.CharField(max_length=1000)
    customer_phone = serializers.CharField(max_length=64)
    customer_name = _optional(255)
    pickup_lat = NumberField(-90, 90)
    pickup_lng = NumberField(-180, 180)
    dropoff_lat = NumberField(-90, 90)
    dropoff_lng = NumberField(-180, 180)
    notes = _optional(5000)
    cod_amount_minor = NumberField(0, _MAX_MINOR, whole=True)
    cod_currency = serializers.RegexField(
        re.compile(r"^[A-Z]{3}\Z"),
        required=False,
        allow_null=True,
        error_messages={"invalid": "Must be an ISO 4217 code like NGN."},
    )
    weight_kg = NumberField(0, words.MAX_WEIGHT_KG, above=True)
    length_cm = NumberField(0, words.MAX_SIDE_CM, above=True)
    width_cm = NumberField(0, words.MAX_SIDE_CM, above=True)
    height_cm = NumberField(0, words.MAX_SIDE_CM, above=True)
    is_fragile = YesNoField(required=False, allow_null=True)
    vehicle_type_hint = serializers.ChoiceField(
        Vehicle.values,
        required=False,
        allow_null=True,
        error_messages={"invalid_choice": f"Must be one of {', '.join(Vehicle.values)}."},
    )
    items = serializers.ListField(child=ItemSerializer(), required=False, allow_null=True, max_length=500)
    rider_id = UuidField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for end in ("pickup", "dropoff"):
            lat, lng = f"{end}_lat", f"{end}_lng"
            if (attrs.get(lat) is None) != (attrs.get(lng) is None):
                missing = lat if attrs.get(lat) is None else lng
                raise serializers.ValidationError({missing: f"{lat} and {lng} belong together: give both or neither."})
        return attrs


class StandardizedSerializer(TimesSerializer, ContentsSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        pickup, start, end = (attrs[name] for name in TIMES)
        if start >= end:
            raise serializers.ValidationError({"delivery_window_start": "Must be before delivery_window_end."})
        if pickup >= end:
            raise serializers.ValidationError({"scheduled_pickup_at": "Must be before delivery_window_end."})
        return super().validate(attrs)


class CreateOrderSerializer(serializers.Serializer):
    schema_version = VersionField()
    source = serializers.CharField(max_length=128)  # type: ignore[assignment]  # the document's name
    external_order_id = serializers.CharField(max_length=255)
    raw_payload = ObjectField(required=False, allow_null=True)
    standardized = StandardizedSerializer()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        # A part that is not there misses its fields, of which each has an error of its own.
        return super().to_internal_value({**data, "standardized": {}} if data.get("standardized") is None else data)


class SimulatedOrderSerializer(ContentsSerializer):
    """The flat body of the test simulator."""

    external_order_id = serializers.CharField(max_length=255)


class PatchSerializer(serializers.Serializer):
    status = serializers.CharField(max_length=words.MAX_STATUS, trim_whitespace=False, required=False)
    payment_verified = YesNoField(required=False)
    rider_id = UuidField(required=False, allow_null=True)

    def validate_status(self, text: str) -> str:
        """A documented word in its documented form, anything else as it is."""
        if not text.strip():
            raise serializers.ValidationError("This field may not be blank.")
        word = text.strip().lower()
        return word if word in words.SAID else text

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(f"Give at least one of {', '.join(self.fields)}.")
        return attrs


class CancelSerializer(serializers.Serializer):
    reason = _optional(1000)
    notes = _optional(1000)


class WebhookSerializer(serializers.Serializer):
    url = serializers.CharField(max_length=1000, required=False)
    enabled = YesNoField(required=False)
    rotate_secret = YesNoField(required=False)

    def validate_url(self, url: str) -> str:
        """http or https, to a host, with nothing in it that would end up in a log as a secret."""
        try:
            parts = urlsplit(url)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            right = False
        if not right or not url.isprintable() or " " in url or "\\" in url:
            raise serializers.ValidationError("Must be an address like https://shop.example/hooks.")
        if "@" in parts.netloc:
            raise serializers.ValidationError("Must not have a user name or password in it.")
        return url

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(f"Give at least one of {', '.join(self.fields)}.")
        return attrs


# --- Drafts ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as a valid body asks for it. `valid`: its standardized part, checked. `body`: as the document has it."""

    channel: str
    external_id: str
    valid: dict[str, Any]
    body: dict[str, Any]


def wanted(body: dict[str, Any]) -> Wanted:
    """Raises `ValidationError`."""
    valid = validate(CreateOrderSerializer, body)
    return Wanted(valid["source"], valid["external_order_id"], valid["standardized"], body)


def simulated(flat: dict[str, Any]) -> Wanted:
    """The same for the simulator's flat body, and the order body that it stands for. Raises `ValidationError`."""
    valid = validate(SimulatedOrderSerializer, flat)
    body = {
        "schema_version": words.SCHEMA_VERSION,
        "source": words.SIMULATOR_SOURCE,
        "external_order_id": valid["external_order_id"],
        "raw_payload": flat,
        "standardized": {name: value for name, value in flat.items() if name != "external_order_id"},
    }
    return Wanted(words.SIMULATOR_SOURCE, valid["external_order_id"], valid, body)


def unique_scope(channel: str) -> str:
    return f"channel:{channel}"


def draft_of(body: Any, source: Source) -> OrderDraft:
    """The body of a create. Raises `ValidationError`, and `InvalidDraft` for a rider that is not the merchant's."""
    if not isinstance(body, dict):
        raise serializers.ValidationError("The body must be a JSON object.")
    return to_draft(wanted(body), source)


def to_draft(wanted: Wanted, source: Source) -> OrderDraft:
    """Raises `InvalidDraft` for a rider that is not the merchant's."""
    valid = wanted.valid
    currency = valid.get("cod_currency") or source.merchant.currency
    weight, length, width, height = (
        _grams(valid.get(name)) for name in ("weight_kg", "length_cm", "width_cm", "height_cm")
    )
    fragile = bool(valid.get("is_fragile"))
    hint = valid.get("vehicle_type_hint") or words.suggested_vehicle(weight, (length, width, height), fragile=fragile)
    return OrderDraft(
        dialect=words.DIALECT,
        channel=wanted.channel,
        external_id=wanted.external_id,
        unique_scope=unique_scope(wanted.channel),
        pickup=_stop("pickup", source.pickup_name or source.name, source.pickup_phone, valid),
        dropoff=_stop("dropoff", valid.get("customer_name") or "", valid["customer_phone"], valid),
        items=tuple(
            Item(item["name"], int(item.get("quantity") or 1), _major(item.get("price_minor"), currency))
            for item in valid.get("items") or ()
            if item.get("name")
        ),
        parcel=Parcel(weight, length, width, height),
        notes=valid.get("notes") or "",
        currency=currency,
        cod_amount=_major(valid.get("cod_amount_minor"), currency),
        window=Window(*(valid.get(name) for name in TIMES)),
        rider=find_rider(source.merchant, valid.get("rider_id")),
        extras={"body_digest": body_digest(wanted.body), **({"vehicle_type_hint": hint} if hint else {})},
        raw=wanted.body,
    )


def find_rider(merchant: Merchant, rider_id: uuid.UUID | None, path: str = "rider") -> Rider | None:
    """The merchant's active rider of this id. Raises `InvalidDraft` when there is none."""
    if rider_id is None:
        return None
    rider = Rider.objects.filter(merchant=merchant, uuid=rider_id, is_active=True).first()
    if rider is None:
        raise InvalidDraft("There is no such rider.", path=path)
    return rider


def _stop(end: str, name: str, phone: str, valid: dict[str, Any]) -> Stop:
    lat, lng = valid.get(f"{end}_lat"), valid.get(f"{end}_lng")
    stop = Stop(name, phone, Address(valid[f"{end}_address"]))
    return stop if lat is None or lng is None else replace(stop, lat=float(lat), lng=float(lng))


def _grams(measure: Decimal | None) -> Decimal | None:
    """To three decimals, and never nothing at all."""
    return None if measure is None else max(measure.quantize(_GRAM), _GRAM)


def _major(minor: Decimal | None, currency: str) -> Decimal | None:
    return None if minor is None else minor.scaleb(-money.exponent(currency))
