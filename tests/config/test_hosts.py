"""A host name that belongs to one dialect (`DIALECT_HOSTS`), and those that are nobody's."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_shop
from tests.integrations.fuuffy import api as fuuffy
from tests.integrations.muvx import api as muvx

pytestmark = pytest.mark.django_db
HOST = "orders.example.com"


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.DIALECT_HOSTS = {HOST: "fuuffy", "muvx.example.com": "muvx"}
    settings.ALLOWED_HOSTS = ["127.0.0.1", *settings.DIALECT_HOSTS]


def call(method: str, path: str, host: str = HOST, **extra: Any) -> Any:
    return getattr(Client(SERVER_NAME="127.0.0.1"), method)(path, HTTP_HOST=host, **extra)


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:8443", f"{HOST}."])
def test_a_host_of_its_own_needs_no_prefix(host: str) -> None:
    shop = make_shop(dialect="fuuffy")
    headers = {"Authorization": f"Bearer {shop.secret}"}
    for path in ("/v1/orders", "/v1/orders/"):
        body = json.dumps(fuuffy.minimal())
        answer = call("post", path, host, data=body, content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content
        number = answer.json()["id"]
    assert call("get", f"/v1/orders/{number}", host, headers=headers).json()["id"] == number


def test_each_host_has_its_own_dialect_at_the_same_path() -> None:
    shop = make_shop()
    answer = call(
        "post", "/v1/orders", "muvx.example.com", data=json.dumps(muvx.minimal()), content_type="application/json",
        headers={"Authorization": f"Bearer {shop.secret}"},
    )  # fmt: skip
    assert muvx.placed(answer).dialect == "muvx"
    assert answer.json()["status_url"] == f"http://muvx.example.com/v1/orders/{answer.json()['id']}/status"
    refused = call("post", "/v1/orders", data="{}", content_type="application/json")
    assert refused.json()["error"]["code"] == "401000"


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/v1/nothing", "/admin/", "/accounts/login/", "/orders/", "/health", "/static/css/x.css"]
)
@pytest.mark.parametrize("host", [HOST, f"{HOST}."])
def test_people_have_nothing_there_and_are_told_in_the_dialects_words(path: str, host: str) -> None:
    answer = call("get", path, host)
    assert answer.status_code in (401, 404)
    assert answer.json()["error"]["code_reason"] in ("UNAUTHORIZED", "NOT_FOUND")


def test_the_prefixes_still_work_elsewhere() -> None:
    assert call("get", "/fuuffy/v1/nothing", "127.0.0.1").json()["error"]["code"] in ("401000", "404000")
    assert call("get", "/accounts/login/", "127.0.0.1").status_code == 200


@pytest.mark.parametrize("path", ["/fuuffy/v1/orders", "/muvx/v1/orders", "/v1/orders"])
def test_a_host_that_is_not_served_is_a_bad_request_in_the_dialects_words(path: str) -> None:
    answer = call("get", path, "elsewhere.example.com")
    assert answer.status_code == 400
    assert "WASL_URL" in str(answer.json())


def test_nobody_is_sent_to_https_there(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/v1/orders", "/", "/admin/", "/nothing"):
        assert call("get", path).status_code not in (301, 302), path
    assert call("get", "/accounts/login/", "127.0.0.1").status_code == 301


def read(**environment: str) -> tuple[int, str]:
    code = "from django.conf import settings as s; print(s.DIALECT_HOSTS, sorted(s.ALLOWED_HOSTS))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hosts_are_read_from_the_environment() -> None:
    said = read(WASL_URL="https://wasl.example.com", DIALECT_HOSTS="API.example.com=muvx,f.example.com=fuuffy")
    assert said == (
        0,
        "{'api.example.com': 'muvx', 'f.example.com': 'fuuffy'} "
        "['api.example.com', 'f.example.com', 'wasl.example.com']\n",
    )
    for wrong in ("api.example.com=pigeon", "api.example.com"):
        code, text = read(DIALECT_HOSTS=wrong)
        assert code == 1
        assert "DIALECT_HOSTS must look like api.example.com=muvx" in text
