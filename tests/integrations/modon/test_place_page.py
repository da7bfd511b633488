"""The page on which a person says where an order goes."""

import re
from typing import Any

import pytest
from django.test import Client

from destinations.models import Role
from integrations.models import Dispatch, RemoteName
from orders import actions
from orders.drafts import Address, Stop
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Status
from tests.clockwork import work
from tests.factories import MembershipFactory, Shop, make_draft, make_order, make_shop
from tests.handovers import fresh
from tests.integrations.modon.vendor import OK, Vendor, connected, vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return vendor(monkeypatch)


@pytest.fixture
def shop(there: Vendor) -> Shop:
    return connected()[0]


def order_to(shop: Shop, text: str, external_id: str = "1", **parts: str) -> Order:
    order = make_order(shop, external_id, dropoff=Stop("محمد", "+9647712345678", Address(text, parts)), currency="IQD")
    work()
    return Order.objects.get(pk=order.pk)


def member(shop: Shop, role: Role = Role.OPERATOR) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=role).user)
    return client


def page(order: Order) -> str:
    return f"/orders/{order.pk}/place/"


def chosen(**changes: str) -> dict[str, str]:
    return {"city": "1", "region": "520", "words": "", **changes}


def options(response: Any) -> list[str]:
    return re.findall(r'<option value="(\d+)"', response.content.decode())


def test_from_the_orders_page_to_the_carrier(shop: Shop, there: Vendor) -> None:
    order = order_to(shop, "قرب بيت ابو علي، خلف السوق")
    assert (order.status, order.attention_path) == (Status.FAILED, "dropoff.address.city")
    client = member(shop)
    assert page(order) in client.get(f"/orders/{order.pk}/exchange/").content.decode()
    first = client.get(page(order))
    assert options(first) == ["5", "1"]
    assert "خلف السوق" in first.content.decode()
    second = client.get(page(order), {"city": "1"})
    assert options(second) == ["5", "1", "520", "508", "5755"]  # اخرى at the end
    done = client.post(page(order), chosen())
    assert (done.status_code, done["Location"]) == (302, order.get_absolute_url())
    work()
    order, dispatch = fresh(order)
    assert (order.status, dispatch.state, dispatch.epoch) == (Status.ACCEPTED, Dispatch.State.BOOKED, 2)
    assert (dispatch.body["city_id"], dispatch.body["region_id"]) == ("1", "520")
    assert page(order) not in client.get(f"/orders/{order.pk}/exchange/").content.decode()


def test_the_city_that_can_be_told_is_chosen_already(shop: Shop) -> None:
    order = order_to(shop, "البصرة، خلف السوق")
    assert order.attention_path == "dropoff.address.region"
    response = member(shop).get(page(order))
    assert options(response) == ["5", "1", "600", "5429"]
    assert '<option value="5" selected' in response.content.decode()


def test_a_choice_is_for_one_order_and_its_address(shop: Shop) -> None:
    order = order_to(shop, "خلف السوق القديم")
    member(shop).post(page(order), chosen())
    assert order_to(shop, "خلف السوق القديم", "2").attention_path == "dropoff.address.city"
    draft = make_draft("1", dropoff=Stop("محمد", "+9647712345678", Address("مكان اخر")), currency="IQD")
    actions.edit_order(order, draft, SYSTEM)
    work()
    assert Order.objects.get(pk=order.pk).attention_path == "dropoff.address.city"


def test_words_are_remembered(shop: Shop) -> None:
    order = order_to(shop, "حي الرياض، قرب المدرسة")
    client = member(shop)
    assert client.post(page(order), chosen(remember="on", words="حي الرياض")).status_code == 302
    work()
    again = order_to(shop, "شارع 20 - حَي الرياضِ", "2")
    assert again.status == Status.ACCEPTED
    assert fresh(again)[1].body["region_id"] == "520"
    # But not where the address names another city, nor in the middle of a word.
    assert order_to(shop, "البصرة، حي الرياض", "3").attention_path == "dropoff.address.region"
    assert order_to(shop, "حي الرياضيات", "4").attention_path == "dropoff.address.city"


def test_of_several_the_longest_words_count(shop: Shop) -> None:
    order = order_to(shop, "حي الرياض الثانية")
    client = member(shop)
    client.post(page(order), chosen(remember="on", words="حي الرياض"))
    again = order_to(shop, "حي العدل الثالثة", "2")
    client.post(page(again), chosen(region="508", remember="on", words="العدل الثالثة"))
    both = order_to(shop, "حي الرياض، العدل الثالثة", "3")  # two of the same length
    assert both.attention_path == "dropoff.address.city"
    client.post(page(both), chosen(region="508", remember="on", words="حي الرياض العدل الثالثة"))
    assert fresh(order_to(shop, "حي الرياض، العدل الثالثة", "4"))[1].body["region_id"] == "508"


@pytest.mark.parametrize("words", ["", "حي", "الناصرية", "%", "_", "🙂"])
def test_words_that_will_not_do(shop: Shop, words: str) -> None:
    order = order_to(shop, "حي الرياض، قرب المدرسة")
    response = member(shop).post(page(order), chosen(remember="on", words=words))
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert not RemoteName.objects.filter(by_hand=True).exists()
    assert Order.objects.get(pk=order.pk).status == Status.FAILED


@pytest.mark.parametrize("wrong", [{"region": "600"}, {"region": ""}, {"city": "77"}, {"city": ""}, {"city": "5"}])
def test_a_region_is_of_its_city(shop: Shop, wrong: dict[str, str]) -> None:
    order = order_to(shop, "خلف السوق")
    assert member(shop).post(page(order), chosen(**wrong)).status_code == 200
    assert Order.objects.get(pk=order.pk).status == Status.FAILED


def test_a_carrier_that_does_not_answer(shop: Shop, there: Vendor) -> None:
    order = order_to(shop, "البصرة، خلف السوق")
    RemoteName.objects.all().delete()
    there.answers["citys"] = {**OK, "status": False, "msg": "صيانة"}
    response = member(shop).get(page(order))
    assert response.status_code == 200
    assert "صيانة" in response.content.decode()


def test_strangers_and_onlookers_stay_outside(shop: Shop) -> None:
    order = order_to(shop, "خلف السوق")
    stranger = member(make_shop())
    assert stranger.get(page(order)).status_code == stranger.post(page(order), chosen()).status_code == 404
    viewer = member(shop, Role.VIEWER)
    assert viewer.get(page(order)).status_code == viewer.post(page(order), chosen()).status_code == 403
    assert page(order) not in viewer.get(f"/orders/{order.pk}/exchange/").content.decode()
    assert Order.objects.get(pk=order.pk).status == Status.FAILED


def test_only_for_orders_that_wait_for_it(shop: Shop) -> None:
    order = order_to(shop, "بغداد، المنصور")
    assert order.status == Status.ACCEPTED
    assert member(shop).post(page(order), chosen())["Location"] == order.get_absolute_url()
    other = make_shop()
    assert member(other).get(page(make_order(other))).status_code == 404


def test_the_number_of_queries_does_not_grow(shop: Shop, django_assert_max_num_queries: Any) -> None:
    order = order_to(shop, "البصرة، خلف السوق")
    client = member(shop)
    with django_assert_max_num_queries(12):
        client.get(page(order))
