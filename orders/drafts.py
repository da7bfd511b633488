"""The common tongue of all dialects: what each makes of a request body, and what `actions.place_orders` takes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from destinations.models import Customer, Depot, Rider


@dataclass(frozen=True, slots=True)
class Address:
    """One line for people, and the parts (area, block, street, city …) when the caller gave them apart."""

    text: str
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """One end of the journey. Coordinates are WGS 84 degrees, both or neither."""

    name: str
    phone: str
    address: Address
    email: str = ""
    lat: float | None = None
    lng: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """`price` is per piece in the order's currency, `weight_kg` per piece."""

    name: str
    quantity: int = 1
    price: Decimal | None = None
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """The whole consignment as it is carried."""

    weight_kg: Decimal | None = None
    length_cm: Decimal | None = None
    width_cm: Decimal | None = None
    height_cm: Decimal | None = None
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """When the carrier should come and deliver. Facts that are passed on: they hold nothing back."""

    pickup_at: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as asked for, checked for form only.

    `external_id` is the caller's own id; it may exist once per (merchant, dialect, test or live, `unique_scope`) when
    the dialect promises that, and as often as one likes when `unique_scope` is None. `destination` is the public id
    of the one asked for. `hold` keeps the order back until somebody releases it, `release_at` until that time (a time
    in the past is due now). `customer`, `depot` and `rider` are the merchant's own. `said_status` is what the caller
    says that the status is, under its dialect's name; it moves nothing. `extras` holds what the dialect sent that has
    no canonical meaning; `raw` the whole body; `search_terms` what the order is found by beside its ids and drop-off.
    """

    dialect: str
    pickup: Stop
    dropoff: Stop
    external_id: str = ""
    unique_scope: str | None = None
    channel: str = ""
    reference: str = ""
    items: tuple[Item, ...] = ()
    parcel: Parcel = Parcel()
    notes: str = ""
    currency: str = ""
    cod_amount: Decimal | None = None
    destination: str | None = None
    hold: bool = False
    release_at: datetime | None = None
    window: Window = Window()
    customer: Customer | None = None
    depot: Depot | None = None
    rider: Rider | None = None
    said_status: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    raw: Any = None
    search_terms: tuple[str, ...] = ()
