"""A receiver whose answers are anything: nothing but a `CarrierError` comes of it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import accounts, http
from integrations.carrier import CarrierError, Consignment, Transcript
from integrations.generic.carrier import GenericCarrier
from integrations.http import Reply
from orders.models import Order
from tests.factories import make_order, make_shop
from tests.integrations.muvx.test_hostile import anything

pytestmark = pytest.mark.django_db
FIELDS = ("reference", "tracking_url", "status", "text", "at", "id", "field", "message", "more")
answers = anything | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything))


@pytest.fixture
def order() -> Order:
    return make_order(make_shop())


@settings(
    max_examples=150, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(answers, st.sampled_from([200, 201, 204, 302, 400, 401, 404, 409, 422, 500]))
def test_any_answer(monkeypatch: pytest.MonkeyPatch, order: Order, answer: Any, status: int) -> None:
    destination = order.destination
    destination.provider = "generic"
    destination.save()
    accounts.save(destination, base_url="https://carrier.example/in", credentials={"secret": "s"})
    monkeypatch.setattr(http, "send", lambda *_, **options: Reply(status, {}, json.dumps(answer).encode()))
    carrier = GenericCarrier(destination, Transcript())
    consignment = Consignment("key-1", order, attempt=2, body={"action": "book"})
    for call in (
        carrier.check,
        lambda: carrier.book(consignment),
        lambda: carrier.cancel(consignment, "P-1"),
        lambda: carrier.track([(consignment, "P-1")]),
    ):
        with suppress(CarrierError):
            call()
