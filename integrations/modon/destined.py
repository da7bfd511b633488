"""Which city and region of a carrier's list an order goes to. The lists are kept as `RemoteName`s: kind "city", and
"region/<city>" for each city that has been needed; refreshed when they are a day old, or when a place is missing.

A person decides what cannot be told: for one order, kind "order/<its id>", as long as its address stays; and for every
address with the same words, kind "alias". Both name a place as "<city>/<region>".
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from destinations.models import Destination
from integrations.carrier import CarrierError
from integrations.models import RemoteName
from integrations.modon import matching
from integrations.modon.matching import CityNames, Written, cities_of, regions_of
from integrations.modon.places import PARTS
from integrations.translation import one_line
from orders.models import Order
from orders.search import normalise

DAY = timedelta(days=1)
# A place that is missing may be new: but nobody asks again for every address that is no place.
SOON = timedelta(minutes=10)
CITY = "city"
ALIAS = "alias"
MAX_WORDS = 200  # characters of an address's words that are remembered
_CITY_PARTS = ("city", "governorate", "state", "province")
_AREA_PARTS = (
    "region", "area", "district", "county", "neighbourhood", "neighborhood", "suburb", "quarter", "town", "village",
)  # fmt: skip
_IRAQ = frozenset({"iq", "irq", "iraq", "عراق"})

Ask = Callable[[str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Place:
    """`other`: no region is known, so that it is the one for what is in none."""

    city: str
    region: str
    other: bool = False


def region_kind(city: str) -> str:
    return f"region/{city}"[:40]


# --- The address ----------------------------------------------------------------------------------------------------
def written(order: Order) -> Written:
    parts = {name.lower(): str(value) for name, value in order.dropoff_parts.items() if value}
    texts = dict.fromkeys([order.dropoff_address, *parts.values()])
    return Written(
        tuple(parts[name] for name in _CITY_PARTS if name in parts),
        tuple(parts[name] for name in _AREA_PARTS if name in parts),
        tuple(filter(None, texts)),
    )


def fingerprint(order: Order) -> str:
    """Another one when the address is edited: what a person has decided for the old one does not count then."""
    return hashlib.sha256(repr((order.dropoff_address, sorted(order.dropoff_parts.items()))).encode()).hexdigest()[:32]


def location(order: Order) -> str:
    """What is to be said of the address beside city and region."""
    parts = order.dropoff_parts
    return parts["location"] if parts.keys() == PARTS else one_line(order, "dropoff")


# --- The lists ------------------------------------------------------------------------------------------------------
class Places:
    """The places of one carrier account. `ask` gets a list anew, names by number; without it only what is kept
    counts, and nobody is asked."""

    def __init__(self, destination: Destination, ask: Ask | None = None) -> None:
        self.destination, self.ask = destination, ask

    def names(self, kind: str, *, newer_than: timedelta = DAY) -> dict[str, str]:
        """Raises `CarrierError` when there are none and the carrier does not tell."""
        rows = list(self._rows(kind).values_list("remote_id", "label", "updated_at"))
        kept = {number: label for number, label, _ in rows}
        oldest = min((at for _, _, at in rows), default=None)
        if self.ask is None or (oldest and oldest > timezone.now() - newer_than):
            return kept
        try:
            found = self.ask(kind)
        except CarrierError:
            if kept:  # an old list is better than none
                return kept
            raise
        self._keep(kind, found)
        return found

    def refresh(self) -> dict[str, str]:
        """All lists that are kept, as far as the carrier's pace allows. The cities."""
        cities = self.names(CITY, newer_than=timedelta())
        kinds = RemoteName.objects.filter(destination_id=self.destination.pk, kind__startswith="region/")
        for kind in kinds.values_list("kind", flat=True).distinct().order_by("kind"):
            self.names(kind, newer_than=SOON)
        return cities

    def _rows(self, kind: str):
        return RemoteName.objects.filter(destination_id=self.destination.pk, kind=kind)

    @transaction.atomic
    def _keep(self, kind: str, found: dict[str, str]) -> None:
        rows: dict[str, RemoteName] = {}
        for number, label in found.items():
            name = normalise(label)[:255]
            if name in rows:  # two of the same name: both must be seen, or the one would be taken for the other
                name = f"{name[:180]} ({number})"
            rows[name] = RemoteName(
                destination=self.destination, kind=kind, name=name, label=label[:255], remote_id=number
            )
        RemoteName.objects.bulk_create(
            [rows[name] for name in sorted(rows)],
            update_conflicts=True,
            unique_fields=["destination", "kind", "name"],
            update_fields=["label", "remote_id", "updated_at"],
        )
        self._rows(kind).exclude(name__in=list(rows)).delete()

    # --- Where an order goes ----------------------------------------------------------------------------------------
    def place_of(self, order: Order, *, other_region: bool = False) -> Place | None:
        """None when nothing is kept to look it up in, and nobody to ask. Raises a permanent `CarrierError` with the
        path of what cannot be told."""
        if chosen := self._chosen(order):
            return chosen
        address = written(order)
        cities = self.names(CITY)
        if not cities:
            return None
        if came_with := self._came_with(order, cities):
            return came_with
        country = order.dropoff_parts.get("country")
        if country and not set(matching.folded(str(country))) & _IRAQ:
            raise _undecided("city", f"The address is in {country}, and this carrier delivers in Iraq.", ())
        found = cities_of(address, _city_names(cities))
        if len(found) != 1 and self.ask:
            cities = self.names(CITY, newer_than=SOON)
            found = cities_of(address, _city_names(cities))
        if remembered := self._remembered(address, found):
            return remembered
        if len(found) != 1:
            message = "This carrier's list has no city that the address surely names."
            raise _undecided("city", message, [cities[number] for number in sorted(found)])
        [city] = found
        return self._within(address, city, cities, other_region=other_region)

    def city_of(self, order: Order, cities: dict[str, str]) -> str:
        """The city's number; empty when the address does not tell."""
        found = cities_of(written(order), _city_names(cities))
        return next(iter(found)) if len(found) == 1 else ""

    def _within(self, address: Written, city: str, cities: dict[str, str], *, other_region: bool) -> Place | None:
        kind, own_names = region_kind(city), _city_names(cities).of(city)
        regions = self.names(kind)
        if not regions and self.ask is None:
            return None
        found = regions_of(address, regions, own_names)
        if len(found) != 1 and self.ask:
            regions = self.names(kind, newer_than=SOON)
            found = regions_of(address, regions, own_names)
        if len(found) == 1:
            return Place(city, next(iter(found)))
        others = [number for number, label in regions.items() if matching.is_other(label)]
        if other_region and len(others) == 1:
            return Place(city, others[0], other=True)
        message = f"This carrier's list has no region of {cities[city]} that the address surely names."
        raise _undecided("region", message, [regions[number] for number in sorted(found)])

    def _chosen(self, order: Order) -> Place | None:
        row = self._rows(_order_kind(order)).filter(name=fingerprint(order)).first()
        return _place(row.remote_id) if row else None

    def _came_with(self, order: Order, cities: dict[str, str]) -> Place | None:
        """The numbers that it came with, if they mean here what they meant there."""
        parts = order.dropoff_parts
        if parts.keys() != PARTS or not _same(cities.get(parts["city_id"]), parts["city"]):
            return None
        regions = self.names(region_kind(parts["city_id"]))
        return (
            Place(parts["city_id"], parts["region_id"])
            if _same(regions.get(parts["region_id"]), parts["region"])
            else None
        )

    def _remembered(self, address: Written, cities: frozenset[str]) -> Place | None:
        """What a person has said of addresses with these words, unless the address names another city."""
        text = " | ".join(" ".join(matching.folded(text)) for text in address.texts)
        rows = (
            self._rows(ALIAS)
            .alias(text=Cast(Value(text), TextField()))
            .filter(text__contains=F("name"))
            .values_list("name", "remote_id")
        )
        found: dict[int, set[Place]] = {}
        for name, remote_id in rows:
            place = _place(remote_id)
            if matching.says(address.texts, name) and (len(cities) != 1 or place.city in cities):
                found.setdefault(len(name.split()), set()).add(place)
        longest = found[max(found)] if found else set()
        return longest.pop() if len(longest) == 1 else None

    # --- What a person says -----------------------------------------------------------------------------------------
    def choose(self, order: Order, place: Place, words: str = "") -> None:
        """Where this order goes, and with `words` every other whose address has them. Within a transaction, with what
        follows from it."""
        self._decide(_order_kind(order), fingerprint(order), order.dropoff_address, place)
        if words:
            self._decide(ALIAS, " ".join(matching.folded(words)), words, place)

    def _decide(self, kind: str, name: str, label: str, place: Place) -> None:
        RemoteName.objects.update_or_create(
            destination=self.destination,
            kind=kind,
            name=name[:255],
            defaults={"label": label[:255], "remote_id": f"{place.city}/{place.region}", "by_hand": True},
        )


def _order_kind(order: Order) -> str:
    return f"order/{order.pk}"


def _place(remote_id: str) -> Place:
    city, _, region = remote_id.partition("/")
    return Place(city, region)


def _same(one: str | None, other: str) -> bool:
    return one is not None and normalise(one) == normalise(other)


def _undecided(part: str, message: str, candidates: list[str] | tuple[()]) -> CarrierError:
    could = f" It could be {' / '.join(candidates[:5])}." if candidates else ""
    return CarrierError(message + could, permanent=True, path=f"dropoff.address.{part}")


def _city_names(cities: dict[str, str]) -> CityNames:
    return _city_names_of(tuple(cities.items()))


@lru_cache(maxsize=64)
def _city_names_of(cities: tuple[tuple[str, str], ...]) -> CityNames:
    return matching.city_names(dict(cities))
