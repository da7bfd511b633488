"""What becomes of an order when it is said in another system's words: its body, and what is kept, changed or lost.

Every fact of an order has a path, the draft's ("dropoff.phone"). Whoever writes a body says in a `Ledger` what became
of each; what nobody mentioned is lost.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from destinations import money
from orders.models import Order


class Outcome(TextChoices):
    KEPT = "kept", _("Kept")
    TEXT = "text", _("As text only")
    DEFAULTED = "defaulted", _("Set by us")
    LOST = "lost", _("Lost")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one fact: `value` is the order's (empty where we set one), `note` what was made of it."""

    path: str
    outcome: str
    value: str = ""
    note: str = ""

    def as_json(self) -> dict[str, str]:
        return {"path": self.path, "outcome": self.outcome, "value": self.value, "note": self.note}


@dataclass(frozen=True, slots=True)
class Translation:
    """The body to send (JSON; the same again when it is sent again), and the fate of every fact of the order."""

    body: Any
    fates: list[Fate] = field(default_factory=list)


# Kept in an order's extras for our own use: no facts of the sender's.
_OURS = frozenset({"body_digest", "estimated_delivery", "scheduled_pickup_time", "customer"})
# Kept there as the sender wrote them, and said by the order itself too.
_TWICE = frozenset({"alias", "firstName", "lastName", "phoneNumber", "stopName", "stopPhone", "type"})
_MAX_VALUE = 120
# Nobody's number, in the form that every document asks for: who has entered none can only be found by name.
NO_PHONE = "+0000000000"


def facts(order: Order) -> dict[str, str]:
    """Everything that the order says, by path, as text for people."""
    found: dict[str, Any] = {"external_id": order.number}
    for end in ("pickup", "dropoff"):
        for name in ("name", "phone", "email", "address"):
            found[f"{end}.{name}"] = getattr(order, f"{end}_{name}")
        found |= {f"{end}.address.{part}": value for part, value in getattr(order, f"{end}_parts").items()}
        lat, lng = getattr(order, f"{end}_lat"), getattr(order, f"{end}_lng")
        found[f"{end}.location"] = f"{lat}, {lng}" if lat is not None else ""
    items = items_of(order)
    found["items"] = ", ".join(f"{item.quantity} × {item.name}" for item in items)
    for name in ("price", "weight_kg"):
        found[f"items.{name}"] = ", ".join(
            str(getattr(item, name).normalize()) for item in items if getattr(item, name) is not None
        )
    sides = (order.length_cm, order.width_cm, order.height_cm)
    found |= {
        "parcel.weight_kg": order.weight_kg,
        "parcel.dimensions": " × ".join(f"{side:f}" for side in sides if side is not None),
        "parcel.pieces": order.pieces,
        "window.pickup_at": order.pickup_at and order.pickup_at.isoformat(),
        "window.start": order.window_start and order.window_start.isoformat(),
        "window.end": order.window_end and order.window_end.isoformat(),
        "notes": order.notes,
        "cod_amount": cod_text(order),
    }
    for name, value in order.extras.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        if name not in _OURS:
            # A number that is 0 is what nobody has said.
            found |= {f"extras.{name}.{key}".rstrip("."): value or "" for key, value in inner if key not in _TWICE}
    return {path: _short(value) for path, value in found.items() if value not in (None, "", [], {})}


def completed(order: Order) -> Order:
    """The order with what every carrier wants to know of its stops and not every dialect says: from the source's
    pick-up point, or else words that say so. A copy; the order itself stays as its sender sent it. Each path that was
    filled is in `order.filled`, and in every ledger of it as set by us."""
    source, filled = order.source, {}
    wanted = {
        "pickup.name": (source.pickup_name, order.merchant.name),
        "pickup.phone": (source.pickup_phone, NO_PHONE),
        "pickup.address": (source.pickup_address, source.name),
        "dropoff.name": (order.dropoff_phone, "–"),
    }
    copied = copy(order)
    for path, choices in wanted.items():
        name = path.replace(".", "_")
        if not getattr(order, name).strip():
            value = next(filter(None, choices))
            setattr(copied, name, value)
            filled[path] = value
    copied.filled = filled  # type: ignore[attr-defined]
    return copied


def items_of(order: Order) -> list[Any]:
    """The order's items, also those of one that was never stored (`order.unsaved_items`)."""
    return list(getattr(order, "unsaved_items", None) or (order.items.all() if order.pk else ()))


def weight_of(order: Order) -> Decimal | None:
    """Kilograms: the parcel's, else all of its items together; None when not all of them are known."""
    if order.weight_kg is not None:
        return order.weight_kg
    weights = [(item.weight_kg, item.quantity) for item in items_of(order)]
    known = [weight * quantity for weight, quantity in weights if weight is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(weights) else None


def one_line(order: Order, end: str) -> str:
    """The address of a stop in one line, with those of its parts that the line does not say already."""
    line = getattr(order, f"{end}_address")
    more = [value for value in getattr(order, f"{end}_parts").values() if value and value.lower() not in line.lower()]
    return ", ".join(filter(None, (line, *dict.fromkeys(more))))


def cod_text(order: Order) -> str:
    """25000 IQD; empty when nothing is paid at the door."""
    return f"{money.written(order.cod_amount, order.currency)} {order.currency}" if order.cod_amount else ""


class Ledger:
    """Notes the fate of an order's facts while its body is written. Paths that the order has not are ignored, so that
    a mapping can name all that it carries."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.facts = facts(order)
        self._fates: dict[str, Fate] = {}
        self._filled: dict[str, str] = getattr(order, "filled", {})

    def kept(self, *paths: str, note: str = "") -> None:
        """`dropoff.address.*` stands for all parts."""
        self._note(paths, Outcome.KEPT, note)

    def as_text(self, *paths: str, note: str = "") -> None:
        """It is in some free text of the body."""
        self._note(paths, Outcome.TEXT, note)

    def lost(self, *paths: str, note: str = "") -> None:
        """Only needed where something can be said about it."""
        self._note(paths, Outcome.LOST, note)

    def defaulted(self, path: str, note: str) -> None:
        """The other system wants something that the order does not say, or says otherwise; `note` is what it gets."""
        self._fates[path] = Fate(path, Outcome.DEFAULTED, self.facts.get(path, ""), note)

    def in_words(self, *paths: str) -> str:
        """The facts at these paths for a free text, one after the other ("COD 25000 IQD · 3 packages"); noted so."""
        said = [(path, self.facts[path]) for path in self._matching(paths)]
        for path, _value in said:
            self.as_text(path)
        return " · ".join(_WORDS.get(path, "{}").format(value) for path, value in said)

    def fates(self) -> list[Fate]:
        for path, note in self._filled.items():
            self._fates[path] = Fate(path, Outcome.DEFAULTED, "", note)
        ours = [fate for path, fate in self._fates.items() if path not in self.facts]
        return [self._fates.get(path) or Fate(path, Outcome.LOST, value) for path, value in self.facts.items()] + ours

    def translation(self, body: Any) -> Translation:
        return Translation(body, self.fates())

    def _note(self, paths: Iterable[str], outcome: str, note: str) -> None:
        for path in self._matching(paths):
            self._fates[path] = Fate(path, outcome, self.facts[path], note)

    def _matching(self, paths: Iterable[str]) -> list[str]:
        return [
            path
            for wanted in paths
            for path in self.facts
            if path == wanted or (wanted.endswith(".*") and path.startswith(wanted[:-1]))
        ]


_WORDS = {
    "external_id": "Order {}",
    "cod_amount": "COD {}",
    "parcel.pieces": "{} packages",
    "parcel.weight_kg": "{} kg",
    "parcel.dimensions": "{} cm",
    "window.pickup_at": "pick up at {}",
    "window.start": "deliver from {}",
    "window.end": "deliver until {}",
}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
