"""The portal in a real browser, with a real worker: nothing is reloaded, and nothing is complained about."""

import re
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from orders.models import Order
from tests.factories import MembershipFactory, Shop, make_order, make_shop
from tests.processes import worker

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en": {
        "log_in": "Log in", "order": "Order", "delivered": "Delivered", "took": "The carrier has taken the order",
        "release": "Release now", "new": "New order", "place": "Place the order", "dir": "ltr",
        "arrived": "Your order has been delivered",
    },
    "ar": {
        "log_in": "تسجيل الدخول", "order": "الطلب", "delivered": "تم التوصيل", "took": "قبلت شركة التوصيل الطلب",
        "release": "أفرج عنه الآن", "new": "طلب جديد", "place": "أنشئ الطلب", "dir": "rtl",
        "arrived": "تم توصيل طلبك",
    },
}  # fmt: skip


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def shop() -> Shop:
    return make_shop(settings={"scenario": "accept", "pace": 6})


@pytest.fixture
def page(browser: Browser, live_server, language: str) -> Iterator[Page]:
    """A page in the language, on which no error, and no breach of the content security policy, may happen."""
    complaints: list[str] = []
    context = browser.new_context(base_url=live_server.url, locale=language, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    yield page
    context.close()
    assert complaints == []


def log_in(page: Page, shop: Shop, language: str) -> None:
    user = MembershipFactory(merchant=shop.merchant).user
    page.goto("/")
    page.locator("[name=login]").fill(user.username)
    page.locator("[name=password]").fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name=WORDS[language]["log_in"]).click()
    page.wait_for_url("**/orders/")
    expect(page.locator("html")).to_have_attribute("dir", WORDS[language]["dir"])


def stay(page: Page) -> None:
    """Marks the document: the mark is gone if the page is loaded anew."""
    page.evaluate("window.stayed = true")


def test_find_an_order_and_watch_it_become_delivered(page: Page, shop: Shop, language: str):
    words = WORDS[language]
    make_order(shop, "ANOTHER-1", hold=True)
    order = make_order(shop, "WATCH-ME", hold=True)
    log_in(page, shop, language)
    page.locator("[name=q]").fill("watch-me")
    page.locator("[name=q]").press("Enter")
    expect(page.locator(".row-link")).to_have_count(1)
    page.locator(".row-link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("WATCH-ME")
    page.get_by_role("button", name=words["release"]).click()
    expect(page.locator(".message.success")).to_be_visible()
    stay(page)
    with worker():
        expect(page.locator("#progress .badge-dot")).to_have_text(words["delivered"], timeout=30_000)
    expect(page.locator(".history")).to_contain_text(words["took"])
    expect(page.locator("#exchange .said")).to_have_count(1, timeout=10_000)
    assert page.evaluate("window.stayed") is True
    assert page.locator("#progress").get_attribute("hx-get") is None  # nothing more to ask for
    order.refresh_from_db()
    assert order.status == "delivered"


def test_the_list_and_the_public_page_follow_by_themselves(page: Page, shop: Shop, language: str):
    words = WORDS[language]
    order = make_order(shop, "LIVE-1")
    log_in(page, shop, language)
    public = page.context.new_page()
    public.goto(f"/track/{order.tracking_token}")
    for one in (page, public):
        stay(one)
    with worker():
        expect(page.locator("#orders .badge-dot")).to_have_text(words["delivered"], timeout=30_000)
        expect(public.get_by_role("heading", level=1)).to_have_text(words["arrived"], timeout=15_000)
    assert page.evaluate("window.stayed") is True
    assert public.evaluate("window.stayed") is True


def test_a_new_order_with_further_items(page: Page, shop: Shop, language: str):
    words = WORDS[language]
    log_in(page, shop, language)
    page.get_by_role("navigation").get_by_role("link", name=words["new"]).click()
    for name, value in {
        "dropoff_name": "نور", "dropoff_phone": "+96511111111", "dropoff_address": "السالمية",
        "pickup_name": "Store", "pickup_phone": "+96500000000", "pickup_address": "Kuwait City", "cod_amount": "3.5",
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    page.locator("[data-add-row]").click()
    page.locator("[name=items-2-name]").fill("Roses")
    page.get_by_role("button", name=words["place"]).dblclick()
    page.wait_for_url(re.compile(r"/orders/\d+/$"))
    expect(page.get_by_text("3.500 KWD")).to_be_visible()
    expect(page.get_by_text("Roses")).to_be_visible()
    assert Order.objects.count() == 1


def test_typing_a_reason_is_not_disturbed_by_the_next_poll(page: Page, shop: Shop, language: str):
    order = make_order(shop, hold=True)
    log_in(page, shop, language)
    page.goto(f"/orders/{order.pk}/")
    page.locator("#cancel summary").click()
    page.locator("#reason").fill("Sold out")
    Order.objects.filter(pk=order.pk).update(updated_at=timezone.now())
    page.wait_for_timeout(4_000)
    expect(page.locator("#reason")).to_have_value("Sold out")
    page.locator("#reason").press("Enter")
    expect(page.locator(".history")).to_contain_text("Sold out")
