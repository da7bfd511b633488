"""What a carrier tells us, written to one order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import reports
from orders.changes import change
from orders.events import SYSTEM, Actor
from orders.models import Order, OrderEvent
from orders.statuses import Attention, Failure, Mark, Status
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db
CARRIER = Actor(OrderEvent.ActorKind.CARRIER, "Swift")


@pytest.fixture
def order() -> Order:
    return make_order(make_shop())


@pytest.fixture
def booked(order: Order) -> Order:
    reports.begin_handover(order)
    return reports.record_booking(order, CARRIER, reference="R1", tracking_url="https://carrier.example/R1")


def cancelling(order: Order) -> Order:
    return change(order, OrderEvent.Kind.CANCEL_REQUESTED, SYSTEM, status=Status.CANCELLING, status_before=order.status)


def last(order: Order) -> OrderEvent:
    return order.events.order_by("id").last()


def at(order: Order, status: str) -> Order:
    return reports.record_progress(order, CARRIER, status=status)


def test_a_booking(booked):
    stored = Order.objects.get(pk=booked.pk)
    assert (stored.status, stored.carrier_reference, stored.with_carrier) == (Status.ACCEPTED, "R1", True)
    assert stored.carrier_tracking_url == "https://carrier.example/R1"
    event = last(booked)
    assert (event.kind, event.from_status, event.to_status) == ("booked", "dispatched", "accepted")
    assert (event.actor_kind, event.actor, event.data) == ("carrier", "Swift", {"reference": "R1"})
    assert event.created_at == stored.updated_at


def test_a_booking_does_not_move_an_order_backwards(order):
    at(order, "in_transit")
    reports.record_booking(order, CARRIER, reference="R1")
    assert order.status == Status.IN_TRANSIT
    assert (last(order).from_status, last(order).to_status) == ("", "")


def test_a_handover_begins_only_for_an_order_that_goes_out(order):
    held = make_order(make_shop(), hold=True)
    assert reports.begin_handover(held) is False
    assert reports.begin_handover(order) is True
    assert Order.objects.get(pk=order.pk).with_carrier
    assert not Order.objects.get(pk=held.pk).with_carrier


def test_every_report_is_in_the_history_with_its_words(booked):
    when = timezone.now() - timedelta(minutes=3)
    reports.record_progress(booked, CARRIER, status="picked_up", text="collected", at=when)
    reports.record_progress(booked, CARRIER, status="accepted", text="seen", at=when)
    moved, late = booked.events.order_by("id")[2:]
    assert (moved.kind, moved.data) == (
        "progress",
        {"reported": "picked_up", "text": "collected", "at": when.isoformat()},
    )
    assert (late.kind, late.from_status, late.to_status) == ("recorded", "", "")
    assert late.data["text"] == "seen"
    assert booked.status_text == "collected"


def test_marks_come_and_go_with_the_way(booked):
    reports.record_progress(booked, CARRIER, status="in_transit", mark=Mark.DELAYED)
    assert booked.mark == Mark.DELAYED
    reports.record_progress(booked, CARRIER, status="in_transit", mark=Mark.ATTEMPT_FAILED)
    assert (booked.status, booked.mark) == (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED)
    reports.record_progress(booked, CARRIER, status="picked_up", mark=Mark.DELAYED)
    assert booked.mark == Mark.ATTEMPT_FAILED  # a late one's mark is old
    at(booked, "delivered")
    assert booked.mark == ""


def test_an_unknown_word_is_kept_and_shown(booked):
    reports.record_progress(booked, CARRIER, status=None, text="TELEPORTED")
    assert (booked.status, booked.status_text) == (Status.ACCEPTED, "TELEPORTED")
    assert (booked.attention, booked.attention_detail) == (Attention.UNKNOWN_WORD, "TELEPORTED")
    at(booked, "picked_up")
    assert booked.attention == ""


def test_a_very_long_text_is_cut(booked):
    reports.record_progress(booked, CARRIER, status="picked_up", text="x" * 5000)
    assert len(Order.objects.get(pk=booked.pk).status_text) == 255
    assert len(last(booked).data["text"]) == 5000


def test_a_failed_delivery_and_a_second_try(booked):
    reports.record_progress(booked, CARRIER, status="failed", text="no such street")
    assert (booked.status, booked.failure) == (Status.FAILED, Failure.DELIVERY)
    assert (booked.attention, booked.attention_detail) == (Attention.DELIVERY_FAILED, "no such street")
    at(booked, "delivered")
    assert (booked.status, booked.failure, booked.attention) == (Status.DELIVERED, "", "")


def test_returned_after_delivered(booked):
    at(booked, "delivered")
    at(booked, "returned")
    assert booked.status == Status.RETURNED


@pytest.mark.parametrize("attention", [Attention.CANCEL_REFUSED, Attention.SECOND_PARCEL, Attention.CONTRADICTION])
def test_what_a_person_must_see_stays(booked, attention):
    change(booked, OrderEvent.Kind.RECORDED, SYSTEM, attention=attention, attention_detail="look")
    at(booked, "in_transit")
    at(booked, "delivered")
    assert (booked.attention, booked.attention_detail) == (attention, "look")


@pytest.mark.parametrize("status", ["picked_up", "in_transit", "failed"])
def test_while_cancelling_the_way_goes_on_behind_it(booked, status):
    cancelling(booked)
    at(booked, status)
    assert (booked.status, booked.status_before) == (Status.CANCELLING, status)
    at(booked, "accepted")
    assert booked.status_before == status


@pytest.mark.parametrize("status", ["delivered", "returned", "lost", "cancelled"])
def test_while_cancelling_an_end_is_an_end(booked, status):
    cancelling(booked)
    at(booked, status)
    assert (booked.status, booked.status_before) == (status, "")


def test_a_cancel_ends_well(booked):
    cancelling(booked)
    reports.record_cancelled(booked, CARRIER)
    assert (booked.status, booked.status_before, booked.with_carrier) == (Status.CANCELLED, "", False)
    assert last(booked).kind == "cancelled"


def test_a_cancel_is_refused(booked):
    at(booked, "picked_up")
    cancelling(booked)
    reports.record_cancel_refused(booked, CARRIER, detail="too late")
    assert (booked.status, booked.status_before, booked.with_carrier) == (Status.PICKED_UP, "", True)
    assert (booked.attention, booked.attention_detail) == (Attention.CANCEL_REFUSED, "too late")
    assert (last(booked).kind, last(booked).data) == ("cancel_refused", {"detail": "too late"})


def test_an_answer_to_a_cancel_that_is_settled_changes_nothing(booked):
    at(booked, "delivered")
    events = booked.events.count()
    reports.record_cancelled(booked, CARRIER)
    reports.record_cancel_refused(booked, CARRIER, detail="too late")
    assert (booked.status, booked.events.count()) == (Status.DELIVERED, events)


def test_booked_while_a_cancel_is_waiting(order):
    reports.begin_handover(order)
    cancelling(order)
    reports.record_booking(order, CARRIER, reference="R1")
    assert (order.status, order.status_before) == (Status.CANCELLING, Status.ACCEPTED)


def test_not_booked_while_a_cancel_is_waiting(order):
    reports.begin_handover(order)
    cancelling(order)
    reports.record_not_booked(order, CARRIER, attention=Attention.CARRIER_REFUSED, detail="no")
    assert (order.status, order.attention, order.with_carrier) == (Status.CANCELLED, "", False)


def test_not_booked(order):
    reports.begin_handover(order)
    reports.record_not_booked(
        order, CARRIER, attention=Attention.CARRIER_REFUSED, detail="bad phone", path="dropoff.phone"
    )
    assert (order.status, order.failure, order.with_carrier) == (Status.FAILED, Failure.DISPATCH, False)
    assert (order.attention, order.attention_detail) == (Attention.CARRIER_REFUSED, "bad phone")
    assert last(order).data == {"detail": "bad phone", "path": "dropoff.phone"}


def test_not_knowing_is_said_once(order):
    for _ in range(3):
        reports.record_unreachable(order, detail="timeout")
    assert (order.status, order.attention) == (Status.DISPATCHED, Attention.CARRIER_UNREACHABLE)
    assert [event.kind for event in order.events.order_by("id")] == ["created", "recorded"]


@pytest.mark.parametrize(
    ("status", "attention"),
    [
        ("accepted", Attention.SECOND_PARCEL),
        ("delivered", Attention.SECOND_PARCEL),
        (None, Attention.SECOND_PARCEL),
        ("cancelled", ""),
        ("returned", ""),
    ],
)
def test_a_second_parcel(booked, status, attention):
    reports.record_second_parcel(booked, CARRIER, status=status, detail="Swift · R0")
    assert (booked.status, booked.attention) == (Status.ACCEPTED, attention)
    assert last(booked).data == {"reported": status or "", "detail": "Swift · R0"}
