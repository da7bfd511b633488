"""The machine's floor: a bare Django view that inserts one order, one event and one job in one transaction.

Its settings are Wasl's own without middleware; served as `tests.bench.floor:application`.
"""

import json
import os
from functools import cache

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.floor_settings"

from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

application = get_wsgi_application()

from procrastinate.contrib.django import app

from destinations.models import Source
from orders.models import Order, OrderEvent


@cache
def sender() -> tuple[Source, int]:
    """The merchant's source and a destination; looked up once, by the process that serves."""
    source = Source.objects.select_related("merchant").latest("id")
    return source, source.destinations.values_list("id", flat=True)[0]


@csrf_exempt
def create(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    source, destination = sender()
    now = timezone.now()
    with transaction.atomic():
        order = Order.objects.create(
            merchant=source.merchant,
            source=source,
            destination_id=destination,
            dialect="muvx",
            external_id=body["integration_order_id"],
            unique_scope="floor",
            pickup_name=body["pickup"]["name"],
            pickup_phone=body["pickup"]["phone"],
            pickup_address=body["pickup"]["address"],
            dropoff_name=body["dropoff"]["name"],
            dropoff_phone=body["dropoff"]["phone"],
            dropoff_address="Salmiya",
            currency="KWD",
            created_at=now,
            updated_at=now,
        )
        event = OrderEvent.objects.create(order=order, kind="created", actor_kind="key", actor="floor", created_at=now)
        app.configure_task("integrations.tasks.relay_event", lock=f"order:{order.pk}").defer(event_id=event.pk)
    return JsonResponse({"success": True, "id": order.pk})


urlpatterns = [path("floor", create)]
