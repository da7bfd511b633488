"""The rider's own pages, behind an unguessable link: the day's tasks, and each step of them.

The link is the whole of the credential, and it is in the address: no cookie says who asks, so that no other site can
make a browser act for its owner. That is why the forms carry no CSRF token (a browser sends no origin with them either,
for the sake of `no-referrer`), and why the address is never logged (`config.logs`).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from destinations.models import Rider
from integrations import throttle
from integrations.models import RiderLink, RiderTask
from integrations.ownfleet import links
from integrations.ownfleet.forms import PlaceForm, StepForm
from integrations.ownfleet.steps import STEPS, Answer, Reason, State, state_of, take, tasks_of
from orders import display
from orders.models import Order

# Of one address in a minute. Tokens cannot be guessed; this keeps those who try from keeping us busy.
MISSES = 60
LARGEST = 12_000_000  # bytes of a step with its pictures
# A phone tells its place at most so often; what comes faster is not written.
PLACE_SECONDS = 50

View = Callable[..., HttpResponse]


def ridden(view: View) -> View:
    """Finds the link of the address and gives it to the view in its place; 404 for one that does not work (any more),
    in the same words for all of them."""

    @wraps(view)
    def gate(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        link = links.find(token)
        if link is None:
            tried = throttle.count(f"ride:{throttle.address_of(request)}", MISSES, 60)
            response = render(request, "integrations/ownfleet/no_link.html", status=429 if tried.exceeded else 404)
        elif request.method == "POST" and _length(request) > LARGEST:
            response = JsonResponse({"taken": False, "notice": gettext("The photo is too large.")}, status=413)
        else:
            with timezone.override(link.rider.merchant.tz):
                response = view(request, link, token, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = "geolocation=(self), camera=(self)"
        return response

    return gate


def _length(request: HttpRequest) -> int:
    given = str(request.META.get("CONTENT_LENGTH") or "")
    return int(given) if given.isascii() and given.isdigit() else 0


# --- The page -------------------------------------------------------------------------------------------------------
@require_safe
@ridden
def ride(request: HttpRequest, link: RiderLink, token: str) -> HttpResponse:
    """The tasks. `?language=` changes the language, and is remembered."""
    wanted = request.GET.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        response = HttpResponseRedirect(links.path_of(token))
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=31_536_000, samesite="Lax")
        return response
    return _page(request, link, token)


def _page(request: HttpRequest, link: RiderLink, token: str, *, notice: str = "", status: int = 200) -> HttpResponse:
    language = translation.get_language()
    context = {
        "rider": link.rider,
        "shop": link.rider.merchant.name,
        "path": links.path_of(token),
        "tasks": [_shown(task) for task in tasks_of(link.rider)],
        "reasons": Reason.choices,
        "notice": notice,
        "languages": [(code, name) for code, name in _LANGUAGE_NAMES if code != language],
    }
    return render(request, "integrations/ownfleet/ride.html", context, status=status)


_LANGUAGE_NAMES = [(code, translation.get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]


@dataclass(frozen=True, slots=True)
class Button:
    """A step as a form; `key` names this one sending of it. `open`: it can be taken now."""

    name: str
    label: str
    key: uuid.UUID
    after: str
    to: str
    open: bool


def _shown(task: RiderTask) -> dict[str, Any]:
    """All that the rider may know of an order: a template never gets the order itself."""
    order = task.dispatch.order
    state = state_of(task, order)
    return {
        "id": task.pk,
        "state": state,
        "state_label": State(state).label,
        "tone": _TONES[state],
        "number": order.number or str(order.pk),
        "is_test": order.is_test,
        "pickup": _stop(order, "pickup"),
        "dropoff": _stop(order, "dropoff"),
        "items": [(item.quantity, item.name) for item in order.items.all()],
        "pieces": order.pieces,
        "notes": order.notes,
        "reason": task.reason,
        "cod": order.cod_amount,
        "currency": order.currency,
        "pickup_at": order.pickup_at,
        "window_start": order.window_start,
        "window_end": order.window_end,
        "buttons": [
            Button(name, str(step.label), uuid.uuid4(), " ".join(step.after), step.to, state in step.after)
            for name, step in STEPS.items()
        ],
    }


_TONES = {
    State.ASSIGNED: "blue",
    State.ACCEPTED: "blue",
    State.PICKED_UP: "violet",
    State.IN_TRANSIT: "violet",
    State.DELIVERED: "green",
    State.FAILED: "red",
    State.RETURNED: "amber",
    State.CANCELLED: "grey",
    State.CLOSED: "grey",
}


def _stop(order: Order, end: str) -> dict[str, Any]:
    found = display.stop(order, end)
    phone = "".join(sign for sign in found["phone"] if sign.isdigit() or sign == "+")
    place = f"{found['lat']},{found['lng']}" if found["lat"] else ""
    where = place or found["address"]
    found["phone_url"] = f"tel:{phone}" if phone else ""
    found["route_url"] = "https://www.google.com/maps/dir/?" + urlencode({"api": 1, "destination": where})
    found["geo_url"] = f"geo:{place}?q={place}" if place else f"geo:0,0?q={quote(where)}"
    return found


# --- What the rider does --------------------------------------------------------------------------------------------
@csrf_exempt
@require_POST
@ridden
def step(request: HttpRequest, link: RiderLink, token: str, task_id: int) -> HttpResponse:
    """POST one step of a task (`StepForm`). The page comes again; a script that asks for JSON gets `{taken, notice}`:
    200 when it counts now or did so before, 409 when the task has gone on without it, 404 when it is another rider's,
    400 when something in it is wrong."""
    rider = link.rider
    task = RiderTask.objects.filter(pk=task_id, dispatch__order__rider=rider).select_related("dispatch__order").first()
    if task is None:
        return _answer(request, link, token, _NOTICES[Answer.GONE], 404)
    form = StepForm(task.dispatch.order, request.POST, request.FILES)
    if not form.is_valid():
        return _answer(request, link, token, form.problems, 400)
    given = form.cleaned_data
    answer = take(
        rider, task_id, given["step"], key=str(given["key"]), at=given["at"],
        reason=given["reason"], note=given["note"], proof=form.proof(),
    )  # fmt: skip
    return _answer(request, link, token, _NOTICES[answer], _CODES[answer])


_NOTICES: dict[Answer, Any] = {
    Answer.TAKEN: "",
    Answer.STALE: translation.gettext_lazy("This task has changed meanwhile: look at where it is now."),
    Answer.GONE: translation.gettext_lazy("This task is not yours any more."),
}
_CODES = {Answer.TAKEN: 200, Answer.STALE: 409, Answer.GONE: 404}


def _answer(request: HttpRequest, link: RiderLink, token: str, notice: Any, status: int) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"taken": status == 200, "notice": str(notice)}, status=status)
    if status == 200:  # so that loading the page again does not send it again
        return HttpResponseRedirect(links.path_of(token))
    return _page(request, link, token, notice=str(notice), status=status)


@csrf_exempt
@require_POST
@ridden
def place(request: HttpRequest, link: RiderLink, token: str) -> HttpResponse:
    """POST `lat` and `lng`, degrees: where the phone is, with its owner's consent. 204 in any case but nonsense."""
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"notice": gettext("This is no place on earth.")}, status=400)
    now = timezone.now()
    rider = link.rider
    if rider.located_at is None or (now - rider.located_at).total_seconds() >= PLACE_SECONDS:
        Rider.objects.filter(pk=rider.pk).update(**form.cleaned_data, located_at=now)
    return HttpResponse(status=204)


# --- What makes it an application -----------------------------------------------------------------------------------
@require_safe
@ridden
def manifest(request: HttpRequest, link: RiderLink, token: str) -> HttpResponse:
    """The web app manifest of this link: the icon on the phone opens this rider's page."""
    path = links.path_of(token)
    icon = {"src": static("img/logo.svg"), "type": "image/svg+xml", "sizes": "any", "purpose": "any"}
    found = {
        "id": path,
        "name": f"{link.rider.merchant.name} · {link.rider.name}",
        "short_name": link.rider.merchant.name[:30],
        "start_url": path,
        "scope": path,
        "display": "standalone",
        "lang": translation.get_language(),
        "dir": "rtl" if translation.get_language_bidi() else "ltr",
        "background_color": "#f6f7f6",
        "theme_color": "#0f6b5c",
        "icons": [icon],
    }
    return JsonResponse(found, content_type="application/manifest+json")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: it must come from under the paths that it serves, which static files do not."""
    response = HttpResponse(_worker_script(), content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/ride/"
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _worker_script() -> str:
    return Path(settings.BASE_DIR, "static", "js", "rider-worker.js").read_text(encoding="utf-8")
