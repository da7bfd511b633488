"""What every request passes through, beside Django's own."""

import re
import uuid
from collections.abc import Callable
from importlib import import_module
from io import BytesIO

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, ResolverMatch, resolve
from rest_framework.exceptions import ParseError

from config.logs import request_id
from integrations import keys
from integrations.dialect import dialect_of, error_response, host_dialect

Handler = Callable[[HttpRequest], HttpResponse]
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Names each request in its answer and its log lines: `X-Request-ID`, taken over from a proxy if it is harmless."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(name)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = name
        return response


class TransportMiddleware(SecurityMiddleware):
    """Sends people to https. Programs are answered where they are: a redirect would lose a POST's body."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if dialect_of(request) else super().process_request(request)


class DialectLaneMiddleware:
    """A short way for the dialects: programs have no session, form, language or pages, and every order comes this way.

    Stands behind the security middleware and before all that serves people.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        dialect = dialect_of(request)
        if dialect is None:
            return self.get_response(request)
        try:
            request.get_host()
            measure_body(request)
        except DisallowedHost:
            return error_response(request, ParseError("This host name is not served here: see WASL_URL."))
        except ParseError as error:
            return error_response(request, error)
        match = find_view(request, dialect)
        request.resolver_match = match
        response = match.func(request, *match.args, **match.kwargs)
        response._resource_closers.append(keys.write_uses)
        return response.render() if hasattr(response, "render") else response


def find_view(request: HttpRequest, dialect: str) -> ResolverMatch:
    """At a host of its own a dialect has all paths, as its document writes them."""
    if host_dialect(request) is None:
        return resolve(request.path_info)
    room = f"integrations.{dialect}.urls"
    try:
        return resolve(request.path_info, room)
    except Resolver404:
        return ResolverMatch(import_module(room).unknown, (), {})


def measure_body(request: HttpRequest) -> None:
    """Reads a body that comes in chunks, so that it has a length: without one Django takes it for empty.

    Raises `ParseError` when the chunks are broken.
    """
    if "HTTP_TRANSFER_ENCODING" not in request.META or not request.META.get("wsgi.input_terminated"):
        return
    try:
        body = request.META["wsgi.input"].read(settings.API_MAX_BODY + 1)
    except Exception as error:  # each server has its own
        raise ParseError("The request body could not be read.") from error
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)


class AdminPolicyMiddleware:
    """The admin theme needs a wider content security policy, and gets it on its own pages only."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = settings.ADMIN_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
        return response
