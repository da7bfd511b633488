"""Exceptions → Fuuffy's status codes and bodies: everything under `error`, and every field that is wrong at once."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from integrations import refusals
from integrations.bodies import TooLarge
from integrations.fuuffy.auth import BadClient, ExpiredToken
from integrations.idempotency import IdempotencyConflict
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.models import Order

Answer = tuple[int, dict[str, Any]]

# Draft path → the document's field, where they differ.
FIELDS = {"pickup": "sender", "dropoff": "recipient"}

# The same for what a carrier may refuse. There is no cash on delivery here: `value` is what the goods are worth.
_PERSON = ("name", "phone", "email", "address")
_REFUSED = {
    **FIELDS,
    **{f"{end}.{part}": f"{person}.{part}" for end, person in FIELDS.items() for part in _PERSON},
    **{
        f"{end}.address.{part}": f"{person}.{field}"
        for end, person in FIELDS.items()
        for part, field in (
            *((name, name) for name in ("city", "postal_code", "country")),
            ("postalCode", "postal_code"),
        )
    },
    "external_id": "reference",
    "notes": "notes",
    "items": "package.description",
    "items.*.price": "",
    "items.*.weight_kg": "package.weight",
    "parcel": "package",
    "parcel.weight_kg": "package.weight",
    "parcel.dimensions": "package.dimensions",
    **{f"parcel.{side}_cm": f"package.dimensions.{side}" for side in ("length", "width", "height")},
    "extras.service_type": "service_type",
    "extras.declared_value_usd": "package.value",
}


def answer_error(error: Exception) -> Answer:
    match error:
        case exceptions.ValidationError():
            return _invalid(_problems(error.detail))
        case exceptions.ParseError():
            return _invalid([("", str(error.detail))])
        case InvalidDraft() | NoDestination():
            path = error.path or ""
            return _invalid([(FIELDS.get(path, path), error.message)])
        case ExpiredToken():
            details = "Please request a new access token"
            return 401, {"error": {"code": "invalid_token", "message": "The access token expired", "details": details}}
        case BadClient():
            reason = "invalid_client_id_or_client_secret"
            return _body(401, reason, "Invalid client id or client secret", code="401021")
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return _body(401, "UNAUTHORIZED", "Unauthorized")
        case exceptions.PermissionDenied() | PermissionDenied():
            return _body(403, "FORBIDDEN", "Forbidden")
        case exceptions.NotFound() | Http404():
            return _body(404, "NOT_FOUND", str(getattr(error, "detail", "")) or "Not found")
        case exceptions.MethodNotAllowed():
            return _body(405, "METHOD_NOT_ALLOWED", str(error.detail))
        case IdempotencyConflict() | DuplicateOrder() | WrongStatus():
            return _body(409, "CONFLICT", error.message)
        case TooLarge():
            return _body(413, "PAYLOAD_TOO_LARGE", str(error.detail))
        case exceptions.UnsupportedMediaType():
            return _body(415, "UNSUPPORTED_MEDIA_TYPE", str(error.detail))
        case exceptions.Throttled():
            return 429, {"error": {"code": "rate_limit_exceeded", "message": str(error.detail)}}
        case exceptions.APIException() if error.status_code < 500:
            return _body(error.status_code, "ERROR", str(error.detail))
    return _body(500, "API_ERROR", "Api Error, please contact customer service", code="500999")


def refused(order: Order) -> dict[str, Any]:
    """What is added to an order that its carrier refused."""
    told = refusals.told(order, _REFUSED)
    if not told:
        return {}
    details = {"details": [told]} if "field" in told else {}
    return {"error": {"code": "carrier_refused", "message": told["message"], **details}}


def _body(status: int, reason: str, message: str, *, code: str = "") -> Answer:
    return status, {"error": {"code": code or f"{status}000", "code_reason": reason, "message": message}}


def _invalid(problems: list[tuple[str, str]] | Iterator[tuple[str, str]]) -> Answer:
    # What is about no field in particular is about the body.
    details = [{"field": field or "body", "message": message} for field, message in problems]
    return 400, {"error": {"code": "validation_error", "message": "Invalid request parameters", "details": details}}


def _problems(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path ("sender.phone") and text of each of a ValidationError's problems, one for each field, in their order."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _problems(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
    else:
        yield path, str(detail[0])
