"""Exceptions and draft paths → Muvx's status codes, bodies and field names."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from integrations import refusals
from integrations.bodies import TooLarge
from integrations.dialect import first_problem
from integrations.idempotency import IdempotencyConflict
from integrations.muvx import words
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.models import Order

# Draft path → the document's field, where they differ.
FIELDS = {"external_id": "integration_order_id", "destination": "destination_id", "release_at": "scheduled_pickup_time"}
# The same for what a carrier may refuse; it also knows what is only around a field.
_ENDS = ("pickup", "dropoff")
_REFUSED = {
    **FIELDS,
    **{path: path for path in ("pickup", "dropoff", "items", "items.*", "notes", "cod_amount")},
    **{f"{end}.{part}": f"{end}.{part}" for end in _ENDS for part in ("name", "phone", "address")},
    **{f"{end}.address.{part}": f"{end}.address.{part}" for end in _ENDS for part in words.ADDRESS},
    **{f"{end}.location": f"{end}.lat" for end in _ENDS},
    **{f"items.*.{part}": f"items.*.{part}" for part in ("name", "quantity", "price")},
    "items.*.weight_kg": "items.*.weight",
    "parcel.weight_kg": "items",
}
_MISSING = {"required", "null", "blank", "empty"}


class InvalidStatus(exceptions.APIException):
    """A pickup was asked for at a status that does not allow it."""

    status_code = 400


def answer_error(error: Exception) -> tuple[int, dict[str, Any]]:
    match error:
        case exceptions.ValidationError():
            path, code, text = first_problem(error.detail)
            if code in _MISSING and path:
                return _body(400, "validation_error", f"Missing required field: {path}")
            return _body(400, "validation_error", f"Invalid field: {path}: {text}" if path else text)
        case DuplicateOrder():
            return _body(409, "duplicate_order", "An order with this integration_order_id already exists.")
        case IdempotencyConflict():
            return _body(409, "idempotency_conflict", error.message)
        case NoDestination(path=None):
            return _body(400, "validation_error", error.message)
        case InvalidDraft() | NoDestination():
            path = FIELDS.get(error.path or "", error.path or "")
            return _body(400, "validation_error", f"Invalid field: {path}: {error.message}")
        case WrongStatus():
            return _body(400, "invalid_action", error.message)
        case InvalidStatus():
            return _body(400, "invalid_status", str(error.detail))
        case exceptions.ParseError():
            return _body(400, "validation_error", str(error.detail))
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return _body(401, "unauthorized", "Missing or invalid API key.")
        case exceptions.PermissionDenied() | PermissionDenied():
            return _body(403, "forbidden", "This key may not do that.")
        case exceptions.NotFound() | Http404():
            return _body(404, "not_found", str(getattr(error, "detail", "")) or "There is nothing at this address.")
        case exceptions.MethodNotAllowed():
            return _body(405, "method_not_allowed", str(error.detail))
        case TooLarge():
            return _body(413, "too_large", str(error.detail))
        case exceptions.UnsupportedMediaType():
            return _body(415, "unsupported_media_type", "Send the body as application/json.")
        case exceptions.Throttled():
            return _body(429, "rate_limited", str(error.detail))
        case exceptions.APIException() if error.status_code < 500:
            return _body(error.status_code, "error", str(error.detail))
    return _body(500, "internal_error", "Something went wrong on our side. Please try again later.")


def _body(status: int, code: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"success": False, "error": code, "message": message}


def refused(order: Order) -> dict[str, Any]:
    """What is added to an answer about an order that its carrier refused."""
    told = refusals.told(order, _REFUSED)
    return {"error": told} if told else {}


def pickup_refusal(status_word: str) -> InvalidStatus:
    return InvalidStatus(f"Pickup cannot be triggered. Current status: {status_word}")
