"""One store behind all dialects: an order that came through one is found, listed and cancelled through the others."""

from itertools import product

import pytest

from integrations import registry
from orders.models import Order
from orders.statuses import Status
from tests.factories import make_shop
from tests.integrations.callers import CALLERS, Program

DIALECTS = tuple(registry.DIALECTS)
PAIRS = list(product(DIALECTS, DIALECTS))
pytestmark = pytest.mark.usefixtures("unlimited")


def test_every_dialect_has_its_caller() -> None:
    assert set(CALLERS) == set(DIALECTS)


def placed_through(dialect: str) -> tuple[Program, Order]:
    shop = make_shop(dialect=dialect)
    program = Program(dialect, shop.source)
    program.place()
    return program, Order.objects.get()


def other(program: Program, dialect: str, order: Order) -> tuple[Program, str]:
    """A program of the same merchant in another dialect, and what it calls the order."""
    return Program(dialect, order.source), CALLERS[dialect].number(order)


@pytest.mark.django_db
@pytest.mark.parametrize(("through", "seen"), PAIRS)
def test_found(through: str, seen: str) -> None:
    program, order = placed_through(through)
    reader, number = other(program, seen, order)
    response = reader.send(*reader.caller.read(number))
    assert response.status_code == 200, response.content
    # The shape is held against the reference by the test client; the word is the dialect's own for the same status.
    assert order.status == Status.DISPATCHED
    assert reader.caller.status(response.json()) == reader.caller.pending


@pytest.mark.django_db
@pytest.mark.parametrize(("through", "seen"), [pair for pair in PAIRS if CALLERS[pair[1]].listing])
def test_listed(through: str, seen: str) -> None:
    program, order = placed_through(through)
    reader, number = other(program, seen, order)
    assert reader.listed() == [number]


@pytest.mark.django_db
@pytest.mark.parametrize(("through", "seen"), PAIRS)
def test_cancelled(through: str, seen: str) -> None:
    program, order = placed_through(through)
    canceller, number = other(program, seen, order)
    response = canceller.send(*canceller.caller.cancel(number))
    assert response.status_code == 200, response.content
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    for dialect in DIALECTS:  # each says so in its own word, or that the order is gone where it was deleted
        reader, number = other(program, dialect, order)
        answer = reader.send(*reader.caller.read(number))
        if order.deleted_at and reader.caller.forgets:
            assert reader.gone(answer)
        else:
            assert reader.caller.status(answer.json()) == reader.caller.cancelled


@pytest.mark.django_db
@pytest.mark.parametrize(("through", "seen"), PAIRS)
def test_not_by_strangers_nor_by_the_other_kind_of_key(through: str, seen: str) -> None:
    _, order = placed_through(through)
    number = CALLERS[seen].number(order)
    for reader in (Program(seen, make_shop().source), Program(seen, order.source, is_test=False)):
        assert reader.gone(reader.send(*reader.caller.read(number)))
        assert reader.caller.listing is None or reader.listed() == []
        reader.send(*reader.caller.cancel(number))
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
