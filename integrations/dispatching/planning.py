"""What an order's news asks of its hand-over: in the relay job's transaction. Each may run twice without harm."""

from django.db import transaction
from django.utils import timezone

from integrations import lanes
from integrations.dispatching.rows import State, ask_to_cancel, enqueue_push, park
from integrations.models import ENDED_WITHOUT_PARCEL, TO_PUSH, Dispatch
from orders import reports
from orders.changes import locked
from orders.events import SYSTEM, Actor
from orders.models import Order
from orders.statuses import Status


@transaction.atomic
def plan(order: Order) -> None:
    """An order that is to go out gets a dispatch and a job, or a place among those that wait already."""
    order = locked(order)
    if order.status != Status.DISPATCHED:
        return
    current = order.dispatches.filter(is_current=True).first()
    if current and current.state not in ENDED_WITHOUT_PARCEL:
        return
    epoch = current.epoch + 1 if current else 1
    order.dispatches.filter(is_current=True).update(is_current=False)
    dispatch = Dispatch.objects.create(
        order=order,
        destination_id=order.destination_id,
        epoch=epoch,
        key=f"{order.uuid.hex}-{epoch}",
        next_at=timezone.now() + lanes.LEASE,
    )
    if Dispatch.objects.filter(destination_id=order.destination_id, is_waiting=True).exists():
        park(dispatch)
    else:
        enqueue_push(dispatch)


@transaction.atomic
def plan_cancel(order: Order) -> None:
    """An order that is being cancelled: its carrier is asked."""
    order = locked(order)
    if order.status != Status.CANCELLING:
        return
    dispatch = _current(order)
    if dispatch is None or dispatch.state in ENDED_WITHOUT_PARCEL:
        reports.record_not_booked(order, SYSTEM, attention="", detail="")
    elif dispatch.state == State.BOOKED:
        ask_to_cancel(dispatch)
    elif dispatch.state in TO_PUSH:
        enqueue_push(dispatch)


@transaction.atomic
def plan_rebooking(order: Order) -> None:
    """An order was edited after its booking: its carrier is asked to cancel, and then gets it anew."""
    order = locked(order)
    if not order.rebooking:
        return
    dispatch = _current(order)
    if dispatch is None or dispatch.state in ENDED_WITHOUT_PARCEL:
        book_anew(order, SYSTEM)
    elif dispatch.state == State.BOOKED:
        ask_to_cancel(dispatch)
    elif dispatch.state in TO_PUSH:
        enqueue_push(dispatch)


def book_anew(order: Order, actor: Actor) -> None:
    """No carrier has the order as it was before its edit; the current dispatch, if any, has ended."""
    reports.record_unbooked(order, actor)
    plan(order)


def _current(order: Order) -> Dispatch | None:
    return Dispatch.objects.select_for_update(no_key=True).filter(order=order, is_current=True).first()
