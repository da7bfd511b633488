"""Fuuffy's words and limits. OUT is what a caller of ours sees; IN is what a Fuuffy carrier's word means to us."""

import re

from orders.models import Order
from orders.statuses import Failure, Mark, Status

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

# What a carrier's word means to us.
IN = {
    "pending": Status.ACCEPTED,
    "picked_up": Status.PICKED_UP,
    "in_transit": Status.IN_TRANSIT,
    "delivered": Status.DELIVERED,
    "cancelled": Status.CANCELLED,
}
# The events of its webhooks: those that say no more than a status, with its word; and the others, with their status,
# None where that of the order has to say it, and their mark.
EVENTS = {
    "order.created": "pending",
    "order.picked_up": "picked_up",
    "order.in_transit": "in_transit",
    "order.delivered": "delivered",
    "order.cancelled": "cancelled",
}
NEWS: dict[str, tuple[Status | None, str]] = {
    "order.out_for_delivery": (Status.IN_TRANSIT, ""),
    "order.failed_delivery": (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED),
    "order.exception": (None, ""),
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

MAX_WEIGHT_KG, MAX_SIDE_CM = 100, 200  # themselves not allowed

# Country → its calling code, what stands before a national number inside the country, and how many digits such a number
# has without that. Numbers of other countries are not guessed at.
CALLING = {
    "AE": ("971", "0", (8, 9)),
    "BH": ("973", "", (8,)),
    "EG": ("20", "0", (8, 9, 10)),
    "IQ": ("964", "0", (8, 9, 10)),
    "JO": ("962", "0", (8, 9)),
    "KW": ("965", "", (8,)),
    "LB": ("961", "0", (7, 8)),
    "NG": ("234", "0", (8, 10)),
    "OM": ("968", "", (8,)),
    "QA": ("974", "", (8,)),
    "SA": ("966", "0", (9,)),
    "US": ("1", "", (10,)),
}

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


def international(phone: str, country: str) -> str | None:
    """The number with its country code, +9647701234567, which is `country`'s when it has none; None when that cannot be
    told. Digits of any script, "00" for "+", and punctuation are understood."""
    digits = "".join(str(int(one)) if one.isdecimal() else one for one in phone.strip().translate(PHONE_PUNCTUATION))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if PHONE.fullmatch(digits):
        return digits
    code, trunk, lengths = CALLING.get(country, ("", "", ()))
    if not (code and digits.isascii() and digits.isdigit()):
        return None
    if len(national := digits.removeprefix(trunk)) in lengths:
        return f"+{code}{national}"
    if digits.startswith(code) and len(digits) - len(code) in lengths:
        return f"+{digits}"
    return None


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
