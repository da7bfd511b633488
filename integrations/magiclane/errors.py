"""Exceptions and draft paths → Magic Lane's status codes and messages."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from psycopg.errors import ForeignKeyViolation
from rest_framework import exceptions

from integrations import refusals
from integrations.bodies import TooLarge
from integrations.dialect import first_problem
from integrations.idempotency import IdempotencyConflict
from integrations.magiclane import words
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.models import Order

Answer = tuple[int, dict[str, str]]

# What a carrier may refuse → the document's field. `revenue` is no cash at the door, and items are not known here.
_REFUSED = {
    "external_id": "alias",
    "notes": "customData",
    "parcel.weight_kg": "weight",
    "parcel.pieces": "numberOfPackages",
    "window.start": "timeWindow",
    "window.end": "timeWindow",
    **{f"extras.{words.DIALECT}.{name}": name for name in ("cube", "revenue", "priority", "serviceTime", "timeWindow")},
}
# The same of the stop at which an order's location is, and of the customer where that stands for the other one.
_HERE = {
    "name": "firstName",
    "phone": "phoneNumber",
    "location": "location",
    "address": "address",
    **{f"address.{name}": f"address.{name}" for name in (*words.ADDRESS, words.EXTRA)},
    **{f"address.{others}": f"address.{name}" for name, others in words.OTHERS_ADDRESS.items()},
}
_CUSTOMER = {part: f"customerInfo.{field}" for part, field in _HERE.items()} | {"email": "customerInfo.email"}


def answer_error(error: Exception) -> Answer:
    match error:
        case exceptions.ValidationError():
            path, _, text = first_problem(error.detail)
            return 400, {"message": f"{path}: {text}" if path else text}
        case exceptions.ParseError():
            return 400, {"message": str(error.detail)}
        case InvalidDraft(path=str() as path):
            return 400, {"message": f"{path}: {error.message}"}
        case InvalidDraft() | NoDestination() | WrongStatus():
            return 400, {"message": error.message}
        case IntegrityError() if isinstance(error.__cause__, ForeignKeyViolation):
            # It was there when the order was checked, and was deleted before the order was stored.
            return 400, {"message": "The customer or the depot has just been deleted."}
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return 401, {"message": "API key is missing or invalid."}
        case exceptions.PermissionDenied() | PermissionDenied():
            return 403, {"message": "This key may not do that."}
        case exceptions.NotFound() | Http404():
            return 404, {"message": str(getattr(error, "detail", "")) or "There is nothing at this address."}
        case exceptions.MethodNotAllowed():
            return 405, {"message": "Incorrect method type."}
        case IdempotencyConflict() | DuplicateOrder():
            return 409, {"message": error.message}
        case exceptions.UnsupportedMediaType():
            return 415, {"message": "Send the body as application/json."}
        case exceptions.APIException() if isinstance(error, TooLarge) or error.status_code < 500:
            return error.status_code, {"message": str(error.detail)}
    return 500, {"message": "Something went wrong on our side. Please try again later."}


def refused(order: Order) -> dict[str, Any]:
    """What is added to an order that its carrier refused."""
    if not refusals.refused_path(order):
        return {}
    ours = order.extras.get(words.DIALECT)
    here, there = words.ends((ours or {}).get("type", words.DELIVERY))
    fields = _REFUSED | {f"{here}.{part}": field for part, field in _HERE.items()}
    if order.depot_id:
        fields[there] = "depotId"
    elif ours is None:
        fields |= {f"{there}.{part}": field for part, field in _CUSTOMER.items()}
    return {"error": refusals.told(order, fields)}
