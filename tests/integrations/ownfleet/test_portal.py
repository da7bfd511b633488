"""The office's pages about riders, and the proof on the order's page."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations.models import Rider, Role
from integrations.models import RiderLink
from integrations.ownfleet import links
from orders import actions
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from tests.clockwork import work
from tests.factories import MembershipFactory, Shop, make_order, make_shop
from tests.integrations.ownfleet.fleet import Phone, located, make_fleet, make_rider, picture, task_for

pytestmark = pytest.mark.django_db
PART = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def shop() -> Shop:
    return make_fleet()


def member(shop: Shop, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=role).user)
    return client


@pytest.fixture
def client(shop: Shop) -> Client:
    return member(shop)


def text(response) -> str:
    return response.content.decode()


# --- Riders ---------------------------------------------------------------------------------------------------------
def test_a_rider_is_added_changed_and_deactivated(shop, client):
    assert "No riders yet" in text(client.get("/riders/"))
    given = {"name": "Sami", "phone": "+96555555555", "vehicle_type": "van", "is_active": "on"}
    response = client.post("/riders/new", given)
    rider = Rider.objects.get(merchant=shop.merchant)
    assert response.url == f"/riders/{rider.pk}/"
    assert (rider.name, rider.phone, rider.vehicle_type, rider.is_active) == ("Sami", "+96555555555", "van", True)
    phone = Phone(rider)
    del given["is_active"]
    assert client.post(f"/riders/{rider.pk}/", given).status_code == 302
    rider.refresh_from_db()
    assert not rider.is_active
    assert phone.client.get(phone.path).status_code == 404
    assert "Not active" in text(client.get("/riders/"))


def test_a_rider_needs_a_name(shop, client):
    response = client.post("/riders/new", {"name": " ", "vehicle_type": "van"})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in text(response)
    assert not Rider.objects.exists()


def test_the_list_shows_work_and_place_in_a_constant_number_of_queries(shop, client):
    counts = []
    for number in range(2):
        rider = located(make_rider(shop, f"Rider {number}"), 29.3, 48.0, minutes=40 * number)
        task_for(shop, rider, f"SHOP-{number}")
        client.get("/riders/")
        with CaptureQueriesContext(connection) as queries:
            page = text(client.get("/riders/"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert '<td class="end">1 in hand</td>' in page
    assert page.count("too long ago") == 1


def test_a_link_is_shown_once_with_a_code_to_scan(shop, client):
    rider = make_rider(shop)
    page = text(client.post(f"/riders/{rider.pk}/link", {"days": "7"}))
    [url] = set(re.findall(r"http://[^\"<\s]+/ride/[\w-]{43}/", page))
    assert 'src="data:image/svg+xml' in page
    link = RiderLink.objects.get()
    assert (link.expires_at - timezone.now()).days in (6, 7)
    assert link.created_by is not None
    assert Client().get(url.partition("127.0.0.1:8000")[2]).status_code == 200
    assert url not in text(client.get(f"/riders/{rider.pk}/"))
    token = url.rstrip("/").rpartition("/")[2]
    assert client.post(f"/riders/{rider.pk}/links/{link.pk}/revoke").status_code == 302
    assert Client().get(f"/ride/{token}/").status_code == 404
    assert "There is no link that works." in text(client.get(f"/riders/{rider.pk}/"))


@pytest.mark.parametrize("days", ["0", "-1", "1000", "x", ""])
def test_a_link_of_an_odd_length_is_not_made(shop, client, days):
    assert client.post(f"/riders/{make_rider(shop).pk}/link", {"days": days}).status_code == 400
    assert not RiderLink.objects.exists()


def test_a_rider_who_is_not_active_gets_no_link(shop, client):
    rider = make_rider(shop, is_active=False)
    assert client.post(f"/riders/{rider.pk}/link", {"days": "7"}).status_code == 400
    assert not RiderLink.objects.exists()


def test_only_who_manages_sees_the_riders(shop):
    rider = make_rider(shop)
    for role in (Role.OPERATOR, Role.VIEWER, Role.FINANCE):
        client = member(shop, role)
        for page in ("/riders/", "/riders/new", f"/riders/{rider.pk}/"):
            assert client.get(page).status_code == 403
        assert client.post(f"/riders/{rider.pk}/link", {"days": "7"}).status_code == 403
        assert 'href="/riders/"' not in text(client.get("/orders/"))
    assert 'href="/riders/"' in text(member(shop).get("/orders/"))


def test_what_waits_for_a_rider_is_listed_for_who_assigns(shop):
    client = member(shop, Role.OPERATOR)
    assert 'href="/riders/waiting"' in text(client.get("/orders/"))
    task_for(make_fleet(), None, "THEIRS")
    task_for(shop, make_rider(shop), "GIVEN")
    cancelled, _task = task_for(shop, None, "CANCELLED")
    actions.cancel_orders([cancelled], SYSTEM)
    work()
    counts = []
    for number in range(2):
        task_for(shop, None, f"WAITS-{number}")
        client.get("/riders/waiting")
        with CaptureQueriesContext(connection) as queries:
            page = text(client.get("/riders/waiting"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert page.index("WAITS-0") < page.index("WAITS-1")
    for other in ("THEIRS", "GIVEN", "CANCELLED"):
        assert other not in page
    assert member(shop, Role.VIEWER).get("/riders/waiting").status_code == 403
    assert "wait for a rider" in text(member(shop).get("/riders/"))


def test_another_merchants_riders_do_not_exist(shop, client):
    foreign = make_rider(make_fleet(), "Theirs")
    link, _token = links.issue(foreign)
    assert "Theirs" not in text(client.get("/riders/"))
    assert client.get(f"/riders/{foreign.pk}/").status_code == 404
    assert client.post(f"/riders/{foreign.pk}/", {"name": "Mine"}).status_code == 404
    assert client.post(f"/riders/{foreign.pk}/link", {"days": "7"}).status_code == 404
    own = make_rider(shop)
    for rider in (foreign, own):
        assert client.post(f"/riders/{rider.pk}/links/{link.pk}/revoke").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None


# --- Who carries an order -------------------------------------------------------------------------------------------
def test_an_order_is_given_to_a_rider_by_hand(shop):
    client = member(shop, Role.OPERATOR)
    far, near = located(make_rider(shop, "Far"), 29.5, 48.0), make_rider(shop, "Near")
    order, _task = task_for(shop, None)
    page = text(client.get(f"/orders/{order.pk}/"))
    assert f'hx-get="/orders/{order.pk}/rider/"' in page
    part = text(client.get(f"/orders/{order.pk}/rider/", **PART))
    assert "No rider has it yet." in part
    assert "<html" not in part
    assert client.post(f"/orders/{order.pk}/rider/", {"rider": near.pk}).url == f"/orders/{order.pk}/"
    order.refresh_from_db()
    assert order.rider == near
    assert order.events.get(kind=OrderEvent.Kind.RIDER_ASSIGNED).actor_kind == "user"
    client.post(f"/orders/{order.pk}/rider/", {"rider": far.pk})
    assert "<article" not in Phone(near).page()
    assert "<article" in Phone(far).page()
    client.post(f"/orders/{order.pk}/rider/", {"rider": ""})
    assert "<article" not in Phone(far).page()
    assert "<html" in text(client.get(f"/orders/{order.pk}/rider/"))  # without JavaScript, a page


def test_the_part_is_empty_for_orders_that_others_carry(shop, client):
    order = make_order(make_shop_of(shop))
    assert text(client.get(f"/orders/{order.pk}/rider/", **PART)) == ""


def make_shop_of(shop: Shop) -> Shop:
    """The same merchant's orders, to its other carrier."""
    shop.source.routes.update(is_default=False)
    shop.source.routes.filter(destination=shop.other).update(is_default=True)
    return shop


def test_who_may_not_operate_only_looks(shop):
    order, _task = task_for(shop, None)
    rider = make_rider(shop)
    client = member(shop, Role.VIEWER)
    assert "<select" not in text(client.get(f"/orders/{order.pk}/rider/", **PART))
    assert client.post(f"/orders/{order.pk}/rider/", {"rider": rider.pk}).status_code in (403, 404)
    order.refresh_from_db()
    assert order.rider is None


def test_strange_riders_and_strange_orders(shop, client):
    order, _task = task_for(shop, None)
    foreign = make_rider(make_fleet())
    gone = make_rider(shop, is_active=False)
    for rider in (foreign.pk, gone.pk, "x", "-1", "9" * 30, "9" * 5000):
        assert client.post(f"/orders/{order.pk}/rider/", {"rider": rider}).status_code == 404
    theirs, _task = task_for(make_fleet(), None)
    assert client.get(f"/orders/{theirs.pk}/rider/", **PART).status_code == 404
    assert client.post(f"/orders/{theirs.pk}/rider/", {"rider": ""}).status_code == 404


# --- The proof ------------------------------------------------------------------------------------------------------
@pytest.fixture
def delivered(shop: Shop) -> Order:
    rider = make_rider(shop)
    order, task = task_for(shop, rider, cod_amount=Decimal("3.5"), currency="KWD")
    phone = Phone(rider)
    phone.step(task, "pick_up")
    response = phone.step(
        task, "deliver", recipient_name="Noor", cod_received="3", photo=picture(),
        signature=picture(kind="PNG", name="signature"), lat="29.3", lng="48.0",
    )  # fmt: skip
    assert response.status_code == 200
    return order


def test_the_order_page_shows_the_proof(client, delivered):
    page = text(client.get(f"/orders/{delivered.pk}/"))
    for shown in (
        "Proof of delivery", "Noor", "\u20683.000 KWD\u2069 received of \u20683.500 KWD\u2069 asked for", "29.3, 48",
        "The cash received is not the cash asked for", f"/orders/{delivered.pk}/proof/photo",
    ):  # fmt: skip
        assert shown in page, shown
    public = text(Client().get(f"/track/{delivered.tracking_token}"))
    assert "Noor" not in public
    assert "proof" not in public.lower()


@pytest.mark.parametrize(("name", "kind"), [("photo", "image/jpeg"), ("signature", "image/png")])
def test_pictures_are_given_to_the_merchant_only(shop, client, delivered, name, kind):
    path = f"/orders/{delivered.pk}/proof/{name}"
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("inline; filename=")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Client().get(path).status_code == 302
    assert member(make_shop()).get(path).status_code == 404
    assert client.get(f"/orders/{delivered.pk}/proof/anything").status_code == 404


def test_an_order_without_a_proof_has_no_pictures(shop, client):
    order, _task = task_for(shop, None)
    assert client.get(f"/orders/{order.pk}/proof/photo").status_code == 404
    assert "Proof of delivery" not in text(client.get(f"/orders/{order.pk}/"))


def test_staff_see_it_too(delivered):
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    page = text(client.get(f"/admin/orders/order/{delivered.pk}/change/"))
    assert "Noor" in page
    path = f"/admin/orders/order/{delivered.pk}/proof/photo"
    assert path in page
    assert client.get(path)["Content-Type"] == "image/jpeg"
    clerk = Client()
    clerk.force_login(User.objects.create_user("clerk", is_staff=True))
    assert clerk.get(path).status_code == 403
