"""The page on which a person says where an order goes whose address does not tell, and sends it on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from destinations.portal import PortalRequest, merchant_required
from integrations import registry
from integrations.carrier import CarrierError, Transcript
from integrations.modon import matching
from integrations.modon.carrier import ModonCarrier
from integrations.modon.destined import CITY, MAX_WORDS, Place, Places, region_kind, written
from orders import actions, display
from orders.errors import OrderError
from orders.models import Order
from orders.statuses import Status
from orders.views import actor

_FEWEST_LETTERS = 4


class PlaceForm(forms.Form):
    """The second step: a region of the city that was chosen in the first."""

    city = forms.CharField(widget=forms.HiddenInput)
    region = forms.ChoiceField(label=_("Region"))
    remember = forms.BooleanField(label=_("The same for every address with these words:"), required=False)
    words = forms.CharField(
        label=_("Words of the address"),
        required=False,
        max_length=MAX_WORDS,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        help_text=_("As few as name this place and no other, such as the quarter."),
    )

    def __init__(self, data: Any, *, order: Order, city: str, regions: dict[str, str]) -> None:
        self.order = order
        line = order.dropoff_address
        words = line if len(line) <= MAX_WORDS else line[:MAX_WORDS].rpartition(" ")[0]
        super().__init__(data, initial={"city": city, "words": words})
        self.fields["region"].choices = [("", gettext("Choose one")), *_in_order(regions)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        words = found.get("words") or ""
        if not found.get("remember"):
            found["words"] = ""
        elif not matching.says(written(self.order).texts, words):
            self.add_error("words", gettext("These words do not stand in the address."))
        elif len("".join(matching.folded(words))) < _FEWEST_LETTERS:
            self.add_error("words", gettext("That is too little to tell one place from another."))
        return found


def _in_order(names: dict[str, str]) -> list[tuple[str, str]]:
    """By name without its article, "other" at the end."""
    return sorted(names.items(), key=lambda one: (matching.is_other(one[1]), matching.folded(one[1])))


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("operate")
def place(request: PortalRequest, order_id: int) -> HttpResponse:
    """`?city=` is the first step; a valid POST stores the choice and sends the order out again."""
    orders = Order.objects.of(request.merchant).kept().select_related("destination__account", "merchant")
    order = get_object_or_404(orders, pk=order_id)
    destination = order.destination
    if (
        destination.provider not in registry.CARRIERS
        or registry.carrier_class(destination.provider) is not ModonCarrier
    ):
        raise Http404
    if order.status != Status.FAILED or order.with_carrier:
        messages.info(request, gettext("This order does not wait for a place."))
        return redirect(order)
    places = ModonCarrier(destination, Transcript()).places()
    data = request.POST if request.method == "POST" else None
    form, problem, cities, city = None, "", {}, ""
    try:
        cities = places.names(CITY)
        city = (data or request.GET).get("city", "") or places.city_of(order, cities)
        if city in cities:
            form = PlaceForm(data, order=order, city=city, regions=places.names(region_kind(city)))
    except CarrierError as error:
        problem = str(error)
    if form and form.is_valid():
        return _send(request, order, places, form.cleaned_data)
    context = {
        "order": order,
        "dropoff": display.stop(order, "dropoff"),
        "cities": _in_order(cities),
        "city": city,
        "form": form,
        "problem": problem,
    }
    return TemplateResponse(request, "integrations/place.html", context)


def _send(request: PortalRequest, order: Order, places: Places, chosen: dict[str, Any]) -> HttpResponse:
    try:
        with transaction.atomic():
            actions.retry_order(order, actor(request))
            places.choose(order, Place(chosen["city"], chosen["region"]), chosen["words"])
    except OrderError as error:
        messages.error(request, display.explain(error))
    else:
        messages.success(request, gettext("The order is being sent out again."))
    return redirect(order)
