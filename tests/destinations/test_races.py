"""Two transactions at once, each right by itself: the routes are right afterwards all the same."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from destinations.models import Destination, Route
from tests.factories import Shop, make_shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    """Its source sends to the default destination only."""
    shop = make_shop()
    Route.objects.get(destination=shop.other).delete()
    return shop


def overlap(first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """Runs and commits `second` while `first` has been checked and not yet committed; returns what the database said
    to those it refused."""
    first_is_checked = threading.Event()
    refusals: list[str] = []

    def run(step: Callable[[], object], *, is_first: bool) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if not is_first:
                    first_is_checked.wait(10)
                step()
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                if is_first:
                    first_is_checked.set()
                    time.sleep(0.3)
        except IntegrityError as error:
            refusals.append(str(error).partition(":")[0])
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=[step], kwargs={"is_first": step is first}) for step in (first, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals


@pytest.mark.parametrize("turned", [False, True])
def test_a_destination_is_made_default_while_it_is_switched_off(shop: Shop, turned: bool) -> None:
    def make_default() -> None:
        Route.objects.filter(source=shop.source).update(is_default=False)
        Route.objects.create(source=shop.source, destination=shop.other, is_default=True)

    def switch_off() -> None:
        Destination.objects.filter(pk=shop.other.pk).update(is_active=False)

    steps = (switch_off, make_default) if turned else (make_default, switch_off)
    assert overlap(*steps) == ["default_route_is_active"]
    assert Route.objects.get(source=shop.source, is_default=True).destination.is_active


@pytest.mark.parametrize("turned", [False, True])
def test_a_route_is_added_while_the_default_is_taken_away(shop: Shop, turned: bool) -> None:
    def add() -> None:
        Route.objects.create(source=shop.source, destination=shop.other)

    def take_away() -> None:
        Route.objects.get(source=shop.source, is_default=True).delete()

    assert overlap(*((take_away, add) if turned else (add, take_away))) == ["exactly_one_default_route"]
