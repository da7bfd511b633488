"""How `actions` and `reports` change an order: under its lock, with its history row."""

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


def change(order: Order, kind: str, actor: Actor, *, data: dict[str, Any] | None = None, **fields: Any) -> Order:
    """Sets the fields and records the event. The order must be locked."""
    before = order.status
    for name, value in fields.items():
        setattr(order, name, value)
    order.updated_at = timezone.now()
    order.save(update_fields=[*fields, "updated_at"])
    moved = order.status != before
    events.record(
        [Happening(order, kind, before if moved else "", order.status if moved else "", data or {})],
        actor,
        at=order.updated_at,
    )
    return order
