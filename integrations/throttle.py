"""Counting calls, for all processes together."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from integrations.models import RateWindow

# One statement, so that of any number of calls at once each is counted. Nobody waits for it to be on the disk: a crash
# may forget the last calls, and every call of one caller wants the same row.
_COUNT = """
WITH hurry AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO integrations_ratewindow AS kept (name, count, ends_at) SELECT %s, 1, %s FROM hurry
ON CONFLICT (name) DO UPDATE SET
    count = CASE WHEN kept.ends_at > %s THEN kept.count + 1 ELSE 1 END,
    ends_at = CASE WHEN kept.ends_at > %s THEN kept.ends_at ELSE excluded.ends_at END
RETURNING count, ends_at
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a caller stands: `limit` calls until `ends_at`, of which `count` are used."""

    limit: int
    count: int
    ends_at: datetime

    @property
    def exceeded(self) -> bool:
        return self.count > self.limit

    @property
    def remaining(self) -> int:
        return max(self.limit - self.count, 0)

    @property
    def reset(self) -> int:
        """Seconds since 1970, rounded up."""
        return math.ceil(self.ends_at.timestamp())

    @property
    def wait(self) -> float:
        """Seconds until calls are answered again."""
        return max((self.ends_at - timezone.now()).total_seconds(), 0)


def count(name: str, limit: int, seconds: int) -> Allowance:
    """Counts one call of `name`, whose window of `seconds` begins with the first. Not within a transaction that may
    be rolled back."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [name[:120], now + timedelta(seconds=seconds), now, now])
        used, ends_at = cursor.fetchone()
    return Allowance(limit, used, ends_at)


# `ends_at` is when the calls until now would have been made at the steady pace; a call may run ahead of it by a burst.
_RESERVE = """
WITH hurry AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO integrations_ratewindow AS kept (name, count, ends_at) SELECT %s, 1, %s + %s FROM hurry
ON CONFLICT (name) DO UPDATE SET count = kept.count + 1, ends_at = GREATEST(kept.ends_at, %s) + %s
    WHERE GREATEST(kept.ends_at, %s) <= %s + %s
RETURNING 0
"""


def reserve(name: str, limit: int, seconds: float, *, steady: bool = False) -> timedelta:
    """Asks whether one more call of `name` keeps to `limit` calls in any `seconds`, for all processes together. Zero,
    and the call is counted; or how long to wait before asking again. Not within a transaction that may be rolled back.

    A quarter of the limit may be used at once, the rest comes at a steady pace: so that no window, wherever it begins,
    has more than the limit. A `steady` call uses nothing of that quarter, so that it never keeps others from it.
    """
    burst = max(limit // 4, 1)
    step = timedelta(seconds=seconds / max(limit - burst, 1))
    now = timezone.now()
    ahead = timedelta() if steady else step * (burst - 1)
    with connection.cursor() as cursor:
        asked: list[Any] = [name[:120], now, step, now, step, now, now, ahead]
        cursor.execute(_RESERVE, asked)
        if cursor.fetchone():
            return timedelta()
    ends_at = RateWindow.objects.values_list("ends_at", flat=True).get(name=name[:120])
    return max(ends_at - now - ahead, step)


def forget(name: str) -> None:
    """The calls of `name` have not been too many after all."""
    RateWindow.objects.filter(name=name[:120]).delete()


def address_of(request: HttpRequest) -> str:
    """The caller's address: the one that our own proxy saw, if there is one."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUST_FORWARDED_FOR else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
