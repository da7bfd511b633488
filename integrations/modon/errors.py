"""Exceptions → Modon's envelope: errNum "21" for a question of access, "999" for all else."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from integrations.dialect import first_problem
from integrations.modon import words
from orders.errors import InvalidDraft, OrderError, WrongStatus

Answer = tuple[int, dict[str, Any]]
_FIELDS = {"cod_amount": "price", "items.0.price": "price", "dropoff": "location"}


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
