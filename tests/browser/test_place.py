"""Choosing where an order goes, in a real browser: the regions come with the city, and the page stays."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from orders.models import Order
from orders.statuses import Status
from tests.factories import MembershipFactory
from tests.integrations.modon.test_place_page import order_to
from tests.integrations.modon.vendor import connected, vendor

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_regions_come_with_the_city(live_server, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor(monkeypatch)
    shop, _destination = connected()
    order = order_to(shop, "قرب بيت ابو علي، خلف السوق، شارع 20", city="المنصور")
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/orders/{order.pk}/")
    page.get_by_role("link", name="Say where it goes").click()
    region = page.get_by_label("Region")
    expect(region).to_have_count(0)
    for city, name in (("1", "الكرادة"), ("5", "العشار")):
        page.get_by_label("City", exact=True).select_option(city)
        expect(region.get_by_role("option", name=name)).to_be_attached()
    region.select_option(label="العشار")
    page.get_by_role("button", name="Send it there").click()
    expect(page.get_by_text("The order is being sent out again.")).to_be_visible()
    assert Order.objects.get(pk=order.pk).status == Status.DISPATCHED
    assert complaints == []
