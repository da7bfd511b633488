"""What all dialects share on the way in: authentication, strict JSON, and errors in the dialect's own shape."""

import json
import logging
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from integrations import registry
from integrations.models import ApiKey
from orders.events import Actor
from orders.models import JSONEncoder, OrderEvent

logger = logging.getLogger(__name__)

# An exception → HTTP status and JSON body, in the words of one dialect.
ErrorAnswer = Callable[[Exception], tuple[int, Any]]

# Far more than any document's bodies have, far less than the stack of Python or PostgreSQL holds.
MAX_DEPTH = 100


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


class CompactJSONRenderer(BaseRenderer):
    """JSON as UTF-8 without escapes; `Decimal`s as JSON numbers."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return dump_json(data)


def dump_json(data: Any) -> bytes:
    return json.dumps(data, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()


class IgnoreAccept:
    """One representation for everybody, whatever the Accept header says."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        wanted = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(
        self, request: Request, renderers: list[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class HasKey(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey)


class DialectView(APIView):
    """The base of every documented endpoint. A room sets `authentication_classes` and `answer_error`."""

    parser_classes = [StrictJSONParser]
    renderer_classes = [CompactJSONRenderer]
    permission_classes = [HasKey]
    content_negotiation_class = IgnoreAccept  # type: ignore[assignment]
    http_method_names = ["get", "post", "put", "patch", "delete"]
    answer_error: ErrorAnswer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # The documents' texts are English; an Accept-Language must not change a contract.
        translation.activate("en")
        super().initial(request, *args, **kwargs)

    @property
    def api_key(self) -> ApiKey:
        return self.request.auth  # type: ignore[return-value]

    @property
    def actor(self) -> Actor:
        key = self.api_key
        return Actor(OrderEvent.ActorKind.KEY, f"{registry.DIALECTS[key.dialect].label} · {key}")

    def handle_exception(self, exc: Exception) -> Response:
        status, body = self.answer_error(exc)
        if status >= 500:
            logger.exception("dialect call failed", exc_info=exc)
        headers = {}
        if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
            headers["WWW-Authenticate"] = "Bearer"
        if wait := getattr(exc, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
        response = Response(body, status=status, headers=headers)
        response.exception = True
        return response


@cache
def _ready(serializer: type[Serializer]) -> Serializer:
    return serializer()


def validate(serializer: type[Serializer], body: Any) -> dict[str, Any]:
    """The validated body; raises DRF's `ValidationError`.

    One instance serves all requests: copying the declared fields for each is most of what a serializer costs, and
    `run_validation` keeps nothing on it.
    """
    return _ready(serializer).run_validation(body)


def first_problem(detail: Any, path: str = "") -> tuple[str, str, str]:
    """The first of a ValidationError's problems, in the order of the fields: its path ("items.0.name"), code, text."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        part = "" if name == "non_field_errors" else str(name)
        return first_problem(inner, ".".join(filter(None, (path, part))))
    if isinstance(detail, list):
        if detail and isinstance(detail[0], dict | list):
            number, inner = next((number, inner) for number, inner in enumerate(detail) if inner)
            return first_problem(inner, f"{path}.{number}" if path else str(number))
        detail = detail[0]
    return path, getattr(detail, "code", "invalid"), str(detail)


def dialect_of(path: str) -> str | None:
    """The dialect that answers at this path, also where no endpoint is."""
    first = path.lstrip("/").split("/", 1)[0]
    if first in registry.DIALECTS:
        return first
    return settings.DEFAULT_DIALECT if first == "v1" else None


def error_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to an error outside the views, in the words of the dialect of the path, which must have one."""
    dialect = dialect_of(request.path_info)
    status, body = import_module(f"integrations.{dialect}.errors").answer_error(error)
    return HttpResponse(dump_json(body), status=status, content_type="application/json")
