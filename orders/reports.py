"""What carriers tell us, written to the orders: the other half of `actions`, called by the dispatching above.

Every function takes an order that the caller has locked (`orders.changes.locked`), so that the order and the caller's
own rows change in one transaction. None of them calls anybody.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from destinations.models import Destination
from destinations.money import written
from orders.changes import ALL_WELL, change, settled
from orders.events import SYSTEM, Actor
from orders.models import Order, OrderEvent, ProofOfDelivery
from orders.statuses import LASTING, TERMINAL, Attention, Failure, Status, may_report

Kind = OrderEvent.Kind


def begin_handover(order: Order) -> bool:
    """Notes that from now on a carrier may have the parcel. False if the order no longer goes out."""
    if order.status != Status.DISPATCHED:
        return False
    if not order.with_carrier:
        order.with_carrier = True
        order.save(update_fields=["with_carrier"])
    return True


def record_booking(order: Order, actor: Actor, *, reference: str, tracking_url: str = "") -> Order:
    """The carrier has the parcel. If a cancel was asked for meanwhile the order stays `cancelling`; if the carrier's
    reports were faster than its answer, the order stays where they put it."""
    fields: dict[str, Any] = {
        "with_carrier": True,
        "carrier_reference": reference,
        "carrier_tracking_url": tracking_url,
        **settled(order),
    }
    if order.status == Status.CANCELLING and may_report(order.status_before, Status.ACCEPTED):
        fields["status_before"] = Status.ACCEPTED
    elif order.status == Status.DISPATCHED:
        fields["status"] = Status.ACCEPTED
    return change(order, Kind.BOOKED, actor, data={"reference": reference}, **fields)


def record_not_booked(order: Order, actor: Actor, *, attention: str, detail: str, path: str | None = None) -> Order:
    """It is certain that the carrier does not have the parcel: the order fails, or its pending cancel is done.

    `path` is the draft path that the carrier's refusal is about ("dropoff.phone"), when it said so.
    """
    if order.status == Status.CANCELLING:
        return change(
            order, Kind.CANCELLED, actor, status=Status.CANCELLED, status_before="", with_carrier=False, **ALL_WELL
        )
    return change(
        order,
        Kind.DISPATCH_FAILED,
        actor,
        data={"detail": detail} | ({"path": path} if path else {}),
        status=Status.FAILED,
        failure=Failure.DISPATCH,
        with_carrier=False,
        attention=attention,
        attention_detail=detail,
        attention_path=(path or "")[:80],
    )


def record_rerouted(order: Order, actor: Actor, *, destination: Destination, why: str) -> Order:
    """The destination will not or cannot take the order, so it goes to another; the step is in the routing record."""
    step = {
        "from": order.destination.public_id,
        "from_name": order.destination.name,
        "to": destination.public_id,
        "to_name": destination.name,
        "why": why,
        "at": timezone.now().isoformat(),
    }
    routing = {**order.routing, "steps": [*order.routing.get("steps", []), step]}
    return change(
        order,
        Kind.REROUTED,
        actor,
        data=step,
        destination=destination,
        routing=routing,
        with_carrier=False,
        **settled(order),
    )


def record_unreachable(order: Order, *, detail: str) -> None:
    """The carrier cannot be reached, or asked whether it has the parcel: somebody should look, while we go on
    trying."""
    if not order.attention:
        change(
            order,
            Kind.RECORDED,
            SYSTEM,
            data={"detail": detail},
            attention=Attention.CARRIER_UNREACHABLE,
            attention_detail=detail,
        )


def record_progress(
    order: Order, actor: Actor, *, status: str | None, mark: str = "", text: str = "", at: datetime | None = None
) -> Order:
    """A carrier's report: moves the order if it leads forward, and is in its history in any case.

    `status` is canonical, or None for a word that we do not know (kept as text, with attention).
    """
    data = {"reported": status or "", "text": text} | ({"at": at.isoformat()} if at else {})
    if status is None:
        return change(
            order,
            Kind.RECORDED,
            actor,
            data=data,
            status_text=text[:255],
            attention=Attention.UNKNOWN_WORD,
            attention_detail=text,
        )
    if order.status == Status.CANCELLING and may_report(order.status_before, status) and status not in TERMINAL:
        return change(order, Kind.RECORDED, actor, data=data, status_before=status, status_text=text[:255])
    if not may_report(order.status, status):
        if order.status == Status.CANCELLED and _contradicts(order, status, at):
            return change(
                order,
                Kind.RECORDED,
                actor,
                data=data,
                attention=Attention.CONTRADICTION,
                attention_detail=f"{status}: {text}" if text else status,
                deleted_at=None,
            )
        marks = {"mark": mark} if status == order.status and mark != order.mark else {}
        return change(order, Kind.RECORDED, actor, data=data, **marks)
    attention = (
        {"attention": Attention.DELIVERY_FAILED, "attention_detail": text}
        if status == Status.FAILED
        else settled(order)
    )
    return change(
        order,
        Kind.CANCELLED if status == Status.CANCELLED else Kind.PROGRESS,
        actor,
        data=data,
        status=status,
        status_before="",
        status_text=text[:255],
        mark=mark,
        failure=Failure.DELIVERY if status == Status.FAILED else "",
        **attention,
    )


def record_second_parcel(order: Order, actor: Actor, *, status: str | None, detail: str) -> Order:
    """A carrier that should not have the parcel, or not once more, says that it is at `status`. That it has ended
    without a delivery is no news."""
    harmless = status in (Status.CANCELLED, Status.FAILED, Status.RETURNED, Status.LOST)
    alarm = {"attention": Attention.SECOND_PARCEL, "attention_detail": detail, "deleted_at": None}
    data = {"reported": status or "", "detail": detail}
    return change(order, Kind.RECORDED, actor, data=data, **({} if harmless else alarm))


def record_proof(order: Order, actor: Actor, proof: ProofOfDelivery) -> Order:
    """Whoever has delivered the order says into whose hands, and for how much cash: both amounts are in the history,
    and somebody should look when they are not the same. The first proof of an order counts."""
    if ProofOfDelivery.objects.filter(order=order).exists():
        return order
    proof.order, proof.currency = order, order.currency
    proof.save()
    asked, received = order.cod_amount or Decimal(0), proof.cod_received or Decimal(0)
    data: dict[str, Any] = {"name": proof.recipient_name, "rider": proof.rider_name}
    if asked or received:
        data |= {"cod_asked": asked, "cod_received": received, "currency": order.currency}
    if asked == received or order.attention in LASTING:
        return change(order, Kind.PROOF, actor, data=data)
    asked, received = written(asked, order.currency), written(received, order.currency)
    detail = f"{received} {order.currency} received, {asked} {order.currency} asked for"
    return change(order, Kind.PROOF, actor, data=data, attention=Attention.CASH_DIFFERS, attention_detail=detail)


def record_cancelled(order: Order, actor: Actor) -> Order:
    """The carrier has cancelled, as asked."""
    if order.status != Status.CANCELLING:
        return order
    return change(
        order, Kind.CANCELLED, actor, status=Status.CANCELLED, status_before="", with_carrier=False, **ALL_WELL
    )


def record_cancel_refused(order: Order, actor: Actor, *, detail: str) -> Order:
    """The carrier will not cancel: the order goes back to where it was, and somebody should know."""
    if order.status != Status.CANCELLING:
        return order
    back = order.status_before
    return change(
        order,
        Kind.CANCEL_REFUSED,
        actor,
        data={"detail": detail},
        status=back,
        status_before="",
        failure=Failure.DELIVERY if back == Status.FAILED else "",
        attention=Attention.CANCEL_REFUSED,
        attention_detail=detail,
        deleted_at=None,
    )


def record_unbooked(order: Order, actor: Actor) -> Order:
    """An edited order is in no carrier's hands any more and goes out again, as it is now."""
    return change(
        order,
        Kind.RETRIED,
        actor,
        status=Status.DISPATCHED,
        rebooking=False,
        with_carrier=False,
        carrier_reference="",
        carrier_tracking_url="",
        **settled(order),
    )


def record_taken_back(order: Order, actor: Actor) -> Order:
    """The carrier has cancelled for the sake of an edit, but after it had reported the parcel as picked up: no carrier
    follows it any more, and a person has to find out where it is."""
    detail = "The carrier cancelled it after it had been picked up."
    return change(
        order,
        Kind.DISPATCH_FAILED,
        actor,
        data={"detail": detail},
        status=Status.FAILED,
        failure=Failure.DISPATCH,
        with_carrier=False,
        attention=Attention.CONTRADICTION,
        attention_detail=detail,
    )


def record_edit_refused(order: Order, actor: Actor, *, detail: str) -> Order:
    """The carrier keeps the order as it was before an edit: somebody should tell it what has changed."""
    return change(
        order,
        Kind.EDIT_REFUSED,
        actor,
        data={"detail": detail},
        rebooking=False,
        attention=Attention.EDIT_REFUSED,
        attention_detail=detail,
    )


def _contradicts(order: Order, status: str, at: datetime | None) -> bool:
    """Whether a report speaks against a cancel. One from before it is only late; a delivery always counts."""
    if status == Status.DELIVERED:
        return True
    return status not in (Status.CANCELLED, Status.FAILED) and (at is None or at > order.updated_at)
