"""The portal's pages, as a browser without JavaScript gets them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import timezone
from django.views.defaults import server_error

from destinations.models import Role
from destinations.portal import merchant_context
from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Status
from tests.factories import MembershipFactory, Shop, UserFactory, make_order, make_shop

pytestmark = pytest.mark.django_db

POLL = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def member(shop: Shop, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=role).user)
    return client


@pytest.fixture
def client(shop: Shop) -> Client:
    return member(shop)


def pages(order: Order) -> list[str]:
    return [
        "/orders/",
        "/orders/live",
        "/orders/new/",
        f"/orders/{order.pk}/",
        f"/orders/{order.pk}/live",
        f"/orders/{order.pk}/exchange/",
    ]


def text(response) -> str:
    return response.content.decode()


# --- Who sees what --------------------------------------------------------------------------------------------------
def test_an_anonymous_person_is_sent_to_log_in(shop):
    order = make_order(shop, hold=True)
    for page in pages(order):
        response = Client().get(page)
        assert (response.status_code, response.url) == (302, f"/accounts/login/?next={page}")
    for action in ("release", "hold", "cancel", "retry"):
        assert Client().post(f"/orders/{order.pk}/{action}").status_code == 302
    order.refresh_from_db()
    assert order.status == Status.CREATED


def test_a_poll_after_the_log_out_reloads_the_page_instead_of_swapping_the_log_in_into_it(shop):
    response = Client().get("/orders/live", **POLL)
    assert response["HX-Refresh"] == "true"


def test_another_merchants_orders_do_not_exist(shop, client):
    foreign = make_order(make_shop(), "THEIRS", hold=True)
    for page in pages(foreign)[3:]:
        assert client.get(page).status_code == 404
    for action in ("release", "hold", "cancel", "retry"):
        assert client.post(f"/orders/{foreign.pk}/{action}").status_code == 404
    assert "THEIRS" not in text(client.get("/orders/"))
    assert "No order matches" in text(client.get("/orders/?q=THEIRS"))
    assert client.get(f"/orders/new/?source={make_shop().source.pk}").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_who_may_only_look_cannot_act(shop, role):
    order = make_order(shop, hold=True)
    looker = member(shop, role)
    page = text(looker.get(f"/orders/{order.pk}/"))
    assert "/release" not in page
    assert "/cancel" not in page
    assert "/orders/new/" not in page
    for action in ("release", "hold", "cancel", "retry"):
        assert looker.post(f"/orders/{order.pk}/{action}").status_code == 403
    assert looker.get("/orders/new/").status_code == 403
    assert looker.post("/orders/new/", {}).status_code == 403
    order.refresh_from_db()
    assert order.status == Status.CREATED


def test_a_person_without_a_merchant_gets_a_page_that_says_so():
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    response = client.get("/orders/")
    assert response.status_code == 403
    assert 'href="/admin/"' in text(response)


def test_a_merchant_that_was_closed_is_not_shown_any_more(shop, client):
    shop.merchant.is_active = False
    shop.merchant.save()
    assert client.get("/orders/").status_code == 403


def test_several_merchants_and_the_way_between_them(shop, client):
    other, third = make_shop(name="Zamzam Books"), make_shop()
    make_order(shop, "FIRST-1")
    make_order(other, "SECOND-1")
    user = MembershipFactory(merchant=shop.merchant).user
    MembershipFactory(merchant=other.merchant, user=user)
    client.force_login(user)
    assert "Switch to Zamzam Books" in text(client.get("/orders/"))
    assert client.post("/merchant/switch", {"merchant": other.merchant.pk}).status_code == 302
    page = text(client.get("/orders/"))
    assert "SECOND-1" in page
    assert "FIRST-1" not in page
    assert client.post("/merchant/switch", {"merchant": third.merchant.pk}).status_code == 404
    assert client.get("/merchant/switch").status_code == 405


def test_the_page_frame_asks_the_database_nothing_for_an_anonymous_person(django_assert_num_queries):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        assert merchant_context(request)["merchant"] is None


# --- The list -------------------------------------------------------------------------------------------------------
def test_the_list_takes_as_many_queries_for_60_orders_as_for_10(shop, client, django_assert_num_queries):
    for number in range(10):
        make_order(shop, f"A-{number}")
    client.get("/orders/")
    with django_assert_num_queries(5):  # session, person, memberships, orders, the badge in the navigation
        assert text(client.get("/orders/")).count('class="row-link"') == 10
    for number in range(50):
        make_order(shop, f"B-{number}")
    with django_assert_num_queries(5):
        assert text(client.get("/orders/")).count('class="row-link"') == 50


def test_older_pages_have_the_rest_and_nothing_twice(shop, client):
    for number in range(60):
        make_order(shop, f"N-{number}-")
    # All at one moment: the cursor must tell them apart by their ids.
    Order.objects.update(created_at=timezone.now())
    first = text(client.get("/orders/?q=N-"))
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = text(client.get(older[1].replace("&amp;", "&")))
    names = [re.findall(r">(N-\d+-)<", page) for page in (first, second)]
    assert [len(found) for found in names] == [50, 10]
    assert len({*names[0], *names[1]}) == 60
    assert 'rel="next"' not in second


@pytest.mark.parametrize("cursor", ["nonsense", "2026-01-01T00:00:00_5", "2026-13-45T99:00:00+00:00_1", "_", "x_y"])
def test_a_cursor_that_is_none_is_no_error(shop, client, cursor):
    make_order(shop)
    assert "SHOP-1" in text(client.get("/orders/", {"before": cursor}))


def test_filters(shop, client):
    make_order(shop, "HELD-1", hold=True)
    make_order(shop, "LATER-1", release_at=timezone.now() + timedelta(hours=1))
    bad = make_order(shop, "BAD-1")
    Order.objects.filter(pk=bad.pk).update(attention=Attention.CARRIER_REFUSED)
    old = make_order(shop, "OLD-1")
    Order.objects.filter(pk=old.pk).update(created_at="2026-01-31T20:59:00Z")  # 23:59 in Kuwait

    def shown(**query: str) -> set[str]:
        return set(re.findall(r"<bdi>((?:HELD|LATER|BAD|OLD)-1)</bdi>", text(client.get("/orders/", query))))

    assert shown() == {"HELD-1", "LATER-1", "BAD-1", "OLD-1"}
    assert shown(status="held") == {"HELD-1"}
    assert shown(status="scheduled") == {"LATER-1"}
    assert shown(status="attention") == {"BAD-1"}
    assert shown(status="created") == {"HELD-1", "LATER-1"}
    assert shown(q="later") == {"LATER-1"}
    assert shown(until="2026-01-31") == {"OLD-1"}
    assert shown(since="2026-01-31", until="2026-01-31") == {"OLD-1"}
    assert shown(until="2026-01-30") == set()
    assert shown(since="2026-02-01") == {"HELD-1", "LATER-1", "BAD-1"}
    assert "No order matches" in text(client.get("/orders/?q=nowhere"))
    assert client.get("/orders/?status=nonsense&since=tomorrow").status_code == 200


def test_an_empty_list_says_what_to_do(client):
    page = text(client.get("/orders/"))
    assert "No orders yet" in page
    assert "curl http://" in page
    assert 'href="/orders/new/"' in page


def test_a_poll_gets_304_until_something_changes(shop, client):
    order = make_order(shop, hold=True)
    for live, page in (("/orders/live", "/orders/"), (f"/orders/{order.pk}/live", f"/orders/{order.pk}/")):
        etag = client.get(live)["ETag"]
        assert etag.strip('"') in text(client.get(page))
        same = client.get(live, HTTP_IF_NONE_MATCH=etag)
        assert (same.status_code, same.content) == (304, b"")
        in_arabic = client.get(live, HTTP_IF_NONE_MATCH=etag, HTTP_ACCEPT_LANGUAGE="ar")
        assert in_arabic.status_code == 200
    etags = {live: client.get(live)["ETag"] for live in ("/orders/live", f"/orders/{order.pk}/live")}
    actions.release_order(order, SYSTEM)
    for live, etag in etags.items():
        changed = client.get(live, HTTP_IF_NONE_MATCH=etag)
        assert changed.status_code == 200
        assert "Dispatched" in text(changed)


# --- One order ------------------------------------------------------------------------------------------------------
def test_an_order_is_shown_with_all_there_is_to_know(shop, client, django_assert_max_num_queries):
    order = make_order(shop, "SHOP-77", notes="Leave <b>here</b>", cod_amount=Decimal("3.5"), hold=True)
    with django_assert_max_num_queries(7):
        page = text(client.get(f"/orders/{order.pk}/"))
    for shown in (
        "SHOP-77", "+96511111111", "Salmiya, Block 3", "Product A", "3.500 KWD", shop.destination.name,
        "mlat=29.3&amp;mlon=48", "Leave &lt;b&gt;here&lt;/b&gt;", "held until somebody releases it", order.tracking_url,
        "No destination was asked for", "Not the default", f"/orders/{order.pk}/exchange/",
    ):  # fmt: skip
        assert shown in page, shown


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_has_inline_code_or_style(shop, client, language):
    order = make_order(shop)
    for page in [*pages(order), f"/track/{order.tracking_token}", "/accounts/password/change/", "/orders/99999999/"]:
        response = client.get(page, HTTP_ACCEPT_LANGUAGE=language)
        found = re.search(r"<script(?! src)|<style| style=| on[a-z]+=|javascript:", text(response))
        assert found is None, (page, found)
        if "<html" in text(response):
            assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in text(response)
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_the_exchange_is_a_part_for_the_script_and_a_page_without_it(shop, client):
    path = f"/orders/{make_order(shop, hold=True).pk}/exchange/"
    part, page = text(client.get(path, **POLL)), text(client.get(path))
    assert "<html" not in part
    assert "<html" in page
    assert 'id="exchange"' in part
    assert 'id="exchange"' in page
    with_script = client.get(path, **POLL, HTTP_IF_NONE_MATCH=client.get(path, **POLL)["ETag"])
    assert with_script.status_code == 304


def test_release_hold_cancel_without_javascript(shop, client):
    order = make_order(shop, release_at=timezone.now() + timedelta(hours=1))
    at = f"/orders/{order.pk}/"
    assert "The order is held" in text(client.post(f"{at}hold", follow=True))
    order.refresh_from_db()
    assert order.is_held
    assert "The order has been released" in text(client.post(f"{at}release", follow=True))
    again = text(client.post(f"{at}release", follow=True))
    assert "This cannot be done: the order is now “Dispatched”." in again
    page = text(client.post(f"{at}cancel", {"reason": "Sold out"}, follow=True))
    assert "The order has been cancelled." in page
    assert "Sold out" in page
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert "This cannot be done" in text(client.post(f"{at}retry", follow=True))
    assert client.post(f"{at}explode").status_code == 404
    assert client.get(f"{at}release").status_code == 405
    assert [event.actor_kind for event in order.events.all()] == ["system", "user", "user", "user"]


def test_an_action_needs_the_forms_token(shop):
    order = make_order(shop, hold=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    response = client.post(f"/orders/{order.pk}/release")
    assert response.status_code == 403
    assert "This form has expired" in text(response)


# --- A new order ----------------------------------------------------------------------------------------------------
def filled(client: Client, **changes: str) -> dict[str, str]:
    """The form as the page shows it, filled in."""
    page = text(client.get("/orders/new/"))
    fields = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
    fields["destination"] = re.findall(r'<option value="(\w+)" selected', page)[0]
    return fields | {
        "pickup_name": "Store", "pickup_phone": "+96500000000", "pickup_address": "Kuwait City",
        "dropoff_name": "Noor", "dropoff_phone": "+96511111111", "dropoff_address": "Salmiya",
        "part_block": "3", "items-0-name": "Roses", "items-0-quantity": "2", "items-0-price": "1.250",
        "items-1-quantity": "1", "cod_amount": "3.5", "when": "now",
    } | changes  # fmt: skip


def test_a_new_order_by_hand(shop, client):
    response = client.post("/orders/new/", filled(client, external_id="HAND-1"))
    order = Order.objects.get()
    assert response.url == f"/orders/{order.pk}/"
    assert (order.status, order.external_id, str(order.cod_amount)) == (Status.DISPATCHED, "HAND-1", "3.500")
    assert (order.dialect, order.dropoff_parts, order.destination) == ("portal", {"block": "3"}, shop.destination)
    assert [(item.name, item.quantity, str(item.price)) for item in order.items.all()] == [("Roses", 2, "1.250")]


def test_the_same_form_twice_makes_one_order(client):
    form = filled(client)
    client.post("/orders/new/", form)
    page = text(client.post("/orders/new/", form, follow=True))
    assert "This form had been sent already" in page
    assert Order.objects.count() == 1
    client.post("/orders/new/", filled(client))
    assert Order.objects.count() == 2


def test_a_new_order_may_wait(client):
    client.post("/orders/new/", filled(client, when="hold"))
    assert Order.objects.get().is_held
    client.post("/orders/new/", filled(client, when="at", release_at="2099-05-01T09:30"))
    assert Order.objects.latest("id").release_at.isoformat() == "2099-05-01T06:30:00+00:00"  # half past nine in Kuwait


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dropoff_phone": ""}, "dropoff_phone"),
        ({"cod_amount": "3.5555"}, "cod_amount"),
        ({"cod_amount": "-1"}, "cod_amount"),
        ({"dropoff_lat": "29.3"}, "dropoff_lng"),
        ({"pickup_lat": "91", "pickup_lng": "48"}, "pickup_lat"),
        ({"when": "at"}, "release_at"),
        ({"destination": "0" * 32}, "destination"),
        ({"items-0-quantity": "0"}, "items-0-quantity"),
        ({"items-0-name": ""}, "items-0-name"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(client, changes, field):
    page = text(client.post("/orders/new/", filled(client, **changes)))
    assert f'id="id_{field}_error"' in page
    assert "Nothing has been placed yet" in page
    assert "Noor" in page  # what was written is still there
    assert not Order.objects.exists()


def test_a_source_that_holds_says_so(client):
    source = make_shop(hold=True).source
    other = Client()
    other.force_login(MembershipFactory(merchant=source.merchant).user)
    assert "This source holds its orders" in text(other.get("/orders/new/"))
    other.post("/orders/new/", filled(other, when="hold"))
    assert Order.objects.get().is_held


def test_without_a_source_there_is_no_form(shop, client):
    shop.source.is_active = False
    shop.source.save()
    assert "There is no active source" in text(client.get("/orders/new/"))


# --- The public page ------------------------------------------------------------------------------------------------
def test_the_tracking_page_tells_where_the_order_is_and_nothing_about_anybody(shop):
    order = make_order(shop, "SHOP-9", notes="Ring twice")
    for path in (f"/track/{order.tracking_token}", f"/track/{order.tracking_token}/live"):
        response = Client().get(path)
        page = text(response)
        assert "SHOP-9" in page
        assert "We have your order" in page
        for private in (
            order.dropoff_name, order.dropoff_phone, "Salmiya", order.pickup_name, order.pickup_phone, "Elm St",
            "29.3", "Ring twice", "Product A", shop.destination.name,
        ):  # fmt: skip
            assert private not in page
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert Client().get(path, {"language": "ar"}).content.decode().count("طلبك وصلنا") >= 1
    assert "طلبك وصلنا" in text(Client().get(f"/track/{order.tracking_token}", HTTP_ACCEPT_LANGUAGE="ar"))


def test_the_tracking_page_polls_until_the_end(shop):
    order = make_order(shop)
    live = f"/track/{order.tracking_token}/live"
    response = Client().get(live)
    assert f'hx-get="{live}?language=en"' in text(response)
    assert Client().get(live, HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
    actions.cancel_orders([order], SYSTEM)
    over = text(Client().get(live, HTTP_IF_NONE_MATCH=response["ETag"]))
    assert "This order was cancelled" in over
    assert "hx-get" not in over


def test_a_wrong_tracking_link_is_404_in_the_same_look(shop):
    make_order(shop)
    for path in ("/track/1000000", "/track/nope/live"):
        response = Client().get(path, {"language": "xx"})
        assert response.status_code == 404
        assert "We do not know this tracking link" in text(response)


# --- Log-in and language --------------------------------------------------------------------------------------------
def test_log_in_and_out_without_javascript(shop):
    user = MembershipFactory(merchant=shop.merchant).user
    client = Client()
    page = client.post(
        "/accounts/login/?next=/orders/new/", {"login": user.username, "password": "wrong", "next": "/orders/new/"}
    )
    assert page.status_code == 200
    assert "errorlist" in text(page)
    good = client.post("/accounts/login/", {"login": user.username, "password": "correct horse battery"}, follow=True)
    assert "No orders yet" in text(good)
    assert client.post("/accounts/logout/").url == "/accounts/login/"


def test_nobody_signs_up(client):
    for response in (Client().get("/accounts/signup/"), Client().post("/accounts/signup/", {"username": "eve"})):
        assert "Nobody signs up here by themselves" in text(response)


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_the_doors_look_like_the_house(address):
    assert "quiet-card" in text(Client().get(address))


def test_the_language_stays_chosen(client):
    response = client.post("/i18n/setlang/", {"language": "ar", "next": "/orders/"}, follow=True)
    assert 'dir="rtl"' in text(response)
    assert "لا طلبات بعد" in text(client.get("/orders/"))


def test_the_page_for_our_own_errors_needs_nothing(rf):
    response = server_error(rf.get("/orders/"))
    assert response.status_code == 500
    assert "حدث خطأ ما" in text(response)
