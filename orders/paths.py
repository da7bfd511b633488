"""What the paths of a draft are called on pages: "dropoff.address.city" is "Drop-off: City"."""

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.forms import ADDRESS_PARTS

_LABELS = {
    "pickup": _("Pick-up"),
    "dropoff": _("Drop-off"),
    "external_id": _("Your order number"),
    "reference": _("Reference"),
    "destination": _("Destination"),
    "items": _("Items"),
    "parcel": _("Parcel"),
    "parcel.weight_kg": _("Weight"),
    "parcel.dimensions": _("Length × width × height"),
    "parcel.length_cm": _("Length"),
    "parcel.width_cm": _("Width"),
    "parcel.height_cm": _("Height"),
    "parcel.pieces": _("Packages"),
    "window": _("Delivery time"),
    "window.pickup_at": _("Pick-up wanted at"),
    "window.start": _("Delivery wanted from"),
    "window.end": _("Delivery wanted until"),
    "release_at": _("Goes out at"),
    "notes": _("Notes"),
    "currency": _("Currency"),
    "cod_amount": _("Cash on delivery"),
    "customer": _("Customer"),
    "depot": _("Depot"),
    "rider": _("Rider"),
}
# Of a stop, its address, an item, and of what only one dialect knows.
_PARTS = {
    **ADDRESS_PARTS,
    "name": _("Name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "address": _("Address"),
    "location": _("Coordinates"),
    "quantity": _("Quantity"),
    "price": _("Price"),
    "weight_kg": _("Weight"),
    "country": _("Country"),
    "state": _("State"),
    "county": _("County"),
    "city": _("City"),
    "city_id": _("Number of the city"),
    "region": _("Region"),
    "region_id": _("Number of the region"),
    "postal_code": _("Postal code"),
    "postalCode": _("Postal code"),
    "streetName": _("Street"),
    "streetNumber": _("House number"),
    "extra": _("Further details"),
    "vehicle_type_hint": _("Vehicle"),
    "service_type": _("Service"),
    "declared_value_usd": _("Declared value, USD"),
    "client_mobile2": _("Second phone"),
    "package_size": _("Package size"),
    "replacement": _("Replacement"),
    "promo_code": _("Promo code"),
    "alias": _("Alias"),
    "firstName": _("First name"),
    "lastName": _("Last name"),
    "phoneNumber": _("Phone"),
    "type": _("Kind"),
    "priority": _("Priority"),
    "cube": _("Volume"),
    "revenue": _("Revenue"),
    "serviceTime": _("Time at the door"),
    "timeWindow": _("Time window"),
}
# Of an address only: the line that some dialects have beside the city, and Modon's words for the place.
_ADDRESS = {"address": _("Street"), "location": _("Place")}
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


def label(path: str) -> str:
    """In the reader's language; a part that nobody has named is shown as it is written."""
    if path in _LABELS:
        return str(_LABELS[path])
    first, *parts = path.split(".")
    if not parts:
        return _part(first)
    if first == "items" and parts[0].isdecimal():
        of = gettext("Item %(number)s") % {"number": int(parts[0][:9]) + 1}
        return ": ".join([of, *map(_part, parts[1:2])])
    if first == "extras":  # what stands before the last is the dialect's name
        return _part(parts[-1])
    if len(parts) == 2 and parts[0] == "address" and parts[1] in _ADDRESS:
        return f"{label(first)}: {_ADDRESS[parts[1]]}"
    # Of "dropoff.address.city" the last part says it all.
    return f"{label(first)}: {_part(parts[-1])}"


def _part(name: str) -> str:
    return str(_PARTS.get(name) or _WORDS.sub(" ", name).strip().capitalize())
