"""The portal's pages about orders: the list, one order, and what can be done with it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from destinations.live import fingerprint, live, live_headers
from destinations.models import Rider
from destinations.portal import PortalRequest, merchant_required
from orders import actions, display, paths
from orders.errors import OrderError
from orders.events import Actor
from orders.filters import OrderFilter
from orders.models import Order, OrderEvent, OrderQuerySet
from orders.proof import place_of, proof_of
from orders.statuses import NOT_CANCELLABLE, Status

PAGE_SIZE = 50
# The smallest order that a shop can send, for the empty list.
_CURL = """curl %s/muvx/v1/orders -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' -d '{
  "integration_order_id": "SHOP-1", "auto_pickup": true,
  "pickup": {"name": "Shop", "address": "Kuwait City", "phone": "+96550000001"},
  "dropoff": {"name": "Customer", "address": "Salmiya, block 3", "phone": "+96550000002"}}'"""


def actor(request: PortalRequest) -> Actor:
    """The person as the history knows them."""
    return Actor(OrderEvent.ActorKind.USER, request.user.get_username())


def _shown(order: Order) -> tuple[Any, ...]:
    return (order.pk, order.updated_at, order.status, order.mark, order.attention, order.attention_detail)


# --- The list -------------------------------------------------------------------------------------------------------
@require_safe
@merchant_required()
def order_list(request: PortalRequest) -> HttpResponse:
    context, etag = _list(request)
    return TemplateResponse(request, "orders/list.html", context | {"live_headers": live_headers(etag)})


@require_GET
@merchant_required()
def order_list_live(request: PortalRequest) -> HttpResponse:
    context, etag = _list(request)
    return live(request, "orders/_rows.html", context, etag)


def _list(request: PortalRequest) -> tuple[dict[str, Any], str]:
    """One page of orders, newest first, from the cursor `before` in the address on."""
    filters = OrderFilter(request.GET, queryset=Order.objects.of(request.merchant).kept(), request=request)
    found = filters.qs.select_related("destination").defer("raw_payload", "extras", "search_text", "routing")
    orders = list(_before(found, request.GET.get("before", "")).order_by("-created_at", "-id")[: PAGE_SIZE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    here = request.GET.urlencode()
    first = query.urlencode()
    older = ""
    if len(orders) > PAGE_SIZE:
        orders.pop()
        query["before"] = f"{orders[-1].created_at.isoformat()}_{orders[-1].pk}"
        older = query.urlencode()
    context = {
        "filters": filters,
        "filtered": any(filters.form.data.get(name) for name in filters.form.fields),
        "orders": orders,
        "here": here,
        "first": first,
        "older": older,
        "paged": "before" in request.GET,
        "curl": _CURL % settings.WASL_URL,
    }
    return context, fingerprint([_shown(order) for order in orders], bool(older))


def _before(orders: OrderQuerySet, cursor: str) -> OrderQuerySet:
    at, _, pk = cursor.rpartition("_")
    try:
        moment: datetime | None = parse_datetime(at)
        if moment is None or moment.tzinfo is None:
            return orders
        return orders.filter(created_at__lte=moment).exclude(created_at=moment, pk__gte=int(pk))
    except ValueError:
        return orders


# --- One order ------------------------------------------------------------------------------------------------------
@require_safe
@merchant_required()
def order_detail(request: PortalRequest, order_id: int) -> HttpResponse:
    order = _order(request, order_id)
    context, etag = _progress(order)
    context |= {
        "live_headers": live_headers(etag),
        "items": display.items(order),
        "pickup": display.stop(order, "pickup"),
        "dropoff": display.stop(order, "dropoff"),
        "parcel": display.parcel(order),
        "routing": display.routing(order),
        "has_riders": order.has_riders,  # type: ignore[attr-defined]
    }
    return TemplateResponse(request, "orders/detail.html", context)


@require_GET
@merchant_required()
def order_detail_live(request: PortalRequest, order_id: int) -> HttpResponse:
    context, etag = _progress(_order(request, order_id))
    return live(request, "orders/_progress.html", context, etag)


def _order(request: PortalRequest, order_id: int) -> Order:
    """With `has_riders`: whether its merchant has riders of its own."""
    orders = Order.objects.of(request.merchant).select_related("destination", "source", "merchant", "rider")
    riders = Rider.objects.filter(merchant=OuterRef("merchant"))
    return get_object_or_404(orders.annotate(has_riders=Exists(riders)), pk=order_id)


def _progress(order: Order) -> tuple[dict[str, Any], str]:
    events = list(order.events.all())
    proof = proof_of(order)
    context = {
        "order": order,
        "steps": display.steps(order, events),
        "history": display.history(events),
        "refused_field": paths.label(order.attention_path) if order.attention_path else "",
        "proof": proof,
        "proof_place": place_of(proof),
        "carrier_link": display.link(order.carrier_tracking_url),
        "can_release": order.status == Status.CREATED,
        "can_hold": order.status == Status.CREATED and order.release_at is not None,
        "can_cancel": order.status not in {*NOT_CANCELLABLE, Status.CANCELLED, Status.CANCELLING},
        "can_retry": order.status == Status.FAILED and not order.with_carrier,
    }
    return context, fingerprint(_shown(order), order.with_carrier, len(events), proof and proof.pk)


def _cancel(order: Order, by: Actor, request: PortalRequest) -> Order:
    return actions.cancel_orders([order], by, reason=request.POST.get("reason", "").strip()[:500])[0]


_ACTIONS: dict[str, Callable[[Order, Actor, PortalRequest], Order]] = {
    "release": lambda order, by, request: actions.release_order(order, by),
    "hold": lambda order, by, request: actions.hold_order(order, by),
    "retry": lambda order, by, request: actions.retry_order(order, by),
    "settle": lambda order, by, request: actions.settle_attention(order, by),
    "cancel": _cancel,
}


@require_POST
@merchant_required("operate")
def order_act(request: PortalRequest, order_id: int, action: str) -> HttpResponse:
    """Does one of release, hold, retry, settle and cancel (with `reason`), and goes back to the order's page."""
    if action not in _ACTIONS:
        raise Http404
    order = _order(request, order_id)
    try:
        order = _ACTIONS[action](order, actor(request), request)
    except OrderError as error:
        messages.error(request, display.explain(error))
    else:
        messages.success(request, _done(action, order))
    return redirect("orders:detail", order_id)


def _done(action: str, order: Order) -> str:
    match action:
        case "release":
            return gettext("The order has been released and goes out now.")
        case "hold":
            return gettext("The order is held until somebody releases it.")
        case "retry":
            return gettext("The order is being sent out again.")
        case "settle":
            return gettext("Noted: this needs no more attention.")
    if order.status == Status.CANCELLING:
        return gettext("The carrier has been asked to cancel. You will see the answer here.")
    return gettext("The order has been cancelled.")
