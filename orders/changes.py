"""How `actions` and `reports` change an order: under its lock, with its history row."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from orders import events
from orders.events import Actor, Happening
from orders.models import Order

# What to set when an order leaves a failure behind.
ALL_WELL: dict[str, Any] = {"failure": "", "attention": "", "attention_detail": ""}


def locked(order: Order) -> Order:
    """The order as it is now, locked until the caller's transaction ends."""
    return Order.objects.select_for_update(no_key=True).get(pk=order.pk)


def locked_all(orders: Iterable[Order]) -> list[Order]:
    """The same for many, in one query; locked in one order everywhere, so that nobody waits in a circle."""
    wanted = [order.pk for order in orders]
    return list(Order.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))


def change(order: Order, kind: str, actor: Actor, *, data: dict[str, Any] | None = None, **fields: Any) -> Order:
    """Sets the fields and records the event. The order must be locked."""
    happening = _set(order, kind, data or {}, fields)
    order.save(update_fields=[*fields, "updated_at"])
    events.record([happening], actor, at=order.updated_at)
    return order


@dataclass(frozen=True, slots=True)
class Change:
    order: Order
    kind: str
    fields: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)


def change_all(changes: Sequence[Change], actor: Actor) -> None:
    """The same for many, in three statements for each set of fields. No order may be in it twice."""
    happenings = [_set(one.order, one.kind, one.data, one.fields) for one in changes]
    alike: dict[frozenset[str], list[Order]] = defaultdict(list)
    for one in changes:
        alike[frozenset(one.fields)].append(one.order)
    for names, orders in alike.items():
        Order.objects.bulk_update(orders, [*sorted(names), "updated_at"])
    if happenings:
        events.record(happenings, actor, at=changes[0].order.updated_at)


def _set(order: Order, kind: str, data: dict[str, Any], fields: dict[str, Any]) -> Happening:
    before = order.status
    if order.said_status and fields.get("status", before) != before:
        fields.setdefault("said_status", {})
    for name, value in fields.items():
        setattr(order, name, value)
    order.updated_at = timezone.now()
    moved = order.status != before
    return Happening(order, kind, before if moved else "", order.status if moved else "", data)
