"""The forms of sources and of their keys."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from destinations.models import Destination, Merchant, Source
from integrations import registry
from integrations.connection_forms import CODE

_SETTING = "setting_"
_SCOPES = "scopes_"


class SourceForm(forms.ModelForm):
    """A source of a merchant; a new one (`instance` without a key) is also told where it may send."""

    class Meta:
        model = Source
        fields = (
            "name", "is_active", "hold",
            "pickup_name", "pickup_phone", "pickup_address", "pickup_lat", "pickup_lng",
        )  # fmt: skip
        labels = {
            "is_active": _("Active"), "hold": _("Hold orders"), "name": _("Name"), "pickup_name": _("Pick-up name"),
            "pickup_phone": _("Pick-up phone"), "pickup_address": _("Pick-up address"), "pickup_lat": _("Latitude"),
            "pickup_lng": _("Longitude"),
        }  # fmt: skip
        widgets = {
            "name": forms.TextInput(attrs={"dir": "auto"}),
            "pickup_name": forms.TextInput(attrs={"dir": "auto"}),
            "pickup_address": forms.TextInput(attrs={"dir": "auto"}),
            "pickup_phone": forms.TextInput(attrs={"type": "tel", "dir": "ltr"}),
            "pickup_lat": forms.TextInput(attrs={"inputmode": "decimal", "dir": "ltr"}),
            "pickup_lng": forms.TextInput(attrs={"inputmode": "decimal", "dir": "ltr"}),
        }

    def __init__(self, data: QueryDict | None, *, instance: Source) -> None:
        super().__init__(data, instance=instance)
        self.new = instance.pk is None
        if self.new:
            del self.fields["is_active"]
            active = Destination.objects.filter(merchant=instance.merchant, is_active=True).order_by("name", "pk")
            self.fields["default"] = forms.ModelChoiceField(
                active,
                label=_("Default destination"),
                required=False,
                empty_label=gettext("none"),
                help_text=_("Takes the orders that name no destination."),
            )
            self.fields["others"] = forms.ModelMultipleChoiceField(
                active,
                label=_("Further destinations that it may use"),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
        for room in registry.DIALECTS.values():
            for name, values in room.source_settings.items():
                self.fields[_SETTING + name] = forms.ChoiceField(
                    label=f"{room.label}: {name}",
                    choices=[(value, value) for value in values],
                    initial=instance.settings.get(name, values[0]),
                    required=False,
                )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lat, lng = data.get("pickup_lat"), data.get("pickup_lng")
        for name, missing, other in (("pickup_lat", lat, lng), ("pickup_lng", lng, lat)):
            if missing is None and other is not None and name not in self.errors:
                self.add_error(name, _("Give both latitude and longitude, or neither."))
        if data.get("others") and not data.get("default") and "default" not in self.errors:
            self.add_error("default", _("Choose one: a source with destinations has a default."))
        return data

    def values(self) -> dict[str, Any]:
        """The fields of a valid form, as `destinations.actions` takes them. What a dialect has by default is not
        stored."""
        data = self.cleaned_data
        found = {name: data[name] for name in self.Meta.fields if name in data}
        known = {name: values for room in registry.DIALECTS.values() for name, values in room.source_settings.items()}
        kept = {name: value for name, value in self.instance.settings.items() if name not in known}
        chosen = {name: data[_SETTING + name] for name in known}
        differing = {name: value for name, value in chosen.items() if value and value != known[name][0]}
        return found | {"settings": kept | differing}

    def destinations(self) -> list[Destination]:
        """Of a new source: the default first."""
        default = self.cleaned_data["default"]
        return [default, *self.cleaned_data["others"].exclude(pk=default.pk)] if default else []

    def settings_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(_SETTING)]


class KeyForm(forms.Form):
    """A new key: of a dialect and of a kind that it has, limited to what that dialect can limit it to."""

    dialect = forms.ChoiceField(label=_("Dialect"), help_text=_("The API that the sender speaks."))
    reach = forms.ChoiceField(
        label=_("For"),
        choices=[
            ("test", _("Tests: reaches sandbox destinations only")),
            ("live", _("Live: its orders are really carried")),
        ],
        widget=forms.RadioSelect,
        initial="test",
    )
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"dir": "auto"} | {"autocomplete": CODE["autocomplete"]}),
        help_text=_("For you, to tell it from others: where it is used."),
    )

    def __init__(self, data: QueryDict | None, *, merchant: Merchant, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        sources = Source.objects.filter(merchant=merchant, is_active=True).order_by("name", "pk")
        self.fields["source"] = forms.ModelChoiceField(
            sources, label=_("Source"), empty_label=None, help_text=_("Whose orders come with this key.")
        )
        self.fields["dialect"].choices = [  # type: ignore[attr-defined]
            ("/".join(filter(None, (room.name, kind))), " · ".join(filter(None, (room.label, kind))))
            for room in registry.DIALECTS.values()
            for kind in room.kinds
        ]
        for room in registry.DIALECTS.values():
            if room.scopes:
                self.fields[_SCOPES + room.name] = forms.MultipleChoiceField(
                    label=_("Limit a key of %(dialect)s to") % {"dialect": room.label},
                    choices=[(scope, scope) for scope in room.scopes],
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                    help_text=_("Nothing ticked: it may do everything. Of no account for the other dialects."),
                )

    def scope_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(_SCOPES)]

    def values(self) -> dict[str, Any]:
        """What `keys.issue` takes, of a valid form."""
        data = self.cleaned_data
        dialect, _slash, kind = data["dialect"].partition("/")
        return {
            "source": data["source"],
            "dialect": dialect,
            "kind": kind,
            "is_test": data["reach"] == "test",
            "name": data["name"],
            "scopes": data.get(_SCOPES + dialect) or [],
        }
