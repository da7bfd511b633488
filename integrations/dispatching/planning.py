"""What an order's news asks of its hand-over: in the relay job's transaction. Each may run twice without harm."""

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from integrations import lanes
from integrations.dispatching.rows import State, ask_to_cancel, enqueue_push
from integrations.models import ENDED_WITHOUT_PARCEL, TO_PUSH, Dispatch
from orders import reports
from orders.changes import locked
from orders.events import SYSTEM, Actor
from orders.models import Order
from orders.statuses import Status

# One statement for what happens to each order that comes in. The order's
# row is locked before its dispatch is made; a lane in which others wait has no place for who comes later.
_PLAN = """
WITH going AS (
    SELECT id, uuid, destination_id, %(epoch)s::smallint AS epoch FROM orders_order
     WHERE id = %(order)s AND status = 'dispatched' FOR NO KEY UPDATE
), placed AS (
    SELECT going.*,
           (SELECT count(*) FROM integrations_dispatch AS other
             WHERE other.destination_id = going.destination_id AND other.calling_until > %(now)s) < %(places)s
           AND NOT EXISTS (SELECT 1 FROM integrations_dispatch AS other
             WHERE other.destination_id = going.destination_id AND other.is_waiting) AS has_place
      FROM going
     WHERE NOT EXISTS (SELECT 1 FROM integrations_dispatch AS ours WHERE ours.order_id = going.id AND ours.is_current)
)
INSERT INTO integrations_dispatch (
    order_id, destination_id, epoch, is_current, key, state, attempts, next_at, calling_until, is_waiting,
    last_error, reference, losses, said, label, created_at)
SELECT id, destination_id, epoch, true, replace(uuid::text, '-', '') || '-' || epoch, 'planned', 0,
       CASE WHEN has_place THEN %(until)s END, CASE WHEN has_place THEN %(until)s END, NOT has_place,
       '', '', '[]', '', '', %(now)s
  FROM placed ON CONFLICT DO NOTHING RETURNING id, is_waiting
"""


@transaction.atomic
def plan(order: Order) -> int | None:
    """An order that is to go out gets a dispatch: with a place in its lane, or among those that wait already. The id of
    the one that the caller should push now, after its transaction; None when there is nothing to push."""
    made = _new_dispatch(order.pk, epoch=1)
    if made is None:
        order = locked(order)
        if order.status != Status.DISPATCHED:
            return None
        current = _current(order)
        if current is None:
            return None
        if current.state not in ENDED_WITHOUT_PARCEL:
            return current.pk if current.state in TO_PUSH and not current.is_waiting else None
        Dispatch.objects.filter(pk=current.pk).update(is_current=False)
        made = _new_dispatch(order.pk, epoch=current.epoch + 1)
    return made[0] if made and not made[1] else None


def _new_dispatch(order_id: int, epoch: int) -> tuple[int, bool] | None:
    """Its id, and whether it waits; None if the order does not go out, or has a current one."""
    now = timezone.now()
    given = {"order": order_id, "epoch": epoch, "now": now, "until": now + lanes.LEASE, "places": settings.LANE_PLACES}
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, given)
        return cursor.fetchone()


def plan_push(order: Order) -> None:
    """The same with a job, for a caller who is in the middle of something."""
    if dispatch_id := plan(order):
        enqueue_push(dispatch_id)


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
        enqueue_push(dispatch.pk)


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
        enqueue_push(dispatch.pk)


def book_anew(order: Order, actor: Actor) -> None:
    """No carrier has the order as it was before its edit; the current dispatch, if any, has ended."""
    reports.record_unbooked(order, actor)
    plan_push(order)


def _current(order: Order) -> Dispatch | None:
    return Dispatch.objects.select_for_update(no_key=True).filter(order=order, is_current=True).first()
