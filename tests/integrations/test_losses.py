"""What a carrier's words could not say of an order, on the order's page."""

import re

import pytest
from django.test import Client

from integrations import losses
from integrations.models import Dispatch
from integrations.translation import Outcome
from orders import paths
from tests.clockwork import work
from tests.factories import MembershipFactory, Shop, make_order, make_shop
from tests.handovers import fresh

FATES = [
    {"path": "dropoff.phone", "outcome": "kept", "value": "+96511111111", "note": ""},
    {"path": "parcel.pieces", "outcome": "text", "value": "3", "note": ""},
    {"path": "dropoff.address.city", "outcome": "lost", "value": "Sal<b>miya", "note": ""},
    {"path": "extras.vehicle_type_hint", "outcome": "lost", "value": "van", "note": ""},
    {"path": "window.pickup_at", "outcome": "defaulted", "value": "", "note": "in five minutes"},
]


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def client(shop: Shop) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    return client


@pytest.mark.django_db
def test_the_exchange_begins_with_what_was_lost(shop: Shop, client: Client) -> None:
    order = make_order(shop)
    work()
    order, dispatch = fresh(order)
    path = f"/orders/{order.pk}/exchange/"
    assert "What became of the order" not in client.get(path).content.decode(), "there is no report"
    tag = client.get(path, headers={"HX-Request": "true"})["ETag"]
    Dispatch.objects.filter(pk=dispatch.pk).update(losses=FATES)
    for headers in ({}, {"HX-Request": "true", "If-None-Match": tag}):
        page = client.get(path, headers=headers).content.decode()
        assert "2 lost, 1 set by us, 1 as text only" in page
        labels = re.findall(r"<div><strong>(.*?)</strong>", page)
        assert labels == ["Drop-off: City", "Vehicle", "Pick-up wanted at", "Packages", "Drop-off: Phone"]
        assert "<bdi>Sal&lt;b&gt;miya</bdi>" in page
        assert "in five minutes" in page
        assert f'<details class="said" id="losses-{dispatch.pk}">' in page, "folded"
    client.cookies["django_language"] = "ar"
    page = client.get(path).content.decode()
    for shown in ("التسليم: المدينة", "2 مفقود، 1 حدّدناه نحن، 1 كنص فقط", "المركبة", "كما هو"):
        assert shown in page, shown


@pytest.mark.django_db
def test_it_is_not_for_strangers(shop: Shop) -> None:
    order = make_order(shop)
    stranger = Client()
    stranger.force_login(MembershipFactory().user)
    assert stranger.get(f"/orders/{order.pk}/exchange/").status_code == 404


@pytest.mark.django_db
def test_a_refusal_names_its_field_on_the_orders_page() -> None:
    shop = make_shop(settings={"scenario": "refuse", "field": "dropoff.address.city"})
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    order = make_order(shop)
    work()
    page = client.get(f"/orders/{order.pk}/").content.decode()
    assert "<strong>The carrier refused it</strong>: <bdi>Drop-off: City</bdi>" in page
    assert "dropoff.address.city is not acceptable" in page, "in the carrier's words too, for the merchant's people"


def test_the_worst_comes_first_and_what_is_unknown_is_left_out() -> None:
    assert losses.report([]) is None
    assert losses.report([{"path": "notes", "outcome": "eaten"}]) is None
    everything = losses.report({"path": f"x.{outcome}", "outcome": outcome} for outcome in Outcome.values)
    assert everything
    assert [line.tone for line in everything.lines] == ["red", "amber", "blue", "green"]
    kept = losses.report([{"path": "notes", "outcome": "kept", "value": "Ring", "note": ""}])
    assert kept
    assert (kept.summary, kept.tone) == ("Nothing is lost", "green")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("dropoff.phone", "Drop-off: Phone"),
        ("pickup.location", "Pick-up: Coordinates"),
        ("dropoff.address", "Drop-off: Address"),
        ("dropoff.address.address", "Drop-off: Street"),
        ("dropoff.address.location", "Drop-off: Place"),
        ("dropoff.address.postalCode", "Drop-off: Postal code"),
        ("dropoff.address.landmark_near", "Drop-off: Landmark near"),
        ("dropoff", "Drop-off"),
        ("cod_amount", "Cash on delivery"),
        ("items.0.name", "Item 1: Name"),
        ("items.11", "Item 12"),
        ("items.price", "Items: Price"),
        ("parcel.weight_kg", "Weight"),
        ("parcel.girth", "Parcel: Girth"),
        ("extras.magiclane.serviceTime", "Time at the door"),
        ("extras.isGift", "Is gift"),
        ("strange", "Strange"),
        ("", ""),
        ("...", ": "),
        ("items.٣", "Item 4"),
        ("items." + "9" * 400, "Item 1000000000"),
    ],
)
def test_paths_have_names_for_people(path: str, label: str) -> None:
    assert paths.label(path) == label
