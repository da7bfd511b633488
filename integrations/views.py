"""Pieces of the portal that are about talking to others."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from destinations.live import fingerprint, live
from destinations.portal import PortalRequest, merchant_required
from integrations import dispatching, registry, vault
from integrations.carrier import CarrierError, Consignment, Transcript, readable
from integrations.handovers import stories
from integrations.reference import openapi, reference_of
from orders.models import Order


@require_safe
@merchant_required()
def order_exchange(request: PortalRequest, order_id: int) -> HttpResponse:
    """What was said with carriers about one order: its dispatches, newest first, each with its exchanges."""
    order = get_object_or_404(Order.objects.of(request.merchant), pk=order_id)
    dispatches = list(
        order.dispatches.select_related("destination__lane", "destination__fallback")
        .prefetch_related("exchanges")
        .order_by("-epoch")
    )
    told = stories(order, dispatches)
    shown = [
        (one.dispatch.pk, one.dispatch.state, one.dispatch.attempts, one.dispatch.next_at, one.dispatch.last_error,
         one.now, one.hint, one.has_label, len(one.dispatch.exchanges.all()))
        for one in told
    ]  # fmt: skip
    context = {"order": order, "stories": told}
    # A part of the order's page; a page of its own for a browser without JavaScript.
    template = "integrations/order_exchange.html" if request.htmx else "integrations/order_exchange_page.html"
    return live(request, template, context, fingerprint(template, shown, order.is_over))


@require_safe
@merchant_required()
def carrier_label(request: PortalRequest, order_id: int) -> HttpResponse:
    """The carrier's own label of an order, a PDF, fetched from the carrier at this moment."""
    order = get_object_or_404(Order.objects.of(request.merchant), pk=order_id)
    dispatch = (
        order.dispatches.exclude(label="").select_related("destination__account", "order").order_by("-epoch").first()
    )
    if dispatch is None:
        raise Http404
    try:
        carrier = dispatching.carrier_for(dispatch, Transcript())
        consignment = Consignment(dispatch.key, dispatch.order)
        label = carrier.label(consignment, dispatch.reference, vault.decrypt(dispatch.label))
        if not label.startswith(b"%PDF-"):
            raise CarrierError(gettext("What it sent is no PDF."))
    except (CarrierError, vault.Unreadable) as error:
        messages.error(request, gettext("The carrier's label could not be fetched: %(error)s") % {
            "error": readable(str(error))
        })  # fmt: skip
        return redirect(order)
    return HttpResponse(
        label,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="label-{order.pk}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


# --- The API reference ----------------------------------------------------------------------------------------------
@require_safe
@merchant_required()
def reference_index(request: HttpRequest) -> HttpResponse:
    return redirect("integrations:reference", next(iter(registry.DIALECTS)))


@require_safe
@merchant_required()
def reference(request: HttpRequest, dialect: str) -> HttpResponse:
    """A dialect's calls as a list, and on top of that Swagger's page where there is JavaScript."""
    if dialect not in registry.DIALECTS:
        raise Http404
    context = {
        "rooms": registry.DIALECTS.values(),
        "room": registry.DIALECTS[dialect],
        "reference": reference_of(dialect),
        "server": openapi(dialect)["servers"][0]["url"],
    }
    return render(request, "integrations/reference.html", context)


@require_safe
@merchant_required()
def reference_document(request: HttpRequest, dialect: str) -> HttpResponse:
    """The dialect's OpenAPI 3.1 document."""
    if dialect not in registry.DIALECTS:
        raise Http404
    return JsonResponse(openapi(dialect), json_dumps_params={"ensure_ascii": False})
