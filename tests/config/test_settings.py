"""Addresses of ourselves, read from the environment in a process of its own each time."""

import os
import subprocess
import sys

import pytest

# Without the switch that the browser's tests set for themselves, which the deploy check rightly dislikes.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
ENVIRONMENT["DJANGO_SETTINGS_MODULE"] = "config.settings"


def check(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def switches(**environment: str) -> str:
    names = ("DEBUG", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    code = f"from django.conf import settings as s; print(*(getattr(s, name) for name in {names}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_deploy_check_is_clean_behind_tls() -> None:
    code, said = check("--deploy", "--fail-level", "WARNING", WASL_URL="https://orders.example.com")
    assert code == 0, said


def test_plain_http_on_a_public_host_is_an_error() -> None:
    code, said = check(WASL_URL="http://orders.example.com")
    assert code == 1
    assert "https://" in said


@pytest.mark.parametrize("url", ["http://192.168.1.5:8000", "http://wasl.internal"])
def test_plain_http_on_a_private_host_is_a_warning(url: str) -> None:
    code, said = check(WASL_URL=url)
    assert code == 0
    assert "wasl.W001" in said


def test_an_address_that_is_none_is_one_sentence() -> None:
    code, said = check(WASL_URL="orders.example.com")
    assert code == 1
    assert "WASL_URL must look like" in said


def test_debug_is_off_and_https_turns_on_what_it_should() -> None:
    assert switches() == "False False False False"
    assert switches(WASL_URL="https://orders.example.com") == "False True True True"
