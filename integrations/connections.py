"""The portal's pages on which a merchant connects carriers, and sees how it goes with each."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations import actions
from destinations.backoffice import broken_rule
from destinations.models import Destination, Route, Source
from destinations.portal import PortalRequest, merchant_required
from integrations import accounts, registry
from integrations.connection_forms import ConnectionForm
from integrations.models import CarrierAccount, Dispatch, Drift, Lane
from integrations.registry import Room

# How many changes of a carrier's answers are shown that somebody has looked into already.
SETTLED_SHOWN = 20
UNSETTLED_SHOWN = 100


def nav_context(request: HttpRequest) -> dict[str, Any]:
    """For the page frame: how many changes of carriers' answers nobody has looked into. Asked for only where it is
    shown."""
    merchant = getattr(request, "merchant", None)
    if merchant is None:
        return {}
    unsettled = Drift.objects.filter(destination__merchant=merchant, settled_at=None)
    return {"unsettled_drifts": SimpleLazyObject(unsettled.count)}


# --- How it goes with a destination ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Condition:
    """A destination for the eye: one word and its colour, and what is to be known beside it."""

    destination: Destination
    room: Room | None
    account: CarrierAccount | None
    lane: Lane | None
    waiting: int
    drifts: int

    @property
    def is_paused(self) -> bool:
        return self.lane is not None and self.lane.closed_at is not None

    @property
    def needs_credentials(self) -> bool:
        return bool(self.room and self.room.credentials and not (self.account and self.account.credentials))

    @property
    def defaults(self) -> list[Source]:
        return [route.source for route in self.destination.routes.all() if route.is_default]

    @property
    def badge(self) -> tuple[str, str]:
        """Its tone and its word."""
        if not self.destination.is_active:
            return "grey", gettext("Not active")
        if self.room is None:
            return "red", gettext("Unknown provider")
        if self.needs_credentials:
            return "red", gettext("No credentials")
        if self.is_paused:
            return "red", gettext("Paused")
        if self.account and self.account.check_error:
            return "amber", gettext("The test failed")
        return "green", pgettext("destination", "Active")


def conditions(destinations: QuerySet[Destination]) -> list[Condition]:
    """How it goes with each, in as many queries for many as for one."""
    routes = Prefetch("routes", Route.objects.select_related("source").order_by("source__name", "pk"))
    found = list(destinations.select_related("account", "lane", "fallback").prefetch_related(routes))
    waiting: dict[int, int] = defaultdict(int)
    # Two questions, since each has an index of its own.
    orders = Dispatch.objects.filter(destination__in=found).order_by().values("destination")
    for rows in (
        orders.filter(is_waiting=True),
        orders.filter(next_at__isnull=False, is_waiting=False, state=Dispatch.State.PLANNED),
    ):
        for row in rows.annotate(count=Count("pk")):
            waiting[row["destination"]] += row["count"]
    drifts = dict(
        Drift.objects.filter(destination__in=found, settled_at=None)
        .order_by()
        .values_list("destination")
        .annotate(count=Count("pk"))
    )
    return [
        Condition(
            one,
            registry.CARRIERS.get(one.provider),
            getattr(one, "account", None),
            getattr(one, "lane", None),
            waiting[one.pk],
            drifts.get(one.pk, 0),
        )
        for one in found
    ]


def _of(request: PortalRequest) -> QuerySet[Destination]:
    return Destination.objects.filter(merchant=request.merchant)


def _destination(request: PortalRequest, destination_id: int) -> Destination:
    return get_object_or_404(_of(request).select_related("account"), pk=destination_id)


# --- Pages ----------------------------------------------------------------------------------------------------------
@require_safe
@merchant_required()
def index(request: PortalRequest) -> HttpResponse:
    context = {"conditions": conditions(_of(request).order_by("-is_active", "name", "pk"))}
    return TemplateResponse(request, "integrations/connections/index.html", context)


@require_safe
@merchant_required()
def detail(request: PortalRequest, destination_id: int) -> HttpResponse:
    """One destination: how it goes, which sources use it, and what has changed in its carrier's answers."""
    found = conditions(_of(request).filter(pk=destination_id))
    if not found:
        raise Http404
    [condition] = found
    destination, account, room = condition.destination, condition.account, condition.room
    used = {route.source_id: route for route in destination.routes.all()}
    sources = Source.objects.filter(merchant=request.merchant).order_by("name", "pk")
    drifts = Drift.objects.filter(destination=destination)
    context = {
        "condition": condition,
        "destination": destination,
        "room": room,
        "account": account,
        "address": accounts.address(account) if account and room else "",
        "poll_seconds": (account and account.poll_seconds)
        or (registry.carrier_class(room.name).poll_seconds if room else 0),
        "routes": [(source, used.get(source.pk)) for source in sources],
        "pages": _pages(destination, room),
        "callback_url": accounts.callback_url(account) if account and room and room.callback else "",
        "unsettled": drifts.filter(settled_at=None)[:UNSETTLED_SHOWN],
        "settled": drifts.exclude(settled_at=None)[:SETTLED_SHOWN],
    }
    return TemplateResponse(request, "integrations/connections/detail.html", context)


def _pages(destination: Destination, room: Room | None) -> list[tuple[str, str]]:
    """Where the carrier's own pages about this destination are, and what they are called."""
    pages = registry.carrier_class(room.name).pages if room else ()
    return [(reverse(name, args=[destination.pk]), str(title)) for name, title in pages]


@require_safe
@merchant_required("manage")
def choose(request: PortalRequest) -> HttpResponse:
    """Which provider is to be connected."""
    has_source = Source.objects.filter(merchant=request.merchant).exists()
    context = {"rooms": registry.CARRIERS.values(), "has_source": has_source}
    return TemplateResponse(request, "integrations/connections/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def connect(request: PortalRequest, provider: str) -> HttpResponse:
    """The form of one provider; a valid POST makes the destination, tries it by a real call, and shows it."""
    room = registry.CARRIERS.get(provider)
    if room is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ConnectionForm(data, merchant=request.merchant, room=room)
    if data is not None and form.is_valid():
        try:
            destination = _connect(form, room)
        except ValidationError as error:
            form.refuse(error)
        else:
            _tell(request, destination, gettext("“%(name)s” is connected."))
            return redirect("integrations:destination", destination.pk)
    return TemplateResponse(request, "integrations/connections/form.html", {"form": form, "room": room})


@transaction.atomic
def _connect(form: ConnectionForm, room: Room) -> Destination:
    data = form.cleaned_data
    first, *others = data["sources"]
    destination = accounts.connect(
        first,
        room.name,
        name=data["name"],
        environment=data["environment"],
        default=first in data["defaults"],
        choices=data["settings"],
        fallback=data["fallback"],
        **form.account,
    )
    for source in others:
        actions.add_route(source, destination, default=source in data["defaults"])
    return destination


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def edit(request: PortalRequest, destination_id: int) -> HttpResponse:
    """The same form for one that there is; what is secret is kept where nothing new is entered."""
    destination = _destination(request, destination_id)
    room = registry.CARRIERS.get(destination.provider)
    if room is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ConnectionForm(data, merchant=request.merchant, room=room, destination=destination)
    if data is not None and form.is_valid():
        try:
            _save(form, destination)
        except ValidationError as error:
            form.refuse(error)
        else:
            _tell(request, destination, gettext("“%(name)s” is saved."))
            return redirect("integrations:destination", destination.pk)
    context = {"form": form, "room": room, "destination": destination}
    return TemplateResponse(request, "integrations/connections/form.html", context)


@transaction.atomic
def _save(form: ConnectionForm, destination: Destination) -> None:
    data = form.cleaned_data
    destination.name, destination.environment = data["name"], data["environment"]
    destination.fallback, destination.settings = data["fallback"], data["settings"]
    accounts.check_settings(destination)
    destination.full_clean()
    destination.save()
    accounts.save(destination, **form.account)


# --- What can be done with one --------------------------------------------------------------------------------------
def _tell(request: PortalRequest, destination: Destination, text: str = "") -> None:
    """Tries the connection and says how that went, after `text`."""
    works, said = accounts.check(destination)
    done = text % {"name": destination.name} if text else ""
    if works:
        result = gettext("The test went well: %(said)s") % {"said": said} if said else gettext("The test went well.")
        messages.success(request, f"{done} {result}".strip())
    else:
        result = gettext("The test did not go well: %(said)s") % {"said": said}
        messages.warning(request, f"{done} {result}".strip())


@require_POST
@merchant_required("manage")
def check(request: PortalRequest, destination_id: int) -> HttpResponse:
    """“Test connection”: a real call that changes nothing."""
    destination = _destination(request, destination_id)
    if destination.provider not in registry.CARRIERS:
        raise Http404
    _tell(request, destination)
    return redirect("integrations:destination", destination.pk)


@require_POST
@merchant_required("manage")
def switch(request: PortalRequest, destination_id: int) -> HttpResponse:
    """POST `active` (1, or empty): switches it on or off; a default one stays on."""
    destination = _destination(request, destination_id)
    active = bool(request.POST.get("active"))
    done = gettext("It is active.") if active else gettext("It is not active: no further order goes there.")
    _do(request, lambda: actions.set_active(destination, active), done)
    return redirect("integrations:destination", destination.pk)


@require_POST
@merchant_required("manage")
def route(request: PortalRequest, destination_id: int) -> HttpResponse:
    """POST `source` (an id) and `do`: `add` it to those that may send here, make this its `default`, or `remove` it."""
    destination = _destination(request, destination_id)
    wanted, do = request.POST.get("source", ""), request.POST.get("do")
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 18:
        raise Http404
    source = get_object_or_404(Source, merchant=request.merchant, pk=int(wanted))
    used = Route.objects.filter(source=source, destination=destination).first()
    name = {"source": source.name}
    if do == "add" and not used:
        _do(request, lambda: actions.add_route(source, destination), gettext("%(source)s may send here now.") % name)
    elif do == "default" and used:
        done = gettext("This is the default destination of %(source)s now.") % name
        _do(request, lambda: actions.set_default_route(used), done)
    elif do == "remove" and used:
        _do(request, lambda: actions.remove_route(used), gettext("%(source)s does not send here any more.") % name)
    return redirect("integrations:destination", destination.pk)


@require_POST
@merchant_required("manage")
def settle(request: PortalRequest, destination_id: int, drift_id: int) -> HttpResponse:
    """“Looked into”: the change counts no more until it is seen again a day later."""
    destination = _destination(request, destination_id)
    found = Drift.objects.filter(destination=destination, pk=drift_id)
    if not found.exists():
        raise Http404
    found.filter(settled_at=None).update(settled_at=timezone.now())
    messages.success(request, gettext("Noted: this needs no more attention."))
    return redirect("integrations:destination", destination.pk)


def _do(request: PortalRequest, change: Any, done: str) -> None:
    """Makes the change and says that it is done, or says which rule is against it."""
    try:
        with transaction.atomic():
            change()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except IntegrityError as error:  # somebody else was faster
        messages.error(request, broken_rule(error))
    else:
        messages.success(request, done)
