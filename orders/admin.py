"""Staff pages of orders: to look at, with the actions that the portal has too.

`integrations` registers them, together with the hand-overs to carriers.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import ActionForm, BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextInputWidget

from destinations.backoffice import ReadOnly, as_json, badge, instant, isolated
from destinations.templatetags.portal import money
from orders import actions
from orders.display import TONES, explain, history, measures, routing, weight
from orders.errors import OrderError
from orders.events import Actor
from orders.models import Order, OrderEvent, OrderItem
from orders.proof import PICTURES, picture_answer, place_of, proof_of
from orders.search import normalise
from orders.statuses import NOT_CANCELLABLE, Attention, Status

_VARIANTS = {"blue": "info", "violet": "primary", "green": "success", "amber": "warning", "red": "danger"}
_NUMBER = re.compile(r"(?:MOV|#)?(\d{1,18})", re.IGNORECASE)
# The trigrams carry their merchant's id, so each merchant is looked up in the index for itself.
_FOUND = """orders_order.id IN (
    SELECT found.id FROM destinations_merchant AS m JOIN orders_order AS found ON found.merchant_id = m.id
       AND wasl_trigrams(found.merchant_id, found.search_text) @> wasl_trigrams(m.id, %s)
     WHERE found.search_text LIKE %s
    UNION ALL SELECT unnest(%s::bigint[]))"""


def status_badge(order: Order) -> SafeString | str:
    return badge(order.get_status_display(), _VARIANTS.get(TONES[Status(order.status)], ""))


def _place(lat: float | None, lng: float | None) -> SafeString | str:
    return "" if lat is None else isolated(f"{lat:.6f}, {lng:.6f}")


def staff_actor(request: HttpRequest) -> Actor:
    """A member of staff as the history knows them."""
    return Actor(OrderEvent.ActorKind.USER, request.user.get_username())


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500, widget=UnfoldAdminTextInputWidget)


class OrderActionForm(ActionForm):
    reason = forms.CharField(
        label="",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget({"placeholder": _("Reason, for a cancel"), "dir": "auto"}),
    )


class AttentionFilter(admin.SimpleListFilter):
    title = _("needs attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("Yes")), *Attention.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "any":
            return queryset.exclude(attention="")
        return queryset.filter(attention=self.value()) if self.value() else queryset


class ItemInline(ReadOnly, TabularInline):
    model = OrderItem
    fields = ("name", "quantity", "price_shown", "weight")
    readonly_fields = ("price_shown", "weight")
    extra = 0
    hide_title = True

    @display(description=_("price"))
    def price_shown(self, item: OrderItem) -> SafeString | str:
        return money(item.price, item.order.currency)

    @display(description=_("weight, kg"))
    def weight(self, item: OrderItem) -> SafeString | str:
        return isolated(item.weight_kg)


class EventInline(ReadOnly, TabularInline):
    model = OrderEvent
    verbose_name_plural = _("timeline")
    fields = ("at", "sentence", "detail", "by")
    readonly_fields = ("at", "sentence", "detail", "by")
    extra = 0
    hide_title = True

    @display(description=_("when"))
    def at(self, event: OrderEvent) -> SafeString | str:
        return instant(event.created_at)

    @display(description=_("what"))
    def sentence(self, event: OrderEvent) -> str:
        return strip_tags(history([event])[0].sentence)

    @display(description=_("detail"))
    def detail(self, event: OrderEvent) -> SafeString | str:
        return isolated(history([event])[0].detail)

    @display(description=_("by"))
    def by(self, event: OrderEvent) -> str:
        return f"{event.actor} ({event.get_actor_kind_display()})"


class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = (
        "id", "number_given", "merchant", "status_shown", "attention_shown", "destination", "receiver", "cash",
        "is_test", "created",
    )  # fmt: skip
    list_display_links = ("id", "number_given")
    list_select_related = ("merchant", "destination")
    list_filter = (
        ("merchant", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        AttentionFilter,
        "is_test",
        "created_at",
    )
    list_filter_submit = True
    list_per_page = 50
    list_disable_select_all = True
    # Nobody reads the exact number of a million orders, and counting them would cost more than showing them.
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    sortable_by = ("id",)
    search_fields = ("id",)
    search_help_text = _("Number, the sender's order number, name, phone or address")
    view_on_site = False
    action_form = OrderActionForm
    actions = ("release_selected", "cancel_selected", "retry_selected", "settle_selected")
    actions_detail = ("release", "cancel", "retry")
    inlines: ClassVar = [ItemInline, EventInline]
    fieldsets = (
        (None, {"fields": (
            ("id", "status_shown", "status_text"), ("attention_shown", "attention_detail"), ("failure", "mark"),
            ("created", "changed"), ("goes_out", "rebooking"), "deleted",
        )}),
        (_("Sender"), {"fields": (
            ("merchant", "source", "is_test"), ("dialect", "channel"), ("number_given", "reference"),
            ("customer", "depot"),
        )}),
        (_("Carrier"), {"fields": (
            ("destination", "carrier_reference"), "rider", "carrier_tracking_url", "tracking_page", "why",
            "proof_shown",
        )}),
        (_("Pick-up"), {"classes": ("tab",), "fields": (
            ("pickup_name", "pickup_phone_shown"), "pickup_email", "pickup_address",
            ("pickup_place", "pickup_wanted"),
        )}),
        (_("Drop-off"), {"classes": ("tab",), "fields": (
            ("dropoff_name", "dropoff_phone_shown"), "dropoff_email", "dropoff_address", "dropoff_place",
            ("window_from", "window_until"), ("pieces", "weight"), "measures", "notes",
        )}),
        (_("Money"), {"classes": ("tab",), "fields": (("cash", "fee"), "payment_verified")}),
        (_("As it was sent"), {"classes": ("tab",), "fields": ("sent",)}),
    )  # fmt: skip
    readonly_fields = (
        "number_given", "status_shown", "attention_shown", "created", "changed", "goes_out", "tracking_page", "why",
        "pickup_phone_shown", "pickup_place", "dropoff_phone_shown", "dropoff_place", "cash", "fee", "sent",
        "pickup_wanted", "window_from", "window_until", "deleted", "rebooking",
        "weight", "measures", "proof_shown",
    )  # fmt: skip

    # --- Columns and fields
    @display(description=_("the sender's number"))
    def number_given(self, order: Order) -> SafeString | str:
        return isolated(order.external_id)

    @display(description=_("status"))
    def status_shown(self, order: Order) -> SafeString | str:
        return status_badge(order)

    @display(description=_("needs attention"))
    def attention_shown(self, order: Order) -> SafeString | str:
        return badge(order.get_attention_display(), "danger")

    @display(description=_("receiver"))
    def receiver(self, order: Order) -> SafeString | str:
        return isolated(order.dropoff_name)

    @display(description=_("cash on delivery"))
    def cash(self, order: Order) -> SafeString | str:
        return money(order.cod_amount, order.currency)

    @display(description=_("delivery fee"))
    def fee(self, order: Order) -> SafeString | str:
        return money(order.delivery_fee, order.currency)

    @display(description=_("created"))
    def created(self, order: Order) -> SafeString | str:
        return instant(order.created_at)

    @display(description=_("last change"))
    def changed(self, order: Order) -> SafeString | str:
        return instant(order.updated_at)

    @display(description=_("weight"))
    def weight(self, order: Order) -> SafeString | str:
        return isolated(weight(order))

    @display(description=_("length × width × height"))
    def measures(self, order: Order) -> SafeString | str:
        return isolated(measures(order))

    @display(description=_("deleted"))
    def deleted(self, order: Order) -> SafeString | str:
        return instant(order.deleted_at)

    @display(description=_("pick-up wanted at"))
    def pickup_wanted(self, order: Order) -> SafeString | str:
        return instant(order.pickup_at)

    @display(description=_("delivery wanted from"))
    def window_from(self, order: Order) -> SafeString | str:
        return instant(order.window_start)

    @display(description=_("delivery wanted until"))
    def window_until(self, order: Order) -> SafeString | str:
        return instant(order.window_end)

    @display(description=_("goes out at"))
    def goes_out(self, order: Order) -> SafeString | str:
        return instant(order.release_at)

    @display(description=_("phone"))
    def pickup_phone_shown(self, order: Order) -> SafeString | str:
        return isolated(order.pickup_phone)

    @display(description=_("latitude, longitude"))
    def pickup_place(self, order: Order) -> SafeString | str:
        return _place(order.pickup_lat, order.pickup_lng)

    @display(description=_("phone"))
    def dropoff_phone_shown(self, order: Order) -> SafeString | str:
        return isolated(order.dropoff_phone)

    @display(description=_("latitude, longitude"))
    def dropoff_place(self, order: Order) -> SafeString | str:
        return _place(order.dropoff_lat, order.dropoff_lng)

    @display(description=_("public tracking page"))
    def tracking_page(self, order: Order) -> SafeString:
        return format_html('<a href="{0}" class="text-link"><bdi>{0}</bdi></a>', order.tracking_url)

    @display(description=_("what the sender sent"))
    def sent(self, order: Order) -> SafeString | str:
        return as_json(order.raw_payload)

    @display(description=_("proof of delivery"))
    def proof_shown(self, order: Order) -> SafeString | str:
        proof = proof_of(order)
        if proof is None:
            return ""
        place = place_of(proof)
        facts = (
            (_("When"), instant(proof.at)),
            (_("Received by"), isolated(proof.recipient_name)),
            (_("Rider"), isolated(proof.rider_name)),
            (_("Cash received"), money(proof.cod_received, proof.currency)),
            (_("Where"), isolated(place and place["text"])),
        )
        pictures = [
            (reverse("admin:orders_order_proof", args=[order.pk, name]), name)
            for name in PICTURES
            if getattr(proof, f"{name}_size")
        ]
        return format_html(
            "<ul>{}{}</ul>",
            format_html_join("", "<li>{}: {}</li>", [fact for fact in facts if fact[1]]),
            format_html_join("", '<li><a href="{}" class="text-link" target="_blank">{}</a></li>', pictures),
        )

    def get_urls(self) -> list[Any]:
        page = path(
            "<int:order_id>/proof/<slug:name>", self.admin_site.admin_view(self.proof), name="orders_order_proof"
        )
        return [page, *super().get_urls()]

    def proof(self, request: HttpRequest, order_id: int, name: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return picture_answer(get_object_or_404(Order, pk=order_id), name)

    @display(description=_("routing decision"))
    def why(self, order: Order) -> SafeString | str:
        decision = routing(order)
        if decision is None:
            return ""
        candidates = [(one.get("name", ""), one["reason"]) for one in decision["candidates"]]
        return format_html(
            "{}<ul>{}</ul>", decision["rule"], format_html_join("", "<li><bdi>{}</bdi>: {}</li>", candidates)
        )

    # --- Search
    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """By our number in any spelling, by uuid, else by the text index of every merchant: one query in any case."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(uuid=uuid.UUID(term)), False
        except ValueError:
            pass
        wanted = normalise(term)
        number = _NUMBER.fullmatch(wanted)
        ids = [int(number[1])] if number else []
        digits = re.sub(r"[\s()+.-]", "", wanted)  # the index has phones as bare digits too
        wanted = digits if digits.isdigit() and len(digits) >= 3 else wanted
        if len(wanted) < 3:
            return queryset.filter(pk__in=ids), False
        pattern = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return queryset.extra(where=[_FOUND], params=[wanted, f"%{pattern}%", ids]), False  # noqa: S610 (parameters only)

    # --- Actions
    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The fields are read-only for everybody; who may change orders may do this much."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description=_("Release"), permissions=["operate"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, lambda order: actions.release_order(order, staff_actor(request)))

    @admin.action(description=_("Cancel"), permissions=["operate"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        reason = request.POST.get("reason", "").strip()[:500]
        self._each(request, queryset, lambda order: actions.cancel_orders([order], staff_actor(request), reason=reason))

    @admin.action(description=_("Send again"), permissions=["operate"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, lambda order: actions.retry_order(order, staff_actor(request)))

    @admin.action(description=_("Looked into: needs no more attention"), permissions=["operate"])
    def settle_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, lambda order: actions.settle_attention(order, staff_actor(request)))

    def _each(self, request: HttpRequest, queryset: QuerySet[Order], act: Callable[[Order], Any]) -> None:
        """Each order for itself: one that does not allow it gets a message of its own and holds up none of the rest."""
        done = 0
        for order in queryset.order_by("pk"):
            try:
                act(order)
                done += 1
            except OrderError as error:
                self.message_user(request, refusal(order, error), messages.ERROR)
        if done:
            text = ngettext("%(count)s order done.", "%(count)s orders done.", done) % {"count": done}
            self.message_user(request, text, messages.SUCCESS)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only what the order allows now."""
        order = self.get_object(request, str(object_id))
        if order is None:
            return []
        possible = {
            "release": order.status == Status.CREATED,
            "cancel": order.status not in {*NOT_CANCELLABLE, Status.CANCELLED, Status.CANCELLING},
            "retry": order.status == Status.FAILED and not order.with_carrier,
        }
        return [one for one in super().get_actions_detail(request, object_id) if possible[one.path]]

    @action(
        description=_("Release"), permissions=["operate"], url_path="release", icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Release this order?"), "description": _("It goes out to the carrier now."),
            "form_class": BaseDialogForm, "form_submit_text": _("Release"),
        },
    )  # fmt: skip
    def release(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        return self._one(request, object_id, lambda order: actions.release_order(order, staff_actor(request)))

    @action(
        description=_("Cancel order"), permissions=["operate"], url_path="cancel", icon="block",
        dialog={
            "title": _("Cancel this order?"), "description": _("A carrier that has it already is asked first."),
            "form_class": ReasonForm, "form_submit_text": _("Cancel order"),
        },
    )  # fmt: skip
    def cancel(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"].strip()
        return self._one(
            request, object_id, lambda order: actions.cancel_orders([order], staff_actor(request), reason=reason)
        )

    @action(
        description=_("Send again"), permissions=["operate"], url_path="retry", icon="replay",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Send this order again?"), "description": _("No carrier has it: it is handed over once more."),
            "form_class": BaseDialogForm, "form_submit_text": _("Send again"),
        },
    )  # fmt: skip
    def retry(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        return self._one(request, object_id, lambda order: actions.retry_order(order, staff_actor(request)))

    def _one(self, request: HttpRequest, object_id: str, act: Callable[[Order], Any]) -> HttpResponse:
        order = get_object_or_404(Order, pk=object_id)
        self._each(request, Order.objects.filter(pk=order.pk), act)
        page = reverse("admin:orders_order_change", args=[order.pk])
        # The dialog is sent by htmx, which would put the answer of a plain redirect into the dialog.
        return HttpResponseClientRedirect(page) if request.htmx else redirect(page)  # type: ignore[attr-defined]


def refusal(order: Order, error: OrderError) -> str:
    """Why this could not be done with this order."""
    return gettext("Order %(number)s: %(problem)s") % {"number": order.pk, "problem": explain(error)}
