"""The staff's back office as a whole: every page opens, for staff only, with a number of queries that does not grow."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from destinations.models import CoverageZone, Customer, Depot, Rider
from integrations.dispatching import plan
from integrations.models import (
    CarrierAccount,
    Dispatch,
    Drift,
    Exchange,
    Lane,
    RemoteName,
    SimulatedParcel,
    StaffKey,
    WebhookEndpoint,
)
from tests.destinations.test_coverage import SQUARE
from tests.factories import MembershipFactory, UserFactory, make_order, make_shop

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES = [f"{model._meta.app_label}_{model._meta.model_name}" for model in MODELS]
NO_ADD = {
    "orders_order", "integrations_dispatch", "integrations_exchange", "integrations_simulatedparcel",
    "integrations_staffkey", "integrations_webhookendpoint", "integrations_carrieraccount", "integrations_lane",
    "integrations_drift", "integrations_remotename",
}  # fmt: skip


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def fill(number: int) -> None:
    """`number` rows of everything, each under a merchant of its own."""
    for _ in range(number):
        shop = make_shop()
        member = MembershipFactory(merchant=shop.merchant)
        place = {"merchant": shop.merchant, "lat": 29.3, "lng": 48.0}
        customer, depot = Customer.objects.create(**place), Depot.objects.create(**place)
        rider = Rider.objects.create(merchant=shop.merchant, name="Sami")
        order = make_order(shop, customer=customer, depot=depot, rider=rider)
        CoverageZone.objects.create(merchant=shop.merchant, name="Town", geojson=SQUARE)
        StaffKey.objects.create(user=member.user, dialect="muvx", prefix="adm_", digest=f"{shop.merchant.pk:064}")
        WebhookEndpoint.objects.create(merchant=shop.merchant, dialect="muvx", url="https://shop.example.com/hook")
        plan(order)
        dispatch = Dispatch.objects.get(order=order)
        Exchange.objects.create(dispatch=dispatch, verb="book", request="{}", created_at=timezone.now())
        CarrierAccount.objects.create(destination=shop.destination, credentials="sealed", checked_at=timezone.now())
        Lane.objects.create(destination=shop.destination, closed_at=timezone.now())
        moments = {"first_at": timezone.now(), "last_at": timezone.now()}
        Drift.objects.create(destination=shop.destination, call="GET /", path="eta", change="added", **moments)
        RemoteName.objects.create(destination=shop.destination, kind="city", name="baghdad", remote_id="7")
        SimulatedParcel.objects.create(
            destination=shop.destination, key=dispatch.key, order_number="1", created_at=timezone.now()
        )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_opens(staff: Client, name: str, language: str) -> None:
    fill(1)
    staff.cookies["django_language"] = language
    model = MODELS[PAGES.index(name)]
    model.objects.exists() or model.objects.create()  # groups
    assert staff.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert staff.get(reverse(f"admin:{name}_change", args=[model.objects.first().pk])).status_code == 200
    assert staff.get(reverse(f"admin:{name}_add")).status_code == (403 if name in NO_ADD else 200)
    assert staff.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("search", ["", "?q=a", "?q=1000000"])
def test_lists_do_not_ask_more_for_more_rows(staff: Client, name: str, search: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert staff.get(reverse(f"admin:{name}_changelist") + search).status_code == 200
        return len(asked)

    fill(3)
    queries()  # fills caches of content types
    few = queries()
    fill(27)
    assert queries() == few


@pytest.mark.parametrize("path", ["admin:index", *(f"admin:{name}_changelist" for name in PAGES)])
def test_strangers_and_members_stay_outside(client: Client, path: str) -> None:
    answer = client.get(reverse(path), follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    client.force_login(MembershipFactory().user)
    answer = client.get(reverse(path), follow=True)
    assert answer.status_code in (200, 403)
    assert b"sidebar" not in answer.content
    assert b"nav-sidebar" not in answer.content


def test_staff_without_permissions_see_nothing_of_the_orders(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 200
    assert "statuses" not in answer.context
    assert client.get(reverse("admin:orders_order_changelist")).status_code == 403


def test_the_first_page_counts(staff: Client) -> None:
    shop = make_shop()
    for number in range(3):
        plan(make_order(shop, f"SHOP-{number}"))
    shown = staff.get(reverse("admin:index")).context
    assert (shown["today"], shown["attention"], shown["waiting"], shown["worker"]["alive"]) == (3, 0, 3, 0)
    assert b"No worker is running" in staff.get(reverse("admin:index")).content
    for url in (shown["today_url"], shown["attention_url"], shown["waiting_url"], shown["statuses"][0][2]):
        assert staff.get(url).status_code == 200


def test_scripts_are_only_our_files(staff: Client) -> None:
    policy = staff.get(reverse("admin:index"))["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts


def test_choices_name_the_merchant(staff: Client) -> None:
    shop = make_shop()
    answer = staff.get(
        reverse("admin:autocomplete"),
        {"app_label": "integrations", "model_name": "apikey", "field_name": "source", "term": "Shop"},
    )
    assert answer.json()["results"][0]["text"] == f"{shop.merchant} · Shop"
