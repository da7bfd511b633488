"""What the orders list can be narrowed to. The filters live in the page's address."""

from datetime import date, datetime, time, timedelta

import django_filters
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderQuerySet
from orders.statuses import Status

# What people look for that is not a status.
_STATES = [
    ("attention", _("Needs attention")),
    ("held", _("Held")),
    ("scheduled", _("Scheduled")),
]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class OrderFilter(django_filters.FilterSet):
    """`q` text; `status` one of them or attention, held, scheduled; `since`, `until` days in the current time zone."""

    q = django_filters.CharFilter(
        method="by_text",
        label=_("Search"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Order number, name, phone, address"), "dir": "auto"}
        ),
    )
    status = django_filters.ChoiceFilter(
        method="by_state",
        label=_("Status"),
        empty_label=_("All statuses"),
        choices=[*_STATES, *Status.choices],
    )
    since = django_filters.DateFilter(
        method="from_day", label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = django_filters.DateFilter(
        method="to_day", label=_("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    class Meta:
        model = Order
        fields = ()

    def by_text(self, queryset: OrderQuerySet, name: str, value: str) -> OrderQuerySet:
        return queryset.search(self.request.merchant, value)

    def by_state(self, queryset: OrderQuerySet, name: str, value: str) -> OrderQuerySet:
        match value:
            case "attention":
                return queryset.exclude(attention="")
            case "held":
                return queryset.filter(status=Status.CREATED, release_at__isnull=True)
            case "scheduled":
                return queryset.filter(status=Status.CREATED, release_at__isnull=False)
        return queryset.filter(status=value)

    def from_day(self, queryset: OrderQuerySet, name: str, value: date) -> OrderQuerySet:
        return queryset.filter(created_at__gte=_midnight(value))

    def to_day(self, queryset: OrderQuerySet, name: str, value: date) -> OrderQuerySet:
        if value == date.max:
            return queryset
        return queryset.filter(created_at__lt=_midnight(value + timedelta(days=1)))
