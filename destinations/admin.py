"""Staff pages of merchants and what belongs to them.

Merchants and destinations are registered by `integrations`, which knows how to open an account and which providers
there are.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from destinations.backoffice import KeepsRules, isolated
from destinations.models import Destination, Membership, Merchant, Route, Source


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


@admin.register(Source)
class SourceAdmin(KeepsRules, ModelAdmin):
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
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "pickup_phone":
            field.widget.attrs["dir"] = "ltr"
        return field

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
