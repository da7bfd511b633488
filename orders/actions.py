"""The only writer of orders. Pages, admin and every dialect call these; each writes the rows, the history and the job
in one transaction, and raises a child of `orders.errors.OrderError` when the order does not allow it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from destinations import money, rates, routing
from destinations.models import Environment, Source
from orders import events, rows
from orders.changes import ALL_WELL, change, locked
from orders.drafts import Item, OrderDraft, Stop
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.events import Actor, Happening
from orders.models import Order, OrderEvent, OrderItem
from orders.search import searchable
from orders.statuses import NOT_CANCELLABLE, Status

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
                    _new_item(order, position, item)
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
    merchant = source.merchant
    currency = draft.currency or merchant.currency
    _check_amount(draft.cod_amount, currency, "cod_amount")
    for number, item in enumerate(draft.items):
        _check_amount(item.price, currency, f"items.{number}.price")
    release_at = None if source.hold or draft.hold else draft.release_at
    waits = source.hold or draft.hold or (release_at is not None and release_at > now)
    chosen = decision.chosen
    return Order(
        merchant=merchant,
        source=source,
        destination_id=chosen.pk,
        is_test=chosen.environment == Environment.SANDBOX if is_test is None else is_test,
        dialect=draft.dialect,
        channel=draft.channel or draft.dialect,
        external_id=draft.external_id,
        unique_scope=draft.unique_scope,
        reference=draft.reference,
        **_stop_fields("pickup", draft.pickup),
        **_stop_fields("dropoff", draft.dropoff),
        weight_kg=draft.parcel.weight_kg,
        length_cm=draft.parcel.length_cm,
        width_cm=draft.parcel.width_cm,
        height_cm=draft.parcel.height_cm,
        notes=draft.notes,
        currency=currency,
        cod_amount=draft.cod_amount,
        delivery_fee=rates.delivery_fee(merchant),
        status=Status.CREATED if waits else Status.DISPATCHED,
        release_at=release_at if waits else None,
        routing=decision.record,
        extras=draft.extras,
        raw_payload=draft.raw,
        search_text=searchable(
            [
                draft.external_id,
                draft.reference,
                draft.dropoff.name,
                draft.dropoff.phone,
                draft.dropoff.address.text,
            ]
        ),
        created_at=now,
        updated_at=now,
    )


def _stop_fields(end: str, stop: Stop) -> dict[str, Any]:
    return {
        f"{end}_name": stop.name,
        f"{end}_phone": stop.phone,
        f"{end}_email": stop.email,
        f"{end}_address": stop.address.text,
        f"{end}_parts": stop.address.parts,
        f"{end}_lat": stop.lat,
        f"{end}_lng": stop.lng,
    }


def _new_item(order: Order, position: int, item: Item) -> OrderItem:
    return OrderItem(
        order=order,
        position=position,
        name=item.name,
        quantity=item.quantity,
        price=item.price,
        weight_kg=item.weight_kg,
    )


def _check_amount(amount, currency: str, path: str) -> None:
    if amount is None:
        return
    if amount < 0:
        raise InvalidDraft("An amount cannot be negative.", path=path)
    if amount > money.MAX_AMOUNT:
        raise InvalidDraft("The amount is too large.", path=path)
    if not money.fits(amount, currency):
        raise InvalidDraft(f"{currency} has at most {money.exponent(currency)} decimals.", path=path)


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


# --- Cancel and retry -----------------------------------------------------------------------------------------------
@transaction.atomic
def cancel_orders(orders: Iterable[Order], actor: Actor, *, reason: str = "") -> list[Order]:
    """Cancels each order, all or none: at once if no carrier can have it, else by asking the carrier (`cancelling`).

    An order that is cancelled, or being cancelled, stays as it is. Raises `WrongStatus` at delivered, returned, lost.
    """
    asked = [locked(order) for order in sorted(orders, key=lambda order: order.pk)]
    for order in asked:
        if order.status in NOT_CANCELLABLE:
            raise WrongStatus(f"Cannot cancel an order that has already been {order.status}.", status=order.status)
    return [_cancel(order, actor, reason) for order in asked]


def _cancel(order: Order, actor: Actor, reason: str) -> Order:
    data = {"reason": reason} if reason else {}
    if order.status in (Status.CANCELLED, Status.CANCELLING):
        return order
    if not order.with_carrier:
        return change(order, Kind.CANCELLED, actor, data=data, status=Status.CANCELLED, release_at=None, **ALL_WELL)
    return change(
        order, Kind.CANCEL_REQUESTED, actor, data=data, status=Status.CANCELLING, status_before=order.status, **ALL_WELL
    )


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
