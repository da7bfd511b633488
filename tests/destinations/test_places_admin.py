"""Zones, reference data, and a merchant's people and places in the back office."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from destinations.models import City, CoverageZone, Customer, Depot, PackageSize, Region, Rider
from tests.destinations.test_coverage import FAR, SQUARE
from tests.factories import MerchantFactory, UserFactory, make_order, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def url(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:destinations_{model}_{page}", args=args)


def zone_data(geojson: Any = SQUARE, **fields: Any) -> dict[str, Any]:
    return {
        "name": "Town", "is_active": "on", "geojson": geojson if isinstance(geojson, str) else json.dumps(geojson),
        **fields,
    }  # fmt: skip


def test_a_zone_is_drawn_and_shown(staff: Client) -> None:
    merchant = MerchantFactory()
    feature = {"type": "Feature", "properties": {"a": "\x00"}, "geometry": SQUARE}
    assert staff.post(url("coveragezone", "add"), zone_data(feature, merchant=merchant.pk)).status_code == 302
    zone = CoverageZone.objects.get()
    assert (zone.geojson["type"], zone.merchant) == ("Polygon", merchant)
    page = staff.get(url("coveragezone", "change", zone.pk)).content.decode()
    assert '<path d="M' in page
    assert "10,761.2 km²" in page
    assert staff.post(url("coveragezone", "change", zone.pk), zone_data(FAR)).status_code == 302
    zone.refresh_from_db()
    assert zone.geojson["coordinates"] != SQUARE["coordinates"]


@pytest.mark.parametrize(
    ("geojson", "words"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "Polygon or MultiPolygon"),
        ("{", "valid JSON"),
        ("[" * 100_000, "valid JSON"),
        ("", "required"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 1]]]}', "leaves the earth"),
    ],
)
def test_what_is_no_area_is_said_beside_it(staff: Client, geojson: Any, words: str) -> None:
    answer = staff.post(url("coveragezone", "add"), zone_data(geojson, merchant=MerchantFactory().pk))
    assert answer.status_code == 200
    assert words in str(answer.context["errors"])
    assert not CoverageZone.objects.exists()


def test_a_name_is_given_once(staff: Client) -> None:
    merchant = MerchantFactory()
    zone = CoverageZone.objects.create(merchant=merchant, name="Town", geojson=SQUARE)
    other = CoverageZone.objects.create(merchant=merchant, name="Other", geojson=SQUARE)
    answer = staff.post(url("coveragezone", "add"), zone_data(merchant=merchant.pk))
    assert answer.status_code == 200
    assert answer.context["errors"]
    page = url("coveragezone", "change", other.pk)
    answer = staff.post(page, zone_data(), follow=True)  # the merchant is not in the form: the database says it
    assert "The merchant has a zone of this name already." in answer.content.decode()
    assert staff.post(url("coveragezone", "change", zone.pk), zone_data()).status_code == 302


def test_a_zone_that_cannot_be_read_can_be_looked_at_and_mended(staff: Client) -> None:
    zone = CoverageZone.objects.create(merchant=MerchantFactory(), name="T", geojson={"type": "Polygon", "x": 1})
    page = url("coveragezone", "change", zone.pk)
    assert staff.get(page).status_code == 200
    assert staff.post(page, zone_data()).status_code == 302


def test_numbers_of_reference_data_are_given_once(staff: Client) -> None:
    assert staff.post(url("city", "add"), {"id": "99", "name": "Kuwait"}).status_code == 302
    assert staff.post(url("region", "add"), {"id": "9999", "city": "99", "name": "Salmiya"}).status_code == 302
    assert staff.post(url("packagesize", "add"), {"id": "9", "name": "Huge"}).status_code == 302
    assert Region.objects.get(pk=9999).city.name == "Kuwait"
    assert PackageSize.objects.get(pk=9).name == "Huge"
    assert staff.post(url("city", "change", 99), {"id": "98", "name": "Kuwait City"}).status_code == 302
    assert City.objects.get(pk=99).name == "Kuwait City"
    assert not City.objects.filter(pk=98).exists()
    assert staff.post(url("city", "add"), {"id": "99", "name": "Twice"}).context["errors"]
    staff.post(url("city", "delete", 99), {"post": "yes"})
    assert City.objects.filter(pk=99).exists(), "it has a region"


def test_people_and_places_belong_to_a_merchant_for_good(staff: Client) -> None:
    merchant, other = MerchantFactory(), MerchantFactory()
    place = {"merchant": merchant.pk, "alias": "North", "address": '{"street": "5"}', "lat": "29.3", "lng": "48"}
    rider = {"merchant": merchant.pk, "name": "Sami", "vehicle_type": "car", "is_active": "on"}
    for model, data in (("rider", rider), ("customer", place), ("depot", place | {"is_depot": "on"})):
        assert staff.post(url(model, "add"), data).status_code == 302, model
    for row in (Rider.objects.get(), Customer.objects.get(), Depot.objects.get()):
        name = row._meta.model_name
        data = rider if name == "rider" else place
        assert staff.post(url(name, "change", row.pk), data | {"merchant": other.pk}).status_code == 302
        row.refresh_from_db()
        assert row.merchant == merchant


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lat": "91"}, "90"),
        ({"lng": "nan"}, "number"),
        ({"address": "[1]"}, "texts"),
        ({"address": '{"a": 1}'}, "texts"),
    ],
)
def test_a_place_that_is_none(staff: Client, wrong: dict[str, str], words: str) -> None:
    data = {"merchant": MerchantFactory().pk, "address": "{}", "lat": "29.3", "lng": "48"} | wrong
    answer = staff.post(url("depot", "add"), data)
    assert words in str(answer.context["errors"])


def test_a_rider_with_orders_can_go(staff: Client) -> None:
    shop = make_shop()
    rider = Rider.objects.create(merchant=shop.merchant, name="Sami")
    order = make_order(shop, rider=rider)
    assert staff.post(url("rider", "delete", rider.pk), {"post": "yes"}).status_code == 302
    order.refresh_from_db()
    assert order.rider is None


@pytest.mark.parametrize("model", ["rider", "customer", "depot"])
def test_choices_name_the_merchant(staff: Client, model: str) -> None:
    shop = make_shop()
    place = {"merchant": shop.merchant, "lat": 1, "lng": 1}
    rows = {"rider": (Rider, {"merchant": shop.merchant, "name": "North"})}
    kind, fields = rows.get(model, ({"customer": Customer, "depot": Depot}.get(model), place | {"alias": "North"}))
    kind.objects.create(**fields)
    found = staff.get(url(model, "changelist"), {"q": "Nor"}).content.decode()
    assert "North" in found


@pytest.mark.parametrize("model", ["coveragezone", "city", "region", "packagesize", "rider", "customer", "depot"])
def test_viewing_is_not_changing(client: Client, model: str) -> None:
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    client.force_login(viewer)
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "changelist"), {"action": "delete_selected"}).status_code in (200, 302, 403)
    zone = CoverageZone.objects.create(merchant=MerchantFactory(), name="T", geojson=SQUARE)
    if model == "coveragezone":
        page = client.get(url(model, "change", zone.pk))
        assert page.status_code == 200
        assert client.post(url(model, "change", zone.pk), zone_data(FAR)).status_code == 403
