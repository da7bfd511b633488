"""Sources, routes and destinations in the back office: the database's rules come back as messages."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from destinations.admin import RouteFormSet
from destinations.models import Destination, Merchant, Route, Source
from tests.factories import DestinationFactory, MerchantFactory, Shop, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def source_page(source: Source) -> str:
    return reverse("admin:destinations_source_change", args=[source.pk])


def routes(shop: Shop, *rows: dict[str, Any]) -> dict[str, Any]:
    """What the page of the shop's source sends: `rows` override its two routes, further ones are new."""
    stored = list(Route.objects.filter(source=shop.source))
    data: dict[str, Any] = {
        "name": shop.source.name,
        "is_active": "on",
        "routes-TOTAL_FORMS": len(rows),
        "routes-INITIAL_FORMS": len(stored),
        "routes-MIN_NUM_FORMS": 0,
        "routes-MAX_NUM_FORMS": 1000,
    }
    for number, row in enumerate(rows):
        route = stored[number] if number < len(stored) else None
        fields = {
            "id": route.pk if route else "",
            "destination": route.destination_id if route else "",
            "position": number,
            "source": shop.source.pk,
        } | row
        data |= {f"routes-{number}-{name}": value for name, value in fields.items()}
    return data


def problems(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["errors"])


def test_the_default_moves(staff: Client) -> None:
    shop = make_shop()
    answer = staff.post(source_page(shop.source), routes(shop, {}, {"is_default": "on"}))
    assert answer.status_code == 302
    assert Route.objects.get(source=shop.source, is_default=True).destination == shop.other


def test_the_default_moves_to_a_new_route_while_the_old_one_goes(staff: Client) -> None:
    shop = make_shop()
    third = DestinationFactory(merchant=shop.merchant)
    rows = routes(shop, {"DELETE": "on", "is_default": "on"}, {}, {"destination": third.pk, "is_default": "on"})
    assert staff.post(source_page(shop.source), rows).status_code == 302
    assert Route.objects.get(source=shop.source, is_default=True).destination == third


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (({}, {}), "exactly one default"),
        (({"is_default": "on"}, {"is_default": "on"}), "exactly one default"),
        (({"is_default": "on", "DELETE": "on"}, {}), "exactly one default"),
    ],
)
def test_one_default_is_kept(staff: Client, rows: tuple[dict, ...], words: str) -> None:
    shop = make_shop()
    assert words in problems(staff.post(source_page(shop.source), routes(shop, *rows)))
    assert Route.objects.get(source=shop.source, is_default=True).destination == shop.destination


def test_all_routes_may_go(staff: Client) -> None:
    shop = make_shop()
    rows = routes(shop, {"DELETE": "on", "is_default": "on"}, {"DELETE": "on"})
    assert staff.post(source_page(shop.source), rows).status_code == 302
    assert not shop.source.routes.exists()


def test_an_inactive_default_is_refused(staff: Client) -> None:
    shop = make_shop()
    Destination.objects.filter(pk=shop.other.pk).update(is_active=False)
    answer = staff.post(source_page(shop.source), routes(shop, {}, {"is_default": "on"}))
    assert "is not active" in problems(answer)


def test_the_same_destination_twice_and_a_foreign_one_are_refused(staff: Client) -> None:
    shop, foreign = make_shop(), make_shop()
    default = {"is_default": "on"}
    twice = routes(shop, default, {}, {"destination": shop.other.pk})
    assert problems(staff.post(source_page(shop.source), twice))
    stranger = routes(shop, default, {}, {"destination": foreign.other.pk})
    assert problems(staff.post(source_page(shop.source), stranger))
    assert shop.source.routes.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_only_the_database_sees_is_a_message(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RouteFormSet, "clean", lambda self: None)
    shop = make_shop()
    for rows, words in (
        (({}, {}), "A source needs exactly one default destination."),
        (({"is_default": "on"}, {"is_default": "on"}), "A source has only one default destination."),
    ):
        answer = staff.post(source_page(shop.source), routes(shop, *rows))
        assert answer.status_code == 302
        assert [str(message) for message in get_messages(answer.wsgi_request)][-1:] == [words]
        staff.get(source_page(shop.source))  # shows the message, and so takes it away
    assert Route.objects.get(source=shop.source, is_default=True).destination == shop.destination


def destination_data(destination: Destination, **changes: Any) -> dict[str, Any]:
    fields = {
        "name": destination.name,
        "provider": "simulator",
        "environment": "sandbox",
        "is_active": "on",
        "settings": "{}",
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def test_a_default_destination_stays_active(staff: Client) -> None:
    shop = make_shop()
    page = reverse("admin:destinations_destination_change", args=[shop.destination.pk])
    assert "default destination of Shop" in problems(
        staff.post(page, destination_data(shop.destination, is_active=None))
    )
    other = reverse("admin:destinations_destination_change", args=[shop.other.pk])
    assert staff.post(other, destination_data(shop.other, is_active=None)).status_code == 302
    shop.other.refresh_from_db()
    assert not shop.other.is_active


def test_a_destination_in_use_is_not_deleted(staff: Client) -> None:
    shop = make_shop()
    page = reverse("admin:destinations_destination_delete", args=[shop.destination.pk])
    for answer in (staff.get(page), staff.post(page, {"post": "yes"})):
        assert answer.status_code in (200, 403)
    assert Destination.objects.filter(pk=shop.destination.pk).exists()
    listed = reverse("admin:destinations_destination_changelist")
    rows = {"action": "delete_selected", "_selected_action": [shop.destination.pk], "post": "yes"}
    assert staff.post(listed, rows).status_code in (200, 403)
    assert Destination.objects.filter(pk=shop.destination.pk).exists()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('{"scenario": "nonsense"}', "Unknown scenario"),
        ('{"speed": 1}', "Unknown setting"),
        ('{"pace": "fast"}', "pace must be a number"),
        ("[1]", "JSON object"),
        ("{", "valid JSON"),
    ],
)
def test_settings_are_checked_by_their_provider(staff: Client, written: str, words: str) -> None:
    shop = make_shop()
    page = reverse("admin:destinations_destination_change", args=[shop.other.pk])
    assert words in problems(staff.post(page, destination_data(shop.other, settings=written)))


def test_a_destination_is_added(staff: Client) -> None:
    merchant = MerchantFactory()
    data = destination_data(
        Destination(name="Van"), merchant=str(merchant.pk), settings='{"scenario": "mixed", "pace": 3}'
    )
    assert staff.post(reverse("admin:destinations_destination_add"), data).status_code == 302
    assert Destination.objects.get(merchant=merchant).settings == {"scenario": "mixed", "pace": 3}
    unknown = staff.post(reverse("admin:destinations_destination_add"), data | {"provider": "pigeon"})
    assert problems(unknown)


def test_a_new_source_leads_to_its_routes(staff: Client) -> None:
    merchant = MerchantFactory()
    answer = staff.post(
        reverse("admin:destinations_source_add"), {"merchant": merchant.pk, "name": "Till", "is_active": "on"}
    )
    assert answer["Location"] == source_page(Source.objects.get(name="Till"))


def test_a_merchant_is_changed_with_its_team_and_never_deleted(staff: Client) -> None:
    shop = make_shop()
    person = User.objects.create_user("amal")
    page = reverse("admin:destinations_merchant_change", args=[shop.merchant.pk])
    data = {
        "name": "New name", "currency": "KWD", "country": "KW", "timezone": "Asia/Kuwait", "language": "ar",
        "delivery_fee": "0", "is_active": "on",
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0,
        "memberships-0-user": person.pk, "memberships-0-role": "manager",
        "sources-TOTAL_FORMS": 1, "sources-INITIAL_FORMS": 1,
        "sources-0-id": shop.source.pk, "sources-0-name": "Shop", "sources-0-is_active": "on", "sources-0-hold": "on",
    }  # fmt: skip
    assert staff.post(page, data).status_code == 302
    shop.source.refresh_from_db()
    assert shop.source.hold
    assert Merchant.objects.get(memberships__user=person).name == "New name"
    assert problems(staff.post(page, data | {"timezone": "Mars", "memberships-INITIAL_FORMS": 0}))
    assert staff.post(reverse("admin:destinations_merchant_delete", args=[shop.merchant.pk])).status_code == 403
