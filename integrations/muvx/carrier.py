"""Wasl as a client of Muvx. Source: the document "Order Management APIs"; what it leaves open is said where it stands.

Settings of a destination: `currency` of the carrier's account (default: the merchant's), `destination_id` at the
carrier (default: its own default).
"""

import re
from collections.abc import Sequence
from typing import Any

from integrations import accounts
from integrations.carrier import Booking, Callback, CarrierError, Consignment, Heard, NotGenuine, Report
from integrations.client import Answer, HttpCarrier, after_a_yes, said, text, time_of
from integrations.muvx import words
from integrations.muvx.errors import FIELDS
from integrations.signing import is_signed
from integrations.translation import Ledger, Translation, items_of, one_line
from orders.models import Order

SIGNATURE = "X-Muvx-Signature"
_PARTS = {"area", "block", "street", "building", "floor", "flat"}
_SETTINGS = ("currency", "destination_id")
# The document's message names the field: "Missing required field: dropoff.phone".
_FIELD = re.compile(r"\bfield:\s*([A-Za-z_][\w.]*)")
_PATHS = {field: path for path, field in FIELDS.items()}


class MuvxCarrier(HttpCarrier):
    """Muvx refuses a second order with our id for the first, and a Wasl that plays Muvx gives the first answer again to
    the same Idempotency-Key: a booking can be repeated, and is the only way to ask for it."""

    dialect = "muvx"
    repeatable = True

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        unknown = set(stored) - set(_SETTINGS)
        if unknown or not all(isinstance(value, str) for value in stored.values()):
            raise ValueError(f"Settings are texts: {', '.join(_SETTINGS)}.")

    def check(self) -> str:
        answer = self.call("check", "GET", "/v1/destinations", reads=True)
        found = answer.get("destinations")
        return f"{len(found)} destinations" if isinstance(found, list) else "It answers."

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        order = consignment.order
        ledger = Ledger(order)
        currency = self.destination.settings.get("currency") or order.merchant.currency
        if order.cod_amount and order.currency != currency:
            message = f"This carrier account collects {currency}, not {order.currency}."
            raise CarrierError(message, permanent=True, path="cod_amount")
        body: dict[str, Any] = {
            "integration_order_id": consignment.key,
            "pickup": _stop(order, "pickup", ledger),
            "dropoff": _stop(order, "dropoff", ledger),
            "items": [_item(item) for item in items_of(order)],
            "auto_pickup": True,
        }
        ledger.kept("items", "items.price", "items.weight_kg")
        if order.cod_amount is not None:
            body["cod_amount"] = order.cod_amount
            ledger.kept("cod_amount")
        in_words = ledger.in_words("external_id", "parcel.pieces", "parcel.weight_kg", "window.*")
        body["notes"] = "\n".join(filter(None, (order.notes, in_words)))[:2000]
        ledger.kept("notes")
        if wanted := self.destination.settings.get("destination_id"):
            body["destination_id"] = wanted
        return ledger.translation(body)

    def book(self, consignment: Consignment) -> Booking:
        headers = {"Idempotency-Key": consignment.key}
        # 404 and 405 are no answer to a booking: somebody else is at this address.
        asked = {"body": consignment.body, "headers": headers, "refused_is_fine": (404, 405)}
        answer = self.call("book", "POST", "/v1/orders", **asked)
        if answer.status >= 400:
            raise CarrierError(said(answer))
        number, status = answer.text("id"), answer.text("status")
        if not number:
            raise CarrierError(f"Its yes has no id: {said(answer)}", unknown=True)
        if consignment.attempt > 1:  # the answer to an earlier attempt may be given again: what has become of it?
            with after_a_yes():
                status = self._status(number).text("status")
        if status in words.DEAD:
            raise CarrierError(f"It has {number}, but as {status}.", burnt=True)
        return Booking(number, tracking_url=answer.text("tracking_url"))

    def find(self, consignment: Consignment) -> Booking | None:
        raise CarrierError("Muvx has no way to look an order up by our id.", unknown=True)

    def refusal(self, answer: Answer) -> CarrierError:
        message = answer.text("message") or said(answer)
        if answer.status == 403:
            return CarrierError(f"Our credentials do not allow this: {message}", credentials=True)
        # It has an order with our id already: from an attempt of ours whose answer was lost.
        if answer.text("error") in ("duplicate_order", "idempotency_conflict"):
            return CarrierError(message, unknown=True)
        found = _FIELD.search(message)
        path = found and _PATHS.get(found[1].rstrip("."), found[1].rstrip("."))
        return CarrierError(message, permanent=True, path=path or None)

    def cancel(self, consignment: Consignment, reference: str) -> None:
        self.call("cancel", "POST", "/v1/orders/{id}/cancel", names={"id": reference}, body={})

    # --- Following ----------------------------------------------------------------------------------------------
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        return self.each(consignments, lambda consignment, reference: [_report(self._status(reference).data)])

    def _status(self, reference: str) -> Answer:
        return self.call("track", "GET", "/v1/orders/{id}/status", names={"id": reference}, reads=True)

    def read_callback(self, callback: Callback) -> list[Heard]:
        if not is_signed(accounts.callback_secret(self.account), callback.body, callback.headers.get(SIGNATURE, "")):
            raise NotGenuine(f"{SIGNATURE} is not the signature of the body.")
        news = callback.json()
        report = _report(news)
        return [Heard(report, reference=text(news.get("id")), key=text(news.get("integration_order_id")))]


def _stop(order: Order, end: str, ledger: Ledger) -> dict[str, Any]:
    # In parts only when they are Muvx's own: of what others call theirs, we do not know whether it is understood.
    parts = getattr(order, f"{end}_parts")
    ledger.kept(f"{end}.name", f"{end}.phone", f"{end}.address", f"{end}.address.*", f"{end}.location")
    stop = {
        "name": getattr(order, f"{end}_name"),
        "address": parts if parts and set(parts) <= _PARTS else one_line(order, end),
        "phone": getattr(order, f"{end}_phone"),
    }
    if (lat := getattr(order, f"{end}_lat")) is not None:
        stop |= {"lat": lat, "lng": getattr(order, f"{end}_lng")}
    return stop


def _item(item: Any) -> dict[str, Any]:
    found = {"name": item.name, "quantity": item.quantity, "price": item.price, "weight": item.weight_kg}
    return {name: value for name, value in found.items() if value is not None}


def _report(news: Any) -> Report:
    """What a status answer or a webhook says; both name the status and when it came."""
    news = news if isinstance(news, dict) else {}
    word, at = text(news.get("status")), text(news.get("last_updated") or news.get("timestamp"))
    status = words.IN.get(word.lower())
    return Report(f"{word}@{at}"[:128], status, text="" if status else word, at=time_of(at), body=news, word=word)
