"""A fleet for tests: a merchant whose orders go to its own riders, and phones with links."""

import io
import uuid
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone
from PIL import Image

from destinations.models import Rider
from integrations import accounts
from integrations.models import RiderTask
from integrations.ownfleet import links
from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from tests.clockwork import work
from tests.factories import Shop, make_order, make_shop
from tests.handovers import fresh


def make_fleet(assign: str = "by_hand", **merchant: Any) -> Shop:
    shop = make_shop(**merchant)
    shop.destination = accounts.connect(
        shop.source, "ownfleet", name="Our riders", default=True, choices={"assign": assign}
    )
    return shop


def make_rider(shop: Shop, name: str = "Sami", **fields: Any) -> Rider:
    return Rider.objects.create(merchant=shop.merchant, name=name, phone="+96555555555", **fields)


def located(rider: Rider, lat: float, lng: float, *, minutes: float = 0) -> Rider:
    at = timezone.now() - timedelta(minutes=minutes)
    Rider.objects.filter(pk=rider.pk).update(lat=lat, lng=lng, located_at=at)
    return rider


def task_for(shop: Shop, to: Rider | None, external_id: str = "SHOP-1", **changes: Any) -> tuple[Order, RiderTask]:
    """An order that the fleet has, in the hands of the rider."""
    order = make_order(shop, external_id, **changes)
    work()
    if to:
        actions.assign_rider(order, to, SYSTEM)
    order, dispatch = fresh(order)
    return order, dispatch.rider_task


class Phone:
    """A rider's phone with a link; a script's requests, unless `plain` asks for a form's."""

    def __init__(self, rider: Rider, token: str = "") -> None:
        self.rider = rider
        self.token = token or links.issue(rider)[1]
        self.client = Client()

    @property
    def path(self) -> str:
        return f"/ride/{self.token}/"

    def page(self, **headers: str) -> str:
        response = self.client.get(self.path, **headers)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def step(self, task: RiderTask, name: str, *, key: str = "", plain: bool = False, **fields: Any) -> Any:
        data = {"step": name, "key": key or str(uuid.uuid4()), **fields}
        headers = {} if plain else {"HTTP_ACCEPT": "application/json"}
        return self.client.post(f"{self.path}tasks/{task.pk}", data, **headers)


def picture(width: int = 40, height: int = 30, kind: str = "JPEG", name: str = "photo", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, kind, **options)
    file.seek(0)
    file.name = f"{name}.{kind.lower()}"
    return file
