"""A real worker that ends in the middle of a booking: the order arrives all the same, and only once."""

import signal
import time

import pytest
from django.db import connection

from integrations.models import Dispatch, SimulatedParcel
from orders.models import Order
from orders.statuses import Status
from tests.clockwork import later
from tests.factories import make_order, make_shop
from tests.processes import wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER_SECONDS = 3


@pytest.fixture
def order() -> Order:
    return make_order(make_shop(settings={"pace": 2, "answer_seconds": ANSWER_SECONDS}))


def dispatch() -> Dispatch:
    return Dispatch.objects.get()


def wait_for_the_middle() -> None:
    """The carrier has taken the parcel, and its answer is on the way."""
    wait_until(SimulatedParcel.objects.exists, 10, "the carrier is asked")
    assert dispatch().state == Dispatch.State.BOOKING


def delivered(order: Order) -> bool:
    return Order.objects.get(pk=order.pk).status == Status.DELIVERED


def doing() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'doing' AND lock IS NOT NULL")
        return [name for (name,) in cursor.fetchall()]


def test_killed(order):
    with worker() as first:
        wait_for_the_middle()
        first.send_signal(signal.SIGKILL)
        first.wait()
    time.sleep(ANSWER_SECONDS)
    assert dispatch().state == Dispatch.State.BOOKING
    assert doing() == ["integrations.tasks.relay_event"]  # nobody has noticed yet
    with worker():
        took = wait_until(lambda: delivered(order), 25, "delivered by the next worker")
    assert took > 1
    assert SimulatedParcel.objects.count() == 1
    assert [said.verb for said in dispatch().exchanges.all()] == ["find"]
    assert Dispatch.objects.count() == 1
    assert [event.kind for event in order.events.all()] == ["created", "booked", "progress", "progress", "progress"]


def test_killed_while_another_is_at_work(order):
    with worker() as first:
        wait_for_the_middle()
        with worker():
            first.send_signal(signal.SIGKILL)
            first.wait()
            wait_until(lambda: delivered(order), 25, "delivered by the other worker")
    assert SimulatedParcel.objects.count() == 1


def test_asked_to_end(order):
    with worker() as first:
        wait_for_the_middle()
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0
    assert dispatch().state == Dispatch.State.BOOKED  # it waited for the carrier's answer
    with worker():
        wait_until(lambda: delivered(order), 10, "delivered by the next worker")
    assert SimulatedParcel.objects.count() == 1
    assert [said.verb for said in dispatch().exchanges.all()] == ["book"]


def break_connections(*, application: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND application_name = %s",
            [application],
        )


def test_a_worker_whose_connections_are_cut_goes_on(order):
    with worker() as only:
        wait_for_the_middle()
        break_connections()
        later(95)  # it could not even say that it had failed: its time to do so must run out
        wait_until(lambda: delivered(order), 25, "delivered by the same worker")
        assert only.poll() is None
    assert SimulatedParcel.objects.count() == 1
