"""The fleet as a carrier: one task each, the right rider, and a cancel only before the pick-up."""

import pytest
from django.core.exceptions import ValidationError

from destinations.models import Destination
from integrations import accounts, dispatching
from integrations.carrier import CarrierError, Consignment, Transcript
from integrations.models import Dispatch, RiderTask
from integrations.ownfleet.carrier import OwnFleet
from orders import actions
from orders.events import SYSTEM
from orders.models import OrderEvent
from orders.statuses import Attention, Status
from tests.clockwork import later, work
from tests.factories import Shop, make_draft, make_order
from tests.handovers import fresh, kinds
from tests.integrations.ownfleet.fleet import Phone, located, make_fleet, make_rider, task_for

pytestmark = pytest.mark.django_db
Kind, State = OrderEvent.Kind, Dispatch.State


@pytest.fixture
def shop() -> Shop:
    return make_fleet()


def carrier(shop: Shop) -> OwnFleet:
    return OwnFleet(shop.destination, Transcript())


# --- Connecting -----------------------------------------------------------------------------------------------------
def test_it_is_connected_without_credentials_and_can_be_tested(shop):
    make_rider(shop)
    make_rider(shop, "Gone", is_active=False)
    assert accounts.check(shop.destination) == (True, "1 active riders")


@pytest.mark.parametrize("choices", [{"assign": "somehow"}, {"assign": 1}, {"assign": []}, {"speed": "high"}])
def test_settings_that_it_does_not_know_are_refused(shop, choices):
    with pytest.raises(ValidationError):
        accounts.connect(shop.source, "ownfleet", choices=choices)
    assert Destination.objects.filter(provider="ownfleet").count() == 1


# --- Booking --------------------------------------------------------------------------------------------------------
def test_the_fleet_has_it_and_nobody_is_chosen(shop):
    located(make_rider(shop), 29.3, 48.0)
    order, task = task_for(shop, None)
    assert (order.status, order.carrier_reference, order.rider) == (Status.ACCEPTED, f"OWN{order.pk}", None)
    assert task.dispatch.state == State.BOOKED
    assert kinds(order) == [Kind.CREATED, Kind.BOOKED]
    assert [said.verb for said in task.dispatch.exchanges.all()] == ["book"]


def test_booking_twice_makes_one_task(shop):
    order, task = task_for(shop, None)
    consignment = Consignment(task.dispatch.key, order)
    assert carrier(shop).book(consignment).reference == f"OWN{order.pk}"
    assert carrier(shop).find(consignment).reference == f"OWN{order.pk}"
    assert RiderTask.objects.count() == 1


def test_an_attempt_that_died_is_found_and_not_repeated(shop):
    order = make_order(shop)
    dispatching.plan(order)
    _, dispatch = fresh(order)
    carrier(shop).book(Consignment(dispatch.key, order))
    Dispatch.objects.filter(pk=dispatch.pk).update(state=State.BOOKING, attempts=1)
    later(100)
    dispatching.push(dispatch.pk)
    order, dispatch = fresh(order)
    assert (dispatch.state, RiderTask.objects.count()) == (State.BOOKED, 1)
    assert [said.verb for said in dispatch.exchanges.all()] == ["find"]


def test_nothing_is_found_under_a_key_that_was_never_booked(shop):
    order = make_order(shop)
    assert carrier(shop).find(Consignment("no-such-key", order)) is None


def test_the_orders_own_rider_keeps_it(shop):
    shop.destination.settings = {"assign": "nearest"}
    shop.destination.save()
    located(make_rider(shop, "Near"), 29.3, 48.0)
    own = make_rider(shop, "Own")
    order, _task = task_for(shop, None, rider=own, pickup=_pickup())
    assert order.rider == own


def _pickup():
    pickup = make_draft().pickup
    return type(pickup)(pickup.name, pickup.phone, pickup.address, lat=29.3, lng=48.0)


def test_the_nearest_rider_who_is_known_to_be_near():
    shop = make_fleet("nearest")
    located(make_rider(shop, "Far"), 29.4, 48.0)
    near = located(make_rider(shop, "Near"), 29.31, 48.0)
    located(make_rider(shop, "Nearer, an hour ago"), 29.3, 48.0, minutes=31)
    located(make_rider(shop, "Nearer, not at work", is_active=False), 29.3, 48.0)
    located(make_rider(make_fleet(), "Nearer, somebody else's"), 29.3, 48.0)
    make_rider(shop, "Nobody knows where")
    order, _task = task_for(shop, None, pickup=_pickup())
    assert order.rider == near
    assigned = order.events.get(kind=Kind.RIDER_ASSIGNED)
    assert (assigned.actor_kind, assigned.actor, assigned.data["name"]) == ("carrier", "Our riders", "Near")
    assert order.external_id in Phone(near).page()


@pytest.mark.parametrize("known", ["pickup", "rider", "neither"])
def test_no_rider_where_the_distance_is_not_known(known):
    shop = make_fleet("nearest")
    rider = make_rider(shop)
    if known == "rider":
        located(rider, 29.3, 48.0)
    order, task = task_for(shop, None, **({"pickup": _pickup()} if known == "pickup" else {}))
    assert order.rider is None
    assert task.dispatch.state == State.BOOKED


# --- Cancelling and editing -----------------------------------------------------------------------------------------
def test_a_cancel_before_the_pick_up_is_granted_and_seen(shop):
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    phone = Phone(rider)
    assert phone.step(task, "accept").status_code == 200
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.CANCELLED, State.CANCELLED)
    page = phone.page()
    assert 'data-state="cancelled"' in page
    assert "Do not collect it" in page
    response = phone.step(task, "pick_up")
    assert (response.status_code, response.json()["taken"]) == (409, False)
    task.refresh_from_db()
    assert task.picked_up_at is None


def test_a_cancel_after_the_pick_up_is_refused_for_good(shop):
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    phone = Phone(rider)
    phone.step(task, "pick_up")
    actions.cancel_orders([order], SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, order.attention) == (Status.PICKED_UP, Attention.CANCEL_REFUSED)
    assert dispatch.state == State.BOOKED
    assert phone.step(task, "deliver", recipient_name="Noor").status_code == 200
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state) == (Status.DELIVERED, State.DONE)


def test_cancelling_twice_is_the_same(shop):
    order, task = task_for(shop, make_rider(shop))
    consignment = Consignment(task.dispatch.key, order)
    carrier(shop).cancel(consignment, order.carrier_reference)
    task.refresh_from_db()
    first = task.cancelled_at
    carrier(shop).cancel(consignment, order.carrier_reference)
    task.refresh_from_db()
    assert first == task.cancelled_at
    assert carrier(shop).find(consignment) is None


def test_a_refusal_says_that_asking_again_is_of_no_use(shop):
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    Phone(rider).step(task, "pick_up")
    with pytest.raises(CarrierError) as refused:
        carrier(shop).cancel(Consignment(task.dispatch.key, order), order.carrier_reference)
    assert refused.value.permanent


def test_an_edit_gives_the_rider_the_order_as_it_is_now(shop):
    rider = make_rider(shop)
    order, task = task_for(shop, rider)
    phone = Phone(rider)
    actions.edit_order(order, make_draft(order.external_id, notes="Ring twice"), SYSTEM)
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.epoch, order.rider) == (Status.ACCEPTED, 2, rider)
    page = phone.page()
    assert page.count("<article") == 1
    assert "Ring twice" in page
    assert phone.step(task, "pick_up").status_code == 409  # the former one
    assert phone.step(dispatch.rider_task, "pick_up").status_code == 200


def test_a_task_that_was_made_too_late_is_nobodys(shop):
    """A worker that was slow makes it after another has ended the dispatch: no rider ever sees it."""
    rider = make_rider(shop)
    order = make_order(shop, rider=rider)
    dispatching.plan(order)
    _, dispatch = fresh(order)
    Dispatch.objects.filter(pk=dispatch.pk).update(state=State.DROPPED, next_at=None)
    carrier(shop).book(Consignment(dispatch.key, order))
    phone = Phone(rider)
    assert "<article" not in phone.page()
    assert phone.step(RiderTask.objects.get(), "accept").status_code == 409


def test_tracking_asks_nothing(shop):
    order, task = task_for(shop, None)
    assert carrier(shop).track([(Consignment(task.dispatch.key, order), order.carrier_reference)]) == {}


def test_riders_of_others_are_never_chosen(shop):
    stranger = make_rider(make_fleet())
    located(stranger, 29.3, 48.0)
    order, _task = task_for(make_fleet("nearest"), None, pickup=_pickup())
    assert order.rider is None
