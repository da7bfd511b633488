"""Wasl as a client of iDeliver. Source: the document "Orders & Deliveries" and the pages that it names; what they leave
open is said where it stands.

Settings of a destination: `source`, which our orders have there (default: wasl).
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import jwt
from django.utils import timezone

from destinations.models import Vehicle
from integrations import accounts
from integrations.carrier import Booking, Callback, CarrierError, Consignment, Heard, NotGenuine, Report
from integrations.client import Answer, HttpCarrier, after_a_yes, dig, said, text, time_of
from integrations.ideliver import words
from integrations.ideliver.answers import minor, time
from integrations.signing import is_signed
from integrations.translation import NO_PHONE, Ledger, Translation, items_of, one_line, weight_of
from orders.models import Order
from orders.statuses import Mark

SIGNATURE = "X-Ideliver-Signature"
_SOURCE = "wasl"
# A pick-up must be in the future when it is read there; a window that nobody asked for is this long.
_SOONEST = timedelta(minutes=5)
_AHEAD = timedelta(minutes=1)
_WINDOW = timedelta(hours=4)
# How long we keep a token that does not say how long it lives, and any token at most.
_LIFE, _LONGEST_LIFE = timedelta(minutes=10), timedelta(days=1)
_MAX_NOTES = 5000

# The document's field, without "standardized." → draft path.
_PATHS = {
    "external_order_id": "external_id",
    "pickup_address": "pickup.address",
    "pickup_lat": "pickup.location",
    "pickup_lng": "pickup.location",
    "dropoff_address": "dropoff.address",
    "dropoff_lat": "dropoff.location",
    "dropoff_lng": "dropoff.location",
    "customer_name": "dropoff.name",
    "customer_phone": "dropoff.phone",
    "scheduled_pickup_at": "window.pickup_at",
    "delivery_window_start": "window.start",
    "delivery_window_end": "window.end",
    "notes": "notes",
    "cod_amount_minor": "cod_amount",
    "cod_currency": "cod_amount",
    "weight_kg": "parcel.weight_kg",
    "length_cm": "parcel.length_cm",
    "width_cm": "parcel.width_cm",
    "height_cm": "parcel.height_cm",
    "items": "items",
}
_FIELD_OF_CODE = {code: field for field, code in reversed(words.MISSING.items())}
# A webhook's event, where its order does not say where it is.
_EVENTS = {"order.created": "pending", **{f"order.{word}": word for word in ("accepted", "picked_up", "delivered")}}


class IDeliverCarrier(HttpCarrier):
    """iDeliver takes a (source, external_order_id) once, and answers a repetition with the order that it has: ours is
    the dispatch's key, by which the order is also found."""

    dialect = words.DIALECT
    logs_in = True

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        source = stored.get("source", _SOURCE)
        if set(stored) - {"source"} or not isinstance(source, str) or not 0 < len(source.strip()) <= 128:
            raise ValueError("The only setting is source: a text of at most 128 characters.")

    @property
    def source(self) -> str:
        return self.destination.settings.get("source", _SOURCE).strip()

    def log_in(self) -> tuple[str, timedelta]:
        """A key is exchanged for a token. Where there is no exchange, or no token in its answer, the key itself opens
        everything, as the document has it."""
        key = accounts.credentials(self.account)["api_key"]
        try:
            answer = self.call(
                "log_in",
                "POST",
                "/v1/auth/token",
                body={},
                headers={"X-API-Key": key},
                reads=True,
                secret="",
                refused_is_fine=(404, 405),
            )
        except CarrierError as error:
            raise _no_token(error) from error
        token = answer.text("access_token") if answer.status < 300 else ""
        return (token, _life(answer, token)) if token else (key, _LIFE)

    def check(self) -> str:
        answer = self.call("check", "GET", "/v1/auth/me", reads=True, refused_is_fine=(404,))
        if answer.status == 404:  # not one of the document's own pages
            self.call("check", "GET", "/v1/orders", query={"limit": "1"}, reads=True)
        return answer.text("merchant", "name") or "It answers."

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        order = consignment.order
        ledger = Ledger(order)
        ledger.kept("dropoff.name", "dropoff.phone", "extras.vehicle_type_hint")
        standardized = {
            "pickup_address": one_line(order, "pickup"),
            "dropoff_address": one_line(order, "dropoff"),
            "customer_phone": order.dropoff_phone,
            "customer_name": order.dropoff_name,
            **_points(order),
            **_times(order, consignment.body, ledger),
            "notes": _notes(order, ledger),
            **_measures(order, ledger),
            **_sent_only(order),
        }
        for end in ("pickup", "dropoff"):
            ledger.kept(f"{end}.address", f"{end}.address.*", f"{end}.location")
        if order.cod_amount is not None:
            standardized |= {
                "cod_amount_minor": minor(order.cod_amount, order.currency),
                "cod_currency": order.currency,
            }
            ledger.kept("cod_amount")
        if items := items_of(order):
            standardized["items"] = [_item(item, order.currency) for item in items]
            ledger.kept("items", "items.price")
        return ledger.translation(
            {
                "schema_version": words.SCHEMA_VERSION,
                "source": self.source,
                "external_order_id": consignment.key,
                "raw_payload": {},
                "standardized": standardized,
            }
        )

    def book(self, consignment: Consignment) -> Booking:
        headers = {"Idempotency-Key": consignment.key}
        answer = self.call("book", "POST", "/v1/orders", body=consignment.body, headers=headers)
        number = text(_order(answer).get("id"))
        if not number:
            raise CarrierError(f"Its yes has no id: {said(answer)}", unknown=True)
        if answer.status != 201 or answer.get("idempotent") is not False:
            # The answer to an earlier attempt may be given again, as it was then.
            with after_a_yes():
                answer = self._one(number)
        if _word(_order(answer)) in words.DEAD:
            raise CarrierError(f"It has {number}, but as {_word(_order(answer))}.", burnt=True)
        return Booking(number, tracking_url=text(_order(answer).get("customer_tracking_url")))

    def find(self, consignment: Consignment) -> Booking | None:
        query = {"external_order_id": consignment.key}
        answer = self.call("find", "GET", "/v1/orders", query=query, reads=True)
        found = answer.get("orders")
        if not isinstance(found, list):
            raise CarrierError(f"Its list has no orders: {said(answer)}", unknown=True)
        for order in found:
            name = text(dig(order, "external_order_id"))
            if not name:
                raise CarrierError(f"Its list does not say which order this is: {said(answer)}", unknown=True)
            if name != consignment.key or text(dig(order, "source")) not in ("", self.source):
                continue
            if _word(order) not in words.DEAD:
                return Booking(text(order.get("id")), tracking_url=text(order.get("customer_tracking_url")))
        return None

    def refusal(self, answer: Answer) -> CarrierError:
        code, message = answer.text("error"), answer.text("message") or said(answer)
        # It has an order of ours already: from an attempt whose answer was lost.
        if code in ("duplicate_order", "idempotency_conflict"):
            return CarrierError(message, unknown=True)
        if answer.status == 403:
            return CarrierError(f"Our credentials do not allow this: {message}", credentials=True)
        if code.upper() == "OUT_OF_COVERAGE_AREA":
            point = answer.text("point") or answer.text("details", "point")
            path = f"{point}.location" if point in ("pickup", "dropoff") else None
            return CarrierError(message, permanent=True, path=path)
        field = answer.text("details", "field") or _FIELD_OF_CODE.get(code, "")
        name = field.removeprefix("standardized.").partition(".")[0]
        return CarrierError(message, permanent=True, path=_PATHS.get(name))

    def cancel(self, consignment: Consignment, reference: str) -> None:
        body = {"reason": "Cancelled by the sender"}
        answer = self.call("cancel", "POST", "/v1/orders/{id}/cancel", names={"id": reference}, body=body)
        word = _word(_order(answer))
        if word in words.IN and word != words.CANCELLED:
            raise CarrierError(f"It says yes, but has it as {word}.")

    # --- Following ----------------------------------------------------------------------------------------------
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        return self.each(consignments, self._reports)

    def _reports(self, consignment: Consignment, reference: str) -> list[Report]:
        order = _order(self._one(reference))
        word, at = _word(order), text(order.get("updated_at"))
        return [_report(f"{word}@{at}", word, order, at)] if word else []

    def _one(self, reference: str) -> Answer:
        return self.call("track", "GET", "/v1/orders/{id}", names={"id": reference}, reads=True)

    def read_callback(self, callback: Callback) -> list[Heard]:
        if not is_signed(accounts.callback_secret(self.account), callback.body, callback.headers.get(SIGNATURE, "")):
            raise NotGenuine(f"{SIGNATURE} is not the signature of the body.")
        news = callback.json()
        order = news["order"] if isinstance(news.get("order"), dict) else {}
        event, at = text(news.get("event")), text(news.get("occurred_at"))
        word = _word(order) or _EVENTS.get(event, "")
        if not word:
            raise ValueError("it does not say where the order is")
        report = _report(text(news.get("event_id")) or f"{event}@{at}", word, news, at, order)
        return [Heard(report, reference=text(order.get("id")), key=text(order.get("external_order_id")))]


# --- Our order in its words -----------------------------------------------------------------------------------------
def _points(order: Order) -> dict[str, Any]:
    return {
        f"{end}_{part}": value
        for end in ("pickup", "dropoff")
        for part in ("lat", "lng")
        if (value := getattr(order, f"{end}_{part}")) is not None
    }


def _notes(order: Order, ledger: Ledger) -> str:
    """What the rider should know beside the fields: the order's notes, cut so that the rest is in them."""
    phone = order.pickup_phone if order.pickup_phone != NO_PHONE else ""
    pickup = " · ".join(filter(None, (order.pickup_name, phone)))
    ledger.as_text("pickup.name", "pickup.phone")
    more = [pickup and f"Pick up from {pickup}", ledger.in_words("external_id", "parcel.pieces")]
    rest = "\n".join(filter(None, more))
    room = _MAX_NOTES - len(rest) - 1
    ledger.kept("notes", note="" if len(order.notes) <= room else f"Cut after {room} characters.")
    return "\n".join(filter(None, (order.notes[:room], rest)))


def _times(order: Order, before: Any, ledger: Ledger) -> dict[str, str]:
    """The three required times. `before`: the body of an earlier attempt, whose pick-up is kept while it is ahead, so
    that the same body is sent again."""
    now = timezone.now()
    pickup = order.pickup_at
    if pickup is None or pickup < now + _SOONEST:
        earlier = time_of(text(dig(before, "standardized", "scheduled_pickup_at")))
        pickup = earlier if earlier and earlier > now + _AHEAD else now + _SOONEST
    start, end = order.window_start, order.window_end
    if end and end <= max(pickup, start or pickup):  # it has passed, or is none
        start = end = None
    start = start or pickup
    times = {"window.pickup_at": pickup, "window.start": start, "window.end": end or max(pickup, start) + _WINDOW}
    asked = {"window.pickup_at": order.pickup_at, "window.start": order.window_start, "window.end": order.window_end}
    for path, moment in times.items():
        if moment == asked[path]:
            ledger.kept(path)
        else:
            ledger.defaulted(path, time(moment))
    names = ("scheduled_pickup_at", "delivery_window_start", "delivery_window_end")
    return dict(zip(names, map(time, times.values()), strict=True))


def _measures(order: Order, ledger: Ledger) -> dict[str, Decimal]:
    """Weight and sides, but for those that are more than the document allows."""
    weight = weight_of(order)
    sides = {"length_cm": order.length_cm, "width_cm": order.width_cm, "height_cm": order.height_cm}
    fits = {name: side for name, side in sides.items() if side is not None and 0 < side <= words.MAX_SIDE_CM}
    if any(side is not None and name not in fits for name, side in sides.items()):
        ledger.lost("parcel.dimensions", note=f"A side is not between 0 and {words.MAX_SIDE_CM} cm.")
    else:
        ledger.kept("parcel.dimensions")
    if weight is not None and 0 < weight <= words.MAX_WEIGHT_KG:
        ledger.kept("parcel.weight_kg" if order.weight_kg is not None else "items.weight_kg", note=f"{weight:f} kg")
        return {"weight_kg": weight, **fits}
    ledger.lost("parcel.weight_kg", "items.weight_kg", note=f"It is not between 0 and {words.MAX_WEIGHT_KG} kg.")
    return fits


def _sent_only(order: Order) -> dict[str, Any]:
    """What only an order of this dialect says."""
    fragile = dig(order.raw_payload, "standardized", "is_fragile") if order.dialect == words.DIALECT else None
    hint = order.extras.get("vehicle_type_hint")
    return {
        **({"is_fragile": fragile} if isinstance(fragile, bool) else {}),
        **({"vehicle_type_hint": hint} if hint in Vehicle.values else {}),
    }


def _item(item: Any, currency: str) -> dict[str, Any]:
    price = {} if item.price is None else {"price_minor": minor(item.price, currency)}
    return {"name": item.name, "quantity": item.quantity, **price}


# --- Its words ------------------------------------------------------------------------------------------------------
def _order(answer: Answer) -> dict[str, Any]:
    """The order in an answer, wrapped as we know it or bare."""
    found = answer.get("order")
    found = found if isinstance(found, dict) else answer.data
    return found if isinstance(found, dict) else {}


def _word(order: Any) -> str:
    """Its status; a documented one as the document writes it."""
    word = text(dig(order, "unified_json", "status")) or text(dig(order, "status"))
    return word.lower() if word.lower() in words.IN else word


def _report(key: str, word: str, body: dict[str, Any], at: str, order: dict[str, Any] | None = None) -> Report:
    status = words.IN.get(word)
    told = text(dig(order or body, "unified_json", "status_text"))
    return Report(
        key[:128],
        status,
        mark=Mark.DELAYED if word == words.DELAYED else "",
        text=told if status else word,
        at=time_of(at),
        body=body,
        word=word,
    )


def _life(answer: Answer, token: str) -> timedelta:
    """How long a token lives: by `expires_in`, else by its own `exp`."""
    try:
        seconds = float(answer.text("expires_in"))
    except ValueError:
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            seconds = float(text(claims.get("exp"))) - timezone.now().timestamp()
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return _LIFE
    longest = _LONGEST_LIFE.total_seconds()
    return timedelta(seconds=min(seconds, longest) if seconds > 0 else 0)  # nothing is greater than 0 in "nan"


def _no_token(error: CarrierError) -> CarrierError:
    """A log-in that is refused for good says nothing about the parcel, but about our credentials."""
    return CarrierError(str(error), credentials=True) if error.permanent else error
