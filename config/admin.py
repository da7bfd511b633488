"""The frame of the staff's back office: people, the way around, and the first page."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Count, Model
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

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
    Source,
)
from integrations.health import WORKER_SILENT_SECONDS
from integrations.models import (
    TO_PUSH,
    ApiKey,
    CarrierAccount,
    Dispatch,
    Drift,
    Exchange,
    Lane,
    RemoteName,
    SimulatedParcel,
    StaffKey,
    WebhookEndpoint,
)
from orders.models import Order
from orders.statuses import Status

# Pages that other packages bring: our people are managed here, the queue and the log-ins' addresses by their owners.
admin.site.unregister([model for model in list(admin.site._registry) if model.__module__.startswith(
    ("django.contrib.auth", "allauth", "procrastinate")
)])  # fmt: skip


@admin.register(User)
class StaffUserAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    pass


_MERCHANTS_THINGS = (Source, Destination, Rider, Customer, Depot)


class MerchantsThings(AutocompleteJsonView):
    """What can be chosen from a list, with the merchant whose it is: many have an “Online shop”."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        return result | {"text": f"{obj.merchant} · {obj}"} if isinstance(obj, _MERCHANTS_THINGS) else result


def _autocomplete(request: HttpRequest) -> HttpResponseBase:
    return MerchantsThings.as_view(admin_site=admin.site)(request)


admin.site.autocomplete_view = _autocomplete  # type: ignore[method-assign,assignment]

admin.site.index_title = _("Overview")

# --- The way around -------------------------------------------------------------------------------------------------
_ROOMS: list[tuple[Any, list[tuple[type[Model], str]]]] = [
    (
        _("Deliveries"),
        [
            (Order, "package_2"),
            (Dispatch, "outbox"),
            (Exchange, "swap_horiz"),
            (SimulatedParcel, "science"),
            (Lane, "traffic"),
            (Drift, "difference"),
            (RemoteName, "translate"),
        ],
    ),
    (
        _("Merchants"),
        [
            (Merchant, "storefront"),
            (Membership, "badge"),
            (Source, "input"),
            (Destination, "local_shipping"),
            (CarrierAccount, "cable"),
            (ApiKey, "key"),
            (WebhookEndpoint, "webhook"),
        ],
    ),
    (
        _("People and places of merchants"),
        [
            (Rider, "two_wheeler"),
            (Customer, "contacts"),
            (Depot, "warehouse"),
            (CoverageZone, "map"),
        ],
    ),
    (_("Reference data"), [(City, "location_city"), (Region, "signpost"), (PackageSize, "straighten")]),
    (_("People"), [(User, "person"), (Group, "group"), (StaffKey, "vpn_key")]),
]


def _list_url(model: type[Model], **narrowed: Any) -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(narrowed)}" if narrowed else url


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    return admin.site._registry[model].has_view_or_change_permission(request)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of pages that this person may see."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": gettext("Overview"), "icon": "dashboard", "link": reverse("admin:index")}]}
    ]
    for title, rooms in _ROOMS:
        items = [
            {"title": capfirst(model._meta.verbose_name_plural), "icon": icon, "link": _list_url(model)}
            for model, icon in rooms
            if _may_see(request, model)
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


# --- The first page -------------------------------------------------------------------------------------------------
def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """How things stand: what this person may see of it."""
    shown: dict[str, Any] = {"worker": _worker()}
    if _may_see(request, Order):
        shown |= _orders()
    if _may_see(request, Dispatch):
        shown |= _dispatches()
    return context | shown


def _orders() -> dict[str, Any]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    counts = dict(
        # By merchant, because that is what the index of the newest orders begins with.
        Order.objects.filter(merchant__in=Merchant.objects.all(), created_at__gte=midnight)
        .values_list("status")
        .annotate(count=Count("pk"))
    )
    return {
        "attention": Order.objects.exclude(attention="").count(),
        "attention_url": _list_url(Order, attention="any"),
        "today": sum(counts.values()),
        "today_url": _list_url(Order, created_at__gte=midnight),
        "statuses": [
            (
                status.label,
                counts.get(status, 0),
                _list_url(Order, status__exact=status.value, created_at__gte=midnight),
            )
            for status in Status
        ],
    }


def _dispatches() -> dict[str, Any]:
    waiting = Dispatch.objects.filter(next_at__isnull=False, state__in=TO_PUSH)
    late = timezone.now() - timedelta(minutes=1)
    return {
        "waiting": waiting.count(),
        "late": waiting.filter(next_at__lt=late).count(),
        "waiting_url": _list_url(Dispatch, state__exact=Dispatch.State.PLANNED.value),
    }


def _worker() -> dict[str, Any]:
    """`alive`: how many workers have given a sign of life lately; `jobs`: how many jobs wait for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE last_heartbeat > now() - %s * interval '1 s'), "
            " (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo') FROM procrastinate_workers",
            [WORKER_SILENT_SECONDS],
        )
        alive, jobs = cursor.fetchone()
    return {"alive": alive, "silent": not alive, "jobs": jobs}
