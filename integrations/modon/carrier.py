"""Wasl as a client of Modon Express, and of Al-Waseet, which has the same platform. Source: the merchant API document,
and what its other programs rely on (paths, log-in, deletion); what they leave open is said where it stands.

There is no idempotency there. Our mark stands first in the notes of each parcel, where nobody cuts it off, and before a
booking is repeated the whole list of the merchant's orders is searched for it.

Settings of a destination: `package_size`, the number of the size of parcels whose order does not say it ("1");
`other_region`: true lets a parcel go to the region "other" of its city when the address names none.
"""

import logging
import re
from base64 import b32decode, b32encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.crypto import constant_time_compare

from destinations import money
from integrations import accounts, http
from integrations.bodies import check_storable
from integrations.carrier import Booking, Callback, CarrierError, Consignment, Heard, NotGenuine, Report, readable
from integrations.client import TIMEOUT, Answer, HttpCarrier, give_back, said, text
from integrations.http import HttpError
from integrations.modon import words
from integrations.modon.destined import CITY, Place, Places, location
from integrations.translation import Ledger, Translation, items_of
from orders.models import Order
from orders.search import normalise
from orders.statuses import Status

logger = logging.getLogger(__name__)

_BASE = "/v1/merchant"
# The document does not say how long a log-in lasts; a refused one is renewed at any time.
_LOG_IN_LASTS = timedelta(days=1)
# Bytes of the whole list: 50,000 rows, with every Arabic letter as six. Nothing is decided from a longer one, nor from
# one that takes longer than any call may.
MAX_LIST = 100_000_000
_MAX_NOTES, _MAX_NAME, _MAX_GOODS, _MAX_LOCATION = 1000, 255, 255, 1000
_NO_GOODS, _NO_NAME, _USUAL_SIZE = "بضائع", "الزبون", "1"
_SETTINGS = ("package_size", "other_region")
_MOBILE = re.compile(r"(?:(?:\+|00)?9640?|0)(7[0-9]{9})")
_PUNCTUATION = re.compile(r"[\s().\-/]")
_DIGITS = re.compile(r"[0-9]{1,40}")
_KEY = re.compile(r"([0-9a-f]{32})-([0-9]{1,5})")
_MARK = re.compile(r"\bWSL-([A-Z2-7]{26})-([0-9]{1,5})(?![0-9])")
_MONEY_EVENT = 18
_OTHERS = ""  # stands for a row of the list that is not ours
# Where the number is missing, its text is as clear.
_BY_TEXT = {normalise(name): number for number, name in words.STATUSES.items()} | {
    normalise("تم الاستلام من قبل المندوب"): 2
}


class ModonCarrier(HttpCarrier):
    dialect = "modon"
    pace = (60, 30)
    logs_in = True
    track_batch = words.MAX_LOOKED_UP
    has_label = True
    fix_page: ClassVar[str] = "integrations:order_place"
    guards_keys = False

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        if unknown := set(stored) - set(_SETTINGS):
            raise ValueError(f"Unknown: {', '.join(sorted(unknown))}. Settings are: {', '.join(_SETTINGS)}.")
        if not _DIGITS.fullmatch(str(stored.get("package_size", "1"))):
            raise ValueError("package_size is the number of a size, in a text.")
        if not isinstance(stored.get("other_region", False), bool):
            raise ValueError("other_region is true or false.")

    def check(self) -> str:
        """The statuses need a log-in; the cities do not."""
        self._ask("check", "GET", "/statuses")
        return f"{len(self.places().refresh())} cities"

    # --- How it is spoken to ------------------------------------------------------------------------------------
    def authorise(self, secret: str, headers: dict[str, str], query: dict[str, str]) -> None:
        query["token"] = secret

    def log_in(self) -> tuple[str, timedelta]:
        form = accounts.credentials(self.account)
        try:
            answer = self._ask("log_in", "POST", "/login", form=form, secret="")
        except CarrierError as error:
            if not error.permanent:
                raise
            raise CarrierError(f"It does not accept our credentials: {error}", credentials=True) from error
        token = answer.text("data", "token") or answer.text("data", 0, "token")
        if not token or not _storable(token):
            raise CarrierError(f"Its answer to the log-in makes no sense: {said(answer)}")
        return token, _LOG_IN_LASTS

    def is_stale(self, answer: Answer) -> bool:
        return answer.status == 401 or answer.text("errNum") == "21"

    def refusal(self, answer: Answer) -> CarrierError:
        message = readable(answer.text("msg") or said(answer))
        return CarrierError(message, permanent=True, path=_path(message))

    def _ask(self, verb: str, method: str, path: str, *, reads: bool = True, **options: Any) -> Answer:
        """A call whose no is an error, also where it comes with a 200."""
        answer = self.call(verb, method, _BASE + path, reads=reads, **options)
        if _says_no(answer):
            raise self.refusal(answer)
        return answer

    # --- Places -------------------------------------------------------------------------------------------------
    def places(self) -> Places:
        return Places(self.destination, self._names)

    def _names(self, kind: str) -> dict[str, str]:
        """The list of a kind (see `destined`), names by number. No token is needed for it."""
        what, _, city = kind.partition("/")
        path, query = ("/citys", None) if what == CITY else ("/regions", {"city_id": city})
        answer = self._ask("places", "GET", path, query=query, secret="")
        field = "city_name" if what == CITY else "region_name"
        rows = [(_number(row.get("id")), text(row.get(field))) for row in _rows(answer)]
        found = {number: name for number, name in rows if number and len(number) < 30 and name and _storable(name)}
        if not found and (what == CITY or answer.get("data") != []):
            raise CarrierError(f"Its list of places makes no sense: {said(answer)}")
        return found

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        return self._written(consignment, self._place(Places(self.destination), consignment.order))

    def prepare(self, consignment: Consignment) -> Translation:
        _mobile(consignment.order.dropoff_phone), _price(consignment.order)  # before anybody is asked
        return self._written(consignment, self._place(self.places(), consignment.order))

    def _place(self, places: Places, order: Order) -> Place | None:
        return places.place_of(order, other_region=self.destination.settings.get("other_region") is True)

    def _written(self, consignment: Consignment, place: Place | None) -> Translation:
        order, extras = consignment.order, consignment.order.extras
        ledger = Ledger(order)
        body = {
            "client_name": order.dropoff_name.strip()[:_MAX_NAME] or _NO_NAME,
            "client_mobile": _mobile(order.dropoff_phone),
            "price": _price(order),
            "replacement": "1" if words.is_replacement(order) else "0",
        }
        ledger.kept("dropoff.name", "dropoff.phone", "dropoff.address", "dropoff.address.*", "cod_amount")
        ledger.kept("extras.replacement")
        if not order.dropoff_name.strip():
            ledger.defaulted("dropoff.name", _NO_NAME)
        if second := str(extras.get("client_mobile2") or ""):
            with suppress(CarrierError):
                body["client_mobile2"] = _mobile(second)
                ledger.kept("extras.client_mobile2")
        if place:
            body |= {"city_id": place.city, "region_id": place.region}
        if place and place.other:
            ledger.defaulted("dropoff.address.region", "its region for what is in none")
        if where := location(order):
            body["location"] = where[:_MAX_LOCATION]
        self._goods(order, ledger, body)
        if order.number:
            body["company_order_id"] = order.number
        if promo := str(extras.get("promo_code") or ""):
            body["promo_code"] = promo
            ledger.kept("extras.promo_code")
        more = ledger.in_words(
            "external_id", "parcel.pieces", "parcel.weight_kg", "parcel.dimensions", "window.*", "dropoff.location"
        )
        notes = "" if order.notes in words.NONES else order.notes
        whole = " · ".join(filter(None, (mark_of(consignment.key), notes, more)))
        body["merchant_notes"] = whole[:_MAX_NOTES]
        ledger.kept("external_id")
        ledger.kept("notes", note="" if len(whole) <= _MAX_NOTES else f"the first {_MAX_NOTES} characters")
        ledger.lost("pickup.*", note="it picks up at the account's own address")
        return ledger.translation(body)

    def _goods(self, order: Order, ledger: Ledger, body: dict[str, str]) -> None:
        items = items_of(order)
        goods = ", ".join(name for item in items if (name := item.name.strip()))[:_MAX_GOODS]
        body["type_name"] = goods or _NO_GOODS
        body["items_number"] = str(max(sum(item.quantity for item in items), 1))
        ledger.kept("items")
        if not goods:
            ledger.defaulted("items", _NO_GOODS)
        size = str(order.extras.get("package_size") or "")
        if _DIGITS.fullmatch(size):
            body["package_size"] = size
            ledger.kept("extras.package_size")
        else:
            body["package_size"] = str(self.destination.settings.get("package_size") or _USUAL_SIZE)
            ledger.defaulted("extras.package_size", body["package_size"])

    def book(self, consignment: Consignment) -> Booking:
        answer = self._ask("book", "POST", "/create-order", reads=False, form=consignment.body)
        row = next(iter(_rows(answer)), {})
        number = _number(row.get("qr_id")) or _number(row.get("id"))
        if not number:
            raise CarrierError(f"Its yes has no number: {said(answer)}", unknown=True)
        link = text(row.get("qr_link"))
        is_link = link.startswith(("http://", "https://")) and _storable(link)
        return Booking(number, label_url=link if is_link else "")

    def find(self, consignment: Consignment) -> Booking | None:
        """Reads the whole list, of which only what may be ours is kept in memory. A dead one is no parcel; of several,
        the first is the one."""
        mark = mark_of(consignment.key)

        def keep(row: dict[str, Any]) -> Any:
            return _OTHERS if "merchant_notes" in row and not _is_marked(row, mark) else row

        answer = self._ask("find", "GET", "/merchant-orders", max_answer=MAX_LIST, keep=keep)
        data, rows = answer.get("data"), _rows(answer)
        if not isinstance(data, list) or len(rows) + data.count(_OTHERS) < len(data):
            raise CarrierError(f"Its list of orders makes no sense: {said(answer)}")
        alive = [row for row in rows if _is_marked(row, mark) and _status_id(row) != 0]
        numbers = [number for row in alive if (number := _reference(row))]
        if not numbers and (alive or any("merchant_notes" not in row for row in rows)):
            raise CarrierError("Its list of orders does not say which is ours.")
        if not numbers and (wait := self.unsettled(consignment)):
            raise CarrierError("Its list lacks it, but it may still be at work on it.", retry_after=wait)
        if len(numbers) > 1:
            logger.warning("more than one parcel", extra={"dispatch": consignment.key, "references": numbers})
        return Booking(min(numbers, key=int)) if numbers else None

    def cancel(self, consignment: Consignment, reference: str) -> None:
        """It deletes orders that are at status 1. A refusal may be about one that is gone already: by an attempt of
        ours, or by another hand, which the whole list must then bear out."""
        try:
            self._ask("cancel", "POST", "/delete_orders", reads=False, form={"qr_ids": reference})
        except CarrierError as error:
            if not error.permanent:
                raise
            rows = self._looked_up([reference])
            row = rows.get(reference)
            if (row and _status_id(row) != 0) or "" in rows:
                raise
            if row is None and consignment.attempt == 1 and self.find(consignment):
                raise

    # --- Following ----------------------------------------------------------------------------------------------
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        """One that is not in the answer is left out: that it was deleted there by another hand is no news of it."""
        rows = self._looked_up([reference for _, reference in consignments])
        reports = {one.key: _report(rows[reference]) for one, reference in consignments if reference in rows}
        return {key: [report] for key, report in reports.items() if report}

    def _looked_up(self, references: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows by their numbers; one that has lost it, under an empty one."""
        form = {"ids": ",".join(references)}
        answer = self._ask("track", "POST", "/get-orders-by-ids-bulk", form=form)
        if not isinstance(answer.get("data"), list):
            raise CarrierError(f"Its list of orders makes no sense: {said(answer)}")
        return {_reference(row): row for row in _rows(answer)}

    def read_callback(self, callback: Callback) -> list[Heard]:
        """The header's name and what is in it are ours to choose: "name:token"."""
        name, _, token = accounts.callback_secret(self.account).partition(":")
        given = callback.headers.get(name.strip(), "") if name.strip() else ""
        if not token.strip() or not constant_time_compare(given.strip(), token.strip()):
            raise NotGenuine("The header that was agreed on is missing, or says something else.")
        row = callback.json()
        key, number, report = _key_in(row), _reference(row), _report(row)
        if not (number or key) or (report is None and _status_id(row) is None):
            raise ValueError("it says neither which order this is nor where it is")
        return [Heard(report, reference=number, key=key)] if report else []

    def label(self, consignment: Consignment, reference: str, url: str) -> bytes:
        """Without an address of its own (a booking that was found again) at the documented path, with our token."""
        try:
            if not url:
                token = accounts.access_token(self.account, self.log_in)
                where = f"/merchant/print-single-tcpdf?{urlencode({'id': reference, 'token': token})}"
                url = accounts.address(self.account) + where
            give_back()
            with self.transcript.exchange("label", f"GET label of {reference}") as log:
                reply = http.send("GET", url, timeout=TIMEOUT, max_answer=10_000_000)
                log.status_code = reply.status
        except HttpError as error:
            raise CarrierError(readable(str(error))) from error
        if reply.status != 200 or not reply.body.startswith(b"%PDF"):
            raise CarrierError(f"Its label is no PDF: {reply.status}", permanent=reply.status < 500)
        return reply.body


# --- Our mark -------------------------------------------------------------------------------------------------------
def mark_of(key: str) -> str:
    """Our key in fewer letters, for the notes; `_key_in` reads it again."""
    found = _KEY.fullmatch(key)
    return f"WSL-{b32encode(bytes.fromhex(found[1])).decode().rstrip('=')}-{found[2]}" if found else f"WSL-{key}"


def _key_in(row: Mapping[str, Any]) -> str:
    found = _MARK.search(text(row.get("merchant_notes")))
    return f"{b32decode(found[1] + '======').hex()}-{found[2]}" if found else ""


def _is_marked(row: Mapping[str, Any], mark: str) -> bool:
    return re.search(rf"{re.escape(mark)}(?![0-9])", str(row.get("merchant_notes"))) is not None


# --- Their answers --------------------------------------------------------------------------------------------------
def _says_no(answer: Answer) -> bool:
    status, number = answer.get("status"), answer.text("errNum")
    if isinstance(status, bool):
        return not status
    return text(status).lower() in ("false", "0") or (number not in ("", "S000") and not answer.get("data"))


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """What is in `data`: an array, or one object."""
    data = answer.get("data")
    return [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]


def _storable(value: Any) -> bool:
    try:
        check_storable(value)
    except ValueError:
        return False
    return True


def _number(value: Any) -> str:
    """An id, which comes as a text or as a number."""
    found = text(int(value) if isinstance(value, float) and value.is_integer() else value)
    return found if _DIGITS.fullmatch(found) else ""


def _reference(row: Mapping[str, Any]) -> str:
    return _number(row.get("id")) or _number(row.get("qr_id"))


def _status_id(row: Mapping[str, Any]) -> int | None:
    number = _number(row.get("status_id"))
    if number:
        return int(number)
    by_text = _BY_TEXT.get(normalise(text(row.get("status"))))
    return 4 if by_text is None and _number(row.get("deliver_done")) == "1" else by_text


def _report(row: dict[str, Any]) -> Report | None:
    """Where it is; None where nothing is said of that. The driver's notes are the better words where there are any."""
    number = _status_id(row)
    if number is None or number == _MONEY_EVENT or not _storable(row):
        return None
    status, mark = words.IN.get(number, (None, ""))
    issue, name = text(row.get("issue_notes")), text(row.get("status"))
    known = name or words.STATUSES.get(number, str(number))
    shown = " · ".join(dict.fromkeys(filter(None, (known, "" if issue in words.NONES else issue))))
    at = text(row.get("updated_at"))
    key = f"{_reference(row)}:{number}@{at}"[:128]
    return Report(key, status, mark, "" if status == Status.ACCEPTED else shown, _moment(at), row, str(number))


def _moment(given: str) -> datetime | None:
    try:
        return datetime.strptime(given, "%Y-%m-%d %H:%M:%S").replace(tzinfo=words.TIME_ZONE)
    except ValueError:
        return None


# --- Our order ------------------------------------------------------------------------------------------------------
def _mobile(phone: str) -> str:
    """+9647XXXXXXXXX, however it is written. Raises a permanent `CarrierError` for what is no Iraqi mobile."""
    found = _MOBILE.fullmatch(_PUNCTUATION.sub("", normalise(phone)))
    if not found:
        raise CarrierError(f"{phone} is no Iraqi mobile (+9647XXXXXXXXX).", permanent=True, path="dropoff.phone")
    return f"+964{found[1]}"


def _price(order: Order) -> str:
    """What is paid at the door, in whole dinars."""
    if not order.cod_amount:
        return "0"
    if order.currency != words.CURRENCY:
        message = f"This carrier collects {words.CURRENCY}, not {order.currency}."
        raise CarrierError(message, permanent=True, path="cod_amount")
    amount = money.written(order.cod_amount, order.currency)
    if amount != amount.to_integral_value():
        raise CarrierError("This carrier collects whole dinars only.", permanent=True, path="cod_amount")
    return str(int(Decimal(amount)))


# The field that a refusal names.
_PATHS = {
    "client_mobile": "dropoff.phone",
    "client_name": "dropoff.name",
    "city": "dropoff.address.city",
    "region": "dropoff.address.region",
    "price": "cod_amount",
    "type_name": "items",
}


def _path(message: str) -> str | None:
    return next((path for field, path in _PATHS.items() if re.search(rf"\b{field}", message)), None)
