"""iDeliver answers otherwise than its document says: orders go on where the meaning is clear, and nothing is booked
twice where it is not."""

from typing import Any

import pytest

from integrations.carrier import Booking, CarrierError, Consignment
from integrations.ideliver.carrier import SIGNATURE
from integrations.signing import hex_signature
from orders.statuses import Mark, Status
from tests.drifting import Talk, callback, drifted
from tests.factories import Shop, make_order
from tests.integrations.ideliver.api import example

NUMBER = "6f1c2f4e-0000-4000-8000-000000000001"
CREATED: dict[str, Any] = example("created")
CREATED["order"] |= {"id": NUMBER, "source": "wasl", "external_order_id": "key-1"}
del CREATED["order"]["unified_json"]["standardized"]  # never read
NEWS = {
    "event": "order.status_updated",
    "event_id": "e-1",
    "delivery_id": "d-1",
    "occurred_at": "2026-05-01T14:00:00.000Z",
    "order": {"id": NUMBER, "external_order_id": "key-1", "unified_json": {"status": "in_transit_delayed"}},
    "rider": {"name": "Tunde Bello"},
}
TOKEN = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600}


def where(path: tuple[Any, ...], *names: str) -> bool:
    """Whether a change at `path` is one of these fields or around one."""
    return any(path == tuple(name.split("."))[: len(path)] for name in names)


@pytest.fixture
def talk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Talk:
    talk = Talk(shop, "ideliver", {"api_key": "ilv_test_x"}, monkeypatch)
    talk.answers = {("POST", "/auth/token"): (200, TOKEN), ("GET", NUMBER): (200, {"order": CREATED["order"]})}
    return talk


@pytest.fixture
def consignment(talk: Talk, shop: Shop) -> Consignment:
    return talk.prepared(make_order(shop))


@pytest.mark.parametrize("status", [200, 201])
def test_a_yes_stays_a_yes(talk: Talk, consignment: Consignment, status: int) -> None:
    clear = 0
    for path, body in drifted(CREATED):
        talk.answers["POST", "/orders"] = (status, body)
        outcome = talk.outcome("book", consignment)
        if where(path, "order.id"):
            assert isinstance(outcome, Booking) or outcome.unknown, (path, body)
            continue
        assert isinstance(outcome, Booking), (path, body)
        assert outcome.reference == NUMBER
        clear += 1
    assert clear > 200


def test_a_second_look_that_says_something_else_is_no_refusal(talk: Talk, consignment: Consignment) -> None:
    talk.answers["POST", "/orders"] = (200, CREATED)
    for path, body in drifted({"order": CREATED["order"]}):
        talk.answers["GET", NUMBER] = (200, body)
        outcome = talk.outcome("book", consignment)
        assert isinstance(outcome, Booking), (path, body)
        assert outcome.reference == NUMBER
    for status in (400, 404, 409, 429, 500):
        talk.answers["GET", NUMBER] = (status, {})
        assert talk.outcome("book", consignment).unknown
    talk.answers["GET", NUMBER] = (200, {"order": {"id": NUMBER, "unified_json": {"status": "Cancelled"}}})
    assert talk.outcome("book", consignment).burnt


def test_a_parcel_that_is_there_is_never_surely_not(talk: Talk, consignment: Consignment) -> None:
    found = 0
    for path, body in drifted({"orders": [CREATED["order"]], "next_cursor": None}):
        talk.answers["GET", "/orders"] = (200, body)
        outcome = talk.outcome("find", consignment)
        if isinstance(outcome, Booking):
            found += 1
        elif outcome is None:  # there are others only, or none, and it says so clearly
            rows = body["orders"]
            assert not any(row["external_order_id"] == "key-1" and row.get("source") == "wasl" for row in rows)
        else:
            assert outcome.unknown, (path, body)
    assert found > 200


def test_a_parcel_is_followed_and_cancelled(talk: Talk, consignment: Consignment) -> None:
    order = CREATED["order"] | {"unified_json": {"status": "picked_up"}}
    for path, body in drifted({"order": order}):
        talk.answers["GET", NUMBER] = talk.answers["POST", "/cancel"] = (200, body)
        outcome = talk.outcome("track", [(consignment, NUMBER)])
        assert not isinstance(outcome, CarrierError)
        reports = outcome.get(consignment.key, [])
        for report in reports:
            assert len(report.key) <= 128
            assert report.status in (Status.PICKED_UP, None)
            assert report.status or report.text
        if not where(path, "order.unified_json.status"):
            assert reports[0].status == Status.PICKED_UP, (path, body)
        outcome = talk.outcome("cancel", consignment, NUMBER)
        assert outcome is None or not outcome.permanent


def test_refusals_are_understood_or_kept_as_text(talk: Talk, consignment: Consignment) -> None:
    refusal = {
        "error": "validation_error",
        "message": "customer_phone is required",
        "details": {"field": "standardized.customer_phone"},
    }
    for _path, body in drifted(refusal):
        talk.answers["POST", "/orders"] = (400, body)
        outcome = talk.outcome("book", consignment)
        assert outcome.permanent
        assert outcome.path in ("dropoff.phone", None)
        assert str(outcome)


def test_log_ins_give_a_token_or_the_key_is_used(talk: Talk, consignment: Consignment) -> None:
    talk.answers["POST", "/orders"] = (201, CREATED)
    for _path, body in drifted(TOKEN):
        talk.answers["POST", "/auth/token"] = (200, body)
        talk.destination.account.access_token_ends_at = None
        talk.destination.account.save()
        outcome = talk.outcome("book", consignment)
        assert isinstance(outcome, Booking) or not (outcome.unknown or outcome.permanent), body
    for status in (400, 401, 403):
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
            assert where(path, "order.unified_json.status"), (path, body)
            continue
        understood += 1
        assert (heard.report.status, heard.report.mark) in ((Status.IN_TRANSIT, Mark.DELAYED), (None, ""))
        assert heard.report.status or heard.report.text
        assert len(heard.report.key) <= 128
        if not where(path, "order.id"):
            assert heard.reference == NUMBER
    assert understood > 100
