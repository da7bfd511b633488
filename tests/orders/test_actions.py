"""Placing, releasing, holding, cancelling and retrying: the row, the history and the job, or none of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders import actions
from orders.changes import change, locked
from orders.errors import DuplicateOrder, InvalidDraft, NoDestination, WrongStatus
from orders.events import SYSTEM, Actor
from orders.models import Order, OrderEvent, OrderItem
from orders.statuses import Attention, Failure, Status
from tests.factories import Shop, make_draft, make_order, make_shop

pytestmark = pytest.mark.django_db
USER = Actor(OrderEvent.ActorKind.USER, "huda")


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


def jobs() -> list[tuple[str, dict[str, Any], str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args::text, lock FROM procrastinate_jobs ORDER BY id")
        return cursor.fetchall()


def test_an_order_comes_with_its_history_and_a_job(shop: Shop) -> None:
    order = make_order(shop)
    assert order.pk >= 1_000_000
    assert (order.status, order.currency, order.is_test) == (Status.DISPATCHED, "KWD", True)
    [event] = order.events.all()
    assert (event.kind, event.from_status, event.to_status, event.actor) == ("created", "", "dispatched", "Wasl")
    assert jobs() == [("integrations.tasks.relay_event", f'{{"event_id": {event.pk}}}', f"order:{order.pk}")]


def test_a_rolled_back_order_leaves_nothing(shop: Shop) -> None:
    with transaction.atomic():
        make_order(shop)
        transaction.set_rollback(True)
    assert not Order.objects.exists()
    assert not OrderEvent.objects.exists()
    assert not jobs()


def test_many_orders_cost_as_many_statements_as_one(shop: Shop, django_assert_num_queries: Any) -> None:
    drafts = [make_draft(f"N-{number}") for number in range(200)]
    with django_assert_num_queries(7):  # five, and the savepoint's two
        orders = actions.place_orders(shop.source, drafts, actor=SYSTEM, is_test=True)
    assert len({order.pk for order in orders}) == 200
    assert OrderItem.objects.count() == OrderEvent.objects.count() == len(jobs()) == 200


def test_many_orders_are_placed_all_or_none(shop: Shop) -> None:
    drafts = [make_draft("A"), make_draft("B", cod_amount=Decimal("1.23456"))]
    with pytest.raises(InvalidDraft) as caught:
        actions.place_orders(shop.source, drafts, actor=SYSTEM)
    assert caught.value.path == "cod_amount"
    assert not Order.objects.exists()


def test_a_scope_makes_the_external_id_unique(shop: Shop) -> None:
    make_order(shop, "X")
    with pytest.raises(DuplicateOrder) as caught:
        make_order(shop, "X")
    assert caught.value.path == "external_id"
    actions.place_orders(shop.source, [make_draft("X"), make_draft("X")], actor=SYSTEM, is_test=True)
    assert Order.objects.count() == 3


def test_an_error_in_the_database_that_is_no_duplicate_is_not_called_one(shop: Shop) -> None:
    draft = make_draft(
        "X", pickup=make_draft().dropoff.__class__("A", "1", make_draft().dropoff.address, lat=500, lng=0)
    )
    with pytest.raises(IntegrityError, match="pickup_on_earth"):
        actions.place_orders(shop.source, [draft], actor=SYSTEM)


def test_an_impossible_destination(shop: Shop) -> None:
    with pytest.raises(NoDestination) as caught:
        make_order(shop, destination="a" * 32)
    assert caught.value.path == "destination"


def test_an_order_made_by_hand_is_a_test_if_its_destination_is_a_sandbox(shop: Shop) -> None:
    [order] = actions.place_orders(shop.source, [make_draft()], actor=USER)
    assert order.is_test


def test_the_fee_is_frozen_at_intake(shop: Shop) -> None:
    shop.merchant.delivery_fee = Decimal("1.5")
    shop.merchant.save()
    order = make_order(make_shop_again(shop))
    shop.merchant.delivery_fee = Decimal("9")
    shop.merchant.save()
    order.refresh_from_db()
    assert order.delivery_fee == Decimal("1.5")


def make_shop_again(shop: Shop) -> Shop:
    shop.source.merchant.refresh_from_db()
    return shop


# --- While it is ours -----------------------------------------------------------------------------------------------
def test_release_hold_and_reschedule(shop: Shop) -> None:
    order = make_order(shop, hold=True)
    assert order.is_held
    at = timezone.now() + timedelta(hours=1)
    order = actions.reschedule_order(order, at, USER)
    assert (order.status, order.release_at) == (Status.CREATED, at)
    order = actions.hold_order(order, USER)
    assert order.is_held
    order = actions.release_order(order, USER)
    assert (order.status, order.release_at) == (Status.DISPATCHED, None)
    assert [event.kind for event in order.events.all()] == ["created", "rescheduled", "held", "released"]
    for action in (
        actions.release_order,
        actions.hold_order,
        lambda order, by: actions.reschedule_order(order, at, by),
    ):
        with pytest.raises(WrongStatus) as caught:
            action(order, USER)
        assert caught.value.status == Status.DISPATCHED


def test_due_orders_go_out(shop: Shop) -> None:
    now = timezone.now()
    due = [make_order(shop, f"D-{number}", release_at=now + timedelta(hours=1)) for number in range(3)]
    held = make_order(shop, "H", hold=True)
    later = make_order(shop, "L", release_at=now + timedelta(hours=1))
    Order.objects.filter(pk__in=[order.pk for order in due]).update(release_at=now - timedelta(seconds=1))
    assert actions.release_due_orders(limit=2) == 2
    assert actions.release_due_orders(limit=2) == 1
    assert actions.release_due_orders(limit=2) == 0
    statuses = dict(Order.objects.values_list("external_id", "status"))
    assert statuses == {"D-0": "dispatched", "D-1": "dispatched", "D-2": "dispatched", "H": "created", "L": "created"}
    assert [event.kind for event in due[0].events.all()] == ["created", "released"]
    assert held.events.count() == later.events.count() == 1


def test_the_sources_hold_wins_over_a_schedule() -> None:
    order = make_order(make_shop(hold=True), release_at=timezone.now() + timedelta(hours=1))
    assert order.is_held


# --- Cancel and retry -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("draft", [{"hold": True}, {}, {"release_at": timezone.now() + timedelta(hours=1)}])
def test_cancel_before_any_carrier_has_it(shop: Shop, draft: dict[str, Any]) -> None:
    [order] = actions.cancel_orders([make_order(shop, **draft)], USER, reason="changed my mind")
    assert order.status == Status.CANCELLED
    event = order.events.last()
    assert (event.kind, event.data, event.actor) == ("cancelled", {"reason": "changed my mind"}, "huda")


def test_cancel_when_a_carrier_may_have_it(shop: Shop) -> None:
    order = change(locked(make_order(shop)), OrderEvent.Kind.BOOKED, SYSTEM, status=Status.ACCEPTED, with_carrier=True)
    [order] = actions.cancel_orders([order], USER)
    assert (order.status, order.status_before) == (Status.CANCELLING, Status.ACCEPTED)
    [order] = actions.cancel_orders([order], USER)
    assert [event.kind for event in order.events.all()].count("cancel_requested") == 1


def test_several_are_cancelled_all_or_none(shop: Shop) -> None:
    one, two = make_order(shop, "1"), make_order(shop, "2")
    change(locked(two), OrderEvent.Kind.PROGRESS, SYSTEM, status=Status.DELIVERED)
    with pytest.raises(WrongStatus):
        actions.cancel_orders([one, two], USER)
    one.refresh_from_db()
    assert one.status == Status.DISPATCHED


def failed(order: Order, **fields: Any) -> Order:
    return change(
        locked(order),
        OrderEvent.Kind.DISPATCH_FAILED,
        SYSTEM,
        status=Status.FAILED,
        attention=Attention.CARRIER_REFUSED,
        **{"failure": Failure.DISPATCH, **fields},
    )


def test_retry_sends_out_again_what_no_carrier_took(shop: Shop) -> None:
    order = actions.retry_order(failed(make_order(shop)), USER)
    assert (order.status, order.failure, order.attention) == (Status.DISPATCHED, "", "")
    with pytest.raises(WrongStatus):
        actions.retry_order(order, USER)


def test_a_parcel_in_a_carriers_hands_is_not_sent_again(shop: Shop) -> None:
    with pytest.raises(WrongStatus):
        actions.retry_order(failed(make_order(shop), failure=Failure.DELIVERY, with_carrier=True), USER)


def test_what_was_looked_into_needs_no_more_attention(shop: Shop) -> None:
    order = actions.settle_attention(failed(make_order(shop)), USER)
    assert (order.status, order.attention) == (Status.FAILED, "")
    event = order.events.last()
    assert (event.kind, event.actor, event.data["attention"]) == ("settled", "huda", Attention.CARRIER_REFUSED)
    actions.settle_attention(order, USER)
    assert order.events.last() == event


# --- What the database sees to --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"status": "somewhere"}, "order_status_known"),
        ({"status": "failed"}, "failed_has_its_kind"),
        ({"failure": "dispatch"}, "failed_has_its_kind"),
        ({"release_at": timezone.now()}, "only_held_orders_wait"),
        ({"status": "cancelling"}, "cancelling_knows_its_way_back"),
        ({"cod_amount": -1}, "cod_not_negative"),
        ({"dropoff_lat": 1, "dropoff_lng": None}, "dropoff_on_earth"),
        ({"dropoff_lat": 91, "dropoff_lng": 0}, "dropoff_on_earth"),
    ],
)
def test_impossible_orders_cannot_be_stored(shop: Shop, wrong: dict[str, Any], constraint: str) -> None:
    order = make_order(shop)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**wrong)
