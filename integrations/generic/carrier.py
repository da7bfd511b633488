"""Wasl as a sender of signed JSON. The protocol is in `protocol.py`, for those who receive it."""

import re
import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from destinations import money
from integrations import accounts
from integrations.carrier import Booking, Callback, CarrierError, Consignment, Heard, NotGenuine, Report
from integrations.client import Answer, HttpCarrier, after_a_yes, said, text, time_of
from integrations.generic import words
from integrations.signing import hex_signature, is_signed
from integrations.translation import Ledger, Translation, items_of
from orders.models import Order
from orders.statuses import Status

SIGNATURE, TIMESTAMP, KEY = "X-Wasl-Signature", "X-Wasl-Timestamp", "Idempotency-Key"
FRESH_SECONDS = 300
# The fields of an order in the body are named like the paths of a draft.
_FIELD = re.compile(
    r"(?:order\.)?((?:external_id|(?:pickup|dropoff|items|parcel|window)(?:\.[a-z_]+){0,3}|notes|cod_amount))"
)


class GenericCarrier(HttpCarrier):
    """A receiver gives the same parcel to the same key, so that a booking can be repeated."""

    repeatable = True
    pages: ClassVar[tuple[tuple[str, Any], ...]] = (
        ("integrations:generic_words", _("Its words")),
        ("integrations:generic_protocol", _("How to receive orders")),
    )

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        words.check_settings(stored)

    # --- One call -----------------------------------------------------------------------------------------------
    def authorise(self, secret: str, headers: dict[str, str], query: dict[str, str]) -> None:
        """The secret itself is never sent."""

    def sign(self, secret: str, headers: dict[str, str], content: bytes) -> None:
        headers[TIMESTAMP] = str(int(time.time()))
        headers[SIGNATURE] = hex_signature(secret, signed_text(headers[TIMESTAMP], content))

    def is_stale(self, answer: Answer) -> bool:
        return answer.status in (401, 403)

    def refusal(self, answer: Answer) -> CarrierError:
        if answer.status in (404, 405) and not isinstance(answer.data, dict):  # somebody else is at this address
            return CarrierError(said(answer))
        field = _FIELD.fullmatch(answer.text("field"))
        return CarrierError(answer.text("message") or said(answer), permanent=True, path=field and field[1])

    def check(self) -> str:
        self.call("check", "POST", "", body={"schema": words.SCHEMA, "action": "check"}, reads=True)
        return "It answers."

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        order = consignment.order
        ledger = Ledger(order)
        body = {"schema": words.SCHEMA, "action": "book", "key": consignment.key, "test": order.is_test}
        return ledger.translation(body | {"order": _order(order, ledger)})

    def book(self, consignment: Consignment) -> Booking:
        headers = {KEY: consignment.key}
        answer = self.call("book", "POST", "", body=consignment.body, headers=headers, refused_is_fine=(409,))
        reference = answer.text("reference")
        if not reference:
            # Also of a 409: it says that it has the parcel, but not which one it is.
            raise CarrierError(f"Its yes has no reference: {said(answer)}", unknown=True)
        report = self._report(answer.data)
        if consignment.attempt > 1 and self._tracks:  # it may be that of an earlier attempt, and have ended since
            with after_a_yes():
                report = self._status(consignment, reference)
        if report and report.status == Status.CANCELLED:
            raise CarrierError(f"It has {reference}, but as cancelled.", burnt=True)
        return Booking(reference, tracking_url=answer.text("tracking_url"))

    def find(self, consignment: Consignment) -> Booking | None:
        raise CarrierError("A receiver is asked by booking again.", unknown=True)

    def cancel(self, consignment: Consignment, reference: str) -> None:
        body = _about("cancel", consignment, reference)
        answer = self.call("cancel", "POST", "", body=body, refused_is_fine=(404,))
        if answer.status == 404 and not isinstance(answer.data, dict):
            raise self.refusal(answer)

    # --- Following ----------------------------------------------------------------------------------------------
    @property
    def _tracks(self) -> bool:
        return self.destination.settings.get("tracks", True) is not False

    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        if not self._tracks:
            return {}

        def ask(consignment: Consignment, reference: str) -> list[Report]:
            report = self._status(consignment, reference)
            return [report] if report else []

        return self.each(consignments, ask)

    def _status(self, consignment: Consignment, reference: str) -> Report | None:
        body = _about("status", consignment, reference)
        return self._report(self.call("track", "POST", "", body=body, reads=True).data)

    def read_callback(self, callback: Callback) -> list[Heard]:
        secret = accounts.callback_secret(self.account) or accounts.credentials(self.account)["secret"]
        sent = callback.headers.get(TIMESTAMP, "").strip()
        if not is_signed(secret, signed_text(sent, callback.body), callback.headers.get(SIGNATURE, "")):
            raise NotGenuine(f"{SIGNATURE} is not the signature of {TIMESTAMP}, a dot and the body.")
        # Signed, so that it is theirs; but old letters may have been kept by somebody.
        if not re.fullmatch(r"[0-9]{1,12}", sent) or abs(time.time() - int(sent)) > FRESH_SECONDS:
            raise NotGenuine(f"{TIMESTAMP} is not of the last five minutes.")
        news = callback.json()
        report, reference, key = self._report(news, sent), text(news.get("reference")), text(news.get("key"))
        if report is None:
            raise ValueError("no status")
        if not (reference or key):
            raise ValueError("no reference and no key")
        return [Heard(report, reference=reference[:255], key=key[:64])]

    def _report(self, news: Any, sent: str = "") -> Report | None:
        """What an answer, or a callback with the timestamp `sent`, says of where the parcel is; None for nothing."""
        news = news if isinstance(news, dict) else {}
        word, more = text(news.get("status")), text(news.get("text"))
        if not word:
            return None
        at, given = time_of(news.get("at")), text(news.get("id"))
        status, mark = words.meaning(word, self.destination.settings.get("words", {})) or (None, "")
        shown = more if status else " · ".join(filter(None, (word, more)))
        # An id makes it an event of its own. Else it says where the parcel is now, and the same again is no news.
        key = given or f"{word}@{text(news.get('at')) or sent or timezone.now().isoformat()}"
        return Report(
            key if len(key) <= 64 else sha256(key.encode()).hexdigest(),
            status,
            mark=mark,
            text=shown[:255],
            at=at,
            body=news,
            word="" if given else words.spelling(f"{word} {more}")[:255],
        )


def signed_text(timestamp: str, body: bytes) -> bytes:
    """What is signed: the timestamp as it is in its header, a dot, and the body as it is sent."""
    return timestamp.encode(errors="replace") + b"." + body


def _about(action: str, consignment: Consignment, reference: str) -> dict[str, str]:
    return {"schema": words.SCHEMA, "action": action, "key": consignment.key, "reference": reference}


# --- An order in the protocol ---------------------------------------------------------------------------------------
def _order(order: Order, ledger: Ledger) -> dict[str, Any]:
    ledger.kept("external_id", "pickup.*", "dropoff.*", "items", "items.price", "items.weight_kg", "parcel.*")
    ledger.kept("cod_amount", "notes", "window.*")
    return {
        "external_id": order.number,
        "pickup": _stop(order, "pickup"),
        "dropoff": _stop(order, "dropoff"),
        "items": [
            {
                "name": item.name,
                "quantity": item.quantity,
                "price": _amount(item.price, order.currency),
                "weight_kg": _decimal(item.weight_kg),
            }
            for item in items_of(order)
        ],
        "parcel": {
            "pieces": order.pieces,
            **{name: _decimal(getattr(order, name)) for name in ("weight_kg", "length_cm", "width_cm", "height_cm")},
        },
        "cod_amount": _amount(order.cod_amount, order.currency),
        "currency": order.currency,
        "notes": order.notes,
        "window": {
            "pickup_at": _time(order.pickup_at),
            "start": _time(order.window_start),
            "end": _time(order.window_end),
        },
    }


def _stop(order: Order, end: str) -> dict[str, Any]:
    lat, lng = getattr(order, f"{end}_lat"), getattr(order, f"{end}_lng")
    return {
        "name": getattr(order, f"{end}_name"),
        "phone": getattr(order, f"{end}_phone"),
        "email": getattr(order, f"{end}_email"),
        "address": {"text": getattr(order, f"{end}_address"), "parts": getattr(order, f"{end}_parts")},
        "location": None if lat is None or lng is None else {"lat": lat, "lng": lng},
    }


def _amount(amount: Decimal | None, currency: str) -> str | None:
    """As text, so that nobody makes a fraction in base two of it."""
    if amount is None:
        return None
    return f"{money.written(amount, currency) if money.fits(amount, currency) else amount:f}"


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
