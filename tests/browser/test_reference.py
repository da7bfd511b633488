"""The API reference in a real browser, under the strict content security policy."""

import pytest
from playwright.sync_api import Page, expect

from integrations import registry
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: scripts and styles that the policy refuses, and errors."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_role("textbox").first.fill(MembershipFactory().user.username)
    page.locator("[type=password]").fill("correct horse battery")
    page.get_by_role("textbox").first.press("Enter")
    page.wait_for_url(f"{url}/orders/")


def test_swagger_shows_every_dialect(page: Page, live_server, complaints: list[str]) -> None:
    log_in(page, live_server.url)
    for room in registry.DIALECTS.values():
        page.goto(f"{live_server.url}/api/{room.name}/")
        expect(page.locator(".calls li").first).to_be_visible()
        expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
        page.locator(".swagger-ui .opblock-summary-control").first.click()
        expect(page.locator(".swagger-ui .opblock-body").first).to_be_visible()
    assert not complaints


def test_without_javascript_the_calls_are_listed(browser, live_server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, live_server.url)
    page.goto(f"{live_server.url}/api/")
    expect(page.locator(".calls li").first).to_contain_text("/v1/orders")
    context.close()
