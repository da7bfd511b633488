"""Staff pages of keys and hand-overs, and of what the rooms below can only register with our help: orders with their
hand-overs, destinations with their providers, merchants whose accounts are opened."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from destinations.admin import DestinationAdmin, DestinationForm, MerchantAdmin, SourceAdmin
from destinations.backoffice import ReadOnly, badge, instant, isolated
from destinations.models import Destination, Merchant, Source
from integrations import connection_admin as connection_admin  # its pages, which Django would not look for
from integrations import dispatching, keys, registry
from integrations.models import ApiKey, Dispatch, Exchange, SimulatedParcel, StaffKey, WebhookEndpoint
from integrations.onboarding import open_account
from orders.admin import OrderAdmin
from orders.models import Order

State = Dispatch.State
_VARIANTS = {
    State.BOOKING: "info",
    State.UNKNOWN: "warning",
    State.BOOKED: "primary",
    State.CANCELLING: "warning",
    State.REFUSED: "danger",
    State.GAVE_UP: "danger",
    State.DONE: "success",
}


def shown_once(
    model_admin: ModelAdmin, request: HttpRequest, obj: Model, secrets: list[tuple[str, str]]
) -> TemplateResponse:
    """The page after something with secrets was made. They are in this answer only: a message would be kept in a
    cookie or a session until it is shown."""
    return TemplateResponse(
        request,
        "admin/shown_once.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": gettext("Keep these now"),
            "opts": model_admin.opts,
            "secrets": secrets,
            "object": obj,
            "next": reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change", args=[obj.pk]),
        },
    )


# --- Merchants ------------------------------------------------------------------------------------------------------
class OpenAccountForm(ModelForm):
    username = forms.CharField(
        label=_("Owner's log-in"), required=False, max_length=150, widget=UnfoldAdminTextInputWidget,
        validators=[User.username_validator], help_text=_("Made from the name when it is left empty."),
    )  # fmt: skip
    hold = forms.BooleanField(
        label=_("Hold orders"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("Orders wait until somebody releases them."),
    )  # fmt: skip

    class Meta:
        model = Merchant
        fields = ("name", "currency", "country", "timezone", "language")

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username=username).exists():
            raise forms.ValidationError(_("There is such a log-in already."))
        return username


@admin.register(Merchant)
class MerchantAccountAdmin(MerchantAdmin):
    """To add a merchant is to open an account: owner, source, test keys and two simulated destinations with it."""

    add_form_template = "admin/open_account.html"
    add_fieldsets = ((None, {"fields": (
        "name", ("currency", "country"), ("timezone", "language"), "username", "hold",
    )}),)  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        if obj is None:
            kwargs["form"] = OpenAccountForm
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list:
        return super().get_inlines(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        if change:
            return super().save_model(request, obj, form, change)
        asked = dict(form.cleaned_data)
        obj.account = open_account(asked.pop("name"), username=asked.pop("username") or None, **asked)
        obj.pk = obj.account.merchant.pk
        return None

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        account = obj.account
        lines = [(gettext("Log-in"), account.owner.get_username()), (gettext("Password"), account.password)]
        for dialect, key in account.keys.items():
            label = registry.DIALECTS[dialect].label if dialect in registry.DIALECTS else dialect
            lines += keys.lines(label, key)
        return shown_once(self, request, obj, lines)


# --- Sources --------------------------------------------------------------------------------------------------------
class DialectSourceForm(ModelForm):
    def clean_settings(self) -> dict[str, str]:
        stored = self.cleaned_data["settings"] or {}
        try:
            registry.check_source_settings(stored)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return stored


@admin.register(Source)
class DialectSourceAdmin(SourceAdmin):
    form = DialectSourceForm


# --- Destinations ---------------------------------------------------------------------------------------------------
class ProviderForm(DestinationForm):
    provider = forms.ChoiceField(label=_("Provider"), choices=registry.provider_choices, widget=UnfoldAdminSelectWidget)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        provider, stored = data.get("provider"), data.get("settings")
        if not provider or "settings" in self.errors:
            return data
        if not isinstance(stored, dict | None):
            self.add_error("settings", gettext("Settings are a JSON object, such as {}."))
            return data
        data["settings"] = stored or {}
        try:
            registry.carrier_class(provider).check_settings(data["settings"])
        except ValueError as error:
            self.add_error("settings", str(error))
        return data


@admin.register(Destination)
class ProviderDestinationAdmin(DestinationAdmin):
    form = ProviderForm


# --- Keys -----------------------------------------------------------------------------------------------------------
class RevokedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("Works")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(revoked_at__isnull=self.value() == "live") if self.value() else queryset


class KeyForm(ModelForm):
    """A key of a kind that its dialect has, and limited to what that dialect can limit it to."""

    scopes = SimpleArrayField(
        forms.CharField(max_length=40), label=capfirst(_("scopes")), required=False, widget=UnfoldAdminTextInputWidget,
        help_text=_("What it may be used for, with commas; empty: everything."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        room = registry.DIALECTS.get(data.get("dialect", ""))
        if room is None:
            return data
        if "kind" not in self.errors and data.get("kind", "") not in room.kinds:
            self.add_error("kind", gettext("%(dialect)s has no keys of this kind.") % {"dialect": room.label})
        unknown = [scope for scope in data.get("scopes") or [] if scope not in room.scopes]
        if unknown:
            self.add_error(
                "scopes",
                gettext("Not a scope of %(dialect)s: %(unknown)s. There are: %(known)s")
                % {"dialect": room.label, "unknown": ", ".join(unknown), "known": ", ".join(room.scopes) or "–"},
            )
        return data


class Revocable(ModelAdmin):
    """Keys are made and revoked; they are never changed, and never deleted, so that "who was that" has an answer."""

    actions = ("revoke_selected",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"integrations.change_{self.opts.model_name}")

    @display(description=_("begins with"))
    def prefix_shown(self, key: ApiKey | StaffKey) -> SafeString:
        return format_html("<bdi>{}…</bdi>", key.prefix)

    @display(description=_("state"))
    def state(self, key: ApiKey | StaffKey) -> SafeString | str:
        return badge(_("Revoked"), "danger") if key.revoked_at else badge(_("Works"), "success")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        working = list(queryset.filter(revoked_at=None))
        for key in working:
            keys.revoke(key)
            self.log_change(request, key, gettext("Revoked"))
        text = ngettext("%(count)s key revoked.", "%(count)s keys revoked.", len(working)) % {"count": len(working)}
        self.message_user(request, text, messages.SUCCESS if working else messages.WARNING)


@admin.register(ApiKey)
class ApiKeyAdmin(Revocable):
    form = KeyForm
    list_display = ("prefix_shown", "name", "source", "merchant", "dialect", "kind", "is_test", "state", "last_used_at")
    list_select_related = ("source__merchant",)
    list_filter = (("source__merchant", AutocompleteSelectFilter), "dialect", "is_test", RevokedFilter)
    list_filter_submit = True
    search_fields = ("name", "prefix", "source__name", "source__merchant__name")
    search_help_text = _("Name, beginning of the key, source or merchant")
    autocomplete_fields = ("source",)
    add_fieldsets = ((None, {"fields": ("source", ("dialect", "kind"), "name", "scopes", "is_test")}),)
    fields = (
        "prefix_shown", "name", "source", ("dialect", "kind"), "scopes_shown", "is_test", "state", "created_by",
        "created_at", "last_used_at", "revoked_at",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("prefix_shown", "scopes_shown", "state") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        key, secret = keys.issue(
            obj.source, obj.dialect, is_test=obj.is_test, kind=obj.kind, name=obj.name, scopes=obj.scopes,
            created_by=cast(User, request.user),
        )  # fmt: skip
        obj.pk, obj.prefix, obj.credential = key.pk, key.prefix, keys.credential(key, secret)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return shown_once(self, request, obj, keys.lines(obj.get_dialect_display(), obj.credential))

    @display(description=_("merchant"))
    def merchant(self, key: ApiKey) -> str:
        return key.source.merchant.name

    @display(description=_("scopes"))
    def scopes_shown(self, key: ApiKey) -> SafeString | str:
        return isolated(", ".join(key.scopes)) if key.scopes else gettext("everything")


@admin.register(StaffKey)
class StaffKeyAdmin(Revocable):
    """Made on the command line, by somebody who has the machine."""

    list_display = ("prefix_shown", "name", "user", "dialect", "state", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("dialect", RevokedFilter)
    search_fields = ("name", "prefix", "user__username")
    search_help_text = _("Name, beginning of the key or person")
    fields = ("prefix_shown", "name", "user", "dialect", "state", "created_at", "last_used_at", "revoked_at")
    readonly_fields = ("prefix_shown", "state")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


# --- Webhooks -------------------------------------------------------------------------------------------------------
@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    """A merchant's own affair; staff can only switch one off, or on again."""

    list_display = ("url_shown", "merchant", "dialect", "is_test", "is_active", "updated_at")
    list_select_related = ("merchant",)
    list_filter = (("merchant", AutocompleteSelectFilter), "dialect", "is_test", "is_active")
    list_filter_submit = True
    search_fields = ("url", "merchant__name")
    search_help_text = _("Address or merchant")
    fields = ("url_shown", "merchant", "dialect", "is_test", "is_active", "created_at", "updated_at")
    readonly_fields = ("url_shown", "merchant", "dialect", "is_test", "created_at", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("address"))
    def url_shown(self, endpoint: WebhookEndpoint) -> SafeString | str:
        return isolated(endpoint.url)


# --- Hand-overs -----------------------------------------------------------------------------------------------------
class ExchangeFields:
    @display(description=_("when"), ordering="created_at")
    def at(self, exchange: Exchange) -> SafeString | str:
        return instant(exchange.created_at)

    @display(description=_("took"))
    def took(self, exchange: Exchange) -> SafeString | str:
        return isolated(f"{exchange.duration.total_seconds() * 1000:,.0f} ms")

    @display(description=_("request"))
    def request_shown(self, exchange: Exchange) -> SafeString | str:
        return isolated(exchange.request)

    @display(description=_("response"))
    def response_shown(self, exchange: Exchange) -> SafeString | str:
        return isolated(exchange.response)


class ExchangeInline(ReadOnly, ExchangeFields, TabularInline):
    model = Exchange
    fields = ("at", "verb", "status_code", "request_shown", "response_shown", "error", "took")
    readonly_fields = ("at", "request_shown", "response_shown", "took")
    extra = 0
    hide_title = True


class DispatchFields:
    @display(description=_("next"), ordering="next_at")
    def next_shown(self, dispatch: Dispatch) -> SafeString | str:
        return instant(dispatch.next_at)

    @display(description=_("created"))
    def created(self, dispatch: Dispatch) -> SafeString | str:
        return instant(dispatch.created_at)

    @display(description=_("booked"))
    def booked(self, dispatch: Dispatch) -> SafeString | str:
        return instant(dispatch.booked_at)

    @display(description=_("state"))
    def state_shown(self, dispatch: Dispatch) -> SafeString | str:
        return badge(dispatch.get_state_display(), _VARIANTS.get(State(dispatch.state), ""))


class DispatchInline(ReadOnly, DispatchFields, TabularInline):
    model = Dispatch
    fields = ("epoch", "destination", "state_shown", "attempts", "next_shown", "reference", "last_error", "booked")
    readonly_fields = ("state_shown", "next_shown", "booked")
    hide_title = True
    ordering = ("epoch",)
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispatch]:
        return super().get_queryset(request).select_related("destination")


@admin.register(Order)
class DispatchedOrderAdmin(OrderAdmin):
    inlines: ClassVar = [*OrderAdmin.inlines, DispatchInline]


@admin.register(Dispatch)
class DispatchAdmin(ReadOnly, DispatchFields, ModelAdmin):
    list_display = (
        "key_shown", "order_number", "merchant", "destination", "state_shown", "attempts", "next_shown",
        "reference", "last_error", "created",
    )  # fmt: skip
    list_select_related = ("order__merchant", "destination")
    list_filter = (("state", ChoicesDropdownFilter), "is_current", ("destination", AutocompleteSelectFilter))
    list_filter_submit = True
    list_per_page = 50
    list_disable_select_all = True
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    sortable_by = ("next_shown",)
    search_fields = ("=key", "=order__id")
    search_help_text = _("Booking key or order number")
    actions = ("try_now_selected",)
    fields = (
        ("order", "destination"), ("state_shown", "epoch", "is_current"), ("attempts", "next_shown"), "last_error",
        ("key", "reference"), ("created", "booked"),
    )  # fmt: skip
    readonly_fields = ("state_shown", "next_shown", "created", "booked")
    inlines: ClassVar = [ExchangeInline]

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("integrations.change_dispatch")

    @display(description=_("booking key"))
    def key_shown(self, dispatch: Dispatch) -> SafeString:
        return format_html("<bdi>{}…-{}</bdi>", dispatch.key[:8], dispatch.epoch)

    @display(description=_("order"))
    def order_number(self, dispatch: Dispatch) -> SafeString:
        url = reverse("admin:orders_order_change", args=[dispatch.order_id])
        return format_html('<a href="{}" class="text-link">{}</a>', url, dispatch.order_id)

    @display(description=_("merchant"))
    def merchant(self, dispatch: Dispatch) -> str:
        return dispatch.order.merchant.name

    @admin.action(description=_("Try now"), permissions=["operate"])
    def try_now_selected(self, request: HttpRequest, queryset: QuerySet[Dispatch]) -> None:
        for dispatch in queryset:
            if dispatching.try_now(dispatch):
                text, level = gettext("Order %(number)s: it is tried again now."), messages.SUCCESS
            else:
                text, level = gettext("Order %(number)s: there is nothing to try at this moment."), messages.WARNING
            self.message_user(request, text % {"number": dispatch.order_id}, level)


@admin.register(Exchange)
class ExchangeAdmin(ReadOnly, ExchangeFields, ModelAdmin):
    list_display = ("at", "verb", "order_number", "destination", "status_code", "error", "took")
    fields = ("dispatch", "at", "took", "verb", "status_code", "request_shown", "response_shown", "error")
    readonly_fields = ("at", "took", "request_shown", "response_shown")
    list_select_related = ("dispatch__destination",)
    list_filter = ("verb", "created_at", ("dispatch__destination", AutocompleteSelectFilter))
    list_filter_submit = True
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("=dispatch__key", "=dispatch__order__id")
    search_help_text = _("Booking key or order number")

    @display(description=_("order"))
    def order_number(self, exchange: Exchange) -> int:
        return exchange.dispatch.order_id

    @display(description=_("destination"))
    def destination(self, exchange: Exchange) -> str:
        return exchange.dispatch.destination.name


@admin.register(SimulatedParcel)
class SimulatedParcelAdmin(ReadOnly, ModelAdmin):
    list_display = ("__str__", "order_number", "destination", "created_at", "cancelled_at")
    list_select_related = ("destination",)
    list_filter = (("destination", AutocompleteSelectFilter),)
    list_filter_submit = True
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    search_fields = ("=key", "=order_number")
    search_help_text = _("Booking key or order number")
