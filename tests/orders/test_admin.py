"""Orders in the back office: found, looked at, released, cancelled and sent again, never edited."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from destinations.models import Customer, Depot, Rider
from orders import actions
from orders.drafts import Parcel, Window
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Attention, Failure, Status
from tests.factories import UserFactory, make_order, make_shop

pytestmark = pytest.mark.django_db

LIST = reverse("admin:orders_order_changelist")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def run(client: Client, action: str, *orders: Order, **more: str) -> list[str]:
    answer = client.post(LIST, {"action": action, "_selected_action": [order.pk for order in orders]} | more)
    assert answer.status_code == 302
    return [str(message) for message in get_messages(answer.wsgi_request)]


def found(client: Client, text: str, **narrowed: object) -> list[int]:
    answer = client.get(LIST, {"q": text} | narrowed)
    assert answer.status_code == 200
    return sorted(order.pk for order in answer.context["cl"].result_list)


def test_orders_are_found_by_number_external_id_phone_and_text(staff: Client) -> None:
    first, second = make_shop(), make_shop()
    one, two = make_order(first, "ABC-77"), make_order(second, "XYZ-77")
    for text in (f"MOV{one.pk}", f"mov{one.pk}", str(one.pk), str(one.uuid), "abc-77", f" {one.pk} "):
        assert found(staff, text) == [one.pk], text
    for text in ("96511111111", "+965 1111-1111", "customer", "Salmiya", "-77"):
        assert found(staff, text) == [one.pk, two.pk], text
    assert found(staff, "-77", merchant__id__exact=second.merchant.pk) == [two.pk]
    for text in ("nobody", "%", "__", "' OR 1=1 --", "٩٩٩", "x" * 500, "9" * 30, "9" * 18):
        assert found(staff, text) == [], text


def test_orders_are_narrowed(staff: Client) -> None:
    shop = make_shop()
    held, out = make_order(shop, "A", hold=True), make_order(shop, "B")
    Order.objects.filter(pk=out.pk).update(attention=Attention.CARRIER_REFUSED)
    assert found(staff, "", status__exact="created") == [held.pk]
    assert found(staff, "", attention="any") == [out.pk]
    assert found(staff, "", attention="second_parcel") == []
    assert found(staff, "", is_test__exact="0") == []


def test_actions_report_each_order(staff: Client) -> None:
    shop = make_shop()
    held, out = make_order(shop, "A", hold=True), make_order(shop, "B")
    messages = run(staff, "release_selected", held, out)
    assert messages == [f"Order {out.pk}: This cannot be done: the order is now “Dispatched”.", "1 order done."]
    held.refresh_from_db()
    assert held.status == Status.DISPATCHED
    assert OrderEvent.objects.filter(order=held, actor_kind="user", actor="chief", kind="released").count() == 1


def test_orders_are_cancelled_with_a_reason(staff: Client) -> None:
    shop = make_shop()
    order, delivered = make_order(shop, "A", hold=True), make_order(shop, "B")
    Order.objects.filter(pk=delivered.pk).update(status=Status.DELIVERED)
    messages = run(staff, "cancel_selected", order, delivered, reason="wrong address")
    assert messages == [f"Order {delivered.pk}: This cannot be done: the order is now “Delivered”.", "1 order done."]
    assert OrderEvent.objects.get(order=order, kind="cancelled").data == {"reason": "wrong address"}


def test_orders_are_sent_again(staff: Client) -> None:
    shop = make_shop()
    failed, fine = make_order(shop, "A"), make_order(shop, "B")
    Order.objects.filter(pk=failed.pk).update(status=Status.FAILED, failure=Failure.DISPATCH)
    assert len(run(staff, "retry_selected", failed, fine)) == 2
    failed.refresh_from_db()
    assert failed.status == Status.DISPATCHED


def test_the_page_offers_what_the_order_allows(staff: Client) -> None:
    shop = make_shop()
    order = make_order(shop, "A", hold=True)
    page = reverse("admin:orders_order_change", args=[order.pk])
    body = staff.get(page).content.decode()
    assert "Release" in body
    assert "Send again" not in body
    cancel = reverse("admin:orders_order_cancel", args=[order.pk])
    assert staff.get(cancel).status_code == 200
    order.refresh_from_db()
    assert order.status == Status.CREATED, "looking at the dialog changes nothing"
    answer = staff.post(cancel, {"_form_submitted": "on", "reason": "no"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, page)
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    release = reverse("admin:orders_order_release", args=[order.pk])
    assert staff.post(release, {"_form_submitted": "on"}).status_code == 302, "too late is a message"
    assert staff.post(reverse("admin:orders_order_release", args=[1]), {"_form_submitted": "on"}).status_code == 404


def test_orders_are_not_edited_or_deleted(staff: Client) -> None:
    order = make_order(make_shop())
    page = reverse("admin:orders_order_change", args=[order.pk])
    assert staff.post(page, {"status": "delivered"}).status_code == 403
    assert staff.post(reverse("admin:orders_order_delete", args=[order.pk]), {"post": "yes"}).status_code == 403
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


def test_viewing_is_not_acting(client: Client) -> None:
    order = make_order(make_shop(), hold=True)
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(viewer)
    assert client.get(reverse("admin:orders_order_change", args=[order.pk])).status_code == 200
    answer = client.post(reverse("admin:orders_order_release", args=[order.pk]), {"_form_submitted": "on"})
    assert answer.status_code == 403
    client.post(LIST, {"action": "release_selected", "_selected_action": [order.pk]})
    order.refresh_from_db()
    assert order.status == Status.CREATED


def test_the_page_shows_what_dialects_say(staff: Client) -> None:
    shop = make_shop()
    at = datetime(2030, 5, 6, 7, 30, tzinfo=UTC)
    place = {"merchant": shop.merchant, "lat": 29.0, "lng": 48.0}
    order = make_order(
        shop,
        window=Window(at, at + timedelta(hours=1), at + timedelta(hours=2)),
        parcel=Parcel(Decimal("1.500"), Decimal("10.25"), None, Decimal(3), 7),
        rider=Rider.objects.create(merchant=shop.merchant, name="Sami"),
        customer=Customer.objects.create(**place, alias="Rose House"),
        depot=Depot.objects.create(**place, alias="North depot"),
    )
    actions.delete_orders([order], SYSTEM)
    body = staff.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    for shown in (
        "2030-05-06 07:30:00", "2030-05-06 08:30:00", "2030-05-06 09:30:00", "Sami", "Rose House", "North depot",
        "Packages", "Payment verified", "Being booked anew", "The order was deleted",
    ):  # fmt: skip
        assert shown in body, shown
    staff.cookies["django_language"] = "ar"
    arabic = staff.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    for shown in ("1.5 kg", "10.25 × ? × 3 cm"):  # a comma would be taken for thousands
        assert shown in body, shown
        assert shown in arabic, shown
    order.refresh_from_db()
    assert f"{order.deleted_at:%Y-%m-%d %H:%M:%S}" in body
