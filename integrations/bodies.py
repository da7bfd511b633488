"""Request bodies: never more of one than is allowed, and nothing in it that PostgreSQL could not store."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.parsers import BaseParser

# Far more than any document's bodies have, far less than the stack of Python or PostgreSQL holds.
MAX_DEPTH = 100
MAX_FIELDS = 100


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The request body is too large."
    default_code = "too_large"


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def fraction(text: str) -> Decimal:
    """Raises ValueError for a number that no JSON of ours could hold."""
    if math.isinf(float(text)):
        raise ValueError(f"{text[:20]} is too large")
    return Decimal(text)


def check_storable(value: Any, depth: int = 0) -> None:
    """Raises ValueError for text that PostgreSQL cannot hold, and beyond `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, str):
        value.encode()
        if "\x00" in value:
            raise ValueError("NUL characters are not allowed")
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_storable(name)
            check_storable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_storable(inner, depth + 1)


def storable(value: Any, depth: int = 0) -> Any:
    """The same JSON value as PostgreSQL can hold it, for what others answer us: it is no reason to lose the rest."""
    match value:
        case str():
            return value.replace("\x00", "").encode(errors="replace").decode()
        case float() if not math.isfinite(value):
            return None
        case dict() | list() if depth >= MAX_DEPTH:
            return None
        case dict():
            return {storable(name): storable(inner, depth + 1) for name, inner in value.items()}
        case list():
            return [storable(inner, depth + 1) for inner in value]
    return value


def parse_json(body: bytes) -> Any:
    """Strict JSON with `Decimal` for fractions. Raises `ParseError` also for what PostgreSQL cannot store: NUL, lone
    surrogates, numbers beyond a float's, depths."""
    try:
        text = body.decode("utf-8-sig")
        parsed = json.loads(text, parse_float=fraction, parse_constant=no_constant)
        if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
            check_storable(parsed)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = str(error).partition(";")[0]  # behind it Python tells its programmer what to do
        raise exceptions.ParseError(f"The request body is not valid JSON: {reason}") from error
    return parsed


def read_body(request: HttpRequest) -> bytes:
    """The body, or `TooLarge` before more than `API_MAX_BODY` bytes of it have been read."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > settings.API_MAX_BODY:
        raise TooLarge
    body = request.read(settings.API_MAX_BODY + 1)
    if len(body) > settings.API_MAX_BODY:
        raise TooLarge
    return body


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return parse_json(read_body(stream))


def read_form(request: HttpRequest) -> dict[str, str]:
    """An urlencoded body. Raises `ParseError` and `TooLarge`."""
    return parse_form(read_body(request))


def parse_form(body: bytes) -> dict[str, str]:
    """Raises `ParseError` for what is no form, or has too many fields, or what PostgreSQL cannot store."""
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
        check_storable(form)
    except ValueError as error:
        raise exceptions.ParseError("The request body is not a valid form") from error
    return form


class FormParser(BaseParser):
    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return read_form(stream)
