"""Accounts, keys and hand-overs in the back office."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from destinations.models import Merchant
from integrations import accounts, keys, registry
from integrations.dispatching import plan
from integrations.models import ApiKey, Dispatch, Drift, StaffKey, WebhookEndpoint
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def test_an_account_is_opened_and_its_secrets_shown_once(staff: Client) -> None:
    page = reverse("admin:destinations_merchant_add")
    data = {
        "name": "Noor", "currency": "IQD", "country": "IQ", "timezone": "Asia/Baghdad", "language": "ar", "hold": "on",
    }  # fmt: skip
    answer = staff.post(page, data)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    merchant = Merchant.objects.get(name="Noor")
    shown = dict(answer.context["secrets"])
    assert authenticate(username=shown["Log-in"], password=shown["Password"]) is not None
    assert keys.look_up(shown["Muvx"], "muvx") is not None
    assert merchant.sources.get().hold
    assert merchant.currency == "IQD"
    assert (
        shown["Password"].encode()
        not in staff.get(reverse("admin:destinations_merchant_change", args=[merchant.pk])).content
    )


@pytest.mark.parametrize(
    "wrong", [{"currency": "dinars"}, {"timezone": "Mars"}, {"name": ""}, {"username": "chief"}, {"username": "a b"}]
)
def test_a_wrong_account_is_explained(staff: Client, wrong: dict[str, str]) -> None:
    data = {"name": "Noor", "currency": "KWD", "country": "KW", "timezone": "Asia/Kuwait", "language": "en"} | wrong
    answer = staff.post(reverse("admin:destinations_merchant_add"), data)
    assert answer.context["errors"]
    assert not Merchant.objects.exists()


def test_a_key_is_shown_once_and_kept_nowhere(staff: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop = make_shop()
    answer = staff.post(
        reverse("admin:integrations_apikey_add"),
        {"source": shop.source.pk, "dialect": "muvx", "name": "Till", "is_test": "on"},
    )
    [(_, secret)] = answer.context["secrets"]
    assert secret.encode() in answer.content
    found = keys.look_up(secret, "muvx")
    assert found is not None
    assert (found.name, found.is_test, found.created_by) == ("Till", True, User.objects.get(username="chief"))
    page = reverse("admin:integrations_apikey_change", args=[found.pk])
    assert secret.encode() not in staff.get(page).content
    kept = [str(row) for model in (ApiKey, LogEntry) for row in model.objects.values()]
    kept += [str(session.get_decoded()) for session in Session.objects.all()]
    kept += [str(staff.cookies), caplog.text]
    assert not any(secret in text for text in kept)


def test_a_client_is_shown_with_its_id(staff: Client) -> None:
    answer = staff.post(
        reverse("admin:integrations_apikey_add"), {"source": make_shop().source.pk, "dialect": "fuuffy", "name": "Till"}
    )
    shown = dict(answer.context["secrets"])
    found = keys.look_up(shown["Fuuffy client_secret"], "fuuffy")
    assert found is not None
    assert shown["Fuuffy client_id"] == keys.client_id(found)


def test_keys_are_revoked_not_edited_or_deleted(staff: Client) -> None:
    shop = make_shop()
    page = reverse("admin:integrations_apikey_change", args=[shop.key.pk])
    assert staff.post(page, {"name": "other"}).status_code == 403
    assert staff.post(reverse("admin:integrations_apikey_delete", args=[shop.key.pk])).status_code == 403
    rows = {"action": "revoke_selected", "_selected_action": [shop.key.pk]}
    answer = staff.post(reverse("admin:integrations_apikey_changelist"), rows)
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["1 key revoked."]
    assert keys.look_up(shop.secret, "muvx") is None


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Muvx with kinds of keys, scopes and settings, which it does not have by itself."""
    room = replace(
        registry.DIALECTS["muvx"],
        kinds={"": "", "user": "u_"},
        scopes=("orders:read", "orders:write"),
        source_settings={"create_reply": ("array", "object")},
    )
    monkeypatch.setitem(registry.DIALECTS, "muvx", room)


def test_a_key_of_a_kind_with_scopes(staff: Client, rooms: None) -> None:
    data = {"source": make_shop().source.pk, "dialect": "muvx", "kind": "user", "scopes": "orders:read, orders:write"}
    answer = staff.post(reverse("admin:integrations_apikey_add"), data)
    [(_, secret)] = answer.context["secrets"]
    found = keys.look_up(secret, "muvx")
    assert secret.startswith("u_mvx_live_")
    assert (found.kind, found.scopes) == ("user", ["orders:read", "orders:write"])
    page = staff.get(reverse("admin:integrations_apikey_change", args=[found.pk])).content.decode()
    assert "orders:read, orders:write" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"dialect": "fuuffy", "kind": "user"}, "kind"),
        ({"kind": "pigeon"}, "kind"),
        ({"scopes": "orders:read,everything"}, "scopes"),
        ({"dialect": "fuuffy", "scopes": "orders:read"}, "scopes"),
        ({"scopes": "x" * 41}, "scopes"),
    ],
)
def test_what_the_dialect_does_not_have_is_refused(
    staff: Client, rooms: None, wrong: dict[str, str], field: str
) -> None:
    data = {"source": make_shop().source.pk, "dialect": "muvx"} | wrong
    count = ApiKey.objects.count()
    answer = staff.post(reverse("admin:integrations_apikey_add"), data)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert ApiKey.objects.count() == count


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('{"create_reply": "object"}', ""),
        ("{}", ""),
        ("", ""),
        ('{"create_reply": "yes"}', "create_reply must be one of: array, object"),
        ('{"create_reply": ["array"]}', "must be one of"),
        ('{"speed": 1}', "Unknown setting: speed. Known are: create_reply"),
        ("[1]", "JSON object"),
        ("{", "valid JSON"),
    ],
)
def test_a_sources_settings_are_those_of_the_dialects(staff: Client, rooms: None, written: str, words: str) -> None:
    source = make_shop().source
    data = {
        "name": "Shop", "is_active": "on", "settings": written,
        "routes-TOTAL_FORMS": 0, "routes-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = staff.post(reverse("admin:destinations_source_change", args=[source.pk]), data)
    source.refresh_from_db()
    if words:
        assert words in str(answer.context["errors"])
        assert source.settings == {}
    else:
        assert answer.status_code == 302
        assert source.settings == json.loads(written or "{}")


def test_staff_keys_are_listed_and_revoked(staff: Client) -> None:
    key = StaffKey.objects.create(user=User.objects.get(), dialect="muvx", prefix="adm_1234", digest="a" * 64)
    assert b"adm_1234" in staff.get(reverse("admin:integrations_staffkey_changelist")).content
    page = reverse("admin:integrations_staffkey_change", args=[key.pk])
    shown = staff.get(page).content
    assert b"a" * 64 not in shown
    assert staff.post(page, {"name": "x"}).status_code == 403
    assert staff.post(reverse("admin:integrations_staffkey_delete", args=[key.pk])).status_code == 403
    rows = {"action": "revoke_selected", "_selected_action": [key.pk]}
    staff.post(reverse("admin:integrations_staffkey_changelist"), rows)
    key.refresh_from_db()
    assert key.revoked_at


def test_of_an_endpoint_only_the_switch_moves(staff: Client) -> None:
    shop, url = make_shop(), "https://shop.example.com/hook"
    endpoint = WebhookEndpoint.objects.create(merchant=shop.merchant, dialect="muvx", url=url, secret="cipher-text")
    page = reverse("admin:integrations_webhookendpoint_change", args=[endpoint.pk])
    assert b"cipher-text" not in staff.get(page).content
    assert (
        staff.post(page, {"url": "https://evil.example.com", "dialect": "fuuffy", "is_test": "on"}).status_code == 302
    )
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.dialect, endpoint.is_test, endpoint.is_active) == (url, "muvx", False, False)
    assert staff.post(reverse("admin:integrations_webhookendpoint_delete", args=[endpoint.pk])).status_code == 403


def test_a_waiting_dispatch_is_tried_now(staff: Client) -> None:
    shop = make_shop()
    waiting, booking = make_order(shop, "A"), make_order(shop, "B")
    for order in (waiting, booking):
        plan(order)
    later = timezone.now() + timedelta(hours=1)
    Dispatch.objects.update(next_at=later)
    Dispatch.objects.filter(order=booking).update(state=Dispatch.State.BOOKING)
    ids = list(Dispatch.objects.values_list("pk", flat=True))
    answer = staff.post(
        reverse("admin:integrations_dispatch_changelist"), {"action": "try_now_selected", "_selected_action": ids}
    )
    assert {str(message) for message in get_messages(answer.wsgi_request)} == {
        f"Order {waiting.pk}: it is tried again now.",
        f"Order {booking.pk}: there is nothing to try at this moment.",
    }
    assert Dispatch.objects.get(order=waiting).next_at < timezone.now()
    assert Dispatch.objects.get(order=booking).next_at == later


@pytest.mark.parametrize("name", ["dispatch", "exchange", "simulatedparcel"])
def test_searches_of_any_text_answer(staff: Client, name: str) -> None:
    plan(make_order(make_shop()))
    for text in ("1000000", "abc", "9" * 40, "x" * 300, "%", "'"):
        assert staff.get(reverse(f"admin:integrations_{name}_changelist"), {"q": text}).status_code == 200


# --- What merchants connect -----------------------------------------------------------------------------------------
def test_no_secret_of_a_carrier_account_is_shown_to_staff(staff: Client) -> None:
    shop = make_shop()
    destination = accounts.connect(
        shop.source,
        "muvx",
        base_url="https://carrier.example.com",
        credentials={"api_key": "mvx_live_TOPSECRET"},
        callback_secret="whsec_TOPSECRET",
    )
    account = destination.account
    page = staff.get(reverse("admin:integrations_carrieraccount_change", args=[account.pk])).content.decode()
    assert "https://carrier.example.com" in page
    for secret in ("TOPSECRET", account.credentials, account.callback_secret, account.callback_token):
        assert secret not in page


def test_changes_of_answers_are_looked_into_by_staff(staff: Client) -> None:
    shop = make_shop()
    now = timezone.now()
    drift = Drift.objects.create(
        destination=shop.destination, call="GET /", path="eta", change="added", first_at=now, last_at=now
    )
    staff.post(
        reverse("admin:integrations_drift_changelist"), {"action": "settle_selected", "_selected_action": [drift.pk]}
    )
    drift.refresh_from_db()
    assert drift.settled_at
