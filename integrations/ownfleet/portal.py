"""The office's pages: the riders and their links, and who carries an order."""

import re
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations.geometry import metres
from destinations.live import fingerprint, live
from destinations.models import Rider
from destinations.portal import PortalRequest, merchant_required
from integrations.models import RiderTask
from integrations.ownfleet import links
from integrations.ownfleet.carrier import FRESH
from integrations.ownfleet.forms import LinkForm, RiderForm
from integrations.ownfleet.steps import State, state_of
from orders import actions, display
from orders.changes import locked
from orders.errors import OrderError, WrongStatus
from orders.events import Actor
from orders.models import Order, OrderEvent
from orders.statuses import TERMINAL, Status

PROVIDER = "ownfleet"
_OPEN = [status for status in Status if status not in TERMINAL]
# A fleet of more than this chooses its riders in another way than from a list.
MOST_RIDERS = 500
MOST_WAITING = 100


# --- Riders ---------------------------------------------------------------------------------------------------------
@require_safe
@merchant_required("manage")
def rider_list(request: PortalRequest) -> HttpResponse:
    riders = _with_work(Rider.objects.filter(merchant=request.merchant)).order_by("-is_active", "name", "pk")
    context = {"riders": riders[:MOST_RIDERS], "fresh": _fresh_since(), "waiting": len(_waiting(request))}
    return TemplateResponse(request, "integrations/ownfleet/riders.html", context)


@require_safe
@merchant_required("operate")
def waiting(request: PortalRequest) -> HttpResponse:
    """The fleet's orders that nobody carries yet, the oldest first."""
    return TemplateResponse(request, "integrations/ownfleet/waiting.html", {"orders": _waiting(request)})


def _waiting(request: PortalRequest) -> list[Order]:
    orders = Order.objects.of(request.merchant).filter(rider=None, status__in=_OPEN)
    found = orders.filter(
        dispatches__is_current=True, dispatches__rider_task__isnull=False, dispatches__rider_task__cancelled_at=None
    )
    slim = found.defer("raw_payload", "extras", "search_text", "routing")
    return list(slim.order_by("created_at", "pk")[:MOST_WAITING])


def _with_work(riders: QuerySet[Rider]) -> QuerySet[Rider]:
    """Each with `open_orders`, the number of orders in its hands."""
    mine = Order.objects.filter(rider=OuterRef("pk"), status__in=_OPEN).order_by().values("rider")
    return riders.annotate(open_orders=Subquery(mine.annotate(count=Count("pk")).values("count")))


def _fresh_since() -> Any:
    return timezone.now() - FRESH


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def rider_new(request: PortalRequest) -> HttpResponse:
    form = RiderForm(request.POST or None, instance=Rider(merchant=request.merchant))
    if request.method == "POST" and form.is_valid():
        rider = form.save()
        messages.success(request, gettext("The rider has been added. Make the link for the phone now."))
        return redirect("integrations:rider_edit", rider.pk)
    return TemplateResponse(request, "integrations/ownfleet/rider.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def rider_edit(request: PortalRequest, rider_id: int) -> HttpResponse:
    """The rider's facts, and the links that work. Deactivating a rider stops them all at once."""
    rider = _rider(request, rider_id)
    form = RiderForm(request.POST or None, instance=rider)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, gettext("Saved."))
        return redirect("integrations:rider_edit", rider.pk)
    return _rider_page(request, rider, form=form)


def _rider(request: PortalRequest, rider_id: int) -> Rider:
    return get_object_or_404(Rider, merchant=request.merchant, pk=rider_id)


def _rider_page(request: PortalRequest, rider: Rider, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": RiderForm(instance=rider), "link_form": LinkForm(), "rider": rider, "links": links.live(rider)}
    return TemplateResponse(request, "integrations/ownfleet/rider.html", context | more, status=status)


@require_POST
@merchant_required("manage")
def link_issue(request: PortalRequest, rider_id: int) -> HttpResponse:
    """A new link, in this answer and never again: no redirect, which would have to keep it somewhere."""
    rider = _rider(request, rider_id)
    form = LinkForm(request.POST)
    if not rider.is_active or not form.is_valid():
        return _rider_page(request, rider, link_form=form, status=400)
    user = request.user if isinstance(request.user, User) else None
    link, token = links.issue(rider, days=form.cleaned_data["days"], created_by=user)
    url = settings.WASL_URL + links.path_of(token)
    # Dark on light also where the page is dark: many readers know codes only that way.
    qr = segno.make(url, error="m").svg_data_uri(scale=5, border=3, dark="#16211f", light="#ffffff")
    response = _rider_page(request, rider, issued=link, url=url, qr=qr)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@merchant_required("manage")
def link_revoke(request: PortalRequest, rider_id: int, link_id: int) -> HttpResponse:
    rider = _rider(request, rider_id)
    if not links.revoke(rider, link_id):
        raise Http404
    messages.success(request, gettext("The link does not work any more."))
    return redirect("integrations:rider_edit", rider.pk)


# --- One order ------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required()
def order_rider(request: PortalRequest, order_id: int) -> HttpResponse:
    """Who carries an order of the fleet and how far it is: a part of the order's page, empty for other carriers. POST
    `rider` (an id, or nothing to take it back)."""
    orders = Order.objects.of(request.merchant).select_related("rider", "destination")
    order = get_object_or_404(orders, pk=order_id)
    if request.method == "POST":
        return _assign(request, order)
    tasks = RiderTask.objects.filter(dispatch__order=order, dispatch__is_current=True).select_related("accepted_by")
    task = tasks.first()
    if task is None and order.destination.provider != PROVIDER:
        return HttpResponse("")
    state = state_of(task, order) if task else State.ASSIGNED
    may_assign = request.membership.can("operate") and not order.is_over and order.status != Status.CANCELLING
    riders = _choices(order) if may_assign else []
    context = {
        "order": order,
        "task": task,
        "state": State(state).label,
        "may_assign": may_assign,
        "riders": riders,
    }
    # A part of the order's page; a page of its own for a browser without JavaScript.
    template = (
        "integrations/ownfleet/order_rider.html" if request.htmx else "integrations/ownfleet/order_rider_page.html"
    )
    listed = [(one["id"], one["name"], one["km"], one["open"]) for one in riders]
    shown = (order.rider_id, state, task and task.reason, may_assign, listed)
    return live(request, template, context, fingerprint(template, shown, order.is_over))


def _choices(order: Order) -> list[dict[str, Any]]:
    """The active riders: those that are known to be near the pick-up first, each with the way there in km and the
    orders in hand."""
    riders = _with_work(Rider.objects.filter(merchant=order.merchant_id, is_active=True))[:MOST_RIDERS]
    since = _fresh_since()
    placed = order.pickup_lat is not None and order.pickup_lng is not None
    found = []
    for rider in riders:
        away = None
        if placed and rider.located_at and rider.located_at >= since:
            start = (order.pickup_lat or 0.0, order.pickup_lng or 0.0)
            away = metres(start, (rider.lat or 0.0, rider.lng or 0.0)) / 1000
        count = rider.open_orders or 0  # type: ignore[attr-defined]
        shown = "" if away is None else f"{away:.1f}"
        found.append({"id": rider.pk, "name": rider.name, "km": shown, "away": away, "open": count})
    return sorted(found, key=lambda one: (one["away"] is None, one["away"] or 0.0, one["name"]))


def _assign(request: PortalRequest, order: Order) -> HttpResponse:
    if not request.membership.can("operate"):
        raise Http404
    wanted = request.POST.get("rider", "")
    rider = None
    if wanted:
        mine = Rider.objects.filter(merchant=request.merchant, is_active=True)
        rider = get_object_or_404(mine, pk=int(wanted) if re.fullmatch(r"[0-9]{1,18}", wanted) else 0)
    by = Actor(OrderEvent.ActorKind.USER, request.user.get_username())
    try:
        with transaction.atomic():
            now = locked(order)
            if now.is_over or now.status == Status.CANCELLING:
                raise WrongStatus("The order is over.", status=now.status)
            actions.assign_rider(order, rider, by)
    except OrderError as error:
        messages.error(request, display.explain(error))
    else:
        name = rider.name if rider else ""
        done = gettext("%(name)s has the order now.") % {"name": name} if rider else gettext("No rider has it now.")
        messages.success(request, done)
    return redirect("orders:detail", order.pk)
