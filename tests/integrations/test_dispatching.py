"""Exactly one parcel, and every end visible: whatever comes in between, and in whatever order."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations import dispatching, tasks
from integrations.carrier import Booking, CarrierError, Report
from integrations.models import Dispatch, Exchange, SimulatedParcel
from integrations.simulator.carrier import Simulator
from orders import actions
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Attention, Failure, Status
from tests.clockwork import later, pass_time, told, work
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db
State = Dispatch.State


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
        tasks.track.func(dispatch_ids=[dispatch.pk])
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
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        cut_off(patch, "book", after=after)
        dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.DISPATCHED, State.BOOKING)
    assert parcels(order) == int(after)

    later(30)
    assert dispatching.sweep() == 0  # it may still be at work
    later(15)
    assert dispatching.sweep() == 1
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.ACCEPTED, State.BOOKED)
    assert list(dispatch.exchanges.values_list("verb", flat=True)) == verbs
    assert parcels(order) == 1


def test_a_worker_that_dies_while_cancelling(monkeypatch):
    order, dispatch = booked()
    actions.cancel_orders([order], SYSTEM)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        cut_off(patch, "cancel", after=True)
        work()
    assert fresh(order)[0].status == Status.CANCELLING
    later(45)
    dispatching.sweep()
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)


def test_a_worker_that_dies_while_it_writes_down_the_answer(monkeypatch):
    order, dispatch = planned()

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(dispatching.reports, "record_booking", dies)
        dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (dispatch.state, dispatch.reference, order.carrier_reference) == (State.BOOKING, "", "")
    dispatching.push(dispatch.pk)  # the job of a dead worker is given to another
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, parcels(order)) == (Status.ACCEPTED, State.BOOKED, 1)


def test_a_lost_job_is_found_again():
    order, _ = planned()
    assert dispatching.sweep() == 0
    later(45)
    assert dispatching.sweep() == 1
    work()
    assert fresh(order)[0].status == Status.ACCEPTED


# --- A worker that was only taken for dead --------------------------------------------------------------------------
def interrupted(monkeypatch, answer, meanwhile) -> None:
    """The next booking takes so long that `meanwhile` happens, then ends in `answer`."""
    real = Simulator.book

    def slow(self, parcel):
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

    def slow(self, parcel, reference):
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

        def unreachable(self, parcel):
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

        def broken(self, parcel):
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
    waits = [dispatching.backoff(attempts).total_seconds() for attempts in (1, 2, 5, 9, 30_000)]
    assert waits == sorted(waits[:4]) + [waits[4]]
    assert 2 <= waits[0] <= 2.4
    assert all(300 <= wait <= 360 for wait in waits[3:])


def test_an_unknown_carrier_is_a_refusal():
    shop = make_shop()
    shop.destination.provider = "pigeons"
    shop.destination.save()
    order = make_order(shop)
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.attention) == (Status.FAILED, Attention.CARRIER_REFUSED)
    assert "pigeons" in order.attention_detail


# --- Cancelling -----------------------------------------------------------------------------------------------------
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

    def unreachable(self, parcel, reference):
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
    order, new = fresh(order)
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
    reports = [report("picked_up", key="k" * 500), report("in_transit")]
    monkeypatch.setattr(Simulator, "track", lambda self, asked: {dispatch.key: reports})
    dispatching.track([dispatch.pk])
    assert fresh(order)[0].status == Status.IN_TRANSIT


def test_tracking_that_fails_is_tried_again(monkeypatch):
    order, _ = booked()
    with monkeypatch.context() as patch:

        def unreachable(self, asked):
            raise CarrierError("connection refused")

        patch.setattr(Simulator, "track", unreachable)
        pass_time(4)
    assert fresh(order)[0].status == Status.ACCEPTED
    pass_time(1)
    assert kinds(order) == ["created", "booked", "progress", "progress"]


# --- Several at once: real commits, real threads --------------------------------------------------------------------
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


@pytest.mark.django_db(transaction=True)
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


@pytest.mark.django_db(transaction=True)
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


@pytest.mark.django_db(transaction=True)
def test_cancel_and_hand_over_at_the_same_moment():
    shop = make_shop(settings={"pace": 10})
    for number in range(12):
        order = make_order(shop, f"SHOP-{number}")
        dispatching.plan(order)
        dispatch = fresh(order)[1]
        at_once(lambda: dispatching.push(dispatch.pk), lambda: actions.cancel_orders([order], SYSTEM))
        work()
        order, dispatch = fresh(order)
        assert order.status == Status.CANCELLED
        assert dispatch.state in (State.CANCELLED, State.DROPPED)
        assert parcels(order) == 0


@pytest.mark.django_db(transaction=True)
def test_two_plans_at_once_make_one_dispatch():
    order = ordered()
    at_once(*[lambda: dispatching.plan(order)] * 4)
    assert order.dispatches.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_enqueue_once():
    shop = make_shop(settings={"pace": 10})
    for number in range(20):
        dispatching.plan(make_order(shop, f"SHOP-{number}"))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    later(60)
    at_once(*[dispatching.sweep] * 4)
    assert work().count("push") == 20


@pytest.mark.django_db(transaction=True)
def test_the_same_report_from_two_sides_at_once():
    order, dispatch = booked()
    at_once(*[lambda: dispatching.receive(dispatch.pk, report("picked_up"))] * 4)
    assert kinds(order) == ["created", "booked", "progress"]


@pytest.mark.django_db(transaction=True)
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
