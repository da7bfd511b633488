"""Muvx's words and limits. OUT is what a caller of ours sees; IN is what a Muvx carrier's word means to us."""

import re

from orders.models import Order
from orders.statuses import Status

OUT = {
    Status.CREATED: "created",
    Status.DISPATCHED: "dispatched",
    Status.ACCEPTED: "accepted",
    Status.PICKED_UP: "picked_up",
    Status.IN_TRANSIT: "in_transit",
    Status.DELIVERED: "delivered",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.RETURNED: "failed",
    Status.LOST: "failed",
}

# A carrier that has the order says at least "created": it has it, and our word for that is accepted.
IN = {
    "created": Status.ACCEPTED,
    "accepted": Status.ACCEPTED,
    "dispatched": Status.ACCEPTED,
    "picked_up": Status.PICKED_UP,
    "in_transit": Status.IN_TRANSIT,
    "delivered": Status.DELIVERED,
    "cancelled": Status.CANCELLED,
    "failed": Status.FAILED,
}
# An order of which the carrier says this is no parcel that anybody will deliver.
DEAD = frozenset({"cancelled", "failed"})

# The parts of an address that the samples name.
ADDRESS = ("area", "block", "street", "building", "floor", "flat")

ORDER_ID = re.compile(r"MOV([1-9][0-9]{0,17})")
# ISO 8601 in UTC, as the document asks: 2025-07-16T15:00:00Z
UTC_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)


def order_id(order: Order) -> str:
    return f"MOV{order.pk}"


def status_word(order: Order) -> str:
    """While a cancel is on its way the word before it is shown."""
    return OUT[Status(order.status_before if order.status == Status.CANCELLING else order.status)]
