"""Staff pages of what merchants connect in the portal: to look at. Secrets are not among the fields."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from destinations.backoffice import ReadOnly, badge, instant, isolated
from integrations import accounts, registry
from integrations.models import CarrierAccount, Drift, Lane, RemoteName


class OfDestination(ReadOnly, ModelAdmin):
    list_select_related: ClassVar = ("destination__merchant",)
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields: ClassVar[tuple[str, ...]] = ("destination__name", "destination__merchant__name")
    search_help_text = _("Destination or merchant")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("destination__merchant")

    @display(description=_("merchant"))
    def merchant(self, row: Any) -> str:
        return row.destination.merchant.name


@admin.register(CarrierAccount)
class CarrierAccountAdmin(OfDestination):
    list_display = ("destination", "merchant", "address", "credentials_stored", "test_shown", "checked")
    fields = (
        ("destination", "merchant"), "address", ("credentials_stored", "secret_stored"), "poll_seconds",
        ("test_shown", "checked"), "check_error", "updated_at",
    )  # fmt: skip
    readonly_fields = (
        "merchant", "address", "credentials_stored", "secret_stored", "test_shown", "checked", "check_error",
        "updated_at",
    )  # fmt: skip
    ordering = ("-updated_at", "-pk")

    @display(description=_("base address"))
    def address(self, account: CarrierAccount) -> SafeString | str:
        known = account.destination.provider in registry.CARRIERS
        return isolated(accounts.address(account) if known else account.base_url)

    @display(description=_("credentials"), boolean=True)
    def credentials_stored(self, account: CarrierAccount) -> bool:
        return bool(account.credentials)

    @display(description=_("webhook secret"), boolean=True)
    def secret_stored(self, account: CarrierAccount) -> bool:
        return bool(account.callback_secret)

    @display(description=_("last test"))
    def test_shown(self, account: CarrierAccount) -> SafeString | str:
        if not account.checked_at:
            return ""
        return badge(_("did not go well"), "danger") if account.check_error else badge(_("went well"), "success")

    @display(description=_("tested"), ordering="checked_at")
    def checked(self, account: CarrierAccount) -> SafeString | str:
        return instant(account.checked_at)


@admin.register(Lane)
class LaneAdmin(OfDestination):
    list_display = ("destination", "merchant", "state", "failures", "closed", "opens", "reason")
    fields = (("destination", "merchant"), "state", "failures", ("closed", "opens"), "reason")
    readonly_fields = ("merchant", "state", "closed", "opens")
    ordering = ("-closed_at", "-pk")

    @display(description=_("state"))
    def state(self, lane: Lane) -> SafeString | str:
        return badge(_("Paused"), "danger") if lane.closed_at else badge(_("Open"), "success")

    @display(description=_("closed since"), ordering="closed_at")
    def closed(self, lane: Lane) -> SafeString | str:
        return instant(lane.closed_at)

    @display(description=_("tried again at"), ordering="open_at")
    def opens(self, lane: Lane) -> SafeString | str:
        return instant(lane.open_at)


@admin.register(Drift)
class DriftAdmin(OfDestination):
    list_display = ("path_shown", "change", "call", "destination", "merchant", "times", "last", "settled")
    list_filter = ("change", ("settled_at", admin.EmptyFieldListFilter), ("destination", AutocompleteSelectFilter))
    list_filter_submit = True
    fields = (
        ("destination", "merchant"), "call", ("path_shown", "change"), "detail", "body_shown",
        ("times", "first", "last"), "settled",
    )  # fmt: skip
    readonly_fields = ("merchant", "path_shown", "body_shown", "first", "last", "settled")
    actions = ("settle_selected",)
    search_fields: ClassVar[tuple[str, ...]] = ("path", "call", *OfDestination.search_fields)
    search_help_text = _("Field, call, destination or merchant")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_drift")

    @display(description=_("field"))
    def path_shown(self, drift: Drift) -> SafeString | str:
        return isolated(drift.path)

    @display(description=_("answer"))
    def body_shown(self, drift: Drift) -> SafeString | str:
        return isolated(drift.body)

    @display(description=_("first"))
    def first(self, drift: Drift) -> SafeString | str:
        return instant(drift.first_at)

    @display(description=_("last"), ordering="last_at")
    def last(self, drift: Drift) -> SafeString | str:
        return instant(drift.last_at)

    @display(description=_("looked into"), ordering="settled_at")
    def settled(self, drift: Drift) -> SafeString | str:
        return instant(drift.settled_at)

    @admin.action(description=_("Looked into"), permissions=["settle"])
    def settle_selected(self, request: HttpRequest, queryset: QuerySet[Drift]) -> None:
        count = Drift.objects.filter(pk__in=queryset.values("pk"), settled_at=None).update(settled_at=timezone.now())
        text = ngettext("%(count)s change looked into.", "%(count)s changes looked into.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)


@admin.register(RemoteName)
class RemoteNameAdmin(OfDestination):
    list_display = ("name_shown", "kind_shown", "number", "decided", "destination", "merchant")
    list_filter = (("destination", AutocompleteSelectFilter),)
    list_filter_submit = True
    fields = (("destination", "merchant"), ("name_shown", "kind_shown"), "number", "decided")
    readonly_fields = ("merchant", "name_shown", "kind_shown", "number", "decided")
    ordering = ("-pk",)
    search_fields: ClassVar[tuple[str, ...]] = ("name", "=remote_id", *OfDestination.search_fields)
    search_help_text = _("Name, number there, destination or merchant")

    @display(description=_("name"))
    def name_shown(self, row: RemoteName) -> SafeString | str:
        return isolated(row.label or row.name)

    @display(description=_("kind"))
    def kind_shown(self, row: RemoteName) -> SafeString | str:
        return isolated(row.kind)

    @display(description=_("number there"))
    def number(self, row: RemoteName) -> SafeString | str:
        return isolated(row.remote_id)

    @display(description=_("by hand"), boolean=True)
    def decided(self, row: RemoteName) -> bool:
        return row.by_hand
