"""The page "Translate" without any JavaScript, and on a phone."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_portal import log_in
from tests.factories import make_shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_sample_is_taken_changed_and_translated(browser: Browser, live_server, language: str) -> None:
    shop = make_shop()
    context = browser.new_context(
        base_url=live_server.url,
        locale=language,
        viewport={"width": 375, "height": 800},
        java_script_enabled=False,
    )
    page = context.new_page()
    log_in(page, shop, language)
    page.goto("/translate/?dialect=fuuffy")
    page.locator("a[href='?dialect=fuuffy&sample=1']").click()
    body = page.locator("#body")
    body.fill(body.input_value().replace("Jane Smith", "Sara Al-Ali"))
    page.locator("form[action='/translate/'] button").click()
    expect(page.locator("dl.facts")).to_contain_text("Sara Al-Ali")
    expect(page.locator("pre.code").first).to_contain_text('"name": "Sara Al-Ali"')
    report = page.locator("#losses-muvx")
    expect(report.locator(".losses")).to_be_hidden()
    report.locator("summary").click()
    expect(report.locator(".losses")).to_contain_text("express")
    body.fill("{")
    page.locator("form[action='/translate/'] button").click()
    expect(page.locator("pre.code").first).to_contain_text('"code": "validation_error"')
    assert page.locator("body").bounding_box()["width"] <= 375  # type: ignore[index]
    context.close()
