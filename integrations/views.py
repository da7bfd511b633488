"""Pieces of the portal that are about talking to others."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from destinations.live import fingerprint, live
from destinations.models import Source
from destinations.portal import PortalRequest, merchant_required
from integrations import dispatching, losses, previews, registry, vault
from integrations.carrier import CarrierError, Consignment, Transcript, readable
from integrations.handovers import stories
from integrations.models import Dispatch
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
          one.now, one.hint, one.has_label, len(one.dispatch.exchanges.all()), len(one.dispatch.losses))
        for one in told
    ]  # fmt: skip
    fix_page = _fix_page(order, dispatches)
    context = {
        "order": order,
        "stories": [(one, losses.report(one.dispatch.losses)) for one in told],
        "fix_page": fix_page,
    }
    # A part of the order's page; a page of its own for a browser without JavaScript.
    template = "integrations/order_exchange.html" if request.htmx else "integrations/order_exchange_page.html"
    return live(request, template, context, fingerprint(template, shown, order.is_over, fix_page))


def _fix_page(order: Order, dispatches: list[Dispatch]) -> str:
    """Where a person can say where it goes, when its carrier could not tell from the address; else empty."""
    if not (order.attention_path.startswith("dropoff.address") and dispatches):
        return ""
    provider = dispatches[0].destination.provider
    page = registry.carrier_class(provider).fix_page if provider in registry.CARRIERS else ""
    return reverse(page, args=[order.pk]) if page else ""


# --- Translate --------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required()
def translate(request: PortalRequest) -> HttpResponse:
    """A pasted `body` in the words of `dialect`: what we understand by it, and what each carrier would be sent. It is
    read as an order of `source`, which matters where that is the pick-up. `?sample=1`: the document's own body."""
    asked = request.POST if request.method == "POST" else request.GET
    dialect = asked.get("dialect") or next(iter(registry.DIALECTS))
    if dialect not in registry.DIALECTS:
        raise Http404
    sources = list(Source.objects.filter(merchant=request.merchant, is_active=True).select_related("merchant"))
    source = next((one for one in sources if str(one.pk) == asked.get("source")), sources[0] if sources else None)
    source = source or Source(merchant=request.merchant, name=request.merchant.name)
    text = previews.sample(dialect) if request.GET.get("sample") else request.POST.get("body", "")
    context = {
        "rooms": registry.DIALECTS.values(),
        "room": registry.DIALECTS[dialect],
        "sources": sources,
        "source": source,
        "text": text,
    }
    if text or request.method == "POST":
        match previews.understand(dialect, text, source):
            case previews.Refused() as refused:
                context["refused"] = refused
            case order, count:
                context |= {"known": previews.known(order), "count": count, "said": previews.said(order)}
    return render(request, "integrations/translate.html", context)


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
