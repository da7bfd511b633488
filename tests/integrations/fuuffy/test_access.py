"""Fuuffy's tokens, and its 100 calls a minute."""

import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from integrations import keys, tasks, throttle
from integrations.models import RateWindow
from tests.contract import strict
from tests.factories import Shop, make_shop
from tests.integrations.fuuffy.api import Api, placed

TOKEN = "/fuuffy/v1/auth/token"


def credentials(shop: Shop, **changes: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", **keys.credential(shop.key, shop.secret), **changes}


def ask(form: dict[str, str] | bytes, **extra: Any) -> Any:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return Client().post(TOKEN, body, **{"content_type": "application/x-www-form-urlencoded", **extra})


def token(shop: Shop) -> str:
    response = ask(credentials(shop))
    assert response.status_code == 200, response.content
    return response.json()["data"]["access_token"]


# --- Tokens ---------------------------------------------------------------------------------------------------------
def test_a_client_gets_a_token_that_opens_the_dialect(shop: Shop) -> None:
    response = ask(credentials(shop))
    made = response.json()["data"]
    assert response.json() == {
        "data": {"access_token": made["access_token"], "token_type": "Bearer", "expires_in": 3600}
    }
    assert response["Cache-Control"] == "no-store"
    assert made["access_token"].startswith("sk-")
    assert shop.secret not in made["access_token"]
    order = placed(Api(shop, made["access_token"]).create())
    assert order.source == shop.source


def test_the_key_itself_is_a_token_too(api: Api) -> None:
    placed(api.create())


@pytest.mark.parametrize("change", [{"client_id": "fuf_0"}, {"client_secret": "wrong"}, {"client_id": "fuf_0ÿ"}])
def test_a_wrong_client(shop: Shop, change: dict[str, str]) -> None:
    response = ask(credentials(shop, **change))
    assert (response.status_code, response.json()) == (
        401,
        {
            "error": {
                "code": "401021",
                "code_reason": "invalid_client_id_or_client_secret",
                "message": "Invalid client id or client secret",
            }
        },
    )


def test_a_key_of_another_dialect_is_no_client(db: None) -> None:
    shop = make_shop()
    form = {"grant_type": "client_credentials", "client_id": keys.client_id(shop.key), "client_secret": shop.secret}
    assert ask(form).status_code == 401
    assert Api(shop).create().status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"grant_type": "password"}, "grant_type"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
    ],
)
def test_an_incomplete_form(shop: Shop, change: dict[str, str], field: str) -> None:
    response = ask(credentials(shop, **change))
    assert response.status_code == 400
    assert [one["field"] for one in response.json()["error"]["details"]] == [field]


@pytest.mark.parametrize("body", [b"", b"\xff", b"&&&", b"a=1&" * 100, b"grant_type=%ff%00"])
def test_a_broken_form(db: None, body: bytes) -> None:
    assert ask(body).json()["error"]["code"] == "validation_error"


def test_other_errors_of_the_token_endpoint(shop: Shop) -> None:
    assert ask(b"{}", content_type="application/json").json()["error"]["code"] == "415000"
    assert ask(b"x" * 1_000_001).json()["error"]["code"] == "413000"
    assert Client().get(TOKEN).json()["error"]["code"] == "405000"


def test_an_expired_token(shop: Shop) -> None:
    made = token(shop)
    with mock.patch("django.core.signing.time.time", return_value=time.time() + 3590):
        placed(Api(shop, made).create())
    with mock.patch("django.core.signing.time.time", return_value=time.time() + 3700):
        response = Api(shop, made).create()
    assert (response.status_code, response.json()) == (
        401,
        {
            "error": {
                "code": "invalid_token",
                "message": "The access token expired",
                "details": "Please request a new access token",
            }
        },
    )


def test_a_token_dies_with_its_key(shop: Shop, settings: Any) -> None:
    made = token(shop)
    placed(Api(shop, made).create())
    keys.revoke(shop.key)
    assert Api(shop, made).create().json()["error"]["code"] == "401000"
    assert ask(credentials(shop)).json()["error"]["code"] == "401021"


def test_forged_tokens(shop: Shop) -> None:
    made = token(shop)
    for forged in ("sk-", "sk-1", f"{made}x", made.replace("sk-", "sk-1", 1), "sk-ÿ", f"sk-{shop.key.pk}.1.x"):
        assert Api(shop, forged).create().json()["error"]["code"] == "401000"
    for header in ("", "Bearer", f"Basic {shop.secret}", shop.secret):
        headers = {"Authorization": header} if header else {}
        assert Client().get("/fuuffy/v1/orders/order_1", headers=headers).json()["error"]["code"] == "401000"


# --- Limits ---------------------------------------------------------------------------------------------------------
def test_every_answer_says_how_many_calls_are_left(api: Api, shop: Shop) -> None:
    before = int(time.time())
    answers = [api.create(), api.create(b"{"), api.get("order_x"), Api(shop, token(shop)).create()]
    assert [answer.status_code for answer in answers] == [201, 400, 404, 201]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["99", "98", "97", "96"]
    assert {answer["X-RateLimit-Limit"] for answer in answers} == {"100"}
    [reset] = {int(answer["X-RateLimit-Reset"]) for answer in answers}
    assert before + 55 <= reset <= before + 65
    for answer in (Client().get("/fuuffy/nothing"), Client().put("/fuuffy/v1/orders"), ask(b"")):
        assert answer["X-RateLimit-Limit"] == "100"


def test_the_hundred_and_first_call_is_refused_until_the_minute_is_over(api: Api, shop: Shop) -> None:
    api.create()
    RateWindow.objects.update(count=99)
    assert api.create()["X-RateLimit-Remaining"] == "0"
    refused = api.create()
    error = strict(refused.content)["error"]
    assert (refused.status_code, error["code"]) == (429, "rate_limit_exceeded")
    assert error["message"]
    assert refused["X-RateLimit-Remaining"] == "0"
    assert 50 <= int(refused["Retry-After"]) <= 61
    assert api.get("order_x").status_code == 429
    assert Api(make_shop(dialect="fuuffy")).create().status_code == 201
    RateWindow.objects.update(ends_at=timezone.now())
    assert api.create()["X-RateLimit-Remaining"] == "99"


def test_without_a_valid_token_an_address_is_counted(api: Api, shop: Shop) -> None:
    ask(b"", REMOTE_ADDR="10.0.0.1")
    RateWindow.objects.update(count=100)
    assert ask(credentials(shop), REMOTE_ADDR="10.0.0.1").status_code == 429
    assert Client().get("/fuuffy/v1/orders/x", REMOTE_ADDR="10.0.0.1").status_code == 429
    assert ask(credentials(shop), REMOTE_ADDR="10.0.0.2").status_code == 200
    assert api.create().status_code == 201


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(rf: Any, settings: Any) -> None:
    request = rf.get("/", HTTP_X_FORWARDED_FOR="6.6.6.6, 10.0.0.9", REMOTE_ADDR="127.0.0.1")
    assert throttle.address_of(request) == "127.0.0.1"
    settings.TRUST_FORWARDED_FOR = True
    assert throttle.address_of(request) == "10.0.0.9"
    assert throttle.address_of(rf.get("/", REMOTE_ADDR="127.0.0.1")) == "127.0.0.1"


@pytest.mark.django_db(transaction=True)
def test_calls_at_once_are_each_counted() -> None:
    counted: Counter[int] = Counter()

    def call() -> None:
        try:
            for _ in range(20):
                counted[throttle.count("x", 10, 60).count] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == Counter(range(1, 161))


@pytest.mark.django_db
def test_old_windows_are_forgotten() -> None:
    throttle.count("old", 1, 60)
    RateWindow.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    throttle.count("new", 1, 60)
    tasks.prune(0)
    assert [window.name for window in RateWindow.objects.all()] == ["new"]
