"""Edits of orders that a carrier has, or may have: it gets them as they are now, and never twice."""

import random
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from integrations import dispatching
from integrations.carrier import Booking, CarrierError
from integrations.models import Dispatch, SimulatedParcel
from integrations.simulator.carrier import Simulator
from orders import actions
from orders.drafts import OrderDraft
from orders.errors import OrderError
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Failure, Status
from tests.clockwork import later, pass_time, work
from tests.factories import make_draft, make_order, make_shop
from tests.handovers import booked, fresh, kinds, ordered, parcels, planned, report
from tests.integrations.test_races import at_once

pytestmark = pytest.mark.django_db
State = Dispatch.State


def edited(name: str = "Noor") -> OrderDraft:
    draft = make_draft()
    return make_draft(dropoff=type(draft.dropoff)(name, "+96599999999", draft.dropoff.address))


def edit(order: Order, name: str = "Noor") -> Order:
    return actions.edit_order(order, edited(name), SYSTEM)


def carrier_has(order: Order) -> list[str]:
    """The receiver's name on each living parcel, as the carrier was told it."""
    alive = SimulatedParcel.objects.filter(key__startswith=order.uuid.hex, cancelled_at=None).values_list("key")
    return [
        name
        for dispatch in Dispatch.objects.filter(key__in=alive)
        for exchange in dispatch.exchanges.filter(verb="book", error="").order_by("-id")[:1]
        for name in ("Noor", "Amal", "Customer")
        if name in exchange.request
    ]


def assert_rebooked(order: Order, name: str = "Noor", epoch: int = 2) -> Dispatch:
    order, dispatch = fresh(order)
    assert (order.status, order.rebooking, order.attention) == (Status.ACCEPTED, False, "")
    assert (dispatch.state, dispatch.epoch) == (State.BOOKED, epoch)
    assert order.carrier_reference == dispatch.reference
    assert carrier_has(order) == [name]
    return dispatch


def test_before_the_first_attempt_nothing_is_booked_anew():
    order = ordered()
    edit(order)
    work()
    assert_rebooked(order, epoch=1)


def test_between_plan_and_push():
    order, dispatch = planned()
    edit(order)
    dispatching.push(dispatch.pk)
    work()
    assert_rebooked(order, epoch=1)


def test_between_two_attempts_the_new_one_gets_a_new_key():
    order, dispatch = booked("rate_limited", times=1, pace=100)
    assert dispatch.state == State.PLANNED
    edit(order)
    work()
    pass_time(3)
    assert_rebooked(order)
    dispatch.refresh_from_db()
    assert dispatch.state == State.DROPPED


def test_after_the_booking():
    order, old = booked()
    edit(order)
    assert fresh(order)[0].rebooking
    work()
    dispatch = assert_rebooked(order)
    old.refresh_from_db()
    assert (old.state, old.is_current) == (State.CANCELLED, False)
    assert dispatch.key != old.key
    assert kinds(order) == ["created", "booked", "edited", "retried", "booked"]
    pass_time(12)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, order.attention) == (Status.DELIVERED, State.DONE, "")


@pytest.mark.parametrize("scenario", ["timeout_after_accept", "no_answer"])
def test_of_what_may_have_been_booked(scenario):
    order, dispatch = booked(scenario, pace=0 if scenario == "no_answer" else 10)
    assert dispatch.state == State.UNKNOWN
    edit(order)
    order.destination.settings = {"pace": 10}
    order.destination.save()
    work()
    assert_rebooked(order)
    assert list(dispatch.exchanges.values_list("verb", flat=True))[:2] == ["book", "find"]


def test_a_failed_order_goes_out_again_as_it_is_now():
    order, dispatch = booked("refuse")
    assert order.status == Status.FAILED
    order.destination.settings = {"pace": 10}
    order.destination.save()
    edit(order)
    work()
    assert_rebooked(order)
    dispatch.refresh_from_db()
    assert dispatch.state == State.REFUSED


@pytest.mark.django_db(transaction=True)
def test_while_an_attempt_is_being_made():
    order, dispatch = planned(answer_seconds=0.6)

    def change() -> None:
        while not SimulatedParcel.objects.exists():
            threading.Event().wait(0.02)
        assert edit(order).rebooking

    at_once(lambda: dispatching.push(dispatch.pk), change)
    work()
    assert_rebooked(order)
    assert SimulatedParcel.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_edits_and_hand_overs_at_the_same_moment():
    for _ in range(8):
        order, dispatch = planned()
        at_once(lambda: dispatching.push(dispatch.pk), lambda: edit(order), lambda: edit(order, "Amal"))  # noqa: B023
        work()
        order, dispatch = fresh(order)
        assert_rebooked(order, order.dropoff_name, dispatch.epoch)


def test_a_refusal_during_the_attempt_is_of_the_order_as_it_was(monkeypatch):
    order, dispatch = planned()
    real = Simulator.book

    def refuses(self, consignment):
        monkeypatch.setattr(Simulator, "book", real)
        edit(order)
        raise CarrierError("bad address", permanent=True)

    monkeypatch.setattr(Simulator, "book", refuses)
    dispatching.push(dispatch.pk)
    work()
    assert_rebooked(order)


def test_a_carrier_that_refuses_to_cancel_keeps_it_as_it_was():
    order, _ = booked("cancel_refused")
    edit(order)
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.rebooking, order.attention) == (Status.ACCEPTED, False, Attention.EDIT_REFUSED)
    assert (dispatch.state, dispatch.epoch, order.dropoff_name) == (State.BOOKED, 1, "Noor")
    assert kinds(order) == ["created", "booked", "edited", "edit_refused"]
    pass_time(12)
    order, _ = fresh(order)
    assert (order.status, order.attention) == (Status.DELIVERED, Attention.EDIT_REFUSED)


def test_a_cancelled_report_that_is_faster_than_the_answer(monkeypatch):
    order, old = booked()
    real = Simulator.cancel

    def slow(self, consignment, reference):
        real(self, consignment, reference)
        dispatching.receive(old.pk, report("cancelled", "c"))

    monkeypatch.setattr(Simulator, "cancel", slow)
    edit(order)
    work()
    assert_rebooked(order)
    dispatching.receive(old.pk, report("cancelled", "again"))
    assert_rebooked(order)


@pytest.mark.parametrize("answer", ["cancelled", "refused"])
def test_picked_up_while_the_carrier_is_asked(monkeypatch, answer):
    order, dispatch = booked()
    real = Simulator.cancel

    def slow(self, consignment, reference):
        dispatching.receive(dispatch.pk, report("picked_up"))
        if answer == "refused":
            raise CarrierError("too late", permanent=True)
        real(self, consignment, reference)

    monkeypatch.setattr(Simulator, "cancel", slow)
    edit(order)
    work()
    order, dispatch = fresh(order)
    if answer == "refused":
        assert (order.status, order.attention, dispatch.state) == (
            Status.PICKED_UP,
            Attention.EDIT_REFUSED,
            State.BOOKED,
        )
        assert parcels(order) == 1
    else:  # no carrier follows it: a person decides
        assert (order.status, order.failure) == (Status.FAILED, Failure.DISPATCH)
        assert (order.attention, dispatch.state) == (Attention.CONTRADICTION, State.CANCELLED)
        actions.retry_order(order, SYSTEM)
        work()
        assert carrier_has(order) == ["Noor"]


@pytest.mark.parametrize("status", ["picked_up", "delivered"])
def test_picked_up_before_the_carrier_is_asked(status):
    order, dispatch = booked()
    edit(order)
    dispatching.receive(dispatch.pk, report(status))
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.rebooking, order.attention) == (status, False, Attention.EDIT_REFUSED)
    assert dispatch.exchanges.filter(verb="cancel").count() == 0
    assert dispatch.state == (State.BOOKED if status == "picked_up" else State.DONE)


def test_picked_up_between_two_tries_to_cancel_asks_no_more(monkeypatch):
    order, dispatch = booked()
    with monkeypatch.context() as patch:

        def unreachable(self, consignment, reference):
            raise CarrierError("connection refused")

        patch.setattr(Simulator, "cancel", unreachable)
        edit(order)
        work()
        dispatching.receive(dispatch.pk, report("picked_up"))
    later(400)
    pass_time(3)
    order, dispatch = fresh(order)
    assert order.attention == Attention.EDIT_REFUSED
    assert (order.status, parcels(order)) == (Status.DELIVERED, 1)
    assert dispatch.exchanges.filter(verb="cancel").count() == 0


@pytest.mark.parametrize("scenario", ["accept", "cancel_refused"])
def test_a_cancel_while_it_is_being_rebooked(scenario):
    order, _ = booked(scenario)
    edit(order)
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (dispatch.epoch, order.rebooking) == (1, False)
    if scenario == "accept":
        assert (order.status, dispatch.state, parcels(order)) == (Status.CANCELLED, State.CANCELLED, 0)
    else:
        assert (order.status, order.attention, parcels(order)) == (Status.ACCEPTED, Attention.CANCEL_REFUSED, 1)


def test_a_cancel_while_the_carrier_is_asked_for_the_edit(monkeypatch):
    order, _ = booked()
    real = Simulator.cancel

    def slow(self, consignment, reference):
        actions.cancel_orders([order], SYSTEM)
        real(self, consignment, reference)

    monkeypatch.setattr(Simulator, "cancel", slow)
    edit(order)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, parcels(order)) == (Status.CANCELLED, State.CANCELLED, 0)
    assert order.dispatches.count() == 1


def test_a_second_edit_while_it_is_being_rebooked(monkeypatch):
    order, _ = booked()
    real = Simulator.cancel

    def slow(self, consignment, reference):
        edit(order, "Amal")
        real(self, consignment, reference)

    monkeypatch.setattr(Simulator, "cancel", slow)
    edit(order)
    work()
    assert_rebooked(order, "Amal")


def test_a_second_edit_after_the_rebooking():
    order, _ = booked()
    edit(order)
    work()
    edit(order, "Amal")
    work()
    assert_rebooked(order, "Amal", epoch=3)


def test_deleting_while_it_is_being_rebooked():
    order, _ = booked()
    edit(order)
    actions.delete_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, parcels(order)) == (Status.CANCELLED, State.CANCELLED, 0)
    assert order.deleted_at


def test_a_deleted_order_that_the_carrier_will_not_cancel_is_seen_again():
    order, _ = booked("cancel_refused")
    actions.delete_orders([order], SYSTEM)
    assert fresh(order)[0].deleted_at
    work()
    order, _ = fresh(order)
    assert (order.status, order.deleted_at, order.attention) == (Status.ACCEPTED, None, Attention.CANCEL_REFUSED)


def test_a_deleted_order_that_is_delivered_all_the_same_is_seen_again():
    order, dispatch = booked()
    actions.delete_orders([order], SYSTEM)
    work()
    assert fresh(order)[0].deleted_at
    dispatching.receive(dispatch.pk, report("delivered"))
    order, _ = fresh(order)
    assert (order.status, order.deleted_at, order.attention) == (Status.CANCELLED, None, Attention.CONTRADICTION)


class Died(BaseException):
    """As if the process were killed: nothing after it runs."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_while_it_asks_to_cancel(monkeypatch, moment):
    order, _ = booked(pace=500)
    real = Simulator.cancel
    with monkeypatch.context() as patch:

        def dies(self, consignment, reference):
            if moment == "after":
                real(self, consignment, reference)
            raise Died

        patch.setattr(Simulator, "cancel", dies)
        edit(order)
        with pytest.raises(Died):
            work()
    order, dispatch = fresh(order)
    assert (order.rebooking, dispatch.state) == (True, State.CANCELLING)
    later(95)
    dispatching.sweep()
    work()
    assert_rebooked(order)


def test_a_worker_that_dies_while_it_books_anew(monkeypatch):
    order, _ = booked(pace=500)
    real = Simulator.book
    with monkeypatch.context() as patch:

        def dies(self, consignment):
            real(self, consignment)
            raise Died

        patch.setattr(Simulator, "book", dies)
        edit(order)
        with pytest.raises(Died):
            work()
    later(95)
    dispatching.sweep()
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, dispatch.epoch) == (Status.ACCEPTED, State.BOOKED, 2)
    assert parcels(order) == 1


def test_a_late_yes_to_what_was_edited_meanwhile_is_seen(monkeypatch):
    order, dispatch = planned()

    def slow(self, consignment):
        monkeypatch.undo()
        edit(order)
        Dispatch.objects.filter(pk=dispatch.pk).update(next_at=None)
        dispatching.push(dispatch.pk)  # another worker, when the lease is over: the carrier does not have it yet
        return Booking("SIM-late")

    monkeypatch.setattr(Simulator, "book", slow)
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert dispatch.epoch == 2
    assert (order.attention, "SIM-late" in order.attention_detail) == (Attention.SECOND_PARCEL, True)


def test_relaying_an_edit_twice_is_harmless():
    order, _ = booked()
    edit(order)
    for _ in range(2):
        dispatching.plan_rebooking(order)
    work()
    dispatching.plan_rebooking(order)
    work()
    assert_rebooked(order)
    assert order.dispatches.count() == 2


@pytest.mark.django_db(transaction=True)
def test_edits_cancels_and_hand_overs_in_any_order():
    """Whoever does what and when: at most one parcel, and it is the order as it was last edited."""
    shop = make_shop(settings={"scenario": "timeout_after_accept", "pace": 5000, "answer_seconds": 0.02})
    orders = [make_order(shop, f"SHOP-{number}") for number in range(4)]
    for order in orders:
        dispatching.plan(order)
    until = time.monotonic() + 4

    def busy(seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < until:
            order = dice.choice(orders)
            with suppress(OrderError):
                if dice.random() < 0.9:
                    edit(order, dice.choice(["Noor", "Amal"]))
                elif dice.random() < 0.05:
                    actions.delete_orders([order], SYSTEM, cancelled=True)
            dispatching.plan_rebooking(order)
            dispatching.plan_cancel(order)
            time.sleep(dice.random() * 0.1)

    def hand_over(order: Order) -> None:
        while time.monotonic() < until:
            for dispatch in order.dispatches.filter(is_current=True):
                dispatching.push(dispatch.pk)
                dispatching.cancel(dispatch.pk)

    at_once(*[partial(busy, seed) for seed in range(3)], *[partial(hand_over, order) for order in orders])
    for _ in range(3):
        later(95)
        dispatching.sweep()
        work()
    for order in orders:
        order, dispatch = fresh(order)
        assert (order.rebooking, order.attention) == (False, "")
        if order.status == Status.CANCELLED:
            assert parcels(order) == 0
        else:
            assert (order.status, dispatch.state) == (Status.ACCEPTED, State.BOOKED)
            assert SimulatedParcel.objects.get(key__startswith=order.uuid.hex, cancelled_at=None).key == dispatch.key
            told = dispatch.exchanges.filter(verb="book").last().request
            assert order.dropoff_name in told
    assert Dispatch.objects.filter(epoch__gt=1).exists()
