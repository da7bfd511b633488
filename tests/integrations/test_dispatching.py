"""Exactly one parcel, and every end visible: whatever comes in between, and in whatever order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import dispatching, tasks
from integrations.carrier import Booking, CarrierError
from integrations.dispatching import rows
from integrations.models import Dispatch, Exchange
from integrations.simulator.carrier import Simulator
from orders import actions, reports
from orders.events import SYSTEM
from orders.statuses import Attention, Status
from tests.clockwork import later, pass_time, told, work
from tests.factories import make_order, make_shop
from tests.handovers import booked, fresh, kinds, ordered, parcels, planned, report

pytestmark = pytest.mark.django_db
State = Dispatch.State


def cut_off(monkeypatch, verb: str, *, after: bool = False) -> None:
    """The worker dies in this call to the carrier: before the carrier has heard of it, or after it has done it."""
    real = getattr(Simulator, verb)

    def dies(self, *args):
        if after:
            real(self, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(Simulator, verb, dies)


# --- Nothing twice --------------------------------------------------------------------------------------------------
def test_every_job_twice():
    order = ordered()
    for event in order.events.all():
        tasks.relay_event.func(event_id=event.pk)
        tasks.relay_event.func(event_id=event.pk)
    _, dispatch = fresh(order)
    for _ in range(2):
        tasks.push.func(dispatch_id=dispatch.pk)
    later(10)
    for _ in range(2):
        tasks.track.func(destination_id=dispatch.destination_id)
    work()
    order, dispatch = fresh(order)
    assert kinds(order) == ["created", "booked", "progress", "progress", "progress"]
    assert order.dispatches.count() == 1
    assert parcels(order) == 1
    assert Exchange.objects.filter(dispatch=dispatch).count() == 1


def test_every_job_of_a_cancel_twice():
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    event = order.events.last()
    for _ in range(2):
        tasks.relay_event.func(event_id=event.pk)
    for _ in range(2):
        tasks.cancel.func(dispatch_id=dispatch.pk)
    work()
    order, dispatch = fresh(order)
    assert kinds(order) == ["created", "booked", "cancel_requested", "cancelled"]
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    assert parcels(order) == 0


def test_old_news_is_harmless_at_any_time():
    order = ordered("refuse")
    work()
    order.destination.settings = {"pace": 10}
    order.destination.save()
    actions.retry_order(order, SYSTEM)
    for _ in range(2):
        for event in order.events.all():
            tasks.relay_event.func(event_id=event.pk)
        work()
    assert list(order.dispatches.order_by("epoch").values_list("state", "is_current")) == [
        (State.REFUSED, False),
        (State.BOOKED, True),
    ]
    assert parcels(order) == 1


# --- A worker that dies ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("after", "verbs"), [(False, ["find", "book"]), (True, ["find"])])
def test_a_worker_that_dies_while_booking(monkeypatch, after, verbs):
    order, dispatch = planned()
    with monkeypatch.context() as patch:
        cut_off(patch, "book", after=after)
        with pytest.raises(KeyboardInterrupt):
            dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.DISPATCHED, State.BOOKING)
    assert parcels(order) == int(after)

    later(30)
    assert dispatching.sweep() == 0  # it may still be at work
    later(65)
    assert dispatching.sweep() == 1
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.ACCEPTED, State.BOOKED)
    assert list(dispatch.exchanges.values_list("verb", flat=True)) == verbs
    assert parcels(order) == 1


def test_a_worker_that_dies_while_cancelling(monkeypatch):
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    with monkeypatch.context() as patch:
        cut_off(patch, "cancel", after=True)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert fresh(order)[0].status == Status.CANCELLING
    later(95)
    dispatching.sweep()
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)


def test_a_worker_that_dies_while_it_writes_down_the_answer(monkeypatch):
    order, dispatch = planned()

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reports, "record_booking", dies)
        with pytest.raises(KeyboardInterrupt):
            dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (dispatch.state, dispatch.reference, order.carrier_reference) == (State.BOOKING, "", "")
    dispatching.push(dispatch.pk)  # the job of a dead worker is given to another
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, parcels(order)) == (Status.ACCEPTED, State.BOOKED, 1)


def test_a_lost_job_is_found_again():
    order, _ = planned()
    assert dispatching.sweep() == 0
    later(95)
    assert dispatching.sweep() == 1
    work()
    assert fresh(order)[0].status == Status.ACCEPTED


# --- A worker that was only taken for dead --------------------------------------------------------------------------
def interrupted(monkeypatch, answer, meanwhile) -> None:
    """The next booking takes so long that `meanwhile` happens, then ends in `answer`."""
    real = Simulator.book

    def slow(self, consignment):
        monkeypatch.setattr(Simulator, "book", real)
        meanwhile()
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Simulator, "book", slow)


def test_a_late_no_does_not_undo_a_yes(monkeypatch):
    order, dispatch = planned()
    interrupted(monkeypatch, CarrierError("no", permanent=True), lambda: dispatching.push(dispatch.pk))
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, order.attention, dispatch.state) == (Status.ACCEPTED, "", State.BOOKED)


def test_a_late_no_does_not_end_the_attempt_of_another(monkeypatch):
    order, dispatch = planned()

    def another_begins():
        Dispatch.objects.filter(pk=dispatch.pk).update(attempts=2)

    interrupted(monkeypatch, CarrierError("no", permanent=True), another_begins)
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.DISPATCHED, State.BOOKING)


def test_a_late_yes_is_a_second_parcel(monkeypatch):
    order, dispatch = planned()
    interrupted(monkeypatch, Booking("SIM-late"), lambda: dispatching.push(dispatch.pk))
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert dispatch.reference != "SIM-late"
    assert (order.status, order.attention) == (Status.ACCEPTED, Attention.SECOND_PARCEL)
    assert "SIM-late" in order.attention_detail


def test_a_late_yes_counts_when_the_other_got_none(monkeypatch):
    order, dispatch = planned("rate_limited", times=5)
    interrupted(monkeypatch, Booking("SIM-late"), lambda: dispatching.push(dispatch.pk))
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, dispatch.reference) == (Status.ACCEPTED, State.BOOKED, "SIM-late")


def test_a_late_refusal_to_cancel_leaves_it_to_the_other(monkeypatch):
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)

    def slow(self, consignment, reference):
        Dispatch.objects.filter(pk=dispatch.pk).update(attempts=2)
        raise CarrierError("no", permanent=True)

    monkeypatch.setattr(Simulator, "cancel", slow)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLING, State.CANCELLING)


# --- Not known ------------------------------------------------------------------------------------------------------
def test_unknown_stays_unknown_with_attention_and_resolves_by_itself(monkeypatch):
    order = ordered("timeout_after_accept")
    with monkeypatch.context() as patch:

        def unreachable(self, consignment):
            raise CarrierError("connection refused")

        patch.setattr(Simulator, "find", unreachable)
        work()
        for _ in range(15):  # longer than there are attempts to book
            later(400)
            pass_time(1)
        order, dispatch = fresh(order)
        assert (order.status, dispatch.state) == (Status.DISPATCHED, State.UNKNOWN)
        assert (order.attention, order.attention_detail) == (Attention.CARRIER_UNREACHABLE, "connection refused")
        assert kinds(order) == ["created", "recorded"]
    later(400)
    pass_time(1)
    order, dispatch = fresh(order)
    assert (order.status, order.attention) == (Status.ACCEPTED, "")
    assert (dispatch.state, dispatch.attempts) == (State.BOOKED, 0)
    assert parcels(order) == 1


def test_a_defect_of_a_carrier_module_ends_visibly_too(monkeypatch):
    order = ordered()
    with monkeypatch.context() as patch:

        def broken(self, consignment):
            raise ZeroDivisionError("oops")

        patch.setattr(Simulator, "book", broken)
        work()
        for _ in range(12):
            later(400)
            pass_time(1)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.FAILED, State.GAVE_UP)
    assert order.attention == Attention.CARRIER_UNREACHABLE


def test_waiting_grows_and_has_an_end():
    waits = [rows.backoff(attempts).total_seconds() for attempts in (1, 2, 5, 9, 30_000)]
    assert waits[:4] == sorted(waits[:4])
    assert 2 <= waits[0] <= 2.4
    assert all(300 <= wait <= 360 for wait in waits[3:])


def test_an_unknown_carrier_is_a_refusal():
    shop = make_shop()
    shop.destination.provider = "pigeons"
    shop.destination.save()
    order = make_order(shop)
    work()
    order, _ = fresh(order)
    assert (order.status, order.attention) == (Status.FAILED, Attention.CARRIER_REFUSED)
    assert "pigeons" in order.attention_detail


# --- Reports --------------------------------------------------------------------------------------------------------
def test_a_report_that_comes_before_the_answer(monkeypatch):
    order, dispatch = planned()
    interrupted(monkeypatch, Booking("SIM-1"), lambda: dispatching.receive(dispatch.pk, report("picked_up")))
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.PICKED_UP, State.BOOKED)
    assert order.carrier_reference == "SIM-1"


def test_the_end_that_comes_before_the_answer(monkeypatch):
    order, dispatch = planned()
    interrupted(monkeypatch, Booking("SIM-1"), lambda: dispatching.receive(dispatch.pk, report("delivered")))
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.DELIVERED, State.DONE)


def test_a_report_about_what_we_are_looking_up():
    order, dispatch = booked("timeout_after_accept")
    dispatching.receive(dispatch.pk, report("picked_up"))
    later(10)
    dispatching.sweep()
    work()
    order, dispatch = fresh(order)
    assert dispatch.state in (State.BOOKED, State.DONE)
    assert dispatch.reference
    assert order.attention == ""
    assert parcels(order) == 1


def test_a_report_of_an_old_dispatch_means_a_second_parcel():
    order, old = booked("refuse")
    order.destination.settings = {"pace": 10}
    order.destination.save()
    actions.retry_order(order, SYSTEM)
    work()
    dispatching.receive(old.pk, report("cancelled", key="0"))
    assert fresh(order)[0].attention == ""  # that one has ended: nobody is at the door twice
    dispatching.receive(old.pk, report("in_transit"))
    order, _ = fresh(order)
    assert (order.status, order.attention) == (Status.ACCEPTED, Attention.SECOND_PARCEL)
    assert order.destination.name in order.attention_detail
    pass_time(12)
    order, _ = fresh(order)
    assert (order.status, order.attention) == (Status.DELIVERED, Attention.SECOND_PARCEL)


def test_a_carrier_that_refused_reports_all_the_same():
    order, dispatch = booked("refuse")
    dispatching.receive(dispatch.pk, report("picked_up"))
    order, _ = fresh(order)
    assert (order.status, order.attention) == (Status.FAILED, Attention.SECOND_PARCEL)


def test_delivered_after_cancelled():
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    work()
    dispatching.receive(dispatch.pk, report("delivered", text="to the neighbour"))
    order, dispatch = fresh(order)
    assert (order.status, order.attention) == (Status.CANCELLED, Attention.CONTRADICTION)
    assert order.attention_detail == "delivered: to the neighbour"
    assert dispatch.state == State.CANCELLED
    assert kinds(order)[-1] == "recorded"


def test_a_report_from_before_the_cancel_is_only_late():
    order, dispatch = booked()
    before = timezone.now()
    actions.cancel_orders([order], SYSTEM)
    work()
    dispatching.receive(dispatch.pk, report("picked_up", at=before))
    assert fresh(order)[0].attention == ""
    dispatching.receive(dispatch.pk, report("in_transit", key="2", at=timezone.now() + timedelta(seconds=5)))
    assert fresh(order)[0].attention == Attention.CONTRADICTION


def test_the_carrier_cancels_by_itself():
    order, dispatch = booked()
    dispatching.receive(dispatch.pk, report("cancelled", text="no riders today"))
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, dispatch.next_at) == (Status.CANCELLED, State.CANCELLED, None)
    assert told(order)[-1] == ("cancelled", "accepted", "cancelled", "cancelled")


def test_one_report_that_cannot_be_taken_keeps_no_other_away(monkeypatch):
    order, dispatch = booked()
    said = [report("picked_up", key="k" * 500), report("in_transit")]
    monkeypatch.setattr(Simulator, "track", lambda self, asked: {dispatch.key: said})
    later(1)
    dispatching.track(dispatch.destination_id)
    assert fresh(order)[0].status == Status.IN_TRANSIT


def test_tracking_that_fails_is_tried_again(monkeypatch):
    order, _ = booked()
    with monkeypatch.context() as patch:

        def unreachable(self, asked):
            raise CarrierError("connection refused")

        patch.setattr(Simulator, "track", unreachable)
        pass_time(4)
    assert fresh(order)[0].status == Status.ACCEPTED
    pass_time(6)  # it is left alone for some seconds
    assert kinds(order)[:4] == ["created", "booked", "progress", "progress"]
