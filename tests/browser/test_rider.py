"""A rider's day on a phone in a real browser: taps, a photo, a signature, and no line for a while."""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from integrations.models import CarrierReport, RiderTask
from orders import actions
from orders.events import SYSTEM
from orders.models import Order, ProofOfDelivery
from orders.statuses import Status
from tests.integrations.ownfleet.fleet import Phone, make_fleet, make_rider, picture, task_for
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en": {"dir": "ltr", "accept": "Accept", "pick_up": "I have picked it up", "off": "On my way to the customer",
           "deliver": "Delivered", "confirm": "Confirm the delivery", "waiting": "Waiting to be sent: 2",
           "share": "Share my location with the office"},
    "ar": {"dir": "rtl", "accept": "قبول المهمة", "pick_up": "استلمته من المتجر", "off": "في الطريق إلى العميل",
           "deliver": "تم التوصيل", "confirm": "أكّد التسليم", "waiting": "بانتظار الإرسال: 2",
           "share": "شارك موقعي مع المكتب"},
}  # fmt: skip


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def given() -> tuple[Phone, Order, RiderTask]:
    shop = make_fleet()
    rider = make_rider(shop)
    order, task = task_for(shop, rider, cod_amount=Decimal("3.5"), currency="KWD", notes="Ring twice")
    return Phone(rider), order, task


@pytest.fixture
def context(browser: Browser, live_server, language: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=live_server.url, locale=language, viewport={"width": 390, "height": 844}, is_mobile=True,
        has_touch=True, geolocation={"latitude": 29.31, "longitude": 48.02}, permissions=["geolocation"],
    )  # fmt: skip
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which no error, and no breach of the content security policy, may happen."""
    complaints: list[str] = []
    page = context.new_page()
    # The browser itself speaks of every answer that is no yes and of every line that is cut; tests are about these.
    known = "Failed to load resource"
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" and known not in one.text else 0)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    yield page
    assert complaints == []


def tap(page: Page, label: str) -> None:
    page.locator(".task-step:not([hidden])").get_by_role("button", name=label).tap()


def sign(page: Page) -> None:
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 20 + 30 * step, box["y"] + 20 + 60 * (step % 2))
    page.mouse.up()


def fill_delivery(page: Page, words: dict[str, str], confirm: bool = True) -> None:
    page.locator(".task-step:not([hidden]) summary").first.tap()
    page.locator("[name=cod_received]").fill("3.5")
    page.locator("[name=photo]").set_input_files(
        {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": picture(2400, 1800).getvalue()}
    )
    page.locator("[name=recipient_name]").fill("نور")
    sign(page)
    if confirm:
        page.get_by_role("button", name=words["confirm"]).tap()


def check_proof(order: Order) -> None:
    proof = ProofOfDelivery.objects.get(order=order)
    assert (proof.recipient_name, proof.cod_received) == ("نور", Decimal("3.5"))
    with Image.open(BytesIO(bytes(proof.photo))) as photo:
        assert photo.size == (1280, 960)
    with Image.open(BytesIO(bytes(proof.signature))) as signature:
        assert signature.convert("L").getextrema() == (0, 255)


def test_from_accept_to_delivered(page: Page, given, language: str):
    phone, order, _task = given
    words = WORDS[language]
    page.goto(phone.path)
    expect(page.locator("html")).to_have_attribute("dir", words["dir"])
    page.get_by_role("button", name=words["share"]).tap()
    wait_until(lambda: type(phone.rider).objects.get(pk=phone.rider.pk).lat == 29.31, 10, "the place is told")
    page.evaluate("window.stayed = true")
    for label, state in (("accept", "accepted"), ("pick_up", "picked_up"), ("off", "in_transit")):
        tap(page, words[label])
        expect(page.locator(".task")).to_have_attribute("data-state", state)
        expect(page.locator("#line")).to_be_hidden()
    fill_delivery(page, words)
    expect(page.locator(".task")).to_have_count(0)
    assert page.evaluate("window.stayed") is True
    order.refresh_from_db()
    assert (order.status, order.attention) == (Status.DELIVERED, "")
    check_proof(order)
    assert ProofOfDelivery.objects.get(order=order).lat == 29.31


def test_without_a_line_and_with_one_again(page: Page, context: BrowserContext, given, language: str):
    phone, order, task = given
    words = WORDS[language]
    page.goto(phone.path)
    expect(page.locator("body")).to_have_attribute("data-kept", "1")
    tap(page, words["accept"])
    expect(page.locator(".task")).to_have_attribute("data-state", "accepted")
    expect(page.locator("#line")).to_be_hidden()
    context.set_offline(True)
    tap(page, words["pick_up"])
    expect(page.locator(".task")).to_have_attribute("data-state", "picked_up")
    fill_delivery(page, words)
    expect(page.locator("#line")).to_contain_text(words["waiting"])
    expect(page.locator(".task")).to_have_attribute("data-state", "delivered")
    page.reload()  # the last page, from the phone itself, with what waits on top of it
    expect(page.locator("#line")).to_contain_text(words["waiting"])
    expect(page.locator(".task")).to_have_attribute("data-state", "delivered")
    order.refresh_from_db()
    assert order.status == Status.ACCEPTED
    context.set_offline(False)
    expect(page.locator(".task")).to_have_count(0, timeout=20_000)
    expect(page.locator("#line")).to_be_hidden()
    order.refresh_from_db()
    assert order.status == Status.DELIVERED
    check_proof(order)
    assert CarrierReport.objects.filter(dispatch=task.dispatch).count() == 3


def test_an_answer_that_is_lost_is_not_a_second_delivery(page: Page, given, language: str):
    """The server takes the step and its answer never arrives: the phone asks again, under the same key."""
    phone, _order, task = given
    words = WORDS[language]
    page.goto(phone.path)
    lost = []

    def lose(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/tasks/*", lose)
    tap(page, words["pick_up"])
    expect(page.locator("#line")).to_be_visible()
    expect(page.locator("#line")).to_be_hidden(timeout=15_000)
    expect(page.locator(".task")).to_have_attribute("data-state", "picked_up")
    assert lost == [200]
    assert CarrierReport.objects.filter(dispatch=task.dispatch).count() == 1


def test_a_cancel_meanwhile_is_told(page: Page, context: BrowserContext, given, language: str):
    phone, order, task = given
    words = WORDS[language]
    page.goto(phone.path)
    expect(page.locator("body")).to_have_attribute("data-kept", "1")
    context.set_offline(True)
    tap(page, words["pick_up"])
    expect(page.locator("#line")).to_be_visible()
    actions.cancel_orders([order], SYSTEM)
    RiderTask.objects.filter(pk=task.pk).update(cancelled_at=task.created_at)
    context.set_offline(False)
    expect(page.locator("#notice")).to_be_visible(timeout=20_000)
    expect(page.locator("#line")).to_be_hidden()
    order.refresh_from_db()
    assert order.status == Status.CANCELLING


def test_without_javascript(browser: Browser, live_server, given, language: str):
    phone, order, _task = given
    words = WORDS[language]
    context = browser.new_context(base_url=live_server.url, locale=language, java_script_enabled=False)
    page = context.new_page()
    page.goto(phone.path)
    for label in ("accept", "pick_up", "off"):
        page.locator(".task-step:not([hidden])").get_by_role("button", name=words[label]).click()
    page.locator(".task-step:not([hidden]) summary").first.click()
    page.locator("[name=cod_received]").fill("3")
    page.locator("[name=recipient_name]").fill("نور")
    expect(page.locator("canvas")).to_be_hidden()
    page.get_by_role("button", name=words["confirm"]).click()
    expect(page.locator(".task")).to_have_count(0)
    order.refresh_from_db()
    assert (order.status, order.attention) == (Status.DELIVERED, "cash_differs")
    context.close()


def test_a_phone_that_keeps_nothing(page: Page, given, language: str):
    phone, order, _task = given
    page.add_init_script("indexedDB.open = () => { throw new DOMException('no', 'SecurityError') }")
    page.goto(phone.path)
    tap(page, WORDS[language]["pick_up"])
    expect(page.locator(".task")).to_have_attribute("data-state", "picked_up")
    order.refresh_from_db()
    assert order.status == Status.PICKED_UP


def test_it_can_be_put_on_the_first_page(page: Page, given, language: str):
    phone, _order, _task = given
    page.goto(phone.path)
    found = page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then(one => one.json())")
    assert (found["start_url"], found["lang"]) == (phone.path, language)
