"""The only writer of orders. Pages, admin and every dialect call these; each writes the rows, the history and the job
in one transaction, and raises a child of `orders.errors.OrderError` when the order does not allow it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from destinations import rates, routing
from destinations.models import Environment, Rider, Source
from orders import events, rows
from orders.changes import ALL_WELL, Change, change, change_all, locked, locked_all, settled
from orders.contents import contents, new_item
from orders.drafts import OrderDraft
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.events import Actor, Happening
from orders.models import Order, OrderEvent
from orders.statuses import NOT_CANCELLABLE, Failure, Mark, Status, may_report

Kind = OrderEvent.Kind


# --- Coming in ------------------------------------------------------------------------------------------------------
def place_orders(
    source: Source, drafts: Sequence[OrderDraft], *, actor: Actor, is_test: bool | None = None
) -> list[Order]:
    """Stores the orders and sends out those that need not wait. All or nothing; five statements, however many.

    `is_test` tells whether a test key asks (then only sandbox destinations will do); None lets the destination's
    environment decide, as for an order made by hand. Raises `InvalidDraft`, `NoDestination` (path "destination" if
    the caller named it) and `DuplicateOrder`.
    """
    now = timezone.now()
    candidates = routing.candidates_of(source)
    orders: list[Order] = []
    for draft in drafts:
        try:
            decision = routing.decide(candidates, asked=draft.destination, is_test=bool(is_test))
        except routing.RoutingError as error:
            raise NoDestination(str(error), path="destination" if error.asked else None) from error
        orders.append(_new_order(source, draft, decision, is_test=is_test, now=now))
    try:
        with transaction.atomic():
            rows.insert(orders)
            rows.insert(
                [
                    new_item(order, position, item)
                    for order, draft in zip(orders, drafts, strict=True)
                    for position, item in enumerate(draft.items)
                ]
            )
            events.record(
                [Happening(order, Kind.CREATED, to_status=order.status, data=_why(order)) for order in orders],
                actor,
                at=now,
            )
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != "unique_external_id":  # type: ignore[union-attr]
            raise
        raise DuplicateOrder("An order with this id already exists.", path="external_id") from error
    return orders


def _new_order(
    source: Source, draft: OrderDraft, decision: routing.Decision, *, is_test: bool | None, now: datetime
) -> Order:
    release_at = None if source.hold or draft.hold else draft.release_at
    waits = source.hold or draft.hold or (release_at is not None and release_at > now)
    chosen = decision.chosen
    return Order(
        merchant=source.merchant,
        source=source,
        destination_id=chosen.pk,
        is_test=chosen.environment == Environment.SANDBOX if is_test is None else is_test,
        dialect=draft.dialect,
        channel=draft.channel or draft.dialect,
        external_id=draft.external_id,
        unique_scope=draft.unique_scope,
        **contents(draft, source.merchant),
        delivery_fee=rates.delivery_fee(source.merchant, draft.currency or source.merchant.currency),
        status=Status.CREATED if waits else Status.DISPATCHED,
        said_status=draft.said_status,
        release_at=release_at if waits else None,
        routing=decision.record,
        extras=draft.extras,
        raw_payload=draft.raw,
        created_at=now,
        updated_at=now,
    )


def _why(order: Order) -> dict[str, Any]:
    if order.status == Status.CREATED:
        return {"release_at": order.release_at.isoformat()} if order.release_at else {"held": True}
    return {}


# --- While it is ours -----------------------------------------------------------------------------------------------
@transaction.atomic
def release_order(order: Order, actor: Actor) -> Order:
    """A held or scheduled order goes out now. Raises `WrongStatus` unless it is at `created`."""
    order = _still_held(order)
    return change(order, Kind.RELEASED, actor, status=Status.DISPATCHED, release_at=None)


@transaction.atomic
def reschedule_order(order: Order, at: datetime, actor: Actor) -> Order:
    """A held or scheduled order goes out at `at`. Raises `WrongStatus` unless it is at `created`."""
    order = _still_held(order)
    return change(order, Kind.RESCHEDULED, actor, data={"release_at": at.isoformat()}, release_at=at)


@transaction.atomic
def hold_order(order: Order, actor: Actor) -> Order:
    """A scheduled order waits until somebody releases it. Raises `WrongStatus` unless it is at `created`."""
    order = _still_held(order)
    return order if order.release_at is None else change(order, Kind.HELD, actor, release_at=None)


def release_due_orders(*, limit: int = 500) -> int:
    """Sends out the held orders whose time has come, oldest first. Returns how many; call again while it is `limit`."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Order.objects.due(now).order_by("release_at").select_for_update(skip_locked=True, no_key=True)[:limit]
        )
        for order in due:
            order.status, order.release_at, order.updated_at = Status.DISPATCHED, None, now
        Order.objects.bulk_update(due, ["status", "release_at", "updated_at"])
        events.record(
            [Happening(order, Kind.RELEASED, Status.CREATED, Status.DISPATCHED, {"on_time": True}) for order in due],
            events.SYSTEM,
            at=now,
        )
    return len(due)


def _still_held(order: Order) -> Order:
    order = locked(order)
    if order.status != Status.CREATED:
        raise WrongStatus("The order has gone out already.", status=order.status)
    return order


@transaction.atomic
def edit_order(order: Order, draft: OrderDraft, actor: Actor) -> Order:
    """Puts what `draft` says in the place of what the order said: everything but its ids, its way out and its fee. A
    draft without items leaves them, one without a rider the rider; `extras` are added to those that there are.

    A carrier that may have the order is asked to cancel and is then given it anew, under a new key; one that nobody
    took goes out again. Raises `WrongStatus` once it has been picked up or cancelled, and `InvalidDraft`.
    """
    order = locked(order)
    if not order.is_with_merchant:
        raise WrongStatus("Only an order that nobody has picked up can be edited.", status=order.status)
    draft = replace(draft, external_id=order.external_id, reference=draft.reference or order.reference)
    fields = contents(draft, order.merchant) | {"extras": {**order.extras, **draft.extras}}
    if draft.rider is None:
        del fields["rider"]
    if draft.dialect == order.dialect:
        fields["raw_payload"] = draft.raw
    if draft.said_status:
        fields["said_status"] = {**order.said_status, **draft.said_status}
    if draft.items:
        order.items.all().delete()
        rows.insert([new_item(order, position, item) for position, item in enumerate(draft.items)])
    if order.status == Status.FAILED:
        return change(order, Kind.EDITED, actor, status=Status.DISPATCHED, **fields, **ALL_WELL)
    return change(order, Kind.EDITED, actor, **fields, rebooking=order.with_carrier)


# --- Cancel, delete, retry ------------------------------------------------------------------------------------------
@transaction.atomic
def cancel_orders(
    orders: Iterable[Order], actor: Actor, *, reason: str = "", before_pickup: bool = False
) -> list[Order]:
    """Cancels each order, all or none: at once if no carrier can have it, else by asking the carrier (`cancelling`).

    An order that is cancelled, or being cancelled, stays as it is. Raises `WrongStatus` at delivered, returned, lost;
    with `before_pickup` also for one that has been picked up.
    """
    asked = locked_all(orders)
    for order in asked:
        if order.status in NOT_CANCELLABLE:
            raise WrongStatus(f"Cannot cancel an order that has already been {order.status}.", status=order.status)
        if before_pickup and not (order.is_with_merchant or order.status in _CANCELLED):
            raise WrongStatus("Cannot cancel an order that has been picked up.", status=order.status)
    change_all([_cancel(order, reason) for order in asked if order.status not in _CANCELLED], actor)
    return asked


_CANCELLED = (Status.CANCELLED, Status.CANCELLING)


def _cancel(order: Order, reason: str) -> Change:
    data = {"reason": reason} if reason else {}
    if not order.with_carrier:
        return Change(order, Kind.CANCELLED, {"status": Status.CANCELLED, "release_at": None, **ALL_WELL}, data)
    fields = {"status": Status.CANCELLING, "status_before": order.status, "rebooking": False, **ALL_WELL}
    return Change(order, Kind.CANCEL_REQUESTED, fields, data)


@transaction.atomic
def delete_orders(orders: Iterable[Order], actor: Actor, *, cancelled: bool = False) -> None:
    """Cancels each order and takes it out of its merchant's sight, all or none. If the carrier refuses to cancel one,
    it is seen again, with attention.

    Raises `WrongStatus` when one has been picked up, and also for a cancelled one unless `cancelled` allows it.
    """
    asked = locked_all(orders)
    for order in asked:
        if not (order.is_with_merchant or (cancelled and order.status in _CANCELLED)):
            raise WrongStatus("Only an order that nobody has picked up can be deleted.", status=order.status)
    change_all([_cancel(order, "") for order in asked if order.status not in _CANCELLED], actor)
    now = timezone.now()
    change_all([Change(order, Kind.DELETED, {"deleted_at": now}) for order in asked if not order.deleted_at], actor)


@transaction.atomic
def retry_order(order: Order, actor: Actor) -> Order:
    """Sends an order out again that no carrier would take. Raises `WrongStatus` for any other.

    A delivery that a carrier has given up on is not sent again: the parcel is still in that carrier's hands.
    """
    order = locked(order)
    if order.status != Status.FAILED or order.with_carrier:
        raise WrongStatus("Only an order that no carrier has taken can be sent again.", status=order.status)
    return change(order, Kind.RETRIED, actor, status=Status.DISPATCHED, **ALL_WELL)


@transaction.atomic
def settle_attention(order: Order, actor: Actor) -> Order:
    """Somebody has looked into what needed attention; the order itself stays as it is."""
    order = locked(order)
    if not order.attention:
        return order
    data = {"attention": order.attention, "detail": order.attention_detail}
    return change(order, Kind.SETTLED, actor, data=data, attention="", attention_detail="")


# --- What its sender says -------------------------------------------------------------------------------------------
@transaction.atomic
def say_status(
    order: Order, actor: Actor, *, dialect: str, said: Any, status: str | None, mark: str = "", usual: bool = False
) -> Order:
    """Keeps what a caller says that the status is, in its dialect's form, until the status next changes. `status` is
    the canonical one that it means, if it means one, with its `mark`: the order moves there if that leads forward, and
    where it is there already a delay can begin or end. To say that it is cancelled is to cancel it: a carrier that may
    have it is asked first. `usual`: the dialect shows that status so in any case, and nothing need be kept once the
    order is there. Saying the same again changes nothing."""
    order = locked(order)
    data = {"dialect": dialect, "said": said}
    asked_already = status == Status.CANCELLED and order.status == Status.CANCELLING
    if status is None or asked_already or not may_report(order.status, status):
        there = order.status == status
        words = {**order.said_status, dialect: said}
        if usual and there:
            del words[dialect]
        marked = mark if there and Mark.DELAYED in (mark, order.mark) else order.mark
        if (order.said_status, order.mark) == (words, marked):
            return order
        return change(order, Kind.STATUS_SAID, actor, data=data, said_status=words, mark=marked)
    kept = {} if usual else {dialect: said}
    if status == Status.CANCELLED:
        cancelling = _cancel(order, "")
        return change(order, cancelling.kind, actor, data=data, said_status=kept, **cancelling.fields)
    fields = {"status": status, "status_before": "", "release_at": None, "mark": mark, "failure": "", **settled(order)}
    if status == Status.FAILED:
        fields["failure"] = Failure.DELIVERY
    return change(order, Kind.STATUS_SAID, actor, data=data, said_status=kept, **fields)


@transaction.atomic
def verify_payment(order: Order, actor: Actor, *, verified: bool = True) -> Order:
    """Notes that the customer's payment has been verified, or has not."""
    order = locked(order)
    if order.payment_verified == verified:
        return order
    return change(order, Kind.PAYMENT_VERIFIED, actor, data={"verified": verified}, payment_verified=verified)


@transaction.atomic
def assign_rider(order: Order, rider: Rider | None, actor: Actor) -> Order:
    """Gives the order to a rider of its merchant, or takes it back. Raises `InvalidDraft` for another's rider, and for
    one who does not work any more."""
    order = locked(order)
    if order.rider_id == (rider.pk if rider else None):
        return order
    if rider and (rider.merchant_id != order.merchant_id or not rider.is_active):
        raise InvalidDraft("There is no such rider.", path="rider")
    data = {"rider": str(rider.uuid), "name": rider.name} if rider else {}
    return change(order, Kind.RIDER_ASSIGNED, actor, data=data, rider=rider)
