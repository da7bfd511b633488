"""Fuuffy's create body → `OrderDraft`; an `Order`, wherever it came from → Fuuffy's answer."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from destinations.models import Source
from integrations.dialect import validate
from integrations.fuuffy import words
from integrations.fuuffy.auth import DIALECT
from integrations.fuuffy.errors import refused
from integrations.fuuffy.estimate import estimated_delivery
from integrations.translation import items_of, weight_of
from orders.drafts import Address, Item, OrderDraft, Parcel, Stop
from orders.models import Order

_GRAM = Decimal("0.001")
# Far more than anybody declares, and exact in every JSON library.
_MAX_VALUE = 1_000_000_000_000
# Of a person, what says where.
_PARTS = ("address", "city", "postal_code", "country")


# --- In -------------------------------------------------------------------------------------------------------------
def _messages(label: str, **more: str) -> dict[str, Any]:
    required = f"{label} is required"
    return {"required": required, "null": required, "blank": required, "invalid": f"{label} must be a text", **more}


class TextField(serializers.CharField):
    """A text and nothing else: what was sent is echoed, and a number would not be the documented string."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class EmailField(TextField, serializers.EmailField):
    pass


def _text(label: str, limit: int, *, required: bool = False, kind: Any = TextField, **more: Any) -> Any:
    options = {} if required else {"required": False, "allow_null": True, "allow_blank": True}
    too_long = f"{label} must not be longer than {limit} characters"
    messages = _messages(label, max_length=too_long, **more)
    return kind(max_length=limit, error_messages=messages, **options)


class PhoneField(TextField):
    default_error_messages = {"no_country": "Phone number must include country code (e.g. +1234567890)"}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not words.PHONE.fullmatch(text.translate(words.PHONE_PUNCTUATION)):
            self.fail("no_country")
        return text


class CountryField(TextField):
    default_error_messages = {"unknown": "Country must be a valid ISO 3166-1 alpha-2 code"}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text not in words.COUNTRIES:
            self.fail("unknown")
        return text


class NumberField(serializers.Field):
    """A JSON number. `above` and `below` are not allowed themselves."""

    def __init__(self, label: str, *, above: int | None = 0, below: int = _MAX_VALUE, **options: Any) -> None:
        self.label_text, self.above, self.below = label, above, below
        super().__init__(error_messages=_messages(label, invalid=f"{label} must be a number"), **options)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("invalid")
        if self.above is None and data < 0:
            raise serializers.ValidationError(f"{self.label_text} must not be negative")
        if self.above is not None and data <= self.above:
            raise serializers.ValidationError(f"{self.label_text} must be greater than {self.above}")
        if data >= self.below:
            raise serializers.ValidationError(f"{self.label_text} must be less than {self.below}")
        return Decimal(data)


class PersonSerializer(serializers.Serializer):
    name = _text("Name", 255, required=True)
    phone = _text("Phone number", 64, required=True, kind=PhoneField)
    email = _text("Email", 254, kind=EmailField, invalid="Email must be a valid email address")
    address = _text("Address", 1000, required=True)
    city = _text("City", 255)
    postal_code = _text("Postal code", 64)
    country = _text("Country", 64, kind=CountryField)


class DimensionsSerializer(serializers.Serializer):
    length = NumberField("Length", below=words.MAX_SIDE_CM)
    width = NumberField("Width", below=words.MAX_SIDE_CM)
    height = NumberField("Height", below=words.MAX_SIDE_CM)


class PackageSerializer(serializers.Serializer):
    weight = NumberField("Weight", below=words.MAX_WEIGHT_KG)
    dimensions = DimensionsSerializer(
        required=False, allow_null=True, error_messages={"invalid": "Dimensions must be an object"}
    )
    description = _text("Description", 500)
    value = NumberField("Value", above=None, required=False, allow_null=True)


class CreateOrderSerializer(serializers.Serializer):
    sender = PersonSerializer(error_messages={"invalid": "Sender must be an object"})
    recipient = PersonSerializer(error_messages={"invalid": "Recipient must be an object"})
    package = PackageSerializer(error_messages={"invalid": "Package must be an object"})
    service_type = serializers.ChoiceField(
        list(words.SERVICES),
        required=False,
        allow_null=True,
        error_messages={"invalid_choice": f"Service type must be one of {', '.join(words.SERVICES)}"},
    )
    reference = _text("Reference", 255)
    notes = _text("Notes", 2000)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        # A part that is not there misses its fields, and each of them is named.
        missing: dict[str, Any] = {name: {} for name in ("sender", "recipient", "package") if data.get(name) is None}
        return super().to_internal_value({**data, **missing})


def draft_of(body: Any, source: Source) -> OrderDraft:
    """The body of a create, which says all by itself. Raises `ValidationError`."""
    if not isinstance(body, dict):
        raise serializers.ValidationError("The body must be a JSON object")
    valid = validate(CreateOrderSerializer, body)
    sender, package = valid["sender"], valid["package"]
    service = valid.get("service_type") or words.DEFAULT_SERVICE
    estimate = estimated_delivery(timezone.now(), service, sender.get("country") or "")
    measures = package.get("dimensions") or {}
    description, value = package.get("description"), package.get("value")
    weight = package["weight"].quantize(_GRAM)
    return OrderDraft(
        dialect=DIALECT,
        external_id=valid.get("reference") or "",
        pickup=_stop(sender),
        dropoff=_stop(valid["recipient"]),
        items=(Item(description, weight_kg=weight),) if description else (),
        parcel=Parcel(weight, *(measures[name].quantize(_GRAM) if measures else None for name in words.DIMENSIONS)),
        notes=valid.get("notes") or "",
        extras={
            "service_type": service,
            "estimated_delivery": time(estimate),
            **({} if value is None else {"declared_value_usd": value}),
        },
        raw=body,
    )


def _stop(valid: dict[str, Any]) -> Stop:
    parts = {name: valid[name] for name in _PARTS if valid.get(name)}
    return Stop(
        valid["name"], valid["phone"], Address(", ".join(parts.values()), parts), email=valid.get("email") or ""
    )


# --- Out ------------------------------------------------------------------------------------------------------------
def time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order(order: Order, status: str | None = None) -> dict[str, Any]:
    """The documented answer, with what is known. `status`: said instead of the order's own."""
    ours = order.dialect == DIALECT
    extras = order.extras if ours else {}
    return {
        "id": words.order_id(order),
        "tracking_number": words.tracking_number(order),
        "status": status or words.status_word(order),
        **(_echo(order, order.raw_payload) if ours else _known(order)),
        **_given(
            service_type=extras.get("service_type"),
            reference=order.number,
            notes=order.notes,
            estimated_delivery=extras.get("estimated_delivery"),
        ),
        "created_at": time(order.created_at),
        "updated_at": time(order.updated_at),
        **refused(order),
    }


def _echo(order: Order, body: Any) -> dict[str, Any]:
    """The parts as they were sent, but for what has been edited through another dialect since; the store keeps names
    in an order of its own, here they are in the document's."""
    sender, recipient, package = body["sender"], body["recipient"], body["package"]
    if order.updated_at != order.created_at:
        sender, recipient = _edited(order, "pickup", sender), _edited(order, "dropoff", recipient)
        package = _repacked(order, package)
    package = _sorted(package, words.PACKAGE)
    if package.get("dimensions"):
        package["dimensions"] = _sorted(package["dimensions"], words.DIMENSIONS)
    return {
        "sender": _sorted(sender, words.PERSON),
        "recipient": _sorted(recipient, words.PERSON),
        "package": package,
    }


def _edited(order: Order, end: str, sent: dict[str, Any]) -> dict[str, Any]:
    given = {name: (sent.get(name) or "").strip() for name in words.PERSON}
    parts = {name: given[name] for name in _PARTS if given[name]}
    now = tuple(getattr(order, f"{end}_{part}") for part in ("name", "phone", "email", "parts"))
    if now == (given["name"], given["phone"], given["email"], parts):
        return sent
    return _person(order, end) | {name: sent[name] for name in sent if name not in words.PERSON}


def _repacked(order: Order, sent: dict[str, Any]) -> dict[str, Any]:
    package = dict(sent)
    if order.weight_kg != Decimal(str(sent["weight"])).quantize(_GRAM):
        package["weight"] = order.weight_kg
    items = list(order.items.all())
    if [item.name for item in items] != list(filter(None, [(sent.get("description") or "").strip()])):
        package["description"] = ", ".join(map(str, items))
    return package if package == sent else _given(**package)


def _sorted(part: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: part[name] for name in names if name in part} | part


def _known(order: Order) -> dict[str, Any]:
    """The same of an order that came another way."""
    items = items_of(order)
    dimensions = _given(length=order.length_cm, width=order.width_cm, height=order.height_cm)
    return {
        "sender": _person(order, "pickup"),
        "recipient": _person(order, "dropoff"),
        "package": _given(
            weight=weight_of(order),
            dimensions=dimensions if len(dimensions) == len(words.DIMENSIONS) else None,
            description=", ".join(map(str, items)),
        ),
    }


def _person(order: Order, end: str) -> dict[str, Any]:
    parts = getattr(order, f"{end}_parts")
    ours = "address" in parts and parts.keys() <= set(_PARTS)
    country = parts.get("country")
    return _given(
        name=getattr(order, f"{end}_name"),
        phone=getattr(order, f"{end}_phone"),
        email=getattr(order, f"{end}_email"),
        address=parts["address"] if ours else getattr(order, f"{end}_address"),
        city=parts.get("city"),
        postal_code=parts.get("postal_code") or parts.get("postalCode"),
        # Other dialects write what they like there, this one only codes.
        country=country if country in words.COUNTRIES else None,
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", {})}
