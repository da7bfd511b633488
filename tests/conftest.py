"""What every test gets."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import Settings


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
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers CASCADE")


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    """No collected static files, so that their names have no hashes; and passwords whose check does not take half a
    second."""
    name = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": name}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
