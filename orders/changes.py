"""How `actions` and `reports` change an order: under its lock, with its history row."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from orders import events
from orders.events import Actor, Happening
from orders.models import Order
from orders.statuses import LASTING, WITH_MERCHANT, Attention, Status

# What to set when an order leaves a failure behind.
ALL_WELL: dict[str, Any] = {"failure": "", "attention": "", "attention_detail": ""}


def locked(order: Order) -> Order:
    """The order as it is now, locked until the caller's transaction ends."""
    return Order.objects.select_for_update(no_key=True).get(pk=order.pk)


def locked_all(orders: Iterable[Order]) -> list[Order]:
    """The same for many, in one query; locked in one order everywhere, so that nobody waits in a circle."""
    wanted = [order.pk for order in orders]
    return list(Order.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))


def settled(order: Order) -> dict[str, Any]:
    """What to set when an order goes on its way: what somebody should look at for good stays."""
    return {} if order.attention in LASTING else {"attention": "", "attention_detail": ""}


def change(order: Order, kind: str, actor: Actor, *, data: dict[str, Any] | None = None, **fields: Any) -> Order:
    """Sets the fields, with what follows from them, and records the event. The order must be locked."""
    now = timezone.now()
    happening = _set(order, kind, data or {}, fields, now)
    order.save(update_fields=[*fields, "updated_at"])
    events.record([happening], actor, at=now)
    return order


@dataclass(frozen=True, slots=True)
class Change:
    order: Order
    kind: str
    fields: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)


def change_all(changes: Sequence[Change], actor: Actor) -> None:
    """The same for many, in one statement for all that get the same values, and two for the events. No order may be
    in it twice."""
    now = timezone.now()
    happenings = [_set(one.order, one.kind, one.data, one.fields, now) for one in changes]
    alike: dict[str, list[Change]] = defaultdict(list)
    for one in changes:
        alike[repr(sorted(one.fields.items()))].append(one)
    for group in alike.values():
        Order.objects.filter(pk__in=[one.order.pk for one in group]).update(**group[0].fields, updated_at=now)
    if happenings:
        events.record(happenings, actor, at=now)


def _set(order: Order, kind: str, data: dict[str, Any], fields: dict[str, Any], now: datetime) -> Happening:
    """Adds to `fields` what follows from them."""
    before, shown = order.status, _shown(order)
    moved = fields.get("status", before) != before
    if moved:
        fields.update(_consequences(order, fields))
    for name, value in fields.items():
        setattr(order, name, value)
    if order.said_status and "said_status" not in fields and _shown(order) != shown:
        fields["said_status"] = order.said_status = {}
    order.updated_at = now
    return Happening(order, kind, before if moved else "", order.status if moved else "", data)


def _shown(order: Order) -> str:
    """The status that callers see: a cancel that is on its way shows the one before it."""
    return order.status_before if order.status == Status.CANCELLING else order.status


def _consequences(order: Order, fields: dict[str, Any]) -> dict[str, Any]:
    """What else changes with the status."""
    status = fields["status"]
    more: dict[str, Any] = {}
    if order.attention_path and "attention_path" not in fields:
        more["attention_path"] = ""
    if order.rebooking and status not in WITH_MERCHANT:  # too late for the edit that its carrier was to be told of
        more["rebooking"] = False
        if status in (Status.PICKED_UP, Status.IN_TRANSIT, Status.DELIVERED):
            detail = "It was on its way before the carrier could be told of an edit."
            more |= {"attention": Attention.EDIT_REFUSED, "attention_detail": detail}
    ended = status in (Status.CANCELLING, Status.CANCELLED)
    if order.deleted_at and not ended and "deleted_at" not in fields:  # alive: its merchant must see it
        detail = "It goes on although it was deleted."
        more |= {"deleted_at": None, "attention": Attention.CANCEL_REFUSED, "attention_detail": detail}
    return more
