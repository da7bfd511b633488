"""Wasl as a client of Fuuffy. Source: the document "Create Order" and Fuuffy's pages about tokens and webhooks; what
they leave open is said where it stands. Following and cancelling an order is not documented: we ask as our own room
answers.

Settings of a destination: `service_type` (default: Fuuffy's own).
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations import accounts
from integrations.carrier import Booking, Callback, CarrierError, Consignment, Heard, NotGenuine, Report
from integrations.client import Answer, HttpCarrier, after_a_yes, dig, said, text, time_of
from integrations.fuuffy import words
from integrations.fuuffy.auth import DIALECT
from integrations.signing import is_signed
from integrations.translation import Ledger, Translation, items_of, one_line, weight_of
from orders.models import Order

SIGNATURE = "X-Fuuffy-Signature"
_UNKNOWN_WEIGHT = Decimal(1)  # kg: the document wants one of every parcel
_LIFE, _LONGEST_LIFE = timedelta(hours=1), timedelta(days=1)
# Our own room's limits; the document names none.
_MAX_NOTES, _MAX_DESCRIPTION = 2000, 500
# The parts of an address that have a field of their own.
_PARTS = {"address", "city", "postal_code", "postalCode", "country"}
_ENDS = {"sender": "pickup", "recipient": "dropoff"}
_SIDES = ("parcel.length_cm", "parcel.width_cm", "parcel.height_cm")

# The document's field → draft path.
_PATHS = {
    **{
        f"{part}.{field}": f"{end}.{path}"
        for part, end in _ENDS.items()
        for field, path in (
            ("name", "name"),
            ("phone", "phone"),
            ("email", "email"),
            ("address", "address"),
            ("city", "address.city"),
            ("postal_code", "address.postal_code"),
            ("country", "address.country"),
        )
    },
    "package.weight": "parcel.weight_kg",
    **{f"package.dimensions.{name}": path for name, path in zip(words.DIMENSIONS, _SIDES, strict=True)},
    "package.dimensions": "parcel.dimensions",
    "package.description": "items",
    "package.value": "items.price",
    "service_type": "extras.service_type",
    "reference": "external_id",
    "notes": "notes",
}


class FuuffyCarrier(HttpCarrier):
    """Fuuffy gives the same answer to the same Idempotency-Key and body, and has no way to look an order up by ours."""

    dialect = DIALECT
    logs_in = True
    repeatable = True
    pace = (100, 60)
    poll_seconds = 300  # its webhooks are faster, and looking must leave calls for booking

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        if set(stored) - {"service_type"} or stored.get("service_type", words.DEFAULT_SERVICE) not in [*words.SERVICES]:
            raise ValueError(f"The only setting is service_type: one of {', '.join(words.SERVICES)}.")

    def log_in(self) -> tuple[str, timedelta]:
        form = {"grant_type": "client_credentials", **accounts.credentials(self.account)}
        try:
            answer = self.call("log_in", "POST", "/v1/auth/token", form=form, reads=True, secret="")
        except CarrierError as error:
            if error.permanent:  # that says nothing about the parcel
                raise CarrierError(str(error), credentials=True) from error
            raise
        data = _inner(answer.data)
        token = text(data.get("access_token"))
        if not token:
            raise CarrierError("Its answer to our log-in has no token.")
        return token, _life(text(data.get("expires_in")))

    def check(self) -> str:
        _token, life = self.log_in()
        return f"It gives a token for {life.total_seconds() / 60:.0f} minutes."

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        order = consignment.order
        ledger = Ledger(order)
        body: dict[str, Any] = {part: _person(order, end, ledger) for part, end in _ENDS.items()}
        body["package"] = _package(order, ledger)
        service = order.extras.get("service_type") if order.dialect == DIALECT else None
        if service in words.SERVICES:
            ledger.kept("extras.service_type")
        else:
            service = self.destination.settings.get("service_type")
        in_words = ledger.in_words("cod_amount", "parcel.pieces", "window.*")
        room = _MAX_NOTES - len(in_words) - 1
        ledger.kept("notes", note="" if len(order.notes) <= room else f"Cut after {room} characters.")
        ledger.kept("external_id")
        more = {
            "service_type": service,
            "reference": order.number,
            # The money first: it must not be overlooked.
            "notes": "\n".join(filter(None, (in_words, order.notes[:room]))),
        }
        return ledger.translation(body | {name: value for name, value in more.items() if value})

    def book(self, consignment: Consignment) -> Booking:
        headers = {"Idempotency-Key": consignment.key}
        asked = {"body": consignment.body, "headers": headers, "refused_is_fine": (404, 405, 409)}
        answer = self.call("book", "POST", "/v1/orders", **asked)
        if answer.status in (404, 405):  # no answer to a booking: somebody else is at this address
            raise CarrierError(said(answer))
        if answer.status == 409:  # what else can conflict but an attempt of ours whose answer was lost?
            raise CarrierError(said(answer), unknown=True)
        order = _inner(answer.data)
        number, status = text(order.get("id")), _word(order)
        if number and consignment.attempt > 1:  # the answer to an earlier attempt may be given again, as it was then
            with after_a_yes():
                status = _word(self._one(number))
        if status == "cancelled":
            raise CarrierError(f"It has {number}, but as {status}.", burnt=True)
        return Booking(number)

    def find(self, consignment: Consignment) -> Booking | None:
        if consignment.body is None:  # it is on our row before it is sent
            return None
        raise CarrierError("Fuuffy has no way to look an order up by our reference.", unknown=True)

    def refusal(self, answer: Answer) -> CarrierError:
        message = answer.text("error", "message") or said(answer)
        if answer.status == 403:
            return CarrierError(f"Our credentials do not allow this: {message}", credentials=True)
        problems = [(one, told) for one, told in _problems(answer.get("error", "details")) if one or told]
        message = " · ".join([message, *(f"{field}: {told}" for field, told in problems)])
        path = next((_PATHS[field] for field, _told in problems if field in _PATHS), None)
        return CarrierError(message[:1000], permanent=True, path=path)

    def cancel(self, consignment: Consignment, reference: str) -> None:
        answer = self.call("cancel", "POST", "/v1/orders/{id}/cancel", names={"id": reference}, body={})
        word = _word(_inner(answer.data))
        if word in words.IN and word != "cancelled":
            raise CarrierError(f"It says yes, but has it as {word}.")

    # --- Following ----------------------------------------------------------------------------------------------
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        return self.each(consignments, self._reports)

    def _reports(self, consignment: Consignment, reference: str) -> list[Report]:
        order = self._one(reference)
        word, at = _word(order), text(order.get("updated_at"))
        status = words.IN.get(word)
        report = Report(f"{word}@{at}"[:128], status, "", "" if status else word, time_of(at), order, word)
        return [report] if word else []

    def _one(self, reference: str) -> dict[str, Any]:
        return _inner(self.call("track", "GET", "/v1/orders/{id}", names={"id": reference}, reads=True).data)

    def read_callback(self, callback: Callback) -> list[Heard]:
        if not is_signed(accounts.callback_secret(self.account), callback.body, callback.headers.get(SIGNATURE, "")):
            raise NotGenuine(f"{SIGNATURE} is not the signature of the body.")
        news = callback.json()
        data = _inner(news)
        event, at = text(news.get("event")), text(news.get("timestamp"))
        word = words.EVENTS.get(event) or _word(data)
        if not (event or word):
            raise ValueError("it does not say what has happened")
        status, mark = words.NEWS.get(event, (None, ""))
        status = status or words.IN.get(word)
        told = text(data.get("description")) or event if event in words.NEWS else "" if status else word or event
        # What is more than the order's status is news, even when a look at the order has told that before.
        seen = "" if event in words.NEWS else word
        report = Report(f"{event}@{at}"[:128], status, mark, told, time_of(at), news, seen)
        return [Heard(report, reference=text(data.get("order_id")))]


# --- Our order in its words -----------------------------------------------------------------------------------------
def _person(order: Order, end: str, ledger: Ledger) -> dict[str, Any]:
    """The sender or the recipient. Raises a `CarrierError` about what the document requires and the order has not."""
    parts = getattr(order, f"{end}_parts")
    own = "address" in parts and parts.keys() <= _PARTS
    asked = str(parts.get("country") or "")
    country = asked.upper() if asked.upper() in words.COUNTRIES else "" if asked else order.merchant.country
    given = getattr(order, f"{end}_phone")
    phone = words.international(given, country)
    if phone is None:
        message = f"Phone numbers must include the country code, and it cannot be told from {given!r}."
        raise CarrierError(message, permanent=True, path=f"{end}.phone")
    email = getattr(order, f"{end}_email")
    person = {
        "name": getattr(order, f"{end}_name"),
        "phone": phone,
        "email": email if _is_email(email) else "",
        "address": parts["address"] if own else one_line(order, end),
        "city": parts.get("city"),
        "postal_code": parts.get("postal_code") or parts.get("postalCode"),
        "country": country,
    }
    for name in ("name", "address"):
        if not person[name]:
            raise CarrierError(f"It must have the {name}.", permanent=True, path=f"{end}.{name}")
    ledger.kept(f"{end}.phone", note="" if phone == given else phone)
    if not own:
        ledger.as_text(f"{end}.address.*")
    ledger.kept(f"{end}.name", f"{end}.address", *(f"{end}.address.{part}" for part in _PARTS - {"country"}))
    if person["email"]:
        ledger.kept(f"{end}.email")
    if asked and country:
        ledger.kept(f"{end}.address.country")
    elif country:
        ledger.defaulted(f"{end}.address.country", country)
    return {name: value for name, value in person.items() if value}


def _package(order: Order, ledger: Ledger) -> dict[str, Any]:
    """Raises a `CarrierError` for a parcel that is heavier or larger than the document allows."""
    items = items_of(order)
    weight = weight_of(order)
    if weight is not None and weight >= words.MAX_WEIGHT_KG:
        message = f"It takes less than {words.MAX_WEIGHT_KG} kg, not {weight:f}."
        raise CarrierError(message, permanent=True, path="parcel.weight_kg")
    package: dict[str, Any] = {"weight": weight if weight else _UNKNOWN_WEIGHT}
    if weight:
        ledger.kept("parcel.weight_kg" if order.weight_kg is not None else "items.weight_kg", note=f"{weight:f} kg")
    else:
        ledger.defaulted("parcel.weight_kg", f"{_UNKNOWN_WEIGHT} kg")
    sides = (order.length_cm, order.width_cm, order.height_cm)
    for path, side in zip(_SIDES, sides, strict=True):
        if side is not None and side >= words.MAX_SIDE_CM:
            message = f"It takes less than {words.MAX_SIDE_CM} cm, not {side:f}."
            raise CarrierError(message, permanent=True, path=path)
    if all(sides):
        package["dimensions"] = dict(zip(words.DIMENSIONS, sides, strict=True))
        ledger.kept("parcel.dimensions")
    else:
        ledger.lost("parcel.dimensions", note="It takes all three sides or none.")
    if items:
        described = ", ".join(item.name if item.quantity == 1 else str(item) for item in items)
        package["description"] = described[:_MAX_DESCRIPTION]
        ledger.as_text("items", note="" if len(described) <= _MAX_DESCRIPTION else "Cut.")
    if (value := _declared(order, items)) is not None:
        package["value"] = value
        ledger.kept("items.price", "extras.declared_value_usd")
    return package


def _declared(order: Order, items: Sequence[Any]) -> Any:
    """The declared value, which is in USD: as a Fuuffy order has it, or what the items cost when that is in USD. None
    when it is not known; nothing is converted."""
    value = order.extras.get("declared_value_usd") if order.dialect == DIALECT else None
    if value is not None or order.currency != "USD":
        return value
    prices = [item.price * item.quantity for item in items if item.price is not None]
    return sum(prices, Decimal(0)) if prices and len(prices) == len(items) else None


def _is_email(given: str) -> bool:
    try:
        validate_email(given)
    except ValidationError:
        return False
    return True


# --- Its words ------------------------------------------------------------------------------------------------------
def _inner(found: Any) -> dict[str, Any]:
    """What an answer or a webhook is about: some are wrapped in `data`, and some are not."""
    inner = dig(found, "data")
    inner = inner if isinstance(inner, dict) else found
    return inner if isinstance(inner, dict) else {}


def _word(order: dict[str, Any]) -> str:
    """Its status; a documented one as the document writes it."""
    word = text(order.get("status"))
    return word.lower() if word.lower() in words.IN else word


def _problems(details: Any) -> Iterator[tuple[str, str]]:
    for one in details if isinstance(details, list) else ():
        yield text(dig(one, "field")), text(dig(one, "message"))


def _life(seconds: str) -> timedelta:
    try:
        life = float(seconds)
    except ValueError:
        return _LIFE
    return timedelta(seconds=min(life, _LONGEST_LIFE.total_seconds()) if life > 0 else 0)
