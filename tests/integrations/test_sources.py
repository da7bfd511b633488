"""The pages of sources and their keys."""

import logging
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destinations.models import Role, Source
from integrations import keys, registry
from integrations.models import ApiKey
from tests.factories import Shop, make_shop
from tests.integrations.test_connections import errors, member, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def client(shop: Shop) -> Client:
    return member(shop)


def issue(client: Client, shop: Shop, **changes: Any) -> Any:
    data = {"source": shop.source.pk, "dialect": "muvx", "reach": "test", "name": "Till"} | changes
    return client.post("/keys/new/", data)


# --- Who sees what --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.FINANCE, Role.VIEWER])
def test_only_managers_see_keys_and_sources(shop: Shop, role: Role) -> None:
    other = member(shop, role)
    for address in ("/keys/", "/keys/new/", "/sources/new/", f"/sources/{shop.source.pk}/"):
        assert other.get(address).status_code == 403
    assert other.post(f"/keys/{shop.key.pk}/revoke").status_code == 403
    assert "/keys/" not in text(other.get("/orders/"))


def test_another_merchants_keys_and_sources_do_not_exist(client: Client) -> None:
    stranger = make_shop()
    assert stranger.key.prefix not in text(client.get("/keys/"))
    assert client.post(f"/keys/{stranger.key.pk}/revoke").status_code == 404
    assert client.get(f"/sources/{stranger.source.pk}/").status_code == 404
    assert client.post(f"/sources/{stranger.source.pk}/", {"name": "Mine"}).status_code == 404
    assert "source" in errors(issue(client, stranger))
    stranger.key.refresh_from_db()
    assert stranger.key.revoked_at is None


# --- Keys -----------------------------------------------------------------------------------------------------------
def test_a_key_is_shown_once_and_kept_nowhere(shop: Shop, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = issue(client, shop)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    [(label, secret)] = answer.context["secrets"]
    assert label == "API key"
    assert secret in text(answer)
    assert "/muvx</code>" in text(answer)
    found = keys.look_up(secret, "muvx")
    assert found is not None
    assert (found.source, found.name, found.is_test) == (shop.source, "Till", True)
    assert found.created_by is not None
    page = text(client.get("/keys/"))
    assert found.prefix in page
    assert secret not in page
    kept = [str(row) for row in ApiKey.objects.values()] + [str(one.get_decoded()) for one in Session.objects.all()]
    assert not any(secret in one for one in [*kept, str(client.cookies), caplog.text])


@pytest.mark.parametrize("room", registry.DIALECTS.values(), ids=lambda room: room.name)
@pytest.mark.parametrize("reach", ["test", "live"])
def test_a_key_of_every_dialect_and_kind(shop: Shop, client: Client, room: registry.Room, reach: str) -> None:
    for kind in room.kinds:
        answer = issue(client, shop, dialect="/".join(filter(None, (room.name, kind))), reach=reach)
        found = keys.look_up(answer.context["secrets"][-1][1], room.name)
        assert found is not None
        assert (found.kind, found.is_test) == (kind, reach == "test")
        if room.credential == "client":
            assert [label for label, _ in answer.context["secrets"]] == ["Client id", "Client secret"]


def test_a_key_may_be_limited_to_what_its_dialect_knows(shop: Shop, client: Client) -> None:
    for room in registry.DIALECTS.values():
        if room.scopes:
            issue(client, shop, dialect=room.name, **{f"scopes_{room.name}": list(room.scopes[:2])})
            assert ApiKey.objects.latest("pk").scopes == list(room.scopes[:2])
            assert f"scopes_{room.name}" in errors(issue(client, shop, **{f"scopes_{room.name}": ["everything"]}))
            issue(client, shop, dialect="muvx", **{f"scopes_{room.name}": list(room.scopes[:2])})
            assert ApiKey.objects.latest("pk").scopes == []


def test_a_wrong_key_is_explained(shop: Shop, client: Client) -> None:
    for changes, field in (
        ({"source": ""}, "source"),
        ({"source": "x"}, "source"),
        ({"dialect": "simulator"}, "dialect"),
        ({"dialect": "muvx/user"}, "dialect"),
        ({"reach": "both"}, "reach"),
        ({"name": "\x00"}, "name"),
    ):
        assert list(errors(issue(client, shop, **changes))) == [field]
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_stops_and_is_still_listed(shop: Shop, client: Client) -> None:
    assert client.post(f"/keys/{shop.key.pk}/revoke").status_code == 302
    assert keys.look_up(shop.secret, "muvx") is None
    page = text(client.get("/keys/"))
    assert "Revoked keys" in page
    assert shop.key.prefix in page


def test_the_list_takes_as_many_queries_for_many_keys(shop: Shop, client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/keys/").status_code == 200
        return len(asked)

    keys.revoke(keys.issue(shop.source, "muvx", is_test=True)[0])
    few = queries()
    for number in range(5):
        source = Source.objects.create(merchant=shop.merchant, name=f"Branch {number}")
        for _ in range(4):
            keys.issue(source, "muvx", is_test=True)
            keys.revoke(keys.issue(source, "muvx", is_test=True)[0])
    assert queries() == few


# --- Sources --------------------------------------------------------------------------------------------------------
def test_a_source_is_added_with_where_it_may_send(shop: Shop, client: Client) -> None:
    data = {
        "name": "Branch", "hold": "on", "pickup_name": "Back door", "pickup_phone": "+965 5000 0000",
        "pickup_address": "Salmiya", "pickup_lat": "29.3", "pickup_lng": "48.1",
        "default": shop.other.pk, "others": [shop.destination.pk, shop.other.pk],
    }  # fmt: skip
    assert client.post("/sources/new/", data).status_code == 302
    source = Source.objects.get(name="Branch")
    assert (source.merchant, source.hold, source.pickup_lat) == (shop.merchant, True, 29.3)
    assert [(route.destination, route.is_default) for route in source.routes.all()] == [
        (shop.other, True),
        (shop.destination, False),
    ]
    assert "Branch" in text(client.get("/keys/"))


def test_a_source_without_destinations_says_so(shop: Shop, client: Client) -> None:
    assert client.post("/sources/new/", {"name": "Branch"}).status_code == 302
    assert "It has no destination" in text(client.get("/keys/"))


def test_a_source_is_changed(shop: Shop, client: Client) -> None:
    shop.source.settings = {"modon_create_reply": "object", "kept": "this"}
    shop.source.save()
    address = f"/sources/{shop.source.pk}/"
    assert client.post(address, {"name": "Shop 2", "setting_modon_create_reply": "array"}).status_code == 302
    shop.source.refresh_from_db()
    assert (shop.source.name, shop.source.is_active, shop.source.settings) == ("Shop 2", False, {"kept": "this"})
    client.post(address, {"name": "Shop 2", "is_active": "on", "setting_modon_create_reply": "object"})
    shop.source.refresh_from_db()
    assert shop.source.is_active
    assert shop.source.settings["modon_create_reply"] == "object"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"pickup_lat": "29"}, "pickup_lng"),
        ({"pickup_lat": "91", "pickup_lng": "1"}, "pickup_lat"),
        ({"pickup_lat": "nan", "pickup_lng": "1"}, "pickup_lat"),
        ({"setting_modon_create_reply": "xml"}, "setting_modon_create_reply"),
        ({"default": "999"}, "default"),
    ],
)
def test_a_wrong_source_is_explained(client: Client, wrong: dict[str, str], field: str) -> None:
    assert field in errors(client.post("/sources/new/", {"name": "Branch"} | wrong))
    assert not Source.objects.filter(name="Branch").exists()


def test_other_destinations_need_a_default(shop: Shop, client: Client) -> None:
    answer = client.post("/sources/new/", {"name": "Branch", "others": [shop.other.pk]})
    assert list(errors(answer)) == ["default"]


# --- Anything may arrive --------------------------------------------------------------------------------------------
_FIELDS = [
    "source", "dialect", "reach", "name", "scopes_ideliver", "hold", "pickup_name", "pickup_lat", "pickup_lng",
    "default", "others", "setting_modon_create_reply",
]  # fmt: skip
_VALUES = st.text(max_size=30) | st.sampled_from(["1", "-1", "9" * 30, "1e999", "nan", "muvx/", "/user", "\x00", "٣"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6))
def test_whatever_is_written_is_answered(shop: Shop, client: Client, changes: dict[str, str]) -> None:
    data = {name: value.encode(errors="ignore").decode() for name, value in changes.items()}
    assert issue(client, shop, **data).status_code == 200
    assert client.get("/keys/new/", data).status_code == 200
    for address in ("/sources/new/", f"/sources/{shop.source.pk}/"):
        assert client.post(address, {"name": "Branch"} | data).status_code in (200, 302)
