"""Each scenario of the simulator, from the shop's order to its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import CarrierReport, Dispatch, Exchange, SimulatedParcel
from integrations.simulator.script import SCENARIOS, Settings, steps
from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Failure, Mark, Status
from tests.clockwork import later, pass_time, told, work
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db

BOOKED = [("created", "", "dispatched", ""), ("booked", "dispatched", "accepted", "")]
DELIVERED = [
    *BOOKED,
    ("progress", "accepted", "picked_up", "picked_up"),
    ("progress", "picked_up", "in_transit", "in_transit"),
    ("progress", "in_transit", "delivered", "delivered"),
]


def ordered(scenario: str, external_id: str = "SHOP-1", **settings) -> Order:
    return make_order(make_shop(settings={"scenario": scenario, "pace": 10, **settings}), external_id)


def lived(scenario: str, seconds: int = 20, external_id: str = "SHOP-1", **settings) -> Order:
    """An order of its own shop, after so many seconds with a worker."""
    order = ordered(scenario, external_id, **settings)
    work()
    pass_time(seconds)
    order.refresh_from_db()
    return order


def dispatch_of(order: Order) -> Dispatch:
    return order.dispatches.get(is_current=True)


def parcels(order: Order) -> int:
    """How many live parcels of the order there are at the simulator."""
    return SimulatedParcel.objects.filter(key__startswith=order.uuid.hex, cancelled_at=None).count()


def said(order: Order) -> list[tuple[str, int | None]]:
    return list(Exchange.objects.filter(dispatch__order=order).values_list("verb", "status_code"))


def test_accept():
    order = lived("accept")
    assert order.status == Status.DELIVERED
    assert told(order) == DELIVERED
    assert (order.attention, order.failure, order.mark) == ("", "", "")
    assert order.carrier_reference == dispatch_of(order).reference
    assert dispatch_of(order).state == Dispatch.State.DONE
    assert dispatch_of(order).next_at is None
    assert said(order) == [("book", 201)]
    assert parcels(order) == 1


def test_nothing_is_reported_before_its_time():
    order = ordered("accept")
    work()
    pass_time(1)
    order.refresh_from_db()
    assert order.status == Status.ACCEPTED
    pass_time(2)
    order.refresh_from_db()
    assert order.status == Status.PICKED_UP


def test_refuse_names_the_field():
    order = lived("refuse", field="dropoff.address")
    assert order.status == Status.FAILED
    assert (order.failure, order.attention) == (Failure.DISPATCH, Attention.CARRIER_REFUSED)
    assert "dropoff.address" in order.attention_detail
    assert not order.with_carrier
    assert order.events.last().data["path"] == "dropoff.address"
    assert dispatch_of(order).state == Dispatch.State.REFUSED
    assert dispatch_of(order).attempts == 1
    assert said(order) == [("book", 422)]
    assert parcels(order) == 0


@pytest.mark.parametrize(("scenario", "code"), [("rate_limited", 429), ("server_error", 500)])
def test_a_passing_trouble_is_only_a_delay(scenario, code):
    order = lived(scenario, 30, times=3)
    assert told(order) == DELIVERED
    assert said(order) == [("book", code)] * 3 + [("book", 201)]
    assert parcels(order) == 1


def test_what_retry_after_says_is_kept():
    order = ordered("rate_limited", times=1)
    work()
    dispatch = dispatch_of(order)
    assert dispatch.state == Dispatch.State.PLANNED
    pass_time(2)
    assert dispatch_of(order).state == Dispatch.State.BOOKED


def test_a_lasting_trouble_has_a_visible_end_and_can_be_tried_again():
    order = ordered("server_error", times=1000)
    work()
    pass_time(10)
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    for _ in range(26):
        later(3600)
        pass_time(1)
    order.refresh_from_db()
    assert order.status == Status.FAILED
    assert (order.failure, order.attention) == (Failure.DISPATCH, Attention.CARRIER_UNREACHABLE)
    assert dispatch_of(order).state == Dispatch.State.GAVE_UP
    assert set(said(order)) == {("book", 500)}
    first = dispatch_of(order)

    order.destination.settings = {"scenario": "accept", "pace": 10}
    order.destination.save()
    actions.retry_order(order, SYSTEM)
    work()
    pass_time(12)
    order.refresh_from_db()
    assert order.status == Status.DELIVERED
    assert order.attention == ""
    second = dispatch_of(order)
    assert (second.epoch, second.attempts) == (2, 0)
    assert second.key != first.key
    assert parcels(order) == 1


def test_an_answer_that_never_arrives_does_not_make_a_second_parcel():
    order = ordered("timeout_after_accept")
    work()
    assert dispatch_of(order).state == Dispatch.State.UNKNOWN
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    assert order.with_carrier
    pass_time(20)
    order.refresh_from_db()
    assert told(order) == DELIVERED
    assert said(order) == [("book", None), ("find", 200)]
    assert parcels(order) == 1


def test_no_answer_ever():
    order = ordered("no_answer", pace=0)
    work()
    for _ in range(4):
        later(20)
        pass_time(1)
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    assert order.attention == Attention.CARRIER_UNREACHABLE
    assert dispatch_of(order).state == Dispatch.State.UNKNOWN
    for _ in range(12):
        later(400)
        pass_time(1)
    order.refresh_from_db()
    assert (order.status, order.failure) == (Status.FAILED, Failure.DISPATCH)
    assert order.attention == Attention.CARRIER_UNREACHABLE
    assert dispatch_of(order).state == Dispatch.State.GAVE_UP
    assert not order.with_carrier
    assert parcels(order) == 0
    # Each booking whose end is not known is followed by a question; the last word is a question.
    verbs = [verb for verb, _ in said(order)]
    assert verbs == ["book"] + ["find", "book"] * 9 + ["find"]


def test_what_is_said_twice_counts_once():
    order = lived("duplicate_reports")
    assert told(order) == DELIVERED
    assert CarrierReport.objects.filter(dispatch__order=order).count() == 3


def test_a_late_report_is_recorded_and_moves_nothing():
    order = lived("out_of_order_reports")
    assert order.status == Status.DELIVERED
    assert told(order) == [
        *BOOKED,
        ("progress", "accepted", "in_transit", "in_transit"),
        ("recorded", "", "", "picked_up"),
        ("progress", "in_transit", "delivered", "delivered"),
    ]
    assert order.attention == ""


def test_undeliverable():
    order = lived("undeliverable")
    assert order.status == Status.FAILED
    assert (order.failure, order.attention) == (Failure.DELIVERY, Attention.DELIVERY_FAILED)
    assert order.attention_detail == "address not found"
    assert order.with_carrier
    assert ("recorded", "", "", "in_transit") in told(order)  # the attempt
    # The carrier may still try again, and is asked, but more rarely.
    dispatch = dispatch_of(order)
    assert dispatch.state == Dispatch.State.BOOKED
    assert dispatch.next_at > timezone.now() + timedelta(minutes=9)


def test_returned():
    order = ordered("returned")
    work()
    pass_time(8)
    order.refresh_from_db()
    assert (order.status, order.mark) == (Status.IN_TRANSIT, Mark.RETURNING)
    pass_time(5)
    order.refresh_from_db()
    assert (order.status, order.mark) == (Status.RETURNED, "")
    assert dispatch_of(order).state == Dispatch.State.DONE
    assert parcels(order) == 1


def test_cancel_refused():
    order = ordered("cancel_refused")
    work()
    pass_time(3)
    actions.cancel_orders([order], SYSTEM)
    work()
    order.refresh_from_db()
    assert order.status == Status.PICKED_UP
    assert order.attention == Attention.CANCEL_REFUSED
    assert said(order) == [("book", 201), ("cancel", 409)]
    pass_time(10)
    order.refresh_from_db()
    assert order.status == Status.DELIVERED
    assert order.attention == Attention.CANCEL_REFUSED  # its further way does not settle it
    assert [kind for kind, *_ in told(order)] == [
        "created", "booked", "progress", "cancel_requested", "cancel_refused", "progress", "progress",
    ]  # fmt: skip
    assert parcels(order) == 1


def test_what_is_delivered_cannot_be_cancelled_any_more():
    order = ordered("accept")
    work()
    actions.cancel_orders([order], SYSTEM)
    later(10)
    work()
    order.refresh_from_db()
    assert order.attention == Attention.CANCEL_REFUSED
    pass_time(2)
    order.refresh_from_db()
    assert order.status == Status.DELIVERED


def test_mixed_by_seed():
    def logs_of(seed: int) -> list[list[tuple[str, str, str, str]]]:
        shop = make_shop(settings={"scenario": "mixed", "pace": 10, "seed": seed})
        orders = [make_order(shop, f"SHOP-{number}") for number in range(25)]
        work()
        pass_time(12)
        return [told(order) for order in orders]

    logs = [logs_of(seed) for seed in (7, 7, 8)]
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]
    assert all(log[-1][2] in ("delivered", "failed", "returned") for log in logs[0])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_tells_the_same_story(scenario):
    pace = 0 if scenario == "no_answer" else 10
    first, second = (lived(scenario, 25, seed=3, pace=pace) for _ in range(2))
    assert told(first) == told(second)


def test_the_seed_sets_the_times():
    here, there = (steps(Settings(seed=seed), "SHOP-1") for seed in (1, 2))
    assert [step.status for step in here] == [step.status for step in there]
    assert [step.after for step in here] != [step.after for step in there]


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"scenario": "improbable"}, "Unknown scenario"),
        ({"speed": 3}, "Unknown setting: speed"),
        ({"pace": "fast"}, "pace must be a number"),
        ({"pace": -1}, "pace must be between"),
        ({"pace": 1e300}, "pace must be between"),
        ({"seed": True}, "seed must be a number"),
        ({"scenario": ["accept"]}, "scenario must be a text"),
    ],
)
def test_wrong_settings_are_told_and_refuse_the_order(stored, words):
    with pytest.raises(ValueError, match=words):
        Settings.read(stored)
    order = make_order(make_shop(settings=stored))
    work()
    order.refresh_from_db()
    assert (order.status, order.attention) == (Status.FAILED, Attention.CARRIER_REFUSED)
    assert words in order.attention_detail
