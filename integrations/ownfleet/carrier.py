"""The fleet as a carrier: taking orders, finding them again, giving them back. Steps of riders are in `steps.py`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from destinations.geometry import metres
from destinations.models import Rider
from integrations.carrier import Booking, Carrier, CarrierError, Consignment, Report
from integrations.models import Dispatch, RiderTask
from orders import actions
from orders.changes import locked
from orders.events import Actor
from orders.models import Order, OrderEvent

ASSIGN = ("by_hand", "nearest")
# Where a phone was longer ago than this says nothing about where its rider is.
FRESH = timedelta(minutes=30)


def reference(order: Order) -> str:
    return f"OWN{order.pk}"


class OwnFleet(Carrier):
    # Each step of a rider is written when it happens: there is nothing to ask for.
    poll_seconds = 86_400

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        unknown = set(stored) - {"assign"}
        if unknown:
            raise ValueError(f"Unknown setting: {', '.join(sorted(unknown))}. Known is assign.")
        if stored.get("assign", ASSIGN[0]) not in ASSIGN:
            raise ValueError(f"assign must be one of: {', '.join(ASSIGN)}.")

    def check(self) -> str:
        riders = Rider.objects.filter(merchant=self.destination.merchant_id, is_active=True).count()
        return f"{riders} active riders"

    def book(self, consignment: Consignment) -> Booking:
        """The task, made once whatever happens, with a rider if one is to be chosen by us."""
        with self.transcript.exchange("book", {"key": consignment.key}) as said, transaction.atomic():
            order = locked(consignment.order)  # first, as everywhere, so that nobody waits in a circle
            dispatch = Dispatch.objects.get(key=consignment.key)
            _task, new = RiderTask.objects.get_or_create(dispatch=dispatch)
            rider = order.rider if order.rider and order.rider.is_active else None
            if new and rider is None and self.destination.settings.get("assign") == "nearest":
                rider = nearest(order)
                if rider:
                    actions.assign_rider(order, rider, Actor(OrderEvent.ActorKind.CARRIER, self.destination.name))
            said.response = f"{reference(order)} · {rider.name if rider else 'no rider yet'}"
        return Booking(reference(order))

    def find(self, consignment: Consignment) -> Booking | None:
        with self.transcript.exchange("find", {"key": consignment.key}) as said:
            found = RiderTask.objects.filter(dispatch__key=consignment.key, cancelled_at=None).exists()
            said.response = reference(consignment.order) if found else "nothing"
        return Booking(reference(consignment.order)) if found else None

    def cancel(self, consignment: Consignment, reference: str) -> None:
        """The task's row decides between us and a rider who picks it up at this moment."""
        with self.transcript.exchange("cancel", {"task": reference}) as said, transaction.atomic():
            tasks = RiderTask.objects.select_for_update(of=("self",), no_key=True)
            task = tasks.filter(dispatch__key=consignment.key).first()
            if task and task.picked_up_at:
                raise CarrierError("The rider has picked it up already.", permanent=True)
            if task and not task.cancelled_at:
                task.cancelled_at = timezone.now()
                task.save(update_fields=["cancelled_at"])
            said.response = "cancelled"

    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        return {}


def nearest(order: Order) -> Rider | None:
    """The active rider who is nearest to where the order is picked up; None when nobody knows where that is, or where
    the riders are."""
    if order.pickup_lat is None or order.pickup_lng is None:
        return None
    start = (order.pickup_lat, order.pickup_lng)
    riders = Rider.objects.filter(
        merchant=order.merchant_id, is_active=True, located_at__gte=timezone.now() - FRESH
    ).order_by("pk")
    return min(riders, key=lambda rider: metres(start, (rider.lat or 0.0, rider.lng or 0.0)), default=None)
