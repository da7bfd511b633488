"""The page on which a person writes an order by hand."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from destinations.models import Source
from destinations.portal import PortalRequest, merchant_required
from orders import actions
from orders.errors import DuplicateOrder, NoDestination, OrderError, OutOfCoverage
from orders.forms import ItemFormSet, OrderForm, items_of, scope
from orders.models import Order
from orders.statuses import Status
from orders.views import actor


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("operate")
def new_order(request: PortalRequest) -> HttpResponse:
    """The form for one source (`?source=` chooses among several); a valid POST places the order and shows it."""
    sources = list(
        Source.objects.filter(merchant=request.merchant, is_active=True).select_related("merchant").order_by("pk")
    )
    if not sources:
        return TemplateResponse(request, "orders/no_source.html")
    source = _chosen(sources, request.GET.get("source"))
    data = request.POST if request.method == "POST" else None
    form = OrderForm(data, source=source)
    items = ItemFormSet(data, prefix="items", form_kwargs={"currency": request.merchant.currency})
    if data is not None and form.is_valid() and items.is_valid():
        response = _place(request, source, form, items)
        if response is not None:
            return response
    context = {"form": form, "items": items, "source": source, "sources": sources}
    return TemplateResponse(request, "orders/new.html", context)


def _chosen(sources: list[Source], wanted: str | None) -> Source:
    if not wanted:
        return sources[0]
    for source in sources:
        if str(source.pk) == wanted:
            return source
    raise Http404


def _place(request: PortalRequest, source: Source, form: OrderForm, items: Any) -> HttpResponse | None:
    """Places the order and leads to it; None when it was refused, with the reason beside its field."""
    try:
        order = actions.place_orders(source, [form.draft(items_of(items))], actor=actor(request))[0]
    except DuplicateOrder:
        order = Order.objects.of(request.merchant).get(unique_scope=scope(form.cleaned_data["token"]))
        messages.info(request, gettext("This form had been sent already: here is the order that it made."))
    except NoDestination:
        form.add_error("destination", gettext("This destination cannot take the order now: choose another one."))
        return None
    except OutOfCoverage as error:
        form.add_error(f"{error.path}_lat", gettext("This point lies outside all of your coverage zones."))
        return None
    except OrderError as error:
        form.add_error(error.path if error.path in form.fields else None, error.message)
        return None
    else:
        messages.success(request, _welcome(order))
    return redirect(order)


def _welcome(order: Order) -> str:
    if order.status != Status.CREATED:
        return gettext("The order has been placed and goes out now.")
    if order.release_at:
        return gettext("The order has been placed. It goes out by itself at the set time.")
    return gettext("The order has been placed and is held until somebody releases it.")
