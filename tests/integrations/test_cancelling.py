"""A cancel meets an order at every point of its way, and comes to one end that all agree on."""

import pytest

from integrations import dispatching
from integrations.carrier import CarrierError
from integrations.models import Dispatch
from integrations.simulator.carrier import Simulator
from orders import actions
from orders.events import SYSTEM
from orders.statuses import Attention, Failure, Status
from tests.clockwork import later, pass_time, work
from tests.handovers import booked, fresh, kinds, parcels, planned, report

pytestmark = pytest.mark.django_db
State = Dispatch.State


def test_cancel_before_anything_was_tried():
    order, dispatch = planned()
    [cancelled] = actions.cancel_orders([order], SYSTEM)
    assert cancelled.status == Status.CANCELLED
    dispatching.push(dispatch.pk)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.DROPPED)
    assert parcels(order) == 0


def test_cancel_between_two_attempts():
    order, dispatch = booked("rate_limited")
    assert dispatch.state == State.PLANNED
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    assert list(dispatch.exchanges.values_list("verb", flat=True)) == ["book"]


@pytest.mark.parametrize(
    ("scenario", "verbs"), [("timeout_after_accept", ["book", "find", "cancel"]), ("no_answer", ["book", "find"])]
)
def test_cancel_of_what_may_have_been_booked(scenario, verbs):
    order, dispatch = booked(scenario, pace=0)
    assert dispatch.state == State.UNKNOWN
    [asked] = actions.cancel_orders([order], SYSTEM)
    assert asked.status == Status.CANCELLING
    work()
    order, dispatch = fresh(order)
    if scenario == "timeout_after_accept":  # at this pace it has been delivered already
        assert order.attention == Attention.CANCEL_REFUSED
    else:
        assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    assert list(dispatch.exchanges.values_list("verb", flat=True)) == verbs


def test_cancel_of_what_was_booked_without_our_knowing():
    order, _ = booked("timeout_after_accept")
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    assert kinds(order) == ["created", "cancel_requested", "booked", "cancelled"]
    assert parcels(order) == 0


def test_cancel_twice():
    order, _ = booked()
    for _ in range(2):
        [asked] = actions.cancel_orders([order], SYSTEM)
        assert asked.status == Status.CANCELLING
    work()
    [again] = actions.cancel_orders([order], SYSTEM)
    assert again.status == Status.CANCELLED
    assert kinds(order) == ["created", "booked", "cancel_requested", "cancelled"]


def test_cancel_again_after_a_refusal():
    order, _ = booked("cancel_refused")
    actions.cancel_orders([order], SYSTEM)
    work()
    order.destination.settings = {"pace": 10}
    order.destination.save()
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.attention, dispatch.state) == (Status.CANCELLED, "", State.CANCELLED)
    assert parcels(order) == 0


def test_a_carrier_that_cannot_be_reached_does_not_hold_a_cancel_for_ever(monkeypatch):
    order, _ = booked()

    def unreachable(self, consignment, reference):
        raise CarrierError("connection refused")

    monkeypatch.setattr(Simulator, "cancel", unreachable)
    actions.cancel_orders([order], SYSTEM)
    work()
    assert fresh(order)[0].status == Status.CANCELLING
    for _ in range(10):
        later(400)
        dispatching.sweep()
        work()
    order, dispatch = fresh(order)
    assert order.attention == Attention.CANCEL_REFUSED
    assert dispatch.exchanges.filter(verb="cancel").count() == 0  # the call itself was replaced
    pass_time(2)
    assert fresh(order)[0].status == Status.DELIVERED


def test_delivered_before_the_cancel_came_through():
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    dispatching.receive(dispatch.pk, report("delivered"))
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.status_before, dispatch.state) == (Status.DELIVERED, "", State.DONE)


def test_a_failed_delivery_does_not_end_a_cancel():
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    dispatching.receive(dispatch.pk, report("failed"))
    assert fresh(order)[0].status == Status.CANCELLING
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.failure, dispatch.state) == (Status.CANCELLED, "", State.CANCELLED)


def test_a_refused_cancel_goes_back_to_where_the_carrier_has_come():
    order, dispatch = booked("cancel_refused")
    actions.cancel_orders([order], SYSTEM)
    dispatching.receive(dispatch.pk, report("failed", text="nobody there"))
    work()
    order, _ = fresh(order)
    assert (order.status, order.failure) == (Status.FAILED, Failure.DELIVERY)
    assert order.attention == Attention.CANCEL_REFUSED
