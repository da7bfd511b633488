"""What every test gets."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from pytest_django import Settings

from destinations.models import City
from tests import shapes


@pytest.fixture(autouse=True)
def empty_queue(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that commits, the job queue is emptied: Django does not know its tables, and leaves them as they
    are. Asked for first, so that it happens after everything that the test has started has ended."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    if not City.objects.exists():  # an earlier test of this kind has emptied what the migrations had loaded too
        import_module("destinations.migrations.0004_zones_version_and_iraq").load(apps, None)
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers CASCADE")


@pytest.fixture
def unlimited(settings: Settings) -> None:
    """No dialect counts calls up to anything. (pytest's settings do not list the names that they have.)"""
    for name in dir(django_settings):
        if name.endswith("_RATE_LIMIT"):
            setattr(settings, name, 1_000_000)


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    """No collected static files, so that their names have no hashes; and passwords whose check does not take half a
    second."""
    name = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": name}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def checked(parts: Iterable[bytes], check: Callable[[bytes], None]) -> Iterator[bytes]:
    """The parts of a body, all of which are checked at the end."""
    read = []
    for part in parts:
        read.append(part)
        yield part
    check(b"".join(read))


@pytest.fixture(autouse=True)
def documented_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test is about: no answer of a dialect has a shape that its reference does not describe."""
    ask = Client.request

    def request(self: Client, **environ: Any) -> Any:
        response = ask(self, **environ)
        if "HTTP_HOST" in environ:
            return response
        where = (environ.get("PATH_INFO", "/"), environ.get("REQUEST_METHOD", "GET"))
        kind = (response.status_code, response.get("Content-Type", ""))
        if not response.streaming:
            shapes.check(*where, *kind, response.content)
        else:  # the test's own to read, and measured when it has been
            response.streaming_content = checked(
                response.streaming_content, lambda body: shapes.check(*where, *kind, body)
            )
        return response

    monkeypatch.setattr(Client, "request", request)
