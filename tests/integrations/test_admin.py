"""Accounts, keys and hand-overs in the back office."""

import logging
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
from integrations import keys
from integrations.dispatching import plan
from integrations.models import ApiKey, Dispatch
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
