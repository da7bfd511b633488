"""Lanes: what a carrier's trouble costs, whom, and for how long; and where its orders go meanwhile."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from destinations.models import Destination
from integrations import dispatching, lanes
from integrations.carrier import CarrierError
from integrations.models import Dispatch, Lane, SimulatedParcel
from integrations.simulator.carrier import Simulator
from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Status
from tests.clockwork import later, pass_time, work
from tests.factories import DestinationFactory, Shop, make_order, make_shop
from tests.handovers import fresh, kinds, parcels

pytestmark = pytest.mark.django_db
State = Dispatch.State


@pytest.fixture
def shop() -> Shop:
    return make_shop(settings={"scenario": "accept", "pace": 10})


class Down:
    """The simulator of one shop's default destination, out of order while `is_down`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shop: Shop, error: CarrierError | None = None) -> None:
        self.is_down, self.calls = True, 0
        real, error = Simulator.book, error or CarrierError("503: down")

        def book(carrier: Simulator, consignment):
            if carrier.destination.pk != shop.destination.pk:
                return real(carrier, consignment)
            self.calls += 1
            if self.is_down:
                raise error
            return real(carrier, consignment)

        monkeypatch.setattr(Simulator, "book", book)


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> Down:
    return Down(monkeypatch, shop)


def place(shop: Shop, count: int, start: int = 0, **fields) -> list[Order]:
    return [make_order(shop, f"SHOP-{number}", **fields) for number in range(start, start + count)]


# --- Closing and opening --------------------------------------------------------------------------------------------
def test_a_carrier_that_is_down_is_left_alone(shop: Shop, down: Down) -> None:
    orders = place(shop, 30)
    work()
    lane = Lane.objects.get(destination=shop.destination)
    assert lane.closed_at
    assert down.calls == lanes.FAILURES
    assert "503" in lane.reason
    waiting = Dispatch.objects.filter(is_waiting=True)
    assert waiting.count() == 26  # the rest wait for their next attempt, and join them then
    pass_time(60)
    assert down.calls < 20  # of 30 orders, in a minute
    assert not Dispatch.objects.exclude(state=State.PLANNED).exists()
    assert {fresh(order)[0].status for order in orders} == {Status.DISPATCHED}


def test_when_it_is_back_everything_goes_out(shop: Shop, down: Down) -> None:
    orders = place(shop, 30)
    work()
    pass_time(30)
    down.is_down = False
    pass_time(65)
    assert not Lane.objects.get(destination=shop.destination).closed_at
    assert all(parcels(order) == 1 for order in orders)
    assert {fresh(order)[0].attention for order in orders} == {""}


def test_no_order_uses_up_its_attempts_while_the_carrier_is_down(shop: Shop, down: Down) -> None:
    [order] = place(shop, 1)
    work()
    for _ in range(40):
        later(300)
        pass_time(1)
    assert fresh(order)[0].status == Status.DISPATCHED
    down.is_down = False
    later(300)
    pass_time(2)
    assert fresh(order)[0].status == Status.ACCEPTED


def test_after_a_day_a_person_decides(shop: Shop, down: Down) -> None:
    [order] = place(shop, 1)
    work()
    for _ in range(26):
        later(3600)
        pass_time(1)
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.FAILED, State.GAVE_UP)
    assert order.attention == Attention.CARRIER_UNREACHABLE


def test_whoever_waits_long_is_shown_to_people(shop: Shop, down: Down) -> None:
    orders = place(shop, 8)
    work()
    assert dispatching.remind() == 0
    later(301)
    waiting = Dispatch.objects.filter(is_waiting=True).count()
    assert dispatching.remind() == waiting > 0
    assert dispatching.remind() == 0
    shown = [fresh(order)[0] for order in orders if fresh(order)[1].is_waiting]
    assert {order.attention for order in shown} == {Attention.CARRIER_UNREACHABLE}


def test_a_success_in_between_keeps_the_lane_open(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    """One order that the carrier stumbles over does not close it for the others."""
    real = Simulator.book

    def book(self, consignment):
        if consignment.order.external_id == "SHOP-0":
            raise CarrierError("500: only this one")
        return real(self, consignment)

    monkeypatch.setattr(Simulator, "book", book)
    [stumbling] = place(shop, 1)
    for number in range(1, 12):
        place(shop, 1, start=number)
        work()
        later(400)
        dispatching.sweep()
        work()
    assert fresh(stumbling)[1].state == State.GAVE_UP
    assert Order.objects.exclude(pk=stumbling.pk).filter(carrier_reference="").count() == 0


# --- Credentials ----------------------------------------------------------------------------------------------------
def test_refused_credentials_close_the_lane_at_once(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    down = Down(monkeypatch, shop, CarrierError("401: who are you?", credentials=True))
    orders = place(shop, 3)
    work()
    assert down.calls == 1
    assert fresh(orders[0])[0].attention == Attention.CARRIER_UNREACHABLE
    pass_time(120)
    assert down.calls == 1
    down.is_down = False
    lanes.open_again(shop.destination)  # what saving new credentials does
    work()
    assert all(parcels(order) == 1 for order in orders)


# --- Places ---------------------------------------------------------------------------------------------------------
def test_a_lane_has_so_many_places(shop: Shop, settings: Settings) -> None:
    """Others that are being handed over take them; who comes later waits, and is woken when one is free."""
    settings.LANE_PLACES = 2
    busy = place(shop, 2)
    for order in busy:
        dispatching.plan(order)
        dispatch = fresh(order)[1]
        until = timezone.now() + lanes.LEASE
        Dispatch.objects.filter(pk=dispatch.pk).update(state=State.BOOKING, calling_until=until, next_at=until)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    other = make_shop(settings={"scenario": "accept", "pace": 10})
    late, elsewhere = place(shop, 1, start=2)[0], place(other, 1)[0]
    work()
    assert fresh(late)[1].is_waiting
    assert fresh(elsewhere)[1].state == State.BOOKED  # another carrier's orders know nothing of it
    Dispatch.objects.filter(order=busy[0]).update(calling_until=None)
    dispatching.sweep()
    work()
    assert fresh(late)[1].state == State.BOOKED


def test_who_waits_can_be_cancelled(shop: Shop, down: Down) -> None:
    orders = place(shop, 8)
    work()
    waiting = next(order for order in orders if fresh(order)[1].is_waiting)
    actions.cancel_orders([fresh(waiting)[0]], SYSTEM)
    work()
    order, dispatch = fresh(waiting)
    assert (order.status, dispatch.state, dispatch.is_waiting) == (Status.CANCELLED, State.CANCELLED, False)


def test_a_paced_carrier_counts_no_attempt(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    down = Down(monkeypatch, shop, CarrierError("limit", paced=True, retry_after=timedelta(seconds=3)))
    [order] = place(shop, 1)
    work()
    dispatch = fresh(order)[1]
    assert (dispatch.state, dispatch.attempts, dispatch.is_waiting) == (State.PLANNED, 0, True)
    pass_time(2)
    assert down.calls == 1
    down.is_down = False
    pass_time(2)
    assert fresh(order)[1].state == State.BOOKED
    assert kinds(order)[:2] == ["created", "booked"]


# --- Cost -----------------------------------------------------------------------------------------------------------
def test_the_sweep_costs_the_same_however_many_wait(shop: Shop, down: Down) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            dispatching.sweep()
        return len(queries)

    place(shop, 10)
    work()
    Lane.objects.update(open_at=timezone.now() + timedelta(hours=1))
    later(400)  # those that had been tried join the others
    Lane.objects.update(open_at=timezone.now() + timedelta(hours=1))
    dispatching.sweep()
    work()
    few = statements()
    place(shop, 60, start=10)
    work()
    assert Dispatch.objects.filter(is_waiting=True).count() == 70
    assert statements() <= few
    assert work() == []


# --- The next destination -------------------------------------------------------------------------------------------
@pytest.fixture
def spare(shop: Shop) -> Destination:
    spare = DestinationFactory(merchant=shop.merchant, name="Spare", settings={"scenario": "accept", "pace": 10})
    shop.destination.fallback = spare
    shop.destination.save()
    return spare


def test_what_one_refuses_the_next_takes(shop: Shop, spare: Destination) -> None:
    shop.destination.settings = {"scenario": "refuse"}
    shop.destination.save()
    [order] = place(shop, 1)
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.destination_id, order.attention) == (Status.ACCEPTED, spare.pk, "")
    assert (dispatch.destination_id, dispatch.epoch) == (spare.pk, 2)
    assert kinds(order)[:3] == ["created", "rerouted", "booked"]
    [step] = order.routing["steps"]
    assert (step["from"], step["to"]) == (shop.destination.public_id, spare.public_id)
    assert "dropoff.phone" in step["why"]
    assert parcels(order) == 1


def test_when_one_is_down_the_next_takes_all(shop: Shop, down: Down, spare: Destination) -> None:
    orders = place(shop, 12)
    work()
    pass_time(10)
    assert {fresh(order)[0].destination_id for order in orders} == {spare.pk}
    assert all(parcels(order) == 1 for order in orders)
    # It is tried again by and by, and has its orders back when it works.
    down.is_down = False
    later(100)
    [again] = place(shop, 1, start=20)
    work()
    pass_time(2)
    assert fresh(again)[0].destination_id == shop.destination.pk


def test_what_may_have_left_a_parcel_stays(monkeypatch: pytest.MonkeyPatch, shop: Shop, spare: Destination) -> None:
    """Nobody knows whether the first carrier has it: the second must not get it."""
    Down(monkeypatch, shop, CarrierError("no answer", unknown=True))

    def unreachable(self, consignment):
        raise CarrierError("still no answer")

    monkeypatch.setattr(Simulator, "find", unreachable)
    [order] = place(shop, 1)
    work()
    pass_time(120)
    order, dispatch = fresh(order)
    assert (order.destination_id, dispatch.state) == (shop.destination.pk, State.UNKNOWN)
    assert SimulatedParcel.objects.count() == 0


def test_a_circle_ends(shop: Shop, spare: Destination) -> None:
    for destination in (shop.destination, spare):
        destination.settings = {"scenario": "refuse"}
        destination.save()
    spare.fallback = shop.destination
    spare.save()
    [order] = place(shop, 1)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, dispatch.epoch) == (Status.FAILED, State.REFUSED, 2)
    assert order.attention == Attention.CARRIER_REFUSED


def test_a_test_order_never_fails_over_to_production(shop: Shop, spare: Destination) -> None:
    spare.environment = "production"
    spare.save()
    shop.destination.settings = {"scenario": "refuse"}
    shop.destination.save()
    [order] = place(shop, 1)
    work()
    assert fresh(order)[0].status == Status.FAILED


def test_an_inactive_one_is_no_next(shop: Shop, spare: Destination) -> None:
    spare.is_active = False
    spare.save()
    shop.destination.settings = {"scenario": "refuse"}
    shop.destination.save()
    [order] = place(shop, 1)
    work()
    assert fresh(order)[0].status == Status.FAILED


def test_places_are_a_share_of_the_workers() -> None:
    assert 1 <= django_settings.LANE_PLACES < django_settings.WORKER_CONCURRENCY
