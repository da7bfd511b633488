"""Who sees which merchant's pages: the gate in front of every portal page, and what the page frame needs to know."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from destinations.models import Membership, Merchant

SESSION_KEY = "merchant"


class PortalRequest(HttpRequest):
    """A request that has passed `merchant_required`. `memberships` are all of this person's, by merchant name."""

    merchant: Merchant
    membership: Membership
    memberships: list[Membership]
    htmx: Any


def merchant_required(ability: str = "view") -> Callable:
    """Lets in members of a merchant whose role has `ability`, and sets `request.merchant` and `request.membership`.

    Anonymous people are sent to log in, members without the ability get 403, people without any merchant a page
    that says so. Times are shown in the merchant's time zone.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def gate(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                # A redirect would put the log-in page into the middle of a page that polls.
                return HttpResponseClientRefresh() if request.htmx else redirect_to_login(request.get_full_path())
            request.memberships = _memberships(request)
            if not request.memberships:
                return render(request, "portal/no_merchant.html", status=403)
            chosen = request.session.get(SESSION_KEY)
            request.membership = next(
                (one for one in request.memberships if one.merchant_id == chosen), request.memberships[0]
            )
            request.merchant = request.membership.merchant
            if not request.membership.can(ability):
                raise PermissionDenied(gettext("Your role does not allow this. Ask an owner of the merchant account."))
            with timezone.override(request.merchant.tz):
                response = view(request, *args, **kwargs)
                return response.render() if isinstance(response, TemplateResponse) else response

        return gate

    return decorate


@require_POST
@merchant_required()
def switch_merchant(request: PortalRequest) -> HttpResponse:
    """POST `merchant` (an id): the merchant whose pages are shown from now on; 404 for one that is not ours."""
    for membership in request.memberships:
        if str(membership.merchant_id) == request.POST.get("merchant"):
            request.session[SESSION_KEY] = membership.merchant_id
            return redirect("orders:list")
    raise Http404


def merchant_context(request: HttpRequest) -> dict[str, Any]:
    """For the page frame; asks the database nothing that the gate has not asked already."""
    membership: Membership | None = getattr(request, "membership", None)
    return {
        "merchant": getattr(request, "merchant", None),
        "membership": membership,
        "memberships": getattr(request, "memberships", []),
        "may_operate": membership is not None and membership.can("operate"),
        "may_manage": membership is not None and membership.can("manage"),
    }


class AccountAdapter(DefaultAccountAdapter):
    """Log-ins are given by the people who run the place: nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("orders:list")


def _memberships(request: HttpRequest) -> list[Membership]:
    return list(
        Membership.objects.filter(user=request.user.pk, merchant__is_active=True)
        .select_related("merchant")
        .order_by("merchant__name", "merchant_id")
    )
