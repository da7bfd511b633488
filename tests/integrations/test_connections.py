"""The pages on which carriers are connected, as a browser without JavaScript gets them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destinations import actions
from destinations.models import Destination, Environment, Role, Route
from integrations import accounts, dispatching, http, registry
from integrations.http import HttpError, Reply
from integrations.models import CarrierAccount, Drift, Lane
from tests.factories import DestinationFactory, MembershipFactory, Shop, make_order, make_shop

pytestmark = pytest.mark.django_db

SECRET = "mvx_test_0123456789abcdef"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def member(shop: Shop, role: Role = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=role).user)
    return client


@pytest.fixture
def client(shop: Shop) -> Client:
    return member(shop)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the carrier says, one after the other (a yes when there is nothing more); the calls are put behind."""
    said: list[Any] = []

    def send(method: str, url: str, **options: Any) -> Reply:
        assert len(connection.savepoint_ids) <= 1, "a transaction is open, beside the one of the test"
        answer = said.pop(0) if said else Reply(200, {}, b'{"destinations": []}')
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(http, "send", send)
    return said


def filled(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Other Wasl",
        "environment": "sandbox",
        "base_url": "https://other.example.com/muvx/v1",
        "credential_api_key": SECRET,
        "sources": [shop.source.pk],
        "settings": "{}",
    } | changes


def connect(client: Client, shop: Shop, **changes: Any) -> Any:
    return client.post("/destinations/connect/muvx/", filled(shop, **changes))


def connected(shop: Shop, **more: Any) -> Destination:
    return accounts.connect(
        shop.source, "muvx", base_url="https://other.example.com", credentials={"api_key": SECRET}, **more
    )


def text(response: Any) -> str:
    return response.content.decode()


def errors(response: Any) -> dict[str, list[str]]:
    return {name: list(texts) for name, texts in response.context["form"].errors.items()}


# --- Who sees what --------------------------------------------------------------------------------------------------
def test_everybody_may_look_and_managers_change(shop: Shop) -> None:
    destination = connected(shop)
    viewer = member(shop, Role.VIEWER)
    assert viewer.get("/destinations/").status_code == 200
    page = viewer.get(f"/destinations/{destination.pk}/")
    assert page.status_code == 200
    assert "<form" not in text(page).partition("<main")[2]
    for address in ("connect/", "connect/muvx/", f"{destination.pk}/edit/"):
        assert viewer.get(f"/destinations/{address}").status_code == 403
    for address in ("check", "switch", "route", "drift/1"):
        assert viewer.post(f"/destinations/{destination.pk}/{address}").status_code == 403


def test_another_merchants_destinations_do_not_exist(client: Client) -> None:
    stranger = make_shop()
    foreign = connected(stranger, name="Theirs")
    [drift] = [Drift.objects.create(destination=foreign, call="GET /", path="x", change="added", **moments())]
    assert "Theirs" not in text(client.get("/destinations/"))
    for address in ("", "edit/"):
        assert client.get(f"/destinations/{foreign.pk}/{address}").status_code == 404
    for address in ("edit/", "check", "switch", "route", f"drift/{drift.pk}"):
        assert client.post(f"/destinations/{foreign.pk}/{address}", {"source": 1}).status_code == 404
    drift.refresh_from_db()
    assert drift.settled_at is None


def test_another_merchants_sources_and_destinations_cannot_be_chosen(shop: Shop, client: Client) -> None:
    stranger = make_shop()
    assert "sources" in errors(connect(client, shop, sources=[stranger.source.pk]))
    assert "fallback" in errors(connect(client, shop, fallback=stranger.destination.pk))
    answer = client.post(f"/destinations/{shop.destination.pk}/route", {"source": stranger.source.pk, "do": "add"})
    assert answer.status_code == 404
    assert not stranger.source.routes.filter(destination=shop.destination).exists()


def moments() -> dict[str, Any]:
    now = timezone.now()
    return {"first_at": now, "last_at": now}


# --- The list -------------------------------------------------------------------------------------------------------
def test_the_list_says_how_it_goes_with_each(shop: Shop, client: Client) -> None:
    destination = connected(shop, name="Far away", default=True)
    now = timezone.now()
    Lane.objects.create(destination=destination, failures=5, closed_at=now, open_at=now, reason="no route to host")
    Drift.objects.create(destination=destination, call="GET /", path="eta", change="added", **moments())
    first, second = make_order(shop), make_order(shop, "SHOP-2")
    for order in (first, second):
        dispatching.plan(order)
    page = text(client.get("/destinations/"))
    for sentence in ("Paused since", "no route to host", "1 change in its answers", "Shop", "not tested yet"):
        assert sentence in page
    [condition] = [one for one in client.get("/destinations/").context["conditions"] if one.destination == destination]
    assert condition.waiting == 2
    assert [source.name for source in condition.defaults] == ["Shop"]


def test_the_list_takes_as_many_queries_for_20_destinations_as_for_2(shop: Shop, client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/destinations/").status_code == 200
        return len(asked)

    connected(shop)
    few = queries()
    for number in range(20):
        destination = connected(shop, name=f"Number {number}")
        Lane.objects.create(destination=destination)
        Drift.objects.create(destination=destination, call="GET /", path="x", change="added", **moments())
    assert queries() == few
    assert few <= 10


def test_a_destination_of_an_unknown_provider_is_shown(shop: Shop, client: Client) -> None:
    destination = DestinationFactory(merchant=shop.merchant, provider="gone")
    assert "Unknown provider" in text(client.get("/destinations/"))
    assert client.get(f"/destinations/{destination.pk}/").status_code == 200
    assert client.get(f"/destinations/{destination.pk}/edit/").status_code == 404
    assert client.post(f"/destinations/{destination.pk}/check").status_code == 404


# --- Connecting -----------------------------------------------------------------------------------------------------
def test_every_provider_has_its_form(shop: Shop, client: Client) -> None:
    chosen = text(client.get("/destinations/connect/"))
    for room in registry.CARRIERS.values():
        assert room.label in chosen
        page = client.get(f"/destinations/connect/{room.name}/")
        secrets = [field.name for field in page.context["form"].secrets()]
        assert secrets == [f"credential_{name}" for name in room.credentials]
        assert ("callback_secret" in page.context["form"].fields) == bool(room.callback)
    assert client.get("/destinations/connect/nobody/").status_code == 404


def test_a_carrier_is_connected_and_tried(shop: Shop, client: Client, answers: list[Any]) -> None:
    other = actions.create_source(shop.merchant, "Branch", [])
    data = {"sources": [shop.source.pk, other.pk], "defaults": [shop.source.pk], "poll_seconds": "20"}
    answer = connect(client, shop, **data, fallback=shop.other.pk, callback_secret="shared")
    destination = Destination.objects.get(name="Other Wasl")
    assert answer.status_code == 302
    assert answer.url == f"/destinations/{destination.pk}/"
    account = destination.account
    assert accounts.address(account) == "https://other.example.com/muvx"
    assert accounts.credentials(account) == {"api_key": SECRET}
    assert accounts.callback_secret(account) == "shared"
    assert (account.poll_seconds, destination.fallback) == (20, shop.other)
    routes = {route.source.name: route.is_default for route in Route.objects.filter(destination=destination)}
    assert routes == {"Shop": True, "Branch": True}  # the first of a source is its default in any case
    assert account.checked_at
    assert not account.check_error
    assert "The test went well: 0 destinations" in text(client.get(answer.url))


def test_it_is_saved_when_the_test_fails_too(shop: Shop, client: Client, answers: list[Any]) -> None:
    answers.append(Reply(401, {}, b'{"error": "unauthorized"}'))
    answer = connect(client, shop)
    page = text(client.get(answer.url))
    assert "The test did not go well: It does not accept our credentials" in page
    assert CarrierAccount.objects.get(destination__name="Other Wasl").check_error
    assert "The test failed" in page


def test_what_is_wrong_is_said_beside_its_field_and_no_secret_comes_back(shop: Shop, client: Client) -> None:
    for changes, field in (
        ({"name": ""}, "name"),
        ({"environment": "moon"}, "environment"),
        ({"base_url": "other.example.com"}, "base_url"),
        ({"base_url": "http://["}, "base_url"),
        ({"base_url": "https://me:pass@other.example.com"}, "base_url"),
        ({"base_url": ""}, "base_url"),  # the vendor has no sandbox
        ({"base_url": "https://core.muvx.ai/v1"}, "base_url"),  # real couriers for what is only tried out
        ({"credential_api_key": ""}, "credential_api_key"),
        ({"sources": []}, "sources"),
        ({"poll_seconds": "0"}, "poll_seconds"),
        ({"settings": "{"}, "settings"),
        ({"settings": "[]"}, "settings"),
        ({"settings": '{"currency": "\\u0000"}'}, "settings"),
        ({"settings": '{"currency": NaN}'}, "settings"),
        ({"settings": '{"colour": "red"}'}, "settings"),
    ):
        answer = connect(client, shop, **changes)
        assert list(errors(answer)) == [field], changes
        assert SECRET not in text(answer)
    assert not Destination.objects.filter(provider="muvx").exists()


def test_a_default_must_be_among_the_sources(shop: Shop, client: Client) -> None:
    other = actions.create_source(shop.merchant, "Branch", [])
    assert "defaults" in errors(connect(client, shop, defaults=[other.pk]))


def test_the_vendors_own_address_follows_the_environment(shop: Shop, client: Client, answers: list[Any]) -> None:
    page = text(client.get("/destinations/connect/muvx/"))
    assert 'value="https://core.muvx.ai"' in page
    connect(client, shop, environment="production", base_url="https://core.muvx.ai/v1/")
    account = CarrierAccount.objects.get(destination__name="Other Wasl")
    assert account.base_url == ""
    assert accounts.address(account) == "https://core.muvx.ai"


def test_a_carrier_without_credentials_is_connected_too(shop: Shop, client: Client) -> None:
    data = {"name": "Second simulator", "environment": "sandbox", "sources": [shop.source.pk]}
    answer = client.post("/destinations/connect/simulator/", data | {"settings": '{"scenario": "dance"}'})
    assert list(errors(answer)) == ["settings"]
    client.post("/destinations/connect/simulator/", data | {"settings": '{"pace": 1}'})
    assert Destination.objects.get(name="Second simulator").settings == {"pace": 1}


# --- Changing -------------------------------------------------------------------------------------------------------
def edited(client: Client, destination: Destination, **changes: Any) -> Any:
    data = {"name": "Other Wasl", "environment": "sandbox", "base_url": "https://other.example.com", "settings": "{}"}
    return client.post(f"/destinations/{destination.pk}/edit/", data | changes)


def test_secrets_stay_as_they_were_unless_new_ones_are_entered(shop: Shop, client: Client, answers: list[Any]) -> None:
    destination = connected(shop, callback_secret="shared")
    page = text(client.get(f"/destinations/{destination.pk}/edit/"))
    assert SECRET not in page
    assert "shared" not in page
    assert page.count("Leave it empty to keep the one that is stored.") == 2
    assert edited(client, destination, poll_seconds="7").status_code == 302
    account = CarrierAccount.objects.get(destination=destination)
    assert accounts.credentials(account) == {"api_key": SECRET}
    assert accounts.callback_secret(account) == "shared"
    assert (account.base_url, account.poll_seconds) == ("https://other.example.com", 7)
    edited(client, destination, credential_api_key="another", forget_callback_secret="on")
    account.refresh_from_db()
    assert accounts.credentials(account) == {"api_key": "another"}
    assert not account.callback_secret


def test_what_is_stored_is_sent_to_no_other_address(shop: Shop, client: Client) -> None:
    destination = connected(shop)
    answer = edited(client, destination, base_url="https://evil.example.com")
    assert list(errors(answer)) == ["base_url"]
    assert accounts.address(CarrierAccount.objects.get(destination=destination)) == "https://other.example.com"
    moved = edited(client, destination, base_url="https://new.example.com", credential_api_key="another")
    assert moved.status_code == 302
    assert accounts.address(CarrierAccount.objects.get(destination=destination)) == "https://new.example.com"


def test_changed_credentials_open_the_lane(shop: Shop, client: Client, answers: list[Any]) -> None:
    destination = connected(shop)
    Lane.objects.create(destination=destination, failures=5, closed_at=timezone.now())
    edited(client, destination)
    assert Lane.objects.get(destination=destination).closed_at is None


def test_no_circles_of_destinations_to_try(shop: Shop, client: Client) -> None:
    first, second, third = (connected(shop, name=name) for name in "ABC")
    first.fallback, second.fallback = second, third
    first.save()
    second.save()
    for destination in (second, third):
        answer = edited(client, destination, fallback=first.pk)
        assert list(errors(answer)) == ["fallback"]
        assert "circle" in text(answer)
    assert list(errors(edited(client, first, fallback=first.pk))) == ["fallback"]


def test_what_is_only_tried_out_does_not_go_on_to_production(shop: Shop, client: Client) -> None:
    sandbox = connected(shop)
    production = connected(shop, name="Real", environment=Environment.PRODUCTION)
    assert list(errors(edited(client, sandbox, fallback=production.pk))) == ["fallback"]
    other = connected(shop, name="Second")
    other.fallback = sandbox
    other.save()
    assert list(errors(edited(client, sandbox, environment="production"))) == ["environment"]


# --- Switched, routed, tested ---------------------------------------------------------------------------------------
def test_a_default_destination_stays_active(shop: Shop, client: Client) -> None:
    answer = client.post(f"/destinations/{shop.destination.pk}/switch", {"active": ""}, follow=True)
    assert "It is the default destination of Shop: make another one the default first." in text(answer)
    client.post(f"/destinations/{shop.other.pk}/switch", {"active": ""})
    shop.other.refresh_from_db()
    assert not shop.other.is_active
    answer = client.post(
        f"/destinations/{shop.other.pk}/route", {"source": shop.source.pk, "do": "default"}, follow=True
    )
    assert "activate it first" in text(answer)
    client.post(f"/destinations/{shop.other.pk}/switch", {"active": "1"})
    shop.other.refresh_from_db()
    assert shop.other.is_active


def test_sources_are_added_taken_off_and_given_a_default(shop: Shop, client: Client) -> None:
    destination = connected(shop)
    address = f"/destinations/{destination.pk}/route"

    def do(what: str) -> list[tuple[int, bool]]:
        answer = client.post(address, {"source": shop.source.pk, "do": what}, follow=True)
        assert answer.status_code == 200
        routes = Route.objects.filter(source=shop.source, destination=destination)
        return [(route.destination_id, route.is_default) for route in routes]

    assert do("remove") == []
    assert do("default") == []
    assert do("add") == do("add") == [(destination.pk, False)]
    assert do("default") == [(destination.pk, True)]
    assert do("remove") == [(destination.pk, True)]  # refused: orders would have nowhere to go
    for wrong in ("", "x", "²", "9" * 30, "999999"):
        assert client.post(address, {"source": wrong, "do": "add"}).status_code == 404


def test_test_connection_says_what_it_found(shop: Shop, client: Client, answers: list[Any]) -> None:
    destination = connected(shop)
    answers.append(HttpError("it could not be asked: /x?token=TOPSECRET", sent=False))
    page = text(client.post(f"/destinations/{destination.pk}/check", follow=True))
    assert "The test did not go well" in page
    assert "TOPSECRET" not in page
    answers.append(ZeroDivisionError("a defect"))
    page = text(client.post(f"/destinations/{destination.pk}/check", follow=True))
    assert "The test did not go well: ZeroDivisionError" in page
    page = text(client.post(f"/destinations/{destination.pk}/check", follow=True))
    assert "The test went well: 0 destinations" in page


def test_the_callback_address_is_shown_with_what_the_other_side_must_set(shop: Shop, client: Client) -> None:
    destination = connected(shop)
    page = text(client.get(f"/destinations/{destination.pk}/"))
    assert f"/callbacks/{destination.account.callback_token}" in page
    assert "No webhook secret is stored" in page
    accounts.save(destination, callback_secret="shared")
    page = text(client.get(f"/destinations/{destination.pk}/"))
    assert "A webhook secret is stored." in page
    assert "shared" not in page
    assert "/callbacks/" not in text(client.get(f"/destinations/{shop.destination.pk}/"))


def test_a_carriers_own_pages_are_linked(shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = (("integrations:edit_destination", "Its table of words"),)
    monkeypatch.setattr(registry.carrier_class("simulator"), "pages", pages, raising=False)
    address = f"/destinations/{shop.destination.pk}/"
    assert f'<a href="{address}edit/">Its table of words</a>' in text(client.get(address))


# --- Changes in a carrier's answers ---------------------------------------------------------------------------------
def test_changes_in_answers_are_shown_until_somebody_has_looked(shop: Shop, client: Client) -> None:
    destination = connected(shop)
    drift = Drift.objects.create(
        destination=destination, call="GET /v1/orders/{id}/status", path="eta", change="added", detail="“12:00”",
        body='{"eta": "12:00"}', times=3, **moments(),
    )  # fmt: skip
    page = text(client.get(f"/destinations/{destination.pk}/"))
    for sentence in ("eta</bdi> is new", "seen 3 times", "GET /v1/orders/{id}/status", "12:00"):
        assert sentence in page
    assert re.search(r"Destinations\s*<span class=\"badge tone-amber\">1<", page)
    client.post(f"/destinations/{destination.pk}/drift/{drift.pk}")
    drift.refresh_from_db()
    assert drift.settled_at
    page = text(client.get(f"/destinations/{destination.pk}/"))
    assert "Looked into before" in page
    assert "badge tone-amber" not in page
    assert client.post(f"/destinations/{shop.destination.pk}/drift/{drift.pk}").status_code == 404


# --- Anything may arrive --------------------------------------------------------------------------------------------
_NAMES = ["name", "environment", "base_url", "credential_api_key", "sources",
          "defaults", "fallback", "poll_seconds", "callback_secret", "settings"]  # fmt: skip
_ODD = ["1", "0", "-1", "9" * 30, "{}", "[" * 9000, '{"currency": "KWD"}', "https://a.b", "http://[", "http://a.b:99999",
        "https://\u2100.example.com", "\x00", "1e999", "\u0663"]  # fmt: skip
_VALUES = st.text(max_size=30) | st.sampled_from(_ODD)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5))
def test_whatever_is_written_is_answered(shop: Shop, client: Client, answers: list[Any], changes: dict) -> None:
    data = {name: value.encode(errors="ignore").decode() for name, value in changes.items()}
    assert connect(client, shop, **data).status_code in (200, 302)
