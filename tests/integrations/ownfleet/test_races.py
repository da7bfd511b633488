"""Two phones, double taps, and an office that cancels: real threads, real transactions."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from integrations import dispatching
from integrations.models import CarrierReport, Dispatch, RiderTask
from integrations.ownfleet.carrier import OwnFleet
from orders import actions
from orders.events import SYSTEM
from orders.models import Order, OrderEvent, ProofOfDelivery
from orders.statuses import Attention, Status
from tests.clockwork import work
from tests.handovers import fresh, kinds
from tests.integrations.ownfleet.fleet import Phone, make_fleet, make_rider, picture, task_for

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """What each gives, all begun at the same moment."""
    gate = threading.Barrier(len(doings))
    answers: list[Any] = [None] * len(doings)

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = doings[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.parametrize("attempt", range(3))
def test_a_double_tap_delivers_once(attempt):
    shop = make_fleet()
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    phone = Phone(rider)
    phone.step(task, "pick_up")
    key = str(uuid.uuid4())

    def tap() -> int:
        twin = Phone(rider, phone.token)
        return twin.step(task, "deliver", key=key, recipient_name="Noor", photo=picture()).status_code

    assert at_once(*[tap] * 4) == [200] * 4
    assert CarrierReport.objects.filter(dispatch=task.dispatch, key=key).count() == 1
    assert ProofOfDelivery.objects.count() == 1
    assert kinds(order).count(OrderEvent.Kind.PROOF) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_phones_with_one_link(attempt):
    """Both tap the same button, each in its own right: one is taken, the other told how things are."""
    shop = make_fleet()
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    token = Phone(rider).token
    doings = [lambda: Phone(rider, token).step(task, "pick_up").status_code] * 3
    assert sorted(at_once(*doings)) == [200, 409, 409]
    assert kinds(order).count(OrderEvent.Kind.PROGRESS) == 1


@pytest.mark.parametrize("attempt", range(6))
def test_a_cancel_and_a_pick_up_at_once(attempt):
    """Exactly one of them has its way, and everybody agrees on which."""
    shop = make_fleet()
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    phone = Phone(rider)
    actions.cancel_orders([order], SYSTEM)
    dispatching.plan_cancel(Order.objects.get(pk=order.pk))

    code, _ = at_once(lambda: phone.step(task, "pick_up").status_code, lambda: dispatching.cancel(task.dispatch_id))
    work()
    order, dispatch = fresh(order)
    task.refresh_from_db()
    if code == 200:
        assert (order.status, order.attention) == (Status.PICKED_UP, Attention.CANCEL_REFUSED)
        assert (dispatch.state, task.cancelled_at) == (Dispatch.State.BOOKED, None)
    else:
        assert code == 409
        assert (order.status, dispatch.state, task.picked_up_at) == (
            Status.CANCELLED, Dispatch.State.CANCELLED, None,
        )  # fmt: skip


@pytest.mark.parametrize("attempt", range(3))
def test_two_workers_book_one_task(monkeypatch, attempt):
    """One is slow, its lease runs out, and another takes over while it is still at it."""
    shop = make_fleet("nearest")
    order, task = task_for(shop, None)
    RiderTask.objects.all().delete()
    Dispatch.objects.update(state=Dispatch.State.UNKNOWN, reference="", attempts=1)
    Order.objects.update(status=Status.DISPATCHED)
    gate = threading.Barrier(2, timeout=10)
    book = OwnFleet.book

    def together(self, consignment):
        gate.wait()
        return book(self, consignment)

    monkeypatch.setattr(OwnFleet, "book", together)
    at_once(*[lambda: dispatching.push(task.dispatch_id)] * 2)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, RiderTask.objects.count()) == (Status.ACCEPTED, Dispatch.State.BOOKED, 1)
    assert order.attention == ""


def test_a_reassignment_and_a_step_at_once():
    shop = make_fleet()
    first, second = make_rider(shop, "First"), make_rider(shop, "Second")
    order, task = task_for(shop, first)
    phone = Phone(first)
    code, _ = at_once(
        lambda: phone.step(task, "accept").status_code,
        lambda: actions.assign_rider(order, second, SYSTEM),
    )
    assert code in (200, 404)
    assert phone.step(task, "pick_up").status_code == 404
    page = Phone(second).page()
    assert 'data-state="assigned"' in page
