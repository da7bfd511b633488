"""The new-order form: what a person writes → an OrderDraft."""

import secrets
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from destinations.models import Environment, Source
from destinations.money import MAX_AMOUNT, exponent
from destinations.routing import candidates_of
from orders.drafts import Address, Item, OrderDraft, Stop

DIALECT = "portal"
STOP_PARTS = ("name", "phone", "address", "lat", "lng")
# A text, or one that is translated when it is shown: a type that Django does not name.
Label = Any
ADDRESS_PARTS = {
    "area": _("Area"),
    "block": _("Block"),
    "street": _("Street"),
    "building": _("Building"),
    "floor": _("Floor"),
    "flat": _("Flat"),
}


def new_token() -> str:
    return secrets.token_urlsafe(16)


def scope(token: str) -> str:
    """The uniqueness scope that lets one filled-in form make one order, however often it is sent."""
    return f"form:{token}"


def _text(label: Label, *, required: bool = True, max_length: int = 255, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=max_length, widget=forms.TextInput(attrs={"dir": "auto", **attrs})
    )


def _phone(label: Label) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=64,
        widget=forms.TextInput(attrs={"type": "tel", "dir": "ltr", "placeholder": "+965 5000 0000"}),
    )


def _degrees(label: Label, limit: int) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        required=False,
        min_value=-limit,
        max_value=limit,
        widget=_decimal_input(),
    )


def _decimal_input() -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": "decimal", "dir": "ltr"})


def _amount(label: Label, currency: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=MAX_AMOUNT,
        decimal_places=exponent(currency),
        widget=_decimal_input(),
    )


class OrderForm(forms.Form):
    """One order by hand, for one source. `when` is now, hold or at (then `release_at`, in the current time zone)."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=64)
    external_id = _text(_("Your order number"), required=False)

    pickup_name = _text(_("Name"))
    pickup_phone = _phone(_("Phone"))
    pickup_address = _text(_("Address"), max_length=1000)
    pickup_lat = _degrees(_("Latitude"), 90)
    pickup_lng = _degrees(_("Longitude"), 180)

    dropoff_name = _text(_("Name"))
    dropoff_phone = _phone(_("Phone"))
    dropoff_address = _text(_("Address"), max_length=1000)
    dropoff_lat = _degrees(_("Latitude"), 90)
    dropoff_lng = _degrees(_("Longitude"), 180)

    notes = forms.CharField(
        label=_("Notes for the courier"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    when = forms.ChoiceField(
        label=_("When should it go out?"),
        choices=[("now", _("Now")), ("hold", _("Hold until I release it")), ("at", _("At a set time"))],
        widget=forms.RadioSelect,
        initial="now",
    )
    release_at = forms.DateTimeField(
        label=_("Goes out at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, data: QueryDict | None = None, *, source: Source) -> None:
        candidates = [candidate for candidate in candidates_of(source) if candidate.is_active]
        initial = {
            "token": new_token(),
            "destination": next((candidate.id for candidate in candidates if candidate.is_default), None),
            **{f"pickup_{part}": getattr(source, f"pickup_{part}") for part in STOP_PARTS},
        }
        super().__init__(data, initial=initial)
        choices = [(one.id, f"{one.name} · {Environment(one.environment).label}") for one in candidates]
        self.fields["destination"] = forms.ChoiceField(label=_("Destination"), choices=choices)
        currency = source.merchant.currency
        self.fields["cod_amount"] = _amount(_("Cash on delivery, %(currency)s") % {"currency": currency}, currency)
        self.fields["release_at"].help_text = _("Only for a set time. Time zone: %(zone)s") % {
            "zone": source.merchant.timezone
        }
        for part, label in ADDRESS_PARTS.items():
            self.fields[f"part_{part}"] = _text(label, required=False, max_length=120)

    def address_parts(self) -> list[forms.BoundField]:
        return [self[f"part_{part}"] for part in ADDRESS_PARTS]

    def details_open(self) -> bool:
        """Whether something is wrong among the further details of the address, which are folded away at first."""
        return any(name.startswith(("part_", "dropoff_l")) for name in self.errors)

    def clean(self) -> None:
        for end in ("pickup", "dropoff"):
            lat, lng = self.cleaned_data.get(f"{end}_lat"), self.cleaned_data.get(f"{end}_lng")
            for name, missing, other in ((f"{end}_lat", lat, lng), (f"{end}_lng", lng, lat)):
                if missing is None and other is not None and name not in self.errors:
                    self.add_error(name, _("Give both latitude and longitude, or neither."))
        at_a_time = self.cleaned_data.get("when") == "at"
        if at_a_time and not self.cleaned_data.get("release_at") and "release_at" not in self.errors:
            self.add_error("release_at", _("Choose the day and the time at which it should go out."))

    def draft(self, items: tuple[Item, ...]) -> OrderDraft:
        """The draft of a valid form."""
        data = self.cleaned_data
        return OrderDraft(
            dialect=DIALECT,
            pickup=self._stop("pickup"),
            dropoff=self._stop("dropoff"),
            external_id=data["external_id"],
            unique_scope=scope(data["token"]),
            items=items,
            notes=data["notes"],
            cod_amount=data["cod_amount"],
            destination=data["destination"],
            hold=data["when"] == "hold",
            release_at=data["release_at"] if data["when"] == "at" else None,
        )

    def _stop(self, end: str) -> Stop:
        data = self.cleaned_data
        parts = {part: data[f"part_{part}"] for part in ADDRESS_PARTS if data[f"part_{part}"]}
        return Stop(
            name=data[f"{end}_name"],
            phone=data[f"{end}_phone"],
            address=Address(data[f"{end}_address"], parts if end == "dropoff" else {}),
            lat=data[f"{end}_lat"],
            lng=data[f"{end}_lng"],
        )


class ItemForm(forms.Form):
    """One row of what is carried; `price` and `weight_kg` are per piece."""

    name = _text(_("Item"), max_length=500)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=100_000,
        initial=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "dir": "ltr"}),
    )
    weight_kg = forms.DecimalField(
        label=_("Weight, kg"), required=False, min_value=Decimal(0), max_digits=10, decimal_places=3,
        widget=_decimal_input(),
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"] = _amount(_("Price"), currency)

    def item(self) -> Item:
        """The item of a valid, filled-in row."""
        return Item(**self.cleaned_data)


ItemFormSet = forms.formset_factory(ItemForm, extra=2, max_num=200, absolute_max=200)


def items_of(formset: forms.BaseFormSet) -> tuple[Item, ...]:
    """The rows that were filled in."""
    return tuple(form.item() for form in formset if form.has_changed())
