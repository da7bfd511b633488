"""Wasl as a client of Magic Lane. Source: the document "Order", and Magic Lane's page about customers.

An order belongs to a customer there: the party that it is picked up from, made once and remembered. Our key is the
order's `alias`, which is how it is found again. What the document leaves open:

- A customer needs coordinates. Without any at the pick-up they are the source's pick-up point's, or else the
  drop-off's, which is reported: no delivery is driven there.
- An order needs coordinates too, and not every dialect has them. Unless the destination's setting `unknown_place` is
  "refuse", it gets those of the pick-up, of the source, or of the merchant's city, is reported so, and says first of
  all that it must be driven by its address.
- `timeWindow` has no date: one that ends on another day is cut at the end of its first, and the dates are in
  `customData`, with everything else that has no field, such as the money to be collected.
- A 404 is believed only when the list of orders does not have it either: a wrong address must not look like orders
  that are gone.

Settings of a destination: `customer_id`, the one to whom all orders belong instead (default: by pick-up).
"""

import re
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from integrations.carrier import Booking, CarrierError, Consignment, Report
from integrations.client import Answer, HttpCarrier, dig, said, text
from integrations.magiclane import words
from integrations.magiclane.outward import alias_of, customer_body, order_body, who
from integrations.models import RemoteName
from integrations.translation import Ledger, Translation
from orders.models import Order
from orders.statuses import Status

_CUSTOMER = "customer"
_LISTED = 10
# What a message of a 400 is about: the documented reasons, and our own field names.
_ABOUT = (
    ("phone", "dropoff.phone"),
    ("coordinate", "dropoff.location"),
    ("location", "dropoff.location"),
    ("window", "window.start"),
    ("package", "parcel.pieces"),
    ("weight", "parcel.weight_kg"),
    ("cub", "parcel.dimensions"),
    ("volum", "parcel.dimensions"),
    ("mail", "dropoff.email"),
    ("address", "dropoff.address"),
    (_CUSTOMER, _CUSTOMER),
)


class MagicLaneCarrier(HttpCarrier):
    """Magic Lane takes the same order twice: it is looked for by its alias before a booking is repeated."""

    guards_keys = False
    dialect = words.DIALECT

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        chosen = stored.get("customer_id", "1")
        if set(stored) - {"customer_id", "unknown_place"}:
            raise ValueError("The settings are customer_id and unknown_place.")
        if not (isinstance(chosen, str) and re.fullmatch(r"[0-9]{1,18}", chosen)):
            raise ValueError('customer_id is a number as text: {"customer_id": "1838721"}.')
        if stored.get("unknown_place", "guess") not in ("guess", "refuse"):
            raise ValueError('unknown_place is "guess" or "refuse".')

    def authorise(self, secret: str, headers: dict[str, str], query: dict[str, str]) -> None:
        headers["Authorization"] = secret

    def check(self) -> str:
        query = {"includeColumns": "id", "page": "1", "per_page": "1"}
        self._listed(self.call("check", "GET", "/v1/orders", query=query, reads=True))
        return "It answers."

    # --- Booking ------------------------------------------------------------------------------------------------
    def translate(self, consignment: Consignment) -> Translation:
        order = consignment.order
        is_known = order.dropoff_lat is not None and order.dropoff_lng is not None
        if not is_known and self.destination.settings.get("unknown_place") == "refuse":
            raise CarrierError("The coordinates are not set.", permanent=True, path="dropoff.location")
        ledger = Ledger(order)
        body = order_body(consignment.key, order, ledger)
        customer = self.destination.settings.get("customer_id")
        if customer:
            ledger.lost("pickup.*", note="the customer is that of the destination's settings")
        else:
            customer_body(order, ledger)
            customer = self._remembered(order)
        return ledger.translation({"customerId": _number(customer), **body})

    def prepare(self, consignment: Consignment) -> Translation:
        translation = self.translate(consignment)
        if not translation.body["customerId"]:
            translation.body["customerId"] = self._customer_id(consignment.order)
        return translation

    def book(self, consignment: Consignment) -> Booking:
        body = dict(consignment.body)
        try:
            answer = self.call("book", "POST", "/v1/orders", body=[body])
        except CarrierError as error:
            other = self._another_customer(consignment.order, body) if error.path == _CUSTOMER else None
            if not other:
                raise _about_pickup(error) from error
            try:  # once
                answer = self.call("book", "POST", "/v1/orders", body=[body | {"customerId": other}])
            except CarrierError as again:
                raise _about_pickup(again) from again
        made = answer.get("orders", 0)
        number = text(dig(made, "id"))
        if not number:
            raise CarrierError(f"Its yes has no id: {said(answer)}", unknown=True)
        return _alive(number, made)

    def find(self, consignment: Consignment) -> Booking | None:
        query = {"alias": f"{consignment.key}:exact"}
        listed = self._listed(self.call("find", "GET", "/v1/orders", query=query, reads=True))
        if not all(consignment.key in text(dig(one, "alias")) for one in listed):
            raise CarrierError("It does not find orders by their alias as documented: is it there?", unknown=True)
        bookings, dead = [], None
        for one in listed:
            if text(dig(one, "alias")) == consignment.key and (number := text(dig(one, "id"))):
                try:
                    bookings.append(_alive(number, one))
                except CarrierError as error:
                    dead = error
            elif text(dig(one, "alias")) == consignment.key:
                raise CarrierError("It has the order, but does not say under which id.", unknown=True)
        if dead and not bookings:
            raise dead
        if not bookings and (wait := self.unsettled(consignment)):
            raise CarrierError("Its list lacks it, but it may still be at work on it.", retry_after=wait)
        return bookings[0] if bookings else None

    def refusal(self, answer: Answer) -> CarrierError:
        message = answer.text("message") or said(answer)
        if answer.status == 403:
            return CarrierError(message, credentials=True)
        # 404 and 405 are no answers to an order: somebody else is at this address, and may be gone tomorrow.
        lower = message.lower()
        path = next((path for word, path in _ABOUT if word in lower), None)
        return CarrierError(message, permanent=answer.status not in (404, 405), path=path)

    def cancel(self, consignment: Consignment, reference: str) -> None:
        body = {"ids": [_number(reference)]}
        answer = self.call("cancel", "DELETE", "/v1/orders", body=body, refused_is_fine=(404,))
        if answer.status != 404:
            return
        # It does not exist, or is "used in another operation".
        left = self._look(reference)
        if left is not None and _state(left) != words.REJECTED:
            raise CarrierError(answer.text("message") or said(answer), permanent=True)

    # --- Following ----------------------------------------------------------------------------------------------
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        return self.each(consignments, lambda consignment, reference: self._reports(reference))

    def _reports(self, reference: str) -> list[Report]:
        found = self._look(reference)
        if found is None:
            return [_report("gone", Status.CANCELLED, "deleted at the carrier", {})]
        state, word = _state(found), text(found.get("state"))
        if state in words.IN:
            return [_report(str(state), words.IN[state], words.IN_TEXT.get(state, ""), found)]
        return [_report(word, None, f"state {word}", found)] if word else []

    def _look(self, reference: str) -> dict[str, Any] | None:
        """The order as it is there, None if it is surely gone."""
        names = {"id": reference}
        answer = self.call("track", "GET", "/v1/orders/{id}", names=names, reads=True, refused_is_fine=(404,))
        if answer.status != 404:
            if not isinstance(answer.data, dict):
                raise CarrierError(f"Its answer is no order: {said(answer)}")
            return answer.data
        query = {"id": f"{reference}:exact"}
        listed = self._listed(self.call("track", "GET", "/v1/orders", query=query, reads=True))
        if not all(text(one.get("id")) for one in listed):
            raise CarrierError(f"Its list does not say which orders are in it: {said(answer)}")
        return next((one for one in listed if text(one.get("id")) == reference), None)

    def _listed(self, answer: Answer, name: str = "orders") -> list[dict[str, Any]]:
        """The objects of a list. Raises `CarrierError` for anything else, which is not a list with nothing in it."""
        found = answer.get(name)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise CarrierError(f"Its answer is no list of {name}: {said(answer)}")
        return found

    # --- Customers ----------------------------------------------------------------------------------------------
    def _remembered(self, order: Order) -> str:
        known = RemoteName.objects.filter(destination_id=self.destination.pk, kind=_CUSTOMER, name=who(order)).first()
        return known.remote_id if known else ""

    def _customer_id(self, order: Order) -> int | str:
        """The customer of the order's pick-up at the carrier: remembered, found, or made."""
        number = self._remembered(order) or self._find_customer(order) or self._make_customer(order)
        kept, _new = RemoteName.objects.get_or_create(
            destination=self.destination,
            kind=_CUSTOMER,
            name=who(order),
            defaults={"label": order.pickup_name, "remote_id": number},
        )
        return _number(kept.remote_id)

    def _find_customer(self, order: Order) -> str:
        """One that an earlier attempt has made, if its answer was lost. Should the list not be one of those that were
        asked for, a second customer does no harm."""
        alias = alias_of(order)
        query = {"alias": f"{alias}:exact", "page": "1", "per_page": str(_LISTED)}
        listed = self._listed(self.call("customer", "GET", "/v1/customers", query=query, reads=True), "customers")
        return next((text(one.get("id")) for one in reversed(listed) if text(one.get("alias")) == alias), "")

    def _make_customer(self, order: Order) -> str:
        # No parcel comes of it: that it is not known whether it was made does not matter.
        try:
            answer = self.call(
                "customer", "POST", "/v1/customers", body=[customer_body(order, Ledger(order))], reads=True
            )
        except CarrierError as error:
            error.path = error.path and error.path.replace("dropoff.", "pickup.")
            raise _about_pickup(error) from error
        number = answer.text("customers", 0, "id")
        if not number or len(number) > 64:
            raise CarrierError(f"Its new customer has no id: {said(answer)}")
        return number

    def _another_customer(self, order: Order, body: dict[str, Any]) -> Any:
        """Instead of one that the carrier has lost: made anew, or what another order of the same party has got since.
        None if there is no other; what a person has chosen stays."""
        if self.destination.settings.get("customer_id"):
            return None
        lost = body.get("customerId")
        known = RemoteName.objects.filter(destination_id=self.destination.pk, kind=_CUSTOMER, name=who(order))
        known.filter(remote_id=str(lost), by_hand=False).delete()
        other = self._customer_id(order)
        return None if other == lost else other


# --- What is heard --------------------------------------------------------------------------------------------------
def _alive(number: str, found: Any) -> Booking:
    if _state(found) == words.REJECTED:
        raise CarrierError(f"It has {number}, but as rejected.", burnt=True)
    return Booking(number)


def _report(word: str, status: str | None, words_of_it: str, body: dict[str, Any]) -> Report:
    # It only says where the order is now, not since when: a state that comes again is news each time.
    return Report(f"{word[:60]}@{timezone.now().isoformat()}", status, text=words_of_it, body=body, word=word[:255])


def _number(value: Any) -> Any:
    """A whole number also where it came as a text; anything else as it is."""
    whole = text(value)
    return int(whole) if whole.isascii() and whole.isdecimal() and len(whole) <= 18 else value


def _state(found: Any) -> int | None:
    """As a number, however it is written; None for what is none."""
    try:
        state = float(text(dig(found, "state")))
    except ValueError:
        return None
    return int(state) if state.is_integer() else None


def _about_pickup(error: CarrierError) -> CarrierError:
    """The customer is our pick-up."""
    if error.path == _CUSTOMER:
        error.path = "pickup.name"
    return error
