"""The pages of a destination without code."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from destinations.models import Destination, Role
from integrations import accounts
from integrations.generic.carrier import GenericCarrier
from tests.factories import MembershipFactory, Shop, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    shop = make_shop()
    shop.destination = accounts.connect(
        shop.source, "generic", name="Couriers", base_url="https://carrier.example/in", credentials={"secret": "hush"}
    )
    return shop


def member(shop: Shop, role: str = Role.OWNER) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=role).user)
    return client


def sent(rows: list[tuple[str, str]], **more: str) -> dict[str, str]:
    found = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", **more}
    for number, (word, meaning) in enumerate(rows):
        found |= {f"form-{number}-word": word, f"form-{number}-meaning": meaning}
    return found


def url(shop: Shop, page: str = "words") -> str:
    return f"/destinations/{shop.destination.pk}/{page}/"


def kept(shop: Shop) -> dict[str, Any]:
    return Destination.objects.get(pk=shop.destination.pk).settings


def test_the_carrier_names_its_pages(shop: Shop) -> None:
    for name, title in GenericCarrier.pages:
        page = {"integrations:generic_words": "words", "integrations:generic_protocol": "protocol"}[name]
        assert str(title) in member(shop).get(url(shop, page)).content.decode()


def test_words_are_edited(shop: Shop) -> None:
    client = member(shop)
    assert 'value="On the road"' not in client.get(url(shop)).content.decode()
    rows = [("On the road", "in_transit"), ("Rain", "in_transit+delayed"), ("", "")]
    response = client.post(url(shop), sent(rows, tracks="on"))
    assert (response.status_code, response["Location"]) == (302, url(shop))
    assert kept(shop) == {"words": {"On the road": "in_transit", "Rain": "in_transit+delayed"}, "tracks": True}
    page = client.get(url(shop)).content.decode()
    assert 'value="On the road"' in page
    assert "The words have been saved." in page
    client.post(url(shop), sent([("", "in_transit"), ("Rain", "delivered")]))
    assert kept(shop) == {"words": {"Rain": "delivered"}, "tracks": False}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("Rain", "")], "Choose what this word means."),
        ([("Rain", "lost"), ("Rain", "failed")], "A word is there twice."),
        ([("Rain", "lost"), ("RAIN", "failed")], "is there twice; its case does not matter."),
        ([("Rain", "nowhere")], "nowhere is not one of the available choices"),
        ([("x" * 81, "lost")], "at most 80 characters"),
    ],
)
def test_what_is_wrong_is_said_and_not_kept(shop: Shop, rows: list[tuple[str, str]], problem: str) -> None:
    page = member(shop).post(url(shop), sent(rows))
    assert page.status_code == 200
    assert problem in page.content.decode()
    assert kept(shop) == {}


def test_a_broken_form_is_no_error_of_ours(shop: Shop) -> None:
    client = member(shop)
    for body in ({}, {"form-TOTAL_FORMS": "x"}, sent([("a\x00", "lost")]), {"form-TOTAL_FORMS": "99999"}):
        assert client.post(url(shop), body).status_code == 200
    assert kept(shop) == {}


@pytest.mark.parametrize("name", ["words", "protocol"])
def test_strangers_find_nothing(shop: Shop, name: str) -> None:
    stranger = member(make_shop())
    assert stranger.get(url(shop, name)).status_code == 404
    assert stranger.post(url(shop, name), sent([("a", "lost")])).status_code in (404, 405)
    for role in (Role.OPERATOR, Role.FINANCE, Role.VIEWER):
        assert member(shop, role).get(url(shop, name)).status_code == 403
    assert kept(shop) == {}


@pytest.mark.parametrize("name", ["words", "protocol"])
def test_other_carriers_have_no_such_page(shop: Shop, name: str) -> None:
    assert member(shop).get(f"/destinations/{shop.other.pk}/{name}/").status_code == 404


def test_the_protocol_is_what_is_sent(shop: Shop) -> None:
    page = member(shop).get(url(shop, "protocol"))
    body = json.loads(page.context["booking"])
    assert (body["schema"], body["order"]["cod_amount"], body["order"]["currency"]) == ("wasl.order.1", "7.000", "KWD")
    text = page.content.decode()
    assert "https://carrier.example/in" in text
    assert accounts.callback_url(shop.destination.account) in text
    assert "hush" not in text


def test_pages_cost_a_constant_number_of_queries(shop: Shop, django_assert_max_num_queries: Any) -> None:
    client = member(shop)
    shop.destination.settings = {"words": {f"word {number}": "lost" for number in range(200)}}
    shop.destination.save()
    for page in ("words", "protocol"):
        with django_assert_max_num_queries(6):
            assert client.get(url(shop, page)).status_code == 200


def test_in_arabic(shop: Shop) -> None:
    client = member(shop)
    client.cookies["django_language"] = "ar"
    for page in ("words", "protocol"):
        text = client.get(url(shop, page)).content.decode()
        assert 'dir="rtl"' in text
        outside = re.sub(r"<(pre|code|head|nav)\b.*?</\1>|<[^>]+>", " ", text, flags=re.S)
        assert not re.search(r"\b(the|word|What|secret)\b", outside), page
    translation.activate("en")
    assert User.objects.exists()
