"""What all dialects share on the way in: authentication, strict JSON, and errors in the dialect's own shape."""

import json
import logging
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
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

from integrations import idempotency, registry
from integrations.bodies import StrictJSONParser
from integrations.models import ApiKey
from orders.events import Actor
from orders.models import JSONEncoder, Order, OrderEvent, OrderQuerySet

logger = logging.getLogger(__name__)

# An exception → HTTP status and JSON body, in the words of one dialect.
ErrorAnswer = Callable[[Exception], tuple[int, Any]]


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

    @property
    def orders(self) -> OrderQuerySet:
        """What this key may see: its merchant's orders, a test key test orders only, a live key live ones."""
        return Order.objects.of(self.api_key.source.merchant).filter(is_test=self.api_key.is_test)

    def once(self, endpoint: str, body: Any, perform: Callable[[], Any], *, status: int = 200) -> Response:
        """What `perform` answers; the same again for the same `Idempotency-Key`."""
        key = self.request.headers.get("Idempotency-Key")
        status, answer, _ = idempotency.once(self.api_key, endpoint, key, body, lambda: (status, perform()))
        return Response(answer, status=status)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, TooManyFieldsSent):  # of a query: bodies are read by our own parsers
            exc = exceptions.ParseError("The query has too many fields.")
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


class UnknownPath(DialectView):
    """Every path that is no endpoint. Stands before a room's own view among the bases."""

    authentication_classes = []
    permission_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # the room's
        raise exceptions.NotFound("There is nothing at this address.")


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


def host_dialect(request: HttpRequest) -> str | None:
    """The dialect that has this request's host name to itself."""
    host = request.META.get("HTTP_HOST", "").partition(":")[0].lower()
    return settings.DIALECT_HOSTS.get(host.removesuffix("."))


def dialect_of(request: HttpRequest) -> str | None:
    """The dialect that answers this request, also where no endpoint is: that of its host, else that of its path."""
    first = request.path_info.lstrip("/").split("/", 1)[0]
    by_path = first if first in registry.DIALECTS else settings.DEFAULT_DIALECT if first == "v1" else None
    return host_dialect(request) or by_path


def error_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to an error outside the views, in the words of the request's dialect, which must have one."""
    status, body = import_module(f"integrations.{dialect_of(request)}.errors").answer_error(error)
    return HttpResponse(dump_json(body), status=status, content_type="application/json")
