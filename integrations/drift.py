"""Whether a carrier still answers as its document says. What differs stops nothing: it is noted, for a person to see.

A room's `reference.py` describes the answers of its document, ours as well as the vendor's, so that it is the measure
here too.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, cast

from django.db import connection
from django.utils import timezone
from jsonschema import Draft202012Validator, ValidationError

from destinations.models import Destination
from integrations.carrier import Difference, readable
from integrations.models import Drift
from integrations.reference import JSON, openapi

_MOST = 20  # of one answer
_INDEX = re.compile(r"\[\d+\]")
Change = Drift.Change


def differences(dialect: str, method: str, path: str, status: int, answer: Any) -> list[Difference]:
    """How `answer` differs from what the dialect's document says that the call at `path` (as documented, with its
    {names}) answers with `status`. Empty for an answer that the document does not describe."""
    validator = _validator(dialect, method.lower(), path, status)
    if validator is None:
        return []
    call = f"{method.upper()} {path}"
    found: dict[tuple[str, str], Difference] = {}
    for error in validator.iter_errors(answer):
        for where, change, detail in _changes(error):
            where = _INDEX.sub("[]", where).removeprefix("$").removeprefix(".") or "the whole answer"
            found.setdefault((where, change), Difference(call, where[:120], change, detail[:300]))
        if len(found) >= _MOST:
            break
    if not found:
        return []
    body = readable(answer)
    return [Difference(one.call, one.path, one.change, one.detail, body) for one in found.values()]


# Seen again: counted, with the latest answer; one that somebody has looked into comes back a day later.
_NOTE = """
INSERT INTO integrations_drift AS kept (destination_id, call, path, change, detail, body, times, first_at, last_at)
VALUES (%s, %s, %s, %s, %s, %s, 1, %s, %s)
ON CONFLICT (destination_id, call, path, change) DO UPDATE SET
    detail = excluded.detail, body = excluded.body, times = kept.times + 1, last_at = excluded.last_at,
    settled_at = CASE WHEN kept.settled_at < excluded.last_at - interval '1 day' THEN NULL ELSE kept.settled_at END
"""


def note(destination: Destination, found: Sequence[Difference]) -> None:
    """Keeps what differed, once for each difference."""
    now = timezone.now()
    rows = sorted({(one.call, one.path, one.change): one for one in found}.items())  # the same order for everybody
    with connection.cursor() as cursor:
        for (call, path, change), one in rows:
            cursor.execute(_NOTE, [destination.pk, call[:80], path, change, one.detail, one.body, now, now])


@cache
def _validator(dialect: str, method: str, path: str, status: int) -> Draft202012Validator | None:
    document = openapi(dialect)
    answers = document["paths"].get(path, {}).get(method, {}).get("responses", {})
    schema = answers.get(str(status), {}).get("content", {}).get(JSON, {}).get("schema")
    return None if schema is None else Draft202012Validator({**schema, "components": document["components"]})


def _changes(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    where = error.json_path
    wanted, instance = cast(Any, error.validator_value), cast(Any, error.instance)
    match error.validator:
        case "required":
            for name in wanted:
                if name not in instance:
                    yield f"{where}.{name}", Change.MISSING, ""
        case "additionalProperties":
            for name in sorted(set(instance) - set(cast(Any, error.schema).get("properties", {}))):
                yield f"{where}.{name}", Change.ADDED, _short({name: instance[name]})
        case _ if instance is None:
            yield where, Change.NULLED, ""
        case "type":
            yield where, Change.RETYPED, f"{_short(instance)} is no {wanted}"
        case "anyOf" | "oneOf" if any(one.validator != "type" for one in error.context or ()):
            best = min(error.context or [], key=lambda one: (one.validator == "type", -len(one.absolute_path)))
            yield from _changes(best)
        case _:
            change = Change.UNKNOWN if error.validator in ("enum", "const") else Change.RETYPED
            yield where, change, _short(instance)


def _short(value: Any) -> str:
    text = readable(value)
    return text if len(text) <= 100 else text[:99] + "…"
