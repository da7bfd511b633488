"""Two merchants, each other's shop and carrier, connected with a browser and nothing else; with a real worker."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from destinations.models import Destination
from integrations.models import ApiKey, Dispatch
from integrations.reference import openapi
from orders.models import Order
from tests.factories import MembershipFactory, Shop, make_shop
from tests.processes import worker

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en": {
        "keys": "Keys", "add_source": "Add a source", "new_key": "New key", "make_key": "Make the key", "save": "Save",
        "destinations": "Destinations", "connect": "Connect a carrier", "save_and_test": "Save and test the connection",
        "change": "Change", "well": "The test went well", "not_well": "The test did not go well",
        "delivered": "Delivered", "new": "New order", "place": "Place the order", "revoke": "Revoke",
        "yes": "Yes, revoke it",
    },
    "ar": {
        "keys": "المفاتيح", "add_source": "إضافة مصدر", "new_key": "مفتاح جديد", "make_key": "أنشئ المفتاح",
        "save": "حفظ", "destinations": "جهات التوصيل", "connect": "ربط شركة توصيل",
        "save_and_test": "احفظ واختبر الاتصال", "change": "تعديل", "well": "نجح الاختبار",
        "not_well": "لم ينجح الاختبار", "delivered": "تم التوصيل", "new": "طلب جديد", "place": "أنشئ الطلب",
        "revoke": "إلغاء المفتاح", "yes": "نعم، ألغِه",
    },
}  # fmt: skip


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def opened(browser: Browser, live_server: Any, language: str, settings: Any) -> Iterator[Any]:
    """Opens the portal as somebody of a shop. No error, and no breach of the policy, may happen on any page."""
    settings.ALLOW_LOOPBACK, settings.WASL_URL = True, live_server.url
    complaints: list[str] = []
    contexts = []

    def open_for(shop: Shop) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale=language, viewport={"width": 1280, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " event => console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        page.goto("/")
        page.locator("[name=login]").fill(MembershipFactory(merchant=shop.merchant).user.username)
        page.locator("[name=password]").fill("correct horse battery")
        page.locator("[name=password]").press("Enter")
        page.wait_for_url("**/orders/")
        return page

    yield open_for
    for context in contexts:
        context.close()
    openapi.cache_clear()  # our address is in it
    assert complaints == []


def link(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def button(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def test_two_are_connected_and_a_parcel_goes_through_both(opened: Any, language: str) -> None:
    words = WORDS[language]
    carrier, shop = make_shop(settings={"scenario": "accept", "pace": 4}), make_shop()

    theirs = opened(carrier)
    link(theirs, words["keys"])
    link(theirs, words["add_source"])
    theirs.locator("[name=name]").fill("The shop")
    theirs.locator("[name=default]").select_option(str(carrier.destination.pk))
    button(theirs, words["save"])
    link(theirs, words["new_key"])
    theirs.locator("[name=source]").select_option(label="The shop")
    theirs.locator("[name=dialect]").select_option("muvx")
    button(theirs, words["make_key"])
    address, key = theirs.locator(".copy code").all_inner_texts()
    assert theirs.url.endswith("/keys/"), "loading it again must not make another key"
    theirs.reload()
    expect(theirs.get_by_text(key)).to_have_count(0)
    assert ApiKey.objects.filter(source__merchant=carrier.merchant).count() == 2

    ours = opened(shop)
    link(ours, words["destinations"])
    link(ours, words["connect"])
    link(ours, "Muvx")
    expect(ours.locator("[name=base_url]")).to_have_value("https://core.muvx.ai")
    ours.locator("[name=environment]").select_option("sandbox")
    expect(ours.locator("[name=base_url]")).to_have_value("")
    ours.locator("[name=base_url]").fill(address)
    ours.locator("[name=credential_api_key]").fill("mistyped")
    ours.locator("[name=name]").fill("The carrier")
    ours.locator("[name=poll_seconds]").fill("1")
    ours.locator("[name=defaults]").check()
    button(ours, words["save_and_test"])
    expect(ours.locator(".message.warning")).to_contain_text(words["not_well"])
    link(ours, words["change"])
    ours.locator("[name=credential_api_key]").fill(key)
    button(ours, words["save_and_test"])
    expect(ours.locator(".message.success")).to_contain_text(words["well"])
    assert key not in ours.content()

    link(ours, words["new"])
    for name, value in {
        "dropoff_name": "نور", "dropoff_phone": "+96511111111", "dropoff_address": "السالمية",
        "pickup_name": "Store", "pickup_phone": "+96500000000", "pickup_address": "Kuwait City", "cod_amount": "3.5",
    }.items():  # fmt: skip
        ours.locator(f"[name={name}]").fill(value)
    button(ours, words["place"])
    ours.wait_for_url(re.compile(r"/orders/\d+/$"))
    with worker(WASL_ALLOW_LOOPBACK="1"):
        expect(ours.locator("#progress .badge-dot")).to_have_text(words["delivered"], timeout=60_000)
    [parcel] = Order.objects.of(carrier.merchant)
    [dispatch] = Dispatch.objects.filter(order__merchant=shop.merchant)
    assert dispatch.destination == Destination.objects.get(name="The carrier")
    assert (parcel.external_id, parcel.dropoff_name, parcel.status) == (dispatch.key, "نور", "delivered")


def test_a_key_is_revoked_after_a_second_thought(opened: Any, language: str) -> None:
    words = WORDS[language]
    shop = make_shop()
    page = opened(shop)
    page.goto("/keys/")
    page.locator(".keys summary").click()
    assert ApiKey.objects.get().revoked_at is None
    button(page, words["yes"])
    expect(page.locator(".keys")).to_have_count(0)
    assert ApiKey.objects.get().revoked_at


def test_every_page_fits_a_phone(opened: Any, language: str) -> None:
    shop = make_shop()
    page = opened(shop)
    page.set_viewport_size({"width": 360, "height": 740})
    for address in (
        "/destinations/", "/destinations/connect/", "/destinations/connect/muvx/",
        f"/destinations/{shop.destination.pk}/", "/keys/", "/keys/new/", "/sources/new/", f"/sources/{shop.source.pk}/",
    ):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.evaluate("document.querySelector('.side').scrollWidth <= innerWidth"), address
