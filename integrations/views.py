"""Pieces of the portal that are about talking to others."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from destinations.live import fingerprint, live
from destinations.portal import PortalRequest, merchant_required
from orders.models import Order


@require_safe
@merchant_required()
def order_exchange(request: PortalRequest, order_id: int) -> HttpResponse:
    """What was said with carriers about one order: its dispatches, newest first, each with its exchanges."""
    order = get_object_or_404(Order.objects.of(request.merchant), pk=order_id)
    dispatches = list(order.dispatches.select_related("destination").prefetch_related("exchanges").order_by("-epoch"))
    shown = [
        (one.pk, one.state, one.attempts, one.next_at, one.last_error, len(one.exchanges.all())) for one in dispatches
    ]
    context = {"order": order, "dispatches": dispatches}
    # A part of the order's page; a page of its own for a browser without JavaScript.
    template = "integrations/order_exchange.html" if request.htmx else "integrations/order_exchange_page.html"
    return live(request, template, context, fingerprint(template, shown, order.is_over))
