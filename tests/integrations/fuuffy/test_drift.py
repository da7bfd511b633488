"""Fuuffy answers otherwise than its document says: orders go on where the meaning is clear, and nothing is booked
twice where it is not."""

from typing import Any

import pytest

from integrations.carrier import Booking, CarrierError
from integrations.fuuffy.carrier import SIGNATURE
from integrations.signing import hex_signature
from orders.statuses import Status
from tests.drifting import Talk, callback, drifted
from tests.factories import Shop, make_order, make_shop
from tests.integrations.fuuffy.api import example

CREATED: dict[str, Any] = example("created")
NUMBER = CREATED["id"]
TOKEN = {"data": {"access_token": "sk-1", "token_type": "Bearer", "expires_in": 3600}}
NEWS = {
    "event": "order.failed_delivery",
    "timestamp": "2024-01-15T10:30:00Z",
    "data": {
        "order_id": NUMBER,
        "tracking_number": "FUF123456789",
        "status": "in_transit",
        "location": {"city": "New York", "state": "NY", "country": "US"},
        "description": "Nobody home",
        "estimated_delivery": "2024-01-18T17:00:00Z",
    },
}


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


@pytest.fixture
def talk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Talk:
    talk = Talk(shop, "fuuffy", {"client_id": "a", "client_secret": "b"}, monkeypatch)
    talk.answers = {("POST", "/auth/token"): (200, TOKEN)}
    return talk


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_yes_stays_a_yes(talk: Talk, shop: Shop, attempt: int) -> None:
    consignment = talk.prepared(make_order(shop), attempt=attempt)
    talk.answers["GET", NUMBER] = (200, CREATED)
    clear = 0
    for path, body in drifted(CREATED):
        talk.answers["POST", "/orders"] = (201, body)
        outcome = talk.outcome("book", consignment)
        if path == ("id",) or not path:
            assert isinstance(outcome, Booking) or outcome.unknown, (path, body)
        else:
            assert outcome == Booking(NUMBER), (path, body)
            clear += 1
    assert clear > 200


def test_a_second_look_that_says_something_else_is_no_refusal(talk: Talk, shop: Shop) -> None:
    consignment = talk.prepared(make_order(shop), attempt=2)
    talk.answers["POST", "/orders"] = (201, CREATED)
    for path, body in drifted(CREATED):
        talk.answers["GET", NUMBER] = (200, body)
        assert talk.outcome("book", consignment) == Booking(NUMBER), (path, body)
    for status in (400, 404, 409, 429, 500):
        talk.answers["GET", NUMBER] = (status, {})
        assert talk.outcome("book", consignment).unknown
    talk.answers["GET", NUMBER] = (200, CREATED | {"status": "cancelled"})
    assert talk.outcome("book", consignment).burnt


def test_a_parcel_is_followed_and_cancelled(talk: Talk, shop: Shop) -> None:
    consignment = talk.prepared(make_order(shop))
    for path, body in drifted(CREATED | {"status": "picked_up"}):
        talk.answers["GET", NUMBER] = talk.answers["POST", "/cancel"] = (200, body)
        outcome = talk.outcome("track", [(consignment, NUMBER)])
        assert not isinstance(outcome, CarrierError)
        for report in outcome.get(consignment.key, []):
            assert len(report.key) <= 128
            assert report.status in (Status.PICKED_UP, None)
            assert report.status or report.text
        if path and path[0] != "status":
            assert outcome[consignment.key][0].status == Status.PICKED_UP, (path, body)
        outcome = talk.outcome("cancel", consignment, NUMBER)
        assert outcome is None or not outcome.permanent


def test_refusals_are_understood_or_kept_as_text(talk: Talk, shop: Shop) -> None:
    consignment = talk.prepared(make_order(shop))
    for _path, body in drifted(example("error_400")):
        talk.answers["POST", "/orders"] = (400, body)
        outcome = talk.outcome("book", consignment)
        assert outcome.permanent
        assert outcome.path in ("pickup.phone", "parcel.weight_kg", None)
        assert str(outcome)


def test_log_ins_give_a_token_or_say_why(talk: Talk, shop: Shop) -> None:
    consignment = talk.prepared(make_order(shop))
    talk.answers["POST", "/orders"] = (201, CREATED)
    for _path, body in drifted(TOKEN):
        talk.answers["POST", "/auth/token"] = (200, body)
        talk.destination.account.access_token_ends_at = None
        talk.destination.account.save()
        outcome = talk.outcome("book", consignment)
        assert outcome == Booking(NUMBER) or not (outcome.unknown or outcome.permanent), body
    for status in (400, 401, 403, 404):
        talk.answers["POST", "/auth/token"] = (status, {"error": "no"})
        talk.destination.account.access_token_ends_at = None
        talk.destination.account.save()
        outcome = talk.outcome("book", consignment)
        assert outcome.credentials
        assert not outcome.unknown


def test_callbacks_are_understood_or_refused(talk: Talk) -> None:
    understood = 0
    for path, body in drifted(NEWS):
        try:
            [heard] = talk.carrier.read_callback(callback(body, hex_signature, SIGNATURE))
        except ValueError:
            assert path in ((), ("event",), ("data",))
            continue
        understood += 1
        assert heard.report.status in (Status.IN_TRANSIT, None)
        assert heard.report.status or heard.report.text
        assert len(heard.report.key) <= 128
        if path not in (("data",), ("data", "order_id")):
            assert heard.reference == NUMBER
    assert understood > 100
