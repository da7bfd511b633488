"""Every answer of a dialect, in every test, is held against the shape that its reference describes.

`tests/conftest.py` hangs `check` into Django's test client. A test that breaks the server on purpose is measured too:
a 500 has a documented shape as well.
"""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from integrations import registry
from integrations.reference import JSON, Call, openapi, reference_of


def check(path: str, method: str, status: int, content_type: str, body: bytes) -> None:
    """Raises AssertionError if an answer at this path is not as its dialect's reference says. Where no call is, only
    the errors are right that all calls may have."""
    dialect, _, inner = path.lstrip("/").partition("/")
    if dialect not in registry.DIALECTS or method == "HEAD":
        return
    call = find_call(dialect, method.lower(), "/" + inner)
    kind, validator = _expected(dialect, call.path if call else None, method.lower(), status)
    where = f"{method} {call.path if call else path} {status}"
    assert validator is not None, f"{where}: its reference has no such answer: {body[:300]!r}"
    assert content_type.partition(";")[0] == kind, where
    if kind == JSON:
        problems = sorted(validator.iter_errors(json.loads(body)), key=str)
        assert not problems, f"{where}: {problems[0].json_path}: {problems[0].message[:300]}"


def find_call(dialect: str, method: str, path: str) -> Call | None:
    return next((call for pattern, call in _calls(dialect) if call.method == method and pattern.fullmatch(path)), None)


@cache
def _calls(dialect: str) -> list[tuple[re.Pattern[str], Call]]:
    calls = reference_of(dialect).calls
    found = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", call.path) + "/?"), call) for call in calls]
    return sorted(found, key=lambda one: one[1].path.count("{"))  # a fixed path before one with names


@cache
def _expected(dialect: str, path: str | None, method: str, status: int) -> tuple[str, Draft202012Validator | None]:
    document = openapi(dialect)
    if path is None:
        errors = reference_of(dialect).errors
        kind, schema = JSON, errors.get(status)
    else:
        answers: dict[str, Any] = document["paths"][path][method]["responses"]
        content = answers.get(str(status), {}).get("content", {JSON: {"schema": None}})
        [(kind, described)] = content.items()
        schema = described["schema"]
    if schema is None:
        return kind, None
    return kind, Draft202012Validator({**schema, "components": document["components"]})
