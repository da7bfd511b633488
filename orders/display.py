"""An order in words for people: its history as sentences, its progress as steps, why it went where it went."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from destinations.money import written
from destinations.templatetags.portal import day
from orders.errors import OrderError, WrongStatus
from orders.forms import ADDRESS_PARTS
from orders.models import Order, OrderEvent
from orders.statuses import Status

Kind = OrderEvent.Kind

TONES = {
    Status.CREATED: "grey",
    Status.DISPATCHED: "blue",
    Status.ACCEPTED: "blue",
    Status.PICKED_UP: "violet",
    Status.IN_TRANSIT: "violet",
    Status.DELIVERED: "green",
    Status.CANCELLING: "amber",
    Status.CANCELLED: "grey",
    Status.FAILED: "red",
    Status.RETURNED: "amber",
    Status.LOST: "red",
}
_WAY = [
    Status.CREATED,
    Status.DISPATCHED,
    Status.ACCEPTED,
    Status.PICKED_UP,
    Status.IN_TRANSIT,
    Status.DELIVERED,
]
# What the receiver of a parcel is shown: fewer steps, and none of our inner ones.
_PUBLIC_WAY = {
    Status.CREATED: _("Order received"),
    Status.ACCEPTED: _("The courier is coming to collect it"),
    Status.PICKED_UP: _("Collected from the shop"),
    Status.IN_TRANSIT: _("On its way to you"),
    Status.DELIVERED: pgettext_lazy("tracking", "Delivered"),
}
_HEADLINES = {
    Status.CREATED: _("We have your order"),
    Status.DISPATCHED: _("We have your order"),
    Status.ACCEPTED: _("A courier has been found"),
    Status.PICKED_UP: _("The courier has your order"),
    Status.IN_TRANSIT: _("Your order is on its way"),
    Status.DELIVERED: _("Your order has been delivered"),
    Status.CANCELLED: _("This order was cancelled"),
    Status.FAILED: _("There is a delay with your order"),
    Status.RETURNED: _("Your order went back to the shop"),
    Status.LOST: _("There is a problem with your order"),
}
_RULES = {
    "asked": _("The sender asked for this destination."),
    "default": _("No destination was asked for, so the source's default was used."),
}
_VERDICTS = {
    "chosen": _("Chosen"),
    "inactive": _("Not active"),
    "production": _("A production destination, and this is a test order"),
    "not_asked": _("Another one was asked for"),
    "not_default": _("Not the default"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, now or ahead; `at` is None for a step that was jumped over or is ahead."""

    label: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history; `detail` is a carrier's or a person's own words."""

    event: OrderEvent
    sentence: str
    detail: str
    tone: str


def steps(order: Order, events: Sequence[OrderEvent]) -> list[Step]:
    """The way of the order with the moments at which it reached each step."""
    return _steps({status: status.label for status in _WAY}, order, events)


def public_steps(order: Order, events: Sequence[OrderEvent]) -> list[Step]:
    """The same for whoever holds the tracking link."""
    return _steps(_PUBLIC_WAY, order, events)


def _steps(way: dict[Status, Any], order: Order, events: Sequence[OrderEvent]) -> list[Step]:
    reached: dict[str, datetime] = {}
    for event in events:
        if event.to_status:
            reached.setdefault(event.to_status, event.created_at)
    reached.setdefault(Status.CREATED, order.created_at)
    furthest = max(_WAY.index(Status(status)) for status in reached if status in _WAY)
    last = max(number for number, status in enumerate(way) if _WAY.index(status) <= furthest)
    moving = not order.is_over and order.status != Status.FAILED
    return [
        Step(
            label=str(label),
            state="ahead" if number > last else "now" if number == last and moving else "done",
            at=reached.get(status),
        )
        for number, (status, label) in enumerate(way.items())
    ]


def headline(order: Order) -> str:
    """One sentence for the tracking page."""
    status = order.status_before if order.status == Status.CANCELLING else order.status
    return str(_HEADLINES[Status(status)])


def history(events: Sequence[OrderEvent]) -> list[Entry]:
    """The events as people would tell them, newest first."""
    return [
        Entry(event, _sentence(event), _detail(event), TONES[Status(event.to_status)] if event.to_status else "grey")
        for event in reversed(events)
    ]


def _sentence(event: OrderEvent) -> str:
    data = event.data
    match event.kind:
        case Kind.CREATED if data.get("held"):
            return gettext("The order arrived and is held until somebody releases it")
        case Kind.CREATED if data.get("release_at"):
            return gettext("The order arrived and goes out at %(time)s") % {"time": _moment(data["release_at"])}
        case Kind.CREATED:
            return gettext("The order arrived and was sent out")
        case Kind.RELEASED if data.get("on_time"):
            return gettext("Its time came, and it was sent out")
        case Kind.RELEASED:
            return gettext("Released and sent out")
        case Kind.HELD:
            return gettext("Held until somebody releases it")
        case Kind.RESCHEDULED:
            return gettext("Goes out at %(time)s instead") % {"time": _moment(data.get("release_at", ""))}
        case Kind.BOOKED:
            return gettext("The carrier has taken the order")
        case Kind.DISPATCH_FAILED:
            return gettext("The order could not be handed over")
        case Kind.REROUTED:
            return gettext("Sent to another destination: %(name)s") % {"name": data.get("to_name", "")}
        case Kind.CANCEL_REQUESTED:
            return gettext("Cancelling: the carrier has been asked")
        case Kind.CANCELLED:
            return gettext("The order was cancelled")
        case Kind.CANCEL_REFUSED:
            return gettext("The carrier refused to cancel")
        case Kind.RETRIED:
            return gettext("Sent out again")
        case Kind.SETTLED:
            return gettext("Somebody has looked into it")
        case Kind.EDITED:
            return gettext("The order was edited")
        case Kind.EDIT_REFUSED:
            return gettext("The carrier keeps the order as it was before the edit")
        case Kind.STATUS_SAID if event.to_status:
            return gettext("Its sender set it to “%(status)s”") % {"status": Status(event.to_status).label}
        case Kind.STATUS_SAID:
            return gettext("Its sender said something about its status")
        case Kind.PAYMENT_VERIFIED if data.get("verified"):
            return gettext("The payment has been verified")
        case Kind.PAYMENT_VERIFIED:
            return gettext("The payment is not verified any more")
        case Kind.RIDER_ASSIGNED if data.get("name"):
            return gettext("A rider has been assigned")
        case Kind.RIDER_ASSIGNED:
            return gettext("The rider has been taken off")
        case Kind.PROOF:
            return gettext("Proof of the delivery")
        case Kind.DELETED:
            return gettext("The order was deleted")
        case Kind.PROGRESS:
            return str(Status(event.to_status).label) if event.to_status else gettext("The carrier reported progress")
    reported = data.get("reported")
    if reported in Status.values:
        return gettext("The carrier reported “%(status)s”; nothing changed") % {"status": Status(reported).label}
    return gettext("The carrier reported something; nothing changed")


def _detail(event: OrderEvent) -> str:
    data = event.data
    if event.kind == Kind.BOOKED and data.get("reference"):
        return gettext("Carrier's reference: %(reference)s") % {"reference": data["reference"]}
    if event.kind == Kind.RIDER_ASSIGNED:
        return str(data.get("name", ""))
    if event.kind == Kind.PROOF:
        return _proof(data)
    if "said" in data:
        return data["said"] if isinstance(data["said"], str) else json.dumps(data["said"], ensure_ascii=False)
    return str(data.get("detail") or data.get("reason") or data.get("text") or data.get("why") or "")


def _proof(data: dict[str, Any]) -> str:
    """Who received it, and both amounts where there was cash to collect."""
    told = [_isolated(str(data.get("name", "")))]
    if "currency" in data:
        currency = data["currency"]
        asked, received = (written(Decimal(str(data[name])), currency) for name in ("cod_asked", "cod_received"))
        told.append(
            gettext("%(received)s received of %(asked)s asked for")
            % {"received": _isolated(f"{received:,} {currency}"), "asked": _isolated(f"{asked:,} {currency}")}
        )
    return " · ".join(filter(None, told))


def _isolated(text: str) -> str:
    """In a direction of its own, between texts of the other one."""
    return f"\u2068{text}\u2069" if text else ""


def _moment(text: str) -> str:
    parsed = parse_datetime(text)
    if parsed is None:
        return text
    local = timezone.localtime(parsed)
    return f"{day(local)} {local:%H:%M}"


def stop(order: Order, end: str) -> dict[str, Any]:
    """The "pickup" or "dropoff" of an order for its page; coordinates as text, or empty."""
    lat, lng = getattr(order, f"{end}_lat"), getattr(order, f"{end}_lng")
    return {
        **{part: getattr(order, f"{end}_{part}") for part in ("name", "phone", "email", "address")},
        "parts": [
            (ADDRESS_PARTS.get(part, part.replace("_", " ").capitalize()), value)
            for part, value in getattr(order, f"{end}_parts").items()
            if value
        ],
        "lat": degrees(lat),
        "lng": degrees(lng),
    }


def degrees(value: float | None) -> str:
    """To a decimetre, with a point in every language."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def items(order: Order) -> list[dict[str, Any]]:
    """The items for the order's page; the weight without idle zeros."""
    return [
        {
            "name": item.name,
            "quantity": item.quantity,
            "price": item.price,
            "weight": _number(item.weight_kg),
        }
        for item in order.items.all()
    ]


def _number(value: Decimal | None) -> str:
    """Without idle zeros, with a point in every language; empty for None."""
    return "" if value is None else f"{value.normalize():f}"


def weight(order: Order) -> str:
    return "" if order.weight_kg is None else f"{_number(order.weight_kg)} kg"


def measures(order: Order) -> str:
    """Length, width and height; a question mark for one that is not known."""
    sides = [_number(side) for side in (order.length_cm, order.width_cm, order.height_cm)]
    return f"{' × '.join(side or '?' for side in sides)} cm" if any(sides) else ""


def parcel(order: Order) -> list[tuple[str, str]]:
    """What is known of the whole parcel, and who carries it: label and value of each fact that there is."""
    rider = " · ".join(filter(None, (order.rider.name, order.rider.phone))) if order.rider else ""
    facts = [
        (gettext("Packages"), "" if order.pieces is None else str(order.pieces)),
        (gettext("Weight"), weight(order)),
        (gettext("Length × width × height"), measures(order)),
        (gettext("Rider"), rider),
    ]
    return [(label, value) for label, value in facts if value]


def link(url: str) -> str:
    """A carrier's link if it is one that a browser may follow, else nothing."""
    return url if url.startswith(("https://", "http://")) else ""


def routing(order: Order) -> dict[str, Any] | None:
    """Why the order went where it went, or None when nobody decided."""
    record = order.routing
    if not record:
        return None
    return {
        "rule": _RULES.get(record.get("rule", ""), record.get("rule", "")),
        "candidates": [
            {**candidate, "reason": _VERDICTS.get(candidate.get("verdict"), candidate.get("verdict"))}
            for candidate in record.get("candidates", [])
        ],
        "steps": record.get("steps", []),
    }


def explain(error: OrderError) -> str:
    """Why something could not be done with an order, in the reader's language where the reason is its status."""
    if isinstance(error, WrongStatus):
        status = Status(error.status).label if error.status in Status.values else error.status
        return gettext("This cannot be done: the order is now “%(status)s”.") % {"status": status}
    return error.message
