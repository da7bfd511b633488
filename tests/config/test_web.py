"""What every answer carries, and the two health pages."""

import json
import logging
import sys

import pytest
from django.test import Client

from config.logs import JsonFormatter, request_id


def test_health(client: Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}


def test_not_ready_without_a_worker(client: Client, db: None) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "database": True, "worker": False},
    )


def test_every_answer_names_its_request(client: Client) -> None:
    assert len(client.get("/health")["X-Request-ID"]) == 32
    assert client.get("/health", headers={"X-Request-ID": "proxy-12345"})["X-Request-ID"] == "proxy-12345"
    assert client.get("/health", headers={"X-Request-ID": "bad id\x01"})["X-Request-ID"] != "bad id\x01"


@pytest.mark.parametrize("path", ["/accounts/login/", "/track/nothing"])
def test_pages_have_a_strict_policy(client: Client, db: None, path: str) -> None:
    policy = client.get(path)["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert directive in policy


def test_dialects_are_never_redirected_to_https(client: Client, db: None, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/muvx/v1/orders", "/v1/orders", "/muvx", "/health"):
        assert client.get(path).status_code != 301, path
    for path in ("/accounts/login/", "/x/muvx/v1"):
        assert client.get(path).status_code == 301, path


def test_log_lines_are_json_with_the_request() -> None:
    token = request_id.set("abc")
    try:
        raise ValueError("oops")
    except ValueError:
        record = logging.LogRecord("wasl", logging.ERROR, "", 1, "it %s", ("broke",), sys.exc_info())
    record.order = 7
    line = json.loads(JsonFormatter().format(record))
    request_id.reset(token)
    assert (line["level"], line["message"], line["request_id"], line["order"]) == ("ERROR", "it broke", "abc", 7)
    assert "ValueError: oops" in line["exception"]
