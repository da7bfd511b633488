"""Fuuffy's words and limits. OUT is what a caller of ours sees."""

import re

from orders.models import Order
from orders.statuses import Failure, Status

OUT = {
    Status.CREATED: "pending",
    Status.DISPATCHED: "pending",
    Status.ACCEPTED: "pending",
    Status.PICKED_UP: "picked_up",
    Status.IN_TRANSIT: "in_transit",
    Status.DELIVERED: "delivered",
    Status.CANCELLED: "cancelled",
    Status.RETURNED: "cancelled",
    Status.LOST: "cancelled",
}

# Service → the business days that it takes at most; the one without is there the same day.
SERVICES = {"standard": 5, "express": 2, "same_day": None}
DEFAULT_SERVICE = "standard"

# In the order of the document.
PERSON = ("name", "phone", "email", "address", "city", "postal_code", "country")
PACKAGE = ("weight", "dimensions", "description", "value")
DIMENSIONS = ("length", "width", "height")

ORDER_ID = re.compile(r"order_([0-9a-f]{12})")
TRACKING_NUMBER = re.compile(r"FUF([0-9]{9,18})", re.ASCII)

PHONE_PUNCTUATION = str.maketrans("", "", " .-()")
PHONE = re.compile(r"\+[0-9]{6,15}", re.ASCII)

COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  (as a list it would fill pages)
)


def order_id(order: Order) -> str:
    return f"order_{order.public_hex}"


def tracking_number(order: Order) -> str:
    return f"FUF{order.pk:09d}"


def status_word(order: Order) -> str:
    """While a cancel is on its way the word before it is shown. What no carrier took is still pending; what a carrier
    could not deliver is still with it."""
    status = Status(order.status_before if order.status == Status.CANCELLING else order.status)
    if status != Status.FAILED:
        return OUT[status]
    # A cancel forgets of what kind the failure was, but is only on its way where a carrier has the parcel.
    return "pending" if order.failure == Failure.DISPATCH else "in_transit"
