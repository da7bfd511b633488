"""What the page of an order shows of what dialects say about it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from destinations.models import Rider
from orders import actions, display, reports
from orders.changes import locked
from orders.drafts import Parcel, Window
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from tests.factories import MembershipFactory, Shop, make_draft, make_order, make_shop
from tests.orders.test_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def client(shop: Shop) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    return client


def test_an_orders_parcel_times_and_rider_are_shown(shop, client):
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami", phone="+96555555555")
    at = datetime(2030, 5, 6, 7, 30, tzinfo=UTC)
    order = make_order(
        shop,
        parcel=Parcel(Decimal("1.500"), Decimal(10), None, Decimal("2.25"), 3),
        window=Window(at, at + timedelta(hours=1), at + timedelta(hours=2)),
        rider=rider,
    )
    actions.verify_payment(order, SYSTEM)
    page = text(client.get(f"/orders/{order.pk}/"))
    for shown in ("1.5 kg", "10 × ? × 2.25 cm", "Sami · +96555555555", "<bdi>3</bdi>", "10:30", "11:30", "12:30"):
        assert shown in page, shown
    assert "verified" in page
    client.cookies["django_language"] = "ar"
    page = text(client.get(f"/orders/{order.pk}/"))
    for shown in ("الطرد والمواعيد", "التوصيل مطلوب حتى", "المندوب", "تم التحقق من الدفع"):
        assert shown in page, shown
    plain = make_order(shop, "PLAIN")
    assert "الطرد والمواعيد" not in text(client.get(f"/orders/{plain.pk}/"))


def test_the_history_tells_of_edits_deletion_and_what_was_said(shop, client):
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami")
    order = make_order(shop)
    actions.edit_order(order, make_draft(), SYSTEM)
    actions.say_status(order, SYSTEM, dialect="magiclane", said=[1, 0], status=None)
    actions.verify_payment(order, SYSTEM)
    actions.verify_payment(order, SYSTEM, verified=False)
    actions.assign_rider(order, rider, SYSTEM)
    actions.assign_rider(order, None, SYSTEM)
    actions.say_status(order, SYSTEM, dialect="ideliver", said="Picked up!", status="picked_up")
    reports.record_edit_refused(locked(order), SYSTEM, detail="too late")
    page = text(client.get(f"/orders/{order.pk}/"))
    for told in (
        "The order was edited", "said something about its status", "[1, 0]", "The payment has been verified",
        "not verified any more", "A rider has been assigned", "Sami", "The rider has been taken off",
        "set it to “Picked up”", "Picked up!", "as it was before the edit", "too late",
    ):  # fmt: skip
        assert told in page, told
    gone = make_order(shop, "GONE")
    actions.delete_orders([gone], SYSTEM)
    assert "The order was deleted" in text(client.get(f"/orders/{gone.pk}/"))
    assert "GONE" not in text(client.get("/orders/"))


def test_an_order_that_went_on_to_another_destination_says_why(shop, client):
    order = make_order(shop, "MOVED")
    step = {"from_name": "Near", "to_name": "Far & wide", "why": "no route to host"}
    Order.objects.filter(pk=order.pk).update(routing={**order.routing, "steps": [step]})
    happening = {"kind": OrderEvent.Kind.REROUTED, "actor_kind": "system", "created_at": order.created_at}
    OrderEvent.objects.create(order=order, data=step, **happening)
    page = text(client.get(f"/orders/{order.pk}/"))
    assert "Sent to another destination: Far &amp; wide" in page
    assert "Then it went on to <bdi>Far &amp; wide</bdi>" in page
    assert page.count("no route to host") == 2


@pytest.mark.parametrize("kind", OrderEvent.Kind.values)
def test_no_kind_of_event_is_called_a_carriers_report(kind):
    """Each has a sentence of its own but for reports without effect."""
    [entry] = display.history([OrderEvent(kind=kind)])
    assert ("nothing changed" in entry.sentence) == (kind == OrderEvent.Kind.RECORDED)
