"""What a rider's phone sends with a step, and what the office writes about a rider."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from destinations.models import Rider
from destinations.money import MAX_AMOUNT, exponent
from integrations.ownfleet import links, pictures
from integrations.ownfleet.steps import STEPS, Reason
from orders.models import Order, ProofOfDelivery

# After the year 2200 Python's clock and the database's have nothing more to say to each other.
_MAX_MS = 7_258_118_400_000
_ARABIC_SIGNS = str.maketrans({"٫": ".", "٬": None})


class Amount(forms.DecimalField):
    """An amount as phones write it, in Arabic digits too. A comma may mean two things, and is refused."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.translate(_ARABIC_SIGNS) if isinstance(value, str) else value)


class StepForm(forms.Form):
    """One step. `key` is the phone's name for it (a UUID), `at` when it was taken there (ms since 1970)."""

    key = forms.UUIDField()
    step = forms.ChoiceField(choices=[(name, name) for name in STEPS])
    at = forms.IntegerField(required=False, min_value=0, max_value=_MAX_MS)
    reason = forms.ChoiceField(required=False, choices=Reason.choices)
    note = forms.CharField(required=False, max_length=200)
    recipient_name = forms.CharField(required=False, max_length=255)
    cod_received = Amount(required=False, min_value=Decimal(0), max_value=MAX_AMOUNT)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lng = forms.FloatField(required=False, min_value=-180, max_value=180)
    photo = forms.FileField(required=False)
    signature = forms.FileField(required=False)

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.fields["cod_received"] = Amount(
            required=False, min_value=Decimal(0), max_value=MAX_AMOUNT, decimal_places=exponent(order.currency)
        )

    def clean_at(self) -> datetime | None:
        at = self.cleaned_data["at"]
        return None if at is None else datetime.fromtimestamp(at / 1000, UTC)

    def clean_photo(self) -> bytes:
        file = self.cleaned_data["photo"]
        try:
            return pictures.photo(file) if file else b""
        except pictures.NoPicture as error:
            raise forms.ValidationError(gettext("The photo could not be read. Take another one.")) from error

    def clean_signature(self) -> bytes:
        file = self.cleaned_data["signature"]
        try:
            return pictures.signature(file) if file else b""
        except pictures.NoPicture as error:
            raise forms.ValidationError(gettext("The signature could not be read. Let it be written again.")) from error

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        match given.get("step"):
            case "fail" if not given.get("reason") and not self.has_error("reason"):
                self.add_error("reason", gettext("Say why it could not be delivered."))
            case "deliver":
                self._check_delivery(given)
        return given

    def _check_delivery(self, given: dict[str, Any]) -> None:
        proofs = ("photo", "signature", "recipient_name")
        if not any(given.get(name) or self.has_error(name) for name in proofs):
            self.add_error(None, gettext("Take a photo, or write who has received it, or let them sign."))
        if self.order.cod_amount and given.get("cod_received") is None and not self.has_error("cod_received"):
            self.add_error("cod_received", gettext("Write how much cash you have received."))

    @property
    def problems(self) -> str:
        """Everything that is wrong, as one text for people."""
        return " ".join(str(one) for found in self.errors.values() for one in found)

    def proof(self) -> ProofOfDelivery | None:
        """Not stored yet; None for a step that needs none."""
        given = self.cleaned_data
        if given["step"] != "deliver":
            return None
        placed = given["lat"] is not None and given["lng"] is not None
        return ProofOfDelivery(
            recipient_name=given["recipient_name"],
            cod_received=given["cod_received"],
            lat=given["lat"] if placed else None,
            lng=given["lng"] if placed else None,
            photo=given["photo"],
            signature=given["signature"],
        )


class PlaceForm(forms.Form):
    lat = forms.FloatField(min_value=-90, max_value=90)
    lng = forms.FloatField(min_value=-180, max_value=180)


class RiderForm(forms.ModelForm):
    class Meta:
        model = Rider
        fields = ("name", "phone", "vehicle_type", "is_active")
        labels = {"is_active": _("Works for us now: the links work, and orders can be given to this rider")}
        widgets = {
            "name": forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
            "phone": forms.TextInput(attrs={"type": "tel", "dir": "ltr", "placeholder": "+965 5000 0000"}),
        }


class LinkForm(forms.Form):
    days = forms.IntegerField(
        label=_("Works for so many days"), initial=links.DAYS, min_value=1, max_value=links.LONGEST_DAYS
    )
