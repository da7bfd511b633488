"""Exceptions → Modon's envelope: errNum "21" for a question of access, "999" for all else."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from integrations import refusals
from integrations.dialect import first_problem
from integrations.modon import words
from orders.errors import InvalidDraft, OrderError, WrongStatus

Answer = tuple[int, dict[str, Any]]
_FIELDS = {"cod_amount": "price", "items.0.price": "price", "dropoff": "location"}

# Draft path → the document's field, of what a carrier may refuse. The pick-up is the source's own.
_REFUSED = {
    "external_id": "company_order_id",
    "dropoff.name": "client_name",
    "dropoff.phone": "client_mobile",
    "dropoff.address": "location",
    "dropoff.address.city": "city_id",
    "dropoff.address.city_id": "city_id",
    **dict.fromkeys((f"dropoff.address.{part}" for part in ("region", "region_id", "area")), "region_id"),
    "dropoff.location": "location",
    "cod_amount": "price",
    "items": "type_name",
    "items.*.quantity": "items_number",
    "items.*.price": "price",
    "parcel": "package_size",
    "notes": "merchant_notes",
    **{f"extras.{name}": name for name in ("client_mobile2", "package_size", "replacement", "promo_code")},
}


def refused(order: Any) -> str:
    """What `issue_notes` says of an order, or of a row of a list, that its carrier refused; empty for any other."""
    path = refusals.refused_path(order)
    if not path:
        return ""
    field = refusals.field_of(path, _REFUSED)
    return f"{field}: {words.REFUSED_FIELD}" if field else words.REFUSED


def answer_error(error: Exception) -> Answer:
    match error:
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return _body(400, words.NO_ACCESS, number="21")
        case exceptions.PermissionDenied() | PermissionDenied():
            return _body(400, words.NO_ACCESS, number="21")
        case exceptions.ValidationError():
            path, _, text = first_problem(error.detail)
            return _body(400, f"{path}: {text}" if path else text)
        case WrongStatus():
            return _body(400, "Only an order whose status is 1 can be edited or deleted.")
        case InvalidDraft() if error.path in _FIELDS:
            return _body(400, f"{_FIELDS[error.path]}: {error.message}")
        case OrderError():
            return _body(400, error.message)
        case exceptions.Throttled():
            return _body(429, "There have been too many requests. Wait a little.")
        case exceptions.NotFound() | Http404():
            return _body(404, "There is nothing at this address.")
        case exceptions.APIException() if error.status_code < 500:
            return _body(error.status_code, str(error.detail))
    return _body(500, "Something went wrong here. Try again, and tell us if it stays so.")


def _body(status: int, text: str, *, number: str = "999") -> Answer:
    if any(word in text.casefold() for word in words.MISLEADING):
        text = "The request cannot be accepted as it is."
    return status, {"status": False, "errNum": number, "msg": text}
