"""Fuuffy, as seen by somebody whose program is broken: never a 500, always the documented shape."""

import json
from contextlib import suppress
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import IdempotencyKey
from orders.models import Order, OrderEvent, OrderItem
from tests.contract import strict
from tests.integrations.fuuffy.api import SAMPLE, Api, example
from tests.integrations.muvx.test_hostile import anything, paths

COMPLETE = json.loads(SAMPLE)


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    settings.FUUFFY_RATE_LIMIT = 1_000_000


def check(response: Any) -> None:
    body = strict(response.content)
    if response.status_code == 201:
        assert list(body)[:6] == list(example("created"))[:6]
    else:
        assert response.status_code == 400, body
        assert list(body) == ["error"]
        assert list(body["error"]) == ["code", "message", "details"]
        fields = [one["field"] for one in body["error"]["details"]]
        assert fields
        assert len(set(fields)) == len(fields)


@settings(
    max_examples=250, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(st.tuples(st.sampled_from(list(paths(COMPLETE))), anything), min_size=1, max_size=2), st.booleans())
def test_any_value_anywhere(api: Api, changes: list[tuple[tuple[Any, ...], Any]], twice: bool) -> None:
    body = json.loads(SAMPLE)
    for path, value in changes:
        with suppress(KeyError, IndexError, TypeError):  # the first change may have taken the place of the second
            reduce(getitem, path[:-1], body)[path[-1]] = value
    Order.objects.all().delete()
    for _ in range(1 + twice):
        response = api.create(body, **{"Idempotency-Key": "k"} if twice else {})
        check(response)
    IdempotencyKey.objects.all().delete()
    made = int(response.status_code == 201)
    assert (Order.objects.count(), OrderEvent.objects.count()) == (made, made)
    assert made or not OrderItem.objects.exists()
    if made:
        again = api.get(response.json()["id"])
        assert (again.status_code, again.json()) == (200, response.json())


@settings(
    max_examples=80, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(anything)
def test_any_body(api: Api, body: Any) -> None:
    check(api.create(json.dumps(body).encode()))


@pytest.mark.parametrize("number", ["1e-400", "1e-99999999", "0.0000001", "99.99999999999999999999"])
def test_numbers_at_the_edge(api: Api, number: str) -> None:
    response = api.create(SAMPLE.replace(b'"weight": 2.5', f'"weight": {number}'.encode()))
    check(response)
    assert response.status_code == 201
