"""API keys: made, shown once, looked up by their SHA-256."""

import hashlib
import secrets
import time

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from destinations.models import Source
from integrations import registry
from integrations.models import ApiKey

# How exact "last used" is; writing it on every request would cost a statement each.
_LAST_USED_SECONDS = 60
_CACHE_SIZE = 10_000
_cache: dict[str, tuple[float, ApiKey]] = {}


def digest(secret: str) -> str:
    """Keys have 256 random bits: nothing is gained by a slow hash, and look-ups are by it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    source: Source, dialect: str, *, is_test: bool, name: str = "", created_by: User | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text (`mvx_test_…`), which cannot be had again."""
    prefix = f"{registry.DIALECTS[dialect].key_prefix}_{'test' if is_test else 'live'}_"
    secret = prefix + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        source=source,
        dialect=dialect,
        name=name,
        is_test=is_test,
        prefix=secret[: len(prefix) + 4],
        digest=digest(secret),
        created_by=created_by,
    )
    return key, secret


def revoke(key: ApiKey) -> None:
    """The key stops working, in every process within `API_KEY_CACHE_SECONDS`."""
    key.revoked_at = key.revoked_at or timezone.now()
    key.save(update_fields=["revoked_at"])
    _cache.pop(key.digest, None)


def look_up(secret: str, dialect: str) -> ApiKey | None:
    """The live key with this text, with its source and merchant; None for any that does not open this dialect."""
    wanted = digest(secret)
    now = time.monotonic()
    cached = _cache.get(wanted)
    if cached and cached[0] > now:
        key = cached[1]
    else:
        found = (
            ApiKey.objects.select_related("source__merchant")
            .filter(digest=wanted, revoked_at=None, source__is_active=True, source__merchant__is_active=True)
            .first()
        )
        if found is None:
            _cache.pop(wanted, None)
            return None
        key = found
        _note_use(key)
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        _cache[wanted] = (now + settings.API_KEY_CACHE_SECONDS, key)
    return key if key.dialect == dialect else None


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > _LAST_USED_SECONDS:
        with transaction.atomic():
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
