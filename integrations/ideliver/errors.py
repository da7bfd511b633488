"""Exceptions → iDeliver's status codes and bodies: `{"error", "message", "details"?}`, one problem at a time."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from integrations import refusals
from integrations.bodies import TooLarge
from integrations.dialect import first_problem
from integrations.ideliver import words
from integrations.idempotency import IdempotencyConflict
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, OutOfCoverage, WrongStatus
from orders.models import Order

Answer = tuple[int, dict[str, Any]]

# Draft path → the document's field, where they differ.
_FIELDS = {
    "cod_amount": "standardized.cod_amount_minor",
    "rider": "standardized.rider_id",
    "window.pickup_at": "standardized.scheduled_pickup_at",
}
# The same for what a carrier may refuse. The name and phone of the pick-up are the source's own.
_REFUSED = {
    **_FIELDS,
    **{path: f"standardized.{path}" for path in ("notes", "items", "items.*", "items.*.name", "items.*.quantity")},
    "external_id": "external_order_id",
    "dropoff.name": "standardized.customer_name",
    "dropoff.phone": "standardized.customer_phone",
    **{f"{end}.address": f"standardized.{end}_address" for end in ("pickup", "dropoff")},
    **{f"{end}.location": f"standardized.{end}_lat" for end in ("pickup", "dropoff")},
    "items.*.price": "standardized.items.*.price_minor",
    "currency": "standardized.cod_currency",
    "parcel.weight_kg": "standardized.weight_kg",
    "parcel.dimensions": "standardized.length_cm",
    **{f"parcel.{side}_cm": f"standardized.{side}_cm" for side in ("length", "width", "height")},
    "window.start": "standardized.delivery_window_start",
    "window.end": "standardized.delivery_window_end",
    "extras.vehicle_type_hint": "standardized.vehicle_type_hint",
}
_MISSING = {"required", "null", "blank"}


def answer_error(error: Exception) -> Answer:
    match error:
        case exceptions.ValidationError():
            path, code, text = first_problem(error.detail)
            if path in words.MISSING and code in _MISSING:
                return _body(400, words.MISSING[path], f"{path} is required.", field=path)
            return _invalid(path, text)
        case OutOfCoverage():
            # "Adds point, lat, lng" does not say where: they are beside the code and in the details.
            where = {"point": error.path, "lat": error.lat, "lng": error.lng}
            status, body = _body(400, "OUT_OF_COVERAGE_AREA", error.message, **where)
            return status, body | where
        case InvalidDraft() | NoDestination():
            return _invalid(_FIELDS.get(error.path or "", error.path or ""), error.message)
        case exceptions.ParseError():
            return _invalid("", str(error.detail))
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return _body(401, "unauthorized", "Missing or invalid API key.")
        case exceptions.PermissionDenied() | PermissionDenied():
            return _body(403, "forbidden", str(getattr(error, "detail", "")) or "This key may not do that.")
        case exceptions.NotFound() | Http404():
            return _body(404, "not_found", str(getattr(error, "detail", "")) or "There is nothing at this address.")
        case exceptions.MethodNotAllowed():
            return _body(405, "method_not_allowed", str(error.detail))
        case DuplicateOrder():
            text = "There is an order with this source and external_order_id, and with another payload."
            return _body(409, "duplicate_order", text, field="external_order_id")
        case IdempotencyConflict():
            return _body(409, "idempotency_conflict", error.message)
        case WrongStatus():
            return _body(409, "cannot_cancel", error.message)
        case TooLarge():
            return _body(413, "payload_too_large", str(error.detail))
        case exceptions.UnsupportedMediaType():
            return _body(415, "unsupported_media_type", "Send the body as application/json.")
        case exceptions.Throttled():
            return _body(429, "rate_limited", str(error.detail))
        case exceptions.APIException() if error.status_code < 500:
            return _body(error.status_code, "error", str(error.detail))
    return _body(500, "internal_error", "Something went wrong on our side. Please try again later.")


def refused(order: Order) -> dict[str, Any]:
    """What is added to an order that its carrier refused."""
    told = refusals.told(order, _REFUSED)
    if not told:
        return {}
    details = {"details": {"field": told["field"]}} if "field" in told else {}
    return {"last_error": {"error": "carrier_refused", "message": told["message"], **details}}


def _invalid(path: str, text: str) -> Answer:
    if not path:
        return _body(400, "validation_error", text)
    return _body(400, "validation_error", f"{path}: {text}", field=path)


def _body(status: int, code: str, message: str, **details: Any) -> Answer:
    return status, {"error": code, "message": message, **({"details": details} if details else {})}
