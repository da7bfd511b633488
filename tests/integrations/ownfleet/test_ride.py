"""The rider's page: what it shows, each step, the proof, and who is let in."""

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from config import gunicorn
from config.logs import JsonFormatter
from destinations.models import Rider
from integrations.keys import digest
from integrations.models import CarrierReport, Dispatch, RiderLink
from integrations.ownfleet import links
from orders import actions
from orders.drafts import Item, Window
from orders.events import SYSTEM
from orders.models import Order, OrderEvent, ProofOfDelivery
from orders.statuses import Attention, Failure, Status
from tests.factories import Shop
from tests.handovers import kinds
from tests.integrations.ownfleet.fleet import Phone, make_fleet, make_rider, picture, task_for

pytestmark = pytest.mark.django_db
Kind = OrderEvent.Kind


@pytest.fixture
def shop() -> Shop:
    return make_fleet()


@pytest.fixture
def rider(shop: Shop) -> Rider:
    return make_rider(shop)


@pytest.fixture
def phone(rider: Rider) -> Phone:
    return Phone(rider)


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


# --- What is shown --------------------------------------------------------------------------------------------------
def test_the_page_says_all_that_the_rider_needs(shop, rider, phone):
    order, task = task_for(
        shop, rider, notes="Ring <twice>", items=(Item("Roses", 3),), cod_amount=Decimal("3.5"), currency="KWD"
    )
    page = phone.page()
    for shown in (
        order.external_id, "789 Elm St, Kuwait City", "tel:+96500000000", "Salmiya, Block 3", "tel:+96511111111",
        "geo:29.3,48?q=29.3,48", "destination=29.3%2C48", "Ring &lt;twice&gt;", "Roses", "3.500 KWD",
        f'action="{phone.path}tasks/{task.pk}"',
    ):  # fmt: skip
        assert shown in page, shown
    assert "geo:0,0?q=789%20Elm%20St" in page  # a place that only its address tells


def test_tasks_stand_in_the_order_of_their_pick_ups(shop, rider, phone):
    at = timezone.now()
    for name, hours in (("LATER", 3), ("FIRST", -1), ("NEXT", 1)):
        task_for(shop, rider, name, window=Window(at + timedelta(hours=hours)))
    page = phone.page()
    assert page.index("FIRST") < page.index("NEXT") < page.index("LATER")


def test_the_number_of_queries_does_not_grow(shop, rider, phone):
    counts = []
    for number in range(3):
        task_for(shop, rider, f"SHOP-{number}")
        phone.page()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            phone.page()
        counts.append(len(queries))
    assert counts == [3, 3, 3]  # the link, the tasks, their items


def test_in_arabic_and_back(phone):
    response = phone.client.get(f"{phone.path}?language=ar")
    assert (response.status_code, response.url) == (302, phone.path)
    page = phone.page()
    assert 'dir="rtl"' in page
    assert "توصيلاتي" in page
    phone.client.get(f"{phone.path}?language=xx")
    assert 'dir="rtl"' in phone.page()


def test_what_keeps_the_link_secret(phone):
    response = phone.client.get(phone.path)
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert "geolocation=(self)" in response["Permissions-Policy"]
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]
    stored = json.dumps(list(RiderLink.objects.values()), default=str)
    assert phone.token not in stored
    assert digest(phone.token) in stored


def test_the_token_is_in_no_log_line(phone):
    record = logging.makeLogRecord(
        {"msg": f"Internal Server Error: {phone.path}", "path": f"http://x{phone.path}place", "levelname": "ERROR"}
    )
    line = JsonFormatter().format(record)
    assert phone.token not in line
    assert json.loads(line)["message"] == "Internal Server Error: /ride/…/"
    assert getattr(gunicorn, "accesslog", None) is None


def test_it_can_be_put_on_the_phones_first_page(phone):
    found = phone.client.get(f"{phone.path}manifest.webmanifest").json()
    assert (found["start_url"], found["scope"], found["display"]) == (phone.path, phone.path, "standalone")
    worker = Client().get("/ride/worker.js")
    assert (worker.status_code, worker["Service-Worker-Allowed"]) == (200, "/ride/")
    assert worker["Content-Type"].startswith("text/javascript")


# --- Steps ----------------------------------------------------------------------------------------------------------
def test_every_step_to_the_door(shop, rider, phone):
    order, task = task_for(shop, rider)
    for step, status in (
        ("accept", Status.ACCEPTED), ("pick_up", Status.PICKED_UP), ("set_off", Status.IN_TRANSIT),
    ):  # fmt: skip
        response = phone.step(task, step)
        assert (response.status_code, response.json()) == (200, {"taken": True, "notice": ""})
        assert again(order).status == status
    assert phone.step(task, "deliver", recipient_name="Noor").status_code == 200
    order, dispatch = again(order), Dispatch.objects.get(order=order)
    assert (order.status, dispatch.state) == (Status.DELIVERED, Dispatch.State.DONE)
    reported = [event.data["text"] for event in order.events.filter(actor="Our riders") if "text" in event.data]
    assert reported == ["Sami"] * 4
    assert kinds(order)[-1] == Kind.PROOF
    assert "<article" not in phone.page()


def test_a_step_without_javascript(shop, rider, phone):
    order, task = task_for(shop, rider)
    response = phone.step(task, "pick_up", plain=True)
    assert (response.status_code, response.url) == (302, phone.path)
    stale = phone.step(task, "accept", plain=True)
    assert stale.status_code == 409
    assert "has changed meanwhile" in stale.content.decode()
    assert 'data-state="picked_up"' in stale.content.decode()
    assert again(order).status == Status.PICKED_UP


def test_forms_of_the_page_need_no_cookie(shop, rider, phone):
    _order, task = task_for(shop, rider)
    strict = Client(enforce_csrf_checks=True)
    data = {"step": "accept", "key": str(uuid.uuid4())}
    assert strict.post(f"{phone.path}tasks/{task.pk}", data, HTTP_ORIGIN="null").status_code == 302


def test_the_same_step_counts_once(shop, rider, phone):
    order, task = task_for(shop, rider)
    key = str(uuid.uuid4())
    for _ in range(3):
        assert phone.step(task, "pick_up", key=key).json()["taken"] is True
    assert CarrierReport.objects.filter(dispatch=task.dispatch).count() == 1
    assert kinds(order).count(Kind.PROGRESS) == 1
    phone.step(task, "deliver", recipient_name="Noor")
    assert phone.step(task, "pick_up", key=key).json()["taken"] is True  # late, and known
    assert again(order).status == Status.DELIVERED


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ([], "set_off"), ([], "deliver"), ([], "fail"), ([], "bring_back"), ([], "try_again"),
        (["accept"], "accept"), (["accept"], "deliver"), (["pick_up"], "accept"), (["pick_up"], "pick_up"),
        (["pick_up"], "bring_back"), (["pick_up", "deliver"], "deliver"), (["pick_up", "deliver"], "fail"),
        (["pick_up", "fail"], "deliver"), (["pick_up", "fail", "bring_back"], "try_again"),
    ],
)  # fmt: skip
def test_a_step_out_of_turn_changes_nothing(shop, rider, phone, before, step):
    order, task = task_for(shop, rider)
    more = {"deliver": {"recipient_name": "Noor"}, "fail": {"reason": "nobody"}}
    for one in before:
        assert phone.step(task, one, **more.get(one, {})).status_code == 200
    told = kinds(order)
    assert phone.step(task, step, **more.get(step, {})).status_code == 409
    assert kinds(order) == told


def test_a_failed_delivery_a_second_try_and_the_way_back(shop, rider, phone):
    shop.merchant.language = "ar"
    shop.merchant.save()
    order, task = task_for(shop, rider)
    phone.step(task, "pick_up")
    assert phone.step(task, "fail").status_code == 400  # no reason
    assert phone.step(task, "fail", reason="nobody", note="dog").status_code == 200
    order = again(order)
    assert (order.status, order.failure, order.attention) == (
        Status.FAILED, Failure.DELIVERY, Attention.DELIVERY_FAILED,
    )  # fmt: skip
    assert order.attention_detail == "لا أحد هناك: dog"
    assert phone.step(task, "try_again").status_code == 200
    assert again(order).status == Status.IN_TRANSIT
    phone.step(task, "fail", reason="refused")
    assert phone.step(task, "bring_back").status_code == 200
    task.refresh_from_db()
    assert (again(order).status, task.outcome) == (Status.RETURNED, "returned")
    assert not ProofOfDelivery.objects.exists()


def test_a_step_tells_when_it_was_taken_within_reason(shop, rider, phone):
    order, task = task_for(shop, rider)
    now = timezone.now()
    phone.step(task, "accept", at=int((now + timedelta(days=400)).timestamp() * 1000))
    task.refresh_from_db()
    assert abs(task.accepted_at - now) < timedelta(minutes=1)
    phone.step(task, "pick_up", at=1)
    task.refresh_from_db()
    assert task.picked_up_at == task.created_at
    at = datetime.now(UTC).replace(microsecond=0)
    type(task).objects.update(created_at=at - timedelta(hours=2))
    phone.step(task, "set_off", at=int((at - timedelta(hours=1)).timestamp() * 1000))
    task.refresh_from_db()
    assert task.in_transit_at == at - timedelta(hours=1)
    assert again(order).status == Status.IN_TRANSIT


def test_an_order_that_somebody_else_has_ended_is_no_task_any_more(shop, rider, phone):
    order, task = task_for(shop, rider)
    actions.say_status(order, SYSTEM, dialect="ideliver", said="delivered", status=Status.DELIVERED)
    assert "<article" not in phone.page()
    assert phone.step(task, "pick_up").status_code == 409


# --- Proof ----------------------------------------------------------------------------------------------------------
def delivering(shop: Shop, rider: Rider, **changes):
    order, task = task_for(shop, rider, **changes)
    assert Phone(rider).step(task, "pick_up").status_code == 200
    return order, task


def test_a_proof_with_everything(shop, rider, phone):
    order, task = delivering(shop, rider, cod_amount=Decimal("3.5"), currency="KWD")
    response = phone.step(
        task, "deliver", recipient_name="نور", cod_received="٣٫٥", lat="29.31", lng="48.02",
        photo=picture(), signature=picture(kind="PNG", name="signature"),
    )  # fmt: skip
    assert response.status_code == 200, response.content
    proof = ProofOfDelivery.objects.get(order=order)
    assert (proof.recipient_name, proof.rider_name, proof.cod_received, proof.currency, proof.lat, proof.lng) == (
        "نور", "Sami", Decimal("3.5"), "KWD", 29.31, 48.02,
    )  # fmt: skip
    assert bytes(proof.photo).startswith(b"\xff\xd8\xff")
    assert bytes(proof.signature).startswith(b"\x89PNG")
    assert again(order).attention == ""
    assert order.events.get(kind=Kind.PROOF).data == {
        "name": "نور", "rider": "Sami", "cod_asked": 3.5, "cod_received": 3.5, "currency": "KWD",
    }  # fmt: skip


@pytest.mark.parametrize(("asked", "received"), [("3.5", "3"), ("3.5", "0"), ("3.5", "4")])
def test_other_cash_than_asked_for_needs_a_person_for_good(shop, rider, phone, asked, received):
    order, task = delivering(shop, rider, cod_amount=Decimal(asked), currency="KWD")
    assert phone.step(task, "deliver", recipient_name="Noor", cod_received=received).status_code == 200
    order = again(order)
    assert (order.status, order.attention) == (Status.DELIVERED, Attention.CASH_DIFFERS)
    assert order.attention_detail == f"{Decimal(received):.3f} KWD received, 3.500 KWD asked for"
    event = order.events.get(kind=Kind.PROOF)
    assert (event.data["cod_asked"], event.data["cod_received"]) == (3.5, float(received))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"recipient_name": "Noor"}, "how much cash"),
        ({"cod_received": "3.5"}, "Take a photo"),
        ({"cod_received": "3.5", "recipient_name": " "}, "Take a photo"),
        ({"cod_received": "3,500", "recipient_name": "Noor"}, "number"),
        ({"cod_received": "-1", "recipient_name": "Noor"}, "0"),
        ({"cod_received": "3.5001", "recipient_name": "Noor"}, "decimal places"),
        ({"cod_received": "NaN", "recipient_name": "Noor"}, "number"),
        ({"cod_received": "3.5", "photo": BytesIO(b"<svg onload=alert(1)>")}, "photo could not be read"),
        ({"cod_received": "3.5", "signature": BytesIO(b"%PDF-1.7")}, "signature could not be read"),
        ({"cod_received": "3.5", "recipient_name": "N\x00"}, "Null"),
    ],
)
def test_a_delivery_in_which_something_is_wrong(shop, rider, phone, given, problem):
    order, task = delivering(shop, rider, cod_amount=Decimal("3.5"), currency="KWD")
    response = phone.step(task, "deliver", **given)
    assert response.status_code == 400
    assert problem in response.json()["notice"]
    assert again(order).status == Status.PICKED_UP
    assert not ProofOfDelivery.objects.exists()


def test_too_much_is_refused_before_it_is_read(shop, rider, phone):
    _order, task = delivering(shop, rider)
    response = phone.step(task, "deliver", photo=BytesIO(b"x" * 12_100_000))
    assert response.status_code == 413
    assert response.json()["taken"] is False


def test_photos_lose_everything_but_the_picture(shop, rider, phone):
    order, task = delivering(shop, rider)
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "the secret garden"
    exif.get_ifd(0x8825)[2] = (29.0, 18.0, 0.0)
    file = picture(3000, 2000, exif=exif)
    assert b"secret garden" in file.getvalue()
    assert phone.step(task, "deliver", photo=file).status_code == 200
    kept = bytes(ProofOfDelivery.objects.get(order=order).photo)
    with Image.open(BytesIO(kept)) as found:
        assert (found.format, found.size) == ("JPEG", (853, 1280))
        assert not found.getexif()
    assert b"secret garden" not in kept


# --- Who is let in --------------------------------------------------------------------------------------------------
def refused(phone: Phone, task) -> None:
    for response in (
        phone.client.get(phone.path),
        phone.client.get(f"{phone.path}manifest.webmanifest"),
        phone.client.post(f"{phone.path}place", {"lat": 1, "lng": 1}),
        phone.step(task, "pick_up"),
    ):
        assert response.status_code == 404
        assert "does not work" in response.content.decode()
        assert response["Referrer-Policy"] == "no-referrer"
    task.refresh_from_db()
    assert task.picked_up_at is None


def test_a_link_that_is_none(shop, rider):
    _order, task = task_for(shop, rider)
    refused(Phone(rider, "a" * 43), task)


def test_a_link_that_has_ended(shop, rider, phone):
    _order, task = task_for(shop, rider)
    RiderLink.objects.update(expires_at=timezone.now())
    refused(phone, task)


def test_a_link_that_was_revoked(shop, rider, phone):
    _order, task = task_for(shop, rider)
    other = Phone(rider)
    link = RiderLink.objects.get(digest=digest(phone.token))
    assert links.revoke(rider, link.pk)
    refused(phone, task)
    assert other.page()  # the other phone's goes on


@pytest.mark.parametrize("whose", ["rider", "merchant"])
def test_who_does_not_work_here_any_more(shop, rider, phone, whose):
    _order, task = task_for(shop, rider)
    one = rider if whose == "rider" else rider.merchant
    one.is_active = False
    one.save()
    refused(phone, task)


def test_other_riders_and_other_merchants_see_and_do_nothing(shop, rider):
    order, task = task_for(shop, rider)
    for stranger in (make_rider(shop, "Colleague"), make_rider(make_fleet(), "Stranger")):
        phone = Phone(stranger)
        assert order.external_id not in phone.page()
        for plain in (False, True):
            response = phone.step(task, "pick_up", plain=plain)
            assert response.status_code == 404
            assert order.external_id not in response.content.decode()
    assert phone.step(type(task)(pk=10**30), "pick_up").status_code == 404
    assert again(order).status == Status.ACCEPTED


def test_a_reassigned_task_leaves_the_former_riders_page_at_once(shop, rider, phone):
    order, task = task_for(shop, rider)
    phone.step(task, "accept")
    other = make_rider(shop, "Other")
    actions.assign_rider(order, other, SYSTEM)
    assert "<article" not in phone.page()
    assert phone.step(task, "pick_up").status_code == 404
    assert 'data-state="assigned"' in Phone(other).page()  # whose yes it was, is not this rider's
    assert Phone(other).step(task, "accept").status_code == 200
    task.refresh_from_db()
    assert task.accepted_by == other


def test_guesses_are_slowed_down(shop, monkeypatch):
    monkeypatch.setattr("integrations.ownfleet.views.MISSES", 3)
    codes = [Client().get(f"/ride/{number:043}/").status_code for number in range(5)]
    assert codes == [404, 404, 404, 429, 429]
    assert Phone(make_rider(shop)).page()  # whoever has a link gets in all the same


# --- Where the rider is ---------------------------------------------------------------------------------------------
def test_the_place_is_kept_at_most_once_a_minute(rider, phone):
    assert phone.client.post(f"{phone.path}place", {"lat": "29.3", "lng": "48.0"}).status_code == 204
    rider.refresh_from_db()
    assert (rider.lat, rider.lng) == (29.3, 48.0)
    assert phone.client.post(f"{phone.path}place", {"lat": "30", "lng": "48.0"}).status_code == 204
    rider.refresh_from_db()
    assert rider.lat == 29.3
    Rider.objects.update(located_at=timezone.now() - timedelta(minutes=1))
    phone.client.post(f"{phone.path}place", {"lat": "30", "lng": "48.0"})
    rider.refresh_from_db()
    assert rider.lat == 30


@pytest.mark.parametrize("given", [{}, {"lat": "91", "lng": "0"}, {"lat": "nan", "lng": "0"}, {"lat": "x", "lng": ""}])
def test_no_place_on_earth(rider, phone, given):
    assert phone.client.post(f"{phone.path}place", given).status_code == 400
    rider.refresh_from_db()
    assert rider.located_at is None
