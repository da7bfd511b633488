"""The pages of a destination without code in a real browser, in both languages and on a phone."""

import pytest
from playwright.sync_api import Page, expect

from destinations.models import Destination
from integrations import accounts
from tests.browser.test_portal import language, log_in, page
from tests.factories import Shop, make_shop

__all__ = ["language", "page"]
pytestmark = pytest.mark.django_db(transaction=True)
SAVED = {"en": "The words have been saved.", "ar": "حُفظت الكلمات."}


@pytest.fixture
def shop() -> Shop:
    shop = make_shop()
    words = {"On the road": "in_transit", "تم التسليم": "delivered", "Nobody at home": "in_transit+attempt_failed"}
    shop.destination = accounts.connect(
        shop.source,
        "generic",
        name="Couriers",
        base_url="https://carrier.example/in",
        credentials={"secret": "hush"},
        choices={"words": words},
    )
    return shop


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_words_and_protocol(page: Page, language: str, shop: Shop) -> None:
    log_in(page, shop, language)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for name in ("protocol", "words"):
            page.goto(f"/destinations/{shop.destination.pk}/{name}/")
            fits(page)
    page.locator("[data-add-row]").click()
    page.locator("[name=form-5-word]").fill("Rain")
    page.locator("[name=form-5-meaning]").select_option("in_transit+delayed")
    page.locator("form.new-order .button-primary").click()
    expect(page.get_by_text(SAVED[language])).to_be_visible()
    expect(page.locator("[name=form-2-word]")).to_have_value("Rain")
    assert Destination.objects.get(pk=shop.destination.pk).settings["words"]["Rain"] == "in_transit+delayed"
