"""`manage.py merchant` and `manage.py demo`, as somebody at the terminal sees them."""

import json
import re
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client

from config.management.commands import demo
from destinations.models import Merchant
from orders.models import Order
from tests.integrations.muvx.api import minimal

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def make(*arguments: str) -> dict[str, Any]:
    return json.loads(run("merchant", *arguments, "--json"))


def test_the_json_has_everything_that_a_script_needs() -> None:
    made = make("Corner Bakery")
    assert set(made) == {"merchant", "username", "password", "source", "keys", "destinations"}
    assert authenticate(username=made["username"], password=made["password"])
    first, second = made["destinations"]
    assert set(first) == {"id", "name", "is_default", "environment", "provider"}
    assert (first["is_default"], second["is_default"]) == (True, False)
    assert {first["environment"], second["environment"]} == {"sandbox"}
    assert {first["provider"], second["provider"]} == {"simulator"}
    merchant = Merchant.objects.get(pk=made["merchant"])
    assert (merchant.currency, merchant.country, merchant.timezone, merchant.language) == (
        "KWD", "KW", "Asia/Kuwait", "en",
    )  # fmt: skip


def test_the_key_and_the_destination_ids_work() -> None:
    made = make("Corner Bakery")
    headers = {"Authorization": f"Bearer {made['keys']['muvx']}"}
    listed = Client().get("/muvx/v1/destinations", headers=headers).json()["destinations"]
    assert listed == made["destinations"]
    body = minimal(destination_id=made["destinations"][1]["id"], auto_pickup=True)
    response = Client().post("/muvx/v1/orders", body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    assert Order.objects.get().destination.public_id == made["destinations"][1]["id"]


def test_a_dialect_with_clients_gets_an_id_and_a_secret() -> None:
    client = make("Corner Bakery")["keys"]["fuuffy"]
    assert set(client) == {"client_id", "client_secret"}
    form = urlencode({"grant_type": "client_credentials", **client})
    path, kind = "/fuuffy/v1/auth/token", "application/x-www-form-urlencoded"
    assert Client().post(path, form, content_type=kind).status_code == 200


def test_options() -> None:
    made = make(
        "متجر", "--currency", "iqd", "--country", "IQ", "--timezone", "Asia/Baghdad", "--language", "ar", "--hold"
    )
    merchant = Merchant.objects.get(pk=made["merchant"])
    assert (merchant.currency, merchant.country, merchant.timezone, merchant.language) == (
        "IQD", "IQ", "Asia/Baghdad", "ar",
    )  # fmt: skip
    assert merchant.sources.get().hold


def test_two_of_one_name_get_two_log_ins() -> None:
    assert make("Bakery")["username"] != make("Bakery")["username"]


def test_without_json_it_is_readable() -> None:
    said = run("merchant", "Corner Bakery")
    assert re.search(r"log-in +corner-bakery +/", said)
    assert "mvx_test_" in said
    assert re.search(r"fuuffy client_id +fuf_\d+\n +fuuffy client_secret +fuf_test_", said)
    assert "(default)" in said


@pytest.mark.parametrize("wrong", [("--currency", "DINARS"), ("--timezone", "Mars"), ("--country", "Kuwait")])
def test_a_wrong_option_is_named(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=wrong[0]):
        make("Bakery", *wrong)
    assert not Merchant.objects.exists()


def test_the_demo_is_made_once_and_its_curl_line_is_complete() -> None:
    run("demo")
    count = Order.objects.count()
    assert count > 4
    run("demo")
    assert (Merchant.objects.count(), Order.objects.count()) == (1, count)
    said = demo.welcome()
    assert authenticate(username="dalia", password=re.search(r"dalia / (\S+)", said)[1])
    assert authenticate(username="admin", password=re.search(r"admin / (\S+)", said)[1]).is_superuser
    key = re.search(r"Bearer (\S+)'", said)[1]
    body = re.search(r" -d '(\{.*\})'", said)[1].replace("'$(date +%s)'", "1")
    response = Client().post(
        "/muvx/v1/orders", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert response.status_code == 200
    assert demo.LOG_INS.stat().st_mode & 0o077 == 0


def test_without_a_demo_the_welcome_says_how_to_begin() -> None:
    assert "manage.py merchant" in demo.welcome()
