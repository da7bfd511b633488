"""Staff pages of merchants and what belongs to them.

Merchants, sources and destinations are registered by `integrations`, which knows how to open an account, what the
dialects let a source choose, and which providers there are.
"""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from destinations import geometry
from destinations.backoffice import KeepsRules, badge, instant, isolated
from destinations.models import (
    City,
    CoverageZone,
    Customer,
    Depot,
    Destination,
    Membership,
    Merchant,
    PackageSize,
    Region,
    Rider,
    Route,
    Source,
)

# What is stored as JSON is written from left to right in every language, and is short.
_JSON: dict[Any, Any] = {models.JSONField: {"widget": UnfoldAdminTextareaWidget({"rows": 4, "dir": "ltr"})}}


def from_left_to_right(field: Any, db_field: Any, *names: str) -> Any:
    """The form's field, written from left to right in every language if it is one of these."""
    if db_field.name in names:
        field.widget.attrs["dir"] = "ltr"
    return field


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class SourceInline(TabularInline):
    """A merchant's sources; each has a page of its own for the rest."""

    model = Source
    extra = 0
    fields = ("name", "is_active", "hold")
    can_delete = False
    show_change_link = True


class MerchantAdmin(KeepsRules, ModelAdmin):
    """Merchants are switched off, never deleted: their orders and money stay."""

    list_display = ("name", "currency", "country", "timezone", "is_active", "orders_link", "created_at")
    list_filter = ("is_active", "currency", "country")
    search_fields = ("name",)
    search_help_text = _("Name")
    inlines: ClassVar = [MembershipInline, SourceInline]
    readonly_fields = ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("orders"))
    def orders_link(self, merchant: Merchant) -> SafeString:
        return format_html(
            '<a href="{}?merchant__id__exact={}" class="text-link">{}</a>',
            reverse("admin:orders_order_changelist"),
            merchant.pk,
            _("Orders"),
        )


@admin.register(Membership)
class MembershipAdmin(KeepsRules, ModelAdmin):
    list_display = ("user", "merchant", "role")
    list_select_related = ("user", "merchant")
    list_filter = (("merchant", AutocompleteSelectFilter), "role")
    list_filter_submit = True
    search_fields = ("user__username", "user__email", "merchant__name")
    search_help_text = _("Person or merchant")
    autocomplete_fields = ("merchant", "user")


class DestinationChoice(ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        state = "" if obj.is_active else f" · {_('not active')}"
        return f"{obj.name} · {obj.get_environment_display()}{state}"


class RouteForm(ModelForm):
    def validate_constraints(self) -> None:
        """The formset judges all rows together: one by one, moving the default looks like having two."""


class RouteFormSet(BaseInlineFormSet):
    """All routes of a source: as the database asks, exactly one default, which is active."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("destination") and not form.cleaned_data.get("DELETE")
        ]
        defaults = [row["destination"] for row in kept if row.get("is_default")]
        if kept and len(defaults) != 1:
            raise ValidationError(_("Choose exactly one default destination."))
        if defaults and not defaults[0].is_active:
            raise ValidationError(
                _("“%(name)s” is not active, so it cannot be the default destination."),
                params={"name": defaults[0].name},
            )


class RouteInline(TabularInline):
    model = Route
    form = RouteForm
    formset = RouteFormSet
    extra = 0
    fields = ("destination", "is_default", "position")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only the destinations of the source's own merchant."""
        match = request.resolver_match
        source_id = match.kwargs.get("object_id") if match else None
        kwargs["queryset"] = Destination.objects.filter(merchant__sources=source_id)
        kwargs["form_class"] = DestinationChoice
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class SourceAdmin(KeepsRules, ModelAdmin):
    formfield_overrides = _JSON
    list_display = ("name", "merchant", "is_active", "hold", "created_at")
    list_filter = (("merchant", AutocompleteSelectFilter), "is_active", "hold")
    list_filter_submit = True
    search_fields = ("name", "merchant__name")
    search_help_text = _("Source or merchant")
    autocomplete_fields = ("merchant",)
    inlines: ClassVar = [RouteInline]
    fieldsets = (
        (None, {"fields": ("merchant", "name", "is_active", "hold")}),
        (
            _("Pick-up point"),
            {"fields": ("pickup_name", "pickup_phone", "pickup_address", ("pickup_lat", "pickup_lng"))},
        ),
        (_("Dialects"), {"fields": ("settings",)}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return from_left_to_right(super().formfield_for_dbfield(db_field, request, **kwargs), db_field, "pickup_phone")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return super().get_queryset(request).select_related("merchant")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list:
        """The routes come when the merchant is known."""
        return super().get_inlines(request, obj) if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("merchant",) if obj else ()

    def response_post_save_add(self, request: HttpRequest, obj: Source) -> HttpResponse:
        """On to its routes."""
        return redirect("admin:destinations_source_change", obj.pk)


class DestinationForm(ModelForm):
    def clean_is_active(self) -> bool:
        is_active = self.cleaned_data["is_active"]
        if not is_active and self.instance.pk:
            users = Source.objects.filter(routes__destination=self.instance, routes__is_default=True)
            names = ", ".join(users.values_list("name", flat=True)[:5])
            if names:
                raise forms.ValidationError(
                    _("This is the default destination of %(sources)s: make another one the default first."),
                    params={"sources": names},
                )
        return is_active


class DestinationAdmin(KeepsRules, ModelAdmin):
    form = DestinationForm
    list_display = ("name", "merchant", "provider", "environment", "is_active", "public_id_isolated")
    list_select_related = ("merchant",)
    list_filter = (("merchant", AutocompleteSelectFilter), "environment", "is_active")
    list_filter_submit = True
    search_fields = ("name", "public_id", "merchant__name")
    search_help_text = _("Name, id or merchant")
    autocomplete_fields = ("merchant",)
    fields = ("merchant", "name", "provider", "environment", "is_active", "settings", "public_id", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Destination]:
        return super().get_queryset(request).select_related("merchant")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("public_id", "created_at", "merchant") if obj else ("public_id", "created_at")

    @display(description=_("id"), ordering="public_id")
    def public_id_isolated(self, destination: Destination) -> SafeString | str:
        return isolated(destination.public_id)


# --- Where, and people and places of a merchant ---------------------------------------------------------------------
class OfMerchant(KeepsRules, ModelAdmin):
    """Rows of a merchant, whose they stay."""

    list_select_related = ("merchant",)
    list_filter: tuple[Any, ...] = (("merchant", AutocompleteSelectFilter),)
    list_filter_submit = True
    autocomplete_fields = ("merchant",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return from_left_to_right(
            super().formfield_for_dbfield(db_field, request, **kwargs), db_field, "phone", "email"
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "merchant") if obj else tuple(self.readonly_fields)


class Decoder(json.JSONDecoder):
    """JSON that is nested too deeply to be read is no JSON."""

    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except RecursionError as error:
            raise json.JSONDecodeError("nested too deeply", "", 0) from error


class AreaField(forms.JSONField):
    """GeoJSON in any of the forms that maps come in, to the one that is stored."""

    def clean(self, value: Any) -> Any:
        try:
            return geometry.joined(super().clean(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class ZoneForm(ModelForm):
    geojson = AreaField(
        label=capfirst(_("area")),
        decoder=Decoder,
        widget=UnfoldAdminTextareaWidget({"rows": 8, "dir": "ltr", "spellcheck": "false"}),
        help_text=_("GeoJSON: a Polygon, MultiPolygon, Feature or FeatureCollection; longitude before latitude."),
    )


@admin.register(CoverageZone)
class CoverageZoneAdmin(OfMerchant):
    form = ZoneForm
    list_display = ("name", "merchant", "state", "created_at")
    list_filter = (*OfMerchant.list_filter, "is_active")
    search_fields = ("name", "merchant__name")
    search_help_text = _("Zone or merchant")
    fields = ("merchant", "name", "is_active", "geojson", "preview")
    readonly_fields = ("preview",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoverageZone]:
        return super().get_queryset(request).defer("geojson")

    @display(description=_("state"), ordering="is_active")
    def state(self, zone: CoverageZone) -> SafeString | str:
        return badge(_("Active"), "success") if zone.is_active else badge(_("Not active"))

    @display(description=_("preview"))
    def preview(self, zone: CoverageZone) -> SafeString | str:
        """The outline with its extent: north is up, and a kilometre is as long in every direction."""
        try:
            shape = geometry.area(zone.geojson)
        except ValueError:
            return ""
        west, south, east, north = shape.bounds
        path, width, height = geometry.outline(shape, size=320)
        return format_html(
            '<svg viewBox="-4 -4 {} {}" width="{}" height="{}" role="img" class="text-primary-600 max-w-full">'
            '<path d="{}" fill="currentColor" fill-opacity="0.2" stroke="currentColor" stroke-width="1.5"'
            ' fill-rule="evenodd"/></svg><span class="block mt-2"><bdi>{} – {} · {} km²</bdi></span>',
            width + 8,
            height + 8,
            width + 8,
            height + 8,
            path,
            f"{south:.4f}, {west:.4f}",
            f"{north:.4f}, {east:.4f}",
            f"{geometry.square_km(shape):,.1f}",
        )


class ReferenceAdmin(KeepsRules, ModelAdmin):
    """Rows with numbers that callers have built in: a number is never changed."""

    list_display: tuple[str, ...] = ("id", "name")
    list_display_links = ("id", "name")
    search_fields: tuple[str, ...] = ("name", "=id")
    search_help_text = _("Name or number")
    fields: tuple[str, ...] = ("id", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj else ()


@admin.register(City)
class CityAdmin(ReferenceAdmin):
    pass


@admin.register(PackageSize)
class PackageSizeAdmin(ReferenceAdmin):
    pass


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ("id", "name", "city")
    list_select_related = ("city",)
    list_filter = (("city", AutocompleteSelectFilter),)
    list_filter_submit = True
    search_fields = ("name", "=id", "city__name")
    search_help_text = _("Name, number or city")
    autocomplete_fields = ("city",)
    fields = ("id", "city", "name")


@admin.register(Rider)
class RiderAdmin(OfMerchant):
    list_display = ("name", "merchant", "phone_shown", "vehicle_type", "is_active")
    list_filter = (*OfMerchant.list_filter, "vehicle_type", "is_active")
    search_fields = ("name", "phone", "merchant__name")
    search_help_text = _("Name, phone or merchant")
    fields = ("merchant", "name", "phone", "vehicle_type", "is_active", "uuid", "place")
    readonly_fields = ("uuid", "place")

    @display(description=_("latitude, longitude"))
    def place(self, rider: Rider) -> SafeString | str:
        known = rider.located_at and f"{rider.lat:.6f}, {rider.lng:.6f}"
        return format_html("{} · {}", isolated(known), instant(rider.located_at)) if known else ""

    @display(description=_("phone"))
    def phone_shown(self, rider: Rider) -> SafeString | str:
        return isolated(rider.phone)


class PlaceForm(ModelForm):
    def clean_address(self) -> dict[str, str]:
        address = self.cleaned_data["address"] or {}
        if not isinstance(address, dict) or not all(isinstance(part, str) for part in address.values()):
            raise ValidationError(_('An address is a JSON object of texts, such as {"street": "…"}.'))
        return address


class PlaceAdmin(OfMerchant):
    form = PlaceForm
    formfield_overrides = _JSON

    @display(description=_("latitude, longitude"))
    def place(self, where: Customer | Depot) -> SafeString | str:
        return isolated(f"{where.lat:.6f}, {where.lng:.6f}")


@admin.register(Customer)
class CustomerAdmin(PlaceAdmin):
    list_display = ("id", "__str__", "merchant", "phone_shown", "place")
    list_display_links = ("id", "__str__")
    search_fields = ("alias", "first_name", "last_name", "phone", "=id", "merchant__name")
    search_help_text = _("Number, name, phone or merchant")
    fields = (
        "merchant", "alias", ("first_name", "last_name"), ("email", "phone"), "address", ("lat", "lng"), "custom_data",
    )  # fmt: skip

    @display(description=_("phone"))
    def phone_shown(self, customer: Customer) -> SafeString | str:
        return isolated(customer.phone)


@admin.register(Depot)
class DepotAdmin(PlaceAdmin):
    list_display = ("id", "__str__", "merchant", "is_depot", "place")
    list_display_links = ("id", "__str__")
    list_filter = (*OfMerchant.list_filter, "is_depot")
    search_fields = ("alias", "=id", "merchant__name")
    search_help_text = _("Number, name or merchant")
    fields = ("merchant", "alias", "is_depot", "address", ("lat", "lng"))
