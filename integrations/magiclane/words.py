"""Magic Lane's numbers, names and limits. OUT is what a caller of ours sees, as (status, state); IN is what a
carrier's state means to us."""

import re
from typing import Final

from orders.models import Order
from orders.statuses import Failure, Status

DIALECT: Final = "magiclane"

OUT = {
    Status.CREATED: (0, 0),
    Status.DISPATCHED: (0, 0),
    Status.ACCEPTED: (1, 0),
    Status.PICKED_UP: (1, 1),
    Status.IN_TRANSIT: (1, 1),
    Status.DELIVERED: (1, 4),
    Status.CANCELLED: (0, 3),
    Status.RETURNED: (1, 5),
    Status.LOST: (1, 5),
}
OUT_FAILED = {Failure.DISPATCH: (0, 5), Failure.DELIVERY: (1, 5)}

# A changed state in a PUT → the status that it asks for; REJECTED asks to cancel.
ASKED = {1: Status.IN_TRANSIT, 2: Status.IN_TRANSIT, 4: Status.DELIVERED, 5: Status.FAILED}
REJECTED = 3

# A carrier that has the order is at least at 0: it has it, and our word for that is accepted.
IN = {
    0: Status.ACCEPTED,
    1: Status.IN_TRANSIT,
    2: Status.IN_TRANSIT,
    REJECTED: Status.CANCELLED,
    4: Status.DELIVERED,
    5: Status.FAILED,
}
# What a state says beyond the status that we make of it.
IN_TEXT = {2: "servicing"}

PICKUP, DELIVERY = 0, 1

MAX_PACKAGES = MAX_WEIGHT = MAX_CUBE = 1_000_000
MAX_REVENUE = 1_000_000_000_000
MAX_SERVICE_SECONDS = 86_400
MAX_MINUTE = 1440
ANY_TIME = [0, 1439]
MAX_IDS = 10_000
PER_PAGE = 50

# The mildest rule that makes a phone number of it: the document's own samples are not valid numbers.
PHONE = re.compile(r"\(?\+?[ .()/-]*(?:[0-9][ .()/-]*){3,32}", re.ASCII)

# The parts of an address, in the document's order, and what other dialects call them. `extra` is optional.
ADDRESS = ("country", "state", "county", "city", "postalCode", "streetName", "streetNumber")
EXTRA = "extra"
OTHERS_ADDRESS = {"postalCode": "postal_code", "streetName": "street", "streetNumber": "building"}

DONE = {"message": "Operation done successfully"}
CANNOT_DELETE = "Can't delete {things} because at least one of them does not exist or is used in another operation."


def ends(kind: int) -> tuple[str, str]:
    """Where the order's `location` is, and where the depot: "pickup" and "dropoff", in the order of its `type`."""
    return ("pickup", "dropoff") if kind == PICKUP else ("dropoff", "pickup")


def pair(order: Order) -> tuple[int, int]:
    """Status and state: as a caller said, else by the table. While a cancel is on its way, the pair before it."""
    if said := order.said_status.get(DIALECT):
        return said[0], said[1]
    status = Status(order.status_before if order.status == Status.CANCELLING else order.status)
    if status != Status.FAILED:
        return OUT[status]
    # A cancel forgets of what kind the failure was, but is only on its way where a carrier has the parcel.
    return OUT_FAILED[Failure.DISPATCH if order.failure == Failure.DISPATCH else Failure.DELIVERY]
