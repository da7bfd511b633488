"""What carriers tell us, written to the orders: the other half of `actions`, called by the dispatching above.

Every function takes an order that the caller has locked (`orders.changes.locked`), so that the order and the caller's
own rows change in one transaction. None of them calls anybody.
"""

from datetime import datetime
from typing import Any

from orders.changes import ALL_WELL, change
from orders.events import Actor
from orders.models import Order, OrderEvent
from orders.statuses import Attention, Failure, Status, may_report

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
    """The carrier has the parcel. If a cancel was asked for meanwhile the order stays `cancelling`."""
    fields: dict[str, Any] = {
        "with_carrier": True,
        "carrier_reference": reference,
        "carrier_tracking_url": tracking_url,
        "attention": "",
        "attention_detail": "",
    }
    if order.status == Status.CANCELLING:
        fields["status_before"] = Status.ACCEPTED
    else:
        fields["status"] = Status.ACCEPTED
    return change(order, Kind.BOOKED, actor, data={"reference": reference}, **fields)


def record_not_booked(
    order: Order, actor: Actor, *, attention: str, detail: str, path: str | None = None
) -> Order:
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
    )


def record_unknown(order: Order, *, detail: str) -> None:
    """The carrier cannot be asked whether it has the parcel: somebody should look, while we go on asking."""
    order.attention, order.attention_detail = Attention.CARRIER_UNREACHABLE, detail
    order.save(update_fields=["attention", "attention_detail"])


def record_progress(
    order: Order, actor: Actor, *, status: str | None, mark: str = "", text: str = "", at: datetime | None = None
) -> Order:
    """A carrier's report: moves the order if it leads forward, and is in its history in any case.

    `status` is canonical, or None for a word that we do not know (kept as text, with attention).
    """
    data = {"reported": status or "", "text": text} | ({"at": at.isoformat()} if at else {})
    if status is None:
        return change(
            order, Kind.RECORDED, actor, data=data, status_text=text[:255],
            attention=Attention.UNKNOWN_WORD, attention_detail=text,
        )
    if order.status == Status.CANCELLING and may_report(order.status_before, status) and not _ends(status):
        return change(order, Kind.RECORDED, actor, data=data, status_before=status, status_text=text[:255])
    if not may_report(order.status, status):
        if order.status == Status.CANCELLED and status not in (Status.CANCELLED, Status.FAILED):
            return change(
                order, Kind.RECORDED, actor, data=data,
                attention=Attention.CONTRADICTION, attention_detail=f"{status}: {text}" if text else status,
            )
        marks = {"mark": mark} if mark and status == order.status else {}
        return change(order, Kind.RECORDED, actor, data=data, **marks)
    failed = status == Status.FAILED
    return change(
        order,
        Kind.CANCELLED if status == Status.CANCELLED else Kind.PROGRESS,
        actor,
        data=data,
        status=status,
        status_before="",
        status_text=text[:255],
        mark=mark,
        failure=Failure.DELIVERY if failed else "",
        attention=Attention.DELIVERY_FAILED if failed else "",
        attention_detail=text if failed else "",
    )


def record_second_parcel(order: Order, actor: Actor, *, detail: str) -> Order:
    """A carrier that should no longer have the parcel reports about it."""
    return change(
        order, Kind.RECORDED, actor, data={"detail": detail},
        attention=Attention.SECOND_PARCEL, attention_detail=detail,
    )


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
    )


def _ends(status: str) -> bool:
    return status in (Status.DELIVERED, Status.CANCELLED, Status.FAILED, Status.RETURNED, Status.LOST)
