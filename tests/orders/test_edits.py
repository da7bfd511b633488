"""Editing, deleting, and what senders say about their orders."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations.models import CoverageZone, Customer, Depot, Rider
from orders import actions
from orders.changes import change, locked
from orders.drafts import Address, Item, Parcel, Stop, Window
from orders.errors import InvalidDraft, OutOfCoverage, WrongStatus
from orders.events import SYSTEM, Actor
from orders.models import Order, OrderEvent
from orders.statuses import Attention, Failure, Status
from tests.factories import Shop, make_draft, make_order, make_shop

pytestmark = pytest.mark.django_db
USER = Actor(OrderEvent.ActorKind.USER, "huda")


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


def at(order: Order, status: str, **fields: Any) -> Order:
    """The order, brought to a status as a carrier's reports would."""
    if status == Status.FAILED:
        fields = {"failure": Failure.DISPATCH, "attention": Attention.CARRIER_REFUSED} | fields
    if status == Status.CANCELLING:
        fields = {"status_before": order.status} | fields
    return change(locked(order), OrderEvent.Kind.PROGRESS, SYSTEM, status=status, **fields)


def kinds(order: Order) -> list[str]:
    return [event.kind for event in order.events.all()]


# --- Edit -----------------------------------------------------------------------------------------------------------
def test_an_edit_replaces_what_the_order_says_and_nothing_else(shop: Shop) -> None:
    order = make_order(shop, reference="R-1", extras={"a": 1, "b": 1}, raw={"first": True}, notes="ring")
    now = timezone.now()
    dropoff = Stop("Noor", "+96599999999", Address("Hawalli", {"area": "Hawalli"}), "noor@example.com", 29.4, 48.1)
    draft = make_draft(
        "OTHER-ID",
        dropoff=dropoff,
        items=(Item("Roses", 3, Decimal("1.250")),),
        parcel=Parcel(Decimal(2), Decimal(3), Decimal(4), Decimal(5), 6),
        window=Window(now, now + timedelta(hours=1), now + timedelta(hours=2)),
        cod_amount=Decimal("4.5"),
        extras={"b": 2, "c": 3},
        raw={"second": True},
        hold=True,
        destination=shop.other.public_id,
        channel="till",
    )
    before = Order.objects.get(pk=order.pk)
    actions.edit_order(order, draft, USER)
    order = Order.objects.get(pk=order.pk)
    assert (order.dropoff_name, order.dropoff_email, order.dropoff_parts) == (
        "Noor",
        dropoff.email,
        {"area": "Hawalli"},
    )
    assert (order.weight_kg, order.height_cm, order.pieces) == (2, 5, 6)
    assert (order.pickup_at, order.window_end) == (now, now + timedelta(hours=2))
    assert (order.cod_amount, order.notes, order.reference) == (Decimal("4.5"), "", "R-1")
    assert (order.extras, order.raw_payload) == ({"a": 1, "b": 2, "c": 3}, {"second": True})
    assert [(item.name, item.quantity, item.price) for item in order.items.all()] == [("Roses", 3, Decimal("1.25"))]
    for kept in ("external_id", "uuid", "destination_id", "delivery_fee", "status", "channel", "created_at"):
        assert getattr(order, kept) == getattr(before, kept), kept
    assert list(Order.objects.search(shop.merchant, "noor")) == [order]
    assert list(Order.objects.search(shop.merchant, "SHOP-1")) == [order], "the id can still be looked for"
    assert kinds(order) == ["created", "edited"]
    assert order.events.last().actor == "huda"


def test_an_edit_in_another_dialect_keeps_the_first_body_items_and_rider(shop: Shop) -> None:
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami")
    order = make_order(shop, raw={"first": True}, rider=rider, said_status={"ideliver": "packed"})
    draft = make_draft(dialect="modon", items=(), raw={"second": True}, said_status={"modon": 1})
    order = actions.edit_order(order, draft, USER)
    order.refresh_from_db()
    assert (order.dialect, order.raw_payload, order.rider) == ("muvx", {"first": True}, rider)
    assert order.said_status == {"ideliver": "packed", "modon": 1}
    assert [item.name for item in order.items.all()] == ["Product A"]


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (Status.CREATED, Status.CREATED),
        (Status.DISPATCHED, Status.DISPATCHED),
        (Status.ACCEPTED, Status.ACCEPTED),
        (Status.FAILED, Status.DISPATCHED),
    ],
)
def test_an_order_that_nobody_has_picked_up_is_edited(shop: Shop, status: str, after: str) -> None:
    order = make_order(shop, hold=status == Status.CREATED)
    if status in (Status.ACCEPTED, Status.FAILED):
        order = at(order, status, with_carrier=status == Status.ACCEPTED)
    order = actions.edit_order(order, make_draft(notes="new"), USER)
    order.refresh_from_db()
    assert (order.status, order.notes, order.failure, order.attention) == (after, "new", "", "")
    assert order.rebooking == (status == Status.ACCEPTED)
    assert order.events.last().to_status == ("dispatched" if status == Status.FAILED else "")


@pytest.mark.parametrize(
    "status",
    [
        Status.PICKED_UP, Status.IN_TRANSIT, Status.DELIVERED, Status.CANCELLING, Status.CANCELLED, Status.RETURNED,
        Status.LOST,
    ],
)  # fmt: skip
def test_any_other_is_not(shop: Shop, status: str) -> None:
    order = at(make_order(shop), status)
    with pytest.raises(WrongStatus) as caught:
        actions.edit_order(order, make_draft(notes="new"), USER)
    assert caught.value.status == status
    order.refresh_from_db()
    assert order.notes == ""
    failed = at(make_order(shop, "2"), Status.FAILED, failure=Failure.DELIVERY, with_carrier=True)
    with pytest.raises(WrongStatus):
        actions.edit_order(failed, make_draft(), USER)


def test_an_edit_is_checked_like_a_new_order(shop: Shop) -> None:
    order = make_order(shop)
    too_fine = make_draft(cod_amount=Decimal("1.23456"))
    with pytest.raises(InvalidDraft) as caught:
        actions.edit_order(order, too_fine, USER)
    assert caught.value.path == "cod_amount"
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    CoverageZone.objects.create(merchant=shop.merchant, name="Far", geojson=square)
    order = Order.objects.get(pk=order.pk)
    with pytest.raises(OutOfCoverage) as outside:
        actions.edit_order(order, make_draft(), USER)
    assert (outside.value.path, outside.value.lat, outside.value.lng) == ("dropoff", 29.3, 48.0)
    near = replace(make_draft().dropoff, lat=0.5, lng=0.5)
    actions.edit_order(order, make_draft(dropoff=near), USER)
    assert kinds(order) == ["created", "edited"]


# --- Delete and cancel, many at once --------------------------------------------------------------------------------
def statements(work: Any) -> int:
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def mixed(shop: Shop, number: int, start: int) -> list[Order]:
    orders = [make_order(shop, f"{start + n}", hold=n % 2 == 0) for n in range(number)]
    for order in orders[1::4]:
        at(order, Status.ACCEPTED, with_carrier=True)
    return orders


@pytest.mark.parametrize("verb", [actions.cancel_orders, actions.delete_orders])
def test_many_cost_as_many_statements_as_a_few(shop: Shop, verb: Any) -> None:
    few, many = mixed(shop, 8, 0), mixed(shop, 80, 100)
    assert statements(lambda: verb(many, USER)) == statements(lambda: verb(few, USER)) <= 12
    found = Order.objects.filter(pk__in=[order.pk for order in many])
    assert found.filter(status=Status.CANCELLING, status_before=Status.ACCEPTED).count() == 20
    assert found.filter(status=Status.CANCELLED).count() == 60
    assert OrderEvent.objects.filter(order__in=many, kind="cancelled").count() == 60
    assert OrderEvent.objects.filter(order__in=many, kind="cancel_requested").count() == 20


def test_an_order_named_twice_is_cancelled_once(shop: Shop) -> None:
    order = make_order(shop)
    actions.delete_orders([order, order], USER)
    assert kinds(order) == ["created", "cancelled", "deleted"]


def test_deleted_orders_are_cancelled_and_out_of_sight(shop: Shop) -> None:
    held, booked, failed = make_order(shop, "1", hold=True), make_order(shop, "2"), make_order(shop, "3")
    at(booked, Status.ACCEPTED, with_carrier=True)
    at(failed, Status.FAILED)
    actions.delete_orders([held, booked, failed], USER)
    assert not Order.objects.of(shop.merchant).kept().exists()
    statuses = dict(Order.objects.values_list("external_id", "status"))
    assert statuses == {"1": "cancelled", "2": "cancelling", "3": "cancelled"}
    assert kinds(booked) == ["created", "progress", "cancel_requested", "deleted"]


@pytest.mark.parametrize("status", [Status.PICKED_UP, Status.DELIVERED, Status.CANCELLED])
def test_all_or_none_are_deleted(shop: Shop, status: str) -> None:
    fine, other = make_order(shop, "1"), at(make_order(shop, "2"), status)
    with pytest.raises(WrongStatus) as caught:
        actions.delete_orders([fine, other], USER)
    assert caught.value.status == status
    fine.refresh_from_db()
    assert (fine.status, fine.deleted_at) == (Status.DISPATCHED, None)


def test_a_cancelled_order_is_deleted_where_the_dialect_allows_it(shop: Shop) -> None:
    order = make_order(shop)
    actions.cancel_orders([order], USER)
    actions.delete_orders([order], USER, cancelled=True)
    actions.delete_orders([order], USER, cancelled=True)
    assert kinds(order) == ["created", "cancelled", "deleted"]


def test_a_deleted_order_that_goes_on_is_seen_again(shop: Shop) -> None:
    order = at(make_order(shop), Status.ACCEPTED, with_carrier=True)
    actions.delete_orders([order], USER)
    order = at(order, Status.DELIVERED, status_before="")
    order.refresh_from_db()
    assert (order.deleted_at, order.attention) == (None, Attention.CANCEL_REFUSED)


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"deleted_at": timezone.now()}, "deleted_is_cancelled"),
        ({"rebooking": True, "status": "picked_up"}, "rebooking_before_pickup"),
    ],
)
def test_the_database_keeps_it_so(shop: Shop, wrong: dict[str, Any], constraint: str) -> None:
    order = make_order(shop)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**wrong)


# --- What its sender says -------------------------------------------------------------------------------------------
def say(order: Order, said: Any, status: str | None) -> Order:
    return actions.say_status(order, USER, dialect="ideliver", said=said, status=status)


def test_words_that_mean_nothing_to_us_are_kept_until_the_status_changes(shop: Shop) -> None:
    order = say(make_order(shop), "gift-wrapped", None)
    assert (order.status, order.said_status) == (Status.DISPATCHED, {"ideliver": "gift-wrapped"})
    assert order.events.last().data == {"dialect": "ideliver", "said": "gift-wrapped"}
    order = at(order, Status.ACCEPTED)
    order.refresh_from_db()
    assert order.said_status == {}


def test_words_that_lead_forward_move_the_order(shop: Shop) -> None:
    order = say(make_order(shop), "On the road", Status.IN_TRANSIT)
    order.refresh_from_db()
    assert (order.status, order.said_status) == (Status.IN_TRANSIT, {"ideliver": "On the road"})
    order = say(order, "accepted", Status.ACCEPTED)
    assert (order.status, order.said_status) == (Status.IN_TRANSIT, {"ideliver": "accepted"})
    order = say(order, "failed", Status.FAILED)
    assert (order.status, order.failure) == (Status.FAILED, Failure.DELIVERY)
    order = say(order, "delivered", Status.DELIVERED)
    order.refresh_from_db()
    assert (order.status, order.failure) == (Status.DELIVERED, "")


def test_what_somebody_must_look_at_is_not_talked_away(shop: Shop) -> None:
    order = at(make_order(shop), Status.ACCEPTED, attention=Attention.SECOND_PARCEL, attention_detail="two")
    assert say(order, "picked_up", Status.PICKED_UP).attention == Attention.SECOND_PARCEL


def test_to_say_cancelled_is_to_cancel(shop: Shop) -> None:
    free = say(make_order(shop, "1"), "cancelled", Status.CANCELLED)
    assert (free.status, kinds(free)) == (Status.CANCELLED, ["created", "cancelled"])
    booked = at(make_order(shop, "2"), Status.ACCEPTED, with_carrier=True)
    for _ in range(2):
        booked = say(booked, "cancelled", Status.CANCELLED)
        booked.refresh_from_db()
        assert (booked.status, booked.status_before) == (Status.CANCELLING, Status.ACCEPTED)
        assert booked.said_status == {"ideliver": "cancelled"}
    assert kinds(booked) == ["created", "progress", "cancel_requested"]
    over = at(make_order(shop, "3"), Status.DELIVERED)
    assert say(over, "cancelled", Status.CANCELLED).status == Status.DELIVERED


def test_a_held_order_that_its_sender_has_picked_up_waits_no_more(shop: Shop) -> None:
    order = make_order(shop, release_at=timezone.now() + timedelta(hours=1))
    order = say(order, "picked_up", Status.PICKED_UP)
    order.refresh_from_db()
    assert (order.status, order.release_at) == (Status.PICKED_UP, None)


def test_a_verified_payment_is_noted_once(shop: Shop) -> None:
    order = make_order(shop)
    for verified, count in ((True, 2), (True, 2), (False, 3)):
        order = actions.verify_payment(order, USER, verified=verified)
        order.refresh_from_db()
        assert (order.payment_verified, order.events.count()) == (verified, count)
    assert order.events.last().data == {"verified": False}


def test_a_rider_of_the_merchant_is_assigned_and_taken_back(shop: Shop) -> None:
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami", phone="1")
    order = make_order(shop)
    for _ in range(2):
        order = actions.assign_rider(order, rider, USER)
    order.refresh_from_db()
    assert (order.rider, kinds(order)) == (rider, ["created", "rider_assigned"])
    assert order.events.last().data == {"rider": str(rider.uuid), "name": "Sami"}
    assert actions.assign_rider(order, None, USER).rider is None
    stranger = Rider.objects.create(merchant=make_shop().merchant, name="Stranger")
    gone = Rider.objects.create(merchant=shop.merchant, name="Gone", is_active=False)
    for nobody in (stranger, gone):
        with pytest.raises(InvalidDraft) as caught:
            actions.assign_rider(order, nobody, USER)
        assert caught.value.path == "rider"


def test_orders_outlive_their_rider_customer_and_depot(shop: Shop) -> None:
    place = {"merchant": shop.merchant, "lat": 29.0, "lng": 48.0}
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami")
    customer, depot = Customer.objects.create(**place), Depot.objects.create(**place)
    order = make_order(shop, rider=rider, customer=customer, depot=depot)
    for one in (rider, customer, depot):
        one.delete()
    order.refresh_from_db()
    assert (order.rider, order.customer, order.depot) == (None, None, None)
