"""`Idempotency-Key`: the same request again gets the same answer, and its effect once."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from integrations.models import ApiKey, IdempotencyKey
from orders.errors import InvalidDraft, OrderError
from orders.models import JSONEncoder

MAX_LENGTH = 255

Answer = tuple[int, Any]


class IdempotencyConflict(OrderError):
    """The key was used before, with another body."""

    code = "idempotency_conflict"


def body_digest(body: Any) -> str:
    """The same for bodies that are the same JSON, whatever the order of their names and their white space."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, cls=JSONEncoder).encode()).hexdigest()


def once(
    api_key: ApiKey, endpoint: str, key: str | None, body: Any, perform: Callable[[], Answer]
) -> tuple[int, Any, bool]:
    """Status, body, and whether it is a replay. `perform` runs in the transaction that keeps its answer.

    Without a key it just runs, in whatever transaction it opens itself. A twin at the same time waits on the unique
    index until the first has committed, and then gets its answer; if the first failed, nothing was kept and the twin
    runs. Bodies are compared as JSON with sorted keys. Raises `InvalidDraft` for a bad key and `IdempotencyConflict`
    for another body.
    """
    if key is None:
        return *perform(), False
    if not 0 < len(key) <= MAX_LENGTH or "\x00" in key:
        raise InvalidDraft(f"Idempotency-Key must have 1 to {MAX_LENGTH} characters.", path="Idempotency-Key")
    digest = body_digest(body)
    name = {
        "merchant_id": api_key.source.merchant_id,
        "dialect": api_key.dialect,
        "endpoint": endpoint,
        "is_test": api_key.is_test,
        "key": key,
    }
    with transaction.atomic():
        try:
            with transaction.atomic():
                claim = IdempotencyKey.objects.create(**name, body_digest=digest)
        except IntegrityError:
            stored = IdempotencyKey.objects.get(**name)
            if stored.body_digest != digest:
                raise IdempotencyConflict("This Idempotency-Key was used with another body.") from None
            return stored.status_code or 200, json.loads(stored.answer or "null"), True
        claim.status_code, answer = perform()
        claim.answer = json.dumps(answer, cls=JSONEncoder)  # a text, because jsonb changes the order of names
        claim.save(update_fields=["status_code", "answer"])
        return claim.status_code, answer, False
