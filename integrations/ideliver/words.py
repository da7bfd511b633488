"""iDeliver's words and limits. OUT is what a caller of ours sees; SAID is where a caller's PATCH can move an order;
IN is what a carrier's word means to us."""

import uuid
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q

from destinations.models import Vehicle
from orders.models import Order
from orders.statuses import Mark, Status

DIALECT = "ideliver"
SCHEMA_VERSION = "1"
SIMULATOR_SOURCE = "simulator"
MAX_STATUS = 128
MAX_LIMIT = 100
DEFAULT_LIMIT = 50

OUT = {
    Status.CREATED: "pending",
    Status.DISPATCHED: "pending",
    Status.ACCEPTED: "accepted",
    Status.PICKED_UP: "picked_up",
    Status.IN_TRANSIT: "in_transit",
    Status.DELIVERED: "delivered",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.RETURNED: "returned_to_merchant",
    Status.LOST: "lost_in_transit",
}
DELAYED = "in_transit_delayed"
CANCELLED = "cancelled"

# Nothing leads to "pending", and "failed" is no word of the document's. All others are also what OUT shows there.
SAID = {
    "pending": None,
    "accepted": Status.ACCEPTED,
    "picked_up": Status.PICKED_UP,
    "in_transit": Status.IN_TRANSIT,
    DELAYED: Status.IN_TRANSIT,
    "delivered": Status.DELIVERED,
    CANCELLED: Status.CANCELLED,
    "returned_to_merchant": Status.RETURNED,
    "lost_in_transit": Status.LOST,
}

# What a carrier's word means to us; `DELAYED` is a mark too.
IN = SAID | {"pending": Status.ACCEPTED, "failed": Status.FAILED}
# An order of which the carrier says this is no parcel that anybody will deliver.
DEAD = frozenset({CANCELLED, "failed"})

# Path → the code of its own that a missing value has.
MISSING = {
    "standardized.scheduled_pickup_at": "missing_pickup_time",
    "standardized.delivery_window_start": "missing_delivery_window",
    "standardized.delivery_window_end": "missing_delivery_window",
}

MAX_WEIGHT_KG = MAX_SIDE_CM = 500
# The largest weight in kilograms and the longest side in centimetres that each vehicle is suggested for, smallest
# first; a truck takes all that is allowed. The document names the four vehicles and the upgrade of fragile parcels
# ("motorcycle → car"), the numbers are ours.
VEHICLES: tuple[tuple[str, int, int], ...] = (
    (Vehicle.MOTORCYCLE, 20, 60),
    (Vehicle.CAR, 100, 150),
    (Vehicle.VAN, 300, 300),
    (Vehicle.TRUCK, MAX_WEIGHT_KG, MAX_SIDE_CM),
)


def suggested_vehicle(weight_kg: Decimal | None, sides_cm: Iterable[Decimal | None], *, fragile: bool) -> str | None:
    """The smallest vehicle for the measures, one larger for fragile parcels; None without any measure."""
    sides = [side for side in sides_cm if side is not None]
    if weight_kg is None and not sides:
        return None
    weight, side = weight_kg or Decimal(0), max(sides, default=Decimal(0))
    number = next(number for number, (_, most, longest) in enumerate(VEHICLES) if weight <= most and side <= longest)
    return VEHICLES[min(number + fragile, len(VEHICLES) - 1)][0]


def order_uuid(number: str) -> uuid.UUID | None:
    """The order's id in its one spelling, in any case; None for anything else."""
    try:
        parsed = uuid.UUID(number)
    except ValueError:
        return None
    return parsed if str(parsed) == number.lower() else None


def status_word(order: Order) -> str:
    """What a caller has said last, until the status changes; else the word of the status. While a cancel is on its way
    the word before it is shown."""
    if said := order.said_status.get(DIALECT):
        return said
    status = Status(order.status_before if order.status == Status.CANCELLING else order.status)
    return DELAYED if (status, order.mark) == (Status.IN_TRANSIT, Mark.DELAYED) else OUT[status]


def shown_as(word: str) -> list[Q]:
    """The orders whose `status_word` this is, in parts that have none in common and an index each."""
    known = word.strip().lower()
    said = ~Q(said_status={}) & Q(**{f"said_status__{DIALECT}": known if known in SAID else word})
    silent = ~Q(said_status__has_key=DIALECT)
    if known == DELAYED:
        moving = Q(status=Status.IN_TRANSIT) | Q(status=Status.CANCELLING, status_before=Status.IN_TRANSIT)
        return [said, silent & ~Q(mark="") & Q(mark=Mark.DELAYED) & moving]
    named = [status for status, out in OUT.items() if out == known]
    if not named:
        return [said]
    if known == OUT[Status.IN_TRANSIT]:
        silent &= ~Q(mark=Mark.DELAYED)
    at = [Q(status=status) for status in named]
    return [said, *(silent & one for one in (*at, Q(status=Status.CANCELLING, status_before__in=named)))]
