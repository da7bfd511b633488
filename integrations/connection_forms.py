"""The form with which a destination is connected or changed, made from what its provider's room says that it needs."""

import json
import math
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from destinations.models import Destination, Environment, Merchant, Source
from integrations import accounts, registry
from integrations.bodies import check_storable, no_constant
from integrations.models import CarrierAccount
from integrations.registry import Room

# What stands before the name of a credential in the names of the form's fields.
CREDENTIAL = "credential_"
_LABELS: dict[str, Any] = {
    "api_key": _("API key"),
    "client_id": _("Client id"),
    "client_secret": _("Client secret"),
    "username": _("User name"),
    "password": _("Password"),
    "email": _("E-mail"),
    "token": _("Token"),
    "secret": _("Secret"),
}
# A code is no word of any language: not spelt, and read from left to right.
CODE = {"dir": "ltr", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text[:20]} is too large")
    return number


class _Strict(json.JSONDecoder):
    """JSON that PostgreSQL can store."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"parse_constant": no_constant, "parse_float": _finite})

    def decode(self, s: str, *args: Any) -> Any:
        try:
            value = super().decode(s, *args)
            check_storable(value)
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError("no JSON that can be stored", "", 0) from error
        return value


class SettingsField(forms.JSONField):
    """What a carrier lets the merchant choose; nothing written is {}."""

    def clean(self, value: Any) -> dict[str, Any]:
        found = super().clean(value)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise ValidationError(gettext("Settings are a JSON object, such as {}."))
        return found


def credential_label(name: str) -> str:
    """What a credential of this name is called."""
    return str(_LABELS.get(name) or name.replace("_", " ").capitalize())


def secret_field(label: Any, *, required: bool, stored: bool) -> forms.CharField:
    """Never echoed; left empty it stays as it was, if there is one."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=4000,
        widget=forms.PasswordInput(attrs=CODE),
        help_text=_("Leave it empty to keep the one that is stored.") if stored else "",
    )


class ConnectionForm(forms.Form):
    """A destination of a merchant at one provider. What accounts and models refuse is put beside its field by `refuse`.

    `destination` is the one that is changed, None for a new one, which also asks for the sources that may use it.
    """

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"dir": "auto"}))
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=Environment.choices,
        help_text=_("Test keys reach sandbox destinations only; live orders belong into production."),
    )

    def __init__(
        self, data: QueryDict | None, *, merchant: Merchant, room: Room, destination: Destination | None = None
    ) -> None:
        self.room, self.destination = room, destination
        account: CarrierAccount | None = getattr(destination, "account", None)
        super().__init__(data, initial=self._initial(destination, account))
        if room.credentials or room.base_urls:
            self.fields["base_url"] = self._address()
        stored = bool(account and account.credentials)
        for name in room.credentials:
            self.fields[CREDENTIAL + name] = secret_field(credential_label(name), required=not stored, stored=stored)
        if room.callback:
            has_secret = bool(account and account.callback_secret)
            field = secret_field(_("Webhook secret"), required=False, stored=has_secret)
            if not has_secret:
                field.help_text = _("Proves that its webhooks are its own. It can be added later.")
            self.fields["callback_secret"] = field
            if has_secret:
                self.fields["forget_callback_secret"] = forms.BooleanField(
                    label=_("Forget the webhook secret"), required=False
                )
        if destination is None:
            self._ask_for_sources(merchant)
        self._ask_for_the_rest(merchant)

    def _initial(self, destination: Destination | None, account: CarrierAccount | None) -> dict[str, Any]:
        if destination is None:
            # The environment that the vendor has an address for, where it has only one.
            environment = next(iter(self.room.base_urls), Environment.SANDBOX.value)
            if Environment.SANDBOX in self.room.base_urls:
                environment = Environment.SANDBOX.value
            return {
                "name": self.room.label,
                "environment": environment,
                "base_url": self.room.base_urls.get(environment, ""),
                "settings": {},
            }
        return {
            "name": destination.name,
            "environment": destination.environment,
            "base_url": accounts.address(account) if account else self.room.base_urls.get(destination.environment, ""),
            "poll_seconds": account and account.poll_seconds,
            "fallback": destination.fallback_id,
            "settings": destination.settings,
        }

    def _address(self) -> forms.CharField:
        prefills = {f"data-prefill-{name}": url for name, url in self.room.base_urls.items()}
        return forms.CharField(
            label=_("Base address"),
            required=not self.room.base_urls,
            max_length=500,
            widget=forms.TextInput(
                attrs={"type": "url", "placeholder": "https://api.example.com", "data-prefill": "environment"}
                | prefills
                | CODE
            ),
            help_text=_("Where its API is. Of another Wasl: the base address that its “Keys” page shows with the key."),
        )

    def _ask_for_sources(self, merchant: Merchant) -> None:
        sources = Source.objects.filter(merchant=merchant).order_by("name", "pk")
        several = forms.CheckboxSelectMultiple
        self.fields["sources"] = forms.ModelMultipleChoiceField(
            sources,
            label=_("Sources that may use it"),
            widget=several,
            error_messages={"required": _("Choose at least one source.")},
        )
        self.fields["defaults"] = forms.ModelMultipleChoiceField(
            sources,
            label=_("Default destination of"),
            required=False,
            widget=several,
            help_text=_("Takes the orders that name no destination. The first destination of a source always is."),
        )
        only = [source.pk for source in sources[:2]]
        if len(only) == 1:
            self.initial["sources"] = only

    def _ask_for_the_rest(self, merchant: Merchant) -> None:
        others = Destination.objects.filter(merchant=merchant, is_active=True)
        if self.destination:
            others = Destination.objects.filter(
                Q(is_active=True) | Q(pk=self.destination.fallback_id), merchant=merchant
            ).exclude(pk=self.destination.pk)
        self.fields["fallback"] = forms.ModelChoiceField(
            others.order_by("name", "pk"),
            label=_("Next to try"),
            required=False,
            empty_label=gettext("none"),
            help_text=_("Takes the orders that this one refuses, and those that wait while it is down."),
        )
        if self.room.credentials:
            own = int(registry.carrier_class(self.room.name).poll_seconds)
            self.fields["poll_seconds"] = forms.IntegerField(
                label=_("Asked every (seconds)"),
                required=False,
                min_value=1,
                max_value=86_400,
                widget=forms.TextInput(attrs={"inputmode": "numeric", "dir": "ltr"}),
                help_text=ngettext(
                    "How often it is asked about its parcels. Empty: every second.",
                    "How often it is asked about its parcels. Empty: every %(count)s seconds.",
                    own,
                )
                % {"count": own},
            )
        self.fields["settings"] = SettingsField(
            label=_("Settings"),
            required=False,
            decoder=_Strict,
            widget=forms.Textarea(attrs={"rows": 3} | CODE),
            help_text=_("What this carrier lets you choose, as JSON. Most need none: {}"),
        )

    # --- What came of it ----------------------------------------------------------------------------------------
    def clean(self) -> None:
        data = self.cleaned_data
        missing = set(data.get("defaults") or ()) - set(data.get("sources") or ())
        if missing and "sources" not in self.errors:
            names = ", ".join(sorted(source.name for source in missing))
            self.add_error("defaults", gettext("Tick it among the sources that may use it too: %(names)s") % {
                "names": names
            })  # fmt: skip
        self._check_address()
        given = [name for name in self.room.credentials if data.get(CREDENTIAL + name)]
        if 0 < len(given) < len(self.room.credentials):
            for name in self.room.credentials:
                if name not in given and CREDENTIAL + name not in self.errors:
                    self.add_error(CREDENTIAL + name, gettext("Enter all parts anew: they belong together."))

    def _check_address(self) -> None:
        """The vendor's own address is not stored, so that it follows the environment; and what is only tried out does
        not reach the vendor's real couriers."""
        data = self.cleaned_data
        if not data.get("base_url") or "environment" not in data:
            return
        try:
            url = accounts.clean_base_url(self.room.name, data["base_url"])
        except ValidationError as error:
            self.refuse(error)
            return
        for environment, theirs in self.room.base_urls.items():
            if url == theirs and environment == data["environment"]:
                data["base_url"] = ""
            elif url == theirs:
                name = Environment(environment).label
                text = gettext("This is the vendor's address for another environment: %(environment)s.")
                self.add_error("base_url", text % {"environment": name})
        account = getattr(self.destination, "account", None)
        if account and account.credentials and data.get("base_url"):  # what is kept must not be sent anywhere else
            given = all(data.get(CREDENTIAL + name) for name in self.room.credentials)
            old, new = urlsplit(accounts.address(account)), urlsplit(url)
            if not given and (old.scheme, old.netloc) != (new.scheme, new.netloc):
                self.add_error("base_url", gettext("This is another address: enter the credentials anew."))

    @property
    def account(self) -> dict[str, Any]:
        """What `accounts.connect` and `accounts.save` take, of a valid form. None: as before."""
        data = self.cleaned_data
        given = {name: data[CREDENTIAL + name] for name in self.room.credentials if data[CREDENTIAL + name]}
        secret = data.get("callback_secret") or None
        if secret is None and (self.destination is None or data.get("forget_callback_secret")):
            secret = ""
        return {
            "base_url": data.get("base_url", ""),
            "credentials": given if given or not self.room.credentials else None,
            "poll_seconds": data.get("poll_seconds"),
            "callback_secret": secret,
        }

    def refuse(self, error: ValidationError) -> None:
        """Puts what `accounts` and the models refuse beside the field that it is about, else above the form."""
        found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, texts in found.items():
            field = name if name in self.fields else None
            if name == "credentials" and self.room.credentials:
                field = CREDENTIAL + self.room.credentials[0]
            self.add_error(field, texts)

    # --- For the template ---------------------------------------------------------------------------------------
    def secrets(self) -> list[forms.BoundField]:
        return [self[CREDENTIAL + name] for name in self.room.credentials]

    def advanced_open(self) -> bool:
        return bool({"fallback", "poll_seconds", "settings"} & set(self.errors))
