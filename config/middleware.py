"""What every request passes through, beside Django's own."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from rest_framework.exceptions import ParseError

from config.logs import request_id
from integrations.dialect import dialect_of, error_response

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


class DialectLaneMiddleware:
    """A short way for the dialects: programs have no session, form, language or pages, and every order comes this way.

    Stands behind the security middleware and before all that serves people.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if dialect_of(request.path_info) is None:
            return self.get_response(request)
        try:
            request.get_host()
        except DisallowedHost as error:
            return error_response(request, ParseError(f"This host name is not served here: {error}"))
        match = resolve(request.path_info)
        request.resolver_match = match
        return match.func(request, *match.args, **match.kwargs).render()


class AdminPolicyMiddleware:
    """The admin theme needs a wider content security policy, and gets it on its own pages only."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = settings.ADMIN_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
        return response
