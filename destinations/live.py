"""Parts of a page that ask again every few seconds, and are only sent when something in them has changed."""

import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language


def fingerprint(*shown: Any) -> str:
    """An ETag for a part of a page: a hash of all that is shown in it, and of the language it is shown in."""
    return f'"{hashlib.sha256(repr((get_language(), shown)).encode()).hexdigest()[:32]}"'


def live_headers(etag: str) -> str:
    """What the page is to send when it asks again: the value of hx-headers."""
    return json.dumps({"If-None-Match": etag})


def live(request: HttpRequest, template: str, context: dict[str, Any], etag: str) -> HttpResponse:
    """The part, or 304 when the page has it already. The page itself sends the ETag back, so nothing is cached."""
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, template, context | {"live_headers": live_headers(etag)})
    response["ETag"] = etag
    response["Cache-Control"] = "no-store"
    return response
