"""Several at once: real commits, real threads."""

import random
import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from integrations import dispatching
from integrations.models import Dispatch, Exchange, SimulatedParcel
from integrations.simulator.carrier import Simulator
from orders import actions
from orders.errors import OrderError
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Status
from tests.clockwork import later, pass_time, work
from tests.factories import make_order, make_shop
from tests.handovers import booked, fresh, kinds, ordered, parcels, planned, report

pytestmark = pytest.mark.django_db(transaction=True)
State = Dispatch.State


def at_once(*works) -> None:
    """Runs the functions in threads with connections of their own; raises the first error."""
    errors: list[BaseException] = []

    def run(function) -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(function,)) for function in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]


def test_no_transaction_is_open_while_calling_out(monkeypatch):
    seen = []
    for verb in ("book", "find", "cancel", "track"):
        real = getattr(Simulator, verb)

        def watched(self, *args, real=real, verb=verb):
            seen.append((verb, connection.in_atomic_block))
            return real(self, *args)

        monkeypatch.setattr(Simulator, verb, watched)
    order = ordered("timeout_after_accept")
    work()
    pass_time(5)
    actions.cancel_orders([order], SYSTEM)
    work()
    assert {verb for verb, _ in seen} == {"book", "find", "cancel", "track"}
    assert [verb for verb, inside in seen if inside] == []


def test_cancel_while_the_carrier_is_being_asked():
    order, dispatch = planned(answer_seconds=0.6)

    def cancel() -> None:
        while not SimulatedParcel.objects.exists():
            threading.Event().wait(0.02)
        [asked] = actions.cancel_orders([order], SYSTEM)
        assert asked.status == Status.CANCELLING

    at_once(lambda: dispatching.push(dispatch.pk), cancel)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    assert SimulatedParcel.objects.count() == 1
    assert parcels(order) == 0


def test_cancel_and_hand_over_at_the_same_moment():
    shop = make_shop(settings={"pace": 10})
    for number in range(12):
        order = make_order(shop, f"SHOP-{number}")
        dispatching.plan(order)
        dispatch = fresh(order)[1]
        at_once(partial(dispatching.push, dispatch.pk), partial(actions.cancel_orders, [order], SYSTEM))
        work()
        order, dispatch = fresh(order)
        assert order.status == Status.CANCELLED
        assert dispatch.state in (State.CANCELLED, State.DROPPED)
        assert parcels(order) == 0


def test_two_plans_at_once_make_one_dispatch():
    order = ordered()
    at_once(*[lambda: dispatching.plan(order)] * 4)
    assert order.dispatches.count() == 1


def test_two_sweeps_at_once_enqueue_once():
    shop = make_shop(settings={"pace": 10})
    for number in range(20):
        dispatching.plan(make_order(shop, f"SHOP-{number}"))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    later(95)
    at_once(*[dispatching.sweep] * 4)
    for _ in range(3):
        work()
        dispatching.sweep()
    assert SimulatedParcel.objects.count() == 20
    assert Exchange.objects.count() == 20


def test_the_same_report_from_two_sides_at_once():
    order, dispatch = booked()
    at_once(*[lambda: dispatching.receive(dispatch.pk, report("picked_up"))] * 4)
    assert kinds(order) == ["created", "booked", "progress"]


def test_due_orders_go_out_once():
    shop = make_shop(settings={"pace": 10})
    at = timezone.now() + timedelta(hours=1)
    orders = [make_order(shop, f"SHOP-{number}", release_at=at) for number in range(10)]
    work()
    assert actions.release_due_orders() == 0
    later(3700)
    at_once(*[actions.release_due_orders] * 4)
    work()
    assert OrderEvent.objects.filter(kind=OrderEvent.Kind.RELEASED).count() == 10
    assert {fresh(order)[0].status for order in orders} == {Status.ACCEPTED}
    assert SimulatedParcel.objects.count() == 10


def test_a_time_in_the_past_is_now():
    order = make_order(make_shop(), release_at=timezone.now() - timedelta(days=1))
    assert (order.status, order.release_at) == (Status.DISPATCHED, None)
    work()
    assert fresh(order)[0].status == Status.ACCEPTED


def test_an_order_that_is_not_due_stays():
    order = make_order(make_shop(), release_at=timezone.now() + timedelta(seconds=60))
    held = make_order(make_shop(), hold=True)
    work()
    later(50)
    assert actions.release_due_orders() == 0
    later(11)
    assert actions.release_due_orders() == 1
    assert Order.objects.get(pk=order.pk).status == Status.DISPATCHED
    assert Order.objects.get(pk=held.pk).status == Status.CREATED


def test_everything_at_once():
    """Whoever does what and when: nobody waits for ever, no parcel too many, and in the end all agree."""
    shop = make_shop(settings={"scenario": "timeout_after_accept", "pace": 6000, "answer_seconds": 0.02})
    orders = [make_order(shop, f"SHOP-{number}") for number in range(6)]
    for order in orders:
        dispatching.plan(order)
    until = time.monotonic() + 4

    def busy(seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < until:
            order = dice.choice(orders)
            dispatch = order.dispatches.get(is_current=True)
            # A dispatch has one job at a time; what else happens may happen whenever it likes.
            step = dice.choice(["relay", "plan", "plan", "sweep", "report", "cancel"])
            if step == "relay":
                dispatching.plan_cancel(order)
            elif step == "plan":
                dispatching.plan(order)
            elif step == "sweep":
                dispatching.sweep()
            elif step == "report" and dispatch.state == State.BOOKED:
                dispatching.receive(dispatch.pk, report("picked_up"))
            elif step == "cancel" and dice.random() < 0.05:
                with suppress(OrderError):
                    actions.cancel_orders(dice.sample(orders, 3), SYSTEM)

    def hand_over(order: Order) -> None:
        while time.monotonic() < until:
            dispatch = order.dispatches.get(is_current=True)
            dispatching.push(dispatch.pk)
            dispatching.cancel(dispatch.pk)

    at_once(*[partial(busy, seed) for seed in range(5)], *[partial(hand_over, order) for order in orders])
    for _ in range(3):  # the lane has been closed meanwhile: one tries it, then come the others
        later(95)
        dispatching.sweep()
        work()
    for order in orders:
        order, dispatch = fresh(order)
        assert SimulatedParcel.objects.filter(key__startswith=order.uuid.hex).count() <= 1
        if order.status == Status.CANCELLED:
            assert dispatch.state in (State.CANCELLED, State.DROPPED)
            assert parcels(order) == 0
        else:
            assert parcels(order) == 1
            assert dispatch.state in (State.BOOKED, State.DONE)
        assert order.attention == ""
