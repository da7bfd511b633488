"""The API references: complete, valid, and no answer of ours outside of what they say."""

import re
from collections import Counter
from importlib import import_module
from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from django.urls import URLPattern
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.errors import SerializationNotPossible

from integrations import registry
from integrations.dialect import DialectView
from integrations.reference import ORIGIN, openapi, reference_of
from tests.factories import make_order, make_shop
from tests.integrations.callers import CALLERS, Program

DIALECTS = sorted(registry.DIALECTS)


def endpoints(dialect: str) -> set[tuple[str, str]]:
    """Method and path, its names left out, of everything that the room's addresses lead to."""
    found = set()
    for pattern in import_module(f"integrations.{dialect}.urls").urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "{}", str(pattern.pattern)).removeprefix("^").removesuffix("$")
        view = pattern.callback.cls  # type: ignore[attr-defined]
        assert issubclass(view, DialectView)
        found |= {(method, "/" + path.removesuffix("/?")) for method in view.http_method_names if hasattr(view, method)}
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_endpoint_is_described_and_no_other(dialect: str) -> None:
    described = {(call.method, re.sub(r"\{\w+\}", "{}", call.path)) for call in reference_of(dialect).calls}
    assert described == endpoints(dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_schemas_are_right_and_resolve(dialect: str) -> None:
    document = openapi(dialect)
    assert document["openapi"].startswith("3.1")
    names = set(document["components"]["schemas"])
    for one in walk(document):
        if isinstance(one, dict) and "$ref" in one:
            assert one["$ref"].removeprefix("#/components/schemas/") in names
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert {operation[ORIGIN] for operation in operations} <= {"document", "wasl"}


def walk(value: Any) -> Any:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def send(program: Program, case: schemathesis.Case, known: str | None) -> Any:
    """`known`: what the names in the path are to be."""
    if known:
        case.path_parameters = dict.fromkeys(case.path_parameters or (), known)
    sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    url, key = program.caller.sign(program.secret, f"/{program.dialect}{sent.path_url}")
    headers = {str(name): str(value) for name, value in sent.headers.items()} | key
    kind = headers.pop("Content-Type", "")
    body = sent.body if isinstance(sent.body, bytes) else (sent.body or "").encode()
    response = Client().generic(sent.method, url, body, content_type=kind, headers=headers)
    if response.streaming:  # read at once: what it reads with is gone after a later roll-back
        response.getvalue()
    return response


tries = hypothesis_settings(
    max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.usefixtures("db", "unlimited")
def test_whatever_is_sent_is_answered_as_described(dialect: str, mode: GenerationMode) -> None:
    """Generated from the reference: calls that are as it says, and calls that are wrong somewhere. Their answers are
    held against it by the test client itself."""
    shop = make_shop()
    program, known = Program(dialect, shop.source), CALLERS[dialect].number(make_order(shop))
    document = openapi(dialect)
    answered: Counter[str] = Counter()
    create = f"POST {CALLERS[dialect].create[0].removeprefix(f'/{dialect}')}"

    def answers(case: schemathesis.Case, is_known: bool) -> None:
        if mode == GenerationMode.POSITIVE and case.operation.label == create:
            case.body = program.caller.complete(shop.source, case.body)
        status = send(program, case, known if is_known else None).status_code
        assert status != 500  # another one is described, or has been found out already
        answered[f"{case.operation.label} {status // 100}"] += 1

    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        cases = found.ok().as_strategy(generation_mode=mode)
        try:
            tries(given(cases, st.booleans())(answers))()
        except (Unsatisfiable, SerializationNotPossible):  # nothing of this call can be wrong
            assert mode == GenerationMode.NEGATIVE
    assert answered[f"{create} {2 if mode == GenerationMode.POSITIVE else 4}"], answered
