"""The portal's pages of those who send orders: a merchant's sources, and their keys."""

from collections import defaultdict
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations import actions
from destinations.models import Route, Source
from destinations.portal import PortalRequest, merchant_required
from integrations import keys, registry
from integrations.connection_forms import credential_label
from integrations.models import ApiKey
from integrations.reference import base_url
from integrations.source_forms import KeyForm, SourceForm

KEYS_SHOWN = 300
REVOKED_SHOWN = 50


# --- Keys -----------------------------------------------------------------------------------------------------------
@require_safe
@merchant_required("manage")
def key_list(request: PortalRequest) -> HttpResponse:
    """The merchant's sources, each with its keys; the newest first."""
    found = ApiKey.objects.filter(source__merchant=request.merchant).select_related("created_by", "source")
    working: dict[int, list[ApiKey]] = defaultdict(list)
    for key in found.filter(revoked_at=None)[:KEYS_SHOWN]:
        working[key.source_id].append(key)
    defaults = dict(
        Route.objects.filter(source__merchant=request.merchant, is_default=True).values_list(
            "source", "destination__name"
        )
    )
    sources = Source.objects.filter(merchant=request.merchant).order_by("-is_active", "name", "pk")
    context = {
        "sources": [(source, working[source.pk], defaults.get(source.pk, "")) for source in sources],
        "revoked": found.exclude(revoked_at=None).order_by("-revoked_at")[:REVOKED_SHOWN],
        "shown": KEYS_SHOWN if sum(map(len, working.values())) >= KEYS_SHOWN else 0,
    }
    return TemplateResponse(request, "integrations/keys/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def issue(request: PortalRequest) -> HttpResponse:
    """The form of a new key (`?source=` and `?dialect=` choose beforehand). The answer to a valid POST is the only page
    that ever shows the key: a redirect would have to keep it somewhere."""
    data = request.POST if request.method == "POST" else None
    asked = {name: request.GET[name] for name in ("source", "dialect") if name in request.GET}
    form = KeyForm(data, merchant=request.merchant, initial=asked)
    if data is None or not form.is_valid():
        return TemplateResponse(request, "integrations/keys/issue.html", {"form": form})
    values = form.values()
    key, secret = keys.issue(values.pop("source"), values.pop("dialect"), created_by=cast(User, request.user), **values)
    room = registry.DIALECTS[key.dialect]
    given = keys.credential(key, secret)
    parts = {"api_key": given} if isinstance(given, str) else given
    context = {
        "key": key,
        "room": room,
        "secrets": [(credential_label(name), value) for name, value in parts.items()],
        "base_url": base_url(key.dialect),
        # A dialect whose callers may log in as a person of the portal.
        "by_person": {"username", "password"} <= set(room.credentials),
    }
    response = TemplateResponse(request, "integrations/keys/issued.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@merchant_required("manage")
def revoke(request: PortalRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, source__merchant=request.merchant, pk=key_id)
    keys.revoke(key)
    messages.success(request, gettext("The key %(key)s does not work any more.") % {"key": f"{key.prefix}…"})
    return redirect("integrations:keys")


# --- Sources --------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def new_source(request: PortalRequest) -> HttpResponse:
    return _source(request, Source(merchant=request.merchant))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def edit_source(request: PortalRequest, source_id: int) -> HttpResponse:
    return _source(request, get_object_or_404(Source, merchant=request.merchant, pk=source_id))


def _source(request: PortalRequest, source: Source) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = SourceForm(data, instance=source)
    if data is not None and form.is_valid():
        try:
            if form.new:
                actions.create_source(request.merchant, destinations=form.destinations(), **form.values())
            else:
                actions.edit_source(source, **form.values())
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            done = gettext("“%(name)s” is saved.") if not form.new else gettext("“%(name)s” is there: give it a key.")
            messages.success(request, done % {"name": source.name})
            return redirect("integrations:keys")
    routes = [] if form.new else source.routes.select_related("destination").order_by("-is_default", "position", "pk")
    context = {"form": form, "source": source, "routes": routes}
    return TemplateResponse(request, "integrations/keys/source.html", context)
