"""Orders on their way to the simulator, at the moments that tests are about."""

from django.db import connection

from integrations import dispatching
from integrations.carrier import Report
from integrations.models import Dispatch, SimulatedParcel
from orders.models import Order
from tests.clockwork import told, work
from tests.factories import make_order, make_shop


def ordered(scenario: str = "accept", **settings) -> Order:
    return make_order(make_shop(settings={"scenario": scenario, "pace": 10, **settings}))


def booked(scenario: str = "accept", **settings) -> tuple[Order, Dispatch]:
    order = ordered(scenario, **settings)
    work()
    return fresh(order)


def planned(scenario: str = "accept", **settings) -> tuple[Order, Dispatch]:
    """An order whose dispatch waits for its first attempt; no job is queued."""
    order = ordered(scenario, **settings)
    dispatching.plan(order)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    return fresh(order)


def fresh(order: Order) -> tuple[Order, Dispatch]:
    return Order.objects.get(pk=order.pk), Dispatch.objects.get(order=order, is_current=True)


def parcels(order: Order) -> int:
    return SimulatedParcel.objects.filter(key__startswith=order.uuid.hex, cancelled_at=None).count()


def report(status: str | None, key: str = "1", **fields) -> Report:
    return Report(key, status, **fields)


def kinds(order: Order) -> list[str]:
    return [kind for kind, *_ in told(order)]
