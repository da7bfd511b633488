"""The way out: which addresses are called, how fast, with which secrets; and what an answer that drifts does."""

import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations import accounts, dispatching, drift, http, lanes, vault
from integrations.carrier import CarrierError
from integrations.http import HttpError
from integrations.models import CarrierAccount, Dispatch, Drift
from integrations.throttle import reserve
from orders.statuses import Status
from tests.clockwork import later, work
from tests.factories import Shop, make_order, make_shop
from tests.handovers import fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def loopback(settings: Settings) -> None:
    settings.ALLOW_LOOPBACK = True


@pytest.fixture
def carrier(httpserver: HTTPServer, loopback: None) -> HTTPServer:
    """Somebody who answers like Muvx, as far as a test has said."""
    httpserver.expect_request("/v1/destinations").respond_with_json({"success": True, "destinations": []})
    return httpserver


@pytest.fixture
def shop(carrier: HTTPServer) -> Shop:
    shop = make_shop()
    shop.destination = accounts.connect(
        shop.source, "muvx", base_url=carrier.url_for(""), credentials={"api_key": "s3cret-key"}, default=True
    )
    return shop


# --- Addresses ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0:9/",
        "http://2130706433:9/",
        "http://100.64.0.1/",
    ],
)
def test_private_addresses_are_not_called(url: str) -> None:
    with pytest.raises(HttpError, match=r"WASL_ALLOW_LOOPBACK=1|could not be asked") as caught:
        http.send("GET", url, timeout=2)
    assert not caught.value.sent


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://169.254.169.254/"])
def test_loopback_may_be_allowed_and_nothing_else(url: str, loopback: None) -> None:
    with pytest.raises(HttpError, match="not a public address"):
        http.send("GET", url, timeout=2)


def test_redirects_are_not_followed(carrier: HTTPServer) -> None:
    carrier.expect_request("/away").respond_with_data("", 302, {"Location": "http://169.254.169.254/"})
    assert http.send("GET", carrier.url_for("/away")).status == 302


def test_an_endless_answer_ends(carrier: HTTPServer) -> None:
    carrier.expect_request("/much").respond_with_data(b"x" * 2_000)
    with pytest.raises(HttpError, match="too large"):
        http.send("GET", carrier.url_for("/much"), max_answer=1_000)


def test_whether_a_request_was_sent_is_known(carrier: HTTPServer) -> None:
    port = carrier.port
    with pytest.raises(HttpError) as refused:
        http.send("POST", "http://127.0.0.1:9/", body=b"{}", timeout=2)
    assert not refused.value.sent

    def slow(request: Request) -> Response:
        time.sleep(1.5)
        return Response("{}")

    carrier.expect_request("/slow").respond_with_handler(slow)
    with pytest.raises(HttpError) as late:
        http.send("POST", f"http://127.0.0.1:{port}/slow", body=b"{}", timeout=0.5)
    assert late.value.sent


@pytest.mark.parametrize("url", ["nonsense", "ftp://x.example/", "http:///", "http://host:99999/", "http://a b/"])
def test_nonsense_is_an_error_and_nothing_is_sent(url: str) -> None:
    with pytest.raises(HttpError) as caught:
        http.send("GET", url, timeout=2)
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://one.example/muvx", "http://one.example/muvx"),
        ("http://one.example/muvx/", "http://one.example/muvx"),
        ("https://core.muvx.ai/v1", "https://core.muvx.ai"),
        ("https://core.muvx.ai/v1/", "https://core.muvx.ai"),
    ],
)
def test_however_much_of_the_address_is_given(given: str, kept: str) -> None:
    assert accounts.clean_base_url("muvx", given) == kept


@pytest.mark.parametrize("url", ["one.example", "ftp://x", "http://user:pass@one.example", "http://x/?a=b", "http://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValidationError):
        accounts.clean_base_url("muvx", url)


# --- Secrets --------------------------------------------------------------------------------------------------------
def test_secrets_are_rotated(shop: Shop, settings: Settings) -> None:
    accounts.save(shop.destination, callback_secret="shared")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, as long as such a key should be ........."
    with pytest.raises(CarrierError):
        accounts.credentials(CarrierAccount.objects.get())
    with pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        call_command("rotate_secrets")
    settings.SECRET_KEY_FALLBACKS = [old]
    out = StringIO()
    call_command("rotate_secrets", stdout=out)
    assert "2 secrets" in out.getvalue()
    settings.SECRET_KEY_FALLBACKS = []
    account = CarrierAccount.objects.get()
    assert accounts.credentials(account) == {"api_key": "s3cret-key"}
    assert accounts.callback_secret(account) == "shared"


def test_secrets_that_cannot_be_read_are_a_matter_of_credentials(shop: Shop, settings: Settings) -> None:
    settings.SECRET_KEY = "another key, as long as such a key should be ........."
    order = make_order(shop)
    work()
    order, dispatch = fresh(order)
    assert dispatch.state == Dispatch.State.PLANNED
    assert "Enter the credentials again" in dispatch.last_error


@pytest.mark.parametrize("given", [{}, {"api_key": ""}, {"api_key": 5}, {"key": "x"}, {"api_key": "x", "y": "z"}, []])
def test_exactly_the_credentials_that_are_needed(given: Any) -> None:
    with pytest.raises(ValidationError):
        accounts.clean_credentials("muvx", given)


def test_a_token_is_kept_for_all_processes_and_renewed_once(shop: Shop) -> None:
    account = CarrierAccount.objects.get()
    made: list[str] = []

    def log_in() -> tuple[str, timedelta]:
        made.append(f"token-{len(made)}")
        return made[-1], timedelta(hours=1)

    assert accounts.access_token(account, log_in) == "token-0"
    assert accounts.access_token(CarrierAccount.objects.get(), log_in) == "token-0"
    assert accounts.access_token(account, log_in, refused="token-0") == "token-1"
    # Another process comes with the token that had been refused: somebody has renewed it already.
    assert accounts.access_token(CarrierAccount.objects.get(), log_in, refused="token-0") == "token-1"
    assert len(made) == 2
    assert "token" not in CarrierAccount.objects.get().access_token
    assert vault.decrypt(CarrierAccount.objects.get().access_token) == "token-1"


# --- Pace -----------------------------------------------------------------------------------------------------------
def test_no_window_has_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    went, clock = [], [0.0]
    start = datetime.now(UTC)

    def now() -> datetime:
        return start + timedelta(seconds=clock[0])

    monkeypatch.setattr("integrations.throttle.timezone.now", now)
    while clock[0] < 120:
        if not reserve("vendor", 60, 30):
            went.append(clock[0])
        clock[0] += 0.05
    for moment in went:
        assert sum(moment <= other < moment + 30 for other in went) <= 60
    assert len(went) > 150  # and it is not wasted


def test_what_is_in_no_hurry_leaves_the_burst_to_bookings(shop: Shop) -> None:
    lanes.pace(shop.destination, 60, 30, hurry=False)
    with pytest.raises(CarrierError, match="limit of 60 calls"):
        lanes.pace(shop.destination, 60, 30, hurry=False)
    lanes.pace(shop.destination, 60, 30)


# --- Drift ----------------------------------------------------------------------------------------------------------
def answer(**changes: Any) -> dict[str, Any]:
    sample = {
        "success": True,
        "id": "MOV1",
        "status": "created",
        "tracking_url": "https://x.example/t",
        "status_url": "https://x.example/s",
    }
    return {name: value for name, value in (sample | changes).items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "path", "change"),
    [
        ({"status_url": ...}, "status_url", "missing"),
        ({"eta": "soon"}, "eta", "added"),
        ({"tracking_url": 5}, "tracking_url", "retyped"),
        ({"tracking_url": None}, "tracking_url", "nulled"),
        ({"status": "shiny"}, "status", "unknown"),
    ],
)
def test_what_changes_is_noted_and_the_order_goes_on(
    shop: Shop, carrier: HTTPServer, changes: dict[str, Any], path: str, change: str
) -> None:
    carrier.expect_request("/v1/orders", method="POST").respond_with_json(answer(**changes))
    order = make_order(shop)
    work()
    assert fresh(order)[0].status == Status.ACCEPTED
    [found] = Drift.objects.all()
    assert (found.destination, found.call, found.path, found.change) == (
        shop.destination,
        "POST /v1/orders",
        path,
        change,
    )
    assert "MOV1" in found.body
    work()
    make_order(shop, "SHOP-2")
    work()
    [again] = Drift.objects.all()
    assert again.times == 2


def test_an_answer_as_documented_is_no_drift(shop: Shop, carrier: HTTPServer) -> None:
    carrier.expect_request("/v1/orders", method="POST").respond_with_json(answer())
    make_order(shop)
    work()
    assert not Drift.objects.exists()


def test_a_yes_without_an_id_is_looked_up(shop: Shop, carrier: HTTPServer) -> None:
    carrier.expect_ordered_request("/v1/orders", method="POST").respond_with_json(answer(id=...))
    carrier.expect_ordered_request("/v1/orders", method="POST").respond_with_json(answer())
    carrier.expect_ordered_request("/v1/orders/MOV1/status").respond_with_json(
        {
            "success": True,
            "id": "MOV1",
            "integration_order_id": "x",
            "status": "created",
            "last_updated": "2025-07-16T09:42:00Z",
        }
    )
    order = make_order(shop)
    work()
    assert fresh(order)[1].state == Dispatch.State.UNKNOWN
    later(10)
    dispatching.sweep()
    work()
    assert fresh(order)[1].reference == "MOV1"


def test_differences_have_no_end_of_their_own() -> None:
    found = drift.differences("muvx", "GET", "/v1/destinations", 200, {"destinations": [{"id": 1}] * 500})
    assert 0 < len(found) <= 40


# --- The command ----------------------------------------------------------------------------------------------------
def test_the_command_connects_and_tries(carrier: HTTPServer) -> None:
    shop = make_shop()
    out = StringIO()
    call_command(
        "destination",
        source=shop.source.pk,
        provider="muvx",
        base_url=carrier.url_for("/"),
        credentials='{"api_key": "s3cret-key"}',
        default=True,
        poll_seconds=2,
        json=True,
        stdout=out,
    )
    made = json.loads(out.getvalue())
    assert made["connection"] == {"ok": True, "message": "0 destinations"}
    assert made["is_default"] is True
    assert (made["environment"], made["provider"]) == ("sandbox", "muvx")
    assert "s3cret-key" not in out.getvalue()
    account = CarrierAccount.objects.get(destination__public_id=made["id"])
    assert account.poll_seconds == 2
    assert made["callback_url"].endswith(account.callback_token)
    assert shop.source.routes.get(is_default=True).destination.public_id == made["id"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": 999_999}, "no source"),
        ({"provider": "nobody"}, "--provider"),
        ({"credentials": "{"}, "not JSON"),
        ({"credentials": "{}"}, "--credentials"),
        ({"base_url": "here"}, "--base-url"),
        ({"poll_seconds": 0}, "--poll-seconds"),
        ({"fallback": "x" * 32}, "--fallback"),
        ({"choices": '{"colour": "red"}'}, "--settings"),
    ],
)
def test_the_command_says_what_is_wrong(carrier: HTTPServer, changes: dict[str, Any], words: str) -> None:
    shop = make_shop()
    given = {
        "source": shop.source.pk,
        "provider": "muvx",
        "base_url": carrier.url_for("/"),
        "credentials": '{"api_key": "k"}',
    }
    with pytest.raises(CommandError, match=words):
        call_command("destination", **(given | changes))
    assert shop.source.routes.count() == 2


def test_a_carrier_that_does_not_answer_is_connected_all_the_same(loopback: None) -> None:
    shop = make_shop()
    out = StringIO()
    call_command(
        "destination",
        source=shop.source.pk,
        provider="muvx",
        base_url="http://127.0.0.1:9",
        credentials='{"api_key": "k"}',
        json=True,
        stdout=out,
    )
    assert json.loads(out.getvalue())["connection"]["ok"] is False
