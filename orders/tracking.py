"""The public page behind an unguessable link: where the order is, and nothing about anybody."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from destinations.live import fingerprint, live, live_headers
from orders import display
from orders.models import Order


@require_safe
def track(request: HttpRequest, token: str) -> HttpResponse:
    """The page; 404 in the same look for a token that is not one."""
    return _answer(request, token, part=False)


@require_safe
def track_live(request: HttpRequest, token: str) -> HttpResponse:
    """Its live part; 304 when the page has it already."""
    return _answer(request, token, part=True)


def _answer(request: HttpRequest, token: str, *, part: bool) -> HttpResponse:
    # By the address, not by a POST: with no-referrer a browser's form has no origin, which the CSRF check refuses.
    wanted = request.GET.get("language", "")
    language = wanted if translation.check_for_language(wanted) else translation.get_language()
    with translation.override(language):
        order = Order.objects.filter(tracking_token=token).select_related("merchant").first()
        if order is None:
            response = render(request, "orders/track_missing.html", status=404)
        else:
            with timezone.override(order.merchant.tz):
                context, etag = _public(order)
                if part:
                    response = live(request, "orders/_track.html", context, etag)
                else:
                    response = render(request, "orders/track.html", context | {"live_headers": live_headers(etag)})
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    return response


def _public(order: Order) -> tuple[dict[str, Any], str]:
    """All that the public may know. A template never gets the order itself, so that it cannot show more."""
    steps = display.public_steps(order, list(order.events.only("order_id", "to_status", "created_at")))
    context = {
        "token": order.tracking_token,
        "shop": order.merchant.name,
        "reference": order.external_id or order.pk,
        "headline": display.headline(order),
        "tone": display.TONES[display.Status(order.status)],
        "is_test": order.is_test,
        "is_over": order.is_over,
        "updated_at": order.updated_at,
        "steps": steps,
    }
    return context, fingerprint(context)
