"""What the order's page says of its hand-overs, and the carrier's label."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from destinations.models import Role
from integrations import registry, vault
from integrations.carrier import CarrierError
from integrations.models import Dispatch, Lane
from orders.models import Order
from orders.statuses import Status
from tests.factories import Shop, make_order, make_shop
from tests.integrations.test_connections import member, text

pytestmark = pytest.mark.django_db

State = Dispatch.State
PDF = b"%PDF-1.4 a label"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def handed(shop: Shop, state: str, *, status: str = Status.DISPATCHED, epoch: int = 1, **fields: Any) -> Dispatch:
    order = Order.objects.of(shop.merchant).first() or make_order(shop)
    Order.objects.filter(pk=order.pk).update(
        status=status,
        status_before=Status.ACCEPTED if status == Status.CANCELLING else "",
        failure="dispatch" if status == Status.FAILED else "",
    )
    order.dispatches.update(is_current=False)
    fields = {"destination": shop.destination, "reference": "MOV7"} | fields
    return Dispatch.objects.create(order=order, epoch=epoch, key=f"{order.uuid.hex}-{epoch}", state=state, **fields)


def said(shop: Shop, dispatch: Dispatch) -> str:
    return text(member(shop, Role.VIEWER).get(f"/orders/{dispatch.order_id}/exchange/"))


@pytest.mark.parametrize(
    ("state", "fields", "sentence"),
    [
        (State.PLANNED, {}, "It is given to the carrier in a moment."),
        (State.PLANNED, {"is_waiting": True}, "It waits for its turn"),
        (State.PLANNED, {"attempts": 2, "next_at": timezone.now()}, "It did not work so far. It is tried again"),
        (State.PLANNED, {"status": Status.CANCELLING}, "It is being cancelled; no carrier has it."),
        (State.BOOKING, {}, "being asked at this moment"),
        (State.UNKNOWN, {}, "so that it is never booked twice"),
        (State.BOOKED, {"status": Status.ACCEPTED}, "The carrier has taken the parcel"),
        (State.BOOKED, {"status": Status.ACCEPTED, "last_error": "409: too late"}, "did not give it back"),
        (State.CANCELLING, {"status": Status.CANCELLING}, "being asked to give the parcel back"),
        (State.CANCELLING, {"status": Status.CANCELLING, "last_error": "502"}, "It is asked again at"),
        (State.CANCELLED, {"status": Status.CANCELLED}, "does not have the parcel any more"),
        (State.DONE, {"status": Status.DELIVERED}, "come to its end"),
        (State.REFUSED, {"status": Status.FAILED, "last_error": "phone?"}, "press “Try again”"),
        (State.GAVE_UP, {"status": Status.FAILED}, "Test the connection"),
        (State.DROPPED, {}, "Nothing has come of this one."),
    ],
)
def test_every_state_is_told(shop: Shop, state: str, fields: dict[str, Any], sentence: str) -> None:
    dispatch = handed(shop, state, **fields)
    page = said(shop, dispatch)
    assert sentence in page
    assert dispatch.last_error in page


def test_a_closed_lane_is_said_with_who_may_take_over(shop: Shop) -> None:
    dispatch = handed(shop, State.PLANNED, is_waiting=True)
    lane = Lane.objects.create(destination=shop.destination, failures=5, closed_at=timezone.now())
    assert "This carrier cannot be reached at present." in said(shop, dispatch)
    shop.destination.fallback = shop.other
    shop.destination.save()
    assert f"it may also go to {shop.other.name} meanwhile" in said(shop, dispatch)
    lane.delete()
    assert "cannot be reached" not in said(shop, dispatch)


def test_what_went_elsewhere_is_said(shop: Shop) -> None:
    handed(shop, State.GAVE_UP)
    last = handed(shop, State.BOOKED, epoch=2, destination=shop.other, status=Status.ACCEPTED)
    page = said(shop, last)
    assert f"It went on to {shop.other.name}." in page
    assert "Test the connection" not in page


def test_a_poll_brings_what_has_changed(shop: Shop) -> None:
    dispatch = handed(shop, State.PLANNED, is_waiting=True)
    client, address = member(shop), f"/orders/{dispatch.order_id}/exchange/"
    etag = client.get(address, HTTP_HX_REQUEST="true")["ETag"]
    again = {"HTTP_HX_REQUEST": "true", "HTTP_IF_NONE_MATCH": etag}
    assert client.get(address, **again).status_code == 304
    Lane.objects.create(destination=shop.destination, closed_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address, **again).status_code == 200


# --- The carrier's label --------------------------------------------------------------------------------------------
@pytest.fixture
def label(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the carrier answers when it is asked for a label; the questions are put behind."""
    answers: list[Any] = [PDF]

    def fetch(self: Any, consignment: Any, reference: str, url: str) -> bytes:
        answers.append((consignment.key, reference, url))
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    monkeypatch.setattr(registry.carrier_class("simulator"), "label", fetch)
    return answers


def labelled(shop: Shop) -> Dispatch:
    return handed(shop, State.BOOKED, status=Status.ACCEPTED, label=vault.encrypt("https://x.example.com/l?t=1"))


def test_the_label_is_fetched_from_the_carrier(shop: Shop, label: list[Any]) -> None:
    dispatch = labelled(shop)
    address = f"/orders/{dispatch.order_id}/label/"
    assert address in said(shop, dispatch)
    answer = member(shop, Role.VIEWER).get(address)
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert label[1:] == [(dispatch.key, "MOV7", "https://x.example.com/l?t=1")]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(CarrierError("404: /l?token=TOPSECRET"), "404"), (b"<script>", "What it sent is no PDF.")],
)
def test_a_label_that_does_not_come_is_explained(shop: Shop, label: list[Any], answer: Any, sentence: str) -> None:
    dispatch = labelled(shop)
    label[0] = answer
    page = text(member(shop).get(f"/orders/{dispatch.order_id}/label/", follow=True))
    assert "The carrier&#x27;s label could not be fetched" in page
    assert sentence in page
    assert "TOPSECRET" not in page


def test_a_label_that_cannot_be_read_any_more_is_explained(shop: Shop, label: list[Any]) -> None:
    dispatch = labelled(shop)
    Dispatch.objects.update(label="sealed with another key")
    assert "could not be fetched" in text(member(shop).get(f"/orders/{dispatch.order_id}/label/", follow=True))


def test_no_label_of_strangers_and_none_where_there_is_none(shop: Shop, label: list[Any]) -> None:
    dispatch = labelled(shop)
    assert member(make_shop()).get(f"/orders/{dispatch.order_id}/label/").status_code == 404
    Dispatch.objects.update(label="")
    assert member(shop).get(f"/orders/{dispatch.order_id}/label/").status_code == 404
    assert "/label/" not in said(shop, dispatch)
