"""What no honest program sends, sent to every call of every dialect: an answer in its own shape, and never a 500."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from integrations import registry
from integrations.models import IdempotencyKey
from integrations.reference import Call, reference_of
from orders.models import Order
from tests.factories import make_order, make_shop
from tests.integrations.callers import Program
from tests.integrations.test_races import at_once

DIALECTS = tuple(registry.DIALECTS)
IDS = (
    "%00", "%ff", "%2F", "a%2Fb", "%0A", "1%0A", "%2e%2e", "9" * 30, "-1", "0", "+1", "1.0", "1e5", "x" * 5000,
    "%D9%A1%D9%A2", "MOV%D9%A1", "MOV-1", "MOV" + "9" * 40, "order_%00", "FUF" + "9" * 30, "FUF%D9%A1%D9%A1",
)  # fmt: skip
QUERIES = (
    "%00=1", "a=%00", "a=%ff%fe", "status=%00", "search=%00", "search=%ff", "cursor=%ff", "page=%D9%A1", "page=%00",
    "limit=%D9%A1", "id=%D9%A1:exact", "sort=%00", "includeColumns=%00", "external_order_id=%00", "ids=%00", "ids=%ff",
    "ids=" + ",".join(["9" * 18] * 30), "lat=NaN&lng=1", "lat=1e400&lng=1", "city_id=%00", "invoice_id=%00", "id=%00",
    "sort=" + "id," * 3000, "token=%00", "&".join(f"a{number}=1" for number in range(1500)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    for name in dir(settings):
        if name.endswith("_RATE_LIMIT"):
            setattr(settings, name, 1_000_000)


def calls(dialect: str) -> tuple[Call, ...]:
    return tuple(call for call in reference_of(dialect).calls if not call.path.startswith("/health"))


def path_of(dialect: str, call: Call, number: str = "1") -> str:
    return f"/{dialect}" + "/".join(number if part.startswith("{") else part for part in call.path.split("/"))


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", DIALECTS)
def test_ids(dialect: str) -> None:
    """The answers are held against the reference by the test client."""
    order = make_order(make_shop())
    program = Program(dialect, order.source)
    for call in calls(dialect):
        for number in IDS if "{" in call.path else ():
            response = program.send(call.method, path_of(dialect, call, number), {})
            assert 400 <= response.status_code < 500, (call.path, number, response.content)
    for number in IDS:
        assert program.send(*program.caller.read(number)).status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", DIALECTS)
def test_queries(dialect: str) -> None:
    program = Program(dialect, make_shop().source)
    for call in calls(dialect):
        for query in QUERIES if call.method == "get" else ():
            response = program.send("get", f"{path_of(dialect, call)}?{query}")
            assert response.status_code < 500, (call.path, query[:60], response.getvalue())


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_methods_that_nobody_documents(dialect: str, method: str) -> None:
    program = Program(dialect, make_shop().source)
    for call in calls(dialect):
        response = program.send(method, path_of(dialect, call))
        assert response["Content-Type"] == "application/json"
        # Some calls want other credentials than the program's, and ask for them first.
        assert response.status_code in (401, 405), (call.path, response.content)


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_byte_too_many(dialect: str) -> None:
    program = Program(dialect, make_shop().source)
    path, headers = program.caller.sign(program.secret, program.caller.create[0])
    for size, expected in ((settings.API_MAX_BODY, 400), (settings.API_MAX_BODY + 1, 413)):
        response = Client().post(path, b" " * size, content_type="application/json", headers=headers)
        assert response.status_code == expected


# --- Idempotency-Key ------------------------------------------------------------------------------------------------
def place(program: Program, key: str, body: Any) -> Any:
    path, headers = program.caller.sign(program.secret, program.caller.create[0])
    headers = {**headers, "Idempotency-Key": key}
    return Client().post(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("key", ["x" * 256, "", "a\x00b"])
def test_keys_that_are_none(dialect: str, key: str) -> None:
    program = Program(dialect, make_shop().source)
    body = program.caller.create[1](program.source)
    assert place(program, key, body).status_code == 400
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_one_key_in_every_dialect() -> None:
    shop = make_shop()
    key = "x" * 255
    for dialect in DIALECTS:
        program = Program(dialect, shop.source)
        body = program.caller.create[1](shop.source)
        first, again = place(program, key, body), place(program, key, body)
        assert 200 <= first.status_code < 300
        assert program.caller.made(first.json()) == program.caller.made(again.json())
    assert Order.objects.count() == IdempotencyKey.objects.count() == len(DIALECTS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_twins_at_once_with_one_key(dialect: str) -> None:
    program = Program(dialect, make_shop().source)
    body = program.caller.create[1](program.source)
    answers: list[Any] = []
    at_once(*[lambda: answers.append(place(program, "once", body))] * 4)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({program.caller.made(answer.json()) for answer in answers}) == 1
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("dialect", "statuses"), [("muvx", [200, 409, 409, 409]), ("ideliver", [200, 200, 200, 201])])
def test_twins_at_once_with_one_number_of_their_own(dialect: str, statuses: list[int]) -> None:
    program = Program(dialect, make_shop().source)
    path, make = program.caller.create
    body = make(program.source)
    answers: list[Any] = []
    at_once(*[lambda: answers.append(program.send("post", path, body))] * 4)
    assert sorted(answer.status_code for answer in answers) == statuses
    assert Order.objects.count() == 1
